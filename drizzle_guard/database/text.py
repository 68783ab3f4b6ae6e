"""The report of `status` as text for people and as annotations for GitHub."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from drizzle_guard.database.report import StatusReport
from drizzle_guard.errors import printable


def text(report: StatusReport) -> str:
    """Everything, for a terminal."""
    lines = [f"{printable(report.folder)} against {report.database}, table {report.table}", ""]
    if report.migrations:
        head = ("idx", "tag", "when", "row", "created_at", "verdict")
        rows = [
            (
                _cell(m.idx),
                printable(m.tag),
                _cell(m.when),
                _cell(m.row, m.has_row),
                _cell(m.created_at, m.has_row),
                m.words,
            )
            for m in report.migrations
        ]
        lines += _columns([head, *rows], right=(0, 3))
    else:
        lines.append("  the folder has no migrations")
    if report.rows_without_file:
        lines += ["", "Rows without a file:"]
        stray = [("row", "created_at", "hash", "")]
        stray += [
            (_cell(r.row, True), _cell(r.created_at, True), r.hash[:12] or "''", r.words)
            for r in report.rows_without_file
        ]
        lines += _columns(stray, right=(0,))
    lines += ["", *report.notes] if report.notes else []
    lines += ["", *_next(report)]
    if report.sequence is not None:
        lines.append(f"Sequence: gives {report.sequence.next} next; max(id) is {_cell(report.sequence.max_id)}.")
    lines.append("")
    if report.in_step:
        waiting = sum(m.verdict == "pending" for m in report.migrations)
        lines.append("In step." if not waiting else f"In step; {waiting} pending.")
    for finding in report.findings:
        lines.append(f"- {finding.message}")
        if finding.command:
            lines.append(f"    {finding.command}")
    return "\n".join(lines)


def github(report: StatusReport) -> str:
    """One annotation for each finding (docs.github.com, workflow commands)."""
    lines = []
    for finding in report.findings:
        file = f"file={_escaped(finding.file, ',:')}," if finding.file else ""
        message = finding.message + (f" ({finding.command})" if finding.command else "")
        lines.append(f"::error {file}title=drizzle-guard status::{_escaped(message)}")
    return "\n".join(lines or [f"::notice title=drizzle-guard status::{_escaped(report.folder)}: in step"])


def _next(report: StatusReport) -> Iterator[str]:
    coming = report.next
    yield "The next drizzle-kit migrate:"
    yield f"  runs {_tags(coming.runs, frozenset(coming.again)) or 'nothing'}"
    if coming.skips:
        yield f"  skips {_tags(coming.skips)}, and says nothing of it"
    if coming.fails:
        yield f"  fails: {coming.fails}"
    elif coming.runs:
        yield "  and nothing is seen that would make it fail"


def _tags(tags: Sequence[str], again: Collection[str] = ()) -> str:
    return ", ".join(printable(tag) + (" (again)" if tag in again else "") for tag in tags)


def _cell(value: object, there: bool = False) -> str:
    return ("NULL" if there else "-") if value is None else str(value)


def _columns(rows: Sequence[Sequence[str]], right: Sequence[int]) -> list[str]:
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[n].rjust(widths[n]) if n in right else row[n].ljust(widths[n]) for n in range(len(widths))]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return lines


def _escaped(text: str, more: str = "") -> str:
    for char in "%\r\n" + more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text
