"""A feature branch and a mainline that collide, commit by commit, from `fixtures/merge/pg-2v2`."""

from __future__ import annotations

import json

from drizzle_guard.drizzle.folder import Blob, read_folder
from drizzle_guard.replay.plan import Plan
from drizzle_guard.replay.replay import plan
from support.cases import MERGE, side_files
from support.gitbed import Bed

CASE = MERGE / "pg-2v2"
GOLDEN = side_files(CASE / "expected")
OWN = ("comments", "post_views")


def first_own(files: dict[str, bytes], count: int) -> dict[str, bytes]:
    """A folder with only the first `count` of the branch's own two migrations."""
    journal = json.loads(files["meta/_journal.json"])
    dropped = journal["entries"][len(journal["entries"]) - (2 - count) :] if count < 2 else []
    journal["entries"] = [entry for entry in journal["entries"] if entry not in dropped]
    kept = dict(files)
    for entry in dropped:
        del kept[f"{entry['tag']}.sql"]
        del kept[f"meta/{entry['tag'][:4]}_snapshot.json"]
    kept["meta/_journal.json"] = json.dumps(journal, indent=2).encode()
    return kept


def put_files(bed: Bed, files: dict[str, bytes], folder: str = "drizzle") -> None:
    """Make the folder hold exactly these files."""
    bed.run("rm", "-rf", folder)
    for path, data in files.items():
        bed.write(f"{folder}/{path}", data)


def collide(bed: Bed, *, armed: bool = True) -> None:
    """main: base, two migrations. feature (checked out): base, `one`, `between` (another file), `two`."""

    def build() -> None:
        if armed:
            bed.arm()
        bed.put(CASE / "base")
        bed.write("src/app.ts", "base\n")
        bed.commit("base")
        bed.branch("feature")
        ours = side_files(CASE / "ours")
        put_files(bed, first_own(ours, 1))
        bed.commit("one")
        bed.write("other.txt", "other\n")
        bed.commit("between")
        put_files(bed, ours)
        bed.commit("two")
        bed.git("checkout", "-q", "main")
        bed.put(CASE / "theirs")
        bed.commit("mainline")
        bed.git("checkout", "-q", "feature")

    bed.lay_out(("collide", armed), build)


def assert_canonical(bed: Bed, commit: str, mainline: str, folder: str = "drizzle") -> None:
    """The folder of a commit holds the mainline's entries and files as they are, and its own ones in order behind."""
    main, here = bed.files(mainline, folder), bed.files(commit, folder)
    for path, data in main.items():
        if path != "meta/_journal.json":
            assert here.get(path) == data, f"{commit}: {path} is not the mainline's"
    histories = [
        read_folder(folder, {path: Blob.of(data, path) for path, data in files.items()}) for files in (main, here)
    ]
    outcome = plan(histories[0], histories[0], histories[1], layout=histories[1].journal)
    assert isinstance(outcome, Plan), outcome
    assert not [move for move in outcome.moves if move.changes], f"{commit} is not canonical: {outcome.moves}"
    referenced = {f"{e.tag}.sql" for e in histories[1].entries}
    assert {path for path in here if path.endswith(".sql")} == referenced
