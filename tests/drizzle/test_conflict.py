"""A file with conflict markers as two versions: the styles of git and jj."""

from __future__ import annotations

import pytest

from drizzle_guard.drizzle.conflict import Halves, split_conflict

STYLES = {
    "merge": "a\n<<<<<<< HEAD\nx\n=======\ny\n>>>>>>> main\nz\n",
    "diff3": "a\n<<<<<<< HEAD\nx\n||||||| 1a2b3c4\no\n=======\ny\n>>>>>>> main\nz\n",
    "jj diff": (
        "a\n<<<<<<< Conflict 1 of 1\n%%%%%%% Changes from base to side #1\n-o\n+x\n"
        "+++++++ Contents of side #2\ny\n>>>>>>> Conflict 1 of 1 ends\nz\n"
    ),
    "jj snapshot": (
        "a\n<<<<<<< Conflict 1 of 1\n+++++++ Contents of side #1\nx\n------- Contents of base\no\n"
        "+++++++ Contents of side #2\ny\n>>>>>>> Conflict 1 of 1 ends\nz\n"
    ),
}


@pytest.mark.parametrize("style", STYLES)
def test_both_sides(style: str) -> None:
    assert split_conflict(STYLES[style].encode()) == Halves(b"a\nx\nz\n", b"a\ny\nz\n")


@pytest.mark.parametrize("text", ["", "a\nb\n", "<<<<<<< HEAD\nx\n", "<<<<<<< a\n<<<<<<< b\n=======\n>>>>>>> b\n"])
def test_what_is_not_understood(text: str) -> None:
    assert split_conflict(text.encode()) is None
