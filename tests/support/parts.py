"""Where the project's parts are, and which gits the tests run with."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).parents[2]
FIXTURES = PROJECT / "fixtures"


def gits() -> list[Path | None]:
    """The git on the PATH, and a second one if DRIZZLE_GUARD_SECOND_GIT names its directory."""
    second = os.environ.get("DRIZZLE_GUARD_SECOND_GIT")
    return [None, Path(second)] if second else [None]
