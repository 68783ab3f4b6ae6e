"""Other programs' ledgers in a database: wrangler's `d1_migrations`, the Supabase CLI's `schema_migrations`.

They hold names, no hashes: what ran under a name is not known, only looked up in the catalog.  Neither program knows
Drizzle's table, and one of both kinds in a database means that migrations run twice.  So where there is another
program's ledger, nothing of ours ever makes Drizzle's table.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from drizzle_guard.database.hashes import file_hash
from drizzle_guard.database.next_migrate import Next
from drizzle_guard.database.verdicts import Comparison, Line, Row, Stray, Table, Verdict
from drizzle_guard.database.world import World
from drizzle_guard.drizzle.folder import Migration
from drizzle_guard.drizzle.runners import SUPABASE_RUNNER, WRANGLER_RUNNER, Runner
from drizzle_guard.errors import printable
from drizzle_guard.light import NamedTuple


class OtherLedger(NamedTuple):
    """A ledger that is in the database, and the names in it; `runs` says that it is the one of this folder."""

    runner: Runner
    names: tuple[str, ...]
    runs: bool = True

    @property
    def shown(self) -> str:
        """For people."""
        return self.runner.shown


def query(runner: Runner, quote: str = '"') -> str:
    """What reads the names of a ledger."""
    table = ".".join(
        f"{quote}{part.replace(quote, quote * 2)}{quote}" for part in (runner.schema, runner.table) if part
    )
    return f"select {runner.column} from {table}"


def find_ledger(world: World, configured: Runner | None) -> Runner | None:
    """The other program's ledger that is in the database; `configured` runs this folder, as its settings tell."""
    known = [WRANGLER_RUNNER, SUPABASE_RUNNER]
    for runner in known if configured is None else [configured, *known]:
        if runner.kind == world.dialect and ("table", runner.schema, runner.table, "") in world.facts:
            return runner
    return None


def is_its(migrations: Sequence[Migration], runner: Runner, configured: Runner | None, names: Collection[str]) -> bool:
    """Whether this folder's files are in the ledger, or could only be.

    Every Supabase project may have a ledger of its own migrations, and run Drizzle's beside it; D1 has one runner.
    """
    if configured is not None or runner.kind == "sqlite":
        return True
    return any(runner.key(f"{m.tag}.sql") in names for m in migrations)


def compare_by_file(migrations: Sequence[Migration], ledger: OtherLedger) -> Comparison:
    """The files against the names in the ledger; the program runs whatever is not in it, in the order of the names.

    `migrations` are all files of the folder, with an entry or without.
    """
    runner, left = ledger.runner, dict.fromkeys(ledger.names)
    lines = []
    for migration in sorted(migrations, key=lambda m: runner.order(m.tag)):
        file = f"{migration.tag}.sql"
        key = runner.key(file)
        ran = [name for name in (key, migration.tag) if name in left] if key is not None else []
        for name in ran:
            del left[name]
        hash = None if migration.sql is None else file_hash(migration.sql.keep())
        row = Row(None, hash or "", migration.entry.when, name=ran[0]) if ran else None
        verdict = Verdict.APPLIED if ran else Verdict.PENDING if key is not None else Verdict.SKIPPED
        lines.append(Line(migration, hash, verdict, row, row is None and key is not None))
    strays = tuple(Stray(Row(None, "", None, name=name)) for name in left)
    return Comparison(Table(False, name=runner.table), tuple(lines), strays)


def next_by_file(comparison: Comparison, ledger: OtherLedger) -> Next:
    """What the other program's next run does; its own checks of the names are all that is foretold."""
    runs = [line for line in comparison.lines if line.runs]
    skips = tuple(line.tag for line in comparison.lines if line.verdict is Verdict.SKIPPED)
    failure = None
    if ledger.runner.kind == "postgresql" and runs:
        newest = max((ledger.runner.order(name) for name in ledger.names), default=(0, ""))
        early = [line.tag for line in runs if ledger.runner.order(line.tag)[0] < newest[0]]
        if comparison.strays:
            failure = "Remote migration versions not found in local migrations directory"
        elif early:
            shown = ", ".join(map(printable, early))
            failure = (
                f"Found local migration files to be inserted before the last migration on remote database: {shown}"
            )
    doubt = f"{ledger.runner.name} runs these files, and only Drizzle's own migrator is foretold"
    return Next(tuple(line.tag for line in runs), (), skips, failure, doubt)


def recording(runner: Runner, tag: str) -> str:
    """The SQL that records a file as run."""
    name = (runner.key(f"{tag}.sql") or "").replace("'", "''")
    table = query(runner).partition(" from ")[2]
    return f"insert into {table} ({runner.column}) values ('{name}');"
