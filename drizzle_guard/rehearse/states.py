"""The states in which a real database can stand, and what a migrator runs on each; pure.

A state is made by running a version of the folder.  Drizzle 0.x then runs what is above the newest `created_at` (the
watermark), read once; Drizzle v1 runs every migration whose name it has not recorded, by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from drizzle_guard.drizzle.folder import Folder, Migration
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.statements import decode


class Step(NamedTuple):
    """A migration to run; `text` reads its SQL when it is asked for, so that memory does not grow with the folder."""

    tag: str
    when: int
    id: str
    text: Callable[[], str]


class Version(NamedTuple):
    """One version of a folder: its migrations in the order in which the migrator goes through them."""

    steps: tuple[Step, ...]
    by_name: bool = False

    @property
    def ids(self) -> tuple[tuple[str, str], ...]:
        """Equal for versions that make the same state."""
        return tuple((step.tag, step.id) for step in self.steps)

    def until(self, count: int) -> Version:
        """The version as it was after so many migrations."""
        return self._replace(steps=self.steps[:count])


class Start(NamedTuple):
    """Where a database stands: `label` for people, `short` for tools, and the version of the folder that ran on it."""

    short: str
    label: str
    version: Version


class Pending(NamedTuple):
    """What a migrator runs on a state, what it runs a second time, and what it passes over for ever."""

    runs: tuple[Step, ...]
    again: tuple[str, ...]
    skipped: tuple[str, ...]


def version_of(folder: Folder) -> Version:
    """The migrations of a journal.  Raises GuardError for one whose SQL or `when` is missing: no migrator gets past."""
    return Version(tuple(_step(migration) for migration in folder.migrations))


def _step(migration: Migration) -> Step:
    sql, when = migration.sql, migration.entry.when
    if sql is None:
        raise GuardError(
            f"{printable(migration.tag)}: {printable(migration.tag)}.sql is missing; Drizzle's migrator runs nothing.",
            "drizzle-guard check",
        )
    if when is None:
        raise GuardError(f"{printable(migration.tag)} has no `when`; what Drizzle does with it cannot be told.")
    return Step(migration.tag, when, sql.id, lambda: decode(sql.data))


def pending(ran: Sequence[Step], version: Version) -> Pending:
    """What the next migrate with `version` does on a database on which `ran` ran."""
    tags, ids = {step.tag for step in ran}, {step.id for step in ran}
    if version.by_name:
        return Pending(tuple(s for s in version.steps if s.tag not in tags), (), ())
    watermark = max((step.when for step in ran), default=None)
    runs = tuple(s for s in version.steps if watermark is None or watermark < s.when)
    known = {step.when for step in ran}
    again = tuple(s.tag for s in runs if s.id in ids and s.tag in tags)
    mine = {step.tag for step in runs}
    skipped = tuple(
        s.tag
        for s in version.steps
        if s.tag not in mine and s.tag not in tags and s.id not in ids and s.when not in known
    )
    return Pending(runs, again, skipped)


def merged(starts: Iterable[Start]) -> list[Start]:
    """Starting points that stand at the same state count once, under the first one's name."""
    found: dict[tuple[tuple[str, str], ...], Start] = {}
    for start in starts:
        found.setdefault(start.version.ids, start)
    return list(found.values())
