"""Which hook the pre-commit framework is running: it passes arguments and state on, but not the name.

Measured with pre-commit 4.7.0: `post-merge` sets PRE_COMMIT_IS_SQUASH_MERGE ("0" or "1"), `post-rewrite` sets
PRE_COMMIT_REWRITE_COMMAND and passes no list on standard input, and `pre-commit`, `pre-merge-commit` and `post-commit`
set nothing of their own.  These three differ in what git has done already (git 2.39): the one that `git merge` runs has
its GITHEAD_ variables and no `MERGE_HEAD`; after a commit the index is what HEAD is.
"""

from __future__ import annotations

import os

from drizzle_guard.git.repository import Repository


def framework_stage(repository: Repository) -> tuple[str, list[str]]:
    """The hook's name and the arguments that git gave it.

    A commit that changes nothing (`--amend` for the message alone) looks like `post-commit` while its `pre-commit`
    runs; both find nothing to do then.
    """
    if squash := os.environ.get("PRE_COMMIT_IS_SQUASH_MERGE"):
        return "post-merge", [squash]
    if command := os.environ.get("PRE_COMMIT_REWRITE_COMMAND"):
        return "post-rewrite", [command]
    if repository.has_state("MERGE_HEAD"):
        return "pre-commit", []
    if any(name.startswith("GITHEAD_") for name in os.environ):
        return "pre-merge-commit", []
    made = repository.run("diff-index", "--cached", "--quiet", "HEAD").returncode == 0
    return ("post-commit" if made else "pre-commit"), []
