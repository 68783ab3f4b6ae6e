"""What happens to a table as a whole: it is renamed, moved, attached, made after another one; its settings."""

from __future__ import annotations

from collections.abc import Sequence

from drizzle_guard.sql.footprint.columns import one_name, qualified
from drizzle_guard.sql.footprint.dialect import Name
from drizzle_guard.sql.footprint.draft import Draft
from drizzle_guard.sql.footprint.known import Table
from drizzle_guard.sql.footprint.mentions import Mentions, unquoted
from drizzle_guard.sql.footprint.touch import ALL, SOUND, Mode, Thing, only, shown_name
from drizzle_guard.sql.tokens import Cursor, Token, words


def needs_soundness(draft: Draft, table: Name) -> None:
    if draft.dialect.is_sqlite:
        draft.touch(SOUND, Mode.USE, Thing("table", shown_name(table)), "changes")


def made_like(draft: Draft, model: Name) -> None:
    """A table made after another one's pattern depends on all of its structure."""
    draft.use_table(model)
    draft.of(model, "structure", Mode.USE, verb="copies")
    draft.of(model, "shape", Mode.USE, verb="copies")
    draft.of(model, "column", Mode.USE, verb="copies")
    draft.of(model, "type", Mode.USE, verb="copies")


def touch_sequences(draft: Draft, table: Name, column: str, verb: str, home: str | None = None) -> None:
    """PostgreSQL: the sequences of a column go where it goes; `home`: the schema in which it is to be found there."""
    if draft.dialect.kind != "postgresql":
        return
    found = (draft.known.tables.get(table) or Table()).columns.get(column)
    owned = [name for name, owner in draft.known.owned.items() if owner == (table, column)]
    if found is not None and found.filled:
        owned.append((table[0], f"{table[1]}_{column}_seq"))
    for name in dict.fromkeys(owned):
        draft.name("sequence", name if home is None else (home, name[1]), verb)


def rename_table(draft: Draft, old: Name, new: Name) -> None:
    """A table under another name (or in another schema): gone for all who know the old one."""
    for verb, name in (("drops", old), ("creates", new)):
        draft.name("table", name, verb)
        if draft.dialect.kind == "postgresql":
            draft.name("table", name, verb, space="type")
    draft.of(old, "anew", Mode.CHANGE, verb="drops")
    needs_soundness(draft, old)
    if draft.dialect.is_sqlite:  # it writes the new name into views and triggers
        draft.known.rename_in_bodies(old, new)
    draft.known.rename_table(old, new)


def _move(draft: Draft, table: Name, home: str) -> None:
    """Into another schema: the indexes, keys and sequences of a table go along."""
    known = draft.known.tables.get(table) or Table()
    along = {key[1].rpartition(".")[2] for key, index in draft.known.indexes.items() if index.table == table}
    along |= {name for name, constraint in known.constraints.items() if constraint.kind in ("primary", "unique")}
    for name in sorted(along):
        draft.name("index", (table[0], name), "drops")
        draft.name("index", (home, name), "creates")
    for column in known.columns:
        touch_sequences(draft, table, column, "drops")
        touch_sequences(draft, table, column, "creates", home)
    rename_table(draft, table, (home, table[1]))


_SETTINGS = words("engine auto_increment comment default charset character row_format owner set reset replica")


def other_action(draft: Draft, table: Name, verb: str, at: Cursor) -> None:
    """The rarer actions of ALTER TABLE; what is not known changes the whole table."""
    rest = [t.text for t in at.rest()]
    shown = Thing("table", shown_name(table))
    if verb in ("enable", "disable", "force", "no") and "security" in rest:
        draft.touch(("row security", table, "force" in (verb, *rest)), Mode.CHANGE, shown, "changes")
        draft.twice = True
        if "force" in (verb, *rest):
            draft.of(table, "triggers", Mode.ADD)
    elif verb in ("enable", "disable"):
        draft.of(table, "triggers", Mode.ADD)
        draft.touch(("switches", table), Mode.CHANGE, shown, "changes")
        if "trigger" in rest:  # ALL and USER are those that stand
            named = draft.dialect.fold(at.tokens[-1])
            every = at.tokens[-1].kind == "word" and named in ("all", "user")
            draft.of(table, "trigger", Mode.CHANGE, ALL if every else only(named), kind="trigger")
        draft.twice = True
    elif verb == "set" and at.skip("schema"):
        home = one_name(draft, at)
        _move(draft, table, "" if home == "public" else home)
    elif verb in ("attach", "detach") and at.skip("partition"):
        part = qualified(draft, at)
        draft.use_table(part)
        draft.known.parts[part] = table
        draft.known.kin[part] = frozenset({table})
        touch_bounds(draft, table, at.rest() if verb == "attach" else [])
        for one in (table, part):
            draft.of(one, "shape", Mode.USE)
            draft.of(one, "structure", Mode.USE)
            draft.of(one, "type", Mode.USE)
        if verb == "attach":
            draft.limits(part)
        draft.of(part, "parts", Mode.CHANGE)
        draft.of(table, "rows", Mode.ADD)
        draft.use("table", table, "changes")  # the parent itself stays as it is
        return
    elif verb == "inherit" or (verb == "no" and at.skip("inherit")):
        parent = qualified(draft, at)
        made_like(draft, parent)
        for aspect in ("parts", "rows"):  # rows come and go
            draft.of(parent, aspect, Mode.ADD)
        draft.known.kin[table] = draft.known.kin.get(table, frozenset()) | {parent}
    elif verb == "owner" and at.skip("to"):
        draft.touch(("owner", table), Mode.CHANGE, shown, "changes")
        draft.use("role", ("", one_name(draft, at)))
        draft.twice = True
    elif verb == "cluster" or (verb == "replica" and "index" in rest):
        draft.touch(("clustered", table, verb), Mode.CHANGE, shown, "changes")
        draft.use("index", (table[0], draft.dialect.fold(at.tokens[-1])))
        if verb == "replica":  # its columns have to be NOT NULL
            draft.of(table, "null", Mode.USE)
    elif verb == "validate":
        draft.of(table, "constraint", Mode.USE, only(draft.dialect.fold(at.tokens[-1])), verb="uses", kind="constraint")
        draft.limits(table)
        draft.twice = True
    elif draft.dialect.is_mysql and verb in ("algorithm", "lock"):
        pass  # how it is done, not what
    elif verb == "convert":
        for aspect in ("type", "cells"):
            draft.of(table, aspect, Mode.CHANGE)
    elif verb in _SETTINGS:
        which = [word.removeprefix("un") if word == "unlogged" else word for word in rest[:1]]
        draft.touch(("setting", table, verb, *which), Mode.CHANGE, shown, "changes")
        if verb == "auto_increment":
            draft.of(table, "rows", Mode.USE, verb="sets the counter of")
        draft.twice = True
    else:
        draft.touch(("name", "relation", table), Mode.CHANGE, shown, "changes")
        draft.mention(Mentions(at.rest(), draft.dialect))
    draft.alters(table)


def touch_bounds(draft: Draft, parent: Name, tokens: Sequence[Token]) -> None:
    """A partition of a table; two pass each other where their bounds are provably apart."""
    text = " ".join(t.text for t in tokens)
    strings = [unquoted(t.text) for t in tokens if t.kind == "string"]
    for column in (draft.known.tables.get(parent) or Table()).columns.values():
        if column.named is not None and strings:
            draft.values(column.named, strings)
    draft.touch(("parts", parent), Mode.CHANGE, Thing("partition", text, shown_name(parent)), "changes")
