"""Four times as many migrations take four times as much work: counted in steps of the interpreter, not in seconds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from drizzle_guard.database.evidence import Evidence
from drizzle_guard.database.families import families_of
from drizzle_guard.database.hashes import file_hash
from drizzle_guard.database.next_migrate import next_migrate
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.verdicts import Comparison, Row, Table, compare
from drizzle_guard.database.world import empty_catalog
from drizzle_guard.drizzle.folder import Blob, Folder, Migration, read_folder
from drizzle_guard.drizzle.journal import PATH, Entry
from drizzle_guard.replay.plan import Plan
from drizzle_guard.replay.replay import plan
from drizzle_guard.replay.who_moves import establish

FEW, TIMES = 60, 4
#: what is over four times; one quadratic step for each pair of migrations gives far more
SLACK = 1.15


def steps(work: Callable[[], object]) -> int:
    """How many steps the interpreter takes."""
    count = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def is_linear(of: Callable[[int], Callable[[], object]]) -> None:
    """`of` sets up the work on so many migrations."""
    of(FEW * TIMES)()  # what is imported late, and what is kept
    few, many = steps(of(FEW)), steps(of(FEW * TIMES))
    assert many <= few * TIMES * SLACK, f"{many / few:.1f} times the work for {TIMES} times as many"


def history(*groups: tuple[str, int]) -> Folder:
    """Migrations that create a table each, in groups: (whose, how many)."""
    files = dict[str, Blob]()
    entries, prev = list[dict[str, Any]](), "0" * 8
    for whose, count in groups:
        for n in range(count):
            idx, id_ = len(entries), f"{whose}-{n}"
            tag = f"{idx:05}_{whose}{n}"
            entries.append({"idx": idx, "version": "7", "when": 1000 * idx + len(whose), "tag": tag})
            files[f"{tag}.sql"] = Blob.of(f'CREATE TABLE "{whose}{n}" ("id" integer);'.encode(), tag)
            body = {"id": id_, "prevId": prev, "version": "7", "dialect": "postgresql", "tables": {}}
            files[f"meta/{idx:05}_snapshot.json"] = Blob.of(json.dumps(body).encode())
            prev = id_
    files[PATH] = Blob.of(json.dumps({"version": "7", "dialect": "postgresql", "entries": entries}).encode())
    return read_folder("drizzle", files)


@pytest.mark.parametrize("base", [0, 1])
def test_replay_of_own_migrations(base: int) -> None:
    def of(count: int) -> Callable[[], object]:
        start = ("base", base * count)
        old, main, own = history(start), history(start, ("main", count)), history(start, ("own", count))

        def work() -> None:
            establish(old, own, main, main, otherwise_ours=False)
            assert isinstance(plan(old, main, own, layout=own.journal), Plan)

        return work

    is_linear(of)


def _lost(hashes: list[str]) -> list[Row]:
    return []


def _hidden(hashes: list[str]) -> list[Row]:
    """Somebody's row far in the future."""
    return [Row(1, "x", 10**9, 1)]


def _half(hashes: list[str]) -> list[Row]:
    return [Row(n, found, 1000 + n, n) for n, found in enumerate(hashes[: len(hashes) // 2])]


def _strays(hashes: list[str]) -> list[Row]:
    return [Row(n, f"{n:064}", 10**9 + n, n) for n in range(len(hashes))]


def _again(hashes: list[str]) -> list[Row]:
    return [Row(0, "", None, 0), *(Row(n, found, 1000 + n, n) for n, found in enumerate(hashes, 1))]


def _renumbered(hashes: list[str]) -> list[Row]:
    return [Row(n, found, n, n) for n, found in enumerate(hashes)]


@pytest.mark.parametrize("rows", [_lost, _hidden, _half, _strays, _again, _renumbered])
@pytest.mark.parametrize("there", [True, False])
def test_status(rows: Callable[[list[str]], list[Row]], there: bool) -> None:
    """Every second migration drops what the one before it made; `there`: the database holds it all."""

    def of(count: int) -> Callable[[], object]:
        texts = [
            f'{"DROP" if n % 2 else "CREATE"} TABLE "t{n // 2}"' + ("" if n % 2 else "(id int)") for n in range(count)
        ]
        folder = [
            Migration(Entry({}, f"{n:05}_x", n, 1000 + n), Blob.of(t.encode()), None) for n, t in enumerate(texts)
        ]
        table = Table(True, nulls_first=True).with_rows(rows([file_hash(text.encode()) for text in texts]))
        catalog = empty_catalog("postgresql")
        for n in range(count // 2 if there else 0):
            catalog.world.put(("table", "public", f"t{n}", ""), {"owned": "yes"})
            catalog.world.put(("column", "public", f"t{n}", "id"), {"type": "integer"})

        def work() -> Comparison:
            found = Evidence(compare(folder, table), catalog).judged()
            next_migrate(found, catalog, families_of("postgresql"), str, Names("postgresql", "drizzle", "rows"))
            return found

        return work

    is_linear(of)
