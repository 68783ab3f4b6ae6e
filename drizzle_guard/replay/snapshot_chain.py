"""Second half of a replay: the snapshots of the moved migrations, each merged onto the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drizzle_guard.drizzle.folder import Blob, Migration
from drizzle_guard.drizzle.journal import Entry, snapshot_path
from drizzle_guard.drizzle.snapshot import (
    Path,
    chained,
    dangling,
    describe,
    dump_snapshot,
    merge,
    previous_id,
    read_snapshot,
    rechain_bytes,
    same_schema,
    snapshot_id,
)
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.replay.common_entries import Settled
from drizzle_guard.replay.plan import Refusal, Refused
from drizzle_guard.sql.statements import decode, statements

Body = dict[str, Any]


class Chain:
    """The running tip of the snapshots, as own migrations are put behind the mainline's.

    `start` stands for the predecessor of the first own snapshot, where a deletion must be carried over.  Bodies are
    only read when the tip and the branch's own predecessor differ.
    """

    def __init__(self, settled: Settled, *, start: Blob | None = None) -> None:
        kept = settled.kept
        self._blob = next((m.snapshot for m in reversed(kept) if m.snapshot), None)
        self._main_tip = self._blob
        self._tip: Body | None = None
        self._unseen = settled.unseen
        self._start = start
        self._read: tuple[Blob, Body] | None = None  # of the last file read, the next predecessor
        self._ids: set[str] = set()
        for migration in (*settled.new_on_main, *kept[-1:]):
            if migration.snapshot:
                self._note_id(migration.snapshot)
        self._last: tuple[Migration, Body, Body] | None = None  # own migration, its body on the branch, its body now

    def append(self, own: Migration, before: Blob | None, entry: Entry) -> tuple[Blob, str]:
        """The snapshot of `own` at its new place, and what was done to it; `before` is its predecessor on the branch.

        Raises Refused.
        """
        blob = own.snapshot
        assert blob is not None
        before, self._start = self._start or before, None
        path = snapshot_path(entry.prefix)
        if self._blob is None or (self._tip is None and before is not None and self._blob.id == before.id):
            return self._follow(blob, path)
        base = None if before is None else self._body(own, before)
        body, tip = self._body(own, blob), self._tip_body()
        if before is not None:
            self._note_id(before)
        self._same_version(own, body, tip)
        merged, conflicts = merge(base, tip, body)
        if conflicts:
            raise Refused(self._conflict(own, conflicts))
        prev, id_ = str(tip["id"]), str(body["id"])
        new_id = _derived_id(id_, entry.tag) if id_ in self._ids else None
        merged = chained(merged, prev_id=prev, new_id=new_id)
        self._ids.add(str(merged["id"]))
        self._last = (own, body, merged)
        self._tip, self._blob = merged, blob
        old_prev = body.get("prevId")
        if new_id is None and old_prev == prev and same_schema(merged, body):
            return blob, "kept"
        data = None
        if new_id is None and isinstance(old_prev, str) and same_schema(merged, body):
            data = rechain_bytes(blob.data, old_prev, prev)
        if data is not None:
            return Blob.of(data, path), "relinked"
        return Blob.of(dump_snapshot(merged, blob), path), "merged"

    def _follow(self, blob: Blob, path: str) -> tuple[Blob, str]:
        """The snapshot where nothing came in between: as it is, unless its prevId never was right."""
        data = None
        if self._blob is not None:
            prev, old = snapshot_id(self._blob), previous_id(blob)
            if prev is not None and old is not None and prev != old:
                data = rechain_bytes(blob.data, old, prev)
        self._blob = blob if data is None else Blob.of(data, path, mode=blob.mode)
        self._note_id(blob)
        return self._blob, "kept" if data is None else "relinked"

    def finish(self) -> None:
        """Check the newest snapshot as a whole.  Raises Refused if a key or index lost what it names."""
        if self._last is None or self._main_tip is None:
            return
        own, body, merged = self._last
        broken = dangling(merged) - dangling(body) - dangling(read_snapshot(self._main_tip))
        if broken:
            what, name = sorted(broken)[0]
            other = self._who_touched(name.lower())
            raise Refused(Refusal(f'{printable(what)} needs "{printable(name)}", which is gone', own.tag, other))

    def _note_id(self, blob: Blob) -> None:
        if (found := snapshot_id(blob)) is not None:
            self._ids.add(found)

    def _body(self, own: Migration, blob: Blob) -> Body:
        if self._read is None or self._read[0].id != blob.id:
            try:
                self._read = (blob, read_snapshot(blob))
            except GuardError as error:
                raise Refused(Refusal(error.message.rstrip("."), own=own.tag, way_out="edit")) from None
        return self._read[1]

    def _tip_body(self) -> Body:
        if self._tip is None:
            assert self._blob is not None
            try:
                self._tip = read_snapshot(self._blob)
            except GuardError as error:
                other = self._newest_unseen()
                raise Refused(Refusal(error.message.rstrip("."), other=other, way_out="edit")) from None
        return self._tip

    def _same_version(self, own: Migration, body: Body, tip: Body) -> None:
        for key in ("version", "dialect"):
            if body.get(key) != tip.get(key):
                versions = f"{body.get(key)!r} on the branch, {tip.get(key)!r} on the mainline"
                other = self._newest_unseen()
                reason = f"their snapshots have another {key} ({printable(versions)})"
                raise Refused(Refusal(reason, own.tag, other, way_out="up"))

    def _conflict(self, own: Migration, conflicts: Sequence[Path]) -> Refusal:
        path = conflicts[0]
        name = path[1].rpartition(".")[2] if len(path) > 1 else ""
        more = f" (and {len(conflicts) - 1} more)" if len(conflicts) > 1 else ""
        return Refusal(f"both sides change {describe(path)}{more}", own.tag, self._who_touched(name.lower()))

    def _who_touched(self, name: str) -> str:
        """The newest of the mainline's migrations that mentions a name; else its newest."""
        for migration in self._unseen[::-1]:
            if migration.sql and any(name in s.words for s in statements(decode(migration.sql.data))):
                return migration.entry.tag
        return self._newest_unseen()

    def _newest_unseen(self) -> str:
        return self._unseen[-1].tag if self._unseen else ""


def _derived_id(id_: str, tag: str) -> str:
    """A fresh id for a snapshot that was copied with its id; the same for the same migration every time."""
    from uuid import NAMESPACE_OID, uuid5  # late: hardly ever needed

    return str(uuid5(NAMESPACE_OID, f"{id_}/{tag.partition('_')[2]}"))
