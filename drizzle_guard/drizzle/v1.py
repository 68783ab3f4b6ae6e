"""Drizzle v1's layout: no journal, a folder `<second>_<name>` for each migration with its SQL and its snapshot.

drizzle-orm 1.0.0-rc.5 (`migrator.utils.js`, getMigrationsToRun) runs the folders in the order of their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from drizzle_guard.drizzle.folder import Blob, Folder, Migration
from drizzle_guard.drizzle.journal import EMPTY, PATH, Entry

SQL, SNAPSHOT = "migration.sql", "snapshot.json"
#: the digits at the beginning of a name: year to second, in UTC
SECOND = 14


class Layout(Enum):
    """Where a folder keeps its migrations: listed in a journal (0.x), or in a folder each (v1)."""

    JOURNAL = "journal"
    V1 = "v1"


def is_v1_name(name: str) -> bool:
    """Whether a directory is named like a migration of Drizzle v1 (`20261123051343_odd_talisman`)."""
    return len(name) > SECOND + 1 and name[:SECOND].isdigit() and name[SECOND] == "_"


def layout_of(folder: Folder) -> Layout:
    """The layout of a folder; one without migrations counts as a journal's."""
    return Layout.V1 if PATH not in folder.files and folder.migrations else Layout.JOURNAL


def in_order(names: Iterable[str]) -> list[str]:
    """The names of a folder's migrations in the order in which v1 runs them."""
    return sorted(names, key=lambda name: (name[:SECOND], name.lower(), name))


def folder_millis(name: str) -> int | None:
    """The `created_at` (ms) that v1 records for a migration: its first 14 digits as UTC; None if they are no time."""
    from calendar import timegm  # late: the merge driver has no use for it
    from datetime import datetime

    try:
        return timegm(datetime.strptime(name[:SECOND], "%Y%m%d%H%M%S").timetuple()) * 1000
    except ValueError:
        return None


def read_v1(name: str, files: Mapping[str, Blob]) -> Folder:
    """A folder in Drizzle v1's layout; `files` maps paths inside it (`20261123051343_x/migration.sql`) to blobs."""
    tags = in_order({path.partition("/")[0] for path in files if path.endswith(f"/{SQL}")})
    migrations = tuple(
        Migration(Entry({}, tag, None, folder_millis(tag)), files[f"{tag}/{SQL}"], files.get(f"{tag}/{SNAPSHOT}"))
        for tag in tags
    )
    return Folder(name, EMPTY._replace(entries=tuple(m.entry for m in migrations)), migrations, files)
