"""What PATHS mean: one answer for renumber, graph, regenerate and check, in whatever spelling the path comes."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from support.gitbed import Bed, add_migration

NFC = unicodedata.normalize("NFC", "Übungen/drizzle")
NFD = unicodedata.normalize("NFD", NFC)


@pytest.fixture
def stopped(tmp_path: Path) -> Bed:
    """A merge that has stopped over a journal, in a clone that nobody armed."""
    return _stop(Bed(tmp_path), "db/drizzle")


def _stop(bed: Bed, folder: str) -> Bed:
    add_migration(bed.root / folder, "base")
    bed.commit()
    bed.branch("feature")
    add_migration(bed.root / folder, "own")
    bed.commit()
    bed.branch("main", "main")
    add_migration(bed.root / folder, "other")
    bed.commit()
    bed.git("checkout", "-q", "feature")
    assert bed.try_git("merge", "main").code == 1
    return bed


def _renumbered(bed: Bed, path: str, folder: str = "db/drizzle") -> None:
    done = bed.call("renumber", "--dry-run", path)
    assert (done.code, done.out.splitlines()[0]) == (0, f"{folder}: would be renumbered"), done.text


def test_a_path_without_a_folder_is_an_error_everywhere(stopped: Bed) -> None:
    for command, where in {
        ("renumber",): "HEAD or the index",
        ("renumber", "--dry-run"): "HEAD or the index",
        ("graph", "--onto", "main"): "HEAD or the mainline",
        ("regenerate", "--dry-run"): "this merge",
    }.items():
        for path in ("nosuch", "db/drizzl", str(stopped.directory)):
            done = stopped.tool(*command, path)
            assert (done.code, done.out) == (2, "")
            assert done.err == f"drizzle-guard: {path}: no migration folder of {where} is there.\n"
    assert stopped.call("check", "nosuch").err == "drizzle-guard: nosuch does not exist.\n"


def test_through_a_link_and_from_below(stopped: Bed) -> None:
    link = stopped.directory / "link"
    link.symlink_to(stopped.root, target_is_directory=True)
    (stopped.root / "short").symlink_to("db/drizzle", target_is_directory=True)
    for path in (
        str(link),
        str(link / "db/drizzle"),
        str(stopped.root),
        "short",
        "db",
        "db/drizzle/meta",
        ".",
        "db/../db",
    ):
        _renumbered(stopped, path)
    _renumbered(stopped, "db/drizzle/0001_own.sql")
    inside = stopped.at(stopped.root / "db")
    inside.env["PWD"] = str(link / "db")
    for path in (".", "drizzle", "..", "drizzle/meta/_journal.json"):
        _renumbered(inside, path)


def test_in_another_case(stopped: Bed) -> None:
    done = stopped.call("renumber", "DB/Drizzle")
    assert (done.code, done.err) == (
        2,
        "drizzle-guard: DB/Drizzle: no migration folder of HEAD or the index is there.\n  git calls it db/drizzle\n",
    )
    stopped.git("config", "core.ignoreCase", "true")
    for path in ("DB/Drizzle", "DB"):
        _renumbered(stopped, path)
    assert stopped.call("graph", "--onto", "main", "db/DRIZZLE").out.startswith(
        "db/drizzle: 1 migration on main and 1 on"
    )


def test_composed_and_decomposed_letters(tmp_path: Path) -> None:
    bed = _stop(Bed(tmp_path), NFC)
    assert bed.call("renumber", NFD).code == 2
    bed.git("config", "core.precomposeUnicode", "true")
    _renumbered(bed, NFD, NFC)


def test_check_in_another_spelling_knows_what_is_published(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    add_migration(bed.root / "drizzle", "base")
    bed.commit()
    bed.branch("feature")
    bed.write("drizzle/0000_base.sql", "SELECT 1;\n")
    (bed.root / "drizzle").rename(bed.root / "Drizzle")
    done = bed.call("check", "--onto", "main", "Drizzle")
    assert done.err == "drizzle-guard: Drizzle is compared with nothing on main: what is there is called drizzle.\n"
    bed.git("config", "core.ignoreCase", "true")
    done = bed.call("check", "--onto", "main", "Drizzle")
    assert (done.code, done.err) == (1, "") and "DG031" in done.out
