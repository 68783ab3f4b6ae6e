"""Doing what `regenerate` does: all of it, or everything is put back."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from drizzle_guard.drizzle.folder import BUNDLE, Blob, join, read_folder
from drizzle_guard.drizzle.journal import PATH, Entry, parse_journal, snapshot_path, sql_path
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.backup import Backup
from drizzle_guard.git.folders import files_in_index
from drizzle_guard.git.handoff import regenerated
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.saved import SAVED, save
from drizzle_guard.git.text import text_of
from drizzle_guard.git.worktree import apply
from drizzle_guard.light import NamedTuple
from drizzle_guard.regenerate import kit as kits
from drizzle_guard.regenerate.kit import Kit
from drizzle_guard.regenerate.tasks import Task, shown, starts_with, unmerged_paths
from drizzle_guard.replay.plan import Refusal
from drizzle_guard.replay.replay import plan

_AGAIN = "drizzle-guard regenerate"
#: what a schema can be written in; a page (`.tsx`) is none
_SOURCE = (".ts", ".mts", ".cts", ".js", ".mjs", ".cjs")
_CONFIGURATION = ("package.json", "tsconfig.json", "drizzle.config.json")


class Done(NamedTuple):
    """What came of a task: the new migration (None: there was nothing to generate), its SQL, the saved files."""

    entry: Entry | None
    sql: bytes
    saved: tuple[str, ...]


def refuse_obstacles(repository: Repository, tasks: Sequence[Task]) -> None:
    """Raises GuardError for what would make drizzle-kit fail or read a wrong state."""
    folders = [task.folder for task in tasks]
    unmerged = sorted(p for p in unmerged_paths(repository) if _is_source(p) and not _is_inside(p, folders))
    if unmerged:
        raise GuardError(
            f"{', '.join(printable(path) for path in unmerged)}: still in conflict; drizzle-kit reads the schema.",
            "Resolve that first, then:",
            printable(shlex.join(["git", "add", *unmerged])),
            _AGAIN,
        )
    for task in tasks:
        start = join(task.folder, "meta")
        listed = repository.git("ls-files", "-o", "-z", "--", f":(top,literal){start}")
        for path in text_of(listed).split("\0"):
            name = os.path.basename(path)
            if path and not name.startswith("_"):
                raise GuardError(
                    f"{printable(path)} is not tracked by git, and drizzle-kit would read it.",
                    "move it away; then try again",
                )
    if os.path.islink(os.path.join(repository.root, SAVED)):
        raise GuardError(f"{SAVED} is a symbolic link; nothing is saved through it.")


def _is_source(path: str) -> bool:
    return path.endswith(_SOURCE) or os.path.basename(path) in _CONFIGURATION


def _is_inside(path: str, folders: Sequence[str]) -> bool:
    return any(path == join(folder, BUNDLE) or path.startswith(join(folder, "meta/")) for folder in folders)


def regenerate(repository: Repository, task: Task, kit: Kit) -> Done:
    """Take the kept folder, run drizzle-kit, stage what it wrote.  Raises GuardError, with everything as it was."""
    with Backup(repository, task.folder) as backup:
        saved: list[str] = []
        try:
            for migration in task.save:
                assert migration.sql is not None
                saved += save(repository, migration.tag, migration.sql.data)
            apply(repository, task.folder, wanted_files(repository, task), task.versions, again=_AGAIN)
            done = _generate(repository, task, kit)
            repository.write_blob(regenerated(repository, task.folder))  # so that `protect` lets it pass
        except BaseException as error:  # Ctrl-C, too
            backup.restore()
            for path in saved:
                os.unlink(os.path.join(repository.root, path))
            _remove_if_empty(os.path.join(repository.root, SAVED))
            if isinstance(error, GuardError):
                raise GuardError(error.message, *error.hints, "Everything was put back.") from None
            raise
    return done._replace(saved=tuple(saved))


def wanted_files(repository: Repository, task: Task) -> dict[str, Blob | None]:
    """The kept folder: every file of a migration of any side, and all of `meta/`, since drizzle-kit reads all of it."""
    paths = {PATH}
    for history in (*task.versions, task.kept):
        paths.update(path for e in history.entries for path in (sql_path(e.tag), snapshot_path(e.prefix)))
        paths.update(path for path in history.files if path.startswith("meta/") or path == BUNDLE)
    paths.update(path for path in files_in_index(repository, task.folder) if path.startswith("meta/"))
    return {path: task.kept.files.get(path) for path in sorted(paths)}


def _generate(repository: Repository, task: Task, kit: Kit) -> Done:
    wrote = kits.generate(repository.root, kit, task.name)
    directory = os.path.join(repository.root, task.folder)
    entries = _entries_on_disk(directory, task)
    new = entries[len(task.kept.entries) :]
    if not starts_with(entries, task.kept.entries) or len(new) > 1:
        raise GuardError("drizzle-kit changed entries that were there before.")
    if not new and wrote:
        raise GuardError(
            f"drizzle-kit wrote {printable(wrote)}, which is not in {shown(task.folder)}; remove that file.",
            "name the folder's config: drizzle-guard regenerate --config FILE",
        )
    if not new:
        if wrote == "":
            kits.ask_again(repository.root, kit, task.name)
        return Done(None, b"", ())
    return _stage(repository, task, directory, new[0])


def _stage(repository: Repository, task: Task, directory: str, entry: Entry) -> Done:
    """Put what drizzle-kit wrote through the core, so that it also runs after a `when` in the future, and stage it."""
    files = dict(task.kept.files)
    for path in (PATH, sql_path(entry.tag), snapshot_path(entry.prefix), BUNDLE):
        if path != PATH and path != BUNDLE and path in files:
            raise GuardError(f"drizzle-kit wrote {printable(join(task.folder, path))}, which was there before.")
        if os.path.isfile(os.path.join(directory, path)):
            with open(os.path.join(directory, path), "rb") as file:
                files[path] = Blob.of(file.read(), join(task.folder, path))
    made = read_folder(task.folder, files)
    outcome = plan(task.kept, task.kept, made, layout=task.kept.journal if task.kept.entries else made.journal)
    if isinstance(outcome, Refusal):
        raise GuardError(f"{shown(task.folder)}: {outcome.sentence}")
    apply(repository, task.folder, outcome.files, (task.kept, made), again=_AGAIN)
    refresh(repository)
    last = outcome.journal.entries[-1]
    sql = outcome.files[sql_path(last.tag)]
    return Done(last, b"" if sql is None else sql.data, ())


def refresh(repository: Repository) -> None:
    """Let git look at files that it did not write; with stale times in the index, `git merge --abort` would refuse."""
    repository.run("update-index", "-q", "--refresh")


def _entries_on_disk(directory: str, task: Task) -> tuple[Entry, ...]:
    try:
        with open(os.path.join(directory, PATH), "rb") as file:
            return parse_journal(file.read(), join(task.folder, PATH)).entries
    except FileNotFoundError:
        return ()


def _remove_if_empty(directory: str) -> None:
    if os.path.isdir(directory) and not os.listdir(directory):
        os.rmdir(directory)
