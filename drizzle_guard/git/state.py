"""The quick half of `git.operation`: what git has under way, for hooks that end with nearly every commit.

Nothing is imported here but what every hook has anyway.
"""

from __future__ import annotations

import os
import subprocess

from drizzle_guard.git.environment import for_git, git_program
from drizzle_guard.git.text import text_of

#: what the merge driver leaves in the git directory for whoever of us comes next (`git.handoff`): of a merge, of a
#: pick, of a rebase
NOTES = ("drizzle-guard-note", "drizzle-guard-pick", "drizzle-guard-rebase")


def git_directories() -> tuple[str, str] | None:
    """The git directory of this worktree, and the one that all worktrees share; None where there is no worktree."""
    answer = ask_git("rev-parse", "--is-inside-work-tree", "--absolute-git-dir", "--git-common-dir")
    lines = text_of(answer or b"").split("\n")
    if len(lines) != 4 or lines[0] != "true":
        return None
    return lines[1], os.path.join(os.getcwd(), lines[2])


def other_parents(git_dir: str) -> list[str]:
    """The other parents of the merge commit that is about to be made.

    While `pre-merge-commit` runs there is no `MERGE_HEAD` yet (git 2.39); `git merge` names them in the environment.
    """
    try:
        with open(os.path.join(git_dir, "MERGE_HEAD"), "rb") as file:
            return text_of(file.read()).split()
    except OSError:
        return [name.removeprefix("GITHEAD_") for name in os.environ if name.startswith("GITHEAD_")]


def ask_git(*args: str) -> bytes | None:
    try:
        done = subprocess.run(
            (git_program(), *args), env=for_git(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
