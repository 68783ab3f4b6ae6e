"""One node for all that a test process asks of drizzle-orm: starting node costs more than most of what is asked."""

from __future__ import annotations

import atexit
import json
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).resolve().parent / "migrate.mjs"
MARK = "\x1e"
"""In front of an answer; the other lines are what a library printed."""


class Worker:
    """Runs `migrate.mjs` and hands it one request after the other.  It starts with the first."""

    def __init__(self, node: str, environment: Mapping[str, str]) -> None:
        self._command, self._environment = [node, str(PROGRAM)], environment
        self._process: subprocess.Popen[str] | None = None
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - it ends with the process
        atexit.register(self._end)

    def ask(self, request: object, *, timeout: float) -> dict[str, Any]:
        """What it answers.  RuntimeError if it ends instead, as after `timeout` seconds; the next call starts anew."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None and process.stdout is not None
        clock = threading.Timer(timeout, process.kill)
        clock.daemon = True
        clock.start()
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                if line.startswith(MARK):
                    answer: dict[str, Any] = json.loads(line[len(MARK) :])
                    return answer
        except BrokenPipeError:
            pass
        finally:
            clock.cancel()
        self._end()
        self._errors.seek(0)
        raise RuntimeError(f"{PROGRAM.name} ended with {process.returncode}:\n{self._errors.read()}")

    def _start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command,
            env=dict(self._environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            encoding="utf-8",
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
