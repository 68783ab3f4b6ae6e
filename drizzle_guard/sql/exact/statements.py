"""Reads a migration's SQL as effects, statement by statement; what is not understood says so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drizzle_guard.sql.exact.alter import alter
from drizzle_guard.sql.exact.columns import Unread, elements, index_columns
from drizzle_guard.sql.exact.effects import Effect, Facts, Statement
from drizzle_guard.sql.exact.numbers import sequence_facts
from drizzle_guard.sql.exact.pieces import Dialect, Fold, Piece, Reader, by_commas, pieces, split_pieces
from drizzle_guard.sql.exact.spelling import spell

_QUIET = ("set", "reset", "pragma", "analyze", "vacuum", "use", "lock", "unlock", "notify", "discard", "checkpoint")
_CONTROL = ("begin", "commit", "rollback", "start", "end", "savepoint", "release", "abort")
_CALLS = ("select", "call", "values", "grant", "revoke", "refresh", "cluster", "reindex", "execute")
_PLAIN = {verb: (Effect("call", to=verb),) for verb in _CALLS}
_ROWS = ("insert", "update", "delete", "replace", "truncate", "merge", "copy")
_OBJECTS = ("table", "view", "type", "sequence", "schema", "function", "procedure", "extension", "domain", "role")


def read_statements(text: str, fold: Fold) -> list[Statement]:
    """The statements of a piece of SQL; empty ones and comments are left out."""
    return [_statement(found, fold) for found in split_pieces(pieces(text, fold.dialect))]


def _statement(found: list[Piece], fold: Fold) -> Statement:
    if (plain := _PLAIN.get(found[0].key)) and "broken" not in [p.kind for p in found]:
        return Statement(plain, found)
    try:
        effects = tuple(_effects(found, fold))
    except Unread:
        effects = (Effect("opaque"),)
    return Statement(effects, found)


def _effects(found: list[Piece], fold: Fold) -> Iterator[Effect]:
    if "broken" in [piece.kind for piece in found]:
        yield Effect("opaque", to="broken")
        return
    at = Reader(found, fold)
    verb = at.take().key
    if verb == "create":
        yield _create(at)
    elif verb == "drop":
        yield from _drop(at)
    elif verb == "alter":
        yield from alter(at)
    elif verb == "rename" and at.skip("table"):
        yield from _rename_tables(at)
    elif verb in _ROWS:
        yield _rows(verb, at, found)
    elif verb == "with":
        changing = any(p.key in ("insert", "update", "delete", "merge") for p in found)
        yield Effect("rows", sure=False) if changing else Effect("call")
    elif verb == "comment":
        yield Effect("look", "comment", sure=False)
    elif verb == "do" and fold.dialect == "postgresql":
        yield from _do(found, fold)
    elif verb in _CONTROL:
        yield Effect("control", to=verb)
    elif verb in _QUIET:
        yield Effect("quiet", to=" ".join(p.key for p in found[:3]))
    else:
        yield Effect("opaque")


def _create(at: Reader) -> Effect:
    replaces = at.skip("or", "replace")
    temporary = bool(at.skip_one("temp", "temporary")) or (at.skip_one("global", "local") != "")
    at.skip_one("temp", "temporary")
    at.skip("unlogged")
    unique = at.skip("unique")
    special = at.skip_one("fulltext", "spatial", "recursive", "materialized", "constraint")
    if temporary:
        raise Unread
    kind = at.take().key
    if kind == "table":
        return _create_table(at)
    if kind == "index":
        return _create_index(at, unique, special)
    if kind in ("trigger", "policy"):
        return _create_on_table(at, kind, replaces)
    if kind not in _OBJECTS:
        raise Unread
    guarded = at.guard()
    name = at.object()
    if name is None:
        raise Unread
    if kind == "type":
        return _create_type(at, name)
    kind = {"procedure": "function", "domain": "type"}.get(kind, kind)
    sure = kind in ("view", "sequence", "schema") and (kind != "schema" or at.done)
    facts: Facts = {}
    if kind == "view" and at.fold.dialect == "sqlite":
        facts = {"body": spell(at.rest(), "sqlite")}
    elif kind == "sequence":
        facts = sequence_facts(at)
        sure = "options" not in facts
    return Effect("make", kind, *name, facts=facts, guarded=guarded, replaces=replaces, sure=sure)


#: a table whose columns are another one's as well
_OPEN: Facts = {"open": "yes"}


def _create_table(at: Reader) -> Effect:
    guarded = at.guard()
    name = at.object()
    if name is None:
        raise Unread
    start = at.at
    group = at.group()
    if group is None:  # AS SELECT, PARTITION OF, LIKE
        return Effect("make", "table", *name, facts=_OPEN, guarded=guarded, sure=False)
    tail = {p.key for p in at.rest()}
    at.at = start
    if any(part and part[0].key == "like" for part in by_commas(group)):
        return Effect("make", "table", *name, facts=_OPEN, guarded=guarded, sure=False)
    parts = tuple(elements(group, *name, at))
    if any(e.kind == "column" and e.name != name[1] for e in parts):
        raise Unread
    told = at.fold.dialect == "sqlite"  # which has few words there, and is asked itself whether it takes them
    sure = not tail & {"inherits", "partition", "as", "select", "tablespace"} if told else not tail
    needs = tuple(n for e in parts for n in e.needs if n != name)
    facts: Facts = _OPEN if tail & {"inherits", "as", "select"} else {}
    if told and not facts:
        facts = {"strict": "yes" if "strict" in tail else None, "without rowid": "yes" if "rowid" in tail else None}
    return Effect("make", "table", *name, "", facts, guarded=guarded, parts=parts, sure=sure, needs=needs)


def _create_index(at: Reader, unique: bool, special: str) -> Effect:
    concurrently = at.skip("concurrently")
    guarded = at.guard()
    named = at.object() if at.key != "on" else ("", "")
    if at.skip("using"):
        at.take()
    if named is None or not at.skip("on"):
        raise Unread
    at.skip("only")
    table = at.object()
    if table is None:
        raise Unread
    method = at.take().key if at.skip("using") else "btree"
    columns, order, told = index_columns(at)
    tail = at.rest()
    name = named[1] if at.fold.dialect == "postgresql" else named[1].lower()
    where = next((n for n, piece in enumerate(tail) if piece.key == "where"), None)
    rule = None if where is None else spell(tail[where + 1 :], at.fold.dialect)
    facts: Facts = {"unique": "yes" if unique else None, "columns": columns, "where": rule, "order": order}
    if at.fold.dialect == "postgresql":
        facts = {**facts, "using": method}
    asked = told and (not tail or where == 0)  # else the catalog is not asked about what else is said
    facts = {**facts, "more": special or None} if asked else {**facts, "options": "not looked at"}
    plain = method == "btree" and told and not special and "?" not in columns and not tail
    to = "concurrently" if concurrently else ""
    risky = "a unique index" if unique else ""
    if not name:
        return Effect("look", "index", *table, needs=(table,), sure=False, to=to)
    return Effect("make", "index", *table, name, facts, guarded=guarded, needs=(table,), sure=plain, to=to, risky=risky)


def _create_on_table(at: Reader, kind: str, replaces: bool) -> Effect:
    guarded = at.guard()
    name = at.member()
    whole = at.at
    while not at.done and at.key != "on":
        at.take()
    at.skip("on")
    table = at.object()
    if name is None or table is None:
        raise Unread
    facts: Facts = {}
    if at.fold.dialect == "sqlite":
        at.at = whole
        facts = {"body": spell(at.rest(), "sqlite")}
    return Effect("make", kind, *table, name, facts, guarded=guarded, replaces=replaces, needs=(table,), sure=False)


def _create_type(at: Reader, name: tuple[str, str]) -> Effect:
    if at.skip("as", "enum"):
        group = at.group()
        if group is None:
            raise Unread
        values = [p.text for p in group if p.kind == "string"]
        parts = tuple(Effect("make", "value", *name, value) for value in values)
        return Effect("make", "type", *name, facts={"values": ",".join(values)}, parts=parts)
    return Effect("make", "type", *name, sure=False)


def _drop(at: Reader) -> Iterator[Effect]:
    at.skip("materialized")
    kind = at.take().key
    if kind not in (*_OBJECTS, "index", "trigger", "policy"):
        raise Unread
    kind = {"procedure": "function", "domain": "type"}.get(kind, kind)
    concurrently = at.skip("concurrently")
    guarded = at.guard()
    while True:
        if kind in ("index", "trigger", "policy"):
            name = at.object()
            if name is None:
                raise Unread
            table = at.object() if at.skip("on") else None
            named = {"postgresql": kind != "index", "mysql": kind == "index"}.get(at.fold.dialect, False)
            if (table is not None) is not named:
                raise Unread  # PostgreSQL's triggers and policies belong to a table, MySQL's indexes do
            if at.fold.dialect != "postgresql":
                name = (name[0], name[1].lower())
            schema, owner = table or (name[0], "")
            effect = Effect("remove", kind, schema, owner, name[1], guarded=guarded)
        else:
            name = at.object()
            if name is None:
                raise Unread
            if kind == "function":
                at.group()
            effect = Effect("remove", kind, *name, guarded=guarded, sure=kind != "function")
        if concurrently:
            effect = effect._replace(to="concurrently")
        more = at.skip(",")
        tail = at.key
        yield effect._replace(cascade=any(p.key == "cascade" for p in at.rest()))
        if not more:
            if tail not in ("", "cascade", "restrict", "algorithm", "lock"):
                raise Unread
            return


def _rename_tables(at: Reader) -> Iterator[Effect]:
    while True:
        old = at.object()
        if old is None or not at.skip("to"):
            raise Unread
        new = at.object()
        if new is None:
            raise Unread
        yield Effect("rename", "table", *old, to=new[1])
        if not at.skip(","):
            return


def _rows(verb: str, at: Reader, found: Sequence[Piece]) -> Effect:
    while at.skip_one("into", "from", "table", "only", "or", "replace", "ignore", "low_priority", "delayed"):
        continue
    name = at.object()
    if name is None:
        raise Unread
    return Effect("rows", "table", *name, to=verb, needs=(name,), sure=False)


def _do(found: Sequence[Piece], fold: Fold) -> Iterator[Effect]:
    """`DO $$ BEGIN … EXCEPTION WHEN duplicate_object THEN null; END $$`, as drizzle-kit up to 0.22 wrote it."""
    bodies = [p.text for p in found if p.kind == "body"]
    if len(bodies) != 1:
        yield Effect("opaque")
        return
    inner = bodies[0][bodies[0].index("$", 1) + 1 :].rsplit("$", 2)[0]
    simple = re.fullmatch(
        r"\s*BEGIN\s+(.*?;)\s*EXCEPTION\s+WHEN\s+duplicate_(object|table|column)\s+THEN\s+null;\s*END\s*;?\s*",
        inner,
        re.IGNORECASE | re.DOTALL,
    )
    statements = read_statements(simple[1], fold) if simple else []
    if len(statements) != 1:
        yield Effect("opaque")
        return
    caught = _CATCHES.get(simple[2].lower(), ()) if simple else ()
    for effect in statements[0].effects:
        yield effect._replace(guarded=True, sure=effect.sure and effect.verb == "make" and effect.kind in caught)


#: what fails with each of PostgreSQL's errors, if it is there already
_CATCHES = {
    "object": ("type", "constraint", "foreign", "policy", "trigger"),
    "table": ("table", "view", "index", "sequence"),
    "column": ("column",),
}


def fold_for(dialect: Dialect) -> Fold:
    """The usual folding of a kind of database."""
    return Fold(dialect, tables=dialect == "mysql")
