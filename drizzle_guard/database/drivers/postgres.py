"""PostgreSQL through psycopg.  Queries without parameters go the simple way, as node-postgres sends migrations."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import pq

from drizzle_guard.database.drivers.base import Database, DatabaseError
from drizzle_guard.database.presence import Catalog
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.rows import IdSequence, Table

#: the advisory lock of drizzle-guard: the letters "dguard"
LOCK = 0x646775617264

_OBJECTS = """
select 'table', n.nspname, c.relname, null from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f') and {own}
union all select case c.relkind when 'S' then 'sequence' else 'view' end, n.nspname, c.relname, null
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('S', 'v', 'm') and {own}
union all select 'column', n.nspname, c.relname, a.attname from pg_attribute a
  join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped and {own}
union all select 'index', n.nspname, i.relname, c.relname from pg_index x join pg_class i on i.oid = x.indexrelid
  join pg_class c on c.oid = x.indrelid join pg_namespace n on n.oid = c.relnamespace where {own}
union all select 'constraint', n.nspname, c.relname, k.conname from pg_constraint k
  join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace where {own}
union all select 'type', n.nspname, t.typname, null from pg_type t join pg_namespace n on n.oid = t.typnamespace
  where t.typtype in ('e', 'd') and {own}
union all select 'value', n.nspname, t.typname, e.enumlabel from pg_enum e join pg_type t on t.oid = e.enumtypid
  join pg_namespace n on n.oid = t.typnamespace where {own}
union all select 'policy', n.nspname, c.relname, p.polname from pg_policy p join pg_class c on c.oid = p.polrelid
  join pg_namespace n on n.oid = c.relnamespace where {own}
union all select 'trigger', n.nspname, c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
  join pg_namespace n on n.oid = c.relnamespace where not t.tgisinternal and {own}
union all select 'schema', n.nspname, null, null from pg_namespace n where {own}
""".replace("{own}", "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'")


class Postgres(Database):
    """PostgreSQL: DDL is rolled back, and NULL is the largest value."""

    nulls_first = True
    failures = (psycopg.Error,)

    def _connect(self, timeout: float) -> psycopg.Connection[Any]:
        mine = {"application_name": "drizzle-guard", "connect_timeout": max(2, round(timeout))}
        # No prepared statements: poolers that hand out connections by transaction know none.
        return psycopg.connect(**{**mine, **self._target.arguments}, autocommit=True, prepare_threshold=None)

    def query(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        found: list[Any] = self._connection.execute(sql.encode(), parameters or None).fetchall()
        return found

    def _columns(self, names: Names) -> set[str]:
        found = self.query(
            "select attname from pg_attribute where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped",
            (names.quoted,),
        )
        return {name for (name,) in found}

    def _with_sequence(self, table: Table, names: Names) -> Table:
        ((numbered, name),) = self.query(
            "select atthasdef or attidentity <> '', pg_get_serial_sequence(%s, 'id') from pg_attribute "
            "where attrelid = to_regclass(%s) and attname = 'id'",
            (names.quoted, names.quoted),
        )
        table = table._replace(numbered=bool(numbered))
        if name is None:
            return table
        try:
            last, called = self.query(f"select last_value, is_called from {name}")[0]
        except psycopg.errors.InsufficientPrivilege:
            return table._replace(hidden_sequence=name)
        return table._replace(sequence=IdSequence(name, last, called))

    def _number(self, value: Any) -> int | float | None:
        if isinstance(value, Decimal):  # pg-proxy makes the column numeric
            return int(value) if value == value.to_integral_value() else float(value)
        return super()._number(value)

    def elsewhere(self, names: Names) -> list[str]:
        with self._errors():
            found = self.query(
                "select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                "where c.relname = %s and c.relkind in ('r', 'p') order by 1",
                (names.table,),
            )
        return [schema for (schema,) in found]

    def catalog(self) -> Catalog:
        with self._errors():
            return frozenset(key for row in self.query(_OBJECTS) for key in _keys(*row))

    def begin(self, names: Names, timeout: float) -> None:
        try:
            self._connection.execute("BEGIN")
            self._connection.execute(f"SET LOCAL lock_timeout = {max(1, round(timeout * 1000))}")
            self._connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            if self.query("select to_regclass(%s) is not null", (names.quoted,))[0][0]:
                self._hold_table(names)
        except psycopg.errors.LockNotAvailable:
            raise DatabaseError(f"another apply, repair or migrate is at work (waited {timeout:g} s)") from None
        except psycopg.Error as error:
            raise self._translated(error) from None

    def _hold_table(self, names: Names) -> None:
        """Let the insert of Drizzle's own migrators, which take no lock, wait for our commit."""
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege), self._connection.transaction():
            self._connection.execute(f"LOCK TABLE {names.quoted} IN SHARE ROW EXCLUSIVE MODE")

    def run(self, sql: str) -> int:
        if "\0" in sql:
            raise DatabaseError("the SQL has a NUL character in it")
        with self._errors():
            if self._connection.info.transaction_status == pq.TransactionStatus.IDLE:
                raise DatabaseError("the migration ended its own transaction (COMMIT); what ran until then stays")
            return int(self._connection.execute(sql.encode()).rowcount)

    def rollback(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self._connection.execute("ROLLBACK")

    def _translated(self, error: Exception) -> DatabaseError:
        diag = error.diag if isinstance(error, psycopg.Error) else None
        text = (diag and diag.message_primary) or (str(error).splitlines() or [type(error).__name__])[0]
        if diag and diag.message_detail:
            text += f" ({diag.message_detail})"
        gone = self._connection is None or self._connection.broken
        return DatabaseError(self._target.scrub(text).rstrip("."), lost=gone)


def _keys(kind: str, schema: str, name: str | None, member: str | None) -> Iterator[tuple[str, ...]]:
    """The keys that `ddl.Action` gives an object: lower case, the schema before the name unless it is public."""
    schema, name = schema.lower(), (name or "").lower()
    full = name if schema == "public" else f"{schema}.{name}"
    if kind == "schema":
        yield (kind, schema)
    elif kind == "index":
        table = (member or "").lower()
        yield (kind, full)
        yield (kind, name, table if schema == "public" else f"{schema}.{table}")
    elif kind == "value":
        yield (kind, full, "'" + (member or "").replace("'", "''") + "'")
    elif member is not None:
        yield (kind, full, member.lower())
    else:
        yield (kind, full)
