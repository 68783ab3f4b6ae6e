"""The lines for lefthook.yml go into whatever a team has there, and the file reads as before, with ours first."""

from __future__ import annotations

import pytest
import yaml

from drizzle_guard.install.lefthook import hooks_there, new_hooks, place, with_job, with_new_hooks

YML = "lefthook.yml"
#: a file that has the hook, and the keys below which our job goes
WRITTEN = {
    "jobs": ("pre-push:\n  jobs:\n    - run: 'true'\n", "pre-push: jobs:"),
    "jobs without an indent of their own": ("pre-push:\n  jobs:\n  - run: 'true'\n", "pre-push: jobs:"),
    "other options, wider": (
        "# x\npre-push: # y\n\n    parallel: true\n    jobs: # two\n        # 1\n        - run: a\n        - run: b\n",
        "pre-push: jobs:",
    ),
    "commands": ("'pre-push':\n  commands:\n    test:\n      run: npm test\n", "pre-push:"),
    "the last of several, without a newline": (
        "pre-commit:\n  jobs:\n    - run: a\npre-push:\n  jobs:\n    - run: b",
        "pre-push: jobs:",
    ),
    "the line ends of Windows": ("pre-push:\r\n  jobs:\r\n    - run: a\r\nmin_version: 2.0.0\r\n", "pre-push: jobs:"),
}
#: files in which no row can be told to be the place; the lines are shown all the same
NOT_UNDERSTOOD = [
    "pre-push: {jobs: [{run: a}]}\n",
    "pre-push:\n  jobs: [{run: a}]\n",
    "pre-push:\n",
    "pre-push:\n  jobs:\n",
]


@pytest.mark.parametrize("how", WRITTEN)
def test_a_job_in_a_hook_that_is_there(how: str) -> None:
    text, keys = WRITTEN[how]
    assert "pre-push" in hooks_there(YML, text)
    found = place(YML, text, "pre-push", protect=True)
    assert found.keys == keys
    new = with_job(text, "pre-push", found.lines, found.row)
    assert new is not None
    old_hook, hook = yaml.safe_load(text)["pre-push"], yaml.safe_load(new)["pre-push"]
    assert hook["jobs"][1:] == old_hook.get("jobs", [])
    assert "hook pre-push {1} {2} --stop-code=10 --protect" in hook["jobs"][0]["run"] and hook["jobs"][0]["use_stdin"]
    assert {**hook, "jobs": None} == {**old_hook, "jobs": None}
    assert all(line in new for line in text.splitlines(keepends=True))
    assert ("\r\n" in text) == ("\r\n" in new) and new.count("\r\n") in (0, new.count("\n"))


@pytest.mark.parametrize("text", NOT_UNDERSTOOD)
def test_a_file_that_is_written_otherwise_is_left(text: str) -> None:
    found = place(YML, text, "pre-push", protect=True)
    assert found.row == -1 and found.lines[0].startswith("    - run: sh -c ")
    assert with_job(text, "pre-push", found.lines, found.row) is None


@pytest.mark.parametrize("text", ["", "min_version: 2.0.0", "pre-push:\n  jobs:\n    - run: a\n"])
def test_new_hooks_at_the_end(text: str) -> None:
    lines = new_hooks(YML, ["pre-commit", "post-rewrite"], protect=True)
    new = with_new_hooks(text, lines)
    assert new is not None and new.startswith(text)
    assert set(yaml.safe_load(new)) == {*(yaml.safe_load(text) or ()), "pre-commit", "post-rewrite"}


@pytest.mark.parametrize("text", ["pre-commit:\n  jobs: []\n", "a: [\n", "- a\n"])
def test_no_key_comes_twice(text: str) -> None:
    assert with_new_hooks(text, new_hooks(YML, ["pre-commit"], protect=True)) is None
