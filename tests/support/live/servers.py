"""Temporary real servers for the live tests: PostgreSQL and MariaDB (or a MySQL that you name).

`postgres_url`, `mariadb_url` and `mysql_url` start one server for the process at the first call, and return the url
of a new, empty database at every call. The servers end with the process; their files are removed.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from support.live.bench import Bench, MigrateError, missing

MYSQL_VARIABLE = "DRIZZLE_GUARD_MYSQL_URL"
SECRET = "bench"
PATIENCE = 60
AT_ONCE = 8


def postgres_url() -> str:
    """Url of a new database in a temporary PostgreSQL. Skips (fails under CI) without its programs."""
    return _databases("postgresql").new()


def mariadb_url() -> str:
    """Url of a new database in a temporary MariaDB. Skips (fails under CI) without its programs."""
    return _databases("mariadb").new()


def mysql_url() -> str:
    """Url of a new database in the MySQL server that the environment names; else in MariaDB."""
    return _databases("mysql").new() if os.environ.get(MYSQL_VARIABLE) else mariadb_url()


class Owner(NamedTuple):
    """Ids for a server process; None where it keeps ours."""

    user: int | None
    group: int | None


class Databases:
    """Hands out new databases of one server, and makes them some at a time because each node start costs."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._spare: list[str] = []
        self._made = 0

    def new(self) -> str:
        """Url of a database that nobody has used."""
        if not self._spare:
            prefix = f"bench_{os.getpid()}_{self._made}"
            names = [f"{prefix}_{number}" for number in range(AT_ONCE)]
            Bench.require().execute(self._server, *(f"CREATE DATABASE {name}" for name in names))
            self._made += 1
            self._spare = [urlunsplit(urlsplit(self._server)._replace(path=f"/{name}")) for name in names]
        return self._spare.pop(0)

    def server_url(self) -> str:
        """Url with which databases are made."""
        return self._server


@functools.cache
def _databases(kind: str) -> Databases:
    if kind == "mysql":
        return Databases(os.environ[MYSQL_VARIABLE])
    start = _postgresql if kind == "postgresql" else _mariadb
    ended = contextlib.ExitStack()
    url = ended.enter_context(start())
    atexit.register(ended.close)
    return Databases(url)


@contextlib.contextmanager
def _postgresql() -> Iterator[str]:
    """A PostgreSQL server on a free port; yields the url of its own database."""
    initdb = _program("initdb", "/usr/lib/postgresql/*/bin", "PostgreSQL's initdb")
    server = _program("postgres", "/usr/lib/postgresql/*/bin", "PostgreSQL's postgres")
    with _directory("postgres") as (directory, owner):
        secret = directory / "secret"
        secret.write_text(SECRET, "utf-8")
        data = directory / "data"
        command = [initdb, "-D", str(data), "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]
        command += ["--auth=scram-sha-256", f"--pwfile={secret}"]
        _set_up(command, directory, owner)

        def arguments(port: int) -> list[str | Path]:
            command: list[str | Path] = [server, "-D", data, "-p", str(port), "-k", directory]
            for setting in ("listen_addresses=127.0.0.1", "fsync=off", "full_page_writes=off"):
                command += ["-c", setting]
            return command

        def url(port: int) -> str:
            return f"postgres://postgres:{SECRET}@127.0.0.1:{port}/postgres"

        with _served(arguments, url, directory, owner) as ready:
            yield ready


@contextlib.contextmanager
def _mariadb() -> Iterator[str]:
    """A MariaDB server on a free port; yields the url of its database ``test``."""
    install = _program("mariadb-install-db", "/usr/bin", "MariaDB's mariadb-install-db")
    server = _program("mariadbd", "/usr/sbin", "MariaDB's mariadbd")
    with _directory("mysql") as (directory, owner):
        data = directory / "data"
        command = [install, "--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal"]
        command += ["--skip-test-db", "--innodb-flush-method=nosync"]
        _set_up(command, directory, owner)
        rights = directory / "rights.sql"
        rights.write_text(
            "CREATE DATABASE test;\n"
            f"CREATE USER bench@'%' IDENTIFIED BY '{SECRET}';\n"
            "GRANT ALL ON *.* TO bench@'%' WITH GRANT OPTION;\n",
            "utf-8",
        )

        def arguments(port: int) -> list[str | Path]:
            return [
                server,
                "--no-defaults",
                f"--datadir={data}",
                f"--socket={directory / 'socket'}",
                f"--pid-file={directory / 'pid'}",
                f"--init-file={rights}",
                f"--port={port}",
                "--bind-address=127.0.0.1",
                "--skip-name-resolve",
                "--innodb-flush-method=nosync",
                "--innodb-flush-log-at-trx-commit=0",
                "--character-set-server=utf8mb4",
            ]

        def url(port: int) -> str:
            return f"mysql://bench:{SECRET}@127.0.0.1:{port}/test"

        with _served(arguments, url, directory, owner) as ready:
            yield ready


def _set_up(command: list[str], directory: Path, owner: Owner) -> None:
    """Run a server's setup program."""
    env = _environment(directory)
    subprocess.run(command, check=True, capture_output=True, cwd=directory, env=env, user=owner.user, group=owner.group)


def _environment(directory: Path) -> dict[str, str]:
    """Temporary files of its own for a server: MariaDB, when it starts, deletes every `#sql-temptable` beside them."""
    return {**os.environ, "TMPDIR": str(directory)}


def _program(name: str, pattern: str, part: str) -> str:
    """Path of a server program, from PATH or a Debian directory; skips or fails when there is none."""
    found = shutil.which(name)
    if found:
        return found
    candidates = sorted(Path("/").glob(f"{pattern.lstrip('/')}/{name}"))
    if not candidates:
        missing(part)
    return str(candidates[-1])


@contextlib.contextmanager
def _directory(account: str) -> Iterator[tuple[Path, Owner]]:
    """A short temporary directory, and who must run the server: for root the user `account`."""
    with tempfile.TemporaryDirectory(prefix="db-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        if os.geteuid() != 0:
            yield directory, Owner(None, None)
            return
        import pwd  # late: Windows has none

        try:
            entry = pwd.getpwnam(account)
        except KeyError:
            missing(f"the account {account} (root may not run the server)")
        os.chown(directory, entry.pw_uid, entry.pw_gid)
        yield directory, Owner(entry.pw_uid, entry.pw_gid)


@contextlib.contextmanager
def _served(
    arguments: Callable[[int], list[str | Path]], url: Callable[[int], str], directory: Path, owner: Owner
) -> Iterator[str]:
    """Start a server program, wait until it answers, yield its url, and stop it."""
    with (directory / "log").open("wb") as log, socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = int(holder.getsockname()[1])
        holder.close()
        command = arguments(port)
        env = _environment(directory)
        process = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=directory, env=env, user=owner.user, group=owner.group
        )
        try:
            _await(process, url(port), directory / "log", port)
            yield url(port)
        finally:
            for connection_closing in (signal.SIGTERM, signal.SIGINT):  # PostgreSQL waits for clients at the first
                process.send_signal(connection_closing)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(process: subprocess.Popen[bytes], url: str, log: Path, port: int) -> None:
    """Return once the server answers a query; raise with its log when it ends or takes too long."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, MigrateError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            Bench.require().execute(url, "SELECT 1")
            return
        time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} does not answer:\n{log.read_text('utf-8', 'replace')[-3000:]}")
