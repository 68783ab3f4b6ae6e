"""Which commits break the rule that committed migrations stay as they are: reads the versions, asks `forbidden`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import combinations
from typing import TYPE_CHECKING

from drizzle_guard.drizzle.folder import REGULAR, Folder, join
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.handoff import has_blob, regenerated
from drizzle_guard.git.mainline import CONFIG_FILE, CONFIG_KEY, find_mainline, likely_name
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import merge_sides, squash_sides
from drizzle_guard.light import NamedTuple
from drizzle_guard.mend.repairs import repairs_of
from drizzle_guard.protect.commits import (
    Origin,
    ProposedCommit,
    files_in,
    history_in,
    origin_of,
    protected_history,
    touched_folders,
)
from drizzle_guard.protect.compare import is_as_planned, read_without_journal
from drizzle_guard.protect.forbidden import Around, Change, forbidden, is_kept_whole
from drizzle_guard.renumber.decision import Decision, decide
from drizzle_guard.renumber.earlier_merge import look_back
from drizzle_guard.replay.plan import Plan, Refusal

if TYPE_CHECKING:
    from drizzle_guard.config import Config


#: git's setting that says what is protected
PROTECT_KEY = "drizzle-guard.protect"


class Violation(NamedTuple):
    """A forbidden change: in which commit, against which parent, in which folder; `sha256` is what would allow it."""

    candidate: ProposedCommit
    parent: str
    folder: str
    change: Change
    origin: Origin | None
    sha256: str | None

    @property
    def path(self) -> str:
        """The file, from the repository's top."""
        return join(self.folder, self.change.path)


class Scope(NamedTuple):
    """What holds for all commits: the published one (None: unknown), the settings if any, and the end of a range."""

    mainline: str | None
    config: Config | None
    tip: str | None = None


def read_settings(repository: Repository, commit: str | None) -> Config | None:
    """`drizzle-guard.toml` as it is in a commit or staged in the index; None if nothing is set.

    What git's own settings say of `protect` goes before it (`git -c drizzle-guard.protect=published commit`): it is
    said for this one command.  Raises UsageError if one of the two is not sound.
    """
    done = repository.run("cat-file", "blob", f"{commit or ''}:{CONFIG_FILE}")
    setting = repository.config(PROTECT_KEY)
    if done.returncode and setting is None:
        return None
    from drizzle_guard.config import Config, parse_config  # late: most repositories have no such file

    config = Config() if done.returncode else parse_config(done.stdout)
    if setting is None:
        return config
    if setting == "committed":
        return config._replace(protect="committed")
    if setting == "published":
        return config._replace(protect="published")
    raise UsageError(f"git's setting {PROTECT_KEY} is {printable(setting)!r}; it can be committed or published.")


def find_forbidden(repository: Repository, candidates: Iterable[ProposedCommit], scope: Scope) -> list[Violation]:
    """All that is forbidden in the candidates, each once.  Raises UsageError if the mainline is needed and unknown."""
    found: dict[tuple[str, str, str], Violation] = {}
    for candidate in candidates:
        folders = touched_folders(repository, candidate)
        for folder in sorted(folders):
            others = [other for other in folders if other != folder]
            violations = list(_Judge(repository, candidate, folder, scope).violations(others))
            if violations and has_blob(repository, regenerated(repository, folder, candidate.commit)):
                continue  # what `drizzle-guard regenerate` has staged
            for violation in violations:
                found.setdefault((folder, violation.change.tag, violation.change.what), violation)
    return list(found.values())


class _Judge:
    """One folder in one candidate."""

    def __init__(self, repository: Repository, candidate: ProposedCommit, folder: str, scope: Scope) -> None:
        self.repository, self.candidate, self.folder, self.scope = repository, candidate, folder, scope
        self._decision: Decision | None = None
        self._decided = False

    def violations(self, other_folders: list[str]) -> Iterator[Violation]:
        for position, parent in enumerate(self.candidate.parents):
            old, readable = protected_history(self.repository, parent, self.folder)
            if not old.migrations:
                continue
            try:
                new = self._new(readable)
            except GuardError as error:
                change = Change("unreadable", "", PATH, error.message)
                yield Violation(self.candidate, parent, self.folder, change, None, None)
                continue
            changes = forbidden(old, new, self._around(position, old, readable))
            if not changes or self._is_moved(old, new, other_folders):
                continue
            repairs = repairs_of(old, new.files)  # what `check --fix` makes of it, and nothing else
            changes = [change for change in changes if (change.tag, change.path) not in repairs]
            for change in self._left(position, old, new, readable, changes) if changes else ():
                violation = self._violation(parent, change)
                if not self._is_allowed(change) and not self._is_restored(violation):
                    yield violation

    def _new(self, readable: bool) -> Folder:
        if readable:
            return history_in(self.repository, self.candidate.commit, self.folder)
        return read_without_journal(self.folder, files_in(self.repository, self.candidate.commit, self.folder))

    def _around(self, position: int, old: Folder, readable: bool) -> Around:
        parents = self.candidate.parents
        bases = sorted({base for pair in combinations(parents, 2) for base in self.repository.merge_bases(*pair)})
        others = [parent for n, parent in enumerate(parents) if n != position]
        if self.scope.mainline is not None:
            published = self._read(self.scope.mainline, readable)
        elif bases:
            # nothing tells what is published; in a merge one side's own migrations have to move
            published = self._read(bases[0], readable)
        else:
            published = old
        return Around(
            published,
            [self._read(other, readable) for other in others],
            [self._read(base, readable) for base in bases],
        )

    def _read(self, commit: str, readable: bool) -> Folder:
        history, has_journal = protected_history(self.repository, commit, self.folder)
        if readable == has_journal:
            return history
        return read_without_journal(self.folder, files_in(self.repository, commit, self.folder))

    def _is_moved(self, old: Folder, new: Folder, other_folders: list[str]) -> bool:
        """Whether the whole folder went to another place."""
        if new.migrations:
            return False
        for other in other_folders:
            try:
                if is_kept_whole(old, history_in(self.repository, self.candidate.commit, other)):
                    return True
            except GuardError:
                continue
        return False

    def _left(self, position: int, old: Folder, new: Folder, readable: bool, changes: list[Change]) -> Iterable[Change]:
        """The changes that are not what drizzle-guard itself makes, and that the settings and the tip leave."""
        decision = self._what_we_would_do() if PATH in new.files else None
        around = self._around(position, old, readable)
        if decision is not None and isinstance(decision.outcome, Plan):
            if is_as_planned(new.files, decision.outcome, (decision.base, decision.ours, decision.theirs)):
                return ()
        elif decision is not None and self._may_regenerate(decision.outcome, position, decision.ours_established):
            established = decision.ours if decision.ours_established else decision.theirs
            around = around._replace(published=established, only_published=True)
        if self.scope.config is not None and self.scope.config.protect == "published":
            if self.scope.mainline is None:
                raise UsageError(
                    'protect = "published" needs a mainline, and none is known in this clone.',
                    f"git fetch, or name it: git config {CONFIG_KEY} {likely_name(self.repository)}",
                )
            around = around._replace(only_published=True)
        if around.only_published:
            repairs = repairs_of(old, new.files)
            changes = [c for c in forbidden(old, new, around) if (c.tag, c.path) not in repairs]
        if self.scope.tip not in (None, self.candidate.commit) and readable and changes:
            tags = self._tags_at_tip(old, around)
            changes = [change for change in changes if change.tag in tags]
        return changes

    def _what_we_would_do(self) -> Decision | None:
        """What `drizzle-guard renumber` or the merge driver would make of this folder here; None if nothing."""
        if not self._decided:
            self._decided = True
            try:
                self._decision = self._decide()
            except GuardError:
                self._decision = None
        return self._decision

    def _decide(self) -> Decision | None:
        parents = self.candidate.parents
        if len(parents) == 2:
            return decide(self.repository, merge_sides(self.repository, *parents), self.folder)
        if len(parents) > 2:
            return None
        if self.candidate.commit is None and (sides := squash_sides(self.repository)):
            return decide(self.repository, sides, self.folder)
        work = look_back(self.repository, parents[0], find_mainline(self.repository), self.folder, None)
        return work.decision if work.todo == "apply" else None

    @staticmethod
    def _may_regenerate(outcome: Plan | Refusal, position: int, ours_established: bool) -> bool:
        """Whether a merge was refused so that this side's own migrations may be generated again."""
        return isinstance(outcome, Refusal) and outcome.way_out.may_regenerate and (position == 0) != ours_established

    def _tags_at_tip(self, old: Folder, around: Around) -> set[str]:
        """What is still forbidden at the end of the range: what was taken back, or allowed later, does no harm."""
        assert self.scope.tip is not None
        try:
            tip = history_in(self.repository, self.scope.tip, self.folder)
        except GuardError:
            return {migration.tag for migration in old.migrations}
        return {change.tag for change in forbidden(old, tip, around) if not self._is_allowed(change)}

    def _violation(self, parent: str, change: Change) -> Violation:
        path = change.path
        if path == PATH and change.was is not None:
            path = change.was.name.removeprefix(f"{self.folder}/")
        origin = origin_of(self.repository, parent, join(self.folder, path))
        return Violation(self.candidate, parent, self.folder, change, origin, _hash_of(change))

    def _is_restored(self, violation: Violation) -> bool:
        """Whether a file is again as it was first committed."""
        change, origin = violation.change, violation.origin
        if change.now is None or origin is None or change.kind not in ("sql", "snapshot", "file"):
            return False
        return (change.now.mode, change.now.id) == origin.file

    def _is_allowed(self, change: Change) -> bool:
        """Whether an `[[allow]]` entry means this change: the tag, and the hash of the file as it may now be."""
        allowed = () if self.scope.config is None else self.scope.config.allow
        entries = [a for a in allowed if a.tag == change.tag and a.folder in (None, self.folder)]
        return bool(entries) and _hash_of(change) in [allow.sha256.lower() for allow in entries]


def _hash_of(change: Change) -> str | None:
    """The hash that allows a change: that of the new file, or of the old one if none is left."""
    blob = change.now or change.was
    return sha256(blob.data).hexdigest() if blob is not None and blob.mode in REGULAR else None


def subject_of(repository: Repository, commit: str) -> str:
    """A commit in one line: `1a2b3c4 (its subject)`."""
    return printable(repository.line("log", "-1", "--format=%h (%s)", commit) or commit[:7])
