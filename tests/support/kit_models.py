"""What a random schema.ts says, how somebody edits it, and what two such edits make together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

TABLES = ("users", "posts", "tags")
COLUMNS = ("age", "kind", "note", "size")
TYPES = (
    "int",
    "int! =3",
    "varchar(20)",
    "varchar(20)! ='a'",
    "varchar(20) unique",
    "int ->users.id",
    "int ->posts.id",
    "role",
)
"""No two are the same to a database (SQLite has one kind of whole number), and drizzle-kit writes all of each.

For SQLite it forgets the ON DELETE of a column that it adds.
"""
ROLES = ("admin", "guest")
MORE_ROLES = ("owner", "reader", "writer")

T = TypeVar("T")


class Model(NamedTuple):
    """What schema.ts says, as `write_schema` takes it; `roles` are the values of the enum `role`."""

    tables: dict[str, dict[str, str]]
    indexes: dict[str, str]
    roles: tuple[str, ...] = ROLES


def target(specification: str) -> str:
    """The table that a column refers to, or ''."""
    _, arrow, place = specification.partition("->")
    return place.partition(".")[0] if arrow else ""


def _referred(tables: dict[str, dict[str, str]]) -> set[str]:
    return {target(words) for columns in tables.values() for words in columns.values()}


@st.composite
def edited(draw: DrawFn, start: Model, dialect: str) -> Model:
    """One change of one table or enum, so that drizzle-kit has no renaming to ask about."""
    tables = {name: dict(columns) for name, columns in start.tables.items()}
    indexes, roles = dict(start.indexes), start.roles
    name = draw(st.sampled_from(TABLES))
    kinds = [words for words in TYPES if not target(words) or target(words) in (set(tables) - {name})]
    if name not in tables:
        tables[name] = {"id": "pk", draw(st.sampled_from(COLUMNS)): draw(st.sampled_from(kinds))}
        return Model(tables, indexes, roles)
    columns = tables[name]
    there = [column for column in columns if column != "id"]
    missing = [column for column in COLUMNS if column not in columns]
    kind = draw(st.sampled_from(["add", "add", "index", "type", "default", "lose", "drop", "unindex", "role"]))
    if kind == "add" and missing:
        columns[draw(st.sampled_from(missing))] = draw(st.sampled_from(kinds))
    elif kind == "type" and (numbers := [column for column in there if columns[column] in ("int", "int! =3")]):
        columns[draw(st.sampled_from(numbers))] = "varchar(20)"  # the other way PostgreSQL asks for USING
    elif kind == "default" and (plain := [column for column in there if columns[column] == "int"]):
        columns[draw(st.sampled_from(plain))] = "int =7"
    elif kind == "index" and there:
        column = draw(st.sampled_from(there))
        unique = draw(st.sampled_from(["", "", "unique "]))
        indexes.setdefault(f"{name}_{column}", f"{unique}{name}.{column}")
    elif kind == "unindex" and (mine := [i for i in indexes if i.startswith(f"{name}_")]):
        del indexes[draw(st.sampled_from(mine))]
    elif kind == "drop" and len(tables) > 1 and name not in _referred(tables):
        del tables[name]
        indexes = {i: on for i, on in indexes.items() if not i.startswith(f"{name}_")}
    elif kind == "lose" and there:
        column = draw(st.sampled_from(there))
        del columns[column]
        indexes.pop(f"{name}_{column}", None)
    elif kind == "role" and (new := [role for role in MORE_ROLES if role not in roles]) and dialect == "postgresql":
        roles = (*roles, draw(st.sampled_from(new)))
    return Model(tables, indexes, roles)


def merged(base: Model, main: Model, own: Model) -> Model | None:
    """What both sides want, the mainline's first; None where they want different things of one column or table."""
    try:
        tables = {}
        for name in TABLES:
            sides = [model.tables.get(name) for model in (base, main, own)]
            found = _chosen(sides, _columns)
            if found is not None:
                tables[name] = found
        indexes = {}
        for name in {**base.indexes, **main.indexes, **own.indexes}:
            index = _chosen([model.indexes.get(name) for model in (base, main, own)])
            if index is not None:
                indexes[name] = index
    except ValueError:
        return None
    there = {f"{name}.{column}" for name, columns in tables.items() for column in columns}
    if _referred(tables) - {"", *tables} or {on.removeprefix("unique ") for on in indexes.values()} - there:
        return None
    new = [role for role in own.roles if role not in main.roles]
    return Model(tables, indexes, (*main.roles, *new))


def _chosen(sides: Sequence[T | None], within: Callable[[T, T, T], T] | None = None) -> T | None:
    """What base, mainline and own branch make of one thing; ValueError where the two want different things."""
    was, one, other = sides
    if one == other or other == was:
        return one
    if one == was:
        return other
    if within is None or was is None or one is None or other is None:
        raise ValueError
    return within(was, one, other)


def _columns(was: dict[str, str], one: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    found = {}
    for column in ("id", *COLUMNS):
        words = _chosen([side.get(column) for side in (was, one, other)])
        if words is not None:
            found[column] = words
    return found
