"""PostgreSQL: databases of our own name on an embedded server, or on one whose URL was given."""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from drizzle_guard.database.families import Batch, Family
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.urls import Target
from drizzle_guard.errors import UsageError, printable
from drizzle_guard.light import pattern
from drizzle_guard.rehearse.engine import Engine, Session, Setup, StatementError, Unbuilt
from drizzle_guard.rehearse.facts import Facts
from drizzle_guard.rehearse.postgres_facts import CARRIED, facts_of
from drizzle_guard.rehearse.snapshot_postgres import role_facts, role_statements, statements_of

#: how our databases are called; nobody else's is dropped
_OURS = pattern(r"drizzle_guard_rehearse_([0-9a-f]{12})_\d+")
MARK = "made by drizzle-guard rehearse"
_LOCKS = 0x64677265  # the letters "dgre": the class of the advisory lock that a run holds while it lives
#: what belongs to the whole server, which is not ours to change
_SERVER_WIDE = pattern(
    r"\b(?:create|alter|drop)\s+(?:role|user|group|database|tablespace|subscription)\b|\balter\s+system\b"
    r"|\bcopy\b[^;]*\bprogram\b|\breassign\s+owned\b",
    re.IGNORECASE,
)
_PLATFORM = pattern(
    r'(?P<kind>role|schema) "(?P<name>anon|authenticated|service_role|authenticator|supabase_\w+|neon_\w+|auth|storage'
    r'|extensions|realtime|vault|cron|graphql|graphql_public|pgbouncer|net|rds\w*|cloudsql\w*|azure\w*)" does not exist'
)
#: what may stay behind on a connection
_LASTING = pattern(r"\b(?:set|set_config|temp|temporary|prepare|listen|load|call|do|perform|select)\b", re.IGNORECASE)
#: what ends a transaction, or minds whether it is alone
_NOT_AT_ONCE = pattern(
    r"\b(?:begin|start|commit|end|rollback|abort|savepoint|prepare|copy|vacuum|concurrently|dblink\w*)\b", re.IGNORECASE
)
#: what moves a sequence, belongs to the server, hides a table of the same name, or is no statement of a transaction
_LEAVES_A_TRACE = pattern(
    rf"{_NOT_AT_ONCE.pattern}|\b(?:insert|merge|nextval|setval|select|do|call|role|user|group|database|tablespace"
    r"|subscription|temp|temporary|pg_temp)\b",
    re.IGNORECASE,
)
_EXTENSION = pattern(r'extension "(?P<name>[^"]+)" is not available|extension control file|shared_preload_libraries')


class PostgresEngine(Engine):
    """Throw-away databases on one server; `private` says that the whole server is ours."""

    kind = "postgresql"

    def __init__(
        self,
        target: Target,
        family: Family,
        timeout: float,
        setup: Sequence[Setup],
        names: Names,
        *,
        private: bool,
        end: Callable[[], None],
    ) -> None:
        self._target, self.family, self.timeout, self._setup = target, family, timeout, setup
        self.names, self.private, self._end = names, private, end
        self._run, self._made = secrets.token_hex(6), 0
        self._sessions: list[PostgresSession] = []
        self._prepared: PostgresSession | None = None
        self._admin = self._open_admin()
        major = self._admin.info.server_version // 10000
        self.name = f"PostgreSQL {major} ({'a private server' if private else target.label})"
        self._admin.execute(f"SELECT pg_advisory_lock({_LOCKS}, {_lock(self._run)})")
        self._clear()
        self.first_roles = self.roles()

    def _open_admin(self) -> psycopg.Connection[Any]:
        wanted = self._target.arguments.get("dbname")
        arguments = {"connect_timeout": 10, "application_name": "drizzle-guard rehearse", **self._target.arguments}
        failure: psycopg.Error | None = None
        for place in ("postgres", "template1"):
            try:
                admin = psycopg.connect(**{**arguments, "dbname": place}, autocommit=True)
                break
            except psycopg.Error as error:
                failure = failure or error
        else:
            raise UsageError(f"{self._target.label} cannot be opened: {self._target.scrub(str(failure))}.")
        if wanted:
            found = admin.execute(
                "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", (wanted,)
            ).fetchone()
            if found is not None and not str(found[0]).startswith(MARK):
                admin.close()
                raise UsageError(
                    f"{self._target.label}: the database {printable(wanted)} is there already, and rehearse did not "
                    "make it; nothing was touched.",
                    "Name the server alone (rehearse makes and drops databases of its own name there): "
                    "--url postgresql://HOST:5432, with USER and @ before HOST",
                )
        return admin

    def _clear(self) -> None:
        """Drop what a run that was killed left: the lock of its name is free then."""
        listed = [row[0] for row in self._admin.execute("select datname from pg_database").fetchall()]
        for name in listed:
            found = _OURS.fullmatch(name)
            if found and found[1] != self._run:
                lock = f"{_LOCKS}, {_lock(found[1])}"
                if self._admin.execute(f"SELECT pg_try_advisory_lock({lock})").fetchone() == (True,):
                    self._drop(name)
                    self._admin.execute(f"SELECT pg_advisory_unlock({lock})")

    def _drop(self, name: str) -> None:
        force = " WITH (FORCE)" if self._admin.info.server_version >= 130000 else ""
        with contextlib.suppress(psycopg.Error):
            self._admin.execute(f'DROP DATABASE IF EXISTS "{name}"{force}'.encode())

    def roles(self) -> frozenset[str]:
        """The roles of the server."""
        return frozenset(row[0] for row in self._admin.execute("select rolname from pg_roles").fetchall())

    def new(self) -> PostgresSession:
        if not self._setup:
            return self._database("template1")
        if self._prepared is None:
            self._prepared = self._database("template1")
            for file in self._setup:
                file.run(self._prepared.run)
        return self._database(self._prepared.name, self._prepared)

    def fork(self, session: Session) -> Session | None:
        assert isinstance(session, PostgresSession)
        return self._database(session.name, session)

    def _database(self, template: str, like: PostgresSession | None = None) -> PostgresSession:
        if like is not None:
            like.disconnect()
        self._made += 1
        name = f"drizzle_guard_rehearse_{self._run}_{self._made}"
        try:
            self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
            self._admin.execute(f"COMMENT ON DATABASE \"{name}\" IS '{MARK} (run {self._run})'".encode())
        except psycopg.Error as error:
            raise UsageError(f"{self._target.label}: {self._target.scrub(words_of(error))}.") from None
        session = PostgresSession(self, name)
        self._sessions.append(session)
        return session

    def connect(self, name: str) -> psycopg.Connection[Any]:
        """A connection to one of our databases."""
        options = (
            f"-c statement_timeout={max(1, round(self.timeout * 1000))} -c client_min_messages=error "
            "-c idle_in_transaction_session_timeout=0"
        )
        return psycopg.connect(
            **{**self._target.arguments, "dbname": name, "options": options, "application_name": "drizzle-guard"},
            autocommit=True,
            prepare_threshold=None,
        )

    def dropped(self, session: PostgresSession, roles: frozenset[str]) -> None:
        """Drop a session's database, and on our own server the roles that its migrations made."""
        if session in self._sessions:
            self._sessions.remove(session)
        self._drop(session.name)
        for role in self.roles() - roles if self.private else ():
            with contextlib.suppress(psycopg.Error):
                self._admin.execute(f'DROP ROLE "{role}"'.encode())

    def build(self, snapshot: dict[str, Any], like: Session) -> tuple[Facts, list[Unbuilt]]:
        assert isinstance(like, PostgresSession)
        session = self.new()
        wanted = [(what, sql) for what, sql in statements_of(snapshot) if not what.startswith("role ")]
        roles = role_statements(snapshot)
        theirs: dict[str, str] = {}
        if self.private:
            wanted = [(role, sql) for role, sql in roles.items() if role not in self.roles()] + wanted
        else:
            theirs = {f'role "{role}"': "roles are the server's, which is not ours" for role in roles}
        todo: list[tuple[str | None, str]] = [*((None, sql) for sql in like.carried()), *wanted]
        failed: dict[str, str] = {}
        while todo:  # a table may need a function, and that the table of another: until nothing more can be built
            failed, left = {}, []
            for what, sql in todo:
                try:
                    session.run(sql)
                except StatementError as error:
                    left.append((what, sql))
                    if what is not None:
                        failed[what] = error.words
            if len(left) == len(todo):
                break
            todo = left
        facts = {key: value for key, value in session.facts().items() if key[0] != "role"}
        session.drop()
        if self.private:  # the catalogue shows all roles of the server, those of the migrations as well
            facts.update(role_facts(snapshot))
        return facts, [Unbuilt(what, words) for what, words in {**failed, **theirs}.items()]

    def forbidden(self, texts: Iterable[str]) -> str | None:
        if self.private:
            return None
        for text in texts:
            if found := _SERVER_WIDE.search(text):
                return (
                    f"a migration has {' '.join(found[0].split()).upper()[:40]} in it, which would change more of "
                    f"{self._target.label} than a database of our own; rehearse it on a private server (without --url)"
                )
        return None

    def missing(self, words: str, sql: str, texts: Iterable[str]) -> str | None:
        if _EXTENSION.search(words) and "extension" in sql.lower():
            return f"{words.splitlines()[0]}; it is for a server that has it (--url), or for a setup file"
        if found := _PLATFORM.search(words):
            made = re.compile(rf'create\s+{found["kind"]}\s+(?:if\s+not\s+exists\s+)?"?{found["name"]}\b', re.I)
            if not any(made.search(text) for text in texts):
                return f"{found[0]} on this server, and no migration makes it; a setup file can (--setup)"
        if "objects in database drizzle_guard_rehearse_" in words:
            return "a role is used by several of our databases at once"
        return None

    def close(self) -> None:
        for session in list(self._sessions):
            session.drop()
        with contextlib.suppress(psycopg.Error):
            self._admin.close()
        self._end()


class PostgresSession(Session):
    """One database; its connection is opened when it is needed, since a template may have none."""

    def __init__(self, engine: PostgresEngine, name: str) -> None:
        self._engine, self.name = engine, name
        self._connection: psycopg.Connection[Any] | None = None
        self._roles = engine.roles() if engine.private else frozenset()
        self._sequences: list[Any] = []  # where they stood before a deploy that is to be taken back
        self._settings = False  # whether something ran that outlasts its transaction on this connection

    @property
    def connection(self) -> psycopg.Connection[Any]:
        """The open connection."""
        if self._connection is None or self._connection.closed:
            self._connection = self._engine.connect(self.name)
        return self._connection

    def disconnect(self) -> None:
        """Let the database be copied."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def run(self, sql: str) -> None:
        if "\0" in sql:
            raise StatementError('invalid byte sequence for encoding "UTF8": 0x00')
        self._settings = self._settings or _LASTING.search(sql) is not None
        try:
            self.connection.execute(sql.encode("utf-8", "surrogatepass"))
        except psycopg.errors.QueryCanceled:
            raise StatementError(f"no end within {self._engine.timeout:g} s (--timeout)") from None
        except psycopg.Error as error:
            place = error.diag.statement_position
            line = sql[: int(place) - 1].count("\n") + 1 if place and place.isdigit() else None
            raise StatementError(words_of(error), line) from None

    def attempt(self, texts: Sequence[str]) -> bool:
        if self._engine.family.batch is Batch.NONE or any("\0" in t or _NOT_AT_ONCE.search(t) for t in texts):
            return False
        self._settings = self._settings or any(_LASTING.search(text) for text in texts)
        try:
            self.connection.execute("\n;\n".join(["BEGIN", *texts, "COMMIT"]).encode("utf-8", "surrogatepass"))
        except psycopg.Error:
            self.rollback()
            return False
        return True

    def begin(self) -> None:
        if self._settings:  # the next deploy has a connection of its own
            self.run("DISCARD ALL")
            self._settings = False
        if self._engine.family.batch is not Batch.NONE:
            self.run("BEGIN")

    def commit(self) -> None:
        if self._engine.family.batch is not Batch.NONE:
            self.run("COMMIT")

    def rollback(self) -> None:
        with contextlib.suppress(psycopg.Error):
            self.connection.rollback()

    def undoable(self, texts: Iterable[str]) -> bool:
        if self._engine.family.batch is Batch.NONE or any(_LEAVES_A_TRACE.search(text) for text in texts):
            return False
        self._sequences = self._where_sequences_stand()
        return True

    def _where_sequences_stand(self) -> list[Any]:
        """Numbers that were drawn stay drawn, whatever is rolled back; those of Drizzle's own rows mean nothing."""
        names = self._engine.names
        return self.connection.execute(
            "select schemaname, sequencename, last_value from pg_sequences "
            "where not (schemaname = %s and starts_with(sequencename, %s))",
            (names.schema, names.table),
        ).fetchall()

    def settle(self) -> None:
        self.run("SET CONSTRAINTS ALL IMMEDIATE")

    def take_back(self) -> bool:
        self.rollback()
        return sorted(map(str, self._sequences)) == sorted(map(str, self._where_sequences_stand()))

    def facts(self) -> Facts:
        if self.connection.info.transaction_status == TransactionStatus.IDLE:
            self.run("DISCARD ALL")
        else:
            self.run("RESET SESSION AUTHORIZATION")
            self.run("RESET ALL")
        with contextlib.suppress(psycopg.Error):
            self.connection.execute("SET statement_timeout = 0")
        return facts_of(
            lambda sql: self.connection.execute(sql.encode()).fetchall(), self._engine.names, self._engine.first_roles
        )

    def carried(self) -> list[str]:
        """What a snapshot cannot hold but its objects may need."""
        return [row[0] for sql in CARRIED for row in self.connection.execute(sql.encode()).fetchall()]

    def broken(self) -> list[str]:
        return []  # PostgreSQL knows what depends on what, and lets nothing go that is used

    def drop(self) -> None:
        self.disconnect()
        self._engine.dropped(self, self._roles)


def words_of(error: psycopg.Error) -> str:
    """The database's own words."""
    diag = error.diag
    text = diag.message_primary or (str(error).splitlines() or [type(error).__name__])[0]
    return f"{text} ({diag.message_detail})" if diag.message_detail else text


def _lock(run: str) -> int:
    return int(run[:7], 16)
