"""Every rule by its code, for `explain` and the reports: whoever checks a plan needs only a few of them."""

from __future__ import annotations

from drizzle_guard.errors import UsageError, printable
from drizzle_guard.rules import (
    bundle,
    chunks,
    contents,
    entries,
    files,
    for_v1,
    mainline,
    names,
    reading,
    repeats,
    snapshots,
    tables,
    tracked,
)
from drizzle_guard.rules.model import Rule

_ALL = bundle, chunks, contents, entries, files, for_v1, mainline, names, reading, repeats, snapshots, tables, tracked

#: Every rule by its code, in the order of the codes.
RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in sorted(
        (value for module in _ALL for value in vars(module).values() if isinstance(value, Rule)),
        key=lambda rule: rule.code,
    )
}


def find_rule(wanted: str) -> Rule:
    """The rule of a code or a name, in any case.  Raises UsageError if there is none."""
    for rule in RULES.values():
        if wanted.casefold() in (rule.code.casefold(), rule.name):
            return rule
    raise UsageError(f"There is no rule {printable(wanted)}.", "drizzle-guard explain (lists all rules)")
