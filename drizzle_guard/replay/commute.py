"""Whether two lines of migrations pass each other: what one touches is held against what the other touches.

Linear in the number of statements: the mainline's touches are filed by key, and each of the branch's is looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from drizzle_guard.light import NamedTuple, pattern
from drizzle_guard.replay.remake import see_remake, see_what_went
from drizzle_guard.sql.footprint.dialect import Dialect, Name
from drizzle_guard.sql.footprint.draft import ANY
from drizzle_guard.sql.footprint.known import Known
from drizzle_guard.sql.footprint.read import Reader
from drizzle_guard.sql.footprint.touch import ALL, Key, Members, Mode, Thing, Touch, Touches, in_the_way


class Script(NamedTuple):
    """A migration's tag and SQL."""

    tag: str
    sql: str


class Step(NamedTuple):
    """One statement of a line, the migration that holds it, and what it touches."""

    tag: str
    seen: Touches
    touches: tuple[Touch, ...]


def read_line(scripts: Sequence[Script], dialect: Dialect, known: Known) -> list[Step]:
    """The statements of a line of migrations that begins where `known` stands (which is carried on)."""
    reader = Reader(dialect, known)
    steps: list[Step] = []
    for script in scripts:
        for seen in reader.read(script.sql):
            steps.append(Step(script.tag, seen, seen.touches))
            see_remake(steps, known, dialect)
    if dialect.is_sqlite:
        see_what_went(steps, known)
    return steps


class Filed:
    """The mainline's touches by key, and by member where they are about few."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.named: dict[Key, dict[str, dict[Mode, tuple[Step, Touch]]]] = {}
        self.wide: dict[Key, dict[tuple[Mode, Members, str], tuple[Step, Touch]]] = {}
        self.aspects: dict[Key, dict[tuple[Mode, Members], tuple[Step, Touch]]] = {}  # of whichever object
        self.words: dict[str, Step] = {}  # names of what is touched
        self.unknown: dict[str, Step] = {}  # words of what is not understood
        self.unbounded: Step | None = None
        self.leaves: Step | None = None  # a setting changed for what runs behind it
        self.first: Step | None = None
        for step in steps:
            if step.seen.unbounded and self.unbounded is None:
                self.unbounded = step
            if step.seen.leaves and self.leaves is None:
                self.leaves = step
            for word in step.seen.words:
                self.unknown.setdefault(word, step)
            for touch in step.touches:
                self._file(step, touch)
            if self.first is None and (step.touches or step.seen.words or step.seen.unbounded):
                self.first = step

    def _file(self, step: Step, touch: Touch) -> None:
        for word in names_in(touch):
            self.words.setdefault(word, step)
        members = touch.members
        self.aspects.setdefault(touch.key[:-1], {}).setdefault((touch.mode, members), (step, touch))
        if members.but or len(members.names) > 50:
            bounds = touch.thing.name if touch.key[0] == "parts" else ""  # each partition counts
            self.wide.setdefault(touch.key, {}).setdefault((touch.mode, members, bounds), (step, touch))
        else:
            places = self.named.setdefault(touch.key, {})
            for name in members.names:
                found = places.setdefault(name, {})
                if touch.mode not in found or touch.mode is Mode.CHANGE:  # the newest change says what became of it
                    found[touch.mode] = (step, touch)

    def against(self, touch: Touch) -> Iterator[tuple[Step, Touch]]:
        """The mainline's touches in whose way this one is."""
        yield from self._of(touch.key, touch)
        if touch.key[-1] != ANY:
            yield from self._of((*touch.key[:-1], ANY), touch)
            return
        for (mode, members), found in self.aspects.get(touch.key[:-1], {}).items():
            if in_the_way(mode, touch.mode) and members.meets(touch.members):
                yield found

    def _of(self, key: Key, touch: Touch) -> Iterator[tuple[Step, Touch]]:
        places = self.named.get(key)
        if places:
            members = touch.members
            if members.but:
                names: Iterable[str] = (n for n in places if n not in members.names)
            elif len(members.names) < len(places):
                names = (n for n in members.names if n in places)
            else:
                names = (n for n in places if n in members.names)
            for name in names:
                for mode in (Mode.CHANGE, Mode.RESTORE, Mode.ADD, Mode.USE, Mode.WATCH):
                    if mode in places[name] and in_the_way(mode, touch.mode):
                        yield places[name][mode]
                        break
        for (mode, members, _), found in self.wide.get(key, {}).items():
            if in_the_way(mode, touch.mode) and members.meets(touch.members):
                yield found


def names_in(touch: Touch) -> Iterator[str]:
    """The names of the object that a touch is of."""
    for part in touch.key[1:]:
        if isinstance(part, tuple):
            yield from (p for p in part if isinstance(p, str) and p)


def owner(touch: Touch) -> Name | None:
    """The table (or other object) that a touch is of."""
    last = touch.key[-1]
    return last if isinstance(last, tuple) and len(last) == 2 else None


def without_passing(steps: Sequence[Step]) -> list[Step]:
    """A line without what it made and took away again: of that nothing is left for the other side to meet."""
    made: dict[tuple[Key, str], int] = {}
    gone: set[tuple[Key, str, int]] = set()
    for n, step in enumerate(steps):
        for touch in step.touches:
            if touch.key[0] not in ("name", "column", "constraint", "index", "policy", "trigger"):
                continue
            if touch.mode is not Mode.CHANGE:
                continue
            for member in ("",) if touch.members.but else tuple(touch.members.names):
                if touch.verb == "creates":
                    made.setdefault((touch.key, member), n)
                elif touch.verb == "drops" and (touch.key, member) in made:
                    gone.add((touch.key, member, made.pop((touch.key, member))))
                elif touch.verb == "drops":
                    made.pop((touch.key, member), None)
    if not gone:
        return list(steps)
    # what was there before was dropped first: that is a replacement, and stays
    first: dict[tuple[Key, str], str] = {}
    last: dict[tuple[Key, str], str] = {}
    for step in steps:
        for touch in step.touches:
            if touch.mode is Mode.CHANGE and touch.verb in ("creates", "drops"):
                for member in ("",) if touch.members.but else tuple(touch.members.names):
                    first.setdefault((touch.key, member), touch.verb)
                    last[(touch.key, member)] = touch.verb
    passing = {place for place in first if first[place] == "creates" and last[place] == "drops"}
    tables = {key[-1] for key, _ in passing if key[:2] == ("name", "relation")}

    def stays(touch: Touch) -> bool:
        if touch.key[-1] in tables or (touch.key[0] == "name" and (touch.key, "") in passing):
            return False
        names = touch.members.names
        if not touch.members.but and len(names) == 1:
            (name,) = names
            if (touch.key, name) in passing:
                return False
            if (("column", touch.key[-1]), name) in passing and touch.key[0] in (
                "type",
                "default",
                "null",
                "must",
                "cells",
            ):
                return False
        return True

    return [step._replace(touches=tuple(t for t in step.touches if stays(t))) for step in steps]


_DATE = pattern(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d(?:\.\d+)?)?)?")
_BOUND = r"(minvalue|maxvalue|(?:- )?\d+|'[^']*')"
_RANGE = pattern(rf"for values from \( {_BOUND} \) to \( {_BOUND} \)")
#: values that are written in one way only, whatever their type is
_WRITTEN_ONCE = (
    pattern(r"0|[1-9]\d*|'(?:0|[1-9]\d{0,3})'"),  # ('240101' and '20240101' are one date)
    pattern(r"'\d{4}-\d\d-\d\d'"),
    # (letters may be a boolean, begin the name of a month, an interval of ISO 8601 or a number that is none)
    pattern(r"'(?!(?:[tfyn]|tr|tru|true|fa|fal|fals|false|ye|yes|no|on|of|off|nan|inf|infinity)')"
            r"(?!(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|p)[a-z]*\W?\d)[a-z][a-z\d_-]*'"),
)  # fmt: skip


def apart(one: str, other: str) -> bool:
    """Whether two partition bounds are provably apart (the tokens of FOR VALUES …, joined by spaces)."""
    first, second = _RANGE.fullmatch(one), _RANGE.fullmatch(other)
    if first and second:
        return _precedes(first[2], second[1]) or _precedes(second[2], first[1])
    lists = [re.fullmatch(r"for values in \( (.*) \)", text) for text in (one, other)]
    if lists[0] and lists[1]:
        return _no_value_twice(*(found[1].lower().split(" , ") for found in lists if found))
    rest = [re.fullmatch(r"for values with \( modulus (\d+) , remainder (\d+) \)", text) for text in (one, other)]
    return bool(rest[0] and rest[1] and rest[0][1] == rest[1][1] and rest[0][2] != rest[1][2])


def _no_value_twice(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two lists have no value in common, of whatever type: `'01'` may be 1, and `'A'` may be `'a'`."""
    if "null" in one and "null" in other:
        return False
    values = [{v for v in found if v != "null"} for found in (one, other)]
    if not any(all(kind.fullmatch(v) for v in (*values[0], *values[1])) for kind in _WRITTEN_ONCE):
        return False
    return not {_letters(v) for v in values[0]} & {_letters(v) for v in values[1]}


def _letters(value: str) -> str:
    return "".join(c for c in value if c.isalnum())  # a UUID may be written without its hyphens


def _precedes(end: str, begin: str) -> bool:
    """Whether a range that ends at one bound surely does so before another begins: both numbers, or both dates."""
    if end == "minvalue" or begin == "maxvalue":
        return True
    numbers = [text.replace(" ", "") for text in (end, begin)]
    if all(text.lstrip("-").isdigit() for text in numbers):
        return int(numbers[0]) <= int(numbers[1])
    dates = [text.strip("'") for text in (end, begin)]
    return all(_DATE.fullmatch(text) for text in dates) and dates[0] <= dates[1]


__all__ = ["ALL", "Filed", "Script", "Step", "Thing", "apart", "owner", "read_line", "without_passing"]
