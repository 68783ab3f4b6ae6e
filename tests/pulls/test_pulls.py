"""`renumber --pulls`: the pull requests of a bare repository are mended, beside a stand-in for the forge's API."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from drizzle_guard.pulls import words
from drizzle_guard.pulls.forge import MARKER, Pull
from support.cases import MERGE, side_files
from support.forge_stand_in import TOKEN, Refused, StandIn, github_env, gitlab_env, publish
from support.gitbed import Bed, Done
from support.printed_commands import heard
from support.protect_commits import CASE, colliding

NOBODY = "00000000-0000-0000-0000-000000000000"
REFUSED = MERGE / "refused-column-added-on-both"


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    stand_in = StandIn()
    yield stand_in
    stand_in.close()


def renumber(bed: Bed, env: dict[str, str], *args: str) -> Done:
    done = bed.call("renumber", "--pulls", *args, env=env)
    assert TOKEN not in done.text
    return done


def at(bed: Bed, branch: str) -> str:
    """The commit of a branch on the forge."""
    return bed.git("--git-dir", str(bed.directory / "forge/acme/shop.git"), "rev-parse", branch)


def refused(bed: Bed) -> None:
    """main and feature both add the same column."""
    bed.put(REFUSED / "base")
    bed.commit("base")
    bed.branch("feature")
    bed.put(REFUSED / "ours")
    bed.commit("feature")
    bed.git("checkout", "-q", "main")
    bed.put(REFUSED / "theirs")
    bed.commit("main")


def test_a_pull_request_that_collides_is_merged_as_an_armed_clone_does(bed: Bed, stand_in: StandIn) -> None:
    colliding(bed)
    publish(bed, "main", "feature")
    stand_in.open(12, "feature")
    env = github_env(bed, stand_in, "pull_request", pull_request={"number": 12})
    before, main = at(bed, "feature"), at(bed, "main")

    done = renumber(bed, env, "--dry-run")
    assert (done.code, at(bed, "feature")) == (1, before)
    assert "12 feature: left to a person\n  would be mended:\n" in done.out

    done = renumber(bed, env)
    assert done.code == 0, done.text
    pushed = at(bed, "feature")
    assert (
        done.out
        == f"""\
12 feature: mended
  merged main and pushed {pushed[:10]}
  drizzle-guard: renumbered 2 migrations in drizzle
    0001_comments -> 0003_comments
    0002_post_views -> 0004_post_views
"""
    )
    summary = (bed.directory / "summary.md").read_text()
    assert summary.endswith(
        "\n    12 feature: mended\n" + "".join(f"    {row}\n" for row in done.out.split("\n")[1:-1]) + "\n"
    )
    assert stand_in.bodies(12) == []  # the commit says it
    bed.git("fetch", "-q", "origin")
    assert (
        bed.git("log", "-1", "--format=%P%n%s", "origin/feature")
        == f"{before} {main}\nMerge branch 'main' into feature"
    )

    # the same tree as a merge in an armed clone
    bed.arm()
    bed.git("merge", "-q", "--no-edit", "main")
    assert bed.git("rev-parse", "HEAD:drizzle", "HEAD:src") == bed.git(
        "rev-parse", f"{pushed}:drizzle", f"{pushed}:src"
    )

    done = renumber(bed, env)
    assert (done.code, done.out) == (0, "12 feature: nothing to do\n  it has all that its base has\n")
    assert at(bed, "feature") == pushed


def test_a_push_to_the_mainline_looks_at_every_open_pull_request(bed: Bed, stand_in: StandIn) -> None:
    colliding(bed)
    bed.git("checkout", "-q", "-b", "harmless", "main~")
    bed.write("x", "x")
    bed.commit("x")
    bed.git("checkout", "-q", "-b", "schema", "feature")
    bed.write("src/schema.ts", "theirs\n")
    bed.commit("schema")
    bed.git("checkout", "-q", "main")
    bed.write("src/schema.ts", "ours\n")
    bed.commit("schema")
    bare = publish(bed, "main", "harmless", "schema", "feature")
    bed.git("push", "-q", "origin", "feature~:refs/heads/clean", "feature~:refs/pull/4/head")
    bed.git("checkout", "-q", "feature")
    for number, branch in enumerate(("clean", "harmless", "schema", "fork", "gone"), 1):
        stand_in.open(number, branch, fork=branch == "fork")
    stand_in.open(6, "other", base="release")
    before = bed.git("--git-dir", str(bare), "for-each-ref")
    env = github_env(bed, stand_in, "push", ref="refs/heads/main")
    done = renumber(bed, env)
    assert done.code == 0, done.text
    assert done.out.startswith("1 clean: mended\n")
    assert "\n2 harmless: nothing to do\n  no migrations collide\n" in done.out
    assert "\n3 schema: left to a person\n  git cannot merge src/schema.ts\n" in done.out
    assert "\n4 fork: left to a person\n  it comes from a fork, to which nothing is pushed\n" in done.out
    assert "\n5 gone: nothing to do\n  its branch is gone\n" in done.out
    assert "6 other" not in done.out
    after = bed.git("--git-dir", str(bare), "for-each-ref")
    changed = set(after.split("\n")) - set(before.split("\n"))
    assert [row.split()[2] for row in changed] == ["refs/heads/clean"]
    assert [len(stand_in.bodies(n)) for n in range(1, 7)] == [0, 0, 1, 1, 0, 0]
    assert "\n    src/schema.ts\n" in stand_in.bodies(3)[0] and "```mermaid" in stand_in.bodies(3)[0]
    assert f"    git fetch file://{bare} main\n    git merge FETCH_HEAD" in stand_in.bodies(4)[0]

    # what the comment tells the fork's owner, typed there
    theirs = bed.at(bed.directory / "theirs")
    bed.git("clone", "-q", "--branch", "harmless", str(bare), str(theirs.root))
    theirs.git("fetch", "-q", "origin", "refs/pull/4/head:fork")
    theirs.git("remote", "remove", "origin")
    theirs.arm()
    for command in words.commands(Pull(4, "fork", "main", "refs/pull/4/head", True), f"file://{bare}"):
        assert f"    {command}\n" in f"{stand_in.bodies(4)[0]}\n"
        theirs.run("sh", "-c", command)
    assert theirs.git("show", "--name-only", "--format=", "HEAD:drizzle").count("0003_comments.sql") == 1

    asked = len(stand_in.asked)
    assert renumber(bed, env).code == 0
    assert not [row for row in stand_in.asked[asked:] if not row.startswith("GET ")]  # nothing has changed


def test_a_refusal_is_said_in_one_comment_that_is_kept_up_to_date(bed: Bed, stand_in: StandIn) -> None:
    refused(bed)
    publish(bed, "main", "feature")
    stand_in.open(3, "feature")
    # somebody copied the mark; and what else is said is in the way of paging
    for body, user in ((f"{MARKER} mine", {"login": "mallory", "type": "User"}), ("hi", {"type": "User"})):
        stand_in.comments[3].append({"id": len(stand_in.comments[3]), "body": body, "user": user})
    env = github_env(bed, stand_in, "pull_request", pull_request={"number": 3})
    before = at(bed, "feature")
    done = renumber(bed, env)
    assert (done.code, at(bed, "feature")) == (1, before)
    sentence = done.out.split("\n")[1].strip()
    assert "both create column" in sentence
    comment = stand_in.bodies(3)[2]
    assert comment.startswith(f"{MARKER}\n### drizzle-guard: the migrations of this branch collide with its base\n")
    assert f"\n    {sentence}\n" in comment
    assert 'type: REVERSE tag: "refused"' in comment

    # the commands of the comment: git stops, as it said
    clone = bed.at(bed.directory / "laptop")
    bed.git("clone", "-q", str(bed.directory / "forge/acme/shop.git"), str(clone.root))
    clone.arm()
    commands = [row.strip() for row in comment.split("what to type next:\n\n")[1].split("\n\n")[0].split("\n")]
    assert commands == ["git fetch origin", "git switch feature", "git merge origin/main", "git push"]
    heard(("a browser",), comment)
    clone.type(*commands[:2])
    stopped = clone.type(commands[2], check=False)
    assert (
        stopped.code == 1 and sentence.partition(": ")[2] in stopped.err and "drizzle-guard regenerate" in stopped.err
    )
    clone.git("rm", "-rqf", "drizzle")  # a person decides: here the branch's migration is given up
    clone.git("checkout", "origin/main", "--", "drizzle")
    clone.git("commit", "-q", "--no-edit")
    clone.type(commands[3])
    assert renumber(bed, env).code == 0

    # the branch is made again from the new mainline: nothing collides any more
    bed.git("checkout", "-q", "-B", "feature", "main")
    bed.write("x", "x")
    bed.commit("x")
    publish(bed, "feature")
    assert renumber(bed, env).code == 0
    assert stand_in.bodies(3)[2] == f"{MARKER}\n### drizzle-guard: nothing collides any more"
    assert stand_in.bodies(3)[:2] == [f"{MARKER} mine", "hi"]


def test_the_owner_of_a_fork_merges_the_base_by_its_address(bed: Bed, stand_in: StandIn) -> None:
    colliding(bed)
    publish(bed, "main")
    bed.git("push", "-q", "origin", "feature:refs/pull/2/head")
    stand_in.open(2, "feature", fork=True)
    renumber(bed, github_env(bed, stand_in, "push", ref="refs/heads/main"))
    (comment,) = stand_in.bodies(2)
    heard(("a browser",), comment)
    commands = [row.strip() for row in comment.split("what to type next:\n\n")[1].split("\n\n")[0].split("\n")]
    assert [command.split()[1] for command in commands] == ["switch", "fetch", "merge"], commands
    bed.arm()
    bed.git("checkout", "-q", "main")
    bed.type(*commands)
    assert bed.files("HEAD") == side_files(CASE / "expected") and bed.git("rev-parse", "HEAD^2") == at(bed, "main")


def test_nothing_of_the_repository_runs(bed: Bed, stand_in: StandIn) -> None:
    colliding(bed)
    trap = bed.directory / "trap"
    for path in (".husky/post-merge", ".githooks/pre-push"):
        bed.write(path, f"#!/bin/sh\ntouch {trap}\n").chmod(0o755)
    bed.write(".gitattributes", "* filter=lfs diff=x merge=x\n*.txt -merge\n")
    bed.write(".gitmodules", f'[submodule "s"]\n\tpath = s\n\turl = ext::touch {trap}\n')
    bed.write("package.json", json.dumps({"scripts": {"prepare": f"touch {trap}"}}))
    bed.write("drizzle-guard.toml", 'mainline = "nosuch"\nrehearse = "push"\n')
    bed.commit("traps")
    publish(bed, "main", "feature")
    # what the machine has set must not run either
    home = bed.directory / "home/.gitconfig"
    home.write_text(
        home.read_text() + f'[core]\n\thooksPath = {bed.root}/.githooks\n[filter "lfs"]\n\tsmudge = touch {trap}\n'
        f'\tclean = touch {trap}\n[merge "x"]\n\tdriver = touch {trap}\n[credential]\n\thelper = !touch {trap}\n'
    )
    stand_in.open(1, "feature")
    env = github_env(bed, stand_in, "pull_request_target", pull_request={"number": 1})
    # tell git to run something in every other way there is
    env |= {"GIT_SSH_COMMAND": f"touch {trap}", "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor=touch {trap}'"}
    env |= {"GIT_TEMPLATE_DIR": str(bed.root), "GIT_TRACE_CURL": "1"}
    done = renumber(bed, env)
    assert done.code == 0 and done.out.startswith("1 feature: mended\n"), done.text
    assert not trap.exists()


def test_attributes_decide_what_is_merged_as_text(bed: Bed, stand_in: StandIn) -> None:
    colliding(bed)
    bed.git("checkout", "-q", "main~")
    bed.write("deep/.gitattributes", "lock -merge\nnotes merge=union\n")
    for path in ("deep/lock", "deep/notes"):
        bed.write(path, "1\n2\n3\n4\n5\n")
    base = bed.commit("files")
    for branch in ("main", "feature"):
        bed.git("checkout", "-q", branch)
        bed.git("merge", "-q", "--no-edit", base)
    bed.write("deep/notes", "1\n2\n3\n4\n5\nfeature\n")
    bed.commit("notes")
    bed.git("checkout", "-q", "main")
    bed.write("deep/notes", "1\n2\n3\n4\n5\nmain\n")
    bed.commit("notes")
    publish(bed, "main", "feature")
    stand_in.open(1, "feature")
    env = github_env(bed, stand_in, "workflow_dispatch")
    assert renumber(bed, env).out.startswith("1 feature: mended\n")
    bed.git("checkout", "-q", "main")
    bed.write("deep/lock", "main\n2\n3\n4\n5\n")
    bed.commit("lock")
    bed.git("checkout", "-q", "feature")
    bed.write("deep/lock", "1\n2\n3\n4\nfeature\n")
    bed.commit("lock")
    publish(bed, "main", "feature")
    assert "1 feature: left to a person\n  git cannot merge deep/lock\n" in renumber(bed, env).out


def _v1(bed: Bed, name: str, sql: str, parent: str = NOBODY, **more: str) -> None:
    body = {"version": "7", "dialect": "sqlite", "id": name, "prevIds": [parent], "ddl": [], "renames": []}
    files = {"migration.sql": sql, "snapshot.json": json.dumps(body), **more}
    for file, text in files.items():
        bed.write(f"drizzle/{name}/{file}", text)
    bed.commit(name)


def test_a_v1_folder_is_put_behind_the_mainline_s_newest(bed: Bed, stand_in: StandIn) -> None:
    """git merges it without a word; a new database would run it in another order than the deployed one."""
    _v1(bed, "20260101000000_base", "create table users(id integer);")
    for branch, sql in (("feature", "create table tags(id integer);"), ("twice", "create table posts(id integer);")):
        bed.git("checkout", "-q", "-b", branch, "main")
        _v1(bed, "20260102000000_own", sql, "20260101000000_base", **{"notes/why.md": "so\n"})
    bed.git("checkout", "-q", "main")
    _v1(bed, "20260103000000_posts", "create table posts(id integer);", "20260101000000_base")
    publish(bed, "main", "feature", "twice")
    stand_in.open(12, "feature")
    stand_in.open(13, "twice")
    done = renumber(bed, github_env(bed, stand_in, "push", ref="refs/heads/main"))
    pushed = at(bed, "feature")
    assert (done.code, done.out) == (
        0,
        f"""\
12 feature: mended
  merged main and pushed {pushed[:10]}
  drizzle-guard: renumbered 1 migration in drizzle
    20260102000000_own -> 20260103000001_own
13 twice: left to a person
  drizzle: 20260102000000_own (branch) and 20260103000000_posts (mainline): both create table "posts".
""",
    )
    bed.git("fetch", "-q", "origin")
    files = bed.git("ls-tree", "-r", "--name-only", "origin/feature", "drizzle/").split()
    own = [f"drizzle/20260103000001_own/{file}" for file in ("migration.sql", "notes/why.md", "snapshot.json")]
    assert files[-3:] == own and len(files) == 7
    assert any('both create table "posts"' in body for body in stand_in.bodies(13))
    assert renumber(bed, github_env(bed, stand_in, "push", ref="refs/heads/main")).out.startswith("12 feature: nothing")


def test_somebody_pushes_meanwhile(bed: Bed, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    from drizzle_guard.pulls.clone import Clone, Push

    colliding(bed)
    bare = publish(bed, "main", "feature")
    stand_in.open(1, "feature")
    env = github_env(bed, stand_in, "pull_request", pull_request={"number": 1})
    original, races = Clone.push, [1]

    def push(clone: Clone, commit: str, branch: str, expected: str) -> Push:
        if races:
            races.pop()
            bed.write("late", str(len(races)))
            bed.commit("late")
            bed.git("push", "-q", "origin", "feature")
        return original(clone, commit, branch, expected)

    monkeypatch.setattr(Clone, "push", push)
    done = renumber(bed, env)
    assert done.code == 0 and done.out.startswith("1 feature: mended\n"), done.text
    late = bed.git("rev-parse", "feature")
    assert bed.git("--git-dir", str(bare), "rev-parse", "feature^1") == late

    bed.git("reset", "-q", "--hard", "feature~")
    publish(bed, "feature")
    races += [1, 2]
    done = renumber(bed, env)
    assert (done.code, done.out) == (
        1,
        "1 feature: failed\n  somebody pushed to the branch meanwhile, twice; nothing was done\n",
    )
    assert at(bed, "feature") == bed.git("rev-parse", "feature")


def test_a_branch_that_was_deleted_meanwhile_is_not_made_again(bed: Bed, stand_in: StandIn) -> None:
    from drizzle_guard.pulls.clone import Pushed, throw_away_clone

    colliding(bed)
    bare = publish(bed, "main", "feature")
    with throw_away_clone(f"file://{bare}", "", TOKEN) as clone:
        head = clone.fetch("refs/heads/feature", "refs/pulls/1")
        assert head is not None
        made = clone.repository.git("commit-tree", f"{head}^{{tree}}", "-p", head, "-m", "x").decode().strip()
        bed.git("push", "-q", "origin", ":feature")
        assert clone.push(made, "feature", head).result is Pushed.MOVED
        assert clone.push(head, "feature", made).result is Pushed.REFUSED  # it would take a commit away
    assert "feature" not in bed.git("--git-dir", str(bare), "for-each-ref")


def test_a_push_that_is_not_taken(bed: Bed, stand_in: StandIn) -> None:
    colliding(bed)
    bare = publish(bed, "main", "feature")
    hook = bare / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho 'GH006: Protected branch; {TOKEN}' >&2\nexit 1\n")
    hook.chmod(0o755)
    stand_in.open(1, "feature")
    done = renumber(bed, github_env(bed, stand_in, "pull_request", pull_request={"number": 1}))
    assert done.code == 1
    assert done.out.startswith("1 feature: failed\n  the push was refused\n")
    assert "GH006: Protected branch; ***" in done.out and "pre-receive hook declined" in done.out
    assert "They can be put in a row by a merge, but the push was refused." in stand_in.bodies(1)[0]


@pytest.mark.parametrize(
    ("where", "answer", "said"),
    [
        ("GET /pulls", Refused(403, "Resource not accessible by integration"), "GitHub's API refuses (403): Resource "
         "not accessible by integration."),
        ("GET /pulls", Refused(404, "Not Found"), "GitHub's API refuses (404): Not Found."),
        ("GET /pulls", Refused(403, "slow down", X_RateLimit_Remaining="0", X_RateLimit_Reset="99999999999"),
         "the limit of GitHub's API is used up until"),
        ("GET /pulls", Refused(301, "Moved", Location="http://127.0.0.1:9/steal"), "GitHub's API leads elsewhere: was "
         "the repository renamed?"),
    ],
)  # fmt: skip
def test_what_the_api_refuses(bed: Bed, stand_in: StandIn, where: str, answer: Refused, said: str) -> None:
    method, path = where.split()
    stand_in.always.append((method, path, answer))
    done = renumber(bed, github_env(bed, stand_in, "workflow_dispatch"))
    assert done.code == 1 and said in done.err, done.text


def test_limits_that_pass_and_comments_that_may_not_be_written(bed: Bed, stand_in: StandIn) -> None:
    refused(bed)
    publish(bed, "main", "feature")
    bed.git("push", "-q", "origin", "feature:refs/pull/2/head")
    stand_in.open(1, "feature")
    stand_in.open(2, "theirs", fork=True)
    stand_in.refuse.append(("GET", "/pulls", Refused(429, "too many", Retry_After="0")))
    stand_in.always.append(("POST", "/comments", Refused(403, "Resource not accessible by integration")))
    done = renumber(bed, github_env(bed, stand_in, "push", ref="refs/heads/main"))
    note = "the comment was not written: GitHub's API refuses (403): Resource not accessible by integration."
    assert done.code == 1
    assert done.out.count(note) == 2
    assert "1 feature: failed\n" in done.out  # our own branch: the token lacks a permission
    assert "2 theirs: left to a person\n" in done.out  # a fork's event has a token that only reads


@pytest.mark.parametrize(
    ("kind", "event", "said"),
    [
        (
            "merge_group",
            {"merge_group": {"base_ref": "refs/heads/main"}},
            "what waits in a merge queue has no conflict",
        ),
        ("pull_request", {"action": "closed"}, "this pull request is closed"),
        ("push", {"ref": "refs/tags/v1"}, "this push is to no branch"),
        ("push", {"ref": "refs/heads/x", "deleted": True}, "this push is to no branch"),
        ("workflow_dispatch", {}, "no pull request onto main is open"),
    ],
)
def test_events_with_nothing_to_do(bed: Bed, stand_in: StandIn, kind: str, event: dict[str, object], said: str) -> None:
    done = renumber(bed, github_env(bed, stand_in, kind, **event))
    assert done.code == 0 and done.out.startswith(f"nothing to do: {said}"), done.text


def test_used_wrongly(bed: Bed, stand_in: StandIn) -> None:
    env = github_env(bed, stand_in, "issues")
    for wrong, said in (
        (env, "nothing is mended on the event 'issues'."),
        (env | {"DRIZZLE_GUARD_TOKEN": ""}, "DRIZZLE_GUARD_TOKEN holds no token."),
        (env | {"DRIZZLE_GUARD_TOKEN": "a\nb"}, "DRIZZLE_GUARD_TOKEN holds no token."),
        ({}, "--pulls works in a job of GitHub Actions or GitLab CI/CD; this is none."),
    ):
        done = renumber(bed, wrong)
        assert (done.code, done.err.partition("\n")[0]) == (2, f"drizzle-guard: {said}")
    assert renumber(bed, env, "--anyway").code == 2


def test_gitlab(bed: Bed, stand_in: StandIn) -> None:
    refused(bed)
    bed.git("checkout", "-q", "-b", "good", "main~")
    bed.put(CASE / "ours", "other/drizzle")
    bed.commit("another folder")
    publish(bed, "main", "feature", "good")
    for number, branch in enumerate(("feature", "good", "feature"), 1):
        stand_in.open(number, branch, fork=number == 3)
    bed.git("push", "-q", "origin", "feature:refs/merge-requests/3/head")
    done = renumber(bed, gitlab_env(bed, stand_in, "push", CI_COMMIT_BRANCH="main"))
    assert done.code == 0, done.text
    assert "1 feature: left to a person\n" in done.out and "2 good: nothing to do\n" in done.out
    assert [len(stand_in.bodies(n)) for n in (1, 2, 3)] == [1, 0, 1]
    stand_in.me = {"id": 5}
    one = gitlab_env(bed, stand_in, "merge_request_event", CI_MERGE_REQUEST_IID="1")
    assert renumber(bed, one).code == 1
    bed.git("push", "-q", "--force", "origin", "good:feature")
    assert renumber(bed, one).code == 0
    assert [len(stand_in.bodies(n)) for n in (1, 2, 3)] == [1, 0, 1]
    assert stand_in.bodies(1)[0].endswith("nothing collides any more")
    assert renumber(bed, gitlab_env(bed, stand_in, "push", CI_COMMIT_BRANCH="x")).out.startswith("nothing to do: ")


def test_names_that_are_markdown_or_a_shell(bed: Bed, stand_in: StandIn) -> None:
    name = "x`$(id)`;@org<img/src=x>--&|'\""
    refused(bed)
    bed.git("branch", "-m", "feature", name)
    publish(bed, "main", name)
    stand_in.open(1, name)
    done = renumber(bed, github_env(bed, stand_in, "pull_request", pull_request={"number": 1}))
    assert done.code == 1
    (body,) = stand_in.bodies(1)
    outside, fenced = [], False
    for row in body.split("\n"):
        fenced ^= row.startswith("```")
        if not fenced and not row.startswith(("    ", "```")):
            outside.append(row)
    assert "@org" in body and "@org" not in "\n".join(outside)
    assert not fenced
    clone = bed.at(bed.directory / "laptop")
    bed.git("clone", "-q", str(bed.directory / "forge/acme/shop.git"), str(clone.root))
    (command,) = (row.strip() for row in body.split("\n") if row.startswith("    git switch"))
    clone.run("sh", "-c", command)
    assert clone.git("branch", "--show-current") == name


def test_the_token_goes_to_git_in_the_environment_alone(bed: Bed, stand_in: StandIn) -> None:
    """Over HTTP git sends it, and what cannot be fetched is said without it."""
    stand_in.open(1, "feature")
    env = github_env(bed, stand_in, "pull_request", pull_request={"number": 1})
    env["GITHUB_SERVER_URL"] = stand_in.url
    done = renumber(bed, env)
    assert done.code == 1
    assert "1 feature: failed\n  refs/heads/main cannot be fetched: " in done.out, done.text
    assert any(row.startswith("GET /acme/shop.git/info/refs") for row in stand_in.asked)
