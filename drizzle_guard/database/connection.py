"""Opens a database of any kind, and makes its errors ours."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from drizzle_guard.database.drivers.base import Database, DatabaseError
from drizzle_guard.database.urls import Target
from drizzle_guard.errors import GuardError, UsageError
from drizzle_guard.packaged import to_add

T = TypeVar("T")


@contextmanager
def opened(target: Target, timeout: float, *, write: bool = False) -> Iterator[Database]:
    """Connect.  Raises UsageError where the driver is missing or nothing can be reached.

    What fails later is a UsageError as well if nothing was to be written, else a GuardError.
    """
    try:
        database = _connect(target, timeout, write)
    except ImportError as error:
        extra = "postgres" if target.kind == "postgresql" else "mysql"
        raise UsageError(f"{target.label}: the driver {error.name} is not installed.", to_add(extra)) from None
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

        return Postgres(target, timeout, write=write)
    if target.kind == "mysql":
        from drizzle_guard.database.drivers.mysql import Mysql

        return Mysql(target, timeout, write=write)
    if "url" in target.arguments:
        from drizzle_guard.database.drivers.libsql import Libsql

        return Libsql(target, timeout, write=write)
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
