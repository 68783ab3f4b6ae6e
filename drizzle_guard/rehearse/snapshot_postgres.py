"""The statements that build what a PostgreSQL snapshot (version 7) describes; pure.

Written as drizzle-kit 0.31 writes new objects (`bin.cjs`, PgCreateTableConvertor and its neighbours).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drizzle_guard.rehearse.facts import Facts, Key
from drizzle_guard.rehearse.snapshot_parts import as_dict, items, literal, shown_list

_POWERS = {
    **{"create db": "createDb", "create role": "createRole", "superuser": "superuser", "login": "canLogin"},
    **{"replication": "replication", "bypasses row level security": "bypassRls"},
}
_BARE_ROLES = ("current_user", "current_role", "session_user", "public")


def statements_of(snapshot: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What each statement builds, in the words of `facts.shown`, and the statement."""
    for name in as_dict(snapshot.get("schemas")):
        yield f'schema "{name}"', f"CREATE SCHEMA {_q(name)}"
    for name, enum in items(snapshot, "enums"):
        values = ", ".join("'" + value.replace("'", "''") + "'" for value in shown_list(enum, "values"))
        yield f'enum "{_shown(enum, name)}"', f"CREATE TYPE {_place(enum, name)} AS ENUM ({values})"
    for name, sequence in items(snapshot, "sequences"):
        yield f'sequence "{_shown(sequence, name)}"', f"CREATE SEQUENCE {_place(sequence, name)}{_numbers(sequence)}"
    tables = list(items(snapshot, "tables"))
    for name, table in tables:
        yield f'table "{_shown(table, name)}"', _table(name, table)
    for name, table in tables:
        yield from _constraints(name, table)
    for name, table in tables:
        yield from _members(name, table)
    for name, view in items(snapshot, "views"):
        if not view.get("isExisting"):
            yield f'view "{_shown(view, name)}"', _view(name, view)
    for name, policy in items(snapshot, "policies"):
        yield f'policy "{name}"', _policy(str(policy.get("on", "")), name, policy)


def role_statements(snapshot: dict[str, Any]) -> dict[str, str]:
    """What makes each role, bare: a policy needs it; what is said of it is in `role_facts`."""
    return {name: f"CREATE ROLE {_q(name)}" for name, _ in items(snapshot, "roles")}


def role_facts(snapshot: dict[str, Any]) -> Facts:
    """What is said of each role.  It cannot be read from a server on which the migrations made the same roles."""
    found: dict[Key, dict[str, str]] = {}
    for name, role in items(snapshot, "roles"):
        powers = {label: "yes" if role.get(key) else "no" for label, key in _POWERS.items()}
        powers["inherit"] = "yes" if role.get("inherit", True) else "no"
        powers["connections"] = str(role.get("connLimit") if role.get("connLimit") is not None else -1)
        found["role", name] = powers
    return found


def _q(name: object) -> str:
    return '"' + str(name).replace('"', '""') + '"'


def _place(body: dict[str, Any], name: str) -> str:
    schema = body.get("schema")
    return f"{_q(schema)}.{_q(name)}" if schema else _q(name)


def _shown(body: dict[str, Any], name: str) -> str:
    schema = body.get("schema")
    return f"{schema}.{name}" if schema and schema != "public" else name


def _list(names: list[str]) -> str:
    return ", ".join(map(_q, names))


def _numbers(body: dict[str, Any]) -> str:
    words = {"increment": "INCREMENT BY", "minValue": "MINVALUE", "maxValue": "MAXVALUE", "startWith": "START WITH"}
    parts = [f" {word} {body[key]}" for key, word in {**words, "cache": "CACHE"}.items() if body.get(key) is not None]
    return "".join(parts) + (" CYCLE" if body.get("cycle") else "")


def _table(name: str, table: dict[str, Any]) -> str:
    parts = [_column(column, body) for column, body in items(table, "columns")]
    return f"CREATE TABLE {_place(table, name)} ({', '.join(parts)})"


def _constraints(name: str, table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """One by one: a constraint on a column that a merge lost must not keep the table from being compared."""
    of, add = f'of table "{_shown(table, name)}"', f"ALTER TABLE {_place(table, name)} ADD CONSTRAINT"
    for key, body in items(table, "compositePrimaryKeys"):
        yield f'primary key "{key}" {of}', f"{add} {_q(key)} PRIMARY KEY ({_list(shown_list(body, 'columns'))})"
    for key, body in items(table, "uniqueConstraints"):
        nulls = " NULLS NOT DISTINCT" if body.get("nullsNotDistinct") else ""
        columns = _list(shown_list(body, "columns"))
        yield f'unique constraint "{key}" {of}', f"{add} {_q(key)} UNIQUE{nulls} ({columns})"
    for key, body in items(table, "checkConstraints"):
        yield f'check "{key}" {of}', f"{add} {_q(key)} CHECK ({body.get('value')})"


def _column(name: str, column: dict[str, Any]) -> str:
    type_, schema = str(column.get("type", "")), column.get("typeSchema")
    if schema:  # an enum's name is quoted; an array's brackets are not
        bare, bracket, rest = type_.partition("[")
        type_ = f"{_q(schema)}.{_q(bare)}{bracket}{rest}"
    words = [_q(name), type_]
    if column.get("primaryKey"):
        words.append("PRIMARY KEY")
    if column.get("default") is not None:
        words.append(f"DEFAULT {literal(column['default'])}")
    if generated := as_dict(column.get("generated")):
        words.append(f"GENERATED ALWAYS AS ({generated.get('as')}) STORED")
    identity = as_dict(column.get("identity"))
    if column.get("notNull") and not identity:
        words.append("NOT NULL")
    if identity:
        always = "ALWAYS" if identity.get("type") == "always" else "BY DEFAULT"
        words.append(f"GENERATED {always} AS IDENTITY ({_numbers(identity).strip()})".replace(" ()", ""))
    return " ".join(words)


def _members(name: str, table: dict[str, Any]) -> Iterator[tuple[str, str]]:
    place, of = _place(table, name), f'of table "{_shown(table, name)}"'
    if table.get("isRLSEnabled") or table.get("policies"):
        yield f"row level security {of}", f"ALTER TABLE {place} ENABLE ROW LEVEL SECURITY"
    for key, body in items(table, "indexes"):
        yield f'index "{key}" {of}', _index(place, key, body)
    for key, body in items(table, "foreignKeys"):
        target = _place({"schema": body.get("schemaTo")}, str(body.get("tableTo")))
        yield (
            f'foreign key "{key}" {of}',
            f"ALTER TABLE {place} ADD CONSTRAINT {_q(key)} FOREIGN KEY ({_list(shown_list(body, 'columnsFrom'))}) "
            f"REFERENCES {target} ({_list(shown_list(body, 'columnsTo'))}) "
            f"ON DELETE {body.get('onDelete') or 'no action'} ON UPDATE {body.get('onUpdate') or 'no action'}",
        )
    for key, body in items(table, "policies"):
        yield f'policy "{key}" {of}', _policy(place, key, body)


def _index(place: str, name: str, index: dict[str, Any]) -> str:
    columns = []
    for column in index.get("columns") or []:
        if not isinstance(column, dict):  # snapshots of version 5
            columns.append(_q(column))
            continue
        text = str(column.get("expression")) if column.get("isExpression") else _q(column.get("expression"))
        if column.get("opclass"):
            text += f" {column['opclass']}"
        else:
            text += "" if column.get("asc", True) else " DESC"
            nulls = column.get("nulls")
            text += "" if not nulls or (column.get("asc", True) and nulls == "last") else f" NULLS {nulls.upper()}"
        columns.append(text)
    options = ", ".join(f"{key}={value}" for key, value in as_dict(index.get("with")).items())
    return (
        f"CREATE {'UNIQUE ' if index.get('isUnique') else ''}INDEX {_q(name)} ON {place} "
        f"USING {index.get('method') or 'btree'} ({', '.join(columns)})"
        f"{f' WITH ({options})' if options else ''}{f' WHERE {w}' if (w := index.get('where')) else ''}"
    )


def _policy(place: str, name: str, policy: dict[str, Any]) -> str:
    roles = ", ".join(role if role in _BARE_ROLES else _q(role) for role in shown_list(policy, "to"))
    return (
        f"CREATE POLICY {_q(name)} ON {place} AS {policy.get('as') or 'PERMISSIVE'} FOR {policy.get('for') or 'ALL'} "
        f"TO {roles or 'public'}"
        f"{f' USING ({u})' if (u := policy.get('using')) else ''}"
        f"{f' WITH CHECK ({c})' if (c := policy.get('withCheck')) else ''}"
    )


def _view(name: str, view: dict[str, Any]) -> str:
    materialized = "MATERIALIZED " if view.get("materialized") else ""
    options = ", ".join(f"{_snake(key)} = {literal(value)}" for key, value in as_dict(view.get("with")).items())
    return (
        f"CREATE {materialized}VIEW {_place(view, name)}"
        f"{f' USING {_q(u)}' if (u := view.get('using')) else ''}{f' WITH ({options})' if options else ''} "
        f"AS ({view.get('definition')}){' WITH NO DATA' if view.get('withNoData') else ''}"
    )


def _snake(key: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in key)
