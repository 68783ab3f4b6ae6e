"""Write `from` files for cases that were laid out in full: `python tests/support/fold_cases.py fixtures/merge/NAME...`.

What a side shares with another one is taken away, so that a case shows what it is about.  What the loader reads is the
same before and after.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from support.cases import FROM, Files, side_files

SIDES = ("base", "ours", "theirs", "expected", "mainline", "passing", "failing")
"""A side is told by sides before it in this order."""
FILE, LINE = 300, 60
"""What a file more, and a line more, weigh against bytes when one telling is held against another."""


class Telling(NamedTuple):
    """A side as another side but for some files."""

    start: str
    lines: tuple[str, ...]
    beside: Files

    @property
    def weight(self) -> int:
        return weight(self.beside) + LINE * len(self.lines)


def weight(files: Files) -> int:
    """What it costs a reader to have these files in full."""
    return sum(FILE + len(data) for data in files.values())


def tell(files: Files, start: str, known: dict[str, Files]) -> Telling:
    """The side as `start` but for some files; copies are looked for in the sides of `known`, by name."""
    before = known[start]
    lines = [f"- {path}" for path in before if path not in files]
    beside = {path: data for path, data in files.items() if before.get(path) != data}
    for path, data in list(beside.items()):
        source = next((f"{name}/{p}" for name, side in known.items() for p, d in side.items() if d == data), None)
        if source and data and " = " not in path:
            lines.append(f"{path} = {source}")
            del beside[path]
    return Telling(start, tuple(lines), beside)


def fold(case: Path, models: Iterable[Path] = ()) -> bool:
    """Fold the sides of a case; `models`: cases that it may refer to.  False if nothing could be told shorter."""
    outside = {
        f"../{model.name}/{side.name}": side_files(side)
        for model in models
        if model != case
        for side in sorted(model.iterdir())
        if side.is_dir()
    }
    inside: dict[str, Files] = {}
    folded = False
    for name in SIDES:
        side = case / name
        if not side.is_dir():
            continue
        files = side_files(side)
        tellings = [tell(files, start, inside) for start in inside]
        far = (tell(files, start, {start: outside[start]}) for start in outside)
        tellings += [telling for telling in far if not telling.lines]  # a far case is read with less patience
        inside[name] = files
        best = min(tellings, key=lambda telling: telling.weight, default=None)
        if best is None or best.weight > 0.8 * weight(files):
            continue
        shutil.rmtree(side)
        for path, data in {**best.beside, FROM: "\n".join((best.start, *best.lines, "")).encode()}.items():
            file = side / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        folded = True
    return folded


def main(argv: Sequence[str] | None = None) -> None:
    """Fold the named cases; the first one of each kind is the model of those that follow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path, nargs="+")
    parser.add_argument("--model", type=Path, action="append", default=[], help="a case that may be referred to")
    options = parser.parse_args(argv)
    for case in options.cases:
        print(f"{case}: {'folded' if fold(case.resolve(), [path.resolve() for path in options.model]) else 'as it is'}")


if __name__ == "__main__":
    main()
