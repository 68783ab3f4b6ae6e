"""Shows one branch beside the mainline, as text for people and as Markdown with a diagram."""

from __future__ import annotations

import json
from collections.abc import Sequence

from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.errors import printable
from drizzle_guard.renumber.one_branch import Graph
from drizzle_guard.replay.plan import Refusal

_WORDS = {
    "tag": "has the name of {}",
    "number": "has the number of {}",
    "idx": "has the idx of {}",
    "order": "sorts before {}: a new database runs it earlier than production does",
    "when": "is not newer than {}, so databases that ran that one skip it",
}


#: what is said of a refusal; in Drizzle v1's layout (True) git merges whatever there is
REFUSED = {False: "a merge would be refused", True: "not known to be right in this order"}


def refused(refusal: Refusal, *, v1: bool, is_merged: bool) -> str:
    """What is said of a refusal; where the mainline is merged already, nothing is left to merge."""
    if is_merged:
        return f"the mainline is merged, and yet: {refusal.sentence.rstrip('.')}; what to do says drizzle-guard check"
    return f"{REFUSED[v1]}: {refusal.sentence}"


def as_text(graphs: Sequence[Graph]) -> str:
    """The drawings for a terminal."""
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
        lines += [refused(graph.outcome, v1=graph.v1, is_merged=graph.is_merged)]
    elif not graph.collisions and (graph.parting.branch and graph.parting.mainline):
        lines += ["nothing collides"]
    return ["", *lines] if lines else []


def as_mermaid(graphs: Sequence[Graph]) -> str:
    """The drawings as Markdown for a pull request: a diagram for each folder, the notes below it."""
    return "\n\n".join("\n".join(_markdown(graph)) for graph in graphs)


def _markdown(graph: Graph) -> list[str]:
    """The diagram, with the notes below."""
    lines = [f"**`{label(graph.folder) or '.'}`**", "", diagram(graph)]
    notes = _notes(graph)
    return [*lines, "", *(f"- {escaped(note)}" for note in notes[1:])] if notes else lines


def diagram(graph: Graph) -> str:
    """A `gitGraph` in a fence, as GitHub renders it."""
    parting = graph.parting
    setting = json.dumps({"gitGraph": {"mainBranchName": label(graph.mainline)}})
    lines = ["```mermaid", f"%%{{init: {setting}}}%%", "gitGraph"]
    if len(parting.common) != 1:
        lines.append(f'  commit id: "{_count(max(len(parting.common) - 1, 0), "earlier migration")}"')
    lines += [f'  commit id: "{label(m.tag)}"' for m in parting.common[-1:]]
    taken = {m.tag for m in (*parting.common, *parting.mainline)}
    if parting.branch or parting.same:
        lines.append(f'  branch "{label(graph.branch)}"')
        for migration in parting.branch:
            # an id may stand only once in a graph
            name = migration.tag + (f" ({graph.branch})" if migration.tag in taken else "")
            lines.append(f'  commit id: "{label(name)}"{_mermaid_fate(graph, migration.entry)}')
        for own, main in parting.same:
            lines.append(f'  commit id: "{label(own.tag)} ({label(graph.branch)})" tag: "is {label(main.tag)}"')
        lines.append(f'  checkout "{label(graph.mainline)}"')
    lines += [f'  commit id: "{label(m.tag)}"' for m in parting.mainline]
    lines.append("```")
    return "\n".join(lines)


def _mermaid_fate(graph: Graph, entry: Entry) -> str:
    if isinstance(graph.outcome, Refusal):
        word = "look" if graph.v1 else "refused"
        return f' type: REVERSE tag: "{word}"' if entry.tag == graph.outcome.own else ""
    fate = _fate(graph, entry).replace("-> ", "becomes ")
    return f' tag: "{label(fate)}"' if fate else ""


def label(text: str) -> str:
    """`text` inside the quotes of a diagram; a quote cannot be escaped there."""
    return printable(text).replace('"', "'").replace("`", "'")


def escaped(text: str) -> str:
    """A line of Markdown that shows `text` as it is."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|@" else c for c in text)
