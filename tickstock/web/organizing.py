"""``/admin/historical-data/organize``: what organizing the cache would change, doing it, and what was done."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from hashlib import sha256
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for

from tickstock.errors import BusyError, NoInputError
from tickstock.historical.announce import publish_changes
from tickstock.historical.organize import APPEND, REPLACE, Options, organize
from tickstock.web.guard import guard
from tickstock.web.plans import planning

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from tickstock.db import Connection
    from tickstock.historical.organize import Organized
    from tickstock.web.config import WebConfig

MOVED = "The data has changed since this was shown. This is what would change now; look at it, then confirm again."
_MOST = 16  # results


class Results:
    """What was done, for the page that tells of it: the last ones of this process."""

    def __init__(self, most: int = _MOST) -> None:
        self._most, self._lock = most, threading.Lock()
        self._kept: OrderedDict[str, Organized] = OrderedDict()

    def keep(self, organized: Organized) -> str:
        """Keep a result; give its name."""
        name = secrets.token_hex(8)
        with self._lock:
            self._kept[name] = organized
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return name

    def find(self, name: str) -> Organized | None:
        """The result of this name; None where it is not kept any more."""
        with self._lock:
            return self._kept.get(name)


def organizing(config: WebConfig) -> Blueprint:
    """The plan with its confirmation, and the page of what was done."""
    pages, results = Blueprint("organizing", __name__, url_prefix="/admin/historical-data/organize"), Results()
    guard(pages, config)

    @pages.get("")
    def preview() -> Response:
        with planning(config.database) as connection:
            return _preview(config, connection, _mode(request.args.get("keep")))

    @pages.post("")
    def deed() -> AnyResponse:
        mode = _mode(request.form.get("keep"))
        with planning(config.database) as connection:
            try:
                planned = organize(connection, Options(config.environment, mode, dry_run=True))
                if request.form.get("seen") != fingerprint(planned):
                    return _preview(config, connection, mode, MOVED, 409)
                organized = organize(connection, Options(config.environment, mode))
            except (BusyError, NoInputError) as error:
                return _problem(error, mode)
        if config.redis and (warning := publish_changes(config.redis, organized)):
            current_app.logger.warning(warning)
        return redirect(url_for("organizing.result", name=results.keep(organized)), 303)

    @pages.get("/<name>")
    def result(name: str) -> Response:
        found = results.find(name)
        if found is None:
            return Response(render_template("no_result.html"), 404)
        return Response(render_template("organized.html", organized=found))

    return pages


def fingerprint(organized: Organized) -> str:
    """The same for two plans that do the same."""
    rows = [(*entry[:4], entry.before, entry.count) for entry in organized.entries]
    return sha256(repr((organized.options.mode, rows)).encode()).hexdigest()


def _preview(config: WebConfig, connection: Connection, mode: str, notice: str = "", status: int = 200) -> Response:
    """The page with the plan; nothing is written."""
    try:
        planned = organize(connection, Options(config.environment, mode, dry_run=True))
    except (BusyError, NoInputError) as error:
        return _problem(error, mode)
    page = render_template("organize.html", organized=planned, seen=fingerprint(planned), notice=notice)
    return Response(page, status)


def _mode(keep: str | None) -> str:
    return APPEND if keep == "1" else REPLACE


def _problem(error: BusyError | NoInputError, mode: str) -> Response:
    busy = isinstance(error, BusyError)
    page = render_template("no_organizing.html", problem=str(error), busy=busy, keep=1 if mode == APPEND else None)
    return Response(page, 503 if busy else 409)
