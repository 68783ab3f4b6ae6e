"""What may stand in `drizzle-guard.toml`, as pydantic holds a file against it and as docs/schemas publishes it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from drizzle_guard.errors import UsageError, printable
from drizzle_guard.light import pattern

_VARIABLE = pattern("[A-Za-z_][A-Za-z0-9_]*")
_Sha256 = Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")]
_Text = Annotated[str, Field(min_length=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Allow(_Model):
    """One exception to `protect`, reviewed like code."""

    tag: str
    sha256: _Sha256
    reason: _Text
    folder: str | None = None


class Known(_Model):
    """A row without a file that a person knows of; another program's ledger has names instead of hashes."""

    hash: _Sha256 | None = None
    name: _Text | None = None
    reason: _Text

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


_TABLES: dict[str, type[_Model]] = {
    "": Config,
    "allow": Allow,
    "known": Known,
    "database": Database,
    "rehearse": Rehearse,
}
_LISTS = ("allow", "known")


def _unknown(place: tuple[int | str, ...]) -> str:
    """What to say of a key that there is not, with the one that was probably meant."""
    from difflib import get_close_matches

    *above, key = (str(part) for part in place)
    table = next((part for part in above if part in _TABLES), "")
    keys = [field.alias or key for key, field in _TABLES[table].model_fields.items()]
    near = get_close_matches(key, keys, 1)
    inside = f" in [{'[' * (table in _LISTS)}{table}{']' * (table in _LISTS)}]" if table else ""
    meant = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(f'`{key}`' for key in keys)}."
    return f"unknown key `{printable(key)}`{inside}{meant}"


def validate(document: dict[str, Any], name: str) -> Config:
    """The settings in a TOML document.  Raises UsageError naming the key that is wrong; `name` is the file."""
    try:
        return Config.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "extra_forbidden":
            raise UsageError(f"{printable(name)}: {_unknown(first['loc'])}") from None
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UsageError(f"{printable(name)}: {printable(where)}: {printable(first['msg'])}.") from None
    except RecursionError:
        raise UsageError(f"{printable(name)} is nested too deeply.") from None
