"""Whether a hook of this clone will call drizzle-guard: looked up just as git would run it."""

from __future__ import annotations

import os

from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import text_of
from drizzle_guard.install.shell_lines import PROGRAM_KEY, asks_settings, plain_hook_program

#: what must run so that a clean merge, and one that stopped over another file, end in a canonical folder
MERGE_HOOKS = ("post-merge", "pre-commit")
REBASE_HOOKS = ("post-rewrite",)
PICK_HOOKS = ("post-commit",)
FINISHING_HOOKS = ("pre-commit", "pre-merge-commit", "post-merge", "post-commit", "post-rewrite")
ALL_HOOKS = (*FINISHING_HOOKS, "pre-push")

NAME = b"drizzle-guard"
#: in the hooks that husky 4 and yorkie make of what package.json says (`install.package_json`)
_PACKAGE_JSON = (b"husky.sh", b"yorkie")
PRE_COMMIT_CONFIG = ".pre-commit-config.yaml"
LEFTHOOK_CONFIGS = tuple(
    f"{dot}lefthook{local}.{end}"
    for dot in ("", ".")
    for local in ("", "-local")
    for end in ("yml", "yaml", "toml", "json")
)


def is_armed(repository: Repository, hooks: tuple[str, ...]) -> bool:
    """Whether every one of these hooks calls drizzle-guard, itself or through a hook manager, as far as its text says.

    Whether a manager will reach that line is another question: `is_sure`.
    """
    return all(calls_us(repository.root, repository.hooks_dir, hook) for hook in hooks)


def is_sure(repository: Repository, hooks: tuple[str, ...]) -> bool:
    """Whether git itself runs every one of these hooks, with nothing in between that could stand in the way.

    That is: the files are those that `install` wrote, their program is there, and no merge can change them.
    """
    directory = repository.hooks_dir
    if os.path.realpath(directory).startswith(os.path.realpath(repository.root) + os.sep) and not os.path.realpath(
        directory
    ).startswith(os.path.realpath(repository.common_dir) + os.sep):
        return False
    return all(_is_ours_and_runs(repository, os.path.join(directory, hook)) for hook in hooks)


def _is_ours_and_runs(repository: Repository, path: str) -> bool:
    text = text_of(_read(path))
    program = repository.config(PROGRAM_KEY) if asks_settings(text) else plain_hook_program(text)
    return program is not None and os.access(path, os.X_OK) and os.path.isfile(program)


def calls_us(root: str, directory: str, hook: str, *, protect: bool = False) -> bool:
    """Whether one hook calls `drizzle-guard hook` (or `drizzle-guard protect`), itself or through a hook manager."""
    path = os.path.join(directory, hook)
    text = _read(path)
    if not text or not os.access(path, os.X_OK):
        return False
    if names(text, hook, protect):
        return True
    if b"pre-commit" in text and b"hook-type" in text:
        # a hook that was there before is kept beside it, and runs first
        wanted = b"drizzle-guard-protect" if protect else b"drizzle-guard-renumber"
        configured = wanted in _without_comments(_read(os.path.join(root, PRE_COMMIT_CONFIG)))
        return configured or names(_read(f"{path}.legacy"), hook, protect)
    if b"lefthook" in text:
        return any(names(_read(os.path.join(root, name)), hook, protect) for name in LEFTHOOK_CONFIGS)
    if any(sign in text for sign in _PACKAGE_JSON):
        from drizzle_guard.install.package_json import keeper_files  # late, and rare

        return any(names(_read(os.path.join(root, name)), hook, protect) for name in keeper_files(text))
    # husky 9 puts stubs into `.husky/_`, which run the file of the same name one directory up
    outer = os.path.join(os.path.dirname(directory), hook)
    return os.path.basename(directory) == "_" and names(_read(outer), hook, protect)


def names(text: bytes, hook: str, protect: bool) -> bool:
    """Whether a file has our finishing step for this hook (or protects in it), outside of comments."""
    text = _without_comments(text)
    if NAME not in text:
        return False
    line = next((line for line in text.split(b"\n") if b"hook " + hook.encode() in line), None)
    if not protect:
        return line is not None
    return b"drizzle-guard protect" in text or (line is not None and b"--protect" in line)


def _without_comments(text: bytes) -> bytes:
    return b"\n".join(line for line in text.split(b"\n") if not line.lstrip().startswith(b"#"))


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""
