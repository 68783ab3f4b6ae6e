"""MySQL and MariaDB through PyMySQL.  DDL commits by itself here, so a failed migration leaves its first half."""

from __future__ import annotations

import contextlib
from hashlib import sha256
from typing import Any

import pymysql
from pymysql.constants import SERVER_STATUS

from drizzle_guard.database.drivers.base import Database, DatabaseError
from drizzle_guard.database.drivers.mysql_catalog import read_catalog
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.world import Catalog

_LOST = (2006, 2013, 2055, 1927, 1053)  # gone away, lost during query, connection killed, server shutdown


class Mysql(Database):
    """MySQL and MariaDB: every CREATE, ALTER and DROP commits what stands before it."""

    transactional = False
    failures = (pymysql.Error, OSError, RuntimeError)  # RuntimeError: a login that needs the package cryptography

    def _connect(self, timeout: float) -> pymysql.Connection[Any]:
        connection = pymysql.connect(
            **with_tls(self._target.arguments),
            connect_timeout=max(1, round(timeout)),
            charset="utf8mb4",
            autocommit=True,
            program_name="drizzle-guard",
        )
        self._connection = connection
        if self.query("select database()")[0][0] is None:
            raise DatabaseError("the URL names no database")
        connection.cursor().execute(f"SET SESSION lock_wait_timeout = {max(1, round(timeout))}")
        return connection

    def query(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return list(cursor.fetchall())

    def _columns(self, names: Names) -> set[str]:
        found = self.query(
            "select lower(column_name) from information_schema.columns "
            "where table_schema = database() and table_name = %s",
            (names.table,),
        )
        return {column for (column,) in found}

    def catalog(self) -> Catalog:
        with self._errors():
            return read_catalog(self.query)

    def begin(self, names: Names, timeout: float) -> None:
        with self._errors():
            database = self.query("select database()")[0][0]
            name = "drizzle-guard:" + sha256(f"{database}.{names.table}".encode()).hexdigest()[:32]
            got = self.query("select get_lock(%s, %s)", (name, max(1, round(timeout))))[0][0]
            if got != 1:
                raise DatabaseError(f"another apply or repair is at work (waited {timeout:g} s)")
            self._connection.begin()

    def run(self, sql: str) -> int:
        with self._errors(), self._connection.cursor() as cursor:
            if not getattr(self._connection, "server_status", 0) & SERVER_STATUS.SERVER_STATUS_IN_TRANS:
                self._connection.begin()  # DDL has ended it; rows written from here on go with the record
            return int(cursor.execute(sql))

    def commit(self) -> None:
        with self._errors():
            self._connection.commit()

    def rollback(self) -> None:
        with contextlib.suppress(pymysql.Error, OSError):
            self._connection.rollback()

    def close(self) -> None:
        with contextlib.suppress(pymysql.Error, OSError):
            self._connection.close()

    def _translated(self, error: Exception) -> DatabaseError:
        code = error.args[0] if error.args else 0
        text = str(error.args[1]) if len(error.args) > 1 else str(error)
        lost = isinstance(error, (pymysql.err.InterfaceError, OSError)) or code in _LOST
        return DatabaseError(self._target.scrub(text).rstrip("."), lost=lost)


def with_tls(arguments: dict[str, Any]) -> dict[str, Any]:
    if "ssl" not in arguments:
        return arguments
    import ssl

    context = ssl.create_default_context()
    context.check_hostname = arguments["ssl"]["check_hostname"]
    if not arguments["ssl"]["verify_cert"]:
        context.verify_mode = ssl.CERT_NONE
    return {**arguments, "ssl": context}


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)
