"""Rebase: every replayed commit gets a canonical folder of its own.

While a rebase runs, no hook can touch its commits (git keeps the index in memory, so `post-commit` may not change it),
and each commit carries the interim journal of the merge driver.  In `post-rewrite` all picks are done and the lists of
the rebase still lie in the git directory (git 2.39 to 2.55); then the row of commits is written anew with plumbing.
Meanwhile the canonical folder of every commit can be worked out from the commits that were picked: the driver does so
to judge the next pick, `post-rewrite` to write it.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from itertools import chain

from drizzle_guard.drizzle.folder import Blob, Folder, Migration, read_folder
from drizzle_guard.drizzle.journal import dump_journal
from drizzle_guard.drizzle.snapshot import read_snapshot, same_schema
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import changed_folders, history_at
from drizzle_guard.git.operation import (
    is_applying_rebase,
    is_rebasing,
    rebase_target,
    rewritten,
    rewritten_into_last,
)
from drizzle_guard.git.repository import Repository
from drizzle_guard.light import NamedTuple
from drizzle_guard.renumber.picked import is_behind
from drizzle_guard.renumber.rebase_by_hand import (
    applied_as_text,
    edits_in,
    has_interim,
    place_of,
    replay_by_hand,
    same_row,
    taken_as_it_is,
)
from drizzle_guard.replay.identity import match_known
from drizzle_guard.replay.plan import Plan, Refusal, WayOut
from drizzle_guard.replay.replay import plan


class Pick(NamedTuple):
    """A commit that the rebase made, its parents, and the commits that it was made from (several after a squash).

    `guesses` are what it may have been made from, the best first: git's note of a commit is lost when that is amended
    (by `exec`, say), and what was made by hand after an `edit` takes over the note of the commit that was picked.
    """

    new: str
    parents: tuple[str, ...]
    old: tuple[str, ...]
    guesses: tuple[tuple[str, ...], ...]


class Canon(NamedTuple):
    """The folder as it should be after a pick.

    `files` is what is to stand at each path (None: nothing); it is None itself where a person resolved the pick.
    `refusal` is why a pick cannot be replayed that git took without asking anybody.
    """

    history: Folder
    files: dict[str, Blob | None] | None
    refusal: Refusal | None = None


def onto(repository: Repository) -> str | None:
    """The commit on which the rebase puts its commits; None if there is no rebase."""
    if not is_rebasing(repository):
        return None
    if noted := rebase_target(repository):
        return noted
    first = next(rewritten(repository), None)  # what was made first stands on it
    return repository.commit("HEAD" if first is None else f"{first[1]}^")


def picks(repository: Repository, head: str) -> list[Pick]:
    """The commits that the rebase has made so far, each after its parents."""
    start = onto(repository)
    listed = repository.line("rev-list", "--reverse", "--topo-order", "--parents", f"{start}..{head}") or ""
    rows = [row.split() for row in listed.split("\n") if row]
    sources: dict[str, list[str]] = {}
    for old, new in rewritten(repository):
        sources.setdefault(new, []).append(old)
    pending = rewritten_into_last(repository)
    if pending and rows:
        sources.setdefault(rows[-1][0], []).extend(pending)
    amended = _by_parent(repository, sources, {row[0] for row in rows})
    found: list[Pick] = []
    ahead: list[str] = []
    for row in reversed(rows):
        noted, lost = sources.get(row[0], []), amended.get(" ".join(row[1:]), [])
        parts = [] if noted else [ahead[:count] for count in range(len(ahead), 0, -1)]
        guesses = dict.fromkeys(tuple(guess) for guess in (noted, lost + noted, *parts) if guess)
        ahead = lost + noted or ahead
        found.append(Pick(row[0], tuple(row[1:]), tuple(noted), tuple(guesses)))
    return found[::-1]


def _by_parent(repository: Repository, sources: Mapping[str, list[str]], row: Container[str]) -> dict[str, list[str]]:
    """The sources of commits that are no longer in the row, by their parents: an amended commit has the same."""
    gone = [commit for commit in sources if commit not in row]
    found: dict[str, list[str]] = {}
    if gone:
        listed = repository.line("rev-list", "--no-walk=unsorted", "--parents", "--ignore-missing", *gone) or ""
        for line in filter(None, listed.split("\n")):
            commit, _, parents = line.partition(" ")
            found.setdefault(parents, []).extend(sources[commit])
    return found


def picked_folders(repository: Repository, row: Sequence[Pick]) -> list[str]:
    """Folders whose journal any of the picked commits changed."""
    found: set[str] = set()
    for pick in row:
        for commit in {*chain(*pick.guesses)} or {pick.new}:
            for parent in repository.parents(commit)[:1]:
                found |= changed_folders(repository, parent, commit)
    return sorted(found)


def replayed(repository: Repository, row: Sequence[Pick], folder: str, known: Mapping[str, Folder]) -> dict[str, Canon]:
    """The canonical folder after each pick, by its commit; `known` are those that need not be worked out.

    A commit that the rebase did not make is as it is.
    """
    canons = {commit: Canon(history, None) for commit, history in known.items()}
    # old file names of earlier picks; git carried them into the later ones
    gone: dict[str, dict[str, Blob | None]] = {}
    for pick in row:
        if pick.new in canons:
            continue
        for parent in pick.parents:
            if parent not in canons:
                canons[parent] = Canon(history_at(repository, parent, folder), None)
        actual = history_at(repository, pick.new, folder)
        before = [canons[parent] for parent in pick.parents]
        canon = _merged(before, actual) if len(before) > 1 else _after(repository, before, pick, actual, folder)
        left: dict[str, Blob | None] = {path: None for parent in pick.parents for path in gone.get(parent, ())}
        if canon.files is not None:
            left.update((path, None) for path, blob in canon.files.items() if blob is None)
            canon = canon._replace(files={**left, **canon.files})
        canons[pick.new], gone[pick.new] = canon, left
    return {pick.new: canons[pick.new] for pick in row}


def _merged(before: Sequence[Canon], actual: Folder) -> Canon:
    """After a merge that `--rebase-merges` made again: a person resolved it, if both sides had migrations."""
    return next((canon for canon in before if same_row(canon.history, actual)), Canon(actual, None))


def _after(repository: Repository, before: Sequence[Canon], pick: Pick, actual: Folder, folder: str) -> Canon:
    now = before[0].history if before else read_folder(folder, {})
    resolved = False
    for olds in pick.guesses:
        after, files, refusal = _replay_all(repository, now, olds, folder)
        if files and same_row(after, actual):
            if edits := edits_in(repository, after, actual, [pick.parents, olds]):
                after, files = read_folder(folder, {**after.files, **edits}), {**files, **edits}
            return Canon(after, files)
        if olds == pick.old and applied_as_text(repository, olds, pick.parents, actual, folder):
            return Canon(actual, None, refusal) if refusal is not None or not files else Canon(after, files)
        is_final = refusal is not None and refusal.way_out is not WayOut.EDIT  # a file can be put back behind it, too
        if olds == pick.old and is_final and taken_as_it_is(repository, olds, pick.parents, actual):
            return Canon(actual, None, refusal)
        # where it brings nothing, or no more than is there, the change is somebody's
        resolved = resolved or (olds == pick.old and not (files and same_row(after, now)))
    parent = history_at(repository, pick.parents[0] if pick.parents else None, folder)
    if resolved and not has_interim(parent, now, actual):
        return Canon(actual, None)
    outcome = replay_by_hand(parent, now, actual)
    return Canon(actual, None) if outcome is None else Canon(_as_history(outcome, now, folder), outcome.files)


def _replay_all(
    repository: Repository, before: Folder, commits: Sequence[str], folder: str
) -> tuple[Folder, dict[str, Blob | None], Refusal | None]:
    """What commits make of the folder, one behind the other, and its files; or why one cannot be replayed."""
    files: dict[str, Blob | None] = {}
    for commit in commits:
        outcome = replay_commit(repository, before, commit, folder)
        if isinstance(outcome, Refusal):
            return before, {}, outcome
        files.update(outcome.files)
        before = _as_history(outcome, before, folder)
    return before, files, None


def replay_commit(repository: Repository, before: Folder, commit: str, folder: str) -> Plan | Refusal:
    """What a commit did to the folder, put behind `before`."""
    parents = repository.parents(commit)
    base = history_at(repository, parents[0] if parents else None, folder)
    start = onto(repository)
    picked = start is not None and is_behind(repository, start, commit, base, before)
    after = history_at(repository, commit, folder)
    outcome = plan(base, before, after, layout=before.journal, picked=picked)
    if isinstance(outcome, Plan) and not any(move.snapshot for move in outcome.moves):
        return _refuse_lost_edit(base, before, after, history_at(repository, start, folder)) or outcome
    return outcome


def _refuse_lost_edit(base: Folder, before: Folder, after: Folder, published: Folder) -> Refusal | None:
    """A commit that edits only the snapshot of an own migration, which was merged with the mainline's meanwhile.

    `before` stays as it is there; what the commit changed would be gone without a word.
    """
    there, here = match_known(base.migrations, before.migrations), match_known(base.migrations, after.migrations)
    kept = {migration.snapshot for migration in published.migrations}
    for n in there.keys() & here.keys():
        old, now, edited = base.migrations[n], before.migrations[there[n]], after.migrations[here[n]]
        blobs = (old.snapshot, now.snapshot, edited.snapshot)
        if None not in blobs and len(set(blobs)) == 3 and now.snapshot not in kept and _says_more(old, edited):
            reason = "a commit edits its snapshot alone, and a rebase does not carry that over"
            return Refusal(reason, own=edited.tag, way_out=WayOut.MERGE)
    return None


def as_own_refusal(repository: Repository, folder: str, before: Folder, refusal: Refusal) -> Refusal:
    """The same refusal, if a pick changes what an earlier pick of the rebase has moved: no mainline has that.

    `before` is the folder behind which the pick goes: the mainline's, and what was picked before.
    """
    start = onto(repository)
    published = {entry.tag for entry in history_at(repository, start, folder).entries} if start else set()
    if start is None or refusal.other not in {entry.tag for entry in before.entries} - published:
        return refusal
    return Refusal(f"{refusal.reason} (the other one is this rebase)", own=refusal.own, way_out=WayOut.MERGE)


def _says_more(old: Migration, edited: Migration) -> bool:
    assert old.snapshot is not None and edited.snapshot is not None
    try:
        return not same_schema(read_snapshot(old.snapshot), read_snapshot(edited.snapshot))
    except GuardError:
        return True


def _as_history(outcome: Plan, before: Folder, folder: str) -> Folder:
    """The folder that a plan makes, as a history for the next pick."""
    files = dict(before.files)
    for path, blob in outcome.files.items():
        files.pop(path, None)
        if blob is not None:
            files[path] = blob
    return read_folder(folder, files)


def canonical_head(repository: Repository, head: str, folder: str) -> Folder:
    """The folder of HEAD as it will be when the rebase is finished.

    Raises GuardError if git took a commit by itself, and it cannot be replayed: what follows would be put behind that.
    """
    row = picks(repository, head)
    if not row:
        return history_at(repository, head, folder)
    from drizzle_guard.renumber.rebase_cache import remember, remembered  # late: a merge has no use for it

    known = remembered(repository, folder)
    if head not in known:
        last = next((at for at in range(len(row) - 1, -1, -1) if row[at].new in known), -1)
        linear = all(len(pick.parents) == 1 for pick in row)
        canons = replayed(repository, row[last + 1 :] if linear else row, folder, known)
        refused = next((canon.refusal for canon in canons.values() if canon.refusal is not None), None)
        if refused is not None and not is_applying_rebase(repository):
            raise GuardError(
                f"{printable(folder) or '.'}: {refused.sentence}",
                "An earlier commit of this rebase did that, over which git does not stop. Bring the branch back, and "
                "merge instead:",
                "git rebase --abort",
                f"git merge {(onto(repository) or '')[:10]}",
            )
        known[head] = canons[head].history
        remember(repository, folder, head, known[head], {pick.new for pick in row})
    return known[head]


def interim_journal(outcome: Plan, actual: Folder) -> bytes:
    """The journal that is safe to run for a pick: what is there keeps the file names it has, so do the new ones."""
    here = {place_of(entry): entry for entry in actual.entries}
    old_tags = {place_of(move.new): move.old.tag for move in outcome.moves}
    taken = {entry.tag for entry in here.values()}
    suffixes = [entry.suffix for entry in actual.entries]
    entries = []
    for entry in outcome.journal.entries:
        tag = old_tags.get(place_of(entry), entry.tag)
        if place_of(entry) in here:
            entries.append(here[place_of(entry)])
        elif entry.idx is None or entry.when is None:
            entries.append(entry)
        elif place_of(entry) not in old_tags and suffixes.count(entry.suffix) == 1:
            # a patch was applied as text: it stands there with the numbers that it had
            name = actual.entries[suffixes.index(entry.suffix)].tag
            entries.append(entry.moved(idx=entry.idx, when=entry.when, tag=name))
        elif tag in taken:
            entries.append(entry)
        else:
            entries.append(entry.moved(idx=entry.idx, when=entry.when, tag=tag))
    return dump_journal(outcome.journal._replace(entries=tuple(entries)))
