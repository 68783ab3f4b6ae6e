"""MySQL and MariaDB: databases of our own name on a private server, or on one whose URL was given.

A database cannot be copied here, so each starting point is made by itself.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pymysql
from pymysql.constants import CLIENT

from drizzle_guard.database.drivers.mysql import with_tls
from drizzle_guard.database.urls import Target
from drizzle_guard.errors import UsageError, printable
from drizzle_guard.light import pattern
from drizzle_guard.rehearse.engine import Engine, Session, Setup, StatementError, Unbuilt
from drizzle_guard.rehearse.facts import Facts
from drizzle_guard.rehearse.mysql_facts import facts_of, text_of
from drizzle_guard.rehearse.snapshot_mysql import statements_of

_OURS = pattern(r"drizzle_guard_rehearse_([0-9a-f]{12})_\d+")
_NAME = r"[`\"]?[\w$-]+[`\"]?\s*\.\s*[`\"]?[\w$]"
#: what belongs to the whole server, or may lie in another database
_ELSEWHERE = pattern(
    r"\b(?:create|alter|drop)\s+(?:or\s+replace\s+)?(?:database|schema|user|role|server|tablespace)\b|\bset\s+global\b"
    r"|\b(?:grant|revoke)\b.*\bto\b|(?:^|;)\s*use\s|\bload\s+data\b|\binto\s+(?:outfile|dumpfile)\b|\bset\s+password\b"
    rf"|\b(?:table|into|update|from|join|exists|references|view|trigger|procedure|function|event)\s+{_NAME}"
    rf"|\bindex\s+\S+\s+on\s+{_NAME}",
    re.IGNORECASE,
)
#: no such table, column or routine; a view that refers to what is gone
_GONE = (1146, 1054, 1305, 1356)
_SERIAL = pattern(r"\bserial\s+auto_increment", re.IGNORECASE)
_STOPPED = (1969, 3024)  # MariaDB's max_statement_time, MySQL's max_execution_time


class MysqlEngine(Engine):
    """Throw-away databases on one server; `private` says that the whole server is ours."""

    kind = "mysql"

    def __init__(
        self,
        target: Target,
        timeout: float,
        setup: Sequence[Setup],
        table: str,
        *,
        private: bool,
        end: Callable[[], None],
    ) -> None:
        self._target, self.timeout, self._setup, self.table = target, timeout, setup, table
        self._private, self._end, self._run, self._made = private, end, secrets.token_hex(6), 0
        self._sessions: list[MysqlSession] = []
        self._admin = self._open()
        version = str(self._one("select version()"))
        self.is_mariadb = "mariadb" in version.lower()
        kind = "MariaDB" if self.is_mariadb else "MySQL"
        self.name = f"{kind} {version.partition('-')[0]} ({'a private server' if private else target.label})"
        self._refuse_existing()
        self._one("select get_lock(%s, 10)", f"drizzle_guard_rehearse_{self._run}")
        self._clear()
        self._first = self._databases()

    def _open(self) -> pymysql.Connection[Any]:
        try:
            return self.connect(None)
        except (pymysql.Error, OSError, RuntimeError) as error:
            raise UsageError(f"{self._target.label} cannot be opened: {self._target.scrub(words_of(error))}.") from None

    def connect(self, database: str | None, *, many: bool = False) -> pymysql.Connection[Any]:
        """A connection to the server, or to one of our databases; `many`: a setup file is sent whole."""
        arguments = {key: value for key, value in with_tls(self._target.arguments).items() if key != "database"}
        return pymysql.connect(
            **arguments,
            database=database,
            connect_timeout=10,
            read_timeout=max(1, round(self.timeout)) + 10,
            charset="utf8mb4",
            autocommit=True,
            client_flag=CLIENT.MULTI_STATEMENTS if many else 0,
            program_name="drizzle-guard rehearse",
        )

    def _one(self, sql: str, *parameters: object) -> Any:
        with self._admin.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            row = cursor.fetchone()
        return row[0] if row else None

    def _databases(self) -> frozenset[str]:
        with self._admin.cursor() as cursor:
            cursor.execute("select schema_name from information_schema.schemata")
            return frozenset(str(row[0]) for row in cursor.fetchall())

    def _refuse_existing(self) -> None:
        wanted = self._target.arguments.get("database")
        if wanted and wanted in self._databases() and not _OURS.fullmatch(wanted):
            raise UsageError(
                f"{self._target.label}: the database {printable(wanted)} is there already, and rehearse did not make "
                "it; nothing was touched.",
                "Name the server alone (rehearse makes and drops databases of its own name there): "
                "--url mysql://HOST:3306, with USER and @ before HOST",
            )

    def _clear(self) -> None:
        """Drop what a run that was killed left: the lock of its name is free then."""
        for name in self._databases():
            found = _OURS.fullmatch(name)
            if found and self._one("select is_free_lock(%s)", f"drizzle_guard_rehearse_{found[1]}") == 1:
                self._drop(name)

    def _drop(self, name: str) -> None:
        with contextlib.suppress(pymysql.Error, OSError), self._admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")

    def kill(self, thread: int) -> None:
        """End a statement that the server still runs for a connection that is gone."""
        with contextlib.suppress(pymysql.Error, OSError), self._admin.cursor() as cursor:
            cursor.execute(f"KILL {thread}")

    def new(self) -> MysqlSession:
        self._made += 1
        name = f"drizzle_guard_rehearse_{self._run}_{self._made}"
        try:
            self._one(f"CREATE DATABASE `{name}`")
        except pymysql.Error as error:
            raise UsageError(f"{self._target.label}: {self._target.scrub(words_of(error))}.") from None
        session = MysqlSession(self, name)
        self._sessions.append(session)
        for file in self._setup:
            file.run(session.script)
        return session

    def fork(self, session: Session) -> Session | None:
        return None

    def dropped(self, session: MysqlSession) -> None:
        """Drop a session's database, and on our own server those that its migrations made."""
        if session in self._sessions:
            self._sessions.remove(session)
        self._drop(session.name)
        if self._private and not self._sessions:
            for name in self._databases() - self._first:
                self._drop(name)

    def build(self, snapshot: dict[str, Any], like: Session) -> tuple[Facts, list[Unbuilt]]:
        session, unbuilt = self.new(), []
        for what, sql in statements_of(snapshot):
            try:
                session.run(sql)
            except StatementError as error:
                unbuilt.append(Unbuilt(what, error.words))
        facts = session.facts()
        session.drop()
        return facts, unbuilt

    def forbidden(self, texts: Iterable[str]) -> str | None:
        if self._private:
            return None
        for text in texts:
            if found := _ELSEWHERE.search(text):
                return (
                    f"a migration has {printable(' '.join(found[0].split()))[:60]!r} in it, which may reach beyond a "
                    f"database of our own on {self._target.label}; rehearse it on a private server (without --url)"
                )
        return None

    def missing(self, words: str, sql: str, texts: Iterable[str]) -> str | None:
        if self.is_mariadb and "syntax" in words and _SERIAL.search(sql):
            return "MariaDB does not take `serial AUTO_INCREMENT`, which MySQL does; name a MySQL server (--url)"
        return None

    def close(self) -> None:
        for session in list(self._sessions):
            session.drop()
        with contextlib.suppress(pymysql.Error, OSError):
            self._admin.close()
        self._end()


class MysqlSession(Session):
    """One database."""

    def __init__(self, engine: MysqlEngine, name: str) -> None:
        self._engine, self.name = engine, name
        self._connection: pymysql.Connection[Any] | None = None
        self._thread = 0  # the server's number of the connection

    @property
    def connection(self) -> pymysql.Connection[Any]:
        """The open connection."""
        if self._connection is None or not self._connection.open:
            self._connection = self._engine.connect(self.name)
            seconds = self._engine.timeout
            limit = (
                f"SET max_statement_time = {seconds:g}"
                if self._engine.is_mariadb
                else f"SET max_execution_time = {round(seconds * 1000)}"
            )
            with contextlib.suppress(pymysql.Error), self._connection.cursor() as cursor:
                cursor.execute(limit)
                cursor.execute("select connection_id()")
                self._thread = int((cursor.fetchone() or (0,))[0])
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(pymysql.Error, OSError):
                self._connection.close()
        self._connection = None

    def script(self, text: str) -> None:
        """Run a whole setup file."""
        with contextlib.closing(self._engine.connect(self.name, many=True)) as connection:
            try:
                with connection.cursor() as cursor:
                    cursor.execute(text)
                    while cursor.nextset():
                        continue
            except (pymysql.Error, OSError) as error:
                raise StatementError(words_of(error)) from None

    def run(self, sql: str) -> None:
        connection = self.connection
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
        except (pymysql.Error, OSError) as error:
            code = error.args[0] if error.args else 0
            late = code in _STOPPED or "timed out" in str(error)
            if late or not connection.open:
                self._disconnect()
                self._engine.kill(self._thread)
            words = f"no end within {self._engine.timeout:g} s (--timeout)" if late else words_of(error)
            raise StatementError(words.replace(self.name, "db")) from None

    def begin(self) -> None:
        self._disconnect()  # the next deploy has a connection of its own
        self.run("BEGIN")

    def commit(self) -> None:
        self.run("COMMIT")

    def rollback(self) -> None:
        with contextlib.suppress(StatementError):
            self.run("ROLLBACK")

    def drop(self) -> None:
        self._disconnect()
        self._engine.dropped(self)

    def _ask(self, sql: str) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def facts(self) -> Facts:
        self._disconnect()
        return facts_of(self._ask, self.name, self._engine.table, mariadb=self._engine.is_mariadb)

    def broken(self) -> list[str]:
        """MySQL lets a column go that a view or trigger needs; they fail when they are used."""
        found = []
        here = "table_schema = database()"
        for name, kind in self._ask(f"select table_name, table_type from information_schema.tables where {here}"):
            quoted = "`" + text_of(name).replace("`", "``") + "`"
            tries = [f"SELECT * FROM {quoted} LIMIT 0"] if kind == "VIEW" else []
            if kind == "BASE TABLE":
                tries = [f"EXPLAIN INSERT INTO {quoted} () VALUES ()", f"EXPLAIN DELETE FROM {quoted}"]
            for statement in tries:
                try:
                    self._ask(statement)
                except pymysql.Error as error:
                    if error.args and error.args[0] in _GONE:
                        words = words_of(error).replace(self.name, "db")
                        what = "view" if kind == "VIEW" else "table"
                        found.append(f'{what} "{text_of(name)}" is there but fails: {statement}: {words}')
                        break
        return found


def words_of(error: Exception) -> str:
    """The server's own words."""
    return str(error.args[1]) if len(error.args) > 1 else str(error)
