"""The findings of `status` as data (the documented form of `--json`), and as text for people."""

from __future__ import annotations

from pydantic import BaseModel

from drizzle_guard.database.next_migrate import Next, behind, id_failure, largest_id, next_migrate
from drizzle_guard.database.place import Place, View, owners_elsewhere
from drizzle_guard.database.rows import Line, Row, Stray, Verdict
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


class RowReport(BaseModel):
    """A row that belongs to no migration of the folder."""

    row: int | None
    created_at: float | int | None
    hash: str
    words: str
    wrong: bool


class NextReport(BaseModel):
    """The next `drizzle-kit migrate`: tags that run (`again`: for the second time), tags skipped, why it fails."""

    runs: list[str]
    again: list[str]
    skips: list[str]
    fails: str | None


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


def build(place: Place, seen: View, *, require_applied: bool = False) -> StatusReport:
    """All that is to be said of one folder and one database."""
    table = seen.table
    coming = next_migrate(seen.comparison, seen.catalog, place.names.kind, place.file)
    if seen.unmatched:
        ids = ", ".join(str(row.id) for row in seen.unmatched)
        coming = coming._replace(
            failure=f"Drizzle v1 cannot upgrade the table: rows {ids} do not match any local migration"
        )
    others = owners_elsewhere(place) if seen.comparison.strays else {}
    strays = [_stray(stray, others) for stray in seen.comparison.strays]
    lines = [_migration(place, line, seen) for line in seen.comparison.lines]
    report = StatusReport(
        folder=place.name,
        database=printable(place.target.label),
        table=printable(place.names.shown),
        layout="v1" if place.v1 else "journal",
        fresh=not table.exists,
        in_step=True,
        migrations=lines,
        rows_without_file=strays,
        next=NextReport(
            runs=list(coming.runs), again=list(coming.again), skips=list(coming.skips), fails=coming.failure
        ),
        sequence=None,
        notes=_notes(place, seen),
        findings=[],
    )
    if table.sequence is not None:
        report.sequence = SequenceReport(next=table.sequence.next, max_id=largest_id(table), behind=behind(table))
    report.findings = _findings(place, seen, coming, report, require_applied)
    report.in_step = not report.findings
    return report


def _migration(place: Place, line: Line, seen: View) -> MigrationReport:
    row = line.row
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
        words=words(line, seen),
        wrong=line.wrong,
    )


def words(line: Line, seen: View) -> str:
    """A verdict in words."""
    row = line.row
    text = {
        Verdict.APPLIED: "applied",
        Verdict.EDITED: "applied, edited since: the row has another hash",
        Verdict.LINE_ENDS: "applied; the file differs only in line ends, BOM or final newline",
        Verdict.OLD_WHEN: f"applied under an old when ({row.created_at if row else None})",
        Verdict.PENDING: "pending",
        Verdict.SKIPPED: f"will be skipped: not above the watermark {seen.table.watermark}",
        Verdict.PARTLY: "partly applied, no row",
        Verdict.UNRECORDED: "applied, not recorded: all that it creates is there",
    }[line.verdict]
    if line.note:
        text += f" ({line.note})"
    if row is not None and line.runs:
        text += "; WOULD RUN AGAIN"
    elif line.verdict is Verdict.OLD_WHEN and row is seen.table.rows[0] and _skipped(seen):
        text += "; it is the watermark and blocks others"
    return text


def _skipped(seen: View) -> bool:
    return any(line.verdict is Verdict.SKIPPED for line in seen.comparison.lines)


def _stray(stray: Stray, others: dict[int, str]) -> RowReport:
    row, wrong = stray.row, True
    owner = others.get(row.created_at) if isinstance(row.created_at, int) else None
    if stray.copy_of is not None:
        text = f"repeats {row_name(stray.copy_of)} exactly"
    elif stray.like is not None:
        text, wrong = f"an older run of {printable(stray.like)}", False
    elif owner is not None:
        text, wrong = f"belongs to {printable(owner)}, which shares this table", False
    else:
        text = "no file: dropped, squashed, or of another project that shares this table"
    if row.created_at is None:
        text, wrong = f"{text}; its created_at is NULL", True
    return RowReport(row=row.id, created_at=row.created_at, hash=printable(row.hash), words=text, wrong=wrong)


def row_name(row: Row) -> str:
    """How a row is called; SQLite's rows have no id, so their rowid stands for it."""
    return f"row {row.id}" if row.id is not None else f"row with rowid {row.key}"


def _notes(place: Place, seen: View) -> list[str]:
    notes = []
    if not seen.table.exists:
        notes.append(f"No table {printable(place.names.shown)} yet: a fresh database, on which everything runs.")
        if seen.elsewhere:
            schemas = ", ".join(map(printable, seen.elsewhere))
            notes.append(f"A table of that name is in schema {schemas}: pass --schema if it is the one.")
    if seen.upgrades:
        notes.append("The table is one of Drizzle 0.x; Drizzle v1 upgrades it on its first run.")
    if seen.table.named and not place.v1:
        notes.append("The table was upgraded by Drizzle v1, but the folder still has a journal (drizzle-kit up).")
    if any(row.created_at is None for row in seen.table.rows[:1]) and not place.v1:
        notes.append("The row with created_at NULL sorts first, so the watermark is 0 and everything runs again.")
    return notes


def _findings(place: Place, seen: View, coming: Next, report: StatusReport, require_applied: bool) -> list[Finding]:
    found = []
    for line, shown in zip(seen.comparison.lines, report.migrations, strict=True):
        unapplied = require_applied and line.verdict is Verdict.PENDING
        if line.wrong or unapplied:
            message = f"{printable(line.tag)}: {shown.words}"
            found.append(Finding(message=message, tag=line.tag, file=shown.file, command=_cure(line)))
    for row in report.rows_without_file:
        if row.wrong:
            repeats = row.words.startswith("repeats ")
            command = "drizzle-guard repair --only duplicates" if repeats else None
            name = f"row {row.row}" if row.row is not None else f"row of {row.created_at}"
            found.append(Finding(message=f"{name}: {row.words}", command=command))
    table = seen.table
    if behind(table) and table.sequence is not None:
        message = f"the sequence gives {table.sequence.next} next, and max(id) is {largest_id(table)}"
        error = id_failure(table, max(len(coming.runs), 1))
        message += f"; the next insert fails: {error}" if error else "; a later insert will fail"
        found.append(Finding(message=message, command="drizzle-guard repair --only sequence"))
    if coming.failure and not any(coming.failure in finding.message for finding in found):
        found.append(Finding(message=f"the next drizzle-kit migrate fails: {coming.failure}"))
    return found


def _cure(line: Line) -> str | None:
    tag = printable(line.tag)
    return {
        Verdict.SKIPPED: f"drizzle-guard apply {tag}",
        Verdict.PARTLY: f"drizzle-guard apply {tag} --resume",
        Verdict.UNRECORDED: "drizzle-guard repair --only adopt",
        Verdict.OLD_WHEN: "drizzle-guard repair --only re-stamp",
        Verdict.EDITED: "put the old SQL back; what is new belongs into a new migration",
        Verdict.PENDING: "npx drizzle-kit migrate",
    }.get(line.verdict)
