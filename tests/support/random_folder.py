"""A migration folder of a commit as the random walks judge it; reads and compares by itself, without the product."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from drizzle_guard.drizzle.folder import Blob, Folder, read_folder
from support.gitbed import Bed
from support.judges import Script, migrated, new_errors
from support.model import Schema, as_kit_has_it, run

FOLDER = "drizzle"
_NO_SNAPSHOT = "00000000-0000-0000-0000-000000000000"


class Row(NamedTuple):
    """A migration at its place.  Its SQL is its identity: the walks never write the same text for two changes."""

    entry: dict[str, Any]
    sql: str
    sql_blob: str
    snapshot: dict[str, Any]
    snapshot_blob: str

    @property
    def when(self) -> int:
        """Of its journal entry."""
        return int(self.entry["when"])

    @property
    def tag(self) -> str:
        """Of its journal entry."""
        return str(self.entry["tag"])


Rows = tuple[Row, ...]


class Reader:
    """Reads blobs through one `git cat-file` for a whole walk."""

    def __init__(self, bed: Bed) -> None:
        self._bed = bed
        self._blobs: dict[str, bytes] = {}
        self._rows: dict[str, Rows] = {}
        self._cat = subprocess.Popen(
            ("git", "cat-file", "--batch"), cwd=bed.root, env=bed.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def close(self) -> None:
        """End the process."""
        assert self._cat.stdin and self._cat.stdout
        self._cat.stdin.close()
        self._cat.stdout.close()
        self._cat.wait()

    def _blob(self, name: str) -> bytes:
        if name not in self._blobs:
            assert self._cat.stdin and self._cat.stdout
            self._cat.stdin.write(name.encode() + b"\n")
            self._cat.stdin.flush()
            size = int(self._cat.stdout.readline().split()[2])
            self._blobs[name] = self._cat.stdout.read(size)
            self._cat.stdout.read(1)
        return self._blobs[name]

    def rows(self, commit: str) -> Rows:
        """The folder of a commit; fails where it is not sound as a folder (see `sound` for the rest)."""
        listed = self._bed.git("ls-tree", "-r", "-z", commit, f"{FOLDER}/")
        if listed not in self._rows:
            files = {}
            for line in filter(None, listed.split("\0")):
                about, _, path = line.partition("\t")
                files[path.removeprefix(f"{FOLDER}/")] = about.split()[2]
            self._rows[listed] = self._read(files)
        return self._rows[listed]

    def _read(self, files: dict[str, str]) -> Rows:
        found = []
        used = {"meta/_journal.json"}
        for entry in json.loads(self._blob(files["meta/_journal.json"]))["entries"]:
            sql, snapshot = f"{entry['tag']}.sql", f"meta/{entry['tag'].partition('_')[0]}_snapshot.json"
            assert sql in files and snapshot in files, (entry, sorted(files))
            assert not {sql, snapshot} & used, f"{entry['tag']} shares a file"
            used |= {sql, snapshot}
            body = json.loads(self._blob(files[snapshot]))
            found.append(Row(entry, self._blob(files[sql]).decode(), files[sql], body, files[snapshot]))
        assert set(files) == used, f"files of no migration: {sorted(set(files) - used)}"
        return tuple(found)


def sound(rows: Rows) -> None:
    """Numbers, `when`, chain of snapshots, and each snapshot is what the SQL up to there makes of an empty database."""
    keys = [row.sql for row in rows]
    assert len(set(keys)) == len(keys), f"doubled: {[r.tag for r in rows]}"
    assert [row.entry["idx"] for row in rows] == list(range(len(rows))), [r.entry for r in rows]
    assert [int(row.tag.partition("_")[0]) for row in rows] == list(range(len(rows))), [r.tag for r in rows]
    assert all(a.when < b.when for a, b in pairwise(rows)), [(r.tag, r.when) for r in rows]
    schema: Schema = {}
    previous = _NO_SNAPSHOT
    for row in rows:
        schema = run(schema, row.sql)
        assert row.snapshot["prevId"] == previous, f"prevId of {row.tag}"
        assert row.snapshot["tables"] == as_kit_has_it(schema), f"snapshot of {row.tag} is not what the SQL makes"
        previous = row.snapshot["id"]
    ids = [row.snapshot["id"] for row in rows]
    assert len(set(ids)) == len(ids), "two snapshots with one id"


def keys(rows: Iterable[Row]) -> frozenset[str]:
    """The migrations of a row, as a set."""
    return frozenset(row.sql for row in rows)


def same(one: Row, other: Row) -> bool:
    """Entry, SQL and snapshot byte for byte the same."""
    return (one.entry, one.sql_blob, one.snapshot_blob) == (other.entry, other.sql_blob, other.snapshot_blob)


def kept(side: Rows, expected: frozenset[str]) -> Rows:
    """What of a side is still to be there."""
    return tuple(row for row in side if row.sql in expected)


def has_gap(side: Rows, expected: frozenset[str]) -> bool:
    """Whether something is taken out of a row from before something that stays."""
    stays = [row.sql in expected for row in side]
    return any(stays[n] and not all(stays[:n]) for n in range(len(stays)))


def starts_with(rows: Rows, first: Rows) -> bool:
    """Whether a row begins with another one, unchanged."""
    return len(rows) >= len(first) and all(map(same, rows, first))


def is_pinned(rows: Rows, published: Rows, sides: Iterable[Rows]) -> bool:
    """Whether what a side had just as the mainline has it still is so."""
    now = {row.sql: row for row in rows}
    for side in sides:
        there = {row.sql: row for row in side}
        for row in published:
            mine = there.get(row.sql)
            if mine and same(mine, row) and row.sql in now and not same(now[row.sql], row):
                return False
    return True


def in_order(rows: Rows, first: Rows, second: Rows) -> bool:
    """Whether what only `second` has stands in its order behind what `first` has."""
    before = keys(first)
    behind = [row.sql for row in rows if row.sql not in before]
    wanted = [row.sql for row in second if row.sql not in before and row.sql in keys(rows)]
    return behind == wanted


def migrate(deployed: Rows, rows: Rows) -> None:
    """A database that ran `deployed` migrates to `rows` as drizzle-orm does, without a skip, to the same schema."""
    schema: dict[str, Any] = {}
    for row in deployed:
        schema = run(schema, row.sql)
    newest = max((row.when for row in deployed), default=0)
    done = set(keys(deployed))
    for row in rows:
        if row.when > newest:
            assert row.sql not in done, f"{row.tag} runs again"
            schema = run(schema, row.sql)
            done.add(row.sql)
    assert done == keys(rows), f"skipped: {[row.tag for row in rows if row.sql not in done]}"
    fresh: dict[str, Any] = {}
    for row in rows:
        fresh = run(fresh, row.sql)
    assert schema == fresh


def executed(deployed: Rows, rows: Rows) -> None:
    """SQLite holds the same schema and the same rows, whether it migrates from nothing or from what was deployed."""
    now = _scripts(rows)
    assert migrated(_scripts(deployed), now) == migrated(now), [row.tag for row in rows]


def _scripts(rows: Rows) -> list[Script]:
    return [Script(row.when, row.sql) for row in rows]


def checked(rows: Rows, sides: Iterable[Rows], published: Rows) -> None:
    """The product's own `check` finds no error that no side had."""
    found = new_errors(_as_folder(published), [_as_folder(side) for side in sides], _as_folder(rows).files)
    assert found == [], (found, [row.entry for row in rows])


def _as_folder(rows: Rows) -> Folder:
    journal = {"version": "7", "dialect": "postgresql", "entries": [row.entry for row in rows]}
    files = {"meta/_journal.json": json.dumps(journal)}
    for row in rows:
        files[f"{row.tag}.sql"] = row.sql
        files[f"meta/{row.tag.partition('_')[0]}_snapshot.json"] = json.dumps(row.snapshot)
    return read_folder(FOLDER, {path: Blob.of(text.encode(), path) for path, text in files.items()})


def contains(rows: Rows, others: Rows) -> bool:
    """Whether all of `others` is in `rows` as it is."""
    there = {row.sql: row for row in rows}
    return all(row.sql in there and same(there[row.sql], row) for row in others)


# --- sets of migrations


def three_way(base: frozenset[str], ours: frozenset[str], theirs: frozenset[str]) -> frozenset[str]:
    """What a merge has to hold: whatever is on both sides, or is new on one."""
    return (ours & theirs) | ((ours | theirs) - base)


def tables(scripts: Iterable[str]) -> frozenset[str]:
    """The tables that scripts touch."""
    return frozenset(_tables(scripts))


def _tables(scripts: Iterable[str]) -> Iterator[str]:
    for script in scripts:
        for line in script.splitlines():
            words = line.split()
            if words[0] in ("CREATE", "DROP", "ALTER"):
                yield words[4 if words[1] == "INDEX" else 2].rstrip(";")
            elif words[0] == "UPDATE":
                yield words[1]


def apart(base: frozenset[str], ours: frozenset[str], theirs: frozenset[str], *, pick: bool = False) -> bool:
    """Whether two sides cannot stand in each other's way: disjoint tables, and nothing was taken back.

    What both have beyond the base (a pick) must be apart from the rest, too: the order may change.  In a `pick` it is
    natural that our side lacks what the other one stands on.
    """
    if not base <= theirs or not (pick or base <= ours):
        return False
    both = (ours & theirs) - base
    one, other, shared = tables((ours ^ base) - both), tables((theirs ^ base) - both), tables(both)
    return not (one & other or one & shared or other & shared)


def diff(before: Sequence[Row], after: Sequence[Row]) -> tuple[list[str], frozenset[str]]:
    """What a commit added, in order, and what it removed."""
    had, has = keys(before), keys(after)
    return [row.sql for row in after if row.sql not in had], had - has
