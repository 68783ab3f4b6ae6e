"""Which line ends SQL should have, and what keeps them: the one place that says so.

Drizzle stores the hash of the bytes, so a migration must have the same bytes everywhere: LF, as drizzle-kit writes it.
`*.sql -text` would also keep the bytes, but lets an editor's CRLF into git, where every machine then has it.  A file
that stands in git with CRLF, and has run so, keeps its bytes with a line of its own.
"""

from __future__ import annotations

#: the line of `.gitattributes` that `install` writes and every advice names
ATTRIBUTE = "*.sql text eol=lf"


def with_lf(data: bytes) -> bytes:
    """The bytes with LF in the place of CRLF and of CR alone."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def kept_as_it_is(path: str) -> str:
    """The line of `.gitattributes` that keeps one file's bytes, whatever other lines say; `path` is from the top."""
    pattern = "".join(f"\\{c}" if c in "*?[\\" else c for c in f"/{path}")
    return f'"{pattern}" -text' if " " in pattern else f"{pattern} -text"
