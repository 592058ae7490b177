"""The application's cache, told over HTTP to read the tables again."""

from __future__ import annotations

import json
from typing import NamedTuple

TIMEOUT = 5.0


class CacheAnswer(NamedTuple):
    """What became of the request: ``status`` is ``refreshed``, ``absent`` (nobody answers) or ``failed``."""

    status: str
    detail: str


def refresh_cache(address: str, token: str | None = None) -> CacheAnswer:
    """POST ``{"warm": true}`` to ``ADDRESS/admin/cache/refresh``, as the guide's curl line does, with ``token``.

    ``address`` is like ``http://localhost:5000``. Never raises for what is found there; a redirection (to a login,
    say) is not followed.
    """
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
    from urllib.parse import urlsplit

    try:
        url = urlsplit(address)
    except ValueError:
        url = urlsplit("")
    if url.scheme not in ("http", "https") or not url.hostname:
        return CacheAnswer("failed", f"{address!r} is no address; expected ADMIN_URL like http://localhost:5000")
    place = f"{url.scheme}://{url.netloc.rpartition('@')[2]}"
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    try:
        connection = kind(url.hostname, url.port, timeout=TIMEOUT)
        try:
            path = f"{url.path.rstrip('/')}/admin/cache/refresh"
            headers = {"Content-Type": "application/json"}
            if token:
                headers["Authorization"] = f"Bearer {token}"
            connection.request("POST", path, json.dumps({"warm": True}), headers)
            answer = connection.getresponse()
        finally:
            connection.close()
    except ConnectionRefusedError:
        return CacheAnswer("absent", f"no admin application answers at {place}")
    except (OSError, HTTPException, ValueError) as error:
        return CacheAnswer("failed", f"{place} gave no answer ({error or type(error).__name__})")
    if 200 <= answer.status < 300:
        return CacheAnswer("refreshed", f"the cache of {place} was refreshed")
    advice = "; set ADMIN_TOKEN to a token of it (make admin-token)" if answer.status in (401, 403) else ""
    found = f"{place} answered {answer.status} {answer.reason}"
    return CacheAnswer("failed", f"{found}; its cache was not refreshed{advice}")
