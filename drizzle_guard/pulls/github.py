"""GitHub: what Actions tells in the environment, and its REST API (version 2022-11-28)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from drizzle_guard.errors import UsageError
from drizzle_guard.pulls.api import Api
from drizzle_guard.pulls.forge import MARKER, Asked, Comment, ForgeError, Pull, branch_of

#: where a fork's pull request, too, starts a run; with `pull_request` GitHub starts none while there is a conflict
_ONE = ("pull_request", "pull_request_target")
_ALL = ("workflow_dispatch", "schedule", "repository_dispatch")


class GitHub:
    """One repository on GitHub, with the token that a workflow was given."""

    def __init__(self, env: Mapping[str, str], token: str, base: str) -> None:
        self._env, self._base, self.token = env, base, token
        self._name = env["GITHUB_REPOSITORY"]
        self._at = f"/repos/{quote(self._name)}"
        server = env.get("GITHUB_SERVER_URL", "https://github.com").rstrip("/")
        self.clone_url = f"{server}/{self._name}.git"
        basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        self.git_header = f"Authorization: Basic {basic}"
        self._api = Api(
            "GitHub",
            env.get("GITHUB_API_URL", "https://api.github.com"),
            {
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "Authorization": f"Bearer {token}",
            },
        )
        self._login: str | None = None

    def asked(self) -> Asked:
        """What the event asks for.  Raises UsageError where it cannot be read."""
        kind, event = self._env.get("GITHUB_EVENT_NAME", ""), self._event()
        default = event.get("repository", {}).get("default_branch") or ""
        if kind in _ONE:
            if event.get("action") == "closed":
                return Asked(nothing="this pull request is closed")
            return Asked(number=int(event["pull_request"]["number"]))
        if kind == "merge_group":
            return Asked(nothing="what waits in a merge queue has no conflict, and a push would take it out again")
        if kind == "push":
            ref = str(event.get("ref", ""))
            if not ref.startswith("refs/heads/") or event.get("deleted"):
                return Asked(nothing="this push is to no branch")
            if self._base and branch_of(ref) != self._base:
                return Asked(nothing="this push is to another branch than the base")
            return Asked(base=branch_of(ref))
        if kind in _ALL:
            return Asked(base=self._base or default)
        raise UsageError(
            f"nothing is mended on the event '{kind}'.",
            "it is done on: pull_request, pull_request_target, push, merge_group, workflow_dispatch, schedule",
        )

    def _event(self) -> dict[str, Any]:
        try:
            with open(self._env["GITHUB_EVENT_PATH"], encoding="utf-8") as file:
                event = json.load(file)
        except (KeyError, OSError, ValueError):
            event = None
        if not isinstance(event, dict):
            raise UsageError("GITHUB_EVENT_PATH names no event: this is to be called by GitHub Actions.")
        return event

    def pull(self, number: int) -> Pull | None:
        """One pull request; None if it is not open."""
        found = self._api.get(f"{self._at}/pulls/{number}")
        return self._pull(found) if found.get("state") == "open" else None

    def open_pulls(self, base: str) -> Iterator[Pull]:
        """All open pull requests onto a branch, the oldest first."""
        query = f"state=open&base={quote(base, safe='')}&sort=created&direction=asc&per_page=100"
        return (self._pull(found) for found in self._api.pages(f"{self._at}/pulls?{query}"))

    def _pull(self, found: Mapping[str, Any]) -> Pull:
        try:
            number, branch, base = int(found["number"]), str(found["head"]["ref"]), str(found["base"]["ref"])
            home = found["head"]["repo"]  # None: the fork was deleted
            is_fork = home is None or str(home["full_name"]).lower() != self._name.lower()
        except (KeyError, TypeError, ValueError):
            raise self._api.odd(f"{self._at}/pulls") from None
        return Pull(number, branch, base, f"refs/pull/{number}/head" if is_fork else f"refs/heads/{branch}", is_fork)

    def comment(self, pull: Pull) -> Comment | None:
        """Our comment: it begins with our mark, and we wrote it; anybody could copy the mark."""
        for found in self._api.pages(f"{self._at}/issues/{pull.number}/comments?per_page=100"):
            body, user = found.get("body"), found.get("user") or {}
            if isinstance(body, str) and body.startswith(MARKER) and self._is_ours(user):
                return Comment(int(found["id"]), body.replace("\r\n", "\n"))
        return None

    def _is_ours(self, user: Mapping[str, Any]) -> bool:
        if self._login is None:
            try:
                self._login = str(self._api.get("/user")["login"])
            except ForgeError as error:  # the token of a workflow or an app may not ask; it writes as a bot
                if error.status not in (401, 403, 404):
                    raise
                self._login = ""
        return user.get("login") == self._login if self._login else user.get("type") == "Bot"

    def say(self, pull: Pull, comment: Comment | None, body: str) -> None:
        """Write our comment, or (`comment`) write it anew."""
        if comment is None:
            self._api.send("POST", f"{self._at}/issues/{pull.number}/comments", {"body": body})
        else:
            self._api.send("PATCH", f"{self._at}/issues/comments/{comment.id}", {"body": body})
