"""The one exception that a user sees, and the words that are safe to show."""

from __future__ import annotations

import re

# Control characters could move the cursor or recolour a terminal, and format characters (right-to-left
# marks) could make a tag read as another one; a repository is untrusted.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


class GuardError(Exception):
    """Something the user must know: the whole message, and the commands to type next.

    `message` is one clear sentence that names the file, the tag or the object.  `hints` are the lines
    below it.  `exit_code` is 1 for "refused or found something" and 2 for "used wrongly or not usable here".
    """

    exit_code = 1

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {hint}" for hint in self.hints)])


class UsageError(GuardError):
    """The command was used wrongly, or cannot work in this place."""

    exit_code = 2


def printable(text: str) -> str:
    """`text` with control and direction characters written as escapes, fit for a terminal."""
    return _UNSAFE.sub(lambda m: m[0].encode("unicode_escape").decode("ascii"), text)


def printable_lines(text: str) -> str:
    """Like `printable`, but newlines stay: for whole messages."""
    return "\n".join(printable(line) for line in text.split("\n"))
