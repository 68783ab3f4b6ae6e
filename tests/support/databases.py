"""A migrations folder and a real database: what the tests of status, apply and repair stand on."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from drizzle_guard.cli import main
from drizzle_guard.database.connection import opened
from drizzle_guard.database.drivers.base import Database
from drizzle_guard.database.report import StatusReport
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.urls import parse_url
from support.live import servers
from support.live.bench import Bench
from support.printed_commands import heard

KINDS = ("postgresql", "mysql", "sqlite")
BREAK = "\n--> statement-breakpoint\n"

Entry = tuple[str, int, str]  # tag, when, SQL


class Result(NamedTuple):
    """What a command of ours did."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


class Place:
    """A project directory with `drizzle/`, and a database of its own."""

    def __init__(self, root: Path, kind: str) -> None:
        self.root, self.path, self.kind = root, root / "project", kind
        self.folder = self.path / "drizzle"
        file = self.path / "local.db"
        if kind == "postgresql":
            self.live_url = servers.postgres_url()
        else:
            self.live_url = servers.mysql_url() if kind == "mysql" else f"libsql:{file}"
        self.url = str(file) if kind == "sqlite" else self.live_url
        self.exported = False  # whether the shell in which one types has it as DATABASE_URL

    def write(self, *entries: Entry, folder: str = "drizzle", dialect: str | None = None) -> None:
        """The folder's whole journal."""
        target = self.path / folder
        self.path.mkdir(parents=True, exist_ok=True)
        (target / "meta").mkdir(parents=True, exist_ok=True)
        for old in target.glob("*.sql"):
            old.unlink()
        lines = [
            {"idx": n, "version": "7", "when": when, "tag": tag, "breakpoints": True}
            for n, (tag, when, _) in enumerate(entries)
        ]
        journal = {"version": "7", "dialect": dialect or self.kind, "entries": lines}
        (target / "meta" / "_journal.json").write_text(json.dumps(journal, indent=2), "utf-8")
        for tag, _, sql in entries:
            (target / f"{tag}.sql").write_text(sql, "utf-8", newline="")

    def deploy(self, *versions: Sequence[Entry], **more: str) -> list[str]:
        """Run drizzle-orm's own migrator on one version of the folder after the other; the last one stays.

        Returns what it said each time ("" when it was content).
        """
        steps = []
        for n, entries in enumerate(versions):
            self.write(*entries)
            stage = self.root / "stages" / str(n)
            shutil.rmtree(stage, ignore_errors=True)
            shutil.copytree(self.folder, stage)
            steps.append({"migrate": stage, "try": True, **more})
        results = Bench.require().run(self.live_url, steps)
        return ["" if result is True else str(result["error"]) for result in results]

    def applied(self, *entries: Entry) -> None:
        """What Drizzle leaves after these migrations, quickly: without Drizzle."""
        names = Names(self.kind, "drizzle", "__drizzle_migrations")
        sql = names.create(named=False)
        for _, when, text in entries:
            sql += [*text.split("--> statement-breakpoint"), names.insert(sha256(text.encode()).hexdigest(), when).sql]
        self.run(*sql)

    def content(self, *, runs: int = 0) -> list[str]:
        """The migrator is content with the folder and runs so many migrations; returns the tables."""
        before, _, after, schema = Bench.require().run(
            self.live_url, [{"rows": True}, {"migrate": self.folder}, {"rows": True}, {"schema": True}]
        )
        assert len(after) - len(before) == runs
        return sorted(schema["tables"])

    def select(self, sql: str) -> list[tuple[object, ...]]:
        """The rows of a query."""
        with self.open() as database:
            return [tuple(row) for row in database.query(sql)]

    def guard(
        self,
        *arguments: str,
        answers: str | io.StringIO = "",
        url: str | None = None,
        folder: str = ".",
        plain: bool = False,
    ) -> Result:
        """Run `drizzle-guard` in the project, in this process; `plain`: without `--url`."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(err))
            stack.enter_context(_inside(self.path / folder))
            stack.enter_context(_variable("XDG_STATE_HOME", str(self.root / "state")))
            stack.enter_context(without_authorities())
            old, sys.stdin = sys.stdin, io.StringIO(answers) if isinstance(answers, str) else answers
            try:
                code = main([*arguments, *(() if plain else ("--url", self.url if url is None else url))])
            finally:
                sys.stdin = old
        heard(("drizzle-guard", *arguments), out.getvalue() + err.getvalue())
        return Result(code, out.getvalue(), err.getvalue())

    def type(self, said: str, start: str, *, answers: str = "y\n" * 9, **fill: str) -> Result:
        """Type the command of a message that begins so, to the end of its line; `fill`: for FILE, N and URL in it.

        One of ours runs in this process, any other in a shell, where node finds the bench's packages.  A variable that
        the message names instead of a URL with a password holds that URL, as it asks for.
        """
        found = re.search(re.escape(start) + r"(?![\w-])[^\n]*", said)
        assert found is not None, f"{start} is not said in:\n{said}"
        line = found[0].partition(" shows it")[0]
        for placeholder, value in fill.items():
            line = value.join(re.split(rf"\b{placeholder}\b", line))
        variable = "DATABASE_URL"
        if f'"${variable}"' in line and not self.exported:
            assert f"Put the URL that you gave into {variable} first; it is not repeated here." in said, said
            self.exported = True
        with _variable(variable, self.url) if self.exported else contextlib.nullcontext():
            if line.startswith("drizzle-guard "):
                words = [os.path.expandvars(word) for word in shlex.split(line, comments=True)[1:]]
                return self.guard(*words, answers=answers, plain=True)
            command = ["sh", "-c", line]
            environment = _with_kit(self.root) if line.startswith("npx ") else None
            done = subprocess.run(command, cwd=self.path, env=environment, capture_output=True, text=True, timeout=120)
        heard(command, done.stdout + done.stderr)
        return Result(done.returncode, done.stdout, done.stderr)

    def status(self, *arguments: str) -> Any:
        """`status --json`."""
        result = self.guard("status", "--json", *arguments)
        assert result.err == ""
        report = json.loads(result.out)
        assert StatusReport.model_validate(report).model_dump(mode="json") == report
        assert result.code == (0 if report["in_step"] else 1)
        return report

    def verdicts(self, *arguments: str) -> dict[str, str]:
        """Tag -> verdict in words."""
        return {m["tag"]: m["words"] for m in self.status(*arguments)["migrations"]}

    def run(self, *statements: str) -> None:
        """Plain SQL, as somebody with a database client types it."""
        with self.open() as database:
            for sql in statements:
                if self.kind == "mysql":
                    database.run(sql)
                    database.commit()
                else:
                    database._connection.execute(sql)

    @contextlib.contextmanager
    def open(self) -> Iterator[Database]:
        if self.kind == "sqlite":
            Path(self.url).touch()
        with without_authorities(), opened(parse_url(self.url), 10, write=True) as database:
            yield database

    def rows(self) -> list[tuple[str, int | float | None]]:
        """(start of the hash, created_at) by created_at."""
        with self.open() as database:
            found = database.table(Names(self.kind, "drizzle", "__drizzle_migrations")).rows
        return [(row.hash[:8], row.created_at) for row in reversed(found)]


def _with_kit(root: Path) -> dict[str, str]:
    """An environment in which `npx` runs what the project has, and spares the second that npm takes to find it."""
    npx = root / "bin" / "npx"
    npx.parent.mkdir(exist_ok=True)
    npx.write_text('#!/bin/sh\nname=$1; shift; exec "node_modules/.bin/$name" "$@"\n')
    npx.chmod(0o755)
    environment = Bench.require().environment
    return {**environment, "PATH": f"{npx.parent}{os.pathsep}{environment['PATH']}"}


def digest(sql: str) -> str:
    """The start of the hash that Drizzle records."""
    return sha256(sql.encode()).hexdigest()[:8]


def table(name: str, *columns: str) -> str:
    """A CREATE TABLE that all three databases understand."""
    return f"CREATE TABLE {name} ({', '.join(('id int', *columns))});"


def joined(*statements: str) -> str:
    """Several statements with breakpoints between."""
    return BREAK.join(statements)


def squeezed(text: str) -> str:
    """Each run of blanks as one."""
    return " ".join(text.split())


def without_authorities() -> contextlib.AbstractContextManager[None]:
    """Let OpenSSL know no authorities: our servers have no certificates, and PyMySQL loads hundreds each time."""
    return _variable("SSL_CERT_FILE", os.devnull)


@contextlib.contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextlib.contextmanager
def _inside(path: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)
