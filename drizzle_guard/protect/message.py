"""What `protect` tells a person: the file, what changed, since when it stands, what to do instead, how to allow it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from typing import Literal

from drizzle_guard.drizzle.folder import join
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.drizzle.line_ends import ATTRIBUTE, kept_as_it_is
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.mainline import CONFIG_KEY, find_mainline, likely_name
from drizzle_guard.git.repository import Repository
from drizzle_guard.protect.compare import Only
from drizzle_guard.protect.judge import PROTECT_KEY, Scope, Violation, subject_of
from drizzle_guard.terminal import annotation

_SHOWN = 10  # migrations that are listed

_SKIPS = "Its number and `when` say what ran where; with others it would be skipped, or run twice."
_WHY = {
    "sql": "Where it ran, the new text never runs; where it did not, it does: databases drift apart.",
    "snapshot": "The next `drizzle-kit generate` compares with it and would repeat or lose what it says.",
    "entry": _SKIPS,
    "file": "A committed migration is a plain file, and stays one.",
    "deleted": (
        "Every new database would lack it; where it ran, what it did stays (`drizzle-kit drop` only forgets it), "
        "and git revert undoes nothing there."
    ),
    "journal": "drizzle-kit and drizzle-orm stop without it, and a new one would forget what ran.",
    "renamed": "Its name says what ran where; under another one it is another migration.",
    "renumbered": _SKIPS,
    "order": "Drizzle runs the journal from top to bottom, and skips what comes late.",
    "unreadable": "As long as that is so, nothing can be run.",
}
_INSTEAD = {
    "sql": "Instead, put the change into a new migration: npx drizzle-kit generate --custom",
    "deleted": "Instead, write a new migration that reverses it: npx drizzle-kit generate --custom",
    "snapshot": "Instead, change the schema and let drizzle-kit write a new one: npx drizzle-kit generate",
}


def explain(
    repository: Repository, found: Sequence[Violation], scope: Scope, command: Literal["commit", "push"] | None
) -> GuardError:
    """The whole message; `command` is the one of git's that is stopped (None: a range is looked at)."""
    count = len({(f.folder, f.change.tag) for f in found})
    what = "a committed migration" if count == 1 else f"{count} committed migrations"
    in_index = found[0].candidate.commit is None
    lines: list[str] = []
    for violation in found[:_SHOWN]:
        lines.append(f"{_sentence(violation)}{_where(repository, violation)}")
    if len(found) > _SHOWN:
        lines.append(f"... and {len(found) - _SHOWN} more")
    lines += dict.fromkeys(_WHY[f.change.kind] for f in found)
    lines += _instead(repository, found, scope)
    lines += _not_published(repository, found, scope, command)
    lines += _allow(found)
    verdict = "this commit changes" if in_index else "these commits change"
    return GuardError(f"{verdict} {what}; committed migrations stay as they are.", *lines)


def _not_published(
    repository: Repository, found: Sequence[Violation], scope: Scope, command: str | None
) -> Iterator[str]:
    """Say which of the migrations are the branch's own, that nobody else can have run, and the two ways for those."""
    own = list(dict.fromkeys(f.change.tag for f in found if not f.change.published))
    if not own or scope.mainline is None:
        return
    try:
        mainline = find_mainline(repository)
    except GuardError:
        mainline = None
    name = "the mainline" if mainline is None else printable(mainline.name)
    tags = ", ".join(printable(tag) for tag in own[:_SHOWN])
    yield f"Not on {name} yet: {tags}. If nobody else has run that, it may change:"
    yield '  for the team, in drizzle-guard.toml: protect = "published"'
    if command is not None:
        yield f"  for this once: git -c {PROTECT_KEY}=published {command}"


def github_annotations(found: Sequence[Violation]) -> Iterator[str]:
    """GitHub annotations, one a violation."""
    for violation in found:
        text = f"{_sentence(violation)} {_WHY[violation.change.kind]}"
        yield annotation("error", text, file=violation.path, title="drizzle-guard protect")


def _sentence(violation: Violation) -> str:
    change, origin = violation.change, violation.origin
    if change.kind == "unreadable":
        return change.what
    of = f" ({printable(change.tag)})" if change.path == PATH and change.kind != "journal" else ""
    since = f"; it stands since {origin.short} ({origin.day}, {printable(origin.subject)})" if origin else ""
    return f"{printable(violation.path)}{of}: {change.what}{since}."


def _where(repository: Repository, violation: Violation) -> str:
    candidate = violation.candidate
    if candidate.commit is None:
        return ""
    return f" Changed in {subject_of(repository, candidate.commit)}."


def _instead(repository: Repository, found: Sequence[Violation], scope: Scope) -> Iterator[str]:
    kinds = {f.change.kind for f in found}
    head = repository.commit("HEAD")
    if found[0].candidate.commit is None:
        yield from _bring_back(found, head)
    yield from (text for kind, text in _INSTEAD.items() if kind in kinds)
    if any(f.change.kind == "renumbered" and not f.change.published for f in found):
        yield "Instead, let everything follow the number: drizzle-guard renumber"
    yield from dict.fromkeys(_attribute(f) for f in found if f.change.only is Only.LINE_ENDS)
    if "renumbered" in kinds and scope.mainline is None:
        name = likely_name(repository)
        yield f"No mainline is known, so all count as published; name it: git config {CONFIG_KEY} {name}"
    if found[0].candidate.commit is None and any(f.origin is not None and f.origin.commit == head for f in found):
        undo = {0: "git update-ref -d HEAD", 1: "git reset --soft HEAD^"}.get(len(repository.parents(head or "HEAD")))
        if undo:
            yield "To amend the commit that added it (git does not tell a hook), take that back first:"
            yield f"  {undo}"
            if os.path.basename(os.environ.get("GIT_INDEX_FILE", "index")) != "index":
                # `git commit -a`, or with paths: git stages into an index of that commit alone, and drops it
                paths = " ".join(dict.fromkeys(shlex.quote(f.path) for f in found))
                yield f"  git add -- {printable(paths)}"
            yield "  git commit"


def _attribute(violation: Violation) -> str:
    """The line that keeps a file's line ends: what all SQL should have, or what this file was committed with."""
    was = violation.change.was
    line = kept_as_it_is(violation.path) if was is not None and b"\r" in was.data else ATTRIBUTE
    return f"Keep its line ends: `{printable(line)}` in .gitattributes."


def _bring_back(found: Sequence[Violation], head: str | None) -> Iterator[str]:
    """The commands that show or restore what stood in each parent."""
    files: dict[str, list[str]] = {}
    journals: dict[str, list[str]] = {}
    for violation in found:
        change, parent = violation.change, "HEAD" if violation.parent == head else violation.parent[:10]
        if change.was is not None and change.kind in ("sql", "snapshot", "file", "journal", "deleted", "renamed"):
            path = violation.path if change.path != PATH else change.was.name
            files.setdefault(parent, []).append(path)
        if change.kind == "journal":
            continue
        if change.path == PATH or change.kind in ("deleted", "renamed", "renumbered"):
            journals.setdefault(parent, []).append(join(violation.folder, PATH))
    for parent, paths in files.items():
        shown = " ".join(shlex.quote(path) for path in dict.fromkeys(paths[:_SHOWN]))
        yield f"Bring it back: git checkout {parent} -- {printable(shown)}"
    for parent, paths in journals.items():
        for path in dict.fromkeys(paths):
            yield f"Its entry as it stands: git show {printable(shlex.quote(f'{parent}:{path}'))}"


def _allow(found: Sequence[Violation]) -> Iterator[str]:
    shown = list({(f.change.tag, f.sha256): f for f in found if f.sha256 is not None}.values())[:3]
    if shown:
        yield "To allow it on purpose, add this to drizzle-guard.toml, commit both, and have it reviewed like code:"
    for violation in shown:
        yield "  [[allow]]"
        yield f"  tag = {_toml(violation.change.tag)}"
        yield f'  sha256 = "{violation.sha256}"'
        yield '  reason = "why no database minds"'


def _toml(text: str) -> str:
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
