"""The real pre-commit framework, with a hook environment built from this working tree, once a session."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from support.gitbed import Bed
from support.locks import locked

PROJECT = Path(__file__).parents[2]
#: everything that builds the package and names its hooks
SOURCES = ("drizzle_guard", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
STAGES = "[pre-commit, pre-merge-commit, post-merge, post-commit, post-rewrite, pre-push]"


#: a build backend that needs nothing from an index
PACK = """
import pathlib, zipfile

def build_wheel(directory, settings=None, metadata=None):
    info = "drizzle_guard-0.0.0.dist-info"
    with zipfile.ZipFile(pathlib.Path(directory, "drizzle_guard-0.0.0-py3-none-any.whl"), "w") as wheel:
        for file in pathlib.Path("drizzle_guard").rglob("*"):
            wheel.write(file)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: drizzle-guard\\nVersion: 0.0.0\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\\ndrizzle-guard = drizzle_guard.__main__:main\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return "drizzle_guard-0.0.0-py3-none-any.whl"
"""


class Framework:
    """`source` is a repository with the project as it is now; `home` is the framework's cache.

    If it is not the `whole` package, it has no dependencies, which is enough for driver and hooks, and is only packed.
    """

    def __init__(self, directory: Path, *, whole: bool = True) -> None:
        self.home = directory / "pre-commit-home"
        self._whole = whole
        directory.mkdir(parents=True, exist_ok=True)
        # several workers of pytest-xdist share one environment
        with locked(directory / "lock"):
            source = directory / "source"
            bed = Bed(directory / "bed") if source.exists() else self._copy(directory, source)
            self.source, self.rev = source, bed.at(source).git("rev-parse", "HEAD")
            if not (directory / "built").exists():
                self._build(directory / "build")
                (directory / "built").touch()

    def _copy(self, directory: Path, source: Path) -> Bed:
        source.mkdir()
        for name in SOURCES:
            if (PROJECT / name).is_dir():
                shutil.copytree(PROJECT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(PROJECT / name, source / name)
        if not self._whole:
            (source / "pyproject.toml").write_text(
                '[build-system]\nrequires = []\nbuild-backend = "pack"\nbackend-path = ["."]\n', "utf-8"
            )
            (source / "pack.py").write_text(PACK, "utf-8")
        bed = Bed(directory / "bed")
        repository = bed.at(source)
        repository.git("init", "-q")
        repository.commit("as it is now")
        return bed

    def _build(self, directory: Path) -> None:
        bed = Bed(directory)
        self.configure(bed, "protect")
        bed.git("add", "-A")
        bed.run("pre-commit", "install-hooks", env=self.for_pip())

    def for_pip(self) -> dict[str, str]:
        """What pip needs of the machine's settings, which a hermetic bed has not, and the cache."""
        names = ("PIP_", "SSL_", "REQUESTS_", "HTTP", "http", "no_")
        pip = {key: value for key, value in os.environ.items() if key.startswith(names)}
        # what is unpacked and compiled of pip serves all environments; of a package, only what runs is compiled
        quick = {
            "VIRTUALENV_OVERRIDE_APP_DATA": str(self.home.parent / "virtualenv"),
            "VIRTUALENV_SYMLINK_APP_DATA": "1",
        }
        return {"PRE_COMMIT_HOME": str(self.home), **pip, **quick, "PIP_NO_COMPILE": "0"}  # it means: compile = 0

    def configure(self, bed: Bed, *hooks: str, install: bool = False) -> None:
        """Write `.pre-commit-config.yaml` with these hooks; `install` does what a teammate does once."""
        bed.env["PRE_COMMIT_HOME"] = str(self.home)
        bed.env["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), bed.env["PATH"]))
        lines = [f"default_install_hook_types: {STAGES}", "repos:", f"- repo: {self.source}", f"  rev: {self.rev}"]
        lines += ["  hooks:", *(f"  - id: drizzle-guard-{hook}" for hook in hooks)]
        bed.write(".pre-commit-config.yaml", "\n".join(lines) + "\n")
        if install:
            bed.run("pre-commit", "install")

    @property
    def executable(self) -> Path:
        """drizzle-guard in the framework's own environment."""
        (found,) = self.home.glob("repo*/py_env-*/bin/drizzle-guard")
        return found


@pytest.fixture(scope="session")
def framework(tmp_path_factory: pytest.TempPathFactory) -> Framework:
    """The framework with an environment of this working tree, made once for all processes of a run."""
    base = tmp_path_factory.getbasetemp()
    # pytest-xdist gives each worker a directory of its own below one that all share
    return Framework((base.parent if base.name.startswith("popen-") else base) / "framework")
