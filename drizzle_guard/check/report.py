"""Findings as text, JSON, GitHub annotations or SARIF.

The JSON is a `Report`: its fields and those of `FolderReport` and `FindingReport` are the documented schema, and
`Report.model_json_schema()` is that schema as JSON.  New fields may come; those that are here stay as long as
`version` is 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal
from urllib.parse import quote

import click
from pydantic import BaseModel, ConfigDict, Field

from drizzle_guard import __version__
from drizzle_guard.errors import printable
from drizzle_guard.rules.catalog import RULES
from drizzle_guard.rules.run import Checked, Judged
from drizzle_guard.terminal import annotation, json_in_ascii

Format = Literal["text", "json", "github", "sarif"]
FORMATS: tuple[Format, ...] = ("text", "json", "github", "sarif")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class FindingReport(_Model):
    """One finding."""

    code: str = Field(description="the rule's code, such as DG001")
    name: str = Field(description="the rule's name, such as duplicate-idx")
    severity: Literal["error", "warning"]
    published: bool | None = Field(description="whether it is about published migrations; null: no mainline is known")
    file: str = Field(description="path of the file, relative to where check was called")
    line: int | None = Field(description="line in the file, from 1")
    tags: tuple[str, ...] = Field(description="tags of the migrations that it is about")
    message: str = Field(description="one sentence")
    fix: str = Field(description="what to do, or the command that does it")


class FolderReport(_Model):
    """One migration folder."""

    folder: str = Field(description="its path, relative to where check was called")
    layout: Literal["journal", "v1"]
    migrations: int | None = Field(description="how many migrations it has; null: the journal cannot be read")
    own: int | None = Field(description="how many of them are not on the mainline; null: no mainline is known")
    mainline: str | None = Field(description="the mainline that it was compared with")
    findings: tuple[FindingReport, ...] = Field(description="sorted by file and line")
    unasked: tuple[str, ...] = Field(default=(), description="codes of rules that could not be applied here")


class Report(_Model):
    """What `drizzle-guard check --format json` prints."""

    version: Literal[1] = 1
    tool: str = Field(default=__version__, description="version of drizzle-guard")
    errors: int = Field(description="number of findings that are errors; above 0 the exit code is 1")
    warnings: int = Field(description="number of findings that are warnings")
    folders: tuple[FolderReport, ...]


def make_report(checked: Iterable[tuple[Checked, str | None, tuple[str, ...]]]) -> Report:
    """The report of checked folders: each with its mainline, and the codes of rules that could not be applied."""
    folders = tuple(_folder_report(*row) for row in checked)
    severities = [finding.severity for folder in folders for finding in folder.findings]
    return Report(errors=severities.count("error"), warnings=severities.count("warning"), folders=folders)


def render(report: Report, kind: Format, *, quiet: bool = False, color: bool = False) -> str:
    """The report in one of the formats.  `quiet` leaves out warnings and summaries, `color` is for a terminal."""
    if quiet:
        report = report.model_copy(update={"folders": tuple(_errors_only(folder) for folder in report.folders)})
    if kind == "json":
        return json_in_ascii(report.model_dump_json(indent=2))
    if kind == "sarif":
        return json.dumps(_sarif(report), indent=2)
    lines = list(_text(report, quiet, color) if kind == "text" else _github(report))
    if not quiet:
        lines += [*([""] if kind == "text" else []), summary(report)]
    return "\n".join(lines)


def summary(report: Report) -> str:
    """One line: how many findings, in how many folders."""
    total = len(report.folders)
    if not report.errors and not report.warnings:
        return (
            f"{_count(total, 'folder')}, {_count(sum(f.migrations or 0 for f in report.folders), 'migration')}: sound."
        )
    kinds = [_count(report.errors, "error")] if report.errors else []
    kinds += [_count(report.warnings, "warning")] if report.warnings else []
    unsound = sum(1 for folder in report.folders if folder.findings)
    first = next(found for severity in ("error", "warning") for found in _all(report) if found.severity == severity)
    return (
        f"{' and '.join(kinds)} in {unsound} of {_count(total, 'folder')}; "
        f"`drizzle-guard explain {first.code}` says more."
    )


def _text(report: Report, quiet: bool, color: bool) -> Iterator[str]:
    def style(text: str, **how: Any) -> str:
        return click.style(text, **how) if color else text

    for folder in report.folders:
        if folder.findings or not quiet:
            yield style(_heading(folder), bold=True)
        for found in folder.findings:
            severity = style(found.severity, fg="red" if found.severity == "error" else "yellow", bold=True)
            where = printable(found.file) + ("" if found.line is None else f":{found.line}")
            yield f"  {severity} {found.code} {found.name}  {style(where, fg='cyan')}"
            yield f"    {found.message}"
            first, *more = found.fix.split("\n")
            yield style(f"    fix: {first}", dim=True)
            yield from (style(f"         {line}", dim=True) for line in more)


def _heading(folder: FolderReport) -> str:
    count = "unreadable" if folder.migrations is None else _count(folder.migrations, "migration")
    text = f"{printable(folder.folder)}: {count}"
    if folder.layout == "v1":
        text += " in Drizzle v1's layout (drizzle-kit v1's own check compares their snapshots)"
    if folder.own is not None and folder.mainline is not None:
        text += f", {folder.own} not on {printable(folder.mainline)}"
    return text if folder.findings else f"{text}; sound"


def _github(report: Report) -> Iterator[str]:
    for found in _all(report):
        text = f"{found.message}\nfix: {found.fix}"
        title = f"{found.code} {found.name}"
        yield annotation(found.severity, text, file=found.file, line=found.line, title=title)


def _sarif(report: Report) -> dict[str, Any]:
    """SARIF 2.1.0 with one run; rules without findings are listed too, so that a viewer can explain them."""
    indexes = {code: index for index, code in enumerate(RULES)}
    rules = [
        {
            "id": rule.code,
            "name": rule.name,
            "shortDescription": {"text": rule.summary},
            "fullDescription": {"text": rule.why},
            "help": {"text": rule.repair},
            "defaultConfiguration": {"level": rule.severity},
        }
        for rule in RULES.values()
    ]
    results = []
    for found in _all(report):
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(found.file)}}
        if found.line is not None:
            place["region"] = {"startLine": found.line}
        results.append(
            {
                "ruleId": found.code,
                "ruleIndex": indexes[found.code],
                "level": found.severity,
                "message": {"text": f"{found.message} Fix: {found.fix}".rstrip(".") + "."},
                "locations": [{"physicalLocation": place}],
            }
        )
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "drizzle-guard", "version": __version__, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _folder_report(folder: Checked, mainline: str | None, unasked: tuple[str, ...]) -> FolderReport:
    return FolderReport(
        folder=_unicode(folder.name) or ".",
        layout=folder.layout.value,
        migrations=folder.migrations,
        own=folder.own,
        mainline=None if mainline is None else printable(mainline),
        findings=tuple(_finding_report(judged) for judged in folder.findings),
        unasked=unasked,
    )


def _finding_report(judged: Judged) -> FindingReport:
    finding = judged.finding
    return FindingReport(
        code=finding.rule.code,
        name=finding.rule.name,
        severity=judged.severity,
        published=judged.published,
        file=_unicode(finding.path),
        line=finding.line,
        tags=tuple(printable(tag) for tag in judged.tags if tag),
        message=finding.message,
        fix=finding.fix,
    )


def _unicode(path: str) -> str:
    """A path as text that can be encoded: bytes that are no UTF-8 become escapes."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def _errors_only(folder: FolderReport) -> FolderReport:
    return folder.model_copy(update={"findings": tuple(f for f in folder.findings if f.severity == "error")})


def _all(report: Report) -> Iterator[FindingReport]:
    return (found for folder in report.folders for found in folder.findings)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
