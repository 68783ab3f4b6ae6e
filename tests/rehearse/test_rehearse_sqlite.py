"""`rehearse` on SQLite: the starting points, what fails where, and the newest snapshot against the database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.gitbed import Bed, Done
from support.rehearsing import Entry, column, committed, guard, rehearsed, snapshot, starts, write

USERS: Entry = ("0000_users", 1000, "create table users(id integer);\n")
AGE: Entry = ("0001_age", 2000, "alter table users add age integer;\n")
NICK: Entry = ("0002_nick", 3000, "alter table users add nick text;\n")
ALL = snapshot(users={"id": column(), "age": column(), "nick": column("text")})


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    """`main` has users, then age; `feature`, made from users alone, is checked out."""
    bed = Bed(tmp_path)
    committed(bed, USERS, newest=snapshot(users={"id": column()}))
    bed.git("branch", "feature")
    committed(bed, USERS, AGE, newest=snapshot(users={"id": column(), "age": column()}))
    bed.git("switch", "-q", "feature")
    return bed


def test_every_starting_point_ends_in_the_snapshot_s_schema(bed: Bed) -> None:
    write(bed.root, USERS, AGE, NICK, newest=ALL)
    done = guard(bed, "rehearse", "--driver", "libsql")
    assert done.code == 0, done.text
    lines = done.out.splitlines()
    assert lines[0].startswith("drizzle: 3 migrations on SQLite ")
    assert lines[1:2] == ["  ✓ an empty database: 3 migrations ran"]
    assert lines[2].startswith("  ✓ a database at the merge base's state (")
    assert lines[2].endswith("): 2 migrations ran")
    assert lines[3:] == [
        "  ✓ a database at main's state: 1 migration ran",
        "  ✓ the same as drizzle/meta/0002_snapshot.json",
        "  Rehearsed: all 3 starting points end in the same schema.",
    ]
    every = rehearsed(bed, "--all-bases")
    assert every["starts"][0]["label"] == "an empty database"
    assert len(every["starts"]) == 3  # the state after each published migration is one of the three


def test_all_bases_start_after_each_published_migration(tmp_path: Path) -> None:
    """Of the branch that `--onto` names; PATHS say which folders."""
    bed = Bed(tmp_path)
    committed(bed, USERS, AGE, NICK, ("0003_zip", 4000, "alter table users add zip text;\n"))
    bed.git("branch", "release")
    write(
        bed.root,
        USERS,
        AGE,
        NICK,
        ("0003_zip", 4000, "alter table users add zip text;\n"),
        ("0004_x", 5000, "select 1;"),
    )
    folder = rehearsed(bed, "drizzle", "--all-bases", "--onto", "release")
    assert [len(start["ran"]) for start in folder["starts"]] == [5, 4, 3, 2, 1]
    labels = [start["label"] for start in folder["starts"]]
    assert labels[1:4] == [f"a database after {tag}" for tag in ("0000_users", "0001_age", "0002_nick")]
    assert "release" in labels[4]
    assert guard(bed, "rehearse", "nowhere").code == 2


def test_a_migration_that_the_mainline_s_databases_skip_is_found(bed: Bed) -> None:
    write(bed.root, USERS, AGE, ("0002_nick", 1500, NICK[2]), newest=ALL)
    folder = rehearsed(bed)
    assert starts(folder) == {"empty": True, "base": True, "mainline": False}
    main = folder["starts"][-1]
    assert main["skipped"] == ["0002_nick"]
    assert main["differences"] == [
        {
            "object": ["column", "users", "nick"],
            "empty": {"default": "", "generated": "", "not null": "no", "primary key": "", "type": "text"},
            "this": None,
        }
    ]
    text = guard(bed, "rehearse").out
    assert "      never runs there, and nothing says so: 0002_nick" in text
    assert '        column "nick" of table "users": a new database has it, this one has not' in text


def test_a_failure_names_file_line_statement_and_the_database_s_words(bed: Bed) -> None:
    sql = "-- first\nalter table users add nick text;\n--> statement-breakpoint\n\nalter table nobody add x integer;\n"
    write(bed.root, USERS, AGE, ("0002_nick", 3000, sql))
    done = guard(bed, "rehearse")
    assert done.code == 1
    assert (
        "  ✗ an empty database: fails\n"
        "      drizzle/0002_nick.sql, line 5: statement 2 of 2\n"
        "      alter table nobody add x integer;\n"
        "      no such table: nobody\n"
    ) in done.out
    github = guard(bed, "rehearse", "--format", "github").out
    assert (
        "::error file=drizzle/0002_nick.sql,line=5,title=rehearse::from an empty database: "
        "statement 2: no such table: nobody" in github
    )


def test_a_column_that_a_merge_lost_from_the_snapshot_is_found_and_one_by_hand_is_only_named(bed: Bed) -> None:
    committed(bed, USERS, ("0001_nick", 3000, NICK[2]), newest=snapshot(users={"id": column(), "nick": column("text")}))
    bed.git("merge", "-q", "-s", "ours", "--no-commit", "main")
    for old in (bed.root / "drizzle").rglob("*000*"):
        old.unlink()
    lost = snapshot(users={"id": column(), "age": column()})
    by_hand = ("0003_hand", 4000, "create table hand(id integer);\n")
    write(bed.root, USERS, AGE, NICK, by_hand, newest=lost)
    bed.commit("merge")
    folder = rehearsed(bed)
    assert [d["object"] for d in folder["snapshot"]["differences"]] == [["column", "users", "nick"]]
    assert [d["object"] for d in folder["snapshot"]["by_hand"]] == [["table", "hand"]]
    assert folder["good"] is False
    text = guard(bed, "rehearse").out
    assert '      column "nick" of table "users": the database has it, the snapshot has not' in text
    assert '      by hand: table "hand": the database has it, the snapshot has not; no snapshot ever held it' in text


@pytest.mark.parametrize(
    ("driver", "code", "words"),
    [
        ("better-sqlite3", 1, "The supplied SQL string contains more than one statement"),
        ("libsql", 1, "0001_two, statement 1, holds 2 statements, and libsql runs only the first"),
        ("op-sqlite", 0, "Rehearsed: it runs on an empty database."),
    ],
)
def test_two_statements_in_a_chunk_are_told_for_the_driver(tmp_path: Path, driver: str, code: int, words: str) -> None:
    bed = Bed(tmp_path)
    write(bed.root, USERS, ("0001_two", 2000, "create table a(b integer); create table c(d integer);"))
    done = guard(bed, "rehearse", "--driver", driver)
    assert done.code == code
    assert words in done.out


def test_the_driver_is_the_one_of_package_json(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    write(bed.root, USERS, ("0001_empty", 2000, "create table a(b integer);--> statement-breakpoint\n"))
    told = "0001_empty, statement 2, holds no statements: better-sqlite3: refused"
    assert told in guard(bed, "rehearse").out
    (bed.root / "package.json").write_text('{"dependencies": {"@libsql/client": "1"}}')
    done = guard(bed, "rehearse")
    assert "as libsql runs them" in done.out
    assert "not an error" in done.out
    assert told not in done.out


def test_what_is_there_but_fails_when_used_is_found(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    view = "create view names as select nick from users;"
    write(bed.root, USERS, NICK, ("0003_view", 4000, view), ("0004_drop", 5000, "drop table users;"))
    (start,) = rehearsed(bed)["starts"]
    assert start["broken"] == ['view "names" is there but fails: SELECT * FROM "names": no such table: main.users']


def test_a_statement_that_does_not_end_is_stopped(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n;"
    write(bed.root, USERS, ("0001_endless", 2000, endless))
    (start,) = rehearsed(bed, "--timeout", "1")["starts"]
    assert start["failure"]["words"] == "no end within 1 s (--timeout)"


def test_setup_runs_first(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    write(bed.root, ("0000_view", 1000, "create view v as select id from given;"))
    (bed.root / "given.sql").write_text("create table given(id integer);")
    assert guard(bed, "rehearse").code == 1
    assert guard(bed, "rehearse", "--setup", "given.sql").code == 0
    (bed.root / "drizzle-guard.toml").write_text('[rehearse]\nsetup = ["given.sql"]\n')
    bed.git("init", "-q")
    assert guard(bed, "rehearse").code == 0
    missing = guard(bed, "rehearse", "--setup", "nowhere.sql")
    assert (missing.code, missing.err) == (
        2,
        "drizzle-guard: the setup file nowhere.sql cannot be read: No such file or directory.\n",
    )
    (bed.root / "given.sql").write_text("create table a (b int);\nnonsense;")
    broken = guard(bed, "rehearse", "--setup", "given.sql")
    words = 'cannot rehearse here: the setup file given.sql: near "nonsense": syntax error.'
    assert (broken.code, broken.err) == (2, f"drizzle-guard: {words}\n")


def test_v1_folders_run_by_name_in_either_order(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    drizzle = bed.root / "drizzle"

    def put(name: str, sql: str) -> None:
        (drizzle / name).mkdir(parents=True)
        (drizzle / name / "migration.sql").write_text(sql)
        body = {"version": "7", "dialect": "sqlite", "id": name, "ddl": []}
        (drizzle / name / "snapshot.json").write_text(json.dumps(body))

    put("20260101000000_users", "create table users(id integer);")
    bed.commit("users")
    bed.git("branch", "feature")
    put("20260103000000_age", "alter table users add age integer;")
    bed.commit("age")
    bed.git("switch", "-q", "feature")
    put("20260102000000_rows", "insert into users values (1);")
    bed.commit("rows")
    bed.git("merge", "-q", "main")
    folder = rehearsed(bed, "--driver", "libsql")
    assert starts(folder) == {"empty": True, "base": True, "branch": True, "mainline": False}
    failure = next(start["failure"] for start in folder["starts"] if start["start"] == "mainline")
    assert failure["words"] == "table users has 2 columns but 1 values were supplied"
    ran = {start["start"]: start["ran"] for start in folder["starts"]}
    assert ran["mainline"] == ["20260102000000_rows"]
    assert ran["branch"] == ["20260103000000_age"]


def test_nothing_to_rehearse_is_said(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    assert guard(bed, "rehearse") == Done(2, "", "drizzle-guard: There is no migration folder here or below.\n")
    write(bed.root, USERS, dialect="singlestore")
    assert guard(bed, "rehearse").err == (
        "drizzle-guard: drizzle is for singlestore; rehearse knows postgresql, mysql, sqlite and turso.\n"
    )
    write(bed.root, USERS)
    (bed.root / "drizzle" / "0000_users.sql").unlink()
    assert "0000_users.sql is missing" in guard(bed, "rehearse").err


def test_the_hook_rehearses_what_is_pushed_where_the_settings_ask_for_it(bed: Bed) -> None:
    """git tells a pre-push hook `<ref> <id> <remote ref> <remote id>`; pre-commit tells the ids in two variables."""
    committed(bed, USERS)
    base = bed.git("rev-parse", "HEAD").strip()
    write(bed.root, USERS, ("0001_bad", 2000, "alter table nobody add x integer;"))
    bed.commit("bad")
    head = bed.git("rev-parse", "HEAD").strip()
    ids = {"PRE_COMMIT_FROM_REF": base, "PRE_COMMIT_TO_REF": head}
    quiet = guard(bed, "rehearse", "--pushed", env=ids)
    assert (quiet.code, quiet.text) == (0, "")  # the settings do not ask
    (bed.root / "drizzle-guard.toml").write_text('rehearse = "push"\n')
    pushed = guard(bed, "rehearse", "--pushed", env=ids)
    assert pushed.code == 1 and "no such table: nobody" in pushed.out
    nothing_new = {**ids, "PRE_COMMIT_FROM_REF": head}
    assert guard(bed, "rehearse", "--pushed", env=nothing_new).code == 0
    assert bed.tool("install").code == 0
    bed.git("init", "-q", "--bare", str(bed.root.parent / "remote"))
    refused = bed.try_git("push", str(bed.root.parent / "remote"), "HEAD:refs/heads/feature")
    assert refused.code == 1 and "no such table: nobody" in refused.text
    (bed.root / "drizzle-guard.toml").unlink()
    assert bed.try_git("push", str(bed.root.parent / "remote"), "HEAD:refs/heads/feature").code == 0
