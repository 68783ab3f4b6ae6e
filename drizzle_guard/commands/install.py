"""`drizzle-guard install`: arm this clone."""

from __future__ import annotations

import os

import click

from drizzle_guard.errors import printable
from drizzle_guard.git.repository import Repository
from drizzle_guard.install.armed import MERGE_HOOKS, is_armed
from drizzle_guard.install.managers import advice, prepare_line
from drizzle_guard.install.shell_lines import hook_line
from drizzle_guard.install.steps import Step, do, foreign_hooks, install_steps


@click.command()
@click.option("--check", is_flag=True, help="Only say whether this clone is armed: exit 0 or 1.")
@click.option("--dry-run", is_flag=True, help="Show what would be done.")
@click.option("--no-hooks", is_flag=True, help="Register the merge driver alone; `renumber` finishes merges by hand.")
def command(check: bool, dry_run: bool, no_hooks: bool) -> int:
    """Arm this clone: merge driver, attributes, hooks."""
    with Repository() as repository:
        steps = install_steps(repository, hooks=not no_hooks)
        if check:
            return _check(repository, steps)
        if not dry_run:
            do(repository, steps)
        for step in steps:
            click.echo(("would " if dry_run else "") + shown(repository, step))
        if not steps:
            click.echo("this clone is armed already")
        if not no_hooks and not repository.is_bare:
            _tell_theirs(repository, [step.name for step in steps] if dry_run else [])
    return 0


def _check(repository: Repository, steps: list[Step]) -> int:
    missing = [step for step in steps if step.kind != "hook"]
    hooks = is_armed(repository, MERGE_HOOKS)
    if not missing and hooks:
        click.echo("armed: merge driver, attributes and hooks are in place")
        return 0
    for step in missing:
        click.echo(f"missing: {step.kind} {_relative(repository, step.name)}")
    if not hooks:
        click.echo(f"missing: hooks that finish a merge ({', '.join(MERGE_HOOKS)})")
    click.echo("not armed; run: drizzle-guard install")
    return 1


def _tell_theirs(repository: Repository, planned: list[str]) -> None:
    """What is left to the user: lines for files that `install` did not write."""
    found = advice(repository)
    foreign = [hook for hook in foreign_hooks(repository) if not any(name.endswith(f"/{hook}") for name in planned)]
    for lines in found:
        if lines.file:
            click.echo(f"\n{printable(lines.file)} is yours; a merge is finished by itself with these lines in it:")
            for line in lines.lines:
                click.echo(f"  {line}")
        if lines.then:
            click.echo(f"{'then' if lines.lines else 'to do'}: {lines.then}")
    if foreign and not found:
        click.echo("\nThese hooks are yours; add one line to each so that a merge is finished by itself:")
        for hook in foreign:
            click.echo(f"  {hook}: {hook_line(hook)}")
    if script := prepare_line(repository):
        click.echo("\nTo arm every clone on npm install, package.json takes this script:")
        click.echo(f"  {printable(script)}")
    if set(foreign) & set(MERGE_HOOKS):
        click.echo("\nUntil then a merge of migrations stops, and `drizzle-guard renumber` finishes it.")


def shown(repository: Repository, step: Step) -> str:
    verb = "remove" if step.new is None else "add" if step.old is None else "change"
    return f"{verb} {step.kind} {printable(_relative(repository, step.name))}"


def _relative(repository: Repository, name: str) -> str:
    inside = os.path.isabs(name) and name.startswith(repository.root + os.sep)
    return os.path.relpath(name, repository.root) if inside else name
