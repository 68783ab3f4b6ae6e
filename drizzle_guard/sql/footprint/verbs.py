"""What a statement begins with: whether it is SQL at all, and verbs that change no object: upkeep, comments, rights."""

from __future__ import annotations

from collections.abc import Sequence

from drizzle_guard.sql.footprint.columns import in_parentheses, plain_names, qualified
from drizzle_guard.sql.footprint.draft import Draft
from drizzle_guard.sql.footprint.mentions import closing
from drizzle_guard.sql.footprint.objects import names
from drizzle_guard.sql.footprint.touch import Members, Mode, Thing, only, shown_name
from drizzle_guard.sql.tokens import Cursor, Token, words

#: upkeep of what is there, which must be there
UPKEEP = words("lock analyze vacuum reindex optimize")
#: they change nothing that stays
HARMLESS = UPKEEP | words(
    "pragma begin commit end start savepoint release rollback explain show checkpoint listen notify discard null "
    "return raise exception when loop exit get assert"
)
#: what else a statement of PostgreSQL, MySQL or SQLite begins with
_OTHERS = words(
    "create drop alter rename grant revoke comment refresh cluster set reset do with insert replace update delete "
    "truncate select values table call perform execute prepare deallocate load copy use attach detach abort close "
    "declare fetch move import merge reassign security unlisten repack wait analyse handler flush kill purge cache "
    "check checksum repair install uninstall change stop xa unlock signal resignal help desc describe binlog if case "
    "for while repeat delimiter clone restart shutdown "
    "else elseif elsif leave iterate until open then"  # in the body of a routine, which is split at semicolons
)
_BEHIND_LABEL = words("begin loop while repeat for <")
_BEHIND_BEGIN = words("transaction work tran deferred immediate exclusive concurrent isolation read not deferrable")
_QUERIES = words("select with values table (")
_RUN = words("select insert update delete replace with merge values execute create refresh declare")
_OF_UPKEEP = words(
    "verbose full freeze analyze no_write_to_binlog local concurrently only skip_locked table tables index schema "
    "database system into"
)
#: settings of SQLite that change what statements mean
_PRAGMAS_THAT_MATTER = words(
    "writable_schema legacy_alter_table recursive_triggers encoding ignore_check_constraints case_sensitive_like"
)
#: settings of SQLite that stand in the file
_PRAGMAS_THAT_STAY = words("user_version application_id auto_vacuum journal_mode page_size")


def is_sql(tokens: Sequence[Token]) -> bool:
    """Whether a statement begins as one of a database does.

    What git stores encrypted, compressed or as a pointer to a file elsewhere begins otherwise: the words in it would
    tell nothing, and so would pass by everything.
    """
    first, second = tokens[0], tokens[1].text if len(tokens) > 1 else ""
    if first.text == "(":
        return second in _QUERIES
    if first == Token("word", "begin"):
        return not second or second in _BEHIND_BEGIN
    if second == ":" and len(tokens) > 2:
        return tokens[2].text in _BEHIND_LABEL
    return first.kind == "word" and first.text in HARMLESS | _OTHERS


def has_escapes(tokens: Sequence[Token]) -> bool:
    """Whether a name is written with escapes, `U&"d\\0061t"`, so that it is not what it looks like."""
    return any(
        first == Token("word", "u") and second.text == "&" and third.kind in ("name", "string")
        for first, second, third in zip(tokens, tokens[1:], tokens[2:], strict=False)
    )


def explained(tokens: list[Token]) -> list[Token]:
    """The statement behind EXPLAIN (or ANALYZE, in MariaDB), with whatever stands between; [] if there is none."""
    return next((tokens[n:] for n, token in enumerate(tokens) if n and token.kind == "word" and token.text in _RUN), [])


def harmless(draft: Draft, at: Cursor, verb: str) -> None:
    """Read what changes nothing that stays; `at` is behind the verb.  What it names has to be there."""
    if verb == "pragma":
        _pragma(draft, at)
    elif verb == "begin" and at.peek() == "not" and at.peek(1) == "atomic":
        draft.unbounded = "runs a block of statements (BEGIN NOT ATOMIC)"
    elif verb in UPKEEP:
        kind = ""
        while at.peek() in _OF_UPKEEP or at.peek() == "(":
            kind = at.peek() if at.peek() in ("index", "schema", "database", "system", "into") else kind
            at.at = closing(at.tokens, at.at) + 1 if at.peek() == "(" else at.at + 1
        if kind in ("schema", "database", "system", "into"):
            return
        while at.at < len(at.tokens):
            name = qualified(draft, at)
            if kind == "index":
                draft.use("index", name)
            else:
                draft.use_table(name)
                if at.peek() == "(":
                    draft.of(name, "column", Mode.USE, Members(plain_names(draft, in_parentheses(at))), verb="uses")
            while at.at < len(at.tokens) and at.take() != ",":
                pass


def _pragma(draft: Draft, at: Cursor) -> None:
    named = {token.text for token in at.rest()}
    if named & _PRAGMAS_THAT_MATTER:
        draft.unbounded = "changes a PRAGMA"
    elif {"=", "("} & named:
        for name in named & _PRAGMAS_THAT_STAY:
            draft.touch(("pragma", ("", name)), Mode.CHANGE, Thing("PRAGMA", name), "changes")


def without_public(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without a `public.` that changes nothing."""
    found: list[Token] = []
    for token in tokens:
        if token == Token("mark", ".") and found and found[-1].kind != "mark" and found[-1].text == "public":
            found.pop()
        else:
            found.append(token)
    return found


def comment(draft: Draft, at: Cursor) -> None:
    """COMMENT ON: the last one wins."""
    at.skip("on")
    kind = at.take()
    head = at.rest()
    stop = next((n for n, t in enumerate(head) if t == Token("word", "is")), len(head))
    name = tuple(draft.dialect.fold(t) for t in without_public(head[:stop]) if t.kind != "mark")
    draft.touch(("comment", kind, name), Mode.CHANGE, Thing("comment", ".".join(name)), "changes")
    draft.twice = True
    if kind == "column" and len(name) > 1:
        table = ("" if len(name) < 3 or name[-3] == "public" else name[-3], name[-2])
        draft.use_table(table)
        draft.of(table, "column", Mode.USE, only(name[-1]), verb="uses")
    elif kind in ("table", "view", "index", "sequence", "type", "domain", "schema", "role", "extension"):
        target = qualified(draft, Cursor(head[:stop]))
        draft.use(kind, target)
    else:
        at = Cursor(head[:stop])
        subject = qualified(draft, at)
        if kind in ("function", "procedure"):
            draft.touch(("function", subject), Mode.USE, Thing("function", shown_name(subject)), "uses")
        elif at.skip("on"):
            table = qualified(draft, at)
            draft.use_table(table)
            draft.of(table, kind, Mode.USE, only(subject[1]), verb="uses", kind=kind)
        else:
            draft.words |= {t.text for t in head[:stop] if t.kind != "mark"}


def default_privileges(draft: Draft, rest: Sequence[Token]) -> None:
    """ALTER DEFAULT PRIVILEGES: the rights in what is made from now on."""
    draft.touch(("contents", ""), Mode.CHANGE, Thing("schema", "public"), "changes")
    for n, token in enumerate(rest):
        behind = Cursor(list(rest), n + 1)
        if token == Token("word", "schema"):
            for _, schema in names(draft, behind):
                home = "" if schema == "public" else schema
                draft.touch(("contents", home), Mode.CHANGE, Thing("schema", schema), "changes")
        elif token.kind == "word" and token.text in ("to", "from", "role", "user", "group"):
            for role in names(draft, behind):
                if role[1] not in ("public", "current_user", "current_role", "session_user", "group", ""):
                    draft.use("role", role)
    draft.twice = True


def grant(draft: Draft, at: Cursor, verb: str) -> None:
    """GRANT and REVOKE."""
    rest = at.rest()
    mode = Mode.ADD if verb == "grant" else Mode.CHANGE
    draft.twice = True
    split = next((n for n, t in enumerate(rest) if t == Token("word", "on")), None)
    to = next(
        (n for n in range(len(rest) - 1, -1, -1) if rest[n] in (Token("word", "to"), Token("word", "from"))), len(rest)
    )
    for role in names(draft, Cursor(list(rest), to + 1)):
        if role[1] not in ("public", "current_user", "with", ""):
            draft.use("role", role)
    if split is None:
        for role in names(draft, Cursor(list(rest[:to]))):
            draft.use("role", role)
            draft.touch(("rights", "role", role), mode, Thing("role", role[1]), "changes")
        return
    at = Cursor(list(rest[:to]), split + 1)
    kind = (
        at.take()
        if at.peek()
        in ("table", "sequence", "schema", "function", "type", "database", "all", "domain", "procedure", "language")
        else "table"
    )
    if kind == "all":
        schema = at.tokens[-1].text if at.tokens else ""
        schema = "" if schema == "public" else schema
        draft.touch(("contents", schema), Mode.USE, Thing("schema", schema or "public"), "uses")
        return
    listed = {draft.dialect.fold(t) for n, t in enumerate(rest[:split]) if n and rest[n - 1].text in ("(", ",")}
    for name in names(draft, at) if kind not in ("function", "procedure") else [qualified(draft, at)]:
        if kind == "table" and Token("mark", "(") in rest[:split]:
            draft.of(name, "column", Mode.USE, Members(frozenset(listed)), verb="uses")
        draft.touch(("rights", kind, name), mode, Thing(kind, shown_name(name)), "changes")
        if kind in ("function", "procedure"):
            draft.use_function(name)
        elif kind not in ("database", "language"):
            draft.use(kind, name) if kind != "table" else draft.use_table(name)
