"""Settings that the mainline leaves changed behind it: in one run they hold for the branch's migrations, too."""

from __future__ import annotations

import pytest

from support.sql_pairs import hazards_between

PG, MY, LITE = "postgresql", "mysql", "sqlite"
BASE = "CREATE TABLE goats (id int PRIMARY KEY, name text); CREATE TABLE logs (id int)"
OWN = "UPDATE goats SET name = 'b'"
LEFT = [
    (PG, "SET session_replication_role = replica", "session_replication_role"),
    (PG, "SET LOCAL session_replication_role TO replica; DELETE FROM logs", "session_replication_role"),
    (PG, "SET TIME ZONE 'Europe/Paris'", "timezone"),
    (PG, "SET my.tenant = '7'", "my"),
    (PG, "SELECT set_config('my.tenant', '7', false)", "my.tenant"),
    (MY, "SET sql_mode = 'ANSI_QUOTES'", "sql_mode"),
    (MY, "SET SESSION sql_mode = ''; SET SESSION sql_mode = ''", "sql_mode"),
    (MY, "SET @@SESSION.sql_mode = ''", "sql_mode"),
    (MY, "SET @old = @@sql_mode, sql_mode = ''", "sql_mode"),
    (MY, "SET FOREIGN_KEY_CHECKS = 0; DELETE FROM logs", "foreign_key_checks"),
    (MY, "SET sql_mode = ''; DELETE FROM logs; SET sql_mode = 'ANSI_QUOTES'", "sql_mode"),
]
UNBOUNDED = [
    (PG, "SET search_path TO app, public", "changes what names stand for (SET)"),
    (PG, "SET SCHEMA 'app'", "changes what names stand for (SET)"),
    (PG, "SET SESSION AUTHORIZATION bob", "changes what names stand for (SET)"),
    (PG, "SET ROLE bob", "changes what names stand for (SET)"),
    (PG, "RESET search_path", "changes what names stand for (SET)"),
    (PG, "SELECT pg_catalog.set_config('search_path', '', false)", "changes what names stand for (SET)"),
    (LITE, "PRAGMA ignore_check_constraints = ON", "changes a PRAGMA"),
]
PASS = [
    (PG, "SET lock_timeout = '5s'"),
    (PG, "SET SESSION lock_timeout = '5s'"),
    (PG, "SET session_replication_role = replica; DELETE FROM logs; SET session_replication_role = DEFAULT"),
    (PG, "SET session_replication_role = replica; DELETE FROM logs; RESET session_replication_role"),
    (PG, "SET session_replication_role = replica; DELETE FROM logs; RESET ALL"),
    (PG, "SET session_replication_role = replica; DELETE FROM logs; SET session_replication_role = origin"),
    (PG, "SET session_replication_role = replica; DELETE FROM logs; SET session_replication_role = 'origin'"),
    (PG, "SET standard_conforming_strings = on"),
    (PG, "ALTER SCHEMA public OWNER TO postgres"),
    (PG, "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"),
    (MY, "SET NAMES utf8mb4"),
    (MY, "SET @n = 1"),
    (MY, "SET FOREIGN_KEY_CHECKS = 0; DELETE FROM logs; SET FOREIGN_KEY_CHECKS = 1"),
    (MY, "SET @old = @@sql_mode, sql_mode = ''; DELETE FROM logs; SET sql_mode = @old"),
    (MY, "SET STATEMENT max_statement_time = 60 FOR DELETE FROM logs"),
]


@pytest.mark.parametrize(("dialect", "main", "setting"), LEFT)
def test_a_setting_that_is_left_changed_holds_for_the_branch(dialect: str, main: str, setting: str) -> None:
    reason = f'the mainline leaves the setting "{setting}" changed for what runs behind it, and the branch has changes'
    assert hazards_between(BASE, dialect, main, OWN) == [reason]


@pytest.mark.parametrize(("dialect", "sql"), [(dialect, sql) for dialect, sql, _ in LEFT])
def test_what_the_branch_leaves_changed_comes_after_the_mainline(dialect: str, sql: str) -> None:
    assert hazards_between(BASE, dialect, OWN, sql) == []


@pytest.mark.parametrize(("dialect", "main", "why"), UNBOUNDED)
def test_a_setting_can_change_what_the_names_are(dialect: str, main: str, why: str) -> None:
    assert hazards_between(BASE, dialect, main, OWN) == [f"the mainline {why}, and the branch has changes"]


@pytest.mark.parametrize(("dialect", "main"), PASS)
def test_a_setting_that_is_put_back_or_changes_no_effect_passes(dialect: str, main: str) -> None:
    assert hazards_between(BASE, dialect, main, OWN) == []


def test_the_statement_behind_its_settings_is_read() -> None:
    """MariaDB's SET STATEMENT holds for the one statement in it."""
    main = "SET STATEMENT max_statement_time = 60 FOR UPDATE goats SET name = 'a'"
    assert set(hazards_between(BASE, MY, main, OWN)) == {'both change rows of table "goats"'}
