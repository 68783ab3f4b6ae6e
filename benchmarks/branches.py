"""What `graph --all` costs: seconds for 100 branches of a 300-migration folder, and whether it is linear in branches.

    python benchmarks/branches.py [--rounds N]

Each branch adds one migration, the mainline two; every tenth branch touches a table that the next one touches, too.
The seconds are the fastest round's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import uuid
from pathlib import Path

from common import ENV, START, TOOL, ZERO, fastest, fillers, show, snapshot, table, timed

_BASE = 300


def build(root: Path, branches: int) -> Path:
    """A bare repository with so many open branches."""
    root.mkdir()
    subprocess.run(("git", "init", "-q", "--bare", "-b", "main"), cwd=root, env=ENV, check=True)
    tables, prev = fillers(5_000), ZERO
    files: dict[str, str] = {}
    entries: list[dict[str, object]] = []
    for n in range(_BASE):
        prev = _add(files, entries, tables, prev, f"base{n}", f'CREATE TABLE "base{n}" (\n\t"id" integer\n);\n')
    stream = bytearray()
    _commit(stream, "main", "", files)
    for n in range(branches):
        own, rows, grown = dict[str, str](), list(entries), dict(tables)
        made = f'CREATE TABLE "b{n}" (\n\t"id" integer\n);\n'
        also = f'--> statement-breakpoint\nCREATE INDEX "i{n}" ON "base{n // 10}" ("id");\n' if n % 10 < 2 else ""
        _add(own, rows, grown, prev, f"b{n}", made + also)
        _commit(stream, f"feature-{n}", "main", own)
    for n in range(2):
        prev = _add(files, entries, tables, prev, f"main{n}", f'CREATE TABLE "main{n}" (\n\t"id" integer\n);\n')
    _commit(stream, "main", "", files)  # on top of the first
    subprocess.run(("git", "fast-import", "--quiet"), cwd=root, env=ENV, input=bytes(stream), check=True)
    return root


def _add(
    files: dict[str, str],
    entries: list[dict[str, object]],
    tables: dict[str, object],
    prev: str,
    name: str,
    sql: str,
) -> str:
    """Add a migration; the id of its snapshot."""
    idx, own = len(entries), str(uuid.uuid4())
    tag = f"{idx:04}_{name}"
    tables[f"public.{name}"] = table(name)
    entries.append({"idx": idx, "version": "7", "when": START + idx * 10_000, "tag": tag, "breakpoints": True})
    files[f"drizzle/{tag}.sql"] = sql
    files[f"drizzle/meta/{idx:04}_snapshot.json"] = snapshot(own, prev, tables)
    journal = {"version": "7", "dialect": "postgresql", "entries": entries}
    files["drizzle/meta/_journal.json"] = json.dumps(journal, indent=2)
    return own


def _commit(stream: bytearray, branch: str, parent: str, files: dict[str, str]) -> None:
    stream += f"commit refs/heads/{branch}\ncommitter Dev <dev@example.org> 1704110400 +0000\ndata 0\n".encode()
    if parent:
        stream += f"from refs/heads/{parent}\n".encode()
    for path, text in files.items():
        stream += f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n".encode()


def look(root: Path) -> float:
    """Seconds of one look at every branch."""
    argv = (TOOL, "graph", "--all", "--onto", "main", "--format", "json")
    return timed(lambda: subprocess.run(argv, cwd=root, env=ENV, check=True, stdout=subprocess.DEVNULL))


def main(argv: list[str] | None = None) -> int:
    """Measure and print; returns 1 if a bound does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args(argv).rounds
    with tempfile.TemporaryDirectory() as directory:
        top = Path(directory)
        roots = {n: build(top / f"n{n}", n) for n in (1, 25, 100)}
        found = fastest(rounds, {str(n): (lambda root=root: look(root)) for n, root in roots.items()})  # type: ignore[misc]
    ok = show("graph --all, 100 branches of 300 migrations, in seconds", found["100"], 5)
    each = [(found[str(n)] - found["1"]) / (n - 1) for n in (25, 100)]
    return int(not (show("graph --all, time for one branch: 100 / 25", each[1] / each[0], 1.3) and ok))


if __name__ == "__main__":
    raise SystemExit(main())
