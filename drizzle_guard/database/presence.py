"""Whether a migration's statements have run, as far as what the database holds can prove it.

A proof needs two things: the database is as it is after the statement, and only this statement makes it so.  A table
that exists proves nothing if another migration creates one of that name; rows (`INSERT`, `UPDATE`) prove nothing ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence, Set
from enum import Enum
from typing import NamedTuple

from drizzle_guard.sql.actions import Action, Key
from drizzle_guard.sql.ddl import actions_of
from drizzle_guard.sql.members import created_members
from drizzle_guard.sql.statements import Statement, split_chunks, statements
from drizzle_guard.sql.tokens import Token, split, tokenize

#: what a database is asked for; of other kinds (functions, roles, extensions) nothing can be proved
KINDS = frozenset(
    ["table", "column", "index", "constraint", "type", "value", "view", "sequence", "schema", "policy", "trigger"]
)
#: what ALTER TABLE calls a constraint or key without a name
_UNNAMED = frozenset(["primary", "foreign", "check", "unique", "index", "key", "fulltext", ""])

_HARMLESS = ("select ", "pragma ", "set ")

#: the objects of a database, keyed like `Action.key`; an index also as ("index", name, table)
Catalog = frozenset[Key]


class Proof(str, Enum):
    """What is known of one chunk (what Drizzle sends at once)."""

    RAN = "ran"
    DID_NOT_RUN = "did not run"
    NOTHING = "does nothing"  # a comment, or IF NOT EXISTS where it exists
    REPEATABLE = "cannot be told, harmless to repeat"
    UNKNOWN = "cannot be told"


class Chunk(NamedTuple):
    """One piece of a migration as Drizzle sends it, and what is known of it."""

    sql: str
    proof: Proof


class Made(NamedTuple):
    """What other migrations create (in any place) and what earlier ones leave behind."""

    anywhere: Container[Key]
    before: Container[Key]


def prove(text: str, catalog: Catalog, others: Made) -> list[Chunk]:
    """What is known of each chunk of a migration.  `others` are the other migrations of the folder."""
    pieces = [(piece, statements(piece)) for piece in split_chunks(text)]
    actions = [action for _, found in pieces for s in found for action in s.actions if action.verb != "data"]
    last = {action.key: action for action in actions}
    mine = frozenset(action.key for action in actions if action.verb == "create")
    chunks = []
    for piece, found in pieces:
        proofs = []
        for statement in found:
            for action in statement.actions:
                masked = last.get(action.key, action) is not action
                proofs.append(Proof.UNKNOWN if masked else _prove(action, statement, catalog, others, mine))
            if not statement.actions and not statement.text.startswith(_HARMLESS):
                proofs.append(Proof.UNKNOWN)
        columns = [key for s in split(tokenize(piece)) for key in created_members(s) if key[0] == "column"]
        if Proof.RAN in proofs and any(key not in catalog for key in columns if key not in last):
            proofs.append(Proof.UNKNOWN)  # somebody else's table of that name, or one changed since
        chunks.append(Chunk(piece, _together(proofs)))
    return chunks


def _together(proofs: Iterable[Proof]) -> Proof:
    kinds = set(proofs)
    if Proof.UNKNOWN in kinds or {Proof.RAN, Proof.DID_NOT_RUN} <= kinds:
        return Proof.UNKNOWN
    return next((p for p in (Proof.REPEATABLE, Proof.DID_NOT_RUN, Proof.RAN) if p in kinds), Proof.NOTHING)


def _prove(action: Action, statement: Statement, catalog: Catalog, others: Made, mine: frozenset[Key]) -> Proof:
    key = action.key
    if action.verb == "alter":
        fixed = action.kind == "column" or action.detail.split(" ")[0] in ("enable", "disable", "force")
        return Proof.REPEATABLE if fixed and "using" not in statement.words else Proof.UNKNOWN
    if action.kind not in KINDS or action.verb not in ("create", "drop") or key[-1] in _UNNAMED:
        return Proof.REPEATABLE if action.guarded else Proof.UNKNOWN
    there = exists(action, catalog)
    if action.verb == "create":
        if not there:
            return Proof.DID_NOT_RUN
        only = key not in others.anywhere
    else:
        if there:
            return Proof.DID_NOT_RUN
        parent_there = action.kind not in ("column", "constraint") or ("table", key[1]) in catalog
        only = key in others.before and key not in mine and parent_there and not action.guarded
    return Proof.RAN if only else Proof.NOTHING if action.guarded else Proof.UNKNOWN


def exists(action: Action, catalog: Set[Key]) -> bool:
    """Whether the object of an action is in the database."""
    if action.kind == "index" and action.on:
        return ("index", action.name[-1], action.on) in catalog
    return action.key in catalog


def _actions(statement: Sequence[Token]) -> list[Action]:
    return list(actions_of(list(statement), False)) if statement else []


class Standing:
    """What stands after migrations ran in order, as far as their text tells."""

    def __init__(self) -> None:
        self.keys: set[Key] = set()
        self._members: dict[str, set[Key]] = defaultdict(set)  # columns and constraints by table

    def run(self, text: str) -> None:
        """One migration more."""
        for key, created in changes(text):
            if created:
                self.keys.add(key)
                if key[0] in ("column", "constraint"):
                    self._members[key[1]].add(key)
            else:
                self.keys.discard(key)
                if key[0] == "table":
                    self.keys -= self._members.pop(key[1], set())


def changes(text: str) -> Iterator[tuple[Key, bool]]:
    """What a migration creates (True) and drops (False), the columns and constraints of new tables too."""
    for tokens in split(tokenize(text)):
        for action in _actions(tokens):
            if action.verb in ("create", "drop"):
                yield action.key, action.verb == "create"
        for key in created_members(tokens):
            yield key, True
