"""Whether the branch's migrations may pass the mainline's: every pair of lines of one merge that change places."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import partial

from drizzle_guard.drizzle.folder import Folder, Migration
from drizzle_guard.replay.common_entries import Settled
from drizzle_guard.replay.ground import known_before
from drizzle_guard.replay.hazards import Hazard, Script, find_hazards
from drizzle_guard.replay.plan import Refusal, Refused, WayOut
from drizzle_guard.replay.undone import find_undone
from drizzle_guard.replay.unfounded import find_unfounded
from drizzle_guard.sql.footprint.known import Known
from drizzle_guard.sql.statements import decode


def refuse_hazards(settled: Settled, branch: Folder, dialect: str, *, anyway: bool = False) -> tuple[Refusal, ...]:
    """Raise Refused at the first hazard; with `anyway` say all of them, each pair of migrations once."""
    found: dict[tuple[str, str], Refusal] = {}
    for refusal in _hazards(settled, branch, dialect):
        if not anyway:
            raise Refused(refusal)
        found.setdefault((refusal.own, refusal.other), refusal)
    return tuple(found.values())


def _hazards(settled: Settled, branch: Folder, dialect: str) -> Iterator[Refusal]:
    theirs, mine = _scripts(settled.unseen), _scripts([branch.migrations[n] for n in settled.own])
    if theirs and mine:
        known = _ground(settled, branch, [*theirs, *mine], dialect)
        for hazard in find_hazards(theirs, mine, dialect, known, squashed=bool(settled.withdrawn)):
            yield _read(hazard.reason, hazard.own, hazard.other)
    for position, migration in settled.shared:
        # what ran before it on the branch will run behind it
        passed = _scripts([branch.migrations[n] for n in settled.own[: bisect_left(settled.own, position)]])
        if passed:
            moved = _scripts([migration])
            known = _ground(settled, branch, [*moved, *passed], dialect)
            for hazard in find_hazards(moved, passed, dialect, known):
                yield _read(hazard.reason, hazard.own, hazard.other)
    if settled.withdrawn:
        for hazard in _without(_scripts(settled.withdrawn), mine, theirs, "the branch", dialect):
            yield _read(f"the mainline deleted the migration that {hazard.reason}", hazard.own, hazard.other)
    if settled.deleted:
        new = _scripts([m for m in settled.unseen if m not in settled.deleted])
        for hazard in _without(_scripts(settled.deleted), new, (), "the mainline", dialect):
            yield _read(f"the branch deleted the migration that {hazard.reason}", hazard.other, hazard.own)


def _without(
    deleted: Sequence[Script], others: Sequence[Script], keeps: Sequence[Script], user: str, dialect: str
) -> Iterator[Hazard]:
    yield from find_undone(deleted, others, keeps, user)
    yield from find_unfounded(deleted, others, keeps, user, dialect)


def _read(reason: str, own: str, other: str) -> Refusal:
    return Refusal(reason, own=own, other=other, way_out=WayOut.LOOK)


def _ground(settled: Settled, branch: Folder, lines: Sequence[Script], dialect: str) -> Known:
    """What stood before the branch's first own migration: both lines start there."""
    first = settled.own[0]
    before = branch.migrations[:first]
    newest = next((m.snapshot for m in reversed(before) if m.snapshot), None)
    later = [migration for position, migration in sorted(settled.shared, key=lambda pair: pair[0]) if position > first]
    return known_before(partial(_scripts, before), newest.data if newest else None, lines, dialect, _scripts(later))


def _scripts(migrations: Sequence[Migration]) -> list[Script]:
    return [Script(m.tag, decode(m.sql.data)) for m in migrations if m.sql]
