"""What the benchmarks share: environment, folders of any size, medians of interleaved runs, one line a ratio."""

from __future__ import annotations

import compileall
import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

TOOL = str(Path(sys.executable).parent / "drizzle-guard")
ENV = {
    **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "Dev",
    "GIT_AUTHOR_EMAIL": "dev@example.org",
    "GIT_COMMITTER_NAME": "Dev",
    "GIT_COMMITTER_EMAIL": "dev@example.org",
}
# a package that pip installed comes compiled; one in a checkout may not be
compileall.compile_dir(Path(__file__).resolve().parent.parent / "drizzle_guard", quiet=2)
ZERO = "00000000-0000-0000-0000-000000000000"
START = 1_700_000_000_000  # ms


def table(name: str) -> dict[str, Any]:
    """A table as a PostgreSQL snapshot holds it."""
    column = {"name": "id", "type": "integer", "primaryKey": True, "notNull": True}
    empty: dict[str, Any] = {}
    kinds = ("indexes", "foreignKeys", "compositePrimaryKeys", "uniqueConstraints", "policies", "checkConstraints")
    return {"name": name, "schema": "", "columns": {"id": column}, **dict.fromkeys(kinds, empty), "isRLSEnabled": False}


def fillers(size: int) -> dict[str, Any]:
    """Tables that make a snapshot of about `size` bytes."""
    filler = table("filler")
    count = max(1, size // (len(json.dumps(filler, indent=2)) * 5 // 4))
    return {f"public.filler{n}": {**filler, "name": f"filler{n}"} for n in range(count)}


def snapshot(id_: str, prev: str, tables: dict[str, Any]) -> str:
    """A snapshot as drizzle-kit writes it."""
    rest: dict[str, Any] = {key: {} for key in ("enums", "schemas", "sequences", "roles", "policies", "views")}
    head = {"id": id_, "prevId": prev, "version": "7", "dialect": "postgresql"}
    return json.dumps(
        {**head, "tables": tables, **rest, "_meta": {"columns": {}, "schemas": {}, "tables": {}}}, indent=2
    )


def write_folder(folder: Path, count: int, size: int, *, dialect: str = "postgresql") -> Path:
    """A sound folder of `count` migrations; snapshots have about `size` bytes each (0: there are none)."""
    (folder / "meta").mkdir(parents=True)
    prev, entries = ZERO, []
    head, tail = snapshot("ID", "PREV", fillers(size)).split('"ID"') if size else ("", "")
    for idx in range(count):
        tag = f"{idx:05}_step"
        entries.append({"idx": idx, "version": "7", "when": START + idx * 1000, "tag": tag, "breakpoints": True})
        (folder / f"{tag}.sql").write_text(f"SELECT {idx};\n")
        if size:
            own = str(uuid.UUID(int=idx + 1))
            text = f'{head}"{own}"{tail.replace(chr(34) + "PREV" + chr(34), chr(34) + prev + chr(34), 1)}'
            (folder / f"meta/{idx:05}_snapshot.json").write_text(text)
            prev = own
    journal = {"version": "7", "dialect": dialect, "entries": entries}
    (folder / "meta/_journal.json").write_text(json.dumps(journal, indent=2))
    return folder


def timed(call: Callable[[], object]) -> float:
    """Seconds of a call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def medians(rounds: int, calls: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Median of what each call returns (seconds), called by turns."""
    return {name: statistics.median(times) for name, times in _by_turns(rounds, calls).items()}


def fastest(rounds: int, calls: dict[str, Callable[[], float]]) -> dict[str, float]:
    """Least of what each call returns (seconds), called by turns: what a process costs on a machine that is free."""
    return {name: min(times) for name, times in _by_turns(rounds, calls).items()}


def _by_turns(rounds: int, calls: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(call())
    return times


def show(what: str, ratio: float, bound: float) -> bool:
    """One line of the table: what was measured, its ratio (or number), and whether the bound holds."""
    holds = ratio <= bound
    print(f"{what:66} {ratio:6.1f}   bound {bound:4.1f}   {'ok' if holds else 'MISSED'}", flush=True)
    return holds
