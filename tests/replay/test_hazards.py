"""What stands against running one script after another; the cases of `fixtures/merge` show the rest."""

from __future__ import annotations

import pytest

from drizzle_guard.replay.ground import known_before
from drizzle_guard.replay.hazards import Script, find_hazards
from drizzle_guard.replay.undone import find_undone

RECREATE = (
    "PRAGMA foreign_keys=OFF;CREATE TABLE `__new_a` (`id` integer, `x` text);"
    "INSERT INTO `__new_a`(id, x) SELECT id, x FROM `a`;DROP TABLE `a`;ALTER TABLE `__new_a` RENAME TO `a`;"
)
DO = "DO $$ BEGIN CREATE TYPE role AS ENUM(%s); EXCEPTION WHEN duplicate_object THEN null; END $$;"


BASE = "CREATE TABLE `a` (`id` integer, `x` text)"


def _hazards(mainline: str, own: str, dialect: str = "", base: str = "") -> list[str]:
    known = known_before(lambda: [Script("base", base)], None, [], dialect)
    return [h.reason for h in find_hazards([Script("main", mainline)], [Script("own", own)], dialect, known)]


@pytest.mark.parametrize(
    ("mainline", "own"),
    [
        ("", ""),
        ("CREATE TABLE a (id int)", "CREATE TABLE b (id int)"),
        ("ALTER TABLE a ADD x int", "ALTER TABLE a ADD y int"),
        ("ALTER TABLE a ADD x int", "UPDATE a SET y = 1"),
        ("ALTER TABLE a ALTER COLUMN x SET NOT NULL", "ALTER TABLE a ALTER COLUMN x SET DEFAULT 1"),
        ("CREATE INDEX i ON a (x)", "ALTER TABLE a DROP COLUMN y"),
        (RECREATE, "ALTER TABLE a ADD y int"),
        ("ALTER TABLE a ADD x int; ALTER TABLE a DROP COLUMN x", "ALTER TABLE a ADD x int"),
        ("CREATE TABLE b (id int)", RECREATE),
        ("DROP TYPE t; CREATE TYPE t AS ENUM('a')", "ALTER TABLE a ADD x t"),
        ("DROP TABLE a; CREATE TABLE a (id int)", "CREATE TABLE b (id int)"),
        # what own made itself is its own affair
        ("ALTER TABLE b ADD x int", "CREATE TABLE a (id int); ALTER TABLE a ADD x int; DROP TABLE a"),
        (
            "CREATE TABLE b (id int)",
            "ALTER TABLE a ADD x int; ALTER TABLE a RENAME COLUMN x TO y; CREATE INDEX i ON a (y)",
        ),
        # what the mainline made and took away again
        ("CREATE TABLE tmp (id int); DROP TABLE tmp", "CREATE TABLE tmp (id int)"),
        # the same, guarded
        ("CREATE TABLE IF NOT EXISTS a (id int)", "CREATE TABLE IF NOT EXISTS a (id int)"),
        (DO % "'a'", DO % "'a'"),
        ("DROP TABLE IF EXISTS a", "DROP TABLE IF EXISTS a"),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE OR REPLACE VIEW v AS SELECT 1"),
        # a foreign key uses only the columns that it names
        ("ALTER TABLE b ADD CONSTRAINT f FOREIGN KEY (a_id) REFERENCES a(id)", "ALTER TABLE a DROP COLUMN x"),
        ("CREATE TABLE b (x int, a_id int REFERENCES a(id))", "ALTER TABLE a DROP COLUMN x"),
        # other tables, other schemas
        ("CREATE POLICY p ON a", "CREATE POLICY p ON b"),
        ("ALTER TABLE a ADD CONSTRAINT c CHECK (x > 0)", "ALTER TABLE b ADD CONSTRAINT c CHECK (x > 0)"),
        ("CREATE TABLE s.a (id int)", "CREATE TABLE a (id int)"),
        ("ALTER TABLE a ADD CONSTRAINT a_pk PRIMARY KEY (x)", "ALTER TABLE b ADD CONSTRAINT b_pk PRIMARY KEY (x)"),
    ],
)
def test_no_hazard(mainline: str, own: str) -> None:
    assert _hazards(mainline, own) == []


ASKS = (
    "DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE column_name='y') THEN "
    "ALTER TABLE a ADD COLUMN y %s; END IF; END $$"
)


@pytest.mark.parametrize("guarded", ["ALTER TABLE a ADD COLUMN IF NOT EXISTS y %s", ASKS])
def test_a_guarded_column_that_is_there_as_it_would_be_made(guarded: str) -> None:
    pg = "postgresql"
    assert _hazards("ALTER TABLE a ADD y int, ADD z int", guarded % "int", pg, "CREATE TABLE a (id int)") == []
    both = 'both create column "y" of table "a"'
    for kind in ("text", "int NOT NULL", "int DEFAULT 1", "int CHECK (y > 0)", "int COLLATE x"):
        assert both in _hazards("ALTER TABLE a ADD y int", guarded % kind, pg, "CREATE TABLE a (id int)"), kind


@pytest.mark.parametrize(
    ("mainline", "own"),
    [("INSERT INTO a (x) VALUES (1)", RECREATE), (RECREATE, "CREATE INDEX i ON a (x)")],
)
def test_a_table_made_anew_touches_what_differs(mainline: str, own: str) -> None:
    assert _hazards(mainline, own, base=BASE) == []
    assert _hazards(mainline, own) != []  # where the table as it was is not known, it may be anything


@pytest.mark.parametrize(
    ("mainline", "own", "reason"),
    [
        ("CREATE TABLE A (id int)", 'CREATE TABLE "a" (id int)', 'both create table "a"'),
        ("CREATE TABLE a (id int, x int)", "ALTER TABLE a ADD x int", 'both create column "x" of table "a"'),
        (RECREATE, "ALTER TABLE a ADD x text", 'both create column "x" of table "a"'),
        ("CREATE TABLE IF NOT EXISTS a (id int)", "CREATE TABLE a (id int)", 'both create table "a"'),
        (DO % "'a'", DO % "'b'", 'both create type "role"'),
        ("CREATE INDEX i ON a (x)", "CREATE INDEX i ON b (x)", 'both create index "i"'),
        ("DROP TABLE IF EXISTS a", "DROP TABLE a", 'both drop table "a"'),
        ("CREATE SCHEMA auth", "CREATE SCHEMA auth", 'both create schema "auth"'),
        (
            "ALTER TABLE a DROP PRIMARY KEY",
            "ALTER TABLE a DROP PRIMARY KEY",
            'both drop constraint "primary" of table "a"',
        ),
        (
            "ALTER TABLE a ADD PRIMARY KEY (x)",
            "ALTER TABLE a ADD CONSTRAINT pk PRIMARY KEY (y)",
            'both create the primary key of table "a"',
        ),
        ("DROP TABLE a", "ALTER TABLE a DROP CONSTRAINT c", 'the mainline drops table "a", which the branch changes'),
        ("DROP TABLE a", "CREATE INDEX i ON a (x)", 'the mainline drops table "a", which the branch changes'),
        ("DROP TABLE a", "GRANT SELECT ON a TO b", 'the mainline drops table "a", which the branch uses'),
        ("DROP TABLE a", "CREATE VIEW v AS SELECT 1 FROM a", 'the mainline drops table "a", which the branch uses'),
        (
            "ALTER TABLE a DROP COLUMN x",
            "ALTER TABLE b ADD CONSTRAINT f FOREIGN KEY (y) REFERENCES a(x)",
            'the mainline drops column "a.x", which the branch uses',
        ),
        (
            "ALTER TABLE b ADD CONSTRAINT f FOREIGN KEY (y) REFERENCES a(x)",
            "ALTER TABLE a DROP COLUMN x",
            'the branch drops column "x" of table "a", which the mainline changes or uses',
        ),
        (
            "CREATE FUNCTION f() AS $$ SELECT x FROM a $$",
            "ALTER TABLE a DROP COLUMN x",
            'the branch drops column "x" of table "a", which the mainline changes or uses',
        ),
        (
            "ALTER TABLE a ADD y int",
            RECREATE,
            'the branch drops and recreates table "a", which the mainline changes or uses',
        ),
        (RECREATE, RECREATE, 'the branch drops and recreates table "a", which the mainline changes or uses'),
        (
            "DROP TABLE a; CREATE TABLE a (id int)",
            "ALTER TABLE a DROP COLUMN x",
            'the mainline drops and recreates table "a", which the branch changes',
        ),
        (
            "DROP TABLE a; CREATE TABLE a (id int)",
            "UPDATE a SET x = 1",
            'the mainline drops and recreates table "a", which the branch uses',
        ),
        (
            "DROP TYPE t; CREATE TYPE t AS ENUM('a')",
            "ALTER TYPE t ADD VALUE 'b'",
            'the mainline drops and recreates type "t", which the branch changes',
        ),
        (RECREATE, "DROP TABLE a", 'the branch drops table "a", which the mainline changes or uses'),
        (
            "ALTER INDEX i RENAME TO j",
            "DROP INDEX j",
            'the branch drops index "j", which the mainline changes or uses',
        ),
        (
            'DROP TABLE "a\x1b[2J"',
            'ALTER TABLE "a\x1b[2J" ADD x int',
            'the mainline drops table "a\\x1b[2j", which the branch changes',
        ),
    ],
)
def test_hazard(mainline: str, own: str, reason: str) -> None:
    assert _hazards(mainline, own)[:1] == [reason]


@pytest.mark.parametrize("dialect", ["mysql", "singlestore"])
def test_an_index_of_mysql_belongs_to_its_table(dialect: str) -> None:
    assert _hazards("CREATE INDEX i ON a (x)", "CREATE INDEX i ON b (x)", dialect) == []
    assert _hazards("DROP INDEX i ON a", "DROP INDEX i ON b", dialect) == []
    assert _hazards("CREATE INDEX i ON a (x)", "ALTER TABLE a ADD INDEX i (y)", dialect) == [
        'both create index "i" of table "a"'
    ]


def test_tags() -> None:
    mainline = [Script("m1", "CREATE TABLE b (id int)"), Script("m2", "CREATE TABLE a (id int)")]
    own = [Script("o1", "CREATE TABLE c (id int)"), Script("o2", "CREATE TABLE a (id int)")]
    hazard = next(find_hazards(mainline, own))
    assert (hazard.own, hazard.other) == ("o2", "m2")


@pytest.mark.parametrize(
    ("deleted", "others", "keeps", "reason"),
    [
        ("CREATE TABLE a (id int)", "INSERT INTO a VALUES (1)", "", ['creates table "a", which the branch uses']),
        ("CREATE TABLE a (id int)", "CREATE INDEX i ON a (id)", "", ['creates table "a", which the branch uses']),
        ("ALTER TABLE a ADD x int", "UPDATE a SET x = 1", "", ['creates column "a.x", which the branch uses']),
        ("DROP TABLE a", "CREATE TABLE a (id int)", "", ['drops table "a", which the branch creates again']),
        ("DROP INDEX i", "CREATE INDEX i ON a (x)", "", ['drops index "i", which the branch creates again']),
        ("DROP TABLE a", "CREATE TABLE IF NOT EXISTS a (id int)", "", []),
        ("DROP TABLE a", "CREATE TABLE a (id int)", "DROP TABLE a", []),
        ("DROP TABLE a", "DROP TABLE a; CREATE TABLE a (id int)", "", []),
        ("ALTER TABLE a ADD x int", "UPDATE a SET y = 1", "", []),
        ("CREATE TABLE a (id int)", "CREATE TABLE a (id int); INSERT INTO a VALUES (1)", "", []),
        ("CREATE TABLE a (id int)", "INSERT INTO a VALUES (1)", "CREATE TABLE a (id int)", []),
        ("DROP TABLE a", "INSERT INTO a VALUES (1)", "", []),
        # the other side has a table of that name, made apart
        (
            "CREATE TABLE a (id int, x int)",
            "ALTER TABLE a DROP COLUMN x",
            "CREATE TABLE a (id int)",
            ['creates column "a.x", which the branch uses'],
        ),
        ("CREATE TABLE a (id int, x int)", "ALTER TABLE a DROP COLUMN x", "CREATE TABLE a (x text)", []),
        ("CREATE TABLE a (id int, x int)", "UPDATE a SET id = 1", "CREATE TABLE a (id int)", []),
        ("CREATE TABLE a (x int)", "ALTER TABLE a ADD x int; UPDATE a SET x = 1", "CREATE TABLE a (id int)", []),
        ("CREATE TABLE a (x int); ALTER TABLE a DROP COLUMN x", "UPDATE a SET x = 1", "CREATE TABLE a (id int)", []),
        ("UPDATE a SET x = 1", "INSERT INTO a VALUES (1)", "", []),
    ],
)
def test_undone(deleted: str, others: str, keeps: str, reason: list[str]) -> None:
    found = find_undone([Script("gone", deleted)], [Script("user", others)], [Script("kept", keeps)], "the branch")
    assert [(h.own, h.other, h.reason) for h in found] == [("user", "gone", text) for text in reason]
