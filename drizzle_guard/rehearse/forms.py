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
