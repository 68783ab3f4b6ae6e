"""The next migrate as `status` foretells it, and as drizzle-orm's own migrator does it: no claim may be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support import foretold
from support.databases import BREAK, Place
from support.live.bench import Bench

FARMS = "CREATE TABLE farms (id int PRIMARY KEY, code varchar(20), acres int NOT NULL);"
ROW = FARMS + BREAK + "INSERT INTO farms VALUES (1, 'a', 2);"

KIND = "CREATE TYPE kind AS ENUM ('a');"
COWS = FARMS + BREAK + "CREATE TABLE cows (farm int, CONSTRAINT cows_farm FOREIGN KEY (farm) REFERENCES farms (id));"
DO = "DO $$ BEGIN {}; EXCEPTION WHEN duplicate_object THEN null; END $$;"
VIEW = FARMS + BREAK + "CREATE VIEW v AS SELECT id FROM farms;"

#: of every kind of database: the first migration, which ran, and the next one
EVERYWHERE = [
    (FARMS, "CREATE TABLE barns (id int);"),
    (FARMS, "CREATE TABLE farms (id int);"),
    (FARMS, "CREATE TABLE IF NOT EXISTS farms (id int);"),
    (FARMS, "ALTER TABLE farms ADD COLUMN size int;"),
    (FARMS, "ALTER TABLE farms ADD COLUMN code int;"),
    (FARMS, "ALTER TABLE sheds ADD COLUMN size int;"),
    (FARMS, "ALTER TABLE farms DROP COLUMN nothing;"),
    (FARMS, "ALTER TABLE farms DROP COLUMN code;"),
    (FARMS, "DROP TABLE farms;"),
    (FARMS, "DROP TABLE sheds;"),
    (FARMS, "DROP TABLE IF EXISTS sheds;"),
    (FARMS, "CREATE INDEX farms_acres ON farms (acres);"),
    (FARMS, "CREATE INDEX sheds_id ON sheds (id);"),
    (FARMS + BREAK + "CREATE INDEX i ON farms (acres);", "CREATE INDEX i ON farms (acres);"),
    (ROW, "INSERT INTO farms VALUES (1, 'b', 2);"),
    (ROW, "INSERT INTO sheds VALUES (1);"),
    (ROW, "UPDATE farms SET acres = 3;"),
    (ROW, "ALTER TABLE farms ADD COLUMN size int NOT NULL;"),
    (ROW, "ALTER TABLE farms ADD COLUMN size int DEFAULT 1 NOT NULL;"),
    (FARMS, f"CREATE TABLE barns (id int);{BREAK}ALTER TABLE barns ADD COLUMN id int;"),
    (FARMS, f"CREATE TABLE barns (id int);{BREAK}DROP TABLE barns;{BREAK}CREATE TABLE barns (id int);"),
    (FARMS, f"ALTER TABLE farms RENAME TO fields;{BREAK}ALTER TABLE fields ADD COLUMN size int;"),
    (FARMS, f"ALTER TABLE farms RENAME COLUMN code TO name;{BREAK}ALTER TABLE farms ADD COLUMN code int;"),
    (FARMS, "ALTER TABLE farms ADD COLUMN one int;\nALTER TABLE farms ADD COLUMN two int;"),
    (FARMS, "-- nothing to run"),
    (FARMS, "CREATE TABLE barns (id int,);"),
    (FARMS, "DROP INDEX i ON farms;"),
    (FARMS, "DROP TABLE __drizzle_migrations;"),
    (FARMS, "CREATE TABLE barns (id int, farm int, FOREIGN KEY (nowhere) REFERENCES farms (id));"),
    (FARMS, f"CREATE TABLE barns (id int);{BREAK}"),
    (FARMS, f"CREATE TABLE barns (id int);{BREAK}-- a remark{BREAK}CREATE TABLE sheds (id int);"),
    (FARMS, f"BEGIN;{BREAK}CREATE TABLE barns (id int);{BREAK}COMMIT;"),
    (FARMS, "CREATE TABLE order (id int);"),
    (FARMS, "CREATE TABLE barns (id int, desc int);"),
    (FARMS, "CREATE TABLE barns (id int) nonsense;"),
    (FARMS, "CREATE TABLE barns (id int NOT NULL NULL);"),
    (FARMS, "CREATE TABLE barns (id int DEFAULT 1 DEFAULT 2);"),
    (FARMS, "CREATE INDEX i ON farms (id, id);"),
    (FARMS, "ALTER TABLE farms RENAME COLUMN code TO code;"),
    (VIEW, "DROP TABLE IF EXISTS v;"),
    (FARMS, "VACUUM;"),
    (FARMS, "CREATE TABLE barns (id int);\0"),
    (ROW, "ALTER TABLE farms ADD COLUMN b int DEFAULT NULL NOT NULL;"),
]
ONLY = {
    "postgresql": [
        ('CREATE TABLE "Farms" (id int);', 'CREATE TABLE "farms" (id int);'),
        (FARMS, "CREATE TABLE FARMS (id int);"),
        (FARMS, "COMMENT ON TABLE farms IS 'index built concurrently';"),
        (FARMS, "CREATE INDEX CONCURRENTLY c ON farms (acres);"),
        ("CREATE TYPE kind AS ENUM ('a');", "ALTER TYPE kind ADD VALUE 'b';"),
        ("CREATE TYPE kind AS ENUM ('a');", "CREATE TYPE kind AS ENUM ('a');"),
        (KIND, f"ALTER TYPE kind ADD VALUE 'b';{BREAK}CREATE TABLE k (k kind DEFAULT 'b');"),
        (KIND, "CREATE TABLE k (k kind DEFAULT 'a' NOT NULL);"),
        (VIEW, "DROP TABLE farms;"),
        (VIEW, f"DROP TABLE farms CASCADE;{BREAK}CREATE VIEW v AS SELECT 1;"),
        (FARMS, "ALTER TABLE farms ALTER COLUMN code SET DEFAULT 'x';"),
        (FARMS, "ALTER TABLE farms ALTER COLUMN nothing DROP DEFAULT;"),
        (FARMS, "CREATE TABLE nowhere.barns (id int);"),
        (FARMS, "CREATE SCHEMA barn;\nCREATE TABLE barn.cows (id int);"),
        (FARMS, "CREATE TABLE cows (farm int REFERENCES farms (id), name text);"),
        (FARMS, "ALTER TABLE farms DROP CONSTRAINT nothing;"),
        (FARMS, "/* never ends"),
        (FARMS, "CREATE TABLE barns (a varchar(0));"),
        (KIND, "ALTER TYPE kind ADD VALUE 'b' BEFORE 'zz';"),
        (KIND, "ALTER TYPE kind ADD VALUE 'b' BEFORE 'a';"),
        (FARMS, "DO $$ BEGIN CREATE TABLE d (id int); END $$;\nALTER TABLE d ADD COLUMN x int;"),
        (FARMS, f"CREATE TABLE {'y' * 70} (id int);{BREAK}CREATE TABLE {'y' * 71} (id int);"),
        (KIND, "CREATE SEQUENCE kind;"),
        (KIND, "CREATE TABLE kind (id int);"),
        (FARMS, "CREATE TYPE farms AS ENUM ('a');"),
        (FARMS, "CREATE TABLE barns (id int CONSTRAINT farms_pkey PRIMARY KEY);"),
        (FARMS, f"SET search_path TO drizzle;{BREAK}{FARMS}"),
        (FARMS, "CREATE SCHEMA pg_mine;"),
        (FARMS, "CREATE TABLE barns (id text GENERATED ALWAYS AS IDENTITY);"),
        (FARMS, "CREATE TABLE barns (ctid int);"),
        (FARMS, 'CREATE TABLE barns ("" int);'),
        (FARMS, "DROP INDEX IF EXISTS farms;"),
        (FARMS, DO.format("ALTER TABLE nothing ADD CONSTRAINT x FOREIGN KEY (a) REFERENCES farms (id)")),
        (FARMS, DO.format("CREATE TABLE farms (id int)")),
        (KIND, DO.format("CREATE TYPE kind AS ENUM ('a')")),
        (KIND, f"ALTER TYPE kind RENAME VALUE 'a' TO 'z';{BREAK}CREATE TABLE k (k kind DEFAULT 'z');"),
        (KIND + "CREATE TABLE k (k kind);", f"ALTER TYPE kind ADD VALUE 'b';{BREAK}INSERT INTO k VALUES ('b');"),
        (FARMS, "ALTER TABLE farms ALTER COLUMN id DROP NOT NULL;"),
        (FARMS, "ALTER TABLE farms ADD PRIMARY KEY (acres);"),
    ],
    "mysql": [
        (FARMS, "CREATE TABLE `Farms` (id int);"),
        (FARMS, "ALTER TABLE farms MODIFY COLUMN code varchar(40);"),
        (FARMS, "ALTER TABLE farms ADD COLUMN CODE int;"),
        (FARMS, "CREATE TABLE cows (id int, CONSTRAINT cows_id PRIMARY KEY (id));"),
        (FARMS, "ALTER TABLE farms RENAME TO farms;"),
        (FARMS, "ALTER TABLE farms ADD COLUMN size int AFTER nothing;"),
        (FARMS, "CREATE TABLE barns (code varchar(70000));"),
        (FARMS, f"CREATE TABLE {'x' * 70} (id int);"),
        (FARMS, "CREATE TABLE barns (id int, farm int, CONSTRAINT f FOREIGN KEY (farm) REFERENCES farms (id));"),
        (COWS, "CREATE TABLE barns (farm int, CONSTRAINT cows_farm FOREIGN KEY (farm) REFERENCES farms (id));"),
        (FARMS, "CREATE TABLE barns (a int AUTO_INCREMENT PRIMARY KEY, b int AUTO_INCREMENT UNIQUE);"),
        (FARMS, "CREATE TABLE barns (id varchar(3) AUTO_INCREMENT PRIMARY KEY);"),
        (FARMS, f"CREATE TABLE barns ({', '.join(f'a{n} varchar(9999)' for n in range(8))});"),
        (FARMS, f"CREATE TABLE barns ({', '.join(f'a{n} int' for n in range(1100))});"),
        (FARMS, "RENAME TABLE farms TO farms;"),
        (FARMS, "CREATE TABLE `barns ` (id int);"),
        (FARMS, "CREATE TABLE barns (`id ` int);"),
        (FARMS, "CREATE TABLE barns (id int, KEY PRIMARY (id));"),
        (FARMS, "CREATE TABLE barns (id int) ENGINE=nothing;"),
        (FARMS, "CREATE TABLE barns (a varchar(9) COLLATE nothing);"),
        (FARMS, "CREATE TABLE barns (a varchar(9) CHARACTER SET nothing);"),
        (FARMS, "CREATE PROCEDURE p() BEGIN SELECT 1; END;"),
        (FARMS, "/*!40101 SET NAMES utf8 */;"),
        (FARMS, "CREATE TABLE `barns` (`id` int AUTO_INCREMENT NOT NULL, CONSTRAINT `barns_id` PRIMARY KEY(`id`));"),
    ],
    "sqlite": [
        (FARMS, "INSERT INTO main.farms VALUES (9, 'x', 1);"),
        (FARMS, "CREATE TABLE FARMS (id int);"),
        (FARMS, "PRAGMA foreign_keys=OFF;"),
        (FARMS, "/* CREATE TABLE x (id int);"),
        (FARMS, "ALTER TABLE farms DROP COLUMN id;"),
        (FARMS, "ALTER TABLE farms ADD COLUMN IF NOT EXISTS size int;"),
        (FARMS, "CREATE TABLE sqlite_barns (id int);"),
        (FARMS, "CREATE TABLE barns (id varchar(3)) STRICT;"),
        (FARMS, "CREATE TABLE barns (id int) WITHOUT ROWID;"),
        (FARMS, "CREATE TABLE barns (id int AUTOINCREMENT);"),
        (FARMS, "CREATE INDEX farms ON farms (id);"),
        (FARMS, 'CREATE INDEX q ON farms ("nothing");'),
        (FARMS, f"CREATE TRIGGER t AFTER INSERT ON farms BEGIN SELECT 1; SELECT 2; END;{BREAK}DROP TRIGGER t;"),
        (FARMS, "DROP TRIGGER t;"),
        (FARMS, 'CREATE TABLE barns (id int, code text DEFAULT "x");'),
        (VIEW, f"CREATE TABLE __new_farms (id int);{BREAK}DROP TABLE farms;{BREAK}"
         "ALTER TABLE __new_farms RENAME TO farms;"),
        (COWS, "ALTER TABLE cows RENAME COLUMN farm TO field;"),
        (COWS, "ALTER TABLE farms DROP COLUMN id;"),
    ],
}  # fmt: skip
DRIVERS = {"postgresql": "pg", "mysql": "mysql2", "sqlite": "@libsql/client"}
RESET = {
    "postgresql": [
        "DROP SCHEMA public CASCADE; DROP SCHEMA IF EXISTS drizzle CASCADE; DROP SCHEMA IF EXISTS barn CASCADE; "
        "CREATE SCHEMA public"
    ],
    "mysql": [
        "DROP VIEW IF EXISTS v",
        "DROP PROCEDURE IF EXISTS p",
        *(
            f"DROP TABLE IF EXISTS {name}"
            for name in ("cows", "barns", "farms", "fields", "sheds", "`Farms`", "`order`", "__drizzle_migrations")
        ),
    ],
    "sqlite": [],
}


def folder(place: Place, number: int, *sql: str) -> Path:
    """A migrations folder of its own for each file."""
    name = f"case{number}/drizzle"
    place.write(*((f"{n:04}_m", 1000 * (n + 1), text) for n, text in enumerate(sql)), folder=name)
    return place.path / name


#: the first set was there while the foretelling was written, the second one was not
SETS = {
    "first": {kind: [*EVERYWHERE, *more] for kind, more in ONLY.items()},
    "second": {kind: [*foretold.EVERYWHERE, *more] for kind, more in foretold.ONLY.items()},
}


@pytest.mark.parametrize("which", SETS)
@pytest.mark.parametrize("kind", ["postgresql", "mysql", "sqlite"])
def test_no_claim_about_the_next_migrate_is_wrong(kind: str, which: str, tmp_path: Path) -> None:
    place = Place(tmp_path, kind)
    place.path.mkdir(parents=True)
    packages = {"dependencies": {DRIVERS[kind]: "*"}}
    (place.path / "package.json").write_text(json.dumps(packages), "utf-8")
    cases = SETS[which][kind]
    claims: list[dict[str, Any]] = []
    for number, (first, then) in enumerate(cases):
        if kind == "sqlite":
            Path(place.url).unlink(missing_ok=True)
        place.run(*RESET[kind])
        place.applied(("0000_m", 1000, first))
        name = str(folder(place, number, first, then).relative_to(place.path))
        claims.append(json.loads(place.guard("status", name, "--json").out)["next"])
    steps: list[dict[str, Any]] = []
    for number, (first, then) in enumerate(cases):
        tables = [
            "DROP VIEW IF EXISTS v",
            *(
                f"DROP TABLE IF EXISTS {t}"
                for t in ("temp.farms", "cows", "farms", "barns", "fields", "sheds", "x", "i", "__drizzle_migrations")
            ),
        ]
        before = folder(place, 1000 + number, first)
        steps.append({"execute": RESET[kind] or tables})
        steps += [{"migrate": before}, {"migrate": folder(place, number, first, then), "try": True}]
    if kind == "sqlite":
        Path(place.url).unlink(missing_ok=True)
    results = Bench.require().run(place.live_url, steps)[2::3]
    wrong, counts = [], {"runs": 0, "fails": 0, "cannot-tell": 0}
    for (_, then), claim, result in zip(cases, claims, results, strict=True):
        counts[claim["outcome"]] += 1
        if claim["outcome"] != "cannot-tell" and (claim["outcome"] == "runs") is not (result is True):
            wrong.append((then, claim, result))
    assert wrong == []
    assert len(cases) >= 60
    print(f"{kind}, {which} set: {len(cases)} files, {counts}")
    assert counts["runs"] >= 10 and counts["fails"] >= 12, counts  # it does not hide behind "cannot tell"
