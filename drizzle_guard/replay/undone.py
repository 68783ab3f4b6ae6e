"""What cannot be deleted: migrations on which one side goes on building while the other side took them out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from drizzle_guard.errors import printable
from drizzle_guard.replay.commute import Script
from drizzle_guard.replay.hazards import Hazard
from drizzle_guard.sql.actions import Action, Key
from drizzle_guard.sql.members import created_columns
from drizzle_guard.sql.statements import Statement, statements


class _Effects:
    """What a row of migrations made and took away in the end, and who did it (key -> tag)."""

    def __init__(self, scripts: Sequence[Script]) -> None:
        self.created: dict[Key, str] = {}
        self.dropped: dict[Key, str] = {}
        for script in scripts:
            for statement in statements(script.sql):
                for action in statement.actions:
                    self.add(action, script.tag)

    def add(self, action: Action, tag: str) -> None:
        if action.verb == "create":
            self.created[action.key] = tag
            self.dropped.pop(action.key, None)
        elif action.verb == "drop":
            self.dropped[action.key] = tag
            self.created.pop(action.key, None)


def find_undone(
    deleted: Sequence[Script], others: Sequence[Script], keeps: Sequence[Script], user: str
) -> Iterator[Hazard]:
    """Where `others`, of the side `user`, build on a deleted migration; `keeps` are what stays of the other side.

    `own` of a hazard is the tag among `others`, `other` the deleted one's, and the reason says what that one did.
    """
    here, undone = _Effects(keeps), _Effects(deleted)
    there = {*here.created, *created_columns(keeps)}
    gone = {key: tag for key, tag in undone.created.items() if key not in there}
    # the other side may have another table of that name
    for key, tag in created_columns(deleted).items():
        if key not in there and key not in undone.dropped and ("table", key[1]) not in gone:
            gone[key] = tag
    back = {key: tag for key, tag in undone.dropped.items() if key not in here.dropped}
    made: set[Key] = set()
    for script in others:
        made.update(created_columns([script]))
        for statement in statements(script.sql):
            for action in statement.actions:
                key = action.key
                if action.verb == "create" and not action.guarded and key in back and key not in here.dropped:
                    yield Hazard(script.tag, back[key], f"drops {_show(action)}, which {user} creates again")
                here.add(action, script.tag)
            for key, tag in gone.items():
                used = key[0] in ("table", "column", "type", "view") and _mentions(statement, key)
                if used and key not in here.created and key not in made:
                    yield Hazard(script.tag, tag, f"creates {_named(key)}, which {user} uses")


def _mentions(statement: Statement, key: Key) -> bool:
    names = [part.rpartition(".")[2] for part in key[1:]]
    if key[0] in ("table", "view"):
        return names[0] in statement.tables
    if key[0] == "column":
        table, column = names
        if table not in statement.tables or column not in statement.words:
            return False
        at_home = any(action.verb == "data" or action.table in ("", key[1]) for action in statement.actions)
        # a foreign key of another table uses only the columns that it names
        return at_home or not statement.actions or _refers(statement.text, table, column)
    return all(name in statement.words for name in names)


def _refers(text: str, table: str, column: str) -> bool:
    listed = re.findall(rf'references (?:\S+ \. )?"?{re.escape(table)}"? \( ([^)]*)\)', text)
    return any(column in columns.replace('"', "").split() for columns in listed)


def _show(action: Action) -> str:
    key = action.key
    if action.kind == "column":
        return f"column {_quoted(key[2])} of table {_quoted(key[1])}"
    if action.kind == "value":
        return f"value {printable(key[2])} of type {_quoted(key[1])}"
    if action.kind in ("constraint", "policy", "trigger") or len(key) > 2:
        return f"{action.kind} {_quoted(key[2])} of table {_quoted(key[1])}"
    return f"{action.kind} {_quoted(key[1])}"


def _named(key: Key) -> str:
    return f"{key[0]} {_quoted('.'.join(key[1:]))}"


def _quoted(name: str) -> str:
    return f'"{printable(name)}"'
