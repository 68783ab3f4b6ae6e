"""Draw docs/demo.svg and docs/graph.svg from what the commands print: `.venv/bin/python docs/pictures.py`.

It runs `drizzle-guard demo --keep`, and `drizzle-guard graph` on the demo's branch as it was before the merge, on a
terminal (Linux and macOS), and turns text and colours into SVG.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from html import escape
from pathlib import Path

DOCS = Path(__file__).parent
TOOL = str(Path(sys.executable).parent / "drizzle-guard")
COLOURS = {"31": "#f47067", "32": "#6bc46d", "33": "#daaa3f", "35": "#dcbdfb", "36": "#56d4dd"}
STYLE = "font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #d1d7e0; white-space: pre"
WIDTH, LINE = 7.85, 18


def on_terminal(*argv: str, cwd: Path | None = None) -> str:
    """What a command prints on a terminal, with its colours."""
    here, there = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(argv, cwd=cwd, env=environment, stdin=there, stdout=there, stderr=subprocess.STDOUT)
    os.close(there)
    seen = bytearray()
    while True:
        try:
            part = os.read(here, 65536)
        except OSError:  # Linux says so at the end
            break
        if not part:
            break
        seen += part
    os.close(here)
    if process.wait():
        raise SystemExit(f"{argv} ended with {process.returncode}:\n{seen.decode()}")
    return seen.decode().replace("\r\n", "\n")


def drawn(text: str) -> str:
    """A terminal's text as SVG."""
    lines = text.rstrip("\n").split("\n")
    plain = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]
    width = round(WIDTH * max(map(len, plain)) + 32)
    height = LINE * len(lines) + 28
    rows = [_row(line, 30 + LINE * number) for number, line in enumerate(lines)]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}">',
            '<rect width="100%" height="100%" rx="8" fill="#1c2128"/>',
            f'<g style="{STYLE}">',
            *filter(None, rows),
            "</g>",
            "</svg>",
            "",
        )
    )


def _row(line: str, y: int) -> str:
    """One line, its colours as spans."""
    spans, colour, bold = [], "", False
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            for code in part[2:-1].split(";"):
                if code in COLOURS:
                    colour = COLOURS[code]
                elif code == "1":
                    bold = True
                elif code in ("", "0"):
                    colour, bold = "", False
        elif part:
            look = (f' fill="{colour}"' if colour else "") + (' font-weight="bold"' if bold else "")
            spans.append(f"<tspan{look}>{escape(part)}</tspan>" if look else escape(part))
    return f'<text x="16" y="{y}" xml:space="preserve">{"".join(spans)}</text>' if spans else ""


def main() -> None:
    """Write both pictures."""
    text, _, kept = on_terminal(TOOL, "demo", "--keep").rpartition("Kept: ")
    place = Path(kept.split("\n")[0].strip())
    try:
        subprocess.run(["git", "checkout", "-q", "-B", "feature", "feature^1"], cwd=place / "repo", check=True)
        graph = on_terminal(TOOL, "graph", cwd=place / "repo")
    finally:
        shutil.rmtree(place)
    (DOCS / "demo.svg").write_text(drawn(f"\x1b[1m$ drizzle-guard demo\x1b[0m\n{text.rstrip()}"), "utf-8")
    (DOCS / "graph.svg").write_text(drawn(f"\x1b[1m$ drizzle-guard graph\x1b[0m\n{graph}"), "utf-8")


if __name__ == "__main__":
    main()
