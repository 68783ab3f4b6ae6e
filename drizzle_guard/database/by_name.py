"""Drizzle v1: folders instead of a journal, and a table with names.

drizzle-orm 1.0.0-rc.5 (`migrator.utils.js`, getMigrationsToRun) runs every folder whose name is not in the table, in
the order of the names; neither time nor hash takes part.  A table of 0.x is upgraded on the first run
(`up-migrations/pg.js`): rows get the name of the folder with the same second, else the same hash.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from drizzle_guard.database.hashes import file_hash, other_hashes
from drizzle_guard.database.verdicts import Comparison, Line, Row, Stray, Table, Verdict
from drizzle_guard.drizzle.folder import Migration
from drizzle_guard.light import NamedTuple


class Upgrade(NamedTuple):
    """What v1's first run makes of a table of 0.x: the table with names, and the rows that make it fail."""

    table: Table
    unmatched: tuple[Row, ...]


def compare_by_name(migrations: Sequence[Migration], table: Table) -> Comparison:
    """Match rows and folders by name."""
    rows: dict[str | None, Row] = {}
    strays = []
    known = {m.tag for m in migrations}
    for row in table.rows:
        if row.name is not None and row.name in known and row.name not in rows:
            rows[row.name] = row
        else:
            strays.append(Stray(row, copy_of=rows.get(row.name) if row.name is not None else None))
    return Comparison(table, tuple(_line(m, rows.get(m.tag)) for m in migrations), tuple(strays), by_name=True)


def _line(migration: Migration, row: Row | None) -> Line:
    data = b"" if migration.sql is None else migration.sql.keep()
    found = file_hash(data)
    if row is None:
        return Line(migration, found, Verdict.PENDING, None, True)
    if row.hash in (found, ""):
        verdict = Verdict.APPLIED
    elif row.hash in other_hashes(data):
        verdict = Verdict.LINE_ENDS
    else:
        verdict = Verdict.EDITED
    return Line(migration, found, verdict, row, False)


def upgraded(migrations: Sequence[Migration], table: Table) -> Upgrade:
    """Simulate v1's upgrade of a 0.x table."""
    by_millis: dict[int | None, list[Migration]] = defaultdict(list)
    by_hash: dict[str, Migration] = {}
    for migration in migrations:
        by_millis[migration.entry.when].append(migration)
        if migration.sql is not None:
            by_hash[file_hash(migration.sql.data)] = migration
    rows, unmatched = [], []
    for row in table.rows:
        second = int(row.created_at) // 1000 * 1000 if isinstance(row.created_at, int) else None
        same = by_millis.get(second, []) if second is not None else []
        if len(same) > 1:
            same = [m for m in same if m.sql is not None and file_hash(m.sql.data) == row.hash]
        elif not same and row.hash in by_hash:
            same = [by_hash[row.hash]]
        if same:
            rows.append(row._replace(name=same[0].tag))
        else:
            rows.append(row)
            unmatched.append(row)
    return Upgrade(table._replace(rows=tuple(rows), named=True), tuple(unmatched))
