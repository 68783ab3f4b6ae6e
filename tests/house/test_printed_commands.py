"""The commands that our messages name, each with the test that is told it and types it.

`support/printed_commands.py` reads them from the code.  A message that names a command cannot be added without a line
here; while the named test runs, `tests/conftest.py` looks whether it was told the command in its sentence, and typed it
as it was told.
"""

from __future__ import annotations

import ast

from drizzle_guard.check.advice import RENUMBER
from drizzle_guard.rules.catalog import RULES
from support.parts import PROJECT
from support.printed_commands import TYPED, commands


def is_a_rules(command: str) -> bool:
    """The rules' own word for it is printed only where `check.advice` has tried it."""
    return command.startswith("rules/") and command.endswith(f": {RENUMBER}")


def test_each_command_is_typed_in_a_test() -> None:
    known = {command for command in commands() if not is_a_rules(command)}
    assert not known - TYPED.keys(), "name the test that types it in `TYPED`"
    assert not TYPED.keys() - known, "no message names these any more"


def test_the_named_tests_are_there() -> None:
    for place in set(TYPED.values()):
        file, _, name = place.partition("::")
        tree = ast.parse((PROJECT / "tests" / file).read_text("utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, place


def test_a_rule_that_names_renumber_names_nothing_else() -> None:
    """So that `heal.cure.for_a_person` knows it, where it was tried in vain."""
    for rule in RULES.values():
        assert rule.fix == RENUMBER or not rule.fix.startswith(("drizzle-guard ", "git ")), rule
