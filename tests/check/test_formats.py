"""How `check` prints: JSON, GitHub annotations, SARIF, colour, progress."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from drizzle_guard import __version__
from drizzle_guard.check.report import Report
from drizzle_guard.cli import main
from drizzle_guard.commands import check, progress
from drizzle_guard.rules.catalog import RULES
from support.check_folders import CASES, prepare, run_check, sound
from support.gitbed import Bed


@pytest.mark.parametrize("name", ["DG001-duplicate-idx", "DG009-unsafe-tag-deceiving", "DG011-v1-missing-sql"])
def test_json_is_what_its_schema_says(name: str, bed: Bed) -> None:
    prepare(CASES / name, "failing", bed)
    done = run_check(bed, "--format", "json")
    report = Report.model_validate_json(done.out)
    assert (done.code, report.errors, report.version, report.tool) == (1, 1, 1, __version__)
    assert done.out == report.model_dump_json(indent=2) + "\n"


def test_json_exactly(bed: Bed) -> None:
    args = prepare(CASES / "DG033-not-after-mainline", "failing", bed)
    found = json.loads(run_check(bed, *args, "--format", "json").out)
    finding = found["folders"][0]["findings"][0]
    assert finding.pop("message").startswith("0002_own does not come after main (newest there: 0002_posts): idx 2 is")
    assert finding == {
        "code": "DG033",
        "name": "not-after-mainline",
        "severity": "error",
        "published": False,
        "file": "drizzle/meta/_journal.json",
        "line": 19,
        "tags": ["0002_own"],
        "fix": "git merge main\ndrizzle-guard renumber\ngit commit",
    }
    del found["folders"][0]["findings"]
    assert found == {
        "version": 1,
        "tool": __version__,
        "errors": 1,
        "warnings": 0,
        "folders": [
            {"folder": "drizzle", "layout": "journal", "migrations": 3, "own": 1, "mainline": "main", "unasked": []}
        ],
    }


def test_github_annotations(bed: Bed) -> None:
    prepare(CASES / "DG011-missing-sql-case", "failing", bed)
    (bed.root / "drizzle").rename(bed.root / "a,b:c%")
    done = run_check(bed, "--format", "github", directory=bed.root / "a,b:c%")
    assert done.out.splitlines() == [
        "::warning file=a%2Cb%3Ac%25/0001_Age.sql,title=DG012 orphan-sql::0001_Age.sql is not in the journal, so it "
        "never runs.%0Afix: put it back with drizzle-kit generate --custom, or delete it",
        "::error file=a%2Cb%3Ac%25/meta/_journal.json,line=12,title=DG011 missing-sql::0001_age is in the journal, "
        "but 0001_age.sql is missing (there is 0001_Age.sql: only the case differs).%0A"
        "fix: bring the file back from git, or from where it was made",
        "1 error and 1 warning in 1 of 1 folder; `drizzle-guard explain DG011` says more.",
    ]


def test_sarif(bed: Bed) -> None:
    prepare(CASES / "DG011-missing-sql-case", "failing", bed)
    (bed.root / "drizzle").rename(bed.root / "my folder")
    log: dict[str, Any] = json.loads(run_check(bed, "--format", "sarif").out)
    assert (log["version"], log["$schema"]) == ("2.1.0", "https://json.schemastore.org/sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert [rule["id"] for rule in driver["rules"]] == list(RULES)
    levels = {"none", "note", "warning", "error"}
    assert all(rule["defaultConfiguration"]["level"] in levels for rule in driver["rules"])
    assert [result["level"] for result in run["results"]] == ["warning", "error"]
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places == [
        {"artifactLocation": {"uri": "my%20folder/0001_Age.sql"}},
        {"artifactLocation": {"uri": "my%20folder/meta/_journal.json"}, "region": {"startLine": 12}},
    ]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are Unicode there")
@pytest.mark.parametrize("kind", ["text", "json", "github", "sarif"])
def test_a_name_that_is_not_utf8(kind: str, bed: Bed) -> None:
    folder = sound(bed)
    Path(os.fsdecode(os.fsencode(folder) + b"/meta/caf\xe9")).write_bytes(b"{}")
    done = run_check(bed, "--format", kind)
    assert done.code == 1
    assert "stray-file" in done.out
    done.out.encode("utf-8")


# -- terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_on_a_terminal_only(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(CASES / "DG001-duplicate-idx", "failing", bed)
    monkeypatch.chdir(bed.root)
    monkeypatch.setattr(check, "now", lambda: 0)
    shown = []
    for no_color in ("", "1"):
        monkeypatch.setenv("NO_COLOR", no_color)
        terminal = Terminal()
        with mock.patch.object(sys, "stdout", terminal):
            main(["check"])
        shown.append(terminal.getvalue())
    assert "\x1b[31m\x1b[1merror\x1b[0m DG" in shown[0]
    assert "\x1b" not in shown[1]
    assert "\x1b" not in run_check(bed).out


def test_progress_when_it_takes_long(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    sound(bed)
    monkeypatch.chdir(bed.root)
    for patience, seen in ((-1.0, True), (60.0, False)):
        monkeypatch.setattr(progress, "PATIENCE", patience)
        terminal = Terminal()
        with mock.patch.object(sys, "stderr", terminal):
            assert main(["check"]) == 0
        assert ("checking" in terminal.getvalue()) == seen
    monkeypatch.setattr(progress, "PATIENCE", -1.0)
    assert run_check(bed).err == ""
