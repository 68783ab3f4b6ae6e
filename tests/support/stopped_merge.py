"""A refused merge, and a program that stands for the package managers."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from support.cases import MERGE, side_files
from support.gitbed import Bed, tree_of

FAKE = """\
#!{python}
import json, os, sys, time
from pathlib import Path
folder = Path(os.environ.get("KIT_OUT", "drizzle"))
mode = os.environ.get("KIT", "")
with open(os.environ["KIT_LOG"], "a") as log:
    log.write(json.dumps([os.getcwd(), sys.argv[1:], sys.stdin.isatty() and sys.stdout.isatty()]) + "\\n")
if mode == "none":
    sys.exit(print("No schema changes, nothing to migrate"))
if mode == "error":
    sys.exit(print("Error  schema.ts: \\x1b[31mboom\\x1b[0m\\n    at somewhere (bin.cjs:1:1)"))
if mode == "code":
    print("sh: 1: drizzle-kit: not found", file=sys.stderr)
    sys.exit(127)
if mode == "prompt":
    sys.exit(print("Error: Interactive prompts require a TTY terminal"))
meta = folder / "meta"
meta.mkdir(parents=True, exist_ok=True)
journal = meta / "_journal.json"
document = json.loads(journal.read_text()) if journal.exists() else {{"version": "7", "entries": []}}
entries = document["entries"]
idx = entries[-1]["idx"] + 1 if entries else 0
if mode == "overwrite":
    idx -= 1
names = [a[7:] for a in sys.argv if a.startswith("--name=")] or ["made_up"]
tag = f"{{idx:04}}_{{names[0]}}"
last = sorted(meta.glob("*_snapshot.json"))[-1:]
snapshot = json.loads(last[0].read_text()) if last else {{"version": "6", "dialect": "sqlite", "id": "x"}}
snapshot.update(prevId=snapshot["id"], id=f"new-{{idx}}")
(meta / f"{{idx:04}}_snapshot.json").write_text(json.dumps(snapshot, indent=2))
(folder / f"{{tag}}.sql").write_text(os.environ.get("KIT_SQL", "CREATE TABLE made (id integer);"))
when = int(os.environ.get("KIT_WHEN", entries[-1]["when"] + 1000 if entries else 1700000000000))
entries.append({{"idx": idx, "version": "6", "when": when, "tag": tag, "breakpoints": True}})
journal.write_text(json.dumps(document, indent=2))
if mode == "slow":
    time.sleep(30)
print(f"[ok] Your SQL migration file \\u279c {{folder / tag}}.sql")
"""


@pytest.fixture
def kit(bed: Bed, tmp_path: Path) -> Path:
    """The log of a program that stands for npx, pnpm, yarn and bun."""
    for name in ("npx", "pnpm", "yarn", "bun"):
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(FAKE.format(python=sys.executable), "utf-8")
        file.chmod(0o755)
    bed.env["PATH"] = os.pathsep.join([str(tmp_path / "bin"), bed.env["PATH"]])
    bed.env["KIT_LOG"] = str(tmp_path / "log")
    return tmp_path / "log"


def calls(log: Path) -> list[Any]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


REFUSED = MERGE / "refused-sqlite-recreate"


DATA = "UPDATE `users` SET `email` = 'none' WHERE `email` IS NULL;"


def stop(bed: Bed, *, data: str = "", merge: bool = True) -> None:
    """A refused merge of main into feature; `data` is hand-written SQL in the branch's migration."""
    bed.write("drizzle.config.ts", 'export default { dialect: "sqlite", out: "./drizzle" };\n')
    bed.put(REFUSED / "base")
    bed.commit("base")
    bed.branch("feature")
    bed.put(REFUSED / "ours")
    if data:
        (own,) = set(side_files(REFUSED / "ours")) - set(side_files(REFUSED / "base")) - {"meta/0001_snapshot.json"}
        bed.write(f"drizzle/{own}", bed.read(f"drizzle/{own}") + b"--> statement-breakpoint\n" + data.encode())
    bed.commit("ours")
    bed.git("checkout", "-q", "main")
    bed.put(REFUSED / "theirs")
    bed.commit("theirs")
    bed.git("checkout", "-q", "feature")
    if merge:
        assert bed.try_git("merge", "--no-edit", "main").code == 1


def worktree(bed: Bed) -> dict[str, bytes]:
    return {path: data for path, data in tree_of(bed.root).items() if not path.startswith(".git/")}
