"""Where two versions of a migration folder parted, and what stands against putting them in a row as they are."""

from __future__ import annotations

from collections.abc import Sequence

from drizzle_guard.drizzle.folder import Folder, Migration
from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.light import Literal, NamedTuple
from drizzle_guard.replay.identity import Pairs, match_known, match_new


class Parting(NamedTuple):
    """Two lines of migrations since a common base: what was known, what is new, and what of that is one migration.

    `folders` are base, mainline and branch; all numbers are positions in their rows.  `on_mainline` and `on_branch`
    say where a side has each of the base's migrations now.  `new_on_mainline` and `new_on_branch` are what a side
    added; `copies` pairs the branch's position with the mainline's where both added one migration.
    """

    folders: tuple[Folder, Folder, Folder]
    on_mainline: Pairs
    on_branch: Pairs
    new_on_mainline: tuple[int, ...]
    new_on_branch: tuple[int, ...]
    copies: Pairs

    @property
    def common(self) -> tuple[Migration, ...]:
        """What the base had."""
        return self.folders[0].migrations

    @property
    def mainline(self) -> tuple[Migration, ...]:
        """What the mainline added, whether or not the branch has a copy of it."""
        return tuple(self.folders[1].migrations[n] for n in self.new_on_mainline)

    @property
    def branch(self) -> tuple[Migration, ...]:
        """What only the branch added."""
        return tuple(self.folders[2].migrations[n] for n in self.new_on_branch if n not in self.copies)

    @property
    def unseen(self) -> tuple[int, ...]:
        """The positions of what only the mainline added."""
        copied = set(self.copies.values())
        return tuple(n for n in self.new_on_mainline if n not in copied)

    @property
    def same(self) -> tuple[tuple[Migration, Migration], ...]:
        """The branch's and the mainline's copy of each migration that both added."""
        _, mainline, branch = self.folders
        return tuple((branch.migrations[own], mainline.migrations[there]) for own, there in self.copies.items())

    @property
    def off_mainline(self) -> tuple[Migration, ...]:
        """The base's migrations that the mainline no longer has."""
        return tuple(m for n, m in enumerate(self.common) if n not in self.on_mainline)

    @property
    def off_branch(self) -> tuple[Migration, ...]:
        """The base's migrations that the branch no longer has."""
        return tuple(m for n, m in enumerate(self.common) if n not in self.on_branch)


class Collision(NamedTuple):
    """One of the branch's migrations against one of the mainline's.

    `what` is `tag` (the same file name), `number` (the same prefix, so the same snapshot file), `idx` (the same place
    in the journal), `when`: not newer than the mainline's newest, so a database that ran that one skips it; or, in
    Drizzle v1's layout, `order`: its name sorts before the mainline's newest, so a new database runs it earlier than
    production does.
    """

    own: Entry
    other: Entry
    what: Literal["tag", "number", "idx", "when", "order"]


def part(base: Folder, mainline: Folder, branch: Folder) -> Parting:
    """Compare two versions with their common base, whatever numbers the migrations have now."""
    on_mainline = match_known(base.migrations, mainline.migrations)
    on_branch = match_known(base.migrations, branch.migrations)
    theirs, own = _new(mainline, on_mainline), _new(branch, on_branch)
    pairs = match_new([branch.migrations[n] for n in own], [mainline.migrations[n] for n in theirs])
    copies = {own[n]: theirs[place] for n, place in sorted(pairs.items())}
    return Parting((base, mainline, branch), on_mainline, on_branch, theirs, own, copies)


def _new(side: Folder, known: Pairs) -> tuple[int, ...]:
    there = set(known.values())
    return tuple(n for n in range(len(side.migrations)) if n not in there)


def collisions(mainline: Sequence[Entry], branch: Sequence[Entry]) -> list[Collision]:
    """What collides, in the branch's order; each pair of migrations under the strongest of `tag`, `number`, `idx`."""
    newest = max((entry for entry in mainline if entry.when is not None), key=_when, default=None)
    found = []
    for own in branch:
        for other in mainline:
            if own.tag == other.tag:
                found.append(Collision(own, other, "tag"))
            elif own.prefix == other.prefix:
                found.append(Collision(own, other, "number"))
            elif own.idx is not None and own.idx == other.idx:
                found.append(Collision(own, other, "idx"))
        if newest is not None and own.when is not None and own.when <= _when(newest):
            found.append(Collision(own, newest, "when"))
    return found


def _when(entry: Entry) -> int:
    return entry.when or 0
