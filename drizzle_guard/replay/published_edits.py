"""What a branch made of published migrations, in words: which one, what, and what follows where it has run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drizzle_guard.drizzle.folder import Folder, Migration
from drizzle_guard.drizzle.journal import snapshot_path
from drizzle_guard.errors import printable


def describe_edits(was: Migration, now: Migration) -> Iterator[str]:
    """What the branch alone changed of a published migration, and what follows where that has run."""
    tag = printable(was.tag)
    if was.sql != now.sql:
        yield f"{tag} is published, and the branch edited its SQL: where it has run, that does nothing"
    old, new = was.entry.when, now.entry.when
    if old != new:
        raised = (new or 0) > (old or 0)
        follows = (
            "where it has run and nothing newer, it runs again"
            if raised
            else "where it has not run and something newer has, it is skipped"
        )
        yield f"{tag} is published, and the branch changed its `when` ({old} -> {new}): {follows}"
    keys = [k for k in {**was.entry.raw, **now.entry.raw} if was.entry.raw.get(k) != now.entry.raw.get(k)]
    if other := [key for key in keys if key != "when"]:
        yield f"{tag} is published, and the branch changed its {printable(', '.join(other))}"


def describe_snapshots(migrations: Sequence[Migration], what: str) -> Iterator[str]:
    """One line for all that had this done to their snapshots.

    Up to three are named; a formatter that ran over all of them fills no screen.
    """
    paths = [printable(snapshot_path(m.entry.prefix)) for m in migrations]
    if paths:
        *first, last = [*paths[:3], *([f"{len(paths) - 3} more"] if len(paths) > 3 else [])]
        shown = f"{', '.join(first)} and {last}" if first else last
        yield f"{shown} {'are' if len(paths) > 1 else 'is'} {what}"


def describe_edited_files(published: Folder, now: Folder, *, entries: bool) -> Iterator[str]:
    """What a folder has otherwise than the published one where no merge driver is asked: SQL files and snapshots.

    `entries`: journal entries, too, which the apply backend takes as text where their lines fit.
    """
    here = {migration.tag: migration for migration in now.migrations}
    pairs = [(was, here[was.tag]) for was in published.migrations if was.tag in here]
    for was, mine in pairs:
        if mine.sql is not None and was.sql is not None:
            yield from describe_edits(was, mine if entries else mine._replace(entry=was.entry))
    edited = [mine for was, mine in pairs if was.snapshot and mine.snapshot and was.snapshot != mine.snapshot]
    yield from describe_snapshots(edited, "published, and edited by the branch")
