"""Writing a plan into the index and the worktree: all of it or nothing, and safe to do twice.

The order is: look (nothing of the user's may be in the way), let git write the files (with its line-end rules) from a
scratch index and remove the old ones, then switch the index in one atomic step.  Killed in between, the worktree has
only files that are known to be versions of ours, and the index still says what it said: a second run completes it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress

from drizzle_guard.drizzle.folder import Blob, Folder, join
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import files_in_index
from drizzle_guard.git.index import checkout, index_lines, scratch_index
from drizzle_guard.git.repository import GitFailed, Repository
from drizzle_guard.git.sparse import left_out, mark, unmarked
from drizzle_guard.git.text import bytes_of, text_of
from drizzle_guard.light import NamedTuple


class PathChange(NamedTuple):
    """One path (inside the folder) that is to be written (`blob`) or removed (None)."""

    path: str
    blob: Blob | None


def changes(wanted: Mapping[str, Blob | None], index: Mapping[str, Mapping[int, Blob]]) -> list[PathChange]:
    """What differs between a plan's files and the index; unmerged paths always do."""
    return [
        PathChange(path, blob)
        for path, blob in wanted.items()
        if (index.get(path) or {}).keys() - {0} or _id((index.get(path) or {}).get(0)) != _id(blob)
    ]


def _id(blob: Blob | None) -> tuple[str, str] | None:
    return None if blob is None else (blob.id, blob.mode)


def apply(
    repository: Repository,
    folder: str,
    wanted: Mapping[str, Blob | None],
    versions: Iterable[Folder],
    *,
    resolving: bool = True,
    again: str = "drizzle-guard renumber",
) -> bool:
    """Bring the index and the worktree to `wanted`; returns whether anything had to be changed.

    The files of `versions` may be overwritten where they lie in the worktree (those of the commits that meet).  What a
    sparse checkout leaves out is written into the index alone.  `resolving` says that git has stopped for a person:
    then what is staged may be replaced, too, but for SQL that somebody wrote.  Raises GuardError, with everything as
    it was, if a file of the user's is in the way (`again` is the command that it tells to repeat) or git fails.
    """
    _refuse_odd_directories(repository, folder)
    index = files_in_index(repository, folder)
    todo = changes(wanted, index)
    known = _known_ids(wanted, versions, index if resolving else {})
    _refuse_staged(folder, wanted, known, index, again)
    hidden = left_out(repository, folder, [path for path, blob in wanted.items() if blob is not None])
    on_disk = {path: None if path in hidden else blob for path, blob in wanted.items()}
    stale = _stale(repository, folder, on_disk, known, index, again)
    if not todo and not stale and not unmarked(repository, folder, hidden):
        return False
    touched = dict.fromkeys((*stale, *(path for path, _ in todo)))
    saved = {path: _read(os.path.join(repository.root, join(folder, path))) for path in touched}
    try:
        _write_files(repository, folder, {path: on_disk[path] for path in stale})
        if lines := index_lines(repository, folder, todo):
            repository.git("update-index", "-z", "--index-info", stdin=lines)
        mark(repository, folder, hidden)
        if hidden.intersection(stale):
            _prune(repository, folder)
        # once more from the index itself: an entry without the file's times would stop `git merge --abort`
        checkout(repository, [join(folder, path) for path in touched if on_disk[path] is not None], "-u")
        _verify(repository, folder, wanted)
    except (GitFailed, OSError) as error:
        restored = _restore(repository, folder, index, saved, hidden)
        text = error.message if isinstance(error, GitFailed) else f"{printable(str(error.filename))}: {error.strerror}."
        raise GuardError(f"{printable(folder) or '.'}: {text} {restored}") from None
    return True


def _known_ids(
    wanted: Mapping[str, Blob | None], versions: Iterable[Folder], index: Mapping[str, Mapping[int, Blob]]
) -> dict[str, set[str]]:
    """For each path the contents that may be overwritten: those of the index and of the commits that meet."""
    known: dict[str, set[str]] = {path: set() for path in wanted}
    sources = [history.files for history in versions]
    for path, ids in known.items():
        ids.update(files[path].id for files in sources if path in files)
        ids.update(blob.id for stage, blob in (index.get(path) or {}).items() if stage or not _is_written(path, blob))
        if (blob := wanted[path]) is not None:
            ids.add(blob.id)
    return known


def _is_written(path: str, blob: Blob) -> bool:
    """Whether a person may have written what is staged: SQL, unless it has the markers of a conflict."""
    if not path.endswith(".sql"):
        return False
    from drizzle_guard.rules.reading import marker_line  # late: only where git has stopped for a person

    return marker_line(blob.data) is None


def _refuse_staged(
    folder: str,
    wanted: Mapping[str, Blob | None],
    known: Mapping[str, set[str]],
    index: Mapping[str, Mapping[int, Blob]],
    again: str,
) -> None:
    for path in wanted:
        staged = (index.get(path) or {}).get(0)
        if staged is not None and staged.id not in known[path]:
            raise _in_the_way(join(folder, path), again)


def _in_the_way(path: str, again: str, *, tracked: bool = True) -> GuardError:
    import shlex  # late: hardly ever needed

    shown = printable(path)
    if tracked:
        return GuardError(
            f"{shown} has changes that no commit holds; they would be overwritten.",
            f"move it away, then: git reset -q -- {shlex.quote(shown)} && {again}",
        )
    return GuardError(f"{shown} is not tracked by git, and a migration gets that name.", f"move it away, then: {again}")


def _stale(
    repository: Repository,
    folder: str,
    wanted: Mapping[str, Blob | None],
    known: Mapping[str, set[str]],
    index: Mapping[str, Mapping[int, Blob]],
    again: str,
) -> list[str]:
    """Paths whose file in the worktree is not what is wanted.

    Raises GuardError if one holds something that no commit has; a conflict that git left may be overwritten.
    """
    present = [path for path in wanted if os.path.lexists(os.path.join(repository.root, join(folder, path)))]
    found = dict(zip(present, _hash_files(repository, [join(folder, path) for path in present]), strict=True))
    strange = [path for path in present if found[path] and found[path] not in known[path]]
    if strange:  # git would store them with other line ends than those that a commit holds: the bytes decide
        raw = _hash_files(repository, [join(folder, path) for path in strange], "--no-filters")
        found.update({path: id for path, id in zip(strange, raw, strict=True) if id in known[path]})
    stale = []
    for path, blob in wanted.items():
        if found.get(path) == (None if blob is None else blob.id):
            continue
        stale.append(path)
        if path not in found or found[path] in known[path]:
            continue
        unmerged = bool((index.get(path) or {}).keys() - {0})
        if not (unmerged and found[path]):  # a link or a directory is nothing that git left
            raise _in_the_way(join(folder, path), again, tracked=path in index)
    return stale


def _hash_files(repository: Repository, paths: list[str], *how: str) -> list[str]:
    """Blob ids of files in the worktree, as git would store them; a link counts as something else.

    `how` may be `--no-filters`: then of the bytes as they lie there.
    """
    regular = [p for p in paths if os.path.isfile(f := os.path.join(repository.root, p)) and not os.path.islink(f)]
    odd = [p for p in regular if "\n" in p or '"' in p]
    plain = [p for p in regular if p not in odd]
    ids = dict.fromkeys(paths, "")
    if plain:
        listed = repository.git("hash-object", *how, "--stdin-paths", stdin=bytes_of("\n".join(plain) + "\n"))
        ids.update(zip(plain, text_of(listed).split(), strict=True))
    for path in odd:
        ids[path] = text_of(repository.git("hash-object", *how, "--", path)).strip()
    return [ids[path] for path in paths]


def _refuse_odd_directories(repository: Repository, folder: str) -> None:
    """No directory on the way may be a symbolic link (git would write outside the repository) or a file."""
    at = repository.root
    for part in [p for p in folder.split("/") if p] + ["meta"]:
        at = os.path.join(at, part)
        shown = printable(os.path.relpath(at, repository.root))
        if os.path.islink(at):
            raise GuardError(f"{shown} is a symbolic link.")
        if os.path.lexists(at) and not os.path.isdir(at):
            raise GuardError(f"{shown} is no directory.")


def _write_files(repository: Repository, folder: str, files: Mapping[str, Blob | None]) -> None:
    """Bring files of the worktree to what they should be; the index stays."""
    written = {path: blob for path, blob in files.items() if blob is not None}
    if written:
        with scratch_index(repository) as env:
            lines = index_lines(repository, folder, written.items())
            repository.git("update-index", "-z", "--add", "--index-info", stdin=lines, env=env)
            checkout(repository, [join(folder, path) for path in written], env=env)
    for path in files.keys() - written.keys():
        _remove(os.path.join(repository.root, join(folder, path)))


def _read(path: str) -> bytes | None:
    if not os.path.lexists(path):
        return None
    with open(path, "rb") as file:
        return file.read()


def _remove(path: str) -> None:
    if os.path.lexists(path):
        os.unlink(path)


def _prune(repository: Repository, folder: str) -> None:
    """Take away the directories that are empty now, as git does."""
    at = os.path.join(repository.root, join(folder, "meta"))
    with suppress(OSError):  # one that is not empty, at the latest that of the repository
        while at != repository.root:
            os.rmdir(at)
            at = os.path.dirname(at)


def _verify(repository: Repository, folder: str, wanted: Mapping[str, Blob | None]) -> None:
    """Read back what was written.  Raises GitFailed if the index is not what was wanted."""
    if left := changes(wanted, files_in_index(repository, folder)):
        raise GitFailed(f"the index does not hold {printable(left[0].path)} as planned.")


def _restore(
    repository: Repository,
    folder: str,
    index: Mapping[str, Mapping[int, Blob]],
    saved: Mapping[str, bytes | None],
    hidden: set[str],
) -> str:
    """Put the files and the index back as they were; the sentence that says whether that went well."""
    for path, data in saved.items():
        file = os.path.join(repository.root, join(folder, path))
        with suppress(OSError):
            if data is None:
                _remove(file)
            elif _read(file) != data:
                os.makedirs(os.path.dirname(file), exist_ok=True)
                with open(file, "wb") as output:
                    output.write(data)
    lines = []
    for path in saved:
        full = join(folder, path)
        lines.append(f"0 {repository.no_object}\t{full}\0")
        lines += [f"{blob.mode} {blob.id} {stage}\t{full}\0" for stage, blob in (index.get(path) or {}).items()]
    repository.run("update-index", "-z", "--index-info", stdin=bytes_of("".join(lines)))
    with suppress(GitFailed):
        mark(repository, folder, [path for path in hidden if (index.get(path) or {}).keys() == {0}])
    now = files_in_index(repository, folder)
    for path, data in saved.items():
        if _read(os.path.join(repository.root, join(folder, path))) != data or now.get(path) != index.get(path):
            return f"{printable(join(folder, path))} could not be put back."
    return "Everything was put back."
