"""Who moves: published migrations keep their number and `when`, the others go behind them."""

from __future__ import annotations

from typing import NamedTuple

from drizzle_guard.core.history import History, Migration
from drizzle_guard.core.identity import match_known, match_new


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
    base: History, ours: History, theirs: History, mainline: History | None, *, otherwise_ours: bool
) -> Established:
    """Decide which side is the mainline's in this merge.

    `mainline` is the published history (None: unknown); `otherwise_ours` is taken where it does not tell.
    """
    new_ours, new_theirs = _new(base, ours), _new(base, theirs)
    pairs = match_new(new_ours, new_theirs)
    only_ours = [m for n, m in enumerate(new_ours) if n not in pairs]
    same = set(pairs.values())
    only_theirs = [m for n, m in enumerate(new_theirs) if n not in same]
    published = [] if mainline is None else _new(base, mainline)
    first_ours, first_theirs = _first(only_ours, published), _first(only_theirs, published)
    if first_ours is None and first_theirs is None:
        return Established(otherwise_ours, told=False, assumed=bool(only_ours and only_theirs))
    if first_ours is None or first_theirs is None:
        return Established(first_theirs is None)
    # both are deployed somewhere; the order in which the mainline ran them decides
    return Established(first_ours < first_theirs, clash=True)


def _new(base: History, side: History) -> list[Migration]:
    known = set(match_known(base.migrations, side.migrations).values())
    return [m for n, m in enumerate(side.migrations) if n not in known]


def _first(new: list[Migration], published: list[Migration]) -> int | None:
    return min(match_new(new, published).values(), default=None)


def moves_published(moved: tuple[Migration, ...], mainline: History) -> str:
    """The tag of the first migration in `moved` that the mainline has under another number; "" if there is none."""
    for left, right in match_new(moved, mainline.migrations).items():
        if moved[left].entry.raw != mainline.migrations[right].entry.raw:
            return moved[left].tag
    return ""
