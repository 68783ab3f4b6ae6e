"""What a migration changed whose snapshot was made from an older one than the one before it.

What the snapshot has as the older one has it is no change (`drizzle.snapshot.merge`): the older one did not know
better.  But a migration may also do just that, drop what came in between or put it back.  Only its SQL can tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drizzle_guard.drizzle.snapshot import COLLECTIONS, MISSING
from drizzle_guard.light import Any
from drizzle_guard.sql.statements import Statement, statements

Body = dict[str, Any]

_ENDS = frozenset(["drop", "rename"])
_CHANGES = _ENDS | {"add", "alter", "change", "create", "modify"}


def with_done_by_sql(before: Body, older: Body, own: Body, sql: str) -> Body:
    """The older snapshot, with what `before` has wherever the SQL itself made it as it was in the older one.

    `before` is the snapshot before the migration, `own` the migration's, `sql` what was done since `before`.  Compared
    with the result, what the SQL did is a change of the migration's again.
    """
    return _Telling(statements(sql)).level(before, older, own, "")


class _Telling:
    def __init__(self, done: Sequence[Statement]) -> None:
        self._done = [statement for statement in done if not statement.words.isdisjoint(_CHANGES)]

    def level(self, before: Body, older: Body, own: Body, table: str) -> Body:
        """One level of collections: that of a snapshot ("") or of one of its tables."""
        found = dict(older)
        for kind in COLLECTIONS & (before.keys() | older.keys() | own.keys()):
            was, then, now = (_dict(body.get(kind)) for body in (before, older, own))
            found[kind] = objects = dict(then)
            for name in {**was, **then, **now}:
                one, two, three = (side.get(name, MISSING) for side in (was, then, now))
                if kind == "tables" and all(isinstance(value, dict) for value in (one, two, three)):
                    objects[name] = self.level(one, two, three, name.rpartition(".")[2].lower())
                elif three == two != one and self._acts(table, name, one if three is MISSING else three, three):
                    objects[name] = one
            found[kind] = {name: value for name, value in objects.items() if value is not MISSING}
            if not found[kind] and kind not in older:
                del found[kind]
        return found

    def _acts(self, table: str, name: str, value: object, now: object) -> bool:
        """Whether a statement drops an object (`now` is MISSING) or changes it; `value` is the object itself."""
        verbs = _ENDS if now is MISSING else _CHANGES
        names = {name.rpartition(".")[2].lower()}
        if now is MISSING and isinstance(value, dict):  # an index goes with its column
            names |= {part.lower() for part in value.get("columns", ()) if isinstance(part, str)}
        anew = f"__new_{table}"
        return any(
            (table and anew in statement.words)
            or (not verbs.isdisjoint(statement.words) and not names.isdisjoint(statement.words))
            for statement in self._done
        )


def _dict(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
