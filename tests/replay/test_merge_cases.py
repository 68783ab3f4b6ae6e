"""Every directory of `fixtures/merge` is a case; adding one needs no code.

    base/ ours/ theirs/     the migration folder on the three sides (base may be missing: no common ancestor);
                            a file `from` says that a side is another one but for some files (support/cases.py)
    expected/               the folder after the merge, or
    refused.txt             the sentence of the refusal
    mainline                `ours` if our side is published (default: theirs)

Each case runs through the bare core, through `git merge` in an armed clone, and through `renumber` in an unarmed one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from drizzle_guard.errors import GuardError
from drizzle_guard.replay.plan import Refusal
from drizzle_guard.replay.replay import plan
from support.cases import MERGE, MergeCase, cases_in
from support.gitbed import Bed, Done

CASES = [case.name for case in cases_in(MERGE)]


class Case(MergeCase):
    def __init__(self, name: str) -> None:
        super().__init__(MERGE / name)

    def branches(self, bed: Bed, *, armed: bool) -> None:
        """Branches feature (ours) and main (theirs), or the other way round; the first is checked out."""
        self._put(bed, "base")
        bed.commit("base")
        if armed:
            assert bed.tool("install").code == 0
            bed.commit("armed")
        mine, other = ("main", "feature") if self.ours_is_mainline else ("feature", "main")
        bed.git("branch", "-q", "feature")
        for name, side in ((other, "theirs"), (mine, "ours")):
            bed.git("checkout", "-q", name)
            self._put(bed, side)
            bed.commit(side)
        self.other = other

    def _put(self, bed: Bed, side: str) -> None:
        if (self.path / side).exists():
            bed.put(self.path / side)
        bed.write("README", f"{side}\n" if side == "base" else "base\n")


@pytest.mark.parametrize("name", CASES)
def test_core(name: str) -> None:
    case = Case(name)
    try:
        base, ours, theirs = (case.folder(side) for side in ("base", "ours", "theirs"))
    except GuardError as error:
        assert error.message == case.refused
        return
    mainline, branch = (ours, theirs) if case.ours_is_mainline else (theirs, ours)
    outcome = plan(base, mainline, branch, layout=ours.journal)
    if isinstance(outcome, Refusal):
        assert f"drizzle: {outcome.sentence}" == case.refused
    else:
        files = {**{p: b.data for p, b in theirs.files.items()}, **{p: b.data for p, b in ours.files.items()}}
        for path, blob in outcome.files.items():
            files.pop(path, None)
            if blob is not None:
                files[path] = blob.data
        assert files == case.expected


@pytest.mark.parametrize("name", CASES)
def test_armed_merge(name: str, bed: Bed) -> None:
    case = Case(name)
    case.branches(bed, armed=True)
    before = bed.state()
    done = bed.try_git("merge", "--no-edit", case.other)
    if case.refused is None:
        assert done.code == 0, done.text
        assert bed.git("status", "--porcelain") == ""
        parents = bed.git("log", "-1", "--format=%P").split()
        assert parents == [before["head"].split("refs/")[0], bed.git("rev-parse", case.other)]
        assert bed.files("HEAD") == case.expected
        again = bed.tool("renumber")
        assert again.code == 0 and bed.git("status", "--porcelain") == "", again.text
    else:
        _assert_refused(bed, case, done, before)


@pytest.mark.parametrize("name", CASES)
def test_renumber_by_hand(name: str, tmp_path: Path) -> None:
    bed, case = Bed(tmp_path), Case(name)
    case.branches(bed, armed=False)
    stopped = bed.try_git("merge", "--no-edit", case.other)
    before = bed.state()
    done = bed.tool("renumber")
    if case.refused is None:
        assert done.code == 0, done.text
        bed.git("commit", "-q", *(["--no-edit"] if stopped.code else ["--allow-empty", "-m", "renumber"]))
        assert bed.git("status", "--porcelain") == ""
        assert bed.files("HEAD") == case.expected
    else:
        assert done.code == 1 and case.refused in done.err, done.text
        assert bed.state() == before


def _assert_refused(bed: Bed, case: Case, done: Done, before: dict[str, str]) -> None:
    """What plain git would leave: stages and markers; and the reason, and a way back."""
    assert done.code == 1 and case.refused is not None
    assert case.refused in done.err, done.text
    stages = bed.stages()
    path = "drizzle/meta/_journal.json"
    for number, commit in ((2, "HEAD"), (3, "MERGE_HEAD")):
        assert stages[f"{path}:{number}"] == bed.git("rev-parse", f"{commit}:{path}")
    bed.git("merge", "--abort")
    assert bed.state() == before
