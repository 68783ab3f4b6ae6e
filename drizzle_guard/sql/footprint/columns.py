"""Column definitions and table constraints: what one of them is, and what it touches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.footprint.auto_names import give_constraint, give_index, may_be_given
from drizzle_guard.sql.footprint.dialect import Name
from drizzle_guard.sql.footprint.draft import Draft, is_built_in_type
from drizzle_guard.sql.footprint.known import Column, ForeignKey, Index, Unique, index_key, plain_type
from drizzle_guard.sql.footprint.mentions import Mentions, closing
from drizzle_guard.sql.footprint.touch import Members, Mode, Thing, only
from drizzle_guard.sql.tokens import Cursor, Token, words

CONSTRAINT = frozenset(
    {"constraint", "primary", "foreign", "check", "unique", "index", "key", "fulltext", "spatial", "exclude"}
)
_ENDS_TYPE = words(
    "not null primary unique references check default generated constraint collate auto_increment autoincrement "
    "comment first after on storage compression key using as visible invisible virtual stored deferrable "
    "initially charset"
)


class Definition(NamedTuple):
    """A column definition: the column, and the tokens of what else stands in it."""

    name: str
    column: Column
    rules: list[Token]


def qualified(draft: Draft, at: Cursor) -> Name:
    """A possibly qualified name, as the database sees it."""
    parts = [at.at]
    at.at += 1
    while at.peek() == "." and at.at + 1 < len(at.tokens):
        parts.append(at.at + 1)
        at.at += 2
    folded = [draft.dialect.fold(at.tokens[n]) if n < len(at.tokens) else "" for n in parts]
    schema = folded[-2] if len(folded) > 1 else ""
    return ("" if schema in ("public", "main") else schema), folded[-1]


def one_name(draft: Draft, at: Cursor) -> str:
    """An unqualified name."""
    token = at.tokens[at.at] if at.at < len(at.tokens) else Token("word", "")
    at.at += 1
    return draft.dialect.fold(token)


def in_parentheses(at: Cursor) -> list[Token]:
    """What stands in the parenthesis that opens here; moves behind it.  Empty if none opens."""
    if at.peek() != "(":
        return []
    end = closing(at.tokens, at.at)
    inner = at.tokens[at.at + 1 : end]
    at.at = end + 1
    return inner


def plain_names(draft: Draft, tokens: Sequence[Token]) -> frozenset[str]:
    """The names in a list of columns (with lengths and orders, which are no names)."""
    found, depth = set(), 0
    for n, token in enumerate(tokens):
        if token.kind == "mark":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        elif depth == 0 and (n == 0 or tokens[n - 1].text == ","):
            found.add(draft.dialect.fold(token))
    return frozenset(found)


def read_definition(draft: Draft, at: Cursor) -> Definition:
    """A column definition: `name type rules`."""
    name = one_name(draft, at)
    start = at.at
    depth = 0
    while at.at < len(at.tokens):
        token = at.tokens[at.at]
        if token.kind == "mark":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        elif depth == 0 and token.kind == "word" and token.text in _ENDS_TYPE:
            break
        at.at += 1
    written, rules = at.tokens[start : at.at], at.tokens[at.at :]
    words = [t.text for t in rules if t.kind == "word"]
    head = written[0].text.lower() if written else ""
    default = ""
    if "default" in words:
        n = next(i for i, t in enumerate(rules) if t == Token("word", "default"))
        default = " ".join(t.text for t in _value(rules[n + 1 :])).lower()
    filled = "serial" in head or any(w in words for w in ("generated", "auto_increment", "autoincrement", "as"))
    required = "primary" in words or any(
        a.text == "not" and b.text == "null" and a.kind == "word" for a, b in pairwise(rules)
    )
    made_of: set[str] = set()
    if "as" in words:
        behind = Cursor(rules)
        behind.find("as")
        made_of = Mentions(in_parentheses(behind), draft.dialect).words
    plain, named = plain_type("".join(t.text for t in written)), named_type(draft, written)
    column = Column(plain, named, required, default, filled, frozenset(made_of))
    return Definition(name, column, [*written, *rules] if any(t.text == "enum" for t in written[:1]) else rules)


def _value(tokens: Sequence[Token]) -> list[Token]:
    """The tokens of a default's value, up to the next rule."""
    found: list[Token] = []
    depth = 0
    for token in tokens:
        if token.kind == "mark":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 and found and token.kind == "word" and token.text in _ENDS_TYPE and token.text != "null":
            break
        found.append(token)
    return found


def named_type(draft: Draft, tokens: Sequence[Token]) -> Name | None:
    """The type that tokens name, if no database brings it along."""
    if not tokens or tokens[0].kind not in ("word", "name"):
        return None
    name = qualified(draft, Cursor(list(tokens)))
    return None if not name[0] and is_built_in_type(name[1].lower()) else name


def touch_rules(draft: Draft, table: Name, found: Definition, *, fresh: bool) -> None:
    """What a column definition uses beyond its table: type, references, checks, defaults; and the keys that it makes.

    `fresh` says that the table is made in the same statement.
    """
    column, rules = found.column, found.rules
    if column.named is not None:
        draft.use_type(column.named)
    at = Cursor(rules)
    name = ""
    while at.at < len(rules):
        token = rules[at.at]
        word = token.text if token.kind == "word" else ""
        at.at += 1
        if word == "constraint":
            name = one_name(draft, at)
        elif word == "references":
            reference(draft, table, name, only(found.name).names, at, fresh=fresh)
        elif word == "primary" or (word == "key" and draft.dialect.is_mysql):  # `id int KEY` is a primary key of MySQL
            at.skip("key")
            primary_key(draft, table, only(found.name).names, name, fresh=fresh)
        elif word == "unique":
            at.skip("key")
            own = name or (found.name if draft.dialect.is_mysql else f"{table[1]}_{found.name}_key")
            unique_key(draft, table, own, only(found.name).names, fresh=fresh)
        elif word == "collate":
            collation = qualified(draft, at)
            if not draft.dialect.is_sqlite:
                draft.use("collation", collation)
        elif word in ("check", "default", "as") or (word == "generated" and at.peek() != "by"):
            tokens = _value(rules[at.at :]) if word == "default" else in_parentheses(at)
            mentions = Mentions(tokens, draft.dialect)
            mentions.words.discard(found.name)
            draft.mention(mentions, table if not fresh else None, definition=True)
            if column.named is not None:
                draft.values(column.named, mentions.strings)
            if word == "check":
                draft.known.calls(table, mentions.functions)
            if not fresh and word == "check" and not name:
                give_constraint(draft, table, "check", [found.name])
            if not fresh and word in ("as", "generated"):
                draft.of(table, "cells", Mode.USE, Members(frozenset(mentions.words)), verb="uses")
    if (
        column.filled
        and draft.dialect.is_postgres
        and draft.dialect.kind
        and ("serial" in column.type or "identity" in {t.text for t in rules})
    ):
        counter(draft, table, found.name, rules)
    if not fresh and column.required and not column.default and not column.filled:
        draft.limits(table, ())
        draft.of(table, "must", Mode.CHANGE, only(found.name))


def counts_rows(draft: Draft, table: Name, found: Definition) -> None:
    """MySQL: a table has one AUTO_INCREMENT column (also called SERIAL), and that one needs a key."""
    if draft.dialect.is_mysql and (Token("word", "auto_increment") in found.rules or "serial" in found.column.type):
        draft.touch(("counter", table), Mode.CHANGE, Thing("table", _shown(table)), "changes")
        draft.of(table, "keys", Mode.USE, only(found.name), verb="counts with a key of")


def only_adds_values(before: Column, after: Column) -> bool:
    """Whether an enum gets more values behind those that it has, and stays as it is else: no row minds that."""
    is_enum = before.type.startswith("enum(") and after.type.startswith(before.type.removesuffix(")") + ",")
    return is_enum and before._replace(type="") == after._replace(type="")


def counter(draft: Draft, table: Name, column: str, tokens: Sequence[Token]) -> None:
    """The sequence of a serial or identity column, which may be named: `AS IDENTITY (SEQUENCE NAME s)`."""
    own = (table[0], f"{table[1]}_{column}_seq")
    for n, (first, second) in enumerate(pairwise(tokens)):
        if first == Token("word", "sequence") and second == Token("word", "name"):
            own = qualified(draft, Cursor(list(tokens), n + 2))
    draft.name("sequence", own, "creates")


def reference(draft: Draft, table: Name, name: str, columns: frozenset[str], at: Cursor, *, fresh: bool) -> None:
    """`REFERENCES table (columns) ON DELETE …`."""
    parent = qualified(draft, at)
    parent_columns = plain_names(draft, in_parentheses(at))
    if name:
        may_be_given(draft, table, "fkey", name)
    elif not fresh:
        give_constraint(draft, table, "fkey", sorted(columns))
    words = [t.text for t in at.rest()]
    actions = {"delete": "", "update": ""}
    for first, second, third in zip(words, words[1:], words[2:], strict=False):
        if first == "on" and second in actions:
            actions[second] = third if third in ("cascade", "set") else ""
    draft.foreign_key(
        ForeignKey(name, table, columns, parent, parent_columns, actions["delete"], actions["update"]),
        fresh=fresh or (parent == table and fresh),
    )
    _remember(draft, table, name or f"fk {sorted(columns)}", "foreign", columns)


def primary_key(draft: Draft, table: Name, columns: frozenset[str], name: str, *, fresh: bool) -> None:
    """A primary key: one for each table; its columns are NOT NULL."""
    shown = Thing("primary key", "", _shown(table))
    if not fresh:
        draft.touch(("primary", table), Mode.CHANGE, shown, "creates")
        draft.of(table, "null", Mode.CHANGE, Members(columns))
        draft.of(table, "must", Mode.CHANGE, Members(columns))
        draft.use_columns(table, columns)
        draft.limits(table, columns, unique=True)
    own = name or f"{table[1]}_pkey"
    if draft.dialect.kind == "postgresql":
        draft.name("index", (table[0], own), "creates")
    _remember(draft, table, own, "primary", columns)


def unique_key(draft: Draft, table: Name, name: str, columns: frozenset[str], *, fresh: bool) -> None:
    """A unique constraint; PostgreSQL makes an index of its name."""
    if not fresh:
        draft.use_columns(table, columns)
        draft.limits(table, columns, unique=True)
    if draft.dialect.kind == "postgresql":
        draft.name("index", (table[0], name), "creates")
    elif draft.dialect.is_mysql and not fresh:
        draft.of(table, "index", Mode.CHANGE, only(name), verb="creates", kind="index")
    _remember(draft, table, name, "unique", columns)


def table_constraint(draft: Draft, table: Name, at: Cursor, *, fresh: bool) -> None:
    """`[CONSTRAINT name] PRIMARY KEY | UNIQUE | FOREIGN KEY | CHECK | EXCLUDE | INDEX …`."""
    name = ""
    if at.skip("constraint"):
        at.guard()
        if at.peek() not in ("primary", "foreign", "check", "unique", "exclude") or at.tokens[at.at].kind == "name":
            name = one_name(draft, at)
    what = at.take()
    if name and not fresh:
        draft.of(table, "constraint", Mode.CHANGE, only(name), verb="creates", kind="constraint")
    at.skip_any("key", "index")
    if what in ("unique", "index", "key", "fulltext", "spatial"):
        at.guard()
    if at.peek() != "(" and what in ("unique", "index", "key", "fulltext", "spatial", "foreign", "primary"):
        if at.skip("using", "index"):
            made_of = (table[0], one_name(draft, at))
            draft.name("index", made_of, "changes")
            index = draft.known.indexes.pop(index_key(draft.dialect, table, made_of), None)
            if index is not None:  # from now on it is called as the constraint
                own = name or made_of[1]
                if own != made_of[1]:
                    draft.name("index", (table[0], own), "creates")
                _remember(draft, table, own, what, index.columns)
                if what == "primary":
                    primary_key(draft, table, index.columns, own, fresh=fresh)
                return
        elif at.peek() not in ("using", "nulls"):
            name = one_name(draft, at) or name
            if what != "foreign" and not fresh and draft.dialect.is_mysql:
                draft.of(table, "index", Mode.CHANGE, only(name), verb="creates", kind="index")
        while at.at < len(at.tokens) and at.peek() != "(":
            at.at += 1
    inner = in_parentheses(at)
    columns = plain_names(draft, inner)
    if name and what in ("index", "key"):  # MySQL
        draft.known.indexes[index_key(draft.dialect, table, ("", name))] = Index(table, columns, unique=False)
    if what == "primary":
        primary_key(draft, table, columns, name, fresh=fresh)
    elif what == "unique":
        listed = [draft.dialect.fold(t) for t in inner if t.kind != "mark"] or [""]
        own = name or (listed[0] if draft.dialect.is_mysql else "_".join([table[1], *listed, "key"]))
        unique_key(draft, table, own, columns, fresh=fresh)
    elif what == "foreign":
        if at.skip("references"):
            reference(draft, table, name, columns, at, fresh=fresh)
    elif what in ("check", "exclude"):
        if what == "exclude":
            at = Cursor(at.tokens)
            at.find("exclude")
            inner = at.rest()
        found = Mentions(inner, draft.dialect)
        draft.mention(found, None if fresh else table, definition=True)
        if not fresh:
            draft.limits(table, found.words)
            draft.of(table, "fits", Mode.USE, Members(frozenset(found.words)), verb="makes a rule for")
        if name:
            may_be_given(draft, table, "check", name)
        elif not fresh and what == "check":
            known = draft.known.tables.get(table)
            named = found.words if known is None or not known.columns else found.words & known.columns.keys()
            give_constraint(draft, table, "check", sorted(named))
        if draft.dialect.is_mysql and name:
            draft.touch(("name", "check", ("", name)), Mode.CHANGE, Thing("constraint", name), "creates")
        if what == "exclude" and draft.dialect.kind == "postgresql":
            first = next((t for t in inner[inner.index(Token("mark", "(")) + 1 :] if t.kind != "mark"), None)
            own = name or f"{table[1]}_{draft.dialect.fold(first) if first else 'expr'}_excl"
            draft.name("index", (table[0], own), "creates")
        _remember(draft, table, name or f"check {len(inner)}", "check", frozenset(found.words))
        if table in draft.known.tables:
            draft.known.tables[table].rules.add("".join(t.text for t in inner).lower())
        draft.known.calls(table, found.functions)
    elif not fresh:
        draft.use_columns(table, columns)
        draft.mention(Mentions(inner, draft.dialect), table)
        if not name and inner:
            give_index(draft, table, inner)


def _remember(draft: Draft, table: Name, name: str, kind: str, columns: frozenset[str]) -> None:
    if table in draft.known.tables:
        draft.known.tables[table].constraints[name] = Unique(kind, columns)


def _shown(table: Name) -> str:
    return f"{table[0]}.{table[1]}" if table[0] else table[1]
