"""Massive.com's flat files under the names that older guides print; the work is done by the modules it leads to.

Prices come from the archive, the bucket and Massive's REST API, never from Yahoo; where no key for the REST API is set,
Yahoo may still tell the splits and dividends that they are adjusted for.
"""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tickstock.bars import frames
from tickstock.bars.adjust import Basis
from tickstock.bars.archive import Archive
from tickstock.bars.check import check
from tickstock.bars.check_text import check_fault, check_lines
from tickstock.bars.credentials import credentials
from tickstock.bars.daily import daily_frames
from tickstock.bars.data_manager import load_day_file
from tickstock.bars.dataset import DAY
from tickstock.bars.flat_file import read_flat_file
from tickstock.bars.gather import Question
from tickstock.bars.provider import Listed, Provider
from tickstock.bars.sessions import NEW_YORK, months_of, new_york_now, period_start, sessions
from tickstock.bars.tickers import checked
from tickstock.errors import TickstockError

if TYPE_CHECKING:
    import pandas as pd

    from tickstock.market_settings import Market

_LOG = logging.getLogger("tickstock.bars")


class MassiveDataProvider:
    """Day files and daily bars. ``market`` and ``now`` are for programs with settings of their own.

    With ``use_local_cache`` a day's file is looked for in the archive first, and kept there once it is downloaded;
    without, it is downloaded, and not kept.
    """

    def __init__(
        self, use_local_cache: bool = True, *, market: Market | None = None, now: datetime | None = None
    ) -> None:
        self.use_local_cache = use_local_cache
        self.market = market or _market()
        self._now = now

    def list_available_files(self, start: date, end: date) -> dict[date, Listed]:
        """The day files that the bucket lists from ``start`` on and before ``end``, in order; listed is not entitled.

        Raises:
            UnavailableError: there are no keys, they are refused, or the bucket does not answer.
        """
        days = sessions(start, end)
        with _provider(self.market) as provider:
            listed = [provider.listing(DAY, *month) for month in months_of(days)]
        return {day: one for month in listed for day, one in month.items() if start <= day < end}

    def get_local_file_path(self, day: date) -> Path:
        """Where a day's file lies in the archive, or would lie."""
        return Archive(self.market.archive).path(DAY, day)

    def download_file(self, day: date) -> pd.DataFrame:
        """The bars of all tickers on one day, as :func:`tickstock.bars.data_manager.load_day_file` gives them.

        Raises:
            BadInputError: it is no trading day.
            NoBarsError: the day can not be had; without ``use_local_cache``: NotEntitled, NotPublished,
                UnavailableError, or FlatFileError.
        """
        if self.use_local_cache:
            return load_day_file(day, market=self.market, now=self._now)
        import pandas as pd
        import polars as pl

        with _provider(self.market) as provider:
            content, _ = provider.get(DAY, day)
        rows = read_flat_file(content, DAY, day).with_columns(pl.lit(day).alias("date"))
        names = ("ticker", "date", "open", "high", "low", "close", "volume", "transactions")
        return pd.DataFrame({name: rows[name].to_numpy() for name in names})

    def get_massive_daily_data(self, symbol: str, start: date, end: date, *, adjust: Basis = "all") -> pd.DataFrame:
        """As :func:`get_massive_daily_data`."""
        return get_massive_daily_data(symbol, start, end, adjust=adjust, market=self.market, now=self._now)


def get_massive_daily_data(  # noqa: PLR0913 - the rest has defaults
    symbol: str,
    start: date | None = None,
    end: date | None = None,
    period: str = "24mo",
    *,
    adjust: Basis = "all",
    market: Market | None = None,
    now: datetime | None = None,
) -> pd.DataFrame:
    """Daily bars from ``start`` on and before ``end``, or of a period that ends today (where there is no start).

    The frame is as :func:`tickstock.bars.data_manager.load_bars` gives it; sessions that Massive does not give are
    missing in it, and ``attrs["coverage"]`` tells which.

    Raises:
        BadInputError: the ticker or the period is unknown.
        NoBarsError: Massive has no bar; the message says why.
        UnknownActionsError: prices look as if split, and no source of splits answers.
    """
    now = now or new_york_now()
    today = now.astimezone(NEW_YORK).date()
    question = Question(
        (checked(symbol),),
        start or period_start(period, today),
        end or today + timedelta(days=1),
        "massive",
        now,
        fall_back=False,
    )
    (found,) = daily_frames(market or _market(), question, adjust).values()
    if isinstance(found, TickstockError):
        raise found
    result = frames.flat(found)
    result.attrs = found.attrs
    return result


def test_massive_connection(
    *, market: Market | None = None, now: datetime | None = None  # noqa: PT028 - no test of pytest's
) -> bool:
    """Whether day files can be listed and downloaded; what was found is logged. check_massive.py prints it."""
    try:
        with _provider(market or _market()) as provider:
            found = check(provider, (now or new_york_now()).astimezone(NEW_YORK).date())
    except TickstockError as error:
        _LOG.error("%s", error)
        return False
    for line in check_lines(found):
        _LOG.info("%s", line)
    fault = check_fault(found)
    if fault:
        _LOG.error("%s", fault)
    return fault is None


test_massive_connection.__test__ = False  # type: ignore[attr-defined] # no test of pytest's, whoever imports it


def _provider(market: Market) -> Provider:
    return Provider(market.massive, credentials(market.massive))


def _market() -> Market:
    from tickstock.settings import read_settings

    return read_settings().market
