"""`drizzle-guard repair`: bring the migrations table in step, one offer at a time."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Literal, NamedTuple

import click

from drizzle_guard.commands.apply import explain
from drizzle_guard.commands.on_database import (
    agreed,
    asked,
    database_options,
    format_of,
    format_options,
    refuse_what_is_not_ours,
    see,
    style,
    typable_hints,
)
from drizzle_guard.database.done import OfferForm, RepairReport, repair_github, repair_markdown, told, undo_of
from drizzle_guard.database.perform import perform, steps_of
from drizzle_guard.database.place import Place, View, find_place
from drizzle_guard.database.repairs import KINDS, Offer, again, offers
from drizzle_guard.database.report import StatusReport, build
from drizzle_guard.database.text import findings_text
from drizzle_guard.database.verdicts import Comparison
from drizzle_guard.database.wording import typable
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.repository import Repository
from drizzle_guard.terminal import json_in_ascii


@click.command("repair", short_help="Bring the migrations table in step, one offer at a time.")
@click.argument("path", required=False, type=click.Path())
@database_options
@click.option("--env", "environment", metavar="NAME", help="A database of drizzle-guard.toml.")
@click.option("--only", multiple=True, type=click.Choice(KINDS), help="Offer only this kind (may be repeated).")
@click.option("--backup", type=click.Path(), help="Where the rows are saved first  [default: in the git directory].")
@click.option("--dry-run", is_flag=True, help="Show the offers, change nothing.")
@click.option("--yes", is_flag=True, help="Accept every offer.")
@format_options
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
    as_json: bool,
    form: str,
) -> int:
    """Offer what brings the migrations table in step: re-stamp, sequence, adopt, duplicates, re-hash.

    No other object is touched, unless a re-stamp would hide a pending migration: that one then runs first, in the
    same transaction.  The rows are saved to a file before, and the undo is printed.
    """
    form = format_of(form, as_json=as_json, asks=not yes and not dry_run)
    place = find_place(
        asked(path=path, folder=folder, url=url, table=table, schema=schema, env_file=env_file, environment=environment)
    )
    with typable_hints(place):
        seen = see(place, timeout)
        refuse_what_is_not_ours(place, seen)
        talk = Talk(ask=not yes and not dry_run, quiet=form != "text")
        chosen = _choose(place, seen, only or KINDS, talk)
        report = _plan(place, chosen, dry_run=dry_run)
        for offer in chosen.left:
            talk.say(f"Left for a person: {offer.title}.\n  {printable(offer.obstacle or 'declined').rstrip('.')}.")
            talk.say(*(f"  {typable(hint, place.again)}" for hint in offer.hints))
        if dry_run:
            talk.say("Nothing was changed (--dry-run)." if report.offers else "Nothing to repair.")
            _add_remaining(report, build(place, seen._replace(comparison=chosen.after)))
        else:
            try:
                _carry_out(place, seen, chosen, report, talk, backup, timeout)
            except GuardError as error:
                offers = [o.model_copy(update={"state": "failed"}) if o.state == "done" else o for o in report.offers]
                failed = {"outcome": "failed", "offers": offers, "undo": [], **told(error, place)}
                show(report.model_copy(update=failed), form)
                raise
            try:
                after = see(place, timeout)
            except GuardError as error:  # it is done all the same
                show(report.model_copy(update=told(error, place)), form)
                raise
            _add_remaining(report, build(place, after))
            talk.say("In step." if report.in_step else "What remains:")
            talk.say(*findings_text(report.remaining, style))
    show(report, form)
    return 0 if report.in_step else 1


def show(report: RepairReport, form: str) -> None:
    """Print the report in a format that is not text."""
    if form == "json":
        click.echo(json_in_ascii(report.model_dump_json(indent=2)))
    elif form != "text":
        click.echo(repair_github(report) if form == "github" else repair_markdown(report))


class Talk(NamedTuple):
    """Whether each offer is asked for, and whether anything is said before the report."""

    ask: bool
    quiet: bool

    def say(self, *lines: str) -> None:
        """Say something to a person."""
        if not self.quiet and lines:
            click.echo("\n".join(lines))


class Chosen(NamedTuple):
    """The offers that were accepted and those that were not, and the comparison that the accepted ones would leave."""

    accepted: list[Offer]
    left: list[Offer]
    after: Comparison


def _choose(place: Place, seen: View, only: tuple[str, ...], talk: Talk) -> Chosen:
    """Show the offers one by one; each is worked out anew on the table that the accepted ones would leave."""
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
            return Chosen(accepted, [*declined.values(), *blocked], judged)
        talk.say(f"{offer.kind}: {offer.title}.")
        talk.say(*(explain(place, run) for run in offer.runs))
        talk.say(*(f"  {change.sql};" for change in offer.changes))
        if talk.ask and not agreed("Do it?"):
            declined[offer.kind, offer.key] = offer
            continue
        accepted.append(offer)
        judged = again(judged, offer)


def _plan(place: Place, chosen: Chosen, *, dry_run: bool) -> RepairReport:
    """The report before anything is done."""
    made = [OfferForm.of(place, offer, "would-do" if dry_run else "done") for offer in chosen.accepted]
    made += [OfferForm.of(place, o, "declined" if o.obstacle is None else "left") for o in chosen.left]
    some: Literal["left", "nothing-to-repair"] = "left" if chosen.left else "nothing-to-repair"
    return RepairReport(
        folder=place.name,
        database=printable(place.target.label),
        table=printable(place.names.shown),
        outcome=("would-repair" if dry_run else "repaired") if chosen.accepted else some,
        offers=made,
        undo=list(undo_of(place, chosen.accepted)),
    )


def _carry_out(
    place: Place, seen: View, chosen: Chosen, report: RepairReport, talk: Talk, backup: str | None, timeout: float
) -> None:
    """Save the rows, do what was accepted, and say how to take it back."""
    if chosen.accepted:
        file = Path(backup) if backup else _unused(_kept(place))
        with saved(file, place, seen, report.undo) as save:
            perform(place, seen, steps_of(chosen.accepted), timeout, backup=save)
        report.backup = _near(file)
        talk.say(f"Done. The rows as they were are in {printable(_near(file))}. To take it back:")
        talk.say(*(f"  {line}" for line in report.undo))
    elif not chosen.left:
        talk.say("Nothing to repair.")


def _add_remaining(report: RepairReport, after: StatusReport) -> None:
    report.in_step, report.remaining = after.in_step, after.findings


def _kept(place: Place) -> Path:
    """Where the rows are kept: in the git directory, which no commit takes along; else in the user's state."""
    with suppress(GuardError), Repository(str(place.root)) as repository:
        found = repository.line("rev-parse", "--git-path", "drizzle-guard-rows")
        if found is not None:
            return place.root / found
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return Path(state) / "drizzle-guard"


def _unused(directory: Path) -> Path:
    """A name for the backup that is free, also for another repair that runs at this moment."""
    stem = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S.%fZ}"
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
