"""A database for tests: a schema as a dict, and a small interpreter of the SQL that random histories are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

#: table -> {"columns": {name: type}, "indexes": {name: [columns]}}
Schema = dict[str, dict[str, dict[str, Any]]]


BREAKPOINT = "--> statement-breakpoint"


class SqlFailed(Exception):
    """What a database would say."""


_STATEMENT = re.compile(
    r"(?:CREATE TABLE (?P<create>\w+) \((?P<columns>[^)]*)\)"
    r"|DROP TABLE (?P<drop>\w+)"
    r"|ALTER TABLE (?P<table>\w+) (?:ADD COLUMN (?P<add>\w+) (?P<type>\w+)|DROP COLUMN (?P<lose>\w+)"
    r"|ALTER COLUMN (?P<change>\w+) SET DATA TYPE (?P<to>\w+))"
    r"|CREATE INDEX (?P<index>\w+) ON (?P<on>\w+) \((?P<of>\w+)\)"
    r"|UPDATE (?P<update>\w+) SET id = (?P<value>\d+))"
)


def run(schema: Schema, sql: str) -> Schema:
    """The schema after these statements.  Raises SqlFailed where PostgreSQL would."""
    after = deepcopy(schema)
    for text in filter(None, (part.strip() for part in sql.replace(BREAKPOINT, "").split(";"))):
        match = _STATEMENT.fullmatch(text)
        assert match, text
        found = match.groupdict()
        if found["create"]:
            _need(found["create"] not in after, text)
            columns = dict(part.strip().split(" ") for part in found["columns"].split(","))
            after[found["create"]] = {"columns": columns, "indexes": {}}
            continue
        name = found["drop"] or found["table"] or found["on"] or found["update"]
        _need(name in after, text)
        table = after[name]
        if found["drop"]:
            del after[name]
        elif found["add"]:
            _need(found["add"] not in table["columns"], text)
            table["columns"][found["add"]] = found["type"]
        elif found["lose"]:
            _need(found["lose"] in table["columns"], text)
            del table["columns"][found["lose"]]
            table["indexes"] = {n: of for n, of in table["indexes"].items() if found["lose"] not in of}
        elif found["change"]:
            _need(found["change"] in table["columns"], text)
            table["columns"][found["change"]] = found["to"]
        elif found["index"]:
            _need(found["of"] in table["columns"], text)
            _need(all(found["index"] not in t["indexes"] for t in after.values()), text)
            table["indexes"][found["index"]] = [found["of"]]
    return after


def _need(fine: bool, text: str) -> None:
    if not fine:
        raise SqlFailed(text)


def run_all(rows: Sequence[str], schema: Schema | None = None) -> Schema:
    """The schema after these scripts."""
    after: Schema = schema or {}
    for sql in rows:
        after = run(after, sql)
    return after


def as_json(schema: Schema) -> dict[str, Any]:
    """The `tables` of a snapshot."""
    return {
        f"public.{name}": {
            "name": name,
            "columns": {c: {"name": c, "type": type_} for c, type_ in table["columns"].items()},
            "indexes": {i: {"name": i, "columns": of} for i, of in table["indexes"].items()},
        }
        for name, table in schema.items()
    }


_COLLECTIONS = ("foreignKeys", "compositePrimaryKeys", "uniqueConstraints", "policies", "checkConstraints")
#: what stands beside the tables
BESIDES = {kind: dict[str, Any]() for kind in ("enums", "schemas", "sequences", "roles", "policies", "views")}


def as_kit_has_it(schema: Schema) -> dict[str, Any]:
    """The `tables` of a snapshot with all that drizzle-kit asks of one (else it calls the snapshot malformed)."""
    tables = as_json(schema)
    for table in tables.values():
        for column in table["columns"].values():
            column.update(primaryKey=False, notNull=False)
        for index in table["indexes"].values():
            parts = [{"expression": c, "isExpression": False, "asc": True, "nulls": "last"} for c in index["columns"]]
            index.update(columns=parts, isUnique=False, concurrently=False, method="btree", **{"with": {}})
        table.update(schema="", isRLSEnabled=False, **{kind: {} for kind in _COLLECTIONS})
    return tables
