"""Whose snapshot it is where the branch has a common and an own migration under one number."""

from __future__ import annotations

from drizzle_guard.drizzle.folder import Blob, Folder, Migration
from drizzle_guard.drizzle.snapshot import snapshot_id
from drizzle_guard.replay.identity import match_known


def with_own_snapshots(base: Folder, branch: Folder) -> Folder:
    """The branch, with each snapshot given to the migration that it was made for.

    A number has one file, and by the journal alone it belongs to the first migration of that number.  Where the base
    knows that one and had another file (or none) for it, the file is the own migration's: somebody merged by hand,
    kept both under one number, and the newer snapshot.
    """
    by_prefix: dict[str, list[int]] = {}
    for n, entry in enumerate(branch.entries):
        by_prefix.setdefault(entry.prefix, []).append(n)
    shared = [positions for positions in by_prefix.values() if len(positions) > 1]
    if not shared:
        return branch
    known = {place: n for n, place in match_known(base.migrations, branch.migrations).items()}
    migrations = list(branch.migrations)
    for positions in shared:
        common = next((n for n in positions if n in known), None)
        own = next((n for n in positions if n not in known), None)
        blob = next((migrations[n].snapshot for n in positions if migrations[n].snapshot), None)
        if common is None or own is None or blob is None:
            continue
        is_common = _is_version_of(blob, base.migrations[known[common]])
        migrations[common] = migrations[common]._replace(snapshot=blob if is_common else None)
        migrations[own] = migrations[own]._replace(snapshot=None if is_common else blob)
    return branch._replace(migrations=tuple(migrations))


def _is_version_of(blob: Blob, common: Migration) -> bool:
    if common.snapshot is None:
        return False
    return blob == common.snapshot or snapshot_id(blob) == snapshot_id(common.snapshot)
