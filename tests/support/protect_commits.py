"""A branch of main with migrations of its own, and ways to spoil them."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from support.cases import MERGE
from support.gitbed import Bed, Done

CASE = MERGE / "pg-2v2"
JOURNAL = "drizzle/meta/_journal.json"
#: of the branch: not published
OWN = "0001_comments"
#: of the mainline
PUBLISHED = "0000_base"


def feature(bed: Bed) -> Bed:
    """main has 0000_base; feature, checked out, has 0001_comments and 0002_post_views on top, each committed."""
    bed.put(CASE / "base")
    bed.commit("base")
    bed.branch("feature")
    bed.put(CASE / "ours")
    bed.commit("feature")
    bed.write("src/schema.ts", "later\n")
    bed.commit("later")
    return bed


def colliding(bed: Bed) -> Bed:
    """The same, and main has gone on with 0001_user_age and 0002_tags."""
    feature(bed)
    bed.git("checkout", "-q", "main")
    bed.put(CASE / "theirs")
    bed.commit("main")
    bed.git("checkout", "-q", "feature")
    return bed


def protect(bed: Bed, *args: str) -> Done:
    """Stage everything and ask."""
    bed.git("add", "-A")
    return bed.call("protect", *args)


def edit_journal(bed: Bed, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Change the journal's entries in place."""
    journal = json.loads(bed.read(JOURNAL))
    change(journal["entries"])
    bed.write(JOURNAL, json.dumps(journal, indent=2))


def hash_of(data: bytes) -> str:
    """What an [[allow]] entry takes."""
    return sha256(data).hexdigest()


def allow(bed: Bed, tag: str, data: bytes, **more: str) -> None:
    """Write drizzle-guard.toml with one entry."""
    keys = {"tag": tag, "sha256": hash_of(data), "reason": "never ran anywhere", **more}
    bed.write("drizzle-guard.toml", "[[allow]]\n" + "".join(f'{k} = "{v}"\n' for k, v in keys.items()))


def drop_last(bed: Bed) -> None:
    """What `drizzle-kit drop` does to the newest migration."""
    entries = json.loads(bed.read(JOURNAL))["entries"]
    tag = entries[-1]["tag"]
    edit_journal(bed, lambda e: e.pop())
    (bed.root / f"drizzle/{tag}.sql").unlink()
    (bed.root / f"drizzle/meta/{tag[:4]}_snapshot.json").unlink()


def renumber_by_hand(bed: Bed, tag: str, number: str) -> None:
    """Move a migration to another number, with all that hangs on it except `when`."""
    new = f"{number}_{tag[5:]}"
    (bed.root / f"drizzle/{tag}.sql").rename(bed.root / f"drizzle/{new}.sql")
    snapshot = bed.root / f"drizzle/meta/{tag[:4]}_snapshot.json"
    snapshot.rename(bed.root / f"drizzle/meta/{number}_snapshot.json")
    edit_journal(bed, lambda e: [x.update(tag=new, idx=int(number)) for x in e if x["tag"] == tag])
