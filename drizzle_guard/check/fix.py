"""`check --fix`: shows the repairs as a diff, writes them, looks again, and takes them back if the folder is no better.

SQL, `when` and tags stay; what is mended, no database can notice.  Where the project has drizzle-kit, its `check` and
`generate` are asked about copies of the folder as it is and as it would be, before anything is written; the rules look
again afterwards.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click

from drizzle_guard.check.advice import Check, advised, try_repairs
from drizzle_guard.check.newest_snapshot import Newest, make_newest
from drizzle_guard.check.targets import FolderToCheck, Published
from drizzle_guard.disk import folder_files
from drizzle_guard.drizzle.folder import join
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.mend.repairs import Mended, Repair
from drizzle_guard.regenerate.verify_kit import ask_kit
from drizzle_guard.rules.entries import WHEN_NOT_RISING
from drizzle_guard.rules.run import Checked
from drizzle_guard.rules.snapshots import MISSING_SNAPSHOT

Row = tuple[FolderToCheck, Published, Checked, Check]


def fix_folders(rows: Sequence[Row], onto: str | None, *, dry_run: bool) -> int:
    """Mend every folder; 1 if errors are left (or, with `dry_run`, would be)."""
    left = [_fix_folder(*row, onto, dry_run=dry_run) for row in rows]
    return int(any(left))


def _fix_folder(
    target: FolderToCheck, known: Published, checked: Checked, again: Check, onto: str | None, *, dry_run: bool
) -> bool:
    name = printable(target.name) or "."
    trial = try_repairs(target, known, checked, again)
    mended, after = (Mended({}, ()), checked) if trial is None else trial
    newest = _newest(target, known, mended, after)
    if newest is not None and newest.blob is not None:
        more = {**mended.files, newest.path: newest.blob}
        mended = Mended(more, (*mended.repairs, Repair(newest.path, newest.words)))
        after = again(target._replace(files=mended.over(target.files)))
    if not mended.files:
        click.echo(f"{name}: nothing to mend")
    else:
        click.echo(f"{name}: {'would be mended' if dry_run else 'mended'}")
        for repair in mended.repairs:
            click.echo(f"  {printable(repair.path)}: {repair.what}")
        for line in _diff(target, mended):
            click.echo(printable(line.replace("\t", "    ")))
        if not dry_run:
            _write(target, known, mended, lambda: again(_as_written(target)), checked)
            after = advised(_as_written(target), known, after, again, onto)
    if newest is not None and newest.blob is None:
        click.echo(f"  {printable(newest.path)} was not made: {newest.words}")
    for judged in after.findings:
        if judged.severity == "error":
            click.echo(f"  left: {judged.finding.rule.code} {judged.finding.message}")
            click.echo(f"    {_why(judged.finding.rule.code)}fix: {judged.finding.fix}")
    return any(judged.severity == "error" for judged in after.findings)


def _newest(target: FolderToCheck, known: Published, mended: Mended, after: Checked) -> Newest | None:
    """What is to be made for the newest migration, where its snapshot is missing after the other repairs."""
    if target.migrations is not None or all(j.finding.rule is not MISSING_SNAPSHOT for j in after.findings):
        return None
    root = None if known.repository is None else known.repository.root
    return make_newest(root, known.folder, mended.over(target.files))


def _as_written(target: FolderToCheck) -> FolderToCheck:
    return target._replace(files=folder_files(target.path, target.name))


def _why(code: str) -> str:
    if code == WHEN_NOT_RISING.code:
        return "no file can mend it: the database has the `when` that ran; "
    return ""


def _diff(target: FolderToCheck, mended: Mended) -> list[str]:
    lines: list[str] = []
    for path, blob in mended.files.items():
        old = target.files[path].data if path in target.files and target.files[path].mode != "120000" else b""
        new = b"" if blob is None else blob.data
        name = join(target.name, path)
        texts = [data.decode("utf-8", "replace").splitlines() for data in (old, new)]
        ends = (f"a/{name}" if old else "/dev/null", "/dev/null" if blob is None else f"b/{name}")
        lines += difflib.unified_diff(texts[0], texts[1], ends[0], ends[1], n=1, lineterm="")
    return lines


def _write(
    target: FolderToCheck, known: Published, mended: Mended, look: Callable[[], Checked], before: Checked
) -> None:
    """Write the repairs, unless drizzle-kit likes the folder less with them; put back what the rules do not like."""
    name = printable(target.name) or "."
    said = _ask_kit(target, known, mended, name)
    old = {path: target.files[path].data if path in target.files else None for path in mended.files}
    new = {path: None if blob is None else blob.data for path, blob in mended.files.items()}
    try:
        _put(target.path, new)
        if len(look().findings) > len(before.findings):
            raise GuardError(f"{name}: the repairs make it no better.")
    except BaseException as error:  # Ctrl-C, too
        _put(target.path, old)
        if isinstance(error, GuardError):
            raise GuardError(error.message, "Everything was put back.") from None
        raise
    for line in said:
        click.echo(line)


def _ask_kit(target: FolderToCheck, known: Published, mended: Mended, name: str) -> list[str]:
    """What drizzle-kit says of the repairs, as lines.  Raises GuardError if it liked the folder better without them."""
    root = None if known.repository is None else known.repository.root
    before = ask_kit(root, known.folder, target.files)
    after = ask_kit(root, known.folder, mended.over(target.files)) if before.was_asked else before
    asked = (("check", before.check, after.check), ("generate", before.generate, after.generate))
    if after.is_worse_than(before):
        lines = [f"drizzle-kit {what}: {now.words} (before: {was.words})" for what, was, now in asked if was != now]
        raise GuardError(f"{name}: drizzle-kit likes it less with the repairs. Nothing was changed.", *lines)
    return [
        f"  drizzle-kit {what}: {now.words}" + ("" if was.words == now.words else f" (before: {was.words})")
        for what, was, now in asked
    ]


def _put(folder: Path, files: Mapping[str, bytes | None]) -> None:
    for path, data in files.items():
        file = os.path.join(folder, path)
        if data is None:
            if os.path.lexists(file):
                os.unlink(file)
            continue
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(f"{file}.drizzle-guard", "wb") as output:
            output.write(data)
        os.replace(f"{file}.drizzle-guard", file)
