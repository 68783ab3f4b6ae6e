"""`protect`'s core without git: what every merge of ours makes passes, and nothing else slips through."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drizzle_guard.drizzle.folder import Blob, Folder, read_folder
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.drizzle.v1 import read_v1
from drizzle_guard.protect.compare import is_as_planned
from drizzle_guard.protect.forbidden import Around, Change, forbidden, is_kept_whole
from drizzle_guard.replay.plan import Plan
from drizzle_guard.replay.replay import plan
from support.cases import MERGE, MergeCase, cases_in

pytestmark = pytest.mark.quick

CASES = [case for case in map(MergeCase, cases_in(MERGE)) if case.refused is None]


def _folder(count: int, files: Mapping[str, Blob] | None = None) -> Folder:
    entries = [
        {"idx": n, "version": "7", "when": 1000 * n, "tag": f"{n:04}_t", "breakpoints": True} for n in range(count)
    ]
    made = {PATH: Blob.of(json.dumps({"version": "7", "dialect": "postgresql", "entries": entries}).encode())}
    for n in range(count):
        made[f"{n:04}_t.sql"] = Blob.of(f"create table t{n} (id int);".encode())
        body = {"id": f"id{n}", "prevId": f"id{n - 1}", "tables": {}}
        made[f"meta/{n:04}_snapshot.json"] = Blob.of(json.dumps(body).encode())
    return read_folder("drizzle", {**made, **(files or {})})


def _changes(parent: Folder, new: Folder, published: Folder | None = None) -> list[Change]:
    return forbidden(parent, new, Around(parent if published is None else published))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path.name)
def test_a_merge_of_ours_passes_against_both_parents(case: MergeCase) -> None:
    """Finished by the plain rules, half-finished as the plan's own state."""
    base, ours, theirs = (case.folder(side) for side in ("base", "ours", "theirs"))
    mainline, branch = (ours, theirs) if case.ours_is_mainline else (theirs, ours)
    outcome = plan(base, mainline, branch, layout=ours.journal)
    assert isinstance(outcome, Plan)
    made = {path: blob for path, blob in outcome.files.items() if blob is not None}
    expected = read_folder("drizzle", made)
    for parent, other in ((ours, theirs), (theirs, ours)):
        assert forbidden(parent, expected, Around(mainline, [other], [base])) == []
    half = {**branch.files, **mainline.files, PATH: Blob.of(outcome.interim.data)}
    assert is_as_planned(half, outcome, (base, ours, theirs))
    assert is_as_planned(made, outcome, (base, ours, theirs))
    tag = mainline.entries[-1].tag
    for broken in (
        {**half, f"{tag}.sql": Blob.of(b"select 1;")},
        {path: blob for path, blob in half.items() if path != f"{tag}.sql"},
        {**half, PATH: Blob.of(outcome.interim.data + b"\n")},
    ):
        assert not is_as_planned(broken, outcome, (base, ours, theirs))


@given(before=st.integers(0, 5), more=st.integers(0, 3), published=st.integers(0, 5))
def test_new_migrations_behind_pass(before: int, more: int, published: int) -> None:
    assert _changes(_folder(before), _folder(before + more), _folder(published)) == []


@given(data=st.data(), count=st.integers(1, 5), published=st.integers(0, 5))
def test_every_other_byte_is_noticed(data: st.DataObject, count: int, published: int) -> None:
    parent = _folder(count)
    path = data.draw(st.sampled_from([p for p in parent.files if p != PATH]))
    text = bytearray(parent.files[path].data)
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] ^= 1
    assert len(_changes(parent, _folder(count, {path: Blob.of(bytes(text))}), _folder(published))) >= 1


@given(data=st.data(), count=st.integers(2, 6))
def test_every_missing_or_swapped_entry_is_noticed(data: st.DataObject, count: int) -> None:
    parent = _folder(count)
    order = data.draw(st.permutations(range(count)).filter(lambda o: o != list(range(count))))
    kept = data.draw(st.integers(0, count))
    document = json.loads(parent.files[PATH].data)
    document["entries"] = [document["entries"][n] for n in order][:kept]
    assert _changes(parent, _folder(count, {PATH: Blob.of(json.dumps(document).encode())})) != []


def test_a_folder_elsewhere_is_the_same_only_if_it_is_whole() -> None:
    assert is_kept_whole(_folder(3), _folder(4))
    assert not is_kept_whole(_folder(3), _folder(2))
    assert not is_kept_whole(_folder(0), _folder(2))


def test_a_v1_folder_is_ordered_by_name() -> None:
    files = {f"2026010100000{n}_x/migration.sql": Blob.of(b"%d" % n) for n in (2, 1)}
    history = read_v1("drizzle", {**files, "README.md": Blob.of(b"")})
    assert [m.tag for m in history.migrations] == ["20260101000001_x", "20260101000002_x"]


def test_ten_thousand_deletions_take_no_square_time() -> None:
    parent = _folder(10_000)
    assert len(_changes(parent, read_folder("drizzle", {}))) == 10_000
