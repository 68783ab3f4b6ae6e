"""The npm packages, really built, packed and installed, in projects whose PATH has no Python."""

from __future__ import annotations

import base64
import hashlib
import json
import locale
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest

from drizzle_guard.install.native import in_every_worktree, stable_path
from support.gitbed import Bed, Done
from support.live.bench import missing
from support.locks import locked
from support.parts import PROJECT
from support.protect_commits import CASE

HUSKY, PNPM, YARN = "9.1.7", "10.34.9", "4.18.1"
FOLDERS = sorted({path.parent.name for path in PROJECT.glob("npm/*/package.json")} - {"drizzle-guard"})
#: names a folder that `npm/build.py` wrote, to be tested as it is
BUILT = "DRIZZLE_GUARD_NPM_DIST"
MERGED = ["0000_base", "0001_user_age", "0002_tags", "0003_comments", "0004_post_views"]


class Packages(NamedTuple):
    """What was packed, where a registry serves it, and a PATH without Python."""

    platform: str
    main: Path
    registry: str
    path: str


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packages]:
    """The packages of this checkout, built for this platform."""
    if platform.system() != "Linux" or not hasattr(locale, "getencoding"):
        pytest.skip("the native program is tested on Linux, where it is built with Python 3.11 or newer")
    for program in ("npm", "objdump"):
        if shutil.which(program) is None:
            missing(f"{program}: the npm packages cannot be built")
    base = tmp_path_factory.getbasetemp()
    top = (base.parent if base.name.startswith("popen-") else base) / "npm-packages"
    top.mkdir(exist_ok=True)
    with locked(top / "lock"):  # one build for all workers of pytest-xdist
        if not (top / "packed.json").exists():
            (top / "packed.json").write_text(json.dumps(_packed(top)))
        listed = json.loads((top / "packed.json").read_text())
        if not (top / "path").exists():
            _without_python(top / "path")
    folders = [Path(folder) for folder in listed]
    packed = {Path(folder).name: Path(file) for folder, file in listed.items()}
    with _registry(packed, folders) as url:
        yield Packages(folders[1].name, packed["drizzle-guard"], url, str(top / "path"))


def _packed(top: Path) -> dict[str, str]:
    """Build the packages, or take those that the environment names; each folder, and the file that it is packed in."""
    if BUILT in os.environ:
        built = Path(os.environ[BUILT])
        folders = [built / "drizzle-guard", *(built / name for name in FOLDERS if (built / name).is_dir())]
    else:
        argv = [sys.executable, str(PROJECT / "npm/build.py"), "--out", str(top)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        folders = [Path(line) for line in done.stdout.split("\n") if line]
    packed = {}
    for folder in folders:
        argv = ["npm", "pack", "--silent", "--pack-destination", str(top)]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=True)
        packed[str(folder)] = str(top / done.stdout.strip())
    return packed


class _registry:
    """A registry of our packages for the scope of the native ones: what npm asks, and no more."""

    def __init__(self, packed: dict[str, Path], folders: list[Path]) -> None:
        version = json.loads((folders[0] / "package.json").read_text())["version"]
        tarballs = {path.name: path.read_bytes() for path in packed.values()}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = unquote(self.path).rpartition("/")[2]
                found = tarballs.get(name) or self.packument(name)
                self.send_response(200 if found else 404)
                self.send_header("Content-Length", str(len(found)))
                self.end_headers()
                self.wfile.write(found)

            def packument(self, name: str) -> bytes:
                if name not in FOLDERS:
                    return b""
                manifest = json.loads((PROJECT / "npm" / name / "package.json").read_text())
                file = packed.get(name)
                digest = base64.b64encode(hashlib.sha512(file.read_bytes() if file else b"").digest()).decode()
                tarball = f"http://{self.headers['Host']}/{file.name if file else 'none.tgz'}"
                dist = {"tarball": tarball, "integrity": f"sha512-{digest}"}
                versions = {version: {**manifest, "version": version, "dist": dist}}
                found = {"name": manifest["name"], "dist-tags": {"latest": version}, "versions": versions}
                return json.dumps({**found, "time": {version: "2026-01-01T00:00:00.000Z"}}).encode()

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _without_python(directory: Path) -> None:
    """Make a directory with every program of the PATH but Python and what it brought."""
    directory.mkdir()
    ours = os.path.dirname(sys.executable)
    for place in os.environ["PATH"].split(os.pathsep):
        if place == ours or not os.path.isdir(place) or "shims" in place:
            continue
        for program in Path(place).iterdir():
            link = directory / program.name
            if not program.name.startswith(("python", "pip", "pydoc", "drizzle-guard")) and not link.exists():
                link.symlink_to(program)


class Project(Bed):
    """A repository with a package.json, whose PATH has no Python."""

    def __init__(self, directory: Path, packages: Packages, prepare: str, **needs: str) -> None:
        super().__init__(directory)
        self.env["PATH"] = packages.path
        self.env["npm_config_update_notifier"] = "false"
        self.env["npm_config_cache"] = str(packages.main.parent / "cache")
        self.write(".npmrc", f"@drizzle-guard:registry={packages.registry}\naudit=false\nfund=false\n")
        self.write(".gitignore", "node_modules\n.npmrc\n")
        needs = {"drizzle-guard": f"file:{packages.main}", **needs}
        package = {"name": "app", "private": True, "scripts": {"prepare": prepare}, "devDependencies": needs}
        self.write("package.json", json.dumps(package, indent=2))

    def guard(self, *args: str) -> Done:
        """Run drizzle-guard as a user types it."""
        return self.run("npx", "--no-install", "drizzle-guard", *args, check=False)


def _branches(bed: Bed) -> None:
    """main and feature with two migrations each; feature is checked out."""
    bed.put(CASE / "base")
    bed.commit("base")
    bed.git("branch", "feature")
    bed.put(CASE / "theirs")
    bed.commit("main")
    bed.git("checkout", "-q", "feature")
    bed.put(CASE / "ours")
    bed.commit("feature")


def _tags(bed: Bed) -> list[str]:
    """The migrations in HEAD's journal."""
    return [entry["tag"] for entry in json.loads(bed.files("HEAD")["meta/_journal.json"])["entries"]]


def test_a_team_with_npm_and_husky_needs_no_python(tmp_path: Path, packages: Packages) -> None:
    app = Project(tmp_path, packages, "husky && drizzle-guard install", husky=HUSKY)
    assert app.run("sh", "-c", "command -v python3 python", check=False).code != 0
    app.run("npm", "install")
    program = app.root / "node_modules/drizzle-guard/../@drizzle-guard" / packages.platform / "bin/drizzle-guard"
    assert app.git("config", "drizzle-guard.program") == str(program)
    assert f"for c in {program} ./{program.relative_to(app.root)} drizzle-guard; do" in app.git(
        "config", "merge.drizzle-journal.driver"
    )
    check = app.guard("install", "--check", "-v")
    assert (check.code, str(program) in check.out) == (0, True), check.text
    shown = app.guard("demo")
    assert shown.code == 0 and "Nothing was skipped." in shown.out, shown.text
    _branches(app)

    # one commit, and git has started the native program alone: node is not on the PATH
    calm = {"PATH": str(_without(tmp_path / "no-node", packages.path, "node", "npm", "npx"))}
    app.git("branch", "rebased")
    merged = app.try_git("merge", "--no-edit", "main", env=calm)
    assert (merged.code, _tags(app)) == (0, MERGED), merged.text
    assert app.git("rev-list", "--parents", "-1", "HEAD").count(" ") == 2
    assert app.git("status", "--porcelain", "--untracked-files=no") == ""
    assert app.guard("check").code == 0
    app.git("checkout", "-q", "rebased")
    rebased = app.try_git("rebase", "main", env=calm)
    assert (rebased.code, _tags(app)) == (0, MERGED), rebased.text

    # protect blocks, and names a command that can be typed
    app.write("drizzle/0000_base.sql", "SELECT 1;\n")
    app.git("add", "drizzle")
    blocked = app.try_git("commit", "-m", "edit", env=calm)
    assert blocked.code == 1 and "0000_base" in blocked.text, blocked.text
    app.git("reset", "-q", "--hard")

    database = tmp_path / "local.db"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE __drizzle_migrations (id INTEGER PRIMARY KEY, hash text, created_at numeric)")
    connection.close()
    app.put(PROJECT / "drizzle_guard/demo/files/base/drizzle", "local")
    status = app.guard("status", "local", "--url", f"file:{database}")
    assert (status.code, "In step; 1 pending." in status.out) == (0, True), status.text
    shutil.rmtree(app.root / "local")
    # the other drivers are in it, too
    unreached = app.guard("status", "--url", "postgresql://u:p@127.0.0.1:1/x")
    assert unreached.code == 2 and "cannot be opened" in unreached.err, unreached.text


def _without(directory: Path, path: str, *names: str) -> Path:
    directory.mkdir()
    for program in Path(path).iterdir():
        if program.name not in names:
            (directory / program.name).symlink_to(program)
    return directory


def test_linked_worktrees_and_npm_ci(tmp_path: Path, packages: Packages) -> None:
    """A linked worktree without node_modules finds the main one's; while npm ci has that away, git goes on alone."""
    app = Project(tmp_path, packages, "drizzle-guard install")
    app.run("npm", "install")
    _branches(app)
    app.git("checkout", "-q", "main")
    before = app.git("config", "--get-regexp", "drizzle")
    app.git("worktree", "add", "-q", str(tmp_path / "linked"), "feature")
    linked = app.at(tmp_path / "linked")
    merged = linked.try_git("merge", "--no-edit", "main")
    assert (merged.code, _tags(linked)) == (0, MERGED), merged.text

    # a worktree that has one of its own, and the main one has none: the second place is asked
    linked.git("reset", "-q", "--hard", "HEAD^1")
    modules = app.root / "node_modules"
    modules.rename(linked.root / "node_modules")
    merged = linked.try_git("merge", "--no-edit", "main")
    assert (merged.code, _tags(linked)) == (0, MERGED), merged.text
    (linked.root / "node_modules").rename(tmp_path / "away")

    # gone: no commit is held up, a merge of migrations stops
    linked.git("reset", "-q", "--hard", "HEAD^1")
    linked.write("app.ts", "1\n")
    linked.git("add", "app.ts")
    assert linked.try_git("commit", "-q", "-m", "by").code == 0
    stopped = linked.try_git("merge", "--no-edit", "main")
    assert stopped.code == 1 and "not found or broken; git merges" in stopped.text, stopped.text
    assert "drizzle/meta/_journal.json:2" in linked.stages()
    linked.git("merge", "--abort")

    app.run("npm", "ci")
    assert app.git("config", "--get-regexp", "drizzle") == before
    merged = linked.try_git("merge", "--no-edit", "main")
    assert (merged.code, _tags(linked)) == (0, MERGED), merged.text
    assert app.guard("install", "--check").code == 0


def test_pnpm_registers_a_path_that_outlives_its_store(tmp_path: Path, packages: Packages) -> None:
    """Here in a package of a workspace; the store's directories have the version in their name."""
    app = Project(tmp_path, packages, "drizzle-guard install")
    app.write("pnpm-workspace.yaml", "packages: [db]\n")
    manifest = app.read("package.json")
    app.write("db/package.json", manifest.replace(b'"app"', b'"db"'))
    app.write("package.json", '{"name": "app", "private": true}')
    app.run("npx", "--yes", f"pnpm@{PNPM}", "install", "--no-frozen-lockfile")
    program = f"db/node_modules/drizzle-guard/../@drizzle-guard/{packages.platform}/bin/drizzle-guard"
    assert app.git("config", "drizzle-guard.program") == str(app.root / program)
    assert "/.pnpm/" in os.path.realpath(app.root / program)
    _branches(app)
    merged = app.try_git("merge", "--no-edit", "main")
    assert (merged.code, _tags(app)) == (0, MERGED), merged.text


def test_yarn_with_node_modules(tmp_path: Path, packages: Packages) -> None:
    """Yarn 2 and later run no `prepare`; what `install` proposes there arms the clone, and merges end well."""
    app = Project(tmp_path, packages, "exit 1")
    scope = f"npmScopes:\n  drizzle-guard:\n    npmRegistryServer: {packages.registry.rstrip('/')}\n"
    local = "unsafeHttpWhitelist: [127.0.0.1]\nenableGlobalCache: false\nenableTelemetry: false\n"
    app.write(".yarnrc.yml", f"nodeLinker: node-modules\n{local}{scope}")
    app.write(".gitignore", "node_modules\n.npmrc\n.yarn\n.yarnrc.yml\nyarn.lock\n")
    (tmp_path / "yarn").mkdir()
    (tmp_path / "yarn/package.json").write_text("{}")
    app.at(tmp_path / "yarn").run("npm", "install", "--no-audit", "--no-fund", f"@yarnpkg/cli-dist@{YARN}")
    yarn = ("node", str(tmp_path / "yarn/node_modules/@yarnpkg/cli-dist/bin/yarn.js"))
    app.env["YARN_ENABLE_IMMUTABLE_INSTALLS"] = "false"
    app.write("yarn.lock", "")
    app.run(*yarn, "install")
    shown = app.guard("install", "--dry-run").out
    line = shown.split("package.json takes this script:\n")[1].splitlines()[0].strip()
    assert line == '"postinstall": "drizzle-guard install || exit 0"'
    package = json.loads(app.read("package.json"))
    package["scripts"] = json.loads(f"{{{line}}}")
    app.write("package.json", json.dumps(package, indent=2))
    app.run(*yarn, "install")
    program = f"node_modules/drizzle-guard/../@drizzle-guard/{packages.platform}/bin/drizzle-guard"
    assert app.git("config", "drizzle-guard.program") == str(app.root / program)
    _branches(app)
    merged = app.try_git("merge", "--no-edit", "main")
    assert (merged.code, _tags(app)) == (0, MERGED), merged.text

    app.write(".yarnrc.yml", f"nodeLinker: pnp\n{local}{scope}")
    app.run(*yarn, "install")
    refused = app.run(*yarn, "run", "drizzle-guard", "check", check=False)
    assert refused.code == 2 and "Yarn Plug'n'Play keeps no node_modules" in refused.text, refused.text


def test_where_npm_cannot_arm_it_says_so_and_goes_on(tmp_path: Path, packages: Packages) -> None:
    """In an image there is no repository, and perhaps no git; only `prepare` passes that, a person is told."""
    app = Project(tmp_path, packages, "drizzle-guard install")
    shutil.rmtree(app.root / ".git")
    said = app.run("npm", "install", "--foreground-scripts")
    assert "drizzle-guard: nothing was armed: this is no git repository" in said.text
    app.env["PATH"] = str(_without(tmp_path / "no-git", packages.path, "git"))
    said = app.run("npm", "run", "prepare", check=False)
    assert (said.code, "nothing was armed" in said.text) == (0, True), said.text
    by_hand = app.guard("install")
    assert by_hand.code == 2 and "nothing was armed" not in by_hand.text

    # the launcher hands on signals, and says what is missing
    launcher = app.root / "node_modules/drizzle-guard/bin/drizzle-guard.js"
    native = app.root / "node_modules/@drizzle-guard" / packages.platform
    (native / "bin/drizzle-guard").unlink()
    app.write(str(native / "bin/drizzle-guard"), "#!/bin/sh\nkill -TERM $$\n").chmod(0o755)
    assert app.run("node", str(launcher), check=False).code == -15
    shutil.rmtree(native)
    lost = app.run("node", str(launcher), "check", check=False)
    assert lost.code == 2
    assert lost.err.startswith(
        f"drizzle-guard: its package for this platform, @drizzle-guard/{packages.platform}, is not installed.\n"
        "  npm install --include=optional\n"
    )
    pnp = app.run("node", "-e", f"process.versions.pnp = '3'; require({json.dumps(str(launcher))})", check=False)
    assert pnp.code == 2
    assert pnp.err == (
        "drizzle-guard: Yarn Plug'n'Play keeps no node_modules, in which git would find the program; "
        "it is not supported.\n"
        "  yarn config set nodeLinker node-modules && yarn install\n"
        "  or install it without npm: pipx install drizzle-guard\n"
    )


# ---------------------------------------------------------------- without a build

STORE = "node_modules/.pnpm/@drizzle-guard+linux-x64@0.1.0/node_modules/@drizzle-guard/linux-x64"
MAIN_OF_STORE = "node_modules/.pnpm/drizzle-guard@0.1.0/node_modules"


@pytest.mark.quick
@pytest.mark.parametrize(
    ("real", "links", "expected"),
    [
        ("node_modules/@drizzle-guard/linux-x64", {}, "node_modules/drizzle-guard/../@drizzle-guard/linux-x64"),
        (
            "node_modules/drizzle-guard/node_modules/@drizzle-guard/linux-x64",
            {},
            "node_modules/drizzle-guard/node_modules/@drizzle-guard/linux-x64",
        ),
        (
            STORE,
            {
                "node_modules/drizzle-guard": f"{MAIN_OF_STORE}/drizzle-guard",
                f"{MAIN_OF_STORE}/@drizzle-guard/linux-x64": STORE,
            },
            "node_modules/drizzle-guard/../@drizzle-guard/linux-x64",
        ),
        (
            STORE,
            {"node_modules/.pnpm/node_modules/@drizzle-guard/linux-x64": STORE},
            "node_modules/.pnpm/node_modules/@drizzle-guard/linux-x64",
        ),
        ("anywhere/linux-x64", {}, "anywhere/linux-x64"),
    ],
    ids=["flat", "nested", "pnpm", "pnpm without a link from here", "elsewhere"],
)
def test_the_path_that_stays(tmp_path: Path, real: str, links: dict[str, str], expected: str) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / real / "bin").mkdir(parents=True)
    (tmp_path / real / "bin/drizzle-guard").touch()
    (tmp_path / "src").mkdir()
    for link, target in {"": "", **links}.items():
        if link:
            (tmp_path / target).mkdir(parents=True, exist_ok=True)
            (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / link).symlink_to(tmp_path / target)
    if expected.startswith("node_modules/drizzle-guard/"):
        (tmp_path / "node_modules/drizzle-guard").mkdir(exist_ok=True)
    found = stable_path(str(tmp_path / real / "bin/drizzle-guard"), str(tmp_path / "src"))
    assert found == str(tmp_path / expected / "bin/drizzle-guard")
    inside = in_every_worktree(found)
    assert inside == (f"./{expected}/bin/drizzle-guard" if "node_modules" in expected else None)


@pytest.mark.quick
def test_the_manifests_say_the_same() -> None:
    manifests = {path.parent.name: json.loads(path.read_text()) for path in PROJECT.glob("npm/*/package.json")}
    main = manifests.pop("drizzle-guard")
    assert sorted(main["optionalDependencies"]) == sorted(f"@drizzle-guard/{name}" for name in manifests)
    assert {"linux-x64", "linux-x64-musl", "linux-arm64", "linux-arm64-musl"} < set(manifests)
    assert {"darwin-x64", "darwin-arm64", "win32-x64"} < set(manifests)
    for name, manifest in manifests.items():
        system, cpu, *libc = name.split("-")
        found = manifest["os"] + manifest["cpu"] + manifest.get("libc", [])
        assert found == [system, cpu, *(libc or (["glibc"] if system == "linux" else []))]
    for manifest in (main, *manifests.values()):
        assert manifest["version"] == "0.0.0", "build.py writes pyproject's"
        assert not {"preinstall", "install", "postinstall"} & set(manifest.get("scripts", {}))
        assert manifest["publishConfig"] == {"access": "public", "provenance": True}
