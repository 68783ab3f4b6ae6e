"""SIGKILL just before the nth write of drizzle-guard's own process, be it its own or a git command's."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from support.forked import forked
from support.gitbed import Bed

FILES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "os.symlink", "os.truncate")
GIT = ["update-index", "checkout-index", "update-ref", "read-tree", "write-tree", "hash-object"]
GIT += ["config", "commit-tree"]


def is_write(event: str, args: tuple[Any, ...]) -> bool:
    """Whether an event of Python's audit hook is a write, or git is started for one."""
    if event == "open":
        path, mode, flags = args
        if isinstance(path, int) or str(path) == os.devnull:
            return False
        return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)) if mode is None else mode[0] in "wax" or "+" in mode
    if event == "subprocess.Popen":
        program, *words = args[1]
        while words[:1] == ["-c"]:
            del words[:2]
        return program == "git" and bool(words) and words[0] in GIT
    return event in FILES


def killed(bed: Bed, at: int, *argv: str, env: Mapping[str, str] | None = None) -> int:
    """Run drizzle-guard, killed before its `at`th write; its exit code, or minus the signal."""

    def run() -> int:
        left = at

        def look(event: str, args: tuple[Any, ...]) -> None:
            nonlocal left
            if is_write(event, args):
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.dont_write_bytecode = True
        sys.addaudithook(look)
        done = bed.call(*argv, env=env)
        print(done.err, file=sys.stderr)
        return done.code

    return forked(run)


def kill_at_each_write(
    bed: Bed, *argv: str, then: Callable[[Bed], None], env: dict[str, str] | None = None, step: int = 1
) -> int:
    """Run drizzle-guard in copies of a repository, killed before one write more each time; about how many it has.

    `then` looks at what is left of each copy.
    """
    for at in range(1, 400, step):
        copy = bed.at(bed.directory / f"copy-{at}")
        shutil.copytree(bed.root, copy.root, symlinks=True)
        copy.run("git", "update-index", "-q", "--refresh", check=False)  # other inodes than in the original
        code = killed(copy, at, *argv, env=env)
        if code != -signal.SIGKILL:
            assert code == 0
            return at - 1
        for lock in Path(copy.root, ".git").rglob("*.lock"):
            lock.unlink()  # what git tells the user to do after a crash
        then(copy)
        shutil.rmtree(copy.root)
    raise AssertionError("it never ended by itself")
