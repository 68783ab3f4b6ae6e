"""Where a branch's own migrations are still to be had: the worktree, conflict markers, parents, every older commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from drizzle_guard.disk import folder_files
from drizzle_guard.drizzle.conflict import split_conflict
from drizzle_guard.drizzle.folder import Blob, Folder, Migration, join
from drizzle_guard.drizzle.journal import PATH, Entry, is_safe_tag, snapshot_path, sql_path
from drizzle_guard.drizzle.snapshot import snapshot_id
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import files_at, files_in_index
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import text_of
from drizzle_guard.replay.identity import match_known
from drizzle_guard.rules.run import read_any_history
from drizzle_guard.sql.statements import decode, may_be_generated, statements

_COMMITS_TO_LOOK_AT = 30


def own_migrations(
    repository: Repository, folder: str, published: Folder, files: Mapping[str, Blob], also: Sequence[Folder] = ()
) -> list[Migration]:
    """All of the branch's own migrations that the folder `files` or the versions `also` name or leave lying there.

    `published` is the row that they are no part of.  Each comes with the SQL and the snapshot that it was generated
    with, as far as any commit has them.  Raises GuardError where another's snapshot lies in the place of that, and no
    commit has it: with a copy of the one before it, the next `generate` would write its changes once more.
    """
    own: list[Migration] = []
    for version in (*versions_in(repository, folder, files), *also):
        known = set(match_known(published.migrations, version.migrations).values())
        for n, migration in enumerate(version.migrations):
            new = n not in known and is_safe_tag(migration.tag)
            if new and not any(_same(migration, other) for other in own):
                own.append(migration)
    named = {sql_path(m.tag) for m in (*published.migrations, *own)}
    for path in sorted(files):
        is_lost = "/" not in path and path.endswith(".sql") and path not in named
        if published.files.get(path) == files[path]:
            continue  # no entry names it there either: it was left out before, and on purpose perhaps
        if is_lost and not _is_done(files[path], published, own):
            lost = next(_past(repository, folder, path.removesuffix(".sql")), None)
            if lost is not None and not match_known(published.migrations, [lost]):
                own.append(lost)
    return [_whole(repository, folder, files, migration, published) for migration in own]


def versions_in(repository: Repository, folder: str, files: Mapping[str, Blob]) -> list[Folder]:
    """The folder as its journal says; of one with conflict markers both sides; else the newest that can be read."""
    now = read_any_history(folder, files)
    if now is not None:
        return [now]
    halves = [split_conflict(blob.data) if _is_text(path) else None for path, blob in files.items()]
    sides: list[Folder] = []
    for half in (0, 1):
        side = {
            path: blob if split is None else Blob.of(split[half], blob.name, blob.mode)
            for (path, blob), split in zip(files.items(), halves, strict=True)
        }
        read = read_any_history(folder, side)
        sides += [read] if read is not None else []
    return sides if len(sides) == 2 else list(_readable_parents(repository, folder))


def _is_text(path: str) -> bool:
    return path.endswith(".json")


def _readable_parents(repository: Repository, folder: str) -> Iterator[Folder]:
    """The parents of the newest commit that made the journal unreadable."""
    listed = repository.line("rev-list", f"--max-count={_COMMITS_TO_LOOK_AT}", "--first-parent", "HEAD") or ""
    for commit in listed.split():
        for parent in (commit, *repository.parents(commit)[1:]):
            found = read_any_history(folder, files_at(repository, parent, folder, folder))
            if found is not None and found.entries:
                yield found
        if read_any_history(folder, files_at(repository, commit, folder, folder)) is not None:
            return


def _same(one: Migration, other: Migration) -> bool:
    if one.sql is not None and other.sql is not None and one.sql.id == other.sql.id:
        return one.entry.suffix == other.entry.suffix
    return one.tag == other.tag


def _is_done(blob: Blob, published: Folder, own: Sequence[Migration]) -> bool:
    """Whether the row does already all that a file without an entry does: then it is a leftover."""
    try:
        texts = {s.text for s in statements(decode(blob.data))}
    except GuardError:
        return True
    rest = [m for m in (*published.migrations, *own) if m.sql]
    return texts <= {s.text for m in rest if m.sql for s in statements(decode(m.sql.data))}


def _whole(
    repository: Repository, folder: str, files: Mapping[str, Blob], migration: Migration, published: Folder
) -> Migration:
    """A migration with its SQL, and a snapshot that is not another one's."""
    taken = {snapshot_id(m.snapshot) for m in published.migrations if m.snapshot}
    snapshot = migration.snapshot
    if snapshot is not None and (snapshot_id(snapshot) is None or snapshot_id(snapshot) in taken):
        snapshot = None
    if migration.sql is not None and snapshot is not None:
        return migration
    edited: Migration | None = None
    for past in _past(repository, folder, migration.tag):
        if past.snapshot is None or snapshot_id(past.snapshot) in taken:
            continue
        if migration.sql is None or (past.sql is not None and past.sql.id == migration.sql.id):
            return migration._replace(sql=migration.sql or past.sql, snapshot=past.snapshot)
        edited = edited or past
    if edited is not None and snapshot is None:  # SQL that was edited by hand keeps the snapshot it was generated with
        return migration._replace(snapshot=edited.snapshot)
    past = next(_past(repository, folder, migration.tag), migration)
    whole = migration._replace(sql=migration.sql or past.sql, snapshot=snapshot)
    anothers = snapshot is None and snapshot_path(migration.entry.prefix) in files
    if anothers and whole.sql and may_be_generated(decode(whole.sql.data)):
        raise GuardError(f"the snapshot of {printable(migration.tag)} is lost.")
    return whole


def _past(repository: Repository, folder: str, tag: str) -> Iterator[Migration]:
    """A migration as older commits have it, the newest first; also of branches and rebases that were given up."""
    if not is_safe_tag(tag):
        return
    path = join(folder, sql_path(tag))
    listed = repository.line(
        "rev-list", "--all", "--reflog", f"--max-count={_COMMITS_TO_LOOK_AT}", "--", f":(top,literal){path}"
    )
    for commit in (listed or "").split():
        for version in (commit, *repository.parents(commit)):
            found = read_any_history(folder, files_at(repository, version, folder, folder))
            for migration in () if found is None else found.migrations:
                if migration.tag == tag and migration.sql is not None:
                    yield migration


def files_on_disk(repository: Repository, folder: str) -> dict[str, Blob]:
    """The files of a folder in the worktree; empty if it is not there.  Raises GuardError for a link."""
    place = Path(repository.root, folder)
    if not (place / PATH).is_file():
        return {}
    index = files_in_index(repository, folder)
    changed = set(text_of(repository.git("diff-files", "--name-only", "-z")).split("\0"))
    # what is as git has it is taken from there: with the line ends of the commit, not those of the checkout
    kept = {path: stages[0] for path, stages in index.items() if 0 in stages and join(folder, path) not in changed}
    return {path: kept.get(path, blob) for path, blob in folder_files(place, folder).items()}


def entry_of(folder: Folder, migration: Migration) -> Entry | None:
    """The entry that a migration has in a folder, whatever its number there."""
    for there in folder.migrations:
        if _same(there, migration):
            return there.entry
    return None
