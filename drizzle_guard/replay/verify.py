"""What must hold of every plan, looked at again on the result before anything is written."""

from __future__ import annotations

from collections.abc import Sequence

from drizzle_guard.drizzle.journal import running_max, sql_path
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.replay.plan import Plan


def verify(plan: Plan, kept: Sequence[str], own: Sequence[str]) -> None:
    """Check a plan against the tags that were to be kept and those that were to move.  Raises GuardError.

    A failure here is a fault of ours: nothing is written, and git's own conflict stays.
    """
    entries = plan.journal.entries
    if [e.tag for e in entries[: len(kept)]] != list(kept) or [m.old.tag for m in plan.moves] != list(own):
        raise _fault("a migration is missing or out of order")
    if len(entries) != len(kept) + len(own):
        raise _fault("the number of migrations is wrong")
    newest = running_max(entries[: len(kept)])
    tags = set(kept)
    last = entries[len(kept) - 1].idx if kept else None
    for entry in entries[len(kept) :]:
        if entry.when is None or (newest is not None and entry.when <= newest):
            raise _fault(f"{printable(entry.tag)} would be skipped")
        if entry.tag in tags:
            raise _fault(f"{printable(entry.tag)} stands twice")
        if last is not None and entry.idx != last + 1:
            raise _fault(f"{printable(entry.tag)} has the wrong idx")
        if plan.files.get(sql_path(entry.tag)) is None:
            raise _fault(f"{printable(entry.tag)} has no SQL file")
        newest, last = running_max([entry]), entry.idx
        tags.add(entry.tag)


def _fault(what: str) -> GuardError:
    return GuardError(f"drizzle-guard checked its own plan and found that {what}; nothing was written.")
