"""Two lines of migrations in Drizzle v1's layout: in which order they run, and which of the branch's must move.

drizzle-orm 1.0.0-rc.5 (`migrator.utils.js`, getMigrationsToRun) runs every folder that the table does not name, by
name.  A migration of the branch whose name sorts before the mainline's newest runs before it on a new database, and
after it where the mainline is deployed: two orders, and perhaps two schemas.  Behind the newest there is one order.
Names alone change: the SQL stays, and snapshots name their parents by id.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from drizzle_guard.drizzle.folder import Blob, Folder, Migration
from drizzle_guard.drizzle.journal import EMPTY, Entry
from drizzle_guard.drizzle.snapshot import read_snapshot
from drizzle_guard.drizzle.v1 import SECOND, SNAPSHOT, SQL, folder_millis, in_order
from drizzle_guard.errors import GuardError
from drizzle_guard.replay.ground import known_before
from drizzle_guard.replay.hazards import Script, find_hazards
from drizzle_guard.replay.parting import Collision
from drizzle_guard.replay.plan import Move, Plan, Refusal, WayOut
from drizzle_guard.sql.statements import decode

_FORMAT = "%Y%m%d%H%M%S"


def v1_collisions(mainline: Sequence[Migration], branch: Sequence[Migration]) -> list[Collision]:
    """What collides: one name on both sides, and own migrations that sort before the mainline's newest."""
    newest = max(mainline, key=lambda m: _place(m.tag), default=None)
    found = []
    for own in branch:
        same = next((m for m in mainline if m.tag == own.tag), None)
        if same is not None:
            found.append(Collision(own.entry, same.entry, "tag"))
        elif newest is not None and sorts_before(own.tag, newest.tag):
            found.append(Collision(own.entry, newest.entry, "order"))
    return found


def sorts_before(one: str, other: str) -> bool:
    """Whether v1 runs a migration before another one, on a database that has neither."""
    return one != other and in_order((one, other))[0] == one


def _place(name: str) -> tuple[str, str, str]:
    return name[:SECOND], name.lower(), name


def v1_names(published: Sequence[str], own: Sequence[str]) -> dict[str, str]:
    """The name that each own migration gets, so that all stand behind the published ones, in their order.

    A name that stands there already stays; else it gets the next second.  Raises GuardError for a name that is no time.
    """
    last = in_order(published)[-1] if published else ""
    names = {}
    for name in in_order(own):
        new = name
        if last and not sorts_before(last, name):
            if folder_millis(last) is None:
                raise GuardError(f"{last}: its name does not begin with a time, so nothing can be put behind it.")
            second = datetime.strptime(last[:SECOND], _FORMAT) + timedelta(seconds=1)
            new = second.strftime(_FORMAT) + name[SECOND:]
        names[name] = last = new
    return names


def v1_plan(base: Folder, mainline: Folder, branch: Folder, own: Sequence[Migration]) -> Plan | Refusal:
    """The names that the branch's own migrations get; or what stands against running them behind the mainline's."""
    new = [m for m in mainline.migrations if m.tag not in {b.tag for b in base.migrations}]
    refusal = v1_hazard(base, new, own)
    if refusal is not None:
        return refusal
    try:
        names = v1_names([m.tag for m in mainline.migrations], [m.tag for m in own])
    except GuardError as error:
        return Refusal(error.message.rstrip("."), way_out=WayOut.BRANCH)
    moves, files = [], dict[str, Blob | None]()
    for migration in own:
        old, to = migration.tag, names[migration.tag]
        moves.append(Move(migration.entry, Entry({}, to, None, folder_millis(to)), ""))
        for file, blob in ((SQL, migration.sql), (SNAPSHOT, migration.snapshot)):
            if old != to and blob is not None:
                files[f"{old}/{file}"], files[f"{to}/{file}"] = None, blob
    return Plan(EMPTY, files, Blob.of(b""), tuple(moves))


def v1_hazard(base: Folder, first: Sequence[Migration], second: Sequence[Migration]) -> Refusal | None:
    """The first thing that stands against running `second` after `first`; `base` is what both stand on."""
    theirs, mine = _scripts(first), _scripts(second)
    if not theirs or not mine:
        return None
    dialect = v1_dialect([*second, *first])
    known = known_before(lambda: _scripts(base.migrations), None, [*theirs, *mine], dialect, [])
    for hazard in find_hazards(theirs, mine, dialect, known):
        return Refusal(hazard.reason, own=hazard.own, other=hazard.other, way_out=WayOut.LOOK)
    return None


def v1_dialect(migrations: Sequence[Migration]) -> str:
    """The dialect that the snapshots name, as a journal would call it; "" if none can be read."""
    for migration in migrations:
        try:
            found = "" if migration.snapshot is None else str(read_snapshot(migration.snapshot).get("dialect", ""))
        except GuardError:
            continue
        if found:
            return {"postgres": "postgresql", "turso": "sqlite"}.get(found, found)
    return ""


def _scripts(migrations: Sequence[Migration]) -> list[Script]:
    return [Script(m.tag, decode(m.sql.data)) for m in migrations if m.sql]
