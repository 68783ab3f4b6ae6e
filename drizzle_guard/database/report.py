"""The findings of `status` as data (the documented form of `--json`), and as text for people."""

from __future__ import annotations

from hashlib import sha256

from pydantic import BaseModel

from drizzle_guard.database.cures import cure_of, of_nobodys_row, way_on
from drizzle_guard.database.next_migrate import Next, Outcome, behind, id_failure, largest_id, next_migrate
from drizzle_guard.database.other_ledgers import OtherLedger, next_by_file
from drizzle_guard.database.past import Past, find_past
from drizzle_guard.database.place import Place, View, owners_elsewhere
from drizzle_guard.database.verdicts import Line, Stray, Verdict
from drizzle_guard.database.wording import row_name, typable, words
from drizzle_guard.errors import printable


class MigrationReport(BaseModel):
    """One migration: `verdict` is one of `rows.Verdict`; times are ms since the epoch; `row` is the row's id.

    SQLite's ids are NULL, so `has_row` tells whether there is one.
    """

    idx: int | None
    tag: str
    when: int | None
    file: str
    hash: str | None
    has_row: bool
    row: int | None
    created_at: float | int | None
    verdict: str
    words: str
    wrong: bool
    proof: str | None = None
    missing: list[str] = []


class RowReport(BaseModel):
    """A row that belongs to no migration of the folder.

    `kind` is "copy" (repeats another exactly), "older-run", "shared" (another folder's), "known" (acknowledged in
    drizzle-guard.toml) or "no-file".  `past` is the file of git's history that it records; `name` is what another
    program's ledger or Drizzle v1 calls it.
    """

    row: int | None
    created_at: float | int | None
    hash: str
    words: str
    wrong: bool
    kind: str = "no-file"
    past: str | None = None
    name: str | None = None


class NextReport(BaseModel):
    """The next `drizzle-kit migrate`: tags that run (`again`: for the second time), tags skipped, why it fails.

    `outcome` is one of `next_migrate.Outcome`; "cannot-tell" says why in `doubt`.
    """

    runs: list[str]
    again: list[str]
    skips: list[str]
    fails: str | None
    outcome: str = Outcome.NOTHING.value
    doubt: str | None = None


class SequenceReport(BaseModel):
    """PostgreSQL's sequence behind `id`."""

    next: int
    max_id: int | None
    behind: bool


class Finding(BaseModel):
    """Something for a person: what, about which tag and file, and the command that cures it."""

    message: str
    tag: str | None = None
    file: str | None = None
    command: str | None = None
    hints: list[str] = []


class StatusReport(BaseModel):
    """`status --json`.  `in_step` is false exactly if `findings` is not empty; the exit code is then 1."""

    version: int = 1
    folder: str
    database: str
    table: str
    layout: str
    fresh: bool
    in_step: bool
    migrations: list[MigrationReport]
    rows_without_file: list[RowReport]
    next: NextReport
    sequence: SequenceReport | None
    notes: list[str]
    findings: list[Finding]
    unseen: list[str] = []
    ledger: str | None = None


def build(place: Place, seen: View, *, require_applied: bool = False, for_v1: bool = False) -> StatusReport:
    """All that is to be said of one folder and one database; with `for_v1` also whether the move to v1 will succeed."""
    table = seen.table
    coming = (
        next_migrate(seen.comparison, seen.catalog, place.families, place.file, place.names)
        if seen.ledger is None
        else next_by_file(seen.comparison, seen.ledger)
    )
    if seen.unmatched:
        rows = ", ".join(map(row_name, seen.unmatched))
        coming = coming._replace(
            failure=f"Drizzle v1 cannot upgrade the table: {rows} do not match any local migration"
        )
    others = owners_elsewhere(place) if seen.comparison.strays else {}
    past = find_past(place.root, place.folder, _lost_hashes(seen))
    known = {(k.hash or "").lower() or k.name or "": k.reason for k in place.config.known}
    allowed = {(a.tag, a.sha256.lower()) for a in place.config.allow}
    report = StatusReport(
        folder=place.name,
        database=printable(place.target.label),
        table=printable(place.names.shown if seen.ledger is None else seen.ledger.shown),
        layout="v1" if place.v1 else "journal",
        fresh=not table.exists and seen.ledger is None,
        in_step=True,
        migrations=[_migration(place, line, seen, allowed) for line in seen.comparison.lines],
        rows_without_file=[_stray(stray, others, past, known, named=table.named) for stray in seen.comparison.strays],
        next=_next(coming),
        sequence=None,
        notes=_notes(place, seen),
        findings=[],
        unseen=_unseen(seen),
        ledger=None if seen.ledger is None else seen.ledger.runner.name,
    )
    if table.sequence is not None:
        report.sequence = SequenceReport(next=table.sequence.next, max_id=largest_id(table), behind=behind(table))
    report.findings = [
        *_about_migrations(place, seen, report, past, require_applied),
        *_about_rows(place, seen, report, past),
        *_about_the_next(place, seen, coming),
    ]
    report.findings = [_typable(finding, place.again) for finding in report.findings]
    if place.unsaid and any(place.again in (f.command or "") for f in report.findings):
        report.notes.append(place.unsaid)
    if for_v1:
        _add_v1(place, seen, report)
    report.in_step = not report.findings
    return report


def _typable(finding: Finding, again: str) -> Finding:
    """A finding whose commands work as they are printed."""
    command = None if finding.command is None else typable(finding.command, again)
    return finding.model_copy(update={"command": command, "hints": [typable(hint, again) for hint in finding.hints]})


def _add_v1(place: Place, seen: View, report: StatusReport) -> None:
    from drizzle_guard.database.to_v1 import obstacles  # late: only this question needs it

    found = [
        Finding(message=o.message, tag=o.tag, file=o.file, hints=[typable(printable(h), place.again) for h in o.cure])
        for o in obstacles(place, seen)
    ]
    report.findings += found
    if seen.ledger is not None:
        report.notes.append("For Drizzle v1 only the folder was looked at: another program keeps this ledger.")
    elif place.v1 or seen.table.named:
        report.notes.append("The folder or the table is Drizzle v1's already.")
    elif not found:
        report.notes.append("Drizzle v1: nothing here stops drizzle-kit up, nor v1's first migrate at its table.")


def _next(coming: Next) -> NextReport:
    return NextReport(
        runs=list(coming.runs),
        again=list(coming.again),
        skips=list(coming.skips),
        fails=coming.failure,
        outcome=coming.outcome.value,
        doubt=coming.doubt if coming.outcome is Outcome.UNSURE else None,
    )


def _lost_hashes(seen: View) -> set[str]:
    """The hashes whose files are not, or no longer, in the folder."""
    strays = seen.comparison.strays
    lost = {stray.row.hash for stray in strays if stray.copy_of is None and stray.like is None and stray.row.hash}
    return lost | {line.row.hash for line in seen.comparison.lines if line.row and line.verdict is Verdict.EDITED}


def _migration(place: Place, line: Line, seen: View, allowed: set[tuple[str, str]]) -> MigrationReport:
    row = line.row
    may = line.verdict is Verdict.EDITED and _is_allowed(line, allowed)
    text = words(line, seen)
    return MigrationReport(
        idx=line.migration.entry.idx,
        tag=line.tag,
        when=line.when,
        file=place.file(line.tag),
        hash=line.hash,
        has_row=row is not None,
        row=None if row is None else row.id,
        created_at=None if row is None else row.created_at,
        verdict=line.verdict.value,
        words=text + ("; the edit is allowed in drizzle-guard.toml" if may else ""),
        wrong=line.wrong and not (may and not line.runs),
        proof=None if line.proof is None else line.proof.value,
        missing=list(line.missing),
    )


def _is_allowed(line: Line, allowed: set[tuple[str, str]]) -> bool:
    """Whether `[[allow]]` permits the file as it is: its sha256 there is that of the bytes."""
    if line.migration.sql is None:
        return False
    return (line.tag, sha256(line.migration.sql.data).hexdigest()) in allowed


def _stray(
    stray: Stray, others: dict[int, str], past: dict[str, Past], known: dict[str, str], *, named: bool
) -> RowReport:
    row, wrong, kind, found = stray.row, True, "no-file", past.get(stray.row.hash)
    owner = others.get(row.created_at) if isinstance(row.created_at, int) else None
    if stray.copy_of is not None:
        text, kind = f"repeats {row_name(stray.copy_of)} exactly", "copy"
        if named:  # Drizzle v1 asks whether a name is there, not how often
            text, wrong = f"names the same as {row_name(stray.copy_of)}, which does no harm", False
    elif stray.like is not None:
        text, wrong, kind = f"an older run of {printable(stray.like)}", False, "older-run"
    elif owner is not None:
        text, wrong, kind = f"belongs to {printable(owner)}, which shares this table", False, "shared"
    elif reason := known.get(row.hash.lower()) or known.get(row.name or ""):
        text, wrong, kind = f"known: {printable(reason)}", False, "known"
    elif found is not None:
        text = found.words
    else:
        text = "no file: dropped, squashed, or of another project that shares this table"
    name = None if row.name is None else printable(row.name)
    if not row.hash and name is not None:
        text = f'"{name}": {text}'
    elif row.created_at is None:
        text, wrong = f"{text}; its created_at is NULL", True
    was = None if found is None else found.tag
    return RowReport(
        row=row.id,
        created_at=row.created_at,
        hash=printable(row.hash),
        words=text,
        wrong=wrong,
        kind=kind,
        past=was,
        name=name,
    )


def _unseen(seen: View) -> list[str]:
    """What could not be looked at."""
    found = [printable(words) for words in seen.catalog.unseen]
    if seen.table.hidden_sequence is not None:
        found.append(f"the sequence {printable(seen.table.hidden_sequence)}: permission denied")
    return found


def _notes(place: Place, seen: View) -> list[str]:
    notes = []
    if seen.ledger is not None:
        notes.append(
            f"The ledger of this database is {printable(seen.ledger.shown)}: {seen.ledger.runner.name} runs these "
            f"files, not Drizzle ({printable(seen.ledger.runner.command)}). Drizzle's own table would be a second "
            "ledger. It holds names and no hashes: whether a file was edited since it ran cannot be told."
        )
    elif not seen.table.exists:
        if any(line.verdict in (Verdict.UNRECORDED, Verdict.PARTLY) for line in seen.comparison.lines):
            notes.append(f"No table {printable(place.names.shown)} yet, but what its migrations make is there.")
        else:
            notes.append(f"No table {printable(place.names.shown)} yet: a fresh database, on which everything runs.")
        if seen.elsewhere:
            schemas = ", ".join(map(printable, seen.elsewhere))
            notes.append(f"A table of that name is in schema {schemas}: pass --schema if it is the one.")
    if seen.other is not None and seen.ledger is None:
        notes.append(_beside(seen.other))
    if seen.upgrades:
        notes.append("The table is one of Drizzle 0.x; Drizzle v1 upgrades it on its first run.")
    if seen.table.named and not place.v1:
        notes.append("The table was upgraded by Drizzle v1, but the folder still has a journal (drizzle-kit up).")
    if any(row.created_at is None for row in seen.table.rows[:1]) and not place.v1:
        notes.append("The row with created_at NULL sorts first, so it counts as time 0 and everything runs again.")
    notes += [f"Not looked at: {words}." for words in _unseen(seen)]
    return notes


def _beside(other: OtherLedger) -> str:
    count = len(other.names)
    return (
        f"This database has {printable(other.shown)} as well, the ledger of {other.runner.name} "
        f"({count} name{'s' if count != 1 else ''}); it was not compared with this folder."
    )


def _about_migrations(
    place: Place, seen: View, report: StatusReport, past: dict[str, Past], require_applied: bool
) -> list[Finding]:
    found = []
    for line, shown in zip(seen.comparison.lines, report.migrations, strict=True):
        unapplied = require_applied and line.verdict is Verdict.PENDING
        if shown.wrong or unapplied:
            message = f"{printable(line.tag)}: {shown.words}"
            command, hints = cure_of(place, seen, line, past, fails=report.next.fails is not None)
            found.append(Finding(message=message, tag=line.tag, file=shown.file, command=command, hints=list(hints)))
    return found


def _about_rows(place: Place, seen: View, report: StatusReport, past: dict[str, Past]) -> list[Finding]:
    found = []
    for stray, row in zip(seen.comparison.strays, report.rows_without_file, strict=True):
        if not row.wrong:
            continue
        command: str | None = None
        hints: list[str] = []
        if row.kind == "copy":
            command = "drizzle-guard repair --only duplicates"
        elif stray.row in seen.unmatched:
            pass  # the next migrate, which it stops, says what to do
        elif row.name is None and (row.created_at is None or len(row.hash) != 64):
            hints = list(of_nobodys_row(stray.row, place.names))
        elif row.kind == "no-file" and len(row.hash) == 64:
            was = past.get(row.hash)
            command = was.command if was is not None else None
            hints = ["Or acknowledge it in drizzle-guard.toml:", "[[known]]", f'hash = "{row.hash}"', 'reason = "…"']
        elif row.kind == "no-file" and row.name is not None and not row.hash:
            hints = ["Or acknowledge it in drizzle-guard.toml:", "[[known]]", f'name = "{row.name}"', 'reason = "…"']
        name = f"row {row.row}" if row.row is not None else f"row of {row.created_at}"
        message = row.words if row.name is not None and not row.hash else f"{name}: {row.words}"
        found.append(Finding(message=message, command=command, hints=hints))
    return found


def _refused_by_names(ledger: OtherLedger, failure: str) -> Finding:
    """The Supabase CLI compares names before it runs anything."""
    command = f"{ledger.runner.command} --include-all" if failure.startswith("Found local") else None
    return Finding(message=f"the next {ledger.runner.command} fails: {failure}", command=command)


def _about_the_next(place: Place, seen: View, coming: Next) -> list[Finding]:
    found = []
    table = seen.table
    told = False
    if behind(table) and table.sequence is not None:
        message = f"the sequence gives {table.sequence.next} next, and max(id) is {largest_id(table)}"
        error = id_failure(table, max(len(coming.runs), 1))
        message += f"; the next insert fails: {error}" if error else "; a later insert will fail"
        told = coming.failure is not None and coming.failure == error
        found.append(Finding(message=message, command="drizzle-guard repair --only sequence"))
    if coming.failure and seen.ledger is not None:
        found.append(_refused_by_names(seen.ledger, coming.failure))
    elif coming.failure and not told:
        command, hints = way_on(place, seen, coming.failure)
        message = f"the next drizzle-kit migrate fails: {coming.failure}"
        found.append(Finding(message=message, command=command, hints=list(hints)))
    elif coming.lost and not coming.failure:
        found.append(Finding(message=coming.lost, hints=["Put --> statement-breakpoint between them."]))
    return found
