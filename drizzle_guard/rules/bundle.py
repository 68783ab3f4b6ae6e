"""The rule about `migrations.js`, the bundle that expo and durable-sqlite load."""

from __future__ import annotations

import re
from collections.abc import Iterator

from drizzle_guard.drizzle.folder import BUNDLE, join
from drizzle_guard.errors import printable
from drizzle_guard.light import pattern
from drizzle_guard.rules.model import Finding, Rule, Subject
from drizzle_guard.rules.reading import load, markers

BUNDLE_OUT_OF_STEP = Rule(
    "DG019",
    "bundle-out-of-step",
    "migrations.js does not import what the journal lists.",
    "expo, op-sqlite and durable-sqlite find the SQL of an entry as `m` + its idx in four digits in migrations.js. A "
    "name that is not there throws `Missing migration` at the start of the app; one that imports another file runs "
    "the wrong SQL.",
    "`drizzle-guard renumber` writes it anew, as does the next `drizzle-kit generate` that finds a change.",
    "drizzle-guard renumber",
    by_hand="name an import and its variable for each entry of the journal by hand",
)

_IMPORT = pattern(r"^[ \t]*import\s+(m\d+)\s+from\s+['\"]\./([^'\"\n]*)\.sql['\"]", re.MULTILINE)
_NAMES = pattern(r"migrations\s*:\s*\{([^}]*)\}")
_NAME = pattern(r"\bm\d+\b")


def bundle_out_of_step(folder: Subject) -> Iterator[Finding]:
    """DG019: compares the imports by name, not by layout (drizzle-kit 0.31, embeddedMigrations)."""
    blob = folder.history.files.get(BUNDLE)
    if blob is None:
        return
    data = load(blob, BUNDLE)
    if isinstance(data, Finding):
        yield data
        return
    name = join(folder.history.name, BUNDLE)
    conflict = list(markers(data, name, BUNDLE))
    text = data.decode("utf-8", "replace")
    names = _NAMES.search(text)
    if conflict or "_journal.json" not in text or names is None:
        yield from conflict
        return
    imports = {found[1]: (found[2], text.count("\n", 0, found.start()) + 1) for found in _IMPORT.finditer(text)}
    listed = set(_NAME.findall(names[1]))
    line = text.count("\n", 0, names.start()) + 1
    wanted: set[str] = set()
    for position, entry in enumerate(folder.history.entries):
        variable = f"m{entry.idx or 0:04d}"
        if variable in wanted:
            continue  # a duplicate idx is DG001
        wanted.add(variable)
        tag, at = imports.get(variable, (None, line))
        if tag is None or variable not in listed:
            problem = f"{BUNDLE} lacks {variable} ({folder.tag(position)})."
        elif tag != entry.tag:
            problem = f"{BUNDLE} imports {printable(tag)} as {variable}, the journal has {folder.tag(position)} there."
        else:
            continue
        yield BUNDLE_OUT_OF_STEP.at(name, problem, line=at, entries=(position,), files=(BUNDLE,))
    for variable, (tag, at) in imports.items():
        if variable not in wanted:
            problem = f"{BUNDLE} imports {printable(tag)} as {variable}, which the journal does not list."
            yield BUNDLE_OUT_OF_STEP.at(name, problem, line=at, files=(BUNDLE,))
