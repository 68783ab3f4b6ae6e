"""`status --for v1`: whether `drizzle-kit up` of v1 and its first migrate will succeed; and v1 folders side by side.

What real drizzle-kit and drizzle-orm 1.0.0-rc.5 do on these was tried out: an unmatched row stops the first migrate
with "… migrations (ids: …) in the database that do not match any local migration", and what no row names runs.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.databases import Place, table

INIT = ("0000_init", 1700000000000, table("users"))
MORE = ("0001_more", 1700000060000, table("more"))
GOOD = "Drizzle v1: nothing here stops drizzle-kit up, nor v1's first migrate at its table."


@pytest.fixture
def sqlite(tmp_path: Path) -> Place:
    return Place(tmp_path, "sqlite")


def snapshots(place: Place, *prefixes: str) -> None:
    before = "00000000-0000-0000-0000-000000000000"
    for n, prefix in enumerate(prefixes):
        own = f"00000000-0000-0000-0000-{n + 1:012}"
        body = {"id": own, "prevId": before, "version": "6", "dialect": "sqlite", "tables": {}}
        (place.folder / f"meta/{prefix}_snapshot.json").write_text(json.dumps(body))
        before = own


def for_v1(place: Place) -> tuple[list[str], list[str]]:
    """What is added to the findings, and the notes."""
    plain = [finding["message"] for finding in place.status()["findings"]]
    report = place.status("--for", "v1")
    return [f["message"] for f in report["findings"] if f["message"] not in plain], report["notes"]


def test_what_succeeds(sqlite: Place) -> None:
    sqlite.write(INIT, MORE)
    snapshots(sqlite, "0000", "0001")
    sqlite.applied(INIT)
    assert for_v1(sqlite) == ([], [GOOD])  # the second one is pending, in 0.x and in v1
    assert sqlite.guard("status", "--for", "v1").code == 0


def test_a_row_without_a_file_stops_it(sqlite: Place) -> None:
    sqlite.write(MORE)
    snapshots(sqlite, "0001")
    sqlite.applied(INIT, MORE)
    found, notes = for_v1(sqlite)
    assert len(found) == 1 and found[0].endswith(" fits no migration: v1's first migrate stops there.")
    assert notes == []
    text = sqlite.guard("status", "--for", "v1")
    assert text.code == 1
    (sql,) = (line.strip() for line in text.out.splitlines() if line.strip().startswith("DELETE FROM"))
    sqlite.run(sql)  # the cure that is printed
    assert for_v1(sqlite) == ([], [GOOD])


def test_the_folder_is_looked_at_too(sqlite: Place) -> None:
    sqlite.write(INIT, ("0001_more", INIT[1] - 5000, MORE[2]))
    snapshots(sqlite, "0000")
    sqlite.applied(INIT)
    found, _ = for_v1(sqlite)
    assert any(message.startswith("DG051: 0001_more has no snapshot") for message in found)
    assert any(message.startswith("DG053: ") for message in found)
    assert "0001_more would run: v1 runs every migration that no row names, and 0.x does not run this one." in found


def test_two_of_one_second_whose_file_was_edited(sqlite: Place) -> None:
    twin = ("0001_twin", INIT[1] + 500, table("twin"))
    sqlite.write(INIT, twin)
    snapshots(sqlite, "0000", "0001")
    sqlite.applied(INIT, twin)
    assert not [message for message in for_v1(sqlite)[0] if "DG" not in message]
    sqlite.write(INIT, (*twin[:2], table("twin") + " -- edited"))
    found, _ = for_v1(sqlite)
    assert any("fits no migration" in message for message in found)
    assert "0001_twin would run again: v1 gives its row to another migration of the same second." in found


def test_v1_folders_side_by_side(sqlite: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("20240101000000_init", "20240102000000_late"):
        (sqlite.folder / name).mkdir(parents=True)
        (sqlite.folder / name / "migration.sql").write_text(table(name[15:]))
    sqlite.run("SELECT 1")
    (sqlite.path / "drizzle-guard.toml").write_text('[databases]\nstaging = "STAGING"\nproduction = "PRODUCTION"\n')
    monkeypatch.setenv("STAGING", sqlite.url)
    monkeypatch.setenv("PRODUCTION", sqlite.url)
    assert sqlite.guard("apply", "20240102000000_late", "--yes").code == 0
    from drizzle_guard.__main__ import main

    monkeypatch.chdir(sqlite.path)
    assert main(["status", "--all", "--for", "v1"]) == 0
