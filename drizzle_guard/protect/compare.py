"""How two versions of one migration differ, in the words that a person needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from drizzle_guard.drizzle.folder import REGULAR, Blob, Folder, Migration
from drizzle_guard.drizzle.journal import EMPTY, PATH, Entry, running_max
from drizzle_guard.drizzle.json_text import parse
from drizzle_guard.drizzle.line_ends import with_lf
from drizzle_guard.drizzle.snapshot import previous_id, snapshot_id
from drizzle_guard.drizzle.v1 import Layout, layout_of
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.replay.plan import Plan


def read_without_journal(name: str, files: Mapping[str, Blob]) -> Folder:
    """The SQL files alone: where a committed journal cannot be read, they are still protected."""
    tags = sorted(path.removesuffix(".sql") for path in files if path.endswith(".sql") and "/" not in path)
    migrations = tuple(Migration(Entry({}, tag, None, None), files[f"{tag}.sql"], None) for tag in tags)
    return Folder(name, EMPTY._replace(entries=tuple(m.entry for m in migrations)), migrations, files)


class Only(Enum):
    """A change that leaves what a file says as it was."""

    LINE_ENDS = "line ends"
    FORMATTING = "formatting"


def only_change(was: Blob, now: Blob) -> Only | None:
    """Whether two versions of a file differ in their line ends or their formatting alone."""
    if was.mode not in REGULAR or now.mode not in REGULAR or now.id == was.id:
        return None
    if with_lf(was.data) == with_lf(now.data):
        return Only.LINE_ENDS
    return Only.FORMATTING if _same_json(was, now) else None


def describe_file(label: str, was: Blob, now: Blob) -> str:
    """What happened to a file: `the SQL is edited`, and where it is only its line ends or mode, that."""
    if now.mode != was.mode and now.mode not in REGULAR:
        kind = {"120000": "a symbolic link", "160000": "a submodule"}.get(now.mode, "no regular file")
        return f"{label} is replaced by {kind}"
    if now.id == was.id:
        return f"the file mode of {label} is changed ({was.mode} -> {now.mode})"
    only = only_change(was, now)
    if only is Only.LINE_ENDS:
        return f"only the line ends of {label} are changed, but with them its hash"
    if only is Only.FORMATTING:
        return f"only the formatting of {label} is changed"
    return f"{label} is edited"


def _same_json(was: Blob, now: Blob) -> bool:
    try:
        return bool(parse(was.data, "") == parse(now.data, ""))
    except GuardError:
        return False


def unsound_move(history: Folder, position: int, old: Migration) -> str:
    """What is wrong with a renumbered migration at its new place; "" if everything followed the number."""
    now, before = history.migrations[position], history.migrations[:position]
    if layout_of(history) is Layout.V1:
        return "" if old.snapshot == now.snapshot else "its snapshot is not the same any more"
    others = [m for n, m in enumerate(history.migrations) if n != position]
    for other in others:
        if other.tag == now.tag:
            return "its new tag stands twice in the journal"
        if other.entry.idx == now.entry.idx:
            return f"idx {now.entry.idx} is that of {printable(other.tag)} too"
    newest = running_max([m.entry for m in before])
    if now.entry.when is None or (newest is not None and now.entry.when <= newest):
        return "its `when` is not after those before it, so databases that ran them would skip it"
    if old.snapshot is None:
        return ""
    if now.snapshot is None:
        return "its snapshot did not follow"
    tip = next((m.snapshot for m in reversed(before) if m.snapshot), None)
    if tip is not None and previous_id(now.snapshot) != snapshot_id(tip):
        return "its snapshot does not continue the one before it"
    return ""


def is_as_planned(new: Mapping[str, Blob], plan: Plan, sides: Sequence[Folder]) -> bool:
    """Whether a folder is what drizzle-guard makes of a merge: the plan, or what its merge driver left for the moment.

    In between (the driver cannot rename files) the journal has the final numbers and the old tags, and every other
    file is as one of the sides has it.
    """
    if all(new.get(path) == blob for path, blob in plan.files.items()):
        return True
    journal = new.get(PATH)
    if journal is None or journal.mode not in REGULAR or journal.data != plan.interim.data:
        return False
    for path, blob in plan.files.items():
        if path != PATH and new.get(path) not in (blob, *(side.files.get(path) for side in sides)):
            return False
    kept = [m for side in sides for m in side.migrations]
    tags = {move.old.tag for move in plan.moves} | {e.tag for e in plan.journal.entries} - {
        move.new.tag for move in plan.moves
    }
    return all(new.get(f"{tag}.sql") in [m.sql for m in kept if m.tag == tag] for tag in tags)
