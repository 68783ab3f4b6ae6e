"""One branch beside the mainline: where they parted, what collides, and what a merge would make of it."""

from __future__ import annotations

from drizzle_guard.git.folders_v1 import v1_history_at
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides
from drizzle_guard.light import NamedTuple
from drizzle_guard.renumber.decision import decide
from drizzle_guard.replay.parting import Collision, Parting, collisions, part
from drizzle_guard.replay.plan import Move, Plan, Refusal
from drizzle_guard.replay.replay import plan
from drizzle_guard.replay.v1 import v1_collisions, v1_plan


class Graph(NamedTuple):
    """One folder: the two lines, what collides, and what merging the mainline would make of it."""

    folder: str
    mainline: str
    branch: str
    parting: Parting
    collisions: list[Collision]
    outcome: Plan | Refusal
    v1: bool = False  # in Drizzle v1's layout, where git merges without a conflict and nothing refuses
    is_merged: bool = False  # the branch contains the mainline: what differs, a merge was resolved to

    @property
    def moves(self) -> dict[str, Move]:
        """What would change place, by the old tag."""
        if isinstance(self.outcome, Refusal):
            return {}
        return {move.old.tag: move for move in self.outcome.moves if move.old != move.new}


def compare(repository: Repository, sides: Sides, folder: str, names: tuple[str, str], onto: str | None) -> Graph:
    """Look at one folder of the branch (`sides.ours`) beside the mainline (`sides.theirs`).

    `names` are those of the mainline and of the branch.  Raises GuardError if a side cannot be read.
    """
    decision = decide(repository, sides, folder, onto=onto)
    base, main, own = decision.base, decision.theirs, decision.ours
    # a mainline with nothing new publishes nothing in this merge; the branch still has to stand behind it
    outcome = plan(base, main, own, layout=own.journal) if decision.ours_established else decision.outcome
    parting = part(base, main, own)
    found = collisions([m.entry for m in main.migrations], [m.entry for m in parting.branch])
    return Graph(folder, *names, parting, found, outcome, is_merged=sides.is_merged)


def compare_v1(repository: Repository, sides: Sides, folder: str, names: tuple[str, str]) -> Graph:
    """The same for a folder in Drizzle v1's layout; of several common ancestors the first counts."""
    base = v1_history_at(repository, sides.bases[0] if sides.bases else None, folder)
    main = v1_history_at(repository, sides.theirs, folder, name=f"{names[0]}:{folder}")
    own = v1_history_at(repository, sides.ours, folder)
    parting = part(base, main, own)
    # v1 goes by name: the same SQL under two names runs twice
    pairs = parting.copies.items()
    copies = {mine: there for mine, there in pairs if own.migrations[mine].tag == main.migrations[there].tag}
    parting = parting._replace(copies=copies)
    outcome = v1_plan(base, main, own, parting.branch)
    return Graph(folder, *names, parting, v1_collisions(main.migrations, parting.branch), outcome, v1=True)
