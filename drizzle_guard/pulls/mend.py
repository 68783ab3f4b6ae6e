"""One pull request: merge its base into it with git's own merge and the core's plans, or say why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from drizzle_guard.drizzle.folder import BUNDLE, Blob, join
from drizzle_guard.errors import GuardError, printable
from drizzle_guard.git.folders import blob
from drizzle_guard.git.folders_v1 import v1_changed_folders
from drizzle_guard.git.index import index_lines, scratch_index
from drizzle_guard.git.repository import GitFailed, Repository
from drizzle_guard.git.sides import Sides, merge_sides
from drizzle_guard.git.text import bytes_of, text_of
from drizzle_guard.git.worktree import changes
from drizzle_guard.light import NamedTuple
from drizzle_guard.renumber.decision import Decision, colliding_folders, decide
from drizzle_guard.renumber.finish_merge import describe, headline
from drizzle_guard.renumber.one_branch import Graph, compare, compare_v1
from drizzle_guard.replay.plan import Refusal


class Nothing(NamedTuple):
    """There is nothing to mend, and why."""

    why: str


class Mended(NamedTuple):
    """The merge commit that mends it, and a line for each migration that moved."""

    commit: str
    lines: tuple[str, ...]


class Stuck(NamedTuple):
    """It is left to a person.

    `reasons` are sentences about migrations, `conflicts` the other paths that git cannot merge; `graphs` show the
    folders that collide.
    """

    reasons: tuple[str, ...]
    conflicts: tuple[str, ...]
    graphs: tuple[Graph, ...]


Outcome = Nothing | Mended | Stuck


class _Planned(NamedTuple):
    """A folder as it is to be: its files that change (None: gone), and a line for each migration that moves."""

    folder: str
    files: Mapping[str, Blob | None]
    lines: tuple[str, ...]


#: which of these folders are wanted (what PATHS mean)
Chosen = Callable[[Sequence[str]], Sequence[str]]


def mend(repository: Repository, head: str, names: tuple[str, str], chosen: Chosen) -> Outcome:
    """Merge a base into a pull request's branch, as an armed clone would.

    `head` is the branch's commit; `names` are the base as a ref of this clone (`origin/main`), and the branch's name.
    Nothing is written but objects.  Raises GuardError.
    """
    base = repository.commit(names[0])
    if base is None:
        raise GuardError(f"{printable(names[0])} is no commit.")
    sides = merge_sides(repository, head, base)
    if base in sides.bases:
        return Nothing("it has all that its base has")
    if not sides.bases:
        return Nothing("it has no history in common with its base")
    # the mainline is the base, whatever is called so here
    repository.git("update-ref", "--no-deref", "HEAD", head)
    folders = list(chosen(colliding_folders(repository, sides)))
    by_name = colliding_v1(repository, sides, names, chosen)
    if not folders and not by_name:
        return Nothing("no migrations collide")
    decided, reasons = _decide(repository, sides, folders, names[0])
    tree, unmerged = merge_tree(repository, head, base)
    for graph in by_name:
        try:
            decided.append(_renamed(repository, tree, graph))
        except GuardError as error:
            reasons.append(f"{printable(graph.folder) or '.'}: {error.message}")
    planned = {join(d.folder, path) for d in decided for path in d.files}
    refused = tuple(folder for folder in folders if folder not in {d.folder for d in decided})
    conflicts = tuple(
        path for path in unmerged if path not in planned and not any(path.startswith(f"{f}/") for f in refused if f)
    )
    if reasons or conflicts:
        return Stuck(tuple(reasons), conflicts, (*_graphs(repository, sides, folders, names), *by_name))
    final = _with_plans(repository, tree, decided)
    if final == tree and not unmerged:
        return Nothing("git merges it right without help")
    commit = _commit(repository, final, sides, names, decided)
    _look_again(repository, commit, decided)
    return Mended(commit, tuple(line for d in decided for line in d.lines))


def colliding_v1(repository: Repository, sides: Sides, names: tuple[str, str], chosen: Chosen) -> list[Graph]:
    """The folders in Drizzle v1's layout in which a migration of the branch sorts before the mainline's newest.

    git merges them without a conflict; afterwards a new database would run them in another order than the deployed one.
    """
    changed: set[str] = set()
    for base in sides.bases:
        changed |= v1_changed_folders(repository, base, sides.ours)
    graphs = [compare_v1(repository, sides, folder, names) for folder in chosen(sorted(changed))]
    return [graph for graph in graphs if graph.collisions]


def _renamed(repository: Repository, tree: str, graph: Graph) -> _Planned:
    """The folder with its own migrations behind the mainline's.  Raises GuardError if that cannot be done."""
    if isinstance(graph.outcome, Refusal):
        raise GuardError(graph.outcome.sentence)
    there = _below(repository, tree, graph.folder)
    if BUNDLE in there:
        raise GuardError(f"{BUNDLE} names the migrations; generate those of the branch again.")
    files: dict[str, Blob | None] = {}
    lines = []
    for old, move in graph.moves.items():
        new = move.new.tag
        lines.append(f"  {printable(old)} -> {printable(new)}")
        for path, file in there.items():
            if path.startswith(f"{old}/"):
                files[path] = None
                files[new + path[len(old) :]] = file
    return _Planned(graph.folder, files, (f"drizzle-guard: {headline(graph.folder, len(lines))}", *lines))


def _below(repository: Repository, tree: str, folder: str) -> dict[str, Blob]:
    """All files of a folder in a tree or commit, by their path inside it."""
    prefix = f"{folder}/" if folder else ""
    files = {}
    for record in text_of(repository.git("ls-tree", "-r", "-z", tree, "--", prefix or ".")).split("\0"):
        head, _, path = record.partition("\t")
        if record:
            mode, _, oid = head.split()
            files[path.removeprefix(prefix)] = blob(repository, oid, mode, path)
    return files


def _decide(
    repository: Repository, sides: Sides, folders: Sequence[str], base: str
) -> tuple[list[_Planned], list[str]]:
    """What the decisions with a plan make, and the reasons of those that have none."""
    decided: list[_Planned] = []
    reasons: list[str] = []
    for folder in folders:
        shown = printable(folder) or "."
        try:
            decision = decide(repository, sides, folder, onto=base)
        except GuardError as error:
            reasons.append(error.message if error.message.startswith(shown) else f"{shown}: {error.message}")
            continue
        if isinstance(decision.outcome, Refusal):
            reasons.append(f"{shown}: {decision.outcome.sentence}")
        else:
            decided.append(_Planned(folder, decision.outcome.files, tuple(_lines(decision))))
    return decided, reasons


def merge_tree(repository: Repository, ours: str, theirs: str) -> tuple[str, list[str]]:
    """The tree that git makes of a merge, and the paths that it cannot merge.  Raises GitFailed (git before 2.38)."""
    done = repository.run("merge-tree", "--write-tree", "--name-only", "-z", "--no-messages", ours, theirs)
    tree, *unmerged = text_of(done.stdout).split("\0")
    if done.returncode not in (0, 1) or not tree:
        said = printable(text_of(done.stderr).strip().partition("\n")[0])
        raise GitFailed(f"git cannot merge without a worktree: {said}.", "this needs git 2.38 or later")
    return tree, [path for path in unmerged if path]


def _with_plans(repository: Repository, tree: str, decided: Sequence[_Planned]) -> str:
    """The tree with the migration folders as they were planned."""
    with scratch_index(repository) as env:
        repository.git("read-tree", tree, env=env)
        for decision in decided:
            lines = index_lines(repository, decision.folder, decision.files.items())
            repository.git("update-index", "-z", "--index-info", stdin=lines, env=env)
        return text_of(repository.git("write-tree", env=env)).strip()


def _commit(
    repository: Repository, tree: str, sides: Sides, names: tuple[str, str], decided: Sequence[_Planned]
) -> str:
    assert sides.theirs is not None
    subject = f"Merge branch '{names[0].removeprefix('origin/')}' into {names[1]}"
    body = [line for decision in decided for line in decision.lines]
    message = "\n".join([subject, "", *body, ""])
    parents = ("-p", sides.ours, "-p", sides.theirs)
    made = repository.git("commit-tree", tree, *parents, "-F", "-", stdin=bytes_of(message))
    return text_of(made).strip()


def _lines(decision: Decision) -> list[str]:
    moved = describe(decision)
    return [f"drizzle-guard: {headline(decision.folder, len(moved))}", *(f"  {line}" for line in moved)]


def _look_again(repository: Repository, commit: str, decided: Sequence[_Planned]) -> None:
    """Read back what is to be pushed.  Raises GitFailed if it is not what was planned."""
    for decision in decided:
        there = _below(repository, commit, decision.folder)
        if left := changes(decision.files, {path: {0: file} for path, file in there.items()}):
            raise GitFailed(f"the commit does not hold {printable(join(decision.folder, left[0].path))} as planned.")


def _graphs(repository: Repository, sides: Sides, folders: Sequence[str], names: tuple[str, str]) -> list[Graph]:
    graphs = []
    for folder in folders:
        try:
            graphs.append(compare(repository, sides, folder, names, names[0]))
        except GuardError:
            continue  # the reason says what cannot be read there
    return graphs
