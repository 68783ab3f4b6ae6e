"""Plumbing for the index: its lines, a scratch one, and files written from it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count

from drizzle_guard.drizzle.folder import Blob, join
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of, text_of

_SCRATCH = "drizzle-guard-scratch-"
#: seconds after which a scratch directory is what a killed run left
_ABANDONED = 3600


@contextmanager
def scratch_index(repository: Repository) -> Iterator[dict[str, str]]:
    """The environment for an index that nobody else sees, empty at first."""
    with _scratch(repository) as directory:
        yield {"GIT_INDEX_FILE": os.path.join(directory, "index")}


@contextmanager
def _scratch(repository: Repository) -> Iterator[str]:
    """A directory in the git directory, where a later run finds and removes what a killed one left."""
    _remove_abandoned(repository.git_dir)
    directory = _make_directory(os.path.join(repository.git_dir, f"{_SCRATCH}{os.getpid()}"))
    try:
        yield directory
    finally:
        _remove(directory)


def _make_directory(start: str) -> str:
    """A new directory, readable by nobody else (`tempfile` takes as long to import as the rest of a merge)."""
    for n in count():
        with suppress(FileExistsError):
            os.mkdir(f"{start}-{n}", 0o700)
            break
    return f"{start}-{n}"


def _remove(directory: str) -> None:
    with suppress(OSError):
        for name in os.listdir(directory):
            os.unlink(os.path.join(directory, name))
        os.rmdir(directory)


def _remove_abandoned(place: str) -> None:
    with suppress(OSError), os.scandir(place) as found:
        for item in found:
            if item.name.startswith(_SCRATCH) and item.stat().st_mtime < time.time() - _ABANDONED:
                _remove(item.path)


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
    wanted = {blob.id: blob for blob in blobs}
    ids = {oid: oid for oid, blob in wanted.items() if blob.stored}
    new = [blob for oid, blob in wanted.items() if oid not in ids]
    for blob, oid in zip(new, _write_blobs(repository, new), strict=True):
        ids[blob.id], blob.stored = oid, oid == blob.id
    return ids


def _write_blobs(repository: Repository, blobs: list[Blob]) -> list[str]:
    """Store blobs; their ids.  One process stores them all, from files that lie in the git directory for that time."""
    if len(blobs) < 2:
        return [repository.write_blob(blob.data) for blob in blobs]
    with _scratch(repository) as directory:
        paths = [os.path.join(directory, str(n)) for n in range(len(blobs))]
        for path, blob in zip(paths, blobs, strict=True):
            with open(path, "wb") as file:
                file.write(blob.data)
        listed = bytes_of("\n".join(paths) + "\n")
        return text_of(repository.git("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=listed)).split()


def checkout(repository: Repository, paths: list[str], *options: str, env: dict[str, str] | None = None) -> None:
    """Let git write these files of the worktree from the index (or, with `env`, from a scratch one)."""
    if paths:
        listed = bytes_of("\0".join(paths) + "\0")
        repository.git("checkout-index", "-f", *options, "-q", "-z", "--stdin", stdin=listed, env=env)
