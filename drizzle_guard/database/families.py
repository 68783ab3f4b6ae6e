"""How each of Drizzle's drivers runs the chunks of a migration; pure.

Drizzle's migrator cuts a file at `--> statement-breakpoint` and gives each chunk to the driver, which is where the
projects part: a chunk with two statements runs whole, or its first statement alone without a word, or not at all; a
chunk without a statement (a breakpoint at the file's end, a custom migration that is still a comment) runs or fails.
Measured with drizzle-orm 0.45's migrators where `seen`; else read in its `session.js` and the driver's manual.
"""

from __future__ import annotations

from collections.abc import Container
from enum import Enum

from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.tokens import pieces


class Many(Enum):
    """What a driver does with a chunk of several statements."""

    ALL = "runs all of them"
    FIRST = "runs only the first"
    REFUSED = "refuses them"


class Batch(Enum):
    """What one call of `migrate()` is to the database."""

    TRANSACTION = "one transaction"  # a failure takes all pending migrations back
    COMMITS = "DDL commits by itself"  # MySQL: a failed migration leaves its first statements, and no row
    NONE = "no transaction"  # all that ran stays, and no row of this call is written


class Family(NamedTuple):
    """A driver, or drivers that behave alike.

    `kind` is postgresql, mysql or sqlite; `packages` are the npm packages that tell it.  `many_words` and
    `empty_words` are what it says of a chunk that it refuses ("": it takes one without a statement).  `foreign_keys`
    says whether SQLite enforces them while migrations run, `quotes_are_names` whether it was built to take "x" for
    nothing but a name.
    """

    name: str
    kind: str
    packages: tuple[str, ...]
    many: Many
    many_words: str = ""
    empty_words: str = ""
    batch: Batch = Batch.TRANSACTION
    foreign_keys: bool = False
    quotes_are_names: bool = False
    seen: bool = True


_PREPARED = "cannot insert multiple commands into a prepared statement"
_SYNTAX = "You have an error in your SQL syntax"
_SEVERAL = "The supplied SQL string contains more than one statement"
_NONE = "The supplied SQL string contains no statements"

FAMILIES = (
    Family("node-postgres", "postgresql", ("pg",), Many.ALL),
    Family("postgres.js", "postgresql", ("postgres",), Many.ALL, seen=False),
    Family("PGlite", "postgresql", ("@electric-sql/pglite",), Many.REFUSED, _PREPARED),
    Family("neon-serverless", "postgresql", ("@neondatabase/serverless",), Many.ALL, seen=False),
    Family(
        *("neon-http", "postgresql", ("@neondatabase/serverless",), Many.REFUSED, _PREPARED),
        batch=Batch.NONE,
        seen=False,
    ),
    Family("vercel-postgres", "postgresql", ("@vercel/postgres",), Many.ALL, seen=False),
    Family("mysql2", "mysql", ("mysql2",), Many.REFUSED, _SYNTAX, "Query was empty", Batch.COMMITS),
    Family(
        *("planetscale", "mysql", ("@planetscale/database",), Many.REFUSED, _SYNTAX, "Query was empty", Batch.COMMITS),
        seen=False,
    ),
    Family(
        *("tidb", "mysql", ("@tidbcloud/serverless",), Many.REFUSED, _SYNTAX, "Query was empty", Batch.COMMITS),
        seen=False,
    ),
    Family(
        *("better-sqlite3", "sqlite", ("better-sqlite3",), Many.REFUSED, _SEVERAL, _NONE),
        foreign_keys=True,
        quotes_are_names=True,
        seen=False,
    ),
    Family(
        *("libsql", "sqlite", ("@libsql/client", "@libsql/client-wasm"), Many.FIRST, "", "not an error"),
        quotes_are_names=True,
    ),
    Family("sql.js", "sqlite", ("sql.js",), Many.FIRST, "", "Nothing to prepare"),
    Family("expo-sqlite", "sqlite", ("expo-sqlite",), Many.FIRST, "", "", seen=False),
    Family("op-sqlite", "sqlite", ("@op-engineering/op-sqlite",), Many.ALL, seen=False),
)


def families_of(kind: str, packages: Container[str] = ()) -> tuple[Family, ...]:
    """The drivers that a project uses for this kind of database, by its npm packages; all, if they do not tell."""
    of_kind = tuple(family for family in FAMILIES if family.kind == kind)
    return tuple(f for f in of_kind if any(name in packages for name in f.packages)) or of_kind


def refusal(family: Family, chunk: str) -> str | None:
    """The driver's words for a chunk that it does not even send; None if it runs something of it."""
    count = len(pieces(chunk))
    if not count:
        return family.empty_words or None
    return family.many_words if count > 1 and family.many is Many.REFUSED else None


def runs(family: Family, chunk: str) -> str:
    """What of a chunk is run by this driver, if it does not refuse it."""
    return pieces(chunk)[0] if family.many is Many.FIRST and len(pieces(chunk)) > 1 else chunk
