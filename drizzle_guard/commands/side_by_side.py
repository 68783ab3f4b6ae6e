"""`drizzle-guard status --all`: the databases of drizzle-guard.toml side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from drizzle_guard.commands.on_database import see
from drizzle_guard.config import read_config
from drizzle_guard.database.environments import EnvironmentReport, across, across_markdown, across_text
from drizzle_guard.database.place import find_place
from drizzle_guard.database.report import build
from drizzle_guard.database.text import github
from drizzle_guard.database.whereabouts import Asked, root_of
from drizzle_guard.errors import GuardError, UsageError, without_credentials
from drizzle_guard.terminal import annotation, json_in_ascii

_AT_ONCE = 8


def show(
    asked: Asked, names: Sequence[str], timeout: float, *, require_applied: bool, form: str, for_v1: bool = False
) -> int:
    """Print the table.  Returns 1 if anything is wrong anywhere, else 2 if one could not be looked at, else 0."""
    known = read_config(root_of(Path.cwd())).databases
    if not names and not known:
        raise UsageError(
            "drizzle-guard.toml names no databases.",
            "[databases]",
            'staging = "STAGING_DATABASE_URL"   # the variable that holds its URL, never the URL',
        )
    wanted = list(dict.fromkeys(names or known))

    def ask(name: str) -> EnvironmentReport:
        return _one(asked, name, timeout, require_applied=require_applied, for_v1=for_v1)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(ask, wanted))
    report = across(found)
    if form == "json":
        click.echo(json_in_ascii(report.model_dump_json(indent=2)))
    elif form == "github":
        for one in found:
            lacking = annotation("error", f"{one.name}: {one.error}", title="drizzle-guard status")
            click.echo(github(one.report, f"{one.name}: ") if one.report else lacking)
    else:
        click.echo(across_markdown(report) if form == "markdown" else across_text(report))
    if any(one.report is not None and not one.report.in_step for one in found):
        return 1
    return 0 if report.in_step else 2


def _one(asked: Asked, name: str, timeout: float, *, require_applied: bool, for_v1: bool) -> EnvironmentReport:
    """One environment; what goes wrong there is part of the answer and hides no other."""
    try:
        place = find_place(asked._replace(environment=name))
        report = build(place, see(place, timeout), require_applied=require_applied, for_v1=for_v1)
        return EnvironmentReport(name=name, report=report)
    except GuardError as error:
        return EnvironmentReport(name=name, error=" ".join(without_credentials(error.message).split()))
