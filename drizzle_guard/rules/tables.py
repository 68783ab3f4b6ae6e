"""The rule about several journals that write one migrations table."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from drizzle_guard.drizzle.config_text import read_config_text
from drizzle_guard.errors import printable
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
    """DG041: pairs of config files in one directory that point at two of the folders and name no table.

    `configs` maps paths to texts, `folders` are migration folders; both as messages call them.  Yields each finding
    with the folder of the second config.
    """
    known = {posixpath.normpath(folder or "."): folder for folder in folders}
    read = {path: read_config_text(text) for path, text in sorted(configs.items())}
    for (one, left), (two, right) in combinations(read.items(), 2):
        directory = posixpath.dirname(one)
        if left.out is None or right.out is None:
            continue
        outs = [posixpath.normpath(posixpath.join(directory, out)) for out in (left.out, right.out)]
        if posixpath.dirname(two) != directory or outs[0] == outs[1] or not known.keys() >= set(outs):
            continue
        if left.own_table or right.own_table or left.dialect != right.dialect:
            continue
        if left.credentials and right.credentials and left.credentials != right.credentials:
            continue
        message = f"{printable(one)} and {printable(two)} name no migrations.table: both folders write to one table."
        yield known[outs[1]], SHARED_TABLE.at(two, message, mild=True)
