"""The folder that a replay calls for: which file is to stand at which path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from drizzle_guard.drizzle import bundle
from drizzle_guard.drizzle.folder import BUNDLE, Blob, Folder, Migration, join
from drizzle_guard.drizzle.journal import PATH, Entry, Journal, dump_journal, snapshot_path, sql_path
from drizzle_guard.drizzle.snapshot import read_snapshot, same_schema, snapshot_id
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.replay.common_entries import Settled
from drizzle_guard.replay.plan import Move, Plan, Refusal, Refused, WayOut
from drizzle_guard.replay.published_edits import describe_edits, describe_snapshots
from drizzle_guard.rules.snapshots import is_snapshot


def assemble(
    base: Folder,
    mainline: Folder,
    branch: Folder,
    settled: Settled,
    moves: Sequence[Move],
    snapshots: dict[str, Blob],
    empty: Journal,
) -> Plan:
    """Put files to the settled row and the moves; `snapshots` are the moved ones by path, `empty` a bare journal."""
    kept = tuple(m.entry for m in settled.kept)
    journal = empty._replace(entries=(*kept, *(move.new for move in moves)))
    own_sql = {branch.migrations[n].tag: branch.migrations[n].sql for n in settled.own}
    wanted: dict[str, Blob | None] = {}
    for migration in settled.kept:
        wanted[sql_path(migration.tag)] = migration.sql
        if migration.snapshot:
            wanted[snapshot_path(migration.entry.prefix)] = migration.snapshot
    for move in moves:
        wanted[sql_path(move.new.tag)] = own_sql[move.old.tag]
    wanted.update(snapshots)

    gone = {path for m in settled.deleted for path in _paths(m.entry)}
    known = {path for h in (base, mainline, branch) for entry in h.entries for path in _paths(entry)}
    files: dict[str, Blob | None] = {}
    for path in sorted(known | {path for move in moves for path in _paths(move.new)}):
        files[path] = wanted[path] if path in wanted else None if path in gone else mainline.files.get(path)
    _refuse_strays(known, (mainline, branch), moves)
    renamed = dict(_renamed_snapshots(files, known, base, mainline, branch))
    files.update(dict.fromkeys(renamed))

    files[PATH] = _journal_file(journal, mainline, branch) if PATH in mainline.files or PATH in branch.files else None
    if BUNDLE in mainline.files or BUNDLE in branch.files:
        files[BUNDLE] = _bundle_file(journal, mainline, branch, moves)
    old = next((blob for side in (mainline, branch) for blob in side.files.values()), None)
    if old is not None:
        files = {path: None if blob is None else blob.named_as(old) for path, blob in files.items()}
    taken = {entry.tag for entry in kept}
    interim = [move.new if move.old.tag in taken else _renumbered_in_place(move) for move in moves]
    return Plan(
        journal,
        files,
        Blob.later(partial(dump_journal, journal._replace(entries=(*kept, *interim))), PATH),
        tuple(moves),
        tuple((own.tag, main.tag) for own, main in settled.same),
        tuple(m.tag for m in settled.deleted),
        (
            *(line for was, now in settled.edited for line in describe_edits(was, now)),
            *_edited_snapshots(settled),
            *(
                f"{printable(path)} is left out: it is {printable(was)} under another name"
                for path, was in renamed.items()
            ),
            *(_keeps_its_name(was, mine) for was, mine in settled.renamed),
            *(f"{printable(m.tag)} is left out: the mainline deleted it" for m in settled.withdrawn),
        ),
    )


def _renamed_snapshots(
    files: dict[str, Blob | None], known: set[str], base: Folder, mainline: Folder, branch: Folder
) -> Iterator[tuple[str, str]]:
    """Snapshots that only the branch has, under a name of no migration, and the path at which each stands already.

    Somebody renamed the file of a common migration; that migration keeps its own.  Raises Refused if somebody edited
    it, too: nothing that was made from it would know.
    """
    strays = [
        path
        for path in branch.files
        if is_snapshot(path) and path not in known and path not in base.files and path not in mainline.files
    ]
    if not strays:
        return
    found = {snapshot_id(blob): path for path, blob in files.items() if blob is not None and is_snapshot(path)}
    for path in strays:
        stray = branch.files[path]
        there = found.get(snapshot_id(stray))
        if there is None or ((mine := branch.files.get(there)) and snapshot_id(mine) == snapshot_id(stray)):
            continue  # its own affair: the branch has it twice, if at all
        kept = files[there]
        assert kept is not None
        if not same_schema(read_snapshot(kept), read_snapshot(stray)):
            tag = next((e.tag for e in branch.entries if snapshot_path(e.prefix) == there), branch.entries[-1].tag)
            reason = f"its snapshot was renamed to {printable(path)} and edited"
            raise Refused(Refusal(reason, own=tag, way_out=WayOut.BRANCH))
        yield path, there


def _edited_snapshots(settled: Settled) -> Iterator[str]:
    """The published snapshots that the branch edited: those that stay so in a line, those that do not in another."""
    stay = [now for was, now in settled.edited if now.snapshot != was.snapshot]
    yield from describe_snapshots(stay, "published, and edited by the branch")
    yield from describe_snapshots(settled.put_back, "as published; what the branch made of it is left out there")


def _keeps_its_name(was: Migration, mine: Migration) -> str:
    tag = printable(was.tag)
    also = " and its other `when`" if was.entry.when != mine.entry.when else ""
    return f"{tag} keeps its name: {printable(mine.tag)}, the branch's name for it{also}, is left out"


def _renumbered_in_place(move: Move) -> Entry:
    """The entry with its new numbers and its old file name."""
    if move.new is move.old:
        return move.old
    assert move.new.idx is not None and move.new.when is not None
    return move.new.moved(idx=move.new.idx, when=move.new.when, tag=move.old.tag)


def _paths(entry: Entry) -> tuple[str, str]:
    return sql_path(entry.tag), snapshot_path(entry.prefix)


def _refuse_strays(known: set[str], sides: Sequence[Folder], moves: Sequence[Move]) -> None:
    """A file that belongs to no entry must not be overwritten by a moved one."""
    for move in moves:
        for path in _paths(move.new):
            if path not in known and any(path in side.files for side in sides):
                reason = f"{path} lies in the way and belongs to no journal entry"
                raise Refused(Refusal(reason, own=move.old.tag, way_out=WayOut.BRANCH))


def _journal_file(journal: Journal, mainline: Folder, branch: Folder) -> Blob:
    """The journal's bytes: a side's own where nothing is to change, so that even odd formatting stays."""
    mode = (mainline.files.get(PATH) or branch.files[PATH]).mode
    for side in (mainline, branch):
        if side.journal.style == journal.style and side.journal.header.keys() == journal.header.keys():
            same = [e.raw for e in side.entries] == [e.raw for e in journal.entries]
            if same and all(side.journal.header[k] == journal.header[k] for k in journal.header if k != "entries"):
                return side.files[PATH]
    return Blob.later(partial(dump_journal, journal), PATH, mode=mode)


def _bundle_file(journal: Journal, mainline: Folder, branch: Folder, moves: Sequence[Move]) -> Blob:
    old = mainline.files.get(BUNDLE) or branch.files[BUNDLE]
    try:
        data = bundle.regenerate(old.data, journal.entries, join(mainline.name, BUNDLE))
    except GuardError as error:
        own = moves[0].old.tag if moves else ""
        raise Refused(Refusal(error.message.rstrip("."), own=own, way_out=WayOut.BRANCH)) from None
    return old if data == old.data else Blob.of(data, BUNDLE, mode=old.mode)
