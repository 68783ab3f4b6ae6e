"""What a run of tokens mentions: tables, columns, types, functions, strings.  The same for every kind of statement."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from drizzle_guard.sql.footprint.dialect import Dialect, Name
from drizzle_guard.sql.tokens import Token, words

_BEFORE_TABLE = words("from join straight_join into update references table using only truncate")
_ENDS_LIST = words(
    "where group order having limit set union intersect except select returning values window on offset for"
)
#: words behind a table that are no alias of it
_NO_ALIAS = _ENDS_LIST | words(
    "as inner left right full cross natural join straight_join using default when then end and or not indexed "
    "tablesample with partition ignore force use begin loop do cascade restrict deferrable initially match from into "
    "add drop"
)
#: words before a parenthesis that call no function
_NO_CALL = words(
    "in values and or not exists any all some as on using select where check default key unique references from "
    "join when then else case by is like between having returning over filter interval row array only cube rollup "
    "table with within primary foreign exclude index include set into update distinct if returns return union "
    "except intersect limit offset conflict lateral materialized end begin partition"
)
_PART_OF_CALL = frozenset({"extract", "substring", "trim", "overlay", "position"})
_SYNTAX = (
    _NO_CALL
    | _NO_ALIAS
    | _BEFORE_TABLE
    | words(
        "insert delete create alter view null true false asc desc collate cast ilike similar escape nulls first last "
        "current_timestamp current_date current_time current_user session_user localtime localtimestamp recursive "
        "ordinality conflict do nothing excluded new old of grouping sets fetch next rows only start"
    )
    - {"new", "old", "first", "last", "next", "rows", "start", "nothing", "sets", "of", "only", "index", "row", "key"}
)


class Mentions:
    """What a run of tokens mentions.  Aliases and common table expressions are no mention of a table or column.

    `tables` stand where a table stands, or in front of a dot; `words` are all names that may be columns; `types` stand
    behind `::` or `CAST(… AS`; of `starred` tables all columns are read, or by position.
    """

    def __init__(self, tokens: Sequence[Token], dialect: Dialect) -> None:
        self.tables: dict[Name, None] = {}
        self.words: set[str] = set()
        self.types: dict[Name, None] = {}
        self.functions: dict[Name, None] = {}
        self.strings: set[str] = set()
        self.collations: dict[Name, None] = {}
        self.operators = False
        self.parted = False  # MySQL: rows of a named partition
        self.indexes = _hints(tokens, dialect)
        self.starred: set[Name] = set()  # tables whose columns are read by position or all together
        self._groups: list[int] = [0]  # by depth: which parenthesis is open
        self._opened = 0
        self._at: dict[Name, set[int]] = {}  # in which parentheses a table stands
        self._stars: set[int] = set()
        self._tokens, self._dialect = tokens, dialect
        self._heads: set[Name] = set()
        self._aliases: set[str] = set()
        self._made: set[str] = set()  # common table expressions
        self._bare: set[str] = set()
        self._dotted: set[str] = set()
        self._read()

    def renamed(self, old: Name, new: Name) -> Mentions:
        """The same with another name of a table."""
        other = copy(self)
        other.tables = {new if table == old else table: None for table in self.tables}
        other.starred = {new if table == old else table for table in self.starred}
        return other

    def _read(self) -> None:
        tokens = self._tokens
        calls = [""]  # by depth: the function whose parenthesis is open
        lists = [False]  # by depth: in the list of tables behind FROM
        expects = False
        n = 0
        while n < len(tokens):
            token, before = tokens[n], tokens[n - 1] if n else Token("mark", "")
            if token.kind == "string":
                self.strings.add(unquoted(token.text))
                if expects and self._dialect.is_sqlite:  # FROM 't'
                    self.tables.setdefault(("", self._dialect.fold(token)))
                    expects = False
                n += 1
            elif token.kind == "mark":
                if token.text == "(":
                    calls.append(before.text if before.kind == "word" else "")
                    lists.append(False)
                    self._opened += 1
                    self._groups.append(self._opened)
                elif token.text == ")" and len(calls) > 1:
                    calls.pop()
                    lists.pop()
                    self._groups.pop()
                elif token.text == "," and lists[-1]:
                    expects = True
                    n += 1
                    continue
                elif token.text == "*" and before.text == ".":
                    self._stars.update(self._groups)
                elif token.text == "*" and (before.text in ("select", "distinct", ",", "returning", "all")):
                    self._stars.add(self._groups[-1])
                elif token.text in "@?%<~":
                    self.operators = self.operators or token.text in "@?%~" or _next(tokens, n).text in ("-", "@", "#")
                expects = expects and token.text == "("
                n += 1
            elif token.kind == "body":
                n += 1
            else:
                n, expects = self._word(n, before, calls, lists, expects)
        for schema, name in self._heads:
            if (
                name not in self._aliases
                and name not in self._made
                and (schema or name not in ("new", "old", "excluded"))
            ):
                self.tables.setdefault((schema, name))
        self.tables = {t: None for t in self.tables if t[0] or t[1] not in self._made}
        known = {*self._aliases, *(name for _, name in self.tables)}
        if self.words & self._bare & known:  # a whole row
            self._stars |= set(range(self._opened + 1))
        self.starred = {t for t, groups in self._at.items() if groups & self._stars and t in self.tables}
        self.words -= self._aliases - self._dotted

    def _word(self, n: int, before: Token, calls: list[str], lists: list[bool], expects: bool) -> tuple[int, bool]:
        """Read the word or the dotted name at `n`; returns the place behind it, and whether a table is to follow."""
        tokens, fold = self._tokens, self._dialect.fold
        token = tokens[n]
        parts = [token]
        end = n + 1
        while end + 1 < len(tokens) and tokens[end].text == "." and tokens[end].kind == "mark":
            if tokens[end + 1].kind == "mark":  # u.*
                break
            parts.append(tokens[end + 1])
            end += 2
        after = tokens[end] if end < len(tokens) else Token("mark", "")
        word = token.text if token.kind == "word" and len(parts) == 1 else ""
        self.parted = self.parted or (word == "partition" and after.text == "(" and self._dialect.is_mysql)
        if word == "for" and before.text == "value" and tokens[n - 2].text in ("next", "previous"):
            return end, True  # a sequence of MariaDB, which shares its namespace with tables
        if word in _BEFORE_TABLE and not expects:
            if word == "from" and (calls[-1] in _PART_OF_CALL or before.text == "distinct"):
                return end, False
            if word == "straight_join" and before.text in ("select", "all", "distinct"):  # MySQL: SELECT STRAIGHT_JOIN
                return end, False
            if word in ("from", "update", "using", "truncate"):
                lists[-1] = True
            if word == "table" and before.text in ("as", "(", "union", "all", ""):  # TABLE t: SELECT * FROM t
                self._stars.add(self._groups[-1])
            return end, word not in ("using",) or after.kind != "mark"
        if word in _ENDS_LIST:
            lists[-1] = False
        if word == "in" and self._dialect.is_sqlite:  # WHERE id IN t: SELECT the only column of t
            return end, after.kind != "mark"
        if expects and word in ("only", "lateral", "if", "not", "exists", "ignore", "low_priority", "table", "into"):
            return end, True
        if word == "for" and before.text == "value":  # NEXT VALUE FOR sequence
            return end, True
        called = after.text == "(" and after.kind == "mark"
        name = fold(parts[-1])
        schema = fold(parts[-2]) if len(parts) > 1 else ""
        schema = "" if schema in ("public", "main") else schema
        if self._dialect.is_mysql and before.text == "(" and calls[-1] in ("nextval", "lastval", "setval"):
            expects = True
        if expects and word not in _NO_CALL:
            if called and before.text not in ("into", "references", "table", "only"):
                self.functions.setdefault((schema, name))
            else:
                self.tables.setdefault((schema, name))
                self._at.setdefault((schema, name), set()).add(self._groups[-1])
            return self._alias(end, lists_columns=before.text != "into"), False
        if before == Token("word", "collate"):
            self.collations.setdefault((schema, name))
            return end, False
        if before.text == "as" and before.kind == "word":
            if calls[-1] in ("cast", "try_cast"):
                self.types.setdefault((schema, name))
            return end, False
        if before.text == ":" and n > 1 and tokens[n - 2].text == ":":
            self.types.setdefault((schema, name))
            return end, False
        if self._is_expression(n, end, before):
            self._made.add(name)
            return end, False
        if called and word not in _NO_CALL:
            self.functions.setdefault((schema, name))
            return end, False
        if word and word in _SYNTAX:
            return end, False
        if len(parts) > 1 or (after.text == "." and after.kind == "mark"):
            if len(parts) > 2:
                self._heads.add((fold(parts[-3]) if fold(parts[-3]) != "public" else "", fold(parts[-2])))
            elif len(parts) == 2:
                self._heads.add(("", fold(parts[0])))
            else:
                self._heads.add(("", name))
            if len(parts) > 1:
                self.words.add(name)
                self._dotted.add(name)
            return end, False
        self.words.add(name)
        # to_json(u), u::text, and in PostgreSQL wherever a value may stand (behind a parenthesis stands an alias)
        if (
            (self._dialect.is_postgres and before.text != ")")
            or (before.text == "(" and after.text == ")")
            or after.text == ":"
        ):
            self._bare.add(name)
        return end, False

    def _alias(self, end: int, *, lists_columns: bool) -> int:
        """Step over the alias behind a table, if there is one; `t AS x (a, b)` names its columns by their position."""
        tokens = self._tokens
        at = end + 1 if _at(tokens, end) == Token("word", "as") else end
        token = _at(tokens, at)
        if token.kind == "name" or (token.kind == "word" and token.text not in _NO_ALIAS):
            self._aliases.add(self._dialect.fold(token))
            if lists_columns and _at(tokens, at + 1).text == "(":
                self._stars.add(self._groups[-1])
                return closing(tokens, at + 1) + 1
            return at + 1
        return end

    def _is_expression(self, n: int, end: int, before: Token) -> bool:
        """Whether a common table expression begins here: `WITH name [(columns)] AS [MATERIALIZED] (`."""
        tokens = self._tokens
        if before.text not in ("with", "recursive", ","):
            return False
        if _at(tokens, end).text == "(":
            end = closing(tokens, end) + 1
        if _at(tokens, end) != Token("word", "as"):
            return False
        end += 1
        while _at(tokens, end).text in ("not", "materialized"):
            end += 1
        return _at(tokens, end).text == "("


def _hints(tokens: Sequence[Token], dialect: Dialect) -> set[str]:
    """The indexes of SQLite's INDEXED BY and of MySQL's USE, FORCE and IGNORE INDEX."""
    found = set()
    for n, token in enumerate(tokens):
        following = _next(tokens, n).text
        if dialect.is_sqlite and token == Token("word", "indexed") and following == "by":
            found.add(dialect.fold(_at(tokens, n + 2)))
        elif dialect.is_mysql and token.text in ("use", "force", "ignore") and following in ("index", "key"):
            start = next((m for m in range(n, len(tokens)) if tokens[m].text == "("), len(tokens))
            names = tokens[start + 1 : closing(tokens, start)]
            found |= {dialect.fold(t) for t in names if t.kind != "mark"}
    return found


def closing(tokens: Sequence[Token], start: int) -> int:
    """Where the parenthesis that opens at `start` is closed; the end if nowhere."""
    depth = 0
    for n in range(start, len(tokens)):
        if tokens[n].kind == "mark":
            depth += {"(": 1, ")": -1}.get(tokens[n].text, 0)
            if depth == 0:
                return n
    return len(tokens)


def _at(tokens: Sequence[Token], n: int) -> Token:
    return tokens[n] if n < len(tokens) else Token("mark", "")


def _next(tokens: Sequence[Token], n: int) -> Token:
    return _at(tokens, n + 1)


def unquoted(text: str) -> str:
    inner = text[text.index("'") + 1 :]
    return (inner[:-1] if inner.endswith("'") else inner).replace("''", "'")
