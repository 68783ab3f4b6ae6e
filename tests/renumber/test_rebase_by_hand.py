"""What a person does in the middle of a rebase: amends, commits, edits; nothing of it is lost or left half done."""

from __future__ import annotations

import json

import pytest

from support.gitbed import Bed, add_migration, migrations

pytestmark = pytest.mark.both_gits

MORE = b'\n--> statement-breakpoint\nCREATE INDEX "by_id" ON "one" ("id");\n'
AMEND = "git commit -q --amend --no-edit --date=2025-01-01T00:00:00Z"
ALL = ["base", "m1", "m2", "one", "two"]


@pytest.fixture
def branch(bed: Bed) -> list[str]:
    """main: base, m1, m2. feature (checked out): base, and the three commits that are returned: one, between, two."""
    folder = bed.root / "drizzle"
    bed.arm()
    add_migration(folder, "base")
    bed.commit("base")
    bed.branch("feature")
    add_migration(folder, "one")
    bed.commit("one")
    bed.write("between.txt", "between\n")
    bed.commit("between")
    add_migration(folder, "two")
    bed.commit("two")
    bed.git("checkout", "-q", "main")
    for name in ("m1", "m2"):
        add_migration(folder, name)
        bed.commit(name)
    bed.git("checkout", "-q", "feature")
    return bed.git("rev-list", "--reverse", "main..").split()


def rebase(bed: Bed, *lines: str) -> None:
    """Begin an interactive rebase onto main with these lines; it may stop."""
    bed.write("../todo", "\n".join(lines) + "\n")
    done = bed.try_git("rebase", "-i", "main", env={"GIT_SEQUENCE_EDITOR": f"cp {bed.root.parent / 'todo'}"})
    assert done.code == 0, done.text


def go_on(bed: Bed) -> None:
    done = bed.try_git("rebase", "--continue")
    assert done.code == 0, done.text
    assert bed.git("status", "--porcelain") == ""


def rows(bed: Bed) -> list[list[str]]:
    """The migrations of each commit on main, the oldest first."""
    return [migrations(bed.files(commit)) for commit in bed.git("rev-list", "--reverse", "main..feature").split()]


def test_every_commit_is_amended(bed: Bed, branch: list[str]) -> None:
    assert bed.try_git("rebase", "-x", AMEND, "main").code == 0
    assert rows(bed) == [ALL[:4], ALL[:4], ALL]


def test_amended_before_a_fixup(bed: Bed, branch: list[str]) -> None:
    one, between, two = branch
    rebase(bed, f"pick {one}", f"exec {AMEND}", f"fixup {two}", f"pick {between}")
    assert rows(bed) == [ALL, ALL]


def test_amended_at_a_break(bed: Bed, branch: list[str]) -> None:
    one, between, two = branch
    rebase(bed, f"pick {one}", "break", f"pick {between}", f"pick {two}")
    bed.git("commit", "-q", "--amend", "-m", "amended")
    go_on(bed)
    assert rows(bed) == [ALL[:4], ALL[:4], ALL]


@pytest.mark.parametrize("stop", ["edit", "break"])
def test_commits_in_between(bed: Bed, branch: list[str], stop: str) -> None:
    one, between, two = branch
    rebase(bed, *([f"edit {one}"] if stop == "edit" else [f"pick {one}", "break"]), f"pick {between}", f"pick {two}")
    for text in ("1", "2"):
        bed.write("by-hand.txt", text)
        bed.commit(f"by hand {text}")
    go_on(bed)
    assert rows(bed) == [ALL[:4]] * 4 + [ALL]


def test_a_migration_in_between(bed: Bed, branch: list[str]) -> None:
    one, between, two = branch
    rebase(bed, f"edit {one}", f"pick {between}", f"pick {two}")
    add_migration(bed.root / "drizzle", "hand")
    bed.commit("hand")
    go_on(bed)
    assert rows(bed) == [ALL[:4], [*ALL[:4], "hand"], [*ALL[:4], "hand"], [*ALL[:4], "hand", "two"]]


def test_a_commit_in_two(bed: Bed, branch: list[str]) -> None:
    one, between, two = branch
    rebase(bed, f"edit {one}", f"pick {between}", f"pick {two}")
    bed.git("reset", "-q", "HEAD^")
    bed.write("by-hand.txt", "first\n")
    bed.git("add", "by-hand.txt")
    bed.git("commit", "-q", "-m", "first half")
    bed.commit("second half")
    go_on(bed)
    assert rows(bed) == [ALL[:3], ALL[:4], ALL[:4], ALL]


@pytest.mark.parametrize("stop", ["edit", "break"])
def test_edited_sql_stays_edited(bed: Bed, branch: list[str], stop: str) -> None:
    one, between, two = branch
    rebase(bed, *([f"edit {one}"] if stop == "edit" else [f"pick {one}", "break"]), f"pick {between}", f"pick {two}")
    bed.write("drizzle/0001_one.sql", bed.read("drizzle/0001_one.sql") + MORE)
    bed.git("commit", "-q", "-a", "--amend", "--no-edit")
    go_on(bed)
    assert rows(bed) == [ALL[:4], ALL[:4], ALL]
    assert bed.files("feature~2")["0003_one.sql"].endswith(MORE)
    assert bed.read("drizzle/0003_one.sql").endswith(MORE)


def test_edited_where_nothing_collides(bed: Bed, branch: list[str]) -> None:
    """A plain interactive rebase of the branch onto where it stands."""
    one, between, two = branch
    bed.git("branch", "-q", "-f", "main", f"{one}^")
    rebase(bed, f"edit {one}", f"pick {between}", f"pick {two}")
    bed.write("drizzle/0001_one.sql", bed.read("drizzle/0001_one.sql") + MORE)
    journal = json.loads(bed.read("drizzle/meta/_journal.json"))
    journal["entries"][1]["breakpoints"] = False
    bed.write("drizzle/meta/_journal.json", json.dumps(journal, indent=2))
    snapshot = bed.read("drizzle/meta/0001_snapshot.json") + b"\n"
    bed.write("drizzle/meta/0001_snapshot.json", snapshot)
    bed.git("commit", "-q", "-a", "--amend", "--no-edit")
    go_on(bed)
    assert rows(bed) == [["base", "one"], ["base", "one"], ["base", "one", "two"]]
    for commit in ("feature~2", "feature~1", "feature"):
        files = bed.files(commit)
        assert files["0001_one.sql"].endswith(MORE)
        assert files["meta/0001_snapshot.json"] == snapshot
        found = [entry["breakpoints"] for entry in json.loads(files["meta/_journal.json"])["entries"]]
        assert found == [True, False, True][: len(found)]


def test_generated_at_a_stop_without_the_snapshot(bed: Bed, branch: list[str]) -> None:
    """drizzle-kit does not see there what `one` made, and makes it again; that is said, and the way back works."""
    one, between, two = branch
    rebase(bed, f"pick {one}", "break", f"pick {between}", f"pick {two}")
    tag = add_migration(bed.root / "drizzle", "again")
    bed.write(f"drizzle/{tag}.sql", b'CREATE TABLE "one" (\n\t"id" integer\n);\n')
    bed.commit("again")
    done = bed.try_git("rebase", "--continue")
    assert done.code == 0
    assert (
        "drizzle-guard: drizzle/meta/_journal.json: 0001_one still has the number of 0001_m1: what was committed by "
        "hand during the rebase does not go with the other migrations.\n"
        "  What is wrong there, and what helps against each, says:\n"
        "  drizzle-guard check\n"
    ) in done.err
    assert bed.call("check").code == 1
    bed.git("reset", "-q", "--hard", two)
    assert bed.try_git("rebase", "main").code == 0
    assert rows(bed) == [ALL[:4], ALL[:4], ALL]


@pytest.mark.parametrize("command", ["renumber", "graph"])
def test_commands_at_a_break(bed: Bed, branch: list[str], command: str) -> None:
    one, between, two = branch
    rebase(bed, f"pick {one}", "break", f"pick {between}", f"pick {two}")
    said = bed.tool(command)
    assert (said.code, said.err) == (
        1,
        "drizzle-guard: a rebase is under way; the migrations of its commits get their numbers when it ends.\n"
        "  git rebase --continue\n",
    )
    go_on(bed)
    assert rows(bed) == [ALL[:4], ALL[:4], ALL]


def test_edited_at_a_stop_and_by_a_later_commit(bed: Bed, branch: list[str]) -> None:
    """git merges the two edits of one file as text."""
    bed.write("drizzle/0001_one.sql", b"-- above\n\n\n\n" + bed.read("drizzle/0001_one.sql"))
    edit = bed.commit("edit")
    one, between, two = branch
    rebase(bed, f"edit {one}", f"pick {edit}", f"pick {between}", f"pick {two}")
    bed.write("drizzle/0001_one.sql", bed.read("drizzle/0001_one.sql") + b"\n\n\n" + MORE)
    bed.git("commit", "-q", "-a", "--amend", "--no-edit")
    go_on(bed)
    assert rows(bed) == [ALL[:4], ALL[:4], ALL[:4], ALL]
    text = bed.files("feature")["0003_one.sql"]
    assert text.startswith(b"-- above\n") and text.endswith(MORE)
