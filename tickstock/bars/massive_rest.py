"""Massive's REST API, through its own package: raw bars, splits and dividends, and what a ticker is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from tickstock.bars.actions import Action, Actions, merged
from tickstock.bars.massive_calls import Judged, Pacing, UnknownTickerError
from tickstock.bars.sessions import NEW_YORK
from tickstock.errors import TickstockError, UnavailableError
from tickstock.market_settings import Massive

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

READ_TIMEOUT = 10.0
NAME = "Massive REST"
_COLUMNS = ("open", "high", "low", "close", "volume")


class Details(NamedTuple):
    """What Massive tells of a ticker; None where it tells nothing. ``type`` is its code (CS, ETF, ADRC, ...),
    ``exchange`` the market's (XNAS), ``market_cap`` in US dollars, ``industry`` the SEC's words for it.
    """

    ticker: str
    name: str | None = None
    type: str | None = None
    exchange: str | None = None
    market_cap: float | None = None
    industry: str | None = None
    active: bool | None = None


class MassiveRest:
    """The API at a settings' address, with its key.

    All questions raise the same:
        BadInputError: the API takes the question for wrong.
        UnavailableError: the key is missing or refused, or the plan does not have this.
        BusyError: the API is not reachable or has trouble, or we asked too often: worth a retry.
        TickstockError: the answer cannot be understood.
    and whatever the pace raises while they wait for their turn.
    """

    def __init__(self, massive: Massive, pace: Pacing) -> None:
        from massive import RESTClient

        if not massive.api_key:
            raise UnavailableError("MASSIVE_API_KEY is not set; expected the API key of a Massive.com account")
        self._client = RESTClient(massive.api_key, base=massive.api, read_timeout=READ_TIMEOUT)
        # The package takes an answer that it cannot read for an empty one, and has no status in its errors.
        self._client.client = Judged(self._client.client, massive.api_key, pace)

    def bars(self, ticker: str, start: date, end: date) -> pd.DataFrame:
        """Raw daily bars from ``start`` on and before ``end``: Open, High, Low, Close, Volume (floats), naive Date."""
        import pandas as pd

        last = end - timedelta(days=1)
        found = list(self._client.list_aggs(ticker, 1, "day", start, last, adjusted=False, sort="asc", limit=50000))
        try:
            days = [datetime.fromtimestamp(bar.timestamp / 1000, UTC).astimezone(NEW_YORK).date() for bar in found]
            values = {name.title(): [_number(getattr(bar, name)) for bar in found] for name in _COLUMNS}
        except (TypeError, ValueError, OverflowError, OSError) as error:
            raise TickstockError(f"Massive's bars of {ticker} have a gap: {error}; expected numbers") from error
        return pd.DataFrame(values, index=pd.DatetimeIndex(days, name="Date"), dtype="float64")

    def minute_bars(self, ticker: str, start: date, end: date) -> pl.DataFrame:
        """Raw minute bars of the days from ``start`` on and before ``end``, outside of regular hours too, in order:
        timestamp (UTC), open, high, low, close, volume (floats). There is none of a minute without a trade.
        """
        import polars as pl

        last = end - timedelta(days=1)
        found = list(self._client.list_aggs(ticker, 1, "minute", start, last, adjusted=False, sort="asc", limit=50000))
        rows = _rows(f"minutes of {ticker}", {"timestamp": pl.Int64}, found)
        moment = pl.col("timestamp").cast(pl.Datetime("ms")).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        return rows.with_columns(moment)

    def grouped(self, day: date) -> pl.DataFrame:
        """Raw daily bars of the whole market on one day, in one call: ticker, date, open, high, low, close, volume
        (floats). A day without a session, or that is not known yet, has no rows; of a day that is not over, or before
        what it reaches back to, a plan may say that it does not have it.
        """
        import polars as pl

        found = self._client.get_grouped_daily_aggs(day, adjusted=False, include_otc=False)
        rows = _rows(f"bars of {day}", {"ticker": pl.String}, found)
        return rows.select("ticker", pl.lit(day).alias("date"), *_COLUMNS)

    def details(self, ticker: str) -> Details | None:
        """What is known of a ticker today; None where there is no such ticker (or no longer)."""
        try:
            found = self._client.get_ticker_details(ticker)
        except UnknownTickerError:
            return None
        return _details(found, f"details of {ticker}")

    def tickers(self) -> Iterator[Details]:
        """All stocks and funds that are traded now, a thousand a call, without market_cap and industry."""
        for found in self._client.list_tickers(market="stocks", active=True, limit=1000):
            yield _details(found, "list of tickers")

    def actions(self, ticker: str, today: date) -> Actions:
        """All splits and dividends with an ex-date up to ``today``; of announced ones nothing is told."""
        splits = list(self._client.list_stocks_splits(ticker=ticker, limit=5000))
        dividends = list(self._client.list_stocks_dividends(ticker=ticker, limit=5000))
        try:
            found = merged([*_splits(splits), *_dividends(dividends)])
        except (TypeError, ValueError, ZeroDivisionError) as error:
            raise TickstockError(
                f"Massive's corporate actions of {ticker} cannot be understood: {error}; expected dates and amounts"
            ) from error
        return Actions(ticker, tuple(action for action in found if action.day <= today), NAME, today)


def _rows(what: str, first: dict[str, Any], found: Sequence[Any]) -> pl.DataFrame:
    import polars as pl

    try:
        values = {name: [_number(getattr(bar, name)) for bar in found] for name in _COLUMNS}
        keys = {name: [getattr(bar, name) for bar in found] for name in first}
        rows = pl.DataFrame({**keys, **values}, schema={**first, **dict.fromkeys(_COLUMNS, pl.Float64)})
    except (TypeError, ValueError) as error:
        raise TickstockError(f"Massive's {what} have a gap: {error}; expected numbers") from error
    if any(rows[name].null_count() for name in first):
        raise TickstockError(f"Massive's {what} have a gap: a row has no {', no '.join(first)}; expected one in each")
    return rows


def _number(value: Any) -> float:
    """A price or volume. Python reads NaN and Infinity in JSON, too."""
    number = float(value)
    if not isfinite(number):
        raise ValueError(f"found {number}")
    return number


def _details(found: Any, what: str) -> Details:
    """Empty words are none; a row without a ticker is no row."""
    texts = [getattr(found, name, None) for name in ("ticker", "name", "type", "primary_exchange", "sic_description")]
    worth, active = getattr(found, "market_cap", None), getattr(found, "active", None)
    numbers = isinstance(worth, (int, float)) or worth is None
    if not (texts[0] and numbers and all(isinstance(text, str) or text is None for text in texts)):
        raise TickstockError(f"Massive's {what} cannot be understood; expected a ticker, texts and dollars")
    ticker, name, type_, exchange, industry = (text.strip() or None if text else None for text in texts)
    return Details(str(ticker), name, type_, exchange, worth or None, industry, active)


def _splits(found: Iterable[Any]) -> list[Action]:
    """Each once: tables of vendors have rows twice."""
    rows = {(date.fromisoformat(row.execution_date), row.split_to / row.split_from) for row in found}
    return [Action(day, ratio) for day, ratio in sorted(rows)]


def _dividends(found: Iterable[Any]) -> list[Action]:
    """Dividends in dollars. The factor that the API tells counts all later dividends too, so each is its own share."""
    paid: dict[date, float] = {}
    cumulative: dict[date, float | None] = {}
    for row in {row.id or id(row): row for row in found}.values():
        day = date.fromisoformat(row.ex_dividend_date)
        if (row.currency or "USD") == "USD":
            paid[day] = paid.get(day, 0.0) + float(row.cash_amount)
        cumulative[day] = row.historical_adjustment_factor
    steps: dict[date, float | None] = {}
    later: float | None = 1.0
    for day in sorted(cumulative, reverse=True):
        step = None if later is None else (cumulative[day] or 0) / later
        steps[day] = step if step and 0 < step <= 1 else None
        later = cumulative[day]
    return [Action(day, dividend=amount, factor=steps[day]) for day, amount in paid.items()]
