"""A walk: random operations of real git over main and branches, and what must hold after each of them."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TypeVar

from drizzle_guard.cli import COMMANDS
from support import random_folder as folder
from support.gitbed import Bed, Done
from support.model import BESIDES, BREAKPOINT, Schema, as_kit_has_it, run
from support.random_folder import FOLDER, Reader, Row, Rows, keys

T = TypeVar("T")

APP = "src/app.ts"
MAIN = "main"
BRANCHES = ("alpha", "beta", "gamma")
HOME = {MAIN: "users", "alpha": "posts", "beta": "tags", "gamma": "likes"}
COLUMNS = ("age", "name", "note")
TYPES = ("text", "int", "uuid")
CLOCK = 1_700_000_000_000
NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
#: after a rebase that git brought to its end although its migrations cannot be put in a row
BACK = ("git reset --hard ORIG_HEAD", "go back to before the rebase (git reflog)")
#: a command in a message of ours, whichever it is
_GIT = "merge|rebase|cherry-pick|revert|am|stash|reset|checkout|restore|add|rm|fetch|commit"
_COMMAND = re.compile(
    rf"\bgit (?:{_GIT})\b|\bdrizzle-guard (?:{'|'.join(COMMANDS)})\b|drizzle-kit up|--abort, then merge|abort, move"
)


def names_a_command(text: str) -> bool:
    """Whether a message of drizzle-guard among these lines says what to type next; git's own hints do not count."""
    ours = text.partition("drizzle-guard:")[2].replace("drizzle-guard:", "")
    return any(_COMMAND.search(line) for line in ours.splitlines() if not line.startswith(("hint:", "error:")))


class Choose(Protocol):
    """How a walk draws."""

    def __call__(self, options: Sequence[T], /) -> T: ...


class Ending(NamedTuple):
    """What came of an operation: `refused` is the message, "" where it was brought to its end."""

    refused: str = ""


def new_repository(bed: Bed) -> None:
    """An armed clone with one commit, to be copied for each walk."""
    bed.arm()
    bed.write(APP, "base\n")
    bed.commit("install")


class Walk:
    """One walk in a repository made by `new_repository`; `seen` counts what happened, `log` tells how to repeat it."""

    def __init__(self, bed: Bed, choose: Choose, seen: Counter[str]) -> None:
        self.bed, self.choose, self.seen = bed, choose, seen
        self.log: list[str] = []
        self._number = 0
        self._made: set[str] = set()
        self._schemas: dict[str, Schema] = {}
        self._deployed: list[Rows] = []
        self._reader = Reader(bed)
        self._back = ""  # where the branch stood before the operation
        self._config = (bed.root / ".git/config").read_bytes()

    def close(self) -> None:
        """End what the walk has started."""
        self._reader.close()

    def go(self, steps: int) -> None:
        """A base, the first migrations of each branch, then operations, each preceded by more commits."""
        self._checkout(MAIN)
        for _ in range(self.choose((1, 2))):
            self.generate(MAIN, shared=False)
        self.note_main()
        count = self.choose((2, 1, 3))
        for branch in BRANCHES[:count]:
            start = self.choose((MAIN, MAIN, MAIN, *self.branches))
            self.bed.git("checkout", "-q", "-b", branch, start)
            self.log.append(f"git checkout -b {branch} {start}")
            for _ in range(self.choose((1, 2))):
                self.generate(branch)
        for _ in range(steps):
            for _ in range(self.choose((1, 0, 2))):
                branch = self.choose((*self.branches, MAIN, MAIN))
                self._checkout(branch)
                self.generate(branch)
                if branch == MAIN:
                    self.note_main()
            operation = self.choose(OPERATIONS)
            operation(self)
            self.note_main()

    @property
    def branches(self) -> list[str]:
        """The branches beside main, as far as there are any yet."""
        listed = self.bed.git("for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()
        return [name for name in BRANCHES if name in listed]

    # --- commits

    def _checkout(self, where: str) -> None:
        self.bed.git("checkout", "-q", where)

    def rows(self, commit: str = "HEAD") -> Rows:
        """The folder of a commit."""
        return self._reader.rows(commit)

    def generate(self, branch: str, *, shared: bool = True) -> None:
        """Commit what `drizzle-kit generate` makes of a random change."""
        rows = self.rows() if self._has_folder() else ()
        schema: Schema = {}
        for row in rows:
            schema = run(schema, row.sql)
        everyone = self.choose((False, False, False, False, True)) if shared else False
        table = self.choose(tuple(HOME.values())) if everyone else HOME[branch]
        sql = self._twin(rows, schema) or self._script(schema, table)
        self.add(rows, sql, branch, app=self.choose((False, False, False, True)))

    def add(self, rows: Rows, sql: str, branch: str, *, app: bool = False, what: str = "") -> None:
        """Commit a migration behind these, on the branch that is checked out, and perhaps a change of another file."""
        self._put((*rows, self._new_row(rows, sql, branch)))
        if app:
            self.bed.write(APP, f"{branch} {self._number}\n")
        self._commit(f"{branch}{what}: {sql!r}")

    def _has_folder(self) -> bool:
        return (self.bed.root / FOLDER).exists()

    def _commit(self, what: str) -> None:
        self._number += 1
        self.bed.git("add", "-A")
        self.bed.git(*NO_HOOKS, "commit", "-q", "-m", f"{self._number}")
        tags = [(r.tag, r.when - CLOCK) for r in self.rows()]
        self.log.append(f"commit {self._number} on {what}: {tags}")

    def _twin(self, rows: Rows, schema: Schema) -> str | None:
        """Now and then: the very statements that somebody else has on another branch."""
        if rows and self.choose(range(16)) == 15:
            for other in (MAIN, *self.branches):
                for row in self.rows(other):
                    if row.sql not in keys(rows) and _runs(schema, row.sql):
                        self.seen["twin"] += 1
                        return row.sql
        return None

    def _script(self, schema: Schema, table: str) -> str:
        statements = []
        for _ in range(self.choose((1, 1, 1, 2))):
            statements.append(self._statement(schema, table))
            schema = run(schema, statements[-1])
        sql = _joined(statements)
        if sql in self._made:
            self._number += 1
            more = f"UPDATE {table} SET id = {self._number}"
            sql = _joined([*statements, more] if table in schema else [more, *statements])
        self._made.add(sql)
        return sql

    def _statement(self, schema: Schema, table: str) -> str:
        choose = self.choose
        if table not in schema:
            columns = ["id int", *(f"{name} text" for name in COLUMNS if choose((False, True)))]
            return f"CREATE TABLE {table} ({', '.join(columns)})"
        there, indexes = schema[table]["columns"], schema[table]["indexes"]
        present = [c for c in there if c != "id"]
        self._number += 1
        kind = choose(("add", "add", "own column", "rows", "index", "type", "lose", "drop"))
        if kind == "add" and (missing := [c for c in COLUMNS if c not in there]):
            return f"ALTER TABLE {table} ADD COLUMN {choose(missing)} {choose(TYPES)}"
        if kind == "index" and (free := [c for c in present if f"{table}_{c}_idx" not in indexes]):
            column = choose(free)
            return f"CREATE INDEX {table}_{column}_idx ON {table} ({column})"
        if kind == "type" and present:
            column = choose(present)
            return f"ALTER TABLE {table} ALTER COLUMN {column} SET DATA TYPE {choose(TYPES)}"
        if kind == "lose" and present:
            return f"ALTER TABLE {table} DROP COLUMN {choose(present)}"
        if kind == "drop" and choose((False, True)):
            return f"DROP TABLE {table}"
        if kind == "rows":
            return f"UPDATE {table} SET id = {self._number}"
        return f"ALTER TABLE {table} ADD COLUMN c{self._number} text"

    def _new_row(self, rows: Rows, sql: str, branch: str) -> Row:
        """The entry and the snapshot that drizzle-kit would write; each branch has a clock of its own."""
        self._number += 1
        newest = rows[-1].when if rows else CLOCK
        clocks = [newest + step for step in (60_000, 1, 999, 1000, 3_600_000)]
        when = self.choose(clocks)
        idx = rows[-1].entry["idx"] + 1 if rows else 0
        entry = {"idx": idx, "version": "7", "when": when, "tag": f"{idx:04}_m{self._number}", "breakpoints": True}
        schema: Schema = {}
        for script in (*(row.sql for row in rows), sql):
            schema = run(schema, script)
        body: dict[str, Any] = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_OID, str(self._number))),
            "prevId": rows[-1].snapshot["id"] if rows else str(uuid.UUID(int=0)),
            "version": "7",
            "dialect": "postgresql",
            "tables": as_kit_has_it(schema),
            **BESIDES,
            "_meta": {"columns": {}, "schemas": {}, "tables": {}},
        }
        return Row(entry, sql, "", body, "")

    def _put(self, rows: Rows) -> None:
        """Write what differs from HEAD."""
        now = {row.tag: row for row in self.rows()} if self._has_folder() else {}
        for tag in now.keys() - {row.tag for row in rows}:
            (self.bed.root / f"{FOLDER}/{tag}.sql").unlink()
            (self.bed.root / f"{FOLDER}/meta/{tag[:4]}_snapshot.json").unlink()
        for row in rows:
            if row.tag not in now:
                self.bed.write(f"{FOLDER}/{row.tag}.sql", row.sql)
                self.bed.write(f"{FOLDER}/meta/{row.tag[:4]}_snapshot.json", json.dumps(row.snapshot, indent=2))
        journal = {"version": "7", "dialect": "postgresql", "entries": [row.entry for row in rows]}
        self.bed.write(f"{FOLDER}/meta/_journal.json", json.dumps(journal, indent=2))

    def generate_again(self) -> None:
        """Delete the newest own migration and generate it again: the same SQL under another name."""
        branch = self.choose(self.branches)
        self._checkout(branch)
        rows = self.rows()
        if len(rows) < 2 or rows[-1].sql in keys(self.rows(MAIN)):
            return
        self.add(rows[:-1], rows[-1].sql, branch, what=", again")
        self.seen["generated again"] += 1

    # --- merges

    def main_into_branch(self) -> None:
        """What everybody does all day."""
        self._merge(self.choose(self.branches), self.choose((MAIN, MAIN, MAIN, f"{MAIN}~1")))

    def branch_into_main(self) -> None:
        """A feature is finished; or its newest commit is not yet."""
        branch = self.choose(self.branches)
        self._merge(MAIN, self.choose((branch, branch, branch, f"{branch}~1")))

    def branch_into_branch(self) -> None:
        """Stacked work."""
        branches = self.branches
        if len(branches) > 1:
            ours = self.choose(branches)
            self._merge(ours, self.choose([name for name in branches if name != ours]))

    def criss_cross(self) -> None:
        """A branch merges main, and main what the branch was before; the next merge has two bases."""
        branch = self.choose(self.branches)
        before = self.bed.git("rev-parse", branch)
        self._merge(branch, MAIN)
        self.note_main()
        self._merge(MAIN, before)
        self._checkout(branch)
        self.generate(branch)
        self.note_main()
        self._merge(branch, MAIN)

    def _merge(self, ours: str, theirs: str) -> None:
        bed = self.bed
        other = bed.git("rev-parse", "-q", "--verify", theirs, check=False)
        if not other or not self._has_journal(other):
            return
        self._checkout(ours)
        head = self._back = bed.git("rev-parse", "HEAD")
        bases = bed.git("merge-base", "--all", head, other).splitlines()
        if other in bases:
            self.seen["merge: nothing to do"] += 1
            return
        base = frozenset[str]().union(*(keys(self.rows(commit)) for commit in bases))
        mine, their, published = self.rows(head), self.rows(other), self.rows(MAIN)
        expected = folder.three_way(base, keys(mine), keys(their))
        how = self.choose(("", "", "", "--no-ff", "--squash", "--no-commit", "by hand"))
        self.log.append(f"git checkout {ours}; git merge {theirs}   # {how}, {len(bases)} bases")
        main = bed.git("rev-parse", MAIN)
        mirror = None
        if main in (head, other) and head not in bases and self.choose((False, False, True)):
            mirror = self._from_the_other_side(head, other, ours)
        before = bed.state()
        args = [arg for arg in (how,) if arg.startswith("-")]
        with self._disarmed(how == "by hand") as c:
            done = bed.try_git(*c, "merge", *([] if how == "--squash" else ["--no-edit"]), *args, other)
            ending = self._finish(done, "merge", how, c)
        self._count("merge", ending, (mine, their), head not in bases)
        self.seen["criss-cross"] += len(bases) > 1
        if mirror is not None:
            assert (mirror == ()) == bool(ending.refused), f"the other side: {mirror}, this one: {ending}"
        if ending.refused:
            assert bed.state() == before
            assert not folder.apart(base, keys(mine), keys(their)) or self._both_published(mine, their, published), (
                f"refused, though both sides are apart: {ending.refused}"
            )
            return
        assert mirror is None or mirror == self.rows(), (
            f"it depends on which side is ours: {[r.entry for r in mirror]}, {[r.entry for r in self.rows()]}"
        )
        first = [mine] if main == head else [their] if main == other else [their, mine]
        if head in bases:  # a fast-forward, of which git makes theirs, whatever that did to what is published
            first, published = [their], their
        self._judge("HEAD", expected, (mine, their), published, first)

    def _has_journal(self, commit: str) -> bool:
        return self.bed.try_git("cat-file", "-e", f"{commit}:{FOLDER}/meta/_journal.json").code == 0

    def _both_published(self, ours: Rows, theirs: Rows, published: Rows) -> bool:
        """Both hold published migrations that the other has not (as it is published, or not at all)."""
        there = {row.sql: row for row in published}
        kept = [
            frozenset(r.sql for r in side if r.sql in there and r.entry == there[r.sql].entry)
            for side in (ours, theirs)
        ]
        held = [keys(side) & there.keys() for side in (ours, theirs)]
        return bool(held[0] - kept[1] and held[1] - kept[0])

    def _from_the_other_side(self, head: str, other: str, branch: str) -> Rows:
        """The same merge with the sides exchanged; () if it is refused.  Leaves everything as it was."""
        self.seen["mirrored"] += 1
        self.bed.git("checkout", "-q", "--detach", other)
        done = self.bed.try_git("merge", "--no-edit", head)
        rows = () if self._finish(done, "merge", "", ()).refused else self.rows()
        self._checkout(branch)
        return rows

    @contextmanager
    def _disarmed(self, really: bool) -> Iterator[tuple[str, ...]]:
        """A clone in which nobody ran `install`; gives the options for git."""
        if not really:
            yield ()
            return
        self.bed.git("config", "--remove-section", "merge.drizzle-journal")
        try:
            yield NO_HOOKS
        finally:
            (self.bed.root / ".git/config").write_bytes(self._config)

    def _finish(self, done: Done, kind: str, how: str, c: tuple[str, ...]) -> Ending:
        """Resolve the other file, let `renumber` do the migrations where git has stopped over them, go on; or abort."""
        bed = self.bed
        armed = how != "by hand"
        self._number += 1  # a name of its own for a squashed commit
        message = f"{self._number}"
        for _ in range(25):
            stages = {path.rpartition(":")[0] for path in bed.stages()}
            if APP in stages:
                self._number += 1
                bed.write(APP, f"resolved {self._number}\n")
                bed.git("add", APP)
                self.seen["stopped over another file"] += 1
            if stages - {APP}:
                refused = self._renumber_stopped(done, kind, armed)
                if refused:
                    return self._abort(refused, kind, how)
            elif done.code and "the merge is not committed" in done.err:
                return self._abort(done.err, kind, how)
            if kind == "merge":
                if bed.git("status", "--porcelain") or (bed.root / ".git/MERGE_HEAD").exists():
                    done = bed.try_git(*c, "commit", "-q", *(["-m", message] if how == "--squash" else ["--no-edit"]))
                    assert done.code == 0, done.text
            elif done.code:
                done = self._continue(kind, c, done)
                if done.code:
                    continue
            if any(way in done.err for way in BACK):
                bed.git("reset", "-q", "--hard", self._back)
                self.log.append(f"refused: {done.err}")
                return Ending(done.err)
            return self._mend(kind, c) if not armed else Ending()
        raise AssertionError(f"{kind} does not come to an end: {done.text}")

    def _renumber_stopped(self, done: Done, kind: str, armed: bool) -> str:
        """`drizzle-guard renumber` where git has stopped over the folder; the message if it refuses."""
        tried = self.bed.call("renumber")
        if tried.code:
            assert tried.code == 1 and names_a_command(tried.err), tried.text
            if armed:
                assert names_a_command(done.err), done.text
            return tried.err
        if armed:
            self.seen[f"{kind}: stopped, renumber ended it"] += 1
            assert "drizzle-guard renumber" in done.err, f"git stopped without a word: {done.text}"
        else:
            self.seen[f"{kind}: by hand"] += 1
        return ""

    def _continue(self, kind: str, c: tuple[str, ...], stopped: Done) -> Done:
        done = self.bed.try_git(*c, kind, "--continue")
        if done.code and not self.bed.stages() and ("is now empty" in done.text or "No changes" in done.text):
            done = self.bed.try_git(*c, kind, "--skip")
        return done

    def _mend(self, kind: str, c: tuple[str, ...]) -> Ending:
        """Whoever is not armed runs `renumber` afterwards: git's own text merge of a journal may be wrong."""
        bed = self.bed
        if kind == "rebase" or bed.git("log", "-1", "--format=%P").count(" ") == 1:
            tried = bed.call("renumber")
            if tried.code:
                bed.git("reset", "-q", "--hard", self._back)
                return Ending(tried.err)
            if bed.git("status", "--porcelain"):
                self.seen[f"{kind}: by hand, mended"] += 1
                bed.git(*c, "commit", "-q", "--amend", "--no-edit")
        return Ending()

    def _abort(self, refused: str, kind: str, how: str) -> Ending:
        if kind == "merge" and how == "--squash":
            self.bed.git("reset", "-q", "--hard")
        else:
            self.bed.git(kind, "--abort")
        self.log.append(f"refused: {refused}")
        return Ending(refused)

    # --- rebases

    def rebase(self) -> None:
        """A branch onto main, in every way that git has."""
        bed = self.bed
        branch = self.choose(self.branches)
        self._checkout(branch)
        head, main = bed.git("rev-parse", "HEAD"), bed.git("rev-parse", MAIN)
        self._back = head
        if main in (bases := bed.git("merge-base", "--all", head, main).splitlines()) or head in bases:
            self.seen["rebase: nothing to do"] += 1
            return
        options = ("--reverse", "--topo-order", "--right-only", "--cherry-pick", "--no-merges")
        listed = bed.git("rev-list", *options, f"{main}...{head}").splitlines()
        hows = ["--merge", "--merge", "--apply", "by hand", "by hand --apply"]
        if len(listed) > 1:
            hows += ["squash", "fixup", "reorder", "drop"]
        if bed.git("log", "-1", "--format=%P").count(" ") == 0:
            hows.append("--onto")
        how = self.choose(hows)
        args, env, listed = self._rebase_options(how, listed, head)
        self.log.append(f"git checkout {branch}; git rebase {' '.join(args)}   # {how}")
        published, before = self.rows(MAIN), bed.state()
        plan = list(self._replay(published, listed))
        old = self.rows()
        with self._disarmed(how.startswith("by hand")) as c:
            done = bed.try_git(*c, "rebase", *args, env=env)
            ending = self._finish(done, "rebase", how.partition(" --")[0], c)
        self._count("rebase", ending, (published, old), True)
        self.seen[f"rebase {how}"] += 1
        if ending.refused:
            assert bed.state() == before
            straight = how in ("--merge", "--apply", "by hand") and bed.git("rev-list", "--merges", f"{MAIN}..") == ""
            touched = folder.tables(sql for commit in listed for sql in folder.diff(*self._around(commit))[0])
            base = keys(self.rows(bases[0]))
            assert not (
                straight
                and folder.apart(base, keys(published), keys(old))
                and not touched & folder.tables(keys(published) - base)
                and not any(folder.diff(*self._around(commit))[1] for commit in listed)
            ), f"refused, though both sides are apart: {ending.refused}"
            return
        made = bed.git("log", "--reverse", "--format=%H %s", f"{MAIN}..HEAD").splitlines()
        twice = Counter(subject for subject, _ in plan)  # a commit and its copy, from a branch that was rebased before
        wanted = {subject: step for subject, step in plan if twice[subject] == 1}
        final = plan[-1][1] if plan else keys(published)
        if folder.has_gap(published, final) or any(folder.has_gap(published, step) for _, step in plan):
            assert keys(self.rows()) == final
            self._undo()
            return
        for line in made if not how.startswith("by hand") else ():
            commit, _, subject = line.partition(" ")
            expected = wanted.get(subject) if how not in ("squash", "fixup") else None
            self._judge(commit, expected, (published, old), published, [published])
        self._judge("HEAD", final, (published, old), published, [published])

    def _rebase_options(
        self, how: str, listed: list[str], head: str
    ) -> tuple[list[str], dict[str, str] | None, list[str]]:
        if how == "--onto":
            return ["--onto", MAIN, "HEAD~1"], None, [head]
        if how.startswith("by hand"):
            return [*how.split()[2:], MAIN], None, listed
        if how.startswith("--"):
            return [how, MAIN], None, listed
        at = self.choose(range(1, len(listed)))
        listed = list(listed)
        script = f"{at + 1}s/^pick/{how}/"
        if how == "reorder":
            script = f"{at}{{h;d}};{at + 1}{{G}}"
            listed[at - 1 : at + 1] = listed[at], listed[at - 1]
        elif how == "drop":
            script = f"{at}d"
            del listed[at - 1]
        return ["-i", MAIN], {"GIT_SEQUENCE_EDITOR": f"sed -i -e '{script}'"}, listed

    def _around(self, commit: str) -> tuple[Rows, Rows]:
        """The folder before a commit and in it."""
        parent = f"{commit}^"
        return self.rows(parent) if self._has_journal(parent) else (), self.rows(commit)

    def _replay(self, start: Rows, listed: Sequence[str]) -> Iterator[tuple[str, frozenset[str]]]:
        """Subject and expected migrations of each commit that is replayed."""
        now = keys(start)
        for commit in listed:
            parent, own = self._around(commit)
            now = folder.three_way(keys(parent), now, keys(own))
            yield self.bed.git("log", "-1", "--format=%s", commit), now

    # --- picks and reverts

    def pick(self) -> None:
        """One migration of somebody else, alone."""
        bed = self.bed
        onto = self.choose((MAIN, *self.branches))
        source = self.choose([name for name in (MAIN, *self.branches) if name != onto])
        listed = bed.git("rev-list", "--no-merges", f"{onto}..{source}").splitlines()[:4]
        if not listed:
            return
        commit = self.choose(listed)
        self._checkout(onto)
        self.log.append(f"git checkout {onto}; git cherry-pick {bed.git('log', '-1', '--format=%s', commit)}")
        base, theirs = self._around(commit)
        self._carry("cherry-pick", [commit], base, theirs)

    def revert(self) -> None:
        """The newest migration again out of the row, or a merge that brought the newest ones."""
        bed = self.bed
        branch = self.choose((MAIN, *self.branches))
        self._checkout(branch)
        mine = self.rows()
        for commit in bed.git("rev-list", "--first-parent", "--max-count=5", "HEAD").splitlines():
            if not self._has_journal(f"{commit}^"):
                continue
            before, after = self._around(commit)
            expected = folder.three_way(keys(after), keys(mine), keys(before))
            if expected != keys(mine) and not folder.has_gap(mine, expected) and self.choose((True, True, False)):
                merge = bed.git("log", "-1", "--format=%P", commit).count(" ") == 1
                self.log.append(f"git checkout {branch}; git revert {bed.git('log', '-1', '--format=%s', commit)}")
                self.seen["revert of a merge"] += merge
                self._carry("revert", [*(["-m", "1"] if merge else []), commit], after, before)
                return

    def _carry(self, kind: str, args: list[str], base: Rows, theirs: Rows) -> None:
        bed = self.bed
        mine, published, before = self.rows(), self.rows(MAIN), bed.state()
        self._back = bed.git("rev-parse", "HEAD")
        expected = folder.three_way(keys(base), keys(mine), keys(theirs))
        how = self.choose(("", "", "", "by hand"))
        with self._disarmed(how == "by hand") as c:
            done = bed.try_git(*c, kind, *(["--no-edit"] if kind == "revert" else []), *args)
            if how == "by hand" and not any(path.startswith(FOLDER) for path in bed.stages()):
                self.seen[f"{kind}: by hand, git's own"] += 1  # nobody was asked, so plain git is all that there is
                if done.code:
                    bed.git(kind, "--abort")
                bed.git("reset", "-q", "--hard", self._back)
                return
            ending = self._finish(done, kind, how, c)
        self._count(kind, ending, (mine, theirs), True)
        if ending.refused:
            assert bed.state() == before
            apart = folder.apart(keys(base), keys(mine), keys(theirs), pick=True)
            # it gives another name to something that is not here
            renames = {row.sql: row.tag for row in base if row.sql not in keys(mine)}
            renamed = any(row.tag != renames.get(row.sql, row.tag) for row in theirs)
            assert not apart or renamed or self._both_published(mine, theirs, published), (
                f"refused, though both sides are apart: {ending.refused}"
            )
            return
        # a published migration may be picked to a branch that lacks those before it, and gets another number there
        there = {row.sql: row for row in mine}
        stands = all(row.sql in there and folder.same(there[row.sql], row) for row in base)
        pinned = (mine, theirs) if stands else (mine,)
        if mine == base:  # as in a fast-forward
            published = theirs
        self._judge("HEAD", expected, (mine, theirs), published, [mine, theirs], pinned)

    # --- what must hold

    def _count(self, kind: str, ending: Ending, sides: tuple[Rows, Rows], diverged: bool) -> None:
        self.seen[kind] += 1
        if ending.refused:
            self.seen[f"{kind}: refused"] += 1
        elif diverged:
            old = {row.sql: row.entry for row in sides[1]}
            old.update({row.sql: row.entry for row in sides[0]})
            now = self.rows()
            other = {row.sql: row.entry for side in sides for row in side if row.sql not in keys(sides[0])}
            moved = [r for r in now if r.entry != old.get(r.sql) and r.entry != other.get(r.sql)]
            self.seen[f"{kind}: renumbered"] += bool(moved)

    def _judge(
        self,
        commit: str,
        expected: frozenset[str] | None,
        sides: tuple[Rows, Rows],
        published: Rows,
        first: Sequence[Rows],
        pinned: Sequence[Rows] | None = None,
    ) -> None:
        """A commit holds what it must; `first` are the sides that may have kept their place."""
        bed = self.bed
        rows = self.rows(commit)
        if expected is None:
            expected = keys(rows)
        assert keys(rows) == expected, (
            f"lost: {sorted(expected - keys(rows))}, too many: {sorted(keys(rows) - expected)}, {[r.tag for r in rows]}"
        )
        established = [side for side in first if folder.starts_with(rows, folder.kept(side, expected))]
        assert established or any(folder.has_gap(side, expected) for side in first), (
            f"nobody kept his place: {[r.tag for r in rows]}"
        )
        if all(folder.has_gap(side, expected) for side in established):
            self._undo()
            return
        folder.sound(rows)
        folder.checked(rows, sides, published)
        assert folder.is_pinned(rows, published, sides if pinned is None else pinned), "a published entry was changed"
        assert any(
            folder.in_order(rows, side, sides[1] if side is sides[0] else sides[0]) for side in established
        ) or len(sides) != len(first), f"the order is another one: {[r.tag for r in rows]}"
        if commit == "HEAD":
            head = bed.git("rev-parse", "HEAD")
            assert bed.git("status", "--porcelain", "-uall") == ""
            again = bed.call("renumber")
            assert again.code == 0, again.text
            assert bed.git("status", "--porcelain", "-uall") == "" and bed.git("rev-parse", "HEAD") == head, again.text
        for deployed in self._deployed:
            if folder.contains(rows, deployed):
                folder.migrate(deployed, rows)
                folder.executed(deployed, rows)

    def _undo(self) -> None:
        """A published migration was taken out from before others; their snapshots cannot tell that.  Take it back."""
        self.seen["taken out of the middle"] += 1
        self.bed.git("reset", "-q", "--hard", self._back)

    def note_main(self) -> None:
        """Somebody deploys main as it is now; what was deployed and then taken back is not looked at any more."""
        rows = self.rows(MAIN)
        folder.sound(rows)
        for deployed in self._deployed:
            if not folder.contains(rows, deployed):
                self._deployed = []
                break
        for deployed in self._deployed:
            folder.migrate(deployed, rows)
            folder.executed(deployed, rows)
        if rows not in self._deployed:
            self._deployed.append(rows)


def _joined(statements: Sequence[str]) -> str:
    return f";{BREAKPOINT}\n".join(statements) + ";"


def _runs(schema: Schema, sql: str) -> bool:
    from support.model import SqlFailed

    try:
        run(schema, sql)
    except SqlFailed:
        return False
    return True


OPERATIONS = (
    *(Walk.main_into_branch,) * 4,
    *(Walk.branch_into_main,) * 4,
    *(Walk.rebase,) * 4,
    *(Walk.branch_into_branch,) * 2,
    *(Walk.pick,) * 2,
    *(Walk.revert,) * 2,
    Walk.criss_cross,
    Walk.generate_again,
)
