"""Folders to rehearse, and the command called in this process."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from drizzle_guard.cli import main
from drizzle_guard.rehearse.forms import RehearsedForm
from support.gitbed import Bed, Done

NOTHING = "00000000-0000-0000-0000-000000000000"

Entry = tuple[str, int, str]  # tag, when (ms), SQL


def column(type_: str = "integer", **more: Any) -> dict[str, Any]:
    return {"type": type_, "primaryKey": False, "notNull": False, "autoincrement": False, **more}


def snapshot(**tables: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A SQLite snapshot with these tables: name -> column -> body."""
    empty: dict[str, Any] = {"indexes": {}, "foreignKeys": {}, "compositePrimaryKeys": {}, "uniqueConstraints": {}}
    bodies = {
        table: {"name": table, "columns": {name: {"name": name, **body} for name, body in columns.items()}, **empty}
        for table, columns in tables.items()
    }
    return {"version": "6", "dialect": "sqlite", "id": "x", "prevId": NOTHING, "tables": bodies, "views": {}}


def write(root: Path, *entries: Entry, dialect: str = "sqlite", newest: dict[str, Any] | None = None) -> None:
    """A folder `drizzle/` with these migrations, and a snapshot for the last one."""
    meta = root / "drizzle" / "meta"
    meta.mkdir(parents=True, exist_ok=True)
    lines = [
        {"idx": n, "version": "6", "when": when, "tag": tag, "breakpoints": True}
        for n, (tag, when, _) in enumerate(entries)
    ]
    (meta / "_journal.json").write_text(json.dumps({"version": "7", "dialect": dialect, "entries": lines}))
    for tag, _, sql in entries:
        (root / "drizzle" / f"{tag}.sql").write_text(sql)
    if newest is not None:
        (meta / f"{entries[-1][0][:4]}_snapshot.json").write_text(json.dumps({**newest, "id": entries[-1][0]}))


def committed(bed: Bed, *entries: Entry, newest: dict[str, Any] | None = None) -> None:
    write(bed.root, *entries, newest=newest)
    bed.commit("migrations")


def rehearsed(bed: Bed, *arguments: str) -> Any:
    """The one folder of `rehearse --format json`."""
    done = guard(bed, "rehearse", "--format", "json", *arguments)
    report = json.loads(done.out)
    assert report["exit_code"] == done.code, done.err
    assert RehearsedForm.model_validate(report).model_dump() == report
    (folder,) = report["folders"]
    return folder


def starts(folder: Any) -> dict[str, bool]:
    return {start["start"]: start["good"] for start in folder["starts"]}


def guard(bed: Bed, *arguments: str, env: Mapping[str, str] | None = None) -> Done:
    """Run `drizzle-guard` in the repository, in this process: starting another costs more than most rehearsals."""
    out, err, before = io.StringIO(), io.StringIO(), Path.cwd()
    with (
        mock.patch.dict(os.environ, {**bed.env, **(env or {})}),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        os.chdir(bed.root)
        try:
            code = main(list(arguments))
        finally:
            os.chdir(before)
    return Done(code, out.getvalue(), err.getvalue())


def has_ended(pid: int) -> bool:
    """Whether a process runs no more; one that nobody has asked for its exit code yet (a zombie) has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return Path("/proc/self").exists()  # gone in between; without /proc the first answer counts
