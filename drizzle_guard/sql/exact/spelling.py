"""One spelling for types and expressions, so that a file's and a catalog's can be held against each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from drizzle_guard.light import pattern
from drizzle_guard.sql.exact.pieces import PARENTHESES, Dialect, Piece, pieces

_POSTGRES = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "serial": "integer",
    "serial4": "integer",
    "bigserial": "bigint",
    "serial8": "bigint",
    "smallserial": "smallint",
    "serial2": "smallint",
    "bool": "boolean",
    "varchar": "character varying",
    "char varying": "character varying",
    "char": "character",
    "bpchar": "character",
    "decimal": "numeric",
    "dec": "numeric",
    "float4": "real",
    "float8": "double precision",
    "float": "double precision",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "timetz": "time with time zone",
    "time": "time without time zone",
    "varbit": "bit varying",
}
_MYSQL = {
    "integer": "int",
    "int4": "int",
    "int8": "bigint",
    "serial": "bigint",
    "bool": "tinyint",
    "boolean": "tinyint",
    "numeric": "decimal",
    "dec": "decimal",
    "fixed": "decimal",
    "real": "double",
    "double precision": "double",
    "character": "char",
    "character varying": "varchar",
    "nvarchar": "varchar",
    "nchar": "char",
    "json": "longtext",
    "longtext": "longtext",
}
#: integer types whose number in parentheses is a width for display, which MySQL 8.0.19 no longer keeps
_WIDE = frozenset(["int", "tinyint", "smallint", "mediumint", "bigint", "year"])
_SERIAL = pattern(r"(small|big)?serial[248]?")
_NUMBER = pattern(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")


@lru_cache(maxsize=1024)
def type_of(text: str, dialect: Dialect) -> str:
    """A column's type in one spelling: `varchar( 20 )` and `character varying(20)` are the same on PostgreSQL."""
    return spell_type(tuple(pieces(text, dialect)), dialect)


@lru_cache(maxsize=1024)
def spell_type(found: tuple[Piece, ...], dialect: Dialect) -> str:
    """The same for pieces."""
    words: list[str] = []
    inner = ""
    depth = 0
    array = False
    for piece in found:
        if piece.key in ("(", ")"):
            depth += 1 if piece.key == "(" else -1
            inner += piece.key
        elif depth:
            inner += piece.text if piece.kind == "string" else piece.text.lower()
        elif piece.key in ("[", "]") or piece.key == "array":
            array = True
        elif array and piece.text.isdigit():
            continue
        else:
            words.append(piece.text if piece.kind == "name" else piece.text.lower())
    name = re.sub(r" ?\. ?", ".", " ".join(words))
    if dialect == "postgresql":
        return _postgres(name, inner) + ("[]" if array else "")
    if dialect == "mysql":
        return _mysql(name, inner)
    return " ".join((name + inner).split()).lower()


def _postgres(name: str, inner: str) -> str:
    zone = re.search(r" (with|without) time zone$", name)
    base = name[: zone.start()] if zone else name
    full = f"{base}{zone[0]}" if zone else _POSTGRES.get(base, base)
    full = full.removeprefix("pg_catalog.")
    if full == "double precision":
        inner = ""
    if full == "numeric" and inner and "," not in inner:
        inner = f"{inner[:-1]},0)"
    if full == "character" and not inner:
        inner = "(1)"
    if inner and (full.startswith(("timestamp", "time"))):
        head, _, tail = full.partition(" ")
        return f"{head}{inner} {tail}"
    if full.startswith("interval") and inner and " " in full:
        return f"{full}{inner}"
    return full + inner


def _mysql(name: str, inner: str) -> str:
    words = [w for w in name.split() if w not in ("signed", "zerofill")]
    unsigned = "unsigned" in words or words[:1] == ["serial"]
    for cut in ("character", "charset", "collate", "binary", "ascii", "unicode"):
        if cut in words[1:] and not (cut == "character" and words[1:2] == ["varying"]):
            words = words[: words.index(cut, 1)]
    base = " ".join(w for w in words if w != "unsigned")
    base = _MYSQL.get(base, base)
    if base in _WIDE or base == "longtext":
        inner = ""
    if base in ("decimal",):
        inner = "(10,0)" if not inner else inner if "," in inner else f"{inner[:-1]},0)"
    if base in ("char", "binary", "bit") and not inner:
        inner = "(1)"
    return base + inner.replace("', '", "','") + (" unsigned" if unsigned else "")


def is_serial(text: str) -> bool:
    """Whether a type as written is one of PostgreSQL's numbered ones."""
    return "serial" in text.lower() and _SERIAL.fullmatch(text.lower()) is not None


def spell(found: Sequence[Piece], dialect: Dialect) -> str:
    """An expression in one spelling: without casts, outer parentheses and the case of bare words."""
    kept = list(found)
    while len(kept) > 1 and kept[0].key == "(" and _closes_last(kept):
        kept = kept[1:-1]
    if dialect == "postgresql":
        kept = _without_casts(kept)
        while len(kept) > 1 and kept[0].key == "(" and _closes_last(kept):
            kept = kept[1:-1]
    text = ""
    for n, piece in enumerate(kept):
        word = piece.text if piece.kind in ("string", "name", "body") else piece.text.lower()
        before = kept[n - 1] if n else None
        glued = before is None or not (before.kind in ("word", "name") and piece.kind in ("word", "name"))
        text += word if glued else f" {word}"
    return _plain(text, dialect)


@lru_cache(maxsize=1024)
def expression_of(text: str, dialect: Dialect) -> str:
    """The same for text, as catalogs give it."""
    return spell(pieces(text, dialect), dialect)


def _plain(text: str, dialect: Dialect) -> str:
    """Numbers without quotes, and the words that mean the same as one."""
    if len(text) > 2 and text[0] == text[-1] == "'" and _NUMBER.fullmatch(text[1:-1]):
        text = text[1:-1]
    if text.startswith('"') and text.endswith('"') and dialect == "mysql" and "'" not in text:
        text = f"'{text[1:-1]}'"
    same = {
        "current_timestamp()": "current_timestamp",
        "now()": "current_timestamp",
        "localtimestamp": "current_timestamp",
    }
    if dialect == "mysql":
        same |= {"true": "1", "false": "0", "b'0'": "0", "b'1'": "1"}
        text = re.sub(r"\b(now|current_timestamp|localtimestamp)\((\d*)\)", r"current_timestamp(\2)", text)
    if dialect == "postgresql":
        same |= {"'t'": "true", "'f'": "false", "'true'": "true", "'false'": "false"}
    return same.get(text, text)


def _closes_last(found: Sequence[Piece]) -> bool:
    depth = 0
    for n, piece in enumerate(found):
        depth += PARENTHESES.get(piece.key, 0)
        if depth == 0:
            return n == len(found) - 1
    return False


def _without_casts(found: Sequence[Piece]) -> list[Piece]:
    kept: list[Piece] = []
    place = 0
    while place < len(found):
        if found[place].key != "::":
            kept.append(found[place])
            place += 1
            continue
        place += 1
        while place < len(found) and (found[place].kind in ("word", "name") or found[place].key in (".", "[", "]")):
            if found[place].key in ("and", "or", "at", "is", "in", "not", "like", "between"):
                break
            place += 1
        if place < len(found) and found[place].key == "(":
            depth = 0
            while place < len(found):
                depth += PARENTHESES.get(found[place].key, 0)
                place += 1
                if depth == 0:
                    break
            while place < len(found) and found[place].key in ("with", "without", "time", "zone", "[", "]"):
                place += 1
    return kept


def is_literal(text: str) -> bool:
    """Whether an expression is a number, a string, a truth value or NULL: two that differ are then two values."""
    return (
        text in ("true", "false", "null")
        or _NUMBER.fullmatch(text) is not None
        or re.fullmatch(r"'(?:[^']|'')*'", text) is not None
    )


def values_of(listed: str | None) -> list[str]:
    """The values of an enum from one text, each in its quotes."""
    return re.split(r"(?<='),(?=')", listed or "")


def same_type(wanted: str, found: str) -> bool | None:
    """Whether two types in one spelling are the same; None where one of them is a name that may mean the other."""
    if wanted == found:
        return True
    a, b = wanted.removesuffix("[]"), found.removesuffix("[]")
    if wanted.endswith("[]") == found.endswith("[]") and a.rpartition(".")[2] == b.rpartition(".")[2]:
        return "." not in a or "." not in b
    known = re.compile(r"[a-z ]+(\(.*\))?( with(out)? time zone| unsigned)?")
    return False if known.fullmatch(a) and known.fullmatch(b) else None


def same_expression(wanted: str, found: str) -> bool | None:
    """Whether two expressions in one spelling are the same; None where only a database could tell."""
    if wanted == found:
        return True
    if is_literal(wanted) and is_literal(found):
        return False
    strip = str.maketrans("", "", '() "`')
    if wanted.translate(strip) == found.translate(strip):
        return True
    return None
