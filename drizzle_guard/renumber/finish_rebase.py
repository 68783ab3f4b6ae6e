"""The finishing step of a rebase: write the row of replayed commits anew, each with its canonical folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from drizzle_guard.drizzle.folder import Blob, Folder, join
from drizzle_guard.drizzle.journal import PATH, sql_path
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import files_at, history_at
from drizzle_guard.git.handoff import REFLOG
from drizzle_guard.git.index import index_lines, scratch_index
from drizzle_guard.git.operation import is_applying_rebase, rebased_tip
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of, text_of
from drizzle_guard.light import NamedTuple
from drizzle_guard.renumber.finish_merge import describe_move, same_commit_with_tree
from drizzle_guard.renumber.rebase import Pick, onto, picked_folders, picks, replayed
from drizzle_guard.renumber.rebase_by_hand import place_of
from drizzle_guard.replay.plan import Refusal
from drizzle_guard.replay.published_edits import describe_edited_files

_UPDATE_REFS = "rebase-merge/update-refs"


class Rebased(NamedTuple):
    """How many commits were rewritten, and by folder which migrations have other numbers at the end, a line each.

    `edited` says by folder what the branch made of published migrations, where git asked no merge driver.
    """

    commits: int
    moved: dict[str, list[str]]
    edited: dict[str, list[str]]


def finish_rebase(repository: Repository) -> Rebased:
    """In `post-rewrite`: rewrite the commits of the rebase that has just ended; returns what changed.

    Nothing outside the replayed commits is rewritten, and nothing at all if the branch is not where the rebase left
    it.  Author, dates, message and notes stay; whoever signed a commit signs the new one.  Raises GuardError; in the
    end also if a migration could not get its number.
    """
    head = repository.commit("HEAD")
    if head is None or onto(repository) is None:
        return Rebased(0, {}, {})
    row = picks(repository, head)
    if not row:
        return Rebased(0, {}, {})
    folders = picked_folders(repository, row)
    trees = _canonical_trees(repository, row, folders)
    if trees:
        _replace(repository, head, row, trees)
    _refuse_half_done(repository, folders, row)
    moved = _moved(repository, head, folders) if trees else {}
    return Rebased(len(trees), moved, _edited(repository, folders))


def _edited(repository: Repository, folders: list[str]) -> dict[str, list[str]]:
    start = onto(repository)
    sides = {folder: [history_at(repository, commit, folder) for commit in (start, "HEAD")] for folder in folders}
    as_text = is_applying_rebase(repository)
    found = {folder: list(describe_edited_files(*ends, entries=as_text)) for folder, ends in sides.items()}
    return {folder: lines for folder, lines in found.items() if lines}


def _moved(repository: Repository, head: str, folders: list[str]) -> dict[str, list[str]]:
    """What has another name than under the old HEAD, which had the interim journal."""
    moved = {}
    for folder in folders:
        then, now = history_at(repository, head, folder), history_at(repository, "HEAD", folder)
        names = {place_of(entry): entry for entry in then.entries}
        lines = [
            describe_move(names[place_of(entry)], entry)
            for entry in now.entries
            if place_of(entry) in names and names[place_of(entry)].tag != entry.tag
        ]
        if lines:
            moved[folder] = lines
    return moved


def _replace(repository: Repository, head: str, row: list[Pick], trees: dict[str, str]) -> None:
    """Put the branch, the worktree, the notes and the stacked branches to the rewritten row.  Raises GuardError."""
    renamed = _rewrite(repository, row, trees)
    new_head = renamed[head]
    _move_worktree(repository, head, new_head)
    try:
        repository.git("update-ref", "-m", REFLOG, "HEAD", new_head, head)
    except GuardError:
        _move_worktree(repository, new_head, head)
        raise
    _carry_notes(repository, row, renamed)
    _carry_refs(repository, renamed)


def _refuse_half_done(repository: Repository, folders: list[str], row: list[Pick]) -> None:
    """Say so where a moved migration still has its interim name: what was committed by hand does not go with it."""
    start, head = onto(repository), repository.commit("HEAD")
    for folder in folders:
        before, now = history_at(repository, start, folder), history_at(repository, head, folder)
        known = {entry.tag for entry in before.entries}
        numbers = {entry.prefix: entry.tag for entry in before.entries}
        for entry in now.entries:
            if entry.tag not in known and entry.prefix in numbers:
                raise GuardError(
                    f"{printable(join(folder, PATH))}: {printable(entry.tag)} still has the number of "
                    f"{printable(numbers[entry.prefix])}: what was committed by hand during the rebase does not go "
                    "with the other migrations.",
                    "What is wrong there, and what helps against each, says:",
                    "drizzle-guard check",
                )
        _refuse_leftover(folder, before, now, (history_at(repository, o, folder) for pick in row for o in pick.old))
        if now.entries and not before.entries:
            _refuse_moved(repository, folder, now)


def _refuse_moved(repository: Repository, folder: str, now: Folder) -> None:
    """A commit that moved the folder took the interim names along, past the migrations that were renumbered."""
    numbers: dict[str, str] = {}
    for entry in now.entries:
        if entry.prefix not in numbers:
            numbers[entry.prefix] = entry.tag
            continue
        raise GuardError(
            f"{printable(join(folder, PATH))}: {printable(entry.tag)} has the number of "
            f"{printable(numbers[entry.prefix])}: this rebase moved the folder, and does not renumber across that.",
            "Bring the branch back, and merge instead:",
            f"git reset --hard {(rebased_tip(repository) or 'ORIG_HEAD')[:10]}",
            f"git merge {(onto(repository) or '')[:10]}",
        )


def _refuse_leftover(folder: str, before: Folder, now: Folder, picked: Iterable[Folder]) -> None:
    """A `fixup` whose own first commit fell away goes into the mainline's commit, which is none of the rebase's.

    A copy that the branch itself has without an entry stays: it was there in the `picked` commits.
    """
    tags = {migration.sql.id: migration.tag for migration in now.migrations if migration.sql}
    copies = [path for path in _without_entry(now) if path not in before.files and now.files[path].id in tags]
    known = {path for old in picked for path in _without_entry(old)} if copies else set()
    for path in copies:
        if path not in known:
            raise GuardError(
                f"{printable(join(folder, path))} is left over: it is {printable(tags[now.files[path].id])} under its "
                "old name.",
                "go back to before the rebase (git reflog), and rebase again without a squash into the mainline",
            )


def _without_entry(folder: Folder) -> list[str]:
    named = {sql_path(entry.tag) for entry in folder.entries}
    return [path for path in folder.files if path.endswith(".sql") and path not in named]


def _canonical_trees(repository: Repository, row: list[Pick], folders: list[str]) -> dict[str, str]:
    """For each commit whose folders are not canonical yet, the tree it should have."""
    wanted: dict[str, list[tuple[str, dict[str, Blob | None]]]] = {}
    for folder in folders:
        for commit, canon in replayed(repository, row, folder, {}).items():
            if canon.refusal is not None:
                raise _refused(repository, folder, canon.refusal)
            if canon.files is not None:
                wanted.setdefault(commit, []).append((folder, canon.files))
    trees: dict[str, str] = {}
    with scratch_index(repository) as env:
        for pick in row:
            if pick.new not in wanted:
                continue
            old_tree = repository.line("rev-parse", f"{pick.new}^{{tree}}")
            repository.git("read-tree", pick.new, env=env)
            for folder, files in wanted[pick.new]:
                there = files_at(repository, pick.new, folder, folder)
                todo = [(path, blob) for path, blob in files.items() if there.get(path) != blob]
                lines = index_lines(repository, folder, todo)
                repository.git("update-index", "-z", "--index-info", stdin=lines, env=env)
            tree = text_of(repository.git("write-tree", env=env)).strip()
            if tree != old_tree:
                trees[pick.new] = tree
    return trees


def _refused(repository: Repository, folder: str, refusal: Refusal) -> GuardError:
    """Why the rebase that has just ended is not right, although git did not stop, and how to go back."""
    sentence = f"{printable(folder) or '.'}: {refusal.sentence}"
    if is_applying_rebase(repository):
        how = "Go back to before this rebase; then rebase without --apply, which can stop:"
        return GuardError(sentence, how, "git reset --hard ORIG_HEAD")
    return GuardError(
        sentence,
        "git does not stop over that in a rebase. Go back to before this one, and merge instead:",
        "git reset --hard ORIG_HEAD",
        f"git merge {(onto(repository) or '')[:10]}",
    )


def _rewrite(repository: Repository, row: list[Pick], trees: dict[str, str]) -> dict[str, str]:
    """The row again from the first commit that changes: new id by old id."""
    renamed: dict[str, str] = {}
    for pick in row:
        parents = tuple(renamed.get(parent, parent) for parent in pick.parents)
        if pick.new not in trees and parents == pick.parents:
            renamed[pick.new] = pick.new
            continue
        tree = trees.get(pick.new) or repository.line("rev-parse", f"{pick.new}^{{tree}}")
        assert tree is not None
        renamed[pick.new] = same_commit_with_tree(repository, pick.new, tree, parents)
    return renamed


def _move_worktree(repository: Repository, old: str, new: str) -> None:
    """Switch index and worktree from one commit to the other; git refuses if something of the user's is in the way."""
    done = repository.run("read-tree", "-m", "-u", old, new)
    if done.returncode:
        named = re.search(rb"'(.+)'", done.stderr)  # in every language git names it so
        file = printable(text_of(named[1])) if named else "a file in the worktree"
        raise GuardError(
            f"the rebased migrations still have their old numbers: {file} is in the way.",
            "move it away, then: drizzle-guard renumber",
        )


def _carry_notes(repository: Repository, row: list[Pick], renamed: dict[str, str]) -> None:
    """git has copied the notes to the commits that are now replaced; copy them on, as its settings say."""
    pairs = "".join(f"{old} {renamed[pick.new]}\n" for pick in row for old in pick.old if renamed[pick.new] != pick.new)
    repository.run("notes", "copy", "--for-rewrite=rebase", "--stdin", stdin=pairs.encode())


def _carry_refs(repository: Repository, renamed: dict[str, str]) -> None:
    """`rebase.updateRefs`: git moves these branches after this hook, to what stands in its list."""
    text = repository.state_file(_UPDATE_REFS)
    if text is None:
        return
    lines = [renamed.get(line.strip(), line) for line in text.split("\n")]
    with open(os.path.join(repository.git_dir, _UPDATE_REFS), "wb") as file:
        file.write(bytes_of("\n".join(lines)))
