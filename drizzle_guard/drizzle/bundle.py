"""`migrations.js`, which drizzle-kit writes for expo and durable-sqlite: it imports every migration by its idx.

drizzle-orm (`expo-sqlite/migrator.js`) looks the SQL up by `m` + idx in four digits, so a wrong name there runs the
wrong migration.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.errors import GuardError
from drizzle_guard.light import pattern

_IMPORT = pattern(r"^([ \t]*)import\s+(m\d+)\s+from\s+(['\"])\./([^'\"]*)\.sql\3[ \t]*(;?)[ \t]*\r?\n", re.MULTILINE)
_JOURNAL = pattern(r"^[ \t]*import\s+journal\s+from\b[^\n]*\n", re.MULTILINE)
_NAMES = pattern(r"(migrations\s*:\s*\{)([^}]*)(\})")
_NAME = pattern(r"\bm\d+\b")


def regenerate(data: bytes, entries: Sequence[Entry], name: str) -> bytes:
    """The bundle `data` with the imports that `entries` call for, and all else in the form it had.

    `name` is the file, for the message.  No import is named twice, even where two entries have one idx.  Raises
    GuardError if it does not look like what drizzle-kit writes.
    """
    text = data.decode("utf-8", "surrogateescape")
    newline = "\r\n" if "\r\n" in text else "\n"
    imports = list(_IMPORT.finditer(text))
    journal = _JOURNAL.search(text)
    names = _NAMES.search(text)
    if journal is None or names is None:
        raise GuardError(
            f"{name} is not in the form in which drizzle-kit writes it.",
            "Bring it into that form by hand: an import and its variable for each entry of the journal.",
        )
    first = imports[0] if imports else None
    margin, quote, semicolon = (first[1], first[3], first[5]) if first else ("", "'", ";")
    tags: dict[str, str] = {}
    for entry in entries:  # JavaScript allows a name once; of two entries with one idx the first has it
        tags.setdefault(_variable(entry), entry.tag)
    lines = [
        f"{margin}import {variable} from {quote}./{tag}.sql{quote}{semicolon}{newline}"
        for variable, tag in tags.items()
    ]
    listed = _list_names(names[2], list(tags), newline)
    text = text[: names.start(2)] + listed + text[names.end(2) :]
    for match in reversed(imports):
        text = text[: match.start()] + text[match.end() :]
    at = imports[0].start() if imports and imports[0].start() < names.start() else journal.end()
    return (text[:at] + "".join(lines) + text[at:]).encode("utf-8", "surrogateescape")


def _variable(entry: Entry) -> str:
    return f"m{entry.idx or 0:04d}"


def _list_names(old: str, names: Sequence[str], newline: str) -> str:
    """The list between the braces of `migrations: {…}`, with the separators that it had."""
    found = list(_NAME.finditer(old))
    if not found:
        return f"{newline}      {f',{newline}'.join(names)}{newline}    " if names else old
    lead, trail = old[: found[0].start()], old[found[-1].end() :]
    between = old[found[0].end() : found[1].start()] if len(found) > 1 else f",{newline}"
    return lead + between.join(names) + trail
