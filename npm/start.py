"""Where the native program starts: what the bootloader left behind is cleared up, then the command is run.

Importing is nearly all that a merge driver's process costs.  So the modules of drizzle-guard, and those of the standard
library that it always needs, lie in one file as the interpreter wants them (`native.spec` writes it): a look-up and a
read for each, where PyInstaller's own importer opens the archive and puts paths together.  Before that is set
up, only modules of the bootloader can be imported (not `__future__`).
"""

import io
import marshal
import os
import sys
from _frozen_importlib import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

_HERE: str = getattr(sys, "_MEIPASS", "")


class Quick:
    """Finds and loads the modules of `quick.bin`: the length of the table, the table, the code objects."""

    def __init__(self) -> None:
        self._file = os.open(os.path.join(_HERE, "quick.bin"), os.O_RDONLY | getattr(os, "O_BINARY", 0))
        #: name -> whether it is a package, and where its code object lies, from the end of the table
        size = int.from_bytes(self._read(4), "little")
        self._rows: dict[str, tuple[bool, int, int]] = marshal.loads(self._read(size))
        self._codes = 4 + size

    def _read(self, size: int) -> bytes:
        data = os.read(self._file, size)
        if len(data) != size:
            raise ImportError("quick.bin is too short")
        return data

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> ModuleSpec | None:
        row = self._rows.get(name)
        if row is None:
            return None
        place = os.path.join(_HERE, *name.split("."))
        loader: Any = self
        spec = ModuleSpec(name, loader, origin=os.path.join(place, "__init__.py") if row[0] else f"{place}.py")
        if row[0]:
            spec.submodule_search_locations = [place]
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: "ModuleType") -> None:
        _, start, size = self._rows[module.__name__]
        os.lseek(self._file, self._codes + start, os.SEEK_SET)
        exec(marshal.loads(self._read(size)), module.__dict__)


def open_closed_streams() -> None:
    """Give closed streams to nobody, as `terminal.open_closed_streams` does: `quick.bin` must not get their number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def clear_up() -> None:
    """Take away what PyInstaller tells itself: it must not reach git, node, and ourselves in a hook.

    Another program would load our libraries, and another build of ours would look for its files here.
    """
    for name in [name for name in os.environ if name.startswith("_PYI_")]:
        del os.environ[name]
    if sys.platform.startswith("linux"):
        before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
        os.environ.pop("LD_LIBRARY_PATH", None)
        if before is not None:
            os.environ["LD_LIBRARY_PATH"] = before


def print_as_the_locale() -> None:
    """Print in the locale's encoding; all else is UTF-8, since the program was built with `-X utf8` (Windows: all)."""
    if sys.platform == "win32":
        return
    from _locale import CODESET, nl_langinfo

    encoding = nl_langinfo(CODESET)
    # C and POSIX count as UTF-8, as they do for Python
    if encoding.lower() not in ("utf-8", "utf8", "ansi_x3.4-1968", "us-ascii", "646"):
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding=encoding, errors="backslashreplace")


def run() -> int:
    """Run the command; returns its exit code."""
    clear_up()
    open_closed_streams()
    sys.meta_path.insert(0, Quick())
    print_as_the_locale()
    from drizzle_guard.__main__ import main

    return main()


if __name__ == "__main__":
    sys.exit(run())
