"""Databases whose migrations another program runs: wrangler on D1, the Supabase CLI."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drizzle_guard.disk import runner_of
from support.databases import Place, table

FIRST = ("0000_farms", 1000, table("farms"))
SECOND = ("0001_barns", 2000, table("barns"))
BY_HAND = "CREATE TRIGGER t AFTER INSERT ON farms BEGIN SELECT 1; END;\n"
TOML = '[[d1_databases]]\nbinding = "DB"\ndatabase_name = "herd"\nmigrations_dir = "drizzle"\n'
JSONC = """{
  // the Worker
  "env": {"production": {"d1_databases": [{"binding": "DB", "migrations_dir": "./drizzle/",
    "migrations_table": "ran", /* not the usual one */ }]}},
}"""


def lite(tmp_path: Path, *names: str, ledger: str = "d1_migrations") -> Place:
    place = Place(tmp_path, "sqlite")
    place.write(FIRST, SECOND)
    (place.path / ".git").mkdir()
    place.run(f"CREATE TABLE {ledger} (id integer primary key, name text unique)", FIRST[2])
    for name in names:
        place.run(f"INSERT INTO {ledger} (name) VALUES ('{name}')")
    return place


def test_wrangler_goes_by_file_name_and_what_was_written_by_hand_runs_as_well(tmp_path: Path) -> None:
    place = lite(tmp_path, "0000_farms.sql", "0007_old.sql")
    (place.folder / "0002_trigger.sql").write_text(BY_HAND, "utf-8")
    (place.path / "wrangler.toml").write_text(TOML, "utf-8")
    report = place.status()
    assert (report["table"], report["ledger"]) == ("d1_migrations", "wrangler")
    assert report["next"]["runs"] == ["0001_barns", "0002_trigger"]
    assert report["next"]["outcome"] == "cannot-tell"
    (finding,) = report["findings"]
    assert finding["message"].startswith('"0007_old.sql": no file')
    (place.path / "drizzle-guard.toml").write_text("\n".join(finding["hints"][1:]), "utf-8")  # as it is printed
    assert place.status()["in_step"]
    pending = place.guard("status", "--require-applied")
    assert pending.code == 1 and "    wrangler d1 migrations apply herd\n" in pending.out
    place.run("DROP TABLE farms")
    assert place.verdicts()["0000_farms"].startswith("recorded, but")


def test_what_ran_without_a_name_is_recorded_by_the_line_that_is_printed(tmp_path: Path) -> None:
    place = lite(tmp_path)
    (finding,) = place.status()["findings"]
    assert finding["message"].startswith("0000_farms: applied, not recorded")
    place.run(finding["hints"][0].removeprefix("If it ran: "))
    assert place.verdicts()["0000_farms"] == "applied"


@pytest.mark.parametrize(
    ("name", "text", "ledger"), [("wrangler.toml", TOML, "d1_migrations"), ("wrangler.jsonc", JSONC, "ran")]
)
def test_the_settings_name_folder_and_ledger(tmp_path: Path, name: str, text: str, ledger: str) -> None:
    place = lite(tmp_path, "0000_farms.sql", ledger=ledger)
    (place.path / name).write_text(text, "utf-8")
    assert (place.status()["table"], place.status()["next"]["runs"]) == (ledger, ["0001_barns"])
    refused = place.guard("repair", "--yes")
    assert refused.code == 1 and f"The ledger of this database is {ledger}: wrangler runs these files" in refused.err
    assert place.select("SELECT name FROM sqlite_master WHERE name LIKE '%drizzle%'") == []


@pytest.mark.parametrize(
    "text", ["", "[[d1_databases", '{"d1_databases": 3}', '[[d1_databases]]\nmigrations_dir = "other"\n']
)
def test_settings_that_say_nothing_of_the_folder(tmp_path: Path, text: str) -> None:
    (tmp_path / "drizzle").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "wrangler.toml").write_text(text, "utf-8")
    assert runner_of(tmp_path / "drizzle") is None


def test_two_ledgers_in_one_database_are_said(tmp_path: Path) -> None:
    place = lite(tmp_path, "0000_farms.sql")
    place.run("DROP TABLE farms")
    place.applied(FIRST)
    report = place.status()
    assert report["ledger"] is None and report["table"] == "__drizzle_migrations"
    assert "This database has d1_migrations as well, the ledger of wrangler (1 name)" in report["notes"][0]


def test_wranglers_local_database_is_found_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from drizzle_guard.cli import main

    place = lite(tmp_path, "0000_farms.sql")
    home = place.path / ".wrangler/state/v3/d1/miniflare-D1DatabaseObject"
    home.mkdir(parents=True)
    (place.path / "local.db").rename(home / f"{'a' * 64}.sqlite")
    (home / "metadata.sqlite").touch()
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(place.path / "drizzle")
    assert main(["status", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ledger"] == "wrangler" and report["database"].endswith(f"{'a' * 64}.sqlite")
    (home / f"{'b' * 64}.sqlite").touch()
    assert main(["status"]) == 2
    assert "wrangler keeps several D1 databases here" in capsys.readouterr().err


def test_the_supabase_cli_goes_by_the_number_before_the_name(tmp_path: Path) -> None:
    place = Place(tmp_path, "postgresql")
    entries = [(f"2024010100000{n}_{name}", n + 1, table(name)) for n, name in enumerate(("farms", "barns", "cows"))]
    place.write(*entries, folder="supabase/migrations")
    place.run(
        "CREATE SCHEMA supabase_migrations",
        "CREATE TABLE supabase_migrations.schema_migrations (version text primary key, statements text[], name text)",
        "INSERT INTO supabase_migrations.schema_migrations (version) VALUES ('20240101000000'), ('20240101000002')",
        entries[0][2],
        entries[2][2],
    )
    folder = place.path / "supabase" / "migrations"
    (folder / "notes.sql").write_text("select 1;", "utf-8")
    report = place.status()
    assert (report["ledger"], report["table"]) == ("the Supabase CLI", "supabase_migrations.schema_migrations")
    assert report["next"]["runs"] == ["20240101000001_barns"]
    said = {finding["message"].partition(":")[0]: finding for finding in report["findings"]}
    assert said["notes"]["message"] == "notes: never runs: the Supabase CLI wants a number and _ before the name"
    early = said["the next supabase db push fails"]
    assert "inserted before the last migration" in early["message"] and early["command"].endswith("--include-all")
    for command in (("apply", entries[1][0]), ("repair",)):
        refused = place.guard(*command, "--yes")
        assert refused.code == 1 and "the Supabase CLI runs these files" in refused.err
    assert place.select("SELECT 1 FROM pg_tables WHERE tablename LIKE '%drizzle%'") == []


def test_a_supabase_project_whose_own_ledger_is_of_other_files_may_be_drizzles(tmp_path: Path) -> None:
    place = Place(tmp_path, "postgresql")
    place.write(FIRST)
    place.run(
        "CREATE SCHEMA supabase_migrations",
        "CREATE TABLE supabase_migrations.schema_migrations (version text primary key)",
        "INSERT INTO supabase_migrations.schema_migrations (version) VALUES ('20240101000000')",
        FIRST[2],
    )
    report = place.status()
    assert report["ledger"] is None and "was not compared with this folder" in "".join(report["notes"])
    refused = place.guard("repair", "--yes")
    assert refused.code == 1 and "a second ledger is for Drizzle to make" in refused.err
    assert place.select("SELECT 1 FROM pg_tables WHERE tablename LIKE '%drizzle%'") == []
