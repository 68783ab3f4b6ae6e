"""The lines below a refusal: each command stands alone in its line, quoted, without a comment behind it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from drizzle_guard.git.sides import Kind, Sides
from drizzle_guard.renumber.ways_out import lines_for
from drizzle_guard.replay import plan
from drizzle_guard.replay.plan import WayOut

PACKAGE = Path(plan.__file__).parents[1]
COMMAND = re.compile(r"(?:git|drizzle-guard|npx|mkdir) ")


@pytest.mark.parametrize("kind", ["merge", "rebase", "cherry-pick", "stash"])
@pytest.mark.parametrize("way", WayOut)
def test_each_way_ends_in_commands_that_a_shell_takes(way: WayOut, kind: Kind) -> None:
    folder = "apps/(web) $x/it's/drizzle"
    sides = Sides(kind, "a" * 40, "b" * 40, ())
    lines = lines_for(way, sides, folder, kept="main", moved_to="db/my migrations", start="abcdef1234")
    commands = [line for line in lines if COMMAND.match(line)]
    assert commands, lines
    for command in commands:
        words = shlex.split(command, comments=True)
        assert words == shlex.split(command) and not {"&&", "||", ";"} & set(words), command
        assert all(word == folder for word in words if word.startswith("apps/")), command
    assert all(line.endswith((":", ".")) for line in lines if line not in commands), lines
    assert ("drizzle-guard regenerate" in commands) == way.may_regenerate  # protect lets that through, and only that


@pytest.mark.parametrize("wing", ["renumber", "regenerate", "protect", "check", "heal", "mend", "replay"])
def test_no_command_has_a_comment_behind_it(wing: str) -> None:
    """cmd and PowerShell take `#` and what follows for arguments."""
    for file in (PACKAGE / wing).rglob("*.py"):
        found = re.findall(r'"(?:git|drizzle-guard|npx) [^"\n]* {2,}# [^"\n]*"', file.read_text("utf-8"))
        assert not found, (file, found)
