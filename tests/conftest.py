"""Fixtures that all tests share."""

from __future__ import annotations

import compileall
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.campaigns import load_profile
from support.framework import framework
from support.gitbed import Bed
from support.live.bench import Bench
from support.live.histories import History, find_history
from support.parts import EVERY, PROJECT, gits
from support.printed_commands import TYPED, forget, left_untyped
from support.stopped_merge import kit

load_profile()


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package once, as pip does when it installs one: thousands of our processes are started from here."""
    if not hasattr(config, "workerinput"):  # xdist's own process, not one of its workers
        compileall.compile_dir(PROJECT / "drizzle_guard", quiet=2)


def pytest_collection_finish() -> None:
    """Let Python's collector leave alone what stays for the whole run: thousands of tests, the modules, the package."""
    gc.freeze()
    gc.set_threshold(50_000)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test marked `both_gits` each git that there is as `git_path` (a directory for the PATH), others the first.

    What git tells drivers and hooks, and when it calls them, has changed between versions; what a command of ours
    answers has nothing to do with that.  Nor do names and settings that a test has many of: the second git sees one set
    of parameters in six, and one test in three of those that have few (`pytest_collection_modifyitems`); in the
    campaign `every` all.
    """
    if "git_path" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both_gits")
        ids = ["git", "second-git"]
        paths = gits() if both else gits()[:1]
        metafunc.parametrize("git_path", paths, ids=ids[: len(paths)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out tests one by one, but to one worker those that wait for the same long build.

    What xdist has for this, the mark `xdist_group`, does nothing with pytest 9.2.
    """
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = lambda nodeid: "npm" if nodeid.startswith("tests/install/test_npm.py::") else nodeid
    return scheduler


#: wings without I/O: their tests are quick, but for those that lay something out on the disk
_PURE = ("drizzle", "replay", "sql", "rules")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark as `quick` what needs neither git nor a database, and thin out what the second git sees."""
    sets: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.path.parent.name in _PURE and "tmp_path" not in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.quick)
        if item.get_closest_marker("both_gits") and "second-git" in item.name:
            sets.setdefault(item.nodeid.partition("[")[0], []).append(item)
    few = [found for found in sets.values() if len(found) < 4]
    dropped = {item for found in sets.values() for n, item in enumerate(found) if n % 6}
    dropped |= {found[0] for n, found in enumerate(few) if n % 3}
    if dropped and not EVERY:
        config.hook.pytest_deselected(items=list(dropped))
        items[:] = [item for item in items if item not in dropped]


@pytest.fixture(autouse=True)
def typed_as_told(request: pytest.FixtureRequest) -> Iterator[None]:
    """Look whether a test types the commands that it stands for (`support/printed_commands.py`)."""
    item = request.node
    test = f"{item.path.relative_to(PROJECT / 'tests').as_posix()}::{item.originalname}"
    if test not in TYPED.values():
        yield
        return
    forget()
    failed = request.session.testsfailed
    yield
    params = set(item.callspec.params) if hasattr(item, "callspec") else set()
    if request.session.testsfailed == failed:
        left = left_untyped(test, has_sets=bool(params - {"git_path"}))
        assert not left, f"printed, and not typed as printed: {left}"


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


__all__ = ["bed", "bench", "framework", "history", "kit"]
