"""What the project's own drizzle-kit says of a folder, where the project has one.

It is asked about a copy, so that whatever it writes leaves no trace: `generate` writes a migration where the schema has
changed, and no option of its forbids that.  A config of ours hands on the project's with `out` pointing at the copy
(drizzle-kit 0.31 refuses `--out` beside `--config`).  It loads the project's config and schema, as `generate` does.

Rejected: to run it in the folder and to put that back.  A kill would leave a migration that nobody asked for.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

from drizzle_guard.drizzle.folder import Blob
from drizzle_guard.drizzle.journal import snapshot_path
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.environment import for_other_programs
from drizzle_guard.light import NamedTuple, pattern
from drizzle_guard.regenerate.kit import DEFAULT_CONFIGS, Kit, find_kit, plain, require_runner, said_it_wrote

#: how long one answer may take; a schema may open a connection and never end
SECONDS = 120
_FINE = "Everything's fine"
_NO_CHANGES = "No schema changes"
_ASKS = ("Interactive prompts require", "created or renamed")
_OTHER_FOLDER = "drizzle-guard: another folder"
_CUT = "--> statement-breakpoint"
_NOISE = pattern(r"(?i)^(?:reading config file|using '|no config path|at |node:|\^|\d+ tables$|node\.js v)")

_CONFIG = """\
const { realpathSync } = require("fs");
const { resolve } = require("path");
const found = require(%(config)s);
const config = found.default ?? found;
const real = (path) => { try { return realpathSync(path); } catch { return resolve(path); } };
if (real(config.out ?? "drizzle") !== real(%(folder)s)) throw new Error("%(other)s");
module.exports = { ...config, out: %(copy)s };
"""


class Verdict(Enum):
    """What came of one question."""

    CONTENT = "content"  # `check`: fine; `generate`: nothing to write
    WRITES = "writes"  # `generate` has statements to write
    ASKS = "asks"  # it wants to ask a person
    STOPS = "stops"
    NOT_ASKED = "not asked"


class Said(NamedTuple):
    """A verdict in the words to print; `wrote` are the SQL and the snapshot that `generate` would write."""

    verdict: Verdict
    words: str
    wrote: tuple[str, bytes] = ("", b"")


class Opinion(NamedTuple):
    """What `drizzle-kit check` and `drizzle-kit generate` say of one state of a folder."""

    check: Said
    generate: Said

    @property
    def was_asked(self) -> bool:
        """Whether it was asked at all."""
        return Verdict.NOT_ASKED not in (self.check.verdict, self.generate.verdict)

    def is_worse_than(self, before: Opinion) -> bool:
        """Whether one of the two was content and is not, or stops where it did not."""
        if before.check.verdict is Verdict.CONTENT and self.check.verdict is not Verdict.CONTENT:
            return True
        was, now = before.generate.verdict, self.generate.verdict
        if was is Verdict.CONTENT:
            return now is not Verdict.CONTENT
        return was in (Verdict.WRITES, Verdict.ASKS) and now is Verdict.STOPS


def ask_kit(root: str | None, folder: str, files: Mapping[str, Blob]) -> Opinion:
    """What drizzle-kit says of `files` (by their paths inside it) as the contents of a folder.

    `root` is the top of the worktree (None: there is no repository), `folder` the folder's path from there.
    """
    kit = _kit(root, folder)
    if isinstance(kit, str) or root is None:
        not_asked = Said(Verdict.NOT_ASKED, f"not asked: {kit}")
        return Opinion(not_asked, not_asked)
    try:
        with _copied(root, folder, kit, files) as (copy, config):
            check = _check(_run(root, kit, "check", config))
            return Opinion(check, _generate(_run(root, kit, "generate", config), copy))
    except (OSError, ValueError) as error:  # a full disk; on Windows, a temporary directory on another drive
        not_asked = Said(Verdict.NOT_ASKED, f"not asked: {printable(str(error))}")
        return Opinion(not_asked, not_asked)


def _kit(root: str | None, folder: str) -> Kit | str:
    """The drizzle-kit of a folder, or why it is not asked."""
    if root is None or not _is_installed(root, folder):
        return "the project has no drizzle-kit here"
    try:
        kit = find_kit(root, folder)
        require_runner(kit)
    except UsageError as error:
        return error.message
    defaults = (name for name in DEFAULT_CONFIGS if os.path.exists(os.path.join(root, kit.directory, name)))
    config = kit.config or next(defaults, "")
    return kit._replace(config=config) if config else "the project has no drizzle.config.*"


def _is_installed(root: str, folder: str) -> bool:
    """Whether drizzle-kit lies in a node_modules at or above the folder."""
    parts = [part for part in folder.split("/") if part]
    above = [os.path.join(root, *parts[:n]) for n in range(len(parts), -1, -1)]
    return any(os.path.isdir(os.path.join(place, "node_modules", "drizzle-kit")) for place in above) and bool(
        shutil.which("node")
    )


@contextmanager
def _copied(root: str, folder: str, kit: Kit, files: Mapping[str, Blob]) -> Iterator[tuple[Path, Path]]:
    """A copy of the folder, and a config that makes drizzle-kit take it for the project's; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="drizzle-guard-") as place:
        copy, config = Path(place, "folder"), Path(place, "drizzle.config.js")
        for path, blob in files.items():
            file = copy / path
            file.parent.mkdir(parents=True, exist_ok=True)
            with suppress(GuardError, OSError):  # what we do not read (a link, a giant) is not there for it either
                file.write_bytes(blob.data)
        values = {
            "config": os.path.join(root, kit.directory, kit.config or ""),
            "folder": os.path.join(root, folder),
            "copy": _from_kit(os.path.join(root, kit.directory), copy),
        }
        text = _CONFIG % {"other": _OTHER_FOLDER, **{key: json.dumps(value) for key, value in values.items()}}
        config.write_text(text, "utf-8")
        yield copy, config


def _from_kit(directory: str, copy: Path) -> str:
    """The copy's path as drizzle-kit 0.31 can read it: it puts `./` before the path of each snapshot."""
    return os.path.relpath(os.path.realpath(copy), os.path.realpath(directory)).replace(os.sep, "/")


def _run(root: str, kit: Kit, what: str, config: Path) -> str | None:
    """What drizzle-kit prints; None if it did not end in time."""
    command = (require_runner(kit), *kit.runner[1:], "drizzle-kit", what, f"--config={config}")
    with subprocess.Popen(
        command,
        cwd=os.path.join(root, kit.directory),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=for_other_programs(),
        start_new_session=os.name == "posix",
    ) as process:
        try:
            text = plain(process.communicate(timeout=SECONDS)[0])
            copy = config.parent / "folder"
            for path in (_from_kit(os.path.join(root, kit.directory), copy), str(copy)):
                text = text.replace(f"{path}/", "")  # it is the folder's own file that is meant
            return text
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with what it started: a package manager does not end its child."""
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


def _check(text: str | None) -> Said:
    if text is not None and _FINE in text:
        return Said(Verdict.CONTENT, "everything's fine")
    return _failed(text)


def _generate(text: str | None, copy: Path) -> Said:
    if text is None:
        return _failed(text)
    if _NO_CHANGES in text:
        return Said(Verdict.CONTENT, "no schema changes")
    if (name := said_it_wrote(text)) is not None:  # only its name is left of the path
        tag = os.path.basename(name).removesuffix(".sql")
        sql = (copy / f"{tag}.sql").read_text("utf-8", "replace")
        snapshot = (copy / snapshot_path(tag.partition("_")[0])).read_bytes()
        count = len([part for part in sql.split(_CUT) if part.strip()])
        return Said(Verdict.WRITES, f"it would write {count} statement{'' if count == 1 else 's'}", (sql, snapshot))
    if any(sign in text for sign in _ASKS):
        return Said(Verdict.ASKS, "not told: it wants to ask whether something was renamed")
    return _failed(text)


def _failed(text: str | None) -> Said:
    if text is None:
        return Said(Verdict.NOT_ASKED, f"not asked: it did not end within {SECONDS} seconds")
    if _OTHER_FOLDER in text:
        return Said(Verdict.NOT_ASKED, "not asked: the project's config writes another folder")
    lines = [line.strip() for line in text.splitlines()]
    told = [line for line in lines if line and not _NOISE.match(line)]
    why = next((line for line in told if "Error" in line or "malformed" in line), told[0] if told else "without a word")
    return Said(Verdict.STOPS, f"it stops: {printable(why)[:200]}")
