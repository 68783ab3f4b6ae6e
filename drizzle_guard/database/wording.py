"""The sentences of `status`, `apply` and `repair` about migrations and rows."""

from __future__ import annotations

import re
from datetime import datetime, timezone

from drizzle_guard.database.place import View
from drizzle_guard.database.verdicts import Line, Proof, Row, Verdict
from drizzle_guard.errors import printable


def words(line: Line, seen: View) -> str:
    """A verdict in words."""
    row = line.row
    text = _PLAIN.get(line.verdict) or _told(line, seen)
    if seen.ledger is not None and line.verdict is Verdict.SKIPPED:
        text = f"never runs: {seen.ledger.runner.name} wants a number and _ before the name"
    if line.proof is Proof.UNPROVABLE and line.verdict is Verdict.APPLIED:
        text += "; nothing of it can be looked up"
    if line.note:
        text += f" ({line.note})"
    if line.missing and line.verdict is Verdict.OLD_WHEN:
        text += f"; but {_missing(line)}"
    if row is not None and line.runs:
        text += "; WOULD RUN AGAIN"
    elif line.verdict is Verdict.OLD_WHEN and row is seen.table.rows[0] and _skipped(seen):
        text += "; it is the newest row and blocks others"
    return text


_OURS = re.compile(r"(?:^|: )drizzle-guard (?:apply|repair|status)\b.*(?<![.:])$")


def typable(line: str, again: str) -> str:
    """A line that ends in a command of ours, with the words that name folder and database `again`."""
    return f"{line} {again}" if again and not line.endswith(again) and _OURS.search(line) else line


_PLAIN = {
    Verdict.APPLIED: "applied",
    Verdict.EDITED: "applied, edited since: the row has another hash",
    Verdict.LINE_ENDS: "applied; the file differs only in line ends, BOM or final newline",
    Verdict.PENDING: "pending",
    Verdict.PARTLY: "partly applied, no row",
    Verdict.UNRECORDED: "applied, not recorded: all that it creates is there",
}


def _told(line: Line, seen: View) -> str:
    """A verdict whose words say more of the migration."""
    if line.verdict is Verdict.OLD_WHEN:
        return f"applied under an old when ({line.row.created_at if line.row else None})"
    if line.verdict is Verdict.SKIPPED:
        return f"will be skipped: not newer than the newest row ({seen.table.watermark})"
    head = "recorded, but" if line.verdict is Verdict.GONE else "recorded, but only partly there:"
    return f"{head} {_missing(line)}"


def _missing(line: Line) -> str:
    shown = ", ".join(line.missing[:3])
    return shown + (f" and {len(line.missing) - 3} more" if len(line.missing) > 3 else "")


def _skipped(seen: View) -> bool:
    return any(line.verdict is Verdict.SKIPPED for line in seen.comparison.lines)


def row_name(row: Row) -> str:
    """How a row is called; SQLite's rows have no id, so their rowid stands for it."""
    return f"row {row.id}" if row.id is not None else f"row with rowid {row.key}"


def day(millis: float | int | None) -> str:
    """The day and time (UTC) of a time in ms; "" where it is none."""
    try:
        return datetime.fromtimestamp((millis or 0) / 1000, timezone.utc).strftime("%Y-%m-%d %H:%M") if millis else ""
    except (OverflowError, ValueError, OSError):
        return ""


def missing_of(line: Line) -> str:
    """What of a recorded migration is not there, fit for a message."""
    return printable(_missing(line))
