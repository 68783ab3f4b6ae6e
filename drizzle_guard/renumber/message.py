"""What a person passed over is told to the commit that git is about to make."""

from __future__ import annotations

import os
from collections.abc import Sequence

from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of
from drizzle_guard.replay.plan import Refusal

#: git takes it as the message of a merge or a pick; a rebase has its own
_FILES = ("MERGE_MSG", "rebase-merge/message")


def note_in_message(repository: Repository, passed: Sequence[Refusal]) -> None:
    """Add a line for each hazard that was passed over to the message that git has ready; each only once."""
    for name in _FILES:
        _note(repository, name, passed)


def _note(repository: Repository, name: str, passed: Sequence[Refusal]) -> None:
    text = repository.state_file(name)
    if text is None or not passed:
        return
    lines = [f"Renumbered anyway: {refusal.sentence}" for refusal in passed]
    new = [line for line in lines if line not in text.splitlines()]
    if not new:
        return
    message, comments = _cut(text)
    with open(os.path.join(repository.git_dir, name), "wb") as file:
        file.write(bytes_of("\n".join([message.rstrip("\n"), "", *new, "", comments])))


def _cut(text: str) -> tuple[str, str]:
    """The message itself, and git's comments behind it."""
    lines = text.splitlines(keepends=True)
    end = next((n for n, line in enumerate(lines) if line.startswith("#")), len(lines))
    return "".join(lines[:end]), "".join(lines[end:])
