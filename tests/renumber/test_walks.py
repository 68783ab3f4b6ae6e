"""What the random walks found where it takes SQL beyond CREATE TABLE: one small history each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from support import random_folder as folder
from support.gitbed import Bed, Done
from support.random_history import APP, MAIN, T, Walk, new_repository

pytestmark = pytest.mark.both_gits

USERS = "CREATE TABLE users (id int, age text)"
POSTS = "CREATE TABLE posts (id int, age text)"
TAGS = "CREATE TABLE tags (id int, note text)"


class Line:
    """An armed repository, and migrations one after another on its branches."""

    def __init__(self, bed: Bed) -> None:
        self.bed = bed
        new_repository(bed)
        self._walk = Walk(bed, _first, Counter())
        self.add(USERS)

    def close(self) -> None:
        """End what was started."""
        self._walk.close()

    def add(self, *scripts: str, app: bool = False) -> None:
        """Commit migrations on the branch that is checked out, each in a commit of its own."""
        for sql in scripts:
            rows = self._walk.rows() if (self.bed.root / folder.FOLDER).exists() else ()
            self._walk.add(rows, f"{sql};", "", app=app)

    def again(self) -> None:
        """Generate the newest migration again: the same SQL under another name."""
        rows = self._walk.rows()
        self._walk.add(rows[:-1], rows[-1].sql, "")

    def branch(self, name: str, start: str = MAIN) -> None:
        """Create and check out."""
        self.bed.git("checkout", "-q", "-b", name, start)

    def to(self, name: str) -> None:
        """Check out."""
        self.bed.git("checkout", "-q", name)

    def rows(self, commit: str = "HEAD") -> folder.Rows:
        """The folder of a commit, which must be sound."""
        rows = self._walk.rows(commit)
        folder.sound(rows)
        return rows

    def sql(self, commit: str = "HEAD") -> list[str]:
        """The SQL of a sound folder, in order."""
        return [row.sql for row in self.rows(commit)]


def _first(options: Sequence[T]) -> T:
    return options[0]


@pytest.fixture
def line(bed: Bed) -> Iterator[Line]:
    """A repository whose main has one migration."""
    made = Line(bed)
    yield made
    made.close()


def refuse(line: Line, command: str, *args: str) -> str:
    """What `renumber` says where git has stopped; the repository is as before after the abort."""
    before = line.bed.state()
    done = line.bed.try_git(command, *args)
    assert done.code, done.text
    tried = line.bed.call("renumber")
    assert tried.code == 1, tried.text
    line.bed.git(command, "--abort")
    assert line.bed.state() == before
    return tried.err


def finish(line: Line, done: Done, command: str) -> None:
    """Where git has stopped over the migrations, `renumber` ends it."""
    for _ in range(9):
        if not done.code:
            break
        assert "drizzle-guard renumber" in done.err, f"git stopped without a word: {done.text}"
        tried = line.bed.call("renumber")
        assert tried.code == 0, tried.text
        stages = {path.rpartition(":")[0] for path in line.bed.stages()}
        assert stages <= {APP}, stages
        if APP in stages:
            line.bed.write(APP, "resolved\n")
            line.bed.git("add", APP)
        done = line.bed.try_git(*(("commit", "--no-edit") if command == "merge" else (command, "--continue")))
    assert done.code == 0, done.text
    assert line.bed.git("status", "--porcelain") == ""
    again = line.bed.call("renumber")
    # it asks before it brings back what a branch took out
    asks = "  drizzle-guard renumber --yes\n" in again.err
    assert again.code == int(asks) and line.bed.git("status", "--porcelain") == "", again.text


@pytest.mark.parametrize(
    ("there", "picked", "reason"),
    [
        (
            "CREATE TABLE tags (id int, name text)",
            "ALTER TABLE tags DROP COLUMN note",
            '0002_m7 (branch) and 0001_m3 (mainline): both drop column "note" of table "tags".',
        ),
        (
            "CREATE TABLE tags (id int, note text, name text)",
            "ALTER TABLE tags ADD COLUMN name text",
            '0002_m7 (branch) and 0001_m3 (mainline): both create column "name" of table "tags".',
        ),
    ],
)
def test_a_pick_to_another_table_of_that_name(line: Line, there: str, picked: str, reason: str) -> None:
    """Both lines have a table `tags`, made apart; the picked SQL would fail on this one."""
    line.branch("release")
    line.add(there)
    line.branch("feature")
    line.add(TAGS, picked)
    line.to("release")
    assert refuse(line, "cherry-pick", "feature") == (
        f"drizzle-guard: drizzle: {reason}\n"
        "  Resolve your schema and git add it; then keep the folder of HEAD, and generate your changes anew:\n"
        "  drizzle-guard regenerate\n"
        "  Or, if the SQL is right in this order:\n"
        "  drizzle-guard renumber --anyway\n"
        "  Then, before you go on, run it on throw-away databases from every state that a real one can stand in:\n"
        "  drizzle-guard rehearse\n"
        "  git cherry-pick --continue\n"
        "  Or resolve by hand all that is in conflict in drizzle, then:\n"
        "  git add drizzle\n"
        "  git cherry-pick --continue\n"
    )


def test_a_pick_of_another_name_for_what_is_not_here(line: Line) -> None:
    line.branch("feature")
    line.add(TAGS, POSTS)
    line.again()
    line.to(MAIN)
    line.add("ALTER TABLE users ADD COLUMN name text")
    assert "the mainline does not have it, the branch changed it" in refuse(line, "cherry-pick", "feature")


def test_a_pick_where_both_lines_hold_published_migrations(line: Line) -> None:
    """What leads out of a pick is not `git merge --abort`."""
    shared = "ALTER TABLE users ADD COLUMN name text"
    line.branch("feature")
    line.add(POSTS)
    line.to(MAIN)
    line.add(shared)
    picked = line.bed.git("rev-parse", "HEAD")
    line.add("ALTER TABLE users ADD COLUMN c1 text")
    line.bed.git("merge", "-q", "--no-edit", "feature")
    line.to("feature")
    line.add(shared)
    assert refuse(line, "cherry-pick", picked).endswith(
        ": both sides hold published migrations that the other has not.\n"
        "  Bring everything back, then merge the mainline itself: there they stand in one order.\n"
        "  git cherry-pick --abort\n"
    )


def test_a_pick_to_a_branch_that_took_something_back(line: Line) -> None:
    """It is far behind and has reverted two of what it had: no squash."""
    line.add(POSTS, "ALTER TABLE users ADD COLUMN c1 text", "ALTER TABLE users ADD COLUMN c2 text")
    line.branch("feature")
    line.bed.git("revert", "--no-edit", "HEAD")
    line.bed.git("revert", "--no-edit", "HEAD~2")
    line.to(MAIN)
    line.add(*(f"ALTER TABLE users ADD COLUMN c{n} text" for n in range(3, 7)), TAGS)
    line.to("feature")
    finish(line, line.bed.try_git("cherry-pick", MAIN), "cherry-pick")
    assert line.sql() == [f"{sql};" for sql in (USERS, POSTS, TAGS)]


@pytest.mark.parametrize("options", [(), ("--squash",)], ids=["merge", "squash"])
def test_two_new_names_for_one_file_stop_a_merge_and_the_driver_says_how_to_go_on(
    line: Line, options: tuple[str, ...]
) -> None:
    """`0001` got another number on both sides, and git asks no driver about that."""
    line.branch("feature")
    line.add(POSTS)
    line.to(MAIN)
    line.add("ALTER TABLE users ADD COLUMN c1 text")
    line.branch("other", "feature")
    line.bed.git("merge", "-q", "--no-edit", MAIN)
    line.to(MAIN)
    line.add("ALTER TABLE users ADD COLUMN c2 text")
    line.bed.git("merge", "-q", "--no-edit", "feature")
    line.to("other")
    line.add(TAGS, app=True)
    line.to(MAIN)
    line.add("ALTER TABLE users ADD COLUMN c3 text")
    finish(line, line.bed.try_git("merge", *options, "other"), "merge")
    added = [f"ALTER TABLE users ADD COLUMN c{n} text" for n in (1, 2, 3)]
    assert line.sql() == [f"{sql};" for sql in (USERS, *added[:2], POSTS, added[2], TAGS)]


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_two_new_names_for_one_file_stop_a_rebase(line: Line, backend: str) -> None:
    """A merge, which a rebase leaves out, gave it the first one; a pick from the mainline the second one."""
    line.branch("feature")
    line.add(POSTS)
    line.to(MAIN)
    line.add("ALTER TABLE users ADD COLUMN c1 text")
    line.to("feature")
    line.bed.git("merge", "-q", "--no-edit", MAIN)
    line.to(MAIN)
    line.add("ALTER TABLE users ADD COLUMN c2 text", app=True)
    line.to("feature")
    finish(line, line.bed.try_git("cherry-pick", MAIN), "cherry-pick")
    line.to(MAIN)
    line.add("ALTER TABLE users ADD COLUMN c3 text", app=True)
    line.to("feature")
    finish(line, line.bed.try_git("rebase", backend, MAIN), "rebase")
    assert line.sql() == [*line.sql(MAIN), f"{POSTS};"]


@pytest.mark.parametrize("ours", ["feature", "main"])
def test_a_migration_that_the_mainline_took_back(line: Line, ours: str) -> None:
    """It stands before the branch's own; who is ours makes no difference."""
    line.add(POSTS)
    line.branch("feature")
    line.add("ALTER TABLE users ADD COLUMN name text")
    line.to(MAIN)
    line.bed.git("revert", "--no-edit", "HEAD")
    before = line.rows()
    line.bed.git("checkout", "-q", "--detach", ours)
    other = MAIN if ours == "feature" else "feature"
    finish(line, line.bed.try_git("merge", "--no-edit", line.bed.git("rev-parse", other)), "merge")
    assert line.rows()[:1] == before
    assert line.sql() == [f"{USERS};", "ALTER TABLE users ADD COLUMN name text;"]


def test_a_refused_squash_is_refused_by_renumber_with_the_same_words(line: Line) -> None:
    """git leaves no MERGE_HEAD, and only a note of what it squashes."""
    line.branch("feature")
    line.add("CREATE TABLE tags (id int)")
    line.branch("picker", MAIN)
    line.add(POSTS, TAGS)
    picked = line.bed.git("rev-parse", "HEAD~1")
    line.to(MAIN)
    line.bed.git("merge", "-q", "--ff-only", "picker")
    line.to("feature")
    finish(line, line.bed.try_git("cherry-pick", picked), "cherry-pick")
    line.to(MAIN)
    line.add("ALTER TABLE users ADD COLUMN c1 text")
    before = line.bed.state()
    done = line.bed.try_git("merge", "--squash", "feature")
    tried = line.bed.call("renumber")
    assert tried.code == 1 and 'both create table "tags"' in tried.err, tried.text
    assert tried.err in done.err
    line.bed.git("reset", "-q", "--hard")
    assert line.bed.state() == before


@pytest.mark.parametrize("case", ["twice", "torn"])
def test_renumber_mends_what_git_merged_as_text(line: Line, case: str) -> None:
    """In a clone that is not armed git's text merge ends well, and wrong; nobody has looked at it."""
    bed = line.bed
    line.add(POSTS)
    line.branch("feature")
    if case == "twice":
        line.add("ALTER TABLE users ADD COLUMN name text")
        line.to(MAIN)
        bed.git("revert", "--no-edit", "HEAD")
        bed.git("merge", "-q", "--squash", "feature")
        bed.git("commit", "-q", "-m", "squashed")
        line.to("feature")
        line.add(TAGS)
        expected = [USERS, "ALTER TABLE users ADD COLUMN name text", TAGS]
    else:
        line.add(TAGS)
        line.branch("other")
        line.again()
        line.to("feature")
        line.add("ALTER TABLE tags ADD COLUMN name text")
        line.to("other")
        expected = [USERS, POSTS, TAGS, "ALTER TABLE tags ADD COLUMN name text"]
    config = bed.read(".git/config")
    bed.git("config", "--remove-section", "merge.drizzle-journal")
    bed.git("-c", "core.hooksPath=/dev/null", "merge", "-q", "--no-edit", MAIN if case == "twice" else "feature")
    (bed.root / ".git/config").write_bytes(config)
    tried = bed.call("renumber")
    assert tried.code == 0 and "staged; next: git commit" in tried.out, tried.text
    bed.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "--amend", "--no-edit")
    assert line.sql() == [f"{sql};" for sql in expected]


def test_a_file_under_its_old_name_that_is_none_of_the_rebases(line: Line) -> None:
    """A `fixup` may bring it into the mainline's own commit, where the commit before it fell away; or a person does."""
    bed = line.bed
    line.branch("feature")
    line.add(TAGS)
    line.to(MAIN)
    line.add("ALTER TABLE users ADD COLUMN c1 text")
    line.to("feature")
    by_hand = "cp drizzle/0001_m3.sql drizzle/0007_old.sql; git add drizzle; git commit -q --amend --no-edit"
    done = bed.try_git("rebase", "--exec", by_hand, MAIN)
    assert done.code == 0, done.text
    assert (
        "drizzle-guard: drizzle/0007_old.sql is left over: it is 0002_m3 under its old name.\n"
        "  go back to before the rebase (git reflog), and rebase again without a squash into the mainline\n"
    ) in done.err, done.text
    assert [row.tag for row in line.rows("HEAD^")] == ["0000_m1", "0001_m5"]


def test_a_copy_without_an_entry_that_the_branch_brought_itself_stays(line: Line) -> None:
    bed = line.bed
    line.branch("feature")
    line.add(TAGS)
    bed.write("drizzle/0000_copy.sql", bed.read("drizzle/0001_m3.sql"))
    bed.commit("copied", "--no-verify")
    line.to(MAIN)
    line.add("ALTER TABLE users ADD COLUMN c1 text")
    line.to("feature")
    done = bed.try_git("rebase", MAIN)
    assert done.code == 0 and "left over" not in done.text, done.text
    assert [path.name for path in (bed.root / ".git").glob("drizzle-guard*")] == []
    files = bed.files("HEAD")
    tags = [entry["tag"] for entry in json.loads(files["meta/_journal.json"])["entries"]]
    assert len(tags) == 3 and tags[2].endswith("_m3") and {"0000_copy.sql", f"{tags[2]}.sql"} < files.keys()


@pytest.mark.parametrize("edited", [False, True])
def test_a_criss_cross_blames_no_migration_for_what_an_ancestor_lacks(line: Line, edited: bool) -> None:
    """Of two common ancestors one has `tags`, the other the newest migration: its snapshot knows nothing of `tags`.

    What the branch itself made of a common snapshot (`edited`) is an edit all the same, and is said.
    """
    bed = line.bed
    line.branch("alpha")
    line.branch("beta")
    line.add(TAGS)
    line.to("alpha")
    line.add(POSTS)
    line.to(MAIN)
    bed.git("merge", "-q", "--no-ff", "--no-edit", "beta")
    line.to("beta")
    bed.git("merge", "-q", "--no-edit", "alpha")
    line.to(MAIN)
    line.add("ALTER TABLE users ADD COLUMN size int")
    bed.git("merge", "-q", "--no-edit", "alpha")
    line.to("beta")
    if edited:
        path = "drizzle/meta/0000_snapshot.json"
        bed.write(path, bed.read(path).replace(b'"text"', b'"varchar"'))
        bed.commit("edit", "--no-verify")
    line.add("ALTER TABLE tags ADD COLUMN age int")
    bed.try_git("merge", "--no-edit", MAIN)  # each side gave POSTS another name, over which git stops
    told = bed.tool("renumber").text
    assert ("meta/0000_snapshot.json" in told) == edited, told
    bed.git("commit", "-q", "--no-edit")
    assert edited or line.sql() == [
        f"{sql};"
        for sql in (USERS, TAGS, "ALTER TABLE users ADD COLUMN size int", POSTS, "ALTER TABLE tags ADD COLUMN age int")
    ]
