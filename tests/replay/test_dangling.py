"""What goes with a table and what is left dangling: indexes, triggers, views; and other names for the same thing."""

from __future__ import annotations

import pytest

from drizzle_guard.replay.hazards import Script
from drizzle_guard.replay.unfounded import find_unfounded
from support.sql_pairs import hazards_between

PG, MY, LITE = "postgresql", "mysql", "sqlite"
BASE = {
    PG: """
        CREATE TABLE goats (id serial PRIMARY KEY, name text); CREATE TABLE logs (id serial PRIMARY KEY, what text);
        CREATE UNIQUE INDEX log_ix ON logs (what); ALTER TABLE logs ADD CONSTRAINT one_log UNIQUE USING INDEX log_ix;
        CREATE FUNCTION same(a int, b int) RETURNS boolean LANGUAGE sql AS 'SELECT a = b';
        CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = same);
    """,
    MY: """
        CREATE TABLE goats (id int PRIMARY KEY, name varchar(9)); CREATE TABLE logs (id int PRIMARY KEY, what text);
        CREATE TRIGGER noted AFTER INSERT ON logs FOR EACH ROW SET @seen = 1;
    """,
    LITE: """
        CREATE TABLE goats (id integer PRIMARY KEY, name text, age integer);
        CREATE TABLE logs (id integer PRIMARY KEY, what text); CREATE TABLE farms (id integer PRIMARY KEY, size text);
        CREATE TABLE kids (id integer PRIMARY KEY, goat integer REFERENCES goats(id) ON DELETE CASCADE);
        CREATE UNIQUE INDEX goats_name_uq ON goats (name); CREATE INDEX goats_age_idx ON goats (age);
        CREATE TRIGGER noted AFTER INSERT ON farms BEGIN INSERT INTO logs(what) VALUES ('noted'); END;
    """,
}
ANEW = (
    "CREATE TABLE `__new_goats` (`id` integer PRIMARY KEY, `name` text, `age` integer NOT NULL);"
    'INSERT INTO `__new_goats`("id", "name", "age") SELECT "id", "name", "age" FROM `goats`;'
    "DROP TABLE `goats`; ALTER TABLE `__new_goats` RENAME TO `goats`;"
)
FARMS_ANEW = (
    "CREATE TABLE __new_farms (id integer PRIMARY KEY, size text NOT NULL);"
    "INSERT INTO __new_farms(id, size) SELECT id, size FROM farms;"
    "DROP TABLE farms; ALTER TABLE __new_farms RENAME TO farms;"
)
LOGS_BY_RENAME = (
    "ALTER TABLE logs RENAME TO logs_old; CREATE TABLE logs (id integer PRIMARY KEY, what text NOT NULL);"
    "INSERT INTO logs SELECT id, what FROM logs_old; DROP TABLE logs_old"
)
NAME_AGAIN = "CREATE UNIQUE INDEX `goats_name_uq` ON `goats` (`name`);"
AGE_AGAIN = "CREATE INDEX `goats_age_idx` ON `goats` (`age`);"
REFUSES = "of which a view or trigger is left, and the branch renames or drops something in table"

REFUSED = [
    # SQLite renames nothing, and drops no column, while a trigger or view names what is gone
    (LITE, "DROP TABLE logs", "ALTER TABLE goats DROP COLUMN age"),
    (LITE, "DROP TABLE logs", "ALTER TABLE goats RENAME COLUMN age TO years"),
    (LITE, "DROP TABLE logs", "ALTER TABLE goats RENAME TO herd"),
    (LITE, "DROP TABLE logs", ANEW),
    (LITE, "CREATE VIEW v AS SELECT what FROM logs; DROP TRIGGER noted; DROP TABLE logs", ANEW),
    (LITE, LOGS_BY_RENAME, "ALTER TABLE goats DROP COLUMN age"),
    (LITE, "CREATE VIEW v AS SELECT x FROM nowhere", "ALTER TABLE goats RENAME TO herd"),
    (LITE, "CREATE TRIGGER t AFTER INSERT ON goats BEGIN INSERT INTO nowhere VALUES (1); END", FARMS_ANEW),
    # what a table made anew takes along
    (LITE, ANEW, "DROP INDEX goats_age_idx"),
    (LITE, ANEW, "CREATE VIEW v AS SELECT id FROM goats INDEXED BY goats_age_idx WHERE age = 1"),
    (LITE, ANEW, "REINDEX goats_age_idx"),
    (LITE, ANEW + "CREATE UNIQUE INDEX goats_name_uq ON goats (name, age)", "DROP INDEX goats_name_uq"),
    (LITE, ANEW + NAME_AGAIN + "DROP INDEX goats_name_uq", "DROP INDEX goats_name_uq"),
    (LITE, "DROP INDEX goats_name_uq", ANEW + NAME_AGAIN),
    (LITE, FARMS_ANEW, "DROP TRIGGER noted"),
    (LITE, "DROP TABLE farms", "DROP TRIGGER noted"),
    (MY, "DROP TABLE logs", "DROP TRIGGER noted"),
    # MySQL's other words for a new name
    (MY, "ALTER TABLE goats RENAME herd", "ALTER TABLE goats ADD size int"),
    (MY, "ALTER TABLE goats RENAME = herd", "ALTER TABLE goats ADD size int"),
    (MY, "ALTER TABLE goats ADD size int, RENAME AS herd", "CREATE TABLE herd (id int)"),
    # triggers that stand are switched off, and one that the other side makes is none of them
    (PG, "ALTER TABLE goats DISABLE TRIGGER ALL", "CREATE TRIGGER t AFTER INSERT ON goats EXECUTE FUNCTION f()"),
    (PG, "ALTER TABLE goats ENABLE TRIGGER USER", "CREATE TRIGGER t AFTER INSERT ON goats EXECUTE FUNCTION f()"),
    # REPLACE deletes what is in its way, and what refers to it goes along
    (LITE, "INSERT INTO kids(id, goat) VALUES (1, 1)", "REPLACE INTO goats(id, name) VALUES (1, 'a')"),
    (LITE, "INSERT INTO kids(id, goat) VALUES (1, 1)", "INSERT OR REPLACE INTO goats(id, name) VALUES (1, 'a')"),
    # a default that the other side's check does not let in
    (PG, "ALTER TABLE logs ADD CONSTRAINT c CHECK (what <> 'x')", "ALTER TABLE logs ALTER COLUMN what SET DEFAULT 'x'"),
    (MY, "ALTER TABLE logs ALTER what SET DEFAULT 'x'", "ALTER TABLE logs ADD CONSTRAINT c CHECK (what <> 'x')"),
    # TABLE t is SELECT * FROM t
    (PG, "DROP TABLE logs", "CREATE TABLE old_logs AS TABLE logs WITH NO DATA"),
    (PG, "ALTER TABLE logs ADD size int", "INSERT INTO goats TABLE logs"),
    (PG, "ALTER TABLE logs ALTER COLUMN what SET DATA TYPE varchar", "CREATE VIEW v AS TABLE logs"),
    # names that are swapped, and a table that goes along with one made anew
    *(
        (d, "ALTER TABLE goats RENAME TO t; ALTER TABLE logs RENAME TO goats; ALTER TABLE t RENAME TO logs", own)
        for d in (PG, MY, LITE)
        for own in ("ALTER TABLE goats ADD size int", "CREATE INDEX i ON goats (name)")
    ),
    (MY, ANEW.replace("DROP TABLE `goats`", "DROP TABLE `goats`, `logs`"), "ALTER TABLE logs ADD size int"),
    # operators that do not come with PostgreSQL, and the functions and classes behind them
    *(
        (PG, main, own)
        for main in (
            "DROP OPERATOR === (int, int)",
            "ALTER OPERATOR === (int, int) SET SCHEMA s",
            "DROP FUNCTION same(int, int) CASCADE",
        )
        for own in ("CREATE VIEW v AS SELECT id === 3 AS three FROM goats", "DELETE FROM goats WHERE id === -3")
    ),
    (PG, "DROP OPERATOR CLASS by_size USING btree", "CREATE INDEX i ON goats (name by_size DESC)"),
    (PG, "CREATE OPERATOR = (LEFTARG = farm, RIGHTARG = farm, FUNCTION = same)", "DELETE FROM goats WHERE id = 3"),
    # a constraint that was made of an index
    (PG, "ALTER TABLE logs DROP CONSTRAINT one_log", "CREATE TABLE t (what text REFERENCES logs(what))"),
    # rows that are written later, against a rule
    (
        PG,
        "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO logs(what) VALUES ('x'); END $$",
        "ALTER TABLE logs ADD CONSTRAINT c CHECK (what <> 'x')",
    ),
]
PASSES = [
    (LITE, "INSERT INTO kids(id) VALUES (1)", "INSERT INTO goats(id, name) VALUES (9, 'a')"),
    (LITE, "DROP TRIGGER noted; DROP TABLE logs", ANEW),
    (LITE, "DROP TABLE farms", ANEW),
    (LITE, "ALTER TABLE goats RENAME COLUMN age TO years", "ALTER TABLE farms RENAME TO yards"),
    (LITE, ANEW + NAME_AGAIN + AGE_AGAIN, "DROP INDEX goats_name_uq"),
    (LITE, ANEW + NAME_AGAIN + AGE_AGAIN, "UPDATE goats SET name = 'x'"),
    (LITE, ANEW + NAME_AGAIN + AGE_AGAIN, "ALTER TABLE goats ADD zip text; CREATE INDEX z ON goats (zip)"),
    (LITE, "DROP TABLE farms", "DROP TRIGGER IF EXISTS noted"),
    (MY, "ALTER TABLE goats RENAME COLUMN name TO title", "ALTER TABLE goats ADD size int"),
    (PG, "ALTER TABLE logs ADD CONSTRAINT c CHECK (id > 0)", "ALTER TABLE logs ALTER COLUMN what SET DEFAULT 'x'"),
    (PG, "ALTER TABLE logs ALTER COLUMN what SET NOT NULL", "ALTER TABLE logs ALTER COLUMN what SET DEFAULT 'x'"),
    (
        LITE,
        "CREATE VIEW v AS SELECT upper(what) FROM logs, json_each('[1]')",
        "ALTER TABLE goats RENAME COLUMN age TO a",
    ),
    (PG, "DROP OPERATOR === (int, int)", "CREATE VIEW v AS SELECT id >= -3 AND name <> 'x' AS more FROM goats"),
    (PG, "ALTER TABLE goats DISABLE TRIGGER s", "CREATE TRIGGER t AFTER INSERT ON goats EXECUTE FUNCTION f()"),
]


def _find(dialect: str, main: str, own: str) -> list[str]:
    return hazards_between(BASE[dialect], dialect, main, own)


@pytest.mark.parametrize(("dialect", "main", "own"), REFUSED)
def test_refused(dialect: str, main: str, own: str) -> None:
    assert _find(dialect, main, own)


@pytest.mark.parametrize(("dialect", "main", "own"), PASSES)
def test_passes(dialect: str, main: str, own: str) -> None:
    assert _find(dialect, main, own) == []


def test_says_what_is_left_dangling() -> None:
    assert (
        _find(LITE, "DROP TABLE logs", ANEW)[0]
        == f'the mainline drops table "logs", {REFUSES} "goats", which SQLite then refuses'
    )


FUNCTION = "CREATE FUNCTION twice(n integer) RETURNS integer LANGUAGE sql AS $$ SELECT n + n $$"
FUNCTION_AGAIN = FUNCTION.replace("CREATE", "CREATE OR REPLACE")
DOUBLED = "ALTER TABLE goats ADD d integer GENERATED ALWAYS AS (twice(id)) STORED"
ONCE = "INSERT INTO goats(name) VALUES ('a') ON CONFLICT (name) DO NOTHING"
WITHOUT = [  # dialect, deleted by one side, used by the other, what is said of the deleted one
    (PG, FUNCTION, DOUBLED, 'creates function "twice", which the branch uses'),
    (PG, FUNCTION, "DROP FUNCTION twice(integer)", 'creates function "twice", which the branch drops'),
    (
        PG,
        "CREATE SEQUENCE s",
        "ALTER TABLE goats ADD n int DEFAULT nextval('s')",
        'creates sequence "s", which the branch uses',
    ),
    (PG, "CREATE INDEX i ON goats (name)", "DROP INDEX i", 'creates index "i", which the branch drops'),
    (
        PG,
        "ALTER TYPE mood ADD VALUE 'mad'",
        "ALTER TABLE goats ADD m mood DEFAULT 'mad'::mood",
        "creates value 'mad' of type \"mood\", which the branch uses",
    ),
    (
        PG,
        "CREATE EXTENSION pgcrypto",
        "UPDATE goats SET name = crypt(name, 'x')",
        'creates extension "pgcrypto", which the branch uses',
    ),
    (PG, "ALTER TABLE goats ADD UNIQUE (name)", ONCE, 'makes a unique key of table "goats", which the branch uses'),
    (PG, "CREATE UNIQUE INDEX i ON goats (name)", ONCE, 'makes a unique key of table "goats", which the branch uses'),
    (PG, "CREATE ROLE keeper", "GRANT SELECT ON goats TO keeper", 'creates role "keeper", which the branch uses'),
    (PG, "INSERT INTO goats(id) VALUES (7)", "ALTER TABLE logs ADD g int REFERENCES goats(id)", ""),
    (
        PG,
        "INSERT INTO goats(id) VALUES (7)",
        "INSERT INTO logs(what) VALUES ('x'); ALTER TABLE logs ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES goats(id)",
        'writes rows of table "goats", which the branch uses',
    ),
    (
        MY,
        "CREATE INDEX i ON goats (name)",
        "DROP INDEX i ON goats",
        'creates index "i" of table "goats", which the branch drops',
    ),
    (
        LITE,
        "CREATE TRIGGER t AFTER INSERT ON goats BEGIN SELECT 1; END",
        "DROP TRIGGER t",
        'creates trigger "t" of table "goats", which the branch drops',
    ),
    (PG, FUNCTION, FUNCTION + ";" + DOUBLED, ""),
    (PG, FUNCTION, FUNCTION_AGAIN, ""),
    (PG, "CREATE INDEX i ON goats (name)", "DROP INDEX IF EXISTS i", ""),
    (PG, "CREATE EXTENSION pgcrypto", "ALTER TABLE goats ADD age int", ""),
    (PG, "CREATE UNIQUE INDEX i ON goats (name)", "CREATE TABLE t (g int REFERENCES goats(id))", ""),
    (PG, "INSERT INTO goats(id) VALUES (7)", "UPDATE goats SET name = 'x'", ""),
]


@pytest.mark.parametrize(("dialect", "deleted", "used", "said"), WITHOUT)
def test_what_was_deleted_is_needed(dialect: str, deleted: str, used: str, said: str) -> None:
    gone, user = [Script("gone", deleted)], [Script("user", used)]
    assert [h.reason for h in find_unfounded(gone, user, [], "the branch", dialect)][:1] == ([said] if said else [])
    assert list(find_unfounded(gone, user, [Script("kept", deleted)], "the branch", dialect)) == []
