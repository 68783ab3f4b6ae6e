"""`drizzle-guard status`: files, journal and database compared, and what the next migrate does.  Read-only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from drizzle_guard.database.connection import opened, within
from drizzle_guard.database.place import Place, View, find_place, look
from drizzle_guard.database.report import build
from drizzle_guard.database.text import github, text
from drizzle_guard.terminal import json_in_ascii

F = TypeVar("F", bound=Callable[..., Any])


def database_options(function: F) -> F:
    """The options that name folder, database and table; the same for status, apply and repair."""
    for option in (
        click.option("--timeout", default=10.0, show_default=True, help="Seconds to wait for the database.",
                     type=click.FloatRange(min=0, min_open=True)),
        click.option("--schema", help="Schema of the migrations table (PostgreSQL)  [default: drizzle]."),
        click.option("--table", help="Name of the migrations table  [default: __drizzle_migrations]."),
        click.option("--folder", help="Migrations folder, where there are several.", type=click.Path()),
        click.option("--url", help="Database URL or SQLite file  [default: $DATABASE_URL]."),
    ):  # fmt: skip
        function = option(function)
    return function


def see(place: Place, timeout: float) -> View:
    """Read the database, in at most `timeout` seconds."""

    def read() -> View:
        with opened(place.target, timeout) as database:
            return look(database, place)

    return within(timeout, place.target.label, read)


@click.command("status", short_help="Compare files, journal and database.")
@click.argument("path", required=False, type=click.Path())
@database_options
@click.option("--require-applied", is_flag=True, help="Pending migrations count as wrong: a gate for deploys.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--format", "form", default="text", type=click.Choice(["text", "json", "github"]), show_default=True)
def command(
    path: str | None,
    url: str | None,
    folder: str | None,
    table: str | None,
    schema: str | None,
    timeout: float,
    require_applied: bool,
    as_json: bool,
    form: str,
) -> int:
    """Compare migration files, journal and database; say what the next migrate does.

    Reads only.  Exit code 0 if nothing is wrong (pending is not wrong), 1 if something is.
    """
    place = find_place(path or folder, url, table, schema)
    report = build(place, see(place, timeout), require_applied=require_applied)
    if as_json or form == "json":
        click.echo(json_in_ascii(report.model_dump_json(indent=2)))
    else:
        click.echo(github(report) if form == "github" else text(report))
    return 0 if report.in_step else 1
