"""What a commit must not do to a committed migration: a comparison of folder versions, without git.

drizzle-orm 0.45 runs what is newer than the newest row, stores the hash of the SQL and never compares it, so an edited
migration does nothing where it ran and something else everywhere else, and a deleted one is missing in every new
database.  The journal's `idx`, `tag`, `when`, `breakpoints` and its order say what runs where; the snapshot is what
the next `generate` compares with.  One thing may be done: a migration that is not published may go behind others
(`drizzle-guard renumber`), if its SQL stays and everything that hangs on its number follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from drizzle_guard.drizzle.folder import Blob, Folder, Migration
from drizzle_guard.drizzle.journal import PATH, what_is_read
from drizzle_guard.drizzle.v1 import Layout, layout_of
from drizzle_guard.errors import printable
from drizzle_guard.light import NamedTuple
from drizzle_guard.protect.compare import Only, describe_file, only_change, unsound_move
from drizzle_guard.replay.identity import Pairs, match_known, match_new


class Change(NamedTuple):
    """One forbidden change.

    `kind` is sql, snapshot, entry, file (its mode, a link), deleted, journal (that is deleted), renamed, renumbered,
    order or unreadable; `path` is the file inside the folder, `what` says it in words.  `was` and `now` are the
    committed and the new file.
    """

    kind: str
    tag: str
    path: str
    what: str
    was: Blob | None = None
    now: Blob | None = None
    published: bool = True

    @property
    def only(self) -> Only | None:
        """Where it is the file's line ends or its formatting alone, that."""
        return None if self.was is None or self.now is None else only_change(self.was, self.now)


class Around(NamedTuple):
    """What else is known when a commit is compared with one of its parents.

    `published` is the mainline's folder: what stands there keeps its number.  `others` are the folders of the other
    parents of a merge, `bases` those of the common ancestors: what another parent did to a common migration was judged
    when it was committed there.  `only_published`: nothing else is protected.
    """

    published: Folder
    others: Sequence[Folder] = ()
    bases: Sequence[Folder] = ()
    only_published: bool = False


def forbidden(parent: Folder, new: Folder, around: Around) -> list[Change]:
    """The forbidden changes from a parent's folder to the new one."""
    return list(_Judge(parent, new, around).changes())


def is_kept_whole(parent: Folder, new: Folder) -> bool:
    """Whether `new` has every migration of the parent as it was (a folder that was moved)."""
    return bool(parent.migrations) and not forbidden(parent, new, Around(parent))


class _Judge:
    def __init__(self, parent: Folder, new: Folder, around: Around) -> None:
        self.parent, self.new, self.around = parent, new, around
        self.now_at = match_known(parent.migrations, new.migrations)
        self.published_at = _same(parent.migrations, around.published.migrations)
        self._paths = {id(blob): path for history in (parent, new) for path, blob in history.files.items()}
        self._kept = {blob.id for blob in new.files.values()}
        self.upgraded = layout_of(new) is Layout.V1 and layout_of(parent) is Layout.JOURNAL
        self._upstream = [
            ({at: n for n, at in match_known(base.migrations, parent.migrations).items()}, _reach(base, other))
            for base in around.bases
            for other in around.others
        ]

    def changes(self) -> Iterator[Change]:
        if self._lost_its_journal():
            yield from self._journal()
            return
        moved: set[int] = set()
        for n, old in enumerate(self.parent.migrations):
            is_published = n in self.published_at
            if self.around.only_published and not is_published:
                continue
            if n in self.now_at:
                found = list(self._compare(n, old, self.new.migrations[self.now_at[n]], moved))
            elif any(theirs is None and was.sql == old.sql for was, theirs in self._elsewhere(n)):
                found = []
            else:
                found = [self._deleted(old)]
            yield from (change._replace(published=is_published) for change in found)
        if not self.upgraded:  # `drizzle-kit up` of v1 orders by second and name
            yield from self._out_of_order(moved)

    def _lost_its_journal(self) -> bool:
        """Whether the journal alone is gone, and the files that it named are there."""
        if PATH not in self.parent.files or PATH in self.new.files or self.new.migrations:
            return False
        return any(m.sql is not None and m.sql.id in self._kept for m in self.parent.migrations)

    def _journal(self) -> Iterator[Change]:
        """The journal as one deleted file: to put back each migration would not bring it back."""
        protected = [
            (n in self.published_at, m.tag)
            for n, m in enumerate(self.parent.migrations)
            if n in self.published_at or not self.around.only_published
        ]
        if protected:
            what = "it is deleted, and without it no migration of this folder runs"
            published, tag = max(protected, key=lambda found: found[0])
            yield Change("journal", tag, PATH, what, was=self.parent.files[PATH], published=published)

    def _deleted(self, old: Migration) -> Change:
        files = [blob for blob in (old.sql, old.snapshot) if blob is not None]
        still_there = files and all(blob.id in self._kept for blob in files)
        what = "its journal entry is deleted" if still_there else "it is deleted"
        return Change("deleted", old.tag, self._path(old), what, was=old.sql or old.snapshot)

    def _compare(self, n: int, old: Migration, now: Migration, moved: set[int]) -> Iterator[Change]:
        sql = self._file(n, old, now, "sql")
        was, is_ = what_is_read(old.entry), what_is_read(now.entry)
        differing = [key for key in was if was[key] != is_[key]]
        if self.upgraded:
            yield from sql
            return
        if differing and not self._came_from_elsewhere(n, now):
            moved.add(n)
            numbers_alone = set(differing) <= {"idx", "tag", "when"} and old.entry.suffix == now.entry.suffix
            if numbers_alone and not sql and n not in self.published_at:
                if problem := unsound_move(self.new, self.now_at[n], old):
                    yield Change("renumbered", old.tag, self._path(now), f"it is renumbered, but {problem}")
                return
            yield self._entry(old, now, differing)
        yield from sql
        yield from self._file(n, old, now, "snapshot")

    def _entry(self, old: Migration, now: Migration, differing: list[str]) -> Change:
        was, is_ = what_is_read(old.entry), what_is_read(now.entry)
        if "tag" in differing:
            kind = "renamed" if old.entry.suffix != now.entry.suffix else "renumbered"
            what = f"it is {kind} to {printable(now.tag)}"
            return Change(kind, old.tag, self._path(old), what, was=old.sql, now=now.sql)
        words = ", ".join(f"{key} {_value(was[key])} -> {_value(is_[key])}" for key in differing)
        what = f"its journal entry is edited ({words})"
        return Change("entry", old.tag, PATH, what, was=old.sql, now=now.sql)

    def _file(self, n: int, old: Migration, now: Migration, name: str) -> list[Change]:
        was, is_ = getattr(old, name), getattr(now, name)
        if was is None or was == is_:
            return []
        if is_ is not None and self._same_elsewhere(n, was, is_, name):
            return []
        path = self._paths[id(was)]
        label = "the SQL" if name == "sql" else "the snapshot"
        if name == "snapshot" and is_ is not None and is_.mode == was.mode and only_change(was, is_) is not None:
            return []  # only drizzle-kit reads it, and it reads JSON
        if is_ is None:
            return [Change("deleted", old.tag, path, f"{label} is deleted", was=was)]
        kind = name if was.mode == is_.mode else "file"
        return [Change(kind, old.tag, path, describe_file(label, was, is_), was=was, now=is_)]

    def _path(self, migration: Migration) -> str:
        """The file that stands for a migration in messages: its SQL, or the journal if it has none."""
        return self._paths.get(id(migration.sql), PATH)

    def _same_elsewhere(self, n: int, was: Blob, is_: Blob, name: str) -> bool:
        """Whether the mainline has that very file, or another parent brought it."""
        if n in self.published_at and getattr(self.around.published.migrations[self.published_at[n]], name) == is_:
            return True
        return any(
            theirs is not None and getattr(base, name) == was and getattr(theirs, name) == is_
            for base, theirs in self._elsewhere(n)
        )

    def _came_from_elsewhere(self, n: int, now: Migration) -> bool:
        """The same for the entry."""
        if n in self.published_at:
            main = self.around.published.migrations[self.published_at[n]]
            if what_is_read(main.entry) == what_is_read(now.entry):
                return True
        old = what_is_read(self.parent.migrations[n].entry)
        return any(
            theirs is not None
            and what_is_read(base.entry) == old
            and what_is_read(theirs.entry) == what_is_read(now.entry)
            for base, theirs in self._elsewhere(n)
        )

    def _elsewhere(self, n: int) -> Iterator[tuple[Migration, Migration | None]]:
        """A parent's migration as it was in a common ancestor, and what the other parent made of it."""
        for at, reach in self._upstream:
            if n in at:
                yield reach[at[n]]

    def _out_of_order(self, moved: set[int]) -> Iterator[Change]:
        """The first migration that stands elsewhere in the row, though its entry is the same."""
        kept = [n for n in sorted(self.now_at) if n not in moved]
        if self.around.only_published:
            kept = [n for n in kept if n in self.published_at]
        for before, after in pairwise(kept):
            if self.now_at[before] > self.now_at[after] and not self._order_elsewhere(before, after):
                tag = self.parent.migrations[after].tag
                what = f"it is moved before {printable(self.parent.migrations[before].tag)}"
                yield Change("order", tag, PATH, what, now=self.parent.migrations[after].sql)
                return
        if self.around.others:
            return  # a merge puts the one parent's migrations before the other's
        known = set(self.now_at.values())
        last = max((self.now_at[n] for n in kept if n in self.published_at), default=0)
        for position in range(last):
            if position not in known:
                tag = self.new.migrations[position].tag
                what = "a new migration stands before committed ones in the journal"
                yield Change("order", tag, PATH, what, now=self.new.migrations[position].sql)
                return

    def _order_elsewhere(self, before: int, after: int) -> bool:
        """Whether the mainline or another parent has these two the other way round."""
        at = self.published_at
        if before in at and after in at and at[before] > at[after]:
            return True
        pair = (self.parent.migrations[before].tag, self.parent.migrations[after].tag)
        rows = ([m.tag for m in other.migrations if m.tag in pair] for other in self.around.others)
        return [pair[1], pair[0]] in rows


def _same(parent: Sequence[Migration], published: Sequence[Migration]) -> Pairs:
    """Where the mainline has the parent's migrations: by SQL, or edited under the same tag and `when`."""
    pairs = match_new(parent, published)
    taken = set(pairs.values())
    at = {(m.tag, m.entry.when): n for n, m in enumerate(published) if n not in taken}
    for n, migration in enumerate(parent):
        if n not in pairs and (found := at.get((migration.tag, migration.entry.when))) is not None:
            pairs[n] = found
    return pairs


def _reach(base: Folder, other: Folder) -> list[tuple[Migration, Migration | None]]:
    pairs = match_known(base.migrations, other.migrations)
    return [(m, other.migrations[pairs[n]] if n in pairs else None) for n, m in enumerate(base.migrations)]


def _value(value: object) -> str:
    return "none" if value is None else printable(str(value))
