"""The JSON Schemas in docs/schemas: they are what the models say, and what the commands print fits them."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from support.gitbed import Bed, add_migration
from support.parts import PROJECT


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_schemas", PROJECT / "docs/write_schemas.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_files_are_written_anew(writer: ModuleType) -> None:
    there = {file.name: json.loads(file.read_text("utf-8")) for file in writer.PLACE.iterdir()}
    assert there == {f"{name}.schema.json": json.loads(writer.schema(name)) for name in writer.FORMS}


def test_what_the_commands_print(tmp_path: Path, writer: ModuleType) -> None:
    bed = Bed(tmp_path)
    add_migration(bed.root / "drizzle", "base")
    bed.commit()
    bed.branch("feature")
    add_migration(bed.root / "drizzle", "own")
    bed.commit()
    bed.branch("main", "main")
    add_migration(bed.root / "drizzle", "other")
    bed.commit()
    bed.git("checkout", "-q", "feature")
    for name, command in {
        "graph": ("graph", "--onto", "main", "--format", "json"),
        "graph-all": ("graph", "--all", "--onto", "main", "--format", "json"),
        "check": ("check", "--onto", "main", "--format", "json"),
        "renumber": ("renumber", "--onto", "main", "--json"),
    }.items():
        done = bed.call(*command)
        _, form = writer.FORMS[name]
        found = form.validate_json(done.out)
        assert form.dump_python(found, mode="json", by_alias=True) == json.loads(done.out)
        assert "own" in done.out


def test_a_refusal_of_renumber(tmp_path: Path, writer: ModuleType) -> None:
    bed = Bed(tmp_path)
    add_migration(bed.root / "drizzle", "base")
    bed.commit()
    bed.branch("feature")
    add_migration(bed.root / "drizzle", "same")
    bed.commit()
    bed.branch("main", "main")
    add_migration(bed.root / "drizzle", "same")
    sql = bed.root / "drizzle/0001_same.sql"
    sql.write_text(sql.read_text().replace("integer", "text"))
    bed.commit()
    bed.git("checkout", "-q", "feature")
    assert bed.try_git("merge", "main").code == 1
    done = bed.call("renumber", "--json")
    (found,) = writer.FORMS["renumber"][1].validate_json(done.out)
    assert (done.code, type(found).__name__, found.own) == (1, "RefusedForm", "0001_same")
