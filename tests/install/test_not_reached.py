"""A line of ours in a real manager's file that is not reached: switched off, left out, or taken away by the merge.

The merge and the rebase end canonical all the same, or git stops with the command that finishes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pytest

from drizzle_guard.install.armed import ALL_HOOKS
from support.cases import side_files
from support.gitbed import Bed
from support.live.teams import team_of
from support.parts import EVERY
from support.protect_commits import CASE

EXPECTED = side_files(CASE / "expected")


def of_each_hook(directory: str, change: Callable[[str], str]) -> Callable[[Bed], object]:
    """Change the text of every hook of a directory."""

    def do(bed: Bed) -> None:
        for hook in ALL_HOOKS:
            bed.write(f"{directory}/{hook}", change(bed.read(f"{directory}/{hook}").decode())).chmod(0o755)

    return do


def gone(directory: str) -> Callable[[Bed], object]:
    """Take the hooks away."""

    def do(bed: Bed) -> None:
        for hook in ALL_HOOKS:
            (bed.root / directory / hook).unlink()

    return do


def commented(text: str) -> str:
    first, _, rest = text.partition("\n")
    return f"{first}\n" + "".join(f"# {line}\n" for line in rest.splitlines())


def ended_before(text: str) -> str:
    first, _, rest = text.partition("\n")
    return f"{first}\n[ -t 1 ] || exit 0\n{rest}"


def in_file(name: str, change: Callable[[str], str]) -> Callable[[Bed], object]:
    return lambda bed: bed.write(name, change(bed.read(name).decode()))


def skipped(text: str) -> str:
    """`skip: true` in each hook of lefthook.yml."""
    return re.sub(r"^([a-z-]+):\n", r"\1:\n  skip: true\n", text, flags=re.M)


RENUMBER = "- id: drizzle-guard-renumber"
WAYS: Mapping[str, Mapping[str, Callable[[Bed], object]]] = {
    "hooks in the repository": {
        "an exit before it": of_each_hook(".githooks", ended_before),
        "commented out": of_each_hook(".githooks", commented),
        "gone": gone(".githooks"),
    },
    "husky": {
        "an exit before it": of_each_hook(".husky", ended_before),
        "commented out": of_each_hook(".husky", commented),
        "gone": gone(".husky"),
        "init.sh": lambda bed: bed.write("../home/.config/husky/init.sh", "export HUSKY=0\n"),
    },
    "lefthook": {
        "skip: true": in_file("lefthook.yml", skipped),
        "skip: true in the local file": lambda bed: bed.write(
            "lefthook-local.yml", "".join(f"{hook}:\n  skip: true\n" for hook in ALL_HOOKS)
        ),
        "commented out": in_file("lefthook.yml", commented),
        "gone": in_file("lefthook.yml", lambda _: "min_version: 1.0.0\n"),
    },
    "pre-commit": {
        "another stage": in_file(
            ".pre-commit-config.yaml",
            lambda text: text.replace("- id: drizzle-guard-renumber", f"- {{{RENUMBER[2:]}, stages: [manual]}}"),
        ),
        "gone": in_file(".pre-commit-config.yaml", lambda text: text.replace(f"  {RENUMBER}\n", "")),
        "only some files": in_file(
            ".pre-commit-config.yaml",
            lambda text: text.replace(RENUMBER, f"- {{{RENUMBER[2:]}, always_run: false, files: '^nowhere$'}}"),
        ),
    },
}


@pytest.mark.parametrize("kind", WAYS)
def test_a_line_of_ours_that_is_not_reached(bed: Bed, kind: str, request: pytest.FixtureRequest) -> None:
    bed.put(CASE / "base")
    assert team_of(kind, request).adopt(bed).code == 0
    bed.commit("base")
    bed.branch("feature")
    bed.put(CASE / "ours")
    own = bed.commit("own", "--no-verify")
    bed.git("checkout", "-q", "main")
    bed.put(CASE / "theirs")
    main = bed.commit("main", "--no-verify")
    for how, change in WAYS[kind].items():
        sides = ("before", "by the merge") if how in ("commented out", "gone", "skip: true") else ("before",)
        for side in sides:
            bed.git("checkout", "-q", "-f", "-B", "main", main)
            bed.git("clean", "-fdq")
            if side == "by the merge":
                change(bed)
                bed.commit(how, "--no-verify")
            bed.git("checkout", "-q", "-B", "feature", own)
            if side == "before":
                change(bed)
                bed.commit(how, "--no-verify")
            tip = bed.git("rev-parse", "HEAD")
            each = ("merge", "rebase")
            one = ("rebase",) if side == "before" else ("merge",)  # of what is tried twice
            for command in one if len(sides) == 2 and not EVERY else each:
                bed.git("reset", "-q", "--hard", tip)
                said = assert_ends(bed, command)
                assert bed.files("HEAD") == EXPECTED, (how, side, command, said)
                assert bed.git("status", "--porcelain", "drizzle") == "", (how, side, command, said)


def assert_ends(bed: Bed, command: str) -> str:
    """Do what git and we say until it has ended; what was said."""
    done = bed.try_git(command, *(["--no-edit"] if command == "merge" else []), "main")
    said = done.text
    for _ in range(4):
        if not done.code and "  drizzle-guard renumber\n" not in done.text:
            return said
        assert "drizzle-guard renumber" in done.text, said
        done = bed.call("renumber")
        said += done.text
        assert done.code == 0, said
        done = bed.try_git(*(["commit", "--no-edit"] if command == "merge" else ["rebase", "--continue"]))
        said += done.text
    raise AssertionError(said)


def test_what_is_there_for_a_merge_alone_is_never_committed(bed: Bed, request: pytest.FixtureRequest) -> None:
    """Hooks in the worktree, and a stopped merge that somebody ends with `git add -A`."""
    bed.put(CASE / "base")
    bed.write("src/schema.ts", "base\n")
    assert team_of("hooks in the repository", request).adopt(bed).code == 0
    assert b"/.githooks/* text eol=lf\n" in bed.read(".gitattributes")
    bed.commit("base")
    bed.branch("feature")
    for branch, side in (("feature", "ours"), ("main", "theirs")):
        bed.git("checkout", "-q", branch)
        bed.put(CASE / side)
        bed.write("src/schema.ts", f"{branch}\n")
        bed.commit(branch, "--no-verify")
    bed.write(".git/info/exclude", "*.log")
    assert bed.try_git("merge", "feature").code == 1
    assert (bed.root / ".githooks/reference-transaction").exists()
    bed.write("src/schema.ts", "both\n")
    bed.git("add", "-A")
    bed.git("commit", "-q", "--no-edit")
    assert bed.files("HEAD") == EXPECTED
    assert bed.files("HEAD", ".githooks").keys() == {*ALL_HOOKS}
    assert bed.call("uninstall").code == 0 and bed.read(".git/info/exclude") == b"*.log\n"
