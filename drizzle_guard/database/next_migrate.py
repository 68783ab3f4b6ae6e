"""What the next `drizzle-kit migrate` would do, by the migrator's own rule, and whether it would fail.

drizzle-orm 0.45 reads all SQL files first (`migrator.js`), creates schema and table, reads the newest row once, and
runs what is above it: on PostgreSQL and SQLite in one transaction, on MySQL with DDL that commits by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

from drizzle_guard.database.families import Family
from drizzle_guard.database.foretelling import Foretold, foretell
from drizzle_guard.database.ledger import sql_text
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.trial import doubt_of_trial
from drizzle_guard.database.verdicts import Comparison, Line, Table
from drizzle_guard.database.world import Catalog
from drizzle_guard.errors import printable
from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.exact.statements import read_statements
from drizzle_guard.sql.statements import split_chunks


class Outcome(str, Enum):
    """What is known of the next migrate; the values are those of `status --json`."""

    NOTHING = "nothing-to-run"
    RUNS = "runs"
    FAILS = "fails"
    UNSURE = "cannot-tell"


class Next(NamedTuple):
    """The next migrate: tags that run, those of them that ran before, tags passed over in silence.

    `failure` is why it fails for certain; `doubt` is why it cannot be told whether it works; `lost` names a chunk of
    which a driver would run only the first statement.
    """

    runs: tuple[str, ...]
    again: tuple[str, ...]
    skips: tuple[str, ...]
    failure: str | None
    doubt: str | None = None
    lost: str | None = None

    @property
    def outcome(self) -> Outcome:
        """In one word."""
        if self.failure is not None:
            return Outcome.FAILS
        if not self.runs:
            return Outcome.NOTHING
        return Outcome.RUNS if self.doubt is None else Outcome.UNSURE


def next_migrate(
    comparison: Comparison, catalog: Catalog, families: Sequence[Family], files: Callable[[str], str], names: Names
) -> Next:
    """Simulate the next migrate.  `files` gives the path that an error names for a tag; `names` is Drizzle's table."""
    runs = [line for line in comparison.lines if line.runs]
    skips = [line.tag for line in comparison.lines if not line.runs and line.row is None]
    missing = next((line.tag for line in comparison.lines if line.migration.sql is None), None)
    told = Foretold()
    if missing is not None:
        failure: str | None = f"{printable(files(missing))} is missing: No file … found, and nothing at all runs"
    else:
        told = foretell([line.migration for line in runs], catalog, families)
        failure = told.failure.text if told.failure else None
        failure = failure or (id_failure(comparison.table, len(runs)) if runs else None)
    doubt = told.doubt
    if runs and failure is None and doubt is None:
        doubt = _own_table(runs, catalog, names)
        if doubt is None and catalog.world.dialect == "sqlite":
            doubt = doubt_of_trial(catalog.schema, [line.migration for line in runs], names)
    if comparison.table.hidden_sequence is not None and runs:
        doubt = doubt or f"this role may not read the sequence {printable(comparison.table.hidden_sequence)}"
    again = tuple(line.tag for line in runs if line.row)
    return Next(tuple(line.tag for line in runs), again, tuple(skips), failure, doubt, told.lost)


def _own_table(runs: Sequence[Line], catalog: Catalog, names: Names) -> str | None:
    """Whether a migration touches the table in which it is to be recorded."""
    fold = catalog.world.fold
    for line in runs:
        for chunk in split_chunks(sql_text(line.migration)):
            for statement in read_statements(chunk, fold):
                if any(names.table.lower() in (e.name.lower(), e.to.lower()) for e in statement.effects):
                    return f"{printable(line.tag)} touches Drizzle's own table"
    return None


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
    """The places of migrations that were pending and that a change of rows would let fall below the newest row."""
    return [
        n
        for n, (old, new) in enumerate(zip(before.lines, after.lines, strict=True))
        if old.row is None and new.row is None and old.runs and not new.runs
    ]


def newly_repeated(before: Comparison, after: Comparison) -> list[Line]:
    """Migrations with a row that a change of rows would make run again."""
    pairs = zip(before.lines, after.lines, strict=True)
    return [new for old, new in pairs if new.row is not None and new.runs and not (old.row is not None and old.runs)]
