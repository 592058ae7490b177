"""``/admin/funds/ETF``: what a fund holds, how concentrated it is, what changed in it, what it shares with others."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from flask import Blueprint, redirect, render_template, request, url_for

from tickstock.db import statement
from tickstock.errors import TickstockError
from tickstock.relationships.history.churn import Interval, Step, read_fund_churn
from tickstock.relationships.history.diff import read_diff
from tickstock.relationships.history.groups import find_group
from tickstock.relationships.queries.names import ETF
from tickstock.relationships.report.charts import overlap_heat
from tickstock.relationships.report.overlap import read_overlap
from tickstock.web.asking import Kept, cleaned, day_asked, past_day
from tickstock.web.concentration import concentration
from tickstock.web.finding import find
from tickstock.web.guard import guard
from tickstock.web.places import is_elsewhere, missing, page_of

if TYPE_CHECKING:
    from datetime import date

    from werkzeug.wrappers import Response

    from tickstock.db import Connection
    from tickstock.relationships.history.diff import Diff
    from tickstock.relationships.history.groups import Found as Known
    from tickstock.relationships.queries.groups import Member
    from tickstock.relationships.report.charts import Shade
    from tickstock.web.asking import Asking
    from tickstock.web.config import WebConfig

LISTED = 50
STEPS = 12  # files that are compared with those before them


class Heat(NamedTuple):
    """A heat map: what it is of, and a row of shades for each name."""

    title: str
    names: list[str]
    rows: list[list[Shade]]


class SectorWeight(NamedTuple):
    """A sector's share of a fund: the sum of its weights in percent (None: none is known), and its holdings."""

    sector: str | None
    weight: Decimal | None
    holdings: int


class Changes(NamedTuple):
    """What changed: the last files, and a comparison of two days, or why there is none."""

    steps: list[Step]
    diff: Diff | None
    problem: str


def funds(config: WebConfig, ask: Asking) -> Blueprint:
    """The page of a fund."""
    pages, kept = Blueprint("funds", __name__, url_prefix="/admin/funds"), Kept()
    guard(pages, config)

    @pages.get("/<path:etf>")
    def fund(etf: str) -> Response | str:
        etf, day = cleaned(etf), day_asked()
        with ask() as connection:
            found = find(connection, ETF, etf, past_day(day))
            if found is None:
                return missing(connection, ETF, etf)
            if is_elsewhere(found.name, etf):
                return redirect(page_of("ETF", found.name, day))
            heat = []
            if found.id is not None and not found.past:
                heat = kept.find(connection, etf, partial(read_heat, connection, found.id))
        return render_template(
            "fund.html",
            found=found,
            day=day,
            figures=concentration(found.group.weights) if found.group else None,
            sectors=by_sector(found.group.holdings) if found.group else [],
            heat=heat,
            limit=None if request.args.get("all") == "1" else LISTED,
        )

    @pages.get("/changes/<path:etf>")
    def changed(etf: str) -> Response | str:
        etf, between = cleaned(etf), (day_asked("from"), day_asked("to"))
        with ask() as connection:
            try:
                known = find_group(connection, ETF, etf)
            except TickstockError:
                return missing(connection, ETF, etf)
            if is_elsewhere(known.name, etf):
                asked: dict[str, Any] = {"from": between[0], "to": between[1]}
                return redirect(url_for("funds.changed", etf=known.name, **asked))
            changes = read_changes(connection, known, between)
        return render_template("changes.html", name=known.name, changes=changes)

    return pages


def read_heat(connection: Connection, group: int) -> list[Heat]:
    """What a fund and its nearest share with each other, by weight (unless it has none) and by stocks."""
    with connection.cursor() as cursor:
        cursor.execute(statement("web/nearest_funds"), {"group": group})
        overlap = read_overlap(cursor, [near for (near,) in cursor.fetchall()])
    result = []
    for value, title in (("weight", "Shared weight, %"), ("stocks", "Shared stocks")):
        names = [pair.etf for pair in overlap if pair.etf == pair.other and getattr(pair, value) is not None]
        if len(names) > 1 and names[0] == overlap[0].etf:
            result.append(Heat(title, names, overlap_heat(overlap, value)))
    return result


def by_sector(holdings: list[Member]) -> list[SectorWeight]:
    """The sectors of a fund, the heaviest first."""
    of_sector: dict[str | None, list[Member]] = defaultdict(list)
    for holding in holdings:
        of_sector[holding.sector].append(holding)
    weighed = []
    for sector, own in of_sector.items():
        weights = [each.weight for each in own if each.weight is not None]
        weighed.append(SectorWeight(sector, sum(weights, Decimal(0)) if weights else None, len(own)))
    return sorted(weighed, key=lambda each: (-(each.weight or 0), -each.holdings, each.sector or ""))


def read_changes(connection: Connection, fund: Known, between: tuple[date | None, date | None]) -> Changes:
    """The last files of a fund, the latest first; what changed between two days, by default of the last two files.

    Without a first day: since the last file before the second.
    """
    days = _days(connection, fund.ids)
    steps = read_fund_churn(connection, fund.name, Interval(days[-1])).steps[::-1] if days else []
    last = between[1] or next(iter(days), None)
    first = between[0] or next(iter(_days(connection, fund.ids, before=last)), None)
    if first is None or last is None:
        return Changes(steps, None, "")
    try:
        return Changes(steps, read_diff(connection, ETF, fund.name, (min(first, last), max(first, last))), "")
    except TickstockError as error:
        return Changes(steps, None, str(error))


def _days(connection: Connection, groups: list[int], before: date | None = None) -> list[date]:
    """The last days of which a file tells, the latest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT as_of FROM snapshots WHERE group_id = ANY (%s) AND as_of < COALESCE(%s::date, 'infinity') "
            "ORDER BY as_of DESC LIMIT %s",
            (groups, before, STEPS),
        )
        return [as_of for (as_of,) in cursor.fetchall()]
