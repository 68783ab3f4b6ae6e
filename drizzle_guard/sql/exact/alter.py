"""Reads ALTER TABLE, ALTER TYPE and their like as effects."""

from __future__ import annotations

from collections.abc import Iterator

from drizzle_guard.sql.exact.columns import Unread, column, constraint, in_part
from drizzle_guard.sql.exact.effects import Effect, Facts
from drizzle_guard.sql.exact.numbers import sequence_facts
from drizzle_guard.sql.exact.pieces import Piece, Reader, by_commas
from drizzle_guard.sql.exact.spelling import spell, spell_type

#: what a column is not any more where MODIFY does not say it
_UNSAID: Facts = {"not null": None, "default": None, "numbered": None, "computed": None, "generated": None}
_ADDED_KEYS = ("constraint", "primary", "foreign", "unique", "check", "index", "key", "fulltext", "spatial")


def alter(at: Reader) -> Iterator[Effect]:
    """What an ALTER does.  Raises Unread."""
    at.skip("materialized")
    kind = at.take().key
    if kind not in ("table", "type", "index", "sequence", "view", "policy", "function", "schema", "default"):
        raise Unread
    guarded = at.guard()
    at.skip("only")
    name = at.object()
    if name is None:
        raise Unread
    if kind == "table":
        for part in by_commas(at.rest()):
            yield from _table(Reader(part, at.fold), *name, guarded)
    elif kind == "type":
        yield _type(at, name)
    elif kind == "policy":
        if not at.skip("on"):
            raise Unread
        table = at.object()
        if table is None:
            raise Unread
        if at.skip("rename", "to"):
            yield Effect("rename", "policy", *table, at.fold.table(at_name(name)), to=at.member() or "", sure=False)
        else:
            yield Effect("look", "policy", *table, name[1], sure=False)
    elif at.skip("rename", "to"):
        new = at.object()
        if new is None or kind not in ("index", "sequence", "view"):
            raise Unread
        if kind == "index":
            yield Effect("rename", "index", name[0], "", name[1], to=new[1], guarded=guarded)
        else:
            yield Effect("rename", kind, *name, to=new[1], guarded=guarded)
    else:
        raise Unread


def at_name(name: tuple[str, str]) -> Piece:
    """A policy's name as a piece that is not folded again."""
    return Piece("name", name[1])


def _type(at: Reader, name: tuple[str, str]) -> Effect:
    if at.skip("add", "value"):
        guarded = at.guard()
        value = at.take()
        if value.kind != "string":
            raise Unread
        where = at.skip_one("before", "after")
        beside = at.take() if where else None
        if not at.done or (beside is not None and beside.kind != "string"):
            raise Unread
        facts = {"beside": beside.text, "where": where} if beside is not None else {}
        return Effect("make", "value", *name, value.text, facts, guarded=guarded, to="add")
    if at.skip("rename", "value"):
        old, to, new = at.take(), at.skip("to"), at.take()
        if not to or old.kind != "string":
            raise Unread
        return Effect("rename", "value", *name, old.text, to=new.text)
    if at.skip("rename", "to"):
        new_name = at.object()
        if new_name is None:
            raise Unread
        return Effect("rename", "type", *name, to=new_name[1])
    raise Unread


def _table(at: Reader, schema: str, table: str, guarded: bool) -> Iterator[Effect]:
    verb = at.take().key
    if verb == "add":
        yield from _add(at, schema, table, guarded)
    elif verb == "drop":
        yield _drop(at, schema, table, guarded)
    elif verb == "rename":
        yield _rename(at, schema, table, guarded)
    elif verb == "alter":
        at.skip("column")
        yield _alter_column(at, schema, table, guarded)
    elif verb in ("modify", "change"):
        at.skip("column")
        yield from _redefine(at, schema, table, rename=verb == "change")
    elif verb in ("enable", "disable", "force", "no"):
        words = [verb, *(p.key for p in at.rest())]
        if words[-3:] != ["row", "level", "security"]:
            raise Unread
        if verb in ("force", "no"):
            yield Effect("look", "table", schema, table, guarded=guarded)
        else:
            facts: Facts = {"row level security": "yes" if verb == "enable" else None}
            yield Effect("set", "table", schema, table, "", facts, guarded=guarded)
    elif verb in ("validate", "owner", "comment", "engine", "convert", "auto_increment", "replica"):
        yield Effect("look", "table", schema, table, guarded=guarded, sure=False)
    elif verb == "set" and at.skip("schema"):
        yield Effect("rename", "schema of table", schema, table, to=at.member() or "", guarded=guarded)
    else:
        raise Unread


def _add(at: Reader, schema: str, table: str, guarded: bool) -> Iterator[Effect]:
    dialect = at.fold.dialect
    first, second = at.peek(), at.peek(1)
    if first.kind == "word" and first.key in _ADDED_KEYS and (first.key != "key" or second.key == "("):
        made = constraint(at, schema, table)
        made = made if at.done or dialect != "postgresql" else in_part(made)
        yield made._replace(guarded=guarded)
        ends = ("using", "comment") if dialect == "mysql" else ("deferrable", "initially", "not")
        if not at.done and at.key not in ends:
            raise Unread
        return
    at.skip("column")
    own = at.guard()
    if at.key == "(" and dialect == "mysql":
        for part in by_commas(at.group() or []):
            yield from column(Reader(part, at.fold), schema, table)
        return
    for effect in column(at, schema, table):
        yield effect._replace(guarded=own or guarded, to="add")


def _drop(at: Reader, schema: str, table: str, guarded: bool) -> Effect:
    word = at.skip_one("constraint", "column", "index", "key", "check")
    if not word and at.skip("primary", "key"):
        return Effect("remove", "primary", schema, table, guarded=guarded)
    if not word and at.skip("foreign", "key"):
        word = "constraint"
    own = at.guard()
    name = at.member()
    if name is None:
        raise Unread
    kind = {"constraint": "constraint", "check": "constraint", "index": "index", "key": "index"}.get(word, "column")
    cascade = at.skip("cascade")
    at.skip("restrict")
    if not at.done:
        raise Unread
    return Effect("remove", kind, schema, table, name, guarded=own or guarded, cascade=cascade)


def _rename(at: Reader, schema: str, table: str, guarded: bool) -> Effect:
    if at.skip_one("to", "as"):
        new = at.object()
        if new is None:
            raise Unread
        return Effect("rename", "table", schema, table, to=new[1], guarded=guarded)
    kind = {"constraint": "constraint", "index": "index", "key": "index"}.get(
        at.skip_one("constraint", "index", "key", "column"), "column"
    )
    old = at.member()
    if old is None or not at.skip("to"):
        raise Unread
    return Effect("rename", kind, schema, table, old, to=at.member() or "", guarded=guarded)


def _alter_column(at: Reader, schema: str, table: str, guarded: bool) -> Effect:
    name = at.member()
    if name is None:
        raise Unread
    facts: Facts
    risky = ""
    if at.skip("set", "data", "type") or at.skip("type"):
        rest = at.rest()
        stop = next((n for n, p in enumerate(rest) if p.key in ("using", "collate")), len(rest))
        facts, risky = {"type": spell_type(tuple(rest[:stop]), at.fold.dialect)}, "another type"
    elif at.skip("set", "default"):
        facts = {"default": spell(at.rest(), at.fold.dialect)}
    elif at.skip("drop", "default"):
        facts = {"default": None}
    elif at.skip("set", "not", "null"):
        facts, risky = {"not null": "yes"}, "NOT NULL"
    elif at.skip("drop", "not", "null"):
        facts = {"not null": None}
    elif at.skip("drop", "identity"):
        at.guard()
        facts = {"identity": None}
    elif at.skip("add", "generated"):
        kind = "by default" if at.skip("by", "default") else "always"
        at.skip("always")
        if not at.skip("as", "identity"):
            raise Unread
        facts = {"identity": kind, **sequence_facts(Reader(at.group() or [], at.fold))}
        risky = "an identity"
    else:
        raise Unread
    return Effect("set", "column", schema, table, name, facts, guarded=guarded, risky=risky)


def _redefine(at: Reader, schema: str, table: str, *, rename: bool) -> Iterator[Effect]:
    """MySQL's MODIFY and CHANGE: the whole definition is written anew."""
    if rename:
        old = at.member()
        new = at.fold.member(at.peek())
        if old is None:
            raise Unread
        if old != new:
            yield Effect("rename", "column", schema, table, old, to=new)
    first = True
    for effect in column(at, schema, table):
        if first:
            facts: Facts = {**_UNSAID, **effect.facts}
            yield effect._replace(verb="set", facts=facts, risky="another definition")
            first = False
        else:
            yield effect
