"""Who may use the endpoints for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, request

from tickstock.web.config import is_loopback

if TYPE_CHECKING:
    from flask import Request

    from tickstock.web.secrets_file import Secrets

# A browser sends one of these with every request that a page makes; a proxy one of the others.
_BROWSER = ("Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Referer")
_PROXY = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")


def check_program(secrets: Secrets) -> None:
    """Let a program in that has the token; without any token set, one on this machine that is no browser's page.

    Ends the request with 401 or 403 for everybody else.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        if not secrets.accepts_token(token.strip()):
            _ask_for_token("this is not the token")
    elif secrets.token_hash is not None:
        _ask_for_token("a token is set; send it as Authorization: Bearer TOKEN")
    elif not _is_bare(request):
        abort(403, "without a token only programs on this machine may ask, not pages of a browser; make admin-token")


def _is_bare(asked: Request) -> bool:
    return is_loopback(asked.remote_addr or "") and not any(name in asked.headers for name in (*_BROWSER, *_PROXY))


def _ask_for_token(detail: str) -> None:
    from werkzeug.datastructures import WWWAuthenticate
    from werkzeug.exceptions import Unauthorized

    raise Unauthorized(detail, www_authenticate=WWWAuthenticate("bearer"))
