"""The one place where a merge of two migration folders is decided; driver, hooks and commands all come here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from drizzle_guard.drizzle.bundle import regenerate
from drizzle_guard.drizzle.folder import BUNDLE, Blob, Folder, Migration, join, read_folder
from drizzle_guard.drizzle.journal import PATH, Entry, parse_journal
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import changed_folders, history_at
from drizzle_guard.git.mainline import Mainline, find_mainline
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides, is_merging
from drizzle_guard.renumber.picked import is_behind, lacks_common
from drizzle_guard.renumber.rebase import canonical_head, interim_journal, is_rebasing
from drizzle_guard.replay.identity import match_new
from drizzle_guard.replay.plan import Plan, Refusal
from drizzle_guard.replay.published import Established, brings_nothing, establish, moves_published
from drizzle_guard.replay.replay import plan


class Decision(NamedTuple):
    """What becomes of one folder, and which side kept its place; `other` is the name of theirs."""

    folder: str
    outcome: Plan | Refusal
    ours_established: bool
    assumed: bool
    base: Folder
    ours: Folder
    theirs: Folder
    other: str = "the other side"

    @property
    def keeper(self) -> str:
        """The side whose migrations keep their numbers, by its name."""
        return "HEAD" if self.ours_established else self.other

    @property
    def versions(self) -> tuple[Folder, Folder, Folder]:
        """The three sides."""
        return self.base, self.ours, self.theirs


def colliding_folders(repository: Repository, sides: Sides) -> list[str]:
    """Folders whose journal both sides changed since their common ancestor."""
    if sides.theirs is None:
        return []
    if not sides.bases:
        return sorted(changed_folders(repository, sides.ours, sides.theirs))
    found: set[str] = set()
    for base in sides.bases:
        found |= changed_folders(repository, base, sides.ours) & changed_folders(repository, base, sides.theirs)
    # a folder that both sides have moved or deleted is no concern of theirs any more
    ends = (sides.ours, sides.theirs)
    return sorted(f for f in found if any(repository.line("rev-parse", "-q", "--verify", _at(c, f)) for c in ends))


def _at(commit: str, folder: str) -> str:
    return f"{commit}:{join(folder, PATH)}"


def decide(repository: Repository, sides: Sides, folder: str, *, onto: str | None = None) -> Decision:
    """Read the three histories of a folder and ask the core.  Raises GuardError if a side cannot be read.

    In a rebase the commits made so far still have old file names; the pick goes behind what they will be.
    """
    if not sides.bases and repository.is_shallow():
        # an entry that only one side has may be new there, or deleted on the other: only the ancestor tells
        raise GuardError(
            f"{printable(folder) or '.'}: the common ancestor of the two sides is missing: this clone is shallow.",
            "git fetch --unshallow   # abort this first if git has stopped; then do it again",
        )
    ours, theirs = history_at(repository, sides.ours, folder), history_at(repository, sides.theirs, folder)
    base = common_base(repository, sides, folder, (ours, theirs))
    return judge(repository, sides, folder, base, ours, theirs, onto=onto)


def judge(
    repository: Repository,
    sides: Sides,
    folder: str,
    base: Folder,
    ours: Folder,
    theirs: Folder,
    *,
    onto: str | None = None,
) -> Decision:
    """Find out who is published and ask the core about three histories that were read."""
    mainline = find_mainline(repository, onto)
    decision = _judge(repository, sides, folder, base, ours, theirs, mainline)
    is_named = isinstance(decision.outcome, Refusal) or decision.assumed
    if sides.theirs is None or decision.ours_established or not is_named:
        return decision
    return decision._replace(other=_name_of(repository, sides.theirs, mainline))


def _name_of(repository: Repository, commit: str, mainline: Mainline | None) -> str:
    """A commit by the name that the user knows it by."""
    if mainline is not None and mainline.commit == commit:
        return mainline.name
    if name := os.environ.get(f"GITHEAD_{commit}"):
        return name
    refs = ("refs/heads", "refs/remotes")
    listed = repository.line("for-each-ref", f"--points-at={commit}", "--format=%(refname:short)", *refs) or ""
    return listed.partition("\n")[0] or commit[:10]


def _judge(
    repository: Repository,
    sides: Sides,
    folder: str,
    base: Folder,
    ours: Folder,
    theirs: Folder,
    mainline: Mainline | None,
) -> Decision:
    rebasing = is_rebasing(repository)
    if rebasing and sides.kind == "merge":
        if not is_merging(repository):  # `renumber` or `graph` at a stop, where git has merged nothing
            raise GuardError(
                "a rebase is under way; the migrations of its commits get their numbers when it ends.",
                "git rebase --continue",
            )
        raise GuardError(
            f"{printable(folder) or '.'}: this rebase merges two branches that both have migrations; "
            "drizzle-guard does not renumber those.",
            "git rebase --abort, then rebase without --rebase-merges, or merge instead",
        )
    rebasing = rebasing and sides.kind == "rebase"
    before = canonical_head(repository, sides.ours, folder) if rebasing else ours
    published = None if mainline is None else _published(repository, mainline, sides, folder, ours, theirs)
    found = establish(base, before, theirs, published, otherwise_ours=sides.kind != "merge")
    if not found.ours and not found.told and mainline is not None and _is_mainline(repository, mainline, sides.ours):
        found = found._replace(ours=True, assumed=False)
    if not found.ours and not found.told and brings_nothing(base, before, theirs):
        found = found._replace(ours=True)
    if sides.kind != "merge" and not found.ours and not rebasing and lacks_common(base, ours):
        # published, but not here: at its own number it would stand behind migrations that are not here
        found = Established(True)
    if rebasing and not found.ours:
        reason = "it is published on the mainline, and this rebase would move it"
        return Decision(folder, Refusal(reason, theirs.entries[-1].tag), False, found.assumed, base, ours, theirs)
    first, second = (before, theirs) if found.ours else (theirs, before)
    if not first.entries or not second.entries:
        own, other = (history.entries[-1].tag if history.entries else "" for history in (second, first))
        refusal = Refusal("one side has moved or deleted the whole folder", own, other, way_out="move")
        return Decision(folder, refusal, found.ours, found.assumed, base, ours, theirs)
    picked = sides.kind in ("cherry-pick", "rebase") and found.ours and sides.theirs is not None
    picked = picked and is_behind(repository, sides.ours, sides.theirs or "", base, before)
    outcome = plan(base, first, second, layout=ours.journal if ours.entries else theirs.journal, picked=picked)
    if rebasing and isinstance(outcome, Plan):
        outcome = outcome._replace(interim=interim_journal(outcome, ours))
    lost = ""
    if found.clash and isinstance(outcome, Plan) and published is not None:
        lost = moves_published(_new_places(outcome, second), published)
    if lost:
        other = first.entries[-1].tag if first.entries else ""
        reason = "both sides hold published migrations that the other has not"
        outcome = Refusal(reason, lost, other, way_out="mainline")
    return Decision(folder, outcome, found.ours, found.assumed, base, ours, theirs)


def _new_places(outcome: Plan, side: Folder) -> list[tuple[Migration, Entry]]:
    """The migrations of a side whose journal entry becomes another one, and that one."""
    final = read_folder(side.name, {path: blob for path, blob in outcome.files.items() if blob is not None})
    pairs = match_new(side.migrations, final.migrations)
    places = [(side.migrations[n], final.entries[place]) for n, place in pairs.items()]
    return [(migration, entry) for migration, entry in places if entry.raw != migration.entry.raw]


def common_base(repository: Repository, sides: Sides, folder: str, ends: Sequence[Folder]) -> Folder:
    """The common ancestor's folder; of several ancestors (a criss-cross) all that any of them had.

    An entry that any common ancestor had and a side lacks was deleted by that side.
    """
    histories = [history_at(repository, base, folder) for base in sides.bases]
    if len(histories) < 2:
        return histories[0] if histories else history_at(repository, None, folder)
    raws = [entry.raw for end in ends for entry in end.entries]
    merged: list[Migration] = []
    seen: dict[tuple[str, str | None], int] = {}
    files: dict[str, Blob] = {}
    for history in histories:
        files = {**history.files, **files}
        for migration in history.migrations:
            key = (migration.entry.suffix, None if migration.sql is None else migration.sql.id)
            if key not in seen:
                seen[key] = len(merged)
                merged.append(migration)
            elif migration.entry.raw in raws:  # the name under which a side still has it
                merged[seen[key]] = migration
    journal = histories[0].journal._replace(entries=tuple(m.entry for m in merged))
    return Folder(folder, journal, tuple(merged), files)


def _published(
    repository: Repository, mainline: Mainline, sides: Sides, folder: str, ours: Folder, theirs: Folder
) -> Folder | None:
    if mainline.commit == sides.ours:
        return ours
    if mainline.commit == sides.theirs:
        return theirs
    made_from = [sides.ours, sides.theirs] if sides.kind == "merge" else [sides.ours]
    if repository.parents(mainline.commit) == made_from:
        return ours  # this very merge or pick was made on the mainline
    try:
        return history_at(repository, mainline.commit, folder, name=f"{mainline.name}:{folder}")
    except GuardError:
        return None


def _is_mainline(repository: Repository, mainline: Mainline, ours: str) -> bool:
    """Whether our side is the published one: its commit or its branch is checked out."""
    if ours == mainline.commit:
        return True
    head = repository.line("symbolic-ref", "--quiet", "--short", "HEAD")
    return head is not None and head == mainline.branch


def interim_bundle(decision: Decision) -> bytes | None:
    """`migrations.js` as it goes with the interim journal; None if our side has none.  Raises GuardError."""
    bundle = decision.ours.files.get(BUNDLE)
    if bundle is None or isinstance(decision.outcome, Refusal):
        return None
    entries = parse_journal(decision.outcome.interim, join(decision.folder, PATH)).entries
    return regenerate(bundle.data, entries, join(decision.folder, BUNDLE))


def explain_refusal(decision: Decision, sides: Sides) -> GuardError:
    """A refusal as the user reads it: the sentence, and the commands that lead out."""
    refusal, folder = decision.outcome, decision.folder
    assert isinstance(refusal, Refusal)
    import shlex  # late: a merge that goes well has no use for it

    kept = printable(decision.keeper)
    shown, next_command = printable(folder) or ".", sides.next_command
    ways = {
        "up": ("npx drizzle-kit up   # on the side with the older snapshots; commit, then merge again",),
        "mainline": (f"{sides.abort_command}, then merge the mainline itself: there they stand in one order",),
        "move": ("abort, move the folder (git mv) or delete it on your branch too, commit, and try again",),
        "edit": (
            f"mend that, git add it, then: drizzle-guard renumber, and {next_command}",
            f"or: drizzle-guard regenerate   # keeps the folder of {kept}, generates your changes anew",
        ),
        "branch": (f"{sides.abort_command}, mend that in a commit on its side, and try again",),
        "regenerate": (
            f"drizzle-guard regenerate   # keeps the folder of {kept}, generates your changes anew",
            f"or resolve {shown}/{PATH} by hand, then: git add {shlex.quote(shown)} && {next_command}",
        ),
    }
    saves = tuple(f"hand-written SQL, save it first: {printable(join(folder, path))}" for path in refusal.save)
    return GuardError(f"{shown}: {refusal.sentence}", *saves, *ways[refusal.way_out])
