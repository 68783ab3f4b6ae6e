"""Rows against a folder: verdicts, the next migrate, proofs, and repairs, without a database."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drizzle_guard.database.acting import act
from drizzle_guard.database.by_name import compare_by_name, upgraded
from drizzle_guard.database.evidence import Chunk, Evidence, Ran, first_unrun
from drizzle_guard.database.families import families_of
from drizzle_guard.database.foretelling import foretell
from drizzle_guard.database.hashes import file_hash
from drizzle_guard.database.next_migrate import Next, behind, next_migrate
from drizzle_guard.database.one_run import plan_run
from drizzle_guard.database.repairs import KINDS, Offer, again, offers
from drizzle_guard.database.row_sql import Names, set_sequence, writable
from drizzle_guard.database.verdicts import Comparison, IdSequence, Proof, Row, Table, Verdict, compare
from drizzle_guard.database.world import Catalog, empty_catalog
from drizzle_guard.drizzle.folder import Blob, Migration
from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.drizzle.v1 import folder_millis, read_v1
from drizzle_guard.errors import GuardError
from drizzle_guard.sql.exact.pieces import Dialect
from drizzle_guard.sql.exact.statements import read_statements

pytestmark = pytest.mark.quick

PG = Names("postgresql", "drizzle", "__drizzle_migrations")
BREAK = "\n--> statement-breakpoint\n"
EMPTY = "-- Custom SQL migration file, put your code below! --"

NAMES = Names("postgresql", "drizzle", "__drizzle_migrations")


def migration(tag: str, when: int | None, sql: str | bytes | None = None) -> Migration:
    data = f"CREATE TABLE t_{tag} (id int);" if sql is None else sql
    blob = Blob.of(data if isinstance(data, bytes) else data.encode())
    return Migration(Entry({}, tag, int(tag[:4]), when), blob, None)


def row(of: Migration, created_at: float | int | None = None, id: int | None = 1) -> Row:
    assert of.sql is not None
    return Row(id, file_hash(of.sql.data), of.entry.when if created_at is None else created_at, id)


def table(*rows: Row, nulls_first: bool = True) -> Table:
    return Table(True, nulls_first=nulls_first).with_rows(rows)


def holding(*sql: str, dialect: Dialect = "postgresql") -> Catalog:
    """The catalog of a database on which this ran."""
    catalog = empty_catalog(dialect)
    for text in sql:
        for statement in read_statements(text.replace("--> statement-breakpoint", ";"), catalog.world.fold):
            for effect in statement.effects:
                act(catalog.world, effect)
    return catalog


def texts(migrations: Sequence[Migration]) -> list[str]:
    return [m.sql.data.decode() for m in migrations if m.sql is not None]


def verdicts(comparison: Comparison) -> list[str]:
    return [line.verdict.value + (" again" if line.row and line.runs else "") for line in comparison.lines]


A, B, C = migration("0000_a", 1000), migration("0001_b", 2000), migration("0002_c", 3000)


# ---------------------------------------------------------------- verdicts


def test_no_table_and_no_rows_run_everything() -> None:
    for empty in (Table(False), table()):
        assert verdicts(compare([A, B], empty)) == ["pending", "pending"]


def test_below_and_on_the_watermark_is_skipped_above_it_is_pending() -> None:
    same = migration("0003_same", 2000)
    assert verdicts(compare([A, B, same, C], table(row(B)))) == [
        "will-be-skipped",
        "applied",
        "will-be-skipped",
        "pending",
    ]


@pytest.mark.parametrize(
    "other",
    [b"\xef\xbb\xbfSELECT 1;\n", b"SELECT 1;", b"SELECT 1;\r\n", b"\xef\xbb\xbfSELECT 1;\r\n"],
)
def test_line_ends_bom_and_final_newline_are_told_from_edits(other: bytes) -> None:
    ran = migration("0000_a", 1000, b"SELECT 1;\n")
    now = migration("0000_a", 1000, other)
    (line,) = compare([now], table(row(ran))).lines
    assert (line.verdict, line.wrong) == (Verdict.LINE_ENDS, False)


def test_another_text_is_edited_since() -> None:
    (line,) = compare(
        [migration("0000_a", 1000, "SELECT 2;")], table(row(migration("0000_a", 1000, "SELECT 1;")))
    ).lines
    assert (line.verdict, line.wrong) == (Verdict.EDITED, True)


def test_the_hash_is_that_of_the_text_as_node_reads_it() -> None:
    assert file_hash(b"ok") == sha256(b"ok").hexdigest()
    assert file_hash(b"\xff") == sha256("\ufffd".encode()).hexdigest()


def test_an_old_when_is_found_by_the_hash() -> None:
    moved = migration("0001_b", 4000, A.sql.data if A.sql else None)
    comparison = compare([B, moved], table(row(A), row(B, id=2)))
    assert verdicts(comparison) == ["applied", "applied-under-old-when again"]
    assert verdicts(compare([migration("0000_a", 900, A.sql.data if A.sql else None), B], table(row(A), row(B)))) == [
        "applied-under-old-when",
        "applied",
    ]


def test_swapped_whens_are_two_old_whens() -> None:
    one, two = migration("0000_a", 2000, "CREATE TABLE x (i int)"), migration("0001_b", 1000, "CREATE TABLE y (i int)")
    comparison = compare([two, one], table(row(one, 1000), row(two, 2000)))
    assert verdicts(comparison) == ["applied-under-old-when", "applied-under-old-when"]
    assert all(line.sure for line in comparison.lines)


def test_a_row_at_another_migrations_when_is_that_ones_edited_since() -> None:
    """0000's old text now stands in 0001: the row was written for 0000."""
    old = migration("0000_a", 1000, "CREATE TABLE x (i int)")
    now = [migration("0000_a", 1000, "CREATE TABLE z (i int)"), migration("0001_b", 2000, "CREATE TABLE x (i int)")]
    assert verdicts(compare(now, table(row(old)))) == ["applied-edited-since", "pending"]


def test_empty_custom_migrations_are_not_taken_for_each_other() -> None:
    first, second = migration("0000_a", 1000, EMPTY), migration("0001_b", 2000, EMPTY)
    assert verdicts(compare([first, second], table(row(first)))) == ["applied", "pending"]
    filled = migration("0000_a", 1000, "UPDATE t SET x = 1")
    assert verdicts(compare([filled, second], table(row(first)))) == ["applied-edited-since", "pending"]


def test_one_row_for_two_equal_migrations_is_not_sure() -> None:
    one, two = migration("0000_a", 2000, "UPDATE t SET x = 1"), migration("0001_b", 3000, "UPDATE t SET x = 1")
    comparison = compare([one, two], table(row(one, 500)))
    assert [(line.verdict, line.sure) for line in comparison.lines] == [
        (Verdict.OLD_WHEN, False),
        (Verdict.PENDING, True),
    ]


def test_rows_without_a_file() -> None:
    gone, again_ = row(migration("0009_gone", 1500), id=2), row(B, 500, id=3)
    comparison = compare([A, B], table(row(A), gone, row(B, id=4), again_, row(A, id=5)))
    assert [(s.row.id, s.copy_of.id if s.copy_of else None, s.like) for s in comparison.strays] == [
        (2, None, None),
        (5, 1, None),
        (3, None, "0001_b"),
    ]


def test_expo_rows_have_no_hash() -> None:
    (line,) = compare([A], table(Row(None, "", 1000, 1))).lines
    assert (line.verdict, line.note) == (Verdict.APPLIED, "the row has no hash (expo, durable-sqlite)")


def test_null_created_at_runs_everything_again_on_postgresql_only() -> None:
    odd = Row(9, "x", None, 9)
    assert verdicts(compare([A], table(row(A), odd))) == ["applied again"]
    assert verdicts(compare([A], table(row(A), odd, nulls_first=False))) == ["applied"]


def test_created_at_that_is_no_number_skips_everything() -> None:
    assert verdicts(compare([A], table(Row(1, "x", float("nan"), 1)))) == ["will-be-skipped"]


def test_a_missing_file_and_an_unusable_when() -> None:
    lost = Migration(Entry({}, "0000_a", 0, 1000), None, None)
    (line,) = compare([lost], table(row(A))).lines
    assert (line.verdict, line.note) == (Verdict.APPLIED, "its SQL file is missing")
    assert verdicts(compare([migration("0001_b", None)], table(row(A)))) == ["will-be-skipped"]


# ---------------------------------------------------------------- Drizzle v1


def test_v1_goes_by_names() -> None:
    files = {
        "20240101000000_init/migration.sql": Blob.of(b"SELECT 1"),
        "20240102000000_two/migration.sql": Blob.of(b"SELECT 2"),
        "20230101000000_late/migration.sql": Blob.of(b"SELECT 3"),
    }
    migrations = read_v1("drizzle", files).migrations
    assert folder_millis("20240101000000_init") == 1704067200000
    assert folder_millis("20249901000000_init") is None
    names = Table(True, (Row(1, file_hash(b"SELECT 1"), 5, 1, "20240101000000_init"), Row(2, "y", 6, 2, "gone")), True)
    comparison = compare_by_name(migrations, names)
    assert verdicts(comparison) == ["pending", "applied", "pending"]
    assert [stray.row.id for stray in comparison.strays] == [2]


def test_v1_upgrades_a_table_by_second_then_hash() -> None:
    sql = {"20240101000000_init": b"SELECT 1", "20240102000000_b": b"SELECT 2"}
    migrations = read_v1("drizzle", {f"{tag}/migration.sql": Blob.of(data) for tag, data in sql.items()}).migrations
    rows = (Row(1, "any", 1704067200999, 1), Row(2, file_hash(b"SELECT 2"), 5, 2), Row(3, "z", 7, 3))
    upgrade = upgraded(migrations, Table(True, rows))
    assert [r.name for r in upgrade.table.rows] == ["20240101000000_init", "20240102000000_b", None]
    assert [r.id for r in upgrade.unmatched] == [3]


# ---------------------------------------------------------------- proofs


USERS = "CREATE TABLE users (id int, age int);"


def proofs(sql: str, catalog: Catalog, *recorded: str) -> list[str]:
    """What is known of each chunk of a migration without a row, behind others with one."""
    before = [migration(f"{n:04}_m", n + 1, text) for n, text in enumerate(recorded)]
    own = migration(f"{len(before):04}_own", 999, sql)
    rows = Table(True).with_rows(row(m, id=n) for n, m in enumerate(before, 1))
    evidence = Evidence(compare([*before, own], rows), catalog)
    return [chunk.proof.name for chunk in evidence.chunks(len(before))]


@pytest.mark.parametrize(
    ("sql", "proof"),
    [
        ("CREATE TABLE users (id int, age int)", "RAN"),
        ("CREATE TABLE users (id int, name text)", "UNKNOWN"),  # somebody else's
        ("CREATE TABLE users (id int, age text)", "UNKNOWN"),
        ("CREATE TABLE users (id int, age int NOT NULL)", "UNKNOWN"),
        ("CREATE TABLE users (id int, age int, CONSTRAINT u UNIQUE (id))", "UNKNOWN"),
        ('CREATE TABLE "Users" (id int, age int)', "DID_NOT_RUN"),
        ("CREATE TABLE Users (id int, age int)", "RAN"),
        ("CREATE TABLE posts (id int)", "DID_NOT_RUN"),
        ("CREATE TABLE IF NOT EXISTS users (id int)", "RAN"),
        ("-- nothing", "NOTHING"),
        ("GRANT SELECT ON users TO somebody", "UNKNOWN"),
        ("SELECT fill()", "UNKNOWN"),
    ],
)
def test_what_a_statement_proves(sql: str, proof: str) -> None:
    assert proofs(sql, holding(USERS)) == [proof]


@pytest.mark.parametrize(
    ("sql", "proof"),
    [
        ('ALTER TABLE "users" ADD COLUMN "age" int', "RAN"),
        ('ALTER TABLE "users" ADD COLUMN "age" bigint', "UNKNOWN"),
        ('ALTER TABLE "users" ADD COLUMN "name" text', "DID_NOT_RUN"),
        ('ALTER TABLE "users" DROP COLUMN "id"', "DID_NOT_RUN"),
        ('ALTER TABLE "users" DROP COLUMN "gone"', "UNKNOWN"),
        ("INSERT INTO users VALUES (1)", "UNKNOWN"),
    ],
)
def test_what_a_change_of_a_table_proves(sql: str, proof: str) -> None:
    assert proofs(sql, holding(USERS), "CREATE TABLE users (id int);") == [proof]


def test_what_others_create_proves_nothing() -> None:
    assert proofs("CREATE TABLE users (id int, age int)", holding(USERS), USERS) == ["UNKNOWN"]
    assert proofs("CREATE TABLE IF NOT EXISTS users (id int)", holding(USERS), USERS) == ["NOTHING"]
    was = "CREATE TABLE users (id int, age int, gone int);"
    assert proofs("ALTER TABLE users DROP COLUMN gone", holding(USERS), was) == ["RAN"]


def test_a_migration_with_a_row_is_looked_up_as_well() -> None:
    """The proof is the same, whether or not a row says that it ran."""
    (line,) = judged([A], table(row(A)), empty_catalog("postgresql")).lines
    assert (line.verdict, line.missing) == (Verdict.GONE, ("table t_0000_a is not there",))
    half = migration("0000_a", 1000, "CREATE TABLE one (id int);\nCREATE TABLE two (id int);")
    (line,) = judged([half], table(row(half)), holding("CREATE TABLE one (id int);")).lines
    assert (line.verdict, line.missing) == (Verdict.HALF_THERE, ("table two is not there",))
    called = migration("0000_a", 1000, "SELECT fill();")
    (line,) = judged([called], table(row(called)), empty_catalog("postgresql")).lines
    assert (line.verdict, line.proof) == (Verdict.APPLIED, Proof.UNPROVABLE)
    (line,) = judged([A], table(row(A)), holding("CREATE TABLE t_0000_a (id bigint);")).lines
    assert line.missing == ("column t_0000_a.id: type is bigint, not integer",)


@pytest.mark.parametrize(
    ("found", "start"),
    [
        ([Ran.RAN, Ran.DID_NOT_RUN], 1),
        ([Ran.RAN, Ran.UNKNOWN, Ran.RAN, Ran.REPEATABLE, Ran.DID_NOT_RUN], None),  # the second may not have run
        ([Ran.RAN, Ran.UNKNOWN, Ran.DID_NOT_RUN], None),
        ([Ran.UNKNOWN, Ran.RAN], None),
        ([Ran.DID_NOT_RUN, Ran.RAN], None),
        ([Ran.RAN, Ran.DID_NOT_RUN, Ran.UNKNOWN], 1),  # what stands behind did not run either
        ([Ran.RAN, Ran.RAN], 2),
        ([Ran.RAN, Ran.REPEATABLE], 1),
    ],
)
def test_where_to_go_on(found: list[Ran], start: int | None) -> None:
    assert first_unrun([Chunk("", proof) for proof in found]) == start


def judged(migrations: Sequence[Migration], rows: Table, catalog: Catalog | None = None) -> Comparison:
    """The comparison with its proofs; without a catalog, what has a row is there."""
    comparison = compare(migrations, rows)
    there = [line.migration for line in comparison.lines if line.row is not None]
    return Evidence(comparison, catalog or holding(*texts(there))).judged()


def test_present_but_not_recorded_and_partly() -> None:
    half = migration("0001_b", 2000, f"CREATE TABLE one (id int){BREAK}CREATE TABLE two (id int)")
    first, one, two = *texts([A]), "CREATE TABLE one (id int);", "CREATE TABLE two (id int);"
    (_, line) = judged([A, half], table(row(A)), holding(first, one)).lines
    assert (line.verdict, line.note) == (Verdict.PARTLY, "1 of 2 statements provably ran, 1 did not")
    assert judged([A, half], table(row(A)), holding(first, one, two)).lines[1].verdict is Verdict.UNRECORDED
    assert judged([A, half], table(row(A))).lines[1].verdict is Verdict.PENDING


# ---------------------------------------------------------------- the next migrate


def coming(migrations: Sequence[Migration], rows: Table, catalog: Catalog | None = None) -> Next:
    found = compare(migrations, rows)
    there = [line.migration for line in found.lines if line.row is not None]
    families = families_of("postgresql", {"pg"})
    return next_migrate(found, catalog or holding(*texts(there)), families, lambda tag: f"drizzle/{tag}.sql", NAMES)


def test_the_next_migrate() -> None:
    assert coming([A, B, C], table(row(B))) == Next(("0002_c",), (), ("0000_a",), None)
    lost = Migration(Entry({}, "0003_lost", 3, 500), None, None)
    assert coming([A, lost], table(row(A))).failure == (
        "drizzle/0003_lost.sql is missing: No file … found, and nothing at all runs"
    )


@pytest.mark.parametrize(
    ("sql", "failure"),
    [
        ("CREATE TABLE users (id int)", 'table "users" already exists'),
        ("ALTER TABLE users ADD COLUMN age int", 'column "age" of "users" already exists'),
        ("ALTER TABLE posts ADD COLUMN age int", 'table "posts" does not exist'),
        ("INSERT INTO posts VALUES (1)", 'table "posts" does not exist'),
        ("DROP TABLE posts", 'table "posts" does not exist'),
        ("ALTER TABLE users DROP COLUMN x", 'column "x" of "users" does not exist'),
        ("CREATE INDEX CONCURRENTLY i ON users (id)", "INDEX CONCURRENTLY cannot run inside a transaction block"),
        ("CREATE TABLE IF NOT EXISTS users (id int)", None),
        ("DROP TABLE users;\nCREATE TABLE users (id int);\nALTER TABLE users ADD COLUMN b int", None),
        ("CREATE TABLE p (id int);\nINSERT INTO p VALUES (1);\nALTER TABLE p ALTER COLUMN id SET NOT NULL", None),
        ("ALTER TABLE users RENAME TO people;\nALTER TABLE people DROP COLUMN age", None),
    ],
)
def test_failures_that_are_certain(sql: str, failure: str | None) -> None:
    expected = None if failure is None else f"0000_a: {failure}"
    found = foretell([migration("0000_a", 1, sql)], holding(USERS), families_of("postgresql", {"pg"})).failure
    assert (None if found is None else found.text) == expected


def test_the_sequence() -> None:
    rows = table(row(A, id=1), row(B, id=3))
    right = rows._replace(sequence=IdSequence("s", 3, True))
    assert not behind(right)
    assert coming([A, B, C], right).failure is None
    late = rows._replace(sequence=IdSequence("s", 1, True))  # gives 2, then 3
    assert behind(late)
    assert coming([A, B, C], late).failure is None
    assert coming([A, B, C, migration("0003_d", 4000)], late).failure == (
        'duplicate key value violates unique constraint "__drizzle_migrations_pkey" (Key (id)=(3) already exists)'
    )
    assert behind(rows._replace(sequence=IdSequence("s", 1, False)))
    assert "null value in column" in str(coming([A, B, C], rows._replace(numbered=False)).failure)


# ---------------------------------------------------------------- apply


def refusal(migrations: Sequence[Migration], rows: Table, tag: str, catalog: Catalog | None = None) -> str:
    with pytest.raises(GuardError) as caught:
        plan_run(judged(migrations, rows, catalog), catalog or empty_catalog("postgresql"), tag, "postgresql")
    return str(caught.value)


def test_apply_plans_a_skipped_one() -> None:
    run = plan_run(compare([A, B], table(row(B))), empty_catalog("postgresql"), "0000_a", "postgresql")
    assert (run.chunks, run.start, run.when) == (("CREATE TABLE t_0000_a (id int);",), 0, 1000)


def test_apply_refuses() -> None:
    assert refusal([A, B], table(row(B)), "0001_x") == (
        "There is no migration 0001_x in the journal.\n  Did you mean 0001_b?"
    )
    assert refusal([A, B], table(row(B, id=7)), "0001_b") == ("0001_b is already applied (row 7, created_at 2000).")
    moved = migration("0001_b", 4000, A.sql.data if A.sql else None)
    assert refusal([moved], table(row(A)), "0001_b") == (
        "0001_b is already applied (row 1, created_at 1000), under an old `when`.\n"
        "  drizzle-guard repair --only re-stamp"
    )
    assert refusal([A, B, C], table(row(A)), "0002_c").startswith(
        "0002_c would become the newest row (3000), and 0001_b (when 2000), which is pending, would then be skipped."
    )


def test_apply_refuses_out_of_order() -> None:
    adds = migration("0001_b", 2000, "ALTER TABLE users ADD COLUMN age int")
    drops = migration("0002_c", 3000, "DROP TABLE users")
    assert refusal([A, adds, drops], table(row(A), row(drops, id=2)), "0001_b", holding(*texts([A]))) == (
        "0001_b is out of order: 0002_c, which comes later and ran already, touches the same objects: "
        '0002_c drops table "users", which 0001_b changes.\n'
        "  Write what is still wanted of it as a new migration: npx drizzle-kit generate --custom\n"
        "  and record the old one without running it, so that nothing waits for it:\n"
        "  drizzle-guard apply 0001_b --resume-at 2"
    )
    writes, rewrites = (
        migration("0001_b", 2000, "UPDATE users SET age = 1"),
        migration("0002_c", 3000, "UPDATE users SET age = 2"),
    )
    assert 'both change rows of table "users"' in refusal(
        [A, writes, rewrites], table(row(A), row(rewrites, id=2)), "0001_b", holding(*texts([A]), USERS)
    )
    creates = migration("0001_b", 2000, "CREATE TABLE posts (id int)")
    uses = migration("0002_c", 3000, "DROP TABLE posts")
    assert "0001_b, which comes earlier and has not run, touches the same objects" in refusal(
        [A, creates, uses, migration("0003_d", 4000)],
        table(row(migration("0003_d", 4000))),
        "0002_c",
        holding("CREATE TABLE posts (id text);"),
    )


# ---------------------------------------------------------------- repairs


def accept_all(start: Comparison, catalog: Catalog | None = None) -> tuple[list[Offer], Comparison]:
    catalog = catalog or empty_catalog("postgresql")
    done: list[Offer] = []
    while True:
        offer = next((o for o in offers(start, catalog, PG) if o.obstacle is None), None)
        if offer is None:
            return done, start
        done.append(offer)
        start = again(start, offer)


def test_re_stamping_runs_what_it_would_hide() -> None:
    ran = migration("0001_branch", 1500)
    moved = migration("0002_branch", 3000, ran.sql.data if ran.sql else None)
    start = compare([A, B, moved], table(row(A), row(ran, id=2)))
    done, end = accept_all(start)
    assert [(offer.kind, [run.tag for run in offer.runs], [c.sql for c in offer.changes]) for offer in done] == [
        (
            "re-stamp",
            ["0001_b"],
            [
                'UPDATE "drizzle"."__drizzle_migrations" SET "created_at" = 3000 WHERE "id" = 2 '
                f'AND "hash" = \'{row(ran).hash}\' AND "created_at" = 1500'
            ],
        )
    ]
    assert done[0].changes[0].undo == (
        'UPDATE "drizzle"."__drizzle_migrations" SET "created_at" = 1500 WHERE "id" = 2 '
        f'AND "hash" = \'{row(ran).hash}\' AND "created_at" = 3000'
    )
    assert verdicts(end) == ["applied", "applied", "applied"]


def test_a_re_stamp_that_would_hide_what_may_not_run_is_left_for_a_person() -> None:
    ran = migration("0001_branch", 1500, "DROP TABLE users")
    pending = migration("0001_main", 2000, "ALTER TABLE users ADD COLUMN age int")
    moved = migration("0002_branch", 3000, "DROP TABLE users")
    (offer,) = offers(compare([A, pending, moved], table(row(A), row(ran, id=2))), empty_catalog("postgresql"), PG)
    assert offer.obstacle is not None
    assert offer.obstacle.startswith("it would hide 0001_main, which cannot run now: 0001_main is out of order")


def test_a_future_when_put_right_does_not_make_others_run_again() -> None:
    """0001_b ran with a rounded `when` far ahead, which was then corrected in the journal."""
    start = compare([A, B, C], table(row(A), row(B, 9000, id=2)))
    assert verdicts(start) == ["applied", "applied-under-old-when", "will-be-skipped"]
    done, end = accept_all(start)
    assert [offer.kind for offer in done] == ["re-stamp"]
    assert verdicts(end) == ["applied", "applied", "pending"]


def test_duplicates_sequence_and_adoption() -> None:
    catalog = holding(*texts([A, B]))
    rows = table(row(A, id=1), row(A, id=2))._replace(sequence=IdSequence("drizzle.s", 1, True))
    start = judged([A, B], rows, catalog)
    done, end = accept_all(start, catalog)
    assert [(offer.kind, offer.changes[0].sql) for offer in done] == [
        ("sequence", "SELECT setval('drizzle.s', 2)"),
        (
            "duplicates",
            f'DELETE FROM "drizzle"."__drizzle_migrations" WHERE "id" = 2 AND "hash" = \'{row(A).hash}\' '
            'AND "created_at" = 1000',
        ),
        (
            "adopt",
            f'INSERT INTO "drizzle"."__drizzle_migrations" ("hash", "created_at") VALUES (\'{row(B).hash}\', 2000)',
        ),
    ]
    assert done[0].changes[0].undo == "SELECT setval('drizzle.s', 1, true)"
    assert verdicts(end) == ["applied", "applied"]
    assert not end.strays
    assert [o.kind for o in offers(start, catalog, PG, ["adopt"])] == ["adopt"]
    (adopt,) = offers(start, catalog, PG, ["adopt"])
    assert adopt.obstacle is not None and adopt.obstacle.startswith("the insert would fail: duplicate key value")


def test_hostile_values_never_enter_sql() -> None:
    bad = Row(1, "x'); DROP TABLE users; --", 1000, 1)
    assert not writable(bad)
    with pytest.raises(ValueError, match="not written"):
        PG.delete(bad)
    assert Names("mysql", "", "a`b").quoted == "`a``b`"
    assert Names("postgresql", 'x"y', "t").quoted == '"x""y"."t"'
    assert "''" in set_sequence(IdSequence("a'b", 1, True), 2).sql


WHENS = st.integers(0, 9).map(lambda n: n * 1000 + 1000)


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Migration], Table]:
    """A journal with any `when`s, and rows of which some are of its migrations, under any `created_at`."""
    size = draw(st.integers(1, 6))
    migrations = [migration(f"{n:04}_m", draw(WHENS)) for n in range(size)]
    rows = []
    for id, n in enumerate(draw(st.lists(st.integers(0, size), max_size=7)), 1):
        of = migrations[n] if n < size else migration("9999_gone", 0)
        stamp = draw(st.one_of(st.just(of.entry.when), WHENS, st.none()))
        rows.append(Row(id, row(of).hash, stamp, id))
    sequence = draw(st.one_of(st.none(), st.builds(IdSequence, st.just("s"), st.integers(1, 8), st.booleans())))
    return migrations, table(*rows, nulls_first=draw(st.booleans()))._replace(sequence=sequence)


@given(situations())
def test_every_row_and_every_migration_is_told_once(situation: tuple[list[Migration], Table]) -> None:
    migrations, rows = situation
    comparison = compare(migrations, rows)
    told = [line.row for line in comparison.lines if line.row] + [stray.row for stray in comparison.strays]
    assert sorted(r.id or 0 for r in told) == sorted(r.id or 0 for r in rows.rows)
    for line in comparison.lines:
        expected = not rows.rows or (rows.rows[0].created_at or 0) < (line.when or 0)
        assert line.runs is expected
        assert (line.verdict in (Verdict.PENDING, Verdict.SKIPPED)) is (line.row is None)


@given(situations(), st.randoms(use_true_random=False))
def test_repairs_hide_nothing_and_repeat_nothing(situation: tuple[list[Migration], Table], random: object) -> None:
    """Whatever is accepted, in the order offered: what was pending ran or is still pending; nothing new runs again."""
    migrations, rows = situation
    start = judged(migrations, rows)
    done, end = accept_all(start)
    ran = {run.tag for offer in done for run in offer.runs}
    for before, after in zip(start.lines, end.lines, strict=True):
        if before.row is None and before.runs:
            assert after.row is not None or after.runs
        assert (before.row is None and after.row is not None) is (before.tag in ran)
        if not (before.row is not None and before.runs):
            assert not (after.row is not None and after.runs)
    assert not any(stray.copy_of for stray in end.strays)
    there = holding(*texts([line.migration for line in end.lines if line.row is not None]))
    assert verdicts(end) == verdicts(judged(migrations, end.table, there))
    assert len(done) <= 20
    assert {offer.kind for offer in done} <= set(KINDS)
