"""`drizzle-guard hook NAME`: what the hooks of an armed clone call.

`hook NAME [ARGS that git gave] [--stop-code=N] [--protect]`.  It returns 0, or the stop code (default 1, as the hooks
of 0.1.0 expect) where git is to stop, or 2 if it was called wrongly.  With `--protect` the commit or the push is judged
as well, by the same process; what is pushed is rehearsed where the settings ask for it.  The pre-commit framework calls
`auto`.  Nothing heavy is imported before it is needed:
nearly every commit ends here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from drizzle_guard.errors import GuardError
from drizzle_guard.terminal import fail, say

_STOP_CODE, _PROTECT = "--stop-code=", "--protect"


def main(argv: list[str]) -> int:
    """Run one hook; returns its exit code.  Raises nothing."""
    name, given = (argv[0], argv[1:]) if argv else ("", [])
    stop, args = 1, []
    for arg in given:
        if arg.startswith(_STOP_CODE) and arg[len(_STOP_CODE) :].isdigit():
            stop = int(arg[len(_STOP_CODE) :])
        elif arg != _PROTECT:
            args.append(arg)
    steps = _steps()
    if name not in steps:
        say(f"hook takes one of: {', '.join(steps)}")
        return 2
    try:
        code = steps[name](args)
    except Exception as error:  # also a fault of ours: the user's commit or merge goes on as git made it
        fail(error)
        code = 0
    except KeyboardInterrupt:  # git, which got the signal too, stops by itself
        return stop
    told = sys.stdin.buffer.read() if name == "pre-push" else b""  # once, for both
    if code == 0 and _PROTECT in given:
        code = _judge(lambda: _protect(name, told))
    if code == 0 and name == "pre-push":
        code = _judge(lambda: _rehearse(told))
    return stop if code else 0


def _steps() -> dict[str, Callable[[list[str]], int]]:
    from drizzle_guard.renumber import hook_steps

    return {
        "auto": _auto,
        "pre-merge-commit": hook_steps.pre_merge_commit,
        "post-merge": hook_steps.post_merge,
        "pre-commit": hook_steps.pre_commit,
        "post-commit": hook_steps.post_commit,
        "post-rewrite": hook_steps.post_rewrite,
        "pre-push": lambda _: 0,
        "reference-transaction": hook_steps.reference_transaction,
    }


def _auto(_: list[str]) -> int:
    from drizzle_guard.git.repository import Repository
    from drizzle_guard.install.framework_stage import framework_stage

    with Repository() as repository:
        name, args = framework_stage(repository)
    return _steps()[name](args)


def _protect(name: str, told: bytes) -> int:
    from drizzle_guard.commands.protect import nothing_to_protect, run, run_push

    if name == "pre-push":
        return run_push(told)
    code: int = 0 if nothing_to_protect(()) else run(None, None, "text")
    return code


def _rehearse(told: bytes) -> int:
    from pathlib import Path

    from drizzle_guard.git.repository import Repository
    from drizzle_guard.rehearse.pushed import wants_it

    with Repository() as repository:
        if not wants_it(Path(repository.root)):
            return 0
    from drizzle_guard.commands.rehearse import rehearse_pushed

    return rehearse_pushed(told)


def _judge(look: Callable[[], int]) -> int:
    """Look at what is about to be committed or pushed; what is not understood is refused, a fault of ours is not."""
    try:
        return look()
    except GuardError as error:
        return fail(error)
    except Exception as error:  # a fault of ours
        fail(error)
        return 0
    except KeyboardInterrupt:
        return 1
