"""Whether what the SQL says of an object is what the catalog says of it."""

from __future__ import annotations

import json

from drizzle_guard.database.world import Facts, Key, World
from drizzle_guard.sql.exact.spelling import same_expression, same_type, values_of

_LETTERS = ("text", "character varying", "varchar", "char")
_EXACT_TYPES = ("text", "character varying", "varchar", "char", "integer", "int", "bigint", "smallint", "boolean")


def agrees(world: World, key: Key, fact: str, wanted: str | None) -> bool | None:
    """Whether the catalog's `world` has this fact ("": the object itself); None where it cannot be compared."""
    found = world.facts.get(key)
    if found is None:
        return None if key[0] == "check" and _has_checks(world, key) else False
    if fact == "":
        return found.get("valid", "yes") == "yes"
    if fact not in found:
        return None
    if fact in ("numbered", "computed", "identity", "generated"):
        return _made_by_itself(fact, wanted, found[fact], key)
    if fact == "body":
        return found[fact] == wanted or None
    if fact == "more" and found[fact] == "length":  # which MariaDB adds by itself where a column is too long
        return None
    if fact == "order" and world.dialect == "mysql":  # older ones read DESC and forget it
        return found[fact] == wanted or (None if wanted else False)
    if fact == "not null" and wanted is None and found[fact] and world.dialect == "mysql":
        keys = world.members(("table", key[1], key[2], ""), "primary", "constraint")
        if any(key[3] in (world.facts[k].get("columns") or "").split(",") for k in keys):
            return None  # a column of the primary key stays so, whatever MODIFY says
    have = found[fact]
    if fact == "type":
        return _type(wanted, have)
    if fact == "default":
        return _default(wanted, have, found)
    if fact == "expression" or (fact == "where" and wanted and have):
        return _rule(key, wanted, have)
    if fact == "values":
        return _order(wanted, have)
    if fact == "target":
        return have == wanted or (have or "").partition("(")[0] == wanted
    if fact == "columns":
        return _columns(wanted, have)
    if fact in ("on delete", "on update"):
        same = {"restrict": "no action"} if world.dialect == "mysql" else {}
        return same.get(have or "", have) == same.get(wanted or "", wanted)
    return have == wanted


def _has_checks(world: World, key: Key) -> bool:
    """Whether a table has checks: a database writes their text anew, so one without a name may be any of them."""
    members = world.members(("table", key[1], key[2], ""), "check", "constraint")
    return any(k[0] == "check" or world.facts[k].get("is") == "check" for k in members)


def _made_by_itself(fact: str, wanted: str | None, have: str | None, key: Key) -> bool | None:
    """Numbers and expressions: an expression comes back rewritten, and is the same if only its marks differ."""
    if have == wanted:
        return True
    if not wanted:
        return None
    return False if not have or fact != "computed" else _rule(key, wanted, have)


def _order(wanted: str | None, have: str | None) -> bool | None:
    """Values in the same order; which value is not there is told of the value."""
    if wanted == have:
        return True
    unclear = any("''" in (listed or "") for listed in (wanted, have))  # where a value ends cannot be told
    return None if unclear or sorted(values_of(wanted)) != sorted(values_of(have)) else False


def _type(wanted: str | None, have: str | None) -> bool | None:
    return same_type(wanted or "", have or "")


def _columns(wanted: str | None, have: str | None) -> bool | None:
    """An expression (`?`) is not compared."""
    a, b = (wanted or "").split(","), (have or "").split(",")
    if len(a) != len(b):
        return None if "?" in a else False
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if x != "?"]
    if any(x != y and y != "?" for x, y in pairs):
        return False
    return True if "?" not in a + b else None


def _default(wanted: str | None, have: str | None, column: Facts) -> bool | None:
    if wanted == "null":
        wanted = None
    if wanted is None or have is None:
        return wanted is have or (None if column.get("identity") or column.get("computed") else False)
    same = same_expression(wanted, have)
    if same is not False:
        return same
    kind = (column.get("type") or "").partition("(")[0]
    if kind in ("json", "jsonb", "longtext"):
        try:
            return json.loads(wanted[1:-1].replace("''", "'")) == json.loads(have[1:-1].replace("''", "'")) or None
        except ValueError:
            return None
    if not kind.endswith(_LETTERS):
        try:
            if float(wanted) == float(have):
                return True
        except ValueError:
            pass
    return False if kind.endswith(_EXACT_TYPES) or kind in _EXACT_TYPES else None


def _rule(key: Key, wanted: str | None, have: str | None) -> bool | None:
    """Checks come back rewritten; they are the same if nothing but names and parentheses differs."""

    def bare(text: str | None) -> str:
        text = text or ""
        for mark in '"`() ':
            text = text.replace(mark, "")
        return text.replace(f"{key[2]}.", "").lower()

    return bare(wanted) == bare(have) or None
