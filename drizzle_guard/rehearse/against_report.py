"""What `rehearse --against` found, in words, as JSON, and as annotations."""

from __future__ import annotations

from collections.abc import Iterator

from drizzle_guard.errors import printable
from drizzle_guard.rehearse.against import Against
from drizzle_guard.rehearse.facts import Difference
from drizzle_guard.rehearse.forms import AgainstForm, DriftForm, FailureForm

_SHOWN = 40  # so many differences are listed; the rest is counted
_VERDICTS = {
    0: "No drift.",
    1: "Drift: see above.",
    2: "It cannot be told whether there is drift: see above.",
}


def text(found: Against) -> str:
    """For people."""
    return "\n".join(_lines(found))


def _lines(found: Against) -> Iterator[str]:
    count = len(found.rows)
    yield (
        f"{printable(found.folder)} against {printable(found.database)}: {count} migration{'s' if count != 1 else ''} "
        f"recorded there, made anew on {found.engine}, as {found.family.name} runs them"
    )
    if found.failure is not None:
        failure = found.failure
        if found.lacks:
            yield f"  ? cannot rehearse here: {printable(found.lacks)}"
        else:
            yield "  ✗ what its rows name does not run on an empty database"
        place = f", statement {failure.statement} of {failure.statements}" if failure.statement else ""
        yield f"      {printable(failure.tag)}{place}"
        yield f"      {printable(failure.sql)}"
        yield f"      {printable(failure.words)}"
    elif found.differs:
        yield "  ✗ the database is not what they make:"
        for difference in found.differs[:_SHOWN]:
            yield f"      {difference.words('what they make', 'the database')}"
        if len(found.differs) > _SHOWN:
            yield f"      and {len(found.differs) - _SHOWN} more"
    else:
        yield "  ✓ the database is what they make" + (", as far as could be told" if found.open else "")
    for words in found.open:
        yield f"  ? {words}"
    for note in found.notes:
        yield f"  note: {note}"
    yield f"  {_VERDICTS[found.exit_code]}"


def as_json(found: Against) -> AgainstForm:
    """For tools; the same facts as the text."""
    failure = found.failure
    return AgainstForm(
        exit_code=found.exit_code,
        folder=found.folder,
        database=found.database,
        dialect=found.dialect,
        engine=found.engine,
        driver=found.family.name,
        recorded=list(found.rows),
        failure=None if failure is None else FailureForm(**failure._asdict()),
        cannot_rehearse=found.lacks,
        differences=[_drift(d) for d in found.differs],
        not_told=list(found.open),
        notes=list(found.notes),
    )


def _drift(found: Difference) -> DriftForm:
    one, other = (None if side is None else dict(side) for side in (found.one, found.other))
    return DriftForm(object=list(found.key), migrations=one, database=other)


def findings(found: Against) -> Iterator[tuple[str, str]]:
    """Level and sentence of each finding, for a pull request."""
    if found.failure is not None:
        yield ("warning" if found.lacks else "error"), f"{found.failure.tag}: {found.failure.words}"
    for difference in found.differs[:_SHOWN]:
        yield "error", f"drift: {difference.words('what they make', 'the database')}"
    for words in found.open:
        yield "warning", words
