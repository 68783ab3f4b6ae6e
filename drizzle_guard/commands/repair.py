"""`drizzle-guard repair`: bring the migrations table in step, one offer at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import click

from drizzle_guard.commands.apply import agreed, explain, refuse_old_layout
from drizzle_guard.commands.status import database_options, see
from drizzle_guard.database.perform import perform, record, steps_of
from drizzle_guard.database.place import Place, View, find_place
from drizzle_guard.database.repairs import KINDS, Offer, again, offers
from drizzle_guard.database.report import build
from drizzle_guard.errors import GuardError, printable


@click.command("repair", short_help="Bring the migrations table in step, one offer at a time.")
@database_options
@click.option("--only", multiple=True, type=click.Choice(KINDS), help="Offer only this kind (may be repeated).")
@click.option("--backup", type=click.Path(), help="Where the rows are saved first  [default: a file here].")
@click.option("--dry-run", is_flag=True, help="Show the offers, change nothing.")
@click.option("--yes", is_flag=True, help="Accept every offer.")
def command(
    url: str | None,
    folder: str | None,
    table: str | None,
    schema: str | None,
    timeout: float,
    only: tuple[str, ...],
    backup: str | None,
    dry_run: bool,
    yes: bool,
) -> int:
    """Offer what brings the migrations table in step: re-stamp, sequence, adopt, duplicates.

    No other object is touched, unless a re-stamp would hide a pending migration: that one then runs first, in the
    same transaction.  The rows are saved to a file before, and the undo is printed.
    """
    place = find_place(folder, url, table, schema)
    seen = see(place, timeout)
    refuse_old_layout(seen)
    accepted, left = _choose(place, seen, only or KINDS, ask=not yes and not dry_run)
    for offer in left:
        click.echo(f"Left for a person: {offer.title}.\n  {printable(offer.obstacle or 'declined')}.")
    if dry_run:
        click.echo("Nothing was changed (--dry-run)." if accepted or left else "Nothing to repair.")
        return 1 if accepted or left else 0
    if accepted:
        path = Path(backup) if backup else _unused(f"drizzle-guard-rows-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}")
        undo = list(_undo(place, accepted))
        perform(place, seen, steps_of(accepted), timeout, backup=lambda: _save(path, place, seen, undo))
        click.echo(f"Done. The rows as they were are in {printable(str(path))}. To take it back:")
        click.echo("\n".join(f"  {line}" for line in undo))
    elif not left:
        click.echo("Nothing to repair.")
    return _remaining(place, timeout)


def _choose(place: Place, seen: View, only: tuple[str, ...], *, ask: bool) -> tuple[list[Offer], list[Offer]]:
    """Show the offers one by one; each is worked out anew on the table that the accepted ones would leave."""
    judged = seen.comparison
    accepted: list[Offer] = []
    declined: dict[tuple[str, str], Offer] = {}
    while True:
        coming = (o for o in offers(judged, seen.catalog, place.names, only) if (o.kind, o.key) not in declined)
        offer = next((o for o in coming if o.obstacle is None), None)
        if offer is None:
            blocked = (o for o in offers(judged, seen.catalog, place.names, only) if o.obstacle is not None)
            return accepted, [*declined.values(), *blocked]
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


def _unused(stem: str) -> Path:
    """A name for the backup that is free, also for a second repair within one second."""
    names = (Path(f"{stem}{tail}.json") for tail in ("", *(f"-{n}" for n in range(2, 1000))))
    return next((path for path in names if not path.exists()), Path(f"{stem}.json"))


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
    click.echo("What remains:")
    for finding in report.findings:
        click.echo(f"- {finding.message}" + (f"\n    {finding.command}" if finding.command else ""))
    return 1
