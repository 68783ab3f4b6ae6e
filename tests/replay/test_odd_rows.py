"""Rows that people made by hand: what a snapshot was made from, what is published, and what is one migration.

A side is written down in short: each line is a migration, `TAG WHEN [ID<PREVID TABLES]: SQL`, and tables are
`boats(id keel)`.  A line without the brackets has no snapshot of its own.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from drizzle_guard.drizzle.folder import Blob, Folder, read_folder
from drizzle_guard.replay.plan import Plan, Refusal
from drizzle_guard.replay.replay import plan
from drizzle_guard.rules.run import check_journal_folder

_LINE = re.compile(r"(\S+) (\d+)(?: \[(\w+)<(\w+) ([^\]]*)\])?: (.*)")

FIRST = "0000_first 1000 [s1<none boats(id)]: CREATE TABLE boats (id int)"
KEEL = "0001_keel 3000 [s2<s1 boats(id keel)]: ALTER TABLE boats ADD COLUMN keel int"
DOCKS = "0002_docks 5000 [s3<s2 boats(id keel) docks(id)]: CREATE TABLE docks (id int)"
MAST = "0002_mast 4000 [s4<s2 boats(id keel mast)]: ALTER TABLE boats ADD COLUMN mast int"
FILL = "UPDATE boats SET keel = 1"


def _side(*lines: str) -> Folder:
    files: dict[str, str] = {}
    entries: list[dict[str, Any]] = []
    for line in lines:
        found = _LINE.fullmatch(line)
        assert found, line
        tag, when, id_, prev, tables, sql = found.groups()
        entries.append({"idx": len(entries), "version": "7", "when": int(when), "tag": tag, "breakpoints": True})
        files[f"{tag}.sql"] = sql
        if id_:
            body = {
                name: {"name": name, "columns": {column: {"name": column} for column in columns.split()}}
                for name, columns in re.findall(r"(\w+)\(([^)]*)\)", tables)
            }
            snapshot = {"id": id_, "prevId": prev, "version": "7", "dialect": "postgresql", "tables": body}
            files[f"meta/{tag[:4]}_snapshot.json"] = json.dumps(snapshot, indent=2)
    files["meta/_journal.json"] = json.dumps({"version": "7", "dialect": "postgresql", "entries": entries})
    return read_folder("drizzle", {path: Blob.of(text.encode(), path) for path, text in files.items()})


def _meet(base: list[str], mainline: list[str], branch: list[str]) -> Plan | Refusal:
    sides = [_side(*lines) for lines in (base, mainline, branch)]
    return plan(*sides, layout=sides[2].journal)


def _meet_folders(base: Folder, mainline: Folder, files: dict[str, Blob]) -> Plan:
    branch = read_folder("drizzle", files)
    outcome = plan(base, mainline, branch, layout=branch.journal)
    assert isinstance(outcome, Plan), outcome
    return outcome


def _planned(base: list[str], mainline: list[str], branch: list[str]) -> Plan:
    outcome = _meet(base, mainline, branch)
    assert isinstance(outcome, Plan), outcome
    return outcome


def _refused(base: list[str], mainline: list[str], branch: list[str]) -> str:
    outcome = _meet(base, mainline, branch)
    assert isinstance(outcome, Refusal), outcome
    return outcome.sentence


def _row(found: Plan) -> list[str]:
    return [f"{entry.idx} {entry.tag}" for entry in found.journal.entries]


def _snapshots(found: Plan) -> list[str]:
    """Each snapshot of the planned folder, in short."""
    shown = []
    for path, blob in sorted(found.files.items()):
        if blob is not None and path.endswith("_snapshot.json"):
            body = json.loads(blob.data)
            tables = [f"{name}({' '.join(table['columns'])})" for name, table in body["tables"].items()]
            shown.append(f"{path[5:9]} {body['id']}<{body['prevId']} {' '.join(tables)}")
    return shown


MAIN = ["0000 s1<none boats(id)", "0001 s2<s1 boats(id keel)", "0002 s3<s2 boats(id keel) docks(id)"]
NEWEST = "0003 s4<s3 boats(id keel mast) docks(id)"


@pytest.mark.parametrize(
    ("branch", "newest"),
    [
        pytest.param([FIRST, KEEL, MAST], [NEWEST], id="as drizzle-kit makes it"),
        pytest.param(
            [FIRST, KEEL, "0002_mast 4000 [s4<s1 boats(id mast)]: ALTER TABLE boats ADD COLUMN mast int"],
            [NEWEST],
            id="made from an older one",
        ),
        pytest.param(
            [FIRST, KEEL, "0002_mast 4000 [s4<s1 boats(id keel mast)]: ALTER TABLE boats ADD COLUMN mast int"],
            [NEWEST],
            id="made from the one before it, with an older prevId",
        ),
        pytest.param(
            [FIRST, KEEL, "0002_mast 4000 [s4<lost boats(id keel mast)]: ALTER TABLE boats ADD COLUMN mast int"],
            [NEWEST],
            id="made from nobody knows what, and nothing is lost",
        ),
        pytest.param(
            [
                FIRST,
                "0001_keel 3000 [s9<s1 boats(id keel mast)]: ALTER TABLE boats ADD COLUMN keel int",
                "0001_mast 4000: ALTER TABLE boats ADD COLUMN mast int",
            ],
            ["0003 s9<s3 boats(id keel mast) docks(id)"],
            id="one file for a common and an own migration",
        ),
        pytest.param(
            [
                FIRST,
                "0001_keel 3000 [s2<s1 boats(id keel rig)]: ALTER TABLE boats ADD COLUMN keel int",
                "0002_mast 4000 [s4<s2 boats(id keel rig mast)]: ALTER TABLE boats ADD COLUMN mast int",
            ],
            ["0003 s4<s3 boats(id keel rig mast) docks(id)"],
            id="the common one was repaired",
        ),
        pytest.param(
            [
                FIRST,
                "0001_mast 2000 [s4<s1 boats(id mast)]: ALTER TABLE boats ADD COLUMN mast int",
                "0002_keel 3000 [s2<s4 boats(id mast keel)]: ALTER TABLE boats ADD COLUMN keel int",
            ],
            [NEWEST],
            id="put in front of a common one",
        ),
        pytest.param(
            [
                FIRST,
                "0005_mast 2000 [s4<s1 boats(id mast)]: ALTER TABLE boats ADD COLUMN mast int",
                "0001_keel 3000 [s2<s4 boats(id mast keel)]: ALTER TABLE boats ADD COLUMN keel int",
            ],
            [NEWEST],
            id="put in front of a common one, which was chained behind it",
        ),
    ],
)
def test_the_newest_snapshot_holds_what_both_sides_did(branch: list[str], newest: list[str]) -> None:
    found = _planned([FIRST, KEEL], [FIRST, KEEL, DOCKS], branch)
    assert _row(found) == ["0 0000_first", "1 0001_keel", "2 0002_docks", "3 0003_mast"]
    assert _snapshots(found) == [*MAIN, *newest]


def test_nobody_knows_what_it_was_made_from_and_something_would_be_lost() -> None:
    branch = [FIRST, KEEL, "0002_mast 4000 [s4<lost boats(id mast)]: ALTER TABLE boats ADD COLUMN mast int"]
    assert _refused([FIRST, KEEL], [FIRST, KEEL, DOCKS], branch) == (
        '0002_mast (branch): its snapshot lacks column "keel" of table "boats", its SQL does not drop it, and its '
        "prevId names no snapshot that is here."
    )
    # the mainline's new one has no snapshot: what is lost is lost, too
    assert "its snapshot lacks column" in _refused([FIRST, KEEL], [FIRST, KEEL, f"0002_fill 5000: {FILL}"], branch)
    branch[2] = branch[2].replace("ADD COLUMN mast", "RENAME COLUMN keel TO mast")
    assert isinstance(_meet([FIRST, KEEL], [FIRST, KEEL, DOCKS], branch), Plan)


NO_KEEL = "0001_no_keel 3000 [s2<s1 boats(id)]: ALTER TABLE boats DROP COLUMN keel"
WITH_KEEL = "0000_first 1000 [s1<none boats(id keel)]: CREATE TABLE boats (id int, keel int)"


@pytest.mark.parametrize(
    ("base", "own", "newest"),
    [
        ([FIRST, KEEL], "boats(id)]: ALTER TABLE boats DROP COLUMN keel", "boats(id)"),
        ([FIRST, KEEL], "boats(id rig)]: ALTER TABLE boats RENAME COLUMN keel TO rig", "boats(id rig)"),
        ([FIRST, KEEL], f"boats(id)]: {FILL}", "boats(id keel)"),
        ([FIRST, KEEL], "boats(id)]: DROP TABLE ropes", "boats(id keel)"),
        ([WITH_KEEL, NO_KEEL], "boats(id keel)]: ALTER TABLE boats ADD COLUMN keel int", "boats(id keel)"),
        ([WITH_KEEL, NO_KEEL], "boats(id keel rig)]: ALTER TABLE boats ADD COLUMN rig int", "boats(id rig)"),
    ],
)
def test_made_from_an_older_one_it_may_undo_what_came_in_between(base: list[str], own: str, newest: str) -> None:
    tables = base[1].split("<s1 ")[1].partition("]")[0]
    docks = f"0002_docks 5000 [s3<s2 {tables} docks(id)]: CREATE TABLE docks (id int)"
    found = _planned(base, [*base, docks], [*base, f"0002_own 4000 [s4<s1 {own}"])
    assert _snapshots(found)[-1] == f"0003 s4<s3 {newest} docks(id)"


def test_a_snapshot_file_that_the_branch_gave_a_number_of_nobody() -> None:
    branch = _side(FIRST, KEEL, MAST)
    stray = branch.files["meta/0001_snapshot.json"]
    files = {path: blob for path, blob in branch.files.items() if blob is not stray}
    found = _meet_folders(_side(FIRST, KEEL), _side(FIRST, KEEL, DOCKS), {**files, "meta/0099_snapshot.json": stray})
    assert found.files["meta/0099_snapshot.json"] is None
    assert _snapshots(found)[1] == MAIN[1]
    assert found.notes == ("meta/0099_snapshot.json is left out: it is meta/0001_snapshot.json under another name",)
    edited = Blob.of(stray.data.replace(b'"keel"', b'"rig"'), "meta/0099_snapshot.json")
    changed = read_folder("drizzle", {**files, "meta/0099_snapshot.json": edited})
    refused = plan(_side(FIRST, KEEL), _side(FIRST, KEEL, DOCKS), changed, layout=changed.journal)
    assert isinstance(refused, Refusal)
    assert refused.sentence == ("0001_keel (branch): its snapshot was renamed to meta/0099_snapshot.json and edited.")


def test_a_revert_takes_along_what_nothing_makes_any_more() -> None:
    """The mainline's later snapshots hold the column; that the newest one lacks it is no loss."""
    mast = MAST.replace("0002", "0001").replace("s2 boats(id keel mast)", "s1 boats(id mast)")
    found = _planned([FIRST, KEEL], [FIRST, KEEL, DOCKS], [FIRST, mast])
    assert _snapshots(found)[-1].endswith("boats(id mast) docks(id)")
    assert found.notes == ("0001_keel is left out: the branch deleted it",)
    files = {path: blob for path, blob in found.files.items() if blob is not None}
    codes = {judged.finding.rule.code for judged in check_journal_folder("drizzle", files, now=2**62).findings}
    assert "DG020" not in codes
    # but a column that a migration makes is one that is lost
    made = Blob.of(b"ALTER TABLE boats ADD COLUMN keel int", "0002_docks.sql")
    files["0002_docks.sql"] = made
    found_codes = {j.finding.rule.code for j in check_journal_folder("drizzle", files, now=2**62).findings}
    assert found_codes - codes == {"DG020"}


def test_a_repair_that_nothing_carries_along() -> None:
    repaired = "0001_keel 3000 [s2<s1 boats(id keel rig)]: ALTER TABLE boats ADD COLUMN keel int"
    assert _refused([FIRST, KEEL], [FIRST, KEEL, DOCKS], [FIRST, repaired, f"0002_fill 4000: {FILL}"]) == (
        "0001_keel (branch): the branch changed its snapshot, and the mainline's newer ones do not know of that."
    )
    shifted = ["0001_sail 2000: ALTER TABLE boats ADD COLUMN rig int", repaired.replace("0001_keel", "0002_keel")]
    assert _refused([FIRST, KEEL], [FIRST, KEEL, DOCKS], [FIRST, *shifted]) == (
        "0002_keel (branch): the branch changed its snapshot, and the mainline's newer ones do not know of that."
    )
    found = _planned([FIRST, KEEL], [FIRST, KEEL, f"0002_fill 5000: {FILL}"], [FIRST, repaired, MAST])
    assert _snapshots(found)[1] == "0001 s2<s1 boats(id keel rig)"
    assert found.notes == ("meta/0001_snapshot.json is published, and edited by the branch",)


def test_a_published_idx_is_not_the_branchs_to_shift() -> None:
    branch = [FIRST, "0001_fill 2000: UPDATE boats SET id = 1", KEEL]
    found = _planned([FIRST, KEEL], [FIRST, KEEL, DOCKS], branch)
    assert _row(found) == ["0 0000_first", "1 0001_keel", "2 0002_docks", "3 0003_fill"]
    # it had the snapshot of another one under its number; alone it gets what `generate --custom` writes
    assert [line[8:] for line in _snapshots(found)[:3]] == [line[8:] for line in MAIN]
    assert _snapshots(found)[3].endswith("<s3 boats(id keel) docks(id)")
    assert found.notes == ()


def test_a_copy_of_a_published_snapshot_that_the_branch_edited() -> None:
    mast = "0005_mast 2000 [s4<s1 boats(id mast)]: ALTER TABLE boats ADD COLUMN mast int"
    keel = "0001_keel 3000 [s2<s4 boats(id mast keel)]: ALTER TABLE boats ADD COLUMN keel int"
    sail, oar = "0006_sail 3500: UPDATE boats SET id = 2", f"0007_oar 4000 [s2<s4 boats(id mast keel)]: {FILL}"
    found = _planned([FIRST, KEEL], [FIRST, KEEL, DOCKS], [FIRST, mast, keel, sail, oar])
    ids = [line.split()[1].partition("<")[0] for line in _snapshots(found)]
    assert len(set(ids)) == len(ids) == 5


def test_a_moved_snapshot_goes_back() -> None:
    by_hand = f"0002_by_hand 3500: {FILL}"
    moved = [
        "0001_keel 3000: ALTER TABLE boats ADD COLUMN keel int",
        by_hand.replace("3500", "3500 [s2<s1 boats(id keel)]"),
    ]
    docks, mast = DOCKS.replace("0002", "0003"), MAST.replace("0002", "0003")
    for mainline in ([FIRST, KEEL, by_hand, docks], [FIRST, KEEL, by_hand, f"0003_x 5000: {FILL}"]):
        found = _planned([FIRST, KEEL, by_hand], mainline, [FIRST, *moved, mast])
        assert [line for line in _snapshots(found) if " s2<" in line] == [MAIN[1]]
        assert found.notes == ("meta/0002_snapshot.json is as published; what the branch made of it is left out there",)


@pytest.mark.parametrize("main", [DOCKS, "0002_by_hand 5000: CREATE TABLE docks (id int)"])
def test_copied_snapshots_get_an_id_of_their_own(main: str) -> None:
    copy = MAST.replace("0002_mast 4000", "0003_rig 4500").replace("ALTER TABLE boats ADD COLUMN mast int", FILL)
    copy_of_common = KEEL.replace("0001_keel 3000", "0004_sail 4600").replace(
        "ALTER TABLE boats ADD COLUMN keel int", FILL
    )
    for branch in ([FIRST, KEEL, MAST, copy], [FIRST, KEEL, copy_of_common], [FIRST, KEEL, MAST, copy, copy_of_common]):
        found = _planned([FIRST, KEEL], [FIRST, KEEL, main], branch)
        links = [line.split(" ")[1].split("<") for line in _snapshots(found)]
        assert len({own for own, _ in links}) == len(links)
        assert [prev for _, prev in links] == ["none", *(own for own, _ in links[:-1])]


def test_a_copy_of_one_that_has_come_to_its_number() -> None:
    """As a rebase of several commits finds it: the first commit's migration is behind the mainline already."""
    rig = KEEL.replace("0001_keel 3000", "0002_rig 4000").replace("ALTER TABLE boats ADD COLUMN keel int", FILL)
    mainline = [FIRST, "0001_docks 5000: CREATE TABLE docks (id int)", KEEL.replace("0001_keel 3000", "0002_keel 6000")]
    found = _planned([FIRST, KEEL], mainline, [FIRST, KEEL, rig])
    assert _row(found)[2:] == ["2 0002_keel", "3 0003_rig"]
    links = [line.split(" ")[1].split("<") for line in _snapshots(found)]
    assert links[-1][0] != "s2"
    assert links[-1][1] == "s2"


def test_a_snapshot_that_was_taken_from_the_mainline() -> None:
    docks = "0001_docks 5000 [s3<s1 boats(id) docks(id)]: CREATE TABLE docks (id int)"
    mast = "0001_mast 4000 [s3<s1 boats(id) docks(id)]: ALTER TABLE boats ADD COLUMN mast int"
    assert _refused([FIRST], [FIRST, docks], [FIRST, mast]) == (
        "0001_mast (branch) and 0001_docks (mainline): they share a number and a snapshot."
    )


def test_a_published_entry_that_the_branch_edited_is_named() -> None:
    raised, lowered = KEEL.replace("3000", "9000"), KEEL.replace("3000", "2000")
    assert _refused([FIRST, KEEL], [FIRST, KEEL, DOCKS], [FIRST, raised, MAST.replace("4000", "9500")]) == (
        "0001_keel (branch) and 0002_docks (mainline): merged, they would break a rule that each side keeps: "
        "0002_docks has `when` 5000 (1970-01-01 00:00:05 UTC), before 0001_keel with 9000 (1970-01-01 00:00:09 UTC): "
        "where that one has run, this one is skipped (DG006)."
    )
    found = _planned([FIRST, KEEL], [FIRST, KEEL, DOCKS], [FIRST, lowered, MAST])
    assert found.journal.entries[1].when == 2000
    assert found.notes == (
        "0001_keel is published, and the branch changed its `when` (3000 -> 2000): where it has not run and something "
        "newer has, it is skipped",
    )
    slightly = _planned([FIRST, KEEL], [FIRST, KEEL, DOCKS], [FIRST, KEEL.replace("3000", "3500"), MAST])
    assert slightly.notes[0].endswith("(3000 -> 3500): where it has run and nothing newer, it runs again")
    edited = _planned(
        [FIRST, KEEL], [FIRST, KEEL, DOCKS], [FIRST, KEEL.replace("COLUMN", "COLUMN IF NOT EXISTS"), MAST]
    )
    assert edited.notes == (
        "0001_keel is published, and the branch edited its SQL: where it has run, that does nothing",
    )


def test_a_published_name_that_the_branch_changed() -> None:
    for now, also in ((KEEL, ""), (KEEL.replace("3000", "2000"), " and its other `when`")):
        found = _planned([FIRST, KEEL], [FIRST, KEEL, DOCKS], [FIRST, now.replace("0001_keel", "0001_kiel"), MAST])
        assert _row(found) == ["0 0000_first", "1 0001_keel", "2 0002_docks", "3 0003_mast"]
        assert found.journal.entries[1].when == 3000
        assert found.notes == (f"0001_keel keeps its name: 0001_kiel, the branch's name for it{also}, is left out",)
    # the mainline's own new name is what is published
    assert _planned([FIRST, KEEL], [FIRST, KEEL.replace("_keel", "_kiel"), DOCKS], [FIRST, KEEL, MAST]).notes == ()


def test_edited_snapshots_are_named_up_to_three() -> None:
    common = [FIRST, *(f"000{n}_x{n} 300{n} [x{n}<x{n - 1} boats(id)]: {FILL} -- {n}" for n in range(1, 5))]
    common[1] = common[1].replace("x0", "s0")
    more = ["0005_docks 5000 [s9<x4 boats(id) docks(id)]: CREATE TABLE docks (id int)"]
    mine = [line.replace("boats(id)", "boats(id rig)") for line in common]
    own = ["0005_mast 4000 [s8<x4 boats(id rig mast)]: ALTER TABLE boats ADD COLUMN mast int"]
    assert _planned(common, common + more, mine + own).notes == (
        "meta/0000_snapshot.json, meta/0001_snapshot.json, meta/0002_snapshot.json and 2 more are as published; "
        "what the branch made of it is left out there",
    )


TAGS = "0002_tags 5000 [t1<s2 boats(id keel) tags(id)]: CREATE TABLE tags (id int)"
OWN_TAGS = "0002_labels 4000 [t2<s2 boats(id keel) tags(id)]: CREATE TABLE tags (id int)"
GONE = "0003_gone 4500 [t3<t2 boats(id keel)]: DROP TABLE tags"
MORE = "0003_more 4500 [t3<t2 boats(id keel) tags(id x)]: ALTER TABLE tags ADD COLUMN x int"


def test_equal_sql_is_one_migration_where_nothing_undid_it() -> None:
    found = _planned([FIRST, KEEL], [FIRST, KEEL, TAGS], [FIRST, KEEL, OWN_TAGS, MORE])
    assert found.same == (("0002_labels", "0002_tags"),)
    assert found.notes == ("0002_labels is left out: 0002_tags is the same migration",)
    assert _row(found)[2:] == ["2 0002_tags", "3 0003_more"]


def test_equal_sql_that_one_side_undid() -> None:
    """Paired, the branch's DROP would take away the table that production has."""
    refused = '0002_labels (branch) and 0002_tags (mainline): both create table "tags".'
    assert _refused([FIRST, KEEL], [FIRST, KEEL, TAGS], [FIRST, KEEL, OWN_TAGS, GONE]) == refused
    # a name that both chose proves nothing where each of them generated
    assert "both create" in _refused(
        [FIRST, KEEL], [FIRST, KEEL, TAGS], [FIRST, KEEL, OWN_TAGS.replace("labels", "tags"), GONE]
    )
    # picked from each other they are one, whatever came after
    found = _planned([FIRST, KEEL], [FIRST, KEEL, TAGS], [FIRST, KEEL, OWN_TAGS.replace("[t2", "[t1"), GONE])
    assert found.same == (("0002_labels", "0002_tags"),)


def test_rows_are_never_the_same_by_their_text() -> None:
    row = "INSERT INTO boats (id) VALUES (1)"
    mainline = [FIRST, KEEL, f"0002_row 5000: {row}", "0003_none 6000: DELETE FROM boats WHERE id = 1"]
    outcome = _meet([FIRST, KEEL], mainline, [FIRST, KEEL, f"0002_my_row 4000: {row}"])
    assert isinstance(outcome, Refusal) or _row(outcome)[-1] == "4 0004_my_row"
    for sql in (row, "SELECT fill()", "UPDATE boats SET keel = 2"):
        outcome = _meet([FIRST, KEEL], [FIRST, KEEL, f"0002_a 5000: {sql}"], [FIRST, KEEL, f"0002_b 4000: {sql}"])
        assert isinstance(outcome, Refusal) or outcome.same == (), sql
        named = _planned([FIRST, KEEL], [FIRST, KEEL, f"0002_a 5000: {sql}"], [FIRST, KEEL, f"0002_a 4000: {sql}"])
        assert named.same == (("0002_a", "0002_a"),)


def test_a_snapshot_that_catches_up_with_sql_by_hand() -> None:
    """A common migration without a snapshot dropped the column; the branch's next one is the first to know."""
    gone = "0002_gone 3500: ALTER TABLE boats DROP COLUMN keel"
    mast = "0003_mast 4000 [s4<s2 boats(id mast)]: ALTER TABLE boats ADD COLUMN mast int"
    docks = DOCKS.replace("0002", "0003")
    found = _planned([FIRST, KEEL, gone], [FIRST, KEEL, gone, docks], [FIRST, KEEL, gone, mast])
    assert _snapshots(found)[-1] == "0004 s4<s3 boats(id mast) docks(id)"


def test_a_column_that_vanished_from_a_shared_file() -> None:
    """The branch's file of a common migration lacks a column that no SQL drops, and so does its own one behind it."""
    broken = "0001_keel 3000 [s2<s1 boats(id)]: ALTER TABLE boats ADD COLUMN keel int"
    mast = "0002_mast 4000 [s4<s2 boats(id mast)]: ALTER TABLE boats ADD COLUMN mast int"
    assert _refused([FIRST, KEEL], [FIRST, KEEL, DOCKS], [FIRST, broken, mast]) == (
        "0002_mast (branch): merged, they would break a rule that each side keeps: meta/0003_snapshot.json lacks the "
        "column keel of boats, and 0003_mast does not drop it (DG020)."
    )


def test_rows_written_behind_it_do_not_undo_what_a_migration_created() -> None:
    fill = "0003_fill 6000: WITH ids AS (SELECT id FROM tags) UPDATE tags SET id = ids.id FROM ids"
    found = _planned([FIRST, KEEL], [FIRST, KEEL, TAGS, fill], [FIRST, KEEL, OWN_TAGS, MORE])
    assert found.same == (("0002_labels", "0002_tags"),)
    again = "0003_again 6000: DO $$ BEGIN EXECUTE 'DROP TABLE tags'; END $$"
    outcome = _meet([FIRST, KEEL], [FIRST, KEEL, TAGS, again], [FIRST, KEEL, OWN_TAGS])
    assert isinstance(outcome, Refusal) or outcome.same == ()
