"""Bytes that are not UTF-8, as Windows' Python would meet them: there `os.fsdecode` raises."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from support.gitbed import Bed
from support.parts import PROJECT
from support.protect_commits import colliding

LATIN = "Größe".encode("latin-1")


def raising(name: object) -> str:
    """In the place of `os.fsdecode`, for what may hold any bytes; a text it leaves as it is, there too."""
    if isinstance(name, str):
        return name
    raise UnicodeDecodeError("utf-8", b"", 0, 1, "as on Windows")


def test_no_answer_of_git_and_no_file_goes_through_fsdecode() -> None:
    allowed = {"__main__.py", "git/backup.py"}  # arguments for the system, and the target of a link
    package = PROJECT / "drizzle_guard"
    files = (path for path in package.rglob("*.py") if re.search(r"os[.]fs(de|en)code", path.read_text("utf-8")))
    assert {str(path.relative_to(package)).replace(os.sep, "/") for path in files} == allowed


def _attributes(bed: Bed) -> None:
    bed.write(".gitattributes", b"*." + LATIN + b" binary\n")


def _info(bed: Bed) -> None:
    bed.write(".git/info/attributes", b"# " + LATIN + b"\n")


def _hook(bed: Bed) -> None:
    bed.write(".git/hooks/post-merge", b"#!/bin/sh\n# " + LATIN + b"\nexit 0\n").chmod(0o755)


def _name(bed: Bed) -> None:
    (Path(os.fsdecode(os.fsencode(bed.root) + b"/" + LATIN + b".sql"))).write_bytes(b"select 1;")


@pytest.mark.parametrize("put", [_attributes, _info, _hook, _name])
def test_install_check_and_uninstall(bed: Bed, put: Callable[[Bed], None], monkeypatch: pytest.MonkeyPatch) -> None:
    colliding(bed)
    put(bed)
    bed.git("add", "-A")
    monkeypatch.setattr(os, "fsdecode", raising)
    for command in (("install",), ("install", "--check", "-v"), ("renumber",), ("check",), ("uninstall",)):
        done = bed.call(*command)
        assert "fault in drizzle-guard" not in done.text, (command, done.text)
