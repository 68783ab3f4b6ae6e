"""Rebase: every replayed commit carries a canonical folder of its own."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from support.branches import GOLDEN, OWN, assert_canonical, collide, first_own
from support.gitbed import BACKENDS, Bed, Done, add_migration, migrations

pytestmark = pytest.mark.both_gits


def subjects(bed: Bed, span: str) -> list[str]:
    return bed.git("log", "--reverse", "--format=%s", span).splitlines()


def assert_rebased(bed: Bed, branch: str = "feature") -> None:
    """The branch stands on main: three commits, each canonical, the last one the golden folder."""
    assert bed.git("status", "--porcelain") == ""
    assert subjects(bed, f"main..{branch}") == ["one", "between", "two"]
    assert bed.files(branch) == GOLDEN
    assert bed.files(f"{branch}~1") == bed.files(f"{branch}~2") == first_own(GOLDEN, 1)
    for back in range(3):
        assert_canonical(bed, f"{branch}~{back}", "main")
    again = bed.call("renumber")
    assert again.code == 0 and bed.git("status", "--porcelain") == "", again.text


@pytest.mark.parametrize("backend", BACKENDS)
def test_each_commit_is_canonical(bed: Bed, backend: str) -> None:
    collide(bed)
    before = bed.git("log", "--format=%an %ae %ad %s", "main~1..feature")
    old = bed.git("rev-parse", "feature")
    done = bed.try_git("rebase", backend, "main")
    assert done.code == 0, done.text
    assert (
        "drizzle-guard: renumbered the migrations of 3 rebased commits\n"
        "drizzle-guard: renumbered 2 migrations in drizzle\n"  # the path stands once
        "  0001_comments -> 0003_comments\n"
        "  0002_post_views -> 0004_post_views\n"
    ) in done.err
    assert_rebased(bed)
    assert bed.git("log", "--format=%an %ae %ad %s", "main..feature") == before
    assert bed.git("rev-parse", "ORIG_HEAD") == old
    assert bed.git("symbolic-ref", "HEAD") == "refs/heads/feature"
    assert [p.name for p in (bed.root / ".git").iterdir() if "drizzle" in p.name or "rebase" in p.name] == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_reflog_leads_back(bed: Bed, backend: str) -> None:
    collide(bed)
    old = bed.git("rev-parse", "feature")
    bed.git("rebase", "-q", backend, "main")
    assert old in bed.git("reflog", "show", "--format=%H", "feature").splitlines()
    bed.git("reset", "-q", "--hard", "ORIG_HEAD")
    bed.git("rebase", "-q", backend, "main")
    assert_rebased(bed)


def test_pull_rebase(bed: Bed, tmp_path: Path) -> None:
    collide(bed)
    bed.git("clone", "-q", "--bare", str(bed.root), str(tmp_path / "origin.git"))
    bed.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    done = bed.try_git("pull", "--rebase", "-q", "origin", "main")
    assert done.code == 0, done.text
    assert_rebased(bed)


@pytest.mark.parametrize(
    "command",
    [
        "pull --rebase",
        "pull --rebase=merges",
        "pull --rebase=interactive",
        "-c rebase.backend=apply pull --rebase",
        "-c pull.rebase=true pull",
        "pull --rebase --autostash",
    ],
)
def test_pull_rebase_of_unpushed_work_on_the_mainline(bed: Bed, command: str) -> None:
    """The local main is rebased onto what others have pushed: its own migrations are none of the mainline's."""
    folder = bed.root / "drizzle"
    bed.arm()
    add_migration(folder, "base")
    bed.commit("base")
    bed.git("clone", "-q", "--bare", str(bed.root), str(bed.directory / "origin.git"))
    bed.git("remote", "add", "origin", str(bed.directory / "origin.git"))
    bed.git("push", "-q", "-u", "origin", "main")
    bed.git("checkout", "-q", "--detach")
    add_migration(folder, "docks")
    bed.git("push", "-q", "origin", f"{bed.commit('docks')}:refs/heads/main")
    bed.git("checkout", "-q", "main")
    bed.git("update-ref", "refs/remotes/origin/main", "main")  # as before somebody's push
    add_migration(folder, "first")
    bed.commit("first")
    add_migration(folder, "second")
    bed.commit("second")
    stashed = command.endswith("--autostash")
    if stashed:
        add_migration(folder, "unfinished")
        bed.git("add", "-A")
    bed.git(*command.split(), env={"GIT_SEQUENCE_EDITOR": "true"})
    assert migrations(bed.files("HEAD")) == ["base", "docks", "first", "second"]
    if stashed:  # git says that it is in conflict, and that it is safe in the stash
        bed.tool("renumber")
        bed.commit("unfinished")
        assert migrations(bed.files("HEAD")) == ["base", "docks", "first", "second", "unfinished"]


def test_onto(bed: Bed) -> None:
    """Only the last commit is taken along; the first own migration stays behind."""
    collide(bed)
    done = bed.try_git("rebase", "--onto", "main", "feature~1")
    assert done.code == 0, done.text
    assert subjects(bed, "main..feature") == ["two"]
    assert_canonical(bed, "feature", "main")
    tags = bed.git("ls-tree", "--name-only", "feature", "drizzle/")
    assert "drizzle/0003_post_views.sql" in tags and OWN[0] not in tags


def interactive(bed: Bed, script: str, *args: str) -> Done:
    """An interactive rebase onto main whose list is edited by a sed script."""
    return bed.try_git("rebase", "-i", *args, "main", env={"GIT_SEQUENCE_EDITOR": f"sed -i -e '{script}'"})


def test_interactive_squash(bed: Bed) -> None:
    collide(bed)
    done = interactive(bed, "3s/^pick/squash/")
    assert done.code == 0, done.text
    assert len(subjects(bed, "main..feature")) == 2
    assert bed.files("feature") == GOLDEN
    for back in range(2):
        assert_canonical(bed, f"feature~{back}", "main")


def test_interactive_fixup_into_one(bed: Bed) -> None:
    collide(bed)
    done = interactive(bed, "2,3s/^pick/fixup/")
    assert done.code == 0, done.text
    assert subjects(bed, "main..feature") == ["one"]
    assert bed.files("feature") == GOLDEN


def test_interactive_drop(bed: Bed) -> None:
    collide(bed)
    done = interactive(bed, "1d")
    assert done.code == 0, done.text
    assert subjects(bed, "main..feature") == ["between", "two"]
    assert_canonical(bed, "feature", "main")
    assert OWN[0] not in bed.git("ls-tree", "--name-only", "feature", "drizzle/")


def test_interactive_reorder(bed: Bed) -> None:
    collide(bed)
    done = interactive(bed, "1{h;d};3{G}")
    while done.code and (bed.root / ".git/rebase-merge").exists():
        assert bed.call("renumber").code == 0
        done = bed.try_git("rebase", "--continue")
    assert done.code == 0, done.text
    assert subjects(bed, "main..feature") == ["between", "two", "one"]
    for back in range(3):
        assert_canonical(bed, f"feature~{back}", "main")
    assert "0003_post_views" in bed.git("ls-tree", "--name-only", "feature", "drizzle/")


def test_interactive_edit(bed: Bed) -> None:
    collide(bed)
    done = interactive(bed, "1s/^pick/edit/")
    bed.write("other2.txt", "added while editing\n")
    bed.git("add", "-A")
    bed.git("commit", "-q", "--amend", "--no-edit")
    done = bed.try_git("rebase", "--continue")
    assert done.code == 0, done.text
    assert subjects(bed, "main..feature") == ["one", "between", "two"]
    assert bed.files("feature") == GOLDEN
    for back in range(3):
        assert_canonical(bed, f"feature~{back}", "main")


def test_autostash(bed: Bed) -> None:
    collide(bed)
    bed.write("src/app.ts", "work in progress\n")
    done = bed.try_git("rebase", "--autostash", "main")
    assert done.code == 0, done.text
    assert bed.read("src/app.ts") == b"work in progress\n"
    bed.git("checkout", "-q", "src/app.ts")
    assert_rebased(bed)


def test_update_refs(bed: Bed) -> None:
    collide(bed)
    bed.git("branch", "stacked", "feature~1")
    done = bed.try_git("-c", "rebase.updateRefs=true", "rebase", "main")
    assert done.code == 0, done.text
    assert_rebased(bed)
    assert bed.git("rev-parse", "stacked") == bed.git("rev-parse", "feature~1")


def test_conflict_in_another_file(bed: Bed) -> None:
    collide(bed)
    bed.write("src/app.ts", "feature\n")
    bed.git("commit", "-q", "-a", "--amend", "--no-edit")
    bed.git("checkout", "-q", "main")
    bed.write("src/app.ts", "main\n")
    bed.git("commit", "-q", "-a", "--amend", "--no-edit")
    bed.git("checkout", "-q", "feature")
    assert bed.try_git("rebase", "main").code == 1
    bed.write("src/app.ts", "both\n")
    bed.git("add", "src/app.ts")
    done = bed.try_git("rebase", "--continue")
    assert done.code == 0, done.text
    assert_rebased(bed)


def test_notes_and_detached_head(bed: Bed) -> None:
    collide(bed)
    bed.git("notes", "add", "-m", "seen", "feature")
    bed.git("checkout", "-q", "--detach")
    done = bed.try_git("-c", "notes.rewriteRef=refs/notes/commits", "rebase", "main")
    assert done.code == 0, done.text
    assert bed.files("HEAD") == GOLDEN
    assert bed.git("notes", "show", "HEAD") == "seen"


def test_an_unarmed_rebase_stops_at_each_pick(bed: Bed) -> None:
    collide(bed, armed=False)
    done = bed.try_git("rebase", "main")
    stops = 0
    while done.code:
        stops += 1
        assert bed.call("renumber").code == 0
        done = bed.try_git("rebase", "--continue")
    assert stops == 2
    assert_rebased(bed)


def test_driver_without_hooks_stops_at_the_pick(bed: Bed) -> None:
    collide(bed, armed=False)
    assert bed.call("install", "--no-hooks").code == 0
    bed.git("add", "-A")
    bed.git("commit", "-q", "--amend", "--no-edit")
    done = bed.try_git("rebase", "main")
    assert done.code == 1
    assert "  drizzle-guard renumber\n  git rebase --continue\n" in done.err


def test_refusal_stops_and_aborts(bed: Bed) -> None:
    collide(bed)
    bed.git("checkout", "-q", "main")
    folder = {**bed.files("main")}
    sql = folder["0002_tags.sql"].replace(b'"tags"', b'"comments"').replace(b'"x"', b'"y"')
    bed.write("drizzle/0002_tags.sql", sql)
    bed.commit("both create comments")
    bed.git("checkout", "-q", "feature")
    before = bed.state()
    done = bed.try_git("rebase", "main")
    assert done.code == 1
    assert (
        'drizzle-guard: drizzle: 0001_comments (branch) and 0002_tags (mainline): both create table "comments".'
        in done.err
    )
    assert b"<<<<<<<" in bed.read("drizzle/meta/_journal.json")
    bed.git("rebase", "--abort")
    assert bed.state() == before


def merge_a_side_branch(bed: Bed) -> None:
    """On feature: a merge of a branch without migrations, and a commit behind it."""
    bed.branch("side", "main~1")
    bed.write("side.txt", "side\n")
    bed.commit("side")
    bed.git("checkout", "-q", "feature")
    bed.git("merge", "-q", "--no-edit", "side")
    bed.write("after.txt", "after\n")
    bed.commit("after")


def test_rebase_merges(bed: Bed) -> None:
    collide(bed)
    merge_a_side_branch(bed)
    done = bed.try_git("rebase", "--rebase-merges", "main")
    assert done.code == 0, done.text
    assert bed.git("status", "--porcelain") == ""
    assert subjects(bed, "feature~2..feature") == ["side", "Merge branch 'side' into feature", "after"]
    assert subjects(bed, "main..feature~2") == ["one", "between", "two"]
    assert bed.files("feature") == bed.files("feature~1") == bed.files("feature~2") == GOLDEN
    assert bed.files("feature~3") == first_own(GOLDEN, 1)
    assert bed.files("feature~1^2") == bed.files("main")


def test_rebase_merges_of_two_branches_with_migrations(bed: Bed) -> None:
    folder = bed.root / "drizzle"
    bed.arm()
    add_migration(folder, "base")
    bed.commit("base")
    for name, start in (("feature", "main"), ("side", "main")):
        bed.branch(name, start)
        add_migration(folder, name)
        bed.commit(name)
    bed.git("checkout", "-q", "feature")
    bed.git("merge", "-q", "--no-edit", "side")
    bed.git("checkout", "-q", "main")
    add_migration(folder, "mainline")
    bed.commit("mainline")
    bed.git("checkout", "-q", "feature")
    before = bed.state()
    said = (
        "drizzle-guard: drizzle: this rebase merges two branches that both have migrations; drizzle-guard does not "
        "renumber those.\n  git rebase --abort, then rebase without --rebase-merges, or merge instead\n"
    )
    done = bed.try_git("rebase", "--rebase-merges", "main")
    assert done.code == 1
    assert said in done.err
    again = bed.call("renumber")
    assert (again.code, again.err) == (1, said)
    bed.git("rebase", "--abort")
    assert bed.state() == before
    done = bed.try_git("rebase", "main")
    assert done.code == 0, done.text
    assert migrations(bed.files("feature"))[:2] == ["base", "mainline"]


def long_branch(bed: Bed, count: int) -> None:
    """Feature with `count` migrations, a commit each; main with one of its own."""

    def build() -> None:
        folder = bed.root / "drizzle"
        bed.arm()
        add_migration(folder, "base")
        bed.commit("base")
        bed.branch("feature")
        for n in range(count):
            add_migration(folder, f"own{n}")
            bed.commit(f"own{n}")
        bed.git("checkout", "-q", "main")
        add_migration(folder, "mainline")
        bed.commit("mainline")
        bed.git("checkout", "-q", "feature")

    bed.lay_out(("a long branch", count), build)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_pick_does_not_work_out_the_whole_row_again(bed: Bed, tmp_path: Path, backend: str) -> None:
    count, asked, shim = 12, tmp_path / "asked", tmp_path / "shim"
    long_branch(bed, count)
    real = shutil.which("git", path=bed.env["PATH"])
    shim.mkdir()
    for program in Path(bed.git("--exec-path")).iterdir():  # git puts that directory in front of our hooks' PATH
        (shim / program.name).symlink_to(program)
    (shim / "git").unlink(missing_ok=True)
    (shim / "git").write_text(f"""#!/bin/sh
case "$*" in "cat-file --batch") tee -a {asked} | {real} "$@";; *) exec {real} "$@";; esac
""")
    (shim / "git").chmod(0o755)
    env = {"PATH": f"{shim}{os.pathsep}{bed.env['PATH']}", "GIT_EXEC_PATH": str(shim)}
    done = bed.try_git("rebase", backend, "main", env=env)
    assert done.code == 0, done.text
    assert migrations(bed.files("feature")) == ["base", "mainline", *(f"own{n}" for n in range(count))]
    main = bed.git("rev-parse", "main")
    read = [name for name in re.findall(r"^([0-9a-f]+):drizzle/meta$", asked.read_text(), re.MULTILINE) if name != main]
    assert max(read.count(commit) for commit in read) <= 7


@pytest.mark.parametrize("note", [b"", b"\0\xff", b"drizzle-guard canonical folders 1\0commit x 1000 drizzle\0", None])
def test_a_broken_or_stale_note_does_no_harm(bed: Bed, note: bytes | None) -> None:
    long_branch(bed, 4)
    bed.write("../todo.sh", "#!/bin/sh\nsed -i '2s/^pick/edit/' \"$1\"\n").chmod(0o755)
    done = bed.try_git("rebase", "-i", "main", env={"GIT_SEQUENCE_EDITOR": str(bed.root / "../todo.sh")})
    assert done.code == 0, done.text
    file = bed.root / ".git/rebase-merge/drizzle-guard"
    assert file.exists()
    if note is not None:
        file.write_bytes(note)
    bed.write("amended.txt", "amended\n")
    bed.git("add", "amended.txt")
    bed.git("commit", "-q", "--amend", "--no-edit")
    done = bed.try_git("rebase", "--continue")
    assert done.code == 0, done.text
    for back, names in enumerate((4, 3, 2, 1)):
        assert migrations(bed.files(f"feature~{back}")) == ["base", "mainline", *(f"own{n}" for n in range(names))]
    assert not file.exists()


@pytest.mark.parametrize("backend", BACKENDS)
def test_onto_a_branch_that_is_far_behind(bed: Bed, backend: str) -> None:
    """The branch lacks most of what the commit stands on; it never took that out."""
    folder = bed.root / "drizzle"
    bed.arm()
    add_migration(folder, "base")
    bed.commit("base")
    bed.branch("old")
    add_migration(folder, "old")
    bed.commit("old")
    bed.git("checkout", "-q", "main")
    for name in ("one", "two", "three"):
        add_migration(folder, name)
        bed.commit(name)
    bed.branch("feature")
    add_migration(folder, "four")
    bed.commit("four")
    add_migration(folder, "five")
    bed.commit("five")
    done = bed.try_git("rebase", backend, "--onto", "old", "main")
    assert done.code == 0, done.text
    assert bed.git("status", "--porcelain") == ""
    assert migrations(bed.files("feature")) == ["base", "old", "four", "five"]
    assert migrations(bed.files("feature~1")) == ["base", "old", "four"]
