"""JSON as bytes: what is read and written again stays as it was, and what is unsound is said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from drizzle_guard.drizzle.json_text import Number, Style, as_int, dump, parse, style_of
from drizzle_guard.errors import GuardError

KIT = b"""{
  "version": "7",
  "entries": [
    {
      "idx": 0,
      "when": 1795410276935,
      "tag": "0000_a",
      "breakpoints": true
    }
  ],
  "empty": {},
  "none": [],
  "nothing": null
}"""

STYLES = [
    KIT,
    KIT + b"\n",
    KIT.replace(b"\n", b"\r\n"),
    KIT.replace(b"\n", b"\r\n") + b"\r\n",
    KIT.replace(b"  ", b"\t"),
    KIT.replace(b"  ", b"    "),
    b"\xef\xbb\xbf" + KIT,
    b'{"version":"7","entries":[]}',
    b'{"version":"7","entries":[{"idx":0}]}\n',
    b'{\n  "values": ["a", "b"],\n  "objects": [\n    {}\n  ]\n}\n',
    b'{\n"a": [\n1\n]\n}',
    b"[]",
    b"{}\n",
    b'"text"',
    b"1.50e+3",
]


@pytest.mark.parametrize("data", STYLES)
def test_bytes_survive(data: bytes) -> None:
    assert dump(parse(data, "x"), style_of(data)) == data


@pytest.mark.parametrize(
    "text",
    ["0", "-0", "-1", "1.0", "1.50", "1e5", "1E+5", "0.1e-7", "12345678901234567890", "9" * 5000],
)
def test_numbers_keep_their_text(text: str) -> None:
    data = f'{{"n":{text}}}'.encode()
    assert dump(parse(data, "x"), style_of(data)) == data


def test_numbers_are_not_mixed_up_with_others() -> None:
    one, true, fraction, text = parse(b'[1, true, 1.0, "1"]', "x")
    assert len({repr(v) for v in (one, true, fraction, text)}) == 4
    assert one != true and one != fraction and one != text and one == Number("1")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Number("5"), 5),
        (Number("-5"), -5),
        (Number("1.0"), None),
        (Number("1e3"), None),
        (Number("9" * 19), 9999999999999999999),
        (Number("9" * 20), None),
        ("5", None),
        (True, None),
        (None, None),
        (5, None),
    ],
)
def test_as_int(value: Any, expected: int | None) -> None:
    assert as_int(value) == expected


@pytest.mark.parametrize(
    ("data", "style"),
    [
        (KIT, Style()),
        (b'{"a":1}', Style(indent=None)),
        (b'{"a":1}\n', Style(indent=None, final_newline=True)),
        (b'{\n\t"a": 1\n}', Style(indent="\t")),
        (b'{\r\n    "a": 1\r\n}\r\n', Style(indent="    ", newline="\r\n", final_newline=True)),
        (b'{\n  "a": ["b"]\n}', Style(inline_arrays=True)),
        (b'{\n  "a": []\n}', Style()),
        (b'{\n  "type": "text[]"\n}', Style()),
        (b'{\n"a": 1\n}', Style(indent="")),
        (b"\xef\xbb\xbf{}", Style(indent=None, bom=True)),
    ],
)
def test_style_of(data: bytes, style: Style) -> None:
    assert style_of(data) == style


@pytest.mark.parametrize("text", ["'[1, 2]'", "'[\\\"new\\\"]'::jsonb", '\\": [1]', "see [this]"])
def test_an_array_in_a_string_is_no_sign_of_a_formatter(text: str) -> None:
    data = b'{\n  "default": "%s",\n  "values": [\n    1\n  ]\n}' % text.encode()
    assert dump(parse(data, "x"), style_of(data)) == data


def test_inline_arrays_break_at_80_columns_as_in_prettier() -> None:
    style = Style(inline_arrays=True)
    assert dump({"a": ["b", "c"], "o": [{"x": Number("1")}]}, style) == (
        b'{\n  "a": ["b", "c"],\n  "o": [\n    {\n      "x": 1\n    }\n  ]\n}'
    )
    for length in (66, 67, 68, 69, 70):
        lines = dump({"a": ["x" * length]}, style).split(b"\n")
        assert all(len(line) <= 80 for line in lines)
        assert (len(lines) == 3) == (length <= 68)  # `  "a": ["…"],` takes 12 columns


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": 1, "a": 2}', 'j is not sound: the key "a" stands twice in one object.'),
        (b'{"x": [{"tag": 1, "b": 1, "tag": 1}]}', 'j is not sound: the key "tag" stands twice in one object.'),
        (b'{"\\u001b[31m": 1, "\\u001b[31m": 1}', 'j is not sound: the key "\\x1b[31m" stands twice in one object.'),
        (b'{"a": NaN}', "j is not sound: NaN is not a JSON value."),
        (b"[Infinity]", "j is not sound: Infinity is not a JSON value."),
        (b"[-Infinity]", "j is not sound: -Infinity is not a JSON value."),
        (b"", "j is not JSON: Expecting value (line 1)."),
        (b'{\n"a": 1,\n}', "j is not JSON: Expecting property name enclosed in double quotes (line 3)."),
        (b"[1] [2]", "j is not JSON: Extra data (line 1)."),
        (b"// note\n{}", "j is not JSON: Expecting value (line 1)."),
        (b'{"a": "\xff"}', "j is not UTF-8 (byte 7)."),
        (b"\xff\xfe{\x00}\x00", "j is not UTF-8 (byte 0)."),
        (b"{\n<<<<<<< HEAD\n=======\n>>>>>>> b\n}", "j still has conflict markers (line 2)."),
        (b"[" * 200_000, "j is nested too deeply."),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "j is nested too deeply."),
    ],
)
def test_what_is_unsound(data: bytes, message: str) -> None:
    with pytest.raises(GuardError) as caught:
        parse(data, "j")
    assert caught.value.message == message


def test_the_name_is_printable() -> None:
    with pytest.raises(GuardError, match=r"^a\\x1b\[2Jb is not UTF-8"):
        parse(b"\xff", "a\x1b[2Jb")


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drizzle_guard.drizzle.json_text.MAX_BYTES", 2**20)
    with pytest.raises(GuardError, match=r"^j is larger than 1 MiB; drizzle-guard does not read it\.$"):
        parse(b" " * (2**20 + 1), "j")


def test_lone_surrogates_stay_escaped() -> None:
    data = b'{\n  "a": "\\ud800",\n  "b": "x\\udfffy"\n}'
    assert dump(parse(data, "x"), style_of(data)) == data


def test_text_is_written_as_javascript_does() -> None:
    """`JSON.stringify` escapes quotes, backslashes and control characters, and nothing else."""
    text = 'q" b\\ \x00\x1f\n\t\x7f é 漢 \U0001f600 \u2028'
    expected = '"q\\" b\\\\ \\u0000\\u001f\\n\\t\x7f é 漢 \U0001f600 \u2028"'
    assert dump(text, Style()) == expected.encode()


_TEXT = st.text(max_size=8) | st.sampled_from(["[1, 2]", "{}", "a: [b]", "\ud800", "\n", '"', "text[]"])
_LEAVES = (
    st.none() | st.booleans() | _TEXT | st.integers().map(lambda n: Number(str(n))) | st.sampled_from([Number("1.50")])
)
_VALUES = st.recursive(
    _LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(_TEXT, v, max_size=4), max_leaves=15
)
_STYLES = st.builds(
    Style,
    indent=st.sampled_from([None, "", " ", "  ", "    ", "\t"]),
    newline=st.sampled_from(["\n", "\r\n"]),
    final_newline=st.booleans(),
    bom=st.booleans(),
    inline_arrays=st.booleans(),
)


@given(_VALUES, _STYLES)
def test_round_trip_of_values(value: Any, style: Style) -> None:
    assert parse(dump(value, style), "x") == value


@given(st.dictionaries(_TEXT, _VALUES, min_size=1), _STYLES)
@example({"": ["{"]}, Style(indent=" ", inline_arrays=True))
def test_round_trip_of_bytes(value: dict[str, Any], style: Style) -> None:
    """A file of one style, read and written, is the same file."""
    assume(style.indent or not style.inline_arrays)  # no formatter writes that
    data = dump(value, style)
    assert dump(parse(data, "x"), style_of(data)) == data


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), v),
        max_leaves=15,
    )
)
def test_as_drizzle_kit_writes_it(value: Any) -> None:
    expected = json.dumps(value, indent=2, ensure_ascii=False).encode()
    assert dump(parse(expected, "x"), Style()) == expected
