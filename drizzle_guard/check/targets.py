"""What `check` looks at: migration folders on disk, and what the mainline has of each."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType

from drizzle_guard.config import Config, read_config
from drizzle_guard.disk import find_folders, find_v1_folders, folder_files
from drizzle_guard.drizzle.config_text import may_be_config
from drizzle_guard.drizzle.folder import Blob, join
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.drizzle.v1 import is_v1_name
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.chosen import other_spelling, path_in_worktree, spelled_by_git
from drizzle_guard.git.folders import checked_out_with_crlf, files_at, files_in_index, folders_at, folders_in_index
from drizzle_guard.git.folders_v1 import v1_history_at
from drizzle_guard.git.ignored import ignored_folders
from drizzle_guard.git.lost_journals import refuse_lost_journals
from drizzle_guard.git.mainline import Mainline, find_mainline
from drizzle_guard.git.repository import Repository
from drizzle_guard.heal.cure import allowed_edits
from drizzle_guard.light import NamedTuple
from drizzle_guard.rules.model import Finding, Git, MainlineFolder
from drizzle_guard.rules.reading import SYMLINK, UNREADABLE
from drizzle_guard.rules.run import read_any_history, work
from drizzle_guard.rules.v1 import V1Mainline
from drizzle_guard.terminal import say

_CONFIG_BYTES = 256 * 1024


class FolderToCheck(NamedTuple):
    """A folder to check.  `migrations` are the names of a v1 folder's, None for the journal layout.

    `fault` says why its files could not be listed.
    """

    name: str
    path: Path
    files: Mapping[str, Blob]
    migrations: list[str] | None = None
    fault: Finding | None = None

    @property
    def work(self) -> int:
        """How many ticks a check of it takes."""
        return len(work(self.files)) if self.migrations is None else len(self.migrations)


def find_targets(paths: Iterable[str], start: Path) -> list[FolderToCheck]:
    """The folders at or below `paths`, each once; their names are relative to `start`.

    A path may also be a file of a folder, as pre-commit passes them.  Raises UsageError if there is nothing.
    """
    found: dict[str, FolderToCheck] = {}
    paths = tuple(paths)
    for given in paths:
        path = _folder_of(Path(given))
        if not path.is_dir():
            raise UsageError(f"{printable(given)} does not exist.")
        for folder in find_folders(path):
            found.setdefault(os.path.realpath(folder), _journal_target(folder, _shown(folder, start)))
        for folder in find_v1_folders(path):
            found.setdefault(os.path.realpath(folder), _v1_target(folder, _shown(folder, start)))
    wanted = {os.path.realpath(_folder_of(Path(path))) for path in paths}  # a named one is looked at all the same
    for real in ignored_folders([folder for folder in found if folder not in wanted]):
        del found[real]
    if not found:
        where = " or ".join("here" if given == "." else f"at {printable(given)}" for given in paths)
        raise UsageError(f"There is no migration folder {where} or below.", f"A folder is known by its {PATH}.")
    return sorted(found.values(), key=lambda target: target.name)


def refuse_what_git_alone_has(paths: Iterable[str], onto: str | None) -> None:
    """Raise GuardError for a folder at or below `paths` whose journal git has and the disk has not."""
    try:
        with Repository() as repository:
            below = [path_in_worktree(repository, str(_folder_of(Path(path)))) for path in paths]
            refuse_lost_journals(repository, onto, [path for path in below if path is not None] if below else ("",))
    except UsageError:
        return  # no repository: then there is nothing but the disk


def config_texts(targets: Iterable[FolderToCheck], start: Path) -> dict[str, str]:
    """The texts of `drizzle.config.*` files beside or above the folders, by their paths relative to `start`."""
    texts: dict[str, str] = {}
    directories = {parent for target in targets for parent in _parents(target.path, start)}
    for directory in sorted(directories):
        with contextlib.suppress(OSError):  # a config that cannot be read says nothing
            for path in sorted(directory.iterdir()):
                if may_be_config(path.name) and path.is_file() and path.stat().st_size <= _CONFIG_BYTES:
                    texts[_shown(path, start)] = path.read_text("utf-8", "replace")
    return texts


class Unasked(NamedTuple):
    """Rules that could not be applied, and why; `cure` is the command that helps ("": none)."""

    codes: tuple[str, ...]
    why: str
    cure: str = ""


_NO_REPOSITORY = Unasked(("DG031", "DG032", "DG033", "DG034"), "there is no git repository here")
_NO_MAINLINE = Unasked(
    ("DG031", "DG032", "DG033"),
    "no mainline is known here, so nothing counts as published",
    "drizzle-guard check --onto NAME",
)
_SHALLOW = Unasked(
    ("DG032",), "where the branch left the mainline is not in this shallow clone", "git fetch --unshallow"
)
_UNRELATED = Unasked(("DG032",), "the branch and the mainline have no commit in common")


class Published(NamedTuple):
    """What git knows of one folder: its history on the mainline, and the (tag, path) of allowed edits.

    `repository` is the one around it and `folder` its path there; `git` is what the index has of it, `committed` the
    paths that HEAD has.

    `lf_in_git` are the paths of SQL files to which the checkout gave CRLF, and git has LF.
    """

    mainline: MainlineFolder | None = None
    allowed: frozenset[tuple[str, str]] = frozenset()
    lf_in_git: frozenset[str] = frozenset()
    repository: Repository | None = None
    folder: str = ""
    git: Git | None = None
    committed: frozenset[str] = frozenset()
    v1: V1Mainline | None = None  # of a folder in Drizzle v1's layout
    unasked: Unasked | None = None


class Mainlines:
    """Finds the mainline of each folder; every repository is asked once."""

    def __init__(self, onto: str | None) -> None:
        self._onto = onto
        self._here: Repository | None = None
        self._opened: list[Repository] = []
        self._repositories: dict[str, tuple[Repository, Mainline | None, str | None, Config]] = {}

    def __enter__(self) -> Mainlines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for repository in self._opened:
            repository.close()

    def of(self, target: FolderToCheck) -> Published:
        """The mainline's version of a folder.  Raises UsageError if `--onto` names nothing."""
        try:
            repository = self._around(target.path)
        except UsageError:
            if self._onto is not None:
                raise
            return Published(unasked=_NO_REPOSITORY)
        repository, branch, base, config = self._ask(repository)
        folder = _in_gits_spelling(repository, branch, target, path_in_worktree(repository, str(target.path)) or "")
        allowed = frozenset(allowed_edits(config, folder, target.files))
        lf_in_git = checked_out_with_crlf(repository, folder)
        if target.migrations is not None:
            known = Published(None, allowed, lf_in_git, repository, folder)
            return known if branch is None else known._replace(v1=_v1_mainline(repository, branch, base, folder))
        index = {path: stages[0] for path, stages in files_in_index(repository, folder).items() if 0 in stages}
        staged = read_any_history(folder, index) if PATH in index else None
        git = None if staged is None else Git(frozenset(index), frozenset(entry.tag for entry in staged.entries))
        head = repository.commit("HEAD")
        committed = frozenset(files_at(repository, head, folder, folder)) if head is not None else frozenset()
        known = Published(None, allowed, lf_in_git, repository, folder, git, committed)
        if branch is None:
            return known if head is None else known._replace(unasked=_NO_MAINLINE)  # nothing is published yet
        if base is None and head is not None:
            known = known._replace(unasked=_SHALLOW if repository.is_shallow() else _UNRELATED)
        tip = read_any_history(branch.name, files_at(repository, branch.commit, folder, f"{branch.name}:{folder}"))
        old = read_any_history("", files_at(repository, base, folder, folder)) if base else None
        return known if tip is None else known._replace(mainline=MainlineFolder(branch.name, tip, old))

    def _around(self, folder: Path) -> Repository:
        """The repository of a folder: the one that the command runs in, unless the folder is not of it.

        In a hook git's environment may say which repository that is, and only from where the hook runs.
        """
        if self._here is None:
            with contextlib.suppress(UsageError):
                self._here = self._open()
        full = Path(os.path.realpath(folder))
        if self._here is not None:
            top = Path(os.path.realpath(self._here.root))
            between = [path for path in (full, *full.parents) if path.is_relative_to(top) and path != top]
            if full.is_relative_to(top) and not any((path / ".git").exists() for path in between):
                return self._here
        return self._open(str(folder))

    def _open(self, directory: str | None = None) -> Repository:
        self._opened.append(Repository(directory))
        return self._opened[-1]

    def _ask(self, repository: Repository) -> tuple[Repository, Mainline | None, str | None, Config]:
        if repository.root not in self._repositories:
            branch = find_mainline(repository, self._onto)
            head = repository.commit("HEAD") if branch is not None else None
            bases = repository.merge_bases(head, branch.commit) if branch is not None and head is not None else []
            config = read_config(Path(repository.root))
            self._repositories[repository.root] = (repository, branch, bases[0] if bases else None, config)
        return self._repositories[repository.root]


def _v1_mainline(repository: Repository, branch: Mainline, base: str | None, folder: str) -> V1Mainline:
    tip, old = (
        [m.tag for m in v1_history_at(repository, commit, folder).migrations] for commit in (branch.commit, base)
    )
    return V1Mainline(branch.name, tuple(tip), frozenset((*tip, *old)))


def _in_gits_spelling(repository: Repository, branch: Mainline | None, target: FolderToCheck, folder: str) -> str:
    """The folder as the mainline and the index call it; the disk may spell it otherwise (macOS, Windows)."""
    if branch is None or repository.line("rev-parse", "-q", "--verify", f"{branch.commit}:{join(folder, PATH)}"):
        return folder
    there = folders_at(repository, branch.commit)
    spelled = spelled_by_git(repository, folder, there | folders_in_index(repository))
    if spelled not in there and target.migrations is None and (like := other_spelling(spelled, there)):
        say(
            f"{printable(target.name) or '.'} is compared with nothing on {printable(branch.name)}: "
            f"what is there is called {printable(like)}."
        )
    return spelled


def root_of(directory: str) -> Path:
    """The top of the repository around a directory; the directory itself where there is none."""
    try:
        return Path(Repository(directory).root)
    except UsageError:
        return Path(directory)


def _folder_of(path: Path) -> Path:
    if path.is_dir() or not path.exists():
        return path
    parent = path.parent
    return parent.parent if parent.name == "meta" or is_v1_name(parent.name) else parent


def _shown(path: Path, start: Path) -> str:
    """`path` relative to `start` if it lies below it ("" for itself), else in full."""
    full, top = os.path.realpath(path), os.path.realpath(start)
    if full == top:
        return ""
    return Path(os.path.relpath(full, top) if full.startswith(os.path.join(top, "")) else full).as_posix()


def _parents(folder: Path, start: Path) -> Iterator[Path]:
    """The directories above a folder, up to `start`."""
    top = os.path.realpath(start)
    for parent in Path(os.path.realpath(folder)).parents:
        if parent.as_posix() == Path(top).as_posix() or str(parent).startswith(os.path.join(top, "")):
            yield parent


def _journal_target(folder: Path, name: str) -> FolderToCheck:
    try:
        return FolderToCheck(name, folder, folder_files(folder, name))
    except GuardError as error:
        return FolderToCheck(name, folder, {}, fault=SYMLINK.at(f"{name}/meta" if name else "meta", error.message))
    except OSError as error:
        message = f"{printable(name or '.')} cannot be read: {error.strerror}."
        return FolderToCheck(name, folder, {}, fault=UNREADABLE.at(name, message))


def _v1_target(folder: Path, name: str) -> FolderToCheck:
    files: dict[str, Blob] = {}
    migrations = []
    try:
        for item in sorted(os.scandir(folder), key=lambda item: item.name):
            if item.is_dir(follow_symlinks=False) and is_v1_name(item.name):
                migrations.append(item.name)
                files.update(_files_in(Path(item.path), f"{item.name}/", name))
    except OSError as error:
        message = f"{printable(name or '.')} cannot be read: {error.strerror}."
        return FolderToCheck(name, folder, {}, [], UNREADABLE.at(name, message))
    files.update(_files_in(folder, "", name))
    return FolderToCheck(name, folder, files, migrations)


def _files_in(directory: Path, prefix: str, name: str) -> Iterator[tuple[str, Blob]]:
    with os.scandir(directory) as found:
        for item in found:
            if not item.is_dir(follow_symlinks=False):
                mode = "100644" if item.is_file(follow_symlinks=False) else "120000"
                path = prefix + item.name
                yield path, Blob(Path(item.path).read_bytes, mode=mode, name=f"{name}/{path}" if name else path)
