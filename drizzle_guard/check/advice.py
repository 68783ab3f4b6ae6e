"""What to type about each finding: what was tried in memory and takes it away, not what the rule usually needs.

A command stands there only if it works here.  First `drizzle-guard check --fix`, which touches nothing that a database
has seen; then `drizzle-guard renumber`; else what brings it back from git (`check.from_git`); else what fits where it
is typed (is this clone armed, is it published); else what the rule says, which is for a person.  Of several commands
each has its own line.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection

from drizzle_guard.check.from_git import brings_back
from drizzle_guard.check.targets import FolderToCheck, Published
from drizzle_guard.drizzle.journal import snapshot_path, sql_path
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.mainline import find_mainline
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import merge_sides
from drizzle_guard.heal.cure import examine, find_cure, for_a_person
from drizzle_guard.heal.run import is_under_way
from drizzle_guard.install.check import missing_parts
from drizzle_guard.install.steps import Wanted
from drizzle_guard.light import NamedTuple
from drizzle_guard.mend.repairs import Faulty, Mended, mend
from drizzle_guard.renumber.one_branch import compare
from drizzle_guard.replay.plan import Refusal
from drizzle_guard.rules.files import MISSING_SQL
from drizzle_guard.rules.model import Finding
from drizzle_guard.rules.run import Checked, Judged
from drizzle_guard.rules.snapshots import MISSING_SNAPSHOT

Check = Callable[[FolderToCheck], Checked]

FIX = "drizzle-guard check --fix"
RENUMBER = "drizzle-guard renumber"
#: the rules whose findings a repair may take away
MENDABLE = frozenset(
    (
        "DG001",
        "DG003",
        "DG012",
        "DG018",
        "DG019",
        "DG020",
        "DG021",
        "DG022",
        "DG023",
        "DG024",
        "DG025",
        "DG027",
        "DG028",
    )
)


class Trial(NamedTuple):
    """What `check --fix` would do to a folder, and what the rules would say then."""

    mended: Mended
    after: Checked


def try_repairs(target: FolderToCheck, known: Published, checked: Checked, again: Check) -> Trial | None:
    """The repairs of a folder, tried in memory; None if there are none, or they would make it no better."""
    codes = {judged.finding.rule.code for judged in checked.findings}
    if target.migrations is not None or target.fault is not None or not codes & MENDABLE:
        return None
    mended = mend(target.name, target.files, removable=_removable(known), faulty=Faulty.of(checked))
    if not mended.files:
        return None
    after = again(target._replace(files=mended.over(target.files)))
    before, now = _keys(checked), _keys(after)
    worse = sum(j.severity == "error" for j in after.findings) > sum(j.severity == "error" for j in checked.findings)
    return None if worse or before <= now else Trial(mended, after)


def _removable(known: Published) -> Collection[str]:
    """The paths that may be deleted: git has them, and no migration of the mainline needs them.

    Where a branch's journal has lost published entries, their files look like strays until `renumber` brings them back.
    """
    if known.mainline is None:
        return known.committed
    entries = known.mainline.tip.entries
    return known.committed - {path for e in entries for path in (sql_path(e.tag), snapshot_path(e.prefix))}


def advised(target: FolderToCheck, known: Published, checked: Checked, again: Check, onto: str | None) -> Checked:
    """The same findings with the command that takes each of them away here, where one does."""
    if not checked.findings or target.migrations is not None:
        return checked
    trial = try_repairs(target, known, checked, again)
    mended = set() if trial is None else _keys(checked) - _keys(trial.after)
    # a branch's own migrations may still get other places, which heals more
    own = [j.finding for j in checked.findings if j.severity == "error" and not j.published]
    left = own or [j.finding for j in checked.findings if j.severity == "error" and _key(j.finding) not in mended]
    healed: Collection[tuple[str, str]] | None = None
    if left and known.repository is not None:
        healed = _healed(known.repository, known.folder, onto, left)
    # where that was tried in vain, the rule's own word for it would lead back to here
    in_vain = set() if healed is None else {_key(finding) for finding in left} - set(healed)
    findings = []
    merge = _merge(known, onto) if any(judged.finding.merge_cures for judged in checked.findings) else ""
    for judged in checked.findings:
        key = _key(judged.finding)
        fix = _by_hand(judged, merge)
        is_tried = judged.severity == "error" and key not in in_vain and known.repository is not None
        fix = fix or (judged.finding.fix if is_tried else for_a_person(judged.finding))
        # an old snapshot that is missing harms nobody, and a search through all of git for each costs seconds
        is_old = judged.finding.mild and judged.published
        back = "" if key in mended or is_old else brings_back(target, known, checked, judged.finding, again)
        is_file = judged.finding.rule is MISSING_SQL  # that changes nothing else
        fix = back if back and is_file else RENUMBER if key in (healed or ()) else FIX if key in mended else back or fix
        findings.append(judged._replace(finding=judged.finding._replace(fix=fix)))
    return checked._replace(findings=tuple(findings))


def _by_hand(judged: Judged, merge: str) -> str:
    """What fits here and takes a finding away that no repair does; "" if it is what the rule says."""
    finding = judged.finding
    if finding.merge_cures:
        return merge
    if finding.rule is MISSING_SNAPSHOT and finding.fix != finding.rule.fix:
        return ""  # the newest one can be made, published or not
    return finding.rule.published_fix if judged.published else ""


def _merge(known: Published, onto: str | None) -> str:
    """How the mainline is brought in here, and what is said where that would be refused; "" if it is not known."""
    repository = known.repository
    head = None if repository is None else repository.commit("HEAD")
    if repository is None or head is None:
        return ""
    try:
        mainline = find_mainline(repository, onto)
        if mainline is None:
            return ""
        sides = merge_sides(repository, head, mainline.commit)
        outcome = compare(repository, sides, known.folder, (mainline.name, "HEAD"), onto).outcome
        armed = not missing_parts(repository, Wanted(hooks=True, protect=False, global_hooks=False))
    except GuardError:
        return ""
    if isinstance(outcome, Refusal):
        return f"a merge of {printable(mainline.name)} would be refused; see why: drizzle-guard graph"
    merge = f"git merge {printable(shlex.quote(mainline.name))}"
    return merge if armed else f"{merge}\n{RENUMBER}\ngit commit"


def _healed(
    repository: Repository, folder: str, onto: str | None, findings: list[Finding]
) -> Collection[tuple[str, str]] | None:
    """The findings that `renumber` takes away; None where nothing tells."""
    try:
        if is_under_way(repository):
            # the folder is finished from the commits that meet, whatever lies there
            is_torn = repository.line("ls-files", "-u", "--", f":(top,literal){folder or '.'}")
            return {_key(f) for f in findings} if is_torn else None
        case = examine(repository, folder, onto)
        cure = None if case is None else find_cure(repository, case, onto)
    except GuardError:
        return None
    if cure is None or not cure.row:
        return ()
    left = {_key(finding) for finding in cure.left}
    return {_key(finding) for finding in findings} - left


def _key(finding: Finding) -> tuple[str, str]:
    return finding.rule.code, finding.message


def _keys(checked: Checked) -> set[tuple[str, str]]:
    return {_key(judged.finding) for judged in checked.findings}
