"""What the last picks of a rebase came to, so that the next one need not work out the whole row again.

The file lies in the rebase's own directory, which git removes with everything in it when the rebase ends in whatever
way.  It is only ever a short cut: it holds folders by the id of the commit that they belong to, and a commit that is
not in the row (an amended one, a dropped one) is not looked up.
"""

from __future__ import annotations

import os
from collections.abc import Container
from contextlib import suppress

from drizzle_guard.drizzle.folder import Folder, join, read_folder
from drizzle_guard.errors import GuardError
from drizzle_guard.git.folders import blob
from drizzle_guard.git.index import store
from drizzle_guard.git.operation import state_directory
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of

_VERSION = "drizzle-guard canonical folders 1"
_NAME = "drizzle-guard"


def remembered(repository: Repository, folder: str) -> dict[str, Folder]:
    """Canonical folders by commit, as far as they are noted; empty if nothing is, or it cannot be read."""
    found = {}
    for commit, at, lines in _records(repository):
        if at == folder:
            files = {}
            for line in lines:
                mode, oid, path = line.split(" ", 2)
                files[path] = blob(repository, oid, mode, join(folder, path))
            with suppress(GuardError):
                found[commit] = read_folder(folder, files)
    return found


def remember(repository: Repository, folder: str, commit: str, history: Folder, row: Container[str]) -> None:
    """Note the canonical folder after `commit`.

    Of what was noted before, the newest that is still in the row stays: `commit` itself may yet be amended (a squash).
    """
    directory = state_directory(repository)
    if directory is None:
        return
    records = _records(repository)
    kept = [record for record in records if record[1] != folder]
    kept += [record for record in records if record[1] == folder and record[0] in row and record[0] != commit][-1:]
    name = os.path.join(repository.git_dir, directory, _NAME)
    with suppress(GuardError, OSError):  # only a short cut
        ids = store(repository, history.files.values())
        lines = [f"{file.mode} {ids[file.id]} {path}" for path, file in history.files.items()]
        text = [_VERSION]
        for at, where, files in (*kept, (commit, folder, lines)):
            text += [f"commit {at} {len(files)} {where}", *files]
        with open(f"{name}.new", "wb") as output:
            output.write(bytes_of("\0".join(text)))
        os.replace(f"{name}.new", name)


def _records(repository: Repository) -> list[tuple[str, str, list[str]]]:
    """Commit, folder and the lines of its files, in the order in which they were noted; none if one cannot be read."""
    directory = state_directory(repository)
    parts = (repository.state_file(f"{directory}/{_NAME}") or "").split("\0") if directory else []
    records: list[tuple[str, str, list[str]]] = []
    at = 1 if parts[0:1] == [_VERSION] else len(parts)
    with suppress(ValueError):
        while at < len(parts):
            _, commit, count, folder = parts[at].split(" ", 3)
            lines = parts[at + 1 : at + 1 + int(count)]
            if len(lines) != int(count) or any(line.count(" ") < 2 for line in lines):
                raise ValueError
            records.append((commit, folder, lines))
            at += 1 + int(count)
        return records
    return []
