"""`drizzle-guard install`: arm this clone."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from drizzle_guard.disk import find_v1_folders
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.repository import Repository
from drizzle_guard.install.added_lines import NOT_THAT_FILE, addition, foreign_hooks, pre_commit_installs
from drizzle_guard.install.attributes import has_folder, is_committed
from drizzle_guard.install.check import missing_parts, parts
from drizzle_guard.install.managers import ABOUT_SOURCE, SOURCE, Lines, advice, prepare_line
from drizzle_guard.install.shell_lines import guarded
from drizzle_guard.install.step import Step
from drizzle_guard.install.steps import Wanted, do, install_steps, is_foreign_directory
from drizzle_guard.terminal import as_typed, say

#: npm, pnpm and yarn tell in it which script of package.json they run
_SCRIPT = "npm_lifecycle_event"


@click.command()
@click.option("--check", is_flag=True, help="Only say whether this clone is armed: exit 0 or 1.")
@click.option("-v", "--verbose", is_flag=True, help="With --check: show each part, and try the hooks.")
@click.option("--dry-run", is_flag=True, help="Show what would be done.")
@click.option("--no-hooks", is_flag=True, help="Register the merge driver alone; `renumber` finishes merges by hand.")
@click.option("--no-protect", is_flag=True, help="Let hooks finish merges, but not block edits of migrations.")
@click.option("--global-hooks", is_flag=True, help="Write into a core.hooksPath that all repositories share, too.")
@click.option("--yes", is_flag=True, help="Add lines to your files of husky, lefthook and pre-commit without asking.")
def command(
    check: bool, verbose: bool, dry_run: bool, no_hooks: bool, no_protect: bool, global_hooks: bool, yes: bool
) -> int:
    """Arm this clone: merge driver, attributes, and hooks that finish merges and protect committed migrations."""
    wanted = Wanted(not no_hooks, not no_protect, global_hooks, not _is_npm_script())
    try:
        repository = Repository()
    except GuardError as error:
        if check or not _is_npm_script():
            raise
        say(f"nothing was armed: {error.message}")
        return 0
    with repository:
        if check:
            return _check(repository, wanted, verbose)
        steps = install_steps(repository, wanted)
        if not dry_run:
            do(repository, steps)
        for step in steps:
            click.echo(("would " if dry_run else "") + shown(repository, step))
        is_armed = not steps
        if wanted.hooks and not repository.is_bare:
            steps += _offer_theirs(repository, wanted, dry_run, yes)
        if is_armed and not missing_parts(repository, wanted):
            click.echo("this clone is armed already")
        if not repository.is_bare and not has_folder(repository):
            _tell_of_folders(repository)
        if not dry_run:
            _tell_what_to_commit(repository, steps)
            for part in missing_parts(repository, Wanted(hooks=False)):
                click.echo(f"\nnot armed yet: {'; '.join(printable(note) for note in part.notes)}.")
    return 0


def _tell_of_folders(repository: Repository) -> None:
    if any(find_v1_folders(Path(repository.root))):
        click.echo("\nDrizzle v1's folders merge without a journal; what is armed here looks after their order, and")
        click.echo("protects them.")
        return
    click.echo("\nThere is no migration folder here yet. When there is one, its line ends are added by:")
    click.echo("  drizzle-guard install")


def _is_npm_script() -> bool:
    """Whether npm, pnpm or yarn runs us while it installs (`"prepare": "drizzle-guard install"`).

    In an image or from a tarball there is no git, or no repository: to stop the installation there helps nobody.
    """
    return os.environ.get(_SCRIPT) in ("prepare", "preinstall", "install", "postinstall")


def _check(repository: Repository, wanted: Wanted, verbose: bool) -> int:
    found = parts(repository, wanted, try_hooks=verbose)
    missing = [part for part in found if not part.is_there]
    if verbose:
        for part in found:
            click.echo(f"{'ok' if part.is_there else 'missing'}: {printable(part.name)}")
            for line in part.step.splitlines():
                click.echo(as_typed(f"  {printable(line)}"))
            for note in part.notes:
                click.echo(f"  {printable(note)}")
    else:
        for part in missing:
            click.echo(f"missing: {printable(part.name)}")
    if not missing:
        what = "merge driver, attributes and hooks" if wanted.hooks else "merge driver and attributes"
        click.echo(f"armed: {what} are in place")
        if wanted.hooks and not wanted.protect:
            click.echo("protect was not looked at (--no-protect)")
        return 0
    steps = dict.fromkeys(part.step for part in missing if part.step)
    click.echo(as_typed(f"not armed; run: {next(iter(steps), 'drizzle-guard install')}"))
    return 1


def _offer_theirs(repository: Repository, wanted: Wanted, dry_run: bool, yes: bool) -> list[Step]:
    """What is left to the user: lines for files that `install` did not write; returns what was added on their word."""
    if is_foreign_directory(repository) and not wanted.global_hooks:
        click.echo(
            f"\ncore.hooksPath is {printable(repository.hooks_dir)}, which all repositories of this machine share."
        )
        click.echo("It was not touched. Give this repository hooks of its own:")
        click.echo("  git config --local core.hooksPath .git/hooks")
        click.echo("  drizzle-guard install")
        click.echo("or write there all the same: drizzle-guard install --global-hooks")
        return []
    found, done = advice(repository, protect=wanted.protect), list[Step]()
    added = [lines for lines in found if _offer(repository, lines, wanted, dry_run, yes, done)]
    foreign = [] if found else foreign_hooks(repository, wanted.protect)
    if foreign:
        click.echo("\nThese hooks are yours; add one line to each, before anything that may end it:")
        for hook in foreign:
            click.echo(f"  {hook}: {guarded(hook, protect=wanted.protect)}")
    if script := prepare_line(repository):
        click.echo("\nTo arm every clone on npm install, package.json takes this script:")
        click.echo(f"  {printable(script)}")
    if (len(added) < len(found) or foreign) and missing_parts(repository, wanted):
        click.echo("\nUntil then a merge of migrations stops, and `drizzle-guard renumber` finishes it.")
    return done


def _offer(repository: Repository, lines: Lines, wanted: Wanted, dry_run: bool, yes: bool, done: list[Step]) -> bool:
    """Show the lines for one file, and add them if the user says so; returns whether nothing is left to do.

    What was added is put into `done`.
    """
    if lines.file and lines.lines:
        if lines.replaces:
            place = f"what its `{lines.keys}` has" if lines.keys else "what it has"
            click.echo(f"\n{printable(lines.file)} is yours; these take the place of {place} under these names:")
        elif lines.keys:
            click.echo(f"\n{printable(lines.file)} is yours; these lines go first below its `{lines.keys}`:")
        else:
            click.echo(f"\n{printable(lines.file)} is yours; a merge is finished by itself with these lines in it:")
        for line in lines.lines:
            click.echo(f"  {line}")
        if any(SOURCE in line for line in lines.lines):
            click.echo(ABOUT_SOURCE)
    step = addition(repository, lines, wanted.protect) if lines.file and lines.lines else None
    may_add = step is not None and not dry_run
    asks = sys.stdin.isatty() and sys.stdout.isatty()
    if step is not None and may_add and (yes or (asks and click.confirm(f"Add them to {printable(lines.file)}?"))):
        do(repository, [step], unchanged=NOT_THAT_FILE)
        done.append(step)
        click.echo(shown(repository, step))
        if not lines.then:
            return True
    if not lines.then:
        return False
    may_run = yes and not dry_run and (step is not None or not lines.lines)
    if may_run and lines.then.startswith("pre-commit install"):
        try:
            pre_commit_installs(repository)
            click.echo(f"ran: {lines.then}")
            return True
        except GuardError as error:
            click.echo(f"pre-commit install did not work: {error.message}")
    click.echo(f"{'then' if lines.lines else 'to do'}: {lines.then}")
    return False


def _tell_what_to_commit(repository: Repository, steps: list[Step]) -> None:
    inside = [_relative(repository, step.name) for step in steps if step.kind != "config"]
    inside = [name for name in inside if not os.path.isabs(name) and not name.startswith(".git" + os.sep)]
    ignored = (repository.line("check-ignore", "--", *inside) or "").split("\n") if inside else []
    shared = [name.replace(os.sep, "/") for name in dict.fromkeys(inside) if name not in ignored]
    if shared:
        click.echo("\nCommit this, so that it holds for everybody:")
        click.echo(f"  git add {printable(' '.join(shared))}")
    elif not repository.is_bare and not steps and not is_committed(repository):
        click.echo("(.gitattributes of this branch does not have the lines; this clone is covered all the same)")


def shown(repository: Repository, step: Step) -> str:
    """A step in words."""
    return f"{step.verb} {step.kind} {printable(_relative(repository, step.name))}"


def _relative(repository: Repository, name: str) -> str:
    inside = os.path.isabs(name) and name.startswith(repository.root + os.sep)
    return os.path.relpath(name, repository.root) if inside else name
