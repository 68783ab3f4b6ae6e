"""What is let pass commutes: random pairs on SQLite, run in both orders, end with one schema and the same rows."""

from __future__ import annotations

import random
import re
import sqlite3

import pytest

from drizzle_guard.replay.ground import known_before
from drizzle_guard.replay.hazards import Script, find_hazards

BASE = (
    "CREATE TABLE a (id integer PRIMARY KEY, n text, x integer, y integer);"
    "CREATE TABLE b (id integer PRIMARY KEY, n text, x integer, a_id integer REFERENCES a(id) ON DELETE CASCADE);"
    "CREATE INDEX a_x ON a (x); CREATE UNIQUE INDEX a_n ON a (n); CREATE VIEW v AS SELECT n FROM a;"
    "CREATE TRIGGER t AFTER UPDATE ON b BEGIN UPDATE a SET y = y + 1; END;"
    "INSERT INTO a VALUES (1, 'p', 1, 1), (2, 'q', 2, 2); INSERT INTO b VALUES (1, 'r', 1, 1), (2, 's', 2, 2);"
)
SHAPES = (
    "ALTER TABLE {t} ADD {c} integer",
    "ALTER TABLE {t} ADD {c} text DEFAULT 'd'",
    "ALTER TABLE {t} DROP COLUMN {c}",
    "ALTER TABLE {t} RENAME COLUMN {c} TO {d}",
    "ALTER TABLE {t} RENAME TO {k}",
    "CREATE INDEX {i} ON {t} ({c})",
    "CREATE UNIQUE INDEX {i} ON {t} ({c})",
    "DROP INDEX {i}",
    "CREATE TABLE {k} ({c} integer)",
    "DROP TABLE {t}",
    "CREATE VIEW {k} AS SELECT {c} FROM {t}",
    "DROP VIEW v",
    "INSERT INTO {t} (n, x) VALUES ('{v}', {m})",
    "INSERT INTO {t} (id, n) VALUES ({m}, '{v}')",
    "INSERT OR IGNORE INTO {t} (id, n) VALUES ({m}, '{v}')",
    "UPDATE {t} SET {c} = {m}",
    "UPDATE {t} SET {c} = {m} WHERE {d} = 1",
    "DELETE FROM {t} WHERE {c} = {m}",
    "CREATE TRIGGER {k} AFTER INSERT ON {t} BEGIN UPDATE b SET x = x + 1; END",
    "CREATE TABLE {k} AS SELECT {c} FROM {t}",
)


def _statement(rng: random.Random) -> str:
    pick = rng.choice
    return pick(SHAPES).format(
        t=pick(("a", "b")),
        c=pick(("n", "x", "y", "z", "w")),
        d=pick(("n", "x", "z")),
        k=pick(("k", "l", "v")),
        i=pick(("i", "a_x", "a_n")),
        v=pick(("p", "u", "w")),
        m=pick((1, 2, 5)),
    )


def _run(*scripts: str) -> object:
    """The schema and the rows after the scripts; None where one fails."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        for script in (BASE, *scripts):
            connection.executescript(script)
        made = connection.execute("SELECT name, type, tbl_name FROM sqlite_master ORDER BY 1, 2").fetchall()
        rows = {}
        for name, kind, _ in made:
            if kind in ("table", "view"):
                cursor = connection.execute(f'SELECT * FROM "{name}"')
                columns = [c[0] for c in cursor.description]
                # a key that the database gives out tells who came first, and nothing else
                found = [{c: v for c, v in zip(columns, row, strict=True) if c != "id"} for row in cursor]
                rows[name] = sorted(repr(sorted(row.items())) for row in found)
        return made, rows
    except sqlite3.Error:
        return None
    finally:
        connection.close()


@pytest.mark.parametrize("seed", range(4))
def test_what_passes_commutes(seed: int) -> None:
    rng = random.Random(seed)
    known = known_before(lambda: [Script("base", BASE)], None, [], "sqlite")
    passed = 0
    for _ in range(700):
        main, own = _statement(rng), _statement(rng)
        if _run(main) is None or _run(own) is None:
            continue  # it does not work on its own
        if next(find_hazards([Script("m", main)], [Script("o", own)], "sqlite", known), None) is not None:
            continue
        first, second = _run(main, own), _run(own, main)
        assert first is not None, (main, own)
        if second is not None:
            assert first == second, (main, own)
        passed += 1
    assert passed > 40


def test_the_statements_are_as_they_look() -> None:
    assert all(re.match(r"[A-Z]", shape) for shape in SHAPES)
