"""What is printed round a merge, typed literally: afterwards the folder is sound, or the merge is over.

Which message is typed where stands in `support/printed_commands.py`.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from support.cases import MERGE
from support.forks import MERGED, conflict_elsewhere, fork, merged, resolve_elsewhere
from support.gitbed import Bed, add_migration, migrations
from support.live.bench import Bench, write_schema

RAN = MERGE / "sqlite-2v2"


def both_add(bed: Bed, *, armed: bool = True) -> None:
    """Both branches of `fork` add one column, each of another type: no merge of them can be planned."""
    fork(bed, install=armed)
    for branch, tag, kind in (("main", "0001_main1", "text"), ("feature", "0001_feature1", "integer")):
        bed.git("checkout", "-q", branch)
        bed.write(f"drizzle/{tag}.sql", f'ALTER TABLE "base" ADD COLUMN "x" {kind};\n')
        bed.commit(f"a column of {branch}")


def migrate(bed: Bed, entries: list[dict[str, Any]]) -> None:
    """Run migrations on the SQLite database `../here.db`, as Drizzle does."""
    database = sqlite3.connect(bed.directory / "here.db")
    with database:
        database.execute("CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text, created_at numeric)")
        for entry in entries:
            sql = bed.read(f"drizzle/{entry['tag']}.sql")
            database.executescript(sql.decode())
            row = (hashlib.sha256(sql).hexdigest(), entry["when"])
            database.execute("INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)", row)
    database.close()


def test_a_foretold_refusal_is_drawn(bed: Bed) -> None:
    both_add(bed)
    said = bed.call("renumber")
    assert "drizzle: a merge would be refused: " in said.err and said.commands == ["drizzle-guard graph"]
    drawn = bed.type("drizzle-guard graph")
    assert "0001_main1" in drawn.out and "0001_feature1" in drawn.out, drawn.text


def test_settings_that_cannot_be_read_stop_a_merge(bed: Bed) -> None:
    fork(bed)
    bed.write("drizzle-guard.toml", "mainline = \n")
    said = bed.try_git("merge", "--no-edit", "main")
    assert said.code == 1 and said.commands == ["drizzle-guard renumber"], said.text
    (bed.root / "drizzle-guard.toml").unlink()
    bed.type("drizzle-guard renumber", "git commit --no-edit")
    assert merged(bed) == MERGED


def test_in_a_worktree_instead_of_in_objects(bed: Bed) -> None:
    fork(bed)
    said = bed.try_git("merge-tree", "--write-tree", "feature", "main")
    assert said.code == 1 and said.commands == ["git merge NAME"], said.text
    bed.type("git merge main")
    assert merged(bed) == MERGED


@pytest.mark.parametrize("tag", ["0001_feature1", "0001_main1", "0002_feature1"])
def test_a_file_in_the_way_of_a_merge(bed: Bed, tag: str) -> None:
    """One of the branch's or the mainline's that was edited, and one of the new name, which git does not know."""
    fork(bed, install=False)
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    bed.write(f"drizzle/{tag}.sql", "SELECT 1;\n")
    said = bed.call("renumber")
    assert said.code == 1, said.text
    (line,) = [line for line in said.err.splitlines() if "move it away, then: " in line]
    (bed.root / f"drizzle/{tag}.sql").rename(bed.directory / "away.sql")
    bed.type(line.partition("then: ")[2], "drizzle-guard renumber", "git commit --no-edit")
    assert merged(bed) == MERGED


@pytest.mark.parametrize("how", [(), ("--no-verify",)], ids=["hooks", "no-verify"])
def test_a_file_that_was_changed_by_hand(bed: Bed, how: tuple[str, ...]) -> None:
    """In a merge that stopped elsewhere; the commit waits for `renumber`, or is made and then finished by it."""
    fork(bed)
    conflict_elsewhere(bed)
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    bed.write("drizzle/0001_feature1.sql", bed.read("drizzle/0001_feature1.sql") + b"-- by hand\n")
    resolve_elsewhere(bed)
    bed.git("add", "drizzle")
    said = bed.try_git("commit", "--no-edit", *how)
    assert "its migrations do not have their new numbers yet" in said.err, said.text
    for _ in range(2):
        bed.type("drizzle-guard renumber")
    bed.git("commit", "-q", *(("-m", "renumbered") if how else ("--no-edit",)))
    assert migrations(bed.files("HEAD")) == MERGED
    assert bed.files("HEAD")["0002_feature1.sql"].endswith(b"-- by hand\n")


@pytest.mark.parametrize("operation", ["merge", "rebase", "cherry-pick", "stash"])
def test_a_missing_file_is_mended_or_all_is_brought_back(bed: Bed, operation: str) -> None:
    fork(bed)
    lost = "drizzle/0001_feature1.sql"
    was = bed.read(lost)
    bed.git("rm", "-q", lost)
    bed.git("commit", "-q", "--amend", "--no-edit")
    if operation != "merge":
        bed.branch("work", "main")
    if operation == "stash":
        bed.git("checkout", "-q", "main~1")
        bed.git("checkout", "-q", "feature", "--", "drizzle")
        bed.git("stash", "-q")
        bed.git("checkout", "-q", "work")
    elif operation == "rebase":
        bed.git("checkout", "-q", "feature")
    argv = {"cherry-pick": ["cherry-pick", "feature"], "stash": ["stash", "pop"]}.get(operation, [operation, "main"])
    before = bed.state()
    assert bed.try_git(*argv).code == 1
    said = bed.call("renumber")
    again, go_on, _, back = said.commands
    bed.type(back)
    assert bed.state() == before
    assert bed.try_git(*argv).code == 1
    bed.write(lost, was)
    bed.type(f"git add {lost}", again, go_on)
    if operation == "stash":
        bed.commit("popped")
    assert migrations(bed.files("HEAD")) == MERGED


def test_older_snapshots_are_brought_up_on_their_side(bed: Bed, bench: Bench) -> None:
    """main was brought up and went on; the branch was made with a drizzle-kit of before."""

    def age() -> None:
        for file in sorted((bed.root / "drizzle/meta").glob("*_snapshot.json")):
            snapshot = json.loads(file.read_text())
            snapshot["version"] = "5"
            for table in snapshot["tables"].values():
                del table["checkConstraints"]
            snapshot = {key: value for key, value in snapshot.items() if key not in ("views", "internal")}
            file.write_text(json.dumps(snapshot, indent=2))

    bed.arm()
    app = bench.project(bed.root, "sqlite")
    bench.link_node_modules(app)
    write_schema(app, {"users": {"id": "pk"}})
    bench.generate(app, "base")
    age()
    bed.commit("base")
    bed.branch("feature")
    write_schema(app, {"users": {"id": "pk"}, "tags": {"id": "pk"}})
    bed.type("npx drizzle-kit up")
    bench.generate(app, "tags")
    age()
    bed.commit("tags")
    bed.git("checkout", "-q", "main")
    bed.type("npx drizzle-kit up")
    write_schema(app, {"users": {"id": "pk", "email": "text"}})
    bench.generate(app, "email")
    bed.commit("email")
    bed.git("checkout", "-q", "feature")
    said = bed.try_git("merge", "--no-edit", "main")
    assert said.code == 1
    said = bed.call("renumber")
    assert "their snapshots have another version" in said.err, said.text
    bed.type(*said.commands)
    bed.commit("brought up")
    bed.git("merge", "--no-edit", "main")
    write_schema(app, {"users": {"id": "pk", "email": "text"}, "tags": {"id": "pk"}})
    assert bed.call("check", "--onto", "main").code == 0
    assert app.tags() == ["0000_base", "0001_email", "0002_tags"]
    assert bench.check(app).fine and bench.generate_says_no_changes(app)


def test_a_side_that_cannot_be_read_is_mended_there(bed: Bed) -> None:
    """On main half a journal was committed."""
    fork(bed)
    bed.git("checkout", "-q", "main")
    journal = bed.read("drizzle/meta/_journal.json")
    bed.write("drizzle/meta/_journal.json", journal[:-20])
    bed.commit("cut off")
    bed.git("checkout", "-q", "feature")
    before = bed.state()
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    back, look = bed.call("renumber").commands
    bed.type(back)
    assert bed.state() == before
    bed.git("checkout", "-q", "main")
    told = bed.type(look, check=False)
    assert told.code == 1 and told.out.count("  fix: git checkout ") == 1, told.text
    bed.type(told.out.partition("  fix: ")[2].partition("\n")[0])
    bed.commit("mended")
    bed.git("checkout", "-q", "feature")
    bed.git("merge", "--no-edit", "main")
    assert merged(bed) == MERGED


def test_a_file_in_the_way_at_the_end_of_a_rebase(bed: Bed) -> None:
    fork(bed)
    bed.write("drizzle/0002_feature1.sql", "mine\n")
    said = bed.try_git("rebase", "main")
    assert (
        "drizzle-guard: the rebased migrations still have their old numbers: drizzle/0002_feature1.sql is in the way.\n"
        "  move it away, then: drizzle-guard renumber\n"
    ) in said.err, said.text
    (bed.root / "drizzle/0002_feature1.sql").rename(bed.directory / "away.sql")
    bed.type("drizzle-guard renumber")
    bed.git("commit", "-q", "-m", "renumbered")
    assert merged(bed) == MERGED


def test_generated_in_a_stopped_merge(bed: Bed, kit: Path) -> None:
    """drizzle-kit wrote the branch's own table once more; nothing is left to generate afterwards."""
    fork(bed)
    conflict_elsewhere(bed)
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    tag = add_migration(bed.root / "drizzle", "again")
    bed.write(f"drizzle/{tag}.sql", 'CREATE TABLE "feature1" (\n\t"id" integer\n);\n')
    resolve_elsewhere(bed)
    bed.git("add", "drizzle")
    said = bed.try_git("commit", "--no-edit")
    assert said.code == 1 and f"{tag} was generated before the merge was finished" in said.err, said.text
    bed.env["KIT"] = "none"
    bed.type(*said.commands)
    bed.git("clean", "-qfd", "drizzle-guard-saved")
    assert merged(bed) == MERGED


def test_what_ran_under_its_old_number_is_repaired(bed: Bed) -> None:
    bed.put(RAN / "base")
    bed.commit("base")
    bed.branch("feature")
    bed.put(RAN / "ours")
    bed.commit("ours")
    entries = json.loads(bed.read("drizzle/meta/_journal.json"))["entries"]
    migrate(bed, entries)
    bed.git("checkout", "-q", "main")
    bed.put(RAN / "theirs")
    bed.commit("theirs")
    bed.git("checkout", "-q", "feature")
    bed.arm()
    said = bed.try_git("merge", "--no-edit", "main")
    assert "a database in which they ran already: drizzle-guard repair --url URL" in said.err, said.text
    asked = bed.type("drizzle-guard repair --url sqlite:../here.db", check=False)
    assert "re-stamp row 3, 0004_post_views" in asked.out and "With --yes it does not ask." in asked.err
    bed.type("drizzle-guard repair --yes --url sqlite:../here.db")
    assert "In step." in bed.type("drizzle-guard status --url sqlite:../here.db").out


def test_where_wrangler_runs_the_files_a_new_name_runs_again(bed: Bed) -> None:
    bed.put(RAN / "base")
    bed.write("wrangler.jsonc", '{"d1_databases": [{"binding": "DB", "migrations_dir": "./drizzle", /* here */},]}')
    bed.commit("base")
    bed.branch("feature")
    bed.put(RAN / "ours")
    bed.commit("ours")
    tags = [entry["tag"] for entry in json.loads(bed.read("drizzle/meta/_journal.json"))["entries"]]
    database = sqlite3.connect(bed.directory / "here.db")
    with database:
        database.execute("CREATE TABLE d1_migrations (id integer primary key, name text)")
        for tag in tags:
            database.executescript(bed.read(f"drizzle/{tag}.sql").decode())
            database.execute("INSERT INTO d1_migrations (name) VALUES (?)", (f"{tag}.sql",))
    bed.git("checkout", "-q", "main")
    bed.put(RAN / "theirs")
    bed.commit("theirs")
    bed.git("checkout", "-q", "feature")
    bed.arm()
    said = bed.try_git("merge", "--no-edit", "main")
    again = "would run them again: wrangler goes by the file's name; first see drizzle-guard status --url URL\n"
    assert f"a database in which they ran already {again}" in said.err, said.text
    for _ in range(2):
        shown = bed.type("drizzle-guard status --url sqlite:../here.db", check=False).out
        with database:
            database.execute(shown.partition("If it ran: ")[2].partition("\n")[0])
    database.close()
    assert "If it ran:" not in bed.type("drizzle-guard status --url sqlite:../here.db", check=False).out


def test_a_snapshot_that_no_commit_has(bed: Bed, kit: Path) -> None:
    """Rebased by hand in a clone that was not armed; another clone has nothing but the result."""
    bed.write("drizzle.config.ts", 'export default { dialect: "postgresql", out: "./drizzle" };\n')
    fork(bed, install=False)
    journal = json.loads(bed.git("show", "main:drizzle/meta/_journal.json"))
    own = {**journal["entries"][-1], "idx": 2, "tag": "0001_feature1", "when": journal["entries"][-1]["when"] + 60_000}
    sql = bed.read("drizzle/0001_feature1.sql")
    bed.branch("result", "main")
    bed.write("drizzle/meta/_journal.json", json.dumps({**journal, "entries": [*journal["entries"], own]}))
    bed.write("drizzle/0001_feature1.sql", sql)
    bed.commit("by hand")
    bed.git("checkout", "-q", "main")
    clone = bed.at(bed.directory / "clone")
    bed.git("clone", "-q", f"file://{bed.root}", str(clone.root))
    clone.git("checkout", "-q", "result")
    clone.git("reflog", "expire", "--expire=now", "--all")
    clone.git("update-ref", "-d", "refs/remotes/origin/feature")
    said = clone.call("renumber")
    assert said.code == 1 and "and its snapshot is not in this commit." in said.err, said.text
    (command,) = said.commands
    clone.type(command)
    clone.commit("made anew")
    assert clone.call("check", "--onto", "main").code == 0
    assert not (clone.root / "drizzle/0001_feature1.sql").exists()


def test_what_is_wrong_in_a_merge_that_was_committed(bed: Bed) -> None:
    """git merged the journals as text, and one of the branch's has no number that could be changed."""
    folder = bed.root / "drizzle"
    for name in ("base", "second"):
        add_migration(folder, name)
    bed.commit("base")
    bed.branch("feature")
    journal = json.loads(bed.read("drizzle/meta/_journal.json"))
    first, second = journal["entries"]
    own = {**first, "when": first["when"] + 1, "tag": "own"}
    bed.write("drizzle/meta/_journal.json", json.dumps({**journal, "entries": [first, own, second]}, indent=2))
    bed.write("drizzle/own.sql", 'CREATE TABLE "own" (\n\t"id" integer\n);\n')
    bed.commit("own")
    bed.git("checkout", "-q", "main")
    add_migration(folder, "third")
    bed.commit("third")
    bed.git("checkout", "-q", "feature")
    bed.git("merge", "-q", "--no-edit", "main")
    said = bed.call("renumber")
    assert said.code == 1 and said.commands == ["drizzle-guard check"], said.text
    told = bed.type("drizzle-guard check", check=False)
    assert told.code == 1 and "own" in told.out and "fix: " in told.out, told.text


def test_a_chain_that_v1_would_stop_at_is_mended(bed: Bed) -> None:
    for name in ("base", "one", "two"):
        add_migration(bed.root / "drizzle", name)
    path = "drizzle/meta/0001_snapshot.json"
    bed.write(path, json.dumps({**json.loads(bed.read(path)), "prevId": "1" * 8 + "-1111-4111-8111-" + "1" * 12}))
    bed.commit("torn")
    said = bed.call("check", "--for", "v1")
    assert said.code == 1 and "follows one that no migration here has." in said.out, said.text
    assert said.out.count("fix: drizzle-guard check --fix") == 2
    bed.type("drizzle-guard check --fix")
    assert bed.call("check", "--for", "v1").code == 0


def test_whether_a_database_skipped_one_is_asked_of_it(bed: Bed) -> None:
    bed.put(RAN / "expected")
    journal = json.loads(bed.read("drizzle/meta/_journal.json"))
    *ran, late = journal["entries"]
    late["when"] = ran[-1]["when"] - 1
    bed.write("drizzle/meta/_journal.json", json.dumps(journal, indent=2))
    bed.commit("published")
    migrate(bed, ran)
    said = bed.call("check")
    assert "published: leave it; drizzle-guard status --url URL says whether a database skipped it" in said.out, (
        said.text
    )
    told = bed.type("drizzle-guard status --url sqlite:../here.db", check=False)
    assert told.code == 1 and f"drizzle-guard apply {late['tag']}" in told.out, told.text
