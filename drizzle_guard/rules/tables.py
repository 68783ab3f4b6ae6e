"""The rule about several journals that write one migrations table."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from drizzle_guard.drizzle.config_text import ConfigText, read_config_text
from drizzle_guard.errors import printable
from drizzle_guard.light import pattern
from drizzle_guard.rules.model import Finding, Rule

SHARED_TABLE = Rule(
    "DG041",
    "shared-table",
    "Two drizzle configs write to one migrations table.",
    "The migrator compares `when` with the newest row of the table, whoever wrote it: after one folder has run, "
    "older entries of the other are silently skipped. Without `migrations.table` in the config all use "
    "`__drizzle_migrations`.",
    "Give each folder its table: `migrations: { table: '__drizzle_migrations_auth' }` in its config, and the same "
    "`migrationsTable` where the app calls `migrate()`. A folder that has run needs its rows copied to the new table "
    "first.",
    "set migrations.table in each config",
    "warning",
)


def shared_table(configs: Mapping[str, str], folders: Sequence[str]) -> Iterator[tuple[str, Finding]]:
    """DG041: pairs of config files that point at two of the folders, at one table and, as they say, at one database.

    `configs` maps paths to texts, `folders` are migration folders; both as messages call them.  Yields each finding
    with the folder of the second config.
    """
    known = {posixpath.normpath(folder or "."): folder for folder in folders}
    read = {path: read_config_text(text) for path, text in sorted(configs.items())}
    for (one, left), (two, right) in combinations(read.items(), 2):
        if left.out is None or right.out is None:
            continue
        outs = [
            posixpath.normpath(posixpath.join(posixpath.dirname(path), config.out or ""))
            for path, config in ((one, left), (two, right))
        ]
        if outs[0] == outs[1] or not known.keys() >= set(outs) or left.dialect != right.dialect:
            continue
        table = _table(left)
        if table is None or table != _table(right):
            continue
        told = "name no migrations.table" if not left.own_table else f"name one table, {printable(table[0])}"
        if posixpath.dirname(one) == posixpath.dirname(two):
            if left.credentials and right.credentials and left.credentials != right.credentials:
                continue
            then = ": both folders write to one table."
        elif left.credentials and left.credentials == right.credentials and not _FROM_HERE.search(left.credentials):
            then = " and the same dbCredentials: where that is one database, both folders write to one table."
        else:
            continue
        yield known[outs[1]], SHARED_TABLE.at(two, f"{printable(one)} and {printable(two)} {told}{then}", mild=True)


#: a path, or a name that may mean another thing in each directory
_FROM_HERE = pattern(r"""file:(?!/)|["'`]\.{0,2}/?[\w./-]*\.(?:db|sqlite3?)["'`]""")


def _table(config: ConfigText) -> tuple[str, str] | None:
    """The table of migrations and its schema ("": drizzle's own); None if the text does not tell."""
    if not config.own_table:
        return "", ""
    if config.table is None:
        return None
    return config.table, config.schema or ""
