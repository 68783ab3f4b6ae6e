"""`drizzle-guard status`: files, journal and database compared, and what the next migrate does.  Read-only."""

from __future__ import annotations

import sys

import click

from drizzle_guard.commands.on_database import (
    asked,
    database_options,
    format_of,
    format_options,
    see,
    style,
)
from drizzle_guard.database.place import find_place
from drizzle_guard.database.report import build
from drizzle_guard.database.text import github, markdown, text
from drizzle_guard.errors import UsageError
from drizzle_guard.terminal import json_in_ascii

#: with more migrations than this a person sees only what is not in order
_MANY = 20


@click.command("status", short_help="Compare files, journal and database.")
@click.argument("path", required=False, type=click.Path())
@database_options
@click.option("--env", "environments", multiple=True, metavar="NAME", help="A database of drizzle-guard.toml; repeat.")
@click.option("--all", "every", is_flag=True, help="All databases of drizzle-guard.toml, side by side.")
@click.option("--require-applied", is_flag=True, help="Pending migrations count as wrong: a gate for deploys.")
@click.option("--for", "version", type=click.Choice(["v1"]), help="Also: will the move to Drizzle v1 succeed here?")
@click.option("--short/--no-short", default=None, help="Only what is not in order  [default: with many].")
@format_options
def command(
    path: str | None,
    url: str | None,
    env_file: str | None,
    folder: str | None,
    table: str | None,
    schema: str | None,
    timeout: float,
    environments: tuple[str, ...],
    every: bool,
    require_applied: bool,
    version: str | None,
    short: bool | None,
    as_json: bool,
    form: str,
) -> int:
    """Compare migration files, journal and database; say what the next migrate does.

    PATH is a migrations folder, or a directory that holds one. Reads only. Exit code 0 if nothing is wrong (pending is
    not wrong), 1 if something is, 2 if it cannot look.
    """
    form = format_of(form, as_json=as_json)
    if every or len(environments) > 1:
        if url is not None:
            raise UsageError("--url names one database, --all and --env name those of drizzle-guard.toml.")
        from drizzle_guard.commands.side_by_side import show

        wanted = asked(path=path, folder=folder, url=None, table=table, schema=schema, env_file=env_file)
        return show(wanted, environments, timeout, require_applied=require_applied, form=form, for_v1=version == "v1")
    environment = environments[0] if environments else None
    wanted = asked(
        path=path, folder=folder, url=url, table=table, schema=schema, env_file=env_file, environment=environment
    )
    place = find_place(wanted)
    report = build(place, see(place, timeout), require_applied=require_applied, for_v1=version == "v1")
    if form == "json":
        click.echo(json_in_ascii(report.model_dump_json(indent=2)))
    elif form == "text":
        if short is None:
            short = len(report.migrations) > _MANY and sys.stdout.isatty()
        click.echo(text(report, short=short, style=style))
    else:
        click.echo(github(report) if form == "github" else markdown(report))
    return 0 if report.in_step else 1
