"""`drizzle-guard graph`: where the branch and the mainline parted, and what a merge would make of it."""

from __future__ import annotations

import json
from typing import NamedTuple

import click

from drizzle_guard.commands.forms import CollisionForm, EntryForm, GraphForm, MoveForm, PairForm, RefusalForm, as_json
from drizzle_guard.commands.opened import open_repository
from drizzle_guard.commands.progress import Progress
from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.errors import GuardError, UsageError, printable
from drizzle_guard.git.chosen import chosen_folders
from drizzle_guard.git.folders import folders_at
from drizzle_guard.git.mainline import CONFIG_KEY, Mainline, find_mainline
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Sides, merge_sides
from drizzle_guard.renumber.decision import decide
from drizzle_guard.replay.parting import Collision, Parting, collisions, part
from drizzle_guard.replay.plan import Move, Plan, Refusal
from drizzle_guard.replay.replay import plan

_WORDS = {
    "tag": "has the name of {}",
    "number": "has the number of {}",
    "idx": "has the idx of {}",
    "when": "is not newer than {}, so databases that ran that one skip it",
}


class Graph(NamedTuple):
    """One folder: the two lines, what collides, and what merging the mainline would make of it."""

    folder: str
    mainline: str
    branch: str
    parting: Parting
    collisions: list[Collision]
    outcome: Plan | Refusal

    @property
    def moves(self) -> dict[str, Move]:
        """What would change place, by the old tag."""
        if isinstance(self.outcome, Refusal):
            return {}
        return {move.old.tag: move for move in self.outcome.moves if move.old != move.new}


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
    show = {"text": _text, "mermaid": _mermaid, "json": _json}[form]
    click.echo(show(graphs))
    return 0


def _overview(repository: Repository, paths: tuple[str, ...], onto: str | None, remote: str | None, form: str) -> str:
    from drizzle_guard.renumber.open_branches import open_branches, overview
    from drizzle_guard.renumber.open_branches_text import as_json as overview_json
    from drizzle_guard.renumber.open_branches_text import as_mermaid, as_text

    mainline = _mainline(repository, onto)
    branches = open_branches(repository, mainline, remote)

    def chosen(folders: set[str]) -> list[str]:
        return chosen_folders(repository, paths, folders, "the mainline or an open branch")

    with Progress("looking at branches") as progress:
        found = overview(repository, mainline, branches, chosen, progress.tick)
    return {"text": as_text, "mermaid": as_mermaid, "json": overview_json}[form](found)


def _mainline(repository: Repository, onto: str | None) -> Mainline:
    mainline = find_mainline(repository, onto)
    if mainline is None:
        raise UsageError(
            "nothing tells which branch is the mainline.",
            f"name it: drizzle-guard graph --onto main, or git config {CONFIG_KEY} main",
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
    everywhere = folders_at(repository, head) | folders_at(repository, mainline.commit)
    if not everywhere:
        raise UsageError("neither HEAD nor the mainline has a migration folder (meta/_journal.json).")
    folders = chosen_folders(repository, paths, everywhere, "HEAD or the mainline")
    branch = repository.line("symbolic-ref", "--quiet", "--short", "HEAD") or "HEAD"
    branch = "HEAD" if branch == mainline.name else branch
    return [_graph(repository, sides, folder, (mainline.name, branch), onto) for folder in folders]


def _graph(repository: Repository, sides: Sides, folder: str, names: tuple[str, str], onto: str | None) -> Graph:
    decision = decide(repository, sides, folder, onto=onto)
    base, main, own = decision.base, decision.theirs, decision.ours
    # a mainline with nothing new publishes nothing in this merge; the branch still has to stand behind it
    outcome = plan(base, main, own, layout=own.journal) if decision.ours_established else decision.outcome
    parting = part(base, main, own)
    found = collisions([m.entry for m in main.migrations], [m.entry for m in parting.branch])
    return Graph(folder, names[0], names[1], parting, found, outcome)


# -- text


def _text(graphs: list[Graph]) -> str:
    return "\n\n".join("\n".join(_drawing(graph)) for graph in graphs)


def _drawing(graph: Graph) -> list[str]:
    parting, name = graph.parting, printable(graph.folder) or "."
    main, branch = printable(graph.mainline), printable(graph.branch)
    if not parting.mainline and not parting.branch and not parting.same:
        lines = [f"{name}: {branch} and {main} have the same {_count(len(parting.common), 'migration')}"]
        return [*lines, *_notes(graph)]
    lines = [f"{name}: {_count(len(parting.mainline), 'migration')} on {main} and "
             f"{len(parting.branch)} on {branch} since they parted", ""]  # fmt: skip
    if len(parting.common) > 1:
        lines.append(f"  :  {len(parting.common) - 1} earlier")
    lines += [f"  *  {printable(m.tag)}" for m in parting.common[-1:]]
    if parting.branch or parting.same:
        rows = [(m.entry, _fate(graph, m.entry)) for m in parting.branch]
        rows += [(own.entry, f"is {printable(m.tag)} of {main}") for own, m in parting.same]
        width = max(len(printable(entry.tag)) for entry, _ in rows)
        lines += ["  |\\"] if parting.common else []
        lines += [f"  | *  {printable(entry.tag).ljust(width)}  {fate}".rstrip() for entry, fate in rows]
        lines += [f"  |    ({branch})"]
    lines += [f"  *  {printable(m.tag)}" for m in parting.mainline]
    lines += [f"     ({main})"]
    return [*lines, *_notes(graph)]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _fate(graph: Graph, entry: Entry) -> str:
    move = graph.moves.get(entry.tag)
    if move is None:
        return ""
    if move.new.tag != entry.tag:
        return f"-> {printable(move.new.tag)}"
    changed = (
        f"idx {move.new.idx}" if move.new.idx != entry.idx else "",
        f"when {move.new.when}" if move.new.when != entry.when else "",
    )
    return f"-> {', '.join(filter(None, changed))}"


def _notes(graph: Graph) -> list[str]:
    """What the drawing does not show: collisions, deletions, a refusal."""
    lines = []
    for collision in graph.collisions:
        lines.append(f"{printable(collision.own.tag)} {_WORDS[collision.what].format(printable(collision.other.tag))}")
    for gone, where in ((graph.parting.off_mainline, graph.mainline), (graph.parting.off_branch, graph.branch)):
        lines += [f"{printable(m.tag)} was deleted on {printable(where)}" for m in gone]
    if isinstance(graph.outcome, Refusal):
        lines += [f"a merge would be refused: {graph.outcome.sentence}"]
    elif not graph.collisions and (graph.parting.branch and graph.parting.mainline):
        lines += ["nothing collides"]
    return ["", *lines] if lines else []


# -- mermaid


def _mermaid(graphs: list[Graph]) -> str:
    return "\n\n".join("\n".join(_markdown(graph)) for graph in graphs)


def _markdown(graph: Graph) -> list[str]:
    """A `gitGraph` in a fence, as GitHub renders it, with the notes below."""
    parting = graph.parting
    setting = json.dumps({"gitGraph": {"mainBranchName": _label(graph.mainline)}})
    lines = [f"**`{_label(graph.folder) or '.'}`**", "", "```mermaid", f"%%{{init: {setting}}}%%", "gitGraph"]
    if len(parting.common) != 1:
        lines.append(f'  commit id: "{_count(max(len(parting.common) - 1, 0), "earlier migration")}"')
    lines += [f'  commit id: "{_label(m.tag)}"' for m in parting.common[-1:]]
    taken = {m.tag for m in (*parting.common, *parting.mainline)}
    if parting.branch or parting.same:
        lines.append(f'  branch "{_label(graph.branch)}"')
        for migration in parting.branch:
            # an id may stand only once in a graph
            name = migration.tag + (f" ({graph.branch})" if migration.tag in taken else "")
            lines.append(f'  commit id: "{_label(name)}"{_mermaid_fate(graph, migration.entry)}')
        for own, main in parting.same:
            lines.append(f'  commit id: "{_label(own.tag)} ({_label(graph.branch)})" tag: "is {_label(main.tag)}"')
        lines.append(f'  checkout "{_label(graph.mainline)}"')
    lines += [f'  commit id: "{_label(m.tag)}"' for m in parting.mainline]
    lines.append("```")
    notes = _notes(graph)
    return [*lines, "", *(f"- {_escaped(note)}" for note in notes[1:])] if notes else lines


def _mermaid_fate(graph: Graph, entry: Entry) -> str:
    if isinstance(graph.outcome, Refusal):
        return ' type: REVERSE tag: "refused"' if entry.tag == graph.outcome.own else ""
    fate = _fate(graph, entry).replace("-> ", "becomes ")
    return f' tag: "{_label(fate)}"' if fate else ""


def _label(text: str) -> str:
    """`text` inside the quotes of a diagram; a quote cannot be escaped there."""
    return printable(text).replace('"', "'").replace("`", "'")


def _escaped(text: str) -> str:
    """A line of Markdown that shows `text` as it is."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|@" else c for c in text)


# -- json


def _json(graphs: list[Graph]) -> str:
    return as_json([_form(graph) for graph in graphs])


def _form(graph: Graph) -> GraphForm:
    parting, refusal = graph.parting, graph.outcome if isinstance(graph.outcome, Refusal) else None
    return GraphForm(
        folder=graph.folder,
        mainline=graph.mainline,
        branch=graph.branch,
        base=tuple(EntryForm.of(m.entry) for m in parting.common),
        on_mainline=tuple(EntryForm.of(m.entry) for m in parting.mainline),
        on_branch=tuple(EntryForm.of(m.entry) for m in parting.branch),
        same=tuple(
            PairForm(branch=EntryForm.of(own.entry), mainline=EntryForm.of(main.entry)) for own, main in parting.same
        ),
        collisions=tuple(CollisionForm(branch=c.own.tag, mainline=c.other.tag, what=c.what) for c in graph.collisions),
        moves=tuple(MoveForm(old=EntryForm.of(m.old), new=EntryForm.of(m.new)) for m in graph.moves.values()),
        refused=refusal and RefusalForm(reason=refusal.sentence, branch=refusal.own, mainline=refusal.other),
    )
