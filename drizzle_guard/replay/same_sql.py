"""Whether two migrations of one text are one migration: only where the text itself proves it.

An `INSERT` that stands on both sides may be meant twice, and a `SELECT f()` does what f does.  What creates or drops
what it names cannot run twice, and what gives a column its type, default or NOT NULL finds that done: a second one of
that text says the same again; unless somebody has undone it in between, for then it has its work to do once more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.actions import Action, Key
from drizzle_guard.sql.footprint.dialect import dialect_of
from drizzle_guard.sql.footprint.known import Known, Table
from drizzle_guard.sql.footprint.read import Reader
from drizzle_guard.sql.footprint.touch import Members, Mode
from drizzle_guard.sql.members import created_columns
from drizzle_guard.sql.statements import Statement, statements

_UNDOING = frozenset(["drop", "alter", "rename", "execute", "create"])
_KINDS = ("postgresql", "mysql", "sqlite")
_HOMES = ("table", "type", "view", "schema")
#: what an ALTER COLUMN says of the whole column, whatever it was before
_SET_AGAIN = ("type", "default", "not null", "*")


class Made(NamedTuple):
    """What a migration makes or sets: `keys` are those objects, `homes` the tables and types they belong to."""

    keys: frozenset[Key]
    homes: frozenset[str]


def made_by(text: str) -> Made | None:
    """What a migration makes or sets, if it does nothing else; None if a second run of it could do something."""
    keys: set[Key] = set(created_columns([("", text)]))
    homes: set[str] = set()
    tables: set[str] = set()  # that it creates itself; their rows are its own affair
    for statement in statements(text):
        if not statement.actions:
            return None
        for action in statement.actions:
            if action.verb == "data":
                if not statement.tables or not statement.tables <= tables:
                    return None
                continue
            is_set = action.verb == "alter" and action.kind == "column" and action.detail in _SET_AGAIN
            if is_set and "using" in statement.words:  # it makes new values of the old ones
                return None
            if (not is_set and action.verb not in ("create", "drop")) or (
                action.kind == "table" and "select" in statement.words
            ):
                return None
            keys.add(action.key)
            homes.add(action.table or action.key[1])
            if action.verb == "create" and action.kind == "table":
                tables.add(action.name[0])
    return Made(frozenset(keys), frozenset(homes)) if keys else None


def is_touched(made: Made, others: Iterable[str]) -> bool:
    """Whether one of the texts makes, drops or changes again what was made, or may do so."""
    return any(_touches(statement, made) for text in others for statement in statements(text))


def read_as_touched(texts: Sequence[tuple[str, Made]], others: Sequence[str]) -> set[int]:
    """Which of the texts (by their place) change what one of the others changes again, as `sql/footprint` reads them.

    It knows what the heads of statements do not tell: the name of a key that has none, rows that are deleted again, a
    trigger that is switched off.  Which database it is is not asked: each is tried.  Every text is read once for each.
    """
    if texts and any(map(_is_unbounded, others)):
        return set(range(len(texts)))
    names = {
        part.rpartition(".")[2] for _, made in texts for part in (*made.homes, *(key[-1] for key in made.keys)) if part
    }
    near = [other for other in others if any(name in other.lower() for name in names)]
    if not near:
        return set()
    return {n for kind in _KINDS for n in _changed_again(texts, near, kind)}


def _is_unbounded(text: str) -> bool:
    """Whether no database can tell what a text does: it may drop anything (`DROP OWNED`, a call, `EXECUTE`)."""
    return all(any(seen.unbounded for seen in Reader(dialect_of(kind), Known()).read(text)) for kind in _KINDS)


def _changed_again(texts: Sequence[tuple[str, Made]], others: Sequence[str], kind: str) -> Iterator[int]:
    known = Known()
    for home in {home for _, made in texts for home in made.homes}:  # what is made in it is then remembered
        schema, _, name = home.rpartition(".")
        known.tables[(schema, name)] = Table()
    reader = Reader(dialect_of(kind), known)
    changed: dict[object, list[tuple[int, Members]]] = {}
    for n, (text, _) in enumerate(texts):
        for seen in reader.read(text):
            for touch in seen.touches:
                if touch.mode is Mode.CHANGE or touch.key[0] in ("rows", "cells"):
                    changed.setdefault(touch.key, []).append((n, touch.members))
    for other in others:
        for seen in reader.read(other):
            for touch in seen.touches if changed else ():
                if touch.mode is Mode.CHANGE:
                    for n, members in changed.get(touch.key, ()):
                        if touch.members.meets(members) and texts[n][0] != other:
                            yield n


def _touches(statement: Statement, made: Made) -> bool:
    if statement.text.startswith("drop ") and any(key[-1].rpartition(".")[2] in statement.words for key in made.keys):
        return True  # however it is written: SQLite's triggers are dropped without their table, and in brackets
    if not statement.actions:  # not understood: whatever it mentions, unless it can only read and write rows
        return not statement.words.isdisjoint(_UNDOING) and any(
            all(part.rpartition(".")[2] in statement.words for part in key[1:]) for key in made.keys
        )
    return any(_acts_on(action, made) for action in statement.actions if action.verb != "data")


def _acts_on(action: Action, made: Made) -> bool:
    if action.key in made.keys:
        return not action.detail.endswith("row level security")
    if action.verb != "drop" or action.kind not in _HOMES:
        return False
    return action.key[1] in made.homes or (
        action.kind == "schema" and any(home.startswith(f"{action.key[1]}.") for home in made.homes)
    )
