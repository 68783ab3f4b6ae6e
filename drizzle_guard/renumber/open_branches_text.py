"""Shows open branches as text for people, as Markdown with a diagram, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from drizzle_guard.errors import printable
from drizzle_guard.renumber.one_branch_text import escaped, label, refused
from drizzle_guard.renumber.open_branches import FolderOverview, OpenBranch, moved
from drizzle_guard.replay.plan import Refusal
from drizzle_guard.replay.rivals import Rivalry


def as_text(overviews: Sequence[FolderOverview]) -> str:
    """The overview for a terminal."""
    if not overviews:
        return "neither the mainline nor an open branch has a migration folder"
    return "\n\n".join("\n".join(_text(overview)) for overview in overviews)


def _text(overview: FolderOverview) -> list[str]:
    lines = [_heading(overview)]
    width = max((len(printable(found.branch.name)) for found in overview.branches), default=0)
    for found in overview.branches:
        lines += ["", f"  {printable(found.branch.name).ljust(width)}  {_parted(found, overview.mainline)}"]
        lines += [f"    {line}" for line in _fate(found, overview.v1)]
    rivals = _rival_lines(overview)
    return [*lines, *([""] if rivals else []), *rivals, *_unread(overview)]


def _heading(overview: FolderOverview) -> str:
    count, main = len(overview.branches), printable(overview.mainline)
    what = "1 open branch has" if count == 1 else f"{count or 'no'} open branches have"
    return f"{printable(overview.folder) or '.'}: {what} migrations that {main} does not have"


def _parted(found: OpenBranch, mainline: str) -> str:
    own, gone = len(found.parting.branch), len(found.parting.off_branch)
    since = f" since {printable(found.parting.common[-1].tag)}" if found.parting.common else ""
    new = len(found.parting.mainline)
    behind = f"; {printable(mainline)} has {new} more" if new else ""
    deleted = f", {gone} deleted" if gone else ""
    return f"{own} migration{'' if own == 1 else 's'}{deleted}{since}{behind}"


def _fate(found: OpenBranch, v1: bool) -> list[str]:
    if isinstance(found.outcome, Refusal):
        return [refused(found.outcome, v1=v1, is_merged=found.is_merged)]
    moves = [f"{printable(old)} -> {printable(new)}" for old, new in moved(found)]
    return moves or ["nothing collides"]


def _rival_lines(overview: FolderOverview) -> list[str]:
    return [_rival(rivalry, overview.v1) for rivalry in overview.rivals]


def _rival(rivalry: Rivalry, v1: bool) -> str:
    first, second, refusal = printable(rivalry.first), printable(rivalry.second), rivalry.refusal
    tags = [f"{printable(tag)} ({name})" for tag, name in ((refusal.own, second), (refusal.other, first)) if tag]
    why = f"{' and '.join(tags)}: {refusal.reason}" if tags else refusal.reason
    if v1:
        order = "in either order" if rivalry.either_way else f"with {second} behind"
        return f"{first} and {second} are not known to be right {order}: {why}."
    if rivalry.either_way:
        return f"{first} and {second}: whichever lands second will be refused: {why}."
    return f"{second} will be refused if {first} lands first, not the other way round: {why}."


def _unread(overview: FolderOverview) -> list[str]:
    lines = [f"not looked at: {printable(u.branch.name)}: {printable(u.reason)}." for u in overview.unread]
    return ["", *lines] if lines else []


def as_mermaid(overviews: Sequence[FolderOverview]) -> str:
    """The overview as Markdown: a `gitGraph` in a fence, the notes below it."""
    return "\n\n".join("\n".join(_markdown(overview)) for overview in overviews)


def _markdown(overview: FolderOverview) -> list[str]:
    setting = json.dumps({"gitGraph": {"mainBranchName": label(overview.mainline)}})
    lines = [f"**`{label(overview.folder) or '.'}`**", "", "```mermaid", f"%%{{init: {setting}}}%%", "gitGraph"]
    at: dict[str, list[OpenBranch]] = {}
    row: dict[str, None] = {}  # the mainline's tags from the first parting on, in order
    for found in sorted(overview.branches, key=lambda found: len(found.parting.common)):
        tag = found.parting.common[-1].tag if found.parting.common else ""
        at.setdefault(tag, []).append(found)
        row.update(dict.fromkeys((tag, *(m.tag for m in found.parting.mainline))))
    for tag in row:
        lines.append(f'  commit id: "{label(tag) or "empty"}"')
        for found in at.get(tag, ()):
            lines += _branch(found, overview.mainline)
    lines.append("```")
    notes = [f"{found.branch.name}: {line}" for found in overview.branches for line in _fate(found, overview.v1)]
    notes += _rival_lines(overview) + [line for line in _unread(overview) if line]
    return [*lines, "", *(f"- {escaped(note)}" for note in notes)] if notes else lines


def _branch(found: OpenBranch, mainline: str) -> list[str]:
    name, new = label(found.branch.name), dict(moved(found))
    lines = [f'  branch "{name}"']
    for migration in found.parting.branch:
        fate = ""
        if isinstance(found.outcome, Refusal) and migration.tag == found.outcome.own:
            fate = ' type: REVERSE tag: "refused"'
        elif migration.tag in new:
            fate = f' tag: "becomes {label(new[migration.tag])}"'
        # an id may stand only once in a graph
        lines.append(f'  commit id: "{label(migration.tag)} ({name})"{fate}')
    return [*lines, f'  checkout "{label(mainline)}"']


def as_json(overviews: Sequence[FolderOverview]) -> str:
    """A list with one object a folder; keys as in the models of this function."""
    return json.dumps([_document(overview) for overview in overviews], indent=2)


def _document(overview: FolderOverview) -> dict[str, object]:
    """Keys: folder, mainline; branches (name, commit, parted_after, on_branch, deleted, collisions, moves, refused);
    rivals (first, second, either_way, reason, tags); not_looked_at (name, reason)."""
    return {
        "folder": overview.folder,
        "mainline": overview.mainline,
        "branches": [
            {
                "name": found.branch.name,
                "commit": found.branch.commit,
                "parted_after": found.parting.common[-1].tag if found.parting.common else None,
                "on_branch": [m.tag for m in found.parting.branch],
                "deleted": [m.tag for m in found.parting.off_branch],
                "collisions": [
                    {"branch": c.own.tag, "mainline": c.other.tag, "what": c.what} for c in found.collisions
                ],
                "moves": [{"old": old, "new": new} for old, new in moved(found)],
                "refused": found.outcome.sentence if isinstance(found.outcome, Refusal) else None,
            }
            for found in overview.branches
        ],
        "rivals": [
            {
                "first": rivalry.first,
                "second": rivalry.second,
                "either_way": rivalry.either_way,
                "reason": rivalry.refusal.reason,
                "tags": [rivalry.refusal.other, rivalry.refusal.own],
            }
            for rivalry in overview.rivals
        ],
        "not_looked_at": [{"name": u.branch.name, "reason": u.reason} for u in overview.unread],
    }
