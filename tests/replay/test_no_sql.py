"""What is no SQL (encrypted, compressed, a pointer to a file elsewhere) passes nothing by; and statements of upkeep."""

from __future__ import annotations

import base64
import binascii
import codecs
import gzip

import pytest

from drizzle_guard.replay.ground import known_before
from drizzle_guard.replay.hazards import Script, find_hazards
from drizzle_guard.sql.statements import decode

ONE, OTHER = 'CREATE TABLE "hens" ("id" serial);\n', 'CREATE TABLE "geese" ("id" serial);\n'
BASE = "CREATE TABLE goats (id int, age int); CREATE INDEX goats_age_idx ON goats (age)"
AGE = "-----BEGIN AGE ENCRYPTED FILE-----\n%s\n-----END AGE ENCRYPTED FILE-----\n"
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"


def _hidden(text: str) -> dict[str, bytes]:
    """The same SQL as filters of git store it."""
    data = text.encode()
    plain = base64.b64encode(data)
    return {
        "base64": plain,
        "base32": base64.b32encode(data),
        "hex": binascii.hexlify(data),
        "hex, lines": binascii.hexlify(data, " "),
        "ascii85": base64.a85encode(data, adobe=True),
        "uuencode": b"begin 644 0001_x.sql\n" + binascii.b2a_uu(data[:45]) + b"`\nend\n",
        "rot13": codecs.encode(text, "rot13").encode(),
        "gzip": gzip.compress(data, mtime=0),
        "git-crypt": b"\0GITCRYPT\0" + bytes(b ^ 0xA5 for b in data),
        "utf-16": text.encode("utf-16"),
        "utf-16-le": text.encode("utf-16-le"),
        "git-lfs": (POINTER % (binascii.hexlify(data).decode(), len(data))).encode(),
        "git-annex": b"/annex/objects/SHA256E-s35--" + binascii.hexlify(data) + b".sql\n",
        "age": (AGE % plain.decode()).encode(),
        "pgp": b"-----BEGIN PGP MESSAGE-----\nVersion: GnuPG v2\n\n" + plain + b"\n-----END PGP MESSAGE-----\n",
        "sops": b'{\n"data": "ENC[AES256_GCM,data:' + plain + b'",\n"sops": {}\n}\n',
        "sops, yaml": b"data: ENC[AES256_GCM,data:" + plain + b"]\nsops:\n    version: 3.8.1\n",
        "vault": b"$ANSIBLE_VAULT;1.1;AES256\n" + binascii.hexlify(data) + b"\n",
    }


def _found(main: str, own: str, dialect: str = "postgresql") -> list[str]:
    known = known_before(lambda: [Script("base", BASE)], None, [], dialect)
    return [h.reason for h in find_hazards([Script("main", main)], [Script("own", own)], dialect, known)]


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "sqlite"])
@pytest.mark.parametrize("way", _hidden(ONE))
def test_no_sql_passes_nothing(way: str, dialect: str) -> None:
    hidden, more = decode(_hidden(ONE)[way]), decode(_hidden(OTHER)[way])
    branch = "the branch has a statement that is no SQL, and the mainline has changes"
    mainline = "the mainline has a statement that is no SQL, and the branch has changes"
    assert _found(OTHER, hidden, dialect)[0] == branch
    assert _found(more, ONE, dialect)[0] == mainline
    assert _found(more, hidden, dialect)[0] == branch


@pytest.mark.parametrize(
    "own",
    [
        "\ufeffCREATE TABLE x (id int)",
        "(SELECT 1) UNION (SELECT 2)",
        "BEGIN; ALTER TABLE goats ADD x int; COMMIT",
        "BEGIN TRANSACTION; END TRANSACTION",
        "-- nothing here yet",
        "",
        "CREATE PROCEDURE p() BEGIN DECLARE n int; l: LOOP SET n = 1; LEAVE l; END LOOP; IF n THEN SELECT 1; END IF",
        "COMMENT ON TABLE goats IS 'x'; ANALYZE; VACUUM; PRAGMA foreign_keys=ON",
        "LOCK TABLE goats IN EXCLUSIVE MODE; ANALYZE VERBOSE goats (age); REINDEX INDEX CONCURRENTLY goats_age_idx",
        "EXPLAIN SELECT id FROM goats; SHOW search_path; NOTIFY x; LISTEN x",
    ],
)
def test_sql_is_known_as_such(own: str) -> None:
    assert _found("CREATE TABLE other (id int)", own) == []


@pytest.mark.parametrize(
    ("dialect", "own"),
    [
        ("postgresql", "LOCK TABLE ONLY goats IN EXCLUSIVE MODE"),
        ("postgresql", "LOCK logs, goats"),
        ("postgresql", "VACUUM (ANALYZE, VERBOSE) goats"),
        ("postgresql", "ANALYZE goats (age)"),
        ("postgresql", "REINDEX (VERBOSE) TABLE goats"),
        ("postgresql", "REINDEX INDEX goats_age_idx"),
        ("postgresql", "EXPLAIN (ANALYZE) DELETE FROM goats"),
        ("mysql", "LOCK TABLES goats WRITE, logs READ"),
        ("mysql", "ANALYZE TABLE goats"),
        ("mysql", "OPTIMIZE TABLE logs, goats"),
        ("mysql", "ANALYZE DELETE FROM goats"),
        ("mysql", "CHECK TABLE goats"),
        ("mysql", "REPAIR TABLE goats"),
        ("mysql", "BEGIN NOT ATOMIC DELETE FROM goats; END"),
        ("mysql", "DESCRIBE goats"),
        ("sqlite", "ANALYZE goats"),
        ("sqlite", "REINDEX goats"),
        ("sqlite", "EXPLAIN QUERY PLAN SELECT * FROM goats"),
    ],
)
def test_upkeep_needs_what_it_names(dialect: str, own: str) -> None:
    assert _found("DROP INDEX goats_age_idx; DROP TABLE goats", own, dialect)


def test_a_setting_in_the_file_has_one_value() -> None:
    assert _found("PRAGMA user_version = 2", "PRAGMA user_version = 3", "sqlite") == [
        'both change PRAGMA "user_version"'
    ]
    assert _found("PRAGMA user_version = 2", "PRAGMA user_version", "sqlite") == []
