"""The snapshot of the newest migration, where it is missing: made by the project's own drizzle-kit, and proved.

drizzle-kit is given a copy of the folder without the newest migration.  If what it generates there from the project's
schema is the very SQL of that migration, then what it wrote beside it is the snapshot.  If it finds nothing to
generate, the migration changes no schema, and its snapshot is that before it (as `generate --custom` copies it).
Otherwise the schema has changed since, or the SQL was written by hand: then only a person knows.
"""

from __future__ import annotations

from collections.abc import Mapping

from drizzle_guard.drizzle.folder import Blob, Folder
from drizzle_guard.drizzle.journal import PATH, dump_journal, is_safe_tag, parse_journal, snapshot_path, sql_path
from drizzle_guard.drizzle.snapshot import chained, derived_id, dump_snapshot, read_snapshot
from drizzle_guard.errors import GuardError
from drizzle_guard.light import NamedTuple
from drizzle_guard.regenerate.verify_kit import Verdict, ask_kit
from drizzle_guard.rules.run import read_any_history
from drizzle_guard.rules.snapshots import is_snapshot
from drizzle_guard.sql.statements import decode, statements


class Newest(NamedTuple):
    """The snapshot that was made for `path` (None: none), and how, or why not."""

    path: str
    blob: Blob | None
    words: str


def make_newest(root: str | None, folder: str, files: Mapping[str, Blob]) -> Newest | None:
    """The snapshot of the newest migration of `files`; None if it has one, or could not have one by that name.

    `root` is the top of the worktree (None: there is no repository), `folder` the folder's path from there.
    """
    history = read_any_history(folder, files)
    if history is None or len(history.entries) < 2 or not _lacks_newest(history):
        return None
    newest, before = history.migrations[-1], history.migrations[-2].snapshot
    path = snapshot_path(newest.entry.prefix)
    try:
        if newest.sql is None or before is None:
            return Newest(path, None, "the migration before it has none either")
        earlier = _without_newest(history, files)
        said = ask_kit(root, folder, earlier).generate
        if said.verdict is Verdict.CONTENT:
            body = read_snapshot(before)
            old = str(body["id"])
            copy = chained(body, prev_id=old, new_id=derived_id(old, newest.tag))
            return Newest(path, Blob.of(dump_snapshot(copy, before), path), "drizzle-kit: the SQL changes no schema")
        if said.verdict is not Verdict.WRITES:
            return Newest(path, None, f"drizzle-kit generate, that could make it: {said.words}")
        sql, made = said.wrote
        if _texts(sql) != _texts(decode(newest.sql.data)):
            return Newest(
                path, None, f"drizzle-kit generates another SQL from the schema than {sql_path(newest.tag)} has"
            )
        return Newest(path, Blob.of(made, path), "made by drizzle-kit, which generates the same SQL")
    except (GuardError, OSError) as error:
        return Newest(path, None, str(error))


def _lacks_newest(history: Folder) -> bool:
    """Whether its newest migration has no snapshot, and one of its name would be the last."""
    newest = history.entries[-1]
    path = snapshot_path(newest.prefix)
    if path in history.files or not newest.prefix or not is_safe_tag(newest.tag):
        return False
    return all(there < path for there in history.files if is_snapshot(there))


def _without_newest(history: Folder, files: Mapping[str, Blob]) -> dict[str, Blob]:
    journal = parse_journal(files[PATH].data, history.journal_path)
    data = dump_journal(journal._replace(entries=journal.entries[:-1]))
    earlier = {**files, PATH: Blob.of(data, PATH)}
    del earlier[sql_path(history.entries[-1].tag)]
    return earlier


def _texts(sql: str) -> list[str]:
    return sorted(statement.text for statement in statements(sql))
