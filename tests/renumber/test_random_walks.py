"""Random histories with real git: after every operation nothing is lost, doubled, moved or skipped, or git has stopped.

A walk draws a base, branches and migrations, then merges, rebases, picks and reverts them in an armed clone (now and
then in one that is not), and judges every commit by a model of its own: see `random_history`.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st

from support.campaigns import examples
from support.gitbed import Bed
from support.parts import gits
from support.random_history import T, Walk, new_repository


class Template:
    """An armed repository, of which each walk gets a copy."""

    def __init__(self, directory: Path, git: Path | None) -> None:
        self.directory, self.git = directory, git
        new_repository(Bed(directory, git=git))

    def copy(self, directory: Path) -> Bed:
        """A repository of its own."""
        shutil.copytree(self.directory, directory, symlinks=True)
        return Bed(directory, git=self.git)


@pytest.fixture(scope="module", params=gits(), ids=lambda path: "second-git" if path else "git")
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    yield Template(tmp_path_factory.mktemp("armed"), request.param)


@examples(5)
@given(st.data())
def test_random_walk(template: Template, data: st.DataObject) -> None:
    seen: Counter[str] = Counter()

    def choose(options: Sequence[T]) -> T:
        return data.draw(st.sampled_from(options))

    with TemporaryDirectory(prefix="walk") as place:
        walk = Walk(template.copy(Path(place) / "bed"), choose, seen)
        try:
            walk.go(data.draw(st.integers(3, 6)))
        finally:
            walk.close()
            note("\n".join(walk.log))
    for what in +seen:
        event(what)
