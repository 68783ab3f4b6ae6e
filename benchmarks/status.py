"""What `drizzle-guard status` adds to connecting, where 10,000 migrations have run.

    python benchmarks/status.py [--rounds N]

Real PostgreSQL and MariaDB (temporary servers, as the live tests start them) and a SQLite file.  The whole process on
10,000 migrations and rows is compared with the whole process on one, which starts and connects just the same.  A
database whose server is not installed is named and left out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

import pytest

from common import ENV, START, TOOL, medians, show, timed, write_folder

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from drizzle_guard.database.row_sql import Names
from support.databases import KINDS, Place

COUNT = 10_000
BOUND = 1.0  # seconds
BATCH = 500


def deployed(root: Path, kind: str, count: int) -> Place:
    """A folder of `count` migrations, and a database on which all of them ran."""
    root.mkdir(parents=True)
    place = Place(root, kind)
    write_folder(place.folder, count, 0, dialect=kind)
    names = Names(kind, "drizzle", "__drizzle_migrations")
    rows = [f"('{sha256(f'SELECT {n};{chr(10)}'.encode()).hexdigest()}', {START + n * 1000})" for n in range(count)]
    head = f"INSERT INTO {names.quoted} (hash, created_at) VALUES "
    inserts = [head + ", ".join(rows[n : n + BATCH]) for n in range(0, count, BATCH)]
    place.run(*names.create(named=False), *inserts)
    return place


def status(place: Place) -> float:
    """Seconds of the whole process, which must find everything in step."""
    argv = (TOOL, "status", "--format", "json", "--url", place.url)

    def call() -> None:
        done = subprocess.run(argv, cwd=place.path, env=ENV, check=False, capture_output=True)
        assert done.returncode == 0, done

    return timed(call)


def run(rounds: int) -> bool:
    """Measure and print; whether the bounds hold."""
    ok = True
    with tempfile.TemporaryDirectory() as directory:
        for kind in KINDS:
            try:
                few, many = (deployed(Path(directory, kind, str(n)), kind, n) for n in (1, COUNT))
            except pytest.skip.Exception as lack:
                print(f"status, {kind}: left out, {lack.msg}")
                continue
            found = medians(rounds, {"few": lambda: status(few), "many": lambda: status(many)})  # noqa: B023
            what = f"status, {kind}, {COUNT:,} rows: s above connecting"
            ok &= show(what, found["many"] - found["few"], BOUND)
    return ok


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    return int(not run(parser.parse_args(argv).rounds))


if __name__ == "__main__":
    raise SystemExit(main())
