"""libSQL over the network (Turso, sqld): the Hrana protocol over HTTP, version 2, by the standard library alone.

One stream is one connection: the server's `baton` of each answer goes with the next request, so a transaction may span
several.  The packages that exist for it are compiled and can do no more for a handful of queries.
Source: github.com/tursodatabase/libsql, docs/HTTP_V2_SPEC.md.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import ssl
from typing import Any
from urllib.parse import urlsplit

from drizzle_guard.database.drivers.base import Database, DatabaseError
from drizzle_guard.database.drivers.sqlite import as_number
from drizzle_guard.database.drivers.sqlite_catalog import read_catalog
from drizzle_guard.database.row_sql import Names
from drizzle_guard.database.world import Catalog

_BYTES = 64 * 1024 * 1024  # of one answer


class HranaError(Exception):
    """What the server answered instead of rows."""


class Stream:
    """One Hrana stream."""

    def __init__(self, url: str, token: str, timeout: float) -> None:
        self._parts, self._token, self._timeout = urlsplit(url), token, timeout
        self._baton: str | None = None
        self._http: http.client.HTTPConnection | None = None

    def execute(self, sql: str, parameters: tuple[Any, ...] = ()) -> tuple[list[tuple[Any, ...]], int]:
        """The rows of a statement, and how many it touched.  Raises HranaError, OSError, HTTPException."""
        statement = {"sql": sql, "args": [_argument(value) for value in parameters], "want_rows": True}
        (result,) = self._send([{"type": "execute", "stmt": statement}])
        if result.get("type") != "ok":
            raise HranaError(str(result.get("error", {}).get("message", "no answer")))
        found = result["response"]["result"]
        rows = [tuple(_value(cell) for cell in row) for row in found["rows"]]
        return rows, int(found.get("affected_row_count") or 0)

    def close(self) -> None:
        """End the stream; what is not committed is lost."""
        with contextlib.suppress(HranaError, OSError, http.client.HTTPException, ValueError):
            if self._baton is not None:
                self._send([{"type": "close"}])
        if self._http is not None:
            self._http.close()

    def _send(self, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
        body = json.dumps({"baton": self._baton, "requests": requests})
        headers = {"Content-Type": "application/json", "User-Agent": "drizzle-guard"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        connection = self._connection()
        connection.request("POST", self._parts.path.rstrip("/") + "/v2/pipeline", body, headers)
        answer = connection.getresponse()
        data = answer.read(_BYTES + 1)
        if answer.status != 200 or len(data) > _BYTES:
            raise HranaError(_refusal(answer.status, data))
        document = json.loads(data)
        if document.get("base_url"):
            raise HranaError("the server sends us to another address, which is not followed")
        self._baton = document.get("baton")
        return list(document["results"])

    def _connection(self) -> http.client.HTTPConnection:
        if self._http is None:
            host, port = self._parts.hostname or "", self._parts.port
            self._http = (
                http.client.HTTPSConnection(host, port, timeout=self._timeout, context=ssl.create_default_context())
                if self._parts.scheme == "https"
                else http.client.HTTPConnection(host, port, timeout=self._timeout)
            )
        return self._http


def _refusal(status: int, data: bytes) -> str:
    """An answer that is no answer, in words."""
    if status in (401, 403):
        return f"the server refuses the token (HTTP {status}); it takes authToken of the URL, or TURSO_AUTH_TOKEN"
    try:
        return f"HTTP {status}: {json.loads(data).get('error') or json.loads(data).get('message')}"
    except (ValueError, AttributeError):
        return f"HTTP {status}: this is no libSQL server"


def _argument(value: Any) -> dict[str, Any]:
    return {"type": "null"} if value is None else {"type": "text", "value": str(value)}


def _value(cell: dict[str, Any]) -> Any:
    kind = cell["type"]
    if kind == "integer":
        return int(cell["value"])
    if kind == "blob":
        return base64.b64decode(cell["base64"] + "==")
    return None if kind == "null" else cell["value"]


class Libsql(Database):
    """A remote libSQL database: SQLite's rules, and a token of which nobody says whether it may write."""

    row_key = "rowid"
    failures = (HranaError, OSError, http.client.HTTPException, ValueError, KeyError, TypeError)

    def _connect(self, timeout: float) -> Stream:
        arguments = self._target.arguments
        stream = Stream(arguments["url"], arguments["token"], timeout)
        try:
            stream.execute("PRAGMA foreign_keys = OFF")  # as libSQL's own migrator does
        except self.failures:
            stream.close()
            raise
        return stream

    def query(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        return list(self._connection.execute(sql, parameters)[0])

    def _columns(self, names: Names) -> set[str]:
        return {name for (name,) in self.query("select lower(name) from pragma_table_info(?)", (names.table,))}

    def _number(self, value: Any) -> int | float | None:
        return as_number(value)

    def catalog(self) -> Catalog:
        with self._errors():
            return read_catalog(self.query, "whether the token may write is not known")

    def begin(self, names: Names, timeout: float) -> None:
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")

    def run(self, sql: str) -> int:
        with self._errors():
            return int(self._connection.execute(sql)[1])

    def rollback(self) -> None:
        with contextlib.suppress(*self.failures):
            self._connection.execute("ROLLBACK")

    def _translated(self, error: Exception) -> DatabaseError:
        lost = isinstance(error, (OSError, http.client.HTTPException))
        words = f"{type(error).__name__}: {error}" if isinstance(error, (KeyError, TypeError)) else str(error)
        return DatabaseError(self._target.scrub(words or type(error).__name__).rstrip("."), lost=lost)
