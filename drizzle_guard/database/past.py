"""Which file a row of the migrations table records: git's history is searched for the blob with that sha256."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal

from drizzle_guard.database.hashes import file_hash
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.repository import Repository
from drizzle_guard.light import NamedTuple

#: changes of SQL files that are looked at, newest first; a history with more is not searched to its end
_MOST = 20_000


class Past(NamedTuple):
    """A file of git's history: its path from the root, what became of it in which commit, where it still was."""

    path: str
    what: Literal["deleted", "changed", "added", "missing"]
    commit: str
    before: str
    branch: str = ""

    @property
    def tag(self) -> str:
        """The migration's name."""
        return self.path.rpartition("/")[2].removesuffix(".sql")

    @property
    def words(self) -> str:
        """In words."""
        if self.what == "missing":
            return f"{printable(self.tag)}, whose file is missing here; HEAD has it"
        branch = f" on {printable(self.branch)}" if self.branch else ""
        return f"{printable(self.tag)}, {self.what} in {self.commit[:7]}{branch}"

    @property
    def command(self) -> str:
        """What brings it back."""
        return f"git checkout {self.before[:12]} -- {_quoted(self.path)}"  # `HEAD` stays as it is


def find_past(root: Path, folder: Path, hashes: Collection[str]) -> dict[str, Past]:
    """Look up in git's history which file had each of these hashes; nothing outside a repository."""
    wanted = set(hashes)
    if not wanted or not (root / ".git").exists():
        return {}
    try:
        with Repository(str(root)) as repository:
            return _search(repository, folder.resolve().relative_to(root.resolve()).as_posix(), wanted)
    except (GuardError, ValueError, OSError):  # no git, no commit: nothing is known of the past
        return {}


def _search(repository: Repository, folder: str, wanted: set[str]) -> dict[str, Past]:
    inside = "" if folder == "." else f"{folder}/"
    out = repository.git(
        *("log", "--all", "--format=%x01%H", "--raw", "--no-abbrev", "-z", "--no-renames", "--diff-filter=AMD"),
        *(f"--max-count={_MOST}", "--", f":(glob){inside}**/*.sql"),
    )
    found: dict[str, Past] = {}
    looked: dict[str, str] = {}

    def hash_of(oid: str) -> str:
        if oid not in looked:
            data = b"" if not oid.strip("0") else repository.blob(oid)
            looked[oid] = file_hash(data)
        return looked[oid]

    for oid, path in _missing_here(repository, inside):  # first: an older file of that hash has another name
        if (gone := hash_of(oid)) in wanted:
            found[gone] = Past(path, "missing", "HEAD", "HEAD")
    for commit, old, new, letter, path in _changes(out):
        if not wanted - found.keys():
            break
        gone, came = hash_of(old), hash_of(new)
        if gone in wanted and gone not in found:
            found[gone] = Past(path, "deleted" if letter == "D" else "changed", commit, f"{commit}^")
        if came in wanted and came not in found:
            found[came] = Past(path, "added", commit, commit)
    return {hash: past if past.what == "missing" else _named(repository, past) for hash, past in found.items()}


def _missing_here(repository: Repository, inside: str) -> Iterator[tuple[str, str]]:
    """The blob and the path of each SQL file that HEAD has and the worktree lacks."""
    if repository.commit("HEAD") is None:
        return
    for row in repository.git("ls-tree", "-r", "-z", "HEAD", "--", inside or ".").split(b"\0"):
        head, _, name = row.partition(b"\t")
        path = name.decode("utf-8", "replace")
        if path.endswith(".sql") and not (Path(repository.root) / path).exists():
            yield head.decode().split()[2], path


def _changes(out: bytes) -> Iterator[tuple[str, str, str, str, str]]:
    """The changes of `git log --raw -z`: commit, old blob, new blob, letter, path; the newest first."""
    commit, fields, place = "", out.split(b"\0"), 0
    while place < len(fields):
        field = fields[place].lstrip(b"\n")
        place += 1
        if field.startswith(b"\x01"):
            commit = field[1:41].decode()
            field = field[41:].lstrip(b"\n")
        if field.startswith(b":") and place < len(fields):
            parts = field.decode().split()
            yield commit, parts[2], parts[3], parts[4][:1], fields[place].decode("utf-8", "replace")
            place += 1


def _named(repository: Repository, past: Past) -> Past:
    before = repository.line("rev-parse", "--verify", "--quiet", past.before) or past.before
    name = repository.line("name-rev", "--name-only", "--no-undefined", "--refs=refs/heads/*", past.commit) or ""
    return past._replace(before=before, branch=re.split("[~^]", name)[0])


def _quoted(path: str) -> str:
    plain = all(c.isalnum() or c in "/._-+" for c in path)
    return path if plain else "'" + printable(path).replace("'", "'\\''") + "'"
