"""Killing `apply` and `repair` at any statement: the old state, the new one, or one that `status` names rightly."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from drizzle_guard.database.drivers.base import Database
from drizzle_guard.database.drivers.mysql import Mysql
from drizzle_guard.database.drivers.postgres import Postgres
from drizzle_guard.database.drivers.sqlite import Sqlite
from support.databases import KINDS, Place, digest, joined, table
from support.forked import forked

INIT = ("0000_init", 1000, table("users"))
MAIN = ("0001_main", 3000, joined(table("from_main"), "CREATE INDEX main_idx ON from_main (id);"))
BRANCH = ("0001_branch", 2000, table("from_branch"))
MOVED = ("0002_branch", 4000, BRANCH[2])
LATE = ("0001_late", 2000, joined(table("one"), table("two"), "CREATE INDEX one_idx ON one (id);"))
NEWEST = ("0002_newest", 3000, table("newest"))


def killed(place: Place, at: int, *arguments: str) -> int:
    """Run a command that dies before the `at`th thing that it asks of the database from `begin` on, or after a commit.

    Returns the exit code; minus the signal if it died.
    """
    count = 0

    def armed(method: Callable[..., object]) -> Callable[..., object]:
        def call(self: Database, *given: object) -> object:
            nonlocal count
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)
            done = method(self, *given)
            count += method.__name__ == "commit"
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        return call

    def run() -> int:
        for kind in (Mysql, Postgres, Sqlite):
            for name in ("begin", "run", "commit"):
                setattr(kind, name, armed(getattr(kind, name)))
        return place.guard(*arguments).code

    return forked(run)


def ready(place: Place, command: str) -> None:
    """Make the state on which a command works, in a database that may have been used."""
    if place.kind == "sqlite":
        for file in place.path.glob("local.db*"):
            file.unlink()
    elif place.kind == "postgresql":
        place.run("DROP SCHEMA IF EXISTS drizzle CASCADE", "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    else:
        tables = [name for (name,) in place.select("SHOW TABLES")]
        place.run(*(f"DROP TABLE {name}" for name in tables))
    for backup in place.path.glob("drizzle-guard-rows-*"):
        backup.unlink()
    if command == "apply":
        place.write(INIT, LATE, NEWEST)
        place.applied(INIT, NEWEST)
    else:
        place.write(INIT, MAIN, MOVED)
        place.applied(INIT, BRANCH)


def finish(place: Place, command: str) -> None:
    """Do what `status` says, and see that nothing is wrong after it; MySQL may have stopped half-way."""
    words = place.verdicts()
    tag = "0001_late" if command == "apply" else "0001_main"
    state = words[tag]
    if command == "apply":
        arguments = {
            "will be skipped: not newer than the newest row (3000)": ["apply", tag],
            "applied, not recorded: all that it creates is there": ["repair"],
        }.get(state, ["apply", tag, "--resume"])
        if state != "applied":
            if arguments[-1] == "--resume":
                assert place.kind == "mysql" and state.startswith("partly applied, no row ("), state
            assert place.guard(*arguments, "--yes").code == 0
    else:
        assert state in ("pending", "applied") or place.kind == "mysql", state
        if state.startswith("partly applied"):
            assert place.guard("apply", tag, "--resume", "--yes").code == 0
        elif state == "will be skipped: not newer than the newest row (4000)":
            pytest.fail("a pending migration fell below the watermark")
        assert place.guard("repair", "--yes").code == 0
    assert place.status("--require-applied")["in_step"]
    expected = {
        "apply": [(digest(INIT[2]), 1000), (digest(LATE[2]), 2000), (digest(NEWEST[2]), 3000)],
        "repair": [(digest(INIT[2]), 1000), (digest(MAIN[2]), 3000), (digest(MOVED[2]), 4000)],
    }
    assert place.rows() == expected[command]


@pytest.mark.parametrize("command", ["apply", "repair"])
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_every_statement(kind: str, command: str, tmp_path: Path) -> None:
    place = Place(tmp_path, kind)
    arguments = [command, *(["0001_late"] if command == "apply" else []), "--yes"]
    before = after = 0
    for at in range(1, 40):
        ready(place, command)
        old = place.rows()
        code = killed(place, at, *arguments)
        if code == 0:
            assert after, "no point after the commit was reached"
            assert before >= 3
            break
        assert code == -signal.SIGKILL
        new = place.rows()
        if kind != "mysql":
            assert len(new) in (len(old), len(old) + 1)
        before, after = before + (new == old), after + (new != old)
        finish(place, command)
    else:
        pytest.fail("the command never came to its end")


@pytest.mark.parametrize("command", ["apply", "repair"])
@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
def test_connection_ended_at_every_statement(
    kind: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pg_terminate_backend or KILL before each statement, and before the commit."""
    place = Place(tmp_path, kind)
    kind_of = Postgres if kind == "postgresql" else Mysql
    steps: list[int] = []
    target = 0

    def armed(method: Callable[..., object]) -> Callable[..., object]:
        def call(self: Database, *arguments: object) -> object:
            steps.append(1)
            if len(steps) == target:
                end(place, self)
            return method(self, *arguments)

        return call

    arguments = [command, *(["0001_late"] if command == "apply" else []), "--yes"]
    for target in range(1, 30):
        ready(place, command)
        with monkeypatch.context() as patch:
            for name in ("run", "commit"):
                patch.setattr(kind_of, name, armed(getattr(kind_of, name)))
            steps.clear()
            result = place.guard(*arguments)
        if result.code == 0:
            assert target > 3
            break
        assert result.code == 1 and "Traceback" not in result.text
        assert result.err.startswith("drizzle-guard: ")
        finish(place, command)
    else:
        pytest.fail("the command never came to its end")


def end(place: Place, database: Database) -> None:
    """Let another session end this connection."""
    own = "SELECT pg_backend_pid()" if place.kind == "postgresql" else "SELECT CONNECTION_ID()"
    ((number,),) = database._query(own)  # type: ignore[attr-defined]
    if place.kind == "postgresql":
        place.run(f"SELECT pg_terminate_backend({number})")
    else:
        place.run(f"KILL CONNECTION {number}")


def test_the_killer_does_kill(tmp_path: Path) -> None:
    place = Place(tmp_path, "sqlite")
    ready(place, "apply")
    assert killed(place, 2, "apply", "0001_late", "--yes") == -signal.SIGKILL
    assert killed(place, 99, "apply", "0001_late", "--yes") == 0
