"""Whether what a rebase, or the cherry-pick of a range, leaves out as the mainline's own is that for the whole of it.

A pick is judged by itself: a `CREATE TABLE` that stands on both sides is one migration there, and a later commit that
drops the table has not been seen.  Moved behind the mainline's, that one would drop what production has.
"""

from __future__ import annotations

from drizzle_guard.git.folders import history_at
from drizzle_guard.git.operation import picked_range, rebased_tip
from drizzle_guard.git.repository import Repository
from drizzle_guard.renumber.rebase import onto
from drizzle_guard.replay.parting import part
from drizzle_guard.replay.plan import Plan, Refusal


def refuse_undone_copy(repository: Repository, folder: str, outcome: Plan) -> Refusal | None:
    """The refusal of a pick whose plan leaves out what the branch as a whole has besides; None if all is well."""
    if not outcome.same:
        return None
    tip, start = picked_range(repository) or (rebased_tip(repository), onto(repository))
    if tip is None or start is None:
        return None
    bases = repository.merge_bases(tip, start)
    base, mainline, branch = (history_at(repository, c, folder) for c in (bases[0] if bases else None, start, tip))
    parting = part(base, mainline, branch)
    same = {(own.entry.suffix, other.entry.suffix) for own, other in parting.same}
    added = {migration.entry.suffix for migration in parting.branch}
    for own, other in outcome.same:
        names = own.partition("_")[2], other.partition("_")[2]
        if names[0] in added and names not in same:
            return Refusal("they have the same SQL, and a later commit of the branch undoes or changes it", own, other)
    return None
