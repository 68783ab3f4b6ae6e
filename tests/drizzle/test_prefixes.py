"""Which number a moved migration gets, in each prefix style."""

from __future__ import annotations

import pytest

from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.drizzle.prefixes import Prefixes, style_of_prefix, utc_stamp

WHEN = 1700000000000  # 2023-11-14 22:13:20 UTC


def _entry(prefix: str) -> Entry:
    return Entry({}, f"{prefix}_x", None, None)


def _next(own: str, *before: str, idx: int, when: int = WHEN) -> str:
    return Prefixes(_entry(prefix) for prefix in before).next(_entry(own), idx=idx, when=when)


@pytest.mark.parametrize(
    ("prefix", "style"),
    [
        ("", "none"),
        ("0000", "index"),
        ("7", "index"),
        ("00012", "index"),
        ("20261123051032", "timestamp"),
        ("1795410637", "unix"),
        ("179541063", "unix"),
        ("v2", "other"),
        ("-1", "other"),
        ("٠٠٠١", "other"),
        ("²", "other"),
    ],
)
def test_style_of_prefix(prefix: str, style: str) -> None:
    assert style_of_prefix(prefix) == style


@pytest.mark.parametrize(
    ("own", "before", "idx", "expected"),
    [
        ("0001", ["0000", "0001"], 2, "0002"),
        ("0001", [], 0, "0000"),
        ("0001", ["0000"], 1, "0001"),
        ("0001", ["9999"], 10000, "10000"),
        ("0001", ["00000", "00001"], 2, "00002"),
        ("001", ["000", "001"], 2, "002"),
        ("0001", ["0000", "0005"], 2, "0006"),  # the file's name sorts behind the mainline's last file
        ("0001", ["0006", "0002"], 3, "0007"),
        ("0001", ["0000"], 8, "0008"),  # the last idx was not the position
        ("0001", ["0000", "init"], 2, "0002"),
        ("v2", ["0000"], 1, "v2"),
    ],
)
def test_index(own: str, before: list[str], idx: int, expected: str) -> None:
    assert _next(own, *before, idx=idx) == expected


@pytest.mark.parametrize(
    ("own", "before", "when", "expected"),
    [
        # sorts already
        ("20231115000000", ["20231114221320"], WHEN, "20231115000000"),
        ("20231115000000", ["0000"], WHEN, "20231115000000"),
        # the new `when` gives it
        ("20231114221200", ["20231114221300"], WHEN, "20231114221320"),
        # equal, or the new `when` is not enough: one second after the file before it
        ("20231114221320", ["20231114221320"], WHEN, "20231114221321"),
        ("20231114221200", ["20231231235959"], WHEN, "20240101000000"),
        # the last file is not the last entry's
        ("20231115000000", ["20231201000000", "20231114221320"], WHEN, "20231201000001"),
        # a time that somebody made up
        ("20231114221200", ["20240231000000"], WHEN, "20240231000001"),
        ("20231114221200", ["99991231235959"], WHEN, "99991231235960"),
        # the project went from one style to another
        ("0005", ["0000", "20231114221300"], WHEN, "20231114221320"),
        ("0005", ["20231114221300", "0004"], WHEN, "20231114221320"),
        ("0005", ["0000", "1699999999"], WHEN, "1700000000"),
        ("1699999999", ["20231114221300"], WHEN, "20231114221301"),
        ("20231114221200", ["1699999999"], WHEN, "20231114221200"),
        # unix seconds
        ("1700000005", ["1700000000"], WHEN, "1700000005"),
        ("1699999999", ["1699999999"], WHEN, "1700000000"),
        ("1699999999", ["1700000009"], WHEN, "1700000010"),
    ],
)
def test_time(own: str, before: list[str], when: int, expected: str) -> None:
    found = _next(own, *before, idx=len(before), when=when)
    assert found == expected
    assert all(found > prefix for prefix in before)


@pytest.mark.parametrize(
    ("when", "stamp"),
    [
        (0, "19700101000000"),
        (1795410276935, "20261123050436"),
        (253402300799999, "99991231235959"),
        (253402300800000, "99991231235959"),
        (9999999999999999999, "99991231235959"),
    ],
)
def test_utc_stamp(when: int, stamp: str) -> None:
    assert utc_stamp(when) == stamp
