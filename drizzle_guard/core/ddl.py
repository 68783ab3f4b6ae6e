"""The heads of DDL statements: which object each one creates, drops or alters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from drizzle_guard.core.tokens import Cursor, Token, split, tokenize

#: verbs: create, drop, alter (an attribute of it), data (rows only)
Key = tuple[str, ...]  # (kind, name…), lower case: ("column", "users", "age"), ("index", "users_email_idx")


class Action(NamedTuple):
    """One thing that a statement does.

    `name` is in lower case without quotes: (table,), (table, column), (type, value).  `schema` is "" for public.
    `guarded` says that it does nothing where there is nothing to do (IF [NOT] EXISTS, OR REPLACE, a DO block).
    `on` is the table of an index, policy or trigger; `detail` the attribute that an `alter` sets.
    """

    verb: str
    kind: str
    name: tuple[str, ...]
    schema: str = ""
    guarded: bool = False
    on: str = ""
    detail: str = ""

    @property
    def key(self) -> Key:
        return (self.kind, *([f"{self.schema}.{self.name[0]}", *self.name[1:]] if self.schema else self.name))

    @property
    def table(self) -> str:
        """The table whose structure this touches; "" if none."""
        if self.kind in ("table", "column", "constraint"):
            return self.key[1]
        return self.on


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
        for part in _parts(at.rest()):
            yield from _alter_table(schema, name, Cursor(part), guarded)
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


def _parts(tokens: list[Token]) -> Iterator[list[Token]]:
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


def _alter_table(schema: str, table: str, at: Cursor, guarded: bool) -> Iterator[Action]:
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
    else:
        yield Action("alter", "table", (table,), schema, guarded, detail=" ".join([verb, *(t.text for t in at.rest())]))


def _member(verb: str, schema: str, table: str, at: Cursor, guarded: bool) -> Action:
    """ADD or DROP of a column, constraint or key."""
    if at.skip("constraint"):
        guarded = at.guard() or guarded
        return Action(verb, "constraint", (table, at.take()), schema, guarded)
    if at.peek() in ("primary", "foreign", "check", "unique", "index", "key", "fulltext") and _is_word(at):
        what = at.take()
        at.skip_any("key", "index")
        guarded = at.guard() or guarded
        named = at.take() if at.peek() not in ("", "(") else what
        kind = "index" if what in ("index", "key", "unique", "fulltext") and named != what else "constraint"
        on = f"{schema}.{table}" if schema else table
        return (
            Action(verb, kind, (named,), "", guarded, on)
            if kind == "index"
            else Action(verb, kind, (table, named), schema, guarded or named == what)
        )
    at.skip("column")
    guarded = at.guard() or guarded
    return Action(verb, "column", (table, at.take()), schema, guarded)


def _is_word(at: Cursor) -> bool:
    return at.at < len(at.tokens) and at.tokens[at.at].kind == "word"


def _rename_in_table(schema: str, table: str, at: Cursor, guarded: bool) -> Iterator[Action]:
    if at.skip("to"):
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
