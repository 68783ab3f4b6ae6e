"""PostgreSQL's catalog as a world of objects, in nine queries however much there is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from drizzle_guard.database.world import Catalog, World
from drizzle_guard.sql.exact.pieces import Fold, pieces
from drizzle_guard.sql.exact.spelling import expression_of, spell, type_of

Query = Callable[[str], list[Any]]

_OWN = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
_SETTING = """
select current_schemas(false), has_database_privilege(current_database(), 'CREATE'), pg_is_in_recovery(),
  current_setting('transaction_read_only'), current_database()
"""
_SCHEMAS = f"select n.nspname, has_schema_privilege(n.oid, 'CREATE') from pg_namespace n where {_OWN}"
_NUMBERS = "concat_ws(' ', s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache, s.seqcycle)"
_RELATIONS = f"""
select n.nspname, c.relname, c.relkind, c.relrowsecurity, pg_has_role(c.relowner, 'USAGE'),
    case c.relkind when 'S' then (select {_NUMBERS} from pg_sequence s where s.seqrelid = c.oid) end
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and {_OWN}
"""
_COLUMNS = f"""
select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
    pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated,
    case when a.attidentity <> '' then (select {_NUMBERS} from pg_sequence s join pg_depend o on o.objid = s.seqrelid
      where o.classid = 'pg_class'::regclass and o.refobjid = c.oid and o.refobjsubid = a.attnum
        and o.deptype = 'i') end
  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where c.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped and {_OWN}
"""
_NAMED = """(select string_agg(a.attname, ',' order by u.place) from unnest({keys}) with ordinality u(num, place)
    join pg_attribute a on a.attrelid = {relation} and a.attnum = u.num)"""
_CONSTRAINTS = f"""
select n.nspname, c.relname, k.conname, k.contype, {_NAMED.format(keys="k.conkey", relation="k.conrelid")},
    t.relname, {_NAMED.format(keys="k.confkey", relation="k.confrelid")}, k.confdeltype, k.confupdtype,
    case k.contype when 'c' then pg_get_expr(k.conbin, k.conrelid) end, k.convalidated, tn.nspname
  from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
    left join pg_class t on t.oid = k.confrelid left join pg_namespace tn on tn.oid = t.relnamespace
  where k.contype in ('p', 'u', 'f', 'c', 'x') and {_OWN}
"""
_INDEXES = f"""
select n.nspname, c.relname, i.relname, x.indisunique, x.indisvalid and x.indisready,
    (select string_agg(coalesce(a.attname, '?'), ',' order by k.place)
      from unnest(x.indkey) with ordinality k(num, place)
      left join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.num and k.num > 0
      where k.place <= x.indnkeyatts),
    pg_get_expr(x.indpred, x.indrelid), m.amname, array_to_string(x.indoption::int2[], ' '),
    case when x.indnkeyatts < x.indnatts then 'include'
      when coalesce((to_jsonb(x) ->> 'indnullsnotdistinct')::boolean, false) then 'nulls not distinct'
      when i.reloptions is not null then 'with'
      when exists (select from unnest(x.indclass::oid[]) o(id) join pg_opclass p on p.oid = o.id where not p.opcdefault)
        then 'operator class'
      when exists (select from unnest(x.indkey::int2[], x.indcollation::oid[]) u(num, id) join pg_attribute a
        on a.attrelid = x.indrelid and a.attnum = u.num where u.num > 0 and u.id <> a.attcollation) then 'collation' end
  from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class c on c.oid = x.indrelid
    join pg_namespace n on n.oid = c.relnamespace join pg_am m on m.oid = i.relam
  where {_OWN}
"""
_TYPES = f"""
select n.nspname, t.typname, e.enumlabel, pg_has_role(t.typowner, 'USAGE')
  from pg_type t join pg_namespace n on n.oid = t.typnamespace
    left join pg_enum e on e.enumtypid = t.oid left join pg_class c on c.oid = t.typrelid
  where (t.typtype in ('e', 'd', 'r') or (t.typtype = 'b' and t.typcategory <> 'A') or c.relkind = 'c') and {_OWN}
  order by t.oid, e.enumsortorder
"""
_OTHERS = f"""
select distinct 'function', n.nspname, p.proname, '' from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  where {_OWN}
union all select 'trigger', n.nspname, c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid
  join pg_namespace n on n.oid = c.relnamespace where not t.tgisinternal and {_OWN}
union all select 'policy', n.nspname, c.relname, p.polname from pg_policy p join pg_class c on c.oid = p.polrelid
  join pg_namespace n on n.oid = c.relnamespace where {_OWN}
union all select 'extension', '', extname, '' from pg_extension
union all select 'role', '', rolname, '' from pg_roles
"""
_ACTIONS = {"a": "no action", "r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
_ORDERS = ("", "desc nulls last", "nulls first", "desc")  # by pg_index.indoption
_IS = {"p": "primary", "u": "unique", "f": "foreign", "c": "check", "x": "exclude"}


def read_catalog(query: Query) -> Catalog:
    """Everything that a migration's SQL can be held against."""
    ((path, may_make_schemas, recovering, read_only, database),) = query(_SETTING)
    schemas = tuple(path) or ("",)
    world = World(Fold("postgresql"), schemas)
    for name, create in query(_SCHEMAS):
        world.put(("schema", name, name, ""), {"create": _yes(create)})
    for schema, name, kind, guarded, owned, numbers in query(_RELATIONS):
        kind = _letter(kind)
        word = "sequence" if kind == "S" else "view" if kind in "vm" else "table"
        own = {"row level security": _yes(guarded), "owned": _yes(owned), **_numbers(numbers)}
        world.put((word, schema, name, ""), own)
    for schema, table, name, type_, not_null, default, identity, computed, numbers in query(_COLUMNS):
        facts = {"type": type_of(type_, "postgresql"), "not null": _yes(not_null)}
        facts["default"] = None if default is None or _letter(computed) else _default(default)
        facts["identity"] = {"a": "always", "d": "by default"}.get(_letter(identity))
        facts["computed"] = expression_of(default, "postgresql") if _letter(computed) and default else None
        facts["generated"] = {"s": "stored", "v": "virtual"}.get(_letter(computed))
        facts |= _numbers(numbers)
        world.put(("column", schema, table, name), facts)
    _constraints(world, query)
    for schema, table, name, unique, valid, columns, where, method, flags, more in query(_INDEXES):
        key = ("index", schema, table, name)
        rule = None if where is None else expression_of(where, "postgresql")
        own = {"unique": _yes(unique), "valid": _yes(valid), "columns": columns, "where": rule}
        orders = [_ORDERS[int(flag) & 3] for flag in flags.split()]
        world.put(key, {**own, "using": method, "order": ",".join(orders) if any(orders) else None, "more": more})
    values: dict[tuple[str, str], list[str]] = defaultdict(list)
    for schema, name, value, owned in query(_TYPES):
        world.put(("type", schema, name, ""), {"owned": _yes(owned)})
        if value is not None:
            values[schema, name].append(value)
    for (schema, name), labels in values.items():
        quoted = ["'" + label.replace("'", "''") + "'" for label in labels]
        world.facts["type", schema, name, ""]["values"] = ",".join(quoted)
        for label in quoted:
            world.put(("value", schema, name, label))
    for kind, schema, name, member in query(_OTHERS):
        world.put((kind, schema, name, member))
    denied = ""
    if recovering or read_only == "on":
        denied = "the database is read-only here"
    elif not may_make_schemas:
        denied = f"this role may not create a schema in {database}, which Drizzle's migrator does first"
    return Catalog(world, (), denied)


def _constraints(world: World, query: Query) -> None:
    for found in query(_CONSTRAINTS):
        schema, table, name, kind, columns, target, far, on_delete, on_update, rule, valid, there = found
        kind = _letter(kind)
        validated = {"validated": _yes(valid)}
        facts: dict[str, str | None] = {"is": _IS[kind], "columns": columns}
        if kind == "p":
            world.put(("primary", schema, table, ""), {"columns": columns})
        elif kind == "u":
            world.put(("unique", schema, table, columns))
        elif kind == "f":
            actions: dict[str, str | None] = {
                "on delete": _ACTIONS[_letter(on_delete)],
                "on update": _ACTIONS[_letter(on_update)],
            }
            actions |= {"in schema": there, **validated}
            facts |= {"target": f"{target}({far})", **actions}
            world.put(("foreign", schema, table, f"{columns}->{target}"), actions)
        elif kind == "c" and rule is not None:
            expression = expression_of(rule, "postgresql")
            facts |= {"expression": expression, **validated}
            world.put(("check", schema, table, expression), validated)
        world.put(("constraint", schema, table, name), facts)


def _numbers(told: str | None) -> dict[str, str | None]:
    """What `pg_sequence` holds of a sequence, by the words of its SQL."""
    return dict(
        zip(("increment", "minvalue", "maxvalue", "start", "cache", "cycle"), (told or "").split(), strict=False)
    )


def _default(text: str) -> str:
    found = pieces(text, "postgresql")
    return "nextval" if found and found[0].key == "nextval" else spell(found, "postgresql")


def _letter(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")


def _yes(value: Any) -> str | None:
    return "yes" if value else None
