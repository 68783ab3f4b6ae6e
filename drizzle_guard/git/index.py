"""Plumbing for the index: its lines, a scratch one, and files written from it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from drizzle_guard.drizzle.folder import Blob, join
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of

_SCRATCH = "drizzle-guard-scratch-"
#: seconds after which a scratch directory is what a killed run left
_ABANDONED = 3600


@contextmanager
def scratch_index(repository: Repository) -> Iterator[dict[str, str]]:
    """The environment for an index that nobody else sees, empty at first.

    It lies in the git directory, where a later run finds and removes what a killed one left.
    """
    from tempfile import TemporaryDirectory  # late: most merges have nothing to write

    _remove_abandoned(repository.git_dir)
    with TemporaryDirectory(prefix=_SCRATCH, dir=repository.git_dir) as directory:
        yield {"GIT_INDEX_FILE": os.path.join(directory, "index")}


def _remove_abandoned(place: str) -> None:
    import shutil
    import time

    with suppress(OSError), os.scandir(place) as found:
        for item in found:
            if item.name.startswith(_SCRATCH) and item.stat().st_mtime < time.time() - _ABANDONED:
                shutil.rmtree(item.path, ignore_errors=True)


def index_lines(repository: Repository, folder: str, todo: Iterable[tuple[str, Blob | None]]) -> bytes:
    """The input of `update-index -z --index-info` for these files; new blobs are stored."""
    todo = list(todo)
    ids = store(repository, (blob for _, blob in todo if blob is not None))
    lines = []
    for path, blob in todo:
        full = join(folder, path)
        # removing first drops the stages of an unmerged path
        lines.append(f"0 {repository.no_object}\t{full}\0")
        if blob is not None:
            lines.append(f"{blob.mode} {ids[blob.id]}\t{full}\0")
    return bytes_of("".join(lines))


def store(repository: Repository, blobs: Iterable[Blob]) -> dict[str, str]:
    """Store the blobs that git does not have; for the id of each, the one under which it has them now."""
    ids = {}
    for blob in blobs:
        if blob.id not in ids:
            ids[blob.id] = blob.id if blob.stored else repository.write_blob(blob.data)
            blob.stored = ids[blob.id] == blob.id
    return ids


def checkout(repository: Repository, paths: list[str], *options: str, env: dict[str, str] | None = None) -> None:
    """Let git write these files of the worktree from the index (or, with `env`, from a scratch one)."""
    if paths:
        listed = bytes_of("\0".join(paths) + "\0")
        repository.git("checkout-index", "-f", *options, "-q", "-z", "--stdin", stdin=listed, env=env)
