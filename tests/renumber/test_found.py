"""What the random walks of `test_git_random` found and no case directory can hold: one small history each."""

from __future__ import annotations

import json

import pytest

from support.gitbed import Bed, add_migration, migrations

pytestmark = pytest.mark.both_gits

JOURNAL = "drizzle/meta/_journal.json"


def grow(bed: Bed, *names: str) -> None:
    """Commit migrations, one commit each."""
    for name in names:
        add_migration(bed.root / "drizzle", name)
        bed.commit(name)


def start(bed: Bed) -> None:
    """An armed clone whose main has one migration."""
    bed.arm()
    bed.write("app.ts", "base\n")
    grow(bed, "base")


def entries(bed: Bed, commit: str) -> list[object]:
    """The entries of a commit's journal."""
    found: list[object] = json.loads(bed.git("show", f"{commit}:{JOURNAL}"))["entries"]
    return found


def assert_nothing_to_do(bed: Bed) -> None:
    """`renumber` leaves everything as it is."""
    before = bed.state()
    done = bed.call("renumber")
    assert done.code == 0 and "nothing to do" in done.out, done.text
    assert bed.state() == before


@pytest.mark.parametrize("ours", ["feature", "other"])
def test_what_is_published_keeps_its_number_against_a_copy(bed: Bed, ours: str) -> None:
    """Neither branch has anything else that is published; only one has the migration as the mainline has it."""
    start(bed)
    bed.branch("other")
    grow(bed, "own", "shared")
    bed.git("checkout", "-q", "main")
    grow(bed, "shared")
    bed.branch("feature")
    bed.git("checkout", "-q", ours)
    bed.git("merge", "-q", "--no-edit", "other" if ours == "feature" else "feature")
    assert migrations(bed.files("HEAD")) == ["base", "shared", "own"]
    assert entries(bed, "HEAD")[:2] == entries(bed, "main")
    assert bed.git("status", "--porcelain") == ""


def test_a_published_number_is_not_given_up_where_both_sides_hold_some(bed: Bed) -> None:
    """The other side's is first in the mainline's row, and this one's copy would take the place of the published."""
    start(bed)
    bed.branch("other")
    grow(bed, "first")
    bed.git("checkout", "-q", "main")
    bed.git("merge", "-q", "--ff-only", "other")
    grow(bed, "second")
    bed.branch("feature", "main~2")
    grow(bed, "own")
    published = bed.files("main")
    # main's second one, picked by hand with its number
    journal = json.loads(bed.read(JOURNAL))
    journal["entries"].append(json.loads(published["meta/_journal.json"])["entries"][2])
    bed.write(JOURNAL, json.dumps(journal, indent=2))
    bed.write("drizzle/0002_second.sql", published["0002_second.sql"])
    snapshot = json.loads(published["meta/0002_snapshot.json"])
    own = json.loads(bed.read("drizzle/meta/0001_snapshot.json"))
    snapshot["prevId"], snapshot["tables"] = own["id"], {**own["tables"], **snapshot["tables"]}
    del snapshot["tables"]["public.first"]
    bed.write("drizzle/meta/0002_snapshot.json", json.dumps(snapshot, indent=2))
    bed.commit("picked by hand")
    before = bed.state()
    done = bed.try_git("merge", "--no-edit", "other")
    if done.code == 0:
        assert entries(bed, "main")[2] in entries(bed, "HEAD")
    else:
        assert (
            "both sides hold published migrations that the other has not.\n"
            "  Bring everything back, then merge the mainline itself: there they stand in one order.\n"
            "  git merge --abort\n"
        ) in done.err
        bed.git("merge", "--abort")
        assert bed.state() == before


def test_apply_backend_takes_a_patch_as_text(bed: Bed) -> None:
    """Where the lines around still fit, `git rebase --apply` asks no merge driver: `idx` would be there twice."""
    start(bed)
    grow(bed, "main1")
    bed.branch("feature", "main~1")
    grow(bed, "one", "two", "three")
    done = bed.try_git("rebase", "--apply", "main")
    assert done.code == 0, done.text
    for back, names in enumerate((["one", "two", "three"], ["one", "two"], ["one"])):
        assert migrations(bed.files(f"HEAD~{back}")) == ["base", "main1", *names]
    assert bed.git("status", "--porcelain") == ""
    assert_nothing_to_do(bed)


@pytest.mark.parametrize("twice", [True, False], ids=["same", "refused"])
def test_apply_backend_takes_as_text_what_is_the_same_or_cannot_be_replayed(bed: Bed, twice: bool) -> None:
    """The newest migration of the branch repeats the mainline's; git asks nobody, although nothing fits."""
    start(bed)
    grow(bed, "main1")
    bed.branch("feature", "main~1")
    grow(bed, "one", "two", "three")
    sql = bed.files("main")["0001_main1.sql"]
    bed.write("drizzle/0003_three.sql", sql if twice else sql.replace(b"integer", b"text"))
    bed.git("commit", "-q", "-a", "--amend", "--no-edit")
    before = bed.state()
    done = bed.try_git("rebase", "--apply", "main")
    assert done.code == 0, done.text
    if twice:
        assert migrations(bed.files("HEAD")) == ["base", "main1", "one", "two"]
        assert migrations(bed.files("HEAD~1")) == ["base", "main1", "one", "two"]
        assert bed.git("status", "--porcelain") == ""
        assert_nothing_to_do(bed)
        return
    assert (
        'drizzle-guard: drizzle: 0003_three (branch) and 0001_main1 (mainline): both create table "main1".\n'
        "  Go back to before this rebase; then rebase without --apply, which can stop:\n"
        "  git reset --hard ORIG_HEAD\n"
    ) in done.err
    bed.git("reset", "--hard", "ORIG_HEAD")
    assert bed.state() == before
    assert bed.try_git("rebase", "main").code == 1
    bed.git("rebase", "--abort")


def test_renumber_leaves_a_reordered_rebase_alone(bed: Bed) -> None:
    start(bed)
    bed.branch("feature")
    grow(bed, "one", "two")
    bed.git("checkout", "-q", "main")
    grow(bed, "main1")
    bed.git("checkout", "-q", "feature")
    done = bed.try_git("rebase", "-i", "main", env={"GIT_SEQUENCE_EDITOR": "sed -i -e '1{h;d};2{G}'"})
    assert done.code == 0, done.text
    assert migrations(bed.files("HEAD")) == ["base", "main1", "two", "one"]
    assert_nothing_to_do(bed)


def test_renumber_after_the_mainline_was_fast_forwarded_to_a_merge(bed: Bed) -> None:
    """That merge was made on the branch, so its second parent is the one that was published."""
    start(bed)
    bed.branch("feature")
    grow(bed, "own")
    bed.git("checkout", "-q", "main")
    grow(bed, "main1")
    bed.git("checkout", "-q", "feature")
    bed.git("merge", "-q", "--no-edit", "main")
    assert migrations(bed.files("HEAD")) == ["base", "main1", "own"]
    bed.git("checkout", "-q", "main")
    bed.git("merge", "-q", "--ff-only", "feature")
    assert_nothing_to_do(bed)


def test_a_rebase_head_that_git_left_behind(bed: Bed) -> None:
    """git does not always take REBASE_HEAD away when a rebase is done."""
    start(bed)
    bed.branch("feature")
    grow(bed, "own")
    bed.git("checkout", "-q", "main")
    grow(bed, "main1")
    bed.git("update-ref", "REBASE_HEAD", "feature")
    assert_nothing_to_do(bed)


def test_a_published_migration_picked_without_those_before_it(bed: Bed) -> None:
    """With its own number it would leave a gap in the row; the later merge gives it that number back."""
    start(bed)
    bed.branch("feature")
    grow(bed, "own")
    bed.git("checkout", "-q", "main")
    grow(bed, "main1", "main2")
    bed.git("checkout", "-q", "feature")
    if bed.try_git("cherry-pick", "main").code:
        done = bed.call("renumber")
        assert done.code == 0, done.text
        bed.git("cherry-pick", "--continue")
    assert migrations(bed.files("HEAD")) == ["base", "own", "main2"]
    bed.git("merge", "-q", "--no-edit", "main")
    assert migrations(bed.files("HEAD")) == ["base", "main1", "main2", "own"]
    assert entries(bed, "HEAD")[:3] == entries(bed, "main")


def test_a_pick_to_a_branch_that_is_far_behind(bed: Bed) -> None:
    """It never had what the commit stands on; that is no reset of its history."""
    start(bed)
    bed.branch("release")
    grow(bed, "hotfix")
    bed.git("checkout", "-q", "main")
    bed.branch("feature")
    grow(bed, "one", "two", "three")
    bed.git("checkout", "-q", "release")
    if bed.try_git("cherry-pick", "feature").code:
        done = bed.call("renumber")
        assert done.code == 0, done.text
        bed.git("cherry-pick", "--continue")
    assert migrations(bed.files("HEAD")) == ["base", "hotfix", "three"]


def test_a_snapshot_that_one_side_deleted_stops_git_and_says_how_to_go_on(bed: Bed) -> None:
    """A migration and its revert are rebased, and the mainline has taken its number; git asks no driver there."""
    start(bed)
    bed.branch("feature")
    grow(bed, "one")
    bed.git("revert", "--no-edit", "HEAD")
    grow(bed, "two")
    bed.git("checkout", "-q", "main")
    grow(bed, "main1")
    bed.git("checkout", "-q", "feature")
    done = bed.try_git("rebase", "main")
    while done.code:
        assert "  drizzle-guard renumber\n  git rebase --continue\n" in done.err, done.text
        renumbered = bed.call("renumber")
        assert renumbered.code == 0, renumbered.text
        done = bed.try_git("rebase", "--continue")
    assert migrations(bed.files("HEAD")) == ["base", "main1", "two"]
    assert bed.git("status", "--porcelain") == ""


@pytest.mark.parametrize("ours", ["feature", "main"])
def test_renumbered_by_one_side_and_reverted_by_the_other(bed: Bed, ours: str) -> None:
    """Another number is no edit: the revert is taken.  git itself stops over a file renamed here and deleted there."""
    start(bed)
    bed.branch("feature")
    grow(bed, "one")
    bed.git("checkout", "-q", "main")
    grow(bed, "main1")
    bed.git("merge", "-q", "--no-edit", "feature")
    bed.git("checkout", "-q", "feature")
    bed.git("revert", "--no-edit", "HEAD")
    grow(bed, "two")
    bed.git("checkout", "-q", ours)
    done = bed.try_git("merge", "--no-edit", "main" if ours == "feature" else "feature")
    if done.code:
        assert "  drizzle-guard renumber\n  git commit\n" in done.err, done.text
        renumbered = bed.call("renumber")
        assert renumbered.code == 0, renumbered.text
        bed.git("commit", "-q", "--no-edit")
    assert migrations(bed.files("HEAD")) == ["base", "main1", "two"]
    assert bed.git("status", "--porcelain") == ""


def test_a_pick_to_the_mainline(bed: Bed) -> None:
    """When the hook looks, the mainline is the commit that has just been made; what it brought is not published yet."""
    start(bed)
    bed.branch("feature")
    grow(bed, "one")
    bed.git("checkout", "-q", "main")
    grow(bed, "main1")
    if bed.try_git("cherry-pick", "feature").code:
        done = bed.call("renumber")
        assert done.code == 0, done.text
        bed.git("cherry-pick", "--continue")
    assert migrations(bed.files("HEAD")) == ["base", "main1", "one"]
    assert entries(bed, "HEAD")[:2] == entries(bed, "HEAD~1")
    assert bed.git("status", "--porcelain") == ""


def test_a_squash_that_stops_in_one_folder_is_finished_in_all(bed: Bed) -> None:
    """git says nothing of the other one, where the driver has merged the journal; no hook runs for a stopped squash."""
    start(bed)
    add_migration(bed.root / "other", "base")
    bed.commit("other")
    for branch, names in (("feature", ("same", "own")), ("main", ("same", "main"))):
        if branch == "feature":
            bed.branch(branch)
        else:
            bed.git("checkout", "-q", branch)
        add_migration(bed.root / "drizzle", names[0])
        bed.write("drizzle/0001_same.sql", f'ALTER TABLE "base" ADD COLUMN "{names[1]}" integer;\n')
        add_migration(bed.root / "other", names[1])
        bed.commit(branch)
    done = bed.try_git("merge", "--squash", "feature")
    assert done.code and not any(path.startswith("other/") for path in bed.stages()), done.text
    tried = bed.call("renumber")
    assert tried.code == 0 and bed.stages() == {}, tried.text
    bed.git("commit", "-q", "-m", "squashed")
    assert migrations(bed.files("HEAD", "other")) == ["base", "main", "own"]
    assert [entry["tag"] for entry in json.loads(bed.read(JOURNAL))["entries"]] == [
        "0000_base",
        "0001_same",
        "0002_same",
    ]
