"""What a user types after a refusal: sentences, and below each the commands, one a line.

A command stands alone in its line, its paths quoted for a shell, without a comment behind it: cmd and PowerShell take
`#` for an argument.  `tests/renumber/test_ways_out.py` holds each way to that form; the commands round a moved folder
are typed in `tests/renumber/test_places.py`.
"""

from __future__ import annotations

import shlex

from drizzle_guard.errors import printable
from drizzle_guard.git.sides import Sides
from drizzle_guard.light import TYPE_CHECKING
from drizzle_guard.replay.plan import WayOut

if TYPE_CHECKING:
    from drizzle_guard.renumber.decision import Upgraded


def lines_for(
    way: WayOut,
    sides: Sides,
    folder: str,
    *,
    kept: str,
    moved_to: str = "",
    start: str = "",
    moved_here: bool = False,
    merged: bool = False,
    upgraded: Upgraded | None = None,
) -> tuple[str, ...]:
    """The lines below a refusal.

    `kept` is how messages call the side whose folder stays; `moved_to` is where the folder is on that side ("": gone);
    it is `folder` itself if the branch has moved it already.  `start` is the commit onto which a rebase goes.
    `moved_here`: HEAD has it there, and the other side has it at the old place.  `merged`: the merge was committed, so
    that there is nothing to bring back.  `upgraded`: how the side that is not yet in Drizzle v1's layout gets there.
    """
    if merged and way not in (WayOut.REGENERATE, WayOut.LOOK):
        return "What is wrong there, and what helps against each, says:", "drizzle-guard check"
    place = shlex.quote(folder or ".")
    anew = (
        f"Resolve your schema and git add it; then keep the folder of {kept}, and generate your changes anew:",
        "drizzle-guard regenerate",
    )
    by_hand = (
        f"Or resolve by hand all that is in conflict in {place}, then:",
        f"git add {place}",
        sides.next_command,
    )
    in_this_order = (
        "Or, if the SQL is right in this order:",
        "drizzle-guard renumber --anyway",
        "Then, before you go on, run it on throw-away databases from every state that a real one can stand in:",
        "drizzle-guard rehearse",
        sides.next_command,
    )
    lines = {
        WayOut.REGENERATE: (*anew, *by_hand),
        WayOut.LOOK: (*anew, *in_this_order, *by_hand),
        WayOut.UP: (
            "Drizzle-kit must bring the older snapshots up first, where they were made. Bring everything back:",
            sides.abort_command,
            "Then, on the side with the older snapshots, commit what this changes, and do the same again:",
            "npx drizzle-kit up",
        ),
        WayOut.EDIT: (
            "Mend that here, git add what you mended, then:",
            "drizzle-guard renumber",
            sides.next_command,
            "Or generate your changes anew:",
            "drizzle-guard regenerate",
            "Or bring everything back, and mend it on the branch:",
            sides.abort_command,
        ),
        WayOut.MAINLINE: (
            "Bring everything back, then merge the mainline itself: there they stand in one order.",
            sides.abort_command,
        ),
        WayOut.BRANCH: (
            "Bring everything back, mend that in a commit on its side, and do the same again:",
            sides.abort_command,
        ),
        WayOut.MERGE: ("Bring everything back, and merge instead:", sides.abort_command, f"git merge {start}"),
        WayOut.TO_V1: _to_v1(sides, folder, upgraded),
        WayOut.MOVE: _moved_here(sides, folder, moved_to) if moved_here else _move(sides, folder, moved_to, start),
    }
    return tuple(printable(line) for line in lines[way])


def _to_v1(sides: Sides, folder: str, found: Upgraded | None) -> tuple[str, ...]:
    """The other side is upgraded in a commit, on a detached HEAD where that is not the branch, and then merged."""
    back = ("Bring everything back:", sides.abort_command)
    if found is None or sides.kind not in ("merge", "rebase"):
        return (
            *back,
            "It is in another layout. Put the change into the schema here, and generate its migration anew.",
        )
    where = f", in {printable(found.place)}" if found.place else ""
    there = (
        (f"Then upgrade your branch, too{where}:",)
        if not found.old
        else (
            f"Then upgrade what is to be merged, too{where}; a detached commit is enough:",
            f"git switch --detach {found.old}",
        )
    )
    then = (f"git merge {found.other}",) if found.other else ("git switch -", "git merge -")
    return (
        *back,
        *there,
        f"npx drizzle-kit@{found.version} up",
        f"git add -A {shlex.quote(folder or '.')}",
        "git commit -m 'Upgrade the migrations to Drizzle v1'",
        "Then merge that, and let your own migrations sort behind:",
        *then,
        "drizzle-guard renumber",
    )


def _move(sides: Sides, folder: str, moved_to: str, start: str) -> tuple[str, ...]:
    back = ("Bring everything back:", sides.abort_command)
    again = (
        ("Then merge: a rebase meets the old place again in each commit.", f"git merge {start}")
        if sides.kind == "rebase" and start
        else ("Then do the same again.",)
    )
    if moved_to == folder:  # it is there already
        return (*back, *again)
    if not moved_to:
        return (
            *back,
            f"Then move {printable(folder) or '.'}, or delete it, on your branch too, and commit.",
            *again,
        )
    return (*back, "Then move it on your branch, too:", *_git_mv(folder, moved_to, "Move the migrations"), *again)


def _moved_here(sides: Sides, folder: str, moved_to: str) -> tuple[str, ...]:
    """Where HEAD has moved the folder: it goes back for the merge; what a commit brings to the old place is left."""
    back = ("Bring everything back:", sides.abort_command)
    if sides.kind != "merge" or sides.theirs is None:
        return (
            *back,
            f"What is brought was made at the old place, {printable(folder) or '.'}. Merge its branch instead, or put "
            "the change into the schema here and generate its migration anew.",
        )
    return (
        *back,
        "Then move it back for the merge, and forth again:",
        *_git_mv(moved_to, folder, "Move the migrations back"),
        f"git merge {sides.theirs[:10]}",
        *_git_mv(folder, moved_to, "Move the migrations again"),
    )


def _git_mv(old: str, new: str, message: str) -> tuple[str, ...]:
    parent = new.rpartition("/")[0]
    make = (f"mkdir -p {shlex.quote(parent)}",) if parent else ()
    return (*make, f"git mv {shlex.quote(old)} {shlex.quote(new)}", f"git commit -m '{message}'")
