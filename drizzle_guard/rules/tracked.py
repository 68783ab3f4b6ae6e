"""The rule about files that the disk has and git has not: a clone lacks them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from drizzle_guard.drizzle.folder import join
from drizzle_guard.drizzle.journal import is_safe_tag, snapshot_path, sql_path
from drizzle_guard.errors import printable
from drizzle_guard.rules.model import Finding, Rule, Subject

NOT_IN_GIT = Rule(
    "DG034",
    "not-in-git",
    "The journal that git has names a file that git does not have.",
    "`git commit -a` takes the changed journal and leaves the new SQL and snapshot; a `*.sql` or `meta/` in .gitignore "
    "does the same. Here all is well; in CI and in every other clone the migrator stops with `No file ./<tag>.sql "
    "found`.",
    "`git add -f` the files and commit them; take the pattern that hides them out of .gitignore.",
    "add the files to git, and commit them",
    fatal=True,
)


def not_in_git(folder: Subject) -> Iterator[Finding]:
    """DG034: files of entries that are in git's journal, on the disk, and not in git."""
    git = folder.git
    if git is None:
        return
    history = folder.history
    for position, entry in enumerate(history.entries):
        if entry.tag not in git.tags or not is_safe_tag(entry.tag):
            continue
        paths = (sql_path(entry.tag), snapshot_path(entry.prefix))
        missing = [path for path in paths if path in history.files and path not in git.paths]
        if missing:
            names = [join(history.name, path) for path in missing]
            shown = " and ".join(printable(path) for path in missing)
            verb = "is" if len(missing) == 1 else "are"
            message = f"{folder.tag(position)} is in git's journal, but {shown} {verb} not in git."
            fix = f"git add -f -- {' '.join(shlex.quote(name) for name in names)}"
            yield NOT_IN_GIT.at(names[0], message, fix=printable(fix), entries=(position,), files=tuple(missing))
