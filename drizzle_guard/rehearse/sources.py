"""The versions of a folder that the rehearsal starts from: on disk, on the mainline, at the merge base."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

from drizzle_guard.disk import folder_files
from drizzle_guard.drizzle.folder import Blob, Folder, read_folder
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.drizzle.snapshot import read_snapshot
from drizzle_guard.drizzle.v1 import SNAPSHOT, SQL, folder_millis, in_order, is_v1_name, read_v1
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.folders import files_at
from drizzle_guard.git.mainline import find_mainline
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import text_of
from drizzle_guard.light import NamedTuple
from drizzle_guard.rehearse.snapshot_v1 import schema_of
from drizzle_guard.rehearse.states import Start, Step, Version, merged, version_of
from drizzle_guard.sql.statements import decode

_PACKAGE_BYTES = 1024 * 1024
_MERGES = 20  # so many merges since the mainline are looked into for where their sides parted

_DIALECTS = {
    **{"postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql"},
    **{"sqlite": "sqlite", "turso": "sqlite"},
}


class Newest(NamedTuple):
    """The schema that the newest snapshot describes (of a v1 folder: those that no other follows)."""

    name: str
    read: Callable[[], dict[str, Any]]


class Source(NamedTuple):
    """A folder to rehearse: what stands on disk, and where databases can stand.

    `kind` is the kind of database; `snapshot` is the newest schema; `notes` say what could not be looked at.
    """

    name: str
    path: Path
    kind: str
    dialect: str
    present: Version
    starts: tuple[Start, ...]
    snapshot: Newest | None
    notes: tuple[str, ...]


def read_source(path: Path, name: str, onto: str | None, open_: ExitStack, *, all_bases: bool) -> Source:
    """Read a folder and its versions; their SQL is read while `open_` holds the repository.

    Raises GuardError where the folder is not sound, UsageError if `--onto` names nothing.
    """
    v1 = not (path / PATH).is_file()
    files = v1_files(path, name) if v1 else folder_files(path, name)
    newest = None
    if v1:
        present, dialect = _v1_version(name, files), ""
        snapshots = _v1_snapshots(files)
        if snapshots:
            dialect = str(read_snapshot(snapshots[-1][1]).get("dialect", ""))
            newest = Newest(snapshots[-1][1].name, partial(schema_of, snapshots))
    else:
        folder = read_folder(name, files)
        present, dialect, snapshot = version_of(folder), folder.journal.dialect, newest_snapshot(folder)
        if snapshot is not None:
            newest = Newest(snapshot.name, partial(read_snapshot, snapshot))
    kind = _DIALECTS.get(dialect)
    if kind is None:
        said = f"is for {printable(dialect)}" if dialect else "does not say for which database it is"
        raise UsageError(f"{printable(name)} {said}; rehearse knows postgresql, mysql, sqlite and turso.")
    starts, notes = _starts(path, onto, present, open_, v1=v1, all_bases=all_bases)
    return Source(name, path, kind, dialect, present, tuple(starts), newest, tuple(notes))


def newest_snapshot(folder: Folder) -> Blob | None:
    """The snapshot from which drizzle-kit generates next: the last file in `meta/` (kit 0.31 `bin.cjs`)."""
    found = [p for p in folder.files if p.startswith("meta/") and p.endswith(".json") and not p.startswith("meta/_")]
    return folder.files[max(found)] if found else None


def v1_files(path: Path, name: str) -> dict[str, Blob]:
    """The migrations and snapshots of a v1 folder, by `<name>/migration.sql`."""
    files: dict[str, Blob] = {}
    for directory in sorted(path.iterdir()):
        if not is_v1_name(directory.name) or directory.is_symlink():
            continue
        for inside in (SQL, SNAPSHOT):
            file = directory / inside
            if file.is_file():
                mode = "120000" if file.is_symlink() else "100644"
                key = f"{directory.name}/{inside}"
                files[key] = Blob(file.read_bytes, mode=mode, name=f"{name}/{key}")
    return files


def _v1_version(name: str, files: Mapping[str, Blob]) -> Version:
    steps = [
        Step(m.tag, folder_millis(m.tag) or 0, m.sql.id, partial(_text, m.sql))
        for m in read_v1(name, files).migrations
        if m.sql is not None
    ]
    return Version(tuple(steps), by_name=True)


def _text(blob: Blob) -> str:
    return decode(blob.data)


def _v1_snapshots(files: Mapping[str, Blob]) -> list[tuple[str, Blob]]:
    """Name and snapshot of each migration, in the order in which v1 runs them."""
    names = in_order(path.partition("/")[0] for path in files if path.endswith(f"/{SNAPSHOT}"))
    return [(name, files[f"{name}/{SNAPSHOT}"]) for name in names]


def _starts(
    path: Path, onto: str | None, present: Version, open_: ExitStack, *, v1: bool, all_bases: bool
) -> tuple[list[Start], list[str]]:
    empty = Start("empty", "an empty database", Version((), v1))
    try:
        repository = Repository(str(path))
    except UsageError:
        if onto is not None:
            raise
        return [empty], ["No git repository is here, so only an empty database was looked at."]
    open_.callback(repository.close)
    mainline = find_mainline(repository, onto)
    if mainline is None:
        return [empty], ["No mainline was found, so only an empty database was looked at. Name one: --onto REF"]
    folder = Path(os.path.relpath(os.path.realpath(path), os.path.realpath(repository.root))).as_posix()
    folder = "" if folder == "." else folder
    notes: list[str] = []

    def version(commit: str, shown: str) -> Version | None:
        try:
            return _version_at(repository, commit, folder, shown, v1=v1)
        except GuardError as error:
            notes.append(f"{shown} cannot be a starting point: {error.message}")
            return None

    branch = printable(mainline.name)
    found = [empty]
    tip = version(mainline.commit, f"{branch}:{folder}")
    if tip is not None and tip.steps:
        found.append(Start("mainline", f"a database at {branch}'s state", tip))
    for commit in _bases(repository, mainline.commit):
        base = version(commit, f"{commit[:8]}:{folder}")
        if base is not None and base.steps:
            found.append(Start("base", f"a database at the merge base's state ({commit[:8]})", base))
    if v1 and tip is not None:
        found += _other_order(present, tip)
    if all_bases and tip is not None:
        found += [
            Start(f"after {step.tag}", f"a database after {printable(step.tag)}", tip.until(n))
            for n, step in enumerate(tip.steps, 1)
        ]
    return merged(found), notes


def _other_order(present: Version, tip: Version) -> Iterator[Start]:
    """v1 runs what is missing by name, so a database of the branch gets the mainline's migrations afterwards."""
    published = {step.tag for step in tip.steps}
    own = [step for step in present.steps if step.tag not in published]
    first = min((step.tag for step in own), default=None)
    if first is not None:
        before = [step for step in present.steps if step.tag in published and step.tag < first]
        yield Start("branch", "a database at the branch's own state", Version((*before, *own), True))


def _version_at(repository: Repository, commit: str, folder: str, shown: str, *, v1: bool) -> Version:
    if not v1:
        return version_of(read_folder(shown, files_at(repository, commit, folder, shown)))
    files: dict[str, Blob] = {}
    prefix = f"{folder}/" if folder else ""
    listed = text_of(repository.git("ls-tree", "-r", "-z", "--name-only", commit, "--", prefix or "."))
    for directory in {p.removeprefix(prefix).partition("/")[0] for p in listed.split("\0") if p.startswith(prefix)}:
        if is_v1_name(directory):
            inside = files_at(repository, commit, f"{prefix}{directory}", f"{shown}/{directory}")
            files.update({f"{directory}/{file}": blob for file, blob in inside.items()})
    return _v1_version(shown, files)


def _bases(repository: Repository, mainline: str) -> list[str]:
    """Where the branch and the mainline parted: now, and before each merge that the branch already made."""
    head = repository.commit("HEAD")
    if head is None:
        return []
    pairs = [(head, mainline)]
    other = (repository.state_file("MERGE_HEAD") or "").split()
    pairs += [(head, commit) for commit in other[:1]]
    listed = repository.line("rev-list", "--parents", "--min-parents=2", f"--max-count={_MERGES}", head, f"^{mainline}")
    merges = [line.split() for line in (listed or "").splitlines()]
    own = (repository.line("rev-list", "--parents", "--max-count=1", head) or "").split()
    if len(own) > 2:
        merges.append(own)
    pairs += [(words[1], words[2]) for words in merges if len(words) > 2]
    found: list[str] = []
    for one, two in pairs:
        found += [base for base in repository.merge_bases(one, two) if base not in found]
    return found


def packages(path: Path) -> frozenset[str]:
    """The npm packages that the nearest package.json with any dependency names, from the folder upwards."""
    for directory in (path, *path.resolve().parents):
        file = directory / "package.json"
        with suppress(OSError, ValueError, RecursionError):
            if not file.is_file() or file.stat().st_size > _PACKAGE_BYTES:
                continue
            body = json.loads(file.read_bytes())
            names = {
                name
                for key in ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies")
                for name in _dict(_dict(body).get(key))
            }
            if names:
                return frozenset(names)
        if (directory / ".git").exists():
            break
    return frozenset()


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def snapshots_of(path: Path) -> list[Blob]:
    """The snapshots on disk of a folder."""
    if not (path / PATH).is_file():
        return [blob for _, blob in _v1_snapshots(v1_files(path, path.name))]
    files = folder_files(path, path.name)
    return [files[p] for p in files if p.startswith("meta/") and p.endswith("_snapshot.json")]
