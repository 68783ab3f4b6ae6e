"""`apply`: what it shows, asks, refuses; one transaction, one at a time; going on after MySQL stopped half-way."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from drizzle_guard.database.row_sql import Names
from support.databases import KINDS, Place, digest, joined, table

INIT = ("0000_init", 1000, table("users"))
LATE = ("0001_late", 2000, joined(table("one"), "INSERT INTO one VALUES (1);", "CREATE INDEX one_idx ON one (id);"))
MAIN = ("0002_main", 3000, table("from_main"))


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """0001 is skipped."""
    place = Place(tmp_path, request.param)
    place.write(INIT, LATE, MAIN)
    place.applied(INIT, MAIN)
    return place


def test_it_shows_asks_and_does_nothing_without_a_yes(place: Place) -> None:
    for arguments, answers, code, last in (
        (["--dry-run"], "", 0, "Nothing was run (--dry-run).\n"),
        ([], "n\n", 1, "Nothing was run.\n"),
        ([], "", 2, ""),
    ):
        result = place.guard("apply", "0001_late", *arguments, answers=answers)
        assert result.code == code
        assert result.out.endswith(last)
        assert "-- statement 1 of 3\nCREATE TABLE one (id int);\n-- statement 2 of 3\n" in result.out
        assert f"VALUES ('{digest(LATE[2])}" in result.out
        assert ("MySQL commits each CREATE, ALTER or DROP at once." in result.out) == (place.kind == "mysql")
    assert "there is nobody to ask. Nothing was changed.\n  With --yes it does not ask." in result.err
    assert place.rows() == [(digest(INIT[2]), 1000), (digest(MAIN[2]), 3000)]
    assert place.guard("apply", "0001_late", answers="y\n").code == 0
    assert place.rows()[1] == (digest(LATE[2]), 2000)
    assert place.select("SELECT id FROM one") == [(1,)]
    refused = place.guard("apply", "0001_late", "--yes")
    assert (refused.code, "0001_late is already applied" in refused.err) == (1, True)


def test_unknown_and_pending_behind_others(place: Place) -> None:
    more = [("0003_next", 4000, table("next_one")), ("0004_then", 5000, table("then_one"))]
    place.write(INIT, LATE, MAIN, *more)
    unknown = place.guard("apply", "0001_lat", "--yes")
    assert (unknown.code, unknown.err) == (
        1,
        "drizzle-guard: There is no migration 0001_lat in the journal.\n  Did you mean 0001_late?\n",
    )
    hiding = place.guard("apply", "0004_then", "--yes")
    assert hiding.code == 1
    assert "0004_then would become the newest row (5000), and 0003_next (when 4000), which is pending" in hiding.err
    assert place.guard("apply", "0003_next.sql", "--yes").code == 0


def test_out_of_order_names_the_other(tmp_path: Path) -> None:
    place = Place(tmp_path, "sqlite")
    adds, drops = (
        ("0001_adds", 2000, "ALTER TABLE users ADD COLUMN age int;"),
        ("0002_drops", 3000, "DROP TABLE users;"),
    )
    place.write(INIT, adds, drops)
    place.applied(INIT, drops)
    result = place.guard("apply", "0001_adds", "--yes")
    assert result.code == 1
    assert "0001_adds is out of order: 0002_drops, which comes later and ran already, touches the same" in result.err


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_a_failure_rolls_everything_back(kind: str, tmp_path: Path) -> None:
    place = Place(tmp_path, kind)
    bad = ("0001_late", 2000, joined(table("one"), "INSERT INTO one VALUES (1, 2, 3);"))
    place.write(INIT, bad, MAIN)
    place.applied(INIT, MAIN)
    result = place.guard("apply", "0001_late", "--yes")
    assert result.code == 1
    assert "0001_late failed at statement 2 of 2: " in result.err
    assert result.err.endswith(". Everything was rolled back.\n")
    assert place.verdicts()["0001_late"] == "will be skipped: not newer than the newest row (3000)"
    with pytest.raises(Exception, match="one"):
        place.select("SELECT * FROM one")


def test_mysql_says_what_stays_and_resumes(tmp_path: Path) -> None:
    place = Place(tmp_path, "mysql")
    place.write(INIT, ("0001_late", 2000, joined(table("one"), table("two"), "ALTER TABLE two ADD COLUMN x nonsense;")))
    place.applied(INIT)
    result = place.guard("apply", "0001_late", "--yes")
    assert result.code == 1
    assert "0001_late failed at statement 3 of 3: " in result.err
    assert ". MySQL keeps what ran: statements 1 to 2 of 3.\n" in result.err
    assert "Mend the cause, then go on after it: drizzle-guard apply 0001_late --resume" in result.err
    mended = ("0001_late", 2000, joined(table("one"), table("two"), "ALTER TABLE two ADD COLUMN x int;"))
    place.write(INIT, mended)
    assert place.guard("apply", "0001_late", "--resume", "--yes").code == 0
    assert place.content() == ["one", "two", "users"]
    assert place.rows()[1] == (digest(mended[2]), 2000)
    again = place.guard("apply", "0001_late", "--resume", "--yes")
    assert (again.code, "is already applied" in again.err) == (1, True)


def test_resume_needs_something_to_resume(place: Place) -> None:
    result = place.guard("apply", "0001_late", "--resume", "--yes")
    assert result.code == 1
    assert "0001_late: nothing of it provably ran, so there is nothing to resume." in result.err
    wrong = place.guard("apply", "0001_late", "--resume-at", "9", "--yes")
    assert (wrong.code, "--resume-at 9: 0001_late has 3 statements." in wrong.err) == (2, True)


def test_present_but_not_recorded_goes_to_repair(place: Place) -> None:
    plain = ("0001_late", 2000, joined(table("one"), "CREATE INDEX one_idx ON one (id);"))
    place.write(INIT, plain, MAIN)
    place.run(*plain[2].split("--> statement-breakpoint"))
    assert place.verdicts()["0001_late"] == "applied, not recorded: all that it creates is there"
    refused = place.guard("apply", "0001_late", "--yes")
    assert refused.code == 1
    assert "drizzle-guard repair --only adopt" in refused.err


def test_a_migration_that_commits_by_itself(tmp_path: Path) -> None:
    place = Place(tmp_path, "postgresql")
    place.write(INIT, ("0001_late", 2000, joined("COMMIT;", table("one"))), MAIN)
    place.applied(INIT, MAIN)
    result = place.guard("apply", "0001_late", "--yes")
    assert result.code == 1
    assert "0001_late has COMMIT in it." in result.err and "Nothing was run." in result.err


def test_a_fresh_database(place: Place, tmp_path: Path) -> None:
    fresh = Place(tmp_path / "fresh", place.kind)
    fresh.write(INIT)
    fresh.run()
    with fresh.open() as other:  # no table yet that could be locked
        other.begin(Names(fresh.kind, "drizzle", "__drizzle_migrations"), 5)
        assert fresh.guard("apply", "0000_init", "--yes", "--timeout", "1").code == 1
        other.rollback()
    assert fresh.guard("apply", "0000_init", "--yes").code == 0
    assert fresh.content() == ["users"]


@pytest.mark.parametrize("held", [True, False])
def test_two_at_once(place: Place, held: bool) -> None:
    """While another holds the lock it waits, and gives up; two that race run the migration once."""
    if held:
        with place.open() as other:
            other.begin(Names(place.kind, "drizzle", "__drizzle_migrations"), 5)
            result = place.guard("apply", "0001_late", "--yes", "--timeout", "1")
            other.rollback()
        assert result.code == 1
        assert "is at work (waited 1 s)" in result.err or "is writing to it (waited 1 s)" in result.err
        return
    command = [sys.executable, "-m", "drizzle_guard", "apply", "0001_late", "--yes", "--url", place.url]
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    racing = [subprocess.Popen(command, cwd=place.path, stdout=none, stderr=pipe) for _ in range(2)]
    said = [process.communicate(timeout=60)[1] for process in racing]
    assert sorted(process.returncode for process in racing) == [0, 1], said
    assert place.select("SELECT id FROM one") == [(1,)]
    assert len(place.rows()) == 3


def test_rows_that_changed_while_it_asked(place: Place) -> None:
    name = "drizzle.__drizzle_migrations" if place.kind == "postgresql" else "__drizzle_migrations"

    class Answers(io.StringIO):
        """Somebody deploys while the question stands."""

        def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
            place.run(f"INSERT INTO {name} (hash, created_at) VALUES ('other', 3500)")
            return "y\n"

    result = place.guard("apply", "0001_late", answers=Answers())
    assert result.code == 1
    assert "The migrations table changed in the meantime. Nothing was run." in result.err


def test_drizzles_own_migrator_waits_for_us(tmp_path: Path) -> None:
    """PostgreSQL: an insert of a migrator that is under way comes after our commit, not between."""
    place = Place(tmp_path, "postgresql")
    place.write(INIT, LATE, MAIN)
    place.applied(INIT, MAIN)
    done: list[bool] = []
    with place.open() as ours:
        ours.begin(Names("postgresql", "drizzle", "__drizzle_migrations"), 5)
        insert = "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('theirs', 9000)"

        def migrate() -> None:
            place.run(insert)
            done.append(True)

        theirs = threading.Thread(target=migrate)
        theirs.start()
        time.sleep(0.3)
        assert not done
        ours.commit()
        theirs.join(10)
    assert done
