"""What a commit changes in migration folders: one that stands, or the one that git is about to make."""

from __future__ import annotations

from drizzle_guard.drizzle.folder import Blob, Folder, join, read_folder
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.drizzle.v1 import SNAPSHOT, SQL, Layout, is_v1_name, read_v1
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.folders import blob, escape, files_at, files_in_index
from drizzle_guard.git.pathspecs import MIGRATIONS
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.state import other_parents
from drizzle_guard.git.text import bytes_of, text_of
from drizzle_guard.light import NamedTuple
from drizzle_guard.protect.compare import read_without_journal


class ProposedCommit(NamedTuple):
    """A commit (None: the index, from which git is about to make one) and the parents that it is compared with."""

    commit: str | None
    parents: tuple[str, ...]


def candidate_in_index(repository: Repository) -> ProposedCommit | None:
    """The commit that is about to be made; None for the first one of a repository.

    git tells a hook nothing of `--amend`: the commit that is being amended counts as the parent.
    """
    head = repository.commit("HEAD")
    # where a tag is merged, git notes the tag
    others = [repository.commit(other) or other for other in other_parents(repository.git_dir)]
    return None if head is None else ProposedCommit(None, (head, *others))


def candidates_between(repository: Repository, base: str, tip: str, *, without: str | None) -> list[ProposedCommit]:
    """The commits from `base` to `tip` that touch migrations, oldest first; those of `without` are not looked at.

    The last one is no commit: it compares the two ends.
    """
    span = (f"{base}..{tip}", *((f"^{without}",) if without else ()))
    touching = repository.git("rev-list", "--full-history", *span, "--", *MIGRATIONS).split()
    # path limiting leaves out a merge that keeps one side's whole folder
    wanted = {text_of(c) for c in (*touching, *repository.git("rev-list", "--merges", *span).split())}
    rows = text_of(repository.git("rev-list", "--reverse", "--topo-order", "--parents", *span)).splitlines()
    candidates = [ProposedCommit(row.split()[0], tuple(row.split()[1:])) for row in rows if row.split()[0] in wanted]
    return [*candidates, ProposedCommit(tip, (base,))]


def touched_folders(repository: Repository, candidate: ProposedCommit) -> dict[str, set[Layout]]:
    """The folders in which the candidate changes a migration against any parent, and their layouts."""
    found: dict[str, set[Layout]] = {}
    for parent in candidate.parents:
        args = (
            ("diff-index", "--cached", parent)
            if candidate.commit is None
            else ("diff-tree", "-r", parent, candidate.commit)
        )
        listed = repository.git(*args, "--name-only", "-z", "--no-renames", "--", *MIGRATIONS)
        for path in text_of(listed).split("\0"):
            folder, _, name = path.rpartition("/")
            outer, _, last = folder.rpartition("/")
            if is_v1_name(last) and name in (SQL, SNAPSHOT):
                found.setdefault(outer, set()).add(Layout.V1)
            elif name:
                found.setdefault(outer if last == "meta" and not name.endswith(".sql") else folder, set()).add(
                    Layout.JOURNAL
                )
    return {folder: layouts for folder, layouts in found.items() if _is_known(repository, candidate, folder, layouts)}


def _is_known(repository: Repository, candidate: ProposedCommit, folder: str, layouts: set[Layout]) -> bool:
    """Whether any version of the folder holds migrations; most directories with SQL files do not."""
    if Layout.V1 in layouts or "\n" in folder:
        return True
    names = [f"{commit}:{join(folder, PATH)}" for commit in candidate.parents]
    names.append(f"{candidate.commit or ''}:{join(folder, PATH)}")
    asked = bytes_of("\n".join(names) + "\n")
    answers = repository.git("cat-file", "--batch-check", stdin=asked).splitlines()
    return any(not answer.endswith((b" missing", b" ambiguous")) for answer in answers)


def history_in(repository: Repository, commit: str | None, folder: str) -> Folder:
    """A folder, in either layout, in a commit or the index.  Raises GuardError if its journal is not sound."""
    files = files_in(repository, commit, folder)
    if PATH in files:
        return read_folder(folder, files)
    found = read_v1(folder, _v1_files(repository, commit, folder))
    return found if found.migrations else found._replace(files=files)


def protected_history(repository: Repository, commit: str, folder: str) -> tuple[Folder, bool]:
    """A folder as it is protected, and whether its journal could be read; if not, its SQL files alone are."""
    try:
        return history_in(repository, commit, folder), True
    except GuardError:
        return read_without_journal(folder, files_in(repository, commit, folder)), False


def files_in(repository: Repository, commit: str | None, folder: str) -> dict[str, Blob]:
    """The files of a folder and its `meta/` in a commit or the index."""
    if commit is not None:
        return files_at(repository, commit, folder, folder)
    return {path: stages[0] for path, stages in files_in_index(repository, folder).items() if 0 in stages}


def _v1_files(repository: Repository, commit: str | None, folder: str) -> dict[str, Blob]:
    start = f"{folder}/" if folder else ""
    if commit is None:
        specs = [f":(top,glob){escape(start)}*/{name}" for name in (SQL, SNAPSHOT)]
        listed = repository.git("ls-files", "-s", "-z", "--", *specs)
    else:
        listed = repository.git("ls-tree", "-r", "-z", "--full-tree", commit, *([start] if start else []))
    files = {}
    for record in text_of(listed).split("\0"):
        head, _, path = record.partition("\t")
        inner = path.removeprefix(start)
        directory, _, name = inner.partition("/")
        if name in (SQL, SNAPSHOT) and is_v1_name(directory):
            words = head.split()
            files[inner] = blob(repository, words[1] if commit is None else words[2], words[0], path)
    return files


class Origin(NamedTuple):
    """The commit that added a file: its id, day and subject, and the file's mode and blob in it."""

    commit: str
    short: str
    day: str
    subject: str
    file: tuple[str, str]


def origin_of(repository: Repository, parent: str, path: str) -> Origin | None:
    """Since which commit a file stands, seen from a parent; None where history does not reach that far."""
    shown = repository.line(
        "log", "-1", "-c", "--no-renames", "--diff-filter=A", "--format=%H%x00%h%x00%cs%x00%s", parent, "--",
        f":(top,literal){path}",
    )  # fmt: skip
    fields = (shown or "").split("\n")[0].split("\0")
    if len(fields) != 4:
        return None
    commit, short, day, subject = fields
    words = (repository.line("ls-tree", "--full-tree", commit, f":(top,literal){path}") or "- - -").split()
    return Origin(commit, short, day, subject, (words[0], words[2]))


def merge_base(repository: Repository, from_ref: str, to_ref: str) -> tuple[str, str]:
    """The common ancestor of two refs, and the second one's commit.  Raises UsageError if this clone has none."""
    commits = []
    for ref in (from_ref, to_ref):
        commit = None if ref.startswith("-") else repository.commit(ref)
        if commit is None:
            raise UsageError(f"{printable(ref)!r} is no commit in this clone.", "git fetch, or name another ref")
        commits.append(commit)
    bases = repository.merge_bases(*commits)
    if not bases:
        hint = (
            "In GitHub Actions, give actions/checkout fetch-depth: 0; here:",
            "git fetch --unshallow",
        )
        why = "this clone is shallow" if repository.is_shallow() else "their histories are unrelated"
        raise UsageError(
            f"{printable(from_ref)} and {printable(to_ref)} have no common ancestor here: {why}.",
            *(hint if repository.is_shallow() else ()),
        )
    return bases[0], commits[1]
