"""`drizzle-guard graph`: where the branch and the mainline parted, and what a merge would make of it."""

from __future__ import annotations

import click

from drizzle_guard.commands.opened import open_repository
from drizzle_guard.commands.progress import Progress
from drizzle_guard.errors import GuardError, UsageError
from drizzle_guard.git.chosen import chosen_folders
from drizzle_guard.git.folders import folders_at
from drizzle_guard.git.folders_v1 import v1_folders_at
from drizzle_guard.git.mainline import CONFIG_KEY, Mainline, find_mainline, likely_name
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import merge_sides
from drizzle_guard.renumber.one_branch import Graph, compare, compare_v1
from drizzle_guard.renumber.one_branch_text import as_mermaid, as_text


@click.command()
@click.argument("paths", nargs=-1, type=click.Path())
@click.option("--onto", metavar="REF", help="The mainline, whose migrations keep their numbers.")
@click.option(
    "--format", "form", type=click.Choice(["text", "mermaid", "json"]), default="text", show_default=True,
    help="mermaid is Markdown for a pull request.",
)  # fmt: skip
@click.option("--all", "everyone", is_flag=True, help="Every branch with migrations that the mainline does not have.")
@click.option("--remote", metavar="NAME", help="With --all: of remote branches only those of this remote.")
def command(paths: tuple[str, ...], onto: str | None, form: str, everyone: bool, remote: str | None) -> int:
    """Show where the branch and the mainline parted.

    Both lines of migrations since their common base, what collides, and what a merge or rebase would move to which
    number.  With --all, the same of every open branch, and which of them will be refused once another has landed.
    Only looks, at what is committed.  PATHS limit it to some folders.
    """
    if remote is not None and not everyone:
        raise UsageError("--remote goes with --all.")
    with open_repository() as repository:
        if everyone:
            click.echo(_overview(repository, paths, onto, remote, form))
            return 0
        graphs = draw(repository, paths, onto)
    if form == "json":
        from drizzle_guard.commands.forms import parted  # late: it imports pydantic

        click.echo(parted(graphs))
    else:
        click.echo(as_mermaid(graphs) if form == "mermaid" else as_text(graphs))
    return 0


def _overview(repository: Repository, paths: tuple[str, ...], onto: str | None, remote: str | None, form: str) -> str:
    from drizzle_guard.renumber import open_branches_text as shown
    from drizzle_guard.renumber.open_branches import open_branches, overview

    mainline = _mainline(repository, onto)
    branches = open_branches(repository, mainline, remote)

    def chosen(folders: set[str]) -> list[str]:
        return chosen_folders(repository, paths, folders, "the mainline or an open branch")

    with Progress("looking at branches") as progress:
        found = overview(repository, mainline, branches, chosen, progress.tick)
    return {"text": shown.as_text, "mermaid": shown.as_mermaid, "json": shown.as_json}[form](found)


def _mainline(repository: Repository, onto: str | None) -> Mainline:
    mainline = find_mainline(repository, onto)
    if mainline is None:
        raise UsageError(
            "nothing tells which branch is the mainline.",
            "name it, for this once or for good:",
            f"drizzle-guard graph --onto {likely_name(repository)}",
            f"git config {CONFIG_KEY} {likely_name(repository)}",
        )
    return mainline


def draw(repository: Repository, paths: tuple[str, ...], onto: str | None) -> list[Graph]:
    """Compare HEAD with the mainline.  Raises UsageError where there is nothing to compare."""
    head = repository.commit("HEAD")
    if head is None:
        raise UsageError("this repository has no commit yet.")
    mainline = _mainline(repository, onto)
    sides = merge_sides(repository, head, mainline.commit)
    if not sides.bases and repository.is_shallow():
        raise GuardError("the common base is not in this shallow clone.", "git fetch --unshallow")
    journals = folders_at(repository, head) | folders_at(repository, mainline.commit)
    v1 = (v1_folders_at(repository, head) | v1_folders_at(repository, mainline.commit)) - journals
    if not journals | v1:
        raise UsageError("neither HEAD nor the mainline has a migration folder (meta/_journal.json).")
    folders = chosen_folders(repository, paths, journals | v1, "HEAD or the mainline")
    branch = repository.line("symbolic-ref", "--quiet", "--short", "HEAD") or "HEAD"
    branch = "HEAD" if branch == mainline.name else branch
    names = (mainline.name, branch)
    return [
        compare_v1(repository, sides, folder, names)
        if folder in v1
        else compare(repository, sides, folder, names, onto)
        for folder in folders
    ]
