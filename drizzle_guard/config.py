"""`drizzle-guard.toml`, a committed file at the root of the repository.

mainline = "origin/main"          # the branch whose migrations are published
protect = "committed"             # or "published": only what stands on the mainline is protected

[database]
table = "__drizzle_migrations"
schema = "drizzle"

[[allow]]                         # one edit of a committed migration, allowed on purpose
tag = "0007_big_hulk"
sha256 = "9f86d08..."             # of the file as it may now be
reason = "typo in a comment, never ran anywhere"
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any, Literal

from drizzle_guard.errors import UsageError, printable

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from pydantic import BaseModel, ConfigDict, Field, ValidationError

NAME = "drizzle-guard.toml"
_MAX_BYTES = 1024 * 1024
#: in one line; tomllib needs memory for the square of a dotted key's parts
_MAX_DOTS = 200


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Allow(_Model):
    """One exception to `protect`, reviewed like code."""

    tag: str
    sha256: str = Field(pattern="^[0-9a-fA-F]{64}$")
    reason: str = Field(min_length=1)
    folder: str | None = None


class Database(_Model):
    """Where Drizzle keeps its rows, if not in the default place."""

    table: str = "__drizzle_migrations"
    schema_: str = Field(default="drizzle", alias="schema")


class Config(_Model):
    """All of `drizzle-guard.toml`; every key has a default."""

    mainline: str | None = Field(default=None, min_length=1)
    protect: Literal["committed", "published"] = "committed"
    database: Database = Database()
    allow: tuple[Allow, ...] = ()


def parse_config(data: bytes, name: str = NAME) -> Config:
    """Read the file's bytes.  Raises UsageError naming the key that is wrong."""
    if any(line.count(b".") > _MAX_DOTS for line in data.split(b"\n")):
        raise _too_deep(name)
    try:
        document: dict[str, Any] = tomllib.loads(data.decode("utf-8-sig"))
        return Config.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(f"{printable(name)}: {printable(where)}: {printable(first['msg'])}.") from None
    except RecursionError:
        raise _too_deep(name) from None
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError, an integer with too many digits
        raise UsageError(f"{printable(name)} is not TOML: {printable(str(error)).rstrip('.')}.") from None


def _too_deep(name: str) -> UsageError:
    return UsageError(f"{printable(name)} is nested too deeply.")


def read_config(root: Path) -> Config:
    """The configuration at the root of a worktree; defaults if there is none.  Raises UsageError."""
    try:
        found = (root / NAME).lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MAX_BYTES:
            raise UsageError(f"{NAME} is no regular file of at most {_MAX_BYTES // 1024} KiB.")
        data = (root / NAME).read_bytes()
    except FileNotFoundError:
        return Config()
    except OSError as error:
        raise UsageError(f"{NAME} cannot be read: {error.strerror}.") from None
    return parse_config(data)
