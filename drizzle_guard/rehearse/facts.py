"""What a schema holds, as facts that can be compared; pure.

A fact's key is its kind and its names (`("column", "users", "age")`), its value what is said of it.  Both a database
and a snapshot become facts by the same reader: a snapshot is built in a database of its own first, so that the
database itself spells `varchar(80)`, defaults and view definitions in one way, instead of rules that we would guess.
"""

from __future__ import annotations

from collections.abc import Mapping

from drizzle_guard.errors import printable
from drizzle_guard.light import NamedTuple

Key = tuple[str, ...]
Facts = Mapping[Key, Mapping[str, str]]

#: kinds whose second name is the table that they belong to
MEMBERS = frozenset(
    [
        "column",
        "index",
        "foreign key",
        "primary key",
        "unique constraint",
        "check",
        "policy",
        "trigger",
        "constraint",
        "table details",
    ]
)
#: what drizzle-kit's snapshots can hold; other kinds are only compared between databases
IN_SNAPSHOTS = {
    "postgresql": (
        *("schema", "table", "column", "index", "foreign key", "primary key", "unique constraint", "check"),
        *("enum", "sequence", "policy", "view", "role"),
    ),
    "mysql": ("table", "column", "index", "foreign key", "check", "view"),
    "sqlite": ("table", "column", "index", "foreign key", "unique constraint", "check", "view"),
}


class Difference(NamedTuple):
    """One object that two schemas do not have alike; None: this one does not have it."""

    key: Key
    one: Mapping[str, str] | None
    other: Mapping[str, str] | None

    def words(self, one: str, other: str) -> str:
        """A sentence; `one` and `other` name the two schemas."""
        name = shown(self.key)
        if self.one is None:
            return f"{name}: {other} has it, {one} has not"
        if self.other is None:
            return f"{name}: {one} has it, {other} has not"
        changed = [k for k in sorted({**self.one, **self.other}) if self.one.get(k) != self.other.get(k)]
        parts = [f"{k} is {_value(self.one.get(k))} in {one}, {_value(self.other.get(k))} in {other}" for k in changed]
        return f"{name}: {'; '.join(parts)}"


def _value(text: str | None) -> str:
    shown_text = printable(" ".join(text.split())) if text else "none"
    return shown_text if len(shown_text) <= 120 else f"{shown_text[:119]}…"


def shown(key: Key) -> str:
    """An object in words: `column "age" of table "users"`."""
    kind, *names = key
    names = [printable(name) for name in names]
    if kind in MEMBERS:
        return f'{kind} "{names[1]}" of table "{names[0]}"'
    return f'{kind} "{names[0]}"' if names else kind


def differences(one: Facts, other: Facts) -> list[Difference]:
    """All that differs, in order of kind and name; the members of an object that is missing are not listed."""
    keys = [key for key in sorted({**one, **other}) if one.get(key) != other.get(key)]
    gone = {key[1] for key in keys if key[0] == "table" and (key not in one or key not in other)}
    found = [Difference(k, one.get(k), other.get(k)) for k in keys if k[0] not in MEMBERS or k[1] not in gone]
    return sorted(found, key=lambda d: (d.key[0] != "table", d.key))


def only(facts: Facts, kinds: tuple[str, ...]) -> Facts:
    """The facts of these kinds."""
    return {key: value for key, value in facts.items() if key[0] in kinds}
