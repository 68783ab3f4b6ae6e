"""PostgreSQL through psycopg.  Queries without parameters go the simple way, as node-postgres sends migrations."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import pq

from drizzle_guard.database.drivers.base import Database, DatabaseError
from drizzle_guard.database.drivers.postgres_catalog import read_catalog
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.verdicts import IdSequence, Table
from drizzle_guard.database.world import Catalog

#: the advisory lock of drizzle-guard: the letters "dguard"
LOCK = 0x646775617264


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
        if not self.query("select has_sequence_privilege(%s, 'SELECT')", (name,))[0][0]:
            return table._replace(hidden_sequence=name)  # asked first: a refusal would end the transaction
        last, called = self.query(f"select last_value, is_called from {name}")[0]
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
            return read_catalog(self.query)

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
