"""Database URLs as Drizzle users write them, for node-postgres, mysql2, better-sqlite3 and libSQL."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from drizzle_guard.errors import UsageError, printable
from drizzle_guard.light import NamedTuple, pattern

#: URL parameters that libpq knows; others (`pgbouncer`, `schema`, `connection_limit`) are for Node libraries
_LIBPQ = frozenset(
    [
        *("host", "port", "user", "password", "dbname", "options", "application_name", "service"),
        *("sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding", "target_session_attrs"),
    ]
)
_AFTER_SCHEME = pattern(r"[A-Za-z0-9+.-]+://[^/]|[A-Za-z]+:///\?|[A-Za-z]+:///[^@:]*$")
#: what is not the path of a file but a URL, or a command, that was mistyped; it may hold a password
_NO_PATH = pattern(r"""[@=;'"\s]|//.*:|\\\\.*:|^\w{2,}:""")
_SECRET = pattern("pass|token|secret|key", re.IGNORECASE)
_SERVERS = ("postgres", "postgresql", "mysql", "mysql2", "mariadb")
_REMOTE = ("libsql", "http", "https", "ws", "wss")


class Target(NamedTuple):
    """A database to open: its kind, the driver's arguments, how people may see it, what must never be shown.

    `many` says that the URL lets mysql2 send several statements at once (`multipleStatements=true`).
    """

    kind: str  # postgresql, mysql, sqlite
    arguments: dict[str, Any]
    label: str
    secrets: tuple[str, ...] = ()
    many: bool = False

    def scrub(self, text: str) -> str:
        """`text` (a driver's message, say) without any of the secrets, fit for a terminal."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return printable(" ".join(text.split()))


def parse_url(url: str) -> Target:
    """Read a URL or the path of an SQLite file.  Raises UsageError, which never repeats the URL."""
    url = url.strip().strip("'\"")
    scheme = url.partition(":")[0].lower() if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", url) else ""
    if not url:
        raise UsageError("the database URL is empty.", *_FORMS)
    if "//" in url and _is_cut(url):
        raise UsageError("the database URL cannot be read: write / ? and # in the password as %2F, %3F and %23.")
    if scheme in (*_SERVERS, *_REMOTE) and not _AFTER_SCHEME.match(url):
        raise UsageError("the database URL cannot be read: two slashes follow the scheme.", *_FORMS)
    try:
        if scheme in ("postgres", "postgresql"):
            return _postgres(url)
        if scheme in _SERVERS:
            return _mysql(url)
        if scheme in _REMOTE:
            return _libsql(url, scheme)
        if scheme in ("", "file", "sqlite", "sqlite3"):
            return _sqlite(url, scheme)
    except ValueError:  # a port that is no number, a broken IPv6 address
        raise UsageError("the database URL cannot be read.", *_FORMS) from None
    if "://" not in url:
        raise UsageError("the database URL cannot be read.", *_FORMS)
    raise UsageError(f"drizzle-guard does not know databases of the kind {printable(scheme)}:.", *_FORMS)


def _is_cut(url: str) -> bool:
    """Whether an `@` stands behind the host's end, which is the first `/`, `?` or `#`: a password may be cut there."""
    host, *rest = re.split("([/?#])", url.partition("//")[2], maxsplit=1)
    path, _, query = "".join(rest).partition("?")
    pairs = [pair.partition("=") for pair in query.split("&")]
    named = [name for name, _, value in pairs if "@" in name + value]
    return "@" in path or ("@" not in host and bool(named)) or not _LIBPQ.issuperset(named)


#: without an `@`: what is printed masks what stands before one
_FORMS = (
    "Known forms: postgresql://HOST/DATABASE, mysql://HOST/DATABASE, file:./local.db",
    "USER and @, or USER:PASSWORD and @, go before HOST.",
)
#: where Turso's documentation and Drizzle's examples keep the token
_TOKENS = ("TURSO_AUTH_TOKEN", "DATABASE_AUTH_TOKEN", "LIBSQL_AUTH_TOKEN")


def _postgres(url: str) -> Target:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    arguments: dict[str, Any] = {key: value for key, value in query.items() if key in _LIBPQ}
    if "sslmode" not in query and "ssl" in query:  # node-postgres
        arguments["sslmode"] = "disable" if query["ssl"] in ("0", "false") else "require"
    if arguments.get("sslmode") == "no-verify":  # node-postgres
        arguments["sslmode"] = "require"
    if parts.hostname:
        raw = parts.netloc.rpartition("@")[2]  # `hostname` is in lower case, which a socket's directory need not be
        arguments["host"] = unquote(raw.partition(":")[0]) if "%2f" in raw.lower() else parts.hostname
    if parts.port:
        arguments["port"] = parts.port
    if parts.username:
        arguments["user"] = unquote(parts.username)
    if parts.password is not None:
        arguments["password"] = unquote(parts.password)
    if parts.path.strip("/"):
        arguments["dbname"] = unquote(parts.path[1:])
    where = arguments.get("host", "localhost"), arguments.get("port"), _name(arguments.get("dbname", ""))
    return Target("postgresql", arguments, _label("postgresql", *where), _secrets(parts, query))


def _mysql(url: str) -> Target:
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    arguments: dict[str, Any] = {"host": parts.hostname or "localhost", "port": parts.port or 3306}
    if parts.username:
        arguments["user"] = unquote(parts.username)
    if parts.password is not None:
        arguments["password"] = unquote(parts.password)
    if parts.path.strip("/"):
        arguments["database"] = unquote(parts.path[1:])
    if query.get("socketPath"):  # mysql2
        arguments["unix_socket"] = query["socketPath"]
    if tls := _tls(query):
        arguments["ssl"] = tls
    where = arguments["host"], parts.port, _name(arguments.get("database", ""))
    many = query.get("multipleStatements", "") in ("true", "1")
    return Target("mysql", arguments, _label("mysql", *where), _secrets(parts, query), many)


def _name(database: str) -> str:
    """The name of a database, if it is no part of a URL that went astray.  Raises ValueError."""
    if re.search(r"[@:;=\s'\"]", database):
        raise ValueError
    return database


def _tls(query: dict[str, str]) -> dict[str, bool] | None:
    """`ssl={"rejectUnauthorized":true}` (mysql2), `sslaccept=strict` (Prisma), `ssl-mode=REQUIRED` (MySQL)."""
    mode = query.get("ssl-mode", query.get("sslmode", "")).lower().replace("_", "-")
    if "sslaccept" in query:
        return {"verify_cert": query["sslaccept"] == "strict", "check_hostname": query["sslaccept"] == "strict"}
    if mode in ("required", "require", "verify-ca", "verify-identity"):
        return {"verify_cert": mode.startswith("verify"), "check_hostname": mode == "verify-identity"}
    given = query.get("ssl", "")
    if given in ("", "0", "false", "{}"):
        return None
    try:
        parsed = json.loads(given)
    except ValueError:
        parsed = {}
    verify = not isinstance(parsed, dict) or parsed.get("rejectUnauthorized", True) is not False
    return {"verify_cert": verify, "check_hostname": verify}


def _libsql(url: str, scheme: str) -> Target:
    """`libsql://name-org.turso.io?authToken=…`; `tls=0` and http: are for a server on this machine."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise ValueError
    plain = scheme in ("http", "ws") or (scheme == "libsql" and query.get("tls") == "0")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    where = f"{'http' if plain else 'https'}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"
    arguments = {"url": where, "token": query.get("authToken", "")}
    return Target("sqlite", arguments, f"libsql://{parts.hostname}", _secrets(None, query))


def with_token(target: Target, variables: Mapping[str, str]) -> Target:
    """A remote libSQL database with the token of the environment, if its URL has none."""
    if "url" not in target.arguments or target.arguments["token"]:
        return target
    token = next((variables[name] for name in _TOKENS if variables.get(name)), "")
    secrets = (*target.secrets, token) if token else target.secrets
    return target._replace(arguments={**target.arguments, "token": token}, secrets=secrets)


def _sqlite(url: str, scheme: str) -> Target:
    """`file:local.db`, `file:///abs/local.db`, `sqlite://local.db`, `sqlite:///abs/local.db`, `./local.db`."""
    path = url[len(scheme) + 1 :] if scheme else url
    query: dict[str, str] = {}
    if scheme:
        path, _, tail = path.partition("?")
        query = dict(parse_qsl(tail))
        path = unquote(path[2:] if path.startswith("//") else path)
        if path.startswith("//") and os.name == "posix":  # `sqlite:////abs`, as SQLAlchemy writes it
            path = f"/{path.lstrip('/')}"
    if path in ("", ":memory:"):
        raise UsageError("an SQLite database in memory is nobody else's to see; name its file.")
    if not os.path.exists(path) and _NO_PATH.search(url[len(scheme) + 1 :].partition("?")[0] if scheme else url):
        raise UsageError("the database URL cannot be read.", *_FORMS)
    if os.path.isdir(path):
        raise UsageError(
            f"{printable(path)} is a directory; a PGlite database can only be opened by PGlite itself.",
        )
    return Target("sqlite", {"path": path}, f"sqlite:{path}", _secrets(None, query))


def _label(kind: str, host: object, port: object, name: object) -> str:
    return f"{kind}://{host}{f':{port}' if port else ''}/{name}"


def _secrets(parts: SplitResult | None, query: dict[str, str]) -> tuple[str, ...]:
    """What must never be shown: passwords, tokens, and a user name that may have a password in it."""
    found = [value for key, value in query.items() if _SECRET.search(key)]
    if parts is not None and parts.password:
        found += [parts.password, unquote(parts.password)]
    if parts is not None and parts.username and not re.fullmatch(r"[\w.-]+", parts.username):
        found += [parts.username, unquote(parts.username), *re.split(r"[^\w.-]+", unquote(parts.username))[1:]]
    return tuple(sorted({value for value in found if value}, key=len, reverse=True))
