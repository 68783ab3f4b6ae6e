"""Branches main and feature of migrations that `gitbed.add_migration` made, and what a merge of them must be."""

from __future__ import annotations

from support.gitbed import Bed, add_migration, migrations

JOURNAL = "drizzle/meta/_journal.json"
SCHEMA = "src/schema.ts"
MERGED = ["base", "main1", "feature1"]


def grow(bed: Bed, *names: str, folder: str = "drizzle") -> None:
    """Commit migrations, one commit each."""
    for name in names:
        add_migration(bed.root / folder, name)
        bed.commit(name)


def fork(
    bed: Bed, *options: str, install: bool = True, feature: int = 1, main: int = 1, folder: str = "drizzle"
) -> None:
    """Branches main and feature, each with its own migrations; feature is checked out, and the clone is armed.

    The feature's migrations are the older ones, so they have to get a new `when` too.
    """

    def build() -> None:
        if install and options:
            done = bed.tool("install", "--no-protect", *options)
            assert done.code == 0, done.text
        elif install:
            bed.arm()
        bed.write(SCHEMA, "base\n")
        grow(bed, "base", folder=folder)
        bed.branch("feature")
        grow(bed, *(f"feature{n + 1}" for n in range(feature)), folder=folder)
        bed.git("checkout", "-q", "main")
        grow(bed, *(f"main{n + 1}" for n in range(main)), folder=folder)
        bed.git("checkout", "-q", "feature")

    bed.lay_out(("fork", options, install, feature, main, folder), build)


def conflict_elsewhere(bed: Bed) -> None:
    """Let both branches of `fork` change the same line of another file."""
    for branch in ("main", "feature"):
        bed.git("checkout", "-q", branch)
        bed.write(SCHEMA, f"{branch}\n")
        bed.commit(f"schema of {branch}")


def resolve_elsewhere(bed: Bed) -> None:
    bed.write(SCHEMA, "both\n")
    bed.git("add", SCHEMA)


def merged(bed: Bed, *, folder: str = "drizzle", treeish: str = "HEAD") -> list[str]:
    """The migrations of HEAD, which nothing in the worktree may differ from."""
    assert bed.git("status", "--porcelain", "-uall") == ""
    return migrations(bed.files(treeish, folder))


def one_merge(bed: Bed, ours: str, theirs: str) -> None:
    """HEAD is the merge of these two commits, and nothing else was committed."""
    assert bed.git("log", "-1", "--format=%P").split() == [bed.git("rev-parse", name) for name in (ours, theirs)]
