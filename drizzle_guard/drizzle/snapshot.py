"""Snapshots: the schema after a migration, and the three-way merge of two of them.

Facts from drizzle-kit 0.31: everything in a snapshot is a dict keyed by name except lists whose order has a meaning
(enum values, the columns of an index, key or policy); `_meta` is never read back; `id` and `prevId` chain the files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from drizzle_guard.drizzle.folder import Blob
from drizzle_guard.drizzle.json_text import dump, parse, style_of
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.light import Any, NamedTuple

Path = tuple[str, ...]

_OWN_KEYS = ("id", "prevId", "_meta")
#: dicts from a name to an object of the schema; such an object is never blended from two that were made apart
COLLECTIONS = frozenset(
    (
        *("tables", "columns", "indexes", "foreignKeys", "compositePrimaryKeys", "uniqueConstraints", "policies"),
        *("checkConstraints", "checkConstraint", "enums", "views", "sequences", "roles", "schemas"),
    )
)


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()


def read_snapshot(blob: Blob) -> dict[str, Any]:
    """The snapshot in a file.  Raises GuardError if it is not a sound one."""
    body = parse(blob.data, blob.name)
    if not isinstance(body, dict) or not isinstance(body.get("id"), str):
        raise GuardError(f"{printable(blob.name)} is not a Drizzle snapshot: it has no id.")
    return body


def snapshot_id(blob: Blob) -> str | None:
    """The id of a snapshot, read without parsing the rest where possible; None if the file has none."""
    # drizzle-kit writes it among the first or the last keys; a key `id` of a column holds an object, never a string
    found = re.findall(rb'"id"\s*:\s*"([^"\\]*)"', blob.data)
    return found[0].decode("utf-8", "replace") if len(found) == 1 else _parsed_id(blob)


def previous_id(blob: Blob) -> str | None:
    """The prevId of a snapshot; None if it is not there exactly once."""
    found = re.findall(rb'"prevId"\s*:\s*"([^"\\]*)"', blob.data)
    return found[0].decode("utf-8", "replace") if len(found) == 1 else None


def _parsed_id(blob: Blob) -> str | None:
    try:
        value = read_snapshot(blob)["id"]
    except GuardError:
        return None
    return str(value)


class Merge(NamedTuple):
    """The merged body and the paths at which the two sides cannot be reconciled."""

    body: dict[str, Any]
    conflicts: list[Path]


def merge(base: dict[str, Any] | None, tip: dict[str, Any], own: dict[str, Any], *, or_base: Any = None) -> Merge:
    """Replay what changed from `base` to `own` onto `tip`.

    `or_base` is a second base, where two may be what `own` was made from: what is as in either is no change of own's.
    Keys keep the order of `tip`, new ones follow in the order of `own`.  `id`, `prevId` and `_meta` are own's.
    """
    conflicts: list[Path] = []
    bases = [base or {}] if or_base is None else [base or {}, or_base]
    *olds, left, right = ({k: v for k, v in side.items() if k not in _OWN_KEYS} for side in (*bases, tip, own))
    merged = _merge(olds, left, right, (), conflicts)
    body = {key: own[key] if key in _OWN_KEYS else merged[key] for key in own if key in _OWN_KEYS or key in merged}
    body.update({key: value for key, value in merged.items() if key not in body})
    return Merge(body, conflicts)


def _merge(bases: Sequence[Any], left: Any, right: Any, path: Path, conflicts: list[Path]) -> Any:
    if left == right or right in bases:
        return left
    if all(left == base for base in bases):
        return right
    made_apart = all(base is MISSING for base in bases) and len(path) > 1 and path[-2] in COLLECTIONS
    if isinstance(left, dict) and isinstance(right, dict) and not made_apart:
        olds = [base if isinstance(base, dict) else {} for base in bases]
        merged = {}
        for key in [*left, *(k for k in right if k not in left)]:
            old = [base.get(key, MISSING) for base in olds]
            value = _merge(old, left.get(key, MISSING), right.get(key, MISSING), (*path, key), conflicts)
            if value is not MISSING:
                merged[key] = value
        return merged
    # Versions of drizzle-kit differ in which defaults they write out; that is no change of the schema.
    plain_bases, plain_left, plain_right = [_plain(base) for base in bases], _plain(left), _plain(right)
    if plain_left == plain_right or plain_right in plain_bases:
        return left
    if plain_left in plain_bases:
        return right
    conflicts.append(path)
    return left


def _plain(value: Any) -> Any:
    """A value without nulls, false and empty objects."""
    if isinstance(value, dict):
        return {k: plain for k, v in value.items() if (plain := _plain(v)) not in ({}, None, False)}
    return value


def chained(snapshot: dict[str, Any], *, prev_id: str, new_id: str | None = None) -> dict[str, Any]:
    """The same snapshot behind another predecessor (and, where two files would share it, with another id)."""
    return {**snapshot, "prevId": prev_id, **({} if new_id is None else {"id": new_id})}


def derived_id(id_: str, tag: str) -> str:
    """A fresh id for a snapshot that was copied with its id; the same for the same migration every time."""
    from uuid import NAMESPACE_OID, uuid5  # late: hardly ever needed

    return str(uuid5(NAMESPACE_OID, f"{id_}/{tag.partition('_')[2]}"))


def dump_snapshot(snapshot: dict[str, Any], like: Blob) -> bytes:
    """The bytes of a snapshot, laid out as the file it comes from."""
    return dump(snapshot, style_of(like.data))


def rechain_bytes(data: bytes, old_prev: str, new_prev: str) -> bytes | None:
    """`data` with another prevId and every other byte as it was; None if that cannot be done surely."""
    pattern = re.compile(rb'("prevId"\s*:\s*")' + re.escape(old_prev.encode()) + rb'(")')
    if len(pattern.findall(data)) != 1 or not re.fullmatch(r"[\w-]+", new_prev):
        return None
    return pattern.sub(lambda m: m[1] + new_prev.encode() + m[2], data)


def same_schema(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two snapshots describe the same schema, whatever their ids."""
    return {k: v for k, v in one.items() if k not in _OWN_KEYS} == {
        k: v for k, v in other.items() if k not in _OWN_KEYS
    }


def lacking(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a snapshot has and another one lacks: the object in words, and the names that speak of it.

    Those are its own name, that of its table, and those of the columns that it is about.  What goes with its table is
    not named.
    """
    for kind in sorted(COLLECTIONS & before.keys()):
        there = _dict(after.get(kind))
        for name, value in _dict(before[kind]).items():
            plain = name.rpartition(".")[2]
            if name not in there:
                yield describe((kind, name)), (plain,)
            elif kind == "tables":
                yield from _members_lacking(name, _dict(value), _dict(there[name]))


def _members_lacking(
    table: str, before: dict[str, Any], after: dict[str, Any]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for kind in sorted(COLLECTIONS & before.keys()):
        there = _dict(after.get(kind))
        for name, value in _dict(before[kind]).items():
            if name not in there:
                columns = [*_list(_dict(value).get("columns")), *_list(_dict(value).get("columnsFrom"))]
                about = [c.get("expression") if isinstance(c, dict) else c for c in columns]
                anew = f"__new_{table.rpartition('.')[2]}"
                yield describe(("tables", table, kind, name)), (name, anew, *(c for c in about if isinstance(c, str)))


def dangling(snapshot: dict[str, Any]) -> set[tuple[str, str]]:
    """Keys, indexes and columns that name something which is not there: (what, the missing name)."""
    tables = _dict(snapshot.get("tables"))
    by_name = {str(table.get("name", key)): table for key, table in tables.items() if isinstance(table, dict)}
    computed = {
        column
        for index in _dict(_dict(snapshot.get("internal")).get("indexes")).values()
        for column in _dict(_dict(index).get("columns"))
    }
    found: set[tuple[str, str]] = set()
    for key, table in tables.items():
        columns = _column_names(table)

        def need(what: str, names: Any, where: set[str]) -> None:
            for name in names if isinstance(names, list) else []:
                if isinstance(name, str) and name not in where:
                    found.add((what, name))

        for name, index in _dict(_dict(table).get("indexes")).items():
            plain = [_plain_column(column, computed) for column in _list(_dict(index).get("columns"))]
            need(f'index "{name}" of table "{key}"', plain, columns)
        for kind in ("compositePrimaryKeys", "uniqueConstraints"):
            for name, constraint in _dict(_dict(table).get(kind)).items():
                need(f'constraint "{name}" of table "{key}"', _dict(constraint).get("columns"), columns)
        for name, foreign in _dict(_dict(table).get("foreignKeys")).items():
            what = f'foreign key "{name}" of table "{key}"'
            need(what, _dict(foreign).get("columnsFrom"), columns)
            target = by_name.get(str(_dict(foreign).get("tableTo")))
            if target is None:
                found.add((what, str(_dict(foreign).get("tableTo"))))
            else:
                need(what, _dict(foreign).get("columnsTo"), _column_names(target))
        for name, column in _dict(_dict(table).get("columns")).items():
            schema, type_ = _dict(column).get("typeSchema"), str(_dict(column).get("type", ""))
            if schema and f"{schema}.{type_.removesuffix('[]')}" not in _dict(snapshot.get("enums")):
                found.add((f'column "{name}" of table "{key}"', type_))
    return found


def _plain_column(column: Any, computed: set[str]) -> str | None:
    """The name of an indexed column; None for an expression."""
    if isinstance(column, dict):
        column = None if column.get("isExpression") else column.get("expression")
    plain = isinstance(column, str) and column not in computed and re.fullmatch(r"\w+", column)
    return column if plain else None


def _column_names(table: Any) -> set[str]:
    return {str(_dict(column).get("name", key)) for key, column in _dict(_dict(table).get("columns")).items()}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def describe(path: Path) -> str:
    """A path in a snapshot in words: `column "email" of table "users"`."""
    one = {
        **{"tables": "table", "columns": "column", "indexes": "index", "foreignKeys": "foreign key"},
        **{"compositePrimaryKeys": "primary key", "uniqueConstraints": "unique constraint", "policies": "policy"},
        **{"checkConstraints": "check", "checkConstraint": "check", "enums": "enum", "views": "view"},
        **{"sequences": "sequence", "roles": "role", "schemas": "schema"},
    }
    parts, rest = [], list(path)
    while len(rest) > 1 and rest[0] in one:
        name = rest[1].removeprefix("public.")
        parts.append(f'{one[rest[0]]} "{printable(name)}"')
        rest = rest[2:]
    words = " of ".join(reversed(parts)) or "the snapshot"
    return f"{words} ({printable('/'.join(rest))})" if rest else words


def snapshot_names(snapshots: Iterable[Blob]) -> frozenset[str] | None:
    """All names and values in snapshots, in lower case and without their schema; None if there is no snapshot."""
    found: set[str] = set()
    for blob in snapshots:
        for text in re.findall(rb'"((?:[^"\\\\]|\\\\.)*)"', blob.data):
            name = text.decode("utf-8", "replace").lower()
            found.update((name, name.rpartition(".")[2]))
    return frozenset(found) if found else None
