"""`merge.drizzle-journal`: what git calls when both sides changed a journal, a snapshot or a bundle.

git calls it in the middle of a merge: the index is locked, the other side's files are not on disk, nothing can be
renamed (measured on 2.39 and 2.55).  So it writes the one thing it can, a journal that is safe to run with the old
file names, and only where a hook will finish the work.  It answers with four codes, and the registered command line
turns everything else (no executable, a fault of ours, a kill) into what git would have done without us:

* 0: `%A` is right, and either nothing is left or the finishing hook will run;
* 10: `%A` is as it should stay, the path is a conflict;
* 11: the path is a conflict; let `git merge-file` write its markers into `%A`;
* 12: the file is none of ours; let `git merge-file` decide.

A refusal must leave the snapshots in conflict too, but each file is another process; `git.handoff` tells what each
leaves for the next.
"""

from __future__ import annotations

import os
import sys

from drizzle_guard.drizzle.folder import BUNDLE, join
from drizzle_guard.drizzle.journal import PATH, sql_path
from drizzle_guard.errors import UsageError, printable
from drizzle_guard.git.handoff import (
    Keeper,
    has_blob,
    leave_net,
    leave_note,
    leave_rebase_note,
    leave_words,
    noted_keepers,
    verdict,
    withdraw_note,
)
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides, is_in_worktree, sides_in_driver
from drizzle_guard.install.armed import MERGE_HOOKS, PICK_HOOKS, REBASE_HOOKS, is_armed, is_sure
from drizzle_guard.install.shell_lines import executable, net_script, stop_script
from drizzle_guard.light import NamedTuple
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
    except UsageError as error:  # drizzle-guard.toml, say, which the other side of a rebase may have broken
        fail(error)
        say("git stops here. When that is mended:", "drizzle-guard renumber")
        return MARKERS
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
            "Instead of merge-tree or replay, in a worktree of an armed clone:",
            "git merge NAME",
        )
        return MARKERS
    if sides is None:
        say(
            f"{path}: both sides changed it, and git does not tell a merge driver which commits meet here.",
            "Now that git has stopped, this can see both sides:",
            "drizzle-guard renumber",
        )
        return MARKERS
    withdraw_note(repository, sides, folder)
    decision = decide(repository, sides, folder)
    if isinstance(decision.outcome, Refusal):
        raise explain_refusal(decision, sides)
    _replace(current, decision.outcome.interim.data)
    if notes := decision.outcome.notes:
        say(f"{path}: merged, but not all of it is plain:", *notes)
    kept = {entry.tag for entry in (decision.ours if decision.ours_established else decision.theirs).entries}
    if twice := [move.old.tag for move in decision.outcome.moves if move.changes and move.old.tag in kept]:
        say(
            f"{path}: both sides have a migration called {twice[0]}; git stops over its SQL.",
            "drizzle-guard renumber",
            sides.next_command,
        )
    if torn := _torn_file(decision):
        say(
            f"{join(folder, torn.path)}: {torn.why}; if git stops over that:",
            "drizzle-guard renumber",
            sides.next_command,
        )
    if _will_be_finished(repository, sides):
        _hand_on(repository, sides, folder, decision)
        return DONE
    if not _leftover(decision):
        return DONE
    say(
        f"{path}: merged, but the files still have their old numbers, and no hook of this clone will finish that.",
        "drizzle-guard renumber",
        sides.next_command,
    )
    return CONFLICT


def _will_be_finished(repository: Repository, sides: Sides) -> bool:
    """Whether something of ours will run when git has done its part.

    What names us may never be reached (a hook manager that is switched off, an `exit 0` before our line).  So either
    git itself runs the hooks that `install` wrote, or it will run the net.
    """
    hooks = _HOOKS.get(sides.kind)
    if hooks is None or not is_armed(repository, hooks):
        return False
    if sides.kind in ("cherry-pick", "revert") and repository.has_state("sequencer"):
        return False  # between the picks of a range no hook may touch the index
    if is_sure(repository, hooks):
        return True
    if sides.kind == "rebase" and not _moves_a_branch(repository):
        return False  # git moves HEAD with every pick, and does nothing at the end that it would call the net for
    return leave_net(repository, net_script(executable()))


def _moves_a_branch(repository: Repository) -> bool:
    names = (repository.state_file(f"{directory}/head-name") for directory in ("rebase-merge", "rebase-apply"))
    return any(name is not None and name.startswith("refs/heads/") for name in names)


def _hand_on(repository: Repository, sides: Sides, folder: str, decision: Decision) -> None:
    """Leave for the processes that follow what was decided, and the words for the case that git stops."""
    if sides.kind == "rebase":
        repository.write_blob(verdict(sides, folder, decision.ours_established))
        from drizzle_guard.renumber.rebase import onto  # late: a merge has no use for it

        if start := onto(repository):
            leave_rebase_note(repository, start, folder)
        if _renamed(decision):
            words = f"{_shown(folder)}: its migrations get their numbers when the rebase ends"
            leave_words(repository, f"drizzle-guard: {words}; {_NOT_BEFORE}", stop_script())
        return  # its own directory tells the rest
    leave_note(repository, sides, folder, Keeper(decision.ours_established, decision.assumed))
    count = _renamed(decision)
    if sides.kind != "merge" or not count:
        return
    what = "1 migration" if count == 1 else f"{count} migrations"
    words = f"{_shown(folder)}: {what} will be renumbered when you commit; {_NOT_BEFORE}"
    if not leave_words(repository, f"drizzle-guard: {words}", stop_script()):
        say(f"{words} (If git stops.)")


_NOT_BEFORE = "do not run drizzle-kit before."


def _shown(folder: str) -> str:
    return printable(folder) or "."


def _renamed(decision: Decision) -> int:
    """How many migrations wait for another name."""
    plan = decision.outcome
    assert isinstance(plan, Plan)
    return len([move for move in plan.moves if move.old.tag != move.new.tag])


def _snapshot(repository: Repository, current: str, other: str, path: str, label: str) -> int:
    """Add/add of a snapshot: the mainline's stays for the moment; the finishing step writes the other one anew."""
    folder = path.rpartition("meta/")[0].rstrip("/")
    sides = _find_sides(repository, current, other, path, label)
    if sides is None:
        return MARKERS
    if sides.kind == "rebase":
        said = (ours for ours in (True, False) if has_blob(repository, verdict(sides, folder, ours)))
        ours_established = next(said, None)
    else:
        keeper = noted_keepers(repository, sides).get(folder)
        ours_established = None if keeper is None else keeper.is_ours
    if ours_established is None:
        if sides.kind == "rebase" and not _changes_journal(repository, sides, folder):
            _say_edited(repository, sides, path)
        return MARKERS
    if not ours_established:
        with open(other, "rb") as file:
            _replace(current, file.read())
    return DONE


def _changes_journal(repository: Repository, sides: Sides, folder: str) -> bool:
    """Whether the picked commit changes the journal: then the driver has spoken of that one already."""
    commits = (sides.theirs, *sides.bases)
    return len({blob and blob.data for c in commits if (blob := repository.read(f"{c}:{join(folder, PATH)}"))}) != 1


def _say_edited(repository: Repository, sides: Sides, path: str) -> None:
    """A later commit edits a snapshot whose migration an earlier one took along: its number here is the mainline's."""
    from drizzle_guard.renumber.rebase import onto  # late: only in a rebase

    commit = (sides.theirs or "")[:7]
    say(
        f"{printable(path)}: {commit} edits it by itself, and an earlier commit of this rebase has renumbered its "
        "migration. Bring the branch back, and merge instead:",
        "git rebase --abort",
        f"git merge {(onto(repository) or '')[:10]}",
    )


def _bundle(repository: Repository, current: str, other: str, path: str, label: str) -> int:
    """`migrations.js`, for which git calls before the journal; a file of that name elsewhere is merged as text."""
    folder = path[: -len(BUNDLE)].rstrip("/")
    sides = _find_sides(repository, current, other, path, label)
    if sides is None or folder not in colliding_folders(repository, sides):
        return TEXT
    decision = decide(repository, sides, folder)
    merged = interim_bundle(decision)
    if merged is None or not _will_be_finished(repository, sides):
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
            if plan.interim.data != (blob.data if blob else b""):
                return True
        elif merged != blob:
            return True
    return False


def _replace(path: str, data: bytes) -> None:
    """Write a file in one step: git reads what is there when we end, however we end."""
    with open(f"{path}.new", "wb") as file:
        file.write(data)
    os.replace(f"{path}.new", path)
