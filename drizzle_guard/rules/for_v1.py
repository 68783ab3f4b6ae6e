"""Rules of `check --for v1`: will `drizzle-kit up` of v1 succeed on this folder, and keep every migration in its order?

Read in drizzle-kit 1.0.0-rc.5 (`bin.cjs`, planFoldersV3, applyFoldersV3, upPgHandler): an entry becomes the folder
`<second of when>_<name>`; its snapshot is `meta/<prefix>_snapshot.json`, its SQL `<tag>.sql`, else the one file that
begins with its prefix.  Only for PostgreSQL is more looked at before files are moved.
"""

from __future__ import annotations

from collections.abc import Iterator

from drizzle_guard.drizzle.folder import join
from drizzle_guard.drizzle.journal import Entry, snapshot_path, sql_path
from drizzle_guard.drizzle.v1 import in_order
from drizzle_guard.errors import printable
from drizzle_guard.rules.model import Finding, Rule, Subject
from drizzle_guard.rules.snapshots import NO_PARENT

UP_STOPS = Rule(
    "DG051",
    "v1-up-stops",
    "`drizzle-kit up` of v1 stops at this migration (only with --for v1).",
    "It wants a snapshot of its own and an SQL file for every entry, and one folder name for each; for PostgreSQL also "
    "an unbroken chain of snapshots whose parents sort before their children. Where it stops, most of the time "
    "nothing was changed; over two folders of one name it stops half-way.",
    "Restore what is missing from git. A hand-written migration that never had a snapshot gets a copy of the one "
    "before it, with an id of its own; the next snapshot's prevId follows it.",
    "restore it from git",
)
UP_LOSES = Rule(
    "DG052",
    "v1-up-loses",
    "`drizzle-kit up` of v1 takes a wrong file here, or leaves one out (only with --for v1).",
    "It finds snapshots and missing SQL by the number in front of the name. Two migrations of one number get the same "
    "snapshot; one without its SQL file gets another file of that number, or, for SQLite and MySQL, is left out "
    "without a word.",
    "Give each migration a snapshot and an SQL file under its own number before you move to v1.",
    "give it files under a number of its own",
    by_hand="give it files under a number of its own by hand",
)
UP_SWAPS = Rule(
    "DG053",
    "v1-up-swaps",
    "v1 runs two migrations in another order than the journal has them (only with --for v1).",
    "v1 sorts its folders by the second of `when` and then by name. A new database would run them in another order "
    "than production did, and may end in another schema or stop.",
    "In the commit that runs `drizzle-kit up`, set the later one's `when` to at least one second after the other's: "
    "v1 then finds its row in each database by the hash of its SQL. Do not deploy that `when` with 0.x.",
    "set its `when` a second later, in the very commit that runs drizzle-kit up",
)

_FIRST = (NO_PARENT, "")


def up_findings(folder: Subject) -> Iterator[Finding]:
    """Everything that `drizzle-kit up` of v1 would stop at, lose or put in another order."""
    names = [folder_of(entry) for entry in folder.history.entries]
    yield from _unnamed(folder, names)
    yield from _snapshots(folder)
    yield from _sql(folder)
    yield from _same_folder(folder, names)
    stopped = list(_chain(folder, names)) if folder.history.journal.dialect == "postgresql" else []
    yield from stopped
    told = {finding.entries[-1] for finding in stopped}
    yield from (finding for finding in _swapped(folder, names) if finding.entries[-1] not in told)


def folder_of(entry: Entry) -> str | None:
    """The name of the folder that an entry becomes; None if its `when` is no time that JavaScript can show."""
    from datetime import datetime, timedelta, timezone  # late: only this question needs it

    if entry.when is None or entry.when < 0:
        return None
    try:
        second = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=entry.when // 1000)
    except OverflowError:
        return None
    return f"{second:%Y%m%d%H%M%S}_{entry.suffix}"


def _unnamed(folder: Subject, names: list[str | None]) -> Iterator[Finding]:
    for position, name in enumerate(names):
        if name is None:
            message = f"{folder.tag(position)} has no `when` from which v1 could name its folder."
            yield _at(UP_STOPS, folder, position, message, "give it the `when` at which it was made")


def _snapshots(folder: Subject) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for position, entry in enumerate(folder.history.entries):
        path = snapshot_path(entry.prefix)
        if path not in folder.history.files:
            yield _at(
                UP_STOPS,
                folder,
                position,
                f"{folder.tag(position)} has no snapshot ({printable(path)}).",
                "restore it from git; if it never had one: copy the snapshot before it to that name, give the copy a "
                "new id and that one's id as prevId, and the next snapshot the new id as prevId",
            )
            continue
        earlier = first.setdefault(entry.prefix, position)
        if earlier != position:
            message = f"{folder.tag(earlier)} and {folder.tag(position)} would get the same snapshot ({path})."
            yield UP_LOSES.at(
                folder.history.journal_path,
                message,
                fix="give the second a number of its own by hand",
                entries=(earlier, position),
            )


def _sql(folder: Subject) -> Iterator[Finding]:
    top = [path for path in folder.history.files if "/" not in path and path.endswith(".sql")]
    for position, entry in enumerate(folder.history.entries):
        if sql_path(entry.tag) in folder.history.files:
            continue
        others = sorted(path for path in top if path.startswith(f"{entry.prefix}_"))
        tag = folder.tag(position)
        if len(others) > 1:
            message = f"{tag} has no SQL file, and {len(others)} others begin with its number."
            yield _at(UP_STOPS, folder, position, message)
        elif others:
            yield _at(UP_LOSES, folder, position, f"{tag} has no SQL file; it would get {printable(others[0])}.")
        elif folder.history.journal.dialect == "postgresql":
            yield _at(UP_STOPS, folder, position, f"{tag} has no SQL file.")
        else:
            yield _at(UP_LOSES, folder, position, f"{tag} has no SQL file; it would be left out without a word.")


def _same_folder(folder: Subject, names: list[str | None]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for position, name in enumerate(names):
        if name is None:
            continue
        earlier = first.setdefault(name, position)
        if earlier != position:
            message = f"{folder.tag(earlier)} and {folder.tag(position)} would both become {printable(name)}."
            yield UP_STOPS.at(folder.history.journal_path, message, fix=UP_SWAPS.fix, entries=(earlier, position))


def _chain(folder: Subject, names: list[str | None]) -> Iterator[Finding]:
    """PostgreSQL: each parent must be there and sort before its child, and only one snapshot may have none."""
    entries = folder.history.entries
    read = [folder.snapshots.get(snapshot_path(entry.prefix)) for entry in entries]
    if any(snapshot_path(entry.prefix) not in folder.history.files for entry in entries):
        return  # drizzle-kit does not get that far, and what is missing may be the parent
    places = {snapshot.id: position for position, snapshot in enumerate(read) if snapshot is not None}
    beginning: int | None = None
    for position, snapshot in enumerate(read):
        if snapshot is None:
            continue
        path = join(folder.history.name, snapshot_path(entries[position].prefix))
        file = (snapshot_path(entries[position].prefix),)
        if snapshot.prev in _FIRST:
            if beginning is not None:
                message = f"{folder.tag(beginning)} and {folder.tag(position)} both have a snapshot without a parent."
                fix = "drizzle-guard check --fix"
                yield UP_STOPS.at(path, message, fix=fix, line=snapshot.line, entries=(position,), files=file)
            beginning = position if beginning is None else beginning
            continue
        parent = places.get(snapshot.prev)
        if parent is None:
            message = f"the snapshot of {folder.tag(position)} follows one that no migration here has."
            fix = "drizzle-guard check --fix"
            yield UP_STOPS.at(path, message, fix=fix, line=snapshot.line, entries=(position,), files=file)
            continue
        before, after = names[parent], names[position]
        if before is not None and after is not None and in_order((before, after))[0] != before:
            message = f"{folder.tag(position)} would sort before {folder.tag(parent)}, which it builds on."
            yield UP_STOPS.at(folder.history.journal_path, message, fix=UP_SWAPS.fix, entries=(parent, position))


def _swapped(folder: Subject, names: list[str | None]) -> Iterator[Finding]:
    """Entries that sort before one that the journal has in front of them, each against the one it falls behind most."""
    top: int | None = None
    for position, name in enumerate(names):
        if name is None:
            continue
        highest = None if top is None else names[top]
        if top is not None and highest is not None and name != highest and in_order((highest, name))[0] == name:
            message = f"{folder.tag(position)} would run before {folder.tag(top)}."
            yield UP_SWAPS.at(folder.history.journal_path, message, entries=(top, position))
        else:
            top = position


def _at(rule: Rule, folder: Subject, position: int, message: str, fix: str | None = None) -> Finding:
    return rule.at(folder.history.journal_path, message, fix=fix, entries=(position,))
