"""Reading migration folders out of commits and the index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from drizzle_guard.drizzle.folder import Blob, Folder, join, read_folder
from drizzle_guard.drizzle.journal import PATH
from drizzle_guard.git.repository import Repository
from drizzle_guard.git.text import bytes_of, text_of

Files = dict[str, Blob]

_JOURNALS = (":(top,glob)**/" + PATH,)


def history_at(
    repository: Repository, commit: str | None, folder: str, *, name: str = "", like: Folder | None = None
) -> Folder:
    """The folder in a commit (None: empty); `name` is how messages call the version (default: the folder).

    `like` is another version of that name, from which is taken what is the same (`read_folder`).  Raises GuardError if
    its journal is not sound.
    """
    known = {} if like is None else like.files
    files = {} if commit is None else files_at(repository, commit, folder, name or folder, known)
    return read_folder(name or folder, files, like)


def files_at(
    repository: Repository, commit: str, folder: str, name: str, known: Mapping[str, Blob] = MappingProxyType({})
) -> Files:
    """The files of a folder and of its `meta/` in a commit, by their path inside the folder.

    A blob that is the same in `known` is taken from there.
    """
    files: Files = {}
    for inside in ("", "meta/"):
        for mode, oid, file in _tree(repository, f"{commit}:{join(folder, inside)}".rstrip("/")):
            if mode == _DIRECTORY:
                continue
            path = inside + file
            there = known.get(path)
            is_same = there is not None and there.id == oid and there.mode == mode
            files[path] = there if there is not None and is_same else blob(repository, oid, mode, join(name, path))
    if "meta" in files:  # a link or submodule in the place of the directory
        files[PATH] = Blob(lambda: b"", id=files["meta"].id, mode=files["meta"].mode, name=join(name, "meta"))
    return files


_DIRECTORY = "040000"


def _tree(repository: Repository, tree: str) -> Iterator[tuple[str, str, str]]:
    """Mode, id and name of each entry of a tree; none where there is no tree."""
    found = repository.read(tree)
    data = b"" if found is None or found.kind != "tree" else found.data
    size, at = len(repository.no_object) // 2, 0
    while at < len(data):
        space, end = data.index(b" ", at), data.index(b"\0", at)
        mode = int(data[at:space], 8)
        if mode & 0o170000 == 0o100000:  # old trees hold other permissions
            mode = 0o100755 if mode & 0o100 else 0o100644
        oid, at = data[end + 1 : end + 1 + size].hex(), end + 1 + size
        yield f"{mode:06o}", oid, text_of(data[space + 1 : end])


def files_in_index(repository: Repository, folder: str) -> dict[str, dict[int, Blob]]:
    """The files of a folder and its `meta/` in the index: by path inside the folder, then by stage (0: merged)."""
    start = f"{folder}/" if folder else ""
    patterns = (f":(top,glob){escape(start)}*", f":(top,glob){escape(start)}meta/*")
    files: dict[str, dict[int, Blob]] = {}
    for record in text_of(repository.git("ls-files", "-s", "-z", "--", *patterns)).split("\0"):
        if record:
            head, path = record.split("\t", 1)
            mode, oid, stage = head.split()
            inner = path.removeprefix(start)
            files.setdefault(inner, {})[int(stage)] = blob(repository, oid, mode, join(folder, inner))
    return files


def checked_out_with_crlf(repository: Repository, folder: str) -> frozenset[str]:
    """The SQL files (as paths inside the folder) with CRLF in the worktree that git takes for what its index holds.

    There the checkout made the line ends, by `core.autocrlf` or an attribute; no commit will hold them.
    """
    start = f"{folder}/" if folder else ""
    found = repository.run("ls-files", "--eol", "-s", "-z", "--", f":(top,glob){escape(start)}**/*.sql").stdout
    staged: dict[str, str] = {}
    for record in text_of(found).split("\0"):
        head, _, rest = record.partition("\t")
        ends, _, path = rest.partition("\t")
        if ends.split()[:2] == ["i/lf", "w/crlf"] and "\n" not in path:
            staged[path] = head.split()[1]
    if not staged:
        return frozenset()
    hashed = repository.git("hash-object", "--stdin-paths", stdin=bytes_of("\n".join(staged) + "\n"))
    pairs = zip(staged.items(), text_of(hashed).split(), strict=True)
    return frozenset(path.removeprefix(start) for (path, oid), now in pairs if now == oid)


def blob(repository: Repository, oid: str, mode: str, name: str) -> Blob:
    """A blob of the repository, read when it is asked for."""
    return Blob(lambda: repository.blob(oid, name), id=oid, mode=mode, name=name)


def escape(path: str) -> str:
    """A path as it is written in a `:(glob)` pattern."""
    return "".join(f"\\{c}" if c in "*?[\\" else c for c in path)


def changed_folders(repository: Repository, one: str, other: str) -> set[str]:
    """Folders whose journal differs between two commits."""
    listed = repository.git("diff-tree", "-r", "-z", "--name-only", "--no-renames", one, other, "--", *_JOURNALS)
    return _folders(text_of(listed).split("\0"))


def changed_on_both(repository: Repository, base: str, one: str, other: str) -> set[str]:
    """Folders whose journal differs from that of the base in both of two commits; one process tells."""
    pairs = f"{one} {base}\n{other} {base}\n".encode("ascii")  # each is compared as if the base were its parent
    options = ("-r", "-z", "--name-only", "--no-renames")
    listed = text_of(repository.git("diff-tree", "--stdin", *options, "--", *_JOURNALS, stdin=pairs)).split("\0")
    if other not in listed:
        return set()
    at = len(listed) - 1 - listed[::-1].index(other)  # a commit is named in front of its paths, if there are any
    return _folders(listed[:at]) & _folders(listed[at:])


#: the id of the tree that has nothing in it, which every git knows, by the length of the ids
_EMPTY_TREE = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


def folders_at(repository: Repository, commit: str) -> set[str]:
    """All migration folders in a commit."""
    return changed_folders(repository, _EMPTY_TREE[len(repository.no_object)], commit)


def folders_in_index(repository: Repository) -> set[str]:
    """All migration folders in the index, unmerged ones too."""
    return _folders(text_of(repository.git("ls-files", "-z", "--", *_JOURNALS)).split("\0"))


def _folders(paths: Iterable[str]) -> set[str]:
    return {path[: -len(PATH)].rstrip("/") for path in paths if path.endswith(PATH)}
