"""The settings of `drizzle-guard.toml`, a committed file at the root of the repository.

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

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from drizzle_guard.config_file import NAME, parse_toml, read_bytes
from drizzle_guard.light import NamedTuple

#: where Drizzle keeps its rows if nothing says otherwise (drizzle-orm 0.45 pg-core/dialect.js, migrator.js)
DEFAULT_TABLE = "__drizzle_migrations"
DEFAULT_SCHEMA = "drizzle"


class Allow(NamedTuple):
    """One exception to `protect`, reviewed like code."""

    tag: str
    sha256: str
    reason: str
    folder: str | None = None


class Known(NamedTuple):
    """A row without a file that a person knows of, by its hash or (in another program's ledger) by its name."""

    reason: str
    hash: str | None = None
    name: str | None = None


class Database(NamedTuple):
    """Where Drizzle keeps its rows, if the file says so."""

    table: str | None = None
    schema: str | None = None


class Rehearse(NamedTuple):
    """What `rehearse` needs, and whether the pre-push hook does it."""

    hook: Literal["push"] | None = None
    setup: tuple[str, ...] = ()


class Config(NamedTuple):
    """All of `drizzle-guard.toml`; every key has a default."""

    mainline: str | None = None
    protect: Literal["committed", "published"] = "committed"
    database: Database = Database()
    allow: tuple[Allow, ...] = ()
    rehearse: Rehearse = Rehearse()
    databases: Mapping[str, str] = MappingProxyType({})
    known: tuple[Known, ...] = ()


def parse_config(data: bytes, name: str = NAME) -> Config:
    """Read the file's bytes.  Raises UsageError naming the key that is wrong."""
    from drizzle_guard.config_model import validate  # late: it imports pydantic; most repositories have no such file

    model = validate(parse_toml(data, name), name)
    told = model.database.model_fields_set
    return Config(
        mainline=model.mainline,
        protect=model.protect,
        database=Database(
            model.database.table if "table" in told else None,
            model.database.schema_ if told & {"schema", "schema_"} else None,
        ),
        allow=tuple(Allow(a.tag, a.sha256, a.reason, a.folder) for a in model.allow),
        rehearse=Rehearse(model.rehearse.hook, model.rehearse.setup),
        databases=model.databases,
        known=tuple(Known(k.reason, k.hash, k.name) for k in model.known),
    )


def read_config(root: Path) -> Config:
    """The configuration at the root of a worktree; defaults if there is none.  Raises UsageError."""
    data = read_bytes(str(root))
    return Config() if data is None else parse_config(data)
