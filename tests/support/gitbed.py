"""A bed for tests with real git: throw-away repositories that know nothing of the machine's settings."""

from __future__ import annotations

import atexit
import contextlib
import io
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from drizzle_guard.__main__ import main
from support.cases import put_side
from support.printed_commands import heard

#: where `drizzle-guard` of the running Python is installed
SCRIPTS = Path(sys.executable).parent

GITCONFIG = """[user]
\tname = Dev
\temail = dev@example.org
[init]
\tdefaultBranch = main
[core]
\teditor = true
\tfsync = none
[gc]
\tauto = 0
[maintenance]
\tauto = false
[advice]
\tdetachedHead = false
"""


BACKENDS = ["--merge", "--apply"]


class Done(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Both outputs."""
        return self.out + self.err

    @property
    def commands(self) -> list[str]:
        """The lines that are to be typed next."""
        lines = [line.strip() for line in self.text.splitlines()]
        return [line for line in lines if line.startswith(("git ", "drizzle-guard ", "npx ", "mkdir "))]


def hermetic_env(home: Path, git: Path | None = None) -> dict[str, str]:
    """The environment for git in tests: own HOME, no system settings, fixed dates; `git` goes in front of the PATH."""
    kept = ("PATH", "TMPDIR", "LANG", "SYSTEMROOT", "PYTHONPATH", "VIRTUAL_ENV", "CI")
    env = {key: value for key, value in os.environ.items() if key in kept}
    path = [str(git)] if git else []
    env.update(
        HOME=str(home),
        XDG_CONFIG_HOME=str(home / ".config"),
        PATH=os.pathsep.join([*path, str(SCRIPTS), env.get("PATH", os.defpath)]),
        GIT_CONFIG_NOSYSTEM="1",
        GIT_ATTR_NOSYSTEM="1",
        GIT_CEILING_DIRECTORIES=str(home.parent),
        GIT_TERMINAL_PROMPT="0",
        GIT_EDITOR="true",
        GIT_SEQUENCE_EDITOR="true",
        GIT_AUTHOR_DATE="2024-01-01T12:00:00Z",
        GIT_COMMITTER_DATE="2024-01-01T12:00:00Z",
        LC_ALL="C.UTF-8",
        TZ="UTC",
    )
    return env


class Bed:
    """One repository, `root`, on branch main."""

    def __init__(self, directory: Path, *, git: Path | None = None, name: str = "repo") -> None:
        self.directory, self.root = directory, directory / name
        home = directory / "home"
        home.mkdir(parents=True, exist_ok=True)
        (home / ".gitconfig").write_text(GITCONFIG)
        self.env = hermetic_env(home, git)
        if not self.root.exists():
            self.root.mkdir(parents=True)
            self.git("init", "-q", "--template=")
            for name in ("hooks", "info"):  # as git's own template has them, without its samples
                (self.root / ".git" / name).mkdir()

    def at(self, root: Path) -> Bed:
        """The same bed for another directory (a clone, a worktree)."""
        other = Bed.__new__(Bed)
        other.directory, other.root, other.env = self.directory, root, dict(self.env)
        return other

    def run(self, *argv: str, check: bool = True, env: Mapping[str, str] | None = None, stdin: str = "") -> Done:
        """Run a command in the repository."""
        done = subprocess.run(
            argv,
            cwd=self.root,
            env={**self.env, **(env or {})},
            input=stdin.encode(),
            capture_output=True,
            timeout=120,
            check=False,
        )
        out = Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
        heard(argv, out.text)
        assert "Traceback" not in out.text, out.text
        assert not check or out.code == 0, f"{argv} ended with {out.code}:\n{out.text}"
        return out

    def type(self, *lines: str, check: bool = True) -> Done:
        """Type lines in a shell, as they were printed; what came of the last.  `check`: each has to work."""
        done = [self.run("sh", "-c", line, check=check) for line in lines]
        return done[-1]

    def git(self, *args: str, check: bool = True, env: Mapping[str, str] | None = None) -> str:
        """Run git; its standard output."""
        return self.run("git", *args, check=check, env=env).out.strip("\n")

    def try_git(self, *args: str, env: Mapping[str, str] | None = None) -> Done:
        """Run git and return what came of it."""
        return self.run("git", *args, check=False, env=env)

    def tool(self, *args: str, env: Mapping[str, str] | None = None, stdin: str = "") -> Done:
        """Run drizzle-guard and return what came of it."""
        return self.run("drizzle-guard", *args, check=False, env=env, stdin=stdin)

    def call(self, *args: str, env: Mapping[str, str] | None = None) -> Done:
        """Run drizzle-guard in this process: the same answers, several times cheaper than `tool`.

        For commands whose process is not what is tested; what a child of theirs prints is not seen.
        """
        written = io.BytesIO(), io.BytesIO()
        out, err = (io.TextIOWrapper(file, "utf-8", "backslashreplace", newline="") for file in written)
        before = Path.cwd()
        os.chdir(self.root)
        try:
            with (
                mock.patch.dict(os.environ, {**self.env, **(env or {})}, clear=True),
                mock.patch.object(sys, "argv", [str(SCRIPTS / "drizzle-guard"), *args]),
                mock.patch.object(sys, "stdin", io.StringIO()),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                code = main(list(args))
        finally:
            os.chdir(before)
        out.flush()
        err.flush()
        done = Done(code, *(file.getvalue().decode() for file in written))
        heard(("drizzle-guard", *args), done.text)
        assert "Traceback" not in done.text, done.text
        return done

    def arm(self) -> None:
        """Do what `drizzle-guard install` does; in an ordinary repository, by a copy of what it did in another one."""
        git = self.root / ".git"
        ordinary = (
            (git / "config").is_file()
            and Path(self.env["HOME"], ".gitconfig").read_text("utf-8") == GITCONFIG
            and "hookspath" not in (git / "config").read_text("utf-8").casefold()
            and not any((git / "hooks").iterdir())
            and not (git / "info/attributes").exists()
            and not (self.root / ".gitattributes").exists()
            and not any(self.root.rglob("migrations.js"))
        )
        if not ordinary:
            done = self.tool("install", "--no-protect")
            assert done.code == 0, done.text
            return
        for path, added in _installed(self.env["PATH"]).items():
            file = self.root / path
            file.write_bytes((file.read_bytes() if file.exists() else b"") + added)
            if file.parent.name == "hooks":
                file.chmod(0o755)

    def lay_out(self, key: object, build: Callable[[], None]) -> None:
        """Do what `build` does to a new repository, by a copy of what it did to another one under the same `key`."""
        git = self.root / ".git"
        if os.listdir(self.root) != [".git"] or any((git / name).exists() for name in ("index", "packed-refs")):
            return build()
        if any(file.is_file() for name in ("hooks", "info", "refs", "objects") for file in (git / name).rglob("*")):
            return build()
        env = tuple((name, value.replace(str(self.directory), "")) for name, value in sorted(self.env.items()))
        settings = ((self.directory / "home/.gitconfig").read_bytes(), (git / "config").read_bytes())
        template = _templates() / str(abs(hash((key, env, settings))))
        if template.exists():
            shutil.rmtree(self.root)
            shutil.copytree(template, self.root, symlinks=True)
            self.try_git("update-index", "-q", "--refresh")  # git knows files by inode and time of change, too
        else:
            build()
            shutil.copytree(self.root, template, symlinks=True)

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file of the worktree."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file

    def read(self, path: str) -> bytes:
        """The bytes of a file of the worktree."""
        return (self.root / path).read_bytes()

    def commit(self, message: str = "commit", *args: str) -> str:
        """Commit everything; the new commit."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, *args)
        return self.git("rev-parse", "HEAD")

    def history(self, *commits: tuple[str, str | None, Mapping[str, bytes]]) -> None:
        """Make commits at once: (branch, the branch of its parent, all its files), as refs like refs/heads/main."""
        stream = bytearray()
        for branch, parent, files in commits:
            who = b"Dev <dev@example.org> 1704110400 +0000"
            message = branch.removeprefix("refs/heads/").encode()
            stream += b"commit %s\nauthor %s\ncommitter %s\n" % (branch.encode(), who, who)
            stream += b"data %d\n%s\n" % (len(message), message)
            if parent is not None:
                stream += b"from %s\n" % parent.encode()
            stream += b"deleteall\n"
            for path, data in files.items():
                quoted = path.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
                stream += b'M 100644 inline "%s"\ndata %d\n%s\n' % (quoted, len(data), data)
        command = ("git", "fast-import", "--quiet", "--date-format=raw")
        subprocess.run(command, cwd=self.root, env=self.env, input=stream, check=True)

    def put(self, source: Path, folder: str = "drizzle") -> None:
        """Make `folder` equal to a side of a case, or another directory of fixtures."""
        target = self.root / folder
        if target.exists():
            shutil.rmtree(target)
        put_side(source, target)

    def branch(self, name: str, start: str = "HEAD") -> None:
        """Make a branch and check it out."""
        self.git("checkout", "-q", "-B", name, start)

    def files(self, treeish: str, folder: str = "drizzle") -> dict[str, bytes]:
        """The files of a folder in a commit, by path inside it."""
        start = f"{folder}/" if folder else ""
        listed = self.git("ls-tree", "-r", "-z", treeish, *([start] if start else []))
        blobs = {}
        for line in filter(None, listed.split("\0")):
            entry, _, path = line.partition("\t")
            if entry.split()[1] == "blob":
                blobs[path.removeprefix(start)] = entry.split()[2]
        return dict(zip(blobs, self.blobs(*blobs.values()), strict=True))

    def blobs(self, *ids: str) -> list[bytes]:
        """The bytes of blobs, in this order."""
        command = ("git", "cat-file", "--batch")
        asked = "".join(f"{id_}\n" for id_ in ids).encode()
        answer = subprocess.run(command, cwd=self.root, env=self.env, input=asked, capture_output=True).stdout
        found, at = [], 0
        for _ in ids:
            end = answer.index(b"\n", at)
            size = int(answer[at:end].split()[2])
            found.append(answer[end + 1 : end + 1 + size])
            at = end + size + 2
        return found

    def state(self) -> dict[str, str]:
        """All that an abort has to bring back."""
        return {
            "head": self.git("rev-parse", "HEAD") + self.git("symbolic-ref", "-q", "HEAD", check=False),
            "refs": self.git("for-each-ref"),
            "index": self.git("ls-files", "-s"),
            "status": self.git("status", "--porcelain", "-uall"),
        }

    def stages(self) -> dict[str, str]:
        """The unmerged entries of the index: blob by `path:stage`."""
        lines = self.git("ls-files", "-u").splitlines()
        return {f"{line.split(chr(9))[1]}:{line.split()[2]}": line.split()[1] for line in lines}


@cache
def _templates() -> Path:
    """The directory of this process's templates."""
    directory = Path(tempfile.mkdtemp(prefix="templates-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


@cache
def _installed(path: str) -> dict[str, bytes]:
    """What `drizzle-guard install` adds to the files of a new repository, with this PATH."""
    with tempfile.TemporaryDirectory() as directory:
        bed = Bed(Path(directory))
        bed.env["PATH"] = path
        before = (bed.root / ".git/config").read_bytes()
        done = bed.tool("install", "--no-protect")
        assert done.code == 0, done.text
        return {
            str(Path(name).relative_to(bed.root)): data.removeprefix(before) for name, data in machinery(bed).items()
        }


def tree_of(directory: Path) -> dict[str, bytes]:
    """The files below a directory, by path inside it."""
    return {str(p.relative_to(directory)): p.read_bytes() for p in sorted(directory.rglob("*")) if p.is_file()}


_NO_SNAPSHOT = str(uuid.UUID(int=0))
_clock = itertools.count(1_700_000_000_000, 60_000)


def add_migration(folder: Path, name: str) -> str:
    """Do what `drizzle-kit generate --name NAME` does for a new PostgreSQL table NAME; its tag.

    A minute passes between two calls, wherever they are made.
    """
    journal_file = folder / "meta" / "_journal.json"
    journal: dict[str, Any] = {"version": "7", "dialect": "postgresql", "entries": []}
    before: dict[str, Any] = {"id": _NO_SNAPSHOT, "tables": {}}
    if journal_file.exists():
        journal = json.loads(journal_file.read_text())
        before = json.loads(sorted((folder / "meta").glob("*_snapshot.json"))[-1].read_text())
    idx = journal["entries"][-1]["idx"] + 1 if journal["entries"] else 0
    tag = f"{idx:04}_{name}"
    entry = {"idx": idx, "version": "7", "when": next(_clock), "tag": tag, "breakpoints": True}
    column = {"name": "id", "type": "integer", "primaryKey": False, "notNull": False}
    kinds = ("indexes", "foreignKeys", "compositePrimaryKeys", "uniqueConstraints", "policies", "checkConstraints")
    table = {"name": name, "schema": "", "columns": {"id": column}, **{kind: {} for kind in kinds}}
    snapshot = {
        "id": str(uuid.uuid4()),
        "prevId": before["id"],
        "version": "7",
        "dialect": "postgresql",
        "tables": {**before["tables"], f"public.{name}": {**table, "isRLSEnabled": False}},
        **{kind: {} for kind in ("enums", "schemas", "sequences", "roles", "policies", "views")},
        "_meta": {"columns": {}, "schemas": {}, "tables": {}},
    }
    journal["entries"].append(entry)
    journal_file.parent.mkdir(parents=True, exist_ok=True)
    journal_file.write_text(json.dumps(journal, indent=2))
    (folder / "meta" / f"{idx:04}_snapshot.json").write_text(json.dumps(snapshot, indent=2))
    (folder / f"{tag}.sql").write_text(f'CREATE TABLE "{name}" (\n\t"id" integer\n);\n')
    return tag


def migrations(files: Mapping[str, bytes]) -> list[str]:
    """The names in a folder made by `add_migration`, in order; fails unless the folder is canonical."""
    entries = json.loads(files["meta/_journal.json"])["entries"]
    assert [entry["idx"] for entry in entries] == list(range(len(entries)))
    whens = [entry["when"] for entry in entries]
    assert whens == sorted(set(whens)), whens
    names, previous = [], _NO_SNAPSHOT
    expected = {"meta/_journal.json"}
    for entry in entries:
        number, _, name = entry["tag"].partition("_")
        assert number == f"{entry['idx']:04}", entry
        names.append(name)
        expected |= {f"{entry['tag']}.sql", f"meta/{number}_snapshot.json"}
        assert f'CREATE TABLE "{name}"' in files[f"{entry['tag']}.sql"].decode()
        snapshot = json.loads(files[f"meta/{number}_snapshot.json"])
        assert snapshot["prevId"] == previous, entry
        assert list(snapshot["tables"]) == [f"public.{name}" for name in names], entry
        previous = snapshot["id"]
    assert set(files) == expected
    return names


def machinery(bed: Bed) -> dict[str, bytes]:
    """All that `install` may touch: configuration, attributes and hooks."""
    git = bed.root / ".git"
    paths = [git / "config", bed.root / ".gitattributes", *(git / "info").rglob("*"), *(git / "hooks").rglob("*")]
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


def git_version(bed: Bed) -> tuple[int, ...]:
    return tuple(int(part) for part in bed.git("--version").split()[2].split(".")[:2])
