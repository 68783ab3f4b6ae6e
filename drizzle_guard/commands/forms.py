"""The JSON that `renumber` and `graph` print, as models; `docs/schemas/` holds their JSON Schemas.

`check` and `status` have their own beside the text that says the same (`check.report`, `database.report`).  A key that
is there stays; new ones may come.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from drizzle_guard.drizzle.folder import join
from drizzle_guard.drizzle.journal import Entry, sql_path
from drizzle_guard.drizzle.v1 import SQL, folder_millis
from drizzle_guard.renumber.earlier_merge import Work
from drizzle_guard.renumber.one_branch import Graph
from drizzle_guard.renumber.v1 import Renamed
from drizzle_guard.replay.plan import Refusal

#: `git.sides.Kind`, which mypy holds to be the same; that one is made without `typing`, for the merge driver
Operation = Literal["merge", "rebase", "cherry-pick", "revert", "am", "stash", "other"]


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


#: a name in a repository need not be UTF-8; pydantic would refuse it
Text = Annotated[str, SkipValidation]


class EntryForm(_Form):
    """An entry of the journal."""

    tag: Text
    idx: int | None
    when: int | None = Field(description="ms since the epoch")

    @classmethod
    def of(cls, entry: Entry) -> EntryForm:
        """The form of an entry."""
        return cls(tag=entry.tag, idx=entry.idx, when=entry.when)


class MoveForm(_Form):
    """A migration and the place that it gets."""

    old: EntryForm
    new: EntryForm


class WrittenMoveForm(MoveForm):
    """A migration that `renumber` moves."""

    snapshot: Literal["", "kept", "relinked", "merged", "copied"] = Field(description="empty: it has none")
    file: Text = Field(description="path of its SQL, from the top of the repository")


class HealedFindingForm(_Form):
    """An error that `check` finds and `renumber` leaves, and what helps."""

    code: Text
    message: Text
    fix: Text


class RenumberedForm(_Form):
    """One folder of `renumber --json`."""

    folder: Text = Field(description="path from the top of the repository; empty: the top itself")
    operation: Operation
    changed: bool = Field(description="whether it was written (with --dry-run: would be)")
    todo: Literal["apply", "show", "none"]
    moves: tuple[WrittenMoveForm, ...]
    same: tuple[tuple[Text, Text], ...] = Field(description="one migration under two tags: own, mainline's")
    deleted: tuple[Text, ...] = Field(description="tags that one side deleted")
    passed_over: tuple[Text, ...] = Field(
        description="with --anyway: what was read from the SQL against it, a sentence each"
    )
    left: tuple[HealedFindingForm, ...] = Field(description="errors of a folder in which there was nothing to do")


class RefusedForm(_Form):
    """One folder of `renumber --json` that is refused."""

    folder: Text
    operation: Operation
    changed: Literal[False]
    refused: Text = Field(description="the reason, one sentence")
    own: Text = Field(description="the migration that cannot go behind")
    mainline: Text = Field(description="the one that stands against it; may be empty")
    left: tuple[HealedFindingForm, ...] = Field(description="errors of a folder in which there was nothing to do")


class HealedForm(_Form):
    """One folder of `renumber --json` that was in conflict with itself."""

    folder: Text
    operation: Literal["heal"]
    changed: bool
    lines: tuple[Text, ...] = Field(description="what is changed")
    undone: tuple[Text, ...] = Field(description="what of somebody's work goes")
    left: tuple[HealedFindingForm, ...]


class PairForm(_Form):
    """One migration under two entries."""

    branch: EntryForm
    mainline: EntryForm


class CollisionForm(_Form):
    """Two migrations that cannot stand in a row as they are."""

    branch: Text
    mainline: Text
    what: Literal["tag", "number", "idx", "when", "order"]


class RefusalForm(_Form):
    """Why a merge would be refused."""

    reason: Text
    branch: Text
    mainline: Text


class GraphForm(_Form):
    """One folder of `graph --format json`."""

    folder: Text
    mainline: Text = Field(description="the mainline's name")
    branch: Text
    base: tuple[EntryForm, ...]
    on_mainline: tuple[EntryForm, ...]
    on_branch: tuple[EntryForm, ...]
    same: tuple[PairForm, ...]
    collisions: tuple[CollisionForm, ...]
    moves: tuple[MoveForm, ...]
    refused: RefusalForm | None


class TagMoveForm(_Form):
    """The tag of a migration before and after."""

    old: Text
    new: Text


class OpenBranchForm(_Form):
    """One open branch of `graph --all`."""

    name: Text
    commit: Text
    parted_after: Text | None = Field(description="the last tag that it has in common with the mainline")
    on_branch: tuple[Text, ...]
    deleted: tuple[Text, ...]
    collisions: tuple[CollisionForm, ...]
    moves: tuple[TagMoveForm, ...]
    refused: Text | None


class RivalsForm(_Form):
    """Two open branches of which one is refused once the other has landed."""

    first: Text
    second: Text
    either_way: bool
    reason: Text
    tags: tuple[Text, Text]


class NotLookedAtForm(_Form):
    """A branch that could not be read."""

    name: Text
    reason: Text


class OverviewForm(_Form):
    """One folder of `graph --all --format json`."""

    folder: Text
    mainline: Text
    branches: tuple[OpenBranchForm, ...]
    rivals: tuple[RivalsForm, ...]
    not_looked_at: tuple[NotLookedAtForm, ...]


def as_json(forms: Sequence[BaseModel]) -> str:
    """The forms as a JSON list, in ASCII: JSON is UTF-8, standard output need not be."""
    return json.dumps([form.model_dump() for form in forms], indent=2)


def renumbered(items: Sequence[Work], changed: Sequence[Work], left: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """What `renumber --json` prints.

    `changed` are the folders that were written (or would be), `left` by folder the errors where nothing was to do.
    """
    rows = [(item, left.get(item.decision.folder, ())) for item in items]
    return as_json([_renumbered(item, item in changed, errors) for item, errors in rows])


def _renumbered(item: Work, changed: bool, errors: Sequence[Mapping[str, str]]) -> RenumberedForm | RefusedForm:
    decision, outcome = item.decision, item.decision.outcome
    left = tuple(HealedFindingForm(**error) for error in errors)
    if isinstance(outcome, Refusal):
        return RefusedForm(
            folder=decision.folder,
            operation=item.sides.kind,
            changed=False,
            refused=outcome.sentence,
            own=outcome.own,
            mainline=outcome.other,
            left=left,
        )
    return RenumberedForm(
        folder=decision.folder,
        operation=item.sides.kind,
        changed=changed,
        todo=item.todo,
        moves=tuple(
            WrittenMoveForm(
                old=EntryForm.of(move.old),
                new=EntryForm.of(move.new),
                snapshot=move.snapshot,
                file=join(decision.folder, sql_path(move.new.tag)),
            )
            for move in outcome.moves
            if move.changes
        ),
        same=tuple(outcome.same),
        deleted=tuple(outcome.deleted),
        passed_over=tuple(refusal.sentence for refusal in outcome.passed_over),
        left=left,
    )


def renamed(items: Sequence[Renamed], changed: bool) -> str:
    """What `renumber --json` prints of folders in Drizzle v1's layout; `changed`: they were written."""
    return as_json([_renamed(item, changed) for item in items])


def _renamed(item: Renamed, changed: bool) -> RenumberedForm:
    moves = tuple(
        WrittenMoveForm(
            old=EntryForm(tag=old, idx=None, when=folder_millis(old)),
            new=EntryForm(tag=new, idx=None, when=folder_millis(new)),
            snapshot="kept",
            file=join(item.folder, f"{new}/{SQL}"),
        )
        for old, new in item.names
    )
    return RenumberedForm(
        folder=item.folder,
        operation="merge",
        changed=changed,
        todo="apply",
        moves=moves,
        same=(),
        deleted=(),
        passed_over=(),
        left=(),
    )


def parted(graphs: Sequence[Graph]) -> str:
    """What `graph --format json` prints."""
    return as_json([_parted(graph) for graph in graphs])


def _parted(graph: Graph) -> GraphForm:
    parting, refusal = graph.parting, graph.outcome if isinstance(graph.outcome, Refusal) else None
    return GraphForm(
        folder=graph.folder,
        mainline=graph.mainline,
        branch=graph.branch,
        base=tuple(EntryForm.of(m.entry) for m in parting.common),
        on_mainline=tuple(EntryForm.of(m.entry) for m in parting.mainline),
        on_branch=tuple(EntryForm.of(m.entry) for m in parting.branch),
        same=tuple(
            PairForm(branch=EntryForm.of(own.entry), mainline=EntryForm.of(main.entry)) for own, main in parting.same
        ),
        collisions=tuple(CollisionForm(branch=c.own.tag, mainline=c.other.tag, what=c.what) for c in graph.collisions),
        moves=tuple(MoveForm(old=EntryForm.of(m.old), new=EntryForm.of(m.new)) for m in graph.moves.values()),
        refused=refusal and RefusalForm(reason=refusal.sentence, branch=refusal.own, mainline=refusal.other),
    )
