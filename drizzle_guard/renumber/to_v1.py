"""A merge in which one side has run `drizzle-kit up` of Drizzle v1, and the other still has a journal.

Nothing can be merged across that: v1 names a migration by its second and keeps no journal.  But `up` names a folder by
`when`, and keeps the ids of the snapshots (drizzle-kit 1.0.0-rc.5), so what both sides have becomes the same on both.
So the other side is upgraded in a commit of its own, and that one is merged.  Taking the upgrade back instead was
rejected: what was generated after it has no journal entry to go back to.
"""

from __future__ import annotations

import json
import re

from drizzle_guard.drizzle.folder import join
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.git.folders_v1 import v1_folders_at
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides
from drizzle_guard.git.text import text_of
from drizzle_guard.renumber.decision import Upgraded

_VERSION = re.compile(r"[\^~]?(\d+\.\d+\.\d+[\w.-]*)")


def find_upgraded(repository: Repository, sides: Sides, folder: str, start: str) -> Upgraded | None:
    """How the other side is upgraded, too; None if none of them is in v1's layout.

    `start` is the commit onto which a rebase goes, shortened.
    """
    for commit in (sides.ours, sides.theirs):
        if commit is None or repository.read(f"{commit}:{join(folder, PATH)}") is not None:
            continue
        if folder in v1_folders_at(repository, commit):
            theirs = (sides.theirs or "")[:10]
            in_rebase = sides.kind == "rebase"
            # after `git rebase --abort` the branch is HEAD, and the new base the other side
            old_is_head = (commit == sides.ours) == in_rebase
            other = start if in_rebase else theirs
            version = _version(repository, commit, folder)
            place = _place(repository, commit, folder)
            return Upgraded(version, place, "" if old_is_head else other, other if old_is_head else "")
    return None


def _above(folder: str) -> list[str]:
    parts = folder.split("/") if folder else []
    return ["/".join(parts[:n]) for n in range(len(parts), -1, -1)]


def _version(repository: Repository, commit: str, folder: str) -> str:
    """The drizzle-kit that a package.json at or above the folder asks for; else the one that was looked at."""
    for place in _above(folder):
        blob = repository.read(f"{commit}:{join(place, 'package.json')}")
        try:
            package = {} if blob is None else json.loads(blob.data)
            asked = [package[key]["drizzle-kit"] for key in ("devDependencies", "dependencies") if key in package]
        except (ValueError, TypeError, KeyError):
            continue
        for text in asked:
            if isinstance(text, str) and (found := _VERSION.fullmatch(text)) and not found[1].startswith("0."):
                return found[1]
    return "1.0.0-rc.5"


def _place(repository: Repository, commit: str, folder: str) -> str:
    """The directory of the nearest drizzle.config at or above the folder."""
    for place in _above(folder):
        listed = repository.git("ls-tree", "-z", "--name-only", f"{commit}:{place}")
        if any(name.startswith("drizzle.config.") for name in text_of(listed).split("\0")):
            return place
    return ""
