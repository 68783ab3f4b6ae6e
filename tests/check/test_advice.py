"""What `check` says to type where no repair of its own helps: typed here, it takes the finding away."""

from __future__ import annotations

import re

import pytest

from support.gitbed import Bed, add_migration


def fixes(bed: Bed, code: str) -> list[str]:
    """The fix lines of one rule's findings."""
    found = bed.tool("check").out
    return re.findall(rf"^  (?:error|warning) {code} .*\n(?:    .*\n)*?    fix: (.*)$", found, re.MULTILINE)


def type_it(bed: Bed, fix: str) -> None:
    """Type the commands of a fix line, one after the other."""
    for command in re.split(", then ", fix):
        bed.run("sh", "-c", command, check=False)


def two_lines(bed: Bed) -> None:
    """main has gone on since the branch was cut; both have a migration with number 1."""
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    bed.branch("feature")
    bed.git("checkout", "-q", "main")
    add_migration(bed.root / "drizzle", "main1")
    bed.commit("main1")
    bed.git("checkout", "-q", "feature")
    add_migration(bed.root / "drizzle", "own")
    bed.commit("own")


def test_a_missing_file_comes_back_from_the_commit_that_has_it(bed: Bed) -> None:
    two_lines(bed)
    file = bed.root / "drizzle" / "0001_own.sql"
    was = file.read_bytes()
    file.unlink()
    (fix,) = fixes(bed, "DG011")
    assert fix == "git checkout HEAD -- drizzle/0001_own.sql"
    type_it(bed, fix)
    assert file.read_bytes() == was
    for name in ("0001_own", "0000_base"):
        file = bed.root / "drizzle" / f"{name}.sql"
        was = file.read_bytes()
        bed.git("rm", "-qf", f"drizzle/{name}.sql")
        bed.commit(f"lose {name}", "--no-verify")
        (fix,) = fixes(bed, "DG011")
        type_it(bed, fix)
        assert any(f.read_bytes() == was for f in file.parent.glob("*.sql")) and not fixes(bed, "DG011"), fix
        bed.git("add", "drizzle")
        bed.commit("back", "--no-verify")


@pytest.mark.parametrize("armed", [False, True])
def test_what_brings_the_mainline_in_depends_on_whether_the_clone_is_armed(bed: Bed, armed: bool) -> None:
    if armed:
        bed.arm()
    two_lines(bed)
    (fix,) = fixes(bed, "DG033")
    assert fix == ("git merge main" if armed else "git merge main, then drizzle-guard renumber, then git commit")
    type_it(bed, fix)
    assert len(bed.git("rev-list", "--parents", "-1", "HEAD").split()) == 3
    done = bed.tool("check")
    assert (done.code, done.out.splitlines()[-1]) == (0, "1 folder, 3 migrations: sound.")


def test_a_merge_that_would_be_refused_is_not_advised(bed: Bed) -> None:
    two_lines(bed)
    for branch, text in (
        ("main", "ALTER TABLE `a` ADD `x` text;\n"),
        ("feature", "ALTER TABLE `a` ADD `x` integer;\n"),
    ):
        bed.git("checkout", "-q", branch)
        name = "0001_main1" if branch == "main" else "0001_own"
        bed.write(f"drizzle/{name}.sql", text)
        bed.git("commit", "-qam", "the same column", "--no-verify")
    (fix,) = fixes(bed, "DG033")
    assert fix == "a merge of main would be refused; see why: drizzle-guard graph"
    assert "a merge would be refused: " in bed.tool("graph").out
