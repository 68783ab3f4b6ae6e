"""husky, lefthook and pre-commit: what a repository that has one of them needs so that its hooks call drizzle-guard.

Their hooks are files of the repository, shared by the team.  husky runs one file a hook, so `install` can add the ones
that are missing; lefthook and pre-commit have one YAML file, which is the user's: there the lines are printed.
Tried out with husky 9.1, lefthook 2.2 and pre-commit 4.7.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from drizzle_guard import __version__
from drizzle_guard.git.repository import Repository
from drizzle_guard.install.armed import ALL_HOOKS, LEFTHOOK_CONFIGS, PRE_COMMIT_CONFIG, calls_us
from drizzle_guard.install.shell_lines import MARK

#: where the pre-commit framework fetches drizzle-guard from
SOURCE = "https://github.com/OWNER/drizzle-guard"


class Lines(NamedTuple):
    """What a person is to add to a file: the file (from the repository's top), the lines, the command to run then."""

    file: str
    lines: tuple[str, ...]
    then: str = ""


def husky_directory(repository: Repository) -> str | None:
    """The directory with husky's hooks; None if the repository has no husky.

    husky 9 sets `core.hooksPath` to its subdirectory `_`, whose stubs run the file of the same name one level up.
    """
    hooks = repository.hooks_dir
    if os.path.basename(hooks) == "_" and os.path.isfile(os.path.join(hooks, "h")):
        return os.path.dirname(hooks)
    default = os.path.join(repository.root, ".husky")
    return default if os.path.isdir(default) and not os.path.islink(default) else None


def husky_block(hook: str) -> str:
    """What `install` writes into a hook of husky's, which husky runs with `sh -e`; no path of this machine is in it."""
    args = ' "$@"' if hook in ("post-merge", "post-rewrite") else ""
    return (
        "# Written by `drizzle-guard install`; `drizzle-guard uninstall` takes these lines away.\n"
        f"if command -v {MARK} >/dev/null 2>&1; then\n"
        f"  {MARK} hook {hook}{args}\n"
        "else\n"
        f'  echo "{MARK}: not found; it does not look after migrations in this clone" >&2\n'
        "fi\n"
    )


def husky_file(hook: str) -> str:
    """A hook of husky's that has nothing else in it."""
    return "#!/bin/sh\n" + husky_block(hook)


def without_block(hook: str, text: str) -> str | None:
    """A hook's text without what `install` wrote; None if nothing else is in it."""
    left = text.replace(husky_block(hook), "")
    return None if left.strip() in ("", "#!/bin/sh") else left


def advice(repository: Repository) -> list[Lines]:
    """What the user has to add to files that are theirs."""
    root, directory = repository.root, repository.hooks_dir
    silent = [hook for hook in ALL_HOOKS if not calls_us(root, directory, hook)]
    found: list[Lines] = []
    husky = husky_directory(repository)
    if husky is not None:
        for hook in ALL_HOOKS:
            file = os.path.join(husky, hook)
            if os.path.exists(file) and MARK not in _read(file):
                found.append(Lines(os.path.relpath(file, root), tuple(husky_block(hook).splitlines()[1:])))
        if not found and silent:
            found.append(Lines("", (), "npx husky   # husky is not active in this clone yet"))
    for name in LEFTHOOK_CONFIGS:
        if os.path.exists(os.path.join(root, name)) and silent:
            named = MARK in _read(os.path.join(root, name))
            then = "npx lefthook install"
            found.append(Lines(name, (), then) if named else Lines(name, lefthook_lines(), then))
            break
    config = os.path.join(root, PRE_COMMIT_CONFIG)
    if os.path.exists(config) and f"{MARK}-renumber" not in _read(config):
        found.append(Lines(PRE_COMMIT_CONFIG, pre_commit_lines(), "pre-commit install"))
    return found


def lefthook_lines() -> tuple[str, ...]:
    """For `lefthook.yml` (lefthook 1.10 and later)."""
    lines: list[str] = []
    for hook in ALL_HOOKS:
        args = {"post-merge": " {1}", "post-rewrite": " {1}"}.get(hook, "")
        lines += [f"{hook}:", "  jobs:", f"    - run: {MARK} hook {hook}{args}"]
        if hook == "post-rewrite":
            lines.append("      use_stdin: true")
        if hook in ("pre-commit", "pre-merge-commit"):
            lines.append(f"    - run: {MARK} protect")
    return tuple(lines)


def pre_commit_lines() -> tuple[str, ...]:
    """For `.pre-commit-config.yaml`."""
    return (
        f"default_install_hook_types: [{', '.join((*ALL_HOOKS, 'pre-push'))}]",
        "repos:",
        f"  - repo: {SOURCE}",
        f"    rev: v{__version__}",
        "    hooks:",
        *(f"      - id: {MARK}-{name}" for name in ("renumber", "protect", "check")),
    )


def configs_that_name_us(repository: Repository) -> list[str]:
    """The managers' files with lines of ours that a person has added."""
    names = (PRE_COMMIT_CONFIG, *LEFTHOOK_CONFIGS)
    return [name for name in names if MARK in _read(os.path.join(repository.root, name))]


def prepare_line(repository: Repository) -> str | None:
    """The npm script that arms every clone on `npm install`; None if there is no package.json or it has that."""
    import json

    text = _read(os.path.join(repository.root, "package.json"))
    if not text or MARK in text:
        return None
    try:
        package = json.loads(text)
        old = package.get("scripts", {}).get("prepare", "")
    except (ValueError, AttributeError, RecursionError):
        return None
    # `exit 0` is known to sh and to cmd: without drizzle-guard, npm install goes on
    arm = f"({MARK} install || exit 0)" if old else f"{MARK} install || exit 0"
    return json.dumps({"prepare": f"{old} && {arm}" if old else arm})[1:-1]


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read(1 << 20))
    except OSError:
        return ""
