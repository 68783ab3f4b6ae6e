"""`action.yml`: its steps run with bash, as GitHub runs them, in the clone that actions/checkout makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from support.forge_stand_in import StandIn, github_env, publish
from support.gitbed import Bed, Done
from support.protect_commits import CASE, colliding, edit_journal

ACTION = Path(__file__).parents[2] / "action.yml"


@pytest.fixture(scope="module")
def action() -> Any:
    return yaml.safe_load(ACTION.read_text())


def _checkout(bed: Bed, *, depth: int | None = None) -> Bed:
    """What GitHub tests: the merge of the pull request with its base, in a clone that knows no branch."""
    clone = bed.at(bed.directory / "runner")
    clone.root.mkdir()
    clone.git("init", "-q")
    clone.git("remote", "add", "origin", f"file://{bed.root}")
    shallow = () if depth is None else (f"--depth={depth}",)
    clone.git("fetch", "-q", "--no-tags", *shallow, "origin", "+refs/heads/pull:refs/remotes/pull/1/merge")
    clone.git("checkout", "-q", "--detach", "refs/remotes/pull/1/merge")
    return clone


def _step(action: Any, name: str) -> Any:
    (step,) = (step for step in action["runs"]["steps"] if step.get("name") == name)
    assert "${{" not in step["run"]  # inputs come as variables, never as text of the script
    return step


def _run(clone: Bed, action: Any, **inputs: str) -> tuple[Done, str]:
    step = _step(action, "Check migrations")
    summary = clone.directory / "summary.md"
    summary.write_text("")
    env = {
        "BASE": "main",
        "PATHS": ".",
        "STRICT": "false",
        "REHEARSE": "false",
        "GITHUB_STEP_SUMMARY": str(summary),
        **inputs,
    }
    assert set(step["env"]) <= set(env)
    script = clone.directory / "step.sh"
    script.write_text(step["run"])
    done = clone.run("bash", "--noprofile", "--norc", "-eo", "pipefail", str(script), check=False, env=env)
    return done, summary.read_text()


def _pull(bed: Bed) -> None:
    """The branch `pull`: what GitHub's merge button would make."""
    bed.git("checkout", "-q", "-B", "pull", "main")
    bed.git("merge", "-q", "--no-edit", "--no-ff", "feature")


def test_rehearse_shows_every_starting_point_in_the_summary(bed: Bed, action: Any) -> None:
    files = {
        "drizzle/meta/_journal.json": '{"version": "7", "dialect": "sqlite", "entries": [{"idx": 0, "version": "6", '
        '"when": 1000, "tag": "0000_users", "breakpoints": true}]}',
        "drizzle/0000_users.sql": "create table users(id integer);",
    }
    for path, text in files.items():
        bed.write(path, text)
    bed.commit("users")
    bed.git("switch", "-q", "-c", "feature")
    bed.write("drizzle/0000_users.sql", "create table users(id integer, id integer);")
    bed.commit("feature")
    _pull(bed)
    done, summary = _run(_checkout(bed), action, REHEARSE="true")
    assert done.code == 1
    assert "### drizzle-guard rehearse: failed" in summary
    assert "      ✗ an empty database: fails" in summary
    assert "::error file=drizzle/0000_users.sql,line=1,title=rehearse::from an empty database" in done.out
    assert "::error" not in summary


def test_is_a_composite_action_with_known_inputs(action: Any) -> None:
    assert action["runs"]["using"] == "composite"
    inputs = ["base", "fix", "paths", "python-version", "rehearse", "strict", "token", "version"]
    assert sorted(action["inputs"]) == inputs
    for step in action["runs"]["steps"]:
        assert "uses" in step or step["shell"] == "bash"


def test_a_sound_pull_request(bed: Bed, action: Any) -> None:
    colliding(bed)
    bed.arm()
    bed.git("merge", "-q", "--no-edit", "main")
    _pull(bed)
    done, summary = _run(_checkout(bed), action)
    assert done.code == 0, done.text
    assert "### drizzle-guard check: passed" in summary
    assert "### drizzle-guard protect: passed" in summary


def test_mend_calls_the_one_command_outside_of_the_checkout(bed: Bed, action: Any) -> None:
    step = _step(action, "Mend pull requests")
    assert step["if"] == "inputs.fix == 'true'"
    assert step["working-directory"] == "${{ runner.temp }}"
    colliding(bed)
    publish(bed, "main", "feature")
    stand_in = StandIn()
    stand_in.open(3, "feature")
    env = {name: str(value) for name, value in step["env"].items() if name.startswith("GIT_")}
    env |= github_env(bed, stand_in, "push", ref="refs/heads/main")
    runner = bed.at(bed.directory / "temp")
    runner.root.mkdir()
    script = bed.directory / "step.sh"
    script.write_text(step["run"])
    outcomes = []
    for paths, base in ((".\n", "elsewhere"), ("other\n", ""), ("drizzle\n", "main")):
        done = runner.run("bash", "--noprofile", "--norc", "-eo", "pipefail", str(script), env={
            **env, "PATHS": paths, "BASE": base,
        })  # fmt: skip
        outcomes.append(done.out.split("\n")[0])
    stand_in.close()
    assert outcomes == [
        "nothing to do: this push is to another branch than the base",
        "3 feature: nothing to do",
        "3 feature: mended",
    ]
    bed.git("fetch", "-q", "origin")
    assert bed.git("log", "-1", "--format=%an %cn", "origin/feature") == "github-actions[bot] github-actions[bot]"


def test_a_merge_queue_names_its_base_as_a_ref(bed: Bed, action: Any) -> None:
    assert "github.event.merge_group.base_ref" in _step(action, "Check migrations")["env"]["BASE"]
    colliding(bed)
    bed.git("branch", "release", "main")
    bed.git("checkout", "-q", "main")
    bed.git("reset", "-q", "--hard", "main~")
    _pull(bed)
    done, summary = _run(_checkout(bed), action, BASE="refs/heads/release")
    assert done.code == 1, done.text
    assert "### drizzle-guard check: failed" in summary


@pytest.mark.parametrize("depth", [None, 1])
def test_a_pull_request_that_edits_a_migration(bed: Bed, action: Any, depth: int | None) -> None:
    colliding(bed)
    bed.arm()
    bed.git("merge", "-q", "--no-edit", "main")
    bed.write("drizzle/0001_user_age.sql", "select 1;")
    bed.commit("edit")
    _pull(bed)
    done, summary = _run(_checkout(bed, depth=depth), action)
    assert done.code == 1
    assert "::error file=drizzle/0001_user_age.sql,title=drizzle-guard protect::" in done.out
    assert "the SQL is edited" in done.err
    assert "### drizzle-guard protect: failed" in summary
    assert "\n      drizzle/0001_user_age.sql: the SQL is edited" in summary


def test_a_folder_that_is_not_sound(bed: Bed, action: Any) -> None:
    bed.put(CASE / "base")
    bed.commit("base")
    bed.branch("feature")
    bed.put(CASE / "ours")
    edit_journal(bed, lambda e: e[2].update(idx=1))
    bed.commit("two with one number")
    _pull(bed)
    done, summary = _run(_checkout(bed), action, PATHS="drizzle\n")
    assert done.code == 1
    assert "::error file=drizzle/meta/_journal.json" in done.out
    assert "### drizzle-guard check: failed" in summary and "DG001" in summary
    assert "### drizzle-guard protect: passed" in summary


def test_strict_and_names_that_a_shell_would_run(bed: Bed, action: Any) -> None:
    bed.put(CASE / "ours", "a $(touch pwned) b")
    bed.commit("base")
    bed.branch("feature")
    bed.write("x", "x")
    bed.commit("feature")
    _pull(bed)
    clone = _checkout(bed)
    done, _ = _run(clone, action, PATHS="a $(touch pwned) b", STRICT="true")
    assert done.code == 0, done.text
    assert not (clone.root / "pwned").exists()
