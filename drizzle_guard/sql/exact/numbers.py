"""How a sequence counts, its own or an identity column's: what the SQL says of it, and whether that is surely taken."""

from __future__ import annotations

from drizzle_guard.sql.exact.effects import Facts
from drizzle_guard.sql.exact.pieces import Reader

_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def plain_numbers(facts: Facts, kind: str) -> bool:
    """Whether PostgreSQL surely takes a sequence of this type: one that rises, with a start between its ends."""
    try:
        step, low, start, cache = (int(facts.get(n) or 1) for n in ("increment", "minvalue", "start", "cache"))
        high = int(facts.get("maxvalue") or _LARGEST[kind])
    except ValueError:
        return False
    return (
        "options" not in facts and min(step, low, cache) >= 1 and low <= start <= high <= _LARGEST[kind] and low < high
    )


def sequence_facts(at: Reader) -> Facts:
    """What is said of a sequence, as `pg_sequence` holds it; what is not read says so."""
    facts: dict[str, str | None] = {"increment": "1", "cycle": "f"}
    while not at.done:
        if at.skip("sequence", "name") or at.skip("owned", "by"):
            at.object()
            at.skip(".")
            at.skip_one("none")
        elif at.skip("no", "minvalue") or at.skip("no", "maxvalue") or at.skip("no", "cycle"):
            continue
        elif at.skip("cycle"):
            facts["cycle"] = "t"
        elif fact := at.skip_one("increment", "minvalue", "maxvalue", "start", "cache"):
            at.skip_one("by", "with")
            minus = "-" if at.skip("-") else ""
            facts[fact] = minus + at.take().text.strip("'")
        else:
            return {**facts, "options": "not looked at"}
    return facts
