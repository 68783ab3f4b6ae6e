"""A throw-away clone in which nothing can run: no hook, no filter, no driver, no setting but ours, and no checkout.

The token goes to git in the environment of the calls that need it: it stands in no command line, in no URL and in no
file.  The only files written are those called `.gitattributes`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum

from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.environment import git_program
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of, text_of
from drizzle_guard.light import NamedTuple

#: of git's own variables these may stay; any other could bring a setting, a program or another repository
_KEPT = ("GIT_SSL_", "GIT_HTTP_", "GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_EXEC_PATH")
_BOT = ("drizzle-guard", "drizzle-guard@users.noreply.github.com")
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.symlinks": "false",
    "core.autocrlf": "false",
    "core.fsmonitor": "false",
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "http.followRedirects": "false",
    "maintenance.auto": "false",
    "protocol.ext.allow": "never",
    "push.followTags": "false",
    "push.gpgSign": "false",
    "push.recurseSubmodules": "no",
    "submodule.recurse": "false",
}


class Pushed(Enum):
    """What came of a push: done, the branch had moved meanwhile, or the forge did not take it."""

    DONE = "done"
    MOVED = "moved"
    REFUSED = "refused"


class Push(NamedTuple):
    """A push and, where it was refused, the reason."""

    result: Pushed
    reason: str = ""


class Clone:
    """The clone: fetches, and pushes one commit."""

    def __init__(self, repository: Repository, url: str, header: str, token: str) -> None:
        self.repository, self._url, self._token = repository, url, token
        self._written: set[str] = set()  # the files of attributes that lie there
        name = f"http.{url}.extraHeader" if url.startswith(("http://", "https://")) else ""
        self._let_in = _settings({**_SETTINGS, **({name: header} if name else {})})

    def fetch(self, ref: str, to: str) -> str | None:
        """Fetch a ref with all its history; its commit, or None if it is not there (any more).

        Raises GuardError if the repository cannot be read.
        """
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
        done = self.repository.run("fetch", *options, self._url, f"+{ref}:{to}", env=self._let_in)
        if done.returncode == 0:
            return self.repository.commit(to)
        said = text_of(done.stderr)
        if "couldn't find remote ref" in said:
            return None
        raise GuardError(f"{printable(ref)} cannot be fetched: {self._reason(said)}.")

    def push(self, commit: str, branch: str, expected: str) -> Push:
        """Move the branch from `expected` to `commit`, which is its child; never anything else."""
        ref = f"refs/heads/{branch}"
        lease = f"--force-with-lease={ref}:{expected}"  # also: a branch that was deleted is not made again
        if self.repository.run("merge-base", "--is-ancestor", expected, commit).returncode:
            return Push(Pushed.REFUSED, "the commit is not based on the branch")
        done = self.repository.run(
            "push", "--porcelain", "--no-verify", lease, self._url, f"{commit}:{ref}", env=self._let_in
        )
        if done.returncode == 0:
            return Push(Pushed.DONE)
        said = text_of(done.stdout + done.stderr)
        if "stale info" in said or "fetch first" in said or "non-fast-forward" in said or "cannot lock ref" in said:
            return Push(Pushed.MOVED)
        return Push(Pushed.REFUSED, self._reason(said))

    def read_attributes(self, commit: str) -> None:
        """Write out the `.gitattributes` files of a commit: from there git takes what may be merged as text."""
        self.repository.git("read-tree", "--reset", commit)
        pattern = ":(top,glob)**/.gitattributes"
        there = text_of(self.repository.git("ls-files", "-z", "--", pattern)).split("\0")
        for path in self._written - set(there):
            os.unlink(os.path.join(self.repository.root, path))
        self._written = set(filter(None, there))
        if self._written:
            self.repository.git("checkout-index", "-f", "-q", "-z", "--stdin", stdin=bytes_of("\0".join(there)))

    def _reason(self, said: str) -> str:
        """What git and the forge said, in one line, without the token."""
        lines = [line.strip() for line in said.split("\n") if line.strip() and not line.startswith(("To ", "Done"))]
        told = [line for line in lines if line.startswith(("remote: ", "fatal: ", "error: ", "!"))] or lines
        text = " ".join(" ".join(told).replace("\t", " ").split()) or "git says nothing"
        if self._token:
            text = text.replace(self._token, "***")
        return printable(text)[:500].rstrip(".")


@contextmanager
def throw_away_clone(url: str, header: str, token: str) -> Iterator[Clone]:
    """An empty clone of `url` that is gone afterwards; `header` lets git in over HTTP.  Raises GuardError."""
    import subprocess

    with tempfile.TemporaryDirectory(prefix="drizzle-guard-") as directory:
        env = quiet_environment(os.environ)
        command = (git_program(), "init", "--quiet", "--template=", "--initial-branch=none", directory)
        try:
            done = subprocess.run(command, env=env, capture_output=True, check=False)
        except FileNotFoundError:
            raise GuardError("git is not on the PATH.") from None
        if done.returncode:
            raise GuardError(f"git init failed: {printable(text_of(done.stderr).strip())}.")
        with Repository(directory, env) as repository:
            yield Clone(repository, url, header, token)


def quiet_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a git that reads no settings but those that we give it."""
    env = {name: value for name, value in environ.items() if not name.startswith("GIT_") or name.startswith(_KEPT)}
    for who in ("AUTHOR", "COMMITTER"):
        env.setdefault(f"GIT_{who}_NAME", _BOT[0])
        env.setdefault(f"GIT_{who}_EMAIL", _BOT[1])
    env.update(
        GIT_CONFIG_NOSYSTEM="1",
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_ATTR_NOSYSTEM="1",
        GIT_TERMINAL_PROMPT="0",
        GIT_ASKPASS="true",
        LC_ALL="C",
        **_settings(_SETTINGS),
    )
    return env


def _settings(settings: Mapping[str, str]) -> dict[str, str]:
    env = {"GIT_CONFIG_COUNT": str(len(settings))}
    for n, (key, value) in enumerate(settings.items()):
        env.update({f"GIT_CONFIG_KEY_{n}": key, f"GIT_CONFIG_VALUE_{n}": value})
    return env
