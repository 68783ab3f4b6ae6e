"""Runs migrations on a throw-away database, chunk by chunk, as the project's driver would."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from drizzle_guard.database.families import Family, Many, refusal
from drizzle_guard.database.row_sql import Names
from drizzle_guard.light import NamedTuple
from drizzle_guard.rehearse.engine import Session, StatementError
from drizzle_guard.rehearse.states import Step
from drizzle_guard.sql.statements import split_chunks
from drizzle_guard.sql.tokens import pieces


class Failure(NamedTuple):
    """Where a migrate stopped: the statement is counted from 1, `line` is a line of the file."""

    tag: str
    statement: int
    statements: int
    sql: str
    words: str
    line: int


def prepare(session: Session, names: Names, *, by_name: bool) -> None:
    """Make the migrations table, as the migrator does first."""
    for sql in names.create(named=by_name):
        session.run(sql)


def at_once(session: Session, step: Step, names: Names, *, by_name: bool) -> bool:
    """Deploy one migration that is known to run well; False: it has to be run chunk by chunk, and nothing stands."""
    row = names.insert("", step.when, name=step.tag if by_name else None).sql
    return session.attempt([*split_chunks(step.text()), row])


def migrate(
    session: Session,
    steps: Iterable[Step],
    family: Family,
    names: Names,
    *,
    by_name: bool,
    tick: Callable[[], None],
    keep: bool = True,
) -> Failure | None:
    """One call of `migrate()`; None if it ended well.  What it did is taken back as far as the database can.

    Without `keep` it ends before its COMMIT, and `Session.take_back` follows.
    """
    session.begin()
    step = None
    for step in steps:
        if failure := _run(session, step, family):
            session.rollback()
            return failure
        try:
            session.run(names.insert("", step.when, name=step.tag if by_name else None).sql)
        except StatementError as error:
            session.rollback()
            return Failure(step.tag, 0, 0, "recording the migration", error.words, 0)
        tick()
    try:
        session.commit() if keep else session.settle()
    except StatementError as error:
        session.rollback()
        return Failure("" if step is None else step.tag, 0, 0, "COMMIT", error.words, 0)
    return None


def _run(session: Session, step: Step, family: Family) -> Failure | None:
    chunks = split_chunks(step.text())
    before = 1
    for number, chunk in enumerate(chunks, 1):
        # What MySQL's drivers refuse, the server refuses: it knows best where a statement of a routine ends.
        words, line = (None if family.kind == "mysql" else refusal(family, chunk)), None
        if words is None:
            try:
                for sql in _sent(family, chunk):
                    session.run(sql)
                before += chunk.count("\n")
                continue
            except StatementError as error:
                words, line = error.words, error.line
        first = before + chunk[: len(chunk) - len(chunk.lstrip())].count("\n")
        return Failure(step.tag, number, len(chunks), _excerpt(chunk), words, before + line - 1 if line else first)
    return None


def _sent(family: Family, chunk: str) -> list[str]:
    """What the driver gives to the database, one by one; Python's sqlite3 takes no two statements at once."""
    if family.kind == "sqlite":
        return pieces(chunk)[: None if family.many is Many.ALL else 1]
    return [chunk]


def _excerpt(chunk: str) -> str:
    """The start of a statement, in one line, without the comments before it."""
    lines = [line.strip() for line in chunk.strip().splitlines()]
    while len(lines) > 1 and (not lines[0] or lines[0].startswith("--")):
        lines.pop(0)
    text = " ".join(" ".join(lines).split())
    return text if len(text) <= 160 else f"{text[:159]}…"
