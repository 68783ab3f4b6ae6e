"""What `drizzle-kit generate` writes while git waits over another file: the folder ends canonical all the same.

In the interim folder the newest snapshot is the mainline's, so drizzle-kit writes the branch's own changes once more.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.gitbed import Bed, add_migration, migrations
from support.live.bench import Bench
from support.live.histories import History

PATH = "drizzle/meta/_journal.json"


def fork(bed: Bed) -> None:
    """A migration on each side, and two versions of the same line of the schema."""
    add_migration(bed.root / "drizzle", "base")
    bed.write("schema.ts", "base\n")
    bed.commit("base")
    bed.arm()
    bed.branch("feature")
    bed.git("checkout", "-q", "main")
    for branch in ("main", "own"):
        bed.git("checkout", "-q", {"own": "feature"}.get(branch, branch))
        add_migration(bed.root / "drizzle", branch)
        bed.write("schema.ts", f"{branch}\n")
        bed.commit(branch)


def generate(bed: Bed, *names: str) -> None:
    """Resolve the schema, and generate what the interim folder seems to lack."""
    bed.write("schema.ts", "both\n")
    bed.git("add", "schema.ts")
    for name in names:
        add_migration(bed.root / "drizzle", name)


WORDS = "drizzle-guard: drizzle: {}; do not run drizzle-kit before.\n"
MERGE = WORDS.format("1 migration will be renumbered when you commit")
REBASE = WORDS.format("its migrations get their numbers when the rebase ends")


def assert_ended(bed: Bed) -> None:
    assert migrations(bed.files("HEAD")) == ["base", "main", "own"]
    assert bed.git("ls-files", "-u") == "" and not list((bed.root / ".git").glob("drizzle-guard-*"))
    assert not (bed.root / ".git/hooks/post-index-change").exists()


@pytest.mark.parametrize("way", ["commit", "commit -a", "not staged", "twice", "renumber first"])
def test_in_a_merge(bed: Bed, way: str) -> None:
    fork(bed)
    done = bed.try_git("merge", "main")
    assert done.code == 1 and MERGE in done.err
    generate(bed, *(["own", "again"] if way == "twice" else ["own"]))
    if way not in ("not staged", "commit -a"):
        bed.git("add", "drizzle")
    if way != "renumber first":
        done = bed.try_git("commit", "--no-edit", *(["-a"] if way == "commit -a" else []))
        tags = "0003_own, 0004_again" if way == "twice" else "0003_own"
        said = f"drizzle-guard: {PATH}: {tags} was generated before the merge was finished, and repeats what your own"
        assert done.code == 1 and said in done.err, done.text
    done = bed.call("renumber")
    assert done.code == 0 and "0003_own.sql" in done.out and "staged; next: git commit\n" in done.out, done.text
    assert {path.suffix for path in (bed.root / "drizzle-guard-saved").iterdir()} == {".sql"}
    bed.git("commit", "-q", "--no-edit")
    assert_ended(bed)
    assert bed.git("status", "--porcelain", "drizzle") == ""


@pytest.mark.both_gits
@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_in_a_rebase(bed: Bed, backend: str) -> None:
    """No hook of git's can stop it there; what was committed is healed, and typing that twice does no harm."""
    fork(bed)
    done = bed.try_git("rebase", backend, "main")
    assert done.code == 1 and done.err.count(REBASE) == 1, done.text
    generate(bed, "own")
    bed.git("add", "-A")
    done = bed.try_git("rebase", "--continue")
    assert f"drizzle-guard: {PATH}: 0001_own still has the number of 0001_main" in done.err, done.text
    done = bed.call("check")
    assert done.code == 1 and "created-twice" in done.out and "fix: drizzle-guard renumber\n" in done.out, done.text
    done = bed.call("renumber")
    assert done.code == 0 and "staged; next: git commit\n" in done.out, done.text
    done = bed.call("renumber")
    assert (done.code, done.out) == (0, "mended, and staged already; next: git commit\n"), done.text
    assert bed.call("renumber", "--json").out == "[]\n"
    bed.git("commit", "-q", "-m", "as it says")
    assert bed.call("check").err == ""
    assert_ended(bed)


def test_the_words_come_once_for_each_stop(bed: Bed) -> None:
    """A later pick may be the one that stops; a rebase that does not stop, or is aborted, leaves none."""
    fork(bed)
    own = bed.git("rev-parse", "HEAD")
    bed.git("reset", "-q", "--hard", "HEAD^")
    bed.git("checkout", own, "--", "drizzle")
    bed.commit("own")
    bed.git("rebase", "-q", "main")
    assert_ended(bed)
    bed.git("reset", "-q", "--hard", "ORIG_HEAD")
    bed.write("schema.ts", "own\n")
    bed.commit("schema")
    for end in ("--abort", "--continue"):
        done = bed.try_git("rebase", "main")
        assert done.code == 1 and done.err.count(REBASE) == 1, done.text
        bed.write("schema.ts", "both\n")
        assert "do not run" not in bed.try_git("add", "schema.ts").err
        assert "do not run" not in bed.try_git("rebase", end).err
    assert_ended(bed)


def resolve(file: Path) -> None:
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if line[:7] not in ("<<<<<<<", "=======", ">>>>>>>")))


def test_with_the_real_drizzle_kit(bench: Bench, history: Callable[[str, str], History], tmp_path: Path) -> None:
    """Each command that is printed is typed, down to the one that shows that nothing is left."""
    made = history("sqlite", "index")
    bed = made.bed.at(tmp_path / "clone")
    made.bed.git("clone", "-q", str(made.bed.root), str(bed.root))
    bed.git("remote", "remove", "origin")
    project = made.project.at(bed.root)
    bench.link_node_modules(project)
    bed.arm()
    for branch, tag in (("main", "main2"), ("feature", "feature2")):
        bed.git("checkout", "-q", "-B", branch, tag)
        project.schema_file.write_text(f"// as {branch} has it\n{project.schema_file.read_text()}")
        bed.commit(branch)
    own = bed.git("rev-parse", "HEAD")
    for first in ("git commit --no-edit", "drizzle-guard renumber"):
        bed.git("reset", "-q", "--hard", own)
        bed.git("clean", "-fdq", "drizzle", "drizzle-guard-saved")
        done = bed.try_git("merge", "main")
        assert done.code == 1 and "drizzle: 2 migrations will be renumbered when you commit; do not run" in done.err
        resolve(project.schema_file)
        bed.git("add", "src")
        assert bench.generate(project, "left_over")
        bed.git("add", "drizzle")
        done = bed.run("sh", "-c", first, check=False)
        assert done.code == (first != "drizzle-guard renumber"), done.text
        commands = [line.strip() for line in done.err.splitlines() if line.startswith("  ")][1:]
        for command in commands[:2] or ["git commit"]:
            bed.run("sh", "-c", command)
        assert "No schema changes, nothing to migrate" in bed.run("sh", "-c", "npx drizzle-kit generate").out
        assert bed.git("status", "--porcelain", "drizzle") == "" and bench.check(project).fine
        tags = [entry["tag"] for entry in json.loads(bed.read(PATH))["entries"]]
        assert tags == ["0000_base", "0001_main1", "0002_main2", "0003_feature1", "0004_feature2"]
