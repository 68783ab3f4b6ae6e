"""What git prints, and what is in its files, as text and back: UTF-8, and every other byte kept as it is.

Python's own `fsdecode` does the same on Linux and macOS, but raises on Windows for bytes that are not UTF-8 (a Latin-1
name or attribute from long ago).  A path that goes to the disk stays a str.
"""

from __future__ import annotations


def text_of(data: bytes) -> str:
    """The text of some bytes; never raises."""
    return data.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """The bytes of a text that `text_of` has made."""
    return text.encode("utf-8", "surrogateescape")
