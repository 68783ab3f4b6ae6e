"""Which operation of git brings two histories together, and which commits are its sides."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from drizzle_guard.git.operation import (
    MERGE,
    is_applying_rebase,
    last_step,
    mailed_commit,
    merged_names,
    patched_commit,
    squashed_commit,
    state_directory,
    stopped_commit,
)
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.state import other_parents
from drizzle_guard.light import Literal, NamedTuple, pattern

# `git rebase` and `git cherry-pick` of git 2.44 and later label the other side `2abb0bb (subject)`, a revert the base
_LABEL = pattern(r"(parent of )?([0-9a-f]{4,64}) \(")


#: which operation brings them together; `other` is one that git keeps no note of
Kind = Literal["merge", "rebase", "cherry-pick", "revert", "am", "stash", "other"]


class Sides(NamedTuple):
    """Two commits that meet; None stands for an empty tree (the parent of a root commit).

    As in git, `ours` is what is checked out:
    in a rebase that is the new base, and `theirs` is the commit of the branch.
    """

    kind: Kind
    ours: str
    theirs: str | None
    bases: tuple[str, ...]

    @property
    def is_merged(self) -> bool:
        """Whether `ours` contains `theirs` already: what differs, a merge was resolved to."""
        return self.theirs in self.bases

    @property
    def next_command(self) -> str:
        """What ends the operation once everything is resolved."""
        return {
            "merge": "git commit",
            "stash": "git stash drop",
            "am": "git am --continue",
            "other": "git commit",
        }.get(self.kind, f"git {self.kind} --continue")

    @property
    def abort_command(self) -> str:
        """What brings everything back."""
        return "git reset --merge" if self.kind in ("stash", "other") else f"git {self.kind} --abort"


def merge_sides(repository: Repository, ours: str, theirs: str) -> Sides:
    """The sides of a merge of two commits."""
    return Sides("merge", ours, theirs, tuple(repository.merge_bases(ours, theirs)))


def merge_heads(repository: Repository) -> list[str]:
    """The commits that a merge in progress brings in; where a tag is merged, git notes the tag."""
    return [repository.commit(name) or name for name in merged_names(repository)]


_STOPPING: tuple[Literal["cherry-pick", "revert", "rebase"], ...] = ("cherry-pick", "revert", "rebase")


def sides_in_progress(repository: Repository) -> Sides | None:
    """The sides of the operation that has stopped in this worktree; None if there is none (or an octopus merge)."""
    head = repository.commit("HEAD")
    if head is None:
        return None
    if heads := merge_heads(repository):
        return merge_sides(repository, head, heads[0]) if len(heads) == 1 else None
    for kind in _STOPPING:
        if commit := stopped_commit(repository, kind):
            rebasing = state_directory(repository) is not None
            if kind == "rebase" and not rebasing:
                continue  # git may leave REBASE_HEAD behind when a rebase is done
            return _pick("rebase" if kind == "cherry-pick" and rebasing else kind, head, commit, repository)
    if commit := patched_commit(repository):
        return _pick("rebase" if is_applying_rebase(repository) else "am", head, commit, repository)
    return None


def sides_of_clean_merge(repository: Repository) -> Sides | None:
    """In `pre-merge-commit`, before `MERGE_HEAD` stands; git names the other commit in the environment."""
    head = repository.commit("HEAD")
    others = other_parents(repository.git_dir)
    return merge_sides(repository, head, others[0]) if head is not None and len(others) == 1 else None


def is_in_worktree(repository: Repository) -> bool:
    """In the driver: whether what is merged goes to an index, which git holds locked then (2.39 to 2.55).

    `merge-tree` and `replay` merge into objects: no hook will ever finish that, though another operation may be under
    way whose traces fit.
    """
    index = os.environ.get("GIT_INDEX_FILE") or os.path.join(repository.git_dir, "index")
    return os.path.exists(f"{os.path.realpath(index)}.lock")


def sides_in_driver(repository: Repository, label: str) -> Iterator[Sides]:
    """What a merge driver may be working for; the caller looks which one's files are the ones it was given.

    git tells the driver nothing directly: `merge` and `pull` name the other commit in the environment, a rebase keeps
    its list of done commits, and later versions pass labels (`label` is that of the other side).
    """
    head = repository.commit("HEAD")
    if head is None:
        return
    for name in os.environ:
        if name.startswith("GITHEAD_"):
            yield merge_sides(repository, head, name.removeprefix("GITHEAD_"))
    done = last_step(repository)
    if done[:1] == ["merge"]:  # of --rebase-merges; the last word is the label of the other side
        if commit := repository.commit(f"refs/rewritten/{done[-1]}") or repository.commit(done[-1]):
            yield merge_sides(repository, head, commit)
    elif commit := repository.commit(next((word for word in done[1:] if not word.startswith("-")), "-")):
        yield _pick("rebase", head, commit, repository)
    if original := patched_commit(repository):
        yield _pick("rebase", head, original, repository)
    if found := _LABEL.match(label):
        commit = repository.commit(found[2])
        if commit:
            rebasing = state_directory(repository) == MERGE
            kind: Kind = "revert" if found[1] else "rebase" if rebasing else "cherry-pick"
            yield _pick(kind, head, commit, repository)


def is_merging(repository: Repository) -> bool:
    """Whether a merge is going on, also one that a rebase makes."""
    return bool(other_parents(repository.git_dir)) or last_step(repository)[:1] == ["merge"]


def _pick(kind: Kind, head: str, commit: str, repository: Repository) -> Sides:
    parents = repository.parents(commit)
    parent = parents[0] if parents else None
    if kind == "revert":
        return Sides(kind, head, parent, (commit,))
    return Sides(kind, head, commit, (parent,) if parent else ())


def squash_sides(repository: Repository) -> Sides | None:
    """The sides of a `git merge --squash`: git only notes the squashed commits in the message that it prepares."""
    head = repository.commit("HEAD")
    found = squashed_commit(repository)
    return merge_sides(repository, head, found) if head and found else None


def squash_conflict(repository: Repository, folders: Iterable[str]) -> Sides | None:
    """The sides of a `git merge --squash` that stopped, if its note fits the index (of several bases git makes one)."""
    sides = squash_sides(repository)
    if sides is None or sides.theirs is None:
        return None
    base = sides.bases[0] if len(sides.bases) == 1 else None
    return sides if _fits(repository, folders, (base, sides.ours, sides.theirs)) else None


def stash_sides(repository: Repository, folders: Iterable[str]) -> Sides | None:
    """The sides of a `git stash pop` that stopped; git leaves no note, so the newest stash must fit the index."""
    head, stash = repository.commit("HEAD"), repository.commit("refs/stash")
    if head is None or stash is None:
        return None
    base = repository.parents(stash)[0]
    return Sides("stash", head, stash, (base,)) if _fits(repository, folders, (base, head, stash)) else None


def mail_sides(repository: Repository, folders: Iterable[str]) -> Sides | None:
    """The sides of a `git am -3` that stopped, if the commit that the patch was made from is here and fits the index.

    git merges with a made-up base that has nothing but the patched files: no snapshot or SQL of an earlier patch.
    """
    head, found = repository.commit("HEAD"), mailed_commit(repository)
    commit = repository.commit(found) if found else None
    parents = repository.parents(commit) if commit else []
    if head is None or commit is None or len(parents) != 1:
        return None
    return Sides("am", head, commit, (parents[0],)) if _fits(repository, folders, (parents[0], head, commit)) else None


def _fits(repository: Repository, folders: Iterable[str], commits: Sequence[str | None]) -> bool:
    """Whether the journals of these commits are the stages 1, 2 and 3 of the index; None fits any."""
    for folder in folders:
        path = f"{folder}/meta/_journal.json" if folder else "meta/_journal.json"
        for stage, commit in enumerate(commits, 1):
            if commit and repository.line("rev-parse", "-q", "--verify", f":{stage}:{path}") != repository.line(
                "rev-parse", "-q", "--verify", f"{commit}:{path}"
            ):
                return False
    return True
