"""GitLab: what CI/CD tells in the environment, and its REST API (v4)."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from drizzle_guard.errors import UsageError
from drizzle_guard.pulls.api import Api
from drizzle_guard.pulls.forge import MARKER, Asked, Comment, Pull

_ALL = ("push", "schedule", "web", "api", "trigger")


class GitLab:
    """One project on GitLab, with a project access token (the token of a job can write neither notes nor branches)."""

    def __init__(self, env: Mapping[str, str], token: str, base: str) -> None:
        self._env, self._base, self.token = env, base, token
        self._project = env["CI_PROJECT_ID"]
        self._at = f"/projects/{quote(self._project, safe='')}"
        self.clone_url = f"{env['CI_SERVER_URL'].rstrip('/')}/{env['CI_PROJECT_PATH']}.git"
        self.git_header = f"Authorization: Basic {base64.b64encode(f'oauth2:{token}'.encode()).decode()}"
        self._api = Api("GitLab", env["CI_API_V4_URL"], {"PRIVATE-TOKEN": token})
        self._me: int | None = None

    def asked(self) -> Asked:
        """What the pipeline is for.  Raises UsageError where nothing is to be mended for such a one."""
        kind, branch = self._env.get("CI_PIPELINE_SOURCE", ""), self._env.get("CI_COMMIT_BRANCH", "")
        base = self._base or self._env.get("CI_DEFAULT_BRANCH", "")
        if kind == "merge_request_event":
            if self._env.get("CI_MERGE_REQUEST_EVENT_TYPE") == "merge_train":
                return Asked(nothing="what waits in a merge train has no conflict, and a push would take it out again")
            return Asked(number=int(self._env["CI_MERGE_REQUEST_IID"]))
        if kind == "push" and branch != base:
            return Asked(nothing="this push is to another branch than the base")
        if kind in _ALL:
            return Asked(base=base)
        raise UsageError(f"nothing is mended in a pipeline whose source is '{kind}'.")

    def pull(self, number: int) -> Pull | None:
        """One merge request; None if it is not open."""
        found = self._api.get(f"{self._at}/merge_requests/{number}")
        return self._pull(found) if found.get("state") == "opened" else None

    def open_pulls(self, base: str) -> Iterator[Pull]:
        """All open merge requests onto a branch, the oldest first."""
        query = f"state=opened&target_branch={quote(base, safe='')}&order_by=created_at&sort=asc&per_page=100"
        return (self._pull(found) for found in self._api.pages(f"{self._at}/merge_requests?{query}"))

    def _pull(self, found: Mapping[str, Any]) -> Pull:
        try:
            number, branch, base = int(found["iid"]), str(found["source_branch"]), str(found["target_branch"])
            is_fork = found["source_project_id"] != found["target_project_id"]
        except (KeyError, TypeError, ValueError):
            raise self._api.odd(f"{self._at}/merge_requests") from None
        ref = f"refs/merge-requests/{number}/head" if is_fork else f"refs/heads/{branch}"
        return Pull(number, branch, base, ref, is_fork)

    def comment(self, pull: Pull) -> Comment | None:
        """Our comment: it begins with our mark, and we wrote it; anybody could copy the mark."""
        path = f"{self._at}/merge_requests/{pull.number}/notes?sort=asc&order_by=created_at&per_page=100"
        for found in self._api.pages(path):
            body, author = found.get("body"), found.get("author") or {}
            if isinstance(body, str) and body.startswith(MARKER):
                if self._me is None:
                    self._me = int(self._api.get("/user")["id"])
                if author.get("id") == self._me:
                    return Comment(int(found["id"]), body)
        return None

    def say(self, pull: Pull, comment: Comment | None, body: str) -> None:
        """Write our comment, or (`comment`) write it anew."""
        notes = f"{self._at}/merge_requests/{pull.number}/notes"
        if comment is None:
            self._api.send("POST", notes, {"body": body})
        else:
            self._api.send("PUT", f"{notes}/{comment.id}", {"body": body})
