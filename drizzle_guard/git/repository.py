"""Calling git: one process per question, one long-running process for blobs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

from drizzle_guard.core.errors import GuardError, UsageError, printable


class GitFailed(GuardError):
    """A git command that had to work did not."""


class Repository:
    """A git repository, as seen from a directory (default: the current one).

    The environment is git's own: a hook's `GIT_INDEX_FILE` and `GIT_DIR` hold for every call.
    """

    def __init__(self, directory: str | None = None) -> None:
        self._directory = directory
        done = self._run(("rev-parse", "--absolute-git-dir", "--git-common-dir", "--is-bare-repository", "--show-cdup"))
        if done.returncode:
            text = printable(os.fsdecode(done.stderr).strip().removeprefix("fatal: "))
            raise UsageError(f"this is no git repository: {text}.")
        lines = os.fsdecode(done.stdout).split("\n")
        here = os.path.realpath(directory or os.getcwd())
        self.git_dir = lines[0]
        self.common_dir = os.path.normpath(os.path.join(here, lines[1]))
        self.is_bare = lines[2] == "true"
        #: top of the worktree; all paths are relative to it and all calls are made from it
        self.root = self.git_dir if self.is_bare else os.path.normpath(os.path.join(here, lines[3]))
        self._directory = self.root
        self._reader: subprocess.Popen[bytes] | None = None

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
            text = os.fsdecode(done.stderr).strip().split("\n")[-1]
            raise GitFailed(f"git {args[0]} failed: {printable(text)}")
        return done.stdout

    def line(self, *args: str) -> str | None:
        """The one line that git answers; None if it fails or says nothing."""
        done = self._run(args)
        text = os.fsdecode(done.stdout).strip("\n")
        return text if done.returncode == 0 and text else None

    def _run(
        self, args: Sequence[str], stdin: bytes | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ("git", *args),
                cwd=self._directory,
                input=b"" if stdin is None else stdin,
                capture_output=True,
                env={**os.environ, **env} if env else None,
                check=False,
            )
        except FileNotFoundError:
            raise UsageError("git is not on the PATH.") from None

    # -- objects

    def blob(self, oid: str) -> bytes:
        """The bytes of a blob.  Raises GitFailed if it is not here."""
        if self._reader is None:
            self._reader = subprocess.Popen(
                ("git", "cat-file", "--batch"), cwd=self._directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        assert self._reader.stdin and self._reader.stdout
        self._reader.stdin.write(oid.encode() + b"\n")
        self._reader.stdin.flush()
        head = self._reader.stdout.readline().split()
        if len(head) != 3:
            raise GitFailed(f"object {oid} is missing (a shallow or partial clone?)", "git fetch --unshallow")
        data = self._reader.stdout.read(int(head[2]))
        self._reader.stdout.read(1)
        return data

    def write_blob(self, data: bytes) -> str:
        """Store a blob; its id."""
        return os.fsdecode(self.git("hash-object", "-w", "--stdin", stdin=data)).strip()

    def commit(self, name: str) -> str | None:
        """The id of the commit that a name stands for; None if there is none."""
        return self.line("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")

    def parents(self, commit: str) -> list[str]:
        """The ids of a commit's parents."""
        text = self.line("rev-parse", f"{commit}^@") or ""
        return text.split()

    def merge_bases(self, one: str, other: str) -> list[str]:
        """All best common ancestors; none if the histories are unrelated or the clone is too shallow."""
        return (self.line("merge-base", "--all", one, other) or "").split()

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
                return os.fsdecode(file.read())
        except OSError:
            return None

    def has_state(self, name: str) -> bool:
        """Whether a file or directory of that name is in this worktree's git directory."""
        return os.path.exists(os.path.join(self.git_dir, name))

    def close(self) -> None:
        """End the process that reads blobs."""
        if self._reader is not None and self._reader.stdin and self._reader.stdout:
            self._reader.stdin.close()
            self._reader.stdout.close()
            self._reader.wait()
            self._reader = None

    def __enter__(self) -> Repository:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
