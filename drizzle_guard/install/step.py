"""One thing that `install` does, and the text of the files that it is about."""

from __future__ import annotations

from drizzle_guard.git.text import text_of
from drizzle_guard.light import NamedTuple


class Step(NamedTuple):
    """One thing to do: `kind` is config, file or hook; `old` and `new` are its content (None: absent)."""

    kind: str
    name: str
    old: str | None
    new: str | None

    @property
    def verb(self) -> str:
        """What is done with it."""
        return "remove" if self.new is None else "add" if self.old is None else "change"


def read(path: str) -> str | None:
    """The text of a file, whatever bytes it has; None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return text_of(file.read())
    except OSError:
        return None
