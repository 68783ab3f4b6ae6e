"""Why it cannot be told from the catalog that an effect works; None where it works for certain."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence

from drizzle_guard.database.odd_names import SYSTEM_COLUMNS, odd_name
from drizzle_guard.database.world import RELATIONS, Key, World
from drizzle_guard.light import pattern
from drizzle_guard.sql.exact.effects import Effect
from drizzle_guard.sql.exact.numbers import plain_numbers
from drizzle_guard.sql.exact.spelling import is_literal

_ROWS = "it depends on rows that are there"
_READ = "what it does is not read here"

_POSTGRES_TYPES = pattern(
    r"(integer|bigint|smallint|boolean|text|real|double precision|uuid|date|bytea|json|jsonb|inet|cidr|macaddr"
    r"|character( varying)?(\([1-9]\d{0,5}\))?|numeric(\([1-9]\d,\d\))?|interval"
    r"|(timestamp|time)(\([0-6]\))? with(out)? time zone)(\[\])?"
)
_POSTGRES_INDEXED = pattern(
    r"integer|bigint|smallint|boolean|real|double precision|uuid|date|numeric(\(\d+,\d+\))?|text|character varying.*"
    r"|timestamp.*|inet"
)
_MYSQL_TYPES = pattern(
    r"(int|bigint|smallint|tinyint|mediumint)( unsigned)?|varchar\(\d{1,4}\)|char\([1-9]\d?\)|text|double|float|date"
    r"|longtext|decimal\([1-5]\d,\d\)|datetime(\([0-6]\))?|timestamp(\([0-6]\))?"
)
_MYSQL_INDEXED = pattern(
    r"(int|bigint|smallint|tinyint|mediumint)( unsigned)?|varchar\((\d|\d\d|1\d\d)\)|date|datetime"
)
_MOST_COLUMNS = 150
_MOST_LETTERS = 15_000
_MOST_IN_A_KEY = 16, 750  # columns and letters
_SIZE = pattern(r"\((\d+)\)")
_NAMES_OF_POSTGRES = pattern(r".*_(pkey|key|seq|fkey|check|idx\d)$")


def doubt_about(world: World, effect: Effect, empty: Container[tuple[str, str]]) -> str | None:
    """Why this effect may fail, in words.  `empty` are tables (schema, name) that hold no rows for certain."""
    if effect.verb in ("opaque", "call", "control"):
        return _READ
    if effect.verb == "rows":
        return _ROWS
    if effect.verb == "quiet":
        return None if world.dialect == "sqlite" and effect.to.startswith("pragma foreign_keys") else _READ
    if world.dialect != "postgresql" and effect.schema not in ("", world.home):
        return "it names another database"
    if effect.kind == "sequence" and effect.verb == "make" and not plain_numbers(effect.facts, "bigint"):
        return "how it is numbered is not read here"
    if not effect.sure:
        return _READ
    if (doubt := odd_name(world, effect)) is not None:
        return doubt
    checks = {"make": _make, "remove": _remove, "set": _set, "rename": _rename, "look": _look}
    return checks[effect.verb](world, effect, empty)


def _look(world: World, effect: Effect, empty: Container[tuple[str, str]]) -> str | None:
    return _READ


def _rights(world: World, key: Key) -> str | None:
    """Whether this role owns an object."""
    if world.dialect == "postgresql" and world.facts.get(key, {}).get("owned", "yes") != "yes":
        return f"this role does not own {world.show(key)}"
    return None


def _may_create(world: World, schema: str) -> str | None:
    if world.dialect != "postgresql":
        return None
    facts = world.facts.get(("schema", schema, schema, ""))
    if facts is None:
        return f"schema {schema} is not there"
    return None if facts.get("create", "yes") == "yes" else f"this role may not create anything in schema {schema}"


def _make(world: World, effect: Effect, empty: Container[tuple[str, str]]) -> str | None:
    schema = world.schema_for(effect.schema)
    if effect.kind == "schema":
        return "such a name is the system's" if effect.name.startswith("pg_") else None
    if effect.kind in ("type", "sequence"):
        others = ("table", "type") if effect.kind == "sequence" else ("table",)
        if any((kind, schema, effect.name, "") in world for kind in others) or _NAMES_OF_POSTGRES.match(effect.name):
            return "its name may be taken"
        twice = len({p.member for p in effect.parts}) != len(effect.parts)
        return "a value is named twice" if twice else _may_create(world, schema)
    if effect.kind == "value":
        owner = world.find(("type",), effect.schema, effect.name)
        return _rights(world, owner) if owner else None
    if effect.kind == "table":
        if effect.guarded and world.relation(schema, effect.name):
            return None
        if ("type", schema, effect.name, "") in world:
            return "a type has this name"
        return _may_create(world, schema) or _parts(world, effect)
    if effect.kind not in ("column", "index", "constraint", "primary", "unique", "foreign", "check"):
        return _READ
    table = world.find(("table", "view"), effect.schema, effect.name)
    if table is None:
        return _READ if effect.guarded else None  # it fails
    if table[0] == "view":
        return "it changes a view"
    return _rights(world, table) or _inner(world, table, effect, (table[1], table[2]) in empty)


def _parts(world: World, effect: Effect) -> str | None:
    """The columns and constraints of a new table."""
    columns = {p.member: p for p in effect.parts if p.kind == "column"}
    if not columns:
        return _READ
    if (doubt := _room(world, [p.facts.get("type") or "" for p in columns.values()])) is not None:
        return doubt
    if sum(bool(p.facts.get("numbered")) for p in columns.values()) > 1 and world.dialect == "mysql":
        return "only one column may be numbered"
    keyed = {c for p in effect.parts for c in _columns_of(p)[:1] if p.kind in ("primary", "unique", "index")}
    names: set[str] = set()
    for part in effect.parts:
        doubt = None
        if not part.sure:
            doubt = _READ
        elif part.kind == "column":
            doubt = _column(world, part)
            if doubt is None and world.dialect == "mysql" and part.facts.get("numbered") and part.member not in keyed:
                doubt = "a numbered column must be a key"
        elif part.kind == "foreign" or part.facts.get("is") == "foreign":
            doubt = _foreign(world, effect, part, columns)
        elif part.kind == "check" or part.facts.get("is") == "check":
            doubt = "a check is not read here"
        else:
            doubt = _key(world, part, {name: p.facts.get("type") or "" for name, p in columns.items()})
        if part.member and part.kind != "column":
            if part.member in names or (world.dialect == "postgresql" and _taken(world, effect, part.member)):
                doubt = doubt or "the name of a constraint may be taken"
            names.add(part.member)
        if doubt is not None:
            return doubt
    primaries = sum(p.kind == "primary" or p.facts.get("is") == "primary" for p in effect.parts)
    return "it has several primary keys" if primaries > 1 else None


def _room(world: World, types: Sequence[str]) -> str | None:
    """Whether a row of these types may be too long; MySQL's holds 65,535 bytes, a letter takes up to four."""
    if len(types) > _MOST_COLUMNS:
        return "it has very many columns"
    letters = sum(int(size[1]) for size in (_SIZE.search(kind) for kind in types if "char" in kind) if size)
    return "a row may be too long" if world.dialect == "mysql" and letters > _MOST_LETTERS else None


def _taken(world: World, effect: Effect, name: str) -> bool:
    schema = world.schema_for(effect.schema)
    return world.relation(schema, name) is not None or bool(_NAMES_OF_POSTGRES.match(name) and "_fk" not in name[-4:])


def _columns_of(part: Effect) -> list[str]:
    return (part.facts.get("columns") or part.member.partition("->")[0]).split(",")


def _column(world: World, part: Effect) -> str | None:
    """A column's type and default."""
    kind = part.facts.get("type") or ""
    if part.facts.get("numbered") and world.dialect == "mysql" and not kind.partition(" ")[0].endswith("int"):
        return "a numbered column must be an integer"
    if part.facts.get("computed"):
        return "a computed column is not read here"
    if world.dialect == "postgresql" and not _POSTGRES_TYPES.fullmatch(kind):
        return _enum(world, part, kind)
    if world.dialect == "mysql" and not _MYSQL_TYPES.fullmatch(kind):
        return f"type {kind} is not read here"
    if part.facts.get("identity"):
        if kind not in ("integer", "bigint", "smallint"):
            return "a numbered column must be an integer"
        if "default" in part.facts or not plain_numbers(part.facts, kind):
            return "how it is numbered is not read here"
    if world.dialect == "postgresql" and part.member in SYSTEM_COLUMNS:
        return "such a name is the system's"
    default = part.facts.get("default")
    return None if default is None or _fits(world, kind, default) else "its default is not read here"


def _enum(world: World, part: Effect, kind: str) -> str | None:
    schema, _, name = kind.removesuffix("[]").rpartition(".")
    type_ = world.find(("type",), schema, name)
    if type_ is None:
        return f"type {kind} is not read here"
    default = part.facts.get("default")
    values = {key[3] for key in world.members(type_, "value")}
    if default is None or default in values or (kind.endswith("[]") and default == "'{}'"):
        return None
    return "its default is not read here"


def _fits(world: World, kind: str, default: str) -> bool:
    """Whether a default is one that this type takes for certain."""
    if default == "null":
        return True
    if world.dialect == "sqlite":
        return is_literal(default)
    base = kind.partition("(")[0]
    if base in ("integer", "bigint", "smallint", "int", "tinyint", "mediumint"):
        small = re.fullmatch(r"-?\d{1,3}", default) is not None and abs(int(default)) < 128
        return default == "nextval" or small
    if base in ("numeric", "real", "double precision", "double", "float"):
        return re.fullmatch(r"-?\d{1,4}", default) is not None and "(" not in kind
    if base == "boolean":
        return default in ("true", "false")
    if base.startswith(("timestamp", "datetime", "date")):
        return default == "current_timestamp" and world.dialect == "postgresql"
    if base == "uuid":
        return default == "gen_random_uuid()"
    if base in ("json", "jsonb"):
        return default in ("'{}'", "'[]'")
    size = re.search(r"\((\d+)\)", kind)
    text = base in ("text", "character varying", "character", "varchar", "char")
    if kind.endswith("[]"):
        return default == "'{}'"
    if not text or not (default.startswith("'") and is_literal(default)):
        return False
    return (not size or len(default) - 2 <= int(size[1])) and not (base == "text" and world.dialect == "mysql")


def _key(world: World, part: Effect, types: dict[str, str]) -> str | None:
    """A primary or unique key, or an index: its columns are there, and their types can be compared."""
    names = _columns_of(part)
    sizes = [_SIZE.search(types.get(name, "")) for name in names]
    if len(set(names)) < len(names) or len(names) > _MOST_IN_A_KEY[0]:
        return "it names a column twice, or very many"
    if world.dialect == "mysql" and sum(int(size[1]) for size in sizes if size) > _MOST_IN_A_KEY[1]:
        return "a key may be too long"
    pattern = {"postgresql": _POSTGRES_INDEXED, "mysql": _MYSQL_INDEXED}.get(world.dialect)
    for name in _columns_of(part):
        if name not in types:
            return "one of its columns is not read here" if name == "?" else f"column {name} may not be there"
        if pattern is not None and not pattern.fullmatch(types[name]):
            return f"a key on a column of type {types[name]} is not read here"
    return None


def _foreign(world: World, table: Effect, part: Effect, columns: dict[str, Effect]) -> str | None:
    """A foreign key of a new table: the other end is there, unique, and of the same type."""
    if world.dialect == "sqlite":
        return None
    if not part.needs:
        return "a foreign key is not read here"
    if world.dialect == "mysql" and part.member and any(key[3] == part.member for key in world.pointing):
        return "the name of a foreign key may be taken"
    target = world.find(("table",), *part.needs[0])
    if target is None:
        own = part.needs[0][1] == table.name
        return "a foreign key to itself is not read here" if own else "a foreign key is not read here"
    far = (part.facts.get("target") or "").partition("(")[2].rstrip(")")
    if not far or not _unique(world, target, far):
        return "a foreign key needs a unique column at the other end"
    for own_name, far_name in zip(_columns_of(part), far.split(","), strict=False):
        there = world.facts.get(("column", target[1], target[2], far_name), {}).get("type")
        mine = columns[own_name].facts.get("type") if own_name in columns else None
        if mine is None or mine != there:
            return "the two ends of a foreign key may be of different types"
    return _rights(world, target)


def _unique(world: World, table: Key, columns: str) -> bool:
    for key in world.members(table, "primary", "unique", "constraint"):
        facts = world.facts[key]
        if key[0] == "unique" and key[3] == columns:
            return True
        unique = key[0] == "primary" or facts.get("is") in ("primary", "unique")
        if unique and facts.get("columns") == columns:
            return True
    return False


def _inner(world: World, table: Key, effect: Effect, empty: bool) -> str | None:
    """Something that is added to a table."""
    types = {key[3]: world.facts[key].get("type") or "" for key in world.members(table, "column")}
    if effect.kind == "column":
        if effect.risky and not empty:
            return _ROWS
        if world.dialect == "sqlite" and (effect.risky or effect.needs):
            return "SQLite adds such a column only to some tables"
        if (doubt := _room(world, [*types.values(), effect.facts.get("type") or ""])) is not None:
            return doubt
        return _column(world, effect)
    if effect.kind == "index":
        if effect.guarded and world.find_index(table[1], table[2], effect.member):
            return None
        if effect.risky and not empty:
            return _ROWS
        if world.dialect == "postgresql" and (
            _NAMES_OF_POSTGRES.match(effect.member)
            or any(k[3] == effect.member for k in world.members(table, "constraint"))
        ):
            return "its name may be taken"
        return _key(world, effect, types)
    if effect.kind == "foreign" or effect.facts.get("is") == "foreign":
        if not empty:
            return _ROWS
        columns = {name: Effect("make", "column", facts={"type": kind}) for name, kind in types.items()}
        return _foreign(world, effect, effect, columns)
    if effect.kind == "check" or effect.facts.get("is") == "check":
        return "a check is not read here"
    return _key(world, effect, types) if empty else _ROWS


def _dependents(world: World, what: str) -> str | None:
    """Views, functions and policies may hang on a table or column; the catalog does not say on which."""
    found = next(iter(world.hanging), None)
    return None if found is None else f"{world.show(found)} may depend on {what}"


def _is_of_another_kind(world: World, effect: Effect) -> bool:
    """Whether IF EXISTS is about a name that something else has: PostgreSQL refuses that."""
    if not effect.guarded or effect.kind not in (*RELATIONS, "index", "type"):
        return False
    name = effect.member if effect.kind == "index" else effect.name
    places = (effect.schema,) if effect.schema else world.path
    found = [world.relation(place, name) or world.find(("type",), place, name) for place in places]
    first = next((key for key in found if key is not None), None)
    return first is not None and first[0] != effect.kind


def _remove(world: World, effect: Effect, empty: Container[tuple[str, str]]) -> str | None:
    if world.dialect != "mysql" and _is_of_another_kind(world, effect):
        return "something else may have its name"
    if effect.kind == "table":
        table = world.find(("table",), effect.schema, effect.name)
        if table is None:
            return None
        pointing = [k for k in world.pointing if _points(world, k, table)]
        if pointing and not (effect.cascade and world.dialect == "postgresql"):
            return "a foreign key of another table points to it"
        return _rights(world, table) or (None if effect.cascade else _dependents(world, "it"))
    if effect.kind == "column":
        table = world.find(("table",), effect.schema, effect.name)
        if table is None:
            return None
        keys = list(world.members(table, "index", "constraint", "primary", "unique", "foreign", "check"))
        if world.dialect != "postgresql" and keys:
            return "a key or check may hang on it"
        if any(_points(world, k, table) for k in world.pointing):
            return "a foreign key of another table may point to it"
        return _rights(world, table) or _dependents(world, "it")
    if effect.kind == "index":
        found = world.find_index(effect.schema, effect.name, effect.member)
        if found is None:
            return None
        owner: Key = ("table", found[1], found[2], "")
        if world.dialect == "mysql" and any(world.members(owner, "foreign", "constraint")):
            return "a foreign key may need it"
        if any(key[3] == effect.member for key in world.members(owner, "constraint")):
            return "a constraint may need it"
        return _rights(world, owner)
    if effect.kind == "constraint":
        table = world.find(("table",), effect.schema, effect.name)
        facts = world.facts.get(("constraint", table[1], table[2], effect.member), {}) if table else {}
        if table and facts.get("is") in ("foreign", "check"):
            return _rights(world, table)
    return "something else may depend on it"


def _points(world: World, key: Key, table: Key) -> bool:
    if (key[1], key[2]) == (table[1], table[2]):
        return False
    if key[0] == "foreign":
        return key[3].rpartition("->")[2] == table[2]
    return (world.facts[key].get("target") or "").partition("(")[0] == table[2]


def _set(world: World, effect: Effect, empty: Container[tuple[str, str]]) -> str | None:
    table = world.find(("table", "view"), effect.schema, effect.name)
    if table is None:
        return None
    if table[0] == "view" or world.dialect != "postgresql":
        return "how the column is now is not read here"
    if effect.kind == "table":
        return _rights(world, table)
    key: Key = ("column", table[1], table[2], effect.member)
    facts = world.facts.get(key, {})
    if "type" in effect.facts:
        return "whether the type can be changed depends on what is there"
    if "identity" in effect.facts or facts.get("identity") or facts.get("computed"):
        return "identity columns are not read here"
    if effect.facts.get("not null") == "yes" and (table[1], table[2]) not in empty:
        return _ROWS
    if effect.facts.get("not null", "") is None and any(
        effect.member in _key_columns(world, k) for k in world.members(table, "primary", "constraint")
    ):
        return "it may be a column of the primary key"
    default = effect.facts.get("default")
    if default is not None and _column(world, effect._replace(facts={**facts, "default": default})) is not None:
        return "its default is not read here"
    return _rights(world, table)


def _key_columns(world: World, key: Key) -> list[str]:
    facts = world.facts[key]
    return (facts.get("columns") or "").split(",") if key[0] == "primary" or facts.get("is") == "primary" else []


def _rename(world: World, effect: Effect, empty: Container[tuple[str, str]]) -> str | None:
    if effect.kind not in ("table", "column"):
        return _READ
    table = world.find(("table",), effect.schema, effect.name)
    if table is None:
        return None
    if world.dialect == "mysql" and effect.to == (effect.name if effect.kind == "table" else effect.member):
        return "it is renamed to what it is"
    if world.dialect != "postgresql" and (doubt := _dependents(world, "it")):
        return doubt
    if world.dialect == "postgresql" and effect.kind == "table":
        if ("type", table[1], effect.to, "") in world:
            return "a type has this name"
        return _rights(world, table) or _may_create(world, table[1])
    return _rights(world, table)
