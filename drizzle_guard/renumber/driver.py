"""`merge.drizzle-journal`: what git calls when both sides changed a journal, a snapshot or a bundle.

git calls it in the middle of a merge: the index is locked, the other side's files are not on disk, nothing can be
renamed (measured on 2.39 and 2.55).  So it writes the one thing it can, a journal that is safe to run with the old
file names, and only where a hook will finish the work.  It answers with four codes, and the registered command line
turns everything else (no executable, a fault of ours, a kill) into what git would have done without us:

* 0: `%A` is right, and either nothing is left or the finishing hook will run;
* 10: `%A` is as it should stay, the path is a conflict;
* 11: the path is a conflict; let `git merge-file` write its markers into `%A`;
* 12: the file is none of ours; let `git merge-file` decide.

A refusal must leave the snapshots in conflict too, but each file is another process.  They ask for the verdict of the
journal's through the object database: a blob whose text names the merge exists or not, costs nothing to clean up, and
can never belong to another merge.
"""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from drizzle_guard.drizzle.folder import BUNDLE, join
from drizzle_guard.drizzle.journal import PATH, sql_path
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides, is_in_worktree, note_pick, sides_in_driver
from drizzle_guard.install.armed import MERGE_HOOKS, PICK_HOOKS, REBASE_HOOKS, is_armed
from drizzle_guard.renumber.decision import Decision, colliding_folders, decide, explain_refusal, interim_bundle
from drizzle_guard.replay.identity import match_known
from drizzle_guard.replay.plan import Plan, Refusal
from drizzle_guard.terminal import fail, say

DONE, CONFLICT, MARKERS, TEXT = 0, 10, 11, 12

_HOOKS = {"merge": MERGE_HOOKS, "rebase": REBASE_HOOKS, "cherry-pick": PICK_HOOKS, "revert": PICK_HOOKS}


def main(argv: list[str]) -> int:
    """`merge-driver %O %A %B %L %P [%S %X %Y]`; returns one of the four codes."""
    if len(argv) < 5:
        print("drizzle-guard: merge-driver is called by git: %O %A %B %L %P", file=sys.stderr)
        return 2
    _, current, other, _, path = argv[:5]
    label = argv[7] if len(argv) > 7 else ""
    try:
        with Repository() as repository:
            if path.rpartition("/")[2] == PATH.rpartition("/")[2]:
                return _journal(repository, current, other, path, label)
            if path.rpartition("/")[2] == BUNDLE:
                return _bundle(repository, current, other, path, label)
            return _snapshot(repository, current, other, path, label)
    except Exception as error:  # also a fault of ours: then git does what it would have done without us
        fail(error)
        return MARKERS
    except KeyboardInterrupt:
        return MARKERS


def _journal(repository: Repository, current: str, other: str, path: str, label: str) -> int:
    folder = path[: -len(PATH)].rstrip("/")
    sides = _find_sides(repository, current, other, path, label)
    if sides is None and not is_in_worktree(repository):
        say(
            f"{path}: both sides changed it, and its migrations can only be renumbered in a worktree.",
            "Instead of merge-tree or replay, use git merge there, in an armed clone.",
        )
        return MARKERS
    if sides is None:
        say(
            f"{path}: both sides changed it, and git does not tell a merge driver which commits meet here.",
            "Now that git has stopped, this can see both sides:",
            "drizzle-guard renumber",
        )
        return MARKERS
    decision = decide(repository, sides, folder)
    if isinstance(decision.outcome, Refusal):
        raise explain_refusal(decision, sides)
    _replace(current, decision.outcome.interim)
    if notes := decision.outcome.notes:
        say(f"{path}: merged, but not all of it is plain:", *notes)
    kept = {entry.tag for entry in (decision.ours if decision.ours_established else decision.theirs).entries}
    if twice := [move.old.tag for move in decision.outcome.moves if move.changes and move.old.tag in kept]:
        say(
            f"{path}: both sides have a migration called {twice[0]}; git stops over its SQL.",
            f"drizzle-guard renumber && {sides.next_command}",
        )
    if torn := _torn_file(decision):
        say(
            f"{join(folder, torn.path)}: {torn.why}; if git stops over that:",
            f"drizzle-guard renumber && {sides.next_command}",
        )
    finishes = is_armed(repository, _HOOKS.get(sides.kind, ("none",)))
    if finishes and sides.kind in ("cherry-pick", "revert"):
        # between the picks of a range no hook may touch the index
        finishes = not repository.has_state("sequencer")
        if finishes:
            note_pick(repository, sides)
    if finishes:
        repository.write_blob(_verdict(sides, folder, decision.ours_established))
        return DONE
    if not _leftover(decision):
        return DONE
    say(
        f"{path}: merged, but the files still have their old numbers, and no hook of this clone will finish that.",
        f"drizzle-guard renumber && {sides.next_command}",
    )
    return CONFLICT


def _snapshot(repository: Repository, current: str, other: str, path: str, label: str) -> int:
    """Add/add of a snapshot: the mainline's stays for the moment; the finishing step writes the other one anew."""
    folder = path.rpartition("meta/")[0].rstrip("/")
    sides = _find_sides(repository, current, other, path, label)
    if sides is None:
        return MARKERS
    for ours_established in (True, False):
        oid = os.fsdecode(repository.git("hash-object", "--stdin", stdin=_verdict(sides, folder, ours_established)))
        if repository.run("cat-file", "-e", oid.strip()).returncode == 0:
            if not ours_established:
                with open(other, "rb") as file:
                    _replace(current, file.read())
            return DONE
    return MARKERS


def _bundle(repository: Repository, current: str, other: str, path: str, label: str) -> int:
    """`migrations.js`, for which git calls before the journal; a file of that name elsewhere is merged as text."""
    folder = path[: -len(BUNDLE)].rstrip("/")
    sides = _find_sides(repository, current, other, path, label)
    if sides is None or folder not in colliding_folders(repository, sides):
        return TEXT
    decision = decide(repository, sides, folder)
    merged = interim_bundle(decision)
    if merged is None or not is_armed(repository, _HOOKS.get(sides.kind, ("none",))):
        return MARKERS
    _replace(current, merged)
    return DONE


def _find_sides(repository: Repository, current: str, other: str, path: str, label: str) -> Sides | None:
    """The commits whose files these are; None if none of the operations that can be seen is the one."""
    if not is_in_worktree(repository):
        return None
    given = []
    for name in (current, other):
        with open(name, "rb") as file:
            given.append(file.read())
    for sides in sides_in_driver(repository, label):
        found = [repository.read(f"{commit}:{path}", path) for commit in (sides.ours, sides.theirs)]
        if [None if blob is None else blob.data for blob in found] == given:
            return sides
    return None


def _verdict(sides: Sides, folder: str, ours_established: bool) -> bytes:
    side = "ours" if ours_established else "theirs"
    text = f"drizzle-guard: {side} keeps its place\n{sides.ours}\n{sides.theirs}\n{folder}\n"
    return os.fsencode(text)


class _Torn(NamedTuple):
    path: str
    why: str


def _torn_file(decision: Decision) -> _Torn | None:
    """A file over which git stops without asking a driver: deleted and changed, or given two new names."""
    base, ours, theirs = decision.versions
    for path, blob in base.files.items():
        if path.startswith("meta/") and path != PATH:
            found = [side.files.get(path) for side in (ours, theirs)]
            if None in found and found != [None, None] and blob not in found:
                return _Torn(path, "one side deleted it, the other changed it")
    rows = [(side, match_known(base.migrations, side.migrations)) for side in (ours, theirs)]
    for n, migration in enumerate(base.migrations):
        there = [side.migrations[pairs[n]].tag for side, pairs in rows if n in pairs]
        if len(there) == 1 and there != [migration.tag]:
            return _Torn(sql_path(there[0]), "one side deleted it, the other changed it")
        if len({*there, migration.tag}) == 3:
            return _Torn(sql_path(migration.tag), "each side gave it another name")
    return None


def _leftover(decision: Decision) -> bool:
    """Whether git's own merge of the other files would not be what the plan calls for."""
    plan = decision.outcome
    assert isinstance(plan, Plan)
    for path, blob in plan.files.items():
        base, ours, theirs = (h.files.get(path) for h in (decision.base, decision.ours, decision.theirs))
        merged = ours if theirs in (base, ours) else theirs if ours == base else None
        if path == PATH:
            if plan.interim != (blob.data if blob else b""):
                return True
        elif merged != blob:
            return True
    return False


def _replace(path: str, data: bytes) -> None:
    """Write a file in one step: git reads what is there when we end, however we end."""
    with open(f"{path}.new", "wb") as file:
        file.write(data)
    os.replace(f"{path}.new", path)
