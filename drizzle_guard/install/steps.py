"""What `install` adds to a clone, as a list of steps that can be shown, done and taken back."""

from __future__ import annotations

import os
from typing import NamedTuple

from drizzle_guard.drizzle.folder import BUNDLE
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import escape, folders_in_index
from drizzle_guard.git.repository import Repository
from drizzle_guard.install.armed import ALL_HOOKS, calls_us
from drizzle_guard.install.managers import husky_block, husky_directory, husky_file, without_block
from drizzle_guard.install.shell_lines import driver_line, executable, hook_script

SECTION = "merge.drizzle-journal"
ATTRIBUTES = ("**/meta/_journal.json merge=drizzle-journal", "**/meta/*_snapshot.json merge=drizzle-journal")
_BUNDLE_LINE = f"/{BUNDLE} merge=drizzle-journal"
COMMENT = "# drizzle-guard: two branches, one journal"
_WRITTEN = b"Written by `drizzle-guard install`"
_PLAIN = f"#!/bin/sh\n# {_WRITTEN.decode()}; `drizzle-guard uninstall` takes it away.\n"


class Step(NamedTuple):
    """One thing to do: `kind` is config, file or hook; `old` and `new` are its content (None: absent)."""

    kind: str
    name: str
    old: str | None
    new: str | None

    @property
    def text(self) -> str:
        """The step in words."""
        verb = "remove" if self.new is None else "add" if self.old is None else "change"
        return f"{verb} {self.kind} {self.name}"


def settings(path: str | None) -> dict[str, str]:
    """The settings of the merge driver."""
    return {
        f"{SECTION}.name": "drizzle-guard: Drizzle migrations",
        f"{SECTION}.driver": driver_line(path),
        # a criss-cross merge must never see markers in its base
        f"{SECTION}.recursive": "binary",
    }


def install_steps(repository: Repository, *, hooks: bool = True) -> list[Step]:
    """What is missing in this clone."""
    path = executable()
    steps = _setting_steps(repository, path)
    if not repository.is_bare:
        steps += _attribute_steps(repository, os.path.join(repository.root, ".gitattributes"))
    steps += _attribute_steps(repository, _own_attributes(repository))
    if hooks and not repository.is_bare:
        husky = husky_directory(repository)
        steps += _husky_steps(husky) if husky else _hook_steps(repository.hooks_dir, path)
    return steps


def _hook_steps(directory: str, path: str | None) -> list[Step]:
    steps = []
    for hook in ALL_HOOKS:
        file = os.path.join(directory, hook)
        old_text, new_text = _read(file), hook_script(hook, path).decode()
        ours = old_text is not None and _WRITTEN.decode() in old_text
        if (old_text is None or ours) and (old_text != new_text or not os.access(file, os.X_OK)):
            steps.append(Step("hook", file, old_text, new_text))
    return steps


def _husky_steps(directory: str) -> list[Step]:
    files = {os.path.join(directory, hook): husky_file(hook) for hook in ALL_HOOKS}
    return [Step("hook", file, None, text) for file, text in files.items() if not os.path.lexists(file)]


def driver_steps(repository: Repository) -> list[Step]:
    """What is missing of the merge driver alone, without a file of the worktree (a hook arms its clone so)."""
    return _setting_steps(repository, executable()) + _attribute_steps(repository, _own_attributes(repository))


def _setting_steps(repository: Repository, path: str | None) -> list[Step]:
    return [
        Step("config", key, old, value)
        for key, value in settings(path).items()
        if (old := repository.line("config", "--local", "--get", key)) != value
    ]


def attributes(repository: Repository) -> list[str]:
    """The lines for `.gitattributes`; a bundle is named by its path, since other tools have a `migrations.js`, too."""
    listed = os.fsdecode(repository.git("ls-files", "-z", "--", f":(top,glob)**/{BUNDLE}")).split("\0")
    folders = folders_in_index(repository) if listed[:-1] else set()
    bundles = [path for path in listed[:-1] if path[: -len(BUNDLE)].rstrip("/") in folders and '"' not in path]
    return [*ATTRIBUTES, *(f"{_pattern(path)} merge=drizzle-journal" for path in bundles)]


def is_ours(line: str) -> bool:
    """Whether `install` wrote this line of an attributes file."""
    bundle = line.removesuffix('"').startswith(("/", '"/')) and line.replace('"', "").endswith(_BUNDLE_LINE)
    return bundle or line in (*ATTRIBUTES, COMMENT)


def _pattern(path: str) -> str:
    pattern = f"/{escape(path)}"
    return '"' + pattern.replace("\\", "\\\\") + '"' if " " in pattern else pattern


def _attribute_steps(repository: Repository, file: str) -> list[Step]:
    text = _read(file)
    missing = [line for line in attributes(repository) if line not in (text or "").splitlines()]
    return [Step("file", file, text, _with_lines(text, missing))] if missing else []


def _own_attributes(repository: Repository) -> str:
    """The attributes of this clone, shared by its worktrees."""
    return os.path.join(repository.common_dir, "info", "attributes")


def foreign_hooks(repository: Repository) -> list[str]:
    """Hooks that somebody else wrote and that do not call drizzle-guard."""
    directory = repository.hooks_dir
    return [
        hook
        for hook in ALL_HOOKS
        if _read(os.path.join(directory, hook)) is not None and not calls_us(repository.root, directory, hook)
    ]


def uninstall_steps(repository: Repository) -> list[Step]:
    """What `install` added and is still there."""
    steps = [
        Step("config", key, old, None)
        for key in settings(None)
        if (old := repository.line("config", "--local", "--get", key)) is not None
    ]
    for file in (
        os.path.join(repository.root, ".gitattributes"),
        os.path.join(repository.common_dir, "info", "attributes"),
    ):
        text = _read(file)
        if text is not None and any(is_ours(line) for line in text.splitlines()):
            steps.append(Step("file", file, text, _without_lines(text)))
    directory = repository.hooks_dir
    husky = husky_directory(repository)
    for hook in ALL_HOOKS:
        # pre-commit and lefthook put a hook that they find aside under another name
        for file in (os.path.join(directory, f"{hook}{end}") for end in ("", ".legacy", ".old")):
            text = _read(file)
            if text is not None and text.startswith(_PLAIN):
                steps.append(Step("hook", file, text, None))
        text = None if husky is None else _read(os.path.join(husky, hook))
        if husky is not None and text is not None and husky_block(hook) in text:
            steps.append(Step("hook", os.path.join(husky, hook), text, without_block(hook, text)))
    return steps


def do(repository: Repository, steps: list[Step]) -> None:
    """Carry out the steps; on a failure those already done are taken back.  Raises GuardError."""
    done: list[Step] = []
    try:
        for step in steps:
            _do(repository, step)
            done.append(step)
    except (OSError, GuardError) as error:
        for step in reversed(done):
            _do(repository, step._replace(old=step.new, new=step.old))
        reason = error.message if isinstance(error, GuardError) else f"{error.filename}: {error.strerror}"
        raise GuardError(f"{reason}; nothing was changed.") from None


def _do(repository: Repository, step: Step) -> None:
    if step.kind == "config":
        if step.new is None:
            repository.run("config", "--local", "--unset-all", step.name)
            left = repository.line("config", "--local", "--get-regexp", f"^{SECTION.replace('.', '[.]')}[.]")
            if left is None:
                repository.run("config", "--local", "--remove-section", SECTION)
        else:
            repository.git("config", "--local", "--replace-all", step.name, step.new)
        return
    if step.kind == "file" and os.path.islink(step.name):
        raise GuardError(f"{printable(step.name)} is a symbolic link")
    if step.new is None:
        os.unlink(step.name)
        return
    os.makedirs(os.path.dirname(step.name), exist_ok=True)
    with open(step.name, "wb") as file:
        file.write(os.fsencode(step.new))
    if step.kind == "hook":
        os.chmod(step.name, 0o755)


def _with_lines(old: str | None, lines: list[str]) -> str:
    """The text with the lines at its end.  If it had no final newline it gets none, so that it can be given back."""
    text = old or ""
    newline = "\r\n" if "\r\n" in text else "\n"
    lead = "" if not text or text.endswith("\n") else newline
    comment = [] if COMMENT in text.splitlines() else [COMMENT]
    end = newline if old is None or text.endswith("\n") else ""
    return text + lead + newline.join([*comment, *lines]) + end


def _without_lines(text: str) -> str | None:
    """The text as it was before `_with_lines`; None if there was no file."""
    lines = text.splitlines(keepends=True)
    left = "".join(line for line in lines if not is_ours(line.rstrip("\r\n")))
    if is_ours(lines[-1]):  # without a newline
        return left.removesuffix("\n").removesuffix("\r")
    return left or None


def _read(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read())
    except OSError:
        return None
