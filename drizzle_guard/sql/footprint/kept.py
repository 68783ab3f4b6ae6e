"""What is kept and runs later (triggers, routines, events, views, virtual tables): what it needs to go on working."""

from __future__ import annotations

from collections.abc import Sequence

from drizzle_guard.sql.footprint.dialect import Name
from drizzle_guard.sql.footprint.draft import Draft
from drizzle_guard.sql.footprint.mentions import Mentions, unquoted
from drizzle_guard.sql.footprint.touch import SOUND, Mode, Thing
from drizzle_guard.sql.tokens import Token, words

#: a name of SQLite's own, or of a function that gives rows
_ALWAYS = ("sqlite_", "pragma_", "json_", "jsonb_", "generate_series")
#: tables that a module of SQLite makes beside its virtual table
_SHADOWS = {
    "fts3": words("content segments segdir"),
    "fts4": words("content segments segdir docsize stat"),
    "fts5": words("data idx content docsize config"),
    "rtree": words("node rowid parent"),
    "geopoly": words("node rowid parent"),
}


def body_runs_later(draft: Draft, body: Sequence[Token]) -> None:
    """A body that writes rows when it runs needs the keys of its ON CONFLICT, and no column that it does not fill."""
    verbs = {token.text for token in body if token.kind == "word"}
    for n, token in enumerate(body):
        if token == Token("word", "concurrently") and n and body[n - 1].text == "view":
            for view in Mentions([Token("word", "from"), *body[n + 1 : n + 4]], draft.dialect).tables:
                draft.of(view, "keys", Mode.USE, verb="uses")
    if not verbs & {"insert", "replace"}:
        return
    written = [n for n, token in enumerate(body) if token == Token("word", "into")]
    fills_by_position(draft, body)
    for table in Mentions([t for n in written for t in body[n : n + 4]], draft.dialect).tables:
        draft.of(table, "must", Mode.USE, verb="writes rows of")
        draft.of(table, "fresh", Mode.ADD, verb="writes rows of")
        if verbs & {"conflict", "duplicate", "replace", "ignore"}:
            draft.of(table, "keys", Mode.USE, verb="writes rows of")


def fills_by_position(draft: Draft, body: Sequence[Token]) -> None:
    """`INSERT INTO t VALUES …` in a body: which columns that fills depends on those that there are."""
    for n, token in enumerate(body):
        if token == Token("word", "into") and n and body[n - 1].text in ("insert", "replace", "ignore"):
            head = list(body[n : n + 4])
            end = 4 if len(head) > 3 and head[2].text == "." else 2
            if n + end < len(body) and body[n + end].text in ("values", "select", "value"):
                for table in Mentions(head[:end], draft.dialect).tables:
                    aspect = "positions" if draft.dialect.is_postgres else "shape"
                    draft.of(table, aspect, Mode.USE, verb="fills by position the columns of")


def view_groups(draft: Draft, tokens: Sequence[Token], found: Mentions) -> None:
    """PostgreSQL: a view that groups by a primary key depends on that key."""
    if draft.dialect.is_postgres and Token("word", "group") in tokens:
        for table in found.tables:
            draft.of(table, "keys", Mode.USE, verb="groups rows of")


def needs_what_stands(draft: Draft, found: Mentions, kept: Thing) -> None:
    """SQLite makes a view or trigger over tables that never were; then it renames nothing in the whole database."""
    known = draft.known
    if not draft.dialect.is_sqlite or not known.tables:
        return
    for home, table in found.tables:
        if (home, table) not in known.tables and (home, table) not in known.views and not table.startswith(_ALWAYS):
            draft.touch(SOUND, Mode.CHANGE, kept, "creates")
            return


def virtual_table(draft: Draft, table: Name, rest: Sequence[Token]) -> None:
    """SQLite's CREATE VIRTUAL TABLE … USING module(…): its shadow tables, and the table whose content it indexes."""
    for part in _SHADOWS.get(rest[1].text if len(rest) > 1 else "", ()):
        draft.name("table", (table[0], f"{table[1]}_{part}"), "creates")
    for n, token in enumerate(rest[:-2]):
        if token == Token("word", "content") and rest[n + 1].text == "=":
            content = rest[n + 2]
            name = unquoted(content.text) if content.kind == "string" else content.text
            if name:
                draft.use_table(("", name.lower()))
                draft.of(("", name.lower()), "structure", Mode.USE, verb="indexes")


def leaves_dangling(draft: Draft, table: Name) -> bool:
    """Whether a view, or a trigger of another table, goes on naming what is dropped here."""
    known = draft.known
    return any(table in found.tables for view, found in known.views.items() if view != table) or any(
        table in trigger.tables
        for home, triggers in known.triggers.items()
        for trigger in triggers.values()
        if home != table
    )
