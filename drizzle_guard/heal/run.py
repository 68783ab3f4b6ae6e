"""`renumber` where no operation of git is under way and `check` has errors: shows the cure, asks, and writes it."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Sequence

import click

from drizzle_guard.drizzle.folder import Folder
from drizzle_guard.drizzle.journal import EMPTY
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.backup import Backup
from drizzle_guard.git.chosen import chosen_folders
from drizzle_guard.git.folders import files_at, folders_at, folders_in_index
from drizzle_guard.git.operation import is_applying, is_rebasing
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import sides_in_progress
from drizzle_guard.git.worktree import apply
from drizzle_guard.heal.cure import Case, Cure, errors_in, examine, find_cure, fix_of_left
from drizzle_guard.light import NamedTuple
from drizzle_guard.renumber.finish_merge import ran_already
from drizzle_guard.rules.model import Finding
from drizzle_guard.terminal import as_typed, say


class Healing(NamedTuple):
    """A folder with errors, and what helps (None: nothing does)."""

    case: Case
    cure: Cure | None


def is_under_way(repository: Repository) -> bool:
    """Whether git has stopped for a person here: then `renumber` finishes that."""
    if is_rebasing(repository) or sides_in_progress(repository) is not None or is_applying(repository):
        return True
    return repository.is_bare or bool(repository.line("ls-files", "-u"))


def heal_folders(
    repository: Repository,
    paths: Sequence[str],
    onto: str | None,
    *,
    dry_run: bool,
    as_json: bool,
    yes: bool,
    wholly: bool = False,
    planned: Collection[str] = (),
) -> int | None:
    """Heal the folders in which the rules find errors; the exit code, None if nothing can be healed.

    `wholly`: only where every folder becomes sound and nobody's work is undone, because there is another way.
    `planned` are folders that stand as their newest merge or rebase was planned: what HEAD has wrong there, a side had
    before, so that neither left it.
    """
    head = repository.commit("HEAD")
    if head is None:
        return None
    folders = folders_at(repository, head) | folders_in_index(repository)
    chosen = chosen_folders(repository, paths, folders, "this worktree")
    cases = [case for folder in chosen if (case := examine(repository, folder, onto)) is not None and case.errors]
    found = [
        Healing(case, None)
        if case.folder in planned and is_from_before(repository, case)
        else Healing(case, _of_its_work(find_cure(repository, case, onto)))
        for case in cases
    ]
    if not any(healing.cure is not None for healing in found):
        return None
    undone = [line for healing in found if healing.cure for line in healing.cure.undone]
    if wholly and (undone or any(left_after(healing) for healing in found)):
        return None
    write = not dry_run and (not undone or yes or _agreed(undone))
    written = [
        healing for healing in found if healing.cure and write and _write(repository, healing.case, healing.cure)
    ]
    if as_json:
        click.echo(json.dumps([_as_json(healing, healing in written) for healing in found], indent=2))
    else:
        for healing in found:
            _show(healing, healing in written)
    if written and not as_json:
        if repository.run("diff", "--cached", "--quiet").returncode:  # else the worktree alone was not as committed
            click.echo("staged; next: git commit")
        moved = [healing.case.folder for healing in written if healing.cure and healing.cure.moved]
        for line in dict.fromkeys(ran_already(repository, folder) for folder in moved):
            click.echo(as_typed(line))
    if undone and not dry_run and not write:
        say("this undoes what somebody has done:", *undone, "drizzle-guard renumber --yes")
        return 1
    return int(not dry_run and any(left_after(healing) for healing in found))


def _of_its_work(cure: Cure | None) -> Cure | None:
    """A cure of what a bad merge left, the row or the whole chain; what only mends other files is for `check --fix`."""
    return cure if cure is not None and (cure.row or (cure.chain and not cure.left)) else None


def unsound(repository: Repository, folders: Sequence[str], onto: str | None) -> list[Case]:
    """The folders, as they lie there, in which the rules find errors.  Raises GuardError."""
    return [case for folder in folders if (case := examine(repository, folder, onto)) is not None and case.errors]


def is_mended(repository: Repository, paths: Sequence[str], onto: str | None) -> bool:
    """Whether the folders are sound as they are staged, and not as HEAD has them: it is typed a second time."""
    chosen = chosen_folders(repository, paths, folders_in_index(repository), "this worktree")
    specs = [f":(top,literal){folder}" if folder else ":(top)" for folder in chosen]
    is_staged = bool(specs) and repository.run("diff", "--cached", "--quiet", "--", *specs).returncode == 1
    is_in_index = repository.run("diff", "--quiet", "--", *specs).returncode == 0
    return is_staged and is_in_index and not unsound(repository, chosen, onto)


def is_from_before(repository: Repository, case: Case) -> bool:
    """Whether HEAD has all errors of a folder already, so that nobody has just made one."""
    committed = files_at(repository, "HEAD", case.folder, case.folder)
    there = {(f.rule.code, f.message) for f in errors_in(case.folder, committed, case.mainline, case.allowed)}
    return all((finding.rule.code, finding.message) in there for finding in case.errors)


def _agreed(undone: Sequence[str]) -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    click.echo("This undoes what somebody has done:")
    for line in undone:
        click.echo(f"  {line}")
    return click.confirm("Go on?")


def _write(repository: Repository, case: Case, cure: Cure) -> bool:
    """Write a cure into worktree and index; everything is put back if the folder is not as it was judged."""
    now = Folder(case.folder, EMPTY, (), case.files)
    head = history_files(repository, case.folder)
    with Backup(repository, case.folder) as backup:
        done = apply(repository, case.folder, cure.files, [now, head])
        after = examine(repository, case.folder)
        if after is None or len(after.errors) <= len(case.errors):
            return done
        backup.restore()
    raise GuardError(
        f"{printable(case.folder) or '.'}: after the cure the folder is not as it was written (a filter of git's?).",
        "Everything was put back.",
    )


def history_files(repository: Repository, folder: str) -> Folder:
    """The files of HEAD, whatever is in them."""
    return Folder(folder, EMPTY, (), files_at(repository, "HEAD", folder, folder))


def left_after(healing: Healing) -> tuple[Finding, ...]:
    """The errors that stay."""
    return healing.case.errors if healing.cure is None else healing.cure.left


def _show(healing: Healing, written: bool) -> None:
    folder = printable(healing.case.folder) or "."
    if healing.cure is None:
        click.echo(f"{folder}: nothing that a machine could mend here")
    else:
        click.echo(f"{folder}: {'mended' if written else 'would be mended'}")
        for line in healing.cure.lines:
            click.echo(f"  {line}")
    show_left(healing.case, left_after(healing))


def show_left(case: Case, left: Sequence[Finding]) -> None:
    """Say which errors are left in a folder, and what helps against each."""
    for finding in left:
        click.echo(f"  left: {finding.rule.code} {finding.message}")
        click.echo("    fix: " + fix_of_left(case, finding).replace("\n", "\n         "))


def findings_left(case: Case, left: Sequence[Finding]) -> list[dict[str, str]]:
    """The errors that stay, each with what helps."""
    return [{"code": f.rule.code, "message": f.message, "fix": fix_of_left(case, f)} for f in left]


def _as_json(healing: Healing, written: bool) -> dict[str, object]:
    cure, left = healing.cure, left_after(healing)
    return {
        "folder": healing.case.folder,
        "operation": "heal",
        "changed": written,
        "lines": [] if cure is None else cure.lines,
        "undone": [] if cure is None else cure.undone,
        "left": findings_left(healing.case, left),
    }
