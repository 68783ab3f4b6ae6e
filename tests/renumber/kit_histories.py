"""Random histories of drizzle-kit's own making: two branches edit schema.ts, generate, and are merged by real git.

A merge that ends by itself holds every change of both sides: drizzle-kit is content with it, and the databases of
three starting points end as the merged schema says.  A campaign (`python -m support.campaigns kit`), for it takes a
minute for each example: no part of the default run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import event, given, note
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from support.campaigns import examples
from support.gitbed import Bed
from support.live import servers
from support.live.bench import Bench, Project, write_schema

TABLES = ("users", "posts", "tags")
COLUMNS = ("age", "kind", "note", "size")
TYPES = ("int", "int! =3", "varchar(20)", "varchar(20)! ='a'", "bool")


class Model(NamedTuple):
    """What schema.ts says, as `write_schema` takes it."""

    tables: dict[str, dict[str, str]]
    indexes: dict[str, str]


@st.composite
def edited(draw: DrawFn, start: Model) -> Model:
    """One change of one table, so that drizzle-kit has no renaming to ask about."""
    tables = {name: dict(columns) for name, columns in start.tables.items()}
    indexes = dict(start.indexes)
    name = draw(st.sampled_from(TABLES))
    if name not in tables:
        tables[name] = {"id": "pk", draw(st.sampled_from(COLUMNS)): draw(st.sampled_from(TYPES))}
        return Model(tables, indexes)
    columns = tables[name]
    there = [column for column in columns if column != "id"]
    missing = [column for column in COLUMNS if column not in columns]
    kind = draw(st.sampled_from(["add", "add", "index", "type", "lose", "drop", "unindex"]))
    if kind == "add" and missing:
        columns[draw(st.sampled_from(missing))] = draw(st.sampled_from(TYPES))
    elif kind == "type" and (numbers := [column for column in there if columns[column].startswith("int")]):
        columns[draw(st.sampled_from(numbers))] = "varchar(20)"  # the other way PostgreSQL asks for USING
    elif kind == "index" and there:
        column = draw(st.sampled_from(there))
        unique = draw(st.sampled_from(["", "", "unique "]))
        indexes.setdefault(f"{name}_{column}", f"{unique}{name}.{column}")
    elif kind == "unindex" and (mine := [i for i in indexes if i.startswith(f"{name}_")]):
        del indexes[draw(st.sampled_from(mine))]
    elif kind == "drop" and len(tables) > 1:
        del tables[name]
        indexes = {i: on for i, on in indexes.items() if not i.startswith(f"{name}_")}
    elif kind == "lose" and there:
        column = draw(st.sampled_from(there))
        del columns[column]
        indexes.pop(f"{name}_{column}", None)
    return Model(tables, indexes)


def merged(base: Model, main: Model, own: Model) -> Model | None:
    """What both sides want; None where they want different things of one column or table."""
    tables: dict[str, dict[str, str]] = {}
    for name in TABLES:
        old, one, other = (model.tables.get(name) for model in (base, main, own))
        if one == other or other == old:
            found = one
        elif one == old:
            found = other
        elif one is None or other is None:
            return None
        else:
            found = {}
            for column in ("id", *COLUMNS):
                was, mine, theirs = ((side or {}).get(column) for side in (old, one, other))
                if mine != theirs and was not in (mine, theirs):
                    return None
                now = theirs if mine == was else mine
                if now is not None:
                    found[column] = now
        if found is not None:
            tables[name] = found
    indexes = {}
    for name in {**base.indexes, **main.indexes, **own.indexes}:
        was, mine, theirs = (model.indexes.get(name) for model in (base, main, own))
        if mine != theirs and was not in (mine, theirs):
            return None
        now = theirs if mine == was else mine
        if now is not None:
            indexes[name] = now
    return Model(tables, indexes)


class History:
    """A repository in which `schema.ts` stays outside, so that only migrations meet."""

    def __init__(self, bench: Bench, directory: Path, dialect: str) -> None:
        self.bench, self.bed = bench, Bed(directory / "bed")
        self.project = bench.project(self.bed.root, dialect)
        self.bed.arm()
        with (self.bed.root / ".git/info/exclude").open("a") as file:
            file.write("src/\n")
        self.bed.commit("install")

    def generate(self, model: Model, name: str) -> bool:
        """Commit what drizzle-kit makes of it; whether that is anything."""
        write_schema(self.project, model.tables, indexes=model.indexes)
        made = bool(self.bench.generate(self.project, name))
        if made:
            self.bed.commit(name)
        return made

    def folder(self, commit: str, directory: Path) -> Path:
        """The migrations of a commit, as a folder to migrate from."""
        for path, data in self.bed.files(commit).items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(data)
        return directory


def _database(project: Project, file: Path) -> str:
    urls = {"mysql": servers.mysql_url, "postgresql": servers.postgres_url}
    return urls[project.dialect]() if project.dialect in urls else f"libsql:{file}"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    yield Bench.require()


@examples(3)
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql"])
@given(st.data())
def test_neither_side_loses_a_change(bench: Bench, dialect: str, data: st.DataObject) -> None:
    start = Model({"users": {"id": "pk", "age": "int", "note": "varchar(20)"}}, {})
    base = data.draw(edited(data.draw(edited(start))))
    with TemporaryDirectory(prefix="kit", ignore_cleanup_errors=True) as place:
        history = History(bench, Path(place), dialect)
        bed = history.bed
        assert history.generate(base, "base")
        sides = []
        for branch in ("feature", "main"):
            bed.git("checkout", "-q", *(["-b", branch] if branch == "feature" else [branch]))
            model = base
            for n in range(data.draw(st.integers(1, 2))):
                model = data.draw(edited(model))
                history.generate(model, f"{branch}{n}")
            note(f"{branch}: {model}")
            sides.append(model)
        bed.git("tag", "base", bed.git("merge-base", "main", "feature"))
        bed.git("checkout", "-q", "feature")
        done = bed.try_git("merge", "--no-edit", "main")
        if done.code:
            event("refused")
            assert "drizzle-guard: drizzle: " in done.err, done.text
            return
        event("merged")
        wanted = merged(base, sides[1], sides[0])
        assert wanted is not None, done.text
        write_schema(history.project, wanted.tables, indexes=wanted.indexes)
        checked = bench.check(history.project)
        assert checked.fine and not checked.warned, checked.text
        assert bench.generate_says_no_changes(history.project)
        _same_everywhere(history, wanted, Path(place))


def _same_everywhere(history: History, wanted: Model, place: Path) -> None:
    bench, project = history.bench, history.project
    anew = bench.project(place / "wanted", project.dialect)
    write_schema(anew, wanted.tables, indexes=wanted.indexes)
    bench.generate(anew, "all")
    *_, schema = bench.run(_database(project, place / "wanted.db"), [{"migrate": anew}, {"schema": True}])
    for state in ("", "main", "base"):
        before: list[dict[str, Any]] = [{"migrate": history.folder(state, place / state)}] if state else []
        steps = [*before, {"migrate": project}, {"schema": True}]
        *_, found = bench.run(_database(project, place / f"{state}.db"), steps)
        assert found == schema, state or "an empty database"
