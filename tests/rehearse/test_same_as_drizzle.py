"""The same folders run and the same fail as with drizzle-orm's own migrators, driver by driver."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from drizzle_guard.database.families import FAMILIES
from drizzle_guard.database.row_sql import Names
from drizzle_guard.disk import folder_on_disk
from drizzle_guard.rehearse.places import Wishes, open_engine
from drizzle_guard.rehearse.run import rehearse
from drizzle_guard.rehearse.sources import read_source
from drizzle_guard.rehearse.states import Start, version_of
from support.databases import without_authorities
from support.live import servers
from support.live.bench import LIVE, Bench
from support.rehearsing import Entry, write

BREAK = "\n--> statement-breakpoint\n"
USERS = "create table users (id int primary key, name varchar(20), age int)"

#: what follows `users`, in any dialect; each is a folder of its own
COMMON = (
    f"create table a (b int);{BREAK}create table c (d int);",
    "create table a (b int);\ncreate table c (d int);",
    "create table a (b int);\nnonsense here;",
    f"create table a (b int);{BREAK}",
    "-- Custom SQL migration file, put your code below! --",
    "/* nothing */",
    ";",
    "",
    "create table a (b int);;",
    "-- first\ncreate table a (b int); -- last",
    "create table users (id int);",
    "create table if not exists users (id int);",
    "drop table nobody;",
    "drop table if exists nobody;",
    "alter table users add column nick varchar(9);",
    "alter table users add column name varchar(9);",
    "alter table users drop column age;",
    "alter table users drop column nothing;",
    "create view v as select name from users;",
    f"create view v as select name from users;{BREAK}drop table users;",
    "insert into users (id, name) values (1, 'a;b');",
    f"insert into users (id) values (1);{BREAK}insert into users (id) values (1);",
    "insert into users (nothing) values (1);",
    "update users set name = upper(name);",
    f"begin;{BREAK}create table a (b int);{BREAK}commit;",
    f"create table a (b int);{BREAK}commit;",
    f"create table a (b int);{BREAK}rollback;",
    "create unique index i on users (name);",
    f"insert into users (id, name) values (1, 'x'), (2, 'x');{BREAK}create unique index i on users (name);",
    "create table child (u int references users (id));",
    "\ufeffcreate table a (b int);",
)
POSTGRES = (
    "create index concurrently i on users (name);",
    "vacuum;",
    f"create type mood as enum ('a');{BREAK}alter type mood add value 'b';{BREAK}create table m (x mood default 'b');",
    "do $$ begin perform 1; end $$;",
    "do $$ begin raise exception 'no'; end $$;",
    "create function f() returns int language sql as $$ select 1; select 2 $$;",
    f"set search_path to nowhere;{BREAK}create table a (b int);",
    "create extension nothing_like_it;",
    "create table child (u int references users (name));",
    "alter table users alter column age set default 3, alter column age set not null;",
)
MYSQL = (
    "create trigger t before insert on users for each row begin set new.age = 1; set new.name = 'x'; end",
    "alter table `users` add constraint `k` foreign key (`age`) references `users` (`nothing`);",
    "create table `a` (`id` serial primary key);",
    "alter table users modify column name int not null default 'x';",
)
SQLITE = (
    "create trigger t after insert on users begin update users set age = 1; select 1; end;",
    f'PRAGMA foreign_keys=OFF;{BREAK}create table "__new_users" (id int);{BREAK}'
    f'insert into "__new_users"("id") select "id" from "users";{BREAK}drop table users;{BREAK}'
    'alter table "__new_users" rename to "users";',
    f'create table "n" (id int, nick text);{BREAK}insert into "n"("id", "nick") select "id", "nick" from "users";',
    "vacuum;",
    "attach ':memory:' as more;",
    "alter table users add column u int not null;",
    "create table child (u int references users (id));"
    f"{BREAK}insert into users (id) values (1);{BREAK}insert into child values (1);{BREAK}drop table users;",
)
DRIVERS = {
    "pg": ("postgresql", "node-postgres", COMMON + POSTGRES),
    "mysql2": ("mysql", "mysql2", COMMON + MYSQL),
    "libsql": ("sqlite", "libsql", COMMON + SQLITE),
    "sqljs": ("sqlite", "sql.js", COMMON + SQLITE),
    "better-sqlite3": ("sqlite", "better-sqlite3", COMMON + SQLITE),
    "pglite": ("postgresql", "PGlite", COMMON[1:10]),
}


def _server(kind: str) -> str | None:
    if kind == "sqlite":
        return None
    return servers.postgres_url() if kind == "postgresql" else servers.mariadb_url()


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_same_folders_run_and_the_same_fail(tmp_path: Path, driver: str) -> None:
    kind, name, folders = DRIVERS[driver]
    bench, url = Bench.require(), _server(kind)
    environment = dict(bench.environment)
    if driver == "better-sqlite3":
        compiled = os.environ.get("DRIZZLE_GUARD_BETTER_SQLITE3")
        if not compiled:
            pytest.skip("no better-sqlite3: .ci/better-sqlite3 DIR compiles it, DRIZZLE_GUARD_BETTER_SQLITE3 names it")
        environment["NODE_PATH"] = compiled
    chains, expected = [], []
    family = next(family for family in FAMILIES if family.name == name)
    server = None if url is None else urlunsplit(urlsplit(url)._replace(path=""))
    engine = open_engine(kind, family, Wishes(server, (), 20, None, "__drizzle_migrations", "drizzle"))
    first: Entry = ("0000_users", 1000, USERS)
    write(tmp_path / "first", first, dialect=kind)
    started = version_of(folder_on_disk(tmp_path / "first" / "drizzle"))
    mine = []
    with ExitStack() as open_:
        open_.callback(engine.close)
        open_.enter_context(without_authorities())
        for number, sql in enumerate(folders):
            root = tmp_path / str(number)
            write(root, first, ("0001_more", 2000, sql), dialect=kind)
            source = read_source(root / "drizzle", "drizzle", None, open_, all_bases=False)
            source = source._replace(starts=(*source.starts, Start("first", "the first one's", started)))
            done = rehearse(
                source, engine, family, (), Names(kind, "drizzle", "__drizzle_migrations"), lambda: bool, lambda: None
            )
            for outcome in done.outcomes:
                mine.append(outcome.failure is not None)
            chains += [[str(root / "drizzle")], [str(tmp_path / "first" / "drizzle"), str(root / "drizzle")]]
            expected += [f"{sql!r} from empty", f"{sql!r} after the first"]
    job = json.dumps({"driver": driver, "url": url, "chains": chains})
    done_ = subprocess.run(
        ["node", str(LIVE / "many.mjs")], input=job, env=environment, capture_output=True, text=True, timeout=300
    )
    said = json.loads(done_.stdout)
    wrong = [f"{what}: {s!r}, but here {m}" for what, s, m in zip(expected, said, mine, strict=True) if bool(s) != m]
    assert wrong == []


def test_so_many_folders_are_compared() -> None:
    assert sum(len(folders) for _, _, folders in DRIVERS.values()) >= 150
