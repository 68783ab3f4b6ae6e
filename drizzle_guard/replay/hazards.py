"""What cannot be replayed: SQL of the branch that is not known to pass by what the mainline's migrations do.

Safe by construction: no list of dangers, but what each statement touches (`sql/footprint`), and a rule when two touches
pass each other (`commute`).  What is not understood touches everything that it mentions.  `docs/hazards.md` tells more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drizzle_guard.errors import printable
from drizzle_guard.light import NamedTuple
from drizzle_guard.replay.commute import Filed, Script, Step, apart, names_in, read_line, without_passing
from drizzle_guard.replay.remake import see_remade_types, without_standing
from drizzle_guard.sql.footprint.dialect import dialect_of
from drizzle_guard.sql.footprint.known import Known
from drizzle_guard.sql.footprint.touch import SOUND, Key, Mode, Thing, Touch
from drizzle_guard.sql.tokens import words

__all__ = ["Hazard", "Script", "find_hazards"]

_ROWS = ("cells", "rows", "gone", "taken")
_WRITES = ("writes rows of", "deletes rows of")
_MORE_THAN_A_COLUMN = words("check unique references primary generated collate constraint")


class Hazard(NamedTuple):
    """Why a replay could be wrong: the branch's tag, the mainline's tag, and one sentence that names the object."""

    own: str
    other: str
    reason: str


def find_hazards(
    mainline: Sequence[Script],
    own: Sequence[Script],
    dialect: str = "",
    known: Known | None = None,
    *,
    squashed: bool = False,
) -> Iterator[Hazard]:
    """What stands against running `own` after `mainline`; both are what one side has and the other has not.

    `known` is what both stand on; `squashed` says that the mainline took migrations out, and may make again what they
    made.
    """
    rules, ground = dialect_of(dialect), known or Known()
    now = ground.copy()
    first = read_line(mainline, rules, now)
    if squashed:
        first = without_standing(first, ground, now, rules)
    mine = ground.copy()
    second = read_line(own, rules, mine)
    filed, lines = Filed(see_remade_types(without_passing(first))), _Lines(first, second, now, mine)
    for n, step in enumerate(second):
        yield from _unread(step, filed)
        for touch in step.touches:
            for other, found in filed.against(touch):
                if not lines.excuse(n, touch, found):
                    yield Hazard(step.tag, other.tag, lines.sentence(found, touch))


def _unread(step: Step, filed: Filed) -> Iterator[Hazard]:
    """What a statement could touch that is not understood, or whose effect cannot be bounded."""
    seen = step.seen
    if seen.unbounded and filed.first is not None:
        yield Hazard(step.tag, filed.first.tag, f"the branch {seen.unbounded}, and the mainline has changes")
    if filed.unbounded is not None and (step.touches or seen.words or seen.unbounded):
        reason = f"the mainline {filed.unbounded.seen.unbounded}, and the branch has changes"
        yield Hazard(step.tag, filed.unbounded.tag, reason)
    if filed.leaves is not None and (step.touches or seen.words or seen.unbounded):
        setting = _quoted(filed.leaves.seen.leaves)
        reason = (
            f"the mainline leaves the setting {setting} changed for what runs behind it, and the branch has changes"
        )
        yield Hazard(step.tag, filed.leaves.tag, reason)
    for word in sorted(seen.words):
        if word in filed.words:
            yield Hazard(
                step.tag,
                filed.words[word].tag,
                f"{_quoted(word)} is touched by both, by the branch in a way that is not understood",
            )
            return
        if word in filed.unknown and word not in _GRAMMAR and filed.unknown[word].seen.text != seen.text:
            yield Hazard(
                step.tag, filed.unknown[word].tag, f"{_quoted(word)} is touched by both in a way that is not understood"
            )
            return
    for touch in step.touches if filed.unknown else ():
        for word in names_in(touch):
            if word in filed.unknown:
                yield Hazard(
                    step.tag,
                    filed.unknown[word].tag,
                    f"{_quoted(word)} is touched by both, by the mainline in a way that is not understood",
                )
                return


_GRAMMAR = words(
    "create alter drop if not exists or replace on to from for table as and in the with by do set is null into "
    "using all language sql begin end returns return int integer text boolean default select where values insert "
    "update delete"
)


class _Lines:
    """Both lines by what is touched: to see what they do equally, and what is dropped and made again."""

    def __init__(self, first: Sequence[Step], second: Sequence[Step], main: Known, mine: Known) -> None:
        self._known = (main, mine)
        self._sides = []
        self._written = [
            {
                touch.key[1]
                for step in steps
                for touch in step.touches
                if touch.verb in _WRITES and touch.key[0] in _ROWS
            }
            for steps in (first, second)
        ]
        self._steps = (first, second)
        for steps in (first, second):
            writes: dict[tuple[Key, str], list[tuple[int, str]]] = {}
            for n, step in enumerate(steps):
                for touch in step.touches:
                    if touch.mode is not Mode.USE:
                        for member in _members(touch):
                            found = writes.setdefault((touch.key, member), [])
                            if not found or found[-1][0] != n or found[-1][1] != touch.verb:
                                found.append((n, touch.verb))
            self._sides.append(writes)

    def excuse(self, n: int, touch: Touch, found: Touch) -> bool:
        """Whether two touches that are in each other's way do no harm.

        Both sides may do the very same to one thing, if doing it twice is the same as doing it once.  Partitions may
        lie apart.  What is read has to be read behind the own change.
        """
        if touch.key[0] == "parts" and touch.thing.kind == found.thing.kind == "partition":
            return apart(found.thing.name, touch.thing.name)
        if touch.key[0] == "column" and touch.verb == found.verb == "creates" and self._is_there(n, touch):
            return True
        members = _members(touch) if not touch.members.but else _members(found)
        return all(self._equal(n, touch.key, member) for member in members)

    def _is_there(self, n: int, touch: Touch) -> bool:
        """Whether a guarded ADD COLUMN finds the column as it would have made it, and so has nothing to do."""
        text, table = self._steps[1][n].seen.text, touch.key[-1]
        if (
            touch.members.but
            or not isinstance(table, tuple)
            or not _MORE_THAN_A_COLUMN.isdisjoint(text.lower().split())
        ):
            return False
        for name in touch.members.names:
            asked = "if not exists" in text.lower() and ("information_schema.columns" in text and f"'{name}'" in text)
            if not asked and not (text.startswith("alter table") and f"if not exists {name} " in text):
                return False
            columns = [side.tables[table].columns.get(name) if table in side.tables else None for side in self._known]
            if columns[0] is None or columns[0] != columns[1]:
                return False
        return True

    def _equal(self, n: int, key: Key, member: str) -> bool:
        one, other = (side.get((key, member), side.get((key, ""), [])) for side in self._sides)
        if not one or not other or n < other[0][0]:
            return False
        first = list(dict.fromkeys(self._steps[0][i].seen.bare for i, _ in one))
        second = list(dict.fromkeys(self._steps[1][i].seen.bare for i, _ in other))
        return first == second and all(self._steps[1][i].seen.twice for i, _ in other)

    def sentence(self, main: Touch, own: Touch) -> str:
        """Which object is in question, and what each side does with it."""
        thing = own.thing if own.thing.name or own.thing.kind == "primary key" else main.thing
        if main.thing.kind not in ("table", "extension") and own.thing.kind in ("table", "extension"):
            thing = main.thing
        shown = show(thing)
        if main.key == SOUND:
            side, other = ("mainline", "branch") if main.mode is Mode.CHANGE else ("branch", "mainline")
            left, changed = (main.thing, own.thing) if main.mode is Mode.CHANGE else (own.thing, main.thing)
            made = "creates" in (main.verb, own.verb)
            what = f"drops {show(left)}, of which a view or trigger is left"
            if made:
                what = f"creates {show(left)} over what is not there"
            return (
                f"the {side} {what}, and the {other} renames or drops something in {show(changed)}, "
                "which SQLite then refuses"
            )
        if main.key[0] == "primary":
            shown = f"the primary key of table {_quoted(thing.table)}" if "creates" in (main.verb, own.verb) else shown
        if "recreates" in (main.verb, own.verb):
            thing = main.thing if main.verb == "recreates" else own.thing
            shown = show(thing)
        if main.key[0] in _ROWS and all(main.key[1] in written for written in self._written):
            return f"both change rows of table {_quoted(main.thing.table or main.thing.name)}"
        mains, owns = (self._verb(side, touch) for side, touch in ((0, main), (1, own)))
        if mains == owns and mains in ("creates", "drops", "changes"):
            return f"both {mains[:-1]} {shown}"
        if owns == "recreates":
            return f"the branch drops and recreates {shown}, which the mainline changes or uses"
        uses = "changes" if owns in ("changes", "creates", "drops") else "uses"
        if mains == "recreates":
            return f"the mainline drops and recreates {shown}, which the branch {uses}"
        if owns == "drops":
            return f"the branch drops {shown}, which the mainline changes or uses"
        if mains == "drops":
            named = shown if uses == "changes" else _named(thing)
            return f"the mainline drops {named}, which the branch {uses}"
        if (owns == "creates" and mains == "changes") or (owns == "changes" and mains == "creates"):
            return f"both change {shown}"
        return f"the mainline {mains} {shown}, and the branch {owns} it"

    def _verb(self, side: int, touch: Touch) -> str:
        if touch.verb in ("creates", "drops") and touch.mode is Mode.CHANGE:
            for member in _members(touch)[:1]:
                verbs = [verb for _, verb in self._sides[side].get((touch.key, member), [])]
                if (
                    touch.thing.kind not in ("index", "constraint")
                    and "drops" in verbs
                    and "creates" in verbs[verbs.index("drops") :]
                ):
                    return "recreates"
        return touch.verb


def _members(touch: Touch) -> list[str]:
    return [""] if touch.members.but else sorted(touch.members.names)


def show(thing: Thing) -> str:
    """An object as a message calls it."""
    kind = thing.kind
    if kind == "value":
        return f"value {printable(repr(thing.name))} of type {_quoted(thing.table)}"
    if thing.table:
        return f"{kind} {_quoted(thing.name)} of table {_quoted(thing.table)}"
    return f"{kind} {_quoted(thing.name)}"


def _named(thing: Thing) -> str:
    if thing.kind == "column":
        return f"column {_quoted(f'{thing.table}.{thing.name}')}"
    return show(thing)


def _quoted(name: str) -> str:
    return f'"{printable(name)}"'
