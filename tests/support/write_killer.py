"""SIGKILL just before the nth write of drizzle-guard's own process, be it its own or a git command's."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from support.gitbed import Bed

#: Python imports it at the start of every process; git and drizzle-kit are no Python
SITECUSTOMIZE = """
import os, signal, sys

FILES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "os.symlink", "os.truncate")
GIT = "update-index checkout-index update-ref read-tree write-tree hash-object config commit-tree".split()

def is_write(event, args):
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

left = [int(os.environ.get("KILL_AT", "0"))]

def look(event, args):
    if left[0] and is_write(event, args):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

if any(os.path.basename(word) == "drizzle-guard" for word in sys.orig_argv):
    sys.addaudithook(look)
"""


def kill_at_each_write(
    bed: Bed, *argv: str, then: Callable[[Bed], None], env: dict[str, str] | None = None, step: int = 1
) -> int:
    """Run a command in copies of a repository, killed before one write more each time; about how many writes it has.

    `then` looks at what is left of each copy.
    """
    site = bed.directory / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITECUSTOMIZE)
    for at in range(1, 400, step):
        copy = bed.at(bed.directory / f"copy-{at}")
        shutil.copytree(bed.root, copy.root, symlinks=True)
        copy.run("git", "update-index", "-q", "--refresh", check=False)  # other inodes than in the original
        more = {**(env or {}), "KILL_AT": str(at), "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(argv, cwd=copy.root, env={**bed.env, **more}, capture_output=True, check=False)
        if done.returncode != -signal.SIGKILL:
            assert done.returncode == 0, done.stderr.decode()
            return at - 1
        for lock in Path(copy.root, ".git").rglob("*.lock"):
            lock.unlink()  # what git tells the user to do after a crash
        then(copy)
        shutil.rmtree(copy.root)
    raise AssertionError("it never ended by itself")
