"""Every directory of `fixtures/check` is a case of one rule; adding one needs no code.

    failing/        a directory with migration folders in which the rule finds something
    expected.txt    what `check` prints there, to the byte
    passing/        one in which nothing is found
    mainline/       what the mainline has, for rules that compare (the mainline is then the branch `main`)
    options.txt     what else is typed after `check`
    base/           where the branch left the mainline (default: its tip)

`files.json` beside a `drizzle/` makes files that not every system can hold in a checkout: a text, or
`{"link": target}`.  The name begins with the rule's code.  Each rule has a failing and a passing one.
"""

from __future__ import annotations

import pytest

from drizzle_guard.rules.catalog import RULES
from support.cases import CHECK, cases_in
from support.check_folders import prepare, run_check
from support.gitbed import Bed

CASES = [case.name for case in cases_in(CHECK)]
FAILING = [name for name in CASES if (CHECK / name / "failing").exists()]
PASSING = [name for name in CASES if (CHECK / name / "passing").exists()]


@pytest.mark.parametrize("name", FAILING)
def test_failing(name: str, bed: Bed) -> None:
    case = CHECK / name
    prepared = prepare(case, "failing", bed)
    done = run_check(bed, *prepared)
    assert done.out == (case / "expected.txt").read_text("utf-8")
    assert f" {name[:5]} {RULES[name[:5]].name}  " in done.out
    assert (done.code, done.err) == (1 if "\n  error " in done.out else 0, "")
    # strict makes all errors but advice
    done = run_check(bed, *prepared, "--strict")
    left = [line for line in done.out.splitlines() if line.startswith("  warning ")]
    assert all(RULES[line.split()[1]].severity == "warning" for line in left), done.out
    assert done.code == int("\n  error " in done.out)


@pytest.mark.parametrize("name", PASSING)
def test_passing(name: str, bed: Bed) -> None:
    case = CHECK / name
    done = run_check(bed, *prepare(case, "passing", bed))
    assert (done.code, ": sound.\n" in done.out) == (0, True), done.out
    asked = (case / "options.txt").exists() and "--for v1" in (case / "options.txt").read_text("utf-8")
    assert ("Nothing that `drizzle-kit up` of Drizzle v1 stops at or loses was found.\n" in done.out) == asked


def test_every_rule_has_a_failing_and_a_passing_case() -> None:
    assert sorted(RULES) == sorted({name[:5] for name in FAILING}) == sorted({name[:5] for name in PASSING})


def test_nothing_is_said_of_an_upgrade_that_was_not_looked_at(bed: Bed) -> None:
    """A folder that is in v1's layout already has nothing that `drizzle-kit up` could stop at."""
    case = CHECK / "DG011-v1-missing-sql"
    done = run_check(bed, *prepare(case, "passing", bed), "--for", "v1")
    assert (done.code, ": sound.\n" in done.out, "drizzle-kit up" in done.out) == (0, True, False), done.out
