"""`drizzle-guard rehearse --against URL`: a real database against what its rows name; it is only read."""

from __future__ import annotations

from pathlib import Path

import click

from drizzle_guard.commands.on_database import see
from drizzle_guard.commands.progress import Progress
from drizzle_guard.config import read_config
from drizzle_guard.database.place import find_place
from drizzle_guard.database.whereabouts import Asked, root_of
from drizzle_guard.rehearse.against import compare, read_real
from drizzle_guard.rehearse.against_report import as_json, findings, text
from drizzle_guard.rehearse.places import Wishes, choose_family, open_engine, setup_files
from drizzle_guard.rehearse.report import Format
from drizzle_guard.rehearse.sources import packages
from drizzle_guard.terminal import annotation, json_in_ascii


def show(against: str, path: str | None, wishes: Wishes, format_: Format) -> int:
    """Compare and print.  `against` is a URL, or a name of [databases] in drizzle-guard.toml."""
    config = read_config(root_of(Path.cwd()))
    named = against if against in config.databases else None
    place = find_place(Asked(path, None if named else against, environment=named))
    seen = see(place, wishes.timeout)
    family, _ = choose_family(place.target.kind, wishes.driver, packages(place.folder))
    setup = setup_files(wishes.setup, config.rehearse.setup, place.root)
    wishes = wishes._replace(table=place.names.table, schema=place.names.schema, setup=setup)
    engine = open_engine(place.target.kind, family, wishes)
    try:
        real = read_real(place.target, place.names, engine, family, wishes.timeout)
        with Progress("making anew", max(1, len(seen.table.rows))) as progress:
            found = compare(place, seen, engine, family, real, progress.tick)
    finally:
        engine.close()
    if format_ == "json":
        click.echo(json_in_ascii(as_json(found).model_dump_json(indent=2)))
    else:
        if format_ == "github":
            for level, words in findings(found):
                click.echo(annotation(level, words, title="rehearse --against"))
        click.echo(text(found))
    return found.exit_code
