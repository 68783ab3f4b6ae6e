"""Rules about snapshots: that each migration has its own, and that they form one chain in the journal's order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from drizzle_guard.drizzle.folder import join, snapshot_owners
from drizzle_guard.drizzle.journal import is_safe_tag, snapshot_path
from drizzle_guard.errors import printable
from drizzle_guard.rules.model import Finding, Rule, Subject

NO_PARENT = "00000000-0000-0000-0000-000000000000"
_SUFFIX = "_snapshot.json"

MISSING_SNAPSHOT = Rule(
    "DG021",
    "missing-snapshot",
    "A migration without a snapshot.",
    "drizzle-kit compares the schema with the last snapshot. If the newest migration has none, the next `generate` "
    "repeats what it did, and the deploy fails on `already exists`. Older ones that are missing only hurt when you "
    "move to v1: `drizzle-kit up` of v1 stops at the first.",
    "Restore it from git if it ever was there. A hand-written migration gets one from drizzle-kit: delete its "
    "unpublished entry and file, run `drizzle-kit generate --custom --name NAME` and paste the SQL.",
    "restore it from git, or make the migration with drizzle-kit generate --custom",
    published_fix="published: restore it from git if it ever was there; no command of drizzle-kit before v1 misses it",
)
SHARED_PREV_ID = Rule(
    "DG023",
    "shared-prev-id",
    "Two snapshots name the same parent.",
    "Both were generated from the same state on two branches. drizzle-kit calls that a collision: `check` fails, and "
    "`generate` writes nothing, with exit code 0. Changing `prevId` alone makes it quiet, but then the newest "
    "snapshot lacks the other branch's tables and the next `generate` creates them again.",
    "`drizzle-guard renumber` puts the unpublished one after the other and merges its snapshot.",
    "drizzle-guard renumber",
    by_hand="take one of the two out, and generate it anew behind the other",
    fatal=True,
)
BROKEN_PREV_ID = Rule(
    "DG024",
    "broken-prev-id",
    "A snapshot's prevId is not the snapshot before it.",
    "The chain says which state a migration was generated from. Where it breaks, a snapshot was overwritten, lost or "
    "put in by hand (two `generate` within one second with `prefix: 'timestamp'` do it), and its content may lack "
    "what the migration before it did.",
    "Your own: restore the snapshot from git, or delete the migration (entry, file, snapshot) and generate it again; "
    "`drizzle-kit generate` must then say that nothing changed. After a merge, `drizzle-guard renumber`. Old published "
    "ones do no harm.",
    "restore the snapshot from git, or generate the unpublished migration again",
)
DUPLICATE_SNAPSHOT_ID = Rule(
    "DG025",
    "duplicate-snapshot-id",
    "Two snapshots have the same id.",
    "A snapshot was copied by hand for another migration. What follows names its parent by id, so the chain has two "
    "readings, and the copy may not hold what its migration did.",
    "Your own: restore the original from git and let `drizzle-guard renumber` place it. For a hand-written migration "
    "use `drizzle-kit generate --custom`, which copies the snapshot with a new id.",
    "drizzle-guard renumber",
    by_hand="make the hand-written one anew with drizzle-kit generate --custom, which gives the copy an id of its own",
)
SHARED_SNAPSHOT = Rule(
    "DG026",
    "shared-snapshot",
    "Two migrations share one snapshot file.",
    "The number before the first `_` names the snapshot, so two tags with the same number have one file. If both "
    "were generated, one overwrote the other; drizzle-kit of v1 gives both the same state when you move.",
    "Give the unpublished one its own number: `drizzle-guard renumber`.",
    "drizzle-guard renumber",
    by_hand="give one of them a number and a snapshot of its own by hand",
)
ORPHAN_SNAPSHOT = Rule(
    "DG027",
    "orphan-snapshot",
    "A snapshot that belongs to no journal entry.",
    "drizzle-kit reads all snapshots, whether the journal knows them or not. A leftover can be taken for the present "
    "state or collide with another one's prevId.",
    "If its migration got lost in a merge, bring that back with `drizzle-guard renumber`; else delete the file.",
    "delete it, or bring its migration back with drizzle-guard renumber",
)
NEWEST_NOT_LAST = Rule(
    "DG028",
    "newest-not-last",
    "The last snapshot by name is not the newest migration's.",
    "drizzle-kit does not ask the journal: the snapshot whose name sorts last is the present state. The next "
    "`generate` compares with the wrong schema and repeats or reverts changes. Leftovers, changed prefix styles and "
    "numbers that outgrow their digits (10000 sorts before 9999) do it.",
    "Delete the snapshot that is left over, or rename the newest migration (file, tag, snapshot) so that it sorts "
    "last.",
    "delete the leftover snapshot, or number the newest migration above it",
)


#: said of the newest, published or not
_MAKE_NEWEST = "restore it from git, or have drizzle-kit make it: drizzle-guard check --fix"


def missing_snapshot(folder: Subject) -> Iterator[Finding]:
    """DG021: an entry whose prefix has no snapshot file.  Mild unless it is the newest."""
    last = len(folder.history.entries) - 1
    for position, entry in enumerate(folder.history.entries):
        path = snapshot_path(entry.prefix)
        if path in folder.history.files or not entry.prefix or not is_safe_tag(entry.tag):
            continue
        newest = ", the newest migration," if position == last else ""
        message = f"{folder.tag(position)}{newest} has no snapshot ({printable(path)})."
        yield MISSING_SNAPSHOT.at(
            folder.history.journal_path,
            message,
            fix=_MAKE_NEWEST if position == last and len(folder.history.entries) > 1 else None,
            entries=(position,),
            files=(path,),
            mild=position < last,
        )


def shared_prev_id(folder: Subject) -> Iterator[Finding]:
    """DG023: snapshots with one parent (drizzle-kit 0.31, validateWithReport)."""
    for prev, paths in _groups({path: found.prev for path, found in folder.snapshots.items()}):
        parent = "no parent" if prev == NO_PARENT else f"the parent {printable(prev[:8])}"
        count = "both" if len(paths) == 2 else "all"
        message = f"{shown_paths(paths)} {count} have {parent}: drizzle-kit stops with a collision."
        yield on_snapshots(SHARED_PREV_ID, folder, paths, message)


def broken_prev_id(folder: Subject) -> Iterator[Finding]:
    """DG024: a prevId that is not the id before it, where a missing snapshot or a shared parent does not explain it."""
    ids = {found.id: path for path, found in folder.snapshots.items()}
    children = Counter(found.prev for found in folder.snapshots.values())
    copies = Counter(found.id for found in folder.snapshots.values())
    before, gap = NO_PARENT, False
    own = list(_own_snapshots(folder))
    for position, path in own:
        found = folder.snapshots.get(path)
        if found is None:
            gap = True
            continue
        if position == 0 and found.prev == "":  # as `drizzle-kit pull` writes the first one
            before, gap = found.id, False
            continue
        explained = children[found.prev] > 1 or (gap and found.prev not in ids)
        if not position and found.prev == "":  # as `drizzle-kit pull` writes its first one
            before = found.prev
        if (found.prev != before and not explained) or (found.prev == found.id and copies[found.id] == 1):
            what = "itself" if found.prev == found.id else _parent(found.prev, ids)
            expected = "; the first has none" if before == NO_PARENT and not gap else ", not the snapshot before it"
            message = f"{printable(path)} names {what} as its parent{expected}."
            yield BROKEN_PREV_ID.at(
                join(folder.history.name, path),
                message,
                line=found.line,
                entries=(position,),
                files=(path,),
                mild=path != own[-1][1],
            )
        before, gap = found.id, False


def duplicate_snapshot_id(folder: Subject) -> Iterator[Finding]:
    """DG025: snapshots with one id.  Mild if the newest migration's is not among them."""
    entries = folder.history.entries
    newest = snapshot_path(entries[-1].prefix) if entries else ""
    for own, paths in _groups({path: found.id for path, found in folder.snapshots.items()}):
        message = f"{shown_paths(paths)} have the same id {printable(own[:8])}"
        found = on_snapshots(DUPLICATE_SNAPSHOT_ID, folder, paths, message + ".")
        yield found._replace(mild=newest not in paths)


def shared_snapshot(folder: Subject) -> Iterator[Finding]:
    """DG026: an entry whose prefix an earlier one has.  Mild unless it is the newest."""
    entries = folder.history.entries
    owners = snapshot_owners(entries)
    for position, entry in enumerate(entries):
        owner = owners[entry.prefix]
        if owner == position or not entry.prefix or entries[owner].tag == entry.tag:
            continue
        path = snapshot_path(entry.prefix)
        message = f"{folder.tag(owner)} and {folder.tag(position)} share {printable(path)}."
        yield SHARED_SNAPSHOT.at(
            folder.history.journal_path,
            message,
            entries=(owner, position),
            files=(path,),
            mild=position < len(entries) - 1,
        )


def stray_order(folder: Subject) -> Iterator[Finding]:
    """DG027 and DG028: snapshots without an entry, and whether the newest migration's snapshot sorts last."""
    entries = folder.history.entries
    owned = {snapshot_path(entry.prefix) for entry in entries}
    snapshots = sorted(path for path in folder.history.files if is_snapshot(path))
    newest = snapshot_path(entries[-1].prefix) if entries else ""
    wrong = snapshots[-1] if newest in snapshots and snapshots[-1] != newest else None
    if wrong is not None:
        message = f"drizzle-kit takes {printable(wrong)} for the present state, not {printable(newest)}."
        yield NEWEST_NOT_LAST.at(
            join(folder.history.name, wrong), message, entries=(len(entries) - 1,), files=(newest, wrong)
        )
    for path in snapshots:
        if path not in owned and path != wrong:
            message = f"{printable(path)} belongs to no migration in the journal."
            yield ORPHAN_SNAPSHOT.at(join(folder.history.name, path), message, files=(path,), mild=path < newest)


def is_snapshot(path: str) -> bool:
    """Whether drizzle-kit reads the file as a snapshot, and it is named like one."""
    return path.startswith("meta/") and not path.startswith("meta/_") and path.endswith(_SUFFIX)


def _own_snapshots(folder: Subject) -> Iterator[tuple[int, str]]:
    """Each prefix once, in the journal's order: the position of its first entry, and its snapshot's path."""
    owners = snapshot_owners(folder.history.entries)
    for position, entry in enumerate(folder.history.entries):
        if entry.prefix and owners[entry.prefix] == position:
            yield position, snapshot_path(entry.prefix)


def _groups(keys: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """The snapshots that have one key, in the order of their names."""
    groups: dict[str, list[str]] = {}
    for path, key in keys.items():
        groups.setdefault(key, []).append(path)
    return ((key, paths) for key, paths in groups.items() if len(paths) > 1)


def on_snapshots(rule: Rule, folder: Subject, paths: list[str], message: str) -> Finding:
    """A finding about several snapshots, placed at the last of them."""
    positions = {path: position for position, path in _own_snapshots(folder)}
    last = paths[-1]
    entries = tuple(sorted(positions[path] for path in paths if path in positions))
    found = folder.snapshots[last]
    return rule.at(join(folder.history.name, last), message, line=found.line, entries=entries, files=tuple(paths))


def _parent(prev: str, ids: dict[str, str]) -> str:
    if prev in ids:
        return printable(ids[prev])
    return "none" if prev == NO_PARENT else f"an unknown snapshot ({printable(prev[:8])})"


def shown_paths(paths: Iterable[str]) -> str:
    """Paths in a sentence, the first few of many."""
    shown = [printable(path) for path in paths]
    if len(shown) > 4:
        shown = [*shown[:3], f"{len(shown) - 3} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
