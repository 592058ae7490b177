"""Trading days of the New York Stock Exchange, from the first day of the flat files on, and periods of time.

The calendar is exchange_calendars' XNYS, which knows holidays, half days and days of mourning. Dates are New York's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tickstock.errors import BadInputError

if TYPE_CHECKING:
    import pandas as pd

NEW_YORK = ZoneInfo("America/New_York")
FIRST_DAY = date(2003, 9, 10)
# A day's file is there by this hour of the next day.
PUBLISHED = time(11)
_PERIOD = re.compile(r"([1-9]\d{0,3})(d|wk|mo|y)")
_MONTHS = {"mo": 1, "y": 12}


def new_york_now() -> datetime:
    """The time in New York, wherever this machine's clock thinks it is."""
    return datetime.now(NEW_YORK)


def sessions(start: date, end: date) -> list[date]:
    """Trading days from ``start`` on and before ``end``, in order; none before 2003-09-10, where the files begin."""
    days = _days()
    return days[_place(days, start) : _place(days, end)]


def is_half_day(day: date) -> bool:
    """Whether the exchange closes at 13:00 on this trading day."""
    return day in _half_days()


def half_days(start: date, end: date) -> list[date]:
    """The days of :func:`sessions` on which the exchange closes early."""
    return [day for day in sessions(start, end) if is_half_day(day)]


def first_not_expected(now: datetime) -> date:
    """The first day whose file cannot be asked for yet: files of a day are there by 11:00 of the day after it."""
    here = now.astimezone(NEW_YORK)
    return here.date() if here.time() >= PUBLISHED else here.date() - timedelta(days=1)


def period_start(period: str, today: date) -> date:
    """The first day of a period that ends today, in yfinance's spelling: ``5d``, ``2wk``, ``24mo``, ``2y``, ``ytd``,
    ``max``. Months are those of the calendar (24mo before 2025-11-29 is 2023-11-29); days are trading days, with today.

    Raises:
        BadInputError: the period has another form.
    """
    if period == "max":
        return FIRST_DAY
    if period == "ytd":
        return date(today.year, 1, 1)
    match = _PERIOD.fullmatch(period)
    if match is None:
        raise BadInputError(f"period {period!r} is unknown; expected such as 5d, 2wk, 6mo, 24mo, 2y, ytd or max")
    number, unit = int(match[1]), match[2]
    if unit == "d":
        days = sessions(FIRST_DAY, today + timedelta(days=1))
        return days[-min(number, len(days))]
    if unit == "wk":
        return max(FIRST_DAY, today - timedelta(days=7 * number))
    return _months_before(today, number * _MONTHS[unit])


def months_of(days: Sequence[date]) -> dict[tuple[int, int], list[date]]:
    """The days by (year, month), in order."""
    result: dict[tuple[int, int], list[date]] = {}
    for day in sorted(days):
        result.setdefault((day.year, day.month), []).append(day)
    return result


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < FIRST_DAY.year:
        return FIRST_DAY
    for last in (day.day, 30, 29, 28):
        try:
            return max(FIRST_DAY, date(year, month + 1, min(day.day, last)))
        except ValueError:
            continue
    raise AssertionError(day)


def _place(days: list[date], day: date) -> int:
    from bisect import bisect_left

    if day > days[-1]:
        raise BadInputError(f"{day} is beyond the exchange's calendar, which ends on {days[-1]}")
    return bisect_left(days, day)


@cache
def _calendar() -> Any:
    import warnings

    import exchange_calendars

    with warnings.catch_warnings():
        # It reads time zones in a way that pandas means to change.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        # Without a start it begins twenty years before today, after the first flat file.
        calendar = exchange_calendars.get_calendar("XNYS", start=FIRST_DAY.isoformat())
        calendar.early_closes  # noqa: B018 - computed once, here
    return calendar


@cache
def _days() -> list[date]:
    found: pd.DatetimeIndex = _calendar().sessions
    return [moment.date() for moment in found.to_pydatetime()]


@cache
def _half_days() -> frozenset[date]:
    return frozenset(moment.date() for moment in _calendar().early_closes.to_pydatetime())
