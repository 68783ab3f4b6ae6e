"""What is asked of a forge (GitHub, GitLab): pull requests, one comment on each, and where to fetch and push."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from drizzle_guard.errors import GuardError
from drizzle_guard.light import NamedTuple

#: the first line of our comment; a reader does not see it
MARKER = "<!-- drizzle-guard: migrations of this branch -->"


class Pull(NamedTuple):
    """An open pull request (GitLab: merge request).

    `branch` is its own branch and `base` the one that it is to be merged into; `ref` is where the repository has its
    commit.  `is_fork`: the branch is in another repository, to which nothing is pushed.
    """

    number: int
    branch: str
    base: str
    ref: str
    is_fork: bool


class Comment(NamedTuple):
    """A comment that we wrote earlier."""

    id: int
    body: str


class Asked(NamedTuple):
    """What an event asks for: one pull request, or all open ones onto `base` (`number` None).

    `nothing` is why there is nothing to do at all ("": there is).
    """

    base: str = ""
    number: int | None = None
    nothing: str = ""


class ForgeError(GuardError):
    """The forge did not do what it was asked for; `status` is the HTTP status, 0 where there was no answer."""

    def __init__(self, message: str, *hints: str, status: int = 0) -> None:
        super().__init__(message, *hints)
        self.status = status


class Forge(Protocol):
    """A forge, with the token that we were given.  Everything raises ForgeError."""

    #: what to fetch from and push to, without any credential
    clone_url: str
    #: the HTTP header that lets git in, as `Name: value`
    git_header: str
    token: str

    def asked(self) -> Asked:
        """What the event that started us asks for."""
        ...

    def pull(self, number: int) -> Pull | None:
        """One pull request; None if it is not open."""
        ...

    def open_pulls(self, base: str) -> Iterable[Pull]:
        """All open pull requests onto a branch."""
        ...

    def comment(self, pull: Pull) -> Comment | None:
        """Our comment; None if there is none."""
        ...

    def say(self, pull: Pull, comment: Comment | None, body: str) -> None:
        """Write our comment, or (`comment`) write it anew."""
        ...


def branch_of(ref: str) -> str:
    """The branch that a ref names (`refs/heads/main`, `main`)."""
    return ref.removeprefix("refs/heads/")
