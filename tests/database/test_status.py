"""`status`: what it says in odd places, its gates and formats, URLs, and that it never tells a password."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from drizzle_guard.database.report import StatusReport
from drizzle_guard.database.urls import parse_url
from drizzle_guard.errors import UsageError
from support.databases import KINDS, Place, joined, squeezed, table

INIT = ("0000_init", 1000, table("users"))
MORE = ("0001_more", 2000, table("more"))


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    return Place(tmp_path, request.param)


@pytest.fixture
def sqlite(tmp_path: Path) -> Place:
    return Place(tmp_path, "sqlite")


@pytest.fixture
def postgres(tmp_path: Path) -> Place:
    return Place(tmp_path, "postgresql")


def test_a_fresh_database(place: Place) -> None:
    place.write(INIT)
    place.run()
    report = place.status()
    assert report["fresh"] and report["in_step"]
    name = "drizzle.__drizzle_migrations" if place.kind == "postgresql" else "__drizzle_migrations"
    assert report["notes"] == [f"No table {name} yet: a fresh database, on which everything runs."]
    assert place.content(runs=1) == ["users"]


def test_pending_is_not_wrong_unless_it_must_be_applied(place: Place) -> None:
    place.write(INIT, MORE)
    place.applied(INIT)
    assert place.guard("status").code == 0
    assert place.guard("status").out.endswith("In step; 1 pending.\n")
    gate = place.guard("status", "--require-applied")
    assert gate.code == 1
    assert gate.out.endswith("- 0001_more: pending\n    npx drizzle-kit migrate\n")
    annotation = place.guard("status", "--require-applied", "--format", "github")
    assert (annotation.code, annotation.out) == (
        1,
        "::error file=drizzle/0001_more.sql,title=drizzle-guard status::0001_more: pending (npx drizzle-kit migrate)\n",
    )
    assert place.guard("status", "--format", "github").out == "::notice title=drizzle-guard status::drizzle: in step\n"


def test_the_json_has_the_documented_form(sqlite: Place) -> None:
    sqlite.write(INIT)
    sqlite.applied(INIT)
    result = sqlite.guard("status", "--json")
    report = StatusReport.model_validate_json(result.out)
    assert report.migrations[0].verdict == "applied"
    assert report.migrations[0].has_row and report.migrations[0].row is None  # SQLite's ids are NULL
    assert json.loads(result.out).keys() == StatusReport.model_json_schema()["properties"].keys()


def test_line_ends_are_told_from_edits(sqlite: Place) -> None:
    sqlite.write(INIT)
    sqlite.applied((INIT[0], INIT[1], INIT[2] + "\r\n"))
    assert sqlite.verdicts() == {"0000_init": "applied; the file differs only in line ends, BOM or final newline"}
    assert sqlite.guard("status").code == 0


def test_null_created_at_makes_everything_run_again(postgres: Place) -> None:
    postgres.write(INIT)
    postgres.deploy([INIT])
    postgres.run("INSERT INTO drizzle.__drizzle_migrations (hash) VALUES ('by hand')")
    assert "already exists" in postgres.deploy([INIT])[0]
    report = postgres.status()
    assert report["migrations"][0]["words"] == "applied; WOULD RUN AGAIN"
    assert report["next"]["fails"] == '0000_init: table "users" already exists'
    assert report["rows_without_file"][0]["words"] == (
        "no file: dropped, squashed, or of another project that shares this table; its created_at is NULL"
    )
    assert report["notes"] == [
        "The row with created_at NULL sorts first, so it counts as time 0 and everything runs again."
    ]


def test_expo_rows_without_hashes(sqlite: Place) -> None:
    sqlite.write(INIT, MORE)
    sqlite.applied(INIT)
    sqlite.run("UPDATE __drizzle_migrations SET hash = ''")
    assert sqlite.verdicts() == {
        "0000_init": "applied (the row has no hash (expo, durable-sqlite))",
        "0001_more": "pending",
    }
    assert sqlite.guard("apply", "0001_more", "--yes").code == 0
    assert sqlite.rows() == [("", 1000), ("", 2000)]


def test_another_table_and_schema(postgres: Place) -> None:
    postgres.deploy([INIT], table="history", schema="public")
    report = postgres.status("--table", "history", "--schema", "public")
    assert (report["table"], report["in_step"], report["fresh"]) == ("public.history", True, False)
    (postgres.path / "drizzle-guard.toml").write_text('[database]\ntable = "history"\n', "utf-8")
    (postgres.path / ".git").mkdir()
    assert "A table of that name is in schema public: pass --schema if it is the one." in postgres.status()["notes"]
    with (postgres.path / "drizzle-guard.toml").open("a", encoding="utf-8") as file:
        file.write('schema = "public"\n')
    assert not postgres.status()["fresh"]


def test_several_journals_on_one_table(place: Place) -> None:
    """The second project's older migration is skipped because the first one's row is newer."""
    place.write(INIT, MORE, folder="apps/one/drizzle")
    place.write(("0000_two", 1500, table("two")), folder="apps/two/drizzle")
    (place.path / ".git").mkdir()
    place.applied(INIT, MORE)
    several = place.guard("status")
    assert several.code == 2
    assert several.err == (
        "drizzle-guard: there are several migration folders; say which: --folder FOLDER\n"
        "  apps/one/drizzle\n  apps/two/drizzle\n"
    )
    report = place.status("--folder", "apps/two/drizzle")
    assert report["migrations"][0]["words"] == "will be skipped: not newer than the newest row (2000)"
    assert [row["words"] for row in report["rows_without_file"]] == [
        "belongs to apps/one/drizzle 0001_more, which shares this table",
        "belongs to apps/one/drizzle 0000_init, which shares this table",
    ]
    assert not any(row["wrong"] for row in report["rows_without_file"])
    assert place.status("apps/one/drizzle")["in_step"]
    assert place.guard("status", folder="apps/one").code == 0  # the only one below


def test_a_missing_file_stops_the_migrator(place: Place) -> None:
    place.write(INIT, MORE)
    (place.folder / "0001_more.sql").unlink()
    place.applied(INIT)
    assert place.status()["next"]["fails"] == (
        "drizzle/0001_more.sql is missing: No file … found, and nothing at all runs"
    )


def test_index_concurrently_cannot_run(postgres: Place) -> None:
    slow = ("0001_slow", 2000, "CREATE INDEX CONCURRENTLY users_idx ON users (id);")
    assert "cannot run inside a transaction block" in postgres.deploy([INIT], [INIT, slow])[1]
    words = "0001_slow: INDEX CONCURRENTLY cannot run inside a transaction block"
    assert postgres.status()["next"]["fails"] == words
    refused = postgres.guard("apply", "0001_slow", "--yes")
    assert (refused.code, refused.err.splitlines()[0]) == (1, f"drizzle-guard: {words}. Nothing was run.")
    postgres.run(slow[2])  # by hand
    assert postgres.guard("repair", "--yes", "--only", "adopt").code == 0
    assert postgres.content() == ["users"]


def test_not_a_table_of_drizzle(sqlite: Place) -> None:
    sqlite.write(INIT)
    sqlite.run("CREATE TABLE __drizzle_migrations (x int)")
    result = sqlite.guard("status")
    assert result.code == 2
    assert "__drizzle_migrations is no table of Drizzle: it lacks id, hash or created_at." in result.err


def test_hostile_rows_reach_no_terminal(place: Place) -> None:
    place.write(INIT)
    place.applied(INIT)
    name = "drizzle.__drizzle_migrations" if place.kind == "postgresql" else "__drizzle_migrations"
    place.run(f"INSERT INTO {name} (hash, created_at) VALUES ('\x1b[2J\u202eevil', 5)")
    out = place.guard("status").out
    assert "\x1b" not in out and "\u202e" not in out


def test_created_at_of_any_kind_in_sqlite(sqlite: Place) -> None:
    sqlite.write(INIT)
    sqlite.applied()
    sqlite.run("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('x', 'soon'), ('y', 1e300), ('z', 2.5)")
    assert sqlite.verdicts() == {"0000_init": "will be skipped: not newer than the newest row (nan)"}


# ---------------------------------------------------------------- Drizzle v1


def v1(place: Place, **sql: str) -> None:
    for name, text in sql.items():
        (place.folder / name.removeprefix("_")).mkdir(parents=True)
        (place.folder / name.removeprefix("_") / "migration.sql").write_text(text, "utf-8")


def test_v1_goes_by_names(place: Place) -> None:
    v1(place, _20240101000000_init=table("users"), _20240102000000_late=table("late"))
    place.run()
    assert place.status()["layout"] == "v1"
    assert place.guard("apply", "20240102000000_late", "--yes").code == 0
    report = place.status()
    assert [m["words"] for m in report["migrations"]] == ["pending", "applied"]  # out of order is no matter
    assert report["next"]["runs"] == ["20240101000000_init"]
    assert place.guard("apply", "20240101000000_init", "--yes").code == 0
    assert place.status("--require-applied")["in_step"]


def test_v1_on_a_table_of_0x(sqlite: Place) -> None:
    v1(sqlite, _20240101000000_init=table("users"))
    sqlite.applied(("0000_init", 1704067200500, table("users")))
    report = sqlite.status()
    assert report["notes"] == ["The table is one of Drizzle 0.x; Drizzle v1 upgrades it on its first run."]
    assert report["in_step"]
    for command in (("apply", "20240101000000_init"), ("repair",)):
        refused = sqlite.guard(*command, "--yes")
        assert refused.code == 1
        assert "The table is one of Drizzle 0.x; let Drizzle v1 upgrade it first." in refused.err
    sqlite.run("INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('gone', 5)")
    assert "do not match any local migration" in sqlite.status()["next"]["fails"]


def test_a_journal_on_a_table_of_v1(sqlite: Place) -> None:
    sqlite.write(INIT)
    sqlite.applied(INIT)
    sqlite.run("ALTER TABLE __drizzle_migrations ADD COLUMN name text")
    assert sqlite.status()["notes"] == [
        "The table was upgraded by Drizzle v1, but the folder still has a journal (drizzle-kit up)."
    ]


# ---------------------------------------------------------------- URLs and connections


@pytest.mark.parametrize(
    ("url", "kind", "arguments"),
    [
        (
            "postgres://u:p%40ss@h:5433/db",
            "postgresql",
            {"host": "h", "port": 5433, "user": "u", "password": "p@ss", "dbname": "db"},
        ),
        ("postgresql:///db?host=/tmp/s&pgbouncer=true&schema=x", "postgresql", {"host": "/tmp/s", "dbname": "db"}),
        ("postgresql://%2FTmp%2Fs/db", "postgresql", {"host": "/Tmp/s", "dbname": "db"}),
        ("postgresql://h/db?sslmode=no-verify", "postgresql", {"host": "h", "dbname": "db", "sslmode": "require"}),
        ("postgres://h/db?ssl=true", "postgresql", {"host": "h", "dbname": "db", "sslmode": "require"}),
        ("mysql://u:p@h/db", "mysql", {"host": "h", "port": 3306, "user": "u", "password": "p", "database": "db"}),
        (
            'mysql://h/db?ssl={"rejectUnauthorized":false}',
            "mysql",
            {"host": "h", "port": 3306, "database": "db", "ssl": {"verify_cert": False, "check_hostname": False}},
        ),
        (
            "mysql://h/db?socketPath=/tmp/s",
            "mysql",
            {"host": "h", "port": 3306, "database": "db", "unix_socket": "/tmp/s"},
        ),
        ("libsql://x.turso.io?authToken=t", "sqlite", {"url": "https://x.turso.io", "token": "t"}),
        ("http://127.0.0.1:8080", "sqlite", {"url": "http://127.0.0.1:8080", "token": ""}),
        ("file:./local.db", "sqlite", {"path": "./local.db"}),
        ("file:local.db", "sqlite", {"path": "local.db"}),
        ("file:///abs/local.db?mode=ro", "sqlite", {"path": "/abs/local.db"}),
        ("sqlite:local.db", "sqlite", {"path": "local.db"}),
        ("sqlite://local.db", "sqlite", {"path": "local.db"}),
        ("sqlite:///abs/my%20db", "sqlite", {"path": "/abs/my db"}),
        ("./local.db", "sqlite", {"path": "./local.db"}),
        ("data/app.sqlite", "sqlite", {"path": "data/app.sqlite"}),
    ],
)
def test_urls_as_drizzle_users_write_them(url: str, kind: str, arguments: dict[str, object]) -> None:
    target = parse_url(url)
    assert (target.kind, target.arguments) == (kind, arguments)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "the database URL is empty"),
        ("libsql://u:hush@x.turso.io", "the database URL cannot be read"),
        ("oracle://u:hush@h/db", "does not know databases of the kind oracle:"),
        ("postgres://u:hush@h:port/db", "the database URL cannot be read"),
        ("postgres://u:p@hush/w#rd@h/db", "write / ? and # in the password as %2F, %3F and %23"),
        ("mysql://u:p@hush#w@h/db", "write / ? and # in the password as %2F, %3F and %23"),
        ("mysql://u:p@x?hush@h/db", "write / ? and # in the password as %2F, %3F and %23"),
        (":memory:", "in memory is nobody else's to see"),
        ("file:.", "can only be opened by PGlite itself"),
    ],
)
def test_urls_that_cannot_be_used(url: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_url(url)
    assert words in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_no_password_in_any_output(scheme: str, tmp_path: Path) -> None:
    place = Place(tmp_path, scheme)
    place.write(INIT)
    host = place.url.rpartition("@")[2]
    for url in (
        f"{scheme}://nobody:s3cr%26t@{host}",
        f"{scheme}://nobody:s3cr%26t@127.0.0.1:1/db",
        f"{scheme}://nobody:s3cr%26t@[broken/db",
        f"{scheme}://nobody:12/s3cr@{host}",
        f"{scheme}://nobody:s3cr%26t@{host}?password=s3cr%26t&options=s3cr%26t",
    ):
        result = place.guard("status", url=url)
        assert result.code == 2, result
        assert "s3cr" not in result.text
    good = place.guard("status")
    assert good.code == 0
    assert "bench@" not in good.text and ":bench" not in good.text


def test_a_drivers_message_is_scrubbed() -> None:
    target = parse_url("postgres://u:s3cr%26t@h/db?sslkey=hush")
    assert target.scrub("no: s3cr&t, s3cr%26t,\n hush \x1b[2J") == "no: ***, ***, *** \\x1b[2J"


def test_no_url_at_all(sqlite: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sqlite.write(INIT)
    assert sqlite.guard("status", url="").code == 2
    sqlite.applied(INIT)
    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    monkeypatch.chdir(sqlite.path)
    from drizzle_guard.cli import main

    assert main(["status"]) == 0
    monkeypatch.delenv("DATABASE_URL")
    assert main(["status"]) == 2


def test_a_file_that_is_not_there_or_no_database(sqlite: Place) -> None:
    sqlite.write(INIT)
    result = sqlite.guard("status")
    assert result.code == 2
    assert "there is no such file; Drizzle would make a new database there" in result.err
    assert not Path(sqlite.url).exists()
    Path(sqlite.url).write_text("not a database at all, only text\n" * 50, "utf-8")
    assert "file is not a database" in sqlite.guard("status").err


def test_another_dialect(sqlite: Place) -> None:
    sqlite.write(INIT, dialect="postgresql")
    sqlite.run()
    result = sqlite.guard("status")
    assert result.code == 2
    assert "drizzle holds migrations for postgresql, but sqlite:" in result.err


def test_a_missing_driver_is_named(sqlite: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    sqlite.write(INIT, dialect="mysql")
    monkeypatch.setitem(sys.modules, "pymysql", None)
    monkeypatch.delitem(sys.modules, "drizzle_guard.database.drivers.mysql", raising=False)
    result = sqlite.guard("status", url="mysql://u:hush@h/db")
    assert result.code == 2
    assert "  pip install 'drizzle-guard[mysql]'\n" in result.err
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # it is there
    done = sqlite.type(result.err, "pip install 'drizzle-guard[mysql]'")
    assert done.code == 0 and "pymysql" in done.out.lower(), done


def test_a_server_that_never_answers(sqlite: Place) -> None:
    sqlite.write(INIT, dialect="postgresql")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        url = f"postgres://u:hush@127.0.0.1:{silent.getsockname()[1]}/db"
        result = sqlite.guard("status", "--timeout", "0.5", url=url)
        assert time.monotonic() - began < 5
    assert result.code == 2
    assert "gave no answer within 0.5 s." in result.err
    assert "hush" not in result.err


def test_ten_thousand_rows(tmp_path: Path) -> None:
    place = Place(tmp_path, "postgresql")
    place.write(INIT)
    place.applied(INIT)
    place.run(
        "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) "
        "SELECT md5(n::text), n FROM generate_series(1, 10000) n"
    )
    report = place.status()
    assert len(report["rows_without_file"]) == 10000
    assert squeezed(report["migrations"][0]["words"]) == "applied"


def test_a_hash_that_is_no_text(postgres: Place) -> None:
    postgres.write(INIT)
    postgres.run(
        "CREATE SCHEMA drizzle",
        "CREATE TABLE drizzle.__drizzle_migrations (id serial, hash bytea, created_at bigint)",
        "INSERT INTO drizzle.__drizzle_migrations (hash, created_at) VALUES ('\\x1b41', 5)",
    )
    report = postgres.status()
    assert [row["hash"] for row in report["rows_without_file"]] == ["\\x1bA"]


@pytest.mark.parametrize(
    ("made", "instead"),
    [
        ("CREATE TABLE t (id integer PRIMARY KEY AUTOINCREMENT)", "CREATE TABLE t (id integer PRIMARY KEY)"),
        ("CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2))", "CREATE TABLE t (a int, b int)"),
        ("CREATE TABLE t (a int UNIQUE)", "CREATE TABLE t (a int)"),
        ("CREATE TABLE t (a int DEFAULT 5)", "CREATE TABLE t (a int DEFAULT 6)"),
    ],
)
def test_a_table_that_somebody_made_anew_otherwise(sqlite: Place, made: str, instead: str) -> None:
    sqlite.write(("0000_t", 1000, made))
    sqlite.applied(("0000_t", 1000, made))
    assert sqlite.status()["in_step"]
    sqlite.run("DROP TABLE t", instead)
    assert sqlite.verdicts()["0000_t"].startswith("recorded, but")


def test_a_column_made_again_as_it_was_proves_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path, "sqlite")
    made = ("0000_t", 1000, "CREATE TABLE t (id int, a int);")
    again = ("0001_again", 2000, joined("ALTER TABLE t DROP COLUMN a", "ALTER TABLE t ADD COLUMN a int"))
    place.write(made, again)
    place.applied(made)
    assert place.verdicts()["0001_again"] == "pending"
    assert "Nothing to repair." in place.guard("repair", "--yes").out
