"""Which migration folders a command's PATHS mean."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from drizzle_guard.errors import UsageError, printable
from drizzle_guard.git.repository import Repository


def chosen_folders(repository: Repository, paths: Sequence[str], folders: Iterable[str], where: str) -> list[str]:
    """The folders (from the top of the worktree) at or below the paths; all, if none is given.

    Paths are as the user typed them.  Raises UsageError for one without a folder; `where` says whose folders these are.
    """
    folders = set(folders)
    if not paths:
        return sorted(folders)
    chosen: set[str] = set()
    for path in paths:
        inside = os.path.relpath(os.path.realpath(path), os.path.realpath(repository.root)).replace(os.sep, "/")
        below = {f for f in folders if inside in (".", f) or f.startswith(f"{inside}/")}
        if not below:
            raise UsageError(f"{printable(path)}: no migration folder of {where} is there.")
        chosen |= below
    return sorted(chosen)
