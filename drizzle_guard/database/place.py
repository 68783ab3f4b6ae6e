"""Which folder, which database, which table: what the three commands work on, and one look at all of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from drizzle_guard.config import Config, read_config
from drizzle_guard.database.by_name import compare_by_name, upgraded
from drizzle_guard.database.drivers.base import Database
from drizzle_guard.database.evidence import Evidence
from drizzle_guard.database.families import Family
from drizzle_guard.database.other_ledgers import OtherLedger, compare_by_file, find_ledger, is_its, query
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.urls import Target
from drizzle_guard.database.verdicts import Comparison, Row, Table, compare
from drizzle_guard.database.whereabouts import (
    KINDS,
    Asked,
    families_for,
    find_folder,
    names_for,
    open_target,
    repeated,
    root_of,
)
from drizzle_guard.database.world import Catalog
from drizzle_guard.disk import find_folders, folder_files, folder_on_disk, runner_of
from drizzle_guard.drizzle.folder import Blob, Migration
from drizzle_guard.drizzle.journal import PATH, Entry, sql_path
from drizzle_guard.drizzle.v1 import SQL, is_v1_name, read_v1
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.light import NamedTuple


class Place(NamedTuple):
    """Everything that is known before the database is opened.  `name` is how messages call the folder.

    `again` are the options that name folder and database once more, for a command that is printed; `unsaid` is a
    remark on a URL that may not be repeated.
    """

    root: Path
    folder: Path
    name: str
    v1: bool
    migrations: tuple[Migration, ...]
    names: Names
    target: Target
    families: tuple[Family, ...]
    config: Config
    again: str = ""
    unsaid: str = ""

    def file(self, tag: str) -> str:
        """Where a migration's SQL stands, seen from the current directory."""
        inside = f"{tag}/{SQL}" if self.v1 else sql_path(tag)
        return inside if self.name == "." else f"{self.name}/{inside}"


class View(NamedTuple):
    """Files and database at one moment.

    `unmatched`: rows that make Drizzle v1 fail when it upgrades a table of 0.x; `upgrades` says that it would try.
    `elsewhere`: schemas with a table of this name, if the one asked for has none.  `other` is another program's ledger
    in this database.
    """

    comparison: Comparison
    catalog: Catalog
    upgrades: bool
    unmatched: tuple[Row, ...]
    elsewhere: tuple[str, ...]
    other: OtherLedger | None = None

    @property
    def table(self) -> Table:
        return self.comparison.table

    @property
    def ledger(self) -> OtherLedger | None:
        """The other program's ledger, if the migrations are judged by it."""
        return self.other if self.other is not None and self.other.runs else None


def find_place(asked: Asked) -> Place:
    """Settle folder, database and table.  Raises UsageError naming the choice that is missing."""
    here = Path.cwd()
    root = root_of(here)
    config = read_config(root)
    target = open_target(asked, config, here)
    path = find_folder(asked, target, here)
    name = Path(os.path.relpath(path, here)).as_posix()
    v1 = not (path / PATH).is_file() and any(_v1_files(path, name))
    if v1:
        migrations, dialect = read_v1(name, _v1_files(path, name)).migrations, ""
    else:
        history = folder_on_disk(path, name, modes=False)
        migrations, dialect = history.migrations, history.journal.dialect
    if KINDS.get(dialect, target.kind) != target.kind:
        raise UsageError(f"{printable(name)} holds migrations for {dialect}, but {target.label} is another database.")
    names = names_for(asked, config, path, target.kind)
    families = families_for(path, target)
    return Place(root, path, name, v1, migrations, names, target, families, config, *repeated(asked, os.environ))


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


def read(database: Database, place: Place) -> Callable[[], View]:
    """Read the table and the objects; what is returned compares them, which no longer waits for the database."""
    table = database.table(place.names)
    catalog = database.catalog()
    configured = runner_of(place.folder)
    runner = find_ledger(catalog.world, configured)
    other = None
    if runner is not None:
        names = tuple(database.column(query(runner)))
        runs = not table.rows and is_its(place.migrations, runner, configured, names)
        other = OtherLedger(runner, names, runs)
        if runs:
            return partial(_view_by_file, place, catalog, other)
    elsewhere = () if table.exists else tuple(database.elsewhere(place.names))
    return lambda: view(place, table, catalog, elsewhere)._replace(other=other)


def _view_by_file(place: Place, catalog: Catalog, other: OtherLedger) -> View:
    comparison = compare_by_file([*place.migrations, *_without_entry(place)], other)
    return View(Evidence(comparison, catalog).judged(), catalog, False, (), (), other)


def _without_entry(place: Place) -> list[Migration]:
    """The SQL files that no entry of the journal names; programs that go by file name run them, too."""
    known = {migration.tag for migration in place.migrations}
    files = {} if place.v1 else folder_files(place.folder, place.name)
    return [
        Migration(Entry({}, path.removesuffix(".sql"), None, None), blob, None)
        for path, blob in sorted(files.items())
        if "/" not in path and path.endswith(".sql") and path.removesuffix(".sql") not in known
    ]


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
        if KINDS.get(history.journal.dialect, place.target.kind) == place.target.kind:
            found.update({e.when: f"{name} {e.tag}" for e in history.entries if e.when is not None})
    return found
