"""Writes the JSON Schemas of what the commands print into `docs/schemas/`.

python docs/write_schemas.py [--check]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from drizzle_guard.check.report import Report
from drizzle_guard.commands.forms import GraphForm, HealedForm, OverviewForm, RefusedForm, RenumberedForm
from drizzle_guard.config_model import Config
from drizzle_guard.database.done import ApplyReport, RepairReport
from drizzle_guard.database.environments import AcrossReport
from drizzle_guard.database.report import StatusReport
from drizzle_guard.rehearse.forms import AgainstForm, RehearsedForm

PLACE = Path(__file__).with_name("schemas")
#: file name -> what it describes, and the form
FORMS: dict[str, tuple[str, TypeAdapter[Any]]] = {
    "check": ("drizzle-guard check --format json", TypeAdapter(Report)),
    "status": ("drizzle-guard status --json", TypeAdapter(StatusReport)),
    "status-all": ("drizzle-guard status --all --json", TypeAdapter(AcrossReport)),
    "apply": ("drizzle-guard apply --format json", TypeAdapter(ApplyReport)),
    "repair": ("drizzle-guard repair --format json", TypeAdapter(RepairReport)),
    "renumber": ("drizzle-guard renumber --json", TypeAdapter(list[RenumberedForm | RefusedForm | HealedForm])),
    "graph": ("drizzle-guard graph --format json", TypeAdapter(list[GraphForm])),
    "graph-all": ("drizzle-guard graph --all --format json", TypeAdapter(list[OverviewForm])),
    "rehearse": ("drizzle-guard rehearse --format json", TypeAdapter(RehearsedForm)),
    "rehearse-against": ("drizzle-guard rehearse --against URL --format json", TypeAdapter(AgainstForm)),
    "drizzle-guard.toml": ("drizzle-guard.toml", TypeAdapter(Config)),
}


def schema(name: str) -> str:
    """The text of one schema's file."""
    title, form = FORMS[name]
    kind = "validation" if name.endswith(".toml") else "serialization"
    found = form.json_schema(mode=kind, by_alias=True)
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **found, "title": title}
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def main(argv: list[str]) -> int:
    """Write all files; with `--check` only say which are not as they should be (1 if any)."""
    PLACE.mkdir(exist_ok=True)
    stale = []
    for name in FORMS:
        file = PLACE / f"{name}.schema.json"
        if not file.exists() or file.read_text("utf-8") != schema(name):
            stale.append(file.name)
            if argv != ["--check"]:
                file.write_text(schema(name), "utf-8")
    print("\n".join(stale) or "nothing to write")
    return int(bool(stale) and argv == ["--check"])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
