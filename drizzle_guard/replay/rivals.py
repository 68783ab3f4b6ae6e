"""Which open branches will collide with each other, once one of them has landed on the mainline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from drizzle_guard.drizzle.folder import Folder, Migration, read_folder
from drizzle_guard.errors import GuardError
from drizzle_guard.light import NamedTuple
from drizzle_guard.replay.plan import Plan, Refusal
from drizzle_guard.replay.replay import plan
from drizzle_guard.replay.v1 import v1_hazard
from drizzle_guard.sql.statements import decode, statements


class Candidate(NamedTuple):
    """A branch that may land next.

    `base` is where it parted from the mainline, `own` its folder, `migrations` what it adds; `landing` is what the
    folder becomes if it lands now.
    """

    name: str
    base: Folder
    own: Folder
    migrations: tuple[Migration, ...]
    landing: Plan


class Rivalry(NamedTuple):
    """Two branches of which the second is refused once the first has landed.

    `either_way` says that it is so in whichever order they land; `refusal` is the one of this order.
    """

    first: str
    second: str
    refusal: Refusal
    either_way: bool


#: the refusal of the second one once the first has landed; None if there is none
Against = Callable[[Candidate, Candidate], "Refusal | None"]


def find_rivals(candidates: Sequence[Candidate], tick: Callable[[], None], refusal: Against) -> Iterator[Rivalry]:
    """Try each pair that touches one object in both orders; `tick` is called for each pair.

    `refusal` is `against`, or `v1_against` for Drizzle v1's layout.  The work grows with the branches, and with the
    pairs that have an object in common; no other pair is looked at.
    """
    for one, other in common_pairs([touched(candidate.migrations) for candidate in candidates]):
        tick()
        first, second = candidates[one], candidates[other]
        forth, back = refusal(first, second), refusal(second, first)
        if forth is not None:
            yield Rivalry(first.name, second.name, forth, back is not None)
        elif back is not None:
            yield Rivalry(second.name, first.name, back, False)


def touched(migrations: Sequence[Migration]) -> frozenset[str]:
    """The names of all objects that migrations mention as a table, or create, drop or change."""
    names: set[str] = set()
    for migration in migrations:
        for statement in statements(decode(migration.sql.data)) if migration.sql else ():
            names |= statement.tables
            for action in statement.actions:
                names.update((action.name[0], action.table.rpartition(".")[2]))
    return frozenset(names - {""})


def common_pairs(sets: Sequence[frozenset[str]]) -> list[tuple[int, int]]:
    """Positions of the pairs of sets that share a name, in order; sets without a common name are never compared."""
    holders: dict[str, list[int]] = {}
    for position, names in enumerate(sets):
        for name in names:
            holders.setdefault(name, []).append(position)
    pairs = {(a, b) for held in holders.values() for n, b in enumerate(held) for a in held[:n]}
    return sorted(pairs)


def against(first: Candidate, second: Candidate) -> Refusal | None:
    """What stands against the second one behind the first, with a journal."""
    landed = {path: blob for path, blob in first.landing.files.items() if blob is not None}
    mainline = read_folder(first.own.name, landed)
    try:
        outcome = plan(second.base, mainline, second.own, layout=second.own.journal)
    except GuardError as error:
        return Refusal(error.message.rstrip("."), own=second.migrations[-1].tag)
    return outcome if isinstance(outcome, Refusal) else None


def v1_against(first: Candidate, second: Candidate) -> Refusal | None:
    """What stands against the second one behind the first, in Drizzle v1's layout.

    What both have is one branch built on the other: no order of theirs to choose.
    """
    common = {m.tag for m in first.migrations} & {m.tag for m in second.migrations}
    theirs = [m for m in first.migrations if m.tag not in common]
    mine = [m for m in second.migrations if m.tag not in common]
    return v1_hazard(second.base, theirs, mine)
