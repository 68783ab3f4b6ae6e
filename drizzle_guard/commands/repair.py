"""`drizzle-guard repair`: bring the migrations table in step, one offer at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path

import click

from drizzle_guard.commands.apply import explain
from drizzle_guard.commands.on_database import agreed, asked, database_options, refuse_what_is_not_ours, see, style
from drizzle_guard.database.perform import perform, record, steps_of
from drizzle_guard.database.place import Place, View, find_place
from drizzle_guard.database.repairs import KINDS, Offer, again, offers
from drizzle_guard.database.report import build
from drizzle_guard.database.rows import Comparison
from drizzle_guard.database.text import findings_text
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.repository import Repository


@click.command("repair", short_help="Bring the migrations table in step, one offer at a time.")
@click.argument("path", required=False, type=click.Path())
@database_options
@click.option("--env", "environment", metavar="NAME", help="A database of drizzle-guard.toml.")
@click.option("--only", multiple=True, type=click.Choice(KINDS), help="Offer only this kind (may be repeated).")
@click.option("--backup", type=click.Path(), help="Where the rows are saved first  [default: in the git directory].")
@click.option("--dry-run", is_flag=True, help="Show the offers, change nothing.")
@click.option("--yes", is_flag=True, help="Accept every offer.")
def command(
    path: str | None,
    url: str | None,
    env_file: str | None,
    folder: str | None,
    table: str | None,
    schema: str | None,
    timeout: float,
    environment: str | None,
    only: tuple[str, ...],
    backup: str | None,
    dry_run: bool,
    yes: bool,
) -> int:
    """Offer what brings the migrations table in step: re-stamp, sequence, adopt, duplicates, re-hash.

    No other object is touched, unless a re-stamp would hide a pending migration: that one then runs first, in the
    same transaction.  The rows are saved to a file before, and the undo is printed.
    """
    place = find_place(
        asked(path=path, folder=folder, url=url, table=table, schema=schema, env_file=env_file, environment=environment)
    )
    seen = see(place, timeout)
    refuse_what_is_not_ours(seen)
    accepted, left, after = _choose(place, seen, only or KINDS, ask=not yes and not dry_run)
    for offer in left:
        click.echo(f"Left for a person: {offer.title}.\n  {printable(offer.obstacle or 'declined')}.")
    if dry_run:
        click.echo("Nothing was changed (--dry-run)." if accepted or left else "Nothing to repair.")
        return 0 if build(place, seen._replace(comparison=after)).in_step else 1
    if accepted:
        file = Path(backup) if backup else _unused(_kept(place))
        undo = list(_undo(place, accepted))
        with saved(file, place, seen, undo) as save:
            perform(place, seen, steps_of(accepted), timeout, backup=save)
        click.echo(f"Done. The rows as they were are in {printable(_near(file))}. To take it back:")
        click.echo("\n".join(f"  {line}" for line in undo))
    elif not left:
        click.echo("Nothing to repair.")
    return _remaining(place, timeout)


def _choose(
    place: Place, seen: View, only: tuple[str, ...], *, ask: bool
) -> tuple[list[Offer], list[Offer], Comparison]:
    """Show the offers one by one; each is worked out anew on the table that the accepted ones would leave.

    Returns what was accepted, what was not, and the comparison that the accepted ones would leave.
    """
    judged = seen.comparison
    accepted: list[Offer] = []
    declined: dict[tuple[str, str], Offer] = {}
    allowed = {(a.tag, a.sha256.lower()) for a in place.config.allow}
    while True:
        every = list(offers(judged, seen.catalog, place.names, only, allowed))
        coming = (o for o in every if (o.kind, o.key) not in declined)
        offer = next((o for o in coming if o.obstacle is None), None)
        if offer is None:
            blocked = (o for o in every if o.obstacle is not None)
            return accepted, [*declined.values(), *blocked], judged
        click.echo(f"{offer.kind}: {offer.title}.")
        for run in offer.runs:
            click.echo(explain(place, run))
        for change in offer.changes:
            click.echo(f"  {change.sql};")
        if ask and not agreed("Do it?"):
            declined[offer.kind, offer.key] = offer
            continue
        accepted.append(offer)
        judged = again(judged, offer)


def _undo(place: Place, accepted: list[Offer]) -> Iterator[str]:
    for offer in reversed(accepted):
        for change in reversed(offer.changes):
            yield f"{change.undo};"
        for run in reversed(offer.runs):
            yield f"{record(place, run).undo}; -- and what {printable(run.tag)} did to the schema, by hand"


def _kept(place: Place) -> Path:
    """Where the rows are kept: in the git directory, which no commit takes along; else in the user's state."""
    with suppress(GuardError), Repository(str(place.root)) as repository:
        found = repository.line("rev-parse", "--git-path", "drizzle-guard-rows")
        if found is not None:
            return place.root / found
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(state) / "drizzle-guard"


def _unused(directory: Path) -> Path:
    """A name for the backup that is free, also for a second repair within one second."""
    stem = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}"
    names = (directory / f"{stem}{tail}.json" for tail in ("", *(f"-{n}" for n in range(2, 1000))))
    return next((path for path in names if not path.exists()), directory / f"{stem}.json")


def _near(path: Path) -> str:
    """A path as one types it from here."""
    near = os.path.relpath(path)
    return str(path) if near.startswith(os.path.join("..", "..")) else near


@contextmanager
def saved(path: Path, place: Place, seen: View, undo: list[str]) -> Iterator[Callable[[], None]]:
    """Hand out what writes the rows to a new file; the file goes again if nothing was changed after all."""
    written: list[Path] = []

    def save() -> None:
        _save(path, place, seen, undo)
        written.append(path)

    try:
        yield save
    except GuardError as error:
        if written and error.unchanged:
            path.unlink(missing_ok=True)
        raise


def _save(path: Path, place: Place, seen: View, undo: list[str]) -> None:
    """Write the rows to a new file that only the user may read."""
    table = seen.table
    document = {
        "database": place.target.label,
        "table": place.names.shown,
        "rows": [
            {"id": r.id, "key": r.key, "hash": r.hash, "created_at": r.created_at, "name": r.name} for r in table.rows
        ],
        "sequence": None if table.sequence is None else table.sequence._asdict(),
        "undo": undo,
    }
    try:
        if path.parent.name in ("drizzle-guard-rows", "drizzle-guard"):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(document, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise GuardError(
            f"the rows cannot be saved to {printable(str(path))}: {error.strerror}. Nothing was changed.",
            "drizzle-guard repair --backup FILE",
        ) from None


def _remaining(place: Place, timeout: float) -> int:
    """Say what is still wrong; returns the exit code."""
    report = build(place, see(place, timeout))
    if report.in_step:
        click.echo("In step.")
        return 0
    click.echo("\n".join(["What remains:", *findings_text(report.findings, style)]))
    return 1
