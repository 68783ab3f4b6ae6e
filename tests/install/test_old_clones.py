"""Clones that an older version armed: the same files, settings and notes still work, and can be taken away.

`fixtures/clones/VERSION` holds what that version wrote; `/TOOL` stands for the executable.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from drizzle_guard.git.handoff import read_note
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides
from drizzle_guard.renumber.rebase_cache import remembered
from support.gitbed import BACKENDS, SCRIPTS, Bed, add_migration, machinery, migrations
from support.parts import PROJECT

OLD = PROJECT / "fixtures/clones/0.1.0"
KEYS = {
    "merge.drizzle-journal.name": "drizzle-guard: Drizzle migrations",
    "merge.drizzle-journal.driver": (OLD / "driver.txt").read_text().rstrip("\n"),
    "merge.drizzle-journal.recursive": "binary",
}


@pytest.fixture
def old(tmp_path: Path) -> Bed:
    """A clone as 0.1.0 left it, on `feature`, which collides with `main` in one migration."""
    bed = Bed(tmp_path)
    tool = str(SCRIPTS / "drizzle-guard")
    for key, value in KEYS.items():
        bed.git("config", key, value.replace("/TOOL", tool))
    for hook in (OLD / "hooks").iterdir():
        file = bed.write(f".git/hooks/{hook.name}", hook.read_text().replace("/TOOL", tool))
        file.chmod(0o755)
    bed.write(".git/info/attributes", (OLD / "attributes").read_bytes())
    bed.write(".gitattributes", (OLD / "attributes").read_bytes())
    add_migration(bed.root / "drizzle", "base")
    bed.commit()
    bed.branch("feature")
    for name in ("own", "second"):
        add_migration(bed.root / "drizzle", name)
        bed.commit(name)
    bed.branch("main", "main")
    add_migration(bed.root / "drizzle", "other")
    bed.commit()
    bed.git("checkout", "-q", "feature")
    return bed


def test_a_merge(old: Bed) -> None:
    old.git("merge", "-q", "--no-edit", "main")
    assert migrations(old.files("HEAD")) == ["base", "other", "own", "second"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_upgrade_in_the_middle_of_a_rebase(old: Bed, backend: str) -> None:
    """What is registered is replaced while git waits; the other half of the rebase goes on."""
    for branch, name in (("feature", "app.ts"), ("main", "app.ts")):
        old.git("checkout", "-q", branch)
        old.write(name, f"{branch}\n")
        old.commit(f"{branch} app")
    old.git("checkout", "-q", "feature")
    add_migration(old.root / "drizzle", "third")
    old.commit("third")
    assert old.try_git("rebase", backend, "main").code == 1
    assert old.call("install").code == 0
    old.write("app.ts", "both\n")
    old.git("add", "app.ts")
    old.git("-c", "core.editor=true", "rebase", "--continue")
    assert migrations(old.files("HEAD")) == ["base", "other", "own", "second", "third"]
    assert old.git("status", "--porcelain", "-uno") == ""


def test_the_note_of_a_pick(old: Bed) -> None:
    """0.1.0's note for `post-commit`: it is read, and taken away with the next commit."""
    ours, theirs, base = (old.git("rev-parse", name) for name in ("main", "feature~1", "feature~2"))
    old.git("checkout", "-q", "main")
    old.git("-c", "core.hooksPath=nowhere", "commit", "-q", "--allow-empty", "-m", "picked")
    old.write(".git/drizzle-guard-pick", f"cherry-pick {ours} {theirs} {base}\n")
    with Repository(str(old.root)) as repository:
        note = read_note(repository)
    assert note is not None and note.sides == Sides("cherry-pick", ours, theirs, (base,))
    old.git("commit", "-q", "--allow-empty", "-m", "next")
    assert not (old.root / ".git/drizzle-guard-pick").exists()


def test_the_note_of_a_rebase(old: Bed) -> None:
    """0.1.0's short cut in the rebase directory."""
    listed = [line.split("\t") for line in old.git("ls-tree", "-r", "HEAD", "drizzle/").splitlines()]
    files = [f"{head.split()[0]} {head.split()[2]} {path.removeprefix('drizzle/')}" for head, path in listed]
    commit = old.git("rev-parse", "HEAD")
    note = "\0".join(["drizzle-guard canonical folders 1", f"commit {commit} {len(files)} drizzle", *files])
    old.write(".git/rebase-merge/drizzle-guard", note)
    with Repository(str(old.root)) as repository:
        found = remembered(repository, "drizzle")
    assert [entry.suffix for entry in found[commit].entries] == ["base", "own", "second"]


def test_uninstall_takes_all_of_it_away(old: Bed) -> None:
    old.git("checkout", "-q", "main")
    assert old.call("uninstall").code == 0
    left = {Path(path).name: data for path, data in machinery(old).items() if b"drizzle" in data}
    assert left == {}


def test_install_replaces_it_and_uninstall_then_takes_all_away(old: Bed) -> None:
    assert old.call("install", "--check").code == 1
    assert old.call("install").code == 0
    assert old.call("install", "--check").code == 0
    assert old.call("uninstall").code == 0
    assert not [path for path, data in machinery(old).items() if b"drizzle" in data]


def test_the_lines_that_0_1_0_gave_to_husky(old: Bed) -> None:
    old.git("config", "core.hooksPath", ".husky/_")
    for hook in (OLD / "husky").iterdir():
        stub = old.write(f".husky/_/{hook.name}", f'#!/bin/sh\nexec sh -e "$(dirname "$0")/../{hook.name}" "$@"\n')
        stub.chmod(0o755)
        old.write(f".husky/{hook.name}", hook.read_bytes())
    old.git("merge", "-q", "--no-edit", "main")
    assert migrations(old.files("HEAD")) == ["base", "other", "own", "second"]
    old.call("uninstall")
    assert not [path for path in (old.root / ".husky").iterdir() if path.is_file()]
