"""Rules about migrations that do one thing twice: every new database stops at the second of them."""

from __future__ import annotations

from collections.abc import Iterator

from drizzle_guard.drizzle.folder import join
from drizzle_guard.drizzle.journal import sql_path
from drizzle_guard.errors import printable
from drizzle_guard.light import pattern
from drizzle_guard.rules.model import Finding, Rule, Subject
from drizzle_guard.rules.reading import load
from drizzle_guard.sql.actions import Action, Key
from drizzle_guard.sql.members import created_columns
from drizzle_guard.sql.statements import Statement, decode, statements

CREATED_TWICE = Rule(
    "DG035",
    "created-twice",
    "Two migrations create the same object, or drop it.",
    "A merge that was resolved by hand left a migration under its old number and under the new one, or `generate` "
    "repeated what a snapshot had lost. A database that runs both stops at the second with `already exists`: every new "
    "one, in CI and on every new colleague's machine. `drizzle-kit check` says that all is fine.",
    "The second is not published: take it out (`drizzle-guard renumber` does, if it only repeats). It is published and "
    "ran nowhere: take it out with its entry and snapshot. It ran somewhere: write IF NOT EXISTS into it, so that new "
    "databases pass, and allow that edit in drizzle-guard.toml.",
    "take the second one out, or write IF NOT EXISTS into it if it ran anywhere",
    fatal=True,
)

_KINDS = (
    *("table", "column", "type", "index", "constraint", "schema", "sequence", "view", "policy", "trigger"),
    *("function", "procedure", "extension", "domain", "role", "value"),
)
#: what PostgreSQL tells apart by the arguments, too
_CALLED = ("function", "procedure")
#: what is dropped by its name alone, so that a second drop must fail
_NAMED = ("table", "column", "type")
#: what stands on a table and goes with it
_OF_TABLE = ("index", "constraint", "policy", "trigger")
#: what may go with something else that is dropped, without being named
_CASCADED = ("constraint", "view", "sequence", "function", "procedure", "domain")
_WITH_OVERLOADS = ("postgresql", "pg")
_VALUE = pattern(r"'(?:[^']|'')*'")
_PER_TABLE = ("mysql", "singlestore")  # where two tables may have an index of one name


class _Made:
    """What a row of migrations has created so far and not dropped again, and the position of who did it."""

    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.by: dict[Key, int] = {}
        self.gone: dict[Key, int] = {}
        self._on: dict[Key, str] = {}

    def key(self, action: Action) -> Key:
        if action.kind == "index" and action.on and self.dialect in _PER_TABLE:
            return ("index", action.on, action.name[-1])
        return action.key

    def create(self, action: Action, position: int) -> None:
        key = self.key(action)
        self.by.setdefault(key, position)
        self._is_back(key)
        self._on[key] = action.on or (key[1] if action.kind in ("column", "constraint") else "")

    def _is_back(self, key: Key) -> None:
        """Forget that a thing was dropped, and with a table all that stands on it."""
        whole = key[0] == "table"
        for gone in [k for k in self.gone if k == key or (whole and (k[0] == "index" or k[1] == key[1]))]:
            self.gone.pop(gone)

    def drop(self, action: Action) -> None:
        """Forget what is dropped, and what may go with it: what stands on its table, and what a cascade takes."""
        self.by.pop(self.key(action), None)
        if action.kind == "schema":
            self.by.clear()
        elif action.kind in _CALLED or action.kind == "type":
            # all of one name, whatever their arguments, and the values of an enum
            for key in [k for k in self.by if k[0] in (action.kind, "value") and k[1] == action.key[1]]:
                self.by.pop(key)
        elif action.kind in ("table", "column", "constraint"):
            table = action.key[1]
            whole = action.kind == "table"
            for key in [k for k in self.by if k[0] in _OF_TABLE or (whole and k[0] == "column" and k[1] == table)]:
                if key[0] == "column" or self._on.get(key) == table:
                    self.by.pop(key)
        if action.kind != "constraint":
            for key in [k for k in self.by if k[0] in _CASCADED]:
                self.by.pop(key)

    def forget(self, statement: Statement) -> None:
        """What a statement that is not understood may drop or rename."""
        for known in (self.by, self.gone) if statement.words & {"drop", "rename"} else (self.gone,):
            for key in [k for k in known if statement.words.issuperset(part.rpartition(".")[2] for part in k[1:])]:
                known.pop(key)


def created_twice(folder: Subject) -> Iterator[Finding]:
    """DG035: a table, column, index or the like that an earlier migration creates, and nothing drops in between."""
    made = _Made(folder.history.journal.dialect)
    texts: dict[tuple[str, ...], int] = {}
    for position, migration in enumerate(folder.history.migrations):
        data = b"" if migration.sql is None else load(migration.sql, "")
        if not isinstance(data, bytes) or not data:
            continue
        text = decode(data)
        found = statements(text)
        whole = tuple(statement.text for statement in found if not statement.text.startswith("select "))
        twice = _repeated(made, found, position)
        for key in created_columns([(migration.tag, text)]):
            if ("table", key[1]) in made.by:
                made.by.setdefault(key, position)
        entries, earlier = folder.history.entries, texts.setdefault(whole, position)
        if twice is not None and entries[twice[1]].tag != migration.tag:  # one tag twice is DG002
            done, first = twice
            what = f"both {done}: every new database stops at the second"
            yield _finding(folder, first, position, what)
        elif earlier != position and entries[earlier].tag != migration.tag and not _creates(found):
            is_vain = _changes_nothing_again(text, made.dialect)
            yield _finding(folder, earlier, position, "hold the same SQL")._replace(
                mild=True, fatal=False, advice=is_vain
            )


def _changes_nothing_again(text: str, dialect: str) -> bool:
    """Whether each statement is one like SET DEFAULT, which finds done what it says: a second run does no harm."""
    from drizzle_guard.sql.footprint.dialect import dialect_of  # late: hardly ever needed
    from drizzle_guard.sql.footprint.known import Known
    from drizzle_guard.sql.footprint.read import Reader

    return all(touches.twice for touches in Reader(dialect_of(dialect), Known()).read(text))


def _creates(found: list[Statement]) -> bool:
    """Whether the statements create anything: then what the earlier ones made was dropped in between."""
    return any(a.verb == "create" and not a.guarded for s in found for a in s.actions) or not found


def _repeated(made: _Made, found: list[Statement], position: int) -> tuple[str, int] | None:
    """What the statements create that stands already or drop that is gone, and who did it before: the first of all."""
    first: tuple[str, int] | None = None
    for statement in found:
        if not statement.actions:
            made.forget(statement)
        for action in _counted(statement, made.dialect):
            if action.guarded and action.verb == "drop":
                made.forget(statement)
            if action.kind not in _KINDS or (action.kind == "constraint" and not action.name[-1]):
                continue
            if action.verb == "drop":
                earlier = made.gone.setdefault(made.key(action), position)
                if earlier != position and not action.guarded and first is None and action.kind in _NAMED:
                    first = (f"drop {_shown(action)}", earlier)
                made.drop(action)
            elif action.verb == "create" and action.kind in _KINDS:
                earlier = made.by.get(made.key(action), position)
                if earlier != position and not action.guarded and first is None:
                    first = (f"create {_shown(action)}", earlier)
                made.create(action, position)
    return first


def _counted(statement: Statement, dialect: str) -> Iterator[Action]:
    """The actions of a statement, with the values of a new enum, and the arguments of a function in its name."""
    for action in statement.actions:
        if action.verb == "create" and action.kind in _CALLED and dialect in _WITH_OVERLOADS:
            arguments = statement.text.partition(" returns ")[0].partition("(")[2]
            action = action._replace(name=(*action.name, arguments))
        yield action
        if action.verb == "create" and action.kind == "type" and not action.guarded:
            for value in _VALUE.findall(statement.text.partition(" as enum ")[2]):
                yield Action("create", "value", (*action.name, value), action.schema)
        elif action.verb == "alter" and ("rename to " in action.detail or "set schema " in action.detail):
            yield action._replace(verb="drop", guarded=True)
        elif action.verb == "alter" and action.kind == "type" and action.detail.startswith("rename value "):
            for value in _VALUE.findall(action.detail):
                yield Action("drop", "value", (*action.name, value), action.schema)


def _finding(folder: Subject, earlier: int, position: int, what: str) -> Finding:
    path = sql_path(folder.history.entries[position].tag)
    message = f"{folder.tag(earlier)} and {folder.tag(position)} {what}."
    return CREATED_TWICE.at(join(folder.history.name, path), message, entries=(earlier, position), files=(path,))


def _shown(action: Action) -> str:
    if action.kind == "column":
        return f'the column "{printable(action.key[2])}" of "{printable(action.key[1])}"'
    if action.kind == "value":
        return f'the value {printable(action.key[2])} of "{printable(action.key[1])}"'
    name = action.key[1] if action.kind in _CALLED else action.key[-1]
    return f'the {action.kind} "{printable(name)}"'
