"""What `status`, `apply` and `repair` print as the next command, typed as it stands there: the situation is better.

What is only on servers, with several databases, or on the way to Drizzle v1.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from drizzle_guard.database.row_sql import Names
from support.databases import Place, joined, squeezed, table
from support.typed import in_step, migrate, with_kit, with_v1_kit

INIT = ("0000_init", 1000, table("users"))
LATE = ("0001_late", 2000, table("late"))
MAIN = ("0002_main", 3000, table("from_main"))


@pytest.fixture
def sqlite(tmp_path: Path) -> Place:
    return Place(tmp_path, "sqlite")


@pytest.fixture
def postgres(tmp_path: Path) -> Place:
    return Place(tmp_path, "postgresql")


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
    with_kit(postgres)
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
    with_v1_kit(place)


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
    kit = with_v1_kit(sqlite)
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
