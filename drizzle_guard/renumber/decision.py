"""The one place where a merge of two migration folders is decided; driver, hooks and commands all come here."""

from __future__ import annotations

import os
from contextlib import suppress

from drizzle_guard.drizzle.folder import BUNDLE, Blob, Folder, Migration, join, read_folder
from drizzle_guard.drizzle.journal import PATH, Entry, parse_journal
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import changed_folders, changed_on_both, folders_at, history_at
from drizzle_guard.git.mainline import Mainline
from drizzle_guard.git.operation import rebased_tip
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides
from drizzle_guard.light import NamedTuple
from drizzle_guard.renumber.meeting import Meeting, meet
from drizzle_guard.renumber.picked import lacks_common
from drizzle_guard.replay.identity import match_known, match_new
from drizzle_guard.replay.plan import Plan, Refusal, WayOut
from drizzle_guard.replay.replay import plan
from drizzle_guard.replay.who_moves import Established, brings_nothing, establish, moves_published


class Upgraded(NamedTuple):
    """How to bring the other side of a folder to Drizzle v1, after the operation was aborted.

    `version` is that of drizzle-kit on the side that is there ("1.0.0"), `place` the directory of the config, from
    the top ("": there).  `old` is the commit to upgrade ("": HEAD is that side), `other` the commit that is merged then
    ("": the one that was upgraded).
    """

    version: str
    place: str
    old: str
    other: str


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
    moved_to: str = ""  # where the side that keeps its place has the whole folder, if not here
    rebased_onto: str = ""
    moved_here: bool = False  # HEAD is the side that has it elsewhere
    upgraded: Upgraded | None = None  # a side has the folder in Drizzle v1's layout

    @property
    def keeper(self) -> str:
        """The side whose migrations keep their numbers, by its name."""
        return "HEAD" if self.ours_established else self.other

    @property
    def passed_over(self) -> tuple[Refusal, ...]:
        """What was read from SQL, stands against the plan, and was passed over by a person."""
        return self.outcome.passed_over if isinstance(self.outcome, Plan) else ()

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
        found |= changed_on_both(repository, base, sides.ours, sides.theirs)
    # a folder that both sides have moved or deleted needs no merge
    ends = (sides.ours, sides.theirs)
    return sorted(f for f in found if any(repository.read(_at(c, f)) is not None for c in ends))


def _at(commit: str, folder: str) -> str:
    return f"{commit}:{join(folder, PATH)}"


def decide(
    repository: Repository,
    sides: Sides,
    folder: str,
    *,
    onto: str | None = None,
    anyway: bool = False,
    kept: Established | None = None,
) -> Decision:
    """Read all about one folder of a merge, and judge it.  Raises GuardError if a side cannot be read.

    `onto` names the mainline, if the user did; `anyway` passes over what is read from SQL.  `kept`: which side keeps
    its numbers, if the merge driver has decided that already (`git.handoff`); then no mainline is asked for.
    """
    meeting = meet(repository, sides, folder, onto=onto, anyway=anyway, asks_mainline=kept is None)
    return decide_meeting(repository, sides, meeting, kept)


def decide_meeting(repository: Repository, sides: Sides, meeting: Meeting, kept: Established | None = None) -> Decision:
    """Judge what was read; where the judgement names the other side, it is by the name that the user knows."""
    decision = judge(meeting, kept)
    in_a_row = meeting.rebasing or sides.kind == "cherry-pick"  # commits that are judged one by one
    if in_a_row and isinstance(decision.outcome, Plan) and decision.outcome.same:
        from drizzle_guard.renumber.rebased_copies import refuse_undone_copy  # late: hardly ever needed

        undone = refuse_undone_copy(repository, meeting.folder, decision.outcome)
        decision = decision if undone is None else decision._replace(outcome=undone)
    if meeting.rebasing and isinstance(decision.outcome, Refusal) and decision.outcome.other:
        from drizzle_guard.renumber.rebase import as_own_refusal  # late: only in a rebase

        outcome = as_own_refusal(repository, meeting.folder, meeting.before, decision.outcome)
        decision = decision._replace(outcome=outcome)
    if isinstance(decision.outcome, Refusal) and decision.outcome.way_out in (WayOut.MOVE, WayOut.MERGE):
        from drizzle_guard.renumber.rebase import onto as rebase_start  # late: only in a rebase

        decision = decision._replace(rebased_onto=(rebase_start(repository) or "")[:10])
    if isinstance(decision.outcome, Refusal) and decision.outcome.way_out is WayOut.MOVE:
        from drizzle_guard.renumber.to_v1 import find_upgraded  # late: hardly ever needed

        start = decision.rebased_onto
        if (found := find_upgraded(repository, sides, meeting.folder, start)) is not None:
            reason = "one side has upgraded the folder to Drizzle v1, the other has not"
            outcome = decision.outcome._replace(reason=reason, way_out=WayOut.TO_V1)
            return decision._replace(outcome=outcome, upgraded=found)
        there = _moved_to(repository, sides, meeting.folder, meeting.base)
        # in a rebase HEAD is the mainline, and the branch goes there
        here = sides.kind != "rebase" and there not in ("", meeting.folder) and not meeting.ours.entries
        decision = decision._replace(moved_to=there, moved_here=here)
    is_named = isinstance(decision.outcome, Refusal) or decision.assumed
    if sides.theirs is None or decision.ours_established or not is_named:
        return decision
    return decision._replace(other=_name_of(repository, sides.theirs, meeting.mainline))


def _name_of(repository: Repository, commit: str, mainline: Mainline | None) -> str:
    """A commit by the name that the user knows it by."""
    if mainline is not None and mainline.commit == commit:
        return mainline.name
    if name := os.environ.get(f"GITHEAD_{commit}"):
        return name
    refs = ("refs/heads", "refs/remotes")
    listed = repository.line("for-each-ref", f"--points-at={commit}", "--format=%(refname:short)", *refs) or ""
    return listed.partition("\n")[0] or commit[:10]


def judge(meeting: Meeting, kept: Established | None = None) -> Decision:
    """Say who stays (`kept`, if that is settled), and what becomes of the folder.  Without git: all was read."""
    found = _who_stays(meeting) if kept is None else kept
    outcome = _refusal(meeting, found) or _outcome(meeting, found)
    ends = (meeting.base, meeting.ours, meeting.theirs)
    return Decision(meeting.folder, outcome, found.ours, found.assumed, *ends)


def _who_stays(meeting: Meeting) -> Established:
    """The side that keeps its numbers.

    The first of these that applies:

    * the mainline has migrations that one side brings: that side (a picked commit that stands on what is not here
      comes behind all the same: at its own number it would stand behind migrations that are not here);
    * nothing tells, and ours is the mainline's branch, or theirs brings nothing: ours;
    * nothing tells: ours if theirs is a picked commit, else theirs, which is assumed and said.
    """
    picked = meeting.kind != "merge"
    found = establish(meeting.base, meeting.before, meeting.theirs, meeting.published, otherwise_ours=picked)
    if not found.told and not found.ours:
        if meeting.ours_is_mainline:
            found = Established(True, told=False)
        elif brings_nothing(meeting.base, meeting.before, meeting.theirs):
            found = found._replace(ours=True)
    if picked and not found.ours and not meeting.rebasing and lacks_common(meeting.base, meeting.ours):
        return Established(True)
    return found


def _refusal(meeting: Meeting, found: Established) -> Refusal | None:
    """What is refused before anything is planned; None if nothing is."""
    if meeting.rebasing and not found.ours:
        reason = "it is published on the mainline, and this rebase would move it"
        return Refusal(reason, _first_published(meeting), way_out=WayOut.MERGE)
    stays, moves = meeting.in_order(found.ours)
    if not stays.entries or not moves.entries:
        return Refusal(
            "one side has moved or deleted the whole folder", _last_tag(moves), _last_tag(stays), way_out=WayOut.MOVE
        )
    return None


def _first_published(meeting: Meeting) -> str:
    """The first migration of theirs that the mainline has; the last one where none can be told."""
    published = () if meeting.published is None else meeting.published.migrations
    known = set(match_known(meeting.base.migrations, meeting.theirs.migrations).values())
    new = [m for n, m in enumerate(meeting.theirs.migrations) if n not in known]
    return next((new[n].tag for n in sorted(match_new(new, published))), _last_tag(meeting.theirs))


def _outcome(meeting: Meeting, found: Established) -> Plan | Refusal:
    stays, moves = meeting.in_order(found.ours)
    layout = meeting.ours.journal if meeting.ours.entries else meeting.theirs.journal
    picked = found.ours and meeting.is_behind
    outcome = plan(meeting.base, stays, moves, layout=layout, picked=picked, anyway=meeting.anyway)
    if isinstance(outcome, Refusal):
        return outcome
    published = meeting.published if found.clash else None
    if published and (lost := moves_published(_new_places(outcome, moves), published)):
        reason = "both sides hold published migrations that the other has not"
        return Refusal(reason, lost, _last_tag(stays), way_out=WayOut.MAINLINE)
    if not meeting.rebasing:
        return outcome
    from drizzle_guard.renumber.rebase import interim_journal  # late: a merge has no use for it

    return outcome._replace(interim=Blob.of(interim_journal(outcome, meeting.ours), PATH))


def _last_tag(side: Folder) -> str:
    return side.entries[-1].tag if side.entries else ""


def _moved_to(repository: Repository, sides: Sides, folder: str, base: Folder) -> str:
    """Where one of the sides has the whole folder now: "" if nowhere, itself if there is nothing to move."""
    tags = [entry.tag for entry in base.entries]
    tip = rebased_tip(repository)
    if not tags or (tip and not history_at(repository, tip, folder).entries):
        return folder  # this is the new place, or the branch has it there, too
    for commit in (sides.ours, sides.theirs):
        for other in sorted(folders_at(repository, commit)) if commit and tags else ():
            with suppress(GuardError):
                found = history_at(repository, commit, other)
                if other != folder and [entry.tag for entry in found.entries][: len(tags)] == tags:
                    return other
    return ""


def _new_places(outcome: Plan, side: Folder) -> list[tuple[Migration, Entry]]:
    """The migrations of a side whose journal entry becomes another one, and that one."""
    final = read_folder(side.name, {path: blob for path, blob in outcome.files.items() if blob is not None})
    pairs = match_new(side.migrations, final.migrations)
    places = [(side.migrations[n], final.entries[place]) for n, place in pairs.items()]
    return [(migration, entry) for migration, entry in places if entry.raw != migration.entry.raw]


def interim_bundle(decision: Decision) -> bytes | None:
    """`migrations.js` as it goes with the interim journal; None if our side has none.  Raises GuardError."""
    bundle = decision.ours.files.get(BUNDLE)
    if bundle is None or isinstance(decision.outcome, Refusal):
        return None
    from drizzle_guard.drizzle.bundle import regenerate  # late: only expo and durable-sqlite have one

    entries = parse_journal(decision.outcome.interim.data, join(decision.folder, PATH)).entries
    return regenerate(bundle.data, entries, join(decision.folder, BUNDLE))


def foretell_refusal(decision: Decision) -> GuardError:
    """What is said where nothing has met yet: the ways out are those of the merge that stops."""
    assert isinstance(decision.outcome, Refusal)
    return GuardError(
        f"{printable(decision.folder) or '.'}: a merge would be refused: {decision.outcome.sentence}",
        "It would stop there and name the ways out; what parted, and what meets, shows:",
        "drizzle-guard graph",
    )


def explain_refusal(decision: Decision, sides: Sides, *, merged: bool = False) -> GuardError:
    """A refusal as the user reads it: the sentence, and the commands that lead out; `merged`: git has not stopped."""
    refusal, folder = decision.outcome, decision.folder
    assert isinstance(refusal, Refusal)
    from drizzle_guard.renumber.ways_out import lines_for  # late: nearly every merge has a plan

    ways = lines_for(
        refusal.way_out,
        sides,
        folder,
        kept=decision.keeper,
        moved_to=decision.moved_to,
        start=decision.rebased_onto,
        moved_here=decision.moved_here,
        merged=merged,
        upgraded=decision.upgraded,
    )
    saves = tuple(f"hand-written SQL, save it first: {printable(join(folder, path))}" for path in refusal.save)
    return GuardError(f"{printable(folder) or '.'}: {refusal.sentence}", *saves, *ways)
