"""What tests share that type on a database what they were told: Drizzle's own program there, a repository, the end."""

from __future__ import annotations

import json
import subprocess

from support.databases import Place
from support.live.bench import NODE_MODULES, Bench
from support.live.v1_bench import V1


def with_kit(place: Place) -> None:
    """Put drizzle-kit into the project, for its database."""
    Bench.require()
    (place.path / "node_modules").symlink_to(NODE_MODULES)
    _configure(place)


def with_v1_kit(place: Place) -> V1:
    """Put drizzle-kit of Drizzle v1 into the project, for its SQLite file."""
    kit = V1(place.path)
    _configure(place)
    return kit


def _configure(place: Place) -> None:
    url = "file:local.db" if place.kind == "sqlite" else place.live_url
    config = {"dialect": place.kind, "schema": "./schema.ts", "out": "./drizzle", "dbCredentials": {"url": url}}
    (place.path / "drizzle.config.ts").write_text(f"export default {json.dumps(config)};\n")
    (place.path / "schema.ts").write_text("export {};\n")


def in_git(place: Place) -> None:
    """Commit all of it, on a branch `feat`."""
    if not (place.path / ".git").exists():
        subprocess.run(("git", "init", "-q", "-b", "feat"), cwd=place.path, check=True)
    for command in (("add", "-A"), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x")):
        subprocess.run(("git", *command), cwd=place.path, check=True)


def migrate(place: Place, said: str) -> None:
    """Type `npx drizzle-kit migrate`, which was told; it works."""
    done = place.type(said, "npx drizzle-kit migrate")
    assert done.code == 0, done


def generate(place: Place, said: str, sql: str) -> None:
    """Type `npx drizzle-kit generate --custom`, which was told, and write into the new file."""
    before = set(place.folder.glob("*.sql"))
    done = place.type(said, "npx drizzle-kit generate --custom")
    assert done.code == 0, done
    (new,) = set(place.folder.glob("*.sql")) - before
    new.write_text(sql)


def in_step(place: Place) -> bool:
    """Nothing is wrong, and nothing waits."""
    return bool(place.status("--require-applied")["in_step"])
