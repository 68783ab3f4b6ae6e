"""Rebase: every replayed commit gets a canonical folder of its own.

While a rebase runs, no hook can touch its commits (git keeps the index in memory, so `post-commit` may not change it),
and each commit carries the interim journal of the merge driver.  In `post-rewrite` all picks are done and the lists of
the rebase still lie in the git directory (git 2.39 to 2.55); then the row of commits is written anew with plumbing.
Meanwhile the canonical folder of every commit can be worked out from the commits that were picked: the driver does so
to judge the next pick, `post-rewrite` to write it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from drizzle_guard.core.history import Blob, History, read_history
from drizzle_guard.core.journal import Entry, dump_journal
from drizzle_guard.core.plan import Plan, Refusal
from drizzle_guard.core.replay import plan
from drizzle_guard.git.histories import changed_folders, history_at
from drizzle_guard.git.repository import Repository


class Pick(NamedTuple):
    """A commit that the rebase made, and the commits that it was made from (several after a squash)."""

    new: str
    old: tuple[str, ...]


class Canon(NamedTuple):
    """The folder as it should be after a pick.

    `files` is what is to stand at each path (None: nothing); it is None itself where a person resolved the pick.
    """

    history: History
    files: dict[str, Blob | None] | None


def is_rebasing(repository: Repository) -> bool:
    """Whether a rebase is under way in this worktree."""
    return repository.has_state("rebase-merge/onto") or repository.has_state("rebase-apply/rebasing")


def onto(repository: Repository) -> str | None:
    """The commit on which the rebase puts its commits; None if there is no rebase."""
    if not is_rebasing(repository):
        return None
    for name in ("rebase-merge/onto", "rebase-apply/onto"):
        if text := repository.state_file(name):
            return text.strip()
    # the apply backend notes it only when it stops; what it made first stands on it
    made = (repository.state_file("rebase-apply/rewritten") or "").split()
    return repository.commit(f"{made[1]}^" if len(made) > 1 else "HEAD")


def picks(repository: Repository, head: str) -> list[Pick] | None:
    """The commits that the rebase has made so far, oldest first; None if it made a merge commit."""
    start = onto(repository)
    listed = (repository.line("rev-list", "--reverse", "--parents", f"{start}..{head}") or "").split("\n")
    rows = [row.split() for row in listed if row]
    if any(len(row) != 2 for row in rows):
        return None
    sources: dict[str, list[str]] = {}
    for name in ("rebase-merge/rewritten-list", "rebase-apply/rewritten"):
        for line in (repository.state_file(name) or "").splitlines():
            old, _, new = line.partition(" ")
            sources.setdefault(new.strip(), []).append(old)
    pending = (repository.state_file("rebase-merge/rewritten-pending") or "").split()
    if pending and rows:
        sources.setdefault(rows[-1][0], []).extend(pending)
    return [Pick(row[0], tuple(sources.get(row[0], ()))) for row in rows]


def touched_folders(repository: Repository, row: Sequence[Pick]) -> list[str]:
    """Folders whose journal any of the picked commits changed."""
    found: set[str] = set()
    for pick in row:
        for commit in pick.old or (pick.new,):
            for parent in repository.parents(commit)[:1]:
                found |= changed_folders(repository, parent, commit)
    return sorted(found)


def replayed(repository: Repository, row: Sequence[Pick], folder: str) -> list[Canon]:
    """The canonical folder after each pick."""
    start = onto(repository)
    now = history_at(repository, start, folder)
    canons: list[Canon] = []
    gone: dict[str, Blob | None] = {}  # old file names of earlier picks; git carried them into the later ones
    for pick in row:
        actual = history_at(repository, pick.new, folder)
        canon = _after(repository, now, pick, actual, folder)
        if canon.files is not None:
            gone.update((path, None) for path, blob in canon.files.items() if blob is None)
            canon = canon._replace(files={**gone, **canon.files})
        canons.append(canon)
        now = canon.history
    return canons


def _after(repository: Repository, before: History, pick: Pick, actual: History, folder: str) -> Canon:
    files: dict[str, Blob | None] = {}
    now = before
    for old in pick.old:
        outcome = replay_commit(repository, now, old, folder)
        if isinstance(outcome, Refusal):
            return Canon(actual, None)
        files.update(outcome.files)
        now = _as_history(outcome, now, folder)
    if not files or not _same_row(now, actual):
        return Canon(actual, None)
    return Canon(now, files)


def replay_commit(repository: Repository, before: History, commit: str, folder: str) -> Plan | Refusal:
    """What a commit did to the folder, put behind `before`."""
    parents = repository.parents(commit)
    base = history_at(repository, parents[0] if parents else None, folder)
    return plan(base, before, history_at(repository, commit, folder), layout=before.journal)


def _as_history(outcome: Plan, before: History, folder: str) -> History:
    """The folder that a plan makes, as a history for the next pick."""
    files = dict(before.files)
    for path, blob in outcome.files.items():
        files.pop(path, None)
        if blob is not None:
            files[path] = blob
    return read_history(folder, files)


def _same_row(canon: History, actual: History) -> bool:
    """Whether two journals hold the same migrations with the same numbers, under whatever file names."""
    return [_place(entry) for entry in canon.entries] == [_place(entry) for entry in actual.entries]


def canonical_head(repository: Repository, head: str, folder: str) -> History | None:
    """The folder of HEAD as it will be when the rebase is finished; None if the rebase made a merge commit."""
    row = picks(repository, head)
    if row is None:
        return None
    if not row:
        return history_at(repository, head, folder)
    return replayed(repository, row, folder)[-1].history


def interim_journal(outcome: Plan, actual: History) -> bytes:
    """The journal that is safe to run for a pick: what is there keeps the file names it has, so do the new ones."""
    here = {_place(entry): entry for entry in actual.entries}
    old_tags = {_place(move.new): move.old.tag for move in outcome.moves}
    taken = {entry.tag for entry in here.values()}
    entries = []
    for entry in outcome.journal.entries:
        tag = old_tags.get(_place(entry), entry.tag)
        if _place(entry) in here:
            entries.append(here[_place(entry)])
        elif tag in taken or entry.idx is None or entry.when is None:
            entries.append(entry)
        else:
            entries.append(entry.moved(idx=entry.idx, when=entry.when, tag=tag))
    return dump_journal(outcome.journal._replace(entries=tuple(entries)))


def _place(entry: Entry) -> tuple[int | None, int | None, str]:
    return entry.idx, entry.when, entry.suffix
