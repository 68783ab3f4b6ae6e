"""A commit that is put on a branch which never had all that it stands on (a cherry-pick, `rebase --onto`)."""

from __future__ import annotations

from drizzle_guard.drizzle.folder import Folder
from drizzle_guard.git.folders import history_at
from drizzle_guard.git.repository import Repository
from drizzle_guard.replay.common_entries import is_reset
from drizzle_guard.replay.identity import match_known


def lacks_common(base: Folder, side: Folder) -> bool:
    """Whether a side has not all migrations of the base."""
    return len(match_known(base.migrations, side.migrations)) < len(base.migrations)


def is_behind(repository: Repository, ours: str, commit: str, base: Folder, side: Folder) -> bool:
    """Whether our side lacks what a picked commit stands on, and did not lose it by squashing its migrations.

    `ours` is the commit of our side and `side` its folder; `base` is the folder of the picked commit's parent.
    """
    if not lacks_common(base, side):
        return False
    forks = (history_at(repository, fork, base.name) for fork in repository.merge_bases(ours, commit))
    return not any(is_reset(len(fork.migrations), len(match_known(fork.migrations, side.migrations))) for fork in forks)
