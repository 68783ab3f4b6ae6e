"""The touches of one statement while it is being read, and the words in which every reader says what it saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from drizzle_guard.sql.footprint.dialect import Dialect, Name
from drizzle_guard.sql.footprint.known import ForeignKey, Known, index_key
from drizzle_guard.sql.footprint.mentions import Mentions
from drizzle_guard.sql.footprint.touch import ALL, Key, Members, Mode, Thing, Touch, only, shown_name
from drizzle_guard.sql.tokens import Token, words

ANY: Name = ("*", "*")  # some table that the text does not name
#: functions of the databases that change nothing and always mean the same
BUILT_IN = words(
    "count sum min max avg coalesce nullif greatest least now lower upper length char_length concat concat_ws "
    "substr substring trim ltrim rtrim replace round floor ceil ceiling abs mod power sqrt sign random "
    "gen_random_uuid uuid uuidv7 to_char to_date to_timestamp to_number date_trunc date_part extract age "
    "make_interval make_date date time datetime strftime julianday unixepoch date_add date_sub date_format "
    "from_unixtime unix_timestamp curdate curtime json_build_object jsonb_build_object json_build_array "
    "jsonb_build_array json_agg jsonb_agg to_json to_jsonb json_object json_array json_extract json_set jsonb_set "
    "jsonb_array_elements jsonb_array_elements_text json_array_elements jsonb_each jsonb_each_text jsonb_typeof "
    "jsonb_object_keys json_each json_group_array json_group_object row_to_json array_agg string_agg group_concat "
    "array_append array_remove array_length cardinality unnest array_to_string string_to_array split_part "
    "regexp_replace regexp_matches regexp_match left right lpad rpad md5 sha256 encode decode hex unhex lower_inc "
    "row_number rank dense_rank lag lead first_value last_value ntile generate_series cast convert ifnull iif if "
    "isnull typeof instr printf format quote_ident quote_literal to_tsvector to_tsquery plainto_tsquery "
    "websearch_to_tsquery setweight ts_rank current_setting current_database current_schema version pg_typeof "
    "btrim chr ascii translate to_hex gen_salt crypt digest hashtext jsonb_strip_nulls jsonb_build_array "
    "jsonb_path_query jsonb_insert jsonb_array_length json_array_length array_position array_agg array_cat "
    "array_prepend array_to_json num_nonnulls num_nulls string_agg regexp_match regexp_split_to_array "
    "regexp_split_to_table regexp_count regexp_like regexp_instr regexp_substr concat_ws pg_typeof initcap reverse "
    "repeat position overlay strpos starts_with any_value bool_and bool_or every clock_timestamp "
    "statement_timestamp transaction_timestamp timeofday last_insert_rowid changes total values isfinite nextval "
    "currval lastval pg_get_serial_sequence to_regclass numeric decimal varchar char text int integer bigint "
    "smallint real double float boolean timestamp timestamptz interval json jsonb bit varbit enum vector datetime "
    "binary varbinary tinyint mediumint tinytext mediumtext longtext blob year uuid_generate_v4 randomblob char"
)


#: of those, what may name a text search configuration in a string
_TEXT_SEARCH = words("to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_headline")
#: of those, what an extension of PostgreSQL brings along (pgcrypto, uuid-ossp)
_OF_EXTENSIONS = words("gen_salt crypt digest uuid_generate_v4")


class Draft:
    """What the statement in hand touches so far."""

    def __init__(self, dialect: Dialect, known: Known) -> None:
        self.dialect, self.known = dialect, known
        self.touches: list[Touch] = []
        self.twice = False  # running it again does nothing
        self.guarded = False
        self.words: set[str] = set()  # of what is not understood
        self.unbounded = ""
        self.conditional = False  # it minds itself whether there is something to do
        self.in_block = False  # SELECT … INTO fills a variable
        self._seen: set[tuple[str, Name]] = set()

    # --- one touch -------------------------------------------------------------------------------

    def touch(self, key: Key, mode: Mode, thing: Thing, verb: str, members: Members = ALL) -> None:
        if isinstance(key[-1], tuple) and "*" in key[-1]:
            key = (*key[:-1], ANY)
        if "*" in members.names:
            members = ALL
        self.touches.append(Touch(key, mode, thing, verb, members))

    def name(self, kind: str, name: Name, verb: str, *, mode: Mode = Mode.CHANGE, space: str = "") -> None:
        """An object by its name; creating, dropping and renaming change what the name stands for."""
        key = ("name", space or self.dialect.relation(kind), name)
        self.touch(key, mode, Thing(kind, shown_name(name)), verb)
        if name[0] and kind != "schema":
            self.use("schema", ("", name[0]))
            if mode is Mode.CHANGE and verb == "creates":
                self.touch(("contents", name[0]), Mode.ADD, Thing(kind, shown_name(name)), verb)
        elif mode is Mode.CHANGE and verb == "creates":
            self.touch(("contents", ""), Mode.ADD, Thing(kind, shown_name(name)), verb)

    def use(self, kind: str, name: Name, verb: str = "uses") -> None:
        self.name(kind, name, verb, mode=Mode.USE)

    def of(
        self,
        table: Name,
        aspect: str,
        mode: Mode,
        members: Members = ALL,
        *,
        verb: str = "changes",
        kind: str = "column",
    ) -> None:
        """An aspect of a table; the message names the one column (constraint, policy …) that it is about."""
        shown = shown_name(table)
        one = next(iter(members.names)) if len(members.names) == 1 and not members.but else ""
        thing = Thing(kind, one, shown) if one else Thing("table", shown)
        self.touch((aspect, table), mode, thing, verb, members)

    # --- tables and columns ----------------------------------------------------------------------

    def use_table(self, table: Name, verb: str = "uses") -> None:
        """The table has to be there; what a view reads is read with it."""
        if (verb, table) in self._seen:
            return
        self._seen.add((verb, table))
        self.use("table", table, verb)
        view = self.known.views.get(table)
        if view is not None:
            self.mention(view, rows=False)

    def use_columns(self, table: Name, columns: Iterable[str], verb: str = "uses") -> None:
        """Columns have to be there and of their type."""
        names = Members(frozenset(columns))
        if names.names:
            self.of(table, "column", Mode.USE, names, verb=verb)
            self.of(table, "type", Mode.USE, names, verb=verb)

    def alters(self, table: Name, verb: str = "changes") -> None:
        """Something of the table's structure changes."""
        self.of(table, "structure", Mode.ADD, verb=verb)
        self.use("table", table, verb)

    def limits(self, table: Name, columns: Iterable[str] | None = None, *, unique: bool = False) -> None:
        """A rule is made that rows have to keep; `columns`: those that it looks at (None: all).

        Columns that this side added itself are empty, or full of their default, in the other side's rows; only a unique
        key can then be broken, by a default.
        """
        new = self.known.grown.get(table, {})
        columns = None if columns is None else frozenset(columns)
        if columns and all(c in new and not (unique and new[c]) for c in columns):
            return
        self.of(table, "fresh", Mode.USE, verb="makes a rule for")
        members = ALL if columns is None else Members(self._with_sources(table, columns))
        self.of(table, "cells", Mode.USE, members, verb="makes a rule for")

    def _with_sources(self, table: Name, columns: Iterable[str]) -> frozenset[str]:
        """Columns, and those that generated ones among them are made of."""
        known = self.known.tables.get(table)
        names = frozenset(columns)
        found = [known.columns[name].made_of for name in names if name in known.columns] if known else []
        return names.union(*found)

    # --- expressions and queries -----------------------------------------------------------------

    def mention(
        self,
        found: Mentions,
        home: Name | None = None,
        *,
        rows: bool = False,
        definition: bool = False,
        verb: str = "uses",
    ) -> None:
        """All that an expression or query names.

        `home` is the table whose columns it may name without saying so; `rows` says that rows are read now;
        `definition` that it is kept (a view, trigger, check), so that what it names must stay as it is.
        """
        for table in found.tables:
            self.use_table(table, verb)
            if found.parted:
                self.of(table, "parts", Mode.USE, verb=verb)
        for table in dict.fromkeys([*found.tables, *([home] if home else [])]):
            words = found.words
            self.use_columns(table, words, verb)
            self._literals_of(table, words, found.strings)
            if table in found.starred and not (
                definition and self.dialect.is_sqlite
            ):  # SQLite spells `*` out at each use
                self.of(table, "shape", Mode.USE, verb=verb)
                if definition:
                    self.of(table, "type", Mode.USE, verb=verb)
            if definition and table != home:
                self.of(table, "anew", Mode.USE, verb=verb)
            if rows:
                self.of(table, "rows", Mode.USE, verb="reads rows of")
                cells = ALL if table in found.starred else Members(self._with_sources(table, words))
                self.of(table, "cells", Mode.USE, cells, verb="reads rows of")
                if table[0] in ("information_schema", "pg_catalog") or table[1].startswith("pg_"):
                    self._catalogue(found)
                if table in self.known.views and ("rows", table) not in self._seen:
                    self._seen.add(("rows", table))
                    self.mention(self.known.views[table], rows=True)
        for kind in found.types:
            self.use_type(kind, found.strings)
        for collation in found.collations if self.dialect.is_postgres else ():
            self.use("collation", collation)
        for index in found.indexes:
            if self.dialect.is_mysql:
                for table in found.tables or ([home] if home else ()):
                    self.of(table, "index", Mode.USE, only(index), verb="uses", kind="index")
            else:
                self.use("index", ("", index))
        for function in found.functions:
            self.use_function(function)
            if function[1] in ("nextval", "currval", "setval", "pg_get_serial_sequence", "to_regclass"):
                for text in found.strings:
                    self.use_relation_in(text)
            elif function[1] in _TEXT_SEARCH:
                for text in found.strings:
                    self.use("configuration", ("", text.rpartition(".")[2]))
        if found.operators:
            self.touch(("extensions",), Mode.USE, Thing("extension", "?"), "uses")

    def _catalogue(self, found: Mentions) -> None:
        """What the database says of itself is read: all objects that there are, or of those that are named."""
        if not found.strings:
            self.touch(("contents", ""), Mode.USE, Thing("schema", "public"), "goes through")
        for table in self.known.tables:
            if table[1] in found.strings:
                self.of(table, "structure", Mode.USE, verb="goes through")

    def _literals_of(self, table: Name, words: Iterable[str], strings: Iterable[str]) -> None:
        known = self.known.tables.get(table)
        if known is None:
            return
        for word in words:
            column = known.columns.get(word)
            if column is not None and column.named is not None:
                self.values(column.named, strings)

    def values(self, kind: Name, strings: Iterable[str]) -> None:
        """These are values of a type, if they are values at all."""
        strings = list(strings)
        listed = [text for text in strings if text.startswith("{") and text.endswith("}")]  # an array of them
        names = Members(frozenset([*strings, *(v.strip(' "') for text in listed for v in text[1:-1].split(","))]))
        if names.names:
            self.touch(("values", kind), Mode.USE, Thing("type", shown_name(kind)), "uses", names)

    def use_type(self, kind: Name, strings: Iterable[str] = ()) -> None:
        """A named type has to be there, with these values of it."""
        if not kind[0] and kind[1] in _BUILT_IN_TYPES:
            return
        if kind == ("", "regclass"):
            for text in strings:
                self.use_relation_in(text)
            return
        self.use("type", kind)
        self.touch(("extensions",), Mode.USE, Thing("extension", "?"), "uses")
        self.values(kind, strings)

    def use_relation_in(self, text: str) -> None:
        """A relation that is named in a string: `'posts_id_seq'` goes with its table `posts`."""
        schema, _, name = text.replace('"', "").rpartition(".")
        schema = "" if schema == "public" else schema
        self.use("sequence", (schema, name))
        parts = name.split("_")
        for n in range(1, len(parts)):
            self.use("table", (schema, "_".join(parts[:n])))

    def sets_counter_of(self, sequence: str) -> None:
        """The sequence of a column starts elsewhere: the rows that are added with it get other keys."""
        parts = sequence.split("_")
        names = {"_".join(parts[:n]) for n in range(1, len(parts))}
        for table in self.known.tables:
            if table[1] in names:
                self.of(table, "rows", Mode.USE, verb="sets the counter of")

    def use_function(self, function: Name) -> None:
        if not function[0] and function[1] in _OF_EXTENSIONS:
            self.touch(("extensions",), Mode.USE, Thing("extension", "?"), "uses")
        if not function[0] and function[1] in BUILT_IN and function not in self.known.functions:
            return
        self.touch(("function", function), Mode.USE, Thing("function", shown_name(function)), "uses")
        if ("function", function) not in self._seen:
            self._seen.add(("function", function))
            for called in Mentions(self.known.functions.get(function, ()), self.dialect).functions:
                self.use_function(called)
        self.touch(("extensions",), Mode.USE, Thing("extension", "?"), "uses")
        if function[0] and function[0] != "pg_catalog":
            self.use("schema", ("", function[0]))

    def expression(self, tokens: Sequence[Token], home: Name | None = None, *, verb: str = "uses") -> Mentions:
        """An expression that is kept: a default, check, policy, or what an index is over."""
        found = Mentions(tokens, self.dialect)
        self.mention(found, home, definition=True, verb=verb)
        return found

    # --- keys ------------------------------------------------------------------------------------

    def foreign_key(self, key: ForeignKey, *, fresh: bool) -> None:
        """A foreign key is made; `fresh`: together with its table."""
        parent = key.parent
        self.use_table(parent)
        self.use_columns(parent, key.parent_columns or self._primary(parent))
        columns = Members(key.parent_columns) if key.parent_columns else ALL
        self.of(parent, "keys", Mode.USE, columns, verb="uses")
        empty = fresh or key.child in self.known.made or set(key.columns) <= set(self.known.grown.get(key.child, {}))
        self.of(parent, "gone", Mode.WATCH if empty else Mode.USE, columns, verb="refers to rows of")
        if key.on_delete:
            self.of(parent, "anew", Mode.USE, verb="uses")
        if not fresh:
            self.use_columns(key.child, key.columns)
            self.limits(key.child, key.columns)
        if self.dialect.is_mysql:
            self.of(key.child, "keys", Mode.USE, Members(key.columns), verb="uses")
            if not fresh and (key.name or len(key.columns) == 1):  # where none serves it, it makes an index
                own = only(key.name or next(iter(key.columns)))
                self.of(key.child, "index", Mode.CHANGE, own, verb="creates", kind="index")
            if key.name:
                self.touch(
                    ("name", "foreign key", ("", key.name)), Mode.CHANGE, Thing("constraint", key.name), "creates"
                )
        self.known.foreign[(key.child, key.name or f"{key.child}.{sorted(key.columns)}")] = key

    def _primary(self, table: Name) -> frozenset[str]:
        """The columns of a primary key, which a foreign key means that names none."""
        known = self.known.tables.get(table)
        keys = known.constraints.values() if known else ()
        return next((key.columns for key in keys if key.kind == "primary"), frozenset())

    def loses_key(self, table: Name, columns: frozenset[str] | None) -> None:
        """A unique key goes; `columns` None: which is not known."""
        self.of(table, "keys", Mode.ADD, ALL if columns is None else Members(columns), verb="drops a key of")

    def index_of(self, table: Name | None, name: Name) -> tuple[Name, frozenset[str] | None, bool | None]:
        """The table, columns and uniqueness of an index; ANY and None where they are not known."""
        found = self.known.indexes.get(index_key(self.dialect, table, name))
        if found is None:
            return table or ANY, None, None
        return found.table, found.columns, found.unique


_BUILT_IN_TYPES = words(
    "int integer int2 int4 int8 bigint smallint serial bigserial smallserial serial4 serial8 numeric decimal real "
    "float float4 float8 double text varchar char character bpchar boolean bool date time timestamp timestamptz "
    "timetz interval json jsonb uuid bytea inet cidr macaddr macaddr8 point line lseg box path polygon circle bit "
    "varbit xml money tsvector tsquery oid name void trigger record int4range int8range numrange tsrange "
    "tstzrange daterange regproc tinyint mediumint tinytext mediumtext longtext datetime year blob tinyblob "
    "mediumblob longblob binary varbinary enum set any unsigned signed national nchar nvarchar clob number string"
)


def is_built_in_type(name: str) -> bool:
    """Whether a type of this name comes with the database."""
    return name in _BUILT_IN_TYPES


def one(name: str) -> Members:
    """Only this member."""
    return only(name)
