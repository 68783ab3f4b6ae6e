"""`drizzle-guard regenerate` with real drizzle-kit, and what it does when something is in the way."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from drizzle_guard.errors import GuardError, UsageError
from drizzle_guard.regenerate.kit import find_kit, migration_name, said
from support.cases import MERGE, side_files
from support.gitbed import Bed
from support.live.bench import Bench, Project, write_schema
from support.stopped_merge import DATA, REFUSED, calls, stop, worktree

Tables = Mapping[str, Mapping[str, str]]


class App:
    """A Drizzle project in a repository, whose `npx drizzle-kit` is the bench's."""

    def __init__(self, bed: Bed, dialect: str, base: Tables, *, prefix: str = "index", at: str = "") -> None:
        self.bench = Bench.require()
        self.bed = bed
        self.project: Project = self.bench.project(bed.root / at, dialect, prefix=prefix)
        bed.write(f"{at}/package.json" if at else "package.json", '{"devDependencies": {"drizzle-kit": "0.31.11"}}\n')
        self.bench.link_node_modules(self.project)
        self.generate(base, "init")
        bed.commit("base")

    def generate(self, tables: Tables, name: str, **more: Any) -> str:
        write_schema(self.project, tables, **more)
        return self.bench.generate(self.project, name)

    def settled(self) -> bool:
        """Whether drizzle-kit is content with the folder, and schema and snapshot agree."""
        return self.bench.check(self.project).fine and self.bench.generate_says_no_changes(self.project)

    def schema_after(self, *commits: str) -> Any:
        """The database's schema after deploying commits one after the other."""
        kind = {"postgresql": "pglite", "sqlite": "libsql"}[self.project.dialect]
        database = f"{kind}:{self.bed.directory / ('db-' + '-'.join(commits).replace('/', '_'))}"
        for commit in commits:
            folder = self.bed.directory / f"deploy-{commit.replace('/', '_')}"
            for path, data in self.bed.files(commit).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            self.bench.migrate(folder, database)
        return self.bench.schema_of(database)


USERS = {"id": "pk", "email": "varchar(80)"}


def recreate(bed: Bed) -> App:
    """main adds users.age; feature makes users.email NOT NULL, for which SQLite recreates the table."""
    app = App(bed, "sqlite", {"users": USERS})
    bed.arm()
    bed.commit("arm")
    bed.branch("feature")
    app.generate({"users": {**USERS, "email": "varchar(80)!"}}, "email_needed")
    bed.commit("feature")
    bed.git("checkout", "-q", "main")
    app.generate({"users": {**USERS, "age": "int"}}, "user_age")
    bed.commit("main")
    bed.git("checkout", "-q", "feature")
    return app


BOTH = {"users": {**USERS, "email": "varchar(80)!", "age": "int"}}


def test_sqlite_recreate(bed: Bed) -> None:
    app = recreate(bed)
    stopped = bed.try_git("merge", "--no-edit", "main")
    assert stopped.code == 1 and "drizzle-guard regenerate" in stopped.err, stopped.text
    write_schema(app.project, BOTH)
    bed.type("git add src/schema.ts")
    done = bed.tool("regenerate")
    assert done.code == 0, done.text
    bed.git("commit", "-q", "--no-edit")
    assert bed.git("status", "--porcelain") == ""
    assert app.project.tags() == ["0000_init", "0001_user_age", "0002_email_needed"]
    assert bed.files("HEAD")["0001_user_age.sql"] == bed.files("main")["0001_user_age.sql"]
    assert app.settled()
    assert app.schema_after("main", "feature") == app.schema_after("feature")
    assert "age" in json.dumps(app.schema_after("feature"))


def test_postgres_both_change_a_column_in_a_rebase(bed: Bed) -> None:
    """The second of two picks is refused; the first one still has its old file name until the rebase ends."""
    app = App(bed, "postgresql", {"users": USERS}, at="packages/db")
    bed.arm()
    bed.commit("arm")
    bed.branch("feature")
    comments = {"id": "pk", "body": "text"}
    app.generate({"users": USERS, "comments": comments}, "comments")
    bed.commit("feature 1")
    app.generate({"users": {**USERS, "email": "varchar(120)"}, "comments": comments}, "longer")
    bed.commit("feature 2")
    bed.git("checkout", "-q", "main")
    app.generate({"users": {**USERS, "email": "varchar(100)"}}, "long")
    bed.commit("main")
    bed.git("checkout", "-q", "feature")
    assert bed.try_git("rebase", "main").code == 1
    before = bed.state()
    refused = bed.tool("regenerate")
    assert refused == (1, "", """\
drizzle-guard: packages/db/src/schema.ts: still in conflict; drizzle-kit reads the schema.
  Resolve that first, then:
  git add packages/db/src/schema.ts
  drizzle-guard regenerate
""")  # fmt: skip
    assert bed.state() == before
    write_schema(app.project, {"users": {**USERS, "email": "varchar(120)"}, "comments": comments})
    bed.type("git add packages/db/src/schema.ts")
    done = bed.tool("regenerate")
    assert done == (0, """\
packages/db/drizzle: keeps the folder of HEAD; sets aside 0002_longer
$ (cd packages/db && npx --no-install drizzle-kit generate --name=longer)
generated: packages/db/drizzle/0003_longer.sql
the SQL is the same as before
staged; next: git rebase --continue
""", "")  # fmt: skip
    bed.git("rebase", "--continue")
    assert bed.git("status", "--porcelain") == ""
    assert bed.git("log", "--format=%s") == "feature 2\nfeature 1\nmain\narm\nbase"
    tags = ["0000_init", "0001_long", "0002_comments", "0003_longer"]
    assert app.project.tags() == tags
    for commit, count in (("HEAD", 4), ("HEAD~1", 3)):
        assert sorted(path for path in bed.files(commit, "packages/db/drizzle") if path.endswith(".sql")) == [
            f"{tag}.sql" for tag in tags[:count]
        ]
    assert app.settled()


# -- without drizzle-kit: a program in its place, which writes what it is told to


def test_what_it_says_and_stages(bed: Bed, kit: Path) -> None:
    stop(bed)
    done = bed.tool("regenerate", env={"KIT_SQL": "CREATE TABLE made (\n\tid integer\n);"})
    assert done == (0, """\
drizzle: keeps the folder of main; sets aside 0001_email_nullable
$ npx --no-install drizzle-kit generate --name=email_nullable
generated: drizzle/0002_email_nullable.sql
--- 0001_email_nullable.sql
+++ 0002_email_nullable.sql
@@ -1,11 +1,3 @@
-PRAGMA foreign_keys=OFF;--> statement-breakpoint
-CREATE TABLE `__new_users` (
-    `id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
-    `email` text
+CREATE TABLE made (
+    id integer
 );
---> statement-breakpoint
-INSERT INTO `__new_users`("id", "email") SELECT "id", "email" FROM `users`;--> statement-breakpoint
-DROP TABLE `users`;--> statement-breakpoint
-ALTER TABLE `__new_users` RENAME TO `users`;--> statement-breakpoint
-PRAGMA foreign_keys=ON;--> statement-breakpoint
-CREATE UNIQUE INDEX `users_email_unique` ON `users` (`email`);
staged; next: git commit
""", "")  # fmt: skip
    assert calls(kit) == [[str(bed.root), ["--no-install", "drizzle-kit", "generate", "--name=email_nullable"], False]]
    assert bed.stages() == {}
    status = """\
A  drizzle/0001_add_age.sql
D  drizzle/0001_email_nullable.sql
A  drizzle/0002_email_nullable.sql
M  drizzle/meta/0001_snapshot.json
A  drizzle/meta/0002_snapshot.json
M  drizzle/meta/_journal.json"""
    assert bed.git("status", "--porcelain") == status
    again = bed.tool("regenerate")
    assert again == (0, "drizzle: already regenerated as 0002_email_nullable; next: git commit\n", "")
    assert len(calls(kit)) == 1
    bed.git("commit", "-q", "--no-edit")
    kept = side_files(REFUSED / "theirs")
    now = bed.files("HEAD")
    assert {path: now[path] for path in kept if path != "meta/_journal.json"} == {
        path: data for path, data in kept.items() if path != "meta/_journal.json"
    }
    assert bed.tool("renumber").code == 0 and bed.git("status", "--porcelain") == ""


def test_abort_brings_everything_back(bed: Bed, kit: Path) -> None:
    stop(bed, merge=False)
    before = bed.state()
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    assert bed.tool("regenerate").code == 0
    bed.git("merge", "--abort")
    assert bed.state() == before


def test_dry_run_shows_the_commands(bed: Bed, kit: Path) -> None:
    stop(bed, data=DATA)
    before, files = bed.state(), worktree(bed)
    done = bed.tool("regenerate", "--dry-run")
    main, sql = bed.git("rev-parse", "main"), bed.git("rev-parse", "HEAD:drizzle/0001_email_nullable.sql")
    commands = f"""\
  mkdir -p drizzle-guard-saved && git cat-file blob {sql} > drizzle-guard-saved/0001_email_nullable.sql
  git restore --source={main} --staged --worktree -- drizzle/meta/0001_snapshot.json drizzle/meta/_journal.json
  git rm -q -f -- drizzle/0001_email_nullable.sql
  npx --no-install drizzle-kit generate --name=email_nullable
  git add -- drizzle/meta 'drizzle/*.sql'
"""
    head = "drizzle: keeps the folder of main; sets aside 0001_email_nullable\n"
    assert done == (0, head + commands, "")
    assert (bed.state(), worktree(bed), calls(kit)) == (before, files, [])
    # typed by hand they come to the same
    bed.run("sh", "-e", "-c", commands)
    by_hand = bed.state()["index"], worktree(bed)
    bed.git("merge", "--abort")
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    assert bed.tool("regenerate").code == 0
    assert (bed.state()["index"], worktree(bed)) == by_hand


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("error", "drizzle-kit generate failed:\n  Error  schema.ts: boom"),
        ("code", "drizzle-kit generate failed:\n  sh: 1: drizzle-kit: not found"),
        (
            "prompt",
            "drizzle-kit generate failed:\n  it wants to ask whether something was renamed; run this in a terminal",
        ),
        ("overwrite", "drizzle-kit wrote drizzle/meta/0001_snapshot.json, which was there before."),
        (
            "elsewhere",
            "drizzle-kit wrote other/0000_email_nullable.sql, which is not in drizzle; remove that file.\n"
            "  name the folder's config: drizzle-guard regenerate --config FILE",
        ),
    ],
)
def test_a_failure_puts_everything_back(bed: Bed, kit: Path, mode: str, message: str) -> None:
    stop(bed, data=DATA)
    bed.write("drizzle/meta/_notes.txt", "mine")
    before, files = bed.state(), worktree(bed)
    done = bed.tool("regenerate", env={"KIT": mode, "KIT_OUT": "other" if mode == "elsewhere" else "drizzle"})
    assert done.code == 1
    assert done.err == f"drizzle-guard: {message}\n  Everything was put back.\n"
    now = {path: data for path, data in worktree(bed).items() if not path.startswith("other/")}
    assert now == files
    assert bed.git("status", "--porcelain", "-uall", "--", ":!other") == before["status"]
    assert bed.state()["index"] == before["index"]
    assert not (bed.root / "drizzle-guard-saved").exists()
    if mode == "elsewhere":
        bed.git("clean", "-qfd", "other")
        done = bed.type("drizzle-guard regenerate --config drizzle.config.ts")
        assert "generated: drizzle/0002_email_nullable.sql" in done.out, done.text


@pytest.mark.parametrize(("onto", "other"), [("feature", "main"), ("main", "feature")])
def test_abort_after_a_failure(bed: Bed, kit: Path, onto: str, other: str) -> None:
    stop(bed, merge=False)
    bed.git("checkout", "-q", onto)
    before = bed.state()
    assert bed.try_git("merge", "--no-edit", other).code == 1
    assert bed.tool("regenerate", env={"KIT": "overwrite"}).code == 1
    bed.git("merge", "--abort")
    assert bed.state() == before


def test_a_base_that_cannot_be_read(bed: Bed, kit: Path) -> None:
    bed.write("drizzle.config.ts", "")
    bed.put(REFUSED / "base")
    journal = bed.read("drizzle/meta/_journal.json")
    bed.write("drizzle/meta/_journal.json", journal.replace(b'"idx": 0,', b'"idx": 1, "idx": 0,'))
    bed.commit("base, from a union merge")
    bed.branch("feature")
    bed.put(REFUSED / "ours")
    bed.commit("ours")
    bed.git("checkout", "-q", "main")
    bed.put(REFUSED / "theirs")
    bed.commit("theirs")
    bed.git("checkout", "-q", "feature")
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    assert bed.tool("renumber").code == 1
    done = bed.tool("regenerate", "drizzle")
    assert done.code == 0, done.text
    assert done.out.startswith("drizzle: keeps the folder of main; sets aside 0001_email_nullable\n")


def test_ctrl_c_puts_everything_back(bed: Bed, kit: Path) -> None:
    stop(bed, data=DATA)
    before, files = bed.state(), worktree(bed)
    started = subprocess.Popen(
        ("drizzle-guard", "regenerate"), cwd=bed.root, env={**bed.env, "KIT": "slow"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        # a shell starts what runs in the background with Ctrl-C ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not (bed.root / "drizzle/0002_email_nullable.sql").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (bed.root / "drizzle-guard-saved/0001_email_nullable.sql").exists()
    os.killpg(started.pid, signal.SIGINT)
    out, err = started.communicate(timeout=20)
    assert started.returncode == 1 and b"Traceback" not in out + err
    assert (bed.state(), worktree(bed)) == (before, files)


def test_handwritten_sql_is_saved(bed: Bed, kit: Path) -> None:
    stop(bed, data=DATA)
    old = bed.git("show", "HEAD:drizzle/0001_email_nullable.sql")
    bed.write("drizzle-guard-saved/0001_email_nullable.sql", "another one")
    done = bed.tool("regenerate", env={"KIT": "none"})
    assert done == (0, """\
drizzle: keeps the folder of main; sets aside 0001_email_nullable
$ npx --no-install drizzle-kit generate --name=email_nullable
saved: drizzle-guard-saved/0001_email_nullable-2.sql   (hand-written SQL, not generated again; not tracked by git)
to use it: npx --no-install drizzle-kit generate --custom --name=NAME, and put the SQL into that file
generated: nothing; the schema has no changes beyond the migrations that stayed
staged; next: git commit
""", "")  # fmt: skip
    assert bed.read("drizzle-guard-saved/0001_email_nullable-2.sql").decode() == old
    assert bed.read("drizzle-guard-saved/0001_email_nullable.sql") == b"another one"
    assert "drizzle-guard-saved" not in bed.git("ls-files")
    again = bed.tool("regenerate", env={"KIT": "none"})
    assert again.code == 0 and "saved:" not in again.out
    assert len(list((bed.root / "drizzle-guard-saved").iterdir())) == 2


def test_what_is_in_the_way(bed: Bed, kit: Path) -> None:
    stop(bed)

    def refuses(message: str) -> None:
        before, files = bed.state(), worktree(bed)
        assert bed.tool("regenerate") == (1, "", f"drizzle-guard: {message}\n")
        assert (bed.state(), worktree(bed), calls(kit)) == (before, files, [])

    stray = bed.write("drizzle/meta/0009_snapshot.json", "{}")
    refuses("drizzle/meta/0009_snapshot.json is not tracked by git, and drizzle-kit would read it.\n"
            "  move it away; then try again")  # fmt: skip
    stray.unlink()
    (bed.root / "drizzle-guard-saved").symlink_to("/tmp")
    refuses("drizzle-guard-saved is a symbolic link; nothing is saved through it.")
    (bed.root / "drizzle-guard-saved").unlink()
    bed.write("drizzle/0001_email_nullable.sql", "-- edited")
    before = worktree(bed)
    done = bed.tool("regenerate")
    assert (done.code, done.err) == (
        1,
        "drizzle-guard: drizzle/0001_email_nullable.sql has changes that no commit holds; they would be overwritten.\n"
        "  move it away, then: git reset -q -- drizzle/0001_email_nullable.sql && drizzle-guard regenerate\n"
        "  Everything was put back.\n",
    )
    assert worktree(bed) == before


def test_a_when_in_the_future_is_passed(bed: Bed, kit: Path) -> None:
    stop(bed)
    assert bed.tool("regenerate", env={"KIT_WHEN": "1000"}).code == 0
    entries = json.loads(bed.read("drizzle/meta/_journal.json"))["entries"]
    assert entries[-1]["when"] == entries[-2]["when"] + 1000


def test_the_journals_formatting_stays(bed: Bed, kit: Path) -> None:
    stop(bed, merge=False)
    bed.git("checkout", "-q", "main")
    journal = json.loads(bed.read("drizzle/meta/_journal.json"))
    text = json.dumps(journal, indent="\t") + "\n"
    bed.write("drizzle/meta/_journal.json", text)
    bed.commit("format")
    bed.git("checkout", "-q", "feature")
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    assert bed.tool("regenerate").code == 0
    now = bed.read("drizzle/meta/_journal.json").decode()
    assert now.startswith(text.removesuffix("\n\t]\n}\n")) and now.endswith("\n\t]\n}\n")


def test_the_terminal_is_passed_through(bed: Bed, kit: Path) -> None:
    stop(bed)

    def in_a_terminal(mode: str) -> tuple[int, str]:
        master, slave = pty.openpty()
        env = {**bed.env, "KIT": mode, "TERM": "dumb"}
        started = subprocess.Popen(
            ("drizzle-guard", "regenerate"), cwd=bed.root, env=env, stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        text = b""
        while True:
            try:
                text += (read := os.read(master, 4096))
            except OSError:
                break
            if not read:
                break
        os.close(master)
        return started.wait(), text.decode().replace("\r\n", "\n")

    before = bed.state()
    code, text = in_a_terminal("prompt")  # as if the question had been cancelled
    assert code == 1 and "Everything was put back." in text
    assert [call[2] for call in calls(kit)] == [True, False]
    assert bed.state() == before
    code, text = in_a_terminal("")
    assert code == 0 and "Your SQL migration file" in text and "generated: drizzle/0002_email_nullable.sql" in text
    assert [call[2] for call in calls(kit)] == [True, False, True]


def test_a_merge_that_is_not_refused_is_left_to_renumber(bed: Bed, kit: Path) -> None:
    case = MERGE / "sqlite-2v2"
    bed.write("drizzle.config.ts", 'export default { out: "drizzle" };\n')
    bed.put(case / "base")
    bed.commit()
    bed.branch("feature")
    bed.put(case / "ours")
    bed.commit()
    bed.git("checkout", "-q", "main")
    bed.put(case / "theirs")
    bed.commit()
    bed.git("merge", "feature", check=False)  # ours is the mainline
    assert bed.tool("regenerate") == (0, "drizzle: not refused; drizzle-guard renumber finishes it\n", "")
    bed.type("drizzle-guard renumber", "git commit --no-edit")
    assert bed.call("check").code == 0
    bed.git("reset", "-q", "--hard", "HEAD^1")
    bed.git("merge", "feature", check=False)
    named = bed.tool("regenerate", "drizzle")
    assert named.code == 0, named.text
    assert named.out.startswith(
        "drizzle: keeps the folder of main; sets aside 0001_comments, 0002_post_views\n"
        "$ npx --no-install drizzle-kit generate --name=comments_post_views\n"
        "generated: drizzle/0003_comments_post_views.sql\n"
        "--- 0001_comments.sql + 0002_post_views.sql\n"
        "+++ 0003_comments_post_views.sql\n"
    )
    bed.git("commit", "-q", "--no-edit")
    assert bed.git("status", "--porcelain") == ""


def test_without_an_operation(bed: Bed, kit: Path) -> None:
    stop(bed, merge=False)
    before = bed.state()
    assert bed.tool("regenerate") == (1, "", """\
drizzle-guard: drizzle: main has migrations that this branch has not met yet.
  git merge main
""")  # fmt: skip
    assert bed.state() == before
    # a merge that somebody ended badly, by keeping both
    bed.git("merge", "-q", "main", check=False)
    journal = json.loads(bed.git("show", "main:drizzle/meta/_journal.json"))
    journal["entries"].append({**journal["entries"][-1], "idx": 2, "tag": "0001_email_nullable"})
    bed.write("drizzle/meta/_journal.json", json.dumps(journal, indent=2))
    bed.commit("merge")
    bed.write("drizzle/0001_add_age.sql", "-- edited")
    shown = """\
drizzle-guard: drizzle has changes that are not committed.
  git stash push -- drizzle
"""
    assert bed.tool("regenerate") == (1, "", shown)
    bed.git("checkout", "-q", "--", "drizzle")
    done = bed.tool("regenerate")
    assert done.code == 0, done.text
    assert done.out.startswith("drizzle: keeps the folder of main; sets aside 0001_email_nullable\n")
    assert done.out.endswith("staged; next: git commit\n")
    bed.git("commit", "-q", "-m", "regenerated")
    tags = [entry["tag"] for entry in json.loads(bed.read("drizzle/meta/_journal.json"))["entries"]]
    assert tags == ["0000_base", "0001_add_age", "0002_email_nullable"]
    assert sorted(bed.files("HEAD")) == sorted(
        [*side_files(REFUSED / "theirs"), "0002_email_nullable.sql", "meta/0002_snapshot.json"]
    )
    bed.git("checkout", "-q", "main")
    assert bed.tool("regenerate") == (
        0, "drizzle: nothing to regenerate, the branch has no migrations of its own\n", ""
    )  # fmt: skip


def test_a_published_commit_is_not_regenerated_in_a_rebase(bed: Bed, kit: Path) -> None:
    stop(bed, merge=False)
    bed.git("checkout", "-q", "main")
    before = bed.state()
    bed.git("rebase", "feature", check=False)
    stopped = bed.state()
    assert bed.tool("regenerate", "--onto", "main") == (1, "", """\
drizzle-guard: drizzle: the replayed commit is published; regenerate would write its migrations twice.
  git rebase --abort
""")  # fmt: skip
    assert bed.state() == stopped
    bed.type("git rebase --abort")
    assert bed.state() == before


# -- which drizzle-kit


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        ({"drizzle.config.ts": ""}, "npx --no-install drizzle-kit generate"),
        ({"drizzle.config.ts": "", "package-lock.json": ""}, "npx --no-install drizzle-kit generate"),
        ({"drizzle.config.ts": "", "pnpm-lock.yaml": ""}, "pnpm exec drizzle-kit generate"),
        ({"drizzle.config.ts": "", "yarn.lock": ""}, "yarn run drizzle-kit generate"),
        ({"drizzle.config.ts": "", "bun.lock": ""}, "bun run drizzle-kit generate"),
        ({"drizzle.config.ts": "", "bun.lockb": ""}, "bun run drizzle-kit generate"),
        (
            {"drizzle.config.ts": "", "package-lock.json": "", "package.json": '{"packageManager": "pnpm@9.1.0"}'},
            "pnpm exec drizzle-kit generate",
        ),
        ({"package.json": '{"devDependencies": {"drizzle-kit": "*"}}'}, "npx --no-install drizzle-kit generate"),
        ({"drizzle.config.ts": "out: process.env.OUT"}, "npx --no-install drizzle-kit generate"),
        (
            {"drizzle.config.ts": 'out: "./other"', "drizzle-b.config.ts": "out: './db b/drizzle/'"},
            "npx --no-install drizzle-kit generate --config=drizzle-b.config.ts",
        ),
        (
            {"drizzle.config.js": "", "drizzle.b.config.ts": "out: `db b/drizzle`"},
            "npx --no-install drizzle-kit generate --config=drizzle.b.config.ts",
        ),
        (
            {"db b/drizzle.config.ts": "", "yarn.lock": "", "db b/package.json": "{}"},
            "(cd 'db b' && yarn run drizzle-kit generate)",
        ),
        (
            {"package-lock.json": "", "db b/pnpm-lock.yaml": "", "db b/drizzle.one.config.ts": 'out: "drizzle"'},
            "(cd 'db b' && pnpm exec drizzle-kit generate --config=drizzle.one.config.ts)",
        ),
        (
            {"drizzle.config.ts": 'out: "db b/drizzle"', "db b/package.json": '"drizzle-kit"'},
            "npx --no-install drizzle-kit generate",
        ),
    ],
)
def test_the_projects_drizzle_kit(tmp_path: Path, files: dict[str, str], shown: str) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text if text or not path.endswith(".ts") else "out: process.env.OUT")
    kit = find_kit(str(tmp_path), "db b/drizzle")
    assert kit.shown(kit.generate_command("")) == shown


def test_a_named_config(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "package.json").write_text('{"dependencies": {"drizzle-kit": "1"}}')
    kit = find_kit(str(tmp_path), "db/drizzle", str(tmp_path / "db" / "config" / "d.ts"))
    assert kit.shown(kit.generate_command("x")) == (
        "(cd db && npx --no-install drizzle-kit generate --config=config/d.ts --name=x)"
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "db/drizzle: no drizzle.config.* and no package.json with drizzle-kit at or above it."),
        ({"drizzle.config.ts": "out: 'x'"},
         "db/drizzle: of drizzle.config.ts, none says that it writes this folder."),
        ({"db/drizzle.config.ts": "out: where()", "db/drizzle.a.config.ts": "out: where()"},
         "db/drizzle: of db/drizzle.a.config.ts, db/drizzle.config.ts, more than one may write this folder."),
    ],
)  # fmt: skip
def test_no_drizzle_kit_that_is_surely_the_folders(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    with pytest.raises(UsageError) as caught:
        find_kit(str(tmp_path), "db/drizzle")
    assert caught.value.message == message


@pytest.mark.parametrize("names", [(), ("a.ts", "b.ts")], ids=["none", "several"])
def test_the_config_is_named_as_it_says(bed: Bed, kit: Path, names: tuple[str, ...]) -> None:
    stop(bed)
    (bed.root / "drizzle.config.ts").unlink()
    for name in names:
        bed.write(f"drizzle.{name.replace('.', '.config.')}", "export default { out: where() };\n")
    said = bed.tool("regenerate")
    assert said.code == 2 and "drizzle-guard regenerate --config FILE" in said.err, said.text
    bed.write("db.config.ts", "export default {};\n")
    done = bed.type("drizzle-guard regenerate --config db.config.ts")
    assert "--config=db.config.ts --name=email_nullable\n" in done.out, done.text
    bed.git("commit", "-q", "--no-edit")
    assert bed.call("check", "--onto", "main").code == 0


def test_migration_name() -> None:
    assert migration_name(["add_age"]) == "add_age"
    assert migration_name(["a", "b"]) == "a_b"
    assert migration_name(["a" * 30, "b" * 30]) == "b" * 30
    assert migration_name(["a & b|c%PATH%"]) == "a___b_c_PATH_"


def test_what_generate_said() -> None:
    assert said("x\n[✓] Your SQL migration file ➜ drizzle/0001_x.sql 🚀\n") == "drizzle/0001_x.sql"
    assert said("No schema changes, nothing to migrate 😴") is None
    with pytest.raises(GuardError) as caught:
        said("Error: no\x07\n    at x (bin.cjs:1:2)\n")
    assert caught.value.hints == ("Error: no\\x07",)
