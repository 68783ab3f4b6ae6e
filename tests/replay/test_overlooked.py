"""Uses and names that are easily overlooked, by dialect: what may not pass each other, and what looks like it only."""

from __future__ import annotations

import pytest

from drizzle_guard.replay.ground import known_before
from drizzle_guard.replay.hazards import Script, find_hazards
from drizzle_guard.replay.same_sql import is_touched, made_by, read_as_touched
from support.sql_pairs import hazards_between

PG, MY, LITE = "postgresql", "mysql", "sqlite"
BASE = {
    PG: """
        CREATE TABLE goats (id serial PRIMARY KEY, name text, age integer); CREATE TABLE logs (id int, what text);
        CREATE TYPE place AS (street text, town text); CREATE TABLE barns (id int PRIMARY KEY, at place, s text);
        CREATE TABLE years (id int NOT NULL, y int NOT NULL) PARTITION BY RANGE (y);
        CREATE FUNCTION fine(a int) RETURNS boolean LANGUAGE sql AS 'select true';
        ALTER TABLE goats ADD CONSTRAINT fine CHECK (fine(age));
        CREATE INDEX by_name ON goats (name); ALTER TABLE goats ADD CONSTRAINT one_name UNIQUE (name);
        CREATE VIEW names AS SELECT name FROM goats; CREATE COLLATION plain (locale = 'C');
        CREATE TABLE kids (id int, goat int);
        ALTER TABLE kids ADD CONSTRAINT kids_goat_fk FOREIGN KEY (goat) REFERENCES goats (id);
        CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
        CREATE TRIGGER stamped BEFORE UPDATE ON goats FOR EACH ROW EXECUTE FUNCTION stamp();
        CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
    """,
    MY: """
        CREATE TABLE goats (id int PRIMARY KEY, name varchar(9), age int, KEY by_name (name));
        CREATE TABLE logs (id int, what text); CREATE SEQUENCE s;
    """,
    LITE: "CREATE TABLE goats (id integer PRIMARY KEY, name text, age int); CREATE TABLE logs (id integer);",
}
F = "CREATE FUNCTION f({}) RETURNS int LANGUAGE sql AS 'select 1'"
BODY = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ {} $$"
REFUSED = [
    # one routine, spelled in two ways
    *[
        (PG, F.format(one), F.format(other))
        for one, other in [
            ("a varchar(10)", "character varying"),
            ("a int[]", "integer ARRAY"),
            ("a text[3]", "b text[]"),
            ("float", "double precision"),
            ("a float(10)", "real"),
            ("timestamp(3)", "a timestamp without time zone"),
            ("a pg_catalog.int4", "int"),
            ("a int, OUT b int", "INOUT integer"),
            ("a numeric(9, 2) DEFAULT 1", "decimal"),
            ('a "public"."mood"', "mood"),
        ]
    ],
    (PG, F.format("int"), "CREATE PROCEDURE f(int4) LANGUAGE sql AS 'select 1'"),
    (MY, "CREATE PROCEDURE f(a int) SELECT 1", "CREATE PROCEDURE F(a text) SELECT 2"),
    # types of rows and columns
    (PG, "ALTER TABLE goats DROP COLUMN name", F.format("x goats.name%TYPE")),
    (PG, "DROP TABLE logs", "CREATE FUNCTION f() RETURNS SETOF public.logs LANGUAGE sql AS 'select 1, null'"),
    (PG, "DROP TABLE logs", "CREATE FUNCTION f() RETURNS TABLE (a int, b logs) LANGUAGE sql AS 'select 1, null'"),
    (PG, "DROP TABLE logs", BODY.format("DECLARE a int := 1; b CONSTANT logs%ROWTYPE; BEGIN RETURN 1; END")),
    (PG, "DROP TABLE logs", BODY.format("DECLARE b public.logs; BEGIN RETURN 1; END")),
    (PG, "DROP TABLE logs", "DO $$ DECLARE n int; l logs; BEGIN PERFORM 1; END $$"),
    (PG, "CREATE TABLE homes OF place", "ALTER TYPE place ADD ATTRIBUTE zip text"),
    (PG, "ALTER TYPE place RENAME ATTRIBUTE street TO road", "UPDATE barns SET s = (at).street"),
    (PG, "ALTER TABLE goats DROP COLUMN name", BODY.format("DECLARE g goats; BEGIN RETURN g.name; END")),
    # keys and counters
    (PG, "ALTER TABLE goats ALTER id TYPE uuid USING gen_random_uuid()", "CREATE TABLE k (g int REFERENCES goats)"),
    (
        PG,
        "CREATE TABLE years_1 PARTITION OF years (PRIMARY KEY (id)) FOR VALUES FROM (1) TO (2)",
        "ALTER TABLE years ADD PRIMARY KEY (id, y)",
    ),
    (MY, "ALTER TABLE goats ADD a int AUTO_INCREMENT UNIQUE", "ALTER TABLE goats ADD COLUMN b SERIAL"),
    (MY, "ALTER TABLE goats ADD a SERIAL", "ALTER TABLE goats ADD b bigint SERIAL DEFAULT VALUE"),
    (MY, "ALTER TABLE logs ADD k int KEY", "ALTER TABLE logs ADD PRIMARY KEY (id)"),
    # what goes along
    (PG, "ALTER TABLE goats DROP COLUMN name", "DROP INDEX by_name"),
    (PG, "ALTER TABLE goats DROP COLUMN name", "ALTER TABLE goats DROP CONSTRAINT one_name"),
    (PG, "ALTER TABLE goats DROP COLUMN name CASCADE", "DROP VIEW names"),
    (PG, "DROP TABLE goats CASCADE", "ALTER TABLE kids DROP CONSTRAINT kids_goat_fk"),
    (PG, "ALTER TABLE goats DROP COLUMN id CASCADE", "ALTER TABLE kids DROP CONSTRAINT kids_goat_fk"),
    (PG, "ALTER TABLE goats DROP CONSTRAINT goats_pkey CASCADE", "ALTER TABLE kids DROP CONSTRAINT kids_goat_fk"),
    (PG, "DROP TYPE place CASCADE", "UPDATE barns SET at = NULL"),
    (PG, "DROP FUNCTION stamp CASCADE", "DROP TRIGGER stamped ON goats"),
    (MY, "ALTER TABLE goats DROP COLUMN name", "DROP INDEX by_name ON goats"),
    # uses
    (PG, "ALTER INDEX one_name RENAME TO only_name", "ALTER TABLE goats DROP CONSTRAINT one_name"),
    (PG, "ALTER COLLATION plain RENAME TO ours", "CREATE INDEX i ON goats (name COLLATE plain)"),
    (PG, "ALTER COLLATION plain RENAME TO ours", "ALTER TABLE goats ALTER name TYPE text COLLATE plain"),
    (MY, "DROP SEQUENCE s", "INSERT INTO goats (id) VALUES (NEXT VALUE FOR s)"),
    (PG, "CREATE OR REPLACE FUNCTION fine(a int) RETURNS boolean LANGUAGE sql AS 'select a > 1'",
     "INSERT INTO goats (age) VALUES (1)"),
    (PG, "DROP AGGREGATE total(int); CREATE AGGREGATE total(bigint) (SFUNC = int8pl, STYPE = bigint)",
     "CREATE VIEW v AS SELECT total(age) AS t FROM goats"),
    (PG, "UPDATE goats SET age = 0", "CREATE INDEX i ON goats ((1 / age))"),
    (PG, "DROP FUNCTION fine(int)", "CREATE AGGREGATE a(int) (SFUNC = fine, STYPE = int)"),
    (MY, "ALTER TABLE goats DROP COLUMN name", "ALTER TABLE goats ADD INDEX i ((lower(name)))"),
    (MY, "DROP TABLE logs", "ALTER TABLE goats EXCHANGE PARTITION p WITH TABLE logs"),
    (MY, "DROP TABLE logs", "INSERT INTO goats (id) SELECT l.id FROM goats STRAIGHT_JOIN logs l"),
    (MY, "ALTER TABLE goats DROP COLUMN name", "ALTER TABLE goats ADD (x int, INDEX i (x, name))"),
    (LITE, "DROP TABLE logs", "DELETE FROM goats WHERE id IN logs"),
    (LITE, "DROP TABLE logs", "UPDATE goats SET age = (SELECT count(*) FROM 'logs')"),
    (LITE, "DROP TABLE logs", "CREATE VIEW v AS SELECT name FROM goats WHERE id NOT IN main.logs AND age > 1"),
]  # fmt: skip
PASSES = [
    (PG, F.format("a int"), F.format("a text")),
    (PG, F.format("a varchar(10), OUT x int"), F.format("character varying, b int DEFAULT 1")),
    (PG, F.format("a s.mood"), F.format("a mood")),
    (PG, F.format("a double precision"), F.format("a real")),
    (PG, "DROP TABLE logs", BODY.format("DECLARE logs int := 1; BEGIN RETURN logs; END")),
    (PG, "DROP TABLE logs", "CREATE FUNCTION f() RETURNS TABLE (logs int) LANGUAGE sql AS 'select 1'"),
    (PG, "ALTER TYPE place RENAME ATTRIBUTE street TO road", "UPDATE barns SET s = 'x'"),
    (
        PG,
        "CREATE TABLE years_1 PARTITION OF years (PRIMARY KEY (id)) FOR VALUES FROM (1) TO (2)",
        "CREATE TABLE years_2 PARTITION OF years (PRIMARY KEY (id)) FOR VALUES FROM (2) TO (3)",
    ),
    (MY, "CREATE PROCEDURE f() SELECT 1", "CREATE FUNCTION f() RETURNS int RETURN 1"),
    (MY, "ALTER TABLE goats ADD (x int, INDEX i (x))", "ALTER TABLE goats ADD (y int, INDEX j (y, name))"),
    (LITE, "DROP TABLE logs", "DELETE FROM goats WHERE id IN (1, 2)"),
    (PG, "ALTER TABLE goats DROP COLUMN age", "DROP INDEX by_name"),
    (PG, "DROP TABLE logs CASCADE", "ALTER TABLE kids DROP CONSTRAINT kids_goat_fk"),
    (PG, "CREATE STATISTICS ON name, age FROM goats", "CREATE STATISTICS ON id, what FROM logs"),
    (PG, "UPDATE goats SET name = 'x'", "CREATE INDEX i ON goats (lower(name), (age + 1))"),
    (MY, "ALTER TABLE logs ADD k int UNIQUE KEY", "ALTER TABLE logs ADD PRIMARY KEY (id)"),
]


def _find(dialect: str, main: str, own: str) -> list[str]:
    return hazards_between(BASE[dialect], dialect, main, own)


@pytest.mark.parametrize(("dialect", "one", "other"), REFUSED)
def test_refused_in_both_orders(dialect: str, one: str, other: str) -> None:
    assert _find(dialect, one, other) and _find(dialect, other, one)


@pytest.mark.parametrize(("dialect", "one", "other"), PASSES)
def test_passes_in_both_orders(dialect: str, one: str, other: str) -> None:
    assert _find(dialect, one, other) == _find(dialect, other, one) == []


def test_a_check_that_was_added_by_hand_calls_its_function() -> None:
    snapshot = (
        b'{"tables": {"public.goats": {"name": "goats", "columns": {"age": {"name": "age", "type": "integer"}}}}}'
    )
    base = [
        Script("0000", "CREATE FUNCTION fine(a int) RETURNS boolean LANGUAGE sql AS 'select true'"),
        Script("0001", "ALTER TABLE goats ADD CONSTRAINT c CHECK (fine(age))"),
    ]
    main = Script("0002", "CREATE OR REPLACE FUNCTION fine(a int) RETURNS boolean LANGUAGE sql AS 'select a > 1'")
    own = Script("0003", "INSERT INTO goats (age) VALUES (1)")
    known = known_before(lambda: base, snapshot, [main, own], PG)
    assert [h.reason for h in find_hazards([main], [own], PG, known)] == [
        'the mainline changes function "fine", and the branch uses it'
    ]


IN_A_SCHEMA = """
    CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('a'); CREATE TABLE app.farms (id int PRIMARY KEY);
    CREATE TABLE cows (id int, mood app.mood, farm int CONSTRAINT cows_farm REFERENCES app.farms (id), age int);
    CREATE VIEW farm_ids AS SELECT id FROM app.farms;
"""


@pytest.mark.parametrize(
    ("main", "own", "reason"),
    [
        ("DROP SCHEMA app CASCADE", "ALTER TABLE cows ALTER COLUMN mood SET NOT NULL", 'column "mood" of table "cows"'),
        (
            "DROP SCHEMA app CASCADE",
            "ALTER TABLE cows DROP CONSTRAINT cows_farm",
            'constraint "cows_farm" of table "cows"',
        ),
        ("DROP SCHEMA app CASCADE", "DROP VIEW farm_ids", 'view "farm_ids"'),
        (
            "DROP SCHEMA public CASCADE",
            "ALTER TABLE cows ADD COLUMN x int",
            "the schema in which all is that names none",
        ),
        ("ALTER SCHEMA public RENAME TO old", "CREATE TABLE x (id int)", "the schema in which all is that names none"),
        ("DROP EXTENSION citext CASCADE", "ALTER TABLE cows ADD COLUMN x int", 'drops extension "citext" with all'),
    ],
)
def test_what_goes_with_a_schema_or_an_extension(main: str, own: str, reason: str) -> None:
    assert reason in hazards_between(IN_A_SCHEMA, PG, main, own)[0]


@pytest.mark.parametrize("main", ["DROP SCHEMA app", "ALTER SCHEMA app DEFAULT CHARACTER SET utf8mb4"])
def test_a_schema_of_mysql_is_the_database(main: str) -> None:
    assert "the schema in which all is" in hazards_between(BASE[MY], MY, main, "ALTER TABLE goats ADD x int")[0]


def test_what_a_dropped_schema_does_not_reach() -> None:
    assert hazards_between(IN_A_SCHEMA, PG, "DROP SCHEMA app CASCADE", "ALTER TABLE cows ADD COLUMN x int") == []


@pytest.mark.parametrize("drop", ["DROP TRIGGER IF EXISTS t1", "DROP TRIGGER [t1]", "drop trigger main.`t1`"])
def test_a_trigger_that_is_dropped_without_its_table_is_undone(drop: str) -> None:
    made = made_by("CREATE TRIGGER t1 AFTER INSERT ON goats BEGIN UPDATE logs SET id = 1; END;")
    assert made is not None
    assert is_touched(made, [drop]) and not is_touched(made, ["DROP TRIGGER t2"])


@pytest.mark.parametrize(
    ("text", "other", "touched"),
    [
        ("ALTER TABLE goats ADD PRIMARY KEY (id)", "ALTER TABLE goats DROP CONSTRAINT goats_pkey", True),
        ("ALTER TABLE goats ADD UNIQUE (name)", "ALTER TABLE goats DROP CONSTRAINT goats_name_key", True),
        ("CREATE TABLE k (id int); INSERT INTO k VALUES (1)", "DELETE FROM k", True),
        ("CREATE INDEX i ON goats (age)", "ALTER TABLE i RENAME TO j", True),
        ("DROP TABLE k", "CREATE VIEW k AS SELECT 1 AS a", True),
        ("DROP INDEX i", "ALTER TABLE goats ADD CONSTRAINT i UNIQUE (age)", True),
        ("CREATE TABLE k (id int)", "DROP OWNED BY CURRENT_USER", True),
        ("CREATE TABLE k (id int)", "DROP SCHEMA public CASCADE", True),
        ("CREATE TABLE k (id int)", "SELECT wipe()", True),
        ("CREATE TABLE k (id int)", "DROP DATABASE app", True),
        ("CREATE TABLE k (id int)", "CREATE OR REPLACE TABLE k (id int)", True),
        ("CREATE TABLE k (id int)", "DROP SCHEMA app CASCADE", False),
        ("CREATE TABLE app.k (id int)", "DROP SCHEMA app CASCADE", True),
        ("CREATE TABLE k (id int)", "SELECT count(*) FROM goats", False),
        ("CREATE TABLE k (id int)", "ALTER TABLE k ADD COLUMN name text", False),
        ("CREATE TABLE k (id int)", "INSERT INTO k VALUES (1)", False),
        ("CREATE TABLE k (id int)", "CREATE INDEX k_id ON k (id)", False),
        ("ALTER TABLE goats ADD COLUMN a int", "ALTER TABLE goats ADD COLUMN b int", False),
        ("CREATE INDEX i ON goats (age)", "CREATE INDEX j ON goats (age)", False),
    ],
)
def test_what_was_made_is_touched_where_it_changes_again(text: str, other: str, touched: bool) -> None:
    made = made_by(text)
    assert made is not None
    assert (is_touched(made, [other]) or bool(read_as_touched([(text, made)], [other]))) is touched
