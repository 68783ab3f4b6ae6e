"""A rehearsal in words, as JSON, and as a job summary on GitHub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from drizzle_guard.errors import printable
from drizzle_guard.rehearse.facts import Difference
from drizzle_guard.rehearse.migrator import Failure
from drizzle_guard.rehearse.run import Outcome, Rehearsal

Format = Literal["text", "json", "github"]
FORMATS = ("text", "json", "github")
_SHOWN = 40  # so many differences are listed; the rest is counted


def exit_code(rehearsals: Iterable[Rehearsal]) -> int:
    """0 all came out well, 1 something was found, 2 it could not be rehearsed here and nothing else was found."""
    found, lacking = False, False
    for rehearsal in rehearsals:
        lacking |= rehearsal.lacks
        found |= any(not o.good and not o.lacks for o in rehearsal.outcomes) or bool(
            rehearsal.snapshot and rehearsal.snapshot.differs
        )
    return 1 if found else 2 if lacking else 0


def text(rehearsals: Sequence[Rehearsal]) -> str:
    """For people."""
    return "\n\n".join("\n".join(_lines(rehearsal)) for rehearsal in rehearsals)


def _lines(rehearsal: Rehearsal) -> Iterator[str]:
    source = rehearsal.source
    name = printable(source.name or ".")
    count = len(source.present.steps)
    migrations = f"{count} migration{'s' if count != 1 else ''}"
    yield f"{name}: {migrations} on {rehearsal.engine}, as {rehearsal.family.name} runs them"
    for outcome in rehearsal.outcomes:
        yield from _outcome_lines(outcome, name, by_name=source.present.by_name)
    yield from _comparison_lines(rehearsal)
    for note in rehearsal.notes:
        yield f"  note: {printable(note)}"
    yield f"  {verdict(rehearsal)}"


def verdict(rehearsal: Rehearsal) -> str:
    """The last line."""
    if rehearsal.lacks:
        return "Cannot rehearse here: see above."
    if not rehearsal.good:
        return "Do not deploy this: see above."
    starts = len(rehearsal.outcomes)
    if starts == 1:
        return "Rehearsed: it runs on an empty database."
    return f"Rehearsed: all {starts} starting points end in the same schema."


def _outcome_lines(outcome: Outcome, name: str, *, by_name: bool) -> Iterator[str]:
    label = outcome.start.label
    ran = _count(len(outcome.ran))
    if outcome.lacks:
        yield f"  ? {label}: cannot rehearse here: {printable(outcome.lacks)}"
        failure = outcome.failure or outcome.made
        if failure:
            yield from _failure_lines(failure, name, by_name=by_name)
    elif outcome.made:
        yield f"  ✗ {label}: this state cannot be made; its own version of the folder fails"
        yield from _failure_lines(outcome.made, name, by_name=by_name)
    elif outcome.failure:
        yield f"  ✗ {label}: fails"
        yield from _failure_lines(outcome.failure, name, by_name=by_name)
    else:
        yield f"  {'✓' if outcome.good else '✗'} {label}: {ran}"
    if outcome.again:
        yield f"      runs a second time: {_tags(outcome.again)}"
    if outcome.skipped:
        yield f"      never runs there, and nothing says so: {_tags(outcome.skipped)}"
        yield "      (its `when` is not above what that database recorded; see: drizzle-guard check)"
    for sentence in outcome.broken:
        yield f"      {printable(sentence)}"
    if outcome.differs:
        yield f"      ends in another schema than {outcome.reference}:"
        yield from _difference_lines(outcome.differs, "a new database", "this one", "        ")


def _failure_lines(failure: Failure, name: str, *, by_name: bool) -> Iterator[str]:
    tag = printable(failure.tag)
    if failure.statement:
        file = _file(tag, by_name=by_name)
        yield f"      {name}/{file}, line {failure.line}: statement {failure.statement} of {failure.statements}"
    else:
        yield f"      {tag}"
    yield f"      {printable(failure.sql)}"
    yield f"      {printable(failure.words)}"


def _file(tag: str, *, by_name: bool) -> str:
    """Where a migration's SQL lies in its folder; v1 goes by name."""
    return f"{tag}/migration.sql" if by_name else f"{tag}.sql"


def _comparison_lines(rehearsal: Rehearsal) -> Iterator[str]:
    compared = rehearsal.snapshot
    if compared is None:
        return
    name = printable(compared.name)
    if compared.differs:
        yield f"  ✗ {name} is not what the migrations make:"
        yield from _difference_lines(compared.differs, "the snapshot", "the database", "      ")
    elif compared.unbuilt:
        yield f"  ? the same as {name}, as far as that can be built here"
    else:
        yield f"  ✓ the same as {name}"
    for difference in compared.by_hand[:_SHOWN]:
        yield f"      by hand: {difference.words('the snapshot', 'the database')}; no snapshot ever held it"
    for unbuilt in compared.unbuilt:
        yield f"      not compared: {printable(unbuilt.what)} of the snapshot: {printable(unbuilt.words)}"


def _difference_lines(found: Sequence[Difference], one: str, other: str, indent: str) -> Iterator[str]:
    for difference in found[:_SHOWN]:
        yield indent + difference.words(one, other)
    if len(found) > _SHOWN:
        yield f"{indent}and {len(found) - _SHOWN} more"


def _count(ran: int) -> str:
    return "nothing to run" if not ran else f"{ran} migration{'s' if ran != 1 else ''} ran"


def _tags(tags: Sequence[str]) -> str:
    return ", ".join(map(printable, tags))


def as_json(rehearsals: Sequence[Rehearsal]) -> dict[str, Any]:
    """For tools; the same facts as the text."""
    return {
        "exit_code": exit_code(rehearsals),
        "folders": [
            {
                "folder": r.source.name,
                "dialect": r.source.dialect or r.source.kind,
                "engine": r.engine,
                "driver": r.family.name,
                "good": r.good,
                "starts": [_outcome_json(outcome) for outcome in r.outcomes],
                "snapshot": None
                if r.snapshot is None
                else {
                    "file": r.snapshot.name,
                    "differences": [_difference_json(d, "snapshot", "database") for d in r.snapshot.differs],
                    "by_hand": [_difference_json(d, "snapshot", "database") for d in r.snapshot.by_hand],
                    "not_compared": [u._asdict() for u in r.snapshot.unbuilt],
                },
                "not_looked_at": list(r.notes),
            }
            for r in rehearsals
        ],
    }


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    failure = outcome.failure or outcome.made
    return {
        "start": outcome.start.short,
        "label": outcome.start.label,
        "good": outcome.good,
        "ran": list(outcome.ran),
        "ran_again": list(outcome.again),
        "skipped": list(outcome.skipped),
        "state_made": outcome.made is None,
        "failure": None if failure is None else failure._asdict(),
        "cannot_rehearse": outcome.lacks,
        "broken": list(outcome.broken),
        "differences": [_difference_json(d, "empty", "this") for d in outcome.differs],
    }


def _difference_json(difference: Difference, one: str, other: str) -> dict[str, Any]:
    return {"object": list(difference.key), one: difference.one, other: difference.other}


def findings(rehearsals: Sequence[Rehearsal]) -> Iterator[tuple[str, int, str, str]]:
    """Level, line, file and message of each finding, for a pull request."""
    for r in rehearsals:
        folder = r.source.name
        for outcome in r.outcomes:
            failure = outcome.failure or outcome.made
            if failure and failure.statement:
                file = _file(failure.tag, by_name=r.source.present.by_name)
                level = "warning" if outcome.lacks else "error"
                words = f"from {outcome.start.label}: statement {failure.statement}: {failure.words}"
                yield level, failure.line, f"{folder}/{file}" if folder else file, words
            elif not outcome.good:
                yield (
                    "error",
                    1,
                    folder,
                    f"from {outcome.start.label}: "
                    + (
                        f"never runs there: {_tags(outcome.skipped)}"
                        if outcome.skipped
                        else f"ends in another schema than {outcome.reference}"
                    ),
                )
        if r.snapshot and r.snapshot.differs:
            words = "; ".join(d.words("the snapshot", "the database") for d in r.snapshot.differs[:5])
            yield "error", 1, r.snapshot.name, f"is not what the migrations make: {words}"
