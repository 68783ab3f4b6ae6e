"""Tables behind tables: partitions, heirs, views that are written to, domains, foreign keys that carry an update on."""

from __future__ import annotations

from functools import cache

import pytest

from drizzle_guard.replay.ground import known_before
from drizzle_guard.replay.hazards import Script, find_hazards
from drizzle_guard.sql.footprint.known import Known

BASE = """
    CREATE TABLE goats (id serial PRIMARY KEY, name text, code text UNIQUE, age integer);
    CREATE TABLE logs (id serial PRIMARY KEY, what text);
    CREATE TABLE kids (id serial PRIMARY KEY, goat text REFERENCES goats(code) ON UPDATE CASCADE);
    CREATE VIEW names AS SELECT id, name FROM goats;
    CREATE TABLE days (day date NOT NULL, what text) PARTITION BY RANGE (day);
    CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
    CREATE TABLE animals (name text, legs integer); CREATE TABLE birds (wings integer) INHERITS (animals);
    CREATE DOMAIN short AS text; CREATE TABLE notes (id serial PRIMARY KEY, s short);
    CREATE TYPE mood AS ENUM('sad', 'ok'); CREATE TABLE moods (id serial PRIMARY KEY, all_of mood[]);
"""
REFUSED = [
    # a write to a view is one to its table
    ("UPDATE names SET name = 'x'", "ALTER TABLE goats ADD CONSTRAINT c CHECK (name <> 'x')"),
    ("UPDATE names SET name = 'x'", "UPDATE goats SET name = 'y'"),
    ("INSERT INTO names(id, name) VALUES (9, 'x')", "ALTER TABLE goats ADD CONSTRAINT u UNIQUE (name)"),
    ("DELETE FROM names WHERE id = 3", "INSERT INTO kids(goat) SELECT code FROM goats"),
    # partitions
    ("INSERT INTO days_1 VALUES ('2020-01-03', NULL)", "ALTER TABLE days ALTER COLUMN what SET NOT NULL"),
    (
        "INSERT INTO days(day, what) VALUES ('2020-01-03', 'n')",
        "ALTER TABLE days_1 ADD CONSTRAINT c CHECK (what <> 'n')",
    ),
    ("UPDATE days SET what = 'n'", "UPDATE days_1 SET what = 'm'"),
    ("ALTER TABLE days RENAME COLUMN what TO news", "CREATE INDEX i ON days_1 (what)"),
    (
        "CREATE TABLE days_2 PARTITION OF days FOR VALUES FROM ('2020-02-01') TO ('2020-03-01');"
        "INSERT INTO days_2 VALUES ('2020-02-03', NULL)",
        "ALTER TABLE days ALTER COLUMN what SET NOT NULL",
    ),
    ("DROP TABLE days", "ALTER TABLE days_1 ADD CONSTRAINT c CHECK (what <> 'n')"),
    # heirs
    ("UPDATE animals SET legs = 1", "UPDATE birds SET legs = 2"),
    ("INSERT INTO birds(name, legs) VALUES ('a', 9)", "ALTER TABLE animals ADD CONSTRAINT c CHECK (legs < 9)"),
    ("INSERT INTO birds(name, legs) VALUES ('a', 9)", "DELETE FROM animals"),
    ("ALTER TABLE animals ADD COLUMN tail int", "ALTER TABLE birds ADD COLUMN tail int"),
    ("ALTER TABLE animals RENAME COLUMN legs TO feet", "CREATE INDEX i ON birds (legs)"),
    # a rule of a domain is one for its columns
    ("INSERT INTO notes(s) VALUES ('bad')", "ALTER DOMAIN short ADD CHECK (VALUE <> 'bad')"),
    ("INSERT INTO notes(id) VALUES (7)", "ALTER DOMAIN short SET NOT NULL"),
    # values in an array
    ("INSERT INTO moods(all_of) VALUES ('{sad,ok}')", "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"),
    ("ALTER TABLE moods ALTER COLUMN all_of SET DEFAULT '{sad}'", "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'"),
    # an update that a foreign key carries on
    ("UPDATE goats SET code = 'b'", "UPDATE kids SET goat = 'c'"),
    ("UPDATE goats SET code = 'b'", "ALTER TABLE kids ADD CONSTRAINT c CHECK (goat <> 'b')"),
    # whole rows, and what the catalogue says
    ("ALTER TABLE goats ALTER COLUMN age TYPE bigint", "CREATE TABLE copies (one goats)"),
    ("ALTER TABLE goats ADD COLUMN size int", "INSERT INTO logs(what) SELECT g::text FROM goats g"),
    (
        "ALTER TABLE goats ADD COLUMN size int",
        "INSERT INTO logs(what) SELECT column_name FROM information_schema.columns WHERE table_name = 'goats'",
    ),
]
PASSES = [
    ("UPDATE names SET name = 'x'", "ALTER TABLE goats ADD COLUMN size int NOT NULL DEFAULT 0"),
    ("INSERT INTO days_1 VALUES ('2020-01-03', 'a')", "ALTER TABLE days ADD COLUMN who text"),
    ("CREATE INDEX i ON days_1 (what)", "CREATE INDEX j ON days (what)"),
    ("ALTER TABLE birds ADD COLUMN beak int", "ALTER TABLE animals ADD COLUMN tail int"),
    ("UPDATE goats SET name = 'b'", "UPDATE kids SET goat = 'c'"),
    ("ALTER TABLE goats ALTER COLUMN age TYPE bigint", "ALTER TABLE goats ALTER COLUMN name TYPE varchar"),
    ("ALTER DOMAIN short ADD CHECK (VALUE <> 'bad')", "INSERT INTO logs(what) VALUES ('bad')"),
]


@cache
def _known() -> Known:
    return known_before(lambda: [Script("base", BASE)], None, [], "postgresql")


def _find(main: str, own: str) -> list[str]:
    return [h.reason for h in find_hazards([Script("main", main)], [Script("own", own)], "postgresql", _known())]


@pytest.mark.parametrize(("one", "other"), REFUSED)
def test_refused_in_both_orders(one: str, other: str) -> None:
    assert _find(one, other) and _find(other, one)


@pytest.mark.parametrize(("one", "other"), PASSES)
def test_passes_in_both_orders(one: str, other: str) -> None:
    assert _find(one, other) == _find(other, one) == []
