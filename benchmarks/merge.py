"""What a merge of migrations costs, as ratios within one run.

    python benchmarks/merge.py [--rounds N] [--quick]

Four questions: the merge driver's process against `python -c pass`, and an armed merge of one migration with one
against a merge without a collision in a clone that is not armed, both without and with a `drizzle-guard.toml`; the
cost of one migration in 100 against 100 (300 kB snapshots), against 10 against 10; the cost of one commit in a rebase
of 100 migration commits, against one of 10, both onto 10 new migrations.  Rounds are interleaved.  The first two take
the fastest round (the cost is the process's own, what comes above it is the machine's load), the others the median.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import ENV, START, TOOL, ZERO, fastest, fillers, medians, show, snapshot, table, timed


def run(root: Path, *argv: str) -> None:
    subprocess.run(argv, cwd=root, env=ENV, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Folder:
    """A migration folder that grows by one table at a time, as drizzle-kit would write it."""

    def __init__(self, root: Path, size: int) -> None:
        self.root, self.entries, self.prev = root, list[dict[str, Any]](), ZERO
        self.tables = fillers(size)

    def add(self, name: str) -> None:
        """One migration: its SQL, its snapshot, its entry."""
        idx = len(self.entries)
        tag = f"{idx:04}_{name}"
        self.tables[f"public.{name}"] = table(name)
        own = str(uuid.uuid4())
        text = snapshot(own, self.prev, self.tables)
        self.prev = own
        when = START + idx * 10_000
        self.entries.append({"idx": idx, "version": "7", "when": when, "tag": tag, "breakpoints": True})
        (self.root / "drizzle/meta").mkdir(parents=True, exist_ok=True)
        (self.root / f"drizzle/{tag}.sql").write_text(
            f'CREATE TABLE "{name}" (\n\t"id" integer PRIMARY KEY NOT NULL\n);\n'
        )
        (self.root / f"drizzle/meta/{idx:04}_snapshot.json").write_text(text)
        journal = {"version": "7", "dialect": "postgresql", "entries": self.entries}
        (self.root / "drizzle/meta/_journal.json").write_text(json.dumps(journal, indent=2))

    def copy(self) -> Folder:
        """The same state, to go on with on another branch."""
        other = Folder.__new__(Folder)
        other.root, other.entries, other.prev, other.tables = (
            self.root,
            list(self.entries),
            self.prev,
            dict(self.tables),
        )
        return other


#: what most committed settings say
SETTINGS = 'mainline = "main"\n'


def collide(
    root: Path, count: int, size: int, *, others: int | None = None, commits: bool = False, settings: str = ""
) -> Path:
    """A repository on `feature`, whose `count` migrations collide with `others` (default: as many) on `main`.

    `settings`: the text of a committed `drizzle-guard.toml`; without a text there is no such file.
    """
    root.mkdir()
    run(root, "git", "init", "-q", "-b", "main")
    run(root, TOOL, "install")
    base = Folder(root, size)
    base.add("base")
    (root / "app.ts").write_text("base\n")
    if settings:
        (root / "drizzle-guard.toml").write_text(settings)
    save(root, "base")
    main = base.copy()
    run(root, "git", "checkout", "-q", "-b", "feature")
    for n in range(count):
        base.add(f"own{n}")
        if commits:
            save(root, f"own{n}")
    save(root, "feature")
    run(root, "git", "checkout", "-q", "-b", "plain", "main")
    (root / "app.ts").write_text("plain\n")
    save(root, "plain")
    run(root, "git", "checkout", "-q", "main")
    for n in range(count if others is None else others):
        main.add(f"main{n}")
    save(root, "main")
    run(root, "git", "checkout", "-q", "feature")
    return root


def save(root: Path, message: str) -> None:
    run(root, "git", "add", "-A")
    run(root, "git", "commit", "-q", "--no-verify", "--allow-empty", "-m", message)


def fresh(root: Path, then: Callable[[Path], None]) -> float:
    """Seconds of `then` in a copy of a repository."""
    copy = root.with_name(root.name + "-copy")
    shutil.copytree(root, copy, symlinks=True)
    try:
        return timed(lambda: then(copy))
    finally:
        shutil.rmtree(copy)


def driver_call(root: Path, tool: str = TOOL) -> Callable[[Path], None]:
    """The merge driver's process, called as git calls it for the journal."""
    path = "drizzle/meta/_journal.json"

    def shown(commit: str) -> bytes:
        argv = ("git", "show", f"{commit}:{path}")
        return subprocess.run(argv, cwd=root, env=ENV, check=True, capture_output=True).stdout

    texts = {"O": shown("main~1"), "A": shown("feature"), "B": shown("main")}
    theirs = subprocess.run(("git", "rev-parse", "main"), cwd=root, env=ENV, check=True, capture_output=True, text=True)
    env = {**ENV, f"GITHEAD_{theirs.stdout.strip()}": "main"}
    argv = (tool, "merge-driver", ".merge_O", ".merge_A", ".merge_B", "7", path)

    def call(_: Path) -> None:
        for name, text in texts.items():
            (root / f".merge_{name}").write_bytes(text)
        lock = root / ".git/index.lock"  # git holds it while it calls
        lock.touch()
        done = subprocess.run(argv, cwd=root, env=env, check=False, capture_output=True)
        lock.unlink()
        assert done.returncode == 0, done.stderr

    return call


def merge(root: Path) -> None:
    run(root, "git", "merge", "--no-edit", "main")


def merge_plain(root: Path) -> None:
    """A merge without a collision, as in a clone that nobody armed."""
    run(root, "git", "-c", f"core.hooksPath={root}", "merge", "--no-edit", "plain")


def rebase(root: Path) -> None:
    run(root, "git", "rebase", "main")


def bare(root: Path) -> None:
    run(root, sys.executable, "-c", "pass")


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--quick", action="store_true", help="leave the large repositories out")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory)
        small, told = collide(top / "small", 1, 5_000), collide(top / "told", 1, 5_000, settings=SETTINGS)
        call, call_told = driver_call(small), driver_call(told)
        found = fastest(
            args.rounds,
            {
                "bare": lambda: timed(lambda: bare(small)),
                "driver": lambda: timed(lambda: call(small)),
                "driver, told": lambda: timed(lambda: call_told(told)),
                "merge": lambda: fresh(small, merge),
                "merge, told": lambda: fresh(told, merge),
                "plain": lambda: fresh(small, merge_plain),
            },
        )
        ok = show("merge driver / python -c pass", found["driver"] / found["bare"], 6)
        ok &= show("the same, with a drizzle-guard.toml", found["driver, told"] / found["bare"], 6)
        ok &= show("armed merge 1 v 1 / plain merge", found["merge"] / found["plain"], 12)
        ok &= show("the same, with a drizzle-guard.toml", found["merge, told"] / found["plain"], 12)
        if not args.quick:
            few, many = collide(top / "few", 10, 300_000), collide(top / "many", 100, 300_000)
            rounds = max(1, args.rounds // 10)
            found = medians(rounds, {"few": lambda: fresh(few, merge), "many": lambda: fresh(many, merge)})
            ok &= show("cost per migration: 100 v 100 / 10 v 10", found["many"] / 100 / (found["few"] / 10), 1)
            few, many = (collide(top / f"row{n}", n, 5_000, others=10, commits=True) for n in (10, 100))
            found = medians(rounds, {"few": lambda: fresh(few, rebase), "many": lambda: fresh(many, rebase)})
            ok &= show("cost per commit: rebase of 100 / of 10", found["many"] / 100 / (found["few"] / 10), 1.2)
    return int(not ok)


if __name__ == "__main__":
    raise SystemExit(main())
