"""Reading a snapshot's parts without trusting its form; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def as_dict(value: Any) -> dict[str, Any]:
    """The value if it is a JSON object, else nothing."""
    return value if isinstance(value, dict) else {}


def items(owner: dict[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and body of each object of a collection; the name is the body's own where it says one."""
    for name, body in as_dict(owner.get(key)).items():
        if isinstance(body, dict):
            own = body.get("name")
            yield (own if isinstance(own, str) else name), body


def shown_list(owner: dict[str, Any], key: str) -> list[str]:
    """A list of names."""
    value = owner.get(key)
    return [str(item) for item in value] if isinstance(value, list) else []


def index_columns(index: dict[str, Any], computed: dict[str, Any], quoted: Callable[[str], str]) -> str:
    """The columns of an index as SQL; `computed` says which are expressions, unless they say so themselves (v1)."""
    flags = as_dict(computed.get("columns"))
    found = []
    for column in index.get("columns") or []:
        if isinstance(column, dict):
            text, expression = str(column.get("expression")), column.get("isExpression")
        else:
            text, expression = str(column), as_dict(flags.get(column)).get("isExpression")
        found.append(text if expression else quoted(text))
    return ", ".join(found)


def literal(value: Any) -> str:
    """A default as drizzle-kit writes it: numbers and booleans bare, all else is SQL already."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
