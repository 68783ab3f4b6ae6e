"""All repairs of one published folder: which files change, and what that heals.

What a database has seen stays: the bytes of the SQL, `when` and the tags.  `idx` is only touched where nothing reads
the SQL by it (no `migrations.js`), and a gap stays: `idx` follows upwards what stands before it, so that the next
`generate` finds a free number.  Making every `idx` its position was rejected: behind a gap the next number would be
one that is taken, and drizzle-kit would overwrite its snapshot.

A file is only deleted if git has it (`removable`) or its name says that a machine left it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from drizzle_guard.drizzle.bundle import regenerate
from drizzle_guard.drizzle.folder import BUNDLE, Blob, Folder, Migration
from drizzle_guard.drizzle.journal import PATH, Entry, dump_journal, is_safe_tag, parse_journal, snapshot_path, sql_path
from drizzle_guard.drizzle.json_text import Number
from drizzle_guard.drizzle.prefixes import style_of_prefix
from drizzle_guard.drizzle.shape import shaped
from drizzle_guard.drizzle.snapshot import chained, derived_id, dump_snapshot, read_snapshot
from drizzle_guard.errors import GuardError
from drizzle_guard.light import NamedTuple, pattern
from drizzle_guard.mend.chain import rechain
from drizzle_guard.rules.contents import LOST_OBJECT
from drizzle_guard.rules.model import same_file
from drizzle_guard.rules.reading import BROKEN_SNAPSHOT
from drizzle_guard.rules.run import Checked, check_journal_folder, read_any_history
from drizzle_guard.rules.snapshots import is_snapshot
from drizzle_guard.sql.statements import decode, statements

_LEFT_BY_A_MACHINE = pattern(
    r"(?:\.DS_Store|Thumbs\.db|desktop\.ini|\._.*|.*\.(?:orig|rej|bak|swp|swo|tmp|BACKUP\.\d+|LOCAL\.\d+|REMOTE\.\d+|BASE\.\d+).*|.*~)"
)


class Repair(NamedTuple):
    """One change of one file (a path inside the folder), and what is done to it, in words.

    `of_chain`: a snapshot gets another parent, or an id of its own.
    """

    path: str
    what: str
    of_chain: bool = False


class Faulty(NamedTuple):
    """Paths of snapshots: those that lost objects (DG020), and those that cannot be read or are malformed (DG022)."""

    lossy: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()

    @classmethod
    def of(cls, checked: Checked) -> Faulty:
        """What the rules have found in a folder."""
        lossy, broken = (
            frozenset(path for j in checked.findings if j.finding.rule is rule for path in j.finding.files)
            for rule in (LOST_OBJECT, BROKEN_SNAPSHOT)
        )
        return cls(lossy, broken)


class Mended(NamedTuple):
    """What is to stand at the paths that change (None: nothing), and the repairs."""

    files: dict[str, Blob | None]
    repairs: tuple[Repair, ...]

    def over(self, files: Mapping[str, Blob]) -> dict[str, Blob]:
        """The files of the folder after the repairs."""
        merged: dict[str, Blob | None] = {**files, **self.files}
        return {path: blob for path, blob in merged.items() if blob is not None}


def mend(
    name: str, files: Mapping[str, Blob], *, removable: Collection[str] = (), faulty: Faulty | None = None
) -> Mended:
    """What can be mended in a folder; nothing if its journal cannot be read.

    `name` is the folder as messages call it, `files` its files by their paths inside it; `removable` are paths that
    git has, so that deleting them loses nothing.  `faulty` are snapshots of which rules tell (None: they are looked
    for, which reads all of them).
    """
    changed: dict[str, Blob | None] = {}
    repairs: list[Repair] = []

    def now() -> Folder | None:
        return read_any_history(name, Mended(changed, ()).over(files))

    def do(path: str, blob: Blob | None, what: str, *, of_chain: bool = False) -> None:
        changed[path] = blob
        repairs.append(Repair(path, what, of_chain))

    folder = now()
    if folder is None or not folder.entries:
        return Mended({}, ())
    for path, what in _strays(folder, removable):
        do(path, None, what)
    for path, blob, what in _journal(folder):
        do(path, blob, what)
    faulty = faulty or Faulty.of(check_journal_folder(name, files, now=0))
    for path, blob, what in _shapes(folder, faulty.broken):
        do(path, blob, what)
    folder = now() or folder
    for path, blob, what in _copies(folder):
        do(path, blob, what)
    folder = now() or folder
    for link in rechain(folder, faulty.lossy):
        do(link.path, link.blob, _WORDS[link.done], of_chain=True)
    folder = now() or folder
    for path, blob, what in _bundle(folder):
        do(path, blob, what)
    return Mended(changed, tuple(repairs))


_WORDS = {
    "chained": "continues the snapshot before it",
    "renamed": "gets an id of its own",
    "merged": "holds what the migrations before it did, and continues the snapshot before it",
}


def _strays(folder: Folder, removable: Collection[str]) -> list[tuple[str, str]]:
    owned = {snapshot_path(entry.prefix) for entry in folder.entries}
    named = {sql_path(entry.tag) for entry in folder.entries}
    lost = [path.partition("_")[0] for path in folder.files if _is_sql(path) and path not in named]
    newest = snapshot_path(folder.entries[-1].prefix)
    found = []
    for path in sorted(folder.files):
        file = path.removeprefix("meta/")
        if path == file:
            continue
        by_a_machine = _LEFT_BY_A_MACHINE.fullmatch(file) is not None
        if is_snapshot(path) and path not in owned:
            # beside the SQL of a migration that the journal has just lost, it is that migration's
            if path in removable and (path < newest or file.partition("_")[0] not in lost):
                found.append((path, "deleted: it belongs to no migration"))
        elif not is_snapshot(path) and not file.startswith("_") and (by_a_machine or path in removable):
            found.append((path, "deleted: drizzle-kit would read it as a snapshot"))
    if removable:
        done = {s.text for m in folder.migrations if m.sql for s in statements(decode(m.sql.data))}
        for path in sorted(folder.files):
            if _is_sql(path) and path not in named and path in removable:
                texts = _texts(folder.files[path])
                if texts and done.issuperset(texts):
                    found.append((path, "deleted: the journal does not name it, and others do all that it does"))
    return found


def _is_sql(path: str) -> bool:
    return "/" not in path and path.endswith(".sql")


def _texts(blob: Blob) -> set[str]:
    try:
        return {statement.text for statement in statements(decode(blob.data))}
    except (GuardError, OSError):
        return set()


def _journal(folder: Folder) -> list[tuple[str, Blob, str]]:
    """`idx` that falls back or repeats, where no bundle looks the SQL up by it."""
    blob = folder.files.get(PATH)
    if blob is None or BUNDLE in folder.files:
        return []
    try:
        journal = parse_journal(blob.data, folder.journal_path)
    except GuardError:
        return []
    if any(entry.idx is None or entry.when is None for entry in journal.entries):
        return []
    entries: list[Entry] = []
    highest = max((int(e.prefix) for e in journal.entries if style_of_prefix(e.prefix) == "index"), default=-1)
    for position, entry in enumerate(journal.entries):
        assert entry.idx is not None
        idx = entry.idx if not entries else max(entry.idx, (entries[-1].idx or 0) + 1)
        if position == len(journal.entries) - 1 and style_of_prefix(entry.prefix) == "index":
            idx = max(idx, highest)  # the next number must be free
        entries.append(
            entry if idx == entry.idx else entry._replace(raw={**entry.raw, "idx": Number(str(idx))}, idx=idx)
        )
    if [e.idx for e in entries] == [e.idx for e in journal.entries]:
        return []
    data = dump_journal(journal._replace(entries=tuple(entries)))
    return [(PATH, Blob.of(data, blob.name, blob.mode), "its `idx` rise, so that the next number is free")]


def _shapes(folder: Folder, broken: Collection[str]) -> Iterator[tuple[str, Blob, str]]:
    """Snapshots that drizzle-kit calls malformed, where that can be put right without another meaning."""
    for path in sorted(broken):
        blob = folder.files.get(path)
        try:
            better = None if blob is None else shaped(read_snapshot(blob))
        except (GuardError, OSError):
            continue
        if blob is not None and better is not None:
            data = dump_snapshot(better, blob)
            yield path, Blob.of(data, blob.name, blob.mode), "has the keys that drizzle-kit reads"


def _copies(folder: Folder) -> list[tuple[str, Blob, str]]:
    """A snapshot for the newest migration, if its SQL has nothing that a snapshot would hold."""
    newest = folder.migrations[-1]
    before = next((m for m in reversed(folder.migrations) if m.snapshot), None)
    path = snapshot_path(newest.entry.prefix)
    if newest.snapshot is not None or before is None or before.snapshot is None or path in folder.files:
        return []
    if not newest.entry.prefix or not is_safe_tag(newest.tag) or not _is_plain_data(newest):
        return []
    if path <= max(p for p in folder.files if is_snapshot(p)):
        return []
    try:
        body = read_snapshot(before.snapshot)
    except (GuardError, OSError):
        return []
    old = str(body["id"])
    copy = chained(body, prev_id=old, new_id=derived_id(old, newest.tag))
    data = dump_snapshot(copy, before.snapshot)
    return [(path, Blob.of(data, path), "copied from the snapshot before it: the SQL changes no schema")]


def _is_plain_data(migration: Migration) -> bool:
    """Whether the SQL changes rows alone."""
    if migration.sql is None:
        return False
    try:
        found = statements(decode(migration.sql.data))
    except (GuardError, OSError):
        return False
    return all((s.actions and all(a.verb == "data" for a in s.actions)) or s.text.startswith("select ") for s in found)


def _bundle(folder: Folder) -> list[tuple[str, Blob, str]]:
    blob = folder.files.get(BUNDLE)
    if blob is None:
        return []
    try:
        data = regenerate(blob.data, folder.entries, BUNDLE)
    except (GuardError, OSError):
        return []
    if data == blob.data:
        return []
    return [(BUNDLE, Blob.of(data, blob.name, blob.mode), "imports what the journal lists")]


def repairs_of(old: Folder, files: Mapping[str, Blob]) -> frozenset[tuple[str, str]]:
    """The (tag, path) of what differs in `files` from the folder `old` just as a repair of it makes it.

    A snapshot that can be read again counts as one, too: whoever broke it, drizzle-kit has stopped over it since.
    """
    owned = (snapshot_path(entry.prefix) for entry in old.entries)
    both = [path for path in owned if path in old.files and path in files]
    if all(same_file(old.files[path], files[path]) for path in both) and _same_entries(old, files):
        return frozenset()  # nearly always: to make the repairs, every snapshot is read
    return frozenset(_repairs_in(old, files))


def _same_entries(old: Folder, files: Mapping[str, Blob]) -> bool:
    """Whether the journal has the entries of `old` as they are there, as far as it has them."""
    here = read_any_history("", {PATH: files[PATH]}) if PATH in files else None
    raws = {} if here is None else {entry.tag: entry.raw for entry in here.entries}
    return all(raws.get(entry.tag, entry.raw) == entry.raw for entry in old.entries)


def _mended(old: Folder) -> Mended:
    """What repairs make of a whole folder.  `check` asks several times about one mainline: the last answer is kept."""
    if not (_last and _last[0][0] is old):
        _last[:] = [(old, mend(old.name, old.files, removable=frozenset(old.files)))]
    return _last[0][1]


_last: list[tuple[Folder, Mended]] = []


def _is_read(blob: Blob) -> bool:
    try:
        read_snapshot(blob)
    except (GuardError, OSError):
        return False
    return True


def _repairs_in(old: Folder, files: Mapping[str, Blob]) -> Iterator[tuple[str, str]]:
    """The (tag, path) of all that `files` have as a repair of the folder `old` makes it.

    For the journal that is the entry of the tag.
    """
    mended = _mended(old)
    for entry in old.entries:  # several migrations may share a snapshot
        path = snapshot_path(entry.prefix)
        before, blob, now = old.files.get(path), mended.files.get(path), files.get(path)
        if before is None or now is None or same_file(before, now):
            continue
        if (blob is not None and same_file(blob, now)) or (not _is_read(before) and _is_read(now)):
            yield entry.tag, path
    journal = mended.files.get(PATH)
    new, here = (read_any_history("", {PATH: blob}) if blob else None for blob in (journal, files.get(PATH)))
    if new is not None and here is not None:
        raws = {entry.tag: entry.raw for entry in here.entries}
        yield from ((entry.tag, PATH) for entry in new.entries if raws.get(entry.tag) == entry.raw)
