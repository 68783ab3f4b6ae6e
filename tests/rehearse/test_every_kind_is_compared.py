"""Each kind of object that a snapshot holds is compared, in both directions, on each kind of database.

Two snapshots are built by the engine, as a rehearsal builds the newest one: one as it was, one with a change to each
of its objects.  Every change must be found, whichever of the two is the database; and nothing else.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from drizzle_guard.database.families import FAMILIES
from drizzle_guard.rehearse.facts import IN_SNAPSHOTS, Key, differences, only
from drizzle_guard.rehearse.places import Wishes, open_engine
from support.live import servers

GONE: Any = object()
Change = tuple[str, Any, str, str]  # where in the snapshot, the new value, the object's key, what differs ("" = all)


def _columns(*names: str, type_: str = "integer", **more: dict[str, Any]) -> dict[str, Any]:
    plain = {"type": type_, "primaryKey": False, "notNull": False, "autoincrement": False}
    return {name: {"name": name, **plain, **more.get(name, {})} for name in (*names, *more)}


def _table(columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"schema": "", "columns": columns, "indexes": {}, "foreignKeys": {}, "compositePrimaryKeys": {}, **more}


def _fk(name: str, column: str, to: str = "p", **more: str) -> dict[str, Any]:
    actions = {"onDelete": "cascade", "onUpdate": "no action"}
    return {name: {"columnsFrom": [column], "tableTo": to, "columnsTo": ["id"], **actions, **more}}


def _pg_index(name: str, **more: Any) -> dict[str, Any]:
    column = {"expression": "a", "isExpression": False, "asc": True, "nulls": "last", **more.pop("column", {})}
    return {name: {"columns": [column], "isUnique": False, "method": "btree", "with": {}, **more}}


_NUMBERS = {"increment": "2", "minValue": "1", "maxValue": "99", "startWith": "5", "cache": "1", "cycle": False}
_IDENTITY = {"type": "always", "name": "t_serial_seq", **{**_NUMBERS, "maxValue": "2147483647"}}
_POLICY = {"as": "PERMISSIVE", "for": "ALL", "to": ["reader"], "using": "true", "withCheck": "true"}
POSTGRES = {
    "tables": {
        "public.p": _table(_columns(id={"primaryKey": True})),
        "public.o": _table(_columns(id={"primaryKey": True})),
        "public.lost": _table(_columns("a")),
        "public.t": _table(
            _columns(
                *("a", "b", "kept", "f1", "f2", "f3", "f4"),
                typed={"type": "varchar(10)"},
                nullable={"notNull": True},
                stated={"default": "3"},
                made={"type": "integer", "generated": {"as": "a + 1", "type": "stored"}},
                serial={"notNull": True, "identity": _IDENTITY},
            ),
            indexes={
                **_pg_index("i_unique"),
                **_pg_index("i_order"),
                **_pg_index("i_nulls"),
                **_pg_index("i_where", where="a > 1"),
                **_pg_index("i_method"),
                **_pg_index("i_class", column={"expression": "typed", "opclass": "varchar_pattern_ops"}),
                **_pg_index("i_with", **{"with": {"fillfactor": "70"}}),
                **_pg_index("i_columns"),
                **_pg_index("i_lost"),
            },
            foreignKeys={**_fk("f_to", "f1"), **_fk("f_delete", "f2"), **_fk("f_update", "f3"), **_fk("f_lost", "f4")},
            compositePrimaryKeys={"t_pk": {"columns": ["a", "b"]}},
            uniqueConstraints={
                "u_nulls": {"columns": ["kept"], "nullsNotDistinct": False},
                "u_columns": {"columns": ["a", "kept"], "nullsNotDistinct": False},
                "u_lost": {"columns": ["b"], "nullsNotDistinct": False},
            },
            checkConstraints={"c_value": {"value": "a > 0"}, "c_lost": {"value": "b > 0"}},
            policies={
                **{f"p_{what}": dict(_POLICY) for what in ("as", "to", "using", "check", "lost")},
                "p_for": {**_POLICY, "for": "SELECT", "withCheck": None},
            },
            isRLSEnabled=True,
        ),
        "public.plain": _table(_columns("a"), isRLSEnabled=True),
    },
    "enums": {
        "public.order": {"name": "order", "schema": "public", "values": ["x", "y"]},
        "public.lost_enum": {"name": "lost_enum", "schema": "public", "values": ["x"]},
    },
    "schemas": {"kept": "kept", "lost_schema": "lost_schema"},
    "sequences": {
        **{f"public.s_{key}": {"name": f"s_{key}", "schema": "public", **_NUMBERS} for key in _NUMBERS},
        "public.s_lost": {"name": "s_lost", "schema": "kept", **_NUMBERS},
    },
    "roles": {
        name: {"createDb": False, "createRole": False, "inherit": True}
        for name in ("reader", "r_createDb", "r_createRole", "r_inherit", "r_lost")
    },
    "views": {
        "public.v_text": {"name": "v_text", "schema": "public", "definition": "select a from t"},
        "public.v_with": {"name": "v_with", "schema": "public", "definition": "select 1 as a"},
        "public.v_kind": {"name": "v_kind", "schema": "public", "definition": "select 1 as a", "materialized": True},
        "public.v_lost": {"name": "v_lost", "schema": "public", "definition": "select 1 as a"},
    },
}
_T = "tables/public.t"
POSTGRES_CHANGES: tuple[Change, ...] = (
    ("tables/public.lost", GONE, "table/lost", ""),
    ("tables/public.plain/isRLSEnabled", False, "table/plain", "row level security"),
    (f"{_T}/columns/typed/type", "varchar(20)", "column/t/typed", "type"),
    (f"{_T}/columns/nullable/notNull", False, "column/t/nullable", "not null"),
    (f"{_T}/columns/stated/default", "4", "column/t/stated", "default"),
    (f"{_T}/columns/made/generated/as", "a + 2", "column/t/made", "generated"),
    (f"{_T}/columns/serial/identity/type", "byDefault", "column/t/serial", "identity"),
    (f"{_T}/columns/more", _columns("more")["more"], "column/t/more", ""),
    (f"{_T}/indexes/i_unique/isUnique", True, "index/t/i_unique", "definition"),
    (f"{_T}/indexes/i_order/columns/0/asc", False, "index/t/i_order", "definition"),
    (f"{_T}/indexes/i_nulls/columns/0/nulls", "first", "index/t/i_nulls", "definition"),
    (f"{_T}/indexes/i_where/where", "a > 2", "index/t/i_where", "definition"),
    (f"{_T}/indexes/i_method/method", "hash", "index/t/i_method", "definition"),
    (f"{_T}/indexes/i_class/columns/0/opclass", "varchar_ops", "index/t/i_class", "definition"),
    (f"{_T}/indexes/i_with/with/fillfactor", "60", "index/t/i_with", "definition"),
    (f"{_T}/indexes/i_columns/columns/0/expression", "b", "index/t/i_columns", "definition"),
    (f"{_T}/indexes/i_lost", GONE, "index/t/i_lost", ""),
    (f"{_T}/foreignKeys/f_to/tableTo", "o", "foreign key/t/f_to", "definition"),
    (f"{_T}/foreignKeys/f_delete/onDelete", "set null", "foreign key/t/f_delete", "definition"),
    (f"{_T}/foreignKeys/f_update/onUpdate", "cascade", "foreign key/t/f_update", "definition"),
    (f"{_T}/foreignKeys/f_lost", GONE, "foreign key/t/f_lost", ""),
    (f"{_T}/compositePrimaryKeys/t_pk/columns", ["b", "a"], "primary key/t/primary key", "columns"),
    (f"{_T}/uniqueConstraints/u_nulls/nullsNotDistinct", True, "unique constraint/t/u_nulls", "definition"),
    (f"{_T}/uniqueConstraints/u_columns/columns", ["kept", "a"], "unique constraint/t/u_columns", "definition"),
    (f"{_T}/uniqueConstraints/u_lost", GONE, "unique constraint/t/u_lost", ""),
    (f"{_T}/checkConstraints/c_value/value", "a > 1", "check/t/c_value", "definition"),
    (f"{_T}/checkConstraints/c_lost", GONE, "check/t/c_lost", ""),
    (f"{_T}/policies/p_as/as", "RESTRICTIVE", "policy/t/p_as", "permissive"),
    (f"{_T}/policies/p_for/for", "DELETE", "policy/t/p_for", "command"),
    (f"{_T}/policies/p_to/to", ["public"], "policy/t/p_to", "roles"),
    (f"{_T}/policies/p_using/using", "a > 0", "policy/t/p_using", "using"),
    (f"{_T}/policies/p_check/withCheck", "a > 0", "policy/t/p_check", "check"),
    (f"{_T}/policies/p_lost", GONE, "policy/t/p_lost", ""),
    ("enums/public.order/values", ["y", "x"], "enum/order", "values"),
    ("enums/public.lost_enum", GONE, "enum/lost_enum", ""),
    ("schemas/lost_schema", GONE, "schema/lost_schema", ""),
    ("sequences/public.s_increment/increment", "3", "sequence/s_increment", "numbers"),
    ("sequences/public.s_minValue/minValue", "0", "sequence/s_minValue", "numbers"),
    ("sequences/public.s_maxValue/maxValue", "98", "sequence/s_maxValue", "numbers"),
    ("sequences/public.s_startWith/startWith", "6", "sequence/s_startWith", "numbers"),
    ("sequences/public.s_cache/cache", "2", "sequence/s_cache", "numbers"),
    ("sequences/public.s_cycle/cycle", True, "sequence/s_cycle", "numbers"),
    ("sequences/public.s_lost", GONE, "sequence/kept.s_lost", ""),
    ("roles/r_createDb/createDb", True, "role/r_createDb", "create db"),
    ("roles/r_createRole/createRole", True, "role/r_createRole", "create role"),
    ("roles/r_inherit/inherit", False, "role/r_inherit", "inherit"),
    ("roles/r_lost", GONE, "role/r_lost", ""),
    ("views/public.v_text/definition", "select b from t", "view/v_text", "definition"),
    ("views/public.v_with/with", {"securityBarrier": True}, "view/v_with", "options"),
    ("views/public.v_kind/materialized", False, "view/v_kind", "kind"),
    ("views/public.v_lost", GONE, "view/v_lost", ""),
)

MYSQL = {
    "tables": {
        "p": _table(_columns(id={"primaryKey": True})),
        "o": _table(_columns(id={"primaryKey": True})),
        "lost": _table(_columns("a")),
        "pair": _table(
            _columns(a={"notNull": True}, b={"notNull": True}), compositePrimaryKeys={"k": {"columns": ["a", "b"]}}
        ),
        "t": _table(
            _columns(
                *("a", "b", "f1", "f2", "f3", "f4"),
                id={"type": "bigint", "primaryKey": True, "notNull": True, "autoincrement": True},
                typed={"type": "varchar(10)"},
                nullable={"notNull": True, "default": "0"},  # else MariaDB says NULL or nothing
                stated={"default": "3"},
                listed={"type": "enum('x','y')"},
                made={"generated": {"as": "a + 1", "type": "stored"}},
                touched={"type": "timestamp", "default": "(now())", "onUpdate": True},
            ),
            indexes={
                name: {"columns": ["a"], "isUnique": False, "using": "btree"}
                for name in ("i_unique", "i_columns", "i_lost")
            }
            | {"i_f4": {"columns": ["f4"], "isUnique": False}},  # else the key makes an index of its own
            foreignKeys={**_fk("f_to", "f1"), **_fk("f_delete", "f2"), **_fk("f_update", "f3"), **_fk("f_lost", "f4")},
            uniqueConstraints={"u_columns": {"columns": ["a"]}, "u_lost": {"columns": ["b"]}},
            checkConstraint={"c_value": {"value": "a > 0"}, "c_lost": {"value": "b > 0"}},
        ),
    },
    "views": {
        "v_text": {"definition": "select `a` from `t`"},
        "v_security": {"definition": "select `a` from `t`", "sqlSecurity": "definer"},
        "v_check": {"definition": "select `a` from `t`", "withCheckOption": "local"},
        "v_lost": {"definition": "select 1 as `a`"},
    },
}
MYSQL_CHANGES: tuple[Change, ...] = (
    ("tables/lost", GONE, "table/lost", ""),
    ("tables/pair/compositePrimaryKeys/k/columns", ["b", "a"], "index/pair/PRIMARY", "columns"),
    ("tables/t/columns/id/autoincrement", False, "column/t/id", "extra"),
    ("tables/t/columns/typed/type", "varchar(20)", "column/t/typed", "type"),
    ("tables/t/columns/nullable/notNull", False, "column/t/nullable", "not null"),
    ("tables/t/columns/stated/default", "4", "column/t/stated", "default"),
    ("tables/t/columns/listed/type", "enum('y','x')", "column/t/listed", "type"),
    ("tables/t/columns/made/generated/as", "a + 2", "column/t/made", "generated"),
    ("tables/t/columns/touched/onUpdate", False, "column/t/touched", "extra"),
    ("tables/t/columns/more", _columns("more")["more"], "column/t/more", ""),
    ("tables/t/indexes/i_unique/isUnique", True, "index/t/i_unique", "unique"),
    ("tables/t/indexes/i_columns/columns", ["a", "b"], "index/t/i_columns", "columns"),
    ("tables/t/indexes/i_lost", GONE, "index/t/i_lost", ""),
    ("tables/t/foreignKeys/f_to/tableTo", "o", "foreign key/t/f_to", "references"),
    ("tables/t/foreignKeys/f_delete/onDelete", "set null", "foreign key/t/f_delete", "on delete"),
    ("tables/t/foreignKeys/f_update/onUpdate", "cascade", "foreign key/t/f_update", "on update"),
    ("tables/t/foreignKeys/f_lost", GONE, "foreign key/t/f_lost", ""),
    ("tables/t/uniqueConstraints/u_columns/columns", ["a", "b"], "index/t/u_columns", "columns"),
    ("tables/t/uniqueConstraints/u_lost", GONE, "index/t/u_lost", ""),
    ("tables/t/checkConstraint/c_value/value", "a > 1", "check/t/c_value", "expression"),
    ("tables/t/checkConstraint/c_lost", GONE, "check/t/c_lost", ""),
    ("views/v_text/definition", "select `b` from `t`", "view/v_text", "definition"),
    ("views/v_security/sqlSecurity", "invoker", "view/v_security", "security"),
    ("views/v_check/withCheckOption", "cascaded", "view/v_check", "check"),
    ("views/v_lost", GONE, "view/v_lost", ""),
)

SQLITE = {
    "tables": {
        "p": _table(_columns(id={"primaryKey": True})),
        "o": _table(_columns(id={"primaryKey": True})),
        "lost": _table(_columns("a")),
        "counted": _table(_columns(id={"primaryKey": True, "autoincrement": True})),
        "pair": _table(_columns("a", "b"), compositePrimaryKeys={"k": {"columns": ["a", "b"]}}),
        "t": _table(
            _columns(
                *("a", "b", "f1", "f2", "f3", "f4"),
                typed={"type": "text"},
                nullable={"notNull": True},
                stated={"default": "3"},
                made={"generated": {"as": "(a + 1)", "type": "stored"}},
            ),
            indexes={
                "i_unique": {"columns": ["a"], "isUnique": False},
                "i_where": {"columns": ["a"], "isUnique": False, "where": "a > 1"},
                "i_columns": {"columns": ["a"], "isUnique": False},
                "i_lost": {"columns": ["a"], "isUnique": False},
            },
            foreignKeys={**_fk("f_to", "f1"), **_fk("f_delete", "f2"), **_fk("f_update", "f3"), **_fk("f_lost", "f4")},
            checkConstraints={
                "c_value": {"name": "c_value", "value": "a > 0"},
                "c_lost": {"name": "c_lost", "value": "b > 0"},
            },
        ),
    },
    "views": {"v_text": {"definition": "select a from t"}, "v_lost": {"definition": "select 1 as a"}},
}
SQLITE_CHANGES: tuple[Change, ...] = (
    ("tables/lost", GONE, "table/lost", ""),
    ("tables/counted/columns/id/autoincrement", False, "table/counted", "autoincrement"),
    ("tables/pair/compositePrimaryKeys/k/columns", ["a"], "column/pair/b", "primary key"),
    ("tables/t/columns/typed/type", "blob", "column/t/typed", "type"),
    ("tables/t/columns/nullable/notNull", False, "column/t/nullable", "not null"),
    ("tables/t/columns/stated/default", "4", "column/t/stated", "default"),
    ("tables/t/columns/made/generated/as", "(a + 2)", "column/t/made", "generated"),
    ("tables/t/columns/more", _columns("more")["more"], "column/t/more", ""),
    ("tables/t/indexes/i_unique/isUnique", True, "index/t/i_unique", "unique"),
    ("tables/t/indexes/i_where/where", "a > 2", "index/t/i_where", "on"),
    ("tables/t/indexes/i_columns/columns", ["a", "b"], "index/t/i_columns", "on"),
    ("tables/t/indexes/i_lost", GONE, "index/t/i_lost", ""),
    ("tables/t/foreignKeys/f_to/tableTo", "o", "foreign key/t/f1", "references"),
    ("tables/t/foreignKeys/f_delete/onDelete", "set null", "foreign key/t/f2", "on delete"),
    ("tables/t/foreignKeys/f_update/onUpdate", "cascade", "foreign key/t/f3", "on update"),
    ("tables/t/foreignKeys/f_lost", GONE, "foreign key/t/f4", ""),
    ("tables/t/checkConstraints/c_value/value", "a > 1", "check/t/c_value", "expression"),
    ("tables/t/checkConstraints/c_lost", GONE, "check/t/c_lost", ""),
    ("views/v_text/definition", "select b from t", "view/v_text", "definition"),
    ("views/v_lost", GONE, "view/v_lost", ""),
)
DIALECTS: dict[str, tuple[str, dict[str, Any], tuple[Change, ...]]] = {
    "postgresql": ("node-postgres", POSTGRES, POSTGRES_CHANGES),
    "mysql": ("mysql2", MYSQL, MYSQL_CHANGES),
    "sqlite": ("better-sqlite3", SQLITE, SQLITE_CHANGES),
}


def _named(snapshot: dict[str, Any]) -> dict[str, Any]:
    tables = {key: {"name": key.rpartition(".")[2], **body} for key, body in snapshot["tables"].items()}
    return {**snapshot, "tables": tables}


def _changed(snapshot: dict[str, Any], changes: tuple[Change, ...]) -> dict[str, Any]:
    other = copy.deepcopy(snapshot)
    for where, value, _, _ in changes:
        owner: Any = other
        *path, last = where.split("/")
        for step in path:
            owner = owner[int(step)] if isinstance(owner, list) else owner[step]
        if value is GONE:
            del owner[last]
        else:
            owner[last] = value
    return other


@pytest.mark.parametrize("kind", DIALECTS)
def test_every_change_is_found_whichever_side_has_it(kind: str) -> None:
    driver, plain, changes = DIALECTS[kind]
    snapshot = _named(plain)
    if kind == "mysql":
        servers.mariadb_url()  # says what is missing
    family = next(family for family in FAMILIES if family.name == driver)
    engine = open_engine(kind, family, Wishes(None, (), 60, None, "__drizzle_migrations", "drizzle"))
    try:
        like = engine.new()
        one, unbuilt = engine.build(snapshot, like)
        assert unbuilt == []
        two, unbuilt = engine.build(_changed(snapshot, changes), like)
        assert unbuilt == []
    finally:
        engine.close()
    kinds = IN_SNAPSHOTS[kind]
    assert {key[0] for key in only(one, kinds)} == {*kinds} - ({"unique constraint"} if kind == "sqlite" else set())
    wanted: dict[Key, str] = {tuple(key.split("/")): label for _, _, key, label in changes}
    for found in (differences(only(one, kinds), only(two, kinds)), differences(only(two, kinds), only(one, kinds))):
        assert {d.key for d in found} == set(wanted)
        for difference in found:
            label = wanted[difference.key]
            assert (not label) == (difference.one is None or difference.other is None), difference
            if difference.one is not None and difference.other is not None:
                assert [k for k in difference.one if difference.one[k] != difference.other[k]] == [label], difference
