"""The plan as a value; what it does to whole folders is shown by the cases of `fixtures/merge`."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from drizzle_guard.drizzle.folder import Blob, Folder, read_folder
from drizzle_guard.errors import GuardError
from drizzle_guard.replay.plan import Plan, Refusal, WayOut
from drizzle_guard.replay.replay import plan


class Row(NamedTuple):
    """A migration in short; `tables` are the snapshot's (None: it has none)."""

    tag: str
    when: int
    sql: str
    tables: dict[str, Any] | None = None
    id: str = ""


def _history(*rows: Row) -> Folder:
    entries = [{"idx": n, "version": "7", "when": r.when, "tag": r.tag} for n, r in enumerate(rows)]
    found = {"meta/_journal.json": json.dumps({"version": "7", "dialect": "postgresql", "entries": entries}, indent=2)}
    prev = "zero"
    for row in rows:
        found[f"{row.tag}.sql"] = row.sql
        if row.tables is not None:
            id_ = row.id or row.tag.partition("_")[2]
            body = {"id": id_, "prevId": prev, "version": "7", "dialect": "postgresql", "tables": row.tables}
            found[f"meta/{row.tag.partition('_')[0]}_snapshot.json"] = json.dumps(body, indent=2)
            prev = id_
    return read_folder("drizzle", {path: Blob.of(text.encode(), f"drizzle/{path}") for path, text in found.items()})


def _plan(base: Folder, mainline: Folder, branch: Folder) -> Plan:
    outcome = plan(base, mainline, branch, layout=branch.journal)
    assert isinstance(outcome, Plan), outcome
    return outcome


def _refusal(base: Folder, mainline: Folder, branch: Folder) -> Refusal:
    outcome = plan(base, mainline, branch, layout=branch.journal)
    assert isinstance(outcome, Refusal), outcome
    return outcome


def _tags(data: bytes) -> list[tuple[int, int, str]]:
    return [(e["idx"], e["when"], e["tag"]) for e in json.loads(data)["entries"]]


BASE = Row("0000_base", 1000, "CREATE TABLE a (id int);", {"a": {"id": 1}})
NAME = Row("0001_name", 9000, "CREATE TABLE n (id int);", {"a": {"id": 1}, "n": {"id": 1}})
AGE = Row("0001_age", 5000, "CREATE TABLE o (id int);", {"a": {"id": 1}, "o": {"id": 1}})


def test_moves_and_interim() -> None:
    found = _plan(_history(BASE), _history(BASE, NAME), _history(BASE, AGE))
    (move,) = found.moves
    assert (move.old.tag, move.new.tag, move.new.idx, move.new.when) == ("0001_age", "0002_age", 2, 10000)
    assert (move.snapshot, move.changes) == ("merged", True)
    # what a driver can write is safe to run with the old file names
    assert _tags(found.interim.data) == [(0, 1000, "0000_base"), (1, 9000, "0001_name"), (2, 10000, "0001_age")]
    journal = found.files["meta/_journal.json"]
    assert journal is not None
    assert _tags(journal.data) == [(0, 1000, "0000_base"), (1, 9000, "0001_name"), (2, 10000, "0002_age")]
    assert found.files["0001_age.sql"] is None and found.files["0002_age.sql"] is not None


def test_two_people_took_the_same_name() -> None:
    """git stops at the SQL file then (add/add); the finishing step still has to know what goes where."""
    main, own = (
        Row("0001_x", 9000, "CREATE TABLE n (id int);", NAME.tables),
        Row("0001_x", 5000, AGE.sql, AGE.tables, "own"),
    )
    found = _plan(_history(BASE), _history(BASE, main), _history(BASE, own))
    for tag, row in (("0001_x", main), ("0002_x", own)):
        blob = found.files[f"{tag}.sql"]
        assert blob is not None and blob.data.decode() == row.sql
    moved = found.files["meta/0002_snapshot.json"]
    assert moved is not None
    assert json.loads(moved.data) == {
        **{"id": "own", "prevId": "x", "version": "7", "dialect": "postgresql"},
        "tables": {"a": {"id": 1}, "n": {"id": 1}, "o": {"id": 1}},
    }
    # the old name is the mainline's: the interim journal may not name it twice
    assert [tag for _, _, tag in _tags(found.interim.data)] == ["0000_base", "0001_x", "0002_x"]


def test_the_same_migration_and_a_deleted_one() -> None:
    old = Row("0001_old", 2000, "CREATE TABLE old (id int);")
    picked = AGE._replace(tag="0005_age")
    found = _plan(_history(BASE, old), _history(BASE, old, picked), _history(BASE, AGE))
    assert (found.moves, found.same, found.deleted) == ((), (("0001_age", "0005_age"),), ("0001_old",))
    assert found.files["0001_old.sql"] is None


def test_nothing_to_do() -> None:
    history = _history(BASE, NAME)
    found = _plan(history, history, history)
    assert found.moves == () and {p: b for p, b in found.files.items() if b} == history.files
    for when in (1001, 5000):  # behind the mainline already, by however little
        own = _history(BASE, AGE._replace(when=when))
        ahead = _plan(_history(BASE), _history(BASE), own)
        assert [move.changes for move in ahead.moves] == [False]
        assert {p: b for p, b in ahead.files.items() if b} == own.files


@pytest.mark.parametrize(
    ("sql", "saved"),
    [
        ("CREATE TABLE n (x int);", ("0001_age.sql",)),  # no snapshot here knows it, so nobody would write it again
        ("CREATE TABLE n (x int);\nUPDATE a SET id = 2;", ("0001_age.sql",)),
    ],
)
def test_a_refusal_names_what_to_save(sql: str, saved: tuple[str, ...]) -> None:
    refusal = _refusal(_history(BASE), _history(BASE, NAME), _history(BASE, AGE._replace(sql=sql)))
    assert refusal == Refusal('both create table "n"', "0001_age", "0001_name", WayOut.LOOK, saved)
    assert refusal.sentence == '0001_age (branch) and 0001_name (mainline): both create table "n".'


def test_refusals_without_tags() -> None:
    assert Refusal("why").sentence == "why."
    assert Refusal("why", other="0001_\x1bx").sentence == "0001_\\x1bx (mainline): why."


def test_links_are_not_followed() -> None:
    base, main, own = _history(BASE), _history(BASE, NAME), _history(BASE, AGE)
    files = {**own.files, "meta/0001_snapshot.json": Blob.of(b"/etc/passwd", "s.json", mode="120000")}
    refusal = _refusal(base, main, read_folder("drizzle", files))
    assert refusal.reason == "s.json is a symbolic link; drizzle-guard only works on regular files"
    assert refusal.way_out is WayOut.BRANCH
    files = {**own.files, "0001_age.sql": Blob.of(b"/etc/passwd", "age.sql", mode="120000")}
    with pytest.raises(GuardError, match=r"^age\.sql is a symbolic link"):
        plan(base, main, read_folder("drizzle", files), layout=own.journal)


@pytest.mark.parametrize("depth", [100, 300, 600, 900, 5000])
def test_deep_nesting_is_no_crash(depth: int) -> None:
    deep: Any = 0
    for _ in range(min(depth, 300)):
        deep = {"a": deep}
    text = json.dumps(deep).replace("0", '{"a":' * (depth - min(depth, 300)) + "%s" + "}" * (depth - min(depth, 300)))

    def with_snapshot(history: Folder, path: str, value: str) -> Folder:
        body = f'{{"id":"{path}{value}","prevId":"p","version":"7","dialect":"postgresql","tables":{text % value}}}'
        return read_folder("drizzle", {**history.files, path: Blob.of(body.encode(), path)})

    base = with_snapshot(_history(BASE), "meta/0000_snapshot.json", "0")
    main = with_snapshot(_history(BASE, NAME), "meta/0001_snapshot.json", "1")
    own = with_snapshot(_history(BASE, AGE), "meta/0001_snapshot.json", "2")
    try:
        outcome = plan(base, main, own, layout=own.journal)
    except GuardError as error:
        assert error.message == "drizzle: a snapshot or SQL file is nested too deeply."
    else:
        assert isinstance(outcome, Refusal)


def test_deep_blocks_are_no_crash() -> None:
    own = AGE._replace(sql="".join(f"DO $a{n}$ " for n in range(3000)), tables=None)
    with pytest.raises(GuardError) as caught:
        plan(_history(BASE), _history(BASE, NAME), _history(BASE, own), layout=_history(BASE).journal)
    assert caught.value.message == "drizzle: a snapshot or SQL file is nested too deeply."
