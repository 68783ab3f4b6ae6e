"""Which number a moved migration gets: drizzle-kit's prefix styles `index`, `timestamp` (`supabase`), `unix`, `none`.

drizzle-kit 0.31 takes the lexicographically last file of `meta/` as the present state, so a moved migration's prefix
must sort after its predecessor's, whatever the style.
"""

from __future__ import annotations

from collections.abc import Iterable

from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.light import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_MAX_INDEX_DIGITS = 6


def style_of_prefix(prefix: str) -> str:
    """`index`, `timestamp`, `unix`, `none`, or `other` for what drizzle-kit does not write."""
    if not prefix:
        return "none"
    if not (prefix.isascii() and prefix.isdigit()):
        return "other"
    return "timestamp" if len(prefix) == 14 else "unix" if len(prefix) >= 9 else "index"


class Prefixes:
    """The prefixes that are taken, in the journal's order: what the next one must come after."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._last = ""
        # the last file is not always the last entry's: somebody's `when` may be out of order
        self._highest = ""  # of the time prefixes
        self._number = -1  # the largest of the style `index`
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """One entry more, at the end."""
        self._last = entry.prefix
        style = style_of_prefix(entry.prefix)
        if style in ("timestamp", "unix"):
            self._highest = max(self._highest, entry.prefix)
        elif style == "index":
            self._number = max(self._number, int(entry.prefix))

    def next(self, own: Entry, *, idx: int, when: int) -> str:
        """The prefix of `own` when it comes after all of these with this idx and `when` (ms since the epoch)."""
        style = style_of_prefix(own.prefix)
        if style in ("timestamp", "unix") and own.prefix > max(self._last, self._highest):
            return own.prefix
        if style == "index" and self._highest:
            style = style_of_prefix(self._highest)
        if style == "timestamp":
            return max(utc_stamp(when), _after(self._highest))
        if style == "unix":
            return max(str(when // 1000), _after(self._highest))
        if style == "other":
            return own.prefix
        last = self._last
        width = len(last) if style_of_prefix(last) == "index" and len(last) <= _MAX_INDEX_DIGITS else 4
        return str(max(idx, self._number + 1)).zfill(width)


def _after(prefix: str) -> str:
    """The next prefix after a time prefix, in its style; "" for other styles."""
    from datetime import timedelta  # late: only time prefixes need it

    style = style_of_prefix(prefix)
    if style == "timestamp" and (time := _time(prefix)) is not None and time.year < 9999:
        return f"{time + timedelta(seconds=1):%Y%m%d%H%M%S}"
    return str(int(prefix) + 1) if style in ("timestamp", "unix") else ""


def utc_stamp(when: int) -> str:
    """`when` (ms since the epoch) as `YYYYMMDDHHMMSS` in UTC, as drizzle-kit's `timestamp` prefix.

    A `when` that no calendar holds gives the last second that has 14 digits.
    """
    from datetime import datetime, timezone

    try:
        return f"{datetime.fromtimestamp(when // 1000, timezone.utc):%Y%m%d%H%M%S}"
    except (ValueError, OverflowError, OSError):
        return "99991231235959"


def _time(stamp: str) -> datetime | None:
    """The time that a stamp says; None if somebody made it up (`20240231000000`)."""
    from datetime import datetime

    try:
        month, day, hour, minute, second = (int(stamp[n : n + 2]) for n in range(4, 14, 2))
        return datetime(int(stamp[:4]), month, day, hour, minute, second)
    except ValueError:
        return None
