"""`drizzle-guard check`: says whether migration folders are sound."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import cast

import click

from drizzle_guard.check.advice import advised
from drizzle_guard.check.fix import fix_folders
from drizzle_guard.check.report import FORMATS, Format, make_report, render
from drizzle_guard.check.targets import (
    FolderToCheck,
    Mainlines,
    Published,
    config_texts,
    find_targets,
    refuse_what_git_alone_has,
    root_of,
)
from drizzle_guard.commands.progress import Progress
from drizzle_guard.disk import runner_of
from drizzle_guard.drizzle.folder import Folder
from drizzle_guard.drizzle.journal import EMPTY
from drizzle_guard.drizzle.v1 import Layout
from drizzle_guard.errors import UsageError, printable
from drizzle_guard.mend.repairs import repairs_of
from drizzle_guard.rules.run import Checked, check_journal_folder, check_v1_folder, judge
from drizzle_guard.rules.tables import shared_table
from drizzle_guard.terminal import as_typed, say


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--onto", metavar="REF", help="The mainline: what stands there is published (default: found by itself).")
@click.option("--strict", is_flag=True, help="Make every finding an error.")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
@click.option("--for", "version", type=click.Choice(["v1"]), help="Also: will `drizzle-kit up` of v1 succeed here?")
@click.option("-q", "--quiet", is_flag=True, help="Print errors only.")
@click.option("--fix", is_flag=True, help="Mend what no database can notice: snapshots, strays, idx, migrations.js.")
@click.option("--dry-run", is_flag=True, help="Show what --fix would change.")
def command(
    paths: tuple[str, ...],
    onto: str | None,
    strict: bool,
    kind: str,
    version: str | None,
    quiet: bool,
    fix: bool,
    dry_run: bool,
) -> int:
    """Say whether the migration folders at or below PATHS (default: here, else in the repository) are sound.

    Findings on migrations that stand on the mainline are warnings, on the branch's own they are errors. The exit code
    is 1 if there are errors. `drizzle-guard explain DG001` tells more of a rule.
    """
    format_ = cast(Format, kind)
    # annotations are shown by path from the repository's top, wherever the command runs
    start = root_of(os.getcwd()) if format_ in ("github", "sarif") else Path()
    refuse_what_git_alone_has(paths, onto)
    targets = find_targets(paths, start) if paths else _all_targets(start)
    with Mainlines(onto) as mainlines, Progress("checking", sum(t.work for t in targets)) as progress:
        published = [mainlines.of(target) for target in targets]
        checked = [_check(*pair, strict, version == "v1", progress) for pair in zip(targets, published, strict=True)]
        still = Progress("checking", 0)
        judges = [
            partial(_check, known=known, strict=strict, for_v1=version == "v1", progress=still) for known in published
        ]
        if fix or dry_run:
            return fix_folders(list(zip(targets, published, checked, judges, strict=True)), onto, dry_run=dry_run)
        rows = zip(targets, published, checked, judges, strict=True)
        checked = [advised(*row, onto) for row in rows]
    if len(targets) > 1:
        checked = _with_tables(checked, targets, start, strict)
    if _is_commit_hook() and not strict:
        checked = [_without_what_a_merge_cures(folder) for folder in checked]
    names = [None if known.mainline is None else known.mainline.name for known in published]
    unasked = [() if known.unasked is None else known.unasked.codes for known in published]
    report = make_report(zip(checked, names, unasked, strict=True))
    if not quiet:
        _say_unasked(targets, published)
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    text = render(report, format_, quiet=quiet, color=color)
    if text:
        click.echo(as_typed(text) if format_ == "text" else text, color=color)
    upgradable = [folder for folder in report.folders if folder.layout == "journal"]  # the others were not asked
    if version == "v1" and format_ == "text" and upgradable and not (report.errors or quiet):
        click.echo("Nothing that `drizzle-kit up` of Drizzle v1 stops at or loses was found.")
    return 1 if report.errors else 0


def _say_unasked(targets: list[FolderToCheck], published: list[Published]) -> None:
    """Say which rules could not be applied: once for each reason."""
    reasons = dict.fromkeys(known.unasked for known in published if known.unasked is not None)
    for reason in reasons:
        of = [printable(t.name) or "." for t, known in zip(targets, published, strict=True) if known.unasked == reason]
        where = of[0] if len(of) == 1 else f"{len(of)} folders"
        codes = f"{', '.join(reason.codes[:-1])} and {reason.codes[-1]}" if len(reason.codes) > 1 else reason.codes[0]
        verb = "were" if len(reason.codes) > 1 else "was"
        say(f"{where}: {codes} {verb} not applied: {reason.why}.", *([reason.cure] if reason.cure else []))


def _all_targets(start: Path) -> list[FolderToCheck]:
    """The folders at or below the current directory; where there is none, those of the repository around it."""
    try:
        return find_targets((".",), start)
    except UsageError:
        top = root_of(os.getcwd())
        if os.path.samefile(top, "."):
            raise
        return find_targets((str(top),), start)


def _is_commit_hook() -> bool:
    """Whether git is about to make a commit; a push and CI have to look at the whole."""
    return "GIT_INDEX_FILE" in os.environ and not os.environ.get("PRE_COMMIT_FROM_REF")


def _without_what_a_merge_cures(folder: Checked) -> Checked:
    """The verdict with warnings for what the coming merge puts right: git does not merge what is not committed."""
    judged = (j._replace(severity="warning") if j.finding.merge_cures else j for j in folder.findings)
    return folder._replace(findings=tuple(judged))


def now() -> int:
    """The present time in ms since the epoch."""
    return time.time_ns() // 1_000_000


def _check(target: FolderToCheck, known: Published, strict: bool, for_v1: bool, progress: Progress) -> Checked:
    if target.fault is not None:
        history = Folder(target.name, EMPTY, (), target.files)
        layout = Layout.JOURNAL if target.migrations is None else Layout.V1
        return Checked(target.name, layout, None, None, judge([target.fault], history, known.mainline, strict=strict))
    if target.migrations is not None:
        return check_v1_folder(
            target.name,
            target.migrations,
            target.files,
            lf_in_git=known.lf_in_git,
            strict=strict,
            tick=progress.tick,
            mainline=known.v1,
        )
    repairs = frozenset() if known.mainline is None else repairs_of(known.mainline.tip, target.files)
    return check_journal_folder(
        target.name,
        target.files,
        now=now(),
        published=known.mainline,
        allowed=known.allowed | repairs,
        lf_in_git=known.lf_in_git,
        strict=strict,
        for_v1=for_v1,
        tick=progress.tick,
        git=known.git,
        runner=runner.name if (runner := runner_of(target.path)) is not None else "",
    )


def _with_tables(checked: list[Checked], targets: list[FolderToCheck], start: Path, strict: bool) -> list[Checked]:
    """Add the findings that need several folders."""
    found = list(shared_table(config_texts(targets, start), [folder.name for folder in checked]))
    result = []
    for folder in checked:
        own = [finding for name, finding in found if name == folder.name]
        judged = judge(own, Folder(folder.name, EMPTY, (), {}), None, strict=strict)
        result.append(folder._replace(findings=(*folder.findings, *judged)))
    return result
