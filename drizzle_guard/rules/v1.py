"""Folders in Drizzle v1's layout: what drizzle-kit's own `check` leaves to others.

v1 has no journal: the migrator runs the folders `<second>_<name>` that the table does not name, in the order of their
names, and `drizzle-kit check` compares snapshots along their `prevIds` (drizzle-kit 1.0.0-rc.5).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from drizzle_guard.drizzle.folder import Blob, join
from drizzle_guard.drizzle.v1 import SECOND, SNAPSHOT, SQL
from drizzle_guard.errors import printable
from drizzle_guard.rules.entries import SAME_SECOND
from drizzle_guard.rules.files import MISSING_SQL, ORPHAN_SQL, STRAY_FILE, sql_bytes
from drizzle_guard.rules.model import Finding
from drizzle_guard.rules.names import UNPORTABLE_NAME, name_clashes
from drizzle_guard.rules.reading import CONFLICT_MARKERS, json_faults, load
from drizzle_guard.rules.snapshots import MISSING_SNAPSHOT


def v1_findings(
    name: str, migrations: list[str], files: Mapping[str, Blob], lf_in_git: Collection[str], tick: Callable[[], None]
) -> Iterator[Finding]:
    """What is wrong in a v1 folder.

    `migrations` are the names of its migrations, sorted; `files` maps paths inside the folder to blobs; `lf_in_git`
    are the paths to which the checkout gave CRLF; `tick` is called for each file that was read.
    """
    for position, migration in enumerate(migrations):
        shown = printable(migration)
        sql, snapshot = f"{migration}/{SQL}", f"{migration}/{SNAPSHOT}"
        if sql in files:
            yield from sql_bytes(sql, files[sql], git_has_lf=sql in lf_in_git)
        else:
            message = f"{shown} has no {SQL}."
            yield MISSING_SQL.at(join(name, migration), message, files=(sql,))
        if snapshot in files:
            yield from _snapshot(snapshot, files[snapshot])
        else:
            message = f"{shown} has no {SNAPSHOT}."
            mild = position < len(migrations) - 1
            yield MISSING_SNAPSHOT.at(join(name, migration), message, files=(snapshot,), mild=mild)
        if position and migrations[position - 1][:SECOND] == migration[:SECOND]:
            message = f"{printable(migrations[position - 1])} and {shown} are of the same second: they run by name."
            yield SAME_SECOND.at(join(name, migration), message, files=(sql,))
        tick()
    yield from _strays(name, files)
    for path, message in name_clashes(migrations):
        yield UNPORTABLE_NAME.at(join(name, path), message, files=(path,), mild=True)


def _snapshot(path: str, blob: Blob) -> Iterator[Finding]:
    data = load(blob, path)
    if isinstance(data, Finding):
        yield data
    else:
        for finding in json_faults(data, blob.name or path, path):
            marked = finding.rule is CONFLICT_MARKERS
            yield finding._replace(fix="resolve the conflict by hand") if marked else finding


def _strays(name: str, files: Mapping[str, Blob]) -> Iterator[Finding]:
    for path in sorted(files):
        directory, _, file = path.rpartition("/")
        if directory and file not in (SQL, SNAPSHOT):
            message = f"{printable(path)} is neither {SQL} nor {SNAPSHOT}: Drizzle does not read it."
            yield STRAY_FILE.at(join(name, path), message, files=(path,), mild=True)
        elif not directory and file.endswith(".sql"):
            message = f"{printable(path)} is not in a folder of its own, so Drizzle v1 never runs it."
            yield ORPHAN_SQL.at(join(name, path), message, files=(path,), mild=True)
