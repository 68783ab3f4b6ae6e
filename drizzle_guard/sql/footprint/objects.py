"""Everything that is no table: types, views, functions, triggers, policies, sequences, schemas, roles, rights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from drizzle_guard.sql.alter import parts
from drizzle_guard.sql.footprint.along import columns_of, with_function, with_relation, with_schema, with_type
from drizzle_guard.sql.footprint.columns import in_parentheses, named_type, one_name, qualified
from drizzle_guard.sql.footprint.dialect import Name
from drizzle_guard.sql.footprint.draft import Draft
from drizzle_guard.sql.footprint.kept import body_runs_later, needs_what_stands, view_groups
from drizzle_guard.sql.footprint.known import Trigger
from drizzle_guard.sql.footprint.mentions import Mentions, unquoted
from drizzle_guard.sql.footprint.signatures import signature, use_declared, use_returned, use_types
from drizzle_guard.sql.footprint.touch import ALL, Members, Mode, Thing, only, shown_name
from drizzle_guard.sql.tokens import Cursor, Token, tokenize

# --- types -----------------------------------------------------------------------------------------


def create_type(draft: Draft, at: Cursor, kind: str) -> None:
    """CREATE TYPE and DOMAIN."""
    name = qualified(draft, at)
    draft.name(kind, name, "creates", space="type")
    at.skip("as")
    if at.skip("enum"):
        values = frozenset(unquoted(t.text) for t in in_parentheses(at) if t.kind == "string")
        draft.known.enums[name] = values
        draft.touch(("labels", name), Mode.CHANGE, Thing("type", shown_name(name)), "creates", Members(values))
        return
    if at.peek() == "range":  # PostgreSQL 14 makes a type of several such ranges beside it
        several = name[1].replace("range", "multirange", 1) if "range" in name[1] else f"{name[1]}_multirange"
        draft.name(kind, (name[0], several), "creates", space="type")
    if kind == "type":
        draft.name("type", name, "creates", space="relation")
    named = named_type(draft, at.rest())
    if named is not None and kind == "domain":
        draft.use_type(named)
    found = Mentions(at.rest(), draft.dialect)
    for word in found.words:
        draft.touch(("name", "type", ("", word)), Mode.USE, Thing("type", word), "uses")
    draft.mention(found, definition=True)
    if named is not None and kind == "domain":
        draft.values(named, found.strings)


def drop_type(draft: Draft, at: Cursor, kind: str) -> None:
    """DROP TYPE and DOMAIN."""
    cascade = at.tokens[-1] == Token("word", "cascade")
    for name in names(draft, at):
        draft.name(kind, name, "drops", space="type")
        if cascade:
            with_type(draft, name)
        draft.known.enums.pop(name, None)


def alter_type(draft: Draft, at: Cursor, kind: str) -> None:
    """ALTER TYPE and DOMAIN."""
    name = qualified(draft, at)
    shown = Thing("type", shown_name(name))
    draft.use("type", name, "changes")
    if at.skip("add", "value"):
        draft.guarded = draft.twice = at.guard()
        value = unquoted(at.take())
        thing = Thing("value", value, shown_name(name))
        draft.touch(("labels", name), Mode.CHANGE, thing, "creates", only(value))
        draft.touch(("values", name), Mode.ADD, thing, "creates", only(value))
        if at.peek() in ("before", "after"):
            draft.values(name, [unquoted(at.peek(1))])
        draft.known.enums[name] = draft.known.enums.get(name, frozenset()) | {value}
    elif at.skip("rename", "value"):
        old, _, new = at.take(), at.take(), at.take()
        both = only(unquoted(old), unquoted(new))
        draft.touch(("labels", name), Mode.CHANGE, shown, "changes", both)
        draft.touch(("values", name), Mode.CHANGE, shown, "changes", both)
    elif at.skip("rename", "to") or at.skip("set", "schema"):
        moves = at.tokens[at.at - 1].text == "schema"
        new_name = one_name(draft, at)
        draft.name(kind, name, "drops", space="type")
        new_home = ("" if new_name == "public" else new_name, name[1]) if moves else (name[0], new_name)
        draft.name(kind, new_home, "creates", space="type")
    elif at.skip("owner", "to"):
        draft.touch(("owner", "type", name), Mode.CHANGE, shown, "changes")
        draft.use("role", ("", one_name(draft, at)))
    else:
        draft.touch(("name", "type", name), Mode.CHANGE, shown, "changes")
        draft.mention(Mentions(at.rest(), draft.dialect))
        if kind == "domain" and at.peek() in ("add", "set"):
            for table, columns in columns_of(draft, name):
                draft.limits(table, columns.names)
                for aspect, mode in (("fits", Mode.USE), ("must", Mode.CHANGE)):
                    draft.of(table, aspect, mode, columns, verb="makes a rule for")
        elif any(t == Token("word", "attribute") for t in at.rest()):
            for table, columns in columns_of(draft, name):
                draft.of(table, "type", Mode.CHANGE, columns)


# --- views -----------------------------------------------------------------------------------------


def create_view(draft: Draft, at: Cursor, *, replaces: bool, stored: bool) -> None:
    """CREATE [OR REPLACE] [MATERIALIZED] VIEW."""
    name = qualified(draft, at)
    draft.name("view", name, "changes" if replaces else "creates")
    if draft.dialect.kind == "postgresql":
        draft.name("view", name, "creates", space="type")
    if at.peek() == "(":
        in_parentheses(at)
    found = Mentions(at.rest(), draft.dialect)
    draft.mention(found, rows=stored, definition=True)
    view_groups(draft, at.rest(), found)
    draft.known.views[name] = found
    needs_what_stands(draft, found, Thing("view", shown_name(name)))
    draft.twice = replaces


def alter_view(draft: Draft, at: Cursor) -> None:
    """ALTER VIEW."""
    name = qualified(draft, at)
    draft.name("view", name, "changes")
    if at.skip("rename", "to"):
        draft.name("view", (name[0], one_name(draft, at)), "creates")
    elif at.skip("set", "schema"):
        _moved(draft, "view", name, one_name(draft, at))
    elif at.skip("as"):  # MySQL
        draft.mention(Mentions(at.rest(), draft.dialect), definition=True)


def _moved(draft: Draft, kind: str, name: Name, schema: str) -> None:
    """Something goes into another schema; the indexes of a materialized view go along."""
    home = "" if schema == "public" else schema
    draft.name(kind, name, "drops")
    draft.name(kind, (home, name[1]), "creates")
    for key, index in draft.known.indexes.items():
        if index.table == name:
            draft.name("index", (home, key[1].rpartition(".")[2]), "creates")


def refresh(draft: Draft, at: Cursor) -> None:
    """REFRESH MATERIALIZED VIEW [CONCURRENTLY]."""
    at.skip("materialized", "view")
    together = at.skip("concurrently")
    name = qualified(draft, at)
    draft.use_table(name)
    draft.of(name, "rows", Mode.CHANGE)
    if together:
        draft.of(name, "keys", Mode.USE, verb="uses")
    view = draft.known.views.get(name)
    if view is not None:
        draft.mention(view, rows=True)


# --- functions, triggers, policies -----------------------------------------------------------------


def create_function(draft: Draft, at: Cursor, kind: str, *, replaces: bool) -> None:
    """CREATE [OR REPLACE] FUNCTION and PROCEDURE: of one name there may be several, by their arguments."""
    name = qualified(draft, at)
    start = at.at
    types = signature(draft, at) if draft.dialect.is_postgres else kind  # the others have no overloads
    at.at = start
    arguments = list(parts(in_parentheses(at)))
    thing = Thing("function", shown_name(name))
    draft.touch(("signature", name), Mode.CHANGE, thing, "creates", only(types or ""))
    draft.touch(("function", name), Mode.ADD, thing, "changes" if replaces else "creates")
    if name[0]:
        draft.use("schema", ("", name[0]))
    rows_of: list[Name] = []  # arguments that are a row of a table
    for part in arguments:
        use_types(draft, part)
        for token in part:
            if token.kind in ("word", "name") and (enum := named_type(draft, [token])) in draft.known.enums:
                assert enum is not None
                draft.values(enum, [unquoted(t.text) for t in part if t.kind == "string"])
            rows_of += [t for t in draft.known.tables if token.kind != "mark" and t[1] == draft.dialect.fold(token)]
    rest = at.rest()
    for n, token in enumerate(rest[:-1]):  # an aggregate's SFUNC = f, FINALFUNC = f
        if kind == "aggregate" and token.text == "=" and rest[n - 1].text.endswith("func"):
            draft.use_function(qualified(draft, Cursor(rest, n + 1)))
    use_returned(draft, rest)
    for first, second, third in zip(rest, rest[1:], range(2, len(rest)), strict=False) if kind == "aggregate" else ():
        if first.text.endswith("func") and second.text == "=":
            draft.use_function(qualified(draft, Cursor(rest, third)))
    language = next((b for a, b in pairwise(rest) if a == Token("word", "language")), None)
    if language is not None and draft.dialect.is_postgres:
        _written_in(draft, draft.dialect.fold(language).strip("'").lower())
    bodies = body_tokens(draft, rest)
    for token in use_declared(draft, bodies):
        rows_of += [t for t in draft.known.tables if token.kind != "mark" and t[1] == draft.dialect.fold(token)]
    draft.known.functions[name] = bodies
    written = Mentions(bodies, draft.dialect)
    draft.mention(written, definition=True)
    if Token("word", "execute") in bodies:  # SQL in strings
        for text in sorted(written.strings):
            draft.mention(
                Mentions(list(tokenize(text, draft.dialect.kind, exact=True)), draft.dialect), definition=True
            )
    for table in rows_of:
        draft.use_columns(table, written.words)
    body_runs_later(draft, bodies)
    draft.twice = replaces


def _written_in(draft: Draft, language: str) -> None:
    """A function needs its language; all but the first four are brought along by an extension."""
    if language not in ("sql", "c", "internal"):
        draft.use("language", ("", language))
        if language != "plpgsql":
            draft.touch(("extensions",), Mode.USE, Thing("extension", "?"), "uses")


def body_tokens(draft: Draft, tokens: Sequence[Token]) -> list[Token]:
    """The body of a function: what stands in its quotes, or behind BEGIN, RETURN or AS."""
    quoted = [t for t in tokens if t.kind == "body"]
    at = Cursor(list(tokens))
    if not quoted and at.find("as") and at.at < len(tokens) and tokens[at.at].kind == "string":
        quoted = [Token("body", f"$${unquoted(tokens[at.at].text)}$$")]
    if not quoted:
        return list(tokens)
    found: list[Token] = []
    for token in quoted:
        found += tokenize(inside(token.text), draft.dialect.kind, exact=True)
    return found


def inside(body: str) -> str:
    """The text between the dollars."""
    return body[body.index("$", 1) + 1 :].rsplit("$", 2)[0]


def drop_function(draft: Draft, at: Cursor, kind: str) -> None:
    """DROP FUNCTION f(int), g CASCADE."""
    cascade = "cascade" in {t.text for t in at.rest()}
    while at.at < len(at.tokens):
        name = qualified(draft, at)
        types = signature(draft, at) if draft.dialect.is_postgres else kind
        thing = Thing("function", shown_name(name))
        draft.touch(("signature", name), Mode.CHANGE, thing, "drops", ALL if types is None else only(types))
        every = types is None or cascade or not draft.dialect.is_postgres
        draft.touch(("function", name), Mode.CHANGE if every else Mode.ADD, thing, "drops")
        if cascade:
            with_function(draft, name)
        draft.known.functions.pop(name, None)
        if not at.skip(","):
            return


def create_trigger(draft: Draft, at: Cursor, *, replaces: bool) -> None:
    """CREATE TRIGGER: it runs with each write to its table from now on."""
    name = one_name(draft, at)
    if at.peek() == ".":
        at.take()
        name = one_name(draft, at)
    start = at.at
    at.find("on")
    table = qualified(draft, at)
    verb = "changes" if replaces else "creates"
    if draft.dialect.is_postgres:
        draft.of(table, "trigger", Mode.CHANGE, only(name), verb=verb, kind="trigger")
    else:
        draft.touch(("name", "trigger", ("", name)), Mode.CHANGE, Thing("trigger", name, shown_name(table)), verb)
    draft.of(table, "triggers", Mode.ADD)
    draft.of(table, "anew", Mode.USE, verb="uses")
    draft.alters(table)
    head = at.tokens[start : at.at - 1]
    listed = next((head[n + 1 :] for n, t in enumerate(head) if t == Token("word", "of")), [])
    body = at.rest()
    found = Mentions(body, draft.dialect)
    found.words |= {draft.dialect.fold(t) for t in listed if t.kind != "mark"}
    needs_what_stands(draft, found, Thing("trigger", name, shown_name(table)))
    found.tables.pop(table, None)
    draft.mention(found, table, definition=True)
    function: Name | None = None
    for n, token in enumerate(body):
        if token == Token("word", "execute") and n + 2 < len(body):
            function = qualified(draft, Cursor(list(body), n + 2))
            draft.use_function(function)
            body = [*draft.known.functions.get(function, [])] or body
            draft.mention(Mentions(body, draft.dialect), table, definition=True)
            break
    body_runs_later(draft, body)
    events = frozenset(t.text for t in head) & {"insert", "update", "delete"}
    draft.known.triggers.setdefault(table, {})[name] = Trigger(events, list(body), frozenset(found.tables), function)
    draft.twice = replaces


def on_table(draft: Draft, at: Cursor, kind: str, verb: str) -> None:
    """DROP and ALTER of a trigger, policy or rule ON a table."""
    while at.at < len(at.tokens):
        name = qualified(draft, at)
        table = qualified(draft, at) if at.skip("on") else None
        if table is None:  # SQLite and MySQL
            table = next((t for t, found in draft.known.triggers.items() if name[1] in found), ("*", "*"))
            draft.touch(("name", kind, ("", name[1])), Mode.CHANGE, Thing(kind, name[1], shown_name(table)), verb)
            if table in draft.known.tables and not draft.conditional:  # it goes with its table
                draft.use_table(table)
        else:
            draft.of(table, kind, Mode.CHANGE, only(name[1]), verb=verb, kind=kind)
            draft.alters(table)
        if kind != "policy":
            draft.of(table, "triggers", Mode.ADD)
            (draft.known.triggers.get(table) or {}).pop(name[1], None)
        if not at.skip(","):
            break
    rest = at.rest()
    if rest and table is not None:
        if at.skip("rename", "to"):
            draft.of(table, kind, Mode.CHANGE, only(one_name(draft, at)), verb="creates", kind=kind)
        else:
            policy_rest(draft, table, rest)
            draft.twice = True


def create_policy(draft: Draft, at: Cursor) -> None:
    """CREATE POLICY."""
    name = one_name(draft, at)
    at.find("on")
    table = qualified(draft, at)
    draft.of(table, "policy", Mode.CHANGE, only(name), verb="creates", kind="policy")
    draft.alters(table)
    policy_rest(draft, table, at.rest())


def policy_rest(draft: Draft, table: Name, rest: Sequence[Token]) -> None:
    """FOR …, TO roles, USING (…), WITH CHECK (…)."""
    at = Cursor(list(rest))
    if at.find("to"):
        for role in names(draft, at):
            if role[1] not in ("public", "current_user", "session_user", "cascade"):
                draft.use("role", role)
    for n, token in enumerate(rest):
        if token.text == "(" and n and rest[n - 1].text in ("using", "check"):
            draft.expression(in_parentheses(Cursor(list(rest), n)), table)


# --- the rest --------------------------------------------------------------------------------------


def names(draft: Draft, at: Cursor) -> list[Name]:
    """Names with commas between them."""
    found = []
    while at.at < len(at.tokens):
        found.append(qualified(draft, at))
        if not at.skip(","):
            break
    return found


def _use_roles_of(draft: Draft, rest: Sequence[Token]) -> None:
    """CREATE SCHEMA … AUTHORIZATION a; CREATE ROLE … IN ROLE a, b ROLE c ADMIN d."""
    for n, token in enumerate(rest):
        if token.kind == "word" and token.text in ("authorization", "role", "group", "admin", "user"):
            for role in names(draft, Cursor(list(rest), n + 1)):
                if role[1] not in ("role", "group", "current_user", "current_role", "session_user", ""):
                    draft.use("role", role)


def plain(draft: Draft, at: Cursor, kind: str, verb: str) -> None:
    """CREATE, DROP and ALTER of what has a name and little else."""
    cascade = "cascade" in {t.text for t in at.rest()}
    if kind == "schema" and verb == "creates" and at.peek() == "authorization":
        at.take()
    if kind in ("role", "schema") and verb == "creates":
        _use_roles_of(draft, at.rest())
    sequence: Name = ("", "")
    for name in names(draft, at) if verb == "drops" else [qualified(draft, at)]:
        draft.name(kind, name, verb)
        sequence = name
        if kind == "extension" and verb == "drops":
            draft.touch(("extensions",), Mode.CHANGE, Thing("extension", name[1]), "drops")
        here = kind == "schema" and verb != "creates" and (name[1] == "public" or draft.dialect.is_mysql)
        if here and at.peek() != "owner":
            draft.unbounded = f"{verb} the schema in which all is that names none"
        elif kind == "schema" and cascade:
            draft.touch(("contents", name[1]), Mode.CHANGE, Thing("schema", name[1]), "drops")
            with_schema(draft, name[1])
        elif kind == "extension" and cascade:
            draft.unbounded = f'drops extension "{name[1]}" with all that needs it'
        elif cascade:
            with_relation(draft, name)
        draft.known.views.pop(name, None) if kind == "view" and verb == "drops" else None
    if verb == "changes" and at.skip("rename", "to"):
        draft.name(kind, (name[0], one_name(draft, at)), "creates")
        draft.touches[0] = draft.touches[0]._replace(verb="drops")
    elif verb == "changes" and at.skip("set", "schema"):
        _moved(draft, kind, name, one_name(draft, at))
    elif at.rest() and kind in ("sequence", "publication", "collation", "statistics", "role", "event"):
        rest = at.rest()
        found = Mentions(rest, draft.dialect)
        tail = Cursor(list(rest))
        if kind == "publication" and tail.find("table"):
            for name in names(draft, tail):
                draft.use_table(name)
        if kind == "sequence" and tail.find("owned"):
            tail.skip("by")
            if tail.peek() != "none":
                owner = [t for t in tail.rest() if t.kind != "mark"]
                if len(owner) > 1:
                    folded = [draft.dialect.fold(token) for token in owner]
                    home = folded[-3] if len(folded) > 2 and folded[-3] != "public" else ""
                    table = (home, folded[-2])
                    draft.use_columns(table, folded[-1:])
                    draft.use_table(table)
                    draft.known.owned[sequence] = (table, folded[-1])
            return
        draft.mention(found, definition=True)
        if kind == "event":
            body_runs_later(draft, rest)
        if kind == "sequence" and verb == "changes" and rest[0] != Token("word", "owner"):
            draft.sets_counter_of(name[1])
    if kind == "extension" and verb == "changes":
        draft.words |= {t.text for t in at.rest() if t.kind in ("word", "name")}
        draft.touch(("extensions",), Mode.CHANGE, Thing("extension", name[1]), "changes")
