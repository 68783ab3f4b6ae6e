"""simple-git-hooks, husky 4 and yorkie: managers that write every file in `.git/hooks` from `package.json`.

A line in such a file would be gone with the next `npm install`, and simple-git-hooks deletes the hooks that are not in
its list.  So nothing is written there: the lines for `package.json` are shown, each before the team's own command.
Tried out with simple-git-hooks 2.13, husky 4.3 and yorkie 2.0.
"""

from __future__ import annotations

import json
import os

from drizzle_guard.light import NamedTuple


class Keeper(NamedTuple):
    """A manager that keeps its hooks in `package.json`.

    `key` leads to them; `sign` is in each hook that it writes; `files` are where they may stand instead; `params` is
    what git gave to the hook, and `stdin` prints what git wrote to it, where the manager takes that away.
    """

    name: str
    key: tuple[str, ...]
    sign: bytes
    files: tuple[str, ...]
    params: str
    stdin: str = ""
    then: str = ""


KEEPERS = (
    Keeper(
        "simple-git-hooks",
        ("simple-git-hooks",),
        b"SIMPLE_GIT_HOOKS",
        tuple(f"{dot}simple-git-hooks.{end}" for dot in (".", "") for end in ("json", "js", "cjs")),
        '"$@"',
        then="npx simple-git-hooks",
    ),
    Keeper(
        "husky 4",
        ("husky", "hooks"),
        b"husky.sh",
        (".huskyrc", ".huskyrc.json", ".huskyrc.js", "husky.config.js"),
        "$HUSKY_GIT_PARAMS",
        """printf '%s\\n' "${HUSKY_GIT_STDIN-}" | """,
    ),
    Keeper("yorkie", ("gitHooks",), b"yorkie", (), "$GIT_PARAMS"),
)


class Found(NamedTuple):
    """A manager, the file in which its hooks stand, the keys that lead to them there, and the team's commands."""

    keeper: Keeper
    file: str
    keys: tuple[str, ...]
    commands: dict[str, str]


def find_keeper(root: str, hooks_dir: str) -> Found | None:
    """The manager that writes this clone's hooks from `package.json`; None if none does."""
    package = _load(os.path.join(root, "package.json"))
    for keeper in KEEPERS:
        inside = _inside(package, keeper.key)
        is_set = keeper.name == "simple-git-hooks" and inside is not None
        if not is_set and not _has_sign(hooks_dir, keeper.sign):
            continue
        if inside is not None:
            return Found(keeper, "package.json", keeper.key, inside)
        for name in keeper.files:
            if os.path.isfile(os.path.join(root, name)):
                keys = keeper.key[1:]
                return Found(keeper, name, keys, _inside(_load(os.path.join(root, name)), keys) or {})
        return Found(keeper, "package.json", keeper.key, {})
    return None


def keeper_files(text: bytes) -> tuple[str, ...]:
    """The files in which the commands stand of which a manager made this hook; none if it is no such hook."""
    return next((("package.json", *keeper.files) for keeper in KEEPERS if keeper.sign in text), ())


def row(found: Found, hook: str, line: str) -> str:
    """The member for one hook: our line, then what the team has there."""
    command = found.commands.get(hook)
    return f"{json.dumps(hook)}: {json.dumps(f'{line}; {command}' if command else line)}"


def _inside(value: object, keys: tuple[str, ...]) -> dict[str, str] | None:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return {k: str(v) for k, v in value.items()} if isinstance(value, dict) else None


def _load(path: str) -> object:
    try:
        with open(path, "rb") as file:
            return json.loads(file.read(1 << 20))
    except (OSError, ValueError, RecursionError):
        return None


def _has_sign(hooks_dir: str, sign: bytes) -> bool:
    for hook in ("pre-commit", "post-merge"):
        try:
            with open(os.path.join(hooks_dir, hook), "rb") as file:
                if sign in file.read(1 << 16):
                    return True
        except OSError:
            continue
    return False
