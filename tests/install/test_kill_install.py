"""SIGKILL at each write of the commands that write: the same command again, or git's abort, leads to the right end.

The merge driver, the hooks and `renumber` are in test_kill.py, the database commands in test_database_kill.py.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.gitbed import Bed, machinery, tree_of
from support.stopped_merge import DATA, stop, worktree
from support.write_killer import kill_at_each_write

#: of the many writes of `regenerate`; DRIZZLE_GUARD_KILLS=all takes each
STEP = 1 if os.environ.get("DRIZZLE_GUARD_KILLS") == "all" else 4


def below(bed: Bed) -> dict[str, bytes]:
    """What `install` may touch, by paths that are the same in every copy."""
    return {path.removeprefix(str(bed.root)): data for path, data in machinery(bed).items()}


def assert_old_or_new(copy: Bed, *states: dict[str, bytes]) -> None:
    """Each file is as it was, or as it will be, also while nobody has typed anything again."""
    now = {path: data for path, data in below(copy).items() if not path.endswith((".drizzle-guard", ".lock"))}
    for path in {*now, *states[0], *states[1]} - {"/.git/config"}:
        assert now.get(path) in [state.get(path) for state in states], path
    kept, added = (state["/.git/config"].splitlines() for state in states)
    config = now["/.git/config"].splitlines()  # which git writes, setting by setting
    assert {*config} <= {*kept, *added} and {*kept} & {*added} <= {*config}


def test_install(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    bed.write(".gitattributes", "*.png binary\n")
    bed.commit("base")
    before = below(bed)
    whole = bed.at(tmp_path / "whole")
    bed.run("cp", "-a", str(bed.root), str(whole.root))
    assert whole.call("install").code == 0

    def recover(copy: Bed) -> None:
        assert_old_or_new(copy, before, below(whole))
        done = copy.call("install")
        assert done.code == 0, done.text
        assert copy.call("install", "--check").code == 0
        assert below(copy) == below(whole)
        assert copy.call("uninstall").code == 0
        assert below(copy) == before

    assert kill_at_each_write(bed, "install", then=recover) >= 35


def test_uninstall(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    bed.write(".gitattributes", "*.png binary\n")
    bed.commit("base")
    before = below(bed)
    assert bed.call("install").code == 0
    armed = below(bed)

    def recover(copy: Bed) -> None:
        assert_old_or_new(copy, armed, before)
        done = copy.call("uninstall")
        assert done.code == 0, done.text
        assert below(copy) == before

    assert kill_at_each_write(bed, "uninstall", then=recover) >= 20


@pytest.mark.parametrize("blocks", [1, 4, 16])
@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_a_disk_that_is_full(bed: Bed, command: str, blocks: int) -> None:
    """Here: a limit on the size of files.  The words "nothing was changed" are true."""
    bed.write(".gitattributes", "".join(f"picture-{n}.bin binary\n" for n in range(blocks * 30)))
    bed.commit("base")
    if command == "uninstall":
        assert bed.call("install").code == 0
    before = below(bed)
    done = bed.run("sh", "-c", f"ulimit -f {blocks}; exec drizzle-guard {command}", check=False)
    assert done.code and "nothing was changed.\n" in done.err and "None" not in done.err, done.text
    assert below(bed) == before
    assert bed.call(command).code == 0


@pytest.mark.parametrize("name", ["lefthook.yml", ".pre-commit-config.yaml"])
def test_a_disk_that_is_full_when_a_line_is_added(bed: Bed, name: str) -> None:
    """What was done before stays, and is said."""
    rows = "".join(f"# row {n}\n" for n in range(3000))
    bed.write(name, f"{rows}{'repos: []' if name.startswith('.') else 'min_version: 1.0.0'}\n")
    bed.commit("base")
    before = bed.read(name)
    done = bed.run("sh", "-c", "ulimit -f 24; exec drizzle-guard install --yes", check=False)
    assert done.code and "add file .gitattributes\n" in done.out, done.text
    assert done.err.endswith("; that file was not changed, what is said above was done.\n"), done.err
    assert bed.read(name) == before and (bed.root / ".gitattributes").exists()
    assert bed.tool("install", "--yes").code == 0 and bed.read(name) != before


def regenerate(copy: Bed, env: dict[str, str]) -> None:
    """Type it again, and do what it says: what drizzle-kit had written when the kill came is nobody's it knows of."""
    done = copy.call("regenerate", env=env)
    while "  move it away" in done.err:
        assert "drizzle-guard renumber" not in done.err
        (copy.root / done.err.split()[1]).unlink()
        done = copy.call("regenerate", env=env)
    assert done.code == 0, done.text


def test_regenerate(tmp_path: Path, kit: Path, bed: Bed) -> None:
    stop(bed, data=DATA, merge=False)
    before, files = bed.state(), worktree(bed)
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    whole = bed.at(tmp_path / "whole")
    bed.run("cp", "-a", str(bed.root), str(whole.root))
    env = {"KIT_SQL": "CREATE TABLE made (id integer);"}
    assert whole.call("regenerate", env=env).code == 0
    turn = 0

    def recover(copy: Bed) -> None:
        nonlocal turn
        turn += 1
        if turn % 2:
            regenerate(copy, env)
            assert tree_of(copy.root / "drizzle") == tree_of(whole.root / "drizzle")
            assert copy.git("write-tree") == whole.git("write-tree")
            assert any(DATA.encode() in data for data in tree_of(copy.root / "drizzle-guard-saved").values())
        else:
            if copy.try_git("merge", "--abort").code:  # git does not overwrite files that are not as it left them
                regenerate(copy, env)
                copy.git("merge", "--abort")
            left = copy.git("clean", "-ndx").splitlines()
            assert not [line for line in left if "drizzle-guard-saved" not in line], left
            copy.run("rm", "-rf", "drizzle-guard-saved")
            assert (copy.state(), worktree(copy)) == (before, files)

    assert kill_at_each_write(bed, "regenerate", env=env, then=recover, step=STEP) >= 15
