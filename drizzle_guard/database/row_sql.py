"""The SQL that changes rows of the migrations table, and the SQL that takes the change back.

What is shown to the user is what runs, letter for letter; so values stand in the text, and only values that need no
escaping are ever written.
"""

from __future__ import annotations

from datetime import datetime

from drizzle_guard.database.verdicts import IdSequence, Row
from drizzle_guard.light import NamedTuple, pattern

#: Drizzle's columns, 0.x and v1
COLUMNS = frozenset(["id", "hash", "created_at", "name", "applied_at"])
_PLAIN = pattern(r"[0-9A-Za-z_]*")


class Change(NamedTuple):
    """One statement, its undo, and how many rows it must touch (None: it touches none of the table's)."""

    sql: str
    undo: str
    rows: int | None = 1


class Names(NamedTuple):
    """Where the rows are: the database's kind (`postgresql`, `mysql`, `sqlite`), schema (PostgreSQL only), table."""

    kind: str
    schema: str
    table: str

    @property
    def shown(self) -> str:
        """For people: `drizzle.__drizzle_migrations`."""
        return f"{self.schema}.{self.table}" if self.kind == "postgresql" else self.table

    @property
    def quoted(self) -> str:
        """For SQL."""
        if self.kind == "postgresql":
            return f"{self.quote(self.schema)}.{self.quote(self.table)}"
        return self.quote(self.table)

    def quote(self, name: str) -> str:
        """A name as an identifier."""
        mark = "`" if self.kind == "mysql" else '"'
        return mark + name.replace(mark, mark * 2) + mark

    def create(self, *, named: bool) -> list[str]:
        """What the migrator runs on a fresh database (drizzle-orm 0.45 dialect.js; with `named` 1.0.0-rc.5)."""
        time = {"postgresql": "bigint", "mysql": "bigint", "sqlite": "numeric"}[self.kind]
        id_column = "INTEGER PRIMARY KEY" if named and self.kind == "sqlite" else "SERIAL PRIMARY KEY"
        columns = f"id {id_column}, hash text NOT NULL, created_at {time}"
        if named:
            stamp = {
                "postgresql": "timestamp with time zone DEFAULT now()",
                "mysql": "TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
                "sqlite": "TEXT",
            }
            columns += f", name text, applied_at {stamp[self.kind]}"
        table = f"CREATE TABLE IF NOT EXISTS {self.quoted} ({columns})"
        return (
            [f"CREATE SCHEMA IF NOT EXISTS {self.quote(self.schema)}", table] if self.kind == "postgresql" else [table]
        )

    def insert(self, hash: str, when: int, *, name: str | None = None, now: datetime | None = None) -> Change:
        """Record a migration as the migrator does; `name` and `now` for tables of Drizzle v1."""
        values = {"hash": _text(hash), "created_at": str(when)}
        if name is not None:
            values["name"] = _text(name)
            if self.kind == "sqlite" and now is not None:  # elsewhere the column has a default
                values["applied_at"] = "'" + now.strftime("%Y-%m-%dT%H:%M:%S.000Z") + "'"
        columns = ", ".join(map(self.quote, values))
        told = [key for key in ("hash", "created_at", "name") if key in values]
        match = " AND ".join(f"{self.quote(key)} = {values[key]}" for key in told)
        return Change(
            f"INSERT INTO {self.quoted} ({columns}) VALUES ({', '.join(values.values())})",
            f"DELETE FROM {self.quoted} WHERE {match}",
        )

    def restamp(self, row: Row, when: int) -> Change:
        """Give a row another `created_at` (ms)."""
        column = self.quote("created_at")
        return Change(
            f"UPDATE {self.quoted} SET {column} = {when} WHERE {self._match(row)}",
            f"UPDATE {self.quoted} SET {column} = {_number(row)} WHERE {self._match(row._replace(created_at=when))}",
        )

    def rehash(self, row: Row, hash: str) -> Change:
        """Give a row another hash."""
        column = self.quote("hash")
        return Change(
            f"UPDATE {self.quoted} SET {column} = {_text(hash)} WHERE {self._match(row)}",
            f"UPDATE {self.quoted} SET {column} = {_text(row.hash)} WHERE {self._match(row._replace(hash=hash))}",
        )

    def delete(self, row: Row) -> Change:
        """Remove a row; the undo writes it again under its own id."""
        columns, values = ["hash", "created_at"], [_text(row.hash), _number(row)]
        if row.id is not None or self.kind != "sqlite":
            columns, values = ["id", *columns], [str(row.id), *values]
        elif row.key is not None:
            columns, values = ["rowid", *columns], [str(row.key), *values]
        return Change(
            f"DELETE FROM {self.quoted} WHERE {self._match(row)}",
            f"INSERT INTO {self.quoted} ({', '.join(map(self.quote, columns))}) VALUES ({', '.join(values)})",
        )

    def _match(self, row: Row) -> str:
        column, key = ("id", row.id) if row.id is not None else ("rowid", row.key)
        time = self.quote("created_at")
        stamp = f"{time} IS NULL" if row.created_at is None else f"{time} = {_number(row)}"
        return f"{self.quote(column)} = {key} AND {self.quote('hash')} = {_text(row.hash)} AND {stamp}"


def set_sequence(sequence: IdSequence, largest: int) -> Change:
    """Let the next insert take `largest` + 1.  PostgreSQL does not roll this back, which does no harm."""
    name = sequence.name.replace("'", "''")
    old = f"{sequence.last_value}, {str(sequence.is_called).lower()}"
    return Change(f"SELECT setval('{name}', {largest})", f"SELECT setval('{name}', {old})", None)


def writable(row: Row) -> bool:
    """Whether a row can be named in SQL without a doubt: it has a key, a plain hash and a whole `created_at`."""
    whole = row.created_at is None or isinstance(row.created_at, int)
    return (row.id is not None or row.key is not None) and bool(_PLAIN.fullmatch(row.hash)) and whole


def _text(value: str) -> str:
    if "\\" in value or "'" in value or not value.isprintable():
        raise ValueError(f"not written into SQL: {value!r}")
    return f"'{value}'"


def _number(row: Row) -> str:
    return "NULL" if row.created_at is None else str(row.created_at)
