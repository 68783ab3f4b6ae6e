"""The shell lines that git runs: built here, and cut apart here.

They survive a missing, broken or killed drizzle-guard.

A failing or missing merge driver leaves *ours without markers* (git 2.39 and 2.55), and the next `git add` loses the
other side.  So the registered line trusts only the answers of `merge-driver`; after anything else it does what
git would have done, `git merge-file` with markers.  A hook's exit 1 may mean that Python did not start (the launcher
of a Python that was upgraded away), so a hook stops git only on a code of its own, 10; `--stop-code` asks for it, since
the hooks of 0.1.0 go on working with 1.

The executable is looked for where it was at install time (a virtual environment, pre-commit's own one, `node_modules`);
if that is a `node_modules`, then in the same place of the worktree that git works in; then on the PATH.  A file that a
team shares holds no path of one machine; it asks `git config drizzle-guard.program` of the clone.

`sh` may be bash with `set -eu` from an exported SHELLOPTS: no variable is read that may be unset, and no status is left
unlooked at.
"""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig

from drizzle_guard.git.handoff import NET_MARK, NOTE, PICK_NOTE, REBASE_NOTE, STOPPED
from drizzle_guard.git.pathspecs import MIGRATIONS
from drizzle_guard.install.native import in_every_worktree, native_program

MARK = "drizzle-guard"
#: where a clone keeps the path of its executable
PROGRAM_KEY = "drizzle-guard.program"
_SHARED_PROGRAM = f'"$(git config --get {PROGRAM_KEY} || :)"'
STOP = 10
_PLAIN = "#!/bin/sh\n# Written by `drizzle-guard install`; `drizzle-guard uninstall` takes it away.\n"
#: a relative or empty part of PYTHONPATH is the repository, and what lies there must not run
_SAFE_PATH = 'case ":${PYTHONPATH-}:" in *::*|*:[!/]*) unset PYTHONPATH;; esac'
#: what an editor may have set would change what our patterns mean
_PLAIN_SPECS = "unset GIT_LITERAL_PATHSPECS GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS"
#: the two ends of the executable's path in what `driver_line` writes
_START, _END = "dg() { for c in ", f" {MARK}; do"

#: where committed migrations are protected; a clean merge is git's own work, in which nobody has edited anything
PROTECTING = ("pre-commit", "pre-push")


def executable() -> str | None:
    """The absolute path of the console script that is running, or that belongs to this Python; None if none is.

    The native program is its own executable (`install.native`).
    """
    if (program := native_program()) is not None:
        return program
    called = sys.argv[0]
    for path in (called, f"{called}.exe"):  # the launcher of Windows cuts that off
        if os.path.basename(called).startswith(MARK) and os.path.isfile(path):
            return os.path.abspath(path)
    names = (MARK, f"{MARK}.exe")
    schemes = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))]
    paths = [os.path.join(directory, name) for directory in schemes for name in names]
    return next((path for path in paths if os.path.isfile(path)), None)


# -- the merge driver

#: the commits that a merge brings in, which git names in the environment of hooks and driver
_MERGED = "$(env | sed -n 's/^GITHEAD_\\([0-9a-f]*\\)=.*/\\1/p')"
#: the git directory, as git's own hooks and the driver (at the worktree's top) find it without a process
_GIT_DIR = 'g=${GIT_DIR-}; if [ -z "$g" ] && [ -d .git ]; then g=.git; fi'
#: in a pipe behind the note (`git.handoff`): its first line, which must be of the merge that is under way here
_NOTED_MERGE = " ".join(
    (
        f"tr '\\n\\000' '\\001\\n' < \"$g/{NOTE}\" | {{ read -r k o t m || return 1;",
        "case $k$o$t in merge*[!0-9a-f]*|merge) return 1;; merge*) ;; *) return 1;; esac;",
        'eval "x=\\${GITHEAD_$t-}"; [ -n "$x" ] || return 1;',
    )
)
#: Answers a snapshot's call in a merge as `renumber.driver` would, without Python, where the note says who keeps its
#: place in the folder; fails in every other case.  Looks at the same things: that git holds the lock of the index, that
#: the note is of this merge, and that the files are those of HEAD and of the commit that is merged.
_SNAPSHOT = " ".join(
    (
        "sn() { case $3 in meta/*_snapshot.json|*/meta/*_snapshot.json) ;; *) return 1;; esac;",
        f'{_GIT_DIR}; [ -n "$g" ] || {{ read -r _ g < .git; }} 2>/dev/null || return 1;',
        f'[ -f "$g/{NOTE}" ] || return 1; f=${{3%meta/*}}; f=${{f%/}}; {_NOTED_MERGE}',
        's=; while IFS= read -r n || [ -n "$n" ]; do case $n in',
        '"ours $f"|"ours-assumed $f") s=ours;; "theirs $f"|"theirs-assumed $f") s=theirs;; esac; done;',
        '[ -n "$s" ] || return 1; git rev-parse HEAD "HEAD:$3" "$t:$3" --git-path index 2>/dev/null | {',
        'read -r h; read -r a; read -r b; read -r i; [ "$h" = "$o" ] || return 1;',
        '[ -e "${GIT_INDEX_FILE:-$i}.lock" ] || return 1; git hash-object --no-filters -- "$1" "$2" |',
        '{ read -r c; read -r d; [ "$a $b" = "$c $d" ]; } || return 1;',
        '[ $s = theirs ] || return 0; cp "$2" "$1.new" && mv "$1.new" "$1"; }; }; };',
    )
)


def driver_line(path: str | None) -> str:
    """The value of `merge.drizzle-journal.driver`; `path` is the executable to try first."""
    text_merge = "git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B"
    return (
        # git takes `%` for its own
        f"{_SNAPSHOT.replace('%', '%%')} {_START}{_candidates(path, percent=True)}; do "
        'command -v "$c" >/dev/null 2>&1 || continue; r=0; "$c" merge-driver "$@" || r=$?; '
        "case $r in 0|10|11|12) return $r;; esac; done; return 127; }; "
        f"{_SAFE_PATH}; if sn %A %B %P; then exit 0; fi; "
        "r=0; dg %O %A %B %L %P %S %X %Y || r=$?; case $r in 0) exit 0;; 10) exit 1;; "
        f"11) {text_merge} || exit 1; exit 1;; 12) {text_merge} || exit 1;; "
        f'*) echo "drizzle-guard: not found or broken; git merges" %P "as text" >&2; {text_merge} || exit 1;; esac'
    )


def is_driver_of_ours(line: str) -> bool:
    """Whether a registered driver is what `install` wrote, now or in 0.1.0."""
    return _START in line


def driver_program(line: str) -> str | None:
    """The path of the executable that a registered driver tries first; None if it has the name alone."""
    named, ours, _ = line.partition(_START)[2].partition("\n")[0].partition(_END)
    if not ours:
        return None
    return _unquoted(named.replace("%%", "%"))


# -- hooks of plain git


_JOURNALS = "':(top,glob)**/meta/_journal.json'"
#: defines the test whether one side of a merge ($o and $t, with one common ancestor $m) has changed no journal
_APART = f"""apart() {{
  m=$(git merge-base --all "$o" "$t" 2>/dev/null) || m=
  case $m in ''|*[!0-9a-f]*) m=; return 1;; esac
  for c in "$o" "$t"; do
    ! git diff-tree -r --quiet "$m" "$c" -- {_JOURNALS} || return 0
  done
  return 1
}}
"""
#: defines the test whether the note has every folder that the other side of this merge has changed
_JUDGED = f"""judged() {{
  {_NOTED_MERGE}
  case $m in ''|*[!0-9a-f]*) return 1;; esac
  [ "$(git rev-parse HEAD)" = "$o" ] || return 1
  l='
'
  s=$l
  while IFS= read -r n || [ -n "$n" ]; do s="$s${{n#* }}$l"; done
  git diff-tree -r --name-only "$m" "$t" -- {_JOURNALS} 2>/dev/null | {{
    y=1
    while read -r j; do
      f=${{j%meta/_journal.json}}; f=${{f%/}}
      case $s in *"$l$f$l"*) y=0;; *) return 1;; esac
    done
    return $y
  }} || return 1
  return 0
  }}
}}
"""
_STATES = f"MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD SQUASH_MSG {NOTE} {PICK_NOTE} {REBASE_NOTE}"


def _look(hook: str, protect: bool) -> str:
    """The lines with which a hook sees, in no time, that there is nothing to do; nearly always there is not."""
    if hook == "pre-commit":
        specs = " ".join(f"'{spec}'" for spec in MIGRATIONS)
        same = f'! git diff-index --cached --quiet "$c" -- {specs} 2>/dev/null || exit 0'
        return f"""{_APART}q=1
for s in {_STATES}; do
  [ ! -e "$g/$s" ] || q=0
done
if [ $q = 1 ]; then
  {f"c=HEAD; {same}" if protect else "exit 0"}
elif [ -e "$g/MERGE_HEAD" ]; then
  o=HEAD; t=$(cat "$g/MERGE_HEAD")
  if apart; then
    {f'for c in HEAD "$t"; do {same}; done' if protect else "exit 0"}
  fi
fi
"""
    if hook == "pre-merge-commit":  # the merge driver may have judged every folder of this very merge
        return f"""{_APART}{_JUDGED}if [ -f "$g/{NOTE}" ] && judged; then exit 0; fi
o=$(git rev-parse HEAD) || exit 0
t={_MERGED}
if apart; then exit 0; fi
"""
    if hook == "post-merge":
        return f"""{_APART}if [ "${{1-}}" != 1 ]; then
  [ -e "$g/MERGE_HEAD" ] || exit 0
  o=HEAD^1; t=HEAD^2
  if [ ! -e "$g/{NOTE}" ] && apart; then exit 0; fi
fi
"""
    if hook == "post-commit":
        return f"""{_APART}if [ -e "$g/rebase-merge" ] || [ -e "$g/rebase-apply" ]; then exit 0; fi
if [ ! -e "$g/{NOTE}" ] && [ ! -e "$g/{PICK_NOTE}" ]; then
  git rev-parse -q --verify "HEAD^2" >/dev/null || exit 0
  o=HEAD^1; t=HEAD^2
  if apart; then exit 0; fi
fi
"""
    return ""


def _framework(hook: str, protect: bool) -> str:
    """The pre-commit framework runs a hook that it has found, as NAME.legacy, and then what its configuration names.

    Where that names us, ours would speak twice.
    """
    ids = [*(["renumber"] if hook != "pre-push" else []), *(["protect"] if protect and hook in PROTECTING else [])]
    named = " && ".join(f"grep -q '^[^#]*{MARK}-{id_}' .pre-commit-config.yaml 2>/dev/null" for id_ in ids)
    return f"case $0 in *.legacy) if {named}; then exit 0; fi;; esac\n"


def hook_script(hook: str, path: str | None, *, protect: bool = True, shared: bool = False) -> bytes:
    """A hook for plain git; it never stands in the way when drizzle-guard is gone.

    `path` is the executable to try first; `shared`: the file is the team's, so no path of this machine is in it.
    """
    program = f"{_SHARED_PROGRAM} {MARK}" if shared else _candidates(path)
    return f"""{_PLAIN}{_framework(hook, protect)}{_PLAIN_SPECS}
{_GIT_DIR}
[ -n "$g" ] || g=$(git rev-parse --git-dir) || exit 0
{_look(hook, protect)}{_SAFE_PATH}
for c in {program}; do
  command -v "$c" >/dev/null 2>&1 || continue
  r=0
  "$c" {_call(hook, protect)} || r=$?
  case $r in 0|2) exit 0;; {STOP}) exit 1;; esac
done
{_notice("migrations are not looked after by this clone's hooks")}
exit 0
""".encode()


def is_plain_hook(text: str) -> bool:
    """Whether a hook file is what `install` wrote, now or in 0.1.0, and nothing else."""
    return text.startswith(_PLAIN)


def plain_hook_program(text: str) -> str | None:
    """The executable that a hook of ours tries first; None if it is another's, or has the name alone."""
    if not is_plain_hook(text):
        return None
    named, found, _ = text.partition("\nfor c in ")[2].partition(f" {MARK}; do\n")
    return _unquoted(named) if found and "$" not in named else None


def asks_settings(text: str) -> bool:
    """Whether a hook of ours asks the clone's settings for the executable, as one does that several clones share."""
    return is_plain_hook(text) and f"\nfor c in {_SHARED_PROGRAM} {MARK}; do\n" in text


def protects(text: str) -> bool:
    """Whether a hook's text (without comments) has `protect` in it."""
    return f"{MARK} protect" in text or "--protect" in text


# -- lines for hooks of others


def _call(hook: str, protect: bool, args: str = '"$@"') -> str:
    """The arguments of the executable: what git gave comes first, as 0.1.0 knows it."""
    given = f" {args}" if hook in ("post-merge", "post-rewrite", "pre-push") and args else ""
    flag = " --protect" if protect and hook in PROTECTING else ""
    return f"hook {hook}{given} --stop-code={STOP}{flag}"


def guarded(hook: str, *, protect: bool = True, args: str = '"$@"', stdin: str = "") -> str:
    """One line for a hook that somebody else wrote; a clone without drizzle-guard passes it without a word.

    `args` is what git gave, as the manager of the hook hands it on; `stdin` writes what git wrote, into a pipe.
    """
    call = f'{stdin}"$c" {_call(hook, protect, args)}'
    return (
        f"c=$(git config --get {PROGRAM_KEY} || :); "
        f'command -v "$c" >/dev/null 2>&1 || c={MARK}; '
        f'if command -v "$c" >/dev/null 2>&1; then {call} || [ $? -ne {STOP} ] || exit 1; fi'
    )


_BLOCK_START = "# Written by `drizzle-guard install`; `drizzle-guard uninstall` takes these lines away.\n"
_BLOCK_END = "# End of the lines of drizzle-guard.\n"


def block(hook: str, *, protect: bool = True) -> str:
    """What `install` writes into a hook of husky's, which husky runs with `sh -e`; no path of this machine is in it."""
    return (
        f"{_BLOCK_START}"
        f"c=$(git config --get {PROGRAM_KEY} || :)\n"
        f'command -v "$c" >/dev/null 2>&1 || c={MARK}\n'
        'if command -v "$c" >/dev/null 2>&1; then\n'
        f'  "$c" {_call(hook, protect)} || [ $? -ne {STOP} ] || exit 1\n'
        "else\n"
        "  g=$(git rev-parse --git-dir)\n"
        f"  {_notice('migrations are not looked after in this clone')}\n"
        "fi\n"
        f"{_BLOCK_END}"
    )


def _old_block(hook: str) -> str:
    """The same as 0.1.0 wrote it."""
    args = ' "$@"' if hook in ("post-merge", "post-rewrite") else ""
    return (
        f"{_BLOCK_START}"
        f"if command -v {MARK} >/dev/null 2>&1; then\n"
        f"  {MARK} hook {hook}{args}\n"
        "else\n"
        f'  echo "{MARK}: not found; it does not look after migrations in this clone" >&2\n'
        "fi\n"
    )


def block_file(hook: str, *, protect: bool = True) -> str:
    """A hook of husky's that has nothing else in it."""
    return "#!/bin/sh\n" + block(hook, protect=protect)


def without_block(hook: str, text: str) -> str:
    """A hook's text without what `install` wrote, whatever its line ends; `text` itself if that is not in it."""
    plain = text.replace("\r\n", "\n")
    left = plain
    for found in (_old_block(hook), block(hook), block(hook, protect=False)):
        left = left.replace(found, "")
    return text if left == plain else left


def is_empty_hook(text: str) -> bool:
    """Whether a hook has nothing in it but its first line."""
    return text.strip() in ("", "#!/bin/sh")


def _notice(words: str) -> str:
    """Say at most once a day that drizzle-guard is not there."""
    return (
        f't="$g/{MARK}-told"; if [ -z "$(find "$t" -mtime -1 2>/dev/null || :)" ]; then : > "$t"; '
        f'echo "{MARK}: not found or broken; {words}" >&2; fi'
    )


# -- hooks that are there while a merge or rebase is under way (`git.handoff`)


def net_script(path: str | None) -> bytes:
    """The hook that git itself calls when HEAD moves; it removes itself when nothing is under way any more."""
    return f"""#!/bin/sh
{NET_MARK.decode()}
[ -z "${{DRIZZLE_GUARD_AT_WORK-}}" ] || exit 0
case $1 in prepared|committed) ;; *) exit 0;; esac
{_GIT_DIR}
[ -n "$g" ] || g=$(git rev-parse --git-dir) || exit 0
at= new= busy=
for f in "$g/rebase-merge/head-name" "$g/rebase-apply/head-name"; do
  [ ! -e "$f" ] || read -r at < "$f" || :
done
while read -r _ n r; do
  case $r in
    HEAD|refs/heads/*) if [ -z "$at" ] || [ "$at" = "$r" ]; then new=$n; fi;;
  esac
done
[ -n "$new" ] || exit 0
c=$(git rev-parse --git-common-dir) || exit 0
for w in "$c" "$c"/worktrees/*; do
  for n in {NOTE} {PICK_NOTE} rebase-merge rebase-apply; do
    [ ! -e "$w/$n" ] || busy=1
  done
done
if [ -z "$busy" ]; then rm -f "$0"; exit 0; fi
[ "$1" = committed ] || [ -e "$g/index.lock" ] || exit 0
{_SAFE_PATH}
for c in {_candidates(path)}; do
  command -v "$c" >/dev/null 2>&1 || continue
  r=0
  "$c" hook reference-transaction "$1" "$new" --stop-code={STOP} </dev/null || r=$?
  case $r in 0|2) exit 0;; {STOP}) exit 1;; esac
done
echo "{MARK}: not found or broken; the migrations of this commit may still have their old numbers" >&2
exit 0
""".encode()


def stop_script() -> bytes:
    """The hook that speaks when a merge or rebase has stopped over another file, once: `post-index-change`.

    A rebase may stop at a later pick than the one that left the words.
    """
    return f"""#!/bin/sh
{NET_MARK.decode()}
{_GIT_DIR}
[ -n "$g" ] || g=$(git rev-parse --git-dir) || exit 0
if [ -s "$g/{STOPPED}" ]; then
  if [ -n "$(git ls-files -u)" ]; then
    cat "$g/{STOPPED}" >&2
  elif [ -e "$g/rebase-merge" ] || [ -e "$g/rebase-apply" ]; then
    exit 0
  fi
fi
rm -f "$g/{STOPPED}" "$0"
exit 0
""".encode()


def _candidates(path: str | None, *, percent: bool = False) -> str:
    if path is None:
        return MARK
    places = [path.replace("\\", "/"), in_every_worktree(path)]  # git runs driver and hooks at the worktree's top
    quoted = " ".join(shlex.quote(place) for place in places if place is not None)
    return f"{quoted.replace('%', '%%') if percent else quoted} {MARK}"


def _unquoted(named: str) -> str | None:
    if not named.strip() or named.strip() == MARK:
        return None
    try:
        words = shlex.split(named)
    except ValueError:
        return None
    return words[0] if words else None
