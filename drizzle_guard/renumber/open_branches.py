"""Every branch with migrations that the mainline does not have: what a merge would make of each, and of each pair.

This is where GitPython walks the refs: no hook and no merge waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from drizzle_guard.drizzle.folder import Folder
from drizzle_guard.drizzle.journal import EMPTY
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.folders import changed_folders, folders_at, history_at
from drizzle_guard.git.folders_v1 import v1_changed_folders, v1_folders_at, v1_history_at
from drizzle_guard.git.mainline import Mainline
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides, merge_sides
from drizzle_guard.light import NamedTuple
from drizzle_guard.renumber.decision import decide_meeting
from drizzle_guard.renumber.meeting import Ends, meet
from drizzle_guard.renumber.one_branch import compare_v1
from drizzle_guard.replay.parting import Collision, Parting, collisions, part
from drizzle_guard.replay.plan import Plan, Refusal
from drizzle_guard.replay.replay import plan
from drizzle_guard.replay.rivals import Candidate, Rivalry, against, find_rivals, v1_against


class Branch(NamedTuple):
    """A ref that the mainline does not contain: its name as one types it, and its commit."""

    name: str
    commit: str


class OpenBranch(NamedTuple):
    """One branch and one folder: what it adds, what collides, and what merging it now would make of it."""

    branch: Branch
    parting: Parting
    collisions: list[Collision]
    outcome: Plan | Refusal
    is_merged: bool = False  # it contains the mainline


class Unread(NamedTuple):
    """A branch that could not be looked at, and why; nothing is said of it."""

    branch: Branch
    reason: str


class FolderOverview(NamedTuple):
    """One folder: its open branches, the pairs that will refuse each other, and what could not be looked at."""

    folder: str
    mainline: str
    branches: list[OpenBranch]
    rivals: list[Rivalry]
    unread: list[Unread]
    v1: bool = False  # in Drizzle v1's layout


def open_branches(repository: Repository, mainline: Mainline, remote: str | None) -> list[Branch]:
    """The branches with commits that the mainline does not have, each commit once, a local name before a remote one.

    `remote` limits remote branches to those of one remote.  Raises UsageError if there is no such remote.
    """
    from git import GitCommandError, Repo  # late: GitPython takes longer to import than most commands to run

    with Repo(repository.root) as repo:
        if remote is not None and remote not in {found.name for found in repo.remotes}:
            raise UsageError(f"there is no remote '{printable(remote)}' here.", "git remote -v")
        where = ["refs/heads", "refs/remotes" if remote is None else f"refs/remotes/{remote}"]
        try:
            listed = repo.git.for_each_ref(
                "--format=%(objectname) %(refname)%(if)%(symref)%(then) symbolic%(end)",
                f"--no-merged={mainline.commit}",
                *where,
            )
        except GitCommandError as error:
            raise GuardError(f"git could not list the branches: {printable(str(error.stderr).strip())}") from None
    found: dict[str, Branch] = {}
    for line in listed.splitlines():
        commit, name, *symbolic = line.split(" ")
        if not symbolic:
            short = name.removeprefix("refs/heads/").removeprefix("refs/remotes/")
            found.setdefault(commit, Branch(short, commit))
    return list(found.values())


def overview(
    repository: Repository,
    mainline: Mainline,
    branches: Sequence[Branch],
    folders: Callable[[set[str]], list[str]],
    tick: Callable[[], None] = lambda: None,
) -> list[FolderOverview]:
    """Look at every branch, then at every pair that touches one object.

    `folders` chooses among all migration folders (what PATHS mean); `tick` is called for each branch and each pair.
    """
    journals = folders_at(repository, mainline.commit)
    v1 = v1_folders_at(repository, mainline.commit)
    touching: dict[str, list[Branch]] = {folder: [] for folder in journals | v1}
    lost: list[Unread] = []
    met: dict[str, Sides] = {}
    for branch in branches:
        sides = met[branch.commit] = merge_sides(repository, branch.commit, mainline.commit)
        bases = sides.bases
        if not bases and repository.is_shallow():
            lost.append(Unread(branch, "its common ancestor with the mainline is not in this shallow clone"))
            continue
        if bases:
            changed = changed_folders(repository, bases[0], branch.commit)
            changed_v1 = v1_changed_folders(repository, bases[0], branch.commit)
        else:
            changed = folders_at(repository, branch.commit)
            changed_v1 = v1_folders_at(repository, branch.commit)
        v1 |= changed_v1 - changed - journals
        for folder in changed | changed_v1:
            touching.setdefault(folder, []).append(branch)
    result = []
    known: Known = {}
    for folder in folders(set(touching)):
        seen: list[OpenBranch] = []
        unread = list(lost)
        candidates: list[Candidate] = []
        for branch in touching[folder]:
            tick()
            try:
                look = _look_v1 if folder in v1 else _look
                looked, candidate = look(repository, mainline, branch, met[branch.commit], folder, known)
            except GuardError as error:
                unread.append(Unread(branch, error.message.rstrip(".")))
                continue
            if looked is not None:
                seen.append(looked)
            if candidate is not None:
                candidates.append(candidate)
        rivals = list(find_rivals(candidates, tick, v1_against if folder in v1 else against))
        result.append(FolderOverview(folder, mainline.name, seen, rivals, unread, folder in v1))
    return result


#: folders that were read, by commit and name: the mainline's and most bases are the same for every branch
Known = dict[tuple[str, str], Folder]


def _look(
    repository: Repository, mainline: Mainline, branch: Branch, sides: Sides, folder: str, known: Known
) -> tuple[OpenBranch | None, Candidate | None]:
    ends = None
    if len(sides.bases) == 1:
        base = _read(repository, sides.bases[0], folder, known)
        theirs = _read(repository, mainline.commit, folder, known, like=base)
        ends = Ends(base, history_at(repository, branch.commit, folder, like=base), theirs)
    meeting = meet(repository, sides, folder, onto=mainline.name, ends=ends)
    decision = decide_meeting(repository, sides, meeting)
    base, main, own = decision.base, decision.theirs, decision.ours
    parting = part(base, main, own)
    if not parting.branch and not parting.off_branch:
        return None, None
    outcome = plan(base, main, own, layout=own.journal) if decision.ours_established else decision.outcome
    found = collisions([m.entry for m in main.migrations], [m.entry for m in parting.branch])
    looked = OpenBranch(branch, parting, found, outcome, is_merged=sides.is_merged)
    if isinstance(outcome, Refusal) or not parting.branch:
        return looked, None
    return looked, Candidate(branch.name, base, own, parting.branch, outcome)


def _read(repository: Repository, commit: str, folder: str, known: Known, like: Folder | None = None) -> Folder:
    key = (commit, folder)
    if key not in known:
        known[key] = history_at(repository, commit, folder, like=like)
    return known[key]


def _look_v1(
    repository: Repository, mainline: Mainline, branch: Branch, sides: Sides, folder: str, _: Known
) -> tuple[OpenBranch | None, Candidate | None]:
    graph = compare_v1(repository, sides, folder, (mainline.name, branch.name))
    if not graph.parting.branch and not graph.parting.off_branch:
        return None, None
    looked = OpenBranch(branch, graph.parting, graph.collisions, graph.outcome)
    if isinstance(graph.outcome, Refusal) or not graph.parting.branch:
        return looked, None
    base = Folder(folder, EMPTY, graph.parting.common, {})
    own = v1_history_at(repository, branch.commit, folder)
    return looked, Candidate(branch.name, base, own, graph.parting.branch, graph.outcome)


def moved(branch: OpenBranch) -> Iterator[tuple[str, str]]:
    """Old and new tag of each migration of a branch that a merge would renumber."""
    if isinstance(branch.outcome, Plan):
        for move in branch.outcome.moves:
            if move.old.tag != move.new.tag:
                yield move.old.tag, move.new.tag
