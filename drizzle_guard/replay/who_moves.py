"""Say which side of a merge moves: published migrations keep their number and `when`, the others go behind them.

The order and the numbers that they get there are `replay.replay`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from drizzle_guard.drizzle.folder import Folder, Migration
from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.light import NamedTuple
from drizzle_guard.replay.identity import match_known, match_new
from drizzle_guard.replay.parting import part


class Established(NamedTuple):
    """`ours` says whether our side keeps its place; `told` whether anything published says so.

    `assumed`: nothing does, although both sides have migrations of their own; `clash`: both sides hold published
    migrations that the other has not.
    """

    ours: bool
    told: bool = True
    assumed: bool = False
    clash: bool = False


def establish(
    base: Folder, ours: Folder, theirs: Folder, mainline: Folder | None, *, otherwise_ours: bool
) -> Established:
    """Decide which side is the mainline's in this merge.

    `mainline` is the published history (None: unknown); `otherwise_ours` (theirs is a picked commit) is taken where it
    does not tell.
    """
    parting = part(base, theirs, ours)
    only_ours, only_theirs = parting.branch, [theirs.migrations[n] for n in parting.unseen]
    both = list(parting.same)
    for n in parting.on_branch.keys() & parting.on_mainline.keys():
        left, right = ours.migrations[parting.on_branch[n]], theirs.migrations[parting.on_mainline[n]]
        # what a picked commit stands on is nothing that it brings
        if not otherwise_ours or right.entry.raw != base.migrations[n].entry.raw:
            both.append((left, right))
    first_ours, first_theirs = _first_published(base, mainline, only_ours, only_theirs, both)
    if first_ours is None and first_theirs is None:
        return Established(otherwise_ours, told=False, assumed=bool(only_ours and only_theirs))
    if first_ours is None or first_theirs is None:
        return Established(first_theirs is None)
    # both are deployed somewhere; the order in which the mainline ran them decides
    return Established(first_ours < first_theirs, clash=True)


def brings_nothing(base: Folder, ours: Folder, theirs: Folder) -> bool:
    """Whether theirs has nothing that ours has not, and took nothing out: no reason to move what ours has."""
    parting = part(base, theirs, ours)
    return not parting.off_mainline and not parting.unseen


def _first_published(
    base: Folder,
    mainline: Folder | None,
    only_ours: Sequence[Migration],
    only_theirs: Sequence[Migration],
    both: Sequence[tuple[Migration, Migration]],
) -> tuple[int | None, int | None]:
    """Where in the mainline's row the first migration stands that only this side has: at all, or as it is published."""
    row = () if mainline is None else mainline.migrations
    known = set(match_known(base.migrations, row).values())
    new = [n for n in range(len(row)) if n not in known]
    places = []
    for only in (only_ours, only_theirs):
        places.append([new[n] for n in match_new(only, [row[n] for n in new]).values()])
    for pair in both:
        if pair[0].entry.raw != pair[1].entry.raw:
            for n, published in enumerate(row):
                for side in (0, 1):
                    if pair[side].entry.raw == published.entry.raw:
                        places[side].append(n)
    return min(places[0], default=None), min(places[1], default=None)


def moves_published(moved: Sequence[tuple[Migration, Entry]], mainline: Folder) -> str:
    """The tag of the first migration that does not end as the mainline has it; "" if there is none.

    `moved` are migrations of one side and the entries that they get.
    """
    for n, place in match_new([migration for migration, _ in moved], mainline.migrations).items():
        if moved[n][1].raw != mainline.migrations[place].entry.raw:
            return moved[n][0].tag
    return ""
