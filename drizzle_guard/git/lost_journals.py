"""Journals that git has and the worktree has not: without one, a folder is none, and nobody would look at it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection

from drizzle_guard.drizzle.folder import join
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.mainline import find_mainline
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import text_of


def refuse_lost_journals(repository: Repository, onto: str | None, below: Collection[str] = ("",)) -> None:
    """Raise GuardError if a journal that HEAD or the mainline has is not here, and SQL files lie where it was.

    `below` are paths from the top of the repository ("": all of it).  A folder that was removed whole is no fault.
    """
    if repository.is_bare:
        return
    for name in _versions(repository, onto):
        listed = repository.run(
            "diff", "--name-only", "--no-renames", "--diff-filter=D", "-z", name, "--", f":(top,glob)**/{PATH}"
        )
        for path in filter(None, text_of(listed.stdout).split("\0")):
            folder = path[: -len(PATH)].rstrip("/")
            if any(top in ("", folder) or folder.startswith(f"{top}/") for top in below) and _has_sql(
                os.path.join(repository.root, folder)
            ):
                shown, where = printable(join(folder, PATH)), printable(name)
                raise GuardError(
                    f"{shown} is in {where}, but not here; without it there is no migration folder.",
                    f"git checkout {shlex.quote(where)} -- {shlex.quote(shown)}",
                )


def _versions(repository: Repository, onto: str | None) -> list[str]:
    """HEAD and the mainline, as far as there are any."""
    names = ["HEAD"] if repository.commit("HEAD") is not None else []
    try:
        mainline = find_mainline(repository, onto)
    except GuardError:
        return names  # whoever needs it says so
    return names if mainline is None else [*names, mainline.name]


def _has_sql(directory: str) -> bool:
    try:
        with os.scandir(directory) as items:
            return any(item.name.endswith(".sql") and item.is_file(follow_symlinks=False) for item in items)
    except OSError:
        return False
