"""PostgreSQL through psycopg.  Queries without parameters go the simple way, as node-postgres sends migrations."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import pq

from drizzle_guard.database.connection import DatabaseError
from drizzle_guard.database.presence import Catalog
from drizzle_guard.database.row_sql import COLUMNS, Names
from drizzle_guard.database.rows import IdSequence, Row, Table
from drizzle_guard.database.urls import Target

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


class Postgres:
    """See `connection.Database`."""

    transactional = True

    def __init__(self, target: Target, timeout: float) -> None:
        self._target = target
        with self._errors():
            self._connection = psycopg.connect(
                **{"application_name": "drizzle-guard", "connect_timeout": max(2, round(timeout)), **target.arguments},
                autocommit=True,
                prepare_threshold=None,  # poolers that hand out connections by transaction know no prepared ones
            )

    def table(self, names: Names) -> Table:
        with self._errors():
            columns = self._query(
                "select a.attname, a.atthasdef or a.attidentity <> '', pg_get_serial_sequence(%s, a.attname) "
                "from pg_attribute a where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped",
                (names.quoted, names.quoted),
            )
            if not columns:
                return Table(False, name=names.table, nulls_first=True)
            known = {name: (numbered, sequence) for name, numbered, sequence in columns}
            if not {"id", "hash", "created_at"} <= known.keys():
                raise DatabaseError(f"{names.shown} is no table of Drizzle: it lacks id, hash or created_at")
            named = "name" in known
            rows = self._query(
                f"select id, hash, created_at{', name' if named else ''} from {names.quoted} order by created_at desc"
            )
            numbered, sequence = known["id"]
            read = [(*row[:3], row[3] if named else None) for row in rows]
            return Table(
                True,
                tuple(
                    Row(_id(id), _text(hash) or "", _number(at), _id(id), _text(name)) for id, hash, at, name in read
                ),
                named,
                self._sequence(sequence),
                bool(numbered),
                names.table,
                nulls_first=True,
                more=tuple(sorted(known.keys() - COLUMNS)),
            )

    def _sequence(self, name: str | None) -> IdSequence | None:
        if name is None:
            return None
        with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
            last, called = self._query(f"select last_value, is_called from {name}")[0]
            return IdSequence(name, last, called)
        return None

    def elsewhere(self, names: Names) -> list[str]:
        with self._errors():
            found = self._query(
                "select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                "where c.relname = %s and c.relkind in ('r', 'p') order by 1",
                (names.table,),
            )
        return [schema for (schema,) in found]

    def catalog(self) -> Catalog:
        with self._errors():
            return frozenset(key for row in self._query(_OBJECTS) for key in _keys(*row))

    def begin(self, names: Names, timeout: float) -> None:
        try:
            self._connection.execute("BEGIN")
            self._connection.execute(f"SET LOCAL lock_timeout = {max(1, round(timeout * 1000))}")
            self._connection.execute(f"SELECT pg_advisory_xact_lock({LOCK})")
            if self._query("select to_regclass(%s) is not null", (names.quoted,))[0][0]:
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
            return self._connection.execute(sql.encode()).rowcount

    def commit(self) -> None:
        with self._errors():
            self._connection.execute("COMMIT")

    def rollback(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def _query(self, sql: str, parameters: tuple[Any, ...] | None = None) -> list[Any]:
        return self._connection.execute(sql.encode(), parameters).fetchall()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise self._translated(error) from None

    def _translated(self, error: psycopg.Error) -> DatabaseError:
        text = error.diag.message_primary or (str(error).splitlines() or [type(error).__name__])[0]
        if error.diag.message_detail:
            text += f" ({error.diag.message_detail})"
        connection = getattr(self, "_connection", None)
        return DatabaseError(self._target.scrub(text).rstrip("."), lost=connection is None or connection.broken)


def _id(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: Any) -> str | None:
    """A name or hash; somebody may have given the column another type."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else None if value is None else str(value)


def _number(value: Any) -> int | float | None:
    if isinstance(value, Decimal):  # pg-proxy makes the column numeric
        return int(value) if value == value.to_integral_value() else float(value)
    if value is None or isinstance(value, int):
        return value
    return float("nan")


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
