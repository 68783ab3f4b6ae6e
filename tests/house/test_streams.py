"""What is printed when the other end is closed, full, gone, a terminal, or cannot show the letters."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from drizzle_guard.commands import progress
from support.cases import MERGE
from support.check_folders import sound
from support.gitbed import Bed, Done
from support.parts import EVERY

COMMANDS = (
    *("check", "check --format sarif", "status --url x.db", "status --json --url x.db", "repair --dry-run --url x.db"),
    *("graph", "explain", "explain DG001", "demo", "renumber --dry-run", "install", "--help", "--version", "check -h"),
)
FULL = "drizzle-guard: standard output cannot be written: No space left on device.\n"


@pytest.fixture
def place(tmp_path: Path) -> Bed:
    """A repository with a sound folder for SQLite, and a database without rows."""
    bed = Bed(tmp_path)
    journal = sound(bed) / "meta/_journal.json"
    journal.write_text(journal.read_text().replace('"postgresql"', '"sqlite"'))
    with sqlite3.connect(bed.root / "x.db") as database:
        database.execute("CREATE TABLE __drizzle_migrations (id SERIAL PRIMARY KEY, hash text, created_at numeric)")
    database.close()
    bed.commit()
    return bed


def shell(bed: Bed, command: str, redirected: str) -> Done:
    return bed.run("sh", "-c", f"drizzle-guard {command} {redirected}", check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_disk_behind_the_output_is_full(place: Bed, command: str) -> None:
    assert shell(place, command, ">/dev/full") == (2, "", FULL)
    assert shell(place, command, ">/dev/full 2>&1") == (2, "", "")


@pytest.mark.parametrize(
    ("command", "unbuffered"),
    [
        (command, each)
        for n, command in enumerate(COMMANDS)
        for each in (("", "1") if EVERY else ("1" if n % 3 else "",))
    ],
)
def test_reader_went_away(place: Bed, command: str, unbuffered: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    argv, env = ("drizzle-guard", *command.split()), {**place.env, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(argv, cwd=place.root, env=env, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("command", COMMANDS)
def test_closed_streams_change_nothing(place: Bed, command: str) -> None:
    if command == "install":
        place.call(command)  # from here on it finds it all there
    usual = shell(place, command, "")
    if EVERY or command in COMMANDS[:5]:  # reports of every form; each command has both closed below
        assert shell(place, command, ">&-") == (usual.code, "", usual.err)
        assert shell(place, command, "2>&-") == (usual.code, usual.out, "")
    assert shell(place, command, "<&- >&- 2>&-") == (usual.code, "", "")


@pytest.mark.parametrize(
    "command", ["nosuch", "check --nosuch", "explain DG999", "status --url gone.db", "hook nosuch"]
)
@pytest.mark.parametrize("redirected", ["2>/dev/full", "2>&-"])
def test_errors_keep_their_exit_code(place: Bed, command: str, redirected: str) -> None:
    usual = shell(place, command, "")
    assert usual.code == 2 and usual.err
    assert shell(place, command, redirected) == (2, "", "")


def test_hook_does_its_work_where_nobody_listens(place: Bed) -> None:
    place.git("checkout", "-q", "-b", "other")
    assert shell(place, "hook pre-commit", ">/dev/full 2>/dev/full") == (0, "", "")


# --- the progress bar


PATIENT = (
    "import sys; from drizzle_guard.commands import progress; from drizzle_guard.__main__ import main; "
    "progress.PATIENCE = float(sys.argv[1]); sys.exit(main(sys.argv[2:]))"
)


def patiently(bed: Bed, seconds: float, stderr: int, *command: str) -> subprocess.CompletedProcess[bytes]:
    """A command that shows a bar after so many seconds."""
    env, argv = {**bed.env, "TERM": "xterm"}, (sys.executable, "-c", PATIENT, str(seconds), *command)
    return subprocess.run(argv, cwd=bed.root, env=env, stdout=subprocess.PIPE, stderr=stderr, check=True)


def on_terminal(bed: Bed, seconds: float, *command: str) -> str:
    """What a command shows on standard error if that is a terminal."""
    master, slave = pty.openpty()
    assert patiently(bed, seconds, slave, *command).stdout
    os.close(slave)
    shown = b""
    try:
        while data := os.read(master, 4096):
            shown += data
    except OSError:  # the other end is closed
        pass
    os.close(master)
    return shown.decode()


@pytest.mark.parametrize(
    ("command", "words"),
    [("check", "checking"), ("rehearse", "rehearsing"), ("graph --all --onto main", "looking at branches")],
)
def test_bar_when_a_person_is_looking_and_it_takes_long(tmp_path: Path, command: str, words: str) -> None:
    bed = Bed(tmp_path)
    for side in ("base", "ours"):
        bed.put(MERGE / "sqlite-1v1" / side)
        bed.commit(side)
        bed.branch("feature")
    bed.git("branch", "-f", "main", "HEAD^")
    assert progress.PATIENCE == 1
    shown = on_terminal(bed, -1, *command.split())
    assert words in shown
    assert "100%" in shown or command.startswith("graph")  # its end is not known beforehand
    assert on_terminal(bed, 3600, *command.split()) == ""
    assert patiently(bed, -1, subprocess.PIPE, *command.split()).stderr == b""
