"""Other programs that run the SQL files which drizzle-kit writes, as their own settings tell; pure.

Wrangler runs every `*.sql` of a directory on Cloudflare D1, the Supabase CLI every `<digits>_<name>.sql` of
`supabase/migrations`.  Both go by file name and never read the journal, so a file that was written by hand runs, too.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from typing import Any

from drizzle_guard.config_file import parse_toml
from drizzle_guard.errors import GuardError
from drizzle_guard.light import NamedTuple, pattern

#: the settings of wrangler; it reads the first of them that is there
WRANGLER = ("wrangler.json", "wrangler.jsonc", "wrangler.toml")
#: where the Supabase CLI has its migrations; no setting moves them
SUPABASE = "supabase/migrations"

_COMMENT = pattern(r'("(?:\\.|[^"\\\n])*")|/\*.*?\*/|//[^\n]*', re.DOTALL)
_LAST_COMMA = pattern(r'("(?:\\.|[^"\\\n])*")|,(?=\s*[}\]])')
_SUPABASE_FILE = pattern(r"(\d+)_.*")
_NUMBER = pattern(r"\d+")


class Runner(NamedTuple):
    """A program that runs files by their names: where its ledger is, and the column that identifies a file.

    `database` is the name of the database in its settings ("": not told).
    """

    name: str
    kind: str
    schema: str
    table: str
    column: str
    database: str = ""

    @property
    def command(self) -> str:
        """What runs the files that did not run."""
        if self.kind == "postgresql":
            return "supabase db push"
        return f"wrangler d1 migrations apply {self.database}".rstrip()

    @property
    def shown(self) -> str:
        """The ledger, for people."""
        return f"{self.schema}.{self.table}" if self.schema else self.table

    def key(self, file: str) -> str | None:
        """How the ledger calls a file; None if this program passes it over."""
        if self.kind != "postgresql":
            return file
        found = _SUPABASE_FILE.fullmatch(file.removesuffix(".sql"))
        return None if found is None else found[1]

    def order(self, file: str) -> tuple[int, str]:
        """Its place among the files, which run in rising order."""
        number = _NUMBER.match(file)
        return (int(number[0][:30]) if number else 0, file)


WRANGLER_RUNNER = Runner("wrangler", "sqlite", "", "d1_migrations", "name")
SUPABASE_RUNNER = Runner("the Supabase CLI", "postgresql", "supabase_migrations", "schema_migrations", "version")


def wrangler_runs(name: str, text: str) -> Iterator[tuple[str, Runner]]:
    """The directories that wrangler's settings name, relative to their own place, and the ledger of each.

    `name` is the file's.  What is not understood yields nothing.
    """
    for base in _databases(_document(name, text)):
        directory = base.get("migrations_dir", "migrations")
        table = base.get("migrations_table", WRANGLER_RUNNER.table)
        database = base.get("database_name", base.get("binding", ""))
        if isinstance(directory, str) and isinstance(table, str) and isinstance(database, str):
            yield posixpath.normpath(directory), WRANGLER_RUNNER._replace(table=table, database=database)


def _document(name: str, text: str) -> Any:
    try:
        if name.endswith(".toml"):
            return parse_toml(text.encode("utf-8", "replace"), name)
        bare = _COMMENT.sub(lambda found: found[1] or " ", text)
        return json.loads(_LAST_COMMA.sub(lambda found: found[1] or "", bare))
    except (GuardError, ValueError, RecursionError):
        return None


def _databases(document: Any) -> Iterator[dict[str, Any]]:
    """All `d1_databases`, of every environment."""
    if not isinstance(document, dict):
        return
    environments = document.get("env")
    for part in (document, *(environments.values() if isinstance(environments, dict) else ())):
        listed = part.get("d1_databases") if isinstance(part, dict) else None
        yield from (base for base in (listed if isinstance(listed, list) else ()) if isinstance(base, dict))
