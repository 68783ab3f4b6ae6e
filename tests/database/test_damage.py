"""What a migration made is looked up: what was changed by hand is said, and what is not seen proves nothing."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from drizzle_guard.database.row_sql import Names
from support.databases import Place, joined

FARMS = "CREATE TABLE farms (id int PRIMARY KEY, acres int);"
COWS = "CREATE TABLE cows (id int, farm int, CONSTRAINT ff FOREIGN KEY (farm) REFERENCES farms (id));"
LONG = "cows_with_a_long_name_farm_with_a_long_name_farms_id_with_a_long_name_fk"
CHECK = "ALTER TABLE farms ADD CONSTRAINT c CHECK (acres > 0)"

#: what ran, what somebody did by hand, what is then said of it
CASES = {
    "postgresql": [
        ("CREATE TYPE k AS ENUM ('a', 'b');", "DROP TYPE k; CREATE TYPE k AS ENUM ('b', 'a')",
         "type k: values is 'b','a', not 'a','b'"),
        (joined("CREATE TYPE k AS ENUM ('a', 'c');", "ALTER TYPE k ADD VALUE 'b' BEFORE 'c';",
                "ALTER TYPE k ADD VALUE 'd' AFTER 'a';", "ALTER TYPE k RENAME VALUE 'a' TO 'z';"),
         "DROP TYPE k; CREATE TYPE k AS ENUM ('z', 'b', 'd', 'c')",
         "type k: values is 'z','b','d','c', not 'z','d','b','c'"),
        ("CREATE INDEX i ON farms (acres) WHERE acres > 1;", "DROP INDEX i; CREATE INDEX i ON farms (acres)",
         "index i of farms: where is none, not acres>1"),
        ("CREATE INDEX i ON farms (acres);", "DROP INDEX i; CREATE INDEX i ON farms (acres) WHERE acres > 1",
         "index i of farms: where is acres>1, not none"),
        (f"{CHECK};", f"ALTER TABLE farms DROP CONSTRAINT c; {CHECK} NOT VALID",
         "constraint c of farms: validated is none, not yes"),
        (COWS, "ALTER TABLE cows DROP CONSTRAINT ff; "
         "ALTER TABLE cows ADD CONSTRAINT ff FOREIGN KEY (farm) REFERENCES farms (id) NOT VALID",
         "constraint ff of cows: validated is none, not yes"),
        (COWS.replace("ff", LONG), f"ALTER TABLE cows DROP CONSTRAINT {LONG[:63]}",
         f"constraint {LONG[:63]} of cows is not there"),
        ("ALTER TABLE farms ADD CONSTRAINT once EXCLUDE USING btree (acres WITH =);",
         "ALTER TABLE farms DROP CONSTRAINT once", "constraint once of farms is not there"),
        ("ALTER TABLE farms ADD CONSTRAINT once EXCLUDE USING btree (acres WITH =);",
         "ALTER TABLE farms DROP CONSTRAINT once; ALTER TABLE farms ADD CONSTRAINT once UNIQUE (acres)",
         "constraint once of farms: is is unique, not exclude"),
        ("CREATE TABLE cows (id int CONSTRAINT cows_key PRIMARY KEY);", "ALTER TABLE cows DROP CONSTRAINT cows_key",
         "constraint cows_key of cows is not there"),
        (joined("CREATE SCHEMA barn;", "SET search_path TO barn;", "CREATE TABLE cows (id int);",
                "RESET search_path;"), "DROP SCHEMA barn CASCADE", "schema barn is not there"),
    ],
    "mysql": [
        ("CREATE TABLE cows (id int AUTO_INCREMENT PRIMARY KEY);", "ALTER TABLE cows MODIFY id int NOT NULL",
         "column cows.id: numbered is none, not yes"),
        ("CREATE TABLE cows (id int, x int AS (id + 1) STORED);", "ALTER TABLE cows MODIFY x int",
         "column cows.x: computed is none, not yes"),
        (joined("CREATE TABLE cows (id int AUTO_INCREMENT PRIMARY KEY);", "ALTER TABLE cows MODIFY id int NOT NULL;"),
         "DROP TABLE cows", "table cows is not there"),
    ],
    "sqlite": [
        ("CREATE INDEX i ON farms (acres) WHERE acres > 1;", "DROP INDEX i; CREATE INDEX i ON farms (acres)",
         "index i of farms: where is none, not acres>1"),
        ("CREATE INDEX i ON farms (acres);", "DROP INDEX i; CREATE INDEX i ON farms (acres) WHERE acres > 1",
         "index i of farms: where is acres>1, not none"),
    ],
}  # fmt: skip
RESET = {
    "postgresql": ["DROP SCHEMA IF EXISTS drizzle, barn, public CASCADE", "CREATE SCHEMA public"],
    "mysql": [f"DROP TABLE IF EXISTS {name}" for name in ("cows", "farms", "__drizzle_migrations")],
    "sqlite": [f"DROP TABLE IF EXISTS {name}" for name in ("farms", "__drizzle_migrations")],
}


@pytest.mark.parametrize("kind", CASES)
def test_what_was_changed_by_hand_is_said(kind: str, tmp_path: Path) -> None:
    place = Place(tmp_path, kind)
    names = Names(kind, "drizzle", "__drizzle_migrations")
    for sql, damage, words in CASES[kind]:
        first, last = ("0000_farms", 1000, FARMS), ("0001_more", 2000, sql)
        place.write(first, last)
        place.run(*RESET[kind])
        place.applied(first, last)
        assert place.status()["in_step"], sql
        place.run(f"DELETE FROM {names.quoted} WHERE created_at = 2000")
        adopted = not {"search_path", "EXCLUDE"} & set(sql.split())  # where that table is, and how it compares
        assert (place.status()["migrations"][1]["verdict"] == "applied-not-recorded") is adopted, sql
        place.run(*damage.split("; "))
        assert place.status()["migrations"][1]["verdict"] != "applied-not-recorded", sql
        place.run(names.insert(sha256(sql.encode()).hexdigest(), 2000).sql)
        found = place.status()["migrations"][1]
        assert words in found["missing"], (sql, found)


@pytest.mark.parametrize(
    "rule", ["UNIQUE NULLS NOT DISTINCT (acres)", "UNIQUE (acres) DEFERRABLE", "CHECK (acres > 0) NO INHERIT"]
)
def test_what_the_catalog_is_not_asked_about_is_not_adopted(rule: str, tmp_path: Path) -> None:
    place = Place(tmp_path, "postgresql")
    first, last = ("0000_farms", 1000, FARMS), ("0001_rule", 2000, f"ALTER TABLE farms ADD CONSTRAINT u {rule};")
    place.write(first, last)
    place.applied(first)
    plain = rule.replace("NULLS NOT DISTINCT ", "").replace(" DEFERRABLE", "").replace(" NO INHERIT", "")
    place.run(f"ALTER TABLE farms ADD CONSTRAINT u {plain}")
    assert place.status()["migrations"][1]["verdict"] != "applied-not-recorded"
    place.run("ALTER TABLE farms DROP CONSTRAINT u")
    place.applied(last)
    shown = place.status()["migrations"]
    assert [m["proof"] for m in shown] == ["proved", "proved-in-part"]


def test_a_condition_that_reads_otherwise_is_no_proof(tmp_path: Path) -> None:
    """PostgreSQL writes a condition anew; where that is more than parentheses and casts, nothing is claimed."""
    place = Place(tmp_path, "postgresql")
    first = ("0000_farms", 1000, FARMS)
    last = ("0001_i", 2000, "CREATE INDEX i ON farms (acres) WHERE acres BETWEEN 1 AND 5;")
    place.write(first, last)
    place.applied(first)
    place.run("CREATE INDEX i ON farms (acres) WHERE acres BETWEEN 1 AND 6")
    assert place.status()["migrations"][1]["verdict"] != "applied-not-recorded"
    assert "Nothing to repair." in place.guard("repair", "--yes").out
