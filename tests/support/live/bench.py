"""The live bench: real drizzle-kit and drizzle-orm, driven from pytest.

Typical use::

    bench = Bench.require()
    app = bench.project(tmp_path / "app", "postgresql")
    write_schema(app, {"users": {"id": "pk", "email": "varchar(80)! unique"}})
    tag = bench.generate(app, "init")
    assert bench.check(app).fine
    bench.migrate(app, f"pglite:{tmp_path / 'db'}")

Databases are named by url: ``pglite:DIR``, ``libsql:FILE``, ``sqljs:FILE`` (drizzle-orm's synchronous SQLite
migrator), ``mysql://...`` and ``postgres://...``. ``pglite:`` and ``libsql::memory:`` last for one `Bench.run`.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import pytest

from support.live.worker import Worker
from support.locks import locked

LIVE = Path(__file__).resolve().parent
NODE_MODULES = LIVE / "node_modules"
KIT = NODE_MODULES / "drizzle-kit" / "bin.cjs"
OLDEST_NODE = 18
TIMEOUT = 120

CORES = {
    "postgresql": "pg",
    "mysql": "mysql",
    "sqlite": "sqlite",
    "turso": "sqlite",
    "singlestore": "singlestore",
}
"""Dialect of drizzle.config.ts -> prefix of its drizzle-orm package and table function."""

ONE_SECOND_PREFIXES = ("timestamp", "supabase", "unix")

Schema = dict[str, Any]
Step = Mapping[str, Any]


class KitError(Exception):
    """drizzle-kit failed (it often still exits 0); the text is what it printed."""


class PromptNeeded(KitError):
    """drizzle-kit wanted to ask whether something was renamed."""


class MigrateError(Exception):
    """A step of `Bench.run` failed: `step` is its index, `results` those of the steps before it."""

    def __init__(self, message: str, step: int, results: list[Any]) -> None:
        super().__init__(message)
        self.step = step
        self.results = results


class Outcome(NamedTuple):
    """Exit status and text (standard output, then standard error) of one drizzle-kit call."""

    rc: int
    text: str

    @property
    def fine(self) -> bool:
        """Whether `check` was content. A warning about `when` does not change that, see `warned`."""
        return self.rc == 0 and "Everything's fine" in self.text

    @property
    def warned(self) -> bool:
        """Whether `check` warned that the `when` values do not increase."""
        return "Warning:" in self.text


@dataclasses.dataclass(frozen=True)
class Project:
    """A directory with a drizzle.config.ts, and what that file says."""

    path: Path
    dialect: str
    prefix: str = "index"
    out: str = "drizzle"
    breakpoints: bool = True
    driver: str | None = None

    @property
    def folder(self) -> Path:
        """The migrations folder."""
        return self.path / self.out

    @property
    def schema_file(self) -> Path:
        """The TypeScript schema."""
        return self.path / "src" / "schema.ts"

    def at(self, path: Path) -> Project:
        """The same project in another place: a clone or worktree."""
        return dataclasses.replace(self, path=path)

    def journal(self) -> dict[str, Any]:
        """The parsed journal; without entries when there is none yet."""
        file = self.folder / "meta" / "_journal.json"
        parsed: dict[str, Any] = json.loads(file.read_text("utf-8")) if file.exists() else {"entries": []}
        return parsed

    def tags(self) -> list[str]:
        """The journal's tags, in its order."""
        return [entry["tag"] for entry in self.journal()["entries"]]


def missing(part: str) -> NoReturn:
    """Skip the running test because a part is not there; under CI, fail it."""
    if os.environ.get("CI"):
        pytest.fail(f"this machine lacks {part}", pytrace=False)
    pytest.skip(f"this machine lacks {part}")


class Bench:
    """Runs drizzle-kit and drizzle-orm. Make it with `Bench.require`."""

    def __init__(self, node: str) -> None:
        self._node = node
        self._worker = Worker(node, self.environment)
        self._last_timed = 0

    @staticmethod
    def require() -> Bench:
        """The bench of this process. Skips the test (fails it under CI) when node or a package is missing."""
        try:
            return _bench()
        except LookupError as lack:
            missing(str(lack))

    # ------------------------------------------------------------ drizzle-kit

    def project(
        self,
        path: Path,
        dialect: str,
        *,
        prefix: str = "index",
        out: str = "drizzle",
        breakpoints: bool = True,
        driver: str | None = None,
    ) -> Project:
        """Make `path` a Drizzle project: drizzle.config.ts and an empty src/schema.ts. No node_modules is needed
        there (see `environment`); `link_node_modules` adds one for programs that look for it."""
        project = Project(path, dialect, prefix, out, breakpoints, driver)
        config: dict[str, Any] = {"dialect": dialect, "schema": "./src/schema.ts", "out": f"./{out}"}
        if prefix != "index":
            config["migrations"] = {"prefix": prefix}
        if not breakpoints:
            config["breakpoints"] = False
        if driver:
            config["driver"] = driver
        text = 'import { defineConfig } from "drizzle-kit";\n\n'
        text += f"export default defineConfig({json.dumps(config, indent=2)});\n"
        project.schema_file.parent.mkdir(parents=True, exist_ok=True)
        (path / "drizzle.config.ts").write_text(text, "utf-8")
        write_schema(project, {})
        return project

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which node finds the bench's packages from any directory."""
        dropped = {"FORCE_COLOR", "NODE_OPTIONS"}
        environment = {name: value for name, value in os.environ.items() if name not in dropped}
        compile_cache = str(NODE_MODULES / ".cache" / "compiled")  # node >= 22 starts faster with it
        added = {"NODE_PATH": str(NODE_MODULES), "NO_COLOR": "1", "NODE_COMPILE_CACHE": compile_cache}
        return environment | added

    def kit(self, project: Project, *arguments: str) -> Outcome:
        """Run drizzle-kit in a project, without a terminal; whatever it says or does is returned unjudged."""
        done = subprocess.run(
            [self._node, str(KIT), *arguments],
            cwd=project.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT,
        )
        return Outcome(done.returncode, done.stdout + done.stderr)

    def generate(self, project: Project, name: str | None = None, *, custom: bool = False) -> str:
        """Generate a migration from src/schema.ts, or an empty one to be filled by hand. Returns its tag, or ''
        when there are no changes. Raises PromptNeeded or KitError; drizzle-kit's own exit status says nothing."""
        timed = project.prefix in ONE_SECOND_PREFIXES
        if timed:  # these prefixes would be the same, and overwrite a snapshot, within one second
            while int(time.time()) <= self._last_timed:
                time.sleep(0.05)
        arguments = ["generate", *(["--name", name] if name else []), *(["--custom"] if custom else [])]
        tag = _generated(self.kit(project, *arguments))
        if timed:
            self._last_timed = int(time.time())
        return tag

    def generate_says_no_changes(self, project: Project) -> bool:
        """Whether src/schema.ts and the newest snapshot agree. The migrations folder is left as it was."""
        before = _files(project.folder)
        try:
            return _generated(self.kit(project, "generate")) == ""
        finally:
            _restore(project.folder, before)

    def check(self, project: Project) -> Outcome:
        """Run `drizzle-kit check`; see `Outcome.fine`. It creates the folder's meta/ when there is none."""
        return self.kit(project, "check")

    def link_node_modules(self, project: Project) -> None:
        """Put a link to the bench's node_modules into the project, and hide it from the git repository there."""
        link = project.path / "node_modules"
        if not link.exists():
            link.symlink_to(NODE_MODULES, target_is_directory=True)
        command = ["git", "rev-parse", "--path-format=absolute", "--git-path", "info/exclude"]
        done = subprocess.run(command, cwd=project.path, capture_output=True, text=True)
        exclude = Path(done.stdout.strip()) if done.returncode == 0 else project.path / ".gitignore"
        exclude.parent.mkdir(parents=True, exist_ok=True)
        lines = exclude.read_text("utf-8").splitlines() if exclude.exists() else []
        if "node_modules" not in lines:
            exclude.write_text("\n".join([*lines, "node_modules"]) + "\n", "utf-8")

    # ------------------------------------------------------------ databases

    def run(self, database: str, steps: Sequence[Step]) -> list[Any]:
        """Run steps on one database; the result has one item for each.

        {"migrate": folder or Project, "table"?, "schema"?} -> True
        {"rows": True, "table"?, "schema"?} -> rows of the migrations table, [] when there is none
        {"schema": True, "table"?} -> what `schema_of` returns
        {"execute": statement or list of them} -> rows of the last one, as dicts
        {"open": another database} -> True; the steps behind it are for that one
        With "try": True an error is that step's result, {"error": text}; otherwise MigrateError is raised.
        """
        plain = [
            {key: _absolute(value) if key == "open" else _plain(value) for key, value in step.items()} for step in steps
        ]
        answer = self._worker.ask({"database": _absolute(database), "steps": plain}, timeout=TIMEOUT)
        results: list[Any] = answer["results"]
        if answer["error"]:
            raise MigrateError(answer["error"]["message"], answer["error"]["step"], results)
        return results

    def migrate(self, source: Project | Path, database: str) -> None:
        """Apply a project's migrations (or a folder of them) with drizzle-orm's migrator, as a deploy does."""
        self.run(database, [{"migrate": source}])

    def schema_of(self, database: str, *, table: str = "__drizzle_migrations") -> Schema:
        """Tables (columns, indexes, foreign keys, constraints), enums and views, comparable with ``==``.
        Column order does not count. The migrations table (`table`) is left out."""
        schema: Schema = self.run(database, [{"schema": True, "table": table}])[0]
        return schema

    def rows(self, database: str) -> list[dict[str, Any]]:
        """Rows of the migrations table as {"id", "hash", "created_at"}, in order of insertion."""
        rows: list[dict[str, Any]] = self.run(database, [{"rows": True}])[0]
        return rows

    def execute(self, database: str, *statements: str) -> list[dict[str, Any]]:
        """Run SQL statements; returns the rows of the last one."""
        rows: list[dict[str, Any]] = self.run(database, [{"execute": list(statements)}])[0]
        return rows


def _plain(value: object) -> object:
    """A step's value as JSON can carry it."""
    if isinstance(value, Project):
        value = value.folder
    return str(value.resolve()) if isinstance(value, Path) else value


def _absolute(database: str) -> str:
    """A database url whose file, if it names one, does not depend on the working directory."""
    scheme, _, place = database.partition(":")
    if scheme in {"pglite", "libsql", "sqljs"} and place not in {"", ":memory:"}:
        return f"{scheme}:{Path(place).resolve()}"
    return database


def _files(folder: Path) -> dict[Path, bytes]:
    """Every file below a folder, with its content."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _restore(folder: Path, files: Mapping[Path, bytes]) -> None:
    """Undo what changed below a folder since `_files` read it; files left alone are not written."""
    for path, content in _files(folder).items():
        if path not in files:
            path.unlink()
        elif content != files[path]:
            path.write_bytes(files[path])
    if not files:
        shutil.rmtree(folder, ignore_errors=True)


def _generated(outcome: Outcome) -> str:
    """The tag that a `generate` call announced, '' when it found no changes; raises when it says neither."""
    announced = re.search(r"Your SQL migration file ➜ (.+?)\.sql", outcome.text)
    if outcome.rc == 0 and announced:
        return Path(announced[1]).name
    if outcome.rc == 0 and "No schema changes, nothing to migrate" in outcome.text:
        return ""
    raise (PromptNeeded if "Interactive prompts require" in outcome.text else KitError)(outcome.text)


# ---------------------------------------------------------------- finding and installing


@functools.cache
def _bench() -> Bench:
    node = _node()
    _install()
    return Bench(node)


@functools.cache
def node_with(place: Path) -> str:
    """A node, with the packages of another package-lock.json beside it.  Skips the test if something is missing."""
    try:
        node = _node()
        _install(place)
    except LookupError as lack:
        missing(str(lack))
    return node


def _node() -> str:
    """Path of a node that is new enough; LookupError names what is missing."""
    node = shutil.which("node")
    if node is None:
        raise LookupError("node")
    version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
    if int(version.lstrip("v").partition(".")[0] or 0) < OLDEST_NODE:
        raise LookupError(f"node {OLDEST_NODE} or newer (found {version or 'none'})")
    return node


def _install(place: Path = LIVE) -> None:
    """Bring node_modules to the state of package-lock.json, once, also with several processes at work."""
    wanted = hashlib.sha256((place / "package-lock.json").read_bytes()).hexdigest()
    stamp = place / "node_modules" / ".bench-stamp"
    with locked(place / ".install.lock"):
        if stamp.exists() and stamp.read_text("utf-8") == wanted:
            return
        npm = shutil.which("npm")
        if npm is None:
            raise LookupError("npm (to install the packages of tests/live)")
        command = [npm, "ci", "--ignore-scripts"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=600)
        if done.returncode != 0 or not (place / "node_modules" / "drizzle-kit" / "bin.cjs").exists():
            raise LookupError(f"the packages of tests/live (npm ci failed: {done.stderr.strip()[-500:]})")
        stamp.write_text(wanted, "utf-8")


# ---------------------------------------------------------------- schemas


def write_schema(
    project: Project,
    tables: Mapping[str, Mapping[str, str]],
    *,
    enums: Mapping[str, Sequence[str]] | None = None,
    indexes: Mapping[str, str] | None = None,
    extra: str = "",
) -> None:
    """Write src/schema.ts.

    tables   name -> {column: specification}, where a specification is words, the first one the type:
             ``pk`` (numbered primary key), ``text``, ``int``, ``bigint``, ``bool``, ``varchar(N)`` or an enum's
             name, with ``!`` for NOT NULL; then any of ``unique``, ``pk``, ``=DEFAULT`` (TypeScript, no blanks),
             ``->table.column`` and ``->table.column:cascade`` (ON DELETE).
    enums    name -> values. CREATE TYPE in PostgreSQL, ENUM columns in MySQL, a plain text column in SQLite.
    indexes  name -> ``table.column,column``, with ``unique`` in front for a unique index.
    extra    TypeScript to append; ``d`` is the dialect's drizzle-orm module.
    """
    core = CORES[project.dialect]
    enums = enums or {}
    parts = [f'import * as d from "drizzle-orm/{core}-core";\n']
    if core == "pg":
        parts += [
            f"export const {_variable(name)} = d.pgEnum({json.dumps(name)}, {json.dumps(list(values))});\n"
            for name, values in enums.items()
        ]
    for table, columns in tables.items():
        lines = [f"  {json.dumps(name)}: {_column(core, name, words, enums)}," for name, words in columns.items()]
        keys = [_index(name, words) for name, words in (indexes or {}).items() if _index_table(words) == table]
        tail = "".join(["}, (t) => [\n", *(f"  {key},\n" for key in keys), "]);"]) if keys else "});"
        head = f"export const {_variable(table)} = d.{core}Table({json.dumps(table)}, {{"
        parts.append("\n".join([head, *lines, tail]) + "\n")
    if extra:
        parts.append(extra.rstrip() + "\n")
    project.schema_file.write_text("\n".join(parts), "utf-8")


def _variable(name: str) -> str:
    """A TypeScript name for a table or an enum."""
    return re.sub(r"\W", "_", name) + "_"


def _column(core: str, name: str, specification: str, enums: Mapping[str, Sequence[str]]) -> str:
    """TypeScript for one column."""
    first, *words = specification.split()
    kind = first.rstrip("!")
    text = _primary_key(core, name) if kind == "pk" else _type(core, name, kind, enums)
    if first.endswith("!"):
        text += ".notNull()"
    for word in words:
        if word == "unique":
            text += ".unique()"
        elif word == "pk":
            text += ".primaryKey()"
        elif word.startswith("="):
            text += f".default({word[1:]})"
        elif word.startswith("->") and core != "singlestore":
            target, _, action = word[2:].partition(":")
            table, _, column = target.partition(".")
            options = f", {{ onDelete: {json.dumps(action)} }}" if action else ""
            text += f".references((): any => {_variable(table)}[{json.dumps(column)}]{options})"
        else:
            raise ValueError(f"{core}: do not understand {word!r} in {specification!r}")
    return text


def _primary_key(core: str, name: str) -> str:
    """TypeScript for a primary key that the database numbers."""
    label = json.dumps(name)
    if core == "pg":
        return f"d.serial({label}).primaryKey()"
    if core == "sqlite":
        return f"d.integer({label}).primaryKey({{ autoIncrement: true }})"
    return f"d.int({label}).autoincrement().primaryKey()"


def _type(core: str, name: str, kind: str, enums: Mapping[str, Sequence[str]]) -> str:
    """TypeScript for a column of some kind, without its properties."""
    label = json.dumps(name)
    sized = re.fullmatch(r"varchar\((\d+)\)", kind)
    if kind in enums:
        if core == "pg":
            return f"{_variable(kind)}({label})"
        values = json.dumps(list(enums[kind]))
        return f"d.text({label}, {{ enum: {values} }})" if core == "sqlite" else f"d.{core}Enum({label}, {values})"
    if sized:
        return f"d.{'text' if core == 'sqlite' else 'varchar'}({label}, {{ length: {sized[1]} }})"
    if kind == "int":
        return f"d.{'int' if core in {'mysql', 'singlestore'} else 'integer'}({label})"
    if kind == "bigint":
        return f"d.integer({label})" if core == "sqlite" else f'd.bigint({label}, {{ mode: "number" }})'
    if kind == "bool":
        return f'd.integer({label}, {{ mode: "boolean" }})' if core == "sqlite" else f"d.boolean({label})"
    if kind == "text":
        return f"d.text({label})"
    raise ValueError(f"{core}: no type {kind!r} for column {name!r}")


def _index_table(specification: str) -> str:
    """The table of an index specification."""
    return specification.removeprefix("unique ").partition(".")[0]


def _index(name: str, specification: str) -> str:
    """TypeScript for one index of a table ``t``."""
    function = "uniqueIndex" if specification.startswith("unique ") else "index"
    columns = specification.partition(".")[2].split(",")
    on = ", ".join(f"t[{json.dumps(column.strip())}]" for column in columns)
    return f"d.{function}({json.dumps(name)}).on({on})"
