"""How long the random tests look: a fixed sample in the default run, as long as you like in a campaign.

    python -m support.campaigns [--examples 5000] [NAME...]     (in tests/, or with PYTHONPATH=tests)

Without names it runs all of them.  A campaign draws new examples each time and prints what repeats a failure; the
default run draws the same ones each time, so that a red run means a change.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from hypothesis import HealthCheck, settings

from support.parts import PROJECT

VARIABLE = "DRIZZLE_GUARD_EXAMPLES"

CAMPAIGNS = {
    "core": ("tests/replay/test_properties.py", "random histories in the bare core"),
    "walks": ("tests/renumber/test_random_walks.py", "random merges, rebases, picks and reverts with real git"),
    "rows": ("tests/database/test_database_random.py", "any rows in the migrations table"),
    "settings": ("tests/house/test_settings_random.py", "any bytes in settings and attributes, any arguments"),
    "texts": ("tests/drizzle tests/sql tests/protect/test_forbidden.py tests/database/test_rows.py", "JSON, SQL, rows"),
}
"""Each campaign: its tests, and what they draw.  `support/fuzz_bytes.py` is one more, with a clock of its own."""


def load_profile() -> None:
    """Let every random test draw the same examples each time; in a campaign, new ones and as many as asked for."""
    wanted = os.environ.get(VARIABLE)
    settings.register_profile(
        "campaign" if wanted else "fixed",
        max_examples=int(wanted) if wanted else 100,
        derandomize=not wanted,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("campaign" if wanted else "fixed")


def examples(default: int, *, share: int = 1) -> settings:
    """Settings for a random test: `default` examples, in a campaign one `share`th of the number asked for."""
    wanted = os.environ.get(VARIABLE)
    return settings(max_examples=max(10, int(wanted) // share) if wanted else default)


def main(argv: Sequence[str] | None = None) -> int:
    """Run campaigns; the exit code of pytest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CAMPAIGNS))
    parser.add_argument("--examples", type=int, default=5000, help="for each test (default: %(default)s)")
    options = parser.parse_args(argv)
    if unknown := set(options.names) - set(CAMPAIGNS):
        parser.error(f"no campaign {', '.join(sorted(unknown))}")
    tests = [path for name in options.names or CAMPAIGNS for path in CAMPAIGNS[name][0].split()]
    env = {**os.environ, VARIABLE: str(options.examples)}
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *tests], cwd=PROJECT, env=env).returncode


if __name__ == "__main__":
    raise SystemExit(main())
