"""The bench itself: it does drive the real programs, and it sees them fail."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.live import servers
from support.live.bench import Bench, KitError, MigrateError, Project, PromptNeeded, Step, missing, write_schema
from support.parts import EVERY, some

DIALECTS = ("postgresql", "mysql", "sqlite", "turso", "singlestore")
RUNTIMES = ("pglite", "postgres", "mysql", "libsql", "sqljs")

USERS = {"id": "pk", "email": "varchar(80)! unique", "role": "role!"}
COMMENTS = {"id": "pk", "user": "int! ->users.id:cascade", "body": "text!", "likes": "int =0", "seen": "bool"}
ROLES = {"role": ["admin", "guest"]}


@pytest.fixture(scope="session")
def bench() -> Bench:
    return Bench.require()


WithUsers = Callable[..., Project]


def database_of(runtime: str, tmp_path: Path) -> tuple[str, str]:
    """Dialect and url of a new database for a runtime."""
    if runtime == "postgres":
        return "postgresql", servers.postgres_url()
    if runtime == "mysql":
        return "mysql", servers.mysql_url()
    return ("postgresql", "pglite:") if runtime == "pglite" else ("sqlite", f"{runtime}:{tmp_path / 'database'}")


@pytest.fixture(scope="module")
def first_migrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the projects of `with_users` lie that were generated already."""
    return tmp_path_factory.mktemp("generated")


@pytest.fixture
def with_users(bench: Bench, first_migrations: Path) -> WithUsers:
    """What makes a project whose first migration creates the table users, by a copy after the first of its dialect."""

    def make(path: Path, dialect: str, *, prefix: str = "index") -> Project:
        project = bench.project(path, dialect, prefix=prefix)
        write_schema(project, {"users": USERS}, enums=ROLES)
        kept = first_migrations / f"{dialect}-{prefix}"
        if kept.exists():
            shutil.copytree(kept, project.folder)
        else:
            assert bench.generate(project, "init")
            shutil.copytree(project.folder, kept)
        return project

    return make


def contents(project: Project) -> dict[Path, bytes | None]:
    """Everything in a project's directory."""
    return {path: path.read_bytes() if path.is_file() else None for path in project.path.rglob("*")}


def collide(bench: Bench, project: Project, scratch: Path) -> None:
    """Give the project two snapshots with one parent, as a careless merge does."""
    other = project.at(scratch / "other")
    shutil.copytree(project.path, other.path)
    write_schema(other, {"users": USERS | {"age": "int"}}, enums=ROLES)
    bench.generate(other, "theirs")
    write_schema(project, {"users": USERS | {"name": "text"}}, enums=ROLES)
    bench.generate(project, "ours")
    shutil.copy(other.folder / "meta" / "0001_snapshot.json", project.folder / "meta" / "0002_snapshot.json")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_generate_and_check(bench: Bench, with_users: WithUsers, tmp_path: Path, dialect: str) -> None:
    project = with_users(tmp_path, dialect)
    assert project.tags() == ["0000_init"]
    whole = EVERY or dialect == "postgresql"  # of the others what `write_schema` writes for them
    if whole:
        outcome = bench.check(project)
        assert outcome.fine and not outcome.warned

    comments = COMMENTS if dialect != "singlestore" else COMMENTS | {"user": "int!"}
    tables = {"users": USERS, "comments": comments}
    write_schema(project, tables, enums=ROLES, indexes={"by_user": "comments.user,likes"})
    if whole:
        before = contents(project)
        assert not bench.generate_says_no_changes(project)
        assert contents(project) == before

    tag = bench.generate(project)
    assert tag.startswith("0001_") and project.tags()[-1] == tag
    sql = (project.folder / f"{tag}.sql").read_text("utf-8")
    assert "comments" in sql and "likes" in sql
    assert ("REFERENCES" in sql) is (dialect != "singlestore")
    assert "by_user" in sql
    if whole:
        assert bench.generate_says_no_changes(project)
        assert bench.generate(project, "data", custom=True) == "0002_data"


@pytest.mark.parametrize("dialect", some(["postgresql", "turso"], 2))
def test_collision_is_seen(bench: Bench, with_users: WithUsers, tmp_path: Path, dialect: str) -> None:
    project = with_users(tmp_path / "app", dialect)
    collide(bench, project, tmp_path)
    outcome = bench.check(project)
    assert not outcome.fine and outcome.rc == 1
    assert "pointing to a parent snapshot" in outcome.text
    with pytest.raises(KitError, match="collision"):
        bench.generate(project)
    with pytest.raises(KitError, match="collision"):
        bench.generate_says_no_changes(project)


def test_conflict_markers_are_seen(bench: Bench, with_users: WithUsers, tmp_path: Path) -> None:
    project = with_users(tmp_path, "postgresql")
    journal = project.folder / "meta" / "_journal.json"
    journal.write_text("<<<<<<< HEAD\n" + journal.read_text("utf-8"), "utf-8")
    assert not bench.check(project).fine
    with pytest.raises(KitError):
        bench.generate(project)


def test_warning_is_seen(bench: Bench, with_users: WithUsers, tmp_path: Path) -> None:
    project = with_users(tmp_path, "sqlite")
    bench.generate(project, "second", custom=True)
    journal = project.journal()
    journal["entries"][1]["when"] = journal["entries"][0]["when"]
    (project.folder / "meta" / "_journal.json").write_text(json.dumps(journal), "utf-8")
    outcome = bench.check(project)
    assert outcome.fine and outcome.warned


def test_rename_and_faulty_schema_are_seen(bench: Bench, with_users: WithUsers, tmp_path: Path) -> None:
    project = with_users(tmp_path, "postgresql")
    write_schema(project, {"users": {"id": "pk", "mail": "varchar(80)! unique", "role": "role!"}}, enums=ROLES)
    with pytest.raises(PromptNeeded):
        bench.generate(project)
    project.schema_file.write_text("export const users = nowhere;\n", "utf-8")
    with pytest.raises(KitError, match="nowhere"):
        bench.generate(project)
    assert project.tags() == ["0000_init"]


@pytest.mark.parametrize("prefix", some(["timestamp", "unix"], 2))
def test_prefixes_of_one_second(bench: Bench, with_users: WithUsers, tmp_path: Path, prefix: str) -> None:
    project = with_users(tmp_path, "sqlite", prefix=prefix)
    write_schema(project, {"users": USERS | {"age": "int"}}, enums=ROLES)
    bench.generate(project, "age")
    assert len({tag.split("_")[0] for tag in project.tags()}) == 2
    assert len(list((project.folder / "meta").glob("*_snapshot.json"))) == 2
    assert bench.check(project).fine


def test_settings_reach_drizzle_kit(bench: Bench, tmp_path: Path) -> None:
    project = bench.project(tmp_path, "sqlite", out="db/moves", breakpoints=False, driver="expo")
    write_schema(project, {"a": {"id": "pk"}, "b": {"id": "pk"}})
    assert not bench.generate_says_no_changes(project) and not project.folder.exists()
    tag = bench.generate(project)
    assert "breakpoint" not in (tmp_path / "db" / "moves" / f"{tag}.sql").read_text("utf-8")
    assert (tmp_path / "db" / "moves" / "migrations.js").exists()


def test_a_git_repository_stays_clean(bench: Bench, with_users: WithUsers, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    project = with_users(tmp_path / "app", "postgresql")
    bench.link_node_modules(project)
    bench.link_node_modules(project)
    assert (project.path / "node_modules" / "drizzle-kit").is_dir()
    command = ["git", "status", "--porcelain", "--untracked-files=all"]
    status = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert "node_modules" not in status
    assert "?? app/drizzle/0000_init.sql" in status


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_migrate(bench: Bench, with_users: WithUsers, first_migrations: Path, tmp_path: Path, runtime: str) -> None:
    dialect, database = database_of(runtime, tmp_path)
    project = with_users(tmp_path / "app", dialect)
    before = shutil.copytree(project.folder, tmp_path / "before")
    kept = first_migrations / f"{dialect}-comments"
    if kept.exists():
        shutil.copytree(kept, project.folder, dirs_exist_ok=True)
    else:
        tables = {"users": USERS, "comments": COMMENTS}
        write_schema(project, tables, enums=ROLES, indexes={"by_user": "comments.user"})
        bench.generate(project, "comments")
        shutil.copytree(project.folder, kept)
    more = ["CREATE TABLE more (id integer)", "INSERT INTO more VALUES (7)", "SELECT id FROM more"]
    steps: list[Step] = [{"rows": True}, {"migrate": before}, {"schema": True}]
    steps += [{"migrate": project}, {"migrate": project}, {"schema": True}, {"rows": True}]
    steps += [{"execute": more}, {"schema": True}]
    none, _, first, *_, schema, rows, selected, changed = bench.run(database, steps)
    assert none == []
    assert set(first["tables"]) == {"users"}
    assert schema != first
    assert [row["created_at"] for row in rows] == [entry["when"] for entry in project.journal()["entries"]]
    comments = schema["tables"]["comments"]
    assert set(comments["columns"]) == set(COMMENTS)
    assert not comments["columns"]["body"]["nullable"] and comments["columns"]["seen"]["nullable"]
    assert str(comments["columns"]["likes"]["default"]) == "0"
    assert "by_user" in comments["indexes"]
    assert [text for text in comments["foreign_keys"].values() if "cascade" in text.lower()]
    assert schema["enums"] == (ROLES if dialect == "postgresql" else {})
    assert selected == [{"id": 7}]
    assert changed != schema


def test_each_step_by_itself(bench: Bench, with_users: WithUsers, tmp_path: Path) -> None:
    dialect, database = database_of("libsql", tmp_path)
    assert bench.rows(database) == []
    bench.migrate(with_users(tmp_path / "app", dialect), database)
    assert len(bench.rows(database)) == 1
    assert set(bench.schema_of(database)["tables"]) == {"users"}
    assert bench.execute(database, "CREATE TABLE t (id integer)", "INSERT INTO t VALUES (7)", "SELECT * FROM t") == [
        {"id": 7}
    ]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_schemas_compare_by_what_they_mean(bench: Bench, tmp_path: Path, runtime: str) -> None:
    """The same end by another way is equal; each small difference is not."""
    definitions = [
        "CREATE TABLE t (a integer NOT NULL, b varchar(9))",
        "CREATE TABLE t (b varchar(9), a integer NOT NULL)",
        "CREATE TABLE t (a integer, b varchar(9))",
        "CREATE TABLE t (a integer NOT NULL, b varchar(9) DEFAULT 'x')",
        "CREATE TABLE t (a integer NOT NULL, b varchar(8))",
        "CREATE TABLE t (a integer NOT NULL UNIQUE, b varchar(9))",
    ]
    _, database = database_of(runtime, tmp_path)
    steps = [step for text in definitions for step in ({"execute": ["DROP TABLE IF EXISTS t", text]}, {"schema": True})]
    first, reordered, *others = bench.run(database, steps)[1::2]
    assert first == reordered
    assert all(other != first for other in others)


@pytest.mark.parametrize("runtime", ["postgres", "mysql", "sqljs"])
def test_failing_migration_is_seen(bench: Bench, with_users: WithUsers, tmp_path: Path, runtime: str) -> None:
    dialect, database = database_of(runtime, tmp_path)
    project = with_users(tmp_path / "app", dialect)
    with pytest.raises(MigrateError, match="already exists") as caught:
        bench.run(database, [{"execute": "CREATE TABLE users (id integer)"}, {"rows": True}, {"migrate": project}])
    assert (caught.value.step, caught.value.results[1:]) == (2, [[]])
    answer = bench.run(database, [{"migrate": project, "try": True}, {"rows": True}])
    assert "already exists" in answer[0]["error"] and answer[1] == []


def test_databases_in_memory(bench: Bench, with_users: WithUsers, tmp_path: Path) -> None:
    for dialect, database in some([("turso", "libsql::memory:"), ("postgresql", "pglite:")], 2):
        project = with_users(tmp_path / dialect, dialect)
        rows = bench.run(database, [{"migrate": project}, {"rows": True}])[1]
        assert len(rows) == 1
        assert bench.rows(database) == []


def test_new_databases_are_empty() -> None:
    assert servers.postgres_url() != servers.postgres_url()
    assert servers.mariadb_url() != servers.mariadb_url()


@pytest.mark.parametrize("ci", [True, False])
def test_a_missing_part_is_named(monkeypatch: pytest.MonkeyPatch, ci: bool) -> None:
    monkeypatch.setenv("CI", "true" if ci else "")
    with pytest.raises(pytest.fail.Exception if ci else pytest.skip.Exception, match="a llama"):
        missing("a llama")


def test_old_node_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from support.live import bench as module

    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v16.20.0\n", "utf-8")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LookupError, match=r"18 or newer \(found v16"):
        module._node()
