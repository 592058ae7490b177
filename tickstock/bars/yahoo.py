"""Yahoo Finance through yfinance: raw daily bars with the actions of a ticker, or whole frames of other intervals."""

from __future__ import annotations

import threading
import warnings
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tickstock.bars.actions import CAPITAL_GAINS, DIVIDENDS, SPLITS, Action, Actions, merged
from tickstock.bars.adjust import PRICES
from tickstock.bars.tickers import yahoo_spelling
from tickstock.errors import BadInputError, BusyError

if TYPE_CHECKING:
    import pandas as pd

NAME = "yfinance"
INTERVALS = ("1m", "2m", "5m", "15m", "30m", "60m", "90m", "1h", "1d", "5d", "1wk", "1mo", "3mo")
# yfinance's settings and Python's filters of warnings belong to the process.
_ONE_AT_A_TIME = threading.Lock()


class Yahoo:
    """Yahoo Finance; yfinance keeps time zones and cookies in ``cache``, a folder of its own.

    All questions raise the same:
        BadInputError: Yahoo knows no such ticker, or has no bars of these days; the interval is unknown.
        BusyError: Yahoo is not reachable or wants us to wait: worth a retry.
    """

    def __init__(self, cache: Path) -> None:
        import yfinance

        cache.mkdir(parents=True, exist_ok=True)
        with _ONE_AT_A_TIME:
            yfinance.set_tz_cache_location(str(cache))

    def bars(self, ticker: str, start: date, end: date, today: date) -> tuple[pd.DataFrame, Actions]:
        """Raw daily bars from ``start`` on and before ``end`` (floats, naive Date), and the actions up to ``today``.

        Yahoo's prices are those of today's shares. They are taken back to the shares of their day by the splits that
        the same answer tells, so the question always reaches to today.
        """
        import pandas as pd

        told = self._history(ticker, start, today + timedelta(days=1), "1d", adjusted=False)
        told.index = pd.DatetimeIndex(told.index).tz_localize(None).rename("Date")
        later = _later_splits(told)
        kinds = (SPLITS, DIVIDENDS, *((CAPITAL_GAINS,) if "Capital Gains" in told else ()))
        actions = Actions(ticker, _actions(told, later), NAME, today, kinds)
        raw = told[[*PRICES, "Volume"]].astype("float64")
        raw[PRICES] = raw[PRICES].to_numpy() * later[:, None]
        raw["Volume"] = raw["Volume"].to_numpy() / later
        return raw[raw["Close"].notna() & (raw.index < np.datetime64(end))], actions

    def actions(self, ticker: str, since: date, today: date) -> Actions:
        """The splits and dividends with an ex-date from ``since`` to ``today``."""
        return self.bars(ticker, since, today, today)[1]

    def whole(self, ticker: str, start: date, end: date, interval: str, *, adjusted: bool = True) -> pd.DataFrame:
        """What ``Ticker.history(auto_adjust=adjusted)`` gives from ``start`` on and before ``end``, unchanged.

        Not adjusted means: for splits alone. Yahoo has no prices as they were traded for other intervals than a day.
        """
        if interval not in INTERVALS:
            raise BadInputError(f"interval {interval!r} is unknown; expected one of {', '.join(INTERVALS)}")
        return self._history(ticker, start, end, interval, adjusted=adjusted)

    def _history(self, ticker: str, start: date, end: date, interval: str, *, adjusted: bool) -> pd.DataFrame:
        import yfinance
        from pandas.errors import Pandas4Warning
        from yfinance.config import YfConfig

        with _ONE_AT_A_TIME, warnings.catch_warnings():
            warnings.simplefilter("ignore", Pandas4Warning)
            # Else yfinance logs what went wrong and gives back an empty frame.
            before, YfConfig.debug.hide_exceptions = YfConfig.debug.hide_exceptions, False
            try:
                frame: pd.DataFrame = yfinance.Ticker(yahoo_spelling(ticker)).history(
                    start=start, end=end, interval=interval, auto_adjust=adjusted, actions=True
                )
            except Exception as error:
                raise _told(ticker, error) from error
            finally:
                YfConfig.debug.hide_exceptions = before
        if frame.empty:
            raise BadInputError(f"Yahoo has no bars of {ticker} from {start} to {end} ({interval}); try other days")
        return frame


def _told(ticker: str, error: Exception) -> BadInputError | BusyError:
    from yfinance.exceptions import YFDataException, YFException, YFRateLimitError

    # Where the chart knows no ticker, yfinance asks for its description, and that is not found then.
    missing = getattr(getattr(error, "response", None), "status_code", None) == 404
    if missing or (isinstance(error, YFException) and not isinstance(error, YFRateLimitError | YFDataException)):
        return BadInputError(f"Yahoo tells nothing of {ticker}: {error}; expected a ticker and days that it knows")
    # (curl adds where its numbers are explained.)
    reason = str(error).partition(". See https://")[0] or type(error).__name__
    return BusyError(f"Yahoo Finance does not answer for {ticker} ({reason}); try again later")


def _later_splits(told: pd.DataFrame) -> np.ndarray:
    """For each row, how many of today's shares one share of that day has become."""
    splits = told["Stock Splits"].to_numpy(dtype="float64")
    splits = np.where(splits > 0, splits, 1.0)
    product: np.ndarray = np.cumprod(np.append(splits, 1.0)[::-1])[::-1][1:]
    return product


def _actions(told: pd.DataFrame, later: np.ndarray) -> tuple[Action, ...]:
    """A dividend as it was paid, with the factor that Yahoo's own adjusted closes have. Capital gains are dividends."""
    paid: Any = told["Dividends"].to_numpy(dtype="float64")
    if "Capital Gains" in told:
        paid = paid + told["Capital Gains"].to_numpy(dtype="float64")
    splits = told["Stock Splits"].to_numpy(dtype="float64")
    closes = told["Close"].to_numpy(dtype="float64")
    ratios = told["Adj Close"].to_numpy(dtype="float64") / closes
    found = []
    for place, stamp in enumerate(told.index):
        factor = None
        if paid[place] > 0 and place:
            step = ratios[place - 1] / ratios[place]
            plain = 1 - paid[place] / closes[place - 1]
            factor = next((float(value) for value in (step, plain) if 0 < value < 1), None)
        found.append(Action(stamp.date(), splits[place] or 1.0, float(paid[place] * later[place]), factor))
    return merged(found)
