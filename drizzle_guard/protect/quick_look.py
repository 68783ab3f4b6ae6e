"""The question that every commit asks: does it touch a migration at all?

Nothing is imported here that this answer does not need, `git.repository` neither; nearly every commit ends with it.
"""

from __future__ import annotations

from drizzle_guard.git.pathspecs import MIGRATIONS
from drizzle_guard.git.state import ask_git, other_parents


def touches_migrations(git_dir: str) -> bool:
    """Whether the commit that is about to be made changes, against any parent, a path that may be a migration's."""
    for parent in ("HEAD", *other_parents(git_dir)):
        paths = ask_git("diff-index", "--cached", "--name-only", "-z", "--no-renames", parent, "--", *MIGRATIONS)
        if paths is None:
            # nothing is committed before the first commit
            return ask_git("rev-parse", "--verify", "--quiet", "HEAD") is not None
        if paths:
            return True
    return False
