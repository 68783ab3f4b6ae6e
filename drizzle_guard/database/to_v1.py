"""`status --for v1`: will v1's `drizzle-kit up` and its first `migrate` succeed on this folder and this database?

Read in drizzle-orm 1.0.0-rc.5 (`up-migrations/pg.js`): the first run gives each row the name of the folder of the same
second, of several the one with the same hash, and where there is none of that second the one with the same hash.  A row
that fits nothing stops it.  Then every folder runs that no row names.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from drizzle_guard.database.by_name import compare_by_name, upgraded
from drizzle_guard.database.cures import of_row_without_migration
from drizzle_guard.database.place import Place, View
from drizzle_guard.database.verdicts import Line, Verdict
from drizzle_guard.database.wording import row_name
from drizzle_guard.disk import folder_files
from drizzle_guard.drizzle.folder import Migration
from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.drizzle.v1 import folder_millis
from drizzle_guard.errors import printable
from drizzle_guard.light import NamedTuple
from drizzle_guard.rules.for_v1 import folder_of
from drizzle_guard.rules.run import check_journal_folder

#: the rules of `check --for v1`
_UP = ("DG051", "DG052", "DG053")


class Obstacle(NamedTuple):
    """What stands against the move to v1: a sentence, the migration and its file, and the lines of the cure."""

    message: str
    tag: str | None
    file: str | None
    cure: tuple[str, ...]


def obstacles(place: Place, seen: View) -> Iterator[Obstacle]:
    """Everything that v1 stops at, loses, or runs against expectation.  Nothing for a folder that is v1's already."""
    if place.v1:
        return
    yield from _up(place)
    if seen.ledger is None and not seen.table.named:
        yield from _first_migrate(place, seen)


def _up(place: Place) -> Iterator[Obstacle]:
    files = folder_files(place.folder, place.name)
    now = time.time_ns() // 1_000_000
    for judged in check_journal_folder(place.name, files, now=now, for_v1=True).findings:
        finding = judged.finding
        if finding.rule.code in _UP:
            tag = judged.tags[-1] if judged.tags else None
            yield Obstacle(f"{finding.rule.code}: {finding.message}", tag, finding.path, (finding.fix,))


def _first_migrate(place: Place, seen: View) -> Iterator[Obstacle]:
    names = {m.tag: name for m in place.migrations if (name := folder_of(m.entry)) is not None}
    old = {name: tag for tag, name in names.items()}
    ahead = [
        Migration(Entry({}, names[m.tag], None, folder_millis(names[m.tag])), m.sql, None)
        for m in place.migrations
        if m.tag in names and m.sql is not None
    ]
    after = upgraded(ahead, seen.table)
    for row in after.unmatched:
        message = f"{row_name(row)} fits no migration: v1's first migrate stops there."
        yield Obstacle(message, None, None, of_row_without_migration(row, place.names))
    verdicts = {line.tag: line for line in seen.comparison.lines}
    for line in compare_by_name(ahead, after.table).lines:
        tag = old[line.tag]
        before = verdicts.get(tag)
        if line.verdict is not Verdict.PENDING or before is None or before.verdict is Verdict.PENDING:
            continue
        shown = printable(tag)
        if before.row is not None:
            message = f"{shown} would run again: v1 gives its row to another migration of the same second."
        else:
            message = f"{shown} would run: v1 runs every migration that no row names, and 0.x does not run this one."
        yield Obstacle(message, tag, place.file(tag), _cure(before))


def _cure(before: Line) -> tuple[str, ...]:
    """How v1 finds the row of a migration that it would run otherwise; `before` is what 0.x makes of it."""
    rehash = "drizzle-guard repair --only re-hash"
    if before.verdict is Verdict.EDITED:
        return ("Cure first what is said of it above; where drizzle-guard.toml allows the edit:", rehash)
    if before.wrong:
        return ("Cure first what is said of it above.",)
    return (
        "Both have the same SQL. Tell them apart by a comment in one of the files, allow that edit in "
        "drizzle-guard.toml ([[allow]]), then:",
        rehash,
    )
