"""A file with conflict markers as the two versions that met in it: git's styles, and those of jj."""

from __future__ import annotations

from drizzle_guard.light import NamedTuple, pattern

_START = pattern(rb"<{7,}(?: |\r?$)")
_END = pattern(rb">{7,}(?: |\r?$)")
_BASE = pattern(rb"\|{7,}(?: |\r?$)")
_MIDDLE = pattern(rb"={7,}\r?$")
#: jj: a diff from the base to a side, a side as it is, the base as it is
_DIFF = pattern(rb"%{7,}(?: |\r?$)")
_SIDE = pattern(rb"\+{7,}(?: |\r?$)")
_OLD = pattern(rb"-{7,}(?: |\r?$)")


class Halves(NamedTuple):
    """The two versions of a file: the one above and the one below in each conflict."""

    ours: bytes
    theirs: bytes


def split_conflict(data: bytes) -> Halves | None:
    """The two versions of a file with conflict markers; None if it has none, or they are not understood."""
    ours: list[bytes] = []
    theirs: list[bytes] = []
    sides: list[list[bytes]] = []
    inside, kind, found = False, "", False
    for line in data.split(b"\n"):
        if not inside:
            if _START.match(line):
                inside, kind, sides, found = True, "side", [[]], True
            else:
                ours.append(line)
                theirs.append(line)
        elif _END.match(line):
            if len(sides) == 3 and not sides[0]:
                sides = sides[1:]  # jj writes a marker of its own below the first
            if len(sides) != 2:
                return None
            ours += sides[0]
            theirs += sides[1]
            inside = False
        elif _START.match(line):
            return None  # a conflict in a conflict
        elif _BASE.match(line) or _OLD.match(line):
            kind = "old"
        elif _DIFF.match(line):
            kind = "diff"
            sides.append([])
        elif _MIDDLE.match(line) or _SIDE.match(line):
            kind = "side"
            sides.append([])
        elif kind == "side":
            sides[-1].append(line)
        elif kind == "diff" and line[:1] in (b" ", b"+"):
            sides[-1].append(line[1:])
    if inside or not found:
        return None
    return Halves(b"\n".join(ours), b"\n".join(theirs))
