"""What became of the last merge or rebase of a folder, when no operation of git is in progress."""

from __future__ import annotations

import os
import tempfile
from typing import Literal

from drizzle_guard.drizzle.folder import Folder, read_folder
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.drizzle.snapshot import read_snapshot
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import history_at
from drizzle_guard.git.mainline import Mainline
from drizzle_guard.git.operation import is_rebasing, last_rebase_target
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides, merge_sides
from drizzle_guard.light import NamedTuple
from drizzle_guard.renumber.decision import Decision, colliding_folders, decide
from drizzle_guard.replay.plan import Plan, Refusal
from drizzle_guard.replay.replay import plan

_MERGES_TO_LOOK_AT = 50


Todo = Literal["apply", "show", "none"]


class Work(NamedTuple):
    """One folder's decision and what is to be done with it.

    `todo` is `apply` (write it), `show` (the branch has not met the mainline yet) or `none` (nothing to do);
    `note` says why there is nothing to do; `as_planned` that HEAD is a merge or rebase as we make it, so that what is
    wrong there was wrong on a side.
    """

    decision: Decision
    todo: Todo
    sides: Sides
    note: str = ""
    resolving: bool = False  # git has stopped for this
    as_planned: bool = False


def look_back(
    repository: Repository,
    head: str,
    mainline: Mainline | None,
    folder: str,
    onto: str | None,
    *,
    anyway: bool = False,
) -> Work:
    """Mend the newest merge that did not end as it should; else compare the branch with the mainline.

    `anyway` passes over what was read from SQL.
    """
    for merge in newest_merges(repository, head, mainline):
        sides = _sides_of(repository, merge)
        if folder in colliding_folders(repository, sides):
            work = _after_merge(
                repository, head, merge, sides, decide(repository, sides, folder, onto=onto, anyway=anyway)
            )
            if work.todo == "apply" and mainline is not None and mainline.commit == merge:
                # perhaps a branch made it, and the mainline was fast-forwarded
                turned = decide(repository, sides, folder, onto=sides.theirs)
                other = _after_merge(repository, head, merge, sides, turned)
                return other if other.todo == "none" else work
            return work
    if mainline is not None and mainline.commit == head:
        mended = _after_mended(repository, head, folder, onto)
        if mended is not None:
            return mended
    if mainline is None:
        sides = Sides("merge", head, head, (head,))
        target = last_rebase_target(repository)
        rebased = None if target is None else _rebased(repository, head, target, folder, target)
        return Work(
            _compare(repository, sides, folder),
            "none",
            sides,
            "no mainline is known and nothing was merged",
            as_planned=rebased is not None and _is_as_planned(rebased.ours, _as_history(rebased)),
        )
    bases = repository.merge_bases(head, mainline.commit)
    if mainline.commit in bases:
        sides = Sides("merge", head, mainline.commit, (mainline.commit,))
        decision = _compare(repository, sides, folder)
        rebased = _rebased(repository, head, mainline.commit, folder, onto)
        as_planned = rebased is not None and _is_as_planned(rebased.ours, _as_history(rebased))
        # in order: what differs is somebody's own, in an interactive rebase
        if rebased is not None and not as_planned and not _is_in_order(decision):
            decision = rebased
        return _work(decision, sides)._replace(as_planned=as_planned)
    sides = merge_sides(repository, head, mainline.commit)
    if folder not in colliding_folders(repository, sides):
        return Work(
            _compare(repository, Sides("merge", head, head, (head,)), folder), "none", sides, "nothing collides"
        )
    return Work(decide(repository, sides, folder, onto=onto, anyway=anyway), "show", sides)


def _after_mended(repository: Repository, head: str, folder: str, onto: str | None) -> Work | None:
    """HEAD as the commit that mended the mainline's newest merge; None if it is not that."""
    merge = next(iter(repository.parents(head)), None)
    if merge is None or len(repository.parents(merge)) != 2:
        return None
    sides = _sides_of(repository, merge)
    if folder not in colliding_folders(repository, sides):
        return None
    work = _after_merge(repository, head, merge, sides, decide(repository, sides, folder, onto=onto))
    return work if work.as_planned else None


def _sides_of(repository: Repository, merge: str) -> Sides:
    ours, theirs = repository.parents(merge)
    return merge_sides(repository, ours, theirs)


def newest_merges(repository: Repository, head: str, mainline: Mainline | None) -> list[str]:
    """Merge commits of the branch itself, newest first.  HEAD's own merge counts even if the mainline has it."""
    exclude = [f"^{mainline.commit}"] if mainline is not None else []
    found = repository.line(
        "rev-list", "--merges", f"--max-count={_MERGES_TO_LOOK_AT}", "--first-parent", head, *exclude
    )
    merges = (found or "").split()
    if head not in merges and len(repository.parents(head)) == 2:
        merges.insert(0, head)
    return [merge for merge in merges if len(repository.parents(merge)) == 2]


def _after_merge(repository: Repository, head: str, merge: str, sides: Sides, decision: Decision) -> Work:
    at_merge = history_at(repository, merge, decision.folder)
    now = at_merge if merge == head else history_at(repository, head, decision.folder)
    if isinstance(decision.outcome, Refusal):
        if _is_gits_own(repository, decision, at_merge):
            return Work(decision, "apply", sides)
        return Work(decision, "none", sides, _in_its_own_way(decision, now))
    wanted = _as_history(decision)
    if _is_as_planned(now, wanted):  # the merge itself, or a commit that mended it
        return Work(decision, "none", sides, "the merge is as it should be", as_planned=True)
    if _identities(at_merge) != _identities(wanted) and not _is_gits_own(repository, decision, at_merge):
        return Work(decision, "none", sides, _in_its_own_way(decision, now))
    if _same(at_merge, wanted):
        return Work(decision, "none", sides, "the merge is as it should be")
    if _same_files(at_merge, now):
        return Work(decision, "apply", sides)
    outcome = plan(at_merge, wanted, now, layout=now.journal)
    return Work(decision._replace(outcome=outcome, base=at_merge, ours=now, theirs=wanted), "apply", sides)


def _in_its_own_way(decision: Decision, now: Folder) -> str:
    """What is said of a merge that a person resolved: with the migrations that are gone since, if there are any."""
    here = {migration.sql.id for migration in now.migrations if migration.sql is not None}
    gone = dict.fromkeys(
        printable(m.tag)
        for side in (decision.ours, decision.theirs)
        for m in side.migrations
        if m.sql is not None and m.sql.id not in here
    )
    without = f", without {', '.join(gone)}" if gone else ""
    return f"the last merge was resolved in its own way{without}"


def _compare(repository: Repository, sides: Sides, folder: str) -> Decision:
    """The branch's own migrations against a mainline that it contains."""
    ours, theirs = history_at(repository, sides.ours, folder), history_at(repository, sides.theirs, folder)
    outcome = plan(theirs, theirs, ours, layout=ours.journal)
    return Decision(folder, outcome, False, False, theirs, ours, theirs)


def _is_as_planned(found: Folder, wanted: Folder) -> bool:
    return _identities(found) == _identities(wanted) and _same(found, wanted)


def _rebased(repository: Repository, head: str, target: str, folder: str, onto: str | None) -> Decision | None:
    """The plan of the rebase onto `target` that led to HEAD, from the branch as it was (`ORIG_HEAD`).

    None if nothing tells of one.  Where its hooks did not run, the rebased commits hold the journal with its new
    numbers, but the snapshots are only to be had from before.
    """
    before = repository.commit("ORIG_HEAD")
    if before is None:
        return None
    now = history_at(repository, head, folder)
    sides = merge_sides(repository, before, target)
    if target in sides.bases or folder not in colliding_folders(repository, sides):
        return None
    try:
        decision = decide(repository, sides, folder, onto=onto)
    except GuardError:
        if is_rebasing(repository):
            raise  # that has to end first
        return None  # a branch that could not be read
    if isinstance(decision.outcome, Refusal) or _identities(_as_history(decision)) != _identities(now):
        return None
    return decision._replace(ours=now)


def _refuse_lost_snapshots(outcome: Plan, history: Folder) -> None:
    """A moved migration under its old file name shares its number with another; its snapshot is not in this commit."""
    owners: dict[str, str] = {}
    for migration in history.migrations:
        owners.setdefault(migration.entry.prefix, migration.tag)
    for move in outcome.moves:
        owner = owners.get(move.old.prefix, move.old.tag)
        if move.changes and not move.has_its_own and owner != move.old.tag:
            raise GuardError(
                f"{printable(history.journal_path)}: {printable(move.old.tag)} has the number of {printable(owner)}, "
                "and its snapshot is not in this commit.",
                "Go back to before the merge or rebase (git reflog), and do it again in an armed clone; or, if your "
                "schema is as it should be, generate your changes anew:",
                "drizzle-guard regenerate",
            )


def _work(decision: Decision, sides: Sides) -> Work:
    outcome = decision.outcome
    if isinstance(outcome, Plan) and decision.base == decision.theirs:
        _refuse_lost_snapshots(outcome, decision.ours)
    if _is_in_order(decision):
        return Work(decision, "none", sides, "its own migrations are behind the mainline's already")
    return Work(decision, "apply", sides)


def _is_in_order(decision: Decision) -> bool:
    return isinstance(decision.outcome, Plan) and not any(move.changes for move in decision.outcome.moves)


def _as_history(decision: Decision) -> Folder:
    assert isinstance(decision.outcome, Plan)
    files = {path: blob for path, blob in decision.outcome.files.items() if blob is not None}
    return read_folder(decision.folder, files)


def _identities(history: Folder) -> list[tuple[str, str]]:
    return sorted((m.entry.suffix, "" if m.sql is None else m.sql.id) for m in history.migrations)


def _same(found: Folder, wanted: Folder) -> bool:
    """Whether a folder says what is wanted, whatever its formatting."""
    if [m.entry.raw for m in found.migrations] != [m.entry.raw for m in wanted.migrations]:
        return False
    for left, right in zip(found.migrations, wanted.migrations, strict=True):
        if (left.snapshot is None) != (right.snapshot is None):
            return False
        one, other = left.snapshot, right.snapshot
        if one and other and one.id != other.id and read_snapshot(one) != read_snapshot(other):
            return False
    return True


def _same_files(one: Folder, other: Folder) -> bool:
    return {p: b.id for p, b in one.files.items()} == {p: b.id for p, b in other.files.items()}


def _is_gits_own(repository: Repository, decision: Decision, merged: Folder) -> bool:
    """Whether the merged journal is what git's text merge makes, so that nobody has looked at it."""
    sides = (decision.ours, decision.base, decision.theirs)
    texts = [side.files[PATH].data if PATH in side.files else b"" for side in sides]
    with tempfile.TemporaryDirectory() as directory:
        files = []
        for name, text in zip(("ours", "base", "theirs"), texts, strict=True):
            files.append(os.path.join(directory, name))
            with open(files[-1], "wb") as file:
                file.write(text)
        done = repository.run("merge-file", "-p", "-q", *files)
    return done.returncode == 0 and PATH in merged.files and done.stdout == merged.files[PATH].data
