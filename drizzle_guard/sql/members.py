"""What a CREATE TABLE makes beside the table: its columns and named constraints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from drizzle_guard.sql.actions import Key
from drizzle_guard.sql.ddl import actions_of
from drizzle_guard.sql.tokens import Token, split, tokenize

_INLINE = frozenset(
    ["constraint", "primary", "foreign", "check", "unique", "index", "key", "fulltext", "exclude", "like"]
)


def created_columns(scripts: Iterable[tuple[str, str]]) -> dict[Key, str]:
    """The columns that scripts (tag and SQL) create together with their tables, and the tag of who did it."""
    return {key: tag for tag, sql in scripts for key in _columns(sql)}


@lru_cache(maxsize=1024)
def _columns(sql: str) -> tuple[Key, ...]:
    """Those of one script, kept: each look at a folder after a repair asks about the same migrations."""
    return tuple(key for part in split(tokenize(sql)) for key in created_members(part) if key[0] == "column")


def created_members(statement: Sequence[Token]) -> list[Key]:
    """The columns and named constraints inside a CREATE TABLE; nothing for other statements."""
    texts = [t.text for t in statement[:4]]
    if texts[:1] != ["create"] or "table" not in texts:
        return []
    name = next((a.key[1] for a in actions_of(list(statement), False) if a.kind == "table"), "")
    found: list[Key] = []
    depth, at_start = 0, False
    for place, token in enumerate(statement):
        if token.kind == "mark" and token.text == "(":
            depth += 1
            at_start = depth == 1
            continue
        if token.kind == "mark" and token.text == ")":
            depth -= 1
        if depth == 1 and at_start:
            if token.text == "constraint" and token.kind == "word" and place + 1 < len(statement):
                found.append(("constraint", name, statement[place + 1].text))
            elif token.kind == "name" or (token.kind == "word" and token.text not in _INLINE):
                found.append(("column", name, token.text))
        at_start = depth == 1 and token == Token("mark", ",")
    return found
