"""What `drizzle-guard check` costs: against `drizzle-kit check`, at 10,000 migrations, and in memory.

    python benchmarks/check.py [--rounds N]

On 300 migrations with snapshots of 300 kB it is compared with the real `drizzle-kit check` (from npm, as the live
tests have it; left out, and said so, where there is no node).  Time for one migration at 10,000 against 1,000 is
above the time of a folder with one; memory is the peak of the process at 3,000 migrations against 300.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from common import ENV, TOOL, medians, show, timed, write_folder

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.live.bench import Bench, Project

CONFIG = 'export default { dialect: "postgresql", schema: "./schema.ts", out: "./drizzle" };\n'


def project(root: Path, count: int, size: int) -> Project:
    """A project with a sound folder, for both tools."""
    write_folder(root / "drizzle", count, size)
    (root / "drizzle.config.ts").write_text(CONFIG)
    (root / "schema.ts").write_text("export {};\n")
    return Project(root, "postgresql")


def check(place: Project) -> float:
    """Seconds of our whole process."""
    return timed(lambda: subprocess.run((TOOL, "check"), cwd=place.path, env=ENV, check=True, capture_output=True))


def kit(bench: Bench, place: Project) -> float:
    """Seconds of drizzle-kit's whole process."""

    def call() -> None:
        outcome = bench.check(place)
        assert outcome.fine, outcome.text

    return timed(call)


def peak(place: Project) -> int:
    """The most memory that our process held, in the system's unit; measured from a child that has no other."""
    pid = os.fork()
    if not pid:
        with open(os.devnull, "wb") as silent:
            os.dup2(silent.fileno(), 1)
        os.chdir(place.path)
        os.execve(TOOL, (TOOL, "check"), ENV)
    _, code, usage = os.wait4(pid, 0)
    assert code == 0, code
    return usage.ru_maxrss


def against_kit(top: Path, rounds: int) -> bool:
    """Both tools on one folder."""
    place = project(top / "kit", 300, 300_000)
    try:
        bench = Bench.require()
    except (pytest.skip.Exception, pytest.fail.Exception) as lack:
        print(f"check / drizzle-kit check, 300 migrations of 300 kB: left out, {lack.msg}")
        return True
    found = medians(rounds, {"kit": lambda: kit(bench, place), "check": lambda: check(place)})
    shutil.rmtree(place.path)
    return show("check / drizzle-kit check, 300 migrations of 300 kB", found["check"] / found["kit"], 1)


def at_scale(top: Path, rounds: int) -> bool:
    """Time for one migration, and memory."""
    places = {n: project(top / f"n{n}", n, 5_000) for n in (1, 1_000, 10_000)}
    found = medians(rounds, {str(n): (lambda place=place: check(place)) for n, place in places.items()})  # type: ignore[misc]
    each = [(found[str(n)] - found["1"]) / n for n in (1_000, 10_000)]
    ok = show("check, time for one migration: 10,000 / 1,000", each[1] / each[0], 1.2)
    few, many = (peak(project(top / f"m{n}", n, 100_000)) for n in (300, 3_000))
    return ok & show("check, peak memory: 3,000 migrations of 100 kB / 300", many / few, 1.5)


def run(rounds: int) -> bool:
    """Measure and print; whether the bounds hold."""
    with tempfile.TemporaryDirectory() as directory:
        ok = against_kit(Path(directory), rounds)
        return at_scale(Path(directory), rounds) and ok


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    return int(not run(parser.parse_args(argv).rounds))


if __name__ == "__main__":
    raise SystemExit(main())
