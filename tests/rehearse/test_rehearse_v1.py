"""`rehearse` on Drizzle v1's folders: their snapshots against the database, and what open branches make together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from drizzle_guard.drizzle.folder import Blob
from drizzle_guard.errors import GuardError
from drizzle_guard.rehearse.snapshot_v1 import schema_of
from support.databases import KINDS
from support.gitbed import Bed
from support.live import servers
from support.live.v1_bench import V1
from support.rehearsing import guard, rehearsed, starts

NOBODY = "00000000-0000-0000-0000-000000000000"
SCHEMAS = {
    "postgresql": """
import * as p from "drizzle-orm/pg-core";
import { sql } from "drizzle-orm";
export const mood = p.pgEnum("mood", ["sad", "ok"]);
export const hr = p.pgSchema("hr");
export const seq = p.pgSequence("counter", { startWith: 5, increment: 2, maxValue: 99, cache: 3, cycle: true });
export const reader = p.pgRole("reader", { createDb: true });
export const users = p.pgTable("users", {
  id: p.serial().primaryKey(), email: p.varchar({ length: 80 }).notNull().unique(), name: p.text().default("x'y"),
  age: p.integer().default(3), mood: mood().default("ok"), tags: p.text().array().default(["a"]),
  doc: p.jsonb().default({ a: 1 }), at: p.timestamp({ withTimezone: true }).defaultNow(),
  up: p.text().generatedAlwaysAs(sql`upper(name)`), n: p.integer().generatedAlwaysAsIdentity({ startWith: 10 }),
}, (t) => [
  p.index("by_name").on(t.name.desc().nullsLast()).where(sql`age > 1`), p.uniqueIndex("by_age").on(t.age),
  p.index("lowered").on(sql`lower(name)`),
  p.index("docs").using("gin", t.doc.op("jsonb_path_ops")).with({ fastupdate: false }),
  p.check("age_ck", sql`age > 0`), p.unique("un").on(t.name, t.age).nullsNotDistinct(),
  p.pgPolicy("mine", { for: "select", to: reader, using: sql`true` }),
]);
export const posts = hr.table("posts", {
  a: p.integer(), b: p.integer(),
  author: p.integer().references(() => users.id, { onDelete: "cascade", onUpdate: "set null" }),
}, (t) => [p.primaryKey({ columns: [t.a, t.b] })]);
export const v = p.pgView("v").with({ securityBarrier: true }).as((qb) => qb.select({ id: users.id }).from(users));
export const mv = p.pgMaterializedView("mv").as((qb) => qb.select({ id: users.id }).from(users));
""",
    "mysql": """
import * as m from "drizzle-orm/mysql-core";
import { sql } from "drizzle-orm";
export const users = m.mysqlTable("users", {
  id: m.bigint({ mode: "number", unsigned: true }).autoincrement().primaryKey(),
  name: m.varchar({ length: 20 }).default("x'y"),
  email: m.varchar({ length: 80 }).notNull().unique(), age: m.int().default(3),
  mood: m.mysqlEnum(["sad", "ok"]).default("ok"),
  at: m.timestamp().defaultNow().onUpdateNow(),
  up: m.varchar({ length: 20 }).generatedAlwaysAs(sql`upper(name)`, { mode: "stored" }),
}, (t) => [
  m.index("by_name").on(t.name, t.age), m.uniqueIndex("by_age").on(t.age), m.check("age_ck", sql`age > 0`),
  m.unique("un").on(t.name, t.age),
]);
export const posts = m.mysqlTable("posts", {
  a: m.int().notNull(), b: m.int().notNull(),
  author: m.bigint({ mode: "number", unsigned: true }).references(() => users.id, { onDelete: "cascade" }),
}, (t) => [m.primaryKey({ columns: [t.a, t.b] })]);
export const v = m.mysqlView("v").sqlSecurity("invoker").as((qb) => qb.select({ id: users.id }).from(users));
""",
    "sqlite": """
import * as s from "drizzle-orm/sqlite-core";
import { sql } from "drizzle-orm";
export const users = s.sqliteTable("users", {
  id: s.integer().primaryKey({ autoIncrement: true }),
  email: s.text().notNull().unique(), name: s.text().default("x'y"),
  age: s.integer().default(3), at: s.integer({ mode: "timestamp" }).default(sql`(unixepoch())`),
  up: s.text().generatedAlwaysAs(sql`upper(name)`, { mode: "stored" }),
  low: s.text().generatedAlwaysAs(sql`lower(name)`),
}, (t) => [
  s.index("by_name").on(t.name, t.age).where(sql`age > 1`), s.uniqueIndex("by_age").on(t.age),
  s.index("lowered").on(sql`lower(name)`), s.check("age_ck", sql`age > 0`), s.unique("un").on(t.name, t.age),
]);
export const posts = s.sqliteTable("posts", {
  a: s.integer(), b: s.integer(),
  author: s.integer().references(() => users.id, { onDelete: "cascade", onUpdate: "set null" }),
}, (t) => [s.primaryKey({ columns: [t.a, t.b] })]);
export const v = s.sqliteView("v").as((qb) => qb.select({ id: users.id }).from(users));
""",
}
DRIVERS = {"postgresql": "node-postgres", "mysql": "mysql2", "sqlite": "better-sqlite3"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_drizzle_kit_generates_is_what_the_database_has(bed: Bed, kind: str) -> None:
    if kind == "mysql":
        servers.mariadb_url()  # says what is missing
    v1 = V1(bed.root, kind)
    (bed.root / "src").mkdir()
    schema = bed.root / "src" / "schema.ts"
    schema.write_text(SCHEMAS[kind])
    assert v1.kit("generate", "--name", "base").startswith("0 ")
    folder = rehearsed(bed, "--driver", DRIVERS[kind])
    assert folder["snapshot"]["differences"] == folder["snapshot"]["not_compared"] == []
    bed.commit("base")

    (snapshot,) = (bed.root / "drizzle").glob("*/snapshot.json")
    body = json.loads(snapshot.read_text("utf-8"))
    body["ddl"] = [row for row in body["ddl"] if row["name"] not in ("by_age", "age")]
    snapshot.write_text(json.dumps(body))
    lost = rehearsed(bed, "--driver", DRIVERS[kind])["snapshot"]
    missing = {"column users age", "index users by_age"}
    assert missing <= {" ".join(d["object"]) for d in lost["differences"] if d["snapshot"] is None}
    assert lost["by_hand"] == []


def _put(root: Path, name: str, sql: str, parents: tuple[str, ...], **body: Any) -> None:
    (root / "drizzle" / name).mkdir(parents=True)
    (root / "drizzle" / name / "migration.sql").write_text(sql)
    whole = {"version": "7", "dialect": "sqlite", "id": name, "prevIds": list(parents), "renames": [], **body}
    (root / "drizzle" / name / "snapshot.json").write_text(json.dumps(whole))


def _table(name: str, *columns: str) -> list[dict[str, Any]]:
    return [
        {"entityType": "tables", "name": name},
        *({"entityType": "columns", "table": name, "name": column, "type": "text"} for column in columns),
    ]


def test_two_open_branches_in_both_orders_and_together(bed: Bed) -> None:
    base, one, two = "20260101000000_base", "20260102000000_one", "20260103000000_two"
    _put(bed.root, base, "create table users(id text);", (NOBODY,), ddl=_table("users", "id"))
    bed.commit("base")
    bed.git("branch", "feature")
    _put(bed.root, two, "alter table users add age text;", (base,), ddl=_table("users", "id", "age"))
    bed.commit("two")
    bed.git("switch", "-q", "feature")
    own = [*_table("users", "id"), *_table("more", "x")]
    _put(bed.root, one, "create table more(x text);", (base,), ddl=own)
    bed.commit("one")
    bed.git("merge", "-q", "main")
    folder = rehearsed(bed, "--driver", "libsql")
    assert starts(folder) == {"empty": True, "base": True, "branch": True, "mainline": True}
    ran = {start["start"]: [tag.partition("_")[2] for tag in start["ran"]] for start in folder["starts"]}
    assert ran == {"empty": ["base", "one", "two"], "base": ["one", "two"], "branch": ["two"], "mainline": ["one"]}
    assert folder["snapshot"]["differences"] == []
    (bed.root / "drizzle" / one / "migration.sql").write_text("\nbad")
    failed = guard(bed, "rehearse", "--driver", "op-sqlite").out
    assert f"      drizzle/{one}/migration.sql, line 2: statement 1 of 1\n" in failed


def _schema(*snapshots: dict[str, Any]) -> Any:
    blobs = [(body["id"], Blob(json.dumps(body).encode, name=f"{body['id']}/snapshot.json")) for body in snapshots]
    return schema_of(blobs)


def _snapshot(id_: str, *parents: str, **body: Any) -> dict[str, Any]:
    return {"id": id_, "prevIds": list(parents), **body}


def _column(name: str, type_: str = "text") -> dict[str, Any]:
    return {"entityType": "columns", "schema": "public", "table": "users", "name": name, "type": type_}


USERS = {"entityType": "tables", "schema": "public", "name": "users"}
BASE = _snapshot("base", NOBODY, type="base", ddl=[USERS, _column("id")])


def _columns(schema: Any) -> dict[str, str]:
    return {name: body["type"] for name, body in schema["tables"]["public.users"]["columns"].items()}


def test_deltas_lead_to_the_newest_schema() -> None:
    key = 'columns\0["public","users","id"]'
    renamed = _snapshot("a", "base", deltas=[{"op": "rename", "key": key, "set": {"name": "key"}}])
    changed = {"op": "alter", "key": 'columns\0["public","users","key"]', "set": {"type": "int"}}
    assert _columns(_schema(BASE, renamed, _snapshot("b", "a", deltas=[changed]))) == {"key": "int"}
    more = _snapshot("b", "base", deltas=[{"op": "create", "row": _column("more")}])
    assert _columns(_schema(BASE, renamed, more)) == {"key": "text", "more": "text"}  # two open branches
    joined = _snapshot("c", "a", "b", deltas=[{"op": "drop", "key": 'columns\0["public","users","more"]'}])
    assert _columns(_schema(BASE, renamed, more, joined)) == {"key": "text"}


@pytest.mark.parametrize(
    ("snapshots", "words"),
    [
        ((_snapshot("a", "gone", deltas=[]),), "the snapshot of a has a parent that is not there."),
        ((BASE, _snapshot("a", "gone", ddl=[USERS])), "the snapshot of a has a parent that is not there."),
        ((BASE, BASE), "the snapshot of base has no place of its own in the history."),
        (
            (_snapshot("a", NOBODY, deltas=[]),),
            "the snapshot of a does not lead back to a snapshot that lists everything.",
        ),
        (
            (
                BASE,
                *(
                    _snapshot(id_, "base", deltas=[{"op": "create", "row": _column("x", type_)}])
                    for id_, type_ in (("a", "int"), ("b", "text"))
                ),
            ),
            'the snapshot of b makes columns ["public","users","x"], which another open branch makes otherwise.',
        ),
        (
            (BASE, *(_snapshot(id_, "base", ddl=[USERS, _column("id", id_)]) for id_ in ("a", "b"))),
            'the snapshot of b changes columns ["public","users","id"], which another open branch changes otherwise.',
        ),
    ],
)
def test_what_cannot_be_told_is_refused(snapshots: tuple[dict[str, Any], ...], words: str) -> None:
    with pytest.raises(GuardError) as refused:
        _schema(*snapshots)
    assert refused.value.message == words
