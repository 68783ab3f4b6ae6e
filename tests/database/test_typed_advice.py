"""What `status`, `apply` and `repair` print as the next command, typed as it stands there: the situation is better.

Which message is typed where stands in `support/printed_commands.py`.  Drizzle's own commands are typed in a shell and
run the bench's drizzle-kit.
"""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from drizzle_guard.database.row_sql import Names
from support.databases import Place, joined, squeezed, table
from support.live.bench import NODE_MODULES, Bench
from support.live.v1_bench import V1

INIT = ("0000_init", 1000, table("users"))
LATE = ("0001_late", 2000, table("late"))
MAIN = ("0002_main", 3000, table("from_main"))


@pytest.fixture
def sqlite(tmp_path: Path) -> Place:
    return Place(tmp_path, "sqlite")


@pytest.fixture
def postgres(tmp_path: Path) -> Place:
    return Place(tmp_path, "postgresql")


def with_kit(place: Place, url: str = "file:local.db") -> None:
    """Drizzle's own program, in the project and for its database."""
    Bench.require()
    (place.path / "node_modules").symlink_to(NODE_MODULES)
    configure(place, url)


def configure(place: Place, url: str) -> None:
    config = {"dialect": place.kind, "schema": "./schema.ts", "out": "./drizzle", "dbCredentials": {"url": url}}
    (place.path / "drizzle.config.ts").write_text(f"export default {json.dumps(config)};\n")
    (place.path / "schema.ts").write_text("export {};\n")


def in_git(place: Place) -> None:
    """Commit all of it."""
    for command in (("init", "-q"), ("add", "-A"), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")):
        subprocess.run(("git", *command), cwd=place.path, check=True)


def generate(place: Place, said: str, sql: str) -> None:
    """Type `generate --custom`, and write into the new file."""
    before = set(place.folder.glob("*.sql"))
    done = place.type(said, "npx drizzle-kit generate --custom")
    (new,) = set(place.folder.glob("*.sql")) - before
    assert done.code == 0, done
    new.write_text(sql)


def migrate(place: Place, said: str) -> None:
    done = place.type(said, "npx drizzle-kit migrate")
    assert done.code == 0, done


def in_step(place: Place) -> bool:
    return bool(place.status("--require-applied")["in_step"])


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


# ---------------------------------------------------------------- servers


def test_a_sequence_behind_and_an_id_without_one(tmp_path: Path) -> None:
    for by_apply in (False, True):
        place = Place(tmp_path / str(by_apply), "postgresql")
        place.write(INIT, LATE, MAIN)
        place.applied(INIT, LATE)
        place.run("SELECT setval('drizzle.__drizzle_migrations_id_seq', 1)")
        said = place.guard("apply", "0002_main", "--yes").err if by_apply else place.guard("status").out
        assert place.type(said, "drizzle-guard repair --only sequence").code == 0
        assert place.status()["in_step"]
    table_of_rows, sequence = "drizzle.__drizzle_migrations", "drizzle.__drizzle_migrations_id_seq"
    for lost in ([], [f"DROP SEQUENCE {sequence}"]):
        place.run(f"ALTER TABLE {table_of_rows} ALTER COLUMN id DROP DEFAULT", *lost)
        refused = place.guard("apply", "0002_main", "--yes")
        told = place.type(refused.err, "drizzle-guard status").out
        (sql,) = (line.strip() for line in told.splitlines() if line.strip().startswith("ALTER TABLE"))
        place.run(sql)
        assert place.status()["in_step"]
    assert place.guard("apply", "0002_main", "--yes").code == 0 and in_step(place)


def test_concurrently_is_run_by_hand(postgres: Place) -> None:
    slow = ("0001_slow", 2000, "CREATE INDEX CONCURRENTLY users_idx ON users (id);")
    postgres.write(INIT, slow)
    postgres.applied(INIT)
    refused = postgres.guard("apply", "0001_slow", "--yes")
    postgres.run(slow[2])
    assert postgres.type(refused.err, "drizzle-guard repair --only adopt").code == 0 and in_step(postgres)


def test_what_fails_only_at_the_commit(postgres: Place) -> None:
    base = (*INIT[:2], "CREATE TABLE a (id int primary key, of int REFERENCES a DEFERRABLE INITIALLY DEFERRED);")
    late = ("0001_rows", 2000, "INSERT INTO a VALUES (1, 2);")
    postgres.write(base, late)
    postgres.applied(base)
    failed = postgres.guard("apply", "0001_rows", "--yes")
    assert "the commit failed" in failed.err
    told = squeezed(postgres.type(failed.err, "drizzle-guard status").out)
    assert "0001_rows 2000 1970-01-01 00:00 - - pending" in told
    postgres.run("INSERT INTO a VALUES (2, 2)")
    assert postgres.guard("apply", "0001_rows", "--yes").code == 0 and in_step(postgres)


def test_another_ledger_beside(postgres: Place) -> None:
    """The Supabase CLI keeps other files of this project there; these are Drizzle's."""
    postgres.write(INIT)
    postgres.run(
        "CREATE SCHEMA supabase_migrations",
        "CREATE TABLE supabase_migrations.schema_migrations (version text PRIMARY KEY, name text)",
        "INSERT INTO supabase_migrations.schema_migrations VALUES ('20240101000000', 'theirs')",
    )
    with_kit(postgres, postgres.live_url)
    refused = postgres.guard("apply", "0000_init", "--yes")
    assert "a second ledger is for Drizzle to make" in refused.err
    migrate(postgres, refused.err)
    assert in_step(postgres)


def test_what_mysql_kept(tmp_path: Path) -> None:
    both = ("0001_both", 2000, joined(table("one"), table("two")))
    rows = ("0001_both", 2000, joined(table("one"), "INSERT INTO users VALUES (1);", table("two")))
    for n, migration in enumerate((both, both, both, rows)):
        place = Place(tmp_path / str(n), "mysql")
        place.write(INIT, migration if n else (*both[:2], both[2].replace("two (id int", "two (id nonsense")))
        place.applied(INIT)
        if n:
            place.run(table("one"))
        said = (place.guard("status") if n == 1 else place.guard("apply", "0001_both", "--yes")).text
        place.write(INIT, migration)
        done = place.type(said, "drizzle-guard apply 0001_both --resume")
        if migration is rows:
            assert "where it stopped cannot be told" in done.err
            done = place.type(done.err, "drizzle-guard apply 0001_both --resume-at N", N="2")
        assert done.code == 0 and in_step(place)
        assert len(place.select("SELECT id FROM users")) == (migration is rows)


# ---------------------------------------------------------------- several databases


def test_environments_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staging, production = Place(tmp_path, "sqlite"), Place(tmp_path / "other", "sqlite")
    late, seeds = ("0001_late", 2000, table("late")), ("0002_seeds", 3000, "INSERT INTO users VALUES (1, 2);")
    staging.write(INIT, late, seeds)
    production.path.mkdir(parents=True)
    for place, ran in ((staging, [INIT, ("0003_x", 2500, "SELECT 1;")]), (production, [INIT, late])):
        place.applied(*ran)
    (staging.path / "drizzle-guard.toml").write_text(
        '[databases]\nstaging = "STAGING"\nproduction = "PRODUCTION"\n[[known]]\nhash = "'
        + sha256(b"SELECT 1;").hexdigest()
        + '"\nreason = "of another project"\n'
    )
    (staging.path / ".git").mkdir()
    monkeypatch.setenv("STAGING", staging.url)
    monkeypatch.setenv("PRODUCTION", production.url)
    every = staging.guard("status", "--all", plain=True).out
    told = staging.type(every, "drizzle-guard status --env staging").out
    assert staging.type(told, "drizzle-guard apply 0001_late --env staging").code == 0
    again = staging.guard("status", "--all", plain=True)
    assert again.code == 0
    one = staging.guard("status", "--env", "production", plain=True).out
    for said in (again.out, one):
        assert (
            "table users has 1 columns but 2 values were supplied" in staging.type(said, "drizzle-guard rehearse").out
        )
    staging.write(INIT, late, (*seeds[:2], "INSERT INTO users VALUES (1);"))
    assert staging.guard("rehearse", plain=True).code == 0


# ---------------------------------------------------------------- Drizzle v1


def v1(place: Place, **sql: str) -> None:
    """A folder of Drizzle v1, and its kit."""
    for name, text in sql.items():
        (place.folder / name.removeprefix("_")).mkdir(parents=True)
        (place.folder / name.removeprefix("_") / "migration.sql").write_text(text, "utf-8")
    v1_kit(place)


def v1_kit(place: Place) -> V1:
    kit = V1(place.path)
    configure(place, "file:local.db")
    return kit


def test_v1_upgrades_the_table_first(sqlite: Place) -> None:
    v1(sqlite, _20240101000000_init=table("users"))
    sqlite.applied(("0000_init", 1704067200500, table("users")))
    sqlite.run("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('gone', 5)")
    told = sqlite.guard("status").out
    for said in (told, sqlite.guard("apply", "20240101000000_init", "--yes").err):
        (sql,) = (line.strip() for line in said.splitlines() if line.strip().startswith("DELETE FROM"))
    sqlite.run(sql)
    migrate(sqlite, sqlite.guard("repair", "--yes").err)
    assert in_step(sqlite)


def snapshots(place: Place, *prefixes: str) -> None:
    """As drizzle-kit 0.31 wrote them, of an empty schema."""
    empty: dict[str, dict[str, str]] = {}
    form = {"version": "6", "dialect": "sqlite", "tables": empty, "views": empty, "enums": empty}
    form |= {"_meta": {"schemas": empty, "tables": empty, "columns": empty}, "internal": {"indexes": empty}}
    ids = [str(UUID(int=0)), *(str(UUID(int=n, version=4)) for n in range(len(prefixes)))]
    for prefix, before, own in zip(prefixes, ids, ids[1:], strict=False):
        (place.folder / f"meta/{prefix}_snapshot.json").write_text(json.dumps({**form, "id": own, "prevId": before}))


def test_v1_adopts_under_its_name(sqlite: Place) -> None:
    """Where the folder has still a journal, it is brought to v1 first."""
    first, late = ("0000_init", 1704067200000, table("users")), ("0001_late", 1704153600000, table("late"))
    sqlite.write(first, late)
    snapshots(sqlite, "0000", "0001")
    sqlite.run(*Names("sqlite", "", "__drizzle_migrations").create(named=True), *(e[2] for e in (first, late)))
    kit = v1_kit(sqlite)
    done = sqlite.type(sqlite.guard("status").out, "npx drizzle-kit up")
    assert done.code == 0 and sqlite.status()["layout"] == "v1", done
    assert sqlite.type(sqlite.guard("status").out, "drizzle-guard repair --only adopt").code == 0
    assert in_step(sqlite)
    sqlite.run(
        "INSERT INTO __drizzle_migrations (hash, created_at, name) SELECT hash, created_at, name "
        "FROM __drizzle_migrations WHERE id = 1"
    )
    assert in_step(sqlite)  # a name that is there twice is there
    assert kit.migrate(Path(sqlite.url), sqlite.folder) == [""]


def test_two_of_one_second_are_told_apart(sqlite: Place) -> None:
    """Before the move to v1, which finds the row of a second's migrations by the hash of the file."""
    first, twin = ("0000_init", 1700000000000, "select 1;"), ("0001_twin", 1700000000500, "select 1;")
    sqlite.write(first, twin)
    sqlite.applied(first, twin)
    told = sqlite.guard("status", "--for", "v1").out
    assert "0001_twin would run again" in told and "Tell them apart by a comment in one of the files" in told
    sqlite.write(first, (*twin[:2], "select 1; -- the twin"))
    allow = {"tag": "0001_twin", "sha256": sha256(b"select 1; -- the twin").hexdigest(), "reason": "a comment"}
    lines = ["[[allow]]", *(f'{key} = "{value}"' for key, value in allow.items())]
    (sqlite.path / "drizzle-guard.toml").write_text("\n".join(lines))
    assert "0001_twin would run again" in sqlite.guard("status", "--for", "v1").out
    assert sqlite.type(told, "drizzle-guard repair --only re-hash").code == 0
    assert "0001_twin would run again" not in sqlite.guard("status", "--for", "v1").out
