"""`drizzle-guard hook auto`: the stage is told from what git has done, in every way that a commit comes about."""

from __future__ import annotations

import sys

from support.gitbed import Bed

_ASK = """#!/bin/sh
%s -c '
from drizzle_guard.git.repository import Repository
from drizzle_guard.install.framework_stage import framework_stage
print(framework_stage(Repository())[0])' | sed 's/^/%s: /' >> "$(git rev-parse --git-common-dir)/told"
"""


def _told(bed: Bed) -> list[str]:
    file = bed.root / ".git/told"
    lines = file.read_text().splitlines() if file.exists() else []
    file.write_text("")
    return lines


def test_the_stage_is_told_right(bed: Bed) -> None:
    for hook in ("pre-commit", "pre-merge-commit", "post-commit"):
        bed.write(f".git/hooks/{hook}", _ASK % (sys.executable, hook)).chmod(0o755)
    both = ["pre-commit: pre-commit", "post-commit: post-commit"]
    bed.write("a", "1")
    bed.commit("first")
    assert _told(bed) == both
    bed.branch("side")
    bed.write("b", "1")
    bed.commit("side")
    bed.git("checkout", "-q", "main")
    bed.write("c", "1")
    bed.write("d", "1")
    bed.commit("main")
    _told(bed)

    bed.git("merge", "-q", "--no-edit", "side")
    assert _told(bed) == ["pre-merge-commit: pre-merge-commit"]
    bed.git("reset", "-q", "--hard", "HEAD^")
    bed.git("merge", "-q", "--no-edit", "--no-commit", "side")
    bed.git("commit", "-q", "--no-edit")
    assert _told(bed) == both
    bed.git("reset", "-q", "--hard", "HEAD^")
    # a merge that takes nothing of the other side: the index is as HEAD
    bed.git("merge", "-q", "--no-edit", "--no-commit", "-s", "ours", "side")
    bed.git("commit", "-q", "--no-edit")
    assert _told(bed) == both
    bed.git("reset", "-q", "--hard", "HEAD^")
    bed.git("cherry-pick", "side")
    assert _told(bed) == ["post-commit: post-commit"]
    bed.git("revert", "--no-edit", "HEAD")
    assert _told(bed) == ["post-commit: post-commit"]
    bed.write("c", "2")
    bed.git("commit", "-q", "-a", "-m", "all")
    assert _told(bed) == both
    bed.write("c", "3")
    bed.write("d", "3")
    bed.git("commit", "-q", "-m", "path", "c")
    assert _told(bed) == both


def test_the_framework_tells_the_others(bed: Bed) -> None:
    bed.write("a", "1")
    bed.commit("first")
    for env, said in (
        ({"PRE_COMMIT_IS_SQUASH_MERGE": "0"}, ("post-merge", ["0"])),
        ({"PRE_COMMIT_IS_SQUASH_MERGE": "1"}, ("post-merge", ["1"])),
        ({"PRE_COMMIT_REWRITE_COMMAND": "rebase"}, ("post-rewrite", ["rebase"])),
    ):
        code = (
            "from drizzle_guard.git.repository import Repository\n"
            "from drizzle_guard.install.framework_stage import framework_stage\n"
            "print(framework_stage(Repository()))"
        )
        assert bed.run(sys.executable, "-c", code, env=env).out.strip() == repr(said)
