"""SQL: tokens, statements, and what each statement does to which object."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drizzle_guard.sql.statements import actions, is_handwritten, is_trivial, split_chunks, statements
from drizzle_guard.sql.tokens import split, tokenize

CUSTOM = "-- Custom SQL migration file, put your code below! --"


def _did(text: str) -> list[str]:
    """Actions in short: `create column users.age`, with `?` for guarded, `on t` and `(detail)`."""
    return [
        f"{a.verb} {a.kind} {'.'.join(a.key[1:])}{'?' * a.guarded}{f' on {a.on}' * bool(a.on)}"
        f"{f' ({a.detail})' * bool(a.detail)}"
        for a in actions(text)
    ]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # tables
        ('CREATE TABLE "users" (\n\t"id" serial PRIMARY KEY NOT NULL\n);\n', ["create table users"]),
        ('CREATE TABLE IF NOT EXISTS "users" ("id" serial);', ["create table users?"]),
        ('CREATE TABLE "auth"."sessions" ("id" int);', ["create table auth.sessions"]),
        ('CREATE TABLE "public"."users" ("id" int);', ["create table users"]),
        ("CREATE TEMP TABLE t (id int)", ["create table t"]),
        ("create unlogged table T (id int)", ["create table t"]),
        ('DROP TABLE "users" CASCADE;', ["drop table users"]),
        ("DROP TABLE IF EXISTS a, b.c;", ["drop table a?", "drop table b.c?"]),
        ('ALTER TABLE "a" RENAME TO "b";', ["drop table a", "create table b"]),
        ('ALTER TABLE "s"."a" RENAME TO "b";', ["drop table s.a", "create table s.b"]),
        ("RENAME TABLE `a` TO `b`, c TO d;", ["drop table a", "create table b", "drop table c", "create table d"]),
        ('ALTER TABLE "a" SET SCHEMA "x";', ["drop table a", "create table x.a"]),
        ('ALTER TABLE "x"."a" SET SCHEMA "public";', ["drop table x.a", "create table a"]),
        ('ALTER TABLE "a" ENABLE ROW LEVEL SECURITY;', ["alter table a (enable row level security)"]),
        # columns
        ('ALTER TABLE "users" ADD COLUMN "age" integer;', ["create column users.age"]),
        ("ALTER TABLE `users` ADD `age` integer DEFAULT 0 NOT NULL;", ["create column users.age"]),
        ("ALTER TABLE IF EXISTS users ADD COLUMN IF NOT EXISTS age int", ["create column users.age?"]),
        ("ALTER TABLE users ADD a int, ADD COLUMN b int", ["create column users.a", "create column users.b"]),
        ("ALTER TABLE users ADD a decimal(10, 2), DROP b", ["create column users.a", "drop column users.b"]),
        ('ALTER TABLE "users" DROP COLUMN IF EXISTS "age";', ["drop column users.age?"]),
        ('ALTER TABLE "u" RENAME COLUMN "a" TO "b";', ["drop column u.a", "create column u.b"]),
        ("ALTER TABLE `u` RENAME a TO b;", ["drop column u.a", "create column u.b"]),
        ("ALTER TABLE `u` CHANGE COLUMN `a` `b` int;", ["drop column u.a", "create column u.b"]),
        ("ALTER TABLE `u` CHANGE `a` `a` int;", ["alter column u.a (*)"]),
        ("ALTER TABLE `u` MODIFY COLUMN `a` int NOT NULL;", ["alter column u.a (*)"]),
        ('ALTER TABLE "u" ALTER COLUMN "a" SET DATA TYPE bigint;', ["alter column u.a (type)"]),
        ('ALTER TABLE "u" ALTER COLUMN "a" TYPE bigint USING a::bigint;', ["alter column u.a (type)"]),
        ('ALTER TABLE "u" ALTER COLUMN "a" SET DEFAULT 1;', ["alter column u.a (default)"]),
        ('ALTER TABLE "u" ALTER COLUMN "a" DROP DEFAULT;', ["alter column u.a (default)"]),
        ('ALTER TABLE "u" ALTER COLUMN "a" SET NOT NULL;', ["alter column u.a (not null)"]),
        ('ALTER TABLE "u" ALTER COLUMN "a" DROP NOT NULL;', ["alter column u.a (not null)"]),
        ('ALTER TABLE "u" ALTER COLUMN "a" DROP IDENTITY;', ["alter column u.a (drop identity)"]),
        ('ALTER TABLE `u` ALTER COLUMN "a" TO "a" text;', ["alter column u.a (to a)"]),  # libsql
        # constraints and keys
        (
            'ALTER TABLE "p" ADD CONSTRAINT "p_u_fk" FOREIGN KEY ("u") REFERENCES "public"."users"("id");',
            ["create constraint p.p_u_fk"],
        ),
        ("ALTER TABLE `p` ADD CONSTRAINT `pk` PRIMARY KEY(`a`,`b`);", ["create constraint p.pk (primary key)"]),
        ('ALTER TABLE "p" ADD PRIMARY KEY ("a");', ["create constraint p.primary (primary key)"]),
        ("ALTER TABLE `p` DROP PRIMARY KEY;", ["drop constraint p.primary (primary key)"]),
        ("ALTER TABLE `p` DROP FOREIGN KEY `p_u_fk`;", ["drop constraint p.p_u_fk"]),
        ("ALTER TABLE `p` ADD UNIQUE INDEX `i` (`a`);", ["create index i on p"]),
        ("ALTER TABLE `p` DROP INDEX `i`;", ["drop index i on p"]),
        ("ALTER TABLE `p` ADD UNIQUE (`a`);", ["create constraint p.unique?"]),
        ('ALTER TABLE "p" DROP CONSTRAINT IF EXISTS "c";', ["drop constraint p.c?"]),
        ('ALTER TABLE "p" RENAME CONSTRAINT "a" TO "b";', ["drop constraint p.a", "create constraint p.b"]),
        # indexes
        ('CREATE UNIQUE INDEX "i" ON "users" USING btree ("a");', ["create index i on users"]),
        ("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON ONLY s.users (a)", ["create index i? on s.users"]),
        ("CREATE INDEX ON users (a)", []),
        ('DROP INDEX "i";', ["drop index i"]),
        ("DROP INDEX `i` ON `users`;", ["drop index i on users"]),
        # types and values
        ("CREATE TYPE \"public\".\"role\" AS ENUM('a', 'b');", ["create type role"]),
        ('DROP TYPE "public"."role";', ["drop type role"]),
        ("ALTER TYPE \"public\".\"role\" ADD VALUE 'c' BEFORE 'b';", ["create value role.'c'"]),
        ("ALTER TYPE role ADD VALUE IF NOT EXISTS 'c';", ["create value role.'c'?"]),
        ("ALTER TYPE role RENAME VALUE 'a' TO 'z';", ["alter type role (rename value 'a' to 'z')"]),
        ("ALTER TYPE a RENAME TO b;", ["drop type a", "create type b"]),
        # others
        ('CREATE POLICY "p" ON "users" AS PERMISSIVE FOR SELECT TO public;', ["create policy users.p on users"]),
        ('ALTER POLICY "p" ON "s"."users" TO public USING (true);', ["alter policy s.users.p on s.users"]),
        ('DROP POLICY "p" ON "users" CASCADE;', ["drop policy users.p on users"]),
        ('CREATE VIEW "public"."v" AS (select 1);', ["create view v"]),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", ["create view v?"]),
        ('DROP MATERIALIZED VIEW "mv";', ["drop view mv"]),
        ('CREATE SEQUENCE "public"."s" INCREMENT BY 2;', ["create sequence s"]),
        ('CREATE SCHEMA "auth";\n', ["create schema auth"]),
        ('CREATE ROLE "admin" WITH CREATEDB;', ["create role admin"]),
        ("CREATE EXTENSION IF NOT EXISTS vector", ["create extension vector?"]),
        (
            "CREATE TRIGGER t AFTER INSERT ON users BEGIN UPDATE a SET b = CASE WHEN 1 THEN 2 END; SELECT 1; END;",
            ["create trigger users.t on users"],
        ),
        ("CREATE OR REPLACE FUNCTION f() RETURNS int AS $$ DROP TABLE x; $$ LANGUAGE sql;", ["create function f?"]),
        # rows
        ("INSERT INTO users (a) VALUES (1)", ["data table users"]),
        ("INSERT OR IGNORE INTO `users` VALUES (1)", ["data table users"]),
        ("REPLACE INTO users VALUES (1)", ["data table users"]),
        ("UPDATE ONLY s.users SET a = 1", ["data table s.users"]),
        ("DELETE FROM users", ["data table users"]),
        ("TRUNCATE TABLE users", ["data table users"]),
        # blocks that catch errors (drizzle-kit up to 0.22)
        (
            "DO $$ BEGIN\n CREATE TYPE \"role\" AS ENUM('a');\nEXCEPTION\n WHEN duplicate_object THEN null;\nEND $$;",
            ["create type role?"],
        ),
        (
            'DO $x$ BEGIN ALTER TABLE "p" ADD CONSTRAINT "c" FOREIGN KEY ("u") REFERENCES "users"("id"); END $x$;',
            ["create constraint p.c?"],
        ),
        # nothing
        ("", []),
        (CUSTOM, []),
        ("-- CREATE TABLE a (id int);\n/* DROP TABLE b; */", []),
        ("SELECT 'DROP TABLE a;'", []),
        ("PRAGMA foreign_keys=OFF;", []),
        ("GRANT SELECT ON users TO reader", []),
    ],
)
def test_actions(sql: str, expected: list[str]) -> None:
    assert _did(sql) == expected


def test_sqlite_recreation() -> None:
    sql = (
        "PRAGMA foreign_keys=OFF;--> statement-breakpoint\n"
        "CREATE TABLE `__new_users` (\n\t`id` integer\n);\n--> statement-breakpoint\n"
        'INSERT INTO `__new_users`("id") SELECT "id" FROM `users`;--> statement-breakpoint\n'
        "DROP TABLE `users`;--> statement-breakpoint\n"
        "ALTER TABLE `__new_users` RENAME TO `users`;--> statement-breakpoint\n"
        "PRAGMA foreign_keys=ON;"
    )
    assert _did(sql) == [
        "create table __new_users",
        "data table __new_users",
        "drop table users",
        "drop table __new_users",
        "create table users",
    ]
    assert not is_handwritten(sql)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a; b", [["a"], ["b"]]),
        ("a--> statement-breakpoint\nb", [["a"], ["b"]]),
        ("a-->statement-breakpoint b", [["a"], ["b"]]),
        ("a -- ; comment\nb", [["a", "b"]]),
        ("a /* ; */ b", [["a", "b"]]),
        ("a /* never closed ; b", [["a"]]),
        ("'it''s; ok' b", [["'it''s; ok'", "b"]]),
        ('"a;""b" c', [['a;"b', "c"]]),
        ("`a``;b`", [["a`;b"]]),
        ("$$ ; $$ b; c", [["$$ ; $$", "b"], ["c"]]),
        ("$x$ $$ ; $x$; b", [["$x$ $$ ; $x$"], ["b"]]),
        ("$1, $2", [["$1", ",", "$2"]]),
        ("E'a\\';b' c", [["E'a\\';b'", "c"]]),
        ("'a\\'; b", [["'a\\'"], ["b"]]),  # PostgreSQL and SQLite: no escape
        ("`t` 'a\\';b'", [["t", "'a\\';b'"]]),  # backticks: MySQL's escape
        ("FooBar", [["foobar"]]),
    ],
)
def test_tokens(sql: str, expected: list[list[str]]) -> None:
    found = [[token.text for token in statement] for statement in split(tokenize(sql))]
    assert [statement for statement in found if statement] == expected


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ('SELECT * FROM "a" JOIN s.b ON a.id = b.id', {"a", "b"}),
        ("INSERT INTO a SELECT * FROM b", {"a", "b"}),
        ("UPDATE a SET x = (SELECT 1 FROM b)", {"a", "b"}),
        ('ALTER TABLE a ADD CONSTRAINT c FOREIGN KEY (x) REFERENCES "public"."b"("id")', {"a", "b"}),
        ("CREATE INDEX i ON a (x)", {"a"}),
        ("CREATE FUNCTION f() AS $$ SELECT 1 FROM Hidden $$", {"hidden"}),
        ("DROP TABLE IF EXISTS a", {"a"}),
    ],
)
def test_tables(sql: str, tables: set[str]) -> None:
    assert tables <= statements(sql)[0].tables


@pytest.mark.parametrize(
    ("sql", "trivial", "handwritten"),
    [
        ("", True, False),
        (CUSTOM, True, False),
        ("SELECT 1;", True, True),
        ("CREATE TABLE a (id int);", False, False),
        ("UPDATE a SET b = 1;", False, True),
        ("INSERT INTO `__new_a`(x) SELECT x FROM a;", False, False),
        ("PRAGMA foreign_keys=OFF;", False, False),
        ("GRANT SELECT ON a TO b;", False, True),
        ("CREATE TABLE a (id int);\nDELETE FROM b;", False, True),
    ],
)
def test_kinds_of_scripts(sql: str, trivial: bool, handwritten: bool) -> None:
    assert (is_trivial(sql), is_handwritten(sql)) == (trivial, handwritten)


def test_chunks_are_split_as_drizzle_does() -> None:
    assert split_chunks("a;--> statement-breakpoint\nb;") == ["a;", "\nb;"]
    assert split_chunks("a;-->statement-breakpoint\nb;") == ["a;-->statement-breakpoint\nb;"]


_PIECES = st.sampled_from(
    [
        *("create", "table", "drop", "alter", "add", "column", "constraint", "if", "not", "exists", "on", "rename"),
        *("to", "type", "value", "index", "trigger", "begin", "end", "do", "$$", "$a$", "'", '"', "`", "(", ")", ","),
        *(".", ";", "--", "/*", "*/", "\n", "\\'", "--> statement-breakpoint", "primary", "key", "set", "schema", "x"),
    ]
)


@given(st.text() | st.lists(_PIECES, max_size=30).map(" ".join) | st.lists(_PIECES, max_size=30).map("".join))
def test_no_text_is_too_odd(text: str) -> None:
    """Whatever stands in a file: it is read, in one pass, and nothing but comments and space is lost."""
    for statement in statements(text):
        assert statement.text
        for action in statement.actions:
            assert action.key[0] == action.kind
    is_trivial(text)
    is_handwritten(text)


@pytest.mark.parametrize("piece", ["'", '"', "`", "$$", "$a$", "/*", "--", "(", "E'\\", "''", "a.", "do $$"])
def test_long_texts_take_linear_time(piece: str) -> None:
    statements(piece * 50_000)
