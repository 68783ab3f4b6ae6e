"""What the native program costs at a call of git, against node, which it stands in for.

    python benchmarks/native.py [--rounds N] [--program FILE]

The merge driver's process against `node -e 0`, called by turns; the fastest round of each.  Without `--program` the
native program is built first (`npm/build.py`), which takes a minute.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import merge
from common import fastest, show, timed

BUILD = Path(__file__).resolve().parent.parent / "npm/build.py"


def built(out: Path) -> Path:
    """The native program of this platform, built."""
    argv = [sys.executable, str(BUILD), "--native", "--out", str(out)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    return Path(done.stdout.strip().split("\n")[-1], "bin/drizzle-guard")


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--program", type=Path)
    args = parser.parse_args(argv)
    node = shutil.which("node")
    if node is None:
        print("not measured: there is no node here")
        return 0
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory)
        program = args.program or built(top / "npm")
        small = merge.collide(top / "small", 1, 5_000)
        call = merge.driver_call(small, str(program.resolve()))
        found = fastest(
            args.rounds,
            {
                "node": lambda: timed(lambda: merge.run(small, node, "-e", "0")),
                "native": lambda: timed(lambda: call(small)),
            },
        )
        return int(not show("native merge driver / node -e 0", found["native"] / found["node"], 1.5))


if __name__ == "__main__":
    raise SystemExit(main())
