"""The schema that the snapshots of a Drizzle v1 folder describe, in the form of the older snapshots; pure.

A v1 snapshot is a list of rows (`ddl`), or what it changes of its parents' rows (`deltas`; kit 1.0.0-rc.5, PostgreSQL).
Where branches are open, that is where no snapshot joins them yet, the schema is what they make together: the rows of
the first, and what the others changed, as kit's `startingState` does for the next `generate` (`postgres/reconstruct`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from drizzle_guard.drizzle.folder import Blob
from drizzle_guard.drizzle.snapshot import read_snapshot
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.light import NamedTuple
from drizzle_guard.rehearse.facts import Facts
from drizzle_guard.rehearse.snapshot_parts import as_dict, shown_list

_NOBODY = "00000000-0000-0000-0000-000000000000"
Row = dict[str, Any]
Rows = dict[str, Row]  # by kind, schema, table and name


class _Node(NamedTuple):
    """A snapshot of which only the place in the history is kept."""

    name: str
    parents: tuple[str, ...]
    blob: Blob

    def body(self) -> dict[str, Any]:
        return read_snapshot(self.blob)


def schema_of(snapshots: Iterable[tuple[str, Blob]]) -> dict[str, Any]:
    """The newest schema of a folder; `snapshots` are names and files, in order.  Raises GuardError if there is none."""
    return as_tables(_History(snapshots).newest().values())


def rows_in(body: Mapping[str, Any]) -> list[Row]:
    """The rows that a snapshot tells of: those that are there, or those that it makes."""
    created = [delta.get("row") for delta in _list(body.get("deltas")) if isinstance(delta, dict)]
    return [row for row in (*_list(body.get("ddl")), *created) if isinstance(row, dict)]


class _History:
    """The snapshots by id, oldest first, and what each leads to."""

    def __init__(self, snapshots: Iterable[tuple[str, Blob]]) -> None:
        self._nodes: dict[str, _Node] = {}
        for name, blob in snapshots:
            body = read_snapshot(blob)
            id_, parents = body.get("id"), body.get("prevIds")
            if not isinstance(id_, str) or not isinstance(parents, list) or id_ in self._nodes:
                raise _refused(name, "has no place of its own in the history")
            self._nodes[id_] = _Node(name, tuple(str(p) for p in parents if p != _NOBODY), blob)

    def newest(self) -> Rows:
        """What all snapshots that are nobody's parent make together."""
        joined = {parent for node in self._nodes.values() for parent in node.parents}
        return self._together([id_ for id_ in self._nodes if id_ not in joined])

    def _node(self, id_: str, child: str) -> _Node:
        if id_ not in self._nodes:
            raise _refused(child, "has a parent that is not there")
        return self._nodes[id_]

    def _before(self, ids: Iterable[str], child: str) -> set[str]:
        found: set[str] = set()
        todo = [(id_, child) for id_ in ids]
        while todo:
            id_, child = todo.pop()
            if id_ not in found:
                found.add(id_)
                node = self._node(id_, child)
                todo += ((parent, node.name) for parent in node.parents)
        return found

    def _together(self, ids: Sequence[str], child: str = "") -> Rows:
        if not ids:
            return {}
        rows = self._rows(ids[0], child)
        rest = self._before(ids[1:], child) - self._before(ids[:1], child)
        for id_, node in self._nodes.items():
            if id_ in rest:
                self._apply(rows, node)
        return rows

    def _rows(self, id_: str, child: str) -> Rows:
        """The rows of one snapshot: back to one that lists them all, and forward again."""
        changes = []
        node = self._node(id_, child)
        seen = {id_}
        while "deltas" in (body := node.body()):
            changes.append(node)
            if not node.parents or node.parents[0] in seen:
                raise _refused(node.name, "does not lead back to a snapshot that lists everything")
            seen.add(node.parents[0])
            node = self._node(node.parents[0], node.name)
        rows = _keyed(rows_in(body))
        for node in reversed(changes):
            rest = self._before(node.parents[1:], node.name) - self._before(node.parents[:1], node.name)
            for other, its in self._nodes.items():
                if other in rest:
                    self._apply(rows, its)
            self._apply(rows, node)
        return rows

    def _apply(self, rows: Rows, node: _Node) -> None:
        body = node.body()
        if "deltas" in body:
            for delta in _list(body["deltas"]):
                _change(rows, as_dict(delta), node.name)
            return
        before, after = self._together(node.parents, node.name), _keyed(rows_in(body))
        for key in {**before, **after}:
            was, now, here = before.get(key), after.get(key), rows.get(key)
            if was == now or here == now:
                continue
            if here != was:
                raise _refused(node.name, f"changes {_shown(key)}, which another open branch changes otherwise")
            if now is None:
                del rows[key]
            else:
                rows[key] = now


def _change(rows: Rows, delta: Mapping[str, Any], name: str) -> None:
    key = str(delta.get("key"))
    if delta.get("op") == "create":
        row = as_dict(delta.get("row"))
        if rows.setdefault(_key(row), row) != row:
            raise _refused(name, f"makes {_shown(_key(row))}, which another open branch makes otherwise")
    elif delta.get("op") == "drop":
        rows.pop(key, None)
    elif key in rows:
        row = {**rows.pop(key), **as_dict(delta.get("set"))}
        if _key(row) in rows:
            raise _refused(name, f"moves something to {_shown(_key(row))}, which is there already")
        rows[_key(row)] = row


def _refused(name: str, words: str) -> GuardError:
    """Why the newest schema cannot be told; `rehearse` notes it beside what it rehearsed."""
    return GuardError(f"the snapshot of {printable(name)} {words}.")


def _key(row: Mapping[str, Any]) -> str:
    """As kit writes it (`qualifiedKey`): the kind, a NUL, and a JSON list of what names the row in it."""
    names = [row[part] for part in ("schema", "table", "name") if part in row]
    return f"{row.get('entityType')}\0{json.dumps(names, ensure_ascii=False, separators=(',', ':'))}"


def _shown(key: str) -> str:
    return printable(key.replace("\0", " "))


def _keyed(rows: Iterable[Row]) -> Rows:
    return {_key(row): row for row in rows}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


# ---------------------------------------------------------------- the older form


def as_tables(rows: Iterable[Row]) -> dict[str, Any]:
    """The rows in the form of drizzle-kit 0.31's snapshots."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(str(row.get("entityType")), []).append(row)
    tables: dict[tuple[Any, Any], Row] = {
        (row.get("schema"), row.get("name")): {
            **{"name": row.get("name"), "schema": _schema(row), "isRLSEnabled": row.get("isRlsEnabled")},
            **{part: {} for part in ("columns", "indexes", "foreignKeys", "compositePrimaryKeys", "policies")},
            **{part: {} for part in ("uniqueConstraints", "tableUniques", "checkConstraints")},
        }
        for row in kinds.get("tables", ())
    }
    for kind, part, form in _MEMBERS:
        for row in kinds.get(kind, ()):
            table = tables.get((row.get("schema"), row.get("table")))
            if table is not None:
                unique_in_table = kind == "uniques" and "schema" not in row  # SQLite: part of CREATE TABLE
                table["tableUniques" if unique_in_table else part][str(row.get("name"))] = form(row)
    for row in kinds.get("pks", ()):
        table = tables.get((row.get("schema"), row.get("table")))
        column = shown_list(row, "columns")
        if table is not None and len(column) == 1 and column[0] in table["columns"]:
            table["columns"][column[0]]["primaryKey"] = True
        elif table is not None:
            table["compositePrimaryKeys"][str(row.get("name"))] = row
    return {
        "tables": {f"{schema}.{name}": body for (schema, name), body in tables.items()},
        "schemas": {str(row.get("name")): str(row.get("name")) for row in kinds.get("schemas", ())},
        **{kind: dict(_others(kinds.get(kind, ()))) for kind in ("enums", "sequences", "roles", "views")},
        "policies": {},
        "internal": {},
    }


def keys_of_v1(facts: Facts) -> Facts:
    """SQLite's facts without what v1's snapshots do not tell: whether a column of the primary key is NOT NULL."""
    return {
        key: {**value, "not null": ""} if key[0] == "column" and value.get("primary key") else value
        for key, value in facts.items()
    }


def _others(rows: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    for row in rows:
        options = as_dict(row.get("with"))
        yield (
            f"{row.get('schema')}.{row.get('name')}",
            {
                **row,
                "schema": _schema(row),
                "increment": row.get("incrementBy"),
                "cache": row.get("cacheSize"),
                "with": {key: value for key, value in options.items() if value is not None},
            },
        )


def _schema(row: Mapping[str, Any]) -> str:
    schema = row.get("schema")
    return "" if schema in (None, "public") else str(schema)


def _column(row: Row) -> Row:
    dimensions = str(row.get("dimensions"))  # numbers are read as they are written
    return {
        **row,
        "type": f"{row.get('type', '')}{'[]' * (min(int(dimensions), 6) if dimensions.isdecimal() else 0)}",
        "primaryKey": False,
        "autoincrement": bool(row.get("autoincrement") or row.get("autoIncrement")),
        "onUpdate": bool(row.get("onUpdateNow")),
        "onUpdateFsp": row.get("onUpdateNowFsp"),
    }


def _index(row: Row) -> Row:
    options = dict(part.strip().partition("=")[::2] for part in str(row.get("with") or "").split(",") if part.strip())
    return {
        **row,
        "columns": [
            {
                "expression": as_dict(column).get("value"),
                "isExpression": as_dict(column).get("isExpression"),
                "asc": as_dict(column).get("asc", True),
                "nulls": "first" if as_dict(column).get("nullsFirst") else "last",
                "opclass": as_dict(as_dict(column).get("opclass")).get("name"),
            }
            for column in _list(row.get("columns"))
        ],
        "with": options,
    }


def _foreign_key(row: Row) -> Row:
    return {**row, "columnsFrom": row.get("columns")}


def _policy(row: Row) -> Row:
    return {**row, "to": row.get("roles")}


_MEMBERS = (
    ("columns", "columns", _column),
    ("indexes", "indexes", _index),
    ("fks", "foreignKeys", _foreign_key),
    ("uniques", "uniqueConstraints", dict),
    ("checks", "checkConstraints", dict),
    ("policies", "policies", _policy),
)
