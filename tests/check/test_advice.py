"""What `check` says to type where no repair of its own helps: typed here, it takes the finding away."""

from __future__ import annotations

import json
import re
import shlex

import pytest

from support.gitbed import Bed, add_migration


def fixes(bed: Bed, code: str) -> list[str]:
    """What is to be typed against one rule's findings, each command in its line."""
    found = bed.call("check").out
    block = rf"^  (?:error|warning) {code} .*\n(?:    .*\n)*?    fix: (.*(?:\n {{9}}.*)*)$"
    return [fix.replace("\n         ", "\n") for fix in re.findall(block, found, re.MULTILINE)]


def type_it(bed: Bed, fix: str) -> None:
    """Type the commands of a fix, one after the other."""
    for command in fix.splitlines():
        if not command.startswith(("put ", "then ")):  # words for a person
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
    assert fix == ("git merge main" if armed else "git merge main\ndrizzle-guard renumber\ngit commit")
    type_it(bed, fix)
    assert len(bed.git("rev-list", "--parents", "-1", "HEAD").split()) == 3
    done = bed.call("check")
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
    assert "a merge would be refused: " in bed.call("graph").out


@pytest.mark.parametrize("path", ["meta/_journal.json", "meta/0001_snapshot.json"])
def test_what_cannot_be_read_comes_back_from_the_newest_commit_in_which_it_was_sound(bed: Bed, path: str) -> None:
    folder = "it's (ours)/drizzle"
    for name in ("base", "more"):
        add_migration(bed.root / folder, name)
    bed.commit("sound")
    was = bed.read(f"{folder}/{path}")
    commit = bed.git("rev-parse", "--short", "HEAD")
    bed.write(f"{folder}/{path}", '{"id": ')
    name = shlex.quote(f"{folder}/{path}")
    assert fixes(bed, "DG005" if "journal" in path else "DG022") == [f"git checkout HEAD -- {name}"]
    bed.commit("broken")
    (fix,) = fixes(bed, "DG005" if "journal" in path else "DG022")
    assert fix == f"git checkout {commit} -- {name}"
    type_it(bed, fix)
    assert bed.read(f"{folder}/{path}") == was and bed.call("check").code == 0


def test_a_published_migration_comes_back_with_the_folder(bed: Bed) -> None:
    for name in ("base", "more"):
        add_migration(bed.root / "drizzle", name)
    bed.commit("main")
    was = bed.files("HEAD")
    bed.branch("feature")
    journal = json.loads(bed.read("drizzle/meta/_journal.json"))
    journal["entries"].pop()
    bed.write("drizzle/meta/_journal.json", json.dumps(journal))
    bed.git("rm", "-q", "drizzle/0001_more.sql", "drizzle/meta/0001_snapshot.json")
    (fix,) = fixes(bed, "DG032")
    assert fix == "git checkout HEAD -- drizzle"
    type_it(bed, fix)
    bed.commit("back")
    assert bed.files("HEAD") == was and bed.call("check").code == 0


def test_an_edited_one_is_taken_back_whatever_its_name(bed: Bed) -> None:
    folder = "it's (ours)/drizzle"
    add_migration(bed.root / folder, "base")
    bed.commit("main")
    bed.branch("feature")
    was = bed.read(f"{folder}/0000_base.sql")
    bed.write(f"{folder}/0000_base.sql", was + b"SELECT 1;\n")
    (fix,) = fixes(bed, "DG031")
    command, words = fix.splitlines()
    assert command == f"git checkout main -- {shlex.quote(f'{folder}/0000_base.sql')}"
    assert words == "then put the change into a new migration"
    type_it(bed, fix)
    assert bed.read(f"{folder}/0000_base.sql") == was and bed.call("check").code == 0


def test_line_ends_are_mended_as_it_says(bed: Bed) -> None:
    tag = add_migration(bed.root / "drizzle", "base")
    file = f"drizzle/{tag}.sql"
    was = bed.read(file)
    bed.write(file, was.replace(b"\n", b"\r\n"))
    bed.commit("base")
    (fix,) = fixes(bed, "DG014")
    assert fix.splitlines()[0] == "put `*.sql text eol=lf` into .gitattributes, then:"
    bed.write(".gitattributes", "*.sql text eol=lf\n")
    type_it(bed, fix)
    assert bed.read(file) == was and not fixes(bed, "DG014") and bed.git("show", f":{file}").encode() + b"\n" == was
