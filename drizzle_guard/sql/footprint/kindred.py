"""Tables behind tables: partitions and heirs share rows and rules; a write to a view is one to its tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drizzle_guard.sql.footprint import rows
from drizzle_guard.sql.footprint.dialect import Name
from drizzle_guard.sql.footprint.draft import Draft
from drizzle_guard.sql.footprint.mentions import Mentions
from drizzle_guard.sql.footprint.touch import ALL, Key, Mode, Thing, Touch, shown_name

#: what a row that is written touches
_OF_ROWS = ("rows", "cells", "fresh", "gone", "must", "default", "taken", "fits")
_NOT_SHARED = ("parts", "shelves", "setting", "clustered", "owner")
_WRITES = ("writes rows of", "deletes rows of")


def touch_kindred(draft: Draft) -> None:
    """Add to a statement that has been read what it touches in the tables behind those that it names."""
    known = draft.known
    if known.kin:
        children: dict[Name, list[Name]] = {}
        for child, parents in known.kin.items():
            for parent in parents:
                children.setdefault(parent, []).append(child)
        draft.touches += [t for touch in list(draft.touches) for t in _shared(draft, touch, children)]
    if known.views:
        for view in dict.fromkeys(t.key[1] for t in draft.touches if t.verb in _WRITES and t.key[0] in _OF_ROWS):
            if isinstance(view, tuple) and view in known.views:
                for table in _behind(view, known.views):
                    _written_through(draft, table)


def _shared(draft: Draft, touch: Touch, children: dict[Name, list[Name]]) -> Iterator[Touch]:
    table = touch.key[2] if touch.key[:2] == ("name", "relation") else touch.key[1] if len(touch.key) > 1 else None
    if not isinstance(table, tuple) or touch.key[0] in _NOT_SHARED:
        return
    if touch.key[0] != "name" or (touch.verb == "drops" and touch.mode is Mode.CHANGE):
        for child in _below(table, children):
            yield _of(touch, table, child)
    if touch.key[0] in _OF_ROWS and table in draft.known.made:  # the other side does not know that it is a part
        for parent in draft.known.kin.get(table, ()):
            yield _of(touch, table, parent)


def _below(table: Name, children: dict[Name, list[Name]]) -> list[Name]:
    """Partitions and heirs, and theirs."""
    found: list[Name] = []
    pending = list(children.get(table, ()))
    while pending:
        child = pending.pop()
        if child not in found:
            found.append(child)
            pending += children.get(child, ())
    return found


def _behind(view: Name, views: Mapping[Name, Mentions]) -> list[Name]:
    """The tables of a view, and of the views that it is over."""
    found: list[Name] = []
    pending = list(views[view].tables)
    while pending:
        table = pending.pop()
        if table not in found and table != view:
            found.append(table)
            pending += views[table].tables if table in views else ()
    return found


def _of(touch: Touch, table: Name, other: Name) -> Touch:
    """The same touch of another table."""
    key: Key = tuple(other if part == table else part for part in touch.key)
    thing = touch.thing
    if thing.table:
        thing = thing._replace(table=shown_name(other))
    elif thing.kind == "table":
        thing = thing._replace(name=shown_name(other))
    return touch._replace(key=key, thing=thing)


def _written_through(draft: Draft, table: Name) -> None:
    """Rows of a table are written by way of a view: which, and what in them, is not told."""
    draft.use_table(table)
    for aspect in ("rows", "cells", "gone"):
        draft.of(table, aspect, Mode.CHANGE, verb="writes rows of")
    draft.of(table, "fresh", Mode.ADD, verb="writes rows of")
    draft.of(table, "must", Mode.USE, verb="writes rows of")
    for key in draft.known.unique(table) or ():
        draft.touch(("taken", table, key), Mode.CHANGE, Thing("table", shown_name(table)), "writes rows of", ALL)
    for event in ("insert", "update", "delete"):
        rows.fires(draft, table, event)
