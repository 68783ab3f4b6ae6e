"""A copy of a migration folder and of git's index, to put back exactly what was there.

`git.worktree` puts back the paths of its plan by itself: it knows them, and a merge costs what it touches.  Another
program (drizzle-kit) may write anything in the folder, so here the whole of it is kept.
"""

from __future__ import annotations

import os
import shutil
import tempfile

from drizzle_guard.git.repository import Repository


class Backup:
    """Files of a folder and of its `meta/`, and the index with its conflicts, as they are now.

    Lives in a temporary directory until it is left; what was not there before is removed by `restore`.
    """

    def __init__(self, repository: Repository, folder: str) -> None:
        self._repository = repository
        self._folder = os.path.join(repository.root, folder)
        index = repository.line("rev-parse", "--git-path", "index") or "index"
        self._index = os.path.join(repository.root, index)
        self._copy = tempfile.TemporaryDirectory(prefix="drizzle-guard-")

    def __enter__(self) -> Backup:
        for path in _listed(self._folder):
            target = self._kept(path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(os.path.join(self._folder, path), target, follow_symlinks=False)
        self._had_meta = os.path.isdir(os.path.join(self._folder, "meta"))
        shutil.copy2(self._index, os.path.join(self._copy.name, "index"))
        return self

    def __exit__(self, *_: object) -> None:
        self._copy.cleanup()

    def restore(self) -> None:
        """Put everything back.  A file that did not change is not written."""
        for path in _listed(self._folder):
            if not os.path.lexists(self._kept(path)):
                os.unlink(os.path.join(self._folder, path))
        for path in _listed(self._kept("")):
            here, kept = os.path.join(self._folder, path), self._kept(path)
            if not os.path.lexists(here) or os.path.islink(here) or _bytes(here) != _bytes(kept):
                os.makedirs(os.path.dirname(here), exist_ok=True)
                shutil.copy2(kept, f"{here}.drizzle-guard", follow_symlinks=False)
                os.replace(f"{here}.drizzle-guard", here)
        if not self._had_meta and os.path.isdir(os.path.join(self._folder, "meta")):
            os.rmdir(os.path.join(self._folder, "meta"))
        shutil.copy2(os.path.join(self._copy.name, "index"), f"{self._index}.drizzle-guard")
        os.replace(f"{self._index}.drizzle-guard", self._index)
        # the files are as they were, but not the times at which git last saw them; `git merge --abort` wants those
        self._repository.run("update-index", "-q", "--refresh")

    def _kept(self, path: str) -> str:
        return os.path.join(self._copy.name, "folder", path)


def _listed(folder: str) -> list[str]:
    """Files of a folder and of its `meta/`, as paths inside it."""
    found = []
    for directory in ("", "meta"):
        here = os.path.join(folder, directory)
        if os.path.isdir(here) and not (directory and os.path.islink(here)):
            with os.scandir(here) as items:
                found += [os.path.join(directory, i.name) for i in items if not i.is_dir(follow_symlinks=False)]
    return found


def _bytes(path: str) -> bytes | None:
    if os.path.islink(path):
        return os.fsencode(os.readlink(path))
    with open(path, "rb") as file:
        return file.read()
