"""`meta/_journal.json`: the list of migrations in the order in which Drizzle runs them.

drizzle-kit 0.31 (`bin.cjs`, writeResult) writes an entry as idx, version, when, tag, breakpoints and takes the last
entry's `idx` + 1 for the next one; drizzle-orm 0.45 (`migrator.js`) reads only `tag` and `when`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from drizzle_guard.drizzle.json_text import Number, Style, as_int, dump, parse, style_of
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.light import Any, NamedTuple, pattern

PATH = "meta/_journal.json"

_DRIVE = pattern(r"[A-Za-z]:")
#: from here on JavaScript's numbers are more than a second apart
_UNSURE = 2**62


class Entry(NamedTuple):
    """One line of the journal.  `when` is milliseconds since the epoch; `raw` is the JSON object as it stood."""

    raw: dict[str, Any]
    tag: str
    idx: int | None
    when: int | None

    @property
    def prefix(self) -> str:
        """What stands before the first `_`; it names the snapshot (`meta/<prefix>_snapshot.json`)."""
        return self.tag.partition("_")[0]

    @property
    def suffix(self) -> str:
        """What stands after the first `_`; it stays when a migration is renumbered."""
        return self.tag.partition("_")[2]

    def moved(self, *, idx: int, when: int, tag: str) -> Entry:
        """The same entry at another place; unknown keys and their order stay."""
        raw = {**self.raw, "idx": Number(str(idx)), "when": Number(str(when)), "tag": tag}
        return Entry(raw, tag, idx, when)


class Journal(NamedTuple):
    """A journal: `header` is every top-level key (`entries` holds its place), `style` how the file is laid out."""

    header: dict[str, Any]
    entries: tuple[Entry, ...]
    style: Style

    @property
    def dialect(self) -> str:
        """`postgresql`, `mysql`, `sqlite` (turso too) or `singlestore`; old journals say `pg`."""
        dialect = str(self.header.get("dialect", ""))
        return "postgresql" if dialect == "pg" else dialect


EMPTY = Journal({"version": "7", "dialect": "", "entries": []}, (), Style())


def parse_journal(data: bytes, name: str) -> Journal:
    """Read a journal; `name` is its path, for messages.  Raises GuardError naming what is unsound."""
    header = parse(data, name)
    shown = printable(name)
    if not isinstance(header, dict) or not isinstance(header.get("entries"), list):
        raise GuardError(f"{shown} is not a Drizzle journal: it has no list `entries`.")
    entries = []
    for position, raw in enumerate(header["entries"]):
        tag = raw.get("tag") if isinstance(raw, dict) else None
        if not isinstance(tag, str):
            raise GuardError(f"{shown}: entry {position} has no tag.")
        if not is_safe_tag(tag):
            raise GuardError(f"{shown}: the tag '{printable(tag)}' of entry {position} is not a safe file name.")
        idx = as_int(raw.get("idx"))
        # beyond that JavaScript cannot add 1
        entries.append(Entry(raw, tag, None if idx is None or idx >= 2**53 else idx, as_int(raw.get("when"))))
    return Journal(header, tuple(entries), style_of(data))


def dump_journal(journal: Journal) -> bytes:
    """The bytes of a journal, in its own style."""
    document = {**journal.header, "entries": [entry.raw for entry in journal.entries]}
    return dump(document, journal.style)


def is_safe_tag(tag: str) -> bool:
    """Whether `<tag>.sql` is a plain file name inside its folder on every system."""
    if not tag or tag.startswith("..") or "/" in tag or "\\" in tag:
        return False
    return printable(tag) == tag and not _DRIVE.match(tag)


def sql_path(tag: str) -> str:
    """The path of a migration's SQL inside the migrations folder."""
    return f"{tag}.sql"


def snapshot_path(prefix: str) -> str:
    """The path of the snapshot that belongs to a prefix, inside the migrations folder."""
    return f"meta/{prefix}_snapshot.json"


#: the keys that say what runs where: drizzle-orm 0.45 reads tag, when and breakpoints, drizzle-kit 0.31 idx; nothing
#: reads an entry's `version`, and drizzle-kit writes another one as its snapshots change
READ_KEYS = ("idx", "tag", "when", "breakpoints")


def what_is_read(entry: Entry) -> dict[str, Any]:
    """What of an entry must stay once it is published; a key that is absent counts as None."""
    return {key: entry.tag if key == "tag" else entry.raw.get(key) for key in READ_KEYS}


def next_idx(entries: Sequence[Entry], taken: Collection[int | None] = ()) -> int:
    """The idx that drizzle-kit would give next: the last entry's + 1; if that is among `taken`, the one above them."""
    if not entries:
        return 0
    last = entries[-1].idx
    following = len(entries) if last is None else last + 1
    return max(idx for idx in taken if idx is not None) + 1 if following in taken else following


def running_max(entries: Sequence[Entry]) -> int | None:
    """The largest `when` of all entries (ms): what a database that ran them all holds as its newest `created_at`.

    Raises GuardError for a `when` that is no such number: nothing can be put behind it for certain.
    """
    newest = None
    for entry in entries:
        when, raw = entry.when, entry.raw.get("when")
        if (when is None and raw is not None) or (when is not None and when >= _UNSURE):
            shown = printable(str(raw))
            shown = shown if len(shown) <= 40 else f"{shown[:40]}…"
            raise GuardError(f"{printable(entry.tag)}: its `when` is no time in milliseconds ({shown}).")
        if when is not None and (newest is None or when > newest):
            newest = when
    return newest
