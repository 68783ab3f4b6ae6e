"""Say what a repository with a hook manager (husky, lefthook, pre-commit, one in package.json) needs to call us.

Their hooks are files of the repository, shared by the team.  husky runs one file a hook, so `install` can add the ones
that are missing.  What a person wrote is theirs: there the lines are shown, and added on their word.
Tried out with husky 9.1, lefthook 2.2 and pre-commit 4.7.
"""

from __future__ import annotations

import os

from drizzle_guard import __version__
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of, text_of
from drizzle_guard.install import lefthook, package_json
from drizzle_guard.install.armed import ALL_HOOKS, LEFTHOOK_CONFIGS, PRE_COMMIT_CONFIG, calls_us
from drizzle_guard.install.shell_lines import MARK, PROTECTING, guarded
from drizzle_guard.light import NamedTuple

#: stands for the account that drizzle-guard is published under: there is none yet
OWNER = "OWNER"
#: where the pre-commit framework fetches drizzle-guard from
SOURCE = f"https://github.com/{OWNER}/drizzle-guard"
#: said where SOURCE is shown
ABOUT_SOURCE = f"{OWNER} stands for the account that publishes drizzle-guard: write its name there."


class Lines(NamedTuple):
    """What a person is to add to a file: the file (from the repository's top), the lines, the command to run then.

    `hook` and `keys`: the lines go first below these keys of a hook that lefthook's file has already.
    `replaces`: what stands there under the same names is in the lines.
    """

    file: str
    lines: tuple[str, ...]
    then: str = ""
    hook: str = ""
    keys: str = ""
    replaces: bool = False


def husky_directory(repository: Repository) -> str | None:
    """The directory with husky's hooks; None if the repository has no husky.

    husky 9 sets `core.hooksPath` to its subdirectory `_`, whose stubs run the file of the same name one level up.
    """
    hooks = repository.hooks_dir
    if os.path.basename(hooks) == "_" and os.path.isfile(os.path.join(hooks, "h")):
        return os.path.dirname(hooks)
    default = os.path.join(repository.root, ".husky")
    return default if os.path.isdir(default) and not os.path.islink(default) else None


def silent_hooks(repository: Repository, *, protect: bool) -> list[str]:
    """The hooks that do not call us as they should: to finish, and (those that can) to protect."""
    root, directory = repository.root, repository.hooks_dir
    found = []
    for hook in ALL_HOOKS:
        if hook == "pre-push":
            calls = not protect or calls_us(root, directory, hook, protect=True)
        else:
            calls = calls_us(root, directory, hook)
            calls = calls and (not protect or hook not in PROTECTING or calls_us(root, directory, hook, protect=True))
        if not calls:
            found.append(hook)
    return found


def advice(repository: Repository, *, protect: bool = True) -> list[Lines]:
    """What the user has to add to files that are theirs."""
    root = repository.root
    silent = silent_hooks(repository, protect=protect)
    found: list[Lines] = []
    husky = husky_directory(repository)
    if husky is not None:
        for hook in ALL_HOOKS:
            file = os.path.join(husky, hook)
            if os.path.exists(file) and not _has(_read(file), hook, protect):
                found.append(Lines(os.path.relpath(file, root), (guarded(hook, protect=protect),)))
        if not found and silent:
            found.append(Lines("", (), "npx husky"))
    keeper = package_json.find_keeper(root, repository.hooks_dir) if husky is None else None
    if keeper is not None and silent:
        found.append(_package_json_advice(keeper, silent, protect))
    name = lefthook_config(repository)
    if name is not None:
        found += _lefthook_advice(repository, name, silent, protect)
    config = os.path.join(root, PRE_COMMIT_CONFIG)
    if os.path.exists(config) and f"{MARK}-renumber" not in _read(config):
        found.append(Lines(PRE_COMMIT_CONFIG, pre_commit_lines(), "pre-commit install"))
    elif os.path.exists(config) and not (husky or name or keeper) and (silent or not _is_installed(repository)):
        found.append(Lines("", (), pre_commit_command()))
    return found


def _is_installed(repository: Repository) -> bool:
    """Whether the framework's hooks are in this clone; hooks of its own may stand there instead."""
    return "hook-type" in _read(os.path.join(repository.hooks_dir, "pre-commit"))


def lefthook_config(repository: Repository) -> str | None:
    """The configuration of lefthook; None if the repository has none."""
    return next((name for name in LEFTHOOK_CONFIGS if os.path.exists(os.path.join(repository.root, name))), None)


def _package_json_advice(found: package_json.Found, silent: list[str], protect: bool) -> Lines:
    """The members that the manager's list of hooks lacks."""
    keeper = found.keeper
    rows = []
    for hook in silent:
        stdin = keeper.stdin if hook == "pre-push" else ""
        line = guarded(hook, protect=protect, args=keeper.params, stdin=stdin)
        rows.append(package_json.row(found, hook, line))
    end = [","] * (len(rows) - 1) + [""]
    lines = tuple(f"{row}{comma}" for row, comma in zip(rows, end, strict=True))
    return Lines(found.file, lines, keeper.then, keys=".".join(found.keys), replaces=True)


def _lefthook_advice(repository: Repository, name: str, silent: list[str], protect: bool) -> list[Lines]:
    """What lefthook's configuration lacks: new hooks, and a job in each hook that it has; the command comes last.

    Hooks that stand in `.git/hooks` beside it are this clone's alone: the team has what the configuration says.
    """
    texts = [text for file in LEFTHOOK_CONFIGS if (text := _read(os.path.join(repository.root, file)))]
    lacking = [hook for hook in ALL_HOOKS if not any(_has(text, hook, protect) for text in texts)]
    if not lacking and not silent:
        return []
    text = _read(os.path.join(repository.root, name))
    there = [hook for hook in lefthook.hooks_there(name, text) if hook in lacking]
    new = [hook for hook in lacking if hook not in there]
    found = [Lines(name, lefthook.new_hooks(name, new, protect=protect))] if new or not lacking else []
    for hook in there:
        place = lefthook.place(name, text, hook, protect=protect)
        found.append(Lines(name, place.lines, hook=hook, keys=place.keys))
    return [*found[:-1], found[-1]._replace(then="npx lefthook install")]


def can_be_added(lines: Lines) -> bool:
    """Whether `install --yes` adds these lines by itself; not what somebody has to complete first."""
    name = os.path.basename(lines.file)
    return name in ALL_HOOKS or (name in LEFTHOOK_CONFIGS and name.endswith((".yml", ".yaml")))


def pre_commit_block() -> tuple[str, ...]:
    """Our entry below `repos:`."""
    return (
        f"  - repo: {SOURCE}",
        f"    rev: v{__version__}",
        "    hooks:",
        *(f"      - id: {MARK}-{name}" for name in ("renumber", "protect", "check")),
    )


def pre_commit_lines() -> tuple[str, ...]:
    """For `.pre-commit-config.yaml`."""
    return (f"default_install_hook_types: [{', '.join(ALL_HOOKS)}]", "repos:", *pre_commit_block())


def pre_commit_command() -> str:
    """What puts the framework's hooks into a clone, for all stages that we need."""
    return "pre-commit install " + " ".join(f"-t {hook}" for hook in ALL_HOOKS)


def configs_that_name_us(repository: Repository) -> list[str]:
    """The managers' files with lines of ours that a person has added."""
    names = (PRE_COMMIT_CONFIG, *LEFTHOOK_CONFIGS)
    return [name for name in names if MARK in _read(os.path.join(repository.root, name))]


def prepare_line(repository: Repository) -> str | None:
    """The npm script that arms every clone on `npm install`; None if there is no package.json or it has that.

    Yarn 2 and later run no `prepare` (tried with yarn 4.18).  `postinstall` is only for a private package: others would
    run it where it is installed.
    """
    import json

    text = _read(os.path.join(repository.root, "package.json"))
    if not text:
        return None
    try:
        package = json.loads(text)
        if any(MARK in str(script) for script in package.get("scripts", {}).values()):
            return None
        script = "postinstall" if package.get("private") is True and _is_yarn_2(repository, package) else "prepare"
        old = package.get("scripts", {}).get(script, "")
    except (ValueError, AttributeError, RecursionError):
        return None
    # `exit 0` is known to sh and to cmd: without drizzle-guard, npm install goes on
    arm = f"({MARK} install || exit 0)" if old else f"{MARK} install || exit 0"
    return json.dumps({script: f"{old} && {arm}" if old else arm})[1:-1]


def _is_yarn_2(repository: Repository, package: dict[str, object]) -> bool:
    """Whether the repository is installed with Yarn 2 or later."""
    name, _, version = str(package.get("packageManager", "")).partition("@")
    if name:
        return name == "yarn" and not version.startswith(("0.", "1."))
    return os.path.isfile(os.path.join(repository.root, ".yarnrc.yml"))


def unreached_line(text: str) -> str | None:
    """What may end a hook of the user's before our line is reached, as that line; None if nothing is seen."""
    import re

    for line in text.splitlines():
        plain = line.strip()
        if plain.startswith("#"):
            continue
        if MARK in plain:
            return None
        if re.search(r"(^|[;&|{(]\s*|\b(then|else|do)\s+)(exit|return|exec)\b", plain):
            return plain
    return None


def _has(text: str, hook: str, protect: bool) -> bool:
    from drizzle_guard.install.armed import names

    if hook == "pre-push" and not protect:
        return True
    data = bytes_of(text)
    finishes = hook == "pre-push" or names(data, hook, False)
    return finishes and (not protect or hook not in PROTECTING or names(data, hook, True))


def _read(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return text_of(file.read(1 << 20))
    except OSError:
        return ""
