"""The rule about how Drizzle cuts an SQL file: at every breakpoint, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drizzle_guard.drizzle.folder import join
from drizzle_guard.drizzle.journal import sql_path
from drizzle_guard.errors import printable
from drizzle_guard.light import pattern
from drizzle_guard.rules.model import Finding, Rule, Subject
from drizzle_guard.rules.reading import load
from drizzle_guard.sql.statements import BREAKPOINT, decode, split_chunks, statements

BREAKPOINTS = Rule(
    "DG036",
    "breakpoints",
    "Drizzle cuts the SQL where it must not, or does not cut it where it must.",
    "The migrator splits the file at the literal `--> statement-breakpoint` and sends each piece as one query "
    "(drizzle-orm 0.45, migrator.js). MySQL and most SQLite drivers take one statement a query: two are a syntax "
    "error, and a piece with comments alone is `Query was empty` or `contains no statements`. A breakpoint inside a "
    "comment, a string or a function's body tears it in two, on every database.",
    "Put `--> statement-breakpoint` on a line of its own between two statements; none behind the last, none inside a "
    "comment or a body. A published file stays as it is; see `drizzle-guard explain DG031`.",
    "put one breakpoint between two statements, none elsewhere",
)

_ONE_A_QUERY = ("mysql", "singlestore", "sqlite")
_WHOLES = pattern(
    r"--(?!> statement-breakpoint)[^\n]*|/\*.*?(?:\*/|\Z)|\$(\w*)\$.*?(?:\$\1\$|\Z)|'(?:[^']|'')*'", re.DOTALL
)
_PULLED = "-- Current sql file was generated after introspecting the database"


def breakpoints(folder: Subject) -> Iterator[Finding]:
    """DG036: pieces that are not one statement, where one is wanted; and breakpoints that tear something."""
    single = folder.history.journal.dialect in _ONE_A_QUERY
    for position, migration in enumerate(folder.history.migrations):
        data = b"" if migration.sql is None else load(migration.sql, "")
        if not isinstance(data, bytes):
            continue
        text = decode(data)
        if text.startswith(_PULLED):
            continue
        what = _torn(text)
        if not what and single:
            what = _uneven(text, migration.entry.raw.get("breakpoints") is not False)
        if what:
            path = sql_path(migration.tag)
            message = f"{printable(path)}: {what}."
            yield BREAKPOINTS.at(
                join(folder.history.name, path), message, entries=(position,), files=(path,), mild=True
            )


def _torn(text: str) -> str:
    for found in _WHOLES.finditer(text):
        if BREAKPOINT in found[0] and not found[0].startswith("--"):
            kind = {"/": "a comment", "$": "a body", "'": "a string"}[found[0][0]]
            return f"a breakpoint stands inside {kind}, so Drizzle cuts that in two"
    return ""


def _uneven(text: str, cut: bool) -> str:
    chunks = split_chunks(text)
    if not text.strip():
        return ""
    counts = [len(statements(chunk)) for chunk in chunks]
    if counts and counts[-1] == 0 and sum(counts):
        return "behind its last breakpoint there is no statement"
    if 0 in counts:
        return "it has a piece without a statement, which the database refuses"
    many = next((n for n, count in enumerate(counts, 1) if count > 1), None)
    if many is not None and cut:
        return f"its piece {many} holds {counts[many - 1]} statements, with no breakpoint between them"
    return ""
