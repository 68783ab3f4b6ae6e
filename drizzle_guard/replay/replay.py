"""The heart: three migration histories in, a plan or a refusal out.

The mainline's entries stay byte for byte; the branch's own migrations are replayed behind them, in their order.  What
a plan rests on, and what was rejected:

* *Order by what is published, not by `when`.*  A migration that ran somewhere must keep its `when`, so the other one
  moves even if it is older.
* *`when` = max(own, running maximum + 1000 ms).*  drizzle-orm 0.45 runs what is newer than the newest row, so anything
  lower is silently skipped.  Whole seconds, because `drizzle-kit up` of v1 names folders by the second.
* *SQL is never rewritten.*  Where replaying the text as it stands could be wrong, the answer is a refusal.
* *Snapshots are merged, not only relinked.*  With `prevId` alone, `drizzle-kit check` is content and the next
  `generate` repeats the other side's DDL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from drizzle_guard.drizzle.folder import REGULAR, Blob, Folder, Migration
from drizzle_guard.drizzle.journal import Entry, Journal, next_idx, running_max, snapshot_path, sql_path
from drizzle_guard.drizzle.prefixes import Prefixes, style_of_prefix
from drizzle_guard.drizzle.snapshot import snapshot_names
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.replay.assemble import assemble
from drizzle_guard.replay.common_entries import Settled, settle
from drizzle_guard.replay.origins import Line
from drizzle_guard.replay.passing import refuse_hazards
from drizzle_guard.replay.plan import Move, Plan, Refusal, Refused, WayOut
from drizzle_guard.replay.shared_numbers import with_own_snapshots
from drizzle_guard.replay.snapshot_chain import Chain, Done
from drizzle_guard.replay.verify import refuse_new_faults, verify
from drizzle_guard.sql.statements import decode, is_handwritten

STEP = 1000  # ms


def plan(
    base: Folder, mainline: Folder, branch: Folder, *, layout: Journal, picked: bool = False, anyway: bool = False
) -> Plan | Refusal:
    """Replay the branch's own migrations behind the mainline's.

    `base` is the common ancestor (empty if there is none); `layout` is the journal whose formatting and key order the
    result takes (ours, of the merge); `picked` says that the branch is one commit, picked from a line of which the
    mainline never had everything; `anyway` passes over what was read from SQL (the plan names it), because a person has
    looked.  Raises GuardError only for files that cannot be read.
    """
    try:
        branch = with_own_snapshots(base, branch)
        settled = settle(base, mainline, branch, picked=picked)
        header = _merge_header(base.journal, mainline.journal, branch.journal, layout)
        own = [branch.migrations[n] for n in settled.own]
        _refuse_unmovable(own, branch)
        passed = refuse_hazards(settled, branch, mainline.journal.dialect, anyway=anyway)
        moves, snapshots, chain = _replay(settled, base, mainline, branch)
        result = assemble(base, mainline, branch, settled, moves, snapshots, Journal(header, (), layout.style))
        verify(result, [m.tag for m in settled.kept], [m.tag for m in own])
        refuse_new_faults(result, base, mainline, branch, settled, chain)
        return result._replace(passed_over=passed)
    except Refused as refused:
        refusal = refused.refusal._replace(save=_handwritten(base, branch))
        if refusal.way_out is WayOut.LOOK and not anyway:  # that way is only named where it leads out
            looked = plan(base, mainline, branch, layout=layout, picked=picked, anyway=True)
            return refusal if isinstance(looked, Plan) else refusal._replace(way_out=WayOut.REGENERATE)
        return refusal
    except RecursionError:
        raise GuardError(f"{printable(branch.name)}: a snapshot or SQL file is nested too deeply.") from None


def _replay(
    settled: Settled, base: Folder, mainline: Folder, branch: Folder
) -> tuple[list[Move], dict[str, Blob], Chain]:
    """Number the own migrations and chain their snapshots: the moves, the new snapshots by path, and their chain."""
    entries = [m.entry for m in settled.kept]
    newest, taken = running_max(entries), Prefixes(entries)
    idxs = {entry.idx for entry in entries}  # of a mainline in disorder the last one's + 1 may be taken
    kept: dict[str, list[Migration]] = {}
    for migration in settled.kept:
        kept.setdefault(migration.entry.prefix, []).append(migration)
    line = Line(settled, base, mainline, branch)
    chain = Chain(settled, start=_start_after_deletions(settled, base, mainline, branch))
    moves: list[Move] = []
    snapshots: dict[str, Blob] = {}
    for position in settled.own:
        own = branch.migrations[position]
        entry = _place(own.entry, next_idx(entries, idxs), taken, newest)
        path = snapshot_path(entry.prefix)
        done: Done = ""
        if own.snapshot:
            _refuse_borrowed(own, kept, branch)
            try:
                snapshots[path], done = chain.append(own, line.origins(position), entry)
            except GuardError as error:
                raise Refused(Refusal(error.message.rstrip("."), own=own.tag, way_out=WayOut.BRANCH)) from None
        elif _loses_shared(own, entry, branch) and (repeated := chain.repeat(own, entry)):
            snapshots[path], done = repeated, "copied"
        moves.append(Move(own.entry, entry, done))
        entries.append(entry)
        taken.add(entry)
        idxs.add(entry.idx)
        newest = max(entry.when or 0, newest or 0)
    chain.finish()
    return moves, snapshots, chain


def _refuse_borrowed(own: Migration, kept: Mapping[str, Sequence[Migration]], branch: Folder) -> None:
    """A snapshot that belongs to a migration of the mainline under the same number says nothing of this one.

    `kept` are the mainline's migrations by their prefix.  A copy of what the branch has under another number, too, is
    its own: that one has only come to this number.
    """
    for migration in kept.get(own.entry.prefix, ()):
        if migration.snapshot == own.snapshot:
            if any(other is not own and other.snapshot == own.snapshot for other in branch.migrations):
                return
            reason = "they share a number and a snapshot"
            raise Refused(Refusal(reason, own=own.tag, other=migration.tag, way_out=WayOut.BRANCH))


def _loses_shared(own: Migration, entry: Entry, branch: Folder) -> bool:
    """Whether a migration had another one's snapshot under its number, and gets a number that has none."""
    return entry is not own.entry and snapshot_path(own.entry.prefix) in branch.files


def _place(own: Entry, idx: int, taken: Prefixes, newest: int | None) -> Entry:
    """The entry at its new place; the very same entry if it stands there already."""
    assert own.when is not None
    late = newest is None or own.when > newest
    when = own.when if newest is None else max(own.when, newest + STEP)
    prefix = taken.next(own, idx=idx, when=when)
    if late and idx == own.idx and prefix == own.prefix:
        return own
    return own.moved(idx=idx, when=when, tag=f"{prefix}_{own.suffix}" if prefix != own.prefix else own.tag)


def _refuse_unmovable(own: Sequence[Migration], branch: Folder) -> None:
    tags = Counter(m.tag for m in branch.migrations)
    for migration in own:
        entry = migration.entry
        reason = ""
        if style_of_prefix(entry.prefix) == "none":
            reason = "the prefix style `none` is broken in drizzle-kit (it never reads `_snapshot.json`)"
        elif style_of_prefix(entry.prefix) == "other" or not entry.suffix:
            reason = "its name has no number that could be changed"
        elif entry.when is None:
            reason = "its journal entry has no `when`"
        elif migration.sql is None:
            raise Refused(Refusal("its SQL file is missing on the branch", own=entry.tag, way_out=WayOut.EDIT))
        elif tags[entry.tag] > 1:
            reason = "its tag stands twice in the branch's journal"
        if reason:
            raise Refused(Refusal(reason, own=entry.tag, way_out=WayOut.BRANCH))


def _start_after_deletions(settled: Settled, base: Folder, mainline: Folder, branch: Folder) -> Blob | None:
    """Where the branch deleted common entries, its first own snapshot must carry the deletion over (None: no need).

    The mainline's later snapshots still hold what was deleted, and they stay as they are; so the base's last snapshot
    takes the place of the first own one's predecessor.  Without an own snapshot nothing could say it: refuse.
    """
    gone = [m for m in settled.deleted if m.snapshot]
    if not gone:
        return None
    if settled.own and settled.own[0] < settled.last_common:
        tag = branch.migrations[settled.own[0]].tag
        raise Refused(Refusal("the branch put it in the place of a common migration", tag, gone[0].tag))
    last = next((m for m in reversed(settled.kept) if m.snapshot), None)
    if last is None or last not in settled.unseen:
        return None
    places = {m.tag: n for n, m in enumerate(mainline.migrations)}
    if places[last.tag] < min(places[m.tag] for m in gone):
        return None  # they were the mainline's newest, renumbered behind `last`
    if not any(branch.migrations[n].snapshot for n in settled.own):
        reason = "the branch deleted it, and the mainline's later snapshots still hold what it made"
        raise Refused(Refusal(reason, own=gone[0].tag, other=last.tag))
    return next((m.snapshot for m in reversed(base.migrations) if m.snapshot), None)


def _merge_header(base: Journal, mainline: Journal, branch: Journal, layout: Journal) -> dict[str, object]:
    """The journal's other top-level keys, by the three equalities, in the order that `layout` has them."""
    header: dict[str, object] = {}
    for key in dict.fromkeys([*layout.header, *mainline.header, *branch.header]):
        old, main, own = base.header.get(key), mainline.header.get(key), branch.header.get(key)
        if key == "entries" or main == own or own == old or not branch.entries:
            value = main
        elif main == old or not mainline.entries:
            value = own
        else:
            reason = f'the journals differ in "{printable(key)}"'
            raise Refused(Refusal(reason, branch.entries[-1].tag, mainline.entries[-1].tag, way_out=WayOut.BRANCH))
        if value is not None or key in mainline.header:
            header[key] = value
    return header


def _handwritten(base: Folder, branch: Folder) -> tuple[str, ...]:
    """The branch's SQL files, beyond the base, that hold more than drizzle-kit would write again."""
    known = {m.sql for m in base.migrations}
    new = [m for m in branch.migrations if m.sql and m.sql not in known and m.sql.mode in REGULAR]
    around = [m.snapshot for m in (*base.migrations[-1:], *new) if m.snapshot and m.snapshot.mode in REGULAR]
    names = snapshot_names(around)
    return tuple(sql_path(m.tag) for m in new if m.sql and is_handwritten(decode(m.sql.data), names))
