"""The throw-away repository: hermetic, with two branches that each ran `drizzle-kit generate`."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import drizzle_guard
from drizzle_guard.errors import UsageError
from drizzle_guard.git.repository import Repository
from drizzle_guard.install.shell_lines import MARK, executable
from drizzle_guard.install.steps import Wanted, do, install_steps
from drizzle_guard.light import NamedTuple

if TYPE_CHECKING:
    from git import Repo

FOLDER = "drizzle"
_JOURNAL = f"{FOLDER}/meta/_journal.json"
_DATE = "2024-05-15T12:00:00Z"


class Stopped(NamedTuple):
    """A merge that stopped: the paths in conflict, and the journal as git left it."""

    conflicts: list[str]
    journal: str


@contextmanager
def hermetic(directory: Path) -> Iterator[None]:
    """An environment in which git knows nothing of the user's settings, and hooks find this drizzle-guard."""
    home, scripts = directory / "home", directory / "bin"
    home.mkdir()
    scripts.mkdir()
    if executable() is None:  # run from a source tree
        script = scripts / MARK
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m drizzle_guard "$@"\n', "utf-8")
        script.chmod(0o755)
    before = dict(os.environ)
    package = str(Path(drizzle_guard.__file__).parent.parent)
    for name in list(os.environ):
        if name.startswith("GIT_"):
            del os.environ[name]
    os.environ.update(
        HOME=str(home),
        XDG_CONFIG_HOME=str(home),
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_CONFIG_NOSYSTEM="1",
        GIT_ATTR_NOSYSTEM="1",
        GIT_EDITOR="true",
        GIT_TERMINAL_PROMPT="0",
        GIT_AUTHOR_DATE=_DATE,
        GIT_COMMITTER_DATE=_DATE,
        LC_ALL="C",
        PATH=os.pathsep.join([str(scripts), before.get("PATH", os.defpath)]),
        # a new HOME hides what was installed for one user only
        PYTHONPATH=os.pathsep.join([package, *filter(None, [before.get("PYTHONPATH")])]),
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def build(root: Path) -> Repo:
    """A repository with branches main and feature, feature checked out.  Raises UsageError if git is missing."""
    if shutil.which("git") is None:
        raise UsageError("git is not on the PATH.")
    from git import Repo  # late: GitPython looks for git as soon as it is imported

    repo = Repo.init(root, initial_branch="main")
    with repo.config_writer() as config:
        config.set_value("user", "name", "Demo")
        config.set_value("user", "email", "demo@example.org")
        config.set_value("core", "autocrlf", "false")
    _commit(repo, "base", "Users")
    repo.git.branch("feature")
    _commit(repo, "main", "Age of a user")
    repo.git.checkout("-q", "feature")
    _commit(repo, "feature", "Comments with stars")
    return repo


def _commit(repo: Repo, side: str, message: str) -> None:
    source = Path(__file__).parent / "files" / side
    for file in source.rglob("*"):
        if file.is_file():  # copied by hand: an installation may be read-only, and modes would come along
            target = Path(repo.working_dir, file.relative_to(source))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    repo.git.add("-A")
    repo.git.commit("-q", "-m", message)


def merge_plainly(repo: Repo) -> Stopped:
    """Merge main into a branch `by-hand` with nothing but git."""
    from git import GitCommandError

    repo.git.checkout("-q", "-b", "by-hand")
    try:
        repo.git.merge("--no-edit", "main")
    except GitCommandError:
        conflicts = sorted(str(path) for path in repo.index.unmerged_blobs())
        return Stopped(conflicts, Path(repo.working_dir, _JOURNAL).read_text("utf-8"))
    raise AssertionError("two journals merged without a conflict")


def repair_by_hand(repo: Repo) -> None:
    """What people do in that stopped merge: take main's entries, give the own files and entries the next numbers.

    The chain of snapshots is mended too, so that `drizzle-kit check` finds nothing; only `when` is forgotten.
    """
    folder = Path(repo.working_dir, FOLDER)
    repo.git.checkout("main", "--", f"{FOLDER}/meta/0001_snapshot.json")
    journal = json.loads(repo.git.show(f"main:{_JOURNAL}"))
    newest = json.loads((folder / "meta" / "0001_snapshot.json").read_text("utf-8"))
    for entry in json.loads(repo.git.show(f"feature:{_JOURNAL}"))["entries"][1:]:
        number, _, suffix = entry["tag"].partition("_")
        new = f"{int(number) + 1:04}"
        sql = repo.git.show(f"feature:{FOLDER}/{entry['tag']}.sql", strip_newline_in_stdout=False)
        (folder / f"{entry['tag']}.sql").unlink()
        (folder / f"{new}_{suffix}.sql").write_bytes(sql.encode())
        snapshot = json.loads(repo.git.show(f"feature:{FOLDER}/meta/{number}_snapshot.json"))
        newest = {**snapshot, "prevId": newest["id"]}
        (folder / "meta" / f"{new}_snapshot.json").write_text(json.dumps(newest, indent=2), "utf-8")
        journal["entries"].append({**entry, "idx": int(new), "tag": f"{new}_{suffix}"})
    (folder / "meta" / "_journal.json").write_text(json.dumps(journal, indent=2), "utf-8")
    repo.git.add("-A")
    repo.git.commit("-q", "--no-edit")


def merge_guarded(repo: Repo) -> None:
    """Arm the clone as `drizzle-guard install` does, commit the attributes, and merge main into feature."""
    repo.git.checkout("-q", "feature")
    with Repository(str(repo.working_dir)) as repository:
        do(repository, install_steps(repository, Wanted()))
    repo.git.add(".gitattributes")
    repo.git.commit("-q", "-m", "drizzle-guard")
    repo.git.merge("--no-edit", "main")


def folder_at(repo: Repo, commit: str) -> dict[str, bytes]:
    """The migration folder in a commit, by path inside it."""
    tree = repo.commit(commit).tree / FOLDER
    return {
        os.path.relpath(str(item.path), FOLDER).replace(os.sep, "/"): item.data_stream.read()
        for item in tree.traverse()
        if not isinstance(item, tuple) and item.type == "blob"
    }
