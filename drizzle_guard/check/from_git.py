"""Which command brings back from git what a folder has lost: tried in memory first, so that it takes the finding away.

A file that is missing or cannot be read comes from HEAD, else from the mainline, else from the newest commit in which
it was sound, of HEAD's own history first.  Published migrations that are gone from the journal come back with the whole
folder of HEAD or of the mainline.  While git has stopped nothing is named: the merge that ends brings its own files.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator

from drizzle_guard.check.targets import FolderToCheck, Published
from drizzle_guard.drizzle.folder import Blob, join
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.errors import printable
from drizzle_guard.git.folders import files_at
from drizzle_guard.git.repository import Repository
from drizzle_guard.heal.run import is_under_way
from drizzle_guard.rules.files import MISSING_SQL
from drizzle_guard.rules.mainline import PUBLISHED_MISSING
from drizzle_guard.rules.model import Finding
from drizzle_guard.rules.reading import BROKEN_JOURNAL, BROKEN_SNAPSHOT
from drizzle_guard.rules.run import Checked
from drizzle_guard.rules.snapshots import MISSING_SNAPSHOT

Check = Callable[[FolderToCheck], Checked]

#: so many commits of one file are looked at for its last sound version
_COMMITS = 20


def brings_back(target: FolderToCheck, known: Published, checked: Checked, finding: Finding, again: Check) -> str:
    """The command that restores what a finding is about; "" if there is none."""
    repository = known.repository
    if repository is None or is_under_way(repository):
        return ""
    if finding.rule is PUBLISHED_MISSING:
        return _folder(repository, target, known, checked, finding, again)
    path = PATH if finding.rule is BROKEN_JOURNAL else finding.files[0] if finding.files else ""
    if not path or finding.rule not in (MISSING_SQL, BROKEN_JOURNAL, BROKEN_SNAPSHOT, MISSING_SNAPSHOT):
        return ""
    for commit, name in _commits(repository, known, path):
        blob = files_at(repository, commit, known.folder, known.folder).get(path)
        if blob is not None and _helps(target, checked, finding, {path: blob}, again):
            return f"git checkout {name} -- {printable(shlex.quote(join(target.name, path)))}"
    return ""


def _folder(
    repository: Repository, target: FolderToCheck, known: Published, checked: Checked, finding: Finding, again: Check
) -> str:
    mainline = [] if known.mainline is None else [known.mainline.name]
    for name in ("HEAD", *mainline):
        commit = repository.commit(name)
        files = {} if commit is None else files_at(repository, commit, known.folder, known.folder)
        if PATH in files and _helps(target, checked, finding, files, again):
            return f"git checkout {printable(shlex.quote(name))} -- {printable(shlex.quote(target.name or '.'))}"
    return ""


def _commits(repository: Repository, known: Published, path: str) -> Iterator[tuple[str, str]]:
    """The commits that may have a file, the likeliest first, each with the name to type."""
    if path in known.committed:
        yield "HEAD", "HEAD"
    if known.mainline is not None and path in known.mainline.tip.files:
        yield known.mainline.name, printable(shlex.quote(known.mainline.name))
    place = f":(top,literal){join(known.folder, path)}"
    seen: set[str] = set()
    for refs in ("HEAD", "--all"):  # another branch may have a newer one, which is not this one's
        newest = ("log", refs, "-m", f"-{_COMMITS}", "--full-history", "--diff-filter=AMT", "--format=%h", "--", place)
        for commit in (repository.line(*newest) or "").split():
            if commit not in seen:
                yield commit, commit
            seen.add(commit)


def _helps(target: FolderToCheck, checked: Checked, finding: Finding, files: dict[str, Blob], again: Check) -> bool:
    """Whether the finding goes with these files, and nothing new about what can be read comes instead."""
    after = again(target._replace(files={**target.files, **files}))
    if finding.rule is PUBLISHED_MISSING:
        return all(judged.finding.rule is not PUBLISHED_MISSING for judged in after.findings)
    if finding.rule is MISSING_SNAPSHOT:  # another branch may have one of that name
        said, then = ({judged.finding.message for judged in found.findings} for found in (checked, after))
        return finding.message not in then and then <= said
    was = {(judged.finding.rule.code, judged.finding.path) for judged in checked.findings}
    now = {(judged.finding.rule.code, judged.finding.path) for judged in after.findings}
    unreadable = {BROKEN_JOURNAL.code, BROKEN_SNAPSHOT.code, "DG013", "DG016"}
    return (finding.rule.code, finding.path) not in now and not {pair for pair in now - was if pair[0] in unreadable}
