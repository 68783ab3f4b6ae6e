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

[rehearse]                        # or in short: rehearse = "push"
hook = "push"                     # the pre-push hook rehearses the folders that the pushed commits change
setup = ["tools/extensions.sql"]  # runs first on each throw-away database

[databases]                       # name = the environment variable that holds the URL, never the URL itself
staging = "STAGING_DATABASE_URL"

[[known]]                         # a row of the migrations table that has no file, acknowledged on purpose
hash = "9f86d08..."
reason = "squashed into 0000_init in March"
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from drizzle_guard.config_file import NAME, parse_toml, read_bytes
from drizzle_guard.errors import UsageError, printable

_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]*")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Allow(_Model):
    """One exception to `protect`, reviewed like code."""

    tag: str
    sha256: str = Field(pattern="^[0-9a-fA-F]{64}$")
    reason: str = Field(min_length=1)
    folder: str | None = None


class Known(_Model):
    """A row without a file that a person knows of; another program's ledger has names instead of hashes."""

    hash: str | None = Field(default=None, pattern="^[0-9a-fA-F]{64}$")
    name: str | None = Field(default=None, min_length=1)
    reason: str = Field(min_length=1)

    @model_validator(mode="after")
    def _one(self) -> Known:
        if (self.hash is None) == (self.name is None):
            raise ValueError("either hash or name")
        return self


class Database(_Model):
    """Where Drizzle keeps its rows, if not in the default place."""

    table: str = "__drizzle_migrations"
    schema_: str = Field(default="drizzle", alias="schema")


class Rehearse(_Model):
    """What `rehearse` needs, and whether the pre-push hook does it."""

    hook: Literal["push"] | None = None
    setup: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """`rehearse = "push"` is short for `rehearse.hook = "push"`."""
        return {"hook": value} if isinstance(value, str) else value


class Config(_Model):
    """All of `drizzle-guard.toml`; every key has a default."""

    mainline: str | None = Field(default=None, min_length=1)
    protect: Literal["committed", "published"] = "committed"
    database: Database = Database()
    allow: tuple[Allow, ...] = ()
    rehearse: Rehearse = Rehearse()
    databases: dict[str, str] = {}
    known: tuple[Known, ...] = ()

    @field_validator("databases")
    @classmethod
    def _variables(cls, value: dict[str, str]) -> dict[str, str]:
        """Only names of variables: a URL holds a password, and this file is committed."""
        wrong = next((name for name, variable in value.items() if not _VARIABLE.fullmatch(variable)), None)
        if wrong is not None:
            raise ValueError(f"{wrong} must be the name of an environment variable, never a URL")
        return value


def parse_config(data: bytes, name: str = NAME) -> Config:
    """Read the file's bytes.  Raises UsageError naming the key that is wrong."""
    document = parse_toml(data, name)
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(f"{printable(name)}: {printable(where)}: {printable(first['msg'])}.") from None
    except RecursionError:
        raise UsageError(f"{printable(name)} is nested too deeply.") from None


def read_config(root: Path) -> Config:
    """The configuration at the root of a worktree; defaults if there is none.  Raises UsageError."""
    data = read_bytes(str(root))
    return Config() if data is None else parse_config(data)
