"""The report of `status` as text for people, as Markdown, and as annotations for GitHub."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import groupby

from drizzle_guard.database.next_migrate import Outcome
from drizzle_guard.database.report import Finding, MigrationReport, RowReport, StatusReport
from drizzle_guard.database.verdicts import Proof
from drizzle_guard.database.wording import day
from drizzle_guard.errors import printable
from drizzle_guard.terminal import annotation

Style = Callable[[str, str], str]  # text, colour
#: findings of one kind that are printed one by one; the rest is counted
_MOST = 8
#: names in a row, before the rest is counted
_FEW = 5


def plain(text: str, colour: str) -> str:
    """No colour."""
    return text


def text(report: StatusReport, *, short: bool = False, style: Style = plain) -> str:
    """Everything, for a terminal; `short`: only what is not in order."""
    lines = [f"{printable(report.folder)} against {report.database}, table {report.table}", ""]
    lines += _migrations(report, short, style)
    strays = [row for row in report.rows_without_file if row.wrong or not short]
    if strays:
        lines += ["", "Rows without a file:"]
        table = [("row", "created_at", "", "hash", "")]
        table += [(_cell(r.row, True), _cell(r.created_at, True), day(r.created_at), _hash(r), r.words) for r in strays]
        lines += _columns(table, right=(0,))
    lines += ["", *report.notes] if report.notes else []
    lines += ["", *(_next(report, style) if report.ledger is None else _next_by_file(report, style))]
    if report.sequence is not None:
        lines.append(f"Sequence: gives {report.sequence.next} next; max(id) is {_cell(report.sequence.max_id)}.")
    lines += _looked_up_in_part(report)
    lines.append("")
    if report.in_step:
        waiting = sum(m.verdict == "pending" for m in report.migrations)
        lines.append(style("In step." if not waiting else f"In step; {waiting} pending.", "green"))
    lines += findings_text(report.findings, style)
    return "\n".join(lines)


def _looked_up_in_part(report: StatusReport) -> Iterator[str]:
    """What "applied" does not vouch for."""
    found = [printable(m.tag) for m in report.migrations if m.proof == Proof.IN_PART.value]
    if found:
        tags = ", ".join(found[:_FEW]) + (f" and {len(found) - _FEW} more" if len(found) > _FEW else "")
        yield f"Looked up only in part: {tags} (rows, calls, bodies, expressions that the database rewrites)."


def _migrations(report: StatusReport, short: bool, style: Style) -> Iterator[str]:
    shown = [m for m in report.migrations if not short or m.wrong or m.verdict != "applied"]
    if not report.migrations:
        yield "  the folder has no migrations"
        return
    left = len(report.migrations) - len(shown)
    if left:
        yield f"  {left} applied and in order are not shown (status --no-short)"
    if not shown:
        return
    head = ("idx", "tag", "when", "", "row", "created_at", "verdict")
    rows = [
        (
            *(_cell(m.idx), printable(m.tag), _cell(m.when), day(m.when), _cell(m.row, m.has_row)),
            *(_cell(m.created_at, m.has_row), m.words),
        )
        for m in shown
    ]
    lines = _columns([head, *rows], right=(0, 4))
    yield lines[0]
    for migration, line in zip(shown, lines[1:], strict=True):
        yield style(line, colour_of(migration)) if colour_of(migration) else line


def colour_of(migration: MigrationReport) -> str:
    """Red for what is wrong, yellow for what waits, none for what is in order."""
    return "red" if migration.wrong else "yellow" if migration.verdict == "pending" else ""


def findings_text(findings: Sequence[Finding], style: Style = plain) -> Iterator[str]:
    """What is wrong, and below it what cures it: once for all that have the same cure."""
    for (command, *hints), group in groupby(findings, lambda f: (f.command or "", *(() if f.command else f.hints))):
        found = list(group)
        for finding in found[:_MOST]:
            yield style(f"- {finding.message}", "red")
        if len(found) > _MOST:
            yield f"- and {len(found) - _MOST} more"
        more = [hint for finding in found[:_MOST] for hint in finding.hints]
        shown = list(dict.fromkeys(more) if len(found) == 1 or not hints else hints)
        if command:
            shown.insert(len(shown) if shown and shown[-1].endswith(":") else 0, command)
        yield from (f"    {line}" for line in shown)


def github(report: StatusReport, where: str = "") -> str:
    """One annotation for each finding (docs.github.com, workflow commands); `where` is put before each."""
    lines = []
    for finding in report.findings:
        message = where + finding.message + (f" ({finding.command})" if finding.command else "")
        lines.append(annotation("error", message, file=finding.file or None, title="drizzle-guard status"))
    return "\n".join(lines or [annotation("notice", f"{where}{report.folder}: in step", title="drizzle-guard status")])


def markdown(report: StatusReport) -> str:
    """A table of the migrations and the list of what is wrong, for a job's summary."""
    lines = [
        f"**{_md(report.folder)}** against `{report.database}`: {'in step' if report.in_step else 'not in step'}",
        "",
    ]
    lines += ["| migration | when | verdict |", "| --- | --- | --- |"]
    lines += [f"| {_md(m.tag)} | {day(m.when)} | {_md(m.words)} |" for m in report.migrations]
    lines += ["", *(f"- {_md(f.message)}" + (f": `{f.command}`" if f.command else "") for f in report.findings)]
    return "\n".join(lines).rstrip()


def _md(text: str) -> str:
    for mark in "\\|<>`*_[]":
        text = text.replace(mark, "\\" + mark)
    return printable(text)


def _next(report: StatusReport, style: Style) -> Iterator[str]:
    coming = report.next
    yield "The next drizzle-kit migrate:"
    yield f"  runs {_tags(coming.runs, frozenset(coming.again)) or 'nothing'}"
    if coming.skips:
        yield f"  skips {_tags(coming.skips)}, and says nothing of it"
    if coming.fails:
        yield style(f"  fails: {coming.fails}", "red")
    elif coming.outcome == Outcome.RUNS.value:
        yield "  and nothing is seen that would make it fail: all of it works on what is there"
    elif coming.outcome == Outcome.UNSURE.value:
        yield f"  {unsure(coming.doubt or '', any('without a breakpoint' in f.message for f in report.findings))}"


def _next_by_file(report: StatusReport, style: Style) -> Iterator[str]:
    """What the other program runs next; whether the SQL works is not foretold."""
    yield f"The next run of {report.ledger}:"
    yield f"  runs {_tags(report.next.runs) or 'nothing'}"
    if report.next.fails:
        yield style(f"  fails: {report.next.fails}", "red")
    elif report.next.runs:
        yield "  whether that works was not looked at"


def unsure(doubt: str, worse: bool) -> str:
    """Why it cannot be told whether the next migrate works."""
    head = "cannot tell" if worse else "nothing is seen that would make it fail, but status cannot tell for certain"
    return f"{head} ({doubt}); drizzle-guard rehearse shows it, on a database without your rows"


def _tags(tags: Sequence[str], again: Collection[str] = ()) -> str:
    return ", ".join(printable(tag) + (" (again)" if tag in again else "") for tag in tags)


def _hash(row: RowReport) -> str:
    """The start of a hash; '' where Drizzle stored none, nothing where the ledger has no hashes."""
    return row.hash[:12] or ("''" if row.name is None else "")


def _cell(value: object, there: bool = False) -> str:
    return ("NULL" if there else "-") if value is None else str(value)


def _columns(rows: Sequence[Sequence[str]], right: Sequence[int]) -> list[str]:
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[n].rjust(widths[n]) if n in right else row[n].ljust(widths[n]) for n in range(len(widths))]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return lines
