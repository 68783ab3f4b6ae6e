"""Hooks that arm their clone: whoever only ran `pre-commit install` has our hooks, but not yet the merge driver.

git takes no settings from a repository, so every clone has to be armed once.  A hook that runs anyway looks whether
that is done; it costs one small file to read.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing typing takes as long as asking git
if TYPE_CHECKING:
    from drizzle_guard.git.repository import Repository

OPT_OUT = "drizzle-guard.arm"
_DRIVER = "merge.drizzle-journal.driver"
_MARK = "drizzle-guard"
# the two ends of the executable's path in what `driver_line` writes
_START, _END = "dg() { for c in ", f" {_MARK}; do"


def arm_in_hook(repository: Repository) -> None:
    """Arm the clone if git (or a hook manager) called us and it is not armed.  Raises nothing; a failure is said."""
    if needs_no_look(repository.common_dir) or _is_armed(repository.config(_DRIVER)):
        return
    if repository.line("config", "--type=bool", "--get", OPT_OUT) == "false":
        return
    from drizzle_guard.errors import GuardError
    from drizzle_guard.install.steps import do, driver_steps
    from drizzle_guard.terminal import say

    try:
        do(repository, driver_steps(repository))
    except GuardError as error:
        say(f"this clone has no merge driver for migrations: {error.message}", "drizzle-guard install")
        return
    say(
        "armed this clone: git now merges Drizzle journals with drizzle-guard.",
        f"git config {OPT_OUT} false && drizzle-guard uninstall   # takes that back",
    )


def needs_no_look(common_dir: str) -> bool:
    """Whether no hook called us, or this clone's own settings name a driver that is there."""
    if not ({"PRE_COMMIT", "GIT_INDEX_FILE"} & os.environ.keys()):
        return True
    try:
        with open(os.path.join(common_dir, "config"), "rb") as file:
            text = os.fsdecode(file.read())
    except OSError:
        return False
    line = text.partition('"drizzle-journal"')[2].partition(_START)[2].partition("\n")[0]
    # git writes a backslash before quotes; then only git itself is to read it
    return bool(line) and "\\" not in line.partition(_END)[0] and _is_armed(_START + line)


def _is_armed(driver: str | None) -> bool:
    """Whether a registered driver finds its executable."""
    if driver is None:
        return False
    named, ours, _ = driver.partition(_START)[2].partition(_END)
    if not ours:  # no path but the name alone, or a line that somebody else answers for
        return True
    path = named.replace("%%", "%")
    if path.startswith("'"):
        import shlex

        path = shlex.split(path)[0]
    return os.path.isfile(path) or _on_path()


def _on_path() -> bool:
    """Whether git would find drizzle-guard without knowing where it is."""
    from shutil import which  # late: only after the environment that armed the clone is gone

    found = which(_MARK)
    return found is not None and os.path.abspath(found) != os.path.abspath(sys.argv[0])
