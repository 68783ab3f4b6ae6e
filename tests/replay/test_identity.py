"""Which migration is which, who moves, and what both sides made of a common one."""

from __future__ import annotations

import pytest

from drizzle_guard.drizzle.folder import Blob, Folder, Migration, read_folder
from drizzle_guard.drizzle.journal import Entry, next_idx, running_max
from drizzle_guard.replay.identity import match_known, match_new
from drizzle_guard.replay.who_moves import Established, establish, moves_published

#: a migration in short: tag, SQL, snapshot id ("" for none)
Short = tuple[str, str, str]

BASE: Short = ("0000_base", "CREATE TABLE a (id int);", "s0")
AGE: Short = ("0001_age", "ALTER TABLE a ADD age int;", "s1")
NAME: Short = ("0001_name", "ALTER TABLE a ADD name text;", "s2")
NOTHING = "-- nothing"
WIDE = "ALTER TABLE a ALTER COLUMN name SET DATA TYPE varchar(256)"


def _history(*shorts: Short) -> Folder:
    entries = ",".join(f'{{"idx":{n},"when":{n},"tag":"{tag}"}}' for n, (tag, _, _) in enumerate(shorts))
    files = {"meta/_journal.json": f'{{"version":"7","dialect":"postgresql","entries":[{entries}]}}'}
    for tag, sql, id_ in shorts:
        files[f"{tag}.sql"] = sql
        if id_:
            files[f"meta/{tag.partition('_')[0]}_snapshot.json"] = f'{{"id":"{id_}"}}'
    return read_folder("drizzle", {path: Blob.of(text.encode(), path) for path, text in files.items()})


def _migrations(*shorts: Short) -> tuple[Migration, ...]:
    return _history(*shorts).migrations


@pytest.mark.parametrize(
    ("base", "side", "pairs"),
    [
        ([BASE, AGE], [BASE, AGE], {0: 0, 1: 1}),
        ([BASE, AGE], [BASE], {0: 0}),
        # renumbered: the suffix and the SQL stay
        ([BASE, AGE], [BASE, NAME, ("0002_age", AGE[1], "s1")], {0: 0, 1: 2}),
        # edited: the tag stays
        ([BASE, AGE], [BASE, ("0001_age", "other", "s9")], {0: 0, 1: 1}),
        # renamed: the SQL stays
        ([BASE, AGE], [BASE, ("0001_years", AGE[1], "s9")], {0: 0, 1: 1}),
        # renumbered and edited: the suffix and the snapshot's id stay
        ([BASE, AGE], [BASE, NAME, ("0002_age", "other", "s1")], {0: 0, 1: 2}),
        # generated anew: nothing stays
        ([BASE, AGE], [BASE, ("0002_years", "other", "s1")], {0: 0}),
        ([BASE, AGE], [BASE, ("0002_age", "other", "s9")], {0: 0}),
        # empty custom migrations are told apart by their names
        ([("0001_x", NOTHING, "s1")], [("0002_y", NOTHING, "s2")], {}),
        ([("0001_x", NOTHING, "s1")], [("0002_x", NOTHING, "s2")], {0: 0}),
        # the same SQL several times: in order
        ([("0_a", "x", ""), ("1_b", "x", "")], [("2_c", "x", ""), ("3_d", "x", ""), ("4_e", "x", "")], {0: 0, 1: 1}),
        # the strongest sign wins
        ([AGE], [("0001_age", "other", ""), ("0002_age", AGE[1], "")], {0: 1}),
    ],
)
def test_match_known(base: list[Short], side: list[Short], pairs: dict[int, int]) -> None:
    assert match_known(_migrations(*base), _migrations(*side)) == pairs


@pytest.mark.parametrize(
    ("one", "other", "pairs"),
    [
        ([AGE], [AGE], {0: 0}),
        ([AGE], [NAME, ("0002_years", AGE[1], "s9")], {0: 1}),
        # two people may have taken the same name
        ([AGE], [("0001_age", "other", "s9")], {}),
        ([AGE], [("0001_age", "other", "s1")], {}),
        ([("0001_x", NOTHING, "")], [("0001_y", NOTHING, "")], {}),
        ([("0001_x", NOTHING, "")], [("0003_x", NOTHING, "")], {0: 0}),
        ([("0001_x", "", "")], [("0001_y", "", "")], {}),
        # what is set a second time is as it was; what only looks so is not
        ([("0001_x", WIDE, "")], [AGE, ("0002_y", WIDE, "s9")], {0: 1}),
        ([("0001_x", WIDE, "")], [("0001_z", "ALTER TABLE a ALTER name DROP NOT NULL", ""), ("0002_y", WIDE, "")], {}),
        ([("0001_x", WIDE, ""), ("0002_z", "DROP TABLE a", "")], [("0002_y", WIDE, "s9")], {}),
        ([("0001_x", f"{WIDE} USING upper(name)", "")], [("0002_y", f"{WIDE} USING upper(name)", "")], {}),
        ([("0001_x", "UPDATE a SET n = n + 1", "")], [("0002_y", "UPDATE a SET n = n + 1", "")], {}),
    ],
)
def test_match_new(one: list[Short], other: list[Short], pairs: dict[int, int]) -> None:
    assert match_new(_migrations(*one), _migrations(*other)) == pairs


def test_a_name_and_a_millisecond_tell_a_copy() -> None:
    seed: Short = ("0001_even_comet", "INSERT INTO a VALUES (1);", "s1")
    (one,), (again,) = _migrations(seed), _migrations((*seed[:2], "s2"))
    assert match_new([one], [again]) == {0: 0}
    later = again._replace(entry=Entry({**again.entry.raw, "when": 7}, again.tag, again.entry.idx, 7))
    assert match_new([one], [later]) == {}


def test_missing_sql_is_never_the_same() -> None:
    lost = Migration(Entry({}, "0001_x", 1, 1), None, None)
    assert match_new([lost], [Migration(Entry({}, "0002_y", 2, 2), None, None)]) == {}


@pytest.mark.parametrize(
    ("ours", "theirs", "mainline", "expected"),
    [
        # published is what the mainline has
        ([BASE, AGE], [BASE, NAME], [BASE, NAME], Established(False)),
        ([BASE, AGE], [BASE, NAME], [BASE, AGE], Established(True)),
        # under whatever number
        ([BASE, AGE], [BASE, NAME], [BASE, ("0007_name", NAME[1], "s2")], Established(False)),
        # nothing tells
        ([BASE, AGE], [BASE, NAME], None, Established(True, told=False, assumed=True)),
        ([BASE, AGE], [BASE, NAME], [BASE], Established(True, told=False, assumed=True)),
        ([BASE, AGE], [BASE], None, Established(True, told=False)),
        # the mainline's order decides
        ([BASE, AGE], [BASE, NAME], [BASE, NAME, AGE], Established(False, clash=True)),
        ([BASE, AGE], [BASE, NAME], [BASE, AGE, NAME], Established(True, clash=True)),
        # both have it: who has it as it is published
        ([BASE, AGE], [BASE, NAME, ("0002_years", AGE[1], "s9")], [BASE, AGE], Established(True)),
        ([BASE, AGE], [BASE, NAME, ("0002_age", AGE[1], "s1")], [BASE, AGE, NAME], Established(True, clash=True)),
        # what both have says nothing
        ([BASE, AGE, ("0002_x", "x", "")], [BASE, AGE, NAME], [BASE, AGE, NAME], Established(False)),
    ],
)
def test_establish(ours: list[Short], theirs: list[Short], mainline: list[Short] | None, expected: Established) -> None:
    base, published = _history(BASE), None if mainline is None else _history(*mainline)
    assert establish(base, _history(*ours), _history(*theirs), published, otherwise_ours=True) == expected
    swapped = establish(base, _history(*theirs), _history(*ours), published, otherwise_ours=False)
    assert swapped == expected._replace(ours=not expected.ours)


def test_moves_published() -> None:
    mainline = _history(BASE, NAME, ("0002_age", AGE[1], "s1"))
    there, (age,) = mainline.entries[2], _migrations(AGE)
    assert moves_published([(age, age.entry)], mainline) == "0001_age"
    assert moves_published([(age, there)], mainline) == ""
    # it had its published number, and loses it
    assert moves_published([(mainline.migrations[2], age.entry)], mainline) == "0002_age"
    assert moves_published([(mainline.migrations[2], there)], mainline) == ""
    assert moves_published([(m, m.entry) for m in _migrations(("0001_x", "x", ""))], mainline) == ""


def test_a_snapshot_belongs_to_the_first_of_its_number() -> None:
    first, second = _migrations(AGE, ("0001_fill", "UPDATE a SET age = 0;", ""))
    assert first.snapshot is not None and second.snapshot is None


@pytest.mark.parametrize(
    ("entries", "idx", "newest"),
    [
        ([], 0, None),
        ([(0, 5)], 1, 5),
        ([(0, 9), (7, 3)], 8, 9),
        ([(0, None), (None, 3)], 2, 3),
        ([(None, None)], 1, None),
        ([(4, 1), (0, 2)], 1, 2),
        ([(4, 1), (1, 2), (0, 3)], 5, 3),
    ],
)
def test_what_comes_next(entries: list[tuple[int | None, int | None]], idx: int, newest: int | None) -> None:
    row = [Entry({}, "x", i, when) for i, when in entries]
    assert (next_idx(row, {entry.idx for entry in row}), running_max(row)) == (idx, newest)
