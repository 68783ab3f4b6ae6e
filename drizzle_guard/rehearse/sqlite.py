"""SQLite in memory: nothing to install, nothing to clear away."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from drizzle_guard.database.families import Family
from drizzle_guard.light import pattern
from drizzle_guard.rehearse.engine import Engine, Session, Setup, StatementError, Unbuilt
from drizzle_guard.rehearse.facts import Facts, Key
from drizzle_guard.rehearse.snapshot_sqlite import statements_of, without_constraints
from drizzle_guard.sql.tokens import Token, tokenize

_LOOK_EVERY = 50_000  # instructions of SQLite's machine between two looks at the clock
_OWN = ("sqlite_", "libsql_")
_DML = pattern(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(?:insert|update|delete|replace|select|with)\b", re.I | re.S)


class SqliteEngine(Engine):
    """Databases in memory.  `timeout` is for each statement, in seconds."""

    kind = "sqlite"

    def __init__(self, family: Family, timeout: float, setup: Sequence[Setup], table: str) -> None:
        self._family, self._timeout, self._setup, self._table = family, timeout, setup, table
        self.name = f"SQLite {sqlite3.sqlite_version} in memory"

    def new(self) -> SqliteSession:
        session = SqliteSession(self._family, self._timeout, self._table)
        for file in self._setup:
            file.run(session.script)
        return session

    def fork(self, session: Session) -> Session | None:
        assert isinstance(session, SqliteSession)
        copy = SqliteSession(self._family, self._timeout, self._table)
        session.connection.backup(copy.connection)
        return copy

    def build(self, snapshot: dict[str, Any], like: Session) -> tuple[Facts, list[Unbuilt]]:
        session, unbuilt = self.new(), []
        for what, sql in statements_of(snapshot):
            try:
                session.run(sql)
            except StatementError as error:
                bare = without_constraints(what[7:-1], snapshot) if what.startswith('table "') else None
                unbuilt.append(Unbuilt(f"the constraints of {what}" if bare else what, error.words))
                if bare:
                    with contextlib.suppress(StatementError):
                        session.run(bare)
        facts = session.facts()
        session.drop()
        return facts, unbuilt

    def missing(self, words: str, sql: str, texts: Iterable[str]) -> str | None:
        if "ALTER COLUMN" in sql.upper() and "syntax error" in words:
            return "ALTER COLUMN is libSQL's own and unknown to SQLite"
        return None

    def close(self) -> None:
        """There is nothing to end."""


class SqliteSession(Session):
    """A database in memory, as the project's driver opens one."""

    def __init__(
        self, family: Family, timeout: float, table: str, connection: sqlite3.Connection | None = None
    ) -> None:
        self.connection = connection or sqlite3.connect(":memory:", isolation_level=None)
        self._family, self._timeout, self._table, self._deadline = family, timeout, table, 0.0
        self.connection.set_progress_handler(lambda: time.monotonic() > self._deadline, _LOOK_EVERY)

    def _refuse_quoted_string(self, sql: str) -> None:
        """Refuse "x" where no x is to be found, as a SQLite without double-quoted strings does.

        Python's takes it for a string (it cannot be told otherwise before 3.12), and drizzle-kit copies the rows of a
        table that it makes anew by such names: a column that is gone would be filled with its name.
        """
        tokens = list(tokenize(sql))
        names = {token.text for token in tokens if token.kind == "name"}
        strings = {token.text[1:-1].replace("''", "'").lower() for token in tokens if token.kind == "string"}
        if not names - strings:
            return
        for row in self.connection.execute(f"EXPLAIN {sql}").fetchall():
            if row[1] in ("String", "String8") and str(row[5]).lower() in names - strings:
                raise StatementError(f"no such column: {row[5]}")

    def script(self, text: str) -> None:
        """Run a whole setup file."""
        self._deadline = time.monotonic() + self._timeout
        try:
            self.connection.executescript(text)
        except sqlite3.Error as error:
            raise StatementError(str(error)) from None

    def run(self, sql: str) -> None:
        self._deadline = time.monotonic() + self._timeout
        try:
            if self._family.quotes_are_names and '"' in sql and _DML.match(sql):
                self._refuse_quoted_string(sql)
            self.connection.execute(sql).fetchall()
        except sqlite3.OperationalError as error:
            late = str(error) == "interrupted"
            raise StatementError(f"no end within {self._timeout:g} s (--timeout)" if late else str(error)) from None
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:  # ValueError: a NUL in the SQL
            raise StatementError(str(error)) from None

    def begin(self) -> None:
        self.run(f"PRAGMA foreign_keys = {'ON' if self._family.foreign_keys else 'OFF'}")
        self.run("BEGIN")

    def commit(self) -> None:
        self.run("COMMIT")

    def rollback(self) -> None:
        if self.connection.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")

    def drop(self) -> None:
        self.connection.close()

    def facts(self) -> Facts:
        return dict(self._facts())

    def _ask(self, sql: str, *parameters: str) -> list[Any]:
        self._deadline = time.monotonic() + self._timeout
        return self.connection.execute(sql, parameters).fetchall()

    def _objects(self) -> list[tuple[str, str, str, str]]:
        found = self._ask("select type, name, tbl_name, coalesce(sql, '') from sqlite_master order by type, name")
        return [r for r in found if not r[1].lower().startswith(_OWN) and r[2] != self._table]

    def _facts(self) -> Iterator[tuple[Key, Mapping[str, str]]]:
        for kind, name, table, sql in self._objects():
            if kind == "table":
                yield from self._table_facts(name, sql)
            elif kind == "view":
                yield ("view", name), {"definition": _spelled(sql)}
            elif kind == "trigger":
                yield ("trigger", table, name), {"definition": _spelled(sql)}
            elif sql:
                words = _spelled(sql)
                unique = "yes" if words.startswith("create unique") else "no"
                yield ("index", table, name), {"unique": unique, "on": words.partition(" on ")[2].partition(" ")[2]}

    def _table_facts(self, table: str, sql: str) -> Iterator[tuple[Key, Mapping[str, str]]]:
        tokens = list(tokenize(sql))
        words = [token.text for token in tokens if token.kind == "word"]
        tail = _after_columns(tokens)
        yield (
            ("table", table),
            {
                "autoincrement": "yes" if "autoincrement" in words else "",
                "options": " ".join(t.text for t in tail if t.text != ",")
                if words[:2] != ["create", "virtual"]
                else "",
                "virtual": _spelled(sql) if words[:2] == ["create", "virtual"] else "",
            },
        )
        computed = dict(_computed(tokens))
        for _, name, type_, not_null, default, key, hidden in self._ask("select * from pragma_table_xinfo(?)", table):
            yield (
                ("column", table, name),
                {
                    "type": type_.lower(),
                    "not null": "yes" if not_null else "no",
                    "default": "" if default is None else _default(str(default)),
                    "primary key": str(key) if key else "",
                    "generated": f"{computed.get(name.lower(), '')} {'stored' if hidden == 3 else 'virtual'}"
                    if hidden in (2, 3)
                    else "",
                },
            )
        for index, origin in self._ask("select name, origin from pragma_index_list(?)", table):
            if origin == "u":
                columns = [r[0] or "" for r in self._ask("select name from pragma_index_info(?) order by seqno", index)]
                yield ("unique constraint", table, ", ".join(columns)), {"unique": "yes"}
        yield from self._foreign_keys(table)
        for name, expression in _checks(tokens):
            yield ("check", table, name or expression), {"expression": expression}

    def _foreign_keys(self, table: str) -> Iterator[tuple[Key, Mapping[str, str]]]:
        keys: dict[int, list[Any]] = {}
        for row in self._ask("select * from pragma_foreign_key_list(?) order by id, seq", table):
            keys.setdefault(row[0], []).append(row)
        for rows in keys.values():
            columns = ", ".join(row[3] for row in rows)
            yield (
                ("foreign key", table, columns),
                {
                    "references": f"{rows[0][2]}({', '.join(row[4] or '' for row in rows)})",
                    "on update": rows[0][5].lower(),
                    "on delete": rows[0][6].lower(),
                },
            )

    def broken(self) -> list[str]:
        """EXPLAIN compiles a view, a table's triggers and its foreign keys, and runs nothing."""
        found = []
        self.connection.execute("PRAGMA foreign_keys = ON")
        for kind, name, _, sql in self._objects():
            if kind == "view":
                tries = [f"SELECT * FROM {_quoted(name)}"]
            elif kind == "table" and not sql.lower().startswith("create virtual"):
                columns = self._ask("select name from pragma_table_xinfo(?) where hidden = 0", name)
                column = _quoted(columns[0][0])
                tries = [f"DELETE FROM {_quoted(name)}", f"UPDATE {_quoted(name)} SET {column} = {column}"]
                tries.insert(0, f"INSERT INTO {_quoted(name)} DEFAULT VALUES")
            else:
                continue
            for statement in tries:
                try:
                    self._ask(f"EXPLAIN {statement}")
                except sqlite3.Error as error:
                    found.append(f'{kind} "{name}" is there but fails: {statement}: {error}')
                    break
        return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _spelled(sql: str) -> str:
    """SQL in one spelling: without comments and quotes of names, in lower case outside strings."""
    return " ".join(token.text for token in tokenize(sql))


def _default(text: str) -> str:
    spelled = _spelled(text)
    while re.fullmatch(r"\( .* \)", spelled) and _closed(spelled[2:-2]):
        spelled = spelled[2:-2]
    return spelled


def _closed(text: str) -> bool:
    depth = 0
    for token in tokenize(text):
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "mark" else 0
        if depth < 0:
            return False
    return depth == 0


def _group(tokens: Sequence[Token], at: int) -> int:
    """Where the parenthesis that opens at `at` closes."""
    depth = 0
    for position in range(at, len(tokens)):
        if tokens[position].kind == "mark":
            depth += {"(": 1, ")": -1}.get(tokens[position].text, 0)
            if depth == 0:
                return position
    return len(tokens) - 1


def _open(tokens: Sequence[Token], start: int = 0) -> int | None:
    mark = Token("mark", "(")
    return next((n for n in range(start, len(tokens)) if tokens[n] == mark), None)


def _after_columns(tokens: Sequence[Token]) -> Sequence[Token]:
    first = _open(tokens)
    return [] if first is None else tokens[_group(tokens, first) + 1 :]


def _inner(tokens: Sequence[Token], at: int) -> str:
    return " ".join(token.text for token in tokens[at + 1 : _group(tokens, at)])


def _checks(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Name ("" if it has none) and expression of each CHECK of a CREATE TABLE."""
    for n, token in enumerate(tokens):
        if token == Token("word", "check") and n + 1 < len(tokens) and tokens[n + 1].text == "(":
            named = n > 1 and tokens[n - 2] == Token("word", "constraint")
            yield (tokens[n - 1].text if named else ""), _inner(tokens, n + 1)


def _computed(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Name and expression of each generated column."""
    first = _open(tokens)
    depth, column, fresh = 0, "", True
    for n in range(first + 1 if first is not None else len(tokens), len(tokens)):
        token = tokens[n]
        if token.kind == "mark":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            fresh = token.text == "," and depth == 0
        elif depth == 0 and fresh:
            column, fresh = token.text, False
        elif depth == 0 and token == Token("word", "as") and n + 1 < len(tokens) and tokens[n + 1].text == "(":
            yield column, _inner(tokens, n + 1)
