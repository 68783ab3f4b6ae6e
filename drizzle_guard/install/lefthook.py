"""The lines of `lefthook.yml`, `.toml` or `.json` that call drizzle-guard (lefthook 1.10 and later).

A key that is there twice is an error of lefthook's, so a hook that the file has already gets a job of ours beside the
team's, and only the others come as new keys.  Ours is the first job: what runs before it may end the hook, and of
several jobs with `use_stdin` lefthook gives the input to one.
"""

from __future__ import annotations

import json
import re
from typing import Any

from drizzle_guard.config_file import parse_toml
from drizzle_guard.errors import UsageError
from drizzle_guard.git.text import bytes_of
from drizzle_guard.install.armed import ALL_HOOKS
from drizzle_guard.install.shell_lines import guarded
from drizzle_guard.light import NamedTuple

_ARGUMENTS = {"post-merge": "{1}", "post-rewrite": "{1}", "pre-push": "{1} {2}"}
_WITH_STDIN = ("post-rewrite", "pre-push")


class Place(NamedTuple):
    """Where a job of ours goes: after which row of the file, with which lines, and below which keys that is."""

    row: int
    lines: tuple[str, ...]
    keys: str


def read(name: str, text: str) -> dict[str, Any]:
    """What a configuration says, whatever its form; nothing where it cannot be read."""
    import yaml  # late, and of pre-commit's

    try:
        if name.endswith(".toml"):
            return parse_toml(bytes_of(text), name)
        found: object = json.loads(text) if name.endswith(".json") else yaml.safe_load(text)
    except (ValueError, RecursionError, UsageError, yaml.YAMLError):
        return {}
    return found if isinstance(found, dict) else {}


def hooks_there(name: str, text: str) -> list[str]:
    """The hooks that the file has already; none where it cannot be read."""
    found = read(name, text)
    return [hook for hook in ALL_HOOKS if hook in found]


def new_hooks(name: str, hooks: list[str], *, protect: bool) -> tuple[str, ...]:
    """The lines for hooks that the file does not have, to be put at its end (of JSON: into its braces)."""
    lines: list[str] = []
    if name.endswith(".toml"):
        return tuple(line for hook in hooks for line in _toml_job(hook, protect))
    if name.endswith(".json"):
        rows = [f"{json.dumps(hook)}: {json.dumps({'jobs': [_members(hook, protect)]})}" for hook in hooks]
        return tuple(row + ("," if n < len(rows) else "") for n, row in enumerate(rows, 1))
    for hook in hooks:
        lines += [f"{hook}:", "  jobs:", *_job(hook, "    ", protect)]
    return tuple(lines)


def place(name: str, text: str, hook: str, *, protect: bool) -> Place:
    """The job for a hook that the file has, indented as its others; row -1 where the file is written otherwise."""
    if name.endswith(".toml"):
        return Place(-1, _toml_job(hook, protect), hook)
    if name.endswith(".json"):
        return Place(-1, (json.dumps(_members(hook, protect)) + ",",), f"{hook}: jobs:")
    rows = text.splitlines()
    at = next((n for n, row in enumerate(rows) if re.fullmatch(rf"""(["']?){hook}\1\s*:\s*(#.*)?""", row)), None)
    block = []
    for n, row in enumerate(rows[at + 1 :], at + 1) if at is not None else ():
        plain = row.strip()
        if plain and not plain.startswith("#"):
            if not row.startswith(" "):
                break
            block.append((n, len(row) - len(row.lstrip()), plain))
    if at is None or not block:
        return Place(-1, _job(hook, "    ", protect), f"{hook}: jobs:")
    indent = block[0][1]
    keys = [(n, plain) for n, depth, plain in block if depth == indent and not plain.startswith("-")]
    jobs = next((n for n, plain in keys if re.match(r"jobs\s*:", plain)), None)
    if jobs is None:
        return Place(at, (" " * indent + "jobs:", *_job(hook, " " * (indent + 2), protect)), f"{hook}:")
    first = next((depth for n, depth, plain in block if n > jobs and plain.startswith("-")), None)
    return Place(-1 if first is None else jobs, _job(hook, " " * (first or indent + 2), protect), f"{hook}: jobs:")


def with_new_hooks(old: str, lines: tuple[str, ...]) -> str | None:
    """The file with new hooks at its end; None if that is not what lefthook would read in it."""
    text = old if not old or old.endswith("\n") else old + "\n"
    return _verified(old, text + "\n".join(lines) + "\n", "\n".join(lines), None)


def with_job(old: str, hook: str, lines: tuple[str, ...], row: int) -> str | None:
    """The file with our job first in a hook; None if that is not what lefthook would read in it."""
    if row < 0:
        return None
    rows = old.splitlines(keepends=True)
    newline = "\r\n" if rows[row].endswith("\r\n") else "\n"
    rows[row + 1 : row + 1] = [line + newline for line in lines]
    return _verified(old, "".join(rows), "\n".join(lines), hook)


def _members(hook: str, protect: bool) -> dict[str, str | bool]:
    run = f"sh -c '{guarded(hook, protect=protect, args=_ARGUMENTS.get(hook, ''))}'"
    return {"run": run, "use_stdin": True} if hook in _WITH_STDIN else {"run": run}


def _job(hook: str, indent: str, protect: bool) -> tuple[str, ...]:
    members = _members(hook, protect)
    run = f"{indent}- run: {members['run']}"
    return (run, f"{indent}  use_stdin: true") if "use_stdin" in members else (run,)


def _toml_job(hook: str, protect: bool) -> tuple[str, ...]:
    """A string of JSON is one of TOML, too."""
    members = _members(hook, protect).items()
    return (f"[[{hook}.jobs]]", *(f"{name} = {json.dumps(value)}" for name, value in members))


def _verified(old: str, new: str, added: str, hook: str | None) -> str | None:
    """`new`, if it reads as `old` and `added` together."""
    import yaml

    try:
        before, after, more = yaml.safe_load(old) or {}, yaml.safe_load(new), yaml.safe_load(added)
        if hook is None:
            wanted = None if set(before) & set(more) else {**before, **more}
        else:
            group = before[hook]
            jobs = more["jobs"] if isinstance(more, dict) else more
            wanted = {**before, hook: {**group, "jobs": [*jobs, *(group.get("jobs") or ())]}}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        return None
    return new if after == wanted else None
