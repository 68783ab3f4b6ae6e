"""Everything about one folder of one merge, read once; `decision.judge` says without git what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drizzle_guard.drizzle.folder import Blob, Folder, Migration
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import history_at
from drizzle_guard.git.mainline import Mainline, find_mainline
from drizzle_guard.git.operation import is_rebasing
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Kind, Sides, is_merging
from drizzle_guard.light import NamedTuple
from drizzle_guard.renumber.picked import is_behind


class Meeting(NamedTuple):
    """Two sides of a folder that meet.

    `kind` is the operation's (`Sides.kind`), and `rebasing` says that git replays a commit.  `before` is our folder
    as it will be: in a rebase the commits made so far have their old file names until it ends; else it is `ours`.
    `mainline` is the branch whose migrations are published (None: nothing tells), `published` is its folder (None:
    unknown, or it cannot be read), and `ours_is_mainline` says that our side's commit or branch is the mainline.
    `is_behind`: our side lacks what a picked commit stands on.
    """

    kind: Kind
    folder: str
    base: Folder
    ours: Folder
    theirs: Folder
    before: Folder
    rebasing: bool
    mainline: Mainline | None
    published: Folder | None
    ours_is_mainline: bool
    is_behind: bool
    anyway: bool = False  # pass over what is read from SQL

    def in_order(self, ours_stays: bool) -> tuple[Folder, Folder]:
        """The side that stays, and the one that goes behind it."""
        return (self.before, self.theirs) if ours_stays else (self.theirs, self.before)


class Ends(NamedTuple):
    """The three versions of a folder that meet."""

    base: Folder
    ours: Folder
    theirs: Folder


def meet(
    repository: Repository,
    sides: Sides,
    folder: str,
    *,
    onto: str | None = None,
    ends: Ends | None = None,
    anyway: bool = False,
    asks_mainline: bool = True,
) -> Meeting:
    """Read all that a judgement needs.

    `ends` are the versions, if they are not simply those of the commits that meet (a stash, an index without
    commits); `onto` names the mainline, if the user did; `anyway` says that a person has looked at the SQL;
    `asks_mainline`: it is not settled yet who stays.  Raises
    GuardError if a side cannot be read, or if a rebase is under way that this is no part of.
    """
    base, ours, theirs = ends or _ends(repository, sides, folder)
    rebasing = _is_rebased(repository, sides, folder)
    before = ours
    if rebasing:
        from drizzle_guard.renumber.rebase import canonical_head  # late: a merge has no use for it

        before = canonical_head(repository, sides.ours, folder)
    mainline = find_mainline(repository, onto) if asks_mainline else None
    picked = sides.theirs if sides.kind in ("cherry-pick", "rebase") else None
    return Meeting(
        kind=sides.kind,
        folder=folder,
        base=base,
        ours=ours,
        theirs=theirs,
        before=before,
        rebasing=rebasing,
        mainline=mainline,
        published=mainline and _published(repository, mainline, sides, folder, ours, theirs),
        ours_is_mainline=mainline is not None and _is_mainline(repository, mainline, sides.ours),
        is_behind=picked is not None and is_behind(repository, sides.ours, picked, base, before),
        anyway=anyway,
    )


def _ends(repository: Repository, sides: Sides, folder: str) -> Ends:
    if not sides.bases and repository.is_shallow():
        # an entry that only one side has may be new there, or deleted on the other: only the ancestor tells
        raise GuardError(
            f"{printable(folder) or '.'}: the common ancestor of the two sides is missing: this clone is shallow.",
            "Bring everything back if git has stopped, fetch the rest, and do it again:",
            "git fetch --unshallow",
        )
    ours, theirs = _side(repository, sides, sides.ours, folder), _side(repository, sides, sides.theirs, folder)
    return Ends(common_base(repository, sides, folder, (ours, theirs)), ours, theirs)


def _side(repository: Repository, sides: Sides, commit: str | None, folder: str) -> Folder:
    """The folder of one side.  Raises GuardError that says on which side, in which commit it cannot be read."""
    try:
        return history_at(repository, commit, folder)
    except GuardError as error:
        side = "HEAD" if commit == sides.ours else f"the other side, {(commit or '')[:10]}"
        raise GuardError(
            f"{error.message.rstrip('.')}, on {side}.",
            *error.hints,
            "If git has stopped, bring everything back:",
            sides.abort_command,
            "Then mend it on that side, commit, and do the same again. There, this says how:",
            "drizzle-guard check",
        ) from None


def _is_rebased(repository: Repository, sides: Sides, folder: str) -> bool:
    """Whether theirs is a commit that git replays.  Raises GuardError for a merge while a rebase is under way."""
    if not is_rebasing(repository):
        return False
    if sides.kind != "merge":
        return sides.kind == "rebase"
    if not is_merging(repository):  # `renumber` or `graph` at a stop, where git has merged nothing
        raise GuardError(
            "a rebase is under way; the migrations of its commits get their numbers when it ends.",
            "git rebase --continue",
        )
    raise GuardError(
        f"{printable(folder) or '.'}: this rebase merges two branches that both have migrations; "
        "drizzle-guard does not renumber those.",
        "git rebase --abort, then rebase without --rebase-merges, or merge instead",
    )


def common_base(repository: Repository, sides: Sides, folder: str, ends: Sequence[Folder]) -> Folder:
    """The common ancestor's folder; of several ancestors (a criss-cross) all that any of them had.

    An entry that any common ancestor had and a side lacks was deleted by that side.
    """
    histories = [history_at(repository, base, folder) for base in sides.bases]
    if len(histories) < 2:
        return histories[0] if histories else history_at(repository, None, folder)
    raws = [entry.raw for end in ends for entry in end.entries]
    found: dict[_Key, Migration] = {}
    files: dict[str, Blob] = {}
    for history in histories:
        files = {**history.files, **files}
        for migration in history.migrations:
            key = _key(migration)
            if key not in found or migration.entry.raw in raws:  # the name under which a side still has it
                found[key] = migration
    migrations = _as_a_side_has_them(found, histories, ends) or tuple(found.values())
    journal = histories[0].journal._replace(entries=tuple(m.entry for m in migrations))
    return Folder(folder, journal, migrations, files)


_Key = tuple[str, str | None]


def _key(migration: Migration) -> _Key:
    """What stays of a migration that a merge renumbered: its name without number, and its SQL."""
    return migration.entry.suffix, None if migration.sql is None else migration.sql.id


def _as_a_side_has_them(
    found: Mapping[_Key, Migration], histories: Sequence[Folder], ends: Sequence[Folder]
) -> tuple[Migration, ...]:
    """The ancestors' migrations in the order of a side that begins with all of them, if one does.

    One ancestor's snapshots lack what only the other had: from there on they are those of that side, which has merged
    the two before.  Up to there they are the ancestor's own; what a side made of them is an edit.
    """
    for end in ends:
        start = {_key(migration): migration.snapshot for migration in end.migrations[: len(found)]}
        if start.keys() == found.keys():
            for history in histories:
                for key, migration in zip(tuple(start), history.migrations, strict=False):
                    if key != _key(migration):
                        break
                    start[key] = migration.snapshot
            return tuple(found[key]._replace(snapshot=snapshot) for key, snapshot in start.items())
    return ()


def _published(
    repository: Repository, mainline: Mainline, sides: Sides, folder: str, ours: Folder, theirs: Folder
) -> Folder | None:
    if mainline.commit == sides.ours:
        return ours
    if mainline.commit == sides.theirs:
        return theirs
    made_from = [sides.ours, sides.theirs] if sides.kind == "merge" else [sides.ours]
    if repository.parents(mainline.commit) == made_from:
        return ours  # this very merge or pick was made on the mainline
    try:
        return history_at(repository, mainline.commit, folder, name=f"{mainline.name}:{folder}")
    except GuardError:
        return None


def _is_mainline(repository: Repository, mainline: Mainline, ours: str) -> bool:
    """Whether our side is the published one: its commit or its branch is checked out."""
    if ours == mainline.commit:
        return True
    return repository.branch() == mainline.branch
