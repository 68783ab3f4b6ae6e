"""What both lines of migrations stand on: the newest common snapshot, and what only SQL says of the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import lru_cache

from drizzle_guard.light import pattern
from drizzle_guard.replay.commute import Script
from drizzle_guard.sql.footprint.dialect import dialect_of
from drizzle_guard.sql.footprint.known import Known, from_snapshot
from drizzle_guard.sql.footprint.read import Reader

_NAME = r"((?:[\"`\[]?\w+[\"`\]]?\.)?[\"`\[]?\w+)"
_USED = pattern(
    r"(?:\bdrop\s+(?!table|column|not|default)\w+\s+(?:concurrently\s+)?(?:if\s+exists\s+)?|\balter\s+(?!column)\w+\s+|\bon\s+"
    r"(?!delete|update|conflict|duplicate)|\breferences\s+|\bindexed\s+by\s+|\busing\s+index\s+)" + _NAME
)
_MADE = pattern(
    r"\b(?:create\s+(?:(?!table|index|view|type|function)\w+\s+){0,3}(?:table|index|view|type|function)(?:\s+concurrently)?|"
    r"add\s+(?:constraint|column)|rename\s+to)\s+(?:if\s+not\s+exists\s+)?" + _NAME
)
#: what is replaced where it stands: checks, defaults and views call it by its name
_REPLACED = pattern(r"\bcreate\s+or\s+replace\s+(?:function|procedure|aggregate)\s+" + _NAME)
#: rows, and objects whose effect depends on triggers, views and functions, which a snapshot does not hold
_ASKS_FOR_MORE = pattern(
    r"(?:\A|;|breakpoint|\bbegin|\bthen|\bloop|\n)\s*(?:insert|update|delete|truncate|select|with|merge|replace|call|perform|"
    r"drop\s+(?:table|view|schema|type|function|materialized)|refresh|execute|"
    r"create\s+(?:or\s+replace\s+)?(?:materialized\s+)?(?:definer|algorithm|view|trigger|function|procedure|rule))\b"
    r"|\bnextval\s*\("
)
#: SQLite minds whether all that a view or trigger names is there: by hand, tables are made that no snapshot holds
_MINDS_ALL = pattern(
    r"create\s+(?:temp\w*\s+)?(?:view|trigger)\b(?s:.*)(?:\brename\b|\bdrop\s+column\b)"
    r"|(?:\brename\b|\bdrop\s+column\b)(?s:.*)create\s+(?:temp\w*\s+)?(?:view|trigger)\b"
)
_BESIDES = (
    " view",
    "trigger",
    " function",
    "procedure",
    "create rule",
    "replace rule",
    "create domain",
    "create event",
    "partition of",
    "attach partition",
    "inherit",
    "owned by",
)


@lru_cache(maxsize=2)
def _drawn(snapshot: bytes, dialect: str) -> Known:
    """What a snapshot holds.  A hundred branches stand on one or two of them."""
    try:
        body = json.loads(snapshot)
        return from_snapshot(body if isinstance(body, dict) else {}, dialect_of(dialect))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return Known()  # the snapshot chain says what is wrong with it


def known_before(
    common: Callable[[], Sequence[Script]],
    snapshot: bytes | None,
    lines: Sequence[Script],
    dialect: str,
    later: Sequence[Script] = (),
) -> Known:
    """The objects that stand before two `lines` part.

    `common` gives the migrations that both have, `snapshot` is the newest one of these (None: there is none), `later`
    are some that both have beyond it.  Of the common SQL only that is read which the snapshot cannot tell, and only
    where the lines ask for it: hundreds of files would take longer than the merge.
    """
    rules = dialect_of(dialect)
    drawn = Known() if snapshot is None else _drawn(snapshot, dialect).copy()
    text = "\n;".join(script.sql for script in lines).lower()
    unknown = (
        {_bare(found) for found in _USED.findall(text)} - {_bare(found) for found in _MADE.findall(text)} - _told(drawn)
    )
    unknown |= {_bare(found) for found in _REPLACED.findall(text)}
    known = Known()
    reader = Reader(rules, known)
    whole = not drawn.tables or (rules.is_sqlite and bool(_MINDS_ALL.search(text)))
    if unknown or whole or _ASKS_FOR_MORE.search(text):
        for script in common():
            sql = script.sql.lower()
            if whole or any(w in sql for w in _BESIDES) or any(name in sql for name in unknown):
                for _ in reader.read(script.sql):
                    pass
    for name, functions in drawn.called.items():
        known.calls(name, functions)
    for attribute in ("tables", "indexes", "foreign", "enums"):
        getattr(known, attribute).update(getattr(drawn, attribute))
    for script in later:
        for _ in reader.read(script.sql):
            pass
    known.dropped.clear()
    known.made.clear()
    known.grown.clear()
    return known


def _told(drawn: Known) -> set[str]:
    """The names that a snapshot tells about, in lower case."""
    told = {name for _, name in (*drawn.tables, *drawn.enums, *drawn.foreign)}
    told |= {name.rpartition(".")[2] for _, name in drawn.indexes}
    for table in drawn.tables.values():
        told.update(table.columns, table.constraints)
    return {name.lower() for name in told}


def _bare(found: str) -> str:
    return found.rpartition(".")[2].strip('"`[')
