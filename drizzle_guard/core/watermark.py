"""What the next `drizzle-kit migrate` would do, by the migrator's own rule, and whether it would fail.

drizzle-orm 0.45 reads all SQL files first (`migrator.js`), creates schema and table, reads the watermark once, and
runs what is above it: on PostgreSQL and SQLite in one transaction, on MySQL with DDL that commits by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from drizzle_guard.core.ddl import Action
from drizzle_guard.core.errors import printable
from drizzle_guard.core.history import Migration
from drizzle_guard.core.presence import KINDS, Catalog, Made, Proof, exists, left_by, made_by, prove
from drizzle_guard.core.rows import Comparison, Line, Table, Verdict
from drizzle_guard.core.sql import decode, statements


class Next(NamedTuple):
    """The next migrate: tags that run, those of them that ran before, tags passed over in silence, why it fails."""

    runs: tuple[str, ...]
    again: tuple[str, ...]
    skips: tuple[str, ...]
    failure: str | None


def sql_text(migration: Migration) -> str:
    """A migration's SQL as Drizzle reads it; "" if the file is missing."""
    return "" if migration.sql is None else decode(migration.sql.data)


def with_proofs(comparison: Comparison, catalog: Catalog) -> Comparison:
    """Tell, of migrations without a row, which ran all the same: wholly (not recorded) or in part."""
    lines = []
    for line in comparison.lines:
        if line.row is None and line.migration.sql is not None:
            line = _proved(line, comparison, catalog)
        lines.append(line)
    return comparison._replace(lines=tuple(lines))


def _proved(line: Line, comparison: Comparison, catalog: Catalog) -> Line:
    text = sql_text(line.migration)
    if not any(p.proof is Proof.RAN for p in prove(text, catalog, Made(frozenset(), left_by([text])))) and not any(
        action.verb == "drop" for s in statements(text) for action in s.actions
    ):
        return line  # nothing of it is there: no need to read the other migrations
    chunks = prove(text, catalog, others_of(comparison, line))
    proofs = [chunk.proof for chunk in chunks]
    ran = proofs.count(Proof.RAN)
    if not ran:
        return line
    if ran + proofs.count(Proof.NOTHING) == len(proofs):
        return line._replace(verdict=Verdict.UNRECORDED)
    unknown = proofs.count(Proof.UNKNOWN) + proofs.count(Proof.REPEATABLE)
    note = f"{ran} of {len(proofs)} statements provably ran"
    note += f", {proofs.count(Proof.DID_NOT_RUN)} did not" if Proof.DID_NOT_RUN in proofs else ""
    return line._replace(verdict=Verdict.PARTLY, note=note + (f", {unknown} cannot be told" if unknown else ""))


def others_of(comparison: Comparison, line: Line) -> Made:
    """What the other migrations of the folder create, and what those that ran before this one leave."""
    at = comparison.lines.index(line)
    texts = [sql_text(other.migration) for n, other in enumerate(comparison.lines) if n != at]
    ran = [sql_text(other.migration) for other in comparison.lines[:at] if other.row is not None]
    return Made(made_by(texts), left_by(ran))


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
    if action.kind in ("policy", "trigger", "schema"):
        return None
    shown = printable(".".join(action.key[1:]))
    if action.verb == "create":
        return f'{action.kind} "{shown}" already exists' if exists(action, frozenset(have)) else None
    table = action.table or (action.name[0] if action.verb == "data" else "")
    if table and table in touched:
        return None
    if action.kind != "index" and table and ("table", table) not in have and ("view", table) not in have:
        return f'table "{printable(table)}" does not exist'
    if action.verb in ("drop", "alter") and action.key[-1] not in ("primary", "foreign", "check", "unique"):
        return None if exists(action, frozenset(have)) else f'{action.kind} "{shown}" does not exist'
    return None


def _do(action: Action, have: set[tuple[str, ...]], touched: set[str]) -> None:
    if action.verb == "create":
        have.add(action.key)
        if action.kind == "index":
            have.add(("index", action.name[-1], action.on))
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
    if not table.numbered:
        return 'null value in column "id" of relation "__drizzle_migrations" violates not-null constraint'
    if table.sequence is None:
        return None
    taken = {row.id for row in table.rows}
    first = table.sequence.next
    hit = next((n for n in range(first, first + inserts) if n in taken), None)
    if hit is None:
        return None
    return (
        f'duplicate key value violates unique constraint "__drizzle_migrations_pkey" (Key (id)=({hit}) already exists)'
    )


def behind(table: Table) -> bool:
    """Whether the sequence will meet an id in use, on this insert or a later one."""
    largest = largest_id(table)
    return table.sequence is not None and largest is not None and table.sequence.next <= largest


def largest_id(table: Table) -> int | None:
    """`max(id)`."""
    return max((row.id for row in table.rows if row.id is not None), default=None)


def newly_hidden(before: Comparison, after: Comparison) -> list[Line]:
    """Migrations that were pending and that a change of rows would let fall below the watermark, unrun."""
    return [
        new
        for old, new in zip(before.lines, after.lines, strict=True)
        if old.row is None and new.row is None and old.runs and not new.runs
    ]


def newly_repeated(before: Comparison, after: Comparison) -> list[Line]:
    """Migrations with a row that a change of rows would make run again."""
    pairs = zip(before.lines, after.lines, strict=True)
    return [new for old, new in pairs if new.row is not None and new.runs and not (old.row is not None and old.runs)]
