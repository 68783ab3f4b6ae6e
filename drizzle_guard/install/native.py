"""Where the native program lies, by a path that stays: what npm, pnpm and yarn make of `node_modules`.

The program knows its real path only.  npm and yarn put it into `node_modules/@drizzle-guard/PLATFORM` beside the main
package; pnpm into a store whose directory names have the version in them, to which links lead.  One path is good for
all of them and outlives an update: from the main package (a link in pnpm, which the system follows before `..`) to its
neighbour.  npm puts the neighbour below the main package where another version stands above it.

A path is taken only if it leads to the very program that runs.  Rejected: the launcher in `node_modules/.bin` (node
would start at every call of git, and takes as long as the work), and the real path (gone with the next update of pnpm's
store).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from drizzle_guard.packaged import is_native

_MODULES = "node_modules"
#: from the directory `node_modules` to the directory with the packages of the platforms
_PLACES = (
    ("drizzle-guard", "..", "@drizzle-guard"),
    ("drizzle-guard", _MODULES, "@drizzle-guard"),
    ("@drizzle-guard",),
    (".pnpm", _MODULES, "@drizzle-guard"),  # pnpm without a link from here; Windows takes `..` by the letter
)


def native_program() -> str | None:
    """The path to register for the native program that runs; None if this is no native build."""
    return stable_path(sys.executable, os.getcwd()) if is_native() else None


def stable_path(program: str, cwd: str) -> str:
    """A path of `program` through a `node_modules` that lies above `cwd` or above itself; else as it is."""
    real = os.path.realpath(program)
    package = os.path.dirname(os.path.dirname(real))  # it lies in `bin`
    for directory in (*_upwards(cwd), *_upwards(package)):
        for place in _PLACES:
            path = os.path.join(
                directory, _MODULES, *place, os.path.basename(package), "bin", os.path.basename(program)
            )
            if os.path.realpath(path) == real:
                return path
    return program


def in_every_worktree(path: str) -> str | None:
    """The same path from the top of the worktree in which it lies; None if it lies in none, or in no `node_modules`."""
    before, found, _ = path.replace("\\", "/").partition(f"/{_MODULES}/")
    if not found:
        return None
    top = next((directory for directory in _upwards(before) if os.path.lexists(os.path.join(directory, ".git"))), None)
    return None if top is None else os.path.relpath(before, top).replace("\\", "/") + path[len(before) :]


def _upwards(directory: str) -> Iterator[str]:
    while True:
        yield directory
        above = os.path.dirname(directory)
        if above == directory:
            return
        directory = above
