"""What brings a folder in order that `check` finds errors in, while no operation of git is under way.

Every way is tried in memory and judged by the rules; only one that leaves fewer errors is a cure.  So the advice that
`check` gives is what was tried, and `renumber` has never "nothing to do" where something is wrong.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from drizzle_guard.config import Config, read_config
from drizzle_guard.drizzle.folder import Blob, Folder, join
from drizzle_guard.drizzle.journal import Entry, snapshot_path, sql_path
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import files_at
from drizzle_guard.git.mainline import Mainline, find_mainline
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import merge_sides
from drizzle_guard.heal.row import Rebuilt, rebuild
from drizzle_guard.heal.sources import entry_of, files_on_disk, own_migrations
from drizzle_guard.light import NamedTuple
from drizzle_guard.mend.repairs import mend, repairs_of
from drizzle_guard.renumber.decision import colliding_folders, decide
from drizzle_guard.renumber.earlier_merge import newest_merges
from drizzle_guard.rules.model import RENUMBER, Finding, MainlineFolder
from drizzle_guard.rules.run import check_journal_folder, read_any_history


class Cure(NamedTuple):
    """A folder in order.

    `files` are the paths that change (None: deleted), `lines` say before and after, `undone` what of a person's work
    goes, `left` the errors that stay.  `row` says that migrations get other places, `chain` that snapshots get other
    parents: both are what a merge that was resolved badly leaves, so that it is the work of renumber.  `moved` says
    that a migration gets another entry, under which a database may have run it.
    """

    folder: str
    files: dict[str, Blob | None]
    lines: tuple[str, ...]
    undone: tuple[str, ...]
    left: tuple[Finding, ...]
    row: bool
    chain: bool
    moved: bool = False


class Case(NamedTuple):
    """A folder with errors: its files as they lie there, the published ones, and what the rules say."""

    folder: str
    files: Mapping[str, Blob]
    mainline: MainlineFolder | None
    errors: tuple[Finding, ...]
    committed: frozenset[str]
    allowed: frozenset[tuple[str, str]]


def examine(repository: Repository, folder: str, onto: str | None = None) -> Case | None:
    """The folder on disk as the rules see it; None if there is none.  Raises GuardError."""
    files = files_on_disk(repository, folder)
    if not files:
        return None
    mainline = published_at(repository, folder, find_mainline(repository, onto))
    committed = frozenset(files_at(repository, "HEAD", folder, folder)) if repository.commit("HEAD") else frozenset()
    allowed = frozenset(allowed_edits(read_config(Path(repository.root)), folder, files))
    return Case(folder, files, mainline, errors_in(folder, files, mainline, allowed), committed, allowed)


def allowed_edits(config: Config, folder: str, files: Mapping[str, Blob]) -> Iterator[tuple[str, str]]:
    """The (tag, path) of files that are exactly as an `[[allow]]` entry says."""
    for allow in config.allow:
        path = sql_path(allow.tag)
        if path in files and allow.folder in (None, folder):
            with suppress(GuardError, OSError):
                if sha256(files[path].data).hexdigest() == allow.sha256.lower():
                    yield allow.tag, path


def published_at(repository: Repository, folder: str, branch: Mainline | None) -> MainlineFolder | None:
    """The mainline's version of a folder, and the one where the branch left it; None if there is none to compare."""
    head = repository.commit("HEAD")
    if branch is None or head is None:
        return None
    tip = read_any_history(branch.name, files_at(repository, branch.commit, folder, f"{branch.name}:{folder}"))
    bases = repository.merge_bases(head, branch.commit)
    old = read_any_history("", files_at(repository, bases[0], folder, folder)) if bases else None
    return None if tip is None else MainlineFolder(branch.name, tip, old)


def errors_in(
    folder: str, files: Mapping[str, Blob], mainline: MainlineFolder | None, allowed: frozenset[tuple[str, str]]
) -> tuple[Finding, ...]:
    """The errors that the rules find in a folder, now; repairs of the mainline's folder are allowed."""
    now = time.time_ns() // 1_000_000
    if mainline is not None:
        allowed |= repairs_of(mainline.tip, files)
    checked = check_journal_folder(folder, files, now=now, published=mainline, allowed=allowed)
    return tuple(judged.finding for judged in checked.findings if judged.severity == "error")


def find_cure(repository: Repository, case: Case, onto: str | None = None) -> Cure | None:
    """The way that leaves the fewest errors; None if none leaves fewer than there are.

    Of several that leave as many, the one that keeps what the sides of the last merge had in their journals: a
    migration that was generated on top of a lost one does what that does, and a database may have run the lost one.
    """
    best: Cure | None = None
    sides: set[str] = set()
    found: list[Cure] = []
    for cure, also in _ways(repository, case, onto):
        sides |= {m.sql.id for folder in also for m in folder.migrations if m.sql}
        found.append(cure)
        if not cure.left and not _taken_away(case, cure):
            break
    for cure in found:
        kept = len(case.errors) if best is None else len(best.left)
        fewer = len(_taken_away(case, cure) & sides) < len(_taken_away(case, best) & sides) if best else False
        if len(cure.left) < kept or (len(cure.left) == kept and fewer):
            best = cure
    return best


def _taken_away(case: Case, cure: Cure) -> set[str]:
    """The SQL (by blob id) that lies in the folder and would not any more."""
    after = {**case.files, **cure.files}
    stays = {blob.id for path, blob in after.items() if blob is not None and path.endswith(".sql")}
    return {blob.id for path, blob in case.files.items() if path.endswith(".sql")} - stays


def _ways(repository: Repository, case: Case, onto: str | None) -> Iterator[tuple[Cure, list[Folder]]]:
    """The ways to try, each with the other versions of the folder that it goes by."""
    for published, also in _rows(repository, case, onto):
        try:
            own = own_migrations(repository, case.folder, published, case.files, also)
            first = {m.sql.id for folder in also for m in folder.migrations if m.sql}
            older = sorted(own, key=lambda m: m.sql is None or m.sql.id not in first)
            for order in (own, older) if older != own else (own,):
                outcome = rebuild(published, order)
                if isinstance(outcome, Rebuilt):
                    yield _rebuilt(case, published, outcome), also
        except GuardError:
            continue  # a file that cannot be read: check names it
    yield mended(case), []


def _rows(repository: Repository, case: Case, onto: str | None) -> Iterator[tuple[Folder, list[Folder]]]:
    """The rows that may have to stand first, each with other versions in which own migrations may stand."""
    head, branch = repository.commit("HEAD"), find_mainline(repository, onto)
    if head is None:
        return
    if branch is not None:
        bases = repository.merge_bases(head, branch.commit)
        if head in bases:
            return  # all of it is published: nothing may get another place
        if bases and (row := _read(repository, bases[0], case.folder)) is not None:
            yield row, []
            tip = None if case.mainline is None else case.mainline.tip
            here = {blob.id for path, blob in case.files.items() if path.endswith(".sql")}
            # a merge of which git knows nothing any more (`git reset`, a squash): its files lie there
            if tip is not None and tip.files != row.files and all(m.sql and m.sql.id in here for m in tip.migrations):
                yield tip._replace(name=case.folder), []
    for merge in newest_merges(repository, head, branch):
        parents = repository.parents(merge)
        sides = merge_sides(repository, parents[0], parents[1])
        if case.folder not in colliding_folders(repository, sides):
            continue
        try:
            decision = decide(repository, sides, case.folder, onto=onto)
        except GuardError:
            return
        ours = decision.ours_established
        first, second = (decision.ours, decision.theirs) if ours else (decision.theirs, decision.ours)
        yield first, []
        yield first, [second]
        return


def _read(repository: Repository, commit: str, folder: str) -> Folder | None:
    found = read_any_history(folder, files_at(repository, commit, folder, folder))
    return found if found is not None and found.entries else None


def _rebuilt(case: Case, published: Folder, outcome: Rebuilt) -> Cure:
    """The cure that a row built anew is: all files of migrations that do not belong to it go."""
    wanted = dict(outcome.folder.files)
    files: dict[str, Blob | None] = {path: blob for path, blob in wanted.items() if case.files.get(path) != blob}
    before = read_any_history(case.folder, case.files)
    entries = [] if before is None else list(before.entries)
    old = {path for e in entries for path in (sql_path(e.tag), snapshot_path(e.prefix))}
    moved = {m.sql.id for m in outcome.folder.migrations if m.sql}
    for path, blob in case.files.items():
        is_copy = path.endswith(".sql") and "/" not in path and blob.id in moved
        if path not in wanted and (path in old or is_copy):
            files[path] = None
    lines, undone = _differences(case, published, outcome, before)
    order = [entry.tag for entry in entries] != [migration.tag for migration in outcome.folder.migrations]
    known = Folder("", outcome.folder.journal, (), {}) if before is None else before
    entries_now = [(entry_of(known, migration), migration.entry) for migration in outcome.folder.migrations]
    moved_one = any(was is not None and was.raw != now.raw for was, now in entries_now)
    cure = _with_repairs(case, files, lines, undone, row=order or bool(lines or undone))
    return cure._replace(moved=moved_one)


def mended(case: Case) -> Cure:
    """What can be mended without touching what a database has seen."""
    return _with_repairs(case, {}, [], [], row=False)


def _with_repairs(case: Case, files: dict[str, Blob | None], lines: list[str], undone: list[str], *, row: bool) -> Cure:
    after: dict[str, Blob | None] = {**case.files, **files}
    there = {path: blob for path, blob in after.items() if blob is not None}
    found = mend(case.folder, there, removable=case.committed)
    lines = [*lines, *(f"{printable(repair.path)}: {repair.what}" for repair in found.repairs)]
    chain = any(repair.of_chain for repair in found.repairs)
    there = found.over(there)
    left = errors_in(case.folder, there, case.mainline, case.allowed)
    return Cure(case.folder, {**files, **found.files}, tuple(lines), tuple(undone), left, row, chain)


def for_a_person(finding: Finding) -> str:
    """What is left to do where renumbering does not help, though the rule names it first."""
    return finding.rule.by_hand if finding.fix.startswith(RENUMBER) and finding.rule.by_hand else finding.fix


def fix_of_left(case: Case, finding: Finding) -> str:
    """The command for an error that `renumber` leaves: it is never that command itself."""
    still = {(other.rule.code, other.message) for other in mended(case).left}
    return for_a_person(finding) if (finding.rule.code, finding.message) in still else "drizzle-guard check --fix"


def _differences(case: Case, published: Folder, outcome: Rebuilt, before: Folder | None) -> tuple[list[str], list[str]]:
    """Before and after, a line for each migration; and what of a person's work goes."""
    lines: list[str] = []
    undone: list[str] = []
    old = Folder("", outcome.folder.journal, (), {}) if before is None else before
    there = {blob.id for path, blob in case.files.items() if path.endswith(".sql")}
    for migration in outcome.folder.migrations:
        was, now = entry_of(old, migration), migration.entry
        if was is None:
            lines.append(f"{printable(now.tag)}: comes back{_place(now)}")
            if migration.sql and migration.sql.id not in there:  # a revert, perhaps
                undone.append(f"{printable(now.tag)} comes back, which is not in the folder any more")
        elif was.raw != now.raw:
            name = f"{printable(was.tag)} -> {printable(now.tag)} " if was.tag != now.tag else f"{printable(now.tag)}:"
            lines.append(f"{name} {_moved(was, now)}")
            if migration in published.migrations and (was.tag, was.idx) == (now.tag, now.idx):  # nobody renumbered it
                undone.append(f"{printable(now.tag)} gets its published entry again")
        if was is not None and migration.sql and migration.sql.id not in there and sql_path(was.tag) not in case.files:
            lines.append(f"{printable(sql_path(now.tag))}: comes back")
            undone.append(f"{printable(join(case.folder, sql_path(now.tag)))} comes back, which was deleted")
        here = case.files.get(sql_path(migration.tag))
        if migration in published.migrations and here is not None and migration.sql and here.id != migration.sql.id:
            undone.append(f"{printable(join(case.folder, sql_path(migration.tag)))} gets its published text again")
    for tag in outcome.repeats:
        undone.append(f"{printable(tag)} goes: others do all that it does")
    return lines, undone


def _place(entry: Entry) -> str:
    return f"  idx {entry.idx}  when {entry.when}"


def _moved(was: Entry, now: Entry) -> str:
    idx = f"idx {was.idx} -> {now.idx}" if was.idx != now.idx else f"idx {now.idx}"
    when = f"when {was.when} -> {now.when}" if was.when != now.when else f"when {now.when}"
    return f"{idx}  {when}"
