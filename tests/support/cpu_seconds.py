"""A plugin that says what the tests cost: `pytest -p support.cpu_seconds`.

It prints the CPU seconds (user and system, of the test's process and of all that it started and waited for) by module,
which do not depend on what else the machine does.  A server that tests share is not counted.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator

import pytest

_spent: dict[str, float] = defaultdict(float)
_slowest: dict[str, float] = defaultdict(float)
_before = 0.0


def _now() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    global _before
    _before = _now()
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    if call.when == "teardown":
        item.user_properties.append(("cpu", round(_now() - _before, 3)))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "teardown":
        (seconds,) = (float(str(value)) for name, value in report.user_properties if name == "cpu")
        _spent[report.nodeid.partition("::")[0]] += seconds
        _slowest[report.nodeid] += seconds


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("CPU seconds")
    for costs, count in ((_spent, len(_spent)), (_slowest, 30)):
        for name, seconds in sorted(costs.items(), key=lambda cost: -cost[1])[:count]:
            terminalreporter.write_line(f"{seconds:8.1f}  {name}")
    terminalreporter.write_line(f"{sum(_spent.values()):8.1f}  in all")
