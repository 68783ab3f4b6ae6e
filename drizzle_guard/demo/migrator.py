"""drizzle-orm's migrator, as far as the demo needs it: an embedded SQLite database and the rule of what is run."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping

from drizzle_guard.drizzle.journal import PATH, parse_journal, sql_path
from drizzle_guard.sql.statements import decode, split_chunks


def migrate(database: sqlite3.Connection, files: Mapping[str, bytes]) -> list[str]:
    """Run the migrations of a folder (its files by path inside it) that drizzle-orm would run; returns their tags.

    The rule is that of drizzle-orm 0.45.4 (`sqlite-core/dialect.js`, migrate): the newest `created_at` is read once,
    and an entry runs if there is none or if its `when` (ms) is greater.  Everything else is passed over in silence.
    """
    with database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS __drizzle_migrations"
            " (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)"
        )
        newest = database.execute(
            "SELECT created_at FROM __drizzle_migrations ORDER BY created_at DESC LIMIT 1"
        ).fetchone()
        ran = []
        for entry in parse_journal(files[PATH], PATH).entries:
            if entry.when is None or (newest is not None and newest[0] >= entry.when):
                continue
            sql = files[sql_path(entry.tag)]
            for statement in split_chunks(decode(sql)):
                database.execute(statement)
            row = (hashlib.sha256(sql).hexdigest(), entry.when)
            database.execute("INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)", row)
            ran.append(entry.tag)
    return ran


def tables(database: sqlite3.Connection) -> list[str]:
    """The tables of a database with their columns, as `users(id, email)`, without the migrator's own."""
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    found = []
    for (name,) in names:
        if not name.startswith("__"):
            columns = database.execute("SELECT name FROM pragma_table_info(?)", (name,)).fetchall()
            found.append(f"{name}({', '.join(column for (column,) in columns)})")
    return found
