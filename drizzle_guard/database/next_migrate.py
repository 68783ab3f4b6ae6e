"""What the next `drizzle-kit migrate` would do, by the migrator's own rule, and whether it would fail.

drizzle-orm 0.45 reads all SQL files first (`migrator.js`), creates schema and table, reads the watermark once, and
runs what is above it: on PostgreSQL and SQLite in one transaction, on MySQL with DDL that commits by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from drizzle_guard.database.evidence import sql_text
from drizzle_guard.database.presence import KINDS, Catalog, exists
from drizzle_guard.database.rows import Comparison, Line, Table
from drizzle_guard.drizzle.folder import Migration
from drizzle_guard.errors import printable
from drizzle_guard.sql.actions import Action
from drizzle_guard.sql.statements import statements


class Next(NamedTuple):
    """The next migrate: tags that run, those of them that ran before, tags passed over in silence, why it fails."""

    runs: tuple[str, ...]
    again: tuple[str, ...]
    skips: tuple[str, ...]
    failure: str | None


def next_migrate(comparison: Comparison, catalog: Catalog, dialect: str, files: Callable[[str], str]) -> Next:
    """Simulate the next migrate.  `files` gives the path that an error names for a tag."""
    runs = [line for line in comparison.lines if line.runs]
    skips = [line.tag for line in comparison.lines if not line.runs and line.row is None]
    missing = next((line.tag for line in comparison.lines if line.migration.sql is None), None)
    if missing is not None:
        failure: str | None = f"{printable(files(missing))} is missing: No file … found, and nothing at all runs"
    else:
        failure = first_failure([line.migration for line in runs], catalog, dialect)
        failure = failure or (id_failure(comparison.table, len(runs)) if runs else None)
    return Next(tuple(line.tag for line in runs), tuple(line.tag for line in runs if line.row), tuple(skips), failure)


def first_failure(migrations: Sequence[Migration], catalog: Catalog, dialect: str) -> str | None:
    """The first statement that fails for certain if these migrations run in order; None if none is seen."""
    have = set(catalog)
    touched: set[str] = set()  # tables whose members this simulation no longer knows
    for migration in migrations:
        for statement in statements(sql_text(migration)):
            if dialect == "postgresql" and {"index", "concurrently"} <= statement.words:
                return f"{printable(migration.tag)}: INDEX CONCURRENTLY cannot run inside a transaction block"
            for action in statement.actions:
                if action.kind in KINDS and not action.guarded and (wrong := _wrong(action, have, touched)):
                    return f"{printable(migration.tag)}: {wrong}"
                _do(action, have, touched)
    return None


def _wrong(action: Action, have: set[tuple[str, ...]], touched: set[str]) -> str | None:
    if action.kind in ("policy", "trigger"):
        return None
    shown = printable(".".join(action.key[1:]))
    if action.verb == "create" and exists(action, have):
        return f'{action.kind} "{shown}" already exists'
    if action.verb == "create" and action.kind == "table":
        return None
    table = action.table or (action.name[0] if action.verb == "data" else "")
    if table and table in touched:
        return None
    if (
        (action.kind != "index" or action.verb == "create")
        and table
        and ("table", table) not in have
        and ("view", table) not in have
    ):
        return f'table "{printable(table)}" does not exist'
    if action.verb in ("drop", "alter") and action.key[-1] not in ("primary", "foreign", "check", "unique"):
        return None if exists(action, have) else f'{action.kind} "{shown}" does not exist'
    return None


def _do(action: Action, have: set[tuple[str, ...]], touched: set[str]) -> None:
    if action.verb == "create":
        have.add(action.key)
        if action.kind == "index":
            have.add(("index", action.name[-1], action.on))
        if action.kind == "constraint":  # MySQL drops a unique one by the index of its name
            have.add(("index", action.name[-1], action.key[1]))
    elif action.verb == "drop":
        have.discard(action.key)
        if action.kind == "index":
            have.discard(("index", action.name[-1], action.on))
        if action.kind == "table":  # its members went with it
            have -= {k for k in have if k[0] in ("column", "constraint") and k[1] == action.key[1]}
            have -= {k for k in have if k[0] == "index" and k[-1] == action.key[1]}
    if action.kind == "table" and action.verb in ("create", "drop"):
        touched.add(action.key[1])


def id_failure(table: Table, inserts: int) -> str | None:
    """Why inserting so many rows fails on PostgreSQL: `id` has no default, or its sequence meets an id in use."""
    name = printable(table.name)
    if not table.numbered:
        return f'null value in column "id" of relation "{name}" violates not-null constraint'
    if table.sequence is None:
        return None
    taken = {row.id for row in table.rows}
    first = table.sequence.next
    hit = next((n for n in range(first, first + inserts) if n in taken), None)
    if hit is None:
        return None
    return f'duplicate key value violates unique constraint "{name}_pkey" (Key (id)=({hit}) already exists)'


def behind(table: Table) -> bool:
    """Whether the sequence will meet an id in use, on this insert or a later one."""
    largest = largest_id(table)
    return table.sequence is not None and largest is not None and table.sequence.next <= largest


def largest_id(table: Table) -> int | None:
    """`max(id)`."""
    return max((row.id for row in table.rows if row.id is not None), default=None)


def newly_hidden(before: Comparison, after: Comparison) -> list[int]:
    """The places of migrations that were pending and that a change of rows would let fall below the watermark."""
    return [
        n
        for n, (old, new) in enumerate(zip(before.lines, after.lines, strict=True))
        if old.row is None and new.row is None and old.runs and not new.runs
    ]


def newly_repeated(before: Comparison, after: Comparison) -> list[Line]:
    """Migrations with a row that a change of rows would make run again."""
    pairs = zip(before.lines, after.lines, strict=True)
    return [new for old, new in pairs if new.row is not None and new.runs and not (old.row is not None and old.runs)]
