"""The house has three floors, and no import runs back up: core; the edges; the commands."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "drizzle_guard"
#: what each part may import of ours besides itself
ALLOWED = {
    "core": set[str](),
    "git": {"core", "config", "output"},
    "database": {"core", "config", "folder"},
    "folder": {"core"},
    "config": {"core"},
    "output": {"core"},
    "report": {"core", "output"},
    "checking": {"core", "git", "folder", "config", "output"},
    "protection_report": {"core", "git", "config", "output"},
    "demo": {"core", "git", "output"},
    "commands": {"core", "git", "database", "folder", "config", "output", "report", "checking", "demo"}
    | {
        "protection_report",
    },
    "cli": {"commands", "core", "output"},
    "__main__": {"commands", "cli", "output"},
    "__init__": set[str](),
}


def part_of(module: str) -> str:
    """`drizzle_guard.core.plan` -> `core`; the package itself -> `__init__`."""
    pieces = module.split(".")
    return pieces[1] if len(pieces) > 1 else "__init__"


def imported(path: Path) -> set[str]:
    """The modules of ours that a file imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name for name in found if name.split(".")[0] == "drizzle_guard"}


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_import_runs_back_up(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    for module in imported(path):
        part = part_of(module)
        assert part in ("__init__", own) or part in ALLOWED[own], f"{own} must not import {module}"
