"""What a statement does to the objects of a database, in the words of its catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from drizzle_guard.light import NamedTuple, pattern
from drizzle_guard.sql.exact.pieces import Piece

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
_WORD = pattern(r"\w+")


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


class Statement:
    """One statement: what it does, and its first word."""

    __slots__ = ("_found", "_words", "effects", "head")

    def __init__(self, effects: tuple[Effect, ...], found: Sequence[Piece]) -> None:
        self.effects, self.head = effects, found[0].key
        self._found, self._words = found, frozenset[str]()

    @property
    def words(self) -> frozenset[str]:
        """The names that it mentions, in lower case, also those inside strings and bodies; few are ever asked."""
        if not self._words:
            words: set[str] = set()
            for piece in self._found:
                if piece.kind in ("word", "name"):
                    words.add(piece.text.lower())
                elif piece.kind in ("string", "body"):
                    words.update(word.lower() for word in _WORD.findall(piece.text))
            self._words = frozenset(words)
        return self._words
