"""What the text of a drizzle.config says in plain words, and what it does not tell."""

from __future__ import annotations

import pytest

from drizzle_guard.drizzle.config_text import is_config, read_config_text

FULL = """import { defineConfig } from "drizzle-kit";
// out: "./old"
export default defineConfig({
  schema: "./src//schema.ts", /* dialect: "mysql" */
  out: './db//drizzle/',
  "dialect": "postgresql",
  dbCredentials: { url: "postgres://localhost/app" },
  migrations: { table: "history", schema: `app`, prefix: "index" },
});
"""


def test_a_whole_config() -> None:
    found = read_config_text(FULL)
    assert (found.out, found.dialect, found.table, found.schema) == ("db/drizzle", "postgresql", "history", "app")
    assert (found.own_table, found.credentials) == (True, '{url:"postgres://localhost/app"}')
    assert (found.writes("db/drizzle"), found.writes("drizzle")) == (True, False)


@pytest.mark.parametrize(
    ("text", "out", "writes_drizzle"),
    [
        ("", "drizzle", True),
        ('{"out": "drizzle"}', "drizzle", True),
        ("out: 'x'", "x", False),
        ("layout: 'x'", "drizzle", True),
        ("out: process.env.OUT", None, None),
        ("out: `./${name}`", None, None),
        ("{ schema, out }", None, None),
        ("{ ...common, schema: './s.ts' }", None, None),
        ("{ ...common, out: 'drizzle' }", "drizzle", True),
        ("[{ out: 'a' }, { out: 'drizzle' }]", None, True),
        ("/* out: 'a' */ // out: 'b'\nout: 'c'", "c", False),
    ],
)
def test_where_it_writes(text: str, out: str | None, writes_drizzle: bool | None) -> None:
    found = read_config_text(text)
    assert (found.out, found.writes("drizzle")) == (out, writes_drizzle)


@pytest.mark.parametrize(
    ("text", "table", "schema", "own"),
    [
        ("migrations: { prefix: 'unix' }", None, None, False),
        ("migrations: { table: 'a' }", "a", None, True),
        ("migrations: { schema: 'b', table: `a` }", "a", "b", True),
        ("migrations: { table: NAME }", None, None, True),
        ("// migrations: { table: 'a' }", None, None, False),
    ],
)
def test_its_migrations_table(text: str, table: str | None, schema: str | None, own: bool) -> None:
    found = read_config_text(text)
    assert (found.table, found.schema, found.own_table) == (table, schema, own)


def test_what_is_a_config() -> None:
    usual = ("drizzle.config.ts", "drizzle.auth.config.mts", "drizzle-b.config.json", "drizzle.config.prod.js")
    assert all(is_config(name, "") for name in usual)
    assert is_config("auth.drizzle.config.ts", "dialect: 'sqlite'") and not is_config("drizzleConfigHelper.ts", "")
    assert not is_config("drizzle.config.md", "dialect") and not is_config("vite.config.ts", "dialect")
