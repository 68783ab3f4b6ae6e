"""The lines of `.gitattributes` and of `.git/info/attributes`.

The merge attributes stand in both: the file is the team's and comes with a branch, and `info/attributes` covers the
branches of this clone that were cut before.  Line ends stand in the committed file alone: there they hold for the very
commit that they were written for, while another branch may still have other bytes.
"""

from __future__ import annotations

import os

from drizzle_guard.drizzle.folder import BUNDLE
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.drizzle.line_ends import ATTRIBUTE, kept_as_it_is
from drizzle_guard.errors import GuardError
from drizzle_guard.git.folders import escape, folders_in_index
from drizzle_guard.git.mainline import find_mainline
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import text_of
from drizzle_guard.install.managers import husky_directory
from drizzle_guard.install.step import Step, read
from drizzle_guard.light import pattern

ATTRIBUTES = ("**/meta/_journal.json merge=drizzle-journal", "**/meta/*_snapshot.json merge=drizzle-journal")
_BUNDLE_LINE = f"/{BUNDLE} merge=drizzle-journal"
COMMENT = "# drizzle-guard: two branches, one journal"
FILE = ".gitattributes"
_UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply", "sequencer")
_LINE_ENDS = pattern(r'"?/(.*/)?\*[.]sql"? text eol=lf|"?/.*[.]sql"? -text|"?/.*/\*"? text eol=lf')


def attribute_steps(repository: Repository, *, of_the_clone_alone: bool = False, later: bool = True) -> list[Step]:
    """What is missing of the attributes; `later`: line ends of folders that came after the first `install`, too.

    The committed file stays as it is on a branch that was cut before the mainline got it: the next merge brings it.
    """
    steps: list[Step] = []
    merge = merge_lines(repository)
    if not of_the_clone_alone and not repository.is_bare:
        file = os.path.join(repository.root, FILE)
        here = read(file)
        # what this very branch has committed, and the worktree has not, is no older branch
        if not _missing(here, merge):
            steps += _later_line_ends(repository, file, here) if later else []
        elif is_committed(repository) or not _is_on_mainline(repository, merge):
            steps += _step(file, here, [*merge, *line_end_lines(repository)])
    own = own_attributes(repository)
    return steps + _step(own, read(own), merge)


def _later_line_ends(repository: Repository, file: str, here: str | None) -> list[Step]:
    """The line ends of folders that came after the first `install`, where the file is as that has left it.

    Not while git waits for somebody: a rebase does not go on over a file that is changed.
    """
    if COMMENT not in (here or "").splitlines() or any(map(repository.has_state, _UNDER_WAY)):
        return []
    steps = _step(file, here, ends := line_end_lines(repository))
    return [] if steps and _is_on_mainline(repository, ends) else steps


def missing_line_ends(repository: Repository) -> tuple[str, ...]:
    """What `install` would add to the committed file for folders that came later; a merge does not need it."""
    file = os.path.join(repository.root, FILE)
    old = read(file)
    steps = _later_line_ends(repository, file, old)
    return tuple(line for step in steps for line in _missing(old, (step.new or "").splitlines()))


def has_folder(repository: Repository) -> bool:
    """Whether there is a folder with a journal: its line ends are written down by `install`."""
    return bool(_folders(repository))


def _folders(repository: Repository) -> set[str]:
    """The folders in the index, and those that are not added yet."""
    new = repository.run("ls-files", "-z", "-o", "--exclude-standard", "--", f":(top,glob)**/{PATH}")
    ends = (path[: -len(PATH)].rstrip("/") for path in text_of(new.stdout).split("\0") if path)
    return folders_in_index(repository) | set(ends)


def uncovered(repository: Repository) -> list[str]:
    """The merge attributes that neither this branch nor this clone has: what a merge would not see."""
    texts = [read(own_attributes(repository))]
    if not repository.is_bare:
        texts.append(read(os.path.join(repository.root, FILE)))
    have = {line.strip() for text in texts if text for line in text.splitlines()}
    return [line for line in merge_lines(repository) if line not in have]


def is_committed(repository: Repository) -> bool:
    """Whether the branch has the merge attributes in its committed file."""
    return not _missing(_at(repository, "HEAD"), list(ATTRIBUTES))


def own_attributes(repository: Repository) -> str:
    """The attributes of this clone, shared by its worktrees."""
    return os.path.join(repository.common_dir, "info", "attributes")


def merge_lines(repository: Repository) -> list[str]:
    """The merge attributes; a bundle is named by its path, since other tools have a `migrations.js`, too."""
    listed = text_of(repository.git("ls-files", "-z", "--", f":(top,glob)**/{BUNDLE}")).split("\0")
    folders = folders_in_index(repository) if listed[:-1] else set()
    bundles = [path for path in listed[:-1] if path[: -len(BUNDLE)].rstrip("/") in folders and '"' not in path]
    return [*ATTRIBUTES, *(f"{_pattern(path)} merge=drizzle-journal" for path in bundles)]


def line_end_lines(repository: Repository) -> list[str]:
    """The line ends of SQL, which Drizzle hashes, for each folder: LF, and as they are where git has others already.

    That is so on the mainline, too: a file that comes from there with CRLF would count as changed from then on.  Hooks
    that are committed are run by `sh`, which does not take CRLF.
    """
    lines = []
    published = _published_with_cr(repository)
    for folder in sorted(_folders(repository)):
        if '"' in folder or "\n" in folder:
            continue
        pattern = f"{folder}/" if folder else ""
        shown = text_of(repository.git("ls-files", "--eol", "-z", "--", f":(top,glob){escape(pattern)}*.sql"))
        rows = [record.partition("\t") for record in shown.split("\0") if record]
        name, rule = ATTRIBUTE.split(" ", 1)
        lines.append(f"{_pattern(pattern, name)} {rule}")
        kept = [path for ends, _, path in rows if ends.split()[0] not in ("i/lf", "i/none")]
        kept += [path for path in published if os.path.dirname(path) == folder and path not in kept]
        lines += [kept_as_it_is(path) for path in kept]
    return lines + [f"{_pattern(f'{directory}/', '*')} text eol=lf" for directory in _hook_directories(repository)]


def _published_with_cr(repository: Repository) -> list[str]:
    """The SQL files that the mainline has with another line end than LF; none if HEAD is all that is known of it."""
    mainline = _mainline(repository)
    if mainline is None:
        return []
    plain = ("--no-color", "--full-name", "--no-recurse-submodules")  # whatever a user's settings say
    done = repository.run("grep", *plain, "-l", "-z", "-F", "-e", "\r", mainline, "--", ":(top,glob)**/*.sql")
    return [path.partition(":")[2] for path in text_of(done.stdout).split("\0") if path]


def _hook_directories(repository: Repository) -> list[str]:
    """The directories of the worktree whose hooks are committed: husky's, or the one that `core.hooksPath` names."""
    found: list[str] = []
    inside = os.path.join(repository.root, "")
    for place in (husky_directory(repository), repository.hooks_dir):
        if not place or not place.startswith(inside) or place.startswith(os.path.join(repository.common_dir, "")):
            continue
        directory = place[len(inside) :].replace(os.sep, "/")
        if not directory.endswith("/_") and not {'"', "\n"} & {*directory}:  # husky makes `_` anew
            found.append(directory)
    return list(dict.fromkeys(found))


def _pattern(path: str, end: str = "") -> str:
    pattern = f"/{escape(path)}{end}"
    return '"' + pattern.replace("\\", "\\\\") + '"' if " " in pattern else pattern


def _mainline(repository: Repository) -> str | None:
    """The mainline's commit, if that is another one than HEAD."""
    try:
        mainline = find_mainline(repository)
    except GuardError:
        return None
    return None if mainline is None or mainline.commit == repository.commit("HEAD") else mainline.commit


def _is_on_mainline(repository: Repository, lines: list[str]) -> bool:
    mainline = _mainline(repository)
    return mainline is not None and not _missing(_at(repository, mainline), lines)


def _at(repository: Repository, commit: str) -> str:
    found = repository.read(f"{commit}:{FILE}", FILE)
    return "" if found is None or found.kind != "blob" else text_of(found.data)


def _missing(text: str | None, lines: list[str]) -> list[str]:
    have = (text or "").splitlines()
    return [line for line in lines if line not in have]


def _step(file: str, text: str | None, lines: list[str]) -> list[Step]:
    """The step that adds the missing lines; a rule for a folder's line ends that somebody has is left alone."""
    have = {line.split()[0] for line in (text or "").splitlines() if line.split() and not line.startswith("#")}
    missing = [
        line
        for line in _missing(text, lines)
        if not _LINE_ENDS.fullmatch(line) or line.rpartition(" text")[0].split(" -")[0] not in have
    ]
    return [Step("file", file, text, _with_lines(text, missing))] if missing else []


def _with_lines(old: str | None, lines: list[str]) -> str:
    """The text with the lines at its end.  If it had no final newline it gets none, so that it can be given back."""
    text = old or ""
    newline = "\r\n" if "\r\n" in text else "\n"
    if COMMENT in (rows := text.splitlines()):
        at = rows.index(COMMENT) + 1
        while at < len(rows) and _is_ours(rows[at], below=True):
            at += 1
        kept = text.splitlines(keepends=True)
        end = newline if kept[at - 1].endswith(newline) else ""
        kept[at - 1] = kept[at - 1].rstrip("\r\n") + newline
        return "".join([*kept[:at], newline.join(lines), end or ("" if at == len(rows) else newline), *kept[at:]])
    lead = "" if not text or text.endswith("\n") else newline
    end = newline if old is None or text.endswith("\n") else ""
    return text + lead + newline.join([COMMENT, *lines]) + end


def without_lines(text: str) -> str | None:
    """The text as it was before the lines came; None if there was no file."""
    lines = text.splitlines(keepends=True)
    left, below, last_is_ours = [], False, False
    for line in lines:
        plain = line.rstrip("\r\n")
        below = plain == COMMENT or (below and _is_ours(plain, below=True))
        last_is_ours = below or _is_ours(plain, below=False)
        if not last_is_ours:
            left.append(line)
    joined = "".join(left)
    if len(left) == len(lines):
        return text
    if last_is_ours and not lines[-1].endswith("\n"):
        return joined.removesuffix("\n").removesuffix("\r")
    return joined or None


def _is_ours(line: str, *, below: bool) -> bool:
    """Whether `install` wrote a line; `below`: it stands below our comment."""
    bundle = line.removesuffix('"').startswith(("/", '"/')) and line.replace('"', "").endswith(_BUNDLE_LINE)
    if bundle or line in (*ATTRIBUTES, COMMENT):
        return True
    return below and _LINE_ENDS.fullmatch(line) is not None
