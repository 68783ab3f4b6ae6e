"""Which migration folders a command's PATHS mean: the one answer for every command.

A path is taken as the file system takes it: from the current directory, through links, and, where the file system
does not tell upper from lower case or composes letters (`core.ignoreCase`, `core.precomposeUnicode`), in any spelling.
git's own spelling is what comes out.  A path without a migration folder is an error, never "nothing to do".
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from drizzle_guard.drizzle.folder import join
from drizzle_guard.errors import UsageError, printable
from drizzle_guard.git.repository import Repository


def chosen_folders(repository: Repository, paths: Sequence[str], folders: Iterable[str], where: str) -> list[str]:
    """The folders (from the top of the worktree) at or below the paths; all, if none is given.

    Paths are as the user typed them; one of a folder's own files stands for its folder.  Raises UsageError for a path
    without a folder; `where` says whose folders these are.
    """
    folders = set(folders)
    if not paths:
        return sorted(folders)
    chosen: set[str] = set()
    for path in paths:
        inside = path_in_worktree(repository, path)
        below = _at_or_below(inside, folders)
        if not below and inside is not None:
            spelled = spelled_by_git(repository, inside, folders)
            below = _at_or_below(spelled, folders)
        if not below:
            raise UsageError(
                f"{printable(path)}: no migration folder of {where} is there.",
                *(f"git calls it {printable(like)}" for like in _alike(inside or "", folders)),
            )
        chosen |= below
    return sorted(chosen)


def path_in_worktree(repository: Repository, path: str) -> str | None:
    """A typed path as seen from the top of the worktree, with `/` ("": the top); None if it lies outside.

    Links are followed: `/tmp` may be one, and a folder may be reached through one.
    """
    try:
        inside = os.path.relpath(os.path.realpath(path), os.path.realpath(repository.root)).replace(os.sep, "/")
    except ValueError:  # another drive, on Windows
        return None
    if inside == ".." or inside.startswith("../"):
        return None
    return "" if inside == "." else inside


def spelled_by_git(repository: Repository, inside: str, folders: Iterable[str]) -> str:
    """A path of the worktree in the spelling that git has for its folder.

    It stays as it is where git has that spelling, and where git's setting and the file system both say that another
    spelling is another path.
    """
    folders = set(folders)
    if _at_or_below(inside, folders):
        return inside
    for like in _alike(inside, folders):
        if _is_one_path(repository, inside, like):
            return like
    return inside


def other_spelling(inside: str, folders: Iterable[str]) -> str | None:
    """A folder that differs from the path in letter case or Unicode composition alone; None if there is none."""
    return next((like for like in _alike(inside, folders) if like != inside), None)


def _at_or_below(inside: str | None, folders: set[str]) -> set[str]:
    if inside is None:
        return set()
    below = {f for f in folders if inside in ("", f) or f.startswith(f"{inside}/")}
    return below or {f for f in folders if _is_file_of(inside, f)}


def _is_file_of(inside: str, folder: str) -> bool:
    parent, _, name = inside.rpartition("/")
    return (parent == folder and name.endswith(".sql")) or inside == join(folder, "meta") or (
        parent == join(folder, "meta") and name.endswith(".json")
    )  # fmt: skip


def _alike(inside: str, folders: Iterable[str]) -> list[str]:
    """What folders, and directories above them, are called that have this path in another spelling."""
    depth = inside.count("/") + 1
    starts = {"/".join(folder.split("/")[:depth]) for folder in folders}
    return sorted(start for start in starts if start and _folded(start) == _folded(inside))


def _folded(path: str) -> str:
    import unicodedata  # late: hardly ever needed

    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _is_one_path(repository: Repository, one: str, other: str) -> bool:
    """Whether two spellings are the same path here, by git's settings or by what the file system has."""
    import unicodedata

    try:
        if os.path.samefile(os.path.join(repository.root, one), os.path.join(repository.root, other)):
            return True
    except OSError:
        pass  # one of them is not there
    same_letters = unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)
    settings = ["core.precomposeunicode"] if same_letters else ["core.ignorecase"]
    return any(repository.line("config", "--type=bool", "--get", name) == "true" for name in settings)
