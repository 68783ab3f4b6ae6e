"""What git has under way in this worktree, as its state files tell: they are read here.

| file or directory | stands while |
| --- | --- |
| `MERGE_HEAD` | a merge has stopped, or its commit is being made (it outlives `post-merge`) |
| `CHERRY_PICK_HEAD`, `REVERT_HEAD`, `REBASE_HEAD` | such a commit has stopped (the last one may be left behind) |
| `rebase-merge` with `onto` | a rebase of the merge backend |
| `rebase-apply` with `rebasing` | a rebase of the apply backend; without it `git am` |
| `sequencer` | a cherry-pick or revert of several commits |

Measured with git 2.39 to 2.55.  The hooks that end with nearly every commit ask `git.state`, which imports less.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from drizzle_guard.git.repository import Repository
from drizzle_guard.light import Literal

MERGE: Literal["rebase-merge"] = "rebase-merge"
APPLY: Literal["rebase-apply"] = "rebase-apply"


def is_rebasing(repository: Repository) -> bool:
    """Whether a rebase is under way, with either backend."""
    return repository.has_state(f"{MERGE}/onto") or repository.has_state(f"{APPLY}/rebasing")


def is_applying_rebase(repository: Repository) -> bool:
    """Whether a rebase of the apply backend is under way: where a patch fits as text, it asks no merge driver."""
    return repository.has_state(f"{APPLY}/rebasing")


def is_applying(repository: Repository) -> bool:
    """Whether git applies patches, in a rebase or in `git am`."""
    return repository.has_state(APPLY)


def state_directory(repository: Repository) -> Literal["rebase-merge", "rebase-apply"] | None:
    """The directory of the rebase (or `git am`) under way, which git removes when that ends; None if there is none."""
    return MERGE if repository.has_state(MERGE) else APPLY if repository.has_state(APPLY) else None


def rebase_target(repository: Repository) -> str | None:
    """What the rebase under way noted as the commit on which it puts its commits; None if it noted nothing yet.

    The apply backend notes it only when it stops.
    """
    return next((found for name in (MERGE, APPLY) if (found := _word(repository, f"{name}/onto"))), None)


def rebased_tip(repository: Repository) -> str | None:
    """The branch as it was before the rebase under way, as that noted it; None if it noted nothing."""
    return next((found for name in (MERGE, APPLY) if (found := _word(repository, f"{name}/orig-head"))), None)


def picked_range(repository: Repository) -> tuple[str, str] | None:
    """The last commit that the `git cherry-pick` under way picks, and HEAD as it was before; None for a single one.

    Its list holds the commit in hand and those behind it, a line each: `pick ID SUBJECT` (git sequencer.c).
    """
    start, todo = _word(repository, "sequencer/head"), repository.state_file("sequencer/todo") or ""
    picked = [words[1] for line in todo.split("\n") if (words := line.split())[:1] == ["pick"] and words[1:]]
    return (picked[-1], start) if picked and start else None


def last_rebase_target(repository: Repository) -> str | None:
    """The commit onto which the branch that is checked out was rebased last, as its reflog tells; None if it does not.

    `git rebase` writes `rebase (finish): refs/heads/BRANCH onto COMMIT` there, in every language (sequencer.c).
    """
    branch = repository.branch()
    if branch is None:
        return None
    told = repository.line("reflog", "show", "--max-count=20", "--format=%gs", f"refs/heads/{branch}", "--") or ""
    found = re.search(r"^[^:\n]* \(finish\): refs/heads/.* onto ([0-9a-f]{40,64})$", told, re.M)
    return found and found[1]


def rewritten(repository: Repository) -> Iterator[tuple[str, str]]:
    """The commits of the rebase that are done: the one that was picked, and the one that was made of it."""
    for name in (f"{MERGE}/rewritten-list", f"{APPLY}/rewritten"):
        for line in (repository.state_file(name) or "").splitlines():
            old, _, new = line.partition(" ")
            yield old, new.strip()


def rewritten_into_last(repository: Repository) -> list[str]:
    """The picked commits of which the newest commit was made, as long as more may be squashed into it."""
    return (repository.state_file(f"{MERGE}/rewritten-pending") or "").split()


def last_step(repository: Repository) -> list[str]:
    """The words of the command that a rebase is doing or did last; none if there is none."""
    lines = (repository.state_file(f"{MERGE}/done") or "").splitlines()
    return next((words for line in reversed(lines) if (words := line.split("#")[0].split())), [])


def merged_names(repository: Repository) -> list[str]:
    """What a merge in progress brings in: commits, or the tags that were named."""
    return (repository.state_file("MERGE_HEAD") or "").split()


def stopped_commit(repository: Repository, kind: Literal["cherry-pick", "revert", "rebase"]) -> str | None:
    """The commit over which such an operation has stopped; None if none has."""
    return _word(repository, f"{kind.upper().replace('-', '_')}_HEAD")


def patched_commit(repository: Repository) -> str | None:
    """The commit whose patch is being applied, where git knows it."""
    return _word(repository, f"{APPLY}/original-commit")


def mailed_commit(repository: Repository) -> str | None:
    """The commit that the mail under way says it was made from; it need not be here."""
    number = _word(repository, f"{APPLY}/next") or ""
    mail = repository.state_file(f"{APPLY}/{number:0>4}") if number.isdigit() else None
    found = re.match(r"From ([0-9a-f]{40,64}) ", mail or "")
    return found[1] if found else None


def squashed_commit(repository: Repository) -> str | None:
    """The newest commit of a `git merge --squash`: git notes it only in the message that it prepares."""
    found = re.search(r"^commit ([0-9a-f]{40,64})$", repository.state_file("SQUASH_MSG") or "", re.MULTILINE)
    return found[1] if found else None


def _word(repository: Repository, name: str) -> str | None:
    return (repository.state_file(name) or "").strip() or None
