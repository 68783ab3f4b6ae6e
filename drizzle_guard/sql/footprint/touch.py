"""A touch: one thing that a statement reads, adds to or changes; and when two touches are in each other's way."""

from __future__ import annotations

from enum import Enum

from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.footprint.dialect import Name

#: what is touched: an aspect and whose it is, e.g. ("type", ("", "users")), ("name", "relation", ("", "users"))
Key = tuple[object, ...]

#: SQLite renames nothing and drops no column while any view or trigger of the database names what is gone
SOUND: Key = ("sound",)


class Mode(Enum):
    """How something is touched.  Two additions pass each other, and two uses; nothing else does."""

    USE = "use"
    ADD = "add"
    CHANGE = "change"
    #: puts it back as the migration's author knew it: undoes what came before it, and minds nothing that comes later
    RESTORE = "restore"
    #: minds what changes later, not what changed before: the other side's rows that went cannot be missed any more
    WATCH = "watch"


class Members(NamedTuple):
    """Which columns (or values, or constraints) of its key a touch is about; `but` turns it into all others."""

    names: frozenset[str]
    but: bool = False

    def meets(self, other: Members) -> bool:
        """Whether the two have one in common."""
        if self.but and other.but:
            return True
        if self.but:
            return bool(other.names - self.names)
        return bool(self.names - other.names) if other.but else bool(self.names & other.names)


ALL = Members(frozenset(), but=True)


def only(*names: str) -> Members:
    """These and no others."""
    return Members(frozenset(names))


class Thing(NamedTuple):
    """An object as a message calls it: its kind, its name, and the table that it is part of ("" if none)."""

    kind: str
    name: str
    table: str = ""


class Touch(NamedTuple):
    """One touch.  `verb` (creates, drops, changes, uses …) and `thing` are for the message."""

    key: Key
    mode: Mode
    thing: Thing
    verb: str
    members: Members = ALL


class Touches(NamedTuple):
    """All that one statement touches.

    `text` is the statement in one spelling, without its guard in `bare`; `twice` says that running it a second time
    right behind the first does nothing; `guarded` that it does nothing where there is nothing to do; `words`, of a
    statement that is not understood, are the names in it; `unbounded` says why its effect cannot be told ("": it can);
    `leaves` names the setting of the session that its script leaves changed here.
    """

    text: str
    bare: str
    touches: tuple[Touch, ...]
    twice: bool = False
    guarded: bool = False
    words: frozenset[str] = frozenset()
    unbounded: str = ""
    leaves: str = ""


def in_the_way(first: Mode, second: Mode) -> bool:
    """Whether a touch of the branch (`second`) may not follow one of the mainline (`first`) that it did not know of."""
    if Mode.RESTORE in (first, second):
        return second is Mode.RESTORE
    if Mode.WATCH in (first, second):
        return first is Mode.WATCH and second is Mode.CHANGE
    return second is not first or first is Mode.CHANGE


def shown_name(name: Name) -> str:
    """A table's name as messages have it."""
    return f"{name[0]}.{name[1]}" if name[0] else name[1]
