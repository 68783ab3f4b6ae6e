"""Armed means armed: a merge ends canonical, or git stops, whatever stands before our line; nobody is blocked."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from support.cases import side_files
from support.gitbed import Bed
from support.parts import PROJECT
from support.protect_commits import CASE

EXPECTED = side_files(CASE / "expected")
STOPPED = "will be renumbered when you commit; do not run drizzle-kit before."


def branches(bed: Bed, *, elsewhere: bool = False) -> str:
    """A base, and a migration on each side (and a conflict in another file); the branch's own commit."""
    bed.put(CASE / "base")
    bed.write("src/schema.ts", "base\n")
    bed.commit("base", "--no-verify")
    bed.git("branch", "feature")
    bed.put(CASE / "theirs")
    bed.write("src/schema.ts", "main\n" if elsewhere else "base\n")
    bed.commit("main", "--no-verify")
    bed.git("checkout", "-q", "feature")
    bed.put(CASE / "ours")
    bed.write("src/schema.ts", "feature\n" if elsewhere else "base\n")
    return bed.commit("feature", "--no-verify")


def own_hook(bed: Bed, hook: str, text: str) -> None:
    """A hook of the user's in the place of ours."""
    bed.write(f".git/hooks/{hook}", f"#!/bin/sh\n{text}").chmod(0o755)


def leftovers(bed: Bed) -> list[str]:
    """What is there for a merge alone."""
    hooks = ("reference-transaction", "post-index-change")
    notes = [path.name for path in (bed.root / ".git").glob("drizzle-guard-*") if path.name != "drizzle-guard-told"]
    return [*notes, *(hook for hook in hooks if (bed.root / ".git/hooks" / hook).exists())]


NOT_REACHED = {
    "an exit before it": 'exit 0\ndrizzle-guard hook {hook} "$@"\n',
    "a command that fails": 'set -e\nfalse\ndrizzle-guard hook {hook} "$@"\n',
    "a program that is not found": 'PATH=/usr/bin:/bin\ndrizzle-guard hook {hook} "$@" || exit 0\n',
}


@pytest.mark.parametrize("how", NOT_REACHED)
def test_a_line_that_is_not_reached(bed: Bed, how: str) -> None:
    own = branches(bed)
    assert bed.call("install").code == 0
    for hook in ("post-merge", "pre-commit", "post-rewrite", "post-commit"):
        own_hook(bed, hook, NOT_REACHED[how].format(hook=hook))
    done = bed.run("git", "merge", "--no-edit", "main")
    assert bed.files("HEAD") == EXPECTED, done.text
    assert "0001_comments -> 0003_comments" in done.text
    assert bed.git("status", "--porcelain", "drizzle") == "" and leftovers(bed) == []

    bed.git("reset", "-q", "--hard", own)
    bed.git("rebase", "-q", "main")
    assert bed.files("HEAD") == EXPECTED
    assert bed.git("symbolic-ref", "HEAD") == "refs/heads/feature"
    assert bed.git("status", "--porcelain", "drizzle") == ""
    bed.write("x", "x")
    bed.commit("next", "--no-verify")
    assert leftovers(bed) == []


def test_a_line_in_a_comment_counts_for_nothing(bed: Bed) -> None:
    branches(bed)
    bed.call("install")
    own_hook(bed, "post-merge", '# drizzle-guard hook post-merge "$@"\n')
    done = bed.call("install", "--check")
    assert done.code == 1 and "missing: hooks that finish a merge (post-merge, pre-commit)\n" in done.out
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.code == 1 and "no hook of this clone will finish that" in done.text
    assert bed.call("renumber").code == 0
    bed.git("commit", "-q", "--no-edit")
    assert bed.files("HEAD") == EXPECTED


def test_hooks_that_do_not_reach_us_where_git_has_stopped(bed: Bed) -> None:
    """The net finishes the commit; with a locked index it stops git, and says how to go on."""
    branches(bed, elsewhere=True)
    bed.call("install")
    for hook in ("post-merge", "pre-commit", "post-commit"):
        own_hook(bed, hook, f'exit 0\ndrizzle-guard hook {hook} "$@"\n')
    for commit in (("-q", "--no-edit"), ("-q", "--no-edit", "-a")):
        done = bed.try_git("merge", "main")
        assert done.code == 1 and f"drizzle-guard: drizzle: 2 migrations {STOPPED}" in done.text, done.text
        bed.write("src/schema.ts", "both\n")
        bed.git("add", "src")
        done = bed.try_git("commit", *commit)
        if done.code:
            assert "its migrations do not have their new numbers yet; this commit is not made." in done.text
            assert "\n  drizzle-guard renumber\n  git commit\n" in done.text
            assert bed.call("renumber").code == 0
            bed.git("commit", "-q", "--no-edit")
        assert bed.files("HEAD") == EXPECTED
        assert bed.git("status", "--porcelain", "drizzle") == "" and leftovers(bed) == []
        bed.git("reset", "-q", "--hard", "HEAD^")


def test_a_squash_whose_hooks_did_not_run(bed: Bed) -> None:
    branches(bed)
    bed.call("install")
    own_hook(bed, "post-merge", "exit 0\ndrizzle-guard hook post-merge\n")
    bed.git("merge", "-q", "--squash", "main")
    bed.git("commit", "-q", "-m", "squash")  # our own pre-commit finishes it
    assert bed.files("HEAD") == EXPECTED
    bed.git("reset", "-q", "--hard", "HEAD^")
    bed.git("merge", "-q", "--squash", "main")
    assert "0001_comments -> 0003_comments" in bed.call("renumber").out
    bed.git("commit", "-q", "-m", "squash")
    assert bed.files("HEAD") == EXPECTED

    # nor do those of the commit: git itself calls the net
    own_hook(bed, "pre-commit", "exit 0\ndrizzle-guard hook pre-commit\n")
    done = bed.call("install", "--check")
    place = (
        "let nothing in .git/hooks/post-merge keep the line of drizzle-guard from being reached (-v shows what does)"
    )
    assert (done.code, done.out.splitlines()[-1]) == (1, f"not armed; run: {place}")
    for option in ("--quiet", "-a"):
        bed.git("reset", "-q", "--hard", "HEAD^")
        bed.git("merge", "-q", "--squash", "main")
        done = bed.try_git("commit", "-m", "squash", option)
        if done.code:  # with the index locked nothing can be finished
            assert "this commit is not made.\n  drizzle-guard renumber\n" in done.err
            assert bed.call("renumber").code == 0
            bed.git("commit", "-q", "-m", "squash")
        assert bed.files("HEAD") == EXPECTED and leftovers(bed) == []
        assert bed.git("status", "--porcelain", "drizzle") == ""


def test_a_merge_that_is_half_way_is_said_by_whatever_runs_next(bed: Bed) -> None:
    branches(bed)
    bed.call("install")
    broken = {"DRIZZLE_GUARD_AT_WORK": "1"}  # what a killed hook leaves: nothing but the note
    (bed.root / ".git/hooks/post-merge").write_text(
        (bed.root / ".git/hooks/post-merge").read_text().replace('"$c" hook', "true hook")
    )
    bed.run("git", "merge", "-q", "--no-edit", "main", env=broken)
    assert bed.files("HEAD") != EXPECTED
    sentence = "drizzle/meta/_journal.json is merged, but its migrations do not have their new numbers yet"
    bed.write("here.db", "")
    for command in (("check",), ("install", "--check"), ("protect",), ("status", "--url", "sqlite:here.db")):
        done = bed.call(*command)
        assert f"drizzle-guard: {sentence}, and no hook of this clone has finished that.\n" in done.err
        assert "\n  drizzle-guard renumber\n" in done.err
    assert bed.call("renumber").code == 0
    assert bed.files("HEAD") == EXPECTED and leftovers(bed) == []


def test_an_aborted_merge_leaves_nothing(bed: Bed) -> None:
    own = branches(bed, elsewhere=True)
    bed.call("install")
    own_hook(bed, "post-merge", "exit 0\ndrizzle-guard hook post-merge\n")
    assert bed.try_git("merge", "main").code == 1
    assert leftovers(bed) != []
    bed.git("merge", "--abort")
    assert bed.git("rev-parse", "HEAD") == own
    bed.write("x", "x")
    bed.git("add", "x")
    bed.git("commit", "-q", "-m", "next")
    assert leftovers(bed) == []


def test_a_hook_of_the_users_where_the_net_would_be(bed: Bed) -> None:
    """Nothing can be promised then, so git stops."""
    branches(bed)
    bed.call("install")
    own_hook(bed, "post-merge", "exit 0\ndrizzle-guard hook post-merge\n")
    own_hook(bed, "reference-transaction", "exit 0\n")
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.code == 1 and "no hook of this clone will finish that" in done.text
    assert bed.call("renumber").code == 0
    bed.git("commit", "-q", "--no-edit")
    assert bed.files("HEAD") == EXPECTED
    assert (bed.root / ".git/hooks/reference-transaction").read_text() == "#!/bin/sh\nexit 0\n"


PATHSPECS = ("--literal-pathspecs", "--glob-pathspecs", "--noglob-pathspecs", "--icase-pathspecs")


@pytest.mark.parametrize("option", PATHSPECS)
def test_what_git_hands_to_hooks_does_not_change_our_commands(bed: Bed, option: str) -> None:
    own = branches(bed)
    bed.call("install")
    bed.git(option, "merge", "-q", "--no-edit", "main")
    assert bed.files("HEAD") == EXPECTED
    bed.git("reset", "-q", "--hard", own)
    bed.git(option, "rebase", "-q", "main")
    assert bed.files("HEAD") == EXPECTED
    bed.write("drizzle/0000_base.sql", "select 1;")
    done = bed.try_git(option, "commit", "-a", "-q", "-m", "edit")
    assert done.code == 1 and "drizzle/0000_base.sql: the SQL is edited" in done.text


def test_a_merge_that_brings_other_settings(bed: Bed) -> None:
    """What the driver has decided holds for the hooks that follow."""
    branches(bed)
    bed.call("install", "--no-protect")
    bed.git("checkout", "-q", "main")
    bed.write("drizzle-guard.toml", 'mainline = "upstream/production"\n')
    bed.commit("settings", "--no-verify")
    bed.git("checkout", "-q", "feature")
    own = bed.git("rev-parse", "HEAD")
    bed.git("merge", "-q", "--no-edit", "main")
    assert bed.files("HEAD") == EXPECTED

    bed.git("checkout", "-q", "main")
    bed.write("drizzle-guard.toml", "mainline = \n")
    bed.commit("broken", "--no-verify")
    bed.git("checkout", "-q", "-B", "feature", own)
    bed.git("merge", "-q", "--no-edit", "main")
    assert bed.files("HEAD") == EXPECTED
    bed.git("reset", "-q", "--hard", own)
    done = bed.try_git("rebase", "main")  # which begins with the other side's file
    assert (
        done.code == 1
        and (
            "drizzle-guard: drizzle-guard.toml is not TOML: Invalid value (at line 1, column 12).\n"
            "drizzle-guard: git stops here. When that is mended:\n  drizzle-guard renumber\n"
        )
        in done.err
    ), done.text
    bed.write("drizzle-guard.toml", 'mainline = "main"\n')
    assert bed.call("renumber").code == 0
    bed.git("add", "-A")
    bed.git("rebase", "--continue")
    assert bed.files("HEAD") == EXPECTED


class TestProtect:
    def test_install_arms_it_for_commits_and_pushes(self, bed: Bed, tmp_path: Path) -> None:
        branches(bed)
        assert bed.call("install").code == 0
        done = bed.call("install", "--check")
        assert (done.code, done.out) == (0, "armed: merge driver, attributes and hooks are in place\n")
        bed.git("commit", "-q", "-m", "nothing of ours", "--allow-empty")
        for change in ("drizzle/0000_base.sql", "drizzle/meta/0000_snapshot.json"):
            bed.write(change, bed.read(change).replace(b"users", b"people"))
            done = bed.try_git("commit", "-q", "-a", "-m", "edit")
            assert done.code == 1 and "committed migrations stay as they are" in done.text
            bed.git("reset", "-q", "--hard")

        bed.git("init", "-q", "--bare", str(tmp_path / "remote.git"))
        bed.git("remote", "add", "origin", str(tmp_path / "remote.git"))
        bed.git("push", "-q", "origin", "main", "feature")
        bed.write("drizzle/0000_base.sql", "select 1;")
        bed.commit("edit", "--no-verify")
        done = bed.try_git("push", "-q", "origin", "feature")
        assert done.code == 1 and "drizzle/0000_base.sql: the SQL is edited" in done.text
        bed.git("reset", "-q", "--hard", "HEAD^")
        bed.git("push", "-q", "origin", "feature", "feature:other")
        bed.git("push", "-q", "origin", ":other")

    def test_parts_can_be_left_out(self, bed: Bed) -> None:
        branches(bed)
        assert bed.call("install", "--no-protect").code == 0
        done = bed.call("install", "--check")
        assert done.code == 1 and "missing: protect at every commit (pre-commit)\n" in done.out
        assert bed.call("install", "--check", "--no-protect").code == 0
        assert not (bed.root / ".git/hooks/pre-push").exists()
        bed.write("drizzle/0000_base.sql", "select 1;")
        bed.commit("edit")
        bed.call("uninstall")
        assert bed.call("install", "--no-hooks").code == 0
        assert bed.call("install", "--check", "--no-hooks").code == 0
        assert not (bed.root / ".git/hooks/pre-commit").exists()

    def test_what_is_on_no_mainline_yet(self, bed: Bed) -> None:
        branches(bed)
        bed.call("install")
        own = "drizzle/0001_comments.sql"
        bed.write(own, "select 1;")
        done = bed.try_git("commit", "-a", "-q", "-m", "again")
        assert done.code == 1
        assert (
            "\n  Not on main yet: 0001_comments. If nobody else has run that, it may change:\n"
            '    for the team, in drizzle-guard.toml: protect = "published"\n'
            "    for this once: git -c drizzle-guard.protect=published commit\n"
        ) in done.text
        assert done.text.count("[[allow]]") == 1
        bed.git("-c", "drizzle-guard.protect=published", "commit", "-a", "-q", "-m", "again")
        bed.write("drizzle/0000_base.sql", "select 1;")
        done = bed.try_git("-c", "drizzle-guard.protect=published", "commit", "-a", "-q", "-m", "base")
        assert done.code == 1 and "Not on main yet" not in done.text

    def test_another_layout_of_the_same_json(self, bed: Bed) -> None:
        branches(bed)
        bed.call("install")
        for path in ("drizzle/meta/0000_snapshot.json", "drizzle/meta/_journal.json"):
            bed.write(path, bed.read(path).replace(b"  ", b"\t").replace(b"\n", b"\r\n") + b"\r\n")
        bed.git("commit", "-a", "-q", "-m", "formatted")


class TestBystanders:
    def test_the_lines_for_ones_own_hooks(self, bed: Bed) -> None:
        """The one who adds them, and a teammate without the tool, whose commits they never block."""
        branches(bed)
        bed.write(".githooks/pre-commit", "#!/bin/sh\necho own hook\n").chmod(0o755)
        bed.git("config", "core.hooksPath", ".githooks")
        out = bed.call("install").out
        line = next(row for row in out.splitlines() if row.startswith("  pre-commit: ")).removeprefix("  pre-commit: ")
        bed.write(".githooks/pre-commit", f"#!/bin/sh\n{line}\necho own hook\n").chmod(0o755)
        assert bed.call("install", "--check").code == 0
        assert str(bed.directory) not in "".join(p.read_text() for p in (bed.root / ".githooks").iterdir())
        bed.commit("hooks")
        bed.write("drizzle/0000_base.sql", "select 1;")
        done = bed.try_git("commit", "-a", "-q", "-m", "edit")
        assert done.code == 1 and "the SQL is edited" in done.text and "own hook" not in done.text

        mate = bed.at(bed.directory / "mate")
        bed.git("clone", "-q", str(bed.root), str(mate.root))
        mate.git("config", "core.hooksPath", ".githooks")
        mate.env["PATH"] = "/usr/local/bin:/usr/bin:/bin"
        for n in range(2):
            mate.write("x", str(n))
            mate.git("add", "x")
            done = mate.try_git("commit", "-q", "-m", "x")
            assert done.code == 0 and "own hook" in done.text
            assert done.text.count("not found or broken") <= (n == 0)  # once a day

    def test_hooks_of_the_whole_machine_are_not_touched(self, bed: Bed, tmp_path: Path) -> None:
        branches(bed)
        shared = tmp_path / "shared hooks"
        shared.mkdir()
        bed.git("config", "--global", "core.hooksPath", str(shared))
        out = bed.call("install").out
        assert f"core.hooksPath is {shared}, which all repositories of this machine share." in out
        assert list(shared.iterdir()) == []
        done = bed.call("install", "--check")
        assert done.code == 1 and "not armed; run: git config --local core.hooksPath .git/hooks\n" in done.out
        bed.git("config", "--local", "core.hooksPath", ".git/hooks")
        bed.call("install")
        assert bed.call("install", "--check").code == 0
        bed.git("config", "--local", "--unset", "core.hooksPath")
        bed.call("install", "--global-hooks")
        assert (shared / "post-merge").exists() and bed.call("install", "--check", "--global-hooks").code == 0

    def test_a_branch_that_was_cut_before(self, bed: Bed) -> None:
        branches(bed)
        bed.git("checkout", "-q", "main")
        out = bed.call("install").out
        assert "\nCommit this, so that it holds for everybody:\n  git add .gitattributes\n" in out
        bed.commit("arm")
        bed.git("checkout", "-q", "feature")
        done = bed.call("install", "--check")
        assert (done.code, done.out) == (0, "armed: merge driver, attributes and hooks are in place\n")
        assert "this clone is armed already\n" in bed.call("install").out
        assert not (bed.root / ".gitattributes").exists()
        tree = bed.at(bed.directory / "tree")
        bed.git("worktree", "add", "-q", str(tree.root), "main")
        assert tree.call("install", "--check").code == 0

    def test_python_that_does_not_start_blocks_nobody(self, bed: Bed) -> None:
        branches(bed)
        bed.call("install")
        for hook in ("pre-commit", "post-commit", "pre-merge-commit", "post-merge"):
            path = bed.root / ".git/hooks" / hook
            text = path.read_text()
            broken = bed.write(".git/broken", "#!/bin/sh\nexit 1\n")
            broken.chmod(0o755)
            start, _, rest = text.partition("\nfor c in ")
            path.write_text(f"{start}\nfor c in {broken}{rest[rest.index('; do') :]}")
        bed.write("drizzle/0009_x.sql", "select 1;")
        bed.git("add", "-A")
        done = bed.try_git("commit", "-q", "-m", "x")
        assert done.code == 0 and "drizzle-guard: not found or broken" in done.text

    def test_strict_shells(self, bed: Bed) -> None:
        """bash as sh takes `set -eu` from SHELLOPTS."""
        branches(bed)
        bed.call("install")
        line = bed.git("config", "merge.drizzle-journal.driver")
        hooks = [(bed.root / ".git/hooks" / hook).read_text() for hook in ("pre-commit", "post-commit", "post-merge")]
        env = {key: value for key, value in bed.env.items() if key != "PYTHONPATH"}
        for text in (line.replace("%O %A %B %L %P %S %X %Y", "a b c 7 drizzle/x"), *hooks):
            done = subprocess.run(["bash", "-eu", "-c", text], cwd=bed.root, env=env, capture_output=True, check=False)
            assert b"unbound" not in done.stderr, done.stderr


def test_each_part_is_shown(bed: Bed) -> None:
    branches(bed)
    bed.call("install")
    done = bed.call("install", "--check", "-v")
    assert done.code == 0 and done.out.count("ok: ") == 8, done.out
    (bed.root / ".git/hooks/post-rewrite").unlink()
    bed.git("config", "--unset", "merge.drizzle-journal.driver")
    done = bed.call("install", "--check", "-v")
    assert done.code == 1
    assert "missing: merge driver (config merge.drizzle-journal.driver)\n  drizzle-guard install\n" in done.out
    assert "missing: hooks that finish a rebase (post-rewrite)\n  drizzle-guard install\n" in done.out
    assert bed.call("install").code == 0 and bed.call("install", "--check").code == 0


def test_a_program_that_git_will_not_find(bed: Bed, tmp_path: Path) -> None:
    """`python -m drizzle_guard` of a Python whose scripts lie nowhere is not called armed."""
    bed.run(sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare"))
    places = os.pathsep.join((str(PROJECT), sysconfig.get_path("purelib")))
    env = {"PYTHONPATH": places, "PATH": "/usr/bin:/bin"}
    said = "drizzle-guard is not there, and not on the PATH"
    for args, code, text in (
        (("install",), 0, f"\n\nnot armed yet: {said}.\n"),
        (("install", "--check"), 1, "not armed; run: put drizzle-guard on the PATH\n"),
    ):
        done = bed.run(str(tmp_path / "bare/bin/python"), "-m", "drizzle_guard", *args, check=False, env=env)
        assert (done.code, done.out.endswith(text)) == (code, True), done.text
    bed.run(str(tmp_path / "bare/bin/python"), "-m", "drizzle_guard", "uninstall", env=env)


def test_hooks_of_0_1_0_go_on_working(bed: Bed) -> None:
    """They call `drizzle-guard hook NAME` without more; `install` brings them up to date, `uninstall` knows them."""
    own = branches(bed)
    bed.call("install", "--no-hooks")
    for hook in ("pre-commit", "pre-merge-commit", "post-merge", "post-commit", "post-rewrite"):
        bed.write(
            f".git/hooks/{hook}",
            "#!/bin/sh\n# Written by `drizzle-guard install`; `drizzle-guard uninstall` takes it away.\n"
            f'for c in drizzle-guard; do\n  command -v "$c" >/dev/null 2>&1 || continue\n  "$c" hook {hook} "$@"\n'
            '  r=$?\n  [ "$r" -le 1 ] && exit "$r"\ndone\nexit 0\n',
        ).chmod(0o755)
    for command in (("merge", "-q", "--no-edit", "main"), ("rebase", "-q", "main")):
        bed.git("reset", "-q", "--hard", own)
        bed.git(*command)
        assert bed.files("HEAD") == EXPECTED
    assert "missing: protect at every commit (pre-commit)\n" in bed.call("install", "--check").out
    assert "change hook .git/hooks/pre-commit\n" in bed.call("install").out
    assert bed.call("install", "--check").code == 0
    bed.call("uninstall")
    assert not [path for path in os.listdir(bed.root / ".git/hooks") if not path.endswith(".sample")]


def test_what_uninstall_took_from_the_team_comes_back(bed: Bed) -> None:
    bed.put(CASE / "base")
    bed.commit("base")
    assert bed.call("install").code == 0
    bed.commit("armed")
    bed.branch("feature")
    said = bed.call("uninstall").out
    assert said.endswith(
        "these are committed, for everybody; to take them from the team, commit that; to keep them:\n"
        "  git checkout HEAD -- .gitattributes\n"
    )
    assert bed.git("status", "--porcelain").strip() == "D .gitattributes"
    assert bed.call("install").code == 0
    assert bed.git("status", "--porcelain") == ""


def test_line_ends_that_are_published_already_stay(bed: Bed) -> None:
    """What the mainline alone has with CRLF would count as changed from the first merge on."""
    bed.put(CASE / "base")
    bed.commit("base")
    bed.branch("feature")
    bed.git("checkout", "-q", "main")
    bed.write("drizzle/0001_crlf.sql", b"SELECT 1;\r\n")
    bed.commit("crlf")
    bed.git("checkout", "-q", "feature")
    bed.git("config", "color.ui", "always")
    bed.call("install")
    assert bed.read(".gitattributes").endswith(b"/drizzle/*.sql text eol=lf\n/drizzle/0001_crlf.sql -text\n")
    bed.commit("armed")
    bed.git("merge", "-q", "--no-edit", "main")
    (bed.root / "drizzle/0001_crlf.sql").touch()  # else git goes by what it remembers of the file
    assert bed.git("status", "--porcelain") == ""


def test_a_folder_that_comes_after_the_first_install(bed: Bed) -> None:
    """Its line ends are added by the next `install`, and `--check -v` says so."""
    bed.commit("start")
    said = bed.call("install").out
    assert said.endswith(
        "There is no migration folder here yet. When there is one, its line ends are added by:\n"
        "  drizzle-guard install\n\nCommit this, so that it holds for everybody:\n  git add .gitattributes\n"
    )
    bed.commit("armed")
    bed.branch("feature")
    bed.put(CASE / "base")  # not added yet
    note = "not in .gitattributes yet, drizzle-guard install adds it: /drizzle/*.sql text eol=lf\n"
    done = bed.call("install", "--check", "-v")
    assert done.code == 0 and note in done.out
    assert bed.call("install", env={"npm_lifecycle_event": "prepare"}).out == "this clone is armed already\n"
    said = bed.call("install").out
    assert said == (
        "change file .gitattributes\n\nCommit this, so that it holds for everybody:\n  git add .gitattributes\n"
    )
    assert bed.read(".gitattributes").endswith(
        b"meta/*_snapshot.json merge=drizzle-journal\n/drizzle/*.sql text eol=lf\n"
    )
    assert bed.call("install").out == "this clone is armed already\n"
    assert note not in bed.call("install", "--check", "-v").out
    bed.git("stash", "-q", "-u")
    bed.call("uninstall")
    assert not (bed.root / ".gitattributes").exists()
