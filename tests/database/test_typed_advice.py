"""What `status`, `apply` and `repair` print as the next command, typed as it stands there: the situation is better.

Which message is typed where stands in `support/printed_commands.py`.  Drizzle's own commands are typed in a shell and
run the bench's drizzle-kit.  Here what is the same on all databases; `test_typed_elsewhere.py` has the rest.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from support.databases import Place, joined, table
from support.typed import generate, in_git, in_step, migrate, with_kit

INIT = ("0000_init", 1000, table("users"))
LATE = ("0001_late", 2000, table("late"))
MAIN = ("0002_main", 3000, table("from_main"))


@pytest.fixture
def sqlite(tmp_path: Path) -> Place:
    return Place(tmp_path, "sqlite")


# ---------------------------------------------------------------- one that was passed over


def test_a_skipped_one_is_applied(sqlite: Place) -> None:
    sqlite.write(INIT, LATE, MAIN)
    sqlite.applied(INIT, MAIN)
    unknown = sqlite.guard("apply", "nobody", "--yes")
    listed = sqlite.type(unknown.err, "drizzle-guard status")
    assert "0001_late" in listed.out
    assert sqlite.type(listed.out, "drizzle-guard apply 0001_late").code == 0
    assert in_step(sqlite)


def test_nothing_to_resume(sqlite: Place) -> None:
    sqlite.write(INIT, LATE, MAIN)
    sqlite.applied(INIT, MAIN)
    refused = sqlite.guard("apply", "0001_late", "--resume", "--yes")
    assert sqlite.type(refused.err, "drizzle-guard apply 0001_late").code == 0 and in_step(sqlite)


def test_one_that_would_hide_another(tmp_path: Path) -> None:
    for way in ("drizzle-guard apply", "npx drizzle-kit migrate"):
        place = Place(tmp_path / way.split()[0], "sqlite")
        place.write(INIT, LATE, MAIN)
        place.applied(INIT)
        with_kit(place)
        refused = place.guard("apply", "0002_main", "--yes")
        assert "would then be skipped" in refused.err
        assert place.type(refused.err, way).code == 0
        if way.startswith("drizzle-guard"):
            assert place.guard("apply", "0002_main", "--yes").code == 0
        assert in_step(place)


def test_an_earlier_one_comes_first(tmp_path: Path) -> None:
    """Passed over, it is applied; where both are pending, and its own would hide this one, the migrator runs both."""
    adds = "ALTER TABLE users ADD COLUMN age int;"
    drops = "ALTER TABLE users DROP COLUMN age;"
    for n, (first, second, rows) in enumerate([(1500, 1600, 2000), (3000, 2500, 2000)]):
        place = Place(tmp_path / str(n), "sqlite")
        place.write(INIT, ("0001_adds", first, adds), ("0002_drops", second, drops), ("0003_x", rows, table("x")))
        place.applied(INIT, ("0003_x", rows, table("x")))
        with_kit(place)
        refused = place.guard("apply", "0002_drops", "--yes")
        assert "0001_adds, which comes earlier and has not run, touches the same objects" in refused.err
        if rows > first:
            assert place.type(refused.err, "drizzle-guard apply 0001_adds").code == 0
            assert place.guard("apply", "0002_drops", "--yes").code == 0
        else:
            migrate(place, refused.err)
        assert in_step(place)


def test_a_later_one_ran_on_the_same(sqlite: Place) -> None:
    drops = ("0002_drops", 3000, "DROP TABLE users;")
    sqlite.write(INIT, ("0001_adds", 2000, "ALTER TABLE users ADD COLUMN age int;"), drops)
    sqlite.applied(INIT, drops)
    with_kit(sqlite)
    refused = sqlite.guard("apply", "0001_adds", "--yes").err
    generate(sqlite, refused, "CREATE TABLE ages (age int);")
    migrate(sqlite, sqlite.guard("status", "--require-applied").out)
    assert not in_step(sqlite)  # the old one is passed over for good
    assert sqlite.type(refused, "drizzle-guard apply 0001_adds --resume-at 2").code == 0
    assert in_step(sqlite) and sqlite.content() == ["ages"]


@pytest.mark.parametrize("passed_over", [True, False])
def test_what_is_there_in_another_form_is_for_a_person(passed_over: bool, tmp_path: Path) -> None:
    """Made by hand as it should be, and recorded; or taken away, and run."""
    for by_hand in (True, False):
        place = Place(tmp_path / str(by_hand), "sqlite")
        place.write(INIT, LATE, *([MAIN] if passed_over else []))
        place.applied(INIT, *([MAIN] if passed_over else []))
        place.run("CREATE VIEW late AS SELECT 1 AS id")
        with_kit(place)
        said = (place.guard("apply", "0001_late", "--yes") if passed_over else place.guard("status")).text
        place.run("DROP VIEW late")
        if by_hand:
            place.run(LATE[2])
            told = place.type(said, "drizzle-guard status").out
            assert place.type(told, "drizzle-guard repair --only adopt").code == 0
        else:
            run = "drizzle-guard apply 0001_late" if passed_over else "npx drizzle-kit migrate"
            assert place.type(said.rpartition("or take away")[2], run).code == 0
        assert in_step(place)


def test_part_of_it_is_there_where_it_runs_whole(sqlite: Place) -> None:
    half = ("0001_half", 2000, joined(table("one"), table("two")))
    sqlite.write(INIT, half)
    sqlite.applied(INIT)
    sqlite.run(table("one"))
    said = sqlite.guard("status").out
    assert said.index("statements ran, take the others back or name the first") < said.index("drizzle-guard apply")
    for argument in ((), ("--resume",)):
        refused = sqlite.guard("apply", "0001_half", *argument, "--yes")
        assert "drizzle-guard apply 0001_half --resume-at N" in refused.err
    assert sqlite.type(said, "drizzle-guard apply 0001_half --resume-at N", N="2").code == 0
    assert in_step(sqlite) and sqlite.content() == ["one", "two", "users"]


# ---------------------------------------------------------------- rows


def test_a_row_under_an_old_when(tmp_path: Path) -> None:
    for by_apply in (False, True):
        place = Place(tmp_path / str(by_apply), "sqlite")
        place.write(INIT, ("0002_late", 4000, LATE[2]))
        place.applied(INIT, LATE)
        said = place.guard("apply", "0002_late", "--yes").err if by_apply else place.guard("status").out
        assert place.type(said, "drizzle-guard repair --only re-stamp").code == 0
        assert in_step(place)


def test_one_row_for_two_of_the_same_sql(sqlite: Place) -> None:
    sqlite.write(INIT, ("0002_late", 4000, "SELECT 1;"), ("0003_late", 5000, "SELECT 1;"))
    sqlite.applied(INIT, ("0001_late", 2000, "SELECT 1;"))
    refused = sqlite.guard("apply", "0002_late", "--yes")
    said = sqlite.type(refused.err, "drizzle-guard status").out
    assert "drizzle-guard repair" not in said
    (sql,) = (line.partition("If it was 0002_late: ")[2] for line in said.splitlines() if "If it was" in line)
    sqlite.run(sql)
    assert sqlite.verdicts() == {
        "0000_init": "applied; nothing of it can be looked up",
        "0002_late": "applied; nothing of it can be looked up",
        "0003_late": "pending",
    } | {"0000_init": "applied"}


def test_a_row_twice_and_a_backup_that_cannot_be_written(sqlite: Place) -> None:
    sqlite.write(INIT)
    sqlite.applied(INIT)
    sqlite.run("INSERT INTO __drizzle_migrations (hash, created_at) SELECT hash, created_at FROM __drizzle_migrations")
    said = sqlite.guard("status").out
    refused = sqlite.guard("repair", "--yes", "--backup", "no/such/directory")
    assert "the rows cannot be saved to no/such/directory" in refused.err
    assert sqlite.type(refused.err, "drizzle-guard repair --backup FILE", answers="n\n", FILE="mine.json").code == 1
    assert sqlite.type(refused.err, "drizzle-guard repair --backup FILE", FILE="mine.json").code == 0
    assert in_step(sqlite)
    sqlite.run(json.loads((sqlite.path / "mine.json").read_text())["undo"][0])
    assert sqlite.type(said, "drizzle-guard repair --only duplicates").code == 0 and in_step(sqlite)


def test_a_row_that_nothing_can_acknowledge(sqlite: Place) -> None:
    sqlite.write(INIT)
    sqlite.applied(INIT)
    digest = sha256(b"gone").hexdigest()
    sqlite.run(f"INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('{digest}', NULL), ('', 500)")
    said = sqlite.guard("status").out
    assert "[[known]]" not in said
    sqlite.run(*(line.strip() for line in said.splitlines() if line.strip().startswith("DELETE FROM")))
    assert in_step(sqlite) and len(sqlite.rows()) == 1


def test_a_re_stamp_that_waits_for_another(sqlite: Place) -> None:
    """What it would hide cannot run any more: it is recorded first, as `repair` says."""
    adds, drops = "ALTER TABLE users ADD COLUMN age int;", "DROP TABLE users;"
    sqlite.write(INIT, ("0001_main", 3000, adds), ("0002_branch", 4000, drops))
    sqlite.applied(INIT, ("0001_branch", 2000, drops))
    said = sqlite.guard("repair", "--yes").out
    assert "Left for a person: re-stamp row" in said
    assert sqlite.type(said, "drizzle-guard apply 0001_main --resume-at 2").code == 0
    assert sqlite.type(sqlite.guard("status").out, "drizzle-guard repair --only re-stamp").code == 0
    assert in_step(sqlite)


def test_a_table_that_something_guards(sqlite: Place) -> None:
    sqlite.write(INIT, ("0002_late", 4000, LATE[2]))
    sqlite.applied(INIT, LATE)
    sqlite.run("CREATE TRIGGER guards BEFORE UPDATE ON __drizzle_migrations BEGIN SELECT RAISE(IGNORE); END")
    refused = sqlite.guard("repair", "--yes")
    assert "touched 0 rows instead of 1. The rows were left as they were." in refused.err
    sqlite.run("DROP TRIGGER guards")
    assert sqlite.type(refused.err, "drizzle-guard repair").code == 0 and in_step(sqlite)


def test_what_push_made_is_adopted(tmp_path: Path) -> None:
    for by_apply in (False, True):
        place = Place(tmp_path / str(by_apply), "sqlite")
        place.write(INIT, LATE)
        place.applied(INIT)
        place.run(LATE[2])
        said = place.guard("apply", "0001_late", "--yes").err if by_apply else place.guard("status").out
        assert place.type(said, "drizzle-guard repair --only adopt").code == 0
        assert in_step(place)


def test_what_pull_wrote_is_adopted(sqlite: Place) -> None:
    head = "-- Current sql file was generated after introspecting the database\n"
    sqlite.write((*INIT[:2], f"{head}/*\n{INIT[2]}\n*/\n"))
    sqlite.run(INIT[2])
    said = sqlite.guard("status").out
    sqlite.write((*INIT[:2], head + INIT[2]))
    assert sqlite.type(said, "drizzle-guard repair --only adopt").code == 0 and in_step(sqlite)


# ---------------------------------------------------------------- files that are not what ran


def test_an_edited_one(tmp_path: Path) -> None:
    """The edit is allowed, and the row gets its hash; or the old SQL comes back, and the rest is a new migration."""
    edited = table("users", "age int")
    for way in ("allowed", "new"):
        place = Place(tmp_path / way, "sqlite")
        place.write(INIT)
        place.applied(INIT)
        with_kit(place)
        place.write((*INIT[:2], edited if way == "new" else f"-- all\n{INIT[2]}"))
        in_git(place)
        if way == "allowed":
            lines = [line.strip() for line in place.guard("status").out.splitlines()]
            at = lines.index("[[allow]]")
            (place.path / "drizzle-guard.toml").write_text("\n".join(lines[at : at + 4]))
            assert place.type("\n".join(lines), "drizzle-guard repair --only re-hash").code == 0
        else:
            refused = place.guard("apply", "0000_init", "--yes").err
            place.write(INIT)
            generate(place, refused, "ALTER TABLE users ADD COLUMN age int;")
            migrate(place, place.guard("status", "--require-applied").out)
        assert in_step(place)


@pytest.mark.parametrize("moved", [False, True])
def test_what_is_gone_is_made_again(moved: bool, sqlite: Place) -> None:
    """By a new migration, which does nothing in a new database; by the old one, where the migrator runs it again."""
    sqlite.write(INIT, ("0002_late", 4000, LATE[2]) if moved else LATE)
    sqlite.applied(INIT, LATE)
    sqlite.run("DROP TABLE late")
    with_kit(sqlite)
    refused = sqlite.guard("apply", "0002_late" if moved else "0001_late", "--yes")
    assert "; but table late is not there" in refused.err
    said = sqlite.guard("status").out
    if moved:
        migrate(sqlite, said)
    else:
        generate(sqlite, said, "CREATE TABLE IF NOT EXISTS late (id int);")
        migrate(sqlite, sqlite.guard("status", "--require-applied").out)
    assert in_step(sqlite) and sqlite.content() == ["late", "users"]


def test_what_is_half_there_under_an_old_when(sqlite: Place) -> None:
    """The migrator would stop at the half that is there, and a new migration stands behind it."""
    both = joined(table("one"), table("two"))
    sqlite.write(INIT, ("0002_both", 4000, both))
    sqlite.applied(INIT, ("0001_both", 2000, both))
    sqlite.run("DROP TABLE two")
    said = sqlite.guard("status").out
    assert "npx drizzle-kit generate" not in said
    sqlite.run(table("two"))
    assert sqlite.type(said, "drizzle-guard repair --only re-stamp").code == 0 and in_step(sqlite)


def test_a_column_that_no_migration_can_bring_back(sqlite: Place) -> None:
    age = ("0001_age", 2000, "ALTER TABLE users ADD COLUMN age int;")
    sqlite.write(INIT, age)
    sqlite.applied(INIT, age)
    sqlite.run("ALTER TABLE users DROP COLUMN age")
    said = sqlite.guard("status").out
    assert "put it back by hand, as the SQL of 0001_age says" in said
    assert "npx drizzle-kit" not in said.split("- 0001")[1]
    sqlite.run(age[2])
    assert in_step(sqlite)


def test_an_entry_without_a_when(sqlite: Place) -> None:
    sqlite.write(INIT, LATE)
    sqlite.applied(INIT)
    in_git(sqlite)
    journal = sqlite.folder / "meta/_journal.json"
    broken = json.loads(journal.read_text())
    del broken["entries"][1]["when"]
    journal.write_text(json.dumps(broken))
    refused = sqlite.guard("apply", "0001_late", "--yes")
    assert "has no `when` that could be recorded" in refused.err
    for said in (refused.err, sqlite.guard("status").out):
        told = sqlite.type(said, "drizzle-guard check").out
    assert sqlite.type(told, "git checkout").code == 0
    assert sqlite.status()["in_step"] and sqlite.verdicts()["0001_late"] == "pending"
