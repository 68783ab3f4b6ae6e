"""Files of the user's to which lines of ours are added, on their word: hooks, lefthook.yml, .pre-commit-config.yaml."""

from __future__ import annotations

import os
import subprocess
import sys

from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.environment import for_other_programs
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of
from drizzle_guard.install import lefthook
from drizzle_guard.install.armed import ALL_HOOKS, LEFTHOOK_CONFIGS, PRE_COMMIT_CONFIG
from drizzle_guard.install.managers import Lines, pre_commit_block, silent_hooks
from drizzle_guard.install.shell_lines import block
from drizzle_guard.install.step import Step, read
from drizzle_guard.packaged import is_native

#: what is true where a line could not be added
NOT_THAT_FILE = "that file was not changed, what is said above was done"


def foreign_hooks(repository: Repository, protect: bool) -> list[str]:
    """Hooks that somebody else wrote and that do not call drizzle-guard as they should."""
    silent = silent_hooks(repository, protect=protect)
    return [hook for hook in silent if read(os.path.join(repository.hooks_dir, hook)) is not None]


def addition(repository: Repository, lines: Lines, protect: bool) -> Step | None:
    """The step that adds the lines to the file; None if that cannot be done without understanding more of it."""
    path = os.path.join(repository.root, lines.file)
    old = read(path)
    if old is None or os.path.islink(path) or lines.replaces:
        return None
    name = os.path.basename(path)
    if name == PRE_COMMIT_CONFIG:
        new = _with_pre_commit_block(old)
    elif name in LEFTHOOK_CONFIGS:
        new = _with_lefthook(name, old, lines, protect)
    else:
        new = _ended(old) + block(name, protect=protect)
        return Step("hook", path, old, new)
    return None if new is None else Step("file", path, old, new)


def _with_lefthook(name: str, old: str, lines: Lines, protect: bool) -> str | None:
    """The file with our hooks at its end, or with our job in a hook that it has."""
    if not name.endswith((".yml", ".yaml")):
        return None
    if not lines.hook:
        return lefthook.with_new_hooks(old, lines.lines)
    place = lefthook.place(name, old, lines.hook, protect=protect)
    return lefthook.with_job(old, lines.hook, place.lines, place.row)


def _with_pre_commit_block(old: str) -> str | None:
    """The configuration with our block, read back by the framework's own loader; None if that does not come out."""
    text = _ended(old)
    config = _load(old)
    if config is None:
        return None
    rows = text.splitlines()
    at = next((n for n, row in enumerate(rows) if row.split("#")[0].rstrip() == "repos:"), None)
    lines = list(pre_commit_block())
    if at is None:
        empty = next((n for n, row in enumerate(rows) if row.split("#")[0].strip() == "repos: []"), None)
        if empty is None:
            return None
        rows[empty : empty + 1] = ["repos:", *lines]
    else:
        following = next((row for row in rows[at + 1 :] if row.lstrip().startswith("- ")), "  - ")
        indent = following[: len(following) - len(following.lstrip())]
        end = next((n for n in range(at + 1, len(rows)) if rows[n][:1] not in ("", " ", "-", "#", "\t")), len(rows))
        rows[end:end] = [indent + line[2:] for line in lines]
    if "default_install_hook_types" not in config:
        rows.insert(0, f"default_install_hook_types: [{', '.join(ALL_HOOKS)}]")
    new = "\n".join(rows) + "\n"
    after = _load(new)
    if after is None or len(after["repos"]) != len(config["repos"]) + 1:
        return None
    return new


def _load(text: str) -> dict[str, list[object]] | None:
    """A configuration as the framework reads it; None if it does not.  Raises GuardError where the disk is full."""
    import tempfile

    from pre_commit.clientlib import InvalidConfigError, load_config  # late: it takes long

    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, PRE_COMMIT_CONFIG)
        try:
            with open(path, "wb") as file:
                file.write(bytes_of(text))
        except OSError as error:
            raise GuardError(f"{printable(path)}: {error.strerror}; {NOT_THAT_FILE}.") from None
        try:
            found: dict[str, list[object]] = load_config(path)
        except InvalidConfigError:
            return None
    import yaml

    given = yaml.safe_load(text)
    if "default_install_hook_types" not in given:
        found.pop("default_install_hook_types", None)
    return found


def pre_commit_installs(repository: Repository) -> None:
    """Run `pre-commit install` for the stages that we need.  Raises GuardError."""
    framework = ["pre-commit"] if is_native() else [sys.executable, "-m", "pre_commit"]
    argv = [*framework, "install", *(part for hook in ALL_HOOKS for part in ("-t", hook))]
    try:
        done = subprocess.run(argv, cwd=repository.root, env=for_other_programs(), capture_output=True, check=False)
    except FileNotFoundError:
        raise GuardError("pre-commit is not on the PATH") from None
    if done.returncode:
        said = (done.stdout + done.stderr).decode("utf-8", "replace").strip().split("\n")
        raise GuardError(printable(said[-1]))


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
