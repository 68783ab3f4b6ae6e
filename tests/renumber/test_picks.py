"""Cherry-pick, revert, stash, am, squash: every way in which one commit's migrations land on another branch."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.renumber.finish_merge import describe_move
from support.branches import GOLDEN, OWN, assert_canonical, collide, put_files
from support.gitbed import Bed, Done, git_version

pytestmark = pytest.mark.both_gits

RENUMBER = "Now that git has stopped, this can see both sides:\n  drizzle-guard renumber"


def finish(bed: Bed, done: Done, *command: str) -> None:
    """If git stopped, do what the message says: renumber, then the command."""
    while done.code:
        assert RENUMBER in done.err, done.text
        renumbered = bed.call("renumber")
        assert renumbered.code == 0, renumbered.text
        assert f"staged; next: {' '.join(command)}" in renumbered.out
        done = bed.try_git(*command[1:])
    assert bed.git("status", "--porcelain") == ""


def test_cherry_pick_one(bed: Bed) -> None:
    collide(bed)
    bed.branch("picked", "main")
    done = bed.try_git("cherry-pick", "feature~2")
    # labels, by which the driver knows what is picked, came with git 2.44
    assert (done.code == 0) == (git_version(bed) >= (2, 44)), done.text
    finish(bed, done, "git", "cherry-pick", "--continue")
    assert bed.git("log", "-1", "--format=%s") == "one"
    assert_canonical(bed, "HEAD", "main")
    assert f"drizzle/0003_{OWN[0]}.sql" in bed.git("ls-tree", "--name-only", "HEAD", "drizzle/")


def test_cherry_pick_range(bed: Bed) -> None:
    collide(bed)
    bed.branch("picked", "main")
    done = bed.try_git("cherry-pick", "main..feature")
    while done.code:
        assert "drizzle-guard renumber" in done.err, done.text
        assert bed.call("renumber").code == 0
        done = bed.try_git("cherry-pick", "--continue")
    assert bed.git("log", "--reverse", "--format=%s", "main..picked").splitlines() == ["one", "between", "two"]
    assert bed.files("picked") == GOLDEN
    for back in range(3):
        assert_canonical(bed, f"picked~{back}", "main")


def test_cherry_pick_stopped_by_another_file(bed: Bed) -> None:
    collide(bed)
    bed.git("checkout", "-q", "feature~2")
    bed.write("src/app.ts", "feature\n")
    bed.git("commit", "-q", "-a", "--amend", "--no-edit")
    pick = bed.git("rev-parse", "HEAD")
    bed.git("checkout", "-q", "main")
    bed.write("src/app.ts", "main\n")
    bed.commit("app")
    assert bed.try_git("cherry-pick", pick).code == 1
    bed.write("src/app.ts", "both\n")
    bed.git("add", "src/app.ts")
    if bed.stages():
        assert bed.call("renumber").code == 0
    bed.git("cherry-pick", "--continue")
    assert_canonical(bed, "HEAD", "main~1")


def test_revert_the_newest_migration_and_back(bed: Bed) -> None:
    collide(bed)
    bed.git("merge", "-q", "--no-edit", "main")
    merged = bed.files("HEAD")
    bed.git("rm", "-q", "drizzle/0004_post_views.sql", "drizzle/meta/0004_snapshot.json")
    put_files(bed, _without_last(merged))
    bed.commit("drop the last")
    bed.git("revert", "--no-edit", "HEAD")
    assert bed.files("HEAD") == merged
    bed.git("revert", "--no-edit", "HEAD")
    assert bed.files("HEAD") == _without_last(merged)
    assert bed.git("status", "--porcelain") == ""


def _without_last(files: dict[str, bytes]) -> dict[str, bytes]:
    from support.branches import first_own

    return first_own(files, 1)


def test_revert_of_a_merge(bed: Bed) -> None:
    collide(bed)
    bed.git("checkout", "-q", "main")
    before = bed.files("main")
    bed.git("merge", "-q", "--no-edit", "feature")
    assert bed.files("HEAD") == GOLDEN
    bed.git("revert", "--no-edit", "-m", "1", "HEAD")
    assert bed.files("HEAD") == before
    assert bed.git("status", "--porcelain") == ""


def test_stash_pop(bed: Bed) -> None:
    collide(bed)
    bed.git("checkout", "-q", "main~1")
    bed.git("checkout", "-q", "feature", "--", "drizzle")
    bed.git("stash", "push", "-q")
    bed.git("checkout", "-q", "main")
    done = bed.try_git("stash", "pop")
    assert done.code == 1 and RENUMBER in done.err
    renumbered = bed.call("renumber")
    assert renumbered.code == 0 and "staged; next: git stash drop" in renumbered.out, renumbered.text
    bed.commit("unstashed")
    assert bed.files("HEAD") == GOLDEN


def test_am_three_way(bed: Bed, tmp_path: Path) -> None:
    collide(bed)
    patch = tmp_path / "0001.patch"
    patch.write_text(bed.git("format-patch", "-1", "--stdout", "feature~2") + "\n")
    bed.branch("mailed", "main")
    finish(bed, bed.try_git("am", "-3", str(patch)), "git", "am", "--continue")
    assert_canonical(bed, "HEAD", "main")
    assert bed.git("log", "-1", "--format=%s") == "one"


def test_am_with_the_markers_added(bed: Bed, tmp_path: Path) -> None:
    """`git add -A` tells git that all is resolved; then only the index holds the journal with its markers."""
    collide(bed)
    patch = tmp_path / "0001.patch"
    patch.write_text(bed.git("format-patch", "-1", "--stdout", "feature~2") + "\n")
    bed.branch("mailed", "main")
    assert bed.try_git("am", "-3", str(patch)).code == 128
    bed.git("add", "-A")
    refused = bed.call("renumber")
    assert (refused.code, refused.out, refused.err) == (
        1,
        "",
        "drizzle-guard: drizzle/meta/_journal.json still has conflict markers (line 15).\n"
        "  Bring the conflict back, and let it be resolved:\n"
        "  git checkout -m -- drizzle/meta/_journal.json\n"
        "  drizzle-guard renumber\n",
    )
    bed.type("git checkout -m -- drizzle/meta/_journal.json")
    assert bed.call("renumber").code == 0
    bed.git("am", "--continue")
    assert_canonical(bed, "HEAD", "main")


@pytest.mark.parametrize("known", [True, False], ids=["commits-here", "from-elsewhere"])
def test_am_of_several_patches(bed: Bed, tmp_path: Path, known: bool) -> None:
    """The second patch was made on the first one's old snapshot, which no index has any more: only the commit has."""
    collide(bed)
    mail = bed.git("format-patch", "--stdout", "feature~3..feature") + "\n"
    if not known:
        mail = re.sub(r"(?m)^From [0-9a-f]{40} ", f"From {'1' * 40} ", mail)
    (tmp_path / "mail").write_text(mail)
    bed.branch("mailed", "main")
    before = bed.state()
    done = bed.try_git("am", "-3", str(tmp_path / "mail"))
    if known:
        finish(bed, done, "git", "am", "--continue")
        assert bed.files("mailed") == GOLDEN
        for back in range(3):
            assert_canonical(bed, f"mailed~{back}", "main")
        return
    assert bed.call("renumber").code == 0
    assert bed.try_git("am", "--continue").code == 128
    stages = bed.stages()
    refused = bed.call("renumber")
    assert (refused.code, refused.err) == (
        1,
        "drizzle-guard: drizzle/meta/_journal.json: the snapshot that 0002_post_views was made from is not here, so "
        "nothing tells what it changed.\n"
        "  Bring everything back, fetch the commits themselves, and merge or cherry-pick those:\n"
        "  git am --abort\n",
    )
    assert bed.stages() == stages
    bed.git("am", "--abort")
    assert bed.state() == before


def test_merge_squash(bed: Bed) -> None:
    collide(bed)
    bed.branch("squashed", "main")
    done = bed.try_git("merge", "--squash", "feature")
    assert done.code == 0, done.text
    bed.git("commit", "-q", "-m", "squashed")
    assert bed.files("HEAD") == GOLDEN
    assert len(bed.git("log", "-1", "--format=%P").split()) == 1
    assert bed.git("status", "--porcelain") == ""


def test_stacked_branch_after_its_base_was_squashed(bed: Bed) -> None:
    """B stands on A; A lands on main as one commit; B is rebased: nothing of A is doubled."""
    collide(bed)
    bed.branch("stacked", "feature")
    journal = bed.read("drizzle/meta/_journal.json")
    bed.git("checkout", "-q", "main")
    bed.git("merge", "-q", "--squash", "feature")
    bed.git("commit", "-q", "-m", "A, squashed")
    bed.git("checkout", "-q", "stacked")
    assert bed.read("drizzle/meta/_journal.json") == journal
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.code == 0, done.text
    assert bed.files("HEAD") == GOLDEN
    assert bed.git("status", "--porcelain") == ""


def test_a_branch_that_merged_main_earlier_goes_on(bed: Bed) -> None:
    collide(bed)
    bed.git("merge", "-q", "--no-edit", "main")
    assert bed.files("HEAD") == GOLDEN
    bed.git("checkout", "-q", "main")
    _append(bed, "0003_later", b"CREATE TABLE later (id integer);")
    bed.commit("main goes on")
    bed.git("checkout", "-q", "feature")
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.code == 0, done.text
    assert_canonical(bed, "HEAD", "main")
    tags = bed.git("ls-tree", "--name-only", "HEAD", "drizzle/")
    assert "0004_comments" in tags and "0005_post_views" in tags and "0003_comments" not in tags
    assert bed.git("status", "--porcelain") == ""


@pytest.mark.parametrize("strategy", ["ours", "theirs"])
def test_strategy_option_is_not_worse_than_git(bed: Bed, strategy: str) -> None:
    """`-X ours` says what to do with conflicts; the migrations of both sides are kept all the same."""
    collide(bed)
    done = bed.try_git("merge", "--no-edit", "-X", strategy, "main")
    assert done.code == 0, done.text
    assert bed.files("HEAD") == GOLDEN
    assert bed.git("status", "--porcelain") == ""


def _append(bed: Bed, tag: str, sql: bytes) -> None:
    """A hand-written migration, without a snapshot."""
    import json

    path = "drizzle/meta/_journal.json"
    journal = json.loads(bed.read(path))
    last = journal["entries"][-1]
    journal["entries"].append({**last, "idx": last["idx"] + 1, "when": last["when"] + 5000, "tag": tag})
    bed.write(path, json.dumps(journal, indent=2))
    bed.write(f"drizzle/{tag}.sql", sql)


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (("0003_b", 3, 5000), "0001_b -> 0003_b"),
        (("0001_b", 3, 5000), "0001_b: idx 1 -> 3, when 4000 -> 5000"),
        (("0001_b", 1, 5000), "0001_b: when 4000 -> 5000"),
        (("0001_b", 1, 4000), "0001_b: its snapshot"),
    ],
)
def test_says_what_changed_and_no_name_twice(new: tuple[str, int, int], said: str) -> None:
    assert describe_move(Entry({}, "0001_b", 1, 4000), Entry({}, *new)) == said
