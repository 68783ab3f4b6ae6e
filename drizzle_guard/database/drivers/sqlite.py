"""SQLite and libSQL files through Python's own sqlite3."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from drizzle_guard.database.connection import DatabaseError
from drizzle_guard.database.presence import Catalog
from drizzle_guard.database.row_sql import COLUMNS, Names
from drizzle_guard.database.rows import Row, Table
from drizzle_guard.database.urls import Target

_OBJECTS = """
select type, name, tbl_name from sqlite_master where type in ('table', 'view', 'index', 'trigger')
union all select 'column', c.name, m.name from sqlite_master m, pragma_table_xinfo(m.name) c
  where m.type = 'table'
"""


class Sqlite:
    """See `connection.Database`."""

    transactional = True

    def __init__(self, target: Target, timeout: float, *, write: bool) -> None:
        self._target = target
        path = target.arguments["path"]
        if not os.path.exists(path):
            raise DatabaseError("there is no such file; Drizzle would make a new database there")
        uri = f"file:{quote(os.path.abspath(path))}?mode={'rw' if write else 'ro'}"
        with self._errors():
            self._connection = sqlite3.connect(uri, timeout=timeout, isolation_level=None, uri=True)
            # libSQL's migrator turns them off as well (@libsql/client sqlite3.js, migrate); a table that is
            # recreated would otherwise take the rows that refer to it along.
            self._connection.execute("PRAGMA foreign_keys = OFF")
            self._connection.execute("SELECT 1 FROM sqlite_master").fetchall()

    def table(self, names: Names) -> Table:
        with self._errors():
            found = self._query("select lower(name) from pragma_table_info(?)", (names.table,))
            columns = {column for (column,) in found}
            if not columns:
                return Table(False, name=names.table)
            if not {"id", "hash", "created_at"} <= columns:
                raise DatabaseError(f"{names.shown} is no table of Drizzle: it lacks id, hash or created_at")
            named = "name" in columns
            # The id of 0.x is no rowid and NULL in every row.
            rows = self._query(
                f"select id, hash, created_at, rowid{', name' if named else ''} from {names.quoted} "
                "order by created_at desc"
            )
            return Table(
                True,
                tuple(Row(_id(r[0]), _text(r[1]), _number(r[2]), r[3], _name(r[4]) if named else None) for r in rows),
                named,
                name=names.table,
                more=tuple(sorted(columns - COLUMNS)),
            )

    def elsewhere(self, names: Names) -> list[str]:
        return []

    def catalog(self) -> Catalog:
        with self._errors():
            return frozenset(key for row in self._query(_OBJECTS) for key in _keys(*row))

    def begin(self, names: Names, timeout: float) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                raise DatabaseError(f"another process is writing to it (waited {timeout:g} s)") from None
            raise DatabaseError(self._target.scrub(str(error))) from None

    def run(self, sql: str) -> int:
        with self._errors():
            if not self._connection.in_transaction:
                raise DatabaseError("the migration ended its own transaction (COMMIT); what ran until then stays")
            return self._connection.execute(sql).rowcount

    def commit(self) -> None:
        with self._errors():
            self._connection.execute("COMMIT")

    def rollback(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def _query(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        return self._connection.execute(sql, parameters).fetchall()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning, ValueError) as error:  # ValueError: a NUL in the SQL
            raise DatabaseError(self._target.scrub(str(error)).rstrip(".")) from None


def _id(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)


def _name(value: Any) -> str | None:
    return None if value is None else _text(value)


def _number(value: Any) -> int | float | None:
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


def _keys(kind: str, name: str, table: str) -> Iterator[tuple[str, ...]]:
    """The keys that `ddl.Action` gives an object, all in lower case."""
    name, table = name.lower(), table.lower()
    if kind in ("column", "trigger"):
        yield (kind, table, name)
    else:
        yield (kind, name)
        if kind == "index":
            yield (kind, name, table)
