"""The documented forms of `rehearse --format json`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FailureForm(_Form):
    """Where a migrate stopped."""

    tag: str
    statement: int = Field(description="counted from 1; 0: not a statement of the file (COMMIT, the row)")
    statements: int
    sql: str = Field(description="the start of the statement")
    words: str = Field(description="the database's own")
    line: int = Field(description="line in the file, from 1; 0: none")


class DriftForm(_Form):
    """One object that is not alike; null: this side does not have it."""

    object: list[str] = Field(description="its kind and its names")
    migrations: dict[str, str] | None
    database: dict[str, str] | None


class AgainstForm(_Form):
    """What `rehearse --against URL --format json` prints."""

    version: int = 1
    exit_code: int = Field(description="0 no drift, 1 drift, 2 it could not be told")
    folder: str
    database: str = Field(description="without password")
    dialect: str
    engine: str = Field(description="where the migrations were made anew")
    driver: str
    recorded: list[str] = Field(description="tags of the migrations that the rows name, in the order in which they ran")
    failure: FailureForm | None = Field(description="why they cannot be made anew")
    cannot_rehearse: str | None = Field(description="what this machine lacks for it")
    differences: list[DriftForm]
    not_told: list[str] = Field(description="what the comparison could not take in")
    notes: list[str]


class DifferenceForm(_Form):
    """One object that two starting points do not have alike; null: this one does not have it."""

    object: list[str] = Field(description="its kind and its names")
    empty: dict[str, str] | None
    this: dict[str, str] | None


class SnapshotDifferenceForm(_Form):
    """One object that snapshot and database do not have alike; null: this one does not have it."""

    object: list[str] = Field(description="its kind and its names")
    snapshot: dict[str, str] | None
    database: dict[str, str] | None


class UnbuiltForm(_Form):
    """What of the snapshot could not be built here, and the database's words."""

    what: str
    words: str


class SnapshotForm(_Form):
    """The database against the newest snapshot."""

    file: str
    differences: list[SnapshotDifferenceForm]
    by_hand: list[SnapshotDifferenceForm] = Field(description="made by hand: no snapshot ever held it")
    not_compared: list[UnbuiltForm]


class StartForm(_Form):
    """What became of one starting point."""

    start: str = Field(description='"empty", "mainline", "base", "branch" (Drizzle v1), or "after <tag>"')
    label: str
    good: bool
    ran: list[str]
    ran_again: list[str]
    skipped: list[str] = Field(description="never run there, and nothing says so")
    state_made: bool
    failure: FailureForm | None
    cannot_rehearse: str | None = Field(description="what this machine or server lacks for it")
    broken: list[str] = Field(description="what is there but fails when it is used")
    differences: list[DifferenceForm]


class FolderForm(_Form):
    """One folder that was rehearsed."""

    folder: str
    dialect: str
    engine: str
    driver: str
    good: bool
    starts: list[StartForm]
    snapshot: SnapshotForm | None
    not_looked_at: list[str]


class RehearsedForm(_Form):
    """What `rehearse --format json` prints."""

    exit_code: int = Field(description="0 all came out well, 1 something was found, 2 it could not be rehearsed here")
    folders: list[FolderForm]
