"""Which folder, table, database: found by themselves, or the missing choice is named; all environments side by side."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from drizzle_guard.database.urls import parse_url
from drizzle_guard.errors import UsageError, without_credentials
from support.databases import Place, table
from support.printed_commands import heard

INIT = ("0000_init", 1000, table("users"))
MORE = ("0001_more", 2000, table("more"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path, "sqlite")
    place.write(INIT)
    (place.path / ".git").mkdir()
    return place


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:/me:s3cret@localhost/farms",
        "postgresql:me:s3cret@localhost/farms",
        "postgres//me:s3cret@localhost/farms",
        "postgresql ://me:s3cret@localhost/farms",
        "postgres:://me:s3cret@localhost/farms",
        "postgresl://me:s3cret@localhost/farms",
        "DATABASE_URL=mysql://me:s3cret@localhost/farms",
        "psql 'postgresql://me:s3cret@localhost/farms'",
        "me:s3cret@localhost/farms",
        "host=localhost user=me password=s3cret dbname=farms",
        "mysql -u me -ps3cret farms",
        "postgres://localhost:5432/farms;user=me;password=s3cret",
        "file:postgres://me:s3cret@localhost/farms",
        "postgres://me:s3cret@localhost/farms postgres://me:s3cret@localhost/farms",
    ],
)
def test_a_mistyped_url_is_never_repeated(url: str, place: Place) -> None:
    with pytest.raises(UsageError) as caught:
        parse_url(url)
    assert "s3cret" not in str(caught.value)
    twice = (("status", "drizzle", url), ("status", "--timeout", url), ("repair", "--only", url), (url,))
    for arguments in (("status", url), ("status", "--env", url), ("status", "--json"), ("apply", url), *twice):
        assert "s3cret" not in place.guard(*arguments, url=url).text


def test_what_is_typed_in_the_wrong_place_loses_its_password() -> None:
    assert without_credentials("no postgres://me:s3cret@h/db here") == "no postgres://***@h/db here"


def test_the_config_names_the_table(place: Place) -> None:
    place.applied(INIT)
    place.run("ALTER TABLE __drizzle_migrations RENAME TO ours")
    config = 'export default { dialect: "sqlite", out: "./drizzle", migrations: { table: "ours" } };\n'
    (place.path / "drizzle.config.ts").write_text(config, "utf-8")
    assert place.status()["table"] == "ours" and place.status()["in_step"]
    (place.path / "drizzle.config.ts").write_text(config.replace('"ours"', "name()"), "utf-8")
    assert "computes the name of the migrations table" in place.guard("status").err


def test_the_dialect_of_the_url_chooses(place: Place) -> None:
    place.applied(INIT)
    place.write(("0000_pg", 1, table("pg")), folder="pg/drizzle", dialect="postgresql")
    assert place.status()["folder"] == "drizzle"
    assert place.status("drizzle")["folder"] == "drizzle"
    (place.path / "src").mkdir()
    assert place.guard("status", folder="src", url=str(Path(place.url).resolve())).code == 0


def test_an_env_file_is_read_only_if_named(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from drizzle_guard.cli import main

    place.applied(INIT)
    (place.path / ".env").write_text(f"DATABASE_URL='{place.url}'  # here\n", "utf-8")
    monkeypatch.chdir(place.path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert main(["status"]) == 2
    assert main(["status", "--env-file", ".env"]) == 0
    capsys.readouterr()
    assert main(["status", "--env-file", "postgres://me:s3 cret@h/db"]) == 2
    assert "a database URL stands where a .env file belongs" in (said := capsys.readouterr().err) and "cret" not in said


def test_all_environments_side_by_side(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from drizzle_guard.cli import main

    place.write(INIT, MORE)
    place.applied(INIT)
    (place.path / "drizzle-guard.toml").write_text(
        '[databases]\nstaging = "STAGING_URL"\nproduction = "PRODUCTION_URL"\n', "utf-8"
    )
    monkeypatch.chdir(place.path)
    monkeypatch.setenv("STAGING_URL", place.url)
    monkeypatch.setenv("PRODUCTION_URL", "./nothing.db")
    assert main(["status", "--all", "--json"]) == 2  # one could not be looked at, and hides no other
    report = json.loads(capsys.readouterr().out)
    assert report["migrations"][1]["states"] == {"staging": "pending", "production": "not looked at"}
    assert "no such file" in report["environments"][1]["error"]
    assert report["in_step"] is False
    assert main(["status", "--all", "--format", "github"]) == 2
    assert "::notice title=drizzle-guard status::staging: drizzle: in step" in capsys.readouterr().out
    assert main(["status", "--env", "staging", "--env", "production", "--require-applied"]) == 1
    out = capsys.readouterr().out
    assert "staging: runs 0001_more" in out and "production: not looked at" in out
    assert main(["status", "--all", "--format", "markdown"]) == 2
    assert "| migration | staging | production |" in capsys.readouterr().out


def test_a_url_in_the_file_is_refused(place: Place) -> None:
    (place.path / "drizzle-guard.toml").write_text('[databases]\nx = "postgres://me:s3cret@h/db"\n', "utf-8")
    result = place.guard("status")
    assert result.code == 2 and "must be the name of an environment variable" in result.err
    assert "s3cret" not in result.text


def test_gates_become_green(tmp_path: Path) -> None:
    """A dropped migration is found in git and acknowledged; an allowed edit is re-hashed."""
    place = Place(tmp_path, "sqlite")
    place.write(INIT, MORE)
    place.applied(INIT, MORE)
    for command in (("init", "-q"), ("add", "-A"), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")):
        subprocess.run(("git", *command), cwd=place.path, check=True)
    edited = f"-- all of them\n{INIT[2]}"
    place.write((INIT[0], INIT[1], edited))
    gone = place.status()
    assert gone["rows_without_file"][0]["past"] == "0001_more"
    (lost,) = (finding for finding in gone["findings"] if "git checkout" in str(finding["command"]))
    subprocess.run(lost["command"], shell=True, cwd=place.path, check=True)  # as it is printed
    heard(("sh", "-c", lost["command"]), "")
    back = place.folder / "0001_more.sql"
    assert back.read_text() == MORE[2]
    back.unlink()
    (place.path / "drizzle-guard.toml").write_text(
        f'[[allow]]\ntag = "0000_init"\nsha256 = "{sha256(edited.encode()).hexdigest()}"\nreason = "words"\n'
        + "\n".join(lost["hints"][1:]),
        "utf-8",
    )
    assert place.guard("status", "--require-applied").code == 0
    result = place.guard("repair", "--yes", "--only", "re-hash")
    assert result.code == 0 and "re-hash: re-hash row" in result.out
    assert place.verdicts() == {"0000_init": "applied"}
    assert not list(place.path.glob("*.json")) and list((place.path / ".git" / "drizzle-guard-rows").iterdir())


def test_another_programs_ledger_is_left_alone(place: Place) -> None:
    place.run("CREATE TABLE d1_migrations (id integer, name text)", INIT[2])
    place.run("INSERT INTO d1_migrations (name) VALUES ('0000_init.sql')")
    report = place.status()
    assert (report["table"], report["ledger"], report["in_step"]) == ("d1_migrations", "wrangler", True)
    for command in (("apply", "0000_init"), ("repair",)):
        refused = place.guard(*command, "--yes")
        assert refused.code == 1 and "d1_migrations: wrangler runs these files" in refused.err
    assert place.select("SELECT name FROM sqlite_master WHERE name LIKE '%drizzle%'") == []


def test_what_git_ignores_is_no_second_folder(place: Place) -> None:
    """A build copies the migrations; nobody means the copy."""
    place.applied(INIT)
    (place.path / ".git").rmdir()
    subprocess.run(("git", "init", "-q"), cwd=place.path, check=True)
    (place.path / ".gitignore").write_text("build/\n")
    place.write(INIT, folder="build/out/drizzle")
    assert place.guard("status").code == 0
    (place.path / ".gitignore").write_text("")
    assert "there are several migration folders; say which: --folder FOLDER" in place.guard("status").err
