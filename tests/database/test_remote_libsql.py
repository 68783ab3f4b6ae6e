"""status, apply and repair on libSQL over the network, where Turso's own client and drizzle-orm's migrator were."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from support.databases import Place, joined, table
from support.live.bench import LIVE, Bench
from support.live.hrana import TOKEN, hrana

FIRST = ("0000_farms", 1000, table("farms", "name text NOT NULL"))
SECOND = ("0001_barns", 2000, joined(table("barns"), "CREATE INDEX barns_id ON barns (id);"))
LATE = ("0002_late", 1500, table("late"))

MIGRATE = """
import { createClient } from "@libsql/client";
import { drizzle } from "drizzle-orm/libsql";
import { migrate } from "drizzle-orm/libsql/migrator";
const [url, authToken, migrationsFolder] = process.argv.slice(2);
const client = createClient({ url, authToken });
await migrate(drizzle(client), { migrationsFolder });
client.close();
"""


def drizzle(script: Path, url: str, folder: Path) -> None:
    command = ["node", str(script), url, TOKEN, str(folder)]
    subprocess.run(command, env=Bench.require().environment, check=True, capture_output=True, text=True, timeout=120)


def test_what_drizzle_left_there_is_seen_applied_and_repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place(tmp_path, "sqlite")
    place.write(FIRST, SECOND)
    script = LIVE / f".hrana-{tmp_path.name}.mjs"
    script.write_text(MIGRATE)
    try:
        with hrana(tmp_path / "remote.db") as url:
            drizzle(script, url, place.folder)
            place.write(FIRST, SECOND, LATE)
            place.url = f"{url}?authToken={TOKEN}"
            report = place.status()
            assert [m["verdict"] for m in report["migrations"]] == ["applied", "applied", "will-be-skipped"]
            assert report["database"] == "libsql://127.0.0.1" and TOKEN not in json.dumps(report)
            applied = place.guard("apply", "0002_late", "--yes")
            assert applied.code == 0, applied.err
            assert place.status()["in_step"]
            drizzle(script, url, place.folder)  # runs nothing more
            assert place.status()["in_step"]

            with_fault = ("0003_fault", 3000, joined(table("more"), "INSERT INTO more VALUES (1, 2, 3, 4);"))
            place.write(FIRST, SECOND, LATE, with_fault)
            report = place.status()
            assert report["next"]["outcome"] == "cannot-tell"
            failed = place.guard("apply", "0003_fault", "--yes")
            assert failed.code == 1 and TOKEN not in failed.text
            assert {m["tag"]: m["verdict"] for m in place.status()["migrations"]}["0003_fault"] == "pending"

            place.url = url
            assert "the server refuses the token (HTTP 401)" in place.guard("status").err
            monkeypatch.setenv("TURSO_AUTH_TOKEN", TOKEN)
            assert place.guard("status").code == 0
            compared = place.guard("rehearse", "--against", url, plain=True)
            assert compared.code == 2 and "a remote libSQL database is not compared" in compared.err
    finally:
        script.unlink()
