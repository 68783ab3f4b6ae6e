"""Real drizzle-kit and drizzle-orm 1.0.0-rc.5 (Drizzle v1), on SQLite files and on servers."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from pathlib import Path

from support.live.bench import TIMEOUT, Bench, node_with

_PLACE = Path(__file__).resolve().parent / "v1"
KIT = _PLACE / "node_modules" / "drizzle-kit" / "bin.cjs"


class V1:
    """A project of Drizzle v1 in a directory, whose schema is written as tables: name -> columns."""

    def __init__(self, root: Path, dialect: str = "sqlite") -> None:
        self.node, self.root = node_with(_PLACE), root
        if dialect != "sqlite":
            Bench.require()  # the drivers of servers lie in its node_modules, beside which ours are
        (root / "drizzle.config.ts").write_text(
            f'export default {{ dialect: "{dialect}", schema: "./src/schema.ts", out: "./drizzle" }};\n'
        )
        (root / "node_modules").symlink_to(_PLACE / "node_modules")
        (root / ".gitignore").write_text("node_modules\n")

    def schema(self, **tables: str) -> None:
        """Write src/schema.ts: each table has a number `id`, and these columns of text."""
        lines = ['import { sqliteTable, integer, text } from "drizzle-orm/sqlite-core";']
        for name, columns in tables.items():
            more = "".join(f", {column}: text()" for column in columns.split())
            lines.append(f'export const {name} = sqliteTable("{name}", {{ id: integer().primaryKey(){more} }});')
        (self.root / "src").mkdir(exist_ok=True)
        (self.root / "src/schema.ts").write_text("\n".join(lines) + "\n")

    def kit(self, *args: str) -> str:
        """Run drizzle-kit; what it printed, with its exit code in front."""
        done = subprocess.run(
            [self.node, str(KIT), *args], cwd=self.root, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
        return f"{done.returncode} {done.stdout}{done.stderr}"

    def migrate(self, database: Path | str, *folders: Path) -> list[str]:
        """Run the migrator on a file or URL, once for each folder; what it said ("" when it was content)."""
        command = [self.node, str(_PLACE / "migrate.mjs"), str(database), *map(str, folders)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=True)
        said: list[str] = json.loads(done.stdout)
        return said


def ran(database: Path) -> list[str]:
    """The names of the migrations in the order in which they ran."""
    connection = sqlite3.connect(database)
    try:
        return [name for (name,) in connection.execute("SELECT name FROM __drizzle_migrations ORDER BY rowid")]
    finally:
        connection.close()


def tables_of(database: Path) -> list[str]:
    """What the database holds, as SQL, sorted."""
    connection = sqlite3.connect(database)
    try:
        found = connection.execute("SELECT sql FROM sqlite_master WHERE name NOT LIKE '%drizzle%' ORDER BY name")
        return [sql for (sql,) in found if sql]
    finally:
        connection.close()
