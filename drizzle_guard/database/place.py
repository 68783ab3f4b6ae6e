"""Which folder, which database, which table: what the three commands work on, and one look at all of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from drizzle_guard.config import read_config
from drizzle_guard.database.by_name import compare_by_name, upgraded
from drizzle_guard.database.drivers.base import Database
from drizzle_guard.database.evidence import Evidence
from drizzle_guard.database.presence import Catalog
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.rows import Comparison, Row, Table, compare
from drizzle_guard.database.urls import Target, parse_url
from drizzle_guard.disk import find_folders, find_v1_folders, folder_on_disk
from drizzle_guard.drizzle.folder import Blob, Migration
from drizzle_guard.drizzle.journal import PATH, sql_path
from drizzle_guard.drizzle.v1 import SQL, is_v1_name, read_v1
from drizzle_guard.errors import GuardError, UsageError, printable

#: the journal's dialect -> the kind of database it is for (Turso's journals say sqlite)
_KINDS = {"postgresql": "postgresql", "mysql": "mysql", "singlestore": "mysql", "sqlite": "sqlite", "turso": "sqlite"}


class Place(NamedTuple):
    """Everything that is known before the database is opened.  `name` is how messages call the folder."""

    root: Path
    folder: Path
    name: str
    v1: bool
    migrations: tuple[Migration, ...]
    names: Names
    target: Target

    def file(self, tag: str) -> str:
        """Where a migration's SQL stands, seen from the current directory."""
        inside = f"{tag}/{SQL}" if self.v1 else sql_path(tag)
        return inside if self.name == "." else f"{self.name}/{inside}"


class View(NamedTuple):
    """Files and database at one moment.

    `unmatched`: rows that make Drizzle v1 fail when it upgrades a table of 0.x; `upgrades` says that it would try.
    `elsewhere`: schemas with a table of this name, if the one asked for has none.
    """

    comparison: Comparison
    catalog: Catalog
    upgrades: bool
    unmatched: tuple[Row, ...]
    elsewhere: tuple[str, ...]

    @property
    def table(self) -> Table:
        return self.comparison.table


def find_place(folder: str | None, url: str | None, table: str | None, schema: str | None) -> Place:
    """Settle folder and database.  Raises UsageError naming the choice that is missing."""
    here = Path.cwd()
    root = _root(here)
    config = read_config(root).database
    path = _only_folder(here) if folder is None else Path(folder)
    name = Path(os.path.relpath(path, here)).as_posix()
    v1 = not (path / PATH).is_file() and path.is_dir() and any(_v1_files(path, name))
    if v1:
        migrations, dialect = read_v1(name, _v1_files(path, name)).migrations, ""
    else:
        history = folder_on_disk(path, name)
        migrations, dialect = history.migrations, history.journal.dialect
    address = url if url is not None else os.environ.get("DATABASE_URL", "")
    if not address:
        raise UsageError(
            "no database: give --url, or set DATABASE_URL in the environment.",
            "drizzle-guard reads no .env file; in a shell: set -a; . ./.env; set +a",
        )
    target = parse_url(address)
    if _KINDS.get(dialect, target.kind) != target.kind:
        raise UsageError(f"{printable(name)} holds migrations for {dialect}, but {target.label} is another database.")
    names = Names(target.kind, schema or config.schema_, table or config.table)
    return Place(root, path, name, v1, migrations, names, target)


def _root(here: Path) -> Path:
    return next((p for p in (here, *here.parents) if (p / ".git").exists()), here)


def _only_folder(here: Path) -> Path:
    found = [*find_folders(here), *find_v1_folders(here)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(f"there is no migration folder ({PATH}) at or below the current directory.")
    listed = [printable(Path(os.path.relpath(path, here)).as_posix()) for path in found]
    raise UsageError("there are several migration folders; say which: --folder FOLDER", *listed[:20])


def _v1_files(folder: Path, name: str) -> dict[str, Blob]:
    files = {}
    for path in sorted(folder.iterdir()):
        sql = path / SQL
        if is_v1_name(path.name) and sql.is_file():
            linked = path.is_symlink() or sql.is_symlink()
            files[f"{path.name}/{SQL}"] = Blob(
                sql.read_bytes, mode="120000" if linked else "100644", name=f"{name}/{path.name}/{SQL}"
            )
    return files


def look(database: Database, place: Place) -> View:
    """Read the table and the objects, and compare them with the files."""
    table = database.table(place.names)
    return view(place, table, database.catalog(), () if table.exists else tuple(database.elsewhere(place.names)))


def view(place: Place, table: Table, catalog: Catalog, elsewhere: tuple[str, ...] = ()) -> View:
    """Compare files with what was read of a database."""
    unmatched: tuple[Row, ...] = ()
    if place.v1:
        if not table.named and table.rows:
            table, unmatched = upgraded(place.migrations, table)
            comparison = compare_by_name(place.migrations, table)
            return View(Evidence(comparison, catalog).judged(), catalog, True, unmatched, elsewhere)
        comparison = compare_by_name(place.migrations, table)
    else:
        comparison = compare(place.migrations, table)
    return View(Evidence(comparison, catalog).judged(), catalog, False, unmatched, elsewhere)


def owners_elsewhere(place: Place) -> dict[int, str]:
    """The migrations of the repository's other journals, by their `when`: they may share the table."""
    found: dict[int, str] = {}
    for folder in find_folders(place.root):
        if folder.resolve() == place.folder.resolve():
            continue
        name = Path(os.path.relpath(folder, place.root)).as_posix()
        try:
            history = folder_on_disk(folder, name)
        except GuardError:  # its own faults are for `check` to tell
            continue
        if _KINDS.get(history.journal.dialect, place.target.kind) == place.target.kind:
            found.update({e.when: f"{name} {e.tag}" for e in history.entries if e.when is not None})
    return found
