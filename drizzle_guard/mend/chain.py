"""Puts the snapshots of a folder into one chain again, in the journal's order, and merges their bodies along it.

No migrator reads snapshots (drizzle-orm 0.45 reads the journal and the SQL alone), so this may be done to published
migrations.  drizzle-kit 0.31 refuses to work where two snapshots have one parent, and compares the schema with the
last one; so the chain must be single, and the newest body must hold what every migration before it did.

A snapshot that was generated from another one than the snapshot before it is replayed: what changed from its own
parent to it is merged onto the one before it, as in a merge of branches.  Where both changed one object differently,
the later migration's version stands, as it does in a database that ran both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from drizzle_guard.drizzle.folder import Blob, Folder
from drizzle_guard.drizzle.journal import snapshot_path
from drizzle_guard.drizzle.snapshot import (
    COLLECTIONS,
    MISSING,
    Path,
    chained,
    derived_id,
    dump_snapshot,
    merge,
    previous_id,
    read_snapshot,
    rechain_bytes,
    same_schema,
    snapshot_id,
)
from drizzle_guard.errors import GuardError
from drizzle_guard.light import NamedTuple
from drizzle_guard.rules.snapshots import NO_PARENT
from drizzle_guard.sql.statements import actions, decode

Body = dict[str, Any]


class Link(NamedTuple):
    """One snapshot of the row: its path, its file, the position of its entry, and its ids as they were."""

    path: str
    blob: Blob
    position: int
    id: str
    prev: str


class Relinked(NamedTuple):
    """A snapshot that changes: the new file, and what was done (`chained`, `renamed` its id, `merged` its body)."""

    path: str
    blob: Blob
    done: str


def rechain(folder: Folder, lossy: Collection[str] = ()) -> list[Relinked]:
    """The snapshots that have to change so that the chain is single and in order.

    `lossy` are paths of snapshots that lack what the one before them has, though their parent is right.  Empty if a
    snapshot cannot be read: then nothing is known of the chain.
    """
    try:
        row = _row(folder)
        return list(_Chain(folder, row, lossy).relinked()) if row else []
    except (GuardError, OSError, RecursionError):
        return []


def _row(folder: Folder) -> list[Link]:
    links = []
    for position, migration in enumerate(folder.migrations):
        if migration.snapshot is not None:
            blob, path = migration.snapshot, snapshot_path(migration.entry.prefix)
            own, prev = snapshot_id(blob), previous_id(blob)
            if own is None or prev is None:
                raise GuardError(f"{path} has no id and prevId.")
            links.append(Link(path, blob, position, own, prev))
    return links


class _Chain:
    def __init__(self, folder: Folder, row: list[Link], lossy: Collection[str]) -> None:
        self._folder, self._row, self._lossy = folder, row, lossy
        self._used: set[str] = set()

    def relinked(self) -> list[Relinked]:
        found = []
        tip: Body | None = None  # as it is now, if it is not what the file says
        last: str | None = None
        for at, link in enumerate(self._row):
            new_id = (
                link.id if link.id not in self._used else derived_id(link.id, self._folder.entries[link.position].tag)
            )
            self._used.add(new_id)
            prev = self._wanted_prev(link, last)
            body = self._body(at, tip)
            if body is None and (new_id, prev) == (link.id, link.prev):
                tip = None
            else:
                relinked, tip = self._change(link, body, prev, new_id)
                found.append(relinked)
            last = new_id
        return found

    def _wanted_prev(self, link: Link, last: str | None) -> str:
        if last is not None:
            return last
        # `drizzle-kit pull` writes its first snapshot with an empty prevId
        return link.prev if link.prev in ("", NO_PARENT) else NO_PARENT

    def _body(self, at: int, tip: Body | None) -> Body | None:
        """The merged body of a snapshot; None if its file holds it."""
        link = self._row[at]
        if at == 0:
            return None
        base = self._made_from(at)
        if base is None or (base == at - 1 and tip is None):
            return None
        own, old = read_snapshot(link.blob), read_snapshot(self._row[base].blob)
        onto = read_snapshot(self._row[at - 1].blob) if tip is None else tip
        if any(own.get(key) != onto.get(key) or own.get(key) != old.get(key) for key in ("version", "dialect")):
            return None
        # what the one before it lacks without any SQL that drops it was lost there, not taken away
        onto = _restored(old, onto, self._gone(base, at))
        merged = merge(old, onto, own)
        body = merged.body
        for path in merged.conflicts:
            _put(body, path, _get(own, path))
        for path in self._dropped(base, at, onto, old):
            _put(body, path, MISSING)
        return None if same_schema(body, own) else body

    def _made_from(self, at: int) -> int | None:
        """The place in the row of the snapshot from which this one was generated; None if it cannot be told."""
        link = self._row[at]
        before = [n for n in range(at) if self._row[n].id == link.prev]
        if not before:
            return None
        if before[-1] == at - 1 and link.path in self._lossy:
            return self._fork(at)
        return before[-1]

    def _fork(self, at: int) -> int | None:
        """Where a chain was mended by hand without the bodies: the snapshot that this one's body continues.

        It holds nothing of what the snapshots in between brought, and all that the one from which it was made had.
        """
        own = _objects(read_snapshot(self._row[at].blob))
        tip = _objects(read_snapshot(self._row[at - 1].blob))
        for n in range(at - 2, -1, -1):
            old = _objects(read_snapshot(self._row[n].blob))
            if old <= own:
                return n if tip - old and not (tip - old) & own else None
        return None

    def _dropped(self, base: int, at: int, onto: Body, old: Body) -> list[Path]:
        """Objects that the merge would bring in, though a migration behind the base drops them by hand."""
        new = _objects(onto) - _objects(old)
        if not new:
            return []
        gone: list[Path] = []
        position = self._row[at].position
        sql = self._folder.migrations[position].sql
        for action in actions(decode(sql.data)) if sql is not None else ():
            if action.verb == "drop":
                for table, column in new:
                    name = table.rpartition(".")[2].lower()
                    if action.kind == "table" and action.name == (name,) and not column:
                        gone.append(("tables", table))
                    elif action.kind == "column" and action.name == (name, column.lower()):
                        gone.append(("tables", table, "columns", column))
        return gone

    def _gone(self, base: int, at: int) -> set[str]:
        """The names that the migrations between two snapshots drop, rename, or make anew (SQLite's `__new_` tables)."""
        start, end = self._row[base].position, self._row[at].position
        names: set[str] = set()
        for migration in self._folder.migrations[start + 1 : end]:
            for action in actions(decode(migration.sql.data)) if migration.sql is not None else ():
                if action.verb == "drop":
                    names.update(action.name)
                elif action.name[0].startswith("__new_"):
                    names.add(action.name[0].removeprefix("__new_"))
        return names

    def _change(self, link: Link, body: Body | None, prev: str, new_id: str) -> tuple[Relinked, Body | None]:
        done = "merged" if body is not None else "chained" if new_id == link.id else "renamed"
        if done == "chained" and (data := rechain_bytes(link.blob.data, link.prev, prev)) is not None:
            return Relinked(link.path, Blob.of(data, link.blob.name, link.blob.mode), done), None
        whole = chained(read_snapshot(link.blob) if body is None else body, prev_id=prev, new_id=new_id)
        blob = Blob.of(dump_snapshot(whole, link.blob), link.blob.name, link.blob.mode)
        return Relinked(link.path, blob, done), None if body is None else whole


def _objects(body: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The tables and columns of a snapshot: (table, "") and (table, column)."""
    found: set[tuple[str, str]] = set()
    tables = body.get("tables")
    for name, table in tables.items() if isinstance(tables, dict) else ():
        found.add((name, ""))
        columns = table.get("columns") if isinstance(table, dict) else None
        found.update((name, column) for column in (columns if isinstance(columns, dict) else ()))
    return found


def _restored(old: Body, body: Body, gone: Collection[str], *, named: bool = False) -> Body:
    """A body with the objects of an older one that it lacks, except those of the names `gone`.

    `named`: the keys are names of objects.
    """
    found = dict(body)
    for key, value in old.items():
        name = key.rpartition(".")[2].lower()
        if named and name in gone:
            continue
        if key not in found:
            if named:
                found[key] = value
        elif isinstance(value, dict) and isinstance(found[key], dict):
            found[key] = _restored(value, found[key], gone, named=not named and key in COLLECTIONS)
    return found


def _get(body: Any, path: Path) -> Any:
    for key in path:
        if not isinstance(body, dict) or key not in body:
            return MISSING
        body = body[key]
    return body


def _put(body: Body, path: Path, value: Any) -> None:
    """Set what stands at a path (MISSING: take it away), without touching objects that other bodies share."""
    here: Any = body
    for key in path[:-1]:
        if not isinstance(here.get(key), dict):
            return
        here[key] = dict(here[key])
        here = here[key]
    if value is MISSING:
        here.pop(path[-1], None)
    else:
        here[path[-1]] = value
