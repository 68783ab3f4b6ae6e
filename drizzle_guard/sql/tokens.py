"""SQL as tokens: quotes, comments and dollar-quoted bodies, and where a statement ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from drizzle_guard.light import NamedTuple, pattern


class Token(NamedTuple):
    """One token and what kind it is."""

    kind: str  # word, name (a quoted word), string, body (dollar-quoted), mark
    text: str


def words(text: str) -> frozenset[str]:
    """The words of a text, as a set to look in."""
    return frozenset(text.split())


_COMMON = r"""
    (?P<breakpoint>-->\s*statement-breakpoint)
  | (?P<comment>--[^\n]*|%(nested)s/\*.*?(?:\*/|\Z)%(hash)s)
  | (?P<body>\$(?P<tag>[A-Za-z_]\w*|)\$.*?(?:\$(?P=tag)\$|\Z))
  | (?P<string>[eE]'(?:[^'\\]|''|\\.)*'|%(string)s)
  | (?P<name>%(name)s"(?:[^"]|"")*"|`(?:[^`]|``)*`)
  | (?P<word>[\w$]+)
  | (?P<mark>\S)
    """
_PLAIN = r"'(?:[^']|'')*'"
_ESCAPED = r"'(?:[^'\\]|''|\\.)*'"
_LINE_OF_HASH = r"|(?m:^)[ \t]*\#[^\n]*"  # a comment of MySQL; an operator of PostgreSQL hardly ever begins a line


@cache
def _pattern(string: str = _PLAIN, hash_: str = _LINE_OF_HASH, name: str = "", nested: str = "") -> re.Pattern[str]:
    parts = {"string": string, "hash": hash_, "name": name, "nested": nested}
    return re.compile(_COMMON % parts, re.VERBOSE | re.DOTALL)


def _nested(depth: int) -> str:
    """PostgreSQL's comments may hold comments."""
    inner = f"|{_nested(depth - 1)}" if depth else ""
    return rf"/\*(?:[^*/]|\*(?!/)|/(?!\*){inner})*\*/"


_OF_DIALECT = {
    "postgresql": {"hash_": "", "nested": f"{_nested(3)}|"},
    "mysql": {"string": _ESCAPED, "hash_": r"|\#[^\n]*"},
    "sqlite": {"hash_": "", "name": r"\[[^\]\n]*\]|"},
}
_EXECUTABLE = pattern(r"/\*M?!\d*(.*?)\*/", re.DOTALL)  # MySQL and MariaDB run what stands in it


def tokenize(text: str, dialect: str = "", *, exact: bool = False) -> Iterator[Token]:
    """The tokens of `text` without comments; words and names in lower case, a breakpoint as `;`.

    `dialect` is `postgresql`, `mysql` or `sqlite` (or "": what the text looks like); `exact` leaves names (not words)
    as they are spelled.
    """
    if dialect == "mysql" and "!" in text:
        text = _EXECUTABLE.sub(r" \1 ", text)
    return (token for token, _ in _with_ends(text, dialect, exact=exact))


def _with_ends(text: str, dialect: str = "", *, exact: bool = False) -> Iterator[tuple[Token, int]]:
    """Each token and where it ends in `text`."""
    # MySQL escapes quotes with a backslash, and it is the dialect (with SQLite) that is written with backticks.
    looks = {"string": _ESCAPED} if "`" in text and "\\'" in text else {}
    for match in _pattern(**_OF_DIALECT.get(dialect, looks)).finditer(text):
        kind = match.lastgroup or "mark"
        if kind == "tag":
            kind = "body"
        if kind == "breakpoint":
            yield Token("mark", ";"), match.end()
        elif kind == "name":
            quote = match[0][-1]
            name = match[0][1:-1] if quote == "]" else match[0][1:-1].replace(quote * 2, quote)
            yield Token("name", name if exact else name.lower()), match.end()
        elif kind == "word":
            yield Token("word", match[0].lower()), match.end()
        elif kind != "comment":
            yield Token(kind, match[0]), match.end()


class _Statement:
    """The statement that is being read: says of each token whether the statement ends there."""

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self._depth = 0  # of BEGIN … END in SQLite triggers, whose bodies hold semicolons

    def ends_at(self, token: Token) -> bool:
        if token.kind == "word" and self.tokens and self.tokens[0].text == "create":
            trigger = any(t.text == "trigger" for t in self.tokens[:4])
            if trigger and token.text in ("begin", "case"):
                self._depth += 1
            elif trigger and token.text == "end":
                self._depth -= 1
        if token == Token("mark", ";") and self._depth <= 0:
            return True
        self.tokens.append(token)
        return False


def split(tokens: Iterator[Token]) -> Iterator[list[Token]]:
    """The tokens of each statement; some may be empty."""
    statement = _Statement()
    for token in tokens:
        if statement.ends_at(token):
            yield statement.tokens
            statement = _Statement()
    yield statement.tokens


def pieces(text: str) -> list[str]:
    """The text of each statement that is not empty, as it stands there; comments belong to the statement behind."""
    found, statement, start, end = [], _Statement(), 0, 0
    for token, end in _with_ends(text):
        if statement.ends_at(token):
            if statement.tokens:
                found.append(text[start:end])
            statement, start = _Statement(), end
    return [*found, text[start:end]] if statement.tokens else found


class Cursor:
    """A place in the tokens of one statement."""

    def __init__(self, tokens: list[Token], at: int = 0) -> None:
        self.tokens, self.at = tokens, at

    def peek(self, ahead: int = 0) -> str:
        position = self.at + ahead
        return self.tokens[position].text if position < len(self.tokens) else ""

    def take(self) -> str:
        text = self.peek()
        self.at += 1
        return text

    def skip(self, *words: str) -> bool:
        """Step over these words, if they come next, all of them."""
        if all(self.peek(n) == word for n, word in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def skip_any(self, *words: str) -> None:
        while self.peek() in words:
            self.at += 1

    def guard(self) -> bool:
        return self.skip("if", "not", "exists") or self.skip("if", "exists")

    def name(self) -> tuple[str, str, int]:
        """A possibly qualified name: schema ("" for public), name, where it ends."""
        parts = [self.take()]
        while self.peek() == ".":
            self.at += 1
            parts.append(self.take())
        schema = parts[-2] if len(parts) > 1 else ""
        return ("" if schema == "public" else schema), parts[-1], self.at

    def rest(self) -> list[Token]:
        return self.tokens[self.at :]

    def find(self, word: str) -> bool:
        """Move behind the next occurrence of a bare word."""
        for position in range(self.at, len(self.tokens)):
            if self.tokens[position] == Token("word", word):
                self.at = position + 1
                return True
        return False
