"""The edge towards the disk: finds migration folders and reads one as a `Folder`.

The config of drizzle-kit is TypeScript, which Python cannot evaluate; folders are found by their journal instead.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from drizzle_guard.drizzle.folder import MAX_BYTES, Blob, Folder, read_folder, too_large
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.drizzle.runners import SUPABASE, SUPABASE_RUNNER, WRANGLER, Runner, wrangler_runs
from drizzle_guard.drizzle.v1 import SQL, is_v1_name
from drizzle_guard.errors import GuardError, UsageError, printable

_SETTINGS_BYTES = 1024 * 1024
_SKIPPED = frozenset({"node_modules", ".git", ".next", ".turbo", ".venv", "dist"})


def find_folders(root: Path) -> Iterator[Path]:
    """Migration folders (those with `meta/_journal.json`) at or below `root`, sorted; links are not followed."""
    for parent, directories, _ in os.walk(root):
        directories[:] = _inside(parent, directories)
        if os.path.isfile(os.path.join(parent, PATH)):
            yield Path(parent)


def _inside(parent: str, directories: list[str]) -> list[str]:
    """The directories that belong to this checkout, sorted: no worktree or clone inside it, and nothing built."""
    return sorted(d for d in directories if d not in _SKIPPED and not _is_checkout(os.path.join(parent, d)))


def _is_checkout(directory: str) -> bool:
    """Whether a worktree or clone of git's, or a workspace of jj's, begins there."""
    return any(os.path.lexists(os.path.join(directory, name)) for name in (".git", ".jj"))


def find_v1_folders(root: Path) -> Iterator[Path]:
    """Folders in Drizzle v1's layout: no journal, `<14 digits>_<name>/migration.sql` inside."""
    for parent, directories, _ in os.walk(root):
        directories[:] = _inside(parent, directories)
        if not os.path.exists(os.path.join(parent, PATH)) and any(is_v1_name(d) for d in directories):
            if any(os.path.isfile(os.path.join(parent, d, SQL)) for d in directories if is_v1_name(d)):
                yield Path(parent)
            directories[:] = [d for d in directories if not is_v1_name(d)]


def runner_of(folder: Path) -> Runner | None:
    """The other program that runs a folder's files by their names, as the settings at or above it tell."""
    folder = folder.resolve()
    if folder.as_posix().endswith(f"/{SUPABASE}"):
        return SUPABASE_RUNNER
    for place in (folder, *folder.parents):
        for name in WRANGLER:
            inside = Path(os.path.relpath(folder, place)).as_posix()
            found = [
                runner for directory, runner in wrangler_runs(name, _settings(place / name)) if directory == inside
            ]
            if found:
                return found[0]
        if (place / ".git").exists():
            return None
    return None


def _settings(path: Path) -> str:
    try:
        if path.stat().st_size <= _SETTINGS_BYTES:
            return path.read_text("utf-8", "replace")
    except OSError:
        pass
    return ""


def folder_on_disk(folder: Path, name: str | None = None, *, modes: bool = True) -> Folder:
    """The history in a folder on disk; `name` is how messages call it.  Raises UsageError if there is none.

    Without `modes` nobody asks which files are executable: that takes a call to the system for each.
    """
    shown = str(folder) if name is None else name
    if not (folder / PATH).is_file():
        raise UsageError(f"{printable(shown)} is no migration folder: it has no {PATH}.")
    return read_folder(shown, folder_files(folder, shown, modes=modes))


def folder_files(folder: Path, name: str, *, modes: bool = True) -> dict[str, Blob]:
    """The files of a folder and of its `meta/`, by their path inside it; nothing is opened yet."""
    files: dict[str, Blob] = {}
    for directory in ("", "meta"):
        if directory and (folder / directory).is_symlink():
            raise GuardError(
                f"{printable(name)}/{directory} is a symbolic link; drizzle-guard only works on regular files."
            )
        with os.scandir(folder / directory) as found:
            for item in found:
                if item.is_dir(follow_symlinks=False):
                    continue
                path = f"{directory}/{item.name}" if directory else item.name
                if not modes and item.is_file(follow_symlinks=False):
                    mode = "100644"
                else:
                    mode = "120000" if item.is_symlink() else _mode(item.stat().st_mode)
                shown = f"{name}/{path}" if name else path
                files[path] = Blob(partial(_read, item.path, shown), mode=mode, name=shown)
    return files


def _mode(bits: int) -> str:
    """git's mode of what is no link and no directory; git knows nothing but files."""
    return "" if not stat.S_ISREG(bits) else "100755" if bits & 0o100 else "100644"


def _read(path: str, shown: str) -> bytes:
    file = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))  # a Python file costs twice that, 10,000 times
    try:
        size = os.fstat(file).st_size
        if size > MAX_BYTES:
            raise too_large(shown)
        data = os.read(file, size + 1)
        while len(data) != size and (more := os.read(file, MAX_BYTES)):  # only a part came, or it is being written
            data += more
            if len(data) > MAX_BYTES:
                raise too_large(shown)
        return data
    finally:
        os.close(file)
