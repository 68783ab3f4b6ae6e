"""Hook managers from npm, installed once for all tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support.live.bench import missing
from support.locks import locked

VERSIONS = {
    "husky": "9.1.7",
    "lefthook": "2.2.2",
    "simple-git-hooks": "2.13.1",
    "husky-4": "npm:husky@4.3.8",
    "yorkie": "2.0.0",
}


def managers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node_modules with all of them; skips where there is no npm, but not under CI."""
    if shutil.which("npm") is None:
        missing("npm: hook managers cannot be run")
    base = tmp_path_factory.getbasetemp()
    directory = (base.parent if base.name.startswith("popen-") else base) / "npm"
    directory.mkdir(exist_ok=True)
    with locked(directory / "lock"):
        if not (directory / "node_modules").exists():
            (directory / "package.json").write_text('{"private": true}')
            wanted = [f"{name}@{version}" for name, version in VERSIONS.items()]
            argv = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *wanted)
            done = subprocess.run(argv, cwd=directory, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    return directory / "node_modules"
