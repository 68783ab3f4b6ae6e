"""Drizzle v1 (1.0.0-rc.5): what we say of its folders, held against its own drizzle-kit and drizzle-orm."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

from support.cases import MERGE, put_side
from support.databases import Place
from support.gitbed import Bed
from support.live.v1_bench import V1, ran, tables_of


def test_renumbered_folders_run_in_one_order(bed: Bed) -> None:
    v1 = V1(bed.root)
    states: dict[str, Path] = {}

    def generate(name: str, **tables: str) -> None:
        v1.schema(**tables)
        assert v1.kit("generate", "--name", name).startswith("0 ")
        bed.commit(name)
        states[name] = bed.directory / "states" / name
        shutil.copytree(bed.root / "drizzle", states[name])

    generate("base", users="email")
    bed.git("checkout", "-q", "-b", "feature")
    generate("tags", users="email", tags="label")
    bed.git("checkout", "-q", "main")
    generate("age", users="email age")
    bed.git("checkout", "-q", "feature")
    merged = bed.try_git("merge", "--no-edit", "main")
    if merged.code:  # schema.ts is anybody's
        v1.schema(users="email age", tags="label")
        bed.commit("merge")
    else:
        v1.schema(users="email age", tags="label")
        bed.commit("schema")
    assert "error DG033" in bed.call("check", "--onto", "main").out
    assert bed.call("renumber", "--onto", "main").code == 0
    bed.commit("renumbered")
    assert bed.call("check", "--onto", "main").code == 0
    assert v1.kit("check").startswith("0 ")
    assert "No schema changes" in v1.kit("generate")

    folder = bed.root / "drizzle"
    order = sorted(path.name for path in folder.iterdir())
    assert [name.partition("_")[2] for name in order] == ["base", "age", "tags"]
    found = []
    for start in ((), ("base",), ("age",)):
        database = bed.directory / f"{'-'.join(start) or 'empty'}.db"
        assert set(v1.migrate(database, *(states[name] for name in start), folder)) == {""}
        assert ran(database) == order
        found.append(tables_of(database))
    assert found[0] == found[1] == found[2]


def test_status_for_v1_foretells_what_happens(tmp_path: Path) -> None:
    place = Place(tmp_path, "sqlite")
    place.path.mkdir()
    v1 = V1(place.path)
    put_side(MERGE / "sqlite-1v1/expected", place.folder)
    journal = json.loads((place.folder / "meta/_journal.json").read_text("utf-8"))["entries"]
    entries = [(e["tag"], e["when"], (place.folder / f"{e['tag']}.sql").read_text("utf-8")) for e in journal]
    place.applied(*entries[:-1])
    report = place.status("--for", "v1")
    assert report["findings"] == [] and report["notes"][-1].startswith("Drizzle v1: nothing here stops")

    database = place.path / "local.db"
    spoiled, skipped = tmp_path / "spoiled.db", tmp_path / "skipped.db"
    shutil.copy(database, spoiled)
    shutil.copy(database, skipped)
    url, place.url = place.url, str(spoiled)
    _run(spoiled, "INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('gone', 5)")
    assert any("fits no migration" in f["message"] for f in place.status("--for", "v1")["findings"])
    place.url = str(skipped)
    _run(skipped, f"UPDATE __drizzle_migrations SET created_at = {entries[-1][1] + 5000} WHERE created_at = "
         f"{entries[-2][1]}")  # fmt: skip
    found = [f["message"] for f in place.status("--for", "v1")["findings"]]
    assert any(message.startswith(f"{entries[-1][0]} would run: v1 runs every migration") for message in found)
    place.url = url

    assert v1.kit("up").startswith("0 ")
    assert v1.migrate(database, place.folder) == [""]
    assert len(ran(database)) == len(entries)
    (said,) = v1.migrate(spoiled, place.folder)
    assert "do not match any local migration" in said
    assert v1.migrate(skipped, place.folder) == [""]
    assert tables_of(skipped) == tables_of(database)


def _run(database: Path, sql: str) -> None:
    connection = sqlite3.connect(database)
    with connection:
        connection.execute(sql)
    connection.close()
