"""What the tests of `check` share: running it in this process, at a fixed time, and laying out a case."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from pathlib import Path
from unittest import mock

from drizzle_guard.cli import main
from drizzle_guard.commands import check
from support.cases import CHECK, put_side
from support.gitbed import Bed, Done

CASES = CHECK
NOW = 1796083200000  # 2026-12-01


def run_check(bed: Bed, *args: str, directory: Path | None = None, command: str = "check") -> Done:
    """Run `drizzle-guard check` in the bed's repository or another directory."""
    out, err, before = io.StringIO(), io.StringIO(), os.getcwd()
    os.chdir(directory or bed.root)
    try:
        with (
            mock.patch.dict(os.environ, bed.env, clear=True),
            mock.patch.object(check, "now", lambda: NOW),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main([command, *args])
    finally:
        os.chdir(before)
    return Done(code, out.getvalue(), err.getvalue())


def lay_out(case: Path, side: str, place: Path) -> None:
    """Copy one side of a case to `place`, and make what its `files.json` lists."""
    put_side(case / side, place)
    special = place / "files.json"
    if special.exists():
        for name, content in json.loads(special.read_text("utf-8")).items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            if isinstance(content, dict):
                path.symlink_to(content["link"])
            else:
                path.write_bytes(content.encode())
        special.unlink()


def prepare(case: Path, side: str, bed: Bed) -> list[str]:
    """Set a case up in a repository; the arguments for check."""
    options = case / "options.txt"
    more = options.read_text("utf-8").split() if options.exists() else []
    if not (case / "mainline").exists():
        lay_out(case, side, bed.root)
        return more
    start = "base" if (case / "base").exists() else "mainline"
    lay_out(case, start, bed.root)
    bed.git("add", "-A")
    bed.git("commit", "-qm", "base")
    bed.git("branch", "feature")
    if start == "base":
        lay_out(case, "mainline", bed.root)
        bed.git("add", "-A")
        bed.git("commit", "-qm", "mainline")
    bed.git("checkout", "-q", "feature")
    shutil.rmtree(bed.root / "drizzle")
    lay_out(case, side, bed.root)
    return ["--onto", "main", *more]


def sound(bed: Bed, name: str = "drizzle") -> Path:
    """Lay out a sound folder; returns it."""
    lay_out(CASES / "DG001-duplicate-idx", "passing", bed.root / ".new")
    target = bed.root / name
    target.parent.mkdir(parents=True, exist_ok=True)
    (bed.root / ".new" / "drizzle").rename(target)
    (bed.root / ".new").rmdir()
    return target
