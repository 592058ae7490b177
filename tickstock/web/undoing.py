"""``/admin/loads/N/undo``: what taking a run back would do, and doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for

from tickstock.errors import BusyError, RefusedError, TickstockError
from tickstock.notify import tell_of_run
from tickstock.relationships.change import carry_out
from tickstock.relationships.plan import Options
from tickstock.relationships.store import read_version
from tickstock.relationships.undo import Undo, read_run
from tickstock.web.guard import guard
from tickstock.web.loads import LARGEST
from tickstock.web.plans import planning, shown

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from tickstock.db import Connection, Cursor
    from tickstock.relationships.plan import Plan
    from tickstock.relationships.undo import Run
    from tickstock.web.config import WebConfig

MOVED = "The data has changed since this was shown. This is what the undo would do now; look at it, then confirm again."


class _OtherDataError(TickstockError):
    """The data is not of the version that was shown."""


class _SeenUndo(Undo):
    """An undo of data of one version: the one that somebody has looked at. A load may end while this waits for it."""

    def __init__(self, run: Run, options: Options, version: str) -> None:
        super().__init__(run, options)
        self._version = version

    def plan(self, cursor: Cursor) -> Plan:
        if str(read_version(cursor)) != self._version:
            raise _OtherDataError(MOVED)
        return super().plan(cursor)


def undoing(config: WebConfig) -> Blueprint:
    """The dry run of an undo, with its confirmation."""
    pages = Blueprint("undoing", __name__, url_prefix="/admin/loads")
    guard(pages, config)

    @pages.get("/<int:run>/undo")
    def preview(run: int) -> Response:
        return _preview(config, run, force=request.args.get("force") == "1")

    @pages.post("/<int:run>/undo")
    def undo(run: int) -> AnyResponse:
        force = request.form.get("force") == "1"
        with planning(config.database) as connection:
            if request.form.get("version", "") != str(_version(connection)):
                return _preview(config, run, force, MOVED, 409)
            try:
                found = _run(config, connection, run)
                seen = _SeenUndo(found, _options(config, found, force=force), request.form["version"])
                outcome = carry_out(config.database, connection, seen)
            except _OtherDataError:
                return _preview(config, run, force, MOVED, 409)
            except RefusedError:
                return _preview(config, run, force, status=409)
            except (BusyError, TickstockError) as error:
                return _problem(run, error)
        if outcome.load_id is None:
            return redirect(url_for("loads.load", run=run, done="nothing"), 303)
        if config.redis and (warning := tell_of_run(config.redis, config.database, outcome.load_id)):
            current_app.logger.warning(warning)
        return redirect(url_for("loads.load", run=outcome.load_id, done="undone"), 303)

    return pages


def _preview(config: WebConfig, run: int, force: bool, notice: str = "", status: int = 200) -> Response:
    """The page with the plan, whose rows it reads; nothing is written."""
    with planning(config.database) as connection:
        version = _version(connection)
        try:
            found = _run(config, connection, run)
            how = _options(config, found, force=force)._replace(dry_run=True)
            outcome = carry_out(config.database, connection, Undo(found, how))
        except TickstockError as error:
            return _problem(run, error)
        page = render_template(
            "undo.html", run=found, plan=shown(connection, outcome), force=force, version=version, notice=notice
        )
    return Response(page, status)


def _run(config: WebConfig, connection: Connection, run: int) -> Run:
    if run > LARGEST:
        raise TickstockError(f"found no load {run}")
    return read_run(connection, run, config.environment)


def _options(config: WebConfig, run: Run, *, force: bool) -> Options:
    return Options(run.type, config.environment, "undo", force=force)


def _version(connection: Connection) -> int:
    with connection.cursor() as cursor:
        return read_version(cursor)


def _problem(run: int, error: TickstockError) -> Response:
    busy = isinstance(error, BusyError)
    return Response(render_template("no_undo.html", run=run, problem=str(error), busy=busy), 503 if busy else 404)
