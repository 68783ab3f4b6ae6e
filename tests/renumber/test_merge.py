"""How git gets to a merge, and what must come of it: options, places, hooks, stops and repeats.

No drizzle-kit is needed here: the migrations are made by `gitbed.add_migration`, and `gitbed.migrations` says whether
a folder is canonical.  What the merged files hold is the business of the case directories and of the live tests.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from support.branches import collide
from support.forks import (
    JOURNAL,
    MERGED,
    SCHEMA,
    conflict_elsewhere,
    fork,
    grow,
    merged,
    one_merge,
    resolve_elsewhere,
)
from support.gitbed import Bed, Done, machinery, migrations
from support.live.bench import missing

pytestmark = pytest.mark.both_gits


def stopped(bed: Bed, done: Done, before: str) -> None:
    """git stopped in a conflict of the journal, which has markers."""
    assert done.code == 1, done.text
    assert bed.git("rev-parse", "HEAD") == before
    assert f"{JOURNAL}:1" in bed.stages() and f"{JOURNAL}:3" in bed.stages()
    assert b"<<<<<<<" in bed.read(JOURNAL)


# ---------------------------------------------------------------- options of git merge


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--no-ff",),
        ("--no-verify",),
        ("-m", "A message\n\nof two paragraphs"),
        ("--log",),
        ("--signoff",),
        ("-X", "ours"),
        ("-X", "theirs"),
        ("-s", "recursive"),
        ("--no-stat", "--quiet"),
        ("--autostash",),
    ],
    ids=" ".join,
)
def test_options(bed: Bed, options: tuple[str, ...]) -> None:
    fork(bed)
    ours = bed.git("rev-parse", "HEAD")
    bed.git("merge", "--no-edit", *options, "main")
    assert merged(bed) == MERGED
    one_merge(bed, ours, "main")
    assert bed.git("rev-parse", "ORIG_HEAD") == ours
    if "-m" in options:
        assert bed.git("log", "-1", "--format=%B").strip() == options[1]
    if "--signoff" in options:
        assert "Signed-off-by: Dev" in bed.git("log", "-1", "--format=%B")


def test_the_strategy_resolve(bed: Bed) -> None:
    """git has it done by a script that knows no merge drivers."""
    fork(bed)
    ours = bed.git("rev-parse", "HEAD")
    assert bed.try_git("merge", "-s", "resolve", "--no-edit", "main").code == 1
    done = bed.call("renumber")
    assert done.code == 0 and done.out.endswith(
        "staged; next: git commit\na database in which they ran already: drizzle-guard repair --url URL\n"
    ), done.text
    bed.git("commit", "-q", "--no-edit")
    assert merged(bed) == MERGED
    one_merge(bed, ours, "main")


@pytest.mark.parametrize("setting", ["rerere.enabled=true", "merge.conflictStyle=diff3", "core.autocrlf=input"])
def test_settings(bed: Bed, setting: str) -> None:
    fork(bed)
    bed.git("-c", setting, "merge", "--no-edit", "main")
    assert merged(bed) == MERGED


def test_sql_with_other_line_ends_than_its_attributes_say(bed: Bed) -> None:
    """git then takes every checkout of it for a change; the bytes are those of a commit all the same."""
    fork(bed)
    bed.write(".git/info/attributes", "drizzle/*.sql text eol=lf\n")
    bed.git("checkout", "-q", "main")
    path = "drizzle/0001_main1.sql"
    (bed.root / path).write_bytes(b"CREATE TABLE main1 (\r\n  id integer\r\n);\r\n")
    blob = bed.git("hash-object", "-w", "--no-filters", path)
    bed.git("update-index", "--cacheinfo", f"100644,{blob},{path}")
    bed.git("commit", "-q", "--no-verify", "-m", "other line ends")
    bed.git("checkout", "-q", "-f", "feature")
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.code == 0 and "renumbered 1 migration in drizzle" in done.err, done.text
    tags = [entry["tag"] for entry in json.loads(bed.git("show", f"HEAD:{JOURNAL}"))["entries"]]
    assert tags == ["0000_base", "0001_main1", "0002_feature1"]
    assert bed.git("rev-parse", f"HEAD:{path}") == blob


def test_author_and_dates_stay(bed: Bed) -> None:
    fork(bed)
    when = {"GIT_AUTHOR_DATE": "2021-02-03T04:05:06+0200", "GIT_COMMITTER_DATE": "2022-03-04T05:06:07-0300"}
    bed.git("merge", "--no-edit", "main", env={**when, "GIT_AUTHOR_NAME": "Zoë"})
    shown = bed.git("log", "-1", "--format=%an|%aI|%cn|%cI|%s")
    assert shown == "Zoë|2021-02-03T04:05:06+02:00|Dev|2022-03-04T05:06:07-03:00|Merge branch 'main' into feature"
    assert merged(bed) == MERGED


def test_the_mainline_checked_out(bed: Bed) -> None:
    fork(bed, feature=2, main=2)
    bed.git("checkout", "-q", "main")
    ours = bed.git("rev-parse", "HEAD")
    bed.git("merge", "--no-edit", "feature")
    assert merged(bed) == ["base", "main1", "main2", "feature1", "feature2"]
    one_merge(bed, ours, "feature")


def test_detached_head(bed: Bed) -> None:
    fork(bed)
    bed.git("checkout", "-q", "--detach")
    feature = bed.git("rev-parse", "feature")
    bed.git("merge", "--no-edit", "main")
    assert merged(bed) == MERGED
    one_merge(bed, "feature", "main")
    assert bed.git("rev-parse", "feature") == feature


@pytest.mark.parametrize("option", ["-a", "-m"], ids=["annotated", "light"])
def test_a_tag_is_merged(bed: Bed, option: str) -> None:
    fork(bed)
    bed.git("tag", *(["-a", "-m", "first"] if option == "-a" else []), "v1", "main")
    ours = bed.git("rev-parse", "HEAD")
    bed.git("merge", "--no-edit", "v1")
    assert merged(bed) == MERGED
    one_merge(bed, ours, "main")


def test_no_commit(bed: Bed) -> None:
    fork(bed)
    ours = bed.git("rev-parse", "HEAD")
    bed.git("merge", "--no-commit", "main")
    assert bed.git("rev-parse", "HEAD") == ours
    bed.git("commit", "-q", "--no-edit")
    assert merged(bed) == MERGED
    one_merge(bed, ours, "main")


def test_no_commit_and_renumber(bed: Bed) -> None:
    """`renumber` finishes what is not committed yet, so even `commit --no-verify` is right."""
    fork(bed)
    bed.git("merge", "--no-commit", "main")
    assert bed.call("renumber").code == 0
    bed.git("commit", "-q", "--no-edit", "--no-verify")
    assert merged(bed) == MERGED


def test_squash(bed: Bed) -> None:
    fork(bed, feature=2)
    ours = bed.git("rev-parse", "HEAD")
    bed.git("merge", "--squash", "main")
    assert bed.git("rev-parse", "HEAD") == ours
    bed.git("commit", "-q", "-m", "squashed")
    assert merged(bed) == ["base", "main1", "feature1", "feature2"]
    assert bed.git("log", "-1", "--format=%P") == ours


def test_squash_into_main(bed: Bed) -> None:
    fork(bed, feature=2)
    bed.git("checkout", "-q", "main")
    bed.git("merge", "--squash", "feature")
    bed.git("commit", "-q", "-m", "squashed")
    assert merged(bed) == ["base", "main1", "feature1", "feature2"]


@pytest.mark.parametrize("armed", [True, False], ids=["armed", "by-hand"])
def test_squash_stopped_elsewhere(bed: Bed, armed: bool) -> None:
    fork(bed, install=armed)
    conflict_elsewhere(bed)
    assert bed.try_git("merge", "--squash", "main").code == 1
    if not armed:
        done = bed.call("renumber")
        assert done.code == 0, done.text
    resolve_elsewhere(bed)
    bed.git("commit", "-q", "-m", "squashed")
    assert merged(bed) == MERGED


def test_fast_forward(bed: Bed) -> None:
    fork(bed, main=0)
    bed.git("checkout", "-q", "main")
    bed.git("merge", "-q", "--ff-only", "feature")
    assert bed.git("rev-parse", "main") == bed.git("rev-parse", "feature")
    assert merged(bed) == ["base", "feature1"]


def bad_merge(bed: Bed) -> str:
    """Merge main into feature as somebody without drizzle-guard does: the journal as the driver leaves it."""
    bed.git("merge", "--no-commit", "main")
    bed.git("commit", "-q", "--no-edit", "--no-verify", env={"GIT_CONFIG_PARAMETERS": "'core.hooksPath'='/nowhere'"})
    bad = bed.git("rev-parse", "HEAD")
    with pytest.raises(AssertionError):
        merged(bed)
    return bad


def test_fast_forward_onto_a_merge_of_somebody(bed: Bed) -> None:
    """It is not ours to rewrite, even if it is wrong."""
    fork(bed)
    bad = bad_merge(bed)
    for option in ("--ff-only", "--ff"):
        bed.git("checkout", "-q", "-B", "other", "main")
        bed.git("merge", "-q", option, "feature")
        assert bed.git("rev-parse", "HEAD") == bad
        assert bed.git("status", "--porcelain") == ""


def test_pull_fast_forward_onto_a_merge_of_somebody(bed: Bed) -> None:
    fork(bed)
    clone = bed.at(bed.directory / "clone")
    bed.git("clone", "-q", "-b", "feature", str(bed.root), str(clone.root))
    clone.arm()
    bad = bad_merge(bed)
    clone.git("pull", "-q")
    assert clone.git("rev-parse", "HEAD") == bad


def test_commit_without_hooks_is_repaired_later(bed: Bed) -> None:
    """What `commit --no-verify` leaves can be run as it is, and `renumber` finishes it in the next commit."""
    fork(bed)
    bad_merge(bed)
    done = bed.call("renumber")
    assert done.code == 0, done.text
    if bed.git("status", "--porcelain"):  # the merge commit itself may have been finished
        bed.git("commit", "-q", "-m", "renumber")
    assert merged(bed) == MERGED


@pytest.mark.parametrize("onward", [False, True], ids=["at once", "later"])
def test_a_badly_resolved_merge_is_mended(bed: Bed, onward: bool) -> None:
    """Somebody kept both entries as they were, and the mainline's snapshot; `renumber` stages what is right."""
    fork(bed, install=False, feature=2)
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    sides = [json.loads(bed.git("show", f":{stage}:{JOURNAL}")) for stage in (3, 2)]
    sides[0]["entries"] += sides[1]["entries"][1:]
    bed.git("checkout", "-q", "--theirs", "drizzle/meta/0001_snapshot.json")
    bed.write(JOURNAL, json.dumps(sides[0], indent=2))
    bed.commit("merged, I think")
    if onward:
        bed.write(SCHEMA, "later\n")
        bed.commit("later")
    with pytest.raises(AssertionError):
        merged(bed)
    done = bed.call("renumber")
    assert done.code == 0 and "staged; next: git commit\n" in done.out, done.text
    bed.git("commit", "-q", "-m", "renumber")
    assert merged(bed) == ["base", "main1", "feature1", "feature2"]


def sign_with_ssh(bed: Bed) -> None:
    """Let git sign with a throw-away key."""
    if not shutil.which("ssh-keygen"):
        missing("ssh-keygen")
    key = bed.directory / "key"
    bed.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "dev", "-f", str(key))
    signers = bed.directory / "signers"
    signers.write_text(f"dev@example.org {key.with_suffix('.pub').read_text()}")
    for name, value in (
        ("gpg.format", "ssh"),
        ("gpg.ssh.allowedSignersFile", str(signers)),
        ("user.signingKey", str(key.with_suffix(".pub"))),
    ):
        bed.git("config", name, value)


@pytest.mark.parametrize("how", ["always", "this time", "not this time"])
def test_signed(bed: Bed, how: str) -> None:
    """Whoever signs merges gets a signed one, though it was rewritten."""
    fork(bed)
    sign_with_ssh(bed)
    if how != "this time":
        bed.git("config", "commit.gpgSign", "true")
    options = {"always": (), "this time": ("-S",), "not this time": ("--no-gpg-sign",)}[how]
    bed.git("merge", "--no-edit", *options, "main")
    assert merged(bed) == MERGED
    assert bed.try_git("verify-commit", "HEAD").code == int(how == "not this time")
    assert bed.git("log", "-1", "--format=%s") == "Merge branch 'main' into feature"


def test_a_signed_tag_is_merged(bed: Bed) -> None:
    """Its signature is part of the merge commit."""
    fork(bed)
    sign_with_ssh(bed)
    bed.git("tag", "-s", "-m", "first", "v1", "main")
    bed.git("merge", "--no-edit", "v1")
    assert merged(bed) == MERGED
    assert "mergetag object" in bed.git("cat-file", "commit", "HEAD")


# ---------------------------------------------------------------- stopped over another file


@pytest.mark.parametrize("commit", [("commit", "-q", "--no-edit"), ("merge", "--continue"), ("commit", "-qam", "all")])
def test_stopped_elsewhere(bed: Bed, commit: tuple[str, ...]) -> None:
    fork(bed, feature=2, main=2)
    conflict_elsewhere(bed)
    ours = bed.git("rev-parse", "HEAD")
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.code == 1 and {path.split(":")[0] for path in bed.stages()} == {SCHEMA}
    bed.write(SCHEMA, "both\n")
    if "-qam" not in commit:
        bed.git("add", SCHEMA)
    bed.git(*commit)
    assert merged(bed) == ["base", "main1", "main2", "feature1", "feature2"]
    one_merge(bed, ours, "main")


def test_stopped_elsewhere_and_renumbered_first(bed: Bed) -> None:
    """`renumber` leaves the other conflict alone."""
    fork(bed)
    conflict_elsewhere(bed)
    assert bed.try_git("merge", "main").code == 1
    assert bed.call("renumber").code == 0
    assert {path.split(":")[0] for path in bed.stages()} == {SCHEMA}
    resolve_elsewhere(bed)
    bed.git("commit", "-q", "--no-edit")
    assert merged(bed) == MERGED


def test_resolved_by_the_user(bed: Bed) -> None:
    """A folder that somebody resolved in another way is theirs."""
    fork(bed)
    conflict_elsewhere(bed)
    assert bed.try_git("merge", "main").code == 1
    resolve_elsewhere(bed)
    bed.git("checkout", "main", "--", "drizzle")
    bed.git("rm", "-q", "--cached", "drizzle/0001_feature1.sql")
    (bed.root / "drizzle/0001_feature1.sql").unlink()
    bed.git("commit", "-q", "--no-edit")
    assert merged(bed) == ["base", "main1"]


@pytest.mark.parametrize("half_way", ["merge", "resolved", "renumbered"])
def test_aborted_and_repeated(bed: Bed, half_way: str) -> None:
    fork(bed)
    conflict_elsewhere(bed)
    before = bed.state()
    for _ in range(2):
        assert bed.try_git("merge", "main").code == 1
        if half_way != "merge":
            resolve_elsewhere(bed)
        if half_way == "renumbered":
            assert bed.call("renumber").code == 0
        bed.git("merge", "--abort")
        assert bed.state() == before
    assert bed.try_git("merge", "main").code == 1
    resolve_elsewhere(bed)
    bed.git("commit", "-q", "--no-edit")
    assert merged(bed) == MERGED


def test_undone_and_repeated(bed: Bed) -> None:
    fork(bed)
    before = bed.state()
    trees = set()
    for _ in range(2):
        bed.git("merge", "-q", "--no-edit", "main")
        trees.add(bed.git("rev-parse", "HEAD^{tree}"))
        bed.git("reset", "-q", "--hard", "ORIG_HEAD")
        assert bed.state() == before
    assert len(trees) == 1


def test_other_changes_in_the_worktree_stay(bed: Bed) -> None:
    fork(bed)
    bed.write(SCHEMA, "not committed\n")
    bed.write("drizzle/notes.txt", "not tracked\n")
    bed.git("merge", "--no-edit", "main")
    assert bed.git("status", "--porcelain").splitlines() == [f" M {SCHEMA}", "?? drizzle/notes.txt"]
    assert migrations(bed.files("HEAD")) == MERGED


def test_a_file_in_the_way_is_not_overwritten(bed: Bed) -> None:
    """The merge is git's own then; once the file is gone, `renumber` finishes it."""
    fork(bed)
    mine = bed.write("drizzle/0002_feature1.sql", "-- mine, never committed\n")
    done = bed.try_git("merge", "--no-edit", "main")
    assert "0002_feature1.sql" in done.err, done.text
    assert mine.read_text() == "-- mine, never committed\n"
    assert bed.git("status", "--porcelain") == "?? drizzle/0002_feature1.sql"
    mine.unlink()
    done = bed.call("renumber")
    assert done.code == 0, done.text
    if bed.git("status", "--porcelain"):  # the merge commit itself may have been finished
        bed.git("commit", "-q", "-m", "renumber")
    assert merged(bed) == MERGED


# ---------------------------------------------------------------- shapes of history


def test_criss_cross(bed: Bed) -> None:
    fork(bed)
    first = bed.git("rev-parse", "feature")
    bed.git("merge", "--no-edit", "main")
    bed.git("checkout", "-q", "main")
    bed.git("merge", "--no-edit", first)
    assert merged(bed) == MERGED
    grow(bed, "main2")
    bed.git("checkout", "-q", "feature")
    grow(bed, "feature2")
    assert len(bed.git("merge-base", "--all", "main", "feature").split()) == 2
    ours = bed.git("rev-parse", "HEAD")
    bed.git("merge", "--no-edit", "main")
    assert merged(bed) == [*MERGED, "main2", "feature2"]
    one_merge(bed, ours, "main")


def test_main_is_merged_twice(bed: Bed) -> None:
    fork(bed)
    bed.git("merge", "--no-edit", "main")
    grow(bed, "feature2")
    bed.git("checkout", "-q", "main")
    grow(bed, "main2")
    bed.git("checkout", "-q", "feature")
    bed.git("merge", "--no-edit", "main")
    assert merged(bed) == ["base", "main1", "main2", "feature1", "feature2"]


def test_a_branch_is_merged_twice(bed: Bed) -> None:
    """The mainline has renumbered feature1 when feature2, generated under its old name, comes in."""
    fork(bed)
    bed.git("checkout", "-q", "main")
    bed.git("merge", "--no-edit", "feature")
    grow(bed, "main2")
    bed.git("checkout", "-q", "feature")
    grow(bed, "feature2")
    bed.git("checkout", "-q", "main")
    bed.git("merge", "--no-edit", "feature")
    assert merged(bed) == [*MERGED, "main2", "feature2"]


def test_a_feature_goes_on_after_its_merge(bed: Bed) -> None:
    """It gets its own migrations back under their new numbers."""
    fork(bed)
    bed.git("checkout", "-q", "main")
    bed.git("merge", "--no-edit", "feature")
    bed.git("checkout", "-q", "feature")
    grow(bed, "feature2")
    bed.git("merge", "--no-edit", "main")
    assert merged(bed) == [*MERGED, "feature2"]


def test_the_mainline_reverts_what_a_branch_has_merged(bed: Bed) -> None:
    """The branch's own migrations move up, and their snapshots lose what the reverted one made."""
    fork(bed, main=2)
    bed.git("merge", "--no-edit", "main")
    bed.git("checkout", "-q", "main")
    bed.git("revert", "--no-edit", "HEAD")
    bed.git("checkout", "-q", "feature")
    bed.git("merge", "--no-edit", "main")
    assert merged(bed) == MERGED


def test_stacked_branches(bed: Bed) -> None:
    fork(bed)
    bed.branch("upper")
    grow(bed, "upper1")
    bed.git("checkout", "-q", "main")
    bed.git("merge", "--no-edit", "feature")
    bed.git("merge", "--no-edit", "upper")
    assert merged(bed) == [*MERGED, "upper1"]


def test_branch_into_branch(bed: Bed) -> None:
    """Neither side is published: ours moves."""
    fork(bed, main=0)
    bed.git("checkout", "-q", "-b", "other", "main")
    grow(bed, "other1")
    bed.git("merge", "--no-edit", "feature")
    assert merged(bed) == ["base", "feature1", "other1"]


@pytest.mark.parametrize("onto", ["main", "feature"])
def test_octopus(bed: Bed, onto: str) -> None:
    """git calls no driver for an octopus; it must refuse, as it does without us."""
    fork(bed, main=int(onto == "main"))
    bed.branch("other", "main~1" if onto == "main" else "main")
    grow(bed, "other1")
    bed.git("checkout", "-q", "main")
    before = bed.state()
    heads = ("feature", "other")
    done = bed.try_git("merge", "--no-edit", *heads)
    assert done.code != 0
    assert bed.state()["head"] == before["head"] and bed.state()["refs"] == before["refs"]
    tried = bed.call("renumber")
    assert tried.code != 0 or not bed.stages(), tried.text
    bed.git("reset", "-q", "--merge")
    assert bed.state() == before
    for head in heads:
        bed.git("merge", "--no-edit", head)
    assert merged(bed) == ["base", *(["main1"] if onto == "main" else []), "feature1", "other1"]


def test_octopus_without_collision(bed: Bed) -> None:
    fork(bed, main=0)
    bed.branch("docs", "main")
    bed.write("README", "docs\n")
    bed.commit("docs")
    bed.branch("code", "main")
    bed.write("code.ts", "code\n")
    bed.commit("code")
    bed.git("merge", "--no-edit", "docs", "feature")
    assert merged(bed) == ["base", "feature1"]
    assert len(bed.git("log", "-1", "--format=%P").split()) == 3


def test_unrelated_histories(bed: Bed) -> None:
    """Two first migrations with nothing in common: either both are there, or nothing is committed."""
    fork(bed)
    bed.git("checkout", "-q", "--orphan", "foreign")
    bed.git("rm", "-rfq", ".")
    bed.git("checkout", "-q", "main", "--", ".gitattributes")
    grow(bed, "foreign1", "foreign2")
    before = bed.git("rev-parse", "HEAD")
    done = bed.try_git("merge", "--no-edit", "--allow-unrelated-histories", "main")
    if done.code:
        assert bed.git("rev-parse", "HEAD") == before and b"<<<<<<<" in bed.read(JOURNAL)
    else:
        assert merged(bed) == ["base", "main1", "foreign1", "foreign2"]


@pytest.mark.parametrize("mover", ["main", "feature"])
def test_the_folder_was_moved_by_one_side(bed: Bed, mover: str) -> None:
    """git stops, and we change nothing; it goes well once the other side has moved it too."""
    fork(bed)
    bed.git("checkout", "-q", mover)
    (bed.root / "db").mkdir()
    bed.git("mv", "drizzle", "db/moved")
    bed.commit("move")
    bed.git("checkout", "-q", "feature")
    before = bed.state()
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.code == 1
    stop = bed.state()
    assert stop["head"] == before["head"]
    refused = bed.call("renumber")
    assert refused.code == 1 and "moved" in refused.err, refused.text
    assert bed.state() == stop
    bed.git("merge", "--abort")
    assert bed.state() == before
    bed.git("checkout", "-q", "main" if mover == "feature" else "feature")
    (bed.root / "db").mkdir(exist_ok=True)
    bed.git("mv", "drizzle", "db/moved")
    bed.commit("move, too")
    bed.git("checkout", "-q", "feature")
    bed.git("merge", "--no-edit", "main")
    assert merged(bed, folder="db/moved") == MERGED


def test_the_folder_was_deleted_by_one_side(bed: Bed) -> None:
    fork(bed)
    bed.git("checkout", "-q", "main")
    bed.git("rm", "-rq", "drizzle")
    bed.commit("no drizzle any more")
    bed.git("checkout", "-q", "feature")
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    stop = bed.state()
    assert bed.call("renumber").code == 1
    assert bed.state() == stop


# ---------------------------------------------------------------- places


def test_linked_worktree(bed: Bed) -> None:
    fork(bed)
    bed.git("checkout", "-q", "main")
    tree = bed.at(bed.directory / "linked tree")
    bed.git("worktree", "add", "-q", str(tree.root), "feature")
    assert tree.call("install", "--check", "--no-protect").code == 0
    main = bed.state()["index"]
    ours = tree.git("rev-parse", "HEAD")
    tree.git("merge", "--no-edit", "main")
    assert merged(tree) == MERGED
    one_merge(tree, ours, "main")
    assert bed.state()["index"] == main and bed.git("status", "--porcelain") == ""


def test_linked_worktree_stopped_elsewhere(bed: Bed) -> None:
    fork(bed)
    conflict_elsewhere(bed)
    bed.git("checkout", "-q", "main")
    tree = bed.at(bed.directory / "linked")
    bed.git("worktree", "add", "-q", str(tree.root), "feature")
    assert tree.try_git("merge", "main").code == 1
    resolve_elsewhere(tree)
    tree.git("commit", "-q", "--no-edit")
    assert merged(tree) == MERGED


NAMES = ["plain", "two words", "it's", 'the "quoted" one', "größe-データ", "100% $HOME `id` \\ & ;", "-dash", "[a]*?"]


@pytest.mark.parametrize("name", NAMES)
def test_strange_names(tmp_path: Path, git_path: Path | None, name: str) -> None:
    """In the path of the repository, of the migrations folder and of the executable."""
    bed = Bed(tmp_path / name, git=git_path, name=f"repo {name}")
    own_executable(bed, bed.directory / f"venv {name}")
    folder = f"packages/{name}/{name}"
    fork(bed, folder=folder)
    assert bed.call("install", "--check", "--no-protect").code == 0
    ours = bed.git("rev-parse", "HEAD")
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.code == 0 and "Error" not in done.text, done.text
    assert merged(bed, folder=folder) == MERGED
    one_merge(bed, ours, "main")
    assert bed.call("renumber", str(bed.root / folder)).code == 0


@pytest.mark.parametrize("name", NAMES)
def test_strange_names_by_hand(tmp_path: Path, git_path: Path | None, name: str) -> None:
    bed = Bed(tmp_path / name, git=git_path, name=f"repo {name}")
    folder = f"packages/{name}"
    fork(bed, install=False, folder=folder)
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    inside = bed.at(bed.root / folder)
    done = inside.call("renumber", ".")
    assert done.code == 0, done.text
    bed.git("commit", "-q", "--no-edit")
    assert merged(bed, folder=folder) == MERGED


@pytest.mark.parametrize("folder", ["", "drizzle", "a/b/c/d/e"], ids=["root", "one", "deep"])
@pytest.mark.parametrize("armed", [True, False], ids=["armed", "by-hand"])
def test_places(bed: Bed, folder: str, armed: bool) -> None:
    fork(bed, install=armed, folder=folder)
    if armed:
        bed.git("merge", "--no-edit", "main")
    else:
        assert bed.try_git("merge", "main").code == 1
        assert bed.call("renumber").code == 0
        bed.git("commit", "-q", "--no-edit")
    files = bed.files("HEAD", folder)
    if not folder:
        files = {path: data for path, data in files.items() if path not in (".gitattributes", SCHEMA)}
    assert bed.git("status", "--porcelain") == ""
    assert migrations(files) == MERGED


def test_merged_from_a_subdirectory(bed: Bed) -> None:
    fork(bed)
    bed.at(bed.root / "src").git("merge", "--no-edit", "main")
    assert merged(bed) == MERGED


@pytest.mark.parametrize("armed", [True, False], ids=["armed", "by-hand"])
def test_two_journals(bed: Bed, armed: bool) -> None:
    """A monorepo: two folders collide, a third has changed on one side only."""
    folders = ("apps/a/drizzle", "apps/b/drizzle")
    if armed:
        bed.arm()
    for folder in (*folders, "apps/c"):
        grow(bed, "base", folder=folder)
    for branch in ("feature", "main"):
        bed.git("checkout", "-q", "-B", branch, ":/base")
        for folder in folders:
            grow(bed, f"{branch}1", folder=folder)
    grow(bed, "main1", folder="apps/c")
    bed.git("checkout", "-q", "feature")
    ours = bed.git("rev-parse", "HEAD")
    if armed:
        bed.git("merge", "--no-edit", "main")
    else:
        assert bed.try_git("merge", "main").code == 1
        assert bed.call("renumber").code == 0
        bed.git("commit", "-q", "--no-edit")
    for folder in folders:
        assert merged(bed, folder=folder) == MERGED
    assert merged(bed, folder="apps/c") == ["base", "main1"]
    one_merge(bed, ours, "main")


def test_two_journals_one_refused(bed: Bed) -> None:
    """Nothing is committed, the sound one is not touched by `renumber`, and the way back is open."""
    bed.arm()
    for folder in ("a", "b"):
        grow(bed, "base", folder=folder)
    for branch in ("feature", "main"):
        bed.git("checkout", "-q", "-B", branch, ":/base")
        grow(bed, f"{branch}1", folder="a")
        grow(bed, "same_table", folder="b")
        file = bed.root / "b" / "0001_same_table.sql"
        file.write_text(file.read_text() + f"-- {branch}\n")
        bed.commit("differ")
    bed.git("checkout", "-q", "feature")
    before = bed.state()
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.code == 1 and "same_table" in done.err, done.text
    assert b"<<<<<<<" in bed.read("b/meta/_journal.json")
    index = bed.state()["index"]
    assert bed.call("renumber").code == 1
    assert bed.state()["index"] == index
    bed.git("merge", "--abort")
    assert bed.state() == before


# ---------------------------------------------------------------- pull


@pytest.mark.parametrize("branch", ["main", "feature"])
def test_pull(bed: Bed, branch: str) -> None:
    """From a bare origin: on main with unpushed work, and on a feature branch that pulls main."""
    fork(bed)
    origin = bed.directory / "origin.git"
    bed.git("clone", "-q", "--bare", str(bed.root), str(origin))
    bed.at(origin).git("symbolic-ref", "HEAD", "refs/heads/main")
    clone = bed.at(bed.directory / "clone")
    bed.git("clone", "-q", "-b", "main", str(origin), str(clone.root))
    clone.git("checkout", "-q", "-B", branch, "origin/feature", "--no-track")
    clone.arm()
    clone.git("checkout", "-q", ".gitattributes")  # the folder's line ends, which nobody has committed yet
    if branch == "main":
        clone.git("branch", "-q", "--set-upstream-to=origin/main")
    ours = clone.git("rev-parse", "HEAD")
    clone.git("pull", "--no-rebase", "--no-edit", *([] if branch == "main" else ["origin", "main"]))
    assert merged(clone) == MERGED
    one_merge(clone, ours, "origin/main")


# ---------------------------------------------------------------- hooks, installing, and what is missing


def own_executable(bed: Bed, directory: Path) -> Path:
    """A virtual environment of the repository's own: no other drizzle-guard is on the PATH then."""
    script = directory / "bin" / "drizzle-guard"
    script.parent.mkdir(parents=True)
    code = "import sys; from drizzle_guard.__main__ import main; sys.argv[0] = sys.argv.pop(1); sys.exit(main())"
    script.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{code}' \"$0\" \"$@\"\n")
    script.chmod(0o755)
    others = [
        part for part in bed.env["PATH"].split(os.pathsep) if not os.path.exists(os.path.join(part, "drizzle-guard"))
    ]
    bed.env["PATH"] = os.pathsep.join([str(script.parent), *others])
    return script


@pytest.mark.parametrize("state", ["no hooks", "only attributes", "nothing"])
@pytest.mark.parametrize("branch", ["feature", "main"])
def test_without_hooks(bed: Bed, state: str, branch: str) -> None:
    fork(bed, "--no-hooks", install=state != "nothing", feature=2, main=2)
    if state == "only attributes":
        bed.git("config", "--remove-section", "merge.drizzle-journal")
    bed.git("checkout", "-q", branch)
    ours, other = bed.git("rev-parse", "HEAD"), "main" if branch == "feature" else "feature"
    done = bed.try_git("merge", "--no-edit", other)
    assert done.code == 1 and f"{JOURNAL}:2" in bed.stages()
    assert ("drizzle-guard renumber" in done.err) is (state == "no hooks"), done.text
    renumbered = bed.call("renumber")
    assert renumbered.code == 0 and "git commit" in renumbered.out, renumbered.text
    bed.git("commit", "-q", "--no-edit")
    assert merged(bed) == ["base", "main1", "main2", "feature1", "feature2"]
    one_merge(bed, ours, other)


@pytest.mark.parametrize("broken", ["gone", "environment gone", "not executable", "fails"])
def test_executable_gone(bed: Bed, broken: str) -> None:
    """The driver does what git would have done: a conflict with markers."""
    script = own_executable(bed, bed.directory / "venv")
    fork(bed)
    if broken == "gone":
        script.unlink()
    elif broken == "environment gone":
        shutil.rmtree(script.parent.parent)
    elif broken == "not executable":
        script.chmod(0o644)
    else:
        script.write_text("#!/bin/sh\nexit 70\n")
    before = bed.state()
    done = bed.try_git("merge", "--no-edit", "main")
    stopped(bed, done, before["head"][:40])
    assert "drizzle-guard: not found or broken" in done.err, done.text
    bed.git("merge", "--abort")
    assert bed.state() == before
    bed.write(SCHEMA, "other\n")
    bed.commit("hooks of a clone whose drizzle-guard is gone stop no commit")


def test_environment_gone_but_another_one_is_there(bed: Bed) -> None:
    path = bed.env["PATH"]
    script = own_executable(bed, bed.directory / "venv")
    fork(bed)
    shutil.rmtree(script.parent.parent)
    bed.env["PATH"] = path
    bed.git("merge", "--no-edit", "main")
    assert merged(bed) == MERGED


@pytest.mark.parametrize("where", ["relative", "absolute", "global"])
def test_hooks_path(bed: Bed, where: str) -> None:
    directory = bed.directory / "my hooks"
    if where == "global":
        bed.git("config", "--global", "core.hooksPath", str(directory))
    else:
        bed.git("config", "core.hooksPath", ".githooks" if where == "relative" else str(directory))
    if where == "relative":
        directory = bed.root / ".githooks"
    fork(bed, *(["--global-hooks"] if where == "global" else []))
    assert {"pre-commit", "post-merge"} <= {path.name for path in directory.iterdir()}
    assert not any(not path.name.endswith(".sample") for path in (bed.root / ".git" / "hooks").iterdir())
    bed.git("merge", "--no-edit", "main")
    assert merged(bed) == MERGED
    assert bed.call("uninstall").code == 0
    assert not directory.exists() or not list(directory.iterdir())


@pytest.mark.parametrize("hook", ["post-merge", "pre-commit"])
def test_a_foreign_hook_stays(bed: Bed, hook: str) -> None:
    """It is never overwritten.  A merge would not be finished then, so the driver leaves a conflict and says why."""
    mine = bed.write(f".git/hooks/{hook}", "#!/bin/sh\necho mine\n")
    mine.chmod(0o755)
    done = bed.call("install", "--no-protect")
    assert done.code == 0 and f"\n  {hook}: c=$(git config" in done.out, done.text
    assert bed.call("install", "--check", "--no-protect").code == 1
    fork(bed, install=False)
    ours = bed.git("rev-parse", "HEAD")
    stop = bed.try_git("merge", "--no-edit", "main")
    assert stop.code == 1 and "drizzle-guard renumber" in stop.err, stop.text
    assert f"{JOURNAL}:2" in bed.stages()
    assert bed.call("renumber").code == 0
    bed.git("commit", "-q", "--no-edit")
    assert merged(bed) == MERGED
    one_merge(bed, ours, "main")
    assert bed.call("uninstall").code == 0
    assert mine.read_text() == "#!/bin/sh\necho mine\n"


@pytest.mark.parametrize("hook", ["post-merge", "pre-commit"])
def test_a_foreign_hook_that_calls_us(bed: Bed, hook: str) -> None:
    text = f'#!/bin/sh\necho mine\ndrizzle-guard hook {hook} "$@"\n'
    mine = bed.write(f".git/hooks/{hook}", text)
    mine.chmod(0o755)
    fork(bed)
    assert bed.call("install", "--check", "--no-protect").code == 0
    bed.git("merge", "--no-edit", "main")
    assert merged(bed) == MERGED
    assert bed.call("uninstall").code == 0
    assert mine.read_text() == text


UNUSUAL_CONFIG = """
# a comment at the end
[merge "other"]
\tdriver = true   ; and here
[alias]
    co = checkout
"""


@pytest.mark.parametrize(
    ("config", "attributes"),
    [
        ("plain", None),
        ("unusual", ""),
        ("similar section", "*.png binary\n"),
        ("plain", "*.png binary"),
        ("plain", "*.png binary\r\n*.sh text\r\n"),
        ("plain", "*.png binary\r\n*.sh text"),
    ],
)
def test_uninstall_leaves_no_trace(bed: Bed, config: str, attributes: str | None) -> None:
    file = bed.root / ".git" / "config"
    if config == "unusual":
        file.write_text(file.read_text() + UNUSUAL_CONFIG)
    elif config == "similar section":
        file.write_text('[merge "drizzle-journal-too"]\n\tdriver = false\n' + file.read_text())
    if attributes is not None:
        bed.write(".gitattributes", attributes.encode())
    before = machinery(bed)
    for _ in range(2):
        assert bed.call("install", "--no-protect").code == 0
        armed = machinery(bed)
        assert bed.call("install", "--no-protect").code == 0
        assert machinery(bed) == armed
        assert bed.call("uninstall", "--dry-run").code == 0
        assert machinery(bed) == armed
        assert bed.call("uninstall").code == 0
        assert machinery(bed) == before
    assert bed.call("uninstall").code == 0
    assert machinery(bed) == before


@pytest.mark.parametrize("missing_part", ["info", "hooks"])
def test_uninstall_without_template_directories(bed: Bed, missing_part: str) -> None:
    """`git init --template=` makes neither."""
    shutil.rmtree(bed.root / ".git" / missing_part)
    before = machinery(bed)
    assert bed.call("install", "--no-protect").code == 0
    assert bed.call("uninstall").code == 0
    assert machinery(bed) == before


def test_dry_run_and_check_change_nothing(bed: Bed) -> None:
    before = machinery(bed)
    done = bed.call("install", "--dry-run", "--no-protect")
    assert done.code == 0 and "would add hook" in done.out, done.text
    assert bed.call("install", "--check", "--no-protect").code == 1
    assert machinery(bed) == before
    assert bed.call("install", "--no-protect").code == 0
    assert bed.call("install", "--check", "--no-protect").code == 0


def test_install_again_after_the_executable_moved(bed: Bed) -> None:
    script = own_executable(bed, bed.directory / "old")
    assert bed.tool("install", "--no-protect").code == 0
    other = own_executable(bed, bed.directory / "new")
    shutil.rmtree(script.parent.parent)
    assert bed.tool("install", "--no-protect").code == 0
    text = "".join(data.decode() for data in machinery(bed).values())
    assert str(other) in text and str(script) not in text
    fork(bed, install=False)
    bed.git("merge", "--no-edit", "main")
    assert merged(bed) == MERGED


def test_the_strategy_ours_keeps_only_ours(bed: Bed) -> None:
    """`git merge -s ours` wants nothing of the other side, and that is what it gets."""
    collide(bed)
    folder = bed.git("rev-parse", "HEAD:drizzle")
    bed.git("merge", "-q", "-s", "ours", "--no-edit", "main")
    assert bed.git("rev-parse", "HEAD:drizzle") == folder
    assert bed.git("status", "--porcelain") == ""


def test_the_strategy_ours_without_a_reflog_is_asked_about(bed: Bed) -> None:
    """Nothing tells it from a merge that lost the other side, so nothing is said to be well."""
    collide(bed)
    bed.git("config", "core.logAllRefUpdates", "false")
    shutil.rmtree(bed.root / ".git/logs")
    done = bed.try_git("merge", "-q", "-s", "ours", "--no-edit", "main")
    assert done.err.splitlines()[:2] == [
        "drizzle-guard: drizzle: this merge took nothing of the other side, and without a reflog nothing tells whether "
        "the strategy ours was meant.",
        "  if it was not: git reset --hard HEAD^1, then git config core.logAllRefUpdates true, and merge again",
    ]
    bed.type("git reset --hard HEAD^1", "git config core.logAllRefUpdates true")
    bed.git("merge", "-q", "--no-edit", "main")
    assert bed.call("check", "--onto", "main").code == 0


def test_a_hazard_that_no_conflict_shows_is_not_committed(bed: Bed) -> None:
    """Another driver merges the files cleanly; only `pre-merge-commit` can see that they must not be."""
    collide(bed)
    bed.git("checkout", "-q", "main")
    bed.write("drizzle/0002_tags.sql", 'CREATE TABLE "comments" (\n\t"id" integer,\n\t"y" text\n);\n')
    bed.commit("both create comments")
    bed.git("checkout", "-q", "feature")
    (bed.root / ".git/info/attributes").write_text("")
    bed.write(".gitattributes", "**/meta/*.json merge=other\n")
    bed.commit("another driver")
    bed.git("config", "merge.other.driver", "true")
    before = bed.state()
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.code == 1
    assert (
        'drizzle-guard: drizzle: 0001_comments (branch) and 0002_tags (mainline): both create table "comments".'
        in done.err
    )
    assert "drizzle-guard: the merge is not committed.\n  git merge --abort\n" in done.err
    bed.git("merge", "--abort")
    assert bed.state() == before
