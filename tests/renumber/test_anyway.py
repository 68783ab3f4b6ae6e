"""`renumber --anyway`: a person who has looked goes on in spite of what was read from the SQL."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.cases import MERGE, put_side
from support.gitbed import Bed

CASE = "hand-written-both"
SAID = '0001_seed (branch) and 0001_backfill (mainline): both change rows of table "users".'


def _branches(bed: Bed, *, case: str = CASE, sql: str = "DELETE FROM users WHERE email = '';") -> None:
    """An armed repository: main deletes rows that the branch writes."""

    def put(side: str) -> None:
        put_side(MERGE / case / side, bed.root / "drizzle")
        if side == "theirs" and sql:
            (bed.root / "drizzle" / "0001_backfill.sql").write_text(sql)
        bed.commit(side)

    put("base")
    assert bed.call("install").code == 0
    bed.commit("armed")
    bed.git("branch", "-q", "feature")
    put("theirs")
    bed.git("checkout", "-q", "feature")
    put("ours")


def _tags(bed: Bed) -> list[str]:
    return [e["tag"] for e in json.loads(Path(bed.root / "drizzle/meta/_journal.json").read_text())["entries"]]


def test_in_a_stopped_merge(bed: Bed) -> None:
    _branches(bed)
    stopped = bed.try_git("merge", "--no-edit", "main")
    assert stopped.code == 1 and SAID in stopped.err
    assert "  drizzle-guard renumber --anyway\n" in stopped.err and "  drizzle-guard rehearse\n" in stopped.err
    shown = json.loads(bed.call("renumber", "--anyway", "--dry-run", "--json").out)
    assert [form["passed_over"] for form in shown] == [[SAID]]
    done = bed.call("renumber", "--anyway")
    assert done.code == 0, done.text
    assert f"  passed over: {SAID}" in done.out.splitlines()
    assert bed.call("renumber", "--anyway").code == 0  # a second time changes nothing
    rehearsed = bed.call("rehearse")
    assert rehearsed.code == 0 and "all 3 starting points end in the same schema" in rehearsed.out, rehearsed.text
    bed.git("commit", "-q", "--no-edit")
    assert bed.git("status", "--porcelain") == "" and _tags(bed)[-2:] == ["0001_backfill", "0002_seed"]
    assert bed.git("log", "-1", "--format=%B").splitlines().count(f"Renumbered anyway: {SAID}") == 1


@pytest.mark.parametrize("command", ["cherry-pick", "rebase"])
def test_in_a_stopped_pick(bed: Bed, command: str) -> None:
    _branches(bed)
    if command == "rebase":
        stopped = bed.try_git("rebase", "main")
    else:
        bed.git("checkout", "-q", "main")
        stopped = bed.try_git("cherry-pick", "feature")
    assert stopped.code == 1, stopped.text
    assert "drizzle-guard renumber --anyway" in bed.call("renumber").err
    done = bed.call("renumber", "--anyway")
    assert done.code == 0 and f"  passed over: {SAID}" in done.out.splitlines(), done.text
    done = bed.try_git("-c", "core.editor=true", command, "--continue")
    assert done.code == 0, done.text
    assert bed.git("status", "--porcelain") == "" and _tags(bed)[-2:] == ["0001_backfill", "0002_seed"]
    assert f"Renumbered anyway: {SAID}" in bed.git("log", "-1", "--format=%B").splitlines()


def test_a_structural_refusal_stays(bed: Bed) -> None:
    _branches(bed, case="refused-type-changed-on-both", sql="")
    stopped = bed.try_git("merge", "--no-edit", "main")
    assert stopped.code == 1
    before = bed.state()
    tried = bed.call("renumber", "--anyway")
    assert tried.code == 1 and "both sides change" in tried.err, tried.text
    assert bed.state() == before
