"""`check` says which rules it could not apply, and what helps."""

from __future__ import annotations

import json
from pathlib import Path

from support.gitbed import Bed, add_migration


def test_without_a_mainline_and_without_git(bed: Bed, tmp_path: Path) -> None:
    folder = bed.root / "drizzle"
    add_migration(folder, "a")
    assert bed.call("check").err == ""  # nothing is committed, so nothing is published
    bed.commit("base")
    bed.git("branch", "-m", "trunk")
    bed.git("checkout", "-q", "-b", "feature")
    add_migration(folder, "b")
    bed.commit("own")
    said = bed.call("check")
    assert said.code == 0 and said.err == (
        "drizzle-guard: drizzle: DG031, DG032 and DG033 were not applied: "
        "no mainline is known here, so nothing counts as published.\n  drizzle-guard check --onto NAME\n"
    )
    assert json.loads(bed.call("check", "--format", "json").out)["folders"][0]["unasked"] == ["DG031", "DG032", "DG033"]
    said = bed.type("drizzle-guard check --onto trunk")
    assert said.err == "" and "1 not on trunk" in said.out
    add_migration(tmp_path / "loose", "a")
    said = bed.call("check", str(tmp_path / "loose"))
    assert said.code == 0 and said.err.endswith("were not applied: there is no git repository here.\n"), said.err


def test_in_a_shallow_clone(bed: Bed) -> None:
    add_migration(bed.root / "drizzle", "a")
    bed.commit("base")
    bed.git("checkout", "-q", "-b", "feature")
    add_migration(bed.root / "drizzle", "b")
    bed.commit("own")
    bed.git("checkout", "-q", "main")
    bed.git("commit", "-q", "--allow-empty", "-m", "later")
    clone = bed.at(bed.directory / "shallow")
    bed.git("clone", "-q", "--depth=1", "--no-single-branch", "-b", "feature", f"file://{bed.root}", str(clone.root))
    said = clone.type("drizzle-guard check")
    assert said.err == (
        "drizzle-guard: drizzle: DG032 was not applied: where the branch left the mainline is not in this shallow "
        "clone.\n  git fetch --unshallow\n"
    )
    assert clone.type("git fetch --unshallow", "drizzle-guard check").err.count("drizzle-guard:") == 0
