"""Frames in the shapes of yfinance, column by column, type by type: what code written for yfinance expects.

Everything here takes frames that are adjusted already: Open, High, Low, Close, Volume (floats), and Adj Close between
the last two where it is asked for; by naive days, or by times of New York.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, cast

import numpy as np

from tickstock.bars.actions import Actions
from tickstock.bars.adjust import first_from
from tickstock.bars.sessions import NEW_YORK

if TYPE_CHECKING:
    import pandas as pd

GroupBy = Literal["column", "ticker"]
# What yfinance gives for a ticker that failed.
_FAILED = ("Open", "High", "Low", "Close", "Adj Close", "Volume")


def flat(frame: pd.DataFrame) -> pd.DataFrame:
    """One ticker: whole shares (a missing volume is 0), and an index called Date, or Datetime for times.

    yfinance has days in seconds, and times in microseconds.
    """
    result = frame.copy()
    result["Volume"] = np.rint(frame["Volume"].fillna(0)).astype("int64")
    index = cast("pd.DatetimeIndex", frame.index)
    unit: Literal["s", "us"]
    unit, name = ("s", "Date") if index.tz is None else ("us", "Datetime")
    result.index = index.as_unit(unit).rename(name)
    return result


def with_adjusted_close(splits: pd.DataFrame, every: pd.DataFrame) -> pd.DataFrame:
    """What ``auto_adjust=False`` has: prices adjusted for splits, and Adj Close for dividends too."""
    result = splits.copy()
    result.insert(list(splits.columns).index("Volume"), "Adj Close", every["Close"])
    return result


def history(frame: pd.DataFrame, actions: Actions, *, fund: bool = False) -> pd.DataFrame:
    """What ``Ticker.history()`` gives: days are midnights of New York, and Dividends and Stock Splits are columns.

    Dividends are a share of today's; those of funds include the capital gains, whose own column (``fund``) is zero.
    """
    import pandas as pd

    result = flat(frame)
    paid, splits = np.zeros(len(frame)), np.zeros(len(frame))
    shares = 1.0
    for action in reversed(actions.actions):
        place = first_from(frame, action.day)
        if place < len(frame) and (place or action.day == frame.index[0].date()):
            paid[place] += action.dividend / shares
            splits[place] = action.split if action.split != 1 else splits[place]
        shares *= action.split
    result["Dividends"], result["Stock Splits"] = paid, splits
    if fund:
        result["Capital Gains"] = 0.0
    index = cast("pd.DatetimeIndex", result.index)
    if index.tz is None:
        result.index = pd.DatetimeIndex(index).tz_localize(str(NEW_YORK))
    return result


def download(frames: Mapping[str, pd.DataFrame | None], group_by: GroupBy = "column") -> pd.DataFrame:
    """What ``download()`` gives for several tickers, or for one: two levels of columns, and all days of all tickers.

    None is a ticker that failed: its columns are empty, with one for Adj Close, as yfinance has it. By column they are
    sorted; by ticker they are in the order given (yfinance's is none).
    """
    return together({ticker: None if frame is None else flat(frame) for ticker, frame in frames.items()}, group_by)


def together(frames: Mapping[str, pd.DataFrame | None], group_by: GroupBy = "column") -> pd.DataFrame:
    """As :func:`download`, of frames whose columns and index have their shape already."""
    import pandas as pd

    good = {ticker: frame for ticker, frame in frames.items() if frame is not None}
    index: pd.Index = pd.DatetimeIndex([]).as_unit("s")
    for place, frame in enumerate(good.values()):
        index = index.union(frame.index) if place else frame.index
    failed = pd.DataFrame(np.nan, index=index, columns=list(_FAILED))
    parts = [good[ticker].reindex(index) if ticker in good else failed for ticker in frames]
    result: pd.DataFrame = pd.concat(parts, axis=1, keys=list(frames), names=["Ticker", "Price"])
    if group_by == "column":
        result = result.swaplevel(0, 1, axis=1).sort_index(level=0, axis=1)
    return result


def download_one(frame: pd.DataFrame) -> pd.DataFrame:
    """What ``download(ticker, multi_level_index=False)`` gives: the flat frame with its columns sorted."""
    return flat(frame).sort_index(axis=1)
