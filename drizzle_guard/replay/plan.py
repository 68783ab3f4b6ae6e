"""What comes out of a replay: a plan, or a refusal."""

from __future__ import annotations

from enum import Enum

from drizzle_guard.drizzle.folder import Blob
from drizzle_guard.drizzle.journal import Entry, Journal
from drizzle_guard.errors import printable
from drizzle_guard.light import Literal, NamedTuple


class Move(NamedTuple):
    """One of the branch's own migrations and where it goes.

    `snapshot` is "" (it has none), "kept" (same content), "relinked" (another prevId), "merged", or "copied": it had
    none of its own beside another migration of its number, and gets what is before it again.
    """

    old: Entry
    new: Entry
    snapshot: Literal["", "kept", "relinked", "merged", "copied"]

    @property
    def has_its_own(self) -> bool:
        """Whether the branch has a snapshot that was made for it."""
        return self.snapshot not in ("", "copied")

    @property
    def changes(self) -> bool:
        """Whether anything of it changes at all."""
        return self.old != self.new or self.snapshot in ("relinked", "merged", "copied")


class Plan(NamedTuple):
    """The canonical folder.

    `files` says for every path that belongs to a migration what is to stand there (None: nothing); other files are
    not touched.  `interim` is the journal as it is safe to run while the own migrations still have their old file
    names: all that a merge driver can write.  `same` pairs own tags with the mainline's tag of the same migration;
    `deleted` are published ones that the branch deleted.  `edited` are sentences about those that it edited, and about
    those that the mainline deleted.  `passed_over` is what was read from the SQL and stands against the plan, where a
    person said to go on all the same.
    """

    journal: Journal
    files: dict[str, Blob | None]
    interim: Blob
    moves: tuple[Move, ...]
    same: tuple[tuple[str, str], ...] = ()
    deleted: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    passed_over: tuple[Refusal, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a merge leaves out or lets stand although it is not as published: a sentence each."""
        out = [f"{own} is left out: {main} is the same migration" for own, main in self.same if own != main]
        gone = [f"{tag} is left out: the branch deleted it" for tag in self.deleted]
        return (*(printable(line) for line in (*out, *gone)), *self.edited)


class WayOut(Enum):
    """How a refusal can be left; what is typed for it stands in `renumber.ways_out`."""

    REGENERATE = "regenerate"
    LOOK = "look"  # it was read from SQL, and a person may know better
    UP = "up"
    EDIT = "edit"  # a file, which can be mended where git has stopped
    BRANCH = "branch"  # only a commit on the side in question mends it
    MAINLINE = "mainline"
    MERGE = "merge"  # what a rebase cannot do
    MOVE = "move"
    TO_V1 = "to v1"  # one side is in Drizzle v1's layout already

    @property
    def may_regenerate(self) -> bool:
        """Whether one way is to generate the branch's own migrations anew; then protect lets the old ones go."""
        return self in (WayOut.REGENERATE, WayOut.LOOK, WayOut.EDIT)


class Refusal(NamedTuple):
    """Why the two histories cannot be put in a row by a machine.

    `reason` is one sentence without names of files; `own` and `other` are the tags on the branch and on the mainline
    ("" where there is none).  `save` are the branch's SQL files with hand-written parts.
    """

    reason: str
    own: str = ""
    other: str = ""
    way_out: WayOut = WayOut.REGENERATE
    save: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The reason with both tags in front."""
        tags = [f"{printable(tag)} ({side})" for tag, side in ((self.own, "branch"), (self.other, "mainline")) if tag]
        return f"{' and '.join(tags)}: {self.reason}." if tags else f"{self.reason}."


class Refused(Exception):
    """How the refusal leaves the depths of a replay; `replay.plan` turns it into a value."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal
