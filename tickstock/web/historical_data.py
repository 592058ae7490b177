"""``/admin/historical-data``: jobs that load bars. Start one, watch it, cancel it, try it again."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

from tickstock.bars.sessions import first_not_expected, new_york_now, sessions
from tickstock.errors import TickstockError
from tickstock.historical.job_orders import cancel_job, retry_job, start_job
from tickstock.historical.jobs import (
    count_results,
    read_active_jobs,
    read_job,
    read_log,
    read_past_jobs,
    read_results,
    read_workers,
)
from tickstock.historical.universes import read_choices
from tickstock.web import load_form
from tickstock.web.guard import guard
from tickstock.web.load_form import Form, WrongFieldError, check, chosen_symbols, job_of, read_form
from tickstock.web.loads import LARGEST
from tickstock.web.plans import planning

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response as AnyResponse

    from tickstock.db import Connection
    from tickstock.historical.jobs import Job, LogLine, Workers
    from tickstock.historical.universes import Choice
    from tickstock.web.asking import Asking
    from tickstock.web.config import WebConfig

LISTED = 200  # symbols of a job: of more the rest is a link away
_KINDS = {
    "UNIVERSE": "Universes", "market_leaders": "Market leaders", "complete": "Complete lists", "ETF": "Funds",
    "SECTOR": "Sectors", "THEME": "Themes",
}  # fmt: skip


class Jobs(NamedTuple):
    """The jobs that wait or run, with the end of the log of each, those that ended, and who could take one."""

    active: list[Job]
    logs: dict[int, list[LogLine]]
    past: list[Job]
    workers: Workers


def historical_data(config: WebConfig, ask: Asking) -> Blueprint:
    """The form with the jobs below it, and a page for each job."""
    pages = Blueprint("historical_data", __name__, url_prefix="/admin/historical-data")
    guard(pages, config)

    @pages.get("")
    def first() -> str:
        with ask() as connection:
            return _page(config, connection, Form())

    @pages.post("")
    def start() -> AnyResponse:
        form = read_form(request.form)
        with ask() as connection:
            try:
                check(form)
                symbols = chosen_symbols(connection, form)
            except WrongFieldError as error:
                return Response(_page(config, connection, form, error), 400)
        wanted = job_of(form, symbols, config.environment, new_york_now())
        with planning(config.database) as connection:
            job = start_job(connection, wanted._replace(asked_by=f"admin page, {request.remote_addr}"))
        return redirect(url_for("historical_data.first", started=job, _anchor="active"), 303)

    @pages.get("/jobs")
    def jobs() -> AnyResponse:
        if "HX-Request" not in request.headers:
            return redirect(url_for("historical_data.first"), 303)
        with ask() as connection:
            return Response(render_template("jobs.html", jobs=_read_jobs(config, connection)))

    @pages.get("/<int:job>")
    def job(job: int) -> Response | str:
        with ask() as connection:
            try:
                found = _job(config, connection, job)
            except TickstockError as error:
                return Response(render_template("no_job.html", problem=str(error)), 404)
            most = None if request.args.get("all") == "1" else LISTED
            return render_template(
                "job.html", job=found, log=read_log(connection, job), results=read_results(connection, job, most),
                counts=count_results(connection, job), sessions=_sessions(found), workers=read_workers(connection),
            )  # fmt: skip

    @pages.get("/<int:job>/log")
    def log(job: int) -> AnyResponse:
        if "HX-Request" not in request.headers:
            return redirect(url_for("historical_data.job", job=job, _anchor="log"), 303)
        after = request.args.get("after", "")
        if not (after.isascii() and after.isdigit() and int(after[:20]) <= LARGEST):
            abort(400, f"after: found {after[:40]!r}, expected the number of a line")
        with ask() as connection:
            lines = read_log(connection, _job(config, connection, job).id, int(after))
        if not lines:
            return Response(status=204)
        return Response(render_template("log.html", job=job, lines=lines, again=True))

    @pages.post("/<int:job>/cancel")
    def cancel(job: int) -> AnyResponse:
        return _told(config, job, cancel_job)

    @pages.post("/<int:job>/retry")
    def retry(job: int) -> AnyResponse:
        return _told(config, job, retry_job)

    return pages


def _page(config: WebConfig, connection: Connection, form: Form, wrong: WrongFieldError | None = None) -> str:
    jobs, started = _read_jobs(config, connection), request.args.get("started")
    return render_template(
        "historical_data.html", form=form, wrong=wrong, words=load_form, choices=_by_kind(read_choices(connection)),
        jobs=jobs, started=[job for job in (*jobs.active, *jobs.past) if str(job.id) == started],
    )  # fmt: skip


def _by_kind(choices: list[Choice]) -> list[tuple[str, list[Choice]]]:
    return [(_KINDS.get(kind, kind), list(own)) for kind, own in groupby(choices, key=lambda choice: choice.kind)]


def _read_jobs(config: WebConfig, connection: Connection) -> Jobs:
    active = read_active_jobs(connection, config.environment)
    logs = {job.id: read_log(connection, job.id, most=50) for job in active if job.state == "running"}
    return Jobs(active, logs, read_past_jobs(connection, config.environment), read_workers(connection))


def _sessions(job: Job) -> int | None:
    """How many daily bars a symbol of the job can have; None for minutes, of which nobody knows."""
    end = min(job.last_day + timedelta(days=1), first_not_expected(new_york_now()))
    return len(sessions(job.first_day, end)) if job.timeframe == "day" else None


def _job(config: WebConfig, connection: Connection, job: int) -> Job:
    """A job of this environment. Raises TickstockError where there is none."""
    found = read_job(connection, job) if job <= LARGEST else None
    if found is None or found.environment != config.environment:
        raise TickstockError(f"there is no job {job}")
    return found


def _told(config: WebConfig, job: int, tell: Callable[[Connection, int], None]) -> AnyResponse:
    """Tell a job something, and show what became of it; why not, where it is too late."""
    with planning(config.database) as connection:
        try:
            _job(config, connection, job)
        except TickstockError as error:
            return Response(render_template("no_job.html", problem=str(error)), 404)
        try:
            tell(connection, job)
        except TickstockError as error:
            return Response(render_template("no_job.html", problem=str(error), job=job), 409)
    return redirect(url_for("historical_data.job", job=job), 303)
