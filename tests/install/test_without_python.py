"""What an armed clone answers from the shell alone: a snapshot's driver call, and hooks with nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.gitbed import Bed, add_migration, migrations


@pytest.fixture
def counted(tmp_path: Path) -> Bed:
    """An armed clone whose drizzle-guard writes down each call."""
    bed = Bed(tmp_path)
    assert bed.tool("install", "--no-protect").code == 0
    real = bed.git("config", "merge.drizzle-journal.driver").split("for c in ")[1].split(" ")[0]
    proxy = bed.directory / "proxy"
    proxy.write_text(f'#!/bin/sh\necho "$1 $2" >> "{bed.directory}/calls"\nexec {real} "$@"\n')
    proxy.chmod(0o755)
    driver = bed.git("config", "merge.drizzle-journal.driver").replace(real, str(proxy))
    bed.git("config", "merge.drizzle-journal.driver", driver)
    for hook in (bed.root / ".git/hooks").iterdir():
        hook.write_text(hook.read_text().replace(real, str(proxy)))
    add_migration(bed.root / "drizzle", "base")
    bed.write("app.ts", "1\n")
    bed.commit()
    bed.branch("feature")
    return bed


def calls(bed: Bed) -> list[str]:
    """The calls since the last look."""
    file = bed.directory / "calls"
    found = [line.split(" ")[0 if line.startswith("merge-driver") else 1] for line in file.read_text().splitlines()]
    file.unlink()
    return found


def parted(bed: Bed) -> Bed:
    """`feature`, which is checked out, and main have one migration each."""
    add_migration(bed.root / "drizzle", "own")
    bed.commit()
    bed.branch("main", "main")
    add_migration(bed.root / "drizzle", "other")
    bed.commit()
    bed.git("checkout", "-q", "feature")
    return bed


@pytest.mark.parametrize("names", [("own", "other"), ("own", "own")])
def test_a_merge_of_one_with_one_starts_python_twice(counted: Bed, names: tuple[str, str]) -> None:
    bed = parted(counted)
    # the side that keeps its place is ours, then theirs
    here, there = ("main", "feature") if names[1] == "own" else ("feature", "main")
    bed.git("checkout", "-q", here)
    bed.write("x", "")
    assert bed.try_git("merge", "--no-edit", there).code == 0
    assert calls(bed) == ["merge-driver", "post-merge"]
    assert migrations(bed.files("HEAD")) == ["base", "other", "own"]


def test_hooks_with_nothing_to_do_start_no_python(counted: Bed) -> None:
    bed = counted
    bed.write("app.ts", "2\n")
    bed.commit()
    bed.branch("main", "main")
    add_migration(bed.root / "drizzle", "other")
    bed.commit()
    bed.git("merge", "-q", "--no-edit", "feature")  # only one side has migrations
    bed.git("checkout", "-q", "feature")
    bed.git("merge", "-q", "main")  # a fast-forward
    bed.write("app.ts", "3\n")
    bed.commit()
    bed.git("checkout", "-q", "main")
    bed.write("app.ts", "4\n")
    bed.commit()
    assert bed.try_git("merge", "feature").code == 1  # stops over app.ts
    bed.commit()
    assert not (bed.directory / "calls").exists()


def test_a_file_that_is_not_the_commits_is_left_to_python(counted: Bed) -> None:
    bed = parted(counted)
    assert bed.try_git("merge", "--no-edit", "main").code == 0
    calls(bed)
    # the driver's word stands, but nothing is being merged
    assert bed.try_git("merge-tree", "--write-tree", "ORIG_HEAD", "main").code == 1
    assert calls(bed) == ["merge-driver", "merge-driver"]


def test_a_linked_worktree_is_answered_from_the_shell_too(counted: Bed) -> None:
    bed = counted
    add_migration(bed.root / "drizzle", "own")
    bed.commit()
    bed.git("worktree", "add", "-q", str(bed.directory / "linked"), "main")
    linked = bed.at(bed.directory / "linked")
    add_migration(linked.root / "drizzle", "other")
    linked.commit()
    assert linked.try_git("merge", "--no-edit", "feature").code == 0
    assert calls(bed) == ["merge-driver", "post-merge"]
    assert migrations(linked.files("HEAD")) == ["base", "other", "own"]
    assert linked.tool("check").code == 0


def test_of_a_merge_that_was_made_again_the_second_answer_counts(counted: Bed) -> None:
    bed = parted(counted)
    for mainline, expected in (("main", ["base", "other", "own"]), ("feature", ["base", "own", "other"])) * 2:
        bed.git("config", "drizzle-guard.mainline", mainline)
        assert bed.try_git("merge", "--no-commit", "main").code == 0
        bed.git("merge", "--abort")
        assert bed.try_git("merge", "--no-edit", "main").code == 0
        assert migrations(bed.files("HEAD")) == expected
        assert bed.tool("check").code == 0
        assert set(calls(bed)) == {"merge-driver", "post-merge"}
        bed.git("reset", "-q", "--hard", "HEAD^1")
        bed.git("config", "drizzle-guard.mainline", "feature" if mainline == "main" else "main")
        assert bed.try_git("merge", "--no-commit", "main").code == 0
        bed.git("merge", "--abort")
        calls(bed)


def test_of_a_merge_that_is_refused_the_second_time_no_snapshot_is_answered(counted: Bed) -> None:
    """What the first try had decided says nothing of the second."""
    bed = parted(counted)
    assert bed.try_git("merge", "--no-commit", "main").code == 0
    bed.git("merge", "--abort")
    bed.write("drizzle-guard.toml", "mainline = [")
    assert bed.try_git("merge", "--no-commit", "main").code == 1
    assert {"drizzle/meta/0001_snapshot.json", "drizzle/meta/_journal.json"} <= set(
        bed.git("diff", "--name-only", "--diff-filter=U").split()
    )
