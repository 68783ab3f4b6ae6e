"""JSON over HTTP, as the APIs of GitHub and GitLab are documented: pages, limits, refusals.

`urllib` is enough for five kinds of request.  It follows no redirect here: it would carry the token along.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from email.message import Message
from http.client import HTTPException
from typing import Any

from drizzle_guard.errors import printable
from drizzle_guard.light import pattern
from drizzle_guard.pulls.forge import ForgeError

_TIMEOUT = 30.0  # seconds
_MAX_BYTES = 32 * 1024 * 1024
_MAX_PAGES = 200
#: the longest that we wait for a limit to be lifted, in seconds
PATIENCE = 60.0
_NEXT = pattern(r'<([^<>]*)>\s*;[^,]*\brel="?next"?')


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Api:
    """One API: `base` is its address, `headers` go with every request, `name` is what messages call it."""

    def __init__(self, name: str, base: str, headers: Mapping[str, str]) -> None:
        if not base.startswith(("https://", "http://")):
            raise ForgeError(f"the address of {name}'s API is no URL: {printable(base)}.")
        self._name, self._base = name, base.rstrip("/")
        self._headers = {"User-Agent": "drizzle-guard", "Content-Type": "application/json", **headers}
        self._opener = urllib.request.build_opener(_NoRedirect)

    def get(self, path: str) -> Any:
        """What stands there.  Raises ForgeError."""
        return self._ask("GET", self._base + path, None)[0]

    def send(self, method: str, path: str, body: Mapping[str, object]) -> Any:
        """Send a JSON object; the answer.  Raises ForgeError."""
        return self._ask(method, self._base + path, body)[0]

    def pages(self, path: str) -> Iterator[Mapping[str, Any]]:
        """The objects of a list, page by page, as the `Link` header leads.  Raises ForgeError."""
        url = self._base + path
        for _ in range(_MAX_PAGES):
            listed, headers = self._ask("GET", url, None)
            if not isinstance(listed, list):
                raise self.odd(path)
            yield from (item for item in listed if isinstance(item, dict))
            found = _NEXT.search(headers.get("Link") or "")
            if found is None:
                return
            url = found[1]
            if not url.startswith(self._base + "/"):
                raise ForgeError(f"{self._name}'s API leads to another address; the token is not sent there.")
        raise ForgeError(f"{self._name}'s API has more than {_MAX_PAGES} pages of this list.")

    def odd(self, path: str) -> ForgeError:
        """What to raise where an answer is not as documented."""
        return ForgeError(f"{self._name}'s API answers in another form than documented ({printable(path)}).")

    def _ask(self, method: str, url: str, body: Mapping[str, object] | None) -> tuple[Any, Message]:
        data = None if body is None else json.dumps(body).encode()
        for last in (False, True):
            request = urllib.request.Request(url, data, self._headers, method=method)
            try:
                with self._opener.open(request, timeout=_TIMEOUT) as answer:
                    text = answer.read(_MAX_BYTES + 1)
                    if len(text) > _MAX_BYTES:
                        raise ForgeError(f"{self._name}'s API answers with more than {_MAX_BYTES // 2**20} MiB.")
                    return json.loads(text) if text.strip() else None, answer.headers
            except urllib.error.HTTPError as error:
                wait = _wait(error)
                if wait is None or wait > PATIENCE or last:
                    raise self._refused(error, wait) from None
                time.sleep(wait)
            except (urllib.error.URLError, HTTPException, OSError) as error:
                if last or method != "GET":  # what was sent may have arrived
                    reason = getattr(error, "reason", None) or error
                    raise ForgeError(f"{self._name}'s API cannot be reached: {printable(str(reason))}.") from None
                time.sleep(1)
            except ValueError:
                raise self.odd(url.removeprefix(self._base)) from None
        raise AssertionError("unreachable")  # pragma: no cover

    def _refused(self, error: urllib.error.HTTPError, wait: float | None) -> ForgeError:
        status = error.code
        if wait is not None and status in (403, 429):
            again = time.strftime("%H:%M", time.gmtime(time.time() + wait))
            return ForgeError(f"the limit of {self._name}'s API is used up until {again} UTC.", status=status)
        if status in (301, 302, 307, 308):
            said = "leads elsewhere: was the repository renamed?"
        else:
            said = f"refuses ({status}): {_said(error)}."
        return ForgeError(f"{self._name}'s API {said}", status=status)


def _wait(error: urllib.error.HTTPError) -> float | None:
    """Seconds after which the same request may succeed; None if waiting does not help.

    GitHub answers 403 or 429 to too many requests, with `Retry-After`, or with `X-RateLimit-Remaining: 0` and the
    second at which the limit is lifted; GitLab 429 with `Retry-After`.
    """
    try:
        if error.code in (403, 429) and (after := error.headers.get("Retry-After")):
            return max(float(after), 0.0)
        if error.code in (403, 429) and error.headers.get("X-RateLimit-Remaining") == "0":
            return max(float(error.headers.get("X-RateLimit-Reset") or 0) - time.time(), 0.0)
    except ValueError:
        return None
    return 1.0 if error.code in (502, 503, 504) else None


def _said(error: urllib.error.HTTPError) -> str:
    """What the forge says of it, in one line."""
    try:
        document = json.loads(error.read(64 * 1024))
        said = document.get("message") or document.get("error")
    except (ValueError, OSError, HTTPException, AttributeError):
        said = None
    text = said if isinstance(said, str) else str(error.reason)
    return printable(" ".join(text.split())).rstrip(".")[:300]
