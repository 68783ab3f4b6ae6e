"""Names that nobody wrote, functions that rules call, rows read by position: each pair, in both orders."""

from __future__ import annotations

import pytest

from drizzle_guard.replay.ground import known_before
from drizzle_guard.replay.hazards import Script
from support.sql_pairs import hazards_between

PG, MY, LITE = "postgresql", "mysql", "sqlite"
BASE = {
    PG: """
        CREATE TYPE mood AS ENUM('ok', 'bad'); CREATE SEQUENCE tickets; CREATE SCHEMA barn;
        CREATE TABLE "goats" ("id" serial PRIMARY KEY, "name" text, "age" integer, "mood" mood);
        CREATE INDEX "goats_name_idx" ON "goats" ("name"); ALTER SEQUENCE tickets OWNED BY goats.age;
        CREATE TABLE "hens" ("id" integer, "name" text);
        CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'select 1';
        CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'select f(1)';
        CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name = 'x'; RETURN NEW; END $$;
        CREATE TRIGGER t BEFORE INSERT ON hens FOR EACH ROW EXECUTE FUNCTION noted();
        ALTER TABLE goats ADD CONSTRAINT sound CHECK (f(age) = 1);
        CREATE TEXT SEARCH CONFIGURATION farm (COPY = simple);
        CREATE TABLE years (id int) PARTITION BY LIST (id); CREATE TABLE y1 PARTITION OF years DEFAULT;
    """,
    MY: """
        CREATE TABLE `goats` (`id` int NOT NULL, `name` varchar(50), `age` int, `mood` enum('ok','bad'),
          PRIMARY KEY (`id`));
        CREATE TABLE `hens` (`id` int, `goat` int); CREATE PROCEDURE pp() UPDATE hens SET goat = 1;
    """,
    LITE: """
        CREATE TABLE `goats` (`id` integer PRIMARY KEY, `name` text, `age` integer); CREATE TABLE `hens` (`id` integer);
    """,
}
F2 = "CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'select 2'"
LESS = (
    "ALTER TABLE goats ALTER COLUMN mood SET DATA TYPE text; DROP TYPE mood; CREATE TYPE mood AS ENUM('ok');"
    "ALTER TABLE goats ALTER COLUMN mood SET DATA TYPE mood USING mood::mood"
)

REFUSED = [
    # a name that the database gave
    (PG, "ALTER TABLE goats ADD CHECK (age > 0)", "ALTER TABLE goats ADD CONSTRAINT goats_age_check CHECK (age > 1)"),
    (PG, "CREATE INDEX ON goats (age)", "CREATE TABLE goats_age_idx (id int)"),
    (PG, "CREATE INDEX ON goats (lower(name))", "CREATE INDEX goats_lower_idx ON hens (id)"),
    (PG, "CREATE INDEX ON years (id)", "CREATE INDEX y1_id_idx ON hens (id)"),
    (
        PG,
        "ALTER TABLE hens ADD FOREIGN KEY (id) REFERENCES goats(id)",
        "ALTER TABLE hens ADD CONSTRAINT hens_id_fkey CHECK (id > 0)",
    ),
    (PG, "CREATE TYPE span AS RANGE (subtype = float8)", "CREATE TYPE span_multirange AS ENUM ('a')"),
    (PG, "CREATE TYPE myrange AS RANGE (subtype = float8)", "CREATE DOMAIN mymultirange AS int"),
    (MY, "ALTER TABLE goats ADD INDEX (age)", "CREATE INDEX age ON goats (name)"),
    (MY, "ALTER TABLE goats ADD UNIQUE (age)", "ALTER TABLE goats ADD UNIQUE KEY age (name)"),
    (
        MY,
        "ALTER TABLE hens ADD FOREIGN KEY (goat) REFERENCES goats(id)",
        "ALTER TABLE hens ADD CONSTRAINT hens_ibfk_1 FOREIGN KEY (goat) REFERENCES goats(id)",
    ),
    (MY, "ALTER TABLE hens ADD CHECK (id > 0)", "ALTER TABLE hens ADD CONSTRAINT CONSTRAINT_1 CHECK (id > 1)"),
    (MY, "CREATE SEQUENCE coops", "CREATE TABLE coops (id int)"),
    # a sequence that goes, or moves, with its column or table
    (PG, "ALTER TABLE hens ADD n int DEFAULT nextval('tickets')", "ALTER TABLE goats DROP COLUMN age"),
    (PG, "ALTER TABLE hens ADD n int DEFAULT nextval('tickets')", "DROP TABLE goats CASCADE"),
    (PG, "ALTER TABLE goats SET SCHEMA barn", "CREATE TABLE barn.goats_name_idx (id int)"),
    (PG, "ALTER TABLE goats SET SCHEMA barn", "CREATE TABLE barn.goats_id_seq (id int)"),
    (PG, "ALTER SEQUENCE goats_id_seq MAXVALUE 3", "INSERT INTO goats(name) VALUES ('a')"),
    # MySQL counts with a key
    (MY, "ALTER TABLE goats DROP PRIMARY KEY", "ALTER TABLE goats MODIFY id int AUTO_INCREMENT"),
    # what runs, though nobody names it
    (PG, F2, "INSERT INTO goats(age) VALUES (3)"),
    (PG, F2, "UPDATE goats SET age = 3"),
    (PG, F2, "CREATE MATERIALIZED VIEW v AS SELECT g() n"),
    (PG, F2, "ALTER TABLE hens ALTER COLUMN id SET DEFAULT f(1); INSERT INTO hens(name) VALUES ('a')"),
    (
        PG,
        "CREATE OR REPLACE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "INSERT INTO hens(id) VALUES (1)",
    ),
    (MY, "DROP PROCEDURE pp; CREATE PROCEDURE pp() UPDATE hens SET goat = 2", "CALL pp()"),
    (PG, "DROP TEXT SEARCH CONFIGURATION farm", "CREATE INDEX i ON goats USING gin (to_tsvector('farm', name))"),
    (PG, LESS, "CREATE FUNCTION h(x mood DEFAULT 'bad') RETURNS int LANGUAGE sql AS 'select 1'"),
    # a whole row, or columns by their position
    (PG, "ALTER TABLE goats DROP COLUMN name", "CREATE VIEW v AS SELECT one FROM goats one"),
    (PG, "ALTER TABLE goats DROP COLUMN name", "CREATE VIEW v AS SELECT x.n FROM goats AS x(i, n)"),
    (PG, "ALTER TABLE goats DROP COLUMN name", "CREATE VIEW v AS SELECT jsonb_agg(goats.*) FROM goats"),
    (
        PG,
        "ALTER TABLE goats DROP COLUMN name",
        "CREATE FUNCTION h() RETURNS void LANGUAGE sql AS $$ INSERT INTO goats VALUES (1, 'a', 2, 'ok') $$",
    ),
    (
        LITE,
        "ALTER TABLE goats ADD kind int",
        "CREATE TRIGGER t AFTER INSERT ON hens BEGIN INSERT INTO goats VALUES (1, 'a', 2); END",
    ),
    # what an INSERT does where the row is there
    (
        LITE,
        "ALTER TABLE goats DROP COLUMN name",
        "INSERT INTO goats(id) VALUES (1) ON CONFLICT (id) DO UPDATE SET age = length(name)",
    ),
    (MY, "ALTER TABLE goats DROP COLUMN name", "INSERT INTO goats(id) VALUES (1) ON DUPLICATE KEY UPDATE age = name"),
    # a SELECT that fails over rows
    (PG, "INSERT INTO hens(id) VALUES (0)", "SELECT 1 / id FROM hens"),
    (PG, "INSERT INTO hens(name) VALUES ('a')", "SELECT name::int FROM hens"),
    # an enum that gets more than values
    (MY, "ALTER TABLE goats MODIFY mood enum('ok','bad','odd') NOT NULL", "INSERT INTO goats(id) VALUES (1)"),
    (MY, "ALTER TABLE goats MODIFY mood enum('ok','odd','bad')", "UPDATE goats SET mood = 'bad'"),
    (
        MY,
        "ALTER TABLE goats MODIFY mood enum('ok','bad','odd')",
        "ALTER TABLE goats MODIFY mood enum('ok','bad','sad')",
    ),
]

PASSES = [
    (PG, "CREATE INDEX ON goats (age)", "CREATE INDEX ON goats (name)"),
    (PG, "ALTER TABLE goats ADD CHECK (age > 0)", "ALTER TABLE goats ADD CHECK (id > 0)"),
    (MY, "ALTER TABLE goats ADD INDEX (age)", "ALTER TABLE goats ADD INDEX (name)"),
    (
        MY,
        "ALTER TABLE hens ADD FOREIGN KEY (goat) REFERENCES goats(id)",
        "CREATE TABLE eggs (id int, hen int, CONSTRAINT eggs_hen FOREIGN KEY (hen) REFERENCES goats(id))",
    ),
    (PG, "ALTER TABLE hens ADD n int DEFAULT nextval('tickets')", "ALTER TABLE goats DROP COLUMN name"),
    *((d, "INSERT INTO hens(id) VALUES (1)", "SELECT count(*) FROM hens") for d in (PG, MY, LITE)),
    (PG, F2, "INSERT INTO hens(id) VALUES (1)"),
    (PG, "ALTER TABLE goats ADD n int", "CREATE VIEW v AS SELECT x.q FROM (SELECT id AS q FROM goats) x"),
    (PG, "ALTER TABLE goats ADD n int", "UPDATE hens SET name = s.name FROM (SELECT id, name FROM goats) s"),
    (MY, "ALTER TABLE goats MODIFY mood enum('ok','bad','odd')", "INSERT INTO goats(mood) VALUES ('bad')"),
]


def _find(dialect: str, main: str, own: str) -> list[str]:
    return hazards_between(BASE[dialect], dialect, main, own)


@pytest.mark.parametrize(("dialect", "one", "other"), REFUSED)
def test_refused_in_both_orders(dialect: str, one: str, other: str) -> None:
    assert _find(dialect, one, other) and _find(dialect, other, one)


@pytest.mark.parametrize(("dialect", "one", "other"), PASSES)
def test_passes_in_both_orders(dialect: str, one: str, other: str) -> None:
    assert _find(dialect, one, other) == [] == _find(dialect, other, one)


def test_an_owned_sequence_is_looked_for_beside_the_snapshot() -> None:
    """A snapshot does not say whose a sequence is: the SQL is read where one is counted with."""
    lines = [Script("main", "ALTER TABLE hens ADD n int DEFAULT nextval('tickets')")]
    snapshot = (
        b'{"tables": {"public.goats": {"name": "goats", "columns": {"age": {"name": "age", "type": "integer"}}}}}'
    )
    known = known_before(lambda: [Script("base", BASE[PG])], snapshot, lines, PG)
    assert known.owned == {("", "tickets"): (("", "goats"), "age")}


def test_what_is_dropped_is_looked_for_beside_the_snapshot() -> None:
    """A hand-written index is in no snapshot; which columns it was over says what may follow its DROP."""
    snapshot = (
        b'{"tables": {"public.goats": {"name": "goats", "columns": {"age": {"name": "age", "type": "integer"}}}}}'
    )
    lines = [Script("main", "DROP INDEX goats_name_idx")]
    known = known_before(lambda: [Script("base", BASE[PG])], snapshot, lines, PG)
    assert known.indexes[(None, ".goats_name_idx")].columns == {"name"}
