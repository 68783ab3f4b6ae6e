"""JSON as bytes: what is read can be written again with the same indentation, line ends and final newline.

Python's own `json` reads, with three differences that matter here.  A key that stands twice in one object is
an error (`merge=union` makes such journals, and `JSON.parse` then silently drops a migration).  Numbers keep
their text, so that `1`, `1.0` and `true` stay different and nothing is rounded.  What is written follows the
file it replaces, because a formatter may have been over it.
"""

from __future__ import annotations

import json
from collections import Counter
from json.encoder import encode_basestring

from drizzle_guard.errors import GuardError, printable
from drizzle_guard.light import Any, NamedTuple, pattern

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_WIDTH = 80  # at which prettier and biome break a short array
_SURROGATE = pattern("[\ud800-\udfff]")
_INLINE = pattern(rb"\[[^\]\r\n]")  # in a string too; soon tells that there is none
_INLINE_ARRAY = pattern(rb"\[[^\[\]{}\r\n]+\]")
_STRING = pattern(rb'"(?:[^"\\]|\\.)*"')
_INDENT = pattern(rb"\n([ \t]+)\S")


class Number:
    """A JSON number as it was written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return self.text


def as_int(value: Any) -> int | None:
    """The value of a JSON integer; None for anything else (a fraction, a string, a number beyond 19 digits)."""
    if isinstance(value, Number) and len(value.text) < 20:
        try:
            return int(value.text)
        except ValueError:
            return None
    return None


class Style(NamedTuple):
    """How a JSON file is laid out."""

    indent: str | None = "  "  # None: all in one line
    newline: str = "\n"
    final_newline: bool = False
    bom: bool = False
    inline_arrays: bool = False  # a formatter has put short arrays on one line


def parse(data: bytes, name: str) -> Any:
    """The value that `data` holds; `name` is the file, for the message.  Raises GuardError if it is not sound JSON."""
    if len(data) > MAX_BYTES:
        raise GuardError(f"{printable(name)} is larger than {MAX_BYTES // 2**20} MiB; drizzle-guard does not read it.")
    try:
        value = json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_unique,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_no_constant,
        )
    except UnicodeDecodeError as error:
        raise GuardError(f"{printable(name)} is not UTF-8 (byte {error.start}).") from None
    except RecursionError:
        raise GuardError(f"{printable(name)} is nested too deeply.") from None
    except json.JSONDecodeError as error:
        if b"<<<<<<<" in data and b">>>>>>>" in data:
            raise GuardError(f"{printable(name)} still has conflict markers (line {error.lineno}).") from None
        raise GuardError(f"{printable(name)} is not JSON: {error.msg} (line {error.lineno}).") from None
    except ValueError as error:
        raise GuardError(f"{printable(name)} is not sound: {error}.") from None
    if _is_deep(data, value):
        raise GuardError(f"{printable(name)} is nested too deeply.")
    return value


def _is_deep(data: bytes, value: Any) -> bool:
    """Whether a value is nested deeper than any Drizzle file, so that merging it could take for ever.

    Taking away empty pairs of brackets shows at a tenth of the cost that it is not; brackets in strings may prevent it.
    """
    brackets = data.translate(None, _NO_BRACKETS)
    for _ in range(MAX_DEPTH // 2):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    level, depth = ([value] if brackets else []), 0
    while level and depth <= MAX_DEPTH:
        inner = (item for box in level for item in (box.values() if isinstance(box, dict) else box))
        level, depth = [item for item in inner if isinstance(item, (dict, list))], depth + 1
    return depth > MAX_DEPTH


def style_of(data: bytes) -> Style:
    """The layout of a JSON file; what cannot be told is as drizzle-kit writes it (two spaces, LF, no final newline)."""
    indent = _INDENT.search(data)
    return Style(
        indent=indent[1].decode() if indent else (None if b"\n" not in data.strip() else ""),
        newline="\r\n" if b"\r\n" in data else "\n",
        final_newline=data.endswith(b"\n"),
        bom=data.startswith(b"\xef\xbb\xbf"),
        inline_arrays=bool(indent and _INLINE.search(data) and _INLINE_ARRAY.search(_STRING.sub(b'""', data))),
    )


def dump(value: Any, style: Style) -> bytes:
    """`value` laid out in `style`, as `JSON.stringify(value, null, 2)` would write it for drizzle-kit's style."""
    text = _compact(value) if style.indent is None else _write(value, style, "", 0)
    if style.final_newline:
        text += "\n"
    if style.newline != "\n":
        text = text.replace("\n", style.newline)
    return (b"\xef\xbb\xbf" if style.bom else b"") + text.encode("utf-8")


def _write(value: Any, style: Style, margin: str, used: int) -> str:
    """`used` is how much of the line is taken before the value."""
    inner = margin + (style.indent or "")
    if isinstance(value, dict) and value:
        items = []
        for key, item in value.items():
            head = f"{inner}{_string(key)}: "
            if isinstance(item, (dict, list)):
                width = len(head.expandtabs(2)) if style.inline_arrays else 0
                items.append(head + _write(item, style, inner, width))
            else:
                items.append(head + _compact(item))
        return "{\n" + ",\n".join(items) + "\n" + margin + "}"
    if isinstance(value, list) and value:
        if style.inline_arrays and not any(isinstance(item, (dict, list)) for item in value):
            line = "[" + ", ".join(_compact(item) for item in value) + "]"
            if used + len(line) + 1 <= _WIDTH:
                return line
        items = [inner + _write(item, style, inner, len(inner.expandtabs(2))) for item in value]
        return "[\n" + ",\n".join(items) + "\n" + margin + "]"
    return _compact(value)


def _compact(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Number):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{_string(k)}:{_compact(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return "null" if value is None else "true" if value is True else "false"


def _string(text: str) -> str:
    quoted: str = encode_basestring(text)
    if quoted.isascii():
        return quoted
    return _SURROGATE.sub(lambda m: f"\\u{ord(m[0]):04x}", quoted)


def _unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) != len(items):
        counted = Counter(key for key, _ in items)
        twice = next(key for key, count in counted.items() if count > 1)
        raise ValueError(f'the key "{printable(twice)}" stands twice in one object')
    return found


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is not a JSON value")
