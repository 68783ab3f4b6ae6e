"""SQL as pieces that keep their case: what a database would fold, quote or refuse can still be told from them.

`sql/tokens.py` writes all names in lower case, which is right for comparing two branches.  Held against a database,
"User" and "user" are two tables on PostgreSQL and one on SQLite, and an unended comment is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from drizzle_guard.light import NamedTuple, pattern

Dialect = Literal["postgresql", "mysql", "sqlite"]
Kind = Literal["word", "name", "string", "body", "mark", "broken"]


class Piece(NamedTuple):
    """One piece: a bare word, a quoted name (unquoted here), a string with its quotes, `$$ … $$`, a sign.

    `broken` is a comment, string or name that never ends, or a comment that MySQL runs (`/*! … */`).  `key` is the
    word in lower case or the sign, to be compared with a keyword; "" for what is quoted.
    """

    kind: Kind
    text: str
    key: str = ""


_END = Piece("mark", "")
#: how much deeper the text is behind a piece
PARENTHESES = {"(": 1, ")": -1}
_BRACKETS = {**PARENTHESES, "[": 1, "]": -1}


_POSTGRES_BYTES = 63  # of a name; PostgreSQL cuts longer ones with a notice


class Fold(NamedTuple):
    """How one database writes names: PostgreSQL folds bare words, the others compare without regard to case.

    `tables` says that MySQL tells table names by their case (`lower_case_table_names = 0`).
    """

    dialect: Dialect
    tables: bool = True

    def table(self, piece: Piece) -> str:
        """The name of a table, view, type, sequence, function or schema."""
        if self.dialect == "postgresql":
            text = piece.text.lower() if piece.kind == "word" else piece.text
            return text if len(text) < 16 else text.encode()[:_POSTGRES_BYTES].decode("utf-8", "ignore")
        return piece.text if self.dialect == "mysql" and self.tables else piece.text.lower()

    def member(self, piece: Piece) -> str:
        """The name of a column, index, constraint, trigger or policy."""
        if self.dialect == "postgresql":
            return self.table(piece)
        return piece.text.lower()


_PARTS = {
    "postgresql": r"""
    (?P<comment>--[^\n]*)
  | (?P<open>/\*)
  | (?P<body>\$(?P<tag>[A-Za-z_]\w*|)\$.*?(?:\$(?P=tag)\$|(?P<nobody>\Z)))
  | (?P<string>[eE]'(?:[^'\\]|''|\\(?:.|\Z))*(?:'|(?P<noes>\Z))|(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|(?P<nos>\Z)))
  | (?P<name>"(?:[^"]|"")*(?:"|(?P<non>\Z)))
  | (?P<word>[^\W\d][\w$]*|\d[\w.]*)
  | (?P<mark>::|\S)""",
    "mysql": r"""
    (?P<comment>--(?=\s|\Z)[^\n]*|\#[^\n]*)
  | (?P<open>/\*)
  | (?P<string>'(?:[^'\\]|''|\\(?:.|\Z))*(?:'|(?P<nos>\Z))|"(?:[^"\\]|""|\\(?:.|\Z))*(?:"|(?P<noes>\Z)))
  | (?P<name>`(?:[^`]|``)*(?:`|(?P<non>\Z)))
  | (?P<word>[\w$][\w$.]*(?<!\.)|[\w$]+)
  | (?P<mark>\S)""",
    "sqlite": r"""
    (?P<comment>--[^\n]*)
  | (?P<open>/\*)
  | (?P<string>[xX]?'(?:[^']|'')*(?:'|(?P<nos>\Z)))
  | (?P<name>"(?:[^"]|"")*(?:"|(?P<non>\Z))|`(?:[^`]|``)*(?:`|(?P<nob>\Z))|\[[^\]]*(?:\]|(?P<noe>\Z)))
  | (?P<word>[^\W\d][\w$]*|\d[\w.]*)
  | (?P<mark>\S)""",
}
_PARTS["mysql"] = _PARTS["mysql"].replace(r"[\w$][\w$.]*(?<!\.)|[\w$]+", r"\d[\w.]*|[\w$]+")
_PATTERNS = {name: re.compile(part, re.VERBOSE | re.DOTALL) for name, part in _PARTS.items()}
_COMMENT_ENDS = pattern(r"/\*|\*/")
_ENDLESS = ("nobody", "noes", "nos", "non", "nob", "noe")

#: the same without groups, so that one call cuts a whole text that has no `/*` (and no `$` on PostgreSQL)
_CUTS = {
    name: re.compile(re.sub(r"\?P<\w+>", "?:", re.sub(r"\(\?P<(open|body)>.*\n *\|", "", part)), re.VERBOSE | re.DOTALL)
    for name, part in _PARTS.items()
}
_COMMENT = Piece("mark", "--")  # equal to no piece of a text: those have a key
_KNOWN: dict[str, dict[str, Piece]] = {name: {} for name in _PARTS}  # tokens that were met before
_SHORT, _MANY = 40, 10_000  # of them none that is longer, and not more


def pieces(text: str, dialect: Dialect) -> list[Piece]:
    """The pieces of `text`, without comments."""
    if "/*" in text or (dialect == "postgresql" and "$" in text):
        return list(_each(text, dialect))
    known = _KNOWN[dialect].get
    found = [known(token) or _meet(token, dialect) for token in _CUTS[dialect].findall(text)]
    return [piece for piece in found if piece is not _COMMENT] if _COMMENT in found else found


def _meet(token: str, dialect: Dialect) -> Piece:
    piece, known = _read(token, dialect), _KNOWN[dialect]
    if len(token) < _SHORT and len(known) < _MANY:
        known[token] = piece
    return piece


def _read(token: str, dialect: Dialect) -> Piece:
    """One token, which reads the same wherever it stands: only one that never ends depends on the end of the text."""
    mark = token[0]
    if (mark == '"' and dialect != "mysql") or (mark == "`" and dialect != "postgresql"):
        ended = token.count(mark) % 2 == 0  # inside it the mark stands twice
        return Piece("name", token[1:-1].replace(mark * 2, mark)) if ended else Piece("broken", token)
    if (mark.isalnum() or mark == "_") and "'" not in token:
        return Piece("word", token, token.lower())
    return next(_each(token, dialect), _COMMENT)


def _each(text: str, dialect: Dialect) -> Iterator[Piece]:
    pattern, at = _PATTERNS[dialect], 0
    while (found := pattern.search(text, at)) is not None:
        at = found.end()
        kind = found.lastgroup
        if kind == "word":
            yield Piece("word", found[0], found[0].lower())
        elif kind == "mark":
            yield Piece("mark", found[0], found[0])
        elif kind == "open":
            at, ended = _comment_end(text, at, nested=dialect == "postgresql")
            if (not ended and dialect != "sqlite") or text[found.end() : found.end() + 1] in ("!", "+", "M"):
                yield Piece("broken", text[found.start() : at])
        elif at == len(text) and any(found.groupdict().get(name) is not None for name in _ENDLESS):
            yield Piece("broken", found[0])
        elif kind == "name":
            mark = found[0][0]
            inner = found[0][1:-1]
            yield Piece("name", inner if mark == "[" else inner.replace(mark * 2, mark))
        elif kind == "string":
            yield Piece("string", found[0])
        elif kind == "body":
            yield Piece("body", found[0])


def _comment_end(text: str, at: int, *, nested: bool) -> tuple[int, bool]:
    """Where a `/*` comment ends, and whether it does; PostgreSQL's comments nest."""
    depth = 1
    for found in _COMMENT_ENDS.finditer(text, at):
        if found[0] == "*/":
            depth -= 1
        elif nested:
            depth += 1
        if depth == 0:
            return found.end(), True
    return len(text), False


def split_pieces(found: list[Piece]) -> Iterator[list[Piece]]:
    """The pieces of each statement, empty ones left out."""
    keys = [piece.key for piece in found]
    if ";" not in keys or keys.index(";") == len(keys) - 1:
        if only := found[:-1] if ";" in keys else found:
            yield only
        return
    statement: list[Piece] = []
    made = body = False  # by CREATE; with a body that may hold statements
    depth = 0  # of BEGIN … END in it
    for piece in found:
        key = piece.key
        if body:
            depth += _DEEPER.get(key, 0)
        if key == ";" and depth <= 0:
            if statement:
                yield statement
            statement, depth, made, body = [], 0, False, False
            continue
        if not statement:
            made = key == "create"
        elif made and key in _WITH_BODY and len(statement) < _HEAD:
            body = True
        statement.append(piece)
    if statement:
        yield statement


_DEEPER = {"begin": 1, "case": 1, "end": -1}
_HEAD = 8  # pieces of a statement before which its kind stands
_WITH_BODY = ("trigger", "function", "procedure", "event")


class Reader:
    """A place in the pieces of one statement."""

    __slots__ = ("_end", "_found", "at", "fold")

    def __init__(self, found: Sequence[Piece], fold: Fold) -> None:
        # behind the last piece stand some that are none, so that a look ahead needs no bound
        self._found, self._end, self.fold, self.at = (*found, _END, _END, _END, _END), len(found), fold, 0

    @property
    def done(self) -> bool:
        return self.at >= self._end

    @property
    def key(self) -> str:
        """The key of the next piece, "" at the end."""
        return self._found[self.at].key if self.at < self._end else ""

    def peek(self, ahead: int = 0) -> Piece:
        return self._found[self.at + ahead] if self.at < self._end else _END

    def take(self) -> Piece:
        piece = self.peek()
        self.at += 1
        return piece

    def skip(self, *words: str) -> bool:
        """Step over these words if all of them come next."""
        at = self.at
        if at >= self._end:
            return False
        for word in words:
            if self._found[at].key != word:
                return False
            at += 1
        self.at = at
        return True

    def skip_one(self, *words: str) -> str:
        """Step over one of these words; "" if none comes next."""
        key = self.key
        if key and key in words:
            self.at += 1
            return key
        return ""

    def guard(self) -> bool:
        return self.key == "if" and (self.skip("if", "not", "exists") or self.skip("if", "exists"))

    def member(self) -> str | None:
        """A name of a column, index or constraint; None if none comes next."""
        return self.fold.member(self.take()) if self.peek().kind in ("word", "name") else None

    def object(self) -> tuple[str, str] | None:
        """A possibly qualified name as (schema or "", name); None if none comes next or it has three parts."""
        if self.peek().kind not in ("word", "name"):
            return None
        name = self.fold.table(self.take())
        if self.key != ".":
            return ("", name)
        parts = [name]
        while self.key == "." and self.peek(1).kind in ("word", "name"):
            self.at += 1
            parts.append(self.fold.table(self.take()))
        if len(parts) > 2:
            return None
        return (parts[0] if len(parts) == 2 else "", parts[-1])

    def group(self) -> list[Piece] | None:
        """The pieces between `(` and its `)`; None if no parenthesis comes next."""
        if self.key != "(":
            return None
        start, depth = self.at + 1, 0
        for place in range(self.at, self._end):
            depth += PARENTHESES.get(self._found[place].key, 0)
            if depth == 0:
                self.at = place + 1
                return list(self._found[start:place])
        self.at = self._end
        return None

    def rest(self) -> list[Piece]:
        return list(self._found[self.at : self._end])


def by_commas(found: Sequence[Piece]) -> list[list[Piece]]:
    """The parts between commas that stand in no parentheses."""
    parts: list[list[Piece]] = [[]]
    depth = 0
    for piece in found:
        depth += _BRACKETS.get(piece.key, 0)
        if piece.key == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(piece)
    return [part for part in parts if part]
