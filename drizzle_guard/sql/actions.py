"""One thing that an SQL statement does to one object."""

from __future__ import annotations

from drizzle_guard.light import NamedTuple

#: verbs: create, drop, alter (an attribute of it), data (rows only)
Key = tuple[str, ...]  # (kind, name…), lower case: ("column", "users", "age"), ("index", "users_email_idx")


class Action(NamedTuple):
    """One thing that a statement does.

    `name` is in lower case without quotes: (table,), (table, column), (type, value).  `schema` is "" for public.
    `guarded` says that it does nothing where there is nothing to do (IF [NOT] EXISTS, OR REPLACE, a DO block).
    `on` is the table of an index, policy or trigger; `detail` the attribute that an `alter` sets, or `primary key`
    for a constraint of which a table can have one only.
    """

    verb: str
    kind: str
    name: tuple[str, ...]
    schema: str = ""
    guarded: bool = False
    on: str = ""
    detail: str = ""

    @property
    def key(self) -> Key:
        return (self.kind, *([f"{self.schema}.{self.name[0]}", *self.name[1:]] if self.schema else self.name))

    @property
    def table(self) -> str:
        """The table whose structure this touches; "" if none."""
        if self.kind in ("table", "column", "constraint"):
            return self.key[1]
        return self.on
