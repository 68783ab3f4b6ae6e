"""What `status`, `apply` and `repair` print besides text, and that the commands they print work as they stand there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from drizzle_guard.database.done import ApplyReport, RepairReport
from drizzle_guard.database.whereabouts import Asked, repeated
from support.databases import KINDS, Place, table

INIT = ("0000_init", 1000, table("farms"))
FEATURE = ("0001_feature", 2000, table("barns"))
MAIN = ("0002_main", 3000, table("cows"))


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """0001 is skipped: it came with a merge after 0002 had run."""
    made = Place(tmp_path, request.param)
    made.write(INIT, FEATURE, MAIN)
    made.applied(INIT, MAIN)
    return made


def printed(text: str, verb: str) -> list[str]:
    """The command of ours that a text ends in or shows, as a shell cuts it, without its name."""
    found = re.search(rf"^ *(drizzle-guard {verb}\b.*)$", text, re.MULTILINE)
    assert found, text
    return shlex.split(found[1])[1:]


def typed(place: Place, words: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Type a printed command; the variable in it holds the URL, as the message asks."""
    monkeypatch.setenv("DATABASE_URL", place.url)
    return place.guard(*[place.url if word == "$DATABASE_URL" else word for word in words], plain=True)


def test_the_commands_of_status_work_as_they_are_printed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    shown = place.guard("status").out
    again = "--url " + ("local.db" if place.kind == "sqlite" else '"$DATABASE_URL"')
    url = place.url
    if place.kind == "sqlite":
        shown = place.guard("status", url="local.db").out
    else:
        assert "Put the URL that you gave into DATABASE_URL first; it is not repeated here." in shown
    assert f"    drizzle-guard apply 0001_feature {again}\n" in f"{shown}\n"
    assert "bench" not in shown.replace(url.rpartition("/")[2], "")
    assert typed(place, [*printed(shown, "apply"), "--yes"], monkeypatch).code == 0
    place.write(INIT, ("0001_feature", 2500, FEATURE[2]), MAIN)
    shown = place.guard("status", url="local.db" if place.kind == "sqlite" else None).out
    assert typed(place, [*printed(shown, "repair"), "--yes"], monkeypatch).code == 0
    assert place.status()["in_step"]


def test_the_options_that_name_a_database_again() -> None:
    url = "postgresql://me:hush@host/db"
    assert repeated(Asked(), {}) == ("", "")
    assert repeated(Asked(url=url), {"DATABASE_URL": url}) == ("", "")
    assert repeated(Asked(url=url), {"DATABASE_URL": "x", "PROD": url}) == ('--url "$PROD"', "")
    assert repeated(Asked(url=url), {"DATABASE_URL": "x"}) == (
        '--url "$OTHER_DATABASE_URL"',
        "Put the URL that you gave into OTHER_DATABASE_URL first; it is not repeated here.",
    )
    assert repeated(Asked("packages/my db", url="my file.db"), {}) == (
        "--folder 'packages/my db' --url 'my file.db'",
        "",
    )
    assert repeated(Asked(environment="staging", table="t", schema="s"), {})[0] == "--env staging --table t --schema s"
    assert repeated(Asked(env_file=".env.local"), {}) == ("--env-file .env.local", "")
    assert "hush" not in " ".join(repeated(Asked(url="me:hush@host/db"), {}))


def test_a_refusal_names_a_command_that_works(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.run(table("barns"))  # by hand: present, not recorded
    refused = place.guard("apply", "0001_feature", "--yes")
    assert refused.code == 1
    assert typed(place, [*printed(refused.err, "repair"), "--yes"], monkeypatch).code == 0
    assert place.status()["in_step"]


def test_apply_in_json(place: Place) -> None:
    looked = json.loads(place.guard("apply", "0001_feature", "--dry-run", "--json").out)
    done = json.loads(place.guard("apply", "0001_feature", "--yes", "--format", "json").out)
    again = place.guard("apply", "0001_feature", "--yes", "--json")
    assert ApplyReport.model_validate(done).model_dump(mode="json") == done
    assert looked == {**done, "outcome": "would-apply"}
    assert done["outcome"] == "applied" and done["error"] is None
    assert done["run"]["tag"] == "0001_feature" and done["run"]["file"] == "drizzle/0001_feature.sql"
    assert done["run"]["statements"] == [FEATURE[2]] and done["run"]["first"] == 1 and done["run"]["when"] == 2000
    assert "insert into" in done["run"]["recorded"].lower()
    refused = json.loads(again.out)
    assert again.code == 1 and refused["outcome"] == "refused" and refused["run"] is None
    assert refused["error"] in again.err


def test_apply_says_what_failed(place: Place) -> None:
    place.write(INIT, ("0001_feature", 2000, "UPDATE farms SET id = id + nothing;"), MAIN)
    failed = place.guard("apply", "0001_feature", "--yes", "--json")
    report = json.loads(failed.out)
    assert failed.code == 1 and report["outcome"] == "failed" and "nothing" in report["error"]
    noted = place.guard("apply", "0001_feature", "--yes", "--format", "github").out
    assert noted.startswith("::error file=drizzle/0001_feature.sql,title=drizzle-guard apply::0001_feature failed at")


def test_apply_for_a_job(place: Place) -> None:
    noted = place.guard("apply", "0001_feature", "--dry-run", "--format", "github").out
    assert noted == (
        "::notice file=drizzle/0001_feature.sql,title=drizzle-guard apply::"
        "0001_feature would be applied and recorded (created_at 2000)\n"
    )
    summary = place.guard("apply", "0001_feature", "--yes", "--format", "markdown").out
    assert f"```sql\n{FEATURE[2]}\nINSERT INTO" in summary and ": applied\n" in summary
    assert place.status()["in_step"]


def test_repair_in_every_format(place: Place) -> None:
    place.run(table("barns"))
    looked = json.loads(place.guard("repair", "--dry-run", "--json").out)
    assert looked["outcome"] == "would-repair" and looked["in_step"] and looked["backup"] is None
    noted = place.guard("repair", "--dry-run", "--format", "github").out
    assert noted == (
        "::notice title=drizzle-guard repair::would-do: adopt: record 0001_feature, which is present but has no row\n"
    )
    done = json.loads(place.guard("repair", "--yes", "--json").out)
    assert RepairReport.model_validate(done).model_dump(mode="json") == done
    (offer,) = done["offers"]
    assert (done["outcome"], offer["kind"], offer["state"]) == ("repaired", "adopt", "done")
    assert done["in_step"] and done["remaining"] == [] and done["undo"] == offer["undo"] != []
    assert json.loads((place.path / done["backup"]).read_text("utf-8"))["undo"] == done["undo"]
    place.run(*done["undo"])
    summary = place.guard("repair", "--yes", "--format", "markdown").out
    assert "- adopt (done): record 0001_feature" in summary and "To take it back:" in summary
    assert json.loads(place.guard("repair", "--yes", "--json").out)["outcome"] == "nothing-to-repair"
    assert place.guard("repair", "--yes", "--format", "github").out == (
        "::notice title=drizzle-guard repair::drizzle: nothing to repair\n"
    )


def test_what_a_repair_cannot_do_is_in_the_report(place: Place) -> None:
    result = place.guard("repair", "--yes", "--json")
    report = json.loads(result.out)
    assert result.code == 1 and report["outcome"] == "nothing-to-repair" and not report["in_step"]
    assert [finding["tag"] for finding in report["remaining"]] == ["0001_feature"]
    assert report["remaining"][0]["command"].startswith("drizzle-guard apply 0001_feature")


def test_without_text_nobody_can_be_asked(place: Place) -> None:
    for command in (("apply", "0001_feature"), ("repair",)):
        result = place.guard(*command, "--json")
        assert (result.code, result.out) == (2, "")
        assert result.err == (
            "drizzle-guard: with --format json there is nobody to ask: add --yes, or --dry-run only to look.\n"
        )
    assert [when for _, when in place.rows()] == [1000, 3000]
