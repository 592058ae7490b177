"""Frames of the archive for code written for yfinance: what it asked for, and the tickers that the archive answers.

What is asked in a way that the archive has no answer to is None or left out here; then yfinance itself is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tickstock.bars import frames
from tickstock.bars.actions import CAPITAL_GAINS
from tickstock.bars.daily import adjusted, coverage, raw_frame
from tickstock.bars.data_manager import DATA_SOURCES
from tickstock.bars.dataset import MINUTE
from tickstock.bars.gather import Gathered, Question, gather
from tickstock.bars.known_actions import known_actions
from tickstock.bars.local import read_held
from tickstock.bars.minutes import minute_frame
from tickstock.bars.sessions import FIRST_DAY, NEW_YORK, first_not_expected, period_start, sessions
from tickstock.bars.split_check import confirm
from tickstock.bars.tickers import checked
from tickstock.errors import BadInputError, TickstockError
from tickstock.market_settings import Market

if TYPE_CHECKING:
    import pandas as pd

Interval = Literal["1d", "1m"]
EVENTS = ["Dividends", "Stock Splits", "Capital Gains"]
_LOG = logging.getLogger("tickstock.bars")


class Wish(NamedTuple):
    """Bars from ``start`` on and before ``end``, in yfinance's words."""

    start: date
    end: date
    interval: Interval
    actions: bool
    auto_adjust: bool
    rounding: bool


def days_asked(period: str | None, start: Any, end: Any, now: datetime) -> tuple[date, date] | None:
    """The days that yfinance's parameters mean, as the first and the day after the last.

    None where they mean something else than whole days of the archive's time, or nothing.
    """
    today = now.astimezone(NEW_YORK).date()
    try:
        first, last = _day(start), _day(end)
        if period and (start or end):
            return None
        if not (start or end):
            # What is cut off where the flat files begin is Yahoo's to answer, "max" too.
            first = period_start((period or "1mo").lower(), today)
            first = None if first == FIRST_DAY else first
        elif first is None and last is not None:
            first = _month_before(last)
    except (BadInputError, ValueError):
        return None
    last = min(last or date.max, today + timedelta(days=1))
    return (first, last) if first and FIRST_DAY <= first < last else None


def read(market: Market, names: Iterable[str], wish: Wish, data_source: str, now: datetime) -> dict[str, pd.DataFrame]:
    """What ``Ticker(name).history()`` gives, for each name of which the archive has bars; the names are Yahoo's.

    ``data_source`` is that of :func:`tickstock.bars.data_manager.get_smart_data`: who is asked for sessions that the
    archive lacks. Minutes are there if it lacks none.

    Raises:
        BadInputError: the data source is unknown.
        TickstockError: the archive or the store cannot be read.
    """
    if data_source not in DATA_SOURCES:
        raise BadInputError(f"data source {data_source!r} is unknown; expected one of {', '.join(DATA_SOURCES)}")
    spelled = {name: ticker for name in names if (ticker := _spelled(name))}
    if not spelled:
        return {}
    question = Question(tuple(dict.fromkeys(spelled.values())), wish.start, wish.end, data_source, now, False)
    found: dict[str, pd.DataFrame] = {}
    for ticker, bars in (_gathered if wish.interval == "1d" else _whole_minutes)(market, question).items():
        try:
            frame = _daily(market, question, wish, bars) if bars else _minutes(market, question, wish, ticker)
        except TickstockError as error:
            _LOG.error("%s", error)
        else:
            found[ticker] = _rounded(frame) if wish.rounding else frame
    return {name: found[ticker] for name, ticker in spelled.items() if ticker in found}


def _gathered(market: Market, question: Question) -> dict[str, Gathered | None]:
    """Bars of those that the archive, or Massive, has some of; Yahoo is asked for the sessions that they lack.

    Of a ticker that it has nothing of, Yahoo's own frame is wanted, not its bars.
    """
    found = {ticker: bars for ticker, bars in gather(market, question).items() if len(bars.rows)}
    if partly := tuple(ticker for ticker, bars in found.items() if bars.missing):
        found |= gather(market, question._replace(tickers=partly, data_source="yfinance", fall_back=True))
    return {**found}


def _whole_minutes(market: Market, question: Question) -> dict[str, Gathered | None]:
    today = question.now.astimezone(NEW_YORK).date()
    days = sessions(question.start, min(question.end, today + timedelta(days=1)))
    if not days or days[-1] >= first_not_expected(question.now):
        return {}
    held = read_held(market, MINUTE, question.tickers, days)
    return {ticker: None for ticker, one in held.items() if len(one.rows) and one.days.issuperset(days)}


def _daily(market: Market, question: Question, wish: Wish, bars: Gathered) -> pd.DataFrame:
    raw = raw_frame(bars.rows)
    frame, about = adjusted(market, bars.ticker, raw, "all", question)
    if not wish.auto_adjust:
        frame = frames.with_adjusted_close(adjusted(market, bars.ticker, raw, "splits", question)[0], frame)
    actions, _ = confirm(known_actions(market, bars.ticker, _today(question))[0], raw)
    result = frames.history(frame, actions, fund=CAPITAL_GAINS in actions.kinds)
    remarks = list(dict.fromkeys([*bars.remarks, *about.pop("remarks")]))
    for remark in remarks:
        _LOG.warning("%s", remark)
    source = {"ticker": bars.ticker, "source": ", ".join(bars.sources), "sources": dict(bars.sources)}
    result.attrs.update({**source, **about, "coverage": coverage(bars), "remarks": remarks})
    return _with_events(result, wish)


def _minutes(market: Market, question: Question, wish: Wish, ticker: str) -> pd.DataFrame:
    """Yahoo's minutes are adjusted for splits alone, whatever was asked for: so are these."""
    frame = minute_frame(market, question._replace(tickers=(ticker,)), "splits", prepost=False)
    actions, _ = known_actions(market, ticker, _today(question))
    shown = frame if wish.auto_adjust else frames.with_adjusted_close(frame, frame)
    result = frames.history(shown, actions, fund=CAPITAL_GAINS in actions.kinds)
    result.attrs = frame.attrs
    return _with_events(result, wish)


def _with_events(frame: pd.DataFrame, wish: Wish) -> pd.DataFrame:
    return frame if wish.actions else frame.drop(columns=EVENTS, errors="ignore")


def _rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """To cents, as Yahoo hints for US stocks, and to its four digits where the price is below a dollar."""
    return frame.round(2 if frame["Close"].iloc[-1] >= 1 else 4)


def _today(question: Question) -> date:
    return question.now.astimezone(NEW_YORK).date()


def _spelled(name: str) -> str | None:
    try:
        return checked(name)
    except BadInputError:
        return None


def _day(value: Any) -> date | None:
    """A day as yfinance takes it; ValueError for what is none, also for a time of day, which cuts days in its way."""
    if not value:
        return None
    if isinstance(value, str):
        value = datetime.strptime(value, "%Y-%m-%d")
    if isinstance(value, datetime):
        if value.tzinfo or value.time() != time(0):
            raise ValueError(value)
        return value.date()
    if not isinstance(value, date):
        raise ValueError(value)
    return value


def _month_before(day: date) -> date:
    import pandas as pd

    found: date = (pd.Timestamp(day) - pd.DateOffset(months=1)).date()
    return found


def labels(tickers: str | Sequence[str]) -> list[str]:
    """The columns that yfinance makes of its ``tickers``: in capitals, each once."""
    if isinstance(tickers, str):
        tickers = tickers.replace(",", " ").split()
    return list(dict.fromkeys(ticker.upper() for ticker in tickers))
