"""What a PostgreSQL database holds, out of its catalogue: one query a kind, whatever its size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from drizzle_guard.database.row_sql import Names
from drizzle_guard.rehearse.facts import Facts, Key

Ask = Callable[[str], list[Any]]

_OWN = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"


def _named(schema: str, name: str) -> str:
    return f"case {schema} when 'public' then {name} else {schema} || '.' || {name} end"


def _not_of_extension(oid: str, catalogue: str) -> str:
    return (
        f"not exists (select 1 from pg_depend e where e.objid = {oid} and e.classid = '{catalogue}'::regclass "
        "and e.deptype = 'e')"
    )


_TABLE = _named("n.nspname", "c.relname")
_CLASS = f"from pg_class c join pg_namespace n on n.oid = c.relnamespace where {_OWN} and " + _not_of_extension(
    "c.oid", "pg_class"
)
_OF_TABLE = f"join pg_class c on c.oid = {{on}} join pg_namespace n on n.oid = c.relnamespace where {_OWN}"
_NUMBERS = (
    "concat_ws(' ', 'increment', seqincrement, 'min', seqmin, 'max', seqmax, 'start', seqstart, 'cache', seqcache, "
    "case when seqcycle then 'cycle' end)"
)

#: kind, how many of the columns are names, the names of the others, the query
_QUERIES: tuple[tuple[str, int, tuple[str, ...], str], ...] = (
    ("schema", 1, (), f"select n.nspname from pg_namespace n where {_OWN} and n.nspname <> 'public'"),
    (
        *("table", 1, ("row level security", "for the owner, too")),
        f"select {_TABLE}, c.relrowsecurity, c.relforcerowsecurity {_CLASS} and c.relkind in ('r', 'p', 'f')",
    ),
    (
        *("table details", 2, ("kind", "partition key", "bound", "options", "grants")),
        f"select {_TABLE}, 'table', c.relkind::text, case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end, "
        f"pg_get_expr(c.relpartbound, c.oid), c.reloptions, c.relacl {_CLASS} and c.relkind in ('r', 'p', 'f')",
    ),
    (
        *("column", 2, ("type", "not null", "default", "identity", "generated", "collation")),
        f"select {_TABLE}, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
        "case when a.attgenerated = '' then case when s.objid is not null and a.attidentity = '' "
        "then 'the next of its own sequence' else pg_get_expr(d.adbin, d.adrelid) end end, "
        f"case when a.attidentity <> '' then a.attidentity::text || ' ' || {_NUMBERS} end, "
        "case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end, "
        "(select o.collname from pg_collation o join pg_type y on y.oid = a.atttypid "
        "where o.oid = a.attcollation and o.oid <> y.typcollation) "
        "from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace "
        "left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum "
        "left join pg_depend s on s.refclassid = 'pg_class'::regclass and s.refobjid = a.attrelid "
        "and s.refobjsubid = a.attnum and s.classid = 'pg_class'::regclass and s.deptype in ('a', 'i') "
        "and exists (select 1 from pg_class q where q.oid = s.objid and q.relkind = 'S') "
        "left join pg_sequence q on q.seqrelid = s.objid "
        f"where {_OWN} and c.relkind in ('r', 'p', 'f') and a.attnum > 0 and not a.attisdropped and "
        + _not_of_extension("c.oid", "pg_class"),
    ),
    (
        *("primary key", 2, ("columns",)),
        f"select {_TABLE}, 'primary key', pg_get_constraintdef(k.oid) from pg_constraint k "
        + _OF_TABLE.format(on="k.conrelid")
        + " and k.contype = 'p'",
    ),
    *(
        (
            *(kind, 2, ("definition",)),
            f"select {_TABLE}, k.conname, pg_get_constraintdef(k.oid) from pg_constraint k "
            + _OF_TABLE.format(on="k.conrelid")
            + f" and k.contype = '{letter}'",
        )
        for kind, letter in (("unique constraint", "u"), ("check", "c"), ("foreign key", "f"), ("constraint", "x"))
    ),
    (
        *("index", 2, ("definition", "valid")),
        f"select {_TABLE}, i.relname, pg_get_indexdef(i.oid), x.indisvalid "
        "from pg_index x join pg_class i on i.oid = x.indexrelid "
        + _OF_TABLE.format(on="x.indrelid")
        + " and not exists (select 1 from pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x'))",
    ),
    (
        *("enum", 1, ("values",)),
        f"select {_named('n.nspname', 't.typname')}, string_agg(quote_literal(e.enumlabel), ', ' order by "
        "e.enumsortorder) from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_enum e on "
        f"e.enumtypid = t.oid where t.typtype = 'e' and {_OWN} and {_not_of_extension('t.oid', 'pg_type')} "
        "group by n.nspname, t.typname",
    ),
    (
        *("sequence", 1, ("numbers",)),
        f"select {_TABLE}, {_NUMBERS} from pg_sequence s join pg_class c on c.oid = s.seqrelid "
        f"join pg_namespace n on n.oid = c.relnamespace where {_OWN} and not exists (select 1 from pg_depend d "
        "where d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i', 'e'))",
    ),
    (
        *("policy", 2, ("permissive", "command", "roles", "using", "check")),
        f"select {_named('p.schemaname', 'p.tablename')}, p.policyname, p.permissive, p.cmd, p.roles::text, p.qual, "
        "p.with_check from pg_policies p",
    ),
    (
        *("view", 1, ("kind", "definition", "options")),
        f"select {_TABLE}, c.relkind::text, pg_get_viewdef(c.oid), c.reloptions {_CLASS} and c.relkind in ('v', 'm')",
    ),
    (
        *("trigger", 2, ("definition", "enabled")),
        f"select {_TABLE}, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text from pg_trigger t "
        + _OF_TABLE.format(on="t.tgrelid")
        + " and not t.tgisinternal",
    ),
    (
        *("function", 1, ("result", "definition")),
        "select p.oid::regprocedure::text, pg_get_function_result(p.oid), "
        "case when p.prokind in ('f', 'p') then pg_get_functiondef(p.oid) else coalesce(p.prosrc, '') end "
        "from pg_proc p "
        f"join pg_namespace n on n.oid = p.pronamespace where {_OWN} and {_not_of_extension('p.oid', 'pg_proc')}",
    ),
    (
        *("domain", 1, ("type", "not null", "default", "checks")),
        f"select {_named('n.nspname', 't.typname')}, format_type(t.typbasetype, t.typtypmod), t.typnotnull, "
        "t.typdefault, (select string_agg(pg_get_constraintdef(k.oid), ' ' order by k.conname) from pg_constraint k "
        "where k.contypid = t.oid) from pg_type t join pg_namespace n on n.oid = t.typnamespace "
        f"where t.typtype = 'd' and {_OWN} and {_not_of_extension('t.oid', 'pg_type')}",
    ),
    (
        *("composite type", 1, ("columns",)),
        f"select {_TABLE}, (select string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' "
        "order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) "
        f"{_CLASS} and c.relkind = 'c'",
    ),
    (
        *("range type", 1, ("of",)),
        f"select {_named('n.nspname', 't.typname')}, format_type(r.rngsubtype, null) from pg_range r "
        "join pg_type t on t.oid = r.rngtypid join pg_namespace n on n.oid = t.typnamespace "
        f"where {_OWN} and {_not_of_extension('t.oid', 'pg_type')}",
    ),
    (
        *("event trigger", 1, ("on", "function", "enabled")),
        "select evtname, evtevent, evtfoid::regproc::text, evtenabled::text from pg_event_trigger",
    ),
    ("extension", 1, (), "select extname from pg_extension"),
    (
        *("rule", 1, ("definition",)),
        "select rulename || ' on ' || tablename, definition from pg_rules where schemaname !~ '^pg_' "
        "and schemaname <> 'information_schema'",
    ),
    (
        *("comment", 1, ("text",)),
        f"select {_TABLE} || coalesce('.' || a.attname, ''), o.description from pg_description o "
        "left join pg_attribute a on a.attrelid = o.objoid and a.attnum = o.objsubid and o.objsubid > 0 "
        + _OF_TABLE.format(on="o.objoid and o.classoid = 'pg_class'::regclass"),
    ),
    (
        *("publication", 1, ("tables",)),
        "select p.pubname, (select string_agg(t.tablename, ', ' order by 1) from pg_publication_tables t "
        "where t.pubname = p.pubname) from pg_publication p",
    ),
    (
        *("statistics", 1, ("definition",)),
        f"select {_named('n.nspname', 's.stxname')}, pg_get_statisticsobjdef(s.oid) from pg_statistic_ext s "
        f"join pg_namespace n on n.oid = s.stxnamespace where {_OWN}",
    ),
    (
        "role",
        1,
        (
            *("create db", "create role", "superuser", "login", "replication", "bypasses row level security"),
            *("inherit", "connections"),
        ),
        "select rolname, rolcreatedb, rolcreaterole, rolsuper, rolcanlogin, rolreplication, rolbypassrls, rolinherit, "
        "rolconnlimit from pg_roles",
    ),
)

#: statements for what snapshots cannot hold but their objects may need
CARRIED = (
    "select format('CREATE EXTENSION IF NOT EXISTS %I CASCADE', extname) from pg_extension where extname <> 'plpgsql'",
    f"select format('CREATE SCHEMA IF NOT EXISTS %I', n.nspname) from pg_namespace n where {_OWN} and "
    "exists (select 1 from pg_proc p where p.pronamespace = n.oid union all select 1 from pg_type t "
    "where t.typnamespace = n.oid and t.typtype = 'd')",
    "select format('CREATE DOMAIN %I.%I AS %s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod)) "
    f"from pg_type t join pg_namespace n on n.oid = t.typnamespace where t.typtype = 'd' and {_OWN} and "
    + _not_of_extension("t.oid", "pg_type"),
    "select 'SET check_function_bodies = off; ' || pg_get_functiondef(p.oid) from pg_proc p "
    f"join pg_namespace n on n.oid = p.pronamespace where p.prokind in ('f', 'p') and {_OWN} and "
    + _not_of_extension("p.oid", "pg_proc"),
)


def facts_of(ask: Ask, names: Names, first_roles: frozenset[str]) -> Facts:
    """All facts; `first_roles` are the server's, which no migration made."""
    return dict(_facts(ask, names, first_roles))


def _facts(ask: Ask, names: Names, first_roles: frozenset[str]) -> Iterator[tuple[Key, Mapping[str, str]]]:
    table = names.table if names.schema == "public" else f"{names.schema}.{names.table}"
    for kind, count, labels, sql in _QUERIES:
        for row in ask(sql):
            key = tuple(str(name) for name in row[:count])
            if (kind == "role" and key[0] in first_roles) or key[0].startswith((table, f"{table}_id_seq")):
                continue
            if kind == "schema" and key[0] == names.schema:
                continue
            yield (kind, *key), {label: _text(value) for label, value in zip(labels, row[count:], strict=True)}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
