"""Where two versions of a migration folder parted, and what stands against putting them in a row as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from drizzle_guard.drizzle.folder import Folder, Migration
from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.replay.identity import match_known, match_new


class Parting(NamedTuple):
    """Two lines of migrations since a common base.

    `common` is what the base had; `mainline` and `branch` are what each side added, the branch's without `same`, the
    pairs (branch's, mainline's) of one migration that both have.  `off_mainline` and `off_branch` are the base's
    migrations that a side no longer has.
    """

    common: tuple[Migration, ...]
    mainline: tuple[Migration, ...]
    branch: tuple[Migration, ...]
    same: tuple[tuple[Migration, Migration], ...] = ()
    off_mainline: tuple[Migration, ...] = ()
    off_branch: tuple[Migration, ...] = ()


class Collision(NamedTuple):
    """One of the branch's migrations against one of the mainline's.

    `what` is `tag` (the same file name), `number` (the same prefix, so the same snapshot file), `idx` (the same place
    in the journal), or `when`: not newer than the mainline's newest, so a database that ran that one skips it.
    """

    own: Entry
    other: Entry
    what: Literal["tag", "number", "idx", "when"]


def part(base: Folder, mainline: Folder, branch: Folder) -> Parting:
    """Compare two versions with their common base, whatever numbers the migrations have now."""
    on_main = match_known(base.migrations, mainline.migrations)
    on_branch = match_known(base.migrations, branch.migrations)
    new_main = _rest(mainline.migrations, on_main.values())
    new_branch = _rest(branch.migrations, on_branch.values())
    pairs = match_new(new_branch, new_main)
    return Parting(
        common=base.migrations,
        mainline=tuple(new_main),
        branch=tuple(m for n, m in enumerate(new_branch) if n not in pairs),
        same=tuple((new_branch[b], new_main[m]) for b, m in sorted(pairs.items())),
        off_mainline=tuple(m for n, m in enumerate(base.migrations) if n not in on_main),
        off_branch=tuple(m for n, m in enumerate(base.migrations) if n not in on_branch),
    )


def _rest(migrations: Sequence[Migration], known: Iterable[int]) -> list[Migration]:
    positions = set(known)
    return [m for n, m in enumerate(migrations) if n not in positions]


def collisions(mainline: Sequence[Entry], branch: Sequence[Entry]) -> list[Collision]:
    """What collides, in the branch's order; each pair of migrations under the strongest of `tag`, `number`, `idx`."""
    newest = max((entry for entry in mainline if entry.when is not None), key=_when, default=None)
    found = []
    for own in branch:
        for other in mainline:
            if own.tag == other.tag:
                found.append(Collision(own, other, "tag"))
            elif own.prefix == other.prefix:
                found.append(Collision(own, other, "number"))
            elif own.idx is not None and own.idx == other.idx:
                found.append(Collision(own, other, "idx"))
        if newest is not None and own.when is not None and own.when <= _when(newest):
            found.append(Collision(own, newest, "when"))
    return found


def _when(entry: Entry) -> int:
    return entry.when or 0
