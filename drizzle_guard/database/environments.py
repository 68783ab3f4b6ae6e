"""Several databases side by side: migrations down, environments across, and what a deploy would do to each."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from drizzle_guard.database.report import NextReport, StatusReport
from drizzle_guard.errors import printable, quoted

#: verdict of a migration -> the word in the table
_WORDS = {
    "applied": "applied",
    "applied-line-ends-differ": "applied",
    "applied-edited-since": "edited",
    "applied-under-old-when": "old when",
    "pending": "pending",
    "will-be-skipped": "skipped",
    "partly-applied": "partly",
    "applied-not-recorded": "not recorded",
    "recorded-but-gone": "gone",
    "recorded-but-partly-there": "partly there",
}


class EnvironmentReport(BaseModel):
    """One database of drizzle-guard.toml: its report, or why it was not looked at."""

    name: str
    report: StatusReport | None = None
    error: str | None = None


class RowAcross(BaseModel):
    """One migration in every environment: `states` by the environment's name; `differs` if they are not the same."""

    tag: str
    states: dict[str, str]
    differs: bool


class AcrossReport(BaseModel):
    """`status --all --json`.  `in_step` is true only if all were looked at and none has findings."""

    version: int = 1
    in_step: bool
    environments: list[EnvironmentReport]
    migrations: list[RowAcross]


def across(found: Sequence[EnvironmentReport]) -> AcrossReport:
    """Put the reports side by side."""
    tags = list(dict.fromkeys(m.tag for e in found if e.report for m in e.report.migrations))
    rows = []
    for tag in tags:
        states = {e.name: _state(e, tag) for e in found}
        looked = {states[e.name] for e in found if e.report is not None}
        rows.append(RowAcross(tag=tag, states=states, differs=len(looked) > 1))
    in_step = all(e.report is not None and e.report.in_step for e in found)
    return AcrossReport(in_step=in_step, environments=list(found), migrations=rows)


def _state(environment: EnvironmentReport, tag: str) -> str:
    if environment.report is None:
        return "not looked at"
    found = next((m for m in environment.report.migrations if m.tag == tag), None)
    if found is None:
        return "-"
    again = found.has_row and tag in environment.report.next.runs
    return _WORDS.get(found.verdict, found.verdict) + (", again" if again else "")


def across_text(report: AcrossReport) -> str:
    """For a terminal: the table, what a deploy would do, what is wrong in each."""
    names = [e.name for e in report.environments]
    head = ["", "migration", *map(printable, names)]
    rows = [["≠" if r.differs else "", printable(r.tag), *(r.states[n] for n in names)] for r in report.migrations]
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    lines = [
        " ".join(cell.ljust(width + 1) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    ]
    lines += ["", "The next drizzle-kit migrate:"]
    for environment in report.environments:
        lines.append(f"  {printable(environment.name)}: {_deploy(environment)}")
    for environment in report.environments:
        if environment.report is not None and environment.report.findings:
            lines += ["", f"{printable(environment.name)}:"]
            lines += [f"- {finding.message}" for finding in environment.report.findings]
            lines.append(f"    drizzle-guard status --env {quoted(environment.name)}")
    differing = sum(row.differs for row in report.migrations)
    lines += ["", f"{differing} of {len(report.migrations)} migrations differ between the environments (≠)."]
    return "\n".join(lines)


def _deploy(environment: EnvironmentReport) -> str:
    if environment.report is None:
        return f"not looked at: {environment.error}"
    coming: NextReport = environment.report.next
    text = f"runs {', '.join(map(printable, coming.runs)) or 'nothing'}"
    if coming.skips:
        text += f"; skips {', '.join(map(printable, coming.skips))}"
    if coming.fails:
        text += f"; fails: {coming.fails}"
    elif coming.outcome == "cannot-tell":
        text += "; whether it works cannot be told; drizzle-guard rehearse shows it, without your rows"
    return text


def across_markdown(report: AcrossReport) -> str:
    """A table for a job's summary."""
    names = [_md(e.name) for e in report.environments]
    lines = [f"| migration | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for row in report.migrations:
        cells = [row.states[e.name] for e in report.environments]
        tag = f"**{_md(row.tag)}**" if row.differs else _md(row.tag)
        lines.append(f"| {tag} | {' | '.join(cells)} |")
    lines += ["", "The next `drizzle-kit migrate`:", ""]
    lines += [f"- {_md(e.name)}: {_md(_deploy(e))}" for e in report.environments]
    for environment in report.environments:
        for finding in environment.report.findings if environment.report else ():
            lines.append(f"- **{_md(environment.name)}** {_md(finding.message)}")
    return "\n".join(lines)


def _md(text: str) -> str:
    for mark in "\\|<>`*_[]":
        text = text.replace(mark, "\\" + mark)
    return printable(text)
