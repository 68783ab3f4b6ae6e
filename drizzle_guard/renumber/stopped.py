"""What `renumber` has to do for each folder, with an operation of git in progress or without one."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator, Sequence

from drizzle_guard.drizzle.folder import Blob, Folder, join, read_folder
from drizzle_guard.drizzle.journal import PATH, parse_journal, snapshot_path, sql_path
from drizzle_guard.drizzle.snapshot import previous_id, snapshot_id
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.chosen import chosen_folders
from drizzle_guard.git.folders import files_at, files_in_index, folders_at, folders_in_index, history_at
from drizzle_guard.git.folders_v1 import v1_folders_at
from drizzle_guard.git.handoff import read_note
from drizzle_guard.git.mainline import find_mainline
from drizzle_guard.git.operation import is_applying
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides, mail_sides, sides_in_progress, squash_conflict, stash_sides
from drizzle_guard.git.text import text_of
from drizzle_guard.git.worktree import changes
from drizzle_guard.renumber.decision import Decision, colliding_folders, decide, decide_meeting
from drizzle_guard.renumber.earlier_merge import Work, look_back
from drizzle_guard.renumber.generated import find_generated
from drizzle_guard.renumber.meeting import Ends, meet
from drizzle_guard.replay.plan import Plan, Refusal, WayOut
from drizzle_guard.rules.reading import marker_line


def named_folders(repository: Repository, paths: Sequence[str]) -> set[str] | None:
    """The folders that the PATHS of `renumber` mean; None (all of them) if there is no path.

    Raises UsageError for a path without a migration folder.
    """
    if not paths or repository.is_bare:
        return None
    head = repository.commit("HEAD")
    known = folders_in_index(repository)
    if head is not None:
        known |= folders_at(repository, head) | v1_folders_at(repository, head)
    return set(chosen_folders(repository, paths, known, "HEAD or the index"))


def find_work(repository: Repository, named: set[str] | None, onto: str | None, *, anyway: bool = False) -> list[Work]:
    """What `renumber` has to do for the named folders (None: for all); `anyway` passes over what was read from SQL.

    Raises UsageError where it cannot tell, GuardError where files cannot be read.
    """
    if repository.is_bare:
        raise UsageError("renumber needs a worktree; in a bare repository there is none.")
    touched, unmerged = _unmerged_folders(repository)
    sides = sides_in_progress(repository)
    if sides is None and unmerged:
        sides = mail_sides(repository, unmerged) or stash_sides(repository, unmerged)
    if sides is None and touched and (squashed := squash_conflict(repository, unmerged)):
        folders = _only(named, {*colliding_folders(repository, squashed), *touched})
        return _squash(repository, squashed, folders, onto, anyway=anyway)
    if sides is None and not unmerged and (noted := _noted(repository, named, onto, anyway=anyway)):
        return noted
    if sides is None and unmerged:
        return [decide_from_stages(repository, folder, onto, anyway=anyway) for folder in _only(named, unmerged)]
    if sides is not None:
        folders = _only(named, {*colliding_folders(repository, sides), *unmerged})
        choose = decide_stash if sides.kind == "stash" else decide
        decisions = [
            _mended(repository, sides, choose(repository, sides, f, onto=onto, anyway=anyway), onto, anyway=anyway)
            for f in folders
        ]
        return [Work(_with_old_names(repository, d), "apply", sides, resolving=True) for d in decisions]
    return _without_operation(repository, named, onto, anyway=anyway)


def _mended(
    repository: Repository, sides: Sides, decision: Decision, onto: str | None, *, anyway: bool = False
) -> Decision:
    """The decision with the branch's files as a person has mended and staged them."""
    outcome = decision.outcome
    if isinstance(outcome, Refusal) and outcome.way_out is not WayOut.EDIT:
        return decision
    branch = decision.theirs if decision.ours_established else decision.ours
    known = [blob for side in decision.versions for blob in side.files.values()]
    staged = {path: stages[0] for path, stages in files_in_index(repository, decision.folder).items() if 0 in stages}
    edits = {
        path: staged[place]
        for place, path in _places(decision)
        if place in staged
        and staged[place] not in known
        and marker_line(staged[place].data) is None  # `git add drizzle` stages what git has left half resolved
    }
    if not edits:
        return decision
    mended = read_folder(branch.name, {**branch.files, **edits})
    ours, theirs = (decision.ours, mended) if decision.ours_established else (mended, decision.theirs)
    met = meet(repository, sides, decision.folder, onto=onto, ends=Ends(decision.base, ours, theirs), anyway=anyway)
    return decide_meeting(repository, sides, met)


def _places(decision: Decision) -> Iterator[tuple[str, str]]:
    """Where a mended file of the branch may be staged, and the path that it has on the branch.

    Where a plan says what becomes of it, that is SQL alone, under its old name, or under the new one after an earlier
    run; a name that the other side gives to another file is not the branch's.
    """
    outcome, ours = decision.outcome, decision.ours_established
    branch, other = (decision.theirs, decision.ours) if ours else (decision.ours, decision.theirs)
    if isinstance(outcome, Refusal):
        yield from ((path, path) for e in branch.entries for path in (sql_path(e.tag), snapshot_path(e.prefix)))
        return
    for move in outcome.moves:
        old, new = sql_path(move.old.tag), sql_path(move.new.tag)
        yield from ((place, old) for place in (old, new) if place not in other.files)


def _noted(repository: Repository, named: set[str] | None, onto: str | None, *, anyway: bool) -> list[Work]:
    """The folders of a squash that did not stop, but whose hook did not run either: the driver has left word of it."""
    note = read_note(repository)
    if note is None or note.sides.kind != "merge" or note.sides.ours != repository.commit("HEAD"):
        return []
    found = []
    folders = _only(named, set(colliding_folders(repository, note.sides)))
    for work in _squash(repository, note.sides, folders, onto, anyway=anyway):
        staged = files_in_index(repository, work.decision.folder).get(PATH, {}).get(0)
        plan = work.decision.outcome
        if isinstance(plan, Plan) and staged is not None and staged != plan.files[PATH]:
            found.append(work)
    return found


def _squash(
    repository: Repository, sides: Sides, folders: Sequence[str], onto: str | None, *, anyway: bool
) -> list[Work]:
    """The folders of a stopped squash; one whose journal is neither in conflict nor the driver's is none of its."""
    work = []
    for folder in folders:
        decision = decide(repository, sides, folder, onto=onto, anyway=anyway)
        plan, staged = decision.outcome, files_in_index(repository, folder).get(PATH, {}).get(0)
        is_drivers = (
            isinstance(plan, Plan)
            and staged is not None
            and (staged.data == plan.interim.data or staged == plan.files[PATH] or find_generated(repository, decision))
        )
        if staged is None or is_drivers:
            # `git merge --abort` and `--continue` know nothing of a squash
            work.append(Work(decision, "apply", sides._replace(kind="other"), resolving=True))
    return work


def _with_old_names(repository: Repository, decision: Decision) -> Decision:
    """In a rebase HEAD's files have their old names until it ends; where git stopped over one, it stays as it is."""
    plan, entries = decision.outcome, decision.ours.entries
    if isinstance(plan, Refusal):
        return decision
    own = {path for e in entries for path in (sql_path(e.tag), snapshot_path(e.prefix))} - plan.files.keys()
    index = files_in_index(repository, decision.folder) if own else {}
    kept = {path: decision.ours.files.get(path) for path in own if index.get(path, {}).keys() - {0}}
    return decision._replace(outcome=plan._replace(files={**plan.files, **kept}))


def decide_stash(
    repository: Repository, sides: Sides, folder: str, *, onto: str | None, anyway: bool = False
) -> Decision:
    """A stash that met another history.  A migration that was just generated is not tracked yet.

    `git stash -u` keeps such files in a commit of their own; without it they stayed in the worktree, and the user adds
    them.
    """
    assert sides.theirs is not None
    ours, base = history_at(repository, sides.ours, folder), history_at(repository, sides.bases[0], folder)
    index = files_in_index(repository, folder)
    files = {path: stages[0] for path, stages in index.items() if 0 in stages and path not in ours.files}
    for commit in (*repository.parents(sides.theirs)[2:], sides.theirs):
        files |= files_at(repository, commit, folder, folder)
    ends = Ends(base, ours, read_folder(folder, files))
    return decide_meeting(repository, sides, meet(repository, sides, folder, onto=onto, ends=ends, anyway=anyway))


def decide_from_stages(repository: Repository, folder: str, onto: str | None, *, anyway: bool = False) -> Work:
    """A conflict of which only the index knows the sides (`am -3`, `checkout -m`, a stash that is gone)."""
    head = repository.commit("HEAD")
    if head is None:
        raise UsageError("this repository has no commit yet.")
    ours = history_at(repository, head, folder)
    index = files_in_index(repository, folder)
    base = read_folder(folder, {p: blob for p, stages in index.items() if (blob := stages.get(1) or stages.get(0))})
    known = {path for e in base.entries for path in (sql_path(e.tag), snapshot_path(e.prefix))}
    # what git put there without a conflict is theirs, unless it is ours or was there before
    theirs_files = {
        path: blob
        for path, stages in index.items()
        if (blob := stages.get(3) or stages.get(0)) and (3 in stages or path in known or ours.files.get(path) != blob)
    }
    sides = Sides("am" if is_applying(repository) else "other", head, None, ())
    theirs = read_folder(folder, theirs_files)
    _refuse_foreign_snapshots(sides, theirs, base)
    met = meet(repository, sides, folder, onto=onto, ends=Ends(base, ours, theirs), anyway=anyway)
    decision = decide_meeting(repository, sides, met)
    return Work(decision, "apply", sides, resolving=True)


def _refuse_foreign_snapshots(sides: Sides, theirs: Folder, base: Folder) -> None:
    """What a migration changed is told by the snapshot before it; under that number the index may have another's."""
    known = {entry.tag for entry in base.entries}
    before: Blob | None = None
    for migration in theirs.migrations:
        if migration.snapshot is None:
            continue
        if before and migration.tag not in known and previous_id(migration.snapshot) != snapshot_id(before):
            raise GuardError(
                f"{printable(theirs.journal_path)}: the snapshot that {printable(migration.tag)} was made from is not "
                "here, so nothing tells what it changed.",
                "Bring everything back, fetch the commits themselves, and merge or cherry-pick those:",
                sides.abort_command,
            )
        before = migration.snapshot


def _unmerged_folders(repository: Repository) -> tuple[set[str], set[str]]:
    """The folders in which anything is in conflict, and those whose journal is."""
    listed = text_of(repository.git("ls-files", "-u", "-z"))
    paths = {record.split("\t", 1)[1] for record in listed.split("\0") if record}
    folders = folders_in_index(repository) if paths else ()
    touched = {folder for folder in folders if any(os.path.dirname(p) in (folder, join(folder, "meta")) for p in paths)}
    return touched, {folder for folder in touched if join(folder, PATH) in paths}


def _only(named: set[str] | None, folders: Iterable[str]) -> list[str]:
    """The folders that were named (all, if none was), sorted."""
    return sorted(folder for folder in folders if named is None or folder in named)


def _without_operation(repository: Repository, named: set[str] | None, onto: str | None, *, anyway: bool) -> list[Work]:
    head = repository.commit("HEAD")
    if head is None:
        raise UsageError("this repository has no commit yet.")
    mainline = find_mainline(repository, onto)
    work = []
    for folder in _only(named, folders_at(repository, head)):
        _refuse_staged_markers(repository, folder)
        work.append(look_back(repository, head, mainline, folder, onto, anyway=anyway))
    return work


def _refuse_staged_markers(repository: Repository, folder: str) -> None:
    """Whoever ran `git add -A` over a conflict has told git that it is resolved; git can bring it back."""
    staged = files_in_index(repository, folder).get(PATH, {}).get(0)
    path = join(folder, PATH)
    if staged is None or repository.line("rev-parse", "-q", "--verify", f"HEAD:{path}") == staged.id:
        return
    try:
        parse_journal(staged.data, path)
    except GuardError as error:
        raise GuardError(
            error.message,
            "Bring the conflict back, and let it be resolved:",
            f"git checkout -m -- {shlex.quote(path)}",
            "drizzle-guard renumber",
        ) from None


def is_canonical(repository: Repository, folder: str, decision: Decision) -> bool:
    """Whether the index already holds the plan."""
    assert isinstance(decision.outcome, Plan)
    return not changes(decision.outcome.files, files_in_index(repository, folder))
