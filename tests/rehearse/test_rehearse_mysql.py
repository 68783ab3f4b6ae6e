"""`rehearse` on MySQL and MariaDB: a private server by itself, or a given one where nothing of others is touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from drizzle_guard.database.connection import opened
from drizzle_guard.database.urls import parse_url
from support.gitbed import Bed
from support.live import servers
from support.rehearsing import Entry, guard, has_ended, rehearsed, starts, write

USERS: Entry = ("0000_users", 1000, "create table `users` (`id` int primary key, `email` varchar(20) unique);")
AGE: Entry = ("0001_age", 2000, "alter table `users` add `age` int default 3;")


def column(type_: str, **more: Any) -> dict[str, Any]:
    return {"type": type_, "primaryKey": False, "notNull": False, "autoincrement": False, **more}


def snapshot(**columns: dict[str, Any]) -> dict[str, Any]:
    body = {
        "name": "users",
        "columns": {name: {"name": name, **column} for name, column in columns.items()},
        "uniqueConstraints": {"email": {"name": "email", "columns": ["email"]}},
    }
    return {"version": "5", "dialect": "mysql", "id": "x", "prevId": "y", "tables": {"users": body}}


def ours(url: str) -> list[Any]:
    with opened(parse_url(url), 10) as database:
        return database.query("show databases like 'drizzle_guard%'")


def test_every_starting_point_and_the_snapshot(tmp_path: Path) -> None:
    url = servers.mariadb_url()
    server = urlunsplit(urlsplit(url)._replace(path=""))
    bed = Bed(tmp_path)
    write(bed.root, USERS, dialect="mysql")
    bed.commit("users")
    bed.git("branch", "feature")
    write(bed.root, USERS, AGE, dialect="mysql")
    bed.commit("age")
    bed.git("switch", "-q", "feature")
    own: Entry = ("0002_own", 3000, "alter table `users` add `nick` varchar(9);")
    held = snapshot(id=column("int", primaryKey=True), email=column("varchar(20)"), age=column("int", default=3))
    write(bed.root, USERS, AGE, own, dialect="mysql", newest=held)
    folder = rehearsed(bed, "--url", server)
    assert starts(folder) == {"empty": True, "base": True, "mainline": True}
    assert folder["snapshot"]["differences"] == []
    assert [d["object"] for d in folder["snapshot"]["by_hand"]] == [["column", "users", "nick"]]
    assert ours(url) == []

    name = urlsplit(url).path[1:]
    refused = guard(bed, "rehearse", "--url", url)
    assert refused.code == 2
    assert f"the database {name} is there already, and rehearse did not make it; nothing was touched." in refused.err
    write(bed.root, USERS, ("0001_age", 2000, f"alter table `{name}`.`users` add `x` int;"), dialect="mysql")
    refused = guard(bed, "rehearse", "--url", server)
    assert refused.code == 2
    assert "cannot rehearse here: a migration has " in refused.err
    two = "insert into `users` (`id`) values (1);\ninsert into `users` (`id`) values (2);"
    write(bed.root, USERS, ("0001_age", 2000, two), dialect="mysql")
    (start, *_) = rehearsed(bed, "--url", server)["starts"]
    assert start["failure"]["words"].startswith("You have an error in your SQL syntax")
    write(bed.root, USERS, ("0001_age", 2000, "select sleep(20);"), dialect="mysql")
    (start, *_) = rehearsed(bed, "--url", server, "--timeout", "2")["starts"]
    assert start["failure"]["words"] == "no end within 2 s (--timeout)"


def test_a_private_server_is_started_and_nothing_of_it_is_left(tmp_path: Path) -> None:
    servers.mariadb_url()  # says what is missing
    bed = Bed(tmp_path)
    serial: Entry = ("0001_serial", 2000, "create table `s` (`id` serial AUTO_INCREMENT NOT NULL);")
    view: Entry = ("0001_view", 2000, "create view `v` as select `email` from `users`;")
    gone: Entry = ("0002_gone", 3000, "alter table `users` drop column `email`;")
    write(bed.root, USERS, view, gone, dialect="mysql")
    bed.env["TMPDIR"] = tempfile.mkdtemp(prefix="t", dir="/tmp")
    os.chmod(bed.env["TMPDIR"], 0o755)
    done = bed.tool("rehearse")
    assert done.code == 1, done.text
    assert "(a private server), as mysql2 runs them" in done.out
    assert 'view "v" is there but fails: SELECT * FROM `v` LIMIT 0: ' in done.out
    write(bed.root, USERS, serial, dialect="mysql")
    done = bed.tool("rehearse")
    if "MariaDB" in done.out:
        assert done.code == 2
        assert "MariaDB does not take `serial AUTO_INCREMENT`" in done.out
    assert list(Path(bed.env["TMPDIR"]).glob("dguard-*/*")) == []


def test_a_killed_run_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    url = servers.mariadb_url()
    server = urlunsplit(urlsplit(url)._replace(path=""))
    bed = Bed(tmp_path)
    write(bed.root, USERS, ("0001_slow", 2000, "select sleep(60);"), dialect="mysql")
    bed.env["TMPDIR"] = tempfile.mkdtemp(prefix="t", dir="/tmp")
    os.chmod(bed.env["TMPDIR"], 0o755)
    above = Path(bed.env["TMPDIR"])
    command = [sys.executable, "-m", "drizzle_guard", "rehearse", "--timeout", "90"]
    private = subprocess.Popen(command, cwd=bed.root, env=bed.env)
    named = subprocess.Popen([*command, "--url", server], cwd=bed.root, env=bed.env)
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and not (list(above.glob("dguard-*/*/data/drizzle_guard_*")) and ours(url)):
        time.sleep(0.1)
    for process in (private, named):
        process.send_signal(signal.SIGKILL)
        process.wait()
    pid = int(next(above.glob("dguard-*/*/pid")).read_text())
    assert ours(url)
    os.kill(pid, 0)
    write(bed.root, USERS, dialect="mysql")
    (bed.root / "drizzle" / "0001_slow.sql").unlink()
    assert bed.tool("rehearse").code == 0
    assert guard(bed, "rehearse", "--url", server).code == 0
    assert ours(url) == []
    assert list(above.glob("dguard-*/*")) == []
    assert has_ended(pid)
