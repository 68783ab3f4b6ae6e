"""One rehearsal: every starting point, what ran on it, what came out, and how that compares.

The databases of the starting points grow out of one trunk: the versions are run on it one after the other, so that a
migration that several states share runs once.  On the trunk each migration is a deploy of its own, as it was published;
the folder as it stands is one deploy, as the next one will be.  Where a starting point stands, that deploy runs on the
trunk itself and is taken back after the database was looked at, if the database can do that without a trace; else on a
copy of the trunk.  (Copying was the first way for all: PostgreSQL copies a database file by file, which took longer
than to make it.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from drizzle_guard.database.families import Family
from drizzle_guard.database.row_sql import Names
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.light import NamedTuple
from drizzle_guard.rehearse.chunks import by_driver, cut_short
from drizzle_guard.rehearse.engine import Engine, Session, StatementError, Unbuilt
from drizzle_guard.rehearse.facts import IN_SNAPSHOTS, Difference, Facts, differences, only, shown
from drizzle_guard.rehearse.migrator import Failure, at_once, migrate, prepare
from drizzle_guard.rehearse.snapshot_v1 import keys_of_v1
from drizzle_guard.rehearse.sources import Source
from drizzle_guard.rehearse.states import Start, Step, Version, pending


class Outcome(NamedTuple):
    """What became of one starting point.

    `made`: the failure that kept its state from being made (then nothing was looked at).  `ran`, `again` and `skipped`
    are tags.  `lacks`: what this machine or server has not, which is no fault of the migration.
    `differs` is against the starting point called `reference`.
    """

    start: Start
    ran: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    failure: Failure | None = None
    made: Failure | None = None
    lacks: str | None = None
    broken: tuple[str, ...] = ()
    differs: tuple[Difference, ...] = ()
    reference: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing speaks against it."""
        return not (self.failure or self.made or self.lacks or self.skipped or self.broken or self.differs)


class AgainstSnapshot(NamedTuple):
    """The database against the newest snapshot: what differs, what was made by hand, what could not be built here."""

    name: str
    differs: tuple[Difference, ...]
    by_hand: tuple[Difference, ...]
    unbuilt: tuple[Unbuilt, ...]


class Rehearsal(NamedTuple):
    """All of one folder."""

    source: Source
    engine: str
    family: Family
    outcomes: tuple[Outcome, ...]
    snapshot: AgainstSnapshot | None
    notes: tuple[str, ...]

    @property
    def lacks(self) -> bool:
        """Whether something could not be looked at here."""
        return any(outcome.lacks for outcome in self.outcomes)

    @property
    def good(self) -> bool:
        """Whether every starting point ended well, in the same schema, which is the snapshot's."""
        return all(o.good for o in self.outcomes) and (self.snapshot is None or not self.snapshot.differs)


def rehearse(
    source: Source,
    engine: Engine,
    family: Family,
    others: Sequence[Family],
    names: Names,
    held: Callable[[], Callable[[Difference], bool]],
    tick: Callable[[], None],
) -> Rehearsal:
    """Rehearse one folder.

    `others` are drivers that may be meant as well as `family`.  `held` says, once it is asked, whether a snapshot ever
    held an object.
    """
    if why := engine.forbidden(step.text() for step in source.present.steps):
        raise UsageError(f"cannot rehearse here: {why}.")
    stage = _Stage(source, engine, family, names, tick)
    outcomes = []
    facts: Facts | None = None
    reference = ""
    compared, notes = None, ["The newest snapshot was not looked at: no database came out."]
    try:
        order = _in_order(source.starts)
        for start in order:
            outcome, session = stage.run(start, last=start is order[-1])
            if session is not None:
                mine = session.facts()
                if facts is None:
                    facts, reference = mine, start.label
                    compared, notes = _against_snapshot(source, engine, facts, session, held)
                else:
                    outcome = outcome._replace(differs=tuple(differences(facts, mine)), reference=reference)
                stage.leave(session)
            outcomes.append(outcome)
    finally:
        stage.end()
    if others:
        names_ = ", ".join(other.name for other in others)
        notes.append(f"package.json does not tell the driver: run as {family.name} does, not as {names_} (--driver).")
        notes += by_driver(source.present.steps, (family, *others))
    return Rehearsal(source, engine.name, family, tuple(outcomes), compared, (*source.notes, *notes))


def _in_order(starts: tuple[Start, ...]) -> list[Start]:
    """The empty database first (what the others are compared with), then along the trunk."""
    return sorted(starts, key=lambda start: len(start.version.steps))


class _Stage:
    """The trunk, and the databases that grow out of it."""

    def __init__(self, source: Source, engine: Engine, family: Family, names: Names, tick: Callable[[], None]) -> None:
        self._source, self._engine, self._family, self._names, self._tick = source, engine, family, names, tick
        self._trunk: Session | None = None
        self._ran: list[Step] = []
        self._well: set[str] = set()  # the ids of SQL that ran well, chunk by chunk

    def run(self, start: Start, *, last: bool) -> tuple[Outcome, Session | None]:
        """Make the state, then migrate with the folder as it stands.  `last`: no state is made after this one."""
        made = self._stand_at(start.version)
        if isinstance(made, Failure):
            return Outcome(start, made=made, lacks=self._missing(made)), None
        todo = pending(start.version.steps, self._source.present)
        session = self._place_for(made, todo.runs, last=last)
        failure = migrate(
            session,
            todo.runs,
            self._family,
            self._names,
            by_name=self._source.present.by_name,
            tick=self._tick,
            keep=session is not self._trunk,
        )
        if failure is None:
            self._well.update(step.id for step in todo.runs)
        outcome = Outcome(start, tuple(s.tag for s in todo.runs), todo.again, todo.skipped, failure)
        if failure is not None:
            self.leave(session)
            return outcome._replace(lacks=self._missing(failure)), None
        return outcome._replace(broken=(*cut_short(todo.runs, self._family), *session.broken())), session

    def leave(self, session: Session) -> None:
        """Be done with what `run` gave."""
        if session is not self._trunk:
            session.drop()
        elif not session.take_back():
            self.end()

    def _place_for(self, trunk: Session, runs: tuple[Step, ...], *, last: bool) -> Session:
        """Where the deploy of a starting point runs: on the trunk, on a copy, or on the trunk that is given away."""
        if not last:
            if trunk.undoable(step.text() for step in runs):
                return trunk
            if (copy := self._engine.fork(trunk)) is not None:
                return copy
        self._trunk, self._ran = None, []
        return trunk

    def _missing(self, failure: Failure) -> str | None:
        texts = (step.text() for step in self._source.present.steps)
        return self._engine.missing(failure.words, failure.sql, texts)

    def _stand_at(self, version: Version) -> Session | Failure:
        """The trunk, on which this version ran."""
        steps = version.steps
        trunk = self._trunk
        if trunk is None or [s.id for s in self._ran] != [s.id for s in steps[: len(self._ran)]]:
            self.end()
            self._trunk = trunk = self._engine.new()
            prepare(trunk, self._names, by_name=version.by_name)
        for step in steps[len(self._ran) :]:
            failure = self._deploy(trunk, step)
            if failure is not None:
                self.end()
                return failure
            self._ran.append(step)
        return trunk

    def _deploy(self, session: Session, step: Step) -> Failure | None:
        if step.id in self._well and at_once(session, step, self._names, by_name=self._source.present.by_name):
            self._tick()
            return None
        return migrate(
            session, [step], self._family, self._names, by_name=self._source.present.by_name, tick=self._tick
        )

    def end(self) -> None:
        """Throw the trunk away."""
        if self._trunk is not None:
            self._trunk.drop()
        self._trunk, self._ran = None, []


def _against_snapshot(
    source: Source,
    engine: Engine,
    facts: Facts,
    like: Session,
    held: Callable[[], Callable[[Difference], bool]],
) -> tuple[AgainstSnapshot | None, list[str]]:
    if source.snapshot is None:
        return None, ["The folder has no snapshot, so nothing was compared with one."]
    try:
        body = source.snapshot.read()
    except GuardError as error:
        return None, [f"The newest snapshot was not looked at: {error.message}"]
    if "tables" not in body:
        return None, [f"The newest snapshot was not looked at: {printable(source.snapshot.name)} lists no tables."]
    try:
        built, unbuilt = engine.build(body, like)
    except StatementError as error:
        return None, [f"The newest snapshot was not looked at: it cannot be built here: {error.words}"]
    kinds = IN_SNAPSHOTS[source.kind]
    if source.kind == "sqlite" and source.present.by_name:
        built, facts = keys_of_v1(built), keys_of_v1(facts)
    found = differences(only(built, kinds), only(facts, kinds))
    whats = {u.what for u in unbuilt}
    found = [d for d in found if not _is_unbuilt(d, whats)]
    extra = [d for d in found if d.one is None]
    by_hand: list[Difference] = []
    if extra:
        ever = held()
        by_hand = [d for d in extra if not ever(d)]
    hand = {d.key for d in by_hand}
    name = source.snapshot.name
    return AgainstSnapshot(name, tuple(d for d in found if d.key not in hand), tuple(by_hand), tuple(unbuilt)), []


def _is_unbuilt(difference: Difference, whats: set[str]) -> bool:
    """Whether the snapshot lacks an object only because it could not be built here."""
    kind, *names = difference.key
    if whats & {shown(difference.key), f'{kind} "{names[-1]}"', f'table "{names[0]}"'}:
        return True
    if f'the constraints of table "{names[0]}"' not in whats:
        return False
    one, other = difference.one or {}, difference.other or {}
    return kind in ("foreign key", "check", "unique constraint") or (
        bool(one and other) and {label for label in other if one.get(label) != other[label]} == {"primary key"}
    )
