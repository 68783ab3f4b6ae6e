"""`drizzle-guard apply`: run one migration that was skipped or is missing, exactly as Drizzle would."""

from __future__ import annotations

import click

from drizzle_guard.commands.on_database import agreed, asked, database_options, refuse_what_is_not_ours, see
from drizzle_guard.database.one_run import Run, plan_run
from drizzle_guard.database.perform import perform, record
from drizzle_guard.database.place import Place, find_place
from drizzle_guard.errors import printable, printable_sql


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
) -> int:
    """Run one migration that was skipped or is missing, as Drizzle would, and record it.

    One transaction where the database can, under a lock.  Refuses what is applied, unknown or out of order.
    """
    place = find_place(
        asked(folder=folder, url=url, table=table, schema=schema, env_file=env_file, environment=environment)
    )
    seen = see(place, timeout)
    refuse_what_is_not_ours(seen)
    wanted = tag.removesuffix(".sql")
    run = plan_run(
        seen.comparison,
        seen.catalog,
        wanted,
        place.names.kind,
        resume=resume,
        resume_at=resume_at,
        by_name=place.v1,
    )
    click.echo(explain(place, run))
    if dry_run:
        click.echo("Nothing was run (--dry-run).")
        return 0
    if not yes and not agreed("Run it?"):
        click.echo("Nothing was run.")
        return 1
    perform(place, seen, [run], timeout)
    click.echo(f"{printable(run.tag)} is applied and recorded (created_at {run.when}).")
    return 0
