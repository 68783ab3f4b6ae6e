"""DG041 across the configs of a monorepo: what their texts say of table and database decides."""

from __future__ import annotations

import pytest

from drizzle_guard.rules.tables import shared_table

ENV = "dbCredentials: { url: process.env.DATABASE_URL! }"
NONE = "name no migrations.table"
SAME = "and the same dbCredentials: where that is one database, both folders write to one table."


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [
        (ENV, ENV, f"{NONE} {SAME}"),
        (f"{ENV}, migrations: {{ table: 'm' }}", f"{ENV}, migrations: {{ table: 'm' }}", f"name one table, m {SAME}"),
        (f"{ENV}, migrations: {{ table: 'm' }}", ENV, ""),
        (f"{ENV}, migrations: {{ table: NAME }}", f"{ENV}, migrations: {{ table: NAME }}", ""),
        (ENV, "dbCredentials: { url: process.env.OTHER_URL! }", ""),
        ("", "", ""),
        ("dbCredentials: { url: './local.db' }", "dbCredentials: { url: './local.db' }", ""),
        ("dbCredentials: { url: 'file:local.db' }", "dbCredentials: { url: 'file:local.db' }", ""),
        ("dbCredentials: { url: 'file:/srv/x' }", "dbCredentials: { url: 'file:/srv/x' }", f"{NONE} {SAME}"),
    ],
)
def test_of_two_directories(left: str, right: str, said: str) -> None:
    configs = {
        f"apps/{app}/drizzle.config.ts": f"export default {{ dialect: 'sqlite', out: './drizzle', {more} }};"
        for app, more in (("a", left), ("b", right))
    }
    found = list(shared_table(configs, ["apps/a/drizzle", "apps/b/drizzle"]))
    head = "apps/a/drizzle.config.ts and apps/b/drizzle.config.ts "
    assert [(folder, finding.message) for folder, finding in found] == (
        [("apps/b/drizzle", head + said)] if said else []
    )
