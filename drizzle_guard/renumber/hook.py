"""`drizzle-guard hook NAME`: what the hooks of an armed clone call.

A hook must never stop what git would have done without us, with one exception: `pre-merge-commit` stops a merge that
cannot be replayed, because nobody has seen it yet (a clean merge shows no conflict).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drizzle_guard.terminal import fail, say

if TYPE_CHECKING:
    from drizzle_guard.renumber.decision import Decision


def main(argv: list[str]) -> int:
    """`hook NAME [ARGS that git gave]`; returns 0, or 1 to stop a merge.  The pre-commit framework calls `auto`."""
    name, args = (argv[0], argv[1:]) if argv else ("", [])
    hooks = {
        "auto": _auto,
        "pre-merge-commit": _pre_merge_commit,
        "post-merge": _post_merge,
        "pre-commit": _pre_commit,
        "post-commit": _post_commit,
        "post-rewrite": _post_rewrite,
    }
    if name not in hooks:
        say(f"hook takes one of: {', '.join(hooks)}")
        return 2
    try:
        return hooks[name](args)
    except Exception as error:  # also a fault of ours: the user's commit or merge goes on as git made it
        fail(error)
        return 0
    except KeyboardInterrupt:  # git, which got the signal too, stops by itself
        return 1


def _auto(_: list[str]) -> int:
    from drizzle_guard.git.repository import Repository
    from drizzle_guard.install.framework_stage import framework_stage

    with Repository() as repository:
        name, args = framework_stage(repository)
    return main([name, *args])


def _pre_merge_commit(_: list[str]) -> int:
    from drizzle_guard.git.folders import files_in_index
    from drizzle_guard.git.repository import Repository
    from drizzle_guard.git.sides import sides_of_clean_merge
    from drizzle_guard.renumber.decision import explain_refusal
    from drizzle_guard.renumber.finish_merge import decisions, is_ours_alone
    from drizzle_guard.replay.plan import Refusal

    with Repository() as repository:
        sides = sides_of_clean_merge(repository)
        if sides is None:
            return 0
        for decision in decisions(repository, sides):
            merged = {p: stages[0] for p, stages in files_in_index(repository, decision.folder).items() if 0 in stages}
            if isinstance(decision.outcome, Refusal) and not is_ours_alone(decision, merged):
                fail(explain_refusal(decision, sides))
                say("the merge is not committed.", "git merge --abort")
                return 1
    return 0


def _post_merge(args: list[str]) -> int:
    from drizzle_guard.git.repository import Repository
    from drizzle_guard.git.sides import squash_sides
    from drizzle_guard.renumber.finish_merge import finish_in_index, finish_merge_commit

    with Repository() as repository:
        if args[:1] == ["1"]:
            sides = squash_sides(repository)
            _report(finish_in_index(repository, sides) if sides else [])
        else:
            _report(finish_merge_commit(repository))
    return 0


def _pre_commit(_: list[str]) -> int:
    from drizzle_guard.git.repository import Repository
    from drizzle_guard.install.from_a_hook import arm_in_hook

    with Repository() as repository:
        arm_in_hook(repository)
        # nearly every commit ends here
        if not any(repository.has_state(name) for name in ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD")):
            return 0
        from drizzle_guard.git.sides import sides_in_progress
        from drizzle_guard.renumber.finish_merge import Unfinished, finish_in_index

        sides = sides_in_progress(repository)
        try:
            _report(finish_in_index(repository, sides) if sides else [])
        except Unfinished as error:
            return fail(error)
    return 0


def _post_commit(_: list[str]) -> int:
    from drizzle_guard.git.repository import Repository

    with Repository() as repository:
        # git keeps the index in memory from pick to pick, so it may only be touched after a single one
        if any(repository.has_state(name) for name in ("rebase-merge", "rebase-apply", "sequencer")):
            return 0
        from drizzle_guard.git.sides import forget_pick, made_sides
        from drizzle_guard.renumber.finish_merge import finish_commit

        sides = made_sides(repository)
        _report(finish_commit(repository, sides) if sides else [])
        forget_pick(repository)
    return 0


def _post_rewrite(args: list[str]) -> int:
    if args[:1] != ["rebase"]:
        return 0
    from drizzle_guard.git.repository import Repository
    from drizzle_guard.renumber.finish_merge import RAN_ALREADY, headline
    from drizzle_guard.renumber.finish_rebase import finish_rebase

    with Repository() as repository:
        done = finish_rebase(repository)
        if done.commits:
            say(f"renumbered the migrations of {done.commits} rebased commit" + ("s" if done.commits > 1 else ""))
        for folder, moved in done.moved.items():
            say(headline(folder, len(moved)), *moved, RAN_ALREADY)
    return 0


def _report(finished: Sequence[Decision]) -> None:
    if not finished:
        return
    from drizzle_guard.renumber.finish_merge import RAN_ALREADY, assumption, describe, headline

    for decision in finished:
        if moved := describe(decision):
            notes = [assumption(decision)] if decision.assumed else []
            say(headline(decision.folder, len(moved)), *moved, *notes, RAN_ALREADY)
