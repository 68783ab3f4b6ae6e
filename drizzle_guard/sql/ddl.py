"""The heads of DDL statements: which object each one creates, drops or alters."""

from __future__ import annotations

from collections.abc import Iterator

from drizzle_guard.sql.actions import Action
from drizzle_guard.sql.alter import alter_table, parts
from drizzle_guard.sql.tokens import Cursor, Token, split, tokenize


def actions_of(tokens: list[Token], guarded: bool) -> Iterator[Action]:
    """What one statement (not empty) does; `guarded` where it stands in a block that catches errors."""
    if tokens[0].text == "do" and any(t.kind == "body" for t in tokens):
        yield from _do_block(tokens)
        return
    at = Cursor(tokens)
    verb = at.take()
    if verb == "create":
        found = _create(at)
    elif verb == "drop":
        found = _drop(at)
    elif verb == "alter":
        found = _alter(at)
    elif verb == "rename" and at.skip("table"):
        found = _rename_tables(at)
    elif verb in ("insert", "replace", "update", "delete", "truncate", "merge"):
        found = _data(at)
    else:
        return
    for action in found:
        yield action._replace(guarded=True) if guarded else action


def _do_block(tokens: list[Token]) -> Iterator[Action]:
    """`DO $$ BEGIN … EXCEPTION … END $$`, in which drizzle-kit up to 0.22 wrapped types and foreign keys."""
    body = next(t.text for t in tokens if t.kind == "body")
    inner = body[body.index("$", 1) + 1 :].rsplit("$", 2)[0]
    for part in split(tokenize(inner)):
        while part and part[0].text in ("begin", "declare", "if", "then"):
            part = part[1:]
        if part:
            yield from actions_of(part, guarded=True)


_KINDS = frozenset(
    [
        "table",
        "index",
        "view",
        "type",
        "sequence",
        "schema",
        "role",
        "policy",
        "function",
        "procedure",
        "trigger",
        "extension",
        "domain",
    ]
)
_ADJECTIVES = (
    "or",
    "replace",
    "temp",
    "temporary",
    "unlogged",
    "unique",
    "fulltext",
    "spatial",
    "materialized",
)


def _create(at: Cursor) -> Iterator[Action]:
    replaces = at.peek() == "or" and at.peek(1) == "replace"
    at.skip_any(*_ADJECTIVES)
    kind = at.take()
    if kind not in _KINDS:
        return
    at.skip("concurrently")
    guarded = at.guard() or replaces
    if kind == "index" and at.peek() == "on":  # PostgreSQL names it itself
        return
    schema, name, _ = at.name()
    on = ""
    if kind in ("index", "policy", "trigger") and at.find("on"):
        at.skip("only")
        schema, table, _ = at.name()
        on = f"{schema}.{table}" if schema else table
    names = (on, name) if kind in ("policy", "trigger") else (name,)
    yield Action("create", kind, names, "" if on else schema, guarded, on)


def _drop(at: Cursor) -> Iterator[Action]:
    at.skip("materialized")
    kind = at.take()
    if kind not in _KINDS:
        return
    at.skip("concurrently")
    guarded = at.guard()
    while True:
        schema, name, _ = at.name()
        on = ""
        if kind in ("index", "policy", "trigger") and at.skip("on"):
            table_schema, table, _ = at.name()
            on = f"{table_schema}.{table}" if table_schema else table
        names = (on, name) if kind in ("policy", "trigger") else (name,)
        yield Action("drop", kind, names, "" if on else schema, guarded, on)
        if not at.skip(","):
            return


def _alter(at: Cursor) -> Iterator[Action]:
    at.skip("materialized")
    kind = at.take()
    if kind not in _KINDS:
        return
    guarded = at.guard()
    at.skip("only")
    schema, name, _ = at.name()
    if kind == "table":
        for part in parts(at.rest()):
            yield from alter_table(schema, name, Cursor(part), guarded)
    elif at.skip("add", "value"):
        guarded = at.guard() or guarded
        yield Action("create", "value", (name, at.take()), schema, guarded)
    elif at.skip("rename", "to"):
        yield Action("drop", kind, (name,), schema, guarded)
        yield Action("create", kind, (at.name()[1],), schema, guarded)
    elif kind in ("policy", "trigger") and at.find("on"):
        table_schema, table, _ = at.name()
        on = f"{table_schema}.{table}" if table_schema else table
        yield Action("alter", kind, (on, name), "", guarded, on)
    else:
        yield Action("alter", kind, (name,), schema, guarded, detail=" ".join(t.text for t in at.rest()))


def _rename_tables(at: Cursor) -> Iterator[Action]:
    while True:
        schema, old, _ = at.name()
        at.skip("to")
        yield Action("drop", "table", (old,), schema)
        yield Action("create", "table", (at.name()[1],), schema)
        if not at.skip(","):
            return


def _data(at: Cursor) -> Iterator[Action]:
    at.skip_any("or", "replace", "ignore", "into", "from", "table", "only")
    if at.peek():
        schema, name, _ = at.name()
        yield Action("data", "table", (name,), schema)
