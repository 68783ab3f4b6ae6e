"""All that one of our processes leaves for the next.

git calls us as separate processes, in the middle of its own work, and tells each of them little.  In time:

    driver, once for each file      writes %A; leaves the *note* for all that follows (first the snapshots' drivers; in
      |                             a rebase a *verdict*), and where a hook manager stands in between, the *net*
    pre-merge-commit / pre-commit   stops what cannot be replayed; finishes in the index where git had stopped
      |
    (git updates HEAD)              the *net*, git's `reference-transaction`, stops or finishes here, whatever the hook
      |                             manager does; in a rebase it finishes when the branch moves
      |
    post-merge or post-commit       finishes the commit that git has just made; takes note and net away
      |
    post-rewrite                    at the end of a rebase, if the net has not: writes the row of commits anew

* The **interim journal** in the index or in a commit: final numbers, old file names.  `Plan.interim` says how it is
  spelled; a later process knows by its bytes that nobody has touched the folder since the driver.
* The **verdict** of a rebase (which side keeps its place): a blob whose text names the pick and the folder.  It is
  there or not, costs nothing to clean up, and can never belong to another pick.
* The **note**: a file in the git directory of the worktree.  git neither reads nor removes it, so it outlives git, a
  kill, and hooks that were switched off.  It names the commits that meet and, for each folder, which side keeps its
  place, so that a later process decides as the driver did though the merge has brought other settings.  Whoever of us
  comes next finds it, and finishes or says so (`renumber.unfinished`).  The shell lines of `install.shell_lines` read
  the one of a merge, too; a folder's last row counts.
* The **net**: a `reference-transaction` hook, which git runs when HEAD moves.  A hook manager's own hooks can be
  switched off in more ways than can be listed (its variables, its configuration, an `exit 0` further up, a missing
  program on a short PATH); git itself calls the net.  It is there only while a merge or rebase is under way, because
  it would cost a shell for each update of a reference.  Rejected: trying out the hooks beforehand (they run the
  user's own commands), and a background process (a push could be faster).
* What the picks of a **rebase** came to lies in its own directory, which git removes (`renumber.rebase_cache`).  A note
  outlives that as well, for a rebase that ends without its last step (hooks switched off at a stop, `--quit`).
* The **reflog** of a branch says who rewrote its commit.
* What `regenerate` staged: a blob as well, which `protect` asks for.

The names of files are those of 0.1.0, whose hooks look for them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from drizzle_guard.git.repository import Repository
from drizzle_guard.git.sides import Kind, Sides, merge_sides
from drizzle_guard.git.state import NOTES
from drizzle_guard.git.text import bytes_of, text_of
from drizzle_guard.light import NamedTuple

REFLOG = "drizzle-guard: renumber migrations"
NOTE, PICK_NOTE, REBASE_NOTE = NOTES
#: in the directory of a rebase: the commit to which the net has brought the branch
_REBASED = "drizzle-guard-finished"
#: the words that are said if git stops, and the hook that says them
STOPPED, _SPEAKER = "drizzle-guard-stopped", "post-index-change"
NET = "reference-transaction"
NET_MARK = b"# drizzle-guard: here while a merge or rebase is under way"
_NET_SINCE = (2, 28)  # git calls `reference-transaction`


class Keeper(NamedTuple):
    """Which side keeps its numbers in a folder; `assumed`: nothing told."""

    is_ours: bool
    assumed: bool


class Note(NamedTuple):
    """The commits that meet, and for each folder who keeps its numbers."""

    sides: Sides
    keepers: dict[str, Keeper]


class RebaseNote(NamedTuple):
    """A rebase in which the driver has worked.

    `branch` is the full name of the reference that is rebased ("": HEAD is detached), `before` its commit before that,
    `onto` the commit on which it is put.
    """

    before: str
    onto: str
    branch: str
    folders: tuple[str, ...]


_KINDS: dict[str, Kind] = {"merge": "merge", "cherry-pick": "cherry-pick", "revert": "revert"}
_KEEPERS = {
    "ours": Keeper(True, False),
    "theirs": Keeper(False, False),
    "ours-assumed": Keeper(True, True),
    "theirs-assumed": Keeper(False, True),
}


# -- the note


def leave_note(repository: Repository, sides: Sides, folder: str, keeper: Keeper) -> None:
    """Leave word of a folder that the driver has brought to its interim state."""
    word = next(word for word, meant in _KEEPERS.items() if meant == keeper)
    _leave(repository, _name(sides.kind), _head(sides), folder, f"{word} {folder}")


def withdraw_note(repository: Repository, sides: Sides, folder: str) -> None:
    """Take back the word of a folder that an earlier try of this very merge left, before it is judged anew."""
    if os.path.exists(os.path.join(repository.git_dir, _name(sides.kind))):
        _leave(repository, _name(sides.kind), _head(sides), folder)


def _head(sides: Sides) -> str:
    return f"{sides.kind} {sides.ours} {sides.theirs or '-'} {' '.join(sides.bases)}".rstrip()


def _leave(repository: Repository, file_name: str, head: str, folder: str, *rows: str) -> None:
    """Let the rows of a folder in a note be these; a note of something else makes way, if there is a row."""
    name = os.path.join(repository.git_dir, file_name)
    try:
        with open(name, "rb") as file:
            lines = text_of(file.read()).split("\0")
    except OSError:
        lines = []
    if lines[:1] != [head]:
        if not rows:
            return
        lines = [head]
    lines = [head, *(line for line in lines[1:] if line.partition(" ")[2] != folder), *rows]
    with open(f"{name}.new", "wb") as output:
        output.write(bytes_of("\0".join(lines)))
    os.replace(f"{name}.new", name)


def read_note(repository: Repository) -> Note | None:
    """The note that was left and not taken away yet; None if there is none or it cannot be read."""
    return next(_notes(repository), None)


def _notes(repository: Repository) -> Iterator[Note]:
    for name in (NOTE, PICK_NOTE):
        lines = (repository.state_file(name) or "").split("\0")
        words = lines[0].split()
        if len(words) >= 3 and (kind := _KINDS.get(words[0])):
            sides = Sides(kind, words[1], None if words[2] == "-" else words[2], tuple(words[3:]))
            rows = [line.partition(" ") for line in lines[1:]]
            yield Note(sides, {folder: _KEEPERS[word] for word, _, folder in rows if word in _KEEPERS})


def leave_rebase_note(repository: Repository, onto: str, folder: str) -> None:
    """Leave word of a folder of which a rebase under way makes interim states."""
    states = [f"{directory}/{{}}" for directory in ("rebase-merge", "rebase-apply")]
    found = {
        name: next((text.strip() for state in states if (text := repository.state_file(state.format(name)))), "")
        for name in ("orig-head", "head-name")
    }
    before = found["orig-head"] or repository.commit("ORIG_HEAD")
    if before:
        branch = found["head-name"] if found["head-name"].startswith("refs/") else ""
        _leave(repository, REBASE_NOTE, f"rebase {before} {onto} {branch}".rstrip(), folder, f"in {folder}")


def read_rebase_note(repository: Repository) -> RebaseNote | None:
    """The note of a rebase; None if there is none or it cannot be read."""
    lines = (repository.state_file(REBASE_NOTE) or "").split("\0")
    words = lines[0].split()
    if words[:1] != ["rebase"] or len(words) not in (3, 4):
        return None
    folders = tuple(line.partition(" ")[2] for line in lines[1:])
    return RebaseNote(words[1], words[2], words[3] if len(words) == 4 else "", folders)


def noted_keepers(repository: Repository, sides: Sides) -> dict[str, Keeper]:
    """Who keeps its numbers in this very merge, for each folder of which the driver left word."""
    return next((note.keepers for note in _notes(repository) if note.sides[1:3] == sides[1:3]), {})


def is_made_of(repository: Repository, commit: str, sides: Sides) -> bool:
    """Whether a commit is what git makes of these sides."""
    wanted = [sides.ours, *((sides.theirs,) if sides.kind == "merge" and sides.theirs else ())]
    return repository.parents(commit) == wanted


def is_squash_of(repository: Repository, commit: str, sides: Sides) -> bool:
    """Whether a commit stands on our side alone, as that of a `git merge --squash` does."""
    return sides.kind == "merge" and repository.parents(commit) == [sides.ours]


def made_sides(repository: Repository) -> Sides | None:
    """The sides of which HEAD was just made: those of the note, or a merge that was committed by hand."""
    head, note = repository.commit("HEAD"), read_note(repository)
    if head is None:
        return None
    if note is not None and is_made_of(repository, head, note.sides):
        return note.sides
    parents = repository.parents(head)
    return merge_sides(repository, parents[0], parents[1]) if len(parents) == 2 else None


def forget(repository: Repository, *, rebase_ends: bool = False) -> None:
    """Take note and net away: what was merged or picked is finished, or something else was committed.

    `rebase_ends`: the rebase whose directory is still there is over, too.
    """
    for name in (NOTE, PICK_NOTE, REBASE_NOTE):
        with suppress(FileNotFoundError):
            os.unlink(os.path.join(repository.git_dir, name))
    if not _is_busy(repository, rebase_ends):
        with suppress(OSError):
            take_net_away(repository)


def _name(kind: str) -> str:
    return PICK_NOTE if kind in ("cherry-pick", "revert") else NOTE


def _is_busy(repository: Repository, rebase_ends: bool) -> bool:
    """Whether a merge or rebase is under way in any worktree that shares these hooks."""
    places = [repository.common_dir]
    with suppress(OSError):
        places += [item.path for item in os.scandir(os.path.join(repository.common_dir, "worktrees"))]
    found = ((place, name) for place in places for name in _STATES if os.path.exists(os.path.join(place, name)))
    here = os.path.realpath(repository.git_dir)
    return any(not (rebase_ends and os.path.realpath(place) == here and "rebase-" in name) for place, name in found)


_STATES = (NOTE, PICK_NOTE, "rebase-merge", "rebase-apply")


# -- the net


def leave_net(repository: Repository, script: bytes) -> bool:
    """Let git call us when HEAD moves; returns whether it will.

    It will not where the hooks' directory is another repository's too, where somebody has such a hook, or where git is
    older than 2.28.
    """
    return _place(repository, NET, script)


def leave_words(repository: Repository, words: str, script: bytes) -> bool:
    """Let a line be said if git stops over another file; returns whether it will be."""
    if not _place(repository, _SPEAKER, script):
        return False
    if words not in (repository.state_file(STOPPED) or "").split("\n"):  # each pick of a rebase leaves them
        with open(os.path.join(repository.git_dir, STOPPED), "ab") as file:
            file.write(bytes_of(words) + b"\n")
    return True


def take_words_away(repository: Repository) -> None:
    """Take back what was to be said if git stops: nothing has."""
    with suppress(OSError):
        os.unlink(os.path.join(repository.git_dir, STOPPED))
        path = os.path.join(repository.hooks_dir, _SPEAKER)
        if is_net(path):
            os.unlink(path)


def _place(repository: Repository, hook: str, script: bytes) -> bool:
    directory = repository.hooks_dir
    path = os.path.join(directory, hook)
    if not is_of_this_repository(repository, directory) or not os.path.isdir(directory):
        return False
    try:
        if os.path.lexists(path):
            return is_net(path) and os.access(path, os.X_OK)
        if not repository.is_since_2_31 and _version(repository) < _NET_SINCE:
            return False
        beside = f"{path}.{os.getpid()}"
        with open(beside, "wb") as file:
            file.write(script)
        os.chmod(beside, 0o755)
        _hide(repository, directory)
        os.replace(beside, path)
    except OSError:
        return False
    return True


def _hide(repository: Repository, directory: str) -> None:
    """Let git overlook what is there for a merge alone, where the hooks lie in the worktree and are committed.

    Somebody ends a stopped merge with `git add -A`, and the net would be the team's.  Raises OSError.
    """
    root = os.path.join(repository.root, "")
    if not directory.startswith(root) or directory.startswith(os.path.join(repository.common_dir, "")):
        return
    from drizzle_guard.git.folders import escape  # late: hooks in the worktree are rare

    inside = directory[len(root) :].replace(os.sep, "/")
    names = [f"{inside}/{hook}" for hook in (NET, _SPEAKER)]
    if repository.run("check-ignore", "-q", "--no-index", "--", names[0]).returncode == 0:
        return
    file = os.path.join(repository.common_dir, "info", "exclude")
    old = b""
    with suppress(FileNotFoundError), open(file, "rb") as given:
        old = given.read()
    os.makedirs(os.path.dirname(file), exist_ok=True)
    lines = [HIDDEN, *(f"/{escape(name)}" for name in names)]
    with open(f"{file}.new", "wb") as output:
        output.write(old + (b"\n" if old and not old.endswith(b"\n") else b"") + bytes_of("\n".join(lines)) + b"\n")
    os.replace(f"{file}.new", file)


#: above the lines of `info/exclude`
HIDDEN = "# drizzle-guard: hooks that are there while a merge or rebase is under way"


def without_hidden(text: str) -> str:
    """The text of `info/exclude` without the lines of ours."""
    kept, ours = [], False
    for line in text.splitlines(keepends=True):
        plain = line.rstrip("\r\n")
        ours = plain == HIDDEN or (ours and plain.startswith("/") and plain.endswith((f"/{NET}", f"/{_SPEAKER}")))
        if not ours:
            kept.append(line)
    return "".join(kept)


def is_of_this_repository(repository: Repository, directory: str) -> bool:
    """Whether a directory is this repository's own, and not every repository's of the machine."""
    real = os.path.realpath(directory)
    places = [os.path.realpath(place) for place in (repository.common_dir, repository.root)]
    return any(real.startswith(place + os.sep) for place in places)


def take_net_away(repository: Repository) -> None:
    """Remove what is there for a merge alone.  Raises OSError."""
    for path in nets(repository):
        os.unlink(path)


def nets(repository: Repository) -> list[str]:
    """The hooks that are there for a merge alone."""
    paths = (os.path.join(repository.hooks_dir, hook) for hook in (NET, _SPEAKER))
    return [path for path in paths if is_net(path)]


def is_net(path: str) -> bool:
    """Whether a hook is the net."""
    try:
        with open(path, "rb") as file:
            return NET_MARK in file.read(4096)
    except OSError:
        return False


def _version(repository: Repository) -> tuple[int, ...]:
    words = (repository.line("version") or "").split()
    numbers = words[2].split(".")[:2] if len(words) > 2 else []
    return tuple(int(number) for number in numbers) if all(n.isdigit() for n in numbers) else ()


# -- a rebase


def leave_rebased(repository: Repository, commit: str) -> None:
    """Leave word for `post-rewrite` that the rebased branch is finished, at this commit."""
    for name in ("rebase-merge", "rebase-apply"):
        if repository.has_state(name):
            with open(os.path.join(repository.git_dir, name, _REBASED), "w", encoding="ascii") as file:
                file.write(commit)


def is_rebased(repository: Repository, commit: str) -> bool:
    """Whether the net has finished this rebase."""
    return commit in (repository.state_file(f"{name}/{_REBASED}") for name in ("rebase-merge", "rebase-apply"))


# -- blobs that are there or not


def verdict(sides: Sides, folder: str, ours_keeps: bool) -> bytes:
    """What the journal's driver leaves for those of the snapshots: which side keeps its place."""
    side = "ours" if ours_keeps else "theirs"
    return bytes_of(f"drizzle-guard: {side} keeps its place\n{sides.ours}\n{sides.theirs}\n{folder}\n")


def has_blob(repository: Repository, data: bytes) -> bool:
    """Whether somebody has stored a blob with these bytes."""
    oid = text_of(repository.git("hash-object", "--stdin", stdin=data)).strip()
    return repository.run("cat-file", "-e", oid).returncode == 0


def regenerated(repository: Repository, folder: str, commit: str | None = None) -> bytes:
    """What `regenerate` leaves for `protect`: HEAD, the folder, and all that is staged in it now.

    `commit`: the same of what was committed since, its first parent and what it has.
    """
    start = f"{folder}/" if folder else ""
    if commit is None:
        before = repository.commit("HEAD")
        staged = repository.git("ls-files", "-s", "-z", "--", f":(top,literal){start}" if start else ":(top)")
    else:
        before = next(iter(repository.parents(commit)), None)
        listed = repository.git("ls-tree", "-r", "-z", "--full-tree", commit, *([start] if start else []))
        rows = [row.partition(b"\t") for row in listed.split(b"\0") if row]
        staged = b"".join(b"%b %b 0\t%b\0" % (*head.split()[::2], path) for head, _, path in rows)
    head = bytes_of(f"drizzle-guard: regenerated\n{before}\n{folder}\n")
    return head + staged
