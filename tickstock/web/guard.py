"""Who may see the pages, and who may press their buttons."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import abort, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from flask import Blueprint

    from tickstock.web.config import WebConfig

COOKIE = "admin_session"
BACKGROUND = "X-Background"  # a header of what a page asks for by itself


def guard(pages: Blueprint, config: WebConfig) -> None:
    """Show the pages of a blueprint to who is logged in; accept their forms from our own pages alone."""

    @pages.before_request
    def check() -> Response | tuple[str, int] | None:
        if config.secrets().password_hash is None:
            return render_template("no_password.html"), 403
        cookie = request.cookies.get(COOKIE, "")
        # A page that is left open must not keep its session alive.
        known = config.sessions.holds if BACKGROUND in request.headers or is_stream() else config.sessions.find
        if not cookie or not known(cookie):
            return _to_login()
        g.form_token = config.sessions.form_token(cookie)
        if request.method not in ("GET", "HEAD"):
            check_own_page()
            sent = request.form.get("form_token", "") or request.headers.get("X-Form-Token", "")
            if not hmac.compare_digest(sent.encode(), g.form_token.encode()):
                abort(403, "the form is of another session; load the page again, and send it once more")
        return None


def is_stream() -> bool:
    """Whether a browser's EventSource asks."""
    return request.headers.get("Accept") == "text/event-stream"


def check_own_page() -> None:
    """End a request with 403 that a browser says comes from another site's page."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in ("same-origin", "none") or (origin is not None and _host(origin) != request.host):
        abort(403, "this came from a page of another site")


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _local(address: str) -> str:
    """An address without its host."""
    try:
        return urlsplit(address)._replace(scheme="", netloc="", fragment="").geturl()
    except ValueError:
        return ""


def _to_login() -> Response:
    """A part of a page that htmx asks for is no place for the form: the whole page goes there, and comes back."""
    if is_stream():
        return Response(status=204)  # which a browser takes for the end of it
    if "HX-Request" in request.headers:
        here = _local(request.headers.get("HX-Current-URL", "")) or None
        return Response(status=204, headers={"HX-Redirect": url_for("login.form", next=here)})
    # What a form would have done is not done behind the login.
    here = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("login.form", next=here), 303)
