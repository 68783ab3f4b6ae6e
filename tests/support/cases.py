"""The cases in `fixtures/`: directories of sides, where a side may be another side but for some files.

A file `from` in a side's directory names that other side, and then what differs, one a line:

    ../pg-2v2/base                          all files of this side (`base` alone is a side of the same case)
    - 0001_tags.sql                         without this one
    0003_tags.sql = theirs/0001_tags.sql    and with this copy of a file of a side

Files that lie beside `from` come on top.  A side without `from` is what lies in its directory.
`support/fold_cases.py` writes such files for cases that were laid out in full.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from drizzle_guard.drizzle.folder import Blob, Folder, read_folder
from support.parts import FIXTURES

FROM = "from"
MERGE = FIXTURES / "merge"
CHECK = FIXTURES / "check"

Files = dict[str, bytes]


def side_files(side: Path) -> Files:
    """The files of a side, by path inside it; none if there is no such directory."""
    return dict(_files(side))


def put_side(side: Path, target: Path) -> None:
    """Write the files of a side to a directory that may exist."""
    if not side.is_dir():
        raise FileNotFoundError(side)
    target.mkdir(parents=True, exist_ok=True)
    for path, data in _files(side).items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


@cache
def _files(side: Path) -> Files:
    beside = {p.relative_to(side).as_posix(): p.read_bytes() for p in sorted(side.rglob("*")) if p.is_file()}
    recipe = beside.pop(FROM, None)
    if recipe is None:
        return beside
    start, *changes = recipe.decode().splitlines()
    found = dict(_files(_sibling(side, start)))
    for change in changes:
        if change.startswith("- "):
            del found[change[2:]]
        else:
            path, _, source = change.partition(" = ")
            other, inner = _split(source)
            found[path] = _files(_sibling(side, other))[inner]
    return dict(sorted({**found, **beside}.items()))


def _sibling(side: Path, name: str) -> Path:
    """Another side, as `from` names it."""
    path = side.parent / name
    if not path.is_dir():
        raise FileNotFoundError(f"{side / FROM} names {name}, which is no directory")
    return path.resolve()


def _split(source: str) -> tuple[str, str]:
    """`SIDE/PATH` or `../CASE/SIDE/PATH` as side and path."""
    parts = source.split("/")
    count = 3 if parts[0] == ".." else 1
    return "/".join(parts[:count]), "/".join(parts[count:])


def cases_in(directory: Path) -> list[Path]:
    """The cases of a directory of fixtures, by name."""
    return sorted(path for path in directory.iterdir() if path.is_dir())


class MergeCase:
    """A case of `fixtures/merge`: three sides, and either what comes of them or why nothing does."""

    SIDES = ("base", "ours", "theirs")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.expected = side_files(path / "expected") if (path / "expected").exists() else None
        refused = path / "refused.txt"
        self.refused = refused.read_text("utf-8").strip() if refused.exists() else None
        mainline = path / "mainline"
        self.ours_is_mainline = mainline.exists() and mainline.read_text().strip() == "ours"
        assert (self.expected is None) != (self.refused is None), "a case has either expected/ or refused.txt"

    def files(self, side: str) -> Files:
        """The files of a side; none if the case has no such side."""
        return side_files(self.path / side)

    def folder(self, side: str) -> Folder:
        """The folder of a side; an empty one if the case has no such side."""
        files = self.files(side)
        return read_folder("drizzle", {path: Blob.of(data, f"drizzle/{path}") for path, data in files.items()})
