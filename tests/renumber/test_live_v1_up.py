"""`check --for v1` of folders that drizzle-kit 0.x wrote, held against `drizzle-kit up` of Drizzle v1 (1.0.0-rc.5)."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drizzle_guard.disk import folder_files
from drizzle_guard.mend.repairs import mend
from drizzle_guard.rules.run import check_journal_folder
from support.cases import CHECK, MERGE, put_side
from support.gitbed import Bed
from support.live.v1_bench import KIT, V1

NOW = 1_900_000_000_000
#: spoils a folder; what it returns is the cure that `check` names
Spoil = Callable[[Path], Callable[[], None]]


def _change(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    body = json.loads(file.read_text("utf-8"))
    change(body)
    file.write_text(json.dumps(body, indent=2), "utf-8")


def _snapshot(folder: Path, number: int) -> Path:
    return folder / "meta" / f"{number:04}_snapshot.json"


def _journal(folder: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    _change(folder / "meta/_journal.json", lambda body: change(body["entries"]))


def no_snapshot(folder: Path) -> Callable[[], None]:
    _snapshot(folder, 2).unlink()

    def cure() -> None:
        """Copy the snapshot before it, and chain the copy in."""
        before, new = json.loads(_snapshot(folder, 1).read_text("utf-8")), str(uuid.uuid4())
        _snapshot(folder, 2).write_text(json.dumps({**before, "id": new, "prevId": before["id"]}), "utf-8")
        _change(_snapshot(folder, 3), lambda body: body.update(prevId=new))

    return cure


def no_sql(folder: Path) -> Callable[[], None]:
    (file,) = folder.glob("0002_*.sql")
    data = file.read_bytes()
    file.unlink()

    def cure() -> None:
        file.write_bytes(data)

    return cure


def out_of_order(folder: Path) -> Callable[[], None]:
    def early(entries: list[dict[str, Any]]) -> None:
        entries[2]["when"] = entries[1]["when"] - 2_000

    def later(entries: list[dict[str, Any]]) -> None:
        entries[2]["when"] = entries[1]["when"] + 1_000

    _journal(folder, early)
    return lambda: _journal(folder, later)


def parent_gone(folder: Path) -> Callable[[], None]:
    _change(_snapshot(folder, 2), lambda body: body.update(prevId=str(uuid.uuid4())))

    def cure() -> None:
        """What `check --fix` does."""
        for path, blob in mend("drizzle", folder_files(folder, "drizzle")).files.items():
            assert blob is not None
            (folder / path).write_bytes(blob.data)

    return cure


def one_folder(folder: Path) -> Callable[[], None]:
    (one,), (two,) = folder.glob("0001_*.sql"), folder.glob("0002_*.sql")
    tag = "0002_" + one.stem.partition("_")[2]
    two.rename(folder / f"{tag}.sql")
    _journal(folder, lambda entries: entries[2].update(tag=tag, when=entries[1]["when"]))
    return lambda: _journal(folder, lambda entries: entries[2].update(when=entries[1]["when"] + 1_000))


def findings(folder: Path) -> set[str]:
    checked = check_journal_folder("drizzle", folder_files(folder, "drizzle"), now=NOW, for_v1=True)
    return {judged.finding.rule.code for judged in checked.findings if judged.severity == "error"}


@pytest.mark.parametrize("spoil", [no_snapshot, no_sql, out_of_order, parent_gone, one_folder])
def test_what_stops_up_is_foretold_and_its_cure_helps(
    tmp_path: Path, spoil: Callable[[Path], Callable[[], None]]
) -> None:
    folder = tmp_path / "drizzle"
    put_side(MERGE / "pg-2v2" / "expected", folder)
    count = len(json.loads((folder / "meta/_journal.json").read_text("utf-8"))["entries"])
    v1 = V1(tmp_path, "postgresql")
    assert findings(folder) == set()
    cure = spoil(folder)
    assert "DG051" in findings(folder)
    said = v1.kit("up")
    assert said.startswith("1 "), said
    assert (folder / "meta/_journal.json").exists()
    cure()
    assert "DG051" not in findings(folder)
    said = v1.kit("up")
    assert said.startswith("0 "), said
    assert len([path for path in folder.iterdir() if (path / "migration.sql").exists()]) == count


@pytest.mark.parametrize(
    ("case", "left"),
    [("DG052-v1-up-loses-sqlite-no-sql", ["base", "posts"]), ("DG053-v1-up-swaps", ["base", "posts", "age"])],
)
def test_what_up_does_without_a_word_is_foretold(tmp_path: Path, case: str, left: list[str]) -> None:
    """The journal names base, age and posts."""
    put_side(CHECK / case / "failing", tmp_path)
    assert case.partition("-")[0] in findings(tmp_path / "drizzle")
    assert V1(tmp_path).kit("up").startswith("0 ")
    assert [path.name.partition("_")[2] for path in sorted((tmp_path / "drizzle").iterdir())] == left


def _up(bed: Bed) -> None:
    """Upgrade the folder with the real drizzle-kit of v1, and commit."""
    bed.run("npx", "drizzle-kit@1.0.0-rc.5", "up")
    bed.git("add", "-A")
    bed.git("commit", "-qm", "upgrade to v1")


@pytest.mark.parametrize(("upgraded", "command"), [("main", "merge"), ("main", "rebase"), ("feature", "merge")])
def test_what_is_printed_leads_from_one_layout_to_the_other(bed: Bed, upgraded: str, command: str) -> None:
    """Typed line by line: one side has run `up`, the other has generated in the old layout."""
    v1 = V1(bed.root, "postgresql")
    npx = bed.write("../bin/npx", f'#!/bin/sh\nshift\nexec {v1.node} {KIT} "$@"\n')
    npx.chmod(0o755)
    bed.env["PATH"] = os.pathsep.join((str(npx.parent), bed.env["PATH"]))
    bed.write("package.json", '{"devDependencies": {"drizzle-kit": "^1.0.0-rc.5"}}\n')
    put_side(MERGE / "pg-1v1/base", bed.root / "drizzle")
    bed.arm()
    bed.commit("base")
    for branch, side in (("feature", "ours"), ("main", "theirs")):
        bed.git("checkout", "-q", *(("-b", branch) if branch == "feature" else (branch,)))
        put_side(MERGE / "pg-1v1" / side, bed.root / "drizzle")
        bed.commit(side)
    bed.git("checkout", "-q", upgraded)
    _up(bed)
    bed.git("checkout", "-q", "feature")
    assert bed.try_git(command, "main").code == 1
    said = bed.tool("renumber")
    assert said.code == 1 and "one side has upgraded the folder to Drizzle v1, the other has not" in said.err, said.text
    lines = [line.strip() for line in said.err.splitlines()]
    typed = [line for line in lines if line.startswith(("git ", "npx ", "drizzle-guard "))]
    assert "npx drizzle-kit@1.0.0-rc.5 up" in typed
    for line in typed:
        done = bed.run("sh", "-c", line, check=False)
        assert done.code == 0, (line, done.text)
    if bed.git("status", "--porcelain"):
        bed.git("commit", "-qm", "behind the mainline's")
    assert bed.git("rev-parse", "--abbrev-ref", "HEAD") == "feature"
    assert bed.git("status", "--porcelain") == ""
    names = sorted(path.name.partition("_")[2] for path in (bed.root / "drizzle").iterdir())
    assert len(names) == len(set(names)) == 3, names
    assert bed.call("check", "--onto", "main").code == 0
    assert v1.kit("check").startswith("0 ")
