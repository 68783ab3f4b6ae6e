"""`drizzle-guard uninstall`: take away exactly what `install` added."""

from __future__ import annotations

import click

from drizzle_guard.commands.install import shown
from drizzle_guard.git.repository import Repository
from drizzle_guard.install.armed import PRE_COMMIT_CONFIG
from drizzle_guard.install.from_a_hook import OPT_OUT
from drizzle_guard.install.managers import configs_that_name_us
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
        if not steps:
            click.echo("nothing of drizzle-guard is installed in this clone")
        for name in configs_that_name_us(repository):
            click.echo(f"{name} is yours and still names drizzle-guard")
            if name == PRE_COMMIT_CONFIG and repository.config(OPT_OUT) is None:
                click.echo(f"its hook arms this clone again, unless: git config {OPT_OUT} false")
    return 0
