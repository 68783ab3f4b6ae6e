"""MySQL and MariaDB through PyMySQL.  DDL commits by itself here, so a failed migration leaves its first half."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pymysql
from pymysql.constants import SERVER_STATUS

from drizzle_guard.database.connection import DatabaseError
from drizzle_guard.database.presence import Catalog
from drizzle_guard.database.row_sql import COLUMNS, Names
from drizzle_guard.database.rows import Row, Table
from drizzle_guard.database.urls import Target

_LOST = (2006, 2013, 2055, 1927, 1053)  # gone away, lost during query, connection killed, server shutdown

_OBJECTS = """
select if(table_type = 'VIEW', 'view', 'table'), table_name, null from information_schema.tables
  where table_schema = database()
union all select 'column', table_name, column_name from information_schema.columns where table_schema = database()
union all select 'index', table_name, index_name from information_schema.statistics where table_schema = database()
union all select 'constraint', table_name, constraint_name from information_schema.table_constraints
  where table_schema = database()
union all select 'trigger', event_object_table, trigger_name from information_schema.triggers
  where trigger_schema = database()
"""


class Mysql:
    """See `connection.Database`."""

    transactional = False

    def __init__(self, target: Target, timeout: float) -> None:
        self._target = target
        with self._errors():
            self._connection = pymysql.connect(
                **_with_tls(target.arguments),
                connect_timeout=max(1, round(timeout)),
                charset="utf8mb4",
                autocommit=True,
                program_name="drizzle-guard",
            )
        with self._errors():
            if self._query("select database()")[0][0] is None:
                raise DatabaseError("the URL names no database")
            self._connection.cursor().execute(f"SET SESSION lock_wait_timeout = {max(1, round(timeout))}")

    def table(self, names: Names) -> Table:
        with self._errors():
            found = self._query(
                "select lower(column_name) from information_schema.columns "
                "where table_schema = database() and table_name = %s",
                (names.table,),
            )
            columns = {column for (column,) in found}
            if not columns:
                return Table(False, name=names.table)
            if not {"id", "hash", "created_at"} <= columns:
                raise DatabaseError(f"{names.shown} is no table of Drizzle: it lacks id, hash or created_at")
            named = "name" in columns
            rows = self._query(
                f"select id, hash, created_at{', name' if named else ''} from {names.quoted} order by created_at desc"
            )
            return Table(
                True,
                tuple(
                    Row(_id(r[0]), _text(r[1]), _number(r[2]), _id(r[0]), _name(r[3]) if named else None) for r in rows
                ),
                named,
                name=names.table,
                more=tuple(sorted(columns - COLUMNS)),
            )

    def elsewhere(self, names: Names) -> list[str]:
        return []

    def catalog(self) -> Catalog:
        with self._errors():
            return frozenset(key for row in self._query(_OBJECTS) for key in _keys(*map(_text, row)))

    def begin(self, names: Names, timeout: float) -> None:
        with self._errors():
            database = self._query("select database()")[0][0]
            name = "drizzle-guard:" + sha256(f"{database}.{names.table}".encode()).hexdigest()[:32]
            got = self._query("select get_lock(%s, %s)", (name, max(1, round(timeout))))[0][0]
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

    def _query(self, sql: str, parameters: tuple[Any, ...] | None = None) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (pymysql.Error, OSError) as error:
            code = error.args[0] if error.args else 0
            text = str(error.args[1]) if len(error.args) > 1 else str(error)
            lost = isinstance(error, (pymysql.err.InterfaceError, OSError)) or code in _LOST
            raise DatabaseError(self._target.scrub(text).rstrip("."), lost=lost) from None
        except RuntimeError as error:  # PyMySQL: an authentication that needs the package cryptography
            raise DatabaseError(self._target.scrub(str(error)).rstrip(".")) from None


def _with_tls(arguments: dict[str, Any]) -> dict[str, Any]:
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


def _id(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _name(value: Any) -> str | None:
    return None if value is None else _text(value)


def _number(value: Any) -> int | float | None:
    return value if value is None or isinstance(value, int) else float("nan")


def _keys(kind: str, table: str, member: str) -> Iterator[tuple[str, ...]]:
    """The keys that `ddl.Action` gives an object, all in lower case."""
    table, member = table.lower(), member.lower()
    if kind == "index":
        yield (kind, member)
        yield (kind, member, table)
    elif kind in ("table", "view"):
        yield (kind, table)
    else:
        yield (kind, table, member)
