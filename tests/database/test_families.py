"""What each driver makes of a chunk; the live tests hold it to the real drivers."""

from __future__ import annotations

import pytest

from drizzle_guard.database.families import FAMILIES, Many, families_of, refusal, runs
from drizzle_guard.sql.tokens import pieces

BY_NAME = {family.name: family for family in FAMILIES}
TRIGGER = "create trigger t after insert on a begin update a set b = 1; select case when 1 then 2 end; end"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("-- only words; and more\n/* ; */ ;;", []),
        ("select 1", ["select 1"]),
        ("-- one\nselect ';';\nselect 2;\n-- end", ["-- one\nselect ';';", "\nselect 2;"]),
        ("do $$ begin perform 1; end $$; select 2", ["do $$ begin perform 1; end $$;", " select 2"]),
        (f"{TRIGGER};\ndrop table a", [f"{TRIGGER};", "\ndrop table a"]),
    ],
)
def test_a_text_is_cut_into_its_statements(text: str, expected: list[str]) -> None:
    assert pieces(text) == expected


def test_the_project_s_packages_tell_the_driver() -> None:
    assert [f.name for f in families_of("sqlite", {"better-sqlite3", "pg"})] == ["better-sqlite3"]
    assert [f.name for f in families_of("postgresql", {"@neondatabase/serverless"})] == ["neon-serverless", "neon-http"]
    assert families_of("mysql", {"react"}) == tuple(f for f in FAMILIES if f.kind == "mysql")


def test_two_statements_in_a_chunk() -> None:
    two = "create table a(b integer);\ncreate table c(d integer);"
    assert refusal(BY_NAME["better-sqlite3"], two) == "The supplied SQL string contains more than one statement"
    assert refusal(BY_NAME["libsql"], two) is None
    assert runs(BY_NAME["libsql"], two) == "create table a(b integer);"
    assert refusal(BY_NAME["node-postgres"], two) is None
    assert runs(BY_NAME["node-postgres"], two) == two
    assert all(bool(refusal(f, two)) == (f.many is Many.REFUSED) for f in FAMILIES)


def test_a_chunk_without_a_statement() -> None:
    empty = "\n-- Custom SQL migration file, put your code below! --"
    assert refusal(BY_NAME["mysql2"], empty) == "Query was empty"
    assert refusal(BY_NAME["libsql"], empty) == "not an error"
    assert refusal(BY_NAME["PGlite"], empty) is None
