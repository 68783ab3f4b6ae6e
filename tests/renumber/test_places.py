"""Where a repository lies and what it is: the same promise in submodules, sparse, shallow and bare repositories.

A place is either served as any other, or it has what plain git leaves there, and one sentence.
"""

from __future__ import annotations

import json
import os
import re
from itertools import product
from pathlib import Path

import pytest

from support.branches import assert_canonical
from support.forks import JOURNAL, MERGED, conflict_elsewhere, fork, grow, merged, one_merge, resolve_elsewhere
from support.gitbed import BACKENDS, Bed, Done, add_migration, migrations, tree_of
from support.parts import some

pytestmark = pytest.mark.both_gits

FILE = ("-c", "protocol.file.allow=always")
SHALLOW = (
    "drizzle-guard: drizzle: the common ancestor of the two sides is missing: this clone is shallow.\n"
    "  Bring everything back if git has stopped, fetch the rest, and do it again:\n"
    "  git fetch --unshallow\n"
)
NO_WORKTREE = (
    f"drizzle-guard: {JOURNAL}: both sides changed it, and its migrations can only be renumbered in a worktree.\n"
    "  Instead of merge-tree or replay, in a worktree of an armed clone:\n"
    "  git merge NAME\n"
)


def git_version(bed: Bed) -> tuple[int, ...]:
    return tuple(int(part) for part in bed.git("--version").split()[2].split(".")[:2])


def rebased(bed: Bed, span: str = "main..feature") -> None:
    """The worktree is clean, and every commit of the branch is canonical."""
    assert bed.git("status", "--porcelain", "-uall") == ""
    mainline, _, tip = span.partition("..")
    commits = bed.git("rev-list", span).split()
    assert commits and bed.git("merge-base", mainline, tip) == bed.git("rev-parse", mainline)
    for commit in commits:
        assert_canonical(bed, commit, mainline)
        migrations(bed.files(commit))


# ---------------------------------------------------------------- submodules


def submodule(bed: Bed, path: str, *, folder: str = "drizzle") -> Bed:
    """A repository made by `fork`, as a submodule of `bed`; both are armed, and main is checked out in both."""
    library = Bed(bed.directory, git=None, name="library")
    library.env = dict(bed.env)
    fork(library, install=False, feature=2, folder=folder)
    library.git("checkout", "-q", "main")
    bed.arm()
    bed.git(*FILE, "submodule", "add", "-q", str(library.root), path)
    bed.commit("add a submodule")
    inside = bed.at(bed.root / path)
    done = inside.call("install", "--no-protect")
    assert done.code == 0 and "modules" in done.out, done.text
    (inside.root / ".gitattributes").unlink()  # that of the clone is enough
    return inside


def test_in_a_submodule(bed: Bed) -> None:
    inside = submodule(bed, "db")
    inside.git("checkout", "-q", "feature")
    ours = inside.git("rev-parse", "HEAD")
    inside.git("merge", "--no-edit", "main")
    assert merged(inside) == ["base", "main1", "feature1", "feature2"]
    one_merge(inside, ours, "main")
    assert bed.git("status", "--porcelain") == " M db"
    bed.commit("take the merge")
    inside.git("checkout", "-q", "-B", "feature", ours)
    inside.git("rebase", "-q", "main")
    rebased(inside)


def test_the_pointer_of_a_submodule_is_left_to_git(bed: Bed) -> None:
    """Both branches of the superproject point at other commits; its own migrations are merged all the same."""
    inside = submodule(bed, "db")
    grow(bed, "base")
    for branch in ("feature", "main"):
        bed.git("checkout", "-q", "-B", branch, ":/base")
        inside.git("checkout", "-q", "--detach", f"origin/{branch}")
        inside.git("commit", "-q", "--allow-empty", "-m", branch)
        grow(bed, f"{branch}1")
    bed.git("checkout", "-q", "feature")
    inside.git("checkout", "-q", bed.git("rev-parse", "feature:db"))
    theirs = inside.git("rev-parse", "HEAD")
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.code == 1 and "CONFLICT (submodule): Merge conflict in db" in done.text
    assert {path.split(":")[0] for path in bed.stages()} == {"db"}
    assert bed.call("renumber").code == 0
    assert {path.split(":")[0] for path in bed.stages()} == {"db"}
    assert inside.git("rev-parse", "HEAD") == theirs
    bed.git("add", "db")
    bed.git("commit", "-q", "--no-edit")
    assert migrations(bed.files("HEAD")) == MERGED
    assert bed.git("status", "--porcelain") == ""


def test_the_folder_is_a_submodule(bed: Bed) -> None:
    inside = submodule(bed, "drizzle", folder="")
    bed.git("checkout", "-q", "-b", "feature")
    for branch in ("feature", "main"):
        bed.git("checkout", "-q", branch)
        inside.git("checkout", "-q", "--detach", f"origin/{branch}")
        inside.git("commit", "-q", "--allow-empty", "-m", branch)
        bed.commit(f"{branch} of the folder")
    before = bed.state()
    done = bed.try_git("merge", "--no-edit", "feature")
    assert done.code == 1 and "CONFLICT (submodule): Merge conflict in drizzle" in done.text
    stages = bed.stages()
    renumbered = bed.call("renumber")
    assert renumbered.code == 0
    assert renumbered.text == "nothing to do: no two sides of a migration folder meet here\n"
    assert bed.stages() == stages
    bed.git("merge", "--abort")
    assert bed.state() == before


@pytest.mark.parametrize("command", ["merge", "rebase"])
def test_the_folder_became_a_submodule(bed: Bed, command: str) -> None:
    fork(bed)
    library = Bed(bed.directory, name="library")
    library.commit("empty")
    bed.git("checkout", "-q", "main")
    bed.git("rm", "-rq", "drizzle")
    bed.git(*FILE, "submodule", "add", "-q", str(library.root), "drizzle")
    bed.commit("the folder becomes a submodule")
    bed.git("submodule", "--quiet", "deinit", "-f", "drizzle")
    bed.git("checkout", "-q", "feature")
    before = bed.state()
    assert bed.try_git(command, "main").code == 1
    stop = bed.state()
    refused = bed.call("renumber")
    assert refused.code == 1
    last = "  Then do the same again.\n"
    if command == "rebase":
        last = "  Then merge: a rebase meets the old place again in each commit.\n"
        last += f"  git merge {bed.git('rev-parse', 'main')[:10]}\n"
    assert refused.err == (
        "drizzle-guard: drizzle: 0001_feature1 (branch): one side has moved or deleted the whole folder.\n"
        "  Bring everything back:\n"
        f"  git {command} --abort\n"
        "  Then move drizzle, or delete it, on your branch too, and commit.\n" + last
    )
    assert bed.state() == stop
    bed.git(command, "--abort")
    assert bed.state() == before


# ---------------------------------------------------------------- a folder that moved

WAYS_ROUND = {
    ("main", "merge"): 1,
    ("main", "rebase"): 1,
    ("feature", "merge"): 1,
    ("main", "cherry-pick"): 0,
}


def moved(bed: Bed, branch: str) -> None:
    fork(bed)
    bed.git("checkout", "-q", branch)
    (bed.root / "packages/my db").mkdir(parents=True)
    bed.git("mv", "drizzle", "packages/my db/migrations")
    bed.commit("move the folder")
    bed.git("checkout", "-q", "feature")


def commands_in(text: str) -> list[str]:
    """What is printed to be typed."""
    return [line.strip() for line in text.splitlines() if re.match(r"  (?:git|mkdir|drizzle-guard) ", line)]


@pytest.mark.parametrize(("who", "command"), WAYS_ROUND)
def test_what_is_printed_leads_round_a_moved_folder(bed: Bed, who: str, command: str) -> None:
    """Typed line by line, in a shell."""
    moved(bed, who)
    if command == "cherry-pick":
        bed.git("checkout", "-q", "main")
        bed.git("branch", "-f", "main-before", "main")
    assert bed.try_git(command, "feature" if command == "cherry-pick" else "main").code == 1
    refused = bed.tool("renumber")
    assert refused.code == 1 and refused.err.count("moved or deleted the whole folder") == 1, refused.text
    for line in commands_in(refused.err):
        done = bed.run("sh", "-c", line, check=False)
        assert done.code == 0, (line, done.text)
    if command == "cherry-pick":  # a person decides
        assert "What is brought was made at the old place, drizzle." in refused.err
        assert bed.git("rev-parse", "HEAD") == bed.git("rev-parse", "main-before")
        return
    if refused.err.endswith("Then do the same again.\n"):
        bed.git(command, "--no-edit", "main")
    assert bed.git("status", "--porcelain") == ""
    assert sorted(path.name for path in (bed.root / "packages/my db/migrations").glob("*.sql")) == sorted(
        f"{n:04}_{name}.sql" for n, name in enumerate(MERGED)
    ), refused.err
    assert bed.call("check", "--onto", "main").code == 0


def test_a_rebase_that_moves_the_folder_itself_is_not_taken_for_renumbered(bed: Bed) -> None:
    moved(bed, "feature")
    before = bed.git("rev-parse", "HEAD")
    assert bed.try_git("rebase", "main").code == 1
    bed.git("add", "-A")
    done = bed.try_git("rebase", "--continue")
    assert "this rebase moved the folder, and does not renumber across that." in done.text, done.text
    assert f"\n  git reset --hard {before[:10]}\n  git merge {bed.git('rev-parse', 'main')[:10]}\n" in done.err
    reset, merge = done.commands
    bed.type(reset)
    again = bed.type(merge, check=False)
    assert again.code == 1 and bed.git("merge-base", "HEAD", before) == before
    bed.type(*bed.tool("renumber").commands)  # round the moved folder, as above
    assert bed.git("status", "--porcelain") == "" and bed.call("check", "--onto", "main").code == 0


# ---------------------------------------------------------------- several journals

FOLDERS = ("apps/a/drizzle", "apps/b/drizzle")


def two_journals(bed: Bed) -> None:
    """Both folders collide: one commit touches both, then one each."""
    bed.arm()
    for folder in FOLDERS:
        add_migration(bed.root / folder, "base")
    bed.commit("base")
    for branch in ("feature", "main"):
        bed.git("checkout", "-q", "-B", branch, ":/base")
        for folder in FOLDERS:
            add_migration(bed.root / folder, f"{branch}1")
        bed.commit(f"{branch}: both")
        for folder in FOLDERS:
            grow(bed, f"{branch}2", folder=folder)
    bed.git("checkout", "-q", "feature")


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_journals_rebased(bed: Bed, backend: str) -> None:
    two_journals(bed)
    bed.git("rebase", "-q", backend, "main")
    assert bed.git("status", "--porcelain") == ""
    assert bed.git("log", "--format=%s", "main..feature").splitlines() == ["feature2", "feature2", "feature: both"]
    expected = ["base", "main1", "main2", "feature1", "feature2"]
    for back, (first, second) in enumerate([(5, 5), (5, 4), (4, 4)]):
        assert migrations(bed.files(f"feature~{back}", FOLDERS[0])) == expected[:first]
        assert migrations(bed.files(f"feature~{back}", FOLDERS[1])) == expected[:second]


def test_two_journals_picked(bed: Bed) -> None:
    two_journals(bed)
    bed.branch("picked", "main")
    done = bed.try_git("cherry-pick", "feature~2")
    assert (done.code == 0) == (git_version(bed) >= (2, 44)), done.text
    if done.code:
        assert bed.call("renumber").code == 0
        bed.git("cherry-pick", "--continue")
    for folder in FOLDERS:
        assert merged(bed, folder=folder) == ["base", "main1", "main2", "feature1"]


# ---------------------------------------------------------------- sparse checkouts

CONES = {
    "cone": ("--cone", "src"),
    "sparse index": ("--cone", "--sparse-index", "src"),
    "patterns": ("--no-cone", "/src/*", "/.gitattributes"),
}
of_cones = pytest.mark.parametrize("cone", CONES)


def sparse(bed: Bed, cone: str, *, armed: bool = True) -> None:
    """A fork whose migrations are outside of what is checked out."""
    fork(bed, install=armed, feature=2)
    bed.git("sparse-checkout", "set", *CONES[cone])


def left_out(bed: Bed) -> None:
    """Nothing of the folder lies in the worktree, and git knows that this is meant."""
    assert not (bed.root / "drizzle").exists()
    marks = [line.split(" ", 1) for line in bed.git("ls-files", "-t", "drizzle").splitlines()]
    assert marks and {mark for mark, _ in marks} == {"S"}
    assert bed.git("status", "--porcelain", "-uall") == ""


@of_cones
def test_outside_the_cone(bed: Bed, cone: str) -> None:
    sparse(bed, cone)
    ours = bed.git("rev-parse", "HEAD")
    bed.git("merge", "--no-edit", "main")
    assert merged(bed) == ["base", "main1", "feature1", "feature2"]
    one_merge(bed, ours, "main")
    left_out(bed)
    bed.git("sparse-checkout", "disable")
    assert tree_of(bed.root / "drizzle") == bed.files("HEAD")


@of_cones
@pytest.mark.parametrize("way_out", ["commit", "abort", "renumber, abort"])
def test_outside_the_cone_stopped_elsewhere(bed: Bed, cone: str, way_out: str) -> None:
    sparse(bed, cone)
    conflict_elsewhere(bed)
    before = bed.state()
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    if way_out == "renumber, abort":
        done = bed.call("renumber")
        assert done.code == 0, done.text
    if way_out == "commit":
        resolve_elsewhere(bed)
        bed.git("commit", "-q", "--no-edit")
        assert merged(bed) == ["base", "main1", "feature1", "feature2"]
    else:
        bed.git("merge", "--abort")
        assert bed.state() == before
    left_out(bed)


@of_cones
def test_outside_the_cone_rebased(bed: Bed, cone: str) -> None:
    sparse(bed, cone)
    bed.git("rebase", "-q", "main")
    rebased(bed)
    left_out(bed)


@pytest.mark.parametrize("armed", [True, False], ids=["armed", "unarmed"])
def test_outside_the_cone_gits_apply_backend_cannot_rebase(bed: Bed, armed: bool) -> None:
    """git itself says that files which are not checked out have local changes; the way back is open."""
    sparse(bed, "cone", armed=armed)
    before = bed.state()
    done = bed.try_git("rebase", "--apply", "main")
    assert done.code == 1 and "Your local changes to the following files would be overwritten" in done.err
    bed.git("rebase", "--abort")
    assert bed.state() == before
    left_out(bed)


@of_cones
def test_outside_the_cone_squashed(bed: Bed, cone: str) -> None:
    sparse(bed, cone)
    bed.git("merge", "-q", "--squash", "main")
    bed.git("commit", "-q", "-m", "squashed")
    assert merged(bed) == ["base", "main1", "feature1", "feature2"]
    left_out(bed)


@of_cones
def test_outside_the_cone_by_hand(bed: Bed, cone: str) -> None:
    """git checks out what is in conflict; `renumber` takes it away again."""
    sparse(bed, cone, armed=False)
    before = bed.state()
    for _ in range(2):
        assert bed.try_git("merge", "--no-edit", "main").code == 1
        assert b"<<<<<<<" in bed.read(JOURNAL)
        done = bed.call("renumber")
        assert done.code == 0, done.text
        left = bed.git("status", "--porcelain", "-uall").splitlines()
        assert left and not [line for line in left if line[1] != " "], left
        if not _:
            bed.git("merge", "--abort")
            assert bed.state() == before
    bed.git("commit", "-q", "--no-edit")
    assert merged(bed) == ["base", "main1", "feature1", "feature2"]
    left_out(bed)


def test_outside_the_cone_killed_half_way(bed: Bed) -> None:
    """The index has its new entries, but not yet the marks: a second run sets them."""
    sparse(bed, "cone")
    conflict_elsewhere(bed)
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    assert bed.call("renumber").code == 0
    paths = bed.git("ls-files", "drizzle").splitlines()
    bed.git("update-index", "--no-skip-worktree", *paths)
    assert f" D {paths[0]}" in bed.git("status", "--porcelain").splitlines()
    assert bed.call("renumber").code == 0
    assert {line[0] for line in bed.git("ls-files", "-t", "drizzle").splitlines()} == {"S"}
    resolve_elsewhere(bed)
    bed.git("commit", "-q", "--no-edit")
    left_out(bed)


def test_outside_the_cone_git_fails(bed: Bed) -> None:
    """What git had checked out because of the conflict is put back, byte for byte."""
    sparse(bed, "cone", armed=False)
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    before = bed.state(), tree_of(bed.root / "drizzle"), bed.git("ls-files", "-t")
    lock = bed.write(".git/index.lock", "")
    refused = bed.call("renumber")
    assert refused.code == 1 and "Everything was put back." in refused.err, refused.text
    lock.unlink()
    assert (bed.state(), tree_of(bed.root / "drizzle"), bed.git("ls-files", "-t")) == before
    assert bed.call("renumber").code == 0
    bed.git("commit", "-q", "--no-edit")
    left_out(bed)


def test_outside_the_cone_of_a_linked_worktree(bed: Bed) -> None:
    """The patterns belong to one worktree; the other one has everything."""
    fork(bed, feature=2)
    bed.git("checkout", "-q", "main")
    tree = bed.at(bed.directory / "linked")
    bed.git("worktree", "add", "-q", str(tree.root), "feature")
    tree.git("sparse-checkout", "set", "--cone", "src")
    tree.git("merge", "--no-edit", "main")
    assert merged(tree) == ["base", "main1", "feature1", "feature2"]
    left_out(tree)
    bed.git("checkout", "-q", "--detach", "main")
    bed.git("merge", "-q", "--no-edit", "feature~1^1")
    assert tree_of(bed.root / "drizzle") == bed.files("HEAD")


@of_cones
def test_a_file_outside_the_cone_is_not_overwritten(bed: Bed, cone: str) -> None:
    sparse(bed, cone)
    mine = bed.write("drizzle/0002_feature1.sql", "-- mine, never committed\n")
    done = bed.try_git("merge", "--no-edit", "main")
    assert "0002_feature1.sql" in done.err, done.text
    assert mine.read_text() == "-- mine, never committed\n"


@pytest.mark.parametrize("cone", [("--cone", "drizzle"), ("--no-cone", "/drizzle/", "/.gitattributes")], ids=" ".join)
@pytest.mark.parametrize("command", [("merge", "--no-edit", "main"), ("rebase", "-q", "main")], ids=" ".join)
def test_inside_the_cone(bed: Bed, cone: tuple[str, ...], command: tuple[str, ...]) -> None:
    fork(bed, feature=2)
    bed.git("sparse-checkout", "set", *cone)
    bed.git(*command)
    assert merged(bed) == ["base", "main1", "feature1", "feature2"]
    assert tree_of(bed.root / "drizzle") == bed.files("HEAD")
    assert not (bed.root / "src").exists()


def test_half_of_the_folder_is_checked_out(bed: Bed) -> None:
    fork(bed, feature=2)
    bed.git("sparse-checkout", "set", "--no-cone", "/*", "!/drizzle/meta/")
    bed.git("merge", "--no-edit", "main")
    assert merged(bed) == ["base", "main1", "feature1", "feature2"]
    found = {path for path in bed.files("HEAD") if not path.startswith("meta/")}
    assert set(tree_of(bed.root / "drizzle")) == found


# ---------------------------------------------------------------- shallow and partial clones


def clone(bed: Bed, *options: str, armed: bool = True) -> Bed:
    """A clone of a fork, over a protocol that knows `--depth`; feature is checked out."""
    fork(bed, install=False, feature=2, main=2)
    bed.git("checkout", "-q", "main")
    bed.git("config", "uploadpack.allowFilter", "true")
    copy = bed.at(bed.directory / "clone")
    bed.git("clone", "-q", "--no-single-branch", *options, f"file://{bed.root}", str(copy.root))
    copy.git("checkout", "-q", "feature")
    if armed:
        copy.arm()
        copy.git("config", "core.excludesFile", str(copy.write("../excludes", ".gitattributes\n")))
    return copy


CLONED = ["base", "main1", "main2", "feature1", "feature2"]


def test_the_ancestor_is_not_in_a_shallow_clone(bed: Bed) -> None:
    copy = clone(bed, "--depth=1")
    before = copy.state()
    done = copy.try_git("merge", "--no-edit", "origin/main")
    assert done.code == 128 and "refusing to merge unrelated histories" in done.err
    done = copy.try_git("merge", "--no-edit", "--allow-unrelated-histories", "origin/main")
    assert done.code == 1 and SHALLOW in done.err, done.text
    assert copy.stages() and b"<<<<<<<" in copy.read(JOURNAL)
    stop = copy.state()
    renumbered = copy.call("renumber")
    assert renumbered.code == 1 and renumbered.err == SHALLOW
    assert copy.state() == stop
    copy.git("merge", "--abort")
    assert copy.state() == before
    copy.git("fetch", "-q", "--unshallow")
    copy.git("merge", "--no-edit", "origin/main")
    assert merged(copy) == CLONED


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_shallow_clone_rebased(bed: Bed, backend: str) -> None:
    copy = clone(bed, "--depth=1")
    before = copy.state()
    done = copy.try_git("rebase", backend, "origin/main")
    assert done.code == 1 and SHALLOW in done.err, done.text
    assert copy.call("renumber").err == SHALLOW
    copy.git("rebase", "--abort")
    assert copy.state() == before
    copy.git("fetch", "-q", "--unshallow")
    copy.git("rebase", "-q", backend, "origin/main")
    rebased(copy, "origin/main..feature")


@pytest.mark.parametrize("armed", [True, False], ids=["armed", "by-hand"])
def test_a_shallow_clone_picks(bed: Bed, armed: bool) -> None:
    copy = clone(bed, "--depth=1", armed=armed)
    copy.git("checkout", "-q", "main")
    assert copy.try_git("cherry-pick", "origin/feature").code == 1
    assert copy.call("renumber").err == SHALLOW
    copy.git("cherry-pick", "--abort")
    assert copy.git("status", "--porcelain") == ""


def test_commands_in_a_shallow_clone(bed: Bed) -> None:
    copy = clone(bed, "--depth=1")
    done = copy.call("renumber")
    assert (done.code, done.out, done.err) == (1, "", SHALLOW)
    done = copy.call("regenerate")
    assert (done.code, done.out, done.err) == (
        1,
        "",
        "drizzle-guard: the common ancestor of HEAD and origin/main is not in this shallow clone.\n"
        "  git fetch --unshallow\n",
    )


def test_a_shallow_clone_that_has_the_ancestor(bed: Bed) -> None:
    copy = clone(bed, "--depth=3")
    copy.git("merge", "--no-edit", "origin/main")
    assert merged(copy) == CLONED


@pytest.mark.parametrize("filtered", ["blob:none", "tree:0"])
def test_a_partial_clone(bed: Bed, filtered: str) -> None:
    """What is not there yet, git fetches when it is asked."""
    copy = clone(bed, f"--filter={filtered}")
    ours = copy.git("rev-parse", "HEAD")
    copy.git("merge", "--no-edit", "origin/main")
    assert merged(copy) == CLONED
    copy.git("reset", "-q", "--hard", ours)
    copy.git("rebase", "-q", "origin/main")
    rebased(copy, "origin/main..feature")


# ---------------------------------------------------------------- without a worktree


def merge_tree(bed: Bed, *branches: str, env: dict[str, str] | None = None) -> Done:
    """`git merge-tree --write-tree`, which may touch nothing at all."""
    index = bed.root / ".git" / "index"
    before = (bed.git("for-each-ref"), index.read_bytes() if index.exists() else b"", sorted(os.listdir(bed.root)))
    done = bed.try_git("merge-tree", "--write-tree", "--no-messages", *branches, env=env)
    after = (bed.git("for-each-ref"), index.read_bytes() if index.exists() else b"", sorted(os.listdir(bed.root)))
    assert before == after
    return done


def as_plain_git(bed: Bed, *branches: str, env: dict[str, str] | None = None) -> Done:
    """merge-tree, in conflict over the same stages as where the driver is not registered."""
    done = merge_tree(bed, *branches, env=env)
    bed.git("config", "merge.drizzle-journal.driver", "git merge-file -q %A %O %B")
    plain = merge_tree(bed, *branches, env=env)
    assert done.code == plain.code == 1
    assert done.out.splitlines()[1:] == plain.out.splitlines()[1:], done.text
    assert NO_WORKTREE in done.err
    tree = done.out.split()[0]
    assert b"<<<<<<<" in bed.files(tree)["meta/_journal.json"]
    return done


@pytest.mark.parametrize("branches", [("main", "feature"), ("feature", "main")], ids=" ".join)
def test_merge_tree_in_a_bare_repository(bed: Bed, branches: tuple[str, str]) -> None:
    fork(bed, install=False, feature=2, main=2)
    bare = bed.at(bed.directory / "bare.git")
    bed.git("clone", "-q", "--bare", str(bed.root), str(bare.root))
    done = bare.call("install", "--no-protect")
    assert done.code == 0 and "hook" not in done.out, done.text
    as_plain_git(bare, *branches)
    refused = bare.call("renumber")
    assert refused.code == 2
    assert refused.err == "drizzle-guard: renumber needs a worktree; in a bare repository there is none.\n"


@pytest.mark.parametrize("branches", [("main", "feature"), ("feature", "main"), ("other", "main")], ids=" ".join)
@pytest.mark.parametrize("traces", ["none", "environment", "stopped merge"])
def test_merge_tree_in_a_worktree(bed: Bed, branches: tuple[str, str], traces: str) -> None:
    """Nothing that a merge of the same commits has left may mislead the driver."""
    fork(bed, feature=2, main=2)
    conflict_elsewhere(bed)
    bed.git("branch", "other", "feature~1")
    env = {f"GITHEAD_{bed.git('rev-parse', 'main')}": "main"} if traces == "environment" else {}
    if traces == "stopped merge":
        assert bed.try_git("merge", "main").code == 1
    as_plain_git(bed, *branches, env=env)


def test_merge_tree_while_a_rebase_stands(bed: Bed) -> None:
    fork(bed, feature=2, main=2)
    bed.git("commit", "-q", "--allow-empty", "-m", "stop here")
    script = {"GIT_SEQUENCE_EDITOR": "sed -i -e '1s/^pick/edit/'"}
    bed.git("rebase", "-i", "main", env=script)
    picked = bed.git("rev-parse", "REBASE_HEAD")
    bed.git("reset", "-q", "--hard", "main")
    as_plain_git(bed, "HEAD", picked)


def test_merge_tree_of_one_side(bed: Bed) -> None:
    fork(bed, main=0)
    assert merge_tree(bed, "main", "feature").out == bed.git("rev-parse", "feature^{tree}") + "\n"


def test_replay(bed: Bed) -> None:
    fork(bed, feature=2, main=2)
    if git_version(bed) < (2, 44):
        return
    before = bed.state()
    done = bed.try_git("replay", "--onto", "main", "main..feature")
    assert done.code == 1 and done.out == "" and done.err == NO_WORKTREE
    assert bed.state() == before


# ---------------------------------------------------------------- where the mainline is


def test_no_remote_and_another_name(bed: Bed) -> None:
    """Nothing tells what is published: ours moves, and the message says so."""
    fork(bed)
    bed.git("branch", "-q", "-m", "main", "trunk")
    ours = bed.git("rev-parse", "HEAD")
    done = bed.try_git("merge", "--no-edit", "trunk")
    assert done.code == 0
    assert "  (nothing tells which side is published; assumed: trunk keeps its numbers)\n" in done.text
    assert merged(bed) == MERGED
    one_merge(bed, ours, "trunk")
    bed.git("reset", "-q", "--hard", ours)
    bed.git("rebase", "-q", "trunk")
    rebased(bed, "trunk..feature")


@pytest.mark.parametrize("told", ["config", "file", "origin/HEAD"])
def test_the_mainline_has_another_name(bed: Bed, told: str) -> None:
    """Merged on the mainline itself, its migrations stay."""
    fork(bed)
    bed.git("branch", "-q", "-m", "main", "trunk")
    bed.git("checkout", "-q", "trunk")
    if told == "config":
        bed.git("config", "drizzle-guard.mainline", "trunk")
    elif told == "file":
        bed.write("drizzle-guard.toml", 'mainline = "trunk"\n')
        bed.commit("settings")
    else:
        bed.git("update-ref", "refs/remotes/origin/trunk", "trunk")
        bed.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    ours = bed.git("rev-parse", "HEAD")
    done = bed.try_git("merge", "--no-edit", "feature")
    assert done.code == 0 and "assumed" not in done.text
    assert merged(bed) == MERGED
    one_merge(bed, ours, "feature")


@pytest.mark.parametrize("backend", BACKENDS)
def test_rebase_of_a_detached_head(bed: Bed, backend: str) -> None:
    fork(bed, feature=2)
    feature = bed.git("rev-parse", "feature")
    bed.git("checkout", "-q", "--detach")
    bed.git("rebase", "-q", backend, "main")
    rebased(bed, "main..HEAD")
    assert bed.git("rev-parse", "feature") == feature
    assert bed.try_git("symbolic-ref", "-q", "HEAD").code == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_rebase_in_a_linked_worktree(bed: Bed, backend: str) -> None:
    fork(bed, feature=2)
    bed.git("checkout", "-q", "main")
    tree = bed.at(bed.directory / "linked")
    bed.git("worktree", "add", "-q", str(tree.root), "feature")
    index = bed.state()["index"]
    tree.git("rebase", "-q", backend, "main")
    rebased(tree)
    assert bed.state()["index"] == index and bed.git("status", "--porcelain") == ""


@pytest.mark.parametrize("mainline", ["unknown", "one", "two"])
@pytest.mark.parametrize("command", ["merge", "rebase"])
def test_release_branches(bed: Bed, mainline: str, command: str) -> None:
    """Two of them, each with migrations that ran somewhere; `two` is checked out and takes in `one`."""
    fork(bed, feature=2, main=2)
    bed.git("branch", "-q", "-m", "main", "one")
    bed.git("branch", "-q", "-m", "feature", "two")
    if mainline != "unknown":
        bed.git("config", "drizzle-guard.mainline", mainline)
    before = bed.state()
    done = bed.try_git(command, *(["--no-edit"] if command == "merge" else []), "one")
    if command == "rebase" and mainline == "two":
        assert done.code == 1
        assert (
            "drizzle-guard: drizzle: 0001_feature1 (branch): it is published on the mainline, and this rebase would "
            "move it.\n"
        ) in done.text, done.text
        bed.git("rebase", "--abort")
        assert bed.state() == before
        return
    assert done.code == 0, done.text
    assert ("assumed" in done.text) is (command == "merge" and mainline == "unknown")
    mains, features = ["main1", "main2"], ["feature1", "feature2"]
    assert merged(bed) == ["base", *(features + mains if mainline == "two" else mains + features)]


def test_release_branches_on_a_mainline_that_has_both(bed: Bed) -> None:
    """The mainline has taken both in; merging them once more moves what the mainline moved."""
    fork(bed)
    bed.git("branch", "release", "feature")
    bed.git("checkout", "-q", "main")
    grow(bed, "main2")
    bed.git("merge", "-q", "--no-edit", "release")
    mainline = bed.files("main")
    bed.git("checkout", "-q", "-b", "other", "main~1")
    bed.git("merge", "-q", "--no-edit", "release")
    assert migrations(bed.files("other")) == ["base", "main1", "main2", "feature1"]
    assert bed.files("other") == mainline


def test_release_branches_that_the_mainline_has_both(bed: Bed) -> None:
    """They end as they stand on the mainline, whichever of them is checked out."""
    fork(bed)
    bed.git("branch", "-q", "-m", "main", "one")
    bed.git("branch", "-q", "-m", "feature", "two")
    bed.git("checkout", "-q", "-b", "main", "one~1")
    for branch in ("one", "two"):
        bed.git("merge", "-q", "--no-ff", "--no-edit", branch)
    assert migrations(bed.files("main")) == MERGED
    for here, other in (("one", "two"), ("two", "one")):
        bed.git("checkout", "-q", "-B", "both", here)
        done = bed.try_git("merge", "--no-edit", other)
        assert done.code == 0, done.text
        assert bed.files("both") == bed.files("main")


def test_an_unborn_branch(bed: Bed) -> None:
    """git takes the other branch as it is; nothing is merged, so there is nothing to renumber."""
    fork(bed)
    bed.git("checkout", "-q", "--orphan", "new")
    bed.git("rm", "-rfq", ".")
    refused = bed.call("renumber")
    assert (refused.code, refused.err) == (2, "drizzle-guard: this repository has no commit yet.\n")
    bed.git("merge", "-q", "feature")
    assert bed.git("rev-parse", "HEAD") == bed.git("rev-parse", "feature")
    assert merged(bed) == ["base", "feature1"]
    bed.git("checkout", "-q", "--orphan", "newer")
    bed.git("commit", "-q", "-m", "all at once")
    assert merged(bed) == ["base", "feature1"]


# ---------------------------------------------------------------- changes that are not committed


def uncommitted(bed: Bed) -> None:
    """Work in progress on an old main: a migration that was generated and staged."""
    fork(bed)
    bed.git("checkout", "-q", "-B", "work", "main~1")
    add_migration(bed.root / "drizzle", "work1")
    bed.git("add", "-A")


@pytest.mark.parametrize("command", ["pop", "apply"])
def test_stash(bed: Bed, command: str) -> None:
    uncommitted(bed)
    bed.git("stash", "push", "-q")
    bed.git("checkout", "-q", "main")
    done = bed.try_git("stash", command)
    assert done.code == 1, done.text
    renumbered = bed.call("renumber")
    assert renumbered.code == 0 and "staged; next: git stash drop" in renumbered.out, renumbered.text
    assert bed.git("stash", "list") != ""
    bed.git("commit", "-q", "-m", "work")
    assert merged(bed) == ["base", "main1", "work1"]


def test_stash_of_what_is_not_tracked(bed: Bed) -> None:
    """`git stash -u`, since drizzle-kit has just made the files."""
    uncommitted(bed)
    bed.git("reset", "-q")
    bed.write("notes.txt", "mine\n")
    bed.git("stash", "push", "-q", "-u")
    bed.git("checkout", "-q", "main")
    assert bed.try_git("stash", "pop").code == 1
    renumbered = bed.call("renumber")
    assert renumbered.code == 0 and "staged; next: git stash drop" in renumbered.out, renumbered.text
    assert bed.git("status", "--porcelain").splitlines()[-1] == "?? notes.txt"
    bed.git("commit", "-q", "-m", "work")
    bed.git("add", "notes.txt")
    bed.git("commit", "-q", "-m", "notes")
    assert merged(bed) == ["base", "main1", "work1"]


def test_checkout_with_merge(bed: Bed) -> None:
    """git merges what is tracked; SQL that was never added has to be added first."""
    fork(bed)
    bed.git("checkout", "-q", "-B", "work", "main~1")
    journal = json.loads(bed.read(JOURNAL))
    entry = journal["entries"][0]
    journal["entries"].append({**entry, "idx": 1, "when": entry["when"] + 5000, "tag": "0001_work1"})
    bed.write(JOURNAL, json.dumps(journal, indent=2))
    sql = bed.write("drizzle/0001_work1.sql", 'CREATE TABLE "work1" (\n\t"id" integer\n);\n').read_bytes()
    bed.git("checkout", "-q", "-m", "main")
    assert {path.split(":")[0] for path in bed.stages()} == {JOURNAL}
    refused = bed.call("renumber")
    assert refused.code == 1
    assert "drizzle-guard: drizzle: 0001_work1 (branch): its SQL file is missing on the branch.\n" in refused.err
    bed.git("add", "drizzle/0001_work1.sql")
    renumbered = bed.call("renumber")
    assert renumbered.code == 0, renumbered.text
    bed.git("commit", "-q", "-m", "work")
    assert_canonical(bed, "HEAD", "main")
    assert bed.files("HEAD")["0002_work1.sql"] == sql


def test_checkout_with_merge_of_staged_work(bed: Bed) -> None:
    """Staged work meets `checkout -m`: 2.39 refuses, later ones stash it; `renumber` goes on from there."""
    uncommitted(bed)
    before = bed.git("write-tree")
    done = bed.try_git("checkout", "-m", "main")
    if done.code:
        assert "cannot continue with staged changes" in done.err and bed.git("write-tree") == before
        return
    renumbered = bed.call("renumber")
    assert renumbered.code == 0 and "staged; next: git stash drop" in renumbered.out, renumbered.text
    bed.git("commit", "-q", "-m", "work")
    assert merged(bed) == ["base", "main1", "work1"]


# ---------------------------------------------------------------- how git keeps its index

INDEXES: dict[str, tuple[tuple[str, str], ...]] = {
    "split index": (("core.splitIndex", "true"),),
    "many files": (("feature.manyFiles", "true"), ("index.threads", "2"), ("core.untrackedCache", "true")),
    "monitor": (("core.fsmonitor", "monitor"),),
}


@pytest.mark.parametrize(
    ("way", "index"), some([*product(["merge", "stopped", "rebase", "by hand"], INDEXES)], 2, start=1)
)
def test_kinds_of_index(bed: Bed, index: str, way: str) -> None:
    for key, value in INDEXES[index]:
        if value == "monitor":
            value = str(bed.write("../monitor", "#!/bin/sh\nprintf 'now\\0/\\0'\n"))
            Path(value).chmod(0o755)
        bed.git("config", key, value)
    fork(bed, install=way != "by hand", feature=2)
    if way == "stopped":
        conflict_elsewhere(bed)
    before = bed.state()
    if way == "rebase":
        bed.git("rebase", "-q", "main")
        rebased(bed)
        return
    for _ in range(2):
        done = bed.try_git("merge", "--no-edit", "main")
        if way == "merge":
            assert done.code == 0, done.text
            break
        assert done.code == 1
        assert bed.call("renumber").code == 0
        if not _:
            bed.git("merge", "--abort")
            assert bed.state() == before
    if way == "stopped":
        resolve_elsewhere(bed)
    if way != "merge":
        bed.git("commit", "-q", "--no-edit")
    assert merged(bed) == ["base", "main1", "feature1", "feature2"]
    assert bed.git("fsck", "--no-dangling") == ""
