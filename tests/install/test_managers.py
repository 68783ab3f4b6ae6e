"""husky and lefthook, really installed with npm: a merge ends canonical, in one commit."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from support.cases import side_files
from support.gitbed import Bed, tree_of
from support.live.managers import managers
from support.parts import EVERY, both_gits_in_every
from support.protect_commits import CASE

RENUMBERED = (
    "renumbered 2 migrations in drizzle\n  0001_comments -> 0003_comments\n  0002_post_views -> 0004_post_views\n"
)
HOOKS = ("pre-commit", "pre-merge-commit", "post-merge", "post-commit", "post-rewrite")


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node_modules with the managers."""
    return managers(tmp_path_factory)


def _with_modules(bed: Bed, modules: Path, *names: str, prepare: str) -> Bed:
    package = {"private": True, "scripts": {"prepare": prepare}}
    bed.write("package.json", json.dumps(package, indent=2))
    bed.write(".gitignore", "node_modules\n")
    (bed.root / "node_modules").mkdir()
    for name in names:
        for found in (modules / name, *modules.glob(f"{name}-[!4]*")):
            (bed.root / "node_modules" / found.name).symlink_to(found)
    (bed.root / "node_modules/.bin").symlink_to(modules / ".bin")
    return bed


def _branches(bed: Bed) -> None:
    bed.put(CASE / "base")
    bed.write("src/schema.ts", "base\n")
    bed.commit("base")
    bed.git("branch", "feature")
    bed.put(CASE / "theirs")
    bed.commit("main")
    bed.git("checkout", "-q", "feature")
    bed.put(CASE / "ours")
    bed.commit("feature")


def _assert_merges_well(bed: Bed) -> None:
    """A clean merge, one that stopped over another file, and a rebase."""
    expected = side_files(CASE / "expected")
    own = bed.git("rev-parse", "HEAD")
    done = bed.run("git", "merge", "--no-edit", "main")
    assert bed.files("HEAD") == expected, done.text
    assert f"drizzle-guard: {RENUMBERED}" in done.text
    assert bed.git("rev-list", "--parents", "-1", "HEAD").split()[1:] == [own, bed.git("rev-parse", "main")]
    assert bed.git("status", "--porcelain") == ""

    bed.git("reset", "-q", "--hard", own)
    bed.git("checkout", "-q", "-b", "later", "main")
    bed.write("src/schema.ts", "main\n")
    bed.commit("schema")
    bed.git("checkout", "-q", "feature")
    bed.write("src/schema.ts", "feature\n")
    bed.commit("schema")
    assert bed.try_git("merge", "later").code == 1
    bed.write("src/schema.ts", "both\n")
    bed.git("add", "src")
    bed.git("commit", "-q", "--no-edit")
    assert bed.files("HEAD") == expected
    assert bed.git("status", "--porcelain") == ""

    bed.git("checkout", "-q", "-B", "rebased", own)
    bed.git("rebase", "-q", "main")
    assert bed.files("HEAD") == expected
    assert bed.git("status", "--porcelain") == ""


def _assert_ends_well_switched_off(bed: Bed, own: str, *switches: dict[str, str]) -> None:
    """In a teammate's clone, armed by npm's `prepare`: a merge and a rebase whose hooks the manager leaves out."""
    mate = bed.at(bed.directory / "mate")
    bed.git("clone", "-q", str(bed.root), str(mate.root))
    mate.git("branch", "main", "origin/main", check=False)
    (mate.root / "node_modules").symlink_to(bed.root / "node_modules")
    mate.run("npm", "run", "prepare")
    mate.run("drizzle-guard", "install", env={"npm_lifecycle_event": "prepare"})
    assert mate.call("install", "--check").code == 0
    merge, rebase = ("merge", "-q", "--no-edit", "main"), ("rebase", "-q", "main")
    for n, env in enumerate(switches):
        for command in (merge, rebase) if EVERY else ((merge, rebase)[n % 2],):
            mate.git("checkout", "-q", "-B", "again", own)
            done = mate.run("git", *command, env=env)
            assert mate.files("HEAD") == side_files(CASE / "expected"), (env, done.text)
            assert mate.git("status", "--porcelain") == "", (env, done.text)


class TestHusky:
    def _bed(self, bed: Bed, modules: Path) -> Bed:
        _with_modules(bed, modules, "husky", prepare="husky")
        bed.run("npm", "run", "prepare")
        assert bed.git("config", "core.hooksPath") == ".husky/_"
        return bed

    @both_gits_in_every
    def test_install_writes_the_hooks_and_merges_end_well(self, bed: Bed, modules: Path) -> None:
        self._bed(bed, modules)
        done = bed.call("install")
        assert done.code == 0
        assert [f"add hook .husky/{hook}" in done.out for hook in HOOKS] == [True] * 5, done.out
        assert str(bed.directory) not in "".join((bed.root / ".husky" / hook).read_text() for hook in HOOKS)
        assert '  "prepare": "husky && (drizzle-guard install || exit 0)"\n' in done.out
        assert "is yours" not in done.out and "These hooks are yours" not in done.out
        assert bed.call("install", "--check").code == 0
        _branches(bed)
        own = bed.git("rev-parse", "HEAD")
        _assert_merges_well(bed)
        short = {"PATH": os.pathsep.join(("/usr/local/bin", "/usr/bin", "/bin"))}
        _assert_ends_well_switched_off(bed, own, {"HUSKY": "0"}, short)

    def test_a_hook_of_the_teams_is_never_touched(self, bed: Bed, modules: Path) -> None:
        self._bed(bed, modules)
        bed.write(".husky/pre-commit", "npm test\n")
        done = bed.call("install")
        assert (
            "\n.husky/pre-commit is yours; a merge is finished by itself with these lines in it:\n"
            "  c=$(git config --get drizzle-guard.program || :); "
            'command -v "$c" >/dev/null 2>&1 || c=drizzle-guard; if command -v "$c" >/dev/null 2>&1; then '
            '"$c" hook pre-commit --stop-code=10 --protect || [ $? -ne 10 ] || exit 1; fi\n'
        ) in done.out
        assert "Until then a merge of migrations stops, and `drizzle-guard renumber` finishes it." in done.out
        assert bed.read(".husky/pre-commit") == b"npm test\n"
        assert bed.call("install", "--check").code == 1
        # protect alone does not finish a merge
        bed.write(".husky/pre-commit", "npm test\ndrizzle-guard protect\n")
        assert bed.call("install", "--check").code == 1
        bed.write(".husky/pre-commit", "npm test\ndrizzle-guard hook pre-commit\n")
        assert bed.call("install", "--check", "--no-protect").code == 0
        bed.write(".husky/pre-commit", "npm test\n")
        out = bed.call("install", "--yes").out
        assert "change hook .husky/pre-commit\n" in out
        assert bed.call("install", "--check").code == 0
        assert bed.read(".husky/pre-commit").startswith(b"npm test\n# Written by `drizzle-guard install`")
        bed.git("config", "--unset", "core.hooksPath")
        assert bed.call("install", "--check").out.endswith("not armed; run: npx husky\n")
        bed.run("npx", "husky")
        assert bed.call("install", "--check").code == 0

    def test_uninstall_takes_its_own_lines_alone(self, bed: Bed, modules: Path) -> None:
        self._bed(bed, modules)
        before = tree_of(bed.root / ".husky")
        config = bed.read(".git/config")
        bed.call("install")
        post_merge = bed.read(".husky/post-merge").decode()
        bed.write(".husky/post-merge", post_merge + "npm install\n")
        bed.call("install")
        assert bed.read(".husky/post-merge").decode() == post_merge + "npm install\n"
        bed.git("add", "-A")
        bed.git("commit", "-q", "--no-verify", "-m", "husky and ours")
        out = bed.call("uninstall").out
        hooks = " ".join(f".husky/{hook}" for hook in sorted((*HOOKS, "pre-push")))
        assert out.endswith(
            "change hook .husky/post-merge\nremove hook .husky/post-commit\nremove hook .husky/post-rewrite\n"
            "remove hook .husky/pre-push\n"
            "these are committed, for everybody; to take them from the team, commit that; to keep them:\n"
            f"  git checkout HEAD -- .gitattributes {hooks}\n"
        )
        assert tree_of(bed.root / ".husky") == {**before, "post-merge": b"#!/bin/sh\nnpm install\n"}
        assert bed.read(".git/config") == config
        assert not (bed.root / ".gitattributes").exists()

    def test_a_teammate_without_drizzle_guard_commits_all_the_same(self, bed: Bed, modules: Path) -> None:
        self._bed(bed, modules)
        bed.call("install")
        bed.git("config", "--unset", "drizzle-guard.program")
        bed.env["PATH"] = os.pathsep.join(("/usr/local/bin", "/usr/bin", "/bin"))
        assert shutil.which("drizzle-guard", path=bed.env["PATH"]) is None
        bed.git("add", "-A")
        done = bed.try_git("commit", "-q", "-m", "x")
        assert done.code == 0
        assert done.text.count("drizzle-guard: not found or broken; migrations are not looked after") == 1
        assert bed.try_git("commit", "-q", "--allow-empty", "-m", "y").text == ""  # once a day


class TestLefthook:
    def _bed(self, bed: Bed, modules: Path) -> Bed:
        _with_modules(bed, modules, "lefthook", prepare="lefthook install")
        bed.write("lefthook.yml", "pre-push:\n  jobs:\n    - run: 'true'\n")
        bed.run("npx", "lefthook", "install")
        return bed

    @both_gits_in_every
    def test_the_printed_lines_make_merges_end_well(self, bed: Bed, modules: Path) -> None:
        self._bed(bed, modules)
        bed.call("install", "--no-hooks")
        done = bed.call("install", "--dry-run")
        assert "\nlefthook.yml is yours; a merge is finished by itself with these lines in it:\n" in done.out
        printed = done.out.split("these lines in it:\n")[1].split("then: npx lefthook install\n")[0]
        # a hook that the file has already would be a key there twice
        heading = "\nlefthook.yml is yours; these lines go first below its `pre-push: jobs:`:\n"
        new, job = ("".join(f"{line[2:]}\n" for line in part.splitlines()) for part in printed.split(heading))
        config = bed.read("lefthook.yml").decode()
        typed = config.replace("  jobs:\n", f"  jobs:\n{job}") + new
        bed.write("lefthook.yml", typed)
        bed.run("npx", "lefthook", "install")
        bed.call("install")
        assert bed.call("install", "--check").code == 0
        assert b"lefthook" in bed.read(".git/hooks/post-merge")
        _branches(bed)
        own = bed.git("rev-parse", "HEAD")
        _assert_merges_well(bed)
        off = [{"LEFTHOOK": "0"}, {"LEFTHOOK_EXCLUDE": "drizzle-guard"}, {"LEFTHOOK": "false"}]
        _assert_ends_well_switched_off(bed, own, *off)
        bed.write("drizzle/0000_base.sql", "select 1;")
        bed.git("add", "-A")
        done = bed.try_git("commit", "-m", "edit")
        assert done.code == 1 and "drizzle/0000_base.sql: the SQL is edited" in done.text
        bed.write("lefthook.yml", config)
        assert bed.call("install", "--yes").out.count("change file lefthook.yml\n") == 2
        assert bed.read("lefthook.yml").decode() == typed
        out = bed.call("uninstall").out
        assert out.endswith(
            "\n  git checkout HEAD -- .gitattributes\nlefthook.yml is yours and still names drizzle-guard\n"
        )

    @pytest.mark.parametrize("form", ["toml", "json"])
    def test_the_other_forms_of_its_file(self, bed: Bed, modules: Path, form: str) -> None:
        """The lines are shown although plain hooks of this clone's own are in place: the team has the file alone."""
        _with_modules(bed, modules, "lefthook", prepare="lefthook install")
        name = f"lefthook.{form}"
        start = {"toml": '[[pre-push.jobs]]\nrun = "true"\n', "json": '{"pre-push": {"jobs": [{"run": "true"}]}}\n'}
        bed.write(name, start[form])
        out = bed.call("install").out
        assert "add hook .git/hooks/post-merge\n" in out and "Until then" not in out
        new = out.split(f"\n{name} is yours; a merge is finished by itself with these lines in it:\n")[1].split("\n\n")[
            0
        ]
        heading = "these lines go first below its `pre-push" + (": jobs`:\n" if form == "json" else "`:\n")
        job = out.split(heading.replace("jobs`", "jobs:`"))[1].split("then: npx lefthook install\n")[0]
        if form == "toml":
            bed.write(name, job + start[form] + new)
        else:
            there = json.loads(start[form])
            jobs = [json.loads(job.strip().removesuffix(",")), *there["pre-push"]["jobs"]]
            bed.write(name, json.dumps({**json.loads(f"{{{new}}}"), "pre-push": {"jobs": jobs}}))
        bed.run("npx", "lefthook", "install")
        assert b"lefthook" in bed.read(".git/hooks/post-merge")
        assert bed.call("install", "--check").code == 0 and name not in bed.call("install").out
        _branches(bed)
        bed.git("merge", "--no-edit", "main")
        assert bed.files("HEAD") == side_files(CASE / "expected")
        bed.write("drizzle/0000_base.sql", "select 1;")
        done = bed.try_git("commit", "-a", "-m", "edit")
        assert done.code == 1 and "drizzle/0000_base.sql: the SQL is edited" in done.text
        local = name.replace(".", "-local.")
        off = {"toml": "[post-merge]\nskip = true\n", "json": '{"post-merge": {"skip": true}}'}
        bed.write(local, off[form])
        done = bed.call("install", "--check", "-v")
        assert done.code == 1 and "post-merge: its line may not be reached: skip: True\n" in done.out

    def test_uninstall_also_takes_hooks_that_lefthook_put_aside(self, bed: Bed, modules: Path) -> None:
        _with_modules(bed, modules, "lefthook", prepare="lefthook install")
        bed.call("install")
        bed.write("lefthook.yml", "post-merge:\n  jobs:\n    - run: 'true'\n")
        bed.run("npx", "lefthook", "install")
        assert (bed.root / ".git/hooks/post-merge.old").exists()
        done = bed.call("uninstall")
        assert "remove hook .git/hooks/post-merge.old" in done.out
        assert not (bed.root / ".git/hooks/post-merge.old").exists()
        assert b"lefthook" in bed.read(".git/hooks/post-merge")


class TestNpm:
    def test_prepare_arms_a_clone(self, bed: Bed, modules: Path) -> None:
        bed.write("package.json", '{"private": true}')
        done = bed.call("install", "--dry-run")
        line = done.out.split("package.json takes this script:\n")[1].splitlines()[0].strip()
        assert line == '"prepare": "drizzle-guard install || exit 0"'
        bed.write("package.json", json.dumps({"private": True, "scripts": json.loads(f"{{{line}}}")}))
        bed.commit("package")
        clone = bed.at(bed.directory / "clone")
        bed.git("clone", "-q", str(bed.root), str(clone.root))
        clone.run("npm", "install", "--no-audit", "--no-fund")
        assert clone.call("install", "--check").code == 0
        assert "package.json" not in clone.call("install").out

    @pytest.mark.parametrize(
        ("package", "file", "script"),
        [
            ({"private": True, "devDependencies": {"drizzle-guard": "1"}}, "", "prepare"),
            ({"private": True}, ".yarnrc.yml", "postinstall"),
            ({"private": True, "packageManager": "yarn@4.18.1"}, "", "postinstall"),
            ({"private": True, "packageManager": "yarn@1.22.22"}, ".yarnrc.yml", "prepare"),
            ({"packageManager": "yarn@4.18.1"}, "", "prepare"),  # who installs it would run a `postinstall`
        ],
        ids=["npm", "yarn by its file", "yarn 4", "yarn 1", "a public package"],
    )
    def test_the_script_is_one_that_runs(self, bed: Bed, package: dict[str, object], file: str, script: str) -> None:
        bed.write("package.json", json.dumps(package))
        if file:
            bed.write(file, "")
        assert f'  "{script}": "drizzle-guard install || exit 0"\n' in bed.call("install", "--dry-run").out

    @pytest.mark.parametrize("text", ["{", "[]", '{"scripts": 1}', '{"scripts": {"prepare": "drizzle-guard install"}}'])
    def test_other_packages_are_left_alone(self, bed: Bed, text: str) -> None:
        bed.write("package.json", text)
        assert "package.json" not in bed.call("install").out


class TestPreCommit:
    def test_the_lines_are_printed_until_they_are_there(self, bed: Bed) -> None:
        bed.write(".pre-commit-config.yaml", "repos: []\n")
        out = bed.call("install").out
        assert "\n.pre-commit-config.yaml is yours; a merge is finished by itself with these lines in it:\n" in out
        lines = out.split("these lines in it:\n")[1].split("then: pre-commit install\n")[0].splitlines()
        bed.write(".pre-commit-config.yaml", "".join(f"{line[2:]}\n" for line in lines))
        assert bed.run("pre-commit", "validate-config", ".pre-commit-config.yaml").code == 0
        assert "is yours" not in bed.call("install").out

    def test_hooks_that_were_there_first_still_count(self, bed: Bed) -> None:
        """The framework keeps a hook that it finds, and runs it first."""
        bed.call("install")
        bed.write(".pre-commit-config.yaml", "repos: []\n")
        bed.run("pre-commit", "install", "-t", "pre-commit", "-t", "post-merge")
        assert (bed.root / ".git/hooks/post-merge.legacy").exists()
        assert bed.call("install", "--check").code == 0
        _branches(bed)
        bed.git("merge", "-q", "--no-edit", "main")
        assert bed.files("HEAD") == side_files(CASE / "expected")
        out = bed.call("uninstall").out
        assert "remove hook .git/hooks/post-merge.legacy" in out
        assert not list((bed.root / ".git/hooks").glob("*.legacy"))

    def test_nothing_is_said_twice_where_the_framework_came_later(self, bed: Bed) -> None:
        """The framework runs the hooks that it found as well; ours leave the word to what its configuration names."""
        hooks = (("renumber", "drizzle-guard hook auto"), ("protect", "drizzle-guard protect"))
        lines = [f"  - {{id: drizzle-guard-{id_}, name: x, entry: {entry}, " for id_, entry in hooks]
        rest = "language: system, always_run: true, pass_filenames: false, verbose: true}"
        config = "".join(("repos:\n- repo: local\n  hooks:\n", *(f"{line}{rest}\n" for line in lines)))
        bed.put(CASE / "base")
        bed.write(".pre-commit-config.yaml", config.replace("  - {id: drizzle-guard-protect", "  # - {"))
        out = bed.call("install").out
        assert "add hook .git/hooks/pre-commit\n" in out
        command = "pre-commit install" + "".join(f" -t {hook}" for hook in (*HOOKS, "pre-push"))
        assert f"to do: {command}\n" in out
        assert f"ran: {command}\n" in bed.call("install", "--yes").out
        assert (bed.root / ".git/hooks/pre-commit.legacy").exists() and "to do" not in bed.call("install").out
        bed.commit("base", "--no-verify")
        bed.write("drizzle/0000_base.sql", "select 1;")
        for text in (config.replace("  - {id: drizzle-guard-protect", "  # - {"), config):
            bed.write(".pre-commit-config.yaml", text)
            bed.git("add", "-A")
            done = bed.try_git("commit", "-m", "edit")
            assert done.code == 1 and done.text.count("[[allow]]") == 1, done.text

    def test_what_was_added_is_to_be_committed(self, bed: Bed) -> None:
        bed.write(".pre-commit-config.yaml", "repos: []\n")
        out = bed.call("install", "--yes").out
        assert "Add" not in out and out.count("change file .pre-commit-config.yaml\n") == 1
        assert "  git add .gitattributes .pre-commit-config.yaml\n" in out

    def test_uninstall_says_what_would_arm_again(self, bed: Bed) -> None:
        bed.write(".pre-commit-config.yaml", "repos:\n- repo: x\n  hooks:\n  - id: drizzle-guard-protect\n")
        bed.call("install")
        out = bed.call("uninstall").out
        assert ".pre-commit-config.yaml is yours and still names drizzle-guard\n" in out
        assert "its hook arms this clone again, unless: git config drizzle-guard.arm false\n" in out
        bed.run("sh", "-c", "git config drizzle-guard.arm false")
        bed.call("hook", "auto", env={"PRE_COMMIT": "1"})
        assert bed.call("install", "--check", "--no-hooks").code == 1
