"""The finishing step: after git merged, the files get their new numbers, in the same commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from drizzle_guard.drizzle.folder import BUNDLE, Blob, join
from drizzle_guard.drizzle.journal import PATH, Entry
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import files_at, files_in_index
from drizzle_guard.git.handoff import REFLOG, made_sides, noted_keepers
from drizzle_guard.git.repository import GitFailed, Repository
from drizzle_guard.git.sides import Sides, merge_heads, merge_sides
from drizzle_guard.git.text import text_of
from drizzle_guard.git.worktree import apply, changes
from drizzle_guard.renumber.decision import Decision, colliding_folders, decide, explain_refusal
from drizzle_guard.replay.plan import Plan, Refusal
from drizzle_guard.replay.who_moves import Established

#: it finishes the commit that git has made, and says so where something is left to commit
_BY_HAND = "drizzle-guard renumber"


def decisions(repository: Repository, sides: Sides) -> Iterator[Decision]:
    """The decision for each folder that both sides changed; as the merge driver took it, if it left word.

    A merge may itself bring settings that would tell otherwise.
    """
    keepers = noted_keepers(repository, sides)
    for folder in colliding_folders(repository, sides):
        keeper = keepers.get(folder)
        kept = None if keeper is None else Established(keeper.is_ours, assumed=keeper.assumed)
        yield decide(repository, sides, folder, kept=kept)


def finish_in_index(repository: Repository, sides: Sides) -> list[Decision]:
    """Bring index and worktree to the plan, for each folder that still is as the merge driver left it.

    A folder that a person has resolved in another way is theirs and stays.  Returns what was finished.  Raises
    Unfinished where the journal is still the driver's, but a person changed a file that it names.
    """
    done = []
    for decision in decisions(repository, sides):
        plan = decision.outcome
        if isinstance(plan, Refusal):
            continue
        if not is_untouched(repository, decision, plan):
            _refuse_half_done(repository, decision, plan, sides.next_command)
            continue
        _refuse_generated(repository, decision, plan, sides.next_command)
        if apply(repository, decision.folder, plan.files, decision.versions):
            done.append(decision)
    return done


class Unfinished(GuardError):
    """What is about to be committed names migrations whose files have other names."""


def _refuse_half_done(repository: Repository, decision: Decision, plan: Plan, next_command: str) -> None:
    journal = (files_in_index(repository, decision.folder).get(PATH) or {}).get(0)
    final = plan.files[PATH]
    if journal is None or final is None or final.data == plan.interim.data:
        return
    if journal.data == plan.interim.data:
        raise Unfinished(
            f"{join(decision.folder, PATH)} is merged, but its migrations do not have their new numbers yet, "
            "and a file of theirs was changed by hand.",
            "Finish that, then commit again:",
            "drizzle-guard renumber",
        )
    _refuse_generated(repository, decision, plan, next_command)


def _refuse_generated(repository: Repository, decision: Decision, plan: Plan, next_command: str) -> None:
    from drizzle_guard.renumber.generated import explain, find_generated  # late: only in a stopped merge

    if plan.files[PATH] is not None and (generated := find_generated(repository, decision)):
        error = explain(decision, generated, next_command)
        raise Unfinished(error.message, *error.hints)


def is_untouched(repository: Repository, decision: Decision, plan: Plan) -> bool:
    """Whether the index holds what the merge driver and git made, and nobody's own work.

    That is: the journal is the plan's interim one (or the final one already), and every other file is a version of
    one of the sides, or the plan's.
    """
    index = files_in_index(repository, decision.folder)
    if any(stages.keys() - {0} for path, stages in index.items() if path in plan.files):
        return False
    journal = (index.get(PATH) or {}).get(0)
    final = plan.files[PATH]
    if journal is None or not (journal == final or journal.data == plan.interim.data):
        return False
    for path, blob in plan.files.items():
        now = (index.get(path) or {}).get(0)
        if path == BUNDLE:  # it is written from the journal, whoever resolved it
            continue
        sides = (h.files.get(path) for h in (decision.base, decision.ours, decision.theirs))
        if now is not None and path != PATH and now != blob and now not in sides:
            return False
    return True


def finish_merge_commit(repository: Repository) -> list[Decision]:
    """In `post-merge`: rewrite the merge commit that this very command made; returns what was finished.

    `MERGE_HEAD` still stands then; after a fast-forward, even onto somebody's merge, it does not.  Raises GitFailed.
    """
    head = repository.commit("HEAD")
    heads = merge_heads(repository)
    if head is None or len(heads) != 1:
        return []
    parents = repository.parents(head)
    if len(parents) != 2 or parents[1] != heads[0]:
        return []
    sides = made_sides(repository) or merge_sides(repository, parents[0], parents[1])
    found = []
    for decision, committed in _committed(repository, sides):
        if is_ours_alone(decision, committed) and _is_strategy_ours(repository, decision.folder):
            continue
        if isinstance(decision.outcome, Refusal):
            raise explain_refusal(decision, sides)
        if _differs(decision.outcome, committed):
            found.append(decision)
    return _rewrite_head(repository, found)


def is_ours_alone(decision: Decision, files: Mapping[str, Blob]) -> bool:
    """Whether the folder is just our side's: `git merge -s ours` wants nothing of theirs."""
    return {p: b.id for p, b in files.items()} == {p: b.id for p, b in decision.ours.files.items()}


def _is_strategy_ours(repository: Repository, folder: str) -> bool:
    """Whether HEAD was made by `git merge -s ours`; another merge may end as our side in this folder, too.

    That strategy takes the whole tree of our side.  Where the trees are the same, git's own note in the reflog says
    which strategy it was (git 2.39 to 2.55 write it untranslated).  Raises GuardError if there is no note.
    """
    trees = [repository.line("rev-parse", f"HEAD{parent}^{{tree}}") for parent in ("", "^1")]
    if trees[0] != trees[1]:
        return False
    note = repository.line("reflog", "-1", "--format=%gs", "HEAD")
    if note is None:
        raise GuardError(
            f"{printable(folder) or '.'}: this merge took nothing of the other side, and without a reflog nothing "
            "tells whether the strategy ours was meant.",
            "if it was not: git reset --hard HEAD^1, then git config core.logAllRefUpdates true, and merge again",
        )
    return "'ours'" in note


def finish_commit(repository: Repository, sides: Sides) -> list[Decision]:
    """Rewrite HEAD, a commit that a person has just made of `sides`; returns what was finished.

    The person may have resolved something, so only what still is as the driver left it is touched.  Raises GitFailed,
    with the commit as git made it.
    """
    found = []
    for decision, committed in _committed(repository, sides):
        if isinstance(decision.outcome, Refusal) or is_ours_alone(decision, committed):
            continue  # resolved by hand
        if is_untouched(repository, decision, decision.outcome) and _differs(decision.outcome, committed):
            found.append(decision)
    return _rewrite_head(repository, found)


def _committed(repository: Repository, sides: Sides) -> Iterator[tuple[Decision, dict[str, Blob]]]:
    """Each decision about a merge, and the folder as HEAD has it."""
    for decision in decisions(repository, sides):
        yield decision, files_at(repository, "HEAD", decision.folder, decision.folder)


def _differs(plan: Plan, committed: Mapping[str, Blob]) -> bool:
    return bool(changes(plan.files, {path: {0: blob} for path, blob in committed.items()}))


def _rewrite_head(repository: Repository, found: list[Decision]) -> list[Decision]:
    """Make HEAD the same commit with canonical folders.  Raises GitFailed, with the commit as git made it."""
    head = repository.commit("HEAD")
    if not found or head is None:
        return []
    staged = text_of(repository.git("diff-index", "--cached", "--name-only", "-z", head)).split("\0")
    ours = {join(d.folder, path) for d in found if isinstance(d.outcome, Plan) for path in d.outcome.files}
    if not ours.issuperset(filter(None, staged)):
        raise GitFailed("the index is not what was committed; the migrations still have their old numbers.", _BY_HAND)
    try:
        for decision in found:
            assert isinstance(decision.outcome, Plan)
            apply(repository, decision.folder, decision.outcome.files, decision.versions)
    except GuardError as error:
        raise GuardError(error.message, *(error.hints or (_BY_HAND,))) from None
    try:
        replace_tree_of_head(repository, head, REFLOG)
    except GitFailed as error:
        raise GitFailed(error.message, "The renumbered migrations are staged:", "git commit") from None
    return found


def replace_tree_of_head(repository: Repository, head: str, reason: str) -> str:
    """Make HEAD the same commit with the index as its tree; returns the new id.  Raises GitFailed."""
    tree = text_of(repository.git("write-tree")).strip()
    new = same_commit_with_tree(repository, head, tree)
    repository.git("update-ref", "-m", reason, "HEAD", new, head)
    return new


def same_commit_with_tree(
    repository: Repository, commit: str, tree: str, parents: tuple[str, ...] | None = None
) -> str:
    """A commit that differs in its tree (and parents) alone: author, dates, message and other headers stay.

    A signature cannot stay; whoever signed the commit signs the new one.
    """
    found = repository.read(commit)
    if found is None or found.kind != "commit":
        raise GitFailed(f"the commit {commit} is not here.")
    raw = found.data
    head, _, message = raw.partition(b"\n\n")
    lines = head.split(b"\n")
    signed = any(line.startswith((b"gpgsig ", b"gpgsig-sha256 ")) for line in lines)
    kept: list[bytes] = [b"tree " + tree.encode()]
    old_parents = [line for line in lines if line.startswith(b"parent ")]
    kept += old_parents if parents is None else [b"parent " + parent.encode() for parent in parents]
    skipping = False
    for line in lines:
        if line.startswith((b"tree ", b"parent ")):
            continue
        skipping = line.startswith((b"gpgsig ", b"gpgsig-sha256 ")) or (skipping and line.startswith(b" "))
        if not skipping:
            kept.append(line)
    data = b"\n".join(kept) + b"\n\n" + message
    if not signed:
        return text_of(repository.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=data)).strip()
    return _signed(repository, commit, tree, [line.split()[1].decode() for line in kept if line.startswith(b"parent ")])


def _signed(repository: Repository, commit: str, tree: str, parents: list[str]) -> str:
    names = [f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL", "DATE")]
    shown = text_of(repository.git("log", "-1", "--format=%an%n%ae%n%ad%n%cn%n%ce%n%cd", "--date=raw", commit))
    env = dict(zip(names, shown.split("\n"), strict=False))
    message = repository.git("cat-file", "commit", commit).partition(b"\n\n")[2]
    args = [a for parent in parents for a in ("-p", parent)]
    return text_of(repository.git("commit-tree", tree, *args, "-S", "-F", "-", stdin=message, env=env)).strip()


def assumption(decision: Decision) -> str:
    """What was assumed where nothing tells which side is published."""
    return f"(nothing tells which side is published; assumed: {printable(decision.keeper)} keeps its numbers)"


#: what a developer still has to do where the renumbered migrations are not only files
RAN_ALREADY = "a database in which they ran already: drizzle-guard repair --url URL"


def ran_already(repository: Repository, folder: str) -> str:
    """The same for one folder: another program may run its files by their names."""
    from pathlib import Path

    from drizzle_guard.disk import runner_of

    runner = runner_of(Path(repository.root, folder))
    if runner is None:
        return RAN_ALREADY
    again = f"a database in which they ran already would run them again: {runner.name} goes by the file's name"
    return f"{again}; first see drizzle-guard status --url URL"


def describe(decision: Decision) -> list[str]:
    """What moved, a line each: `0003_comments -> 0005_comments`."""
    plan = decision.outcome
    assert isinstance(plan, Plan)
    return [describe_move(move.old, move.new) for move in plan.moves if move.changes]


def describe_move(old: Entry, new: Entry) -> str:
    """One migration and what became of it: its new name, else what changed beside the name."""
    if old.tag != new.tag:
        return f"{printable(old.tag)} -> {printable(new.tag)}"
    changed = [
        f"{key} {then} -> {now}"
        for key, then, now in (("idx", old.idx, new.idx), ("when", old.when, new.when))
        if then != now
    ]
    return f"{printable(old.tag)}: {', '.join(changed) or 'its snapshot'}"


def headline(folder: str, count: int) -> str:
    """What was done in a folder, in a few words."""
    where = f" in {printable(folder)}" if folder else ""
    return f"renumbered {'1 migration' if count == 1 else f'{count} migrations'}{where}"
