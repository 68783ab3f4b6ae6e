"""Finish a merge, pick or rebase of which the merge driver left word (`git.handoff`), or warn that it is unfinished.

Whoever of us runs next comes here: the finishing hooks, the net, `renumber`; a command that only reads says it.  HEAD
is only rewritten while it is the very commit that git made of the noted sides, and while no remote has it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress

from drizzle_guard.drizzle.folder import join
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import files_at, files_in_index, history_at
from drizzle_guard.git.handoff import (
    NOTE,
    PICK_NOTE,
    REBASE_NOTE,
    Note,
    forget,
    is_made_of,
    is_squash_of,
    read_note,
    read_rebase_note,
)
from drizzle_guard.git.operation import is_rebasing
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides, merge_heads, merge_sides
from drizzle_guard.renumber.decision import Decision
from drizzle_guard.renumber.finish_merge import decisions, finish_commit, finish_merge_commit
from drizzle_guard.renumber.rebase_by_hand import place_of
from drizzle_guard.replay.plan import Plan
from drizzle_guard.terminal import say

_MERGES_TO_LOOK_AT = 500


def finish_made(repository: Repository) -> list[Decision]:
    """Rewrite HEAD if it is what git has just made of the noted sides; returns what was finished.

    Takes the note away when the commit is as it should be.  Raises GuardError, with the note still there.
    """
    note, head = read_note(repository), repository.commit("HEAD")
    if note is None or head is None or not is_result_of(repository, head, note.sides):
        return []
    # where git had stopped, a person may have resolved something
    done = finish_commit(repository, note.sides)
    settle(repository, note.sides)
    return done


def is_result_of(repository: Repository, commit: str, sides: Sides) -> bool:
    """Whether a commit is the merge of these sides, or its squash."""
    return is_made_of(repository, commit, sides) or is_squash_of(repository, commit, sides)


def settle(repository: Repository, sides: Sides) -> None:
    """Take the note away, unless HEAD is still half-way; then say so."""
    if (head := repository.commit("HEAD")) and (left := half_way(repository, sides, head)):
        say(f"{left[0]}.", "drizzle-guard renumber")
    else:
        forget(repository)


def finish_interrupted(repository: Repository) -> None:
    """Do what a hook that was killed, switched off or that failed left undone, where git has committed already."""
    head, heads = repository.commit("HEAD"), merge_heads(repository)
    if head is not None and heads and repository.parents(head)[1:] == heads:  # git still thinks that it is merging
        finish_merge_commit(repository)
        repository.git("merge", "--quit")
        forget(repository)
        return
    note = read_note(repository)
    if note is None or head is None:
        return
    if is_made_of(repository, head, note.sides):
        if _is_pushed(repository, head):
            return  # `renumber` mends it with a commit of its own
        finish_made(repository)
        if note.sides.kind != "merge":
            repository.git(note.sides.kind, "--quit")
    elif _is_over(repository, note):
        forget(repository)


def warn(repository: Repository) -> None:
    """Say it if a commit still waits for its last step; take away a note that is of no use any more."""
    note, head = read_note(repository), repository.commit("HEAD")
    if note is None or head is None:
        _warn_of_rebase(repository)
        return
    if is_made_of(repository, head, note.sides):
        if left := half_way(repository, note.sides, head):
            say(f"{left[0]}, and no hook of this clone has finished that.", "drizzle-guard renumber")
        else:
            forget(repository)
    elif _is_over(repository, note):
        forget(repository)
    elif head != note.sides.ours and (left := _interim_folders(repository, note.sides, list(note.keepers), head)):
        merge = _merge_below(repository, note.sides, head)
        shown = merge and (repository.line("log", "-1", "--format=%h (%s)", merge) or merge[:7])
        where = f"in the merge {printable(shown)}, " if shown else ""  # none: committed after `git merge --quit`
        say(f"{where}{_merged(left[0])}.", "drizzle-guard renumber")


def _warn_of_rebase(repository: Repository) -> None:
    """Say it if a rebase has ended without its last step; take its note away when nothing is left of that."""
    if is_rebasing(repository):
        return
    note, head = read_rebase_note(repository), repository.commit("HEAD")
    if note is not None and head is not None:
        sides = merge_sides(repository, note.before, note.onto)
        tips = [tip for tip in (head, repository.commit(note.branch or "HEAD")) if tip and tip != note.before]
        halves = [left for tip in tips if (left := _interim_folders(repository, sides, note.folders, tip))]
        if halves and halves[0] == _interim_folders(repository, sides, note.folders, head):
            path = printable(join(halves[0][0], PATH))
            say(f"{path} is rebased, but its migrations do not have their new numbers yet.", "drizzle-guard renumber")
        if halves:
            return  # perhaps another branch is checked out now
    forget(repository)  # it was finished or aborted, or the branch was put somewhere else


def _interim_folders(repository: Repository, sides: Sides, folders: Sequence[str], commit: str) -> list[str]:
    """The folders in which a migration of these sides stands in its new place under its old name."""
    found = []
    for decision in decisions(repository, sides):
        plan, folder = decision.outcome, decision.folder
        if folder in folders and isinstance(plan, Plan):
            there = {(place_of(entry), entry.tag) for entry in history_at(repository, commit, folder).entries}
            moves = (move for move in plan.moves if move.old.tag != move.new.tag)
            if any((place_of(move.new), move.old.tag) in there for move in moves):
                found.append(folder)
    return found


def is_noted(git_dir: str) -> bool:
    """Whether there is a note; asked without starting git."""
    return any(os.path.exists(os.path.join(git_dir, name)) for name in (NOTE, PICK_NOTE, REBASE_NOTE))


def half_way(repository: Repository, sides: Sides, commit: str | None) -> list[str]:
    """Say which folders a commit (None: the index) holds in their interim state: for each the start of a sentence."""
    found = []
    for decision in decisions(repository, sides):
        plan = decision.outcome
        if not isinstance(plan, Plan):
            continue
        if commit is None:
            journal = files_in_index(repository, decision.folder).get(PATH, {}).get(0)
        else:
            journal = files_at(repository, commit, decision.folder, decision.folder).get(PATH)
        final = plan.files[PATH]
        if journal is not None and final is not None and journal.data == plan.interim.data != final.data:
            found.append(_merged(decision.folder))
    return found


def _merged(folder: str) -> str:
    return f"{printable(join(folder, PATH))} is merged, but its migrations do not have their new numbers yet"


def _is_over(repository: Repository, note: Note) -> bool:
    """Whether nothing that the note is about is left: the merge was aborted, or another commit was made instead."""
    sides, head = note.sides, repository.commit("HEAD")
    if head == sides.ours:
        under_way = any(repository.has_state(f"{name}_HEAD") for name in ("MERGE", "CHERRY_PICK", "REVERT"))
        return not under_way and not _is_interim_here(repository, sides)
    merges = [f"--contains={merge}" for merge in _merges_of(repository, sides, "--branches", "HEAD")]
    branches = repository.line("for-each-ref", "--format=%(objectname)", *merges, "refs/heads") if merges else None
    tips = dict.fromkeys([*([head] if head else []), *(branches or "").split()])
    return not any(_interim_folders(repository, sides, list(note.keepers), tip) for tip in tips)


def _is_interim_here(repository: Repository, sides: Sides) -> bool:
    """Whether index or worktree hold what a `git merge --squash`, or a merge that was stashed, put there."""
    try:
        if half_way(repository, sides, None):
            return True
        plans = [(decision.folder, decision.outcome) for decision in decisions(repository, sides)]
    except GuardError:
        return False
    for folder, plan in plans:
        path = os.path.join(repository.root, *join(folder, PATH).split("/"))
        with suppress(OSError), open(path, "rb") as file:
            if isinstance(plan, Plan) and file.read() == plan.interim.data:
                return True
    return False


def _merge_below(repository: Repository, sides: Sides, head: str) -> str | None:
    return next(iter(_merges_of(repository, sides, head)), None)


def _merges_of(repository: Repository, sides: Sides, *tips: str) -> list[str]:
    """The merges of these sides that the tips contain."""
    if sides.kind != "merge":
        return []
    listed = repository.line(
        "rev-list", "--merges", "--parents", f"--max-count={_MERGES_TO_LOOK_AT}", *tips, f"^{sides.ours}"
    )
    rows = [row.split() for row in (listed or "").split("\n")]
    return [row[0] for row in rows if row[1:] == [sides.ours, sides.theirs]]


def _is_pushed(repository: Repository, commit: str) -> bool:
    """Whether a remote has the commit, as far as this clone knows: then it is not rewritten any more."""
    return repository.line("for-each-ref", "--count=1", f"--contains={commit}", "refs/remotes") is not None
