"""`drizzle-guard apply`: run one migration that was skipped or is missing, exactly as Drizzle would."""

from __future__ import annotations

import click

from drizzle_guard.commands.on_database import (
    agreed,
    asked,
    database_options,
    format_of,
    format_options,
    refuse_what_is_not_ours,
    see,
    typable_hints,
)
from drizzle_guard.database.done import ApplyReport, RunForm, apply_github, apply_markdown, told
from drizzle_guard.database.one_run import Run, plan_run
from drizzle_guard.database.perform import perform, record
from drizzle_guard.database.place import Place, find_place
from drizzle_guard.errors import GuardError, printable, printable_sql
from drizzle_guard.terminal import json_in_ascii


def explain(place: Place, run: Run) -> str:
    """What a run sends and records, for the user to read first."""
    total = len(run.chunks)
    parts = [f"{printable(run.tag)} on {printable(place.target.label)}:"]
    if run.start:
        parts.append(f"-- statements 1 to {run.start} of {total} ran before and are left out")
    for number, chunk in enumerate(run.chunks[run.start :], run.start + 1):
        parts.append(f"-- statement {number} of {total}\n{printable_sql(chunk.strip())}")
    parts.append(f"-- recorded\n{record(place, run).sql}")
    if place.target.kind == "mysql" and total - run.start > 1:
        parts.append(
            "MySQL commits each CREATE, ALTER or DROP at once. If a later statement fails, the earlier ones stay and "
            "no row is written; --resume then goes on behind them."
        )
    return "\n".join(parts)


@click.command("apply", short_help="Run one migration that was skipped or is missing.")
@click.argument("tag")
@database_options
@click.option("--env", "environment", metavar="NAME", help="A database of drizzle-guard.toml.")
@click.option("--resume", is_flag=True, help="Go on behind the statements that provably ran.")
@click.option("--resume-at", type=int, metavar="N", help="Go on at statement N: you know that those before it ran.")
@click.option("--dry-run", is_flag=True, help="Show the SQL, run nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_options
def command(
    tag: str,
    url: str | None,
    env_file: str | None,
    folder: str | None,
    table: str | None,
    schema: str | None,
    timeout: float,
    environment: str | None,
    resume: bool,
    resume_at: int | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    form: str,
) -> int:
    """Run one migration that was skipped or is missing, as Drizzle would, and record it.

    One transaction where the database can, under a lock.  Refuses what is applied, unknown or out of order.
    """
    form = format_of(form, as_json=as_json, asks=not yes and not dry_run)
    place = find_place(
        asked(folder=folder, url=url, table=table, schema=schema, env_file=env_file, environment=environment)
    )
    report = ApplyReport(
        folder=place.name, database=printable(place.target.label), table=printable(place.names.shown), outcome="refused"
    )
    with typable_hints(place):
        seen = see(place, timeout)
        try:
            refuse_what_is_not_ours(place, seen)
            wanted = tag.removesuffix(".sql")
            run = plan_run(
                *(seen.comparison, seen.catalog, wanted, place.names.kind),
                resume=resume,
                resume_at=resume_at,
                by_name=place.v1,
            )
            report.run = RunForm.of(place, run)
            if form == "text":
                click.echo(explain(place, run))
                if not dry_run and not yes and not agreed("Run it?"):
                    click.echo("Nothing was run.")
                    return 1
            if not dry_run:
                report.outcome = "failed"
                perform(place, seen, [run], timeout)
            report.outcome = "would-apply" if dry_run else "applied"
        except GuardError as error:
            show(report.model_copy(update=told(error, place)), form)
            raise
    if form != "text":
        show(report, form)
    elif dry_run:
        click.echo("Nothing was run (--dry-run).")
    else:
        click.echo(f"{printable(run.tag)} is applied and recorded (created_at {run.when}).")
    return 0


def show(report: ApplyReport, form: str) -> None:
    """Print the report in a format that is not text."""
    if form == "json":
        click.echo(json_in_ascii(report.model_dump_json(indent=2)))
    elif form != "text":
        click.echo(apply_github(report) if form == "github" else apply_markdown(report))
