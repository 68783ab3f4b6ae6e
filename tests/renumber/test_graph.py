"""`drizzle-guard graph`: both lines since the common base, what collides, what would move."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from drizzle_guard.drizzle.folder import Blob, Folder, read_folder
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.replay.parting import collisions, part
from support.cases import MERGE
from support.gitbed import Bed


def folder(rows: Mapping[str, int], *, sql: Mapping[str, str] | None = None) -> dict[str, bytes]:
    """The files of a folder without snapshots: `when` by tag, each with SQL of its own unless `sql` says which."""
    entries = [{"idx": n, "version": "6", "when": rows[tag], "tag": tag} for n, tag in enumerate(rows)]
    document = {"version": "7", "dialect": "sqlite", "entries": entries}
    files = {f"{tag}.sql": (sql or {}).get(tag, f"CREATE TABLE t_{tag} (id integer);").encode() for tag in rows}
    return {**files, PATH: json.dumps(document, indent=2).encode()}


def put(bed: Bed, files: Mapping[str, bytes], name: str = "drizzle") -> None:
    for path, data in files.items():
        bed.write(f"{name}/{path}", data)


def parted(bed: Bed, case: str) -> None:
    """Branches main and feature of a fixture case, feature checked out."""
    bed.put(MERGE / case / "base")
    bed.commit("base")
    bed.branch("feature")
    bed.put(MERGE / case / "ours")
    bed.commit("ours")
    bed.git("checkout", "-q", "main")
    bed.put(MERGE / case / "theirs")
    bed.commit("theirs")
    bed.git("checkout", "-q", "feature")


def test_text(bed: Bed) -> None:
    parted(bed, "sqlite-2v2")
    before = bed.state()
    done = bed.call("graph")
    assert done == (
        0,
        """\
drizzle: 2 migrations on main and 2 on feature since they parted

  *  0000_base
  |\\
  | *  0001_comments    -> 0003_comments
  | *  0002_post_views  -> 0004_post_views
  |    (feature)
  *  0001_user_age
  *  0002_tags
     (main)

0001_comments has the number of 0001_user_age
0001_comments is not newer than 0002_tags, so databases that ran that one skip it
0002_post_views has the number of 0002_tags
0002_post_views is not newer than 0002_tags, so databases that ran that one skip it
""",
        "",
    )
    assert bed.state() == before


def test_what_it_says_is_what_a_merge_does(bed: Bed) -> None:
    parted(bed, "sqlite-2v2")
    (graph,) = json.loads(bed.call("graph", "--format", "json").out)
    bed.arm()
    bed.git("merge", "--no-edit", "main")
    entries = json.loads(bed.read("drizzle/meta/_journal.json"))["entries"]
    keys = ("tag", "idx", "when")
    assert [move["new"] for move in graph["moves"]] == [{k: e[k] for k in keys} for e in entries[3:]]
    (after,) = json.loads(bed.call("graph", "--format", "json").out)
    assert (after["moves"], after["collisions"], after["on_mainline"]) == ([], [], [])
    assert after["on_branch"] == [{k: e[k] for k in keys} for e in entries[3:]]


def test_mermaid(bed: Bed) -> None:
    parted(bed, "sqlite-2v2")
    shown = """\
**`drizzle`**

```mermaid
%%{init: {"gitGraph": {"mainBranchName": "main"}}}%%
gitGraph
  commit id: "0000_base"
  branch "feature"
  commit id: "0001_comments" tag: "becomes 0003_comments"
  commit id: "0002_post_views" tag: "becomes 0004_post_views"
  checkout "main"
  commit id: "0001_user_age"
  commit id: "0002_tags"
```

- 0001\\_comments has the number of 0001\\_user\\_age
- 0001\\_comments is not newer than 0002\\_tags, so databases that ran that one skip it
- 0002\\_post\\_views has the number of 0002\\_tags
- 0002\\_post\\_views is not newer than 0002\\_tags, so databases that ran that one skip it
"""
    assert bed.call("graph", "--format", "mermaid").out == shown


def test_a_refusal_is_named(bed: Bed) -> None:
    parted(bed, "refused-sqlite-recreate")
    refused = (MERGE / "refused-sqlite-recreate" / "refused.txt").read_text().strip()
    done = bed.call("graph")
    assert done.code == 0
    assert f"\na merge would be refused: {refused.removeprefix('drizzle: ')}\n" in done.out
    assert "->" not in done.out
    own = json.loads(bed.call("graph", "--format", "json").out)[0]["refused"]["branch"]
    assert f'  commit id: "{own}" type: REVERSE tag: "refused"\n' in bed.call("graph", "--format", "mermaid").out


def test_a_badly_resolved_merge_is_seen(bed: Bed) -> None:
    put(bed, folder({"0000_a": 1000}))
    bed.commit()
    bed.branch("feature")
    bed.git("checkout", "-q", "main")
    put(bed, folder({"0000_a": 1000, "0001_main": 5000}))
    bed.commit()
    bed.git("checkout", "-q", "feature")
    put(bed, folder({"0000_a": 1000, "0001_main": 5000, "0002_own": 3000}))
    bed.commit()
    bed.git("merge", "-q", "-s", "ours", "--no-edit", "main")
    shown = """\
drizzle: 0 migrations on main and 1 on feature since they parted

  :  1 earlier
  *  0001_main
  |\\
  | *  0002_own  -> when 6000
  |    (feature)
     (main)

0002_own is not newer than 0001_main, so databases that ran that one skip it
"""
    assert bed.call("graph").out == shown
    # the same on a local main that is ahead of the published one
    bed.git("update-ref", "refs/remotes/origin/main", "main")
    bed.git("branch", "-f", "main", "feature")
    bed.git("checkout", "-q", "main")
    there = {"on main": "on origin/main", "(main)": "(origin/main)", "feature": "main"}
    for old, new in there.items():
        shown = shown.replace(old, new)
    assert bed.call("graph").out == shown


def test_where_the_mainline_was_merged_badly_no_merge_is_spoken_of(bed: Bed) -> None:
    parted(bed, "pg-2v2")
    bed.try_git("merge", "--no-edit", "main")
    bed.git("checkout", "-q", "--ours", "drizzle")
    bed.commit("merged")
    for said in (bed.call("graph").out, bed.call("graph", "--all").out):
        assert "would be refused" not in said and "the mainline is merged, and yet: 0001_" in said, said
        assert said.endswith("; what to do says drizzle-guard check\n"), said
    assert "    fix: drizzle-guard renumber\n" in bed.type("drizzle-guard check", check=False).out
    bed.type("drizzle-guard renumber", "git commit -q -m mended", "drizzle-guard check")
    assert "and yet" not in bed.call("graph").out


def test_cherry_picked_deleted_and_several_folders(bed: Bed) -> None:
    base = {"0000_a": 1000, "0001_b": 2000}
    put(bed, folder(base), "a b/é")
    put(bed, folder(base), "other")
    bed.commit()
    bed.branch("feature/x")
    sql = {"0002_both": "CREATE TABLE both (id integer);", "0003_both": "CREATE TABLE both (id integer);"}
    put(bed, folder({**base, "0002_own": 3000, "0003_both": 4000}, sql=sql), "a b/é")
    bed.commit()
    bed.git("checkout", "-q", "main")
    put(bed, folder({"0000_a": 1000, "0002_both": 4000}, sql=sql), "a b/é")
    bed.commit()
    bed.git("checkout", "-q", "feature/x")
    first = """\
a b/é: 1 migration on main and 1 on feature/x since they parted

  :  1 earlier
  *  0001_b
  |\\
  | *  0002_own   -> 0003_own
  | *  0003_both  is 0002_both of main
  |    (feature/x)
  *  0002_both
     (main)

0002_own has the number of 0002_both
0002_own is not newer than 0002_both, so databases that ran that one skip it
0001_b was deleted on main
"""
    second = "other: feature/x and main have the same 2 migrations\n"
    assert bed.call("graph").out == f"{first}\n{second}"
    assert bed.call("graph", "a b").out == first
    assert bed.call("graph", "other", "--onto", "main").out == second
    assert bed.at(bed.root / "other").call("graph", ".").out == second
    assert bed.call("graph", "nowhere") == (
        2, "", "drizzle-guard: nowhere: no migration folder of HEAD or the mainline is there.\n"
    )  # fmt: skip
    assert '  commit id: "0003_both (feature/x)" tag: "is 0002_both"\n' in bed.call("graph", "--format", "mermaid").out


def test_unusual_names_and_timestamps(bed: Bed) -> None:
    put(bed, folder({}))
    bed.commit()
    bed.branch("feature")
    put(bed, folder({"20240102000000_x": 1704153600000, '20240103000000_"q"`': 1704240000000}))
    bed.commit()
    bed.git("checkout", "-q", "main")
    put(bed, folder({"20240101000000_x": 1704067200000}))
    bed.commit()
    bed.git("checkout", "-q", "feature")
    shown = """\
drizzle: 1 migration on main and 2 on feature since they parted

  | *  20240102000000_x     -> idx 1
  | *  20240103000000_"q"`  -> idx 2
  |    (feature)
  *  20240101000000_x
     (main)

20240102000000_x has the idx of 20240101000000_x
"""
    assert bed.call("graph").out == shown
    mermaid = bed.call("graph", "--format", "mermaid").out
    assert '  commit id: "0 earlier migrations"\n' in mermaid
    assert '  commit id: "20240103000000_\'q\'\'" tag: "becomes idx 2"\n' in mermaid


def test_where_there_is_nothing_to_compare(bed: Bed, tmp_path: Path) -> None:
    assert bed.call("graph") == (2, "", "drizzle-guard: this repository has no commit yet.\n")
    bed.write("file", "x")
    bed.commit()
    assert bed.call("graph") == (
        2, "", "drizzle-guard: neither HEAD nor the mainline has a migration folder (meta/_journal.json).\n"
    )  # fmt: skip
    bed.git("branch", "-m", "main", "trunk")
    assert bed.call("graph") == (
        2,
        "",
        "drizzle-guard: nothing tells which branch is the mainline.\n"
        "  name it, for this once or for good:\n"
        "  drizzle-guard graph --onto trunk\n"
        "  git config drizzle-guard.mainline trunk\n",
    )


def test_a_shallow_clone_lacks_the_base(bed: Bed) -> None:
    parted(bed, "sqlite-2v2")
    clone = bed.directory / "clone"
    bed.git("clone", "-q", "--depth=1", "--no-single-branch", bed.root.as_uri(), str(clone))
    assert bed.at(clone).call("graph", "--onto", "origin/main") == (
        1, "", "drizzle-guard: the common base is not in this shallow clone.\n  git fetch --unshallow\n"
    )  # fmt: skip


def _history(rows: Mapping[str, int], **keys: Any) -> Folder:
    return read_folder("d", {path: Blob.of(data, path) for path, data in folder(rows, **keys).items()})


def test_part_knows_a_renumbered_migration() -> None:
    sql = dict.fromkeys(("0001_own", "0002_own"), "SELECT 1; CREATE TABLE own (id integer);")
    base = _history({"0000_a": 1, "0001_own": 2}, sql=sql)
    main = _history({"0000_a": 1, "0001_main": 3, "0002_own": 4}, sql=sql)
    parting = part(base, main, base)
    assert [m.tag for m in parting.mainline] == ["0001_main"]
    assert (parting.branch, parting.same, parting.off_mainline, parting.off_branch) == ((), (), (), ())


@pytest.mark.parametrize(
    ("main", "own", "found"),
    [
        ({"0000_a": 1}, {"0000_a": 2}, [("0000_a", "0000_a", "tag")]),
        ({"0000_a": 1}, {"0000_b": 2}, [("0000_b", "0000_a", "number")]),
        ({"20240101000000_a": 1}, {"20240102000000_b": 2}, [("20240102000000_b", "20240101000000_a", "idx")]),
        ({"0000_a": 2}, {"0000_b": 2}, [("0000_b", "0000_a", "number"), ("0000_b", "0000_a", "when")]),
        ({}, {"0000_b": 2}, []),
    ],
)
def test_collisions(main: dict[str, int], own: dict[str, int], found: list[tuple[str, str, str]]) -> None:
    result = collisions(_history(main).entries, _history(own).entries)
    assert [(c.own.tag, c.other.tag, c.what) for c in result] == found
