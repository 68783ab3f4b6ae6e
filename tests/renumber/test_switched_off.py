"""Hooks that are switched off in the middle: git finishes without us, and whatever of ours runs next says so."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from support.cases import side_files
from support.gitbed import Bed
from support.protect_commits import CASE

EXPECTED = side_files(CASE / "expected")
OFF = ("-c", "core.hooksPath=/dev/null")
MERGED = "drizzle/meta/_journal.json is merged, but its migrations do not have their new numbers yet"
REBASED = "drizzle/meta/_journal.json is rebased, but its migrations do not have their new numbers yet.\n"


def branches(bed: Bed) -> None:
    """A base, and on each side migrations and a change of the same other file; the branch is checked out."""
    bed.put(CASE / "base")
    bed.write("src/schema.ts", "base\n")
    bed.commit("base")
    bed.git("branch", "feature")
    for branch, side in (("main", "theirs"), ("feature", "ours")):
        bed.git("checkout", "-q", branch)
        bed.put(CASE / side)
        bed.commit(branch)
        bed.write("src/schema.ts", f"{branch}\n")
        bed.commit(f"{branch}'s schema")


def merge_then_commit_without_hooks(bed: Bed) -> None:
    assert bed.try_git("merge", "main").code == 1
    resolve(bed)
    bed.git(*OFF, "commit", "-q", "--no-edit")


def merge_that_is_forgotten(bed: Bed) -> None:
    assert bed.try_git("merge", "main").code == 1
    resolve(bed)
    bed.git("merge", "--quit")
    bed.git("commit", "-q", "-n", "-m", "by hand")


def rebase_that_goes_on_without_hooks(bed: Bed) -> None:
    assert bed.try_git("rebase", "main").code == 1
    resolve(bed)
    bed.git(*OFF, "rebase", "--continue")


def rebase_that_is_left(bed: Bed) -> None:
    assert bed.try_git("rebase", "main").code == 1
    resolve(bed)
    bed.git("commit", "-q", "--no-edit")
    bed.git("rebase", "--quit")


def resolve(bed: Bed) -> None:
    bed.write("src/schema.ts", "both\n")
    bed.git("add", "src")


WAYS: dict[str, tuple[Callable[[Bed], None], str]] = {
    "a commit of a stopped merge": (merge_then_commit_without_hooks, MERGED),
    "a merge that is forgotten": (merge_that_is_forgotten, MERGED),
    "a rebase that goes on": (rebase_that_goes_on_without_hooks, REBASED),
    "a rebase that is left": (rebase_that_is_left, REBASED),
}


@pytest.mark.both_gits
@pytest.mark.parametrize("way", WAYS)
def test_the_next_of_ours_says_it_and_its_command_heals_it(bed: Bed, way: str) -> None:
    branches(bed)
    bed.arm()
    do, said = WAYS[way]
    do(bed)
    assert bed.files("HEAD") != EXPECTED
    bed.write("x", "x")
    bed.git("add", "x")
    done = bed.run("git", "commit", "-q", "-m", "next")
    assert said in done.err and "\n  drizzle-guard renumber\n" in done.err, done.text
    assert said in bed.call("graph").err
    assert bed.call("renumber").code == 0
    bed.git("commit", "-q", "-m", "as it says")
    assert bed.files("HEAD") == EXPECTED
    assert bed.call("check", "--onto", "main").code == 0
    bed.write("y", "y")
    bed.git("add", "y")
    assert "drizzle-guard" not in bed.run("git", "commit", "-q", "-m", "quiet again").err
    assert not list((bed.root / ".git").glob("drizzle-guard-*"))


def test_a_rebase_that_ends_as_it_should_or_is_aborted_leaves_no_word(bed: Bed) -> None:
    branches(bed)
    bed.arm()
    note = bed.root / ".git/drizzle-guard-rebase"
    assert bed.try_git("rebase", "main").code == 1 and note.exists()
    bed.git("rebase", "--abort")
    assert bed.call("graph").err == "" and not note.exists()
    assert bed.try_git("rebase", "main").code == 1 and note.exists()
    resolve(bed)
    bed.git("rebase", "--continue")
    assert bed.files("HEAD") == EXPECTED and not note.exists()


SWITCHES = {
    "-c": (*OFF, "merge"),
    "the clone's settings": ("merge",),
    "hooks without their x": ("merge",),
    "no hooks": ("merge",),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_git_stops_where_hooks_are_off_from_the_start(bed: Bed, switch: str) -> None:
    branches(bed)
    bed.git("reset", "-q", "--hard", "HEAD^")  # nothing else is in conflict
    bed.arm()
    if switch == "the clone's settings":
        bed.git("config", "core.hooksPath", "nowhere")
    for hook in (bed.root / ".git/hooks").iterdir() if switch == "hooks without their x" else ():
        hook.chmod(0o644)
    if switch == "no hooks":
        shutil.rmtree(bed.root / ".git/hooks")
    done = bed.try_git(*SWITCHES[switch], "main")
    assert done.code == 1 and "no hook of this clone will finish that.\n  drizzle-guard renumber\n  git commit\n" in (
        done.err
    ), done.text
    assert bed.call("renumber").code == 0
    bed.git("commit", "-q", "--no-edit")
    assert bed.files("HEAD") == EXPECTED
