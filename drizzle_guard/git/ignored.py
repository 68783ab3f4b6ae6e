"""Which migration folders git ignores: what a build copied there is nobody's work."""

from __future__ import annotations

import os
from collections.abc import Collection

from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.errors import UsageError
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of, text_of


def ignored_folders(folders: Collection[str]) -> list[str]:
    """Of these directories those whose journal git ignores and does not have; none outside of a repository."""
    if not folders:
        return []
    try:
        with Repository() as repository:
            listed = bytes_of("".join(f"{os.path.join(folder, PATH)}\0" for folder in folders))
            done = repository.run("check-ignore", "-z", "--stdin", stdin=listed)
    except UsageError:
        return []
    hidden = set(text_of(done.stdout).split("\0")) if done.returncode == 0 else set()
    return [folder for folder in folders if os.path.join(folder, PATH) in hidden]
