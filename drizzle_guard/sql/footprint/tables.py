"""CREATE, ALTER and DROP TABLE, and indexes."""

from __future__ import annotations

from drizzle_guard.sql.alter import parts
from drizzle_guard.sql.footprint.along import with_column, with_key, with_relation
from drizzle_guard.sql.footprint.auto_names import give_copies, give_index
from drizzle_guard.sql.footprint.columns import (
    CONSTRAINT,
    counter,
    counts_rows,
    in_parentheses,
    named_type,
    one_name,
    only_adds_values,
    plain_names,
    qualified,
    read_definition,
    table_constraint,
    touch_rules,
)
from drizzle_guard.sql.footprint.dialect import Name
from drizzle_guard.sql.footprint.draft import ANY, Draft
from drizzle_guard.sql.footprint.kept import leaves_dangling, virtual_table
from drizzle_guard.sql.footprint.known import Index, Table, index_key
from drizzle_guard.sql.footprint.mentions import Mentions
from drizzle_guard.sql.footprint.operators import index_classes
from drizzle_guard.sql.footprint.touch import SOUND, Mode, Thing, only, shown_name
from drizzle_guard.sql.footprint.whole_table import (
    made_like,
    needs_soundness,
    other_action,
    rename_table,
    touch_bounds,
    touch_sequences,
)
from drizzle_guard.sql.tokens import Cursor, Token


def create_table(draft: Draft, at: Cursor) -> None:
    """CREATE TABLE, in all its forms."""
    table = qualified(draft, at)
    draft.name("table", table, "creates")
    if draft.dialect.kind == "postgresql":
        draft.name("table", table, "creates", space="type")
    draft.known.tables[table] = Table()
    draft.known.made.add(table)
    if at.skip("partition", "of"):
        parent = qualified(draft, at)
        draft.use_table(parent)
        draft.known.parts[table] = parent
        draft.known.kin[table] = frozenset({parent})
        for part in parts(in_parentheses(at)):
            if part[0].kind == "word" and part[0].text in CONSTRAINT:
                table_constraint(draft, table, Cursor(part), fresh=True)
        if any(one.kind == "primary" for one in draft.known.tables[table].constraints.values()):
            draft.touch(("primary", parent), Mode.USE, Thing("primary key", "", shown_name(parent)), "uses")
        touch_bounds(draft, parent, at.rest())
        return
    if at.skip("like"):
        made_like(draft, qualified(draft, at))
        return
    if at.peek() == "using" and draft.dialect.is_sqlite:
        virtual_table(draft, table, at.rest())
        return
    if at.skip("of"):
        draft.use_type(qualified(draft, at))
    inner = in_parentheses(at) if at.peek() == "(" and at.peek(1) not in ("select", "with", "values") else []
    for part in parts(inner):
        member = Cursor(part)
        if part[0].kind == "word" and part[0].text in CONSTRAINT:
            continue
        if part[0] == Token("word", "like"):
            member.at = 1
            model = qualified(draft, member)
            made_like(draft, model)
            if "including" in {t.text for t in part} and {"all", "indexes"} & {t.text for t in part}:
                give_copies(draft, table, model)
            continue
        found = read_definition(draft, member)
        draft.known.tables[table].columns[found.name] = found.column
        draft.of(table, "column", Mode.CHANGE, only(found.name), verb="creates")
        touch_rules(draft, table, found, fresh=True)
    for part in parts(inner):
        if part[0].kind == "word" and part[0].text in CONSTRAINT:
            table_constraint(draft, table, Cursor(part), fresh=True)
    rest = at.rest()
    words = [t.text for t in rest if t.kind == "word"]
    if "as" in words and "execute" in words:
        draft.unbounded = "runs EXECUTE, whose effects cannot be told"
    if "select" in words or "values" in words or "table" in words:
        draft.mention(Mentions(rest, draft.dialect), rows=True)
    elif "inherits" in words:
        tail = Cursor(list(rest))
        tail.find("inherits")
        for parent in Mentions([Token("word", "from"), *in_parentheses(tail)], draft.dialect).tables:
            made_like(draft, parent)
            draft.known.kin[table] = draft.known.kin.get(table, frozenset()) | {parent}
    elif rest:
        for function in Mentions(rest, draft.dialect).functions:
            draft.use_function(function)
        tail = Cursor(list(rest))
        if draft.dialect.is_postgres and tail.find("server"):  # of a foreign table
            draft.use("server", ("", one_name(draft, tail)))


def drop_table(draft: Draft, at: Cursor, kind: str = "table") -> None:
    """DROP TABLE (or VIEW) a, b CASCADE."""
    cascade = "cascade" in {t.text for t in at.rest()}
    while at.at < len(at.tokens):
        table = qualified(draft, at)
        draft.name(kind, table, "drops")
        draft.of(table, "anew", Mode.CHANGE, verb="drops", kind=kind)
        if kind == "table" and draft.dialect.kind == "postgresql":
            draft.name("table", table, "drops", space="type")
        if kind == "table":
            for key in draft.known.children(table):
                if key.child != table:
                    draft.alters(key.child)
            for column in (draft.known.tables.get(table) or Table()).columns:
                touch_sequences(draft, table, column, "drops")
            draft.of(table, "gone", Mode.CHANGE, verb="drops")
            if table in draft.known.parts:
                draft.of(draft.known.parts[table], "shelves", Mode.ADD, verb="drops a partition of")
                draft.of(draft.known.parts[table], "rows", Mode.ADD, verb="drops a partition of")
        if cascade:
            with_relation(draft, table)
        if draft.dialect.is_sqlite and leaves_dangling(draft, table):
            draft.touch(SOUND, Mode.CHANGE, Thing(kind, shown_name(table)), "drops")
        draft.known.drop_table(table)
        if not at.skip(","):
            return


def create_index(draft: Draft, at: Cursor, *, unique: bool) -> None:
    """CREATE INDEX; `at` stands behind the guard."""
    named = at.peek() != "on"
    name = qualified(draft, at) if named else ("", "")
    at.find("on")
    at.skip("only")
    table = qualified(draft, at)
    if draft.dialect.is_postgres and table[0]:
        name = (table[0], name[1])
    own = only(name[1])
    if named and draft.dialect.is_mysql:
        draft.of(table, "index", Mode.CHANGE, own, verb="creates", kind="index")
    elif named:
        draft.name("index", name, "creates")
    rest = at.rest()
    found = Mentions(rest, draft.dialect)
    method = ""
    if at.skip("using"):
        method = at.take()
    inner = in_parentheses(at)
    over = plain_names(draft, inner)
    for home in [*([] if named else [table]), *(part for part, whole in draft.known.kin.items() if table in whole)]:
        give_index(draft, home, inner)
    found.words -= {
        "btree",
        "hash",
        "gin",
        "gist",
        "brin",
        "asc",
        "desc",
        "nulls",
        "first",
        "last",
        "with",
        "fillfactor",
    } - over
    draft.alters(table)
    draft.mention(found, table)
    if {t.text for t in inner if t.kind == "mark"} & {"/", "%", ":"}:  # a quotient or cast that a row may make fail
        draft.limits(table, found.words)
    if draft.dialect.is_postgres:
        index_classes(draft, inner)
    if method not in ("", "btree", "hash"):
        draft.touch(("extensions",), Mode.USE, Thing("extension", "?"), "uses")
    if unique:
        draft.limits(table, found.words, unique=True)
    if named:
        known = draft.known.tables.get(table)
        partial = any(t.text == "where" for t in rest) or (known is not None and not over <= known.columns.keys())
        draft.known.indexes[index_key(draft.dialect, table, name)] = Index(table, frozenset(over), unique, partial)


def drop_index(draft: Draft, at: Cursor) -> None:
    """DROP INDEX [ON table]: it touches the table whose index it was."""
    while at.at < len(at.tokens):
        name = qualified(draft, at)
        table = None
        if at.skip("on"):
            table = qualified(draft, at)
        lose_index(draft, table, name)
        if not at.skip(","):
            return


def lose_index(draft: Draft, table: Name | None, name: Name) -> None:
    """An index goes; a unique one may be what a foreign key or ON CONFLICT needs, MySQL's keys need any."""
    home, columns, unique = draft.index_of(table, name)
    if draft.dialect.is_mysql and table is not None:
        draft.of(table, "index", Mode.CHANGE, only(name[1]), verb="drops", kind="index")
    else:
        draft.name("index", name, "drops")
    if home != ANY:
        draft.alters(home)
    else:
        draft.of(home, "structure", Mode.ADD)
    if draft.dialect.is_mysql or (unique is not False and not (home == ANY and draft.conditional)):
        draft.loses_key(home, columns)  # IF EXISTS of one that no migration made is not held against keys
    draft.known.indexes.pop(index_key(draft.dialect, table, name), None)


def alter_table(draft: Draft, at: Cursor) -> None:
    """ALTER TABLE; each of its actions."""
    at.skip("only")
    table = qualified(draft, at)
    at.skip("*")
    for part in parts(at.rest()):
        _action(draft, table, Cursor(part))
    draft.use("table", table, "changes")


def _action(draft: Draft, table: Name, at: Cursor) -> None:
    verb = at.take()
    bare = at.at < len(at.tokens) and at.tokens[at.at].kind == "word"
    if verb == "add":
        if bare and at.peek() == "partition":
            draft.of(table, "parts", Mode.CHANGE)
        elif bare and at.peek() in CONSTRAINT:
            table_constraint(draft, table, at, fresh=False)
        else:
            at.skip("column")
            if at.guard():
                draft.guarded = draft.twice = True
            if at.peek() == "(":
                for part in parts(in_parentheses(at)):
                    if part[0].kind == "word" and part[0].text in CONSTRAINT:
                        table_constraint(draft, table, Cursor(part), fresh=False)
                    else:
                        add_column(draft, table, Cursor(part))
            else:
                add_column(draft, table, at)
        draft.alters(table)
    elif verb == "drop":
        _drop_member(draft, table, at, bare=bare)
        draft.alters(table)
    elif verb == "alter":
        _alter_member(draft, table, at)
        draft.alters(table)
    elif verb in ("modify", "change"):
        at.skip("column")
        old = one_name(draft, at)
        if verb == "modify":
            at.at -= 1
        _modify(draft, table, old, at)
        draft.alters(table)
    elif verb == "rename":
        _rename(draft, table, at, bare=bare)
    else:
        other_action(draft, table, verb, at)


def add_column(draft: Draft, table: Name, at: Cursor) -> None:
    """ADD COLUMN: beside other columns, but in nobody's way who reads columns by position."""
    found = read_definition(draft, at)
    draft.known.grown.setdefault(table, {})[found.name] = found.column.default
    draft.of(table, "column", Mode.CHANGE, only(found.name), verb="creates")
    draft.of(table, "shape", Mode.ADD)
    touch_rules(draft, table, found, fresh=False)
    counts_rows(draft, table, found)
    tail = [t for t in found.rules if t.kind != "mark"]
    if draft.dialect.is_mysql and tail and tail[-1] == Token("word", "first"):
        draft.of(table, "shape", Mode.CHANGE)
    elif draft.dialect.is_mysql and len(tail) > 1 and tail[-2] == Token("word", "after"):
        draft.of(table, "shape", Mode.CHANGE)
        draft.use_columns(table, [draft.dialect.fold(tail[-1])])
    draft.known.tables.setdefault(table, Table()).columns[found.name] = found.column


def _drop_member(draft: Draft, table: Name, at: Cursor, *, bare: bool) -> None:
    cascade = at.rest()[-1:] == [Token("word", "cascade")]
    word = at.peek() if bare else ""
    known = draft.known.tables.get(table)
    if word == "partition":
        draft.of(table, "parts", Mode.CHANGE)
        draft.of(table, "rows", Mode.ADD, verb="drops a partition of")
        return
    if word == "primary":
        draft.touch(("primary", table), Mode.CHANGE, Thing("constraint", "primary", shown_name(table)), "drops")
        draft.loses_key(table, None)
        return
    if word in ("index", "key") and draft.dialect.is_mysql:
        at.take()
        at.guard()
        lose_index(draft, table, ("", one_name(draft, at)))
        return
    if word in ("constraint", "check") or (word == "foreign" and at.peek(1) == "key"):
        at.take()
        at.skip("key")
        if at.guard():
            draft.guarded = draft.twice = True
        name = one_name(draft, at)
        what = known.constraints.get(name) if known else None
        draft.of(table, "constraint", Mode.CHANGE, only(name), verb="drops", kind="constraint")
        if word == "foreign":
            draft.touch(("name", "foreign key", ("", name)), Mode.CHANGE, Thing("constraint", name), "drops")
        kind = "foreign" if word == "foreign" else "check" if word == "check" else what.kind if what else ""
        if kind in ("primary", "unique", ""):
            draft.loses_key(table, what.columns if what else None)
            if draft.dialect.kind == "postgresql" and kind:
                draft.name("index", (table[0], name), "drops")
            if cascade:
                with_key(draft, table, what.columns if what else None)
        if kind == "primary":
            draft.touch(("primary", table), Mode.CHANGE, Thing("constraint", name, shown_name(table)), "drops")
        if kind == "foreign":
            draft.known.foreign.pop((table, name), None)
        if known:
            known.constraints.pop(name, None)
        return
    at.skip("column")
    if at.guard():
        draft.guarded = draft.twice = True
    name = one_name(draft, at)
    draft.of(table, "column", Mode.CHANGE, only(name), verb="drops")
    draft.of(table, "shape", Mode.ADD)
    draft.of(table, "positions", Mode.ADD)
    touch_sequences(draft, table, name, "drops")
    needs_soundness(draft, table)
    if draft.known.unique(table) is None or any(name in key for key in draft.known.unique(table) or ()):
        draft.loses_key(table, frozenset({name}))
    with_column(draft, table, name, cascade=cascade)
    if known:
        known.columns.pop(name, None)


def _alter_member(draft: Draft, table: Name, at: Cursor) -> None:
    """ALTER [COLUMN] name …, and MySQL's ALTER INDEX and CHECK."""
    if (
        at.peek() in ("index", "check", "constraint")
        and at.tokens[at.at].kind == "word"
        and at.peek(1) not in ("type", "set")
    ):
        draft.of(table, at.take(), Mode.CHANGE, only(one_name(draft, at)))
        return
    at.skip("column")
    column = one_name(draft, at)
    rest = at.rest()
    words = [t.text for t in rest if t.kind == "word"]
    only_it = only(column)
    draft.use_columns(table, [column], "changes")
    draft.twice = True
    known = draft.known.tables.get(table)
    now = known.columns.get(column) if known else None
    if words[:1] == ["type"] or words[:3] == ["set", "data", "type"]:
        at.find("type")
        using = next((n for n, t in enumerate(at.rest()) if t == Token("word", "using")), len(at.rest()))
        written, how = at.rest()[:using], at.rest()[using + 1 :]
        kind = named_type(draft, written)
        for collation in Mentions(written, draft.dialect).collations:
            draft.use("collation", collation)
        draft.of(table, "type", Mode.CHANGE, only_it)
        if draft.dialect.is_postgres:  # a column whose type is a row of this table stands in its way
            draft.name("table", table, "changes", mode=Mode.ADD, space="type")
        draft.of(table, "default", Mode.USE, only_it)
        draft.of(table, "cells", Mode.CHANGE, only_it)
        if kind is not None:
            draft.use_type(kind)
        if how:
            found = Mentions(how, draft.dialect)
            draft.mention(found, table)
            if found.words != {column} or found.functions or found.tables:
                draft.of(table, "fresh", Mode.USE, verb="rewrites rows of")
                draft.twice = False
        if now and known:
            known.columns[column] = now._replace(named=kind, type="".join(t.text for t in written).lower())
    elif "default" in words[:2]:
        draft.of(table, "default", Mode.CHANGE, only_it)
        if words[0] == "set":
            draft.of(table, "fits", Mode.ADD, only_it, verb="sets a default for")
            found = draft.expression(rest[2:], None)
            if now and now.named:
                draft.values(now.named, found.strings)
            if now and known:
                known.columns[column] = now._replace(default=" ".join(t.text for t in rest[2:]).lower())
    elif "null" in words[:3]:
        draft.of(table, "null", Mode.CHANGE, only_it)
        if words[0] == "set":
            draft.of(table, "must", Mode.CHANGE, only_it)
            draft.limits(table, [column])
        else:
            draft.loses_key(table, frozenset())
    elif words[:1] == ["set"] and words[1:2] and words[1] in ("statistics", "storage", "compression"):
        draft.of(table, words[1], Mode.CHANGE, only_it)
    else:  # identity, generated
        draft.of(table, "default", Mode.CHANGE, only_it)
        draft.of(table, "must", Mode.CHANGE, only_it)
        draft.of(table, "type", Mode.CHANGE, only_it)
        draft.twice = False
        if words[:1] == ["add"] and draft.dialect.kind == "postgresql":
            counter(draft, table, column, rest)
        if "restart" in words:
            draft.sets_counter_of(f"{table[1]}_{column}_seq")


def _modify(draft: Draft, table: Name, old: str, at: Cursor) -> None:
    """MySQL's MODIFY and CHANGE: the whole definition anew."""
    found = read_definition(draft, at)
    members = only(old, found.name)
    if old != found.name:
        draft.of(table, "column", Mode.CHANGE, only(old), verb="drops")
        draft.of(table, "column", Mode.CHANGE, only(found.name), verb="creates")
        draft.of(table, "shape", Mode.ADD)
    else:
        draft.twice = True
        draft.of(table, "column", Mode.USE, only(old))
    known = draft.known.tables.get(table)
    before = known.columns.get(old) if known else None
    draft.of(table, "definition", Mode.CHANGE, members)
    if before is None or old != found.name or not only_adds_values(before, found.column):
        for aspect in ("type", "null", "default", "must", "cells"):
            draft.of(table, aspect, Mode.CHANGE, members)
        draft.limits(table, [old])
    touch_rules(draft, table, found, fresh=False)
    counts_rows(draft, table, found)
    if known:
        known.columns.pop(old, None)
        known.columns[found.name] = found.column


def _is_one_name(at: Cursor) -> bool:
    """Whether nothing but a name follows: MySQL takes `ALTER TABLE a RENAME b` and `RENAME = b`, too."""
    at.skip("=")
    rest = at.rest()
    return len(rest) == 1 or (len(rest) == 3 and rest[1].text == ".")


def _rename(draft: Draft, table: Name, at: Cursor, *, bare: bool) -> None:
    if at.skip("to") or at.skip("as") or (draft.dialect.is_mysql and _is_one_name(at)):
        new = qualified(draft, at)
        new = (new[0] or table[0], new[1])
        rename_table(draft, table, new)
        return
    kind = at.peek() if bare and at.peek() in ("constraint", "index", "key", "column") and at.peek(1) != "to" else ""
    if kind:
        at.take()
    old = one_name(draft, at)
    at.skip("to")
    new_name = one_name(draft, at)
    known = draft.known.tables.get(table)
    if kind in ("index", "key"):
        draft.of(table, "index", Mode.CHANGE, only(old), verb="drops", kind="index")
        draft.of(table, "index", Mode.CHANGE, only(new_name), verb="creates", kind="index")
    elif kind == "constraint":
        for verb, name in (("drops", old), ("creates", new_name)):
            draft.of(table, "constraint", Mode.CHANGE, only(name), verb=verb, kind="constraint")
            if draft.dialect.kind == "postgresql":
                draft.name("index", (table[0], name), verb)
    else:
        draft.of(table, "column", Mode.CHANGE, only(old), verb="drops")
        draft.of(table, "column", Mode.CHANGE, only(new_name), verb="creates")
        draft.of(table, "shape", Mode.ADD)
        draft.of(table, "positions", Mode.ADD)
        needs_soundness(draft, table)
        if known and old in known.columns:
            known.columns[new_name] = known.columns.pop(old)
    draft.alters(table)
