"""A progress bar on standard error, when a person is looking and it takes long."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

import click

PATIENCE = 1.0  # seconds without a progress bar


class Progress:
    """Counts what is done; the bar shows after a second, without an end where the total is not known."""

    def __init__(self, label: str, total: int | None = None) -> None:
        self._label, self._total, self._done = label, total, 0
        self._start = time.monotonic()
        self._wanted = sys.stderr.isatty()
        self._bar: Any = None

    def __enter__(self) -> Progress:
        return self

    def tick(self) -> None:
        """One thing more is done."""
        self._done += 1
        if self._bar is not None:
            self._bar.update(1)
        elif self._wanted and time.monotonic() - self._start > PATIENCE:
            unknown = iter(int, 1) if self._total is None else None
            self._bar = click.progressbar(unknown, length=self._total, label=self._label, file=sys.stderr)
            self._bar.__enter__()
            self._bar.update(self._done)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.__exit__(kind, error, trace)
