"""`check` on folders that drizzle-kit wrote, or that people made of a merge: its verdict is what is known of each."""

from __future__ import annotations

import shutil

import pytest

from support.check_folders import run_check
from support.gitbed import Bed
from support.parts import FIXTURES

# What drizzle-kit 0.31.11 does with each was tried out; its own check calls all but pg3 and the conflicts "fine".
VERDICTS = {
    "pg-full": "",
    "prefix/index": "",
    "prefix/supabase": "",
    # two generates within one second: the second snapshot overwrote the first
    "prefix/timestamp": "error DG024, error DG026",
    "prefix/unix": "error DG024, error DG026",
    # every generate creates all tables again
    "prefix/none": "error DG030, error DG035",
    # own migration deleted and generated again after the mainline's
    "pg/resolutions/pg1": "",
    # both entries kept with one idx, only one side's snapshot
    "pg/resolutions/pg2": "error DG001, error DG035, warning DG026",
    # renumbered, prevId left as it was: "collision"
    "pg/resolutions/pg3": "error DG020, error DG023",
    # prevId mended, snapshot not merged: the next generate added the column again
    "pg/resolutions/pg3b": "error DG020, error DG035",
    # renumbered, prevId mended, snapshot merged
    "pg/resolutions/pg3c": "",
    # works, but two migrations have one snapshot, on which v1's `up` stumbles
    "pg/resolutions/norename": "warning DG026",
    # merge=union: one migration is gone from the journal
    "pg/resolutions/un": "error DG004, error DG012",
    # the journal had lost an entry: its number and snapshot were taken again
    "pg/resolutions/stale": "error DG012, error DG024",
    "old/v5-pg-kit0.20.18": "",
    "old/v6-kit0.21.4": "",
    "old/v5-journal-after-up-0.31.11": "",
}


@pytest.mark.parametrize("sample", VERDICTS)
def test_verdict(sample: str, bed: Bed) -> None:
    shutil.copytree(FIXTURES / "samples" / sample, bed.root, dirs_exist_ok=True)
    done = run_check(bed)
    found = {" ".join(line.split()[:2]) for line in done.out.splitlines() if line.startswith(("  error", "  warning"))}
    assert ", ".join(sorted(found)) == VERDICTS[sample], done.out
    assert done.code == (1 if "error" in VERDICTS[sample] else 0)


def test_all_samples_have_a_verdict() -> None:
    folders = {path.parent.parent.parent for path in (FIXTURES / "samples").glob("**/meta/_journal.json")}
    assert {"/".join(path.relative_to(FIXTURES / "samples").parts) for path in folders} >= set(VERDICTS)
