"""A byte-level fuzzer for a fixed time: `python tests/support/fuzz_bytes.py --seconds 300 --seed 1 --git 200`.

It takes the three sides of `fixtures/merge/pg-2v2`, changes bytes, tokens and files at random, and asks the core and
the JSON reader in this process; then, with `--git`, the driver of an armed clone.  What may come out is a GuardError,
a Refusal or a Plan that holds when it is read again; anything else ends the run and prints the seed that repeats it.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from drizzle_guard.drizzle.folder import Blob, Folder, join, read_folder
from drizzle_guard.drizzle.journal import PATH, parse_journal, sql_path
from drizzle_guard.drizzle.json_text import dump, parse, style_of
from drizzle_guard.errors import GuardError
from drizzle_guard.replay.plan import Plan, Refusal
from drizzle_guard.replay.replay import plan
from drizzle_guard.replay.who_moves import establish
from support.cases import MERGE, side_files
from support.gitbed import Bed

CASE = MERGE / "pg-2v2"
SIDES = ("base", "ours", "theirs")
#: for one example, in this process; a mutant is at most a few times as large as what it came from
SECONDS = 5.0

Files = dict[str, bytes]
Sides = dict[str, Files]

VALUES = (
    *(b"0", b"-1", b"1.5", b"1e999", b"-0", b"NaN", b"Infinity", b"9007199254740993", b"99999999999999999999"),
    *(b"1" + b"0" * 400, b"9" * 19, b"9" * 5000, b"null", b"true", b"[]", b"{}", b'""', b'"\\ud800"', b'"\\u0000"'),
    *(b'"\\u001b[31m"', b'"\\u202e"', b'"../../x"', b'"0001_../x"', b'"0001_a/b"', b'"C:x"', b'"-n"', b'"0001_-n"'),
    *(b'"0001_con"', b'"0001_' + b"n" * 300 + b'"', b'"0001_COMMENTS"', b'"0002_tags"', b'"0001_\xc3\xa9"', b'"_x"'),
    *(b'"0001_a b"', b'"0001_\\n"', b'"0001_a\'b"', b'"99999999999999999999_x"', b'"20240231000000_x"', b"[" * 400),
    *(b"[" * 120 + b"]" * 120, b'{"a":' * 150 + b"1" + b"}" * 150, b'"\xff"', b'"\xed\xa0\x80"', b"1" * 30 + b"e5"),
)
CHUNKS = (
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r\n", b"\r", b"<<<<<<< HEAD\n", b">>>>>>> main\n"),
    *(b"/*", b"*/", b"'", b'"', b"`", b"$$", b"$a$", b"--", b"--> statement-breakpoint", b";", b"\\", b"\x1b[2J"),
    *(b"DROP TABLE users;", b'ALTER TABLE "users" DROP COLUMN "name";', b"CREATE", b"BEGIN", b"\xe2\x80\xae", b"("),
)


def fixture() -> Sides:
    """The three sides as they are."""
    return {side: side_files(CASE / side) for side in SIDES}


# --- mutation


def _value_spans(data: bytes) -> list[tuple[int, int]]:
    """Where JSON values and names stand, roughly: strings and bare words."""
    spans, at = [], 0
    while at < len(data):
        if data[at : at + 1] == b'"':
            end = data.find(b'"', at + 1)
            end = len(data) if end < 0 else end + 1
            spans.append((at, end))
            at = end
        elif data[at : at + 1].isalnum() or data[at : at + 1] == b"-":
            end = at + 1
            while end < len(data) and (data[end : end + 1].isalnum() or data[end : end + 1] in b"+-."):
                end += 1
            spans.append((at, end))
            at = end
        else:
            at += 1
    return spans


def _flip(data: bytes, r: random.Random, _: list[bytes]) -> bytes:
    at = r.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << r.randrange(8))]) + data[at + 1 :]


def _cut(data: bytes, r: random.Random, _: list[bytes]) -> bytes:
    at = r.randrange(len(data))
    return data[:at] + data[at + r.choice((1, 2, 8, 64, 1000)) :]


def _insert(data: bytes, r: random.Random, _: list[bytes]) -> bytes:
    at = r.randrange(len(data))
    return data[:at] + r.choice(CHUNKS) * r.choice((1, 1, 1, 2, 50)) + data[at:]


def _double(data: bytes, r: random.Random, _: list[bytes]) -> bytes:
    at = r.randrange(len(data))
    end = at + r.choice((1, 8, 64, 500))
    return data[:end] + data[at:end] + data[end:]


def _double_lines(data: bytes, r: random.Random, _: list[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    at = r.randrange(len(lines))
    end = at + r.choice((1, 1, 7))
    return b"".join([*lines[:end], *lines[at:end], *lines[end:]])


def _drop_lines(data: bytes, r: random.Random, _: list[bytes]) -> bytes:
    lines = data.splitlines(keepends=True)
    at = r.randrange(len(lines))
    return b"".join([*lines[:at], *lines[at + r.choice((1, 1, 7)) :]])


def _replace_value(data: bytes, r: random.Random, _: list[bytes]) -> bytes:
    spans = _value_spans(data)
    if not spans:
        return data
    start, end = r.choice(spans)
    return data[:start] + r.choice(VALUES) + data[end:]


def _swap_values(data: bytes, r: random.Random, others: list[bytes]) -> bytes:
    """A value of this file or of another one in the place of a value."""
    donor = r.choice([data, *others])
    spans, taken = _value_spans(data), _value_spans(donor)
    if not spans or not taken:
        return data
    (start, end), (first, last) = r.choice(spans), r.choice(taken)
    return data[:start] + donor[first:last] + data[end:]


def _splice(data: bytes, r: random.Random, others: list[bytes]) -> bytes:
    other = r.choice(others or [data])
    return data[: r.randrange(len(data))] + other[r.randrange(len(other) or 1) :]


def _recode(data: bytes, r: random.Random, _: list[bytes]) -> bytes:
    text = data.decode("latin-1")
    return r.choice((text.encode("utf-16"), b"\xef\xbb\xbf" + data, data.replace(b"\n", b"\r\n"), b"", b"[]", b"null"))


_ALL: tuple[Callable[[bytes, random.Random, list[bytes]], bytes], ...] = (
    *(_flip, _cut, _insert, _double, _double_lines, _drop_lines, _replace_value, _replace_value, _replace_value),
    *(_swap_values, _swap_values, _swap_values, _splice, _recode),
)


def mutate(sides: Sides, r: random.Random) -> None:
    """Change a few things in place."""
    for _ in range(r.choice((1, 1, 1, 2, 3, 6))):
        files = sides[r.choice(SIDES)]
        if not files:
            continue
        path = r.choice([PATH] * (len(files) // 2) * (PATH in files) + sorted(files))
        draw = r.random()
        if draw < 0.03:
            del files[path]
        elif draw < 0.06:
            files[r.choice(sorted(sides[r.choice(SIDES)]) or [path])] = files[path]
        elif files[path]:
            others = [f for side in SIDES for p, f in sides[side].items() if f and p.endswith(path[-5:])]
            files[path] = r.choice(_ALL)(files[path], r, others)


# --- what must hold


def histories(sides: Mapping[str, Mapping[str, bytes]], modes: Mapping[str, str]) -> list[Folder]:
    """Base, ours, theirs.  Raises GuardError."""
    return [
        read_folder(
            "drizzle",
            {p: Blob.of(data, join("drizzle", p), modes.get(p, "100644")) for p, data in sides[side].items()},
        )
        for side in SIDES
    ]


def judge(outcome: Plan, base: Folder, mainline: Folder, branch: Folder) -> None:
    """Read a plan again, as bytes.  Raises AssertionError if a database could be the worse for it."""
    moved = [move.new for move in outcome.moves]
    files = {path: Blob.of(blob.data, path) for path, blob in outcome.files.items() if blob is not None}
    again = read_folder("drizzle", files)
    assert [e.tag for e in again.entries] == [e.tag for e in outcome.journal.entries]
    assert [e.raw for e in again.entries] == [e.raw for e in outcome.journal.entries]
    row = list(again.entries)
    for number, entry in enumerate(row):
        if entry not in moved:
            continue
        assert sql_path(entry.tag) in files, entry
        own = next(move.old for move in outcome.moves if move.new == entry)
        sql = next(m.sql for m in branch.migrations if m.entry == own)
        assert sql is not None and sql.data == files[sql_path(entry.tag)].data
        for before in row[:number]:
            # as drizzle-orm compares them: in JavaScript, as doubles
            when = before.raw.get("when")
            assert when is None or (float(str(when)) < float(str(entry.raw["when"]))), (before, entry)
    deleted = set(outcome.deleted)
    for migration in mainline.migrations:
        if migration.tag not in deleted:
            assert migration.tag in [e.tag for e in row], migration.tag
    own_tags = {old for old, _ in outcome.same} | {move.old.tag for move in outcome.moves}
    known = {e.tag for e in mainline.entries} | own_tags
    old = {(m.tag, m.sql and m.sql.id) for m in base.migrations}  # whether these stay is the mainline's to say
    texts = {m.sql.id for m in mainline.migrations if m.sql} | {b.id for b in files.values()}
    for migration in branch.migrations:
        if migration.sql is not None and (migration.tag, migration.sql.id) not in old:
            assert migration.tag in known or migration.sql.id in texts or deleted, migration.tag
    interim = parse_journal(outcome.interim.data, "interim")
    assert len(interim.entries) == len(row)
    there = {**mainline.files, **branch.files}
    # where both sides made a file of one name, git stops over that file
    both = {move.new.tag for move in outcome.moves if move.old.tag in [e.tag for e in mainline.entries]}
    for entry in interim.entries:
        assert sql_path(entry.tag) in there or entry.tag in [*both, *(e.tag for e in mainline.entries)], entry.tag
    # once more on top of itself: nothing is left to do
    twice = plan(mainline, mainline, again, layout=again.journal)
    assert not isinstance(twice, Plan) or not any(move.changes for move in twice.moves), twice


def read_again(data: bytes) -> None:
    """What the JSON reader accepts, it writes so that every other reader sees the same."""
    try:
        value = parse(data, "x")
    except GuardError:
        return
    assert json.loads(dump(value, style_of(data)).decode("utf-8-sig"), parse_int=str, parse_float=str) == json.loads(
        data.decode("utf-8-sig"), parse_int=str, parse_float=str
    )


def one(seed: int) -> str:
    """One example in this process; what came of it.  Raises whatever must not be raised."""
    r = random.Random(seed)
    sides = fixture()
    mutate(sides, r)
    for files in sides.values():
        for path, data in files.items():
            if path.endswith(".json"):
                read_again(data)
    modes = {r.choice(sorted(sides["ours"]) or ["x"]): "120000"} if r.random() < 0.02 else {}
    try:
        base, ours, theirs = histories(sides, modes)
        establish(base, ours, theirs, theirs, otherwise_ours=True)
        outcome = plan(base, theirs, ours, layout=ours.journal)
        if isinstance(outcome, Refusal):
            return f"refused: {outcome.way_out.value}"
        judge(outcome, base, theirs, ours)
        return "plan"
    except GuardError as error:
        assert "fault" not in error.message and "checked its own plan" not in error.message, error.message
        return "unsound"


def through_git(bed: Bed, seed: int) -> str:
    """One example through `git merge` in an armed clone, and `git merge --abort` where it stops."""
    sides = fixture()
    mutate(sides, random.Random(seed))
    bed.git("checkout", "-q", "-f", "--orphan", f"base-{seed}")
    for side in SIDES:
        if side != "base":
            bed.git("checkout", "-q", "-f", "-b", f"{side}-{seed}", f"base-{seed}")
        bed.git("rm", "-rfq", "--cached", "--ignore-unmatch", ".")
        bed.git("clean", "-qfdx")
        for path, data in sides[side].items():
            bed.write(f"drizzle/{path}", data)
        bed.write("README", b"the same\n")
        bed.commit(side)
    bed.git("checkout", "-q", f"ours-{seed}")
    bed.git("branch", "-q", "-f", "main", f"theirs-{seed}")
    before = bed.state()
    done = bed.try_git("merge", "--no-edit", "main")
    assert "\x1b" not in done.text and "fault" not in done.text, done.text
    for leftover in bed.root.glob(".merge_file*"):
        raise AssertionError(f"{leftover.name} was left")
    if done.code == 0:
        assert bed.git("status", "--porcelain") == "", bed.git("status", "--porcelain")
        if len(bed.git("rev-parse", "HEAD^@").split()) == 2:
            return "merged"
        return "nothing to merge"
    if not (bed.root / ".git/MERGE_HEAD").exists():
        assert bed.state() == before
        return "git refused"
    journal = bed.root / "drizzle" / PATH
    if any(path.endswith("_journal.json:2") for path in bed.stages()) and journal.exists():
        text = journal.read_bytes()
        odd = "CONFLICT (modify/delete)" in done.text or "binary" in done.text
        assert b"<<<<<<<" in text or odd or text == _text_merge(sides), done.text
    renumber = bed.tool("renumber")
    assert "fault" not in renumber.text and "\x1b" not in renumber.text, renumber.text
    bed.git("merge", "--abort")
    assert bed.state() == before
    return "stopped"


def _text_merge(sides: Sides) -> bytes | None:
    """The journal as git merges it; None if it leaves markers."""
    with tempfile.TemporaryDirectory() as directory:
        files = [Path(directory, side) for side in ("ours", "base", "theirs")]
        for file in files:
            file.write_bytes(sides[file.name].get(PATH, b""))
        done = subprocess.run(("git", "merge-file", "-p", "-q", *map(str, files)), capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--git", type=int, default=0, help="how many examples go through git merge, too")
    parser.add_argument("--once", action="store_true", help="this seed alone")
    args = parser.parse_args()
    started, count, seen = time.monotonic(), 0, Counter[str]()
    seed = args.seed
    if args.once:
        print(one(seed))
        return 0
    try:
        while time.monotonic() - started < args.seconds:
            began = time.monotonic()
            seen[one(seed)] += 1
            took = time.monotonic() - began
            assert took < SECONDS, f"took {took:.1f} s"
            seed, count = seed + 1, count + 1
        print(f"{count} examples in {time.monotonic() - started:.0f} s: {dict(seen.most_common())}")
        if args.git:
            started, seen, seed = time.monotonic(), Counter[str](), args.seed
            with tempfile.TemporaryDirectory() as directory:
                bed = Bed(Path(directory))
                bed.arm()
                for seed in range(args.seed, args.seed + args.git):
                    seen[through_git(bed, seed)] += 1
            print(f"{args.git} merges in {time.monotonic() - started:.0f} s: {dict(seen.most_common())}")
    except Exception:
        traceback.print_exc()
        print(f"\nseed {seed}; once more: python tests/support/fuzz_bytes.py --once --seed {seed}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
