"""What the rehearsal asks of a kind of database; each kind is a subclass, in a module of its name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from drizzle_guard.errors import UsageError, printable
from drizzle_guard.light import NamedTuple
from drizzle_guard.rehearse.facts import Facts


class StatementError(Exception):
    """The database refused a statement; `words` are its own, `line` counts in the text that was sent."""

    def __init__(self, words: str, line: int | None = None) -> None:
        super().__init__(words)
        self.words, self.line = words, line


class Unbuilt(NamedTuple):
    """An object of a snapshot that could not be built here, and the database's words."""

    what: str
    words: str


class Setup(NamedTuple):
    """A setup file: its name, and the SQL that runs first on each database."""

    name: str
    sql: str

    def run(self, send: Callable[[str], None]) -> None:
        """Run it whole.  Raises UsageError: what fails here is no fault of a migration."""
        try:
            send(self.sql)
        except StatementError as error:
            line = f", line {error.line}" if error.line else ""
            raise UsageError(
                f"cannot rehearse here: the setup file {printable(self.name)}{line}: {printable(error.words)}."
            ) from None


class Session(ABC):
    """One throw-away database.  `run` raises StatementError."""

    @abstractmethod
    def run(self, sql: str) -> None:
        """Run one chunk as Drizzle's drivers send it: without parameters, not cut any further."""

    @abstractmethod
    def begin(self) -> None:
        """Begin what one call of `migrate()` is to the database."""

    @abstractmethod
    def commit(self) -> None:
        """End it.  Raises StatementError: what is deferred fails here."""

    @abstractmethod
    def rollback(self) -> None:
        """Take it back."""

    def attempt(self, texts: Sequence[str]) -> bool:
        """Run SQL that ran well before, all at once and in a transaction of its own; False: nothing of it stands.

        It only spares round trips; where it says False, the same is run chunk by chunk.
        """
        return False

    def undoable(self, texts: Iterable[str]) -> bool:
        """Whether one deploy of this SQL can be taken back without a trace: then nothing has to be copied for it."""
        return False

    def settle(self) -> None:
        """Look at what a COMMIT would look at, and do not commit.  Raises StatementError."""
        raise AssertionError("only what is undoable is settled")

    def take_back(self) -> bool:
        """Take back a deploy that was settled or that failed; False: it left a trace, and so the database is spoilt."""
        return False

    @abstractmethod
    def facts(self) -> Facts:
        """All that the database holds, the migrations table aside."""

    def broken(self) -> list[str]:
        """What is there but fails when it is used (a view on a column that is gone); sentences."""
        return []

    @abstractmethod
    def drop(self) -> None:
        """Throw the database away."""


class Engine(ABC):
    """Makes throw-away databases of one kind."""

    kind: ClassVar[str]
    #: what it is, with its version, for the report
    name: str

    @abstractmethod
    def new(self) -> Session:
        """An empty database on which the setup files ran."""

    @abstractmethod
    def fork(self, session: Session) -> Session | None:
        """A copy of a database; None if this kind cannot copy: then it is made again."""

    @abstractmethod
    def build(self, snapshot: dict[str, Any], like: Session) -> tuple[Facts, list[Unbuilt]]:
        """The facts of a snapshot, built in a database of its own, and what of it could not be built.

        `like` is a migrated database: what snapshots cannot hold but their objects may need (functions, extensions)
        is taken from there.
        """

    def forbidden(self, texts: Iterable[str]) -> str | None:
        """Why this SQL must not run here: it would touch what is not ours."""
        return None

    def missing(self, words: str, sql: str, texts: Iterable[str]) -> str | None:
        """What this server lacks, if that and no fault of the migration is why a statement failed; else None.

        `texts` are the migrations' SQL: what one of them makes and another drops is a fault of theirs.
        """
        return None

    @abstractmethod
    def close(self) -> None:
        """Throw everything away and end the server, if it is ours."""
