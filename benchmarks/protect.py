"""How long `drizzle-guard protect` takes for a commit without migrations, against `python -c pass`.

    python benchmarks/protect.py [--rounds N]

Builds three repositories (ten files, 10,000 migrations, 100,000 files), stages a change of one source file in each,
and runs the hook's whole process and a bare Python by turns.  Prints medians and ratios, and whether the bound holds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BOUND = 5.0
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


def build(root: Path, *, files: int, migrations: int) -> Path:
    """A repository with one staged change of a source file; it is armed, as a clone with hooks is."""
    (root / "drizzle/meta").mkdir(parents=True)
    for n in range(files):
        path = root / f"src/d{n // 100}/f{n}.ts"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"export const n = {n};\n")
    entries = [
        {"idx": n, "version": "7", "when": n + 1, "tag": f"{n:04}_x", "breakpoints": True} for n in range(migrations)
    ]
    for entry in entries:
        (root / f"drizzle/{entry['tag']}.sql").write_text(f"select {entry['idx']};")
    journal = {"version": "7", "dialect": "postgresql", "entries": entries}
    (root / "drizzle/meta/_journal.json").write_text(json.dumps(journal, indent=2))
    for argv in (
        ("git", "init", "-q", "-b", "main"),
        (TOOL, "install"),
        ("git", "add", "-A"),
        ("git", "commit", "-q", "--no-verify", "-m", "start"),
    ):
        subprocess.run(argv, cwd=root, env=ENV, check=True, stdout=subprocess.DEVNULL)
    (root / "src/d0/f0.ts").write_text("export const n = -1;\n")
    subprocess.run(("git", "add", "-A"), cwd=root, env=ENV, check=True)
    return root


def measure(argv: tuple[str, ...], root: Path) -> float:
    """Seconds of one process, called as git calls a hook."""
    start = time.perf_counter()
    subprocess.run(argv, cwd=root, env={**ENV, "GIT_INDEX_FILE": ".git/index"}, check=True)
    return time.perf_counter() - start


def main() -> int:
    """Measure and print; returns 1 if the bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=31)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory)
        places = {
            "ten files": build(base / "small", files=10, migrations=10),
            "10,000 migrations": build(base / "migrations", files=10, migrations=10_000),
            "100,000 files": build(base / "files", files=100_000, migrations=10),
        }
        bare = (sys.executable, "-c", "pass")
        times: dict[str, list[float]] = {name: [] for name in ("python -c pass", *places)}
        for _ in range(rounds):
            times["python -c pass"].append(measure(bare, places["ten files"]))
            for name, root in places.items():
                times[name].append(measure((TOOL, "protect"), root))
    unit = statistics.median(times["python -c pass"])
    worst = 0.0
    for name, found in times.items():
        ratio = statistics.median(found) / unit
        worst = max(worst, ratio)
        print(f"{name:20} {statistics.median(found) * 1000:7.1f} ms   {ratio:4.1f} x")
    print(f"bound {BOUND} x: {'holds' if worst <= BOUND else 'does not hold'}")
    return 0 if worst <= BOUND else 1


if __name__ == "__main__":
    raise SystemExit(main())
