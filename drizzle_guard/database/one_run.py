"""May this one migration run now, and from which statement on?"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from drizzle_guard.database.cures import of_applied, of_failure, of_out_of_order, whole_or_not_at_all
from drizzle_guard.database.evidence import Evidence, first_unrun
from drizzle_guard.database.foretelling import Cause, Failure, foretell
from drizzle_guard.database.ledger import sql_text
from drizzle_guard.database.next_migrate import id_failure
from drizzle_guard.database.verdicts import Comparison, Line, Row, Verdict
from drizzle_guard.database.world import Catalog
from drizzle_guard.errors import GuardError, UsageError, printable, quoted
from drizzle_guard.light import NamedTuple
from drizzle_guard.replay.hazards import Script, find_hazards
from drizzle_guard.sql.exact.statements import read_statements
from drizzle_guard.sql.statements import split_chunks, statements


class Run(NamedTuple):
    """One migration to run: its pieces in Drizzle's own split, the first one to send, what to record."""

    tag: str
    chunks: tuple[str, ...]
    start: int
    hash: str
    when: int


def plan_run(
    comparison: Comparison,
    catalog: Catalog,
    tag: str,
    kind: str,
    *,
    resume: bool = False,
    resume_at: int | None = None,
    by_name: bool = False,
    ahead: Sequence[Line] = (),
    planned: bool = False,
) -> Run:
    """The run of one migration.  Raises GuardError where it is unknown, applied, or would be wrong now.

    `comparison` carries the verdicts of `Evidence.judged`.  `resume_at` counts statements from 1: a person knows that
    those before it ran.  `by_name`: Drizzle v1, which has no watermark.  `ahead` are migrations that run before it in
    the same go; `planned` says that this go minds the watermark by itself.
    """
    line = comparison.line(tag)
    if line is None:
        raise _unknown(comparison, tag)
    _refuse_applied(line, kind)
    if not resume and resume_at is None:
        _refuse_half(line, kind)
    if line.migration.sql is None or line.hash is None:
        raise GuardError(f"{_shown(tag)} has no SQL file: {tag}.sql is missing.")
    if line.when is None:
        raise GuardError(f"{_shown(tag)} has no `when` that could be recorded.", "See: drizzle-guard check")
    chunks = split_chunks(sql_text(line.migration))
    if resume_at != len(chunks) + 1:  # else nothing runs
        _refuse_out_of_order(comparison, line, {other.tag for other in ahead})
    if not by_name and not planned:
        _refuse_hiding(comparison, line)
    start = 0
    if resume_at is not None:
        if not 1 <= resume_at <= len(chunks) + 1:
            raise UsageError(f"--resume-at {resume_at}: {_shown(tag)} has {len(chunks)} statements.")
        start = resume_at - 1
    elif resume:
        start = _resume_at(comparison, line, catalog, kind)
    else:
        # `apply` sends what Drizzle's drivers would refuse or cut, so no driver is asked here
        failure = foretell([*(other.migration for other in ahead), line.migration], catalog, ()).failure
        if failure is not None:
            raise GuardError(f"{failure.text}. Nothing was run.", *_after_failure(failure, line))
    if start < len(chunks):
        _refuse_own_transaction(line, catalog)
    unrecorded = id_failure(comparison.table, 1 + len(ahead))
    if unrecorded:
        raise GuardError(
            f"{_shown(tag)} could not be recorded: {unrecorded}. Nothing was run.",
            "drizzle-guard repair --only sequence" if comparison.table.numbered else "drizzle-guard status",
        )
    rows = comparison.table.rows
    unhashed = bool(rows) and all(row.hash == "" for row in rows)  # expo, op-sqlite, durable-sqlite
    return Run(tag, tuple(chunks), start, "" if unhashed else line.hash, line.when)


def _shown(tag: str) -> str:
    return printable(tag)


def _unknown(comparison: Comparison, tag: str) -> GuardError:
    near = get_close_matches(tag, [line.tag for line in comparison.lines], 1, 0.5)
    hint = f"Did you mean {printable(near[0])}?" if near else "What it has is listed by: drizzle-guard status"
    return GuardError(f"There is no migration {_shown(tag)} in the journal.", hint)


def _refuse_applied(line: Line, kind: str) -> None:
    if line.row is not None:
        row = f"row {line.row.id}" if line.row.id is not None else "its row"
        message = f"{_shown(line.tag)} is already applied ({row}, created_at {line.row.created_at})"
        if line.verdict is Verdict.OLD_WHEN:
            message += ", under an old `when`"
        if line.verdict is Verdict.EDITED:
            message += "; its file was edited since, and running it again would not bring the difference"
        if line.missing:
            message += f"; but {line.missing[0]}"
        raise GuardError(f"{message}.", *of_applied(line, kind).lines)
    if line.verdict is Verdict.UNRECORDED:
        raise GuardError(
            f"{_shown(line.tag)} is already applied, only not recorded: all that it creates is there.",
            "drizzle-guard repair --only adopt",
        )


def _refuse_half(line: Line, kind: str) -> None:
    """Refuse a migration of which a part is there, unless a person says where to go on."""
    if line.verdict is not Verdict.PARTLY:
        return
    tag = _shown(line.tag)
    if kind == "mysql":
        raise GuardError(f"{tag} is partly applied: {line.note}.", f"drizzle-guard apply {quoted(line.tag)} --resume")
    raise GuardError(f"{tag} is partly applied: {line.note}.", *whole_or_not_at_all(line.tag).lines)


def _refuse_own_transaction(line: Line, catalog: Catalog) -> None:
    """Refuse SQL that begins or ends a transaction: what ran before could then not be taken back."""
    for statement in read_statements(sql_text(line.migration), catalog.world.fold):
        word = next((e.to for e in statement.effects if e.verb == "control"), None)
        if word is not None:
            raise GuardError(
                f"{_shown(line.tag)} has {word.upper()} in it. drizzle-guard runs a migration in one transaction and "
                "takes it back if it fails, which it then could not. Nothing was run.",
                "Take BEGIN and COMMIT out of the file: Drizzle's migrator begins a transaction itself.",
            )


def _refuse_out_of_order(comparison: Comparison, line: Line, ahead: set[str]) -> None:
    """Refuse where a later migration that ran, or an earlier one that did not, touches the same objects."""
    at = comparison.lines.index(line)
    own = Script(line.tag, sql_text(line.migration))
    for later in comparison.lines[at + 1 :]:
        if later.row is not None and (reason := _against(own, Script(later.tag, sql_text(later.migration)))):
            raise GuardError(
                f"{_shown(own.tag)} is out of order: {_shown(later.tag)}, which comes later and ran already, "
                f"touches the same objects: {reason}.",
                *of_out_of_order(line).lines,
            )
    for earlier in comparison.lines[:at]:
        ran = earlier.row is not None or earlier.verdict is Verdict.UNRECORDED or earlier.tag in ahead
        first = Script(earlier.tag, "" if ran else sql_text(earlier.migration))
        if reason := _against(first, own) or _against(own, first):
            raise GuardError(
                f"{_shown(own.tag)} is out of order: {_shown(earlier.tag)}, which comes earlier and has not run, "
                f"touches the same objects: {reason}.",
                "npx drizzle-kit migrate"
                if earlier.runs and line.runs and not comparison.by_name
                else f"drizzle-guard apply {quoted(earlier.tag)}",
            )


def _against(late: Script, ran: Script) -> str | None:
    """Why `late` may not run after `ran`; None where nothing is seen."""
    hazard = next(iter(find_hazards([ran], [late])), None)
    if hazard is not None:
        return hazard.reason.replace("the mainline", _shown(ran.tag)).replace("the branch", _shown(late.tag))
    before, after = _written(ran), _written(late)
    both = sorted(t for t in before.keys() & after.keys() if not before[t] or not after[t])
    return f'both change rows of table "{printable(both[0])}"' if both else None


def _written(script: Script) -> dict[str, bool]:
    """The tables whose rows a migration changes -> whether it only inserts."""
    found: dict[str, bool] = {}
    for statement in statements(script.sql):
        for action in statement.actions:
            if action.verb == "data":
                found[action.key[1]] = found.get(action.key[1], True) and statement.text.startswith("insert ")
    return found


def _refuse_hiding(comparison: Comparison, line: Line) -> None:
    table = comparison.table
    after = table.with_rows([*table.rows, Row(None, line.hash or "", line.when)])
    hidden = [
        other
        for other in comparison.lines
        if other is not line and other.row is None and other.runs and not after.would_run(other.when)
    ]
    if hidden:
        raise GuardError(
            f"{_shown(line.tag)} would become the newest row ({line.when}), and {_shown(hidden[0].tag)} "
            f"(when {hidden[0].when}), which is pending, would then be skipped.",
            f"drizzle-guard apply {quoted(hidden[0].tag)}",
            "or run both: npx drizzle-kit migrate",
        )


def _resume_at(comparison: Comparison, line: Line, catalog: Catalog, kind: str) -> int:
    if line.verdict is Verdict.PARTLY and kind != "mysql":
        raise GuardError(
            f"{_shown(line.tag)}: there is nothing to resume. Nothing was run.", *whole_or_not_at_all(line.tag).lines
        )
    if line.verdict is not Verdict.PARTLY:
        raise GuardError(
            f"{_shown(line.tag)}: nothing of it provably ran, so there is nothing to resume.",
            f"drizzle-guard apply {quoted(line.tag)}",
        )
    chunks = Evidence(comparison, catalog).chunks(comparison.lines.index(line))
    start = first_unrun(chunks)
    if start is None:
        raise GuardError(
            f"{_shown(line.tag)}: where it stopped cannot be told ({line.note}).",
            "Look which statements ran, then name the first that did not:",
            f"drizzle-guard apply {quoted(line.tag)} --resume-at N",
        )
    return start


def _after_failure(failure: Failure, line: Line) -> tuple[str, ...]:
    if failure.cause is Cause.CONCURRENTLY:
        return (
            "Drizzle cannot run it either. Run its SQL by hand, outside a transaction; then:",
            "drizzle-guard repair --only adopt",
        )
    return of_failure(f"drizzle-guard apply {quoted(line.tag)}").lines
