"""A real database against what the migrations that its rows name make of an empty one.

The real one is only ever read, in one transaction that may not write.  What is made anew runs on a throw-away database
in the order in which it ran there (the rows' own order); SQL that is not in the folder any more is taken from git, by
the hash of the row.  Whatever differs is drift, whoever made it.

Not compared: rows, owners, grants and roles, which migrations seldom make and servers have their own of; and schemas
that a platform puts beside the user's.  Publications and event triggers that only the database has are named and no
drift: whoever replicates or runs it makes them.  A row whose SQL cannot be found leaves the answer open, and is said.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from urllib.parse import quote

from drizzle_guard.database.families import Family
from drizzle_guard.database.hashes import file_hash
from drizzle_guard.database.past import Past, find_past
from drizzle_guard.database.place import Place, View
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.urls import Target
from drizzle_guard.database.verdicts import Line, Row, Verdict
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.repository import Repository
from drizzle_guard.light import NamedTuple
from drizzle_guard.rehearse.engine import Engine
from drizzle_guard.rehearse.facts import Difference, Facts, differences, shown
from drizzle_guard.rehearse.migrator import Failure, migrate, prepare
from drizzle_guard.rehearse.states import Step
from drizzle_guard.sql.statements import decode

#: schemas that Supabase, Neon and extensions make beside the user's
_PLATFORM = frozenset(
    [
        *("auth", "storage", "realtime", "_realtime", "vault", "graphql", "graphql_public", "extensions", "pgbouncer"),
        *("supabase_functions", "supabase_migrations", "net", "cron", "pgsodium", "pgsodium_masks", "pgtle"),
        *("neon_auth", "topology", "tiger", "tiger_data"),
    ]
)
#: kinds and facts that belong to the server, or to who runs it
_NOT_COMPARED = frozenset(["role"])
#: kinds that whoever runs the database makes: what it has more of them is no drift
_OF_WHO_RUNS_IT = frozenset(["publication", "event trigger"])
_GRANTS = "grants"


class Against(NamedTuple):
    """The answer.

    `rows` are the tags of what was made anew; `failure` is why it cannot be made; `open` says what the comparison
    could not take in, `notes` what it left aside on purpose.
    """

    folder: str
    database: str
    dialect: str
    engine: str
    family: Family
    rows: tuple[str, ...]
    failure: Failure | None
    lacks: str | None
    differs: tuple[Difference, ...]
    open: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 the same, 1 drift, 2 it could not be told."""
        if self.lacks or (self.open and not self.differs and not self.failure):
            return 2
        return 1 if self.differs or self.failure else 0


def compare(place: Place, seen: View, engine: Engine, family: Family, real: Facts, tick: Callable[[], None]) -> Against:
    """Make anew what the rows name, and compare.  `real` is what `read_real` found."""
    steps, unclear = steps_of(place, seen)
    session = engine.new()
    try:
        if place.target.kind == "mysql" and ("database", "defaults") in real:
            session.run(f"ALTER DATABASE COLLATE = '{real['database', 'defaults']['collation']}'")
        prepare(session, place.names, by_name=place.v1)
        failure, lacks = None, None
        for step in steps:
            failure = migrate(session, [step], family, place.names, by_name=place.v1, tick=tick)
            if failure is not None:
                lacks = engine.missing(failure.words, failure.sql, (s.text() for s in steps))
                break
        found: tuple[Difference, ...] = ()
        notes: list[str] = []
        if failure is None:
            found, notes = _differences(session.facts(), real, _own_tables(seen))
    finally:
        session.drop()
    waiting = [line.tag for line in seen.comparison.lines if line.row is None]
    if waiting:
        notes.append(
            f"not recorded there, so not made anew: {', '.join(map(printable, waiting[:10]))}" + _more(waiting)
        )
    version = real.get(("database", "server"), {}).get("version", "")
    if version and not engine.name.startswith(version):
        notes.append(f"{version} there, {engine.name} here: they may spell an expression differently")
    notes.append("not compared: rows, owners, grants, roles")
    return Against(
        folder=place.name,
        database=place.target.label,
        dialect=place.target.kind,
        engine=engine.name,
        family=family,
        rows=tuple(step.tag for step in steps),
        failure=failure,
        lacks=lacks,
        differs=found,
        open=tuple(unclear),
        notes=tuple(notes),
    )


def _more(listed: list[str]) -> str:
    return f" and {len(listed) - 10} more" if len(listed) > 10 else ""


def _own_tables(seen: View) -> frozenset[str]:
    """The other program's ledger is no part of the schema; nor is what D1 keeps for itself (`_cf_KV`)."""
    other = seen.other.runner if seen.other is not None else None
    return frozenset([f"{other.schema}.{other.table}" if other.schema else other.table]) if other else frozenset()


# ---------------------------------------------------------------- what ran


def steps_of(place: Place, seen: View) -> tuple[list[Step], list[str]]:
    """The migrations that the rows name, in the rows' order, and what cannot be told."""
    comparison = seen.comparison
    strays = [s.row for s in comparison.strays if s.copy_of is None and s.like is None]
    edited = [line for line in comparison.lines if line.row is not None and line.verdict is Verdict.EDITED]
    wanted = {row.hash for row in strays if row.hash} | {line.row.hash for line in edited if line.row is not None}
    past = find_past(place.root, place.folder, wanted)
    found: list[tuple[int, Step]] = []
    unclear: list[str] = []
    for number, line in enumerate(line for line in comparison.lines if line.row is not None):
        assert line.row is not None
        text = _old_text(place, past.get(line.row.hash)) if line.verdict is Verdict.EDITED else None
        if line.verdict is Verdict.EDITED and text is None:
            unclear.append(
                f"{printable(line.tag)} was edited after it ran, and git has not what ran: the file was taken"
            )
        found.append((_order(line.row, number), _step(line, line.row, text)))
    for row in strays:
        text = _old_text(place, past.get(row.hash))
        name = row.name or f"row {row.id if row.id is not None else row.key}"
        if text is None:
            unclear.append(f"{printable(name)} has no file, and git has none with its hash: what it made is not known")
            continue
        found.append((_order(row, 0), Step(past[row.hash].tag, int(row.created_at or 0), row.hash, partial(str, text))))
    return [step for _, step in sorted(found, key=lambda pair: pair[0])], unclear


def _order(row: Row, number: int) -> int:
    """Rows are numbered as they are written; another program's ledger is read in its order."""
    return row.key if row.key is not None else number


def _step(line: Line, row: Row, text: str | None) -> Step:
    sql = line.migration.sql
    if text is None and sql is None:
        raise GuardError(f"{printable(line.tag)}.sql is missing.", "drizzle-guard check")
    if text is not None or sql is None:
        return Step(line.tag, int(row.created_at or 0), row.hash, partial(str, text))
    return Step(line.tag, int(line.when or 0), sql.id, lambda: decode(sql.data))


def _old_text(place: Place, past: Past | None) -> str | None:
    if past is None:
        return None
    with Repository(str(place.root)) as repository:
        data = repository.git("show", f"{past.before}:{past.path}")
    return decode(data) if file_hash(data) else None


# ---------------------------------------------------------------- the comparison


def _differences(made: Facts, real: Facts, own: frozenset[str]) -> tuple[tuple[Difference, ...], list[str]]:
    notes = []
    schemas = {key[1] for key in made if key[0] == "schema"}
    theirs = {key[1] for key in real if key[0] == "schema"} - schemas
    platform = sorted(theirs & _PLATFORM)
    if platform:
        notes.append(f"schemas of the platform were left aside: {', '.join(platform)}")
    found, beside = [], []
    for difference in differences(_bare(made), _bare(real)):
        if difference.one is None and difference.key[0] in _OF_WHO_RUNS_IT:
            beside.append(shown(difference.key))
            continue
        kind, name = difference.key[0], difference.key[1] if len(difference.key) > 1 else ""
        schema = name.split(".", 1)[0] if "." in name else ""
        if name in own or name.startswith("_cf_") or (kind == "schema" and name in _PLATFORM - schemas):
            continue
        if schema in theirs and kind != "schema":
            continue  # the schema itself is what is more
        found.append(difference)
    if beside:
        notes.append(
            f"only the database has, and whoever runs it may have made: {', '.join(beside[:10])}{_more(beside)}"
        )
    return tuple(found), notes


def _bare(facts: Facts) -> dict[tuple[str, ...], Mapping[str, str]]:
    return {
        key: {label: value for label, value in values.items() if label != _GRANTS}
        for key, values in facts.items()
        if key[0] not in _NOT_COMPARED and key[0] != "database"
    }


# ---------------------------------------------------------------- the real one, only read


def read_real(target: Target, names: Names, engine: Engine, family: Family, timeout: float) -> Facts:
    """The facts of the real database.  Raises UsageError where it cannot be read, or not be compared here."""
    read = {"postgresql": _postgres, "mysql": _mysql, "sqlite": _sqlite}[target.kind]
    return read(target, names, engine, family, timeout)


def _sqlite(target: Target, names: Names, engine: Engine, family: Family, timeout: float) -> Facts:
    from drizzle_guard.rehearse.sqlite import SqliteSession

    if "url" in target.arguments:
        raise UsageError(f"{target.label}: cannot rehearse here: a remote libSQL database is not compared.")
    uri = f"file:{quote(os.path.abspath(target.arguments['path']))}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, timeout=timeout, isolation_level=None, uri=True)) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.execute("BEGIN")
            return SqliteSession(family, timeout, names.table, connection).facts()
    except sqlite3.Error as error:
        raise UsageError(f"{target.label}: {target.scrub(str(error))}.") from None


def _postgres(target: Target, names: Names, engine: Engine, family: Family, timeout: float) -> Facts:
    import psycopg

    from drizzle_guard.rehearse.postgres_facts import facts_of

    arguments = {"connect_timeout": 10, "application_name": "drizzle-guard rehearse", **target.arguments}
    try:
        with psycopg.connect(**arguments, autocommit=True, prepare_threshold=None) as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.execute(f"SET LOCAL statement_timeout = {max(1, round(timeout * 1000))}")
            connection.execute('SET LOCAL search_path = "$user", public')  # by it names are shown short
            found = dict(facts_of(lambda sql: connection.execute(sql.encode()).fetchall(), names, frozenset()))
            major = str(connection.info.server_version // 10000)
            return {**found, ("database", "server"): {"version": f"PostgreSQL {major}"}}
    except psycopg.Error as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise UsageError(f"{target.label}: {target.scrub(first)}.") from None


def _mysql(target: Target, names: Names, engine: Engine, family: Family, timeout: float) -> Facts:
    import pymysql

    from drizzle_guard.database.drivers.mysql import with_tls
    from drizzle_guard.rehearse.mysql import MysqlEngine
    from drizzle_guard.rehearse.mysql_facts import facts_of

    assert isinstance(engine, MysqlEngine)
    try:
        connection = pymysql.connect(
            **with_tls(target.arguments), connect_timeout=10, read_timeout=round(timeout) + 10, charset="utf8mb4"
        )
        with closing(connection), connection.cursor() as cursor:

            def ask(sql: str) -> list[tuple[object, ...]]:
                cursor.execute(sql)
                return list(cursor.fetchall())

            ask("START TRANSACTION READ ONLY")
            ((version, name, collation),) = ask("select version(), database(), @@collation_database")
            mariadb = "mariadb" in str(version).lower()
            if mariadb != engine.is_mariadb:
                raise UsageError(
                    f"{target.label} is {'MariaDB' if mariadb else 'MySQL'}, and the throw-away database would be on "
                    f"{engine.name}: the two spell a schema differently.",
                    "Name a server of the same kind for it: --url mysql://HOST:3306, with USER and @ before HOST",
                )
            found = dict(facts_of(ask, str(name), names.table, mariadb=mariadb))
            return {**found, ("database", "defaults"): {"collation": str(collation)}}
    except (pymysql.Error, OSError, RuntimeError) as error:
        words = str(error.args[1]) if len(error.args) > 1 else str(error)
        raise UsageError(f"{target.label}: {target.scrub(words)}.") from None
