"""How each database compares names, and which kinds of objects share one namespace."""

from __future__ import annotations

from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.tokens import Token

#: a schema ("" for the default one) and a name
Name = tuple[str, str]


class Dialect(NamedTuple):
    """One database's rules of names.  `kind` is what the tokenizer takes; "" is any database, read with care."""

    kind: str

    @property
    def is_mysql(self) -> bool:
        return self.kind == "mysql"

    @property
    def is_sqlite(self) -> bool:
        return self.kind == "sqlite"

    @property
    def is_postgres(self) -> bool:
        return self.kind in ("postgresql", "")

    def fold(self, token: Token) -> str:
        """The name that the database sees.

        PostgreSQL folds what is not quoted and cuts at 63 bytes (NAMEDATALEN); the others compare without case (MySQL's
        tables on Linux do not: there this errs on the careful side).
        """
        if self.kind != "postgresql":
            quoted = self.is_sqlite and token.kind == "string"  # SQLite takes 'x' for a name where one has to stand
            return token.text[1:-1].replace("''", "'").lower() if quoted else token.text.lower()
        text = token.text.lower() if token.kind == "word" else token.text
        return text if len(text) < 22 else text.encode()[:63].decode("utf-8", "ignore")

    def relation(self, kind: str) -> str:
        """The namespace of a kind of object, where its name is the schema's or the database's."""
        if kind in ("table", "view", "sequence") or (kind == "index" and not self.is_mysql):
            return "relation"
        return "type" if kind == "domain" else kind


def dialect_of(name: str) -> Dialect:
    """The rules for a journal's `dialect`."""
    return Dialect(_KINDS.get(name, ""))


_KINDS = {
    "postgresql": "postgresql",
    "gel": "postgresql",
    "mysql": "mysql",
    "singlestore": "mysql",
    "sqlite": "sqlite",
    "turso": "sqlite",
}
