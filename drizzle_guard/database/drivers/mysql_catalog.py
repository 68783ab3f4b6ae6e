"""MySQL's and MariaDB's catalog as a world of objects, in seven queries however much there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from drizzle_guard.database.world import Catalog, World
from drizzle_guard.sql.exact.pieces import Fold
from drizzle_guard.sql.exact.spelling import expression_of, is_literal, type_of

Query = Callable[[str], list[Any]]

_SETTING = "select database(), @@lower_case_table_names, version(), @@global.read_only"
_TABLES = "select table_name, table_type from information_schema.tables where table_schema = database()"
_COLUMNS = """
select table_name, column_name, column_type, is_nullable, column_default, extra, generation_expression
  from information_schema.columns where table_schema = database()
"""
_INDEXES = """
select table_name, index_name, non_unique, column_name, collation, sub_part, index_type
  from information_schema.statistics
  where table_schema = database() order by table_name, index_name, seq_in_index
"""
_FOREIGN = """
select k.table_name, k.constraint_name, k.column_name, k.referenced_table_name, k.referenced_column_name,
    r.delete_rule, r.update_rule
  from information_schema.key_column_usage k join information_schema.referential_constraints r
    on r.constraint_schema = k.constraint_schema and r.constraint_name = k.constraint_name
      and r.table_name = k.table_name
  where k.table_schema = database() and k.referenced_table_name is not null
  order by k.table_name, k.constraint_name, k.ordinal_position
"""
_CHECKS = """
select table_name, constraint_name from information_schema.table_constraints
  where table_schema = database() and constraint_type = 'CHECK'
"""
#: MariaDB's, which has those beside a column as well
_ALL_CHECKS = """
select table_name, constraint_name, check_clause from information_schema.check_constraints
  where constraint_schema = database()
"""
_OTHERS = """
select 'trigger', event_object_table, trigger_name from information_schema.triggers
  where trigger_schema = database()
union all select 'function', routine_name, '' from information_schema.routines where routine_schema = database()
"""


def read_catalog(query: Query) -> Catalog:
    """Everything that a migration's SQL can be held against."""
    ((home, lower, version, read_only),) = query(_SETTING)
    fold = Fold("mysql", tables=int(lower) == 0)
    mariadb = "mariadb" in _text(version).lower()
    world = World(fold, home=_text(home))

    def table(value: Any) -> str:
        return _text(value) if fold.tables else _text(value).lower()

    for name, kind in query(_TABLES):
        world.put(("view" if "VIEW" in _text(kind) else "table", "", table(name), ""), {"owned": "yes"})
    for owner, name, type_, nullable, default, extra, computed in query(_COLUMNS):
        extra = _text(extra).lower()
        facts = {
            "type": type_of(_text(type_), "mysql"),
            "not null": None if _text(nullable) == "YES" else "yes",
            "default": _default(default, mariadb, "default_generated" in extra),
            "numbered": "yes" if "auto_increment" in extra else None,
            "computed": expression_of(_text(computed), "mysql") if _text(computed) else None,
            "generated": None if not _text(computed) else "virtual" if "virtual" in extra else "stored",
        }
        world.put(("column", "", table(owner), _text(name).lower()), facts)
    _indexes(world, query, table)
    _foreign(world, query, table)
    for owner, name, *rule in query(_ALL_CHECKS if mariadb else _CHECKS):
        facts = {"is": "check"}
        if rule:
            expression = facts["expression"] = expression_of(_text(rule[0]), "mysql")
            if expression.startswith("json_valid("):  # of every JSON column
                continue
            world.put(("check", "", table(owner), expression))
        world.put(("constraint", "", table(owner), _text(name).lower()), facts)
    for kind, name, member in query(_OTHERS):
        world.put((_text(kind), "", table(name), _text(member).lower()))
    return Catalog(world, (), "the server is read-only" if int(read_only) else "")


def _indexes(world: World, query: Query, table: Callable[[Any], str]) -> None:
    found: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
    orders: dict[tuple[str, str], list[str]] = defaultdict(list)
    more: dict[tuple[str, str], str] = {}
    for owner, name, non_unique, column, order, length, method in query(_INDEXES):
        found[table(owner), _text(name), not int(non_unique)].append("?" if column is None else _text(column).lower())
        orders[table(owner), _text(name)].append("desc" if _text(order) == "D" else "")
        if length is not None or _text(method) in ("FULLTEXT", "SPATIAL"):
            more[table(owner), _text(name)] = "length" if _text(method) == "BTREE" else _text(method).lower()
    for (owner, name, unique), columns in found.items():
        joined = ",".join(columns)
        if name == "PRIMARY":
            world.put(("primary", "", owner, ""), {"columns": joined})
            continue
        if unique:
            world.put(("unique", "", owner, joined))
        facts: dict[str, str | None] = {"unique": "yes" if unique else None, "columns": joined, "valid": "yes"}
        order = orders[owner, name]
        facts |= {"where": None, "order": ",".join(order) if any(order) else None, "more": more.get((owner, name))}
        world.put(("index", "", owner, name.lower()), facts)


def _foreign(world: World, query: Query, table: Callable[[Any], str]) -> None:
    found: dict[tuple[str, str, str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for owner, name, column, target, far, on_delete, on_update in query(_FOREIGN):
        key = (table(owner), _text(name).lower(), table(target), _text(on_delete).lower(), _text(on_update).lower())
        found[key].append((_text(column).lower(), _text(far).lower()))
    for (owner, name, target, on_delete, on_update), pairs in found.items():
        columns, far = (",".join(part) for part in zip(*pairs, strict=True))
        actions = {"on delete": on_delete, "on update": on_update}
        world.put(("foreign", "", owner, f"{columns}->{target}"), actions)
        facts = {"is": "foreign", "columns": columns, "target": f"{target}({far})", **actions}
        world.put(("constraint", "", owner, name), facts)


def _default(value: Any, mariadb: bool, expression: bool) -> str | None:
    """MariaDB writes defaults as SQL (`'x'`, `NULL`), MySQL writes the bare value."""
    if value is None:
        return None
    text = _text(value)
    if mariadb or expression:
        spelled = expression_of(text, "mysql")
        return None if spelled == "null" else spelled
    spelled = expression_of(text, "mysql") if text else "''"
    known = is_literal(spelled) or spelled.startswith("current_timestamp")
    return spelled if known else expression_of("'" + text.replace("'", "''") + "'", "mysql")


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)
