"""Rules about the entries of the journal: their idx, tag and `when`."""

from __future__ import annotations

from collections.abc import Iterator

from drizzle_guard.rules.model import Finding, Rule, Subject, shown_when

CLOCK_SKEW = 10 * 60 * 1000  # ms that another machine's clock may be ahead

DUPLICATE_IDX = Rule(
    "DG001",
    "duplicate-idx",
    "Two journal entries have the same idx.",
    "Two branches each generated a migration with the same number, and a merge kept both. drizzle-kit takes the last "
    "entry's idx + 1 for the next one, so the numbers stay wrong; on expo, op-sqlite and durable-sqlite the SQL is "
    "looked up by idx, so one of the two runs twice and the other never. `drizzle-kit check` says that all is fine.",
    "Give the unpublished one the next number, with its file, its snapshot and a later `when`: `drizzle-guard "
    "renumber`.",
    "drizzle-guard renumber",
    by_hand="give one of the two an idx, file name and snapshot of the next number by hand",
)
DUPLICATE_TAG = Rule(
    "DG002",
    "duplicate-tag",
    "Two journal entries have the same tag.",
    "The tag names the SQL file, so the same file stands twice in the row: on a new database it runs twice and the "
    "second run fails on what the first created.",
    "Delete the second entry. If there were two migrations of the same name, bring the lost file back from git under "
    "a new number: `drizzle-kit generate --custom --name NAME` and paste its SQL.",
    "delete the second entry from the journal",
)
IDX_GAP = Rule(
    "DG003",
    "idx-gap",
    "The idx of an entry is not the one before it plus 1.",
    "drizzle-kit takes the last entry's idx + 1 for the next file name: a number that falls back makes it give a "
    "number that is taken, and `generate` then overwrites that snapshot in place. A gap in old entries does no harm.",
    "Leave gaps in published migrations as they are. Renumber your own with `drizzle-guard renumber`.",
    "drizzle-guard renumber",
    by_hand="leave it: a gap in published entries does no harm",
)
WHEN_NOT_RISING = Rule(
    "DG006",
    "when-not-rising",
    "The `when` of an entry is not above that of every entry before it.",
    "The migrator reads the largest created_at from the database once and runs the entries whose `when` is larger. "
    "Where an earlier entry with a later `when` has run, this one is skipped: no error, exit code 0, not recorded. A "
    "new database (CI) runs everything in order and does not show it.",
    "Your own migration: `drizzle-guard renumber` gives it a `when` above all others. A published one: do not touch "
    "it (where it ran, it would run again); see with `drizzle-guard status` which databases skipped it, and run it "
    "there with `drizzle-guard apply`.",
    "drizzle-guard renumber",
    published_fix="published: leave it; drizzle-guard status --url URL says whether a database skipped it",
    by_hand="leave it if it is published; drizzle-guard status --url URL says whether a database skipped it",
)
WHEN_IN_FUTURE = Rule(
    "DG007",
    "when-in-future",
    "The `when` of an entry lies in the future.",
    "Once it has run, its `when` is the mark that later migrations must pass: everything generated until that moment "
    "is silently skipped. It comes from a wrong clock or a number rounded up by hand.",
    "Not published yet: set `when` to now, or to one second after the entry before. Published: leave it, and let "
    "`drizzle-guard renumber` give the next migrations a `when` above it.",
    "set `when` to now, unless it has run anywhere",
    published_fix="published: leave it; your next migrations get a `when` above it: drizzle-guard renumber",
)
SAME_SECOND = Rule(
    "DG008",
    "same-second",
    "Two migrations of the same second sort by name, against their order.",
    "Drizzle v1 sorts folders `<second>_<name>` by name. `drizzle-kit up` of v1 makes them from `when` cut to "
    "seconds, so two of one second may change places, or fall together if they have one name.",
    "In the journal format, put a second between the `when` of unpublished migrations before you move to v1. In the "
    "v1 layout, give the later, unpublished folder the next second in its name.",
    "put a second between them, unless they are published",
    "warning",
    published_fix="published: nothing to do before v1",
)


def duplicate_idx(folder: Subject) -> Iterator[Finding]:
    """DG001: an idx that an earlier entry has."""
    first: dict[int, int] = {}
    for position, entry in enumerate(folder.history.entries):
        if entry.idx is None:
            continue
        earlier = first.setdefault(entry.idx, position)
        if earlier != position:
            message = f"{folder.tag(earlier)} and {folder.tag(position)} both have idx {entry.idx}."
            yield DUPLICATE_IDX.at(folder.history.journal_path, message, entries=(earlier, position))


def duplicate_tag(folder: Subject) -> Iterator[Finding]:
    """DG002: a tag that an earlier entry has."""
    first: dict[str, int] = {}
    for position, entry in enumerate(folder.history.entries):
        earlier = first.setdefault(entry.tag, position)
        if earlier != position and entry.tag:
            message = f"{folder.tag(position)} stands in the journal twice (entries {earlier} and {position})."
            yield DUPLICATE_TAG.at(folder.history.journal_path, message, entries=(earlier, position))


def idx_gap(folder: Subject) -> Iterator[Finding]:
    """DG003: an idx that is neither the next number (in a row in disorder that above all) nor a duplicate."""
    seen: set[int] = set()
    expected, last = 0, len(folder.history.entries) - 1
    for position, entry in enumerate(folder.history.entries):
        if entry.idx is None:
            expected += 1
            continue
        if entry.idx != expected and entry.idx not in seen:
            message = f"{folder.tag(position)} has idx {entry.idx}, {expected} is next."
            mild = entry.idx > expected or position < last
            yield IDX_GAP.at(folder.history.journal_path, message, entries=(position,), mild=mild)
        seen.add(entry.idx)
        expected = max(seen) + 1 if entry.idx + 1 in seen else entry.idx + 1


def when_not_rising(folder: Subject) -> Iterator[Finding]:
    """DG006: a `when` at or below the running maximum.  Mild if later entries are above it again."""
    found: list[tuple[int, int]] = []
    top: int | None = None
    entries = folder.history.entries
    for position, entry in enumerate(entries):
        if entry.when is None:
            continue
        highest = None if top is None else entries[top].when
        if top is not None and highest is not None and entry.when <= highest:
            found.append((position, top))
        else:
            top = position
    for position, top in found:
        late, early = entries[top].when, entries[position].when
        assert late is not None and early is not None
        than = "the same as" if late == early else "before"
        message = (
            f"{folder.tag(position)} has `when` {shown_when(early)}, {than} {folder.tag(top)} with {shown_when(late)}: "
            "where that one has run, this one is skipped."
        )
        mild = any(e.when is not None and e.when > late for e in entries[-1:])
        yield WHEN_NOT_RISING.at(folder.history.journal_path, message, entries=(top, position), mild=mild)


def when_in_future(folder: Subject) -> Iterator[Finding]:
    """DG007: a `when` after the present time, some minutes for clocks allowed."""
    for position, entry in enumerate(folder.history.entries):
        if entry.when is not None and entry.when > folder.now + CLOCK_SKEW:
            message = (
                f"{folder.tag(position)} has `when` {shown_when(entry.when)}, in the future: what is generated until "
                "then will be skipped where it has run."
            )
            yield WHEN_IN_FUTURE.at(folder.history.journal_path, message, entries=(position,))


def same_second(folder: Subject) -> Iterator[Finding]:
    """DG008: two entries of one second whose names sort the other way round (drizzle-kit 1.0.0-rc.5, up)."""
    entries = folder.history.entries
    for position in range(1, len(entries)):
        one, two = entries[position - 1], entries[position]
        if one.when is None or two.when is None or not one.when < two.when:
            continue
        if one.when // 1000 == two.when // 1000 and two.suffix <= one.suffix:
            first, later = folder.tag(position - 1), folder.tag(position)
            does = "take them for one" if one.suffix == two.suffix else f"put {later} first"
            message = f"{first} and {later} are of the same second: Drizzle v1 would {does}."
            yield SAME_SECOND.at(folder.history.journal_path, message, entries=(position - 1, position))
