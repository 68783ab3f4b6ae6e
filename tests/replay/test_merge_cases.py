"""Every directory of `fixtures/merge` is a case; adding one needs no code.

    base/ ours/ theirs/     the migration folder on the three sides (base may be missing: no common ancestor);
                            a file `from` says that a side is another one but for some files (support/cases.py)
    expected/               the folder after the merge, or
    refused.txt             the sentence of the refusal
    mainline                `ours` if our side is published (default: theirs)

Each case runs through the bare core.  What the result is, that alone decides, so one case in two goes through real git
as well: through `git merge` in an armed clone, or, one in six, through `renumber` in one that is not; the second git
sees one in twelve.  The campaign `every` takes each case both ways, with each git.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from drizzle_guard.errors import GuardError
from drizzle_guard.replay.plan import Plan, Refusal, WayOut
from drizzle_guard.replay.replay import plan
from support.cases import MERGE, MergeCase, cases_in
from support.gitbed import Bed, Done
from support.parts import EVERY, gits, some

CASES = [case.name for case in cases_in(MERGE)]
THROUGH_GIT = [
    pytest.param(name, git, id=f"{'second-git' if git else 'git'}-{name}")
    for git in gits()
    for number, name in enumerate(CASES)
    if EVERY or number % (12 if git else 2) == 0
]
BY_HAND = set(some(CASES, 6))
ARMED = set(CASES) if EVERY else set(CASES) - BY_HAND


def case_of(name: str) -> MergeCase:
    return MergeCase(MERGE / name)


def branches(bed: Bed, case: MergeCase) -> str:
    """Branches feature (ours) and main (theirs), or the other way round, ours checked out; the name of theirs."""
    mine, other = ("main", "feature") if case.ours_is_mainline else ("feature", "main")
    sides = {side: {f"drizzle/{path}": data for path, data in case.files(side).items()} for side in case.SIDES}
    bed.history(
        ("refs/heads/base", None, {**sides["base"], "README": b"base\n"}),
        (f"refs/heads/{other}", "refs/heads/base", {**sides["theirs"], "README": b"base\n"}),
        (f"refs/heads/{mine}", "refs/heads/base", {**sides["ours"], "README": b"base\n"}),
    )
    bed.git("branch", "-q", "-D", "base")
    bed.git("checkout", "-q", "-f", mine)
    return other


@pytest.mark.parametrize("name", CASES)
def test_core(name: str) -> None:
    case = case_of(name)
    try:
        base, ours, theirs = (case.folder(side) for side in ("base", "ours", "theirs"))
    except GuardError as error:
        assert error.message == case.refused
        return
    mainline, branch = (ours, theirs) if case.ours_is_mainline else (theirs, ours)
    outcome = plan(base, mainline, branch, layout=ours.journal)
    if isinstance(outcome, Refusal):
        assert f"drizzle: {outcome.sentence}" == case.refused
        if outcome.way_out is WayOut.LOOK:  # then `renumber --anyway` is named, and has to lead out
            assert isinstance(plan(base, mainline, branch, layout=ours.journal, anyway=True), Plan)
    else:
        files = {**{p: b.data for p, b in theirs.files.items()}, **{p: b.data for p, b in ours.files.items()}}
        for path, blob in outcome.files.items():
            files.pop(path, None)
            if blob is not None:
                files[path] = blob.data
        assert files == case.expected


@pytest.mark.parametrize(("name", "git"), THROUGH_GIT)
def test_through_git(name: str, git: Path | None, tmp_path: Path) -> None:
    bed, case = Bed(tmp_path, git=git), case_of(name)
    other = branches(bed, case)
    before = bed.state()
    if name in BY_HAND:
        by_hand(bed, case, other)
        bed.git("reset", "-q", "--hard", before["head"].split("refs/")[0])
        assert bed.state() == before
    if name in ARMED:
        armed(bed, case, other)


def by_hand(bed: Bed, case: MergeCase, other: str) -> None:
    """What `renumber` makes of the merge that plain git left."""
    stopped = bed.try_git("merge", "--no-edit", other)
    before = bed.state()
    done = bed.call("renumber")
    if case.refused is None:
        assert done.code == 0, done.text
        bed.git("commit", "-q", *(["--no-edit"] if stopped.code else ["--allow-empty", "-m", "renumber"]))
        assert bed.git("status", "--porcelain") == ""
        assert bed.files("HEAD") == case.expected
    else:
        assert done.code == 1 and case.refused.rstrip(".") in done.err, done.text
        assert bed.state() == before


def armed(bed: Bed, case: MergeCase, other: str) -> None:
    """One command in an armed clone."""
    bed.arm()
    bed.commit("armed")
    before = bed.state()
    done = bed.try_git("merge", "--no-edit", other)
    if case.refused is None:
        assert done.code == 0, done.text
        assert bed.git("status", "--porcelain") == ""
        parents = bed.git("log", "-1", "--format=%P").split()
        assert parents == [before["head"].split("refs/")[0], bed.git("rev-parse", other)]
        assert bed.files("HEAD") == case.expected
        again = bed.call("renumber")
        # an error that was there before is named; 1 where it asks before it takes back what the branch did on purpose
        asks = "drizzle-guard renumber --yes" in again.err
        assert again.code == int(asks) and bed.git("status", "--porcelain") == "", again.text
    else:
        _assert_refused(bed, case, done, before)


def _assert_refused(bed: Bed, case: MergeCase, done: Done, before: dict[str, str]) -> None:
    """What plain git would leave: stages and markers; and the reason, and a way back."""
    assert done.code == 1 and case.refused is not None
    assert case.refused.rstrip(".") in done.err, done.text
    stages = bed.stages()
    path = "drizzle/meta/_journal.json"
    for number, commit in ((2, "HEAD"), (3, "MERGE_HEAD")):
        assert stages[f"{path}:{number}"] == bed.git("rev-parse", f"{commit}:{path}")
    bed.git("merge", "--abort")
    assert bed.state() == before
