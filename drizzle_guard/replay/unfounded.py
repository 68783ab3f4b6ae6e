"""What migrations of one side stand on that the other side took out, beyond tables and columns (`undone` has these).

Functions, sequences, indexes, constraints, triggers, enum values, extensions, unique keys, and rows that a foreign key
needs.  Read by what is touched, as everywhere: a use counts only where nobody else makes the thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drizzle_guard.replay.commute import Script, owner, read_line
from drizzle_guard.replay.hazards import Hazard, show
from drizzle_guard.sql.footprint.dialect import Dialect, Name, dialect_of
from drizzle_guard.sql.footprint.known import Known, Table
from drizzle_guard.sql.footprint.touch import Key, Mode, Thing, Touch, shown_name

_Made = dict[Key, dict[str, tuple[str, str]]]  # key -> member -> the tag and what it did


def find_unfounded(
    deleted: Sequence[Script], others: Sequence[Script], keeps: Sequence[Script], user: str, dialect: str
) -> Iterator[Hazard]:
    """Where `others`, of the side `user`, need what only a deleted migration made.

    `keeps` are what stays of the other side.  `own` of a hazard is the tag among `others`, `other` the deleted one's.
    """
    rules = dialect_of(dialect)
    gone, again = _made(deleted, rules), _made(keeps, rules)
    for key, members in again.items():
        for member in members:
            gone.get(key, {}).pop(member, None)
    for step in read_line(others, rules, Known()):
        for touch in step.touches:
            places = gone.get(touch.key)
            if not places:
                continue
            found = [name for name in places if _meets(touch, name)]
            if _makes(touch):
                for name in found:
                    del places[name]
            elif found and _needs(touch) and not (touch.verb == "drops" and step.seen.guarded):
                tag, did = places[found[0]]
                yield Hazard(step.tag, tag, f"{did}, which {user} {'drops' if touch.verb == 'drops' else 'uses'}")


def _makes(touch: Touch) -> bool:
    replaces = touch.key[0] == "function" and touch.mode is Mode.ADD and touch.verb == "changes"
    return replaces or (touch.verb == "creates" and touch.mode is not Mode.USE)


def _needs(touch: Touch) -> bool:
    if touch.key[0] in ("gone", "keys"):  # rows that a foreign key refers to; whoever drops a key needs none
        return touch.mode is Mode.USE
    return True


def _meets(touch: Touch, member: str) -> bool:
    if not member or (touch.members.but and not touch.members.names):
        return True
    return (member in touch.members.names) is not touch.members.but


def _made(scripts: Sequence[Script], rules: Dialect) -> _Made:
    """What a line of migrations makes and leaves."""
    made: _Made = {}
    known = Known()
    if any("unique" in script.sql.lower() or "primary" in script.sql.lower() for script in scripts):
        for step in read_line(scripts, rules, Known()):  # keys are kept of tables that are known
            for touch in step.touches:
                name = owner(touch)
                if name is not None and touch.key[:2] == ("name", "relation"):
                    known.tables.setdefault(name, Table())
    keys: set[tuple[Name, frozenset[str]]] = set()
    for script in scripts:
        for step in read_line([script], rules, known):
            for touch in step.touches:
                _note(made, script.tag, touch)
        now = {(name, key) for name, table in known.tables.items() for key in Table.keys(table)}
        now |= {(index.table, index.columns) for index in known.indexes.values() if index.unique}
        for table, columns in now - keys:
            did = f"makes a unique key of {show(Thing('table', shown_name(table)))}"
            made.setdefault(("keys", table), {}).update(dict.fromkeys(columns, (script.tag, did)))
        keys = now
    return made


def _note(made: _Made, tag: str, touch: Touch) -> None:
    kind = touch.key[0]
    if kind == "rows" and touch.mode is Mode.ADD:
        made.setdefault(("gone", *touch.key[1:]), {})[""] = (tag, f"writes rows of {show(touch.thing)}")
    if kind == "column" or touch.thing.kind in ("table", "view", "column"):
        return
    places = made.setdefault(touch.key, {})
    for member in [""] if touch.members.but else touch.members.names:
        if touch.verb == "drops" and touch.mode is Mode.CHANGE:
            places.pop(member, None)
        elif _makes(touch):
            places[member] = (tag, f"creates {show(touch.thing)}")
            if touch.thing.kind == "extension":
                made.setdefault(("extensions",), {})[touch.thing.name] = places[member]
