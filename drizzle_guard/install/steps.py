"""What `install` adds to a clone, as a list of steps that can be shown, done and taken back.

Each file is written beside and then renamed, so that a full disk or a kill leaves it old or new.  `.gitattributes`
comes before what is this clone's alone: a run that was stopped in between is completed by the next one.
"""

from __future__ import annotations

import os

from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.handoff import is_of_this_repository, nets, without_hidden
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of
from drizzle_guard.install.armed import ALL_HOOKS
from drizzle_guard.install.attributes import attribute_steps, without_lines
from drizzle_guard.install.managers import husky_directory
from drizzle_guard.install.native import in_every_worktree
from drizzle_guard.install.package_json import find_keeper
from drizzle_guard.install.shell_lines import (
    PROGRAM_KEY,
    block,
    block_file,
    driver_line,
    executable,
    hook_script,
    is_empty_hook,
    is_plain_hook,
    without_block,
)
from drizzle_guard.install.step import Step, read
from drizzle_guard.light import NamedTuple

SECTION = "merge.drizzle-journal"


class Wanted(NamedTuple):
    """What the user wants: the finishing hooks, `protect` in them, and hooks in a directory of the whole machine.

    `later`: a committed file is brought up to date with folders that came after the first `install`; not in every
    teammate's worktree when npm arms it.
    """

    hooks: bool = True
    protect: bool = True
    global_hooks: bool = False
    later: bool = True


def settings(path: str | None) -> dict[str, str]:
    """The settings of this clone: the merge driver, and where the hooks of a team find the program."""
    found = {
        f"{SECTION}.name": "drizzle-guard: Drizzle migrations",
        f"{SECTION}.driver": driver_line(path),
        # a criss-cross merge must never see markers in its base
        f"{SECTION}.recursive": "binary",
    }
    return found if path is None else {**found, PROGRAM_KEY: path.replace("\\", "/")}


def install_steps(repository: Repository, wanted: Wanted) -> list[Step]:
    """What is missing in this clone."""
    path = _program(repository)
    steps = attribute_steps(repository, later=wanted.later)
    steps += _setting_steps(repository, path)
    if wanted.hooks and not repository.is_bare:
        husky = husky_directory(repository)
        steps += _husky_steps(husky, wanted.protect) if husky else _hook_steps(repository, path, wanted)
    return steps


def _program(repository: Repository) -> str | None:
    """The executable to register: of a program in `node_modules`, the one of the main worktree, which stays."""
    path, main = executable(), os.path.dirname(repository.common_dir)
    inside = None if path is None else in_every_worktree(path)
    if path is None or inside is None or os.path.basename(repository.common_dir) != ".git":
        return path
    lasting = os.path.join(main, inside.removeprefix("./"))
    return lasting if path.startswith(repository.root + os.sep) and os.path.isfile(lasting) else path


def is_foreign_directory(repository: Repository) -> bool:
    """Whether git takes its hooks from a directory that other repositories of the machine share.

    One that this repository's own settings name is its own, wherever it lies.
    """
    if is_of_this_repository(repository, repository.hooks_dir):
        return False
    scope = repository.line("config", "--show-scope", "--get", "core.hooksPath") or ""
    return scope.partition("\t")[0] not in ("local", "worktree")


def _hook_steps(repository: Repository, path: str | None, wanted: Wanted) -> list[Step]:
    directory = repository.hooks_dir
    if is_foreign_directory(repository) and not wanted.global_hooks:
        return []
    if find_keeper(repository.root, directory) is not None:
        return []  # the manager would overwrite or delete them
    real, common = os.path.realpath(directory), os.path.realpath(repository.common_dir)
    shared = not real.startswith(common + os.sep)
    steps = []
    for hook in ALL_HOOKS:
        if hook == "pre-push" and not wanted.protect:
            continue
        file = os.path.join(directory, hook)
        old_text = read(file)
        new_text = hook_script(hook, path, protect=wanted.protect, shared=shared).decode()
        ours = old_text is not None and is_plain_hook(old_text) and not os.path.islink(file)
        may_write = ours or not os.path.lexists(file)
        if may_write and (old_text != new_text or not os.access(file, os.X_OK)):
            steps.append(Step("hook", file, old_text, new_text))
    return steps


def _husky_steps(directory: str, protect: bool) -> list[Step]:
    steps = []
    for hook in ALL_HOOKS:
        if hook == "pre-push" and not protect:
            continue
        file = os.path.join(directory, hook)
        old = read(file)
        if not os.path.lexists(file):
            steps.append(Step("hook", file, None, block_file(hook, protect=protect)))
        elif old is not None and not os.path.islink(file):
            left = without_block(hook, old)
            # the lines of 0.1.0, or of another choice, are brought up to date
            lines = block(hook, protect=protect)
            if left != old and lines not in old:
                new = "#!/bin/sh\n" + lines if is_empty_hook(left) else _appended(left, lines)
                steps.append(Step("hook", file, old, new))
    return steps


def _appended(text: str, lines: str) -> str:
    return text + ("" if not text or text.endswith("\n") else "\n") + lines


def driver_steps(repository: Repository) -> list[Step]:
    """What is missing of the merge driver alone, without a file of the worktree (a hook arms its clone so)."""
    return _setting_steps(repository, _program(repository)) + attribute_steps(repository, of_the_clone_alone=True)


def _setting_steps(repository: Repository, path: str | None) -> list[Step]:
    return [
        Step("config", key, old, value)
        for key, value in settings(path).items()
        if (old := repository.line("config", "--local", "--get", key)) != value
    ]


def uninstall_steps(repository: Repository) -> list[Step]:
    """What `install` added, now or as 0.1.0, and is still there."""
    steps: list[Step] = []
    for file in (
        os.path.join(repository.root, ".gitattributes"),
        os.path.join(repository.common_dir, "info", "attributes"),
    ):
        text = read(file)
        if text is not None and (left := without_lines(text)) != text:
            steps.append(Step("file", file, text, left))
    exclude = os.path.join(repository.common_dir, "info", "exclude")
    text = read(exclude)
    if text is not None and (left := without_hidden(text)) != text:
        steps.append(Step("file", exclude, text, left or None))
    # after what a full disk may stop: git writes its settings in another order when they are put back
    steps += [
        Step("config", key, old, None)
        for key in (*settings(None), PROGRAM_KEY)
        if (old := repository.line("config", "--local", "--get", key)) is not None
    ]
    directory = repository.hooks_dir
    husky = husky_directory(repository)
    for hook in ALL_HOOKS:
        # pre-commit and lefthook put a hook that they find aside under another name
        for file in (os.path.join(directory, f"{hook}{end}") for end in ("", ".legacy", ".old")):
            text = read(file)
            if text is not None and is_plain_hook(text):
                steps.append(Step("hook", file, text, None))
        text = None if husky is None else read(os.path.join(husky, hook))
        if husky is not None and text is not None and (rest := without_block(hook, text)) != text:
            steps.append(Step("hook", os.path.join(husky, hook), text, None if is_empty_hook(rest) else rest))
    steps += [Step("hook", file, read(file), None) for file in nets(repository)]
    return steps


def do(repository: Repository, steps: list[Step], *, unchanged: str = "nothing was changed") -> None:
    """Carry out the steps; on a failure those already done are taken back.  Raises GuardError.

    `unchanged` is what is true then.
    """
    done: list[Step] = []
    step = None
    try:
        for step in steps:
            _do(repository, step)
            done.append(step)
    except (OSError, GuardError) as error:
        assert step is not None
        reason = error.message if isinstance(error, GuardError) else f"{printable(step.name)}: {error.strerror}"
        left = _take_back(repository, done)
        end = f"{printable(left)} could not be put back" if left else unchanged
        raise GuardError(f"{reason}; {end}.") from None


def _take_back(repository: Repository, done: list[Step]) -> str | None:
    """Undo steps, the last one first; the name of one that could not be undone."""
    left = None
    for step in reversed(done):
        try:
            _do(repository, step._replace(old=step.new, new=step.old))
        except (OSError, GuardError):
            left = step.name
    return left


def _do(repository: Repository, step: Step) -> None:
    if step.kind == "config":
        if step.new is None:
            section = step.name.rpartition(".")[0]
            repository.run("config", "--local", "--unset-all", step.name)
            left = repository.line("config", "--local", "--get-regexp", f"^{section.replace('.', '[.]')}[.]")
            if left is None:
                repository.run("config", "--local", "--remove-section", section)
        else:
            repository.git("config", "--local", "--replace-all", step.name, step.new)
        return
    if step.kind == "file" and os.path.islink(step.name):
        raise GuardError(f"{printable(step.name)} is a symbolic link")
    if step.new is None:
        os.unlink(step.name)
        return
    os.makedirs(os.path.dirname(step.name), exist_ok=True)
    beside = f"{step.name}.drizzle-guard"
    try:
        with open(beside, "wb") as file:
            file.write(bytes_of(step.new))
        if step.kind == "hook":
            os.chmod(beside, 0o755)
        elif os.path.exists(step.name):
            os.chmod(beside, os.stat(step.name).st_mode & 0o777)
        os.replace(beside, step.name)
    except OSError:
        if os.path.exists(beside):
            os.unlink(beside)
        raise
