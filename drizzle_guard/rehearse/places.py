"""Which database the rehearsal of a folder runs on."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

from drizzle_guard.database.families import FAMILIES, Family, families_of
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.urls import Target, parse_url
from drizzle_guard.errors import UsageError, printable
from drizzle_guard.light import NamedTuple
from drizzle_guard.packaged import to_add
from drizzle_guard.rehearse.engine import Engine, Setup

_SETUP_BYTES = 16 * 1024 * 1024


class Wishes(NamedTuple):
    """What the user said; `timeout` is seconds for a statement, `table` and `schema` are where Drizzle has its rows."""

    url: str | None
    setup: tuple[str, ...]
    timeout: float
    driver: str | None
    table: str
    schema: str


def choose_family(kind: str, wanted: str | None, packages: frozenset[str]) -> tuple[Family, tuple[Family, ...]]:
    """The driver whose rules count, and the others that may be meant as well."""
    if wanted is not None:
        for family in FAMILIES:
            if family.name == wanted:
                if family.kind != kind:
                    raise UsageError(f"{wanted} is a driver for {family.kind}, and this folder is for {kind}.")
                return family, ()
        raise UsageError(f"there is no driver {printable(wanted)}.", "Known: " + ", ".join(f.name for f in FAMILIES))
    found = families_of(kind, packages)
    return found[0], tuple(other for other in found[1:] if _rules(other) != _rules(found[0]))


def _rules(family: Family) -> tuple[object, ...]:
    return family.many, family.empty_words, family.batch, family.foreign_keys, family.quotes_are_names


def open_engine(kind: str, family: Family, wishes: Wishes) -> Engine:
    """The engine for a kind of database.  Raises UsageError where there is none here."""
    setup = [_read_setup(name) for name in wishes.setup]
    if kind == "sqlite":
        from drizzle_guard.rehearse.sqlite import SqliteEngine

        if wishes.url is not None:
            raise UsageError("SQLite is rehearsed in memory; --url is for PostgreSQL, MySQL and MariaDB.")
        return SqliteEngine(family, wishes.timeout, setup, wishes.table)
    if kind == "postgresql":
        return _postgres(family, wishes, setup)
    return _mysql(wishes, setup)


def _mysql(wishes: Wishes, setup: Sequence[Setup]) -> Engine:
    target, end = _server("mysql", wishes.url)
    try:
        from drizzle_guard.rehearse.mysql import MysqlEngine

        return MysqlEngine(target, wishes.timeout, setup, wishes.table, private=wishes.url is None, end=end)
    except BaseException:
        end()
        raise


def _postgres(family: Family, wishes: Wishes, setup: Sequence[Setup]) -> Engine:
    target, end = _server("postgresql", wishes.url)
    names = Names("postgresql", wishes.schema, wishes.table)
    try:
        from drizzle_guard.rehearse.postgres import PostgresEngine

        return PostgresEngine(target, family, wishes.timeout, setup, names, private=wishes.url is None, end=end)
    except BaseException:
        end()
        raise


def _server(kind: str, url: str | None) -> tuple[Target, Callable[[], None]]:
    """The server that the URL names, else a private one that is started now; and what ends it."""
    driver, shown_kind = ("pymysql", "MySQL") if kind == "mysql" else ("psycopg", "PostgreSQL")
    try:
        if importlib.util.find_spec(driver) is None:
            raise ImportError
        if url is not None:
            importlib.import_module(driver)
            return _target(url, kind), _nothing
        from drizzle_guard.rehearse import servers

        served = servers.mysql() if kind == "mysql" else servers.postgres()
    except ImportError:  # psycopg is there, too, where the library that it wraps is not
        raise UsageError(f"rehearsing {shown_kind} needs its driver.", to_add("rehearse")) from None
    return Target(kind, served.arguments, "a private server"), served.end


def _nothing() -> None:
    """A server that is not ours is not ended."""


def _target(url: str, kind: str) -> Target:
    target = parse_url(url)
    if target.kind != kind:
        raise UsageError(f"the folder is for {kind}, but {target.label} is another database.")
    return target


def _read_setup(name: str) -> Setup:
    path = Path(name)
    try:
        if path.stat().st_size > _SETUP_BYTES:
            raise UsageError(f"{printable(name)} is larger than {_SETUP_BYTES // 2**20} MiB.")
        return Setup(name, path.read_bytes().decode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"the setup file {printable(name)} cannot be read: {error.strerror}.") from None


def setup_files(given: Sequence[str], configured: Sequence[str], root: Path) -> tuple[str, ...]:
    """`--setup` as the user typed it; else `rehearse.setup`, which is relative to the repository's root."""
    return tuple(given) or tuple(str(root / name) for name in configured)
