"""`drizzle-guard graph --all`: every open branch, and which of them will refuse each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.replay.rivals import common_pairs
from support.gitbed import Bed

BASE = {"0000_base": "CREATE TABLE users (id integer, email text, name text);"}


def put(bed: Bed, rows: Mapping[str, str], start: int = 1_000_000_000_000) -> None:
    """Commit a folder of these migrations, SQL by tag."""
    entries = [
        {"idx": n, "version": "6", "when": start + 1000 * n, "tag": tag, "breakpoints": True}
        for n, tag in enumerate(rows)
    ]
    bed.write(f"drizzle/{PATH}", json.dumps({"version": "7", "dialect": "sqlite", "entries": entries}, indent=2))
    for tag, sql in rows.items():
        bed.write(f"drizzle/{tag}.sql", sql)
    bed.commit(list(rows)[-1])


def branch(bed: Bed, name: str, rows: Mapping[str, str]) -> None:
    """A branch of main with migrations of its own."""
    bed.git("checkout", "-q", "-b", name, "main")
    put(bed, {**BASE, **rows})
    bed.git("checkout", "-q", "main")


def many(bed: Bed) -> None:
    """Main went on by one; a and b both drop a column, c is harmless, d collides with main itself."""
    put(bed, BASE)
    branch(bed, "feat/a", {"0001_drop_name": "ALTER TABLE users DROP COLUMN name;"})
    branch(bed, "feat/b", {"0001_without_name": "ALTER TABLE users DROP COLUMN name; -- b"})
    branch(bed, "feat/c", {"0001_tags": "CREATE TABLE tags (id integer);"})
    branch(bed, "feat/d", {"0001_age": "ALTER TABLE users ADD age integer; -- d"})
    bed.git("branch", "merged", "main")
    put(bed, {**BASE, "0001_main_age": "ALTER TABLE users ADD age integer;"})
    bed.git("branch", "-q", "copy-of-c", "feat/c")


def test_text(bed: Bed) -> None:
    many(bed)
    before = bed.state()
    done = bed.call("graph", "--all", "--onto", "main")
    assert (done.code, done.err) == (0, "")
    assert (
        done.out
        == """\
drizzle: 4 open branches have migrations that main does not have

  copy-of-c  1 migration since 0000_base; main has 1 more
    0001_tags -> 0002_tags

  feat/a     1 migration since 0000_base; main has 1 more
    0001_drop_name -> 0002_drop_name

  feat/b     1 migration since 0000_base; main has 1 more
    0001_without_name -> 0002_without_name

  feat/d     1 migration since 0000_base; main has 1 more
    a merge would be refused: 0001_age (branch) and 0001_main_age (mainline): both create column "age" of table "users".

feat/a and feat/b: whichever lands second will be refused: 0001_without_name (feat/b) and 0002_drop_name (feat/a): \
both drop column "name" of table "users".
"""
    )
    assert bed.state() == before


def test_nothing_anywhere(bed: Bed) -> None:
    bed.git("commit", "-q", "--allow-empty", "-m", "nothing")
    done = bed.call("graph", "--all")
    assert (done.code, done.out) == (0, "neither the mainline nor an open branch has a migration folder\n")


@pytest.mark.parametrize(("first", "second"), [("feat/a", "feat/b"), ("feat/b", "feat/a")])
def test_what_it_foretells_happens(bed: Bed, first: str, second: str) -> None:
    many(bed)
    bed.arm()
    bed.commit("attributes")
    for name, code in ((first, 0), (second, 1), ("feat/c", 0), ("feat/d", 1)):
        done = bed.try_git("merge", "--no-edit", name)
        assert done.code == code, done.text
        if code:
            bed.git("merge", "--abort")


def test_agents_in_linked_worktrees_see_each_other_s_branches(bed: Bed) -> None:
    put(bed, BASE)
    for name in ("agent-a", "agent-b"):
        linked = bed.at(bed.directory / name)
        bed.git("worktree", "add", "-q", "-b", name, str(linked.root), "main")
        put(linked, {**BASE, f"0001_{name[-1]}": f"ALTER TABLE users DROP COLUMN name; -- {name}"})
    assert "agent-a and agent-b: whichever lands second will be refused" in linked.call("graph", "--all").out


def test_json_and_mermaid(bed: Bed) -> None:
    many(bed)
    (found,) = json.loads(bed.call("graph", "--all", "--format", "json").out)
    branches: dict[str, Any] = {b["name"]: b for b in found["branches"]}
    assert list(branches) == ["copy-of-c", "feat/a", "feat/b", "feat/d"]
    assert branches["feat/a"]["moves"] == [{"old": "0001_drop_name", "new": "0002_drop_name"}]
    assert found["rivals"] == [
        {
            "first": "feat/a",
            "second": "feat/b",
            "either_way": True,
            "reason": 'both drop column "name" of table "users"',
            "tags": ["0002_drop_name", "0001_without_name"],
        }
    ]
    diagram = bed.call("graph", "--all", "--format", "mermaid").out
    assert '  branch "feat/a"\n  commit id: "0001_drop_name (feat/a)" tag: "becomes 0002_drop_name"\n' in diagram
    assert diagram.count('checkout "main"') == 4


def test_only_one_order_is_refused(bed: Bed) -> None:
    put(bed, BASE)
    branch(bed, "drops", {"0001_drop": "ALTER TABLE users DROP COLUMN name;"})
    branch(bed, "uses", {"0001_use": "CREATE INDEX by_name ON users (name);"})
    (found,) = json.loads(bed.call("graph", "--all", "--format", "json").out)
    assert [(r["first"], r["second"], r["either_way"]) for r in found["rivals"]] in (
        [("drops", "uses", True)],
        [("drops", "uses", False)],
        [("uses", "drops", False)],
    )


def test_what_cannot_be_read_is_said(bed: Bed) -> None:
    put(bed, BASE)
    branch(bed, "good", {"0001_tags": "CREATE TABLE tags (id integer);"})
    bed.git("checkout", "-q", "-b", "bad", "main")
    bed.write(f"drizzle/{PATH}", "<<<<<<< ours\n")
    bed.commit("markers")
    bed.git("checkout", "-q", "main")
    done = bed.call("graph", "--all")
    assert done.code == 0
    assert "1 open branch has migrations" in done.out
    assert "\nnot looked at: bad: " in done.out
    (found,) = json.loads(bed.call("graph", "--all", "--format", "json").out)
    assert [unread["name"] for unread in found["not_looked_at"]] == ["bad"]


def test_remote_branches(bed: Bed) -> None:
    put(bed, BASE)
    branch(bed, "feat", {"0001_tags": "CREATE TABLE tags (id integer);"})
    for remote in ("origin", "fork"):
        bed.git("remote", "add", remote, "elsewhere")
    bed.git("update-ref", "refs/remotes/origin/theirs", "feat")
    bed.git("update-ref", "refs/remotes/origin/main", "main")
    bed.git("branch", "-q", "-D", "feat")
    names = {
        remote: [
            b["name"] for b in json.loads(bed.call("graph", "--all", *args, "--format", "json").out)[0]["branches"]
        ]
        for remote, args in (("", ()), ("origin", ("--remote", "origin")), ("fork", ("--remote", "fork")))
    }
    assert names == {"": ["origin/theirs"], "origin": ["origin/theirs"], "fork": []}
    assert bed.call("graph", "--all", "--remote", "nosuch").err.startswith(
        "drizzle-guard: there is no remote 'nosuch' here."
    )
    assert set(bed.type("git remote -v").out.split()[::3]) == {"fork", "origin"}
    assert bed.call("graph", "--remote", "origin").code == 2


def test_a_stacked_branch_is_no_rival(bed: Bed) -> None:
    put(bed, BASE)
    one = {"0001_tags": "CREATE TABLE tags (id integer);"}
    branch(bed, "lower", one)
    bed.git("checkout", "-q", "-b", "upper", "lower")
    put(bed, {**BASE, **one, "0002_tag_name": "ALTER TABLE tags ADD name text;"})
    bed.git("checkout", "-q", "main")
    (found,) = json.loads(bed.call("graph", "--all", "--format", "json").out)
    assert ([b["name"] for b in found["branches"]], found["rivals"]) == (["lower", "upper"], [])


def test_only_pairs_with_something_in_common_are_compared() -> None:
    names = [frozenset({f"t{n}"}) for n in range(1000)] + [frozenset({"t7", "x"}), frozenset({"x"})]
    assert common_pairs(names) == [(7, 1000), (1000, 1001)]
