"""Reading folders in Drizzle v1's layout out of commits: a folder `<second>_<name>` for each migration."""

from __future__ import annotations

from collections.abc import Iterable

from drizzle_guard.drizzle.folder import Blob, Folder
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.drizzle.v1 import SNAPSHOT, SQL, is_v1_name, read_v1
from drizzle_guard.git.folders import blob
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import text_of


def v1_folders_at(repository: Repository, commit: str) -> set[str]:
    """All folders of v1's layout in a commit; one with a journal is none."""
    listed = repository.git("ls-tree", "-r", "-z", "--name-only", commit)
    return _folders(text_of(listed).split("\0"))


def v1_changed_folders(repository: Repository, one: str, other: str) -> set[str]:
    """Folders of v1's layout (in `other`) of which a migration differs between two commits."""
    patterns = (f":(top,glob)**/{SQL}", f":(top,glob)**/{SNAPSHOT}")
    listed = repository.git("diff-tree", "-r", "-z", "--name-only", "--no-renames", one, other, "--", *patterns)
    return _folders(text_of(listed).split("\0"))


def _folders(paths: Iterable[str]) -> set[str]:
    found, journals = set(), set()
    for path in paths:
        place, _, file = path.rpartition("/")
        folder, _, name = place.rpartition("/")
        if file in (SQL, SNAPSHOT) and is_v1_name(name):
            found.add(folder)
        elif path.endswith(PATH):
            journals.add(path[: -len(PATH)].rstrip("/"))
    return found - journals


def v1_history_at(repository: Repository, commit: str | None, folder: str, *, name: str = "") -> Folder:
    """The folder in a commit (None: empty); `name` is how messages call the version (default: the folder)."""
    files: dict[str, Blob] = {}
    shown, prefix = name or folder, f"{folder}/" if folder else ""
    listed = b"" if commit is None else repository.git("ls-tree", "-r", "-z", commit, "--", prefix or ".")
    for record in text_of(listed).split("\0"):
        head, _, path = record.partition("\t")
        inside = path.removeprefix(prefix)
        directory, _, file = inside.partition("/")
        if record and file in (SQL, SNAPSHOT) and is_v1_name(directory):
            mode, _, oid = head.split()
            files[inside] = blob(repository, oid, mode, f"{shown}/{inside}" if shown else inside)
    return read_v1(shown, files)
