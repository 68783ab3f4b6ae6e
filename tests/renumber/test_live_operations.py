"""Every operation of git that moves migrations, for real: drizzle-kit has the last word on every commit.

The branches are those of `live.histories`: feature1 creates a table, feature2 adds a column, feature3 an enum's value
and an index; main1 adds a column, main2 a table.  Each commit brings its own schema.ts along, and at each commit that
comes of an operation, `drizzle-kit check` is fine and `drizzle-kit generate` finds no changes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.branches import assert_canonical
from support.gitbed import Bed, Done
from support.live.bench import Bench, write_schema
from support.live.histories import SCHEMAS, History, once
from support.parts import EVERY

pytestmark = pytest.mark.both_gits

Find = Callable[[str, str], History]
SCHEMA_TS = "src/schema.ts"


def of(dialect: str) -> pytest.MarkDecorator:
    """Ask one dialect; in the campaign `every` all of them.  Git calls us the same way for each: they take turns."""
    return pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"] if EVERY else [dialect])


class Live:
    """An armed clone of a history: main at main2, feature at feature3, feature checked out."""

    def __init__(
        self, bench: Bench, history: History, directory: Path, git: Path | None, *, main: str = "main2"
    ) -> None:
        self.bench, self.history = bench, history
        self.bed = bed = history.bed.at(directory / "clone")
        if git:
            bed.env["PATH"] = os.pathsep.join([str(git), bed.env["PATH"]])
        history.bed.git("clone", "-q", "--no-local", str(history.bed.root), str(bed.root))
        bed.git("checkout", "-q", "--detach")
        for branch, tag in (("main", "main2"), ("feature", "feature3")):
            bed.git("branch", "-q", "-f", branch, tag)
        bed.git("remote", "remove", "origin")
        self.project = history.project.at(bed.root)
        bed.arm()
        bed.git("checkout", "-q", "feature")

    def names(self, commit: str = "HEAD") -> list[str]:
        """The migrations of a commit, without their numbers."""
        tags = sorted(path[:-4] for path in self.bed.files(commit) if path.endswith(".sql"))
        return [tag.partition("_")[2] for tag in tags]

    def sound(self, commit: str = "HEAD", *, mainline: str | None = "main") -> None:
        """drizzle-kit is content with a commit as it would be checked out, and so are we."""
        bed = self.bed
        if mainline is not None:
            assert_canonical(bed, commit, mainline)
        with once(self.history.verdicts / f"kit-{bed.git('rev-parse', f'{commit}^{{tree}}')}") as first:
            if first:
                self.ask_kit(commit)

    def ask_kit(self, commit: str) -> None:
        directory = self.bed.directory / self.bed.git("rev-parse", commit)
        tree = self.bed.root.parent / f"tree-{directory.name}"
        tree.mkdir()
        self.bed.git(
            "--work-tree", str(tree), "checkout", "-q", commit, "--", ".", env={"GIT_INDEX_FILE": f"{tree}.index"}
        )
        project = self.project.at(tree)
        outcome = self.bench.check(project)
        assert outcome.fine and not outcome.warned, outcome.text
        assert self.bench.generate_says_no_changes(project), commit

    def all_sound(self, span: str) -> list[str]:
        """Every commit of a branch; their subjects, oldest first."""
        mainline = span.partition("..")[0]
        assert self.bed.git("status", "--porcelain", "-uall") == ""
        for commit in self.bed.git("rev-list", "--reverse", span).split():
            self.sound(commit, mainline=mainline)
        return self.bed.git("log", "--reverse", "--format=%s", span).splitlines()

    def clean(self, expected: list[str]) -> None:
        assert self.bed.git("status", "--porcelain", "-uall") == ""
        assert self.names() == expected

    def resolve(self, main: str, feature: str, **tables: dict[str, str]) -> None:
        """Write the schema.ts that two steps of SCHEMAS mean together (and these tables), and stage it."""
        base, ours, theirs = (SCHEMAS[step] for step in ("base", main, feature))
        both = {
            name: base[0].get(name, {}) | ours[0].get(name, {}) | theirs[0].get(name, {})
            for name in {**ours[0], **theirs[0]}
        }
        enums = {name: max(ours[1][name], values, key=len) for name, values in theirs[1].items()}
        write_schema(self.project, both | tables, enums=enums, indexes=ours[2] | theirs[2])
        self.bed.git("add", SCHEMA_TS)


@pytest.fixture
def live(bench: Bench, history: Find, tmp_path: Path, git_path: Path | None, dialect: str) -> Live:
    return Live(bench, history(dialect, "index"), tmp_path, git_path)


def finish(bed: Bed, done: Done, *command: str) -> None:
    """Where git stops over the journal: `drizzle-guard renumber`, and the command that it names."""
    while done.code:
        renumbered = bed.call("renumber")
        assert renumbered.code == 0, done.text + renumbered.text
        assert f"staged; next: {' '.join(command)}" in renumbered.out
        done = bed.try_git(*command[1:])


ANY = ("postgresql", "mysql", "sqlite")
BACKENDS = {"--merge": ANY if EVERY else ANY[:1], "--apply": ANY if EVERY else ANY[1:2]}
MAIN = ["base", "main1", "main2"]
ALL = [*MAIN, "feature1", "feature2", "feature3"]


# ---------------------------------------------------------------- rebase


@pytest.mark.parametrize(
    ("backend", "dialect"),
    [(backend, dialect) for backend, dialects in BACKENDS.items() for dialect in dialects],
)
def test_rebase(live: Live, backend: str) -> None:
    live.bed.git("rebase", "-q", backend, "main")
    assert live.all_sound("main..feature") == ["feature1", "feature2", "feature3"]
    assert [live.names(f"feature~{back}") for back in (2, 1, 0)] == [ALL[:4], ALL[:5], ALL]


@of("sqlite")
def test_rebase_squashed(live: Live) -> None:
    done = live.bed.try_git("rebase", "-i", "main", env={"GIT_SEQUENCE_EDITOR": "sed -i -e '2s/^pick/squash/'"})
    assert done.code == 0, done.text
    assert live.all_sound("main..feature") == ["feature1", "feature3"]
    live.clean(ALL)


@of("mysql")
def test_rebase_reordered(live: Live) -> None:
    """The column comes before the table now; schema.ts is resolved by hand where the two touch."""
    bed = live.bed
    done = bed.try_git("rebase", "-i", "main", env={"GIT_SEQUENCE_EDITOR": "sed -i -e '1{h;d};2{G}'"})
    while done.code:
        picked = bed.git("log", "-1", "--format=%s", "REBASE_HEAD")
        if any(path.startswith("drizzle/") for path in bed.stages()):
            renumbered = bed.call("renumber")
            assert renumbered.code == 0, done.text + renumbered.text
        if f"{SCHEMA_TS}:2" in bed.stages():
            if picked == "feature2":  # not yet with the table of feature1
                live.resolve("main2", "base", posts=SCHEMAS["feature2"][0]["posts"])
            else:
                live.resolve("main2", "feature2" if picked == "feature1" else picked)
        done = bed.try_git("rebase", "--continue")
    assert live.all_sound("main..feature") == ["feature2", "feature1", "feature3"]
    live.clean([*MAIN, "feature2", "feature1", "feature3"])


# ---------------------------------------------------------------- picks and patches


@of("postgresql")
def test_cherry_pick(live: Live) -> None:
    bed = live.bed
    bed.branch("picked", "main")
    finish(bed, bed.try_git("cherry-pick", "feature1"), "git", "cherry-pick", "--continue")
    assert live.all_sound("main..picked") == ["feature1"]
    live.clean([*MAIN, "feature1"])


@of("sqlite")
def test_cherry_pick_range(live: Live) -> None:
    bed = live.bed
    bed.branch("picked", "main")
    finish(bed, bed.try_git("cherry-pick", "base..feature3"), "git", "cherry-pick", "--continue")
    assert live.all_sound("main..picked") == ["feature1", "feature2", "feature3"]
    live.clean(ALL)


@of("mysql")
def test_am(live: Live, tmp_path: Path) -> None:
    bed = live.bed
    patches = [str(tmp_path / "patches" / name) for name in ("0001-feature1.patch", "0002-feature2.patch")]
    bed.git("format-patch", "-q", "-o", str(tmp_path / "patches"), "base..feature2")
    bed.branch("mailed", "main")
    finish(bed, bed.try_git("am", "-q", "-3", *patches), "git", "am", "--continue")
    assert live.all_sound("main..mailed") == ["feature1", "feature2"]
    live.clean(ALL[:5])


@of("postgresql")
def test_stash_pop(live: Live) -> None:
    bed = live.bed
    bed.git("checkout", "-q", "-B", "work", "base")
    bed.git("checkout", "-q", "feature2", "--", ".")
    bed.git("reset", "-q")  # what drizzle-kit has just made is not tracked
    bed.git("stash", "push", "-q", "--include-untracked")
    bed.git("checkout", "-q", "-B", "work", "main")
    finish(bed, bed.try_git("stash", "pop"), "git", "stash", "drop")
    bed.commit("unstashed")
    assert live.all_sound("main..work") == ["unstashed"]
    live.clean(ALL[:5])


@of("sqlite")
def test_merge_squash(live: Live) -> None:
    bed = live.bed
    bed.branch("squashed", "main")
    bed.git("merge", "-q", "--squash", "feature")
    bed.git("commit", "-q", "-m", "squashed")
    assert live.all_sound("main..squashed") == ["squashed"]
    live.clean(ALL)


# ---------------------------------------------------------------- merges that repeat


@of("mysql")
def test_stacked_branch_after_squash(live: Live) -> None:
    """The upper branch stands on feature1 and feature2, which land on main as one commit; merged or rebased."""
    bed = live.bed
    bed.git("checkout", "-q", "main")
    bed.git("merge", "-q", "--squash", "feature2")
    bed.git("commit", "-q", "-m", "feature1 and feature2")
    live.sound("main", mainline=None)
    bed.git("checkout", "-q", "feature")
    assert bed.try_git("merge", "main").code == 1
    assert {path.partition(":")[0] for path in bed.stages()} == {SCHEMA_TS}
    live.resolve("main2", "feature3")
    bed.git("commit", "-q", "--no-edit")
    live.sound()
    live.clean(ALL)
    tree = bed.git("rev-parse", "HEAD^{tree}")
    bed.git("reset", "-q", "--hard", "feature3")
    bed.git("rebase", "-q", "--onto", "main", "feature2")
    assert live.all_sound("main..feature") == ["feature3"]
    assert bed.git("rev-parse", "HEAD:drizzle") == bed.git("rev-parse", f"{tree}:drizzle")


@of("postgresql")
def test_criss_cross(live: Live) -> None:
    bed = live.bed
    bed.git("branch", "-f", "main", "main1")
    bed.git("checkout", "-q", "-B", "feature", "feature1")
    bed.git("merge", "-q", "--no-edit", "main")
    bed.git("checkout", "-q", "main")
    bed.git("merge", "-q", "--no-edit", "feature1")
    live.sound(mainline="main1")
    finish(bed, bed.try_git("cherry-pick", "main2"), "git", "cherry-pick", "--continue")
    live.sound(mainline="main~1")
    bed.git("checkout", "-q", "feature")
    bed.git("commit", "-q", "--allow-empty", "-m", "goes on")
    assert len(bed.git("merge-base", "--all", "main", "feature").split()) == 2
    bed.git("merge", "-q", "--no-edit", "main")
    live.sound()
    live.clean(["base", "main1", "feature1", "main2"])


@of("sqlite")
def test_main_is_merged_twice_and_the_branch_goes_on(live: Live) -> None:
    """Between the two merges drizzle-kit generates a migration on top of what the first one made."""
    bed = live.bed
    bed.git("branch", "-f", "main", "main1")
    bed.git("checkout", "-q", "-B", "feature", "feature1")
    bed.git("merge", "-q", "--no-edit", "main")
    live.sound()
    live.resolve("main1", "feature2")
    assert live.bench.generate(live.project, "later")
    bed.commit("later")
    live.sound()
    bed.git("branch", "-f", "main", "main2")
    bed.git("merge", "-q", "--no-edit", "main")
    live.sound()
    live.clean([*MAIN, "feature1", "later"])


# ---------------------------------------------------------------- reverts


@of("mysql")
def test_revert_of_the_newest_migration(live: Live) -> None:
    bed = live.bed
    bed.git("rebase", "-q", "main")
    bed.git("revert", "--no-edit", "HEAD")
    live.sound()
    live.clean(ALL[:5])
    assert bed.git("rev-parse", "HEAD^{tree}") == bed.git("rev-parse", "HEAD~2^{tree}")


@of("postgresql")
def test_the_mainline_reverts_its_newest_migration(live: Live) -> None:
    """A branch that has merged it already merges the revert: its own migrations lose what the reverted one made."""
    bed = live.bed
    bed.git("checkout", "-q", "-B", "feature", "feature1")
    bed.git("merge", "-q", "--no-edit", "main")
    live.sound()
    bed.git("checkout", "-q", "main")
    bed.git("revert", "--no-edit", "HEAD")
    live.sound(mainline=None)
    bed.git("checkout", "-q", "feature")
    bed.git("merge", "-q", "--no-edit", "main")
    live.sound()
    live.clean(["base", "main1", "feature1"])


@of("sqlite")
def test_revert_of_a_merge(live: Live) -> None:
    bed = live.bed
    bed.git("checkout", "-q", "main")
    bed.git("merge", "-q", "--no-edit", "feature")
    live.sound(mainline="main2")
    bed.git("revert", "--no-edit", "-m", "1", "HEAD")
    live.clean(MAIN)
    assert bed.git("rev-parse", "HEAD^{tree}") == bed.git("rev-parse", "main2^{tree}")
