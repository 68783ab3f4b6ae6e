"""Where the project's parts are, which gits the tests run with, and which combinations they try."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from allpairspy import AllPairs

Test = TypeVar("Test", bound=Callable[..., object])

PROJECT = Path(__file__).parents[2]
FIXTURES = PROJECT / "fixtures"

#: set by the campaign `every`: all combinations, both gits everywhere
EVERY = bool(os.environ.get("DRIZZLE_GUARD_EVERY"))


def gits() -> list[Path | None]:
    """The git on the PATH, and a second one if DRIZZLE_GUARD_SECOND_GIT names its directory."""
    second = os.environ.get("DRIZZLE_GUARD_SECOND_GIT")
    return [None, Path(second)] if second else [None]


def pairs(*axes: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Combinations of the axes' values in which each two values of two axes meet; in the campaign `every`, all.

    What fails, fails for one value or for two that meet, hardly ever for three: so a choice of a third proves the same.
    """
    if EVERY or len(axes) < 3:
        return list(itertools.product(*axes))
    return [tuple(chosen) for chosen in AllPairs(list(axes))]


def both_gits_in_every(test: Test) -> Test:
    """Mark a test whose second git another test covers: it runs with both gits in the campaign `every` alone."""
    return pytest.mark.both_gits(test) if EVERY else test


def some(values: Sequence[Any], step: int, *, start: int = 0) -> list[Any]:
    """Every `step`th of many values that prove the same in different words; in the campaign `every`, all."""
    return list(values if EVERY else values[start::step])
