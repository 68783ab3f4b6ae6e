"""Folders in Drizzle v1's layout: what drizzle-kit's own `check` leaves to others.

v1 has no journal: the migrator runs the folders `<second>_<name>` that the table does not name, in the order of their
names, and `drizzle-kit check` compares snapshots along their `prevIds` (drizzle-kit 1.0.0-rc.5).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from drizzle_guard.drizzle.folder import Blob, join
from drizzle_guard.drizzle.json_text import parse
from drizzle_guard.drizzle.v1 import SECOND, SNAPSHOT, SQL, in_order
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.light import NamedTuple
from drizzle_guard.rules.entries import SAME_SECOND
from drizzle_guard.rules.files import MISSING_SQL, ORPHAN_SQL, STRAY_FILE, sql_bytes
from drizzle_guard.rules.mainline import NOT_AFTER_MAINLINE
from drizzle_guard.rules.model import Finding, Rule
from drizzle_guard.rules.names import UNPORTABLE_NAME, name_clashes
from drizzle_guard.rules.reading import CONFLICT_MARKERS, json_faults, load
from drizzle_guard.rules.snapshots import (
    BROKEN_PREV_ID,
    DUPLICATE_SNAPSHOT_ID,
    MISSING_SNAPSHOT,
    NO_PARENT,
    SHARED_PREV_ID,
)


class V1Mainline(NamedTuple):
    """What the mainline has of a v1 folder: its name, the migrations of its tip, and all that count as published."""

    name: str
    tip: tuple[str, ...]
    published: frozenset[str]


class _Node(NamedTuple):
    """One snapshot: its id, and those of its parents."""

    id: str
    parents: tuple[str, ...]


def v1_findings(
    name: str,
    migrations: list[str],
    files: Mapping[str, Blob],
    lf_in_git: Collection[str],
    tick: Callable[[], None],
    mainline: V1Mainline | None = None,
) -> Iterator[Finding]:
    """What is wrong in a v1 folder.

    `migrations` are the names of its migrations, sorted; `files` maps paths inside the folder to blobs; `lf_in_git`
    are the paths to which the checkout gave CRLF; `tick` is called for each file that was read; `mainline` is what is
    published (None: not known).
    """
    for position, migration in enumerate(migrations):
        shown = printable(migration)
        sql, snapshot = f"{migration}/{SQL}", f"{migration}/{SNAPSHOT}"
        if sql in files:
            yield from map(_by_hand, sql_bytes(sql, files[sql], git_has_lf=sql in lf_in_git))
        else:
            message = f"{shown} has no {SQL}."
            yield MISSING_SQL.at(join(name, migration), message, files=(sql,))
        if snapshot in files:
            yield from _snapshot(snapshot, files[snapshot])
        else:
            message = f"{shown} has no {SNAPSHOT}."
            mild = position < len(migrations) - 1
            yield MISSING_SNAPSHOT.at(join(name, migration), message, files=(snapshot,), mild=mild)
        if position and migrations[position - 1][:SECOND] == migration[:SECOND]:
            message = f"{printable(migrations[position - 1])} and {shown} are of the same second: they run by name."
            yield SAME_SECOND.at(join(name, migration), message, files=(sql,))
        tick()
    published = frozenset() if mainline is None else mainline.published
    yield from _graph(name, migrations, files, published)
    if mainline is not None:
        yield from _order(name, migrations, mainline)
    yield from _strays(name, files)
    for path, message in name_clashes(migrations):
        yield UNPORTABLE_NAME.at(join(name, path), message, files=(path,), mild=True)


def _snapshot(path: str, blob: Blob) -> Iterator[Finding]:
    data = load(blob, path)
    if isinstance(data, Finding):
        yield data
    else:
        yield from map(_by_hand, json_faults(data, blob.name or path, path))


def _by_hand(finding: Finding) -> Finding:
    """A finding as it is said of v1's folders, in which `renumber` merges nothing."""
    return finding._replace(fix=CONFLICT_MARKERS.by_hand) if finding.rule is CONFLICT_MARKERS else finding


def _graph(
    name: str, migrations: Sequence[str], files: Mapping[str, Blob], published: Collection[str]
) -> Iterator[Finding]:
    """What is wrong in the graph that the snapshots make by their `prevIds`."""
    nodes = {m: node for m in migrations if (node := _node(files.get(f"{m}/{SNAPSHOT}"))) is not None}
    whole = len(nodes) == len(migrations)  # else the one that cannot be read, which is said, may be the missing parent
    holders: dict[str, list[str]] = {}
    for migration, node in nodes.items():
        holders.setdefault(node.id, []).append(migration)
    for same in (same for same in holders.values() if len(same) > 1):
        message = f"{' and '.join(map(printable, same))} have the same snapshot id."
        fix = "make the copied one again: drizzle-kit generate --custom"
        yield _at(DUPLICATE_SNAPSHOT_ID, name, same[-1], message, fix, all(m in published for m in same))
    for migration, node in nodes.items():
        shown = printable(migration)
        for parent in node.parents:
            if parent == NO_PARENT:
                continue
            if parent not in holders:
                if not whole:
                    continue
                message = f"the snapshot of {shown} names a parent that no migration here has."
                yield _at(BROKEN_PREV_ID, name, migration, message, "restore it from git", migration in published)
            elif parent == node.id:
                message = f"the snapshot of {shown} names itself as its parent."
                yield _at(BROKEN_PREV_ID, name, migration, message, "generate it again", migration in published)
            elif in_order((migration, holders[parent][0]))[0] == migration:
                message = f"{shown} sorts before {printable(holders[parent][0])}, which its snapshot builds on."
                fix = "give it a later second: rename its folder, if it is not published"
                yield _at(BROKEN_PREV_ID, name, migration, message, fix, migration in published)
    followed = {parent for node in nodes.values() for parent in node.parents}
    leaves = [migration for migration, node in nodes.items() if node.id not in followed]
    if whole and len(leaves) > 1 and len({nodes[leaf].id for leaf in leaves}) > 1:
        listed = " and ".join(map(printable, leaves))
        message = f"{listed} are both the newest: their branches have met, and no snapshot joins them yet."
        fix = "the next drizzle-kit generate that finds a change joins them"
        yield _at(SHARED_PREV_ID, name, leaves[-1], message, fix, False)._replace(advice=True, fatal=False)


def _node(blob: Blob | None) -> _Node | None:
    """The ids of a snapshot; None where they cannot be read (that is said elsewhere)."""
    try:
        body: Any = None if blob is None else parse(blob.data, blob.name)
    except (GuardError, OSError, RecursionError):
        return None
    if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not isinstance(body.get("prevIds"), list):
        return None
    return _Node(body["id"], tuple(parent for parent in body["prevIds"] if isinstance(parent, str)))


def _order(name: str, migrations: Sequence[str], mainline: V1Mainline) -> Iterator[Finding]:
    """Own migrations that a new database runs before the mainline's newest, and production after it."""
    newest = in_order(mainline.tip)[-1] if mainline.tip else ""
    for migration in migrations:
        if newest and migration not in mainline.published and in_order((migration, newest))[0] == migration:
            message = (
                f"{printable(migration)} sorts before {printable(newest)} of {printable(mainline.name)}: a new "
                "database runs it earlier than production does."
            )
            yield _at(NOT_AFTER_MAINLINE, name, migration, message, "drizzle-guard renumber", False)


def _at(rule: Rule, name: str, migration: str, message: str, fix: str, mild: bool) -> Finding:
    file = SQL if rule is NOT_AFTER_MAINLINE else SNAPSHOT
    path = f"{migration}/{file}"
    return rule.at(join(name, path), message, fix=fix, files=(path,), mild=mild)


def _strays(name: str, files: Mapping[str, Blob]) -> Iterator[Finding]:
    for path in sorted(files):
        directory, _, file = path.rpartition("/")
        if directory and file not in (SQL, SNAPSHOT):
            message = f"{printable(path)} is neither {SQL} nor {SNAPSHOT}: Drizzle does not read it."
            yield STRAY_FILE.at(join(name, path), message, files=(path,), mild=True)
        elif not directory and file.endswith(".sql"):
            message = f"{printable(path)} is not in a folder of its own, so Drizzle v1 never runs it."
            yield ORPHAN_SQL.at(join(name, path), message, files=(path,), mild=True)
