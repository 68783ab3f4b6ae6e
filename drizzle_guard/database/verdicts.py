"""What a database's migrations table says about a folder: which row belongs to which migration, and a verdict for each.

drizzle-orm 0.45 (`pg-core/dialect.js`, `mysql-core/dialect.js`, `sqlite-core/dialect.js`, migrate) reads one row, the
first of `ORDER BY created_at DESC`, and runs every entry whose `when` is larger.  It stores hashes and never compares
them; neither `idx` nor the row's `id` takes part.  Here rows are matched by `created_at == when`, then by hash.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum

from drizzle_guard.database.hashes import file_hash, other_hashes
from drizzle_guard.drizzle.folder import Migration
from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.statements import decode, is_empty


class Row(NamedTuple):
    """One row.  `created_at` is ms since the epoch (NaN where it is no number); `key` finds the row again.

    `id` is NULL in SQLite tables of Drizzle 0.x, whose `SERIAL` is no rowid; `key` is then the rowid.  `hash` is '' on
    expo, op-sqlite and durable-sqlite.  `name` is set by Drizzle v1 only.
    """

    id: int | None
    hash: str
    created_at: int | float | None
    key: int | None = None
    name: str | None = None


class IdSequence(NamedTuple):
    """PostgreSQL's sequence behind `id`; `name` is quoted and qualified."""

    name: str
    last_value: int
    is_called: bool

    @property
    def next(self) -> int:
        """The id that the next insert takes."""
        return self.last_value + 1 if self.is_called else self.last_value


class Table(NamedTuple):
    """The migrations table.  `rows` are in the migrator's order, so the first one is its watermark.

    `named` tells a table of Drizzle v1 (columns `name` and `applied_at`).  `numbered` is False on PostgreSQL where
    `id` has no default at all; `sequence` is None where there is none or it may not be read.  PostgreSQL sorts NULL
    first in a descending order (`nulls_first`), the others last.  `more` are columns that are not Drizzle's.
    `hidden_sequence` is the one that this role may not read.
    """

    exists: bool
    rows: tuple[Row, ...] = ()
    named: bool = False
    sequence: IdSequence | None = None
    numbered: bool = True
    name: str = "__drizzle_migrations"
    nulls_first: bool = False
    more: tuple[str, ...] = ()
    hidden_sequence: str | None = None

    def would_run(self, when: int | None) -> bool:
        """The migrator's whole rule: `!last || Number(last.created_at) < when`; `Number(null)` is 0."""
        if not self.rows:
            return True
        return when is not None and (self.rows[0].created_at or 0) < when

    def with_rows(self, rows: Iterable[Row]) -> Table:
        """The table with other rows, brought into the migrator's order."""

        def place(row: Row) -> tuple[int, float]:
            if row.created_at is None:
                return (-1 if self.nulls_first else 1, 0)
            return (0, -row.created_at)

        return self._replace(exists=True, rows=tuple(sorted(rows, key=place)))

    @property
    def watermark(self) -> int | float | None:
        """The `created_at` that the migrator compares with; None without rows, 0 for NULL."""
        return (self.rows[0].created_at or 0) if self.rows else None


class Verdict(str, Enum):
    """What is true of one migration; the values are those of `status --json`."""

    APPLIED = "applied"
    EDITED = "applied-edited-since"
    LINE_ENDS = "applied-line-ends-differ"
    OLD_WHEN = "applied-under-old-when"
    PENDING = "pending"
    SKIPPED = "will-be-skipped"
    PARTLY = "partly-applied"
    UNRECORDED = "applied-not-recorded"
    GONE = "recorded-but-gone"
    HALF_THERE = "recorded-but-partly-there"


class Proof(str, Enum):
    """What the catalog says of a migration that a row says ran; the values are those of `status --json`."""

    PROVED = "proved"
    IN_PART = "proved-in-part"  # what can be looked up is there; rows, calls, bodies cannot
    GONE = "gone"
    PARTLY = "partly-there"
    UNPROVABLE = "not-provable"  # rows, functions that were called
    UNSEEN = "not-looked-at"  # the file is not what ran, or is not there


class Line(NamedTuple):
    """One migration against the table.

    `runs` says whether the next migrate runs its SQL (again, if there is a row).  `sure` is False where the row was
    found by its hash but another migration could own it as well.  `note` adds to the verdict.  `proof` is what the
    catalog says of it where there is a row, `missing` what is not as its SQL leaves it, in words.
    """

    migration: Migration
    hash: str | None
    verdict: Verdict
    row: Row | None
    runs: bool
    sure: bool = True
    note: str = ""
    proof: Proof | None = None
    missing: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        return self.migration.tag

    @property
    def when(self) -> int | None:
        return self.migration.entry.when

    @property
    def wrong(self) -> bool:
        """Whether a person should act; line ends are harmless, and pending is what migrations are at first."""
        if self.row is not None and self.runs:
            return True
        return self.verdict not in (Verdict.APPLIED, Verdict.LINE_ENDS, Verdict.PENDING)


class Stray(NamedTuple):
    """A row that belongs to no migration of the folder.

    `copy_of` is the row that it repeats exactly; `like` is the tag whose SQL it records under another `created_at`.
    """

    row: Row
    copy_of: Row | None = None
    like: str | None = None


class Comparison(NamedTuple):
    """A folder against a table: a line for every migration in the journal's order, and the rows left over.

    `by_name` as Drizzle v1 does: there is no watermark, and a row without a name is nobody's.
    """

    table: Table
    lines: tuple[Line, ...]
    strays: tuple[Stray, ...]
    by_name: bool = False

    def line(self, tag: str) -> Line | None:
        """The line of a migration; of several with one tag the first."""
        return next((line for line in self.lines if line.tag == tag), None)


def compare(migrations: Sequence[Migration], table: Table) -> Comparison:
    """Match rows and migrations by drizzle-orm 0.45's rule.  Raises GuardError for SQL that is no regular file."""
    return _Matching(migrations, table).result()


class _Matching:
    """The strongest sign first: `when` and hash; `when` and nearly the hash; the hash; `when` alone."""

    def __init__(self, migrations: Sequence[Migration], table: Table) -> None:
        self.migrations, self.table = migrations, table
        self.hashes = [None if m.sql is None else file_hash(m.sql.keep()) for m in migrations]
        self.free: dict[int, Row] = dict(enumerate(table.rows))  # by place in the table
        self.found: dict[int, tuple[Verdict, Row, bool, str]] = {}  # by place in the journal
        self.by_when: dict[int | float | None, list[int]] = defaultdict(list)
        self.by_hash: dict[str, list[int]] = defaultdict(list)
        for place, row in self.free.items():
            self.by_when[row.created_at].append(place)
            self.by_hash[row.hash].append(place)

    def result(self) -> Comparison:
        self._same_when(Verdict.APPLIED, lambda n, row: row.hash == self.hashes[n])
        self._same_when(Verdict.LINE_ENDS, lambda n, row: row.hash in self._variants(n))
        self._same_hash()
        self._same_when(Verdict.EDITED, lambda n, row: True)
        lines = tuple(self._line(n) for n in range(len(self.migrations)))
        return Comparison(self.table, lines, tuple(self._strays()))

    def _alone(self) -> Iterator[int]:
        return (n for n in range(len(self.migrations)) if n not in self.found)

    def _variants(self, n: int) -> set[str]:
        sql = self.migrations[n].sql
        return set() if sql is None else set(other_hashes(sql.data))

    def _claim(self, n: int, place: int, verdict: Verdict, sure: bool = True, note: str = "") -> None:
        self.found[n] = (verdict, self.free.pop(place), sure, note)

    def _same_when(self, verdict: Verdict, fits: Callable[[int, Row], bool]) -> None:
        for n in list(self._alone()):
            when = self.migrations[n].entry.when
            for place in self.by_when.get(when, ()) if when is not None else ():
                if place in self.free and fits(n, self.free[place]):
                    if verdict is not Verdict.EDITED:
                        self._claim(n, place, verdict)
                    elif self.hashes[n] is None:
                        self._claim(n, place, Verdict.APPLIED, note="its SQL file is missing")
                    elif not self.free[place].hash:
                        self._claim(n, place, Verdict.APPLIED, note="the row has no hash (expo, durable-sqlite)")
                    else:
                        self._claim(n, place, Verdict.EDITED)
                    break

    def _same_hash(self) -> None:
        """Rows under another `created_at`: the migration was renumbered or re-stamped after it ran."""
        wanted: dict[tuple[int, ...], list[int]] = defaultdict(list)  # rows -> migrations that could own them
        for n in self._alone() if self.free else ():
            sql = self.migrations[n].sql
            if sql is None or is_empty(decode(sql.data)):  # empty custom migrations all have the same hash
                continue
            own = self._free_with([self.hashes[n] or ""]) or self._free_with(self._variants(n))
            if own:
                wanted[tuple(own)].append(n)
        swapped = {n for owners in wanted.values() for n in owners}
        taken = {self.migrations[n].entry.when for n in self._alone() if n not in swapped}
        for places, owners in wanted.items():
            # A row that stands at the `when` of a migration without a row of its own is that one's, edited since.
            usable = [p for p in places if self.free[p].created_at is None or self.free[p].created_at not in taken]
            usable.sort(key=lambda p: (self.free[p].created_at or 0, p))
            sure = len(usable) >= len(owners)  # of more rows than migrations each tells of the same SQL
            for n, place in zip(owners, usable[-len(owners) :], strict=False):
                self._claim(n, place, Verdict.OLD_WHEN, sure)

    def _free_with(self, hashes: Iterable[str]) -> list[int]:
        return sorted(p for h in hashes for p in self.by_hash.get(h, ()) if p in self.free)

    def _line(self, n: int) -> Line:
        migration, table = self.migrations[n], self.table
        runs = table.would_run(migration.entry.when)
        if n in self.found:
            verdict, row, sure, note = self.found[n]
            return Line(migration, self.hashes[n], verdict, row, runs, sure, note)
        return Line(migration, self.hashes[n], Verdict.PENDING if runs else Verdict.SKIPPED, None, runs)

    def _strays(self) -> Iterator[Stray]:
        first: dict[tuple[str, int | float | None, str | None], Row] = {}
        for _, row, _, _ in self.found.values():
            first.setdefault((row.hash, row.created_at, row.name), row)
        tags = {h: m.tag for h, m in zip(self.hashes, self.migrations, strict=True) if h}
        for row in self.free.values():
            same = (row.hash, row.created_at, row.name)
            if same in first:
                yield Stray(row, copy_of=first[same])
            else:
                first[same] = row
                yield Stray(row, like=tags.get(row.hash))
