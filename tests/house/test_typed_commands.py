"""What is printed as the next command, typed literally in a shell: afterwards the situation is better.

Which message is typed where stands in `test_printed_commands.py`.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from support.gitbed import Bed, Done, add_migration, migrations

FOLDER = "it's (ours)/drizzle"


def lines_of(said: Done) -> list[str]:
    """The lines of a message that are commands."""
    lines = [line.strip() for line in said.text.splitlines()]
    return [line for line in lines if line.startswith(("git ", "drizzle-guard ", "npx ", "mkdir "))]


def type_it(bed: Bed, command: str) -> Done:
    """Type one command; it has to work."""
    return bed.run("sh", "-c", command)


def fork(bed: Bed, folder: str = "drizzle", *, same: bool = False) -> None:
    """main has `main1` and the branch `own`, both as number 1; `same`: both add one column, each of another type."""
    add_migration(bed.root / folder, "base")
    bed.commit("base")
    bed.branch("feature")
    bed.git("checkout", "-q", "main")
    for branch, name in (("main", "main1"), ("feature", "own")):
        bed.git("checkout", "-q", branch)
        tag = add_migration(bed.root / folder, name)
        if same:
            kind = "text" if branch == "main" else "integer"
            bed.write(f"{folder}/{tag}.sql", f'ALTER TABLE "base" ADD COLUMN "x" {kind};\n')
        bed.commit(name)


def test_the_branch_that_may_be_the_mainline_is_named(bed: Bed) -> None:
    """Nothing tells it here: no origin, no main, no master."""
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    bed.git("branch", "-m", "main", "mine")
    bed.git("branch", "a-topic")
    bed.git("branch", "develop")
    bed.branch("feature")
    once, for_good = lines_of(bed.call("graph"))
    assert once == "drizzle-guard graph --onto develop"
    assert type_it(bed, once).out and type_it(bed, "drizzle-guard regenerate --onto develop").code == 0
    said = bed.call("regenerate")
    assert lines_of(said) == ["drizzle-guard regenerate --onto develop"], said.text
    assert "nothing to regenerate" in type_it(bed, lines_of(said)[0]).text
    bed.write("drizzle-guard.toml", 'protect = "published"\n')
    bed.git("add", "-A")
    bed.write("drizzle/0000_base.sql", "SELECT 1;\n")
    bed.git("add", "-A")
    said = bed.call("protect")
    assert "git fetch, or name it: git config drizzle-guard.mainline develop" in said.err, said.text
    type_it(bed, for_good)
    assert bed.call("graph").code == 0 and bed.call("protect").code == 1


@pytest.mark.parametrize(
    "command",
    [("graph",), ("regenerate",), ("protect", "--from-ref", "origin/main", "--to-ref", "HEAD")],
    ids=lambda command: command[0],
)
def test_a_shallow_clone_fetches_the_rest(bed: Bed, command: tuple[str, ...]) -> None:
    fork(bed)
    bed.git("checkout", "-q", "main")
    clone = bed.at(bed.root.parent / "clone")
    shallow = ("clone", "-q", "--depth=1", "--no-single-branch")
    bed.git(*shallow, f"file://{bed.root}", str(clone.root))
    clone.git("checkout", "-q", "feature")
    said = clone.call(*command)
    assert said.code and lines_of(said) == ["git fetch --unshallow"], said.text
    type_it(clone, "git fetch --unshallow")
    after = clone.call(*command)
    assert "--unshallow" not in after.text and "common" not in after.text, after.text


def test_a_mainline_that_is_not_fetched_yet(bed: Bed) -> None:
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    clone = bed.at(bed.root.parent / "clone")
    bed.git("clone", "-q", str(bed.root), str(clone.root))
    bed.git("branch", "release")
    clone.git("config", "drizzle-guard.mainline", "origin/release")
    said = clone.call("graph")
    assert said.err.splitlines()[1] == (
        "  git fetch, or name another one: git config drizzle-guard.mainline origin/main"
    )
    type_it(clone, "git fetch")
    assert clone.call("graph").code == 0
    clone.git("config", "drizzle-guard.mainline", "origin/nowhere")
    assert "(from git config drizzle-guard.mainline)" in clone.call("graph").err
    assert type_it(clone, "git config drizzle-guard.mainline").out == "origin/nowhere\n"
    type_it(clone, "git config drizzle-guard.mainline origin/main")
    assert clone.call("graph").code == 0
    bed.git("branch", "later")
    asks = ("protect", "--from-ref", "origin/later", "--to-ref", "HEAD")
    assert "'origin/later' is no commit in this clone.\n  git fetch, or name another ref" in clone.call(*asks).err
    type_it(clone, "git fetch")
    assert clone.call(*asks).code == 0
    (line,) = lines_of(clone.call("protect", "--to-ref", "HEAD"))
    assert type_it(clone, line).code == 0


def test_what_install_and_uninstall_leave_to_git(bed: Bed) -> None:
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    said = bed.call("install")
    (line,) = [line for line in lines_of(said) if line.startswith("git add ")]
    type_it(bed, line)
    assert bed.git("diff", "--cached", "--name-only") == ".gitattributes"
    bed.commit("armed")
    said = bed.call("uninstall")
    (line,) = [line for line in lines_of(said) if line.startswith("git checkout ")]
    type_it(bed, line)
    assert bed.git("status", "--porcelain") == ""


@pytest.mark.parametrize("lost", ["driver", "attributes", "hook"])
def test_what_is_missing_comes_back_by_install(bed: Bed, lost: str) -> None:
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    bed.arm()
    if lost == "driver":
        bed.git("config", "--unset", bed.git("config", "--name-only", "--get-regexp", r"^merge\..*\.driver$"))
    elif lost == "attributes":
        for file in (bed.root / ".gitattributes", bed.root / ".git/info/attributes"):
            file.unlink(missing_ok=True)
    else:
        (bed.root / ".git/hooks/post-merge").unlink()
    said = bed.call("install", "--check", "--no-protect")
    assert said.code == 1 and said.out.endswith("not armed; run: drizzle-guard install\n"), said.text
    type_it(bed, "drizzle-guard install")
    assert bed.call("install", "--check", "--no-protect").code == 0


def test_a_commit_in_the_middle_of_a_conflict(bed: Bed) -> None:
    fork(bed)
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    said = bed.call("protect")
    assert lines_of(said) == ["drizzle-guard renumber"]
    type_it(bed, "drizzle-guard renumber")
    type_it(bed, "git commit --no-edit")
    assert migrations(bed.files("HEAD")) == ["base", "main1", "own"]


OPERATIONS = ["merge", "rebase", "cherry-pick", "am", "stash"]


def stopped(bed: Bed, operation: str) -> None:
    """A refused meeting of main and what the branch brings, with a folder whose name a shell would cut."""
    fork(bed, FOLDER, same=True)
    bed.arm()
    if operation in ("cherry-pick", "am", "stash"):
        patch = bed.git("format-patch", "-1", "--stdout", "feature")
        Path(bed.directory / "patch").write_text(patch + "\n")
        bed.git("checkout", "-q", "main")
    if operation == "stash":
        bed.git("checkout", "-q", "-b", "work", "main~1")
        bed.git("checkout", "-q", "feature", "--", ".")
        bed.git("stash", "-q")
        bed.git("checkout", "-q", "main")
    argv = {"cherry-pick": ["cherry-pick", "feature"], "stash": ["stash", "pop"]}
    argv["am"] = ["am", "-3", str(bed.directory / "patch")]
    assert bed.try_git(*argv.get(operation, [operation, "main"])).code


def is_under_way(bed: Bed) -> bool:
    names = ("MERGE_HEAD", "rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD")
    return any((bed.root / ".git" / name).exists() for name in names)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_refusal_is_left_by_abort_and_by_hand(bed: Bed, operation: str) -> None:
    stopped(bed, operation)
    said = bed.call("renumber")
    assert said.code == 1, said.text
    commands = lines_of(said)
    add = commands.index(f"git add {shlex.quote(FOLDER)}")
    # by hand: here the mainline's folder is taken as it is
    bed.git("checkout", "main", "--", FOLDER)
    for path in set(bed.git("ls-files", "-uz").split("\0")) | set(bed.git("ls-files", "-z").split("\0")):
        name = path.rpartition("\t")[2]
        if name.endswith("own.sql"):
            bed.git("rm", "-qf", name, check=False)
    for command in commands[add : add + 2]:
        bed.run("sh", "-c", command, check=False)
    if is_under_way(bed):  # nothing of the commit is left
        bed.git("rebase" if operation == "rebase" else operation, "--skip")
    assert not is_under_way(bed) and bed.git("ls-files", "-u") == ""
    assert bed.call("check", "--onto", "main").code == 0


@pytest.mark.parametrize("path", ["drizzle/meta/_journal.json", "drizzle/meta/0001_snapshot.json"])
def test_what_was_staged_with_markers_is_resolved_again(bed: Bed, path: str) -> None:
    """`git add drizzle` over a conflict, and a mend beside it."""
    fork(bed)
    tag = "drizzle/0001_own.sql"
    was = bed.read(tag)
    bed.git("rm", "-q", tag)
    bed.commit("lost")
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    said = bed.call("renumber")
    assert lines_of(said)[:2] == ["drizzle-guard renumber", "git commit"], said.text
    bed.write(tag, was)
    bed.git("add", tag, path)
    type_it(bed, "drizzle-guard renumber")
    bed.commit("as it said")
    assert migrations(bed.files("HEAD")) == ["base", "main1", "own"] and not is_under_way(bed)


def test_rules_are_explained(bed: Bed) -> None:
    said = bed.call("explain", "DG999")
    assert said.code == 2 and "drizzle-guard explain (lists all rules)" in said.err
    assert type_it(bed, "drizzle-guard explain").out.count("DG0") > 30


def test_what_git_does_not_have_is_added(bed: Bed) -> None:
    bed.write(".gitignore", "*.sql\n")
    tag = add_migration(bed.root / FOLDER, "base")
    bed.git("add", "-A")
    bed.git("commit", "-qm", "base")
    said = bed.call("check")
    (fix,) = [line.partition("fix: ")[2] for line in said.out.splitlines() if "fix: git add" in line]
    type_it(bed, fix)
    bed.git("commit", "-qm", "added")
    assert f"{tag}.sql" in bed.files("HEAD", FOLDER) and bed.call("check").code == 0


def test_a_url_in_the_place_of_a_folder(bed: Bed) -> None:
    add_migration(bed.root / "drizzle", "base")
    bed.write("here.db", "")
    for wrong in (("postgres://u@h/db", "--url", "sqlite:here.db"), ("--env-file", "postgres://u@h/db")):
        said = bed.call("status", *wrong)
        assert lines_of(said) == ["drizzle-guard status --url URL"], said.text
        said = bed.run("sh", "-c", "drizzle-guard status --url sqlite:here.db", check=False)
        assert "is another database" in said.text


def test_several_folders_and_changes_that_are_not_committed(bed: Bed) -> None:
    for folder in (FOLDER, "b/drizzle"):
        add_migration(bed.root / folder, "base")
    bed.commit("base")
    bed.branch("feature")
    for folder in (FOLDER, "b/drizzle"):
        add_migration(bed.root / folder, "own")
    bed.commit("own")
    (line,) = [line for line in bed.call("regenerate").err.splitlines() if "name one: " in line]
    command = line.partition("name one: ")[2]
    assert shlex.split(command)[2] in (FOLDER, "b/drizzle")
    said = bed.run("sh", "-c", command, check=False)
    assert "several folders" not in said.text and "No such" not in said.text
    journal = json.loads(bed.read(f"{FOLDER}/meta/_journal.json"))
    bed.write(f"{FOLDER}/meta/_journal.json", json.dumps(journal))
    (command,) = lines_of(bed.call("regenerate", FOLDER))
    type_it(bed, command)
    assert bed.git("status", "--porcelain") == ""
