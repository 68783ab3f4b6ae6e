"""DG035: what two migrations may not both do, whatever the object; what is dropped or made again in between is fine."""

from __future__ import annotations

import json

import pytest

from drizzle_guard.drizzle.folder import Blob
from drizzle_guard.rules.model import Finding, Subject
from drizzle_guard.rules.repeats import created_twice
from drizzle_guard.rules.run import read_any_history

ENUM_A = "CREATE TYPE e AS ENUM('a');"
ADD_Z = "ALTER TYPE e ADD VALUE 'z';"
F_OF_INT = "CREATE FUNCTION f(int) RETURNS int AS $$ $$;"
DROP_A = 'ALTER TABLE "t" DROP COLUMN "a";'
ADD_K = 'ALTER TABLE "t" ADD CONSTRAINT "k" CHECK (1);'


def found(dialect: str, *migrations: str) -> list[Finding]:
    """What the rule finds in these migrations, in this order."""
    entries = [
        {"idx": n, "version": "7", "when": n + 1, "tag": f"{n:04}_m", "breakpoints": True}
        for n in range(len(migrations))
    ]
    journal = json.dumps({"version": "7", "dialect": dialect, "entries": entries}).encode()
    files = {f"{n:04}_m.sql": Blob.of(sql.encode(), f"{n:04}_m.sql") for n, sql in enumerate(migrations)}
    history = read_any_history("d", {"meta/_journal.json": Blob.of(journal, "j"), **files})
    assert history is not None
    return list(created_twice(Subject(history, {}, 0)))


def said(dialect: str, *migrations: str) -> list[str]:
    """What it says where a new database stops."""
    return [finding.message for finding in found(dialect, *migrations) if finding.fatal]


@pytest.mark.parametrize(
    ("dialect", "sql", "what"),
    [
        ("postgresql", 'CREATE TABLE "t" ("id" integer);', 'create the table "t"'),
        ("postgresql", 'CREATE SCHEMA "s";', 'create the schema "s"'),
        ("postgresql", 'CREATE SEQUENCE "q";', 'create the sequence "q"'),
        ("postgresql", 'CREATE VIEW "v" AS select 1;', 'create the view "v"'),
        ("postgresql", 'CREATE POLICY "p" ON "t";', 'create the policy "p"'),
        ("postgresql", "CREATE FUNCTION f(a int) RETURNS int AS $$ select 1 $$;", 'create the function "f"'),
        ("mysql", "CREATE PROCEDURE p(a int) select 1;", 'create the procedure "p"'),
        ("postgresql", 'CREATE ROLE "r";', 'create the role "r"'),
        ("postgresql", "CREATE EXTENSION vector;", 'create the extension "vector"'),
        ("postgresql", "CREATE DOMAIN d AS text;", 'create the domain "d"'),
        ("postgresql", "ALTER TYPE public.e ADD VALUE 'z' BEFORE 'a';", "create the value 'z' of \"e\""),
        ("mysql", "ALTER TABLE `t` ADD CONSTRAINT `u` UNIQUE(`a`);", 'create the constraint "u"'),
        ("sqlite", "DROP TABLE `t`;", 'drop the table "t"'),
        ("mysql", "ALTER TABLE `t` DROP COLUMN `a`;", 'drop the column "a" of "t"'),
    ],
)
def test_a_new_database_stops_at_the_second(dialect: str, sql: str, what: str) -> None:
    assert said(dialect, "select 1;", sql, sql) == [
        f"0001_m and 0002_m both {what}: every new database stops at the second."
    ]


@pytest.mark.parametrize(
    ("sql", "advice"),
    [("ALTER TABLE t ALTER COLUMN a SET DEFAULT 1;", True), ("INSERT INTO t VALUES (1);", False)],
)
def test_what_only_sets_a_thing_twice_is_no_error(sql: str, advice: bool) -> None:
    (finding,) = found("postgresql", sql, "select 1;", sql)
    assert (finding.message, finding.advice) == ("0000_m and 0002_m hold the same SQL.", advice)


@pytest.mark.parametrize(
    "migrations",
    [
        ('CREATE TABLE "t" ("id" integer);', 'DROP TABLE "t";', 'CREATE TABLE "t" ("id" integer);', 'DROP TABLE "t";'),
        ('DROP VIEW "v";', 'CREATE VIEW "v" AS select 1;', 'DROP VIEW "v";', 'CREATE VIEW "v" AS select 2;'),
        ('CREATE VIEW "v" AS select 1;', 'DROP TABLE "t" CASCADE;', 'CREATE VIEW "v" AS select 2;'),
        ('CREATE POLICY "p" ON "t";', 'DROP TABLE "t";', 'CREATE TABLE "t" ();', 'CREATE POLICY "p" ON "t";'),
        ('CREATE POLICY "p" ON "t";', 'CREATE POLICY "p" ON "u";'),
        ('CREATE TABLE "t" ("id" integer);', 'CREATE TABLE IF NOT EXISTS "t" ("id" integer);'),
        (DROP_A, 'DROP TABLE "t";', 'CREATE TABLE "t" ("a" text);', DROP_A),
        ('DROP TABLE "t";', 'ALTER TABLE "u" RENAME TO "t";', 'DROP TABLE "t";'),
        ('DROP TABLE "t";', 'DROP TABLE IF EXISTS "t";'),
        ('ALTER TABLE "t" ADD CONSTRAINT "k" UNIQUE("a");', 'ALTER TABLE "u" ADD CONSTRAINT "k" UNIQUE("a");'),
        (F_OF_INT, "CREATE FUNCTION f(text) RETURNS int AS $$ $$;", "DROP FUNCTION f;", F_OF_INT),
        (F_OF_INT, "CREATE OR REPLACE FUNCTION f(int) RETURNS int AS $$ $$;"),
        (F_OF_INT, "ALTER FUNCTION f(int) RENAME TO g;", F_OF_INT),
        ("CREATE ROLE r;", "DROP ROLE r;", "CREATE ROLE r;"),
        ("CREATE EXTENSION vector;", "CREATE EXTENSION IF NOT EXISTS vector;"),
        (
            ADD_Z,
            "ALTER TYPE f ADD VALUE 'z';",
            "ALTER TYPE e ADD VALUE 'Z';",
            "ALTER TYPE e ADD VALUE IF NOT EXISTS 'z';",
        ),
        (ENUM_A, ADD_Z, "DROP TYPE e;", ENUM_A, ADD_Z),
        (ADD_Z, "ALTER TYPE e RENAME VALUE 'z' TO 'y';", ADD_Z),
        (ADD_K, 'ALTER TABLE "t" DROP CONSTRAINT "k";', ADD_K),
    ],
)
def test_what_is_gone_or_back_in_between_is_fine(migrations: tuple[str, ...]) -> None:
    assert said("postgresql", *migrations) == []


def test_a_value_that_its_enum_has_from_the_first() -> None:
    assert said("postgresql", "CREATE TYPE e AS ENUM('a', 'z');", ADD_Z) == [
        "0000_m and 0001_m both create the value 'z' of \"e\": every new database stops at the second."
    ]
