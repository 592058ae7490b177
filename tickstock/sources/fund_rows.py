"""What ARK's and Invesco's files have in common: the fund and the date stand on every line."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from tickstock.sources.dates import parse_date
from tickstock.sources.reading import About, Reading
from tickstock.sources.records import shown
from tickstock.sources.table import clean


class FundRow(NamedTuple):
    """One data line; ``date`` and ``fund`` as they stand there."""

    line: int
    fund: str
    date: str
    ticker: str
    weight: str
    name: str
    sector: str = ""
    asset_class: str = ""


def read_fund_rows(rows: list[FundRow], fund: str, reading: Reading) -> None:
    """Feed the lines of the newest date to ``reading``; lines of older dates are split off, with a warning.

    A line of another fund than ``fund``, or without a date, is rejected. Where no line at all has a date (the
    column is missing), the as-of date stays unknown.
    """
    dates = {text: _date(text) for text in {row.date for row in rows}}
    known = {day for day in dates.values() if day}
    reading.as_of = max(known, default=None)
    if len(known) > 1:
        reading.warnings.append(f"{len(known)} dates in one file: only {reading.as_of} is loaded")
    for row in rows:
        if row.fund.strip().upper() != fund:
            hint = "one fund a file: take the other out"
            reading.reject(row.line, f"the fund {shown(row.fund)}", fund, hint)
        elif reading.as_of and dates[row.date] is None:
            found = f"the date {shown(row.date)}"
            reading.reject(row.line, found, "one like 11/18/2025", "month first, then day")
        elif dates[row.date] != reading.as_of:
            reading.split(row.line, row.ticker, row.name, "older date")
        else:
            about = About(clean(row.name), clean(row.sector), clean(row.asset_class))
            reading.add(row.line, row.ticker, row.weight, about)


def _date(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
