"""What stands in the environment and in the user's settings changes nothing of what our git commands find."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from drizzle_guard.git.environment import git_program
from drizzle_guard.install.arm_from_hook import _on_path
from drizzle_guard.install.armed import ALL_HOOKS
from support.cases import side_files
from support.gitbed import Bed
from support.parts import PROJECT
from support.protect_commits import CASE, colliding

EXPECTED = side_files(CASE / "expected")
PACKAGE = PROJECT / "drizzle_guard"


def settings(**values: str) -> dict[str, str]:
    """As `git -c` and GIT_CONFIG_COUNT give them."""
    rows = [(key.replace("__", "."), value) for key, value in values.items()]
    env = {"GIT_CONFIG_COUNT": str(len(rows))}
    for n, (key, value) in enumerate(rows):
        env |= {f"GIT_CONFIG_KEY_{n}": key, f"GIT_CONFIG_VALUE_{n}": value}
    return env


#: what git, an editor or a person may have put there
HOSTILE = {
    "variables": {"GIT_EXTERNAL_DIFF": "false", "GIT_DIFF_OPTS": "--unified=0", "GIT_LITERAL_PATHSPECS": "1"}
    | {"GIT_TRACE": "1", "GIT_TRACE_SETUP": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_ADVICE": "0"}
    | settings(core__hooksPath=".git/hooks"),
    "settings": {"GIT_ICASE_PATHSPECS": "1"}
    | settings(
        color__ui="always",
        log__showSignature="true",
        log__decorate="full",
        core__pager="false",
        core__quotePath="false",
        diff__renames="copies",
        status__showUntrackedFiles="no",
        diff__external="false",
        diff__relative="true",
    ),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_merge_a_rebase_a_squash_and_an_edit(bed: Bed, what: str) -> None:
    colliding(bed)
    assert bed.tool("install", env=HOSTILE[what]).code == 0
    assert bed.tool("install", "--check", env=HOSTILE[what]).code == 0
    own = bed.git("rev-parse", "HEAD")
    for command in (("merge", "--no-edit", "main"), ("rebase", "main"), ("merge", "--squash", "main")):
        bed.git("reset", "-q", "--hard", own)
        done = bed.try_git(*command, env=HOSTILE[what])
        assert done.code == 0, done.text
        if "--squash" in command:
            assert bed.try_git("commit", "-q", "-m", "squash", env=HOSTILE[what]).code == 0
        assert bed.files("HEAD") == EXPECTED, (command, done.text)
        assert bed.git("status", "--porcelain", "drizzle") == ""
    for path, change in (("drizzle/0000_base.sql", "edited"), ("drizzle/0001_user_age.sql", "deleted")):
        file = bed.root / path
        file.write_text("select 1;") if change == "edited" else file.unlink()
        done = bed.try_git("commit", "-q", "-a", "-m", change, env=HOSTILE[what])
        assert done.code == 1 and f"{path}: " in done.text and change in done.text, done.text
        bed.git("reset", "-q", "--hard")


def test_git_dir_and_worktree_apart(bed: Bed) -> None:
    """As for dotfiles: named in the environment, relative to where the command was typed."""
    colliding(bed)
    bed.git("merge-base", "main", "feature")
    (bed.root / ".git").rename(bed.directory / "apart.git")
    below = bed.at(bed.root / "src")
    for env in (
        {"GIT_DIR": "../../apart.git", "GIT_WORK_TREE": ".."},
        {"GIT_DIR": str(bed.directory / "apart.git"), "GIT_WORK_TREE": str(bed.root)},
    ):
        assert below.tool("install", env=env).code == 0
        assert below.tool("install", "--check", env=env).code == 0
        own = below.git("rev-parse", "feature", env=env)
        below.git("merge", "--no-edit", "main", env=env)
        absolute = {"GIT_DIR": str(bed.directory / "apart.git"), "GIT_WORK_TREE": str(bed.root)}
        done = below.tool("check", "--onto", "main", str(bed.root / "drizzle"), env=env)
        assert done.code == 0 and "5 migrations" in done.out, done.text
        listed = below.git("ls-tree", "-r", "--name-only", "--full-tree", "HEAD", env=absolute).splitlines()
        assert {path[8:] for path in listed if path.startswith("drizzle/")} == EXPECTED.keys()
        below.git("reset", "-q", "--hard", own, env=env)


# -- one place decides


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Each place of the package that starts a program."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = ast.unparse(node.func.value)
                if (owner, node.func.attr) in STARTERS or (
                    owner == "os" and node.func.attr.startswith(("exec", "spawn"))
                ):
                    yield file.relative_to(PACKAGE).as_posix(), node


STARTERS = {("subprocess", name) for name in ("run", "Popen", "call", "check_call", "check_output", "getoutput")}
STARTERS |= {("os", "system"), ("os", "popen"), ("os", "posix_spawn")}
#: where git is started, and where its environment is from
GIT_CALLS = {
    "git/repository.py": {"self._env", "{**self._env, **env} if env else self._env"},
    "git/state.py": {"for_git()"},
    "pulls/clone.py": {"env"},  # of `quiet_environment`: a clone that reads no settings of the machine's
}
#: programs that are not git: a package manager, drizzle-kit, ourselves, a database server
OTHERS = {"install/check.py", "install/added_lines.py", "regenerate/kit.py", "regenerate/verify_kit.py"}
OTHERS |= {"rehearse/servers.py", "__main__.py"}


def test_every_call_of_git_goes_through_the_one_place() -> None:
    found = list(calls())
    assert {name for name, _ in found} == GIT_CALLS.keys() | OTHERS
    for name, call in found:
        text = ast.unparse(call)
        if name in OTHERS:
            assert "'git'" not in text and "git_program" not in text, (name, text)
            continue
        env = next((ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg == "env"), None)
        assert env in GIT_CALLS[name], (name, text)
        assert "git_program()" in text or name == "pulls/clone.py", (name, text)
    for file in PACKAGE.rglob("*.py"):
        assert "import_module('subprocess')" not in file.read_text("utf-8"), file
        assert "from subprocess import" not in file.read_text("utf-8"), file


def test_a_git_in_the_top_of_the_repository_is_never_run(
    bed: Bed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows looks in the current directory first; here the PATH may name it."""
    real = tmp_path / "bin"
    real.mkdir()
    (real / "git.exe").write_bytes(b"")
    bed.write("git.exe", b"")
    bed.write("git", "#!/bin/sh\ntouch ran\n").chmod(0o755)
    monkeypatch.chdir(bed.root)
    for path in (("", str(real)), (".", str(real)), ("sub", "", str(real))):
        monkeypatch.setenv("PATH", os.pathsep.join(path))
        assert git_program("nt") == str(real / "git.exe")
    monkeypatch.setenv("PATH", ".")
    assert git_program("nt") == "git-is-not-on-the-PATH"
    monkeypatch.setenv("PATH", str(real))
    assert git_program() == "git"


def test_the_launcher_of_windows_is_the_same_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It cuts `.exe` off what it hands on, so the framework's own environment is not taken for one on the PATH."""
    monkeypatch.setattr("sys.argv", [str(tmp_path / "drizzle-guard")])
    monkeypatch.setattr("shutil.which", lambda name: str(tmp_path / f"{name}.EXE"))
    assert not _on_path()
    monkeypatch.setattr("shutil.which", lambda name: str(tmp_path / f"bin/{name}.EXE"))
    assert _on_path()


def test_a_merge_where_sh_is_strict(bed: Bed) -> None:
    """As bash is as `sh`, with `set -eu` from an exported SHELLOPTS: driver and hooks, in a merge and a rebase."""
    colliding(bed)
    assert bed.tool("install").code == 0
    line = bed.git("config", "merge.drizzle-journal.driver")
    names = {"%O": "1", "%A": "2", "%B": "3", "%L": "4", "%P": "5", "%S": "6", "%X": "7", "%Y": "8"}
    for name, number in names.items():
        line = line.replace(name, f'"${number}"')
    driver = bed.write("../driver", f"#!/bin/bash\nset -eu\n{line.replace('%%', '%')}\n")
    driver.chmod(0o755)
    bed.git("config", "merge.drizzle-journal.driver", f"{driver} {' '.join(names)}")
    for hook in ALL_HOOKS:
        file = bed.root / ".git/hooks" / hook
        file.write_text(file.read_text().replace("#!/bin/sh\n", "#!/bin/bash -eu\n"))
    own = bed.git("rev-parse", "HEAD")
    for command in (("merge", "--no-edit", "main"), ("rebase", "main")):
        bed.git("reset", "-q", "--hard", own)
        done = bed.try_git(*command)
        assert done.code == 0 and bed.files("HEAD") == EXPECTED, done.text
        assert "unbound" not in done.text and "not found or broken" not in done.text, done.text


def test_a_fresh_clone_a_bare_one_and_an_older_branch(bed: Bed) -> None:
    """`--check` lists what is missing and nothing else, and `install` adds just that."""
    colliding(bed)
    old = bed.git("rev-parse", "HEAD")
    assert bed.tool("install").code == 0
    bed.git("checkout", "-q", "main")
    bed.commit("armed")
    bed.git("branch", "-f", "feature", old)
    clone = bed.at(bed.directory / "clone")
    bed.git("clone", "-q", str(bed.root), str(clone.root))
    missing = (
        "missing: merge driver (config merge.drizzle-journal.driver)\n"
        "missing: hooks that finish a merge (post-merge, pre-commit)\n"
        "missing: hooks that finish a rebase (post-rewrite)\n"
        "missing: hooks that finish a cherry-pick (post-commit)\n"
        "missing: protect at every commit (pre-commit)\n"
        "missing: protect at every push (pre-push)\n"
        "not armed; run: drizzle-guard install\n"
    )
    done = clone.tool("install", "--check")
    assert (done.code, done.out) == (1, missing)
    assert clone.tool("install").code == 0
    assert clone.tool("install", "--check").code == 0 and clone.git("status", "--porcelain") == ""
    tree = clone.at(bed.directory / "tree")
    clone.git("worktree", "add", "-q", str(tree.root), "origin/feature")
    tree.branch("feature")
    for place in (tree, tree.at(tree.root / "drizzle")):
        assert place.tool("install", "--check").code == 0
        assert place.tool("install").out == (
            "this clone is armed already\n"
            "(.gitattributes of this branch does not have the lines; this clone is covered all the same)\n"
        )
    assert not (tree.root / ".gitattributes").exists()
    tree.git("merge", "-q", "--no-edit", "origin/main")
    assert tree.files("HEAD") == EXPECTED
    done = tree.at(tree.root / "src").tool("check", "../drizzle")
    assert done.code == 0 and "5 migrations" in done.out

    bare = bed.at(bed.directory / "bare.git")
    bed.git("clone", "-q", "--bare", str(bed.root), str(bare.root))
    done = bare.tool("install", "--check")
    assert done.code == 1 and "hook" not in done.out and done.out.endswith("not armed; run: drizzle-guard install\n")
    assert bare.tool("install").code == 0 and bare.tool("install", "--check").code == 0
