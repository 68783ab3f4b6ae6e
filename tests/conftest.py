"""Fixtures that all tests share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.gitbed import Bed
from support.live.bench import Bench
from support.live.histories import History, find_history
from support.parts import gits
from support.stopped_merge import kit


@pytest.fixture(params=gits(), ids=lambda path: "second-git" if path else "git")
def git_path(request: pytest.FixtureRequest) -> Path | None:
    """A directory to put on the PATH, for each git that there is."""
    path: Path | None = request.param
    return path


@pytest.fixture
def bed(tmp_path: Path, git_path: Path | None) -> Bed:
    """An empty repository."""
    return Bed(tmp_path, git=git_path)


@pytest.fixture(scope="session")
def bench() -> Bench:
    """Real drizzle-kit and drizzle-orm."""
    return Bench.require()


@pytest.fixture(scope="session")
def history(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], History]:
    """A generated history by dialect and prefix style, made once for all processes of this run."""
    base = tmp_path_factory.getbasetemp()
    directory = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "histories"
    directory.mkdir(exist_ok=True)
    return lambda dialect, prefix: find_history(bench, directory, dialect, prefix)


__all__ = ["bed", "bench", "git_path", "history", "kit"]
