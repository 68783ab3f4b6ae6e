"""The commands that `install`, its hooks and `protect` print, typed as they are printed."""

from __future__ import annotations

import pytest

from support.gitbed import Bed, add_migration
from support.live.bench import Bench, write_schema

ARMED = "armed: merge driver, attributes and hooks are in place\n"


def type_it(bed: Bed, *commands: str) -> None:
    """Type commands, each of which has to work."""
    for command in commands:
        bed.run("sh", "-c", command)


def test_hooks_of_the_whole_machine(bed: Bed) -> None:
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    shared = bed.directory / "shared"
    shared.mkdir()
    bed.git("config", "--global", "core.hooksPath", str(shared))
    assert bed.call("install").code == 0
    assert bed.call("install", "--check").code == 1
    type_it(bed, "git config --local core.hooksPath .git/hooks", "drizzle-guard install")
    assert bed.call("install", "--check").out == ARMED and not list(shared.iterdir())
    bed.git("config", "--local", "--unset", "core.hooksPath")
    type_it(bed, "drizzle-guard install --global-hooks")
    assert bed.call("install", "--check", "--global-hooks").out == ARMED


def test_the_first_folder_comes_later(bed: Bed) -> None:
    bed.commit("start")
    assert bed.call("install").out.count("\n  drizzle-guard install\n") == 1
    add_migration(bed.root / "drizzle", "base")
    type_it(bed, "drizzle-guard install")
    assert b"/drizzle/*.sql text eol=lf\n" in bed.read(".gitattributes")


def test_the_program_of_shared_hooks(bed: Bed) -> None:
    """It is not there, or does not start, where a graphical client looks."""
    add_migration(bed.root / "drizzle", "base")
    bed.git("config", "core.hooksPath", ".githooks")
    assert bed.call("install").code == 0
    bed.commit("armed")
    broken = bed.write("../broken", "#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    for program, said in (
        ("/nowhere/drizzle-guard", "a hook does not find drizzle-guard there"),
        (str(broken), "is broken"),
    ):
        bed.git("config", "drizzle-guard.program", program)
        done = bed.call("install", "--check", "-v")
        assert done.code == 1 and said in done.out and "drizzle-guard install\n" in done.out, done.out
        type_it(bed, "drizzle-guard install")
        assert bed.call("install", "--check", "-v").code == 0


def test_a_hook_arms_its_clone(bed: Bed) -> None:
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    lock = bed.write(".git/config.lock", "")
    called = {"GIT_INDEX_FILE": ".git/index"}
    said = bed.call("hook", "pre-commit", env=called).err
    assert "this clone has no merge driver for migrations: " in said and said.endswith("\n  drizzle-guard install\n")
    lock.unlink()
    type_it(bed, "drizzle-guard install")
    assert bed.call("install", "--check").out == ARMED
    assert bed.call("uninstall").code == 0
    said = bed.call("hook", "pre-commit", env=called).err
    assert said.endswith("This takes that back:\n  git config drizzle-guard.arm false\n  drizzle-guard uninstall\n")
    type_it(bed, "git config drizzle-guard.arm false", "drizzle-guard uninstall")
    assert bed.call("hook", "pre-commit", env=called).text == ""
    assert bed.git("config", "--get-regexp", "^merge[.]", check=False) == ""


def test_what_drizzle_kit_is_to_make_instead(bed: Bed, bench: Bench) -> None:
    project = bench.project(bed.root, "sqlite")
    write_schema(project, {"farms": {"id": "pk"}})
    bench.link_node_modules(project)
    tag = bench.generate(project, "base")
    bed.commit("base")
    bed.branch("feature")
    assert bed.call("install").code == 0
    bed.git("add", "-A")
    bed.commit("armed")
    for path in (f"drizzle/{tag}.sql", "drizzle/meta/0000_snapshot.json"):
        (bed.root / path).write_text(bed.read(path).decode().replace("farms", "barns"))
        done = bed.try_git("commit", "-a", "-m", "edit")
        assert done.code == 1 and "Instead, " in done.err, done.text
        bed.git("checkout", "HEAD", "--", "drizzle")
    (bed.root / f"drizzle/{tag}.sql").unlink()
    assert bed.try_git("commit", "-a", "-m", "delete").code == 1
    bed.git("checkout", "HEAD", "--", "drizzle")
    write_schema(project, {"farms": {"id": "pk", "name": "text"}})
    type_it(bed, "npx drizzle-kit generate")
    bed.commit("what the schema asks for")
    type_it(bed, "npx drizzle-kit generate --custom")
    bed.write(f"drizzle/{project.tags()[-1]}.sql", "UPDATE `farms` SET `name` = 'Hilltop';\n")
    bed.commit("what is written by hand")
    assert len(project.tags()) == 3 and bed.call("check").code == 0


def test_a_server_to_rehearse_on(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none; here it is, so that the command finds nothing to fetch."""
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    monkeypatch.setattr("drizzle_guard.rehearse.servers._postgres_programs", lambda: None)
    done = bed.call("rehearse")
    assert done.code == 2 and "\n  pip install 'drizzle-guard[rehearse]'\n" in done.err, done.text
    type_it(bed, "PIP_NO_INDEX=1\nexport PIP_NO_INDEX\npip install 'drizzle-guard[rehearse]'")
