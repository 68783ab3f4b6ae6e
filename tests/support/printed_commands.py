"""The commands that our messages name, read from the code, and those that a test was told and then typed.

A command is told by its place, `folder/module.py function`, and its words; `{}` stands for what the code fills in.
What stands between backticks in the texts of the rules is prose of `explain`, and no next step.
"""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from support.parts import PROJECT

PACKAGE = PROJECT / "drizzle_guard"

#: a subcommand makes `git …` a command and not a word of a sentence
_GIT = (
    r"add|am|branch|checkout|cherry-pick|commit|config|fetch|log|merge|mv|pull|push|rebase|remote|reset|restore|rm|show"
    r"|stash|switch|update-ref|\{\} --\w+"
)
_OURS = r"apply|check|explain|graph|install|protect|regenerate|rehearse|renumber|repair|status|uninstall"
_START = re.compile(
    rf"(?<![`\w./-])(?:git (?:-c \S+ )?(?:{_GIT})|drizzle-guard (?:{_OURS})|npx (?:drizzle-kit|husky|lefthook)"
    r"|pip install|mkdir -p|sed -i)(?![\w`])"
)
#: where a command ends in a sentence; before these words goes on what is said of it
_END = re.compile(
    r"[,;.:)](?= |$)|\n| {2,}#|`| \("
    r"| (?:and|then|finishes|lists|shows|says|can|do|if|in|it|on|is|undoes|what|would|offers|writes)\b"
)

#: parts of the package that print no next step: the shell lines of hooks and drivers, and the demonstration's screen
_NO_MESSAGES = ("install/shell_lines.py", "demo/", "commands/demo.py", "sql/")

#: what a person puts in, as in `drizzle-guard apply --resume-at N`
_PLACEHOLDER = re.compile(r"\b(?:FILE|N|URL|NAME)\b|<\w+>")


class Command(NamedTuple):
    """A command in a message: where the code says it, its words, and the sentence that it belongs to."""

    place: str
    words: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.words}"


@cache
def commands() -> dict[str, tuple[Command, ...]]:
    """Every command that a message of the package names, by place and words; each with all its sentences."""
    found: dict[str, tuple[Command, ...]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        name = file.relative_to(PACKAGE).as_posix()
        if not name.startswith(_NO_MESSAGES):
            for command in _in_module(name, ast.parse(file.read_text("utf-8"))):
                found[str(command)] = (*found.get(str(command), ()), command)
    return found


def _in_module(name: str, tree: ast.Module) -> Iterator[Command]:
    def walk(node: ast.AST, inside: str, sentence: str) -> Iterator[Command]:
        body = getattr(node, "body", None)
        docstring = body[0] if isinstance(body, list) and body and isinstance(body[0], ast.Expr) else None
        for child in ast.iter_child_nodes(node):
            if child is docstring:
                continue
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                yield from walk(child, child.name, "")
            elif isinstance(child, ast.Assign) and node is tree:
                yield from walk(child, ast.unparse(child.targets[0]), "")
            elif (text := _text_of(child)) is not None:
                is_alone = text.startswith(tuple(commands_in(text)))
                yield from (Command(f"{name} {inside}", w, sentence if is_alone else text) for w in commands_in(text))
            else:
                first = _text_of(child.args[0]) if isinstance(child, ast.Call) and child.args else None
                yield from walk(child, inside, sentence if first is None else first)

    yield from walk(tree, "module", "")


def _text_of(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def commands_in(text: str) -> Iterator[str]:
    """The commands that a text names, in order."""
    at = 0
    while found := _START.search(text, at):
        end = _END.search(text, found.end())
        at = end.start() if end else len(text)
        yield text[found.start() : at].strip()


class _Event(NamedTuple):
    typed: str
    said: str


_events: list[_Event] = []


def heard(argv: Sequence[str], said: str) -> None:
    """Note what was typed in a test, and what was said to it."""
    lines = argv[-1].splitlines() if len(argv) > 2 and argv[0] == "sh" else [shlex.join(_without_form(argv))]
    _events.extend(_Event(line, said) for line in lines)


def forget() -> None:
    """Begin anew: another test starts."""
    _events.clear()


def _without_form(argv: Sequence[str]) -> Iterator[str]:
    """The words but for those that only say how to do it: the message, the database of this test, quietness."""
    words = iter(argv)
    for word in words:
        if word in ("-m", "-qm", "--url"):
            next(words, None)
        elif word not in ("-q", "--no-edit", "--allow-empty", "--no-verify"):
            yield word


def was_typed(command: Command) -> bool:
    """Whether this test was told the command in its sentence and then typed it, as it was told but for placeholders."""
    asks = _PLACEHOLDER.search(command.words) is not None
    typed = re.compile(_PLACEHOLDER.sub(r"\\S+", _pattern(command.words)) if asks else _pattern(command.words))
    sentence, told, text = re.compile(_pattern(command.sentence)), re.compile(_pattern(command.words)), ""
    for event in _events:
        line = event.typed.strip()
        if typed.fullmatch(line) and told.search(text) and sentence.search(text) and (asks or line in text):
            return True
        text += event.said
    return False


def _pattern(template: str) -> str:
    """What matches a text of the code, whatever it fills in."""
    return re.escape(template).replace(re.escape("{}"), "(?:.|\\n)*?")
