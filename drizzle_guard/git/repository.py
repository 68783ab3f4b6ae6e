"""Calling git: one process per question, one long-running process for blobs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress

from drizzle_guard.drizzle.folder import MAX_BYTES, too_large
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.environment import OVERRULED, for_git, git_program
from drizzle_guard.git.text import bytes_of, text_of
from drizzle_guard.light import NamedTuple

#: an option that changes nothing behind the questions
_SINCE_2_31 = "--path-format=relative"


class GitFailed(GuardError):
    """A git command that had to work did not."""


class Object(NamedTuple):
    """An object of git's: its id, its kind (`blob`, `tree`, `commit`) and its bytes."""

    id: str
    kind: str
    data: bytes


class Repository:
    """A git repository, as seen from a directory (default: the current one).

    `env` is the environment of its git commands, if not this process's.
    A hook's `GIT_INDEX_FILE` and `GIT_DIR` hold for every call; `git.environment` says what else does.
    """

    def __init__(self, directory: str | None = None, env: dict[str, str] | None = None) -> None:
        self._directory = directory
        self._env = for_git(directory or ".") if env is None else env
        asked = ("absolute-git-dir", "git-common-dir", "is-bare-repository", "show-object-format", "show-cdup")
        done = self._run(("rev-parse", *(f"--{question}" for question in asked), "--git-path", "hooks", _SINCE_2_31))
        if done.returncode:
            advice = [line.strip() for line in text_of(done.stderr).split("\n") if line.strip().startswith("git ")]
            reason = _reason(done.stderr)
            if reason.startswith("not a git repository (or any"):
                raise UsageError("this is no git repository, and no directory above it is one.")
            raise UsageError(f"this is no git repository: {reason}.", *advice)
        lines = text_of(done.stdout).split("\n")
        if lines[2] not in ("true", "false"):
            raise UsageError("the path of this repository has a line break in it; drizzle-guard cannot work here.")
        here = os.path.realpath(directory or os.getcwd())
        self.git_dir = lines[0]
        self.common_dir = os.path.normpath(os.path.join(here, lines[1]))
        self.is_bare = lines[2] == "true"
        #: git's "no object", as long as the ids of this repository are
        self.no_object = "0" * (64 if lines[3] == "sha256" else 40)
        #: top of the worktree; all paths are relative to it and all calls are made from it
        self.root = self.git_dir if self.is_bare else os.path.normpath(os.path.join(here, lines[4]))
        self._directory = self.root
        # a relative `core.hooksPath` is meant from the top
        self._hooks = lines[5] if here == os.path.realpath(self.root) else None
        #: whether git is 2.31 or later; an earlier one repeats the option that it does not know
        self.is_since_2_31 = _SINCE_2_31 not in lines[6:]
        self._reader: subprocess.Popen[bytes] | None = None

    @property
    def hooks_dir(self) -> str:
        """Where git looks for hooks (`core.hooksPath` too, also one given with `-c`)."""
        if self._hooks is None:
            self._hooks = self.line("rev-parse", "--git-path", "hooks") or "hooks"
        return os.path.normpath(os.path.join(self.root, self._hooks))

    # -- calls

    def run(
        self, *args: str, stdin: bytes | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git and return what came of it, whatever that is."""
        return self._run(args, stdin, env)

    def git(self, *args: str, stdin: bytes | None = None, env: dict[str, str] | None = None) -> bytes:
        """Run git and return its standard output.  Raises GitFailed."""
        done = self._run(args, stdin, env)
        if done.returncode:
            raise GitFailed(f"git {args[0]} failed: {_reason(done.stderr)}.")
        return done.stdout

    def line(self, *args: str) -> str | None:
        """The one line that git answers; None if it fails or says nothing."""
        done = self._run(args)
        text = text_of(done.stdout).strip("\n")
        return text if done.returncode == 0 and text else None

    def _run(
        self, args: Sequence[str], stdin: bytes | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                (git_program(), *OVERRULED, *args),
                cwd=self._directory,
                input=b"" if stdin is None else stdin,
                capture_output=True,
                env={**self._env, **env} if env else self._env,
                check=False,
            )
        except FileNotFoundError:
            if self._directory is not None and not os.path.isdir(self._directory):
                raise UsageError(f"{printable(self._directory)} is no directory.") from None
            raise UsageError("git is not on the PATH.") from None

    # -- objects

    def read(self, name: str, shown: str = "") -> Object | None:
        """The object that a name stands for (`HEAD^{commit}`, `main:drizzle/meta`, an id); None if it is not here.

        One long-running process answers.  Raises GuardError if it is too large; `shown` is the file, for the message.
        """
        if "\n" in name:
            oid = self.line("rev-parse", "--verify", "--quiet", name)
            return None if oid is None else self.read(oid, shown)
        if self._reader is None:
            self._reader = subprocess.Popen(
                (git_program(), "cat-file", "--batch"),
                cwd=self._directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=self._env,
            )
        assert self._reader.stdin and self._reader.stdout
        self._reader.stdin.write(bytes_of(name) + b"\n")
        self._reader.stdin.flush()
        head = self._reader.stdout.readline()
        if not head:
            self.close()
        if not head or head.endswith((b" missing\n", b" ambiguous\n", b" submodule\n")):
            return None
        oid, kind, size = text_of(head).split()
        if int(size) > MAX_BYTES:
            self._reader.kill()
            self.close()
            raise too_large(shown or name)
        data = self._reader.stdout.read(int(size))
        self._reader.stdout.read(1)
        return Object(oid, kind, data)

    def blob(self, oid: str, name: str = "") -> bytes:
        """The bytes of a blob; `name` is the file, for messages.  Raises GuardError if it is not here or too large."""
        found = self.read(oid, name)
        if found is None:
            shown = f"{printable(name)}: " if name else ""
            raise GitFailed(
                f"{shown}object {oid} is missing: it is damaged, or the remote of this partial clone is out of reach.",
                "Fetch everything anew (git 2.36 or later):",
                "git fetch --refetch",
            )
        return found.data

    def write_blob(self, data: bytes) -> str:
        """Store a blob; its id."""
        return text_of(self.git("hash-object", "-w", "--stdin", stdin=data)).strip()

    def commit(self, name: str) -> str | None:
        """The id of the commit that a name stands for; None if there is none."""
        found = self.read(f"{name}^{{commit}}")
        return None if found is None else found.id

    def parents(self, commit: str) -> list[str]:
        """The ids of a commit's parents."""
        if self.is_shallow() or os.path.exists(os.path.join(self.common_dir, "info", "grafts")):
            return (self.line("rev-parse", f"{commit}^@") or "").split()  # git knows other parents than the object
        found = self.read(f"{commit}^{{commit}}")
        head = b"" if found is None else found.data.partition(b"\n\n")[0]
        return [line[7:].decode("ascii") for line in head.split(b"\n") if line.startswith(b"parent ")]

    def merge_bases(self, one: str, other: str) -> list[str]:
        """All best common ancestors; none if the histories are unrelated or the clone is too shallow."""
        return (self.line("merge-base", "--all", one, other) or "").split()

    def branch(self) -> str | None:
        """The name of the branch that is checked out; None if none is."""
        head = self.state_file("HEAD") or ""
        if head.startswith("ref: refs/heads/") and not head.startswith("ref: refs/heads/.invalid"):
            return head.removeprefix("ref: refs/heads/").rstrip("\n")
        # detached, or the refs are kept in another form, which leaves no true HEAD file
        return self.line("symbolic-ref", "--quiet", "--short", "HEAD")

    def is_shallow(self) -> bool:
        """Whether history ends early in this clone."""
        return os.path.exists(os.path.join(self.common_dir, "shallow"))

    # -- settings and files of git's own

    def config(self, key: str) -> str | None:
        """A setting; None if it is not set."""
        return self.line("config", "--get", key)

    def state_file(self, name: str) -> str | None:
        """The text of a file in this worktree's git directory (`MERGE_HEAD`, `rebase-merge/done`); None if absent."""
        try:
            with open(os.path.join(self.git_dir, name), "rb") as file:
                return text_of(file.read())
        except OSError:
            return None

    def has_state(self, name: str) -> bool:
        """Whether a file or directory of that name is in this worktree's git directory."""
        return os.path.exists(os.path.join(self.git_dir, name))

    def close(self) -> None:
        """End the process that reads blobs."""
        if self._reader is not None and self._reader.stdin and self._reader.stdout:
            with suppress(BrokenPipeError):
                self._reader.stdin.close()
            self._reader.stdout.close()
            self._reader.wait()
            self._reader = None

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _reason(stderr: bytes) -> str:
    """What git says of a failure; its advice to remove a lock comes in further lines."""
    lines = text_of(stderr).strip().split("\n")
    said = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines
    return printable(said[-1].removeprefix("fatal: ").removeprefix("error: ").rstrip("."))
