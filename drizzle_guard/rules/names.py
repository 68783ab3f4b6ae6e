"""Rules about names: tags that are no plain file names, and names that not every system can tell apart."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from drizzle_guard.drizzle.folder import join
from drizzle_guard.drizzle.journal import is_safe_tag, sql_path
from drizzle_guard.errors import printable
from drizzle_guard.light import pattern
from drizzle_guard.rules.model import Finding, Rule, Subject

UNSAFE_TAG = Rule(
    "DG009",
    "unsafe-tag",
    "A tag is not a plain file name.",
    "The migrator reads `<folder>/<tag>.sql` as it stands, so a tag with `..`, a slash or a drive letter runs SQL "
    "from outside the folder. Control characters and right-to-left marks make a tag look like another one in a "
    "review.",
    "Find out who wrote that entry. Give the migration a plain name: letters, digits, `_` and `-`.",
    "give it a plain name: letters, digits, _ and -",
)
UNPORTABLE_NAME = Rule(
    "DG010",
    "unportable-name",
    "A file name that Windows or macOS cannot hold, or cannot tell from another.",
    "Two names that differ only in case are one file on Windows and macOS: a clone there has the content of one of "
    'them and sees the other as changed. Names such as `con` or `nul` and the characters <>:"|?* cannot be checked '
    "out on Windows at all.",
    "Rename your own migration (the file, the tag in the journal). A published one must keep its name in the "
    "journal: its SQL can only be found by it.",
    "rename it, unless it is published",
)
PREFIX_NONE = Rule(
    "DG030",
    "prefix-none",
    "Migrations made with `migrations.prefix: 'none'`.",
    "Their only snapshot would be `meta/_snapshot.json`, and drizzle-kit 0.31 ignores files that begin with `_`: "
    "every `generate` starts from nothing and creates all tables again.",
    "Set `migrations.prefix` to 'index' (the default) in drizzle.config. Rename `meta/_snapshot.json` to `meta/<next "
    "number>_snapshot.json` only if it holds the whole schema; else generate on an empty folder with the schema as "
    "deployed and take that snapshot.",
    "set migrations.prefix to 'index' in drizzle.config",
)

_RESERVED = pattern(r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\.|$)", re.IGNORECASE)
_FORBIDDEN = pattern(r'[<>:"|?*]')


def unsafe_tag(folder: Subject) -> Iterator[Finding]:
    """DG009: a tag that can leave the folder or deceive the eye."""
    for position, entry in enumerate(folder.history.entries):
        if entry.tag and not is_safe_tag(entry.tag):
            message = f'the tag "{folder.tag(position)}" of entry {position} is not a safe file name.'
            yield UNSAFE_TAG.at(folder.history.journal_path, message, entries=(position,))


def unportable_name(folder: Subject) -> Iterator[Finding]:
    """DG010: reserved and clashing names among the files of the folder."""
    positions = {sql_path(entry.tag): n for n, entry in enumerate(folder.history.entries)}
    for path, message in name_clashes(folder.history.files):
        entries = (positions[path],) if path in positions else ()
        yield UNPORTABLE_NAME.at(join(folder.history.name, path), message, entries=entries, files=(path,), mild=True)


def name_clashes(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The paths that are not portable, each with what is wrong with it."""
    seen: dict[str, str] = {}
    for path in sorted(paths):
        for part in path.split("/"):
            if _RESERVED.match(part) or _FORBIDDEN.search(part) or part.endswith((".", " ")):
                yield path, f"Windows cannot hold a file named {printable(part)}."
                break
        other = seen.setdefault(unicodedata.normalize("NFC", path).casefold(), path)
        if other != path:
            yield path, f"{printable(other)} and {printable(path)} are one file on Windows and macOS."


def prefix_none(folder: Subject) -> Iterator[Finding]:
    """DG030: the tags begin with `_`; said once, at the last of them."""
    bare = [n for n, entry in enumerate(folder.history.entries) if entry.tag.startswith("_")]
    if bare:
        many = f" (and {len(bare) - 1} more)" if len(bare) > 1 else ""
        message = f"{folder.tag(bare[-1])}{many} has no prefix: drizzle-kit generates as if there were no snapshot."
        yield PREFIX_NONE.at(folder.history.journal_path, message, entries=tuple(bare[-1:]))
