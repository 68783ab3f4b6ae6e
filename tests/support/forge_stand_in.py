"""A small stand-in for the APIs of GitHub and GitLab that answers in the documented forms, beside a bare repository.

Documented: https://docs.github.com/rest (pulls, issues/comments, rate limits), https://docs.gitlab.com/api (merge
requests, notes).  Lists come in pages of two, with a `Link` header.
"""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.gitbed import Bed

TOKEN = "ghs_0123456789abcdefSECRET"
PAGE = 2
BOT = {"login": "github-actions[bot]", "type": "Bot"}
ME = {"id": 5}


class Refused(Exception):
    """The stand-in answers with this status, body and these headers."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


class StandIn:
    """One repository on a forge: its pull requests and comments, and who may do what.

    `refuse` maps (method, a part of the path) to what is answered instead; each is used once, unless it is `always`.
    """

    def __init__(self) -> None:
        self.pulls: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.refuse: list[tuple[str, str, Refused]] = []
        self.always: list[tuple[str, str, Refused]] = []
        self.asked: list[str] = []
        self.me: dict[str, Any] | None = None  # GitHub: whose token it is; None: a workflow's
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def _do(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                stand_in.asked.append(f"{self.command} {self.path}")
                headers: dict[str, str] = {}
                try:
                    tokens = (self.headers.get("Authorization"), self.headers.get("PRIVATE-TOKEN"))
                    if tokens not in ((f"Bearer {TOKEN}", None), (None, TOKEN)):
                        raise Refused(401, "Bad credentials")
                    stand_in._refuse(self.command, self.path)
                    status, answer = 200, stand_in.answer(self.command, self.path, body)
                    if isinstance(answer, list):
                        query = parse_qs(urlsplit(self.path).query)
                        page = int(query.get("page", ["1"])[0])
                        if len(answer) > page * PAGE:
                            rest = re.sub(r"&page=\d+", "", self.path)
                            headers["Link"] = f'<{stand_in.url}{rest}&page={page + 1}>; rel="next"'
                        answer = answer[(page - 1) * PAGE : page * PAGE]
                except Refused as refused:
                    status, answer, headers = refused.status, {"message": refused.message}, dict(refused.headers)
                data = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_PUT = _do

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _refuse(self, method: str, path: str) -> None:
        for listed in (self.refuse, self.always):
            for item in listed:
                if item[0] == method and item[1] in path:
                    if listed is self.refuse:
                        listed.remove(item)
                    raise item[2]

    def open(self, number: int, branch: str, base: str = "main", *, fork: bool = False) -> None:
        """Open a pull request."""
        self.pulls[number] = {"number": number, "branch": branch, "base": base, "fork": fork, "state": "open"}
        self.comments.setdefault(number, [])

    def bodies(self, number: int) -> list[str]:
        """The comments on a pull request."""
        return [comment["body"] for comment in self.comments[number]]

    # -- the answers

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        url = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        for pattern, handle in self._routes():
            if found := re.fullmatch(pattern, f"{method} {url.path}"):
                return handle(*found.groups(), query=query, body=body)
        raise Refused(404, "Not Found")

    def _routes(self) -> list[tuple[str, Any]]:
        return [
            (r"GET /repos/acme/shop/pulls", lambda query, body: self._listed(query["base"], self._github)),
            (r"GET /repos/acme/shop/pulls/(\d+)", lambda n, query, body: self._github(self._pull(n))),
            (r"GET /repos/acme/shop/issues/(\d+)/comments", lambda n, query, body: self.comments[int(n)]),
            (r"POST /repos/acme/shop/issues/(\d+)/comments", lambda n, query, body: self._add(n, body, user=BOT)),
            (r"PATCH /repos/acme/shop/issues/comments/(\d+)", lambda n, query, body: self._edit(n, body)),
            (r"GET /user", lambda query, body: self._user()),
            (r"GET /projects/7/merge_requests", lambda query, body: self._listed(query["target_branch"], self._gitlab)),
            (r"GET /projects/7/merge_requests/(\d+)", lambda n, query, body: self._gitlab(self._pull(n))),
            (r"GET /projects/7/merge_requests/(\d+)/notes", lambda n, query, body: self.comments[int(n)]),
            (r"POST /projects/7/merge_requests/(\d+)/notes", lambda n, query, body: self._add(n, body, author=ME)),
            (r"PUT /projects/7/merge_requests/\d+/notes/(\d+)", lambda n, query, body: self._edit(n, body)),
        ]  # fmt: skip

    def _user(self) -> Any:
        if self.me is None:
            raise Refused(403, "Resource not accessible by integration")
        return self.me

    def _pull(self, number: str) -> dict[str, Any]:
        if int(number) not in self.pulls:
            raise Refused(404, "Not Found")
        return self.pulls[int(number)]

    def _listed(self, base: str, shown: Any) -> list[Any]:
        return [shown(p) for p in self.pulls.values() if p["base"] == base and p["state"] == "open"]

    def _github(self, pull: dict[str, Any]) -> dict[str, Any]:
        home = {"full_name": "someone/shop" if pull["fork"] else "acme/shop"}
        head = {"ref": pull["branch"], "repo": home}
        return {"number": pull["number"], "state": pull["state"], "head": head, "base": {"ref": pull["base"]}}

    def _gitlab(self, pull: dict[str, Any]) -> dict[str, Any]:
        return {
            "iid": pull["number"],
            "state": "opened" if pull["state"] == "open" else "merged",
            "source_branch": pull["branch"],
            "target_branch": pull["base"],
            "source_project_id": 8 if pull["fork"] else 7,
            "target_project_id": 7,
        }

    def _add(self, number: str, body: dict[str, Any], **by: Any) -> dict[str, Any]:
        made = {"id": 100 + sum(map(len, self.comments.values())), "body": body["body"], **by}
        self.comments[int(number)].append(made)
        return made

    def _edit(self, number: str, body: dict[str, Any]) -> dict[str, Any]:
        for comment in (c for listed in self.comments.values() for c in listed):
            if comment["id"] == int(number):
                comment["body"] = body["body"]
                return comment
        raise Refused(404, "Not Found")


def publish(bed: Bed, *branches: str) -> Path:
    """Push branches of a bed to the bare repository that stands on the forge."""
    bare = bed.directory / "forge" / "acme" / "shop.git"
    if not bare.exists():
        bed.git("init", "-q", "--bare", "--initial-branch=main", str(bare))
        bed.git("remote", "add", "origin", f"file://{bare}")
    bed.git("push", "-q", "--force", "origin", *branches)
    return bare


def github_env(bed: Bed, stand_in: StandIn, kind: str, **event: Any) -> dict[str, str]:
    """What GitHub Actions tells a job that a `kind` of event has started."""
    path = bed.directory / "event.json"
    path.write_text(json.dumps({"repository": {"default_branch": "main"}, **event}))
    summary = bed.directory / "summary.md"
    summary.write_text("")
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SERVER_URL": f"file://{bed.directory}/forge",
        "GITHUB_API_URL": stand_in.url,
        "GITHUB_EVENT_NAME": kind,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_STEP_SUMMARY": str(summary),
        "DRIZZLE_GUARD_TOKEN": TOKEN,
    }


def gitlab_env(bed: Bed, stand_in: StandIn, source: str, **more: str) -> dict[str, str]:
    """What GitLab CI/CD tells a job of a pipeline."""
    return {
        "GITLAB_CI": "true",
        "CI_PROJECT_ID": "7",
        "CI_PROJECT_PATH": "acme/shop",
        "CI_SERVER_URL": f"file://{bed.directory}/forge",
        "CI_API_V4_URL": stand_in.url,
        "CI_DEFAULT_BRANCH": "main",
        "CI_PIPELINE_SOURCE": source,
        "DRIZZLE_GUARD_TOKEN": TOKEN,
        **more,
    }
