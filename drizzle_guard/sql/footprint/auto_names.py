"""The names that a database gives to what has none: an index, key, check or foreign key without a name.

A name that is taken is no fault then (the database counts on), so two without a name pass each other.  One that is
named may meet a name that was given already: that is in the way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from drizzle_guard.sql.alter import parts
from drizzle_guard.sql.footprint.dialect import Name
from drizzle_guard.sql.footprint.draft import Draft
from drizzle_guard.sql.footprint.touch import Mode, Thing, only
from drizzle_guard.sql.tokens import Token


def give_index(draft: Draft, table: Name, over: Sequence[Token]) -> None:
    """An index without a name, over what stands in its parenthesis: `t_a_b_idx`, in MySQL `a`."""
    words = _members(draft, over)
    if draft.dialect.is_mysql:
        draft.of(table, "index", Mode.ADD, only(words[0]), verb="creates", kind="index")
    elif draft.dialect.kind == "postgresql":
        draft.name("index", (table[0], "_".join([table[1], *words, "idx"])), "creates", mode=Mode.ADD)


def give_copies(draft: Draft, table: Name, model: Name) -> None:
    """The keys and indexes of another table, copied by LIKE … INCLUDING INDEXES: PostgreSQL names them anew."""
    known = draft.known.tables.get(model)
    if known is None or draft.dialect.kind != "postgresql":
        return
    names: set[tuple[str, ...]] = {("pkey",) for one in known.constraints.values() if one.kind == "primary"}
    names |= {(*sorted(one.columns), "key") for one in known.constraints.values() if one.kind == "unique"}
    names |= {(*sorted(one.columns), "idx") for one in draft.known.indexes.values() if one.table == model}
    for parts_of in sorted(names):
        draft.name("index", (table[0], "_".join([table[1], *parts_of])), "creates", mode=Mode.ADD)


def give_constraint(draft: Draft, table: Name, kind: str, columns: Sequence[str]) -> None:
    """A check or foreign key without a name: `t_a_check`, `t_a_fkey`; in MySQL one that is counted."""
    if draft.dialect.kind == "postgresql":
        named = columns if kind == "fkey" or len(columns) == 1 else ()
        own = "_".join([table[1], *named, kind])
        draft.of(table, "constraint", Mode.ADD, only(own), verb="creates", kind="constraint")
    elif draft.dialect.is_mysql:
        draft.touch(_counted(table, kind), Mode.ADD, Thing("constraint", f"{table[1]}_{kind}"), "creates")


def may_be_given(draft: Draft, table: Name, kind: str, name: str) -> None:
    """A check or foreign key of MySQL that is named as the database would name one."""
    counted = rf"{re.escape(table[1])}_ibfk_\d+" if kind == "fkey" else rf"constraint_\d+|{re.escape(table[1])}_chk_\d+"
    if draft.dialect.is_mysql and re.fullmatch(counted, name):
        draft.touch(_counted(table, kind), Mode.CHANGE, Thing("constraint", name), "creates")


def _counted(table: Name, kind: str) -> tuple[object, ...]:
    return ("counted", kind, table)


def _members(draft: Draft, over: Sequence[Token]) -> list[str]:
    """What an index is over, as its name says it: a column, the function of an expression, else `expr`."""
    found = []
    for part in parts(list(over)):
        plain = bool(part) and part[0].kind != "mark"
        found.append(draft.dialect.fold(part[0]) if plain else "expr")
    return found or ["expr"]
