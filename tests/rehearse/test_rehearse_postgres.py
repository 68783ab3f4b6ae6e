"""`rehearse` on PostgreSQL: on a private server, or on a given one where nothing of others is touched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from support.gitbed import Bed
from support.live import servers
from support.parts import FIXTURES
from support.rehearsing import Entry, guard, has_ended, rehearsed, starts, write

BREAK = "\n--> statement-breakpoint\n"
USERS: Entry = ("0000_users", 1000, 'create table "users" ("id" serial primary key, "email" text);')
MOOD: Entry = ("0001_mood", 2000, "create type mood as enum ('sad');")
PLACE = ("--driver", "node-postgres")


def server(url: str) -> str:
    """The URL of the server alone."""
    return urlunsplit(urlsplit(url)._replace(path=""))


def ours(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        listed = connection.execute("select datname from pg_database where datname like 'drizzle_guard%'").fetchall()
    return [name for (name,) in listed]


def test_a_private_server_is_started_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    shutil.copytree(FIXTURES / "samples" / "pg-full", bed.root, dirs_exist_ok=True)
    bed.env["TMPDIR"] = tempfile.mkdtemp(prefix="t", dir="/tmp")
    os.chmod(bed.env["TMPDIR"], 0o755)
    done = bed.tool("rehearse", *PLACE)
    assert done.code == 0, done.text
    assert "(a private server), as node-postgres runs them\n" in done.out
    assert "  ✓ the same as drizzle/meta/0000_snapshot.json\n" in done.out
    assert list(Path(bed.env["TMPDIR"]).glob("dguard-*/*")) == []


def test_the_server_is_left_as_it_was(tmp_path: Path) -> None:
    url = servers.postgres_url()
    bed = Bed(tmp_path)
    use = ("0002_use", 3000, f"alter type mood add value 'ok';{BREAK}create table m (a mood default 'ok');")
    write(bed.root, USERS, MOOD, use, dialect="postgresql")
    before = ours(url)
    folder = rehearsed(bed, "--url", server(url), *PLACE)
    (start,) = folder["starts"]
    assert start["failure"]["statement"] == 2
    assert start["failure"]["words"].startswith('unsafe use of new value "ok" of enum type mood')
    assert ours(url) == before == []
    refused = guard(bed, "rehearse", "--url", url)
    assert refused.code == 2
    name = urlsplit(url).path[1:]
    assert f"the database {name} is there already, and rehearse did not make it; nothing was touched." in refused.err
    write(bed.root, ("0000_role", 1000, "do $$ begin create  role app; end $$;"), dialect="postgresql")
    refused = guard(bed, "rehearse", "--url", server(url))
    assert refused.code == 2
    assert "cannot rehearse here: a migration has CREATE ROLE in it, which would change more of" in refused.err
    assert "bench" not in refused.err.replace("/bench_", "")  # the password


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("create extension postgis;", 'extension "postgis" is not available'),
        ("create policy p on users to authenticated using (true);", 'role "authenticated" does not exist'),
        ("create table auth.mine (id int);", 'schema "auth" does not exist'),
    ],
)
def test_what_the_server_lacks_is_no_fault_of_the_migration(tmp_path: Path, sql: str, words: str) -> None:
    bed = Bed(tmp_path)
    write(bed.root, USERS, ("0001_more", 2000, sql), dialect="postgresql")
    url = server(servers.postgres_url())
    done = guard(bed, "rehearse", "--url", url, *PLACE)
    assert done.code == 2
    assert f"  ? an empty database: cannot rehearse here: {words}" in done.out
    assert "  Cannot rehearse here: see above." in done.out
    if "extension" in sql:
        (bed.root / "setup.sql").write_text(f"select 1;\n{sql}")
        setup = guard(bed, "rehearse", "--url", url, "--setup", "setup.sql", *PLACE)
        assert setup.code == 2 and f"cannot rehearse here: the setup file setup.sql: {words}" in setup.err
    if "auth." in sql:  # what a migration made and dropped is its fault, and a setup file can make it
        (bed.root / "setup.sql").write_text("create schema auth;")
        assert guard(bed, "rehearse", "--url", url, "--setup", "setup.sql", *PLACE).code == 0
        dropped = f"create schema auth;{BREAK}drop schema auth;"
        write(bed.root, ("0000_users", 1000, dropped), ("0001_more", 2000, sql), dialect="postgresql")
        assert guard(bed, "rehearse", "--url", url, *PLACE).code == 1


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("create index concurrently i on users (email);", "CREATE INDEX CONCURRENTLY cannot run inside a transaction"),
        ("vacuum users;", "VACUUM cannot run inside a transaction block"),
        ("select pg_sleep(20);", "no end within 2 s (--timeout)"),
        ("select 1;\n\nselect nothing;", 'column "nothing" does not exist'),
    ],
)
def test_what_fails_in_drizzle_s_transaction_fails_here(tmp_path: Path, sql: str, words: str) -> None:
    bed = Bed(tmp_path)
    write(bed.root, USERS, ("0001_more", 2000, sql), dialect="postgresql")
    url = server(servers.postgres_url())
    short = ("--timeout", "2") if "sleep" in sql else ()  # nothing else may run into it on a busy machine
    (start,) = rehearsed(bed, "--url", url, *short, *PLACE)["starts"]
    assert start["failure"]["words"].startswith(words)
    assert start["failure"]["line"] == (3 if "nothing" in sql else 1)


def test_the_snapshot_is_compared_in_both_directions(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    shutil.copytree(FIXTURES / "samples" / "pg-full", bed.root, dirs_exist_ok=True)
    file = bed.root / "drizzle" / "meta" / "0000_snapshot.json"
    body = json.loads(file.read_text())
    users = body["tables"]["public.users"]
    users["columns"]["nick"] = {"name": "nick", "type": "varchar(20)", "primaryKey": False, "notNull": True}
    users["columns"]["name"]["default"] = "'y'"
    del users["checkConstraints"]["name_ck"]
    body["enums"]["public.mood"]["values"] = ["ok", "sad", "happy"]
    body["sequences"]["public.my_seq"]["increment"] = "3"
    file.write_text(json.dumps(body))
    done = guard(bed, "rehearse", *PLACE)
    assert done.code == 1
    lines = [line.strip() for line in done.out.splitlines()]
    assert 'column "nick" of table "users": the snapshot has it, the database has not' in lines
    assert (
        "column \"name\" of table \"users\": default is 'y'::text in the snapshot, 'x'::text in the database" in lines
    )
    assert any(line.startswith("enum \"mood\": values is 'ok', 'sad', 'happy' in the snapshot") for line in lines)
    assert any(line.startswith('sequence "my_seq": numbers is increment 3') for line in lines)
    assert any('check "name_ck" of table "users"' in line for line in lines)


def test_a_killed_run_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    write(bed.root, USERS, ("0001_slow", 2000, "select pg_sleep(60);"), dialect="postgresql")
    bed.env["TMPDIR"] = tempfile.mkdtemp(prefix="t", dir="/tmp")
    os.chmod(bed.env["TMPDIR"], 0o755)
    above = Path(bed.env["TMPDIR"])
    url = servers.postgres_url()
    command = [sys.executable, "-m", "drizzle_guard", "rehearse", "--timeout", "90", *PLACE]
    private = subprocess.Popen(command, cwd=bed.root, env=bed.env)
    named = subprocess.Popen([*command, "--url", server(url)], cwd=bed.root, env=bed.env)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (list(above.glob("dguard-*/*/data/base/*/PG_VERSION"))[3:] and ours(url)):
        time.sleep(0.1)
    for process in (private, named):
        process.send_signal(signal.SIGKILL)
        process.wait()
    pid = int(next(above.glob("dguard-*/*/pid")).read_text())
    assert ours(url)
    os.kill(pid, 0)
    write(bed.root, USERS, dialect="postgresql")
    (bed.root / "drizzle" / "0001_slow.sql").unlink()
    assert bed.tool("rehearse", *PLACE).code == 0
    assert guard(bed, "rehearse", "--url", server(url), *PLACE).code == 0
    assert ours(url) == []
    assert list(above.glob("dguard-*/*")) == []
    assert has_ended(pid)


def test_starting_points_grow_out_of_one_trunk(tmp_path: Path) -> None:
    """Roles belong to the server: those of one starting point are gone before the next makes them again."""
    bed = Bed(tmp_path)
    role: Entry = ("0001_role", 2000, "create role app_reader;")
    own: Entry = ("0002_own", 3000, "create policy p on users to app_reader using (true);")
    write(bed.root, USERS, dialect="postgresql")
    bed.commit("users")
    bed.git("branch", "feature")
    write(bed.root, USERS, role, dialect="postgresql")
    bed.commit("role")
    bed.git("switch", "-q", "feature")
    write(bed.root, USERS, role, own, dialect="postgresql")
    assert starts(rehearsed(bed, *PLACE)) == {"empty": True, "base": True, "mainline": True}


def test_a_deploy_that_is_taken_back_leaves_no_trace(tmp_path: Path) -> None:
    """The one at the merge base runs on the database that the mainline's is made of; the last one is committed."""
    bed = Bed(tmp_path)
    draws: Entry = (
        "0001_draws",
        2000,
        f"create sequence s;{BREAK}create function n() returns int language sql as $$ select nextval('s')::int $$;"
        f"{BREAK}create table t (u int);{BREAK}insert into t values (1);{BREAK}insert into users default values;{BREAK}"
        f"create table c (u int references users (id) deferrable initially deferred);{BREAK}insert into c values (1);",
    )
    main: Entry = ("0002_main", 3000, "alter table users add age int;")
    own: Entry = (
        "0003_own",
        4000,
        f"set search_path to public;{BREAK}alter table t add x int default n();{BREAK}"
        f"alter table t add constraint first check (x = 1);{BREAK}create view v as table t;",
    )
    bad: Entry = ("0003_bad", 4000, "update c set u = 9;")
    write(bed.root, USERS, draws, dialect="postgresql")
    bed.commit("draws")
    bed.git("branch", "feature")
    write(bed.root, USERS, draws, main, dialect="postgresql")
    bed.commit("main")
    bed.git("switch", "-q", "feature")
    write(bed.root, USERS, draws, main, own, dialect="postgresql")
    url = server(servers.postgres_url())
    assert starts(rehearsed(bed, "--url", url, *PLACE)) == {"empty": True, "base": True, "mainline": True}
    write(bed.root, USERS, draws, main, bad, dialect="postgresql")
    for start in rehearsed(bed, "--url", url, *PLACE)["starts"]:
        assert start["failure"]["sql"] == "COMMIT", start
        assert 'violates foreign key constraint "c_u_fkey"' in start["failure"]["words"]
