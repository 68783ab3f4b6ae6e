"""Speaking to the user: on standard error, without traceback, with nothing that could steer a terminal."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from drizzle_guard.errors import GuardError, printable_lines, without_credentials
from drizzle_guard.light import TYPE_CHECKING, Any, pattern
from drizzle_guard.packaged import is_native

if TYPE_CHECKING:
    from typing import TextIO

NAME = "drizzle-guard"


def say(message: str, *hints: str) -> None:
    """One message and the lines below it; a command of ours is shown as it can be typed here."""
    with unheard():
        text = without_credentials("\n  ".join((message, *_shown(hints))))
        print(printable_lines(f"{NAME}: {text}"), file=sys.stderr, flush=True)


def _shown(hints: Iterable[str]) -> Iterator[str]:
    """The lines of a message as they can be pasted into any shell: no remark stands behind a command.

    To cmd, and to zsh by its own settings, `#` begins no comment.
    """
    for hint in hints:
        command, _, remark = hint.partition("   # ")
        yield as_typed(command)
        if remark:
            yield f"  ({remark})"


#: our name before one of our commands
_COMMAND = pattern(
    rf"(?<![\w./-]){NAME} (?=(?:apply|check|demo|explain|graph|install|protect|regenerate|rehearse|renumber|repair"
    r"|status|uninstall)\b)"
)


def as_typed(text: str) -> str:
    """A text for people, with our commands in it as they can be typed here."""
    if f"{NAME} " not in text or (name := typed()) == NAME:
        return text
    return _COMMAND.sub(lambda _: f"{name} ", text)


def typed() -> str:
    """How a user calls us: by name, or by the path of a program that is not on the PATH.

    The pre-commit framework puts its own environment on the PATH of a hook, npm and husky `node_modules/.bin`; the
    user's shell does not have them.
    """
    called = sys.argv[0]
    if not os.path.basename(called).startswith(NAME):
        return NAME
    from shutil import which  # late: only where something has to be said

    path = os.path.abspath(called)
    directories = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if "PRE_COMMIT" in os.environ:
        directories = [directory for directory in directories if directory != os.path.dirname(path)]
    in_modules = is_native() and "node_modules" in path.replace("\\", "/").split("/")
    if in_modules:
        directories = [place for place in directories if os.path.basename(place.rstrip("/\\")) != ".bin"]
    if which(NAME, path=os.pathsep.join(directories)) is not None:
        return NAME
    if in_modules:
        return f"npx {NAME}"
    return f'"{path}"' if " " in path else path


def json_in_ascii(text: str) -> str:
    """The same JSON in letters that every encoding has: JSON is UTF-8, standard output need not be."""
    if text.isascii():
        return text
    import json
    import re

    return re.sub(r"[^\x00-\x7f]+", lambda found: json.dumps(found[0])[1:-1], text)


def annotation(severity: str, text: str, **properties: object) -> str:
    """A GitHub annotation: https://docs.github.com/actions/reference/workflow-commands-for-github-actions.

    A property that is None is left out.  Bytes that are no UTF-8 become escapes.
    """
    listed = ",".join(
        f"{name}={_of_annotation(str(value), ':,')}" for name, value in properties.items() if value is not None
    )
    return f"::{severity} {listed}::{_of_annotation(text)}" if listed else f"::{severity}::{_of_annotation(text)}"


def _of_annotation(text: str, more: str = "") -> str:
    text = text.encode("utf-8", "backslashreplace").decode()
    for char in f"%\r\n{more}":
        text = text.replace(char, f"%{ord(char):02X}")
    return text


@contextmanager
def unheard() -> Iterator[None]:
    """Print to standard error; that nobody listens, or the disk behind it is full, is no reason to stop half-way."""
    try:
        yield
    except OSError:
        _silence(sys.stderr)


def open_closed_streams() -> None:
    """Give the streams that the shell closed (`>&-`) to nobody.

    Else the next file that is opened gets the number of one, and what is printed goes into it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


class Unwritten(Exception):
    """Standard output could not be written; `reason` is the system's."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(str(reason))
        self.reason = reason


class _Output(io.FileIO):
    """Standard output whose failures are told from those of other files, and from broken pipes to git."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise Unwritten(error) from None


def watch_output() -> None:
    """Let failures of standard output be `Unwritten`; and show what its encoding cannot hold as escapes."""
    stream = sys.stdout
    if stream is sys.__stdout__ and isinstance(stream, io.TextIOWrapper):
        buffer = io.BufferedWriter(_Output(stream.fileno(), "w", closefd=False))
        tty = stream.isatty()
        sys.stdout = io.TextIOWrapper(buffer, stream.encoding, "backslashreplace", line_buffering=tty)


def stop_output(failure: Unwritten) -> int:
    """Write no more; the exit code.  A reader that went away (`| head -1`) wants no words: 1, else 2."""
    _silence(sys.stdout)
    if isinstance(failure.reason, BrokenPipeError):
        return 1
    say(f"standard output cannot be written: {failure.reason.strerror or failure.reason}.")
    return 2


def _silence(stream: TextIO) -> None:
    """Send what is left in a stream, and all that follows, to nobody: Python writes it once more at the end."""
    with suppress(OSError, ValueError):  # not a file of the system
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
        stream.flush()


def fail(error: Exception) -> int:
    """Print an error; returns its exit code.  What is no GuardError is a fault of ours, and says so."""
    if not isinstance(error, GuardError):
        error = _fault(error)
    say(error.message, *error.hints)
    return error.exit_code


def _fault(error: Exception) -> GuardError:
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" ({frame.tb_frame.f_code.co_name}, line {frame.tb_lineno})" if frame is not None else ""
    return GuardError(
        f"a fault in drizzle-guard itself: {type(error).__name__}: {error}{where}.",
        "Nothing more was changed. Please report this line.",
    )
