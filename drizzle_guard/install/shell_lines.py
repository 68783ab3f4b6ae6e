"""The shell lines that git runs: they survive a missing, broken or killed drizzle-guard.

A failing or missing merge driver leaves *ours without markers* (git 2.39 and 2.55), and the next `git add` loses the
other side.  So the registered line trusts only the answers of `merge-driver`; after anything else it does what
git would have done, `git merge-file` with markers.  The executable is looked for where it was at install time (a
virtual environment, pre-commit's own one), then on the PATH.
"""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig

MARK = "drizzle-guard"
#: a relative or empty part of PYTHONPATH is the repository, and what lies there must not run
_SAFE_PATH = 'case ":$PYTHONPATH:" in *::*|*:[!/]*) unset PYTHONPATH;; esac'


def executable() -> str | None:
    """The absolute path of the console script that is running, or that belongs to this Python; None if none is."""
    called = sys.argv[0]
    if os.path.basename(called).startswith(MARK) and os.path.isfile(called):
        return os.path.abspath(called)
    names = (MARK, f"{MARK}.exe")
    schemes = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", f"{os.name}_user")]
    paths = [os.path.join(directory, name) for directory in schemes for name in names]
    return next((path for path in paths if os.path.isfile(path)), None)


def driver_line(path: str | None) -> str:
    """The value of `merge.drizzle-journal.driver`; `path` is the executable to try first."""
    text_merge = "git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B"
    return (
        f"dg() {{ for c in {_candidates(path, percent=True)}; do "
        'command -v "$c" >/dev/null 2>&1 || continue; "$c" merge-driver "$@"; r=$?; '
        "case $r in 0|10|11|12) return $r;; esac; done; return 127; }; "
        f"{_SAFE_PATH}; "
        "dg %O %A %B %L %P %S %X %Y; case $? in 0) exit 0;; 10) exit 1;; "
        f"11) {text_merge}; exit 1;; 12) {text_merge} || exit 1;; "
        f'*) echo "drizzle-guard: not found or broken; git merges" %P "as text" >&2; {text_merge} || exit 1;; esac'
    )


#: two hooks run with every commit; nearly always there is nothing to finish, and the shell sees that in no time
_NOTHING_TO_FINISH = {
    "pre-commit": """
[ -e "$g/MERGE_HEAD" ] || [ -e "$g/CHERRY_PICK_HEAD" ] || [ -e "$g/REVERT_HEAD" ] || exit 0""",
    "post-commit": """
[ -e "$g/rebase-merge" ] || [ -e "$g/rebase-apply" ] && exit 0
[ -e "$g/drizzle-guard-pick" ] || git rev-parse -q --verify "HEAD^2" >/dev/null || exit 0""",
}


def hook_script(hook: str, path: str | None) -> bytes:
    """A hook for plain git; it never stands in the way when drizzle-guard is gone."""
    shortcut = _NOTHING_TO_FINISH.get(hook, "")
    if shortcut:
        shortcut = f"\ng=$(git rev-parse --git-dir){shortcut}"
    return f"""#!/bin/sh
# Written by `drizzle-guard install`; `drizzle-guard uninstall` takes it away.{shortcut}
{_SAFE_PATH}
for c in {_candidates(path)}; do
  command -v "$c" >/dev/null 2>&1 || continue
  "$c" hook {hook} "$@"
  r=$?
  [ "$r" -le 1 ] && exit "$r"
done
echo "drizzle-guard: not found; migrations are not renumbered by this clone's hooks" >&2
exit 0
""".encode()


def hook_line(hook: str) -> str:
    """The one line that a hook manager (or a hook of the user's) needs."""
    return f'drizzle-guard hook {hook} "$@"'


def _candidates(path: str | None, *, percent: bool = False) -> str:
    if path is None:
        return MARK
    quoted = shlex.quote(path.replace("\\", "/"))
    return f"{quoted.replace('%', '%%') if percent else quoted} {MARK}"
