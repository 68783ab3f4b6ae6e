"""Merges that were resolved badly and committed: what `check` prints, typed, brings the folder in order."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from support.gitbed import Bed, add_migration, migrations

JOURNAL = "drizzle/meta/_journal.json"


def journal(bed: Bed, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change the entries of the journal."""
    body = json.loads(bed.read(JOURNAL))
    change(body["entries"])
    bed.write(JOURNAL, json.dumps(body, indent=2))


def fork(bed: Bed) -> None:
    """main has `main1` and the branch `own`, both as number 1, from one base."""
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    bed.branch("feature")
    bed.git("checkout", "-q", "main")
    add_migration(bed.root / "drizzle", "main1")
    bed.commit("main1")
    bed.git("checkout", "-q", "feature")
    add_migration(bed.root / "drizzle", "own")
    bed.commit("own")
    bed.try_git("merge", "--no-edit", "main")


def ours_taken(bed: Bed) -> None:
    bed.git("checkout", "-q", "--ours", "drizzle")


def theirs_taken(bed: Bed) -> None:
    bed.git("checkout", "-q", "--theirs", "drizzle")


def mainlines_renumbered(bed: Bed) -> None:
    bed.git("checkout", "-q", "--ours", "drizzle")
    bed.git("mv", "drizzle/0001_main1.sql", "drizzle/0002_main1.sql")
    own, other = (json.loads(bed.files(side)["meta/0001_snapshot.json"]) for side in ("HEAD", "main"))
    other["prevId"], other["tables"] = own["id"], {**own["tables"], **other["tables"]}
    bed.write("drizzle/meta/0002_snapshot.json", json.dumps(other, indent=2))
    entry = json.loads(bed.files("main")["meta/_journal.json"])["entries"][1]
    journal(bed, lambda entries: entries.append({**entry, "idx": 2, "tag": "0002_main1"}))


def one_number_for_both(bed: Bed) -> None:
    bed.git("checkout", "-q", "--theirs", "drizzle")
    entry = json.loads(bed.files("HEAD")["meta/_journal.json"])["entries"][1]
    journal(bed, lambda entries: entries.append(entry))


def union(bed: Bed) -> None:
    """What `merge=union` makes: one object with both tags; the later one stands."""
    bed.git("checkout", "-q", "--theirs", "drizzle")
    text = bed.read(JOURNAL).decode()
    bed.write(JOURNAL, text.replace('"tag": "0001_main1"', '"tag": "0001_main1",\n      "tag": "0001_own"'))


def markers(bed: Bed) -> None:
    bed.git("add", "-A")


def broken(bed: Bed) -> None:
    bed.write(JOURNAL, '{"entries": [')


BADLY = [ours_taken, theirs_taken, mainlines_renumbered, one_number_for_both, union, markers, broken]


def typed(bed: Bed, *, env: dict[str, str] | None = None) -> str:
    """Type the command that `check` prints for its errors, in a shell; what it said."""
    said = bed.call("check")
    assert said.code == 1, said.text
    block = said.out[said.out.index("\n  error ") :]
    command = re.search(r"^ +fix: (drizzle-guard .*)$", block, re.MULTILINE)
    assert command is not None, said.out
    done = bed.run("sh", "-c", command[1], env=env)
    bed.commit("as it said")
    after = bed.call("check")
    assert after.code == 0, said.out + done.text + after.out
    return done.out


@pytest.mark.parametrize("badly", BADLY, ids=lambda badly: badly.__name__)
def test_the_printed_command_heals_a_committed_merge(bed: Bed, badly: Callable[[Bed], None]) -> None:
    fork(bed)
    badly(bed)
    bed.commit("merged by hand")
    said = typed(bed)
    assert "\nstaged; next: git commit\n" in said
    assert migrations(bed.files("HEAD")) == ["base", "main1", "own"]
    for path in ("0000_base.sql", "0001_main1.sql", "meta/0001_snapshot.json"):
        assert bed.files("HEAD")[path] == bed.files("main")[path]
    assert bed.git("status", "--porcelain") == ""


@pytest.mark.parametrize("way", ["reset", "later commit"])
def test_markers_that_no_merge_knows_of(bed: Bed, way: str) -> None:
    fork(bed)
    if way == "reset":
        bed.git("reset", "-q")
        typed(bed)
    else:
        text = bed.read(JOURNAL)
        bed.git("merge", "--abort")
        bed.git("merge", "-q", "-s", "ours", "--no-edit", "main")
        bed.write(JOURNAL, text)
        bed.write("drizzle/0001_main1.sql", bed.files("main")["0001_main1.sql"])
        bed.commit("markers and all")
        typed(bed)
    assert migrations(bed.files("HEAD")) == ["base", "main1", "own"]


def test_what_was_generated_on_a_wrong_folder_goes_only_when_agreed(bed: Bed) -> None:
    """After `ours` was taken, generate wrote the mainline's table again."""
    fork(bed)
    ours_taken(bed)
    bed.commit("merged by hand")
    bed.git("rm", "-q", "drizzle/0001_main1.sql")
    tag = add_migration(bed.root / "drizzle", "again")
    text = bed.files("main")["0001_main1.sql"].decode()
    bed.write(f"drizzle/{tag}.sql", f"-- generated\n{text}")
    bed.commit("generated")
    assert "fix: drizzle-guard renumber\n" in bed.call("check").out
    before = bed.state()
    asked = bed.call("renumber")
    assert asked.code == 1 and bed.state() == before
    assert asked.err == (
        "drizzle-guard: this undoes what somebody has done:\n"
        "  0001_main1 comes back, which is not in the folder any more\n"
        "  0002_again goes: others do all that it does\n"
        "  drizzle-guard renumber --yes\n"
    )
    assert bed.call("renumber", "--yes").code == 0
    bed.commit("as it said")
    assert migrations(bed.files("HEAD")) == ["base", "main1", "own"]


def test_entries_that_were_swapped_by_hand_go_in_the_order_of_their_snapshots(bed: Bed) -> None:
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    bed.branch("feature")
    for name in ("own", "later"):
        add_migration(bed.root / "drizzle", name)
    journal(bed, lambda entries: entries.append(entries.pop(1)))
    bed.commit("swapped")
    typed(bed)
    assert migrations(bed.files("HEAD")) == ["base", "own", "later"]


def test_renumber_is_not_content_where_check_is_not(bed: Bed) -> None:
    """Nothing heals that; it says which error is left, and its exit code is 1."""
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    bed.branch("feature")
    tag = add_migration(bed.root / "drizzle", "own")
    bed.write(f"drizzle/{tag}.sql", b"\xef\xbb\xbfSELECT 1;")
    bed.commit("own")
    done = bed.call("renumber")
    assert done.code == 1
    assert done.out == (
        "drizzle: nothing to renumber (its own migrations are behind the mainline's already)\n"
        "  left: DG015 0001_own.sql begins with a byte order mark.\n"
        "    fix: save it as UTF-8 without BOM\n"
    )
    done = bed.call("renumber", "--json")
    assert done.code == 1
    assert json.loads(done.out)[0]["left"] == [
        {
            "code": "DG015",
            "message": "0001_own.sql begins with a byte order mark.",
            "fix": "save it as UTF-8 without BOM",
        }
    ]


def test_a_published_chain_that_was_renumbered_by_hand(bed: Bed) -> None:
    """Snapshots with one parent: `check` names one command that heals, and the other one heals as well."""
    for name in ("base", "one", "two"):
        add_migration(bed.root / "drizzle", name)
    path = "drizzle/meta/0002_snapshot.json"
    first = json.loads((bed.root / "drizzle/meta/0000_snapshot.json").read_text())["id"]
    newest = json.loads((bed.root / path).read_text())
    bed.write(path, json.dumps({**newest, "prevId": first}, indent=2))
    before = bed.commit("base")
    done = bed.call("check")
    assert done.code == 1 and "DG023" in done.out and "\n    fix: drizzle-guard check --fix\n" in done.out, done.text
    for command in (("check", "--fix"), ("renumber",)):
        assert bed.call(*command).code == 0
        bed.commit("healed")
        assert bed.call("check", "--strict").code == 0
        assert json.loads((bed.root / path).read_text())["prevId"] != first
        bed.git("reset", "-q", "--hard", before)


@pytest.mark.parametrize("way", [("merge", "--no-edit"), ("rebase",)], ids=lambda way: way[0])
@pytest.mark.parametrize("fault", ["order mark", "chain", "edit"])
def test_what_went_as_planned_is_finished_whatever_was_wrong_on_a_side(
    bed: Bed, fault: str, way: tuple[str, ...]
) -> None:
    """The fault is said, but the work is done: the exit code is 0, and nothing that is published changes."""
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    bed.arm()
    bed.commit("install")
    bed.branch("feature")
    tag = add_migration(bed.root / "drizzle", "own")
    if fault == "order mark":
        bed.write(f"drizzle/{tag}.sql", b"\xef\xbb\xbfSELECT 1;")
    elif fault == "edit":
        bed.write("drizzle/0000_base.sql", "SELECT 2;")
    bed.commit("own")
    bed.git("checkout", "-q", "main")
    add_migration(bed.root / "drizzle", "other")
    left = ["DG015 0002_own.sql begins with a byte order mark.", "fix: save it as UTF-8 without BOM"]
    if fault == "chain":
        add_migration(bed.root / "drizzle", "torn")
        left = [line.strip().removeprefix("left: ") for line in shared(1, 2, tear(bed, 2, 0))]
    if fault == "edit":
        back = "fix: git checkout main -- drizzle/0000_base.sql"
        left = ["DG031 0000_base.sql is not as on main.", back, "     then put the change into a new migration"]
    bed.commit("other")
    bed.git("checkout", "-q", "feature")
    assert bed.try_git(*way, "main").code == 0
    before = bed.state()
    done = bed.call("renumber")
    is_merged = "the merge is as it should be"
    note = "its own migrations are behind the mainline's already" if way == ("rebase",) else is_merged
    said = [f"drizzle: nothing to renumber ({note})", f"  left: {left[0]}"]
    said += [f"    {line}" for line in left[1:]]
    assert (done.code, done.out.splitlines()) == (0, said) and bed.state() == before
    if fault == "chain":
        bed.type("drizzle-guard check --fix")
        bed.commit("mended")
        assert bed.call("check", "--strict").code == 0


def test_a_rebase_between_two_branches_leaves_what_the_other_tore(bed: Bed) -> None:
    """No mainline is known there; the reflog tells onto what the branch was put."""
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    bed.git("branch", "-m", "main", "one")
    bed.arm()
    bed.commit("install")
    bed.branch("feature")
    add_migration(bed.root / "drizzle", "own")
    bed.commit("own")
    bed.git("checkout", "-q", "one")
    add_migration(bed.root / "drizzle", "other")
    add_migration(bed.root / "drizzle", "torn")
    parent = tear(bed, 2, 0)
    bed.commit("other")
    bed.git("checkout", "-q", "feature")
    assert bed.try_git("rebase", "one").code == 0
    before = bed.state()
    done = bed.call("renumber")
    note = "no mainline is known and nothing was merged"
    assert (done.code, done.out.splitlines()) == (0, [f"drizzle: nothing to renumber ({note})", *shared(1, 2, parent)])
    assert bed.state() == before


def test_a_merge_that_git_made_alone_is_mended_once(bed: Bed) -> None:
    """On the mainline itself, where only its `renumber` comes behind; what was torn there before stays."""
    for name in ("base", "gone", "next", "last"):
        add_migration(bed.root / "drizzle", name)
    bed.commit("base")
    bed.branch("feature")
    add_migration(bed.root / "drizzle", "own")
    bed.commit("own")
    bed.git("checkout", "-q", "main")
    add_migration(bed.root / "drizzle", "other")
    parent = tear(bed, 4, 2)

    def out_of_order(entries: list[dict[str, Any]]) -> None:
        entries[1] = {**entries.pop(), "idx": 1, "tag": "0009_other"}  # where the two sides' changes do not meet
        entries[1]["when"] += 3_600_000

    journal(bed, out_of_order)
    (bed.root / "drizzle/0001_gone.sql").unlink()
    (bed.root / "drizzle/meta/0001_snapshot.json").unlink()
    (bed.root / "drizzle/0004_other.sql").rename(bed.root / "drizzle/0009_other.sql")
    (bed.root / "drizzle/meta/0004_snapshot.json").rename(bed.root / "drizzle/meta/0009_snapshot.json")
    bed.commit("other")
    assert bed.try_git("merge", "--no-edit", "feature").code == 0
    first = bed.call("renumber")
    assert first.code == 0 and "0004_own" in first.out, first.text
    bed.commit("mended")
    before = bed.state()
    done = bed.call("renumber")
    said = ["drizzle: nothing to renumber (the merge is as it should be)", *shared(3, 9, parent)]
    assert (done.code, done.out.splitlines()) == (0, said) and bed.state() == before


def tear(bed: Bed, number: int, behind: int) -> str:
    """Let a snapshot continue another than the one before it; the id of that."""
    torn, first = (bed.root / f"drizzle/meta/000{n}_snapshot.json" for n in (number, behind))
    parent: str = json.loads(first.read_text())["id"]
    torn.write_text(json.dumps({**json.loads(torn.read_text()), "prevId": parent}, indent=2))
    return parent


def shared(one: int, other: int, parent: str) -> list[str]:
    """What is said of two snapshots with one parent."""
    both = f"meta/000{one}_snapshot.json and meta/000{other}_snapshot.json both have the parent {parent[:8]}"
    return [f"  left: DG023 {both}: drizzle-kit stops with a collision.", "    fix: drizzle-guard check --fix"]


def test_what_the_mainline_left_out_does_not_come_back_on_a_branch(bed: Bed) -> None:
    """Its file lies there without an entry, on the mainline too: it is nobody's lost migration."""
    for name in ("base", "dropped", "main1"):
        add_migration(bed.root / "drizzle", name)
    bed.commit("base")
    journal(bed, lambda entries: entries.pop(1))
    tear(bed, 2, 0)
    bed.commit("left out")
    bed.branch("feature")
    add_migration(bed.root / "drizzle", "own")
    bed.commit("own")
    done = bed.call("renumber", "--yes")
    assert "comes back" not in done.out, done.text
    tags = [entry["tag"] for entry in json.loads(bed.read(JOURNAL))["entries"]]
    assert tags == ["0000_base", "0002_main1", "0003_own"]


def test_a_deleted_file_is_no_fault_of_a_merge_as_planned(bed: Bed) -> None:
    """It comes back where the user says so; until then the exit code is 1."""
    fork(bed)
    bed.git("merge", "--abort")
    bed.arm()
    bed.commit("armed")
    assert bed.try_git("merge", "--no-edit", "main").code == 0
    before = bed.state()
    (bed.root / "drizzle/0002_own.sql").unlink()
    asked = bed.call("renumber")
    assert asked.code == 1 and asked.out == "drizzle: would be mended\n  0002_own.sql: comes back\n"
    assert asked.err == (
        "drizzle-guard: this undoes what somebody has done:\n"
        "  drizzle/0002_own.sql comes back, which was deleted\n"
        "  drizzle-guard renumber --yes\n"
    )
    done = bed.call("renumber", "--yes")
    assert (done.code, done.out) == (0, "drizzle: mended\n  0002_own.sql: comes back\n")
    assert bed.state() == before


@pytest.mark.parametrize("staged", [False, True], ids=["deleted", "staged"])
def test_a_lost_journal_is_said_by_all(bed: Bed, staged: bool) -> None:
    """Without it a folder is none, and each command would look past it; what is printed brings it back."""
    add_migration(bed.root / "drizzle", "base")
    bed.commit("base")
    before = bed.state()
    bed.git("rm", "-q", *(() if staged else ("--cached",)), "drizzle/meta/_journal.json")
    (bed.root / "drizzle/meta/_journal.json").unlink(missing_ok=True)
    for command in (["check"], ["check", "drizzle"], ["renumber"], ["status", "--url", "sqlite:none.db"]):
        done = bed.call(*command)
        assert (done.code, done.out) == (1, "")
        assert done.err == (
            "drizzle-guard: drizzle/meta/_journal.json is in HEAD, but not here; "
            "without it there is no migration folder.\n"
            "  git checkout HEAD -- drizzle/meta/_journal.json\n"
        )
    bed.git("checkout", "HEAD", "--", "drizzle/meta/_journal.json")
    assert bed.state() == before and bed.call("check").code == 0


def test_a_rebase_whose_later_commit_took_the_sql_away(bed: Bed) -> None:
    """To rebase again gives the same again; `check` and `renumber` do not send one in a circle."""
    fork(bed)
    bed.git("merge", "--abort")
    bed.arm()
    bed.git("rm", "-q", "drizzle/0001_own.sql")
    bed.commit("lost", "--no-verify")
    assert "\n  drizzle-guard check\n" in bed.try_git("rebase", "main").text
    assert "fix: drizzle-guard renumber\n" in bed.call("check").out
    asked = bed.call("renumber")
    assert asked.code == 1 and asked.err.endswith("  drizzle-guard renumber --yes\n"), asked.text
    bed.run("sh", "-c", "drizzle-guard renumber --yes")
    bed.commit("as it said")
    assert migrations(bed.files("HEAD")) == ["base", "main1", "own"] and bed.call("check").code == 0


def test_a_sound_folder_is_left_alone(bed: Bed) -> None:
    fork(bed)
    bed.git("merge", "--abort")
    before = bed.state()
    assert bed.call("renumber").code == 0 and bed.state() == before


def test_a_lost_migration_comes_back_though_another_was_generated_in_its_place(bed: Bed) -> None:
    """A database may have run the lost one; the new one would fail there on what exists."""
    fork(bed)
    theirs_taken(bed)
    again = add_migration(bed.root / "drizzle", "again")
    (bed.root / "drizzle" / f"{again}.sql").write_bytes(bed.read("drizzle/0001_own.sql").rstrip())
    bed.commit("merged by hand, and generated anew")
    said = bed.call("renumber")
    assert said.code == 1 and said.commands == ["drizzle-guard renumber --yes"], said.text
    assert f"{again} goes: others do all that it does" in said.err
    bed.type("drizzle-guard renumber --yes")
    bed.commit("as it said")
    assert bed.call("check").code == 0
    assert migrations(bed.files("HEAD")) == ["base", "main1", "own"]


def test_a_merge_that_lost_migrations_on_purpose_is_said_to_lack_them(bed: Bed) -> None:
    fork(bed)
    theirs_taken(bed)
    bed.git("rm", "-q", "-f", "drizzle/0001_own.sql")
    bed.commit("merged without our own")
    said = bed.call("renumber")
    assert said == (0, "drizzle: nothing to do (the last merge was resolved in its own way, without 0001_own)\n", "")


@pytest.mark.parametrize("fixed_first", [False, True])
def test_a_rebase_that_took_the_branchs_folder_and_lost_all_of_the_mainlines(bed: Bed, fixed_first: bool) -> None:
    folder = bed.root / "drizzle"
    add_migration(folder, "base")
    bed.commit("base")
    bed.branch("feature")
    bed.git("checkout", "-q", "main")
    add_migration(folder, "main1")
    add_migration(folder, "main2")
    add_migration(folder, "main3")
    bed.commit("main")
    bed.git("checkout", "-q", "feature")
    add_migration(folder, "own1")
    add_migration(folder, "own2")
    if fixed_first:  # then main3's snapshot, in front of it, looks like a stray
        for old in ("0002_own2.sql", "meta/0002_snapshot.json"):
            (folder / old).rename(folder / old.replace("0002", "0004"))
        journal(bed, lambda entries: entries[-1].update(idx=4, tag="0004_own2"))
    bed.commit("own")
    assert bed.try_git("rebase", "main").code == 1
    bed.git("checkout", "-q", "--theirs", "drizzle")
    bed.git("add", "-A")
    bed.git("-c", "core.editor=true", "rebase", "--continue")
    if fixed_first:
        bed.call("check", "--fix")
        assert (folder / "meta/0003_snapshot.json").exists()
    typed(bed)
    assert migrations(bed.files("HEAD")) == ["base", "main1", "main2", "main3", "own1", "own2"]
