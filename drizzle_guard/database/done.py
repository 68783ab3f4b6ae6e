"""What `apply` and `repair` did, or would do: as data (the form of `--json`), as Markdown, as annotations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import BaseModel

from drizzle_guard.database.one_run import Run
from drizzle_guard.database.perform import record
from drizzle_guard.database.place import Place
from drizzle_guard.database.repairs import Offer
from drizzle_guard.database.report import Finding
from drizzle_guard.database.wording import typable
from drizzle_guard.errors import GuardError, printable, printable_sql, without_credentials
from drizzle_guard.terminal import annotation

State = Literal["done", "would-do", "failed", "declined", "left"]


class RunForm(BaseModel):
    """One migration that runs: `statements` are sent one by one, those before `first` (from 1) ran before.

    `recorded` is the SQL of its row, `when` its `created_at` in ms since the epoch.
    """

    tag: str
    file: str
    first: int
    statements: list[str]
    recorded: str
    when: int

    @classmethod
    def of(cls, place: Place, run: Run) -> RunForm:
        """The form of a run."""
        return cls(
            tag=run.tag,
            file=place.file(run.tag),
            first=run.start + 1,
            statements=[chunk.strip() for chunk in run.chunks],
            recorded=record(place, run).sql,
            when=run.when,
        )


class ApplyReport(BaseModel):
    """`apply --format json`.  `error` and `hints` are those of "refused" (nothing was run) and "failed"."""

    version: int = 1
    folder: str
    database: str
    table: str
    outcome: Literal["applied", "would-apply", "refused", "failed"]
    run: RunForm | None = None
    error: str | None = None
    hints: list[str] = []


class OfferForm(BaseModel):
    """One repair: `kind` is one of `repairs.KINDS`; `runs` come before `changes`, `undo` takes the changes back.

    `state` says what became of it; `obstacle` is why one that is "left" is for a person.
    """

    kind: str
    title: str
    state: State
    runs: list[RunForm]
    changes: list[str]
    undo: list[str]
    obstacle: str | None = None

    @classmethod
    def of(cls, place: Place, offer: Offer, state: State) -> OfferForm:
        """The form of an offer."""
        return cls(
            kind=offer.kind,
            title=offer.title,
            state=state,
            runs=[RunForm.of(place, run) for run in offer.runs],
            changes=[f"{change.sql};" for change in offer.changes],
            undo=list(undo_of(place, [offer])),
            obstacle=None if offer.obstacle is None else printable(offer.obstacle),
        )


class RepairReport(BaseModel):
    """`repair --format json`.  `in_step` is true exactly if nothing remains; the exit code is then 0.

    `backup` is the file that holds the rows as they were, `undo` all that takes the whole repair back, in its order.
    """

    version: int = 1
    folder: str
    database: str
    table: str
    outcome: Literal["repaired", "would-repair", "nothing-to-repair", "left", "failed"]
    offers: list[OfferForm]
    backup: str | None = None
    undo: list[str] = []
    in_step: bool = False
    remaining: list[Finding] = []
    error: str | None = None
    hints: list[str] = []


def undo_of(place: Place, offers: Sequence[Offer]) -> Iterator[str]:
    """The SQL that takes repairs back, the last one first."""
    for offer in reversed(offers):
        for change in reversed(offer.changes):
            yield f"{change.undo};"
        for run in reversed(offer.runs):
            yield f"{record(place, run).undo}; -- and what {printable(run.tag)} did to the schema, by hand"


def told(error: GuardError, place: Place) -> dict[str, object]:
    """The keys of a report that say what went wrong; a command in it works as it stands there."""
    words = (error.message, *(typable(hint, place.again) for hint in error.hints))
    message, *hints = (printable(without_credentials(text)) for text in words)
    return {"error": message, "hints": hints}


def apply_github(report: ApplyReport) -> str:
    """One annotation."""
    title = "drizzle-guard apply"
    if report.error is not None:
        file = report.run.file if report.run is not None else None
        return annotation("error", " ".join([report.error, *report.hints]), file=file, title=title)
    run = report.run
    if run is None:
        return annotation("notice", report.outcome, title=title)
    words = "is applied and recorded" if report.outcome == "applied" else "would be applied and recorded"
    return annotation("notice", f"{printable(run.tag)} {words} (created_at {run.when})", file=run.file, title=title)


def apply_markdown(report: ApplyReport) -> str:
    """What was run and recorded, for a job's summary."""
    tag = printable(report.run.tag) if report.run is not None else "apply"
    lines = [f"**{tag}** on `{report.database}`: {report.outcome}"]
    if report.run is not None:
        left_out = report.run.first - 1
        lines += ["", *([f"Statements 1 to {left_out} ran before and were left out.", ""] if left_out else [])]
        lines += _code([*report.run.statements[left_out:], report.run.recorded])
    if report.error is not None:
        lines += ["", report.error, *(f"- {hint}" for hint in report.hints)]
    return "\n".join(lines)


def repair_github(report: RepairReport) -> str:
    """A notice for each repair, a warning for each that is left, an error for each thing that remains wrong."""
    title = "drizzle-guard repair"
    lines = []
    for offer in report.offers:
        level = "notice" if offer.state in ("done", "would-do") else "warning"
        words = f"{offer.state}: {offer.kind}: {offer.title}" + (f" ({offer.obstacle})" if offer.obstacle else "")
        lines.append(annotation(level, words, title=title))
    if report.error is not None:
        lines.append(annotation("error", " ".join([report.error, *report.hints]), title=title))
    for finding in report.remaining:
        message = finding.message + (f" ({finding.command})" if finding.command else "")
        lines.append(annotation("error", message, file=finding.file or None, title=title))
    return "\n".join(lines or [annotation("notice", f"{report.folder}: nothing to repair", title=title)])


def repair_markdown(report: RepairReport) -> str:
    """A list of the repairs with their SQL, what takes them back, and what remains, for a job's summary."""
    lines = [f"**{report.folder}** on `{report.database}`: {report.outcome}"]
    for offer in report.offers:
        lines += [
            "",
            f"- {offer.kind} ({offer.state}): {offer.title}" + (f": {offer.obstacle}" if offer.obstacle else ""),
        ]
        sent = [sql for run in offer.runs for sql in (*run.statements[run.first - 1 :], run.recorded)]
        lines += _code([*sent, *offer.changes]) if sent or offer.changes else []
    if report.backup is not None:
        lines += [
            "",
            f"The rows as they were are in `{printable(report.backup)}`. To take it back:",
            *_code(report.undo),
        ]
    if report.error is not None:
        lines += ["", report.error, *(f"- {hint}" for hint in report.hints)]
    if report.remaining:
        lines += ["", "What remains:"]
        lines += [f"- {f.message}" + (f": `{f.command}`" if f.command else "") for f in report.remaining]
    return "\n".join(lines)


def _code(statements: Sequence[str]) -> list[str]:
    """A block of SQL; a fence longer than any in the text cannot be left from inside."""
    text = "\n".join(f"{printable_sql(sql).rstrip().removesuffix(';')};" for sql in statements)
    longest = max((len(marks) for marks in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}sql", text, fence]
