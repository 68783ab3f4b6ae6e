"""SQLite and libSQL files through Python's own sqlite3."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import Any
from urllib.parse import quote

from drizzle_guard.database.drivers.base import Database, DatabaseError
from drizzle_guard.database.drivers.sqlite_catalog import read_catalog
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.world import Catalog


class Sqlite(Database):
    """A file: DDL is rolled back, and the `id` of Drizzle 0.x is no rowid and NULL in every row."""

    row_key = "rowid"
    failures = (sqlite3.Error, sqlite3.Warning, ValueError)  # ValueError: a NUL in the SQL

    def _connect(self, timeout: float) -> sqlite3.Connection:
        path = self._target.arguments["path"]
        if not os.path.exists(path):
            raise DatabaseError("there is no such file; Drizzle would make a new database there")
        uri = f"file:{quote(os.path.abspath(path))}?mode={'rw' if self._write else 'ro'}"
        connection = sqlite3.connect(uri, timeout=timeout, isolation_level=None, uri=True)
        # libSQL's migrator turns them off as well (@libsql/client sqlite3.js, migrate); a table that is
        # recreated would otherwise take the rows that refer to it along.
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("SELECT 1 FROM sqlite_master").fetchall()
        return connection

    def _columns(self, names: Names) -> set[str]:
        return {name for (name,) in self.query("select lower(name) from pragma_table_info(?)", (names.table,))}

    def _number(self, value: Any) -> int | float | None:
        return as_number(value)

    def catalog(self) -> Catalog:
        with self._errors():
            path = os.path.abspath(self._target.arguments["path"])
            places = (path, os.path.dirname(path))  # SQLite writes its journal beside the file
            denied = "" if all(os.access(place, os.W_OK) for place in places) else "the file may not be written"
            return read_catalog(self.query, denied)

    def begin(self, names: Names, timeout: float) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise DatabaseError(f"another process is writing to it (waited {timeout:g} s)") from None
            raise self._translated(error) from None

    def run(self, sql: str) -> int:
        with self._errors():
            if not self._connection.in_transaction:
                raise DatabaseError("the migration ended its own transaction (COMMIT); what ran until then stays")
            return int(self._connection.execute(sql).rowcount)

    def rollback(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _translated(self, error: Exception) -> DatabaseError:
        return DatabaseError(self._target.scrub(str(error)).rstrip("."))


def as_number(value: Any) -> int | float | None:
    """What JavaScript's Number() makes of it: the column is `numeric`, so it may hold anything."""
    if value is None or isinstance(value, int):
        return value
    try:
        number = (
            float(value) if isinstance(value, (float, str)) and value != "" else 0.0 if value == "" else float("nan")
        )
    except ValueError:
        return float("nan")
    return int(number) if number.is_integer() and abs(number) < 2**63 else number
