"""Tries on an empty copy of a SQLite schema, in memory, what was read as certain to work.

Reading tells what a statement does, not whether SQLite's grammar takes each of its words (`id int,)`, a reserved name,
`AUTOINCREMENT` behind the wrong type).  SQLite itself is here, so it is asked.  Only statements that were understood as
DDL come this far; ATTACH and extensions are denied all the same, no file is opened, and time is bounded.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing

from drizzle_guard.database.ledger import sql_text
from drizzle_guard.database.row_sql import Names
from drizzle_guard.drizzle.folder import Migration
from drizzle_guard.errors import printable
from drizzle_guard.sql.statements import split_chunks
from drizzle_guard.sql.tokens import pieces

_SECONDS = 2.0
_LOOK_EVERY = 50_000  # instructions of SQLite's machine between two looks at the clock
_ATTACH, _DETACH, _FUNCTION = 24, 25, 31  # SQLite's action codes


def doubt_of_trial(schema: Sequence[str], migrations: Sequence[Migration], names: Names) -> str | None:
    """Why it cannot be told that these migrations work on a database with this schema; None if they do on a copy.

    `schema` is the SQL of sqlite_master, in the order in which it was made.
    """
    deadline = time.monotonic() + _SECONDS
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        copy.set_authorizer(_authorize)
        copy.set_progress_handler(lambda: time.monotonic() > deadline, _LOOK_EVERY)
        try:
            for sql in (*schema, *names.create(named=False)):
                copy.execute(sql)
            copy.execute("PRAGMA foreign_keys = OFF")
            copy.execute("BEGIN")
        except (sqlite3.Error, sqlite3.Warning) as error:
            return f"its schema cannot be copied here: {printable(str(error))}"
        for migration in migrations:
            for sql in [p for chunk in split_chunks(sql_text(migration)) for p in pieces(chunk)]:
                try:
                    copy.execute(sql).fetchall()
                except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
                    return f"{printable(migration.tag)} fails on an empty copy of the schema: {printable(str(error))}"
            try:
                copy.execute(names.insert("", 0).sql)
            except sqlite3.Error as error:
                return f"after {printable(migration.tag)} its row cannot be written: {printable(str(error))}"
    return None


def _authorize(action: int, one: str | None, two: str | None, place: str | None, trigger: str | None) -> int:
    if action in (_ATTACH, _DETACH) or (action == _FUNCTION and (two or "").lower() == "load_extension"):
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK
