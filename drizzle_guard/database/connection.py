"""One open database, whatever its kind: what the commands ask of it, and how its errors become ours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from drizzle_guard.database.presence import Catalog
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.rows import Table
from drizzle_guard.database.urls import Target
from drizzle_guard.errors import GuardError, UsageError

T = TypeVar("T")


class DatabaseError(Exception):
    """What a driver reported, without secrets.  `lost` says that the connection is gone."""

    def __init__(self, message: str, *, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost


class Database(Protocol):
    """An open connection.  Every method raises DatabaseError."""

    #: whether DDL is rolled back with the transaction (MySQL commits it at once)
    transactional: bool

    def table(self, names: Names) -> Table:
        """The migrations table in one query for its rows."""

    def elsewhere(self, names: Names) -> list[str]:
        """Schemas that hold a table of this name, where the schema asked for does not (PostgreSQL)."""

    def catalog(self) -> Catalog:
        """What objects exist."""

    def begin(self, names: Names, timeout: float) -> None:
        """Wait at most `timeout` seconds for the lock that keeps two of us apart, then begin a transaction."""

    def run(self, sql: str) -> int:
        """Run one piece of SQL as Drizzle does, without parameters; returns how many rows it touched."""

    def commit(self) -> None:
        """End the transaction; the lock goes with it or with the connection."""

    def rollback(self) -> None:
        """Give up the transaction."""

    def close(self) -> None:
        """Close; what is not committed is lost."""


@contextmanager
def opened(target: Target, timeout: float, *, write: bool = False) -> Iterator[Database]:
    """Connect.  Raises UsageError where the driver is missing or nothing can be reached.

    What fails later is a UsageError as well if nothing was to be written, else a GuardError.
    """
    try:
        database = _connect(target, timeout, write)
    except ImportError as error:
        extra = "postgres" if target.kind == "postgresql" else "mysql"
        raise UsageError(
            f"{target.label}: the driver {error.name} is not installed.", f"pip install 'drizzle-guard[{extra}]'"
        ) from None
    except DatabaseError as error:
        raise UsageError(f"{target.label} cannot be opened: {error}.") from None
    try:
        yield database
    except DatabaseError as error:
        raise (GuardError if write else UsageError)(f"{target.label}: {error}.") from None
    finally:
        database.close()


def _connect(target: Target, timeout: float, write: bool) -> Database:
    if target.kind == "postgresql":
        from drizzle_guard.database.drivers.postgres import Postgres

        return Postgres(target, timeout)
    if target.kind == "mysql":
        from drizzle_guard.database.drivers.mysql import Mysql

        return Mysql(target, timeout)
    from drizzle_guard.database.drivers.sqlite import Sqlite

    return Sqlite(target, timeout, write=write)


def within(seconds: float, label: str, work: Callable[[], T]) -> T:
    """Do `work` in at most so many seconds, even where a server has stopped answering.  Raises UsageError."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # handed over to the caller
            failure.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not outcome:
        raise UsageError(f"{label} gave no answer within {seconds:g} s.", "Give it longer: --timeout SECONDS")
    return outcome[0]
