"""The one exception that a user sees, and the words that are safe to show."""

from __future__ import annotations

from drizzle_guard.light import pattern

# Control characters could move the cursor or recolour a terminal, and format characters (right-to-left
# marks) could make a tag read as another one; a repository is untrusted.
_UNSAFE = pattern("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


_CREDENTIALS = pattern(r"(\b[A-Za-z][A-Za-z0-9+.-]*:[/\\]{0,3}|\b[a-z]+//)[^\s/@'\"]*[:/]\S*@")

_PAIR = pattern(r"(?<![\w.-])[\w.-]+:[^\s@/'\"]+@(?=[\w\[])")
_ASSIGNED = pattern(r"(?i)((?:password|passwd|pwd|authtoken|token)=)[^\s&;'\"]+")
_SHORT = pattern(r"(\b(?:mysql|mariadb)\b.*?\s-p)[^\s)'\"]+")


class GuardError(Exception):
    """Something the user must know: the whole message, and the commands to type next.

    `message` is one clear sentence that names the file, the tag or the object.  `hints` are the lines
    below it.  `exit_code` is 1 for "refused or found something" and 2 for "used wrongly or not usable here".
    """

    exit_code = 1
    #: whether it is known that nothing was changed
    unchanged = False

    def __init__(self, message: str, *hints: str) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {hint}" for hint in self.hints)])


class UsageError(GuardError):
    """The command was used wrongly, or cannot work in this place."""

    exit_code = 2


def quoted(text: str) -> str:
    """A text as it is typed in a shell, fit for a message."""
    import shlex  # late: only where a command is named

    return printable(shlex.quote(text))


def printable(text: str) -> str:
    """`text` with control and direction characters written as escapes, fit for a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(lambda m: m[0].encode("unicode_escape").decode("ascii"), text)


def without_credentials(text: str) -> str:
    """`text` without the user and password of any URL in it: what was typed in the wrong place is repeated too."""
    text = _CREDENTIALS.sub(r"\1***@", text)
    text = _PAIR.sub("***@", text)
    return _SHORT.sub(r"\1***", _ASSIGNED.sub(r"\1***", text))


def printable_sql(text: str) -> str:
    """Like `printable_lines`, but tabs stay as well: drizzle-kit indents with them."""
    return "\n".join("\t".join(map(printable, line.split("\t"))) for line in text.split("\n"))


def printable_lines(text: str) -> str:
    """Like `printable`, but newlines stay: for whole messages."""
    return "\n".join(printable(line) for line in text.split("\n"))
