"""The shape of a snapshot: what drizzle-kit's own validator takes and what it calls malformed, and what is mended."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drizzle_guard.drizzle.json_text import parse
from drizzle_guard.drizzle.shape import faults, shaped
from support.live.bench import LIVE, node_with

Body = dict[str, Any]
_IDS = {"id": "00000000-0000-4000-8000-000000000001", "prevId": "00000000-0000-0000-0000-000000000000"}
_KEY = {"name": "k", "columns": ["c"]}
_CHECK = {"name": "k", "value": "c > 0"}
_FK = {
    **{"name": "f", "tableFrom": "t", "tableTo": "u", "columnsFrom": ["c"], "columnsTo": ["c"]},
    **{"onDelete": "cascade", "onUpdate": "no action"},
}
_SEQUENCE = {
    **{"name": "s", "schema": "public", "increment": "1", "minValue": "1", "maxValue": "9"},
    **{"startWith": "1", "cache": "1", "cycle": False},
}
_POLICY = {
    **{"name": "p", "as": "PERMISSIVE", "for": "ALL", "to": ["public"], "using": "true"},
    **{"withCheck": "true", "on": "t", "schema": "public"},
}
_META = {"tables": {"a": "b"}, "columns": {"a": "b"}}
_INTERNAL = {
    "tables": {"t": {"columns": {"c": {"isDefaultAnExpression": True}}}},
    "indexes": {"i": {"columns": {"c": {"isExpression": True}}}},
}
_MYSQL_INDEX = {
    "i": {"name": "i", "columns": ["c"], "isUnique": True, "using": "btree", "algorithm": "copy", "lock": "none"}
}
_FLAGS = ["securityBarrier", "securityInvoker", "vacuumTruncate", "autovacuumEnabled", "userCatalogTable"]
_NUMBERS = [
    "fillfactor",
    "toastTupleTarget",
    "parallelWorkers",
    "logAutovacuumMinDuration",
    "autovacuumVacuumThreshold",
    "autovacuumVacuumScaleFactor",
    "autovacuumVacuumCostDelay",
    "autovacuumVacuumCostLimit",
    "autovacuumFreezeMinAge",
    "autovacuumFreezeMaxAge",
    "autovacuumFreezeTableAge",
    "autovacuumMultixactFreezeMinAge",
    "autovacuumMultixactFreezeMaxAge",
    "autovacuumMultixactFreezeTableAge",
]


def _column(**more: Any) -> Body:
    return {"c": {"name": "c", "type": "text", "primaryKey": False, "notNull": True, **more}}


def _table(columns: Body, **more: Any) -> Body:
    return {"name": "t", "columns": columns, "compositePrimaryKeys": {"k": _KEY}, **more}


def _view(columns: Body, **more: Any) -> Body:
    return {"v": {"name": "v", "columns": columns, "definition": "select 1", "isExisting": False, **more}}


def _postgresql() -> Body:
    columns = _column(
        **{"typeSchema": "public", "default": "'x'", "isUnique": False, "uniqueName": "u", "nullsNotDistinct": False},
        generated={"type": "stored", "as": "1"},
        identity={"type": "always", **_SEQUENCE},
    )
    part = {"expression": "c", "isExpression": False, "asc": True, "nulls": "last", "opclass": "x"}
    index = {
        **{"name": "i", "columns": [part], "isUnique": False, "with": {"fillfactor": 1}},
        **{"method": "btree", "where": "c > 0", "concurrently": False},
    }
    table = _table(
        columns,
        schema="",
        indexes={"i": index},
        foreignKeys={"f": {**_FK, "schemaTo": "public"}},
        uniqueConstraints={"k": {**_KEY, "nullsNotDistinct": False}},
        policies={"p": _POLICY},
        checkConstraints={"k": _CHECK},
        isRLSEnabled=False,
    )
    options = {
        **{"checkOption": "local", "vacuumIndexCleanup": "auto"},
        **dict.fromkeys(_FLAGS, True),
        **dict.fromkeys(_NUMBERS, 1),
    }
    kept = {"isArray": True, "dimensions": 1, "rawType": "x", "isDefaultAnExpression": True}
    more = {"schema": "public", "materialized": False, "withNoData": True, "using": "heap", "tablespace": "x"}
    return {
        **_IDS,
        "version": "7",
        "dialect": "postgresql",
        "tables": {"public.t": table},
        "enums": {"public.e": {"name": "e", "schema": "public", "values": ["a"]}},
        "schemas": {"a": "a"},
        "views": _view(columns, **more, **{"with": options}),
        "sequences": {"public.s": _SEQUENCE},
        "roles": {"r": {"name": "r", "createDb": True, "createRole": True, "inherit": True}},
        "policies": {"p": _POLICY},
        "_meta": {**_META, "schemas": {"a": "b"}},
        "internal": {"tables": {"t": {"columns": {"c": kept}}}},
    }


def _mysql() -> Body:
    columns = _column(autoincrement=False, default=1, onUpdate=True, generated={"type": "virtual", "as": "1"})
    table = _table(
        columns,
        indexes=_MYSQL_INDEX,
        foreignKeys={"f": _FK},
        uniqueConstraints={"k": _KEY},
        checkConstraint={"k": _CHECK},
    )
    more = {"algorithm": "merge", "sqlSecurity": "definer", "withCheckOption": "local"}
    head = {**_IDS, "version": "5", "dialect": "mysql"}
    return {**head, "tables": {"t": table}, "views": _view(columns, **more), "_meta": _META, "internal": _INTERNAL}


def _singlestore() -> Body:
    columns = _column(autoincrement=False, default=1, onUpdate=True, generated={"type": "virtual", "as": "1"})
    table = _table(columns, indexes=_MYSQL_INDEX, uniqueConstraints={"k": _KEY})
    head = {**_IDS, "version": "1", "dialect": "singlestore"}
    return {**head, "tables": {"t": table}, "_meta": _META, "internal": _INTERNAL}


def _sqlite() -> Body:
    columns = _column(autoincrement=False, default=1, generated={"type": "virtual", "as": "1"})
    table = _table(
        columns,
        indexes={"i": {"name": "i", "columns": ["c"], "isUnique": True, "where": "c"}},
        foreignKeys={"f": _FK},
        uniqueConstraints={"k": _KEY},
        checkConstraints={"k": _CHECK},
    )
    head = {**_IDS, "version": "6", "dialect": "sqlite", "enums": {}}
    internal = {"indexes": _INTERNAL["indexes"]}
    return {**head, "tables": {"t": table}, "views": _view(columns), "_meta": _META, "internal": internal}


WHOLE = {"postgresql": _postgresql, "mysql": _mysql, "sqlite": _sqlite, "singlestore": _singlestore}
_INSTEAD = (None, "zz", ["a"], 5, {"a": "b"})


def _spoiled(body: Body) -> Iterator[Body]:
    """The body, and with one place after the other changed: the key gone, another key beside it, another value."""
    yield body
    places: list[tuple[Any, ...]] = [()]
    while places:
        path = places.pop()
        here: Any = body
        for key in path:
            here = here[key]
        inner = list(here) if isinstance(here, dict) else [0] if isinstance(here, list) and here else []
        places += [(*path, key) for key in inner]
        for change in [*(("set", value) for value in _INSTEAD), ("delete", None), ("add", None)]:
            spoiled = copy.deepcopy(body)
            parent: Any = spoiled
            for key in path[:-1]:
                parent = parent[key]
            if change[0] == "add" and isinstance(here, dict):
                (parent[path[-1]] if path else spoiled)["zz"] = {}
            elif not path or path[-1] in ("version", "dialect"):
                continue
            elif change[0] == "set":
                parent[path[-1]] = change[1]
            elif change[0] == "delete" and isinstance(path[-1], str):
                del parent[path[-1]]
            yield spoiled


def test_malformed_is_what_drizzle_kit_calls_so(tmp_path: Path) -> None:
    pairs = [(dialect, body) for dialect, whole in WHOLE.items() for body in _spoiled(whole())]
    (tmp_path / "pairs.json").write_text(json.dumps(pairs))
    command = [node_with(LIVE), str(LIVE / "validate.cjs"), str(tmp_path / "pairs.json")]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    here = [not list(faults(parse(json.dumps(body).encode(), "s"))) for _, body in pairs]
    assert len(said) // 10 < said.count(True) < len(said) // 2
    assert [pair for pair, theirs, ours in zip(pairs, said, here, strict=True) if theirs != ours] == []


@pytest.mark.parametrize("dialect", WHOLE)
def test_a_whole_snapshot_has_no_fault(dialect: str) -> None:
    assert list(faults(parse(json.dumps(WHOLE[dialect]()).encode(), "s"))) == []


def test_another_version_is_not_judged() -> None:
    assert list(faults({"version": "6", "dialect": "postgresql"})) == []


def test_what_is_as_in_a_sound_snapshot_is_not_looked_at_again() -> None:
    body = _sqlite()
    del body["tables"]["t"]["indexes"]
    assert list(faults(body, body)) == []
    assert [(fault.kind, fault.path) for fault in faults(body, _sqlite())] == [("lacks", ("tables", "t", "indexes"))]


def test_what_says_the_same_is_mended() -> None:
    body = _mysql()
    table = body["tables"]["t"]
    table["checkConstraints"] = table.pop("checkConstraint")
    del table["indexes"], body["_meta"]
    table["columns"]["c"]["generated"] = None
    table["policies"] = {}
    mended = shaped(body)
    assert mended is not None
    assert list(faults(mended)) == []
    found = mended["tables"]["t"]
    assert (found["checkConstraint"], found["indexes"]) == ({"k": _CHECK}, {})
    assert "policies" not in found
    assert "generated" not in found["columns"]["c"]


@pytest.mark.parametrize(("where", "value"), [("notNull", "yes"), ("comment", "a word"), ("type", None)])
def test_what_only_a_person_knows_is_left(where: str, value: object) -> None:
    body = _sqlite()
    body["tables"]["t"]["columns"]["c"][where] = value
    assert shaped(body) is None
    assert shaped(_sqlite()) is None
