"""Two migrations against each other, on what a base script makes."""

from __future__ import annotations

from functools import cache

from drizzle_guard.replay.ground import known_before
from drizzle_guard.replay.hazards import Script, find_hazards
from drizzle_guard.sql.footprint.known import Known


@cache
def _known(base: str, dialect: str) -> Known:
    return known_before(lambda: [Script("base", base)], None, [], dialect)


def hazards_between(base: str, dialect: str, main: str, own: str) -> list[str]:
    """Why the branch's migration may not follow the mainline's, a sentence for each reason; none: it may."""
    known = _known(base, dialect)
    return [h.reason for h in find_hazards([Script("main", main)], [Script("own", own)], dialect, known)]
