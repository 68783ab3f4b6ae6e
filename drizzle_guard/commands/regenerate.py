"""`drizzle-guard regenerate`: the way out of a refused merge, with the project's own drizzle-kit."""

from __future__ import annotations

import difflib
import os
import shlex

import click

from drizzle_guard.commands.opened import open_repository
from drizzle_guard.drizzle.folder import BUNDLE, join
from drizzle_guard.errors import printable
from drizzle_guard.git.folders import files_at, files_in_index
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.saved import SAVED
from drizzle_guard.git.worktree import changes
from drizzle_guard.regenerate.kit import Kit, find_kit, require_runner
from drizzle_guard.regenerate.run import Done, refresh, refuse_obstacles, regenerate, wanted_files
from drizzle_guard.regenerate.tasks import Task, find_tasks
from drizzle_guard.sql.statements import decode


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--onto", metavar="REF", help="The mainline, whose migrations stay.")
@click.option("--config", metavar="FILE", help="drizzle-kit's config, where it cannot be told.")
@click.option("--dry-run", is_flag=True, help="Show the commands.")
def command(paths: tuple[str, ...], onto: str | None, config: str | None, dry_run: bool) -> int:
    """Take the mainline's folder and generate the branch's migrations again.

    For a merge, rebase or cherry-pick that was refused: resolve the schema first, then run this.  It keeps the
    mainline's migration folder, sets the branch's own migrations aside, runs the project's drizzle-kit once, stages
    what it wrote and shows what differs.  PATHS limit it to some folders.
    """
    with open_repository() as repository:
        tasks, notes = find_tasks(repository, paths, onto)
        for note in notes:
            click.echo(note)
        if notes and not dry_run:
            refresh(repository)  # a run that was killed at its end left that out
        refuse_obstacles(repository, tasks)
        inside = (
            None if config is None else os.path.relpath(os.path.realpath(config), os.path.realpath(repository.root))
        )
        planned = [(task, find_kit(repository.root, task.folder, inside)) for task in tasks]
        for task, kit in planned:
            require_runner(kit)
            if dry_run:
                _show_commands(repository, task, kit)
            else:
                click.echo(f"{_head(task)}\n$ {printable(kit.shown(kit.generate_command(task.name)))}")
                _show(task, kit, regenerate(repository, task, kit))
        if not tasks and not notes:
            click.echo("nothing to regenerate: no two sides of a migration folder meet here")
    return 0


def _head(task: Task) -> str:
    aside = ", ".join(printable(m.tag) for m in task.own) or "no migration"
    return f"{printable(task.folder) or '.'}: keeps the folder of {task.side}; sets aside {aside}"


def _show_commands(repository: Repository, task: Task, kit: Kit) -> None:
    """What would be done, as one would type it at the top of the worktree: migration files only are touched."""
    click.echo(_head(task))
    for migration in task.save:
        assert migration.sql is not None
        target = shlex.quote(f"{SAVED}/{migration.tag}.sql")
        click.echo(printable(f"  mkdir -p {SAVED} && git cat-file blob {migration.sql.id} > {target}"))
    index = files_in_index(repository, task.folder)
    there = files_at(repository, task.source, task.folder, task.folder)
    changed = changes(wanted_files(repository, task), index)
    kept = [join(task.folder, c.path) for c in changed if c.blob is not None and there.get(c.path) == c.blob]
    gone = [join(task.folder, c.path) for c in changed if c.blob is None and c.path in index]
    if kept:
        restore = shlex.join(["git", "restore", f"--source={task.source}", "--staged", "--worktree", "--", *kept])
        click.echo(printable(f"  {restore}"))
    if gone:
        click.echo(printable(f"  {shlex.join(['git', 'rm', '-q', '-f', '--', *gone])}"))
    if unwritten := sum(c.blob is not None and there.get(c.path) != c.blob for c in changed):
        click.echo(f"  # and {unwritten} files of this rebase that no commit has yet: only drizzle-guard writes those")
    click.echo(printable(f"  {kit.shown(kit.generate_command(task.name))}"))
    click.echo(printable(f"  {shlex.join(['git', 'add', '--', *_written(task)])}"))


def _written(task: Task) -> list[str]:
    """Where drizzle-kit writes: patterns of git's."""
    return [join(task.folder, name) for name in ("meta", "*.sql", *([BUNDLE] if BUNDLE in task.kept.files else []))]


def _show(task: Task, kit: Kit, done: Done) -> None:
    for path in done.saved:
        click.echo(f"saved: {printable(path)}   (hand-written SQL, not generated again; not tracked by git)")
    if done.saved:
        custom = (*kit.runner, "drizzle-kit", "generate", "--custom", "--name=NAME")
        click.echo(f"to use it: {printable(kit.shown(custom))}, and put the SQL into that file")
    if done.entry is None:
        click.echo("generated: nothing; the schema has no changes beyond the migrations that stayed")
    else:
        click.echo(f"generated: {printable(join(task.folder, done.entry.tag))}.sql")
        for line in _difference(task, done):
            click.echo(printable(line.replace("\t", "    ")))
    click.echo(f"staged; next: {task.then}")


def _difference(task: Task, done: Done) -> list[str]:
    """The old SQL against the new one, as a unified diff."""
    assert done.entry is not None
    old = [line for m in task.own if m.sql for line in decode(m.sql.data).splitlines()]
    new = decode(done.sql).splitlines()
    names = " + ".join(f"{m.tag}.sql" for m in task.own) or "(nothing)"
    lines = list(difflib.unified_diff(old, new, names, f"{done.entry.tag}.sql", lineterm=""))
    return lines or ["the SQL is the same as before"]
