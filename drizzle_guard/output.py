"""Speaking to the user: on standard error, without traceback, with nothing that could steer a terminal."""

from __future__ import annotations

import sys

from drizzle_guard.core.errors import GuardError, printable_lines


def say(message: str, *hints: str) -> None:
    """One message and the lines below it."""
    print(printable_lines("drizzle-guard: " + "\n  ".join((message, *hints))), file=sys.stderr, flush=True)


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
