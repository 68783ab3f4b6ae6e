"""Rules about what snapshots hold: one version and dialect, and no table or column that vanishes without SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drizzle_guard.drizzle.folder import join, snapshot_owners
from drizzle_guard.drizzle.journal import snapshot_path
from drizzle_guard.errors import printable
from drizzle_guard.light import Any
from drizzle_guard.rules.model import Finding, Lost, Rule, Subject
from drizzle_guard.rules.reading import load
from drizzle_guard.rules.snapshots import on_snapshots, shown_paths

LOST_OBJECT = Rule(
    "DG020",
    "lost-object",
    "A snapshot lacks what the one before it has, and no SQL drops it.",
    "The snapshot of a branch was put behind the mainline's as it was, without what the mainline had added. "
    "drizzle-kit takes it for the present state, so the next `generate` adds those tables and columns again, and the "
    "deploy fails on `already exists`. `drizzle-kit check` says that all is fine.",
    "Not published yet: merge again with `drizzle-guard renumber`, which merges snapshots too, and delete a "
    "migration that was generated on top and only repeats. Published: `drizzle-kit generate --custom` cannot help; "
    "put the missing object into the newest snapshot by hand, until `drizzle-kit generate` finds no change.",
    "merge again with drizzle-guard renumber; delete what was generated twice",
    published_fix="published: leave it, unless `drizzle-kit generate` repeats what it lacks; then put that in by hand",
)
MIXED_SNAPSHOTS = Rule(
    "DG029",
    "mixed-snapshots",
    "Snapshots of different versions or dialects in one folder.",
    "drizzle-kit reads only the latest version: one older snapshot stops `check` and `generate`. Snapshots of "
    "another dialect are malformed to it.",
    "Run `drizzle-kit up` once on the mainline and commit what it changes.",
    "drizzle-kit up",
    fatal=True,
)

#: words of statements that give a table columns which they do not name
_TAKES_ON = ("rename", "select", "like", "inherits", "of")
#: the columns of each table that a snapshot has
Tables = dict[str, frozenset[str]]


class Contents:
    """Compares each snapshot with the one before it; only the tables and columns of the last one are kept."""

    def __init__(self) -> None:
        #: what each snapshot lost, by its path
        self.lost: dict[str, tuple[Lost, ...]] = {}
        self._before: tuple[str, Tables] | None = None

    def add(self, path: str, tables: Tables) -> None:
        """Take the tables of the next snapshot in the journal's order."""
        if self._before is not None:
            last, before = self._before
            if last in self.lost:
                self.lost[last] = tuple(lost._replace(again=_holds(tables, lost)) for lost in self.lost[last])
            lost = tuple(_missing(before, tables))
            if lost:
                self.lost[path] = lost
        self._before = path, tables


def lost_object(folder: Subject) -> Iterator[Finding]:
    """DG020: a loss that the migration's SQL does not explain.  Mild if it is old and nothing brought it back.

    What no migration before it makes was never there: the snapshot before it stems from a line with one more, which
    was reverted here.
    """
    if not folder.lost:
        return
    owners = snapshot_owners(folder.history.entries)
    own = [n for n, e in enumerate(folder.history.entries) if owners[e.prefix] == n]
    with_file = [n for n in own if snapshot_path(folder.history.entries[n].prefix) in folder.snapshots]
    for at, position in enumerate(with_file):
        path = snapshot_path(folder.history.entries[position].prefix)
        start = with_file[at - 1] + 1 if at else 0
        end = with_file[at + 1] if at + 1 < len(with_file) else len(folder.history.entries)
        losses = folder.lost.get(path)
        if not losses:
            continue
        text, earlier = _sql(folder, start, end), _sql(folder, max(start - 1, 0), start)
        left = [lost for lost in losses if not _explains(text, lost) and not _drops(earlier, lost)]
        if left:
            made = _Making(folder, start)
            left = [lost for lost in left if made.may_make(lost)]
        if left:
            more = f" (and {len(left) - 1} more)" if len(left) > 1 else ""
            message = f"{printable(path)} lacks {_shown(left[0])}{more}, and {folder.tag(position)} does not drop it."
            newest = at == len(with_file) - 1
            yield LOST_OBJECT.at(
                join(folder.history.name, path),
                message,
                entries=(position,),
                files=(path,),
                mild=not newest and not any(lost.again for lost in left),
            )


def mixed_snapshots(folder: Subject) -> Iterator[Finding]:
    """DG029: snapshots that are not of the folder's newest version, or of another dialect than the last one."""
    if not folder.snapshots:
        return
    newest = max((found.version for found in folder.snapshots.values()), key=_as_number)
    old = [path for path, found in folder.snapshots.items() if found.version != newest]
    if old:
        verb = "is" if len(old) == 1 else "are"
        message = f"{shown_paths(old)} {verb} older than version {printable(newest)}: drizzle-kit stops there."
        yield on_snapshots(MIXED_SNAPSHOTS, folder, old, message)
    dialect = _dialect(list(folder.snapshots.values())[-1].dialect)
    other = [path for path, found in folder.snapshots.items() if _dialect(found.dialect) != dialect]
    if other:
        verb = "is" if len(other) == 1 else "are"
        message = f"{shown_paths(other)} {verb} not of the dialect {printable(dialect)}."
        yield on_snapshots(MIXED_SNAPSHOTS, folder, other, message)


def tables_of(body: Any) -> Tables:
    """The tables in the JSON of a snapshot; none where it is not as drizzle-kit writes it."""
    tables = body.get("tables") if isinstance(body, dict) else None
    if not isinstance(tables, dict):
        return {}
    return {
        key: frozenset(columns)
        if isinstance(table, dict) and isinstance(columns := table.get("columns"), dict)
        else frozenset()
        for key, table in tables.items()
    }


def _missing(before: Tables, after: Tables) -> Iterator[Lost]:
    for table, columns in before.items():
        if table not in after:
            yield Lost(table, "")
        elif not columns <= after[table]:
            for column in sorted(columns - after[table]):
                yield Lost(table, column)


def _holds(tables: Tables, lost: Lost) -> bool:
    return lost.table in tables and (not lost.column or lost.column in tables[lost.table])


def _sql(folder: Subject, start: int, end: int) -> str:
    """The SQL of some entries in lower case; what cannot be read has its own finding."""
    texts = []
    for migration in folder.history.migrations[start:end]:
        data = b"" if migration.sql is None else load(migration.sql, "")
        if isinstance(data, bytes):
            texts.append(data.decode("utf-8", "replace").lower())
    return "\n".join(texts)


class _Making:
    """What the first `count` migrations of a folder may have made, as far as their text can tell."""

    def __init__(self, folder: Subject, count: int) -> None:
        self._whole = all(migration.sql is not None for migration in folder.history.migrations[:count])
        self._statements = re.split(r";|--> statement-breakpoint", _sql(folder, 0, count))

    def may_make(self, lost: Lost) -> bool:
        """Whether one of them names the table and its column, or gives the table's name to another one."""
        table, column = lost.table.rpartition(".")[2].lower(), lost.column.lower()
        return not self._whole or any(
            _mentions(statement, table)
            and (not column or _mentions(statement, column) or any(_mentions(statement, word) for word in _TAKES_ON))
            for statement in self._statements
        )


def _explains(sql: str, lost: Lost) -> bool:
    """Whether the SQL speaks of the table or column that is gone, or makes the column's table anew (SQLite)."""
    table = lost.table.rpartition(".")[2].lower()
    if not lost.column:
        return _mentions(sql, table)
    anew = _mentions(sql, f"__new_{table}") or _drops(sql, Lost(lost.table, ""))
    return anew or _mentions(sql, lost.column.lower())


def _drops(sql: str, lost: Lost) -> bool:
    """Whether a statement drops or renames it.  A hand-written one may stand in the migration before."""
    name = (lost.column or lost.table.rpartition(".")[2]).lower()
    kind = "column" if lost.column else "table"
    return any(
        _mentions(statement, kind)
        and _mentions(statement, name)
        and (_mentions(statement, "drop") or _mentions(statement, "rename"))
        for statement in sql.split(";")
    )


def _mentions(sql: str, name: str) -> bool:
    return name in sql and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sql) is not None


def _shown(lost: Lost) -> str:
    table = printable(lost.table)
    return f"the column {printable(lost.column)} of {table}" if lost.column else f"the table {table}"


def _as_number(version: str) -> tuple[int, str]:
    return (int(version), "") if version.isascii() and version.isdigit() and len(version) < 20 else (-1, version)


def _dialect(dialect: str) -> str:
    return {"pg": "postgresql", "turso": "sqlite"}.get(dialect, dialect)
