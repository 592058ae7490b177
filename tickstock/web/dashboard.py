"""``/admin/``: how the data and the cache are, at a glance; and what the checks find."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, abort, redirect, render_template, url_for
from psycopg2.errors import QueryCanceled

from tickstock.db import statement
from tickstock.errors import TickstockError
from tickstock.relationships.checks import Validation, run_checks
from tickstock.relationships.coverage import Coverage, read_coverage
from tickstock.relationships.history.runs import read_runs
from tickstock.relationships.report.charts import Stack, freshness_stack
from tickstock.relationships.report.model import Freshness
from tickstock.runtime_cache.snapshot import TYPES, read_key
from tickstock.web.asking import Kept
from tickstock.web.groups import Line, read_lines
from tickstock.web.guard import guard

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from tickstock.db import Connection
    from tickstock.web.asking import Asking
    from tickstock.web.config import WebConfig
    from tickstock.web.reading import Reading

RUNS = 6
STALEST = 6


class Facts(NamedTuple):
    """What an environment holds: the groups of each type, the largest first; ``stalest`` have the oldest data."""

    groups: dict[str, list[Line]]
    memberships: int
    coverage: Coverage
    freshness: Stack
    stalest: list[Freshness]


class Checked(NamedTuple):
    """What the checks found, and when (UTC)."""

    validation: Validation
    at: datetime


def dashboard(config: WebConfig, reading: Reading, ask: Asking) -> Blueprint:
    """The first page, the page of the checks, and the button of the cache."""
    pages, kept = Blueprint("dashboard", __name__, url_prefix="/admin"), Kept()
    guard(pages, config)

    @pages.get("/")
    def first() -> str:
        with ask() as connection:
            facts = kept.find(connection, "facts", lambda: read_facts(connection))
            runs = read_runs(connection, RUNS)
            checked = kept.known(connection, "checks")
            with connection.cursor() as cursor:
                version = read_key(cursor).version
        return render_template(
            "dashboard.html", facts=facts, runs=runs, checked=checked, version=version, cache=config.cache.get_stats()
        )

    @pages.get("/checks")
    def checks() -> str:
        with reading() as connection:  # the checks bring a transaction of their own
            try:
                checked = kept.find(
                    connection,
                    "checks",
                    lambda: Checked(run_checks(connection, config.environment), datetime.now(UTC)),
                )
            except QueryCanceled:
                abort(503, "the checks take too long for a page; run validate_relationships.py")
        return render_template("checks.html", checked=checked)

    @pages.post("/refresh")
    def refresh() -> Response:
        try:
            failed = config.cache.refresh().error
        except TickstockError as error:
            failed = str(error)
        return redirect(url_for("dashboard.first", cache="failed" if failed else "refreshed"), 303)

    return pages


def read_facts(connection: Connection) -> Facts:
    """Count, and look up where everything comes from."""
    with connection.cursor() as cursor:
        cursor.execute(statement("reports/freshness"))
        freshness = [Freshness._make(row) for row in cursor.fetchall()]
    lines = sorted(read_lines(connection), key=lambda line: -line.members)
    return Facts(
        {type_: [line for line in lines if line.type == type_] for type_ in TYPES},
        sum(line.members for line in lines),
        read_coverage(connection),
        freshness_stack(freshness),
        freshness[:STALEST],
    )
