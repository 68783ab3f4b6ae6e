"""What one own migration costs in a merge of thousands, without git: the core alone, in this process.

    python benchmarks/replay.py [--rounds N]

A branch and a mainline with as many migrations each, above a common base of as many again; 4,000 against 500.
"""

from __future__ import annotations

import argparse
import json
import uuid
from collections.abc import Callable
from functools import partial

from common import START, ZERO, medians, show, snapshot, timed
from drizzle_guard.drizzle.folder import Blob, Folder, read_folder
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.replay.plan import Plan
from drizzle_guard.replay.replay import plan
from drizzle_guard.replay.who_moves import establish

FEW, MANY = 500, 4_000


def history(*groups: tuple[str, int]) -> Folder:
    """Migrations that create a table each, in groups: (whose, how many)."""
    files, prev = dict[str, Blob](), ZERO
    entries: list[dict[str, object]] = []
    for whose, count in groups:
        for n in range(count):
            idx = len(entries)
            tag, when = f"{idx:05}_{whose}{n}", START + idx * 1000 + len(whose)
            entries.append({"idx": idx, "version": "7", "when": when, "tag": tag, "breakpoints": True})
            files[f"{tag}.sql"] = Blob.of(f'CREATE TABLE "{whose}{n}" ("id" integer);'.encode(), tag)
            own = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{whose}{n}"))
            files[f"meta/{idx:05}_snapshot.json"] = Blob.of(snapshot(own, prev, {}).encode())
            prev = own
    journal = {"version": "7", "dialect": "postgresql", "entries": entries}
    files[PATH] = Blob.of(json.dumps(journal, indent=2).encode(), PATH)
    return read_folder("drizzle", files)


def replay(base: Folder, main: Folder, own: Folder) -> float:
    """Seconds of deciding who moves, and of the whole plan."""

    def call() -> None:
        establish(base, own, main, main, otherwise_ours=False)
        assert isinstance(plan(base, main, own, layout=own.journal), Plan)

    return timed(call)


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 if the bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args(argv).rounds
    calls: dict[str, Callable[[], float]] = {}
    for count in (FEW, MANY):
        base = ("base", count)
        calls[str(count)] = partial(
            replay, history(base), history(base, ("main", count)), history(base, ("own", count))
        )
    found = medians(rounds, calls)
    each = [found[str(count)] / count for count in (FEW, MANY)]
    return int(not show(f"replay, time for one own migration: {MANY:,} / {FEW}", each[1] / each[0], 1.5))


if __name__ == "__main__":
    raise SystemExit(main())
