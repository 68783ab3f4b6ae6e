"""`migrations.js`: regenerated in the form it had."""

from __future__ import annotations

import pytest

from drizzle_guard.drizzle.bundle import regenerate
from drizzle_guard.drizzle.journal import Entry
from drizzle_guard.errors import GuardError

HEADER = (
    "// This file is required for Expo/React Native SQLite migrations - https://orm.drizzle.team/quick-sqlite/expo\n\n"
)
PRETTY = """import journal from "./meta/_journal.json";
import m0000 from "./0000_a.sql";

export default { journal, migrations: { m0000 } };
"""


def _entries(*tags: str) -> list[Entry]:
    return [Entry({}, tag, n, None) for n, tag in enumerate(tags)]


def _kit(*tags: str, header: str = "") -> str:
    """As drizzle-kit 0.31 writes it (bin.cjs 32971; samples/bundle)."""
    imports = "".join(f"import m{n:04d} from './{tag}.sql';\n" for n, tag in enumerate(tags))
    names = ",\n".join(f"m{n:04d}" for n in range(len(tags)))
    return (
        f"{header}import journal from './meta/_journal.json';\n{imports}\n"
        f"  export default {{\n    journal,\n    migrations: {{\n      {names}\n    }}\n  }}\n  "
    )


def _made(old: str, *tags: str) -> str:
    return regenerate(old.encode(), _entries(*tags), "drizzle/migrations.js").decode()


@pytest.mark.parametrize("header", ["", HEADER])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_as_drizzle_kit_writes_it(header: str, count: int) -> None:
    tags = ["0000_a", "0001_b", "0002_c"]
    for n in (1, 2, 3):
        assert _made(_kit(*tags[:count], header=header), *tags[:n]) == _kit(*tags[:n], header=header)


def test_windows_line_ends() -> None:
    old = _kit("0000_a", "0001_b").replace("\n", "\r\n")
    assert _made(old, "0000_a", "0001_x", "0002_b") == _kit("0000_a", "0001_x", "0002_b").replace("\n", "\r\n")


def test_a_formatter_has_been_over_it() -> None:
    assert _made(PRETTY, "0000_a", "0001_b") == (
        'import journal from "./meta/_journal.json";\n'
        'import m0000 from "./0000_a.sql";\n'
        'import m0001 from "./0001_b.sql";\n'
        "\n"
        "export default { journal, migrations: { m0000,\nm0001 } };\n"
    )
    two = PRETTY.replace("{ m0000 }", "{ m0000, m0001 }").replace(
        'a.sql";\n', 'a.sql";\nimport m0001 from "./x.sql";\n'
    )
    assert "{ m0000, m0001, m0002 }" in _made(two, "0000_a", "0001_b", "0002_c")


def test_trailing_comma_and_other_code_stay() -> None:
    old = _kit("0000_a").replace("m0000\n", "m0000,\n") + "\nexport const note = 'm0000 { }';\n"
    new = _made(old, "0000_a", "0001_b")
    assert new.endswith("\nexport const note = 'm0000 { }';\n")
    assert "{\n      m0000,\nm0001,\n    }" in new


def test_from_and_to_nothing() -> None:
    empty = _made(_kit("0000_a"))
    assert "import m" not in empty and "m0000" not in empty
    full = _made(empty, "0000_a")
    assert "import m0000 from './0000_a.sql';\n" in full and "m0000\n" in full


def test_names_follow_idx() -> None:
    entries = [Entry({}, "0000_a", 0, None), Entry({}, "0005_b", 5, None), Entry({}, "10000_c", 10000, None)]
    new = regenerate(_kit("0000_a").encode(), entries, "x").decode()
    assert "import m0005 from './0005_b.sql';" in new and "m0000,\nm0005,\nm10000\n" in new


def test_bytes_that_are_no_text_survive() -> None:
    old = _kit("0000_a").encode() + b"// \xff\n"
    assert regenerate(old, _entries("0000_a"), "x") == old


@pytest.mark.parametrize("text", ["", "export default {};\n", "import journal from './meta/_journal.json';\n", "\x00"])
def test_unknown_forms(text: str) -> None:
    with pytest.raises(GuardError) as caught:
        regenerate(text.encode(), _entries("0000_a"), "drizzle/migrations.js")
    assert caught.value.message == "drizzle/migrations.js is not in the form in which drizzle-kit writes it."
    assert caught.value.hints == (
        "Bring it into that form by hand: an import and its variable for each entry of the journal.",
    )


def test_no_import_is_named_twice() -> None:
    """Two published entries with one idx: JavaScript stops at a name that is declared twice."""
    old = b"import journal from './meta/_journal.json';\n\nexport default { journal, migrations: {\n  m0000\n} }\n"
    entries = [Entry({}, tag, idx, None) for tag, idx in (("0000_a", 0), ("0001_b", 1), ("0001_c", 1))]
    new = regenerate(old, entries, "migrations.js").decode()
    assert [new.count(text) for text in ("m0000 from './0000_a.sql'", "m0001 from './0001_b.sql'", "m0001")] == [
        1,
        1,
        2,
    ]
