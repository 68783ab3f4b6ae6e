"""Folders in Drizzle v1's layout: `graph`, `graph --all`, `check` and `renumber`."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Mapping

import pytest

from support.cases import MERGE
from support.gitbed import Bed

_ROOT = str(uuid.UUID(int=0))
BASE = {"20260101000000_users": "CREATE TABLE users (id integer, email text, name text);"}


def put(bed: Bed, rows: Mapping[str, str], parents: Mapping[str, str] | None = None, folder: str = "drizzle") -> None:
    """Write migrations of a v1 folder; each snapshot follows the one before it, or what `parents` says."""
    before = _ROOT
    for name, sql in rows.items():
        own = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
        parent = before if parents is None or name not in parents else parents[name]
        body = {"version": "7", "dialect": "sqlite", "id": own, "prevIds": [parent], "ddl": [], "renames": []}
        bed.write(f"{folder}/{name}/migration.sql", sql)
        bed.write(f"{folder}/{name}/snapshot.json", json.dumps(body, indent=2))
        before = own


def branch(bed: Bed, name: str, rows: Mapping[str, str]) -> None:
    bed.git("checkout", "-q", "-b", name, "main")
    put(bed, {**BASE, **rows})
    bed.commit(name)
    bed.git("checkout", "-q", "main")


def parted(bed: Bed) -> None:
    """feature has two migrations from before the mainline's newest, and one from after it."""
    put(bed, BASE)
    bed.commit("base")
    branch(
        bed,
        "feature",
        {
            "20260102000000_tags": "CREATE TABLE tags (id integer);",
            "20260102000001_labels": "CREATE TABLE labels (id integer);",
            "20260301000000_later": "CREATE TABLE later (id integer);",
        },
    )
    put(bed, {**BASE, "20260201000000_age": "ALTER TABLE users ADD age integer;"})
    bed.commit("main")


def test_graph(bed: Bed) -> None:
    parted(bed)
    bed.git("checkout", "-q", "feature")
    done = bed.call("graph", "--onto", "main")
    assert done.code == 0, done.text
    assert (
        done.out
        == """\
drizzle: 1 migration on main and 3 on feature since they parted

  *  20260101000000_users
  |\\
  | *  20260102000000_tags    -> 20260201000001_tags
  | *  20260102000001_labels  -> 20260201000002_labels
  | *  20260301000000_later
  |    (feature)
  *  20260201000000_age
     (main)

20260102000000_tags sorts before 20260201000000_age: a new database runs it earlier than production does
20260102000001_labels sorts before 20260201000000_age: a new database runs it earlier than production does
"""
    )
    (found,) = json.loads(bed.call("graph", "--onto", "main", "--format", "json").out)
    assert [c["what"] for c in found["collisions"]] == ["order", "order"]
    assert 'tag: "becomes 20260201000001_tags"' in bed.call("graph", "--onto", "main", "--format", "mermaid").out


def test_graph_of_what_does_not_go_together(bed: Bed) -> None:
    put(bed, BASE)
    bed.commit("base")
    branch(bed, "feature", {"20260102000000_drop": "ALTER TABLE users DROP COLUMN name;"})
    put(bed, {**BASE, "20260201000000_index": "CREATE INDEX by_name ON users (name);"})
    bed.commit("main")
    bed.git("checkout", "-q", "feature")
    out = bed.call("graph", "--onto", "main").out
    assert (
        "not known to be right in this order: 20260102000000_drop (branch) and 20260201000000_index (mainline): " in out
    )


def test_graph_of_all_branches(bed: Bed) -> None:
    parted(bed)
    branch(bed, "a", {"20260103000000_drop": "ALTER TABLE users DROP COLUMN name;"})
    branch(bed, "b", {"20260104000000_drop_too": "ALTER TABLE users DROP COLUMN name;"})
    done = bed.call("graph", "--all", "--onto", "main")
    assert done.code == 0, done.text
    assert done.out.startswith("drizzle: 3 open branches have migrations that main does not have\n")
    assert "\n  feature  3 migrations since 20260101000000_users; main has 1 more\n" in done.out
    assert "\n    20260102000000_tags -> 20260201000001_tags\n" in done.out
    assert "\na and b are not known to be right in either order: 20260104000000_drop_too (b) and " in done.out


def test_check_sees_the_order_and_renumber_mends_it(bed: Bed) -> None:
    parted(bed)
    bed.git("checkout", "-q", "feature")
    bed.git("merge", "-q", "--no-edit", "main")
    done = bed.call("check", "--onto", "main")
    assert done.code == 1
    assert done.out.count("error DG033") == 2
    said = "20260102000000_tags sorts before 20260201000000_age of main: a new database runs it earlier than production"
    assert said in done.out
    assert "fix: drizzle-guard renumber" in done.out

    before = bed.state()
    shown = bed.call("renumber", "--onto", "main", "--dry-run")
    assert shown.code == 0 and "drizzle: would be renumbered\n" in shown.out, shown.text
    assert bed.state() == before
    done = bed.call("renumber", "--onto", "main")
    assert done.code == 0, done.text
    assert (
        done.out
        == """\
drizzle: renumbered
  20260102000000_tags -> 20260201000001_tags
  20260102000001_labels -> 20260201000002_labels
staged; next: git commit
a database in which they ran already runs them again, under the new names: drizzle-guard status
"""
    )
    assert sorted(path.name for path in (bed.root / "drizzle").iterdir()) == [
        "20260101000000_users",
        "20260201000000_age",
        "20260201000001_tags",
        "20260201000002_labels",
        "20260301000000_later",
    ]
    assert bed.git("diff", "--cached", "--name-status", "-M", "--no-renames").count("\n") == 7
    assert bed.git("diff", "--name-only") == ""
    bed.git("commit", "-q", "-m", "renumbered")
    assert bed.call("check", "--onto", "main").code == 0
    again = bed.call("renumber", "drizzle", "--onto", "main")
    assert (again.code, again.out) == (0, "drizzle: nothing to do\n")


def test_a_folder_with_a_journal_beside_it_is_not_passed_over(bed: Bed) -> None:
    """Both layouts in one repository: each is looked at, and where one JSON cannot tell of both, neither is touched."""
    bed.put(MERGE / "sqlite-1v1/base", "old/drizzle")
    bed.commit("old")
    parted(bed)
    bed.git("checkout", "-q", "feature")
    bed.put(MERGE / "sqlite-1v1/ours", "old/drizzle")
    bed.commit("own")
    bed.git("checkout", "-q", "main")
    bed.put(MERGE / "sqlite-1v1/theirs", "old/drizzle")
    bed.commit("main")
    bed.git("checkout", "-q", "feature")
    before = bed.state()
    refused = bed.call("renumber", "--onto", "main", "--json")
    assert (refused.code, bed.state()) == (2, before)
    assert refused.err.endswith(
        "--json tells of one layout at a time, and folders with a journal are here, too.\n"
        "  name one: drizzle-guard renumber --json drizzle\n"
    )
    done = bed.call("renumber", "--onto", "main", "--json", "drizzle", "--dry-run")
    assert done.code == 0 and json.loads(done.out)
    done = bed.call("renumber", "--onto", "main", "--dry-run")
    assert "drizzle: would be renumbered\n" in done.out and "old/drizzle: " in done.out
    assert json.loads(bed.type("drizzle-guard renumber --json drizzle").out)[0]["changed"]
    assert bed.call("check", "drizzle", "--onto", "main").code == 0


@pytest.mark.parametrize("kind", ["link", "taken", "edited"])
def test_renumber_refuses_what_it_cannot_move(bed: Bed, kind: str) -> None:
    parted(bed)
    bed.git("checkout", "-q", "feature")
    if kind == "taken":
        bed.write("drizzle/20260201000001_tags/notes", "mine")
    elif kind == "link":
        place = bed.root / "drizzle/20260102000001_labels"
        bed.git("mv", "drizzle/20260102000001_labels", "elsewhere")
        place.symlink_to("../elsewhere")
        bed.commit("a link")
    else:
        bed.write("drizzle/20260102000000_tags/migration.sql", "CREATE TABLE tags (id integer, x text);")
    before = sorted(map(str, bed.root.rglob("*")))
    done = bed.call("renumber", "--onto", "main")
    if kind == "edited":  # what is not committed goes along
        assert done.code == 0, done.text
        assert b"x text" in bed.read("drizzle/20260201000001_tags/migration.sql")
        return
    assert done.code == 1, done.text
    assert sorted(map(str, bed.root.rglob("*"))) == before
    if kind == "taken":
        assert done.err.endswith("move it away, then: drizzle-guard renumber\n")
        (bed.root / "drizzle/20260201000001_tags").rename(bed.directory / "away")
        bed.type("drizzle-guard renumber")
        assert bed.call("check", "--onto", "main").out.count("sound") == 2


def test_what_ran_under_its_old_name_is_said_to_run_again(bed: Bed) -> None:
    parted(bed)
    bed.git("checkout", "-q", "feature")
    database = sqlite3.connect(bed.root / "here.db")
    with database:
        columns = "id INTEGER PRIMARY KEY, hash text, created_at numeric, name text, applied_at text"
        database.execute(f"CREATE TABLE __drizzle_migrations ({columns})")
        for file in sorted(bed.root.glob("drizzle/*/migration.sql")):
            database.execute(file.read_text())
            row = (hashlib.sha256(file.read_bytes()).hexdigest(), file.parent.name)
            database.execute("INSERT INTO __drizzle_migrations (hash, created_at, name) VALUES (?, 0, ?)", row)
    database.close()
    assert bed.call("status", "--url", "sqlite:here.db").code == 0
    said = bed.call("renumber")
    assert said.code == 0 and "runs them again, under the new names: drizzle-guard status\n" in said.out, said.text
    told = bed.call("status", "--url", "sqlite:here.db")
    assert told.code == 1 and "20260201000001_tags" in told.out, told.text


def test_check_of_the_snapshots(bed: Bed) -> None:
    names = ["20260101000000_a", "20260101000001_b", "20260101000002_c", "20260101000003_d", "20260101000004_e"]
    put(bed, {name: f"CREATE TABLE t{n} (id integer);" for n, name in enumerate(names)})

    def change(name: str, **keys: object) -> None:
        path = f"drizzle/{name}/snapshot.json"
        bed.write(path, json.dumps({**json.loads(bed.read(path)), **keys}, indent=2))

    def id_of(name: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, name))

    assert bed.call("check").code == 0
    change(names[1], prevIds=[id_of(names[2])])  # sorts before its parent
    change(names[2], prevIds=[str(uuid.UUID(int=7))])
    change(names[4], id=id_of(names[3]), prevIds=[id_of(names[0])])
    done = bed.call("check")
    assert done.code == 1
    for line in (
        "DG025  20260101000003_d and 20260101000004_e have the same snapshot id.",
        "DG024  20260101000001_b sorts before 20260101000002_c, which its snapshot builds on.",
        "DG024  the snapshot of 20260101000002_c names a parent that no migration here has.",
    ):
        assert line.partition("  ")[2] in done.out and line.partition("  ")[0] in done.out, done.out

    change(names[1], prevIds=[id_of(names[0])])
    change(names[2], prevIds=[id_of(names[0])])
    change(names[3], prevIds=[id_of(names[0])])
    change(names[4], id=id_of(names[4]), prevIds=[id_of(names[1]), id_of(names[2])])
    done = bed.call("check")  # joined but for one: advice
    assert done.code == 0
    assert "20260101000003_d and 20260101000004_e are both the newest" in done.out, done.out
    change(names[4], prevIds=[id_of(names[1]), id_of(names[2]), id_of(names[3])])
    done = bed.call("check")
    assert done.code == 0 and "DG023" not in done.out
