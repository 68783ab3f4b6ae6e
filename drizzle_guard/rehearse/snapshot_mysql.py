"""The statements that build what a MySQL snapshot (version 5) describes; pure.

Written as drizzle-kit 0.31 writes new objects (`bin.cjs`, MySqlCreateTableConvertor and its neighbours).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from drizzle_guard.rehearse.snapshot_parts import as_dict, index_columns, items, literal, shown_list


def statements_of(snapshot: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What each statement builds, in the words of `facts.shown`, and the statement."""
    computed = as_dict(as_dict(snapshot.get("internal")).get("indexes"))
    for name, table in items(snapshot, "tables"):
        yield f'table "{name}"', _table(name, table)
    for name, table in items(snapshot, "tables"):
        yield from _constraints(name, table, computed)
    for name, table in items(snapshot, "tables"):
        for index, body in items(table, "indexes"):
            columns = index_columns(body, as_dict(computed.get(index)), _q)
            unique = "UNIQUE " if body.get("isUnique") else ""
            yield f'index "{index}" of table "{name}"', f"CREATE {unique}INDEX {_q(index)} ON {_q(name)} ({columns})"
    for name, table in items(snapshot, "tables"):
        for key, body in items(table, "foreignKeys"):
            yield (
                f'foreign key "{key}" of table "{name}"',
                f"ALTER TABLE {_q(name)} ADD CONSTRAINT {_q(key)} FOREIGN KEY ({_list(body, 'columnsFrom')}) "
                f"REFERENCES {_q(str(body.get('tableTo')))} ({_list(body, 'columnsTo')}) "
                f"ON DELETE {body.get('onDelete') or 'no action'} ON UPDATE {body.get('onUpdate') or 'no action'}",
            )
    for name, view in items(snapshot, "views"):
        if not view.get("isExisting"):
            algorithm = f"ALGORITHM = {a} " if (a := view.get("algorithm")) else ""
            security = f"SQL SECURITY {s} " if (s := view.get("sqlSecurity")) else ""
            check = f" WITH {c} CHECK OPTION" if (c := view.get("withCheckOption")) else ""
            text = f"CREATE {algorithm}{security}VIEW {_q(name)} AS ({view.get('definition')}){check}"
            yield f'view "{name}"', text


def _q(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _list(body: dict[str, Any], key: str) -> str:
    return ", ".join(map(_q, shown_list(body, key)))


def _table(name: str, table: dict[str, Any]) -> str:
    parts = [_column(column, body) for column, body in items(table, "columns")]
    for key, body in items(table, "compositePrimaryKeys"):
        parts.append(f"CONSTRAINT {_q(key)} PRIMARY KEY ({_list(body, 'columns')})")
    return f"CREATE TABLE {_q(name)} ({', '.join(parts)})"


def _constraints(name: str, table: dict[str, Any], computed: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """One by one: a constraint on a column that a merge lost must not keep the table from being compared.

    The primary key is part of the table: an AUTO_INCREMENT needs it.
    """
    add = f"ALTER TABLE {_q(name)} ADD CONSTRAINT"
    for key, body in items(table, "uniqueConstraints"):
        columns = index_columns(body, as_dict(computed.get(key)), _q)
        yield f'index "{key}" of table "{name}"', f"{add} {_q(key)} UNIQUE ({columns})"
    for members in ("checkConstraint", "checkConstraints"):
        for key, body in items(table, members):
            yield f'check "{key}" of table "{name}"', f"{add} {_q(key)} CHECK ({body.get('value')})"


def _column(name: str, column: dict[str, Any]) -> str:
    words = [_q(name), str(column.get("type", ""))]
    words += [f"CHARACTER SET {charset}"] if (charset := column.get("charSet")) else []
    words += [f"COLLATE {collation}"] if (collation := column.get("collation")) else []
    if column.get("autoincrement"):
        words.append("AUTO_INCREMENT")
    if column.get("primaryKey"):
        words.append("PRIMARY KEY")
    if generated := as_dict(column.get("generated")):
        words.append(f"GENERATED ALWAYS AS ({generated.get('as')}) {str(generated.get('type', 'virtual')).upper()}")
    if column.get("notNull"):
        words.append("NOT NULL")
    if column.get("default") is not None:
        words.append(f"DEFAULT {literal(column['default'])}")
    if column.get("onUpdate"):
        precision = f"({p})" if (p := column.get("onUpdateFsp")) else ""
        words.append(f"ON UPDATE CURRENT_TIMESTAMP{precision}")
    return " ".join(words)
