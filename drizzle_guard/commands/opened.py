"""The repository that a command works in, opened once its settings are known to be sound."""

from __future__ import annotations

from pathlib import Path

from drizzle_guard.config import read_config
from drizzle_guard.git.repository import Repository


def open_repository() -> Repository:
    """The repository around the current directory.  Raises UsageError if there is none.

    All of `drizzle-guard.toml` is validated first; raises UsageError naming the key that is wrong.
    """
    repository = Repository()
    if not repository.is_bare:
        read_config(Path(repository.root))
    return repository
