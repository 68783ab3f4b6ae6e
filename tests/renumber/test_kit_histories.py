"""Random histories of drizzle-kit's own making: two branches edit schema.ts, generate, and are merged by real git.

What ends by itself holds every change of both sides: drizzle-kit is content with it, our own `check` finds no error
that no side had, and databases end as the merged schema says, with the same rows, wherever they stood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st

from drizzle_guard.drizzle.folder import Blob, Folder, read_folder
from support.campaigns import examples
from support.gitbed import Bed
from support.judges import new_errors
from support.kit_models import Model, edited, merged
from support.live import generating, servers
from support.live.bench import Bench, Project, write_schema

DIALECTS = ("sqlite", "postgresql", "mysql")
NOON = 1_700_000_000_000  # milliseconds since the epoch
START = Model({"users": {"id": "pk", "age": "int", "note": "varchar(20)"}}, {})


class Step(NamedTuple):
    """One way to bring two branches together: the command, and the branch on which it is typed."""

    on: str
    command: tuple[str, ...]


WAYS = {
    "merge the mainline": Step("feature", ("merge", "--no-edit", "main")),
    "merge the branch": Step("main", ("merge", "--no-edit", "--no-ff", "feature")),
    "rebase": Step("feature", ("rebase", "main")),
}


class History:
    """A repository in which `schema.ts` stays outside, so that only migrations meet."""

    def __init__(self, bench: Bench, directory: Path, dialect: str) -> None:
        self.bench, self.bed = bench, Bed(directory / "bed")
        self.project = bench.project(self.bed.root, dialect)
        self._clock = NOON
        self.bed.arm()
        with (self.bed.root / ".git/info/exclude").open("a") as file:
            file.write("src/\n")
        self.bed.commit("install")

    def generate(self, model: Model, name: str) -> None:
        """Commit what drizzle-kit makes of it, if it is anything."""
        _write(self.project, model)
        self._clock += 60_000
        if generating.generate(self.bench, self.project, name, when=self._clock):
            self.bed.commit(name)

    def folder(self, commit: str, directory: Path) -> Path:
        """The migrations of a commit, as a folder to migrate from."""
        for path, data in self.bed.files(commit).items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(data)
        return directory


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    yield Bench.require()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_migrations_are_those_of_the_command(bench: Bench, tmp_path: Path, dialect: str) -> None:
    """The migrations of these tests are byte for byte those of `drizzle-kit generate`, but for ids and clock."""
    written: list[dict[str, str]] = []
    for way in (bench.generate, lambda project, name: generating.generate(bench, project, name, when=NOON)):
        project = bench.project(tmp_path / str(len(written)), dialect)
        _write(project, START)
        assert way(project, "first") == "0000_first"
        second = START.tables | {
            "posts": {"id": "pk", "who": "int ->users.id:cascade", "role": "role", "kind": "varchar(9)! ='ü'"}
        }
        _write(project, Model(second, {"posts_kind": "unique posts.kind"}))
        assert way(project, "second") == "0001_second"
        assert way(project, "third") == ""
        written.append({path.name: _timeless(path.read_text("utf-8")) for path in project.folder.rglob("*.*")})
    assert written[0] == written[1]


@examples(4)
@pytest.mark.parametrize("dialect", DIALECTS)
@given(st.data())
def test_neither_side_loses_a_change(bench: Bench, dialect: str, data: st.DataObject) -> None:
    with TemporaryDirectory(prefix="kit", ignore_cleanup_errors=True) as place:
        history = History(bench, Path(place), dialect)
        base = data.draw(edited(data.draw(edited(START, dialect)), dialect))
        history.generate(base, "base")
        for number in range(data.draw(st.integers(1, 2))):
            met = _meet(history, base, data, Path(place) / str(number))
            if met is None:
                return
            base = met


def _meet(history: History, base: Model, data: st.DataObject, place: Path) -> Model | None:
    """Let two branches of main meet; what schema.ts says then, None where the meeting was refused."""
    bed, dialect = history.bed, history.project.dialect
    sides: dict[str, Model] = {}
    bed.git("branch", "-f", "feature", "main")
    bed.git("tag", "-f", "base", "main")
    for branch in ("feature", "main"):
        bed.git("checkout", "-q", branch)
        model = base
        for number in range(data.draw(st.integers(1, 3))):
            model = data.draw(edited(model, dialect))
            history.generate(model, f"{branch}{number}")
        bed.git("tag", "-f", f"{branch}-side")
        sides[branch] = model
    name = data.draw(st.sampled_from(sorted(WAYS)))
    note(f"{name}: {base} {sides}")
    wanted = merged(base, sides["main"], sides["feature"])
    bed.git("checkout", "-q", WAYS[name].on)
    done = bed.try_git(*WAYS[name].command)
    if done.code:
        event("refused" if wanted is None else "refused without need")
        assert "drizzle-guard: " in done.text, done.text
        return None
    event("merged")
    assert wanted is not None, done.text
    bed.git("checkout", "-q", "-B", "main")
    before = [bed.files(tag) for tag in ("main-side", "feature-side")]
    assert new_errors(_folder(before[0]), [_folder(files) for files in before], _blobs(bed.files("HEAD"))) == []
    _write(history.project, wanted)
    checked = history.bench.check(history.project)
    assert checked.fine and not checked.warned, checked.text
    assert generating.changes(history.bench, history.project)["statements"] == []
    _same_everywhere(history, wanted, place)
    return wanted


def _same_everywhere(history: History, wanted: Model, place: Path) -> None:
    """A database ends as schema.ts says from nothing, from the mainline and from the base; with rows, all the same."""
    bench, project = history.bench, history.project
    anew = bench.project(place / "wanted", project.dialect)
    _write(anew, wanted)
    generating.generate(bench, anew, "all", when=NOON)
    *_, schema = bench.run(_database(project, place / "wanted.db"), [{"migrate": anew}, {"schema": True}])
    base, main = (history.folder(state, place / state) for state in ("base", "main-side"))
    states: dict[str, list[dict[str, Any]]] = {
        "nothing": [],
        "base": [{"migrate": base}, *_rows_for(project, base)],
        "main": [{"migrate": base}, *_rows_for(project, base), {"migrate": main}],
    }
    looks = [{"execute": f"SELECT * FROM {_quoted(project, table)}"} for table in wanted.tables]
    held = {}
    for state, before in states.items():
        steps = [*before, {"migrate": project}, {"schema": True}, *looks]
        found = bench.run(_database(project, place / f"{state}.db"), steps)[len(before) + 1 :]
        assert found[0] == schema, state
        held[state] = found[1:]
    assert held["base"] == held["main"]


def _rows_for(project: Project, base: Path) -> list[dict[str, Any]]:
    """One row for every table of a folder's newest snapshot."""
    values = "() VALUES ()" if project.dialect == "mysql" else "DEFAULT VALUES"
    return [
        {"execute": f"INSERT INTO {_quoted(project, table)} {values}"}
        for table in generating.newest_snapshot(base)["tables"]
    ]


def _quoted(project: Project, table: str) -> str:
    mark = "`" if project.dialect == "mysql" else '"'
    return f"{mark}{table.removeprefix('public.')}{mark}"


def _timeless(text: str) -> str:
    """A file without what each making of it draws anew."""
    return re.sub(r'("(?:id|prevId)": "[-0-9a-f]{36}"|"when": \d+)', "-", text)


def _database(project: Project, file: Path) -> str:
    urls = {"mysql": servers.mysql_url, "postgresql": servers.postgres_url}
    return urls[project.dialect]() if project.dialect in urls else f"libsql:{file}"


def _write(project: Project, model: Model) -> None:
    write_schema(project, model.tables, indexes=model.indexes, enums={"role": model.roles})


def _folder(files: Mapping[str, bytes]) -> Folder:
    return read_folder("drizzle", _blobs(files))


def _blobs(files: Mapping[str, bytes]) -> dict[str, Blob]:
    return {path: Blob.of(data) for path, data in files.items()}
