"""When two partitions of a table are provably apart, whatever the type of its key is."""

from __future__ import annotations

import pytest

from drizzle_guard.replay.hazards import Script, find_hazards

APART = [
    ("IN ('eu-west', 'us', NULL)", "IN ('asia', 'eu-north')"),
    ("IN (1, 2)", "IN (3)"),
    ("IN ('2024-01-01')", "IN ('2024-01-02')"),
    ("FROM (MINVALUE) TO ('2024-01-01')", "FROM ('2024-01-01') TO (MAXVALUE)"),
    ("FROM (-10) TO (0)", "FROM (0) TO (10)"),
    ("FROM ('2024-01-01') TO ('2024-01-01 12:00')", "FROM ('2024-01-01 12:00:00') TO ('2024-01-02')"),
    ("WITH (MODULUS 4, REMAINDER 1)", "WITH (MODULUS 4, REMAINDER 2)"),
]
OVERLAP = [
    ("IN ('a', 'b')", "IN ('b')"),
    ("IN (NULL)", "IN ('b', NULL)"),
    ("IN (1)", "IN ('1')"),
    ("IN ('01')", "IN ('1')"),
    ("IN ('2024-01-01')", "IN ('20240101')"),
    ("IN ('240101')", "IN ('20240101')"),  # one date
    ("IN ('A')", "IN ('a')"),  # citext
    ("IN ('t')", "IN ('true')"),
    ("IN ('jan-1-2024')", "IN ('january-1-2024')"),
    ("IN ('a0eebc99-9c0b')", "IN ('A0EEBC999C0B')"),
    ("FROM ('2023-01-01') TO (MAXVALUE)", "FROM ('2024-01-01') TO ('2025-01-01')"),
    ("FROM (-10) TO (0)", "FROM (-5) TO (10)"),
    ("FROM ('5') TO ('10')", "FROM ('7') TO ('20')"),
    ("FROM ('2024-01-01') TO ('2024-01-01 15:00')", "FROM ('2024-01-01 5:00') TO ('2024-01-02')"),
    ("FROM ('2024-01-01') TO ('2024-02-01 00:00+00')", "FROM ('2024-02-01 00:00+02') TO ('2024-03-01')"),
    ("WITH (MODULUS 4, REMAINDER 1)", "WITH (MODULUS 8, REMAINDER 5)"),
]


def _found(one: str, other: str) -> int:
    scripts = [Script("x", f"CREATE TABLE {name} PARTITION OF m FOR VALUES {bounds}") for name, bounds in
               (("m1", one), ("m2", other))]  # fmt: skip
    return len(list(find_hazards(scripts[:1], scripts[1:], "postgresql")))


@pytest.mark.parametrize(("one", "other"), APART)
def test_apart(one: str, other: str) -> None:
    assert not _found(one, other) and not _found(other, one)


@pytest.mark.parametrize(("one", "other"), OVERLAP)
def test_they_may_overlap(one: str, other: str) -> None:
    assert _found(one, other) and _found(other, one)
