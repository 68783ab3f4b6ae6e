"""What a snapshot of the branch was made from: the one before it, or the one that its prevId names.

For a common migration that is the base's file: what the branch made of it since (a repair, a file that two migrations
share) is a change of the branch's like any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from drizzle_guard.drizzle.folder import Blob, Folder
from drizzle_guard.drizzle.snapshot import previous_id, snapshot_id
from drizzle_guard.light import NamedTuple
from drizzle_guard.replay.common_entries import Settled
from drizzle_guard.sql.statements import decode


class Origins(NamedTuple):
    """What an own snapshot was made from: `before` is the one before it on the branch (None: there was none).

    `named` is another one, that its prevId names; `unknown` says that the prevId names none that is known.  In both
    cases `sql` is what was done since the one before it, by this migration and by those without a snapshot.
    """

    before: Blob | None
    named: Blob | None = None
    unknown: bool = False
    sql: str = ""


class Line:
    """The branch's row of snapshots."""

    def __init__(self, settled: Settled, base: Folder, mainline: Folder, branch: Folder) -> None:
        self._settled, self._base, self._mainline, self._branch = settled, base, mainline, branch
        self._tip = next((m.snapshot for m in reversed(settled.kept) if m.snapshot), None)
        self._before: list[int | None] = [None]  # by position: the last one before it that has a snapshot
        for n in range(len(branch.migrations)):
            self._before.append(n if self._made(n) else self._before[-1])

    def origins(self, position: int) -> Origins:
        """What the own snapshot at a position of the branch's row was made from."""
        own = self._branch.migrations[position].snapshot
        assert own is not None
        place = self._before[position]
        before, since = None, 0
        prev = previous_id(own)
        if place is not None:
            before, since = self._made(place), place + 1
            if prev is None or prev in self._ids(place):
                return Origins(before)
        if prev is None or before is None:
            return Origins(before)
        named = self._find(prev, position)
        if named is not None and named.id == before.id:
            return Origins(before)
        return Origins(before, named, unknown=named is None, sql=self._sql(since, position))

    def _made(self, position: int) -> Blob | None:
        """The snapshot of a migration as an own one behind it has to be compared with it."""
        mine = self._branch.migrations[position].snapshot
        common = self._settled.in_base.get(position)
        return mine if common is None or (mine and mine == self._tip) else common.snapshot

    def _ids(self, position: int) -> set[str | None]:
        common = self._settled.in_base.get(position)
        blobs = (self._branch.migrations[position].snapshot, None if common is None else common.snapshot)
        return {snapshot_id(blob) for blob in blobs if blob}

    def _find(self, id_: str, position: int) -> Blob | None:
        """The snapshot of an id: the nearest before a position, else any that one of the three sides has."""
        for n in range(position - 1, -1, -1):
            if id_ in self._ids(n):
                return self._made(n)
        return next((blob for blob in self._others() if snapshot_id(blob) == id_), None)

    def _others(self) -> Iterator[Blob]:
        for side in (self._base, self._mainline):
            yield from (m.snapshot for m in reversed(side.migrations) if m.snapshot)

    def _sql(self, start: int, position: int) -> str:
        """The SQL from one position to another, including that."""
        migrations = self._branch.migrations[start : position + 1]
        return ";\n".join(decode(m.sql.data) for m in migrations if m.sql)
