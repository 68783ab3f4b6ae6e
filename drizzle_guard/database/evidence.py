"""What the catalog says of each migration, whether or not a row says that it ran.

A migration with a row: what its SQL leaves must be there.  One without: it ran only if all of it is there, and only it
makes it so.  An object that another migration makes as well proves nothing, and rows (`INSERT`, `UPDATE`) and calls
(`SELECT f()`) are never proved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import Enum

from drizzle_guard.database.acting import Did
from drizzle_guard.database.agreement import agrees
from drizzle_guard.database.ledger import Claim, Statements, Walk, sql_text
from drizzle_guard.database.verdicts import Comparison, Line, Proof, Verdict
from drizzle_guard.database.world import Catalog, Key
from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.exact.effects import Effect, Statement
from drizzle_guard.sql.statements import split_chunks

_MANY = 40  # migrations without a row that are each looked at alone
#: the note of those beyond
NOT_LOOKED_AT = f"whether it ran was not looked at: more than {_MANY} without a row may have"


class Ran(str, Enum):
    """What is known of one chunk (what Drizzle sends at once) of a migration without a row."""

    RAN = "ran"
    DID_NOT_RUN = "did not run"
    NOTHING = "does nothing"  # a comment, a setting, or IF NOT EXISTS where it exists
    OVERTAKEN = "overtaken"  # a later migration that ran changed what it made
    REPEATABLE = "cannot be told, harmless to repeat"
    UNKNOWN = "cannot be told"


class Chunk(NamedTuple):
    """One piece of a migration as Drizzle sends it, and what is known of it."""

    sql: str
    proof: Ran


class Evidence:
    """A folder against the objects of a database."""

    def __init__(self, comparison: Comparison, catalog: Catalog) -> None:
        self._comparison, self._catalog = comparison, catalog
        self._world = catalog.world
        self._statements = Statements([line.migration for line in comparison.lines], self._world.fold)
        self._recorded = frozenset(n for n, line in enumerate(comparison.lines) if line.row is not None)
        self._assumed: frozenset[int] | None = None
        self._alone = 0  # migrations that were looked at one by one
        self._walks: dict[frozenset[int], Walk] = {}
        self._whole: Walk | None = None  # of all that ran

    def judged(self) -> Comparison:
        """The comparison with what could be proved."""
        lines = [
            self._recorded_line(n, line) if line.row is not None else self._unrecorded_line(n, line)
            for n, line in enumerate(self._comparison.lines)
        ]
        return self._comparison._replace(lines=tuple(lines))

    # ------------------------------------------------------------ with a row

    def _recorded_line(self, place: int, line: Line) -> Line:
        if line.migration.sql is None or line.verdict is Verdict.EDITED:
            return line._replace(proof=Proof.UNSEEN)
        if self._whole is None:  # once for all lines: to join and compare 10,000 positions for each takes seconds
            self._whole = self._walk(self._recorded | self._ran_unrecorded())
        walk = self._whole
        there, missing, whole = 0, [], True
        for number, claim in self._claims(walk, place):
            found = self._holds(claim, anywhere=True)
            if found is False and not walk.touched_later(number, claim.key):
                missing.append(claim)
            elif found and not claim.absent:
                there += 1
            whole = whole and found is True
        if not missing:
            if not there:
                return line._replace(proof=Proof.UNPROVABLE)
            whole = whole and all(map(_looked_up, self._statements.effects(place)))
            return line._replace(proof=Proof.PROVED if whole else Proof.IN_PART)
        there = sum(c.key not in {m.key for m in missing if not m.fact} for c in self._standing(walk, place))
        proof, verdict = (Proof.PARTLY, Verdict.HALF_THERE) if there else (Proof.GONE, Verdict.GONE)
        words = tuple(dict.fromkeys(self._words(claim) for claim in _heads(missing)))
        if line.verdict is Verdict.OLD_WHEN:
            verdict = line.verdict
        return line._replace(proof=proof, verdict=verdict, missing=words)

    def _standing(self, walk: Walk, place: int) -> list[Claim]:
        """The objects of a migration that are there."""
        return [
            claim
            for _, claim in self._claims(walk, place)
            if not claim.absent and not claim.fact and self._holds(claim, anywhere=True)
        ]

    def _words(self, claim: Claim) -> str:
        shown = self._world.show(claim.key)
        if claim.absent:
            return f"{shown} is still there"
        found = self._world.facts.get(claim.key)
        if found is None:
            return f"{shown} is not there"
        if not claim.fact:
            return f"{shown} is not valid"
        have = found.get(claim.fact)
        if claim.fact == "more":
            return f"{shown} has {have}, which its SQL does not say" if have else f"{shown} is not {claim.value}"
        return f"{shown}: {claim.fact} is {have or 'none'}, not {claim.value or 'none'}"

    # ------------------------------------------------------------ without a row

    def _unrecorded_line(self, place: int, line: Line) -> Line:
        if line.migration.sql is None or not self._suspect(place):
            return line
        if place not in self._ran_unrecorded():
            self._alone += 1
            if self._alone > _MANY:
                return line._replace(note=NOT_LOOKED_AT)
        proofs = [chunk.proof for chunk in self.chunks(place)]
        ran = proofs.count(Ran.RAN)
        if not ran:
            return line
        if all(proof in (Ran.RAN, Ran.NOTHING, Ran.OVERTAKEN) for proof in proofs):
            return line._replace(verdict=Verdict.UNRECORDED)
        note = f"{ran} of {len(proofs)} statements provably ran"
        if Ran.DID_NOT_RUN in proofs:
            note += f", {proofs.count(Ran.DID_NOT_RUN)} did not"
        unknown = proofs.count(Ran.UNKNOWN) + proofs.count(Ran.REPEATABLE)
        return line._replace(verdict=Verdict.PARTLY, note=note + (f", {unknown} cannot be told" if unknown else ""))

    def chunks(self, place: int) -> list[Chunk]:
        """What is known of each piece of one migration without a row."""
        walk = self._walk(self._recorded | self._ran_unrecorded() | {place})
        proofs: dict[int, list[Ran]] = {}
        claims = walk.claims()
        for number in walk.numbers.get(place, ()):
            found = walk.places[number]
            statement = self._statements.of(place)[found.chunk][found.statement]
            proof = self._proof(walk, number, statement, claims.get(number, []), place)
            proofs.setdefault(found.chunk, []).append(proof)
        pieces = split_chunks(sql_text(self._comparison.lines[place].migration))
        return [Chunk(piece, _together(proofs.get(n, []))) for n, piece in enumerate(pieces)]

    def _proof(self, walk: Walk, number: int, statement: Statement, claims: list[Claim], place: int) -> Ran:
        verbs = {effect.verb for effect in statement.effects}
        dids = {acted.did for acted in walk.acted[number]}
        if verbs <= {"quiet"}:
            return Ran.NOTHING
        if verbs == {"rows"}:
            return Ran.NOTHING if _copies(statement) else Ran.UNKNOWN
        if Did.UNREAD in dids or Did.FAILED in dids:
            return Ran.DID_NOT_RUN if self._fails_on_what_is_missing(statement) else Ran.UNKNOWN
        if verbs <= {"look", "quiet"}:
            return Ran.REPEATABLE
        if dids == {Did.NOTHING}:
            return Ran.NOTHING
        if not claims:
            return Ran.REPEATABLE if verbs == {"set"} else Ran.OVERTAKEN
        held = [self._holds(claim, anywhere=False) for claim in claims]
        heads = [self._holds(claim, anywhere=False) for claim in claims if not claim.fact]
        if heads and not any(heads):
            return Ran.DID_NOT_RUN
        if False in held:
            return Ran.UNKNOWN if heads or any(held) else Ran.DID_NOT_RUN
        if None in held or not all(map(_looked_up, statement.effects)):
            return Ran.UNKNOWN
        return Ran.RAN if any(self._only(claim, place) for claim in claims) else Ran.UNKNOWN

    def _fails_on_what_is_missing(self, statement: Statement) -> bool:
        """Whether it makes something that is not in the database at all."""
        makes = [e for e in statement.effects if e.verb == "make" and not e.guarded]
        return bool(makes) and all(self._world.find((e.kind,), e.schema, e.name) is None for e in makes if not e.member)

    def _only(self, claim: Claim, place: int) -> bool:
        """Whether this claim tells that the migration ran: nothing else makes it so."""
        if claim.absent:
            return claim.maker in self._recorded
        if claim.fact:  # what the recorded ones leave so already proves nothing
            before = self._walk(self._recorded - {place}).world.facts.get(claim.key)
            return before is None or before.get(claim.fact) != claim.value
        return self._statements.makers(self._world.path).get(claim.key, set()) <= {place}

    def _ran_unrecorded(self) -> frozenset[int]:
        """The migrations without a row that, taken together, leave what is there.

        A later one may have changed what an earlier one made, so all that could have run are tried, and those that
        did not for certain are left out from the end, until the rest agrees with the catalog.
        """
        if self._assumed is None:
            lines = self._comparison.lines
            alone = [n for n, x in enumerate(lines) if x.row is None and x.migration.sql and self._suspect(n)]
            left = alone
            for _ in range(_MANY):
                if not left:
                    break
                self._assumed = frozenset(left)
                failing = [n for n in left if not self._may_have_run(n)]
                if not failing:
                    break
                last = max(failing)
                tail = {last}
                for n in reversed([n for n in left if n < last]):
                    if n not in failing:
                        break
                    tail.add(n)
                left = [n for n in left if n not in tail]
            self._assumed = frozenset(left)
            for n in [n for n in alone if n not in self._assumed][:_MANY]:
                before = self._assumed
                self._assumed = before | {n}
                if not self._may_have_run(n):
                    self._assumed = before
        return self._assumed

    def _may_have_run(self, place: int) -> bool:
        proofs = [chunk.proof for chunk in self.chunks(place)]
        return Ran.DID_NOT_RUN not in proofs and Ran.RAN in proofs

    def _suspect(self, place: int) -> bool:
        """Whether anything of it could have run: a cheap look that spares a walk for all that is merely pending."""
        return any(self._may_have_done(effect) for effect in self._statements.effects(place))

    def _may_have_done(self, effect: Effect) -> bool:
        if effect.verb not in ("make", "rename", "remove", "set"):
            return False
        owner = self._owner(effect)
        if effect.verb == "make":
            if not effect.member:
                return owner is not None
            return owner is not None and (effect.kind, owner[1], owner[2], effect.member) in self._world
        if effect.verb == "set":
            key = owner and (("column", owner[1], owner[2], effect.member) if effect.member else owner)
            return bool(key) and all(agrees(self._world, key, f, v) for f, v in effect.facts.items() if key)
        if effect.kind == "index":
            gone = self._world.find_index(effect.schema, effect.name, effect.member) is None
        else:
            gone = owner is None or (effect.kind, owner[1], owner[2], effect.member) not in self._world
        schema = self._world.schema_for(effect.schema)
        makers = self._statements.makers(self._world.path).get((effect.kind, schema, effect.name, effect.member), set())
        return gone and (bool(makers & self._recorded) or effect.kind == "index")

    def _owner(self, effect: Effect) -> Key | None:
        """The object, or the table or type that it belongs to, as it is in the database."""
        if effect.kind == "schema":
            key: Key = ("schema", effect.name, effect.name, "")
            return key if key in self._world else None
        if not effect.member:
            return self._world.find((effect.kind,), effect.schema, effect.name)
        kinds = ("type",) if effect.kind == "value" else ("table", "view")
        return self._world.find(kinds, effect.schema, effect.name)

    # ------------------------------------------------------------ both

    def _walk(self, ran: Collection[int]) -> Walk:
        key = frozenset(ran)
        if key not in self._walks:
            if len(self._walks) > 3:
                self._walks.clear()
            self._walks[key] = Walk(self._statements, self._world.fold, self._world.path, key)
        return self._walks[key]

    def _claims(self, walk: Walk, place: int) -> list[tuple[int, Claim]]:
        by_number = walk.claims()
        return [(n, claim) for n in walk.numbers.get(place, ()) for claim in by_number.get(n, ())]

    def _holds(self, claim: Claim, *, anywhere: bool) -> bool | None:
        """Whether the catalog agrees; `anywhere` on the search path, for what a row says ran."""
        if claim.absent:
            return claim.key not in self._world
        found = agrees(self._world, claim.key, claim.fact, claim.value)
        if found is not False or not anywhere or claim.key[1] != self._world.path[0]:
            return found
        for schema in self._world.path[1:]:
            key: Key = (claim.key[0], schema, *claim.key[2:])
            if agrees(self._world, key, claim.fact, claim.value):
                return True
        return False


def _looked_up(effect: Effect) -> bool:
    """Whether all that an effect leaves is in the catalog as read: no rows, no call, no body, nothing unread."""
    if effect.verb not in ("quiet", "make", "remove", "set", "rename"):
        return False
    whole = (effect, *effect.parts)
    return all(
        "options" not in one.facts and (one.sure or one.kind in ("index", "sequence") or "body" in one.facts)
        for one in whole
    ) and (effect.verb != "make" or effect.kind != "view" or "body" in effect.facts)


def _copies(statement: Statement) -> bool:
    """Whether it fills SQLite's `__new_…`, which drizzle-kit then puts in the place of the old table."""
    return all(effect.to == "insert" and effect.name.startswith("__new_") for effect in statement.effects)


def _heads(missing: list[Claim]) -> Iterator[Claim]:
    """What is missing, without the parts of what is missing as a whole."""
    whole = {claim.key for claim in missing if not claim.fact and not claim.absent}
    tables = {(key[1], key[2]) for key in whole if key[0] in ("table", "type")}
    for claim in missing:
        if claim.key[0] not in ("table", "type") and (claim.key[1], claim.key[2]) in tables:
            continue
        if not (claim.fact and claim.key in whole):
            yield claim


def _together(proofs: list[Ran]) -> Ran:
    kinds = set(proofs)
    if Ran.UNKNOWN in kinds or {Ran.RAN, Ran.DID_NOT_RUN} <= kinds:
        return Ran.UNKNOWN
    order = (Ran.REPEATABLE, Ran.DID_NOT_RUN, Ran.RAN, Ran.OVERTAKEN)
    return next((proof for proof in order if proof in kinds), Ran.NOTHING)


def first_unrun(chunks: list[Chunk]) -> int | None:
    """The place of the first chunk that is still to run after an interruption; None where that cannot be told.

    Only statements that provably ran are left out.  One that may or may not have run must neither be passed over nor
    run twice, so behind the first that did not run there must be none that did, and before it none that is unknown.
    """
    done = (Ran.RAN, Ran.NOTHING, Ran.OVERTAKEN)
    start = next((n for n, chunk in enumerate(chunks) if chunk.proof not in done), len(chunks))
    if start < len(chunks) and chunks[start].proof is Ran.UNKNOWN:
        return None
    if any(chunk.proof is Ran.RAN for chunk in chunks[start:]):
        return None
    return start
