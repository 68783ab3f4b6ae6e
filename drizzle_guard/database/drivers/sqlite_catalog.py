"""SQLite's catalog as a world of objects, in four queries however much there is.

The names of constraints stand in the text of CREATE TABLE alone, so checks are read from there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from drizzle_guard.database.world import Catalog, World
from drizzle_guard.light import pattern
from drizzle_guard.sql.exact.effects import Effect
from drizzle_guard.sql.exact.pieces import Fold
from drizzle_guard.sql.exact.spelling import expression_of, type_of
from drizzle_guard.sql.exact.statements import read_statements

Query = Callable[[str], list[Any]]

_AUTOINCREMENT = pattern(r"\bautoincrement\b", re.IGNORECASE)
_TOLD_BY_TEXT = pattern(r"\b(?:where|desc|collate|check|as|strict|rowid)\b", re.IGNORECASE)
_MASTER = "select type, name, tbl_name, sql from sqlite_master order by rowid"
_COLUMNS = """
select m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
  from sqlite_master m, pragma_table_xinfo(m.name) c where m.type = 'table'
"""
_INDEXES = """
select m.name, l.name, l."unique", l.origin, i.name, l.partial from sqlite_master m, pragma_index_list(m.name) l,
    pragma_index_info(l.name) i
  where m.type = 'table' order by m.name, l.name, i.seqno
"""
_FOREIGN = """
select m.name, f.id, f."table", f."from", f."to", f.on_delete, f.on_update
  from sqlite_master m, pragma_foreign_key_list(m.name) f where m.type = 'table' order by m.name, f.id, f.seq
"""


def read_catalog(query: Query, denied: str) -> Catalog:
    """Everything that a migration's SQL can be held against."""
    fold = Fold("sqlite")
    world = World(fold)
    schema: list[str] = []
    numbered: set[str] = set()
    told: dict[str, Effect] = {}  # by name: what only the text of its CREATE tells
    for kind, name, owner, sql in query(_MASTER):
        name, owner = str(name).lower(), str(owner).lower()
        if sql and not name.startswith("sqlite_"):
            schema.append(str(sql))
            if _AUTOINCREMENT.search(str(sql)):
                numbered.add(name)
        if sql and (kind in ("view", "trigger") or _TOLD_BY_TEXT.search(str(sql))):
            made = [effect for statement in read_statements(str(sql), fold) for effect in statement.effects]
            told[name] = made[0] if made else Effect("opaque")
        facts = told[name].facts if name in told else {}
        if kind == "table":
            read = name not in told or bool(told[name].parts)
            options = {fact: facts.get(fact) for fact in ("strict", "without rowid")} if read else {}
            world.put((kind, "", name, ""), {"owned": "yes", **options})
            _checks(world, name, told.get(name))
        elif kind == "view":
            world.put((kind, "", name, ""), {"owned": "yes", **facts})
        elif kind == "trigger":
            world.put(("trigger", "", owner, name), facts)
    primary: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for owner, name, type_, not_null, default, place, hidden in query(_COLUMNS):
        owner, name = str(owner).lower(), str(name).lower()
        facts = {
            "type": type_of(str(type_ or ""), "sqlite"),
            "not null": "yes" if not_null else None,
            "default": None if default is None else expression_of(str(default), "sqlite"),
            "computed": "?" if hidden in (2, 3) else None,
            "generated": {2: "virtual", 3: "stored"}.get(hidden),
            "numbered": None,
            "collate": None,
        }
        if owner in told:
            said = next((p for p in told[owner].parts if (p.kind, p.member) == ("column", name)), None)
            facts["collate"] = said.facts.get("collate") if said else None
            facts["computed"] = said.facts.get("computed") if said and hidden in (2, 3) else facts["computed"]
            if said is None:  # nothing is known of it
                del facts["collate"]
        if facts["default"] == "null":
            facts["default"] = None
        world.put(("column", "", owner, name), facts)
        if place and facts["type"] == "integer":
            world.facts["column", "", owner, name]["numbered"] = "yes" if owner in numbered else None
        if place:
            primary[owner].append((place, name))
    for owner, columns in primary.items():
        world.put(("primary", "", owner, ""), {"columns": ",".join(name for _, name in sorted(columns))})
    _indexes(world, query, told)
    _foreign(world, query)
    return Catalog(world, (), denied, tuple(schema))


def _checks(world: World, table: str, made: Effect | None) -> None:
    for part in made.parts if made is not None else ():
        if part.kind == "check" or part.facts.get("is") == "check":
            world.put((part.kind, "", table, part.member), part.facts)
            if part.kind == "constraint":
                world.put(("check", "", table, part.facts.get("expression") or ""))


def _indexes(world: World, query: Query, told: dict[str, Effect]) -> None:
    found: dict[tuple[str, str, bool, str], list[str]] = defaultdict(list)
    for owner, name, unique, origin, column, _ in query(_INDEXES):
        found[str(owner).lower(), str(name).lower(), bool(unique), origin].append(
            "?" if column is None else str(column).lower()
        )
    for (owner, name, unique, origin), columns in found.items():
        joined = ",".join(columns)
        if origin == "u":
            world.put(("unique", "", owner, joined))
        elif origin == "c":
            facts: dict[str, str | None] = {"unique": "yes" if unique else None, "columns": joined, "valid": "yes"}
            said = told[name].facts if name in told else {}
            facts |= {
                "where": said.get("where"),
                "order": said.get("order"),
                "more": "a collation or more" if "options" in said else None,
            }
            world.put(("index", "", owner, name), facts)
            if unique:
                world.put(("unique", "", owner, joined))


def _foreign(world: World, query: Query) -> None:
    found: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for row in query(_FOREIGN):
        found[str(row[0]).lower(), row[1]].append(row)
    for (owner, _), rows in found.items():
        columns = ",".join(str(row[3]).lower() for row in rows)
        target = str(rows[0][2]).lower()
        actions: dict[str, str | None] = {"on delete": str(rows[0][5]).lower(), "on update": str(rows[0][6]).lower()}
        world.put(("foreign", "", owner, f"{columns}->{target}"), actions)
