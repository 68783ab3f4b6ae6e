"""Our hooks under the real pre-commit framework."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from support.cases import side_files
from support.framework import Framework
from support.gitbed import Bed, Done
from support.parts import FIXTURES, some
from support.protect_commits import (
    CASE,
    JOURNAL,
    OWN,
    PUBLISHED,
    allow,
    colliding,
    drop_last,
    edit_journal,
    feature,
    renumber_by_hand,
)

SQL = f"drizzle/{OWN}.sql"
SNAPSHOT = "drizzle/meta/0001_snapshot.json"


def _without_path(bed: Bed) -> None:
    """A teammate who has no drizzle-guard but through pre-commit: the framework's python alone is on the PATH."""
    tools = bed.directory / "tools"
    tools.mkdir(exist_ok=True)
    for name in ("git", "sh", "bash", "pre-commit"):
        found = shutil.which(name, path=bed.env["PATH"])
        assert found is not None
        if not (tools / name).exists():
            (tools / name).symlink_to(found)
    bed.env["PATH"] = f"{tools}:/usr/bin:/bin"


def _commit(bed: Bed, *args: str) -> Done:
    bed.git("add", "-A")
    return bed.try_git("commit", "-q", "-m", "x", *args)


BLOCKED: dict[str, tuple[Callable[[Bed], object], str]] = {
    "edit": (lambda b: b.write(SQL, "select 2;"), f"{SQL}: the SQL is edited"),
    "delete": (drop_last, "drizzle/0002_post_views.sql: it is deleted"),
    "rename": (lambda b: renumber_by_hand(b, PUBLISHED, "0009"), "it is renumbered to 0009_base"),
    "mode": (lambda b: (b.root / SQL).chmod(0o755), "the file mode of the SQL is changed"),
    "line ends": (lambda b: b.write(SQL, b.read(SQL).replace(b"\n", b"\r\n")), "only the line ends of the SQL"),
    "journal": (lambda b: edit_journal(b, lambda e: e[0].update(when=1)), "its journal entry is edited"),
    "snapshot": (lambda b: b.write(SNAPSHOT, b.read(SNAPSHOT).replace(b'"text"', b'"int"', 1)), "snapshot is edited"),
}


def test_each_block_and_each_pass(bed: Bed, framework: Framework) -> None:
    framework.configure(bed, "protect", install=True)
    bed.put(CASE / "base")
    first = _commit(bed)
    assert first.code == 0, first.text  # the first commit of a repository
    feature(bed)
    head = bed.git("rev-parse", "HEAD")
    for name, (change, sentence) in some(list(BLOCKED.items()), 3):  # test_protect.py has each without the framework
        change(bed)
        done = _commit(bed)
        assert done.code == 1 and sentence in done.text, (name, done.text)
        assert bed.git("rev-parse", "HEAD") == head, name
        bed.git("reset", "-q", "--hard")

    bed.write(SQL, "select 2;")
    for args in some([("-a",), ("-a", "--amend"), (SQL,)], 2):
        done = bed.try_git("commit", "-q", "-m", "x", *args)
        assert done.code == 1 and "the SQL is edited" in done.text, args
    bed.write("src/schema.ts", "beside it\n")
    done = bed.try_git("commit", "-q", "-m", "x", "src/schema.ts")
    assert done.code == 0, done.text
    assert bed.read(SQL) == b"select 2;"

    allow(bed, OWN, b"select 2;")
    assert _commit(bed).code == 0
    renumber_by_hand(bed, "0002_post_views", "0005")
    assert _commit(bed).code == 0


def test_v1(bed: Bed, framework: Framework) -> None:
    framework.configure(bed, "protect", install=True)
    bed.put(FIXTURES / "protect/v1")
    bed.commit("v1")
    bed.write("drizzle/20261123052424_base/migration.sql", "select 2;")
    done = _commit(bed)
    assert done.code == 1 and "20261123052424_base/migration.sql: the SQL is edited" in done.text


def test_a_teammate_who_only_ran_pre_commit_install(bed: Bed, framework: Framework) -> None:
    """The first commit registers the driver, with an executable that is there outside pre-commit; then merges end well.

    Nothing of drizzle-guard is on the PATH.
    """
    framework.configure(bed, "renumber", "protect", install=True)
    _without_path(bed)
    colliding(bed)
    driver = bed.git("config", "merge.drizzle-journal.driver")
    assert str(framework.executable) in driver
    assert "merge=drizzle-journal" in bed.read(".git/info/attributes").decode()
    assert not (bed.root / ".gitattributes").exists()

    done = bed.run("git", "merge", "--no-edit", "main")
    assert bed.files("HEAD") == side_files(CASE / "expected"), done.text
    assert "Passed" in done.text and "drizzle-guard: renumbered 2 migrations in drizzle\n" in done.text
    assert bed.git("rev-list", "--count", "--merges", "HEAD") == "1"
    assert bed.git("status", "--porcelain") == ""

    bed.git("reset", "-q", "--hard", "HEAD^")
    for command in (("merge", "-q", "--no-edit", "main"), ("rebase", "-q", "main")):
        bed.git("checkout", "-q", "-B", "again", "feature")
        bed.git(*command, env={"SKIP": "drizzle-guard-renumber"})
        assert bed.files("HEAD") == side_files(CASE / "expected")
        assert bed.git("status", "--porcelain") == ""
    bed.git("checkout", "-q", "main")
    bed.git("merge", "-q", "--no-edit", "feature")
    assert bed.files("HEAD") == side_files(CASE / "expected")

    bed.git("reset", "-q", "--hard", "HEAD^")
    bed.write("src/schema.ts", "main\n")
    bed.commit("schema")
    bed.git("checkout", "-q", "feature")
    assert bed.try_git("merge", "-q", "main").code == 1
    bed.write("src/schema.ts", "both\n")
    bed.git("add", "src")
    bed.git("commit", "-q", "--no-edit")
    assert bed.files("HEAD") == side_files(CASE / "expected")
    assert bed.git("status", "--porcelain") == ""

    # a command of ours is named as it can be typed here
    snapshot = bed.read("drizzle/meta/0004_snapshot.json")
    renumber_by_hand(bed, "0004_post_views", "0007")
    bed.git("mv", "-f", "drizzle/meta/0007_snapshot.json", "drizzle/meta/0004_snapshot.json", check=False)
    bed.write("drizzle/meta/0004_snapshot.json", snapshot)
    (bed.root / "drizzle/meta/0007_snapshot.json").unlink(missing_ok=True)
    done = _commit(bed)
    start = "  Instead, let everything follow the number: "
    assert done.code == 1 and f"{start}{framework.executable} renumber\n" in done.text, done.text
    bed.run("sh", "-c", done.text.split(start)[1].splitlines()[0])
    assert bed.git("status", "--porcelain") == ""


def test_rebase_then_push(bed: Bed, framework: Framework) -> None:
    framework.configure(bed, "renumber", "protect", install=True)
    colliding(bed)
    remote = bed.directory / "remote.git"
    bed.git("init", "-q", "--bare", str(remote))
    bed.git("remote", "add", "origin", str(remote))
    bed.git("push", "-q", "origin", "main", "feature")
    bed.git("rebase", "-q", "main")
    assert bed.files("HEAD") == side_files(CASE / "expected")
    bed.git("push", "-q", "--force", "origin", "feature")
    bed.write("drizzle/0001_user_age.sql", "select 2;")
    bed.commit("edit", "--no-verify")
    done = bed.try_git("push", "-q", "origin", "feature")
    assert done.code == 1
    assert "drizzle/0001_user_age.sql: the SQL is edited" in done.text
    assert "Changed in" in done.text
    refs = ("--from-ref", "origin/main", "--to-ref", "HEAD")
    done = bed.run("pre-commit", "run", "--hook-stage", "manual", "drizzle-guard-protect", *refs, check=False)
    assert done.code == 1 and "the SQL is edited" in done.text


def test_the_clone_is_armed_again_when_the_environment_is_gone(bed: Bed, framework: Framework) -> None:
    framework.configure(bed, "protect", install=True)
    _without_path(bed)
    feature(bed)
    driver = bed.git("config", "merge.drizzle-journal.driver")
    gone = driver.replace(str(framework.executable), "/gone/bin/drizzle-guard")
    bed.git("config", "merge.drizzle-journal.driver", gone)
    bed.write("x", "x")
    bed.commit("next")
    assert bed.git("config", "merge.drizzle-journal.driver") == driver
    bed.git("config", "--remove-section", "merge.drizzle-journal")
    bed.git("config", "drizzle-guard.arm", "false")
    bed.write("x", "y")
    bed.commit("not wanted")
    assert bed.try_git("config", "merge.drizzle-journal.driver").code == 1


def test_a_clone_that_cannot_be_armed_says_how(bed: Bed, framework: Framework) -> None:
    framework.configure(bed, "protect")
    feature(bed)
    bed.write(".git/config.lock", "")
    bed.write("x", "x")
    bed.git("add", "-A")
    done = bed.run("pre-commit", "run", "--verbose", "drizzle-guard-protect", check=False)
    assert done.code == 0
    assert "drizzle-guard: this clone has no merge driver for migrations: git config failed:" in done.text
    assert "  drizzle-guard install\n" in done.text


def test_the_manifest(bed: Bed, framework: Framework) -> None:
    manifest = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
    assert bed.run("pre-commit", "validate-manifest", str(manifest)).code == 0
    assert not manifest.stat().st_mode & stat.S_IXUSR
    framework.configure(bed, "check")
    bed.put(CASE / "ours")
    bed.git("add", "-A")
    assert bed.run("pre-commit", "run", "drizzle-guard-check").code == 0
    edit_journal(bed, lambda e: e[2].update(idx=1))
    bed.git("add", "-A")
    done = bed.run("pre-commit", "run", "drizzle-guard-check", check=False)
    assert done.code == 1 and "DG001" in done.text
    assert JOURNAL in done.text


def test_a_raised_rev_and_gc(bed: Bed, tmp_path: Path) -> None:
    """The hooks of the new revision register its driver; the old one's environment may then go.

    The package is built without what driver and hooks do not import, so that two environments are made in no time.
    """
    made = Framework(tmp_path / "framework", whole=False)
    made.configure(bed, "renumber", install=True)
    _without_path(bed)
    colliding(bed)
    old = bed.git("config", "drizzle-guard.program")
    assert Path(old) == made.executable
    source = bed.at(made.source)
    made.rev = source.commit("next")
    made.configure(bed, "renumber")
    bed.run("pre-commit", "install-hooks", env=made.for_pip())
    _without_path(bed)
    bed.commit("raised")
    new = bed.git("config", "drizzle-guard.program")
    assert new != old and new in bed.git("config", "merge.drizzle-journal.driver")
    shutil.rmtree(tmp_path / "framework/build")  # it still names the old revision
    bed.run("pre-commit", "gc")
    assert not Path(old).exists() and Path(new).exists()
    bed.run("git", "merge", "--no-edit", "main")
    assert bed.files("HEAD") == side_files(CASE / "expected")
