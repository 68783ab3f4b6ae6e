"""`drizzle-guard.toml` as a file: its bytes and its TOML.

The driver and the hooks read it here and look at the few keys that they need (`git.mainline`).  `config_model`
validates the whole file with pydantic, whose import takes longer than a whole call of the driver.
"""

from __future__ import annotations

import os
import stat
import sys
from typing import Any

from drizzle_guard.errors import UsageError, printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

NAME = "drizzle-guard.toml"
#: the keys of its top level
KEYS = frozenset({"mainline", "protect", "database", "allow", "rehearse", "databases", "known"})
_MAX_BYTES = 1024 * 1024
#: in one line; tomllib needs memory for the square of a dotted key's parts
_MAX_DOTS = 200


def read_bytes(root: str) -> bytes | None:
    """The bytes of the file at the root of a worktree; None if there is none.  Raises UsageError."""
    path = os.path.join(root, NAME)
    try:
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_BYTES:
            raise UsageError(f"{NAME} is no regular file of at most {_MAX_BYTES // 1024} KiB.")
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{NAME} cannot be read: {error.strerror}.") from None


def parse_toml(data: bytes, name: str = NAME) -> dict[str, Any]:
    """The document that the bytes hold.  Raises UsageError if they are not TOML; `name` is the file, for messages."""
    too_deep = UsageError(f"{printable(name)} is nested too deeply.")
    if any(line.count(b".") > _MAX_DOTS for line in data.split(b"\n")):
        raise too_deep
    try:
        document: dict[str, Any] = tomllib.loads(data.decode("utf-8-sig"))
        return document
    except RecursionError:
        raise too_deep from None
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError, an integer with too many digits
        raise UsageError(f"{printable(name)} is not TOML: {printable(str(error)).rstrip('.')}.") from None
