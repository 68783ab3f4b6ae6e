"""Snapshots: the three-way merge, relinking without touching other bytes, and what a merge can leave dangling."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drizzle_guard.drizzle.folder import Blob
from drizzle_guard.drizzle.snapshot import (
    chained,
    dangling,
    describe,
    merge,
    previous_id,
    read_snapshot,
    rechain_bytes,
    same_schema,
    snapshot_id,
)
from drizzle_guard.errors import GuardError

Body = dict[str, Any]


def _column(name: str, **more: Any) -> Body:
    return {"name": name, "type": "text", "primaryKey": False, "notNull": False, **more}


def _table(name: str, *columns: str, **more: Any) -> Body:
    return {"name": name, "schema": "", "columns": {c: _column(c) for c in columns}, "indexes": {}, **more}


def _body(*tables: Body, enums: dict[str, list[str]] | None = None, id: str = "i") -> Body:
    return {
        "id": id,
        "prevId": "p",
        "version": "7",
        "dialect": "postgresql",
        "tables": {f"public.{table['name']}": table for table in tables},
        "enums": {f"public.{n}": {"name": n, "schema": "public", "values": v} for n, v in (enums or {}).items()},
        "_meta": {"columns": {}, "schemas": {}, "tables": {}},
    }


def _conflicts(base: Body | None, tip: Body, own: Body) -> list[str]:
    return [describe(path) for path in merge(base, tip, own).conflicts]


def test_both_added() -> None:
    base = _body(_table("a", "x"))
    tip = _body(_table("a", "x", "tip"), _table("t"), id="tip")
    own = {**_body(_table("a", "x", "own"), _table("o"), id="own"), "_meta": {"tables": {"own": "meta"}}}
    merged, conflicts = merge(base, tip, own)
    assert conflicts == []
    assert merged == {**own, "tables": _body(_table("a", "x", "tip", "own"), _table("t"), _table("o"))["tables"]}
    assert list(merged) == list(own)
    assert list(merged["tables"]) == ["public.a", "public.t", "public.o"]
    assert list(merged["tables"]["public.a"]["columns"]) == ["x", "tip", "own"]


def test_removals() -> None:
    base = _body(_table("a", "x", "y", "z"), _table("b"), _table("c"))
    tip = _body(_table("a", "x", "y"), _table("b"))
    own = _body(_table("a", "x", "z"), _table("c"))
    merged, conflicts = merge(base, tip, own)
    assert conflicts == []
    assert merged["tables"] == _body(_table("a", "x"))["tables"]


def test_attributes_of_one_column() -> None:
    def with_x(**more: Any) -> Body:
        return _body({**_table("a"), "columns": {"x": _column("x", **more)}})

    merged, conflicts = merge(with_x(), with_x(notNull=True), with_x(default="1"))
    assert conflicts == [] and merged == with_x(notNull=True, default="1")
    assert _conflicts(with_x(), with_x(default="1"), with_x(default="2")) == ['column "x" of table "a" (default)']
    assert _conflicts(with_x(), with_x(default="1"), with_x(default="1")) == []
    assert _conflicts(with_x(default="0"), with_x(default="1"), with_x()) == ['column "x" of table "a" (default)']


@pytest.mark.parametrize(
    ("base", "tip", "own", "expected"),
    [
        # what one side drops and the other changes
        (_body(_table("a", "x")), _body(), _body(_table("a", "x", "y")), ['table "a"']),
        (_body(_table("a", "x")), _body(_table("a", "x", "y")), _body(), ['table "a"']),
        (_body(_table("a", "x")), _body(), _body(), []),
        # what both create is never blended
        (_body(), _body(_table("a", "x")), _body(_table("a", "y")), ['table "a"']),
        (_body(), _body(_table("a", "x")), _body(_table("a", "x")), []),
        (None, _body(_table("a", "x")), _body(_table("a", "x")), []),
        (None, _body(_table("a", "x")), _body(_table("a", "y")), ['table "a"']),
        (None, _body(_table("a", "x")), _body(_table("b", "y")), []),
        # lists are one value
        (_body(enums={"e": ["a"]}), _body(enums={"e": ["a", "b"]}), _body(enums={"e": ["a"]}), []),
        (_body(enums={"e": ["a"]}), _body(enums={"e": ["a", "b"]}), _body(enums={"e": ["a", "b"]}), []),
        (
            _body(enums={"e": ["a"]}),
            _body(enums={"e": ["a", "b"]}),
            _body(enums={"e": ["a", "c"]}),
            ['enum "e" (values)'],
        ),
        (_body(enums={"e": ["a"]}), _body(enums={"e": ["a", "b"]}), _body(), ['enum "e"']),
        (_body(), _body(enums={"e": ["a"]}), _body(enums={"e": ["b"]}), ['enum "e"']),
    ],
)
def test_conflicts(base: Body | None, tip: Body, own: Body, expected: list[str]) -> None:
    assert _conflicts(base, tip, own) == expected


def test_defaults_that_a_version_of_drizzle_kit_writes_out_are_no_change() -> None:
    old = _body(_table("a", "x"))
    newer = _body(_table("a", "x", policies={}, isRLSEnabled=False), _table("own"))
    tip = _body(_table("a", "x", checkConstraints={}), _table("tip"))
    merged, conflicts = merge(old, tip, newer)
    assert conflicts == [] and set(merged["tables"]) == {"public.a", "public.tip", "public.own"}
    created = _body(_table("a", "x", policies={}))
    assert _conflicts(_body(), _body(_table("a", "x")), created) == []
    assert _conflicts(_body(), _body(_table("a", "x", isRLSEnabled=True)), created) == ['table "a"']


def test_a_table_may_have_the_name_of_a_collection() -> None:
    base = {**_body(), "tables": {"tables": _table("tables", "columns")}}
    tip = {**_body(), "tables": {"tables": _table("tables", "columns", "indexes")}}
    own = {**_body(), "tables": {"tables": _table("tables", "columns", "tables")}}
    merged, conflicts = merge(base, tip, own)
    assert conflicts == []
    assert list(merged["tables"]["tables"]["columns"]) == ["columns", "indexes", "tables"]


_KEYS = st.sampled_from(["tables", "columns", "a", "b", "enums", "id", "_meta"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["", "x"]) | st.lists(st.sampled_from("ab"), max_size=2),
    lambda v: st.dictionaries(_KEYS, v, max_size=3),
    max_leaves=10,
)
_BODIES = st.dictionaries(_KEYS, _VALUES, max_size=4).map(lambda body: {**body, "id": "x", "prevId": "p"})


@given(_BODIES, _BODIES)
def test_only_one_side_changed(base: Body, changed: Body) -> None:
    merged, conflicts = merge(base, base, changed)
    assert conflicts == [] and same_schema(merged, changed)
    merged, conflicts = merge(base, changed, base)
    assert conflicts == [] and same_schema(merged, changed)


@given(_BODIES, _BODIES)
def test_both_changed_alike(base: Body, changed: Body) -> None:
    merged, conflicts = merge(base, changed, changed)
    assert conflicts == [] and same_schema(merged, changed)


@given(_BODIES, _BODIES, _BODIES)
def test_sides_can_be_swapped(base: Body, one: Body, other: Body) -> None:
    """Which side is the tip decides the order of keys and nothing else, unless they conflict."""
    left, right = merge(base, one, other), merge(base, other, one)
    assert sorted(left.conflicts) == sorted(right.conflicts)


def test_ids() -> None:
    plain = Blob.of(b'{"id": "one", "prevId": "two", "columns": {"id": {"name": "id"}}}', "s")
    assert (snapshot_id(plain), previous_id(plain)) == ("one", "two")
    twice = Blob.of(b'{"columns": {"x": {"id": "no"}}, "id": "one", "prevId": "a", "b": {"prevId": "c"}}', "s")
    assert (snapshot_id(twice), previous_id(twice)) == ("one", None)
    assert snapshot_id(Blob.of(b"[]", "s")) is None
    assert snapshot_id(Blob.of(b'{"id": 5}', "s")) is None
    assert snapshot_id(Blob.of(b"\xff", "s")) is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[]", "meta/s.json is not a Drizzle snapshot: it has no id."),
        (b'{"id": 5}', "meta/s.json is not a Drizzle snapshot: it has no id."),
        (b'{"id": "a", "id": "b"}', 'meta/s.json is not sound: the key "id" stands twice in one object.'),
    ],
)
def test_what_is_no_snapshot(data: bytes, message: str) -> None:
    with pytest.raises(GuardError) as caught:
        read_snapshot(Blob.of(data, "meta/s.json"))
    assert caught.value.message == message


def test_a_link_is_not_read() -> None:
    with pytest.raises(GuardError) as caught:
        read_snapshot(Blob.of(b"../../secret", "meta/s.json", mode="120000"))
    assert caught.value.message == "meta/s.json is a symbolic link; drizzle-guard only works on regular files."


@pytest.mark.parametrize(
    ("data", "old", "new", "expected"),
    [
        (b'{"prevId":"a"}\r\n', "a", "b", b'{"prevId":"b"}\r\n'),
        (b'{ "prevId" :\n"a", "x": "a" }', "a", "b", b'{ "prevId" :\n"b", "x": "a" }'),
        (b'{"prevId":"a","b":{"prevId":"a"}}', "a", "b", None),
        (b'{"prevId":"other"}', "a", "b", None),
        (b'{"prevId":"a"}', "a", 'b","x":"', None),
        (b'{"prevId":"a.c"}', "abc", "b", None),
    ],
)
def test_rechain_bytes(data: bytes, old: str, new: str, expected: bytes | None) -> None:
    assert rechain_bytes(data, old, new) == expected


def test_chained() -> None:
    body = _body(_table("a"))
    assert chained(body, prev_id="q") == {**body, "prevId": "q"}
    assert list(chained(body, prev_id="q", new_id="n")) == list(body)
    assert same_schema(chained(body, prev_id="q", new_id="n"), body)
    assert not same_schema(body, _body(_table("b")))


def test_dangling() -> None:
    users = _table("users", "id", "email")
    posts = {
        **_table("posts", "id", "user"),
        "indexes": {
            "good": {"columns": [{"expression": "user", "isExpression": False}]},
            "computed": {"columns": [{"expression": "lower(gone)", "isExpression": True}]},
            "bad": {"columns": [{"expression": "gone", "isExpression": False}]},
        },
        "foreignKeys": {
            "good": {"tableTo": "users", "columnsFrom": ["user"], "columnsTo": ["id"]},
            "bad": {"tableTo": "users", "columnsFrom": ["user"], "columnsTo": ["number"]},
            "lost": {"tableTo": "accounts", "columnsFrom": ["user"], "columnsTo": ["id"]},
        },
        "compositePrimaryKeys": {"pk": {"columns": ["id", "nothing"]}},
        "uniqueConstraints": {"u": {"columns": ["user"]}},
    }
    posts["columns"]["role"] = _column("role", type="role", typeSchema="public")
    posts["columns"]["roles"] = _column("roles", type="role[]", typeSchema="public")
    found = dangling(_body(users, posts))
    assert found == {
        ('index "bad" of table "public.posts"', "gone"),
        ('foreign key "bad" of table "public.posts"', "number"),
        ('foreign key "lost" of table "public.posts"', "accounts"),
        ('constraint "pk" of table "public.posts"', "nothing"),
        ('column "role" of table "public.posts"', "role"),
        ('column "roles" of table "public.posts"', "role[]"),
    }
    complete = _body(users, {**posts, "indexes": {}, "foreignKeys": {}, "compositePrimaryKeys": {}}, enums={"role": []})
    assert dangling(complete) == set()


def test_dangling_in_mysql_and_sqlite() -> None:
    table = {"name": "a", "columns": {"x": {"name": "x"}}, "indexes": {"i": {"columns": ["x", "gone", "(lower(`y`))"]}}}
    assert dangling({"tables": {"a": table}}) == {('index "i" of table "a"', "gone")}
    computed = {"indexes": {"i": {"columns": {"gone": {"isExpression": True}}}}}
    assert dangling({"tables": {"a": table}, "internal": computed}) == set()


@pytest.mark.parametrize(
    "odd", [{}, {"tables": []}, {"tables": {"a": 1}}, {"tables": {"a": {"columns": [], "indexes": 5}}}]
)
def test_dangling_reads_anything(odd: Body) -> None:
    assert dangling(odd) == set()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (("tables", "public.users"), 'table "users"'),
        (("tables", "auth.users", "columns", "id", "type"), 'column "id" of table "auth.users" (type)'),
        (("tables", "t", "indexes", "i", "columns"), 'index "i" of table "t" (columns)'),
        (("enums", "public.role", "values"), 'enum "role" (values)'),
        (("views", "public.v", "definition"), 'view "v" (definition)'),
        (("tables", "t", "policies", "p\x1b"), 'policy "p\\x1b" of table "t"'),
        (("version",), "the snapshot (version)"),
        ((), "the snapshot"),
    ],
)
def test_describe(path: tuple[str, ...], words: str) -> None:
    assert describe(path) == words
