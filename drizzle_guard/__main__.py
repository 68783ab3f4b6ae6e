"""`drizzle-guard` and `python -m drizzle_guard`.

git calls the merge driver for every colliding file and the hooks for every commit, so these three go straight to
their module; everything else goes through click, whose import alone takes longer than they do.
"""

from __future__ import annotations

import sys


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code (0 done, 1 refused or found something, 2 used wrongly)."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        from drizzle_guard.terminal import open_closed_streams

        open_closed_streams()
    if argv is None and sys.getfilesystemencoding() != "utf-8" and not sys.flags.utf8_mode and sys.executable:
        _start_again_in_utf8()
    try:
        return _run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:  # while something is still being imported; the commands see to their own
        return 130


def _start_again_in_utf8() -> None:
    """Paths are bytes to git and UTF-8 to Drizzle; a locale of another encoding would make other names of them.

    What is printed stays in the locale's encoding.
    """
    import os

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
