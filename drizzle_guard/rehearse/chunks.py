"""What drivers of one database make differently of the chunks of a folder; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from drizzle_guard.database.families import Family, Many, refusal
from drizzle_guard.errors import printable
from drizzle_guard.rehearse.states import Step
from drizzle_guard.sql.statements import split_chunks
from drizzle_guard.sql.tokens import pieces

_LISTED = 20


def cut_short(steps: Iterable[Step], family: Family) -> list[str]:
    """The chunks of which this driver runs only the first statement, without a word."""
    if family.many is not Many.FIRST:
        return []
    return [
        f"{_place(step, number)} holds {count} statements, and {family.name} runs only the first"
        for step in steps
        for number, count in _counts(step)
        if count > 1
    ]


def by_driver(steps: Iterable[Step], families: Sequence[Family]) -> list[str]:
    """The chunks that these drivers treat differently, and how; at most so many."""
    found = []
    for step in steps:
        for number, count in _counts(step):
            if count != 1 and len(said := _said(families, count)) > 1:
                words = "; ".join(f"{', '.join(names)}: {what}" for what, names in said.items())
                found.append(f"{_place(step, number)} holds {count or 'no'} statements: {words}")
                if len(found) == _LISTED:
                    return [*found, "and perhaps more"]
    return found


def _said(families: Sequence[Family], count: int) -> dict[str, list[str]]:
    chunk = "select 1;" * count
    said: dict[str, list[str]] = {}
    for family in families:
        words = refusal(family, chunk)
        what = f"refused ({words})" if words else family.many.value if count else "accepted"
        said.setdefault(what, []).append(family.name)
    return said


def _counts(step: Step) -> list[tuple[int, int]]:
    return [(number, len(pieces(chunk))) for number, chunk in enumerate(split_chunks(step.text()), 1)]


def _place(step: Step, number: int) -> str:
    return f"{printable(step.tag)}, statement {number},"
