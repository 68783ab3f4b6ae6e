"""Any bytes in `drizzle-guard.toml` and `.gitattributes`, any arguments for hooks and the driver.

`python -m support.campaigns settings` looks for longer.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drizzle_guard.cli import main
from drizzle_guard.commands import hook
from drizzle_guard.config import Config, parse_config
from drizzle_guard.errors import UsageError
from drizzle_guard.renumber import driver as merge_driver
from support.branches import collide
from support.campaigns import examples
from support.gitbed import Bed, Done

UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
random = examples(100)
rarely = examples(20, share=5)

keys = st.sampled_from(
    ["mainline", "protect", "database", "allow", "tag", "sha256", "reason", "table", "a", '"\\u001b"']
)
values = st.one_of(
    st.sampled_from(['"main"', '"published"', '"-x"', '"\\u0000"', '"\\u202e"', "''", "-0", "nan", "1e999", "true"]),
    st.sampled_from(["[]", "{}", "[[]]", "{a = 1}", "1979-05-27", "0x" + "f" * 4000, "1" * 5000, f'"{"a" * 64}"']),
    st.integers(1, 3000).map(lambda n: "[" * n),
    st.integers(1, 400).map(lambda n: "{a." + "b." * n + "c = 1}"),
)
lines = st.one_of(
    st.builds("{} = {}".format, keys, values),
    st.builds("[{}]".format, keys),
    st.builds("[[{}]]".format, keys),
    st.text(max_size=20),
)
tomls = st.one_of(
    st.binary(max_size=200), st.lists(lines, max_size=8).map(lambda found: "\n".join(found).encode("utf-8", "replace"))
)


@random
@given(tomls)
@example(b"a = " + b"[" * 100_000)
@example(b"a." * 100_000 + b"b = 1")
def test_settings(data: bytes) -> None:
    try:
        assert isinstance(parse_config(data), Config)
    except UsageError as error:
        assert not UNSAFE.search(error.message) and error.message.startswith("drizzle-guard.toml"), error.message


@pytest.fixture(scope="module")
def bed() -> Iterator[Bed]:
    """A stopped merge in a clone that is not armed; commands run there in this process."""
    with tempfile.TemporaryDirectory() as directory:
        bed, before = Bed(Path(directory)), Path.cwd()
        collide(bed, armed=False)
        bed.try_git("merge", "--no-edit", "main")
        os.chdir(bed.root)
        with mock.patch.dict(os.environ, bed.env, clear=True):
            yield bed
        os.chdir(before)


def said(call: Callable[[], int]) -> Done:
    """What a command does in this process; it may refuse, but not break."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = call()
    text = out.getvalue() + err.getvalue()
    assert "fault in drizzle-guard" not in text and "Traceback" not in text, text
    assert not UNSAFE.search(text), ascii(text)
    return Done(code, out.getvalue(), err.getvalue())


#: what a process may be given: no NUL
words = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
    st.binary(max_size=6).map(lambda data: os.fsdecode(data.replace(b"\0", b""))),
    st.sampled_from(["", "-", "--", "-h", "0", "1", "rebase", "amend", "..", "/dev/null", "\x1b[31m", "%P", "7"]),
)
hooks = st.sampled_from(["auto", "pre-merge-commit", "post-merge", "post-commit", "post-rewrite", "pre-commit "])


@rarely
@given(st.one_of(hooks, words), st.lists(words, max_size=4))
def test_arguments_of_hooks(bed: Bed, name: str, args: list[str]) -> None:
    if name == "pre-commit":
        return  # it does its work
    before = bed.state()
    assert said(lambda: hook.main([name, *args])).code in (0, 1, 2)
    assert bed.state() == before


paths = st.one_of(words, st.sampled_from(["drizzle/meta/_journal.json", "meta/0001_snapshot.json", "migrations.js"]))


@rarely
@given(st.lists(st.binary(max_size=30), min_size=3, max_size=3), paths, st.lists(words, max_size=4))
def test_arguments_of_the_driver(bed: Bed, data: list[bytes], path: str, more: list[str]) -> None:
    """0 would say that the merge is done; there is nothing here that it could be about."""
    before = bed.state()
    files = [bed.directory / name for name in "OAB"]
    for file, text in zip(files, data, strict=True):
        file.write_bytes(text)
    argv = [*map(str, files), "7", path, *more]
    assert said(lambda: merge_driver.main(argv)).code in (merge_driver.MARKERS, merge_driver.TEXT)
    assert files[1].read_bytes() == data[1]
    assert said(lambda: merge_driver.main(argv[: len(more)])).code == 2
    assert bed.state() == before


attributes = st.one_of(
    st.binary(max_size=120),
    st.lists(
        st.sampled_from(
            [
                *(
                    "**/meta/_journal.json merge=union",
                    "* text=auto",
                    "*.sql -merge",
                    "[attr]x merge=y",
                    "# drizzle-guard",
                ),
                *(
                    "",
                    "\\",
                    '"a b" merge=x',
                    "* merge=drizzle-journal",
                    "meta/_journal.json !merge",
                    "\x1b[31m",
                    "\xff",
                ),
            ]
        ),
        max_size=5,
    ).flatmap(lambda found: st.sampled_from(["\n", "\r\n", "\n\n"]).map(lambda end: end.join(found).encode("latin-1"))),
)


@rarely
@given(attributes)
def test_attributes_come_back(bed: Bed, data: bytes) -> None:
    file = bed.root / ".gitattributes"
    file.write_bytes(data)
    first = said(lambda: main(["install", "--no-protect"]))
    if first.code == 0:
        there = file.read_bytes()
        assert said(lambda: main(["install", "--no-protect"])).code == 0
        assert file.read_bytes() == there
    assert said(lambda: main(["uninstall"])).code in (0, 1)
    if first.code == 0 and b"drizzle" not in data:
        assert file.read_bytes() == data
