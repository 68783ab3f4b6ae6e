"""Second half of a replay: the snapshots of the moved migrations, each merged onto the one before it.

What a migration changed is told by the snapshot that its own was made from.  That is the one before it on the branch;
if its `prevId` names another one, it may be either, and what is as in one of the two is no change (`merge`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial

from drizzle_guard.drizzle.folder import Blob, Migration
from drizzle_guard.drizzle.journal import Entry, snapshot_path
from drizzle_guard.drizzle.snapshot import (
    Path,
    chained,
    dangling,
    derived_id,
    describe,
    dump_snapshot,
    lacking,
    merge,
    previous_id,
    read_snapshot,
    rechain_bytes,
    same_schema,
    snapshot_id,
)
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.light import Any, Literal
from drizzle_guard.replay.common_entries import Settled
from drizzle_guard.replay.made_from import with_done_by_sql
from drizzle_guard.replay.origins import Origins
from drizzle_guard.replay.plan import Refusal, Refused, WayOut
from drizzle_guard.rules.contents import Contents, tables_of
from drizzle_guard.sql.statements import decode, statements

Body = dict[str, Any]
Done = Literal["", "kept", "relinked", "merged", "copied"]


@lru_cache(maxsize=4)
def _read(blob: Blob) -> Body:
    """A snapshot's body, which nobody changes: the next predecessor, or what a hundred branches have in common."""
    return read_snapshot(blob)


class Chain:
    """The running tip of the snapshots, as own migrations are put behind the mainline's.

    `start` stands for the predecessor of the first own snapshot, where a deletion must be carried over.  Bodies are
    only read when the tip and the branch's own predecessor differ.  `links` are id and prevId of what stands at the
    end of the row, by path, and `contents` compares those that were merged, for the rules; `is_odd` says
    that the branch's row was not as drizzle-kit makes it.
    """

    def __init__(self, settled: Settled, *, start: Blob | None = None) -> None:
        kept = settled.kept
        self._blob = next((m.snapshot for m in reversed(kept) if m.snapshot), None)
        self._main_tip = self._blob
        self._tip: Body | None = None
        self._unseen = settled.unseen
        self._start = start
        self._last: tuple[Migration, Body, Body] | None = None  # own migration, its body on the branch, its body now
        # ids that are taken; one of these may be of a published snapshot that only the branch edited, and then copied
        self._ids = {id_ for m in settled.put_back if m.snapshot and (id_ := snapshot_id(m.snapshot))}
        self.links: dict[str, tuple[str, str]] = {}
        self.contents = Contents()
        self.is_odd = False
        self._files = {m.snapshot.id for m in kept if m.snapshot}
        last = next((m for m in reversed(kept) if m.snapshot), None)
        self._tip_path = "" if last is None else snapshot_path(last.entry.prefix)
        new = {m.tag for m in settled.new_on_main}
        for migration in kept:
            if migration.snapshot and (migration is last or migration.tag in new):
                self._note(snapshot_path(migration.entry.prefix), migration.snapshot)

    def append(self, own: Migration, origins: Origins, entry: Entry) -> tuple[Blob, Done]:
        """The snapshot of `own` at its new place, and what was done to it; `origins` is what it was made from.

        Raises Refused, and GuardError for a snapshot of the branch's that cannot be read.
        """
        blob = own.snapshot
        assert blob is not None
        if self._start is not None:
            origins, self._start = Origins(self._start), None
            self._tip_path = ""  # what it lacks of that, it is to lack
        before, named = origins.before, origins.named
        path = snapshot_path(entry.prefix)
        self.is_odd = self.is_odd or named is not None or origins.unknown
        copied = blob.id in self._files or (id_ := snapshot_id(blob)) is None or id_ in self._ids
        at_tip = self._blob is None or (self._tip is None and before is not None and self._blob.id == before.id)
        self.is_odd = self.is_odd or copied
        if origins.unknown and before is not None:
            _refuse_lost(own, self._body(before), self._body(blob), origins.sql)
        if self._blob is None or (at_tip and named is None and not copied):
            return self._follow(blob, path)
        base = None if before is None else self._body(before)
        body, tip = self._body(blob), self._tip_body()
        other = None
        if named is not None and base is not None:
            other = with_done_by_sql(base, self._body(named), body, origins.sql)
        for known in (before, named):
            if known is not None:
                self._ids.add(snapshot_id(known) or "")
        self._same_version(own, body, tip)
        merged, conflicts = merge(base, tip, body, or_base=other)
        if conflicts:
            raise Refused(self._conflict(own, conflicts))
        prev, id_ = str(tip["id"]), str(body["id"])
        new_id = derived_id(id_, entry.tag) if copied or id_ in self._ids else None
        merged = chained(merged, prev_id=prev, new_id=new_id)
        self._add(path, str(merged["id"]), prev)
        self._files.add(blob.id)
        if self._tip_path:
            self.contents.add(self._tip_path, tables_of(tip))
            self._tip_path = ""
        self.contents.add(path, tables_of(merged))
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
        return Blob.later(partial(dump_snapshot, merged, blob), path), "merged"

    def _follow(self, blob: Blob, path: str) -> tuple[Blob, Done]:
        """The snapshot where nothing came in between: as it is, unless its prevId never was right."""
        data = None
        prev = previous_id(blob)
        if self._blob is not None:
            tip = snapshot_id(self._blob)
            if tip is not None and prev is not None and prev != tip:
                data, prev = rechain_bytes(blob.data, prev, tip), tip
        self._files.add(blob.id)
        self._blob = blob if data is None else Blob.of(data, path, mode=blob.mode)
        self._tip_path = path
        self._add(path, snapshot_id(blob) or "", prev or "")
        return self._blob, "kept" if data is None else "relinked"

    def repeat(self, own: Migration, entry: Entry) -> Blob | None:
        """A snapshot for `own`, which shared another migration's: the one before it again, under an id of its own.

        That is what `drizzle-kit generate --custom` writes.  None if there is none before it.
        """
        if self._blob is None:
            return None
        path, tip = snapshot_path(entry.prefix), self._tip_body()
        prev = str(tip["id"])
        body = chained(tip, prev_id=prev, new_id=derived_id(prev, entry.tag))
        self._add(path, str(body["id"]), prev)
        data = dump_snapshot(body, self._blob)
        self._tip, self._tip_path, self._blob = body, path, Blob.of(data, path)
        return self._blob

    def finish(self) -> None:
        """Check the newest snapshot as a whole.  Raises Refused if a key or index lost what it names."""
        if self._last is None or self._main_tip is None:
            return
        own, body, merged = self._last
        broken = dangling(merged)
        if broken and (broken := broken - dangling(body) - dangling(_read(self._main_tip))):
            what, name = sorted(broken)[0]
            other = self._who_touched(name.lower())
            raise Refused(Refusal(f'{printable(what)} needs "{printable(name)}", which is gone', own.tag, other))

    def _note(self, path: str, blob: Blob) -> None:
        if (found := snapshot_id(blob)) is not None:
            self._add(path, found, previous_id(blob) or "")

    def _add(self, path: str, own: str, prev: str) -> None:
        self._ids.add(own)
        self.links[path] = own, prev

    def _body(self, blob: Blob) -> Body:
        return _read(blob)

    def _tip_body(self) -> Body:
        if self._tip is None:
            assert self._blob is not None
            try:
                self._tip = _read(self._blob)
            except GuardError as error:
                other = self._newest_unseen()
                raise Refused(Refusal(error.message.rstrip("."), other=other, way_out=WayOut.BRANCH)) from None
        return self._tip

    def _same_version(self, own: Migration, body: Body, tip: Body) -> None:
        for key in ("version", "dialect"):
            if body.get(key) != tip.get(key):
                versions = f"{body.get(key)!r} on the branch, {tip.get(key)!r} on the mainline"
                other = self._newest_unseen()
                reason = f"their snapshots have another {key} ({printable(versions)})"
                # `up` knows versions; which database it is to be, only a person can say
                way = WayOut.UP if key == "version" else WayOut.REGENERATE
                raise Refused(Refusal(reason, own.tag, other, way_out=way))

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


def _refuse_lost(own: Migration, before: Body, after: Body, sql: str) -> None:
    """Where nothing tells what a snapshot was made from, it must hold all of the one before it, or its SQL say why."""
    words = {word for statement in statements(sql) for word in statement.words}
    for what, names in lacking(before, after):
        if not any(name.lower() in words for name in names):
            reason = (
                f"its snapshot lacks {what}, its SQL does not drop it, and its prevId names no snapshot that is here"
            )
            raise Refused(Refusal(reason, own=own.tag))
