"""`drizzle-guard demo`: the main job in a throw-away repository, with nothing but Python and git."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from drizzle_guard.drizzle.journal import PATH, Entry, parse_journal
from drizzle_guard.errors import GuardError

if TYPE_CHECKING:
    from git import Repo

_RULER = "-"


@click.command()
@click.option("--keep", is_flag=True, help="Keep the repository and the databases, and say where they are.")
def command(keep: bool) -> int:
    """Show the main job in a throw-away repository.

    Two branches collide; plain git and a repair by hand end in a skipped migration, drizzle-guard does not.  Your own
    repositories and settings are not touched.
    """
    if keep:
        directory = tempfile.mkdtemp(prefix="drizzle-guard-demo-")
        try:
            return _play(Path(directory))
        finally:
            _say("", f"Kept: {directory}", "  repo/ (branches main, by-hand, feature), by-hand.sqlite, feature.sqlite")
    with tempfile.TemporaryDirectory(prefix="drizzle-guard-demo-", ignore_cleanup_errors=True) as directory:
        return _play(Path(directory))


def _play(directory: Path) -> int:
    from drizzle_guard.demo.scene import build, hermetic, merge_guarded, merge_plainly, repair_by_hand

    with hermetic(directory):
        repo = build(directory / "repo")
        try:
            _opening(repo)
            _head("1. Plain git")
            _say("$ git merge main")
            stopped = merge_plainly(repo)
            for path in stopped.conflicts:
                _say(f"CONFLICT in {path}")
            _excerpt(stopped.journal)
            _say("The usual way out: give your own files and entries the next free numbers, mend prevId, commit.")
            repair_by_hand(repo)
            lost = _deploy(repo, directory, "by-hand")
            _say(_bad("Skipped without an error, and every later deploy skips them too."), "")
            _rehearse(repo, good=False)

            _head("2. The same merge with drizzle-guard")
            _say("$ drizzle-guard install && git add .gitattributes && git commit -m drizzle-guard")
            _say("$ git merge main")
            merge_guarded(repo)
            _moved(repo)
            lost = _deploy(repo, directory, "feature")
            if lost:
                raise GuardError("the demo failed: a migration was skipped after drizzle-guard's merge.")
            _say(_good("Nothing was skipped."), "")
            _rehearse(repo, good=True)
        finally:
            repo.close()
    return 0


def _opening(repo: Repo) -> None:
    _say(_bold("Two branches, one Drizzle journal"), "")
    _say("Both branches started at 0000_init and ran `drizzle-kit generate`:")
    for branch, note in (("feature", ""), ("main", "  merged and deployed first")):
        for entry in _entries(repo, branch)[1:]:
            _say(f"  {branch:8} {entry.tag:20} when {entry.when}{note}")
    _say("")


def _excerpt(journal: str) -> None:
    """The journal's conflict as git wrote it, up to the last marker."""
    lines = journal.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("<<<<<<<"))
    last = max(n for n, line in enumerate(lines) if line.startswith(">>>>>>>"))
    for line in lines[first - 3 : last + 2]:
        _say("  | " + (_bad(line) if line[:7] in ("<<<<<<<", "=======", ">>>>>>>") else line))


def _moved(repo: Repo) -> None:
    commits = len(list(repo.iter_commits("feature", first_parent=True)))
    clean = not repo.is_dirty(untracked_files=True)
    if not clean or len(repo.head.commit.parents) != 2 or commits != 4:
        raise GuardError("the demo failed: the merge did not end in one clean merge commit.")
    _say("One merge commit and a clean worktree. main is as it was; your own migrations go behind it:")
    old = {entry.tag.partition("_")[2]: entry for entry in _entries(repo, "feature^1")}
    for entry in _entries(repo, "feature"):
        before = old.get(entry.suffix)
        if before is not None and before != entry:
            _say(f"  {before.tag:18} -> {entry.tag:18}  when {before.when} -> {entry.when}")


def _deploy(repo: Repo, directory: Path, branch: str) -> list[str]:
    """Bring a database to main's state, then migrate it to a branch; returns what was skipped."""
    from drizzle_guard.demo.migrator import migrate, tables
    from drizzle_guard.demo.scene import folder_at

    with closing(sqlite3.connect(directory / f"{branch}.sqlite")) as database:
        done = migrate(database, folder_at(repo, "main"))
        ran = migrate(database, folder_at(repo, branch))
        _say("", "A database that stands at main's state, migrated by drizzle-orm's rule:")
        lost = []
        newest = max(entry.when or 0 for entry in _entries(repo, "main"))
        for entry in _entries(repo, branch):
            if entry.tag in done:
                continue
            if entry.tag in ran:
                _say(f"  {_good('ran')}      {entry.tag}")
            else:
                lost.append(entry.tag)
                _say(f"  {_bad('skipped')}  {entry.tag:20} when {entry.when} is before {newest}, the newest row")
        _say(f"  tables:  {', '.join(tables(database))}")
    return lost


def _rehearse(repo: Repo, *, good: bool) -> None:
    """Rehearse the folder that is checked out: from an empty database, main's state and the common ancestor's."""
    from drizzle_guard.commands.rehearse import rehearsal_of
    from drizzle_guard.demo.scene import FOLDER
    from drizzle_guard.rehearse.report import text

    _say("$ drizzle-guard rehearse")
    rehearsal = rehearsal_of(Path(repo.working_dir, FOLDER), FOLDER, onto="main", driver="libsql")
    _say(text([rehearsal]), *([""] if not good else []))
    if rehearsal.good != good:
        raise GuardError("the demo failed: the rehearsal came out otherwise than the deploy.")


def _entries(repo: Repo, commit: str) -> tuple[Entry, ...]:
    from drizzle_guard.demo.scene import folder_at

    return parse_journal(folder_at(repo, commit)[PATH], PATH).entries


def _head(text: str) -> None:
    _say(_bold(text), _RULER * len(text))


def _say(*lines: str) -> None:
    for line in lines:
        click.echo(line)


def _bold(text: str) -> str:
    return _style(text, bold=True)


def _good(text: str) -> str:
    return _style(text, fg="green")


def _bad(text: str) -> str:
    return _style(text, fg="red")


def _style(text: str, *, fg: str | None = None, bold: bool = False) -> str:
    colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return click.style(text, fg=fg, bold=bold or None) if colours else text
