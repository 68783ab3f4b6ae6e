"""Versions of a migration folder."""

from __future__ import annotations

import pytest

from drizzle_guard.drizzle.folder import Blob, Folder, read_folder
from support.cases import MERGE, side_files

CASE = MERGE / "pg-2v2"


def _read(side: str, like: Folder | None = None) -> Folder:
    known = {} if like is None else like.files
    files = {path: Blob.of(data, path) for path, data in side_files(CASE / side).items()}
    return read_folder("drizzle", {p: known[p] if known.get(p) == b else b for p, b in files.items()}, like)


@pytest.mark.parametrize("side", ["base", "ours", "theirs"])
def test_what_is_the_same_is_taken_from_another_version(side: str) -> None:
    base, alone = _read("base"), _read(side)
    read = _read(side, like=base)
    assert read == alone
    count = len(base.migrations)
    assert all(one is other for one, other in zip(read.migrations[:count], base.migrations, strict=True))
    assert all(migration not in base.migrations for migration in read.migrations[count:])


def test_an_entry_that_differs_is_its_own() -> None:
    base = _read("base")
    changed = base.files["meta/_journal.json"].data.replace(b'"breakpoints": true', b'"breakpoints": false')
    read = read_folder("drizzle", {**base.files, "meta/_journal.json": Blob.of(changed)}, like=base)
    assert [entry.raw["breakpoints"] for entry in read.entries] == [False] * len(base.entries)
    assert [entry.raw["breakpoints"] for entry in base.entries] == [True] * len(base.entries)
