"""INSERT, UPDATE, DELETE, TRUNCATE, SELECT: which rows and cells a statement reads and writes."""

from __future__ import annotations

from collections.abc import Sequence

from drizzle_guard.sql.alter import parts
from drizzle_guard.sql.footprint.columns import in_parentheses, one_name, plain_names, qualified
from drizzle_guard.sql.footprint.dialect import Name
from drizzle_guard.sql.footprint.draft import ANY, BUILT_IN, Draft
from drizzle_guard.sql.footprint.known import functions_in
from drizzle_guard.sql.footprint.mentions import Mentions, closing, unquoted
from drizzle_guard.sql.footprint.touch import ALL, Members, Mode, Thing, only, shown_name
from drizzle_guard.sql.tokens import Cursor, Token

_WRITES = ("insert", "update", "delete", "merge", "replace")
#: functions of PostgreSQL that a SELECT calls for their effect, on what a string names
_ON_SEQUENCES = frozenset({"setval", "nextval"})
#: functions that fail over no row
_HARMLESS = frozenset({"count", "min", "max", "coalesce", "lower", "upper", "length", "now", "version"})
#: functions that end nothing and change nothing that stays
_WITHOUT_TRACE = frozenset({"pg_notify", "pg_sleep", "sleep", "set_config", "pg_advisory_lock", "pg_advisory_xact_lock",
                            "pg_advisory_unlock", "pg_advisory_unlock_all"})  # fmt: skip


def insert(draft: Draft, at: Cursor, *, replaces: bool = False) -> None:
    """INSERT and REPLACE: rows are added beside others."""
    words = {t.text for t in at.tokens if t.kind == "word"}
    loose = replaces or at.peek() in ("ignore", "or")
    while at.peek() in (
        "or",
        "replace",
        "ignore",
        "abort",
        "fail",
        "rollback",
        "low_priority",
        "delayed",
        "high_priority",
    ):
        loose = loose or at.peek() in ("replace", "ignore")
        at.take()
    at.skip("into")
    table = qualified(draft, at)
    if at.peek() == "as":
        at.take()
        at.take()
    named: frozenset[str] | None = None
    listed: list[str] = []
    if at.peek() == "(" and at.peek(1) not in ("select", "with"):
        inner = in_parentheses(at)
        listed = [draft.dialect.fold(t) for t in inner if t.kind != "mark"]
        named = frozenset(listed)
    if at.peek() == "set" and at.tokens[at.at].kind == "word":
        named = _assigned(draft, at.tokens[at.at + 1 :])
    empty = at.skip("default", "values")
    rest = at.rest()
    found = Mentions(rest, draft.dialect)
    draft.mention(found, None, rows=True)
    draft.use_table(table)
    members = Members(named) if named is not None else ALL
    if named is not None:
        draft.use_columns(table, named)
    elif not empty:
        draft.of(table, "type", Mode.USE, verb="fills by position the columns of")
        aspect = (
            "positions"
            if draft.dialect.is_postgres and draft.dialect.kind and table not in draft.known.grown
            else "shape"
        )
        draft.of(table, aspect, Mode.USE, verb="fills by position the columns of")
    known = draft.known.tables.get(table)
    for column in named if named is not None else list(known.columns) if known else ():
        kind = known.columns[column].named if known and column in known.columns else None
        if kind is not None:
            draft.values(kind, found.strings)
    draft.of(table, "rows", Mode.ADD, verb="writes rows of")
    draft.of(table, "fresh", Mode.ADD, verb="writes rows of")
    draft.of(table, "cells", Mode.ADD, members, verb="writes rows of")
    left = Members(named, but=True) if named and Token("word", "default") not in rest else ALL
    draft.of(table, "default", Mode.USE, left, verb="writes rows of")
    draft.of(table, "must", Mode.USE, verb="writes rows of")
    draft.of(table, "parts", Mode.USE, verb="writes rows of")
    draft.of(table, "shelves", Mode.USE, verb="writes rows of")
    fires(draft, table, "insert")
    _runs_rules(draft, table, named)
    if loose or "conflict" in words or "duplicate" in words:
        tail = next(
            (n for n, t in enumerate(rest) if t.text in ("conflict", "duplicate") and t.kind == "word"), len(rest)
        )
        draft.use_columns(table, Mentions(rest[tail + 1 :], draft.dialect).words)
        target = _conflict_target(draft, rest)
        draft.of(table, "keys", Mode.USE, ALL if target is None else Members(target), verb="writes rows of")
        draft.of(table, "rows", Mode.USE, verb="writes rows of")
        draft.of(table, "fresh", Mode.CHANGE if replaces or "update" in words else Mode.USE, verb="writes rows of")
        draft.of(table, "cells", Mode.CHANGE, verb="writes rows of")
        at = Cursor(rest)
        if at.find("constraint"):
            draft.of(table, "constraint", Mode.USE, only(one_name(draft, at)), verb="uses", kind="constraint")
    for key in draft.known.parents(table):
        if named is None or key.columns & named:
            draft.of(
                key.parent,
                "gone",
                Mode.USE,
                Members(key.parent_columns) if key.parent_columns else ALL,
                verb="refers to rows of",
            )
    _unique_values(draft, table, listed or None, rest, loose=loose)
    if replaces or (loose and "replace" in words):  # the row in its way is deleted
        _carry_on(draft, table)


def _runs_rules(draft: Draft, table: Name, written: frozenset[str] | None) -> None:
    """What is called for each row: the functions of the checks, and of the defaults of columns that are not written."""
    known = draft.known.tables.get(table)
    called = set(draft.known.called.get(table, ()))
    for name, column in known.columns.items() if known else ():
        if written is not None and name not in written and "(" in column.default:
            called |= functions_in(column.default)
    for function in sorted(called):
        draft.use_function(function)


def _conflict_target(draft: Draft, tokens: Sequence[Token]) -> frozenset[str] | None:
    """The columns of ON CONFLICT (…); None for any key."""
    at = Cursor(list(tokens))
    if not at.find("conflict") or at.peek() != "(":
        return None
    return plain_names(draft, in_parentheses(at)) or None


def _unique_values(draft: Draft, table: Name, listed: list[str] | None, rest: Sequence[Token], *, loose: bool) -> None:
    """What an INSERT puts into unique keys: two sides that put the same there, or whose values are not known, clash."""
    keys = draft.known.unique(table)
    known = draft.known.tables.get(table)
    if listed is None:
        listed = list(known.columns) if known else None
    rows = _literal_rows(rest)
    shown = Thing("table", shown_name(table))
    if keys is None:
        keys = [frozenset({c}) for c in listed or ()] or [frozenset({"*"})]
    for key in keys:
        if listed is not None and not key & set(listed):
            if draft.dialect.is_postgres:  # the sequence gives what the other side may have written
                draft.touch(("taken", table, key), Mode.USE, shown, "writes rows of")
            continue
        values = ALL
        if listed is not None and rows is not None and key <= set(listed):
            places = [listed.index(c) for c in sorted(key)]
            if all(len(row) > max(places) and all(row[p] is not None for p in places) for row in rows):
                values = Members(frozenset("\0".join(str(row[p]) for p in places) for row in rows))
                if all(row[p] == "null" for row in rows for p in places):
                    continue
        draft.touch(("taken", table, key), Mode.CHANGE, shown, "writes rows of", values)
    del loose


def _literal_rows(tokens: Sequence[Token]) -> list[list[str | None]] | None:
    """The rows behind VALUES, with None for what is no literal; None if there are no such rows."""
    at = Cursor(list(tokens))
    if at.peek() not in ("values", "value"):
        return None
    at.take()
    rows: list[list[str | None]] = []
    while at.peek() == "(":
        row: list[str | None] = []
        for part in parts(in_parentheses(at)):
            text = "".join(t.text for t in part)
            plain = len(part) == 1 and (part[0].kind == "string" or text.isdigit() or text == "null")
            row.append(text if plain or (len(part) == 2 and part[0].text == "-") else None)
        rows.append(row)
        if not at.skip(","):
            break
    return rows


def _assigned(draft: Draft, tokens: Sequence[Token]) -> frozenset[str]:
    """The columns in a SET list."""
    found: set[str] = set()
    for part in parts(list(tokens)):
        if part and part[0].kind != "mark":
            names = [t for t in part[: next((n for n, t in enumerate(part) if t.text == "="), 1)] if t.kind != "mark"]
            found.update(draft.dialect.fold(t) for t in names[-1:])
        elif part and part[0].text == "(":
            found.update(plain_names(draft, part[1 : closing(part, 0)]))
    return frozenset(found)


def update(draft: Draft, at: Cursor) -> None:
    """UPDATE: cells of rows that are there."""
    start = at.at
    loose = at.peek() in ("or", "ignore")
    at.skip_any("or", "ignore", "replace", "low_priority", "only", "abort", "fail", "rollback")
    table = qualified(draft, at)
    whole = Mentions([Token("word", "update"), *at.tokens[start:]], draft.dialect)
    depth, set_at, end = 0, len(at.tokens), len(at.tokens)
    for n in range(at.at, len(at.tokens)):
        token = at.tokens[n]
        if token.kind == "mark":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        elif token.kind == "word" and depth == 0:
            if token.text == "set" and set_at == len(at.tokens):
                set_at = n
            elif token.text in ("where", "from", "returning", "order", "limit") and set_at < n:
                end = n
                break
    assigned = _assigned(draft, at.tokens[set_at + 1 : end])
    if Token("word", "default") in at.tokens[set_at + 1 : end]:
        draft.of(table, "default", Mode.USE, Members(assigned), verb="writes rows of")
    inside = _json_keys(draft, at.tokens[set_at + 1 : end])
    if inside:  # one key of a JSON column is set: other keys of it stay as they are
        rest = [*at.tokens[:set_at], *at.tokens[end:]]
        whole = Mentions([Token("word", "update"), *rest[start:]], draft.dialect)
        draft.use_columns(table, assigned)
    draft.mention(whole, table, rows=True)
    for one in dict.fromkeys([table, *(whole.tables if draft.dialect.is_mysql else ())]):
        written = Members(assigned)
        if inside:
            draft.of(one, "cells", Mode.ADD, Members(assigned), verb="writes rows of")
            written = Members(inside)
        draft.use_table(one)
        draft.of(one, "cells", Mode.CHANGE, written, verb="writes rows of")
        draft.of(one, "must", Mode.USE, written, verb="writes rows of")
        draft.of(one, "gone", Mode.CHANGE, written, verb="writes rows of")
        draft.of(one, "parts", Mode.USE, verb="writes rows of")
        fires(draft, one, "update")
        _runs_rules(draft, one, None)
        if loose:
            draft.of(one, "keys", Mode.USE, verb="writes rows of")
        for key in draft.known.parents(one):
            if key.columns & assigned:
                draft.of(
                    key.parent,
                    "gone",
                    Mode.USE,
                    Members(key.parent_columns) if key.parent_columns else ALL,
                    verb="refers to rows of",
                )
        for key in draft.known.children(one):
            if key.on_update and key.child != one and (not key.parent_columns or key.parent_columns & assigned):
                draft.of(key.child, "cells", Mode.CHANGE, Members(key.columns), verb="writes rows of")
        for unique in draft.known.unique(one) or ():
            if unique & assigned:
                draft.touch(("taken", one, unique), Mode.CHANGE, Thing("table", shown_name(one)), "writes rows of")


def _json_keys(draft: Draft, tokens: Sequence[Token]) -> frozenset[str]:
    """`c = jsonb_set(coalesce(c, …), '{key}', literal)`, and nothing else: the keys that are set; empty otherwise."""
    found = set()
    for part in parts(list(tokens)):
        words = [t.text for t in part]
        column = draft.dialect.fold(part[0]) if part else ""
        if words[1:4] != ["=", "jsonb_set", "("]:
            return frozenset()
        arguments = list(parts(part[4 : closing(part, 3)]))
        if len(arguments) < 3 or len(arguments[1]) != 1 or arguments[1][0].kind != "string":
            return frozenset()
        first = [draft.dialect.fold(t) for t in arguments[0] if t.kind in ("word", "name")]
        if first not in ([column], ["coalesce", column, "jsonb"]) or arguments[2][0].kind != "string":
            return frozenset()
        key = unquoted(arguments[1][0].text).strip("{}").split(",")[0]
        found.add(f"{column}\0{key}")
    return frozenset(found)


def delete(draft: Draft, at: Cursor) -> None:
    """DELETE: rows go, and with them what refers to them."""
    start = at.at
    at.skip_any("low_priority", "quick", "ignore")
    if at.skip("from"):
        at.skip("only")
    table = qualified(draft, at)
    whole = Mentions([Token("word", "delete"), *at.tokens[start:]], draft.dialect)
    draft.mention(whole, table, rows=True)
    draft.use_table(table)
    remove(draft, table)


def remove(draft: Draft, table: Name, seen: frozenset[Name] = frozenset()) -> None:
    """Rows of a table go; foreign keys carry it on."""
    draft.of(table, "rows", Mode.CHANGE, verb="deletes rows of")
    draft.of(table, "gone", Mode.CHANGE, verb="deletes rows of")
    fires(draft, table, "delete")
    _carry_on(draft, table, seen)


def _carry_on(draft: Draft, table: Name, seen: frozenset[Name] = frozenset()) -> None:
    """Foreign keys do to their rows what is done to the rows that they refer to."""
    for key in draft.known.children(table):
        if key.on_delete and key.child not in seen and key.child != table:
            if key.on_delete == "cascade":
                remove(draft, key.child, seen | {table})
            else:
                draft.of(key.child, "cells", Mode.CHANGE, Members(key.columns), verb="writes rows of")


def truncate(draft: Draft, at: Cursor) -> None:
    """TRUNCATE a, b CASCADE: every row."""
    at.skip("table")
    at.skip("only")
    cascade = "cascade" in {t.text for t in at.rest()}
    pending, seen = [], set()
    while at.at < len(at.tokens):
        pending.append(qualified(draft, at))
        at.skip("*")
        if not at.skip(","):
            break
    while pending:
        table = pending.pop()
        if table in seen:
            continue
        seen.add(table)
        draft.use_table(table)
        draft.of(table, "rows", Mode.CHANGE, verb="deletes rows of")
        draft.of(table, "gone", Mode.CHANGE, verb="deletes rows of")
        draft.of(table, "cells", Mode.CHANGE, verb="deletes rows of")
        fires(draft, table, "delete")
        if cascade:
            pending += [key.child for key in draft.known.children(table)]


def fires(draft: Draft, table: Name, event: str) -> None:
    """Writing rows runs the triggers that stand."""
    draft.of(table, "triggers", Mode.USE, verb="writes rows of")
    for trigger in (draft.known.triggers.get(table) or {}).values():
        if event in trigger.events:
            if trigger.function is not None:
                draft.use_function(trigger.function)
            run(draft, trigger.body)


def run(draft: Draft, body: Sequence[Token], depth: int = 0) -> None:
    """The effects of a body that runs now (a trigger's, a function's): all that it names is read and written."""
    found = Mentions(body, draft.dialect)
    words = {t.text for t in body if t.kind == "word"}
    adds = words & {"insert", "update", "delete", "replace", "merge", "truncate", "select", "conflict"} == {"insert"}
    draft.mention(found, rows=not adds)
    if any(t == Token("word", "execute") for t in body) and not any(t.text in ("function", "procedure") for t in body):
        draft.unbounded = draft.unbounded or "runs SQL that it puts together"
    if adds:
        for table in found.tables:
            for aspect in ("rows", "fresh", "cells"):
                draft.of(table, aspect, Mode.ADD, verb="writes rows of")
            for aspect in ("must", "default", "triggers", "parts"):
                draft.of(table, aspect, Mode.USE, verb="writes rows of")
    elif words & {"insert", "update", "delete", "replace", "merge", "truncate"}:
        for table in found.tables:
            draft.of(table, "rows", Mode.CHANGE, verb="writes rows of")
            draft.of(table, "fresh", Mode.ADD, verb="writes rows of")
            draft.of(table, "cells", Mode.CHANGE, verb="writes rows of")
            draft.of(table, "gone", Mode.CHANGE, verb="writes rows of")
            draft.of(table, "must", Mode.USE, verb="writes rows of")
            draft.of(table, "triggers", Mode.USE, verb="writes rows of")
            draft.of(table, "keys", Mode.USE, verb="writes rows of")
            draft.of(table, "taken", Mode.CHANGE, verb="writes rows of")
    if words & {"create", "alter", "drop", "grant"} and depth == 0:
        draft.unbounded = draft.unbounded or "changes objects from inside a function"
    for function in found.functions:
        if depth < 4 and function in draft.known.functions:
            run(draft, draft.known.functions[function], depth + 1)


def select(draft: Draft, at: Cursor) -> None:
    """SELECT has effects by INTO and by the functions that it calls."""
    found = Mentions(at.tokens, draft.dialect)
    into = next((n for n, t in enumerate(at.tokens) if t == Token("word", "into")), None)
    if into is not None and draft.dialect.is_postgres and not draft.in_block:
        target = Cursor(at.tokens, into + 1)
        target.skip_any("temp", "temporary", "unlogged", "table")
        table = qualified(draft, target)
        found.tables.pop(table, None)
        draft.mention(found, rows=True)
        draft.name("table", table, "creates")
        if draft.dialect.kind == "postgresql":
            draft.name("table", table, "creates", space="type")
    else:
        found.starred = set()  # nothing keeps what it reads
        draft.mention(found, rows=draft.in_block or not _only_looks(at.tokens, found))
    call(draft, found)


def _only_looks(tokens: Sequence[Token], found: Mentions) -> bool:
    """Whether a SELECT does nothing with the rows that it reads, and fails over none of them."""
    words = [t.text for t in tokens if t.kind == "word"]
    is_plain = words.count("select") == 1 and not {"cast", "case", "into"} & set(words)
    marks = {t.text for t in tokens if t.kind == "mark"}
    return is_plain and not marks & set("/%:^|&") and all(name in _HARMLESS for _, name in found.functions)


def call(draft: Draft, found: Mentions) -> None:
    """The effects of functions that are called for them."""
    for function in found.functions:
        name = function[1]
        if function in draft.known.functions:
            run(draft, draft.known.functions[function])
        elif name in _ON_SEQUENCES:
            for text in found.strings:
                draft.use_relation_in(text)
                if name == "setval":
                    draft.sets_counter_of(text.replace('"', "").rpartition(".")[2])
                    for table in draft.known.tables:  # setval(pg_get_serial_sequence('t', 'id'), …)
                        if table[1] == text.replace('"', "").rpartition(".")[2]:
                            draft.of(table, "rows", Mode.USE, verb="sets the counter of")
                draft.touch(("sequence", text), Mode.CHANGE, Thing("sequence", text), "changes")
        elif name not in BUILT_IN and name not in _WITHOUT_TRACE:
            draft.unbounded = draft.unbounded or f"calls {name}(), whose effects cannot be told"


__all__ = ["ANY", "call", "delete", "insert", "remove", "run", "select", "truncate", "update"]
