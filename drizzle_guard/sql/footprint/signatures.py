"""The types that a routine names: of its arguments, which tell overloads apart, and of whatever else it declares."""

from __future__ import annotations

from collections.abc import Sequence

from drizzle_guard.sql.alter import parts
from drizzle_guard.sql.footprint.columns import in_parentheses, named_type
from drizzle_guard.sql.footprint.draft import Draft
from drizzle_guard.sql.footprint.mentions import closing
from drizzle_guard.sql.footprint.touch import Mode, Thing, shown_name
from drizzle_guard.sql.tokens import Cursor, Token, words

_SAME_TYPE = {
    "int": "integer",
    "int4": "integer",
    "int8": "bigint",
    "int2": "smallint",
    "bool": "boolean",
    "varchar": "character varying",
    "char": "character",
    "bpchar": "character",
    "nchar": "character",
    "float": "double precision",
    "float8": "double precision",
    "float4": "real",
    "timestamptz": "timestamp with time zone",
    "timestamp without time zone": "timestamp",
    "timetz": "time with time zone",
    "time without time zone": "time",
    "decimal": "numeric",
    "dec": "numeric",
    "varbit": "bit varying",
    "char varying": "character varying",
    "national character varying": "character varying",
    "national char varying": "character varying",
    "national character": "character",
    "national char": "character",
}
#: how types of several words begin
_OF_SEVERAL = words("double character char national timestamp time bit interval")
_SECOND = words("precision varying character char with without year month day hour minute second")
_MODES = words("in inout variadic")
_ENDS_DECLARATION = words("default not collate cursor for alias")


def signature(draft: Draft, at: Cursor) -> str | None:
    """The types of a function's arguments in one spelling; None where there is no list."""
    if at.peek() != "(":
        return None
    found = []
    for part in parts(in_parentheses(at)):
        while part and part[0].kind == "word" and part[0].text in _MODES:
            part = part[1:]
        if part and part[0] != Token("word", "out"):
            found.append(_one_type(draft, part))
    return ",".join(found)


def _one_type(draft: Draft, part: Sequence[Token]) -> str:
    """The type of one argument, `[name] type [DEFAULT …]`; lengths and the bounds of an array do not count."""
    several: list[str] = []
    array, length = "", ""
    n = 0
    while n < len(part):
        token = part[n]
        if token.text in ("default", "=") and token.kind in ("word", "mark"):
            break
        if token.text == "(":
            length = part[n + 1].text if n + 1 < len(part) else ""
            n = closing(list(part), n)
        elif token.text == "[" or token == Token("word", "array"):
            array = "[]"
        elif token.text == "." and several:
            schema = several.pop()
            if n + 1 < len(part):
                name = draft.dialect.fold(part[n + 1])
                several.append(name if schema in ("public", "pg_catalog") else f"{schema}.{name}")
            n += 1
        elif token.text == "%":
            several.append("%")
        elif token.kind in ("word", "name") and not array:
            several.append(draft.dialect.fold(token))
        n += 1
    if len(several) > 1 and several[1] != "%" and not (several[0] in _OF_SEVERAL and several[1] in _SECOND):
        several = several[1:]
    text = " ".join(several)
    if text == "float" and length.isdigit() and int(length) < 25:
        text = "real"
    return _SAME_TYPE.get(text, text) + array


def use_types(draft: Draft, tokens: Sequence[Token]) -> None:
    """Everything in `tokens` that may be a type has to be there: also `t.c%TYPE`, and `t%ROWTYPE` or `t` for a row."""
    n = 0
    while n < len(tokens):
        if tokens[n].kind not in ("word", "name"):
            n += 1
            continue
        names = [draft.dialect.fold(tokens[n])]
        start, n = n, n + 1
        while n + 1 < len(tokens) and tokens[n].text == "." and tokens[n + 1].kind != "mark":
            names.append(draft.dialect.fold(tokens[n + 1]))
            n += 2
        followed = [token.text for token in tokens[n : n + 2]]
        if followed == ["%", "type"] and len(names) > 1:
            home = names[-3] if len(names) > 2 and names[-3] != "public" else ""
            draft.use_table((home, names[-2]))
            draft.use_columns((home, names[-2]), names[-1:])
            n += 2
        elif (kind := named_type(draft, list(tokens[start:n]))) is not None:
            draft.touch(("name", "type", kind), Mode.USE, Thing("type", shown_name(kind)), "uses")
            if followed == ["%", "rowtype"]:
                draft.use_table(kind)
                n += 2


def use_returned(draft: Draft, rest: Sequence[Token]) -> None:
    """The types behind RETURNS, `[SETOF] type` or `TABLE (name type, …)`; `rest` stands behind the arguments."""
    at = Cursor(list(rest))
    if not at.find("returns"):
        return
    if at.skip("table"):
        for part in parts(in_parentheses(at)):
            use_types(draft, part[1:])
        return
    at.skip("setof")
    end = next((n for n in range(at.at, len(rest)) if n > at.at and _begins_rest(rest, n)), len(rest))
    use_types(draft, rest[at.at : end])


def _begins_rest(rest: Sequence[Token], n: int) -> bool:
    """Whether the type that is returned ends before `n`: it is one name, with dots or a percent sign in it."""
    return rest[n].text not in (".", "%") and rest[n - 1].text not in (".", "%")


def use_declared(draft: Draft, body: Sequence[Token]) -> list[Token]:
    """The types of the variables that a body of PL/pgSQL declares, in each `DECLARE name [CONSTANT] type …; …`.

    Returns the tokens of these types.
    """
    inside, written = False, None
    found: list[Token] = []
    for n, token in enumerate(body):
        if token == Token("word", "declare"):
            inside, written = True, n + 2
        elif token == Token("word", "begin"):
            inside = False
        elif inside and token.text == ";":
            written = n + 2
        if not inside or written != n:
            continue
        declared = []
        for other in body[n:]:
            if other.text in (";", ":", "=") or (other.kind == "word" and other.text in _ENDS_DECLARATION):
                break
            if other != Token("word", "constant"):
                declared.append(other)
        use_types(draft, declared)
        found += declared
    return found
