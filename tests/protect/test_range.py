"""`drizzle-guard protect --from-ref --to-ref`: pre-push and CI."""

from __future__ import annotations

import pytest

from support.gitbed import Bed
from support.protect_commits import CASE, OWN, allow, colliding, drop_last, feature, hash_of

SQL = f"drizzle/{OWN}.sql"


def test_every_commit_is_looked_at(bed: Bed) -> None:
    feature(bed)
    assert bed.call("protect", "--from-ref", "main").text == ""
    bed.write(SQL, "select 2;")
    bed.commit("sneaked in")
    short = bed.git("rev-parse", "--short", "HEAD")
    since = bed.git("rev-parse", "--short", "HEAD~2")
    bed.write("src/schema.ts", "later still\n")
    bed.commit("later")
    for args in (("--from-ref", "main"), ("--from-ref", "main", "--to-ref", "feature")):
        done = bed.call("protect", *args)
        assert done.code == 1
        assert done.err == (
            "drizzle-guard: these commits change a committed migration; committed migrations stay as they are.\n"
            f"  {SQL}: the SQL is edited; it stands since {since} (2024-01-01, feature). "
            f"Changed in {short} (sneaked in).\n"
            "  Where it ran, the new text never runs; where it did not, it does: databases drift apart.\n"
            "  Instead, put the change into a new migration: npx drizzle-kit generate --custom\n"
            "  Not on main yet: 0001_comments. If nobody else has run that, it may change:\n"
            '    for the team, in drizzle-guard.toml: protect = "published"\n'
            "  To allow it on purpose, add this to drizzle-guard.toml, commit both, and have it reviewed like code:\n"
            "    [[allow]]\n"
            '    tag = "0001_comments"\n'
            f'    sha256 = "{hash_of(b"select 2;")}"\n'
            '    reason = "why no database minds"\n'
        )
    done = bed.call("protect", env={"PRE_COMMIT_FROM_REF": "main", "PRE_COMMIT_TO_REF": "feature"})
    assert done.code == 1 and "sneaked in" in done.err
    assert bed.call("protect", "--from-ref", "HEAD~1").text == ""


def test_what_was_taken_back_or_allowed_later_passes(bed: Bed) -> None:
    feature(bed)
    first = bed.read(SQL)
    bed.write(SQL, "select 2;")
    bed.commit("sneaked in")
    bed.write(SQL, first)
    bed.commit("taken back")
    assert bed.call("protect", "--from-ref", "main").text == ""
    bed.write(SQL, "select 3;")
    bed.commit("again")
    assert bed.call("protect", "--from-ref", "main").code == 1
    allow(bed, OWN, b"select 3;")
    bed.commit("and allowed")
    assert bed.call("protect", "--from-ref", "main").text == ""


def test_a_revert_that_ran_no_hook(bed: Bed) -> None:
    bed.put(CASE / "base")
    bed.commit("base")
    bed.branch("feature")
    bed.put(CASE / "ours")
    added = bed.commit("feature")
    bed.git("revert", "--no-edit", added)
    done = bed.call("protect", "--from-ref", "main")
    # the branch as a whole adds nothing and takes nothing away, but somebody may have run it
    assert done.code == 1
    assert f"{SQL}: it is deleted" in done.err
    assert "Changed in " in done.err and '(Revert "feature").' in done.err


def test_a_migration_of_the_mainline_is_named_against_the_merge_base(bed: Bed) -> None:
    feature(bed)
    bed.git("rm", "-q", "-r", "drizzle")
    bed.commit("all gone")
    done = bed.call("protect", "--from-ref", "main")
    assert "these commits change 3 committed migrations" in done.err


def test_merges_of_the_mainline_pass_and_evil_ones_do_not(bed: Bed) -> None:
    colliding(bed)
    bed.arm()
    bed.git("merge", "-q", "--no-edit", "main")
    assert (bed.root / "drizzle/0003_comments.sql").exists()
    assert bed.call("protect", "--from-ref", "main").text == ""
    bed.git("reset", "-q", "--hard", "HEAD^")
    bed.git("-c", "core.hooksPath=none", "merge", "-q", "--no-edit", "-s", "ours", "main")
    done = bed.call("protect", "--from-ref", "main")
    assert "drizzle/0001_user_age.sql: it is deleted" in done.err
    # where the last push was before, and the mainline went on, git's path limiting leaves this merge out
    bed.git("checkout", "-q", "main")
    bed.write("x", "x")
    bed.commit("main goes on")
    bed.git("checkout", "-q", "feature")
    done = bed.call("protect", "--from-ref", "HEAD~2")
    assert "drizzle/0001_user_age.sql: it is deleted" in done.err


def test_a_push_of_the_mainline_itself(bed: Bed) -> None:
    """Nothing tells here what was published before but the range's own start."""
    colliding(bed)
    bed.arm()
    bed.git("checkout", "-q", "main")
    bed.git("merge", "-q", "--no-edit", "feature")
    assert bed.call("protect", "--from-ref", "main~1", "--to-ref", "main").text == ""
    bed.write("drizzle/0000_base.sql", "select 1;")
    bed.commit("edit")
    done = bed.call("protect", "--from-ref", "main~1", "--to-ref", "main")
    assert "drizzle/0000_base.sql: the SQL is edited" in done.err


@pytest.mark.both_gits
def test_rebase_then_push(bed: Bed) -> None:
    """What the mainline did meanwhile is in the range, and is not the pusher's."""
    colliding(bed)
    bed.arm()
    before = bed.git("rev-parse", "HEAD")
    bed.git("checkout", "-q", "main")
    drop_last(bed)
    bed.commit("main drops one, allowed there")
    bed.git("checkout", "-q", "feature")
    bed.git("rebase", "-q", "main")
    assert (bed.root / "drizzle/0002_comments.sql").exists()
    refs = {"PRE_COMMIT_FROM_REF": before, "PRE_COMMIT_TO_REF": "HEAD"}
    assert bed.call("protect", env=refs).text == ""
    bed.write("drizzle/0001_user_age.sql", "select 1;")
    bed.commit("edit")
    assert "drizzle/0001_user_age.sql: the SQL is edited" in bed.call("protect", env=refs).err


def test_github_annotations(bed: Bed) -> None:
    feature(bed)
    bed.write(SQL, "select 2;")
    bed.commit("50% done:\tnow")
    done = bed.call("protect", "--from-ref", "main", "--format", "github")
    assert done.code == 1
    since = bed.git("rev-parse", "--short", "HEAD~2")
    assert done.out == (
        f"::error file={SQL},title=drizzle-guard protect::{SQL}: the SQL is edited; it stands since {since} "
        "(2024-01-01, feature). Where it ran, the new text never runs; where it did not, it does: databases drift "
        "apart.\n"
    )
    assert "[[allow]]" in done.err


def test_a_shallow_clone_says_what_to_fetch(bed: Bed) -> None:
    feature(bed)
    bed.git("checkout", "-q", "main")
    bed.write("x", "x")
    bed.commit("main goes on")
    clone = bed.at(bed.directory / "shallow")
    bed.git("clone", "-q", "--no-single-branch", "--depth", "1", f"file://{bed.root}", str(clone.root))
    done = clone.call("protect", "--from-ref", "origin/main", "--to-ref", "origin/feature")
    assert done.code == 2
    assert done.err == (
        "drizzle-guard: origin/main and origin/feature have no common ancestor here: this clone is shallow.\n"
        "  In GitHub Actions, give actions/checkout fetch-depth: 0; here:\n"
        "  git fetch --unshallow\n"
    )
