"""What is kept and runs later, and what is needed in ways that are easily overlooked: each pair, in both orders."""

from __future__ import annotations

import pytest

from support.sql_pairs import hazards_between

PG, MY, LITE = "postgresql", "mysql", "sqlite"
BASE = {
    PG: """
        CREATE TABLE "goats" ("id" serial PRIMARY KEY, "name" text, "age" integer, "born" date);
        CREATE UNIQUE INDEX "goats_name_uq" ON "goats" ("name");
        CREATE TABLE "logs" ("id" integer, "what" text); CREATE EXTENSION pgcrypto;
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
          AS $$ BEGIN INSERT INTO logs(what) VALUES (NEW.name); RETURN NEW; END $$;
        CREATE TABLE "years" ("id" int, "d" date) PARTITION BY RANGE ("d");
        CREATE TABLE y24 (id int, d date); CREATE TYPE k AS ENUM('a'); CREATE ROLE keeper;
        ALTER TABLE goats ADD COLUMN loud text GENERATED ALWAYS AS (upper(name)) STORED;
        CREATE VIEW grown AS SELECT name AS n FROM goats; CREATE VIEW elders AS SELECT n FROM grown;
        CREATE TABLE y23 PARTITION OF years FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
    """,
    MY: """
        CREATE TABLE `goats` (`id` int AUTO_INCREMENT NOT NULL, `name` varchar(50), `age` int,
          CONSTRAINT `goats_id` PRIMARY KEY(`id`)); CREATE TABLE `logs` (`id` int, `what` text);
        CREATE INDEX `goats_age_idx` ON `goats` (`age`);
    """,
    LITE: """
        CREATE TABLE `goats` (`id` integer PRIMARY KEY, `name` text, `age` integer);
        CREATE INDEX `goats_age_idx` ON `goats` (`age`); CREATE UNIQUE INDEX `goats_name_uq` ON `goats` (`name`);
        CREATE TABLE `logs` (`id` integer, `what` text);
    """,
}
NOTED = "CREATE TRIGGER t AFTER INSERT ON goats FOR EACH ROW EXECUTE FUNCTION note()"
ONCE = "INSERT INTO goats(name) VALUES ('a') ON CONFLICT(name) DO NOTHING"
ONE = "RETURNS int DETERMINISTIC RETURN 1"
Y24 = "FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"
CAUGHT = "AS ENUM('a'); EXCEPTION WHEN duplicate_object THEN null; END"

REFUSED = [
    # a trigger that fails when it runs
    (PG, "ALTER TABLE goats RENAME COLUMN name TO title", NOTED),
    (PG, "DROP TABLE logs", NOTED),
    (LITE, "DROP INDEX goats_name_uq", f"CREATE TRIGGER t AFTER INSERT ON logs BEGIN {ONCE}; END"),
    (
        MY,
        "ALTER TABLE goats MODIFY age int NOT NULL",
        "CREATE TRIGGER t AFTER INSERT ON logs FOR EACH ROW INSERT INTO goats(name) VALUES ('a')",
    ),
    (
        MY,
        "ALTER TABLE goats ADD kind int NOT NULL",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO INSERT INTO goats(name) VALUES ('a')",
    ),
    (
        PG,
        "ALTER TABLE goats ALTER COLUMN age SET DATA TYPE text",
        "CREATE FUNCTION g(one goats) RETURNS int LANGUAGE sql AS 'SELECT one.age'",
    ),
    # a key that a view groups by, an index that a query is told to take
    (
        PG,
        "ALTER TABLE goats DROP CONSTRAINT goats_pkey",
        "CREATE VIEW v AS SELECT id, name, age FROM goats GROUP BY id",
    ),
    (MY, "DROP INDEX goats_age_idx ON goats", "CREATE VIEW v AS SELECT id FROM goats FORCE INDEX (goats_age_idx)"),
    (MY, "DROP INDEX goats_age_idx ON goats", "SELECT id FROM goats USE KEY FOR JOIN (`goats_age_idx`)"),
    (LITE, "DROP INDEX goats_age_idx", "CREATE VIEW v AS SELECT id FROM goats INDEXED BY goats_age_idx"),
    (LITE, "DROP INDEX goats_age_idx", "UPDATE goats INDEXED BY goats_age_idx SET name = 'a' WHERE age = 1"),
    # functions that an extension brings along
    (PG, "DROP EXTENSION pgcrypto", "UPDATE logs SET what = crypt(what, gen_salt('bf'))"),
    (PG, "DROP EXTENSION pgcrypto CASCADE", "ALTER TABLE logs ADD h bytea DEFAULT digest('a', 'sha1')"),
    (PG, "DROP TABLE goats", "ALTER EXTENSION pgcrypto ADD TABLE goats"),
    # tables and indexes that come along with others
    (LITE, "CREATE VIRTUAL TABLE words USING fts5(body)", "CREATE TABLE words_data (id integer)"),
    (LITE, "DROP TABLE logs", "CREATE VIRTUAL TABLE words USING fts5(what, content='logs')"),
    (PG, "CREATE TABLE a (id int, EXCLUDE USING gist (id WITH =))", "CREATE TABLE a_id_excl (x int)"),
    (MY, "ALTER TABLE logs ADD k int AUTO_INCREMENT, ADD KEY (k)", "ALTER TABLE logs ADD j int AUTO_INCREMENT UNIQUE"),
    # a partition that rows need
    (PG, "DROP TABLE y23", "INSERT INTO years(id, d) VALUES (1, '2023-03-03')"),
    # which number comes next
    (PG, "SELECT setval('goats_id_seq', 100)", "INSERT INTO goats(name) VALUES ('a')"),
    (PG, "ALTER SEQUENCE goats_id_seq RESTART WITH 5", "INSERT INTO goats(name) VALUES ('a')"),
    (MY, "ALTER TABLE goats AUTO_INCREMENT = 500", "INSERT INTO goats(name) VALUES ('a')"),
    # uses that are easily overlooked
    (LITE, "DROP TABLE logs", "INSERT INTO 'logs' (what) VALUES ('a')"),
    (MY, "DROP TABLE logs", "SET @n = (SELECT count(*) FROM logs)"),
    (PG, "ALTER TABLE goats DROP COLUMN age", "GRANT SELECT (age), UPDATE (name) ON goats TO keeper"),
    (PG, "ALTER TABLE goats DROP COLUMN age", "ANALYZE goats (name, age)"),
    (PG, 'CREATE TABLE U&"d\\0061t" (id int)', "CREATE TABLE dat (id int)"),
    (PG, "COMMENT ON COLUMN goats.age IS 'a'", "COMMENT ON COLUMN public.goats.age IS 'b'"),
    (PG, "COMMENT ON INDEX goats_name_uq IS 'a'", "COMMENT ON INDEX public.goats_name_uq IS 'b'"),
    (PG, "CREATE SERVER there FOREIGN DATA WRAPPER w", "CREATE FOREIGN TABLE far (id int) SERVER there"),
    (PG, "DROP ROLE keeper", "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO keeper"),
    (PG, "DROP ROLE keeper", "ALTER DEFAULT PRIVILEGES FOR ROLE keeper REVOKE SELECT ON TABLES FROM PUBLIC"),
    (PG, "DROP PROCEDURAL LANGUAGE plpgsql", "CREATE FUNCTION g() RETURNS int LANGUAGE 'plpgsql' AS 'BEGIN END'"),
    (PG, "DROP EXTENSION plv8", "CREATE FUNCTION g() RETURNS int AS 'return 1' LANGUAGE plv8"),
    (PG, "ALTER TABLE goats DROP CONSTRAINT farm", "SET CONSTRAINTS goat, farm DEFERRED"),
    (MY, "DROP SEQUENCE s", "ALTER TABLE goats ALTER age SET DEFAULT (NEXT VALUE FOR s)"),
    (MY, "DROP SEQUENCE s", "UPDATE goats SET age = nextval(s)"),
    # what comes along with a foreign key
    (MY, "ALTER TABLE goats ADD CONSTRAINT f FOREIGN KEY (age) REFERENCES logs(id)", "CREATE INDEX f ON goats (name)"),
    (MY, "ALTER TABLE goats ADD FOREIGN KEY (age) REFERENCES logs(id)", "ALTER TABLE goats ADD INDEX age (name)"),
    # one name, whatever the arguments
    (MY, f"CREATE FUNCTION f(a int) {ONE}", f"CREATE FUNCTION f(a text, b int) {ONE}"),
    (MY, f"CREATE FUNCTION f(a int) {ONE}", "DROP FUNCTION f"),
    # rows that are read by way of others
    (PG, "UPDATE goats SET name = 'x'", "INSERT INTO logs(what) SELECT n FROM elders"),
    (PG, "UPDATE goats SET name = 'x'", "INSERT INTO logs(what) SELECT loud FROM goats"),
    (PG, "UPDATE goats SET name = 'x'", "CREATE UNIQUE INDEX u ON goats (loud)"),
    (PG, "UPDATE goats SET name = 'x'", "UPDATE elders SET n = 'y'"),
    # partitions
    (PG, "INSERT INTO y24 VALUES (1, '1999-01-01')", f"ALTER TABLE years ATTACH PARTITION y24 {Y24}"),
    (PG, "DROP INDEX y24_i", "ALTER INDEX years_i ATTACH PARTITION y24_i"),
]
PASSES = [
    (PG, "ALTER TABLE goats DROP COLUMN born", NOTED),
    (LITE, "DROP INDEX goats_age_idx", f"CREATE TRIGGER t AFTER INSERT ON logs BEGIN {ONCE}; END"),
    (
        MY,
        "ALTER TABLE goats ADD kind int",
        "CREATE TRIGGER t AFTER INSERT ON logs FOR EACH ROW INSERT INTO goats(name) VALUES ('a')",
    ),
    (PG, "ALTER TABLE goats DROP COLUMN age", "CREATE VIEW v AS SELECT name, count(*) AS n FROM goats GROUP BY name"),
    (PG, "CREATE EXTENSION IF NOT EXISTS vector", "UPDATE logs SET what = crypt(what, gen_salt('bf'))"),
    (LITE, "CREATE VIRTUAL TABLE words USING fts5(body)", "CREATE TABLE words_of (id integer)"),
    (PG, "SELECT setval('goats_id_seq', 100)", "INSERT INTO logs(what) VALUES ('a')"),
    (PG, "ALTER TABLE goats DROP COLUMN age", "GRANT SELECT (name) ON goats TO keeper"),
    (MY, "ALTER TABLE logs ADD k int AUTO_INCREMENT, ADD KEY (k)", "ALTER TABLE logs ADD j int"),
    (PG, "ALTER TABLE goats ADD a int NOT NULL", "ALTER TABLE goats ADD b int NOT NULL"),
    (PG, "COMMENT ON COLUMN goats.age IS 'a'", "COMMENT ON COLUMN public.goats.name IS 'b'"),
    (PG, "CREATE EXTENSION IF NOT EXISTS plpgsql", "CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS 'BEGIN END'"),
    (PG, "ALTER TABLE goats DROP CONSTRAINT farm", "SET CONSTRAINTS goat IMMEDIATE"),
    (PG, "DROP ROLE keeper", "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC"),
    (PG, "UPDATE goats SET age = 1", "INSERT INTO logs(what) SELECT loud FROM goats"),
    (PG, "UPDATE goats SET age = 1", "INSERT INTO logs(what) SELECT n FROM elders"),
    (
        PG,
        f"ALTER TABLE years ATTACH PARTITION y24 {Y24}",
        "CREATE TABLE y25 (LIKE years);"
        "ALTER TABLE years ATTACH PARTITION y25 FOR VALUES FROM ('2025-01-01') TO (MAXVALUE)",
    ),
    # the very same, spelled differently
    (PG, f"DO $$ BEGIN CREATE TYPE k {CAUGHT} $$", f'DO $x$BEGIN CREATE TYPE "public"."k" {CAUGHT}$x$;'),
    (PG, "ALTER TYPE k ADD VALUE IF NOT EXISTS 'b'", 'ALTER TYPE "public"."k" ADD VALUE IF NOT EXISTS \'b\''),
    (
        PG,
        "ALTER TABLE goats DROP COLUMN age",
        "/* age: /* of goats */ DROP TABLE goats; */ ALTER TABLE logs ADD age int",
    ),
    (MY, f"CREATE FUNCTION f(a int) {ONE}", "CREATE PROCEDURE f() SELECT 1"),
    (
        MY,
        "ALTER TABLE goats ADD a int, ALGORITHM=INPLACE, LOCK=NONE",
        "ALTER TABLE goats ADD INDEX i (name), ALGORITHM INPLACE, LOCK NONE",
    ),
]


def _found(dialect: str, main: str, own: str) -> list[str]:
    return hazards_between(BASE[dialect], dialect, main, own)


@pytest.mark.parametrize(("dialect", "one", "other"), REFUSED)
def test_refused(dialect: str, one: str, other: str) -> None:
    assert _found(dialect, one, other) and _found(dialect, other, one)


@pytest.mark.parametrize(("dialect", "one", "other"), PASSES)
def test_passes(dialect: str, one: str, other: str) -> None:
    assert _found(dialect, one, other) == [] == _found(dialect, other, one)
