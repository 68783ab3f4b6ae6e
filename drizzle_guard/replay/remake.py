"""A table made anew: `CREATE TABLE new; INSERT INTO new SELECT … FROM old; DROP TABLE old; RENAME new TO old`.

SQLite changes a column so.  What it touches is the difference between the two tables; and it puts back all else as its
author knew it, so what somebody else did to the table before would be undone.
"""

from __future__ import annotations

from drizzle_guard.light import TYPE_CHECKING
from drizzle_guard.sql.footprint.dialect import Dialect, Name
from drizzle_guard.sql.footprint.known import Column, Dropped, Index, Known, Table, index_key
from drizzle_guard.sql.footprint.touch import ALL, SOUND, Key, Members, Mode, Thing, Touch, only, shown_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drizzle_guard.replay.commute import Step


def see_remake(steps: list[Step], known: Known, dialect: Dialect) -> None:
    """If the newest step completes a table made anew, let the steps of it touch only what differs."""
    names = [
        (t.verb, t.key[2]) for t in steps[-1].touches if t.key[:2] == ("name", "relation") and t.mode is Mode.CHANGE
    ]
    if len(names) != 2 or [verb for verb, _ in names] != ["drops", "creates"]:
        return
    passing, table = names[0][1], names[1][1]
    assert isinstance(passing, tuple) and isinstance(table, tuple)
    back = range(len(steps) - 1, -1, -1)
    start = next((n for n in back if _does(steps[n], "creates", passing)), None)
    dropped = next((n for n in back if _does(steps[n], "drops", table)), None)
    if start is None or dropped is None or table not in known.tables:
        return
    if not steps[start].seen.text.startswith("create ") or not steps[dropped].seen.text.startswith("drop "):
        return  # names that are swapped make nothing anew
    if sum(t.verb == "drops" and t.key[:2] == ("name", "relation") for t in steps[dropped].touches) > 1:
        return  # another table goes along
    for n in range(start, len(steps)):
        step = steps[n]
        if n in (start, dropped, len(steps) - 1):
            steps[n] = step._replace(touches=())
        elif any(passing in t.key for t in step.touches):
            copies = step.seen.text.startswith("insert ") and _is_plain_copy(step.seen.text)
            gone = (passing, table) if copies else (passing,)
            steps[n] = step._replace(touches=tuple(t for t in step.touches if not any(name in t.key for name in gone)))
    steps[-1] = steps[-1]._replace(touches=tuple(_difference(table, known, known.dropped.get(table), dialect)))


def see_what_went(steps: list[Step], known: Known) -> None:
    """Say which indexes and triggers went with a table that was made anew, if nobody made them again.

    What was made again as it was is in nobody's way.
    """
    places: dict[Key, list[int]] = {}
    for n, step in enumerate(steps):
        for touch in step.touches:
            if touch.mode is Mode.CHANGE:
                places.setdefault(touch.key, []).append(n)
    for n, step in enumerate(steps):
        table = next((t.key[1] for t in step.touches if t.key[0] == "structure" and t.mode is Mode.RESTORE), None)
        before = known.dropped.get(table) if isinstance(table, tuple) else None
        if before is None or not isinstance(table, tuple):
            continue
        touches = list(step.touches)
        for name, index in before.indexes.items():
            if known.indexes.get((None, f".{name[1]}")) != index or not _made_again(steps, places, n, name, index):
                touches.append(Touch(("name", "relation", name), Mode.CHANGE, Thing("index", name[1]), "drops"))
        for trigger in before.triggers:
            if trigger not in known.triggers.get(table, {}):
                thing = Thing("trigger", trigger, shown_name(table))
                touches.append(Touch(("name", "trigger", ("", trigger)), Mode.CHANGE, thing, "drops"))
        steps[n] = step._replace(touches=tuple(touches))


def _made_again(steps: list[Step], places: Mapping[Key, Sequence[int]], start: int, name: Name, index: Index) -> bool:
    """Whether one statement makes the index again and nothing else happens to it; it is then taken out."""
    found = [n for n in places.get(("name", "relation", name), ()) if n > start]
    if len(found) != 1 or index.partial or not _does(steps[found[0]], "creates", name):
        return False
    steps[found[0]] = steps[found[0]]._replace(touches=())
    return True


def _does(step: Step, verb: str, table: Name) -> bool:
    return any(t.verb == verb and t.key == ("name", "relation", table) for t in step.touches)


def _is_plain_copy(text: str) -> bool:
    """`insert into … ( a , b ) select a , b from …`."""
    head, _, tail = text.partition(" select ")
    columns = head.partition("( ")[2].rpartition(" )")[0]
    return bool(columns) and tail.partition(" from ")[0] == columns and " where " not in tail


def _difference(table: Name, known: Known, before: Dropped | None, dialect: Dialect) -> list[Touch]:
    shown = shown_name(table)
    whole = Thing("table", shown)
    found: list[Touch] = []

    def touch(aspect: str, mode: Mode, members: Members = ALL, verb: str = "changes") -> None:
        one = next(iter(members.names)) if len(members.names) == 1 and not members.but else ""
        found.append(Touch((aspect, table), mode, Thing("column", one, shown) if one else whole, verb, members))

    for aspect in ("structure", "anew"):
        touch(aspect, Mode.RESTORE, verb="recreates")
    if dialect.is_sqlite:
        found.append(Touch(SOUND, Mode.USE, whole, "changes"))
    now = known.tables[table]
    old = before.table if before is not None else Table()
    for name, column in now.columns.items():
        if name not in old.columns:
            touch("column", Mode.CHANGE, only(name), "creates")
            touch("shape", Mode.ADD)
            if column.required and not column.default and not column.filled:
                touch("fresh", Mode.USE, verb="makes a rule for")
        else:
            for aspect in _differs(old.columns[name], column):
                touch(aspect, Mode.CHANGE, only(name))
                if aspect == "must":
                    touch("fresh", Mode.USE, verb="makes a rule for")
                    touch("cells", Mode.USE, only(name), "makes a rule for")
                if aspect == "type":
                    touch("cells", Mode.CHANGE, only(name))
    for name in old.columns.keys() - now.columns.keys():
        touch("column", Mode.CHANGE, only(name), "drops")
        touch("shape", Mode.ADD)
        touch("positions", Mode.ADD)
        touch("keys", Mode.ADD, only(name), "drops a key of")
    before_keys, keys = set(old.keys()), set(now.keys())
    for key in keys - before_keys:
        touch("fresh", Mode.USE, verb="makes a rule for")
        touch("cells", Mode.USE, Members(key), "makes a rule for")
    for key in before_keys - keys:
        touch("keys", Mode.ADD, Members(key), "drops a key of")
    foreign = {key._replace(name="") for key in known.parents(table)}
    for made in foreign - (before.foreign if before is not None else frozenset()):
        touch("fresh", Mode.USE, verb="makes a rule for")
        touch("cells", Mode.USE, Members(made.columns), "makes a rule for")
        parent = Thing("table", shown_name(made.parent))
        found.append(Touch(("name", "relation", made.parent), Mode.USE, parent, "uses"))
        found.append(Touch(("column", made.parent), Mode.USE, parent, "uses", Members(made.parent_columns)))
        for aspect in ("keys", "gone"):
            found.append(Touch((aspect, made.parent), Mode.USE, parent, "uses"))
    for kept in foreign:
        if kept.on_delete:  # it acts when the parent is made anew in its turn
            parent = Thing("table", shown_name(kept.parent))
            found.append(Touch(("anew", kept.parent), Mode.USE, parent, "uses"))
    if {_plain(rule) for rule in now.rules} != {_plain(rule) for rule in old.rules}:
        touch("fresh", Mode.USE, verb="makes a rule for")
        touch("cells", Mode.USE, verb="makes a rule for")
    found.append(Touch(("structure", table), Mode.ADD, whole, "changes"))
    found.append(Touch(("name", "relation", table), Mode.USE, whole, "changes"))
    return found


def _differs(old: Column, new: Column) -> list[str]:
    aspects = []
    if old.type != new.type or old.filled != new.filled:
        aspects.append("type")
    if old.required != new.required:
        aspects += ["null", "must"] if new.required else ["null"]
    if _plain(old.default) != _plain(new.default):
        aspects.append("default")
    return aspects


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if c not in " ()\"`'").replace("false", "0").replace("true", "1")


def without_standing(steps: list[Step], ground: Known, now: Known, dialect: Dialect) -> list[Step]:
    """A line that begins with what it withdrew (migrations squashed into one), without what stood there before.

    `ground` is what stood, `now` what stands at the end of the line: only the difference is new to the other side.
    """
    dropped: set[Key] = set()
    found = []
    for step in steps:
        touches = step.touches
        for touch in step.touches:
            if touch.verb == "drops":
                dropped.add(touch.key)
            if touch.verb == "creates" and touch.mode is Mode.CHANGE and touch.key not in dropped:
                rest = _rest_of(touch, ground, now, dialect)
                if rest is not None:
                    touches = tuple(rest)
                    break
        found.append(step._replace(touches=touches))
    return found


def _rest_of(touch: Touch, ground: Known, now: Known, dialect: Dialect) -> list[Touch] | None:
    """What is new where something is created that stood before; None where it did not stand."""
    name = touch.key[-1]
    if not isinstance(name, tuple) or len(name) != 2:
        return None
    if touch.key[:2] == ("name", "relation") and name in ground.tables and name in now.tables:
        keys = frozenset(key._replace(name="") for key in ground.parents(name))
        before = Dropped(ground.tables[name], keys)
        return [
            t
            for t in _difference(name, now, before, dialect)
            if t.mode is not Mode.RESTORE and t.key[0] not in ("structure", "sound")
        ]
    if touch.key[0] == "name" and ground.enums.get(name) is not None and ground.enums[name] == now.enums.get(name):
        return []
    if touch.key[:2] == ("name", "relation") and index_key(dialect, None, name) in ground.indexes:
        return []
    table = ground.tables.get(name)
    if touch.key[0] == "constraint" and table is not None and touch.members.names <= table.constraints.keys():
        return []
    return None


def see_remade_types(steps: list[Step]) -> list[Step]:
    """The mainline's steps, where an enum that is dropped and made again only loses values.

    (A later use of the type is of the new one.)  It may then not name a value that is gone, nor change the type.
    """
    dropped: dict[Key, int] = {}
    made: dict[Key, tuple[int, Touch]] = {}
    for n, step in enumerate(steps):
        for touch in step.touches:
            if touch.key[:2] == ("name", "type") and touch.verb == "drops" and touch.mode is Mode.CHANGE:
                dropped[touch.key] = n
                made.pop(touch.key, None)
            elif touch.key[0] == "labels" and touch.verb == "creates" and touch.thing.kind == "type":
                made[("name", "type", touch.key[1])] = (n, touch)
    for key, (n, labels) in made.items():
        if key not in dropped or dropped[key] > n:
            continue
        for place, step in enumerate(steps):
            kept = [t for t in step.touches if t is not labels and (t.key != key or t.mode is Mode.USE)]
            if place == n:
                gone = labels.members._replace(but=True)
                kept.append(Touch(("values", key[2]), Mode.CHANGE, labels.thing, "recreates", gone))
                kept.append(Touch(("labels", key[2]), Mode.CHANGE, labels.thing, "recreates"))
            steps[place] = step._replace(touches=tuple(kept))
    return steps
