"""What a comment and a job summary say.

Names of branches, files and tags are anybody's words.  They stand in indented blocks and in the labels of a diagram
alone: nothing in there is Markdown, mentions a person or can end the block.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from drizzle_guard.errors import printable
from drizzle_guard.pulls.forge import MARKER, Pull
from drizzle_guard.pulls.mend import Mended, Stuck
from drizzle_guard.renumber.one_branch import Graph
from drizzle_guard.renumber.one_branch_text import diagram

#: GitHub takes 65,536 characters
_MOST = 60_000


def stuck(pull: Pull, found: Stuck, url: str) -> str:
    """The comment on a pull request that is left to a person.

    `url` is what one fetches the base from.
    """
    parts = [MARKER, "### drizzle-guard: the migrations of this branch collide with its base", ""]
    if found.reasons:
        parts += ["Why a person has to look:", "", block(found.reasons), ""]
    if found.conflicts:
        alone = "The migrations can be put in a row, but git cannot merge these files:"
        also = "Git cannot merge these files either:" if found.reasons else alone
        parts += [also, "", block(found.conflicts), ""]
    parts += _how(pull, url)
    drawn = [drawing(graph) for graph in found.graphs]
    text = "\n".join([*parts, *(f"\n{one}" for one in drawn)])
    return text if len(text) <= _MOST else "\n".join([*parts, "", "(The diagram is too large for a comment.)"])


def collides(pull: Pull, found: Mended, graphs: Sequence[Graph], url: str, why: str) -> str:
    """The comment on a pull request that could be mended, but to which nothing was pushed."""
    parts = [
        MARKER,
        "### drizzle-guard: the migrations of this branch collide with its base",
        "",
        f"They can be put in a row by a merge, but {why}. It would do this:",
        "",
        block(found.lines),
        "",
        *_how(pull, url),
    ]
    text = "\n".join([*parts, *(f"\n{drawing(graph)}" for graph in graphs)])
    return text if len(text) <= _MOST else "\n".join(parts)


def mended(found: Mended) -> str:
    """What an earlier comment becomes once the merge was pushed."""
    lines = (f"merge commit {found.commit}", *found.lines)
    return "\n".join([MARKER, "### drizzle-guard: the base was merged into this branch", "", block(lines)])


def settled() -> str:
    """What an earlier comment becomes once nothing collides any more."""
    return "\n".join([MARKER, "### drizzle-guard: nothing collides any more"])


def _how(pull: Pull, url: str) -> list[str]:
    return [
        "Merge the base on your machine, in a clone that is armed (`drizzle-guard install`). Where git stops, it says "
        "what to type next:",
        "",
        block(commands(pull, url)),
    ]


def commands(pull: Pull, url: str) -> list[str]:
    """What one types to merge the base; for a fork from the address of the repository itself."""
    branch, base = shlex.quote(pull.branch), shlex.quote(pull.base)
    if pull.is_fork:
        return [f"git switch {branch}", f"git fetch {shlex.quote(url)} {base}", "git merge FETCH_HEAD"]
    remote = shlex.quote(f"origin/{pull.base}")
    return ["git fetch origin", f"git switch {branch}", f"git merge {remote}", "git push"]


def block(lines: Sequence[str]) -> str:
    """Lines in an indented block, which nothing in them can end."""
    return "\n".join(f"    {printable(line)}" for line in lines)


def drawing(graph: Graph) -> str:
    """The diagram of one folder, below its name."""
    return "\n".join([block([graph.folder or "."]), "", diagram(graph)])
