"""Names that a database may not take: too long, empty, words of the language, the system's own."""

from __future__ import annotations

from collections.abc import Container

from drizzle_guard.database.world import RELATIONS, World
from drizzle_guard.sql.exact.effects import Effect
from drizzle_guard.sql.exact.reserved import RESERVED

_LONGEST = 64  # characters of a name in MySQL
SYSTEM_COLUMNS = ("oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")  # of every table of PostgreSQL


def odd_name(world: World, effect: Effect) -> str | None:
    """Why a name may be none; None if all are fine."""
    if world.dialect == "mysql" and any(_odd(name) for name in _names(effect)):
        return "a name may be too long, or none"
    if (not effect.name and effect.kind in RELATIONS) or any(p.kind == "column" and not p.member for p in effect.parts):
        return "a name is empty"
    return None


def _odd(name: str) -> bool:
    return len(name) > _LONGEST or name != name.rstrip() or any(ord(letter) > 0xFFFF for letter in name)


def _names(effect: Effect) -> list[str]:
    to = effect.to if effect.verb == "rename" else ""
    return [effect.schema, effect.name, effect.member, to, *(part.member for part in effect.parts)]


def reserved_name(world: World, effect: Effect, bare: Container[str]) -> str | None:
    """Why it may be no SQL at all: a name that must be quoted.  `bare` are the words (lower case) without quotes."""
    known = RESERVED[world.dialect]
    names = [n for name in _names(effect) for n in name.lower().split(",") if n in bare]
    if world.dialect != "mysql" and any(name[:1].isdigit() for name in names):
        return "a name begins with a digit, and stands there without quotes"
    found = next((name for name in names if name in known), None)
    return None if found is None else f"{found} is a word of the language, and stands there without quotes"
