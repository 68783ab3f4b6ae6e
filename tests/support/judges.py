"""Two judges of a merge that know nothing of how it was made: our own `check`, and SQLite."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from drizzle_guard.drizzle.folder import Blob, Folder
from drizzle_guard.rules.model import MainlineFolder
from drizzle_guard.rules.repeats import CREATED_TWICE
from drizzle_guard.rules.run import Judged, check_journal_folder

_NEVER = 2**62  # a clock by which nothing lies in the future
_CHANGE = re.compile(r"ALTER TABLE (\w+) ALTER COLUMN (\w+) SET DATA TYPE (\w+)")
_DROP_COLUMN = re.compile(r"ALTER TABLE (\w+) DROP COLUMN (\w+)")
_CREATE = re.compile(r"CREATE TABLE (\w+)")


def new_errors(published: Folder, sides: Sequence[Folder], result: Mapping[str, Blob]) -> list[str]:
    """The errors of `check` in a merged folder that no side has: the code and the migration's name without number."""
    known: set[str] = set()
    for side in sides:
        known |= _found(side.files, published, errors=False)
    return sorted(_found(result, published, errors=True) - known)


def _found(files: Mapping[str, Blob], published: Folder, *, errors: bool) -> set[str]:
    mainline = MainlineFolder("main", published)
    checked = check_journal_folder("drizzle", dict(files), now=_NEVER, published=mainline)
    return {
        f"{judged.finding.rule.code} {_subject(judged)}"
        for judged in checked.findings
        if judged.severity == "error" or not errors
    }


def _subject(judged: Judged) -> str:
    """Whom a finding is about: its last migration; both of two that hold the same, whose order a merge may change."""
    names = [tag.partition("_")[2] for tag in judged.tags]
    return " ".join(sorted(names) if judged.finding.rule is CREATED_TWICE else names[-1:])


class Script(NamedTuple):
    """A migration as a migrator sees it; `when` is ms since the epoch."""

    when: int
    sql: str


def migrated(*stages: Sequence[Script]) -> tuple[Any, ...]:
    """What SQLite holds when it was migrated to each of these rows in turn, as drizzle-orm does it: schema and rows.

    The model's SQL is PostgreSQL's in two places: SQLite changes no column's type, and drops no column with an index.
    Every new table gets a row.
    """
    database = sqlite3.connect(":memory:", isolation_level=None)
    newest = -1
    for row in stages:
        last = newest
        for script in row:
            if script.when > last:
                for text in filter(
                    None, (part.strip(" \n;") for part in re.split(r"--> statement-breakpoint|;", script.sql))
                ):
                    _run(database, text)
                newest = max(newest, script.when)
    tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    return tuple((name, _columns(database, name), _indexes(database, name), _rows(database, name)) for name in tables)


def _run(database: sqlite3.Connection, text: str) -> None:
    if found := _CHANGE.fullmatch(text):
        table, column, kind = found.groups()
        indexes = _without_indexes(database, table, column)
        database.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO old_{column}")
        database.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
        database.execute(f"UPDATE {table} SET {column} = old_{column}")
        database.execute(f"ALTER TABLE {table} DROP COLUMN old_{column}")
        for index in indexes:
            database.execute(index)
        return
    if found := _DROP_COLUMN.fullmatch(text):
        _without_indexes(database, *found.groups())
    database.execute(text)
    if found := _CREATE.match(text):
        database.execute(f"INSERT INTO {found[1]} (id) VALUES (0)")


def _without_indexes(database: sqlite3.Connection, table: str, column: str) -> list[str]:
    """Drop the indexes on a column; returns the SQL that makes them again."""
    listed = database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", (table,))
    found = [(name, sql) for name, sql in listed.fetchall() if sql and f"({column})" in sql]
    for name, _ in found:
        database.execute(f"DROP INDEX {name}")
    return [sql for _, sql in found]


def _columns(database: sqlite3.Connection, table: str) -> Any:
    return sorted((name, kind) for _, name, kind, *_ in database.execute(f"PRAGMA table_info({table})"))


def _indexes(database: sqlite3.Connection, table: str) -> Any:
    return sorted(name for _, name, *_ in database.execute(f"PRAGMA index_list({table})"))


def _rows(database: sqlite3.Connection, table: str) -> Any:
    names = ", ".join(name for name, _ in _columns(database, table))
    return sorted(database.execute(f"SELECT {names} FROM {table}").fetchall(), key=repr)
