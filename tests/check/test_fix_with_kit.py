"""`check --fix` where the project has drizzle-kit: it is asked about a copy, before anything is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from drizzle_guard.regenerate import verify_kit
from support.gitbed import Bed
from support.live.bench import Bench, write_schema

BASE = {"users": {"id": "pk", "email": "text"}}
AGED = {"users": {"id": "pk", "email": "text", "age": "int"}}
BOTH = AGED | {"posts": {"id": "pk", "title": "text"}}


@cache
def generated() -> dict[str, bytes]:
    """What drizzle-kit made of the three schemas, by path in the project."""
    bench = Bench.require()
    with TemporaryDirectory() as place:
        project = bench.project(Path(place), "sqlite")
        for name, tables in (("init", BASE), ("age", AGED), ("posts", BOTH)):
            write_schema(project, tables)
            bench.generate(project, name)
        return {file.relative_to(place).as_posix(): file.read_bytes() for file in Path(place).rglob("*.*")}


class App:
    """A published folder of three migrations that drizzle-kit wrote, and its schema."""

    def __init__(self, bed: Bed, at: str = "") -> None:
        self.bench, self.bed = Bench.require(), bed
        self.project = self.bench.project(bed.root / at, "sqlite")
        self.bench.link_node_modules(self.project)
        for path, data in generated().items():
            bed.write(f"{at}/{path}" if at else path, data)
        bed.commit("published")

    def change(self, number: int, change: Callable[[dict[str, Any]], object]) -> None:
        """Change a snapshot, and publish that."""
        path = self.project.folder / "meta" / f"{number:04}_snapshot.json"
        body = json.loads(path.read_text())
        change(body)
        path.write_text(json.dumps(body, indent=2))
        self.bed.commit("broken")

    def fix(self) -> tuple[int, list[str]]:
        """What `check --fix` ends with, and the lines about drizzle-kit and what follows them."""
        done = self.bed.call("check", "--fix")
        lines = done.text.splitlines()
        return done.code, [line for line in lines if "drizzle-kit" in line or "Nothing was changed" in line]


def without(*path: str) -> Callable[[dict[str, Any]], object]:
    def change(body: dict[str, Any]) -> None:
        for key in path[:-1]:
            body = body[key]
        del body[path[-1]]

    return change


def test_both_are_asked_and_nothing_else_is_written(bed: Bed) -> None:
    """Both snapshots have one parent, and the newest lacks what the other branch did."""
    app = App(bed, "apps/it's (a) web")
    first = json.loads((app.project.folder / "meta" / "0000_snapshot.json").read_text())["id"]

    def branch(body: dict[str, Any]) -> None:
        body["prevId"] = first
        del body["tables"]["users"]["columns"]["age"]

    app.change(2, branch)
    code, said = app.fix()
    assert code == 0 and said[0].startswith("  drizzle-kit check: everything's fine (before: it stops: "), said
    assert said[1].startswith("  drizzle-kit generate: no schema changes (before: it stops: "), said
    assert "meta/0001_snapshot.json" in said[0] and "drizzle-guard-" not in said[0], said
    assert bed.git("status", "--porcelain").split()[1:] and len(bed.git("status", "--porcelain").splitlines()) == 1
    assert app.bench.check(app.project).fine and app.bench.generate_says_no_changes(app.project)
    assert app.fix() == (0, [])


def test_where_generate_was_content_and_would_not_be_nothing_is_changed(bed: Bed) -> None:
    """Snapshot and schema have lost a column that no SQL drops: what is right, a person has to say."""
    app = App(bed)
    write_schema(app.project, BASE | {"posts": BOTH["posts"]})
    app.change(2, without("tables", "users", "columns", "age"))
    before = bed.files("HEAD")
    code, said = app.fix()
    assert code == 1 and said == [
        "drizzle-guard: drizzle: drizzle-kit likes it less with the repairs. Nothing was changed.",
        "  drizzle-kit generate: it would write 1 statement (before: no schema changes)",
    ]
    assert bed.files("HEAD") == before and bed.git("status", "--porcelain") == ""


def nothing_installed(app: App) -> None:
    (app.bed.root / "node_modules").unlink()


def another_folder(app: App) -> None:
    config = app.bed.root / "drizzle.config.ts"
    config.write_text(config.read_text().replace('"./drizzle"', 'process.env.NOT_SET ?? "./elsewhere"'))


def a_schema_that_does_not_load(app: App) -> None:
    app.project.schema_file.write_text('import { x } from "not-installed";\nexport const y = x;\n')


@pytest.mark.parametrize(
    ("make_so", "check", "generate"),
    [
        (
            nothing_installed,
            "not asked: the project has no drizzle-kit here",
            "not asked: the project has no drizzle-kit",
        ),
        (
            another_folder,
            "not asked: the project's config writes another",
            "not asked: the project's config writes another",
        ),
        (a_schema_that_does_not_load, "everything's fine", "it stops: Error: Cannot find module 'not-installed'"),
    ],
)
def test_what_could_not_be_asked_is_said(make_so: Callable[[App], None], check: str, generate: str, bed: Bed) -> None:
    app = App(bed)
    app.change(1, lambda body: body.update(prevId="00000000-0000-4000-8000-00000000000f"))
    make_so(app)
    code, said = app.fix()
    assert code == 0 and said[0].startswith(f"  drizzle-kit check: {check}"), said
    assert said[1].startswith(f"  drizzle-kit generate: {generate}"), said


def test_a_schema_that_never_ends_is_ended(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    app = App(bed)
    app.change(1, lambda body: body.update(prevId="00000000-0000-4000-8000-00000000000f"))
    app.project.schema_file.write_text(
        "setInterval(() => undefined, 1000);\nAtomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);\n"
    )
    monkeypatch.setattr(verify_kit, "SECONDS", 2)
    code, said = app.fix()
    assert code == 0 and said[1] == "  drizzle-kit generate: not asked: it did not end within 2 seconds", said


def lose_newest(app: App) -> bytes:
    path = app.project.folder / "meta" / "0002_snapshot.json"
    data = path.read_bytes()
    path.unlink()
    return data


def test_the_newest_snapshot_is_made_where_that_is_proved(bed: Bed) -> None:
    app = App(bed)
    was = json.loads(lose_newest(app))
    said = bed.call("check")
    assert "    fix: git checkout HEAD -- drizzle/meta/0002_snapshot.json\n" in said.out, said.text
    bed.git("add", "-A")
    bed.git("commit", "-q", "--amend", "--no-edit")
    said = bed.call("check")
    assert "    fix: restore it from git, or have drizzle-kit make it: drizzle-guard check --fix\n" in said.out, (
        said.text
    )
    done = bed.type("drizzle-guard check --fix", check=False)
    made = json.loads((app.project.folder / "meta" / "0002_snapshot.json").read_text())
    assert done.out.endswith("    fix: git add -f -- drizzle/meta/0002_snapshot.json\n"), done.text
    bed.type("git add -f -- drizzle/meta/0002_snapshot.json", "drizzle-guard check")
    assert {**made, "id": was["id"]} == was
    assert app.bench.check(app.project).fine and app.bench.generate_says_no_changes(app.project)


def test_of_one_that_changes_no_schema_it_is_that_before_it(bed: Bed) -> None:
    app = App(bed)
    tag = app.bench.generate(app.project, "by_hand", custom=True)
    (app.project.folder / f"{tag}.sql").write_text("CREATE VIEW old AS SELECT 1;\n")
    (app.project.folder / "meta" / "0003_snapshot.json").unlink()
    code, _ = app.fix()
    assert code == 0 and app.bench.check(app.project).fine and app.bench.generate_says_no_changes(app.project)


def test_where_the_schema_has_changed_since_no_snapshot_is_made(bed: Bed) -> None:
    app = App(bed)
    lose_newest(app)
    bed.commit("lost")
    write_schema(app.project, BOTH | {"later": {"id": "pk"}})
    done = bed.call("check", "--fix")
    why = "drizzle-kit generates another SQL from the schema than 0002_posts.sql has"
    assert done.code == 0 and f"\n  meta/0002_snapshot.json was not made: {why}\n" in done.out, done.text
    assert bed.git("status", "--porcelain").split()[1:] == ["src/schema.ts"]
