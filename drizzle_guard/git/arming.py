"""What `install` adds to a clone, as a list of steps that can be shown, done and taken back."""

from __future__ import annotations

import os
from typing import NamedTuple

from drizzle_guard.core.errors import GuardError
from drizzle_guard.git.armed import ALL_HOOKS, calls_us, hooks_directory
from drizzle_guard.git.command_line import driver_line, executable, hook_script
from drizzle_guard.git.repository import Repository

SECTION = "merge.drizzle-journal"
ATTRIBUTES = ("**/meta/_journal.json merge=drizzle-journal", "**/meta/*_snapshot.json merge=drizzle-journal")
COMMENT = "# drizzle-guard: two branches, one journal"
_WRITTEN = b"Written by `drizzle-guard install`"


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
    steps = [
        Step("config", key, old, value)
        for key, value in settings(path).items()
        if (old := repository.line("config", "--local", "--get", key)) != value
    ]
    files = [os.path.join(repository.common_dir, "info", "attributes")]
    if not repository.is_bare:
        files.insert(0, os.path.join(repository.root, ".gitattributes"))
    for file in files:
        old_text = _read(file)
        missing = [line for line in ATTRIBUTES if line not in (old_text or "").splitlines()]
        if missing:
            steps.append(Step("file", file, old_text, _with_lines(old_text or "", missing)))
    if hooks and not repository.is_bare:
        directory = hooks_directory(repository)
        for hook in ALL_HOOKS:
            file = os.path.join(directory, hook)
            old_text, new_text = _read(file), hook_script(hook, path).decode()
            ours = old_text is not None and _WRITTEN.decode() in old_text
            if (old_text is None or ours) and (old_text != new_text or not os.access(file, os.X_OK)):
                steps.append(Step("hook", file, old_text, new_text))
    return steps


def foreign_hooks(repository: Repository) -> list[str]:
    """Hooks that somebody else wrote and that do not call drizzle-guard."""
    directory = hooks_directory(repository)
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
        if text is not None and any(line in (*ATTRIBUTES, COMMENT) for line in text.splitlines()):
            left = "".join(x for x in text.splitlines(keepends=True) if x.rstrip("\r\n") not in (*ATTRIBUTES, COMMENT))
            steps.append(Step("file", file, text, left or None))
    directory = hooks_directory(repository)
    for hook in ALL_HOOKS:
        text = _read(os.path.join(directory, hook))
        if text is not None and _WRITTEN.decode() in text:
            steps.append(Step("hook", os.path.join(directory, hook), text, None))
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
    if step.new is None:
        os.unlink(step.name)
        return
    os.makedirs(os.path.dirname(step.name), exist_ok=True)
    with open(step.name, "wb") as file:
        file.write(os.fsencode(step.new))
    if step.kind == "hook":
        os.chmod(step.name, 0o755)


def _with_lines(text: str, lines: list[str]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    lead = "" if not text or text.endswith("\n") else newline
    comment = [] if COMMENT in text.splitlines() else [COMMENT]
    return text + lead + "".join(line + newline for line in [*comment, *lines])


def _read(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read())
    except OSError:
        return None
