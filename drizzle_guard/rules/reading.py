"""Reads a journal or a snapshot as tolerantly as `JSON.parse` does, and says what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from drizzle_guard.drizzle import journal as journals
from drizzle_guard.drizzle.folder import REGULAR, Blob
from drizzle_guard.drizzle.journal import Entry, Journal
from drizzle_guard.drizzle.json_text import Number, Style, as_int, parse
from drizzle_guard.drizzle.shape import faults
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.light import Any, pattern
from drizzle_guard.rules.model import Finding, Rule, Snapshot

DUPLICATE_KEY = Rule(
    "DG004",
    "duplicate-key",
    "A key stands twice in one JSON object.",
    "`merge=union` in .gitattributes, or both sides of a conflict kept by hand, make journal entries with two `tag` "
    "and two `when`. JSON.parse keeps the last of each, so one migration vanishes from the journal: it never runs "
    "anywhere, and neither git nor `drizzle-kit check` says a word.",
    "Make two entries of it again: `drizzle-guard renumber` after `git merge` does; by hand, give the migration that "
    "is not yet published the next idx, a later `when` and its own snapshot. Then take `merge=union` out of "
    ".gitattributes (`drizzle-guard install` puts the merge driver there instead).",
    "make two entries of it again, the unpublished one last; remove merge=union from .gitattributes",
)
BROKEN_JOURNAL = Rule(
    "DG005",
    "broken-journal",
    "The journal is not a sound Drizzle journal.",
    "The migrator reads meta/_journal.json with JSON.parse and takes `tag` and `when` of each entry; drizzle-kit "
    "also takes `idx`. If it cannot be read, every deploy and every drizzle-kit command stops; an entry without a "
    "number in `when` is skipped or runs again.",
    "Bring the journal back from git (`git log -p -- <journal>` shows the last good one) and add the missing entries "
    "with `drizzle-guard renumber`.",
    "restore the journal from a commit in which it was sound",
    fatal=True,
)
CONFLICT_MARKERS = Rule(
    "DG013",
    "conflict-markers",
    "A file still has git's conflict markers.",
    "A journal or snapshot with markers is no JSON: every drizzle-kit command fails (`generate` even with exit code "
    "0). SQL with markers fails at the deploy, on some databases after the statements before them have run.",
    "Resolve the conflict. For the journal and snapshots `drizzle-guard renumber` does it, also after the fact; in "
    "SQL keep the published text as it is.",
    "drizzle-guard renumber",
    by_hand="resolve the conflict by hand",
    fatal=True,
)
UNREADABLE = Rule(
    "DG016",
    "unreadable-file",
    "A file cannot be read, or is not UTF-8.",
    "The migrator reads every SQL file of the journal before it runs the first: one that cannot be opened stops the "
    "whole deploy. Bytes that are not UTF-8 reach the database as replacement characters, and the stored hash is "
    "that of the replaced text.",
    "Give the file read permission, or save it as UTF-8 (if it is published, see `drizzle-guard explain DG031`).",
    "make the file readable, as UTF-8",
)
SYMLINK = Rule(
    "DG017",
    "symlink",
    "A file of the folder is a symbolic link or no regular file.",
    "git stores only where a link points, so the migration behind it can change with no commit to this folder, and "
    "on Windows it becomes a text file with a path in it. drizzle-guard does not follow links.",
    'Put the file itself into the folder: `cp --remove-destination "$(readlink -f FILE)" FILE`.',
    "replace the link by the file",
)
BROKEN_SNAPSHOT = Rule(
    "DG022",
    "broken-snapshot",
    "A snapshot is not JSON, has no id and prevId, or is malformed to drizzle-kit.",
    "drizzle-kit reads and validates all snapshots in meta/ before `generate` and `check`: one bad file stops both "
    "(`generate` with exit code 0). A key too many or too few is enough, as in snapshots that were written by hand.",
    "Restore it from git, or let `drizzle-guard check --fix` put in the collection that is missing. If it was never "
    "committed, delete it with its migration and generate that again.",
    "restore the snapshot from a commit in which it was sound, or generate its migration again",
    fatal=True,
)

_MARKER = pattern(rb"^(?:<{7,} |>{7,} )", re.MULTILINE)
_PREV = pattern(rb'"prevId"\s*:\s*"')
_TOKEN = pattern(r'"(?:[^"\\]|\\.)*"|[{}\[\]\n]')


def load(blob: Blob, path: str) -> bytes | Finding:
    """The bytes of a file, or what keeps drizzle-guard from reading it."""
    try:
        return blob.data
    except GuardError as error:
        if blob.mode not in REGULAR:
            return SYMLINK.at(blob.name or path, error.message, files=(path,))
        return UNREADABLE.at(blob.name or path, error.message, files=(path,))
    except OSError as error:
        message = f"{printable(blob.name or path)} cannot be read: {error.strerror or error}."
        return UNREADABLE.at(blob.name or path, message, files=(path,))


def marker_line(data: bytes) -> int | None:
    """The line (from 1) of the first conflict marker."""
    found = _MARKER.search(data)
    return None if found is None else data.count(b"\n", 0, found.start()) + 1


def markers(data: bytes, name: str, path: str) -> Iterator[Finding]:
    """Conflict markers in a file: `name` as messages call it, `path` inside the folder."""
    line = marker_line(data)
    if line is not None:
        yield CONFLICT_MARKERS.at(name, f"{printable(path)} has conflict markers.", line=line, files=(path,))


def read_journal(data: bytes, name: str) -> tuple[Journal | None, list[Finding]]:
    """A journal of which every rule may be broken, with what is wrong in it; None if it cannot be read at all."""
    value, twice, findings = _read(data, name, journals.PATH, BROKEN_JOURNAL)
    if findings:
        return None, findings
    if not isinstance(value, dict) or not isinstance(value.get("entries"), list):
        message = "the journal has no list `entries`."
        return None, [BROKEN_JOURNAL.at(name, message, files=(journals.PATH,))]
    entries = []
    for position, raw in enumerate(value["entries"]):
        entry = _entry(raw)
        entries.append(entry)
        if isinstance(raw, dict) and id(raw) in twice:
            findings.append(_merged_entry(twice.pop(id(raw)), position, entry, name))
        missing = [key for key in ("tag", "idx", "when") if getattr(entry, key) in (None, "")]
        if missing:
            keys = " and no ".join({"tag": "tag", "idx": "integer idx", "when": "integer `when`"}[k] for k in missing)
            shown = f" ({printable(entry.tag)})" if entry.tag else ""
            findings.append(
                BROKEN_JOURNAL.at(name, f"entry {position}{shown} of the journal has no {keys}.", entries=(position,))
            )
    findings += _elsewhere(twice, name, journals.PATH)
    return Journal(value, tuple(entries), Style()), findings


def read_snapshot(data: bytes, name: str, path: str) -> tuple[Snapshot | None, Any, list[Finding]]:
    """The facts of one snapshot (None if it cannot be read), its JSON, and what is wrong in it."""
    value, twice, findings = _read(data, name, path, BROKEN_SNAPSHOT)
    findings += _elsewhere(twice, name, path)
    if value is None and findings:
        return None, None, findings
    own, prev = (value.get("id"), value.get("prevId")) if isinstance(value, dict) else (None, None)
    if not isinstance(own, str) or not isinstance(prev, str):
        missing = f"{printable(path)} has no {'prevId' if isinstance(own, str) else 'id'}."
        return None, None, [*findings, BROKEN_SNAPSHOT.at(name, missing, files=(path,))]
    found = _PREV.search(data)
    line = 1 if found is None else data.count(b"\n", 0, found.start()) + 1
    version, dialect = value.get("version"), value.get("dialect")
    return Snapshot(own, prev, str(version or ""), str(dialect or ""), line), value, findings


_FAULTS = {
    "lacks": "has no {}",
    "unknown": "has {}, which drizzle-kit does not know",
    "wrong": "has a wrong value in {}",
}


def malformed_snapshot(body: Any, name: str, path: str, sound: Any = None) -> Iterator[Finding]:
    """What makes drizzle-kit call a snapshot malformed: the first fault, and how many more there are.

    `sound` is the JSON of one without a fault: what is as there is not looked at again.
    """
    found = list(faults(body, sound))
    if found:
        where = printable("/".join(found[0].path))
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        message = f"{printable(path)} {_FAULTS[found[0].kind].format(where)}{more}: drizzle-kit calls it malformed."
        yield BROKEN_SNAPSHOT.at(name, message, files=(path,))


def json_faults(data: bytes, name: str, path: str) -> list[Finding]:
    """What keeps a snapshot of Drizzle v1 from being read."""
    _, twice, findings = _read(data, name, path, BROKEN_SNAPSHOT)
    return [*findings, *_elsewhere(twice, name, path)]


def entry_lines(text: str) -> list[int]:
    """The line (from 1) on which each entry of a journal begins."""
    lines: list[int] = []
    depth, line, key, last = 0, 1, "", ""
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token == "\n":
            line += 1
        elif token in "{[":
            if depth == 1:
                key = last
            if depth == 2 and key == '"entries"':
                lines.append(line)
            depth += 1
        elif token in "}]":
            depth -= 1
        else:
            last = token
    return lines


_Twice = dict[int, list[tuple[str, Any]]]


def _read(data: bytes, name: str, path: str, broken: Rule) -> tuple[Any, _Twice, list[Finding]]:
    """The value, the objects in which a key stands twice (by id), and what keeps it from being read."""
    twice: _Twice = {}
    try:
        return parse(data, name), twice, []
    except GuardError as error:
        found = list(markers(data, name, path))
        if found:
            return None, {}, found
        message = error.message

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(items)
        if len(value) != len(items):
            twice[id(value)] = items
            kept.append(value)  # so that no other object gets its id
        return value

    kept: list[Any] = []
    line = None
    try:
        value = json.loads(data.decode("utf-8-sig"), object_pairs_hook=pairs, parse_int=Number, parse_float=Number)
        if twice:
            return value, twice, []
    except json.JSONDecodeError as error:
        line = error.lineno
    except (ValueError, RecursionError):
        pass
    return None, {}, [broken.at(name, message, line=line, files=(path,))]


def _entry(raw: Any) -> Entry:
    if not isinstance(raw, dict):
        return Entry({}, "", None, None)
    tag = raw.get("tag")
    return Entry(raw, tag if isinstance(tag, str) else "", as_int(raw.get("idx")), as_int(raw.get("when")))


def _merged_entry(items: list[tuple[str, Any]], position: int, entry: Entry, name: str) -> Finding:
    lost = [str(value) for key, value in items if key == "tag"][:-1]
    if lost:
        tags = " and ".join(printable(tag) for tag in lost)
        message = f"two entries were merged into one, {printable(entry.tag)}: {tags} is lost and will never run."
    else:
        message = f'entry {position} ({printable(entry.tag)}) has the key "{_doubled(items)}" twice.'
    return DUPLICATE_KEY.at(name, message, entries=(position,))


def _elsewhere(twice: _Twice, name: str, path: str) -> Iterator[Finding]:
    if twice:
        key = _doubled(next(iter(twice.values())))
        yield DUPLICATE_KEY.at(name, f'the key "{key}" stands twice in one object of {printable(path)}.', files=(path,))


def _doubled(items: list[tuple[str, Any]]) -> str:
    keys = [key for key, _ in items]
    return printable(next(key for key in keys if keys.count(key) > 1))
