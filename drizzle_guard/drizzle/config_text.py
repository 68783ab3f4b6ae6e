"""`drizzle.config.*` as text: it is TypeScript, which cannot be evaluated here.

Only what stands there in plain quotes is understood.  What is computed (`process.env.X`, a template with `${…}`, a
spread of another object) is "not told", never a guess.  Keys as drizzle-kit 0.31 reads them (`bin.cjs`, drizzleConfig).
"""

from __future__ import annotations

import posixpath
import re

from drizzle_guard.light import NamedTuple, pattern

#: where drizzle-kit writes if the config has no `out`
DEFAULT_OUT = "drizzle"

_NAME = pattern(r"(?=.*drizzle)(?=.*config).*\.(?:[cm]?[jt]s|json)", re.IGNORECASE)
_USUAL_NAME = pattern(r"drizzle.*\.config.*", re.IGNORECASE)
_STRING = r"""(["'`])((?:(?!{0})[^\\$\n])*){0}"""
_COMMENT = pattern(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|/\*.*?\*/|//[^\n]*""", re.DOTALL)
_OUT = pattern(r"""\bout\b["']?\s*:\s*""" + _STRING.format(r"\1"))
_OUT_OR_SPREAD = pattern(r"\bout\b|\.\.\.\s*[\w$({]")
_DIALECT = pattern(r"""\bdialect["']?\s*:\s*""" + _STRING.format(r"\1"))
_DIALECT_KEY = pattern(r"\bdialect\b")
_MIGRATIONS = pattern(r"""\bmigrations["']?\s*:\s*\{([^}]*)\}""")
_TABLE_OR_SCHEMA = pattern(r"""\b(table|schema)["']?\s*:\s*(?:""" + _STRING.format(r"\2") + ")?")
_CREDENTIALS = pattern(r"""\bdbCredentials["']?\s*:\s*(\{[^}]*\})""")


class ConfigText(NamedTuple):
    """What the text of a config says in plain words.

    `outs` are the folders that it names, `/` between their parts (several where the file holds several configs);
    `tells_out` is False where the folder may also come from something that is not understood.  `dialect` is "" and
    `table` and `schema` (of `migrations`) are None where the text has none in plain quotes; `own_table` says that the
    text sets one of the two, in whatever way.  `credentials` is the text of `dbCredentials` without white space.
    """

    outs: tuple[str, ...]
    tells_out: bool
    dialect: str
    table: str | None
    schema: str | None
    own_table: bool
    credentials: str

    @property
    def out(self) -> str | None:
        """The one folder that this config writes, relative to its own place; None if the text does not tell."""
        return self.outs[0] if len(self.outs) == 1 and self.tells_out else None

    def writes(self, folder: str) -> bool | None:
        """Whether it writes a folder, given relative to the config's place; None if the text does not tell."""
        if folder in self.outs:
            return True
        return False if self.tells_out else None


def read_config_text(text: str) -> ConfigText:
    """Read the text of a `drizzle.config.*`.  Raises nothing: what is not understood is not told."""
    text = _COMMENT.sub(lambda found: found[1] or " ", text)
    outs = tuple(posixpath.normpath(value) for _, value in _OUT.findall(text))
    computed = _OUT_OR_SPREAD.search(_OUT.sub("", text)) is not None
    migrations = _MIGRATIONS.search(text)
    listed = _TABLE_OR_SCHEMA.findall(migrations[1]) if migrations else []
    keys = {name: value if quote else None for name, quote, value in listed}
    dialect, credentials = _DIALECT.search(text), _CREDENTIALS.search(text)
    return ConfigText(
        outs=outs or (() if computed else (DEFAULT_OUT,)),
        tells_out=bool(outs) or not computed,
        dialect=dialect[2] if dialect else "",
        table=keys.get("table"),
        schema=keys.get("schema"),
        own_table=bool(keys),
        credentials="".join(credentials[1].split()) if credentials else "",
    )


def may_be_config(name: str) -> bool:
    """Whether a file of this name may be a config of drizzle-kit's (`--config` takes any name)."""
    return _NAME.fullmatch(name) is not None


def is_config(name: str, text: str) -> bool:
    """Whether a file is a config of drizzle-kit's, by its usual name, or by its name and the `dialect` that it sets."""
    if not may_be_config(name):
        return False
    return _USUAL_NAME.fullmatch(name) is not None or _DIALECT_KEY.search(text) is not None
