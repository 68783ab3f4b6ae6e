"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitbed import Bed

FIXTURES = Path(__file__).parent.parent / "fixtures"


def gits() -> list[Path | None]:
    """The git on the PATH, and a second one if DRIZZLE_GUARD_SECOND_GIT names its directory."""
    second = os.environ.get("DRIZZLE_GUARD_SECOND_GIT")
    return [None, Path(second)] if second else [None]


@pytest.fixture(params=gits(), ids=lambda path: "second-git" if path else "git")
def git_path(request: pytest.FixtureRequest) -> Path | None:
    """A directory to put on the PATH, for each git that there is."""
    path: Path | None = request.param
    return path


@pytest.fixture
def bed(tmp_path: Path, git_path: Path | None) -> Bed:
    """An empty repository."""
    return Bed(tmp_path, git=git_path)
