"""What goes along with what is dropped, though nothing names it: indexes of a column, and all that CASCADE takes."""

from __future__ import annotations

from collections.abc import Iterator

from drizzle_guard.sql.footprint.dialect import Name
from drizzle_guard.sql.footprint.draft import Draft
from drizzle_guard.sql.footprint.known import Table
from drizzle_guard.sql.footprint.touch import Members, Mode, only


def with_relation(draft: Draft, name: Name) -> None:
    """CASCADE behind a table or view: views over it, and foreign keys that refer to it."""
    for view, found in list(draft.known.views.items()):
        if name in found.tables and view != name:
            _drop_view(draft, view)
    with_key(draft, name, None)


def with_key(draft: Draft, table: Name, columns: frozenset[str] | None) -> None:
    """CASCADE behind a unique key (`columns` None: behind all keys of a table): foreign keys that refer to it."""
    for key in draft.known.children(table):
        if key.child != table and (columns is None or not key.parent_columns or key.parent_columns == columns):
            name = key.name or "_".join([key.child[1], *sorted(key.columns), "fkey"])
            draft.of(key.child, "constraint", Mode.CHANGE, only(name), verb="drops", kind="constraint")


def with_column(draft: Draft, table: Name, column: str, *, cascade: bool) -> None:
    """The indexes and constraints over a column that is dropped; with CASCADE views and foreign keys, too.

    MySQL takes a column out of an index that has others (and then asks whether the rest is unique).
    """
    known = draft.known
    for place, index in list(known.indexes.items()):
        if index.table != table or column not in index.columns:
            continue
        name = place[1].rpartition(".")[2] if not draft.dialect.is_mysql else place[1]
        if draft.dialect.kind == "postgresql":
            draft.name("index", (table[0], name), "drops")
            del known.indexes[place]
        elif draft.dialect.is_mysql and index.columns == {column}:
            draft.of(table, "index", Mode.CHANGE, only(name), verb="drops", kind="index")
            del known.indexes[place]
    if draft.dialect.kind != "postgresql":
        return
    constraints = (known.tables.get(table) or Table()).constraints
    for name, constraint in list(constraints.items()):
        if column in constraint.columns and " " not in name:  # else it is one that the database named
            draft.of(table, "constraint", Mode.CHANGE, only(name), verb="drops", kind="constraint")
            if constraint.kind in ("primary", "unique"):
                draft.name("index", (table[0], name), "drops")
            if cascade and constraint.kind in ("primary", "unique"):
                with_key(draft, table, constraint.columns)
            del constraints[name]
    for view, found in list(known.views.items()) if cascade else ():
        if table in found.tables and (column in found.words or table in found.starred):
            _drop_view(draft, view)


def with_type(draft: Draft, kind: Name) -> None:
    """CASCADE behind a type: the columns of it."""
    for table, columns in columns_of(draft, kind):
        for column in sorted(columns.names):
            draft.of(table, "column", Mode.CHANGE, only(column), verb="drops")


def with_function(draft: Draft, function: Name) -> None:
    """CASCADE behind a function: triggers that run it, and views that call it."""
    for table, triggers in draft.known.triggers.items():
        for name, trigger in triggers.items():
            if trigger.function == function:
                draft.of(table, "trigger", Mode.CHANGE, only(name), verb="drops", kind="trigger")
    for view, found in list(draft.known.views.items()):
        if function in found.functions:
            _drop_view(draft, view)


def with_schema(draft: Draft, schema: str) -> None:
    """CASCADE behind a schema: what stands elsewhere and needs a table, view, function or type of it."""
    known = draft.known
    for relation in [name for name in (*known.tables, *known.views) if name[0] == schema]:
        with_relation(draft, relation)
    for function in [name for name in known.functions if name[0] == schema]:
        with_function(draft, function)
    for table, found in known.tables.items():
        for name, column in found.columns.items():
            if table[0] != schema and column.named is not None and column.named[0] == schema:
                draft.of(table, "column", Mode.CHANGE, only(name), verb="drops")


def columns_of(draft: Draft, kind: Name) -> Iterator[tuple[Name, Members]]:
    """The columns of an enum, domain or composite type, by table."""
    for table, found in draft.known.tables.items():
        columns = [n for n, column in found.columns.items() if column.named == kind or column.type == kind[1]]
        if columns:
            yield table, Members(frozenset(columns))


def _drop_view(draft: Draft, view: Name) -> None:
    draft.name("view", view, "drops")
    if draft.known.views.pop(view, None) is not None:
        with_relation(draft, view)
