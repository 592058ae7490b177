"""Errors: a page for who reads pages, ``application/problem+json`` (RFC 9457) for programs."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, render_template, request
from psycopg2.errors import QueryCanceled
from werkzeug.exceptions import HTTPException

from tickstock.errors import BusyError, TickstockError

if TYPE_CHECKING:
    from flask import Flask

TOO_LONG = (
    "the database took too long to answer; wait until a load that runs is done, and try again, or ask for less "
    "(a nearer day, a single group)"
)


def problem(status: int, detail: str) -> Response:
    """An answer that says what went wrong."""
    title = HTTPStatus(status).phrase
    if _wants_page():
        return Response(render_template("error.html", title=title, detail=detail), status)
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return Response(json.dumps(body) + "\n", status, content_type="application/problem+json")


def handle_problems(app: Flask) -> None:
    """Answer every error with a problem; one that nobody expected goes to the log, and tells nothing."""

    @app.errorhandler(HTTPException)
    def of_http(error: HTTPException) -> Response:
        answer = problem(error.code or 500, error.description or "")
        for name, value in error.get_headers():
            if name.lower() != "content-type":
                answer.headers[name] = value
        return answer

    @app.errorhandler(TickstockError)
    def of_the_suite(error: TickstockError) -> Response:
        return problem(503 if isinstance(error, BusyError) else 500, str(error))

    @app.errorhandler(QueryCanceled)
    def of_patience(error: QueryCanceled) -> Response:
        app.logger.warning("a statement was cancelled: %s", str(error).strip())
        return problem(503, TOO_LONG)

    @app.errorhandler(Exception)
    def of_nobody(error: Exception) -> Response:
        app.logger.error("an error that nobody expected", exc_info=error)
        return problem(500, "an error that nobody expected; the log has it")


def _wants_page() -> bool:
    # The paths of programs, but for those, answer browsers and programs alike.
    return not request.path.startswith("/admin/cache/") and "text/html" in request.headers.get("Accept", "")
