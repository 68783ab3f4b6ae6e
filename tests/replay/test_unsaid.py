"""What statements name, read or need without saying so plainly: each pair, in both orders."""

from __future__ import annotations

import pytest

from support.sql_pairs import hazards_between

PG, MY = "postgresql", "mysql"
BASE = {
    PG: """
        CREATE TYPE mood AS ENUM('new', 'old'); CREATE SCHEMA barn; CREATE SEQUENCE ticks; CREATE ROLE keeper;
        CREATE TABLE goats (id serial PRIMARY KEY, name text UNIQUE, city text, age integer, m mood);
        CREATE TABLE logs (id serial PRIMARY KEY, what text, n integer); CREATE INDEX goats_city ON goats (city);
        CREATE MATERIALIZED VIEW herd AS SELECT id, name FROM goats; CREATE UNIQUE INDEX herd_id ON herd (id);
        CREATE VIEW names AS SELECT id, name FROM goats;
        CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'select 1';
        CREATE TABLE years (id int, k text) PARTITION BY LIST (k);
        CREATE TABLE y1 PARTITION OF years FOR VALUES IN ('a'); CREATE TABLE y2 PARTITION OF years FOR VALUES IN ('b');
    """,
    MY: """
        CREATE TABLE goats (id int AUTO_INCREMENT PRIMARY KEY, name varchar(50), age int);
        CREATE TABLE logs (id int, what text); CREATE PROCEDURE grow() UPDATE goats SET age = 1;
        CREATE TABLE years (id int, y int) PARTITION BY RANGE (y) (PARTITION p0 VALUES LESS THAN (10));
    """,
}
BLUE = "ALTER TYPE mood RENAME VALUE 'old' TO 'blue'"
GIVEN = "ALTER TABLE goats ALTER city SET DEFAULT 'a'"
COUNTED = "GENERATED ALWAYS AS IDENTITY"
BODY = "RETURNS void LANGUAGE plpgsql AS"

REFUSED = [
    # roles
    (PG, "DROP ROLE keeper", "CREATE SCHEMA q AUTHORIZATION keeper"),
    (PG, "DROP ROLE keeper", "ALTER SCHEMA barn OWNER TO keeper"),
    (PG, "DROP ROLE keeper", "ALTER VIEW names OWNER TO keeper"),
    (PG, "DROP ROLE keeper", "CREATE ROLE lad IN ROLE keeper"),
    # functions, and what a body runs later
    (PG, "DROP FUNCTION f(int)", "CREATE AGGREGATE a(int) (sfunc = f, stype = int)"),
    (
        PG,
        "ALTER TABLE goats DROP COLUMN city",
        f"CREATE FUNCTION q() {BODY} $$ BEGIN EXECUTE 'update goats set city = 1'; END $$",
    ),
    (
        PG,
        "DROP INDEX herd_id",
        f"CREATE FUNCTION q() {BODY} $$ BEGIN REFRESH MATERIALIZED VIEW CONCURRENTLY herd; END $$",
    ),
    (
        PG,
        "ALTER TABLE goats ALTER city SET NOT NULL",
        "CREATE RULE r AS ON INSERT TO logs DO ALSO INSERT INTO goats(name) VALUES ('x')",
    ),
    (MY, "UPDATE goats SET age = 2", "CALL grow"),
    # values of an enum
    (PG, BLUE, "CREATE DOMAIN d AS mood CHECK (VALUE <> 'old')"),
    (PG, BLUE, "CREATE TABLE q (m mood) PARTITION BY LIST (m); CREATE TABLE q1 PARTITION OF q FOR VALUES IN ('old')"),
    (PG, BLUE, "MERGE INTO goats g USING logs l ON l.n = g.id WHEN MATCHED THEN UPDATE SET m = 'old'"),
    (PG, "DELETE FROM pg_enum WHERE enumlabel = 'old'", "INSERT INTO goats(m) VALUES ('old')"),
    # names of sequences, of copied keys, in another schema
    (PG, "CREATE TABLE q (LIKE goats INCLUDING ALL)", "CREATE INDEX q_pkey ON logs (what)"),
    (PG, "CREATE TABLE q (LIKE goats INCLUDING INDEXES)", "CREATE TABLE q_name_key (id int)"),
    (PG, f"ALTER TABLE logs ALTER n ADD {COUNTED}", "CREATE TABLE logs_n_seq (id int)"),
    (PG, f"ALTER TABLE logs ALTER n ADD {COUNTED} (SEQUENCE NAME q START 1)", "CREATE TABLE q (id int)"),
    (PG, f"CREATE TABLE t (id int {COUNTED} (SEQUENCE NAME q))", "CREATE VIEW q AS SELECT 1 AS x"),
    (PG, "ALTER VIEW names SET SCHEMA barn", "CREATE TABLE barn.names (id int)"),
    (PG, "ALTER SEQUENCE ticks SET SCHEMA barn", "CREATE TABLE barn.ticks (id int)"),
    (PG, "ALTER MATERIALIZED VIEW herd SET SCHEMA barn", "CREATE TABLE barn.herd_id (id int)"),
    # one setting
    (PG, "ALTER TABLE goats SET UNLOGGED", "ALTER TABLE goats SET LOGGED"),
    (PG, "ALTER TABLE goats ALTER name DROP NOT NULL", "ALTER TABLE goats REPLICA IDENTITY USING INDEX goats_name_key"),
    # rows
    (PG, "INSERT INTO goats(name) VALUES ('x')", "CREATE TABLE q AS EXECUTE all_goats"),
    (PG, "INSERT INTO goats(name) VALUES ('x')", "SELECT setval(pg_get_serial_sequence('goats', 'id'), 50)"),
    (PG, GIVEN, "UPDATE goats SET city = DEFAULT"),
    (PG, GIVEN, "INSERT INTO goats(name, city) VALUES ('x', DEFAULT)"),
    (PG, "ALTER TABLE y1 NO INHERIT years", "UPDATE years SET id = 1"),
    (PG, "DROP TABLE y1", "INSERT INTO logs(what) SELECT k FROM years"),
    (PG, "ALTER TABLE years DETACH PARTITION y1", "INSERT INTO logs(what) SELECT k FROM years"),
    (MY, "ALTER TABLE years DROP PARTITION p0", "SELECT * FROM years PARTITION (p0)"),
    (MY, "ALTER TABLE years DROP PARTITION p0", "DELETE FROM years PARTITION (p0)"),
    (MY, "ALTER TABLE years DROP PARTITION p0", "INSERT INTO logs(id) SELECT y FROM years"),
]
PASSES = [
    (PG, "DROP ROLE keeper", "ALTER SCHEMA barn OWNER TO CURRENT_USER"),
    (PG, BLUE, "CREATE DOMAIN d AS mood CHECK (VALUE <> 'new')"),
    (PG, GIVEN, "UPDATE goats SET name = DEFAULT"),
    (PG, "CREATE TABLE q (LIKE goats INCLUDING DEFAULTS)", "CREATE INDEX q_pkey ON logs (what)"),
    (PG, "ALTER VIEW names SET SCHEMA barn", "CREATE TABLE barn.name (id int)"),
    (PG, "DROP TABLE y1", "DROP TABLE y2"),
    (PG, "SELECT setval(pg_get_serial_sequence('goats', 'id'), 50)", "INSERT INTO logs(what) VALUES ('x')"),
    (MY, "SELECT id, row_number() OVER (PARTITION BY age) FROM goats", "ALTER TABLE goats ADD x int"),
]  # fmt: skip


def _found(dialect: str, main: str, own: str) -> list[str]:
    return hazards_between(BASE[dialect], dialect, main, own)


@pytest.mark.parametrize(("dialect", "one", "other"), REFUSED)
def test_refused(dialect: str, one: str, other: str) -> None:
    assert _found(dialect, one, other) and _found(dialect, other, one)


@pytest.mark.parametrize(("dialect", "one", "other"), PASSES)
def test_passes(dialect: str, one: str, other: str) -> None:
    assert _found(dialect, one, other) == [] == _found(dialect, other, one)
