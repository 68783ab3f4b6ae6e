"""Other programs that run the files drizzle-kit writes, and keep a ledger of their own.

Wrangler runs them on Cloudflare D1 (`d1_migrations`, by file name), the Supabase CLI on PostgreSQL
(`supabase_migrations.schema_migrations`, by the digits before the name).  Neither knows Drizzle's table.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from drizzle_guard.database.hashes import file_hash
from drizzle_guard.database.rows import Comparison, Line, Row, Table, Verdict
from drizzle_guard.database.world import World
from drizzle_guard.drizzle.folder import Migration


class OtherLedger(NamedTuple):
    """A ledger: whose it is, where it stands, the column that identifies a file, the command that runs files."""

    runner: str
    kind: str
    schema: str
    table: str
    column: str
    command: str

    @property
    def shown(self) -> str:
        """For people."""
        return f"{self.schema}.{self.table}" if self.schema else self.table

    @property
    def query(self) -> str:
        """What reads it."""
        return f"select {self.column} from {self.shown}"


LEDGERS = (
    OtherLedger("wrangler", "sqlite", "", "d1_migrations", "name", "wrangler d1 migrations apply"),
    OtherLedger(
        *("the Supabase CLI", "postgresql", "supabase_migrations", "schema_migrations", "version", "supabase db push")
    ),
)


def find_ledger(world: World) -> OtherLedger | None:
    """The other program's ledger that is in the database."""
    return next((x for x in LEDGERS if x.kind == world.dialect and ("table", x.schema, x.table, "") in world), None)


def compare_by_file(migrations: Sequence[Migration], ledger: OtherLedger, names: Collection[str]) -> Comparison:
    """The files against the names in the other program's ledger; it runs whatever is not in it, in order."""
    lines = []
    for migration in migrations:
        digits = migration.tag.partition("_")[0]
        ran = bool({migration.tag, f"{migration.tag}.sql", digits if ledger.schema else ""} & set(names) - {""})
        hash = None if migration.sql is None else file_hash(migration.sql.data)
        row = Row(None, hash or "", migration.entry.when) if ran else None
        lines.append(Line(migration, hash, Verdict.APPLIED if ran else Verdict.PENDING, row, not ran))
    return Comparison(Table(False, name=ledger.table), tuple(lines), ())
