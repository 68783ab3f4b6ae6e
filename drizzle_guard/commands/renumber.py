"""`drizzle-guard renumber`: finish or repair by hand what the hooks do by themselves."""

from __future__ import annotations

import shlex

import click

from drizzle_guard.commands.opened import open_repository
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.folders import files_at, folders_in_index, history_at
from drizzle_guard.git.lost_journals import refuse_lost_journals
from drizzle_guard.git.mainline import find_mainline
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.worktree import apply
from drizzle_guard.heal.run import (
    findings_left,
    heal_folders,
    is_from_before,
    is_mended,
    is_under_way,
    show_left,
    unsound,
)
from drizzle_guard.renumber.decision import explain_refusal, foretell_refusal
from drizzle_guard.renumber.earlier_merge import Work
from drizzle_guard.renumber.finish_merge import assumption, ran_already
from drizzle_guard.renumber.generated import find_generated, set_aside
from drizzle_guard.renumber.message import note_in_message
from drizzle_guard.renumber.stopped import find_work, is_canonical, named_folders
from drizzle_guard.renumber.unfinished import finish_interrupted
from drizzle_guard.renumber.v1 import find_renames, rename
from drizzle_guard.replay.plan import Move, Plan, Refusal, WayOut
from drizzle_guard.terminal import as_typed, fail


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--onto", metavar="REF", help="The mainline, whose migrations keep their numbers.")
@click.option("--dry-run", is_flag=True, help="Show what would be done.")
@click.option("--json", "as_json", is_flag=True, help="Show it as JSON.")
@click.option("--anyway", is_flag=True, help="Go on in spite of what was read from the SQL; you have looked.")
@click.option("--yes", is_flag=True, help="Go on where somebody's work is undone.")
@click.option("--pulls", is_flag=True, help="In CI: merge the mainline into the open pull requests that collide.")
def command(
    paths: tuple[str, ...], onto: str | None, dry_run: bool, as_json: bool, anyway: bool, yes: bool, pulls: bool
) -> int:
    """Finish or repair a merge of migrations by hand.

    In a stopped merge, rebase or cherry-pick it writes and stages the migration folders, and leaves other conflicts
    alone.  Without one it mends a merge that was badly resolved earlier; on a branch that has not met the mainline it
    only shows what a merge would do.  PATHS limit it to some folders.

    With --pulls, in a job of GitHub Actions or GitLab CI/CD, it merges the mainline into the pull requests whose
    migrations collide, and pushes; where a person has to look it comments.  Nothing is checked out or run.
    """
    if pulls:
        if as_json or anyway or yes:
            raise UsageError("--pulls goes with --onto, --dry-run and PATHS alone.")
        return _mend_pulls(paths, onto, dry_run=dry_run)
    with open_repository() as repository:
        named = named_folders(repository, paths)
        if not dry_run:
            finish_interrupted(repository)
        if (renamed := _rename_v1(repository, named, onto, dry_run=dry_run, as_json=as_json)) is not None:
            return renamed
        if not is_under_way(repository):
            refuse_lost_journals(repository, onto, ("",) if named is None else named)
        work, trouble = _find(repository, named, onto, anyway=anyway)
        # a merge knows what was deleted on purpose; where nothing was, a cure that makes all sound is better
        asked = [item for item in work if item.todo == "apply"]
        in_vain = all(_stays_refused(item) for item in asked)
        planned = {item.decision.folder for item in work if item.todo == "none" and item.as_planned}
        if not is_under_way(repository) and (in_vain or _may_be_healed(asked)):
            how = {"dry_run": dry_run, "as_json": as_json, "yes": yes}
            healed = heal_folders(repository, paths, onto, **how, wholly=not in_vain, planned=planned)
            if healed is not None:
                return healed
        if trouble is not None:
            if is_under_way(repository) or not is_mended(repository, paths, onto):
                raise trouble
            click.echo("[]" if as_json else "mended, and staged already; next: git commit")
            return 0
        refused = [item for item in work if isinstance(item.decision.outcome, Refusal) and item.todo != "none"]
        # all or nothing: one refused folder leaves the others as they are, too
        changed = [item for item in work if _apply(repository, item, only_look=dry_run or bool(refused))]
        idle = [] if is_under_way(repository) else [item for item in work if item.todo == "none"]
        left = unsound(repository, [item.decision.folder for item in idle], onto)
        if as_json:
            from drizzle_guard.commands.forms import renumbered  # late: it imports pydantic

            click.echo(renumbered(work, changed, {case.folder: findings_left(case, case.errors) for case in left}))
        else:
            _show(repository, work, changed, {case.folder for case in left}, only_shown=dry_run or bool(refused))
            for case in left:
                show_left(case, case.errors)
        if changed and not (dry_run or refused):
            note_in_message(repository, [r for item in changed for r in item.decision.passed_over])
        moved = {item.decision.moved_to for item in refused if item.decision.moved_to != item.decision.folder}
        for item in refused:
            if item.decision.folder in moved:
                continue  # its old place says it
            if item.todo == "show":
                fail(foretell_refusal(item.decision))
            else:
                fail(explain_refusal(item.decision, item.sides, merged=not item.resolving))
        # what was wrong on a side before the merge is said, but is no reason to take the merge for unfinished
        wrong = [case for case in left if case.folder not in planned or not is_from_before(repository, case)]
        return int(bool(wrong) or any(item.todo == "apply" for item in refused))


def _rename_v1(
    repository: Repository, named: set[str] | None, onto: str | None, *, dry_run: bool, as_json: bool
) -> int | None:
    """Put own migrations of v1 folders behind the mainline's newest; None if other folders may have to be looked at."""
    mainline = find_mainline(repository, onto)
    found = [] if mainline is None else find_renames(repository, mainline, named)
    journals = folders_in_index(repository)
    if found and as_json and (journals if named is None else named & journals):
        one = shlex.quote(found[0].folder or ".")
        raise UsageError(
            "--json tells of one layout at a time, and folders with a journal are here, too.",
            f"name one: drizzle-guard renumber --json {one}",
        )
    if found and not dry_run:
        rename(repository, found)
    if found and as_json:
        from drizzle_guard.commands.forms import renamed  # late: it imports pydantic

        click.echo(renamed(found, not dry_run))
        return 0
    for item in found:
        click.echo(f"{printable(item.folder) or '.'}: {'would be renumbered' if dry_run else 'renumbered'}")
        for old, new in item.names:
            click.echo(f"  {printable(old)} -> {printable(new)}")
    if found and not dry_run:
        click.echo("staged; next: git commit")
        click.echo("a database in which they ran already runs them again, under the new names: drizzle-guard status")
    if named is not None and not named & journals:
        for folder in sorted(named - {item.folder for item in found}):
            click.echo(f"{printable(folder) or '.'}: nothing to do")
        return 0
    return 0 if found and not journals else None


def _mend_pulls(paths: tuple[str, ...], onto: str | None, *, dry_run: bool) -> int:
    import os

    from drizzle_guard.pulls.run import as_text, exit_code, run, write_summary  # late: urllib is slow to import

    told, why, single = run(os.environ, paths, (onto or "").removeprefix("origin/"), dry_run=dry_run)
    text = as_text(told) if told else f"nothing to do: {printable(why)}"
    click.echo(text)
    write_summary(os.environ, text)
    return exit_code(told, single)


def _stays_refused(item: Work) -> bool:
    """Whether a merge that was committed is refused for what its sides are: no command of a merge leads on."""
    outcome = item.decision.outcome
    return isinstance(outcome, Refusal) and outcome.way_out in (WayOut.EDIT, WayOut.BRANCH) and not item.resolving


def _may_be_healed(work: list[Work]) -> bool:
    """Whether every folder can be written, and no side took a migration out: that is known to the merge alone.

    Where the branch contains the mainline, no merge is left that could be refused: what is published has to stand.
    """
    return not any(
        not _contains_mainline(item) if isinstance(item.decision.outcome, Refusal) else _took_out(item) for item in work
    )


def _contains_mainline(item: Work) -> bool:
    return item.sides.is_merged and not item.resolving


def _took_out(item: Work) -> bool:
    base, *sides = ({entry.tag for entry in side.entries} for side in item.decision.versions)
    return any(base - side for side in sides)


def _find(
    repository: Repository, named: set[str] | None, onto: str | None, *, anyway: bool
) -> tuple[list[Work], GuardError | None]:
    """What there is to do; or none, and what cannot be read."""
    try:
        return find_work(repository, named, onto, anyway=anyway), None
    except UsageError:
        raise
    except GuardError as error:
        return [], error


def _apply(repository: Repository, item: Work, *, only_look: bool) -> bool:
    """Write a folder; returns whether that changes (or would change) anything."""
    decision = item.decision
    if item.todo != "apply" or isinstance(decision.outcome, Refusal):
        return False
    if only_look:
        return not is_canonical(repository, decision.folder, decision)
    generated = find_generated(repository, decision) if item.resolving else None
    if generated is not None:
        decision, saved = set_aside(repository, decision, generated)
        click.echo(f"{generated.tags} was generated before the merge was finished; set aside: {', '.join(saved)}")
    assert isinstance(decision.outcome, Plan)
    head = history_at(repository, "HEAD", decision.folder)
    versions = (*decision.versions, head, *((generated.files,) if generated is not None else ()))
    return apply(repository, decision.folder, decision.outcome.files, versions, resolving=item.resolving)


def _show(
    repository: Repository, work: list[Work], changed: list[Work], unsound: set[str], *, only_shown: bool
) -> None:
    moved: list[str] = []
    for item in work:
        outcome, folder = item.decision.outcome, printable(item.decision.folder) or "."
        nothing = "nothing to renumber" if item.decision.folder in unsound else "nothing to do"
        if isinstance(outcome, Refusal):
            if item.todo == "none":
                click.echo(f"{folder}: {nothing} ({item.note})")
            continue
        if item.todo == "none" or (item.todo == "apply" and item not in changed):
            click.echo(f"{folder}: {nothing}" + (f" ({item.note})" if item.note else ""))
            continue
        if item.todo == "apply" and not item.resolving and (files := _beside_the_journal(repository, item)):
            click.echo(f"{folder}: {'would be mended' if only_shown else 'mended'}")
            for path in files:
                click.echo(f"  {printable(path)}")
            continue
        moved.append(item.decision.folder)
        verb = "would be renumbered" if only_shown or item.todo == "show" else "renumbered"
        if item.todo == "show":
            click.echo(f"{folder}: has not met the mainline yet; a merge or rebase would do this:")
        else:
            click.echo(f"{folder}: {verb}")
        for line in table(outcome):
            click.echo(f"  {line}")
        for refusal in outcome.passed_over:
            click.echo(f"  passed over: {refusal.sentence}")
        if item.decision.assumed:
            click.echo(f"  {assumption(item.decision)}")
    if not work:
        click.echo("nothing to do: no two sides of a migration folder meet here")
    elif changed and not only_shown:
        click.echo(f"staged; next: {changed[0].sides.next_command if changed[0].resolving else 'git commit'}")
        for line in dict.fromkeys(ran_already(repository, folder) for folder in moved):
            click.echo(as_typed(line))


def _beside_the_journal(repository: Repository, item: Work) -> list[str]:
    """The files of a plan that HEAD has otherwise, where the journal is not among them: then nothing moves."""
    assert isinstance(item.decision.outcome, Plan)
    folder = item.decision.folder
    there = files_at(repository, "HEAD", folder, folder)
    wanted = item.decision.outcome.files
    found = [p for p, b in wanted.items() if (b and b.id) != ((old := there.get(p)) and old.id)]
    return [] if PATH in found else found


def table(plan: Plan) -> list[str]:
    """Before and after, one line for each migration that moves."""
    rows = [_row(move) for move in plan.moves if move.changes]
    rows += [(own, "=", main, "", "", "the same migration") for own, main in plan.same if own != main]
    rows += [(tag, "->", "(deleted)", "", "", "") for tag in plan.deleted]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(6)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return [*lines, *plan.edited]


def _row(move: Move) -> tuple[str, str, str, str, str, str]:
    old, new = move.old, move.new
    when = f"when {old.when} -> {new.when}" if old.when != new.when else f"when {new.when}"
    snapshot = f"snapshot {move.snapshot}" if move.snapshot else "no snapshot"
    names = (printable(old.tag), "->", printable(new.tag)) if old.tag != new.tag else (printable(old.tag), "", "")
    return *names, f"idx {old.idx} -> {new.idx}", when, snapshot
