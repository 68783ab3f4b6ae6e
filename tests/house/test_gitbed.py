"""The short cuts of the bed lead where the long way does."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from support.cases import MERGE, MergeCase, put_side, side_files
from support.fold_cases import fold
from support.gitbed import Bed, machinery, tree_of


def test_arming_by_a_copy_is_what_install_does(tmp_path: Path) -> None:
    by_install, by_copy = Bed(tmp_path / "a"), Bed(tmp_path / "b")
    assert by_install.tool("install", "--no-protect").code == 0
    by_copy.arm()
    found = [
        {str(Path(path).relative_to(bed.root)): data for path, data in machinery(bed).items()}
        for bed in (by_install, by_copy)
    ]
    assert found[0] == found[1]
    assert by_copy.call("install", "--check", "--no-protect").code == 0


def test_a_call_answers_as_the_process_does(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    bed.put(MERGE / "pg-2v2" / "theirs")
    bed.commit("main")
    for args in (("graph",), ("check", "drizzle"), ("explain", "DG006"), ("renumber", "nowhere"), ("nonsense",)):
        assert bed.call(*args) == bed.tool(*args)


def test_what_is_laid_out_again_is_a_copy(tmp_path: Path) -> None:
    beds = [Bed(tmp_path / name) for name in "ab"]
    built = []

    def build(bed: Bed) -> None:
        built.append(bed)
        bed.write("file", "text")
        bed.commit("one")

    for bed in beds:
        bed.lay_out("two beds", partial(build, bed))
    assert built == beds[:1]
    assert beds[0].state() == beds[1].state()


def test_folding_a_case_changes_nothing_that_is_read(tmp_path: Path) -> None:
    case = MergeCase(MERGE / "pg-2v2")
    for side in ("base", "ours", "theirs", "expected"):
        put_side(case.path / side, tmp_path / "copy" / side)
    assert fold(tmp_path / "copy")
    folded = tmp_path / "copy" / "theirs"
    assert len(tree_of(folded)) < len(case.files("theirs"))
    assert side_files(folded) == case.files("theirs")
    assert side_files(tmp_path / "copy" / "expected") == case.expected
