"""`drizzle-guard uninstall`: take away exactly what `install` added."""

from __future__ import annotations

import os
import shlex

import click

from drizzle_guard.commands.install import shown
from drizzle_guard.errors import printable
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import text_of
from drizzle_guard.install.arm_from_hook import OPT_OUT
from drizzle_guard.install.armed import ALL_HOOKS, PRE_COMMIT_CONFIG
from drizzle_guard.install.managers import configs_that_name_us, husky_directory
from drizzle_guard.install.shell_lines import MARK
from drizzle_guard.install.step import read
from drizzle_guard.install.steps import do, uninstall_steps


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would be done.")
def command(dry_run: bool) -> int:
    """Take away what install added."""
    with Repository() as repository:
        steps = uninstall_steps(repository)
        if not dry_run:
            do(repository, steps)
        for step in steps:
            click.echo(("would " if dry_run else "") + shown(repository, step))
        if shared := _committed(repository, [step.name for step in steps if step.kind != "config"]):
            files = " ".join(shlex.quote(printable(path)) for path in shared)
            click.echo("these are committed, for everybody; to take them from the team, commit that; to keep them:")
            click.echo(f"  git checkout HEAD -- {files}")
        if not steps:
            click.echo("nothing of drizzle-guard is installed in this clone")
        planned = {step.name for step in steps} if dry_run else set()
        for name in _left(repository, planned):
            click.echo(f"{printable(name)} is yours and still names drizzle-guard")
            if name == PRE_COMMIT_CONFIG and repository.config(OPT_OUT) is None:
                click.echo(f"its hook arms this clone again, unless: git config {OPT_OUT} false")
    return 0


def _committed(repository: Repository, files: list[str]) -> list[str]:
    """Which of the files HEAD has, as paths from the top of the repository."""
    inside = [os.path.relpath(file, repository.root) for file in files if file.startswith(repository.root + os.sep)]
    if not inside or repository.commit("HEAD") is None:
        return []
    listed = repository.git("ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD", "--", *inside)
    return [path for path in text_of(listed).split("\0") if path]


def _left(repository: Repository, planned: set[str]) -> list[str]:
    """What still names us: the managers' files, hooks that a person wrote, and what is shared but not settings."""
    found = configs_that_name_us(repository)
    places = dict.fromkeys(filter(None, (husky_directory(repository), repository.hooks_dir)))
    files = [os.path.join(place, hook) for place in places for hook in ALL_HOOKS]
    files += [os.path.join(repository.root, name) for name in ("package.json", "drizzle-guard.toml")]
    for file in files:
        text = read(file)
        if text is not None and file not in planned and (MARK in text or os.path.basename(file).startswith(MARK)):
            inside = file.startswith(repository.root + os.sep)
            found.append(os.path.relpath(file, repository.root) if inside else file)
    return found
