"""How this program came here: with pip, or as the native build that npm installs.

The native build holds the drivers of PostgreSQL and MySQL, but no Python to which something could be added, and no
PostgreSQL server.
"""

from __future__ import annotations

import sys


def is_native() -> bool:
    """Whether this is the native build: `sys.executable` is drizzle-guard itself."""
    return bool(getattr(sys, "frozen", False))


def to_add(extra: str) -> str:
    """The command that installs an optional part; where nothing can be added, the one that brings all that there is."""
    return "npm ci" if is_native() else f"pip install 'drizzle-guard[{extra}]'"


def to_add_a_server() -> str:
    """The command that installs a PostgreSQL server for `rehearse`."""
    command = "pipx install 'drizzle-guard[rehearse]'"
    return f"npm brings none: {command}" if is_native() else "pip install 'drizzle-guard[rehearse]'"
