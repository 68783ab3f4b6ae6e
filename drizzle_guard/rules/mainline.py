"""What is published, and the rules that compare a folder with the mainline's."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from drizzle_guard.drizzle.folder import Blob, Folder, join
from drizzle_guard.drizzle.journal import PATH, Entry, is_safe_tag, running_max, snapshot_path, sql_path, what_is_read
from drizzle_guard.drizzle.line_ends import with_lf
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.rules.model import Finding, MainlineFolder, Rule, Subject, same_file, shown_when

PUBLISHED_CHANGED = Rule(
    "DG031",
    "published-changed",
    "A migration that is on the mainline was changed here.",
    "It has run somewhere. There the edit does nothing: the hash is stored and never compared. On every new database "
    "it does something else, so the two no longer have the same schema. A changed `when` makes it run again or be "
    "skipped.",
    "Take the mainline's version back (`git checkout <mainline> -- <file>`) and put the change into a new migration: "
    "`drizzle-kit generate --custom`.",
    "take the mainline's version back, and put the change into a new migration",
)
PUBLISHED_MISSING = Rule(
    "DG032",
    "published-missing",
    "A migration that is on the mainline is missing here.",
    "Databases that ran it keep what it did, new ones never get it. Migrations that came after it may fail there.",
    "Bring it back (`git checkout <mainline> -- <folder>`, then `drizzle-guard renumber` for your own) and undo it "
    "in a new migration, if it should be undone.",
    "bring it back from the mainline, and undo it in a new migration if it should be undone",
)
NOT_AFTER_MAINLINE = Rule(
    "DG033",
    "not-after-mainline",
    "A migration of this branch does not come after all of the mainline's.",
    "The mainline's have run by the time this branch is deployed. One of your own that stands before them, or has a "
    "smaller `when`, is skipped there without a word; one with the same number collides at the merge.",
    "Bring the mainline in (`git merge` or `git rebase`; the merge driver of `drizzle-guard install` renumbers; in a "
    "clone that is not armed, `drizzle-guard renumber` and `git commit`) or, after the fact, `drizzle-guard renumber`.",
    "drizzle-guard renumber",
    by_hand="bring the mainline in, by a merge or rebase; then its own migrations come behind",
)


#: the rules about what a branch does to the mainline's migrations, or beside them: never "about published ones"
AGAINST_THE_MAINLINE = (PUBLISHED_CHANGED, PUBLISHED_MISSING, NOT_AFTER_MAINLINE)


def published_entries(
    history: Folder, mainline: MainlineFolder, allowed: Collection[tuple[str, str]] = ()
) -> frozenset[int]:
    """The positions of the entries that stand the same in the mainline (or stood, where the branch left it).

    One that is edited as (tag, path) of `allowed` says, on purpose or to mend it, is still the published one.
    """
    known: dict[str, list[Entry]] = {}
    left: Counter[str] = Counter()
    for version in mainline.versions:
        left |= Counter(entry.tag for entry in version.entries)
        for entry in version.entries:
            known.setdefault(entry.tag, []).append(entry)
    positions = set()
    for position, entry in enumerate(history.entries):
        if left[entry.tag] > 0 and ((entry.tag, PATH) in allowed or _is_one_of(entry, known[entry.tag])):
            left[entry.tag] -= 1
            positions.add(position)
    return frozenset(positions)


def _is_one_of(entry: Entry, known: Sequence[Entry]) -> bool:
    if any(entry is other for other in known):
        return True
    return what_is_read(entry) in map(what_is_read, known)


def _published(folder: Subject, mainline: MainlineFolder) -> frozenset[int]:
    return published_entries(folder.history, mainline, folder.allowed) if folder.stands is None else folder.stands


def is_published(
    finding: Finding,
    history: Folder,
    mainline: MainlineFolder,
    entries: frozenset[int],
    allowed: Collection[tuple[str, str]] = (),
) -> bool:
    """Whether all that a finding is about stands the same on the mainline, or as (tag, path) of `allowed` says.

    `entries` are the published positions.
    """
    if finding.rule in AGAINST_THE_MAINLINE:
        return False
    if not finding.entries and not finding.files:
        return False
    if not entries.issuperset(finding.entries):
        return False
    edited = {path for _, path in allowed}
    return all(path in edited or _stands(path, history, mainline) for path in finding.files)


def published_changed(folder: Subject) -> Iterator[Finding]:
    """DG031: an entry, SQL file or snapshot that differs from the mainline and from where the branch left it."""
    mainline = folder.mainline
    if mainline is None:
        return
    history = folder.history
    published, common = _published(folder, mainline), _common_tags(mainline)
    before = {entry.tag: entry for version in reversed(mainline.versions) for entry in version.entries}
    seen: set[str] = set()
    for position, entry in enumerate(history.entries):
        if entry.tag in seen or not (position in published or entry.tag in common):
            continue
        seen.add(entry.tag)
        if position not in published and (entry.tag, PATH) not in folder.allowed:
            message = f"the journal entry of {folder.tag(position)} is not as on {printable(mainline.name)}"
            message += f": {_difference(before[entry.tag], entry)}."
            fix = f"put the entry back as it is on {printable(mainline.name)}"
            yield PUBLISHED_CHANGED.at(history.journal_path, message, fix=fix, entries=(position,))
        if not is_safe_tag(entry.tag):
            continue
        for path in (sql_path(entry.tag), snapshot_path(entry.prefix)):
            blob = history.files.get(path)
            if blob is None or _stands(path, history, mainline) or (entry.tag, path) in folder.allowed:
                continue
            others = [other for version in mainline.versions if (other := version.files.get(path))]
            how = _how_changed(blob, others)
            if how is not None:
                name = join(history.name, path)
                message = f"{printable(path)} is not as on {printable(mainline.name)}{how}."
                shown = f"{shlex.quote(printable(mainline.name))} -- {shlex.quote(printable(name))}"
                fix = f"git checkout {shown}\nthen put the change into a new migration"
                yield PUBLISHED_CHANGED.at(name, message, fix=fix, entries=(position,), files=(path,))
    yield from _reordered(folder, mainline)


def published_missing(folder: Subject) -> Iterator[Finding]:
    """DG032: what the branch had where it left the mainline, the mainline still has, and the branch has no more."""
    mainline = folder.mainline
    if mainline is None or mainline.base is None:
        return
    here = {entry.tag for entry in folder.history.entries}
    on_tip = {entry.tag for entry in mainline.tip.entries}
    renamed = {entry.suffix: entry.tag for entry in folder.history.entries if entry.tag not in on_tip}
    for entry in mainline.base.entries:
        if entry.tag in here or entry.tag not in on_tip:
            continue
        as_new = renamed.get(entry.suffix)
        hint = f" ({printable(as_new)} seems to be the same under another number)" if as_new else ""
        message = f"{printable(entry.tag)} is on {printable(mainline.name)}, but missing here{hint}."
        yield PUBLISHED_MISSING.at(folder.history.journal_path, message)


def not_after_mainline(folder: Subject) -> Iterator[Finding]:
    """DG033: own entries before published ones, or not above those of the mainline that are not here yet."""
    mainline = folder.mainline
    if mainline is None:
        return
    entries = folder.history.entries
    published, common = _published(folder, mainline), _common_tags(mainline)
    own = [n for n, entry in enumerate(entries) if n not in published and entry.tag not in common]
    known = common | {entry.tag for n, entry in enumerate(entries) if n in published}
    unseen = [entry for entry in mainline.tip.entries if entry.tag not in known]
    idxs = [entry.idx for entry in unseen if entry.idx is not None]
    top_idx, top_when = max(idxs, default=-1), running_max(unseen)
    last = max(published, default=-1)
    for position in own:
        entry = entries[position]
        problems = []
        if position < last:
            problems.append(f"it stands before {folder.tag(last)}")
        if entry.idx is not None and entry.idx <= top_idx:
            problems.append(f"idx {entry.idx} is taken there")
        if entry.when is not None and top_when is not None and entry.when <= top_when:
            problems.append(f"its `when` {shown_when(entry.when)} is not after {shown_when(top_when)}")
        if problems:
            newer = f" (newest there: {printable(unseen[-1].tag)})" if unseen else ""
            what = f"{folder.tag(position)} does not come after {printable(mainline.name)}{newer}"
            fix = f"git merge {shlex.quote(printable(mainline.name))}" if unseen else None
            message = f"{what}: {' and '.join(problems)}."
            found = NOT_AFTER_MAINLINE.at(folder.history.journal_path, message, fix=fix, entries=(position,))
            yield found._replace(merge_cures=bool(unseen) and position > last)


def _common_tags(mainline: MainlineFolder) -> frozenset[str]:
    """The tags that both lines began with; where the branch left is not known, all of the mainline's."""
    start = mainline.tip if mainline.base is None else mainline.base
    return frozenset(entry.tag for entry in start.entries)


def _stands(path: str, history: Folder, mainline: MainlineFolder) -> bool:
    blob = history.files.get(path)
    return any(same_file(blob, version.files.get(path)) for version in mainline.versions)


def _how_changed(blob: Blob, others: list[Blob]) -> str | None:
    """What to say of a change; None if there is nothing to compare with, or git itself made the line ends here CRLF."""
    try:
        data, before = blob.data, [other.data for other in others]
    except (GuardError, OSError):
        return "" if others else None
    if data.replace(b"\r\n", b"\n") in before or not others:
        return None
    return " (only line ends differ)" if any(with_lf(data) == with_lf(old) for old in before) else ""


def _difference(was: Entry, now: Entry) -> str:
    before, here = what_is_read(was), what_is_read(now)
    keys = [key for key in before if before[key] != here[key]]
    parts = [f"{printable(key)} {_value(was, key)}, here {_value(now, key)}" for key in keys]
    return "; ".join(parts) if parts else "it stands there twice"


def _value(entry: Entry, key: str) -> str:
    return printable(str(entry.raw[key]))[:40] if key in entry.raw else "absent"


def _reordered(folder: Subject, mainline: MainlineFolder) -> Iterator[Finding]:
    """The first entry that stands in another order than on the mainline."""
    positions: dict[str, int] = {}
    for position, entry in enumerate(folder.history.entries):
        positions.setdefault(entry.tag, position)
    rest = [entry.tag for entry in mainline.tip.entries if entry.tag in positions]
    for before, after in pairwise(rest):
        if positions[before] > positions[after]:
            message = f"{printable(after)} stands before {printable(before)}, on {printable(mainline.name)} after it."
            fix = f"put the entries back in the order of {printable(mainline.name)}"
            at = (positions[before], positions[after])
            yield PUBLISHED_CHANGED.at(folder.history.journal_path, message, fix=fix, entries=at)
            return
