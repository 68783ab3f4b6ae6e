"""What a person did in the middle of a rebase: at an `edit` or `break`, over a conflict, in an `exec`.

The folder that lay there still had the old file names.  What was edited in it stays edited under the new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drizzle_guard.drizzle.folder import Blob, Folder, Migration
from drizzle_guard.drizzle.journal import PATH, Entry, dump_journal, snapshot_path, sql_path
from drizzle_guard.drizzle.snapshot import previous_id
from drizzle_guard.git.folders import history_at
from drizzle_guard.git.operation import is_applying, is_applying_rebase
from drizzle_guard.git.repository import Repository
from drizzle_guard.replay.hazards import Script, find_hazards
from drizzle_guard.replay.plan import Plan, Refusal
from drizzle_guard.replay.replay import plan
from drizzle_guard.sql.statements import decode


def edits_in(repository: Repository, canon: Folder, actual: Folder, known: Sequence[Sequence[str]]) -> dict[str, Blob]:
    """The files that a commit holds as no pick made them, under the names that they have in `canon`.

    `canon` and `actual` hold the same migrations in the same order; `known` are the commit's parents, and the commits
    that were picked.
    """
    parents, olds = known
    edited: dict[str, Blob] = {}
    entries = list(canon.entries)
    for n, (then, now) in enumerate(zip(canon.migrations, actual.migrations, strict=True)):
        if now.sql is not None and now.sql != then.sql and not _is_contested(repository, then, olds, actual.name):
            edited[sql_path(then.tag)] = now.sql
        if _is_edited_snapshot(repository, then, now, [*parents, *olds], actual.name):
            assert now.snapshot is not None
            edited[snapshot_path(then.entry.prefix)] = now.snapshot
        idx, when = then.entry.idx, then.entry.when
        if idx is not None and when is not None and _attributes(then.entry) != _attributes(now.entry):
            entries[n] = now.entry.moved(idx=idx, when=when, tag=then.tag)
    if tuple(entries) != canon.entries:
        data = dump_journal(canon.journal._replace(entries=tuple(entries)))
        edited[PATH] = Blob.of(data, PATH, mode=canon.files[PATH].mode).named_as(canon.files[PATH])
    return edited


def _is_contested(repository: Repository, then: Migration, olds: Sequence[str], folder: str) -> bool:
    """Whether two migrations had that file name: git stopped over it, and what lies there may be either's."""
    picked = [entry for old in olds for entry in history_at(repository, old, folder).entries]
    return any(entry.tag == then.tag and entry.raw != then.entry.raw for entry in picked)


def _is_edited_snapshot(
    repository: Repository, then: Migration, now: Migration, commits: Sequence[str], folder: str
) -> bool:
    if now.tag != then.tag or now.snapshot is None or then.snapshot is None or now.snapshot == then.snapshot:
        return False
    if is_applying(repository):  # a patch that was applied as text makes others, too
        return False
    path = snapshot_path(now.entry.prefix)
    parents = [parent for commit in commits for parent in repository.parents(commit)[:1]]
    if any(history_at(repository, c, folder).files.get(path) == now.snapshot for c in (*commits, *parents)):
        return False
    return previous_id(now.snapshot) == previous_id(then.snapshot)


def _attributes(entry: Entry) -> dict[str, Any]:
    return {key: value for key, value in entry.raw.items() if key not in ("idx", "when", "tag")}


def has_interim(parent: Folder, before: Folder, actual: Folder) -> bool:
    """Whether a commit still holds a file of its parent's that will not stand there when the rebase is finished."""
    for path, blob in parent.files.items():
        then, now = before.files.get(path), actual.files.get(path)
        if path != PATH and now is not None and (then is None or (now == blob and blob != then)):
            return True
    return False


def replay_by_hand(parent: Folder, before: Folder, actual: Folder) -> Plan | None:
    """What a commit that no pick made changes against its parent, put behind what that one will be.

    None if the parent stays as it is, or if that cannot be done.
    """
    if parent.files == before.files:
        return None
    outcome = plan(parent, before, actual, layout=before.journal)
    if isinstance(outcome, Refusal):
        return None
    tags = {migration.entry.prefix: migration.tag for migration in reversed(actual.migrations)}
    # one that shares its number with another was picked by hand, and its snapshot is not in this commit
    lost = any(
        move.changes and not move.has_its_own and tags[move.old.prefix] != move.old.tag for move in outcome.moves
    )
    return None if lost or _is_repeated(outcome, parent, before, actual) else outcome


def _is_repeated(outcome: Plan, parent: Folder, before: Folder, actual: Folder) -> bool:
    """Whether what was generated during the rebase does again what a moved migration does, whose snapshot it lacked."""
    there = {migration.tag for migration in parent.migrations}
    new = {move.old.tag for move in outcome.moves}
    first = [Script(m.tag, decode(m.sql.data)) for m in before.migrations if m.sql and m.tag not in there]
    second = [Script(m.tag, decode(m.sql.data)) for m in actual.migrations if m.sql and m.tag in new]
    return bool(first and second) and any(find_hazards(first, second, before.journal.dialect))


def applied_as_text(
    repository: Repository, olds: Sequence[str], new_parents: Sequence[str], actual: Folder, folder: str
) -> bool:
    """Whether the apply backend took the commit's patch as it is: where its lines fit, it asks no merge driver."""
    if not is_applying_rebase(repository) or len(olds) != 1 or len(new_parents) != 1:
        return False
    parents = repository.parents(olds[0])
    then, theirs, now = (
        [entry.raw for entry in history_at(repository, commit, folder).entries]
        for commit in (parents[0] if parents else None, olds[0], new_parents[0])
    )
    kept = [raw for raw in now if raw in theirs or raw not in then]
    added = [raw for raw in theirs if raw not in then]
    found = [entry.raw for entry in actual.entries]
    return len(found) == len(kept) + len(added) and all(raw in found for raw in (*kept, *added))


def taken_as_it_is(repository: Repository, olds: Sequence[str], new_parents: Sequence[str], actual: Folder) -> bool:
    """Whether git took all that a commit did to the folder without asking anybody: nobody else had changed it.

    Then there was no stop at which a person could have resolved anything.
    """
    if len(olds) != 1 or len(new_parents) != 1:
        return False
    parents = repository.parents(olds[0])
    before, after, now = (
        history_at(repository, commit, actual.name).files
        for commit in (parents[0] if parents else None, olds[0], new_parents[0])
    )
    changed = [path for path in {**before, **after} if before.get(path) != after.get(path)]
    return all(now.get(path) == before.get(path) and actual.files.get(path) == after.get(path) for path in changed)


def same_row(canon: Folder, actual: Folder) -> bool:
    """Whether two journals hold the same migrations with the same numbers, under whatever file names."""
    return [place_of(entry) for entry in canon.entries] == [place_of(entry) for entry in actual.entries]


def place_of(entry: Entry) -> tuple[int | None, int | None, str]:
    """Where a migration stands in the row, under whatever file name: `idx`, `when` and the name without its number."""
    return entry.idx, entry.when, entry.suffix
