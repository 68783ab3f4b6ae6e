"""Hostile input and faults: never worse than git, never silently wrong, no traceback, nothing written elsewhere.

`tests/support/fuzz_bytes.py` looks for more of the kind for as long as one likes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from drizzle_guard.commands import hook
from drizzle_guard.disk import folder_on_disk
from drizzle_guard.drizzle.folder import Blob
from drizzle_guard.drizzle.journal import PATH, parse_journal
from drizzle_guard.drizzle.json_text import parse
from drizzle_guard.errors import GuardError
from drizzle_guard.renumber import driver as merge_driver
from drizzle_guard.replay.plan import Plan, Refusal
from drizzle_guard.replay.replay import plan
from support import fuzz_bytes
from support.branches import CASE, GOLDEN, collide
from support.cases import side_files
from support.fuzz_bytes import Sides, fixture, histories
from support.gitbed import Bed, Done, tree_of
from support.live.bench import missing

JOURNAL = side_files(CASE / "ours")[PATH]
MAINLINE = side_files(CASE / "theirs")[PATH]
NEW = "0003_comments.sql"


def outcome_of(sides: Sides) -> Plan | Refusal:
    base, ours, theirs = histories(sides, {})
    return plan(base, theirs, ours, layout=ours.journal)


# --- journals and snapshots


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "j is not JSON: Expecting value (line 1)."),
        (b"[]", "j is not a Drizzle journal: it has no list `entries`."),
        (b"null", "j is not a Drizzle journal: it has no list `entries`."),
        (b'"x"', "j is not a Drizzle journal: it has no list `entries`."),
        (b'{"entries":{}}', "j is not a Drizzle journal: it has no list `entries`."),
        (b'{"entries":["x"]}', "j: entry 0 has no tag."),
        (JOURNAL.replace(b'"0001_comments"', b"1"), "j: entry 1 has no tag."),
        (JOURNAL.decode().encode("utf-16"), "j is not UTF-8 (byte 0)."),
        (JOURNAL.replace(b"_comments", b"_\xff"), f"j is not UTF-8 (byte {JOURNAL.index(b'_comments') + 1})."),
        (JOURNAL.replace(b"_comments", b"_\0"), "j is not JSON: Invalid control character at (line 16)."),
        (JOURNAL.replace(b"1795411457784", b"NaN"), "j is not sound: NaN is not a JSON value."),
        (JOURNAL.replace(b"1795411457784", b"-Infinity"), "j is not sound: -Infinity is not a JSON value."),
        (JOURNAL.replace(b'"idx": 1,', b'"idx": 1, ' * 2), 'j is not sound: the key "idx" stands twice in one object.'),
        (b'{"entries":[],"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "j is nested too deeply."),
        (b'{"entries":[],"x":' + b"[" * 200 + b"]" * 200 + b"}", "j is nested too deeply."),
        *(
            (
                JOURNAL.replace(b"0001_comments", tag.encode()),
                f"j: the tag '{shown}' of entry 1 is not a safe file name.",
            )
            for tag, shown in (
                ("../../x", "../../x"),
                ("..", ".."),
                ("0001_a/b", "0001_a/b"),
                ("0001_a\\\\b", "0001_a\\b"),
                ("C:x", "C:x"),
                ("0001_\\u001b[31m", "0001_\\x1b[31m"),
                ("0001_\\u202ex", "0001_\\u202ex"),
                ("0001_\\ud800", "0001_\\ud800"),
                ("0001_\\u0000", "0001_\\x00"),
                ("0001_\\nx", "0001_\\nx"),
                ("0001_\\tx", "0001_\\tx"),
                ("", ""),
            )
        ),
    ],
)  # fmt: skip
def test_journal_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(GuardError) as caught:
        parse_journal(data, "j")
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        (b'"1795411460452"', "1795411460452"),
        (b"1795411460452.5", "1795411460452.5"),
        (b"true", "True"),
        (b"1e999", "1e999"),
        (b"4611686018427387904", "4611686018427387904"),
        (b"1" + b"0" * 400, "1" + "0" * 39 + "…"),
    ],
)
def test_nothing_is_put_behind_a_time_that_is_none(when: bytes, shown: str) -> None:
    """drizzle-orm would compare with it as JavaScript does, and skip what comes after."""
    sides = fixture()
    sides["theirs"][PATH] = MAINLINE.replace(b"1795411460452", when)
    with pytest.raises(GuardError) as caught:
        outcome_of(sides)
    assert caught.value.message == f"0002_tags: its `when` is no time in milliseconds ({shown})."


def test_number_that_is_none() -> None:
    sides = fixture()
    sides["theirs"][PATH] = MAINLINE.replace(b'"idx": 2', b'"idx": 9999999999999999999')
    outcome = outcome_of(sides)
    assert isinstance(outcome, Plan)
    assert [move.new.tag for move in outcome.moves] == ["0003_comments", "0004_post_views"]
    assert [move.new.idx for move in outcome.moves] == [3, 4]


def test_deep_snapshot() -> None:
    sides = fixture()
    sides["theirs"]["meta/0002_snapshot.json"] = b'{"a":' * 900 + b"1" + b"}" * 900
    outcome = outcome_of(sides)
    assert isinstance(outcome, Refusal)
    assert outcome.sentence == "0002_tags (mainline): drizzle/meta/0002_snapshot.json is nested too deeply."


def test_depth_is_that_of_the_value() -> None:
    assert parse(b"[" * 100 + b"]" * 100, "x")
    assert parse(json.dumps(["[{" * 200]).encode(), "x") == ["[{" * 200]
    with pytest.raises(GuardError, match=r"^x is nested too deeply\.$"):
        parse(b"[" * 101 + b"]" * 101, "x")


def test_many_keys_of_which_the_last_stands_twice() -> None:
    began = time.process_time()
    with pytest.raises(GuardError, match='the key "k99999" stands twice'):
        parse(b"{" + b"".join(b'"k%d":1,' % n for n in range(100_000)) + b'"k99999":1}', "x")
    assert time.process_time() - began < 5


def test_no_journal_on_either_side() -> None:
    sides = fixture()
    for side in ("ours", "theirs"):
        del sides[side][PATH]
    outcome = outcome_of(sides)
    assert isinstance(outcome, Refusal) or outcome.files[PATH] is None


@pytest.mark.parametrize(
    "piece", ["(", "'", "/*", "$a$", "e'\\", "CREATE ", "a.", "`", "\0", "create trigger x begin "]
)
def test_sql_is_read_in_linear_time(piece: str) -> None:
    sides = fixture()
    sides["ours"]["0001_comments.sql"] += (piece * 20_000).encode()
    began = time.process_time()
    outcome_of(sides)
    assert time.process_time() - began < 5


def test_ten_thousand_entries() -> None:
    took = []
    for count in (1_000, 10_000):
        sides = fixture()
        for files in sides.values():
            journal = json.loads(files[PATH])
            old = [{"idx": n, "version": "7", "when": n, "tag": f"{n:05}_old"} for n in range(count)]
            for number, entry in enumerate(journal["entries"], count):
                tag = entry["tag"]
                entry.update(idx=number, tag=f"{number:05}_{tag[5:]}")
                files[f"{entry['tag']}.sql"] = files.pop(f"{tag}.sql")
                files[f"meta/{number:05}_snapshot.json"] = files.pop(f"meta/{tag[:4]}_snapshot.json")
            files.update({f"{entry['tag']}.sql": b"SELECT 1;" for entry in old})
            files[PATH] = json.dumps({**journal, "entries": old + journal["entries"]}).encode()
        began = time.process_time()
        outcome = outcome_of(sides)
        took.append(time.process_time() - began)
        assert isinstance(outcome, Plan) and [move.new.idx for move in outcome.moves] == [count + 3, count + 4]
    assert took[1] < 40 * took[0] + 1, took


def test_fuzz() -> None:
    for seed in range(120):
        fuzz_bytes.one(seed)


# --- through git


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Bed]:
    """A feature branch and a mainline that collide, in an armed clone and in another one."""
    found = {}
    for armed in (True, False):
        found[armed] = Bed(tmp_path_factory.mktemp("template"))
        collide(found[armed], armed=armed)
    return found


@pytest.fixture
def colliding(templates: dict[bool, Bed], tmp_path: Path) -> Callable[[bool], Bed]:
    """A copy of one of them."""

    def copy(armed: bool) -> Bed:
        shutil.copytree(templates[armed].root, tmp_path / "repo", symlinks=True)
        return templates[armed].at(tmp_path / "repo")

    return copy


def merged(bed: Bed, sides: Sides, *, armed: bool) -> Done:
    """Branch feature (ours) merges main (theirs), in an armed clone or, with `renumber`, in another one."""
    if armed:
        bed.arm()
    for side, branch in (("base", "main"), ("ours", "feature"), ("theirs", "main")):
        bed.git("checkout", "-q", *(() if side == "theirs" else ("-B",)), branch)
        shutil.rmtree(bed.root / "drizzle", ignore_errors=True)
        for path, data in sides[side].items():
            bed.write(f"drizzle/{path}", data)
        bed.commit(side)
    bed.git("checkout", "-q", "feature")
    done = bed.try_git("merge", "--no-edit", "main")
    return done if armed else bed.call("renumber")


@pytest.fixture(params=[True, False], ids=["armed", "unarmed"])
def armed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def stopped(colliding: Callable[[bool], Bed], tmp_path: Path) -> Bed:
    """A merge that stopped in an unarmed clone."""
    bed = colliding(False)
    bed.directory = tmp_path
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    return bed


@pytest.mark.parametrize(
    ("path", "data", "said"),
    [
        (PATH, JOURNAL.replace(b"_comments", b"_\\u001b[31m"), "the tag '0001_\\x1b[31m' of entry 1 is not a safe"),
        ("0001_comments.sql", b"-- " + b"x" * (17 << 20), "drizzle/0001_comments.sql is larger than 16 MiB;"),
        ("meta/0001_snapshot.json", b"[" * (17 << 20), "drizzle/meta/0001_snapshot.json is larger than 16 MiB;"),
        (PATH, b"[" * 100_000 + b"]" * 100_000, "drizzle/meta/_journal.json is nested too deeply, on HEAD."),
    ],
    ids=["escape", "sql", "snapshot", "deep"],
)
def test_refused_as_git_leaves_it(tmp_path: Path, armed: bool, path: str, data: bytes, said: str) -> None:
    bed, sides = Bed(tmp_path), fixture()
    sides["ours"][path] = data
    done = merged(bed, sides, armed=armed)
    assert done.code == 1 and said in done.text and "\x1b" not in done.text
    assert b"<<<<<<<" in bed.read(f"drizzle/{PATH}")
    assert {f"drizzle/{PATH}:{stage}" for stage in (1, 2, 3)} <= bed.stages().keys()
    bed.git("merge", "--abort")
    assert bed.git("status", "--porcelain") == ""


def test_odd_but_harmless_names(tmp_path: Path, armed: bool) -> None:
    bed, sides = Bed(tmp_path), fixture()
    tag = "0001_-a'b \"$(touch x)`é*[?%P"
    sides["ours"][f"{tag}.sql"] = sides["ours"].pop("0001_comments.sql")
    journal = json.loads(sides["ours"][PATH])
    journal["entries"][1]["tag"] = tag
    sides["ours"][PATH] = json.dumps(journal, indent=2).encode()
    done = merged(bed, sides, armed=armed)
    assert done.code == 0, done.text
    assert bed.read(f"drizzle/0003{tag[4:]}.sql") == GOLDEN["0003_comments.sql"]
    assert not (bed.root / "drizzle" / f"{tag}.sql").exists() and not (bed.root / "x").exists()


@pytest.mark.parametrize(
    ("side", "path", "said"),
    [
        ("ours", "0001_comments.sql", "drizzle/0001_comments.sql is a symbolic link;"),
        ("theirs", "0002_tags.sql", "drizzle/0002_tags.sql is a symbolic link;"),
        ("ours", "meta", "drizzle/meta is a symbolic link;"),
        ("ours", PATH, "drizzle/meta/_journal.json is a symbolic link;"),
    ],
)
def test_link_in_a_commit(colliding: Callable[[bool], Bed], tmp_path: Path, side: str, path: str, said: str) -> None:
    bed, outside = colliding(True), tmp_path / "outside"
    outside.mkdir()
    (outside / "_journal.json").write_text("kept")
    bed.git("checkout", "-q", "feature" if side == "ours" else "main")
    bed.run("rm", "-rf", f"drizzle/{path}")
    (bed.root / "drizzle" / path).symlink_to(outside / "_journal.json" if path == PATH else outside)
    bed.commit("link")
    bed.git("checkout", "-q", "-f", "feature")
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    done = bed.call("renumber")
    assert done.code == 1 and said in done.err
    assert tree_of(outside) == {"_journal.json": b"kept"}


def _link(place: Path) -> None:
    place.symlink_to("/etc/hostname")


def _file(place: Path) -> None:
    place.write_text("mine")


def _directory(place: Path) -> None:
    place.mkdir()
    (place / "mine").write_text("mine")


def _what_it_is(place: Path) -> tuple[int, int, int, int]:
    """All but the access time, which looking at it changes."""
    found = os.lstat(place)
    return found.st_mode, found.st_ino, found.st_size, found.st_mtime_ns


@pytest.mark.parametrize(
    ("path", "make", "said"),
    [
        (PATH, _link, f"drizzle/{PATH} has changes that no commit holds; they would be overwritten."),
        (PATH, _directory, f"drizzle/{PATH} has changes that no commit holds; they would be overwritten."),
        (PATH, os.mkfifo, f"drizzle/{PATH} has changes that no commit holds; they would be overwritten."),
        (NEW, _link, f"drizzle/{NEW} is not tracked by git, and a migration gets that name."),
        (NEW, _directory, f"drizzle/{NEW} is not tracked by git, and a migration gets that name."),
        ("meta", _file, "drizzle/meta is no directory."),
        ("meta", _link, "drizzle/meta is a symbolic link."),
        ("", _file, "drizzle is no directory."),
    ],
)  # fmt: skip
def test_something_else_in_the_worktree(stopped: Bed, path: str, make: Callable[[Path], None], said: str) -> None:
    place = stopped.root / "drizzle" / path
    stopped.run("rm", "-rf", str(place))
    make(place)
    before = _what_it_is(place)
    done = stopped.call("renumber")
    assert done.code == 1 and done.err.split("\n")[0] == f"drizzle-guard: {said}"
    assert _what_it_is(place) == before
    stopped.run("rm", "-rf", str(place))
    assert stopped.call("renumber").code == 0
    stopped.git("commit", "-q", "--no-edit")
    assert stopped.files("HEAD") == GOLDEN


def test_untracked_file_in_the_way(colliding: Callable[[bool], Bed]) -> None:
    bed = colliding(True)
    bed.write("drizzle/0003_comments.sql", "mine")
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.err == (
        "drizzle-guard: drizzle/0003_comments.sql is not tracked by git, and a migration gets that name.\n"
        "  move it away, then: drizzle-guard renumber\n"
    )
    assert bed.read("drizzle/0003_comments.sql") == b"mine"
    (bed.root / "drizzle/0003_comments.sql").unlink()
    assert bed.call("renumber").code == 0
    bed.commit("renumbered")
    assert bed.files("HEAD") == GOLDEN


# --- faults


def test_index_is_locked(stopped: Bed) -> None:
    lock = stopped.root / ".git/index.lock"
    lock.touch()
    before, files = stopped.state(), tree_of(stopped.root / "drizzle")
    done = stopped.call("renumber")
    assert done.code == 1
    assert done.err == (
        f"drizzle-guard: drizzle: git update-index failed: Unable to create '{lock}': File exists. "
        "Everything was put back.\n"
    )
    assert stopped.state() == before and tree_of(stopped.root / "drizzle") == files
    lock.unlink()
    assert stopped.call("renumber").code == 0


@pytest.mark.parametrize(
    ("lock", "hook", "hints"),
    [
        # git calls it before it makes the commit, and needs no index after that
        ("index.lock", "commit-msg", ["drizzle-guard renumber"]),
        # git calls it when the renumbered files are staged
        ("HEAD.lock", "post-index-change", ["The renumbered migrations are staged:", "git commit"]),
    ],
)
def test_lock_of_another_process_in_post_merge(
    colliding: Callable[[bool], Bed], lock: str, hook: str, hints: list[str]
) -> None:
    """The hooks that finish the merge are as installed: with another post-merge the net would finish it before."""
    bed = colliding(True)
    when = "git rev-parse -q --verify HEAD^2 >/dev/null || exit 0\n" if lock == "HEAD.lock" else ""
    script = bed.write(f".git/hooks/{hook}", f"#!/bin/sh\n{when}touch .git/{lock}\n")
    script.chmod(0o755)
    done = bed.try_git("merge", "--no-edit", "main")
    assert done.code == 0 and bed.git("rev-parse", "--verify", "HEAD^2") == bed.git("rev-parse", "main")
    failed, *rest = done.err.splitlines()[-1 - len(hints) :]
    assert failed.startswith("drizzle-guard: ") and f"{lock}': File exists." in failed
    assert rest == [f"  {hint}" for hint in hints]
    script.unlink()
    (bed.root / ".git" / lock).unlink()
    assert bed.call("renumber").code == 0
    bed.commit("renumbered")
    assert bed.files("HEAD") == GOLDEN


def test_signer_fails_the_second_time(colliding: Callable[[bool], Bed], tmp_path: Path) -> None:
    bed = colliding(True)
    signer = bed.write("../signer", f"""#!/bin/sh
echo >> {tmp_path}/count
[ $(wc -l < {tmp_path}/count) -gt 1 ] && exit 1
cat > /dev/null
echo "[GNUPG:] SIG_CREATED " >&2
printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nabc\\n-----END PGP SIGNATURE-----\\n'
""")  # fmt: skip
    signer.chmod(0o755)
    bed.git("config", "gpg.program", str(signer))
    done = bed.try_git("-c", "commit.gpgsign=true", "merge", "--no-edit", "main")
    assert done.err.endswith(
        "drizzle-guard: git commit-tree failed: gpg failed to sign the data.\n"
        "  The renumbered migrations are staged:\n  git commit\n"
    )
    bed.git("commit", "-q", "-m", "renumbered")
    assert bed.files("HEAD") == GOLDEN


def _can(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("path", ["drizzle", "drizzle/meta", "drizzle/meta/_journal.json", "drizzle/0001_comments.sql"])
def test_read_only(stopped: Bed, path: str) -> None:
    place = str(stopped.root / path)
    if not _can("chattr", "+i", place):
        missing("a file system on which chattr +i works (and root)")
    try:
        before, files = stopped.state(), tree_of(stopped.root / "drizzle")
        done = stopped.call("renumber")
        assert done.code == 1 and done.err.endswith("Operation not permitted. Everything was put back.\n"), done.err
        assert stopped.state() == before and tree_of(stopped.root / "drizzle") == files
    finally:
        subprocess.run(("chattr", "-i", place), check=True)
    assert stopped.call("renumber").code == 0


@pytest.mark.parametrize("blocks", [0, 4, 6])
def test_disk_is_full(stopped: Bed, tmp_path: Path, blocks: int) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if not _can("mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)):
        missing("the right to mount a small disk")
    try:
        shutil.copytree(stopped.root, disk / "repo", symlinks=True)
        bed = stopped.at(disk / "repo")
        before, files = bed.state(), tree_of(bed.root / "drizzle")
        room = os.statvfs(disk)
        (disk / "fill").write_bytes(b"x" * max(0, room.f_bavail * room.f_frsize - blocks * 4096))
        done = bed.call("renumber", env={"TMPDIR": str(tmp_path)})
        (disk / "fill").unlink()
        if done.code:
            assert done.err.endswith("Everything was put back.\n")
            assert bed.state() == before and tree_of(bed.root / "drizzle") == files
        assert done.code == 1 or blocks
        assert bed.call("renumber").code == 0
        bed.git("commit", "-q", "--no-edit")
        assert bed.files("HEAD") == GOLDEN
    finally:
        subprocess.run(("umount", "-l", str(disk)), check=True)


def test_object_is_missing(colliding: Callable[[bool], Bed]) -> None:
    bed = colliding(False)
    bed.git("clone", "-q", "--bare", str(bed.root), "../origin.git")
    bed.git("remote", "add", "origin", "../origin.git")
    oid = bed.git("rev-parse", "main:drizzle/0002_tags.sql")
    (bed.root / ".git/objects" / oid[:2] / oid[2:]).unlink()
    done = bed.call("renumber", "--dry-run")
    assert done.code == 1
    assert done.err == (
        f"drizzle-guard: main:drizzle/0002_tags.sql: object {oid} is missing: it is damaged, or the remote of this "
        "partial clone is out of reach.\n"
        "  Fetch everything anew (git 2.36 or later):\n"
        "  git fetch --refetch\n"
    )
    bed.type("git fetch --refetch")
    assert bed.call("renumber", "--dry-run").code == 0


def test_two_merges_in_two_worktrees(colliding: Callable[[bool], Bed], tmp_path: Path) -> None:
    bed = colliding(True)
    trees = [bed.at(tmp_path / name) for name in ("one", "two")]
    for tree in trees:
        bed.git("worktree", "add", "-q", "-b", tree.root.name, str(tree.root), "feature")
    merges = [subprocess.Popen(("git", "merge", "-q", "--no-edit", "main"), cwd=t.root, env=t.env) for t in trees]
    assert [merge.wait() for merge in merges] == [0, 0]
    for tree in trees:
        assert tree.files("HEAD") == GOLDEN and tree.git("status", "--porcelain") == ""


def test_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("drizzle_guard.git.repository.Repository.__init__", interrupt)
    assert merge_driver.main(["o", "a", "b", "7", "drizzle/meta/_journal.json"]) == merge_driver.MARKERS
    assert hook.main(["post-merge", "0"]) == 1


# --- settings and surroundings


def test_sha256_repository(tmp_path: Path, armed: bool) -> None:
    bed = Bed(tmp_path)
    shutil.rmtree(bed.root / ".git")
    bed.git("init", "-q", "--object-format=sha256")
    collide(bed, armed=armed)
    assert bed.try_git("merge", "--no-edit", "main").code == (0 if armed else 1)
    if not armed:
        assert bed.call("renumber").code == 0
        bed.git("commit", "-q", "--no-edit")
    assert bed.files("HEAD") == GOLDEN and bed.git("status", "--porcelain") == ""


def test_ids_of_the_repositorys_kind() -> None:
    data = b"x\n"
    old = Blob.of(data, "x")
    assert Blob.of(data).named_as(old).id == old.id == "587be6b4c3f93f93c489c0111bba5596147a26cb"
    asked = Blob.of(data)
    assert len(asked.id) == 40
    expected = "14f5162e2fe3d240d0d37aaab0f90e4af9a7cfa79639f3bab005b5bfb4174d9f"
    assert asked.named_as(Blob(lambda: b"", id="0" * 64)).id == expected


def test_settings_are_broken(stopped: Bed) -> None:
    file = stopped.root / "drizzle-guard.toml"

    def no_commit(name: str) -> str:
        hint = 'git fetch, or name another one in drizzle-guard.toml: mainline = "main"'
        return f"the mainline '{name}' (from drizzle-guard.toml) is no commit in this clone.\n  {hint}"

    keys = "; there are `mainline`, `protect`, `database`, `allow`, `rehearse`, `databases`, `known`."
    for text, said in {
        "mainline = [": "drizzle-guard.toml is not TOML: Invalid value (at end of document).",
        "foo = 1": f"drizzle-guard.toml: unknown key `foo`{keys}",
        '"\\u001b[31m" = 1': f"drizzle-guard.toml: unknown key `\\x1b[31m`{keys}",
        "mainlin = 1": "drizzle-guard.toml: unknown key `mainlin`; did you mean `mainline`?",
        "[database]\nshema = 1": "drizzle-guard.toml: unknown key `shema` in [database]; did you mean `schema`?",
        '[[allow]]\ntag = "x"\nsha = "y"': "drizzle-guard.toml: allow.0.sha256: Field required.",
        'mainline = "-x"': no_commit("-x"),
        'mainline = "a\\u0000b"': no_commit("a\\x00b"),
        'mainline = "\\u001b[2J"': no_commit("\\x1b[2J"),
        "a = " + "[" * 100_000: "drizzle-guard.toml is nested too deeply.",
        "a." * 100_000 + "b = 1": "drizzle-guard.toml is nested too deeply.",
        "#" * 1_100_000: "drizzle-guard.toml is no regular file of at most 1024 KiB.",
    }.items():
        file.write_text(text)
        done = stopped.call("renumber", "--dry-run")
        assert (done.code, done.err) == (2, f"drizzle-guard: {said}\n")
    file.unlink()
    file.symlink_to("/dev/zero")
    said = "drizzle-guard: drizzle-guard.toml is no regular file of at most 1024 KiB.\n"
    assert stopped.call("renumber").err == said
    (stopped.root / "x.db").touch()
    assert stopped.call("status", "drizzle", "--url", "x.db").err == said
    file.unlink()
    file.write_text("\ufeffmainline = 'main'")  # as Windows' editors save it
    assert stopped.call("renumber", "--dry-run").code == 0


def test_directories_from_the_environment(stopped: Bed) -> None:
    inside = stopped.at(stopped.root / "src")
    done = inside.call("renumber", "--dry-run", env={"GIT_DIR": "../.git", "GIT_WORK_TREE": ".."})
    assert done.code == 0 and "0003_comments" in done.out
    above = stopped.at(stopped.directory)
    assert above.call("renumber", env={"GIT_DIR": "repo/.git", "GIT_WORK_TREE": "repo"}).code == 0
    stopped.git("commit", "-q", "--no-edit")
    assert stopped.files("HEAD") == GOLDEN


def test_line_break_in_the_path(tmp_path: Path) -> None:
    bed = Bed(tmp_path, name="re\npo")
    done = bed.call("renumber")
    assert (done.code, done.err) == (
        2,
        "drizzle-guard: the path of this repository has a line break in it; drizzle-guard cannot work here.\n",
    )


def test_owned_by_somebody_else(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    try:
        os.chown(bed.root, 65534, 65534)
        os.chown(bed.root / ".git", 65534, 65534)
    except PermissionError:
        missing("root, who alone can give files away")
    done = bed.call("renumber")
    assert (done.code, done.err) == (
        2,
        f"drizzle-guard: this is no git repository: detected dubious ownership in repository at '{bed.root}'.\n"
        f"  git config --global --add safe.directory {bed.root}\n",
    )


@pytest.mark.parametrize("path", [None, ":", ".", "/nonexistent:"])
def test_python_of_the_repository_is_not_run(
    colliding: Callable[[bool], Bed], tmp_path: Path, path: str | None
) -> None:
    bed = colliding(True)
    for name in ("json", "re", "site", "click", "subprocess", "drizzle_guard"):
        bed.write(f"{name}.py", f"open({str(tmp_path / 'ran')!r}, 'w')")
    done = bed.try_git("merge", "--no-edit", "main", env={} if path is None else {"PYTHONPATH": path})
    assert done.code == 0 and bed.files("HEAD") == GOLDEN
    if path is None:
        assert bed.call("renumber").code == 0
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("streams", ["2>&-", ">&- 2>&-"])
def test_closed_streams(colliding: Callable[[bool], Bed], streams: str) -> None:
    bed = colliding(True)
    assert bed.run("sh", "-c", f"git merge -q --no-edit main {streams}").code == 0
    assert bed.files("HEAD") == GOLDEN


@pytest.mark.parametrize("settings", ["*.sql text eol=crlf\n*.json text eol=crlf\n", "*.sql filter=secret\n"])
def test_files_that_git_converts(tmp_path: Path, settings: str, armed: bool) -> None:
    bed = Bed(tmp_path)
    for key, value in (("clean", "sed s/TABLE/table/"), ("smudge", "sed s/table/TABLE/"), ("required", "true")):
        bed.git("config", f"filter.secret.{key}", value)
    bed.write(".gitattributes", settings)
    collide(bed, armed=armed)
    assert bed.try_git("merge", "--no-edit", "main").code == (0 if armed else 1)
    if not armed:
        assert bed.call("renumber").code == 0
        bed.git("commit", "-q", "--no-edit")
    assert bed.git("status", "--porcelain") == ""
    committed = {path: data.replace(b" table ", b" TABLE ") for path, data in bed.files("HEAD").items()}
    assert committed == GOLDEN
    assert {path: data.replace(b"\r\n", b"\n") for path, data in tree_of(bed.root / "drizzle").items()} == GOLDEN


@pytest.mark.parametrize(
    ("clean", "smudge"), [("base64", "base64 -d"), ("od -An -v -tx1", "xxd -r -p"), ("gzip -nc", "gunzip -c")]
)
def test_files_that_git_hides(tmp_path: Path, clean: str, smudge: str) -> None:
    """git stores them as nobody can read them (git-crypt): what is not understood is refused, and no file is lost."""
    bed = Bed(tmp_path)
    bed.git("config", "filter.secret.clean", clean)
    bed.git("config", "filter.secret.smudge", smudge)
    bed.write(".gitattributes", "*.sql filter=secret\n")
    collide(bed)
    head, files = bed.git("rev-parse", "HEAD"), tree_of(bed.root / "drizzle")
    done = bed.try_git("merge", "--no-edit", "main")
    said = [line for line in done.err.splitlines() if line.startswith("drizzle-guard: ")]
    assert done.code == 1 and len(said) == 1, done.text
    assert said[0].endswith(": the branch has a statement that is no SQL, and the mainline has changes."), said
    bed.git("merge", "--abort")
    assert (bed.git("rev-parse", "HEAD"), tree_of(bed.root / "drizzle")) == (head, files)


def test_install_follows_no_link(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    target = tmp_path / "profile"
    target.write_text("mine\n")
    (bed.root / ".gitattributes").symlink_to(target)
    done = bed.call("install", "--no-protect")
    assert done.code == 1
    assert done.err == f"drizzle-guard: {bed.root}/.gitattributes is a symbolic link; nothing was changed.\n"
    assert target.read_text() == "mine\n"
    assert bed.git("config", "--get", "merge.drizzle-journal.driver", check=False) == ""


def test_a_pipe_on_disk_is_not_read(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    bed.put(CASE / "ours")
    (bed.root / "drizzle/0001_comments.sql").unlink()
    os.mkfifo(bed.root / "drizzle/0001_comments.sql")
    history = folder_on_disk(bed.root / "drizzle", "drizzle")
    sql = history.migrations[1].sql
    assert sql is not None
    with pytest.raises(GuardError) as caught:
        _ = sql.data
    assert caught.value.message == (
        "drizzle/0001_comments.sql is no regular file; drizzle-guard only works on regular files."
    )
