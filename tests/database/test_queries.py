"""How many queries `status` sends, as the databases themselves count them: the rows come by one, however many."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.databases import Entry, Place, table

COUNTS = (1, 40)


def deployed(directory: Path, kind: str, count: int) -> Place:
    """A place where so many migrations ran."""
    place = Place(directory / str(count), kind)
    entries: list[Entry] = [(f"{n:04}_t", 1000 + n, table(f"t{n}")) for n in range(count)]
    place.write(*entries)
    place.applied(*entries)
    return place


def test_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect
    sent: list[str] = []

    def traced(*args: Any, **more: Any) -> sqlite3.Connection:
        connection = connect(*args, **more)
        connection.set_trace_callback(sent.append)
        return connection

    numbers = []
    for count in COUNTS:
        place = deployed(tmp_path, "sqlite", count)
        with monkeypatch.context() as patch:
            patch.setattr(sqlite3, "connect", traced)
            sent.clear()
            assert place.status()["in_step"]
        assert len([sql for sql in sent if 'from "__drizzle_migrations"' in sql]) == 1
        numbers.append(len([sql for sql in sent if not sql.startswith("--")]))  # those are SQLite's own, one a table
    assert numbers == [8, 8], sent


def test_postgresql(tmp_path: Path) -> None:
    scans = (
        "select coalesce(seq_scan, 0) + coalesce(idx_scan, 0) from pg_stat_user_tables "
        "where relname = '__drizzle_migrations'"
    )
    for count in COUNTS:
        place = deployed(tmp_path, "postgresql", count)
        ((before,),) = place.select(scans)
        assert place.status()["in_step"]
        assert place.select(scans) == [(int(str(before)) + 1,)]


def test_mysql(tmp_path: Path) -> None:
    places = [deployed(tmp_path, "mysql", count) for count in COUNTS]
    log = places[0]
    if "mariadb" not in str(log.select("select version()")).lower():
        pytest.skip("only in the MariaDB that the tests start")
    numbers = []
    for place in places:
        name = place.url.rpartition("/")[2]
        log.run("SET GLOBAL log_output = 'TABLE'", "TRUNCATE mysql.general_log", "SET GLOBAL general_log = ON")
        try:
            assert place.status()["in_step"]
        finally:
            log.run("SET GLOBAL general_log = OFF")
        connected = f"command_type = 'Connect' and argument like '%{name} %' order by event_time limit 1"
        found = log.select(
            "select convert(argument using utf8mb4) from mysql.general_log where command_type = 'Query' "
            f"and thread_id = (select thread_id from mysql.general_log where {connected})"
        )
        assert len([sql for (sql,) in found if "from `__drizzle_migrations`" in str(sql)]) == 1, found
        numbers.append(len(found))
    assert numbers[0] == numbers[1], numbers
