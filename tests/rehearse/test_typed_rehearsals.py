"""What `rehearse` prints as the next command, typed as it stands there (`support/printed_commands.py` lists it)."""

from __future__ import annotations

from pathlib import Path

from support.databases import Place, table
from support.gitbed import Bed
from support.rehearsing import Entry, committed
from support.typed import in_git

USERS: Entry = ("0000_users", 1000, table("users"))
AGE: Entry = ("0001_age", 2000, "alter table users add age integer;\n")
OLDER: Entry = ("0002_nick", 1500, "alter table users add nick text;\n")


def test_one_that_never_runs_is_renumbered(bed: Bed) -> None:
    committed(bed, USERS)
    bed.git("branch", "feature")
    committed(bed, USERS, AGE)
    bed.git("switch", "-q", "feature")
    bed.git("merge", "-q", "main")
    committed(bed, USERS, AGE, OLDER)
    said = bed.call("rehearse")
    assert (
        said.code == 1 and "(its `when` is not above what that database recorded; see: drizzle-guard check)" in said.out
    )
    told = bed.run("sh", "-c", "drizzle-guard check", check=False)
    assert "    fix: drizzle-guard renumber\n" in told.out
    bed.run("sh", "-c", "drizzle-guard renumber")
    assert bed.call("rehearse").code == 0


def test_a_file_that_is_missing_comes_back(tmp_path: Path) -> None:
    place = Place(tmp_path, "sqlite")
    place.write(USERS, AGE)
    place.applied(USERS, AGE)
    in_git(place)
    for asks in (("rehearse",), ("rehearse", "--against", place.url)):
        (place.folder / "0001_age.sql").unlink()
        said = place.guard(*asks, plain=True)
        assert said.code and "0001_age.sql is missing" in said.err
        told = place.type(said.err, "drizzle-guard check").out
        assert place.type(told, "git checkout").code == 0
        assert place.guard(*asks, plain=True).code == 0
