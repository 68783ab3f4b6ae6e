"""Hooks that arm their clone: whoever only ran `pre-commit install` has our hooks, but not yet the merge driver.

git takes no settings from a repository, so every clone has to be armed once.  A hook that runs anyway looks whether
that is done; it costs one small file to read.  A clone is armed anew when the registered program is gone
(`pre-commit gc`), and when the framework runs another one than is registered (a `rev:` that was raised).
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # importing typing takes as long as asking git
if TYPE_CHECKING:
    from drizzle_guard.git.repository import Repository

OPT_OUT = "drizzle-guard.arm"
_DRIVER = "merge.drizzle-journal.driver"
_NAME = "drizzle-guard"
# the two ends of the executable's path in what `shell_lines.driver_line` writes; importing that costs too much here
_START, _END = "dg() { for c in ", f" {_NAME}; do"


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
        steps = driver_steps(repository)
        do(repository, steps)
    except GuardError as error:
        say(f"this clone has no merge driver for migrations: {error.message}", "drizzle-guard install")
        return
    if steps:
        say(
            "armed this clone: git now merges Drizzle journals with drizzle-guard. This takes that back:",
            f"git config {OPT_OUT} false",
            "drizzle-guard uninstall",
        )


def needs_no_look(common_dir: str) -> bool:
    """Whether no hook called us, or this clone's own settings name a driver that is there."""
    if not ({"PRE_COMMIT", "GIT_INDEX_FILE"} & os.environ.keys()):
        return True
    try:
        with open(os.path.join(common_dir, "config"), "rb") as file:
            text = file.read().decode("utf-8", "surrogateescape")
    except OSError:
        return False
    line = text.partition('"drizzle-journal"')[2].partition(_START)[2].partition("\n")[0]
    # git writes a backslash before quotes; then only git itself is to read it
    return bool(line) and "\\" not in line.partition(_END)[0] and _is_armed(_START + line)


def _is_armed(driver: str | None) -> bool:
    """Whether a registered driver finds its executable, and that is the one that a framework's hook would take."""
    if driver is None:
        return False
    named, ours, _ = driver.partition(_START)[2].partition(_END)
    if not ours:  # no path but the name alone, or a line that somebody else answers for
        return True
    path = named.replace("%%", "%")
    if path.startswith("'"):
        import shlex

        path = shlex.split(path)[0]
    else:
        path = path.split(" ", 1)[0]  # the native program has a second place
    if _is_ours_of_the_framework(path):
        return True
    return (os.path.isfile(path) and not _is_of_another_rev(path)) or _on_path()


def _is_ours_of_the_framework(path: str) -> bool:
    return os.path.isfile(path) and _plain(path) == _plain(sys.argv[0])


def _is_of_another_rev(path: str) -> bool:
    """Whether the framework runs us from one of its environments, and the driver is registered from another of them."""
    here, there = os.path.dirname(_plain(sys.argv[0])), os.path.dirname(_plain(path))
    if "PRE_COMMIT" not in os.environ or here == there:
        return False
    places = [os.path.dirname(os.path.dirname(os.path.dirname(place))) for place in (here, there)]
    return places[0] == places[1]


def _on_path() -> bool:
    """Whether git would find drizzle-guard without knowing where it is."""
    from shutil import which  # late: only after the environment that armed the clone is gone

    found = which(_NAME)
    return found is not None and _plain(found) != _plain(sys.argv[0])


def _plain(path: str) -> str:
    """A path to compare: the launcher of Windows cuts `.exe` off what it hands on."""
    return os.path.normcase(os.path.splitext(os.path.abspath(path))[0])
