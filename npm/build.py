"""Build the npm packages of drizzle-guard: the main one, and the one that holds this platform's native program.

    python npm/build.py [--out DIR] [--main | --native]

Needs `pip install '.[native]'` and Python >= 3.11 (on Linux one with a shared library, and binutils).  In DIR (default:
`npm/dist`) stand then `drizzle-guard/` and, say, `linux-x64/`, ready for `npm pack` or `npm publish`.  The version is
that of `pyproject.toml`.  `docs/npm.md` says why it is built like this.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent
MAIN = "drizzle-guard"
_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "win32"}
_CPUS = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}
_PRE = {"a": "alpha", "b": "beta", "rc": "rc"}


def version() -> str:
    """The version of `pyproject.toml`, as npm writes it (0.2.0rc1 is 0.2.0-rc.1 there)."""
    text = (PROJECT / "pyproject.toml").read_text("utf-8")
    found = re.search(r'^version = "(\d+\.\d+\.\d+)(?:(a|b|rc)(\d+))?"$', text, re.MULTILINE)
    if found is None:
        raise SystemExit("pyproject.toml has no version that npm knows.")
    number, kind, count = found.groups()
    return f"{number}-{_PRE[kind]}.{count}" if kind else number


def this_platform() -> str:
    """The name of the package for this platform, which is a folder here."""
    name = f"{_SYSTEMS.get(sys.platform)}-{_CPUS.get(platform.machine().lower())}"
    musl = sys.platform == "linux" and platform.libc_ver()[0] != "glibc"
    name += "-musl" if musl else ""
    if not (HERE / name).is_dir():
        raise SystemExit(f"there is no package for this platform ({sys.platform}, {platform.machine()}).")
    return name


def manifest(folder: Path) -> dict[str, Any]:
    """A package's manifest with the version in it."""
    found: dict[str, Any] = json.loads((folder / "package.json").read_text("utf-8"))
    found["version"] = version()
    if "optionalDependencies" in found:
        found["optionalDependencies"] = dict.fromkeys(found["optionalDependencies"], version())
    return found


def lay_out(name: str, out: Path) -> Path:
    """What every package has: manifest, licence, a word to read, and what lies beside its manifest here."""
    folder = out / name
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(HERE / name, folder)
    data = manifest(HERE / name)
    (folder / "package.json").write_text(json.dumps(data, indent=2) + "\n", "utf-8")
    shutil.copy(PROJECT / "LICENSE", folder)
    if name == MAIN:
        shutil.copy(PROJECT / "README.md", folder)
    else:
        words = (
            f"{data['description']} It comes with the package\n[drizzle-guard](https://www.npmjs.com/package/{MAIN})."
        )
        (folder / "README.md").write_text(f"# {data['name']}\n\n{words}\n", "utf-8")
    return folder


def native(out: Path) -> Path:
    """Build this platform's program into its package; returns the package's folder."""
    folder = lay_out(this_platform(), out)
    work = out / "work"
    argv = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"]
    subprocess.run([*argv, "--distpath", folder, "--workpath", work, "native.spec"], cwd=HERE, check=True)
    shutil.rmtree(work)
    without_links(folder / "bin")
    return folder


def without_links(folder: Path) -> None:
    """Take links away, which npm does not pack.

    On Linux they name libraries that the one module which needs them finds by itself; elsewhere they become copies.
    """
    for link in [path for path in folder.rglob("*") if path.is_symlink()]:
        target = link.resolve()
        link.unlink()
        if not sys.platform.startswith("linux"):
            (shutil.copytree if target.is_dir() else shutil.copy2)(target, link)


def main() -> int:
    """Build what was asked for, and print where it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE / "dist")
    parser.add_argument("--main", action="store_true", help="only the main package")
    parser.add_argument("--native", action="store_true", help="only the native program of this platform")
    args = parser.parse_args()
    out: Path = args.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    if not args.native:
        print(lay_out(MAIN, out))
    if not args.main:
        print(native(out))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
