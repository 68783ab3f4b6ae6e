"""How long `drizzle-guard protect` takes for a commit without migrations, against `python -c pass`.

    python benchmarks/protect.py [--rounds N]

Builds three repositories (ten files, 10,000 migrations, 100,000 files), stages a change of one source file in each,
and runs `drizzle-guard protect`, the pre-commit hook that `install` wrote, and a bare Python by turns.  Prints ratios
of medians, and whether the bounds hold.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from common import ENV, TOOL, medians, show, timed

BOUND = 5.0
HOOK = ".git/hooks/pre-commit"
#: an armed commit without migrations is answered by the shell
ARMED_BOUND = 2.5


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
    env = {**ENV, "GIT_INDEX_FILE": ".git/index"}
    return timed(lambda: subprocess.run(argv, cwd=root, env=env, check=True))


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 if the bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=31)
    rounds = parser.parse_args(argv).rounds
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory)
        places = {
            "ten files": build(base / "small", files=10, migrations=10),
            "10,000 migrations": build(base / "migrations", files=10, migrations=10_000),
            "100,000 files": build(base / "files", files=100_000, migrations=10),
        }
        bare = (sys.executable, "-c", "pass")
        calls = {name: (lambda root=root: measure((TOOL, "protect"), root)) for name, root in places.items()}
        calls |= {f"armed, {name}": (lambda root=root: measure((HOOK,), root)) for name, root in places.items()}
        found = medians(rounds, {"bare": lambda: measure(bare, places["ten files"]), **calls})
    held = [show(f"protect / python -c pass, {name}", found[name] / found["bare"], BOUND) for name in places]
    held += [
        show(f"pre-commit hook / python -c pass, {name}", found[f"armed, {name}"] / found["bare"], ARMED_BOUND)
        for name in places
    ]
    return int(not all(held))


if __name__ == "__main__":
    raise SystemExit(main())
