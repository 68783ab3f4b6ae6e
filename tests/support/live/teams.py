"""Teams with each kind of hooks: how the first one adopts drizzle-guard, and what a teammate does in a fresh clone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drizzle_guard.install.armed import ALL_HOOKS
from support.framework import Framework
from support.gitbed import Bed, Done
from support.live.managers import managers

IN_PLACE = "armed: merge driver, attributes and hooks are in place\n"


class Team:
    """How the first one adopts drizzle-guard, and what a teammate does in a fresh clone."""

    def __init__(self, modules: Path | None, framework: Framework | None) -> None:
        self.modules, self.framework = modules, framework

    def adopt(self, bed: Bed) -> Done:
        return bed.call("install")

    def join(self, bed: Bed) -> None:
        assert bed.call("install").code == 0

    def hooks(self, bed: Bed) -> list[Path]:
        """The files that have the path of a program in them."""
        return [bed.root / ".git/hooks" / hook for hook in ALL_HOOKS]


class SharedHooks(Team):
    """`core.hooksPath` names a directory of the repository."""

    def adopt(self, bed: Bed) -> Done:
        bed.git("config", "core.hooksPath", ".githooks")
        return bed.call("install")

    def join(self, bed: Bed) -> None:
        bed.git("config", "core.hooksPath", ".githooks")
        assert "add hook" not in bed.call("install").out

    def hooks(self, bed: Bed) -> list[Path]:
        return []


class FromNpm(Team):
    """Hooks by a manager that npm's `prepare` places; the printed script then arms each clone."""

    prepare = ""

    def adopt(self, bed: Bed) -> Done:
        bed.write(".gitignore", "node_modules\n")
        bed.write("package.json", json.dumps({"private": True, "scripts": {"prepare": self.prepare}}))
        self._npm(bed)
        done = bed.call("install", "--yes")
        line = done.out.split("package.json takes this script:\n")[1].splitlines()[0].strip()
        assert line == f'"prepare": "{self.prepare} && (drizzle-guard install || exit 0)"'
        bed.write("package.json", json.dumps({"private": True, "scripts": json.loads(f"{{{line}}}")}))
        self._npm(bed)
        return done

    def join(self, bed: Bed) -> None:
        self._npm(bed)

    def _npm(self, bed: Bed) -> None:
        assert self.modules is not None
        (bed.root / "node_modules").mkdir(exist_ok=True)
        for found in (*self.modules.glob("husky"), *self.modules.glob("lefthook*"), self.modules / ".bin"):
            if not (bed.root / "node_modules" / found.name).exists():
                (bed.root / "node_modules" / found.name).symlink_to(found)
        bed.run("npm", "run", "prepare")

    def hooks(self, bed: Bed) -> list[Path]:
        return []


class Husky(FromNpm):
    prepare = "husky"


class Lefthook(FromNpm):
    prepare = "lefthook install"

    def adopt(self, bed: Bed) -> Done:
        bed.write("lefthook.yml", "pre-commit:\n  jobs:\n    - run: echo team\n")
        return super().adopt(bed)


class PreCommit(Team):
    """README's own block, with an environment built from this working tree."""

    def adopt(self, bed: Bed) -> Done:
        assert self.framework is not None
        self.framework.configure(bed, "renumber", "protect", "check", "rehearse", install=True)
        return bed.call("install")

    def join(self, bed: Bed) -> None:
        bed.run("pre-commit", "install")
        bed.write("x", "the first commit arms the clone")
        bed.git("add", "x")
        done = bed.run("git", "commit", "-q", "-m", "x")
        assert "armed this clone: git now merges Drizzle journals with drizzle-guard." in done.text

    def hooks(self, bed: Bed) -> list[Path]:
        return []


TEAMS = {
    "none": Team,
    "hooks in the repository": SharedHooks,
    "husky": Husky,
    "lefthook": Lefthook,
    "pre-commit": PreCommit,
}


def team_of(kind: str, request: pytest.FixtureRequest) -> Team:
    """One of TEAMS, with the real manager that it needs."""
    is_from_npm = issubclass(TEAMS[kind], FromNpm)
    modules = managers(request.getfixturevalue("tmp_path_factory")) if is_from_npm else None
    framework = request.getfixturevalue("framework") if kind == "pre-commit" else None
    return TEAMS[kind](modules, framework)
