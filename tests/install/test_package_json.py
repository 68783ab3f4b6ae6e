"""simple-git-hooks, husky 4 and yorkie, which write `.git/hooks` from package.json: what is armed, and what is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from support.cases import side_files
from support.gitbed import Bed
from support.live.managers import managers
from support.protect_commits import CASE, colliding

EXPECTED = side_files(CASE / "expected")
#: a developer's machine: husky 4 and yorkie place no hooks where they see a CI
AT_HOME = {"CI": "", "CONTINUOUS_INTEGRATION": "", "BUILD_NUMBER": ""}


def _simple(bed: Bed) -> None:
    bed.run("node", "node_modules/simple-git-hooks/cli.js")


def _husky(bed: Bed) -> None:
    binaries = bed.root / "node_modules/.bin"
    if not binaries.exists():
        binaries.mkdir()
        (binaries / "husky-run").symlink_to("../husky/bin/run.js")
        (binaries / "husky-run").chmod(0o755)
    env = {**AT_HOME, "INIT_CWD": str(bed.root), "npm_config_user_agent": "npm/10.0.0 node/v20.0.0"}
    bed.run("node", "node_modules/husky/lib/installer/bin.js", "install", env=env)


def _yorkie(bed: Bed) -> None:
    bed.run("sh", "-c", "cd node_modules/yorkie && node bin/install.js", env=AT_HOME)


class Manager(NamedTuple):
    """`package` under `alias` in node_modules; `keys` lead to its hooks in package.json."""

    alias: str
    package: str
    keys: tuple[str, ...]
    write: Callable[[Bed], None]
    then: str = ""


MANAGERS = {
    "simple-git-hooks": Manager(
        "simple-git-hooks", "simple-git-hooks", ("simple-git-hooks",), _simple, "npx simple-git-hooks"
    ),
    "husky 4": Manager("husky-4", "husky", ("husky", "hooks"), _husky),
    "yorkie": Manager("yorkie", "yorkie", ("gitHooks",), _yorkie),
}


def package(manager: Manager, hooks: dict[str, str]) -> str:
    """A package.json with hooks of this manager's."""
    inside: dict[str, Any] = hooks
    for key in reversed(manager.keys):
        inside = {key: inside}
    return json.dumps({"private": True, **inside}, indent=2)


@pytest.mark.parametrize("name", MANAGERS)
def test_the_printed_members_make_merges_end_well(
    bed: Bed, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    manager = MANAGERS[name]
    modules = managers(tmp_path_factory)
    bed.write(".gitignore", "node_modules\n")
    for found in modules.iterdir():  # each finds the repository from where it lies
        if found.name == manager.alias:
            shutil.copytree(found, bed.root / "node_modules" / manager.package)
        elif not found.name.startswith((".", "husky")):
            (bed.root / "node_modules").mkdir(exist_ok=True)
            (bed.root / "node_modules" / found.name).symlink_to(found)
    bed.write("package.json", package(manager, {"pre-commit": "echo team"}))
    manager.write(bed)
    bed.commit("start")

    out = bed.call("install").out
    assert "hook .git/hooks" not in out, "the manager would overwrite or delete it"
    keys = ".".join(manager.keys)
    heading = f"package.json is yours; these take the place of what its `{keys}` has under these names:\n"
    shown = out.split(heading)[1].split("\n\n")[0].split("\nthen: ")
    assert shown[1:] == ([manager.then] if manager.then else [])
    hooks = json.loads(f"{{{shown[0]}}}")
    assert hooks["pre-commit"].endswith("; fi; echo team")
    done = bed.call("install", "--check")
    assert done.code == 1
    assert done.out.endswith(
        "not armed; run: drizzle-guard install\nthen add the lines that it shows to package.json\n"
    )

    bed.write("package.json", package(manager, hooks))
    manager.write(bed)
    done = bed.call("install", "--check")
    assert (done.code, done.out) == (0, "armed: merge driver, attributes and hooks are in place\n")
    colliding(bed)
    own = bed.git("rev-parse", "HEAD")
    for command in (("merge", "--no-edit", "main"), ("rebase", "main")):
        bed.git("reset", "-q", "--hard", own)
        done = bed.run("git", *command)
        assert bed.files("HEAD") == EXPECTED, done.text
    bed.write("drizzle/0000_base.sql", "select 1;")
    done = bed.try_git("commit", "-a", "-q", "-m", "edit")
    assert done.code == 1 and "the SQL is edited" in done.text and "\nteam\n" not in done.text
    bed.commit("edit", "--no-verify")
    bed.git("init", "-q", "--bare", str(bed.directory / "remote.git"))
    bed.git("push", "-q", "--no-verify", str(bed.directory / "remote.git"), "main", f"{own}:refs/heads/feature")
    bed.git("remote", "add", "origin", str(bed.directory / "remote.git"))
    done = bed.try_git("push", "-q", "-f", "origin", "feature")
    assert done.code == 1 and "drizzle/0000_base.sql: the SQL is edited" in done.text, done.text
