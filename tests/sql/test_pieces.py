"""SQL as pieces: a text that is cut at once reads like one that is read step by step."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drizzle_guard.sql.exact.pieces import Piece, pieces

_MARKS = [
    "'",
    '"',
    "`",
    "--",
    "*/",
    ";",
    "\\",
    "[",
    "]",
    "(",
    ")",
    " ",
    "\n",
    "e",
    "x",
    "#",
    "::",
    ".",
    "1",
    "BEGIN",
    "_a",
]


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
@given(words=st.lists(st.sampled_from(_MARKS), max_size=12))
def test_both_ways_of_reading_agree(dialect: Any, words: list[str]) -> None:
    text = "".join(words)
    assert pieces(text, dialect) == pieces("/**/" + text, dialect)  # a comment is not cut at once


@pytest.mark.parametrize(("dialect", "text"), [("mysql", "'a\\"), ("postgresql", "E'a\\"), ("sqlite", '"a""')])
def test_what_does_not_end_is_broken(dialect: Any, text: str) -> None:
    assert pieces(text, dialect) == [Piece("broken", text)]


def test_names_lose_their_quotes_and_comments_go() -> None:
    found = pieces('SELECT "a""b" -- no\n, [c]', "sqlite")
    assert [(piece.kind, piece.text) for piece in found] == [
        ("word", "SELECT"),
        ("name", 'a"b'),
        ("mark", ","),
        ("name", "c"),
    ]
