"""Pairs of migrations by kind: what may pass each other and what may not, on one small schema for each database."""

from __future__ import annotations

from functools import cache

import pytest

from drizzle_guard.replay.ground import known_before
from drizzle_guard.replay.hazards import Script, find_hazards
from drizzle_guard.sql.footprint.known import Known

BASE = {
    "postgresql": """
        CREATE TYPE "mood" AS ENUM('sad', 'ok', 'glad');
        CREATE TABLE "farms" ("id" serial PRIMARY KEY NOT NULL, "name" text, "code" varchar(9) NOT NULL, "size" integer,
          "mood" "mood", CONSTRAINT "farms_code_unique" UNIQUE("code"));
        CREATE TABLE "goats" ("id" serial PRIMARY KEY NOT NULL, "name" text, "age" integer, "farm_id" integer);
        ALTER TABLE "goats" ADD CONSTRAINT "goats_farm_fk"
          FOREIGN KEY ("farm_id") REFERENCES "farms"("id") ON DELETE cascade;
        CREATE INDEX "goats_age_idx" ON "goats" USING btree ("age");
        CREATE UNIQUE INDEX "goats_name_uq" ON "goats" ("name");
        CREATE TABLE "logs" ("id" integer, "at" timestamp, "what" text);
        CREATE VIEW "herd" AS SELECT "name" FROM "goats";
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
          AS $$ BEGIN INSERT INTO logs(what) VALUES ('x'); RETURN NEW; END $$;
        CREATE TRIGGER noted AFTER UPDATE ON "farms" FOR EACH ROW EXECUTE FUNCTION note();
        CREATE SCHEMA "barn"; CREATE TABLE "barn"."hens" ("id" serial PRIMARY KEY, "name" text);
        CREATE SEQUENCE "tickets"; CREATE ROLE keeper; CREATE DOMAIN short AS varchar(5);
        CREATE TABLE "years" ("id" int, "d" date) PARTITION BY RANGE ("d");
    """,
    "mysql": """
        CREATE TABLE `farms` (`id` int AUTO_INCREMENT NOT NULL, `name` varchar(50), `code` varchar(9) NOT NULL,
          `size` int, `mood` enum('sad','ok','glad'), CONSTRAINT `farms_id` PRIMARY KEY(`id`),
          CONSTRAINT `farms_code_unique` UNIQUE(`code`));
        CREATE TABLE `goats` (`id` int AUTO_INCREMENT NOT NULL, `name` varchar(50), `age` int, `farm_id` int,
          CONSTRAINT `goats_id` PRIMARY KEY(`id`));
        ALTER TABLE `goats` ADD CONSTRAINT `goats_farm_fk`
          FOREIGN KEY (`farm_id`) REFERENCES `farms`(`id`) ON DELETE cascade;
        CREATE INDEX `goats_age_idx` ON `goats` (`age`);
        CREATE UNIQUE INDEX `goats_name_uq` ON `goats` (`name`);
        CREATE TABLE `logs` (`id` int, `at` timestamp, `what` text);
        CREATE VIEW `herd` AS SELECT `name` FROM `goats`;
        CREATE TRIGGER noted AFTER UPDATE ON `farms` FOR EACH ROW INSERT INTO logs(what) VALUES ('x');
    """,
    "sqlite": """
        CREATE TABLE `farms` (`id` integer PRIMARY KEY NOT NULL, `name` text, `code` text NOT NULL, `size` integer);
        CREATE UNIQUE INDEX `farms_code_unique` ON `farms` (`code`);
        CREATE TABLE `goats` (`id` integer PRIMARY KEY NOT NULL, `name` text, `age` integer, `farm_id` integer,
          FOREIGN KEY (`farm_id`) REFERENCES `farms`(`id`) ON UPDATE no action ON DELETE cascade);
        CREATE INDEX `goats_age_idx` ON `goats` (`age`);
        CREATE UNIQUE INDEX `goats_name_uq` ON `goats` (`name`);
        CREATE TABLE `logs` (`id` integer, `at` text, `what` text);
        CREATE VIEW `herd` AS SELECT `name` FROM `goats`;
        CREATE TRIGGER noted AFTER UPDATE ON `farms` BEGIN INSERT INTO logs(what) VALUES ('x'); END;
    """,
}
PG, MY, LITE = "postgresql", "mysql", "sqlite"
ALL3 = (PG, MY, LITE)
GOATS = (
    "PRAGMA foreign_keys=OFF;CREATE TABLE `__new_goats` (`id` integer PRIMARY KEY NOT NULL, `name` text, `age` {age}, "
    "`farm_id` integer, FOREIGN KEY (`farm_id`) REFERENCES `farms`(`id`) ON UPDATE no action ON DELETE cascade);"
    'INSERT INTO `__new_goats`("id", "name", "age", "farm_id") SELECT "id", "name", "age", "farm_id" FROM `goats`;'
    "DROP TABLE `goats`;ALTER TABLE `__new_goats` RENAME TO `goats`;PRAGMA foreign_keys=ON;"
    "CREATE INDEX `goats_age_idx` ON `goats` (`age`);CREATE UNIQUE INDEX `goats_name_uq` ON `goats` (`name`);"
)
ANEW = GOATS.format(age="integer NOT NULL")
TYPE_ANEW = (
    'ALTER TABLE "farms" ALTER COLUMN "mood" SET DATA TYPE text;DROP TYPE "public"."mood";'
    "CREATE TYPE \"public\".\"mood\" AS ENUM('ok', 'glad');"
    'ALTER TABLE "farms" ALTER COLUMN "mood" SET DATA TYPE "public"."mood" USING "mood"::"public"."mood";'
)
NEW_ENUM = "DO $$ BEGIN CREATE TYPE k AS ENUM('a'); EXCEPTION WHEN duplicate_object THEN null; END $$;"

Pair = tuple[tuple[str, ...], str, str]

REFUSED: dict[str, list[Pair]] = {
    "created twice": [
        (ALL3, "CREATE TABLE x (id int)", "CREATE TABLE x (id int, y int)"),
        (ALL3, "ALTER TABLE goats ADD COLUMN x int", "ALTER TABLE goats ADD COLUMN x text"),
        (ALL3, "CREATE VIEW v AS SELECT 1", "CREATE VIEW v AS SELECT 2"),
        (ALL3, "CREATE INDEX i ON goats (age)", "CREATE INDEX i ON goats (farm_id)"),
        (
            (PG,),
            "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1'",
            "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 2'",
        ),
        (
            (PG,),
            "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'select 1'",
            "CREATE FUNCTION f(a integer) RETURNS int LANGUAGE sql AS 'select 2'",
        ),
        ((PG,), "CREATE TABLE x AS SELECT 1 AS a", "CREATE TABLE x (a int)"),
        ((PG,), "CREATE UNLOGGED TABLE x (a int)", "CREATE TABLE x (b int)"),
        ((PG,), "CREATE DOMAIN d AS text", "CREATE TYPE d AS ENUM('a')"),
        ((PG,), "CREATE PUBLICATION p FOR TABLE goats", "CREATE PUBLICATION p FOR TABLE farms"),
        ((PG,), "CREATE ROLE r LOGIN", "CREATE ROLE r"),
        ((PG,), "CREATE SEQUENCE s", "CREATE SEQUENCE s START 5"),
        ((PG,), "CREATE POLICY p ON goats USING (true)", "CREATE POLICY p ON goats USING (false)"),
        (
            (PG,),
            "CREATE RULE r AS ON INSERT TO logs DO NOTHING",
            "CREATE RULE r AS ON INSERT TO logs DO INSTEAD NOTHING",
        ),
        (
            (PG,),
            "CREATE AGGREGATE a (int) (sfunc = int4pl, stype = int)",
            "CREATE AGGREGATE a (int) (sfunc = int4mul, stype = int)",
        ),
        (
            (PG,),
            "CREATE OPERATOR === (leftarg = int, rightarg = int, procedure = int4eq)",
            "CREATE OPERATOR === (leftarg = int, rightarg = int, procedure = int4ne)",
        ),
        (
            (PG,),
            "CREATE TEXT SEARCH CONFIGURATION c (COPY = simple)",
            "CREATE TEXT SEARCH CONFIGURATION c (COPY = english)",
        ),
        ((PG,), "COMMENT ON COLUMN goats.age IS 'a'", "COMMENT ON COLUMN goats.age IS 'b'"),
        (
            (PG,),
            "ALTER TABLE goats ADD COLUMN IF NOT EXISTS x int",
            "ALTER TABLE goats ADD COLUMN IF NOT EXISTS x text",
        ),
        (
            (MY,),
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM logs",
            "CREATE EVENT e ON SCHEDULE EVERY 2 DAY DO DELETE FROM logs",
        ),
        ((MY,), "CREATE DEFINER=CURRENT_USER PROCEDURE p() SELECT 1", "CREATE PROCEDURE p() SELECT 2"),
        ((MY,), "/*!50001 CREATE TABLE x (a int) */", "CREATE TABLE x (b int)"),
        ((MY,), "CREATE TABLE a (i int) -- it's\n; CREATE TABLE x (i int)", "CREATE TABLE x (j int)"),
        ((MY,), "ALTER TABLE goats ADD INDEX i (age), ADD COLUMN z int", "ALTER TABLE goats ADD COLUMN z text"),
        ((MY,), "ALTER TABLE goats ADD (x int, y int)", "ALTER TABLE goats ADD y int"),
        (
            (LITE,),
            "CREATE TRIGGER t AFTER INSERT ON goats BEGIN SELECT 1; END",
            "CREATE TRIGGER t AFTER INSERT ON farms BEGIN SELECT 1; END",
        ),
        ((LITE,), "CREATE TEMP TABLE x (a)", "CREATE TEMP TABLE x (b)"),
    ],
    "dropped home": [
        ((PG,), "DROP SCHEMA barn CASCADE", "CREATE VIEW barn.v AS SELECT 1"),
        ((PG,), "ALTER SCHEMA barn RENAME TO byre", "ALTER TABLE barn.hens ADD x int"),
        ((PG,), "DROP SEQUENCE tickets", "ALTER TABLE goats ADD t int DEFAULT nextval('tickets')"),
        (
            (PG,),
            "ALTER TABLE goats ALTER COLUMN age SET DEFAULT nextval('public.tickets'::regclass)",
            "DROP SEQUENCE tickets CASCADE",
        ),
        ((PG,), "DROP ROLE keeper", "CREATE POLICY p ON goats TO keeper USING (true)"),
        ((PG,), "ALTER ROLE keeper RENAME TO k", "ALTER TABLE goats OWNER TO keeper"),
        (
            (PG,),
            "DROP FUNCTION note CASCADE",
            "CREATE TRIGGER t AFTER INSERT ON goats FOR EACH ROW EXECUTE PROCEDURE note()",
        ),
        ((PG,), "DROP DOMAIN short", "CREATE TABLE x (a short)"),
        ((PG,), "ALTER DOMAIN short ADD CHECK (length(VALUE) > 2)", "ALTER TABLE goats ADD x short"),
        ((PG,), "DROP EXTENSION pg_trgm", "CREATE INDEX i ON goats USING gin (name gin_trgm_ops)"),
        ((PG,), 'DROP EXTENSION "uuid-ossp"', "ALTER TABLE goats ADD x uuid DEFAULT uuid_generate_v1()"),
        ((PG,), "DROP VIEW herd CASCADE", "GRANT SELECT ON herd TO keeper"),
        ((PG,), "CREATE VIEW v2 AS SELECT * FROM herd", "DROP VIEW herd CASCADE"),
        ((PG,), "CREATE COLLATION c (locale = 'C'); DROP COLLATION c2", "ALTER TABLE goats ADD x text COLLATE c2"),
        ((PG,), "CREATE TABLE x (f int REFERENCES farms(id))", "DROP TABLE farms CASCADE"),
    ],
    "enum values": [
        ((PG,), TYPE_ANEW, "ALTER TABLE goats ADD m mood DEFAULT 'sad'"),
        ((PG,), TYPE_ANEW, "CREATE TABLE x (m mood DEFAULT 'sad'::mood)"),
        ((PG,), TYPE_ANEW, "UPDATE farms SET name = 'x' WHERE mood = 'sad'"),
        ((PG,), TYPE_ANEW, "CREATE INDEX i ON farms (name) WHERE mood = 'sad'"),
        ((PG,), "ALTER TYPE mood RENAME VALUE 'sad' TO 'low'", "ALTER TABLE farms ADD CHECK (mood <> 'sad')"),
        ((PG,), "ALTER TYPE mood RENAME VALUE 'sad' TO 'low'", "DELETE FROM farms WHERE mood = 'sad'"),
        ((PG,), "ALTER TYPE mood RENAME VALUE 'sad' TO 'low'", "ALTER TABLE farms ALTER mood SET DEFAULT 'sad'"),
        ((PG,), "ALTER TYPE mood ADD VALUE 'x'", TYPE_ANEW),
        ((PG,), "CREATE TABLE y (m mood)", TYPE_ANEW),
        ((PG,), "ALTER TYPE mood RENAME TO moods", "CREATE TABLE y (m mood)"),
        ((PG,), "ALTER TYPE mood RENAME TO moods", "CREATE FUNCTION f(m mood) RETURNS int LANGUAGE sql AS 'select 1'"),
        (
            (MY,),
            "ALTER TABLE farms MODIFY mood enum('ok','glad')",
            "INSERT INTO farms (code, mood) VALUES ('a', 'sad')",
        ),
        ((MY,), "ALTER TABLE farms MODIFY COLUMN `mood` enum('ok','glad')", "UPDATE farms SET mood = 'sad'"),
    ],
    "fails only later": [
        ((MY, LITE), "ALTER TABLE goats DROP COLUMN age", "CREATE VIEW v AS SELECT g.age FROM goats g"),
        (
            (MY, LITE),
            "CREATE TRIGGER t AFTER INSERT ON farms FOR EACH ROW UPDATE goats SET age = 1",
            "ALTER TABLE goats DROP COLUMN age",
        ),
        (
            (MY, LITE),
            "ALTER TABLE goats RENAME COLUMN age TO years_old",
            "CREATE VIEW v AS SELECT age FROM farms JOIN goats ON farm_id = farms.id",
        ),
        ((MY, LITE), "DROP VIEW herd", "CREATE VIEW v AS SELECT * FROM herd"),
        ((MY,), "CREATE PROCEDURE p() UPDATE goats SET age = 1", "ALTER TABLE goats DROP COLUMN age"),
        ((MY,), "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM logs WHERE at < now()", "DROP TABLE logs"),
        (
            (PG,),
            "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT max(age) FROM goats); END $$",
            "ALTER TABLE goats DROP COLUMN age",
        ),
        ((LITE,), "CREATE VIEW v AS SELECT age FROM goats", ANEW),
        ((LITE,), "CREATE TRIGGER t AFTER INSERT ON goats BEGIN DELETE FROM logs; END", ANEW),
    ],
    "needed key dropped": [
        (
            (PG, MY),
            "ALTER TABLE farms DROP CONSTRAINT farms_code_unique",
            "CREATE TABLE x (c varchar(9) REFERENCES farms(code))",
        ),
        (
            (PG, LITE),
            "DROP INDEX goats_name_uq",
            "INSERT INTO goats (name) VALUES ('a') ON CONFLICT (name) DO UPDATE SET age = 1",
        ),
        ((PG,), "DROP INDEX IF EXISTS goats_name_uq", "INSERT INTO goats (name) VALUES ('a') ON CONFLICT DO NOTHING"),
        (
            (PG,),
            "ALTER TABLE farms DROP CONSTRAINT farms_code_unique",
            "INSERT INTO farms (code) VALUES ('a') ON CONFLICT ON CONSTRAINT farms_code_unique DO NOTHING",
        ),
        ((PG,), "DROP INDEX goats_age_idx", "CLUSTER goats USING goats_age_idx"),
        ((PG,), "DROP INDEX goats_name_uq", "ALTER TABLE goats REPLICA IDENTITY USING INDEX goats_name_uq"),
        ((PG,), "ALTER INDEX goats_age_idx RENAME TO g2", "ALTER TABLE goats CLUSTER ON goats_age_idx"),
        ((PG,), "DROP INDEX goats_name_uq", "ALTER TABLE goats ADD CONSTRAINT u UNIQUE USING INDEX goats_name_uq"),
        ((MY,), "ALTER TABLE goats DROP INDEX goats_name_uq", "INSERT IGNORE INTO goats (name) VALUES ('a')"),
        (
            (MY,),
            "DROP INDEX goats_name_uq ON goats",
            "INSERT INTO goats (name) VALUES ('a') ON DUPLICATE KEY UPDATE age = 2",
        ),
        ((MY,), "DROP INDEX goats_name_uq ON goats", "REPLACE INTO goats (name) VALUES ('a')"),
        (
            (MY,),
            "DROP INDEX goats_age_idx ON goats",
            "UPDATE goats FORCE INDEX (goats_age_idx) SET name = 'a' WHERE age = 1",
        ),
        ((MY,), "CREATE TABLE x (a int, FOREIGN KEY (a) REFERENCES goats(age))", "DROP INDEX goats_age_idx ON goats"),
        ((LITE,), "DROP INDEX goats_name_uq", "INSERT OR REPLACE INTO goats (name) VALUES ('a')"),
        ((LITE,), "DROP INDEX goats_age_idx", "DELETE FROM goats INDEXED BY goats_age_idx WHERE age = 1"),
        ((LITE,), "CREATE TABLE x (c text REFERENCES farms(code))", "DROP INDEX farms_code_unique"),
    ],
    "one namespace": [
        ((PG, LITE), "CREATE INDEX x ON goats (age)", "CREATE TABLE x (id int)"),
        (ALL3, "CREATE TABLE x (id int)", "CREATE VIEW x AS SELECT 1"),
        ((PG,), "CREATE SEQUENCE x", "CREATE INDEX x ON goats (age)"),
        ((PG,), "CREATE MATERIALIZED VIEW x AS SELECT 1", "CREATE TABLE x (id int)"),
        ((PG,), "CREATE TYPE x AS ENUM('a')", "CREATE TABLE x (id int)"),
        ((PG,), "CREATE DOMAIN x AS int", "CREATE VIEW x AS SELECT 1"),
        ((PG,), "CREATE TYPE x AS (a int)", "CREATE INDEX x ON goats (age)"),
        ((PG,), "ALTER TABLE goats ADD CONSTRAINT x UNIQUE (age)", "CREATE TABLE x (id int)"),
        ((PG,), "CREATE TABLE x (id int PRIMARY KEY)", "CREATE INDEX x_pkey ON goats (age)"),
        ((PG,), "CREATE TABLE x (id int GENERATED ALWAYS AS IDENTITY)", "CREATE SEQUENCE x_id_seq"),
        ((PG,), "CREATE TABLE x (a int, CONSTRAINT u UNIQUE (a))", "ALTER TABLE goats ADD CONSTRAINT u UNIQUE (age)"),
        ((PG,), "ALTER INDEX goats_age_idx RENAME TO x", "CREATE TABLE x (id int)"),
        ((PG,), "CREATE FOREIGN TABLE x (a int) SERVER s", "CREATE TABLE x (id int)"),
        (
            (MY,),
            "ALTER TABLE goats ADD CONSTRAINT x FOREIGN KEY (age) REFERENCES farms(id)",
            "ALTER TABLE logs ADD CONSTRAINT x FOREIGN KEY (id) REFERENCES farms(id)",
        ),
        ((LITE,), "CREATE VIEW x AS SELECT 1", "CREATE INDEX x ON goats (age)"),
        ((LITE,), "CREATE VIRTUAL TABLE x USING fts5(a)", "CREATE INDEX x ON goats (age)"),
    ],
    "order of rows": [
        (ALL3, "INSERT INTO logs (id) VALUES (1)", "DELETE FROM logs WHERE id > 0"),
        (ALL3, "UPDATE goats SET age = 1", "UPDATE goats SET age = age + 1"),
        (ALL3, "UPDATE goats SET name = 'x'", "DELETE FROM goats WHERE name = 'y'"),
        (ALL3, "INSERT INTO farms (code) VALUES ('a')", "UPDATE farms SET size = 1"),
        (ALL3, "INSERT INTO farms (code) VALUES ('a')", "INSERT INTO logs (what) SELECT code FROM farms"),
        (ALL3, "DELETE FROM farms", "UPDATE goats SET age = 1"),
        (ALL3, "UPDATE farms SET size = 1", "DELETE FROM logs"),  # the trigger writes there
        (ALL3, "ALTER TABLE logs ADD x int", "CREATE TABLE old AS SELECT * FROM logs"),
        (ALL3, "INSERT INTO goats (id, name) VALUES (1, 'a')", "INSERT INTO goats (id, name) VALUES (1, 'b')"),
        (ALL3, "INSERT INTO farms (code) VALUES ('a')", "INSERT INTO farms (code) VALUES ('a')"),
        ((PG,), "INSERT INTO goats (id, name) VALUES (1, 'a')", "INSERT INTO goats (name) VALUES ('b')"),
        ((PG,), "ALTER TABLE logs DROP COLUMN at, ADD b text", "INSERT INTO logs VALUES (1, now(), 'x')"),
        (
            (PG,),
            "ALTER TABLE logs ADD a text",
            "ALTER TABLE logs ADD b text; INSERT INTO logs VALUES (1, now(), 'x', 'b')",
        ),
        ((PG,), "TRUNCATE farms CASCADE", "INSERT INTO goats (name) VALUES ('x')"),
        (
            (PG,),
            "WITH gone AS (DELETE FROM logs RETURNING id) SELECT count(*) FROM gone",
            "INSERT INTO logs (id) VALUES (1)",
        ),
        ((PG,), "INSERT INTO logs (id) VALUES (1)", "CREATE MATERIALIZED VIEW m AS SELECT id FROM logs"),
        ((PG,), "ALTER TABLE goats ALTER age SET DEFAULT 3", "INSERT INTO goats (name) VALUES ('x')"),
        ((PG,), "SELECT setval('tickets', 10)", "SELECT setval('tickets', 20)"),
        (
            (PG,),
            "CREATE TRIGGER t BEFORE INSERT ON logs FOR EACH ROW EXECUTE FUNCTION note()",
            "INSERT INTO logs (id) VALUES (1)",
        ),
        ((PG,), "COPY logs FROM '/x'", "DELETE FROM logs"),
        (
            (PG,),
            "MERGE INTO logs USING goats ON logs.id = goats.id WHEN MATCHED THEN DELETE",
            "UPDATE goats SET age = 1",
        ),
        ((MY,), "ALTER TABLE logs ADD x int FIRST", "INSERT INTO logs (id, what) SELECT * FROM logs"),
        ((MY, LITE), "ALTER TABLE logs ADD x int", "INSERT INTO logs VALUES (1, null, 'x')"),
        ((MY,), "DELETE goats FROM goats JOIN farms ON farms.size = goats.age", "UPDATE farms SET size = 1"),
        ((MY,), "UPDATE goats, farms SET goats.age = farms.size", "UPDATE farms SET size = 1"),
        ((LITE,), "DROP INDEX goats_name_uq", "INSERT OR IGNORE INTO goats (name) VALUES ('a')"),
        ((LITE,), "INSERT INTO goats (name) VALUES ('a')", "DELETE FROM goats WHERE id IN (SELECT max(id) FROM goats)"),
    ],
    "partitions": [
        (
            (PG,),
            "CREATE TABLE y1 PARTITION OF years FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
            "CREATE TABLE y2 PARTITION OF years FOR VALUES FROM ('2024-06-01') TO ('2024-07-01')",
        ),
        (
            (PG,),
            "CREATE TABLE y1 PARTITION OF years DEFAULT",
            "CREATE TABLE y2 PARTITION OF years FOR VALUES FROM ('2024-06-01') TO ('2024-07-01')",
        ),
        (
            (PG,),
            "CREATE TABLE y1 PARTITION OF years FOR VALUES FROM (MINVALUE) TO ('2025-01-01')",
            "CREATE TABLE y2 PARTITION OF years FOR VALUES FROM ('2024-06-01') TO ('2024-07-01')",
        ),
        (
            (PG,),
            "ALTER TABLE years ALTER d SET NOT NULL",
            "CREATE TABLE y (id int, d date); ALTER TABLE years ATTACH PARTITION y DEFAULT",
        ),
        ((PG,), "ALTER TABLE years RENAME TO annals", "CREATE TABLE y PARTITION OF years DEFAULT"),
        ((PG,), "ALTER TABLE years ADD z int", "CREATE TABLE y () INHERITS (years)"),
        (
            (MY,),
            "ALTER TABLE logs ADD PARTITION (PARTITION p1 VALUES LESS THAN (10))",
            "ALTER TABLE logs ADD PARTITION (PARTITION p2 VALUES LESS THAN (5))",
        ),
    ],
    "primary keys": [
        (ALL3[:2], "ALTER TABLE logs ADD PRIMARY KEY (id)", "ALTER TABLE logs ADD CONSTRAINT p PRIMARY KEY (at)"),
        ((PG,), "ALTER TABLE logs ADD PRIMARY KEY (id)", "ALTER TABLE logs ADD COLUMN n serial PRIMARY KEY"),
        ((PG,), "ALTER TABLE logs ALTER id DROP NOT NULL", "ALTER TABLE logs ADD PRIMARY KEY (id)"),
        ((MY,), "ALTER TABLE goats DROP PRIMARY KEY, ADD PRIMARY KEY (id, age)", "ALTER TABLE goats DROP PRIMARY KEY"),
        ((PG,), "ALTER TABLE goats DROP CONSTRAINT goats_pkey", "CREATE TABLE x (g int REFERENCES goats)"),
    ],
    "renames": [
        (ALL3, "ALTER TABLE goats RENAME TO kids", "ALTER TABLE goats ADD x int"),
        (ALL3, "ALTER TABLE goats RENAME COLUMN age TO a", "CREATE INDEX i ON goats (age)"),
        (ALL3, "ALTER TABLE goats RENAME COLUMN age TO a", "ALTER TABLE goats ADD a int"),
        (ALL3, "ALTER TABLE goats ADD x int", "ALTER TABLE goats RENAME TO kids"),
        ((PG,), "ALTER TABLE goats SET SCHEMA barn", "CREATE INDEX i ON goats (age)"),
        ((PG,), "ALTER INDEX goats_age_idx RENAME TO x", "DROP INDEX goats_age_idx"),
        ((PG,), "ALTER SEQUENCE tickets RENAME TO t", "SELECT nextval('tickets')"),
        (
            (PG,),
            "ALTER TABLE farms RENAME CONSTRAINT farms_code_unique TO c",
            "ALTER TABLE farms DROP CONSTRAINT farms_code_unique",
        ),
        ((MY,), "RENAME TABLE goats TO kids", "UPDATE goats SET age = 1"),
        ((MY,), "RENAME TABLE logs TO l2, goats TO kids", "ALTER TABLE goats ADD x int"),
        ((MY,), "ALTER TABLE goats CHANGE age years int", "INSERT INTO goats (age) VALUES (1)"),
        ((MY,), "ALTER TABLE goats RENAME INDEX goats_age_idx TO g", "ALTER TABLE goats DROP INDEX goats_age_idx"),
    ],
    "replaced": [
        (ALL3, "DROP VIEW herd; CREATE VIEW herd AS SELECT id FROM goats", "CREATE VIEW v AS SELECT name FROM herd"),
        (ALL3, "DROP TABLE logs; CREATE TABLE logs (n int)", "ALTER TABLE logs ADD x int"),
        (
            (PG,),
            "CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
            "CREATE TRIGGER t AFTER INSERT ON goats FOR EACH ROW EXECUTE FUNCTION note()",
        ),
        (
            (PG,),
            "DROP SEQUENCE tickets; CREATE SEQUENCE tickets START 1000",
            "INSERT INTO logs (id) SELECT nextval('tickets')",
        ),
        ((PG,), "DROP TYPE mood; CREATE TYPE mood AS (a int)", "CREATE TABLE x (m mood)"),
        (
            (PG,),
            "ALTER TABLE goats DROP COLUMN age; ALTER TABLE goats ADD COLUMN age text",
            "CREATE INDEX i ON goats (age)",
        ),
        (
            (LITE,),
            "DROP TRIGGER noted; CREATE TRIGGER noted AFTER UPDATE ON farms BEGIN SELECT 1; END",
            "UPDATE farms SET size = 1",
        ),
        ((MY,), "CREATE OR REPLACE VIEW herd AS SELECT id FROM goats", "CREATE VIEW v AS SELECT name FROM herd"),
    ],
    "rows against rules": [
        (ALL3, "INSERT INTO logs (id) VALUES (1), (1)", "CREATE UNIQUE INDEX u ON logs (id)"),
        (ALL3, "CREATE UNIQUE INDEX u ON goats (age)", "UPDATE goats SET age = 1"),
        ((PG, MY), "ALTER TABLE goats ADD CONSTRAINT c CHECK (age > 1)", "UPDATE goats SET age = 0"),
        (
            (PG, MY),
            "ALTER TABLE logs ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES farms(id)",
            "INSERT INTO logs (id) VALUES (7)",
        ),
        ((PG, MY), "ALTER TABLE goats ADD CONSTRAINT f FOREIGN KEY (age) REFERENCES farms(id)", "DELETE FROM farms"),
        (ALL3, "INSERT INTO goats (farm_id) VALUES (1)", "DELETE FROM farms WHERE id = 1"),
        ((PG, LITE), "ALTER TABLE logs ADD x int NOT NULL", "INSERT INTO logs (id) VALUES (1)"),
        ((PG,), "INSERT INTO logs (id) VALUES (1)", "ALTER TABLE logs ALTER at SET NOT NULL"),
        ((PG,), "ALTER TABLE goats ALTER age TYPE text", "UPDATE goats SET age = 5"),
        ((PG,), "ALTER TABLE farms ALTER code TYPE varchar(2)", "INSERT INTO farms (code) VALUES ('abc')"),
        ((PG,), "ALTER TABLE logs ALTER id ADD GENERATED ALWAYS AS IDENTITY", "INSERT INTO logs (id) VALUES (1)"),
        ((PG,), "ALTER TABLE logs ADD EXCLUDE USING gist (what WITH =)", "INSERT INTO logs (what) VALUES ('a'), ('a')"),
        ((PG,), "ALTER TABLE logs FORCE ROW LEVEL SECURITY", "INSERT INTO logs (what) VALUES ('a')"),
        ((MY,), "ALTER TABLE goats MODIFY age int NOT NULL", "INSERT INTO goats (name) VALUES ('a')"),
        ((MY,), "ALTER TABLE goats MODIFY name varchar(2)", "UPDATE goats SET name = 'abc'"),
        ((LITE,), ANEW, "INSERT INTO goats (name) VALUES ('a')"),
        ((LITE,), "INSERT INTO goats (name) VALUES ('a')", ANEW),
        ((LITE,), ANEW, "UPDATE goats SET age = null"),
    ],
    "scope of names": [
        ((PG,), f"CREATE INDEX {'a' * 62}bc ON goats (age)", f"CREATE INDEX {'a' * 62}bd ON farms (size)"),
        ((PG,), f"ALTER TABLE goats ADD {'é' * 31}xyz int", f"ALTER TABLE goats ADD {'é' * 31}xyw int"),
        ((PG,), "CREATE TABLE X (id int)", 'CREATE TABLE "x" (id int)'),
        ((MY, LITE), "CREATE TABLE `X` (id int)", "CREATE TABLE x (id int)"),
        ((LITE,), 'ALTER TABLE goats ADD "Height" int', "ALTER TABLE GOATS ADD height int"),
        ((PG,), "CREATE INDEX i ON barn.hens (name)", "CREATE INDEX i ON barn.hens (id)"),
        ((PG,), "CREATE TABLE public.x (id int)", "CREATE TABLE x (id int)"),
    ],
    "sqlite made anew": [
        ((LITE,), "ALTER TABLE goats ADD x int", ANEW),
        ((LITE,), "CREATE INDEX i ON goats (farm_id)", ANEW),
        ((LITE,), "DROP INDEX goats_age_idx", ANEW),
        ((LITE,), "DROP INDEX goats_name_uq", GOATS.format(age="text")),
        ((LITE,), "ALTER TABLE goats DROP COLUMN farm_id", ANEW),
        ((LITE,), ANEW, GOATS.format(age="text")),
        ((LITE,), "CREATE TABLE x (g integer REFERENCES goats(id) ON DELETE SET NULL)", ANEW),
        ((LITE,), GOATS.format(age="text"), "CREATE INDEX i ON goats (age)"),
        ((LITE,), "ALTER TABLE goats RENAME COLUMN name TO called", ANEW),
    ],
    "type and dependents": [
        ((PG,), "CREATE VIEW v AS SELECT age FROM goats", "ALTER TABLE goats ALTER COLUMN age TYPE bigint"),
        (
            (PG,),
            "CREATE MATERIALIZED VIEW v AS SELECT g.age FROM goats AS g",
            "ALTER TABLE goats ALTER COLUMN age TYPE bigint",
        ),
        ((PG,), "CREATE VIEW v AS SELECT * FROM goats", "ALTER TABLE goats ALTER COLUMN age TYPE bigint"),
        (
            (PG,),
            "ALTER TABLE goats ADD x int GENERATED ALWAYS AS (age * 2) STORED",
            "ALTER TABLE goats ALTER age TYPE bigint",
        ),
        ((PG,), "CREATE POLICY p ON goats USING (age > 1)", "ALTER TABLE goats ALTER age TYPE text"),
        ((PG,), "CREATE INDEX i ON goats (lower(name))", "ALTER TABLE goats ALTER name TYPE integer USING 1"),
        (
            (PG,),
            "CREATE TRIGGER t BEFORE UPDATE OF age ON goats FOR EACH ROW EXECUTE FUNCTION note()",
            "ALTER TABLE goats ALTER age TYPE text",
        ),
        ((PG,), "ALTER TABLE goats ALTER age SET DEFAULT 1", "ALTER TABLE goats ALTER age TYPE text"),
        (
            (PG, MY),
            "CREATE TABLE x (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES farms(id))",
            {PG: "ALTER TABLE farms ALTER id TYPE text", MY: "ALTER TABLE farms MODIFY id bigint"}[PG],
        ),
        (
            (MY,),
            "CREATE TABLE x (a int, CONSTRAINT f FOREIGN KEY (a) REFERENCES farms(id))",
            "ALTER TABLE farms MODIFY id bigint",
        ),
        ((MY,), "ALTER TABLE goats ADD CONSTRAINT c CHECK (age > 1)", "ALTER TABLE goats MODIFY age varchar(9)"),
    ],
    "used but hard to see": [
        ((PG,), "DROP TABLE logs", "DELETE FROM goats USING farms, logs WHERE logs.id = goats.id"),
        ((PG,), "DROP TABLE logs", "CREATE TABLE x (LIKE logs)"),
        ((PG,), "DROP TABLE logs", "LOCK TABLE farms; GRANT SELECT ON farms, logs TO keeper"),
        ((PG,), "DROP TABLE logs", "ALTER PUBLICATION p ADD TABLE logs"),
        (
            (PG,),
            "DROP TABLE logs",
            "DO $$ BEGIN IF EXISTS (SELECT 1 FROM logs) THEN UPDATE goats SET age = 1; END IF; END $$",
        ),
        ((PG,), "DROP TABLE logs", "DO $$ BEGIN EXECUTE 'UPDATE logs SET id = 1'; END $$"),
        ((PG,), "DROP TABLE logs", "UPDATE goats SET age = s.id FROM (SELECT id FROM logs) s"),
        ((PG,), "DROP TABLE logs", "WITH l AS (SELECT id FROM logs) INSERT INTO goats (id) SELECT id FROM l"),
        ((PG,), "DROP TABLE farms CASCADE", "SELECT setval('farms_id_seq', 9)"),
        ((PG,), "DROP TABLE farms CASCADE", "ALTER SEQUENCE farms_id_seq RESTART WITH 5"),
        ((PG,), "DROP TYPE mood", "INSERT INTO logs (what) VALUES (CAST('ok' AS mood))"),
        ((PG,), "DROP TYPE mood", "CREATE FUNCTION f() RETURNS mood LANGUAGE sql AS $$ SELECT null $$"),
        ((PG,), "DROP TYPE mood CASCADE", "ALTER TABLE goats ADD x mood[]"),
        ((PG,), "ALTER TABLE goats DROP COLUMN age", "COMMENT ON COLUMN public.goats.age IS 'x'"),
        ((PG,), "ALTER TABLE goats DROP COLUMN age", "CREATE STATISTICS s ON name, age FROM goats"),
        (
            (PG,),
            "ALTER TABLE goats DROP COLUMN age",
            "INSERT INTO logs (id) SELECT farms.size FROM farms, goats WHERE goats.age = farms.size",
        ),
        ((PG,), "DO $$ BEGIN EXECUTE some_sql(); END $$", "ALTER TABLE goats ADD x int"),
        ((PG,), "ALTER TABLE goats ADD x int", "SELECT do_something()"),
        ((PG,), "SET search_path TO barn", "CREATE TABLE x (id int)"),
        ((PG,), "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION note()", "CREATE TABLE x (id int)"),
        ((PG,), "GRANT SELECT ON ALL TABLES IN SCHEMA public TO keeper", "CREATE TABLE x (id int)"),
        (
            (PG,),
            "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO keeper",
            "CREATE TABLE x (id int)",
        ),
        ((MY,), "DROP TABLE logs", "CREATE TABLE x LIKE logs"),
        ((MY,), "DROP TABLE logs", "DELETE g FROM goats g JOIN logs l ON l.id = g.id"),
        (
            (MY,),
            "DROP TABLE logs",
            "ALTER TABLE goats DROP COLUMN age, ADD CONSTRAINT f FOREIGN KEY (farm_id) REFERENCES logs(id)",
        ),
        ((MY,), "DROP TABLE logs", "CALL tidy()"),
        ((MY,), "# it's gone\nDROP TABLE logs", "UPDATE logs SET id = 1"),
        ((LITE,), "ALTER TABLE goats DROP COLUMN age", "UPDATE [goats] SET [age] = 1"),
        ((LITE,), "DROP TABLE logs", "INSERT INTO goats (name) SELECT what FROM main.logs"),
        ((LITE,), "DROP VIEW herd", "CREATE TRIGGER t INSTEAD OF DELETE ON herd BEGIN SELECT 1; END"),
        ((LITE,), "PRAGMA writable_schema = 1", "ALTER TABLE goats ADD x int"),
        (
            ALL3,
            "ALTER TABLE goats ADD size int",
            "CREATE VIEW v AS SELECT size FROM goats JOIN farms ON farms.id = farm_id",
        ),
    ],
}

PASSES: dict[str, list[Pair]] = {
    "additive": [
        (ALL3, "ALTER TABLE goats ADD x int", "ALTER TABLE goats ADD y int"),
        (ALL3, "ALTER TABLE goats ADD x int", "CREATE INDEX i ON goats (farm_id)"),
        (ALL3, "CREATE INDEX i ON goats (farm_id)", "CREATE INDEX j ON goats (farm_id)"),
        (ALL3, "CREATE TABLE x (id int)", "CREATE TABLE y (id int)"),
        (ALL3, "CREATE TABLE x (f int REFERENCES farms(id))", "CREATE TABLE y (f int REFERENCES farms(id))"),
        (ALL3, "ALTER TABLE goats ADD x int", "ALTER TABLE goats DROP COLUMN age"),
        (ALL3, "CREATE UNIQUE INDEX u ON goats (age)", "CREATE TABLE y (f int REFERENCES farms(id))"),
        (ALL3, "ALTER TABLE goats ADD x int", "UPDATE goats SET age = 1"),
        (ALL3, "ALTER TABLE goats ADD x int NOT NULL DEFAULT 5", "INSERT INTO goats (name) VALUES ('a')"),
        (ALL3, "ALTER TABLE farms ADD x int", "CREATE VIEW v AS SELECT age FROM goats"),
        (
            (PG, MY),
            "ALTER TABLE goats ADD CONSTRAINT a CHECK (age > 1)",
            "ALTER TABLE goats ADD CONSTRAINT b UNIQUE (farm_id)",
        ),
        ((PG,), "ALTER TABLE goats ALTER age SET NOT NULL", "ALTER TABLE goats ALTER age SET DEFAULT 1"),
        ((PG,), "ALTER TABLE goats ALTER age TYPE bigint", "ALTER TABLE goats ALTER farm_id TYPE bigint"),
        ((PG,), "CREATE POLICY a ON goats USING (true)", "CREATE POLICY b ON goats USING (true)"),
        ((PG,), "ALTER TYPE mood ADD VALUE 'wild'", "ALTER TABLE goats ADD m mood DEFAULT 'ok'"),
        ((PG,), "GRANT SELECT ON goats TO keeper", "GRANT INSERT ON goats TO keeper"),
        (
            (PG,),
            "ALTER TABLE goats ADD f2 int; ALTER TABLE goats ADD CONSTRAINT k FOREIGN KEY (f2) REFERENCES farms(id)",
            "INSERT INTO goats (name) VALUES ('a')",
        ),
        (
            (PG,),
            "UPDATE farms SET size = 1",
            "CREATE TABLE x (f int); ALTER TABLE x ADD CONSTRAINT k FOREIGN KEY (f) REFERENCES farms(id)",
        ),
        ((MY,), "ALTER TABLE goats MODIFY age bigint", "ALTER TABLE goats MODIFY farm_id bigint"),
        ((MY,), "CREATE INDEX i ON goats (age)", "CREATE INDEX i ON farms (size)"),
        ((LITE,), ANEW, "ALTER TABLE goats ADD x int"),
        ((LITE,), ANEW, "CREATE INDEX i ON goats (farm_id)"),
        ((LITE,), "ALTER TABLE farms ADD x int", ANEW),
        ((LITE,), "CREATE TABLE x (id int)", ANEW),
    ],
    "rows": [
        (ALL3, "INSERT INTO logs (id) VALUES (1)", "INSERT INTO goats (name) VALUES ('a')"),
        (ALL3, "INSERT INTO logs (id) VALUES (1)", "INSERT INTO logs (id) VALUES (2)"),
        (ALL3, "INSERT INTO farms (id, code) VALUES (1, 'a')", "INSERT INTO farms (id, code) VALUES (2, 'b')"),
        (ALL3, "UPDATE goats SET age = 1", "UPDATE goats SET name = 'x'"),
        (ALL3, "UPDATE goats SET age = 1", "DELETE FROM logs"),
        (ALL3, "INSERT INTO logs (id) VALUES (1)", "CREATE INDEX i ON logs (id)"),
        (
            (PG,),
            "ALTER TABLE logs ADD COLUMN n integer GENERATED BY DEFAULT AS IDENTITY",
            "INSERT INTO logs VALUES (1, now(), 'x')",
        ),
        (
            (PG,),
            "UPDATE logs SET what = jsonb_set(coalesce(what, '{}'::jsonb), '{a}', '1')",
            "UPDATE logs SET what = jsonb_set(what, '{b}', '1')",
        ),
        ((PG,), "ALTER TABLE goats ALTER age DROP NOT NULL", "INSERT INTO goats (name) VALUES ('a')"),
    ],
    "the very same": [
        (ALL3, "CREATE TABLE IF NOT EXISTS x (id int)", "CREATE TABLE IF NOT EXISTS x (id int)"),
        (ALL3, "DROP TABLE IF EXISTS logs", "DROP TABLE IF EXISTS logs"),
        (ALL3, "DROP TABLE logs", "DROP TABLE IF EXISTS logs"),
        ((PG, LITE), "CREATE INDEX i ON goats (age)", "CREATE INDEX IF NOT EXISTS i ON goats (age)"),
        (
            (PG,),
            "ALTER TABLE goats ALTER COLUMN age SET DEFAULT 3",
            "ALTER TABLE goats ALTER COLUMN age SET DEFAULT 3; ALTER TABLE goats ADD x int",
        ),
        ((PG,), "ALTER TABLE goats ALTER age SET DATA TYPE bigint", "ALTER TABLE goats ALTER age SET DATA TYPE bigint"),
        ((PG,), "ALTER TABLE goats ALTER age DROP DEFAULT", "ALTER TABLE goats ALTER age DROP DEFAULT"),
        ((PG,), "ALTER TABLE goats ALTER age SET NOT NULL", "ALTER TABLE goats ALTER age SET NOT NULL"),
        ((PG,), "ALTER TABLE goats ADD COLUMN IF NOT EXISTS x int", "ALTER TABLE goats ADD COLUMN IF NOT EXISTS x int"),
        ((PG,), "ALTER TABLE goats DROP COLUMN IF EXISTS age", "ALTER TABLE goats DROP COLUMN IF EXISTS age"),
        (
            (PG,),
            "ALTER TABLE farms DROP CONSTRAINT IF EXISTS farms_code_unique",
            "ALTER TABLE farms DROP CONSTRAINT IF EXISTS farms_code_unique",
        ),
        (
            (PG,),
            "CREATE SCHEMA IF NOT EXISTS s; CREATE TABLE s.a (id int)",
            "CREATE SCHEMA IF NOT EXISTS s; CREATE TABLE s.b (id int)",
        ),
        (
            (PG,),
            "CREATE EXTENSION IF NOT EXISTS citext",
            'CREATE EXTENSION IF NOT EXISTS "citext"; ALTER TABLE goats ADD x citext',
        ),
        ((PG,), "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'wild'", "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'wild'"),
        ((PG,), NEW_ENUM, NEW_ENUM),
        ((PG,), "CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE OR REPLACE VIEW v AS SELECT 1"),
        ((PG,), "ALTER TABLE goats ENABLE ROW LEVEL SECURITY", "ALTER TABLE goats ENABLE ROW LEVEL SECURITY"),
        ((PG,), "COMMENT ON TABLE goats IS 'x'", "COMMENT ON TABLE goats IS 'x'"),
        ((PG,), "GRANT SELECT ON goats TO keeper", "GRANT SELECT ON goats TO keeper"),
        ((MY,), "ALTER TABLE goats MODIFY age bigint", "ALTER TABLE goats MODIFY age bigint"),
    ],
    "only looks like it": [
        ((PG,), 'CREATE TABLE "X" (id int)', 'CREATE TABLE "x" (id int)'),
        ((PG,), 'ALTER TABLE goats ADD "Age" int', "CREATE INDEX i ON goats (age)"),
        ((PG,), "CREATE INDEX i ON goats (age)", "CREATE INDEX i ON barn.hens (name)"),
        ((PG,), "CREATE TABLE barn.x (id int)", "CREATE TABLE x (id int)"),
        ((PG,), "DROP TABLE barn.hens", "CREATE TABLE hens (id int)"),
        (
            (PG,),
            "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'select 1'",
            "CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'select 1'",
        ),
        (
            (PG,),
            "ALTER TABLE goats ADD CONSTRAINT c CHECK (age > 0)",
            "ALTER TABLE farms ADD CONSTRAINT c CHECK (size > 0)",
        ),
        (
            (PG,),
            "CREATE TRIGGER t AFTER INSERT ON goats FOR EACH ROW EXECUTE FUNCTION note()",
            "CREATE TRIGGER t AFTER INSERT ON farms FOR EACH ROW EXECUTE FUNCTION note()",
        ),
        (ALL3, "ALTER TABLE goats DROP COLUMN age", "INSERT INTO logs (what) VALUES ('the age of goats')"),
        (ALL3, "ALTER TABLE goats DROP COLUMN age", "CREATE VIEW v AS SELECT farm_id AS age FROM goats"),
        (ALL3, "ALTER TABLE goats DROP COLUMN age", "UPDATE logs SET what = (SELECT age FROM (SELECT 'x' AS age) s)"),
        (ALL3, "DROP TABLE logs", "UPDATE goats SET name = 'logs'"),
        (ALL3, "DROP TABLE logs", "CREATE VIEW v AS SELECT logs.name FROM farms AS logs"),
        (ALL3, "DROP TABLE logs", "CREATE TABLE x (logs int)"),
        (ALL3, "DROP TABLE logs", "INSERT INTO goats (name) WITH logs AS (SELECT 'x' AS n) SELECT n FROM logs"),
        ((PG,), "DROP TYPE mood CASCADE", "ALTER TABLE goats ADD mood text"),
        ((PG,), TYPE_ANEW, "ALTER TABLE goats ADD m mood DEFAULT 'ok'"),
        ((PG,), TYPE_ANEW, "INSERT INTO logs (what) VALUES ('sad')"),
        ((PG,), "ALTER TYPE mood RENAME VALUE 'sad' TO 'low'", "INSERT INTO logs (what) VALUES ('sad')"),
        ((PG,), "ALTER TABLE goats DROP COLUMN age -- and logs\n", "UPDATE logs SET what = 'x' /* age of goats */"),
        (
            (PG,),
            "CREATE TABLE y1 PARTITION OF years FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
            "CREATE TABLE y2 PARTITION OF years FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        ),
        ((MY,), "CREATE INDEX x ON goats (age)", "CREATE TABLE x (id int)"),
        ((LITE,), "DROP INDEX goats_age_idx", "ALTER TABLE farms ADD goats_age_idx int"),
    ],
    "gone again": [
        (
            ALL3,
            "CREATE TABLE tmp (id int); INSERT INTO tmp (id) VALUES (1); DROP TABLE tmp",
            "CREATE TABLE tmp (id int)",
        ),
        (ALL3, "ALTER TABLE goats ADD x int; ALTER TABLE goats DROP COLUMN x", "ALTER TABLE goats ADD x int"),
        ((PG, LITE), "CREATE INDEX i ON goats (age); DROP INDEX i", "CREATE INDEX i ON farms (size)"),
    ],
}


@cache
def _known(dialect: str) -> Known:
    return known_before(lambda: [Script("base", BASE[dialect])], None, [], dialect)


def _find(dialect: str, main: str, own: str) -> list[str]:
    return [h.reason for h in find_hazards([Script("main", main)], [Script("own", own)], dialect, _known(dialect))]


def _cases(table: dict[str, list[Pair]]) -> list[object]:
    return [
        pytest.param(dialect, main, own, id=f"{kind}-{dialect}-{n}")
        for kind, pairs in table.items()
        for n, (dialects, main, own) in enumerate(pairs)
        for dialect in dialects
    ]


@pytest.mark.parametrize(("dialect", "main", "own"), _cases(REFUSED))
def test_refused(dialect: str, main: str, own: str) -> None:
    assert _find(dialect, main, own)


@pytest.mark.parametrize(("dialect", "main", "own"), _cases(PASSES))
def test_passes(dialect: str, main: str, own: str) -> None:
    assert _find(dialect, main, own) == []
