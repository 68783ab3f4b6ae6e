"""Whether migrations will run on a database as it is: "fails" and "runs" are only said where that is certain.

Each statement is done to a copy of the catalog.  Three things can be known of it: that it fails, that it works, or
neither, because it depends on rows, rights or text that is not read here.  Once a statement could have done anything
(a function was called, a DO block), nothing that follows is said to fail.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

from drizzle_guard.database.acting import Did, act
from drizzle_guard.database.doubts import doubt_about
from drizzle_guard.database.families import Family, Many, refusal
from drizzle_guard.database.ledger import moves, sql_text
from drizzle_guard.database.odd_names import reserved_name
from drizzle_guard.database.world import Catalog, World
from drizzle_guard.drizzle.folder import Migration
from drizzle_guard.errors import printable
from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.exact.effects import Effect, Statement
from drizzle_guard.sql.exact.pieces import pieces
from drizzle_guard.sql.exact.statements import read_statements
from drizzle_guard.sql.statements import split_chunks
from drizzle_guard.sql.tokens import pieces as cut


class Cause(Enum):
    """What kind of failure it is, for who has to find the cure."""

    CONCURRENTLY = "cannot run inside a transaction"
    DRIVER = "the driver refuses the chunk"
    OBJECT = "an object is there already, or is not there"


class Failure(NamedTuple):
    """The first statement that fails for certain."""

    tag: str
    words: str
    cause: Cause

    @property
    def text(self) -> str:
        """In one line."""
        return f"{printable(self.tag)}: {printable(self.words)}"


class Foretold(NamedTuple):
    """What is known: `failure`, else `doubt` (why it cannot be told), else it runs.

    `lost` names a chunk of which a driver would run only the first statement, and record the whole migration.
    """

    failure: Failure | None = None
    doubt: str | None = None
    lost: str | None = None


def foretell(migrations: Sequence[Migration], catalog: Catalog, families: Sequence[Family]) -> Foretold:
    """What becomes of these migrations if they run in this order."""
    state = _State(catalog.world.copy(), families)
    if catalog.denied and migrations:
        state.doubt = catalog.denied
    for migration in migrations:
        failure = state.run(migration)
        if failure is not None:
            return Foretold(failure, state.doubt, state.lost)
    return Foretold(None, state.doubt, state.lost)


class _State:
    def __init__(self, world: World, families: Sequence[Family]) -> None:
        self.world, self.families = world, families
        self.doubt: str | None = None
        self.lost: str | None = None
        self.blind = False  # a statement could have done anything
        self.empty: set[tuple[str, str]] = set()  # tables that were made here and got no rows
        self.values: set[str] = set()  # words of enum values that were added here

    def run(self, migration: Migration) -> Failure | None:
        """One migration more; the failure that is certain."""
        text = sql_text(migration)
        chunks = split_chunks(text)
        for number, chunk in enumerate(chunks, 1):
            where = f"{migration.tag}: statement {number}" if len(chunks) > 1 else migration.tag
            found = read_statements(chunk, self.world.fold)
            if not self._is_cut_alike(where, chunk, found):
                continue
            refusals = [refusal(family, chunk) for family in self.families]
            if self.world.dialect == "mysql" and not found and chunk.strip():
                self._unsure(f"{where} is only a comment, which MySQL refuses and MariaDB takes")
                continue
            if refusals and all(refusals):
                return self._failed(migration, _of_chunk(found, number, len(chunks), refusals[0] or ""), Cause.DRIVER)
            if any(refusals) or (len(found) > 1 and any(f.many is Many.FIRST for f in self.families)):
                self._several(where, found)
            bare = {piece.key for piece in pieces(chunk, self.world.dialect) if piece.kind == "word"}
            for statement in found:
                failure = self._statement(migration, where, statement, bare)
                if failure is not None:
                    return failure
        return None

    def _is_cut_alike(self, where: str, chunk: str, found: Sequence[Statement]) -> bool:
        """Whether both our readers see as many statements: none, one or several; else nothing is foretold."""
        count = len(cut(chunk))
        alike = min(count, 2) == min(len(found), 2) and "\0" not in chunk
        if not alike:
            self._unsure(f"{where}: how many statements it holds is not read here")
            self.blind = True
        return alike

    def _several(self, where: str, found: Sequence[Statement]) -> None:
        if len(found) < 2:
            self._unsure(f"{where} holds no statement, which some drivers refuse")
            return
        refuse = ", ".join(f.name for f in self.families if f.many is Many.REFUSED)
        first = ", ".join(f.name for f in self.families if f.many is Many.FIRST)
        words = f"{where} holds {len(found)} statements without a breakpoint between them"
        if refuse:
            words += f"; {refuse} refuses that"
        if first:
            words += f"; {first} would run only the first and record the migration as run"
            self.lost = self.lost or words
        self._unsure(words)
        self.blind = True

    def _statement(self, migration: Migration, where: str, statement: Statement, bare: set[str]) -> Failure | None:
        if moves(statement, self.world.dialect):
            self._unsure(f"{where}: it changes where names are looked for")
            self.blind = True
        for effect in statement.effects:
            if effect.to == "concurrently" and self.world.dialect == "postgresql" and not self.blind:
                return self._failed(
                    migration, "INDEX CONCURRENTLY cannot run inside a transaction block", Cause.CONCURRENTLY
                )
            if effect.verb == "opaque" and effect.to == "broken" and self.world.dialect == "postgresql":
                return self._failed(migration, "a comment, string or name in it does not end", Cause.DRIVER)
            doubt = doubt_about(self.world, effect, self.empty) if self.doubt is None else None
            doubt = doubt or reserved_name(self.world, effect, bare)
            if self.values & statement.words and effect.kind != "value":
                doubt = doubt or "it uses a value that the same transaction adds to a type"
            if doubt is not None:
                self._unsure(f"{where}: {doubt}")
            failure = self._act(migration, effect)
            if failure is not None:
                return failure
        return None

    def _act(self, migration: Migration, effect: Effect) -> Failure | None:
        there = self.world.find(("table",), effect.schema, effect.name)
        taken = ("", effect.member) in self.world.by_index
        acted = act(self.world, effect)
        if acted.did is Did.FAILED:
            if self.blind or not certain(self.world, effect, taken):
                self._unsure(f"{migration.tag}: {acted.words}, as far as can be seen")
                return None
            return self._failed(migration, acted.words, Cause.OBJECT)
        if acted.did is Did.UNREAD:
            self.blind = True
        if acted.did is Did.CHANGED:
            self._remember(effect)
        if effect.verb == "rows" and there is not None:
            self.empty.discard((there[1], there[2]))
        return None

    def _remember(self, effect: Effect) -> None:
        schema = self.world.schema_for(effect.schema)
        if effect.verb == "make" and effect.kind == "table":
            self.empty.add((schema, effect.name))
        elif effect.verb == "remove" and effect.kind == "table":
            self.empty.discard((schema, effect.name))
            if effect.cascade:
                self.blind = True  # views and keys of others went with it
        elif effect.verb == "remove" and effect.cascade:
            self.blind = True
        elif effect.verb == "rename" and effect.kind == "table" and (schema, effect.name) in self.empty:
            self.empty.remove((schema, effect.name))
            self.empty.add((schema, effect.to))
        elif effect.verb == "make" and effect.kind == "value" and effect.to == "add":
            self.values.update(re.findall(r"\w+", effect.member.lower()))

    def _unsure(self, words: str) -> None:
        self.doubt = self.doubt or printable(words)

    def _failed(self, migration: Migration, words: str, cause: Cause) -> Failure:
        return Failure(migration.tag, words, cause)


def certain(world: World, effect: Effect, taken: bool) -> bool:
    """Whether a failure of this effect is beyond doubt: its names can only mean what the catalog shows.

    `taken` says that there was an index of this name before.  SQLite may take a column in double quotes for a string.
    """
    if effect.kind in ("function", "extension", "role", "comment") or effect.verb == "call":
        return False
    if world.dialect == "postgresql" and (effect.schema.startswith("pg_") or effect.schema == "information_schema"):
        return False
    if effect.verb == "rows" and effect.to not in ("insert", "update", "delete"):
        return False
    if world.dialect == "sqlite" and (effect.name.startswith("sqlite_") or effect.kind == "index"):
        return effect.verb == "make" and taken
    return True


def _of_chunk(found: Sequence[Statement], number: int, total: int, words: str) -> str:
    where = f"statement {number} of {total}" if total > 1 else "its only statement"
    if not found:
        return f"{where} is empty or only a comment, and the driver says: {words}"
    return f"{where} holds {len(found)} statements without a breakpoint between them, and the driver says: {words}"
