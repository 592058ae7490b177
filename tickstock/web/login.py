"""Logging in and out."""

from __future__ import annotations

import hmac
import math
import re
import secrets
import threading
from typing import TYPE_CHECKING

from flask import Blueprint, abort, redirect, render_template, request, url_for

from tickstock.web.guard import COOKIE, check_own_page, guard
from tickstock.web.secrets_file import seal
from tickstock.web.sessions import LONGEST
from tickstock.web.throttle import Throttle

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from tickstock.web.config import WebConfig

_FORM_COOKIE = "admin_login"
_OURS = re.compile(r"/admin/(?:[\w.~!$&'()*+,;=:@%?/-]*)", re.ASCII)


def login(config: WebConfig) -> Blueprint:
    """``/admin/login`` for everybody, and ``/admin/logout`` for who is logged in."""
    pages, throttle, one_at_a_time = Blueprint("login", __name__, url_prefix="/admin"), Throttle(), threading.Lock()

    @pages.get("/login")
    def form() -> Response | tuple[str, int]:
        if config.secrets().password_hash is None:
            return render_template("no_password.html"), 403
        return _form(config, 200)

    @pages.post("/login")
    def enter() -> Response | tuple[str, int]:
        check_own_page()
        if config.secrets().password_hash is None:
            return render_template("no_password.html"), 403
        nonce, sent = request.cookies.get(_FORM_COOKIE, ""), request.form.get("form_token", "")
        if not nonce or not hmac.compare_digest(sent.encode(), _token(config, nonce).encode()):
            return _form(config, 403, "The form was too old, or cookies are off. Try once more.")
        address = request.remote_addr or ""
        with one_at_a_time:  # a guess costs 64 MiB
            if wait := throttle.wait(address):
                return _form(config, 429, f"Too many wrong guesses. Wait {math.ceil(wait)} s.", wait)
            if not config.secrets().accepts_password(request.form.get("password", "")):
                throttle.wrong(address)
                return _form(config, 401, "That is not the password.")
        throttle.right(address)
        return _logged_in(config)

    pages.register_blueprint(_logout(config))
    return pages


def _logout(config: WebConfig) -> Blueprint:
    pages = Blueprint("logout", __name__)
    guard(pages, config)

    @pages.post("/logout")
    def leave() -> Response:
        config.sessions.end(request.cookies[COOKIE])
        response = redirect(url_for("login.form"), 303)
        response.delete_cookie(COOKIE, path="/admin")
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    return pages


def _form(config: WebConfig, status: int, problem: str = "", wait: float = 0) -> Response:
    from flask import make_response

    nonce = secrets.token_urlsafe(32)
    text = render_template(
        "login.html", form_token=_token(config, nonce), next=_target(request.values.get("next", "")),
        problem=problem,
    )  # fmt: skip
    response = make_response(text, status)
    response.set_cookie(
        _FORM_COOKIE, nonce, path="/admin/login", httponly=True, samesite="Strict", secure=config.secure_cookies
    )
    if wait:
        response.headers["Retry-After"] = str(math.ceil(wait))
    return response


def _logged_in(config: WebConfig) -> Response:
    if old := request.cookies.get(COOKIE):
        config.sessions.end(old)
    response = redirect(_target(request.form.get("next", "")), 303)
    response.set_cookie(
        COOKIE, config.sessions.start(), path="/admin", max_age=int(LONGEST), httponly=True, samesite="Strict",
        secure=config.secure_cookies,
    )  # fmt: skip
    response.delete_cookie(_FORM_COOKIE, path="/admin/login")
    return response


def _token(config: WebConfig, nonce: str) -> str:
    return seal(config.secrets().session_key, "login", nonce)


def _target(wanted: str) -> str:
    """A page of this application; the first one for whatever else is asked for."""
    if len(wanted) > 1000:
        abort(400, "the address to go on to is too long")
    ours = _OURS.fullmatch(wanted) and "//" not in wanted and ".." not in wanted and "/log" not in wanted[:11]
    return wanted if ours else "/admin/"
