"""`docs/duplicate-key.md`: each situation is built, shows what the page shows, and is left by what the page says."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.databases import Place, joined, squeezed, table
from support.parts import PROJECT
from support.printed_commands import commands_in
from support.typed import in_git, migrate, with_kit

PAGE = (PROJECT / "docs/duplicate-key.md").read_text("utf-8")
INIT = ("0000_init", 1000, table("users"))
MAIN = ("0001_main", 3000, table("from_main"))
HALF = joined(table("one"), table("two"), "INSERT INTO users VALUES (1);", table("three"))

typed: set[str] = set()


class Row:
    """A row of the page's table: what happened, how it looks, what cures it; each command of it has to be typed."""

    def __init__(self, begins: str) -> None:
        (line,) = (line for line in PAGE.splitlines() if line.startswith(f"| {begins}"))
        _, self.looks, self.cures = (spans(cell) for cell in line.strip("|").split(" | "))

    def is_shown(self, number: int, place: Place) -> str:
        """One of its outputs is a part of what `status` says now; returns all that it says."""
        said = place.guard("status").out
        typed.add("drizzle-guard status")
        pattern = re.escape(self.looks[number]).replace("…", ".*?")
        assert re.search(pattern, squeezed(said)), (self.looks[number], said)
        return said

    def is_typed(self, said: str, place: Place) -> str:
        """The cures that are told here, typed."""
        told = [cure for cure in self.cures if cure in said]
        assert told, (self.cures, said)
        typed.update(told)
        return "".join(place.type(said, cure).text for cure in told)


def spans(text: str) -> list[str]:
    return [squeezed(span) for span in re.findall(r"`([^`]+)`", text)]


def behind(place: Place) -> None:
    row = Row("The rows were loaded with their ids")
    place.write(INIT, MAIN, ("0002_late", 4000, table("late")))
    place.applied(INIT, MAIN)
    place.run("SELECT setval('drizzle.__drizzle_migrations_id_seq', 1)")
    with_kit(place)
    error = PAGE.partition("```\n")[2].partition("\n```")[0]
    assert error in place.guard("status").out
    kit = place.type("npx drizzle-kit migrate", "npx drizzle-kit migrate")
    assert kit.code == 1 and "applying migrations..." in kit.out and "duplicate" not in kit.text
    place.run("SELECT setval('drizzle.__drizzle_migrations_id_seq', 1)")
    row.is_typed(row.is_shown(0, place), place)
    place.exported = True
    first = next(line for line in PAGE.splitlines() if line.startswith("drizzle-guard status --url"))
    assert place.type(first, "drizzle-guard status --url").code == 0
    typed.add('drizzle-guard status --url "$DATABASE_URL"')
    migrate(place, "npx drizzle-kit migrate")


def passed_over(place: Place) -> None:
    row = Row("Two branches were merged")
    place.write(INIT, MAIN, ("0002_feature", 2000, table("from_feature")))
    place.applied(INIT, MAIN)
    row.is_typed(row.is_shown(0, place), place)


def renumbered(place: Place) -> None:
    row = Row("A migration that ran was renumbered")
    place.write(INIT, ("0002_main", 4000, MAIN[2]))
    place.applied(INIT, ("0001_main", 2000, MAIN[2]))
    row.is_typed(row.is_shown(0, place), place)


def gone(place: Place) -> None:
    row = Row("A migration stopped half-way")
    farms = joined(table("farms"), "ALTER TABLE farms ADD COLUMN acres int;")
    place.write(INIT, ("0001_farms", 2000, farms))
    place.applied(INIT, ("0001_farms", 2000, farms))
    place.run("ALTER TABLE farms DROP COLUMN acres")
    with_kit(place)
    row.is_typed(row.is_shown(1, place), place)
    (new,) = place.folder.glob("0002_*.sql")
    new.write_text("ALTER TABLE farms ADD COLUMN IF NOT EXISTS acres int;")
    migrate(place, "npx drizzle-kit migrate")


def half(place: Place) -> None:
    row = Row("A migration stopped half-way")
    place.write(INIT, ("0001_half", 2000, HALF))
    place.applied(INIT)
    place.run(table("one"), table("two"))
    said = row.is_typed(row.is_shown(0, place), place)  # whether the INSERT ran, only a person knows
    assert place.type(said, "drizzle-guard apply 0001_half --resume-at N", N="3").code == 0


def edited_and_deleted(place: Place) -> None:
    row = Row("A file was edited")
    lost = ("0003_x", 4000, table("x"))
    place.write(INIT, MAIN, lost)
    place.applied(INIT, MAIN, lost)
    in_git(place)
    (place.folder / "0003_x.sql").unlink()
    place.write((*INIT[:2], f"-- edited\n{INIT[2]}"), MAIN)
    in_git(place)
    commit = subprocess.run(("git", "rev-parse", "HEAD"), cwd=place.path, capture_output=True, text=True).stdout
    row.looks[1] = row.looks[1].replace("1a2b3c4", commit[:7])
    row.is_shown(0, place)
    said = row.is_shown(1, place)
    for command in (c for line in said.splitlines() for c in commands_in(line) if c.startswith("git checkout")):
        place.type(said, command)
    place.write(INIT, MAIN, lost)  # its entry comes back with the file
    assert row.cures == ["drizzle-guard.toml", "[[allow]]", "[[known]]"] and all(x in said for x in row.cures)


def there_without_rows(place: Place) -> None:
    rows = "INSERT INTO users VALUES (1);"
    place.write(INIT, ("0001_rows", 2000, rows))
    place.run(INIT[2])
    after = PAGE.partition("Where the objects are there and the rows are not")[2].partition("##")[0]
    push, looks, adopt, known = spans(after)
    said = place.guard("status").out
    assert push == "drizzle-kit push" and looks in squeezed(said)
    place.type(said, adopt)
    place.run(rows)
    assert place.guard("apply", "0001_rows", "--resume-at", "2", "--yes").code == 0
    assert place.select("SELECT id FROM users") == [(1,)]
    typed.update([adopt, known])


SITUATIONS: list[tuple[str, Callable[[Place], None]]] = [
    ("postgresql", behind),
    ("sqlite", passed_over),
    ("sqlite", renumbered),
    ("postgresql", gone),
    ("mysql", half),
    ("sqlite", edited_and_deleted),
    ("sqlite", there_without_rows),
]


def test_what_the_page_shows_and_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed.clear()
    for kind, build in SITUATIONS:
        place = Place(tmp_path / build.__name__, kind)
        build(place)
        after = place.guard("status", "--require-applied")
        assert after.code == 0, (build, after.text)
    # the habits
    settings = PAGE.partition("```toml\n")[2].partition("```")[0]
    (place.path / "drizzle-guard.toml").write_text(settings)
    for name in re.findall(r'"(\w+)"', settings):
        monkeypatch.setenv(name, place.url)
    in_git(place)
    habits = spans(PAGE.partition("## Habits")[2])
    for command in (habit for habit in habits if habit.startswith("drizzle-guard ")):
        named = () if {"install", "rehearse", "--all"} & set(command.split()) else ("--env", "staging")
        assert place.guard(*shlex.split(command)[1:], *named, plain=True).code == 0, command
        typed.add(command)
    prose = re.sub(r"```\w*\n.*?```", "", PAGE, flags=re.S)
    told = {c for line in [*spans(prose), *PAGE.splitlines()] for c in commands_in(line)}
    assert {c for c in told if not c.startswith("pip ")} <= typed
