"""The project's own drizzle-kit: where it is run, through which package manager, and what came of it.

The config of drizzle-kit is code, which Python cannot evaluate; only what its text says plainly is understood.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys

from drizzle_guard.drizzle.config_text import is_config, may_be_config, read_config_text
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.environment import for_other_programs
from drizzle_guard.light import NamedTuple, pattern

#: package manager -> how it runs a program of the project without installing anything
RUNNERS = {
    "npm": ("npx", "--no-install"),
    "pnpm": ("pnpm", "exec"),
    "yarn": ("yarn", "run"),
    "bun": ("bun", "run"),
}
LOCKS = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}
#: what drizzle-kit 0.31 reads without `--config`, in its order
DEFAULT_CONFIGS = ("drizzle.config.ts", "drizzle.config.js", "drizzle.config.json")
_MANAGER = pattern(r'"packageManager"\s*:\s*"(npm|pnpm|yarn|bun)@')
_NO_CHANGES = "No schema changes, nothing to migrate"
_WROTE = pattern(r"Your SQL migration file ➜ (.+?\.sql)")
_ANSI = pattern(r"\x1b\[[0-9;?]*[A-Za-z]")
_MAX_NAME = 50
_LINES_SHOWN = 12


class Kit(NamedTuple):
    """`directory` is where drizzle-kit runs, from the top of the worktree.

    `runner` is how the package manager starts it; `config` is a file in `directory` (None: drizzle-kit's default).
    """

    directory: str
    runner: tuple[str, ...]
    config: str | None

    def generate_command(self, name: str) -> tuple[str, ...]:
        """The command that generates one migration; without a name drizzle-kit makes one up."""
        config = (f"--config={self.config}",) if self.config else ()
        return (*self.runner, "drizzle-kit", "generate", *config, *((f"--name={name}",) if name else ()))

    def shown(self, command: tuple[str, ...]) -> str:
        """A command as one would type it at the top of the worktree."""
        line = shlex.join(command)
        return f"(cd {shlex.quote(self.directory)} && {line})" if self.directory else line


def migration_name(suffixes: list[str]) -> str:
    """The name for one migration in the place of several: all their names, the last if that is too long."""
    joined = "_".join(suffixes)
    name = joined if len(joined) <= _MAX_NAME else suffixes[-1]
    # it passes through the package manager's own command line, on Windows through a shell
    return re.sub(r"[^\w.-]", "_", name)


def find_kit(root: str, folder: str, config: str | None = None) -> Kit:
    """The drizzle-kit that writes `folder` (from `root`, the top of the worktree); `config` is the path of one named.

    It runs in the nearest directory at or above the folder with a `drizzle.config.*`, else with a `package.json` that
    names drizzle-kit.  Raises UsageError if there is none or if it cannot be told which config is the folder's.
    """
    above = _upwards(folder)
    with_config = next((d for d in above if _configs(os.path.join(root, d))), None)
    with_package = next(
        (d for d in above if _read(os.path.join(root, d, "package.json")).find('"drizzle-kit"') >= 0), None
    )
    if config is not None:
        directory = with_package if with_package is not None else with_config if with_config is not None else ""
        inside = os.path.relpath(os.path.join(root, config), os.path.join(root, directory)).replace(os.sep, "/")
        return Kit(directory, _runner(root, directory), inside)
    directory_found = with_config if with_config is not None else with_package
    if directory_found is None:
        raise UsageError(
            f"{printable(folder) or '.'}: no drizzle.config.* and no package.json with drizzle-kit at or above it.",
            "name the config: drizzle-guard regenerate --config FILE",
        )
    chosen = _choose(root, directory_found, folder)
    return Kit(directory_found, _runner(root, directory_found), chosen)


def _upwards(folder: str) -> list[str]:
    """A folder and what is above it, up to the top (empty)."""
    parts = [part for part in folder.split("/") if part]
    return ["/".join(parts[:n]) for n in range(len(parts), -1, -1)]


def _configs(directory: str) -> list[str]:
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    return [n for n in names if may_be_config(n) and is_config(n, _read(os.path.join(directory, n)))]


def _choose(root: str, directory: str, folder: str) -> str | None:
    """The config to name on the command line; None where drizzle-kit finds it by itself."""
    names = _configs(os.path.join(root, directory))
    if not names:
        return None
    inside = os.path.relpath(folder or ".", directory or ".").replace(os.sep, "/")
    said = {name: read_config_text(_read(os.path.join(root, directory, name))).writes(inside) for name in names}
    sure = [name for name in names if said[name]]
    possible = sure or [name for name in names if said[name] is None]
    if len(possible) == 1:
        default = next((name for name in DEFAULT_CONFIGS if name in names), None)
        return None if possible[0] == default else possible[0]
    shown = ", ".join(printable(os.path.join(directory, name)) for name in names)
    told = "more than one may write" if possible else "none says that it writes"
    raise UsageError(
        f"{printable(folder) or '.'}: of {shown}, {told} this folder.",
        "name the one to use: drizzle-guard regenerate --config FILE",
    )


def _runner(root: str, directory: str) -> tuple[str, ...]:
    """By the nearest `packageManager` or lock file; npm's, if there is none."""
    for above in _upwards(directory):
        here = os.path.join(root, above)
        if found := _MANAGER.search(_read(os.path.join(here, "package.json"))):
            return RUNNERS[found[1]]
        for name, manager in LOCKS.items():
            if os.path.exists(os.path.join(here, name)):
                return RUNNERS[manager]
    return RUNNERS["npm"]


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


# -- running


def require_runner(kit: Kit) -> str:
    """The path of the package manager's program.  Raises UsageError if it is not there."""
    path = shutil.which(kit.runner[0])
    if path is None:
        raise UsageError(f"{kit.runner[0]} is not on the PATH; this project's drizzle-kit is run through it.")
    return path


def generate(root: str, kit: Kit, name: str) -> str | None:
    """Run `drizzle-kit generate`; returns the file that it says it wrote, None if it found no changes.

    On a terminal drizzle-kit may ask whether something was renamed, so it gets the terminal, and the answer is "" (it
    is not known what it said).  Raises GuardError with the end of its text; its own exit code is 0 for most errors.
    """
    if sys.stdin.isatty() and sys.stdout.isatty():
        if _run(root, kit, name, capture=False).returncode:
            raise GuardError("drizzle-kit generate failed (it says why above).")
        return ""
    return said(_captured(root, kit, name))


def ask_again(root: str, kit: Kit, name: str) -> None:
    """After a run on the terminal that wrote nothing: make sure that there was nothing to write.  Raises GuardError."""
    said(_captured(root, kit, name))


def said(text: str) -> str | None:
    """The file that a `generate` says it wrote, None for no changes.  Raises GuardError for anything else."""
    if (name := said_it_wrote(text)) is not None:
        return name
    if _NO_CHANGES in text:
        return None
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("at ")]
    hints = [printable(line) for line in lines[-_LINES_SHOWN:]]
    if "Interactive prompts require" in text:
        hints = ["it wants to ask whether something was renamed; run this in a terminal"]
    raise GuardError("drizzle-kit generate failed:", *hints)


def said_it_wrote(text: str) -> str | None:
    """The file that a `generate` says it wrote; None if it names none."""
    found = _WROTE.search(text)
    return None if found is None else found[1]


def plain(output: bytes) -> str:
    """What a program printed, without its colours."""
    return _ANSI.sub("", output.decode("utf-8", "replace"))


def _captured(root: str, kit: Kit, name: str) -> str:
    done = _run(root, kit, name, capture=True)
    text = plain(done.stdout + done.stderr)
    if done.returncode and (_NO_CHANGES in text or said_it_wrote(text)):
        text = f"exit code {done.returncode}"
    return text


def _run(root: str, kit: Kit, name: str, *, capture: bool) -> subprocess.CompletedProcess[bytes]:
    command = (require_runner(kit), *kit.generate_command(name)[1:])
    stdin = subprocess.DEVNULL if capture else None
    return subprocess.run(
        command,
        cwd=os.path.join(root, kit.directory),
        stdin=stdin,
        capture_output=capture,
        env=for_other_programs(),
        check=False,
    )
