"""What effects do to a world of objects, and which of them fail for certain."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from drizzle_guard.database.world import INNER, Key, World
from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.exact.effects import Effect
from drizzle_guard.sql.exact.spelling import values_of


class Did(Enum):
    """What became of an effect."""

    CHANGED = "changed"
    NOTHING = "nothing"  # IF NOT EXISTS, and it exists
    FAILED = "failed"
    UNREAD = "unread"  # it may have done anything


class Acted(NamedTuple):
    """What became of an effect; `words` say why it failed."""

    did: Did
    words: str = ""


CHANGED, NOTHING, UNREAD = Acted(Did.CHANGED), Acted(Did.NOTHING), Acted(Did.UNREAD)


def act(world: World, effect: Effect) -> Acted:
    """Do one effect, as far as it can be done; the world is as if it had worked, wherever that can be told."""
    if world.dialect != "postgresql" and effect.schema not in ("", world.home):
        return UNREAD  # another database
    if effect.kind in INNER and _is_open(world, effect):
        return UNREAD
    if effect.verb == "make":
        return _make(world, effect)
    if effect.verb == "remove":
        return _remove(world, effect)
    if effect.verb == "set":
        return _set(world, effect)
    if effect.verb == "rename":
        return _rename(world, effect)
    if effect.verb in ("opaque", "call", "control"):
        return UNREAD
    if effect.verb == "rows" and effect.name and world.find(("table", "view"), effect.schema, effect.name) is None:
        return _failed(effect, f'table "{effect.name}" does not exist')
    if effect.verb == "look" and effect.kind == "table" and not world.find(("table",), effect.schema, effect.name):
        return _failed(effect, f'table "{effect.name}" does not exist')
    return NOTHING


def _is_open(world: World, effect: Effect) -> bool:
    """Whether the columns of its table are not known (CREATE TABLE … LIKE, AS SELECT)."""
    table = _table(world, effect)
    return table is not None and "open" in world.facts[table]


def _failed(effect: Effect, words: str) -> Acted:
    return NOTHING if effect.guarded else Acted(Did.FAILED, words)


def _make(world: World, effect: Effect) -> Acted:
    if effect.kind in ("column", "constraint", "primary", "unique", "foreign", "check", "index", "trigger", "policy"):
        return _make_inner(world, effect)
    if effect.kind == "value":
        return _make_value(world, effect)
    if effect.kind == "schema":
        key: Key = ("schema", effect.name, effect.name, "")
    else:
        key = (effect.kind, world.schema_for(effect.schema), effect.name, "")
    other = world.relation(key[1], key[2]) if effect.kind in ("table", "view", "sequence") else None
    if effect.kind in ("extension", "role"):
        key = (effect.kind, "", effect.name, "")
    found = other or (key if key in world else None)
    if found is not None and effect.replaces and found == key:
        return NOTHING
    if found is not None:
        return _failed(effect, f'{found[0]} "{effect.name}" already exists')
    _put(world, key, effect)
    twice = _twice(effect)
    return _failed(effect, twice) if twice else CHANGED


def _twice(effect: Effect) -> str:
    names = [p.member for p in effect.parts if p.kind == "column"]
    again = next((name for n, name in enumerate(names) if name in names[:n]), None)
    return f'column "{again}" is specified more than once' if again is not None else ""


def _put(world: World, key: Key, effect: Effect) -> None:
    world.put(key, effect.facts)
    for part in effect.parts:
        world.put((part.kind, key[1], key[2], part.member), part.facts)
    primary = next((p for p in effect.parts if _is_primary(p)), None)
    if primary is not None and world.dialect != "sqlite":
        for name in (primary.facts.get("columns") or "").split(","):
            column = ("column", key[1], key[2], name)
            if column in world:
                world.set(column, {"not null": "yes"})


def _is_primary(part: Effect) -> bool:
    return part.kind == "primary" or part.facts.get("is") == "primary"


def _table(world: World, effect: Effect) -> Key | None:
    return world.find(("table", "view"), effect.schema, effect.name)


def _make_inner(world: World, effect: Effect) -> Acted:
    table = _table(world, effect)
    if table is None:
        words = f'table "{effect.name}" does not exist'
        return Acted(Did.FAILED, words) if effect.kind == "index" else _failed(effect, words)
    key: Key = (effect.kind, table[1], table[2], effect.member)
    if effect.kind == "index":
        other = world.find_index(table[1], table[2], effect.member) or (
            world.relation(table[1], effect.member) if world.dialect == "postgresql" else None
        )
        lacks = _missing_column(world, table, effect.facts.get("columns")) if table[0] == "table" else None
        if other is not None and lacks is not None and world.dialect == "postgresql":  # which looks at them first
            return Acted(Did.FAILED, f'column "{lacks}" of "{effect.name}" does not exist')
        if other is not None:
            return _failed(effect, f'{other[0]} "{effect.member}" already exists')
    elif key in world and effect.kind not in ("unique", "foreign", "check") and not effect.replaces:
        shown = "a primary key" if effect.kind == "primary" else f'{effect.kind} "{effect.member}"'
        return _failed(effect, f'{shown} of "{effect.name}" already exists')
    columns = effect.facts.get("columns") if effect.kind != "column" else None
    missing = _missing_column(world, table, columns) if table[0] == "table" else None
    world.put(key, effect.facts)
    if _is_primary(effect) and world.dialect != "sqlite":
        for name in (columns or "").split(","):
            if ("column", table[1], table[2], name) in world:
                world.set(("column", table[1], table[2], name), {"not null": "yes"})
    if missing is not None:
        return Acted(Did.FAILED, f'column "{missing}" of "{effect.name}" does not exist')
    return CHANGED


def _missing_column(world: World, table: Key, columns: str | None) -> str | None:
    for name in (columns or "").split(","):
        if name and name != "?" and ("column", table[1], table[2], name) not in world:
            return name
    return None


def _make_value(world: World, effect: Effect) -> Acted:
    type_ = world.find(("type",), effect.schema, effect.name)
    if type_ is None:
        return _failed(effect, f'type "{effect.name}" does not exist')
    key: Key = ("value", type_[1], type_[2], effect.member)
    if key in world:
        return _failed(effect, f'value {effect.member} of "{effect.name}" already exists')
    beside = effect.facts.get("beside")
    if beside is not None and ("value", type_[1], type_[2], beside) not in world:
        return Acted(Did.FAILED, f'value {beside} of "{effect.name}" does not exist')
    world.put(key)
    _order(world, type_, effect.member, effect.facts)
    return CHANGED


def _order(world: World, type_: Key, value: str, facts: Mapping[str, str | None]) -> None:
    """Put a value into the list of its type, behind or before another one, else at the end."""
    listed = world.facts[type_].get("values")
    beside = facts.get("beside")
    if listed is None:
        return
    found = values_of(listed)
    if beside is None or beside in found:
        place = len(found) if beside is None else found.index(beside) + (facts.get("where") == "after")
        world.set(type_, {"values": ",".join([*found[:place], value, *found[place:]])})
    else:
        world.set(type_, {"values": None})


def _remove(world: World, effect: Effect) -> Acted:
    if effect.kind == "index":
        found = world.find_index(effect.schema, effect.name, effect.member)
        shown = effect.member
    elif effect.kind == "trigger" and not effect.name:  # of MySQL and SQLite, which need no table to find one
        found, shown = (
            next((k for k in world.hanging if (k[0], k[3]) == ("trigger", effect.member)), None),
            effect.member,
        )
    elif effect.kind in INNER:
        table = _table(world, effect)
        if table is None:
            return _failed(effect, f'table "{effect.name}" does not exist')
        key: Key = (effect.kind, table[1], table[2], effect.member)
        found, shown = (key if key in world else None), effect.member
        if found is None and effect.kind == "constraint":
            return _remove_unnamed(world, effect, table)
    elif effect.kind == "schema":
        key = ("schema", effect.name, effect.name, "")
        found, shown = (key if key in world else None), effect.name
    elif effect.kind in ("extension", "role"):
        key = (effect.kind, "", effect.name, "")
        found, shown = (key if key in world else None), effect.name
    else:
        found, shown = world.find((effect.kind,), effect.schema, effect.name), effect.name
    if found is None:
        of = f' of "{effect.name}"' if effect.kind == "column" else ""
        return _failed(effect, f'{effect.kind} "{shown}"{of} does not exist')
    if effect.kind == "constraint":
        _forget_constraint(world, found)
    world.drop(found)
    if effect.kind == "column":
        _forget_column(world, found)
    if effect.kind == "table" and effect.cascade:
        for other in [k for k in world.pointing if _targets(world, k, found)]:
            world.drop(other)
    return CHANGED


def _forget_constraint(world: World, key: Key) -> None:
    """The index behind a constraint goes with it, and what stands for it without its name."""
    facts = world.facts[key]
    index = world.find_index(key[1], key[2], key[3])
    columns = facts.get("columns") or ""
    twins: list[Key] = [("unique", key[1], key[2], columns)] if facts.get("is") == "unique" else []
    if facts.get("is") == "primary":
        twins = [("primary", key[1], key[2], "")]
    for twin in (*twins, *([index] if index else [])):
        world.drop(twin)
        world.gone.pop(twin, None)


def _targets(world: World, key: Key, table: Key) -> bool:
    if key[0] == "foreign":
        return key[3].rpartition("->")[2] == table[2]
    return (world.facts[key].get("target") or "").partition("(")[0] == table[2]


def _forget_column(world: World, column: Key) -> None:
    """Keys and indexes on a column go with it."""
    table: Key = ("table", column[1], column[2], "")
    for key in list(world.members(table, "index", "constraint", "primary", "unique", "foreign", "check")):
        columns = world.facts[key].get("columns") or key[3].partition("->")[0]
        if key[0] != "check" and column[3] in columns.split(","):
            world.drop(key)
            world.gone.pop(key, None)


def _remove_unnamed(world: World, effect: Effect, table: Key) -> Acted:
    """A constraint that the database named itself: which of the table's it was cannot be told, so none is claimed."""
    unnamed = list(world.members(table, "primary", "unique", "foreign", "check"))
    if world.dialect == "mysql":
        index = world.find_index("", table[2], effect.member)
        if index is not None:
            world.drop(index)
            return CHANGED
    if not unnamed:
        return _failed(effect, f'constraint "{effect.member}" does not exist')
    for key in unnamed:
        world.drop(key)
        world.gone.pop(key, None)
    return UNREAD


def _set(world: World, effect: Effect) -> Acted:
    table = _table(world, effect)
    if table is None:
        return _failed(effect, f'table "{effect.name}" does not exist')
    key: Key = ("column", table[1], table[2], effect.member) if effect.kind == "column" else table
    if key not in world:
        return _failed(effect, f'column "{effect.member}" of "{effect.name}" does not exist')
    world.set(key, effect.facts)
    return CHANGED


def _rename(world: World, effect: Effect) -> Acted:
    if effect.kind == "schema of table":
        table = world.find(("table",), effect.schema, effect.name)
        if table is None:
            return _failed(effect, f'table "{effect.name}" does not exist')
        world.move(table, ("table", effect.to, table[2], ""))
        for pointing in [k for k in world.pointing if _targets(world, k, table)]:
            world.facts[pointing].pop("in schema", None)
            world.made.pop((pointing, "in schema"), None)
        return CHANGED
    owner: Key | None = None
    if effect.kind == "index":
        found = world.find_index(effect.schema, effect.name, effect.member)
        shown = effect.member
        to = found and ("index", found[1], found[2], effect.to)
    elif effect.kind in INNER:
        owner = world.find(("type",) if effect.kind == "value" else ("table", "view"), effect.schema, effect.name)
        if owner is None:
            return _failed(effect, f'table "{effect.name}" does not exist')
        key: Key = (effect.kind, owner[1], owner[2], effect.member)
        found, shown = (key if key in world else None), effect.member
        to = found and (effect.kind, owner[1], owner[2], effect.to)
    else:
        found, shown = world.find((effect.kind,), effect.schema, effect.name), effect.name
        to = found and (found[0], found[1], effect.to, "")
    if found is None or not to:
        return _failed(effect, f'{effect.kind} "{shown}" does not exist')
    if to == found and (world.dialect == "mysql" or (world.dialect == "sqlite" and effect.kind == "column")):
        return NOTHING
    if to in world or (effect.kind in ("table", "view", "sequence") and world.relation(to[1], to[2])):
        return _failed(effect, f'{effect.kind} "{effect.to}" already exists')
    world.move(found, to)
    if effect.kind == "column":
        _rename_in_keys(world, found, effect.to)
    if effect.kind == "table":
        _rename_targets(world, found, effect.to)
    if effect.kind == "value" and owner and (listed := world.facts[owner].get("values")) is not None:
        renamed = [effect.to if value == effect.member else value for value in values_of(listed)]
        world.set(owner, {"values": ",".join(renamed)})
    return CHANGED


def _rename_in_keys(world: World, column: Key, to: str) -> None:
    """Keys and indexes follow their columns."""
    table: Key = ("table", column[1], column[2], "")
    for key in list(world.members(table, "index", "constraint", "primary", "unique", "foreign")):
        columns = (world.facts[key].get("columns") or "").split(",")
        if column[3] in columns:
            world.facts[key]["columns"] = ",".join(to if c == column[3] else c for c in columns)
        if key[0] in ("unique", "foreign"):
            head, arrow, target = key[3].partition("->")
            named = ",".join(to if c == column[3] else c for c in head.split(","))
            if named != head:
                world._move(key, (key[0], key[1], key[2], named + arrow + target))
    for key in list(world.members(table, "check", "constraint")):  # the database writes the new name into them
        if key[0] == "check":
            world.drop(key)
            world.gone.pop(key, None)
        else:
            world.facts[key].pop("expression", None)
            world.made.pop((key, "expression"), None)
    for key in list(world.pointing):
        target = world.facts[key].get("target") or ""
        if target.startswith(f"{column[2]}("):
            world.facts[key]["target"] = target.replace(f"({column[3]})", f"({to})")


def _rename_targets(world: World, table: Key, to: str) -> None:
    """Foreign keys follow the table to which they point."""
    for key in [k for k in world.pointing if _targets(world, k, table)]:
        if key[0] == "foreign":
            head = key[3].rpartition("->")[0]
            world._move(key, (key[0], key[1], key[2], f"{head}->{to}"))
        else:
            target = world.facts[key].get("target") or ""
            world.facts[key]["target"] = to + target[len(table[2]) :]
    for key in list(world.members(("table", table[1], to, ""), "check", "constraint")):
        if key[0] == "check":
            world.drop(key)
            world.gone.pop(key, None)
        else:
            world.facts[key].pop("expression", None)
            world.made.pop((key, "expression"), None)
