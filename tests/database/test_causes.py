"""Each way in which files, journal and database part: made with Drizzle's own migrator, named, cured, checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.databases import KINDS, Place, digest, joined, squeezed, table

INIT = ("0000_init", 1000, table("users"))


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(tmp_path, request.param)


@pytest.fixture
def postgres(tmp_path: Path) -> Place:
    return Place(tmp_path, "postgresql")


def test_two_branches_merged_and_the_older_when_is_skipped(place: Place) -> None:
    main = ("0001_main", 3000, table("from_main"))
    feature = ("0002_feature", 2000, joined(table("from_feature"), "CREATE INDEX feature_idx ON from_feature (id);"))
    assert place.deploy([INIT, main], [INIT, main, feature]) == ["", ""]  # says nothing, does nothing

    result = place.guard("status")
    assert result.code == 1
    assert (
        " 2 0002_feature 2000 1970-01-01 00:00 - - will be skipped: not newer than the newest row (3000) "
        in squeezed(result.out)
    )
    assert "  runs nothing\n  skips 0002_feature, and says nothing of it\n" in result.out
    assert "    drizzle-guard apply 0002_feature --url " in result.out

    result = place.guard("apply", "0002_feature", "--yes")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("0002_feature is applied and recorded (created_at 2000).\n")
    assert place.content() == ["from_feature", "from_main", "users"]
    assert place.rows()[1] == (digest(feature[2]), 2000)
    assert place.guard("status").out.endswith("In step.\n")


def test_a_migration_edited_after_it_ran(place: Place) -> None:
    edited = (INIT[0], INIT[1], table("users", "age int"))
    assert place.deploy([INIT], [edited]) == ["", ""]  # no effect, no word

    result = place.guard("status")
    assert result.code == 1
    assert "applied, edited since: the row has another hash" in result.out
    assert "put the old SQL back; what is new belongs into a new migration" in result.out
    refused = place.guard("apply", "0000_init", "--yes")
    assert refused.code == 1
    assert "0000_init is already applied" in refused.err
    assert "its file was edited since, and running it again would not bring the difference." in refused.err
    assert "Nothing to repair." in place.guard("repair", "--yes").out  # never automatic

    place.write(INIT, ("0001_age", 2000, "ALTER TABLE users ADD COLUMN age int;"))
    assert place.content(runs=1) == ["users"]
    assert place.status()["in_step"]


def test_a_migration_deleted_after_it_ran(place: Place) -> None:
    gone = ("0001_gone", 2000, table("gone"))
    place.deploy([INIT, gone])
    place.write(INIT)
    report = place.status()
    assert [r["words"] for r in report["rows_without_file"]] == [
        "no file: dropped, squashed, or of another project that shares this table"
    ]
    assert not report["in_step"]
    assert "Nothing to repair." in place.guard("repair", "--yes").out  # never automatic
    place.write(INIT, gone)  # git brings it back
    assert place.status()["in_step"]
    assert place.content() == ["gone", "users"]


def test_a_migration_moved_by_hand_runs_again_unless_repaired(place: Place) -> None:
    first, second = ("0001_a", 2000, table("a")), ("0002_b", 3000, table("b"))
    moved = [INIT, ("0001_b", 3000, second[2]), ("0002_a", 4000, first[2])]
    assert "already exists" in place.deploy([INIT, first, second], moved)[1]

    assert place.verdicts()["0002_a"] == "applied under an old when (2000); WOULD RUN AGAIN"
    report = place.status()
    assert report["next"]["again"] == ["0002_a"]
    assert report["next"]["fails"] == '0002_a: table "a" already exists'
    result = place.guard("repair", "--yes")
    assert (result.code, result.err) == (0, "")
    assert "0002_a: created_at 2000 becomes 4000." in result.out
    assert place.content() == ["a", "b", "users"]


def test_two_environments_each_with_a_migration_the_other_lacks(place: Place, tmp_path: Path) -> None:
    left, right = ("0001_left", 2000, table("left_only")), ("0001_right", 3000, table("right_only"))
    other = Place(tmp_path / "other", place.kind)
    for environment, own in ((place, left), (other, right)):
        environment.deploy([INIT, own])
        environment.write(INIT, left, ("0002_right", 3000, right[2]))  # the two lines merged
    assert place.verdicts() == {"0000_init": "applied", "0001_left": "applied", "0002_right": "pending"}
    assert other.verdicts() == {
        "0000_init": "applied",
        "0001_left": "will be skipped: not newer than the newest row (3000)",
        "0002_right": "applied",
    }
    assert other.guard("apply", "0001_left", "--yes").code == 0
    for environment, pending in ((place, 1), (other, 0)):
        assert environment.content(runs=pending) == ["left_only", "right_only", "users"]
        assert environment.guard("status").out.endswith("In step.\n")


HALF = ("0001_half", 2000, joined(table("one"), table("two"), "INSERT INTO missing_table VALUES (1);", table("three")))
MENDED = ("0001_half", 2000, joined(table("one"), table("two"), "INSERT INTO users VALUES (1);", table("three")))


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_interrupted_half_way_where_ddl_rolls_back(kind: str, tmp_path: Path) -> None:
    place = Place(tmp_path, kind)
    assert place.deploy([INIT], [INIT, HALF])[1] != ""
    report = place.status()
    assert [m["words"] for m in report["migrations"]] == ["applied", "pending"]
    assert report["next"]["runs"] == ["0001_half"]
    assert report["next"]["fails"] == '0001_half: table "missing_table" does not exist'
    place.write(INIT, MENDED)
    assert place.content(runs=1) == ["one", "three", "two", "users"]
    assert place.status()["in_step"]


def test_interrupted_half_way_where_ddl_stays(tmp_path: Path) -> None:
    place = Place(tmp_path, "mysql")
    assert place.deploy([INIT], [INIT, HALF])[1] != ""
    words = "partly applied, no row (2 of 4 statements provably ran, 1 did not, 1 cannot be told)"
    assert place.verdicts()["0001_half"] == words
    assert place.status()["next"]["fails"] == '0001_half: table "one" already exists'

    refused = place.guard("apply", "0001_half", "--yes")
    assert refused.code == 1
    assert "0001_half is partly applied: 2 of 4 statements provably ran" in refused.err
    assert "drizzle-guard apply 0001_half --resume" in refused.err
    place.write(INIT, MENDED)
    unsure = place.guard("apply", "0001_half", "--resume", "--yes")  # the INSERT may have run or not
    assert unsure.code == 1
    assert "where it stopped cannot be told" in unsure.err
    result = place.guard("apply", "0001_half", "--resume-at", "3", "--yes")
    assert (result.code, result.err) == (0, "")
    assert "-- statements 1 to 2 of 4 ran before and are left out" in result.out
    assert place.content() == ["one", "three", "two", "users"]
    assert place.select("SELECT count(*) FROM users") == [(1,)]
    assert place.status()["in_step"]


def test_interrupted_half_way_resumes_where_it_can_be_proved(tmp_path: Path) -> None:
    place = Place(tmp_path, "mysql")
    broken = ("0001_half", 2000, joined(table("one"), table("two"), "CREATE INDEX i ON missing_table (id);"))
    assert place.deploy([INIT], [INIT, broken])[1] != ""
    place.write(INIT, ("0001_half", 2000, joined(table("one"), table("two"), "CREATE INDEX i ON two (id);")))
    result = place.guard("apply", "0001_half", "--resume", "--yes")
    assert (result.code, result.err) == (0, "")
    assert place.content() == ["one", "two", "users"]
    assert place.status()["in_step"]


def test_the_sequence_behind(postgres: Place) -> None:
    place = postgres
    more = ("0001_more", 2000, table("more"))
    place.deploy([INIT, more])
    place.run(  # as a data-only restore leaves it
        "CREATE TABLE saved AS SELECT * FROM drizzle.__drizzle_migrations",
        "TRUNCATE drizzle.__drizzle_migrations RESTART IDENTITY",
        "INSERT INTO drizzle.__drizzle_migrations SELECT * FROM saved",
        "DROP TABLE saved",
    )
    late = ("0002_late", 3000, table("late"))
    error = 'duplicate key value violates unique constraint "__drizzle_migrations_pkey"'
    assert error in place.deploy([INIT, more, late])[0]  # which moves the sequence to 1

    result = place.guard("status")
    assert result.code == 1
    assert f"  fails: {error} (Key (id)=(2) already exists)\n" in result.out
    assert "Sequence: gives 2 next; max(id) is 2.\n" in result.out
    assert (
        f"- the sequence gives 2 next, and max(id) is 2; the next insert fails: {error} (Key (id)=(2) already exists)\n"
        "    drizzle-guard repair --only sequence --url " in result.out
    )
    refused = place.guard("apply", "0002_late", "--yes")
    assert refused.code == 1
    assert "0002_late could not be recorded: duplicate key value" in refused.err
    result = place.guard("repair", "--yes")
    assert (result.code, result.err) == (0, "")
    assert "sequence: set the sequence right: it would give 2 next, and max(id) is 2.\n" in result.out
    assert """SELECT setval('drizzle.__drizzle_migrations_id_seq', 2);""" in result.out
    assert place.content(runs=1) == ["late", "more", "users"]
    assert place.status()["in_step"]


def test_our_own_renumbering_on_a_developers_database(place: Place) -> None:
    """The branch ran here; then it was renumbered behind a mainline that is newer than this row."""
    branch = ("0001_branch", 2000, table("from_branch"))
    place.deploy([INIT, branch])
    place.run("INSERT INTO from_branch VALUES (7)")
    main = ("0001_main", 3000, table("from_main"))
    moved = ("0002_branch", 4000, branch[2])
    place.write(INIT, main, moved)
    assert place.verdicts() == {
        "0000_init": "applied",
        "0001_main": "pending",
        "0002_branch": "applied under an old when (2000); WOULD RUN AGAIN",
    }
    assert place.status()["next"] == {
        "runs": ["0001_main", "0002_branch"],
        "again": ["0002_branch"],
        "skips": [],
        "fails": '0002_branch: table "from_branch" already exists',
        "outcome": "fails",
        "doubt": None,
    }
    result = place.guard("repair", "--yes")
    assert (result.code, result.err) == (0, "")
    assert "0002_branch: created_at 2000 becomes 4000; first runs 0001_main, which the new row" in result.out
    assert place.content() == ["from_branch", "from_main", "users"]
    assert place.select("SELECT id FROM from_branch") == [(7,)]
    assert place.guard("status").out.endswith("In step.\n")


def test_our_own_renumbering_where_the_branch_kept_its_newer_when(place: Place) -> None:
    """The other order: the branch is younger, so the mainline's migration is the one that is skipped."""
    branch = ("0001_branch", 3000, table("from_branch"))
    merged = [INIT, ("0001_main", 2000, table("from_main")), ("0002_branch", 3000, branch[2])]
    assert place.deploy([INIT, branch], merged) == ["", ""]
    assert place.verdicts() == {
        "0000_init": "applied",
        "0001_main": "will be skipped: not newer than the newest row (3000)",
        "0002_branch": "applied",
    }
    assert place.guard("apply", "0001_main", "--yes").code == 0
    assert place.content() == ["from_branch", "from_main", "users"]
