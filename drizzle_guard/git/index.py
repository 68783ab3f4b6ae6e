"""Plumbing for the index: its lines, a scratch one, and files written from it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from drizzle_guard.core.history import Blob, join
from drizzle_guard.git.repository import Repository


@contextmanager
def scratch_index() -> Iterator[dict[str, str]]:
    """The environment for an index that nobody else sees, empty at first."""
    from tempfile import TemporaryDirectory  # late: most merges have nothing to write

    with TemporaryDirectory(prefix="drizzle-guard-") as directory:
        yield {"GIT_INDEX_FILE": os.path.join(directory, "index")}


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
    return os.fsencode("".join(lines))


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
        listed = os.fsencode("\0".join(paths) + "\0")
        repository.git("checkout-index", "-f", *options, "-q", "-z", "--stdin", stdin=listed, env=env)
