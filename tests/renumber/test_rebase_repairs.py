"""A rebase of a branch that edited a published snapshot in a commit of its own, over which git does not stop."""

from __future__ import annotations

import json

import pytest

from support.gitbed import Bed, add_migration, migrations

pytestmark = pytest.mark.both_gits

SENTENCE = (
    "drizzle: 0000_base (branch): the branch changed its snapshot, and the mainline's newer ones do not know of that."
)


@pytest.fixture
def repaired(bed: Bed) -> Bed:
    """main: base, docks. feature (checked out): a commit that adds a column to the base's snapshot, then `own`."""
    folder = bed.root / "drizzle"
    bed.arm()
    add_migration(folder, "base")
    bed.commit("base")
    bed.branch("feature")
    path = folder / "meta" / "0000_snapshot.json"
    snapshot = json.loads(path.read_text())
    snapshot["tables"]["public.base"]["columns"]["sails"] = {"name": "sails", "type": "integer"}
    path.write_text(json.dumps(snapshot, indent=2))
    bed.commit("repair")
    add_migration(folder, "own")
    bed.commit("own")
    bed.git("checkout", "-q", "main")
    add_migration(folder, "docks")
    bed.commit("docks")
    bed.git("checkout", "-q", "feature")
    return bed


def is_whole(bed: Bed) -> bool:
    """Whether the newest snapshot holds the repair, and both sides' tables."""
    tables = json.loads(bed.read("drizzle/meta/0002_snapshot.json"))["tables"]
    return list(tables) == ["public.base", "public.docks", "public.own"] and "sails" in tables["public.base"]["columns"]


def test_the_next_commit_stops_and_a_merge_leads_out(repaired: Bed) -> None:
    """Put behind main without that repair, the branch's own snapshot would lose the column for good."""
    bed, before = repaired, repaired.state()
    done = bed.try_git("rebase", "--merge", "main")
    assert done.code != 0
    assert SENTENCE in done.text
    assert {path[-1] for path in bed.stages() if path.startswith("drizzle/meta/_journal.json:")} == {"1", "2", "3"}
    abort, merge = done.commands[:2]
    assert abort == "git rebase --abort"
    bed.type(abort)
    assert bed.state() == before
    bed.type(merge)
    assert is_whole(bed)


def test_it_is_said_where_nothing_could_stop(repaired: Bed) -> None:
    """The repair comes last: after it git has nothing to ask."""
    bed = repaired
    bed.type("git reset -q --hard HEAD~2", "git cherry-pick feature@{1}", "git cherry-pick feature@{2}^")
    before = bed.git("rev-parse", "HEAD")
    done = bed.try_git("rebase", "--merge", "main")
    assert SENTENCE in done.text
    reset, merge = done.commands[-2:]
    assert reset == "git reset --hard ORIG_HEAD"
    bed.type(reset)
    assert bed.git("rev-parse", "HEAD") == before
    bed.type(merge)
    assert is_whole(bed)


@pytest.mark.parametrize("collides", [True, False])
def test_a_later_commit_edits_the_snapshot_of_an_own_migration(bed: Bed, collides: bool) -> None:
    """Its migration stands behind main by then, merged with it: git stops, or takes the edit where it will be gone."""
    folder = bed.root / "drizzle"
    bed.arm()
    add_migration(folder, "base")
    bed.commit("base")
    bed.branch("feature")
    add_migration(folder, "own")
    bed.commit("own")
    path = folder / "meta" / "0001_snapshot.json"
    path.write_text(path.read_text().replace('"integer"', '"bigint"'))
    edit = bed.commit("edit")
    bed.git("checkout", "-q", "main")
    add_migration(folder, "first")
    if not collides:
        path.unlink()
        add_migration(folder, "docks")
    bed.commit("main")
    bed.git("checkout", "-q", "feature")
    done = bed.try_git("rebase", "--merge", "main")
    if collides:
        assert (
            f"drizzle-guard: drizzle/meta/0001_snapshot.json: {edit[:7]} edits it by itself, and an earlier commit of "
            "this rebase has renumbered its migration. Bring the branch back, and merge instead:\n"
        ) in done.err
        back, merge = done.commands[:2]
    else:
        assert (
            "drizzle-guard: drizzle: 0001_own (branch): a commit edits its snapshot alone, and a rebase does not carry "
            "that over.\n"
        ) in done.err
        back, merge = done.commands[-2:]
    bed.type(back)
    assert bed.git("rev-parse", "HEAD") == edit
    bed.type(merge)
    newest = sorted((folder / "meta").glob("*_snapshot.json"))[-1]
    assert newest.name == ("0002_snapshot.json" if collides else "0003_snapshot.json")
    assert newest.read_text().count('"bigint"') == 2


def create_and_drop_docks(bed: Bed) -> None:
    """main (checked out) creates a table; feature creates the very same, and drops it in its second commit."""
    folder = bed.root / "drizzle"
    bed.arm()
    add_migration(folder, "base")
    bed.commit("base")
    bed.branch("feature")
    tag = add_migration(folder, "piers")
    bed.write(f"drizzle/{tag}.sql", 'CREATE TABLE "docks" (\n\t"id" integer\n);\n')
    bed.commit("piers")
    tag = add_migration(folder, "none")
    bed.write(f"drizzle/{tag}.sql", 'DROP TABLE "docks";\n')
    bed.commit("none")
    bed.git("checkout", "-q", "main")
    add_migration(folder, "docks")
    bed.commit("docks")


def test_a_table_that_both_create_and_a_later_commit_drops(bed: Bed) -> None:
    """Taken for main's, the first commit would be left out, and the second drop what production has."""
    create_and_drop_docks(bed)
    bed.git("checkout", "-q", "feature")
    before = bed.state()
    done = bed.try_git("rebase", "main")
    assert done.code != 0
    assert (
        "drizzle: 0001_piers (branch) and 0001_docks (mainline): they have the same SQL, and a later commit of the "
        "branch undoes or changes it.\n"
    ) in done.err
    bed.git("rebase", "--abort")
    assert bed.state() == before
    # what nothing undoes is left out, as in a merge
    bed.git("reset", "-q", "--hard", "HEAD~")
    done = bed.try_git("rebase", "main")
    assert done.code == 0
    assert "0001_piers is left out: 0001_docks is the same migration" in done.err


def test_a_picked_range_creates_the_mainlines_table_and_drops_it(bed: Bed) -> None:
    """As in a rebase; picked alone, the first commit is left out, and the second is the user's own word."""
    create_and_drop_docks(bed)
    before = bed.state()
    done = bed.try_git("cherry-pick", "main..feature")
    assert done.code != 0
    refused = bed.tool("renumber") if "drizzle-guard renumber" in done.err else done
    assert (
        "drizzle: 0001_piers (branch) and 0001_docks (mainline): they have the same SQL, and a later commit of the "
        "branch undoes or changes it.\n"
    ) in refused.err
    bed.git("cherry-pick", "--abort")
    assert bed.state() == before


@pytest.mark.parametrize(("key", "value"), [("when", 2_000_000_000_000), ("breakpoints", False)])
def test_a_later_commit_edits_the_entry_of_an_own_migration(bed: Bed, key: str, value: object) -> None:
    """The rebase has given it another entry by then; a merge takes the branch as a whole."""
    folder = bed.root / "drizzle"
    bed.arm()
    add_migration(folder, "base")
    bed.commit("base")
    bed.branch("feature")
    add_migration(folder, "own")
    bed.commit("own")
    journal = json.loads(bed.read("drizzle/meta/_journal.json"))
    journal["entries"][1][key] = value
    bed.write("drizzle/meta/_journal.json", json.dumps(journal, indent=2))
    edit = bed.commit("edit", "--no-verify")
    bed.git("checkout", "-q", "main")
    add_migration(folder, "docks")
    bed.commit("docks")
    bed.git("checkout", "-q", "feature")
    done = bed.try_git("rebase", "--merge", "main")
    assert (
        "drizzle-guard: drizzle: 0001_own (branch): both sides changed its journal entry (the other one is this "
        "rebase).\n"
    ) in done.err
    abort, merge = done.commands[:2]
    bed.type(abort)
    assert bed.git("rev-parse", "HEAD") == edit
    bed.type(merge)
    assert migrations(bed.files("HEAD")) == ["base", "docks", "own"]
    assert json.loads(bed.read("drizzle/meta/_journal.json"))["entries"][2][key] == value


def test_the_mainline_has_the_edit_already(repaired: Bed) -> None:
    """Its newer snapshot knows of the column: nothing is lost, and nothing refused."""
    bed = repaired
    bed.git("checkout", "-q", "main")
    path = bed.root / "drizzle/meta/0001_snapshot.json"
    snapshot = json.loads(path.read_text())
    snapshot["tables"]["public.base"]["columns"]["sails"] = {"name": "sails", "type": "integer"}
    path.write_text(json.dumps(snapshot, indent=2))
    bed.commit("the same repair")
    bed.git("checkout", "-q", "feature")
    done = bed.try_git("rebase", "--merge", "main")
    assert done.code == 0, done.text
    assert "drizzle-guard: drizzle: rebased, but not all of it is plain:\n" in done.err
    assert "  meta/0000_snapshot.json is published, and edited by the branch\n" in done.err
    assert is_whole(bed)


def test_what_the_branch_made_of_published_sql_is_said_at_the_end(bed: Bed) -> None:
    """git takes the edit by itself, for no driver is asked over SQL that one side changed."""
    folder = bed.root / "drizzle"
    bed.arm()
    add_migration(folder, "base")
    bed.commit("base")
    bed.branch("feature")
    bed.write("drizzle/0000_base.sql", bed.read("drizzle/0000_base.sql").replace(b"integer", b"bigint"))
    bed.commit("edit", "--no-verify")
    add_migration(folder, "own")
    bed.commit("own")
    bed.git("checkout", "-q", "main")
    add_migration(folder, "docks")
    bed.commit("docks")
    bed.git("checkout", "-q", "feature")
    done = bed.try_git("rebase", "--merge", "main")
    assert done.code == 0, done.text
    assert (
        "drizzle-guard: drizzle: rebased, but not all of it is plain:\n"
        "  0000_base is published, and the branch edited its SQL: where it has run, that does nothing\n"
    ) in done.err
    assert migrations(bed.files("HEAD")) == ["base", "docks", "own"]


def test_the_mainline_is_not_rebased_onto_a_branch(bed: Bed) -> None:
    """It would get other numbers; the branch is to be merged there."""
    folder = bed.root / "drizzle"
    bed.arm()
    add_migration(folder, "base")
    bed.commit("base")
    bed.branch("feature")
    add_migration(folder, "own")
    bed.commit("own")
    bed.git("checkout", "-q", "main")
    add_migration(folder, "docks")
    bed.commit("docks")
    before = bed.state()
    done = bed.try_git("rebase", "--merge", "feature")
    assert done.code != 0
    assert "0001_docks (branch): it is published on the mainline, and this rebase would move it.\n" in done.err
    abort, merge = done.commands
    bed.type(abort)
    assert bed.state() == before
    bed.type(merge)
    assert migrations(bed.files("HEAD")) == ["base", "docks", "own"]
