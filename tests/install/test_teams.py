"""A team in two clones, once for each kind of hooks: commits, pushes, merges, rebases, and who has not the tool.

The managers are real, and each clone is armed as README says.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import pytest

from drizzle_guard.install.armed import ALL_HOOKS
from support.cases import side_files
from support.gitbed import Bed
from support.live.teams import IN_PLACE, TEAMS, Team, team_of
from support.parts import EVERY
from support.protect_commits import CASE, drop_last, renumber_by_hand

EXPECTED = side_files(CASE / "expected")
SHORT = os.pathsep.join(("/usr/local/bin", "/usr/bin", "/bin"))
NOTICE = "drizzle-guard: not found or broken"


CHANGES: dict[str, tuple[Callable[[Bed], object], str]] = {
    "edit": (lambda b: b.write("drizzle/0000_base.sql", "select 2;"), "drizzle/0000_base.sql: the SQL is edited"),
    "delete": (drop_last, "drizzle/0002_post_views.sql: it is deleted"),
    "rename": (lambda b: renumber_by_hand(b, "0000_base", "0009"), "it is renumbered to 0009_base"),
    "a file alone": (lambda b: (b.root / "drizzle/0000_base.sql").unlink(), "0000_base.sql: the SQL is deleted"),
}


@pytest.mark.parametrize("kind", TEAMS)
def test_a_team(bed: Bed, kind: str, request: pytest.FixtureRequest) -> None:
    team = team_of(kind, request)
    bed.put(CASE / "base")
    said = team.adopt(bed)
    assert said.code == 0, said.text
    if (start := "\nCommit this, so that it holds for everybody:\n  git add ") in said.out:
        shared = said.out.split(start)[1].splitlines()[0].split()
        assert ".gitattributes" in shared and (kind != "lefthook" or "lefthook.yml" in shared)
        assert kind != "husky" or {f".husky/{hook}" for hook in ALL_HOOKS} < {*shared}
        bed.git("add", *shared)
    assert bed.tool("install", "--check").out == IN_PLACE
    bed.commit("adopt")
    bed.git("init", "-q", "--bare", str(bed.directory / "remote.git"))
    bed.git("remote", "add", "origin", str(bed.directory / "remote.git"))
    bed.git("push", "-q", "-u", "origin", "main")

    mate = bed.at(bed.directory / "mate")
    bed.git("clone", "-q", str(bed.directory / "remote.git"), str(mate.root))
    mate.branch("feature")
    team.join(mate)
    done = mate.tool("install", "--check")
    assert (done.code, done.out) == (0, IN_PLACE), done.text
    mate.put(CASE / "ours")
    drop_last(mate)
    mate.commit("an own migration")
    mate.git("push", "-q", "-u", "origin", "feature")
    bed.put(CASE / "theirs")
    bed.commit("the mainline moves")
    bed.git("push", "-q", "origin", "main")
    mate.git("fetch", "-q")
    mate.put(CASE / "ours")
    mate.git("add", "-A")
    done = mate.run("git", "commit", "-q", "-m", "the next one, with main fetched")
    assert kind != "pre-commit" or ("warning DG033" in done.text and " error " not in done.text), done.text
    own = mate.git("rev-parse", "HEAD")
    blocked(mate, CHANGES if kind != "pre-commit" or EVERY else ("edit",))  # test_protect_framework.py has more

    for command in (("pull", "--no-rebase", "--no-edit", "origin", "main"), ("pull", "--rebase", "origin", "main")):
        mate.git("reset", "-q", "--hard", own)
        done = mate.run("git", *command)
        assert mate.files("HEAD") == EXPECTED, done.text
        assert mate.git("status", "--porcelain") == ""
        assert not (mate.root / ".githooks/reference-transaction").exists()
        mate.git("push", "-q", "--force", "origin", "feature")
    bed.git("fetch", "-q")
    bed.git("merge", "-q", "--no-edit", "origin/feature")
    assert bed.files("HEAD") == EXPECTED
    bed.git("push", "-q", "origin", "main")

    if kind != "pre-commit":  # which brings a Python of its own
        turn = list(TEAMS).index(kind)
        bystanders(bed, mate, team, BROKEN if EVERY else [list(BROKEN)[turn % len(BROKEN)]])


def blocked(bed: Bed, changes: Iterable[str]) -> None:
    """Edits, deletions and renames do not pass a commit, nor a push if they were committed all the same."""
    for change, sentence in (CHANGES[name] for name in changes):
        change(bed)
        bed.git("add", "-A")
        done = bed.try_git("commit", "-q", "-m", "x")
        assert done.code == 1 and sentence in done.text, done.text
        bed.git("reset", "-q", "--hard")
    head = bed.git("rev-parse", "HEAD")
    for change, sentence in (CHANGES["edit"], CHANGES["a file alone"])[: 2 if EVERY else 1]:
        change(bed)
        bed.commit("x", "--no-verify")
        done = bed.try_git("push", "-q", "origin", "feature")
        assert done.code == 1 and sentence in done.text, done.text
        bed.git("reset", "-q", "--hard", head)


#: what may stand where drizzle-guard was
BROKEN = {
    "gone": None,
    "Python is gone": "#!/nowhere/python3\n",
    "its launcher finds no Python": "#!/bin/sh\nexit 1\n",
    "not found by its own shell": "#!/bin/sh\nexit 127\n",
}


def bystanders(bed: Bed, mate: Bed, team: Team, broken: Iterable[str]) -> None:
    """In both clones the tool does not start, and nothing is blocked: commits, a merge, a push; one notice a day."""
    bed.git("checkout", "-q", "-b", "beside", "HEAD^1")
    bed.write("other", "x")
    bed.commit("beside", "--no-verify")
    bed.git("push", "-q", "--no-verify", "origin", "beside")
    for clone, kinds in ((bed, ["gone"]), (mate, broken)):
        clone.git("fetch", "-q")
        clone.env["PATH"] = SHORT
        stub = str(clone.directory / "stub/drizzle-guard")
        for file in team.hooks(clone):
            file.write_text(file.read_text().replace(clone.git("config", "drizzle-guard.program"), stub))
        clone.git("config", "drizzle-guard.program", stub)
        for kind in kinds:
            text = BROKEN[kind]
            if text is not None:
                clone.write(stub, text).chmod(0o755)
            (clone.root / ".git/drizzle-guard-told").unlink(missing_ok=True)
            clone.write("drizzle/0007_by_hand.sql", f"-- {kind}")
            clone.git("add", "-A")
            done = clone.try_git("commit", "-q", "-m", kind)
            assert done.code == 0 and done.text.count(NOTICE) <= 1, (kind, done.text)
            done = clone.try_git("merge", "-q", "--no-edit", "origin/beside")
            assert done.code == 0 and NOTICE not in done.text, (kind, done.text)
            clone.git("reset", "-q", "--hard", "HEAD^")
        done = clone.try_git("push", "-q", "--force", "origin", "HEAD:refs/heads/by-hand")
        assert done.code == 0, done.text
    mate.write(stub, "#!/bin/sh\necho no >&2\nexit 10\n").chmod(0o755)  # the stop code
    mate.write("drizzle/0007_by_hand.sql", "-- again")
    mate.git("add", "-A")
    done = mate.try_git("commit", "-q", "-m", "stopped")
    assert done.code == 1 and "no\n" in done.err, done.text
