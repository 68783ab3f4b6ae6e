"""Every benchmark in order, as one table of ratios and their bounds.

    python benchmarks/all.py [--quick] [NAME ...]

NAME is one of protect, merge, native, check, branches, status, rehearse, replay (default: all).  With `--quick` there
are few rounds, and the merges of large repositories are left out.  The exit code is 1 if a bound does not hold.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import branches
import check
import merge
import native
import protect
import rehearse
import replay
import status

ALL: dict[str, Callable[[list[str]], int]] = {
    "protect": protect.main,
    "merge": merge.main,
    "native": native.main,
    "check": check.main,
    "branches": branches.main,
    "status": status.main,
    "rehearse": rehearse.main,
    "replay": replay.main,
}


def main() -> int:
    """Measure and print; returns 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *ALL], metavar="NAME")
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    codes: list[int] = []
    for name in args.names or ALL:
        options = ["--rounds", "3"] if args.quick else []
        codes.append(ALL[name]([*options, *(["--quick"] if args.quick and name == "merge" else [])]))
    return max(codes)


if __name__ == "__main__":
    raise SystemExit(main())
