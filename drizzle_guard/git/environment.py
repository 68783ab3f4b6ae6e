"""The one place that decides which environment variables our own git commands see, and which program `git` is.

git hands much of its own state to hooks and merge drivers in the environment (git 2.39 to 2.55).  What says *where* we
are has to stay: `GIT_DIR`, `GIT_WORK_TREE`, `GIT_COMMON_DIR`, `GIT_INDEX_FILE` (a partial commit has an index of its
own) and the object directories.  So has what the user gave with `-c` (`GIT_CONFIG_PARAMETERS`, `GIT_CONFIG_COUNT`): it
is how `git -c core.hooksPath=... merge` reaches us.  What changes the *meaning* of a command is taken away: with
`GIT_LITERAL_PATHSPECS` (every command of Magit sets it) our patterns would match nothing, and "nothing" is an answer
that we act on.  Settings that would mix words into what we read are overruled.

Rejected: a list of what may stay.  A variable that we do not know would be lost, and credentials and proxies with it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

#: these change what an argument means, or what a command prints
_CHANGE_MEANING = (
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
    "GIT_EXTERNAL_DIFF",
    "GIT_DIFF_OPTS",
    "GIT_DEFAULT_HASH",
    "GIT_TRACE",
    "GIT_REDIRECT_STDIN",
    "GIT_REDIRECT_STDOUT",
    "GIT_REDIRECT_STDERR",
)
#: these say in which repository, index and object store a command works
_PLACE = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_QUARANTINE_PATH",
)
_RELATIVE_TO_HERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
#: tells the hooks that git runs within our own commands that they are not needed
AT_WORK = "DRIZZLE_GUARD_AT_WORK"
#: settings that would put more lines into an answer
OVERRULED = ("-c", "log.showSignature=false")


def for_git(directory: str | None = None, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a git command of ours.

    `directory` is where we were called: git's own directories that are relative are meant from there, and our calls
    are made from the top of the worktree.  `more` is added as it is.
    """
    env = {name: value for name, value in os.environ.items() if name not in _CHANGE_MEANING}
    if directory is not None:
        for name in _RELATIVE_TO_HERE:
            if (value := env.get(name)) and not os.path.isabs(value):
                env[name] = os.path.abspath(os.path.join(directory, value))
    env[AT_WORK] = "1"
    if more:
        env.update(more)
    return env


def for_other_programs() -> dict[str, str]:
    """The environment for a program that may call git elsewhere: it knows nothing of the hook that we run in."""
    return {name: value for name, value in for_git().items() if name not in (*_PLACE, AT_WORK)}


def git_program(system: str = os.name) -> str:
    """The program to run.

    Windows looks in the current directory before the PATH, which here is a repository that anybody may have written;
    so there `git.exe` is taken from the absolute parts of the PATH alone.
    """
    if system != "nt":
        return "git"
    for directory in os.environ.get("PATH", "").split(os.pathsep):
        found = os.path.join(directory, "git.exe")
        if os.path.isabs(directory) and os.path.isfile(found):
            return found
    return "git-is-not-on-the-PATH"
