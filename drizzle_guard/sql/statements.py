"""What a migration's SQL does to which objects, as far as that can be told without a database.

This is no SQL parser.  It reads the DDL that drizzle-kit writes and what people write by hand in its style: quotes,
comments, dollar-quoted bodies, and the heads of statements.  What it does not know is still seen as words, so that
a statement that mentions a dropped table is found even where its grammar is not.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

from drizzle_guard.light import NamedTuple, pattern
from drizzle_guard.sql.actions import Action
from drizzle_guard.sql.ddl import actions_of
from drizzle_guard.sql.tokens import Cursor, Token, split, tokenize

BREAKPOINT = "--> statement-breakpoint"


class Statement(NamedTuple):
    """One statement: its text in one spelling, the words in it, the tables it reads or writes, its actions."""

    text: str
    words: frozenset[str]
    tables: frozenset[str]
    actions: tuple[Action, ...]


def split_chunks(text: str) -> list[str]:
    """The pieces that Drizzle sends one by one (drizzle-orm 0.45 migrator.js: split at the literal breakpoint)."""
    return text.split(BREAKPOINT)


def decode(data: bytes) -> str:
    """SQL bytes as Node reads them: UTF-8, what is not is replaced."""
    return data.decode("utf-8", "replace")


def statements(text: str) -> list[Statement]:
    """The statements of a migration, without comments and empty ones."""
    return list(_statements(text))


@lru_cache(maxsize=1024)
def _statements(text: str) -> tuple[Statement, ...]:
    """The same, kept: several rules, and each look at a folder after a repair, ask about the same migrations."""
    return tuple(_statement(tokens, guarded=False) for tokens in split(tokenize(text)) if tokens)


def actions(text: str) -> list[Action]:
    """All that a migration does, in order."""
    return [action for statement in statements(text) for action in statement.actions]


def is_trivial(text: str) -> bool:
    """Whether a migration holds nothing but comments and bare SELECTs, so that running it twice does no harm."""
    return all(statement.text.startswith("select ") for statement in statements(text))


def is_empty(text: str) -> bool:
    """Whether a migration holds nothing but comments: all such files have much the same hash."""
    return not statements(text)


def is_handwritten(text: str, known: Collection[str] | None = None) -> bool:
    """Whether a migration holds a statement that drizzle-kit would not write again.

    `known` are the names (lower case) in the snapshots around it: drizzle-kit writes what those hold, and nothing else.
    None: they are not there, so a statement is judged by its kind alone.
    """
    return any(_is_handwritten(statement, known) for statement in statements(text))


def may_be_generated(text: str) -> bool:
    """Whether a migration holds a statement that drizzle-kit may have written from a schema."""
    return any(not _is_handwritten(statement, None) for statement in statements(text))


#: what no snapshot of drizzle-kit holds
_NEVER_WRITTEN = frozenset(("function", "procedure", "trigger", "extension", "domain"))


def _is_handwritten(statement: Statement, known: Collection[str] | None) -> bool:
    # drizzle-kit itself writes PRAGMAs and copies rows when it recreates a SQLite table
    copies = all(action.verb != "data" or action.name[0].startswith("__new_") for action in statement.actions)
    if not copies or not (statement.actions or statement.text.startswith("pragma ")):
        return True
    if "exclude" in statement.words and statement.text.startswith(("alter table", "create table")):
        return True
    return any(_is_unknown(action, known) for action in statement.actions)


def _is_unknown(action: Action, known: Collection[str] | None) -> bool:
    """Whether an action is on something that drizzle-kit does not know."""
    if action.kind in _NEVER_WRITTEN:
        return True
    name = action.name[-1].rpartition(".")[2].removeprefix("__new_").strip("'")
    return known is not None and action.verb in ("create", "drop") and name not in known


_TABLE_BEFORE = frozenset({"from", "join", "into", "update", "references", "table", "on", "only", "exists", "truncate"})
_INNER_WORD = pattern(r"\w+")
_INNER_TABLE = pattern(
    r"\b(?:from|join|into|update|references|table|on)\s+(?:[\w$]+\.|\"[^\"]+\"\.)?[\"`]?([\w$]+)",
    re.IGNORECASE,
)


def _statement(tokens: list[Token], *, guarded: bool) -> Statement:
    words: set[str] = set()
    tables: set[str] = set()
    for position, token in enumerate(tokens):
        if token.kind in ("word", "name"):
            words.add(token.text)
            if position and tokens[position - 1].text in _TABLE_BEFORE:
                _, name, _ = Cursor(tokens, position).name()
                tables.add(name)
        elif token.kind in ("string", "body"):
            words.update(word.lower() for word in _INNER_WORD.findall(token.text))
            tables.update(name.lower() for name in _INNER_TABLE.findall(token.text))
    text = " ".join(f'"{t.text}"' if t.kind == "name" else t.text for t in tokens)
    return Statement(text, frozenset(words), frozenset(tables), tuple(actions_of(tokens, guarded)))
