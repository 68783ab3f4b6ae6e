"""What stands in the parentheses of a CREATE TABLE, and behind ADD: columns, keys, checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from drizzle_guard.light import NamedTuple
from drizzle_guard.sql.exact.effects import Effect, Facts
from drizzle_guard.sql.exact.numbers import sequence_facts
from drizzle_guard.sql.exact.pieces import PARENTHESES, Piece, Reader, by_commas
from drizzle_guard.sql.exact.spelling import is_serial, spell, spell_type

_AFTER_TYPE = frozenset(
    [
        *("constraint", "not", "null", "default", "primary", "unique", "references", "check", "collate", "generated"),
        *("as", "auto_increment", "autoincrement", "on", "comment", "key", "visible", "invisible", "stored", "virtual"),
        *("first", "after", "storage", "compression", "charset", "deferrable", "initially", "using"),
    ]
)
#: what MySQL may say of a column's letters; whether it knows them is not known here
_LETTERS = frozenset(["character", "charset", "collate", "binary", "ascii", "unicode", "zerofill"])
_AFTER_DEFAULT = _AFTER_TYPE - {"null"}
_TABLE_PARTS = ("constraint", "primary", "foreign", "unique", "check", "index", "key", "fulltext", "spatial", "exclude")


class Unread(Exception):
    """Something was said that is not understood."""


def in_part(made: Effect) -> Effect:
    """An effect of which something is said that no catalog is asked about (DEFERRABLE, INCLUDE): no proof of it."""
    return made._replace(sure=False, facts={**made.facts, "options": "not looked at"})


def elements(found: Sequence[Piece], schema: str, table: str, outer: Reader) -> Iterator[Effect]:
    """The columns and constraints of a new table.  Raises Unread, also for a comma too many."""
    if found and (found[0].key == "," or found[-1].key == ","):
        raise Unread
    for part in by_commas(found):
        at = Reader(part, outer.fold)
        first = at.peek()
        if first.kind == "word" and first.key in _TABLE_PARTS and not _is_column(at):
            made = constraint(at, schema, table)
            yield made if at.done or outer.fold.dialect != "postgresql" else in_part(made)
        else:
            yield from column(at, schema, table)


def _is_column(at: Reader) -> bool:
    """Whether a bare keyword is a column's name (`key text`): no keyword may stand before a type."""
    second = at.peek(1)
    if at.key in ("key", "index", "check"):
        after = at.peek(2)
        return at.key != "check" and second.kind == "word" and after.key != "(" and second.key not in ("using",)
    return False


def column(at: Reader, schema: str, table: str) -> Iterator[Effect]:
    """One column, and the constraints that are written beside it.  Raises Unread."""
    name = at.member()
    if name is None:
        raise Unread
    dialect = at.fold.dialect
    type_pieces: list[Piece] = []
    depth = 0
    while not at.done:
        piece = at.peek()
        if depth == 0 and piece.kind == "word" and piece.key in _AFTER_TYPE:
            break
        depth += PARENTHESES.get(piece.key, 0)
        type_pieces.append(piece)
        at.at += 1
    if dialect == "mysql" and at.key == "charset":
        at.take()
    facts: dict[str, str | None] = {}
    made: list[Effect] = []
    written = type_pieces[0].text if type_pieces else ""
    if type_pieces:
        facts["type"] = spell_type(tuple(type_pieces), dialect)
    elif dialect != "sqlite":
        raise Unread
    if dialect == "postgresql" and is_serial(written):
        facts |= {"not null": "yes", "default": "nextval"}
    if dialect == "mysql" and written.lower() == "serial":
        facts |= {"not null": "yes", "numbered": "yes"}
    if dialect == "sqlite":  # whose text tells that there is none
        facts |= {"collate": None, "numbered": None}
    sure = dialect != "mysql" or not _LETTERS & {at.key, *(piece.key for piece in type_pieces[1:])}
    sure = (at.done or _beside(at, schema, table, name, facts, made)) and sure
    risky = ""
    bare = facts.get("default") in (None, "null")
    if bare and facts.get("not null") and "computed" not in facts and not facts.get("numbered"):
        risky = "NOT NULL without a default"
    if not made:
        yield Effect("make", "column", schema, table, name, facts, risky=risky, sure=sure)
        return
    if any(e.kind in ("primary", "unique", "check", "foreign") or e.kind == "constraint" for e in made):
        risky = risky or "a constraint on a column of a table that may have rows"
    needs = tuple(n for e in made for n in e.needs)
    yield Effect("make", "column", schema, table, name, facts, needs=needs, risky=risky, sure=sure)
    yield from made


def _beside(at: Reader, schema: str, table: str, name: str, facts: dict[str, str | None], made: list[Effect]) -> bool:
    """The words behind a column's type, one after the other; whether all of them are told by what is made."""
    dialect = at.fold.dialect
    given = ""
    sure = True
    while not at.done:
        word = at.key
        if word == "constraint":
            at.take()
            given = at.member() or ""
        elif word == "not" and at.skip("not", "null"):
            _once(facts, "not null", "yes")
        elif word == "null":
            at.take()
            _once(facts, "not null", None)
        elif word == "default":
            at.take()
            if "default" in facts:
                raise Unread
            facts["default"] = spell(_expression(at), dialect)
        elif word == "primary" and at.skip("primary", "key"):
            at.skip_one("asc", "desc")
            if dialect != "sqlite":
                facts["not null"] = "yes"
            primary: Facts = {"columns": name}
            if dialect == "postgresql" and given:
                made.append(Effect("make", "constraint", schema, table, given, {"is": "primary", **primary}))
            else:
                made.append(Effect("make", "primary", schema, table, "", primary))
            given = ""
        elif word == "unique":
            at.take()
            at.skip("key")
            made.append(_unique(schema, table, given, name, at))
            given = ""
        elif word == "key":
            at.take()
            made.append(Effect("make", "primary", schema, table, "", {"columns": name}))
        elif word in ("auto_increment", "autoincrement"):
            at.take()
            sure = sure and not facts.get("numbered")  # behind `serial` MySQL takes it, MariaDB refuses it
            facts["numbered"] = "yes"
        elif word == "references":
            at.take()
            made.append(_reference(at, schema, table, given, [name]))
            given = ""
        elif word == "check":
            at.take()
            made.append(_check(at, schema, table, given))
            given = ""
        elif word in ("collate", "comment"):
            at.take()
            said = at.take()
            if word == "collate" and dialect == "sqlite":
                facts["collate"] = said.text.lower()
                continue
            if at.skip("."):
                at.take()
            sure = False
        elif word == "on" and at.skip("on", "update"):
            _expression(at)
            sure = False
        elif word in ("generated", "as"):
            at.skip("generated")
            _generated(at, facts)
        elif word in ("stored", "virtual", "visible", "invisible", "first"):
            at.take()
            sure = False
        elif word == "after":
            at.take()
            made.append(Effect("look", "place", schema, table, at.take().key))
        else:
            raise Unread
    return sure


def _once(facts: dict[str, str | None], fact: str, value: str | None) -> None:
    """A fact that is said; to say the contrary as well is an error, or overruled, as the database likes."""
    if facts.get(fact, value) != value:
        raise Unread
    facts[fact] = value


def _generated(at: Reader, facts: dict[str, str | None]) -> None:
    at.skip("always")
    by_default = at.skip("by", "default")
    at.skip("as")
    if at.skip("identity"):
        facts |= {"not null": "yes", "identity": "by default" if by_default else "always"}
        facts |= sequence_facts(Reader(at.group() or [], at.fold))
        return
    rule = at.group()
    if rule is None:
        raise Unread
    facts["computed"] = spell(rule, at.fold.dialect)
    facts["generated"] = "virtual" if at.skip_one("stored", "virtual", "persistent") in ("", "virtual") else "stored"


def _expression(at: Reader) -> list[Piece]:
    """A default's expression: up to the next word that begins something else."""
    taken: list[Piece] = []
    depth = 0
    while not at.done:
        piece = at.peek()
        if depth == 0 and taken and piece.kind == "word":
            following = piece.key in _AFTER_DEFAULT or (piece.key == "null" and taken[-1].key != "not")
            if following:
                break
        depth += PARENTHESES.get(piece.key, 0)
        taken.append(at.take())
    if not taken:
        raise Unread
    return taken


def constraint(at: Reader, schema: str, table: str) -> Effect:
    """A constraint or key of a table.  Raises Unread."""
    given = ""
    if at.skip("constraint"):
        if at.key in ("primary", "unique", "foreign", "check") and at.peek(1).key in ("key", "("):
            given = ""  # MySQL and SQLite allow the word alone
        else:
            given = at.member() or ""
    if at.skip("primary", "key"):
        if at.skip("using"):
            at.take()
        columns = _names(at)
        if at.fold.dialect == "postgresql" and given:
            facts: Facts = {"is": "primary", "columns": columns}
            return Effect("make", "constraint", schema, table, given, facts, risky="a primary key")
        return Effect("make", "primary", schema, table, "", {"columns": columns}, risky="a primary key")
    if at.skip("unique"):
        at.skip_one("key", "index")
        distinct = not at.skip("nulls", "not", "distinct")
        at.skip("nulls", "distinct")
        if at.key != "(":
            given = at.member() or given
        if at.skip("using"):
            at.take()
        made = _unique(schema, table, given, _names(at), at)
        return made if distinct else in_part(made)
    if at.skip("foreign", "key"):
        if at.key != "(":
            given = given or at.member() or ""
        own = _names(at).split(",")
        if not at.skip("references"):
            raise Unread
        return _reference(at, schema, table, given, own)
    if at.skip("check"):
        return _check(at, schema, table, given)
    if given and at.fold.dialect == "postgresql" and at.skip("exclude"):
        return _exclude(at, schema, table, given)
    special = at.skip_one("fulltext", "spatial") if at.fold.dialect == "mysql" else ""
    if at.fold.dialect == "mysql" and (at.skip_one("index", "key") or special):
        name = at.member() if at.key != "(" else ""
        if at.skip("using"):
            at.take()
        columns = _names(at)
        if not name:
            raise Unread
        more: Facts = {"unique": None, "columns": columns, "more": special or None}
        return Effect("make", "index", schema, table, name, more, sure=not special)
    raise Unread


def _names(at: Reader) -> str:
    """`("a", "b")` as `a,b`; an expression, a length or an order becomes `?`."""
    group = at.group()
    if group is None:
        raise Unread
    names = []
    for part in by_commas(group):
        inner = Reader(part, at.fold)
        name = inner.member()
        inner.skip_one("asc")
        names.append(name if name is not None and inner.done else "?")
    return ",".join(names)


class IndexColumns(NamedTuple):
    """The columns of an index, `?` for an expression, and their order (`desc,` is told of two, None of all by default).

    `told` is False where more is said of one: an operator class, a collation, a length.
    """

    names: str
    order: str | None
    told: bool


def index_columns(at: Reader) -> IndexColumns:
    """Read what stands in the parentheses of a CREATE INDEX.  Raises Unread."""
    group = at.group()
    if group is None:
        raise Unread
    names, orders, told = [], [], True
    for part in by_commas(group):
        inner = Reader(part, at.fold)
        name = inner.member()
        if name is None or inner.key in ("(", "."):
            names.append("?")
            orders.append("")
            continue
        names.append(name)
        if not inner.done and inner.key not in ("asc", "desc", "nulls"):
            told = False
        falls = inner.skip_one("asc", "desc") == "desc"
        nulls = inner.skip_one("first", "last") if at.fold.dialect == "postgresql" and inner.skip("nulls") else ""
        shown = "" if nulls in ("", "first" if falls else "last") else f"nulls {nulls}"
        orders.append(f"{'desc' if falls else ''} {shown}".strip())
        told = told and inner.done
    return IndexColumns(",".join(names), ",".join(orders) if any(orders) else None, told)


def _unique(schema: str, table: str, given: str, columns: str, at: Reader) -> Effect:
    risky = "a unique key"
    if given and at.fold.dialect == "mysql":
        facts: Facts = {"unique": "yes", "columns": columns, "more": None}
        return Effect("make", "index", schema, table, given, facts, risky=risky)
    if given and at.fold.dialect == "postgresql":
        return Effect("make", "constraint", schema, table, given, {"is": "unique", "columns": columns}, risky=risky)
    return Effect("make", "unique", schema, table, columns, {}, risky=risky)


def _check(at: Reader, schema: str, table: str, given: str) -> Effect:
    group = at.group()
    if group is None:
        raise Unread
    sure = not (at.skip("not", "enforced") or at.skip("no", "inherit"))
    not_valid = at.skip("not", "valid")
    rule = spell(group, at.fold.dialect)
    risky = "" if not_valid else "a check"
    validated = _validated(at, not_valid)
    if given:
        facts: Facts = {"is": "check", "expression": rule, **validated}
        made = Effect("make", "constraint", schema, table, given, facts, risky=risky)
    else:
        made = Effect("make", "check", schema, table, rule, validated, risky=risky)
    return made if sure else in_part(made)


def _exclude(at: Reader, schema: str, table: str, given: str) -> Effect:
    """PostgreSQL's EXCLUDE over plain columns; with an expression it goes with columns that are not told here."""
    if at.skip("using"):
        at.take()
    names = []
    for part in by_commas(at.group() or []):
        inner = Reader(part, at.fold)
        names.append(inner.member())
        if names[-1] is None or inner.key in ("(", ".") or "with" not in [piece.key for piece in part]:
            raise Unread
    if not names or at.key == "where":
        raise Unread
    facts = {"is": "exclude", "columns": ",".join(name or "" for name in names)}
    return in_part(Effect("make", "constraint", schema, table, given, facts, risky="an exclusion"))


def _validated(at: Reader, not_valid: bool) -> Facts:
    """That the rows were checked, where PostgreSQL's catalog tells it; NOT VALID may be made good later."""
    return {"validated": "yes"} if at.fold.dialect == "postgresql" and not not_valid else {}


def _reference(at: Reader, schema: str, table: str, given: str, columns: Sequence[str]) -> Effect:
    target = at.object()
    if target is None:
        raise Unread
    there = _names(at) if at.key == "(" else ""
    actions = {"on delete": "no action", "on update": "no action"}
    not_valid, sure = False, True
    while not at.done:
        if at.skip("on", "delete"):
            actions["on delete"] = _action(at)
        elif at.skip("on", "update"):
            actions["on update"] = _action(at)
        elif at.skip("match"):
            at.take()
            sure = False
        elif at.skip("not", "valid"):
            not_valid = True
        elif at.skip("not", "deferrable"):
            continue
        elif at.skip("deferrable") or at.skip("initially", "deferred") or at.skip("initially", "immediate"):
            sure = False
        else:
            break
    there = f"({there})" if there else ""
    where = {"in schema": target[0]} if target[0] and at.fold.dialect == "postgresql" else {}
    more: Facts = {**actions, **where, **_validated(at, not_valid)}
    facts: Facts = {"columns": ",".join(columns), "target": target[1] + there, **more}
    risky = "" if not_valid else "a foreign key"
    if given and at.fold.dialect != "sqlite":
        facts = {"is": "foreign", **facts}
        made = Effect("make", "constraint", schema, table, given, facts, needs=(target,), risky=risky)
        return made if sure else in_part(made)
    member = f"{','.join(columns)}->{target[1]}"
    made = Effect("make", "foreign", schema, table, member, more, needs=(target,), risky=risky)
    return made if sure else in_part(made)


def _action(at: Reader) -> str:
    first = at.take().key
    return f"{first} {at.take().key}" if first in ("set", "no") else first
