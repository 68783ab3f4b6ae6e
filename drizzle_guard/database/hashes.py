"""The hash that stands in a row of the migrations table, and the hashes of what differs only in line ends."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from drizzle_guard.sql.statements import decode


def file_hash(data: bytes) -> str:
    """The hash that Drizzle records: sha256 of the file as Node decodes it (drizzle-orm 0.45 `migrator.js`)."""
    return sha256(data if data.isascii() else decode(data).encode()).hexdigest()


def other_hashes(data: bytes) -> Iterator[str]:
    """The hashes of the same SQL with other line ends, with or without a BOM and a final newline."""
    text = decode(data).removeprefix("\ufeff").replace("\r\n", "\n")
    bare = text.removesuffix("\n")
    for body in (bare, bare + "\n"):
        for ends in (body, body.replace("\n", "\r\n")):
            for bom in ("", "\ufeff"):
                yield sha256((bom + ends).encode()).hexdigest()
