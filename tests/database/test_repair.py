"""`repair`: the four kinds, each offered with its SQL; the backup; the exact undo; what is left for a person."""

from __future__ import annotations

import json
import stat
from itertools import takewhile
from pathlib import Path

import pytest

from support.databases import KINDS, Place, digest, joined, table

INIT = ("0000_init", 1000, table("users"))
BRANCH = ("0001_branch", 2000, table("from_branch"))
MAIN = ("0001_main", 3000, table("from_main"))
MOVED = ("0002_branch", 4000, BRANCH[2])


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(tmp_path, request.param)


def rows_table(place: Place) -> str:
    return "drizzle.__drizzle_migrations" if place.kind == "postgresql" else "__drizzle_migrations"


def backups(place: Place) -> list[Path]:
    return sorted((place.root / "state" / "drizzle-guard").glob("*.json"))


def undo(place: Place, out: str) -> None:
    """What the output says under "To take it back:"."""
    after = out.partition("To take it back:\n")[2].splitlines()
    place.run(*(line.strip().partition(";")[0] for line in takewhile(lambda line: line.startswith("  "), after)))


def test_nothing_to_repair(place: Place) -> None:
    place.write(INIT)
    place.applied(INIT)
    result = place.guard("repair")
    assert (result.code, result.out) == (0, "Nothing to repair.\nIn step.\n")
    assert place.guard("repair", "--dry-run").code == 0
    assert not backups(place)


def test_re_stamp_saves_rows_and_prints_the_undo(place: Place) -> None:
    place.write(INIT, MOVED)
    place.applied(INIT, BRANCH)
    before = place.rows()
    dry = place.guard("repair", "--dry-run")
    assert dry.code == 0  # as the real run ends
    assert "re-stamp: re-stamp row " in dry.out
    assert "0002_branch: created_at 2000 becomes 4000.\n" in dry.out
    assert dry.out.endswith("Nothing was changed (--dry-run).\n")
    assert (place.rows(), backups(place)) == (before, [])

    result = place.guard("repair", answers="y\n")
    assert (result.code, result.err) == (0, "")
    assert place.rows() == [before[0], (digest(BRANCH[2]), 4000)]
    (backup,) = backups(place)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    saved = json.loads(backup.read_text("utf-8"))
    assert [(r["hash"][:8], r["created_at"]) for r in reversed(saved["rows"])] == before
    assert saved["undo"][0] in result.out
    assert "bench" not in saved["database"].partition("bench_")[0]
    assert place.content() == ["from_branch", "users"]
    undo(place, result.out)
    assert place.rows() == before


def test_it_asks_for_each_and_leaves_what_was_declined(place: Place) -> None:
    place.write(INIT, MOVED)
    place.applied(INIT, BRANCH)
    place.run(f"INSERT INTO {rows_table(place)} (hash, created_at) SELECT hash, created_at FROM {rows_table(place)}")
    result = place.guard("repair", answers="y\nn\nn\n")
    assert result.code == 1
    assert len(place.rows()) == 3
    assert "Left for a person: re-stamp row" in result.out
    assert "What remains:\n" in result.out
    nobody = place.guard("repair", answers="")
    assert (nobody.code, len(place.rows())) == (2, 3)


def test_exact_duplicates_and_only(place: Place) -> None:
    place.write(INIT, MOVED)
    place.applied(INIT, BRANCH)
    place.run(
        f"INSERT INTO {rows_table(place)} (hash, created_at) SELECT hash, created_at FROM {rows_table(place)} "
        "WHERE created_at = 1000"
    )
    words = [row["words"] for row in place.status()["rows_without_file"]]
    assert len(words) == 1 and words[0].startswith("repeats row") and words[0].endswith(" exactly")
    result = place.guard("repair", "--only", "duplicates", "--yes")
    assert result.code == 1  # the re-stamp remains
    assert "- 0002_branch: applied under an old when (2000); WOULD RUN AGAIN\n" in result.out
    assert place.rows() == [(digest(INIT[2]), 1000), (digest(BRANCH[2]), 2000)]
    undo(place, result.out)
    assert len(place.rows()) == 3


def test_adopt_what_is_present(place: Place) -> None:
    """`drizzle-kit push` made the objects; no row tells of it."""
    more = ("0001_more", 2000, joined(table("more"), "CREATE INDEX more_idx ON more (id);"))
    place.write(INIT, more)
    place.run(INIT[2], *more[2].split("--> statement-breakpoint"))
    report = place.status()
    assert {m["words"] for m in report["migrations"]} == {"applied, not recorded: all that it creates is there"}
    assert report["next"]["fails"] == '0000_init: table "users" already exists'
    result = place.guard("repair", "--yes", "--only", "adopt")
    assert (result.code, result.err) == (0, "")
    assert "adopt: record 0000_init, which is present but has no row.\n" in result.out
    assert place.content() == ["more", "users"]
    assert place.rows() == [(digest(INIT[2]), 1000), (digest(more[2]), 2000)]
    undo(place, result.out)
    assert place.rows() == []


def test_what_cannot_be_proved_is_not_adopted(place: Place) -> None:
    seeded = ("0001_seed", 2000, joined(table("more"), "INSERT INTO more VALUES (1);"))
    place.write(INIT, seeded)
    place.applied(INIT)
    place.run(table("more"))
    assert place.verdicts()["0001_seed"] == (
        "partly applied, no row (1 of 2 statements provably ran, 1 cannot be told)"
    )
    result = place.guard("repair", "--yes")
    assert result.code == 1
    assert result.out.startswith("Nothing to repair.\nWhat remains:\n- 0001_seed: partly applied")


def test_a_re_stamp_and_what_it_would_hide_come_together(place: Place) -> None:
    place.write(INIT, MAIN, MOVED)
    place.applied(INIT, BRANCH)
    result = place.guard("repair", "--yes")
    assert (result.code, result.err) == (0, "")
    assert "becomes 4000; first runs 0001_main, which the new row would hide.\n" in result.out
    assert "CREATE TABLE from_main (id int);" in result.out
    assert place.rows() == [(digest(INIT[2]), 1000), (digest(MAIN[2]), 3000), (digest(MOVED[2]), 4000)]
    assert "-- and what 0001_main did to the schema, by hand" in result.out
    assert place.content() == ["from_branch", "from_main", "users"]


def test_a_failing_hidden_migration_leaves_the_rows(tmp_path: Path) -> None:
    for kind in ("postgresql", "sqlite"):
        place = Place(tmp_path / kind, kind)
        place.write(INIT, ("0001_main", 3000, "INSERT INTO users VALUES (1, 2, 3);"), MOVED)
        place.applied(INIT, BRANCH)
        before = place.rows()
        result = place.guard("repair", "--yes")
        assert result.code == 1
        assert "0001_main failed at statement 1 of 1" in result.err
        assert place.rows() == before


def test_what_it_would_hide_may_not_run(place: Place) -> None:
    drops = ("0001_branch", 2000, "DROP TABLE users;")
    place.write(INIT, ("0001_main", 3000, "ALTER TABLE users ADD COLUMN age int;"), ("0002_branch", 4000, drops[2]))
    place.applied(INIT, drops)
    result = place.guard("repair", "--yes")
    assert result.code == 1
    assert "Left for a person: re-stamp row" in result.out
    assert "it would hide 0001_main, which cannot run now: 0001_main is out of order: 0002_branch" in result.out


def test_a_backup_that_cannot_be_written_stops_everything(place: Place) -> None:
    place.write(INIT, MOVED)
    place.applied(INIT, BRANCH)
    before = place.rows()
    (place.path / "taken").write_text("", "utf-8")
    for path in ("taken", "no/such/directory"):
        result = place.guard("repair", "--yes", "--backup", path)
        assert result.code == 1
        assert f"the rows cannot be saved to {path}: " in result.err
        assert place.rows() == before
    assert place.guard("repair", "--yes", "--backup", "mine.json").code == 0
    assert (place.path / "mine.json").exists()


def test_a_sequence_that_may_not_be_read_is_left_alone(tmp_path: Path) -> None:
    place = Place(tmp_path, "postgresql")
    place.write(INIT)
    place.applied(INIT)
    place.run("ALTER TABLE drizzle.__drizzle_migrations ALTER COLUMN id DROP DEFAULT")
    place.write(INIT, MAIN)
    assert place.status()["next"]["fails"] == (
        'null value in column "id" of relation "__drizzle_migrations" violates not-null constraint'
    )


def test_duplicates_with_a_column_that_is_not_drizzles_stay(place: Place) -> None:
    place.write(INIT)
    place.applied(INIT)
    rows = rows_table(place)
    place.run(
        f"INSERT INTO {rows} (hash, created_at) SELECT hash, created_at FROM {rows}",
        f"ALTER TABLE {rows} ADD COLUMN who varchar(9)",
        f"UPDATE {rows} SET who = 'me'",
    )
    result = place.guard("repair", "--yes")
    left = "(created_at 1000).\n  the table has a column who, whose value nothing would bring back.\n"
    assert result.code == 1 and left in result.out
    assert len(place.rows()) == 2 and not backups(place)
