"""What a statement does to the objects of a database, in the words of its catalog."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from drizzle_guard.light import NamedTuple

Kind = str  # table, column, index, constraint, primary, unique, foreign, check, view, type, value, sequence, function …
Verb = Literal[
    "make",  # CREATE, ADD
    "remove",  # DROP
    "set",  # ALTER: facts of something that is there
    "rename",
    "rows",  # INSERT, UPDATE, DELETE …
    "look",  # COMMENT ON, ALTER POLICY: the object must be there, nothing is made
    "control",  # BEGIN, COMMIT, ROLLBACK
    "quiet",  # SET, PRAGMA, ANALYZE: no object, no rows
    "call",  # SELECT, CALL, GRANT: what it does cannot be read
    "opaque",  # not understood
]
#: values are None where the SQL says that there is none (`DROP DEFAULT`); a fact that is not said is left out
Facts = Mapping[str, "str | None"]
_NONE: Facts = MappingProxyType({})


class Effect(NamedTuple):
    """One thing that a statement does.

    `schema` is "" where the SQL names none; `name` is the table (or the object itself), `member` what is inside it.
    `guarded`: IF [NOT] EXISTS, or a DO block that catches the error.  `parts` are the columns and constraints of a
    new table.  `sure` is False where something was said that is not read (another table's LIKE, a partition).
    `needs` are tables that must exist.  `risky` says why rows that are there could make it fail.
    """

    verb: Verb
    kind: Kind = "table"
    schema: str = ""
    name: str = ""
    member: str = ""
    facts: Facts = _NONE
    guarded: bool = False
    replaces: bool = False
    cascade: bool = False
    to: str = ""
    parts: tuple[Effect, ...] = ()
    sure: bool = True
    needs: tuple[tuple[str, str], ...] = ()
    risky: str = ""


class Statement(NamedTuple):
    """One statement: what it does, the names it mentions (as written and in lower case), its first word."""

    effects: tuple[Effect, ...]
    words: frozenset[str]
    head: str

    @property
    def understood(self) -> bool:
        """Whether all that it does to objects is told by `effects`."""
        return all(e.verb not in ("opaque", "call") and e.sure for e in self.effects)
