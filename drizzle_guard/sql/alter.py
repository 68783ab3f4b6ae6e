"""`ALTER TABLE`: its comma-separated parts, and what each does to columns, constraints and keys."""

from __future__ import annotations

from collections.abc import Iterator

from drizzle_guard.sql.actions import Action
from drizzle_guard.sql.tokens import Cursor, Token


def parts(tokens: list[Token]) -> Iterator[list[Token]]:
    """The comma-separated actions of an ALTER TABLE; commas in parentheses do not count."""
    part: list[Token] = []
    depth = 0
    for token in tokens:
        if token.kind == "mark":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        if token == Token("mark", ",") and depth == 0:
            yield part
            part = []
        else:
            part.append(token)
    if part:
        yield part


def alter_table(schema: str, table: str, at: Cursor, guarded: bool) -> Iterator[Action]:
    """What one part of an ALTER TABLE does."""
    verb = at.take()
    if verb == "rename":
        yield from _rename_in_table(schema, table, at, guarded)
    elif verb in ("add", "drop"):
        yield _member("create" if verb == "add" else "drop", schema, table, at, guarded)
    elif verb in ("alter", "modify"):
        at.skip("column")
        column = at.take()
        rest = [t.text for t in at.rest()]
        detail = "*" if verb == "modify" else " ".join("type" if w == "data" else w for w in rest[:2] if w != "type")
        if verb == "alter" and ("type" in rest[:3]):
            detail = "type"
        elif verb == "alter" and "default" in rest[:2]:
            detail = "default"
        elif verb == "alter" and "null" in rest[:3]:
            detail = "not null"
        yield Action("alter", "column", (table, column), schema, guarded, detail=detail)
    elif verb == "change":
        at.skip("column")
        old, new = at.take(), at.take()
        if old == new:
            yield Action("alter", "column", (table, old), schema, guarded, detail="*")
        else:
            yield Action("drop", "column", (table, old), schema, guarded)
            yield Action("create", "column", (table, new), schema, guarded)
    elif verb == "set" and at.skip("schema"):
        yield Action("drop", "table", (table,), schema, guarded)
        new = at.take()
        yield Action("create", "table", (table,), "" if new == "public" else new, guarded)
    else:
        yield Action("alter", "table", (table,), schema, guarded, detail=" ".join([verb, *(t.text for t in at.rest())]))


def _member(verb: str, schema: str, table: str, at: Cursor, guarded: bool) -> Action:
    """ADD or DROP of a column, constraint or key."""
    if at.skip("constraint"):
        guarded = at.guard() or guarded
        name = at.take()
        return Action(verb, "constraint", (table, name), schema, guarded, detail=_primary(at.peek()))
    if at.peek() in ("primary", "foreign", "check", "unique", "index", "key", "fulltext") and _is_word(at):
        what = at.take()
        at.skip_any("key", "index")
        guarded = at.guard() or guarded
        named = at.take() if at.peek() not in ("", "(") else what
        kind = "index" if what in ("index", "key", "unique", "fulltext") and named != what else "constraint"
        on = f"{schema}.{table}" if schema else table
        if kind == "index":
            return Action(verb, kind, (named,), "", guarded, on)
        again = named == what != "primary"  # without a name it can be added twice; a primary key cannot
        return Action(verb, kind, (table, named), schema, guarded or again, detail=_primary(what))
    at.skip("column")
    guarded = at.guard() or guarded
    return Action(verb, "column", (table, at.take()), schema, guarded)


def _primary(word: str) -> str:
    return "primary key" if word == "primary" else ""


def _is_word(at: Cursor) -> bool:
    return at.at < len(at.tokens) and at.tokens[at.at].kind == "word"


def _rename_in_table(schema: str, table: str, at: Cursor, guarded: bool) -> Iterator[Action]:
    # MySQL takes `RENAME b`, `RENAME = b` and `RENAME AS b` for `RENAME TO b`
    if at.skip("to") or at.skip("as") or at.skip("=") or len(at.rest()) == 1:
        yield Action("drop", "table", (table,), schema, guarded)
        yield Action("create", "table", (at.name()[1],), schema, guarded)
        return
    kind = {"constraint": "constraint", "index": "index", "key": "index"}.get(at.peek(), "column")
    if at.peek() in ("constraint", "index", "key", "column"):
        at.take()
    old = at.take()
    at.skip("to")
    new = at.take()
    for verb, name in (("drop", old), ("create", new)):
        if kind == "index":
            yield Action(verb, kind, (name,), "", guarded, table)
        else:
            yield Action(verb, kind, (table, name), schema, guarded)
