"""What stands before a statement runs, as far as SQL and snapshots tell: columns, keys, indexes, views, triggers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from drizzle_guard.light import Any, NamedTuple, pattern
from drizzle_guard.sql.footprint.dialect import Dialect, Name
from drizzle_guard.sql.footprint.mentions import Mentions
from drizzle_guard.sql.tokens import Token, words


class Column(NamedTuple):
    """A column: its type as it is written, the named type behind that (None: a built-in one), and its rules."""

    type: str
    named: Name | None = None
    required: bool = False
    default: str = ""
    filled: bool = False  # by the database: serial, identity, generated, AUTO_INCREMENT
    made_of: frozenset[str] = frozenset()  # names in the expression of a generated column


class Unique(NamedTuple):
    """A constraint of a table by its kind (primary, unique, check, foreign) and columns."""

    kind: str
    columns: frozenset[str]


class ForeignKey(NamedTuple):
    """A foreign key; `on_delete` and `on_update` are cascade, set or "" (nothing that changes rows)."""

    name: str
    child: Name
    columns: frozenset[str]
    parent: Name
    parent_columns: frozenset[str]
    on_delete: str
    on_update: str = ""


class Index(NamedTuple):
    """An index and the table that it is on; `partial`: its predicate or expressions are more than these columns."""

    table: Name
    columns: frozenset[str]
    unique: bool
    partial: bool = False


class Table:
    """What is known of one table; `rules` are its checks in one spelling."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self.constraints: dict[str, Unique] = {}
        self.rules: set[str] = set()

    def copy(self) -> Table:
        other = Table()
        other.columns, other.constraints, other.rules = dict(self.columns), dict(self.constraints), set(self.rules)
        return other

    def keys(self) -> list[frozenset[str]]:
        """The sets of columns that a primary key or unique constraint names."""
        return [c.columns for c in self.constraints.values() if c.kind in ("primary", "unique")]


class Trigger(NamedTuple):
    """A trigger or rule: with which writes it runs (insert, update, delete), what, and the tables that this names.

    `function` is the one that it calls, if it has no body of its own.
    """

    events: frozenset[str]
    body: list[Token]
    tables: frozenset[Name] = frozenset()
    function: Name | None = None


class Dropped(NamedTuple):
    """A table as it was when it was dropped, and what went with it: indexes and triggers by their names."""

    table: Table
    foreign: frozenset[ForeignKey]
    indexes: Mapping[Name, Index] = {}
    triggers: Mapping[str, Trigger] = {}


_MAPS = words("indexes foreign enums views functions operators parts kin owned called")


class Known:
    """The objects that stand.  Names are as the database sees them."""

    def __init__(self) -> None:
        self.tables: dict[Name, Table] = {}
        self.indexes: dict[tuple[Name | None, str], Index] = {}  # MySQL: by table; else by ("", …) of the schema
        self.foreign: dict[tuple[Name, str], ForeignKey] = {}
        self.enums: dict[Name, frozenset[str]] = {}
        self.views: dict[Name, Mentions] = {}
        self.triggers: dict[Name, dict[str, Trigger]] = {}
        self.called: dict[Name, frozenset[Name]] = {}  # by table: the functions in its checks
        self.functions: dict[Name, list[Token]] = {}
        self.operators: dict[str, tuple[Name, ...]] = {}  # PostgreSQL's own ones, and the functions behind them
        self.dropped: dict[Name, Dropped] = {}
        self.made: set[Name] = set()  # tables that this side made
        self.parts: dict[Name, Name] = {}  # partitions, and the table that each is part of
        self.kin: dict[Name, frozenset[Name]] = {}  # partitions and heirs, and the tables that each is part of
        self.owned: dict[Name, tuple[Name, str]] = {}  # sequences, and the table and column that each belongs to
        self.grown: dict[Name, dict[str, str]] = {}  # columns that this side added to others, and their defaults

    def copy(self) -> Known:
        """The same, for one side to go on from."""
        other = Known()
        other.tables = {name: table.copy() for name, table in self.tables.items()}
        for attribute in (
            "indexes",
            "foreign",
            "enums",
            "views",
            "functions",
            "operators",
            "parts",
            "kin",
            "owned",
            "called",
        ):
            setattr(other, attribute, dict(getattr(self, attribute)))
        other.triggers = {name: dict(found) for name, found in self.triggers.items()}
        return other

    def calls(self, table: Name, functions: Iterable[Name]) -> None:
        """A check of a table calls these functions."""
        self.called[table] = self.called.get(table, frozenset()) | frozenset(functions)

    def parents(self, child: Name) -> Iterator[ForeignKey]:
        return (key for key in self.foreign.values() if key.child == child)

    def children(self, parent: Name) -> Iterator[ForeignKey]:
        return (key for key in self.foreign.values() if key.parent == parent)

    def unique(self, table: Name) -> list[frozenset[str]] | None:
        """The columns of each unique key of a table; None where the table is not known."""
        found = self.tables.get(table)
        if found is None:
            return None
        return [*found.keys(), *(i.columns for i in self.indexes.values() if i.table == table and i.unique)]

    def drop_table(self, name: Name) -> None:
        if name in self.tables:
            keys = frozenset(key._replace(name="") for key in self.parents(name))
            lost = {("", k[1].rpartition(".")[2]): i for k, i in self.indexes.items() if i.table == name}
            self.dropped[name] = Dropped(self.tables.pop(name), keys, lost, self.triggers.get(name, {}))
        for kept in (self.views, self.triggers, self.called):
            kept.pop(name, None)
        self.indexes = {k: i for k, i in self.indexes.items() if i.table != name}
        self.foreign = {k: f for k, f in self.foreign.items() if f.child != name}

    def rename_in_bodies(self, old: Name, new: Name) -> None:
        """Views and triggers that name a table name it by its new name from now on."""
        for view, found in self.views.items():
            if old in found.tables:
                self.views[view] = found.renamed(old, new)
        for home, triggers in list(self.triggers.items()):
            for name, trigger in triggers.items():
                if old in trigger.tables:
                    body = [
                        t._replace(text=new[1]) if t.text.lower() == old[1] and t.kind in ("word", "name") else t
                        for t in trigger.body
                    ]
                    tables = frozenset(new if table == old else table for table in trigger.tables)
                    self.triggers[home] = {**self.triggers[home], name: trigger._replace(body=body, tables=tables)}

    def rename_table(self, old: Name, new: Name) -> None:
        if old in self.tables:
            self.tables[new] = self.tables.pop(old)
        if old in self.views:
            self.views[new] = self.views.pop(old)
        if old in self.triggers:
            self.triggers[new] = self.triggers.pop(old)
        if old in self.called:
            self.called[new] = self.called.pop(old)
        self.indexes = {
            (new if k[0] == old else k[0], k[1]): i._replace(table=new) if i.table == old else i
            for k, i in self.indexes.items()
        }
        swap = {old: new}
        self.foreign = {
            (swap.get(k[0], k[0]), k[1]): f._replace(
                child=swap.get(f.child, f.child), parent=swap.get(f.parent, f.parent)
            )
            for k, f in self.foreign.items()
        }


def index_key(dialect: Dialect, table: Name | None, name: Name) -> tuple[Name | None, str]:
    """How an index is filed."""
    return (table, name[1]) if dialect.is_mysql else (None, f"{name[0]}.{name[1]}")


def from_snapshot(body: Mapping[str, Any], dialect: Dialect) -> Known:
    """What a snapshot of drizzle-kit holds (pg 7, mysql 5, sqlite 6; other forms give less)."""
    known = Known()

    def name(text: object) -> str:
        return dialect.fold(Token("name", str(text)))

    def home(text: object) -> str:
        return "" if text in (None, "", "public") else name(text)

    def names(found: object) -> frozenset[str]:
        items = found if isinstance(found, list) else []
        return frozenset(name(c.get("expression", "") if isinstance(c, dict) else c) for c in items)

    for entry in _values(body, "enums"):
        values = entry.get("values")
        items = values if isinstance(values, list) else list(values.values()) if isinstance(values, dict) else []
        known.enums[(home(entry.get("schema")), name(entry.get("name")))] = frozenset(str(v) for v in items)
    for entry in _values(body, "tables"):
        here = (home(entry.get("schema")), name(entry.get("name")))
        table = known.tables[here] = Table()
        primary = []
        for column in _values(entry, "columns"):
            kind = str(column.get("type", "")).lower()
            named = (
                (home(column.get("typeSchema")), name(str(column["type"]).partition("[")[0]))
                if column.get("typeSchema")
                else None
            )
            if column.get("primaryKey"):
                primary.append(name(column.get("name")))
            default = column.get("default")
            known_default = "" if default is None else str(default).lower()
            filled = bool(
                "serial" in kind or column.get("identity") or column.get("generated") or column.get("autoincrement")
            )
            generated = column.get("generated")
            expression = str(generated.get("as", "")) if isinstance(generated, dict) else ""
            table.columns[name(column.get("name"))] = Column(
                plain_type(kind), named, bool(column.get("notNull")), known_default, filled,
                frozenset(_WORD.findall(expression)),
            )  # fmt: skip
        if primary:
            table.constraints[f"{here[1]}_pkey"] = Unique("primary", frozenset(primary))
        for key in _values(entry, "compositePrimaryKeys"):
            table.constraints[name(key.get("name", ""))] = Unique("primary", names(key.get("columns")))
        for key in _values(entry, "uniqueConstraints"):
            table.constraints[name(key.get("name"))] = Unique("unique", names(key.get("columns")))
        for check in _values(entry, "checkConstraints"):
            table.constraints[name(check.get("name"))] = Unique("check", frozenset())
            table.rules.add(_plain(str(check.get("value", ""))))
            known.calls(here, functions_in(str(check.get("value", ""))))
        for index in _values(entry, "indexes"):
            place = index_key(dialect, here, (here[0], name(index.get("name"))))
            over = names(index.get("columns"))
            partial = bool(index.get("where")) or not over <= table.columns.keys()
            known.indexes[place] = Index(here, over, bool(index.get("isUnique")), partial)
        for foreign in _values(entry, "foreignKeys"):
            actions = [str(foreign.get(key) or "").partition(" ")[0] for key in ("onDelete", "onUpdate")]
            found = ForeignKey(
                name(foreign.get("name")),
                here,
                names(foreign.get("columnsFrom")),
                (home(foreign.get("schemaTo")), name(foreign.get("tableTo"))),
                names(foreign.get("columnsTo")),
                *(action if action in ("cascade", "set") else "" for action in actions),
            )
            known.foreign[(here, found.name)] = found
            table.constraints[found.name] = Unique("foreign", found.columns)
    return known


def functions_in(text: str) -> set[Name]:
    """The functions that an expression calls, read from its text."""
    return {("" if schema in ("", "public") else schema, name) for schema, name in _CALL.findall(text.replace('"', ""))}


_WORD = pattern(r"\w+")
_CALL = pattern(r"(?:(\w+)\s*\.\s*)?(\w+)\s*\(")


def plain_type(text: str) -> str:
    """A type in one spelling."""
    return "".join(text.split()).lower()


def _plain(text: str) -> str:
    return "".join(c for c in text.lower() if not c.isspace() and c not in '"`')


def _values(body: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = body.get(key)
    return [v for v in found.values() if isinstance(v, dict)] if isinstance(found, dict) else []
