"""Which branch is the mainline: the one whose migrations are published."""

from __future__ import annotations

import os
from contextlib import suppress

from drizzle_guard.errors import UsageError, printable
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import text_of
from drizzle_guard.light import NamedTuple

CONFIG_KEY = "drizzle-guard.mainline"
CONFIG_FILE = "drizzle-guard.toml"


class Mainline(NamedTuple):
    """The mainline's name as the user writes it, its commit, and who said so."""

    name: str
    commit: str
    source: str

    @property
    def branch(self) -> str:
        """The branch's own name, without a remote in front."""
        return self.name.removeprefix("refs/remotes/").removeprefix("refs/heads/").removeprefix("origin/")


def find_mainline(repository: Repository, onto: str | None = None) -> Mainline | None:
    """`--onto`, else `drizzle-guard.toml`, else git's config, else the upstream default branch, else main or master.

    None if nothing tells.  Raises UsageError if what the user named does not exist.
    """
    for name, source in ((onto, "--onto"), (_from_file(repository), CONFIG_FILE)):
        if name:
            return _named(repository, name, source)
    if name := repository.config(CONFIG_KEY):
        return _named(repository, name, f"git config {CONFIG_KEY}")
    return _usual(repository)


def _usual(repository: Repository) -> Mainline | None:
    """The upstream default branch, else main or master; None if there is none of them."""
    if not os.path.isdir(os.path.join(repository.common_dir, "reftable")):
        return _usual_of_files(repository)
    # one call for all the usual names; `origin/HEAD` is shown as what it points at
    names = [*(f"refs/remotes/origin/{n}" for n in ("HEAD", "main", "master")), "refs/heads/main", "refs/heads/master"]
    listed = repository.line("for-each-ref", "--format=%(refname) %(objectname) %(symref)", *names) or ""
    found = {
        name: (commit, target) for name, commit, target in (f"{x} ".split(" ")[:3] for x in listed.split("\n") if x)
    }
    for name in names:
        if name in found:
            commit, target = found[name]
            shown = (target or name).removeprefix("refs/remotes/").removeprefix("refs/heads/")
            return Mainline(shown, commit, "default branch")
    return None


def _usual_of_files(repository: Repository) -> Mainline | None:
    """The same where the references are files: the process that reads objects knows them, too."""
    head = os.path.join(repository.common_dir, "refs", "remotes", "origin", "HEAD")
    target = ""
    with suppress(OSError), open(head, "rb") as file:
        target = text_of(file.read()).strip()
    names = [target.removeprefix("ref: ")] if target.startswith("ref: refs/") else []
    names += [*(f"refs/remotes/origin/{n}" for n in ("main", "master")), "refs/heads/main", "refs/heads/master"]
    for name in names:
        if commit := repository.commit(name):
            return Mainline(name.removeprefix("refs/remotes/").removeprefix("refs/heads/"), commit, "default branch")
    return None


def likely_name(repository: Repository) -> str:
    """The branch that a user most likely means where nothing tells the mainline: as it is typed, in a shell.

    The first of the usual names, else any other than the one checked out, else that one.
    """
    import shlex  # late: only where something has to be said

    listed = repository.line("for-each-ref", "--format=%(refname:short)%(HEAD)", "refs/remotes", "refs/heads") or ""
    # git marks the one that is checked out with a star, others with a space
    names = sorted(filter(None, listed.split("\n")), key=lambda name: name.endswith("*"))
    others = [name[:-1] for name in names]
    usual = ("develop", "dev", "trunk", "mainline", "default", "next", "production")
    by_name = [name for wanted in usual for name in others if name.rpartition("/")[2] == wanted]
    return printable(shlex.quote((by_name or others or ["NAME"])[0]))


def _named(repository: Repository, name: str, source: str) -> Mainline:
    commit = None if name.startswith("-") or "\0" in name else repository.commit(name)
    if commit is None:
        raise UsageError(
            f"the mainline '{printable(name)}' (from {source}) is no commit in this clone.",
            f"git fetch, or name another one{_where_to_name(repository, source)}",
        )
    return Mainline(name, commit, source)


def _where_to_name(repository: Repository, source: str) -> str:
    """How another mainline is named in the place that counts: what comes earlier overrules what comes later."""
    usual = _usual(repository)
    other = "main" if usual is None else printable(usual.name)
    if source == "--onto":
        return f": --onto {other}"
    if source == CONFIG_FILE:
        return f' in {CONFIG_FILE}: mainline = "{other}"'
    return f": git config {CONFIG_KEY} {other}"


def _from_file(repository: Repository) -> str | None:
    """The name in `drizzle-guard.toml`.

    Raises UsageError if the file is no TOML, or if a key of its top level is unknown: it may be `mainline`, misspelt.
    What the other keys hold is validated by the commands that need it.
    """
    if repository.is_bare or not os.path.lexists(os.path.join(repository.root, CONFIG_FILE)):
        return None
    from drizzle_guard.config_file import KEYS, parse_toml, read_bytes  # late: most repositories have no such file

    data = read_bytes(repository.root) or b""
    document = parse_toml(data)
    mainline = document.get("mainline")
    if document.keys() <= KEYS and (mainline is None or (isinstance(mainline, str) and mainline)):
        return mainline
    from drizzle_guard.config import parse_config  # late: it imports pydantic, which knows what to say of the key

    return parse_config(data).mainline
