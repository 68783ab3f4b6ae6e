"""Repairs of published folders: one chain again, nothing of what a database has seen is touched."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drizzle_guard.disk import folder_files
from drizzle_guard.drizzle.folder import Blob
from drizzle_guard.mend.repairs import mend, repairs_of
from drizzle_guard.rules.model import MainlineFolder
from drizzle_guard.rules.run import check_journal_folder, read_any_history
from support.gitbed import add_migration
from support.parts import FIXTURES

GOLDEN = FIXTURES / "samples" / "pg" / "resolutions" / "pg3c" / "drizzle"
NOW = 1_900_000_000_000


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a JSON file."""
    body = json.loads(path.read_text("utf-8"))
    change(body)
    path.write_text(json.dumps(body, indent=2), "utf-8")


def findings(files: dict[str, Blob]) -> list[str]:
    checked = check_journal_folder("drizzle", files, now=NOW)
    return [judged.finding.rule.code for judged in checked.findings]


def mended(place: Path) -> dict[str, Blob]:
    """The folder after the repairs; what a database has seen is as it was."""
    before = folder_files(place, "drizzle")
    after = mend("drizzle", before, removable=frozenset(before)).over(before)
    for path, blob in before.items():
        if path.endswith(".sql") and path in after:
            assert after[path].data == blob.data
    journals = [json.loads(files["meta/_journal.json"].data)["entries"] for files in (before, after)]
    assert [(e["tag"], e["when"]) for e in journals[0]] == [(e["tag"], e["when"]) for e in journals[1]]
    again = mend("drizzle", after, removable=frozenset(after))
    assert again.files == {}, again.repairs
    return after


def tables(blob: Blob) -> list[str]:
    return sorted(json.loads(blob.data)["tables"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four migrations, each with its snapshot, in one chain."""
    place = tmp_path / "drizzle"
    for name in ("one", "two", "three", "four"):
        add_migration(place, name)
    return place


def branch_off(place: Path, number: int, parent: int) -> None:
    """Make a snapshot look as if it had been generated from an earlier one, on another branch."""
    files = [place / "meta" / f"{n:04}_snapshot.json" for n in range(4)]
    before = json.loads(files[parent].read_text())

    def change(body: dict[str, Any]) -> None:
        own = list(body["tables"])[number]
        body.update(prevId=before["id"], tables={**before["tables"], own: body["tables"][own]})

    rewrite(files[number], change)


def test_shared_parents_become_one_chain_whose_bodies_hold_everything(folder: Path) -> None:
    branch_off(folder, 2, 0)
    assert "DG023" in findings(folder_files(folder, "drizzle"))
    after = mended(folder)
    assert findings(after) == []
    assert tables(after["meta/0002_snapshot.json"]) == ["public.one", "public.three", "public.two"]
    assert tables(after["meta/0003_snapshot.json"]) == ["public.four", "public.one", "public.three", "public.two"]


def test_a_chain_that_was_relinked_without_the_bodies(folder: Path) -> None:
    branch_off(folder, 3, 1)
    tip = json.loads((folder / "meta" / "0002_snapshot.json").read_text())["id"]
    rewrite(folder / "meta" / "0003_snapshot.json", lambda body: body.update(prevId=tip))
    assert findings(folder_files(folder, "drizzle")) == ["DG020"]
    after = mended(folder)
    assert findings(after) == []
    assert tables(after["meta/0003_snapshot.json"]) == ["public.four", "public.one", "public.three", "public.two"]


def test_a_table_that_was_dropped_by_hand_does_not_come_back(folder: Path) -> None:
    (folder / "0002_three.sql").write_text(
        'CREATE TABLE "three" ("id" integer);\n--> statement-breakpoint\nDROP TABLE "two";'
    )
    branch_off(folder, 2, 0)
    after = mended(folder)
    assert "public.two" not in tables(after["meta/0002_snapshot.json"])


def test_what_the_newest_snapshot_has_stays(folder: Path) -> None:
    """The one before it lost a table, without any SQL that drops it; the newest was put right by hand."""
    branch_off(folder, 2, 0)
    first = json.loads((folder / "meta" / "0000_snapshot.json").read_text())["id"]
    second = json.loads((folder / "meta" / "0001_snapshot.json").read_text())["id"]
    assert first != second
    rewrite(folder / "meta" / "0003_snapshot.json", lambda body: body.update(prevId=second))
    after = mended(folder)
    assert tables(after["meta/0003_snapshot.json"]) == ["public.four", "public.one", "public.three", "public.two"]


@pytest.mark.parametrize("prev", ["", "00000000-0000-0000-0000-000000000000"])
def test_the_first_snapshot_of_pull_is_no_break(folder: Path, prev: str) -> None:
    rewrite(folder / "meta" / "0000_snapshot.json", lambda body: body.update(prevId=prev))
    assert findings(folder_files(folder, "drizzle")) == []
    assert mended(folder).keys() == folder_files(folder, "drizzle").keys()


def test_ids_strays_leftovers_and_idx(folder: Path) -> None:
    two = json.loads((folder / "meta" / "0001_snapshot.json").read_text())["id"]
    rewrite(folder / "meta" / "0002_snapshot.json", lambda body: body.update(id=two))
    (folder / "meta" / "0002_snapshot.json.orig").write_text("{")
    (folder / "meta" / ".DS_Store").write_text("x")
    shutil.copy(folder / "0001_two.sql", folder / "0009_two_again.sql")
    rewrite(folder / "meta" / "_journal.json", lambda body: body["entries"][3].update(idx=2))
    after = mended(folder)
    assert findings(after) == []
    assert not {"meta/.DS_Store", "meta/0002_snapshot.json.orig", "0009_two_again.sql"} & after.keys()
    assert [e["idx"] for e in json.loads(after["meta/_journal.json"].data)["entries"]] == [0, 1, 2, 3]


def test_a_gap_in_idx_stays_and_the_next_number_is_free(folder: Path) -> None:
    rewrite(folder / "meta" / "_journal.json", lambda body: [e.update(idx=e["idx"] - 1) for e in body["entries"][2:]])
    entries = json.loads(mended(folder)["meta/_journal.json"].data)["entries"]
    assert [e["idx"] for e in entries] == [0, 1, 2, 3]


def test_idx_stays_where_a_bundle_reads_the_sql_by_it(folder: Path) -> None:
    rewrite(folder / "meta" / "_journal.json", lambda body: body["entries"][3].update(idx=2))
    (folder / "migrations.js").write_text("// something else")
    assert "meta/_journal.json" not in mend("drizzle", folder_files(folder, "drizzle")).files


def test_a_file_that_git_does_not_have_is_left_to_a_person(folder: Path) -> None:
    (folder / "meta" / "notes.txt").write_text("mine")
    shutil.copy(folder / "0001_two.sql", folder / "0009_two_again.sql")
    assert mend("drizzle", folder_files(folder, "drizzle")).files == {}


@pytest.mark.parametrize(
    ("sql", "made"), [("UPDATE one SET id = 1;", True), ('ALTER TABLE "one" ADD COLUMN "x" text;', False)]
)
def test_a_snapshot_for_rows_alone(folder: Path, sql: str, made: bool) -> None:
    entry = {"idx": 4, "version": "7", "when": NOW - 1, "tag": "0004_rows", "breakpoints": True}
    rewrite(folder / "meta" / "_journal.json", lambda body: body["entries"].append(entry))
    (folder / "0004_rows.sql").write_text(sql)
    after = mended(folder)
    assert ("meta/0004_snapshot.json" in after) == made
    assert findings(after) == ([] if made else ["DG021"])


def test_what_protect_may_let_pass(folder: Path) -> None:
    branch_off(folder, 2, 0)
    before = folder_files(folder, "drizzle")
    old = read_any_history("drizzle", before)
    assert old is not None
    after = mend("drizzle", before).over(before)
    assert repairs_of(old, after) == {("0002_three", "meta/0002_snapshot.json")}
    edited = {
        **after,
        "meta/0002_snapshot.json": Blob.of(after["meta/0002_snapshot.json"].data.replace(b"three", b"tree")),
    }
    assert repairs_of(old, edited) == frozenset()


def test_what_is_mended_of_a_published_folder_stays_published(folder: Path) -> None:
    """What no repair heals is not worse because another fault of the same entries was mended."""
    (folder / "0003_four.sql").rename(folder / "0002_four.sql")
    (folder / "meta" / "0003_snapshot.json").unlink()  # two migrations, one number and snapshot
    branch_off(folder, 2, 0)
    late = {"idx": 2, "tag": "0002_four", "when": 1}
    rewrite(folder / "meta" / "_journal.json", lambda body: body["entries"][3].update(late))
    before = folder_files(folder, "drizzle")
    published = read_any_history("drizzle", before)
    assert published is not None
    after = mend("drizzle", before, removable=frozenset(before)).over(before)
    repairs = repairs_of(published, after)
    assert {(tag, "meta/0002_snapshot.json") for tag in ("0002_three", "0002_four")} < repairs
    judged = [
        check_journal_folder("drizzle", files, now=NOW, published=MainlineFolder("main", published), allowed=repairs)
        for files in (before, after)
    ]
    errors = [[j.finding.rule.code for j in checked.findings if j.severity == "error"] for checked in judged]
    assert errors == [["DG023"], []]
    codes = [{j.finding.rule.code for j in checked.findings} for checked in judged]
    assert codes[0] - codes[1] >= {"DG001"}
    assert codes[1] - codes[0] == set()
    assert codes[1] >= {"DG006", "DG026"}


@pytest.mark.parametrize("seed", range(12))
def test_random_parents_and_ids(tmp_path: Path, seed: int) -> None:
    """Whatever the chain names as parents and ids: one chain comes out, and the newest snapshot loses nothing."""
    chance = random.Random(seed)
    place = tmp_path / "drizzle"
    names = [f"t{n}" for n in range(6)]
    for name in names:
        add_migration(place, name)
    ids = [json.loads(path.read_text())["id"] for path in sorted((place / "meta").glob("*_snapshot.json"))]
    for path in sorted((place / "meta").glob("*_snapshot.json"))[1:]:
        if chance.random() < 0.6:
            rewrite(path, lambda body: body.update(prevId=chance.choice([*ids, "unknown"])))
        if chance.random() < 0.2:
            rewrite(path, lambda body: body.update(id=chance.choice(ids)))
    after = mended(place)
    assert not {"DG023", "DG024", "DG025"} & set(findings(after))
    assert tables(after["meta/0005_snapshot.json"]) == [f"public.{name}" for name in names]


def test_a_sound_folder_is_left_alone() -> None:
    files = folder_files(GOLDEN, "drizzle")
    assert mend("drizzle", files, removable=frozenset(files)).files == {}


def test_a_collection_that_is_missing_is_put_in(tmp_path: Path) -> None:
    place = tmp_path / "drizzle"
    shutil.copytree(GOLDEN, place)
    path = sorted((place / "meta").glob("*_snapshot.json"))[-1]

    def spoil(body: dict[str, Any]) -> None:
        table = next(iter(body["tables"].values()))
        del table["indexes"]
        table["checkConstraint"] = {}

    rewrite(path, spoil)
    assert findings(folder_files(place, "drizzle")) == ["DG022"]
    after = mended(place)
    assert findings(after) == []
    # protect and DG031 take just that for a repair
    old = read_any_history("drizzle", folder_files(place, "drizzle"))
    assert old is not None
    assert (old.entries[-1].tag, f"meta/{path.name}") in repairs_of(old, after)


def test_a_folder_of_malformed_snapshots_is_told_as_one_is(tmp_path: Path) -> None:
    place = tmp_path / "drizzle"
    shutil.copytree(GOLDEN, place)
    paths = sorted((place / "meta").glob("*_snapshot.json"))
    for path in paths:
        rewrite(path, lambda body: body.pop("_meta"))
    assert findings(folder_files(place, "drizzle")) == ["DG022"] * len(paths)
    assert findings(mended(place)) == []
