"""`check` and `explain` as they are called: arguments, exit codes, formats."""

from __future__ import annotations

import shutil

import pytest

from drizzle_guard import disk as folder
from drizzle_guard.drizzle.line_ends import ATTRIBUTE
from drizzle_guard.rules.catalog import RULES
from support.check_folders import CASES, lay_out, prepare, run_check, sound
from support.gitbed import Bed, add_migration

HEAD = "drizzle: 3 migrations"


def test_sound(bed: Bed) -> None:
    sound(bed)
    done = run_check(bed)
    assert done == (0, f"{HEAD}; sound\n\n1 folder, 3 migrations: sound.\n", "")


def test_several_folders_one_of_them_unsound(bed: Bed) -> None:
    prepare(CASES / "DG001-duplicate-idx", "failing", bed)
    sound(bed, "packages/db/drizzle")
    done = run_check(bed)
    assert done.code == 1
    assert done.out.splitlines() == [
        HEAD,
        "  error DG001 duplicate-idx  drizzle/meta/_journal.json:19",
        "    0001_age and 0002_posts both have idx 1.",
        "    fix: drizzle-guard check --fix",
        "packages/db/drizzle: 3 migrations; sound",
        "",
        "1 error in 1 of 2 folders; `drizzle-guard explain DG001` says more.",
    ]
    assert run_check(bed, "packages").code == 0


def test_quiet_prints_errors_only(bed: Bed) -> None:
    prepare(CASES / "DG011-missing-sql-case", "failing", bed)
    done = run_check(bed, "--quiet")
    assert done.code == 1
    assert [line.split()[:2] for line in done.out.splitlines()][1] == ["error", "DG011"]
    assert "DG012" not in done.out and "explain" not in done.out
    sound(bed, "other")
    assert run_check(bed, "-q", "other") == (0, "", "")


def test_a_file_stands_for_its_folder(bed: Bed) -> None:
    prepare(CASES / "DG001-duplicate-idx", "failing", bed)
    for path in ("drizzle/0001_age.sql", "drizzle/meta/_journal.json", "drizzle"):
        assert run_check(bed, path).code == 1
    assert run_check(bed, "drizzle/0001_age.sql", "drizzle").out.count("DG001 duplicate-idx") == 1


def test_from_inside_the_folder(bed: Bed) -> None:
    prepare(CASES / "DG001-duplicate-idx", "failing", bed)
    done = run_check(bed, directory=bed.root / "drizzle")
    assert done.out.startswith(".: 3 migrations\n  error DG001 duplicate-idx  meta/_journal.json:19\n")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            (),
            "drizzle-guard: There is no migration folder here or below.\n"
            "  A folder is known by its meta/_journal.json.\n",
        ),
        (("nowhere",), "drizzle-guard: nowhere does not exist.\n"),
    ],
)
def test_nothing_to_check(bed: Bed, args: tuple[str, ...], message: str) -> None:
    assert run_check(bed, *args) == (2, "", message)


def test_used_wrongly(bed: Bed) -> None:
    sound(bed)
    assert run_check(bed, "--format", "xml").code == 2
    done = run_check(bed, "--onto", "nothing")
    assert (done.code, done.out) == (2, "")
    assert "the mainline 'nothing' (from --onto) is no commit in this clone." in done.err


def test_outside_a_repository(bed: Bed) -> None:
    place = bed.directory / "plain"
    lay_out(CASES / "DG021-missing-snapshot-old", "failing", place)
    done = run_check(bed, directory=place)
    assert (done.code, done.out.splitlines()[0]) == (0, HEAD)
    done = run_check(bed, "--onto", "main", directory=place)
    assert done.code == 2 and "this is no git repository" in done.err


def test_the_mainline_is_found_by_itself(bed: Bed) -> None:
    case = CASES / "DG021-missing-snapshot-published"
    prepare(case, "failing", bed)
    assert run_check(bed).out == (case / "expected.txt").read_text("utf-8")


def test_own_sins_are_errors_where_a_mainline_is_known(bed: Bed) -> None:
    bed.write("README", "")
    bed.git("add", "-A")
    bed.git("commit", "-qm", "empty")
    prepare(CASES / "DG021-missing-snapshot-old", "failing", bed)
    done = run_check(bed)
    assert done.code == 1
    assert done.out.startswith("drizzle: 3 migrations, 3 not on main\n  error DG021 missing-snapshot")


def test_an_unreadable_mainline_is_no_mainline(bed: Bed) -> None:
    prepare(CASES / "DG005-broken-journal", "failing", bed)
    bed.git("add", "-A")
    bed.git("commit", "-qm", "broken")
    shutil.rmtree(bed.root / "drizzle")
    lay_out(CASES / "DG021-missing-snapshot-old", "failing", bed.root)
    done = run_check(bed)
    assert (done.code, done.out.splitlines()[0]) == (0, HEAD)


def test_an_edit_that_is_allowed(bed: Bed) -> None:
    args = prepare(CASES / "DG031-published-changed", "passing", bed)
    edited = bed.write("drizzle/0001_age.sql", 'ALTER TABLE "users" ADD COLUMN "age" text; -- years\n')
    assert run_check(bed, *args).code == 1
    from hashlib import sha256

    digest = sha256(edited.read_bytes()).hexdigest()
    bed.write("drizzle-guard.toml", f'[[allow]]\ntag = "0001_age"\nsha256 = "{digest}"\nreason = "a comment"\n')
    assert run_check(bed, *args).code == 0
    bed.write("drizzle/0001_age.sql", "SELECT 1;")
    assert run_check(bed, *args).code == 1


def test_a_mainline_that_is_ahead_changes_nothing_of_what_the_branch_has(bed: Bed) -> None:
    """Where only the mainline changed or deleted something, the branch is merely behind."""
    prepare(CASES / "DG033-not-after-mainline", "failing", bed)
    bed.git("checkout", "-q", "-f", "main")
    bed.write("drizzle/0000_base.sql", "SELECT 1;")
    bed.git("commit", "-qam", "edited on main")
    bed.git("checkout", "-q", "feature")
    bed.git("clean", "-qfd")
    done = run_check(bed)
    assert (done.code, "DG031" in done.out, "DG032" in done.out) == (0, False, False), done.out


def test_in_a_hook_of_a_linked_worktree(bed: Bed) -> None:
    """There git sets GIT_DIR, and from another directory than the top that names another worktree."""
    case = CASES / "DG021-missing-snapshot-published"
    args = prepare(case, "failing", bed)
    bed.env["GIT_DIR"] = str(bed.root / ".git")
    assert run_check(bed, *args).out == (case / "expected.txt").read_text("utf-8")


def test_a_repository_inside_another(bed: Bed) -> None:
    sound(bed)
    inner = bed.at(bed.root / "vendor" / "inner")
    inner.root.mkdir(parents=True)
    inner.git("init", "-q")
    args = prepare(CASES / "DG021-missing-snapshot-published", "failing", inner)
    assert run_check(bed, directory=bed.root).out.endswith("1 folder, 3 migrations: sound.\n")
    done = run_check(bed, "vendor/inner", directory=bed.root)
    assert (done.code, done.out.splitlines()[0]) == (0, "vendor/inner/drizzle: 4 migrations, 1 not on main"), args


def test_meta_is_a_link(bed: Bed) -> None:
    folder = sound(bed)
    (folder / "meta").rename(bed.root / "elsewhere")
    (folder / "meta").symlink_to("../elsewhere")
    done = run_check(bed)
    assert (done.code, done.out.splitlines()[:3]) == (
        1,
        [
            "drizzle: unreadable",
            "  error DG017 symlink  drizzle/meta",
            "    drizzle/meta is a symbolic link; drizzle-guard only works on regular files.",
        ],
    )


def test_a_file_that_cannot_be_opened(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    sound(bed)
    read = folder._read

    def refuse(path: str, shown: str) -> bytes:
        if path.endswith(("0001_age.sql", "0002_snapshot.json")):
            raise PermissionError(13, "Permission denied")
        return read(path, shown)

    monkeypatch.setattr(folder, "_read", refuse)
    done = run_check(bed)
    assert done.code == 1
    assert "drizzle/0001_age.sql cannot be read: Permission denied." in done.out
    assert "drizzle/meta/0002_snapshot.json cannot be read: Permission denied." in done.out
    assert done.out.count("DG016") == 3


# -- explain


def test_explain_lists_all_rules(bed: Bed) -> None:
    done = run_check(bed, command="explain")
    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[0] == "DG001  duplicate-idx          Two journal entries have the same idx."
    assert [line.split()[:2] for line in lines] == [[rule.code, rule.name] for rule in RULES.values()]


@pytest.mark.parametrize("asked", ["DG041", "dg041", "shared-table"])
def test_explain_one_rule(asked: str, bed: Bed) -> None:
    done = run_check(bed, asked, command="explain")
    assert done.out.splitlines()[:5] == [
        "DG041 shared-table",
        "Two drizzle configs write to one migrations table.",
        "",
        "Why it hurts:",
        "  The migrator compares `when` with the newest row of the table, whoever wrote",
    ]
    assert done.out.endswith("Severity:\n  Advice: a warning, except with --strict.\n")


def test_explain_what_is_not_there(bed: Bed) -> None:
    done = run_check(bed, "DG999", command="explain")
    assert done == (2, "", "drizzle-guard: There is no rule DG999.\n  drizzle-guard explain (lists all rules)\n")


def test_every_rule_is_explained() -> None:
    for code, rule in RULES.items():
        assert rule.code == code and rule.name == rule.name.lower()
        assert rule.summary.endswith(".") and "\n" not in rule.summary and len(rule.summary) < 90
        assert len(rule.why) > 60 and len(rule.repair) > 20 and rule.fix


def test_line_ends_that_the_checkout_made(bed: Bed) -> None:
    """Git for Windows checks out with CRLF: a warning, whose cure makes the folder sound."""
    add_migration(bed.root / "drizzle", "base")
    bed.commit()
    bed.branch("feature")
    tag = add_migration(bed.root / "drizzle", "own")
    bed.commit()
    bed.git("config", "core.autocrlf", "true")
    bed.git("rm", "-rq", "--cached", ".")
    bed.git("reset", "-q", "--hard")
    done = run_check(bed, "--onto", "main")
    cure = [f"sed -i 's/\\r$//' drizzle/{tag}.sql", f"git add drizzle/{tag}.sql"]
    assert (done.code, done.out.count("warning DG014"), done.out.count("DG0")) == (0, 2, 3), done.out
    assert f"{tag}.sql has Windows line ends (CR) in this worktree alone: git has LF." in done.out
    assert "\n         ".join([f"fix: put `{ATTRIBUTE}` into .gitattributes, then:", *cure]) in done.out
    bed.write(".gitattributes", f"{ATTRIBUTE}\n")
    for command in cure:
        bed.run("sh", "-c", command)
        bed.run("sh", "-c", command.replace(tag, "0000_base"))
    assert run_check(bed, "--onto", "main").out.splitlines()[-1] == "1 folder, 2 migrations: sound."
    assert bed.git("status", "--porcelain") == "?? .gitattributes"


def test_an_entry_key_that_nothing_reads_may_change(bed: Bed) -> None:
    """DG031 and protect agree: drizzle-kit's format version is no change of a published migration."""
    add_migration(bed.root / "drizzle", "base")
    bed.commit()
    bed.branch("feature")
    bed.run("drizzle-guard", "install")
    journal = bed.root / "drizzle/meta/_journal.json"
    journal.write_text(journal.read_text().replace('"version": "7",\n      "when"', '"version": "8",\n      "when"'))
    assert '"version": "8"' in journal.read_text()
    assert run_check(bed, "--onto", "main").code == 0
    bed.commit()
    journal.write_text(journal.read_text().replace('"breakpoints": true', '"breakpoints": false'))
    assert "breakpoints True, here False." in run_check(bed, "--onto", "main").out
    bed.git("add", "-A")
    assert "its journal entry is edited (breakpoints True -> False)" in bed.tool("protect").err


def test_another_program_runs_what_the_journal_does_not_name(bed: Bed) -> None:
    """Wrangler goes by file name; a file whose snapshot is there was made by drizzle-kit, and lost its entry."""
    prepare(CASES / "DG012-orphan-sql", "failing", bed)
    assert "0002_other.sql is not in the journal, so it never runs." in run_check(bed).out
    (bed.root / "wrangler.toml").write_text('[[d1_databases]]\nbinding = "DB"\nmigrations_dir = "drizzle"\n')
    assert "DG012" not in run_check(bed).out
    shutil.copy(bed.root / "drizzle/meta/0000_snapshot.json", bed.root / "drizzle/meta/0009_snapshot.json")
    (bed.root / "drizzle/0009_lost.sql").write_text("select 1;\n")
    done = run_check(bed)
    assert "0009_lost.sql is not in the journal, but its snapshot is there: wrangler runs it" in done.out
