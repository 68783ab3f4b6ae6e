"""Tags and paths outside ASCII, where the locale's encoding is not UTF-8."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from drizzle_guard.drizzle.journal import PATH
from support.branches import CASE, GOLDEN
from support.cases import side_files
from support.gitbed import Bed, tree_of
from support.live.bench import missing

FOLDER = "büro/drizzle"
RENAMED = {"0001_comments": "0001_größe", "0003_comments": "0003_größe"}


@pytest.fixture(params=["ascii", "latin-1"])
def locale(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """An environment in which Python would take paths for ASCII or for Latin-1."""
    if request.param == "ascii":
        return {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    made = ("localedef", "-i", "de_DE", "-f", "ISO-8859-1", str(tmp_path / "de_DE.ISO-8859-1"))
    if shutil.which("localedef") is None or subprocess.run(made, capture_output=True, check=False).returncode:
        missing("what localedef needs for a German locale (package locales)")
    return {"LC_ALL": "de_DE.ISO-8859-1", "LOCPATH": str(tmp_path)}


def renamed(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files with another name for one migration, in the journal too; Drizzle writes it as UTF-8."""
    result = {}
    for path, data in files.items():
        name = path.removesuffix(".sql")
        result[f"{RENAMED[name]}.sql" if name in RENAMED else path] = data
    for old, new in RENAMED.items():
        result[PATH] = result[PATH].replace(f'"{old}"'.encode(), f'"{new}"'.encode())
    return result


@pytest.fixture
def collided(tmp_path: Path) -> Bed:
    """Branch feature, which collides with main; nothing is merged yet."""
    bed = Bed(tmp_path)
    for side, branch in (("base", "main"), ("ours", "feature"), ("theirs", "main")):
        bed.git("checkout", "-q", *(() if side == "theirs" else ("-B",)), branch)
        shutil.rmtree(bed.root / FOLDER, ignore_errors=True)
        for path, data in renamed(side_files(CASE / side)).items():
            bed.write(f"{FOLDER}/{path}", data)
        bed.commit(side)
    bed.git("checkout", "-q", "feature")
    return bed


@pytest.mark.parametrize("armed", [True, False])
def test_merge(collided: Bed, locale: dict[str, str], armed: bool) -> None:
    bed = collided
    bed.env.update(locale)
    if armed:
        bed.arm()
        bed.commit("arm")
    assert bed.try_git("merge", "--no-edit", "main").code == (0 if armed else 1)
    if not armed:
        done = bed.tool("renumber")
        assert done.code == 0, done.err
        bed.git("commit", "-q", "--no-edit")
    assert tree_of(bed.root / FOLDER) == renamed(GOLDEN)
    assert bed.git("status", "--porcelain") == ""


def test_check_status_and_protect(collided: Bed, locale: dict[str, str]) -> None:
    bed = collided
    journal = bed.root / FOLDER / PATH
    journal.write_bytes(journal.read_bytes().replace(b'"postgresql"', b'"sqlite"'))
    (bed.root / "ä.db").touch()
    usual = [bed.tool(*argv) for argv in COMMANDS]
    bed.env.update(locale)
    found = [bed.tool(*argv) for argv in COMMANDS]
    assert [done.code for done in found] == [done.code for done in usual]
    assert json.loads(found[0].out) == json.loads(usual[0].out)
    assert json.loads(found[1].out) == json.loads(usual[1].out)


COMMANDS = (
    ("check", FOLDER, "--format", "sarif"),
    ("status", FOLDER, "--json", "--url", "ä.db"),
    ("protect", "--from-ref", "main"),
    ("graph",),
)
