"""Runs what was planned: under the lock, on rows that are still as they were seen, in one transaction.

On PostgreSQL and SQLite a kill at any moment leaves the old state or the new one.  MySQL commits DDL by itself, so a
kill there may leave statements without a row; `status` then says "partly applied" or "applied, not recorded".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone

from drizzle_guard.database.connection import opened
from drizzle_guard.database.drivers.base import Database, DatabaseError
from drizzle_guard.database.one_run import Run
from drizzle_guard.database.place import Place, View
from drizzle_guard.database.repairs import Offer
from drizzle_guard.database.row_sql import Change
from drizzle_guard.errors import GuardError, printable, quoted


def perform(
    place: Place,
    seen: View,
    steps: Sequence[Run | Change],
    timeout: float,
    *,
    backup: Callable[[], None] | None = None,
) -> None:
    """Do the steps in order.  `backup` is called once the lock is held and before anything changes.

    Raises GuardError that says what stays; nothing of it stays where DDL can be rolled back.
    """
    with opened(place.target, timeout, write=True) as database:
        database.begin(place.names, timeout)
        table = database.table(place.names)
        if table.rows != seen.table.rows or table.sequence != seen.table.sequence:
            database.rollback()
            raise GuardError("The migrations table changed in the meantime. Nothing was run.", "Start again.")
        if backup is not None:
            backup()
        try:
            if not table.exists:
                for sql in place.names.create(named=place.v1):
                    database.run(sql)
            for step in steps:
                if isinstance(step, Run):
                    _run(database, place, step)
                else:
                    _change(database, step)
        except DatabaseError as error:
            database.rollback()
            failure = GuardError(f"{place.target.label}: {error}.")
            failure.unchanged = database.transactional and not error.lost
            raise failure from None
        except GuardError as failure:
            database.rollback()
            failure.unchanged = database.transactional
            raise
        try:
            database.commit()
        except DatabaseError as error:
            raise GuardError(
                f"the commit failed: {error}. Whether it took effect cannot be told from here.",
                "drizzle-guard status",
            ) from None


def steps_of(offers: Sequence[Offer]) -> list[Run | Change]:
    """The steps of several repairs: what each would hide runs before its rows change."""
    steps: list[Run | Change] = []
    for offer in offers:
        steps += [*offer.runs, *offer.changes]
    return steps


def record(place: Place, run: Run) -> Change:
    """The row that a run writes."""
    name = run.tag if place.v1 else None
    return place.names.insert(run.hash, run.when, name=name, now=datetime.now(timezone.utc))


def _run(database: Database, place: Place, run: Run) -> None:
    total = len(run.chunks)
    for number, chunk in enumerate(run.chunks[run.start :], run.start + 1):
        if not chunk.strip():
            continue  # better-sqlite3 and mysql2 fail on it; there is nothing in it to run
        try:
            database.run(chunk)
        except DatabaseError as error:
            raise _failed(database, run, f"failed at statement {number} of {total}: {error}", number) from None
    try:
        database.run(record(place, run).sql)
    except DatabaseError as error:
        raise _failed(database, run, f"ran, but could not be recorded: {error}", total + 1) from None


def _failed(database: Database, run: Run, what: str, number: int) -> GuardError:
    tag = printable(run.tag)
    if database.transactional:
        return GuardError(f"{tag} {what}. Everything was rolled back.")
    if number == 1:
        return GuardError(f"{tag} {what}. Nothing of it ran.")
    kept = f"statement 1 of {len(run.chunks)}" if number == 2 else f"statements 1 to {number - 1} of {len(run.chunks)}"
    return GuardError(
        f"{tag} {what}. MySQL keeps what ran: {kept}.",
        f"Mend the cause, then go on after it: drizzle-guard apply {quoted(run.tag)} --resume",
    )


def _change(database: Database, change: Change) -> None:
    touched = database.run(change.sql)
    if change.rows is not None and touched != change.rows:
        raise GuardError(
            f"{change.sql}: touched {touched} rows instead of {change.rows}. The rows were left as they were.",
            "A trigger, a rule or a policy guards that table. Take it away, then: drizzle-guard repair",
        )
