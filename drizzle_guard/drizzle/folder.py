"""A migration folder as one value: its journal, and for each entry the SQL file and the snapshot that belong to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from drizzle_guard.drizzle import journal as journals
from drizzle_guard.drizzle.journal import Entry, Journal, snapshot_path, sql_path
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.light import NamedTuple

BUNDLE = "migrations.js"
REGULAR = ("100644", "100755")
#: no file is read that is larger
MAX_BYTES = 16 * 1024 * 1024


class Blob:
    """A file's content that is read only when it is asked for; equal ids mean equal bytes.

    `id` is git's blob id where git knows it, else it is worked out from the bytes; `mode` is git's file mode.
    `name` is where the file stands, for messages; `stored` says that git has it.  Nothing is kept: a folder of hundreds
    of snapshots fits in memory.
    """

    __slots__ = ("_id", "_kept", "_load", "mode", "name", "stored")

    def __init__(
        self, load: Callable[[], bytes], *, id: str | None = None, mode: str = "100644", name: str = ""
    ) -> None:
        self._load, self._id, self.mode, self.name, self.stored = load, id, mode, name, id is not None
        self._kept: bytes | None = None

    @classmethod
    def of(cls, data: bytes, name: str = "", mode: str = "100644") -> Blob:
        """A blob with these bytes."""
        return cls(lambda: data, mode=mode, name=name)

    @classmethod
    def later(cls, make: Callable[[], bytes], name: str = "", mode: str = "100644") -> Blob:
        """A blob whose bytes are worked out when somebody asks for them: many a plan is only looked at."""
        return cls(cache(make), mode=mode, name=name)

    def keep(self) -> bytes:
        """The bytes, which stay from now on: for a file that is hashed, then read as SQL, then shown."""
        self._kept = self.data
        return self._kept

    @property
    def id(self) -> str:
        """Equal for equal bytes (git's SHA-1 blob id, unless the repository uses another)."""
        if self._id is None:
            from hashlib import sha1  # late: the merge driver gets its ids from git

            data = self._load()
            self._id = sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        return self._id

    def named_as(self, other: Blob) -> Blob:
        """The same file with an id of the kind that `other` has: a repository may use SHA-256."""
        if len(other.id) == 64 and len(self._id or "") < 64:
            from hashlib import sha256  # late: such repositories are rare

            data = self._load()
            self._id = sha256(b"blob %d\0" % len(data) + data).hexdigest()
        return self

    @property
    def data(self) -> bytes:
        """The bytes.  Raises GuardError for what is no regular file (a symbolic link, a submodule)."""
        if self._kept is not None:
            return self._kept
        if self.mode not in REGULAR:
            kind = {"120000": "a symbolic link", "160000": "a submodule"}.get(self.mode, "no regular file")
            raise GuardError(f"{printable(self.name)} is {kind}; drizzle-guard only works on regular files.")
        return self._load()

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Blob) and other.id == self.id and other.mode == self.mode)

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"Blob({self.name or self.id})"


class Migration(NamedTuple):
    """A journal entry with its files; `snapshot` is None where the entry has none of its own (hand-written ones)."""

    entry: Entry
    sql: Blob | None
    snapshot: Blob | None

    @property
    def tag(self) -> str:
        return self.entry.tag


class Folder(NamedTuple):
    """One version of a migration folder.

    `files` maps paths inside the folder to blobs; `name` says which version it is, for messages (a path, or
    `main:drizzle`).
    """

    name: str
    journal: Journal
    migrations: tuple[Migration, ...]
    files: Mapping[str, Blob]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return self.journal.entries

    @property
    def journal_path(self) -> str:
        return join(self.name, journals.PATH)


def read_folder(name: str, files: Mapping[str, Blob], like: Folder | None = None) -> Folder:
    """Read a folder.  No journal means no migrations.  Raises GuardError if the journal is not sound.

    `like` is another version: an entry that is the same at the same place is taken from there, and so is a migration
    with the same files, so that whoever compares the two is done at once.  The order of an entry's keys does not count,
    so a folder that is read so is only looked at, never written.
    """
    blob = files.get(journals.PATH)
    if blob is None:
        return Folder(name, journals.EMPTY, (), files)
    journal = journals.parse_journal(blob.data, join(name, journals.PATH))
    if like is not None:
        pairs = zip(journal.entries, like.entries, strict=False)
        shared = [old if new == old else new for new, old in pairs]
        journal = journal._replace(entries=(*shared, *journal.entries[len(shared) :]))
    owners = snapshot_owners(journal.entries)
    snapshots = {position: files.get(snapshot_path(prefix)) for prefix, position in owners.items()}
    migrations = [
        Migration(entry, files.get(sql_path(entry.tag)), snapshots.get(position))
        for position, entry in enumerate(journal.entries)
    ]
    if like is not None:
        for position, (new, known) in enumerate(zip(migrations, like.migrations, strict=False)):
            if all(one is other for one, other in zip(new, known, strict=True)):
                migrations[position] = known
    return Folder(name, journal, tuple(migrations), files)


def snapshot_owners(entries: tuple[Entry, ...]) -> dict[str, int]:
    """For each prefix the position of the entry that owns the snapshot.

    drizzle-kit writes one snapshot per prefix.  Where entries share a prefix, the first was generated; a later one is
    usually hand-written beside it.
    """
    owners: dict[str, int] = {}
    for position, entry in enumerate(entries):
        owners.setdefault(entry.prefix, position)
    return owners


def too_large(name: str) -> GuardError:
    """What to say of a file that is not read."""
    return GuardError(f"{printable(name)} is larger than {MAX_BYTES // 2**20} MiB; drizzle-guard does not read it.")


def join(folder: str, path: str) -> str:
    """`folder/path`; the folder may be the repository's root (empty) or end in `:`."""
    return path if not folder else folder + path if folder.endswith((":", "/")) else f"{folder}/{path}"
