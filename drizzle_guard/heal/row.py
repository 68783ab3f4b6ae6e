"""Builds a branch's folder anew behind the published one, from its own migrations, wherever they were found.  Pure.

Nothing of the unsound folder's order is believed but what the snapshots say: each names the one that it was generated
from, so each migration is picked onto what stands already, with its own parent as the common base.  Taking the order
of the journal was rejected: where entries were swapped by hand, an index would come before its table.
"""

from __future__ import annotations

from collections.abc import Sequence

from drizzle_guard.drizzle.folder import Blob, Folder, Migration, read_folder
from drizzle_guard.drizzle.journal import PATH, dump_journal
from drizzle_guard.drizzle.snapshot import previous_id, snapshot_id
from drizzle_guard.light import NamedTuple
from drizzle_guard.replay.plan import Refusal
from drizzle_guard.replay.replay import plan
from drizzle_guard.sql.statements import decode, statements


class Rebuilt(NamedTuple):
    """The folder as it should be, and the tags of migrations that are left out because others do all that they do."""

    folder: Folder
    repeats: tuple[str, ...]


def rebuild(published: Folder, own: Sequence[Migration]) -> Rebuilt | Refusal:
    """Put the own migrations behind the published ones, each from the state that it was generated from.

    Raises GuardError for files that cannot be read.
    """
    tip = published
    repeats: list[str] = []
    made: dict[str, Folder] = {}  # the folder with which each own migration was generated, by its snapshot's id
    for migration in in_order(own):
        base = _generated_from(migration, published, made) or tip
        branch = _with(base, migration)
        outcome = plan(base, tip, branch, layout=tip.journal)
        if isinstance(outcome, Refusal):
            if not _only_repeats(migration, tip):
                return outcome
            repeats.append(migration.tag)
            continue
        if migration.snapshot and (own_id := snapshot_id(migration.snapshot)):
            made[own_id] = branch
        files = {**tip.files, **outcome.files}
        after = read_folder(published.name, {path: blob for path, blob in files.items() if blob is not None})
        if [_what(m) for m in after.migrations] != [_what(m) for m in (*tip.migrations, migration)]:
            return Refusal("its place behind the others cannot be told", own=migration.tag)  # nothing may be lost
        tip = after
    return Rebuilt(tip, tuple(repeats))


def in_order(own: Sequence[Migration]) -> list[Migration]:
    """The migrations in the order in which they were generated, as far as their snapshots tell; else as they stand."""
    ids = {found: n for n, m in enumerate(own) if m.snapshot and (found := snapshot_id(m.snapshot))}
    after = {n: ids.get(previous_id(m.snapshot) or "") for n, m in enumerate(own) if m.snapshot}
    ordered: list[int] = []
    for n in range(len(own)):
        line = [n]
        while (parent := after.get(line[-1])) is not None and parent not in line and parent not in ordered:
            line.append(parent)
        ordered += [place for place in reversed(line) if place not in ordered]
    return [own[n] for n in ordered]


def _generated_from(migration: Migration, published: Folder, made: dict[str, Folder]) -> Folder | None:
    """The folder at the time when a migration was generated; None if it has no snapshot or its parent is not here."""
    prev = None if migration.snapshot is None else previous_id(migration.snapshot)
    if prev is None:
        return None
    if prev in made:
        return made[prev]
    for n, there in enumerate(published.migrations):
        if there.snapshot and snapshot_id(there.snapshot) == prev:
            # hand-written ones behind it have no snapshot of their own, and may have been there
            return _with(published._replace(migrations=published.migrations[: n + 1]))
    return None


def _with(base: Folder, *added: Migration) -> Folder:
    """A folder of these migrations, whose journal says so, too."""
    migrations = (*base.migrations, *added)
    journal = base.journal._replace(entries=tuple(m.entry for m in migrations))
    blob = Blob.of(dump_journal(journal), PATH)
    old = base.files.get(PATH)
    files = {**base.files, PATH: blob if old is None else blob.named_as(old)}
    return base._replace(journal=journal, migrations=migrations, files=files)


def _what(migration: Migration) -> tuple[str, str]:
    return migration.entry.suffix, "" if migration.sql is None else migration.sql.id


def _only_repeats(migration: Migration, tip: Folder) -> bool:
    """Whether every statement of a migration stands in the row already, as where it was generated on a wrong state."""
    texts = {s.text for s in statements(decode(migration.sql.data))} if migration.sql else set()
    done = {s.text for m in tip.migrations if m.sql for s in statements(decode(m.sql.data))}
    return bool(texts) and done.issuperset(texts)
