"""Whether this clone is armed, part by part: what `install --check` says.

It asks what a merge, a rebase, a commit and a push would meet here, not whether `install` would write something: a
branch that was cut before the mainline got its `.gitattributes` is covered by this clone's own attributes.
"""

from __future__ import annotations

import os
import subprocess

from drizzle_guard.git.environment import for_git
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of
from drizzle_guard.install import lefthook
from drizzle_guard.install.armed import (
    ALL_HOOKS,
    LEFTHOOK_CONFIGS,
    MERGE_HOOKS,
    PICK_HOOKS,
    REBASE_HOOKS,
    is_sure,
    names,
)
from drizzle_guard.install.attributes import missing_line_ends, uncovered
from drizzle_guard.install.managers import (
    advice,
    can_be_added,
    husky_directory,
    lefthook_config,
    silent_hooks,
    unreached_line,
)
from drizzle_guard.install.package_json import find_keeper
from drizzle_guard.install.shell_lines import (
    MARK,
    driver_program,
    executable,
    is_driver_of_ours,
    is_plain_hook,
    plain_hook_program,
)
from drizzle_guard.install.step import read
from drizzle_guard.install.steps import SECTION, Wanted, is_foreign_directory
from drizzle_guard.light import NamedTuple

_SHORT_PATH = "/usr/local/bin:/usr/bin:/bin"


class Part(NamedTuple):
    """One part of an armed clone, and the one step that adds it if it is missing."""

    name: str
    is_there: bool
    step: str = ""
    notes: tuple[str, ...] = ()


def missing_parts(repository: Repository, wanted: Wanted) -> list[Part]:
    """What is missing."""
    return [part for part in parts(repository, wanted) if not part.is_there]


def parts(repository: Repository, wanted: Wanted, *, try_hooks: bool = False) -> list[Part]:
    """All parts; `try_hooks` starts the program of the hooks as a graphical client would."""
    found = [_driver(repository), _attributes(repository)]
    if wanted.hooks and not repository.is_bare:
        found += _hooks(repository, wanted, try_hooks)
    return found


def _driver(repository: Repository) -> Part:
    line = repository.config(f"{SECTION}.driver")
    name = f"merge driver (config {SECTION}.driver)"
    if line is None:
        return Part(name, False, "drizzle-guard install")
    program = driver_program(line)
    is_there = not is_driver_of_ours(line) or _is_program(program) or _which() is not None
    notes = () if is_there else (f"{program or MARK} is not there, and not on the PATH",)
    step = "" if is_there else "drizzle-guard install" if executable() else "put drizzle-guard on the PATH"
    return Part(name, is_there, step, notes)


def _is_program(path: str | None) -> bool:
    return path is not None and os.path.isfile(path) and os.access(path, os.X_OK)


def _which(path: str | None = None) -> str | None:
    from shutil import which

    return which(MARK, path=path)


def _attributes(repository: Repository) -> Part:
    missing = uncovered(repository)
    step = "drizzle-guard install" if missing else ""
    later = () if missing or repository.is_bare else missing_line_ends(repository)
    notes = (*missing, *(f"not in .gitattributes yet, drizzle-guard install adds it: {line}" for line in later))
    return Part("attributes (.gitattributes or .git/info/attributes)", not missing, step, notes)


def _hooks(repository: Repository, wanted: Wanted, try_hooks: bool) -> list[Part]:
    silent = silent_hooks(repository, protect=False)
    quiet = silent_hooks(repository, protect=True) if wanted.protect else []
    dark = {hook: why for hook in ALL_HOOKS if (why := _unreached(repository, hook))}
    step = _step(repository, wanted)
    found = []
    for what, hooks in (("a merge", MERGE_HOOKS), ("a rebase", REBASE_HOOKS), ("a cherry-pick", PICK_HOOKS)):
        missing = [hook for hook in hooks if hook in silent or hook in dark]
        notes = [f"{hook}: its line may not be reached: {dark[hook]}" for hook in missing if hook in dark]
        name = f"hooks that finish {what} ({', '.join(hooks)})"
        unsaid = [hook for hook in missing if hook in silent]
        then = step if unsaid or not missing else _reach(repository, missing[0])
        found.append(Part(name, not missing, then if missing else "", tuple(notes)))
    if wanted.protect:
        for hook, what in (("pre-commit", "commit"), ("pre-push", "push")):
            found.append(Part(f"protect at every {what} ({hook})", hook not in quiet, step if hook in quiet else ""))
    if try_hooks:
        found.append(_program(repository))
    return found


def _step(repository: Repository, wanted: Wanted) -> str:
    """The one step that adds the hooks."""
    if is_foreign_directory(repository) and not wanted.global_hooks:
        return "git config --local core.hooksPath .git/hooks"
    theirs = advice(repository, protect=wanted.protect)
    lines = next((lines for lines in theirs if lines.then and not lines.lines), None)
    if lines is not None:
        return lines.then
    if theirs and all(can_be_added(lines) for lines in theirs):
        return "drizzle-guard install --yes"
    hooks = [hook for hook in silent_hooks(repository, protect=wanted.protect) if _is_theirs(repository, hook)]
    own = [os.path.relpath(os.path.join(repository.hooks_dir, hook), repository.root) for hook in hooks]
    where = ", ".join(dict.fromkeys([lines.file for lines in theirs] or own))
    return f"drizzle-guard install\nthen add the lines that it shows to {where}" if where else "drizzle-guard install"


def _reach(repository: Repository, hook: str) -> str:
    """What to do where our line is there, and something before it may end the hook."""
    husky = husky_directory(repository) if os.path.basename(repository.hooks_dir) == "_" else None
    file = os.path.join(husky or repository.hooks_dir, hook)
    keeper = find_keeper(repository.root, repository.hooks_dir) if husky is None else None
    text = read(file) or ""
    where = keeper.file if keeper else lefthook_config(repository) if "lefthook" in text else None
    place = where or os.path.relpath(file, repository.root)
    return f"let nothing in {place} keep the line of drizzle-guard from being reached (-v shows what does)"


def _is_theirs(repository: Repository, hook: str) -> bool:
    """Whether there is a hook that `install` leaves alone."""
    text = read(os.path.join(repository.hooks_dir, hook))
    return text is not None and not is_plain_hook(text)


def _unreached(repository: Repository, hook: str) -> str | None:
    """What may keep the line of a hook that is not ours from being reached."""
    file = os.path.join(repository.hooks_dir, hook)
    husky = husky_directory(repository)
    if husky is not None and os.path.basename(repository.hooks_dir) == "_":
        file = os.path.join(husky, hook)
    text = read(file)
    if text is None or is_plain_hook(text):
        return None
    if husky is None and (keeper := find_keeper(repository.root, repository.hooks_dir)):
        text = keeper.commands.get(hook, "")  # the rest is the manager's
    if names(bytes_of(text), hook, False) and (line := unreached_line(text)):
        return line
    if "lefthook" in text:
        names_there = (name for name in LEFTHOOK_CONFIGS if os.path.exists(os.path.join(repository.root, name)))
        texts = ((name, read(os.path.join(repository.root, name)) or "") for name in names_there)
        return next((why for name, text in texts if (why := _skipped_by_lefthook(name, text, hook))), None)
    return None


def _skipped_by_lefthook(name: str, text: str, hook: str) -> str | None:
    """What in one of lefthook's files (the local one, too) may keep it from our job."""
    group = lefthook.read(name, text).get(hook)
    if not isinstance(group, dict):
        return None
    commands = group.get("commands")
    jobs = [*(group.get("jobs") or ()), *(commands.values() if isinstance(commands, dict) else ())]
    ours = [job for job in jobs if isinstance(job, dict) and MARK in str(job.get("run", ""))]
    for owner in (group, *ours):
        for key in ("skip", "only", "exclude_tags"):
            if owner.get(key):
                return f"{key}: {owner[key]}"
    return None


def _program(repository: Repository) -> Part:
    """Try the program that the hooks call, as a graphical client does it: with a short PATH."""
    sure = is_sure(repository, MERGE_HOOKS)
    text = read(os.path.join(repository.hooks_dir, MERGE_HOOKS[0])) if sure else None
    program = plain_hook_program(text) if text else repository.config("drizzle-guard.program")
    program = program if _is_program(program) else _which(_SHORT_PATH)
    name = f"the program that the hooks start, also where the PATH is short (graphical clients: {_SHORT_PATH})"
    if program is None:
        return Part(name, False, "drizzle-guard install", ("a hook does not find drizzle-guard there",))
    env = {**for_git(), "PATH": _SHORT_PATH}
    done = subprocess.run([program, "--version"], env=env, capture_output=True, check=False)
    if done.returncode:
        return Part(name, False, "install drizzle-guard again, then:\ndrizzle-guard install", (f"{program} is broken",))
    return Part(name, True, notes=(program,))
