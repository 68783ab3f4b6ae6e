"""`drizzle-guard protect`: committed migrations stay as they are."""

from __future__ import annotations

import os
from collections.abc import Sequence

from drizzle_guard.git.pathspecs import MIGRATIONS
from drizzle_guard.git.state import NOTES, git_directories
from drizzle_guard.install.arm_from_hook import needs_no_look
from drizzle_guard.protect.quick_look import touches_migrations

TYPE_CHECKING = False  # importing typing takes as long as asking git
if TYPE_CHECKING:
    from typing import Any

    from drizzle_guard.git.repository import Repository
    from drizzle_guard.protect.judge import Scope, Violation

FROM, TO = "PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF"


def nothing_to_protect(argv: Sequence[str]) -> bool:
    """Whether the commit that git is about to make touches no migration: the answer for nearly every commit.

    With options, or refs from the pre-commit framework, the command itself has to look.  Nothing is raised: what
    cannot be told here is told by the command.
    """
    if argv or (os.environ.get(FROM) and os.environ.get(TO)):
        return False
    directories = git_directories()
    if directories is None:
        return False
    git_dir, common_dir = directories
    if not needs_no_look(common_dir):
        _arm()
    if any(os.path.exists(os.path.join(git_dir, name)) for name in NOTES):
        return False  # a merge is half-way: it is said where commands are read
    return not touches_migrations(git_dir)


def _arm() -> None:
    from drizzle_guard.errors import GuardError
    from drizzle_guard.git.repository import Repository
    from drizzle_guard.install.arm_from_hook import arm_in_hook

    try:
        with Repository() as repository:
            arm_in_hook(repository)
    except GuardError:  # the command itself will meet it again, and say it
        return


def __getattr__(name: str) -> Any:
    # click may not be imported before `nothing_to_protect` has answered: it takes longer than all the rest
    if name == "command":
        return _make_command()
    raise AttributeError(name)


def _make_command() -> Any:
    import click

    @click.command("protect")
    @click.option("--from-ref", envvar=FROM, metavar="REF", help="Look at the commits from the merge base with this...")
    @click.option("--to-ref", envvar=TO, metavar="REF", help="...to this (default: HEAD).")
    @click.option("--format", "kind", type=click.Choice(("text", "github")), default="text", help="How to print.")
    def command(from_ref: str | None, to_ref: str | None, kind: str) -> int:
        """Block edits, deletions and renames of committed migrations.

        Without refs: the commit that git is about to make (a pre-commit hook). With refs: every commit between them
        (pre-push, CI). Exit code 0: nothing is changed that must not be; 1: blocked.
        """
        return run(from_ref, to_ref, kind)

    return command


def run(from_ref: str | None, to_ref: str | None, kind: str) -> int:
    """Judge the commits and print what is forbidden; the exit code.  Raises GuardError."""
    from drizzle_guard.errors import UsageError
    from drizzle_guard.git.repository import Repository
    from drizzle_guard.protect.judge import find_forbidden
    from drizzle_guard.protect.message import explain, github_annotations

    if to_ref and not from_ref:
        raise UsageError("--to-ref needs --from-ref.", "drizzle-guard protect --from-ref origin/main --to-ref HEAD")
    with Repository() as repository:
        if repository.is_bare and not from_ref:
            raise UsageError("in a bare repository protect needs --from-ref and --to-ref.")
        candidates, scope = _range(repository, from_ref, to_ref or "HEAD") if from_ref else _index(repository)
        found: list[Violation] = find_forbidden(repository, candidates, scope)
        if not found:
            return 0
        if kind == "github":
            print("\n".join(github_annotations(found)), flush=True)
        raise explain(repository, found, scope, None if from_ref else "commit")


def run_push(told: bytes) -> int:
    """Judge what `git push` is about to send; `told` is what git writes to `pre-push`.  Returns the exit code.

    Only the two ends are compared: what is on the remote, or on the mainline, is what others may have run.  Raises
    GuardError.
    """
    from drizzle_guard.git.repository import Repository
    from drizzle_guard.git.text import text_of
    from drizzle_guard.protect.judge import find_forbidden
    from drizzle_guard.protect.message import explain

    with Repository() as repository:
        for line in text_of(told).splitlines():
            words = line.split()
            if len(words) != 4 or words[1] == repository.no_object:  # a branch that is deleted
                continue
            candidates, scope = _pushed(repository, words[1], None if words[3] == repository.no_object else words[3])
            found: list[Violation] = find_forbidden(repository, candidates, scope)
            if found and not _were_generated_again(repository, words[1], found, scope):
                raise explain(repository, found, scope, "push")
    return 0


def _were_generated_again(repository: Repository, tip: str, found: list[Violation], scope: Scope) -> bool:
    """Whether the branch's own migrations alone are others now, and each commit in between was allowed to do that.

    A merge that is refused may generate them again; between the two ends that looks like an edit.
    """
    from drizzle_guard.protect.commits import candidates_between
    from drizzle_guard.protect.judge import find_forbidden

    if any(violation.change.published for violation in found):
        return False
    for base in {violation.parent for violation in found}:
        *commits, _ = candidates_between(repository, base, tip, without=scope.mainline)
        if find_forbidden(repository, commits, scope):
            return False
    return True


def _pushed(repository: Repository, tip: str, remote: str | None) -> tuple[list[Any], Scope]:
    from drizzle_guard.git.mainline import find_mainline
    from drizzle_guard.protect.commits import ProposedCommit
    from drizzle_guard.protect.judge import Scope, read_settings

    mainline = find_mainline(repository)
    commit = None if mainline is None else mainline.commit
    there = [c for c in (remote, commit) if c is not None and c != tip and repository.commit(c) is not None]
    bases = dict.fromkeys(base for c in there for base in repository.merge_bases(c, tip))
    scope = Scope(commit or next(iter(bases), None), read_settings(repository, tip), tip)
    return [ProposedCommit(tip, (base,)) for base in bases], scope


def _index(repository: Repository) -> tuple[list[Any], Scope]:
    from drizzle_guard.errors import UsageError, printable
    from drizzle_guard.git.mainline import find_mainline
    from drizzle_guard.protect.commits import candidate_in_index
    from drizzle_guard.protect.judge import Scope, read_settings

    if unmerged := repository.line("ls-files", "-u", "--", *MIGRATIONS):
        path = unmerged.split("\n")[0].partition("\t")[2]
        raise UsageError(f"{printable(path)} is in conflict; nothing can be committed yet.", "drizzle-guard renumber")
    candidate = candidate_in_index(repository)
    mainline = find_mainline(repository)
    commit = None if mainline is None else mainline.commit
    return ([] if candidate is None else [candidate]), Scope(commit, read_settings(repository, None))


def _range(repository: Repository, from_ref: str, to_ref: str) -> tuple[list[Any], Scope]:
    from drizzle_guard.git.mainline import find_mainline
    from drizzle_guard.protect.commits import candidates_between, merge_base
    from drizzle_guard.protect.judge import Scope, read_settings

    base, tip = merge_base(repository, from_ref, to_ref)
    mainline = find_mainline(repository)
    settings = read_settings(repository, tip)
    if mainline is None or repository.run("merge-base", "--is-ancestor", tip, mainline.commit).returncode == 0:
        # the mainline is what is judged (a push to it), so what stood before is what is published
        return candidates_between(repository, base, tip, without=None), Scope(base, settings, tip)
    return candidates_between(repository, base, tip, without=mainline.commit), Scope(mainline.commit, settings, tip)
