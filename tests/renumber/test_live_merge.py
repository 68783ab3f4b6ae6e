"""Two branches merged for real: what drizzle-kit generated, git merges, and drizzle-orm runs.

For each dialect and prefix style the bench generates one history: base, three migrations of a feature, two of main.
Each test clones it and merges some of them.  Merges with the same tree need one verdict of drizzle-kit and the
databases, so verdicts (and histories) are shared by all tests and by all processes of a run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.live import servers
from support.live.bench import Bench
from support.live.histories import History, once
from support.parts import EVERY, pairs

DIALECTS = ("postgresql", "mysql", "sqlite")
PREFIXES = ("index", "timestamp")
SHAPES = [(2, 2), (1, 1), (3, 1)]
WAYS = ["main into feature", "feature into main", "pull on main", "pull into feature"]
BY_HAND = [f"without hooks, {WAYS[0]}", f"by hand, {WAYS[0]}", f"by hand, {WAYS[1]}"]


# ---------------------------------------------------------------- the merge


class Merge:
    """A clone of a history in which the feature's first `own` migrations meet main's first `other` ones."""

    def __init__(self, history: History, directory: Path, own: int, other: int) -> None:
        self.history, self.own, self.other = history, own, other
        self.names = {"main": f"main{other}", "feature": f"feature{own}"}
        origin = history.bed.at(directory / "origin.git")
        history.bed.git("clone", "-q", "--bare", str(history.bed.root), str(origin.root))
        for branch, tag in self.names.items():
            origin.git("update-ref", f"refs/heads/{branch}", tag)
        origin.git("symbolic-ref", "HEAD", "refs/heads/main")
        self.bed = history.bed.at(directory / "clone")
        origin.git("clone", "-q", str(origin.root), str(self.bed.root))
        self.bed.git("branch", "-q", "feature", "origin/feature")
        self.project = history.project.at(self.bed.root)

    def command(self, way: str) -> tuple[str, ...]:
        """Check out what is needed; the command that merges."""
        if way.endswith("into feature"):
            self.bed.git("checkout", "-q", "feature")
        if way == "pull on main":  # somebody works on main itself and has not pushed yet
            self.bed.git("reset", "-q", "--hard", self.names["feature"])
        return {
            "main into feature": ("merge", "--no-edit", "main"),
            "feature into main": ("merge", "--no-edit", "feature"),
            "pull on main": ("pull", "--no-rebase", "--no-edit"),
            "pull into feature": ("pull", "--no-rebase", "--no-edit", "origin", "main"),
        }[way]


def assert_merged(bench: Bench, merge: Merge, ours: str) -> None:
    """HEAD is one merge commit with a canonical folder, and drizzle agrees."""
    bed, names = merge.bed, merge.names
    assert bed.git("status", "--porcelain", "-uall") == ""
    parents = bed.git("log", "-1", "--format=%P").split()
    assert parents[0] == ours and len(parents) == 2
    base, main, merged = bed.files("base"), bed.files(names["main"]), bed.files("HEAD")
    own = {path: data for path, data in bed.files(names["feature"]).items() if path not in base}

    # the mainline's migrations are untouched
    journal = "meta/_journal.json"
    assert {path: merged[path] for path in main if path != journal} == {
        path: data for path, data in main.items() if path != journal
    }
    entries = merge.project.journal()["entries"]
    mainline = journal_of(main)
    assert entries[: len(mainline)] == mainline

    # the feature's are behind them: in their order, with their bytes
    moved = entries[len(mainline) :]
    assert [entry["tag"].partition("_")[2] for entry in moved] == [f"feature{n + 1}" for n in range(merge.own)]
    assert [merged[f"{entry['tag']}.sql"] for entry in moved] == [
        data for path, data in sorted(own.items()) if path.endswith(".sql")
    ]
    assert [entry["idx"] for entry in entries] == list(range(len(entries)))
    whens = [int(entry["when"]) for entry in entries]
    assert whens == sorted(set(whens))
    assert len(merged) == 1 + 2 * len(entries)

    with once(merge.history.verdicts / bed.git("rev-parse", "HEAD^{tree}")) as first:
        if first:
            assert_drizzle_agrees(bench, merge, whens)


def journal_of(files: dict[str, bytes]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(files["meta/_journal.json"])["entries"]
    return entries


def assert_drizzle_agrees(bench: Bench, merge: Merge, whens: list[int]) -> None:
    """drizzle-kit finds nothing to say, and every database that was deployed earlier ends in the same schema."""
    project, directory = merge.project, merge.bed.root.parent
    outcome = bench.check(project)
    assert outcome.fine and not outcome.warned, outcome.text
    assert bench.generate_says_no_changes(project)

    # what the merged schema.ts means: generated at once
    wanted = bench.project(directory / "wanted", project.dialect)
    wanted.schema_file.write_bytes(project.schema_file.read_bytes())
    bench.generate(wanted, "all")
    steps: list[dict[str, Any]] = [{"migrate": wanted}, {"schema": True}]
    states = (None, merge.names["main"], "base")
    for state in states:
        steps.append({"open": database(merge, directory / f"{state}.db")})
        if state is not None:
            folder = directory / state
            for path, data in merge.bed.files(state).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            steps.append({"migrate": folder})
        steps += [{"migrate": project}, {"rows": True}, {"schema": True}]
    results = bench.run(database(merge, directory / "wanted.db"), steps)
    schema, *found = (result for result, step in zip(results, steps, strict=True) if "schema" in step)
    rows = [result for result, step in zip(results, steps, strict=True) if "rows" in step]
    assert [[int(row["created_at"]) for row in each] for each in rows] == [whens] * len(states)
    assert found == [schema] * len(states)


def database(merge: Merge, file: Path) -> str:
    """A new database.  Both kinds of PostgreSQL get their turn; PGlite costs ten times more, so it gets one shape."""
    project = merge.project
    if project.dialect == "mysql":
        return servers.mysql_url()
    if project.dialect == "sqlite":
        return f"libsql:{file}"
    pglite = project.prefix == "index" and (merge.own, merge.other) == (2, 2)
    return f"pglite:{file}" if pglite else servers.postgres_url()


# ---------------------------------------------------------------- tests

Find = Callable[[str, str], History]


def histories_and_ways() -> list[tuple[Any, ...]]:
    """Pairs of dialect, prefix and shape, the ways in turn: how git calls us has no part in what the folder holds."""
    ways = [*WAYS, *BY_HAND]
    if EVERY:
        return pairs(DIALECTS, PREFIXES, SHAPES, ways)
    return [(*history, ways[n % len(ways)]) for n, history in enumerate(pairs(DIALECTS, PREFIXES, SHAPES))]


@pytest.mark.parametrize(("dialect", "prefix", "shape", "how"), histories_and_ways())
def test_merge(
    bench: Bench, history: Find, tmp_path: Path, dialect: str, prefix: str, shape: tuple[int, int], how: str
) -> None:
    """Armed, one command makes one merge commit; else a conflict, `renumber`, `git commit`: the same end."""
    merge = Merge(history(dialect, prefix), tmp_path, *shape)
    way = how.removeprefix("by hand, ").removeprefix("without hooks, ")
    if how.startswith("without hooks"):
        assert merge.bed.call("install", "--no-hooks").code == 0
    elif how == way:
        merge.bed.arm()
    command = merge.command(way)
    ours = merge.bed.git("rev-parse", "HEAD")
    if how == way:
        merge.bed.git(*command)
    else:
        done = merge.bed.try_git(*command)
        assert done.code == 1 and "drizzle/meta/_journal.json:2" in merge.bed.stages(), done.text
        renumbered = merge.bed.call("renumber")
        assert renumbered.code == 0, renumbered.text
        merge.bed.git("commit", "-q", "--no-edit")
    assert_merged(bench, merge, ours)


@pytest.mark.parametrize("dialect", DIALECTS if EVERY else DIALECTS[:1])
def test_schema_conflicts_too(bench: Bench, history: Find, tmp_path: Path, dialect: str) -> None:
    """The usual case: the user resolves schema.ts and types `git commit`."""
    merge = Merge(history(dialect, "index"), tmp_path, 2, 2)
    bed = merge.bed
    bed.arm()
    for branch in ("main", "feature"):
        bed.git("checkout", "-q", branch)
        text = merge.project.schema_file.read_text()
        merge.project.schema_file.write_text(f"// as {branch} has it\n{text}")
        bed.commit(f"comment of {branch}")
    ours = bed.git("rev-parse", "HEAD")
    assert bed.try_git("merge", "main").code == 1
    assert {path.partition(":")[0] for path in bed.stages()} == {"src/schema.ts"}
    lines = merge.project.schema_file.read_text().splitlines(keepends=True)
    merge.project.schema_file.write_text("".join(x for x in lines if x[:7] not in ("<<<<<<<", "=======", ">>>>>>>")))
    bed.git("add", "src/schema.ts")
    bed.git("commit", "-q", "--no-edit")
    assert_merged(bench, merge, ours)
