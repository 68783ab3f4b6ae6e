"""`drizzle-guard rehearse`: runs every migration on throw-away databases, from every state that one can stand in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import cast

import click

from drizzle_guard.commands.progress import Progress
from drizzle_guard.config import DEFAULT_SCHEMA, DEFAULT_TABLE, read_config
from drizzle_guard.database.row_sql import Names
from drizzle_guard.disk import find_folders, find_v1_folders
from drizzle_guard.errors import UsageError, printable
from drizzle_guard.git.repository import Repository
from drizzle_guard.rehearse.facts import Difference
from drizzle_guard.rehearse.held import ever_held
from drizzle_guard.rehearse.places import Wishes, choose_family, open_engine, setup_files
from drizzle_guard.rehearse.pushed import pushed_folders, wants_it
from drizzle_guard.rehearse.report import FORMATS, Format, as_json, exit_code, findings, text
from drizzle_guard.rehearse.run import Rehearsal, rehearse
from drizzle_guard.rehearse.sources import Source, packages, read_source, snapshots_of
from drizzle_guard.terminal import annotation, as_typed, json_in_ascii


@click.command("rehearse")
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--onto", metavar="REF", help="The mainline (default: found by itself).")
@click.option("--all-bases", is_flag=True, help="Also start after each migration of the mainline.")
@click.option("--url", metavar="URL", help="A server on which databases may be made and dropped; none that exists.")
@click.option("--against", metavar="URL", help="Compare this database with what its rows name; it is only read.")
@click.option("--setup", "setup", metavar="FILE.sql", multiple=True, help="SQL to run first on each database.")
@click.option("--driver", metavar="NAME", help="The driver whose rules count (default: from package.json).")
@click.option("--timeout", default=30.0, show_default=True, metavar="SECONDS", help="For each statement.")
@click.option("--pushed", is_flag=True, help="In a pre-push hook: only what is pushed, and only if the settings ask.")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="text", show_default=True, help="How to print.")
def command(
    paths: tuple[str, ...],
    onto: str | None,
    all_bases: bool,
    url: str | None,
    against: str | None,
    setup: tuple[str, ...],
    driver: str | None,
    timeout: float,
    pushed: bool,
    kind: str,
) -> int:
    """Run the migrations at or below PATHS (default: here) on throw-away databases, and compare what comes out.

    They start empty, at the mainline's state and at the merge base's, and run as Drizzle's migrator would. All must
    end in one schema, which is the newest snapshot's. SQLite needs nothing; PostgreSQL and MySQL need
    pip install 'drizzle-guard[rehearse]'; MySQL and MariaDB also a server on PATH or --url.

    With --against a real database is compared with what the migrations that its rows name make of an empty one.

    Exit code 0: all came out well. 1: something was found. 2: it could not be rehearsed here, or was used wrongly.
    """
    format_ = cast(Format, kind)
    if against is not None:
        from drizzle_guard.commands.against import show

        if onto is not None or all_bases or pushed or len(paths) > 1:
            raise UsageError("--against takes one folder, and none of --onto, --all-bases, --pushed.")
        return show(against, paths[0] if paths else None, Wishes(url, setup, timeout, driver, "", ""), format_)
    if pushed:
        paths = _pushed(None)
        if not paths:
            return 0
    return _show(paths or (".",), onto, all_bases, Wishes(url, setup, timeout, driver, "", ""), format_)


def rehearse_pushed(told: bytes) -> int:
    """Rehearse what `git push` is about to send; `told` is what git writes to `pre-push`.  Returns the exit code."""
    paths = _pushed(told)
    return _show(paths, None, False, Wishes(None, (), 30.0, None, "", ""), "text") if paths else 0


def _show(paths: tuple[str, ...], onto: str | None, all_bases: bool, wishes: Wishes, format_: Format) -> int:
    rehearsals = []
    with ExitStack() as open_:
        for source in _sources(paths, _top() if format_ == "github" else Path(), onto, all_bases, open_):
            rehearsals.append(_one(source, wishes))
    text = _rendered(rehearsals, format_)
    click.echo(as_typed(text) if format_ == "text" else text)
    return exit_code(rehearsals)


def rehearsal_of(folder: Path, name: str, *, onto: str, driver: str) -> Rehearsal:
    """Rehearse one folder with the defaults, for the demo."""
    with ExitStack() as open_:
        source = read_source(folder, name, onto, open_, all_bases=False)
        return _one(source, Wishes(None, (), 30.0, driver, "", ""))


def _sources(paths: tuple[str, ...], start: Path, onto: str | None, all_bases: bool, open_: ExitStack) -> list[Source]:
    found: dict[str, Path] = {}
    for given in paths:
        path = Path(given)
        path = path.parent.parent if path.name == "_journal.json" else path
        if not path.is_dir():
            raise UsageError(f"{printable(given)} does not exist.")
        for folder in (*find_folders(path), *find_v1_folders(path)):
            found.setdefault(os.path.realpath(folder), folder)
    if not found:
        raise UsageError(
            "There is no migration folder here or below."
            if paths == (".",)
            else f"There is no migration folder at {', '.join(map(printable, paths))} or below."
        )
    named = [(folder, os.path.relpath(full, os.path.realpath(start))) for full, folder in sorted(found.items())]
    return [read_source(folder, Path(name).as_posix(), onto, open_, all_bases=all_bases) for folder, name in named]


def _pushed(told: bytes | None) -> tuple[str, ...]:
    """The folders that the pushed commits change; none where the settings do not ask for it."""
    with Repository() as repository:
        if not wants_it(Path(repository.root)):
            return ()
        return tuple(os.path.join(repository.root, folder) for folder in pushed_folders(repository, told))


def _top() -> Path:
    """Annotations are shown by path from the repository's top, wherever the command runs."""
    here = Path.cwd()
    return next((path for path in (here, *here.parents) if (path / ".git").exists()), here)


def _one(source: Source, wishes: Wishes) -> Rehearsal:
    root = next((p for p in (source.path.resolve(), *source.path.resolve().parents) if (p / ".git").exists()), Path())
    config = read_config(root)
    wishes = wishes._replace(
        table=config.database.table or DEFAULT_TABLE,
        schema=config.database.schema or DEFAULT_SCHEMA,
        setup=setup_files(wishes.setup, config.rehearse.setup, root),
    )
    family, others = choose_family(source.kind, wishes.driver, packages(source.path))
    names = Names(source.kind, wishes.schema, wishes.table)
    engine = open_engine(source.kind, family, wishes)
    try:
        total = sum(len(source.present.steps) for _ in source.starts)
        with Progress("rehearsing", max(1, total)) as progress:
            held = partial(_held, source)
            return rehearse(source, engine, family, others, names, held, progress.tick)
    finally:
        engine.close()


def _held(source: Source) -> Callable[[Difference], bool]:
    return ever_held(snapshots_of(source.path), source.path)


def _rendered(rehearsals: list[Rehearsal], format_: Format) -> str:
    if format_ == "json":
        return json_in_ascii(json.dumps(as_json(rehearsals), indent=2, ensure_ascii=False))
    if format_ == "text":
        return text(rehearsals)
    lines = []
    for level, line, file, words in findings(rehearsals):
        lines.append(annotation(level, words, file=file, line=line, title="rehearse"))
    return "\n".join([*lines, text(rehearsals)])
