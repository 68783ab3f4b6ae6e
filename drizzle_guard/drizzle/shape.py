"""What drizzle-kit demands of a snapshot's JSON, and where a snapshot is not so.

drizzle-kit validates every snapshot with zod before `generate` and `check`.  One that has a key too many or too few is
"malformed": `check` fails, and `generate` writes nothing, with exit code 0.  Tools and people who write snapshots by
hand make them (in a real repository `checkConstraints` stood where MySQL has `checkConstraint`).

Source: drizzle-kit 0.31.11 `bin.cjs`, `src/serializer/{pg,mysql,sqlite,singlestore}Schema.ts`.  Only the version that
drizzle-kit 0.31 writes is described: it rejects an older one by its version, and DG029 tells of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drizzle_guard.drizzle.json_text import Number
from drizzle_guard.drizzle.snapshot import COLLECTIONS, Path
from drizzle_guard.light import Any, NamedTuple


class Object(NamedTuple):
    """A JSON object: the shapes of the keys it must have, of those it may have, and whether others may stand there."""

    must: Mapping[str, Any]
    may: Mapping[str, Any] = {}
    is_open: bool = False


class Named(NamedTuple):
    """An object from names to values of one shape."""

    of: Any


class Listed(NamedTuple):
    """A list of values of one shape."""

    of: Any


class OneOf(NamedTuple):
    """A string out of a few."""

    values: tuple[str, ...]


class Fault(NamedTuple):
    """What is wrong at a path: a key that `lacks`, one that is `unknown`, or a value that is `wrong`."""

    path: Path
    kind: str


def _keys(names: str, shape: Any) -> dict[str, Any]:
    return dict.fromkeys(names.split(), shape)


_TEXTS = Listed(str)
_WORDS = Named(str)
_META = Object(_keys("tables columns", _WORDS), is_open=True)
_PG_META = Object(_keys("schemas tables columns", _WORDS), is_open=True)
_CHECK = Object(_keys("name value", str))
_KEY = Object({"name": str, "columns": _TEXTS})


def _generated(*types: str) -> Object:
    return Object({"type": OneOf(types), "as": str}, is_open=True)


def _internal(column: Object, must: str, may: str) -> Object:
    columns = Named(Object({"columns": Named(column)}, is_open=True))
    return Object(_keys(must, columns), _keys(may, columns), is_open=True)


_COLUMN = {**_keys("name type", str), **_keys("primaryKey notNull", bool)}
_FK = {**_keys("name tableFrom tableTo", str), **_keys("columnsFrom columnsTo", _TEXTS)}
_ACTIONS = _keys("onUpdate onDelete", str)

_MYSQL_COLUMN = Object(
    _COLUMN,
    {"autoincrement": bool, "default": Any, "onUpdate": Any, "generated": _generated("stored", "virtual")},
)
_MYSQL_INDEX = Object(
    {"name": str, "columns": _TEXTS, "isUnique": bool},
    {
        "using": OneOf(("btree", "hash")),
        "algorithm": OneOf(("default", "inplace", "copy")),
        "lock": OneOf(("default", "none", "shared", "exclusive")),
    },
)
_MYSQL_INTERNAL = Object(
    {},
    {
        **_internal(Object({}, {"isDefaultAnExpression": bool}, is_open=True), "", "tables").may,
        **_internal(Object({}, {"isExpression": bool}, is_open=True), "", "indexes").may,
    },
    is_open=True,
)
_MYSQL_VIEW = Object(
    {
        "name": str,
        "columns": Named(_MYSQL_COLUMN),
        "isExisting": bool,
        "algorithm": OneOf(("undefined", "merge", "temptable")),
        "sqlSecurity": OneOf(("definer", "invoker")),
    },
    {"definition": str, "withCheckOption": OneOf(("local", "cascaded"))},
)
_IDS = {"version": str, "dialect": str, "id": str, "prevId": str}
_MYSQL = Object(
    {
        **_IDS,
        "tables": Named(
            Object(
                {
                    "name": str,
                    "columns": Named(_MYSQL_COLUMN),
                    "indexes": Named(_MYSQL_INDEX),
                    "foreignKeys": Named(Object(_FK, _ACTIONS)),
                    "compositePrimaryKeys": Named(_KEY),
                },
                {"uniqueConstraints": Named(_KEY), "checkConstraint": Named(_CHECK)},
            )
        ),
        "_meta": _META,
    },
    {"views": Named(_MYSQL_VIEW), "internal": _MYSQL_INTERNAL},
    is_open=True,
)
_SINGLESTORE = Object(
    {
        **_IDS,
        "tables": Named(
            Object(
                {
                    "name": str,
                    "columns": Named(_MYSQL_COLUMN),
                    "indexes": Named(_MYSQL_INDEX),
                    "compositePrimaryKeys": Named(_KEY),
                },
                {"uniqueConstraints": Named(_KEY)},
            )
        ),
        "_meta": _META,
    },
    {"internal": _MYSQL_INTERNAL},
    is_open=True,
)

_SQLITE_COLUMN = Object(_COLUMN, {"autoincrement": bool, "default": Any, "generated": _generated("stored", "virtual")})
_SQLITE = Object(
    {
        **_IDS,
        "tables": Named(
            Object(
                {
                    "name": str,
                    "columns": Named(_SQLITE_COLUMN),
                    "indexes": Named(Object({"name": str, "columns": _TEXTS, "isUnique": bool}, {"where": str})),
                    "foreignKeys": Named(Object(_FK, _ACTIONS)),
                    "compositePrimaryKeys": Named(Object({"columns": _TEXTS}, {"name": str})),
                },
                {"uniqueConstraints": Named(_KEY), "checkConstraints": Named(_CHECK)},
            )
        ),
        "enums": Object({}, is_open=True),
        "_meta": _META,
    },
    {
        "views": Named(
            Object({"name": str, "columns": Named(_SQLITE_COLUMN), "isExisting": bool}, {"definition": str})
        ),
        "internal": _internal(Object({}, {"isExpression": bool}, is_open=True), "", "indexes"),
    },
)

_SEQUENCE = Object(
    _keys("name schema", str), {**_keys("increment minValue maxValue startWith cache", str), "cycle": bool}
)
_IDENTITY = Object({**_SEQUENCE.must, "type": OneOf(("always", "byDefault"))}, _SEQUENCE.may, is_open=True)
_PG_COLUMN = Object(
    _COLUMN,
    {
        **_keys("typeSchema uniqueName", str),
        **_keys("default isUnique", Any),
        "nullsNotDistinct": bool,
        "generated": _generated("stored"),
        "identity": _IDENTITY,
    },
)
_PG_INDEX = Object(
    {
        "name": str,
        "columns": Listed(
            Object({"expression": str, "isExpression": bool, "asc": bool}, {"nulls": str, "opclass": str}, is_open=True)
        ),
        "isUnique": bool,
    },
    {"with": Named(Any), "method": str, "where": str, "concurrently": bool},
)
_POLICY = Object(
    {"name": str},
    {
        "as": OneOf(("PERMISSIVE", "RESTRICTIVE")),
        "for": OneOf(("ALL", "SELECT", "INSERT", "UPDATE", "DELETE")),
        "to": _TEXTS,
        **_keys("using withCheck on schema", str),
    },
)
_VIEW_OPTIONS = Object(
    {},
    {
        "checkOption": OneOf(("local", "cascaded")),
        "vacuumIndexCleanup": OneOf(("auto", "off", "on")),
        **_keys("securityBarrier securityInvoker autovacuumEnabled vacuumTruncate userCatalogTable", bool),
        **_keys("fillfactor toastTupleTarget parallelWorkers logAutovacuumMinDuration", Number),
        **_keys("autovacuumVacuumThreshold autovacuumVacuumScaleFactor autovacuumVacuumCostDelay", Number),
        **_keys("autovacuumVacuumCostLimit autovacuumFreezeMinAge autovacuumFreezeMaxAge", Number),
        **_keys("autovacuumFreezeTableAge autovacuumMultixactFreezeMinAge", Number),
        **_keys("autovacuumMultixactFreezeMaxAge autovacuumMultixactFreezeTableAge", Number),
    },
)
_PG_VIEW = Object(
    {
        **_keys("name schema", str),
        "columns": Named(_PG_COLUMN),
        **_keys("materialized isExisting", bool),
    },
    {"with": _VIEW_OPTIONS, "withNoData": bool, **_keys("definition using tablespace", str)},
)
_PG = Object(
    {
        **_IDS,
        "tables": Named(
            Object(
                {
                    **_keys("name schema", str),
                    "columns": Named(_PG_COLUMN),
                    "indexes": Named(_PG_INDEX),
                    "foreignKeys": Named(Object(_FK, {**_ACTIONS, "schemaTo": str})),
                    "compositePrimaryKeys": Named(_KEY),
                },
                {
                    "uniqueConstraints": Named(Object({**_KEY.must, "nullsNotDistinct": bool})),
                    "policies": Named(_POLICY),
                    "checkConstraints": Named(_CHECK),
                    "isRLSEnabled": bool,
                },
            )
        ),
        "enums": Named(Object({**_keys("name schema", str), "values": _TEXTS})),
        "schemas": _WORDS,
        "_meta": _PG_META,
    },
    {
        "views": Named(_PG_VIEW),
        "sequences": Named(_SEQUENCE),
        "roles": Named(Object({"name": str}, _keys("createDb createRole inherit", bool))),
        "policies": Named(_POLICY),
        "internal": _internal(
            Object(
                {}, {**_keys("isArray isDefaultAnExpression", bool), "dimensions": Number, "rawType": str}, is_open=True
            ),
            "tables",
            "",
        ),
    },
    is_open=True,
)
_SHAPES = {
    ("postgresql", "7"): _PG,
    ("mysql", "5"): _MYSQL,
    ("sqlite", "6"): _SQLITE,
    ("singlestore", "1"): _SINGLESTORE,
}
#: the names of one collection in the dialects
_ALIASES = {"checkConstraint": "checkConstraints", "checkConstraints": "checkConstraint"}


def faults(body: Mapping[str, Any], sound: Mapping[str, Any] | None = None) -> Iterator[Fault]:
    """Where drizzle-kit 0.31 would call a snapshot malformed; nothing of a version that it does not write.

    `sound` is a snapshot of the same version without a fault: what is as there is not looked at again.
    """
    shape = _SHAPES.get((str(body.get("dialect")), str(body.get("version"))))
    if shape is None:
        return
    tables, known = body.get("tables"), None if sound is None else sound.get("tables")
    if type(tables) is dict and type(known) is dict:
        body = {**body, "tables": {name: table for name, table in tables.items() if known.get(name) != table}}
    yield from _faults(body, shape, ())


def _faults(value: Any, shape: Any, path: Path) -> Iterator[Fault]:
    kind = type(shape)
    if kind is Object:
        if type(value) is not dict:
            yield Fault(path, "wrong")
            return
        must, may, is_open = shape
        for key, item in value.items():
            inner = must.get(key) or may.get(key)
            if inner is None:
                if not is_open:
                    yield Fault((*path, key), "unknown")
            elif inner is str or inner is bool:
                if type(item) is not inner:
                    yield Fault((*path, key), "wrong")
            elif inner is not Any:
                yield from _faults(item, inner, (*path, key))
        for key in must:
            if key not in value:
                yield Fault((*path, key), "lacks")
    elif kind is Named:
        if type(value) is not dict:
            yield Fault(path, "wrong")
        else:
            for key, item in value.items():
                yield from _faults(item, shape.of, (*path, key))
    elif kind is Listed:
        if type(value) is not list:
            yield Fault(path, "wrong")
        else:
            for position, item in enumerate(value):
                yield from _faults(item, shape.of, (*path, str(position)))
    elif kind is OneOf:
        if value not in shape.values:
            yield Fault(path, "wrong")
    elif shape is not Any and type(value) is not shape:
        yield Fault(path, "wrong")


def shaped(body: dict[str, Any]) -> dict[str, Any] | None:
    """The body with what can be put right and says the same; None if faults would be left, or there are none.

    A collection that is missing is empty; an unknown key that holds nothing, and a `null`, go; a collection that
    another dialect calls so gets its name here.
    """
    found = list(faults(body))
    if not found:
        return None
    for fault in found:
        body = _mended(body, fault.path, fault.kind)
    return None if any(True for _ in faults(body)) else body


def _mended(body: dict[str, Any], path: Path, kind: str) -> dict[str, Any]:
    key, rest = path[0], path[1:]
    if rest:
        inner = body.get(key)
        return {**body, key: _mended(inner, rest, kind)} if isinstance(inner, dict) else body
    if kind == "lacks" and (key in COLLECTIONS or key == "_meta"):
        empty: dict[str, Any] = {"schemas": {}, "tables": {}, "columns": {}} if key == "_meta" else {}
        return {**body, key: empty}
    value = body.get(key)
    if kind == "unknown" and key in _ALIASES and value and not body.get(_ALIASES[key]):
        renamed = {_ALIASES[key] if name == key else name: item for name, item in body.items() if name != _ALIASES[key]}
        return renamed
    if value is None or (kind == "unknown" and value in ({}, [])):
        return {name: item for name, item in body.items() if name != key}
    return body
