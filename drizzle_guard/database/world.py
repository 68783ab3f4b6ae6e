"""The objects of a database as facts: what a catalog holds, or what migrations would leave; pure.

A key is (kind, schema, name, member), as in ("column", "public", "farms", "acres"); schema is "" on MySQL and SQLite.
A constraint with a name stands twice: under its name, and by what it is (("unique", "public", "farms", "code")), so
that one written without a name is found as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from drizzle_guard.errors import printable
from drizzle_guard.sql.exact.pieces import Dialect, Fold

Key = tuple[str, str, str, str]
Facts = dict[str, "str | None"]

#: kinds that belong to a table (or a value to its type) and go with it
INNER = frozenset(
    ["column", "index", "constraint", "primary", "unique", "foreign", "check", "trigger", "policy", "value"]
)
HANGING = frozenset(["view", "function", "policy", "trigger"])
RELATIONS = ("table", "view", "sequence")


class World:
    """Objects with their facts; changes are counted to `now`, the number of whoever makes them.

    `path` are the schemas in which an unqualified name is looked for; the first one is where it is made.  `home` is
    how MySQL and SQLite call this very database.
    """

    def __init__(self, fold: Fold, path: tuple[str, ...] = ("",), home: str = "main") -> None:
        self.fold, self.path, self.home = fold, path, home
        self.facts: dict[Key, Facts] = {}
        self.inner: dict[tuple[str, str], set[Key]] = defaultdict(set)
        self.by_index: dict[tuple[str, str], Key] = {}
        self.hanging: dict[Key, None] = {}  # views and the like, which may depend on any table
        self.pointing: dict[Key, None] = {}  # foreign keys
        self.now = -1
        self.made: dict[tuple[Key, str], int] = {}
        self.gone: dict[Key, tuple[int, int]] = {}  # who removed it, who had made it

    @property
    def dialect(self) -> Dialect:
        return self.fold.dialect

    def copy(self) -> World:
        """Another one with the same objects, to be changed."""
        other = World(self.fold, self.path, self.home)
        other.facts = {key: dict(facts) for key, facts in self.facts.items()}
        other.inner = defaultdict(set, {owner: set(keys) for owner, keys in self.inner.items()})
        other.by_index = dict(self.by_index)
        other.hanging, other.pointing = dict(self.hanging), dict(self.pointing)
        other.made, other.gone, other.now = dict(self.made), dict(self.gone), self.now
        return other

    def __contains__(self, key: object) -> bool:
        return key in self.facts

    # ------------------------------------------------------------ changes

    def put(self, key: Key, facts: Mapping[str, str | None] | None = None) -> None:
        """An object is there, with these facts."""
        kind, made, now = key[0], self.made, self.now
        own = self.facts[key] = {**facts} if facts else {}
        if self.gone:
            self.gone.pop(key, None)
        made[key, ""] = now
        for name in own:
            made[key, name] = now
        if kind in INNER:
            self.inner[key[1], key[2]].add(key)
        if kind == "index":
            self.by_index[key[1], key[3]] = key
        if kind in HANGING:
            self.hanging[key] = None
        if kind == "foreign" or own.get("is") == "foreign":
            self.pointing[key] = None

    def set(self, key: Key, facts: Mapping[str, str | None]) -> None:
        """Facts of an object become others."""
        for name, value in facts.items():
            if name not in self.facts[key] or self.facts[key][name] != value:
                self.facts[key][name] = value
                self.made[key, name] = self.now

    def drop(self, key: Key) -> None:
        """An object goes, with all that belongs to it."""
        if key not in self.facts:
            return
        for inner in list(self.inner.get((key[1], key[2]), ())) if key[0] in ("table", "type", "view") else ():
            self._forget(inner)
        self.gone[key] = (self.now, self.made.get((key, ""), -1))
        self._forget(key)

    def _forget(self, key: Key) -> None:
        for name in ("", *self.facts.pop(key, {})):
            self.made.pop((key, name), None)
        self.hanging.pop(key, None)
        self.pointing.pop(key, None)
        self.inner[key[1], key[2]].discard(key)
        if key[0] == "index" and self.by_index.get((key[1], key[3])) == key:
            del self.by_index[key[1], key[3]]

    def move(self, key: Key, to: Key) -> None:
        """An object gets another name; its facts keep who made them, the new name is of `now`."""
        members = list(self.inner.get((key[1], key[2]), ())) if key[0] in ("table", "type", "view") else []
        self._move(key, to)
        self.gone[key] = (self.now, self.made[to, ""])
        self.made[to, ""] = self.now
        for member in members:
            self._move(member, (member[0], to[1], to[2], member[3]))

    def _move(self, key: Key, to: Key) -> None:
        facts = self.facts[key]
        makers = {name: self.made.get((key, name), self.now) for name in ("", *facts)}
        self._forget(key)
        now, self.now = self.now, makers[""]
        self.put(to, facts)
        self.now = now
        for name, maker in makers.items():
            self.made[to, name] = maker

    # ------------------------------------------------------------ questions

    def schema_for(self, schema: str) -> str:
        """Where an object is made whose name has this schema, or none."""
        if self.dialect != "postgresql":
            return ""
        return schema or self.path[0]

    def find(self, kinds: Iterable[str], schema: str, name: str) -> Key | None:
        """The object that a name means."""
        for place in self._places(schema):
            for kind in kinds:
                if (kind, place, name, "") in self.facts:
                    return (kind, place, name, "")
        return None

    def find_index(self, schema: str, table: str, name: str) -> Key | None:
        """The index that a name means; MySQL's belong to a table, the others have the schema to themselves."""
        if self.dialect == "mysql":
            key = ("index", "", table, name)
            return key if key in self.facts else None
        return next((self.by_index[p, name] for p in self._places(schema) if (p, name) in self.by_index), None)

    def _places(self, schema: str) -> tuple[str, ...]:
        if self.dialect != "postgresql":
            return ("",)
        return (schema,) if schema else self.path

    def members(self, owner: Key, *kinds: str) -> Iterator[Key]:
        """What belongs to a table or type, of these kinds."""
        return (key for key in self.inner.get((owner[1], owner[2]), ()) if key[0] in kinds)

    def relation(self, schema: str, name: str) -> Key | None:
        """What has this name among tables, views, sequences and (except on MySQL) indexes."""
        found = self.find(RELATIONS, schema, name) if schema or self.dialect != "postgresql" else None
        if found is None and self.dialect != "mysql":
            return self.by_index.get((schema, name))
        return found

    def show(self, key: Key, fact: str = "") -> str:
        """An object in words: `column farms.acres`, and which of its facts."""
        kind, schema, name, member = key
        full = name if schema in ("", "public", self.path[0]) else f"{schema}.{name}"
        words = {
            "primary": f"primary key of {full}",
            "unique": f"unique key ({member}) of {full}",
            "foreign": f"foreign key ({member}) of {full}",
            "check": f"check ({member}) of {full}",
            "column": f"column {full}.{member}",
            "value": f"value {member} of type {full}",
            "schema": f"schema {name}",
        }.get(kind) or (f"{kind} {member} of {full}" if member else f"{kind} {full}")
        return printable(words + (f" ({fact})" if fact else ""))


class Catalog:
    """What was read of a database.

    `world` holds the objects.  `unseen` is what could not be looked at, in words.  `denied` is why this role may not
    change anything at all ("": it may, as far as that can be told).  `schema` is SQLite's own text of all objects, in
    the order in which they were made.
    """

    def __init__(
        self, world: World, unseen: tuple[str, ...] = (), denied: str = "", schema: tuple[str, ...] = ()
    ) -> None:
        self.world, self.unseen, self.denied, self.schema = world, unseen, denied, schema


def empty_catalog(dialect: Dialect) -> Catalog:
    """The catalog of a new database."""
    path = ("public",) if dialect == "postgresql" else ("",)
    world = World(Fold(dialect, tables=dialect == "mysql"), path)
    if dialect == "postgresql":
        world.put(("schema", "public", "public", ""), {"create": "yes"})
    return Catalog(world)
