"""`drizzle-guard demo`: what it shows, that it is hermetic, and that it leaves nothing behind."""

from __future__ import annotations

import os
import pty
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drizzle_guard.demo.migrator import migrate, tables
from support.gitbed import GITCONFIG, Bed
from support.live.bench import Bench, Project

SHOWN = """\
Two branches, one Drizzle journal

Both branches started at 0000_init and ran `drizzle-kit generate`:
  feature  0001_comments        when 1715677961204
  feature  0002_comment_stars   when 1715681520877
  main     0001_user_age        when 1715761502330  merged and deployed first

1. Plain git
------------
$ git merge main
CONFLICT in drizzle/meta/0001_snapshot.json
CONFLICT in drizzle/meta/_journal.json
  |     {
  |       "idx": 1,
  |       "version": "6",
  | <<<<<<< HEAD
  |       "when": 1715677961204,
  |       "tag": "0001_comments",
  |       "breakpoints": true
  |     },
  |     {
  |       "idx": 2,
  |       "version": "6",
  |       "when": 1715681520877,
  |       "tag": "0002_comment_stars",
  | =======
  |       "when": 1715761502330,
  |       "tag": "0001_user_age",
  | >>>>>>> main
  |       "breakpoints": true
The usual way out: give your own files and entries the next free numbers, mend prevId, commit.

A database that stands at main's state, migrated by drizzle-orm's rule:
  skipped  0002_comments        when 1715677961204 is before 1715761502330, the newest row
  skipped  0003_comment_stars   when 1715681520877 is before 1715761502330, the newest row
  tables:  users(id, email, age)
Skipped without an error, and every later deploy skips them too.

$ drizzle-guard rehearse
drizzle: 4 migrations on SQLite VERSION in memory, as libsql runs them
  ✓ an empty database: 4 migrations ran
  ✓ a database at the merge base's state (COMMIT): 3 migrations ran
  ✗ a database at main's state: nothing to run
      never runs there, and nothing says so: 0002_comments, 0003_comment_stars
      (its `when` is not above what that database recorded; see: drizzle-guard check)
      ends in another schema than an empty database:
        table "comments": a new database has it, this one has not
  ✗ drizzle/meta/0003_snapshot.json is not what the migrations make:
      column "age" of table "users": the database has it, the snapshot has not
  Do not deploy this: see above.

2. The same merge with drizzle-guard
------------------------------------
$ drizzle-guard install && git add .gitattributes && git commit -m drizzle-guard
$ git merge main
One merge commit and a clean worktree. main is as it was; your own migrations go behind it:
  0001_comments      -> 0002_comments       when 1715677961204 -> 1715761503330
  0002_comment_stars -> 0003_comment_stars  when 1715681520877 -> 1715761504330

A database that stands at main's state, migrated by drizzle-orm's rule:
  ran      0002_comments
  ran      0003_comment_stars
  tables:  comments(id, body, stars), users(id, email, age)
Nothing was skipped.

$ drizzle-guard rehearse
drizzle: 4 migrations on SQLite VERSION in memory, as libsql runs them
  ✓ an empty database: 4 migrations ran
  ✓ a database at the merge base's state (COMMIT): 3 migrations ran
  ✓ a database at main's state: 2 migrations ran
  ✓ the same as drizzle/meta/0003_snapshot.json
  Rehearsed: all 3 starting points end in the same schema.
"""


def plain(out: str) -> str:
    """What was shown, without what differs from run to run."""
    out = out.replace(f"SQLite {sqlite3.sqlite_version} ", "SQLite VERSION ")
    return re.sub(r"state \([0-9a-f]{8}\)", "state (COMMIT)", out)


@pytest.fixture
def temporary(bed: Bed, tmp_path: Path) -> Path:
    """A directory for temporary files that is the demo's alone."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    bed.env["TMPDIR"] = str(directory)
    return directory


def test_shows_the_main_job_and_leaves_nothing(bed: Bed, temporary: Path) -> None:
    before = os.times()
    done = bed.tool("demo")
    after = os.times()
    assert (done.code, plain(done.out), done.err) == (0, SHOWN, "")
    # its own time, not that of whatever else the machine does
    assert after.children_user + after.children_system - before.children_user - before.children_system < 10
    assert list(temporary.iterdir()) == []


def test_the_users_settings_do_not_matter_and_stay(bed: Bed, temporary: Path) -> None:
    bed.write("file", "text")
    bed.commit()
    home = bed.directory / "home"
    state = bed.state()
    settings = home / ".gitconfig"
    settings.write_text(
        "[user]\n\tuseConfigOnly = true\n[core]\n\thooksPath = /nowhere\n\tautocrlf = true\n[init]\n"
        "\tdefaultBranch = trunk\n[commit]\n\tgpgSign = true\n[merge]\n\tconflictStyle = diff3\n\tff = only\n"
    )
    before = settings.read_bytes(), sorted(home.iterdir())
    env = {"GIT_DIR": str(bed.root / ".git"), "GIT_INDEX_FILE": "nothing", "GIT_CONFIG_GLOBAL": str(settings)}
    done = bed.tool("demo", env=env)
    assert (done.code, plain(done.out), done.err) == (0, SHOWN, "")
    assert (settings.read_bytes(), sorted(home.iterdir())) == before
    settings.write_text(GITCONFIG)
    assert bed.state() == state


def test_keep_leaves_a_working_repository(bed: Bed, temporary: Path) -> None:
    done = bed.tool("demo", "--keep")
    (kept,) = temporary.iterdir()
    assert (
        plain(done.out)
        == f"{SHOWN}\nKept: {kept}\n  repo/ (branches main, by-hand, feature), by-hand.sqlite, feature.sqlite\n"
    )
    repo = bed.at(kept / "repo")
    assert repo.git("status", "--porcelain") == ""
    assert repo.git("for-each-ref", "--format=%(refname:short)") == "by-hand\nfeature\nmain"
    assert repo.tool("install", "--check").code == 0
    assert repo.tool("renumber").out == "drizzle: nothing to do (the merge is as it should be)\n"
    for branch in ("by-hand", "feature"):
        repo.git("checkout", "-q", branch)
        assert Bench.require().check(Project(repo.root, "sqlite")).fine
    assert Bench.require().generate_says_no_changes(Project(repo.root, "sqlite"))
    with sqlite3.connect(kept / "feature.sqlite") as database:
        assert tables(database) == ["comments(id, body, stars)", "users(id, email, age)"]


def test_without_an_installed_script(bed: Bed, temporary: Path, tmp_path: Path) -> None:
    """From a source tree there is nothing on the PATH that git could call but what the demo puts there."""
    source = Path(__file__).parents[2]
    code = (
        "import sys; from drizzle_guard.install import shell_lines as c, steps as arming; "
        "from drizzle_guard.demo import scene\n"
        "c.executable = arming.executable = scene.executable = lambda: None\n"
        "from drizzle_guard.cli import main; sys.exit(main(['demo']))"
    )
    env = {"PYTHONPATH": str(source), "PATH": os.pathsep.join(p for p in os.defpath.split(os.pathsep) if p)}
    done = bed.run(sys.executable, "-c", code, check=False, env=env)
    assert (done.code, plain(done.out), done.err) == (0, SHOWN, "")


def test_without_git(bed: Bed, temporary: Path) -> None:
    done = bed.run(sys.executable, "-m", "drizzle_guard", "demo", check=False, env={"PATH": str(temporary)})
    assert done == (2, "", "drizzle-guard: git is not on the PATH.\n")
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("seconds", [0.15, 0.4, 0.7])
def test_cleans_up_when_interrupted(bed: Bed, temporary: Path, seconds: float) -> None:
    started = subprocess.Popen(
        ("drizzle-guard", "demo"), cwd=bed.root, env=bed.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not list(temporary.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(seconds)
    os.killpg(started.pid, signal.SIGINT)
    out, err = started.communicate(timeout=20)
    assert b"Traceback" not in out + err
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("no_color", ["", "1"])
def test_colour_only_on_a_terminal(bed: Bed, temporary: Path, no_color: str) -> None:
    master, slave = pty.openpty()
    env = {**bed.env, "NO_COLOR": no_color, "TERM": "xterm"}
    with subprocess.Popen(("drizzle-guard", "demo"), cwd=bed.root, env=env, stdout=slave, stdin=slave) as started:
        os.close(slave)
        text = b""
        while True:
            try:
                read = os.read(master, 4096)
            except OSError:  # the other end is closed
                break
            if not read:
                break
            text += read
    os.close(master)
    assert started.returncode == 0
    assert (b"\x1b[" in text) == (not no_color)
    if no_color:
        assert plain(text.replace(b"\r\n", b"\n").decode()) == SHOWN


def test_the_migrators_rule() -> None:
    def folder(*whens: int) -> dict[str, bytes]:
        entries = ",".join(f'{{"idx":{n},"when":{when},"tag":"000{n}_x"}}' for n, when in enumerate(whens))
        files = {f"000{n}_x.sql": b"CREATE TABLE t%d (a);--> statement-breakpoint\nSELECT 1" % n for n in range(9)}
        return {**files, "meta/_journal.json": b'{"entries":[%s]}' % entries.encode()}

    database = sqlite3.connect(":memory:")
    assert migrate(database, folder(10, 30)) == ["0000_x", "0001_x"]
    assert migrate(database, folder(10, 30, 20, 30)) == []  # older, and equal
    assert migrate(database, folder(10, 30, 20, 40, 35)) == ["0003_x", "0004_x"]  # the newest row is read once
    assert tables(database) == ["t0(a)", "t1(a)", "t3(a)", "t4(a)"]
    database.close()
