"""What brings the migrations table in step without touching any other object: offers, each with its SQL.

Five kinds only, and each provable: `sequence` (behind `max(id)`), `duplicates` (rows that repeat another exactly),
`adopt` (a migration that is present but not recorded), `re-stamp` (a row whose migration was renumbered, found by its
hash), `re-hash` (a row whose file was edited since, where drizzle-guard.toml allows the edit).  Whatever makes a row
the newest is planned together with the pending migrations that it would hide: they run before it, so that at no point
a migration is skipped unseen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timezone
from hashlib import sha256

from drizzle_guard.database.next_migrate import behind, id_failure, largest_id, newly_hidden, newly_repeated
from drizzle_guard.database.one_run import Run, plan_run
from drizzle_guard.database.row_sql import Change, Names, set_sequence, writable
from drizzle_guard.database.verdicts import Comparison, Line, Row, Table, Verdict
from drizzle_guard.database.world import Catalog
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.light import NamedTuple

_UNSAFE = "its values cannot be named safely"

KINDS = ("sequence", "duplicates", "adopt", "re-stamp", "re-hash")
Allowed = Collection[tuple[str, str]]  # (tag, sha256 of the file) of edits that drizzle-guard.toml permits


class Offer(NamedTuple):
    """One repair: `runs` are executed first, then `changes`; `after` is the table that results,
    `settled` the migrations (by place in the journal) that then stand at their row, `removed` a row that is gone.

    `key` names the offer for good, so that one that was declined does not come again.  `obstacle` is why it may not
    be done; it is then for a person, whom `hints` tell what to do first.
    """

    kind: str
    key: str
    title: str
    changes: tuple[Change, ...]
    runs: tuple[Run, ...]
    after: Table
    settled: Mapping[int, Row] = {}
    removed: Row | None = None
    obstacle: str | None = None
    hints: tuple[str, ...] = ()


def offers(
    judged: Comparison, catalog: Catalog, names: Names, only: Collection[str] = KINDS, allowed: Allowed = ()
) -> Iterator[Offer]:
    """The repairs for a table as it is now, in the order in which they should be done.

    `judged` comes from `Evidence.judged`.  After one is accepted, ask again with `after`.
    """
    makers = (("sequence", _sequence), ("duplicates", _duplicates), ("adopt", _adopt), ("re-stamp", _restamp))
    for kind, make in makers:
        if kind in only:
            yield from make(judged, catalog, names)
    if "re-hash" in only:
        yield from _rehash(judged, names, allowed)


def again(judged: Comparison, offer: Offer) -> Comparison:
    """The comparison after an offer was accepted; what was proved of the database stays as it was."""
    table = offer.after
    lines = []
    for n, line in enumerate(judged.lines):
        if n in offer.settled:
            line = line._replace(verdict=Verdict.APPLIED, row=offer.settled[n], sure=True, note="")
        runs = line.row is None if judged.by_name else table.would_run(line.when)
        line = line._replace(runs=runs)
        if line.verdict in (Verdict.PENDING, Verdict.SKIPPED):
            line = line._replace(verdict=Verdict.PENDING if line.runs else Verdict.SKIPPED)
        lines.append(line)
    strays = tuple(stray for stray in judged.strays if stray.row is not offer.removed)
    return judged._replace(table=table, lines=tuple(lines), strays=strays)


def _sequence(judged: Comparison, catalog: Catalog, names: Names) -> Iterator[Offer]:
    table, largest = judged.table, largest_id(judged.table)
    if table.sequence is not None and largest is not None and behind(table):
        title = f"set the sequence right: it would give {table.sequence.next} next, and max(id) is {largest}"
        after = table._replace(sequence=table.sequence._replace(last_value=largest, is_called=True))
        yield Offer("sequence", "", title, (set_sequence(table.sequence, largest),), (), after)


def _duplicates(judged: Comparison, catalog: Catalog, names: Names) -> Iterator[Offer]:
    for stray in judged.strays:
        if stray.copy_of is None or judged.table.named:
            continue
        row, kept = stray.row, stray.copy_of
        title = f"remove {_row(row)}, which repeats {_row(kept)} exactly (created_at {row.created_at})"
        obstacle = None if writable(row) else _UNSAFE
        if judged.table.more:
            shown = printable(judged.table.more[0])
            obstacle = f"the table has a column {shown}, whose value nothing would bring back"
        if obstacle is not None:
            yield Offer("duplicates", _row(row), title, (), (), judged.table, obstacle=obstacle)
            continue
        after = judged.table.with_rows(r for r in judged.table.rows if r is not row)
        yield Offer("duplicates", _row(row), title, (names.delete(row),), (), after, removed=row)


def _adopt(judged: Comparison, catalog: Catalog, names: Names) -> Iterator[Offer]:
    found = [(n, line) for n, line in enumerate(judged.lines) if line.verdict is Verdict.UNRECORDED]
    for n, line in sorted(found, key=lambda item: item[1].when or 0):
        if line.when is None or line.hash is None or (judged.table.named and not judged.by_name):
            continue
        table = judged.table
        name = line.tag if judged.by_name else None
        change = names.insert(line.hash, line.when, name=name, now=datetime.now(timezone.utc))
        key = max((row.key or row.id or 0 for row in table.rows), default=0) + 1
        new = Row(None, line.hash, line.when, key, name)
        title = f"record {printable(line.tag)}, which is present but has no row"
        offer = Offer("adopt", line.tag, title, (change,), (), table.with_rows([*table.rows, new]), {n: new})
        yield _with_hidden(offer, judged, catalog, names, line)


def _restamp(judged: Comparison, catalog: Catalog, names: Names) -> Iterator[Offer]:
    found = [(n, line) for n, line in enumerate(judged.lines) if line.verdict is Verdict.OLD_WHEN]
    for n, line in sorted(
        found, key=lambda item: item[1].when or 0, reverse=True
    ):  # the watermark never falls on the way
        row, table = line.row, judged.table
        if row is None or line.when is None:
            continue
        if line.missing:
            title = f"re-stamp {_row(row)}, {printable(line.tag)}"
            yield Offer("re-stamp", line.tag, title, (), (), table, obstacle=f"but {line.missing[0]}")
            continue
        title = f"re-stamp {_row(row)}, {printable(line.tag)}: created_at {row.created_at} becomes {line.when}"
        offer = Offer("re-stamp", line.tag, title, (), (), table)
        if not line.sure:
            yield offer._replace(obstacle="other rows or migrations have the same hash")
        elif not writable(row):
            yield offer._replace(obstacle=_UNSAFE)
        else:
            change = names.restamp(row, line.when)
            moved = row._replace(created_at=line.when)
            after = table.with_rows(moved if r is row else r for r in table.rows)
            offer = offer._replace(changes=(change,), after=after, settled={n: moved})
            yield _with_hidden(offer, judged, catalog, names, line)


def _rehash(judged: Comparison, names: Names, allowed: Allowed) -> Iterator[Offer]:
    """A migration that was edited after it ran, where the edit is allowed: its row gets the hash of the file."""
    for n, line in enumerate(judged.lines):
        row, sql = line.row, line.migration.sql
        if line.verdict is not Verdict.EDITED or row is None or sql is None or line.hash is None:
            continue
        if (line.tag, sha256(sql.data).hexdigest()) not in allowed:
            continue
        title = f"re-hash {_row(row)}, {printable(line.tag)}: its edit is allowed in drizzle-guard.toml"
        offer = Offer("re-hash", line.tag, title, (), (), judged.table)
        if not writable(row):
            yield offer._replace(obstacle=_UNSAFE)
            continue
        new = row._replace(hash=line.hash)
        after = judged.table.with_rows(new if r is row else r for r in judged.table.rows)
        yield offer._replace(changes=(names.rehash(row, line.hash),), after=after, settled={n: new})


def _with_hidden(offer: Offer, judged: Comparison, catalog: Catalog, names: Names, own: Line) -> Offer:
    """Add the runs of what the offer would hide; an obstacle where they may not run, or where something repeats."""
    later = again(judged, offer)
    repeated = [line.tag for line in newly_repeated(judged, later) if line.tag != own.tag]
    if repeated:
        return offer._replace(obstacle=f"{printable(repeated[0])} would then run again")
    runs: list[Run] = []
    ahead: list[Line] = []
    rows = list(offer.after.rows)
    settled = dict(offer.settled)
    for n in newly_hidden(judged, later):
        hidden = judged.lines[n]
        try:
            run = plan_run(judged, catalog, hidden.tag, names.kind, ahead=ahead, planned=True)
        except GuardError as error:
            why = f"it would hide {printable(hidden.tag)}, which cannot run now: {error.message}"
            return offer._replace(obstacle=why, hints=error.hints)
        runs.append(run)
        ahead.append(hidden)
        settled[n] = Row(None, run.hash, run.when, len(rows) + 1)
        rows.append(settled[n])
    if own.row is None and (failure := id_failure(judged.table, 1 + len(runs))):
        return offer._replace(obstacle=f"the insert would fail: {failure}")
    if not runs:
        return offer
    shown = ", ".join(printable(run.tag) for run in runs)
    title = f"{offer.title}; first runs {shown}, which the new row would hide"
    return offer._replace(title=title, runs=tuple(runs), after=offer.after.with_rows(rows), settled=settled)


def _row(row: Row) -> str:
    return f"row {row.id}" if row.id is not None else f"row with rowid {row.key}"
