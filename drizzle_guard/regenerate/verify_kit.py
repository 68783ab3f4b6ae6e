"""What the project's own drizzle-kit says of a folder, where the project has one."""

from __future__ import annotations

import os
import shutil
import subprocess
from enum import Enum

from drizzle_guard.errors import UsageError
from drizzle_guard.regenerate.kit import find_kit, require_runner


class KitVerdict(Enum):
    """What `drizzle-kit check` said."""

    ABSENT = "not run: the project has none here"
    FINE = "everything's fine"
    UNSOUND = "not content"


def ask_kit(root: str | None, folder: str) -> KitVerdict:
    """Run `drizzle-kit check` for a folder (from `root`, the top of the worktree); it only reads."""
    if root is None or not _is_installed(root, folder):
        return KitVerdict.ABSENT
    try:
        kit = find_kit(root, folder)
        runner = require_runner(kit)
    except UsageError:
        return KitVerdict.ABSENT
    config = (f"--config={kit.config}",) if kit.config else ()
    command = (runner, *kit.runner[1:], "drizzle-kit", "check", *config)
    place = os.path.join(root, kit.directory)
    done = subprocess.run(command, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return KitVerdict.FINE if b"Everything's fine" in done.stdout + done.stderr else KitVerdict.UNSOUND


def _is_installed(root: str, folder: str) -> bool:
    """Whether drizzle-kit lies in a node_modules at or above the folder."""
    parts = [part for part in folder.split("/") if part]
    above = [os.path.join(root, *parts[:n]) for n in range(len(parts), -1, -1)]
    return any(os.path.isdir(os.path.join(place, "node_modules", "drizzle-kit")) for place in above) and bool(
        shutil.which("node")
    )
