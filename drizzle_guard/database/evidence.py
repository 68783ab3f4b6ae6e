"""Which migrations without a row ran all the same, told by what the database holds, and where to go on with one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Mapping

from drizzle_guard.database.presence import Catalog, Chunk, Made, Proof, Standing, changes, exists, prove
from drizzle_guard.database.rows import Comparison, Line, Verdict
from drizzle_guard.drizzle.folder import Migration
from drizzle_guard.sql.actions import Key
from drizzle_guard.sql.statements import decode, statements


def sql_text(migration: Migration) -> str:
    """A migration's SQL as Drizzle reads it; "" if the file is missing."""
    return "" if migration.sql is None else decode(migration.sql.data)


class Evidence:
    """A folder against the objects of a database; other migrations are read only if something has to be proved."""

    def __init__(self, comparison: Comparison, catalog: Catalog) -> None:
        self._comparison, self._catalog = comparison, catalog
        lines = comparison.lines
        self._first_run = next((n for n, line in enumerate(lines) if line.row is not None), len(lines))
        self._makers: dict[Key, set[int]] | None = None
        self._standing, self._seen = Standing(), 0  # what the migrations before `_seen` left

    def judged(self) -> Comparison:
        """The comparison with the verdicts PARTLY and UNRECORDED where they can be proved."""
        lines = [
            line if line.row is not None or line.migration.sql is None else self._judge(n, line)
            for n, line in enumerate(self._comparison.lines)
        ]
        return self._comparison._replace(lines=tuple(lines))

    def chunks(self, position: int) -> list[Chunk]:
        """What is known of each piece of one migration."""
        lines = self._comparison.lines
        if self._makers is None:
            self._makers = defaultdict(set)
            for n, line in enumerate(lines):
                for key, created in changes(sql_text(line.migration)):
                    if created:
                        self._makers[key].add(n)
        others = Made(_Others(self._makers, position), self._left_before(position))
        return prove(sql_text(lines[position].migration), self._catalog, others)

    def _left_before(self, position: int) -> Container[Key]:
        """What the recorded migrations before this one left; cheap if asked in the journal's order."""
        if position < self._seen:
            self._standing, self._seen = Standing(), 0
        for line in self._comparison.lines[self._seen : position]:
            if line.row is not None:
                self._standing.run(sql_text(line.migration))
        self._seen = position
        return self._standing.keys

    def _judge(self, position: int, line: Line) -> Line:
        if not self._suspect(position, line):
            return line
        proofs = [chunk.proof for chunk in self.chunks(position)]
        ran = proofs.count(Proof.RAN)
        if not ran:
            return line
        if ran + proofs.count(Proof.NOTHING) == len(proofs):
            return line._replace(verdict=Verdict.UNRECORDED)
        note = f"{ran} of {len(proofs)} statements provably ran"
        if Proof.DID_NOT_RUN in proofs:
            note += f", {proofs.count(Proof.DID_NOT_RUN)} did not"
        unknown = proofs.count(Proof.UNKNOWN) + proofs.count(Proof.REPEATABLE)
        return line._replace(verdict=Verdict.PARTLY, note=note + (f", {unknown} cannot be told" if unknown else ""))

    def _suspect(self, position: int, line: Line) -> bool:
        """Whether anything of it could have run: a cheap look that spares reading all the other migrations."""
        some_ran = self._first_run < position
        for statement in statements(sql_text(line.migration)):
            for action in statement.actions:
                there = exists(action, self._catalog)
                if (action.verb == "create" and there) or (action.verb == "drop" and some_ran and not there):
                    return True
        return False


class _Others:
    """What is created by any migration but one."""

    def __init__(self, makers: Mapping[Key, set[int]], but: int) -> None:
        self._makers, self._but = makers, but

    def __contains__(self, key: object) -> bool:
        makers: Collection[int] = self._makers.get(key, ())  # type: ignore[call-overload]
        return len(makers) > 1 or (len(makers) == 1 and self._but not in makers)


def first_unrun(chunks: list[Chunk]) -> int | None:
    """The place of the first chunk that is still to run after an interruption; None where that cannot be told.

    Chunks run in order, so whatever stands before one that provably ran has run too.  What follows may be repeated
    if that is harmless; rows that may or may not have been written (`INSERT`) must not be written twice.
    """
    last = max((n for n, chunk in enumerate(chunks) if chunk.proof is Proof.RAN), default=-1)
    if any(chunk.proof is Proof.DID_NOT_RUN for chunk in chunks[:last]):
        return None
    for chunk in chunks[last + 1 :]:
        if chunk.proof is Proof.UNKNOWN:
            return None
        if chunk.proof is Proof.DID_NOT_RUN:
            break
    return last + 1
