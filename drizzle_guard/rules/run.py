"""Runs the rules over one folder, in one pass over its files, and judges what they find."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from drizzle_guard.drizzle import journal as journals
from drizzle_guard.drizzle.folder import Blob, Folder, Migration, join, snapshot_owners
from drizzle_guard.drizzle.journal import Journal, snapshot_path, sql_path
from drizzle_guard.drizzle.v1 import Layout
from drizzle_guard.light import Any, NamedTuple
from drizzle_guard.rules import bundle, chunks, contents, entries, files, mainline, names, repeats, snapshots, tracked
from drizzle_guard.rules.mainline import is_published, published_entries
from drizzle_guard.rules.model import Finding, Git, MainlineFolder, Severity, Snapshot, Subject
from drizzle_guard.rules.reading import entry_lines, load, malformed_snapshot, read_journal, read_snapshot
from drizzle_guard.rules.v1 import V1Mainline, v1_findings

#: Rules over the whole folder; those over single files run while the files are read.
_FOLDER_RULES: tuple[Callable[[Subject], Iterator[Finding]], ...] = (
    entries.duplicate_idx,
    entries.duplicate_tag,
    entries.idx_gap,
    entries.when_not_rising,
    entries.when_in_future,
    entries.same_second,
    names.unsafe_tag,
    names.prefix_none,
    files.missing_sql,
    files.orphan_sql,
    bundle.bundle_out_of_step,
    repeats.created_twice,
    chunks.breakpoints,
    tracked.not_in_git,
    snapshots.missing_snapshot,
    snapshots.shared_prev_id,
    snapshots.broken_prev_id,
    snapshots.duplicate_snapshot_id,
    snapshots.shared_snapshot,
    snapshots.stray_order,
    contents.mixed_snapshots,
    contents.lost_object,
    mainline.published_changed,
    mainline.published_missing,
    mainline.not_after_mainline,
)


class Judged(NamedTuple):
    """A finding, how bad it is here, whether it is about published migrations (None: not known), and their tags."""

    finding: Finding
    severity: Severity
    published: bool | None
    tags: tuple[str, ...]


class Checked(NamedTuple):
    """One folder's verdict.

    `migrations` counts its migrations (None: the journal cannot be read), `own` those that are not published (None:
    not known).
    """

    name: str
    layout: Layout
    migrations: int | None
    own: int | None
    findings: tuple[Judged, ...]


def _no_tick() -> None:
    pass


def check_journal_folder(
    name: str,
    found: Mapping[str, Blob],
    *,
    now: int,
    published: MainlineFolder | None = None,
    allowed: Collection[tuple[str, str]] = (),
    lf_in_git: Collection[str] = (),
    strict: bool = False,
    for_v1: bool = False,
    tick: Callable[[], None] = _no_tick,
    git: Git | None = None,
    runner: str = "",
) -> Checked:
    """Check a folder of the journal layout.

    `name` is the folder as messages call it, `found` its files by their paths inside it, `now` the time in ms since
    the epoch.  `published` is the mainline, if it is known; `allowed` are (tag, path) of edits allowed on purpose;
    `lf_in_git` are the paths to which the checkout gave CRLF, and git has LF.
    With `strict` every finding but advice is an error.  `for_v1` asks, too, what `drizzle-kit up` of v1 will make of
    it; these findings are errors on published migrations as well.  `git` is what git has of it; `runner` is the
    program that runs its files by their names.  `tick` is called for each SQL file and snapshot.
    """
    journal, findings = _load_journal(name, found)
    history = _history(name, found, journal)
    positions = {sql_path(entry.tag): position for position, entry in enumerate(history.entries)}
    facts: dict[str, Snapshot] = {}
    reader = _Snapshots()
    known = contents.Contents()
    owned = {snapshot_path(entry.prefix): None for entry in history.entries}
    for path in [*(path for path in owned if path in found), *(path for path in work(found) if path not in owned)]:
        if path.endswith(".sql"):
            entries = (positions[path],) if path in positions else ()
            findings += files.sql_bytes(path, found[path], entries, git_has_lf=path in lf_in_git)
        elif snapshots.is_snapshot(path):
            read = reader.read(path, found[path])
            if read is not None:
                facts[path], tables = read
                if path in owned:
                    known.add(path, tables)
        tick()
    findings += reader.findings()
    facts = dict(sorted(facts.items()))
    folder = Subject(history, facts, now, published, frozenset(allowed), known.lost, git, runner)
    findings += files.stray_file(folder)
    findings += names.unportable_name(folder)
    if journal is not None:
        for rule in _FOLDER_RULES:
            findings += rule(folder)
    findings = _with_lines(findings, history, found)
    own = None
    if published is not None and journal is not None:
        own = len(history.entries) - len(published_entries(history, published, allowed))
    count = None if journal is None else len(history.entries)
    judged = judge(findings, history, published, allowed, strict=strict)
    if for_v1 and journal is not None:
        from drizzle_guard.rules.for_v1 import up_findings  # late: nobody else asks

        up = judge(_with_lines(list(up_findings(folder)), history, found), history, published, allowed, strict=True)
        judged = tuple(sorted((*judged, *up), key=_order))
    return Checked(name, Layout.JOURNAL, count, own, judged)


def check_v1_folder(
    name: str,
    migrations: list[str],
    found: Mapping[str, Blob],
    *,
    lf_in_git: Collection[str] = (),
    strict: bool = False,
    tick: Callable[[], None] = _no_tick,
    mainline: V1Mainline | None = None,
) -> Checked:
    """Check a folder of Drizzle v1's layout; `migrations` are the names of its migrations, sorted."""
    history = Folder(name, journals.EMPTY, (), found)
    findings = v1_findings(name, migrations, found, lf_in_git, tick, mainline)
    own = None if mainline is None else len(set(migrations) - mainline.published)
    return Checked(name, Layout.V1, len(migrations), own, judge(findings, history, None, strict=strict))


def work(found: Mapping[str, Blob]) -> list[str]:
    """The files that a check of the journal layout reads one by one: SQL and snapshots, sorted."""
    return sorted(path for path in found if ("/" not in path and path.endswith(".sql")) or snapshots.is_snapshot(path))


def judge(
    findings: Iterable[Finding],
    history: Folder,
    published: MainlineFolder | None,
    allowed: Collection[tuple[str, str]] = (),
    *,
    strict: bool = False,
) -> tuple[Judged, ...]:
    """Say how bad each finding is, and sort them by file and line.

    On published migrations findings are warnings unless they are fatal, on others errors.  Where no mainline is known,
    all are errors but the mild ones.  Advice is a warning anywhere; with `strict` everything else is an error.
    `allowed` are the (tag, path) of edits of published ones that are made on purpose, or mend them.
    """
    stands = frozenset() if published is None else published_entries(history, published, allowed)
    judged = []
    for finding in findings:
        old = None if published is None else is_published(finding, history, published, stands, allowed)
        harmless = finding.mild if old is None else old and not finding.fatal
        advice = finding.advice or finding.rule.severity == "warning"
        severity: Severity = "warning" if advice or (harmless and not strict) else "error"
        tags = dict.fromkeys(history.entries[position].tag for position in finding.entries)
        judged.append(Judged(finding, severity, old, tuple(tags)))
    return tuple(sorted(judged, key=_order))


def _order(judged: Judged) -> tuple[str, int, tuple[int, ...], str, str]:
    finding = judged.finding
    return finding.path, finding.line or 0, finding.entries, finding.rule.code, finding.message


def _load_journal(name: str, found: Mapping[str, Blob]) -> tuple[Journal | None, list[Finding]]:
    blob = found.get(journals.PATH)
    if blob is None:
        return journals.EMPTY, []
    data = load(blob, journals.PATH)
    if isinstance(data, Finding):
        return None, [data]
    return read_journal(data, join(name, journals.PATH))


#: what was read of sound snapshots, by blob id: a repair is tried in memory, so a folder is judged several times
_sound: dict[str, tuple[Snapshot, contents.Tables]] = {}
_MOST = 512  # of larger folders, that much; memory stays flat


class _Snapshots:
    """Reads the snapshots of a folder one by one; only the last sound one is kept."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._sound: Any = None

    def read(self, path: str, blob: Blob) -> tuple[Snapshot, contents.Tables] | None:
        """The facts and the tables of a snapshot; None where it cannot be read."""
        data = load(blob, path)
        if isinstance(data, Finding):
            self._found.append(data)
            return None
        if (known := _sound.get(blob.id)) is not None:
            return known
        snapshot, body, wrong = read_snapshot(data, blob.name or path, path)
        self._found += wrong
        if snapshot is None:
            return None
        read = snapshot, contents.tables_of(body)
        malformed = list(malformed_snapshot(body, blob.name or path, path, self._sound))
        self._found += malformed
        if not malformed and not wrong:
            self._sound = body
            if len(_sound) < _MOST:
                _sound[blob.id] = read
        return read

    def findings(self) -> list[Finding]:
        """What is wrong with those that were read."""
        return self._found


def read_any_history(name: str, found: Mapping[str, Blob]) -> Folder | None:
    """Like `read_folder`, from a journal that may break every rule; None if it cannot be read."""
    journal, _ = _load_journal(name, found)
    return None if journal is None else _history(name, found, journal)


def _history(name: str, found: Mapping[str, Blob], journal: Journal | None) -> Folder:
    journal = journals.EMPTY if journal is None else journal
    owners = snapshot_owners(journal.entries)
    migrations = tuple(
        Migration(
            entry,
            found.get(sql_path(entry.tag)),
            found.get(snapshot_path(entry.prefix)) if owners[entry.prefix] == position else None,
        )
        for position, entry in enumerate(journal.entries)
    )
    return Folder(name, journal, migrations, found)


def _with_lines(findings: list[Finding], history: Folder, found: Mapping[str, Blob]) -> list[Finding]:
    """Put the entry's line to findings in the journal."""
    wanting = [finding for finding in findings if _in_journal(finding, history)]
    if not wanting:
        return findings
    lines = entry_lines(found[journals.PATH].data.decode("utf-8", "replace"))
    if len(lines) != len(history.entries):
        return findings  # entries that are no objects
    return [f._replace(line=lines[f.entries[-1]]) if _in_journal(f, history) else f for f in findings]


def _in_journal(finding: Finding, history: Folder) -> bool:
    return finding.line is None and bool(finding.entries) and finding.path == history.journal_path
