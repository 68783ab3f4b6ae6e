"""Rules about the files of a folder: SQL that is missing or belongs to nothing, its bytes, and strays in `meta/`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from drizzle_guard.drizzle.folder import Blob, join
from drizzle_guard.drizzle.journal import is_safe_tag, snapshot_path, sql_path
from drizzle_guard.drizzle.line_ends import ATTRIBUTE
from drizzle_guard.errors import printable
from drizzle_guard.light import pattern
from drizzle_guard.rules.model import Finding, Rule, Subject
from drizzle_guard.rules.reading import UNREADABLE, load, markers

MISSING_SQL = Rule(
    "DG011",
    "missing-sql",
    "A journal entry without its SQL file.",
    "The migrator reads all files of the journal before it runs the first: one that is missing stops every deploy "
    "with `No file ./<tag>.sql found in <folder> folder`, also for databases that have run it long ago.",
    "Bring the file back, byte for byte: `git log --all --full-history -- <file>` finds it, `git checkout <commit>^ "
    "-- <file>` restores it. Only an entry that never ran anywhere may be deleted instead.",
    "bring the file back from git, or from where it was made",
    fatal=True,
)
ORPHAN_SQL = Rule(
    "DG012",
    "orphan-sql",
    "An SQL file that no journal entry names.",
    "The migrator runs what the journal lists and nothing else, so this migration never runs, and nothing says so. "
    "It is what a merge leaves that took one side's journal.",
    "If it is a migration that got lost, put it back into the row: `drizzle-guard renumber` after the merge, or "
    "`drizzle-kit generate --custom --name NAME` and paste its SQL. If it is a leftover, delete it.",
    "put it back with drizzle-kit generate --custom, or delete it",
    by_hand="it is the mainline's: put its journal entry back from there, never delete it",
)
CRLF = Rule(
    "DG014",
    "crlf",
    "SQL with Windows line ends.",
    "The stored hash is that of the bytes: the same migration has one hash where it was checked out with CRLF and "
    "another where with LF, and tools that compare hashes (Drizzle v1 when it upgrades the table, `drizzle-guard "
    "status`) take it for edited.",
    f"Put `{ATTRIBUTE}` into .gitattributes (`drizzle-guard install` does) and take the CRs away: "
    "`sed -i 's/\\r$//' FILE && git add FILE`. A migration that stands in git with CRLF and has run so "
    "keeps its bytes: leave it, and give it a line of its own, `/FILE -text`.",
    f"put `{ATTRIBUTE}` into .gitattributes, and take the CRs away",
)
BYTE_ORDER_MARK = Rule(
    "DG015",
    "byte-order-mark",
    "SQL that begins with a byte order mark.",
    "Drizzle sends the file as it is; PostgreSQL and MySQL answer the invisible first character with a syntax error, "
    "and the deploy stops.",
    "Save the file as UTF-8 without BOM: `sed -i '1s/^\\xEF\\xBB\\xBF//' FILE`. If it is published and has run, "
    "leave it.",
    "save it as UTF-8 without BOM",
    published_fix="published: leave it where it has run; else save it as UTF-8 without BOM",
)
STRAY_FILE = Rule(
    "DG018",
    "stray-file",
    "A file in meta/ that is no snapshot.",
    "drizzle-kit takes every file in meta/ whose name does not begin with `_` for a snapshot: a .DS_Store, *.orig or "
    "*.rej there breaks every command with a JSON error.",
    "Delete it, and add it to .gitignore if it comes back.",
    "delete it",
    fatal=True,
)

_NUMBER = pattern(r"\d+")


def missing_sql(folder: Subject) -> Iterator[Finding]:
    """DG011: an entry whose file is not there."""
    by_case: dict[str, str] | None = None
    for position, migration in enumerate(folder.history.migrations):
        if migration.sql is not None or not is_safe_tag(migration.tag):
            continue
        if by_case is None:
            by_case = {path.casefold(): path for path in folder.history.files}
        path = sql_path(migration.tag)
        near = by_case.get(path.casefold())
        hint = f" (there is {printable(near)}: only the case differs)" if near else ""
        yield MISSING_SQL.at(
            folder.history.journal_path,
            f"{folder.tag(position)} is in the journal, but {printable(path)} is missing{hint}.",
            entries=(position,),
            files=(path,),
        )


def orphan_sql(folder: Subject) -> Iterator[Finding]:
    """DG012: SQL without an entry.  Mild if its number lies before the newest entry's, or it has none.

    Where another program runs files by their names, one that was written by hand has no entry and is in order; one with
    a snapshot was made by drizzle-kit and lost its entry.
    """
    named = {sql_path(entry.tag) for entry in folder.history.entries}
    published = {sql_path(e.tag) for row in (folder.mainline.versions if folder.mainline else ()) for e in row.entries}
    owned = {snapshot_path(entry.prefix) for entry in folder.history.entries}
    newest = max((_number(entry.tag) for entry in folder.history.entries), default=-1)
    for path in sorted(folder.history.files):
        if "/" in path or not path.endswith(".sql") or path in named:
            continue
        number = _number(path)
        snapshot = snapshot_path(path.removesuffix(".sql").partition("_")[0])
        if folder.runner and (snapshot not in folder.history.files or snapshot in owned):
            continue
        yield ORPHAN_SQL.at(
            join(folder.history.name, path),
            f"{printable(path)} is not in the journal, so it never runs."
            if not folder.runner
            else f"{printable(path)} is not in the journal, but its snapshot is there: {folder.runner} runs it, and "
            "drizzle-kit does not know of it.",
            fix="drizzle-guard renumber" if path in published else None,
            files=(path,),
            mild=number < 0 or number < newest,
        )


def sql_bytes(path: str, blob: Blob, entries: tuple[int, ...] = (), *, git_has_lf: bool = False) -> Iterator[Finding]:
    """DG013 to DG017: what is wrong with the bytes of one SQL file; `path` is inside the folder.

    `entries` is the position of its entry.  Line ends are judged by the entry alone; if `git_has_lf`, they were made
    by the checkout: no commit will hold them, so they are a warning.
    """
    data = load(blob, path)
    if isinstance(data, Finding):
        yield data
        return
    name, shown = blob.name or path, printable(path)
    yield from markers(data, name, path)
    at = data.find(b"\r")
    if at >= 0:
        line = data.count(b"\n", 0, at) + 1
        where = " in this worktree alone: git has LF" if git_has_lf else ""
        file = shlex.quote(printable(name))
        fix = f"put `{ATTRIBUTE}` into .gitattributes, then:\nsed -i 's/\\r$//' {file}\ngit add {file}"
        yield CRLF.at(
            name,
            f"{shown} has Windows line ends (CR){where}.",
            fix=fix,
            line=line,
            entries=entries,
            files=() if entries else (path,),
            mild=True,
        )._replace(advice=git_has_lf)
    if data.startswith(b"\xef\xbb\xbf"):
        yield BYTE_ORDER_MARK.at(name, f"{shown} begins with a byte order mark.", line=1, files=(path,))
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        yield UNREADABLE.at(name, f"{shown} is not UTF-8 (byte {error.start}).", line=line, files=(path,))


def stray_file(folder: Subject) -> Iterator[Finding]:
    """DG018: what drizzle-kit would read as a snapshot (drizzle-kit 0.31, prepareOutFolder)."""
    for path in sorted(folder.history.files):
        name = path.removeprefix("meta/")
        if name != path and not name.startswith("_") and not name.endswith("_snapshot.json"):
            message = f"{printable(path)} is no snapshot, but drizzle-kit reads it as one."
            yield STRAY_FILE.at(join(folder.history.name, path), message, files=(path,))


def _number(tag: str) -> int:
    """The number that a tag begins with; -1 for none."""
    found = _NUMBER.match(tag)
    return int(found[0][:20]) if found else -1
