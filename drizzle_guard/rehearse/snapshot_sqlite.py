"""The statements that build what a SQLite snapshot (version 6, or 5) describes; pure.

Written as drizzle-kit 0.31 writes a new table (`bin.cjs`, SQLiteCreateTableConvertor), so that what the database then
says of it can be compared with what the migrations made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drizzle_guard.rehearse.snapshot_parts import as_dict, index_columns, items, literal, shown_list


def statements_of(snapshot: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What each statement builds, in words, and the statement."""
    computed = as_dict(as_dict(snapshot.get("internal")).get("indexes"))
    for name, table in items(snapshot, "tables"):
        yield f'table "{name}"', _table(name, table)
    for name, table in items(snapshot, "tables"):
        for index, body in items(table, "indexes"):
            columns = index_columns(body, as_dict(computed.get(index)), _q)
            unique = "UNIQUE " if body.get("isUnique") else ""
            where = f" WHERE {body['where']}" if body.get("where") else ""
            yield f'index "{index}"', f"CREATE {unique}INDEX {_q(index)} ON {_q(name)} ({columns}){where}"
    for name, view in items(snapshot, "views"):
        if not view.get("isExisting"):
            yield f'view "{name}"', f"CREATE VIEW {_q(name)} AS {view.get('definition')}"


def _q(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _list(names: list[str]) -> str:
    return ", ".join(map(_q, names))


def without_constraints(name: str, snapshot: dict[str, Any]) -> str | None:
    """A table's columns alone: a constraint on a column that a merge lost must not keep it from being compared."""
    tables = dict(items(snapshot, "tables"))
    bare = {"columns": as_dict(tables.get(name)).get("columns")}
    return _table(name, bare) if name in tables else None


def _table(name: str, table: dict[str, Any]) -> str:
    parts = [_column(column, body) for column, body in items(table, "columns")]
    for _, key in items(table, "compositePrimaryKeys"):
        parts.append(f"PRIMARY KEY({_list(shown_list(key, 'columns'))})")
    for _, key in items(table, "foreignKeys"):
        parts.append(
            f"FOREIGN KEY ({_list(shown_list(key, 'columnsFrom'))}) REFERENCES {_q(str(key.get('tableTo')))}"
            f"({_list(shown_list(key, 'columnsTo'))}) ON UPDATE {key.get('onUpdate') or 'no action'} "
            f"ON DELETE {key.get('onDelete') or 'no action'}"
        )
    for check, body in items(table, "checkConstraints"):
        parts.append(f"CONSTRAINT {_q(str(body.get('name', check)))} CHECK({body.get('value')})")
    # drizzle-kit 0.31 makes a unique index of what the schema calls a unique constraint; v1 does not
    for unique, body in items(table, "tableUniques"):
        parts.append(f"CONSTRAINT {_q(unique)} UNIQUE({_list(shown_list(body, 'columns'))})")
    return f"CREATE TABLE {_q(name)} ({', '.join(parts)})"


def _column(name: str, column: dict[str, Any]) -> str:
    words = [_q(name), str(column.get("type", ""))]
    if column.get("primaryKey"):
        words.append("PRIMARY KEY")
    if column.get("autoincrement"):
        words.append("AUTOINCREMENT")
    if "default" in column and column["default"] is not None:
        words.append(f"DEFAULT {literal(column['default'])}")
    generated = as_dict(column.get("generated"))
    if generated:
        words.append(f"GENERATED ALWAYS AS {generated.get('as')} {generated.get('type', 'virtual')}")
    if column.get("notNull"):
        words.append("NOT NULL")
    return " ".join(words)
