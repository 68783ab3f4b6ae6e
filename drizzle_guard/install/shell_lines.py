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


#: the commits that a merge brings in, which git names in the environment of hooks and driver
_MERGED = "$(env | sed -n 's/^GITHEAD_\\([0-9a-f]*\\)=.*/\\1/p')"
#: defines the test whether the driver said of folder $f, for $o and $t, that this side keeps its place
_HAS_VERDICT = "says"
_VERDICT = (
    f"{_HAS_VERDICT}() {{ v=$(printf 'drizzle-guard: %s keeps its place\\n%s\\n%s\\n%s\\n' "
    '"$1" "$o" "$t" "$f" | git hash-object --stdin) && git cat-file -e "$v" 2>/dev/null; };'
)
#: Answers a snapshot's call in a merge as `renumber.driver` would, without Python, where the verdict of its journal
#: stands in the object database (`renumber.driver` tells how); fails in every other case.  Looks at the same things:
#: that git holds the lock of the index, and that the files are those of HEAD and of the one commit that is merged.
_SNAPSHOT = " ".join(
    (
        "sn() { case $3 in meta/*_snapshot.json|*/meta/*_snapshot.json) ;; *) return 1;; esac;",
        f"t={_MERGED}; case $t in ''|*[!0-9a-f]*) return 1;; esac; f=${{3%meta/*}};",
        'git rev-parse HEAD "HEAD:$3" "$t:$3" --git-path index 2>/dev/null | {',
        'read -r o; read -r a; read -r b; read -r i; [ -e "${GIT_INDEX_FILE:-$i}.lock" ] || return 1;',
        'git hash-object --no-filters -- "$1" "$2" |',
        '{ read -r c; read -r d; [ "$a $b" = "$c $d" ]; } || return 1;',
        f"f=${{f%/}}; {_VERDICT} {_HAS_VERDICT} ours && return 0; {_HAS_VERDICT} theirs || return 1;",
        'cp "$2" "$1.new" && mv "$1.new" "$1"; }; };',
    )
)


def driver_line(path: str | None) -> str:
    """The value of `merge.drizzle-journal.driver`; `path` is the executable to try first."""
    text_merge = "git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B"
    return (
        # git takes `%` for its own
        f"{_SNAPSHOT.replace('%', '%%')} dg() {{ for c in {_candidates(path, percent=True)}; do "
        'command -v "$c" >/dev/null 2>&1 || continue; "$c" merge-driver "$@"; r=$?; '
        "case $r in 0|10|11|12) return $r;; esac; done; return 127; }; "
        f"{_SAFE_PATH}; sn %A %B %P && exit 0; "
        "dg %O %A %B %L %P %S %X %Y; case $? in 0) exit 0;; 10) exit 1;; "
        f"11) {text_merge}; exit 1;; 12) {text_merge} || exit 1;; "
        f'*) echo "drizzle-guard: not found or broken; git merges" %P "as text" >&2; {text_merge} || exit 1;; esac'
    )


_JOURNALS = "':(top,glob)**/meta/_journal.json'"
#: leaves the hook where one side of a merge ($o and $t, with one common ancestor) has changed no journal
_UNLESS_BOTH = f"""
m=$(git merge-base --all "$o" "$t" 2>/dev/null)
case $m in ''|*[!0-9a-f]*) m=;; *) for c in "$o" "$t"; do
git diff-tree -r --quiet "$m" "$c" -- {_JOURNALS} && exit 0; done;; esac"""
#: nearly always there is nothing to finish, and the shell sees that in no time
_NOTHING_TO_FINISH = {
    "pre-commit": f"""
[ -e "$g/MERGE_HEAD" ] || [ -e "$g/CHERRY_PICK_HEAD" ] || [ -e "$g/REVERT_HEAD" ] || exit 0
[ -e "$g/MERGE_HEAD" ] && {{ o=HEAD; t=$(cat "$g/MERGE_HEAD"){_UNLESS_BOTH}; }}""",
    "post-commit": f"""
[ -e "$g/rebase-merge" ] || [ -e "$g/rebase-apply" ] && exit 0
if [ ! -e "$g/drizzle-guard-pick" ]; then
git rev-parse -q --verify "HEAD^2" >/dev/null || exit 0
o=HEAD^1; t=HEAD^2{_UNLESS_BOTH}
fi""",
    "pre-merge-commit": f"""
o=$(git rev-parse HEAD); t={_MERGED}{_UNLESS_BOTH}
# the merge driver has judged every folder of this very merge
[ -n "$m" ] && git diff-tree -r --name-only "$m" "$t" -- {_JOURNALS} 2>/dev/null | {{ while read -r j; do
f=${{j%meta/_journal.json}}; f=${{f%/}}; {_VERDICT}
{_HAS_VERDICT} ours || {_HAS_VERDICT} theirs || exit 1; done; }} && exit 0""",
    "post-merge": f"""
if [ "$1" != 1 ]; then
[ -e "$g/MERGE_HEAD" ] || exit 0
o=HEAD^1; t=HEAD^2{_UNLESS_BOTH}
fi""",
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
