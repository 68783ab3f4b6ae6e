"""Which folders the pushed commits change: for the pre-push hook, where `drizzle-guard.toml` asks for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from drizzle_guard.config import read_config
from drizzle_guard.git.folders import changed_folders, folders_at
from drizzle_guard.git.mainline import find_mainline
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import text_of


def wants_it(root: Path) -> bool:
    """Whether `rehearse = "push"` stands in the repository's settings."""
    return read_config(root).rehearse.hook == "push"


def pushed_folders(repository: Repository, told: bytes | None) -> list[str]:
    """The folders, on disk, whose migrations the pushed commits change; what is pushed must be checked out.

    git gives a pre-push hook `<ref> <id> <remote ref> <remote id>` on its standard input (`told`; None: it is read
    here), pre-commit the two ids in PRE_COMMIT_FROM_REF and PRE_COMMIT_TO_REF.
    """
    head = repository.commit("HEAD")
    found: set[str] = set()
    for new, old in _pairs(told):
        if repository.commit(new) != head or head is None:
            continue
        known = repository.commit(old) if old.strip("0") else None
        if known is None:
            mainline = find_mainline(repository)
            bases = repository.merge_bases(head, mainline.commit) if mainline else []
            known = bases[0] if bases else None
        found |= changed_folders(repository, known, head) if known else folders_at(repository, head)
    return sorted(folder for folder in found if os.path.isdir(os.path.join(repository.root, folder)))


def _pairs(told: bytes | None) -> Iterator[tuple[str, str]]:
    old, new = os.environ.get("PRE_COMMIT_FROM_REF"), os.environ.get("PRE_COMMIT_TO_REF")
    if new:
        yield new, old or ""
        return
    if told is None:
        told = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
    for line in text_of(told).splitlines():
        words = line.split()
        if len(words) == 4 and words[1].strip("0"):
            yield words[1], words[3]
