"""The question that every commit asks: does it touch a migration at all?

Nothing is imported here that this answer does not need, `git.repository` neither; nearly every commit ends with it.
"""

from __future__ import annotations

import os
import subprocess

#: every path that belongs to a migration, in either layout, and some others
SPECS = (
    ":(top,glob)**/*.sql",
    ":(top,glob)**/meta/_journal.json",
    ":(top,glob)**/meta/*_snapshot.json",
    ":(top,glob)**/snapshot.json",
)


def git_directories() -> tuple[str, str] | None:
    """The git directory of this worktree, and the one that all worktrees share; None where there is no worktree."""
    answer = _git("rev-parse", "--is-inside-work-tree", "--absolute-git-dir", "--git-common-dir")
    lines = os.fsdecode(answer or b"").split("\n")
    if len(lines) != 4 or lines[0] != "true":
        return None
    return lines[1], os.path.join(os.getcwd(), lines[2])


def other_parents(git_dir: str) -> list[str]:
    """The other parents of the merge commit that is about to be made.

    While `pre-merge-commit` runs there is no `MERGE_HEAD` yet (git 2.39); `git merge` names them in the environment.
    """
    try:
        with open(os.path.join(git_dir, "MERGE_HEAD"), "rb") as file:
            return os.fsdecode(file.read()).split()
    except OSError:
        return [name.removeprefix("GITHEAD_") for name in os.environ if name.startswith("GITHEAD_")]


def touches_migrations(git_dir: str) -> bool:
    """Whether the commit that is about to be made changes, against any parent, a path that may be a migration's."""
    for parent in ("HEAD", *other_parents(git_dir)):
        paths = _git("diff-index", "--cached", "--name-only", "-z", "--no-renames", parent, "--", *SPECS)
        if paths is None:
            # nothing is committed before the first commit
            return _git("rev-parse", "--verify", "--quiet", "HEAD") is not None
        if paths:
            return True
    return False


def _git(*args: str) -> bytes | None:
    try:
        done = subprocess.run(("git", *args), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
