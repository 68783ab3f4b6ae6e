"""First half of a replay: what both sides made of their common entries, and what each side has of its own.

Common entries follow the three equalities: only one side changed an entry, take that; both in the same way, take it;
both differently, refuse.  A side that only gave a published entry another number changed nothing, and a published idx
is never the branch's to shift.

A snapshot of a common entry stays as the mainline has it.  The branch's edit of it (a repair, another layout) stays as
git would keep it where it says the same, or where the mainline has no newer snapshot.  Else what the branch changed in
it is among what its own snapshots changed, because those are compared with the base's file (`origins`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from drizzle_guard.drizzle.folder import Blob, Folder, Migration
from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.drizzle.snapshot import merge, previous_id, read_snapshot, same_schema, snapshot_id
from drizzle_guard.errors import GuardError
from drizzle_guard.light import NamedTuple
from drizzle_guard.replay.identity import Pairs
from drizzle_guard.replay.parting import part
from drizzle_guard.replay.plan import Refusal, Refused, WayOut


class Settled(NamedTuple):
    """`kept` is the mainline's row as it will stand; `own` are positions in the branch's row that go behind it.

    `deleted` are base entries that only the branch deleted, `withdrawn` those that only the mainline did; `unseen` is
    what the mainline has and the branch does not know, in order; `same` pairs the branch's and the mainline's copy of
    one new migration.  `last_common` is the position of the last common entry in the branch's row; `shared` is what
    both have, by its position in the branch's row.  `in_base` is the base's migration by its position in the branch's
    row; `edited` pairs the mainline's version of a published migration with what the branch alone made of it,
    `put_back` are the branch's versions whose snapshot does not stay, and `renamed` pairs the mainline's version with
    the branch's whose name does not stay.
    """

    kept: list[Migration]
    own: list[int]
    deleted: list[Migration]
    withdrawn: list[Migration]
    unseen: list[Migration]
    same: list[tuple[Migration, Migration]]
    last_common: int
    shared: list[tuple[int, Migration]]
    in_base: dict[int, Migration]
    edited: list[tuple[Migration, Migration]]
    put_back: list[Migration]
    renamed: list[tuple[Migration, Migration]]

    @property
    def new_on_main(self) -> list[Migration]:
        """What the mainline has beyond the base, whether or not the branch has a copy of it."""
        return [*self.unseen, *(main for _, main in self.same)]


def settle(base: Folder, mainline: Folder, branch: Folder, *, picked: bool = False) -> Settled:
    """Compare three histories; `picked`: the mainline never had all that the base has.  Raises Refused."""
    parting = part(base, mainline, branch)
    on_main, on_branch = parting.on_mainline, parting.on_branch
    _refuse_resets(base, on_main, on_branch, picked=picked)
    replaced: dict[int, Migration] = {}
    dropped: set[int] = set()
    deleted: list[Migration] = []
    withdrawn: list[Migration] = []
    for n, old in enumerate(base.migrations):
        at, own = on_main.get(n), on_branch.get(n)
        main_now = None if at is None else mainline.migrations[at]
        branch_now = None if own is None else branch.migrations[own]
        result = _three_equalities(old, main_now, branch_now, picked=picked)
        if at is not None and result is None:
            dropped.add(at)
            deleted.append(mainline.migrations[at])
        elif at is not None and result is not None:
            replaced[at] = result
        elif branch_now is not None:
            withdrawn.append(old)
    own_positions = [n for n in parting.new_on_branch if n not in parting.copies]
    unseen = set(parting.unseen)
    _refuse_edited_copies(branch, own_positions, [mainline.migrations[n] for n in parting.unseen])
    kept = {n: replaced.get(n, m) for n, m in enumerate(mainline.migrations) if n not in dropped}
    last_own = max((n for n in own_positions if branch.migrations[n].snapshot), default=-1)
    last_snapshot = max((n for n in parting.new_on_mainline if mainline.migrations[n].snapshot), default=-1)
    for n in on_main.keys() & on_branch.keys() & {n for n, at in on_main.items() if at in kept}:
        at, old, mine = on_main[n], base.migrations[n], branch.migrations[on_branch[n]]
        in_front = [branch.migrations[own].snapshot for own in own_positions if own < on_branch[n]]
        displaced = mine.tag != kept[at].tag or _follows_one_of(mine, in_front)
        carried = on_branch[n] < last_own or (displaced and in_front[-1:] not in ([], [None]))
        newer = mainline.migrations[last_snapshot].snapshot if at < last_snapshot else None
        snapshot = _snapshot(old, kept[at], mine, displaced=displaced, carried=carried, newer=newer)
        if snapshot is not kept[at].snapshot:
            kept[at] = kept[at]._replace(snapshot=snapshot)
    _put_back_copies(kept, mainline)
    common = [
        (base.migrations[n], mainline.migrations[on_main[n]], kept.get(on_main[n]), branch.migrations[own])
        for n, own in on_branch.items()
        if n in on_main
    ]
    return Settled(
        kept=list(kept.values()),
        own=own_positions,
        deleted=deleted,
        withdrawn=withdrawn,
        unseen=[m for n, m in enumerate(mainline.migrations) if n in dropped or n in unseen],
        same=list(parting.same),
        last_common=max(on_branch.values(), default=-1),
        shared=[
            *((own, mainline.migrations[on_main[n]]) for n, own in on_branch.items() if n in on_main),
            *((own, mainline.migrations[there]) for own, there in parting.copies.items()),
        ],
        in_base={own: base.migrations[n] for n, own in on_branch.items()},
        edited=[(was, now) for _, was, now, _ in common if now and not _same_as_published(was, now)],
        put_back=[
            mine
            for old, _, now, mine in common
            if now and mine.snapshot and mine.snapshot not in (old.snapshot, now.snapshot)
        ],
        renamed=[
            (now, mine)
            for old, _, now, mine in common
            if now and mine is not old and mine.entry.suffix not in (old.entry.suffix, now.entry.suffix)
        ],
    )


def _same_as_published(was: Migration, now: Migration) -> bool:
    return was is now or (was.entry.raw == now.entry.raw and was.sql == now.sql and was.snapshot == now.snapshot)


def _three_equalities(
    base: Migration, main: Migration | None, branch: Migration | None, *, picked: bool
) -> Migration | None:
    """What stands in the mainline's row for a base entry; None if nothing."""
    if branch is not None and main is not None and branch.sql is None and main.sql is not None:
        raise Refused(Refusal("the branch deleted its SQL and kept its journal entry", branch.tag, way_out=WayOut.EDIT))
    if main is None and branch is None:
        return None
    if branch is base and main is not None:
        return main
    if main is None:
        assert branch is not None
        if _changed(branch, base):
            what = "the mainline does not have it" if picked else "the mainline deleted it"
            raise Refused(Refusal(f"{what}, the branch changed it", own=branch.tag))
        return None
    if branch is None:
        if _changed(main, base):
            raise Refused(Refusal("the branch deleted it, the mainline changed it", other=main.tag))
        return None
    entry = main.entry
    if not _same_but_idx(branch.entry, base.entry) and branch.entry.raw != main.entry.raw:
        if branch.tag == base.tag and main.entry == base.entry:
            entry = _at_place_of(main.entry, branch.entry)
        elif (branch.tag == base.tag or main.tag == base.tag) and main.entry != base.entry:
            raise Refused(Refusal("both sides changed its journal entry", own=branch.tag, other=main.tag))
    return Migration(entry, _edited(base, main, branch), main.snapshot)


def _at_place_of(published: Entry, edited: Entry) -> Entry:
    """What the branch made of a published entry, under the idx that is published."""
    raw = {**edited.raw, **{key: published.raw[key] for key in ("idx",) if key in published.raw}}
    return published if raw == published.raw else Entry(raw, edited.tag, published.idx, edited.when)


def _changed(now: Migration, base: Migration) -> bool:
    """Whether the migration itself was edited; another number is no edit, nor a formatter over its snapshot."""
    renumbered = now.tag != base.tag and now.entry.suffix == base.entry.suffix
    return now.sql != base.sql or not (renumbered or _same_but_idx(now.entry, base.entry))


def _same_but_idx(one: Entry, other: Entry) -> bool:
    return one == other or {**one.raw, "idx": None} == {**other.raw, "idx": None}


def _edited(base: Migration, main: Migration, branch: Migration) -> Blob | None:
    if branch.sql in (base.sql, main.sql):
        return main.sql
    if main.sql == base.sql:
        return branch.sql
    raise Refused(Refusal("both sides edited its SQL", own=branch.tag, other=main.tag))


def _follows_one_of(migration: Migration, snapshots: Sequence[Blob | None]) -> bool:
    """Whether the prevId of a migration's snapshot names one of these."""
    prev = previous_id(migration.snapshot) if migration.snapshot and any(snapshots) else None
    return prev is not None and any(prev == snapshot_id(blob) for blob in snapshots if blob)


def _snapshot(
    base: Migration, main: Migration, branch: Migration, *, displaced: bool, carried: bool, newer: Blob | None
) -> Blob | None:
    """The snapshot of a common entry; `newer` is the mainline's newest, if that came after it.  Raises Refused.

    `displaced` says that the branch put an own migration in front of it, and numbered or chained it behind that.
    `carried` says that the branch has own snapshots which bring along what it changed here: behind it, or in front of
    a displaced one.
    """
    mine, old = branch.snapshot, base.snapshot
    if main.snapshot != old or mine is None or mine == old:
        return main.snapshot
    if displaced:  # number and prevId are the mainline's, what it says of the schema is not
        if carried or old is None or snapshot_id(mine) != snapshot_id(old) or _says_the_same(mine, old):
            return main.snapshot
    elif newer is None or (old and _says_the_same(mine, old)):
        return mine
    if not carried and _knows(newer, mine, old):
        return mine
    if not carried:
        reason = "the branch changed its snapshot, and the mainline's newer ones do not know of that"
        raise Refused(Refusal(reason, own=branch.tag))
    return main.snapshot


def _knows(newer: Blob | None, mine: Blob, old: Blob | None) -> bool:
    """Whether the mainline's newest snapshot holds already what the branch changed in an older one."""
    try:
        tip = read_snapshot(newer) if newer else None
        was = read_snapshot(old) if old else None
        merged = None if tip is None else merge(was, tip, read_snapshot(mine))
    except GuardError:
        return False
    return tip is not None and merged is not None and not merged.conflicts and same_schema(merged.body, tip)


def _says_the_same(one: Blob, other: Blob) -> bool:
    try:
        return same_schema(read_snapshot(one), read_snapshot(other))
    except GuardError:
        return False


def _put_back_copies(kept: dict[int, Migration], mainline: Folder) -> None:
    """Take a snapshot away that the branch moved to another entry: the mainline's stands where it stood."""
    changed = [n for n, m in kept.items() if m.snapshot and m.snapshot != mainline.migrations[n].snapshot]
    if changed:
        ids = Counter(snapshot_id(m.snapshot) for m in kept.values() if m.snapshot)
        for n in changed:
            snapshot = kept[n].snapshot
            if snapshot and ids[snapshot_id(snapshot)] > 1:
                kept[n] = kept[n]._replace(snapshot=mainline.migrations[n].snapshot)


def _refuse_resets(base: Folder, on_main: Pairs, on_branch: Pairs, *, picked: bool) -> None:
    count = len(base.migrations)
    for side, pairs, other in (("mainline", on_main, on_branch), ("branch", on_branch, on_main)):
        if picked and side == "mainline":
            continue
        removed = count - len(pairs)
        if is_reset(count, len(pairs)) and len(other) > len(pairs):
            tags = [m.tag for n, m in enumerate(base.migrations) if n not in pairs]
            reason = f"the {side} squashed or reset its migrations ({removed} of {count} common ones are gone)"
            raise Refused(Refusal(reason, tags[0]) if side == "branch" else Refusal(reason, "", tags[0]))


def is_reset(count: int, left: int) -> bool:
    """Whether so few migrations are left that they were squashed: then every database has another past.

    A few deletions are a revert.
    """
    return count - left > 1 and count - left > count / 2


def _refuse_edited_copies(branch: Folder, own: Sequence[int], unseen: Sequence[Migration]) -> None:
    """One migration (suffix and snapshot id) with two texts: picked from each other, then edited."""
    by_suffix: dict[str, list[Migration]] = {}
    for migration in unseen:
        by_suffix.setdefault(migration.entry.suffix, []).append(migration)
    for n in own:
        mine = branch.migrations[n]
        for other in by_suffix.get(mine.entry.suffix, ()):
            if mine.snapshot and other.snapshot and snapshot_id(mine.snapshot) == snapshot_id(other.snapshot):
                raise Refused(Refusal("they are one migration whose SQL differs", own=mine.tag, other=other.tag))
