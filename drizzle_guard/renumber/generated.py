"""What `drizzle-kit generate` wrote in the middle of a stopped merge.

There the folder is in its interim state: the journal has all migrations, but the newest snapshot is the mainline's.  So
drizzle-kit finds the branch's own changes missing and writes them once more, into a migration behind the others.  Run,
it would fail or do them twice.  It is set aside; once the folder is canonical, drizzle-kit finds what is really left.
"""

from __future__ import annotations

import os

from drizzle_guard.drizzle.folder import Blob, Folder, join
from drizzle_guard.drizzle.journal import EMPTY, PATH, Entry, parse_journal, snapshot_path, sql_path
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.folders import files_in_index
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.saved import SAVED, save
from drizzle_guard.light import NamedTuple
from drizzle_guard.renumber.decision import Decision
from drizzle_guard.replay.plan import Plan


class Generated(NamedTuple):
    """The entries that were added to the interim journal, and the files of the worktree that belong to them."""

    entries: tuple[Entry, ...]
    files: Folder

    @property
    def tags(self) -> str:
        """Their names, as they are shown."""
        return ", ".join(printable(entry.tag) for entry in self.entries)


def find_generated(repository: Repository, decision: Decision) -> Generated | None:
    """What was generated on top of the interim folder, staged or in the worktree alone; None if nothing was."""
    plan, folder = decision.outcome, decision.folder
    if not isinstance(plan, Plan):
        return None
    staged = files_in_index(repository, folder).get(PATH, {}).get(0)
    for data in (_on_disk(repository, join(folder, PATH)), None if staged is None else staged.data):
        if data is not None and (new := _added(data, plan.interim.data, join(folder, PATH))):
            break
    else:
        return None
    paths = [PATH, *(path for entry in new for path in (sql_path(entry.tag), snapshot_path(entry.prefix)))]
    found = {path: _on_disk(repository, join(folder, path)) for path in paths}
    blobs = {path: Blob.of(data, join(folder, path)) for path, data in found.items() if data is not None}
    if any(len(blob.id) == 64 for blob in decision.theirs.files.values()):
        some = next(iter(decision.theirs.files.values()))
        blobs = {path: blob.named_as(some) for path, blob in blobs.items()}
    return Generated(new, Folder(folder, EMPTY, (), blobs))


def set_aside(repository: Repository, decision: Decision, generated: Generated) -> tuple[Decision, list[str]]:
    """Save the SQL of what was generated; the decision by which its files go away, and the saved paths.

    Raises UsageError if nothing can be saved.
    """
    if os.path.islink(os.path.join(repository.root, SAVED)):
        raise UsageError(f"{SAVED} is a symbolic link; nothing is saved through it.")
    plan = decision.outcome
    assert isinstance(plan, Plan)
    files = dict(plan.files)
    saved: list[str] = []
    for entry in generated.entries:
        for path in (sql_path(entry.tag), snapshot_path(entry.prefix)):
            files.setdefault(path, None)
        if (sql := generated.files.files.get(sql_path(entry.tag))) is not None:
            saved += save(repository, entry.tag, sql.data)
    return decision._replace(outcome=plan._replace(files=files)), saved


def explain(decision: Decision, generated: Generated, next_command: str) -> GuardError:
    """Why a commit is refused that has it, and the way out."""
    path = printable(join(decision.folder, PATH))
    return GuardError(
        f"{path}: {generated.tags} was generated before the merge was finished, and repeats what your own ones do.",
        "this sets it aside and finishes the folder; then see what is really left:",
        "drizzle-guard renumber",
        next_command,
        "npx drizzle-kit generate",
    )


def _added(data: bytes, interim: bytes, name: str) -> tuple[Entry, ...]:
    """The entries behind those of the interim journal; none if the journal does not begin with them."""
    if data == interim:
        return ()
    try:
        now, before = parse_journal(data, name).entries, parse_journal(interim, name).entries
    except GuardError:
        return ()
    if [entry.raw for entry in now[: len(before)]] != [entry.raw for entry in before]:
        return ()
    return now[len(before) :]


def _on_disk(repository: Repository, path: str) -> bytes | None:
    file = os.path.join(repository.root, path)
    if os.path.islink(file) or not os.path.isfile(file):
        return None
    with open(file, "rb") as found:
        return found.read()
