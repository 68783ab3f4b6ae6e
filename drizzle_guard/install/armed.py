"""Whether a hook of this clone will call drizzle-guard: looked up just as git would run it."""

from __future__ import annotations

import os

from drizzle_guard.git.repository import Repository

#: what must run so that a clean merge, and one that stopped over another file, end in a canonical folder
MERGE_HOOKS = ("post-merge", "pre-commit")
REBASE_HOOKS = ("post-rewrite",)
PICK_HOOKS = ("post-commit",)
ALL_HOOKS = ("pre-commit", "pre-merge-commit", "post-merge", "post-commit", "post-rewrite")

NAME = b"drizzle-guard"
PRE_COMMIT_CONFIG = ".pre-commit-config.yaml"
LEFTHOOK_CONFIGS = tuple(
    f"{dot}lefthook{local}.{end}"
    for dot in ("", ".")
    for local in ("", "-local")
    for end in ("yml", "yaml", "toml", "json")
)


def is_armed(repository: Repository, hooks: tuple[str, ...]) -> bool:
    """Whether every one of these hooks will run and calls drizzle-guard, itself or through a hook manager."""
    return all(calls_us(repository.root, repository.hooks_dir, hook) for hook in hooks)


def calls_us(root: str, directory: str, hook: str) -> bool:
    """Whether one hook calls `drizzle-guard hook`, itself or through a hook manager."""
    path = os.path.join(directory, hook)
    text = _read(path)
    if not text or not os.access(path, os.X_OK):
        return False
    if _names(text, hook):
        return True
    if b"pre-commit" in text and b"hook-type" in text:
        # a hook that was there before is kept beside it, and runs first
        configured = b"drizzle-guard-renumber" in _read(os.path.join(root, PRE_COMMIT_CONFIG))
        return configured or _names(_read(f"{path}.legacy"), hook)
    if b"lefthook" in text:
        return any(_names(_read(os.path.join(root, name)), hook) for name in LEFTHOOK_CONFIGS)
    # husky 9 puts stubs into `.husky/_`, which run the file of the same name one directory up
    return os.path.basename(directory) == "_" and _names(_read(os.path.join(os.path.dirname(directory), hook)), hook)


def _names(text: bytes, hook: str) -> bool:
    """Whether a file has our finishing step for this hook, and not only another command of ours."""
    return NAME in text and b"hook " + hook.encode() in text


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 20)
    except OSError:
        return b""
