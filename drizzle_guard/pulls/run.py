"""All that one event asks for: look at each pull request, push or comment, and say what was done."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal

from drizzle_guard.errors import GuardError, UsageError, printable, without_credentials
from drizzle_guard.git.sides import merge_sides
from drizzle_guard.light import NamedTuple
from drizzle_guard.pulls import words
from drizzle_guard.pulls.clone import Clone, Pushed, throw_away_clone
from drizzle_guard.pulls.forge import Forge, ForgeError, Pull
from drizzle_guard.pulls.github import GitHub
from drizzle_guard.pulls.gitlab import GitLab
from drizzle_guard.pulls.mend import Mended, Nothing, Outcome, Stuck, colliding_v1, mend
from drizzle_guard.renumber.decision import colliding_folders
from drizzle_guard.renumber.one_branch import compare

_TOKEN = "DRIZZLE_GUARD_TOKEN"
_SUMMARY = "GITHUB_STEP_SUMMARY"


class Told(NamedTuple):
    """What became of one pull request.

    `state` is `idle` (nothing to do), `mended`, `left` (to a person) or `failed` (it could not be looked at, or what
    had to be done was not taken); `lines` say it, `body` is the comment that goes with it, and `notes` what else went
    wrong.
    """

    pull: Pull
    state: Literal["idle", "mended", "left", "failed"]
    lines: tuple[str, ...]
    body: str = ""
    notes: tuple[str, ...] = ()


def forge_of(env: Mapping[str, str], base: str) -> Forge:
    """The forge whose job we run in.  Raises UsageError where that is none, or where no token is given."""
    token = env.get(_TOKEN, "")
    kind = "GitHub" if env.get("GITHUB_REPOSITORY") else "GitLab" if env.get("CI_PROJECT_ID") else ""
    if not kind:
        raise UsageError("--pulls works in a job of GitHub Actions or GitLab CI/CD; this is none.")
    if not token or any(not 32 < ord(letter) < 127 for letter in token):
        raise UsageError(f"{_TOKEN} holds no token.", "docs/pulls.md says which one it needs")
    try:
        return GitHub(env, token, base) if kind == "GitHub" else GitLab(env, token, base)
    except KeyError as error:
        raise UsageError(f"{error.args[0]} is not set: this is no job of {kind}.") from None


def run(env: Mapping[str, str], paths: Sequence[str], base: str, *, dry_run: bool) -> tuple[list[Told], str, bool]:
    """Mend what the event asks for.

    `base` limits it to pull requests onto one branch ("": what the event says); `paths` to some folders.  Returns what
    became of each, why there was nothing to look at ("": there was), and whether one single pull request was asked for.
    Raises GuardError.
    """
    forge = forge_of(env, base)
    asked = forge.asked()
    if asked.nothing:
        return [], asked.nothing, False
    if asked.number is not None:
        found = forge.pull(asked.number)
        pulls = [found] if found is not None else []
        if found is not None and base and found.base != base:
            return [], f"it is onto {found.base}, not onto {base}", True
        why = "" if pulls else "this pull request is not open any more"
    else:
        if not asked.base:
            raise UsageError("nothing tells which branch is the base.", "name it with the input `base`, or --onto")
        pulls = list(forge.open_pulls(asked.base))
        why = "" if pulls else f"no pull request onto {asked.base} is open"
    told: list[Told] = []
    if pulls:
        with throw_away_clone(forge.clone_url, forge.git_header, forge.token) as clone:
            told = [_one(forge, clone, pull, paths, dry_run=dry_run) for pull in pulls]
    return told, why, asked.number is not None


def _one(forge: Forge, clone: Clone, pull: Pull, paths: Sequence[str], *, dry_run: bool) -> Told:
    """One pull request; what goes wrong with it hides no other."""
    try:
        told = _look(forge, clone, pull, paths, dry_run=dry_run)
    except GuardError as error:
        return Told(pull, "failed", (without_credentials(error.message),))
    return told if dry_run else _comment(forge, told)


def _look(forge: Forge, clone: Clone, pull: Pull, paths: Sequence[str], *, dry_run: bool) -> Told:
    for again in (False, True):
        head, outcome = _merge(clone, pull, paths)
        if isinstance(outcome, Nothing):
            return Told(pull, "idle", (outcome.why,), words.settled())
        if isinstance(outcome, Stuck):
            lines = (*outcome.reasons, *(f"git cannot merge {path}" for path in outcome.conflicts))
            return Told(pull, "left", lines, words.stuck(pull, outcome, forge.clone_url))
        if dry_run:
            return Told(pull, "left", ("would be mended:", *outcome.lines))
        if pull.is_fork:
            return _not_pushed(forge, clone, pull, outcome, "it comes from a fork, to which nothing is pushed")
        push = clone.push(outcome.commit, pull.branch, head)
        if push.result is Pushed.DONE:
            lines = (f"merged {pull.base} and pushed {outcome.commit[:10]}", *outcome.lines)
            return Told(pull, "mended", lines, words.mended(outcome))
        if push.result is Pushed.REFUSED:
            told = _not_pushed(forge, clone, pull, outcome, "the push was refused")
            return told._replace(state="failed", notes=(push.reason,))
        if again:
            break
    return Told(pull, "failed", ("somebody pushed to the branch meanwhile, twice; nothing was done",))


def _not_pushed(forge: Forge, clone: Clone, pull: Pull, outcome: Mended, why: str) -> Told:
    head = clone.repository.commit(_here(pull))
    assert head is not None
    names = (f"origin/{pull.base}", pull.branch)
    base = clone.repository.commit(names[0])
    assert base is not None
    sides = merge_sides(clone.repository, head, base)
    graphs = [compare(clone.repository, sides, f, names, names[0]) for f in colliding_folders(clone.repository, sides)]
    graphs += colliding_v1(clone.repository, sides, names, lambda found: found)
    body = words.collides(pull, outcome, graphs, forge.clone_url, why)
    return Told(pull, "left", (why, *outcome.lines), body)


def _here(pull: Pull) -> str:
    return f"refs/pulls/{pull.number}"


def _merge(clone: Clone, pull: Pull, paths: Sequence[str]) -> tuple[str, Outcome]:
    """Fetch both ends as they are now, and merge; the branch's commit and the outcome."""
    repository = clone.repository
    if clone.fetch(f"refs/heads/{pull.base}", f"refs/remotes/origin/{pull.base}") is None:
        return "", Nothing(f"its base {printable(pull.base)} is gone")
    head = clone.fetch(pull.ref, _here(pull))
    if head is None:
        return "", Nothing("its branch is gone")
    clone.read_attributes(head)
    return head, mend(repository, head, (f"origin/{pull.base}", pull.branch), lambda found: _chosen(found, paths))


def _chosen(folders: Sequence[str], paths: Sequence[str]) -> list[str]:
    """The folders at or below PATHS, which are meant from the top of the repository."""
    wanted = [os.path.normpath(path).replace(os.sep, "/") for path in paths] or ["."]
    return [f for f in folders if any(path == "." or f == path or f.startswith(f"{path}/") for path in wanted)]


def _comment(forge: Forge, told: Told) -> Told:
    """Keep our one comment up to date; a first one is written only where a person has to do something."""
    if not told.body:
        return told
    try:
        there = forge.comment(told.pull)
        first = there is None and told.state in ("left", "failed")
        if first or (there is not None and there.body.rstrip() != told.body.rstrip()):
            forge.say(told.pull, there, told.body)
    except ForgeError as error:
        if told.state in ("idle", "mended") or (told.pull.is_fork and error.status in (401, 403, 404)):
            note = f"the comment was not written: {error.message}"
            return told._replace(notes=(*told.notes, note))
        return told._replace(state="failed", notes=(*told.notes, f"the comment was not written: {error.message}"))
    return told


def exit_code(told: Sequence[Told], single: bool) -> int:
    """1 where something failed, or where the one pull request that was asked for is left to a person."""
    return int(any(one.state == "failed" or (single and one.state == "left") for one in told))


_WORDS = {"idle": "nothing to do", "mended": "mended", "left": "left to a person", "failed": "failed"}


def as_text(told: Sequence[Told]) -> str:
    """What became of each, for the log of the job."""
    rows = []
    for one in told:
        rows.append(f"{one.pull.number} {printable(one.pull.branch)}: {_WORDS[one.state]}")
        rows += [f"  {printable(line)}" for line in (*one.lines, *one.notes)]
    return "\n".join(rows)


def write_summary(env: Mapping[str, str], text: str) -> None:
    """Add the text to the job's summary, where the forge has one; as an indented block, which nothing can end."""
    path = env.get(_SUMMARY)
    if path:
        block = words.block(text.split("\n"))
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"### drizzle-guard: pull requests\n\n{block}\n\n")
