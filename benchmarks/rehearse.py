"""Rehearse 300 migrations: on PostgreSQL as a multiple of their own time, on SQLite in seconds of CPU, and in memory.

The PostgreSQL row is three starting points (empty, at the mainline's state, at the merge base's) against the 300
migrations run once on the same private server; the start of the server is a row of its own.  Memory is the peak of a
process that rehearses 3,000 migrations on SQLite, each with 20 kB of SQL, against one that rehearses 300.
"""

from __future__ import annotations

import argparse
import os
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

COUNT, BASE, MAINLINE = 300, -20, -10
BOUND, SECONDS, START, MEMORY = 3.0, 1.0, 1.0, 1.5


def steps(count: int = COUNT, padding: int = 0) -> tuple[Step, ...]:
    """Migrations of two statements each, with so many bytes of comment."""
    return tuple(Step(f"{n:04}_step", 1000 * (n + 1), str(n), partial(_sql, n, padding)) for n in range(count))


def _sql(n: int, padding: int) -> str:
    """The schema grows with each of them; with padding it does not, so that memory is that of the migrations alone."""
    second = f"drop table t{n}; -- {'x' * padding}" if padding else f"create index i{n} on t{n} (name);"
    return f"create table t{n} (id int, name text);\n--> statement-breakpoint\n{second}"


def source(kind: str, count: int = COUNT, padding: int = 0) -> Source:
    """A folder in memory, and three states to start from."""
    whole = Version(steps(count, padding))
    starts = (
        Start("empty", "empty", Version(())),
        Start("base", "base", whole.until(count + BASE)),
        Start("mainline", "mainline", whole.until(count + MAINLINE)),
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


def peak(count: int) -> int:
    """The most memory of a process that rehearses so many migrations, in the system's unit."""
    pid = os.fork()
    if not pid:
        family = next(family for family in FAMILIES if family.name == "better-sqlite3")
        names = Names("sqlite", "drizzle", "__drizzle_migrations")
        with ExitStack() as ended:
            engine = open_engine("sqlite", family, Wishes(None, (), 60, None, names.table, names.schema))
            ended.callback(engine.close)
            done = rehearse(source("sqlite", count, 20_000), engine, family, (), names, lambda: bool, _tick)
        os._exit(0 if done.good else 1)
    _, code, usage = os.wait4(pid, 0)
    assert code == 0, code
    return usage.ru_maxrss


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args(sys.argv[1:] if argv is None else argv).rounds
    memory = peak(10 * COUNT) / peak(COUNT)
    print(f"peak memory, {10 * COUNT:,} SQLite migrations of 20 kB / {COUNT}: {memory:.2f} (at most {MEMORY:g})")
    held = [memory <= MEMORY]
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
