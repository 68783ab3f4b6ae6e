"""Reads statements in order: what each touches, given what stood before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drizzle_guard.sql.footprint import objects, operators, rows, tables, verbs
from drizzle_guard.sql.footprint.blocks import Block
from drizzle_guard.sql.footprint.columns import qualified
from drizzle_guard.sql.footprint.dialect import Dialect
from drizzle_guard.sql.footprint.draft import ANY, Draft
from drizzle_guard.sql.footprint.kept import body_runs_later
from drizzle_guard.sql.footprint.kindred import touch_kindred
from drizzle_guard.sql.footprint.known import Known, Trigger
from drizzle_guard.sql.footprint.mentions import Mentions, closing, unquoted
from drizzle_guard.sql.footprint.settings import OF_NAMES, assigned, left_behind
from drizzle_guard.sql.footprint.signatures import use_declared
from drizzle_guard.sql.footprint.touch import Members, Mode, Thing, Touches, only
from drizzle_guard.sql.footprint.whole_table import rename_table
from drizzle_guard.sql.tokens import Cursor, Token, split, tokenize, words

_ADJECTIVES = words(
    "or replace temp temporary unlogged unique fulltext spatial materialized global local recursive virtual "
    "aggregate constraint trusted procedural default"
)
_PLAIN = words(
    "sequence schema role user group extension publication subscription statistics collation event server language"
)


class Reader:
    """Reads one side's statements in order.  `known` is what stands before the first; it is carried on."""

    def __init__(self, dialect: Dialect, known: Known) -> None:
        self.dialect, self.known = dialect, known

    def read(self, sql: str) -> Iterator[Touches]:
        """What each statement of a script touches."""
        parts = [
            tokens for tokens in split(tokenize(sql.removeprefix("\ufeff"), self.dialect.kind, exact=True)) if tokens
        ]
        left = left_behind(parts)
        for number, tokens in enumerate(parts):
            seen = self._statement(tokens)
            yield seen._replace(leaves=left[number]) if number in left else seen

    def _statement(self, tokens: list[Token]) -> Touches:
        draft = Draft(self.dialect, self.known)
        self._into(draft, tokens)
        if self.dialect.is_postgres:
            operators.use_operators(draft, tokens)
        if any(name in OF_NAMES for name, _ in assigned(tokens)):
            draft.unbounded = "changes what names stand for (SET)"
        touch_kindred(draft)
        if not verbs.is_sql(tokens):
            draft.unbounded = "has a statement that is no SQL"
        elif self.dialect.is_postgres and verbs.has_escapes(tokens):
            draft.unbounded = "has a name that is written with escapes"
        text = " ".join(self.dialect.fold(t) if t.kind in ("word", "name") else t.text for t in tokens)
        bare = self._one_spelling(tokens) if self.dialect.is_postgres else text
        guarded = draft.guarded
        for guard in (" if not exists ", " if exists "):
            if guard in bare:
                bare, guarded = bare.replace(guard, " "), True
        return Touches(
            text,
            bare,
            tuple(dict.fromkeys(draft.touches)),
            draft.twice or guarded,
            guarded,
            frozenset(draft.words),
            draft.unbounded,
        )

    def _one_spelling(self, tokens: list[Token]) -> str:
        """The text without `public.`; that of a block with its spaces and quotes as elsewhere."""
        found = []
        for token in verbs.without_public(tokens):
            if token.kind == "body" and tokens[0].text == "do":
                inner = tokenize(objects.inside(token.text), self.dialect.kind, exact=True)
                found.append(self._one_spelling([Token("word", "do"), *inner]))
            else:
                found.append(self.dialect.fold(token) if token.kind in ("word", "name") else token.text)
        return " ".join(found)

    def _into(self, draft: Draft, tokens: list[Token]) -> None:
        at = Cursor(tokens)
        verb = at.take()
        if tokens[0].kind != "word":
            self._unknown(draft, tokens)
        elif verb == "do" and any(t.kind in ("body", "string") for t in tokens):
            self._block(draft, tokens)
        elif verb == "create":
            self._create(draft, at)
        elif verb in ("drop", "alter"):
            self._drop_or_alter(draft, at, verb)
        elif verb == "rename" and at.skip("table"):
            while at.at < len(tokens):
                old = qualified(draft, at)
                at.skip("to")
                rename_table(draft, old, qualified(draft, at))
                if not at.skip(","):
                    break
        elif verb in ("grant", "revoke"):
            verbs.grant(draft, at, verb)
        elif verb == "comment":
            verbs.comment(draft, at)
        elif verb == "refresh":
            objects.refresh(draft, at)
        elif verb == "cluster":
            self._cluster(draft, at)
        elif verb == "set" or verb == "reset":
            self._set(draft, tokens)
        elif verb == "explain":  # with ANALYZE it runs, without it needs what it explains
            explained = verbs.explained(tokens)
            if explained:
                self._into(draft, explained)
        elif verb in verbs.UPKEEP and verbs.explained(tokens):
            self._into(draft, verbs.explained(tokens))
        elif verb in verbs.HARMLESS:
            verbs.harmless(draft, at, verb)
        else:
            self._rows(draft, tokens, verb)

    def _rows(self, draft: Draft, tokens: list[Token], verb: str) -> None:
        at = Cursor(tokens, 1)
        if verb == "with":
            self._with(draft, tokens)
        elif verb in ("insert", "replace"):
            rows.insert(draft, at, replaces=verb == "replace")
        elif verb == "update":
            rows.update(draft, at)
        elif verb == "delete":
            rows.delete(draft, at)
        elif verb == "truncate":
            rows.truncate(draft, at)
        elif verb in ("select", "values", "table"):
            rows.select(draft, Cursor(tokens))
        elif verb in ("call", "perform"):
            if verb == "perform":
                rows.select(draft, Cursor([Token("word", "select"), *tokens[1:]]))
            else:
                called = Mentions(tokens[1:], self.dialect)
                called.functions.setdefault(qualified(draft, at))
                draft.mention(called, rows=True)
                rows.call(draft, called)
        elif verb == "execute" and len(tokens) == 2 and tokens[1].kind == "string":
            for inner in split(tokenize(unquoted(tokens[1].text), self.dialect.kind, exact=True)):
                if inner:
                    self._into(draft, inner)
        elif verb == "merge":
            draft.mention(Mentions(tokens[1:], self.dialect), rows=True)
            self._unknown(draft, tokens)
        elif verb in ("execute", "prepare", "load", "copy", "use", "attach", "detach"):
            draft.unbounded = f"runs {verb.upper()}, whose effects cannot be told"
        else:
            self._unknown(draft, tokens)

        if verb in ("insert", "update", "delete") and self.dialect.is_postgres:
            at = Cursor(tokens, 1)
            at.skip_any("into", "from", "only")
            if qualified(draft, at)[1].startswith("pg_"):
                draft.unbounded = "writes into the catalogue of the database"

    def _with(self, draft: Draft, tokens: list[Token]) -> None:
        """WITH …: the statement behind it, and those inside that write."""
        depth = 0
        start = len(tokens)
        for n, token in enumerate(tokens):
            if token.kind == "mark":
                depth += {"(": 1, ")": -1}.get(token.text, 0)
                first = tokens[n + 1].text if token.text == "(" and n + 1 < len(tokens) else ""
                if first in ("insert", "update", "delete"):
                    self._rows(draft, tokens[n + 1 : closing(tokens, n)], first)
            elif (
                depth == 0
                and token.kind == "word"
                and token.text in ("select", "insert", "update", "delete", "replace")
            ):
                start = min(start, n)
        made = Mentions(tokens, self.dialect)
        before = len(draft.touches)
        self._rows(draft, tokens[start:], tokens[start].text if start < len(tokens) else "")
        names = {
            self.dialect.fold(t)
            for n, t in enumerate(tokens[: max(start, 1)])
            if t.kind != "mark" and n and tokens[n - 1].text in ("with", "recursive", ",")
        }
        draft.touches[before:] = [
            t
            for t in draft.touches[before:]
            if not (isinstance(t.key[-1], tuple) and t.key[-1][1:] and t.key[-1][1] in names and t.key[-1][0] == "")
        ]
        draft.mention(made, rows=True)

    def _block(self, draft: Draft, tokens: list[Token]) -> None:
        """`DO $$ … $$`: each statement in it, under its conditions."""
        body = next(t for t in tokens if t.kind in ("body", "string"))
        inner = objects.inside(body.text) if body.kind == "body" else unquoted(body.text)
        block = Block(list(split(tokenize(inner, self.dialect.kind, exact=True))))
        use_declared(draft, [token for part in block.parts for token in (*part, Token("mark", ";"))])
        draft.in_block, draft.conditional = True, block.asks
        for part in block.statements():
            if part[0].text == "execute":
                texts = block.executed(part)
                if texts is None:
                    draft.unbounded = "runs SQL that it puts together"
                for text in texts or ():
                    for statement in split(tokenize(text, self.dialect.kind, exact=True)):
                        if statement:
                            self._into(draft, statement)
            elif len(part) > 2 and part[1].text == ":" and part[2].text == "=":
                rows.call(draft, Mentions(part[3:], self.dialect))
            else:
                self._into(draft, part)
        draft.in_block = False
        for query in block.conditions:
            self._asks(draft, query, block.names)
        draft.guarded = draft.twice = block.catches or block.asks

    def _asks(self, draft: Draft, query: list[Token], names: list[str]) -> None:
        """A condition or loop that reads rows, or the database's catalogue."""
        found = Mentions(query, self.dialect)
        catalogue = [t for t in found.tables if t[0] in ("information_schema", "pg_catalog") or t[1].startswith("pg_")]
        for table in catalogue:
            found.tables.pop(table)
        draft.mention(found, rows=True)
        for function in found.functions:
            if function in draft.known.functions:
                rows.run(draft, draft.known.functions[function])
        if catalogue and not any(t.text == "exists" for t in query) and found.strings:
            strings = Members(frozenset(found.strings))
            for table in [("", name) for name in names] or [ANY]:
                draft.touch(("column", table), Mode.USE, Thing("table", table[1]), "looks for", strings)
            if not names:
                draft.touch(("contents", ""), Mode.USE, Thing("schema", "public"), "goes through")

    # --- CREATE, DROP, ALTER ---------------------------------------------------------------------

    def _create(self, draft: Draft, at: Cursor) -> None:
        replaces = at.peek() == "or" and at.peek(1) == "replace"
        adjectives = set()
        while at.peek() in _ADJECTIVES and at.tokens[at.at].kind == "word":
            if at.peek() == "aggregate" and at.peek(1) != "function":
                break
            adjectives.add(at.take())
        if self.dialect.is_mysql:
            _skip_options(at)
        kind = at.take()
        if kind == "foreign" and at.peek() == "table":
            kind = at.take()
        if kind == "event" and at.peek() == "trigger":
            draft.unbounded = "makes an event trigger, which runs with other statements"
            return
        at.skip("concurrently")
        at.guard()
        if kind == "table":
            tables.create_table(draft, at)
        elif kind == "index":
            tables.create_index(draft, at, unique="unique" in adjectives)
        elif kind == "view":
            objects.create_view(draft, at, replaces=replaces, stored="materialized" in adjectives)
        elif kind in ("type", "domain"):
            objects.create_type(draft, at, kind)
        elif kind in ("function", "procedure", "aggregate"):
            objects.create_function(draft, at, kind, replaces=replaces)
        elif kind == "trigger":
            objects.create_trigger(draft, at, replaces=replaces)
        elif kind == "policy":
            objects.create_policy(draft, at)
        elif kind == "rule":
            self._rule(draft, at)
        elif kind == "operator":
            operators.operator(draft, at, "creates")
        elif kind == "user" and at.peek() == "mapping":
            self._unknown(draft, at.tokens)
        elif kind == "statistics" and at.peek() == "on":  # PostgreSQL 16 names them itself
            draft.mention(Mentions(at.rest(), self.dialect), definition=True)
        elif kind in _PLAIN:
            if kind == "statistics" and at.peek() == "(":
                draft.words |= {t.text for t in at.rest() if t.kind in ("word", "name")}
            objects.plain(draft, at, "role" if kind in ("user", "group") else kind, "creates")
            if kind in ("event", "subscription", "server"):
                self._unknown(draft, at.rest())
        else:
            self._unknown(draft, at.tokens)

    def _rule(self, draft: Draft, at: Cursor) -> None:
        name = qualified(draft, at)
        at.find("to")
        table = qualified(draft, at)
        draft.of(table, "rule", Mode.CHANGE, only(name[1]), verb="creates", kind="rule")
        draft.of(table, "triggers", Mode.ADD)
        draft.of(table, "rows", Mode.CHANGE)
        draft.alters(table)
        draft.mention(Mentions(at.rest(), self.dialect), table, definition=True)
        body_runs_later(draft, at.rest())
        events = frozenset(t.text for t in at.tokens[: at.at]) & {"insert", "update", "delete"}
        draft.known.triggers.setdefault(table, {})[name[1]] = Trigger(events, at.rest())

    def _drop_or_alter(self, draft: Draft, at: Cursor, verb: str) -> None:
        drops = verb == "drop"
        at.skip_any("materialized", "foreign", "temporary", "procedural")
        if self.dialect.is_mysql and not drops:
            _skip_options(at)
        if len(at.tokens) > 4 and [t.text for t in at.tokens[-3:-1]] == ["owner", "to"] and not drops:
            draft.use("role", ("", self.dialect.fold(at.tokens[-1])))
        kind = at.take()
        if kind == "default" and at.peek() == "privileges":
            verbs.default_privileges(draft, at.rest())
            return
        at.skip("concurrently")
        draft.conditional = at.guard() or draft.conditional
        if kind == "table" and drops:
            tables.drop_table(draft, at)
        elif kind == "table":
            tables.alter_table(draft, at)
        elif kind == "index" and drops:
            tables.drop_index(draft, at)
        elif kind == "index":
            self._alter_index(draft, at)
        elif kind == "view":
            if drops:
                tables.drop_table(draft, at, "view")
            else:
                objects.alter_view(draft, at)
        elif kind in ("type", "domain"):
            if drops:
                objects.drop_type(draft, at, kind)
            else:
                objects.alter_type(draft, at, kind)
        elif kind in ("function", "procedure", "routine", "aggregate") and drops:
            objects.drop_function(draft, at, kind)
        elif kind in ("trigger", "policy", "rule"):
            objects.on_table(draft, at, kind, "drops" if drops else "changes")
        elif kind in _PLAIN:
            objects.plain(draft, at, "role" if kind in ("user", "group") else kind, "drops" if drops else "changes")
        elif kind == "operator":
            operators.operator(draft, at, "drops" if drops else "changes")
        elif kind == "owned" or kind == "database" or kind == "system":
            draft.unbounded = f"runs {verb.upper()} {kind.upper()}"
        else:
            self._unknown(draft, at.tokens)

    def _alter_index(self, draft: Draft, at: Cursor) -> None:
        name = qualified(draft, at)
        if at.skip("rename", "to"):
            for table, found in self.known.tables.items():  # a key is called as its index
                if table[0] == name[0] and name[1] in found.constraints:
                    draft.of(table, "constraint", Mode.CHANGE, only(name[1]), verb="drops", kind="constraint")
            draft.name("index", name, "drops")
            draft.name("index", (name[0], qualified(draft, at)[1]), "creates")
            return
        draft.name("index", name, "changes")
        if at.skip("attach", "partition"):
            draft.use("index", qualified(draft, at))
        home, _, _ = draft.index_of(None, name)
        draft.of(home, "structure", Mode.ADD)

    def _cluster(self, draft: Draft, at: Cursor) -> None:
        if at.at >= len(at.tokens):
            return
        at.skip("verbose")
        table = qualified(draft, at)
        draft.use_table(table)
        if at.skip("using") or at.skip("on"):
            draft.use("index", (table[0], qualified(draft, at)[1]))
        draft.touch(("clustered", table), Mode.CHANGE, Thing("table", table[1]), "changes")

    def _set(self, draft: Draft, tokens: Sequence[Token]) -> None:
        if tokens[1:2] == [Token("word", "statement")]:  # MariaDB's SET STATEMENT … FOR …
            behind = next((n for n, token in enumerate(tokens) if token == Token("word", "for")), len(tokens))
            if tokens[behind + 1 :]:
                self._into(draft, list(tokens[behind + 1 :]))
            return
        if tokens[1:2] == [Token("word", "constraints")]:
            listed = frozenset(name for _, name in objects.names(draft, Cursor(list(tokens), 2))) - {"all"}
            draft.of(ANY, "constraint", Mode.USE, Members(listed), verb="uses", kind="constraint")
        if Token("word", "select") in tokens:
            rows.select(draft, Cursor(list(tokens[1:])))

    def _unknown(self, draft: Draft, tokens: Sequence[Token]) -> None:
        """What is not understood touches everything that it mentions."""
        for token in tokens:
            if token.kind in ("word", "name"):
                draft.words.add(self.dialect.fold(token))
            elif token.kind in ("body", "string"):
                inner = tokenize(token.text.strip("$'"), self.dialect.kind)
                draft.words |= {t.text for t in inner if t.kind in ("word", "name")}
        if {"execute", "prepare"} & draft.words:
            draft.unbounded = draft.unbounded or "runs SQL that it puts together"


def _skip_options(at: Cursor) -> None:
    """Step over MySQL's ALGORITHM = …, DEFINER = …, SQL SECURITY …."""
    while at.peek() in ("algorithm", "definer", "sql"):
        if at.skip("sql"):
            at.take()
            at.take()
            continue
        at.take()
        at.skip("=")
        at.take()
        while at.peek() in ("@", "(", ")") or at.peek(-1) == "@":
            at.take()
