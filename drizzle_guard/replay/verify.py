"""What must hold of every plan, looked at again on the result before anything is written.

First what the plan itself was to do; then the rules of `check`, which have the last word: an error in the planned
folder that neither side has alone is a refusal that names it, wherever the plan was made.  The rules see the whole
journal, and of the snapshots those that the plan touches; the sides are only looked at where there is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from drizzle_guard.drizzle.folder import Folder, Migration, snapshot_owners
from drizzle_guard.drizzle.journal import running_max, snapshot_path, sql_path
from drizzle_guard.drizzle.snapshot import previous_id, read_snapshot, snapshot_id
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.replay.common_entries import Settled
from drizzle_guard.replay.plan import Plan, Refusal, Refused
from drizzle_guard.replay.snapshot_chain import Chain
from drizzle_guard.rules import bundle, contents, entries, files, mainline, snapshots
from drizzle_guard.rules.model import Finding, Lost, MainlineFolder, Snapshot, Subject

_Links = Mapping[str, tuple[str, str]]
_Key = tuple[str, str]

#: what a plan can break; it leaves SQL as it is, and names and versions are those of the sides (what two migrations do
#: twice is seen before, in `passing`, and better than DG035 could: that one reads the SQL of the whole folder)
_RULES = (
    entries.duplicate_idx,
    entries.duplicate_tag,
    entries.idx_gap,
    entries.when_not_rising,
    files.missing_sql,
    files.orphan_sql,
    bundle.bundle_out_of_step,
    snapshots.missing_snapshot,
    snapshots.shared_prev_id,
    snapshots.broken_prev_id,
    snapshots.duplicate_snapshot_id,
    snapshots.shared_snapshot,
    snapshots.stray_order,
    contents.lost_object,
    mainline.published_changed,
    mainline.not_after_mainline,
)
#: what only the plan itself can have done to a migration that it moved
_OURS = frozenset(["DG002", "DG006", "DG019", "DG023", "DG024", "DG025", "DG028", "DG033"])
_NO_CLOCK = 2**62


def verify(plan: Plan, kept: Sequence[str], own: Sequence[str]) -> None:
    """Check a plan against the tags that were to be kept and those that were to move.  Raises GuardError.

    A failure here is a fault of ours: nothing is written, and git's own conflict stays.
    """
    entries = plan.journal.entries
    if [e.tag for e in entries[: len(kept)]] != list(kept) or [m.old.tag for m in plan.moves] != list(own):
        raise _fault("a migration is missing or out of order")
    if len(entries) != len(kept) + len(own):
        raise _fault("the number of migrations is wrong")
    newest = running_max(entries[: len(kept)])
    tags = set(kept)
    idxs = [entry.idx for entry in entries[: len(kept)]]
    last, taken = idxs[-1] if idxs else None, set(idxs)
    for entry in entries[len(kept) :]:
        if entry.when is None or (newest is not None and entry.when <= newest):
            raise _fault(f"{printable(entry.tag)} would be skipped")
        if entry.tag in tags:
            raise _fault(f"{printable(entry.tag)} stands twice")
        if last is not None and (entry.idx in taken or (last + 1 not in taken and entry.idx != last + 1)):
            raise _fault(f"{printable(entry.tag)} has the wrong idx")
        if plan.files.get(sql_path(entry.tag)) is None:
            raise _fault(f"{printable(entry.tag)} has no SQL file")
        newest, last = running_max([entry]), entry.idx
        taken.add(last)
        tags.add(entry.tag)


def _fault(what: str) -> GuardError:
    return GuardError(f"drizzle-guard checked its own plan and found that {what}; nothing was written.")


def refuse_new_faults(plan: Plan, base: Folder, main: Folder, branch: Folder, settled: Settled, chain: Chain) -> None:
    """Hold a plan against the rules of `check`.  Raises Refused for an error that neither side has alone."""
    published = MainlineFolder("the mainline", main, base)
    planned = _planned(plan, main, branch)
    links: _Links = chain.links
    published_files = {m.snapshot for m in main.migrations}
    if chain.is_odd or any(m.snapshot not in published_files for m in settled.kept):
        links = {**_links(planned), **links}
    found = list(_errors(planned, published, links, chain.contents.lost))
    if not found:
        return
    losing = any(finding.rule is contents.LOST_OBJECT for finding in found)
    sides = [(side, _lost(side) if losing else {}) for side in (main, branch)]
    known = {key for side, lost in sides for key in _keys(side, published, lost)}
    dropped = {(key, was[:2]) for key, losses in _by_name(branch, sides[1][1]) for was in losses}
    for finding in found:
        losses = chain.contents.lost.get(finding.files[-1], ()) if finding.rule is contents.LOST_OBJECT else ()
        if losses and all((_key(finding, planned)[1], was[:2]) in dropped for was in losses):
            continue  # the branch's own snapshot drops it, after SQL that says so
        if _key(finding, planned) not in known:
            raise Refused(_refusal(finding, plan, planned, settled))


def _planned(plan: Plan, main: Folder, branch: Folder) -> Folder:
    """The folder that a plan makes of what git merges beside it."""
    there = {**branch.files, **main.files, **plan.files}
    found = {path: blob for path, blob in there.items() if blob is not None}
    owners = snapshot_owners(plan.journal.entries)
    migrations = tuple(
        Migration(
            entry,
            found.get(sql_path(entry.tag)),
            found.get(snapshot_path(entry.prefix)) if owners[entry.prefix] == position else None,
        )
        for position, entry in enumerate(plan.journal.entries)
    )
    return Folder(main.name, plan.journal, migrations, found)


def _findings(
    side: Folder,
    published: MainlineFolder,
    links: _Links,
    lost: Mapping[str, tuple[Lost, ...]],
    stands: frozenset[int] | None = None,
) -> Iterator[Finding]:
    facts = {path: Snapshot(own, prev, "", "", 1) for path, (own, prev) in sorted(links.items())}
    subject = Subject(side, facts, _NO_CLOCK, published, frozenset(), lost, stands=stands)
    for rule in _RULES:
        yield from rule(subject)


def _errors(
    side: Folder, published: MainlineFolder, links: _Links, lost: Mapping[str, tuple[Lost, ...]]
) -> Iterator[Finding]:
    stands = mainline.published_entries(side, published)
    for finding in _findings(side, published, links, lost, stands):
        if finding.rule.severity == "error" and not mainline.is_published(finding, side, published, stands):
            yield finding


def _lost(side: Folder) -> dict[str, tuple[Lost, ...]]:
    """What each snapshot of a side lacks of the one before it, by path."""
    known = contents.Contents()
    for migration in side.migrations:
        if migration.snapshot is not None:
            with suppress(GuardError):  # that has a finding of its own
                known.add(snapshot_path(migration.entry.prefix), contents.tables_of(read_snapshot(migration.snapshot)))
    return known.lost


def _by_name(side: Folder, lost: Mapping[str, tuple[Lost, ...]]) -> Iterator[tuple[str, tuple[Lost, ...]]]:
    for entry in side.entries:
        yield entry.suffix, lost.get(snapshot_path(entry.prefix), ())


def _keys(side: Folder, published: MainlineFolder, lost: Mapping[str, tuple[Lost, ...]]) -> Iterator[_Key]:
    """What is wrong on one side, whether it is an error there or an old sin."""
    for finding in _findings(side, published, _links(side), lost):
        yield _key(finding, side)
        if finding.rule is snapshots.SHARED_SNAPSHOT:  # under a number of its own it has none
            yield snapshots.MISSING_SNAPSHOT.code, side.entries[finding.entries[-1]].suffix


def _key(finding: Finding, side: Folder) -> _Key:
    """What a finding is about, whatever number that has on this side: the rule, and migrations' names or a file."""
    if finding.entries:
        return finding.rule.code, "\0".join(sorted(side.entries[n].suffix for n in finding.entries))
    path = finding.files[-1] if finding.files else ""
    owner = next((e for e in side.entries if path in (sql_path(e.tag), snapshot_path(e.prefix))), None)
    return finding.rule.code, path if owner is None else owner.suffix


def _links(side: Folder) -> dict[str, tuple[str, str]]:
    """The id and prevId of every snapshot that has them, by path."""
    found = {}
    for path, blob in side.files.items():
        if snapshots.is_snapshot(path):
            with suppress(GuardError):
                own, prev = snapshot_id(blob), previous_id(blob)
                if own is not None and prev is not None:
                    found[path] = own, prev
    return found


def _refusal(finding: Finding, plan: Plan, planned: Folder, settled: Settled) -> Refusal:
    moved = {move.new.tag: move.old.tag for move in plan.moves}
    mine = {now.tag for _, now in settled.edited} | moved.keys()
    tags = [planned.entries[position].tag for position in finding.entries]
    own = next((moved.get(tag, tag) for tag in reversed(tags) if tag in mine), "")
    other = next((tag for tag in reversed(tags) if tag not in mine), "")
    broken = f"{finding.message.rstrip('.')} ({finding.rule.code})"
    if tags and tags[-1] in moved and finding.rule.code in _OURS:
        return Refusal(
            f"drizzle-guard's own plan for it is wrong, which is a fault of drizzle-guard: {broken}", own, other
        )
    return Refusal(f"merged, they would break a rule that each side keeps: {broken}", own, other)
