"""`renumber` of folders in Drizzle v1's layout: own migrations get names behind the mainline's newest.

git merges such folders without a conflict, so no driver and no hook is asked; what is left to do is one rename a
migration, at any time before it is published.  What ran on a database under the old name runs there again.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence

from drizzle_guard.drizzle.folder import BUNDLE, join
from drizzle_guard.drizzle.v1 import SQL, is_v1_name
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders_v1 import v1_folders_at, v1_history_at
from drizzle_guard.git.mainline import Mainline
from drizzle_guard.git.repository import GitFailed, Repository
from drizzle_guard.light import NamedTuple
from drizzle_guard.replay.v1 import v1_names


class Renamed(NamedTuple):
    """A folder, its own migrations that get another name (old and new, in order), and the names of all its own."""

    folder: str
    names: tuple[tuple[str, str], ...]
    own: tuple[str, ...]


def find_renames(repository: Repository, mainline: Mainline, named: set[str] | None) -> list[Renamed]:
    """What is to be renamed in each v1 folder of HEAD (`named`: only in these).  Raises GuardError.

    Published is what the mainline has, and what it had where the branch left it.
    """
    head = repository.commit("HEAD")
    if head is None or repository.is_bare:
        return []
    bases = repository.merge_bases(head, mainline.commit)
    found = []
    for folder in sorted(v1_folders_at(repository, head)):
        if named is not None and folder not in named:
            continue
        tip = [m.tag for m in v1_history_at(repository, mainline.commit, folder).migrations]
        old = {m.tag for base in bases for m in v1_history_at(repository, base, folder).migrations}
        own = [name for name in _on_disk(repository, folder) if name not in old and name not in tip]
        names = v1_names(tip, own)
        changed = tuple((name, new) for name, new in names.items() if name != new)
        if changed:
            found.append(Renamed(folder, changed, tuple(own)))
    return found


def _on_disk(repository: Repository, folder: str) -> list[str]:
    place = os.path.join(repository.root, folder)
    try:
        listed = sorted(os.listdir(place))
    except OSError:
        return []
    return [n for n in listed if is_v1_name(n) and os.path.isfile(os.path.join(place, n, SQL))]


def rename(repository: Repository, found: Sequence[Renamed]) -> None:
    """Rename the folders, in the worktree and in the index: all of them or none.  Raises GuardError."""
    for item in found:
        _refuse_odd(repository, item)
    done: list[tuple[str, str]] = []
    try:
        for item in found:
            # the last one first: a name may be the old one of the next
            for old, new in reversed(item.names):
                one, other = join(item.folder, old), join(item.folder, new)
                _move(repository, one, other)
                done.append((one, other))
    except (GitFailed, OSError) as error:
        for one, other in reversed(done):
            _move(repository, other, one)
        said = error.message if isinstance(error, GitFailed) else str(error.strerror)
        raise GuardError(f"the migrations could not be renamed: {said} Everything was put back.") from None


def _refuse_odd(repository: Repository, item: Renamed) -> None:
    place = os.path.join(repository.root, item.folder)
    if os.path.lexists(os.path.join(place, BUNDLE)):
        raise GuardError(
            f"{printable(join(item.folder, BUNDLE))} names the migrations; drizzle-guard does not write it for v1.",
            "Take those of the branch out (git keeps what was written into them by hand), and make them again, behind "
            "the mainline's:",
            printable(shlex.join(["git", "rm", "-r", "-q", "--", *(join(item.folder, name) for name in item.own)])),
            "npx drizzle-kit generate",
        )
    taken = {old for old, _ in item.names}
    for old, new in item.names:
        if os.path.islink(os.path.join(place, old)):
            raise GuardError(f"{printable(join(item.folder, old))} is a symbolic link; drizzle-guard leaves it alone.")
        if os.path.lexists(os.path.join(place, new)) and new not in taken:
            raise GuardError(
                f"{printable(join(item.folder, new))} is there already, and a migration gets that name.",
                "move it away, then: drizzle-guard renumber",
            )


def _move(repository: Repository, one: str, other: str) -> None:
    tracked = repository.git("ls-files", "-z", "--", f":(top,literal){one}")
    if tracked:
        repository.git("mv", "--", one, other)
    else:
        os.rename(os.path.join(repository.root, one), os.path.join(repository.root, other))
