"""`drizzle-guard` and `python -m drizzle_guard`.

git calls the merge driver for every colliding file and the hooks for every commit, so these three go straight to
their module; everything else goes through click, whose import alone takes longer than they do.
"""

from __future__ import annotations

import gc
import os
import sys

#: values made and not yet freed before Python looks for cycles among them (its own bound, 700, is met several times
#: while the modules are imported); what we read, half a million values for 10,000 migrations, holds hardly any
_COLLECTED_AFTER = 1_000_000


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 1 refused or found something, 2 used wrongly).

    Without `argv` the process is ours: it is set up for a short life, and does not return where nothing is left to do.
    """
    if argv is not None:
        return _run(argv)
    gc.set_threshold(_COLLECTED_AFTER)
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from drizzle_guard.terminal import open_closed_streams

        open_closed_streams()
    if sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode and sys.executable:
        _start_again_in_utf8()
    try:
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:  # while something is still being imported; the commands see to their own
        return 130
    return _end(code)


def _end(code: int) -> int:
    """Leave without taking the interpreter apart value by value, which is a seventh of what the merge driver costs.

    Nothing of ours waits for the interpreter's end.  What cannot be written any more is Python's to say: then this
    returns.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return code
    os._exit(code)


def _start_again_in_utf8() -> None:
    """Paths are bytes to git and UTF-8 to Drizzle; a locale of another encoding would make other names of them.

    What is printed stays in the locale's encoding.
    """
    argv = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
    encoding = f"{sys.stdout.encoding}:backslashreplace"
    os.execve(sys.executable, [os.fsencode(arg) for arg in argv], {"PYTHONIOENCODING": encoding, **os.environ})


def _run(args: list[str]) -> int:
    if args[:1] == ["merge-driver"]:
        from drizzle_guard.renumber.driver import main as merge_driver

        return merge_driver(args[1:])
    if args[:1] == ["hook"]:
        from drizzle_guard.commands.hook import main as hook

        return hook(args[1:])
    if args[:1] == ["protect"]:
        from drizzle_guard.commands.protect import nothing_to_protect

        if nothing_to_protect(args[1:]):
            return 0
    from drizzle_guard.cli import main as cli

    return cli(args)


if __name__ == "__main__":
    raise SystemExit(main())
