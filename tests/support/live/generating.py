"""Many migrations of drizzle-kit's making in the time of one: by its functions, without a start of the command.

`tests/renumber/test_kit_histories.py` holds what is written here against what `drizzle-kit generate` writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.live.bench import Bench, Project

BREAKPOINT = "--> statement-breakpoint\n"


def newest_snapshot(folder: Path) -> Any:
    """The parsed snapshot of a migration folder's last entry; None where there is no entry."""
    journal = folder / "meta" / "_journal.json"
    entries = json.loads(journal.read_text("utf-8"))["entries"] if journal.exists() else []
    if not entries:
        return None
    prefix = entries[-1]["tag"].partition("_")[0]
    return json.loads((folder / "meta" / f"{prefix}_snapshot.json").read_text("utf-8"))


def changes(bench: Bench, project: Project) -> dict[str, Any]:
    """The `snapshot` of src/schema.ts, and the `statements` that lead there from the newest one."""
    step = {"dialect": project.dialect, "generate": project.schema_file, "newest": newest_snapshot(project.folder)}
    made: dict[str, Any] = bench.run("", [step])[0]
    return made


def generate(bench: Bench, project: Project, name: str, *, when: int) -> str:
    """Write a migration as `drizzle-kit generate --name` does (prefix `index`); its tag, or '' without changes.

    `when` is what the clock shows, in milliseconds since the epoch.
    """
    made = changes(bench, project)
    if not made["statements"]:
        return ""
    journal = project.journal()
    idx = journal["entries"][-1]["idx"] + 1 if journal["entries"] else 0
    tag = f"{idx:04}_{name}"
    version = made["snapshot"]["version"]
    entry = {"idx": idx, "version": version, "when": when, "tag": tag, "breakpoints": True}
    heading = {"version": "7", "dialect": project.dialect} if not journal["entries"] else {}
    files = {
        f"meta/{idx:04}_snapshot.json": json.dumps(made["snapshot"], indent=2, ensure_ascii=False),
        "meta/_journal.json": json.dumps({**heading, **journal, "entries": [*journal["entries"], entry]}, indent=2),
        f"{tag}.sql": BREAKPOINT.join(made["statements"]),
    }
    (project.folder / "meta").mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (project.folder / file).write_text(text, "utf-8")
    return tag
