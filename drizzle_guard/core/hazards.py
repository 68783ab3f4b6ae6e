"""What cannot be replayed: SQL of the branch that is wrong or fails once the mainline's migrations ran before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from drizzle_guard.core.ddl import Action, Key
from drizzle_guard.core.errors import printable
from drizzle_guard.core.sql import Statement, statements


class Script(NamedTuple):
    """A migration's tag and SQL."""

    tag: str
    sql: str


class Hazard(NamedTuple):
    """Why a replay could be wrong: the branch's tag, the mainline's tag, and one sentence that names the object."""

    own: str
    other: str
    reason: str


class _Effects:
    """What a row of migrations did in the end, and who did it (key -> tag)."""

    def __init__(self, scripts: Sequence[Script]) -> None:
        self.created: dict[Key, str] = {}
        self.dropped: dict[Key, str] = {}
        self.altered: dict[Key, dict[str, str]] = {}  # key -> attribute -> tag
        self.tables: dict[str, str] = {}  # tables whose structure was touched
        self.recreated: set[Key] = set()
        self.statements: list[tuple[str, Statement]] = []
        self.texts: set[str] = set()
        for script in scripts:
            for statement in statements(script.sql):
                self.statements.append((script.tag, statement))
                self.texts.add(statement.text)
                for action in statement.actions:
                    self.add(action, script.tag)

    def add(self, action: Action, tag: str) -> None:
        key = action.key
        if action.verb == "create":
            if key in self.dropped and key[0] in ("table", "type"):
                self.recreated.add(key)
            if key[0] == "table" and key[1].startswith("__new_"):
                self.recreated.add(("table", key[1].removeprefix("__new_")))
            self.created[key] = tag
            self.dropped.pop(key, None)
        elif action.verb == "drop":
            self.dropped[key] = tag
            self.created.pop(key, None)
        elif action.verb == "alter":
            self.altered.setdefault(key, {})[action.detail] = tag
        if action.verb != "data" and action.table:
            self.tables[action.table] = tag


def find_hazards(mainline: Sequence[Script], own: Sequence[Script]) -> Iterator[Hazard]:
    """What stands against running `own` after `mainline`; both are what one side has and the other has not."""
    first, second = _Effects(mainline), _Effects(own)
    here = _Effects([])  # what own itself has done so far
    for script in own:
        for statement in statements(script.sql):
            for action in statement.actions:
                for other, reason in _against(action, statement, first, second, here):
                    yield Hazard(script.tag, other, reason)
                here.add(action, script.tag)
            if not statement.actions or statement.actions[0].verb in ("data", "create"):
                for other, reason in _uses_dropped(statement, first, here):
                    yield Hazard(script.tag, other, reason)


def _against(
    action: Action, statement: Statement, first: _Effects, second: _Effects, here: _Effects
) -> Iterator[tuple[str, str]]:
    key, shown = action.key, _show(action)
    fresh = key not in here.created and key not in here.dropped
    table = ("table", action.table)
    if action.verb == "create":
        if fresh and key in first.created and not (action.guarded and statement.text in first.texts):
            yield first.created[key], f"both create {shown}"
        if action.table and table != key and table in first.dropped and table not in here.created:
            yield first.dropped[table], f"the mainline drops table {_quoted(action.table)}, which the branch changes"
    elif action.verb == "drop":
        if key in second.recreated and fresh:
            yield from _recreates(key, shown, first)
        elif fresh and key in first.dropped and not action.guarded:
            yield first.dropped[key], f"both drop {shown}"
        elif fresh:
            yield from _drops_used(action, key, shown, first)
    elif action.verb == "alter":
        column_gone = key in first.dropped and key not in here.created
        table_gone = table in first.dropped and table not in here.created
        if column_gone or table_gone:
            yield first.dropped[key if column_gone else table], f"the mainline drops {shown}, which the branch changes"
        done = first.altered.get(key, {})
        if action.detail in done or "*" in done or (action.detail == "*" and done):
            yield next(iter(done.values())), f"both change {shown}"


def _recreates(key: Key, shown: str, first: _Effects) -> Iterator[tuple[str, str]]:
    """Drop and create again of something that the mainline touched: its change would be lost."""
    touched = first.tables.get(key[1]) if key[0] == "table" else None
    touched = touched or next((tag for tag, s in first.statements if _mentions(s, key) and _is_structure(s)), None)
    if touched:
        yield touched, f"the branch drops and recreates {shown}, which the mainline changes or uses"


def _drops_used(action: Action, key: Key, shown: str, first: _Effects) -> Iterator[tuple[str, str]]:
    if action.kind in ("index", "constraint", "policy", "trigger", "function", "procedure"):
        if key in first.altered or key in first.created:
            yield next(iter([first.created.get(key) or next(iter(first.altered[key].values()))])), _dropped(shown)
        return
    for tag, statement in first.statements:
        if _is_structure(statement) and _mentions(statement, key):
            yield tag, _dropped(shown)
            return


def _dropped(shown: str) -> str:
    return f"the branch drops {shown}, which the mainline changes or uses"


def _uses_dropped(statement: Statement, first: _Effects, here: _Effects) -> Iterator[tuple[str, str]]:
    """A statement of the branch that reads or writes what the mainline dropped or renamed."""
    for key, tag in first.dropped.items():
        if key[0] in ("table", "column", "type", "view") and key not in here.created and _mentions(statement, key):
            yield tag, f"the mainline drops {key[0]} {_quoted('.'.join(key[1:]))}, which the branch uses"


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


def _is_structure(statement: Statement) -> bool:
    return any(action.verb != "data" for action in statement.actions)


def _show(action: Action) -> str:
    key = action.key
    if action.kind == "column":
        return f"column {_quoted(key[2])} of table {_quoted(key[1])}"
    if action.kind == "value":
        return f"value {printable(key[2])} of type {_quoted(key[1])}"
    if action.kind in ("constraint", "policy", "trigger"):
        return f"{action.kind} {_quoted(key[2])} of table {_quoted(key[1])}"
    return f"{action.kind} {_quoted(key[1])}"


def _quoted(name: str) -> str:
    return f'"{printable(name)}"'
