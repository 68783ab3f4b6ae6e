"""The steps of the hooks that finish a merge, a rebase or a pick: one function for each of git's hooks.

A hook must never stop what git would have done without us, with these exceptions: `pre-merge-commit` stops a merge that
cannot be replayed, because nobody has seen it yet (a clean merge shows no conflict); `pre-commit` and the net stop a
commit that would hold a folder half-way, because a command brings it to its end first.  In which order git calls them,
and what one leaves for the next, is drawn in `git.handoff`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from drizzle_guard.terminal import fail, say

if TYPE_CHECKING:
    from drizzle_guard.git.repository import Repository
    from drizzle_guard.git.sides import Sides
    from drizzle_guard.renumber.decision import Decision


def pre_merge_commit(_: list[str]) -> int:
    """Stop a clean merge that cannot be replayed: 1, else 0."""
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


def post_merge(args: list[str]) -> int:
    """Rewrite the merge that was just committed, or finish a squash in the index."""
    from drizzle_guard.git.handoff import forget
    from drizzle_guard.git.repository import Repository
    from drizzle_guard.git.sides import squash_sides
    from drizzle_guard.renumber.finish_merge import finish_in_index, finish_merge_commit

    with Repository() as repository:
        if args[:1] == ["1"]:
            sides = squash_sides(repository)
            report(repository, finish_in_index(repository, sides) if sides else [])
        else:
            report(repository, finish_merge_commit(repository))
        forget(repository)
    return 0


def pre_commit(_: list[str]) -> int:
    """Finish in the index what git had stopped over: 1 if that cannot be done, else 0."""
    from drizzle_guard.git.repository import Repository
    from drizzle_guard.install.arm_from_hook import arm_in_hook

    with Repository() as repository:
        arm_in_hook(repository)
        states = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", *_notes())
        # nearly every commit ends here
        if not any(repository.has_state(name) for name in states):
            _warn_of_rebase(repository)
            return 0
        from drizzle_guard.errors import GuardError
        from drizzle_guard.renumber.finish_merge import Unfinished, finish_in_index
        from drizzle_guard.renumber.unfinished import half_way, warn

        sides = _sides_in_index(repository)
        if sides is None:
            warn(repository)
            return 0
        try:
            report(repository, finish_in_index(repository, sides))
        except GuardError as error:
            code = fail(error)
            # what a command can bring to its end first is not committed half-way
            return code if isinstance(error, Unfinished) or half_way(repository, sides, None) else 0
    return 0


def _warn_of_rebase(repository: Repository) -> None:
    from drizzle_guard.git.handoff import REBASE_NOTE

    if repository.has_state(REBASE_NOTE):
        from drizzle_guard.renumber.unfinished import warn

        warn(repository)


def _notes() -> tuple[str, str]:
    from drizzle_guard.git.handoff import NOTE, PICK_NOTE

    return NOTE, PICK_NOTE


def _sides_in_index(repository: Repository) -> Sides | None:
    """What is about to be committed: the operation that has stopped, or a squash of which the driver left word."""
    from drizzle_guard.git.handoff import read_note
    from drizzle_guard.git.sides import sides_in_progress

    if sides := sides_in_progress(repository):
        return sides
    note = read_note(repository)
    return note.sides if note is not None and note.sides.ours == repository.commit("HEAD") else None


def post_commit(_: list[str]) -> int:
    """Rewrite a pick that git has just committed, or a merge that `pre-commit` did not see (`--no-verify`)."""
    from drizzle_guard.git.repository import Repository

    with Repository() as repository:
        # git keeps the index in memory from pick to pick, so it may only be touched after a single one
        if any(repository.has_state(name) for name in ("rebase-merge", "rebase-apply", "sequencer")):
            return 0
        from drizzle_guard.git.handoff import made_sides
        from drizzle_guard.renumber.finish_merge import finish_commit
        from drizzle_guard.renumber.unfinished import is_noted, settle, warn

        if sides := made_sides(repository):
            report(repository, finish_commit(repository, sides))
            settle(repository, sides)
        elif is_noted(repository.git_dir):
            warn(repository)
    return 0


def post_rewrite(args: list[str]) -> int:
    """At the end of a rebase: write its commits anew."""
    if args[:1] != ["rebase"]:
        return 0
    from drizzle_guard.git.repository import Repository

    with Repository() as repository:
        _finish_rebase(repository)
    return 0


def reference_transaction(args: list[str]) -> int:
    """The net: HEAD moves to the commit `args[1]`, whatever became of the other hooks.

    `prepared` (the index is locked, so nothing can be finished): 1 if the commit would hold a folder half-way.
    `committed`: finish it.
    """
    from drizzle_guard.git.handoff import read_note
    from drizzle_guard.git.operation import is_rebasing
    from drizzle_guard.git.repository import Repository

    phase, new = (*args, "", "")[:2]
    with Repository() as repository:
        if is_rebasing(repository):
            if phase == "committed":
                _finish_rebase(repository)
            return 0
        note = read_note(repository)
        from drizzle_guard.renumber.unfinished import finish_made, half_way, is_result_of, warn

        if note is None:
            warn(repository)
            return 0
        if phase == "committed":
            report(repository, finish_made(repository))
            warn(repository)
        elif is_result_of(repository, new, note.sides) and (left := half_way(repository, note.sides, new)):
            say(f"{left[0]}; this commit is not made.", "drizzle-guard renumber", note.sides.next_command)
            return 1
    return 0


def _finish_rebase(repository: Repository) -> None:
    """Finish a rebase once; git calls the net when it moves the branch, and `post-rewrite` after that."""
    from drizzle_guard.errors import printable
    from drizzle_guard.git.handoff import REFLOG, forget, is_rebased, leave_rebased, take_words_away
    from drizzle_guard.renumber.finish_merge import headline, ran_already
    from drizzle_guard.renumber.finish_rebase import finish_rebase

    head = repository.commit("HEAD")
    take_words_away(repository)
    if head is None or is_rebased(repository, head):
        return
    names = (repository.state_file(f"{directory}/head-name") for directory in ("rebase-merge", "rebase-apply"))
    branch = next((name.strip() for name in names if name), "")
    is_moved = branch.startswith("refs/heads/") and repository.commit(branch) == head
    detached = repository.line("symbolic-ref", "--quiet", "HEAD") is None
    done = finish_rebase(repository)
    if done.commits:
        new = repository.commit("HEAD")
        if is_moved and detached and new is not None:
            repository.git("update-ref", "-m", REFLOG, branch, new, head)
        say(f"renumbered the migrations of {done.commits} rebased commit" + ("s" if done.commits > 1 else ""))
    for folder, moved in done.moved.items():
        say(headline(folder, len(moved)), *moved, ran_already(repository, folder))
    for folder, edited in done.edited.items():
        say(f"{printable(folder) or '.'}: rebased, but not all of it is plain:", *edited)
    leave_rebased(repository, repository.commit("HEAD") or head)
    forget(repository, rebase_ends=True)


def report(repository: Repository, finished: Sequence[Decision]) -> None:
    """Say what was renumbered."""
    if not finished:
        return
    from drizzle_guard.renumber.finish_merge import assumption, describe, headline, ran_already

    for decision in finished:
        if moved := describe(decision):
            notes = [assumption(decision)] if decision.assumed else []
            say(headline(decision.folder, len(moved)), *moved, *notes, ran_already(repository, decision.folder))
