"""What `regenerate` has to do: which folder stays, and which migrations are set aside."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from drizzle_guard.drizzle.folder import REGULAR, Folder, Migration, join, read_folder
from drizzle_guard.drizzle.journal import PATH, Entry
from drizzle_guard.drizzle.snapshot import snapshot_id, snapshot_names
from drizzle_guard.errors import GuardError, UsageError, printable, quoted
from drizzle_guard.git.chosen import chosen_folders
from drizzle_guard.git.folders import files_in_index, folders_at, folders_in_index, history_at
from drizzle_guard.git.mainline import find_mainline, likely_name
from drizzle_guard.git.operation import is_rebasing
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides, merge_sides, sides_in_progress, stash_sides
from drizzle_guard.git.text import text_of
from drizzle_guard.light import NamedTuple
from drizzle_guard.regenerate import kit as kits
from drizzle_guard.renumber.decision import Decision, colliding_folders, decide
from drizzle_guard.renumber.rebase import canonical_head
from drizzle_guard.replay.parting import part
from drizzle_guard.replay.plan import Refusal
from drizzle_guard.sql.statements import decode, is_handwritten


class Task(NamedTuple):
    """One folder: `kept` stays, `own` are the branch's migrations that are generated anew.

    `source` is the commit whose folder stays, `side` how messages call it; `edited` are migrations of `kept` whose SQL
    the branch had changed; `versions` are histories whose files may be overwritten; `then` is what the user types next.
    """

    folder: str
    kept: Folder
    own: tuple[Migration, ...]
    edited: tuple[Migration, ...]
    versions: tuple[Folder, ...]
    source: str
    side: str
    then: str

    @property
    def name(self) -> str:
        """The name of the new migration; "" lets drizzle-kit find one."""
        return kits.migration_name([m.entry.suffix for m in self.own]) if self.own else ""

    @property
    def save(self) -> tuple[Migration, ...]:
        """Migrations with SQL that drizzle-kit would not write again."""
        known = snapshot_names(m.snapshot for m in (*self.kept.migrations[-1:], *self.own) if m.snapshot)
        own = (m for m in self.own if m.sql and m.sql.mode in REGULAR and is_handwritten(decode(m.sql.data), known))
        return (*own, *self.edited)


def find_tasks(repository: Repository, paths: Sequence[str], onto: str | None) -> tuple[list[Task], list[str]]:
    """What there is to regenerate, and a line for each folder that is left as it is.

    In a stopped merge, rebase or cherry-pick: the folders that were refused (or named).  Without one: the branch's own
    migrations, in a branch that has the mainline's.  Raises GuardError where it would be wrong to go on.
    """
    if repository.is_bare:
        raise UsageError("regenerate needs a worktree; in a bare repository there is none.")
    unmerged = unmerged_paths(repository)
    folders = {f for f in folders_in_index(repository) if join(f, PATH) in unmerged}
    sides = sides_in_progress(repository) or (stash_sides(repository, folders) if folders else None)
    if sides is None and folders:
        raise UsageError(f"{join(min(folders), PATH)} is in conflict, but git does not say between which commits.")
    if sides is None:
        return _without_operation(repository, paths, onto)
    folders |= set(colliding_folders(repository, sides))
    tasks, notes = [], []
    for folder in chosen_folders(repository, paths, folders, "this merge"):
        decision = _decide(repository, sides, folder, onto)
        if not paths and not isinstance(decision.outcome, Refusal):
            notes.append(f"{shown(folder)}: not refused; drizzle-guard renumber finishes it")
            continue
        task = _task(repository, sides, decision, onto)
        if tag := _regenerated(repository, task):
            notes.append(f"{shown(folder)}: already regenerated as {printable(tag)}; next: {task.then}")
        else:
            tasks.append(task)
    return tasks, notes


def _decide(repository: Repository, sides: Sides, folder: str, onto: str | None) -> Decision:
    """The decision; where only the common base cannot be read, as if there were none."""
    try:
        return decide(repository, sides, folder, onto=onto)
    except GuardError:
        if not sides.bases:
            raise
        return decide(repository, sides._replace(bases=()), folder, onto=onto)


def _task(repository: Repository, sides: Sides, decision: Decision, onto: str | None) -> Task:
    folder, ours = decision.folder, decision.ours_established
    kept, branch = (decision.ours, decision.theirs) if ours else (decision.theirs, decision.ours)
    if sides.kind == "rebase" and is_rebasing(repository):
        if not ours:
            raise GuardError(
                f"{shown(folder)}: the replayed commit is published; regenerate would write its migrations twice.",
                "git rebase --abort",
            )
        kept = canonical_head(repository, sides.ours, folder)
    source = sides.ours if ours else sides.theirs or sides.ours
    mainline = find_mainline(repository, onto)
    side = mainline.name if mainline and mainline.commit == source else "HEAD" if ours else source[:10]
    versions = (decision.base, decision.ours, decision.theirs)
    return _made(decision.base, kept, branch, folder, versions, source, printable(side), sides.next_command)


def _made(
    base: Folder,
    kept: Folder,
    branch: Folder,
    folder: str,
    versions: tuple[Folder, ...],
    source: str,
    side: str,
    then: str,
) -> Task:
    own = part(base, kept, branch).branch
    known = {m.sql for h in (base, kept) for m in h.migrations}
    mine = {m.tag for m in own}
    edited = tuple(
        m for m in branch.migrations if m.tag not in mine and m.sql and m.sql.mode in REGULAR and m.sql not in known
    )
    return Task(folder, kept, own, edited, versions, source, side, then)


def _without_operation(repository: Repository, paths: Sequence[str], onto: str | None) -> tuple[list[Task], list[str]]:
    head, mainline = repository.commit("HEAD"), find_mainline(repository, onto)
    if head is None:
        raise UsageError("this repository has no commit yet.")
    if mainline is None:
        name = likely_name(repository)
        raise UsageError("nothing tells which branch is the mainline.", f"drizzle-guard regenerate --onto {name}")
    sides = merge_sides(repository, head, mainline.commit)
    name = printable(mainline.name)
    merge_first = f"git merge {shlex.quote(name)}"
    if not sides.bases and repository.is_shallow():
        raise GuardError(
            f"the common ancestor of HEAD and {name} is not in this shallow clone.", "git fetch --unshallow"
        )
    if len(sides.bases) != 1:
        raise GuardError(f"HEAD and {name} have {len(sides.bases)} common ancestors.", merge_first)
    tasks, notes = [], []
    folders = chosen_folders(repository, paths, folders_at(repository, head), "HEAD")
    for folder in folders:
        kept = history_at(repository, sides.bases[0], folder)
        branch = history_at(repository, head, folder)
        task = _made(kept, kept, branch, folder, (kept, branch), sides.bases[0], name, "git commit")
        if not task.own and not part(kept, kept, branch).off_branch:
            notes.append(f"{shown(folder)}: nothing to regenerate, the branch has no migrations of its own")
        elif folder in colliding_folders(repository, sides):
            # without the mainline's own schema, drizzle-kit would write SQL that takes its changes back
            raise GuardError(f"{shown(folder)}: {name} has migrations that this branch has not met yet.", merge_first)
        else:
            _refuse_uncommitted(repository, folder)
            tasks.append(task)
    if len(tasks) > 1 and not paths:
        folders_shown = ", ".join(shown(task.folder) for task in tasks)
        raise UsageError(
            f"several folders have migrations of the branch's own: {folders_shown}.",
            f"name one: drizzle-guard regenerate {quoted(tasks[0].folder or '.')}",
        )
    return tasks, notes


def _regenerated(repository: Repository, task: Task) -> str:
    """The tag of a migration that an earlier run has generated and staged; "" if there is none."""
    index = {path: stages[0] for path, stages in files_in_index(repository, task.folder).items() if 0 in stages}
    if PATH not in index:
        return ""
    try:
        staged = read_folder(task.folder, index)
    except GuardError:
        return ""
    count = len(task.kept.entries)
    if len(staged.entries) != count + 1 or not starts_with(staged.entries, task.kept.entries):
        return ""
    last = staged.migrations[-1]
    ids = {snapshot_id(m.snapshot) for m in task.own if m.snapshot}
    return last.tag if last.sql and last.snapshot and snapshot_id(last.snapshot) not in ids else ""


def unmerged_paths(repository: Repository) -> set[str]:
    """Paths in conflict."""
    listed = text_of(repository.git("ls-files", "-u", "-z"))
    return {record.split("\t", 1)[1] for record in listed.split("\0") if record}


def starts_with(entries: Sequence[Entry], start: Sequence[Entry]) -> bool:
    """Whether a journal begins with these entries, unchanged."""
    return [e.raw for e in entries[: len(start)]] == [e.raw for e in start]


def shown(folder: str) -> str:
    """A folder in a message."""
    return printable(folder) or "."


def _refuse_uncommitted(repository: Repository, folder: str) -> None:
    if repository.run("diff", "--quiet", "HEAD", "--", f":(top,literal){folder or '.'}").returncode:
        raise GuardError(
            f"{shown(folder)} has changes that are not committed.", f"git stash push -- {quoted(folder or '.')}"
        )
