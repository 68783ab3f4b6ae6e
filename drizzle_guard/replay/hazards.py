"""What cannot be replayed: SQL of the branch that is wrong or fails once the mainline's migrations ran before it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from drizzle_guard.errors import printable
from drizzle_guard.sql.actions import Action, Key
from drizzle_guard.sql.members import created_columns
from drizzle_guard.sql.statements import Statement, statements

_PER_TABLE = ("mysql", "singlestore")  # where two tables may have an index of one name


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

    def __init__(self, scripts: Sequence[Script], dialect: str = "") -> None:
        self.created: dict[Key, str] = {}
        self.dropped: dict[Key, str] = {}
        self.altered: dict[Key, dict[str, str]] = {}  # key -> attribute -> tag
        self.tables: dict[str, str] = {}  # tables whose structure was touched
        self.primary: dict[str, str] = {}  # tables that got a primary key
        self.recreated: set[Key] = set()
        self.replaced: dict[Key, str] = {}  # recreated without what was in it; SQLite's `__new_` copies it over
        self.statements: list[tuple[str, Statement]] = []
        self.texts: set[str] = set()
        self._scripts = scripts
        self._columns: dict[Key, str] | None = None  # read when asked for, which is rare
        for script in scripts:
            for statement in _statements(script, dialect):
                self.statements.append((script.tag, statement))
                self.texts.add(statement.text)
                for action in statement.actions:
                    self.add(action, script.tag)

    def creator(self, key: Key) -> str | None:
        """Who created an object, a column also together with its table (which SQLite calls `__new_` at first)."""
        if key in self.created or key[0] != "column" or ("table", key[1]) not in self.created:
            return self.created.get(key)
        if self._columns is None:
            self._columns = created_columns(self._scripts)
        if key in self.dropped:
            return None
        return self._columns.get(key) or self._columns.get((key[0], f"__new_{key[1]}", key[2]))

    def add(self, action: Action, tag: str) -> None:
        key = action.key
        if action.verb == "create":
            if key in self.dropped and key[0] in ("table", "type"):
                self.recreated.add(key)
                if ("table", f"__new_{key[1]}") not in self.dropped:
                    self.replaced[key] = tag
            if key[0] == "table" and key[1].startswith("__new_"):
                self.recreated.add(("table", key[1].removeprefix("__new_")))
            self.created[key] = tag
            self.dropped.pop(key, None)
            if action.detail == "primary key":
                self.primary[action.table] = tag
        elif action.verb == "drop":
            self.dropped[key] = tag
            self.created.pop(key, None)
        elif action.verb == "alter":
            self.altered.setdefault(key, {})[action.detail] = tag
        if action.verb != "data" and action.table:
            self.tables[action.table] = tag


def find_hazards(mainline: Sequence[Script], own: Sequence[Script], dialect: str = "") -> Iterator[Hazard]:
    """What stands against running `own` after `mainline`; both are what one side has and the other has not."""
    first, second = _Effects(mainline, dialect), _Effects(own, dialect)
    here = _Effects([])  # what own itself has done so far
    for script in own:
        for statement in _statements(script, dialect):
            for action in statement.actions:
                for other, reason in _against(action, statement, first, second, here):
                    yield Hazard(script.tag, other, reason)
                here.add(action, script.tag)
            if not statement.actions or statement.actions[0].verb in ("data", "create"):
                for other, reason in _uses_dropped(statement, first, here):
                    yield Hazard(script.tag, other, reason)


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


def _statements(script: Script, dialect: str) -> Iterator[Statement]:
    for statement in statements(script.sql):
        if dialect in _PER_TABLE:
            actions = tuple(
                a._replace(name=(a.on, a.name[-1])) if a.kind == "index" and a.on else a for a in statement.actions
            )
            statement = statement._replace(actions=actions)
        yield statement


def _against(
    action: Action, statement: Statement, first: _Effects, second: _Effects, here: _Effects
) -> Iterator[tuple[str, str]]:
    key, shown = action.key, _show(action)
    fresh = key not in here.created and key not in here.dropped
    table = ("table", action.table)
    if action.verb != "data" and table != key and table in first.dropped and table not in here.created:
        yield first.dropped[table], f"the mainline drops table {_quoted(action.table)}, which the branch changes"
    whole = ("type", key[1]) if action.kind == "value" else table
    if action.verb != "data" and whole != key and whole in first.replaced and whole not in here.created:
        yield first.replaced[whole], f"the mainline drops and recreates {_named(whole)}, which the branch changes"
    if action.verb == "create":
        if action.detail == "primary key" and action.table in first.primary:
            yield first.primary[action.table], f"both create the primary key of table {_quoted(action.table)}"
        maker = first.creator(key) if fresh else None
        if maker is not None and not (action.guarded and statement.text in first.texts):
            yield maker, f"both create {shown}"
    elif action.verb == "drop":
        if key in second.recreated and fresh:
            yield from _recreates(key, shown, first)
        elif fresh and key in first.dropped:
            if not action.guarded:
                yield first.dropped[key], f"both drop {shown}"
        elif fresh:
            yield from _drops_used(action, key, shown, first)
    elif action.verb == "alter":
        if key in first.dropped and key not in here.created:
            yield first.dropped[key], f"the mainline drops {shown}, which the branch changes"
        if action.kind in ("column", "type") and fresh and key in first.created:  # dropped and created again
            yield first.created[key], f"both change {shown}"
        done = {} if action.detail.endswith("row level security") else first.altered.get(key, {})  # twice does no harm
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
            yield tag, f"the mainline drops {_named(key)}, which the branch uses"
    for key, tag in first.replaced.items():
        if key[0] == "table" and key not in here.created and _mentions(statement, key):
            yield tag, f"the mainline drops and recreates {_named(key)}, which the branch uses"


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
    if action.kind in ("constraint", "policy", "trigger") or len(key) > 2:
        return f"{action.kind} {_quoted(key[2])} of table {_quoted(key[1])}"
    return f"{action.kind} {_quoted(key[1])}"


def _named(key: Key) -> str:
    return f"{key[0]} {_quoted('.'.join(key[1:]))}"


def _quoted(name: str) -> str:
    return f'"{printable(name)}"'
