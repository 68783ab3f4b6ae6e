"""Drizzle v1 (1.0.0-rc.5): what we say of its folders, held against its own drizzle-kit and drizzle-orm."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from support.cases import MERGE, put_side
from support.databases import KINDS, Place
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


def test_a_branch_whose_bundle_names_the_migrations_makes_them_again(bed: Bed) -> None:
    v1 = V1(bed.root)
    config = bed.read("drizzle.config.ts").decode().replace("schema:", 'driver: "expo", schema:')
    bed.write("drizzle.config.ts", config)

    def generate(name: str, **tables: str) -> None:
        v1.schema(**tables)
        assert v1.kit("generate", "--name", name).startswith("0 ")
        bed.commit(name)

    generate("base", users="email")
    bed.git("checkout", "-q", "-b", "feature")
    generate("tags", users="email", tags="label")
    bed.git("checkout", "-q", "main")
    generate("age", users="email age")
    bed.git("checkout", "-q", "feature")
    assert bed.try_git("merge", "--no-edit", "main").code == 1
    v1.schema(users="email age", tags="label")
    bed.commit("merge")
    said = bed.call("renumber")
    assert said.code == 1 and "does not write it for v1" in said.err, said.text
    assert [line.partition(" ")[0] for line in said.commands] == ["git", "npx"]
    bed.type(*said.commands)
    bed.commit("made again")
    assert bed.call("check", "--onto", "main").code == 0 and v1.kit("check").startswith("0 ")
    names = sorted(path.name for path in (bed.root / "drizzle").iterdir() if path.is_dir())
    bundle = bed.read("drizzle/migrations.js").decode()
    assert len(names) == 3 and all(f"./{name}/migration.sql" in bundle for name in names), bundle
    assert "<<<<<<<" not in bundle and "No schema changes" in v1.kit("generate")


SAMPLES = {"postgresql": "pg-1v1", "mysql": "mysql-1v1", "sqlite": "sqlite-1v1"}


@pytest.mark.parametrize("kind", KINDS)
def test_status_for_v1_foretells_what_happens(tmp_path: Path, kind: str) -> None:
    """On three databases alike: one that is sound, one with a row of nobody's, one that 0.x skips a migration on."""
    sound, spoiled, skipped = (Place(tmp_path / name, kind) for name in ("sound", "spoiled", "skipped"))
    for place in (sound, spoiled, skipped):
        put_side(MERGE / SAMPLES[kind] / "expected", place.folder)
        for file in place.folder.glob("*.sql"):  # MariaDB does not take what drizzle-kit writes for MySQL
            file.write_text(file.read_text("utf-8").replace("serial AUTO_INCREMENT", "bigint unsigned AUTO_INCREMENT"))
    journal = json.loads((sound.folder / "meta/_journal.json").read_text("utf-8"))["entries"]
    entries = [(e["tag"], e["when"], (sound.folder / f"{e['tag']}.sql").read_text("utf-8")) for e in journal]
    for place in (sound, spoiled, skipped):
        place.applied(*entries[:-1])
    table = "drizzle.__drizzle_migrations" if kind == "postgresql" else "__drizzle_migrations"
    assert sound.guard("check", "--for", "v1", plain=True).code == 0
    report = sound.status("--for", "v1")
    assert report["findings"] == [] and report["notes"][-1].startswith("Drizzle v1: nothing here stops")
    spoiled.run(f"INSERT INTO {table} (hash, created_at) VALUES ('gone', 5)")
    assert any("fits no migration" in f["message"] for f in spoiled.status("--for", "v1")["findings"])
    skipped.run(f"UPDATE {table} SET created_at = {entries[-1][1] + 5000} WHERE created_at = {entries[-2][1]}")
    found = [f["message"] for f in skipped.status("--for", "v1")["findings"]]
    assert any(message.startswith(f"{entries[-1][0]} would run: v1 runs every migration") for message in found)

    v1 = V1(sound.path, kind)
    assert v1.kit("up").startswith("0 ")
    assert v1.migrate(sound.url, sound.folder) == [""]
    for place in (spoiled, skipped):
        shutil.rmtree(place.folder)
        shutil.copytree(sound.folder, place.folder)
    (said,) = v1.migrate(spoiled.url, spoiled.folder)
    assert "do not match any local migration" in said
    assert v1.migrate(skipped.url, skipped.folder) == [""]
    for place in (sound, skipped):  # by name now
        assert place.status()["findings"] == []
        assert place.select(f"SELECT count(*) FROM {table} WHERE name IS NOT NULL") == [(len(entries),)]
