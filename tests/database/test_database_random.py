"""Any rows in `__drizzle_migrations`: an answer without traceback or control character, and no row lost.

Through the real SQLite edge, in this process.  `python -m support.campaigns rows` looks for longer.
"""

from __future__ import annotations

import itertools
import json
import re
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from drizzle_guard.database.report import StatusReport
from support.campaigns import examples
from support.databases import Entry, Place, Result

TABLE = "__drizzle_migrations"
FOLDER: tuple[Entry, ...] = (
    ("0000_init", 1000, "CREATE TABLE users (id int);"),
    ("0001_posts", 2000, "CREATE TABLE posts (id int);\n--> statement-breakpoint\nCREATE INDEX by ON posts (id);"),
    ("0002_empty", 2500, "-- Custom SQL migration file, put your code below! --"),
    ("0003_rows", 3000, "INSERT INTO users VALUES (1);"),
    ("0004_drop", 4000, "DROP TABLE posts;"),
)
HASHES = [sha256(sql.encode()).hexdigest() for _, _, sql in FOLDER]
#: everything that a terminal could take for a command, or for another line
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

Value = Any  # what SQLite may hold: None, int, float, str, bytes


class Database(NamedTuple):
    """What is in the file: the table's columns (SQL), its rows, and what of the folder has run."""

    columns: tuple[str, ...]
    tail: str
    rows: tuple[tuple[Value, ...], ...]
    ran: int
    view: bool


odd = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([-1, 0, 2**53, 2**62, 2**63 - 1, -(2**63)]),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(["\x1b[31m", "\u202e", "\0", "\n", "1000", "1e3", "a", "", " 1000 ", "' OR 1 --", "0x10", "1_000"]),
    st.binary(max_size=6),
)
ids = st.one_of(st.none(), st.integers(-2, 6), odd)
hashes = st.one_of(
    st.sampled_from(HASHES),
    st.sampled_from([*(h.upper() for h in HASHES[:2]), HASHES[0][:40], "", "\x1b]0;x\x07", "a'b", "a\\b", "é"]),
    odd,
)
times = st.one_of(st.sampled_from([when for _, when, _ in FOLDER]), st.integers(900, 4100), odd)


@st.composite
def databases(draw: st.DrawFn) -> Database:
    """A table that is Drizzle's, or nearly."""
    id_ = draw(st.sampled_from(["id SERIAL PRIMARY KEY", "id INTEGER PRIMARY KEY", "id", "id INTEGER"]))
    columns = [
        id_,
        draw(st.sampled_from(["hash text NOT NULL", "hash"])),
        draw(st.sampled_from(["created_at numeric", "created_at"])),
    ]
    sources = [ids, hashes, times]
    if draw(st.booleans()) and draw(st.booleans()):
        columns += ["name text", "applied_at TEXT"]
        sources += [st.one_of(st.sampled_from([tag for tag, _, _ in FOLDER]), odd), odd]
    if draw(st.integers(0, 9)) == 0:
        at = draw(st.integers(0, len(columns) - 1))
        columns[at] = "other" + columns[at].partition(" ")[0]
    if draw(st.integers(0, 5)) == 0:
        columns.append('"odd\x1b[0m"')
        sources.append(odd)
    rows = draw(st.lists(st.tuples(*sources), max_size=7))
    rows += draw(st.lists(st.sampled_from(rows), max_size=3)) if rows else []
    if rows and columns[-1].startswith('"odd'):
        rows.append((*rows[0][:-1], draw(odd)))
    tail = " WITHOUT ROWID" if "PRIMARY" in columns[0] and draw(st.integers(0, 9)) == 0 else ""
    return Database(tuple(columns), tail, tuple(rows), draw(st.integers(0, len(FOLDER))), draw(st.integers(0, 9)) == 0)


def make(file: Path, database: Database) -> None:
    """Write the file; rows that SQLite itself refuses are left out."""
    with closing(sqlite3.connect(file)) as connection:
        for _, _, sql in FOLDER[: database.ran]:
            for piece in sql.split("--> statement-breakpoint"):
                connection.execute(piece)
        table = f"{TABLE}_rows" if database.view else TABLE
        connection.execute(f"CREATE TABLE {table} ({', '.join(database.columns)}){database.tail}")
        for row in database.rows:
            try:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
            except (sqlite3.IntegrityError, OverflowError):
                continue
        if database.view:
            connection.execute(f"CREATE VIEW {TABLE} AS SELECT * FROM {table}")
        connection.commit()


def rows_of(file: Path, view: bool = False) -> list[tuple[Value, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        connection.text_factory = bytes
        return sorted(connection.execute(f"SELECT * FROM {TABLE}"), key=repr)


def harmless(result: Result) -> Result:
    """An answer, whatever it is."""
    assert result.code in (0, 1, 2), result
    assert "fault in drizzle-guard" not in result.text and "Traceback" not in result.text, result.text
    assert not UNSAFE.search(result.text), ascii(UNSAFE.search(result.text))
    return result


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A project with the folder."""
    with tempfile.TemporaryDirectory() as directory:
        place = Place(Path(directory), "sqlite")
        place.write(*FOLDER)
        yield place


random = examples(80)


@random
@given(databases())
def test_status_of_any_rows(place: Place, database: Database) -> None:
    file = Path(place.url)
    file.unlink(missing_ok=True)
    make(file, database)
    before = file.read_bytes()
    said = harmless(place.guard("status"))
    found = harmless(place.guard("status", "--json"))
    assert harmless(place.guard("status", "--format", "github")).code == found.code == said.code
    event(f"status {found.code}")
    if found.code != 2:
        report = StatusReport.model_validate_json(found.out)
        assert json.loads(found.out).keys() == StatusReport.model_json_schema()["properties"].keys()
        assert report.in_step == (found.code == 0) == (not report.findings)
        assert [m.tag for m in report.migrations] == [tag for tag, _, _ in FOLDER]
    for tag, _, _ in FOLDER[:2]:
        harmless(place.guard("apply", tag, "--dry-run"))
    harmless(place.guard("repair", "--dry-run"))
    assert file.read_bytes() == before


@random
@given(databases())
def test_repair_loses_no_row_and_can_be_undone(place: Place, database: Database) -> None:
    file = Path(place.url)
    file.unlink(missing_ok=True)
    make(file, database)
    before = rows_of(file)
    for old in place.path.glob("drizzle-guard-rows-*"):
        old.unlink()
    done = harmless(place.guard("repair", "--yes", "--only", "adopt", "--only", "re-stamp", "--only", "duplicates"))
    after = rows_of(file)
    at = [column.split(" ")[0] for column in database.columns]
    if "Done." not in done.out:
        assert after == before
        return
    event("repaired")
    key = at.index("hash")
    assert {row[key] for row in before} <= {row[key] for row in after}
    kept = [row[key] for row in after]
    for row in before:
        # of rows with one hash only exact copies may go
        same = {other[at.index("created_at")] for other in before if other[key] == row[key]}
        assert kept.count(row[key]) >= len(same), (row, before, after)
    undo = done.out.partition("To take it back:\n")[2].splitlines()
    lines = [line.strip() for line in itertools.takewhile(lambda line: line.startswith("  "), undo)]
    assert lines, done.out
    with closing(sqlite3.connect(file)) as connection:
        for line in lines:
            connection.execute(line.partition("; --")[0])
        connection.commit()
    assert rows_of(file) == before


@examples(20, share=4)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_any_name_of_the_table(place: Place, name: str) -> None:
    file = Path(place.url)
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        quoted = '"' + name.replace('"', '""') + '"'
        try:
            connection.execute(f"CREATE TABLE {quoted} (id SERIAL PRIMARY KEY, hash text, created_at numeric)")
            connection.execute(f"INSERT INTO {quoted} (hash, created_at) VALUES (?, 1000)", (HASHES[0],))
            connection.commit()
        except (sqlite3.Error, ValueError):  # reserved, or a NUL
            file.touch()
    for argv in (("status",), ("status", "--json"), ("repair", "--dry-run")):
        harmless(place.guard(*argv, f"--table={name}"))
        harmless(place.guard(*argv, f"--schema={name}"))
