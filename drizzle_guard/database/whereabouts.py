"""Finds folder, configuration and URL by themselves, or names the choice that is missing.

A URL comes from `--url`, from the variable of an environment in `[databases]`, from `DATABASE_URL`, or from a file
that the user names; without any of them wrangler's local D1 file is taken.  A `.env` beside the config is only ever
offered: what it points to may be production.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from shlex import quote

from drizzle_guard.config import DEFAULT_SCHEMA, DEFAULT_TABLE, Config
from drizzle_guard.database.families import Family, Many, families_of
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.urls import Target, parse_url, with_token
from drizzle_guard.disk import find_folders, find_v1_folders
from drizzle_guard.drizzle.config_text import ConfigText, is_config, may_be_config, read_config_text
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.drizzle.runners import WRANGLER
from drizzle_guard.drizzle.v1 import SQL, is_v1_name
from drizzle_guard.errors import UsageError, printable, without_credentials
from drizzle_guard.git.ignored import ignored_folders
from drizzle_guard.light import NamedTuple

VARIABLE = "DATABASE_URL"
#: the journal's dialect -> the kind of database it is for (Turso's journals say sqlite)
KINDS = {"postgresql": "postgresql", "mysql": "mysql", "singlestore": "mysql", "sqlite": "sqlite", "turso": "sqlite"}
_MAX_CONFIG = 1024 * 1024
_SKIPPED = ("node_modules", ".git", ".next", ".turbo", ".venv", ".wrangler", "dist")
#: where wrangler 3 and 4 keep D1, below their settings
_D1 = ".wrangler/state/v3/d1/miniflare-D1DatabaseObject"


class Asked(NamedTuple):
    """What the user said of folder, database and table; None where nothing."""

    path: str | None = None
    url: str | None = None
    table: str | None = None
    schema: str | None = None
    env_file: str | None = None
    environment: str | None = None


class Settled(NamedTuple):
    """A config of drizzle-kit's and where it stands."""

    directory: Path
    name: str
    text: ConfigText


def root_of(here: Path) -> Path:
    """The root of the repository, else the current directory."""
    return next((p for p in (here, *here.parents) if (p / ".git").exists()), here)


# ---------------------------------------------------------------- the URL


def find_url(asked: Asked, config: Config, here: Path, variables: Mapping[str, str]) -> str:
    """The database's URL.  Raises UsageError that names the ways to give one."""
    if asked.url is not None:
        if asked.url:
            return asked.url
        raise UsageError("the database URL is empty.")
    known = dict(variables)
    if asked.env_file is not None:
        known |= read_env_file(Path(asked.env_file))
    variable = VARIABLE
    if asked.environment is not None:
        if not re.fullmatch(r"[\w.-]+", asked.environment):
            raise UsageError("--env takes a name of [databases] in drizzle-guard.toml, never a URL.")
        if asked.environment not in config.databases:
            names = ", ".join(map(printable, config.databases)) or "none"
            raise UsageError(
                f"there is no database {printable(asked.environment)} in drizzle-guard.toml (there: {names}).",
                "[databases]",
                f'{printable(asked.environment)} = "NAME_OF_THE_VARIABLE_WITH_ITS_URL"',
            )
        variable = config.databases[asked.environment]
    if known.get(variable):
        return known[variable]
    if asked.environment is None and asked.env_file is None and (local := _wranglers_file(here)):
        return local
    where = f" in {printable(asked.env_file)}" if asked.env_file is not None else " in the environment"
    if asked.environment is not None or asked.env_file is not None:
        raise UsageError(f"there is no {variable}{where}.")
    hints = ["drizzle-guard reads a .env file only if you name it: --env-file FILE"]
    if offered := _offered(here):
        hints = [f"There is one here, and it may be the right one: --env-file {printable(offered)}"]
    if config.databases:
        hints.append(f"Or one of drizzle-guard.toml: --env {printable(next(iter(config.databases)))}")
    raise UsageError("no database: give --url, or set DATABASE_URL in the environment.", *hints)


def _wranglers_file(here: Path) -> str | None:
    """The file in which wrangler keeps D1 on this machine (miniflare 3 and 4); it is nobody's production.

    Raises UsageError where there are several: the names are hashes of what stands in wrangler's settings.
    """
    root = root_of(here)
    places = [here, *(p for p in here.parents if p == root or root in p.parents), *_wranglers_places(here)]
    for place in dict.fromkeys(places):
        found = sorted(f for f in (place / _D1).glob("*.sqlite") if re.fullmatch("[0-9a-f]{64}", f.stem))
        shown = [Path(os.path.relpath(file, here)).as_posix() for file in found]
        if len(found) > 1:
            raise UsageError(
                "wrangler keeps several D1 databases here; say which.", *(f"--url {printable(x)}" for x in shown)
            )
        if found:
            return shown[0]
    return None


def _wranglers_places(here: Path) -> Iterator[Path]:
    """Directories below that hold wrangler's settings."""
    for parent, directories, files in os.walk(here):
        directories[:] = sorted(d for d in directories if d not in _SKIPPED)
        if any(name in files for name in WRANGLER):
            yield Path(parent)


def read_env_file(path: Path) -> dict[str, str]:
    """The variables of a `.env` file.  Raises UsageError."""
    from dotenv import dotenv_values  # late: only where a file is named

    if re.search(r"@|\w\w:/", str(path)) and not path.exists():
        raise UsageError("a database URL stands where a .env file belongs.", "drizzle-guard status --url URL")
    try:
        with path.open(encoding="utf-8-sig") as file:
            return {key: value for key, value in dotenv_values(stream=file).items() if value is not None}
    except OSError as error:
        raise UsageError(f"{printable(str(path))} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{printable(str(path))} is no text in UTF-8.") from None


def _offered(here: Path) -> str | None:
    """A `.env` beside a config of drizzle-kit's that holds the variable."""
    root = root_of(here)
    places = [here, *(s.directory for s in find_configs(here)), root]
    for place in dict.fromkeys(places):
        file = place / ".env"
        try:
            if file.is_file() and read_env_file(file).get(VARIABLE):
                return Path(os.path.relpath(file, here)).as_posix()
        except UsageError:
            continue
    return None


#: names of a variable for a URL that is not repeated, where the first ones mean another database
_STAND_INS = (VARIABLE, "OTHER_DATABASE_URL", "DRIZZLE_GUARD_DATABASE_URL")


def repeated(asked: Asked, variables: Mapping[str, str]) -> tuple[str, str]:
    """The options that name the same folder and database again, and a remark on them ("": none is needed).

    A URL with a user or a password is never repeated: a variable that holds it is named, or one that should.
    """
    words: list[str] = []
    remark = ""
    given = [("--folder", asked.path), ("--env", asked.environment), ("--env-file", asked.env_file)]
    given += [("--table", asked.table), ("--schema", asked.schema)]
    for option, value in given:
        words += [option, quote(printable(value))] if value is not None else []
    url = asked.url
    if url is not None and asked.environment is None and url != variables.get(VARIABLE):
        name = next(
            (n for n, value in variables.items() if value == url and re.fullmatch("[A-Z_a-z][A-Z_a-z0-9]*", n)), ""
        )
        if not name and without_credentials(url) == printable(url) == url:
            words += ["--url", quote(url)]
        else:
            name = name or next((n for n in _STAND_INS if not variables.get(n)), _STAND_INS[-1])
            words += ["--url", f'"${name}"']
            if variables.get(name) != url:
                remark = f"Put the URL that you gave into {name} first; it is not repeated here."
    return " ".join(words), remark


# ---------------------------------------------------------------- the folder


def find_folder(asked: Asked, target: Target, here: Path) -> Path:
    """The migrations folder; of several, the one whose dialect is the database's.  Raises UsageError."""
    if asked.path is not None:
        path = Path(asked.path)
        if is_folder(path):
            return path
        if re.search(r"://|@", asked.path):
            raise UsageError("a database URL stands where a folder belongs.", "drizzle-guard status --url URL")
        if not path.exists():
            raise UsageError(f"{printable(asked.path)} is not there.")
        found, where = list(_folders(path)), f"below {printable(asked.path)}"
    else:
        found, where = list(_folders(here)), "at or below the current directory"
        if not found:
            root = root_of(here)
            found = list(_folders(root))
            where = "in this repository" if (root / ".git").exists() else where
    if len(found) > 1:
        ignored = ignored_folders([os.path.realpath(path) for path in found])
        found = [path for path in found if os.path.realpath(path) not in ignored] or found
        fitting = [f for f in found if KINDS.get(dialect_of(f), target.kind) == target.kind]
        found = fitting or found
    if len(found) == 1:
        return found[0]
    if not found:
        _refuse_lost_journal(here)
        if asked.path is not None:
            raise UsageError(f"{printable(asked.path)} is no migration folder: it has no {PATH}.")
        raise UsageError(f"there is no migration folder ({PATH}) {where}.")
    listed = [printable(Path(os.path.relpath(path, here)).as_posix()) for path in found]
    raise UsageError("there are several migration folders; say which: --folder FOLDER", *listed[:20])


def _refuse_lost_journal(here: Path) -> None:
    """Raise GuardError where git has a journal that is not here."""
    from drizzle_guard.git.lost_journals import refuse_lost_journals  # late: nearly always there is a folder
    from drizzle_guard.git.repository import Repository

    with suppress(UsageError), Repository(str(here)) as repository:  # no repository: no git to ask
        refuse_lost_journals(repository, None)


def is_folder(path: Path) -> bool:
    """Whether a directory holds migrations, in either layout."""
    if (path / PATH).is_file():
        return True
    try:
        return any(is_v1_name(p.name) and (p / SQL).is_file() for p in path.iterdir())
    except OSError:
        return False


def _folders(top: Path) -> Iterator[Path]:
    """The migration folders at or below a directory, without those of other checkouts that lie inside it."""
    for folder in (*find_folders(top), *find_v1_folders(top)):
        between = [folder, *folder.parents]
        inside = between[: between.index(top)] if top in between else between
        if not any((place / ".git").exists() for place in inside):
            yield folder


def dialect_of(folder: Path) -> str:
    """The dialect that a journal names; "" where there is none (or no journal)."""
    try:
        found = json.loads((folder / PATH).read_bytes()[: 4 * 1024 * 1024]).get("dialect")
        return found if isinstance(found, str) else ""
    except (OSError, ValueError, AttributeError, RecursionError):
        return ""


# ---------------------------------------------------------------- drizzle.config


def find_configs(top: Path) -> Iterator[Settled]:
    """The configs of drizzle-kit in a directory, those below it, and those above it up to the repository's root."""
    root = root_of(top)
    above = [p for p in top.parents if p == root or root in p.parents] if top != root else []
    for place in (top, *above):
        yield from _configs_in(place)
    for parent, directories, files in os.walk(top):
        directories[:] = sorted(
            d for d in directories if d not in _SKIPPED and not os.path.exists(os.path.join(parent, d, ".git"))
        )
        if Path(parent) != top and any(map(may_be_config, files)):
            yield from _configs_in(Path(parent))


def _configs_in(place: Path) -> Iterator[Settled]:
    try:
        names = sorted(p.name for p in place.iterdir() if may_be_config(p.name) and p.is_file())
    except OSError:
        return
    for name in names:
        try:
            with (place / name).open("rb") as file:
                text = file.read(_MAX_CONFIG).decode("utf-8", "replace")
        except OSError:
            continue
        if is_config(name, text):
            yield Settled(place, name, read_config_text(text))


def configs_of(folder: Path) -> list[Settled]:
    """The configs that write a folder, as far as their text tells."""
    folder = folder.resolve()
    root = root_of(folder)
    places = [p for p in folder.parents if p == root or root in p.parents]
    found = []
    for settled in (s for place in places for s in _configs_in(place)):
        inside = Path(os.path.relpath(folder, settled.directory.resolve())).as_posix()
        if settled.text.writes(inside):
            found.append(settled)
    return found


def names_for(asked: Asked, config: Config, folder: Path, kind: str) -> Names:
    """Where the rows are.  Raises UsageError where the configs do not tell, or tell two things."""
    own = config.database
    table, schema = asked.table or own.table, asked.schema or own.schema
    if table is None or (schema is None and kind == "postgresql"):
        told = _told(configs_of(folder))
        table = table or told[0]
        schema = schema or told[1]
    return Names(kind, schema or DEFAULT_SCHEMA, table or DEFAULT_TABLE)


def _told(configs: Iterable[Settled]) -> tuple[str | None, str | None]:
    """Table and schema as the configs name them."""
    found: dict[tuple[str | None, str | None], str] = {}
    for settled in configs:
        text = settled.text
        if text.own_table and text.table is None and text.schema is None:
            raise UsageError(
                f"{printable(settled.name)} computes the name of the migrations table, which cannot be read here.",
                "Say it: --table NAME (and --schema SCHEMA), or [database] in drizzle-guard.toml",
            )
        found.setdefault((text.table, text.schema), settled.name)
    if len(found) > 1:
        names = " and ".join(printable(name) for name in list(found.values())[:2])
        raise UsageError(
            f"{names} name different migrations tables for this folder.",
            "Say which: --table NAME (and --schema SCHEMA), or [database] in drizzle-guard.toml",
        )
    return next(iter(found), (None, None))


# ---------------------------------------------------------------- the driver


def families_for(folder: Path, target: Target) -> tuple[Family, ...]:
    """Drizzle's drivers that may run this folder: by package.json, and by what can open such a URL at all."""
    found = families_of(target.kind, _packages(folder))
    remote = [f for f in found if f.name not in ("PGlite", "neon-http", "expo-sqlite", "op-sqlite")]
    found = tuple(remote) or found
    if "url" in target.arguments:
        return tuple(f for f in families_of("sqlite", {"@libsql/client"}))
    if target.kind == "mysql" and target.many:
        return tuple(f._replace(many=Many.ALL, many_words="") for f in found)
    return found


def _packages(folder: Path) -> set[str]:
    """The npm packages of the nearest package.json that names any; a workspace's root may hold none."""
    folder = folder.resolve()
    root = root_of(folder)
    for place in (p for p in (folder, *folder.parents) if p == root or root in p.parents):
        try:
            document = json.loads((place / "package.json").read_bytes()[:_MAX_CONFIG])
        except (OSError, ValueError, RecursionError):
            continue
        keys = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
        if isinstance(document, dict):
            return {n for key in keys if isinstance(document.get(key), dict) for n in document[key]}
    return set()


def open_target(asked: Asked, config: Config, here: Path) -> Target:
    """The database that is meant.  Raises UsageError."""
    target = parse_url(find_url(asked, config, here, os.environ))
    file = read_env_file(Path(asked.env_file)) if asked.env_file is not None else {}
    return with_token(target, {**os.environ, **file})
