"""`drizzle-guard explain [CODE]`: what a rule of `check` means, why it hurts, and how to fix it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import click

from drizzle_guard.rules.catalog import RULES, find_rule
from drizzle_guard.rules.mainline import AGAINST_THE_MAINLINE
from drizzle_guard.rules.model import Rule

_WIDTH = 80


@click.command("explain")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Explain a rule of `check`, by its code (DG001) or name.  Without CODE: list all rules."""
    click.echo("\n".join(_list() if code is None else _explain(find_rule(code))))
    return 0


def _list() -> Iterator[str]:
    width = max(len(rule.name) for rule in RULES.values())
    for rule in RULES.values():
        yield f"{rule.code}  {rule.name:{width}}  {rule.summary}"


def _explain(rule: Rule) -> Iterator[str]:
    yield f"{rule.code} {rule.name}"
    yield rule.summary
    advice = "Advice: a warning, except with --strict."
    error = (
        "An error: it is about what this branch does to published ones."
        if rule in AGAINST_THE_MAINLINE
        else "An error, also in published migrations: a deploy, every new database or drizzle-kit stops there."
        if rule.fatal
        else "An error; a warning where it is old and harmless, or about published migrations on which no deploy, no "
        "new database and no drizzle-kit stops."
    )
    for title, text in (
        ("Why it hurts", rule.why),
        ("How to fix it", rule.repair),
        ("Severity", error if rule.severity == "error" else advice),
    ):
        yield ""
        yield f"{title}:"
        yield textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
