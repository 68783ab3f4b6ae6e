"""Sparse checkouts: which files git keeps in the index alone, and the mark (skip-worktree) that says so.

Which paths these are is asked of git itself, in a worktree and an index that nobody else sees: the patterns have two
languages, and `git sparse-checkout check-rules` is not in every git (it came with 2.41).
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from drizzle_guard.drizzle.folder import join
from drizzle_guard.git.index import scratch_index
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of, text_of


def is_sparse(repository: Repository) -> bool:
    """Whether this worktree is a sparse checkout."""
    return repository.has_state("info/sparse-checkout") and (
        repository.line("config", "--type=bool", "--get", "core.sparseCheckout") == "true"
    )


def left_out(repository: Repository, folder: str, paths: Iterable[str]) -> set[str]:
    """Those paths (inside the folder) that the sparse checkout leaves out of the worktree.  Raises GitFailed."""
    asked = {join(folder, path): path for path in paths}
    if not asked or not is_sparse(repository):
        return set()
    empty = repository.write_blob(b"")
    lines = "".join(f"100644 {empty}\t{path}\0" for path in asked)
    with scratch_index(repository) as env:
        tree = os.path.join(os.path.dirname(env["GIT_INDEX_FILE"]), "tree")
        os.mkdir(tree)
        env |= {"GIT_DIR": repository.git_dir, "GIT_WORK_TREE": tree}
        repository.git("update-index", "-z", "--index-info", stdin=bytes_of(lines), env=env)
        wanted = text_of(repository.git("write-tree", env=env)).strip()
        os.unlink(env["GIT_INDEX_FILE"])
        # nothing may watch a worktree that is gone in a moment
        repository.git("-c", "core.fsmonitor=false", "read-tree", "-m", "-u", wanted, env=env)
        return {asked[path] for path in _marked(repository, env) if path in asked}


def unmarked(repository: Repository, folder: str, paths: Iterable[str]) -> list[str]:
    """Those paths (inside the folder) that the index does not mark as left out."""
    marked = _marked(repository) if paths else set()
    return [path for path in paths if join(folder, path) not in marked]


def mark(repository: Repository, folder: str, paths: Iterable[str]) -> None:
    """Mark paths of the index as left out of the worktree.  Raises GitFailed."""
    if listed := "".join(f"{join(folder, path)}\0" for path in paths):
        repository.git("update-index", "-z", "--skip-worktree", "--stdin", stdin=bytes_of(listed))


def _marked(repository: Repository, env: dict[str, str] | None = None) -> set[str]:
    # without that setting git takes the mark for gone where a file of that name lies in the directory it is called from
    listed = repository.git("-c", "sparse.expectFilesOutsideOfPatterns=true", "ls-files", "-t", "-z", env=env)
    records = text_of(listed).split("\0")
    return {record[2:] for record in records if record.startswith("S ")}
