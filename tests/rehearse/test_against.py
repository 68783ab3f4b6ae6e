"""A real database against what its rows name, on real servers; made by drizzle-orm's own migrator."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest

from drizzle_guard.rehearse.forms import AgainstForm
from support.databases import KINDS, Place, joined

FIRST = ("0000_users", 1000, "create table users (id int primary key, name varchar(20) not null, age int default 3)")
SECOND = (
    "0001_more",
    2000,
    joined(
        "create table more (id int primary key, u int references users (id))", "create index by_name on users (name)"
    ),
)


def against(place: Place, *more: str) -> tuple[int, dict[str, Any]]:
    arguments = ["rehearse", "--format", "json", "--against", place.url, *more]
    if place.kind != "sqlite":
        arguments += ["--url", urlunsplit(urlsplit(place.url)._replace(path=""))]
    result = place.guard(*arguments, plain=True)
    assert result.out, result.err
    report = json.loads(result.out)
    assert report["exit_code"] == result.code
    assert AgainstForm.model_validate(report).model_dump() == report
    return result.code, report


def said(report: dict[str, Any]) -> list[str]:
    return [" ".join(d["object"]) for d in report["differences"]]


@pytest.mark.parametrize("kind", KINDS)
def test_drift_is_found_whoever_made_it(tmp_path: Path, kind: str) -> None:
    place = Place(tmp_path, kind)
    place.write(FIRST, SECOND)
    place.deploy((FIRST, SECOND))
    code, report = against(place)
    assert (code, report["differences"], report["recorded"]) == (0, [], ["0000_users", "0001_more"])
    before = place.rows()
    place.run(
        "alter table users add column nick varchar(9)", "drop table more", "create view v as select id from users"
    )
    place.run("create unique index u on users (age)")
    code, report = against(place)
    assert code == 1
    assert said(report) == ["table more", "column users nick", "index users u", "view v"]
    assert place.rows() == before
    if kind == "postgresql":
        place.run("drop index by_name", "insert into users values (1, 'a', 1), (2, 'a', 2)")
        with pytest.raises(Exception, match="could not create unique index"):
            place.run("create unique index concurrently by_name on users (name)")
        place.run("create publication replica", "create type pair as (a int, b int)")
        place.run("create schema hr", "create table hr.a (b int)", "alter table users alter column age drop default")
        code, report = against(place)
        assert said(report)[1:5] == [
            "column users age",
            "column users nick",
            "composite type pair",
            "index users by_name",
        ]
        assert report["differences"][4]["database"]["valid"] == "no" and "schema hr" in said(report)
        assert "publication replica" not in said(report)
        beside = 'only the database has, and whoever runs it may have made: publication "replica"'
        assert beside in report["notes"]


def test_what_ran_is_taken_from_git_where_the_folder_has_it_no_more(tmp_path: Path) -> None:
    place = Place(tmp_path, "sqlite")
    place.write(FIRST, SECOND)
    for command in (("init", "-q"), ("add", "-A"), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")):
        subprocess.run(("git", *command), cwd=place.path, check=True)
    place.applied(FIRST, SECOND)
    place.write((*FIRST[:2], FIRST[2].replace("age", "years")))
    assert against(place)[0] == 0
    place.run(f"insert into __drizzle_migrations (hash, created_at) values ('{sha256(b'x').hexdigest()}', 3000)")
    code, report = against(place)
    assert code == 2 and "what it made is not known" in report["not_told"][0]


def test_rows_that_do_not_run_on_an_empty_database(tmp_path: Path) -> None:
    place = Place(tmp_path, "sqlite")
    late = ("0001_late", 2000, "create table a (b int);")
    place.write(FIRST, ("0001_late", 2000, "alter table nobody add b int;"))
    place.applied(FIRST, late)
    digest = sha256(b"alter table nobody add b int;").hexdigest()
    place.run(f"update __drizzle_migrations set hash = '{digest}' where created_at = 2000")
    code, report = against(place)
    assert code == 1 and report["failure"]["words"] == "no such table: nobody"


def test_a_name_of_the_settings_and_what_cannot_go_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path, "sqlite")
    place.write(FIRST)
    place.applied(FIRST)
    (place.path / ".git").mkdir()
    (place.path / "drizzle-guard.toml").write_text('[databases]\nstaging = "STAGING_URL"\n')
    monkeypatch.setenv("STAGING_URL", str(place.url))
    done = place.guard("rehearse", "--against", "staging", plain=True)
    assert done.code == 0 and done.out.splitlines()[1:] == [
        "  ✓ the database is what they make",
        "  note: not compared: rows, owners, grants, roles",
        "  No drift.",
    ]
    assert place.guard("rehearse", "--against", "staging", "--all-bases", plain=True).code == 2
    gone = place.guard("rehearse", "--against", "postgres://me:s3cret@127.0.0.1:1/x", plain=True)
    assert gone.code == 2 and "s3cret" not in gone.text
