"""What the driver and the hooks do not import: a package that costs more than their own work."""

from __future__ import annotations

import sys
from pathlib import Path

from support.gitbed import Bed

_LOOK = """
import sys
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.mainline import find_mainline
import drizzle_guard.renumber.driver, drizzle_guard.renumber.hook_steps, drizzle_guard.renumber.finish_rebase
with Repository() as repository:
    print(find_mainline(repository).source)
print([name for name in ("pydantic", "click", "git", "pre_commit") if name in sys.modules])
"""


def test_driver_and_hooks_read_settings_without_pydantic(tmp_path: Path) -> None:
    bed = Bed(tmp_path)
    bed.write("drizzle-guard.toml", 'mainline = "main"\n[database]\ntable = "rows"\n')
    bed.commit()
    assert bed.run(sys.executable, "-c", _LOOK).out == "drizzle-guard.toml\n[]\n"
