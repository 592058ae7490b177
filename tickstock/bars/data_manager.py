"""Bars as frames for pandas, in the shape that yfinance gives: the archive first, then the other sources.

A frame is on one basis, ``adjust``: ``"all"`` (for splits and dividends, as yfinance's default), ``"splits"``, or
``"none"`` (as traded). Its ``attrs`` tell where it is from, what it is adjusted for, and which sessions are missing
(:func:`tickstock.bars.daily.daily_frames`); what is worth knowing is also logged, as ``tickstock.bars``.

``market`` and ``now`` are for tests and for programs with settings of their own: by default the settings of the
environment and the time of the clock count.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from tickstock.bars import frames
from tickstock.bars.adjust import BASES, Basis
from tickstock.bars.daily import daily_frames
from tickstock.bars.dataset import DATASETS
from tickstock.bars.gather import NoBarsError, Question, fetch_missing, yahoo
from tickstock.bars.local import read_day
from tickstock.bars.minutes import minute_frame
from tickstock.bars.sessions import FIRST_DAY, NEW_YORK, new_york_now, period_start, sessions
from tickstock.bars.tickers import checked
from tickstock.errors import BadInputError, TickstockError

if TYPE_CHECKING:
    import pandas as pd

    from tickstock.market_settings import Market

Day = str | date | datetime
Timeframe = Literal["day", "minute"]
DATA_SOURCES = ("yfinance", "massive")
_DAYS_AND_MORE = ("5d", "1wk", "1mo", "3mo")
_LOG = logging.getLogger("tickstock.bars")


def get_smart_data(  # noqa: PLR0913 - the names of the guide, and the rest has defaults
    symbol: str,
    period: str = "24mo",
    interval: str = "1d",
    data_source: str = "yfinance",
    *,
    adjust: Basis = "all",
    market: Market | None = None,
    now: datetime | None = None,
) -> pd.DataFrame:
    """Bars of a ticker over a period that ends today: Open, High, Low, Close (dollars), Volume (whole shares).

    Days have a naive index ``Date``, minutes one of New York's time, ``Datetime``. The archive is looked at first;
    ``data_source`` says who is asked for what it lacks: ``"massive"`` the flat files and then Yahoo, ``"yfinance"``
    Yahoo alone. Intervals other than ``1d`` and ``1m`` are always Yahoo's.

    Raises:
        BadInputError: the ticker, period, interval or a choice is unknown.
        NoBarsError: nobody has a bar; the message says who was asked and what they said.
        UnknownActionsError: prices look as if split, and no source of splits answers.
    """
    now = now or new_york_now()
    today = now.astimezone(NEW_YORK).date()
    start, end = period_start(period, today), today + timedelta(days=1)
    if interval in ("1d", "1m"):
        timeframe: Timeframe = "day" if interval == "1d" else "minute"
        return load_bars(
            symbol, start, end, timeframe, data_source=data_source, adjust=adjust, market=market, now=now
        )
    market = market or _market()
    _check(data_source, adjust)
    if adjust == "none":
        raise BadInputError(f"Yahoo has no bars of {interval} as traded; expected adjust='all' or 'splits'")
    frame = yahoo(market).whole(checked(symbol), start, end, interval, adjusted=adjust == "all")
    frame = frame[["Open", "High", "Low", "Close", "Volume"]]
    # Yahoo adjusts bars of less than a day for splits alone, whatever is asked for.
    told = adjust if interval in _DAYS_AND_MORE else "splits"
    frame.attrs = {"ticker": checked(symbol), "source": "yfinance", "adjustment": told, "remarks": []}
    return frame


def load_bars(  # noqa: PLR0913 - as above
    ticker: str,
    start: Day | None = None,
    end: Day | None = None,
    timeframe: Timeframe = "day",
    *,
    data_source: str = "massive",
    adjust: Basis = "all",
    prepost: bool = False,
    market: Market | None = None,
    now: datetime | None = None,
) -> pd.DataFrame:
    """Bars of a ticker from ``start`` on and before ``end``, as :func:`get_smart_data` gives them.

    Without a start they begin with the archive's first possible day, without an end they reach to today. Minutes are
    those of the regular session, or with ``prepost`` from 04:00 to 20:00. Raises as :func:`get_smart_data` does.
    """
    _check(data_source, adjust)
    question = _question((checked(ticker),), start, end, data_source, now)
    market = market or _market()
    if timeframe == "minute":
        return minute_frame(market, question, adjust, prepost=prepost)
    _check_timeframe(timeframe)
    (found,) = daily_frames(market, question, adjust).values()
    if isinstance(found, TickstockError):
        raise found
    return _flat(found)


def load_multiple_tickers(  # noqa: PLR0913 - as above
    tickers: Sequence[str],
    start: Day | None = None,
    end: Day | None = None,
    timeframe: Timeframe = "day",
    *,
    data_source: str = "massive",
    adjust: Basis = "all",
    as_yfinance: bool = False,
    market: Market | None = None,
    now: datetime | None = None,
) -> dict[str, pd.DataFrame] | pd.DataFrame:
    """Bars of many tickers, read together: a frame for each, by ticker.

    A ticker that nobody has is logged, and not among them. With ``as_yfinance`` the result is what
    ``yfinance.download`` gives: one frame with the columns (Price, Ticker), where a ticker that failed is empty.

    Raises:
        BadInputError: as :func:`get_smart_data`.
        NoBarsError: nobody has a bar of any of them.
    """
    _check(data_source, adjust)
    _check_timeframe(timeframe)
    names = tuple(dict.fromkeys(map(checked, tickers)))
    question, market = _question(names, start, end, data_source, now), market or _market()
    if timeframe == "minute":
        found = {name: _or_error(market, question._replace(tickers=(name,)), adjust) for name in names}
    else:
        found = daily_frames(market, question, adjust)
    good = {name: frame for name, frame in found.items() if not isinstance(frame, TickstockError)}
    errors = [error for error in found.values() if isinstance(error, TickstockError)]
    for error in errors:
        _LOG.error("%s", error)
    if names and not good:
        raise errors[0]
    if as_yfinance:
        return frames.download({name: good.get(name) for name in names})
    return {name: _flat(frame) for name, frame in good.items()}


def load_day_file(
    day: Day, timeframe: Timeframe = "day", *, market: Market | None = None, now: datetime | None = None
) -> pd.DataFrame:
    """The bars of all tickers on one day, as traded: ticker, date (or window_start), open, high, low, close, volume,
    transactions. A day that is not in the archive is fetched.

    Raises:
        BadInputError: it is no trading day.
        NoBarsError: the day can not be had; the message says why.
    """
    import pandas as pd

    _check_timeframe(timeframe)
    market, dataset, asked = market or _market(), DATASETS[timeframe], _date(day)
    if not sessions(asked, asked + timedelta(days=1)):
        raise BadInputError(f"{asked} is no trading day; expected one from {FIRST_DAY} on")
    rows, remarks = read_day(market, dataset, asked), []
    if rows is None:
        remarks = fetch_missing(market, dataset, [asked], now or new_york_now())
        rows = read_day(market, dataset, asked)
    if rows is None:
        raise NoBarsError(f"the flat file of {asked} is not here: {'; '.join(remarks)}")
    return pd.DataFrame({name: rows[name].to_numpy() for name in rows.columns})


def _or_error(market: Market, question: Question, basis: Basis) -> pd.DataFrame | TickstockError:
    try:
        return minute_frame(market, question, basis, prepost=False)
    except TickstockError as error:
        return error


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    result = frames.flat(frame)
    result.attrs = frame.attrs
    return result


def _question(
    tickers: tuple[str, ...], start: Day | None, end: Day | None, source: str, now: datetime | None
) -> Question:
    now = now or new_york_now()
    tomorrow = now.astimezone(NEW_YORK).date() + timedelta(days=1)
    first = FIRST_DAY if start is None else _date(start)
    last = tomorrow if end is None else min(_date(end), tomorrow)
    if first >= last:
        raise BadInputError(f"no day is from {first} on and before {last}; the end is excluded, as yfinance has it")
    return Question(tickers, first, last, source, now)


def _date(day: Day) -> date:
    import pandas as pd

    try:
        moment = pd.Timestamp(day)
    except (ValueError, TypeError) as error:
        raise BadInputError(f"{day!r} is no day; expected such as 2025-12-05") from error
    if pd.isna(moment):
        raise BadInputError(f"{day!r} is no day; expected such as 2025-12-05")
    if moment.tz is not None:
        moment = moment.tz_convert(str(NEW_YORK))
    found: date = moment.date()
    return found


def _check(data_source: str, adjust: str) -> None:
    if data_source not in DATA_SOURCES:
        raise BadInputError(f"data source {data_source!r} is unknown; expected one of {', '.join(DATA_SOURCES)}")
    if adjust not in BASES:
        raise BadInputError(f"adjust {adjust!r} is unknown; expected one of {', '.join(BASES)}")


def _check_timeframe(timeframe: str) -> None:
    if timeframe not in DATASETS:
        raise BadInputError(f"timeframe {timeframe!r} is unknown; expected one of {', '.join(DATASETS)}")


def _market() -> Market:
    from tickstock.settings import read_settings

    return read_settings().market
