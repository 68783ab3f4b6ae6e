"""What a folder's migrations, run in order, would leave: each object and fact with the statement that made it; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from drizzle_guard.database.acting import UNREAD, Acted, Did, act
from drizzle_guard.database.world import Key, World
from drizzle_guard.drizzle.folder import Migration
from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.exact.effects import Effect, Statement
from drizzle_guard.sql.exact.pieces import Fold
from drizzle_guard.sql.exact.statements import read_statements
from drizzle_guard.sql.statements import decode, split_chunks


class Place(NamedTuple):
    """A statement: the migration's place in the journal, the chunk's in the migration, its own in the chunk."""

    migration: int
    chunk: int
    statement: int


class Claim(NamedTuple):
    """What a statement says of an object (`fact` "": that it is there; `value` None: that it says there is none).

    `absent`: the object must not be there any more; `maker` is then the migration that had made it.
    """

    key: Key
    fact: str
    value: str | None
    absent: bool = False
    maker: int = -1


def sql_text(migration: Migration) -> str:
    """A migration's SQL as Drizzle reads it; "" if the file is missing."""
    return "" if migration.sql is None else decode(migration.sql.data)


class Statements:
    """The statements of all migrations, read once and only when asked for."""

    def __init__(self, migrations: Sequence[Migration], fold: Fold) -> None:
        self._migrations, self._fold = migrations, fold
        self._read: dict[int, list[list[Statement]]] = {}
        self._makers: dict[Key, set[int]] | None = None

    def of(self, place: int) -> list[list[Statement]]:
        """The statements of each chunk of one migration."""
        if place not in self._read:
            text = sql_text(self._migrations[place])
            found = self._read[place] = [read_statements(chunk, self._fold) for chunk in split_chunks(text)]
            return found
        return self._read[place]

    def makers(self, path: tuple[str, ...]) -> dict[Key, set[int]]:
        """Which migrations make an object of a key, run or not."""
        if self._makers is None:
            self._makers = {}
            for place in range(len(self._migrations)):
                for effect in self.effects(place):
                    for key in _made(effect, self._fold.dialect == "postgresql", path[0]):
                        self._makers.setdefault(key, set()).add(place)
        return self._makers

    def effects(self, place: int) -> Iterator[Effect]:
        """All that one migration does."""
        return (e for chunk in self.of(place) for statement in chunk for e in statement.effects)


def _made(effect: Effect, schemas: bool, usual: str) -> Iterator[Key]:
    schema = (effect.schema or usual) if schemas else ""
    if effect.verb == "make":
        yield (effect.kind, schema, effect.name, effect.member)
        for part in effect.parts:
            yield (part.kind, schema, part.name, part.member)
    elif effect.verb == "rename" and effect.member:
        yield (effect.kind, schema, effect.name, effect.to)
    elif effect.verb == "rename":
        yield (effect.kind, schema, effect.to, "")


def moves(statement: Statement, dialect: str) -> bool:
    """Whether a statement lets unqualified names mean something else from there on."""
    if dialect == "postgresql":
        return statement.head in ("set", "reset", "select", "discard") and bool(
            statement.words & {"search_path", "role", "authorization", "schema", "all"}
        )
    return dialect == "mysql" and statement.head == "use"


class Walk:
    """The world after some of the migrations ran in the journal's order, from nothing."""

    def __init__(self, statements: Statements, fold: Fold, path: tuple[str, ...], ran: Collection[int]) -> None:
        self.world = World(fold, path)
        self.places: list[Place] = []
        self.numbers: dict[int, range] = {}  # of a migration's statements
        self.acted: list[list[Acted]] = []
        self.unread: list[tuple[int, Statement]] = []  # which statements cannot be followed
        self.moved = -1  # the migration in which unqualified names mean something else by now
        if fold.dialect == "postgresql":
            self.world.put(("schema", "public", "public", ""))
        for migration in sorted(ran):
            first = len(self.places)
            for chunk, found in enumerate(statements.of(migration)):
                for number, statement in enumerate(found):
                    self._do(Place(migration, chunk, number), statement)
            self.numbers[migration] = range(first, len(self.places))
        self._claims: dict[int, list[Claim]] | None = None

    def _do(self, place: Place, statement: Statement) -> None:
        number = self.world.now = len(self.places)
        self.places.append(place)
        if moves(statement, self.world.dialect):
            self.moved = place.migration
        if self.moved == place.migration:
            done = [UNREAD if not e.schema and e.name else act(self.world, e) for e in statement.effects]
        else:
            done = [act(self.world, effect) for effect in statement.effects]
        self.acted.append(done)
        if not {acted.did for acted in done}.isdisjoint((Did.UNREAD, Did.FAILED)):
            self.unread.append((number, statement))

    def claims(self) -> dict[int, list[Claim]]:
        """What stands at the end, by the number of the statement that made it so."""
        if self._claims is None:
            self._claims, facts = {}, self.world.facts
            for (key, fact), number in self.world.made.items():
                if number >= 0:
                    claim = Claim(key, fact, facts[key].get(fact) if fact else "yes")
                    self._claims.setdefault(number, []).append(claim)
            for key, (number, maker) in self.world.gone.items():
                if number >= 0 and maker >= 0 and key[0] in ("table", "column", "view", "index", "constraint", "type"):
                    claim = Claim(key, "", None, True, self.places[maker].migration)
                    self._claims.setdefault(number, []).append(claim)
        return self._claims

    def touched_later(self, number: int, key: Key) -> bool:
        """Whether a statement that cannot be followed, and that mentions the object, ran after this one."""
        names = {key[2].lower()} | ({key[3].lower()} if key[0] in ("index", "constraint") else set())
        own = self.places[number].migration
        return any((n > number or self.places[n].migration == own) and names & made.words for n, made in self.unread)
