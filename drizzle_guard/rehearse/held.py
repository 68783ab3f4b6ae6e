"""Whether any snapshot ever held an object: what none held was written by hand, what one held was lost.

A hand-written migration makes what drizzle-kit's snapshots know nothing of (an index, a table), and that is no fault.
A merge that went wrong leaves the same picture: the database has a column that the newest snapshot has not.  So the
snapshots of the folder are read, and those of the newest commits that touched them, with the branch's own before it
was merged.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from drizzle_guard.drizzle.folder import Blob
from drizzle_guard.drizzle.snapshot import read_snapshot
from drizzle_guard.drizzle.v1 import SNAPSHOT
from drizzle_guard.errors import GuardError, UsageError
from drizzle_guard.git.folders import blob
from drizzle_guard.git.repository import Repository
from drizzle_guard.rehearse.facts import Difference
from drizzle_guard.rehearse.snapshot_parts import as_dict, items
from drizzle_guard.rehearse.snapshot_v1 import as_tables, rows_in

_VERSIONS = 200  # so many versions of snapshots are read at most

Name = tuple[str, ...]


def ever_held(files: Iterable[Blob], path: Path) -> Callable[[Difference], bool]:
    """A question to all snapshots that can be found; they are read now, one at a time."""
    names: set[Name] = set()
    for snapshot in chain(files, _of_history(path)):  # one at a time, while the repository is open
        with suppress(GuardError, OSError):
            body = read_snapshot(snapshot)
            names.update(_names(body if "tables" in body else as_tables(rows_in(body))))
    return lambda difference: _name_of(difference) in names


def _name_of(difference: Difference) -> Name:
    """(table, member) or (name,), without schemas: a name that is held anywhere counts."""
    return tuple(name.rpartition(".")[2].lower() for name in difference.key[1:])


def _names(snapshot: dict[str, Any]) -> Iterator[Name]:
    for table, body in items(snapshot, "tables"):
        yield (table.lower(),)
        for members in (
            *("columns", "indexes", "foreignKeys", "compositePrimaryKeys", "uniqueConstraints", "policies"),
            *("checkConstraints", "checkConstraint"),
        ):
            for name, member in items(body, members):
                yield (table.lower(), name.lower())
                if isinstance(member.get("columnsFrom"), list):
                    yield (table.lower(), ", ".join(map(str, member["columnsFrom"])).lower())
    for kind in ("enums", "views", "sequences", "roles"):
        for name, _ in items(snapshot, kind):
            yield (name.lower(),)
    for name in as_dict(snapshot.get("schemas")):
        yield (name.lower(),)


def _of_history(path: Path) -> Iterator[Blob]:
    try:
        repository = Repository(str(path))
    except UsageError:
        return
    with repository:
        folder = Path(os.path.relpath(os.path.realpath(path), os.path.realpath(repository.root))).as_posix()
        inside = f":(top,glob){'' if folder == '.' else folder + '/'}"
        listed = repository.line(
            "log",
            "--format=",
            "--raw",
            "--no-abbrev",
            "-m",
            "--no-renames",
            "--diff-filter=AM",
            "--max-count=400",
            "HEAD",
            "--",
            f"{inside}meta/*_snapshot.json",
            f"{inside}*/{SNAPSHOT}",
        )
        seen: dict[str, str] = {}
        for line in (listed or "").splitlines():
            head, _, file = line.partition("\t")
            words = head.split()
            if len(words) == 5 and words[1] in ("100644", "100755"):
                seen.setdefault(words[3], file)
        for oid, file in list(seen.items())[:_VERSIONS]:
            yield blob(repository, oid, "100644", file)
