"""A libSQL server for tests: Hrana over HTTP, version 2 in JSON, on real SQLite.

No package brings sqld, so this speaks as much of its protocol as Turso's own client (`@libsql/client`) uses; the test
that uses it lets that client work on it first.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "hush-hush"


class _Stream:
    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.texts: dict[int, str] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"type": "ok", "response": {"type": request["type"], **self._do(request)}}
        except sqlite3.Error as error:
            return {"type": "error", "error": {"message": f"SQLite error: {error}", "code": "SQLITE_ERROR"}}

    def _do(self, request: dict[str, Any]) -> dict[str, Any]:
        kind = request["type"]
        if kind == "store_sql":
            self.texts[request["sql_id"]] = request["sql"]
        elif kind == "execute":
            return {"result": self._execute(request["stmt"])}
        elif kind == "sequence":
            self.connection.executescript(request.get("sql") or self.texts[request["sql_id"]])
        elif kind == "get_autocommit":
            return {"is_autocommit": not self.connection.in_transaction}
        elif kind == "batch":
            return {"result": self._batch(request["batch"]["steps"])}
        return {}

    def _batch(self, steps: list[dict[str, Any]]) -> dict[str, Any]:
        results: list[Any] = []
        errors: list[Any] = []
        for step in steps:
            result, error = None, None
            if self._holds(step.get("condition"), results, errors):
                try:
                    result = self._execute(step["stmt"])
                except sqlite3.Error as failure:
                    error = {"message": f"SQLite error: {failure}", "code": "SQLITE_ERROR"}
            results.append(result)
            errors.append(error)
        return {"step_results": results, "step_errors": errors}

    def _holds(self, condition: Any, results: list[Any], errors: list[Any]) -> bool:
        if not condition:
            return True
        kind = condition["type"]
        if kind in ("ok", "error"):
            return (results if kind == "ok" else errors)[condition["step"]] is not None
        if kind == "not":
            return not self._holds(condition["cond"], results, errors)
        if kind == "is_autocommit":
            return not self.connection.in_transaction
        held = [self._holds(c, results, errors) for c in condition["conds"]]
        return all(held) if kind == "and" else any(held)

    def _execute(self, statement: dict[str, Any]) -> dict[str, Any]:
        text = statement.get("sql") or self.texts[statement["sql_id"]]
        cursor = self.connection.execute(text, [_read(v) for v in statement.get("args") or ()])
        rows = [[_written(value) for value in row] for row in cursor.fetchall()]
        columns = [{"name": column[0]} for column in cursor.description or ()]
        return {
            "cols": columns,
            "rows": rows,
            "affected_row_count": max(0, cursor.rowcount),
            "last_insert_rowid": str(cursor.lastrowid or 0),
        }


def _read(value: dict[str, Any]) -> Any:
    kind = value["type"]
    return None if kind == "null" else int(value["value"]) if kind == "integer" else value["value"]


def _written(value: Any) -> dict[str, Any]:
    if value is None:
        return {"type": "null"}
    if isinstance(value, int):
        return {"type": "integer", "value": str(value)}
    return {"type": "float" if isinstance(value, float) else "text", "value": value}


@contextmanager
def hrana(path: Path) -> Iterator[str]:
    """A server for one database; yields its URL, without the token."""
    streams: dict[str, _Stream] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply(404, {"error": "no such version"})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self._reply(401, {"error": "Unauthorized"})
            stream = streams.pop(body["baton"]) if body.get("baton") else _Stream(path)
            results = [stream.answer(request) for request in body["requests"]]
            if any(request["type"] == "close" for request in body["requests"]):
                stream.connection.close()
                return self._reply(200, {"baton": None, "base_url": None, "results": results})
            baton = secrets.token_hex(8)
            streams[baton] = stream
            return self._reply(200, {"baton": baton, "base_url": None, "results": results})

        def _reply(self, status: int, document: dict[str, Any]) -> None:
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        for stream in streams.values():
            stream.connection.close()
