"""`drizzle-guard protect` on the commit that is about to be made, in real repositories."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.cases import MERGE, side_files
from support.gitbed import Bed
from support.parts import FIXTURES
from support.protect_commits import (
    CASE,
    JOURNAL,
    OWN,
    PUBLISHED,
    allow,
    colliding,
    drop_last,
    edit_journal,
    feature,
    hash_of,
    protect,
    renumber_by_hand,
)

SQL = f"drizzle/{OWN}.sql"
SNAPSHOT = "drizzle/meta/0001_snapshot.json"


def _crlf(bed: Bed, path: str) -> None:
    bed.write(path, bed.read(path).replace(b"\n", b"\r\n"))


def _link(bed: Bed) -> None:
    (bed.root / SQL).unlink()
    (bed.root / SQL).symlink_to(f"{PUBLISHED}.sql")


def _reformat(bed: Bed) -> None:
    bed.write(SNAPSHOT, json.dumps(json.loads(bed.read(SNAPSHOT))))


def _rename(bed: Bed) -> None:
    (bed.root / SQL).rename(bed.root / "drizzle/0001_notes.sql")
    edit_journal(bed, lambda e: e[1].update(tag="0001_notes"))


def _swap(entries: list[dict[str, object]]) -> None:
    entries[1], entries[2] = entries[2], entries[1]


def _insert_before(bed: Bed) -> None:
    bed.write("drizzle/0003_late.sql", "select 1;")
    new = {"idx": 3, "version": "7", "when": 1, "tag": "0003_late", "breakpoints": True}
    edit_journal(bed, lambda e: e.insert(0, new))


def _leave_snapshot(bed: Bed) -> None:
    renumber_by_hand(bed, "0002_post_views", "0005")
    (bed.root / "drizzle/meta/0005_snapshot.json").unlink()


def _add_migration(bed: Bed) -> None:
    bed.write("drizzle/0003_new.sql", "select 1;")
    new = {"idx": 3, "version": "7", "when": 1900000000000, "tag": "0003_new", "breakpoints": True}
    edit_journal(bed, lambda e: e.append(new))


#: what a person does, and the sentence that follows the file's name
BLOCKED: dict[str, tuple[Callable[[Bed], object], str]] = {
    "edit": (lambda b: b.write(SQL, "select 2;"), f"{SQL}: the SQL is edited"),
    "delete": (drop_last, "drizzle/0002_post_views.sql: it is deleted"),
    "delete the SQL": (lambda b: (b.root / SQL).unlink(), f"{SQL}: the SQL is deleted"),
    "delete the entry": (lambda b: edit_journal(b, lambda e: e.pop(1)), f"{SQL}: its journal entry is deleted"),
    "delete the journal": (
        lambda b: (b.root / JOURNAL).unlink(),
        f"{JOURNAL}: it is deleted, and without it no migration of this folder runs",
    ),
    "rename": (_rename, f"{SQL}: it is renamed to 0001_notes"),
    "mode": (
        lambda b: (b.root / SQL).chmod(0o755),
        f"{SQL}: the file mode of the SQL is changed (100644 -> 100755)",
    ),
    "link": (_link, f"{SQL}: the SQL is replaced by a symbolic link"),
    "line ends": (
        lambda b: _crlf(b, SQL),
        f"{SQL}: only the line ends of the SQL are changed, but with them its hash",
    ),
    "snapshot": (
        lambda b: b.write(SNAPSHOT, b.read(SNAPSHOT).replace(b'"text"', b'"varchar"', 1)),
        f"{SNAPSHOT}: the snapshot is edited",
    ),
    "snapshot deleted": (lambda b: (b.root / SNAPSHOT).unlink(), f"{SNAPSHOT}: the snapshot is deleted"),
    "when of a published one": (
        lambda b: edit_journal(b, lambda e: e[0].update(when=1)),
        f"{JOURNAL} (0000_base): its journal entry is edited (when 1795411457233 -> 1)",
    ),
    "breakpoints": (
        lambda b: edit_journal(b, lambda e: e[1].update(breakpoints=False)),
        f"{JOURNAL} (0001_comments): its journal entry is edited (breakpoints True -> False)",
    ),
    "idx taken": (
        lambda b: edit_journal(b, lambda e: e[1].update(idx=2)),
        f"{SQL}: it is renumbered, but idx 2 is that of 0002_post_views too",
    ),
    "when too low": (
        lambda b: edit_journal(b, lambda e: e[1].update(when=1)),
        f"{SQL}: it is renumbered, but its `when` is not after those before it, so databases that ran them would "
        "skip it",
    ),
    "order": (
        lambda b: edit_journal(b, _swap),
        f"{JOURNAL} (0002_post_views): it is moved before 0001_comments",
    ),
    "inserted": (
        _insert_before,
        f"{JOURNAL} (0003_late): a new migration stands before committed ones in the journal",
    ),
    "renumber a published one": (
        lambda b: renumber_by_hand(b, PUBLISHED, "0009"),
        f"drizzle/{PUBLISHED}.sql: it is renumbered to 0009_base",
    ),
    "snapshot left behind": (
        _leave_snapshot,
        "drizzle/0005_post_views.sql: it is renumbered, but its snapshot did not follow",
    ),
    "journal unreadable": (
        lambda b: b.write(JOURNAL, "<<<<<<< HEAD\n{}\n=======\n>>>>>>> x\n"),
        f"{JOURNAL} still has conflict markers (line 1).",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BLOCKED)
def test_blocks(bed: Bed, name: str) -> None:
    change, sentence = BLOCKED[name]
    feature(bed)
    if name == "link":
        bed.git("config", "core.symlinks", "true")
    change(bed)
    done = protect(bed)
    assert done.code == 1, done.text
    lines = done.err.splitlines()
    assert lines[0] == (
        "drizzle-guard: this commit changes a committed migration; committed migrations stay as they are."
    )
    assert lines[1].startswith(f"  {sentence}"), done.err
    assert done.out == ""


PASSES: dict[str, Callable[[Bed], object]] = {
    "nothing": lambda b: None,
    "another file": lambda b: b.write("src/x.ts", "x"),
    "SQL that is no migration": lambda b: b.write("queries/a.sql", "select 1"),
    "a new migration": _add_migration,
    "a snapshot formatted": _reformat,
    "the journal formatted": lambda b: b.write(JOURNAL, json.dumps(json.loads(b.read(JOURNAL)))),
    "the newest one of its own renumbered": lambda b: renumber_by_hand(b, "0002_post_views", "0005"),
    "the folder moved": lambda b: b.git("mv", "drizzle", "database"),
    "a stray SQL file": lambda b: b.write("drizzle/notes.sql", "--"),
}


@pytest.mark.parametrize("name", PASSES)
def test_passes(bed: Bed, name: str) -> None:
    feature(bed)
    PASSES[name](bed)
    done = protect(bed)
    assert (done.code, done.text) == (0, ""), done.text


def test_the_quick_answer_imports_nothing_heavy(bed: Bed) -> None:
    """Imports are the whole cost of the answer that nearly every commit gets."""
    feature(bed)
    bed.arm()
    bed.commit("armed")
    code = (
        "import sys\n"
        "from drizzle_guard.__main__ import main\n"
        "assert main(['protect']) == 0\n"
        "print(sorted({'click', 'json', 'typing', 'pathlib', 'pydantic', 'shutil'} & set(sys.modules)))"
    )
    done = bed.run(sys.executable, "-c", code, env={"GIT_INDEX_FILE": ".git/index"})
    assert done.out == "[]\n"


def test_the_whole_message(bed: Bed) -> None:
    feature(bed)
    since = bed.git("rev-parse", "--short", "HEAD~1")
    bed.write(SQL, "select 2;")
    assert protect(bed).err == (
        "drizzle-guard: this commit changes a committed migration; committed migrations stay as they are.\n"
        f"  drizzle/0001_comments.sql: the SQL is edited; it stands since {since} (2024-01-01, feature).\n"
        "  Where it ran, the new text never runs; where it did not, it does: databases drift apart.\n"
        "  Bring it back: git checkout HEAD -- drizzle/0001_comments.sql\n"
        "  Instead, put the change into a new migration: npx drizzle-kit generate --custom\n"
        "  Not on main yet: 0001_comments. If nobody else has run that, it may change:\n"
        '    for the team, in drizzle-guard.toml: protect = "published"\n'
        "    for this once: git -c drizzle-guard.protect=published commit\n"
        "  To allow it on purpose, add this to drizzle-guard.toml, commit both, and have it reviewed like code:\n"
        "    [[allow]]\n"
        '    tag = "0001_comments"\n'
        f'    sha256 = "{hash_of(b"select 2;")}"\n'
        '    reason = "why no database minds"\n'
    )


def type_lines(bed: Bed, said: str, *starts: str) -> None:
    """Type what a message names, as it stands there, the first that starts so."""
    for start in starts:
        words = next(line for line in said.splitlines() if start in line)
        bed.run("sh", "-c", words[words.index(start) :])


def test_says_what_drizzle_kit_drop_does(bed: Bed) -> None:
    feature(bed)
    since = bed.git("rev-parse", "--short", "HEAD~1")
    sql = bed.read("drizzle/0002_post_views.sql")
    drop_last(bed)
    assert protect(bed).err == (
        "drizzle-guard: this commit changes a committed migration; committed migrations stay as they are.\n"
        f"  drizzle/0002_post_views.sql: it is deleted; it stands since {since} (2024-01-01, feature).\n"
        "  Every new database would lack it; where it ran, what it did stays (`drizzle-kit drop` only forgets it), "
        "and git revert undoes nothing there.\n"
        "  Bring it back: git checkout HEAD -- drizzle/0002_post_views.sql\n"
        "  Its entry as it stands: git show HEAD:drizzle/meta/_journal.json\n"
        "  Instead, write a new migration that reverses it: npx drizzle-kit generate --custom\n"
        "  Not on main yet: 0002_post_views. If nobody else has run that, it may change:\n"
        '    for the team, in drizzle-guard.toml: protect = "published"\n'
        "    for this once: git -c drizzle-guard.protect=published commit\n"
        "  To allow it on purpose, add this to drizzle-guard.toml, commit both, and have it reviewed like code:\n"
        "    [[allow]]\n"
        '    tag = "0002_post_views"\n'
        f'    sha256 = "{hash_of(sql)}"\n'
        '    reason = "why no database minds"\n'
    )
    type_lines(bed, protect(bed).err, "git checkout HEAD -- ", "git show HEAD:")
    bed.write(JOURNAL, bed.git("show", f"HEAD:{JOURNAL}"))
    bed.git("checkout", "HEAD", "--", "drizzle/meta")
    assert protect(bed).code == 0


def test_amend_is_told_how_to_go_on(bed: Bed) -> None:
    bed.put(CASE / "base")
    bed.commit("base")
    bed.put(CASE / "ours")
    bed.commit("feature")
    bed.write(SQL, "select 2;")
    hint = "To amend the commit that added it (git does not tell a hook), take that back first:\n"
    assert f"{hint}    git reset --soft HEAD^\n    git commit\n" in protect(bed).err
    for args in ((), ("-a",)):  # git stages what `-a` names into an index of that commit alone
        assert bed.call("install").code == 0
        done = bed.try_git("commit", *args, "--amend", "-m", "again")
        assert done.code == 1 and hint in done.err, done.text
        commands = done.err.split(hint)[1].splitlines()[: 3 if args else 2]
        message = {"GIT_EDITOR": "echo again >"}
        bed.run("sh", "-c", "\n".join(line.strip() for line in commands), env=message)
        assert bed.files("HEAD")[f"{OWN}.sql"] == bed.read(SQL)
        bed.write(SQL, "select 3;")


def test_amend_of_the_very_first_commit(bed: Bed) -> None:
    bed.put(CASE / "ours")
    bed.commit("first")
    bed.write(SQL, "select 2;")
    assert "\n    git update-ref -d HEAD\n    git commit\n" in protect(bed).err
    bed.git("update-ref", "-d", "HEAD")
    assert protect(bed).code == 0


def test_the_first_commit_of_a_repository(bed: Bed) -> None:
    bed.put(CASE / "ours")
    assert protect(bed).code == 0


def test_the_file_as_first_committed_may_come_back(bed: Bed) -> None:
    feature(bed)
    first = bed.read(SQL)
    bed.write(SQL, "sneaked in")
    bed.commit("edit, with --no-verify")
    bed.write(SQL, "again another")
    assert protect(bed).code == 1
    bed.write(SQL, first)
    assert protect(bed).code == 0


def test_the_snapshot_of_the_mainline_may_come_back(bed: Bed) -> None:
    feature(bed)
    path = "drizzle/meta/0000_snapshot.json"
    kept = bed.read(path)
    # as a repository starts whose history does not say when the file was right
    bed.git("checkout", "-q", "--orphan", "root")
    bed.write(path, kept.replace(b'"text"', b'"varchar"', 1))
    bed.commit("spoiled")
    bed.write(path, kept.replace(b'"text"', b'"integer"', 1))
    assert protect(bed).code == 1
    bed.write(path, kept)
    assert protect(bed).code == 0


def test_a_broken_committed_journal_may_be_mended(bed: Bed) -> None:
    feature(bed)
    sound = bed.read(JOURNAL)
    bed.write(JOURNAL, b"<<<<<<< HEAD\n" + sound + b"=======\n>>>>>>> x\n")
    bed.commit("oops")
    bed.write(JOURNAL, sound)
    assert protect(bed).code == 0
    bed.write(SQL, "edited on the way")
    assert "the SQL is edited" in protect(bed).err


class TestSettings:
    def test_an_allowed_edit_passes(self, bed: Bed) -> None:
        feature(bed)
        bed.write(SQL, "select 2;")
        allow(bed, OWN, b"select 2;")
        assert protect(bed).code == 0

    @pytest.mark.parametrize("other", [{"tag": "0002_post_views"}, {"data": "select 3;"}, {"folder": "db"}])
    def test_an_entry_allows_nothing_else(self, bed: Bed, other: dict[str, str]) -> None:
        feature(bed)
        bed.write(SQL, "select 2;")
        more = {"folder": other["folder"]} if "folder" in other else {}
        allow(bed, other.get("tag", OWN), other.get("data", "select 2;").encode(), **more)
        assert protect(bed).code == 1

    def test_an_entry_counts_only_when_it_is_staged(self, bed: Bed) -> None:
        feature(bed)
        bed.write(SQL, "select 2;")
        bed.git("add", "-A")
        allow(bed, OWN, b"select 2;")
        assert bed.call("protect").code == 1

    def test_a_deletion_is_allowed_by_the_hash_of_what_goes(self, bed: Bed) -> None:
        feature(bed)
        allow(bed, "0002_post_views", bed.read("drizzle/0002_post_views.sql"))
        drop_last(bed)
        assert protect(bed).code == 0

    def test_published_protects_the_mainlines_alone(self, bed: Bed) -> None:
        feature(bed)
        bed.write("drizzle-guard.toml", 'protect = "published"\n')
        bed.write(SQL, "select 2;")
        drop_last(bed)
        assert protect(bed).code == 0
        bed.write(f"drizzle/{PUBLISHED}.sql", "select 2;")
        done = protect(bed)
        assert done.code == 1
        assert f"drizzle/{PUBLISHED}.sql: the SQL is edited" in done.err
        assert SQL not in done.err

    def test_published_needs_a_mainline(self, bed: Bed) -> None:
        feature(bed)
        bed.git("branch", "-D", "-q", "main")
        bed.write("drizzle-guard.toml", 'protect = "published"\n')
        bed.write(SQL, "select 2;")
        done = protect(bed)
        assert done.code == 2
        assert 'protect = "published" needs a mainline, and none is known in this clone.' in done.err

    def test_unsound_settings_are_named(self, bed: Bed) -> None:
        feature(bed)
        bed.write("drizzle-guard.toml", 'protect = "never"\n')
        bed.write(SQL, "select 2;")
        done = protect(bed)
        assert done.code == 2
        assert "drizzle-guard.toml: protect:" in done.err

    def test_without_a_mainline_nothing_is_renumbered(self, bed: Bed) -> None:
        feature(bed)
        bed.git("branch", "-m", "main", "develop")
        renumber_by_hand(bed, "0002_post_views", "0005")
        done = protect(bed)
        assert done.code == 1
        assert "it is renumbered to 0005_post_views" in done.err
        assert "No mainline is known, so all count as published; name it: git config drizzle-guard.mainline" in done.err
        type_lines(bed, done.err, "git config drizzle-guard.mainline")
        assert protect(bed).code == 0

    def test_a_number_without_its_snapshot(self, bed: Bed) -> None:
        """The word that leads on puts the rest behind the number."""
        BLOCKED["snapshot left behind"][0](feature(bed))
        bed.write("drizzle/meta/0002_snapshot.json", bed.git("show", "HEAD:drizzle/meta/0002_snapshot.json"))
        done = protect(bed)
        assert "Instead, let everything follow the number: drizzle-guard renumber\n" in done.err, done.err
        type_lines(bed, done.err, "drizzle-guard renumber")
        assert protect(bed).code == 0 and bed.call("check").code == 0

    def test_a_mainline_that_has_not_been_fetched_yet(self, bed: Bed) -> None:
        feature(bed)
        other = bed.at(bed.directory / "mine")
        bed.git("init", "-q", "-b", "mine", str(other.root))
        other.git("pull", "-q", str(bed.root), "feature")
        other.git("remote", "add", "origin", str(bed.root))
        other.write("drizzle-guard.toml", 'protect = "published"\n')
        other.write(SQL, "select 2;")
        done = protect(other)
        assert done.code == 2 and "git fetch, or name it: git config drizzle-guard.mainline " in done.err, done.text
        other.run("sh", "-c", "git fetch")
        assert protect(other).code == 0


@pytest.mark.both_gits
class TestMerges:
    """Hooks are not installed here: `protect` is asked in the state that git leaves."""

    @pytest.mark.parametrize(("here", "other"), [("feature", "main"), ("main", "feature")])
    def test_a_clean_merge_passes_half_finished(self, bed: Bed, here: str, other: str) -> None:
        colliding(bed)
        bed.arm()
        bed.write(".git/hooks/pre-merge-commit", "#!/bin/sh\ngit ls-files drizzle >seen\nexec drizzle-guard protect\n")
        bed.git("checkout", "-q", here)
        assert "renumbered 2 migrations" in bed.run("git", "merge", "-q", "--no-edit", other).err
        # the hook really met the old names
        assert b"drizzle/0001_comments.sql" in bed.read("seen")
        assert bed.files("HEAD") == side_files(CASE / "expected")

    def test_a_merge_that_stopped_passes_half_finished_and_finished(self, bed: Bed) -> None:
        colliding(bed)
        bed.git("checkout", "-q", "main")
        bed.write("src/schema.ts", "main\n")
        bed.commit("schema")
        bed.git("checkout", "-q", "feature")
        bed.arm()
        assert bed.try_git("merge", "-q", "main").code == 1
        bed.write("src/schema.ts", "both\n")
        assert protect(bed).text == ""
        assert (bed.root / SQL).exists()
        assert bed.tool("renumber").code == 0
        assert bed.call("protect").text == ""

    def test_a_conflict_is_not_judged(self, bed: Bed) -> None:
        colliding(bed)
        bed.try_git("merge", "-q", "main")
        done = bed.call("protect")
        assert done.code == 2
        assert done.err == (
            "drizzle-guard: drizzle/meta/0001_snapshot.json is in conflict; nothing can be committed yet.\n"
            "  drizzle-guard renumber\n"
        )

    def test_markers_in_a_snapshot_do_not_pass(self, bed: Bed) -> None:
        colliding(bed)
        bed.tool("install", "--no-hooks")
        assert bed.try_git("merge", "-q", "main").code == 1
        done = protect(bed)
        assert "drizzle/meta/0001_snapshot.json: the snapshot is edited" in done.err

    def test_what_a_merge_may_not_do(self, bed: Bed) -> None:
        colliding(bed)
        bed.tool("install", "--no-hooks")
        bed.try_git("merge", "-q", "main")
        assert bed.tool("renumber").code == 0
        main = bed.git("rev-parse", "main")[:10]

        bed.write("drizzle/0001_user_age.sql", "edited on the way")
        done = protect(bed)
        assert "drizzle/0001_user_age.sql: the SQL is edited" in done.err
        assert f"Bring it back: git checkout {main} -- drizzle/0001_user_age.sql" in done.err
        bed.git("checkout", main, "--", "drizzle/0001_user_age.sql")
        assert protect(bed).code == 0

        bed.write("drizzle/0003_comments.sql", "own, but committed")
        done = protect(bed)
        assert "drizzle/0001_comments.sql: it is renumbered to 0003_comments" in done.err

    def test_a_side_may_not_be_dropped(self, bed: Bed) -> None:
        colliding(bed)
        bed.git("merge", "-q", "--no-commit", "-s", "ours", "main")
        done = bed.call("protect")
        assert done.code == 1
        assert "this commit changes 2 committed migrations" in done.err
        assert "drizzle/0001_user_age.sql: it is deleted" in done.err
        assert "drizzle/0002_tags.sql: it is deleted" in done.err

    def test_what_another_parent_did_is_not_blamed_on_the_merge(self, bed: Bed) -> None:
        feature(bed)
        bed.git("checkout", "-q", "main")
        bed.write(f"drizzle/{PUBLISHED}.sql", "edited on main, allowed there")
        bed.commit("main edits")
        bed.git("checkout", "-q", "feature")
        bed.git("merge", "-q", "--no-commit", "--no-ff", "main")
        assert bed.call("protect").code == 0
        bed.write(f"drizzle/{PUBLISHED}.sql", "and here otherwise")
        assert protect(bed).code == 1

    def test_a_deletion_on_the_other_side_is_not_blamed_either(self, bed: Bed) -> None:
        bed.put(CASE / "ours")
        bed.commit("base")
        bed.branch("feature")
        bed.write("x", "x")
        bed.commit("feature")
        bed.git("checkout", "-q", "main")
        drop_last(bed)
        bed.commit("main drops, allowed there")
        bed.git("checkout", "-q", "feature")
        bed.git("merge", "-q", "--no-commit", "--no-ff", "main")
        assert bed.call("protect").code == 0

    @pytest.mark.parametrize("is_lost", [False, True], ids=["hazard", "SQL lost"])
    def test_after_a_refusal_the_own_ones_may_be_generated_again(self, bed: Bed, is_lost: bool) -> None:
        case = MERGE / "refused-sqlite-recreate"
        bed.put(case / "base")
        bed.commit("base")
        bed.branch("feature")
        bed.put(case / "ours")
        if is_lost:
            (bed.root / "drizzle/0001_email_nullable.sql").unlink()
        bed.commit("feature")
        bed.git("checkout", "-q", "main")
        bed.put(case / "theirs")
        bed.commit("main")
        bed.git("checkout", "-q", "feature")
        assert bed.try_git("merge", "-q", "main").code == 1
        bed.put(case / "theirs")
        assert protect(bed).code == 0
        bed.put(case / "ours")
        assert protect(bed).code == 1
        bed.put(case / "theirs")
        bed.commit("merged")
        assert bed.call("protect", "--from-ref", "main").text == ""

    def test_squash(self, bed: Bed) -> None:
        colliding(bed)
        bed.arm()
        bed.git("merge", "-q", "--squash", "main")
        assert (bed.root / "drizzle/0003_comments.sql").exists()
        assert bed.call("protect").text == ""

    def test_a_bad_resolution_may_be_mended_later(self, bed: Bed) -> None:
        """What `renumber` makes of a merge that somebody concluded wrongly passes, snapshots too."""
        colliding(bed)
        bed.try_git("merge", "-q", "main")
        bed.put(CASE / "expected")
        body = bed.read("drizzle/meta/0004_snapshot.json")
        own = json.loads(side_files(CASE / "ours")["meta/0002_snapshot.json"])
        own["prevId"] = json.loads(body)["prevId"]
        bed.write("drizzle/meta/0004_snapshot.json", json.dumps(own, indent=2))
        bed.commit("resolved with the branch's own snapshot")
        assert bed.tool("renumber").code == 0
        assert bed.read("drizzle/meta/0004_snapshot.json") != json.dumps(own, indent=2).encode()
        assert protect(bed).text == ""


class TestV1:
    def _v1(self, bed: Bed) -> Path:
        bed.put(FIXTURES / "protect/v1")
        bed.commit("v1")
        bed.branch("feature")
        shutil.copytree(bed.root / "drizzle/20261123052427_user_age", bed.root / "drizzle/20261201000000_own")
        bed.write("drizzle/20261201000000_own/migration.sql", "select 1;")
        bed.commit("own")
        return bed.root / "drizzle"

    def test_edit_delete_rename(self, bed: Bed) -> None:
        folder = self._v1(bed)
        first = "drizzle/20261123052424_base"
        bed.write(f"{first}/migration.sql", "select 2;")
        assert f"{first}/migration.sql: the SQL is edited" in protect(bed).err
        bed.git("reset", "-q", "--hard")
        bed.write(f"{first}/snapshot.json", "{}")
        assert f"{first}/snapshot.json: the snapshot is edited" in protect(bed).err
        bed.git("reset", "-q", "--hard")
        shutil.rmtree(folder / "20261123052424_base")
        assert f"{first}/migration.sql: it is deleted" in protect(bed).err
        bed.git("reset", "-q", "--hard")
        (folder / "20261123052424_base").rename(folder / "20261123052424_start")
        assert f"{first}/migration.sql: it is renamed to 20261123052424_start" in protect(bed).err
        bed.git("reset", "-q", "--hard")
        (folder / "20261123052424_base").rename(folder / "20270101000000_base")
        assert f"{first}/migration.sql: it is renumbered to 20270101000000_base" in protect(bed).err

    def test_what_may_be(self, bed: Bed) -> None:
        folder = self._v1(bed)
        (folder / "20261201000000_own").rename(folder / "20261202000000_own")
        assert protect(bed).text == ""
        shutil.copytree(folder / "20261123052427_user_age", folder / "20261203000000_new")
        assert protect(bed).text == ""

    def test_the_upgrade_from_a_journal(self, bed: Bed) -> None:
        bed.put(MERGE / "sqlite-2v2/expected")
        bed.commit("0.x")
        bed.put(FIXTURES / "protect/v1")
        assert protect(bed).text == ""
        bed.write("drizzle/20261123052424_base/migration.sql", "select 2;")
        assert "drizzle/0000_base.sql: the SQL is edited" in protect(bed).err


class TestPlaces:
    def test_the_index_of_commit_a_and_of_commit_path(self, bed: Bed) -> None:
        feature(bed)
        bed.write(".git/hooks/pre-commit", "#!/bin/sh\nexec drizzle-guard protect\n").chmod(0o755)
        bed.write(SQL, "select 2;")
        bed.write("src/schema.ts", "other\n")
        head = bed.git("rev-parse", "HEAD")
        for args in (("-a",), (SQL,), ("--amend", "-a")):
            done = bed.try_git("commit", "-q", "-m", "x", *args)
            assert done.code == 1 and "the SQL is edited" in done.err, args
        assert bed.git("rev-parse", "HEAD") == head
        bed.git("commit", "-q", "-m", "x", "src/schema.ts")
        assert bed.git("status", "--porcelain").strip() == f"M {SQL}"

    def test_a_worktree_and_a_folder_below(self, bed: Bed) -> None:
        feature(bed)
        bed.git("worktree", "add", "-q", "../other", "-b", "other")
        other = bed.at(bed.directory / "other")
        other.write(SQL, "select 2;")
        other.git("add", "-A")
        assert other.at(other.root / "drizzle").call("protect").code == 1
        assert bed.call("protect").code == 0

    def test_names_that_steer_a_terminal(self, bed: Bed) -> None:
        bed.put(CASE / "ours", "a\x1b[31m 'b")
        bed.commit("odd")
        bed.write(f"a\x1b[31m 'b/{OWN}.sql", "select 2;")
        done = protect(bed)
        assert done.code == 1
        assert "\x1b" not in done.text

    def test_no_repository_and_wrong_use(self, bed: Bed, tmp_path: Path) -> None:
        assert bed.at(tmp_path).call("protect").code == 2
        bed.put(CASE / "base")
        bed.commit("base")
        assert bed.call("protect", "--to-ref", "HEAD").code == 2
        assert bed.call("protect", "--from-ref", "nowhere").code == 2
        bed.git("config", "core.bare", "true")
        assert bed.at(bed.root / ".git").call("protect").code == 2
