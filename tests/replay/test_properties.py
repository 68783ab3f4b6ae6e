"""Random histories: whatever two sides did, the result is a refusal or a row that loses, doubles and breaks nothing.

The model is a schema as a dict.  A random base and two sides append migrations of random kinds to random tables; a
snapshot is the schema after the SQL was run on it by a small interpreter, which is also what judges the result.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import NAMESPACE_OID, uuid5

from hypothesis import assume, event, given
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from drizzle_guard.drizzle.folder import Blob, Folder, read_folder
from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.drizzle.json_text import Number, Style, dump, parse
from drizzle_guard.drizzle.prefixes import utc_stamp
from drizzle_guard.replay.plan import Plan, Refusal
from drizzle_guard.replay.replay import plan
from drizzle_guard.replay.who_moves import establish
from support import campaigns
from support.judges import Script, migrated, new_errors
from support.model import Schema, SqlFailed, as_json, run, run_all

examples = campaigns.examples(60)

START = 1700000000000
TABLES = ("users", "posts", "tags")
COLUMNS = ("age", "name", "note")
STYLES = (Style(), Style(final_newline=True), Style(indent="\t"), Style(newline="\r\n"), Style(indent="    ", bom=True))


class Made(NamedTuple):
    """A migration of the model; `id` is the snapshot's ("" where it has none)."""

    suffix: str
    sql: str
    when: int
    id: str


class Row(NamedTuple):
    """A migration at its place."""

    idx: int
    prefix: str
    made: Made


class Side(NamedTuple):
    """One version of the folder, and how its files are laid out."""

    rows: tuple[Row, ...] = ()
    style: Style = STYLES[0]


# --- as files


def history(side: Side) -> Folder:
    """The folder of a side: snapshots hold the schema that all scripts up to there make."""
    files: dict[str, bytes] = {}
    entries: list[dict[str, Any]] = []
    schema: Schema = {}
    prev = "00000000-0000-0000-0000-000000000000"
    for idx, prefix, made in side.rows:
        schema = run(schema, made.sql)
        tag = f"{prefix}_{made.suffix}"
        entries.append(
            {"idx": _number(idx), "version": "7", "when": _number(made.when), "tag": tag, "breakpoints": True}
        )
        files[f"{tag}.sql"] = made.sql.encode()
        if made.id:
            body = {"id": made.id, "prevId": prev, "version": "7", "dialect": "postgresql", "tables": as_json(schema)}
            files[f"meta/{prefix}_snapshot.json"] = dump(body, side.style)
            prev = made.id
    journal = {"version": "7", "dialect": "postgresql", "entries": entries}
    files["meta/_journal.json"] = dump(journal, side.style)
    return read_folder("drizzle", {path: Blob.of(data, path) for path, data in files.items()})


def _number(value: int) -> Number:
    return Number(str(value))


# --- random sides


@st.composite
def scripts(draw: DrawFn, schema: Schema, tables: Sequence[str], mark: str) -> str:
    """One or two statements that run on `schema`, over these tables; `mark` makes rows of data distinct."""
    statements: list[str] = []
    for _ in range(draw(st.integers(1, 2))):
        table = draw(st.sampled_from(tables))
        statement = draw(_statements(schema, table, mark))
        schema = run(schema, statement)
        statements.append(statement)
    return ";\n".join(statements) + ";"


def _statements(schema: Schema, table: str, mark: str) -> st.SearchStrategy[str]:
    if table not in schema:
        columns = st.lists(st.sampled_from(COLUMNS), unique=True, max_size=2)
        return columns.map(
            lambda names: f"CREATE TABLE {table} ({', '.join(['id int', *(f'{n} text' for n in names)])})"
        )
    there = schema[table]["columns"]
    kinds = [st.just(f"DROP TABLE {table}"), st.just(f"UPDATE {table} SET id = {mark}")]
    if missing := [c for c in COLUMNS if c not in there]:
        kinds.append(
            st.builds(
                f"ALTER TABLE {table} ADD COLUMN {{}} {{}}".format,
                st.sampled_from(missing),
                st.sampled_from(["text", "int"]),
            )
        )
    if present := [c for c in COLUMNS if c in there]:
        name = st.sampled_from(present)
        kinds.append(name.map(lambda c: f"ALTER TABLE {table} DROP COLUMN {c}"))
        kinds.append(
            st.builds(
                f"ALTER TABLE {table} ALTER COLUMN {{}} SET DATA TYPE {{}}".format,
                name,
                st.sampled_from(["text", "int", "uuid"]),
            )
        )
        if free := [c for c in present if f"{table}_{c}_idx" not in schema[table]["indexes"]]:
            index = st.sampled_from(free)
            kinds.append(index.map(lambda c: f"CREATE INDEX {table}_{c}_idx ON {table} ({c})"))
    return st.one_of(kinds)


@st.composite
def extended(draw: DrawFn, start: Side, who: str, tables: Sequence[str], *, by_hand: bool = True) -> Side:
    """`start` with up to three new migrations on `tables`, as drizzle-kit would number them.

    Those that only write rows have no snapshot; with `by_hand` some that change the schema have none either.
    """
    rows = list(start.rows)
    schema = run_all([row.made.sql for row in rows])
    when = max((row.made.when for row in rows), default=START)
    timed = draw(st.booleans()) if not rows else len(rows[-1].prefix) == 14
    for n in range(draw(st.sampled_from([1, 2, 3] if not rows else [1, 2, 3, 1, 2, 0]))):
        mark = "".join(str(ord(c)) for c in who) + str(n)
        sql = draw(scripts(schema, tables, mark))
        schema = run(schema, sql)
        when += draw(st.sampled_from([1, 999, 1000, 60_000, 3_600_000, -5000]))
        written_by_hand = only_writes_rows(sql) or (by_hand and draw(st.integers(0, 5)) == 0)
        suffix = f"{who}{n}"
        id_ = "" if written_by_hand else str(uuid5(NAMESPACE_OID, suffix))
        idx = rows[-1].idx + 1 if rows else 0
        prefix = utc_stamp(when) if timed else f"{idx:04d}"
        if timed and rows and prefix <= rows[-1].prefix:
            prefix = str(int(rows[-1].prefix) + 1)  # two in one second would overwrite each other's snapshot
        rows.append(Row(idx, prefix, Made(suffix, sql, when, id_)))
    style = draw(st.sampled_from(STYLES)) if not start.rows or draw(st.integers(0, 3)) == 0 else start.style
    return Side(tuple(rows), style)


def only_writes_rows(sql: str) -> bool:
    """Whether a script leaves the schema alone."""
    return all(part.strip().startswith("UPDATE") for part in sql.split(";") if part.strip())


@st.composite
def picked(draw: DrawFn, source: Side, onto: Side, base: Side) -> Side:
    """`onto` with a copy of one of the migrations that `source` made; where its SQL runs there."""
    new = source.rows[len(base.rows) :]
    if not new or draw(st.integers(0, 3)):
        return onto
    made, last = draw(st.sampled_from(new)).made, onto.rows[-1]
    prefix = str(int(last.prefix) + 1) if len(last.prefix) == 14 else f"{last.idx + 1:04d}"
    rows = (*onto.rows, Row(last.idx + 1, prefix, made._replace(when=max(made.when, last.made.when + 1))))
    return onto._replace(rows=rows) if _runs(rows) else onto


@st.composite
def reverted(draw: DrawFn, side: Side, base: Side) -> Side:
    """`side` without one of the base's migrations; where the others run without it."""
    if len(base.rows) < 2 or draw(st.integers(0, 4)):
        return side
    at = draw(st.integers(1, len(base.rows) - 1))
    rows = (*side.rows[:at], *side.rows[at + 1 :])
    return side._replace(rows=rows) if _runs(rows) else side


def _runs(rows: Sequence[Row]) -> bool:
    try:
        run_all([row.made.sql for row in rows])
    except SqlFailed:
        return False
    return True


class Meeting(NamedTuple):
    """Three sides."""

    base: Side
    mainline: Side
    branch: Side


@st.composite
def meetings(draw: DrawFn) -> Meeting:
    """Two sides that may do anything to any table."""
    base = draw(extended(Side(), "base", TABLES))
    mainline = draw(extended(base, "main", TABLES))
    branch = draw(extended(base, "own", TABLES))
    branch, mainline = draw(picked(mainline, branch, base)), draw(picked(branch, mainline, base))
    new = {row.made.sql for side in (mainline, branch) for row in side.rows[len(base.rows) :]}
    assume(new.isdisjoint(row.made.sql for row in base.rows))  # that would be the common one under another name
    return Meeting(base, draw(reverted(mainline, base)), draw(reverted(branch, base)))


@st.composite
def strangers(draw: DrawFn) -> Meeting:
    """Two sides that have no table in common."""
    base = draw(extended(Side(), "base", TABLES, by_hand=False))
    mainline = draw(extended(base, "main", ("users", "posts"), by_hand=False))
    branch = draw(extended(base, "own", ("tags", "likes"), by_hand=False))
    return Meeting(base, mainline, branch)


# --- what must hold


def _outcome(meeting: Meeting) -> tuple[Folder, Folder, Folder, Plan | Refusal]:
    base, mainline, branch = (history(side) for side in meeting)
    return base, mainline, branch, plan(base, mainline, branch, layout=branch.journal)


def _result(found: Plan, mainline: Folder, branch: Folder) -> Folder:
    """The folder after the plan was applied to a merge of the files."""
    files = {**branch.files, **mainline.files}
    for path, blob in found.files.items():
        files.pop(path, None)
        if blob is not None:
            files[path] = blob
    return read_folder("drizzle", files)


def _texts(side: Folder) -> list[str]:
    texts = []
    for migration in side.migrations:
        assert migration.sql is not None, migration.tag
        texts.append(migration.sql.data.decode())
    return texts


def _body(blob: Blob | None) -> Any:
    """What a snapshot says, however it is laid out (the branch may have formatted the base's)."""
    return None if blob is None else parse(blob.data, blob.name)


def _newest(side: Folder) -> Blob | None:
    """What drizzle-kit takes for the present state: the last file by name."""
    paths = sorted(path for path in side.files if path.startswith("meta/") and not path.startswith("meta/_"))
    return side.files[paths[-1]] if paths else None


def _sound(meeting: Meeting, mainline: Folder, branch: Folder, found: Plan) -> None:
    result = _result(found, mainline, branch)
    had, on_main, on_branch = ({row.made.suffix for row in side.rows} for side in meeting)
    gone = had - (on_main & on_branch)
    wanted = (on_main | on_branch) - gone
    # nothing lost, nothing doubled; what is the same SQL may be one migration
    suffixes = [m.entry.suffix for m in result.migrations]
    assert len(set(suffixes)) == len(suffixes)
    assert set(suffixes) <= wanted
    lost = wanted - set(suffixes)
    assert {own.partition("_")[2] for own, main in found.same if own.partition("_")[2] not in suffixes} == lost
    # the mainline's entries and files as they were
    kept = [m for m in mainline.migrations if m.entry.suffix not in gone]
    assert [m.entry for m in result.migrations[: len(kept)]] == [m.entry for m in kept]
    for then, now in zip(kept, result.migrations, strict=False):
        assert then.sql == now.sql
        assert gone or _body(then.snapshot) == _body(now.snapshot)  # a revert in the model rewrites those after it
    # what moved is in order and will run
    moved = result.migrations[len(kept) :]
    assert [m.entry.suffix for m in moved] == [m.old.suffix for m in found.moves]
    newest, last = max((m.entry.when or 0 for m in kept), default=0), kept[-1].entry.idx if kept else -1
    for migration, move in zip(moved, found.moves, strict=True):
        assert migration.entry.when is not None and migration.entry.when > newest
        assert migration.entry.when >= (move.old.when or 0)
        assert last is not None and migration.entry.idx == last + 1
        assert all(migration.entry.prefix > m.entry.prefix for m in kept if m.snapshot)
        newest, last = migration.entry.when, migration.entry.idx
    _sound_schema(mainline, branch, result, bool(gone))
    _judged(meeting, mainline, branch, result)
    # every file of a migration is there under its name, and no other is left
    owned = {f"{m.tag}.sql" for m in result.migrations}
    owned |= {f"meta/{m.entry.prefix}_snapshot.json" for m in result.migrations if m.snapshot}
    assert set(result.files) == owned | {"meta/_journal.json"}


def _sound_schema(mainline: Folder, branch: Folder, result: Folder, something_gone: bool) -> None:
    """An empty database gets there, one at the mainline's state too, and the newest snapshot says the same."""
    final = run_all(_texts(result))
    if something_gone:
        return  # a database that ran what was taken back is the user's affair
    ahead = result.migrations[len(mainline.migrations) :]
    at_main = run_all(_texts(mainline))
    assert run_all([m.sql.data.decode() for m in ahead if m.sql], at_main) == final
    newest = _newest(result)
    if newest is not None and all(_true_to_sql(side) for side in (mainline, branch)):
        assert _body(newest)["tables"] == as_json(final)


def _judged(meeting: Meeting, mainline: Folder, branch: Folder, result: Folder) -> None:
    """Our own `check` finds nothing that neither side had, and SQLite ends the same wherever it stood."""
    assert new_errors(mainline, (mainline, branch), result.files) == []
    row, main = _scripts(result), [Script(r.made.when, r.made.sql) for r in meeting.mainline.rows]
    base = [Script(r.made.when, r.made.sql) for r in meeting.base.rows]
    rising = all(one.when < two.when for one, two in pairwise(main))
    if rising and main[: len(base)] == base and row[: len(main)] == main:  # else a side has it wrong by itself
        assert migrated(row) == migrated(main, row) == migrated(base, row)


def _scripts(side: Folder) -> list[Script]:
    return [Script(m.entry.when or 0, text) for m, text in zip(side.migrations, _texts(side), strict=True)]


def _true_to_sql(side: Folder) -> bool:
    """Whether the snapshots tell all that the scripts do: what has none only writes rows."""
    return all(m.snapshot or only_writes_rows(sql) for m, sql in zip(side.migrations, _texts(side), strict=True))


def _stable(result: Folder, mainline: Folder) -> None:
    again = plan(mainline, mainline, result, layout=result.journal)
    assert isinstance(again, Plan), again
    assert not any(move.changes for move in again.moves)
    assert {p: b for p, b in again.files.items() if b} == result.files


@examples
@given(meetings())
def test_a_refusal_or_a_sound_row(meeting: Meeting) -> None:
    _, mainline, branch, found = _outcome(meeting)
    if isinstance(found, Refusal):
        event("refused")
        assert found.sentence.endswith(".") and (found.own or found.other)
        return
    event("planned, something moved" if found.moves else "planned, nothing to move")
    _sound(meeting, mainline, branch, found)
    _stable(_result(found, mainline, branch), mainline)


@examples
@given(strangers())
def test_disjoint_tables_are_never_refused(meeting: Meeting) -> None:
    _, mainline, branch, found = _outcome(meeting)
    assert isinstance(found, Plan), found.sentence
    _sound(meeting, mainline, branch, found)
    _stable(_result(found, mainline, branch), mainline)


@examples
@given(meetings(), st.booleans())
def test_it_does_not_matter_which_side_is_ours(meeting: Meeting, mainline_is_known: bool) -> None:
    base, mainline, branch = (history(side) for side in meeting)
    published = mainline if mainline_is_known else None
    outcomes = []
    for ours, theirs in ((mainline, branch), (branch, mainline)):
        # where nothing tells, the caller says which side moves; here always the branch
        found = establish(base, ours, theirs, published, otherwise_ours=ours is mainline)
        assume(not found.clash)
        first, second = (ours, theirs) if found.ours else (theirs, ours)
        outcomes.append(plan(base, first, second, layout=ours.journal))
    one, other = outcomes
    assert type(one) is type(other)
    if isinstance(one, Refusal):
        assert one == other
    elif isinstance(other, Plan):
        assert one.journal.entries == other.journal.entries
        assert one.moves == other.moves and one.same == other.same
        layout = {"meta/_journal.json"}
        assert {p: b for p, b in one.files.items() if p not in layout} == {
            p: b for p, b in other.files.items() if p not in layout
        }


@examples
@given(st.lists(st.sampled_from(TABLES), unique=True, min_size=1), st.data())
def test_merging_twice_goes_on(tables: list[str], data: st.DataObject) -> None:
    """A branch that met the mainline goes on, and so does the mainline: the next meeting is as sound."""
    base = data.draw(extended(Side(), "base", TABLES))
    mainline, branch = data.draw(extended(base, "main", TABLES)), data.draw(extended(base, "own", TABLES))
    _, first, _, found = _outcome(Meeting(base, mainline, branch))
    assume(isinstance(found, Plan))
    assert isinstance(found, Plan)
    met = _as_side(_result(found, first, history(branch)), (mainline, branch))
    further = Meeting(
        mainline, data.draw(extended(mainline, "later", tables)), data.draw(extended(met, "more", TABLES))
    )
    _, main_now, branch_now, again = _outcome(further)
    if isinstance(again, Plan):
        _sound(further, main_now, branch_now, again)


def _as_side(result: Folder, sides: Sequence[Side]) -> Side:
    """A result as a side of the model again."""
    known = {row.made.suffix: row.made for side in sides for row in side.rows}

    def row(entry: Entry) -> Row:
        return Row(entry.idx or 0, entry.prefix, known[entry.suffix]._replace(when=entry.when or 0))

    return Side(tuple(row(m.entry) for m in result.migrations), sides[1].style)


def test_the_model_knows_what_a_database_refuses() -> None:
    for sql in (
        "CREATE TABLE a (id int); CREATE TABLE a (id int)",
        "CREATE TABLE a (id int); ALTER TABLE a ADD COLUMN id int",
        "ALTER TABLE a ADD COLUMN x int",
        "CREATE TABLE a (id int); CREATE INDEX i ON a (x)",
    ):
        assert not _runs([Row(0, "0000", Made("a", sql, 1, ""))])
    schema = run({}, "CREATE TABLE a (id int, x text); CREATE INDEX i ON a (x); ALTER TABLE a DROP COLUMN x")
    assert schema == {"a": {"columns": {"id": "int"}, "indexes": {}}}
    assert json.loads(dump(as_json(schema), Style())) == {
        "public.a": {"name": "a", "columns": {"id": {"name": "id", "type": "int"}}, "indexes": {}}
    }
