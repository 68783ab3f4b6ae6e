"""What a MySQL or MariaDB database holds, out of information_schema: one query a kind, whatever its size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from drizzle_guard.rehearse.facts import Facts, Key

Ask = Callable[[str], list[Any]]

_QUERIES: tuple[tuple[str, int, tuple[str, ...], str], ...] = (
    (
        *("table", 1, ()),
        "select table_name from information_schema.tables "
        "where table_schema = database() and table_type = 'BASE TABLE'",
    ),
    (
        *("table details", 2, ("engine", "collation", "comment")),
        "select table_name, 'table', engine, table_collation, table_comment from information_schema.tables "
        "where table_schema = database() and table_type = 'BASE TABLE'",
    ),
    (
        *("column", 2, ("type", "not null", "default", "extra", "generated", "collation")),
        "select c.table_name, c.column_name, c.column_type, if(c.is_nullable = 'NO', 'yes', 'no'), c.column_default, "
        "c.extra, c.generation_expression, c.collation_name from information_schema.columns c "
        "join information_schema.tables t on t.table_schema = c.table_schema and t.table_name = c.table_name "
        "where c.table_schema = database() and t.table_type = 'BASE TABLE'",
    ),
    (
        *("index", 2, ("columns", "unique")),
        "select table_name, index_name, group_concat(concat(coalesce(column_name, '(expression)'), "
        "coalesce(concat('(', sub_part, ')'), '')) order by seq_in_index), if(min(non_unique) = 0, 'yes', 'no') "
        "from information_schema.statistics where table_schema = database() group by table_name, index_name",
    ),
    (
        *("foreign key", 2, ("columns", "references", "on delete", "on update")),
        "select k.table_name, k.constraint_name, group_concat(k.column_name order by k.ordinal_position), "
        "concat(k.referenced_table_name, '(', "
        "group_concat(k.referenced_column_name order by k.ordinal_position), ')'), "
        "replace(max(r.delete_rule), 'RESTRICT', 'NO ACTION'), replace(max(r.update_rule), 'RESTRICT', 'NO ACTION') "
        "from information_schema.key_column_usage k join information_schema.referential_constraints r "
        "on r.constraint_schema = k.constraint_schema and r.constraint_name = k.constraint_name "
        "and r.table_name = k.table_name where k.table_schema = database() and k.referenced_table_name is not null "
        "group by k.table_name, k.constraint_name, k.referenced_table_name",
    ),
    (
        *("view", 1, ("definition", "check", "security")),
        "select table_name, view_definition, check_option, security_type from information_schema.views "
        "where table_schema = database()",
    ),
    (
        *("trigger", 2, ("definition",)),
        "select event_object_table, trigger_name, concat_ws(' ', action_timing, event_manipulation, action_statement) "
        "from information_schema.triggers where trigger_schema = database()",
    ),
    (
        *("routine", 1, ("kind", "definition")),
        "select routine_name, routine_type, routine_definition from information_schema.routines "
        "where routine_schema = database()",
    ),
    (
        *("event", 1, ("definition",)),
        "select event_name, concat_ws(' ', interval_value, interval_field, event_definition) "
        "from information_schema.events where event_schema = database()",
    ),
)
#: MariaDB names a check per table, MySQL per database
_CHECKS: dict[bool, tuple[str, int, tuple[str, ...], str]] = {
    True: (
        *("check", 2, ("expression",)),
        "select table_name, constraint_name, check_clause from information_schema.check_constraints "
        "where constraint_schema = database()",
    ),
    False: (
        *("check", 2, ("expression",)),
        "select t.table_name, c.constraint_name, c.check_clause from information_schema.check_constraints c "
        "join information_schema.table_constraints t on t.constraint_schema = c.constraint_schema "
        "and t.constraint_name = c.constraint_name and t.constraint_type = 'CHECK' "
        "where c.constraint_schema = database()",
    ),
}


def facts_of(ask: Ask, name: str, table: str, *, mariadb: bool) -> Facts:
    """All facts of the database called `name`, which is `ask`'s; `table` is Drizzle's own."""
    return dict(_facts(ask, name, table, mariadb))


def _facts(ask: Ask, name: str, table: str, mariadb: bool) -> Iterator[tuple[Key, Mapping[str, str]]]:
    for kind, count, labels, sql in (*_QUERIES, _CHECKS[mariadb]):
        for row in ask(sql):
            key = tuple(text_of(part) for part in row[:count])
            if key[0] == table:
                continue
            values = [text_of(value).replace(f"`{name}`.", "").replace(name, "db") for value in row[count:]]
            yield (kind, *key), dict(zip(labels, values, strict=True))


def text_of(value: Any) -> str:
    """A value of the catalogue as text."""
    return "" if value is None else value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
