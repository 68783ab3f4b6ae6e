"""Rehearse 300 migrations: on PostgreSQL as a multiple of their own time, on SQLite in seconds of CPU.

The PostgreSQL row is three starting points (empty, at the mainline's state, at the merge base's) against the 300
migrations run once on the same private server; the start of the server is a row of its own.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from drizzle_guard.database.families import FAMILIES, Family
from drizzle_guard.database.row_sql import Names
from drizzle_guard.rehearse.engine import Engine
from drizzle_guard.rehearse.migrator import migrate, prepare
from drizzle_guard.rehearse.places import Wishes, open_engine
from drizzle_guard.rehearse.run import rehearse
from drizzle_guard.rehearse.sources import Source
from drizzle_guard.rehearse.states import Start, Step, Version

COUNT, BASE, MAINLINE = 300, 280, 290
BOUND, SECONDS, START = 3.0, 1.0, 1.0


def steps() -> tuple[Step, ...]:
    """Migrations of two statements each."""
    return tuple(Step(f"{n:04}_step", 1000 * (n + 1), str(n), partial(_sql, n)) for n in range(COUNT))


def _sql(n: int) -> str:
    return f"create table t{n} (id int, name text);\n--> statement-breakpoint\ncreate index i{n} on t{n} (name);"


def source(kind: str) -> Source:
    """A folder in memory, and three states to start from."""
    whole = Version(steps())
    starts = (
        Start("empty", "empty", Version(())),
        Start("base", "base", whole.until(BASE)),
        Start("mainline", "mainline", whole.until(MAINLINE)),
    )
    return Source("drizzle", Path(), kind, kind, whole, starts, None, ())


def _tick() -> None:
    """Nobody looks."""


def once(engine: Engine, family: Family, names: Names) -> float:
    """Seconds for the migrations alone."""
    session = engine.new()
    prepare(session, names, by_name=False)
    begun = time.perf_counter()
    failure = migrate(session, steps(), family, names, by_name=False, tick=_tick)
    took = time.perf_counter() - begun
    session.drop()
    assert failure is None
    return took


def whole(engine: Engine, family: Family, names: Names) -> None:
    """The rehearsal."""
    done = rehearse(source(names.kind), engine, family, (), names, lambda: bool, _tick)
    assert done.good


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args(sys.argv[1:] if argv is None else argv).rounds
    held = []
    for kind, name in (("sqlite", "better-sqlite3"), ("postgresql", "node-postgres")):
        family = next(family for family in FAMILIES if family.name == name)
        names = Names(kind, "drizzle", "__drizzle_migrations")
        wishes = Wishes(None, (), 60, None, names.table, names.schema)
        with ExitStack() as ended:
            begun = time.perf_counter()
            engine = open_engine(kind, family, wishes)
            started = time.perf_counter() - begun
            ended.callback(engine.close)
            clock = time.process_time if kind == "sqlite" else time.perf_counter
            alone, all_ = [], []
            for _ in range(rounds):
                alone.append(once(engine, family, names))
                begun = clock()
                whole(engine, family, names)
                all_.append(clock() - begun)
        ratio, seconds = statistics.median(a / b for a, b in zip(all_, alone, strict=True)), statistics.median(all_)
        if kind == "sqlite":
            held.append(seconds <= SECONDS)
            print(f"{COUNT} SQLite migrations, 3 starting points: {seconds:.2f} s (at most {SECONDS:g})")
        else:
            held += [ratio <= BOUND, started <= START]
            print(f"{COUNT} PostgreSQL migrations, 3 starting points: {ratio:.2f} × themselves (at most {BOUND:g})")
            print(f"start of the private server: {started:.2f} s (at most {START:g})")
    return 0 if all(held) else 1


if __name__ == "__main__":
    raise SystemExit(main())
