"""What status, apply and repair share: their options, the look at the database, the question before a change."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from drizzle_guard.database.connection import opened, within
from drizzle_guard.database.cures import of_row_without_migration
from drizzle_guard.database.place import Place, View, read
from drizzle_guard.database.whereabouts import Asked
from drizzle_guard.database.wording import row_name, typable
from drizzle_guard.errors import GuardError, UsageError, printable

F = TypeVar("F", bound=Callable[..., Any])


def database_options(function: F) -> F:
    """The options that name folder, database and table; the same for status, apply and repair."""
    for option in (
        click.option("--timeout", default=10.0, show_default=True, help="Seconds to wait for the database.",
                     type=click.FloatRange(min=0, min_open=True)),
        click.option("--schema", help="Schema of the migrations table (PostgreSQL)  [default: by drizzle.config]."),
        click.option("--table", help="Name of the migrations table  [default: by drizzle.config]."),
        click.option("--folder", help="Migrations folder, where there are several.", type=click.Path()),
        click.option("--env-file", metavar="FILE", help="Read DATABASE_URL from a .env file.", type=click.Path()),
        click.option("--url", help="Database URL or SQLite file  [default: $DATABASE_URL]."),
    ):  # fmt: skip
        function = option(function)
    return function


def format_options(function: F) -> F:
    """How to print, the same for status, apply and repair."""
    for option in (
        click.option("--format", "form", default="text", show_default=True, help="How to print.",
                     type=click.Choice(["text", "json", "github", "markdown"])),
        click.option("--json", "as_json", is_flag=True, help="The same as --format json."),
    ):  # fmt: skip
        function = option(function)
    return function


def format_of(form: str, *, as_json: bool, asks: bool = False) -> str:
    """The format.  Raises UsageError where a command `asks`, and nothing but text could show the question."""
    form = "json" if as_json else form
    if asks and form != "text":
        raise UsageError(f"with --format {form} there is nobody to ask: add --yes, or --dry-run only to look.")
    return form


@contextmanager
def typable_hints(place: Place) -> Iterator[None]:
    """Let the commands that an error names work here: with the folder and the database that were named."""
    try:
        yield
    except GuardError as error:
        error.hints = tuple(typable(hint, place.again) for hint in error.hints)
        if any(place.again and hint.endswith(place.again) for hint in error.hints) and place.unsaid:
            error.hints = (*error.hints, place.unsaid)
        raise


def see(place: Place, timeout: float) -> View:
    """Read the database, in at most `timeout` seconds, and compare it with the files."""

    def ask() -> Callable[[], View]:
        with opened(place.target, timeout) as database:
            return read(database, place)

    return within(timeout, place.target.label, ask)()


def asked(
    *,
    path: str | None = None,
    folder: str | None,
    url: str | None,
    table: str | None,
    schema: str | None,
    env_file: str | None,
    environment: str | None = None,
) -> Asked:
    """The options as one value.  Raises UsageError where two of them name a folder."""
    if path is not None and folder is not None and path != folder:
        raise UsageError("PATH and --folder name two folders; give one of them.")
    return Asked(path or folder, url, table, schema, env_file, environment)


def agreed(question: str) -> bool:
    """Ask.  Raises UsageError where there is nobody to ask."""
    try:
        return click.confirm(question)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo()  # the question stands without a line end
        raise UsageError("there is nobody to ask. Nothing was changed.", "With --yes it does not ask.") from None


def refuse_what_is_not_ours(place: Place, seen: View) -> None:
    """Refuse Drizzle v1's folder on a table of 0.x, whose upgrade comes first, and another program's ledger."""
    if seen.unmatched:
        row = seen.unmatched[0]
        raise GuardError(
            f"The table is one of Drizzle 0.x, and v1 cannot upgrade it: {row_name(row)} fits no migration.",
            *of_row_without_migration(row, place.names),
        )
    if seen.upgrades:
        raise GuardError("The table is one of Drizzle 0.x; let Drizzle v1 upgrade it first.", "npx drizzle-kit migrate")
    if seen.ledger is not None:
        raise GuardError(
            f"The ledger of this database is {printable(seen.ledger.shown)}: {seen.ledger.runner.name} runs these "
            "files, not Drizzle. Nothing was changed.",
            printable(seen.ledger.runner.command),
        )
    if seen.other is not None and not seen.table.exists:
        raise GuardError(
            f"{printable(seen.other.shown)} is in this database, the ledger of {seen.other.runner.name}, and no table "
            "of Drizzle's: a second ledger is for Drizzle to make, if it is to run these files. Nothing was changed.",
            "npx drizzle-kit migrate",
        )


def coloured() -> bool:
    """Whether a person looks at a terminal that wants colours."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def style(text: str, colour: str) -> str:
    """Coloured text where a person looks, else the same."""
    return click.style(text, fg=colour) if colour and coloured() else text
