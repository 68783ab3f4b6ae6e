"""What the commands ask of an open database, whatever its kind; each kind is a subclass in this folder."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from drizzle_guard.database.row_sql import COLUMNS, Names
from drizzle_guard.database.urls import Target
from drizzle_guard.database.verdicts import Row, Table
from drizzle_guard.database.world import Catalog


class DatabaseError(Exception):
    """What a driver reported, without secrets.  `lost` says that the connection is gone."""

    def __init__(self, message: str, *, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost


class Database(ABC):
    """An open connection.  Every public method raises DatabaseError.

    A subclass says how to connect, what its catalog holds and how it locks; that the migrations table is read in one
    query, and what makes it one of Drizzle's, is told here once.
    """

    #: whether DDL is rolled back with the transaction (MySQL commits it at once)
    transactional: ClassVar[bool] = True
    #: whether NULL comes first in a descending order (PostgreSQL)
    nulls_first: ClassVar[bool] = False
    #: the column by which a row is found again
    row_key: ClassVar[str] = "id"
    #: the exceptions of the driver, which `_translated` makes ours
    failures: ClassVar[tuple[type[Exception], ...]] = ()

    def __init__(self, target: Target, timeout: float, *, write: bool) -> None:
        self._target, self._write = target, write
        self._connection: Any = None
        with self._errors():
            self._connection = self._connect(timeout)

    # ------------------------------------------------------------ what the commands call

    def table(self, names: Names) -> Table:
        """The migrations table, with one query for its rows."""
        with self._errors():
            columns = self._columns(names)
            if not columns:
                return Table(False, name=names.table, nulls_first=self.nulls_first)
            if not {"id", "hash", "created_at"} <= columns:
                raise DatabaseError(f"{names.shown} is no table of Drizzle: it lacks id, hash or created_at")
            named = "name" in columns
            rows = self.query(
                f"select id, hash, created_at, {self.row_key}{', name' if named else ''} from {names.quoted} "
                "order by created_at desc"
            )
            read = tuple(
                Row(_id(r[0]), _text(r[1]) or "", self._number(r[2]), _id(r[3]), _text(r[4]) if named else None)
                for r in rows
            )
            more = tuple(sorted(columns - COLUMNS))
            table = Table(True, read, named, name=names.table, nulls_first=self.nulls_first, more=more)
            return self._with_sequence(table, names)

    def elsewhere(self, names: Names) -> list[str]:
        """Schemas that hold a table of this name, where the schema asked for does not (PostgreSQL)."""
        return []

    def column(self, sql: str) -> list[str]:
        """The texts in the only column of a query."""
        with self._errors():
            return [_text(row[0]) or "" for row in self.query(sql)]

    @abstractmethod
    def catalog(self) -> Catalog:
        """What the database holds, in a number of queries that does not grow with it."""

    @abstractmethod
    def begin(self, names: Names, timeout: float) -> None:
        """Wait at most `timeout` seconds for the lock that keeps two of us apart, then begin a transaction."""

    @abstractmethod
    def run(self, sql: str) -> int:
        """Run one piece of SQL as Drizzle does, without parameters; returns how many rows it touched."""

    def commit(self) -> None:
        """End the transaction; the lock goes with it or with the connection."""
        with self._errors():
            self._connection.execute("COMMIT")

    @abstractmethod
    def rollback(self) -> None:
        """Give up the transaction."""

    def close(self) -> None:
        """Close; what is not committed is lost."""
        self._connection.close()

    def query(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        """The rows of one query."""
        return list(self._connection.execute(sql, parameters).fetchall())

    # ------------------------------------------------------------ what a kind of database must say

    @abstractmethod
    def _connect(self, timeout: float) -> Any:
        """The driver's own connection."""

    @abstractmethod
    def _columns(self, names: Names) -> set[str]:
        """The columns of the migrations table, in lower case; nothing if there is no such table."""

    @abstractmethod
    def _translated(self, error: Exception) -> DatabaseError:
        """One of `failures` in words without secrets."""

    def _with_sequence(self, table: Table, names: Names) -> Table:
        """The table with what is known of the numbers that `id` gets (PostgreSQL)."""
        return table

    def _number(self, value: Any) -> int | float | None:
        """A `created_at` as JavaScript's Number() reads it; NaN if it is none."""
        return value if value is None or isinstance(value, int) else float("nan")

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self.failures as error:
            raise self._translated(error) from None


def _id(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: Any) -> str | None:
    """A name or hash; somebody may have given the column another type."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else None if value is None else str(value)
