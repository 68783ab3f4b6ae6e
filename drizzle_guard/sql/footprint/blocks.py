"""`DO $$ … $$`: the statements of a block of PL/pgSQL, and the SQL that it puts together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, partial

from drizzle_guard.light import pattern
from drizzle_guard.sql.footprint.mentions import closing, unquoted
from drizzle_guard.sql.tokens import Token, words

_STARTS = words(
    "do drop create alter delete update truncate execute perform call insert select with grant revoke comment "
    "refresh lock"
)
_SILENT = words("end exception null return raise when exit continue get assert open close fetch commit rollback")
_PLACE = '"*"'
_TABLE = pattern(r'\b(table|on|from|into|update|references|only|truncate)(\s+)"\*"(?:\."\*")?', re.IGNORECASE)
_NAME = pattern(r"[A-Za-z_]\w*")


def _named(name: str, place: re.Match[str]) -> str:
    return f'{place[1]}{place[2]}"{name}"'


class Block:
    """A block, as its statements were split at semicolons.

    `conditions` are the expressions and queries behind IF, WHILE and FOR; `catches` says that it has an EXCEPTION part,
    `asks` that it looks whether something exists.
    """

    def __init__(self, parts: list[list[Token]]) -> None:
        self.parts = parts
        self.conditions: list[list[Token]] = []
        self.catches = any(t == Token("word", "exception") and p and p[0] == t for p in parts for t in p[:1])
        self.asks = any(t == Token("word", "exists") for p in parts for t in p)

    def statements(self) -> Iterator[list[Token]]:
        """The statements, without what stands around them."""
        for part in self.parts:
            if part and part[0] == Token("word", "declare"):
                begin = next((n for n, t in enumerate(part) if t == Token("word", "begin")), None)
                part = part[begin:] if begin is not None else []
            while part:
                word = part[0].text
                if word in ("begin", "then", "else", "loop", "<", ">"):
                    part = part[1:]
                elif word in ("if", "elsif", "elseif", "for", "while", "foreach"):
                    opens = next((n for n, t in enumerate(part) if t in _OPENS), len(part))
                    condition = part[1:opens]
                    if word in ("for", "foreach"):
                        start = next((n for n, t in enumerate(condition) if t == Token("word", "in")), -1)
                        condition = condition[start + 1 :]
                    self.conditions.append(condition)
                    part = part[opens + 1 :]
                elif word == "exception" or (word == "when" and any(t == Token("word", "then") for t in part)):
                    part = part[next((n for n, t in enumerate(part) if t == Token("word", "then")), len(part)) + 1 :]
                else:
                    break
            if not part or part[0].text in _SILENT:
                continue
            assigns = len(part) > 2 and part[1].text == ":"
            if part[0].text in _STARTS or assigns or len(part) > 3:
                yield part  # shorter ones are declarations: name and type

    def executed(self, tokens: list[Token]) -> list[str] | None:
        """The statements that an EXECUTE may run, with `"*"` for names that are not known; None if it can be anything.

        Names that come from a list in the block (`ARRAY['a', 'b']`, `IN ('a', 'b')`) are put in.
        """
        template = _template(tokens[1:])
        if template is None:
            return None
        if _PLACE not in template:
            return [template]
        names = self.names
        if not names:
            return [template]
        return [_TABLE.sub(partial(_named, name), template) for name in names]

    @cached_property
    def names(self) -> list[str]:
        """The names in a list of the block, of which a loop takes one after the other."""
        found: dict[str, None] = {}
        tokens = [t for part in self.parts for t in part]
        for n, token in enumerate(tokens[:-2]):
            if token.kind == "word" and token.text in ("array", "in") and tokens[n + 1].text in ("[", "("):
                end = n + 2
                while end < len(tokens) and tokens[end].text not in ("]", ")"):
                    if tokens[end].kind == "string" and _NAME.fullmatch(unquoted(tokens[end].text)):
                        found.setdefault(unquoted(tokens[end].text))
                    end += 1
        return list(found)


_OPENS = (Token("word", "then"), Token("word", "loop"))


def _template(tokens: list[Token]) -> str | None:
    """The text that EXECUTE runs: `'…'`, `'…' || name || '…'` or `format('…', …)`."""
    for n, token in enumerate(tokens):
        if token in (Token("word", "into"), Token("word", "using")):
            tokens = tokens[:n]
            break
    if not tokens:
        return None
    if tokens[0].text == "format" and len(tokens) > 2 and tokens[1].text == "(" and tokens[2].kind == "string":
        text = unquoted(tokens[2].text)
        text = re.sub(r"%(?:\d+\$)?L", "'*'", text)
        text = re.sub(r"%(?:\d+\$)?[Is]", _PLACE, text)
        return text if _verb_is_known(text) else None
    if tokens[0].kind != "string":
        return None
    pieces, n = [], 0
    while n < len(tokens):
        token = tokens[n]
        if token.kind == "string":
            pieces.append(unquoted(token.text))
        elif token.text != "|":
            pieces.append(_PLACE)
            if n + 1 < len(tokens) and tokens[n + 1].text == "(":
                n = closing(tokens, n + 1)
            while n + 1 < len(tokens) and tokens[n + 1].text != "|":
                n += 1
        n += 1
    text = "".join(pieces)
    return text if _verb_is_known(text) else None


def _verb_is_known(text: str) -> bool:
    """Whether what is put in cannot be a whole statement or an action of one."""
    words = text.split()
    return bool(words) and _PLACE not in words[0] and not (len(words) > 1 and _PLACE in words[1])
