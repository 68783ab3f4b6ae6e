"""SIGKILL at every write: whatever the moment, abort or a repeated command leads to the right end.

All writes of the driver, the finishing hooks and `renumber` go through git, so a `git` in front of the real one counts
the writing subcommands and kills the whole process group just before the nth of them.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.branches import GOLDEN, assert_canonical, collide
from support.gitbed import Bed, git_version
from support.parts import EVERY

SHIM = """#!/bin/sh
named() { while [ "$1" = -c ]; do shift 2; done; subcommand=$1; }
named "$@"
case "$subcommand" in
  update-index|checkout-index|update-ref|write-tree|read-tree|hash-object|commit-tree)
    n=$(($(cat "$KILL_COUNT") + 1))
    echo "$n" > "$KILL_COUNT"
    [ "$n" = "$KILL_AT" ] && kill -KILL 0
  ;;
esac
exec "$REAL_GIT" "$@"
"""


class Killer:
    """Runs a command in a copy of a repository and kills it before its nth write."""

    def __init__(self, bed: Bed) -> None:
        self.template = bed
        self.shim = bed.directory / "shim"
        self.shim.mkdir()
        # git puts its own directory in front of the PATH of hooks and drivers
        for program in Path(bed.git("--exec-path")).iterdir():
            (self.shim / program.name).symlink_to(program)
        (self.shim / "git").unlink(missing_ok=True)
        (self.shim / "git").write_text(SHIM)
        (self.shim / "git").chmod(0o755)
        real = shutil.which("git", path=bed.env["PATH"])
        assert real is not None
        self.real = real

    def run(self, at: int, *argv: str) -> tuple[Bed, bool]:
        """The copy after the kill, and whether the command was killed (else it had fewer writes)."""
        root = self.template.directory / f"copy-{at}"
        shutil.copytree(self.template.root, root, symlinks=True)
        bed = self.template.at(root)
        count = bed.directory / f"count-{at}"
        count.write_text("0")
        env = {**bed.env, "KILL_AT": str(at), "KILL_COUNT": str(count), "REAL_GIT": self.real}
        env.update(PATH=f"{self.shim}{os.pathsep}{bed.env['PATH']}", GIT_EXEC_PATH=str(self.shim))
        done = subprocess.run(argv, cwd=root, env=env, capture_output=True, start_new_session=True, check=False)
        return bed, done.returncode == -signal.SIGKILL

    def each(self, *argv: str, then: Callable[[Bed], None], step: int = 1) -> int:
        """Kill before each write in turn and look at what `then` makes of it; about how many writes there are."""
        for at in range(1, 200, step):
            bed, killed = self.run(at, *argv)
            if not killed:
                return at - 1
            # what git tells the user to do after a crash
            for lock in (bed.root / ".git").rglob("*.lock"):
                lock.unlink()
            for leftover in bed.root.glob(".merge_file_*"):
                leftover.unlink()  # git's own
            then(bed)
            shutil.rmtree(bed.root)
        raise AssertionError("it never ended by itself")


def settle(bed: Bed) -> None:
    """What a user does who finds a half-done operation: renumber, and commit what it stages."""
    done = bed.call("renumber")
    assert done.code == 0, done.text
    if bed.git("status", "--porcelain"):
        bed.git("commit", "-q", "--no-edit", "-m", "renumbered")


def test_merge(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    collide(bed)
    before = bed.git("rev-parse", "HEAD")

    def recover(bed: Bed) -> None:
        if (bed.root / ".git/MERGE_HEAD").exists() and bed.git("rev-parse", "HEAD") == before:
            bed.git("merge", "--abort")
        if bed.git("rev-parse", "HEAD") == before:
            bed.git("reset", "-q", "--hard")  # the merge itself was killed before it came to us
            bed.git("merge", "-q", "--no-edit", "main")
        else:
            settle(bed)
        assert bed.files("HEAD") == GOLDEN
        assert bed.git("status", "--porcelain") == ""

    assert Killer(bed).each("git", "merge", "--no-edit", "main", then=recover) >= 10


def test_renumber(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    collide(bed, armed=False)
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    count = 0

    def recover(bed: Bed) -> None:
        nonlocal count
        count += 1
        done = bed.call("renumber")
        assert done.code == 0, done.text
        bed.git("commit", "-q", "--no-edit")
        assert bed.files("HEAD") == GOLDEN
        assert bed.git("status", "--porcelain") == ""

    assert Killer(bed).each("drizzle-guard", "renumber", then=recover) >= 6


#: each so many writes; the two backends call the same steps of ours
STEPS = {"--merge": 5, "--apply": 7}


@pytest.mark.parametrize("backend", STEPS)
def test_rebase(tmp_path: Path, backend: str) -> None:
    bed = Bed(tmp_path)
    collide(bed)

    def recover(bed: Bed) -> None:
        if bed.try_git("rebase", "--abort").code:
            shutil.rmtree(bed.root / ".git/rebase-apply", ignore_errors=True)  # as git then says
        bed.git("reset", "-q", "--hard", "refs/heads/feature")
        bed.git("checkout", "-q", "feature")
        bed.git("clean", "-qfd")
        if bed.git("merge-base", "main", "feature") != bed.git("rev-parse", "main"):
            bed.git("rebase", "-q", backend, "main")
        else:
            settle(bed)
        assert bed.files("feature") == GOLDEN
        assert_canonical(bed, "feature", "main")
        assert bed.git("status", "--porcelain") == ""

    assert Killer(bed).each("git", "rebase", backend, "main", then=recover, step=1 if EVERY else STEPS[backend]) >= 18


def test_what_a_kill_leaves_is_in_the_git_directory_and_goes_with_a_later_run(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    collide(bed, armed=False)
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    killer, temporary = Killer(bed), tmp_path / "temporary"
    temporary.mkdir()
    bed.env["TMPDIR"] = str(temporary)
    left = list[Path]()
    for at in range(1, 50):
        copy, killed = killer.run(at, "drizzle-guard", "renumber")
        assert list(temporary.iterdir()) == []
        left = list((copy.root / ".git").glob("drizzle-guard-*"))
        if left or not killed:
            break
    assert left, "it was never killed with a scratch index"
    (copy.root / ".git/index.lock").unlink(missing_ok=True)
    for path in left:
        os.utime(path, (0, 0))
    kept = copy.root / ".git/drizzle-guard-scratch-of-another-run"
    kept.mkdir()
    assert copy.call("renumber").code == 0
    assert list((copy.root / ".git").glob("drizzle-guard-*")) == [kept]


def test_cherry_pick(bed: Bed) -> None:
    collide(bed)
    bed.branch("picked", "main")
    before = bed.git("rev-parse", "HEAD")

    def finish(bed: Bed) -> None:
        """git 2.39 stops at the pick, and what a kill left may stop it, too."""
        if (bed.root / ".git/CHERRY_PICK_HEAD").exists():
            done = bed.call("renumber")
            assert done.code == 0, done.text
        if (bed.root / ".git/CHERRY_PICK_HEAD").exists():
            bed.git("cherry-pick", "--continue")

    def recover(bed: Bed) -> None:
        finish(bed)
        if bed.git("rev-parse", "HEAD") == before:
            bed.git("reset", "-q", "--hard")
            bed.git("clean", "-qfd")
            bed.try_git("cherry-pick", "feature~2")
            finish(bed)
        else:
            settle(bed)
        assert_canonical(bed, "HEAD", "main")
        assert bed.git("status", "--porcelain") == ""

    writes = Killer(bed).each("git", "cherry-pick", "feature~2", then=recover)
    assert writes >= (5 if git_version(bed) >= (2, 44) else 0)
