"""Frames of minute bars: from the archive, or whole from Yahoo, never mixed."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tickstock.bars import frames
from tickstock.bars.adjust import Basis
from tickstock.bars.daily import adjusted
from tickstock.bars.dataset import MINUTE
from tickstock.bars.gather import ARCHIVE, YAHOO, NoBarsError, Question, fetch_missing, yahoo
from tickstock.bars.local import read_held
from tickstock.bars.populate_text import ranges
from tickstock.bars.sessions import NEW_YORK, first_not_expected, is_half_day, sessions
from tickstock.errors import BadInputError, TickstockError
from tickstock.market_settings import Market

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

# A day of minutes is 20 MB: more than some days are fetched by a run that tells how far it is.
MOST_DAYS = 10
_LOG = logging.getLogger("tickstock.bars")


def minute_frame(market: Market, question: Question, basis: Basis, *, prepost: bool) -> pd.DataFrame:
    """The minutes of one ticker as yfinance gives them: whole shares, an index ``Datetime`` of New York's time.

    Without ``prepost`` those of the regular session: from 09:30 and before 16:00, on half days before 13:00.

    Raises:
        NoBarsError: neither the archive nor Yahoo has any.
        TickstockError: the archive or the store cannot be read.
    """
    (ticker,) = question.tickers
    today = question.now.astimezone(NEW_YORK).date()
    days = sessions(question.start, min(question.end, today + timedelta(days=1)))
    due = [day for day in days if day < first_not_expected(question.now)]
    remarks: list[str] = []
    held = read_held(market, MINUTE, [ticker], days)[ticker]
    missing = [day for day in due if day not in held.days]
    if missing and question.data_source == "massive":
        if len(missing) <= MOST_DAYS:
            remarks += fetch_missing(market, MINUTE, missing, question.now)
            held = read_held(market, MINUTE, [ticker], days)[ticker]
            missing = [day for day in due if day not in held.days]
        else:
            remarks.append(
                f"{len(missing)} days of minutes are not here, more than {MOST_DAYS} are not fetched for a question; "
                "try: populate_cache_bulk.py --dataset minute"
            )
    if missing or held.rows.is_empty():
        remarks.append(f"minutes missing: {ranges(missing)}" if missing else "the days that are here have none")
        return _from_yahoo(market, question, basis, prepost, remarks)
    raw = _regular(_raw_frame(held.rows), prepost)
    frame, about = adjusted(market, ticker, raw, basis, question)
    return _told(frames.flat(frame), ticker, ARCHIVE, {**about, "remarks": [*remarks, *about["remarks"]]})


def _raw_frame(rows: pl.DataFrame) -> pd.DataFrame:
    import pandas as pd

    index = pd.DatetimeIndex(rows["window_start"].to_numpy().astype("datetime64[ns]"), name="Datetime")
    columns = {name.title(): rows[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}
    return pd.DataFrame(columns, index=index.tz_localize("UTC").tz_convert(str(NEW_YORK)))


def _regular(frame: pd.DataFrame, prepost: bool) -> pd.DataFrame:
    import pandas as pd

    if prepost:
        return frame
    index = pd.DatetimeIndex(frame.index)
    minute = index.hour * 60 + index.minute
    half = pd.Series(index.date, index=index).map({day: is_half_day(day) for day in set(index.date)}).to_numpy(bool)
    return frame[(minute >= 9 * 60 + 30) & (minute < 16 * 60) & ~(half & (minute >= 13 * 60))]


def _from_yahoo(
    market: Market, question: Question, basis: Basis, prepost: bool, remarks: list[str]
) -> pd.DataFrame:
    (ticker,) = question.tickers
    try:
        if basis == "none" or prepost:
            raise BadInputError("Yahoo is not asked for minutes as traded, or outside of the regular session")
        frame = yahoo(market).whole(ticker, question.start, question.end, "1m", adjusted=basis == "all")
    except TickstockError as error:
        raise NoBarsError(f"no minutes of {ticker}: {'; '.join([*remarks, str(error)])}") from error
    frame = frame[["Open", "High", "Low", "Close", "Volume"]]
    # Yahoo adjusts bars of less than a day for splits alone, whatever is asked for.
    return _told(frame, ticker, YAHOO, {"adjustment": "splits", "actions": YAHOO, "remarks": remarks})


def _told(frame: pd.DataFrame, ticker: str, source: str, about: dict[str, Any]) -> pd.DataFrame:
    for remark in about["remarks"]:
        _LOG.warning("%s", remark)
    frame.attrs.clear()
    frame.attrs.update({"ticker": ticker, "source": source, "sources": {source: len(frame)}, **about})
    return frame
