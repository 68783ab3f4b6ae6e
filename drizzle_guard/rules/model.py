"""What a rule is, what it finds, and what it looks at."""

from __future__ import annotations

from collections.abc import Mapping

from drizzle_guard.drizzle.folder import Blob, Folder
from drizzle_guard.errors import printable
from drizzle_guard.light import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Finding(NamedTuple):
    """One thing that is wrong.

    `path` is the file as messages call it and `line` its line (from 1), `message` one sentence fit for a terminal,
    `fix` what to do.  `entries` are positions in the journal and `files` paths inside the folder: everything that the
    finding is about.  If all of it stands the same on the mainline, the finding is about published migrations.
    `mild`: an old sin, on which neither drizzle-kit nor a deploy breaks today; `fatal`: a deploy, every new database or
    drizzle-kit stops here, so it is an error in published migrations, too.  `advice`: it is never worse than a warning,
    as if its rule were advice.  `merge_cures`: the next merge of the mainline puts it right.
    """

    rule: Rule
    path: str
    message: str
    fix: str
    line: int | None = None
    entries: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    mild: bool = False
    fatal: bool = False
    advice: bool = False
    merge_cures: bool = False


#: the fix of what a merge left; `heal` knows by it which rules need another word where that was tried in vain
RENUMBER = "drizzle-guard renumber"


class Rule(NamedTuple):
    """A rule: `summary` is one line, `why` and `repair` are for `explain`, `fix` is `repair` in a few words.

    A rule of severity `warning` is advice: its findings never fail.  `fatal` is what its findings are unless told.
    `published_fix` is said instead of `fix` of what stands the same on the mainline ("": the same), `by_hand` where
    `fix` is to renumber, and that was tried in vain.
    """

    code: str
    name: str
    summary: str
    why: str
    repair: str
    fix: str
    severity: Severity = "error"
    fatal: bool = False
    published_fix: str = ""
    by_hand: str = ""

    def at(
        self,
        path: str,
        message: str,
        *,
        fix: str | None = None,
        line: int | None = None,
        entries: tuple[int, ...] = (),
        files: tuple[str, ...] = (),
        mild: bool = False,
        fatal: bool | None = None,
    ) -> Finding:
        """A finding of this rule."""
        fix, fatal = self.fix if fix is None else fix, self.fatal if fatal is None else fatal
        return Finding(self, path, message, fix, line, entries, files, mild, fatal)


class Snapshot(NamedTuple):
    """What the rules need of one snapshot, so that the rest of it need not stay in memory.

    `line` is where `prevId` stands (from 1); `version` and `dialect` are as written ("7", "pg").
    """

    id: str
    prev: str
    version: str
    dialect: str
    line: int


class Lost(NamedTuple):
    """A table, or a column of one, that a snapshot lacks and the one before it has; `again`: the next one has it."""

    table: str
    column: str  # "": the whole table
    again: bool = False


class MainlineFolder(NamedTuple):
    """The migrations that count as published: the mainline's tip, and where the branch left it (None: not known)."""

    name: str
    tip: Folder
    base: Folder | None = None

    @property
    def versions(self) -> tuple[Folder, ...]:
        return (self.tip,) if self.base is None else (self.tip, self.base)


class Git(NamedTuple):
    """What git's index has of a folder: its paths, and the tags in the journal there."""

    paths: frozenset[str]
    tags: frozenset[str]


class Subject(NamedTuple):
    """A migration folder as the rules see it.

    `history` was read tolerantly: its journal may break every rule.  `snapshots` are those that could be read, by
    their path inside the folder, in the order of their names.  `now` is the time in ms since the epoch.
    `allowed` holds (tag, path) of edits that `drizzle-guard.toml` allows, or that mend the mainline's folder; `lost`
    what each snapshot lacks of the one before it; `git` what git has of the folder (None: not known).  `runner` is the
    program that runs the files by their names, whatever the journal says ("": Drizzle's migrator runs them).
    `stands` are the positions of the published entries, if they are worked out already.
    """

    history: Folder
    snapshots: Mapping[str, Snapshot]
    now: int
    mainline: MainlineFolder | None = None
    allowed: frozenset[tuple[str, str]] = frozenset()
    lost: Mapping[str, tuple[Lost, ...]] = {}
    git: Git | None = None
    runner: str = ""
    stands: frozenset[int] | None = None

    def tag(self, position: int) -> str:
        """The tag of an entry, fit for a message."""
        return printable(self.history.entries[position].tag)


def same_file(left: Blob | None, right: Blob | None) -> bool:
    """Whether two files hold the same bytes (both absent: yes); the mode does not count."""
    if left is right or left is None or right is None:
        return left is right
    if len(left.id) == len(right.id):
        return left.id == right.id
    return left.data == right.data  # a repository with SHA-256 names


def shown_when(when: int) -> str:
    """A `when` (ms since the epoch) as a number and a date."""
    from datetime import datetime, timezone

    try:
        date = datetime.fromtimestamp(when / 1000, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return str(when)
    return f"{when} ({date:%Y-%m-%d %H:%M:%S} UTC)"
